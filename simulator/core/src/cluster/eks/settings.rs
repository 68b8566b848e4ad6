//! What a cluster is made of beside its name and its access: network, role, support, and what is only kept and shown.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::Cluster;
use super::error::EksError;
use super::objects;
use super::parameter::AccessConfig;
use super::parameter::IpFamily;
use super::parameter::LogType;
use super::parameter::OtherSetting;
use super::parameter::SupportType;
use super::parameter::TAGS;
use super::parameter::VpcConfig;
use super::update::UpdateKind;
use crate::value::arn::Arn;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// The Kubernetes release of a cluster for which none is asked.
pub const DEFAULT_VERSION: &str = "1.32";
/// The releases that can be asked for, oldest first.
///
/// FIDELITY: what EKS supports changes every few months. The API that is served is that of [`DEFAULT_VERSION`], whatever
/// a cluster is called.
pub const VERSIONS: [&str; 6] = ["1.29", "1.30", "1.31", "1.32", "1.33", "1.34"];
/// EKS's limit of a cluster's name.
const NAME_LENGTH: usize = 100;
/// Where a public endpoint is reached from where nothing else is said.
const EVERYWHERE: &str = "0.0.0.0/0";

/// Whether EKS gives a cluster this name: 1 to 100 letters, digits, dashes and underscores, of which the first is a letter or
/// a digit. Source: `name` of [CreateCluster](https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html).
#[must_use]
pub fn is_cluster_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=NAME_LENGTH).contains(&name.len())
        && name.chars().all(allowed)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// A change of a cluster's network; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VpcChange {
    /// See [`VpcConfig::subnet_ids`].
    pub subnet_ids: Option<Vec<String>>,
    /// See [`VpcConfig::security_group_ids`].
    pub security_group_ids: Option<Vec<String>>,
    /// See [`VpcConfig::endpoint_public_access`].
    pub endpoint_public_access: Option<bool>,
    /// See [`VpcConfig::endpoint_private_access`].
    pub endpoint_private_access: Option<bool>,
    /// See [`VpcConfig::public_access_cidrs`].
    pub public_access_cidrs: Option<Vec<String>>,
}

/// What a cluster is made of.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ClusterSettings {
    /// The role that EKS assumes.
    pub role_arn: String,
    /// Its network.
    pub vpc: VpcConfig,
    /// The range of its services.
    pub service_ipv4_cidr: String,
    /// The family of its addresses.
    pub ip_family: IpFamily,
    /// How long its release is supported.
    pub support_type: SupportType,
    /// Whether it cannot be deleted.
    pub deletion_protection: bool,
    /// Members of the API's Cluster that are kept and shown, but mean nothing here, by name, such as `encryptionConfig`.
    pub others: BTreeMap<String, Value>,
}

impl ClusterSettings {
    /// Those of a cluster of which nothing was said.
    pub(super) fn unsaid(role_arn: String, subnet_ids: Vec<String>) -> Self {
        Self {
            role_arn,
            vpc: VpcConfig {
                subnet_ids,
                security_group_ids: Vec::new(),
                endpoint_public_access: true,
                endpoint_private_access: false,
                public_access_cidrs: vec![EVERYWHERE.to_owned()],
            },
            service_ipv4_cidr: objects::SERVICE_CIDR.to_owned(),
            ip_family: IpFamily::V4,
            support_type: SupportType::Extended,
            deletion_protection: false,
            others: BTreeMap::new(),
        }
    }
}

/// What CreateCluster is asked for; absent is what the caller leaves to EKS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterRequest {
    /// 1 to 100 letters, digits, dashes and underscores, the first a letter or a digit.
    pub name: String,
    /// One of [`VERSIONS`].
    pub version: Option<String>,
    /// The role that EKS is to assume.
    pub role_arn: String,
    /// Its network.
    pub vpc: VpcChange,
    /// The range of its services.
    pub service_ipv4_cidr: Option<String>,
    /// The family of its addresses.
    pub ip_family: IpFamily,
    /// How it lets people in.
    pub access: AccessConfig,
    /// The logs that are written from the beginning.
    pub logging: BTreeSet<LogType>,
    /// How long its release is supported.
    pub support_type: SupportType,
    /// Whether it cannot be deleted.
    pub deletion_protection: bool,
    /// Whether EKS puts CoreDNS, kube-proxy and the VPC CNI into it.
    pub bootstrap_self_managed_addons: bool,
    /// At most 50.
    pub tags: BTreeMap<String, String>,
    /// See [`ClusterSettings::others`].
    pub others: BTreeMap<String, Value>,
}

impl ClusterRequest {
    /// What EKS checks before it looks at what is there.
    ///
    /// FIDELITY: neither the role nor the subnets are looked for; EKS refuses a role that it cannot assume, and subnets
    /// that are not there or lie in one zone.
    ///
    /// # Errors
    /// In this order: [`EksError::InvalidClusterName`], [`EksError::UnsupportedVersion`],
    /// [`EksError::InvalidRoleArn`], [`EksError::TooFewSubnets`], [`EksError::TooManyTags`],
    /// [`EksError::CreatorNotAdmin`].
    pub fn check_shape(&self) -> Result<(), EksError> {
        if !is_cluster_name(&self.name) {
            return Err(EksError::InvalidClusterName);
        }
        if self
            .version
            .as_deref()
            .is_some_and(|version| !VERSIONS.contains(&version))
        {
            return Err(EksError::UnsupportedVersion);
        }
        check_role_arn(&self.role_arn)?;
        if self.vpc.subnet_ids.as_ref().is_none_or(|subnets| subnets.len() < 2) {
            return Err(EksError::TooFewSubnets);
        }
        if self.tags.len() > TAGS {
            return Err(EksError::TooManyTags);
        }
        self.access.check()?;
        Ok(())
    }

    /// The settings of a cluster that is made so.
    pub(super) fn settings(&self) -> ClusterSettings {
        let mut settings = ClusterSettings::unsaid(self.role_arn.clone(), Vec::new());
        settings.vpc = self.vpc.clone().on(&settings.vpc);
        if let Some(cidr) = &self.service_ipv4_cidr {
            settings.service_ipv4_cidr.clone_from(cidr);
        }
        settings.ip_family = self.ip_family;
        settings.support_type = self.support_type;
        settings.deletion_protection = self.deletion_protection;
        settings.others.clone_from(&self.others);
        settings
    }
}

/// Whether a text is the ARN of a role.
///
/// # Errors
/// [`EksError::InvalidRoleArn`].
pub(super) fn check_role_arn(arn: &str) -> Result<(), EksError> {
    Arn::parse(arn)
        .ok()
        .filter(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
        .map(|_| ())
        .ok_or(EksError::InvalidRoleArn)
}

impl VpcChange {
    fn on(self, vpc: &VpcConfig) -> VpcConfig {
        let old = vpc.clone();
        VpcConfig {
            subnet_ids: self.subnet_ids.unwrap_or(old.subnet_ids),
            security_group_ids: self.security_group_ids.unwrap_or(old.security_group_ids),
            endpoint_public_access: self.endpoint_public_access.unwrap_or(old.endpoint_public_access),
            endpoint_private_access: self.endpoint_private_access.unwrap_or(old.endpoint_private_access),
            public_access_cidrs: self
                .public_access_cidrs
                .filter(|cidrs| !cidrs.is_empty())
                .unwrap_or(old.public_access_cidrs),
        }
    }
}

/// The operations of the EKS API on settings. Each leaves the cluster as it was when it refuses.
impl Cluster {
    /// What it is made of.
    #[must_use]
    pub fn settings(&self) -> &ClusterSettings {
        &self.settings
    }

    /// UpdateClusterVersion: to the next minor release.
    ///
    /// # Errors
    /// [`EksError::UnsupportedVersion`], [`EksError::UnsupportedVersionUpdate`].
    pub fn update_version(&mut self, to: &str, ids: &mut IdGenerator, now: Timestamp) -> Result<(), EksError> {
        let place = |version: &str| VERSIONS.iter().position(|known| *known == version);
        let to_place = place(to).ok_or(EksError::UnsupportedVersion)?;
        if place(&self.version).map(|from| from + 1) != Some(to_place) {
            return Err(EksError::UnsupportedVersionUpdate {
                from: self.version.clone(),
                to: to.to_owned(),
            });
        }
        to.clone_into(&mut self.version);
        self.record_update(UpdateKind::Version(to.to_owned()), ids, now);
        Ok(())
    }

    /// Changes how the endpoint is reached, or the subnets and security groups.
    ///
    /// # Errors
    /// [`EksError::NoVpcChange`], [`EksError::TooFewSubnets`].
    pub fn update_vpc(&mut self, change: VpcChange, ids: &mut IdGenerator, now: Timestamp) -> Result<(), EksError> {
        let vpc = change.on(&self.settings.vpc);
        if vpc == self.settings.vpc {
            return Err(EksError::NoVpcChange {
                private: vpc.endpoint_private_access,
                public: vpc.endpoint_public_access,
                cidrs: vpc.public_access_cidrs,
            });
        }
        if vpc.subnet_ids.len() < 2 {
            return Err(EksError::TooFewSubnets);
        }
        let moved = vpc.subnet_ids != self.settings.vpc.subnet_ids
            || vpc.security_group_ids != self.settings.vpc.security_group_ids;
        let kind = if moved {
            UpdateKind::Vpc(vpc.clone())
        } else {
            UpdateKind::EndpointAccess(vpc.clone())
        };
        self.note_subnets(&vpc.subnet_ids);
        self.settings.vpc = vpc;
        self.record_update(kind, ids, now);
        Ok(())
    }

    /// Changes how long the release is supported. To set what is set is an update like another.
    pub fn update_support_type(&mut self, to: SupportType, ids: &mut IdGenerator, now: Timestamp) {
        self.settings.support_type = to;
        self.record_update(UpdateKind::SupportType(to), ids, now);
    }

    /// Protects it from deletion, or no more. To set what is set is an update like another.
    pub fn update_deletion_protection(&mut self, to: bool, ids: &mut IdGenerator, now: Timestamp) {
        self.settings.deletion_protection = to;
        self.record_update(UpdateKind::DeletionProtection(to), ids, now);
    }

    /// Sets one of [`ClusterSettings::others`].
    pub fn update_other(&mut self, kind: OtherSetting, value: Value, ids: &mut IdGenerator, now: Timestamp) {
        self.settings.others.insert(kind.member().to_owned(), value.clone());
        self.record_update(UpdateKind::Other(kind, value), ids, now);
    }
}
