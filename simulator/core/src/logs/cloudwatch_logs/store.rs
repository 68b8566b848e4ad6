//! The logs as records, so that a store of bytes can keep them: which records a change touches, and the logs again.
//!
//! A group, a stream and a saved query are a record each. Events are kept in chunks: what came to a stream between two
//! changes, packed. A chunk is written once, and goes when the stream has dropped all that is in it, so that a change costs
//! what came with it. Queries that were run are not kept.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;
use serde::Deserialize;
use serde::Serialize;

use super::GroupKey;
use super::LogEvent;
use super::LogGroup;
use super::LogStore;
use super::LogStream;
use super::Position;
use super::query::QueryDefinition;
use crate::value::arn::AccountId;
use crate::value::record::Change;
use crate::value::record::RecordError;
use crate::value::record::RecordProblem;
use crate::value::record::join;
use crate::value::record::split;

/// What the records are, so that a later release can tell.
const FORMAT: u32 = 1;
/// The record of what belongs to all logs.
const LOGS: &str = "logs";
const CHUNK: &str = "chunk";
const DEFINITION: &str = "definition";
const GROUP: &str = "group";
const STREAM: &str = "stream";
/// About how many bytes a chunk has: so few that one is dropped soon after its first event is.
const CHUNK_BYTES: usize = 256 * 1024;

#[derive(Deserialize, Serialize)]
struct LogsRecord {
    format: u32,
    last_sequence: u64,
    last_stream: u64,
}

#[derive(Deserialize, Serialize)]
struct GroupRecord {
    created_ms: i64,
    class: String,
    retention_days: Option<u32>,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
struct StreamRecord {
    account: AccountId,
    region: String,
    group: String,
    name: String,
    created_ms: i64,
}

/// Where a chunk's newest event stands, with the sequence number of its first one, which names it.
type Chunk = (Position, u64);

/// What a store of bytes holds.
#[derive(Debug, Default)]
pub struct Kept {
    store: LogStore,
    /// By the number of their stream.
    chunks: BTreeMap<u64, BTreeSet<Chunk>>,
}

impl Kept {
    /// What records hold, in any order; without any, nothing.
    ///
    /// # Errors
    /// [`RecordError`] with the first record that cannot be read.
    pub fn load(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, RecordError> {
        let mut kept = Self::default();
        let mut streams: BTreeMap<u64, (StreamRecord, LogStream)> = BTreeMap::new();
        let mut chunks = BTreeMap::new();
        for (key, value) in records {
            let at = |problem: RecordProblem| RecordError {
                key: key.clone(),
                problem,
            };
            let words = split(&key);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                [LOGS] => {
                    let record: LogsRecord = read(&value).map_err(at)?;
                    if record.format != FORMAT {
                        return Err(at(RecordProblem::Format {
                            found: record.format,
                            wanted: FORMAT,
                        }));
                    }
                    kept.store.last_sequence = record.last_sequence;
                    kept.store.last_stream = record.last_stream;
                }
                [GROUP, account, region, name] => {
                    let record: GroupRecord = read(&value).map_err(at)?;
                    let group = LogGroup {
                        created_ms: record.created_ms,
                        class: record.class,
                        retention_days: record.retention_days,
                        tags: record.tags,
                        streams: OrdMap::new(),
                    };
                    let key = group_key(account, region, name).map_err(at)?;
                    kept.store.groups.insert(key, Arc::new(group));
                }
                [STREAM, number] => {
                    let number = parse_number(number).map_err(at)?;
                    let record: StreamRecord = read(&value).map_err(at)?;
                    let stream = LogStream::new(record.created_ms, number);
                    streams.insert(number, (record, stream));
                }
                [CHUNK, stream, first] => {
                    let place = (parse_number(stream).map_err(at)?, parse_number(first).map_err(at)?);
                    chunks.insert(place, unpack(&value).ok_or_else(|| at(RecordProblem::Packing))?);
                }
                [DEFINITION, account, region, id] => {
                    let GroupKey { account, region, name } = group_key(account, region, id).map_err(at)?;
                    let definition: QueryDefinition = read(&value).map_err(at)?;
                    let definitions = &mut kept.store.queries.definitions;
                    definitions.insert((account, region, name), Arc::new(definition));
                }
                _ => return Err(at(RecordProblem::Kind)),
            }
        }
        for ((number, first), events) in chunks {
            let Some((_, stream)) = streams.get_mut(&number) else {
                return Err(RecordError {
                    key: chunk_key(number, first),
                    problem: RecordProblem::Stream,
                });
            };
            if let Some(newest) = events.iter().map(|event| event.position).max() {
                kept.chunks.entry(number).or_default().insert((newest, first));
            }
            for event in events {
                stream.push(event);
            }
        }
        for (number, (record, stream)) in streams {
            let key = GroupKey {
                account: record.account,
                region: record.region,
                name: record.group,
            };
            let group = kept.store.group_mut(&key).map_err(|error| RecordError {
                key: stream_key(number),
                problem: RecordProblem::Group(error.to_string()),
            })?;
            group.streams.insert(record.name, Arc::new(stream));
        }
        Ok(kept)
    }

    /// The logs.
    #[must_use]
    pub fn store(&self) -> &LogStore {
        &self.store
    }

    /// The records that must change so that `new` is what is kept, which then is taken for true.
    ///
    /// # Errors
    /// [`RecordError`] for what JSON cannot say, which nothing in logs is.
    pub fn change_to(&mut self, new: &LogStore) -> Result<Vec<Change>, RecordError> {
        let old = std::mem::replace(&mut self.store, new.clone());
        let mut out = Vec::new();
        let numbers = |store: &LogStore| (store.last_sequence, store.last_stream);
        if numbers(&old) != numbers(new) {
            let record = LogsRecord {
                format: FORMAT,
                last_sequence: new.last_sequence,
                last_stream: new.last_stream,
            };
            out.push(written(join(&[LOGS]), &record)?);
        }
        for (key, group) in &old.groups {
            if !new.groups.contains_key(key) {
                out.push(gone(key_of(GROUP, key)));
                self.change_streams(key, Some(group), None, &mut out)?;
            }
        }
        for (key, group) in &new.groups {
            let before = old.groups.get(key);
            if before.is_some_and(|before| Arc::ptr_eq(before, group)) {
                continue;
            }
            let record = group_record(group);
            let record = written(key_of(GROUP, key), &record)?;
            let before_record = before.map(|group| written(key_of(GROUP, key), &group_record(group)));
            if before_record.transpose()?.as_ref() != Some(&record) {
                out.push(record);
            }
            self.change_streams(key, before.map(|group| &**group), Some(group), &mut out)?;
        }
        for item in old.queries.definitions.diff(&new.queries.definitions) {
            use imbl::ordmap::DiffItem;
            match item {
                DiffItem::Add(key, definition)
                | DiffItem::Update {
                    new: (key, definition), ..
                } => {
                    out.push(written(definition_key(key), &**definition)?);
                }
                DiffItem::Remove(key, _) => out.push(gone(definition_key(key))),
            }
        }
        Ok(out)
    }

    fn change_streams(
        &mut self,
        key: &GroupKey,
        old: Option<&LogGroup>,
        new: Option<&LogGroup>,
        out: &mut Vec<Change>,
    ) -> Result<(), RecordError> {
        let find = |group: Option<&LogGroup>, name: &str, number: u64| {
            let stream = group?.streams.get(name)?;
            (stream.number == number).then(|| Arc::clone(stream))
        };
        for (name, stream) in old.into_iter().flat_map(|group| &group.streams) {
            let number = stream.number;
            if find(new, name, number).is_none() {
                out.push(gone(stream_key(number)));
                let chunks = self.chunks.remove(&number).unwrap_or_default();
                out.extend(chunks.into_iter().map(|(_, first)| gone(chunk_key(number, first))));
            }
        }
        for (name, stream) in new.into_iter().flat_map(|group| &group.streams) {
            let number = stream.number;
            let before = find(old, name, number);
            if before.as_ref().is_some_and(|before| Arc::ptr_eq(before, stream)) {
                continue;
            }
            if before.is_none() {
                let record = StreamRecord {
                    account: key.account.clone(),
                    region: key.region.clone(),
                    group: key.name.clone(),
                    name: name.clone(),
                    created_ms: stream.created_ms,
                };
                out.push(written(stream_key(number), &record)?);
            }
            let chunks = self.chunks.entry(number).or_default();
            for events in in_chunks(stream.since(before.as_deref())) {
                let newest = events.iter().map(|event| event.position).max();
                if let (Some(newest), Some(first)) = (newest, events.first()) {
                    let first = first.position.sequence;
                    chunks.insert((newest, first));
                    out.push(Change {
                        key: chunk_key(number, first),
                        value: Some(pack(&events)),
                    });
                }
            }
            let oldest = stream.events.front().map(|event| event.position);
            while let Some((newest, first)) = chunks.first().copied()
                && oldest.is_none_or(|oldest| newest < oldest)
            {
                chunks.pop_first();
                out.push(gone(chunk_key(number, first)));
            }
        }
        Ok(())
    }
}

impl LogStream {
    /// The events that came since `before` was this stream, in the order in which they came; all without one.
    fn since(&self, before: Option<&Self>) -> Vec<LogEvent> {
        let (sequence, pushed) = before.map_or((0, 0), |before| (before.last_sequence, before.pushed));
        let count = usize::try_from(self.pushed.saturating_sub(pushed)).unwrap_or(usize::MAX);
        // New events most often are the newest.
        let new = self
            .events
            .iter()
            .rev()
            .filter(|event| event.position.sequence > sequence);
        let mut new: Vec<LogEvent> = new.take(count).cloned().collect();
        new.sort_unstable_by_key(|event| event.position.sequence);
        new
    }
}

fn in_chunks(events: Vec<LogEvent>) -> Vec<Vec<LogEvent>> {
    let mut chunks: Vec<Vec<LogEvent>> = Vec::new();
    let mut bytes = CHUNK_BYTES;
    for event in events {
        if bytes >= CHUNK_BYTES {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += event.bytes();
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(event);
        }
    }
    chunks
}

/// Each event as the differences of its numbers to those of the event before it, then its message: numbers in LEB128,
/// signed ones in zigzag.
fn pack(events: &[LogEvent]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut last = (0, 0, 0);
    for event in events {
        let Position { timestamp_ms, sequence } = event.position;
        write_number(zigzag(timestamp_ms.wrapping_sub(last.0)), &mut out);
        write_number(sequence.wrapping_sub(last.1), &mut out);
        write_number(zigzag(event.ingestion_ms.wrapping_sub(last.2)), &mut out);
        write_number(event.message.len() as u64, &mut out);
        out.extend_from_slice(event.message.as_bytes());
        last = (timestamp_ms, sequence, event.ingestion_ms);
    }
    out
}

fn unpack(mut bytes: &[u8]) -> Option<Vec<LogEvent>> {
    let mut events = Vec::new();
    let (mut timestamp_ms, mut sequence, mut ingestion_ms) = (0_i64, 0_u64, 0_i64);
    while !bytes.is_empty() {
        timestamp_ms = timestamp_ms.wrapping_add(unzigzag(read_number(&mut bytes)?));
        sequence = sequence.wrapping_add(read_number(&mut bytes)?);
        ingestion_ms = ingestion_ms.wrapping_add(unzigzag(read_number(&mut bytes)?));
        let length = usize::try_from(read_number(&mut bytes)?).ok()?;
        let (message, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        events.push(LogEvent {
            position: Position { timestamp_ms, sequence },
            ingestion_ms,
            message: std::str::from_utf8(message).ok()?.into(),
        });
    }
    Some(events)
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

fn group_record(group: &LogGroup) -> GroupRecord {
    GroupRecord {
        created_ms: group.created_ms,
        class: group.class.clone(),
        retention_days: group.retention_days,
        tags: group.tags.clone(),
    }
}

fn key_of(kind: &str, key: &GroupKey) -> String {
    join(&[kind, key.account.as_str(), &key.region, &key.name])
}

fn definition_key((account, region, id): &(AccountId, String, String)) -> String {
    join(&[DEFINITION, account.as_str(), region, id])
}

fn stream_key(number: u64) -> String {
    join(&[STREAM, &format!("{number:08x}")])
}

/// So that the chunks of a stream lie side by side, in order.
fn chunk_key(stream: u64, first: u64) -> String {
    join(&[CHUNK, &format!("{stream:08x}"), &format!("{first:012x}")])
}

fn group_key(account: &str, region: &str, name: &str) -> Result<GroupKey, RecordProblem> {
    Ok(GroupKey {
        account: AccountId::parse(account).map_err(|error| RecordProblem::Key(error.to_string()))?,
        region: region.to_owned(),
        name: name.to_owned(),
    })
}

fn parse_number(text: &str) -> Result<u64, RecordProblem> {
    u64::from_str_radix(text, 16).map_err(|error| RecordProblem::Key(error.to_string()))
}

fn read<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, RecordProblem> {
    Ok(serde_json::from_slice(value)?)
}

fn written(key: String, value: &impl Serialize) -> Result<Change, RecordError> {
    match serde_json::to_vec(value) {
        Ok(value) => Ok(Change {
            key,
            value: Some(value),
        }),
        Err(error) => Err(RecordError {
            key,
            problem: error.into(),
        }),
    }
}

fn gone(key: String) -> Change {
    Change { key, value: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NewEvent;
    use super::super::STREAM_BYTES;
    use super::super::STREAM_EVENTS;
    use super::*;
    use crate::value::instant::Timestamp;

    fn key(name: &str) -> GroupKey {
        group_key("111122223333", "us-west-2", name).unwrap()
    }

    fn now(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_700_000_000 + second)
    }

    fn event(timestamp_ms: i64, message: &str) -> NewEvent {
        NewEvent {
            timestamp_ms,
            message: message.into(),
        }
    }

    #[derive(Default)]
    struct Disk {
        kept: Kept,
        records: BTreeMap<String, Vec<u8>>,
    }

    impl Disk {
        /// How many bytes of keys and values the change writes.
        fn keep(&mut self, store: &LogStore) -> usize {
            let mut bytes = 0;
            for Change { key, value } in self.kept.change_to(store).unwrap() {
                match value {
                    Some(value) => {
                        bytes += key.len() + value.len();
                        self.records.insert(key, value);
                    }
                    None => assert!(self.records.remove(&key).is_some(), "{key}"),
                }
            }
            bytes
        }

        fn load(&self) -> LogStore {
            Kept::load(self.records.clone()).unwrap().store
        }
    }

    /// All that anybody can ask a store.
    fn whole(store: &LogStore) -> String {
        let mut text = format!("{} {}", store.last_sequence, store.last_stream);
        for (key, group) in &store.groups {
            text += &format!("\n{key:?} {:?}", written(String::new(), &group_record(group)));
            for (name, stream) in &group.streams {
                let numbers = (stream.number, stream.last_sequence, stream.message_bytes);
                let times = (stream.created_ms, stream.last_ingestion_ms);
                text += &format!("\n{name} {numbers:?} {times:?} {:?}", stream.events);
            }
        }
        for definition in &store.queries.definitions {
            text += &format!("\n{definition:?}");
        }
        text
    }

    #[test]
    fn a_change_writes_what_came_and_little_more() {
        let mut store = LogStore::default();
        let mut disk = Disk::default();
        let line = "x".repeat(100);
        store.append(&key("g"), "s", [event(1_700_000_000_000, &line)], now(0));
        disk.keep(&store);
        let batch: Vec<NewEvent> = (0..1000).map(|at| event(1_700_000_000_000 + at, &line)).collect();
        store.append(&key("g"), "s", batch, now(1));
        let bytes = disk.keep(&store);
        assert!((100_000..105_000).contains(&bytes), "{bytes}");
        store.append(&key("g"), "s", [event(1_700_000_001_000, &line)], now(2));
        let bytes = disk.keep(&store);
        assert!((100..250).contains(&bytes), "{bytes}");
        assert_eq!(disk.keep(&store), 0);
        assert_eq!(whole(&disk.load()), whole(&store));
    }

    #[test]
    fn chunks_go_with_the_events_that_a_stream_drops() {
        let mut store = LogStore::default();
        let mut disk = Disk::default();
        let long = "x".repeat(1 << 20);
        let most = (STREAM_BYTES >> 20) as usize;
        for at in 0..most + 10 {
            store.append(&key("g"), "long", [event(at as i64, &long)], now(at as i64));
            disk.keep(&store);
        }
        let chunks = || disk.records.keys().filter(|key| key.starts_with(CHUNK)).count();
        assert_eq!(chunks(), most);
        let short: Vec<NewEvent> = (0..STREAM_EVENTS as i64 + 5).map(|at| event(at, "y")).collect();
        store.append(&key("g"), "short", short, now(0));
        disk.keep(&store);
        assert_eq!(whole(&disk.load()), whole(&store));
        store.delete_group(&key("g")).unwrap();
        disk.keep(&store);
        assert_eq!(disk.records.keys().collect::<Vec<_>>(), [LOGS]);
        let loaded = disk.load();
        assert_eq!(loaded.last_sequence, store.last_sequence);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let mut store = LogStore::default();
        let mut disk = Disk::default();
        store.append(&key("g"), "s", [event(1, "a")], now(0));
        disk.keep(&store);
        let load = |record: &str, value: &str| {
            let mut records = disk.records.clone();
            records.insert(record.to_owned(), value.into());
            let error = Kept::load(records).unwrap_err();
            assert_eq!(error.key, record);
            error.problem
        };
        for (record, value, problem) in [
            ("planet/earth", "{}", RecordProblem::Kind),
            (
                "logs",
                r#"{"format":9,"last_sequence":0,"last_stream":0}"#,
                RecordProblem::Format { found: 9, wanted: 1 },
            ),
            ("chunk/00000009/000000000001", "", RecordProblem::Stream),
            ("chunk/00000001/000000000009", "\u{1}", RecordProblem::Packing),
        ] {
            assert_eq!(load(record, value), problem, "{record}");
        }
        let problem = load("group/1/r/g", "{}").to_string();
        assert!(problem.contains("missing field"), "{problem}");
        let mut records = disk.records.clone();
        records.retain(|key, _| !key.starts_with(GROUP));
        assert_eq!(Kept::load(records).unwrap_err().key, "stream/00000001");
    }

    proptest! {
        #[test]
        fn packed_events_come_back(events in prop::collection::vec((any::<i64>(), any::<u64>(), any::<i64>(), ".*"), 0..20)) {
            let events: Vec<LogEvent> = events.into_iter().map(|(timestamp_ms, sequence, ingestion_ms, message)| LogEvent {
                position: Position { timestamp_ms, sequence },
                ingestion_ms,
                message: message.into(),
            }).collect();
            prop_assert_eq!(unpack(&pack(&events)), Some(events));
        }

        #[test]
        fn any_bytes_are_a_chunk_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(events) = unpack(&bytes) {
                prop_assert_eq!(unpack(&pack(&events)), Some(events));
            }
        }

        #[test]
        fn whatever_is_done_the_records_hold_the_same_logs(
            steps in prop::collection::vec((0..9_u8, 0..3_u8, 0..3_u8, any::<bool>()), 1..60),
        ) {
            let mut store = LogStore::default();
            let mut disk = Disk::default();
            for (second, (step, group, stream, keeps)) in (0..).zip(steps) {
                let (group, stream) = (key(&format!("/g {group}%")), format!("s/{stream}"));
                match step {
                    0 => drop(store.create_group(group, None, BTreeMap::new(), now(second))),
                    1 => drop(store.create_stream(&group, &stream, now(second))),
                    2 => drop(store.delete_stream(&group, &stream)),
                    3 => drop(store.delete_group(&group)),
                    4 => drop(store.set_retention(&group, Some(7))),
                    5 => drop(store.group_mut(&group).map(|group| group.tags.insert("a".to_owned(), stream))),
                    6 => {
                        let definition = QueryDefinition {
                            name: stream.clone(),
                            text: "fields @message".to_owned(),
                            groups: vec![group.name.clone()],
                            modified_ms: second,
                        };
                        drop(store.queries.define(&group.account, &group.region, &stream, definition));
                    }
                    7 => drop(store.queries.forget(&group.account, &group.region, &stream)),
                    _ => {
                        let times = [second * 7 % 5 * 1000, second * 1000];
                        let events = times.map(|time| event(time, &format!("line {second}")));
                        store.append(&group, &stream, events, now(second));
                    }
                }
                if keeps {
                    disk.keep(&store);
                    prop_assert_eq!(whole(&disk.load()), whole(&store));
                }
            }
            disk.keep(&store);
            prop_assert_eq!(whole(&disk.load()), whole(&store));
            prop_assert_eq!(disk.keep(&store), 0);
        }
    }
}
