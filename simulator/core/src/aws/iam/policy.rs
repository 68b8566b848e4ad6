//! Policies: managed ones with their versions, and the inline ones of somebody.
//!
//! Source: the IAM User Guide, "IAM and AWS STS quotas", for how many there may be and how long.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Directory;
use super::IamError;
use super::Tags;
use super::input;
use crate::aws::iam_policy::PolicyDocument;
use crate::aws::iam_policy::PolicyKind;
use crate::aws::iam_policy::managed;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Versions of one managed policy.
const VERSIONS: usize = 5;
/// Characters of a managed policy without white space.
const MANAGED_LENGTH: usize = 6144;

/// A policy document as it was given, and what it means.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Document {
    /// The JSON.
    pub text: String,
    /// The same, parsed.
    pub parsed: Arc<PolicyDocument>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, IamError> {
        Ok(Self {
            text: text.to_owned(),
            parsed: Arc::new(PolicyDocument::parse(text, PolicyKind::Identity)?),
        })
    }
}

/// The characters that count against a quota.
pub(super) fn length(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// The policies of a user, role or group.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Policies {
    pub(super) attached: BTreeSet<String>,
    pub(super) inline: BTreeMap<String, Document>,
    pub(super) boundary: Option<String>,
}

impl Policies {
    /// Those of a world, or of a role that AWS makes: ARNs of managed ones, names and documents of inline ones.
    ///
    /// # Errors
    /// [`IamError::MalformedPolicy`], [`IamError::Invalid`].
    pub fn new<'a>(
        attached: impl IntoIterator<Item = String>,
        inline: impl IntoIterator<Item = (&'a str, &'a str)>,
        boundary: Option<String>,
    ) -> Result<Self, IamError> {
        let inline = inline.into_iter().map(|(name, document)| {
            input::check("policyName", name, input::NAME)?;
            Ok((name.to_owned(), Document::parse(document)?))
        });
        Ok(Self {
            attached: attached.into_iter().collect(),
            inline: inline.collect::<Result<_, IamError>>()?,
            boundary,
        })
    }

    /// The ARNs of managed policies that are attached.
    pub fn attached(&self) -> impl Iterator<Item = &str> {
        self.attached.iter().map(String::as_str)
    }

    /// Inline policies by name.
    pub fn inline(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.inline.iter().map(|(name, document)| (name.as_str(), document))
    }

    /// The ARN of the permissions boundary.
    #[must_use]
    pub fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }

    pub(super) fn has_attached(&self) -> bool {
        !self.attached.is_empty()
    }

    pub(super) fn has_inline(&self) -> bool {
        !self.inline.is_empty()
    }

    fn names(&self, arn: &str) -> bool {
        self.attached.contains(arn) || self.boundary.as_deref() == Some(arn)
    }
}

/// A managed policy, of an account or of AWS.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct ManagedPolicy {
    /// The name without path.
    pub name: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    /// `ANPA…`.
    pub id: String,
    /// `arn:aws:iam::ACCOUNT:policy/PATH/NAME`, with `aws` for the account where AWS manages it.
    pub arn: String,
    /// What its maker says of it.
    pub description: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it got its newest version or another default.
    pub updated: Timestamp,
    /// The number of the version that counts.
    pub default_version: u32,
    /// By number.
    pub versions: BTreeMap<u32, PolicyVersion>,
    /// The number of the newest version that there ever was.
    newest: u32,
    /// Its tags.
    pub tags: Tags,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    /// What it says.
    pub document: Document,
    /// When it was made.
    pub created: Timestamp,
}

impl ManagedPolicy {
    fn of_aws(policy: &managed::ManagedPolicy, partition: Partition) -> Self {
        let version = version_number(&policy.version_id).unwrap_or(1);
        let document = Document {
            text: policy.text.clone(),
            parsed: Arc::clone(&policy.document),
        };
        Self {
            name: policy.name.clone(),
            path: policy.path.clone(),
            id: policy.id.clone(),
            arn: policy.arn(partition),
            description: None,
            created: policy.created,
            updated: policy.updated,
            default_version: version,
            newest: version,
            versions: [(
                version,
                PolicyVersion {
                    document,
                    created: policy.updated,
                },
            )]
            .into(),
            tags: Tags::default(),
        }
    }

    /// Whether AWS manages it.
    #[must_use]
    pub fn is_of_aws(&self) -> bool {
        is_of_aws(&self.arn)
    }

    /// The version of that id, such as `v2`.
    ///
    /// # Errors
    /// [`IamError::NoSuchPolicyVersion`].
    pub fn version(&self, id: &str) -> Result<(u32, &PolicyVersion), IamError> {
        version_number(id)
            .and_then(|number| Some((number, self.versions.get(&number)?)))
            .ok_or_else(|| IamError::NoSuchPolicyVersion {
                arn: self.arn.clone(),
                version: id.to_owned(),
            })
    }

    fn default_document(&self) -> Option<&Arc<PolicyDocument>> {
        let version = self.versions.get(&self.default_version)?;
        Some(&version.document.parsed)
    }
}

/// Whether a managed policy of that ARN is AWS's own, known here or not.
pub(crate) fn is_of_aws(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

fn version_number(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// What a new managed policy is to be.
#[derive(Clone, Copy, Debug)]
pub struct NewPolicy<'a> {
    /// The name without path.
    pub name: &'a str,
    /// `/`, or `/division/team/`.
    pub path: &'a str,
    /// The first version, in JSON.
    pub document: &'a str,
    /// What its maker says of it.
    pub description: Option<&'a str>,
}

impl Directory {
    /// The managed policy with that ARN, of the account or of AWS.
    ///
    /// # Errors
    /// [`IamError::NoSuchPolicy`].
    pub fn managed_policy(&self, account: &AccountId, arn: &str) -> Result<Arc<ManagedPolicy>, IamError> {
        let account = self.accounts.get(account);
        let of_account = account.and_then(|account| {
            let name = arn.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            account.policies.get(&name).filter(|policy| policy.arn == arn)
        });
        let of_aws = || {
            let policy = managed::find(arn)?;
            let partition = account?.partition;
            Some(Arc::new(ManagedPolicy::of_aws(policy, partition))).filter(|policy| policy.arn == arn)
        };
        of_account
            .cloned()
            .or_else(of_aws)
            .ok_or_else(|| IamError::NoSuchPolicy { arn: arn.to_owned() })
    }

    /// All managed policies that the account sees, by ARN: its own, then those of AWS.
    #[must_use]
    pub fn managed_policies(&self, account: &AccountId) -> Vec<Arc<ManagedPolicy>> {
        let Some(account) = self.accounts.get(account) else {
            return Vec::new();
        };
        let of_aws = managed::all().map(|policy| Arc::new(ManagedPolicy::of_aws(policy, account.partition)));
        let mut policies: Vec<_> = account.policies.values().cloned().chain(of_aws).collect();
        policies.sort_unstable_by(|a, b| a.arn.cmp(&b.arn));
        policies
    }

    /// Makes a managed policy.
    ///
    /// # Errors
    /// [`IamError::PolicyExists`], [`IamError::MalformedPolicy`], [`IamError::Quota`], [`IamError::Invalid`].
    pub fn create_policy(
        &mut self,
        account: &AccountId,
        spec: NewPolicy<'_>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<ManagedPolicy>, IamError> {
        input::check("policyName", spec.name, input::NAME)?;
        input::check("path", spec.path, input::PATH)?;
        let document = managed_document(spec.document)?;
        let account = self.account_mut(account)?;
        let key = spec.name.to_ascii_lowercase();
        if account.policies.contains_key(&key) {
            return Err(IamError::PolicyExists {
                name: spec.name.to_owned(),
            });
        }
        let policy = Arc::new(ManagedPolicy {
            name: spec.name.to_owned(),
            path: spec.path.to_owned(),
            id: ids.unique_id("ANPA"),
            arn: account.arn("policy", spec.path, spec.name),
            description: spec.description.map(str::to_owned),
            created: now,
            updated: now,
            default_version: 1,
            newest: 1,
            versions: [(1, PolicyVersion { document, created: now })].into(),
            tags: Tags::default(),
        });
        account.policies.insert(key, Arc::clone(&policy));
        Ok(policy)
    }

    /// Adds a version to a managed policy and answers its number. Numbers are not used again.
    ///
    /// # Errors
    /// [`IamError::NoSuchPolicy`], [`IamError::AwsManaged`], [`IamError::TooManyPolicyVersions`],
    /// [`IamError::MalformedPolicy`], [`IamError::Quota`].
    pub fn create_policy_version(
        &mut self,
        account: &AccountId,
        arn: &str,
        document: &str,
        is_default: bool,
        now: Timestamp,
    ) -> Result<u32, IamError> {
        self.edit_policy(account, arn, |policy| {
            let document = managed_document(document)?;
            if policy.versions.len() >= VERSIONS {
                return Err(IamError::TooManyPolicyVersions);
            }
            let number = policy.newest.saturating_add(1);
            policy.newest = number;
            policy.versions.insert(number, PolicyVersion { document, created: now });
            policy.updated = now;
            if is_default {
                policy.default_version = number;
            }
            Ok(number)
        })
    }

    /// Makes another version the one that counts.
    ///
    /// # Errors
    /// [`IamError::NoSuchPolicy`], [`IamError::AwsManaged`], [`IamError::NoSuchPolicyVersion`].
    pub fn set_default_policy_version(
        &mut self,
        account: &AccountId,
        arn: &str,
        version: &str,
        now: Timestamp,
    ) -> Result<(), IamError> {
        self.edit_policy(account, arn, |policy| {
            policy.default_version = policy.version(version)?.0;
            policy.updated = now;
            Ok(())
        })
    }

    /// Deletes a version that is not the default one.
    ///
    /// # Errors
    /// [`IamError::NoSuchPolicy`], [`IamError::AwsManaged`], [`IamError::NoSuchPolicyVersion`],
    /// [`IamError::DefaultPolicyVersion`].
    pub fn delete_policy_version(&mut self, account: &AccountId, arn: &str, version: &str) -> Result<(), IamError> {
        self.edit_policy(account, arn, |policy| {
            let number = policy.version(version)?.0;
            if number == policy.default_version {
                return Err(IamError::DefaultPolicyVersion);
            }
            policy.versions.remove(&number);
            Ok(())
        })
    }

    /// Deletes a managed policy that nobody has and that has one version.
    ///
    /// # Errors
    /// [`IamError::NoSuchPolicy`], [`IamError::AwsManaged`], [`IamError::PolicyInUse`], [`IamError::PolicyVersionsLeft`].
    pub fn delete_policy(&mut self, account: &AccountId, arn: &str) -> Result<(), IamError> {
        let (has_versions, key) = self.edit_policy(account, arn, |policy| {
            Ok((policy.versions.len() > 1, policy.name.to_ascii_lowercase()))
        })?;
        if self.holders(account).any(|(_, policies)| policies.names(arn)) {
            return Err(IamError::PolicyInUse);
        }
        if has_versions {
            return Err(IamError::PolicyVersionsLeft);
        }
        self.account_mut(account)?.policies.remove(&key);
        Ok(())
    }

    pub(super) fn edit_policy<R>(
        &mut self,
        account: &AccountId,
        arn: &str,
        change: impl FnOnce(&mut ManagedPolicy) -> Result<R, IamError>,
    ) -> Result<R, IamError> {
        let mut policy = self.managed_policy(account, arn)?.as_ref().clone();
        if policy.is_of_aws() {
            return Err(IamError::AwsManaged { arn: arn.to_owned() });
        }
        let answer = change(&mut policy)?;
        let account = self.account_mut(account)?;
        account
            .policies
            .insert(policy.name.to_ascii_lowercase(), Arc::new(policy));
        Ok(answer)
    }

    /// What policies say: those attached, then those inline.
    pub(super) fn documents<'a>(
        &'a self,
        account: &'a AccountId,
        policies: &'a Policies,
    ) -> impl Iterator<Item = Arc<PolicyDocument>> + 'a {
        let attached = policies.attached().filter_map(|arn| self.document(account, arn));
        attached.chain(policies.inline.values().map(|document| Arc::clone(&document.parsed)))
    }

    /// What the default version of a managed policy says.
    #[must_use]
    pub fn document(&self, account: &AccountId, arn: &str) -> Option<Arc<PolicyDocument>> {
        if is_of_aws(arn) {
            return managed::find(arn).map(|policy| Arc::clone(&policy.document));
        }
        self.managed_policy(account, arn).ok()?.default_document().cloned()
    }
}

fn managed_document(text: &str) -> Result<Document, IamError> {
    let document = Document::parse(text)?;
    if length(text) > MANAGED_LENGTH {
        return Err(IamError::Quota {
            quota: "PolicySize",
            most: MANAGED_LENGTH,
        });
    }
    Ok(document)
}
