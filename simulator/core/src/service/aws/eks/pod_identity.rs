//! Pod identity associations.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::pod_identity::AssociationChange;
use crate::cluster::eks::pod_identity::PodIdentityAssociation;
use crate::service::aws::Service;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    namespace: Option<String>,
    service_account: Option<String>,
    role_arn: Option<String>,
    target_role_arn: Option<String>,
    disable_session_tags: Option<bool>,
    policy: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let asked: Change = call.body()?;
    let namespace = input::required(asked.namespace, "namespace")?;
    let service_account = input::required(asked.service_account, "serviceAccount")?;
    let spec = AssociationChange {
        role_arn: Some(input::required(asked.role_arn, "roleArn")?),
        target_role_arn: asked.target_role_arn,
        disable_session_tags: asked.disable_session_tags,
        policy: asked.policy,
    };
    let tags = asked.tags.unwrap_or_default();
    call.change(name, |cluster, _, ids, now| {
        let made = cluster.create_pod_identity_association(namespace, service_account, spec, tags, ids, now)?;
        Ok(json!({"association": association_json(&made, cluster)}))
    })
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let cluster = call.cluster(name)?;
    let wanted = |parameter: &str, value: &str| {
        let wanted = call.request.query_value(parameter);
        wanted.is_none_or(|wanted| wanted == value)
    };
    let associations = cluster
        .pod_identity_associations()
        .filter(|known| wanted("namespace", &known.namespace) && wanted("serviceAccount", &known.service_account))
        .map(|known| {
            let value = json!({
                "clusterName": cluster.name,
                "namespace": known.namespace,
                "serviceAccount": known.service_account,
                "associationArn": known.arn,
                "associationId": known.id,
            });
            (known.id.clone(), value)
        })
        .collect();
    input::page("associations", associations, call.request)
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let id = call.label(1);

    let cluster = call.cluster(name)?;
    let found = cluster.pod_identity_association(id)?;
    Ok(json!({"association": association_json(found, &cluster)}))
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let id = call.label(1);

    let asked: Change = call.body()?;
    let change = AssociationChange {
        role_arn: asked.role_arn,
        target_role_arn: asked.target_role_arn,
        disable_session_tags: asked.disable_session_tags,
        policy: asked.policy,
    };
    call.change(name, |cluster, _, _, now| {
        let changed = cluster.update_pod_identity_association(id, change, now)?;
        Ok(json!({"association": association_json(&changed, cluster)}))
    })
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let id = call.label(1);

    call.change(name, |cluster, _, _, _| {
        let removed = cluster.delete_pod_identity_association(id)?;
        Ok(json!({"association": association_json(&removed, cluster)}))
    })
}

fn association_json(association: &PodIdentityAssociation, cluster: &Cluster) -> Value {
    let value = json!({
        "clusterName": cluster.name,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "roleArn": association.role_arn,
        "associationArn": association.arn,
        "associationId": association.id,
        "tags": association.tags,
        "createdAt": time(Service::Eks, association.created),
        "modifiedAt": time(Service::Eks, association.modified),
        "disableSessionTags": association.disable_session_tags,
        "targetRoleArn": association.target_role_arn,
        "policy": association.policy,
    });
    input::present(value)
}
