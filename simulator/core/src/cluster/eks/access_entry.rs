//! Access entries: who of IAM is whom in a cluster, by EKS's own list.
//!
//! An entry is bound to the unique id that its principal had when the entry was made, so that a principal recreated
//! under the same name is not let in by it. Sources: "Grant IAM users access to Kubernetes with EKS access entries" of
//! the Amazon EKS User Guide, botocore's model, and errors that users of the API have quoted.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;
use serde::Deserialize;
use serde::Serialize;

use super::Cluster;
use super::error::EksError;
use super::parameter::AccessConfig;
use super::parameter::AccessScope;
use super::parameter::AuthenticationMode;
use super::parameter::EntryType;
use super::parameter::TAGS;
use super::update::UpdateKind;
use crate::aws::iam::Directory;
use crate::cluster::access_policy::AccessPolicy;
use crate::kube::request_info::Attributes;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::wildcard;

/// What a cluster's creator is given where access entries are in use.
const CREATOR_POLICY: &str = "AmazonEKSClusterAdminPolicy";
/// Usernames and groups of people begin with none of these.
const RESERVED_PREFIXES: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];
impl AccessConfig {
    /// Whether the two go together.
    ///
    /// # Errors
    /// [`EksError::CreatorNotAdmin`].
    pub fn check(self) -> Result<Self, EksError> {
        if self.authentication_mode == AuthenticationMode::ConfigMap && !self.bootstrap_creator_admin {
            return Err(EksError::CreatorNotAdmin);
        }
        Ok(self)
    }
}

impl EntryType {
    /// The type of that name.
    ///
    /// # Errors
    /// [`EksError::UnknownEntryType`].
    pub fn parse(name: &str) -> Result<Self, EksError> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| EksError::UnknownEntryType { got: name.to_owned() })
    }

    /// Whether access policies can be associated with it.
    #[must_use]
    pub fn takes_policies(self) -> bool {
        matches!(self, Self::Ec2 | Self::Standard)
    }

    /// Whether its principal must be a role of the cluster's account.
    fn is_bound_to_account(self) -> bool {
        match self {
            Self::Ec2 | Self::Ec2Linux | Self::Ec2Windows | Self::FargateLinux | Self::HybridLinux => true,
            Self::HyperpodLinux | Self::Standard => false,
        }
    }

    /// FIDELITY: the username of EC2 and HYPERPOD_LINUX is not published.
    fn default_username(self, principal: &Arn) -> String {
        match self {
            Self::Ec2 | Self::Ec2Linux | Self::Ec2Windows => "system:node:{{EC2PrivateDNSName}}".to_owned(),
            Self::FargateLinux | Self::HybridLinux | Self::HyperpodLinux => "system:node:{{SessionName}}".to_owned(),
            Self::Standard => match principal.resource.strip_prefix("role/") {
                Some(role) => format!(
                    "arn:{}:sts::{}:assumed-role/{}/{{{{SessionName}}}}",
                    principal.partition,
                    principal.account_id,
                    last_part(role)
                ),
                None => principal.to_string(),
            },
        }
    }

    /// FIDELITY: only those of EC2_LINUX were seen; the others are those that `aws-auth` gives such nodes.
    pub(crate) fn default_groups(self) -> &'static [&'static str] {
        match self {
            Self::Standard => &[],
            Self::Ec2 | Self::Ec2Linux | Self::HybridLinux | Self::HyperpodLinux => &["system:nodes"],
            Self::Ec2Windows => &["system:nodes", "eks:kube-proxy-windows"],
            Self::FargateLinux => &["system:bootstrappers", "system:nodes", "system:node-proxier"],
        }
    }
}

/// An IAM user or role as it is at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// With its path.
    pub arn: String,
    /// `AIDA…` or `AROA…`.
    pub id: String,
}

impl Principal {
    /// The user or role that has this ARN, path and case included.
    #[must_use]
    pub fn find(arn: &str, directory: &Directory) -> Option<Self> {
        let found = Self::find_by_name(arn, directory)?;
        (found.arn == arn).then_some(found)
    }

    /// The user or role that has this canonical ARN, which shows no role's path.
    #[must_use]
    pub fn find_canonical(canonical_arn: &str, directory: &Directory) -> Option<Self> {
        let found = Self::find_by_name(canonical_arn, directory)?;
        canonical(&found.arn)
            .eq_ignore_ascii_case(canonical_arn)
            .then_some(found)
    }

    /// The user or role of the same kind, account and name, whatever its path.
    #[must_use]
    pub fn find_by_name(arn: &str, directory: &Directory) -> Option<Self> {
        let arn = Arn::parse(arn).ok().filter(|arn| arn.service == "iam")?;
        let account = directory.account(&AccountId::parse(&arn.account_id).ok()?)?;
        let (kind, path) = arn.resource.split_once('/')?;
        let (arn, id) = match kind {
            "role" => account.role(last_part(path)).map(|role| (&role.arn, &role.id)),
            "user" => account.user(last_part(path)).map(|user| (&user.arn, &user.id)),
            _ => None,
        }?;
        Some(Self {
            arn: arn.clone(),
            id: id.clone(),
        })
    }
}

impl AccessScope {
    /// The scope of that type.
    ///
    /// # Errors
    /// [`EksError::NamespacesMissing`], [`EksError::NamespacesNotAllowed`], [`EksError::UnknownScopeType`].
    pub fn new(kind: &str, namespaces: Vec<String>) -> Result<Self, EksError> {
        match (kind, namespaces.is_empty()) {
            ("cluster", true) => Ok(Self::Cluster),
            ("cluster", false) => Err(EksError::NamespacesNotAllowed),
            ("namespace", true) => Err(EksError::NamespacesMissing),
            ("namespace", false) => Ok(Self::Namespaces(namespaces)),
            _ => Err(EksError::UnknownScopeType { got: kind.to_owned() }),
        }
    }

    /// Whether a request lies within it. What has no namespace lies within the cluster only.
    #[must_use]
    pub fn covers(&self, attributes: &Attributes) -> bool {
        match self {
            Self::Cluster => true,
            Self::Namespaces(patterns) => {
                let namespace = attributes.namespace.as_str();
                attributes.is_resource
                    && !namespace.is_empty()
                    && patterns.iter().any(|pattern| wildcard::matches(pattern, namespace))
            }
        }
    }
}

/// A policy of an entry.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AssociatedPolicy {
    /// Which.
    #[serde(with = "policy_by_name")]
    pub policy: &'static AccessPolicy,
    /// Where it holds.
    pub scope: AccessScope,
    /// When it was associated first.
    pub associated: Timestamp,
    /// When its scope was set.
    pub modified: Timestamp,
}

/// An access entry.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct AccessEntry {
    /// With the path.
    pub principal_arn: String,
    /// The unique id that the principal had when the entry was made. The API never shows it.
    pub principal_id: String,
    /// What it is for.
    pub entry_type: EntryType,
    /// A template.
    pub username: String,
    /// Templates.
    pub groups: Vec<String>,
    /// By name.
    pub policies: Vec<AssociatedPolicy>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// As given.
    pub tags: BTreeMap<String, String>,
    /// Its own ARN.
    pub arn: String,
}

impl AccessEntry {
    /// The ARN under which STS shows its principal, as mappings have it: a role has no path.
    #[must_use]
    pub fn canonical_arn(&self) -> String {
        canonical(&self.principal_arn)
    }
}

/// Upstream's `StripPath`: a role loses its path, a user keeps it.
fn canonical(arn: &str) -> String {
    match arn.split_once(":role/") {
        Some((head, role)) => format!("{head}:role/{}", last_part(role)),
        None => arn.to_owned(),
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The end of the ARN that policies name for an entry that is not there: it has no id, and `*` in its place.
#[must_use]
pub fn resource_of_absent(cluster: &str, principal_arn: &str) -> String {
    let principal = Arn::parse(principal_arn).ok();
    let (account, resource) = principal
        .as_ref()
        .map_or(("", ""), |arn| (&arn.account_id, &arn.resource));
    let (kind, path) = resource.split_once('/').unwrap_or_default();
    format!("access-entry/{cluster}/{kind}/{account}/{}/*", last_part(path))
}

/// What a lookup by identity comes to.
#[derive(Clone, Copy, Debug)]
pub enum EntryMatch<'a> {
    /// The entry of that id and that ARN.
    Found(&'a Arc<AccessEntry>),
    /// No entry has that id.
    Missing,
    /// The entry of that id names another ARN.
    OtherArn(&'a Arc<AccessEntry>),
}

/// The entries of a cluster, by ARN and by unique id.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct AccessEntries {
    #[serde(skip)]
    by_arn: OrdMap<String, Arc<AccessEntry>>,
    // INVARIANT: an id leads to the newest entry that was made for it. An id has one principal for all time, and a
    // principal one ARN, since nothing in a World renames principals.
    by_id: OrdMap<String, String>,
}

impl AccessEntries {
    /// The entry for a principal's ARN, path and case included.
    #[must_use]
    pub fn get(&self, principal_arn: &str) -> Option<&Arc<AccessEntry>> {
        self.by_arn.get(principal_arn)
    }

    /// All entries by principal ARN.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<AccessEntry>> {
        self.by_arn.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_arn.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_arn.is_empty()
    }

    /// The entry that lets an identity in: its id is looked up, then its canonical ARN must be the entry's, without
    /// regard to case (`pkg/mapper/dynamicfile/mapper.go` upstream, with userID strictness). The cost does not grow with
    /// the number of entries but as the depth of a tree.
    #[must_use]
    pub fn find(&self, principal_id: &str, canonical_arn: &str) -> EntryMatch<'_> {
        match self.by_id.get(principal_id).and_then(|arn| self.by_arn.get(arn)) {
            None => EntryMatch::Missing,
            Some(entry) if entry.canonical_arn().eq_ignore_ascii_case(canonical_arn) => EntryMatch::Found(entry),
            Some(entry) => EntryMatch::OtherArn(entry),
        }
    }

    /// Entries by the principal's ARN.
    pub(crate) fn by_arn(&self) -> &OrdMap<String, Arc<AccessEntry>> {
        &self.by_arn
    }

    fn insert(&mut self, entry: Arc<AccessEntry>) {
        self.by_id
            .insert(entry.principal_id.clone(), entry.principal_arn.clone());
        self.by_arn.insert(entry.principal_arn.clone(), entry);
    }

    fn remove(&mut self, principal_arn: &str) -> Option<Arc<AccessEntry>> {
        let removed = self.by_arn.remove(principal_arn)?;
        if self.by_id.get(&removed.principal_id) == Some(&removed.principal_arn) {
            self.by_id.remove(&removed.principal_id);
        }
        Some(removed)
    }
}

/// An access policy as its name.
mod policy_by_name {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;
    use serde::de::Error;

    use crate::cluster::access_policy::AccessPolicy;

    pub(super) fn serialize<S: Serializer>(policy: &&'static AccessPolicy, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(policy.name)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<&'static AccessPolicy, D::Error> {
        let name = String::deserialize(from)?;
        AccessPolicy::from_name(&name).ok_or_else(|| D::Error::custom(format!("no access policy `{name}`")))
    }
}

/// What a new entry is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAccessEntry {
    /// With the path.
    pub principal_arn: String,
    /// What it is for.
    pub entry_type: EntryType,
    /// A template; the type's own where absent or empty.
    pub username: Option<String>,
    /// Templates; the type's own where there are none.
    pub groups: Vec<String>,
    /// At most 50.
    pub tags: BTreeMap<String, String>,
}

impl NewAccessEntry {
    /// What EKS checks before it looks for the cluster.
    ///
    /// FIDELITY: for the types other than EC2_LINUX and EC2_WINDOWS the User Guide only says that they take no username
    /// and no groups; their errors were not seen.
    ///
    /// # Errors
    /// In this order: [`EksError::InvalidPrincipal`] for what is no IAM user or role (a session, the root),
    /// [`EksError::ServiceLinkedRole`], [`EksError::UsernamePrefix`], [`EksError::GroupPrefix`],
    /// [`EksError::UsernameNotAllowed`], [`EksError::GroupsNotAllowed`], [`EksError::PrincipalNotRole`],
    /// [`EksError::SessionNameWithoutColon`], [`EksError::TooManyTags`].
    pub fn check_shape(&self) -> Result<(), EksError> {
        let principal = principal_of(&self.principal_arn)?;
        if principal.resource.starts_with("role/aws-service-role/") {
            return Err(EksError::ServiceLinkedRole);
        }
        let username = self.username.as_deref().unwrap_or_default();
        check_prefixes(username, &self.groups)?;
        if self.entry_type != EntryType::Standard {
            let entry_type = self.entry_type;
            if !username.is_empty() {
                return Err(EksError::UsernameNotAllowed { entry_type });
            }
            if !self.groups.is_empty() {
                return Err(EksError::GroupsNotAllowed { entry_type });
            }
        }
        if self.entry_type.is_bound_to_account() && !principal.resource.starts_with("role/") {
            return Err(EksError::PrincipalNotRole);
        }
        check_session_name(username)?;
        if self.tags.len() > TAGS {
            return Err(EksError::TooManyTags);
        }
        Ok(())
    }

    /// Whether the principal may be of another account than the cluster.
    ///
    /// # Errors
    /// [`EksError::PrincipalInOtherAccount`].
    pub fn check_account(&self, cluster: &AccountId) -> Result<(), EksError> {
        let principal = principal_of(&self.principal_arn)?;
        if self.entry_type.is_bound_to_account() && principal.account_id != cluster.as_str() {
            return Err(EksError::PrincipalInOtherAccount);
        }
        Ok(())
    }
}

/// A change of an entry; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessEntryChange {
    /// A template.
    pub username: Option<String>,
    /// Templates.
    pub groups: Option<Vec<String>>,
}

impl AccessEntryChange {
    /// What EKS checks before it looks for the cluster.
    ///
    /// # Errors
    /// [`EksError::UsernamePrefix`], [`EksError::GroupPrefix`], [`EksError::SessionNameWithoutColon`].
    pub fn check_shape(&self) -> Result<(), EksError> {
        let username = self.username.as_deref().unwrap_or_default();
        check_prefixes(username, self.groups.as_deref().unwrap_or_default())?;
        check_session_name(username)
    }
}

/// An IAM user or role, or [`EksError::InvalidPrincipal`].
///
/// FIDELITY: no text was found for the session of a role as a principal; it is refused as one that is not there.
fn principal_of(arn: &str) -> Result<Arn, EksError> {
    Arn::parse(arn)
        .ok()
        .filter(|arn| {
            arn.service == "iam"
                && ["role/", "user/"]
                    .iter()
                    .any(|kind| arn.resource.starts_with(kind) && !arn.resource.ends_with('/'))
        })
        .ok_or(EksError::InvalidPrincipal)
}

/// What a username or group of people begins with, but must not.
pub(crate) fn reserved_prefix(name: &str) -> Option<&'static str> {
    RESERVED_PREFIXES.into_iter().find(|prefix| name.starts_with(prefix))
}

fn check_prefixes(username: &str, groups: &[String]) -> Result<(), EksError> {
    if let Some(prefix) = reserved_prefix(username) {
        return Err(EksError::UsernamePrefix { prefix });
    }
    for group in groups {
        if let Some(prefix) = reserved_prefix(group) {
            return Err(EksError::GroupPrefix {
                group: group.clone(),
                prefix,
            });
        }
    }
    Ok(())
}

/// `john{{SessionName}}` is refused, `:john{{SessionName}}` and `jo:hn{{SessionName}}` are not.
fn check_session_name(username: &str) -> Result<(), EksError> {
    let before = ["{{SessionName}}", "{{SessionNameRaw}}"]
        .iter()
        .filter_map(|template| username.split_once(template))
        .map(|(before, _)| before)
        .min_by_key(|before| before.len());
    match before {
        Some(before) if !before.contains(':') => Err(EksError::SessionNameWithoutColon),
        Some(_) | None => Ok(()),
    }
}

/// The name in the ARN of an access policy; whether there is such a policy is another question.
///
/// # Errors
/// [`EksError::PolicyArnFormat`].
pub fn policy_name(arn: &str) -> Result<&str, EksError> {
    arn.strip_prefix("arn:")
        .and_then(|rest| rest.split_once(':'))
        .filter(|(partition, _)| !partition.is_empty())
        .and_then(|(_, rest)| rest.strip_prefix("eks::aws:cluster-access-policy/"))
        .filter(|name| !name.is_empty())
        .ok_or(EksError::PolicyArnFormat)
}

/// The operations of the EKS API on entries. Each leaves the cluster as it was when it refuses.
impl Cluster {
    /// Where its mappings come from.
    #[must_use]
    pub fn authentication_mode(&self) -> AuthenticationMode {
        self.authentication_mode
    }

    /// Its access entries. A cluster of mode CONFIG_MAP has none.
    #[must_use]
    pub fn access_entries(&self) -> &AccessEntries {
        &self.access_entries
    }

    /// Sets a new cluster's access. In the modes with access entries the creator gets one, with
    /// AmazonEKSClusterAdminPolicy for the cluster, unless that is switched off.
    ///
    /// # Errors
    /// [`EksError::CreatorNotAdmin`].
    pub fn begin_access(
        &mut self,
        config: AccessConfig,
        creator: Option<Principal>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<(), EksError> {
        let config = config.check()?;
        self.authentication_mode = config.authentication_mode;
        if config.authentication_mode.has_access_entries() && config.bootstrap_creator_admin {
            self.admit_creator(creator, ids, now);
        }
        Ok(())
    }

    /// Changes where mappings come from: CONFIG_MAP to API_AND_CONFIG_MAP, that to API. The first step gives the creator
    /// an access entry in place of the hidden mapping.
    ///
    /// FIDELITY: whose id the creator's entry holds when the creator was recreated before the step is not known; here it
    /// is that of the principal that has the ARN now, and a creator that is gone gets no entry.
    ///
    /// # Errors
    /// [`EksError::UnsupportedModeUpdate`].
    pub fn update_authentication_mode(
        &mut self,
        to: AuthenticationMode,
        directory: &Directory,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<(), EksError> {
        let from = self.authentication_mode;
        match (from, to) {
            (AuthenticationMode::ConfigMap, AuthenticationMode::ApiAndConfigMap) => {
                let creator = self
                    .creator
                    .as_ref()
                    .and_then(|creator| Principal::find_canonical(&creator.canonical_arn, directory));
                self.admit_creator(creator, ids, now);
            }
            (AuthenticationMode::ApiAndConfigMap, AuthenticationMode::Api) => {}
            _ => return Err(EksError::UnsupportedModeUpdate { from, to }),
        }
        self.authentication_mode = to;
        self.record_update(UpdateKind::AccessConfig(to), ids, now);
        Ok(())
    }

    /// CreateAccessEntry. Where AWS checks the request's shape before it looks for the cluster, so must the caller, with
    /// [`NewAccessEntry::check_shape`]; here it is checked again.
    ///
    /// # Errors
    /// Those of [`NewAccessEntry::check_shape`]; then in this order [`EksError::ModeWithoutAccessEntries`],
    /// [`EksError::PrincipalInOtherAccount`], [`EksError::InvalidPrincipal`], [`EksError::AccessEntryExists`].
    pub fn create_access_entry(
        &mut self,
        spec: NewAccessEntry,
        directory: &Directory,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<AccessEntry>, EksError> {
        self.check_new_entry(&spec)?;
        let principal = Principal::find(&spec.principal_arn, directory).ok_or(EksError::InvalidPrincipal)?;
        self.create_access_entry_for(principal.id, spec, ids, now)
    }

    /// [`Cluster::create_access_entry`] for a principal that had this unique id, which it may have no more.
    ///
    /// # Errors
    /// Those of [`Cluster::create_access_entry`].
    pub fn create_access_entry_for(
        &mut self,
        principal_id: String,
        spec: NewAccessEntry,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<AccessEntry>, EksError> {
        self.check_new_entry(&spec)?;
        if self.access_entries.get(&spec.principal_arn).is_some() {
            return Err(EksError::AccessEntryExists);
        }
        let principal = principal_of(&spec.principal_arn)?;
        let groups = if spec.groups.is_empty() {
            let groups = spec.entry_type.default_groups();
            groups.iter().map(|group| (*group).to_owned()).collect()
        } else {
            spec.groups
        };
        let entry = Arc::new(AccessEntry {
            username: spec
                .username
                .filter(|username| !username.is_empty())
                .unwrap_or_else(|| spec.entry_type.default_username(&principal)),
            arn: self.access_entry_arn(&principal, &ids.uuid()),
            principal_arn: spec.principal_arn,
            principal_id,
            entry_type: spec.entry_type,
            groups,
            policies: Vec::new(),
            created: now,
            modified: now,
            tags: spec.tags,
        });
        self.access_entries.insert(Arc::clone(&entry));
        Ok(entry)
    }

    /// DescribeAccessEntry.
    ///
    /// # Errors
    /// [`EksError::ModeWithoutAccessEntries`], [`EksError::NoAccessEntry`].
    pub fn access_entry(&self, principal_arn: &str) -> Result<&Arc<AccessEntry>, EksError> {
        self.check_mode()?;
        self.access_entries.get(principal_arn).ok_or(EksError::NoAccessEntry)
    }

    /// ListAccessEntries: by principal ARN, those with that policy where one is given.
    ///
    /// # Errors
    /// [`EksError::ModeWithoutAccessEntries`].
    pub fn list_access_entries(&self, policy_arn: Option<&str>) -> Result<Vec<&Arc<AccessEntry>>, EksError> {
        self.check_mode()?;
        let partition = self.partition();
        let has = |entry: &AccessEntry, arn: &str| {
            entry
                .policies
                .iter()
                .any(|associated| associated.policy.arn(partition) == arn)
        };
        Ok(self
            .access_entries
            .iter()
            .filter(|entry| policy_arn.is_none_or(|arn| has(entry, arn)))
            .collect())
    }

    /// UpdateAccessEntry.
    ///
    /// # Errors
    /// Those of [`AccessEntryChange::check_shape`], then [`EksError::ModeWithoutAccessEntries`],
    /// [`EksError::NoAccessEntry`], [`EksError::NotStandard`].
    pub fn update_access_entry(
        &mut self,
        principal_arn: &str,
        change: AccessEntryChange,
        now: Timestamp,
    ) -> Result<Arc<AccessEntry>, EksError> {
        change.check_shape()?;
        let mut entry = AccessEntry::clone(self.access_entry(principal_arn)?);
        if entry.entry_type != EntryType::Standard {
            return Err(EksError::NotStandard);
        }
        if let Some(username) = change.username.filter(|username| !username.is_empty()) {
            entry.username = username;
        }
        if let Some(groups) = change.groups {
            entry.groups = groups;
        }
        entry.modified = now;
        Ok(self.put_access_entry(entry))
    }

    /// DeleteAccessEntry.
    ///
    /// # Errors
    /// [`EksError::ModeWithoutAccessEntries`], [`EksError::NoAccessEntry`].
    pub fn delete_access_entry(&mut self, principal_arn: &str) -> Result<(), EksError> {
        self.check_mode()?;
        match self.access_entries.remove(principal_arn) {
            Some(_) => Ok(()),
            None => Err(EksError::NoAccessEntry),
        }
    }

    /// AssociateAccessPolicy. A policy that is associated already gets the new scope.
    ///
    /// FIDELITY: policies that AWS keeps for its service-linked roles can be associated with any entry.
    ///
    /// # Errors
    /// In this order: [`EksError::PolicyArnFormat`], [`EksError::ModeWithoutAccessEntries`],
    /// [`EksError::PolicyNotFound`], [`EksError::NoAccessEntry`], [`EksError::NotStandard`] for nodes other than Auto
    /// Mode's.
    pub fn associate_access_policy(
        &mut self,
        principal_arn: &str,
        policy_arn: &str,
        scope: AccessScope,
        now: Timestamp,
    ) -> Result<AssociatedPolicy, EksError> {
        policy_name(policy_arn)?;
        self.check_mode()?;
        let policy = AccessPolicy::from_arn(policy_arn, self.partition()).ok_or(EksError::PolicyNotFound)?;
        let mut entry = AccessEntry::clone(self.access_entry(principal_arn)?);
        if !entry.entry_type.takes_policies() {
            return Err(EksError::NotStandard);
        }
        let at = entry
            .policies
            .binary_search_by_key(&policy.name, |associated| associated.policy.name);
        let associated = AssociatedPolicy {
            policy,
            scope,
            associated: now,
            modified: now,
        };
        let stored = match at {
            Ok(at) => match entry.policies.get_mut(at) {
                Some(slot) => {
                    *slot = AssociatedPolicy {
                        associated: slot.associated,
                        ..associated
                    };
                    slot.clone()
                }
                None => associated,
            },
            Err(at) => {
                entry.policies.insert(at, associated.clone());
                associated
            }
        };
        self.put_access_entry(entry);
        Ok(stored)
    }

    /// DisassociateAccessPolicy.
    ///
    /// # Errors
    /// [`EksError::ModeWithoutAccessEntries`], [`EksError::NoAccessEntry`], [`EksError::PolicyNotAssociated`].
    pub fn disassociate_access_policy(&mut self, principal_arn: &str, policy_arn: &str) -> Result<(), EksError> {
        let mut entry = AccessEntry::clone(self.access_entry(principal_arn)?);
        let before = entry.policies.len();
        let partition = self.partition();
        entry
            .policies
            .retain(|associated| associated.policy.arn(partition) != policy_arn);
        if entry.policies.len() == before {
            return Err(EksError::PolicyNotAssociated);
        }
        self.put_access_entry(entry);
        Ok(())
    }

    /// Sets the tags of an entry.
    pub(super) fn set_entry_tags(&mut self, principal_arn: &str, tags: BTreeMap<String, String>) {
        if let Some(entry) = self.access_entries.get(principal_arn) {
            let mut entry = AccessEntry::clone(entry);
            entry.tags = tags;
            self.put_access_entry(entry);
        }
    }

    fn check_mode(&self) -> Result<(), EksError> {
        if self.authentication_mode.has_access_entries() {
            Ok(())
        } else {
            Err(EksError::ModeWithoutAccessEntries)
        }
    }

    fn check_new_entry(&self, spec: &NewAccessEntry) -> Result<(), EksError> {
        spec.check_shape()?;
        self.check_mode()?;
        spec.check_account(&self.account)
    }

    /// Puts back an entry that was kept; what leads to it by its principal's id was kept as well.
    pub(crate) fn restore_access_entry(&mut self, entry: AccessEntry) {
        self.access_entries
            .by_arn
            .insert(entry.principal_arn.clone(), Arc::new(entry));
    }

    fn put_access_entry(&mut self, entry: AccessEntry) -> Arc<AccessEntry> {
        let entry = Arc::new(entry);
        self.access_entries.insert(Arc::clone(&entry));
        entry
    }

    /// Gives the creator the entry of an administrator where it is a principal that can have one and has none.
    fn admit_creator(&mut self, creator: Option<Principal>, ids: &mut IdGenerator, now: Timestamp) {
        let Some((creator, policy)) = creator.zip(AccessPolicy::from_name(CREATOR_POLICY)) else {
            return;
        };
        let Ok(principal) = principal_of(&creator.arn) else {
            return;
        };
        if self.access_entries.get(&creator.arn).is_some() {
            return;
        }
        let entry = AccessEntry {
            username: EntryType::Standard.default_username(&principal),
            arn: self.access_entry_arn(&principal, &ids.uuid()),
            principal_arn: creator.arn,
            principal_id: creator.id,
            entry_type: EntryType::Standard,
            groups: Vec::new(),
            policies: vec![AssociatedPolicy {
                policy,
                scope: AccessScope::Cluster,
                associated: now,
                modified: now,
            }],
            created: now,
            modified: now,
            tags: BTreeMap::new(),
        };
        self.put_access_entry(entry);
    }

    /// `arn:P:eks:REGION:ACCOUNT:access-entry/CLUSTER/role|user/PRINCIPAL-ACCOUNT/NAME/UUID`.
    ///
    /// FIDELITY: whether NAME shows the principal's path is not known; here it does not.
    fn access_entry_arn(&self, principal: &Arn, uuid: &str) -> String {
        let (kind, path) = principal.resource.split_once('/').unwrap_or_default();
        let partition: Partition = self.partition();
        format!(
            "arn:{partition}:eks:{}:{}:access-entry/{}/{kind}/{}/{}/{uuid}",
            self.region,
            self.account,
            self.name,
            principal.account_id,
            last_part(path)
        )
    }
}
