//! EKS add-ons, as far as they are listed, made and changed. None of them does anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Cluster;
use super::error::EksError;
use super::parameter::TAGS;
use super::update::AddonParam;
use super::update::UpdateKind;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// The add-ons that a small cluster has.
pub(crate) const OF_A_SMALL_CLUSTER: [&str; 3] = ["coredns", "kube-proxy", "vpc-cni"];

/// An add-on that EKS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddonRelease {
    /// Its name.
    pub name: &'static str,
    /// What it is: the API's `type`.
    pub kind: &'static str,
    /// Its versions, the default first.
    pub versions: &'static [&'static str],
    /// Where it runs.
    pub namespace: &'static str,
}

/// The add-ons that can be made, by name.
///
/// FIDELITY: EKS has some dozens, each in many versions; these are the common ones, with two versions of 2025 each.
pub const RELEASES: [AddonRelease; 6] = [
    AddonRelease {
        name: "aws-ebs-csi-driver",
        kind: "storage",
        versions: &["v1.44.0-eksbuild.1", "v1.43.0-eksbuild.1"],
        namespace: "kube-system",
    },
    AddonRelease {
        name: "coredns",
        kind: "networking",
        versions: &["v1.11.4-eksbuild.14", "v1.11.4-eksbuild.2"],
        namespace: "kube-system",
    },
    AddonRelease {
        name: "eks-pod-identity-agent",
        kind: "security",
        versions: &["v1.3.7-eksbuild.2", "v1.3.4-eksbuild.1"],
        namespace: "kube-system",
    },
    AddonRelease {
        name: "kube-proxy",
        kind: "networking",
        versions: &["v1.32.3-eksbuild.7", "v1.32.0-eksbuild.2"],
        namespace: "kube-system",
    },
    AddonRelease {
        name: "metrics-server",
        kind: "observability",
        versions: &["v0.7.2-eksbuild.4", "v0.7.2-eksbuild.1"],
        namespace: "kube-system",
    },
    AddonRelease {
        name: "vpc-cni",
        kind: "networking",
        versions: &["v1.19.5-eksbuild.3", "v1.19.2-eksbuild.1"],
        namespace: "kube-system",
    },
];

/// A pod of an add-on that needs rights in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddonIdentity {
    /// Its service account.
    pub service_account: &'static str,
    /// What its role is to have.
    pub policies: &'static [&'static str],
}

/// What can be configured of an add-on, by its members' names and their types in JSON Schema.
const CONFIGURATION: &[(&str, &[(&str, &str)])] = &[
    (
        "aws-ebs-csi-driver",
        &[
            ("controller", "object"),
            ("defaultStorageClass", "object"),
            ("node", "object"),
            ("sidecars", "object"),
        ],
    ),
    (
        "coredns",
        &[
            ("affinity", "object"),
            ("autoScaling", "object"),
            ("computeType", "string"),
            ("corefile", "string"),
            ("nodeSelector", "object"),
            ("podAnnotations", "object"),
            ("podDisruptionBudget", "object"),
            ("podLabels", "object"),
            ("replicaCount", "integer"),
            ("resources", "object"),
            ("tolerations", "array"),
            ("topologySpreadConstraints", "array"),
        ],
    ),
    (
        "eks-pod-identity-agent",
        &[
            ("affinity", "object"),
            ("agent", "object"),
            ("priorityClassName", "string"),
            ("resources", "object"),
            ("tolerations", "array"),
        ],
    ),
    (
        "kube-proxy",
        &[
            ("ipvs", "object"),
            ("mode", "string"),
            ("podAnnotations", "object"),
            ("podLabels", "object"),
            ("resources", "object"),
        ],
    ),
    (
        "metrics-server",
        &[
            ("affinity", "object"),
            ("nodeSelector", "object"),
            ("replicas", "integer"),
            ("resources", "object"),
            ("tolerations", "array"),
        ],
    ),
    (
        "vpc-cni",
        &[
            ("affinity", "object"),
            ("enableNetworkPolicy", "string"),
            ("eniConfig", "object"),
            ("env", "object"),
            ("init", "object"),
            ("nodeAgent", "object"),
            ("podAnnotations", "object"),
            ("resources", "object"),
            ("tolerations", "array"),
        ],
    ),
];

/// DescribeAddonConfiguration: the JSON Schema of an add-on's configuration, as text, and its pods that need rights.
///
/// FIDELITY: a schema names the members that are common and their types; EKS's goes down to each field and allows no other.
/// A configuration is taken as it comes, so that the schema here allows others.
///
/// # Errors
/// [`EksError::UnknownAddon`].
pub fn configuration(name: &str, asked: &str) -> Result<(String, &'static [AddonIdentity]), EksError> {
    version(name, Some(asked))?;
    let known = CONFIGURATION.iter().find(|(known, _)| *known == name);
    let members = known.map_or(&[][..], |(_, members)| members);
    let properties: Map<String, Value> = members
        .iter()
        .map(|(member, kind)| ((*member).to_owned(), json!({"type": kind})))
        .collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-06/schema#",
        "description": name,
        "properties": properties,
        "type": "object",
    });
    Ok((schema.to_string(), identities(name)))
}

/// Source: EKS User Guide, "AWS add-ons".
fn identities(name: &str) -> &'static [AddonIdentity] {
    match name {
        "aws-ebs-csi-driver" => &[AddonIdentity {
            service_account: "ebs-csi-controller-sa",
            policies: &["arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"],
        }],
        "vpc-cni" => &[AddonIdentity {
            service_account: "aws-node",
            policies: &["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
        }],
        _ => &[],
    }
}

/// The version of an add-on: the one that is asked for, or the default.
fn version(name: &str, asked: Option<&str>) -> Result<&'static str, EksError> {
    let release = RELEASES.iter().find(|release| release.name == name);
    let mut versions = release.map_or(&[][..], |release| release.versions).iter();
    versions
        .find(|version| asked.is_none_or(|asked| asked == **version))
        .copied()
        .ok_or(EksError::UnknownAddon)
}

/// An add-on of a cluster.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Addon {
    /// Its name.
    pub name: String,
    /// Its own ARN.
    pub arn: String,
    /// Its version.
    pub version: String,
    /// The role of its service account.
    pub service_account_role_arn: Option<String>,
    /// Its configuration, as text.
    pub configuration_values: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// As given.
    pub tags: BTreeMap<String, String>,
}

/// What CreateAddon and UpdateAddon are asked for; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddonChange {
    /// Its version; the default where absent at first.
    pub version: Option<String>,
    /// The role of its service account.
    pub service_account_role_arn: Option<String>,
    /// Its configuration.
    pub configuration_values: Option<String>,
}

impl Cluster {
    /// Its add-ons, by name.
    pub fn addons(&self) -> impl Iterator<Item = &Arc<Addon>> {
        self.addons.values()
    }

    /// DescribeAddon.
    ///
    /// # Errors
    /// [`EksError::NoSuchAddon`].
    pub fn addon(&self, name: &str) -> Result<&Arc<Addon>, EksError> {
        self.addons.get(name).ok_or_else(|| EksError::NoSuchAddon {
            cluster: self.name.clone(),
            name: name.to_owned(),
        })
    }

    /// CreateAddon.
    ///
    /// # Errors
    /// [`EksError::UnknownAddon`], [`EksError::TooManyTags`], [`EksError::AddonExists`].
    pub fn create_addon(
        &mut self,
        name: &str,
        spec: AddonChange,
        tags: BTreeMap<String, String>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Addon>, EksError> {
        let version = version(name, spec.version.as_deref())?;
        if tags.len() > TAGS {
            return Err(EksError::TooManyTags);
        }
        if self.addons.contains_key(name) {
            return Err(EksError::AddonExists);
        }
        let addon = Arc::new(Addon {
            name: name.to_owned(),
            arn: self.resource_arn("addon", &format!("{name}/{}", ids.uuid())),
            version: version.to_owned(),
            service_account_role_arn: spec.service_account_role_arn,
            configuration_values: spec.configuration_values,
            created: now,
            modified: now,
            tags,
        });
        self.addons.insert(name.to_owned(), Arc::clone(&addon));
        Ok(addon)
    }

    /// UpdateAddon.
    ///
    /// # Errors
    /// [`EksError::NoSuchAddon`], [`EksError::UnknownAddon`].
    pub fn update_addon(
        &mut self,
        name: &str,
        change: AddonChange,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<(), EksError> {
        let mut addon = Addon::clone(self.addon(name)?);
        let mut params = Vec::new();
        if let Some(asked) = change.version {
            version(name, Some(&asked))?;
            params.push((AddonParam::Version, asked.clone()));
            addon.version = asked;
        }
        if let Some(role) = change.service_account_role_arn {
            params.push((AddonParam::ServiceAccountRoleArn, role.clone()));
            addon.service_account_role_arn = Some(role);
        }
        if let Some(values) = change.configuration_values {
            params.push((AddonParam::ConfigurationValues, values.clone()));
            addon.configuration_values = Some(values);
        }
        addon.modified = now;
        self.addons.insert(name.to_owned(), Arc::new(addon));
        let name = name.to_owned();
        self.record_update(UpdateKind::Addon { name, params }, ids, now);
        Ok(())
    }

    /// DeleteAddon.
    ///
    /// # Errors
    /// [`EksError::NoSuchAddon`].
    pub fn delete_addon(&mut self, name: &str) -> Result<Arc<Addon>, EksError> {
        let found = Arc::clone(self.addon(name)?);
        self.addons.remove(name);
        Ok(found)
    }
}
