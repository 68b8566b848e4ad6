//! Clusters and their updates.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_auth_core::eks::Cluster;
use eks_auth_core::eks::access_entry::AuthenticationMode;
use eks_auth_core::eks::error::EksError;
use eks_auth_core::eks::update::ClusterUpdate;
use eks_auth_core::eks::update::LogSetup;
use eks_auth_core::eks::update::LogType;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::input;
use crate::aws::Service;
use crate::aws::error::AwsError;
use crate::aws::operation::Context;
use crate::aws::protocol::time;

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let names = world
        .clusters
        .iter()
        .filter(|(_, cluster)| call.sees(cluster))
        .map(|(name, _)| (name.clone(), json!(name)))
        .collect();
    input::page("clusters", names, call.request)
}

pub(super) fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    Ok(json!({"cluster": cluster_json(&*call.cluster(name)?)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    access_config: Option<AccessConfig>,
    logging: Option<Logging>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessConfig {
    authentication_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logging {
    #[serde(default)]
    cluster_logging: Vec<LogSetupInput>,
}

#[derive(Deserialize)]
struct LogSetupInput {
    #[serde(default)]
    types: Vec<String>,
    enabled: Option<bool>,
}

/// FIDELITY: EKS may word a request without a change, with several, or with names that are none in another way.
pub(super) fn update_config(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let invalid = |message: String| AwsError::new("InvalidParameterException", 400, message);
    let asked: Update = call.body()?;
    let other = asked
        .others
        .iter()
        .find(|(member, value)| *member != "clientRequestToken" && !value.is_null());
    if let Some((member, _)) = other {
        return Err(invalid(format!("eks-auth-sim does not serve updates of {member}")));
    }
    let mode = asked.access_config.and_then(|config| config.authentication_mode);
    match (mode, asked.logging) {
        (Some(_), Some(_)) => Err(invalid("Only one type of update can be made at a time.".to_owned())),
        (None, None) => Err(invalid("The type for cluster update was not provided.".to_owned())),
        (Some(mode), None) => {
            let to = AuthenticationMode::from_name(&mode)
                .ok_or_else(|| invalid(format!("The authentication mode is invalid: {mode}")))?;
            call.change(name, |cluster, directory, ids, now| {
                cluster.update_authentication_mode(to, directory, ids, now)?;
                newest_update(cluster)
            })
        }
        (None, Some(logging)) => {
            let mut setups = Vec::new();
            for setup in logging.cluster_logging {
                let types = setup
                    .types
                    .iter()
                    .map(|name| {
                        LogType::from_name(name).ok_or_else(|| invalid(format!("The log type is invalid: {name}")))
                    })
                    .collect::<Result<_, _>>()?;
                setups.push(LogSetup {
                    types,
                    enabled: setup.enabled.unwrap_or_default(),
                });
            }
            let answer = call.change(name, |cluster, _, ids, now| {
                cluster.update_logging(setups, ids, now)?;
                newest_update(cluster)
            })?;
            call.state.open_logs(&*call.cluster(name)?, call.now);
            Ok(answer)
        }
    }
}

fn newest_update(cluster: &Cluster) -> Result<Value, EksError> {
    let update = cluster.updates().next_back();
    Ok(json!({"update": update.map(|update| update_json(update, "InProgress"))}))
}

pub(super) fn describe_update(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);
    let id = call.label(1);

    let cluster = call.cluster(name)?;
    Ok(json!({"update": update_json(cluster.update(id)?, "Successful")}))
}

pub(super) fn list_updates(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let cluster = call.cluster(name)?;
    // Node groups, add-ons and capabilities, which are not there, have no updates.
    let is_of_cluster = ["nodegroupName", "addonName", "capabilityName"]
        .iter()
        .all(|parameter| call.request.query_value(parameter).is_none());
    let ids = cluster
        .updates()
        .filter(|_| is_of_cluster)
        .map(|update| (update.id.clone(), json!(update.id)))
        .collect();
    input::page("updateIds", ids, call.request)
}

fn update_json(update: &ClusterUpdate, status: &str) -> Value {
    let params: Vec<Value> = update
        .params()
        .into_iter()
        .map(|(kind, value)| json!({"type": kind, "value": value}))
        .collect();
    json!({
        "id": update.id,
        "status": status,
        "type": update.type_name(),
        "params": params,
        "createdAt": time(Service::Eks, update.created),
        "errors": [],
    })
}

/// The logs that are written, then those that are not, as EKS lists them.
fn logging_json(cluster: &Cluster) -> Value {
    let setups: Vec<Value> = [true, false]
        .into_iter()
        .filter_map(|enabled| {
            let types: Vec<&str> = LogType::ALL
                .iter()
                .filter(|log| cluster.logging().contains(log) == enabled)
                .map(|log| log.as_str())
                .collect();
            (!types.is_empty()).then(|| json!({"types": types, "enabled": enabled}))
        })
        .collect();
    json!({"clusterLogging": setups})
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
    json!({
        "name": cluster.name,
        "arn": cluster.arn(),
        "createdAt": time(Service::Eks, cluster.created),
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
        "logging": logging_json(cluster),
        "identity": {"oidc": {
            "issuer": format!("https://oidc.eks.{}.{}/id/{id}", cluster.region, cluster.partition().dns_suffix()),
        }},
        "status": "ACTIVE",
        "certificateAuthority": {"data": STANDARD.encode(&cluster.certificate_authority)},
        "platformVersion": "eks.10",
        "tags": {},
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": cluster.authentication_mode().as_str()},
        "upgradePolicy": {"supportType": "EXTENDED"},
        "deletionProtection": false,
    })
}
