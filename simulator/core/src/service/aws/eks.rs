//! EKS: clusters, access entries and access policies, and as far as clients ask, what else a cluster has.

mod access_entry;
mod addon;
mod cluster;
mod input;
mod insight;
mod nodegroup;
mod pod_identity;
mod resource;
mod tag;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::Value;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use crate::aws::iam::Directory;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::error::EksError;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "ListAccessPolicies",
        "GET /access-policies",
        resource::none,
        access_entry::list_policies,
    ),
    operation(
        "DescribeAddonConfiguration",
        "GET /addons/configuration-schemas",
        resource::none,
        addon::configuration,
    ),
    operation(
        "DescribeAddonVersions",
        "GET /addons/supported-versions",
        resource::none,
        addon::versions,
    ),
    operation(
        "DescribeClusterVersions",
        "GET /cluster-versions",
        resource::none,
        cluster::versions,
    ),
    operation("ListClusters", "GET /clusters", resource::none, cluster::list),
    operation(
        "CreateCluster",
        "POST /clusters",
        resource::new_cluster,
        cluster::create,
    ),
    operation(
        "DescribeCluster",
        "GET /clusters/{name}",
        resource::cluster,
        cluster::describe,
    ),
    operation(
        "DeleteCluster",
        "DELETE /clusters/{name}",
        resource::cluster,
        cluster::delete,
    ),
    operation(
        "UpdateClusterConfig",
        "POST /clusters/{name}/update-config",
        resource::cluster,
        cluster::update_config,
    ),
    operation(
        "ListUpdates",
        "GET /clusters/{name}/updates",
        resource::cluster,
        cluster::list_updates,
    ),
    operation(
        "UpdateClusterVersion",
        "POST /clusters/{name}/updates",
        resource::cluster,
        cluster::update_version,
    ),
    operation(
        "DescribeUpdate",
        "GET /clusters/{name}/updates/{updateId}",
        resource::cluster,
        cluster::describe_update,
    ),
    operation(
        "ListAccessEntries",
        "GET /clusters/{name}/access-entries",
        resource::cluster,
        access_entry::list,
    ),
    operation(
        "CreateAccessEntry",
        "POST /clusters/{name}/access-entries",
        resource::cluster,
        access_entry::create,
    ),
    operation(
        "DescribeAccessEntry",
        "GET /clusters/{name}/access-entries/{principalArn}",
        resource::access_entry,
        access_entry::describe,
    ),
    operation(
        "UpdateAccessEntry",
        "POST /clusters/{name}/access-entries/{principalArn}",
        resource::access_entry,
        access_entry::update,
    ),
    operation(
        "DeleteAccessEntry",
        "DELETE /clusters/{name}/access-entries/{principalArn}",
        resource::access_entry,
        access_entry::delete,
    ),
    operation(
        "ListAssociatedAccessPolicies",
        "GET /clusters/{name}/access-entries/{principalArn}/access-policies",
        resource::access_entry,
        access_entry::list_associated,
    ),
    operation(
        "AssociateAccessPolicy",
        "POST /clusters/{name}/access-entries/{principalArn}/access-policies",
        resource::access_entry,
        access_entry::associate,
    ),
    operation(
        "DisassociateAccessPolicy",
        "DELETE /clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}",
        resource::access_entry,
        access_entry::disassociate,
    ),
    operation(
        "ListAddons",
        "GET /clusters/{name}/addons",
        resource::cluster,
        addon::list,
    ),
    operation(
        "CreateAddon",
        "POST /clusters/{name}/addons",
        resource::cluster,
        addon::create,
    ),
    operation(
        "DescribeAddon",
        "GET /clusters/{name}/addons/{addonName}",
        resource::addon,
        addon::describe,
    ),
    operation(
        "DeleteAddon",
        "DELETE /clusters/{name}/addons/{addonName}",
        resource::addon,
        addon::delete,
    ),
    operation(
        "UpdateAddon",
        "POST /clusters/{name}/addons/{addonName}/update",
        resource::addon,
        addon::update,
    ),
    operation(
        "ListFargateProfiles",
        "GET /clusters/{name}/fargate-profiles",
        resource::cluster,
        nodegroup::list_fargate_profiles,
    ),
    operation(
        "DescribeFargateProfile",
        "GET /clusters/{name}/fargate-profiles/{fargateProfileName}",
        resource::fargate_profile,
        nodegroup::describe_fargate_profile,
    ),
    operation(
        "ListIdentityProviderConfigs",
        "GET /clusters/{name}/identity-provider-configs",
        resource::cluster,
        cluster::list_identity_providers,
    ),
    operation(
        "ListInsights",
        "POST /clusters/{name}/insights",
        resource::cluster,
        insight::list,
    ),
    operation(
        "DescribeInsight",
        "GET /clusters/{name}/insights/{id}",
        resource::cluster,
        insight::describe,
    ),
    operation(
        "ListNodegroups",
        "GET /clusters/{name}/node-groups",
        resource::cluster,
        nodegroup::list,
    ),
    operation(
        "CreateNodegroup",
        "POST /clusters/{name}/node-groups",
        resource::cluster,
        nodegroup::create,
    ),
    operation(
        "DescribeNodegroup",
        "GET /clusters/{name}/node-groups/{nodegroupName}",
        resource::nodegroup,
        nodegroup::describe,
    ),
    operation(
        "UpdateNodegroupConfig",
        "POST /clusters/{name}/node-groups/{nodegroupName}/update-config",
        resource::nodegroup,
        nodegroup::update,
    ),
    operation(
        "DeleteNodegroup",
        "DELETE /clusters/{name}/node-groups/{nodegroupName}",
        resource::nodegroup,
        nodegroup::delete,
    ),
    operation(
        "ListPodIdentityAssociations",
        "GET /clusters/{name}/pod-identity-associations",
        resource::cluster,
        pod_identity::list,
    ),
    operation(
        "CreatePodIdentityAssociation",
        "POST /clusters/{name}/pod-identity-associations",
        resource::cluster,
        pod_identity::create,
    ),
    operation(
        "DescribePodIdentityAssociation",
        "GET /clusters/{name}/pod-identity-associations/{associationId}",
        resource::association,
        pod_identity::describe,
    ),
    operation(
        "UpdatePodIdentityAssociation",
        "POST /clusters/{name}/pod-identity-associations/{associationId}",
        resource::association,
        pod_identity::update,
    ),
    operation(
        "DeletePodIdentityAssociation",
        "DELETE /clusters/{name}/pod-identity-associations/{associationId}",
        resource::association,
        pod_identity::delete,
    ),
    operation(
        "ListTagsForResource",
        "GET /tags/{resourceArn}",
        resource::tagged,
        tag::list,
    ),
    operation("TagResource", "POST /tags/{resourceArn}", resource::tagged, tag::tag),
    operation(
        "UntagResource",
        "DELETE /tags/{resourceArn}",
        resource::tagged,
        tag::untag,
    ),
];

const fn operation(
    name: &'static str,
    route: &'static str,
    resource: fn(&Context<'_>) -> String,
    answer: fn(&Context<'_>) -> Result<Value, AwsError>,
) -> Operation {
    Operation {
        name,
        route,
        access: Access::Permission(resource),
        answer: Work::Members(answer),
    }
}

/// What the operations on clusters have in common.
impl Context<'_> {
    /// A cluster that the caller's account has in the region that the request was signed for.
    fn cluster(&self, name: &str) -> Result<Arc<Cluster>, AwsError> {
        self.base
            .world()
            .cluster(name)
            .filter(|cluster| self.sees(cluster))
            .cloned()
            .ok_or_else(|| EksError::NoSuchCluster { name: name.to_owned() }.into())
    }

    /// Whether the cluster is one of the caller's account in the region of the call.
    fn sees(&self, cluster: &Cluster) -> bool {
        self.account().is_ok_and(|account| *account == cluster.account) && cluster.region == self.region
    }

    /// Changes such a cluster.
    fn change<R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Cluster, &Directory, &mut IdGenerator, Timestamp) -> Result<R, EksError>,
    ) -> Result<R, AwsError> {
        // A cluster that is not there, or not the caller's, is told from a snapshot, which costs no change.
        self.cluster(name)?;
        let result = self.base.change(|world| {
            if !world.cluster(name).is_some_and(|cluster| self.sees(cluster)) {
                return Err(EksError::NoSuchCluster { name: name.to_owned() });
            }
            let (cluster, directory, ids) = world
                .cluster_and_directory_mut(name)
                .ok_or_else(|| EksError::NoSuchCluster { name: name.to_owned() })?;
            change(cluster, directory, ids, self.now)
        });
        Ok(result?)
    }
}
