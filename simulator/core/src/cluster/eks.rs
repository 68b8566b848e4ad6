//! A cluster: what EKS knows of it, the objects inside, and the indices that decisions read.

pub mod access_entry;
pub mod addon;
pub mod api_service;
pub mod control_plane_log;
pub mod error;
pub mod insight;
pub mod network;
pub mod nodegroup;
pub(crate) mod objects;
pub mod parameter;
pub mod pod_identity;
pub mod settings;
mod tag;
#[cfg(test)]
mod tests;
pub mod update;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::Vector;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use self::access_entry::AccessEntries;
use self::access_entry::Principal;
use self::addon::Addon;
use self::addon::AddonChange;
use self::error::EksError;
use self::network::Network;
use self::nodegroup::NewNodegroup;
use self::nodegroup::Nodegroup;
use self::parameter::AuthenticationMode;
use self::parameter::LogType;
use self::pod_identity::PodIdentityAssociation;
use self::settings::ClusterRequest;
use self::settings::ClusterSettings;
use self::settings::DEFAULT_VERSION;
use self::update::ClusterUpdate;

use crate::aws::jwt::SigningKey;
use crate::cluster::mapping::aws_auth::AwsAuth;
use crate::cluster::mapping::config::AuthenticatorConfig;
use crate::cluster::mapping::config::BackendMode;
use crate::cluster::mapping::crd;
use crate::cluster::mapping::crd::IdentityMappings;
use crate::kube::audit::AuditPolicy;
use crate::kube::object::DEFINITIONS;
use crate::kube::object::ObjectKey;
use crate::kube::object::ObjectStore;
use crate::kube::object::StoreError;
use crate::kube::object::deletion::DeleteOptions;
use crate::kube::object::deletion::Deleted;
use crate::kube::rbac::RESOURCE_SUFFIX;
use crate::kube::rbac::RbacIndex;
use crate::kube::rbac::aggregation::aggregate;
use crate::kube::rbac::bootstrap;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// The namespace of the `aws-auth` ConfigMap.
pub const AWS_AUTH_NAMESPACE: &str = "kube-system";
/// The name of the `aws-auth` ConfigMap.
pub const AWS_AUTH_NAME: &str = "aws-auth";

/// kube-apiserver's default of `--authentication-token-webhook-cache-ttl`, in seconds. What EKS sets is not published.
pub const TOKEN_CACHE_SECONDS: u32 = 120;

/// Which releases' words the authenticator uses.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum AuthenticatorRelease {
    /// Releases since v0.7.8 (September 2025): `identity is not mapped`, `on REGION endpoint`.
    #[default]
    Current,
    /// Releases from v0.6.28 (November 2024) on: `Identity is not mapped`, `on REGION endpoint`.
    Y2024,
    /// Releases until December 2023, as in AWS's article: `ARN is not mapped`, no `on REGION endpoint`, no line
    /// `STS response`.
    Y2022,
}

/// The cluster's creator. In authentication mode CONFIG_MAP a mapping that nobody can see or remove lets it in; in the
/// other modes it is let in by its access entry only.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Creator {
    /// Its canonical ARN: a role without its path, a user with it.
    pub canonical_arn: String,
}

/// A cluster.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Cluster {
    /// Its name, which is also the id that tokens are bound to.
    pub name: String,
    /// Its region.
    pub region: String,
    /// The account that owns it.
    pub account: AccountId,
    /// The Kubernetes release as EKS names it, such as `1.32`.
    pub version: String,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub creator: Option<Creator>,
    /// Whose words its authenticator uses.
    pub authenticator_release: AuthenticatorRelease,
    /// Refuse every token whose URL is not a real AWS host, the simulator's own too.
    pub strict_hosts: bool,
    /// Seconds for which its API server lets a token in again without asking the authenticator; 0 for never.
    pub token_cache_seconds: u32,
    /// The authenticator that its operator configures, as on clusters that are not EKS's; EKS's own where absent.
    pub authenticator: Option<Arc<AuthenticatorConfig>>,
    /// What its API server audits; EKS's policy where absent.
    #[serde(default)]
    pub audit_policy: Option<Arc<AuditPolicy>>,
    /// The EC2 instances that its authenticator can ask for: ids with private DNS names.
    pub instances: BTreeMap<String, String>,
    /// The URL of its Kubernetes API; empty until a listener is bound.
    pub endpoint: String,
    /// The PEM certificate of the authority that signed its listener's certificate.
    pub certificate_authority: String,
    /// From when on it is ACTIVE; CREATING before.
    pub active_from: Timestamp,
    /// As given.
    pub tags: BTreeMap<String, String>,
    settings: ClusterSettings,
    #[serde(default)]
    network: Network,
    authentication_mode: AuthenticationMode,
    access_entries: AccessEntries,
    addons: OrdMap<String, Arc<Addon>>,
    nodegroups: OrdMap<String, Arc<Nodegroup>>,
    pod_identity_associations: OrdMap<String, Arc<PodIdentityAssociation>>,
    logging: BTreeSet<LogType>,
    updates: Vector<ClusterUpdate>,
    objects: ObjectStore,
    // A record of its own in the store.
    #[serde(skip)]
    token_key: Option<Arc<SigningKey>>,
    #[serde(skip)]
    aws_auth: Arc<AwsAuth>,
    #[serde(skip)]
    identity_mappings: Arc<IdentityMappings>,
    #[serde(skip)]
    rbac: Arc<RbacIndex>,
}

/// What a new cluster is to be.
#[derive(Clone, Debug)]
pub struct NewCluster {
    /// See [`Cluster::name`].
    pub name: String,
    /// See [`Cluster::region`].
    pub region: String,
    /// See [`Cluster::account`].
    pub account: AccountId,
    /// See [`Cluster::version`].
    pub version: String,
    /// See [`Cluster::creator`].
    pub creator: Option<Creator>,
    /// See [`Cluster::authenticator_release`].
    pub authenticator_release: AuthenticatorRelease,
    /// See [`Cluster::strict_hosts`].
    pub strict_hosts: bool,
    /// See [`Cluster::token_cache_seconds`].
    pub token_cache_seconds: u32,
}

/// Who makes a cluster, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterOwner {
    /// See [`Cluster::region`].
    pub region: String,
    /// See [`Cluster::account`].
    pub account: AccountId,
    /// See [`Cluster::creator`].
    pub creator: Option<Creator>,
    /// The creator as IAM has it, where it is a user or a role.
    pub principal: Option<Principal>,
}

#[cfg(test)]
impl NewCluster {
    /// `my-cluster` of nobody in us-west-2, of release 1.32, whose API server keeps no judgement.
    pub(crate) fn sample() -> Self {
        Self {
            name: "my-cluster".to_owned(),
            region: "us-west-2".to_owned(),
            account: AccountId::parse("111122223333").unwrap(),
            version: DEFAULT_VERSION.to_owned(),
            creator: None,
            authenticator_release: AuthenticatorRelease::Current,
            strict_hosts: false,
            token_cache_seconds: 0,
        }
    }
}

impl Cluster {
    /// A cluster of authentication mode CONFIG_MAP (see [`Cluster::begin_access`]) with no objects, not even RBAC's (see
    /// [`crate::kube::rbac::bootstrap`]).
    #[must_use]
    pub fn new(spec: NewCluster, created: Timestamp) -> Self {
        let partition = Partition::of_region(&spec.region);
        let role_arn = format!("arn:{partition}:iam::{}:role/{}-cluster-role", spec.account, spec.name);
        let mut cluster = Self {
            active_from: created,
            tags: BTreeMap::new(),
            settings: ClusterSettings::unsaid(role_arn, Vec::new()),
            network: Network::default(),
            addons: OrdMap::new(),
            nodegroups: OrdMap::new(),
            pod_identity_associations: OrdMap::new(),
            name: spec.name,
            region: spec.region,
            account: spec.account,
            version: spec.version,
            created,
            creator: spec.creator,
            authenticator_release: spec.authenticator_release,
            strict_hosts: spec.strict_hosts,
            token_cache_seconds: spec.token_cache_seconds,
            authenticator: None,
            audit_policy: None,
            instances: BTreeMap::new(),
            endpoint: String::new(),
            certificate_authority: String::new(),
            authentication_mode: AuthenticationMode::ConfigMap,
            access_entries: AccessEntries::default(),
            logging: BTreeSet::new(),
            updates: Vector::new(),
            objects: ObjectStore::default(),
            token_key: None,
            aws_auth: Arc::default(),
            identity_mappings: Arc::default(),
            rbac: Arc::default(),
        };
        cluster.settings.vpc.subnet_ids = vec![cluster.made_up_id("subnet", 1), cluster.made_up_id("subnet", 2)];
        cluster
    }

    /// The cluster with no object but `aws-auth`.
    pub(crate) fn for_explaining(&self) -> Self {
        Self {
            objects: self.objects.only(&aws_auth_key()),
            ..self.clone()
        }
    }

    /// CreateCluster: a cluster with what EKS puts into a new one, nodes not being among it. Its API has no address yet.
    ///
    /// # Errors
    /// Those of [`ClusterRequest::check_shape`].
    pub fn create(
        request: ClusterRequest,
        owner: ClusterOwner,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Self, EksError> {
        request.check_shape()?;
        let settings = request.settings();
        let mut cluster = Self::new(
            NewCluster {
                name: request.name,
                region: owner.region,
                account: owner.account,
                version: request.version.unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
                creator: owner.creator,
                authenticator_release: AuthenticatorRelease::default(),
                strict_hosts: false,
                token_cache_seconds: TOKEN_CACHE_SECONDS,
            },
            now,
        );
        let mut objects = objects::of_a_new_cluster(&settings.service_ipv4_cidr);
        if request.bootstrap_self_managed_addons {
            objects.extend(objects::waiting_coredns());
        }
        cluster.settings = settings;
        cluster.logging = request.logging;
        cluster.tags = request.tags;
        cluster.begin_rbac(|_| false, ids, now);
        cluster.create_objects(objects, ids, now);
        cluster.begin_api_services(now);
        cluster.begin_access(request.access, owner.principal, ids, now)?;
        Ok(cluster)
    }

    /// Gives a cluster with the nodes of [`objects::of_a_small_cluster`] the node group behind them, and add-ons. The
    /// identifiers follow from the cluster's ARN.
    pub(crate) fn furnish(&mut self, now: Timestamp) {
        let digest = Sha256::digest(self.arn().as_bytes());
        let seed = digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let mut ids = IdGenerator::new(seed);
        let spec = NewNodegroup {
            name: objects::NODEGROUP.to_owned(),
            node_role: format!(
                "arn:{}:iam::{}:role/{}-node-role",
                self.partition(),
                self.account,
                self.name
            ),
            subnets: self.settings.vpc.subnet_ids.clone(),
            ..NewNodegroup::default()
        };
        let uuid = ids.uuid();
        self.put_nodegroup(spec, &uuid, now);
        for name in addon::OF_A_SMALL_CLUSTER {
            let _ = self.create_addon(name, AddonChange::default(), BTreeMap::new(), &mut ids, now);
        }
    }

    /// What it is doing at `now`: the API's status.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        if now < self.active_from { "CREATING" } else { "ACTIVE" }
    }

    /// The id of its OIDC issuer: 32 digits in upper case that follow from its ARN.
    #[must_use]
    pub fn oidc_id(&self) -> String {
        let digest = Sha256::digest(self.arn().as_bytes());
        digest.iter().take(16).map(|byte| format!("{byte:02X}")).collect()
    }

    /// The issuer of its service accounts' tokens: `https://oidc.eks.REGION.amazonaws.com/id/ID`.
    #[must_use]
    pub fn oidc_issuer(&self) -> String {
        let (domain, id) = (self.partition().dns_suffix(), self.oidc_id());
        format!("https://oidc.eks.{}.{domain}/id/{id}", self.region)
    }

    /// The key that signs its service accounts' tokens; nothing before it is needed for the first time.
    #[must_use]
    pub fn token_key(&self) -> Option<&Arc<SigningKey>> {
        self.token_key.as_ref()
    }

    /// Gives it a key to sign tokens with, unless it has one; the one that it then has.
    pub fn ensure_token_key(&mut self, key: SigningKey) -> &Arc<SigningKey> {
        self.token_key.get_or_insert_with(|| Arc::new(key))
    }

    /// An id such as `subnet-0123456789abcdef0` that follows from its ARN; `number` tells several apart.
    #[must_use]
    pub fn made_up_id(&self, prefix: &str, number: usize) -> String {
        let id: String = self.oidc_id().chars().skip(number).take(17).collect();
        format!("{prefix}-{}", id.to_lowercase())
    }

    /// The ARN of something that it has.
    pub(crate) fn resource_arn(&self, kind: &str, rest: &str) -> String {
        format!(
            "arn:{}:eks:{}:{}:{kind}/{}/{rest}",
            self.partition(),
            self.region,
            self.account,
            self.name
        )
    }

    /// The partition of its region.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition::of_region(&self.region)
    }

    /// `arn:aws:eks:REGION:ACCOUNT:cluster/NAME`.
    #[must_use]
    pub fn arn(&self) -> String {
        format!(
            "arn:{}:eks:{}:{}:cluster/{}",
            self.partition(),
            self.region,
            self.account,
            self.name
        )
    }

    /// The objects inside.
    #[must_use]
    pub fn objects(&self) -> &ObjectStore {
        &self.objects
    }

    /// The mappings of the `aws-auth` ConfigMap as last parsed.
    #[must_use]
    pub fn aws_auth(&self) -> &AwsAuth {
        &self.aws_auth
    }

    /// Whether its authenticator asks `aws-auth`: one of the mappers is EKSConfigMap.
    #[must_use]
    pub fn asks_aws_auth(&self) -> bool {
        match &self.authenticator {
            Some(config) => config.backends.contains(&BackendMode::EksConfigMap),
            None => self.authentication_mode.reads_aws_auth(),
        }
    }

    /// The `IAMIdentityMapping` objects as last indexed.
    #[must_use]
    pub fn identity_mappings(&self) -> &IdentityMappings {
        &self.identity_mappings
    }

    /// Roles and bindings as last indexed.
    #[must_use]
    pub fn rbac(&self) -> &RbacIndex {
        &self.rbac
    }

    /// [`ObjectStore::create`], with the indices brought up to date.
    ///
    /// # Errors
    /// Those of [`ObjectStore::create`].
    pub fn create_object(
        &mut self,
        key: ObjectKey,
        object: Value,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Value>, StoreError> {
        let before = self.objects.revision();
        let stored = self.objects.create(key, object, ids, now)?;
        self.follow(before, ids, now);
        Ok(stored)
    }

    /// Gives a new cluster the roles and bindings that every cluster is born with, but for those that it gets otherwise;
    /// [`Cluster::create_objects`] must follow.
    pub(crate) fn begin_rbac(&mut self, is_own: impl Fn(&ObjectKey) -> bool, ids: &mut IdGenerator, now: Timestamp) {
        for bootstrap::Shared { key, base, .. } in bootstrap::shared() {
            if !is_own(key) {
                self.objects.create_shared(key.clone(), Arc::clone(base), ids, now);
            }
        }
    }

    /// Stores objects that are new, the indices being made once at the end. One that is there already is left as it is.
    pub fn create_objects(&mut self, objects: Vec<(ObjectKey, Value)>, ids: &mut IdGenerator, now: Timestamp) {
        for (key, object) in objects {
            let _ = self.objects.create(key, object, ids, now);
        }
        self.reindex_all();
    }

    /// Takes the place of another cluster that clients have seen under this name: versions of objects never go back, and a
    /// watch must begin again.
    pub fn replace(&mut self, seen: &Self) {
        self.objects.go_on_after(seen.objects.revision());
    }

    /// Puts back an object that was kept; [`Cluster::reindex_all`] must follow.
    pub(crate) fn restore_object(&mut self, key: ObjectKey, object: Value) {
        self.objects.restore(key, Arc::new(object));
    }

    /// Brings every index up to date.
    pub(crate) fn reindex_all(&mut self) {
        self.reindex(&aws_auth_key());
        self.reindex(&ObjectKey::new(RESOURCE_SUFFIX, "", ""));
        self.reindex(&ObjectKey::new(crd::RESOURCE, "", ""));
    }

    /// [`ObjectStore::replace`], with the indices brought up to date.
    ///
    /// # Errors
    /// Those of [`ObjectStore::replace`].
    pub fn replace_object(
        &mut self,
        key: &ObjectKey,
        object: Value,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Value>, StoreError> {
        let before = self.objects.revision();
        let stored = self.objects.replace(key, object, now)?;
        self.follow(before, ids, now);
        Ok(stored)
    }

    /// [`ObjectStore::delete`], with the indices brought up to date.
    ///
    /// # Errors
    /// Those of [`ObjectStore::delete`].
    pub fn erase_object(
        &mut self,
        key: &ObjectKey,
        options: &DeleteOptions,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Deleted, StoreError> {
        let before = self.objects.revision();
        let deleted = self.objects.delete(key, options, now)?;
        self.follow(before, ids, now);
        Ok(deleted)
    }

    /// Does what controllers do after the changes since `before`: every namespace has its ServiceAccount and the
    /// authority's certificate, again when they were deleted; every version of a custom resource has its APIService; the
    /// API server's own Endpoints say where it is. Then brings the indices up to date.
    ///
    /// Source: `pkg/controller/serviceaccount/serviceaccounts_controller.go` and
    /// `pkg/controller/certificates/rootcacertpublisher/publisher.go` of Kubernetes 1.32.
    fn follow(&mut self, before: u64, ids: &mut IdGenerator, now: Timestamp) {
        let changes = self.objects.changes_after(before);
        let changed: Option<Vec<ObjectKey>> = changes.map(|list| list.map(|change| change.key.clone()).collect());
        let Some(changed) = changed else {
            self.reindex_all();
            return;
        };
        if changed.iter().any(|key| key.resource == DEFINITIONS) {
            self.follow_definitions(ids, now);
        }
        if changed.iter().any(objects::belongs_to_the_api) {
            self.reconcile_api(ids, now);
        }
        let mut seen = BTreeSet::new();
        for key in &changed {
            if key.resource == "namespaces" {
                self.furnish_namespace(&key.name, ids, now);
            } else if objects::belongs_to_a_namespace(key) {
                self.furnish_namespace(&key.namespace, ids, now);
            }
            if is_aws_auth(key) || seen.insert(key.resource.as_str()) {
                self.reindex(key);
            }
        }
    }

    /// Says where the cluster's API answers, and gives every namespace what tells its pods whom to trust.
    pub fn set_api(&mut self, endpoint: String, certificate_authority: String, ids: &mut IdGenerator, now: Timestamp) {
        self.endpoint = endpoint;
        self.certificate_authority = certificate_authority;
        self.reconcile_api(ids, now);
        let namespaces = self.objects.list("namespaces", None);
        let namespaces: Vec<String> = namespaces.map(|(key, _)| key.name.clone()).collect();
        for name in namespaces {
            self.furnish_namespace(&name, ids, now);
            for (key, object) in objects::of_a_namespace(&name, &self.certificate_authority) {
                let Some(stored) = self.objects.find(&key) else {
                    continue;
                };
                if stored.get("data") != object.get("data") {
                    let mut renewed = (**stored).clone();
                    if let (Some(map), Some(data)) = (renewed.as_object_mut(), object.get("data")) {
                        map.insert("data".to_owned(), data.clone());
                    }
                    // Nobody else changes it in between.
                    let _ = self.objects.update(&key, renewed);
                }
            }
        }
    }

    /// Writes where the API answers into the Endpoints and the EndpointSlice of the Service `kubernetes`.
    fn reconcile_api(&mut self, ids: &mut IdGenerator, now: Timestamp) {
        for (key, object) in objects::of_the_api(&self.endpoint).into_iter().flatten() {
            match self.objects.find(&key) {
                None => {
                    // Nothing is there.
                    let _ = self.objects.create(key, object, ids, now);
                }
                Some(stored) => {
                    if let Some(object) = objects::reconciled(stored, &object) {
                        // Nobody else changes it in between.
                        let _ = self.objects.update(&key, object);
                    }
                }
            }
        }
    }

    fn furnish_namespace(&mut self, name: &str, ids: &mut IdGenerator, now: Timestamp) {
        let namespace = self.objects.find(&ObjectKey::new("namespaces", "", name));
        let is_active = namespace.is_some_and(|namespace| namespace.pointer("/metadata/deletionTimestamp").is_none());
        if is_active {
            for (key, object) in objects::of_a_namespace(name, &self.certificate_authority) {
                // What is there stays as it is.
                let _ = self.objects.create(key, object, ids, now);
            }
        }
    }

    /// [`ObjectStore::update`], with the indices brought up to date.
    ///
    /// # Errors
    /// Those of [`ObjectStore::update`].
    pub fn update_object(&mut self, key: &ObjectKey, object: Value) -> Result<Arc<Value>, StoreError> {
        let stored = self.objects.update(key, object)?;
        self.reindex(key);
        Ok(stored)
    }

    /// [`ObjectStore::remove`], with the indices brought up to date.
    ///
    /// # Errors
    /// Those of [`ObjectStore::remove`].
    pub fn delete_object(&mut self, key: &ObjectKey) -> Result<Arc<Value>, StoreError> {
        let removed = self.objects.remove(key)?;
        self.reindex(key);
        Ok(removed)
    }

    fn reindex(&mut self, changed: &ObjectKey) {
        if is_aws_auth(changed) {
            self.aws_auth = Arc::new(
                self.objects
                    .find(changed)
                    .map(|object| AwsAuth::from_config_map(object))
                    .unwrap_or_default(),
            );
        } else if changed.resource == crd::RESOURCE {
            self.identity_mappings = Arc::new(IdentityMappings::build(&self.objects));
        } else if changed.resource.ends_with(RESOURCE_SUFFIX) {
            aggregate(&mut self.objects);
            self.rbac = Arc::new(RbacIndex::build(&self.objects));
        }
    }
}

/// Where the ConfigMap stands that maps IAM identities.
#[must_use]
pub fn aws_auth_key() -> ObjectKey {
    ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME)
}

/// Whether `key` is the ConfigMap that maps IAM identities.
#[must_use]
pub fn is_aws_auth(key: &ObjectKey) -> bool {
    key.resource == "configmaps" && key.namespace == AWS_AUTH_NAMESPACE && key.name == AWS_AUTH_NAME
}
