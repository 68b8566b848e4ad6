//! One door: whatever was pasted, answered from all of it together.
//!
//! `import/recognise.rs` tells the parts apart, `sources.rs` asks those who know the words of clients and logs, `lint.rs` reads
//! the configuration, and `rank.rs` weighs what they say. What files prove comes before a line of the authenticator's log,
//! that before what a client says, that before a bare 401 or 403, and that before what lint finds. But where a client failed
//! before any server, no server decided, and files have no say, unless a line of the log shows a denial.

mod korean;
mod lint;
mod rank;
mod sources;
#[cfg(test)]
mod tests;

pub use self::korean::Korean;
pub use self::korean::korean;
use super::import;
use super::import::Artifact;
use super::import::ArtifactKind;
use super::import::Finding;
use crate::explain::Certainty;
use crate::explain::Diagnosis;

/// What a judgement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Files that show the mapping, in which the denial was staged again.
    Files,
    /// What is wrong with configuration, whatever was seen.
    Lint,
    /// A line of a log.
    Log,
    /// What a client printed.
    Text,
}

impl Basis {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Lint => "lint",
            Self::Log => "log",
            Self::Text => "text",
        }
    }
}

/// A fact, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The text it is from; empty where it follows from several.
    pub file: String,
    /// From 1; nothing where it follows from more than one line.
    pub line: Option<usize>,
    /// The line, or what follows. May hold what steers a terminal: whoever prints it escapes it.
    pub text: String,
}

/// One failure, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The cause, and how sure it is.
    pub certainty: Certainty,
    /// What it rests on.
    pub basis: Basis,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What shows it.
    pub evidence: Vec<Fact>,
    /// What to do; empty where nothing is known to help.
    pub fix: String,
    /// Which commands or artifacts would settle what is open.
    pub look_at: Vec<String>,
}

impl Judgement {
    /// A diagnosis of the text that is called `file`.
    fn of(file: &str, basis: Basis, diagnosis: Diagnosis) -> Self {
        let evidence = diagnosis.evidence.into_iter().map(|evidence| Fact {
            file: file.to_owned(),
            line: evidence.line,
            text: evidence.text,
        });
        Self {
            certainty: diagnosis.certainty,
            basis,
            sentence: diagnosis.sentence,
            evidence: evidence.collect(),
            fix: diagnosis.fix,
            look_at: diagnosis.look_at,
        }
    }
}

/// A part that was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadPart {
    /// The stable name of its kind, such as `aws-auth`.
    pub kind: String,
    /// The text that it is in.
    pub file: String,
    /// Its first line, from 1.
    pub first_line: usize,
    /// Its last line.
    pub last_line: usize,
}

/// The answer to everything that was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What is to blame, as far as that is known.
    pub main: Judgement,
    /// What else the texts show.
    pub others: Vec<Judgement>,
    /// The parts that were recognised.
    pub read: Vec<ReadPart>,
    /// What is contradictory, cannot be read, or is wrong with the configuration.
    pub findings: Vec<Finding>,
}

/// Answers from texts of any kind, or several in one, as they were pasted. What nobody knows in them is passed over.
#[must_use]
pub fn answer(texts: &[Artifact]) -> Answer {
    rank::answer(&import::recognise(texts))
}

/// The names of kinds in JSON.
const KINDS: [(ArtifactKind, &str); 8] = [
    (ArtifactKind::AccessEntries, "access-entries"),
    (ArtifactKind::AwsAuth, "aws-auth"),
    (ArtifactKind::CallerIdentity, "caller-identity"),
    (ArtifactKind::ClientError, "client-error"),
    (ArtifactKind::Cluster, "cluster"),
    (ArtifactKind::Kubeconfig, "kubeconfig"),
    (ArtifactKind::Log, "authenticator-log"),
    (ArtifactKind::NodeRole, "node-role"),
];

/// The stable name of a kind of artifact.
fn kind_name(kind: ArtifactKind) -> String {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    found.map_or_else(|| kind.to_string().replace(' ', "-"), |(_, name)| (*name).to_owned())
}
