//! The directory of identities: accounts with their users and roles, access keys, and sessions.
//!
//! Lookups and changes only; who may do what is decided elsewhere. A change that is refused leaves the directory as it
//! was. Source of limits and messages: the IAM API reference and botocore's model of 2010-05-08.

mod entity;
mod error;
mod group;
mod holder;
pub mod input;
mod instance_profile;
mod login_profile;
mod mfa;
mod oidc_provider;
mod policy;
mod role;
mod tag;
mod tagged;
#[cfg(test)]
mod tests;
mod user;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;

use imbl::OrdMap;
use serde::Deserialize;
use serde::Serialize;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

pub use self::entity::Entity;
pub use self::error::IamError;
pub use self::error::IamErrorKind;
pub use self::error::Leftover;
pub use self::group::Group;
pub use self::holder::Holder;
pub use self::holder::HolderKind;
pub use self::holder::HolderOf;
pub use self::instance_profile::InstanceProfile;
pub use self::login_profile::LoginProfile;
pub use self::login_profile::LoginProfileChange;
pub use self::mfa::MfaDevice;
pub use self::mfa::Seed;
pub use self::oidc_provider::OidcProvider;
pub use self::policy::Document;
pub use self::policy::ManagedPolicy;
pub use self::policy::NewPolicy;
pub use self::policy::Policies;
pub use self::policy::PolicyVersion;
pub(crate) use self::policy::is_of_aws;
pub use self::role::RoleUpdate;
pub use self::role::Service;
pub use self::tag::Tags;
pub use self::tagged::Tagged;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::PolicyDocument;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::iam_policy::trust::Found;
use crate::aws::iam_policy::trust::TrustPolicy;
use crate::aws::principal::CallerIdentity;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Two, active or not (IAM quota AccessKeysPerUser).
const ACCESS_KEYS_PER_USER: usize = 2;

/// All accounts and all access keys of a World.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    accounts: OrdMap<AccountId, Arc<Account>>,
    keys: OrdMap<String, Arc<AccessKey>>,
}

/// One AWS account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The partition it belongs to.
    pub partition: Partition,
    /// Regions in which STS gives out no credentials of this account.
    pub disabled_regions: Vec<String>,
    /// Users by lower-cased name: IAM names are unique without regard to case.
    #[serde(skip)]
    users: OrdMap<String, Arc<User>>,
    /// Roles by lower-cased name.
    #[serde(skip)]
    roles: OrdMap<String, Arc<Role>>,
    /// Groups by lower-cased name.
    groups: OrdMap<String, Arc<Group>>,
    /// Managed policies of the account by lower-cased name.
    policies: OrdMap<String, Arc<ManagedPolicy>>,
    /// Instance profiles by lower-cased name.
    instance_profiles: OrdMap<String, Arc<InstanceProfile>>,
    /// Identity providers by ARN.
    oidc_providers: OrdMap<String, Arc<OidcProvider>>,
    /// MFA devices by serial number.
    mfa_devices: OrdMap<String, Arc<MfaDevice>>,
    /// The name by which people sign in.
    alias: Option<String>,
    /// Service-linked roles that were deleted, by the ids of their deletions.
    deletions: OrdMap<String, String>,
}

/// An IAM user.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct User {
    /// The name without path.
    pub name: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    /// `AIDA…`, new on every creation.
    pub id: String,
    /// `arn:aws:iam::ACCOUNT:user/PATH/NAME`.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// What the user may do, beside what its groups may.
    pub policies: Policies,
    /// The unique ids of its groups.
    pub groups: BTreeSet<String>,
    /// Its tags.
    pub tags: Tags,
    /// Its password for the console, where it has one.
    #[serde(default)]
    pub login_profile: Option<LoginProfile>,
}

/// An IAM role.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Role {
    /// The name without path.
    pub name: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    /// `AROA…`, new on every creation.
    pub id: String,
    /// `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// Seconds that a session may last at most, 3600 to 43200.
    pub max_session_duration: u32,
    /// Who may assume it.
    pub trust_policy: TrustPolicy,
    /// What it is for.
    pub description: Option<String>,
    /// What it may do.
    pub policies: Policies,
    /// Its tags.
    pub tags: Tags,
}

/// A secret access key; prints as `[redacted]` and is wiped when dropped.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct SecretKey {
    text: String,
    /// The signing keys that were derived of it first: a client asks for one day, region and service all the time.
    #[serde(skip)]
    derived: [OnceLock<Box<Derived>>; DERIVED],
}

/// So many signing keys are kept of each secret.
const DERIVED: usize = 4;

/// A signing key with what it is for; it is wiped when dropped.
#[derive(Clone)]
struct Derived {
    purpose: [String; 3],
    key: [u8; 32],
}

impl Drop for Derived {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl SecretKey {
    /// Wraps the secret.
    #[must_use]
    pub fn new(secret: String) -> Self {
        Self {
            text: secret,
            derived: Default::default(),
        }
    }

    /// The secret itself, for signing and for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The key that `derive` makes for a day, a region and a service, which is made once where it is asked for often.
    pub(crate) fn derived(&self, purpose: [&str; 3], derive: impl Fn() -> [u8; 32]) -> [u8; 32] {
        for slot in &self.derived {
            match slot.get() {
                Some(known) if known.purpose == purpose => return known.key,
                Some(_) => {}
                None => {
                    let made = || {
                        Box::new(Derived {
                            purpose: purpose.map(str::to_owned),
                            key: derive(),
                        })
                    };
                    let known = slot.get_or_init(made);
                    // Somebody else may have been first, with another one.
                    if known.purpose == purpose {
                        return known.key;
                    }
                }
            }
        }
        derive()
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// The token that goes with temporary credentials; prints as `[redacted]`.
#[derive(Clone, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionToken(String);

impl SessionToken {
    /// Wraps the token.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// The token itself, for the answer that hands it out and for clients' configuration.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this token, in time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whether a key may be used.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It is inactive.
    Inactive,
}

/// An access key, long-lived (`AKIA…`) or of a session (`ASIA…`).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AccessKey {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: SecretKey,
    /// The account it belongs to.
    pub account: AccountId,
    /// Who acts with it.
    pub owner: KeyOwner,
    /// Whether it may be used.
    pub status: KeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// Present for temporary credentials.
    pub session: Option<Session>,
}

impl AccessKey {
    fn is_long_lived_key_of(&self, account: &AccountId, user: &User) -> bool {
        self.account == *account
            && self.session.is_none()
            && matches!(&self.owner, KeyOwner::User { user_id, .. } if *user_id == user.id)
    }
}

/// Who acts with a key. Ids are kept beside names, so that a key of a deleted user does not come to life when another
/// user of the same name is made.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum KeyOwner {
    /// A session of a role.
    AssumedRole {
        /// The role's name without path.
        role_name: String,
        /// The role's unique id when the session began.
        role_id: String,
        /// The name given to the session.
        session_name: String,
    },
    /// Somebody whom a user, or the root user, gave credentials.
    FederatedUser {
        /// The name that it was given.
        name: String,
        /// The user's name and unique id when the session began; absent where the root user gave them.
        issuer: Option<(String, String)>,
    },
    /// The instance identity role of an EC2 instance, which every instance has beside the role of its instance profile.
    /// No account lists it, no policy is of it, and STS tells who it is.
    /// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-identity-roles.html>
    InstanceIdentity {
        /// The instance's id.
        instance: String,
    },
    /// The root user of the account.
    Root,
    /// An IAM user.
    User {
        /// The user's name without path.
        user_name: String,
        /// The user's unique id when the key was made.
        user_id: String,
    },
}

/// The part of temporary credentials that long-lived ones have not.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Session {
    /// What must be presented with the key.
    pub token: SessionToken,
    /// From this instant on the credentials are refused.
    pub expires: Timestamp,
    /// What else is known of it.
    pub facts: SessionFacts,
}

/// What a session has beside its token and its end.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct SessionFacts {
    /// Whether it comes from the global endpoint; its token then holds only in regions that are on by default.
    pub is_global: bool,
    /// The session policy, where one was given.
    pub policy: Option<Arc<PolicyDocument>>,
    /// Managed policies that are session policies too; they say what they say when they are asked.
    #[serde(default)]
    pub policy_arns: Vec<String>,
    /// Whether the session began with a code of an MFA device.
    #[serde(default)]
    pub has_mfa: bool,
    /// Session tags.
    pub tags: Vec<(String, String)>,
    /// Keys of the tags that sessions have which this one begins.
    pub transitive_tag_keys: Vec<String>,
    /// Who stands behind the session.
    pub source_identity: Option<String>,
}

impl Directory {
    /// Makes the account where it is not there yet.
    pub fn add_account(&mut self, id: AccountId, partition: Partition) {
        if !self.accounts.contains_key(&id) {
            let account = Account {
                id: id.clone(),
                partition,
                disabled_regions: Vec::new(),
                users: OrdMap::new(),
                roles: OrdMap::new(),
                groups: OrdMap::new(),
                policies: OrdMap::new(),
                instance_profiles: OrdMap::new(),
                oidc_providers: OrdMap::new(),
                mfa_devices: OrdMap::new(),
                alias: None,
                deletions: OrdMap::new(),
            };
            self.accounts.insert(id, Arc::new(account));
        }
    }

    /// The account of that id.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id).map(Arc::as_ref)
    }

    /// All accounts by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().map(Arc::as_ref)
    }

    /// All accounts by id.
    pub(crate) fn accounts_by_id(&self) -> &OrdMap<AccountId, Arc<Account>> {
        &self.accounts
    }

    /// All keys by id.
    pub(crate) fn keys_by_id(&self) -> &OrdMap<String, Arc<AccessKey>> {
        &self.keys
    }

    /// Puts back an account that was kept; its users and roles follow.
    pub(crate) fn restore_account(&mut self, account: Account) {
        self.accounts.insert(account.id.clone(), Arc::new(account));
    }

    /// Puts back a user that was kept.
    pub(crate) fn restore_user(&mut self, account: &str, user: User) {
        if let Some(account) = AccountId::parse(account).ok().and_then(|id| self.account_mut(&id).ok()) {
            account.users.insert(user.name.to_ascii_lowercase(), Arc::new(user));
        }
    }

    /// Puts back a role that was kept.
    pub(crate) fn restore_role(&mut self, account: &str, role: Role) {
        if let Some(account) = AccountId::parse(account).ok().and_then(|id| self.account_mut(&id).ok()) {
            account.roles.insert(role.name.to_ascii_lowercase(), Arc::new(role));
        }
    }

    /// The key of that id, whatever its state.
    #[must_use]
    pub fn access_key(&self, id: &str) -> Option<&AccessKey> {
        self.keys.get(id).map(Arc::as_ref)
    }

    /// The long-lived keys of a user, by id.
    pub fn access_keys_of<'a>(&'a self, account: &'a AccountId, user: &'a User) -> impl Iterator<Item = &'a AccessKey> {
        self.keys
            .values()
            .map(Arc::as_ref)
            .filter(move |key| key.is_long_lived_key_of(account, user))
    }

    /// Who acts with `key`; nothing when its user or role is gone or has been recreated since.
    #[must_use]
    pub fn caller_identity(&self, key: &AccessKey) -> Option<CallerIdentity> {
        let account = self.accounts.get(&key.account)?;
        let identity = |arn, user_id| {
            Some(CallerIdentity {
                account: account.id.clone(),
                arn,
                user_id,
            })
        };
        match &key.owner {
            KeyOwner::AssumedRole {
                role_name,
                role_id,
                session_name,
            } => {
                let role = account.role(role_name).filter(|role| role.id == *role_id)?;
                identity(
                    format!(
                        "arn:{}:sts::{}:assumed-role/{}/{session_name}",
                        account.partition, account.id, role.name
                    ),
                    format!("{role_id}:{session_name}"),
                )
            }
            KeyOwner::FederatedUser { name, issuer } => {
                if let Some((user_name, user_id)) = issuer {
                    account.user(user_name).filter(|user| user.id == *user_id)?;
                }
                identity(
                    format!("arn:{}:sts::{}:federated-user/{name}", account.partition, account.id),
                    format!("{}:{name}", account.id),
                )
            }
            KeyOwner::InstanceIdentity { instance } => identity(
                format!(
                    "arn:{}:sts::{}:assumed-role/aws:ec2-instance/{instance}",
                    account.partition, account.id
                ),
                format!("{}:aws:ec2-instance:{instance}", account.id),
            ),
            KeyOwner::Root => identity(
                format!("arn:{}:iam::{}:root", account.partition, account.id),
                account.id.to_string(),
            ),
            KeyOwner::User { user_name, user_id } => {
                let user = account.user(user_name).filter(|user| user.id == *user_id)?;
                identity(user.arn.clone(), user.id.clone())
            }
        }
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::Invalid`], [`IamError::UserExists`] (names are compared without regard
    /// to case).
    pub fn create_user(
        &mut self,
        account: &AccountId,
        name: &str,
        path: &str,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<User>, IamError> {
        input::check("userName", name, input::NEW_NAME)?;
        input::check("path", path, input::PATH)?;
        let arn = self.vacant::<User>(account, path, name)?;
        let user = User {
            name: name.to_owned(),
            path: path.to_owned(),
            id: ids.unique_id("AIDA"),
            arn,
            created: now,
            policies: Policies::default(),
            groups: BTreeSet::new(),
            tags: Tags::default(),
            login_profile: None,
        };
        self.insert(account, name, user)
    }

    /// Makes a role.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::Invalid`], [`IamError::MalformedPolicy`], also where the trust policy
    /// names a user or a role that is not there, [`IamError::RoleExists`].
    pub fn create_role(
        &mut self,
        account: &AccountId,
        spec: NewRole<'_>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Role>, IamError> {
        spec.check()?;
        role::check_unreserved(spec.name, spec.path)?;
        let trust_policy = TrustPolicy::save(spec.trust_policy, |arn| self.find_principal(arn))?;
        self.add_role(account, spec, trust_policy, ids, now)
    }

    /// Makes a role as [`Directory::create_role`] does, whose trust policy may name users and roles that are not there:
    /// those that come later are to be known by [`Directory::resolve_trust_policies`].
    ///
    /// # Errors
    /// As for [`Directory::create_role`].
    pub fn stage_role(
        &mut self,
        account: &AccountId,
        spec: NewRole<'_>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Role>, IamError> {
        spec.check()?;
        let trust_policy =
            TrustPolicy::save_with_absent(spec.trust_policy, |_| Found::UnknownAccount, |_| String::new())?;
        self.add_role(account, spec, trust_policy, ids, now)
    }

    /// Gives the trust policies of all roles the unique ids of the users and roles that they name: of those that are
    /// there, else of `gone`, by ARN, else new ones that nobody has.
    pub fn resolve_trust_policies(&mut self, gone: &BTreeMap<String, String>, ids: &mut IdGenerator) {
        let mut made: BTreeMap<String, String> = gone.clone();
        for account in self.accounts.keys().cloned().collect::<Vec<_>>() {
            let roles: Vec<Role> = self
                .account(&account)
                .into_iter()
                .flat_map(Account::roles)
                .cloned()
                .collect();
            for mut role in roles {
                let id_of = |arn: &str| {
                    let prefix = if arn.contains(":role/") { "AROA" } else { "AIDA" };
                    made.entry(arn.to_owned())
                        .or_insert_with(|| ids.unique_id(prefix))
                        .clone()
                };
                let find = |arn: &str| self.find_principal(arn);
                let Ok(trust_policy) = TrustPolicy::save_with_absent(role.trust_policy.text(), find, id_of) else {
                    continue;
                };
                role.trust_policy = trust_policy;
                if let Ok(account) = self.account_mut(&account) {
                    account.roles.insert(role.name.to_ascii_lowercase(), Arc::new(role));
                }
            }
        }
    }

    fn add_role(
        &mut self,
        account: &AccountId,
        spec: NewRole<'_>,
        trust_policy: TrustPolicy,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Role>, IamError> {
        let arn = self.vacant::<Role>(account, spec.path, spec.name)?;
        let role = Role {
            name: spec.name.to_owned(),
            path: spec.path.to_owned(),
            id: ids.unique_id("AROA"),
            arn,
            created: now,
            max_session_duration: spec.max_session_duration,
            trust_policy,
            description: None,
            policies: Policies::default(),
            tags: Tags::default(),
        };
        self.insert(account, spec.name, role)
    }

    /// The trust policy of a role as GetRole answers it: users and roles that are gone are shown by their ids.
    #[must_use]
    pub fn render_trust_policy(&self, role: &Role) -> String {
        role.trust_policy.render(|arn| self.find_principal(arn))
    }

    /// The policies by which a request with `key` is judged: those of its user with its groups, or of its role, beside
    /// the session's own. None where nobody acts with it any more.
    #[must_use]
    pub fn policies_of(&self, key: &AccessKey) -> PrincipalPolicies {
        let session = key
            .session
            .as_ref()
            .and_then(|session| self.session_policy(&key.account, &session.facts));
        let of_principal = match &key.owner {
            KeyOwner::AssumedRole { role_name, role_id, .. } => {
                let role = self.find::<Role>(&key.account, role_name);
                role.ok()
                    .filter(|role| role.id == *role_id)
                    .map(|role| self.policies_of_role(&key.account, role))
            }
            KeyOwner::InstanceIdentity { .. } => None,
            KeyOwner::Root | KeyOwner::FederatedUser { issuer: None, .. } => Some(PrincipalPolicies::administrator()),
            KeyOwner::User { user_name, user_id }
            | KeyOwner::FederatedUser {
                issuer: Some((user_name, user_id)),
                ..
            } => {
                let user = self.find::<User>(&key.account, user_name);
                user.ok()
                    .filter(|user| user.id == *user_id)
                    .map(|user| self.policies_of_user(&key.account, user))
            }
        };
        PrincipalPolicies {
            session,
            ..of_principal.unwrap_or_default()
        }
    }

    /// All session policies as one, where there are some. A managed policy that is gone allows nothing.
    fn session_policy(&self, account: &AccountId, facts: &SessionFacts) -> Option<Arc<PolicyDocument>> {
        if facts.policy_arns.is_empty() {
            return facts.policy.clone();
        }
        let managed: Vec<_> = facts
            .policy_arns
            .iter()
            .filter_map(|arn| self.document(account, arn))
            .collect();
        let documents = managed.iter().chain(&facts.policy).map(|document| &**document);
        Some(Arc::new(PolicyDocument::join(documents)))
    }

    /// The policies of a user, with those of its groups.
    #[must_use]
    pub fn policies_of_user(&self, account: &AccountId, user: &User) -> PrincipalPolicies {
        let mut identity: Vec<_> = self.documents(account, &user.policies).collect();
        for group in self.groups_of(account, user) {
            identity.extend(self.documents(account, &group.policies));
        }
        self.bounded(account, identity, &user.policies)
    }

    /// The policies of a role.
    #[must_use]
    pub fn policies_of_role(&self, account: &AccountId, role: &Role) -> PrincipalPolicies {
        let identity = self.documents(account, &role.policies).collect();
        self.bounded(account, identity, &role.policies)
    }

    fn bounded(
        &self,
        account: &AccountId,
        identity: Vec<Arc<PolicyDocument>>,
        policies: &Policies,
    ) -> PrincipalPolicies {
        PrincipalPolicies {
            identity,
            boundary: policies
                .boundary()
                .map(|arn| self.document(account, arn).unwrap_or_default()),
            session: None,
        }
    }

    /// The condition keys that every request of a caller has.
    #[must_use]
    pub fn condition_keys(&self, caller: &CallerIdentity, now: Timestamp) -> ConditionKeys {
        // The ARN of a session's role alone has the role's path.
        let role = caller
            .arn
            .split_once(":assumed-role/")
            .and_then(|(_, session)| session.split('/').next())
            .and_then(|name| self.account(&caller.account)?.role(name));
        ConditionKeys::of_caller(caller, role.map_or(&caller.arn, |role| &role.arn), now)
    }

    /// Whom the ARN of a user or a role, with its path, names.
    fn find_principal(&self, arn: &str) -> Found {
        let Some((parsed, account)) = Arn::parse(arn).ok().and_then(|parsed| {
            let account = self.accounts.get(&AccountId::parse(&parsed.account_id).ok()?)?;
            Some((parsed, account))
        }) else {
            return Found::UnknownAccount;
        };
        let name = parsed.resource.rsplit('/').next().unwrap_or_default();
        let user = account.user(name).filter(|user| user.arn == arn).map(|user| &user.id);
        let role = account.role(name).filter(|role| role.arn == arn).map(|role| &role.id);
        user.or(role).map_or(Found::Nobody, |id| Found::Id(id.clone()))
    }

    /// Makes a long-lived key for a user.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::NoSuchUser`], [`IamError::Quota`].
    pub fn create_access_key(
        &mut self,
        account: &AccountId,
        user_name: &str,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<AccessKey>, IamError> {
        let user = Arc::clone(self.find_user(account, user_name)?);
        if self.access_keys_of(account, &user).count() >= ACCESS_KEYS_PER_USER {
            return Err(IamError::Quota {
                quota: "AccessKeysPerUser",
                most: ACCESS_KEYS_PER_USER,
            });
        }
        Ok(self.add_key(AccessKey {
            id: ids.access_key_id("AKIA"),
            secret: SecretKey::new(ids.secret()),
            account: account.clone(),
            owner: KeyOwner::User {
                user_name: user.name.clone(),
                user_id: user.id.clone(),
            },
            status: KeyStatus::Active,
            created: now,
            session: None,
        }))
    }

    /// Makes temporary credentials that end at `expires`.
    pub fn create_session(
        &mut self,
        account: &AccountId,
        owner: KeyOwner,
        expires: Timestamp,
        facts: SessionFacts,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Arc<AccessKey> {
        self.add_key(AccessKey {
            id: ids.access_key_id("ASIA"),
            secret: SecretKey::new(ids.secret()),
            account: account.clone(),
            owner,
            status: KeyStatus::Active,
            created: now,
            session: Some(Session {
                token: SessionToken::new(ids.session_token()),
                expires,
                facts,
            }),
        })
    }

    /// Puts a key in as it is, in place of one with the same id.
    pub fn add_key(&mut self, key: AccessKey) -> Arc<AccessKey> {
        let key = Arc::new(key);
        self.keys.insert(key.id.clone(), Arc::clone(&key));
        key
    }

    /// Switches a user's key on or off.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchAccessKey`] when the user has no such key.
    pub fn set_key_status(
        &mut self,
        account: &AccountId,
        user_name: &str,
        key_id: &str,
        status: KeyStatus,
    ) -> Result<(), IamError> {
        let mut key = self.find_key_of(account, user_name, key_id)?.clone();
        key.status = status;
        self.add_key(key);
        Ok(())
    }

    /// Deletes a user's key.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchAccessKey`] when the user has no such key.
    pub fn delete_access_key(&mut self, account: &AccountId, user_name: &str, key_id: &str) -> Result<(), IamError> {
        self.find_key_of(account, user_name, key_id)?;
        self.keys.remove(key_id);
        Ok(())
    }

    /// Says in which regions STS gives out no credentials of an account.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`].
    pub fn set_disabled_regions(&mut self, account: &AccountId, regions: Vec<String>) -> Result<(), IamError> {
        self.account_mut(account)?.disabled_regions = regions;
        Ok(())
    }

    /// The user of that name.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::NoSuchUser`].
    pub fn find_user(&self, account: &AccountId, name: &str) -> Result<&Arc<User>, IamError> {
        self.find::<User>(account, name)
    }

    fn find_key_of(&self, account: &AccountId, user_name: &str, key_id: &str) -> Result<&AccessKey, IamError> {
        let user = self.find_user(account, user_name)?;
        self.access_key(key_id)
            .filter(|key| key.is_long_lived_key_of(account, user))
            .ok_or_else(|| IamError::NoSuchAccessKey { id: key_id.to_owned() })
    }

    fn find_account(&self, id: &AccountId) -> Result<&Account, IamError> {
        self.account(id)
            .ok_or_else(|| IamError::NoSuchAccount { id: id.clone() })
    }

    fn account_mut(&mut self, id: &AccountId) -> Result<&mut Account, IamError> {
        self.accounts
            .get_mut(id)
            .map(Arc::make_mut)
            .ok_or_else(|| IamError::NoSuchAccount { id: id.clone() })
    }
}

impl Account {
    /// Users by lower-cased name.
    pub(crate) fn users_by_name(&self) -> &OrdMap<String, Arc<User>> {
        &self.users
    }

    /// Roles by lower-cased name.
    pub(crate) fn roles_by_name(&self) -> &OrdMap<String, Arc<Role>> {
        &self.roles
    }

    /// `arn:PARTITION:iam::ACCOUNT:KIND/PATH/NAME`.
    #[must_use]
    pub fn arn(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}{path}{name}", self.partition, self.id)
    }

    /// The name by which people sign in.
    #[must_use]
    pub fn alias(&self) -> Option<&str> {
        self.alias.as_deref()
    }

    /// Managed policies of the account.
    #[must_use]
    pub fn policy_count(&self) -> usize {
        self.policies.len()
    }

    /// Identity providers by ARN.
    pub fn oidc_providers(&self) -> impl Iterator<Item = &OidcProvider> {
        self.oidc_providers.values().map(Arc::as_ref)
    }

    /// MFA devices by serial number.
    pub fn mfa_devices(&self) -> impl Iterator<Item = &MfaDevice> {
        self.mfa_devices.values().map(Arc::as_ref)
    }

    /// The user of that name, without regard to case.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.get(&name.to_ascii_lowercase()).map(Arc::as_ref)
    }

    /// The role of that name, without regard to case.
    #[must_use]
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(&name.to_ascii_lowercase()).map(Arc::as_ref)
    }

    /// All users by name.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values().map(Arc::as_ref)
    }

    /// All roles by name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values().map(Arc::as_ref)
    }
}

/// What a new role is to be.
#[derive(Clone, Copy, Debug)]
pub struct NewRole<'a> {
    /// The name without path.
    pub name: &'a str,
    /// `/`, or `/division/team/`.
    pub path: &'a str,
    /// A policy document in JSON.
    pub trust_policy: &'a str,
    /// Seconds, 3600 to 43200.
    pub max_session_duration: u32,
}

impl NewRole<'_> {
    fn check(&self) -> Result<(), IamError> {
        input::check("roleName", self.name, input::NEW_NAME)?;
        input::check("path", self.path, input::PATH)?;
        role::check_trust_length(self.trust_policy)
    }
}
