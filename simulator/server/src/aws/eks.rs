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
use eks_auth_core::sigv4::VerifiedCaller;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::error::AwsError;
use crate::http::Request;
use crate::http::Response;
use crate::state::State;

pub(super) fn answer(state: &State, caller: &VerifiedCaller, request: &Request) -> Result<Response, AwsError> {
    let call = Call { state, caller, request };
    let parts: Vec<String> = request
        .path
        .trim_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let body = match (request.method.as_str(), &parts[..]) {
        ("GET", ["access-policies"]) => access_entry::list_policies(&call)?,
        ("GET", ["cluster-versions"]) => json!({"clusterVersions": [
            {"clusterVersion": "1.32", "clusterType": "eks", "defaultVersion": true, "status": "STANDARD_SUPPORT"},
        ]}),
        ("GET", ["clusters"]) => cluster::list(&call)?,
        ("GET", ["clusters", name]) => cluster::describe(&call, name)?,
        ("POST", ["clusters", name, "update-config"]) => cluster::update_config(&call, name)?,
        ("GET", ["clusters", name, "updates"]) => cluster::list_updates(&call, name)?,
        ("GET", ["clusters", name, "updates", id]) => cluster::describe_update(&call, name, id)?,
        ("GET", ["clusters", name, "access-entries"]) => access_entry::list(&call, name)?,
        ("POST", ["clusters", name, "access-entries"]) => access_entry::create(&call, name)?,
        ("GET", ["clusters", name, "access-entries", arn]) => access_entry::describe(&call, name, arn)?,
        ("POST", ["clusters", name, "access-entries", arn]) => access_entry::update(&call, name, arn)?,
        ("DELETE", ["clusters", name, "access-entries", arn]) => access_entry::delete(&call, name, arn)?,
        ("GET", ["clusters", name, "access-entries", arn, "access-policies"]) => {
            access_entry::list_associated(&call, name, arn)?
        }
        ("POST", ["clusters", name, "access-entries", arn, "access-policies"]) => {
            access_entry::associate(&call, name, arn)?
        }
        ("DELETE", ["clusters", name, "access-entries", arn, "access-policies", policy]) => {
            access_entry::disassociate(&call, name, arn, policy)?
        }
        ("GET", ["tags", arn]) => tag::list(&call, arn)?,
        ("POST", ["tags", arn]) => tag::tag(&call, arn)?,
        ("DELETE", ["tags", arn]) => tag::untag(&call, arn)?,
        (method, _) => {
            return Err(AwsError::new(
                "UnknownOperationException",
                404,
                format!("eks-auth-sim does not serve {method} {}", request.path),
            ));
        }
    };
    Ok(Response::new(200, "application/json", body.to_string()))
}

/// A call and who makes it.
struct Call<'a> {
    state: &'a State,
    caller: &'a VerifiedCaller,
    request: &'a Request,
}

impl Call<'_> {
    /// A cluster that the caller's account has in the region that the request was signed for.
    fn cluster(&self, name: &str) -> Result<Arc<Cluster>, AwsError> {
        self.state
            .snapshot()
            .cluster(name)
            .filter(|cluster| is_visible(cluster, self.caller))
            .cloned()
            .ok_or_else(|| EksError::NoSuchCluster { name: name.to_owned() }.into())
    }

    /// Changes such a cluster.
    fn change<R>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Cluster, &Directory, &mut IdGenerator, Timestamp) -> Result<R, EksError>,
    ) -> Result<R, AwsError> {
        // A cluster that is not there, or not the caller's, is told from a snapshot; no cluster ever goes away.
        self.cluster(name)?;
        let now = self.state.now();
        let result = self.state.change(|world| {
            let (cluster, directory, ids) = world
                .cluster_and_directory_mut(name)
                .ok_or_else(|| EksError::NoSuchCluster { name: name.to_owned() })?;
            change(cluster, directory, ids, now)
        });
        Ok(result?)
    }
}

fn is_visible(cluster: &Cluster, caller: &VerifiedCaller) -> bool {
    cluster.account == caller.identity().account && cluster.region == caller.scope().region
}

/// Seconds since 1970 with a fraction, as EKS writes times.
fn epoch(time: Timestamp) -> f64 {
    time.unix_millis() as f64 / 1000.0
}
