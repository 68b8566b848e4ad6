//! Live tails: an event stream that reports every second what came.
//!
//! FIDELITY: where more than 500 events of a second match, the service sends a sample; here it is the newest 500.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::logs::cloudwatch_logs::GroupKey;
use crate::logs::cloudwatch_logs::LogStore;
use crate::logs::filter_pattern::FilterPattern;
use crate::service::aws::error::AwsError;
use crate::service::aws::event_stream;
use crate::service::aws::input::required;
use crate::service::aws::operation::Context;
use crate::service::http::Delivery;
use crate::service::http::Response;
use crate::service::stream::Pace;
use crate::service::stream::Seen;
use crate::service::stream::Step;
use crate::service::stream::Stream;
use crate::value::instant::Timestamp;

/// How many groups a session can watch.
const GROUPS: usize = 10;
/// How many events an update reports.
const RESULTS: usize = 500;
/// Between two updates.
const UPDATE: Duration = Duration::from_secs(1);
/// Updates until a session ends, after three hours.
const UPDATES: u32 = 3 * 60 * 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    log_group_identifiers: Option<Vec<String>>,
    #[serde(default)]
    log_stream_names: Vec<String>,
    #[serde(default)]
    log_stream_name_prefixes: Vec<String>,
    log_event_filter_pattern: Option<String>,
}

/// What a session reports.
#[derive(Debug)]
struct LiveTail {
    keys: Vec<GroupKey>,
    names: Vec<String>,
    prefixes: Vec<String>,
    pattern: FilterPattern,
    /// Of the last event that was looked at.
    sequence: u64,
    /// How many are still to come.
    updates: u32,
}

impl Stream for LiveTail {
    fn pace(&self) -> Pace {
        Pace::Every(UPDATE)
    }

    /// The update that is due: what came since the last one, or, once the session is too old, that it ends.
    fn step(&mut self, seen: Seen<'_>) -> Step {
        let Some(left) = self.updates.checked_sub(1) else {
            let timeout = json!({"message": "The session has timed out."});
            return Step::End(event_stream::exception("SessionTimeoutException", &timeout));
        };
        self.updates = left;
        let (results, sampled) = self.update(seen.logs);
        let update = json!({"sessionMetadata": {"sampled": sampled}, "sessionResults": results});
        Step::Chunk(event_stream::event("sessionUpdate", &update))
    }

    fn mark(&mut self, _: Timestamp) -> Option<Vec<u8>> {
        None
    }
}

impl LiveTail {
    fn wants_stream(&self, name: &str) -> bool {
        let is_named = self.names.iter().any(|wanted| wanted == name);
        let has_prefix = self.prefixes.iter().any(|prefix| name.starts_with(prefix));
        is_named || has_prefix || (self.names.is_empty() && self.prefixes.is_empty())
    }

    /// What came since the last time, in that order, and whether there was more than is reported.
    fn update(&mut self, store: &LogStore) -> (Vec<Value>, bool) {
        let since = self.sequence;
        self.sequence = store.last_sequence();
        let mut found = Vec::new();
        for key in &self.keys {
            // A group that is gone meanwhile may come back.
            let streams = store.group(key).into_iter().flat_map(|group| group.streams());
            let streams = streams.filter(|(name, stream)| stream.last_sequence() > since && self.wants_stream(name));
            for (name, stream) in streams {
                let new = stream.events().iter().filter(|event| event.position.sequence > since);
                let matching = new.filter(|event| self.pattern.matches(&event.message));
                found.extend(matching.map(|event| (event.position.sequence, key, name, event)));
            }
        }
        found.sort_unstable_by_key(|(sequence, ..)| *sequence);
        let dropped = found.len().saturating_sub(RESULTS);
        let results = found
            .into_iter()
            .skip(dropped)
            .map(|(_, key, name, event)| {
                json!({
                    "logStreamName": name,
                    "logGroupIdentifier": format!("{}:{}", key.account, key.name),
                    "message": &*event.message,
                    "timestamp": event.position.timestamp_ms,
                    "ingestionTime": event.ingestion_ms,
                })
            })
            .collect();
        (results, dropped > 0)
    }
}

pub(super) fn start(call: &Context<'_>) -> Result<Response, AwsError> {
    let asked: Asked = call.body()?;
    let identifiers = required(asked.log_group_identifiers, "logGroupIdentifiers")?;
    let identifiers = input::list(identifiers, "logGroupIdentifiers", 1, GROUPS)?;
    if !asked.log_stream_names.is_empty() && !asked.log_stream_name_prefixes.is_empty() {
        return Err(input::conflict("logStreamNames", "logStreamNamePrefixes"));
    }
    let store = call.base.logs();
    let mut keys = Vec::new();
    for identifier in &identifiers {
        let key = input::identified(call, identifier, "logGroupIdentifiers")?;
        store.group(&key)?;
        keys.push(key);
    }
    let session = json!({
        "requestId": call.base.request_id(),
        "sessionId": call.base.request_id(),
        "logGroupIdentifiers": identifiers,
        "logStreamNames": asked.log_stream_names,
        "logStreamNamePrefixes": asked.log_stream_name_prefixes,
        "logEventFilterPattern": asked.log_event_filter_pattern.as_deref().unwrap_or_default(),
    });
    let tail = LiveTail {
        keys,
        names: input::stream_names(asked.log_stream_names, "logStreamNames")?,
        prefixes: input::stream_names(asked.log_stream_name_prefixes, "logStreamNamePrefixes")?,
        pattern: input::pattern(asked.log_event_filter_pattern, "logEventFilterPattern")?,
        sequence: store.last_sequence(),
        updates: UPDATES,
    };
    let mut first = event_stream::event("initial-response", &json!({}));
    first.extend(event_stream::event("sessionStart", &session));
    Ok(Response::new(200, event_stream::CONTENT_TYPE, first).delivered(Delivery::Streamed(Box::new(tail))))
}
