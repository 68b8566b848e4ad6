//! What the client's own configuration adds to an explanation: which profile signed, and which would be let in.
//!
//! Nothing is read here, and no secret is needed: keys go by their ids.

use super::Cause;
use super::Explanation;
use super::fix;
use super::identity_of;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::KeyStatus;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::EntryMatch;
use crate::cluster::eks::access_entry::Principal;
use crate::cluster::mapping;
use crate::value::arn::CanonicalArn;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;
use crate::world::World;

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
}

impl ClientProfile {
    fn signs_with(&self, key: &str) -> bool {
        self.role_arn.is_none() && self.access_key_id.as_deref() == Some(key)
    }
}

/// Adds what the client's configuration shows to the explanation of a token that was signed with `signing_key`.
///
/// Only a denial is added to. Two causes come of it: [`Cause::EnvironmentOverridesProfile`], where the key is that of the
/// environment and the profile that the environment names would be let in; and [`Cause::WrongProfile`], where the key
/// stands in a profile, its principal is not mapped at all, and another profile would be let in. A role that was assumed
/// is taken for one that was meant.
#[must_use]
pub fn explain_client(
    explanation: Explanation,
    signing_key: &str,
    client: &ClientContext,
    cluster: &Cluster,
    world: &World,
) -> Explanation {
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
        .filter(|profile| !profile.signs_with(signing_key) && is_let_in(profile, cluster, world))
        .collect();
    for profile in &others {
        explanation
            .evidence
            .push(format!("profile {} would be let in", profile.name));
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

fn is_let_in(profile: &ClientProfile, cluster: &Cluster, world: &World) -> bool {
    let arn = match (&profile.role_arn, &profile.access_key_id) {
        (Some(role), _) => Principal::find(role, &world.directory).map(|principal| principal.arn),
        (None, Some(key)) => world
            .directory
            .access_key(key)
            .filter(|key| key.status == KeyStatus::Active)
            .and_then(|key| world.directory.caller_identity(key))
            .map(|caller| caller.arn),
        (None, None) => None,
    };
    arn.is_some_and(|arn| is_somebody(&arn, cluster, world))
}

/// Whether a principal is let in as somebody who has rights, and is no node: whoever may do nothing is no better off.
fn is_somebody(arn: &str, cluster: &Cluster, world: &World) -> bool {
    let Ok(canonical) = CanonicalArn::parse(arn) else {
        return false;
    };
    let identity = identity_of(arn, canonical.arn, world);
    let Ok(user) = mapping::resolve(&identity, cluster).outcome else {
        return false;
    };
    let user = UserInfo {
        username: user.username,
        groups: user.groups,
        ..UserInfo::default()
    };
    let is_master = user.groups.iter().any(|group| group == SYSTEM_MASTERS);
    let has_policy = cluster
        .access_entries()
        .find(&identity.user_id, &identity.canonical_arn);
    let has_policy = matches!(has_policy, EntryMatch::Found(entry) if !entry.policies.is_empty());
    !user.username.starts_with("system:node:") && (is_master || has_policy || cluster.rbac().has_binding(&user))
}
