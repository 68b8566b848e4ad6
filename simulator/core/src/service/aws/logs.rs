//! CloudWatch Logs: groups, streams and events, queries, and live tails.

mod event;
mod group;
mod input;
mod live_tail;
mod query;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;

pub(super) const OPERATIONS: &[Operation] = &[
    on_group("CreateLogGroup", group::create),
    on_group("CreateLogStream", group::create_stream),
    on_group("DeleteLogGroup", group::delete),
    on_group("DeleteLogStream", group::delete_stream),
    on_nothing("DeleteQueryDefinition", query::delete_definition),
    on_group("DeleteRetentionPolicy", group::delete_retention),
    on_group("DescribeLogGroups", group::describe),
    on_group("DescribeLogStreams", group::describe_streams),
    on_nothing("DescribeQueries", query::describe),
    on_nothing("DescribeQueryDefinitions", query::describe_definitions),
    on_group("FilterLogEvents", event::filter),
    on_group("GetLogEvents", event::get),
    on_group("GetLogGroupFields", event::fields),
    on_nothing("GetLogRecord", event::record),
    on_nothing("GetQueryResults", query::results),
    on_group("ListLogGroups", group::list),
    on_group("ListTagsForResource", group::list_tags),
    on_group("ListTagsLogGroup", group::list_tags),
    on_group("PutLogEvents", event::put),
    on_nothing("PutQueryDefinition", query::put_definition),
    on_group("PutRetentionPolicy", group::put_retention),
    Operation {
        name: "StartLiveTail",
        route: "",
        access: Access::Permission(input::resource),
        answer: Work::Whole(live_tail::start),
    },
    on_group("StartQuery", query::start),
    on_nothing("StopQuery", query::stop),
    on_group("TagLogGroup", group::tag),
    on_group("TagResource", group::tag),
    on_nothing("TestMetricFilter", event::test_filter),
    on_group("UntagLogGroup", group::untag),
    on_group("UntagResource", group::untag),
];

/// An operation whose resource is the group, or the stream, that the input names.
const fn on_group(name: &'static str, answer: fn(&Context<'_>) -> Result<Value, AwsError>) -> Operation {
    Operation {
        name,
        route: "",
        access: Access::Permission(input::resource),
        answer: Work::Members(answer),
    }
}

/// An operation that has no resource.
const fn on_nothing(name: &'static str, answer: fn(&Context<'_>) -> Result<Value, AwsError>) -> Operation {
    Operation {
        name,
        route: "",
        access: Access::Permission(|_| "*".to_owned()),
        answer: Work::Members(answer),
    }
}
