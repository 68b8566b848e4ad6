//! What the client's own configuration adds to an explanation: which profile signed, and which would be let in.
//!
//! Nothing is read here, and no secret is needed: keys go by their ids.

use super::Cause;
use super::Explanation;
use super::fix;
use super::identity_of;
use crate::aws::iam::AccessKey;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::KeyStatus;
use crate::aws::iam_policy::RequestContext;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::iam_policy::trust::check_assume_role;
use crate::aws::principal::CallerIdentity;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::EntryMatch;
use crate::cluster::mapping;
use crate::cluster::mapping::Identity;
use crate::kube::request_info::Attributes;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::arn::CanonicalArn;
use crate::value::instant::Timestamp;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;
use crate::world::World;
use crate::world::authenticate::user_info;

/// Profiles that stand one behind the other, as sources of credentials, at most.
const CHAIN_LIMIT: usize = 8;
/// How the AWS CLI names the session of a role where the profile does not, but for the time.
const SESSION_NAME: &str = "botocore-session-0";

/// The AWS configuration of whoever asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientContext {
    /// The id of the key in the environment, which comes before any profile that the environment names.
    pub environment_key: Option<String>,
    /// The profile that the environment names.
    pub chosen_profile: Option<String>,
    /// The profiles of the AWS files.
    pub profiles: Vec<ClientProfile>,
}

/// A profile without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientProfile {
    /// Its name.
    pub name: String,
    /// The id of its key.
    pub access_key_id: Option<String>,
    /// The role that it assumes; then a key of its own is only the source.
    pub role_arn: Option<String>,
    /// The profile with whose credentials it assumes the role.
    pub source_profile: Option<String>,
    /// What it tells STS of an external id.
    pub external_id: Option<String>,
    /// The name that it gives its sessions.
    pub session_name: Option<String>,
    /// Whether it wants a code of an MFA device, which an exec plugin cannot ask for.
    pub wants_mfa: bool,
}

/// Whose configuration is looked at, and in what.
#[derive(Clone, Copy, Debug)]
pub struct ClientView<'a> {
    /// The configuration.
    pub client: &'a ClientContext,
    /// The cluster that was asked.
    pub cluster: &'a Cluster,
    /// The World.
    pub world: &'a World,
    /// When.
    pub now: Timestamp,
}

impl ClientProfile {
    fn signs_with(&self, key: &str) -> bool {
        self.role_arn.is_none() && self.access_key_id.as_deref() == Some(key)
    }
}

/// Adds what the client's configuration shows to the explanation of a token that was signed with `signing_key`, or of a
/// request with it that was forbidden and asked for `asked`.
///
/// Only a denial is added to. A profile would be let in where its key is active or its session has not ended, where its source
/// may assume its role, and where what it acts as is mapped and, of a request, may do the same.
///
/// Two causes come of it: [`Cause::EnvironmentOverridesProfile`], where the key is that of the environment and the profile that the environment names would be let in; and [`Cause::WrongProfile`], where the key
/// stands in a profile, its principal is not mapped at all, and another profile would be let in. A role that was assumed
/// is taken for one that was meant.
#[must_use]
pub fn explain_client(
    explanation: Explanation,
    signing_key: &str,
    asked: Option<&Attributes>,
    view: ClientView<'_>,
) -> Explanation {
    let ClientView {
        client, cluster, world, ..
    } = view;
    if matches!(explanation.cause, Cause::Granted | Cause::GrantedFromCache) {
        return explanation;
    }
    let mut explanation = explanation;
    let is_environments = client.environment_key.as_deref() == Some(signing_key);
    let holder = client.profiles.iter().find(|profile| profile.signs_with(signing_key));
    let assumed = || {
        let role = role_of(signing_key, world)?;
        let is_of_role = |profile: &&ClientProfile| profile.role_arn.as_ref() == Some(&role);
        client.profiles.iter().find(is_of_role)
    };
    if is_environments {
        explanation.evidence.push(format!(
            "AWS_ACCESS_KEY_ID in this environment is the key that signed, {signing_key}"
        ));
    }
    if let Some(profile) = holder {
        explanation.evidence.push(format!(
            "profile {} holds the key that signed, {signing_key}",
            profile.name
        ));
    } else if let Some(profile) = assumed() {
        explanation.evidence.push(format!(
            "the key that signed, {signing_key}, is of a session of the role of profile {}",
            profile.name
        ));
    } else if !is_environments {
        explanation.evidence.push(format!(
            "neither this environment nor a profile of its AWS files holds the key that signed, {signing_key}"
        ));
    }
    let others: Vec<&ClientProfile> = client
        .profiles
        .iter()
        .filter(|profile| !profile.signs_with(signing_key) && view.is_let_in(profile, asked))
        .collect();
    let and_may = if asked.is_some() { ", and may do this" } else { "" };
    for profile in &others {
        explanation
            .evidence
            .push(format!("profile {} would be let in{and_may}", profile.name));
    }
    let chosen = client.chosen_profile.as_deref();
    let overridden = others
        .iter()
        .find(|profile| is_environments && chosen == Some(profile.name.as_str()) && is_of_who_signs(explanation.cause));
    if let Some(profile) = overridden {
        let name = &profile.name;
        explanation.cause = Cause::EnvironmentOverridesProfile;
        explanation.sentence = format!(
            "{}; AWS_PROFILE names {name}, but the keys in the environment come before it",
            explanation.sentence
        );
        // `aws eks update-kubeconfig --profile` writes AWS_PROFILE into the kubeconfig, which the keys come before as well.
        explanation.fix = format!(
            "`unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`, or add `--profile {name}` to the plugin's arguments \
             in the kubeconfig"
        );
    } else if let (Cause::IdentityNotMapped, Some(holder), Some(other)) = (explanation.cause, holder, others.first()) {
        explanation.cause = Cause::WrongProfile;
        explanation.sentence = format!(
            "{}; the client acts with profile {}, and profile {} would be let in",
            explanation.sentence, holder.name, other.name
        );
        explanation.fix = format!(
            "act with profile {}: {}; or, to stay who you are: {}",
            other.name,
            act_as(other, cluster),
            explanation.fix
        );
    }
    if let (true, Some(other)) = (wants_another(explanation.cause), others.first()) {
        explanation.fix = format!(
            "act with profile {}, which would be let in: {}; that is, {}",
            other.name,
            act_as(other, cluster),
            explanation.fix
        );
    }
    explanation
}

/// The commands by which a profile is acted with. The kubeconfig may name another, which comes before the environment.
fn act_as(profile: &ClientProfile, cluster: &Cluster) -> String {
    let name = fix::word(&profile.name);
    format!(
        "`export AWS_PROFILE={name}` and `aws eks update-kubeconfig --name {} --region {} --profile {name}`",
        fix::word(&cluster.name),
        fix::word(&cluster.region)
    )
}

/// Whether nothing helps but to be somebody else.
fn wants_another(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::FederatedUserNotMapped | Cause::IdentityUnusable | Cause::KeyOfDeletedPrincipal | Cause::RootNotMapped
    )
}

/// Whether another key would fix it.
fn is_of_who_signs(cause: Cause) -> bool {
    !matches!(
        cause,
        Cause::ClockAhead
            | Cause::TokenExpired
            | Cause::TokenForNoCluster
            | Cause::TokenForOtherCluster
            | Cause::TokenMalformed
            | Cause::TokenWrongHost
            | Cause::WrongDateOrScope
    )
}

/// The ARN of the role whose session a key is of.
fn role_of(key: &str, world: &World) -> Option<String> {
    let key = world.directory.access_key(key)?;
    let KeyOwner::AssumedRole { role_name, .. } = &key.owner else {
        return None;
    };
    let role = world.directory.account(&key.account)?.role(role_name)?;
    Some(role.arn.clone())
}

impl ClientView<'_> {
    /// Whether a profile, as it is, would be let in, and may do what was asked.
    fn is_let_in(&self, profile: &ClientProfile, asked: Option<&Attributes>) -> bool {
        let Some((caller, _)) = self.acting(profile, CHAIN_LIMIT) else {
            return false;
        };
        let Ok(canonical) = CanonicalArn::parse(&caller.arn) else {
            return false;
        };
        let identity = identity_of(&caller.arn, canonical.arn, self.world);
        let Ok(mapped) = mapping::resolve(&identity, self.cluster).outcome else {
            return false;
        };
        let user = user_info(mapped, &identity, self.cluster).authenticated();
        match asked {
            Some(asked) => authorize(&user, asked, self.cluster).decision == Decision::Allow,
            None => is_somebody(&user, &identity, self.cluster),
        }
    }

    /// As whom a profile acts, and under which policies; nothing where it has no credentials that are good for anything, or
    /// where its configuration does not tell which they are.
    fn acting(&self, profile: &ClientProfile, limit: usize) -> Option<(CallerIdentity, PrincipalPolicies)> {
        let limit = limit.checked_sub(1)?;
        let key = || {
            let key = self.world.directory.access_key(profile.access_key_id.as_deref()?)?;
            self.with_key(key)
        };
        let Some(role_arn) = &profile.role_arn else {
            return key();
        };
        if profile.wants_mfa {
            return None;
        }
        let source = profile
            .source_profile
            .as_deref()
            .filter(|source| *source != profile.name);
        let (caller, policies) = match source {
            Some(source) => {
                let source = self.client.profiles.iter().find(|profile| profile.name == source)?;
                self.acting(source, limit)?
            }
            None => key()?,
        };
        self.assume(profile, role_arn, &caller, &policies)
    }

    /// Whose key it is, where it is good.
    fn with_key(&self, key: &AccessKey) -> Option<(CallerIdentity, PrincipalPolicies)> {
        let has_ended = key.session.as_ref().is_some_and(|session| session.expires <= self.now);
        if key.status != KeyStatus::Active || has_ended {
            return None;
        }
        let directory = &self.world.directory;
        Some((directory.caller_identity(key)?, directory.policies_of(key)))
    }

    /// The session of a role that the caller may assume.
    fn assume(
        &self,
        profile: &ClientProfile,
        role_arn: &str,
        caller: &CallerIdentity,
        policies: &PrincipalPolicies,
    ) -> Option<(CallerIdentity, PrincipalPolicies)> {
        let account = AccountId::parse(&Arn::parse(role_arn).ok()?.account_id).ok()?;
        let directory = &self.world.directory;
        let holder = directory.account(&account)?;
        let role = holder.roles().find(|role| role.arn == role_arn)?;
        let session = profile.session_name.as_deref().unwrap_or(SESSION_NAME);
        let mut keys = directory
            .condition_keys(caller, self.now)
            .with("sts:RoleSessionName", session);
        if let Some(external_id) = &profile.external_id {
            keys = keys.with("sts:ExternalId", external_id);
        }
        let request = RequestContext {
            action: "sts:AssumeRole",
            resource: role_arn,
            keys: &keys,
        };
        check_assume_role(&role.trust_policy, &account, caller, policies, &request).ok()?;
        let assumed = CallerIdentity {
            arn: format!(
                "arn:{}:sts::{account}:assumed-role/{}/{session}",
                holder.partition, role.name
            ),
            user_id: format!("{}:{session}", role.id),
            account: account.clone(),
        };
        let policies = directory.policies_of_role(&account, role);
        Some((assumed, policies))
    }
}

/// Whether it is somebody who has rights, and no node: whoever may do nothing is no better off.
fn is_somebody(user: &UserInfo, identity: &Identity, cluster: &Cluster) -> bool {
    let is_master = user.groups.iter().any(|group| group == SYSTEM_MASTERS);
    let entry = cluster
        .access_entries()
        .find(&identity.user_id, &identity.canonical_arn);
    let has_policy = matches!(entry, EntryMatch::Found(entry) if !entry.policies.is_empty());
    !user.username.starts_with("system:node:") && (is_master || has_policy || cluster.rbac().has_binding(user))
}
