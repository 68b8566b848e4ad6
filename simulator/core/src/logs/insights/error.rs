//! What can be wrong with a query.
//!
//! The texts that the service is known to give are from threads of its users (boto3 issue 3450, Grafana issue 24975 and
//! others); its parser is made with ANTLR, whose texts are used where none is known.
//!
//! FIDELITY: the offsets of an error are those of the text it is about; what the service counts is not published. Texts for
//! what is not served are our own.

use super::MAX_QUERY_CHARS;

/// A query that cannot be run: the content of a MalformedQueryException.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    /// What is wrong; its text is the message of the exception.
    pub problem: QueryProblem,
    /// Where it starts, in characters from the start of the query.
    pub start: usize,
    /// Where it ends, in characters; the one after the last.
    pub end: usize,
}

/// The kind of mistake in a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryProblem {
    /// More text than the API accepts.
    #[error("the query is longer than {max} characters", max = MAX_QUERY_CHARS)]
    TooLong,
    /// Something else where one of a few words must stand.
    #[error("mismatched input '{got}' expecting {expecting}")]
    Mismatched {
        /// The word of the query.
        got: String,
        /// What could stand there, named as ANTLR does.
        expecting: &'static str,
    },
    /// Something that does not fit.
    #[error("unexpected symbol found {symbol} at line {line} and position {column}")]
    UnexpectedSymbol {
        /// The word of the query.
        symbol: String,
        /// Its line, from 1.
        line: usize,
        /// Its place in the line, from 0.
        column: usize,
    },
    /// Characters that start no word, such as a quote without its end.
    #[error("token recognition error at: '{0}'")]
    Unrecognized(String),
    /// A second definition of a name.
    #[error("Ephemeral field is already defined: {name} ([{start},{end}])")]
    AlreadyDefined {
        /// The name.
        name: String,
        /// Where the second definition starts.
        start: usize,
        /// Where it ends.
        end: usize,
    },
    /// A name that stats neither aggregates nor groups by.
    #[error("Unknown symbols found in or after stats: {0}")]
    UnknownAfterStats(String),
    /// A function that does not exist here.
    #[error("unknown function {0}")]
    UnknownFunction(String),
    /// A function with too many or too few arguments.
    #[error("wrong number of arguments for function {0}")]
    WrongArguments(String),
    /// A period that is no number of units, such as `5x`.
    #[error("invalid time period: {0}")]
    InvalidPeriod(String),
    /// A regular expression that the engine refuses.
    #[error("invalid regular expression: {0}")]
    InvalidRegex(String),
    /// Not as many names as `*` or groups.
    #[error(
        "the number of fields ({names}) does not match the number of wildcards or groups ({wanted}) in the parse pattern"
    )]
    ParseMismatch {
        /// How many names there are.
        names: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// Parentheses, functions or signs inside each other, too many times.
    #[error("the query is nested too deeply")]
    TooDeep,
    /// Something that the real service has and this one has not.
    #[error("{0} is not served by this simulator")]
    NotServed(String),
}
