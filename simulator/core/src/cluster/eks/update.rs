//! Updates of a cluster: what was changed, and when.
//!
//! FIDELITY: an update is done at once. The call that asks for it answers `InProgress`, as EKS does; from then on it is
//! `Successful`, and the cluster never shows `UPDATING`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::Cluster;
use super::error::EksError;
use super::parameter::AuthenticationMode;
use super::parameter::LogType;
use super::parameter::OtherSetting;
use super::parameter::SupportType;
use super::parameter::VpcConfig;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Log types that are to be on, or off.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LogSetup {
    /// Which.
    pub types: Vec<LogType>,
    /// Whether they are to be written.
    pub enabled: bool,
}

/// What was changed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum UpdateKind {
    /// Where mappings come from.
    AccessConfig(AuthenticationMode),
    /// Which logs are written.
    Logging(Vec<LogSetup>),
    /// The version and the role of an add-on, by its name.
    Addon {
        /// The add-on.
        name: String,
        /// What was asked for: parameters of the API.
        params: Vec<(AddonParam, String)>,
    },
    /// Whether it can be deleted.
    DeletionProtection(bool),
    /// A node group, by its name.
    Nodegroup {
        /// The node group.
        name: String,
        /// What was asked for: parameters of the API.
        params: Vec<(NodegroupParam, String)>,
    },
    /// How the endpoint is reached.
    EndpointAccess(VpcConfig),
    /// What is kept and shown only.
    Other(OtherSetting, Value),
    /// How long the release is supported.
    SupportType(SupportType),
    /// The release.
    Version(String),
    /// Subnets and security groups.
    Vpc(VpcConfig),
}

/// A parameter of an add-on's update.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum AddonParam {
    /// Its configuration.
    ConfigurationValues,
    /// The role of its service account.
    ServiceAccountRoleArn,
    /// Its version.
    Version,
}

impl AddonParam {
    fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationValues => "ConfigurationValues",
            Self::ServiceAccountRoleArn => "ServiceAccountRoleArn",
            Self::Version => "AddonVersion",
        }
    }
}

/// A parameter of a node group's update.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum NodegroupParam {
    /// How many nodes there are to be.
    DesiredSize,
    /// Labels to set.
    LabelsToAdd,
    /// Labels to take away.
    LabelsToRemove,
    /// At most so many nodes.
    MaxSize,
    /// How many nodes may be away during an update.
    MaxUnavailable,
    /// The same in percent.
    MaxUnavailablePercentage,
    /// At least so many nodes.
    MinSize,
    /// How nodes are repaired.
    NodeRepairConfig,
    /// Taints to set.
    TaintsToAdd,
    /// Taints to take away.
    TaintsToRemove,
    /// How nodes are replaced.
    UpdateStrategy,
}

impl NodegroupParam {
    fn as_str(self) -> &'static str {
        match self {
            Self::DesiredSize => "DesiredSize",
            Self::LabelsToAdd => "LabelsToAdd",
            Self::LabelsToRemove => "LabelsToRemove",
            Self::MaxSize => "MaxSize",
            Self::MaxUnavailable => "MaxUnavailable",
            Self::MaxUnavailablePercentage => "MaxUnavailablePercentage",
            Self::MinSize => "MinSize",
            Self::NodeRepairConfig => "NodeRepairConfig",
            Self::TaintsToAdd => "TaintsToAdd",
            Self::TaintsToRemove => "TaintsToRemove",
            Self::UpdateStrategy => "UpdateStrategy",
        }
    }
}

/// An update.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ClusterUpdate {
    /// A UUID.
    pub id: String,
    /// What was changed.
    pub kind: UpdateKind,
    /// When.
    pub created: Timestamp,
}

impl ClusterUpdate {
    /// The add-on that was changed, where it was not the cluster itself.
    #[must_use]
    pub fn addon(&self) -> Option<&str> {
        match &self.kind {
            UpdateKind::Addon { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The node group that was changed, where it was one.
    #[must_use]
    pub fn nodegroup(&self) -> Option<&str> {
        match &self.kind {
            UpdateKind::Nodegroup { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The API's name of what was changed.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            UpdateKind::AccessConfig(_) => "AccessConfigUpdate",
            UpdateKind::Addon { .. } => "AddonUpdate",
            UpdateKind::DeletionProtection(_) => "DeletionProtectionUpdate",
            UpdateKind::EndpointAccess(_) => "EndpointAccessUpdate",
            UpdateKind::Logging(_) => "LoggingUpdate",
            UpdateKind::Nodegroup { .. } => "ConfigUpdate",
            UpdateKind::Other(setting, _) => setting.update().0,
            UpdateKind::SupportType(_) => "UpgradePolicyUpdate",
            UpdateKind::Version(_) => "VersionUpdate",
            UpdateKind::Vpc(_) => "VpcConfigUpdate",
        }
    }

    /// The parameters: type and value.
    #[must_use]
    pub fn params(&self) -> Vec<(&'static str, String)> {
        match &self.kind {
            UpdateKind::AccessConfig(mode) => vec![("AuthenticationMode", mode.as_str().to_owned())],
            UpdateKind::Addon { params, .. } => {
                let params = params.iter();
                params.map(|(param, value)| (param.as_str(), value.clone())).collect()
            }
            UpdateKind::DeletionProtection(protected) => vec![("DeletionProtection", protected.to_string())],
            UpdateKind::EndpointAccess(vpc) => vec![
                ("EndpointPublicAccess", vpc.endpoint_public_access.to_string()),
                ("EndpointPrivateAccess", vpc.endpoint_private_access.to_string()),
                ("PublicAccessCidrs", json!(vpc.public_access_cidrs).to_string()),
            ],
            UpdateKind::Nodegroup { params, .. } => {
                let params = params.iter();
                params.map(|(param, value)| (param.as_str(), value.clone())).collect()
            }
            UpdateKind::Other(setting, value) => vec![(setting.update().1, value.to_string())],
            UpdateKind::SupportType(kind) => {
                vec![("UpgradePolicy", json!({"supportType": kind.as_str()}).to_string())]
            }
            UpdateKind::Version(version) => vec![("Version", version.clone())],
            UpdateKind::Vpc(vpc) => vec![
                ("Subnets", json!(vpc.subnet_ids).to_string()),
                ("SecurityGroups", json!(vpc.security_group_ids).to_string()),
            ],
            UpdateKind::Logging(setups) => {
                // Written by hand to keep the order of EKS's members.
                let setups: Vec<String> = setups
                    .iter()
                    .map(|setup| {
                        let types: Vec<String> =
                            setup.types.iter().map(|log| format!("\"{}\"", log.as_str())).collect();
                        format!("{{\"types\":[{}],\"enabled\":{}}}", types.join(","), setup.enabled)
                    })
                    .collect();
                vec![(
                    "ClusterLogging",
                    format!("{{\"clusterLogging\":[{}]}}", setups.join(",")),
                )]
            }
        }
    }
}

impl Cluster {
    /// The logs that are written.
    #[must_use]
    pub fn logging(&self) -> &BTreeSet<LogType> {
        &self.logging
    }

    /// Has it write these logs, and no others, as it was made to.
    pub fn begin_logging(&mut self, logs: impl IntoIterator<Item = LogType>) {
        self.logging = logs.into_iter().collect();
    }

    /// Its updates, oldest first.
    #[must_use]
    pub fn updates(&self) -> impl DoubleEndedIterator<Item = &ClusterUpdate> {
        self.updates.iter()
    }

    /// DescribeUpdate.
    ///
    /// # Errors
    /// [`EksError::NoSuchUpdate`].
    pub fn update(&self, id: &str) -> Result<&ClusterUpdate, EksError> {
        self.updates
            .iter()
            .find(|update| update.id == id)
            .ok_or_else(|| EksError::NoSuchUpdate { id: id.to_owned() })
    }

    /// Switches logs on and off.
    ///
    /// # Errors
    /// [`EksError::NoLoggingChange`].
    pub fn update_logging(
        &mut self,
        setups: Vec<LogSetup>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<(), EksError> {
        let mut logging = self.logging.clone();
        for setup in &setups {
            for log in &setup.types {
                if setup.enabled {
                    logging.insert(*log);
                } else {
                    logging.remove(log);
                }
            }
        }
        if logging == self.logging {
            return Err(EksError::NoLoggingChange);
        }
        self.logging = logging;
        self.record_update(UpdateKind::Logging(setups), ids, now);
        Ok(())
    }

    pub(super) fn record_update(&mut self, kind: UpdateKind, ids: &mut IdGenerator, now: Timestamp) {
        self.updates.push_back(ClusterUpdate {
            id: ids.uuid(),
            kind,
            created: now,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn logs_are_switched_on_and_off() {
        let now = Timestamp::UNIX_EPOCH;
        let mut world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
        let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
        cluster.begin_logging([]);
        let setup = |types: &[LogType], enabled| LogSetup {
            types: types.to_vec(),
            enabled,
        };
        let both = vec![
            setup(&[LogType::Api, LogType::Authenticator], true),
            setup(&[LogType::Audit], false),
        ];
        cluster.update_logging(both.clone(), ids, now).unwrap();
        assert_eq!(
            cluster.logging().iter().copied().collect::<Vec<_>>(),
            [LogType::Api, LogType::Authenticator]
        );
        let update = cluster.updates().next().unwrap().clone();
        assert_eq!(update.type_name(), "LoggingUpdate");
        let value = r#"{"clusterLogging":[{"types":["api","authenticator"],"enabled":true},{"types":["audit"],"enabled":false}]}"#;
        assert_eq!(update.params(), [("ClusterLogging", value.to_owned())]);
        assert_eq!(cluster.update(&update.id), Ok(&update));
        assert_eq!(
            cluster.update_logging(both, ids, now).unwrap_err().to_string(),
            "No changes needed for the logging config provided"
        );
        cluster
            .update_logging(vec![setup(&LogType::ALL, false)], ids, now)
            .unwrap();
        assert!(cluster.logging().is_empty());
        let error = cluster.update("x").unwrap_err();
        assert_eq!(error.to_string(), "No update found for ID: x");
    }

    #[test]
    fn names_of_logs_lead_back() {
        for log in LogType::ALL {
            assert_eq!(LogType::from_name(log.as_str()), Some(log));
        }
        assert_eq!(LogType::from_name("kubelet"), None);
    }
}
