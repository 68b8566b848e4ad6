//! What parameters of the EKS API can be, under the API's names.
//!
//! What EKS refuses of them is said where they are asked for: `access_entry.rs` and `settings.rs`.

use serde::Deserialize;
use serde::Serialize;

/// The model's bound of a TagMap.
pub(super) const TAGS: usize = 50;

/// Where a cluster's mappings come from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum AuthenticationMode {
    /// Access entries alone.
    Api,
    /// Access entries, then `aws-auth`.
    ApiAndConfigMap,
    /// The hidden mapping of the creator, then `aws-auth`: the default of the API.
    #[default]
    ConfigMap,
}

impl AuthenticationMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Api, Self::ApiAndConfigMap, Self::ConfigMap];

    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "API",
            Self::ApiAndConfigMap => "API_AND_CONFIG_MAP",
            Self::ConfigMap => "CONFIG_MAP",
        }
    }

    /// The mode of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }

    /// Whether access entries are looked at.
    #[must_use]
    pub fn has_access_entries(self) -> bool {
        self != Self::ConfigMap
    }

    /// Whether `aws-auth` is looked at.
    #[must_use]
    pub fn reads_aws_auth(self) -> bool {
        self != Self::Api
    }
}

/// What a cluster is to be told of access when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessConfig {
    /// Where mappings come from.
    pub authentication_mode: AuthenticationMode,
    /// Whether the creator becomes an administrator (`bootstrapClusterCreatorAdminPermissions`).
    pub bootstrap_creator_admin: bool,
}

impl Default for AccessConfig {
    fn default() -> Self {
        Self {
            authentication_mode: AuthenticationMode::ConfigMap,
            bootstrap_creator_admin: true,
        }
    }
}

/// What an entry is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum EntryType {
    /// Nodes of EKS Auto Mode.
    Ec2,
    /// Self-managed Linux nodes.
    Ec2Linux,
    /// Self-managed Windows nodes.
    Ec2Windows,
    /// Fargate.
    FargateLinux,
    /// Hybrid nodes.
    HybridLinux,
    /// SageMaker HyperPod.
    HyperpodLinux,
    /// People and pipelines.
    #[default]
    Standard,
}

impl EntryType {
    /// Every type.
    pub const ALL: [Self; 7] = [
        Self::Ec2,
        Self::Ec2Linux,
        Self::Ec2Windows,
        Self::FargateLinux,
        Self::HybridLinux,
        Self::HyperpodLinux,
        Self::Standard,
    ];

    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Ec2Linux => "EC2_LINUX",
            Self::Ec2Windows => "EC2_WINDOWS",
            Self::FargateLinux => "FARGATE_LINUX",
            Self::HybridLinux => "HYBRID_LINUX",
            Self::HyperpodLinux => "HYPERPOD_LINUX",
            Self::Standard => "STANDARD",
        }
    }
}

/// Where a policy of an entry holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum AccessScope {
    /// Everywhere.
    Cluster,
    /// In namespaces of these names, in which `*` stands for any text.
    Namespaces(Vec<String>),
}

impl AccessScope {
    /// The API's name of its type.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Namespaces(_) => "namespace",
        }
    }

    /// The patterns of namespaces; none for the cluster.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        match self {
            Self::Cluster => &[],
            Self::Namespaces(namespaces) => namespaces,
        }
    }
}

/// A log of the control plane.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum LogType {
    /// Of the API server.
    Api,
    /// What was asked of the API server.
    Audit,
    /// Of the authenticator.
    Authenticator,
    /// Of the controller manager.
    ControllerManager,
    /// Of the scheduler.
    Scheduler,
}

impl LogType {
    /// Every type, in the API's order.
    pub const ALL: [Self; 5] = [
        Self::Api,
        Self::Audit,
        Self::Authenticator,
        Self::ControllerManager,
        Self::Scheduler,
    ];

    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Audit => "audit",
            Self::Authenticator => "authenticator",
            Self::ControllerManager => "controllerManager",
            Self::Scheduler => "scheduler",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|log| log.as_str() == name)
    }
}

/// The family of a cluster's pod and service addresses.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum IpFamily {
    /// IPv4.
    #[default]
    V4,
    /// IPv6.
    V6,
}

impl IpFamily {
    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    /// The family of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::V4, Self::V6].into_iter().find(|family| family.as_str() == name)
    }
}

/// How long a release is supported for a cluster.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum SupportType {
    /// Into extended support: the API's default.
    #[default]
    Extended,
    /// Upgraded when standard support ends.
    Standard,
}

impl SupportType {
    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extended => "EXTENDED",
            Self::Standard => "STANDARD",
        }
    }

    /// The type of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Extended, Self::Standard]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// A cluster's network. None of it decides who reaches the simulated API.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct VpcConfig {
    /// At least two.
    pub subnet_ids: Vec<String>,
    /// Beside the cluster's own.
    pub security_group_ids: Vec<String>,
    /// Whether the endpoint is reached from anywhere.
    pub endpoint_public_access: bool,
    /// Whether the endpoint is reached inside the VPC.
    pub endpoint_private_access: bool,
    /// From where the public endpoint is reached.
    pub public_access_cidrs: Vec<String>,
}

/// A setting that is kept and shown only, and can be changed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum OtherSetting {
    /// Nodes that EKS Auto Mode runs.
    Compute,
    /// The size of the control plane.
    ControlPlaneScaling,
    /// Networks of hybrid nodes.
    RemoteNetwork,
    /// Volumes that EKS Auto Mode makes.
    Storage,
    /// Away from a zone that is impaired.
    ZonalShift,
}

impl OtherSetting {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Compute,
        Self::ControlPlaneScaling,
        Self::RemoteNetwork,
        Self::Storage,
        Self::ZonalShift,
    ];

    /// The member of the API.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Compute => "computeConfig",
            Self::ControlPlaneScaling => "controlPlaneScalingConfig",
            Self::RemoteNetwork => "remoteNetworkConfig",
            Self::Storage => "storageConfig",
            Self::ZonalShift => "zonalShiftConfig",
        }
    }

    /// The API's name of an update, and of its parameter.
    #[must_use]
    pub fn update(self) -> (&'static str, &'static str) {
        match self {
            Self::Compute => ("AutoModeUpdate", "ComputeConfig"),
            Self::ControlPlaneScaling => ("ControlPlaneScalingConfigUpdate", "UpdatedTier"),
            Self::RemoteNetwork => ("RemoteNetworkConfigUpdate", "RemoteNetworkConfig"),
            Self::Storage => ("AutoModeUpdate", "StorageConfig"),
            Self::ZonalShift => ("ZonalShiftConfigUpdate", "ZonalShiftConfig"),
        }
    }
}
