//! Tags of access entries. Other resources have none.

use std::collections::BTreeMap;

use eks_auth_core::eks::Cluster;
use eks_auth_core::eks::access_entry::AccessEntry;
use eks_auth_core::eks::error::EksError;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::aws::error::AwsError;
use crate::aws::operation::Context;

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let resource_arn = call.label(0);

    let world = call.state.snapshot();
    let entry = world
        .clusters
        .values()
        .filter(|cluster| call.sees(cluster))
        .find_map(|cluster| find(cluster, resource_arn))
        .ok_or_else(|| not_found(resource_arn))?;
    Ok(json!({"tags": entry.tags}))
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

    let keys: Vec<String> = call
        .request
        .query_pairs()
        .into_iter()
        .filter(|(name, _)| name == "tagKeys")
        .map(|(_, key)| key)
        .collect();
    change(call, resource_arn, |tags| tags.retain(|key, _| !keys.contains(key)))
}

fn change(
    call: &Context<'_>,
    resource_arn: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>),
) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let name = world
        .clusters
        .iter()
        .filter(|(_, cluster)| call.sees(cluster))
        .find(|(_, cluster)| find(cluster, resource_arn).is_some())
        .map(|(name, _)| name)
        .ok_or_else(|| not_found(resource_arn))?;
    call.change(name, |cluster, _, _, _| {
        let principal_arn = find(cluster, resource_arn)
            .map(|entry| entry.principal_arn.clone())
            .ok_or(EksError::NoAccessEntry)?;
        cluster.tag_access_entry(&principal_arn, change)?;
        Ok(json!({}))
    })
}

fn find<'a>(cluster: &'a Cluster, entry_arn: &str) -> Option<&'a AccessEntry> {
    let entries = cluster.access_entries();
    entries.iter().find(|entry| entry.arn == entry_arn).map(AsRef::as_ref)
}

/// FIDELITY: the text is our own, and clusters have no tags.
fn not_found(resource_arn: &str) -> AwsError {
    AwsError::new(
        "NotFoundException",
        404,
        format!("The resource {resource_arn} was not found"),
    )
}
