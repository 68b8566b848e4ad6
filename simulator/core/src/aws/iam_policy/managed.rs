//! Policies that AWS manages.
//!
//! Source: the documents as AWS publishes them, taken from the copy in moto (the newest of May 2026), which was not compared
//! with AWS.
//!
//! FIDELITY: those that stories of EKS clusters use, and one version of each, with ids that are made up. Of
//! ReadOnlyAccess, SecurityAudit and ViewOnlyAccess, the actions of IAM, STS, EKS and CloudWatch Logs, and
//! of EC2 those that are served.

use std::sync::Arc;
use std::sync::LazyLock;

use serde::Deserialize;

use super::PolicyDocument;
use super::PolicyKind;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

static POLICIES: LazyLock<Vec<ManagedPolicy>> = LazyLock::new(|| {
    let files: Vec<PolicyFile> = serde_json::from_str(include_str!("managed.json")).unwrap_or_default();
    files.into_iter().filter_map(PolicyFile::policy).collect()
});

/// A policy that AWS manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Such as `AdministratorAccess`.
    pub name: String,
    /// `/`, or such as `/service-role/`.
    pub path: String,
    /// `ANPA…`.
    pub id: String,
    /// Of the version that there is, such as `v1`.
    pub version_id: String,
    /// When AWS made it.
    pub created: Timestamp,
    /// When AWS last changed it.
    pub updated: Timestamp,
    /// Its document in JSON.
    pub text: String,
    /// Its document.
    pub document: Arc<PolicyDocument>,
}

impl ManagedPolicy {
    /// `arn:aws:iam::aws:policy/NAME`, in each partition.
    #[must_use]
    pub fn arn(&self, partition: Partition) -> String {
        format!("arn:{partition}:iam::aws:policy{}{}", self.path, self.name)
    }
}

/// All of them, by name.
pub fn all() -> impl Iterator<Item = &'static ManagedPolicy> {
    POLICIES.iter()
}

/// The one with that ARN, of any partition.
#[must_use]
pub fn find(arn: &str) -> Option<&'static ManagedPolicy> {
    let (partition, rest) = arn.strip_prefix("arn:")?.split_once(':')?;
    let resource = rest.strip_prefix("iam::aws:policy")?;
    Partition::from_name(partition)?;
    all().find(|policy| resource.strip_prefix(policy.path.as_str()) == Some(policy.name.as_str()))
}

/// The document of AdministratorAccess.
#[must_use]
pub fn administrator_access() -> Arc<PolicyDocument> {
    all()
        .find(|policy| policy.name == "AdministratorAccess")
        .map(|policy| Arc::clone(&policy.document))
        .unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct PolicyFile {
    name: String,
    path: String,
    version: String,
    create_date: String,
    update_date: String,
    document: serde_json::Value,
}

impl PolicyFile {
    /// Nothing where the file is wrong, which a test sees.
    fn policy(self) -> Option<ManagedPolicy> {
        let text = self.document.to_string();
        let seed = self
            .name
            .bytes()
            .fold(0_u64, |seed, byte| seed.wrapping_mul(257).wrapping_add(u64::from(byte)));
        Some(ManagedPolicy {
            id: IdGenerator::new(seed).unique_id("ANPA"),
            name: self.name,
            path: self.path,
            version_id: self.version,
            created: Timestamp::parse_rfc3339(&self.create_date).ok()?,
            updated: Timestamp::parse_rfc3339(&self.update_date).ok()?,
            document: Arc::new(PolicyDocument::parse(&text, PolicyKind::Identity).ok()?),
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::iam_policy::ConditionKeys;
    use crate::aws::iam_policy::Decision;
    use crate::aws::iam_policy::RequestContext;
    use crate::aws::iam_policy::evaluate;

    #[track_caller]
    fn check(arn: &str, action: &str, allowed: bool) {
        let policy = find(arn).unwrap();
        let keys = ConditionKeys::default();
        let request = RequestContext {
            action,
            resource: "*",
            keys: &keys,
        };
        let decision = evaluate(&[Arc::clone(&policy.document)], &request);
        assert_eq!(matches!(decision, Decision::Allow(_)), allowed, "{arn} {action}");
    }

    #[test]
    fn each_policy_of_the_file_is_there() {
        let names = include_str!("managed.json").matches("\"Name\":").count();
        assert_eq!(all().count(), names);
        for policy in all() {
            assert_eq!(find(&policy.arn(Partition::AwsCn)), Some(policy));
        }
        assert_eq!(administrator_access().statements.len(), 1);
    }

    #[test]
    fn a_policy_is_found_by_its_whole_arn() {
        assert!(find("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess").is_some());
        for arn in [
            "arn:aws:iam::aws:policy/ViewOnlyAccess",
            "arn:aws:iam::aws:policy/administratoraccess",
            "arn:aws:iam::111122223333:policy/AdministratorAccess",
            "arn:mars:iam::aws:policy/AdministratorAccess",
            "AdministratorAccess",
        ] {
            assert_eq!(find(arn), None, "{arn}");
        }
    }

    #[test]
    fn they_allow_what_they_are_known_for() {
        let policy = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
        check(&policy("AdministratorAccess"), "iam:CreateUser", true);
        check(&policy("PowerUserAccess"), "eks:CreateCluster", true);
        check(&policy("PowerUserAccess"), "iam:CreateUser", false);
        check(&policy("PowerUserAccess"), "iam:ListRoles", true);
        check(&policy("ReadOnlyAccess"), "eks:DescribeCluster", true);
        check(&policy("ReadOnlyAccess"), "eks:CreateAccessEntry", false);
        check(&policy("ReadOnlyAccess"), "sts:AssumeRole", false);
        for name in ["ReadOnlyAccess", "SecurityAudit", "job-function/ViewOnlyAccess"] {
            for kind in ["Instances", "SecurityGroups", "Subnets", "Vpcs"] {
                check(&policy(name), &format!("ec2:Describe{kind}"), true);
            }
        }
        check(&policy("IAMReadOnlyAccess"), "iam:GetRole", true);
        check(&policy("IAMReadOnlyAccess"), "eks:DescribeCluster", false);
        check(&policy("AmazonEKSWorkerNodePolicy"), "eks:DescribeCluster", true);
        check(&policy("AmazonEKSClusterPolicy"), "eks:DescribeCluster", false);
        check(&policy("CloudWatchLogsReadOnlyAccess"), "logs:StartQuery", true);
        check(&policy("CloudWatchLogsReadOnlyAccess"), "logs:PutLogEvents", false);
        check(&policy("CloudWatchLogsFullAccess"), "logs:PutLogEvents", true);
    }
}
