//! Upgrade insights: what stands in the way of the next release.
//!
//! FIDELITY: of EKS's insights these four, looked at when somebody asks, though the time of the last look is that of EKS's
//! daily one; no deprecated APIs are looked for. The words are EKS's where the check passes, and ours where it does not.

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use super::Cluster;
use super::error::EksError;
use super::settings::VERSIONS;
use crate::value::instant::Timestamp;

/// EKS looks once a day.
const DAY: i64 = 86_400;
/// Minor releases by which a kubelet or a kube-proxy may be behind the API server (Kubernetes version skew policy).
const SKEW: u32 = 3;
/// Resources that an insight names.
const RESOURCES: usize = 100;

/// What an insight looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Kubelet,
    Addons,
    Health,
    KubeProxy,
}

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InsightStatus {
    /// Nothing stands in the way.
    Passing,
    /// Something will, when another release follows.
    Warning,
    /// Something does.
    Error,
}

impl InsightStatus {
    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passing => "PASSING",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// An insight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// A UUID that follows from the cluster and the check.
    pub id: String,
    /// Its name.
    pub name: &'static str,
    /// What it looks at.
    pub description: &'static str,
    /// The release that it is about.
    pub kubernetes_version: &'static str,
    /// How good it is.
    pub status: InsightStatus,
    /// Why.
    pub reason: String,
    /// What to do.
    pub recommendation: &'static str,
    /// What to read: titles and addresses.
    pub further: &'static [(&'static str, &'static str)],
    /// Nodes that are not as they should be, by their paths in the API, at most 100.
    pub resources: Vec<(String, InsightStatus)>,
    /// When EKS looked last.
    pub refreshed: Timestamp,
}

impl Check {
    const ALL: [Self; 4] = [Self::Kubelet, Self::Addons, Self::Health, Self::KubeProxy];

    fn name(self) -> &'static str {
        match self {
            Self::Kubelet => "Kubelet version skew",
            Self::Addons => "EKS add-on version compatibility",
            Self::Health => "Cluster health issues",
            Self::KubeProxy => "kube-proxy version skew",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Kubelet => {
                "Checks for kubelet versions of worker nodes in the cluster to see if upgrade would cause noncompliance with supported Kubernetes kubelet version skew policy."
            }
            Self::Addons => {
                "Checks version of installed EKS add-ons to ensure they are compatible with the next version of Kubernetes."
            }
            Self::Health => {
                "Checks for any cluster health issues that prevent successful upgrade to the next Kubernetes version on EKS."
            }
            Self::KubeProxy => {
                "Checks version of kube-proxy in cluster to see if upgrade would cause noncompliance with supported Kubernetes kube-proxy version skew policy."
            }
        }
    }

    fn passing(self) -> &'static str {
        match self {
            Self::Kubelet => "Node kubelet versions match the cluster control plane version.",
            Self::Addons => "All installed EKS add-on versions are compatible with next Kubernetes version.",
            Self::Health => "No cluster health issues detected.",
            Self::KubeProxy => "kube-proxy versions match the cluster control plane version.",
        }
    }

    fn recommendation(self) -> &'static str {
        match self {
            Self::Kubelet => "Upgrade your worker nodes to match the Kubernetes version of your cluster control plane.",
            Self::Addons => {
                "Upgrade your EKS add-ons to versions that are compatible with the next Kubernetes version."
            }
            Self::Health => "Resolve the health issues of your cluster.",
            Self::KubeProxy => "Upgrade kube-proxy to match the Kubernetes version of your cluster control plane.",
        }
    }

    fn further(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Kubelet => &[
                (
                    "Kubelet version skew policy",
                    "https://kubernetes.io/releases/version-skew-policy/#kubelet",
                ),
                (
                    "Updating a managed node group",
                    "https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html",
                ),
            ],
            Self::Addons => &[(
                "Updating an add-on",
                "https://docs.aws.amazon.com/eks/latest/userguide/managing-add-ons.html",
            )],
            Self::Health => &[(
                "Cluster health",
                "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
            )],
            Self::KubeProxy => &[(
                "kube-proxy version skew policy",
                "https://kubernetes.io/releases/version-skew-policy/#kube-proxy",
            )],
        }
    }

    /// The field of a node's `nodeInfo` with the version that is looked at.
    fn field(self) -> Option<&'static str> {
        match self {
            Self::Kubelet => Some("/status/nodeInfo/kubeletVersion"),
            Self::KubeProxy => Some("/status/nodeInfo/kubeProxyVersion"),
            // An add-on has one of two versions, each of which goes with every release, and no cluster is ever unwell.
            Self::Addons | Self::Health => None,
        }
    }
}

/// The minor release in `1.32` or `v1.32.5-eks-1`.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

impl Cluster {
    /// ListInsights, in EKS's order; none for a cluster of the newest release.
    #[must_use]
    pub fn insights(&self, now: Timestamp) -> Vec<Insight> {
        let next = VERSIONS.iter().position(|version| *version == self.version);
        let next = next.and_then(|at| VERSIONS.get(at + 1)).copied();
        next.map_or_else(Vec::new, |next| {
            Check::ALL.map(|check| self.insight_of(check, next, now)).into()
        })
    }

    /// DescribeInsight.
    ///
    /// # Errors
    /// [`EksError::NoSuchInsight`].
    pub fn insight(&self, id: &str, now: Timestamp) -> Result<Insight, EksError> {
        self.insights(now)
            .into_iter()
            .find(|insight| insight.id == id)
            .ok_or_else(|| EksError::NoSuchInsight { id: id.to_owned() })
    }

    fn insight_of(&self, check: Check, next: &'static str, now: Timestamp) -> Insight {
        let resources = check.field().map(|field| self.behind(field, next)).unwrap_or_default();
        let status = resources.iter().map(|(_, status)| *status).max();
        let status = status.unwrap_or(InsightStatus::Passing);
        let reason = match status {
            InsightStatus::Passing => check.passing().to_owned(),
            InsightStatus::Warning => format!(
                "{}: versions are behind the cluster control plane version.",
                check.name()
            ),
            InsightStatus::Error => format!("{}: versions are too far behind version {next}.", check.name()),
        };
        let days = now.unix_seconds().saturating_sub(self.created.unix_seconds()).max(0) / DAY;
        Insight {
            id: self.insight_id(check, next),
            name: check.name(),
            description: check.description(),
            kubernetes_version: next,
            status,
            reason,
            recommendation: check.recommendation(),
            further: check.further(),
            resources,
            refreshed: self.created.plus_seconds(days * DAY),
        }
    }

    /// The nodes whose version in `field` is behind the cluster's.
    fn behind(&self, field: &str, next: &str) -> Vec<(String, InsightStatus)> {
        let (own, next) = (minor(&self.version).unwrap_or(0), minor(next).unwrap_or(0));
        self.objects()
            .list("nodes", None)
            .filter_map(|(key, node)| {
                let found = node.pointer(field).and_then(Value::as_str).and_then(minor)?;
                let status = if next.saturating_sub(found) > SKEW {
                    InsightStatus::Error
                } else {
                    InsightStatus::Warning
                };
                (found < own).then(|| (format!("/api/v1/nodes/{}", key.name), status))
            })
            .take(RESOURCES)
            .collect()
    }

    fn insight_id(&self, check: Check, next: &str) -> String {
        let digest = Sha256::digest(format!("{} {} {next}", self.arn(), check.name()));
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default());
        parts.join("-")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::NewCluster;
    use super::*;
    use crate::kube::object::ObjectKey;
    use crate::value::id::IdGenerator;

    #[test]
    fn an_old_kubelet_stands_in_the_way() {
        let now = Timestamp::from_unix_seconds(1_795_481_097);
        let mut cluster = Cluster::new(NewCluster::sample(), now.plus_seconds(-2 * DAY - 5));
        let status = |cluster: &Cluster| cluster.insights(now)[0].status;
        assert_eq!(status(&cluster), InsightStatus::Passing);
        for (node, version, wanted) in [
            ("a", "v1.32.5-eks-1", InsightStatus::Passing),
            ("b", "v1.31.0", InsightStatus::Warning),
            ("c", "v1.29.0", InsightStatus::Error),
        ] {
            let object = json!({"status": {"nodeInfo": {"kubeletVersion": version}}});
            let key = ObjectKey::new("nodes", "", node);
            cluster
                .create_object(key, object, &mut IdGenerator::new(1), now)
                .unwrap();
            assert_eq!(status(&cluster), wanted, "{version}");
        }
        let insight = cluster.insight(&cluster.insights(now)[0].id, now).unwrap();
        assert_eq!(insight.kubernetes_version, "1.33");
        assert_eq!(insight.refreshed, now.plus_seconds(-5));
        let resources = [
            ("/api/v1/nodes/b".to_owned(), InsightStatus::Warning),
            ("/api/v1/nodes/c".to_owned(), InsightStatus::Error),
        ];
        assert_eq!(insight.resources, resources);
        assert!(cluster.insight("x", now).is_err());
        cluster.version = "1.34".to_owned();
        assert!(cluster.insights(now).is_empty());
    }
}
