//! Clusters and their updates.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::input;
use crate::aws::iam::Directory;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::ClusterOwner;
use crate::cluster::eks::Creator;
use crate::cluster::eks::access_entry::Principal;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::parameter::AccessConfig;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::eks::parameter::IpFamily;
use crate::cluster::eks::parameter::LogType;
use crate::cluster::eks::parameter::OtherSetting;
use crate::cluster::eks::parameter::SupportType;
use crate::cluster::eks::settings::ClusterRequest;
use crate::cluster::eks::settings::DEFAULT_VERSION;
use crate::cluster::eks::settings::VERSIONS;
use crate::cluster::eks::settings::VpcChange;
use crate::cluster::eks::update::ClusterUpdate;
use crate::cluster::eks::update::LogSetup;
use crate::service::aws::Service;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;
use crate::service::call::Effect;
use crate::value::arn::CanonicalArn;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

const PLATFORM_VERSION: &str = "eks.10";
/// Members of a cluster that are kept and shown as they come.
const KEPT: [&str; 7] = [
    "computeConfig",
    "controlPlaneScalingConfig",
    "encryptionConfig",
    "outpostConfig",
    "remoteNetworkConfig",
    "storageConfig",
    "zonalShiftConfig",
];

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.base.world();
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

    let cluster = call.cluster(name)?;
    Ok(json!({"cluster": cluster_json(&cluster, cluster.status(call.now))}))
}

pub(super) fn versions(call: &Context<'_>) -> Result<Value, AwsError> {
    let wanted = input::query_list(call.request, "clusterVersions");
    let default_only = call.request.query_value("defaultOnly").as_deref() == Some("true");
    let versions = VERSIONS
        .iter()
        .rev()
        .filter(|version| wanted.is_empty() || wanted.iter().any(|wanted| wanted == *version))
        .filter(|version| !default_only || **version == DEFAULT_VERSION)
        .map(|version| {
            let value = json!({
                "clusterVersion": version,
                "clusterType": "eks",
                "defaultPlatformVersion": PLATFORM_VERSION,
                "defaultVersion": *version == DEFAULT_VERSION,
                "status": "standard-support",
                "versionStatus": "STANDARD_SUPPORT",
                "kubernetesPatchVersion": format!("{version}.5"),
            });
            ((*version).to_owned(), value)
        })
        .collect();
    input::page("clusterVersions", versions, call.request)
}

pub(super) fn list_identity_providers(call: &Context<'_>) -> Result<Value, AwsError> {
    call.cluster(call.label(0))?;
    input::page("identityProviderConfigs", Vec::new(), call.request)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: Option<String>,
    version: Option<String>,
    role_arn: Option<String>,
    resources_vpc_config: Option<Vpc>,
    kubernetes_network_config: Option<Network>,
    logging: Option<Logging>,
    tags: Option<BTreeMap<String, String>>,
    access_config: Option<AccessConfigInput>,
    bootstrap_self_managed_addons: Option<bool>,
    upgrade_policy: Option<UpgradePolicy>,
    deletion_protection: Option<bool>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vpc {
    subnet_ids: Option<Vec<String>>,
    security_group_ids: Option<Vec<String>>,
    endpoint_public_access: Option<bool>,
    endpoint_private_access: Option<bool>,
    public_access_cidrs: Option<Vec<String>>,
}

impl From<Vpc> for VpcChange {
    fn from(vpc: Vpc) -> Self {
        Self {
            subnet_ids: vpc.subnet_ids,
            security_group_ids: vpc.security_group_ids,
            endpoint_public_access: vpc.endpoint_public_access,
            endpoint_private_access: vpc.endpoint_private_access,
            public_access_cidrs: vpc.public_access_cidrs,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Network {
    service_ipv4_cidr: Option<String>,
    ip_family: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessConfigInput {
    bootstrap_cluster_creator_admin_permissions: Option<bool>,
    authentication_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpgradePolicy {
    support_type: Option<String>,
}

fn invalid(message: String) -> AwsError {
    AwsError::new("InvalidParameterException", 400, message)
}

impl AccessConfigInput {
    /// FIDELITY: EKS may word names that are none in another way, here and in the other members.
    fn mode(&self) -> Result<Option<AuthenticationMode>, AwsError> {
        let read = |name: &String| {
            AuthenticationMode::from_name(name)
                .ok_or_else(|| invalid(format!("The authentication mode is invalid: {name}")))
        };
        self.authentication_mode.as_ref().map(read).transpose()
    }
}

impl UpgradePolicy {
    fn support_type(&self) -> Result<SupportType, AwsError> {
        let name = self.support_type.as_deref().unwrap_or_default();
        SupportType::from_name(name).ok_or_else(|| invalid(format!("The support type is invalid: {name}")))
    }
}

impl Create {
    fn request(self) -> Result<(ClusterRequest, bool), AwsError> {
        let access_config = self.access_config.as_ref();
        let default = AccessConfig::default();
        let access = AccessConfig {
            authentication_mode: access_config
                .map(AccessConfigInput::mode)
                .transpose()?
                .flatten()
                .unwrap_or(default.authentication_mode),
            bootstrap_creator_admin: access_config
                .and_then(|config| config.bootstrap_cluster_creator_admin_permissions)
                .unwrap_or(default.bootstrap_creator_admin),
        };
        let mut logging = BTreeSet::new();
        for setup in self.logging.map(Logging::setups).transpose()?.unwrap_or_default() {
            if setup.enabled {
                logging.extend(setup.types);
            }
        }
        let network = self.kubernetes_network_config;
        let family = network.as_ref().and_then(|network| network.ip_family.clone());
        let ip_family = match family {
            None => IpFamily::default(),
            Some(name) => {
                IpFamily::from_name(&name).ok_or_else(|| invalid(format!("The IP family is invalid: {name}")))?
            }
        };
        let request = ClusterRequest {
            name: input::required(self.name, "name")?,
            version: self.version,
            role_arn: input::required(self.role_arn, "roleArn")?,
            vpc: input::required(self.resources_vpc_config, "resourcesVpcConfig")?.into(),
            service_ipv4_cidr: network.and_then(|network| network.service_ipv4_cidr),
            ip_family,
            access,
            logging,
            support_type: self
                .upgrade_policy
                .map(|policy| policy.support_type())
                .transpose()?
                .unwrap_or_default(),
            deletion_protection: self.deletion_protection.unwrap_or_default(),
            bootstrap_self_managed_addons: self.bootstrap_self_managed_addons.unwrap_or(true),
            tags: self.tags.unwrap_or_default(),
            others: input::kept(self.others, &KEPT),
        };
        request.check_shape()?;
        Ok((request, access.bootstrap_creator_admin))
    }
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let (request, bootstrap) = call.body::<Create>()?.request()?;
    let world = call.base.world();
    // Told before a listener is bound for nothing; the World looks once more.
    if world.cluster(&request.name).is_some() {
        return Err(EksError::ClusterExists { name: request.name }.into());
    }
    let identity = call.caller()?.identity();
    let canonical = CanonicalArn::parse(&identity.arn).ok();
    let creator = canonical.map(|canonical| Creator {
        canonical_arn: canonical.arn,
    });
    let owner = ClusterOwner {
        region: call.region.clone(),
        account: identity.account.clone(),
        principal: creator
            .as_ref()
            .and_then(|creator| Principal::find_canonical(&creator.canonical_arn, &world.directory)),
        creator,
    };
    let (endpoint, authority) = call.base.listener();
    let cluster = call
        .base
        .change(|world| world.create_cluster(request, owner, endpoint, authority, call.now))?;
    call.base.effect(Effect::BeginLogs(Arc::clone(&cluster)));
    call.base.effect(Effect::Open(Arc::clone(&cluster)));
    let mut value = cluster_json(&cluster, "CREATING");
    // Of all answers this one alone shows it.
    if let Some(config) = value.get_mut("accessConfig").and_then(Value::as_object_mut) {
        config.insert("bootstrapClusterCreatorAdminPermissions".to_owned(), json!(bootstrap));
    }
    Ok(json!({"cluster": value}))
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    call.cluster(name)?;
    let cluster = call.base.change(|world| {
        if !world.cluster(name).is_some_and(|cluster| call.sees(cluster)) {
            return Err(EksError::NoSuchCluster { name: name.to_owned() });
        }
        world.delete_cluster(name)
    })?;
    call.base.effect(Effect::ForgetJudgements);
    call.base.effect(Effect::Close(Arc::clone(&cluster)));
    Ok(json!({"cluster": cluster_json(&cluster, "DELETING")}))
}

#[derive(Deserialize)]
struct UpdateVersion {
    version: Option<String>,
}

pub(super) fn update_version(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    let asked: UpdateVersion = call.body()?;
    let version = input::required(asked.version, "version")?;
    call.change(name, |cluster, _, ids, now| {
        cluster.update_version(&version, ids, now)?;
        newest_update(cluster)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    access_config: Option<AccessConfigInput>,
    logging: Option<Logging>,
    resources_vpc_config: Option<Vpc>,
    upgrade_policy: Option<UpgradePolicy>,
    deletion_protection: Option<bool>,
    #[serde(flatten)]
    others: Map<String, Value>,
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

impl Logging {
    fn setups(self) -> Result<Vec<LogSetup>, AwsError> {
        let read =
            |name: &String| LogType::from_name(name).ok_or_else(|| invalid(format!("The log type is invalid: {name}")));
        let setups = self.cluster_logging.into_iter();
        setups
            .map(|setup| {
                Ok(LogSetup {
                    types: setup.types.iter().map(read).collect::<Result<_, _>>()?,
                    enabled: setup.enabled.unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// FIDELITY: EKS may word a request without a change, or with several, in another way. Of `kubernetesNetworkConfig` an
/// update changes nothing.
pub(super) fn update_config(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.label(0);

    type Change = Box<dyn FnOnce(&mut Cluster, &Directory, &mut IdGenerator, Timestamp) -> Result<(), EksError>>;
    let asked: Update = call.body()?;
    let mut changes: Vec<Change> = Vec::new();
    if let Some(to) = asked.access_config.map(|config| config.mode()).transpose()?.flatten() {
        changes.push(Box::new(move |cluster, directory, ids, now| {
            cluster.update_authentication_mode(to, directory, ids, now)
        }));
    }
    if let Some(setups) = asked.logging.map(Logging::setups).transpose()? {
        changes.push(Box::new(move |cluster, _, ids, now| {
            cluster.update_logging(setups, ids, now)
        }));
    }
    if let Some(vpc) = asked.resources_vpc_config {
        changes.push(Box::new(move |cluster, _, ids, now| {
            cluster.update_vpc(vpc.into(), ids, now)
        }));
    }
    if let Some(to) = asked.upgrade_policy.map(|policy| policy.support_type()).transpose()? {
        changes.push(Box::new(move |cluster, _, ids, now| {
            cluster.update_support_type(to, ids, now);
            Ok(())
        }));
    }
    if let Some(to) = asked.deletion_protection {
        changes.push(Box::new(move |cluster, _, ids, now| {
            cluster.update_deletion_protection(to, ids, now);
            Ok(())
        }));
    }
    // EKS Auto Mode is switched with three members at once, which are one update.
    let mut others = Vec::new();
    for setting in OtherSetting::ALL {
        if let Some(value) = asked.others.get(setting.member()).filter(|value| !value.is_null()) {
            others.push((setting, value.clone()));
        }
    }
    if !others.is_empty() {
        changes.push(Box::new(move |cluster, _, ids, now| {
            for (setting, value) in others {
                cluster.update_other(setting, value, ids, now);
            }
            Ok(())
        }));
    }
    let change = match (changes.pop(), changes.is_empty()) {
        (Some(change), true) => change,
        (Some(_), false) => return Err(invalid("Only one type of update can be made at a time.".to_owned())),
        (None, _) => return Err(invalid("The type for cluster update was not provided.".to_owned())),
    };
    let answer = call.change(name, |cluster, directory, ids, now| {
        change(cluster, directory, ids, now)?;
        newest_update(cluster)
    })?;
    call.base.effect(Effect::OpenLogs(call.cluster(name)?));
    Ok(answer)
}

pub(super) fn newest_update(cluster: &Cluster) -> Result<Value, EksError> {
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
    let [addon, nodegroup, capability] =
        ["addonName", "nodegroupName", "capabilityName"].map(|name| call.request.query_value(name));
    if let Some(nodegroup) = &nodegroup {
        cluster.nodegroup(nodegroup)?;
    }
    let ids = cluster
        .updates()
        // There are no capabilities.
        .filter(|update| capability.is_none() && update.addon() == addon.as_deref())
        .filter(|update| update.nodegroup() == nodegroup.as_deref())
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

fn cluster_json(cluster: &Cluster, status: &str) -> Value {
    let settings = cluster.settings();
    let is_creating = status == "CREATING";
    let mut value = json!({
        "name": cluster.name,
        "arn": cluster.arn(),
        "createdAt": time(Service::Eks, cluster.created),
        "version": cluster.version,
        "endpoint": (!is_creating).then_some(&cluster.endpoint),
        "roleArn": settings.role_arn,
        "resourcesVpcConfig": {
            "subnetIds": settings.vpc.subnet_ids,
            "securityGroupIds": settings.vpc.security_group_ids,
            "clusterSecurityGroupId": cluster.security_group_id(),
            "vpcId": cluster.vpc_id(),
            "endpointPublicAccess": settings.vpc.endpoint_public_access,
            "endpointPrivateAccess": settings.vpc.endpoint_private_access,
            "publicAccessCidrs": settings.vpc.public_access_cidrs,
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": settings.service_ipv4_cidr,
            "ipFamily": settings.ip_family.as_str(),
            "elasticLoadBalancing": {"enabled": false},
        },
        "logging": logging_json(cluster),
        "identity": (!is_creating).then(|| json!({"oidc": {"issuer": cluster.oidc_issuer()}})),
        "status": status,
        "certificateAuthority": if is_creating {
            json!({})
        } else {
            json!({"data": STANDARD.encode(&cluster.certificate_authority)})
        },
        "platformVersion": PLATFORM_VERSION,
        "tags": cluster.tags,
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": cluster.authentication_mode().as_str()},
        "upgradePolicy": {"supportType": settings.support_type.as_str()},
        "deletionProtection": settings.deletion_protection,
    });
    value = input::present(value);
    if let Some(members) = value.as_object_mut() {
        members.extend(settings.others.clone());
    }
    value
}
