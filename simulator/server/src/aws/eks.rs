//! EKS: DescribeCluster, ListClusters, DescribeClusterVersions, and the refusals of a CONFIG_MAP cluster.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_auth_core::eks::Cluster;
use eks_auth_core::sigv4::VerifiedCaller;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::error::AwsError;
use crate::http::Request;
use crate::http::Response;
use crate::state::State;

pub(super) fn answer(state: &State, caller: &VerifiedCaller, request: &Request) -> Result<Response, AwsError> {
    let parts: Vec<String> = request
        .path
        .trim_matches('/')
        .split('/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let body = match (request.method.as_str(), &parts[..]) {
        ("GET", ["clusters"]) => list_clusters(state, caller, request)?,
        ("GET", ["clusters", name]) => {
            json!({"cluster": cluster_json(&*find_cluster(state, caller, name)?)})
        }
        ("GET", ["cluster-versions"]) => json!({"clusterVersions": [
            {"clusterVersion": "1.32", "clusterType": "eks", "defaultVersion": true, "status": "STANDARD_SUPPORT"},
        ]}),
        (_, ["clusters", name, "access-entries", ..]) => {
            find_cluster(state, caller, name)?;
            return Err(AwsError::new(
                "InvalidRequestException",
                400,
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
            ));
        }
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

/// A cluster that the caller's account has in the region that the request was signed for.
fn find_cluster(state: &State, caller: &VerifiedCaller, name: &str) -> Result<std::sync::Arc<Cluster>, AwsError> {
    state
        .snapshot()
        .cluster(name)
        .filter(|cluster| is_visible(cluster, caller))
        .cloned()
        .ok_or_else(|| {
            let message = format!("No cluster found for name: {name}.");
            AwsError::new("ResourceNotFoundException", 404, message)
        })
}

fn is_visible(cluster: &Cluster, caller: &VerifiedCaller) -> bool {
    cluster.account == caller.identity().account && cluster.region == caller.scope().region
}

fn list_clusters(state: &State, caller: &VerifiedCaller, request: &Request) -> Result<Value, AwsError> {
    let limit: usize = match request.query_value("maxResults") {
        None => 100,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=100).contains(limit))
            .ok_or_else(|| AwsError::new("InvalidParameterException", 400, "maxResults is a number from 1 to 100"))?,
    };
    let after = request.query_value("nextToken").unwrap_or_default();
    let world = state.snapshot();
    let mut names: Vec<&String> = world
        .clusters
        .iter()
        .filter(|(name, cluster)| **name > after && is_visible(cluster, caller))
        .map(|(name, _)| name)
        .collect();
    let more = names.len() > limit;
    names.truncate(limit);
    let mut body = json!({"clusters": names});
    if let (true, Some(last), Some(body)) = (more, names.last(), body.as_object_mut()) {
        body.insert("nextToken".to_owned(), json!(last));
    }
    Ok(body)
}

fn cluster_json(cluster: &Cluster) -> Value {
    let id: String = Sha256::digest(cluster.arn().as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let short = |prefix: &str, at: usize| {
        let digits = id.get(at..at + 17).unwrap_or(&id).to_lowercase();
        format!("{prefix}-{digits}")
    };
    let created = cluster.created.unix_millis();
    json!({
        "name": cluster.name,
        "arn": cluster.arn(),
        "createdAt": created as f64 / 1000.0,
        "version": cluster.version,
        "endpoint": cluster.endpoint,
        "roleArn": format!("arn:{}:iam::{}:role/{}-cluster-role", cluster.partition(), cluster.account, cluster.name),
        "resourcesVpcConfig": {
            "subnetIds": [short("subnet", 1), short("subnet", 2)],
            "securityGroupIds": [],
            "clusterSecurityGroupId": short("sg", 3),
            "vpcId": short("vpc", 4),
            "endpointPublicAccess": true,
            "endpointPrivateAccess": false,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": "10.100.0.0/16",
            "ipFamily": "ipv4",
            "elasticLoadBalancing": {"enabled": false},
        },
        "logging": {"clusterLogging": [
            {"types": ["api", "audit", "authenticator", "controllerManager", "scheduler"], "enabled": false},
        ]},
        "identity": {"oidc": {
            "issuer": format!("https://oidc.eks.{}.{}/id/{id}", cluster.region, cluster.partition().dns_suffix()),
        }},
        "status": "ACTIVE",
        "certificateAuthority": {"data": STANDARD.encode(&cluster.certificate_authority)},
        "platformVersion": "eks.10",
        "tags": {},
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": "CONFIG_MAP"},
        "upgradePolicy": {"supportType": "EXTENDED"},
        "deletionProtection": false,
    })
}
