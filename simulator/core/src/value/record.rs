//! Records, as a store of bytes keeps them: a key of words, and what it says.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;

/// A record that a change touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key: words parted by `/`, escaped.
    pub key: String,
    /// What it says now, in JSON; nothing where it is gone.
    pub value: Option<Vec<u8>>,
}

/// A record that cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record `{key}`: {problem}")]
pub struct RecordError {
    /// The record's key.
    pub key: String,
    /// What is wrong with it.
    #[source]
    pub problem: RecordProblem,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordProblem {
    /// It belongs to a cluster that no record is of.
    #[error("its cluster is not there")]
    Cluster,
    /// Another release wrote it.
    #[error("it has format {found}, and this release reads format {wanted}")]
    Format {
        /// The format that it has.
        found: u32,
        /// The one that is read.
        wanted: u32,
    },
    /// It belongs to a log group that no record is of, in the words of the service.
    #[error("{0}")]
    Group(String),
    /// It is no JSON of its kind, in the words of the reader.
    #[error("{0}")]
    Json(String),
    /// A word of its key is no account id, or no number.
    #[error("{0}")]
    Key(String),
    /// There are no such records.
    #[error("no such kind of record")]
    Kind,
    /// It cannot be unpacked.
    #[error("it is no chunk")]
    Packing,
    /// It belongs to a log stream that no record is of.
    #[error("its stream is not there")]
    Stream,
}

impl From<serde_json::Error> for RecordProblem {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

/// A record's key of words.
pub(crate) fn join(path: &[&str]) -> String {
    let words: Vec<String> = path
        .iter()
        .map(|word| utf8_percent_encode(word, NON_ALPHANUMERIC).to_string())
        .collect();
    words.join("/")
}

/// The words of a record's key.
pub(crate) fn split(key: &str) -> Vec<String> {
    key.split('/')
        .map(|word| percent_decode_str(word).decode_utf8_lossy().into_owned())
        .collect()
}
