//! Tags of clusters and of what they have.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let resource_arn = call.label(0);

    let world = call.base.world();
    let tags = world
        .clusters
        .values()
        .filter(|cluster| call.sees(cluster))
        .find_map(|cluster| cluster.tags_of(resource_arn))
        .ok_or_else(|| not_found(resource_arn))?;
    Ok(json!({"tags": tags}))
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<BTreeMap<String, String>>,
}

pub(super) fn tag(call: &Context<'_>) -> Result<Value, AwsError> {
    let resource_arn = call.label(0);

    let asked: Tags = call.body()?;
    let new = input::required(asked.tags, "tags")?;
    change(call, resource_arn, |tags| tags.extend(new))
}

pub(super) fn untag(call: &Context<'_>) -> Result<Value, AwsError> {
    let resource_arn = call.label(0);

    let keys = input::query_list(call.request, "tagKeys");
    change(call, resource_arn, |tags| tags.retain(|key, _| !keys.contains(key)))
}

fn change(
    call: &Context<'_>,
    resource_arn: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<Value, AwsError> {
    let world = call.base.world();
    let name = world
        .clusters
        .iter()
        .filter(|(_, cluster)| call.sees(cluster))
        .find(|(_, cluster)| cluster.tags_of(resource_arn).is_some())
        .map(|(name, _)| name)
        .ok_or_else(|| not_found(resource_arn))?;
    call.change(name, |cluster, _, _, _| {
        cluster.change_tags(resource_arn, change)?;
        Ok(json!({}))
    })
}

/// FIDELITY: the text is our own.
fn not_found(resource_arn: &str) -> AwsError {
    AwsError::new(
        "NotFoundException",
        404,
        format!("The resource {resource_arn} was not found"),
    )
}
