//! From a checked model to a World.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::Profile;
use super::ProfileSource;
use super::Staging;
use crate::aws::iam::AccessKey;
use crate::aws::iam::Holder;
use crate::aws::iam::HolderKind;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::KeyStatus;
use crate::aws::iam::NewPolicy;
use crate::aws::iam::NewRole;
use crate::aws::iam::Policies;
use crate::aws::iam::SecretKey;
use crate::aws::iam::Seed;
use crate::aws::iam::SessionFacts;
use crate::aws::iam::Tagged;
use crate::aws::identity_center::IdentityCenter;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::cluster::eks::AuthenticatorRelease;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::Creator;
use crate::cluster::eks::NewCluster;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::cluster::eks::access_entry::Principal;
use crate::cluster::eks::objects;
use crate::cluster::eks::parameter::AccessConfig;
use crate::cluster::eks::parameter::AccessScope;
use crate::cluster::eks::parameter::LogType;
use crate::cluster::mapping::config::AuthenticatorConfig;
use crate::kube::audit::AuditPolicy;
use crate::kube::object::ObjectKey;
use crate::kube::object::staging;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::instant::Timestamp;
use crate::world::World;
use crate::world::fault::FaultSpec;
use crate::world::world_clock::WorldClock;

const DAY: i64 = 86_400;

/// A world whose names all refer to something.
#[derive(Clone, Debug)]
pub(super) struct WorldModel {
    pub(super) seed: u64,
    pub(super) faults: Vec<FaultSpec>,
    pub(super) cluster_creation_seconds: u32,
    pub(super) clock: ClockModel,
    pub(super) accounts: Vec<AccountModel>,
    pub(super) clusters: Vec<ClusterModel>,
    pub(super) region: String,
    pub(super) profiles: Vec<ProfileModel>,
    pub(super) identity_center: Option<IdentityCenter>,
}

/// How the World's clock begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClockModel {
    pub(super) start: ClockStart,
    pub(super) frozen: bool,
}

/// What it shows then.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClockStart {
    At(Timestamp),
    /// Seconds ahead of the machine's.
    Ahead(i64),
}

impl ClockModel {
    fn stage(self, machine: Timestamp) -> WorldClock {
        let at = match self.start {
            ClockStart::At(at) => at,
            ClockStart::Ahead(seconds) => machine.plus_seconds(seconds),
        };
        let clock = WorldClock::Frozen { at };
        if self.frozen { clock } else { clock.thawed(machine) }
    }
}

#[derive(Clone, Debug)]
pub(super) struct AccountModel {
    pub(super) partition: Partition,
    pub(super) id: AccountId,
    pub(super) disabled_regions: Vec<String>,
    pub(super) users: Vec<UserModel>,
    pub(super) roles: Vec<RoleModel>,
    pub(super) groups: Vec<GroupModel>,
    pub(super) policies: Vec<PolicyModel>,
    pub(super) oidc_providers: Vec<OidcProviderModel>,
    pub(super) alias: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct GroupModel {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) policies: Policies,
}

/// A managed policy of the account.
#[derive(Clone, Debug)]
pub(super) struct PolicyModel {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) document: String,
}

#[derive(Clone, Debug)]
pub(super) struct OidcProviderModel {
    pub(super) url: String,
    pub(super) client_ids: Vec<String>,
    pub(super) thumbprints: Vec<String>,
}

/// The MFA device of a user.
#[derive(Clone, Debug)]
pub(super) enum MfaModel {
    Absent,
    /// With a seed that follows from the World's.
    Present,
    WithSeed(Seed),
}

#[derive(Clone, Debug)]
pub(super) struct UserModel {
    pub(super) name: String,
    pub(super) path: String,
    /// It was there, with its keys, and is gone.
    pub(super) deleted: bool,
    pub(super) policies: Policies,
    pub(super) groups: Vec<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) mfa: MfaModel,
}

#[derive(Clone, Debug)]
pub(super) struct RoleModel {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) deleted: bool,
    pub(super) trusted: Vec<String>,
    pub(super) trust_policy: Option<String>,
    pub(super) max_session_duration: u32,
    pub(super) policies: Policies,
    pub(super) tags: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct ClusterModel {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) account: AccountId,
    pub(super) version: String,
    pub(super) age_days: u32,
    /// A canonical ARN.
    pub(super) creator: Option<String>,
    /// The same with the path.
    pub(super) creator_arn: Option<String>,
    pub(super) access: AccessConfig,
    pub(super) access_entries: Vec<AccessEntryModel>,
    pub(super) release: AuthenticatorRelease,
    pub(super) strict_hosts: bool,
    pub(super) token_cache_seconds: u32,
    pub(super) authenticator: Option<AuthenticatorConfig>,
    pub(super) instances: BTreeMap<String, String>,
    pub(super) aws_auth: Option<BTreeMap<String, String>>,
    pub(super) objects: Vec<(ObjectKey, Value)>,
    pub(super) logging: Vec<LogType>,
    pub(super) audit_policy: Option<AuditPolicy>,
}

#[derive(Clone, Debug)]
pub(super) struct AccessEntryModel {
    pub(super) spec: NewAccessEntry,
    /// Policy ARNs.
    pub(super) policies: Vec<(String, AccessScope)>,
    /// It was made for an earlier principal of that name.
    pub(super) recreated: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ProfileModel {
    pub(super) name: String,
    pub(super) source: ProfileSourceModel,
    pub(super) region: Option<String>,
    /// Further lines of its section.
    pub(super) settings: BTreeMap<String, String>,
}

impl ProfileModel {
    /// Whether it holds an access key of its own.
    pub(super) fn has_key(&self) -> bool {
        !matches!(
            self.source,
            ProfileSourceModel::Role { .. } | ProfileSourceModel::Sso { .. }
        )
    }
}

#[derive(Clone, Debug)]
pub(super) enum ProfileSourceModel {
    /// An EC2 instance's own identity.
    InstanceIdentity {
        account: AccountId,
        instance: String,
        session: SessionModel,
    },
    Role {
        arn: String,
        source_profile: String,
        external_id: Option<String>,
        session_name: Option<String>,
    },
    RoleSession {
        account: AccountId,
        role: String,
        session: SessionModel,
    },
    /// The root user of the account.
    Root(AccountId),
    Sso {
        account: String,
        permission_set: String,
    },
    User {
        account: AccountId,
        user: String,
        /// A key of its own, with this trouble; the user's where absent.
        key: Option<KeyModel>,
    },
    UserSession {
        account: AccountId,
        user: String,
        /// The name of somebody whom the user gave credentials.
        federated: Option<String>,
        session: SessionModel,
    },
}

/// What is with an access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyModel {
    Deleted,
    Inactive,
    WrongSecret,
}

#[derive(Clone, Debug)]
pub(super) struct SessionModel {
    pub(super) name: Option<String>,
    pub(super) age_seconds: i64,
    pub(super) lasts_seconds: i64,
    pub(super) has_mfa: bool,
}

impl AccountModel {
    /// The canonical ARN of `user/NAME` or `role/NAME`.
    pub(super) fn canonical_arn(&self, resource: &str) -> Option<String> {
        let (kind, name) = resource.split_once('/')?;
        match kind {
            "role" => {
                self.roles.iter().find(|role| role.name == name)?;
                Some(format!("arn:{}:iam::{}:role/{name}", self.partition, self.id))
            }
            "user" => {
                let user = self.users.iter().find(|user| user.name == name)?;
                Some(format!(
                    "arn:{}:iam::{}:user{}{name}",
                    self.partition, self.id, user.path
                ))
            }
            _ => None,
        }
    }

    /// The ARN of `user/NAME` or `role/NAME` with its path.
    pub(super) fn principal_arn(&self, resource: &str) -> Option<String> {
        match resource.split_once('/')? {
            ("role", name) => self.role_arn(name),
            _ => self.canonical_arn(resource),
        }
    }

    /// The ARNs of all users and roles with their paths.
    pub(super) fn principal_arns(&self) -> impl Iterator<Item = String> {
        let arn = |kind, path, name| format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.id);
        let users = self.users.iter().map(move |user| arn("user", &user.path, &user.name));
        let roles = self.roles.iter().map(move |role| arn("role", &role.path, &role.name));
        users.chain(roles)
    }

    /// The ARN of a role with its path.
    pub(super) fn role_arn(&self, name: &str) -> Option<String> {
        let role = self.roles.iter().find(|role| role.name == name)?;
        Some(format!(
            "arn:{}:iam::{}:role{}{name}",
            self.partition, self.id, role.path
        ))
    }

    fn trust_policy(&self, role: &RoleModel) -> String {
        if let Some(policy) = &role.trust_policy {
            return policy.clone();
        }
        // A name that nobody has is that of a principal that is not there.
        let absent = |name: &String| match name.split_once('/') {
            Some(("role" | "user", _)) => format!("arn:{}:iam::{}:{name}", self.partition, self.id),
            _ => name.clone(),
        };
        let principals: Vec<String> = role
            .trusted
            .iter()
            .map(|name| self.principal_arn(name).unwrap_or_else(|| absent(name)))
            .collect();
        let statement = if principals.is_empty() {
            json!({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
        } else {
            json!({"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"})
        };
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    }
}

/// What was checked when the model was read cannot fail here.
impl AccountModel {
    fn stage_policies(&self, world: &mut World, now: Timestamp) {
        let World { directory, ids, .. } = world;
        if let Some(alias) = &self.alias {
            let _ = directory.set_account_alias(&self.id, alias);
        }
        for policy in &self.policies {
            let spec = NewPolicy {
                name: &policy.name,
                path: &policy.path,
                document: &policy.document,
                description: None,
            };
            let _ = directory.create_policy(&self.id, spec, ids, now);
        }
        for group in &self.groups {
            let _ = directory.create_group(&self.id, &group.name, &group.path, ids, now);
            let _ = directory.set_policies(&self.id, Holder::group(&group.name), group.policies.clone());
        }
        for provider in &self.oidc_providers {
            let (client_ids, thumbprints) = (provider.client_ids.clone(), provider.thumbprints.clone());
            let _ = directory.create_oidc_provider(&self.id, &provider.url, client_ids, thumbprints, now);
        }
    }

    fn grant(&self, world: &mut World, holder: Holder<'_>, policies: &Policies, tags: &[(String, String)]) {
        let _ = world.directory.set_policies(&self.id, holder, policies.clone());
        let tagged = match holder.kind {
            HolderKind::Role => Tagged::Role(holder.name),
            _ => Tagged::User(holder.name),
        };
        let _ = world.directory.edit_tags(&self.id, tagged, |known| known.add(tags));
    }

    fn stage_user(&self, world: &mut World, user: &UserModel, now: Timestamp) {
        let World { directory, ids, .. } = world;
        for group in &user.groups {
            let _ = directory.add_user_to_group(&self.id, group, &user.name);
        }
        let seed = match &user.mfa {
            MfaModel::Absent => return,
            MfaModel::Present => None,
            MfaModel::WithSeed(seed) => Some(seed.clone()),
        };
        if let Ok(device) = directory.create_mfa_device(&self.id, &user.name, "/", seed, ids) {
            let _ = directory.assign_mfa_device(&self.id, &user.name, &device.serial, now);
        }
    }
}

impl WorldModel {
    /// Makes the World as of `machine`, what the machine's clock shows, with ids and keys drawn from `seed`. What was checked when the model was read cannot
    /// fail here; a name that IAM refuses makes no principal.
    pub(super) fn stage(&self, machine: Timestamp, seed: u64) -> Staging {
        let mut world = World::new(seed);
        world.clock = self.clock.stage(machine);
        let now = world.clock.now(machine);
        world.identity_center = self.identity_center.clone();
        for fault in &self.faults {
            let _ = world.faults.add(fault.clone());
        }
        world.cluster_creation_seconds = self.cluster_creation_seconds;
        let created = now.plus_seconds(-100 * DAY);
        let mut keys: Keys = BTreeMap::new();
        // Unique ids by ARN, of deleted principals too.
        let mut principals: BTreeMap<String, String> = BTreeMap::new();
        for account in &self.accounts {
            world.directory.add_account(account.id.clone(), account.partition);
            let _ = world
                .directory
                .set_disabled_regions(&account.id, account.disabled_regions.clone());
            account.stage_policies(&mut world, created);
            for role in &account.roles {
                let spec = NewRole {
                    name: &role.name,
                    path: &role.path,
                    trust_policy: &account.trust_policy(role),
                    max_session_duration: role.max_session_duration,
                };
                if let Ok(role) = world.directory.stage_role(&account.id, spec, &mut world.ids, created) {
                    principals.insert(role.arn.clone(), role.id.clone());
                }
                account.grant(&mut world, Holder::role(&role.name), &role.policies, &role.tags);
            }
            for user in &account.users {
                let made = world
                    .directory
                    .create_user(&account.id, &user.name, &user.path, &mut world.ids, created);
                let Ok(made) = made else {
                    continue;
                };
                principals.insert(made.arn.clone(), made.id.clone());
                if let Ok(key) = world
                    .directory
                    .create_access_key(&account.id, &user.name, &mut world.ids, created)
                {
                    if user.deleted {
                        // The key stays, nobody's: so `explain` can say whose it was.
                        let _ = world.directory.delete_access_key(&account.id, &user.name, &key.id);
                        let _ = world.directory.delete_user(&account.id, &user.name);
                        world.directory.add_key((*key).clone());
                    }
                    keys.insert((account.id.clone(), user.name.clone()), key);
                }
                account.grant(&mut world, Holder::user(&user.name), &user.policies, &user.tags);
                account.stage_user(&mut world, user, created);
            }
        }
        world.directory.resolve_trust_policies(&principals, &mut world.ids);
        for model in &self.clusters {
            let cluster = model.stage(&mut world, &principals, now);
            world.clusters.insert(model.name.clone(), Arc::new(cluster));
        }
        for model in &self.clusters {
            model.stage_role(&mut world, created);
        }
        let mut profiles = Vec::new();
        for model in &self.profiles {
            if let Some(source) = self.source(model, &keys, &mut world, now) {
                profiles.push(Profile {
                    name: model.name.clone(),
                    region: model.region.clone().unwrap_or_else(|| self.region.clone()),
                    source,
                    settings: model.settings.clone(),
                });
            }
        }
        // At the end, so that entries and sessions can be theirs.
        for account in &self.accounts {
            for role in account.roles.iter().filter(|role| role.deleted) {
                let _ = world.directory.withdraw_role(&account.id, &role.name);
            }
        }
        Staging { world, profiles }
    }

    /// Makes what a profile holds. What began earlier did so by the World's clock, which is what it ends by.
    fn source(&self, model: &ProfileModel, keys: &Keys, world: &mut World, now: Timestamp) -> Option<ProfileSource> {
        let source = match &model.source {
            ProfileSourceModel::InstanceIdentity {
                account,
                instance,
                session,
            } => {
                let owner = KeyOwner::InstanceIdentity {
                    instance: instance.clone(),
                };
                held(&session.begin(account, owner, world, now))
            }
            ProfileSourceModel::Role {
                arn,
                source_profile,
                external_id,
                session_name,
            } => ProfileSource::AssumeRole {
                role_arn: arn.clone(),
                source_profile: source_profile.clone(),
                external_id: external_id.clone(),
                role_session_name: session_name.clone(),
            },
            ProfileSourceModel::RoleSession { account, role, session } => {
                let role = world.directory.account(account)?.role(role)?;
                let owner = KeyOwner::AssumedRole {
                    role_name: role.name.clone(),
                    role_id: role.id.clone(),
                    session_name: session.name.clone()?,
                };
                held(&session.begin(account, owner, world, now))
            }
            ProfileSourceModel::Root(account) => {
                let World { directory, ids, .. } = world;
                held(&directory.add_key(AccessKey {
                    id: ids.access_key_id("AKIA"),
                    secret: SecretKey::new(ids.secret()),
                    account: account.clone(),
                    owner: KeyOwner::Root,
                    status: KeyStatus::Active,
                    created: now,
                    session: None,
                }))
            }
            ProfileSourceModel::Sso {
                account,
                permission_set,
            } => {
                let center = self.identity_center.as_ref()?;
                ProfileSource::Sso {
                    start_url: center.start_url.clone(),
                    region: center.region.clone(),
                    account: account.clone(),
                    permission_set: permission_set.clone(),
                }
            }
            ProfileSourceModel::User { account, user, key } => {
                let World { directory, ids, .. } = world;
                let own = keys.get(&(account.clone(), user.clone()))?;
                match key {
                    None => held(own),
                    Some(KeyModel::WrongSecret) => ProfileSource::AccessKey {
                        id: own.id.clone(),
                        secret: SecretKey::new(ids.secret()),
                        session_token: None,
                    },
                    Some(trouble) => {
                        let key = directory.create_access_key(account, user, ids, now).ok()?;
                        let _ = match trouble {
                            KeyModel::Inactive => directory.set_key_status(account, user, &key.id, KeyStatus::Inactive),
                            _ => directory.delete_access_key(account, user, &key.id),
                        };
                        held(&key)
                    }
                }
            }
            ProfileSourceModel::UserSession {
                account,
                user,
                federated,
                session,
            } => {
                let user = world.directory.account(account)?.user(user)?;
                let issuer = (user.name.clone(), user.id.clone());
                let owner = match federated {
                    Some(name) => KeyOwner::FederatedUser {
                        name: name.clone(),
                        issuer: Some(issuer),
                    },
                    None => KeyOwner::User {
                        user_name: issuer.0,
                        user_id: issuer.1,
                    },
                };
                held(&session.begin(account, owner, world, now))
            }
        };
        Some(source)
    }
}

/// The users' own keys, by account and name.
type Keys = BTreeMap<(AccountId, String), Arc<AccessKey>>;

/// A key as a profile holds it.
fn held(key: &AccessKey) -> ProfileSource {
    ProfileSource::AccessKey {
        id: key.id.clone(),
        secret: key.secret.clone(),
        session_token: key.session.as_ref().map(|session| session.token.clone()),
    }
}

impl SessionModel {
    /// One that begins now.
    pub(super) fn now(lasts_seconds: i64) -> Self {
        Self {
            name: None,
            age_seconds: 0,
            lasts_seconds,
            has_mfa: false,
        }
    }

    fn begin(&self, account: &AccountId, owner: KeyOwner, world: &mut World, now: Timestamp) -> Arc<AccessKey> {
        let World { directory, ids, .. } = world;
        let began = now.plus_seconds(-self.age_seconds);
        let facts = SessionFacts {
            has_mfa: self.has_mfa,
            ..SessionFacts::default()
        };
        directory.create_session(
            account,
            owner,
            began.plus_seconds(self.lasts_seconds),
            facts,
            ids,
            began,
        )
    }
}

impl ClusterModel {
    /// The role that the cluster itself acts with.
    fn stage_role(&self, world: &mut World, now: Timestamp) {
        let World { directory, ids, .. } = world;
        let Some(partition) = directory.account(&self.account).map(|account| account.partition) else {
            return;
        };
        let name = format!("{}-cluster-role", self.name);
        let trust_policy = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        });
        let spec = NewRole {
            name: &name,
            path: "/",
            trust_policy: &trust_policy.to_string(),
            max_session_duration: 3600,
        };
        // One that the world has of its own stays as it is.
        if directory.stage_role(&self.account, spec, ids, now).is_ok() {
            let policy = format!("arn:{partition}:iam::aws:policy/AmazonEKSClusterPolicy");
            let _ = directory.attach_policy(&self.account, Holder::role(&name), &policy);
        }
    }

    fn stage(&self, world: &mut World, principals: &BTreeMap<String, String>, now: Timestamp) -> Cluster {
        let created = now.plus_seconds(-DAY * i64::from(self.age_days));
        let mut cluster = Cluster::new(
            NewCluster {
                name: self.name.clone(),
                region: self.region.clone(),
                account: self.account.clone(),
                version: self.version.clone(),
                creator: self.creator.clone().map(|canonical_arn| Creator { canonical_arn }),
                authenticator_release: self.release,
                strict_hosts: self.strict_hosts,
                token_cache_seconds: self.token_cache_seconds,
            },
            created,
        );
        cluster.authenticator = self.authenticator.clone().map(Arc::new);
        cluster.audit_policy = self.audit_policy.clone().map(Arc::new);
        cluster.begin_logging(self.logging.iter().copied());
        let own_ids = world.ids.fork(&cluster.arn());
        let mut objects = objects::of_a_small_cluster(&self.region, &self.version, created, own_ids);
        cluster.instances = objects::instances(&objects);
        cluster.instances.extend(self.instances.clone());
        if let Some(data) = &self.aws_auth {
            objects.push((
                ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME),
                json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data}),
            ));
        }
        // The world's own stand in place of those that every cluster has.
        let own: BTreeSet<&ObjectKey> = self.objects.iter().map(|(key, _)| key).collect();
        objects.retain(|(key, _)| !own.contains(key));
        objects.extend(self.objects.iter().cloned().map(|(key, mut object)| {
            staging::stage(&mut object, &mut world.ids, created);
            (key, object)
        }));
        cluster.begin_rbac(|key| own.contains(key), &mut world.ids, created);
        cluster.create_objects(objects, &mut world.ids, created);
        cluster.begin_api_services(created);
        cluster.furnish(created);
        let creator = self.creator_arn.as_ref().and_then(|arn| {
            Some(Principal {
                arn: arn.clone(),
                id: principals.get(arn)?.clone(),
            })
        });
        let _ = cluster.begin_access(self.access, creator, &mut world.ids, created);
        for model in &self.access_entries {
            let arn = &model.spec.principal_arn;
            let id = match principals.get(arn) {
                Some(id) if !model.recreated => id.clone(),
                // An id of the same kind that nobody has.
                _ => world
                    .ids
                    .unique_id(if arn.contains(":role/") { "AROA" } else { "AIDA" }),
            };
            let _ = cluster.create_access_entry_for(id, model.spec.clone(), &mut world.ids, created);
            for (policy_arn, scope) in &model.policies {
                let _ = cluster.associate_access_policy(arn, policy_arn, scope.clone(), created);
            }
        }
        cluster
    }
}
