//! Mappings that were meant for a principal but do not match it.
//!
//! In this order: a permission set's role with its path; with another suffix; another role with its path; a session of the
//! role; a mapping by `sso`, behind a closed feature gate; the other kind of principal; another partition; another account.
//!
//! But for the last two, only mappings of the caller's own account in its own partition are near.

use super::Cause;
use super::Finding;
use super::access_entry;
use super::fix;
use super::fix::aws_auth::NewItem;
use super::fix::aws_auth::names;
use super::fix::with_command;
use crate::cluster::eks::Cluster;
use crate::cluster::mapping::Identity;
use crate::cluster::mapping::aws_auth::MappedArn;
use crate::cluster::mapping::config::BackendMode;
use crate::go;
use crate::value::arn::Arn;
use crate::world::World;

/// How IAM Identity Center names the roles of permission sets, in lower case.
const SSO_PREFIX: &str = "awsreservedsso_";
/// The path of those roles.
const SSO_PATH: &str = "aws-reserved/sso.amazonaws.com/";

/// A place of mappings.
const AWS_AUTH: &str = "aws-auth";

/// A mapping and where it stands.
struct Candidate<'a> {
    place: &'static str,
    item: &'a MappedArn,
}

/// An ARN in the parts that are compared, all but the account in lower case.
#[derive(Debug)]
struct Parts {
    partition: String,
    account: String,
    kind: String,
    /// Behind the kind.
    path: String,
    /// The last part of the path.
    name: String,
}

impl Parts {
    fn of(arn: &str) -> Option<Self> {
        let arn = Arn::parse(arn.trim()).ok()?;
        let (kind, path) = arn.resource.split_once('/')?;
        let path = path.to_lowercase();
        Some(Self {
            partition: arn.partition.to_lowercase(),
            account: arn.account_id,
            kind: kind.to_lowercase(),
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            path,
        })
    }

    fn is_role_with_path(&self) -> bool {
        self.kind == "role" && self.path.contains('/')
    }

    /// The permission set's name, where it is a role of one.
    fn permission_set(&self) -> Option<&str> {
        let (set, _) = self.name.strip_prefix(SSO_PREFIX)?.rsplit_once('_')?;
        Some(set).filter(|_| self.kind == "role")
    }
}

/// The nearest.
pub(super) fn find(identity: &Identity, cluster: &Cluster, world: &World) -> Option<Finding> {
    let arn = identity.canonical_arn.as_str();
    let wanted = Parts::of(arn)?;
    let candidates = candidates(cluster);
    let near = |judge: &dyn Fn(&Parts) -> bool| {
        candidates
            .iter()
            .find(|candidate| Parts::of(&candidate.item.arn).is_some_and(|found| judge(&found)))
    };
    let same_account = |found: &Parts| found.account == wanted.account && found.partition == wanted.partition;
    let finding = |cause, what: &str, candidate: &Candidate<'_>| {
        Finding::new(
            cause,
            format!("access denied: {arn} is not mapped; {} {what}", candidate.place),
            with_command(
                &format!("write {arn} instead"),
                command(cause, candidate, identity, cluster),
            ),
        )
        .with(format!("{} has {}", candidate.place, candidate.item.arn))
    };
    let is_role = wanted.kind == "role";
    let has_same_name = |found: &Parts| same_account(found) && is_role && found.name == wanted.name;
    if let Some(found) =
        near(&|found| has_same_name(found) && found.is_role_with_path() && found.path.starts_with(SSO_PATH))
    {
        let what = "has the permission set's role with its path, which STS never shows";
        return Some(finding(Cause::MappedWithSsoPath, what, found));
    }
    if let Some(set) = wanted.permission_set() {
        if let Some(found) =
            near(&|found| same_account(found) && found.permission_set() == Some(set) && found.name != wanted.name)
        {
            let what = "has the permission set's role with the suffix that it had before it was provisioned again";
            return Some(finding(Cause::MappedWithOtherSsoSuffix, what, found));
        }
        if let Some(finding) = entry_with_other_suffix(arn, &wanted, set, cluster, world) {
            return Some(finding);
        }
    }
    if let Some(found) = near(&|found| has_same_name(found) && found.is_role_with_path()) {
        let what = "has the role with its path, which STS never shows";
        return Some(finding(Cause::MappedWithPath, what, found));
    }
    if let Some(found) = near(&|found| {
        same_account(found)
            && is_role
            && found.kind == "assumed-role"
            && found.path.split('/').next() == Some(wanted.name.as_str())
    }) {
        let what = "has a session of the role, not the role";
        return Some(finding(Cause::MappedAsSession, what, found));
    }
    if let Some(finding) = gated(identity, cluster) {
        return Some(finding);
    }
    if let Some(found) = near(&|found| {
        same_account(found)
            && matches!(
                (wanted.kind.as_str(), found.kind.as_str()),
                ("role", "user") | ("user", "role")
            )
            && found.name == wanted.name
    }) {
        let what = "has that name, but for the other kind of principal";
        return Some(finding(Cause::MappedAsOtherKind, what, found));
    }
    if let Some(found) = near(&|found| {
        found.partition != wanted.partition
            && found.account == wanted.account
            && found.kind == wanted.kind
            && found.name == wanted.name
    }) {
        let what = "has it with the ARN of another partition, in which nobody of this cluster is";
        return Some(finding(Cause::MappedInOtherPartition, what, found).with(format!(
            "the cluster is in {}, and its principals are arn:{}:…",
            cluster.region,
            cluster.partition()
        )));
    }
    let found =
        near(&|found| found.account != wanted.account && found.kind == wanted.kind && found.path == wanted.path)?;
    let what = "has that name in another account";
    Some(finding(Cause::MappedInOtherAccount, what, found))
}

/// The command that maps the identity as the candidate does.
fn command(cause: Cause, candidate: &Candidate<'_>, identity: &Identity, cluster: &Cluster) -> Option<String> {
    if candidate.place != AWS_AUTH {
        return None;
    }
    let wrong = candidate.item.arn.as_str();
    // The other account's principal and the other kind's may be meant too; the others are nobody's.
    let is_nobodys = !matches!(cause, Cause::MappedAsOtherKind | Cause::MappedInOtherAccount);
    let item = NewItem {
        arn: &identity.canonical_arn,
        username: &candidate.item.username,
        groups: &candidate.item.groups,
    };
    fix::aws_auth::map(&item, &|text| is_nobodys && names(text, wrong), identity, cluster)
}

/// The mappings by ARN of all mappers that are asked.
fn candidates(cluster: &Cluster) -> Vec<Candidate<'_>> {
    let mut found = Vec::new();
    if cluster.asks_aws_auth() {
        let aws_auth = cluster.aws_auth();
        let items = aws_auth.roles().iter().chain(aws_auth.users());
        found.extend(items.map(|item| Candidate { place: AWS_AUTH, item }));
    }
    if let Some(config) = &cluster.authenticator
        && config.backends.contains(&BackendMode::MountedFile)
    {
        let items = config.mounted_file.items();
        found.extend(items.map(|(_, item)| Candidate {
            place: "the authenticator's configuration",
            item,
        }));
    }
    found
}

/// An access entry for the role that the permission set had before.
fn entry_with_other_suffix(arn: &str, wanted: &Parts, set: &str, cluster: &Cluster, world: &World) -> Option<Finding> {
    if !cluster.authentication_mode().has_access_entries() {
        return None;
    }
    let entry = cluster.access_entries().iter().find(|entry| {
        Parts::of(&entry.principal_arn).is_some_and(|found| {
            found.account == wanted.account
                && found.partition == wanted.partition
                && found.permission_set() == Some(set)
                && found.name != wanted.name
        })
    })?;
    let principal = access_entry::principal_arn(arn, world);
    Some(
        Finding::new(
            Cause::MappedWithOtherSsoSuffix,
            format!(
                "access denied: {arn} is not mapped; the access entry is for the role that the permission set had before it \
                 was provisioned again"
            ),
            format!(
                "make an entry with the groups and policies of the old one: {}",
                fix::entry_like(&principal, &entry.groups, &entry.policies, cluster)
            ),
        )
        .with(format!("there is an access entry for {}", entry.principal_arn)),
    )
}

/// A mapping by permission set, where these do not count.
fn gated(identity: &Identity, cluster: &Cluster) -> Option<Finding> {
    let arn = identity.canonical_arn.as_str();
    let lower = go::text::to_lower(arn);
    let in_aws_auth = || {
        cluster
            .aws_auth()
            .find_permission_set(&lower)
            .filter(|_| cluster.asks_aws_auth())
    };
    let in_file = || {
        let config = cluster.authenticator.as_ref()?;
        config
            .mounted_file
            .find(&lower, true)
            .filter(|_| config.backends.contains(&BackendMode::MountedFile))
    };
    let found = in_aws_auth().or_else(in_file)?;
    let sso = found.sso.as_ref()?;
    let fix = if cluster.authenticator.is_some() {
        format!("open the feature gate SSORoleMatch, or map `rolearn: {arn}`")
    } else {
        let item = NewItem {
            arn,
            username: &found.username,
            groups: &found.groups,
        };
        with_command(
            &format!("map `rolearn: {arn}` in place of the `sso` item"),
            fix::aws_auth::map(
                &item,
                &|text| text.contains("sso:") && text.contains(&sso.permission_set_name),
                identity,
                cluster,
            ),
        )
    };
    Some(
        Finding::new(
            Cause::SsoMappingGated,
            format!(
                "access denied: {arn} is mapped by its permission set only, and the feature gate for such mappings is closed"
            ),
            fix,
        )
        .with(format!(
            "an item has sso with the permission set {} in account {}",
            sso.permission_set_name, sso.account_id
        ))
        .with("EKS has not opened the feature gate SSORoleMatch"),
    )
}
