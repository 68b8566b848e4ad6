//! The ARNs that policies name, by the Service Authorization Reference's table of EKS.

use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::resource_of_absent;
use crate::service::aws::operation::Context;
use crate::value::arn::Partition;

/// Of actions that have none.
pub(super) fn none(_: &Context<'_>) -> String {
    "*".to_owned()
}

/// The cluster of the path's first label.
pub(super) fn cluster(call: &Context<'_>) -> String {
    arn(call, &format!("cluster/{}", call.label(0)))
}

/// The cluster that is to be made.
pub(super) fn new_cluster(call: &Context<'_>) -> String {
    let body: serde_json::Value = call.body().unwrap_or_default();
    let name = body.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
    arn(call, &format!("cluster/{name}"))
}

/// The access entry of the path's second label. One that is not there has no id, and `*` in its place.
pub(super) fn access_entry(call: &Context<'_>) -> String {
    let principal = call.label(1);
    found(call, |cluster| {
        let entry = cluster.access_entries().get(principal)?;
        Some(entry.arn.clone())
    })
    .unwrap_or_else(|| arn(call, &resource_of_absent(call.label(0), principal)))
}

/// The add-on of the path's second label.
pub(super) fn addon(call: &Context<'_>) -> String {
    found(call, |cluster| Some(cluster.addon(call.label(1)).ok()?.arn.clone())).unwrap_or_else(|| of(call, "addon"))
}

/// The Fargate profile of the path's second label.
pub(super) fn fargate_profile(call: &Context<'_>) -> String {
    of(call, "fargateprofile")
}

/// The node group of the path's second label.
pub(super) fn nodegroup(call: &Context<'_>) -> String {
    found(call, |cluster| Some(cluster.nodegroup(call.label(1)).ok()?.arn.clone()))
        .unwrap_or_else(|| of(call, "nodegroup"))
}

/// The pod identity association of the path's second label.
pub(super) fn association(call: &Context<'_>) -> String {
    arn(
        call,
        &format!("podidentityassociation/{}/{}", call.label(0), call.label(1)),
    )
}

/// The resource that the path's first label names.
pub(super) fn tagged(call: &Context<'_>) -> String {
    call.label(0).to_owned()
}

fn of(call: &Context<'_>, kind: &str) -> String {
    arn(call, &format!("{kind}/{}/{}/*", call.label(0), call.label(1)))
}

fn found(call: &Context<'_>, find: impl FnOnce(&Cluster) -> Option<String>) -> Option<String> {
    call.cluster(call.label(0)).ok().and_then(|cluster| find(&cluster))
}

fn arn(call: &Context<'_>, resource: &str) -> String {
    let account = call.account().map(ToString::to_string).unwrap_or_default();
    format!(
        "arn:{}:eks:{}:{account}:{resource}",
        Partition::of_region(&call.region),
        call.region
    )
}
