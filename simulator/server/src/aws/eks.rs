//! EKS: clusters as they are, their authentication mode and logging, access entries and access policies.

mod access_entry;
mod cluster;
mod input;
mod tag;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use eks_auth_core::eks::Cluster;
use eks_auth_core::eks::error::EksError;
use eks_auth_core::iam::Directory;
use eks_auth_core::id::IdGenerator;
use eks_auth_core::instant::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "ListAccessPolicies",
        "GET /access-policies",
        access_entry::list_policies,
    ),
    operation("DescribeClusterVersions", "GET /cluster-versions", |_| {
        let versions = json!([
            {
                "clusterVersion": "1.32",
                "clusterType": "eks",
                "defaultVersion": true,
                "status": "standard-support",
                "versionStatus": "STANDARD_SUPPORT",
            },
        ]);
        Ok(json!({"clusterVersions": versions}))
    }),
    operation("ListClusters", "GET /clusters", cluster::list),
    operation("DescribeCluster", "GET /clusters/{name}", cluster::describe),
    operation(
        "UpdateClusterConfig",
        "POST /clusters/{name}/update-config",
        cluster::update_config,
    ),
    operation("ListUpdates", "GET /clusters/{name}/updates", cluster::list_updates),
    operation(
        "DescribeUpdate",
        "GET /clusters/{name}/updates/{updateId}",
        cluster::describe_update,
    ),
    operation(
        "ListAccessEntries",
        "GET /clusters/{name}/access-entries",
        access_entry::list,
    ),
    operation(
        "CreateAccessEntry",
        "POST /clusters/{name}/access-entries",
        access_entry::create,
    ),
    operation(
        "DescribeAccessEntry",
        "GET /clusters/{name}/access-entries/{principalArn}",
        access_entry::describe,
    ),
    operation(
        "UpdateAccessEntry",
        "POST /clusters/{name}/access-entries/{principalArn}",
        access_entry::update,
    ),
    operation(
        "DeleteAccessEntry",
        "DELETE /clusters/{name}/access-entries/{principalArn}",
        access_entry::delete,
    ),
    operation(
        "ListAssociatedAccessPolicies",
        "GET /clusters/{name}/access-entries/{principalArn}/access-policies",
        access_entry::list_associated,
    ),
    operation(
        "AssociateAccessPolicy",
        "POST /clusters/{name}/access-entries/{principalArn}/access-policies",
        access_entry::associate,
    ),
    operation(
        "DisassociateAccessPolicy",
        "DELETE /clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}",
        access_entry::disassociate,
    ),
    operation("ListTagsForResource", "GET /tags/{resourceArn}", tag::list),
    operation("TagResource", "POST /tags/{resourceArn}", tag::tag),
    operation("UntagResource", "DELETE /tags/{resourceArn}", tag::untag),
];

const fn operation(
    name: &'static str,
    route: &'static str,
    answer: fn(&Context<'_>) -> Result<Value, AwsError>,
) -> Operation {
    Operation {
        name,
        route,
        access: Access::Caller,
        answer: Work::Members(answer),
    }
}

/// What the operations on clusters have in common.
impl Context<'_> {
    /// A cluster that the caller's account has in the region that the request was signed for.
    fn cluster(&self, name: &str) -> Result<Arc<Cluster>, AwsError> {
        self.state
            .snapshot()
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
        // A cluster that is not there, or not the caller's, is told from a snapshot; no cluster ever goes away.
        self.cluster(name)?;
        let result = self.state.change(|world| {
            let (cluster, directory, ids) = world
                .cluster_and_directory_mut(name)
                .ok_or_else(|| EksError::NoSuchCluster { name: name.to_owned() })?;
            change(cluster, directory, ids, self.now)
        });
        Ok(result?)
    }
}
