//! A World as one document, to be put back later: the store's records with what they are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::changes;
use super::load;
use crate::value::record::RecordError;
use crate::world::World;

/// What the document is.
const KIND: &str = "eks-auth-sim-snapshot";
/// What the records are, so that a later release can tell.
const FORMAT: u32 = 1;
/// The record that every World has.
const WORLD: &str = super::WORLD;

/// A World, and what it was staged from.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The text of the scenario, whose profiles the World's keys are of.
    pub scenario: String,
    /// The World.
    pub world: World,
}

/// Why a document is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is no JSON, or has not the members of a snapshot.
    #[error("this is no snapshot: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is another document.
    #[error("this is no snapshot: its kind is `{0}`, not `{KIND}`")]
    OtherKind(String),
    /// Another release made it.
    #[error("the snapshot has format {0}, and this release reads format {FORMAT}")]
    OtherFormat(u64),
    /// It lacks what every World has.
    #[error("the snapshot has no record `{WORLD}`")]
    NoWorld,
    /// A record cannot be read.
    #[error("the snapshot is damaged: {0}")]
    Record(#[from] RecordError),
    /// A cluster has another name than its record, or one that no file can have.
    #[error("the snapshot is damaged: {0:?} is no cluster's name, or not that of its record")]
    ClusterName(String),
}

/// What tells whether the rest can be read.
#[derive(Deserialize)]
struct Head {
    kind: String,
    format: u64,
}

#[derive(Deserialize, Serialize)]
struct Document<'a> {
    kind: Cow<'a, str>,
    format: u32,
    scenario: Cow<'a, str>,
    records: BTreeMap<String, Value>,
}

impl Snapshot {
    /// The document: JSON, of the same World the same.
    ///
    /// # Errors
    /// [`SnapshotError::Record`] for what JSON cannot say, which nothing in a World is.
    pub fn render(&self) -> Result<String, SnapshotError> {
        let mut records = BTreeMap::new();
        for change in changes(None, &self.world)? {
            if let Some(value) = change.value {
                records.insert(change.key, serde_json::from_slice(&value)?);
            }
        }
        let mut text = serde_json::to_string(&Document {
            kind: Cow::Borrowed(KIND),
            format: FORMAT,
            scenario: Cow::Borrowed(&self.scenario),
            records,
        })?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn parse(document: &[u8]) -> Result<Self, SnapshotError> {
        let head: Head = serde_json::from_slice(document)?;
        if head.kind != KIND {
            return Err(SnapshotError::OtherKind(head.kind));
        }
        if head.format != u64::from(FORMAT) {
            return Err(SnapshotError::OtherFormat(head.format));
        }
        let document: Document<'_> = serde_json::from_slice(document)?;
        if !document.records.contains_key(WORLD) {
            return Err(SnapshotError::NoWorld);
        }
        let records = document
            .records
            .into_iter()
            .map(|(key, value)| (key, value.to_string().into_bytes()));
        let world = load(records)?;
        // Files are named after clusters.
        let wrong = world
            .clusters
            .iter()
            .find(|(name, cluster)| **name != cluster.name || !is_file_name(name));
        if let Some((name, _)) = wrong {
            return Err(SnapshotError::ClusterName(name.clone()));
        }
        Ok(Self {
            scenario: document.scenario.into_owned(),
            world,
        })
    }
}

/// Whether a file can be called so, and is in its folder then.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '/' || c.is_control())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scenario;
    use crate::value::instant::Timestamp;

    fn document() -> String {
        let world = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH)
            .unwrap()
            .world;
        let scenario = "the text".to_owned();
        Snapshot { scenario, world }.render().unwrap()
    }

    #[test]
    fn a_world_comes_back_from_its_document() {
        let written = document();
        let read = Snapshot::parse(written.as_bytes()).unwrap();
        assert_eq!(read.scenario, "the text");
        assert_eq!(read.render().unwrap(), written);
    }

    #[test]
    fn what_is_no_snapshot_is_refused_in_one_line() {
        let document = document();
        for (text, wanted) in [
            (String::new(), "this is no snapshot: EOF"),
            ("{}".to_owned(), "this is no snapshot: missing field `kind`"),
            (r#"{"kind": "List", "format": 1}"#.to_owned(), "its kind is `List`"),
            (
                document.replacen("\"format\":1", "\"format\":2", 1),
                "the snapshot has format 2, and this release reads format 1",
            ),
            (
                r#"{"kind": "eks-auth-sim-snapshot", "format": 1, "scenario": "", "records": {}}"#.to_owned(),
                "the snapshot has no record `world`",
            ),
            (
                document.replacen("\"cluster/my%2Dcluster\":", "\"cluster/your%2Dcluster\":", 1),
                "its cluster is not there",
            ),
            (
                document
                    .replace("cluster/my%2Dcluster", "cluster/%2E%2E%2Fx")
                    .replace("\"name\":\"my-cluster\"", "\"name\":\"../x\""),
                "\"../x\" is no cluster's name",
            ),
            (document.replacen("\"clock\"", "\"cloc\"", 1), "record `world`: "),
            (
                document.chars().take(document.len() / 2).collect(),
                "this is no snapshot: EOF",
            ),
        ] {
            let error = Snapshot::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(wanted) && error.lines().count() == 1, "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let _ = Snapshot::parse(&bytes);
            let mut document = document().into_bytes();
            let at = at.index(document.len());
            document[at] = byte;
            let _ = Snapshot::parse(&document);
        }
    }
}
