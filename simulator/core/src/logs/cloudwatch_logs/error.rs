//! What CloudWatch Logs refuses. Texts are those that users of the service report, unless the variant says otherwise.

use super::BATCH_BYTES;
use super::EVENT_BYTES;
use crate::logs::filter_pattern::FilterPatternError;
use crate::logs::insights::QueryError;
use crate::value::constraint::fault;
use crate::value::constraint::message_of_one;

/// A call that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogsError {
    /// A batch has more bytes than the service accepts.
    #[error("Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES}")]
    BatchTooLarge {
        /// Of the messages and of what is counted beside them.
        bytes: usize,
    },
    /// A parameter that the model does not allow.
    #[error("{}", message_of_one(&fault(Some(value), member, constraint)))]
    Constraint {
        /// The parameter's name.
        member: &'static str,
        /// What was given.
        value: String,
        /// What is allowed, in the service's words.
        constraint: String,
    },
    /// A message has more bytes than the service accepts.
    #[error("Log event too large: {bytes} bytes exceeds limit of {EVENT_BYTES}")]
    EventTooLarge {
        /// Of the message.
        bytes: usize,
    },
    /// A group of that name is there already.
    #[error("The specified log group already exists")]
    GroupExists,
    /// A filter pattern that cannot be read.
    #[error("{0}")]
    InvalidPattern(#[from] FilterPatternError),
    /// A token that no earlier answer gave.
    #[error("The specified nextToken is invalid.")]
    InvalidToken,
    /// A query that cannot be read.
    #[error("{0}")]
    MalformedQuery(#[from] QueryError),
    /// There is no group of that name.
    #[error("The specified log group does not exist.")]
    NoSuchGroup,
    /// There is no query of that id. The text is ours.
    #[error("Query {id} does not exist.")]
    NoSuchQuery {
        /// As it was given.
        id: String,
    },
    /// There is no saved query of that id. The text is ours.
    #[error("The specified query definition does not exist.")]
    NoSuchQueryDefinition,
    /// There is no event that a `@ptr` names. The text is ours.
    #[error("The specified log record does not exist.")]
    NoSuchRecord,
    /// There is no stream of that name.
    #[error("The specified log stream does not exist.")]
    NoSuchStream,
    /// The events of a batch are not ordered by time.
    #[error("Log events in a single PutLogEvents request must be in chronological order.")]
    NotInOrder,
    /// Streams are asked for by prefix and by their last event's time at once.
    #[error("Cannot order by LastEventTime with a logStreamNamePrefix.")]
    OrderWithPrefix,
    /// Groups are asked for by prefix and by pattern at once.
    #[error("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")]
    PrefixWithPattern,
    /// Two parameters were given of which only one may be. The text is ours.
    #[error("{one} and {other} cannot be specified together.")]
    Conflict {
        /// The one.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// None or several were given of parameters of which exactly one must be. The text is ours.
    #[error("Exactly one of {0} must be specified.")]
    ExactlyOne(&'static str),
    /// A stop of a query that has ended. The text is ours.
    #[error("Query {id} is not currently running.")]
    QueryEnded {
        /// Its id.
        id: String,
    },
    /// The events of a batch are too far apart.
    #[error("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")]
    SpanTooLong,
    /// A stream of that name is there already.
    #[error("The specified log stream already exists")]
    StreamExists,
    /// More groups, streams or saved queries than there may be.
    #[error("Resource limit exceeded.")]
    TooMany,
    /// More tags than a group may have. The text is ours.
    #[error("The log group can have at most 50 tags.")]
    TooManyTags,
    /// A feature of the service that is not there. The text is ours.
    #[error("eks-auth-sim does not serve {what}")]
    Unserved {
        /// Such as `queryLanguage SQL`.
        what: String,
    },
}
