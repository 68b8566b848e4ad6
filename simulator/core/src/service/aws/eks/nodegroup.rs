//! Node groups, and Fargate profiles, of which there are none.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::cluster::newest_update;
use super::input;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::nodegroup::NewNodegroup;
use crate::cluster::eks::nodegroup::Nodegroup;
use crate::cluster::eks::nodegroup::NodegroupChange;
use crate::cluster::eks::nodegroup::Taint;
use crate::service::aws::Service;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

/// Members of a node group that are kept and shown as they come.
const KEPT: [&str; 12] = [
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "labels",
    "launchTemplate",
    "nodeRepairConfig",
    "releaseVersion",
    "remoteAccess",
    "scalingConfig",
    "taints",
    "updateConfig",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    nodegroup_name: Option<String>,
    node_role: Option<String>,
    subnets: Option<Vec<String>>,
    version: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let asked: Create = call.body()?;
    let spec = NewNodegroup {
        name: input::required(asked.nodegroup_name, "nodegroupName")?,
        version: asked.version,
        node_role: input::required(asked.node_role, "nodeRole")?,
        subnets: input::required(asked.subnets, "subnets")?,
        others: input::kept(asked.others, &KEPT),
        tags: asked.tags.unwrap_or_default(),
    };
    call.change(name, |cluster, directory, ids, now| {
        let nodegroup = cluster.create_nodegroup(spec, directory, ids, now)?;
        Ok(json!({"nodegroup": nodegroup_json(&nodegroup, cluster, "CREATING")}))
    })
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let cluster = call.cluster(name)?;
    let names = cluster
        .nodegroups()
        .map(|nodegroup| (nodegroup.name.clone(), json!(nodegroup.name)))
        .collect();
    input::page("nodegroups", names, call.request)
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let nodegroup = call.label(1);

    let cluster = call.cluster(name)?;
    let nodegroup = cluster.nodegroup(nodegroup)?;
    Ok(json!({"nodegroup": nodegroup_json(nodegroup, &cluster, "ACTIVE")}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    taints: Taints,
    scaling_config: Option<BTreeMap<String, u64>>,
    update_config: Option<BTreeMap<String, Value>>,
    node_repair_config: Option<Value>,
    warm_pool_config: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Labels {
    add_or_update_labels: BTreeMap<String, String>,
    remove_labels: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Taints {
    add_or_update_taints: Vec<Taint>,
    remove_taints: Vec<Taint>,
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let nodegroup = call.label(1);

    let asked: Update = call.body()?;
    if asked.warm_pool_config.is_some() {
        let message = "eks-auth-sim does not serve warmPoolConfig";
        return Err(AwsError::new("InvalidParameterException", 400, message).says_unserved());
    }
    let change = NodegroupChange {
        labels_to_add: asked.labels.add_or_update_labels,
        labels_to_remove: asked.labels.remove_labels,
        taints_to_add: asked.taints.add_or_update_taints,
        taints_to_remove: asked.taints.remove_taints,
        scaling: asked.scaling_config.unwrap_or_default(),
        update: asked.update_config.unwrap_or_default(),
        node_repair: asked.node_repair_config,
    };
    call.change(name, |cluster, _, ids, now| {
        cluster.update_nodegroup(nodegroup, change, ids, now)?;
        newest_update(cluster)
    })
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let nodegroup = call.label(1);

    call.change(name, |cluster, _, _, _| {
        let nodegroup = cluster.delete_nodegroup(nodegroup)?;
        Ok(json!({"nodegroup": nodegroup_json(&nodegroup, cluster, "DELETING")}))
    })
}

pub(super) fn list_fargate_profiles(call: &Context<'_>) -> Result<Value, AwsError> {
    call.cluster(call.label(0))?;
    input::page("fargateProfileNames", Vec::new(), call.request)
}

pub(super) fn describe_fargate_profile(call: &Context<'_>) -> Result<Value, AwsError> {
    call.cluster(call.label(0))?;
    let name = call.label(1).to_owned();
    Err(EksError::NoSuchFargateProfile { name }.into())
}

fn nodegroup_json(nodegroup: &Nodegroup, cluster: &Cluster, status: &str) -> Value {
    let group = nodegroup.arn.rsplit('/').next().unwrap_or_default();
    let mut value = json!({
        "nodegroupName": nodegroup.name,
        "nodegroupArn": nodegroup.arn,
        "clusterName": cluster.name,
        "version": nodegroup.version,
        "releaseVersion": format!("{}.5-20250620", nodegroup.version),
        "createdAt": time(Service::Eks, nodegroup.created),
        "modifiedAt": time(Service::Eks, nodegroup.modified.unwrap_or(nodegroup.created)),
        "status": status,
        "nodeRole": nodegroup.node_role,
        "subnets": nodegroup.subnets,
        "resources": {"autoScalingGroups": [{"name": format!("eks-{}-{group}", nodegroup.name)}]},
        "health": {"issues": []},
        "tags": nodegroup.tags,
    });
    if let Some(members) = value.as_object_mut() {
        members.extend(nodegroup.others.clone());
    }
    value
}
