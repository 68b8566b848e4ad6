//! Events: putting them, getting them, filtering them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::group::sequence_token;
use super::input;
use crate::logs::cloudwatch_logs::BATCH_EVENTS;
use crate::logs::cloudwatch_logs::LogStream;
use crate::logs::cloudwatch_logs::NewEvent;
use crate::logs::cloudwatch_logs::Position;
use crate::logs::cloudwatch_logs::error::LogsError;
use crate::logs::cloudwatch_logs::read::PageStart;
use crate::logs::cloudwatch_logs::read::Range;
use crate::logs::cloudwatch_logs::read::filter_events;
use crate::service::aws::error::AwsError;
use crate::service::aws::input::present;
use crate::service::aws::input::required;
use crate::service::aws::operation::Context;

/// The model's bound of the number of events in an answer, and its default.
const EVENTS: usize = 10_000;
/// The model's bound of the messages of TestMetricFilter.
const TESTED: usize = 50;
/// How many events GetLogGroupFields looks at.
const SAMPLED: usize = 1000;
/// How many fields of an event are discovered, as in Insights.
const DISCOVERED: usize = 1000;
/// How many bytes the names of an event's fields may have together, with those that they stand in.
const NAME_BYTES: usize = 256 * 1024;
/// The same for the names of all events that are sampled.
const ALL_NAME_BYTES: usize = 4 * 1024 * 1024;
const MINUTE: i64 = 60_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Put {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    log_events: Option<Vec<PutEvent>>,
}

#[derive(Deserialize)]
struct PutEvent {
    timestamp: Option<i64>,
    message: Option<String>,
}

pub(super) fn put(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Put = call.body()?;
    let key = input::named(call, asked.log_group_name)?;
    let stream = required(asked.log_stream_name, "logStreamName")?;
    let stream = input::stream_name(stream, "logStreamName")?;
    let mut batch = Vec::new();
    for event in input::list(required(asked.log_events, "logEvents")?, "logEvents", 1, BATCH_EVENTS)? {
        let message = required(event.message, "logEvents.member.message")?;
        batch.push(NewEvent {
            timestamp_ms: required(event.timestamp, "logEvents.member.timestamp")?,
            message: input::text(message, "logEvents.member.message", 1, usize::MAX)?.into(),
        });
    }
    let store = call.base.logs();
    let (events, rejected) = store.check_batch(&key, &stream, batch, call.now)?;
    call.base
        .change_logs(|store| store.append(&key, &stream, events, call.now));
    let info = present(json!({
        "tooNewLogEventStartIndex": rejected.too_new_start,
        "tooOldLogEventEndIndex": rejected.too_old_end,
        "expiredLogEventEndIndex": rejected.expired_end,
    }));
    Ok(json!({
        "nextSequenceToken": sequence_token(store.last_sequence() + 1),
        "rejectedLogEventsInfo": (info != json!({})).then_some(info),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Get {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    limit: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    start_from_head: bool,
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Get = call.body()?;
    let key = input::named_or_identified(call, asked.log_group_name, asked.log_group_identifier)?;
    let stream = required(asked.log_stream_name, "logStreamName")?;
    let stream = input::stream_name(stream, "logStreamName")?;
    let limit = input::limit(asked.limit, "limit", EVENTS, EVENTS)?;
    let from = match &asked.next_token {
        Some(token) => PageStart::from_token(token)?,
        None if asked.start_from_head => PageStart::Head,
        None => PageStart::Tail,
    };
    let range = Range {
        start_ms: asked.start_time,
        end_ms: asked.end_time,
    };
    let store = call.base.logs();
    let page = store.group(&key)?.stream(&stream)?.page(range, from, limit);
    let events: Vec<Value> = page
        .events
        .iter()
        .map(|event| {
            json!({
                "timestamp": event.position.timestamp_ms,
                "message": &*event.message,
                "ingestionTime": event.ingestion_ms,
            })
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": page.forward,
        "nextBackwardToken": page.backward,
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    #[serde(default)]
    log_stream_names: Vec<String>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn filter(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Filter = call.body()?;
    let key = input::named_or_identified(call, asked.log_group_name, asked.log_group_identifier)?;
    let limit = input::limit(asked.limit, "limit", EVENTS, EVENTS)?;
    let pattern = input::pattern(asked.filter_pattern, "filterPattern")?;
    let prefix = asked.log_stream_name_prefix;
    let prefix = prefix.map(|prefix| input::stream_name(prefix, "logStreamNamePrefix"));
    let prefix = prefix.transpose()?;
    let names = input::stream_names(asked.log_stream_names, "logStreamNames")?;
    if prefix.is_some() && !names.is_empty() {
        return Err(input::conflict("logStreamNames", "logStreamNamePrefix"));
    }
    let after = asked.next_token.as_deref().map(Position::from_token).transpose()?;
    // Here, other than in GetLogEvents, the end is inside.
    let range = Range {
        start_ms: asked.start_time,
        end_ms: asked.end_time.map(|end| end.saturating_add(1)),
    };
    let store = call.base.logs();
    let group = store.group(&key)?;
    for name in &names {
        group.stream(name)?;
    }
    let prefix = prefix.unwrap_or_default();
    let is_wanted = |name: &str| {
        let is_named = names.is_empty() || names.iter().any(|wanted| wanted == name);
        is_named && name.starts_with(&prefix)
    };
    let streams: Vec<(&str, &LogStream)> = group.streams().filter(|(name, _)| is_wanted(name)).collect();
    let page = filter_events(streams, range, after, limit, &pattern);
    let events: Vec<Value> = page
        .events
        .iter()
        .map(|(stream, event)| {
            json!({
                "logStreamName": stream,
                "timestamp": event.position.timestamp_ms,
                "message": &*event.message,
                "ingestionTime": event.ingestion_ms,
                "eventId": event.position.id(),
            })
        })
        .collect();
    Ok(json!({
        "events": events,
        "searchedLogStreams": [],
        "nextToken": page.next.map(Position::token),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tested {
    filter_pattern: Option<String>,
    log_event_messages: Option<Vec<String>>,
}

/// FIDELITY: TestMetricFilter extracts no values.
pub(super) fn test_filter(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Tested = call.body()?;
    let pattern = required(asked.filter_pattern, "filterPattern")?;
    let pattern = input::pattern(Some(pattern), "filterPattern")?;
    let messages = required(asked.log_event_messages, "logEventMessages")?;
    let matches: Vec<Value> = input::list(messages, "logEventMessages", 1, TESTED)?
        .iter()
        .enumerate()
        .filter(|(_, message)| pattern.matches(message))
        .map(|(at, message)| json!({"eventNumber": at + 1, "eventMessage": message, "extractedValues": {}}))
        .collect();
    Ok(json!({"matches": matches}))
}

/// The fields of a JSON message, `a.b` for what is inside and `a.0` for what is in a list. Those behind the thousandth, or
/// behind names of so many bytes, are not looked at: a long name stands in the name of all that is inside it.
fn discovered(message: &str) -> BTreeMap<String, String> {
    let mut discovery = Discovery {
        found: BTreeMap::new(),
        room: NAME_BYTES,
    };
    if message.starts_with('{')
        && let Ok(value) = serde_json::from_str(message)
    {
        discovery.walk("", &value);
    }
    discovery.found
}

struct Discovery {
    found: BTreeMap<String, String>,
    /// How many bytes names may still have.
    room: usize,
}

impl Discovery {
    fn walk(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    self.below(path, name, value);
                }
            }
            Value::Array(items) => {
                for (at, value) in items.iter().enumerate() {
                    self.below(path, &at.to_string(), value);
                }
            }
            Value::String(text) => self.add(path, text.clone()),
            // As the query language has it.
            Value::Bool(value) => self.add(path, u8::from(*value).to_string()),
            Value::Number(number) => self.add(path, number.to_string()),
            Value::Null => {}
        }
    }

    fn below(&mut self, path: &str, name: &str, value: &Value) {
        let length = path.len() + 1 + name.len();
        let Some(room) = self.room.checked_sub(length).filter(|_| self.found.len() < DISCOVERED) else {
            return;
        };
        self.room = room;
        match path {
            "" => self.walk(name, value),
            _ => self.walk(&format!("{path}.{name}"), value),
        }
    }

    fn add(&mut self, path: &str, text: String) {
        self.found.insert(path.to_owned(), text);
    }
}

pub(super) fn record(call: &Context<'_>) -> Result<Value, AwsError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Pointed {
        log_record_pointer: Option<String>,
    }
    let pointer = required(call.body::<Pointed>()?.log_record_pointer, "logRecordPointer")?;
    let (key, stream, event) = call.base.logs().record(&pointer)?;
    if key.account != *call.account()? || key.region != call.region {
        return Err(LogsError::NoSuchRecord.into());
    }
    let mut fields = discovered(&event.message);
    let system = [
        ("@ptr", pointer),
        ("@message", event.message.to_string()),
        ("@timestamp", event.position.timestamp_ms.to_string()),
        ("@ingestionTime", event.ingestion_ms.to_string()),
        ("@logStream", stream),
        ("@log", format!("{}:{}", key.account, key.name)),
    ];
    fields.extend(system.map(|(name, value)| (name.to_owned(), value)));
    Ok(json!({"logRecord": fields}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    time: Option<i64>,
}

/// FIDELITY: GetLogGroupFields looks at the newest 1,000 events of the last 15 minutes or, with a time in seconds, of the
/// 8 minutes before and after it.
pub(super) fn fields(call: &Context<'_>) -> Result<Value, AwsError> {
    const SYSTEM: [&str; 5] = ["@ingestionTime", "@log", "@logStream", "@message", "@timestamp"];
    let asked: Fields = call.body()?;
    let key = input::named_or_identified(call, asked.log_group_name, asked.log_group_identifier)?;
    let range = match asked.time.map(|seconds| seconds.saturating_mul(1000)) {
        Some(time) => Range {
            start_ms: Some(time.saturating_sub(8 * MINUTE)),
            end_ms: Some(time.saturating_add(8 * MINUTE)),
        },
        None => Range {
            start_ms: Some(call.now.unix_millis() - 15 * MINUTE),
            end_ms: None,
        },
    };
    let store = call.base.logs();
    let streams = store.group(&key)?.streams();
    let mut events: Vec<_> = streams.flat_map(|(_, stream)| stream.range(range)).collect();
    events.sort_unstable_by_key(|event| Reverse(event.position));
    events.truncate(SAMPLED);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut room = ALL_NAME_BYTES;
    for event in &events {
        let names = discovered(&event.message).into_keys();
        for name in names.chain(SYSTEM.map(str::to_owned)) {
            if let Some(count) = counts.get_mut(&name) {
                *count += 1;
            } else if let Some(rest) = room.checked_sub(name.len()) {
                room = rest;
                counts.insert(name, 1);
            }
        }
    }
    let fields: Vec<Value> = counts
        .into_iter()
        .map(|(name, count)| json!({"name": name, "percent": count * 100 / events.len().max(1)}))
        .collect();
    Ok(json!({"logGroupFields": fields}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_dotted_names() {
        let found = discovered(r#"{"a":{"b":[1,true,null,"x"]},"c":""}"#);
        let wanted = [("a.b.0", "1"), ("a.b.1", "1"), ("a.b.3", "x"), ("c", "")];
        let wanted = wanted.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(wanted));
        assert_eq!(discovered("[1]"), BTreeMap::new());
    }

    /// Without a bound, these names have 25 GB.
    #[test]
    fn a_long_name_is_not_repeated_without_end() {
        let members: Vec<String> = (0..50_000).map(|at| format!("\"{at}\":1")).collect();
        let long = "n".repeat(500_000);
        assert!(discovered(&format!("{{\"{long}\":{{{}}}}}", members.join(","))).is_empty());
        let shorter = "n".repeat(1_000);
        let found = discovered(&format!("{{\"{shorter}\":{{{}}}}}", members.join(",")));
        assert!(found.len() > 200 && found.len() < DISCOVERED);
        let flat = discovered(&format!("{{{}}}", members.join(",")));
        assert_eq!(flat.len(), DISCOVERED);
    }
}
