//! Live tails: an event stream that tells every second what came.
//!
//! FIDELITY: where more than 500 events of a second match, the service sends a sample; here it is the newest 500.

use std::sync::Arc;
use std::time::Duration;

use eks_auth_core::logs::cloudwatch_logs::GroupKey;
use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::logs::filter_pattern::FilterPattern;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio::time::interval;

use super::input;
use crate::aws::error::AwsError;
use crate::aws::event_stream;
use crate::aws::input::required;
use crate::aws::operation::Context;
use crate::net::http::Delivery;
use crate::net::http::Response;
use crate::state::logs::Logs;

/// How many groups a session can watch.
const GROUPS: usize = 10;
/// How many events an update tells of.
const RESULTS: usize = 500;
/// Between two updates.
const UPDATE: Duration = Duration::from_secs(1);
/// Updates until a session ends, after three hours.
const UPDATES: u32 = 3 * 60 * 60;
/// Updates that wait for a client that reads slowly; while there are so many, no further one is made.
const BACKLOG: usize = 4;

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

/// What a session tells of.
struct Tail {
    keys: Vec<GroupKey>,
    names: Vec<String>,
    prefixes: Vec<String>,
    pattern: FilterPattern,
    /// Of the last event that was looked at.
    sequence: u64,
}

impl Tail {
    fn wants_stream(&self, name: &str) -> bool {
        let is_named = self.names.iter().any(|wanted| wanted == name);
        let has_prefix = self.prefixes.iter().any(|prefix| name.starts_with(prefix));
        is_named || has_prefix || (self.names.is_empty() && self.prefixes.is_empty())
    }

    /// What came since the last time, in that order, and whether there was more than is told.
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
    let store = call.state.logs().snapshot();
    let mut keys = Vec::new();
    for identifier in &identifiers {
        let key = input::identified(call, identifier, "logGroupIdentifiers")?;
        store.group(&key)?;
        keys.push(key);
    }
    let session = json!({
        "requestId": call.state.request_id(),
        "sessionId": call.state.request_id(),
        "logGroupIdentifiers": identifiers,
        "logStreamNames": asked.log_stream_names,
        "logStreamNamePrefixes": asked.log_stream_name_prefixes,
        "logEventFilterPattern": asked.log_event_filter_pattern.as_deref().unwrap_or_default(),
    });
    let tail = Tail {
        keys,
        names: input::stream_names(asked.log_stream_names, "logStreamNames")?,
        prefixes: input::stream_names(asked.log_stream_name_prefixes, "logStreamNamePrefixes")?,
        pattern: input::pattern(asked.log_event_filter_pattern, "logEventFilterPattern")?,
        sequence: store.last_sequence(),
    };
    let runtime = Handle::try_current()
        .map_err(|error| AwsError::new("InvalidOperationException", 400, format!("no live tail: {error}")))?;
    let (sender, updates) = mpsc::channel(BACKLOG);
    runtime.spawn(send_updates(tail, Arc::clone(call.state.logs()), sender));
    let mut first = event_stream::event("initial-response", &json!({}));
    first.extend(event_stream::event("sessionStart", &session));
    Ok(Response::new(200, event_stream::CONTENT_TYPE, first).delivered(Delivery::Streamed(updates)))
}

/// Sends an update every second, until the client is gone or the session too old.
async fn send_updates(mut tail: Tail, logs: Arc<Logs>, sender: mpsc::Sender<Vec<u8>>) {
    let mut ticks = interval(UPDATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..UPDATES {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sender.closed() => return,
        }
        let (results, sampled) = tail.update(&logs.snapshot());
        let update = json!({"sessionMetadata": {"sampled": sampled}, "sessionResults": results});
        if sender
            .send(event_stream::event("sessionUpdate", &update))
            .await
            .is_err()
        {
            return;
        }
    }
    let timeout = json!({"message": "The session has timed out."});
    let _ = sender
        .send(event_stream::exception("SessionTimeoutException", &timeout))
        .await;
}
