//! The access policies that EKS manages.
//!
//! A policy holds like a ClusterRole that is bound to the entry's principal, in the whole cluster or in namespaces, but
//! no binding shows in the Kubernetes API. The rules match as RBAC's do; when they are asked is
//! [`crate::cluster::authorize`]'s to say.

mod data;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::kube::rbac::PolicyRule;
use crate::value::arn::Partition;

/// A managed access policy.
#[derive(Debug)]
pub struct AccessPolicy {
    /// Such as `AmazonEKSViewPolicy`.
    pub name: &'static str,
    /// What it allows. Empty where AWS does not publish the rules: then it allows nothing.
    pub rules: Vec<PolicyRule>,
}

/// Sorted by name.
static POLICIES: LazyLock<Vec<AccessPolicy>> = LazyLock::new(data::policies);

/// Each policy exists once, under its name.
impl PartialEq for AccessPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for AccessPolicy {}

impl AccessPolicy {
    /// Every policy, by name.
    #[must_use]
    pub fn all() -> &'static [AccessPolicy] {
        &POLICIES
    }

    /// The policy of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static AccessPolicy> {
        let at = POLICIES.binary_search_by_key(&name, |policy| policy.name).ok()?;
        POLICIES.get(at)
    }

    /// The policy that has that ARN in a partition.
    #[must_use]
    pub fn from_arn(arn: &str, partition: Partition) -> Option<&'static AccessPolicy> {
        let name = arn.strip_prefix(&arn_prefix(partition))?;
        Self::from_name(name)
    }

    /// `arn:PARTITION:eks::aws:cluster-access-policy/NAME`.
    #[must_use]
    pub fn arn(&self, partition: Partition) -> String {
        format!("{}{}", arn_prefix(partition), self.name)
    }
}

fn arn_prefix(partition: Partition) -> String {
    format!("arn:{partition}:eks::aws:cluster-access-policy/")
}
