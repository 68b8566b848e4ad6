//! The queries that were run, and those that are saved.
//!
//! FIDELITY: a query is complete as soon as it is started, so that none can be stopped. Results of the newest 100 queries
//! are kept, of at most 64 MiB together; the service keeps them for seven days.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::Vector;
use serde::Deserialize;
use serde::Serialize;

use super::GroupKey;
use super::LogStore;
use super::error::LogsError;
use super::read::Range;
use super::read::pointer;
use crate::logs::insights::Query;
use crate::logs::insights::Record;
use crate::logs::insights::Results;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;

/// How many queries are kept.
const QUERIES: usize = 100;
/// How many bytes their results may have together.
const RESULT_BYTES: usize = 64 * 1024 * 1024;
/// How many queries an account may save in a region, as the service's quota.
const DEFINITIONS: usize = 1000;

/// A query that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinishedQuery {
    /// A UUID.
    pub id: String,
    /// Who ran it, by account.
    pub account: AccountId,
    /// Where.
    pub region: String,
    /// Its text.
    pub text: String,
    /// The names of the groups.
    pub groups: Vec<String>,
    /// The caller's ARN.
    pub caller: String,
    /// When, in milliseconds of Unix time.
    pub created_ms: i64,
    /// What it found.
    pub results: Results,
}

impl FinishedQuery {
    /// The state of every query, but for those that were ended.
    pub const COMPLETE: &'static str = "Complete";
    /// The state of a query that was ended because it took too long.
    pub const TIMEOUT: &'static str = "Timeout";

    /// Its state.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.results.is_timed_out {
            Self::TIMEOUT
        } else {
            Self::COMPLETE
        }
    }

    fn bytes(&self) -> usize {
        let cells = self.results.rows.iter().flatten();
        cells.map(|(field, value)| field.len() + value.len()).sum()
    }
}

/// A query that is saved.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct QueryDefinition {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The groups that it is for.
    pub groups: Vec<String>,
    /// When it was last saved, in milliseconds of Unix time.
    pub modified_ms: i64,
}

impl LogStore {
    /// Runs a query over the events that groups have in a range.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`].
    pub fn run_query(
        &self,
        query: &Query,
        keys: &[GroupKey],
        range: Range,
        limit: Option<usize>,
        now: Timestamp,
    ) -> Result<Results, LogsError> {
        let mut groups = Vec::new();
        for key in keys {
            groups.push((key, format!("{}:{}", key.account, key.name), self.group(key)?));
        }
        let records = groups.iter().flat_map(|(key, log, group)| {
            group.streams().flat_map(move |(stream, events)| {
                // Newest first, as rows are where nothing else is asked for: of equal times, the last one then comes first.
                events.range(range).rev().map(move |event| Record {
                    timestamp_ms: event.position.timestamp_ms,
                    ingestion_ms: event.ingestion_ms,
                    message: &event.message,
                    log_stream: stream,
                    log,
                    ptr: pointer(key, stream, event.position).into(),
                })
            })
        });
        Ok(query.run(records, limit, now))
    }
}

/// Queries of every account and region.
#[derive(Clone, Debug, Default)]
pub struct Queries {
    /// Oldest first, each with the bytes of its results.
    finished: Vector<(Arc<FinishedQuery>, usize)>,
    pub(super) definitions: OrdMap<(AccountId, String, String), Arc<QueryDefinition>>,
}

impl Queries {
    /// Keeps a query; the oldest ones go where there are too many.
    pub fn keep(&mut self, query: FinishedQuery) {
        let bytes = query.bytes();
        self.finished.push_back((Arc::new(query), bytes));
        let mut total: usize = self.finished.iter().map(|(_, bytes)| bytes).sum();
        while self.finished.len() > QUERIES || (total > RESULT_BYTES && self.finished.len() > 1) {
            total -= self.finished.pop_front().map_or(0, |(_, bytes)| bytes);
        }
    }

    /// The query of that id.
    ///
    /// # Errors
    /// [`LogsError::NoSuchQuery`].
    pub fn find<'a>(
        &'a self,
        account: &'a AccountId,
        region: &'a str,
        id: &str,
    ) -> Result<&'a Arc<FinishedQuery>, LogsError> {
        self.of(account, region)
            .find(|query| query.id == id)
            .ok_or_else(|| LogsError::NoSuchQuery { id: id.to_owned() })
    }

    /// The queries of an account in a region, newest first.
    pub fn of<'a>(&'a self, account: &'a AccountId, region: &'a str) -> impl Iterator<Item = &'a Arc<FinishedQuery>> {
        self.finished
            .iter()
            .rev()
            .map(|(query, _)| query)
            .filter(move |query| query.account == *account && query.region == region)
    }

    /// Saves a query, in place of the one there is of that id.
    ///
    /// # Errors
    /// [`LogsError::TooMany`] when the account has too many.
    pub fn define(
        &mut self,
        account: &AccountId,
        region: &str,
        id: &str,
        definition: QueryDefinition,
    ) -> Result<(), LogsError> {
        let key = (account.clone(), region.to_owned(), id.to_owned());
        if !self.definitions.contains_key(&key) && self.definitions(account, region).count() >= DEFINITIONS {
            return Err(LogsError::TooMany);
        }
        self.definitions.insert(key, Arc::new(definition));
        Ok(())
    }

    /// The saved queries of an account in a region, with their ids.
    pub fn definitions<'a>(
        &'a self,
        account: &'a AccountId,
        region: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a QueryDefinition)> {
        self.definitions
            .iter()
            .filter(move |((of, at, _), _)| of == account && at == region)
            .map(|((_, _, id), definition)| (id.as_str(), &**definition))
    }

    /// Forgets a saved query.
    ///
    /// # Errors
    /// [`LogsError::NoSuchQueryDefinition`].
    pub fn forget(&mut self, account: &AccountId, region: &str, id: &str) -> Result<(), LogsError> {
        let key = (account.clone(), region.to_owned(), id.to_owned());
        let removed = self.definitions.remove(&key);
        removed.map(|_| ()).ok_or(LogsError::NoSuchQueryDefinition)
    }
}
