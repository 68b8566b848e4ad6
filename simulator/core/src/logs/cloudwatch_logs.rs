//! CloudWatch Logs: groups, their streams, and the events in them, as one value that is cheap to clone.
//!
//! Here are the store and what changes it; [`read`] finds events, [`query`] keeps what queries found, and [`store`] makes records of
//! them. Facts are those of
//! the service's model and of its API reference.
//!
//! FIDELITY: a stream keeps its newest 100,000 events and at most 64 MiB of messages; older events are gone, whatever the
//! retention. A retention period is kept and shown, and decides which new events have expired, but removes nothing.

pub mod error;
pub mod query;
pub mod read;
pub mod store;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::Vector;

use self::error::LogsError;
use self::query::Queries;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::instant::Timestamp;

/// How many events a stream keeps.
pub const STREAM_EVENTS: usize = 100_000;
/// How many bytes of messages a stream keeps.
pub const STREAM_BYTES: u64 = 64 * 1024 * 1024;
/// What the service counts for an event beside its message.
pub const EVENT_OVERHEAD: usize = 26;
/// How many bytes a batch may have, [`EVENT_OVERHEAD`] included.
pub const BATCH_BYTES: usize = 1_048_576;
/// How many events a batch may have.
pub const BATCH_EVENTS: usize = 10_000;
/// How many bytes a message may have: 256 KiB until April 2025, 1 MiB since then.
pub const EVENT_BYTES: usize = 1_048_576;
/// How many groups an account may have in a region. FIDELITY: the service's quota is a million.
pub const GROUPS: usize = 10_000;
/// How many streams a group may have. FIDELITY: the service has no such quota.
pub const STREAMS: usize = 10_000;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The periods that PutRetentionPolicy accepts, in days.
const RETENTION_DAYS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// What names a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupKey {
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub region: String,
    /// Its name, such as `/aws/eks/my-cluster/cluster`.
    pub name: String,
}

impl GroupKey {
    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, without the `:*` that some answers add.
    #[must_use]
    pub fn arn(&self) -> String {
        let partition = Partition::of_region(&self.region);
        format!(
            "arn:{partition}:logs:{}:{}:log-group:{}",
            self.region, self.account, self.name
        )
    }
}

/// Where an event stands among all others: by time, then in the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The event's time, in milliseconds of Unix time.
    pub timestamp_ms: i64,
    /// Rises by one with each event that the store takes, from 1.
    pub sequence: u64,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// Its place, which also is its identity.
    pub position: Position,
    /// When it came, in milliseconds of Unix time.
    pub ingestion_ms: i64,
    /// What it says.
    pub message: Arc<str>,
}

impl LogEvent {
    /// What the limits count for it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.message.len() + EVENT_OVERHEAD
    }
}

/// A stream of events.
#[derive(Clone, Debug)]
pub struct LogStream {
    /// When it was made, in milliseconds of Unix time.
    pub created_ms: i64,
    /// Which of the streams that ever were it is.
    number: u64,
    // By position.
    events: Vector<LogEvent>,
    message_bytes: u64,
    /// How many events ever came.
    pushed: u64,
    last_sequence: u64,
    last_ingestion_ms: Option<i64>,
}

impl LogStream {
    fn new(created_ms: i64, number: u64) -> Self {
        Self {
            created_ms,
            number,
            events: Vector::new(),
            message_bytes: 0,
            pushed: 0,
            last_sequence: 0,
            last_ingestion_ms: None,
        }
    }

    /// Its events by position.
    #[must_use]
    pub fn events(&self) -> &Vector<LogEvent> {
        &self.events
    }

    /// The sequence number of the event that came last; 0 where none ever came.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// When its last event came.
    #[must_use]
    pub fn last_ingestion_ms(&self) -> Option<i64> {
        self.last_ingestion_ms
    }

    /// The time of its newest event.
    #[must_use]
    pub fn last_event_ms(&self) -> Option<i64> {
        self.events.last().map(|event| event.position.timestamp_ms)
    }

    /// The time of its oldest event.
    #[must_use]
    pub fn first_event_ms(&self) -> Option<i64> {
        self.events.front().map(|event| event.position.timestamp_ms)
    }

    /// Adds an event, which most often is the newest, and lets the oldest ones go where there are too many.
    fn push(&mut self, event: LogEvent) {
        self.message_bytes += event.message.len() as u64;
        self.pushed += 1;
        self.last_sequence = event.position.sequence;
        self.last_ingestion_ms = Some(event.ingestion_ms);
        let is_newest = self.events.last().is_none_or(|last| last.position < event.position);
        if is_newest {
            self.events.push_back(event);
        } else {
            let at = self
                .events
                .binary_search_by(|known| known.position.cmp(&event.position))
                .unwrap_or_else(|at| at);
            self.events.insert(at, event);
        }
        while self.events.len() > STREAM_EVENTS || self.message_bytes > STREAM_BYTES {
            match self.events.pop_front() {
                Some(oldest) => self.message_bytes -= oldest.message.len() as u64,
                None => break,
            }
        }
    }
}

/// A group of streams.
#[derive(Clone, Debug)]
pub struct LogGroup {
    /// When it was made, in milliseconds of Unix time.
    pub created_ms: i64,
    /// `STANDARD`, or another class of the model.
    pub class: String,
    /// After how many days events expire; never where absent.
    pub retention_days: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    streams: OrdMap<String, Arc<LogStream>>,
}

impl LogGroup {
    fn new(created_ms: i64) -> Self {
        Self {
            created_ms,
            class: "STANDARD".to_owned(),
            retention_days: None,
            tags: BTreeMap::new(),
            streams: OrdMap::new(),
        }
    }

    /// Its streams by name.
    pub fn streams(&self) -> impl Iterator<Item = (&str, &LogStream)> {
        self.streams.iter().map(|(name, stream)| (name.as_str(), &**stream))
    }

    /// The stream of that name.
    ///
    /// # Errors
    /// [`LogsError::NoSuchStream`].
    pub fn stream(&self, name: &str) -> Result<&LogStream, LogsError> {
        self.streams
            .get(name)
            .map(|stream| &**stream)
            .ok_or(LogsError::NoSuchStream)
    }

    /// How much is stored in it.
    #[must_use]
    pub fn stored_bytes(&self) -> u64 {
        let of = |stream: &LogStream| stream.message_bytes + (stream.events.len() * EVENT_OVERHEAD) as u64;
        self.streams.values().map(|stream| of(stream)).sum()
    }
}

/// What PutLogEvents is given of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// In milliseconds of Unix time.
    pub timestamp_ms: i64,
    /// What it says.
    pub message: Arc<str>,
}

/// Which events of a batch were not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// The first that is more than two hours ahead.
    pub too_new_start: Option<usize>,
    /// The one behind the last that is older than 14 days.
    pub too_old_end: Option<usize>,
    /// The one behind the last that the group's retention would have removed already.
    pub expired_end: Option<usize>,
}

/// Every group of every account and region, and the queries that were run over them.
#[derive(Clone, Debug, Default)]
pub struct LogStore {
    groups: OrdMap<GroupKey, Arc<LogGroup>>,
    last_sequence: u64,
    last_stream: u64,
    /// What was asked of them.
    pub queries: Queries,
}

impl LogStore {
    /// The groups of an account in a region, by name.
    pub fn groups(&self, account: &AccountId, region: &str) -> impl Iterator<Item = (&GroupKey, &LogGroup)> {
        let start = GroupKey {
            account: account.clone(),
            region: region.to_owned(),
            name: String::new(),
        };
        let (account, region) = (account.clone(), region.to_owned());
        self.groups
            .range(start..)
            .take_while(move |(key, _)| key.account == account && key.region == region)
            .map(|(key, group)| (key, &**group))
    }

    /// The group of that name.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`].
    pub fn group(&self, key: &GroupKey) -> Result<&LogGroup, LogsError> {
        self.groups.get(key).map(|group| &**group).ok_or(LogsError::NoSuchGroup)
    }

    /// The group of that name, to be changed.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`].
    pub fn group_mut(&mut self, key: &GroupKey) -> Result<&mut LogGroup, LogsError> {
        self.groups
            .get_mut(key)
            .map(Arc::make_mut)
            .ok_or(LogsError::NoSuchGroup)
    }

    /// CreateLogGroup.
    ///
    /// # Errors
    /// [`LogsError::GroupExists`], [`LogsError::TooMany`].
    pub fn create_group(
        &mut self,
        key: GroupKey,
        class: Option<String>,
        tags: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), LogsError> {
        if self.groups.contains_key(&key) {
            return Err(LogsError::GroupExists);
        }
        if self.groups(&key.account, &key.region).count() >= GROUPS {
            return Err(LogsError::TooMany);
        }
        let mut group = LogGroup::new(now.unix_millis());
        group.tags = tags;
        group.class = class.unwrap_or(group.class);
        self.groups.insert(key, Arc::new(group));
        Ok(())
    }

    /// DeleteLogGroup.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`].
    pub fn delete_group(&mut self, key: &GroupKey) -> Result<(), LogsError> {
        self.groups.remove(key).map(|_| ()).ok_or(LogsError::NoSuchGroup)
    }

    /// CreateLogStream.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`], [`LogsError::StreamExists`], [`LogsError::TooMany`].
    pub fn create_stream(&mut self, key: &GroupKey, stream: &str, now: Timestamp) -> Result<(), LogsError> {
        let number = self.last_stream + 1;
        let group = self.group_mut(key)?;
        if group.streams.contains_key(stream) {
            return Err(LogsError::StreamExists);
        }
        if group.streams.len() >= STREAMS {
            return Err(LogsError::TooMany);
        }
        let made = LogStream::new(now.unix_millis(), number);
        group.streams.insert(stream.to_owned(), Arc::new(made));
        self.last_stream = number;
        Ok(())
    }

    /// DeleteLogStream.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`], [`LogsError::NoSuchStream`].
    pub fn delete_stream(&mut self, key: &GroupKey, stream: &str) -> Result<(), LogsError> {
        let removed = self.group_mut(key)?.streams.remove(stream);
        removed.map(|_| ()).ok_or(LogsError::NoSuchStream)
    }

    /// PutRetentionPolicy, or DeleteRetentionPolicy where `days` is absent.
    ///
    /// # Errors
    /// [`LogsError::NoSuchGroup`], [`LogsError::Constraint`] for a period that the service does not have.
    pub fn set_retention(&mut self, key: &GroupKey, days: Option<u32>) -> Result<(), LogsError> {
        if let Some(days) = days
            && !RETENTION_DAYS.contains(&days)
        {
            let known: Vec<String> = RETENTION_DAYS.iter().map(u32::to_string).collect();
            return Err(LogsError::Constraint {
                member: "retentionInDays",
                value: days.to_string(),
                constraint: format!("Member must satisfy enum value set: [{}]", known.join(", ")),
            });
        }
        self.group_mut(key)?.retention_days = days;
        Ok(())
    }

    /// PutLogEvents: what is to be added, and what is not taken. The batch is added with [`LogStore::append`].
    ///
    /// # Errors
    /// Those of a batch that is refused as a whole.
    pub fn check_batch(
        &self,
        key: &GroupKey,
        stream: &str,
        mut events: Vec<NewEvent>,
        now: Timestamp,
    ) -> Result<(Vec<NewEvent>, Rejected), LogsError> {
        let group = self.group(key)?;
        group.stream(stream)?;
        let (mut bytes, mut last) = (0, i64::MIN);
        for event in &events {
            if event.message.len() > EVENT_BYTES {
                return Err(LogsError::EventTooLarge {
                    bytes: event.message.len(),
                });
            }
            if event.timestamp_ms < last {
                return Err(LogsError::NotInOrder);
            }
            last = event.timestamp_ms;
            bytes += event.message.len() + EVENT_OVERHEAD;
        }
        if bytes > BATCH_BYTES {
            return Err(LogsError::BatchTooLarge { bytes });
        }
        let now = now.unix_millis();
        let before = |limit: i64| events.partition_point(|event| event.timestamp_ms < limit);
        let too_old_end = before(now.saturating_sub(14 * DAY));
        let expired_end = group
            .retention_days
            .map_or(0, |days| before(now.saturating_sub(DAY * i64::from(days))));
        let too_new_start = before(now.saturating_add(2 * HOUR + 1));
        let some = |at: usize| (at > 0).then_some(at);
        let rejected = Rejected {
            too_new_start: (too_new_start < events.len()).then_some(too_new_start),
            too_old_end: some(too_old_end),
            expired_end: some(expired_end),
        };
        events.truncate(too_new_start);
        events.drain(..too_old_end.max(expired_end).min(events.len()));
        if let (Some(first), Some(last)) = (events.first(), events.last())
            && last.timestamp_ms.saturating_sub(first.timestamp_ms) > DAY
        {
            return Err(LogsError::SpanTooLong);
        }
        Ok((events, rejected))
    }

    /// Adds events as they are, of any time and in any order. A group or a stream that is not there is made, as EKS does
    /// when its group was deleted.
    pub fn append(&mut self, key: &GroupKey, stream: &str, events: impl IntoIterator<Item = NewEvent>, now: Timestamp) {
        let now = now.unix_millis();
        if !self.groups.contains_key(key) {
            self.groups.insert(key.clone(), Arc::new(LogGroup::new(now)));
        }
        let Some(group) = self.groups.get_mut(key).map(Arc::make_mut) else {
            return;
        };
        if !group.streams.contains_key(stream) {
            self.last_stream += 1;
            let made = LogStream::new(now, self.last_stream);
            group.streams.insert(stream.to_owned(), Arc::new(made));
        }
        let Some(stream) = group.streams.get_mut(stream).map(Arc::make_mut) else {
            return;
        };
        for event in events {
            self.last_sequence += 1;
            stream.push(LogEvent {
                position: Position {
                    timestamp_ms: event.timestamp_ms,
                    sequence: self.last_sequence,
                },
                ingestion_ms: now,
                message: event.message,
            });
        }
    }

    /// The sequence number of the event that came last; 0 where none ever came.
    #[must_use]
    pub fn last_sequence(&self) -> u64 {
        self.last_sequence
    }
}
