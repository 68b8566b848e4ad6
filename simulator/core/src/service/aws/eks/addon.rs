//! Add-ons.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::cluster::newest_update;
use super::input;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::addon;
use crate::cluster::eks::addon::Addon;
use crate::cluster::eks::addon::AddonChange;
use crate::cluster::eks::addon::RELEASES;
use crate::cluster::eks::settings::VERSIONS;
use crate::service::aws::Service;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    addon_name: Option<String>,
    addon_version: Option<String>,
    service_account_role_arn: Option<String>,
    configuration_values: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

impl Change {
    fn split(self) -> (Option<String>, AddonChange, BTreeMap<String, String>) {
        let change = AddonChange {
            version: self.addon_version,
            service_account_role_arn: self.service_account_role_arn,
            configuration_values: self.configuration_values,
        };
        (self.addon_name, change, self.tags.unwrap_or_default())
    }
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let (addon, spec, tags) = call.body::<Change>()?.split();
    let addon = input::required(addon, "addonName")?;
    call.change(name, |cluster, _, ids, now| {
        let addon = cluster.create_addon(&addon, spec, tags, ids, now)?;
        Ok(json!({"addon": addon_json(&addon, cluster, "CREATING")}))
    })
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let cluster = call.cluster(name)?;
    let names = cluster
        .addons()
        .map(|addon| (addon.name.clone(), json!(addon.name)))
        .collect();
    input::page("addons", names, call.request)
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let addon = call.label(1);

    let cluster = call.cluster(name)?;
    Ok(json!({"addon": addon_json(cluster.addon(addon)?, &cluster, "ACTIVE")}))
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let addon = call.label(1);

    let (_, change, _) = call.body::<Change>()?.split();
    call.change(name, |cluster, _, ids, now| {
        cluster.update_addon(addon, change, ids, now)?;
        newest_update(cluster)
    })
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let addon = call.label(1);

    call.change(name, |cluster, _, _, _| {
        let addon = cluster.delete_addon(addon)?;
        Ok(json!({"addon": addon_json(&addon, cluster, "DELETING")}))
    })
}

pub(super) fn versions(call: &Context<'_>) -> Result<Value, AwsError> {
    let wanted = |name: &str| call.request.query_value(name).filter(|text| !text.is_empty());
    let (addon, release) = (wanted("addonName"), wanted("kubernetesVersion"));
    let addons = RELEASES
        .iter()
        .filter(|known| addon.as_deref().is_none_or(|addon| addon == known.name))
        .map(|known| {
            let releases = VERSIONS
                .iter()
                .filter(|version| release.as_deref().is_none_or(|release| release == **version));
            let versions: Vec<Value> = known
                .versions
                .iter()
                .enumerate()
                .map(|(at, version)| {
                    let compatibilities = releases.clone().map(|release| {
                        json!({"clusterVersion": release, "platformVersions": ["*"], "defaultVersion": at == 0})
                    });
                    json!({
                        "addonVersion": version,
                        "architecture": ["amd64", "arm64"],
                        "computeTypes": ["ec2", "auto", "hybrid"],
                        "compatibilities": compatibilities.collect::<Vec<_>>(),
                        "requiresConfiguration": false,
                        "requiresIamPermissions": matches!(known.name, "aws-ebs-csi-driver" | "vpc-cni"),
                    })
                })
                .collect();
            let value = json!({
                "addonName": known.name,
                "type": known.kind,
                "addonVersions": versions,
                "publisher": "eks",
                "owner": "aws",
                "defaultNamespace": known.namespace,
            });
            (known.name.to_owned(), value)
        })
        .collect();
    input::page("addons", addons, call.request)
}

pub(super) fn configuration(call: &Context<'_>) -> Result<Value, AwsError> {
    let wanted = |name: &str| input::required(call.request.query_value(name), name);
    let (name, version) = (wanted("addonName")?, wanted("addonVersion")?);
    let (schema, identities) = addon::configuration(&name, &version)?;
    let identities: Vec<Value> = identities
        .iter()
        .map(|identity| {
            json!({
                "serviceAccount": identity.service_account,
                "recommendedManagedPolicies": identity.policies,
            })
        })
        .collect();
    Ok(json!({
        "addonName": name,
        "addonVersion": version,
        "configurationSchema": schema,
        "podIdentityConfiguration": identities,
    }))
}

fn addon_json(addon: &Addon, cluster: &Cluster, status: &str) -> Value {
    let value = json!({
        "addonName": addon.name,
        "clusterName": cluster.name,
        "status": status,
        "addonVersion": addon.version,
        "health": {"issues": []},
        "addonArn": addon.arn,
        "createdAt": time(Service::Eks, addon.created),
        "modifiedAt": time(Service::Eks, addon.modified),
        "serviceAccountRoleArn": addon.service_account_role_arn,
        "configurationValues": addon.configuration_values,
        "tags": addon.tags,
    });
    input::present(value)
}
