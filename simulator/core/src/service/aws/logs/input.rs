//! Members of inputs: what the model allows, and which group is meant.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::logs::cloudwatch_logs::GroupKey;
use crate::logs::cloudwatch_logs::error::LogsError;
use crate::logs::filter_pattern::FilterPattern;
use crate::service::aws::error::AwsError;
use crate::service::aws::input::page_of;
use crate::service::aws::input::required;
use crate::service::aws::operation::Context;
use crate::value::arn::AccountId;
use crate::value::constraint::of_length;
use crate::value::constraint::of_value;

/// The longest name of a group or a stream.
const NAME_CHARS: usize = 512;
/// The longest filter pattern.
const PATTERN_CHARS: usize = 1024;
/// How many streams a call can name.
const STREAM_NAMES: usize = 100;
/// How many tags a group can have.
const TAGS: usize = 50;

/// A member that breaks a rule of the model.
pub(super) fn constraint(member: &'static str, value: impl ToString, constraint: impl Into<String>) -> AwsError {
    let (value, constraint) = (value.to_string(), constraint.into());
    LogsError::Constraint {
        member,
        value,
        constraint,
    }
    .into()
}

/// A text that is neither shorter nor longer than that, in characters.
pub(super) fn text(value: String, member: &'static str, least: usize, most: usize) -> Result<String, AwsError> {
    match of_length(value.chars().count(), least, most) {
        Some(wanted) => Err(constraint(member, value, wanted)),
        None => Ok(value),
    }
}

/// A list that is neither shorter nor longer than that.
pub(super) fn list<T>(items: Vec<T>, member: &'static str, least: usize, most: usize) -> Result<Vec<T>, AwsError> {
    let Some(wanted) = of_length(items.len(), least, most) else {
        return Ok(items);
    };
    // FIDELITY: the service shows the list, which here may be of a thousand long texts.
    let shown = if items.is_empty() { "[]" } else { "[...]" };
    Err(constraint(member, shown, wanted))
}

/// A group's name, or the beginning of one.
pub(super) fn group_name(name: String, member: &'static str) -> Result<String, AwsError> {
    let name = text(name, member, 1, NAME_CHARS)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#".contains(c)) {
        return Ok(name);
    }
    let wanted = r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";
    Err(constraint(member, name, wanted))
}

/// A stream's name, or the beginning of one.
pub(super) fn stream_name(name: String, member: &'static str) -> Result<String, AwsError> {
    let name = text(name, member, 1, NAME_CHARS)?;
    if name.contains([':', '*']) {
        let wanted = "Member must satisfy regular expression pattern: [^:*]*";
        return Err(constraint(member, name, wanted));
    }
    Ok(name)
}

/// Names of streams.
pub(super) fn stream_names(names: Vec<String>, member: &'static str) -> Result<Vec<String>, AwsError> {
    let names = list(names, member, 0, STREAM_NAMES)?;
    names.into_iter().map(|name| stream_name(name, member)).collect()
}

/// A number from 1 to `most`; `default` where absent.
pub(super) fn limit(value: Option<i64>, member: &'static str, most: usize, default: usize) -> Result<usize, AwsError> {
    let Some(value) = value else {
        return Ok(default);
    };
    let bound = i64::try_from(most).unwrap_or(i64::MAX);
    match of_value(value, 1, bound) {
        Some(wanted) => Err(constraint(member, value, wanted)),
        None => Ok(usize::try_from(value).unwrap_or(most)),
    }
}

/// One of the words that the model knows.
pub(super) fn one_of(value: Option<String>, member: &'static str, known: &[&str]) -> Result<Option<String>, AwsError> {
    match value {
        Some(value) if !known.contains(&value.as_str()) => {
            let wanted = format!("Member must satisfy enum value set: [{}]", known.join(", "));
            Err(constraint(member, value, wanted))
        }
        value => Ok(value),
    }
}

/// A filter pattern; an absent one matches everything.
pub(super) fn pattern(value: Option<String>, member: &'static str) -> Result<FilterPattern, AwsError> {
    let value = text(value.unwrap_or_default(), member, 0, PATTERN_CHARS)?;
    Ok(FilterPattern::parse(&value).map_err(LogsError::from)?)
}

/// The tags that a group has when those of an input are added.
pub(super) fn merged_tags(
    mut tags: BTreeMap<String, String>,
    more: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, LogsError> {
    tags.extend(more);
    if tags.len() > TAGS {
        return Err(LogsError::TooManyTags);
    }
    Ok(tags)
}

/// The key of a group of the caller, by its name.
pub(super) fn named(call: &Context<'_>, name: Option<String>) -> Result<GroupKey, AwsError> {
    let name = required(name, "logGroupName")?;
    key(call, group_name(name, "logGroupName")?)
}

fn key(call: &Context<'_>, name: String) -> Result<GroupKey, AwsError> {
    Ok(GroupKey {
        account: call.account()?.clone(),
        region: call.region.clone(),
        name,
    })
}

/// Region, account and name in a group's ARN, which may end with `:*`.
fn parse_arn(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(7, ':');
    if parts.next()? != "arn" {
        return None;
    }
    let (_partition, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    let (account, kind, name) = (parts.next()?, parts.next()?, parts.next()?);
    let name = name.strip_suffix(":*").unwrap_or(name);
    ((service, kind) == ("logs", "log-group")).then_some((region, account, name))
}

/// The key of a group, by its name or its ARN; those of other accounts and regions are not there.
pub(super) fn identified(call: &Context<'_>, identifier: &str, member: &'static str) -> Result<GroupKey, AwsError> {
    if !identifier.starts_with("arn:") {
        return key(call, group_name(identifier.to_owned(), member)?);
    }
    let (region, account, name) = parse_arn(identifier)
        .ok_or_else(|| constraint(member, identifier, "Member must be the name or the ARN of a log group"))?;
    let key = key(call, group_name(name.to_owned(), member)?)?;
    let is_own = key.region == region && AccountId::parse(account).is_ok_and(|account| account == key.account);
    if is_own {
        Ok(key)
    } else {
        Err(LogsError::NoSuchGroup.into())
    }
}

/// The key of the group that exactly one of two members names.
pub(super) fn named_or_identified(
    call: &Context<'_>,
    name: Option<String>,
    identifier: Option<String>,
) -> Result<GroupKey, AwsError> {
    match (name, identifier) {
        (Some(_), Some(_)) => Err(conflict("logGroupName", "logGroupIdentifier")),
        (None, Some(identifier)) => identified(call, &identifier, "logGroupIdentifier"),
        (name, None) => named(call, name),
    }
}

/// Two members of which only one can be there.
pub(super) fn conflict(one: &'static str, other: &'static str) -> AwsError {
    LogsError::Conflict { one, other }.into()
}

/// A page of an answer.
pub(super) fn page(
    list: &str,
    items: Vec<(String, Value)>,
    limit: usize,
    token: Option<&str>,
) -> Result<Value, AwsError> {
    page_of(list, items, limit, token).ok_or_else(|| LogsError::InvalidToken.into())
}

/// The members by which inputs name groups and streams.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    #[serde(default)]
    log_group_names: Vec<String>,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    log_stream_name: Option<String>,
    resource_arn: Option<String>,
}

/// The resource of a call as AWS names it in refusals: `log-group:GROUP:log-stream:STREAM`, where both can be empty. Of
/// several groups it is the first.
pub(super) fn resource(call: &Context<'_>) -> String {
    let Ok(account) = call.account() else {
        return "*".to_owned();
    };
    let named: Named = call.body().unwrap_or_default();
    let groups = [named.log_group_name, named.log_group_identifier, named.resource_arn];
    let groups = groups.into_iter().flatten();
    let group = groups
        .chain(named.log_group_names)
        .chain(named.log_group_identifiers)
        .next()
        .unwrap_or_default();
    let key = GroupKey {
        account: account.clone(),
        region: call.region.clone(),
        name: parse_arn(&group).map_or(group.as_str(), |(_, _, name)| name).to_owned(),
    };
    format!("{}:log-stream:{}", key.arn(), named.log_stream_name.unwrap_or_default())
}
