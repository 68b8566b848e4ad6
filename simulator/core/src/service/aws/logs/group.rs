//! Groups and streams.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::logs::cloudwatch_logs::GroupKey;
use crate::logs::cloudwatch_logs::LogGroup;
use crate::logs::cloudwatch_logs::LogStream;
use crate::logs::cloudwatch_logs::Position;
use crate::logs::cloudwatch_logs::error::LogsError;
use crate::service::aws::error::AwsError;
use crate::service::aws::input::present;
use crate::service::aws::input::required;
use crate::service::aws::operation::Context;

/// The model's bound of the limits of the two Describe operations, and their default.
const DESCRIBED: usize = 50;
/// The model's bound of ListLogGroups.
const LISTED: usize = 1000;
const CLASSES: [&str; 3] = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    log_group_class: Option<String>,
    retention_in_days: Option<u32>,
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Group = call.body()?;
    let key = input::named(call, asked.log_group_name)?;
    let class = input::one_of(asked.log_group_class, "logGroupClass", &CLASSES)?;
    let tags = call.body::<Tagged>()?.tags.map(typed).transpose()?;
    let tags = input::merged_tags(BTreeMap::new(), tags.unwrap_or_default())?;
    call.base
        .change_logs(|store| store.create_group(key, class, tags, call.now))?;
    Ok(json!({}))
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let key = input::named(call, call.body::<Group>()?.log_group_name)?;
    call.base.change_logs(|store| store.delete_group(&key))?;
    Ok(json!({}))
}

fn stream(call: &Context<'_>) -> Result<(GroupKey, String), AwsError> {
    let asked: Group = call.body()?;
    let key = input::named(call, asked.log_group_name)?;
    let name = required(asked.log_stream_name, "logStreamName")?;
    Ok((key, input::stream_name(name, "logStreamName")?))
}

pub(super) fn create_stream(call: &Context<'_>) -> Result<Value, AwsError> {
    let (key, name) = stream(call)?;
    call.base
        .change_logs(|store| store.create_stream(&key, &name, call.now))?;
    Ok(json!({}))
}

pub(super) fn delete_stream(call: &Context<'_>) -> Result<Value, AwsError> {
    let (key, name) = stream(call)?;
    call.base.change_logs(|store| store.delete_stream(&key, &name))?;
    Ok(json!({}))
}

pub(super) fn put_retention(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Group = call.body()?;
    let key = input::named(call, asked.log_group_name)?;
    let days = required(asked.retention_in_days, "retentionInDays")?;
    call.base.change_logs(|store| store.set_retention(&key, Some(days)))?;
    Ok(json!({}))
}

pub(super) fn delete_retention(call: &Context<'_>) -> Result<Value, AwsError> {
    let key = input::named(call, call.body::<Group>()?.log_group_name)?;
    call.base.change_logs(|store| store.set_retention(&key, None))?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Described = call.body()?;
    let limit = input::limit(asked.limit, "limit", DESCRIBED, DESCRIBED)?;
    let class = input::one_of(asked.log_group_class, "logGroupClass", &CLASSES)?;
    if asked.log_group_name_prefix.is_some() && asked.log_group_name_pattern.is_some() {
        return Err(LogsError::PrefixWithPattern.into());
    }
    let prefix = asked.log_group_name_prefix;
    let prefix = prefix.map(|prefix| input::group_name(prefix, "logGroupNamePrefix"));
    let prefix = prefix.transpose()?.unwrap_or_default();
    let pattern = asked.log_group_name_pattern.unwrap_or_default();
    let mut named = Vec::new();
    for identifier in &asked.log_group_identifiers {
        named.push(input::identified(call, identifier, "logGroupIdentifiers")?);
    }
    let store = call.base.logs();
    let groups = store
        .groups(call.account()?, &call.region)
        .filter(|(key, _)| key.name.starts_with(&prefix) && key.name.contains(&pattern))
        .filter(|(key, _)| named.is_empty() || named.contains(key))
        .filter(|(_, group)| class.as_ref().is_none_or(|class| *class == group.class))
        .map(|(key, group)| (key.name.clone(), group_json(key, group)))
        .collect();
    input::page("logGroups", groups, limit, asked.next_token.as_deref())
}

fn group_json(key: &GroupKey, group: &LogGroup) -> Value {
    present(json!({
        "logGroupName": key.name,
        "creationTime": group.created_ms,
        "retentionInDays": group.retention_days,
        "metricFilterCount": 0,
        "arn": format!("{}:*", key.arn()),
        "storedBytes": group.stored_bytes(),
        "logGroupClass": group.class,
        "logGroupArn": key.arn(),
        "deletionProtectionEnabled": false,
    }))
}

/// FIDELITY: the pattern of ListLogGroups is taken as alternatives of texts, each with `^` for the beginning or without;
/// filters by tag, data source or index are not served.
pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Described = call.body()?;
    let limit = input::limit(asked.limit, "limit", LISTED, DESCRIBED)?;
    let class = input::one_of(asked.log_group_class, "logGroupClass", &CLASSES)?;
    let pattern = asked.log_group_name_pattern.unwrap_or_default();
    let matches = |name: &str| {
        pattern.split('|').any(|part| match part.strip_prefix('^') {
            Some(start) => name.starts_with(start),
            None => name.contains(part),
        })
    };
    let store = call.base.logs();
    let groups = store
        .groups(call.account()?, &call.region)
        .filter(|(key, _)| matches(&key.name))
        .filter(|(_, group)| class.as_ref().is_none_or(|class| *class == group.class))
        .map(|(key, group)| {
            let members = json!({
                "logGroupName": key.name,
                "logGroupArn": key.arn(),
                "logGroupClass": group.class,
            });
            (key.name.clone(), members)
        })
        .collect();
    input::page("logGroups", groups, limit, asked.next_token.as_deref())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribedStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn describe_streams(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: DescribedStreams = call.body()?;
    let key = input::named_or_identified(call, asked.log_group_name, asked.log_group_identifier)?;
    let limit = input::limit(asked.limit, "limit", DESCRIBED, DESCRIBED)?;
    let order = input::one_of(asked.order_by, "orderBy", &["LogStreamName", "LastEventTime"])?;
    let by_time = order.as_deref() == Some("LastEventTime");
    let prefix = asked.log_stream_name_prefix;
    let prefix = prefix.map(|prefix| input::stream_name(prefix, "logStreamNamePrefix"));
    let prefix = prefix.transpose()?;
    if by_time && prefix.is_some() {
        return Err(LogsError::OrderWithPrefix.into());
    }
    let prefix = prefix.unwrap_or_default();
    let store = call.base.logs();
    let mut streams: Vec<(&str, &LogStream)> = store
        .group(&key)?
        .streams()
        .filter(|(name, _)| name.starts_with(&prefix))
        .collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.last_event_ms());
    }
    if asked.descending {
        streams.reverse();
    }
    let streams = streams
        .into_iter()
        .map(|(name, stream)| (name.to_owned(), stream_json(&key, name, stream)))
        .collect();
    input::page("logStreams", streams, limit, asked.next_token.as_deref())
}

fn stream_json(key: &GroupKey, name: &str, stream: &LogStream) -> Value {
    present(json!({
        "logStreamName": name,
        "creationTime": stream.created_ms,
        "firstEventTimestamp": stream.first_event_ms(),
        "lastEventTimestamp": stream.last_event_ms(),
        "lastIngestionTime": stream.last_ingestion_ms(),
        "uploadSequenceToken": sequence_token(stream.last_sequence()),
        "arn": format!("{}:log-stream:{name}", key.arn()),
        // The service says 0 since 2019.
        "storedBytes": 0,
    }))
}

/// What the service still gives though it accepts any: 56 digits.
pub(super) fn sequence_token(sequence: u64) -> String {
    let timestamp_ms = 0;
    Position { timestamp_ms, sequence }.id()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tagged {
    resource_arn: Option<String>,
    log_group_name: Option<String>,
    /// Tags, or their keys for UntagLogGroup.
    tags: Option<Value>,
    tag_keys: Option<Value>,
}

impl Tagged {
    fn key(&self, call: &Context<'_>) -> Result<GroupKey, AwsError> {
        match (&self.resource_arn, &self.log_group_name) {
            (Some(arn), _) => input::identified(call, arn, "resourceArn"),
            (None, Some(name)) => input::named(call, Some(name.clone())),
            (None, None) => required(None, "resourceArn"),
        }
    }
}

/// A member that has another type in another operation.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, AwsError> {
    serde_json::from_value(value).map_err(|error| AwsError::new("SerializationException", 400, error.to_string()))
}

pub(super) fn list_tags(call: &Context<'_>) -> Result<Value, AwsError> {
    let key = call.body::<Tagged>()?.key(call)?;
    let store = call.base.logs();
    Ok(json!({"tags": store.group(&key)?.tags}))
}

pub(super) fn tag(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Tagged = call.body()?;
    let key = asked.key(call)?;
    let tags: BTreeMap<String, String> = typed(required(asked.tags, "tags")?)?;
    call.base.change_logs(|store| -> Result<(), LogsError> {
        let group = store.group_mut(&key)?;
        group.tags = input::merged_tags(group.tags.clone(), tags)?;
        Ok(())
    })?;
    Ok(json!({}))
}

pub(super) fn untag(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Tagged = call.body()?;
    let key = asked.key(call)?;
    let names: Vec<String> = typed(required(asked.tag_keys.or(asked.tags), "tagKeys")?)?;
    call.base.change_logs(|store| -> Result<(), LogsError> {
        store.group_mut(&key)?.tags.retain(|name, _| !names.contains(name));
        Ok(())
    })?;
    Ok(json!({}))
}
