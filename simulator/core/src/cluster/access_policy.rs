//! The access policies that EKS manages, and the authorizer that asks those of an access entry.
//!
//! A policy holds like a ClusterRole that is bound to the entry's principal, in the whole cluster or in namespaces, but
//! no binding shows in the Kubernetes API. The rules match as RBAC's do; what comes before and after this authorizer is
//! [`crate::cluster::authorize`]'s to say.

mod data;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crate::cluster::eks::access_entry::AccessEntry;
use crate::cluster::eks::access_entry::AccessScope;
use crate::kube::rbac::PolicyRule;
use crate::kube::request_info::Attributes;
use crate::value::arn::Partition;
use crate::value::log::go_quote;

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

/// What the policies of an access entry say of a request: the reason for an allowance, or nothing.
///
/// The wording for the cluster is that of audit events of EKS.
///
/// FIDELITY: no audit event with a namespace scope was found; its reason is worded as RBAC words a RoleBinding.
#[must_use]
pub fn authorize_policies(entry: &AccessEntry, attributes: &Attributes, partition: Partition) -> Option<String> {
    let association = entry.policies.iter().find(|association| {
        association.scope.covers(attributes) && association.policy.rules.iter().any(|rule| rule.allows(attributes))
    })?;
    let policy_arn = association.policy.arn(partition);
    let binding = format!("{}+{policy_arn}", entry.principal_arn);
    let (kind, name) = match association.scope {
        AccessScope::Cluster => ("ClusterRoleBinding", binding),
        AccessScope::Namespaces(_) => ("RoleBinding", format!("{binding}/{}", attributes.namespace)),
    };
    Some(format!(
        "EKS Access Policy: allowed by {kind} {} of ClusterRole {} to User {}",
        go_quote(&name),
        go_quote(&policy_arn),
        go_quote(&entry.principal_id)
    ))
}
