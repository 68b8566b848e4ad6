//! Queries of Logs Insights.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::logs::cloudwatch_logs::GroupKey;
use crate::logs::cloudwatch_logs::error::LogsError;
use crate::logs::cloudwatch_logs::query::FinishedQuery;
use crate::logs::cloudwatch_logs::query::QueryDefinition;
use crate::logs::cloudwatch_logs::read::Range;
use crate::logs::insights::MAX_QUERY_CHARS;
use crate::logs::insights::Query;
use crate::service::aws::error::AwsError;
use crate::service::aws::input::required;
use crate::service::aws::operation::Context;
use crate::service::call::Effect;

/// How many groups a query can be run over.
const GROUPS: usize = 50;
/// The model's bound of the number of rows of a query.
const ROWS: usize = 100_000;
/// How many rows a page of results has at most.
const PAGE: usize = 10_000;
/// The model's bound of the number of queries in an answer, and its default.
const LISTED: usize = 1000;
/// The longest name of a saved query.
const NAME_CHARS: usize = 255;
/// The states of the model.
const STATES: [&str; 7] = [
    "Scheduled",
    "Running",
    FinishedQuery::COMPLETE,
    "Failed",
    "Cancelled",
    FinishedQuery::TIMEOUT,
    "Unknown",
];
/// Numbers from here on are milliseconds: as seconds, they would be of the year 5138.
const FIRST_MILLIS: i64 = 100_000_000_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    query_language: Option<String>,
    log_group_name: Option<String>,
    log_group_names: Option<Vec<String>>,
    log_group_identifiers: Option<Vec<String>>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    query_string: Option<String>,
    limit: Option<i64>,
}

impl Start {
    fn keys(&self, call: &Context<'_>) -> Result<Vec<GroupKey>, AwsError> {
        let named = |name: &String| input::named(call, Some(name.clone()));
        let identified = |name: &String| input::identified(call, name, "logGroupIdentifiers");
        let keys = match (&self.log_group_name, &self.log_group_names, &self.log_group_identifiers) {
            (Some(name), None, None) => named(name).map(|key| vec![key]),
            (None, Some(names), None) => names.iter().map(named).collect(),
            (None, None, Some(names)) => names.iter().map(identified).collect(),
            _ => Err(LogsError::ExactlyOne("logGroupName, logGroupNames, logGroupIdentifiers").into()),
        };
        let mut keys: Vec<GroupKey> = input::list(keys?, "logGroupNames", 1, GROUPS)?;
        keys.sort();
        keys.dedup();
        Ok(keys)
    }
}

/// The events of a time range that is in seconds, both ends inside.
///
/// FIDELITY: times in milliseconds are taken as well, as users say that the service does.
fn range(start: i64, end: i64) -> Range {
    let millis = |time: i64, seconds: i64| {
        if time < FIRST_MILLIS {
            time.saturating_add(seconds).saturating_mul(1000)
        } else {
            time.saturating_add(seconds)
        }
    };
    Range {
        start_ms: Some(millis(start, 0)),
        end_ms: Some(millis(end, 1)),
    }
}

pub(super) fn start(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Start = call.body()?;
    let language = input::one_of(asked.query_language.clone(), "queryLanguage", &["CWLI", "SQL", "PPL"])?;
    if let Some(language) = language.filter(|language| language != "CWLI") {
        let what = format!("queryLanguage {language}");
        return Err(LogsError::Unserved { what }.into());
    }
    let keys = asked.keys(call)?;
    let text = required(asked.query_string, "queryString")?;
    let start = required(asked.start_time, "startTime")?;
    let range = range(start, required(asked.end_time, "endTime")?);
    let limit = asked.limit.map(|limit| input::limit(Some(limit), "limit", ROWS, ROWS));
    let limit = limit.transpose()?;
    let store = call.base.logs();
    for key in &keys {
        store.group(key)?;
    }
    let query = Query::parse(&text).map_err(LogsError::from)?;
    let finished = FinishedQuery {
        id: call.base.request_id(),
        account: call.account()?.clone(),
        region: call.region.clone(),
        results: store.run_query(&query, &keys, range, limit, call.now)?,
        text,
        groups: keys.into_iter().map(|key| key.name).collect(),
        caller: call.caller()?.identity().arn.clone(),
        created_ms: call.now.unix_millis(),
    };
    let answer = json!({"queryId": finished.id});
    call.base.effect(Effect::KeepQuery(finished));
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfQuery {
    query_id: Option<String>,
    next_token: Option<String>,
    max_items: Option<i64>,
}

pub(super) fn results(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: OfQuery = call.body()?;
    let id = required(asked.query_id, "queryId")?;
    // The model's least is 0, which is taken as the default.
    let items = asked.max_items.filter(|items| *items != 0);
    let limit = input::limit(items, "maxItems", PAGE, PAGE)?;
    let start: usize = match &asked.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| LogsError::InvalidToken)?,
    };
    let store = call.base.logs();
    let query = store.queries.find(call.account()?, &call.region, &id)?;
    let all = &query.results.rows;
    let rows: Vec<Value> = all
        .iter()
        .skip(start)
        .take(limit)
        .map(|row| {
            let cells = row.iter();
            cells
                .map(|(field, value)| json!({"field": field, "value": value}))
                .collect()
        })
        .collect();
    let next = start.saturating_add(rows.len());
    let statistics = query.results.statistics;
    Ok(json!({
        "queryLanguage": "CWLI",
        "results": rows,
        "statistics": {
            "recordsMatched": statistics.records_matched as f64,
            "recordsScanned": statistics.records_scanned as f64,
            "estimatedRecordsSkipped": 0.0,
            "bytesScanned": statistics.bytes_scanned as f64,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": query.groups.len() as f64,
        },
        "status": query.status(),
        "nextToken": (next < all.len()).then(|| next.to_string()),
    }))
}

pub(super) fn stop(call: &Context<'_>) -> Result<Value, AwsError> {
    let id = required(call.body::<OfQuery>()?.query_id, "queryId")?;
    let store = call.base.logs();
    store.queries.find(call.account()?, &call.region, &id)?;
    Err(LogsError::QueryEnded { id }.into())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    log_group_name: Option<String>,
    status: Option<String>,
    query_definition_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Listed = call.body()?;
    let limit = input::limit(asked.max_results, "maxResults", LISTED, LISTED)?;
    let status = input::one_of(asked.status, "status", &STATES)?;
    let group = asked.log_group_name;
    let store = call.base.logs();
    let queries = store
        .queries
        .of(call.account()?, &call.region)
        .filter(|query| group.as_ref().is_none_or(|group| query.groups.contains(group)))
        .filter(|query| status.as_ref().is_none_or(|status| status == query.status()))
        .map(|query| {
            let members = json!({
                "queryLanguage": "CWLI",
                "queryId": query.id,
                "queryString": query.text,
                "status": query.status(),
                "createTime": query.created_ms,
                "logGroupName": query.groups.first(),
                "queryDuration": 0,
                "bytesScanned": query.results.statistics.bytes_scanned as f64,
                "userIdentity": query.caller,
            });
            (query.id.clone(), members)
        })
        .collect();
    input::page("queries", queries, limit, asked.next_token.as_deref())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    query_definition_id: Option<String>,
    name: Option<String>,
    query_string: Option<String>,
    #[serde(default)]
    log_group_names: Vec<String>,
}

pub(super) fn put_definition(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Definition = call.body()?;
    let text = required(asked.query_string, "queryString")?;
    let definition = QueryDefinition {
        name: input::text(required(asked.name, "name")?, "name", 1, NAME_CHARS)?,
        text: input::text(text, "queryString", 1, MAX_QUERY_CHARS)?,
        groups: asked.log_group_names,
        modified_ms: call.now.unix_millis(),
    };
    let account = call.account()?;
    let new_id = call.base.request_id();
    let id = call.base.change_logs(|store| {
        let queries = &mut store.queries;
        let id = match asked.query_definition_id {
            None => new_id,
            Some(id) if queries.definitions(account, &call.region).any(|(known, _)| known == id) => id,
            Some(_) => return Err(LogsError::NoSuchQueryDefinition),
        };
        queries.define(account, &call.region, &id, definition)?;
        Ok(id)
    })?;
    Ok(json!({"queryDefinitionId": id}))
}

pub(super) fn describe_definitions(call: &Context<'_>) -> Result<Value, AwsError> {
    let asked: Listed = call.body()?;
    let limit = input::limit(asked.max_results, "maxResults", LISTED, LISTED)?;
    let prefix = asked.query_definition_name_prefix.unwrap_or_default();
    let store = call.base.logs();
    let definitions = store
        .queries
        .definitions(call.account()?, &call.region)
        .filter(|(_, definition)| definition.name.starts_with(&prefix))
        .map(|(id, definition)| {
            let members = json!({
                "queryLanguage": "CWLI",
                "queryDefinitionId": id,
                "name": definition.name,
                "queryString": definition.text,
                "lastModified": definition.modified_ms,
                "logGroupNames": definition.groups,
            });
            (id.to_owned(), members)
        })
        .collect();
    input::page("queryDefinitions", definitions, limit, asked.next_token.as_deref())
}

pub(super) fn delete_definition(call: &Context<'_>) -> Result<Value, AwsError> {
    let id = required(call.body::<Definition>()?.query_definition_id, "queryDefinitionId")?;
    let account = call.account()?;
    call.base
        .change_logs(|store| store.queries.forget(account, &call.region, &id))?;
    Ok(json!({"success": true}))
}
