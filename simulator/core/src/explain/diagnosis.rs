//! What a pasted text says of a failure, and how sure that is.

use super::Cause;

/// How sure a diagnosis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The text itself, or what it shows of a cluster, leaves this cause only.
    Named(Cause),
    /// The text fits several causes, and this is the likeliest.
    Likeliest {
        /// The one to look at first.
        cause: Cause,
        /// Each that the text leaves, `cause` among them.
        of: Vec<Cause>,
    },
    /// It is about access to a cluster or to AWS, or may be; what it lacks is said in [`Diagnosis::look_at`].
    NotKnown,
    /// It is about something else, such as a container's command or the pull of an image.
    NotAccess,
}

impl Certainty {
    /// The cause, where one is named at all.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Self::Named(cause) | Self::Likeliest { cause, .. } => Some(*cause),
            Self::NotKnown | Self::NotAccess => None,
        }
    }
}

/// A fact and the line that it stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// From 1, in the text that was given; nothing where it follows from more than one line.
    pub line: Option<usize>,
    /// The line itself, or what follows from it. May hold what steers a terminal: whoever prints it escapes it.
    pub text: String,
}

/// What a text says of one failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The cause, and how sure it is.
    pub certainty: Certainty,
    /// What happened, in one sentence.
    pub sentence: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What to do, with names as far as the text has them; empty where nothing is known to help.
    pub fix: String,
    /// Commands or artifacts that would settle what is open; empty for [`Certainty::Named`].
    pub look_at: Vec<String>,
}
