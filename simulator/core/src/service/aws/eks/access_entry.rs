//! Access entries and their policies.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::cluster::access_policy::AccessPolicy;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AccessEntry;
use crate::cluster::eks::access_entry::AccessEntryChange;
use crate::cluster::eks::access_entry::AssociatedPolicy;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::cluster::eks::access_entry::policy_name;
use crate::cluster::eks::parameter::AccessScope;
use crate::cluster::eks::parameter::EntryType;
use crate::service::aws::Service;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;
use crate::value::arn::Partition;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    principal_arn: Option<String>,
    r#type: Option<String>,
    username: Option<String>,
    kubernetes_groups: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let asked: Create = call.body()?;
    let spec = NewAccessEntry {
        principal_arn: input::required(asked.principal_arn, "principalArn")?,
        entry_type: asked
            .r#type
            .map(|name| EntryType::parse(&name))
            .transpose()?
            .unwrap_or_default(),
        username: asked.username,
        groups: asked.kubernetes_groups.unwrap_or_default(),
        tags: asked.tags.unwrap_or_default(),
    };
    spec.check_shape()?;
    call.change(name, |cluster, directory, ids, now| {
        let entry = cluster.create_access_entry(spec, directory, ids, now)?;
        Ok(json!({"accessEntry": entry_json(&entry, cluster)}))
    })
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let cluster = call.cluster(name)?;
    let policy = call.request.query_value("associatedPolicyArn");
    let arns = cluster
        .list_access_entries(policy.as_deref())?
        .into_iter()
        .map(|entry| (entry.principal_arn.clone(), json!(entry.principal_arn)))
        .collect();
    input::page("accessEntries", arns, call.request)
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let principal_arn = call.label(1);

    let cluster = call.cluster(name)?;
    let entry = cluster.access_entry(principal_arn)?;
    Ok(json!({"accessEntry": entry_json(entry, &cluster)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    username: Option<String>,
    kubernetes_groups: Option<Vec<String>>,
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let principal_arn = call.label(1);

    let asked: Update = call.body()?;
    let change = AccessEntryChange {
        username: asked.username,
        groups: asked.kubernetes_groups,
    };
    change.check_shape()?;
    call.change(name, |cluster, _, _, now| {
        let entry = cluster.update_access_entry(principal_arn, change, now)?;
        Ok(json!({"accessEntry": entry_json(&entry, cluster)}))
    })
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let principal_arn = call.label(1);

    call.change(name, |cluster, _, _, _| {
        cluster.delete_access_entry(principal_arn)?;
        Ok(json!({}))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Associate {
    policy_arn: Option<String>,
    access_scope: Option<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    r#type: Option<String>,
    namespaces: Option<Vec<String>>,
}

pub(super) fn associate(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let principal_arn = call.label(1);

    let asked: Associate = call.body()?;
    let policy_arn = input::required(asked.policy_arn, "policyArn")?;
    let scope = input::required(asked.access_scope, "accessScope")?;
    policy_name(&policy_arn)?;
    let scope = AccessScope::new(
        &input::required(scope.r#type, "accessScope.type")?,
        scope.namespaces.unwrap_or_default(),
    )?;
    call.change(name, |cluster, _, _, now| {
        let associated = cluster.associate_access_policy(principal_arn, &policy_arn, scope, now)?;
        Ok(json!({
            "clusterName": cluster.name,
            "principalArn": principal_arn,
            "associatedAccessPolicy": associated_json(&associated, cluster),
        }))
    })
}

pub(super) fn list_associated(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let principal_arn = call.label(1);

    let cluster = call.cluster(name)?;
    let policies = cluster
        .access_entry(principal_arn)?
        .policies
        .iter()
        .map(|associated| (associated.policy.name.to_owned(), associated_json(associated, &cluster)))
        .collect();
    let mut answer = input::page("associatedAccessPolicies", policies, call.request)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("clusterName".to_owned(), json!(cluster.name));
        answer.insert("principalArn".to_owned(), json!(principal_arn));
    }
    Ok(answer)
}

pub(super) fn disassociate(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let principal_arn = call.label(1);
    let policy_arn = call.label(2);

    policy_name(policy_arn)?;
    call.change(name, |cluster, _, _, _| {
        cluster.disassociate_access_policy(principal_arn, policy_arn)?;
        Ok(json!({}))
    })
}

pub(super) fn list_policies(call: &Context<'_>) -> Result<Value, AwsError> {
    let partition = Partition::of_region(&call.region);
    let policies = AccessPolicy::all()
        .iter()
        .map(|policy| {
            let name = policy.name;
            (name.to_owned(), json!({"name": name, "arn": policy.arn(partition)}))
        })
        .collect();
    input::page("accessPolicies", policies, call.request)
}

fn entry_json(entry: &AccessEntry, cluster: &Cluster) -> Value {
    json!({
        "clusterName": cluster.name,
        "principalArn": entry.principal_arn,
        "kubernetesGroups": entry.groups,
        "accessEntryArn": entry.arn,
        "createdAt": time(Service::Eks, entry.created),
        "modifiedAt": time(Service::Eks, entry.modified),
        "tags": entry.tags,
        "username": entry.username,
        "type": entry.entry_type.as_str(),
    })
}

fn associated_json(associated: &AssociatedPolicy, cluster: &Cluster) -> Value {
    json!({
        "policyArn": associated.policy.arn(cluster.partition()),
        "accessScope": {"type": associated.scope.kind(), "namespaces": associated.scope.namespaces()},
        "associatedAt": time(Service::Eks, associated.associated),
        "modifiedAt": time(Service::Eks, associated.modified),
    })
}
