//! The query language of CloudWatch Logs Insights.
//!
//! A [`Query`] is read once, with the errors that the service gives, and then run over [`Record`]s; it keeps no state. The
//! language is that of the User Guide's section "CloudWatch Logs Insights language query syntax". The commands are in
//! `command`, expressions in `expression`, how values compare in `value`. Which records a query sees (log groups and times)
//! is for the caller to say.
//!
//! FIDELITY: names of system fields are taken in any case where the query defines no such name, since a query of AWS's own
//! has `@logstream`; whether the service does so is not known. Regular expressions are those of the `regex` crate: no
//! look-around, no back-references. Not served: `pattern`, `anomaly`, `diff`, `unmask`,
//! `SOURCE` and the newer commands, lists and maps.

mod aggregate;
mod command;
mod discover;
mod error;
mod expression;
mod function;
mod lexer;
mod parser;
mod period;
mod run;
mod value;

use std::borrow::Cow;

pub use error::QueryError;
pub use error::QueryProblem;

use crate::value::instant::Timestamp;

/// The longest query, in characters: `queryString` of botocore's model of StartQuery.
pub const MAX_QUERY_CHARS: usize = 10_000;

/// A log event as a query sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// `@timestamp`, in milliseconds of Unix time.
    pub timestamp_ms: i64,
    /// `@ingestionTime`, likewise.
    pub ingestion_ms: i64,
    /// `@message`.
    pub message: &'a str,
    /// `@logStream`, a name.
    pub log_stream: &'a str,
    /// `@log`, an account and the name of a log group, such as `111122223333:/aws/eks/my-cluster/cluster`.
    pub log: &'a str,
    /// `@ptr`, by which GetLogRecord finds the event.
    pub ptr: Cow<'a, str>,
}

/// A query that can be run.
#[derive(Clone, Debug)]
pub struct Query(command::Program);

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`] when it is malformed, too long or nested too deeply, or has a command that is not served.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let length = text.chars().count();
        if length > MAX_QUERY_CHARS {
            return Err(QueryError {
                problem: QueryProblem::TooLong,
                start: MAX_QUERY_CHARS,
                end: length,
            });
        }
        parser::parse(text).map(Self)
    }

    /// Runs the query over records, in any order. `limit` is that of StartQuery: at most so many rows, whatever the query
    /// says; without it and without a limit in the query there are at most 10,000. `now` is what `now()` gives.
    pub fn run<'a>(
        &self,
        records: impl IntoIterator<Item = Record<'a>>,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Results {
        // The records may live longer than the query; inside, values of both have one lifetime.
        self.0.run(records.into_iter().map(shortened), limit, now)
    }
}

fn shortened<'short, 'long: 'short>(record: Record<'long>) -> Record<'short> {
    record
}

/// What a query has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Rows of names and values, without what is missing. Each row of log events ends with `@ptr`.
    pub rows: Vec<Vec<(String, String)>>,
    /// How much there was.
    pub statistics: Statistics,
    /// Whether the query was ended because it took too long or too much; then there are no rows.
    pub is_timed_out: bool,
}

/// The statistics of GetQueryResults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many records passed the filters before any limit, dedup or stats.
    pub records_matched: u64,
    /// How many records there were.
    pub records_scanned: u64,
    /// The bytes of their messages.
    pub bytes_scanned: u64,
}

#[cfg(test)]
mod tests;
