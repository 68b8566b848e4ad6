//! What goes wrong with access entries, and beside them.

use super::Cause;
use super::Finding;
use super::fix;
use super::fix::VIEW_POLICY;
use super::node::NodeArn;
use super::node::Target;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AccessEntry;
use crate::cluster::eks::access_entry::Principal;
use crate::cluster::eks::parameter::AccessScope;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::eks::parameter::EntryType;
use crate::cluster::mapping::Identity;
use crate::value::arn::Arn;
use crate::world::World;

/// Why an identity is not let in although an entry or `aws-auth` was meant for it.
pub(super) fn mapping_finding(identity: &Identity, cluster: &Cluster, world: &World) -> Option<Finding> {
    let mode = cluster.authentication_mode();
    if !mode.has_access_entries() {
        return None;
    }
    let arn = &identity.canonical_arn;
    if let Some(entry) = entry_of_that_name(arn, cluster) {
        let now = Principal::find_by_name(arn, &world.directory)?;
        let fix = format!(
            "{} and {}",
            fix::delete_entry(&entry.principal_arn, cluster),
            fix::entry_like(&now.arn, &entry.groups, &entry.policies, cluster)
        );
        let fix = match NodeArn::find(arn, &identity.session_name).filter(|_| entry.entry_type != EntryType::Standard) {
            Some(node) => format!(
                "{} and {}",
                fix::delete_entry(&entry.principal_arn, cluster),
                Target::of(cluster).create(&now.arn, node.kind)
            ),
            None => fix,
        };
        if entry.principal_arn != now.arn {
            return Some(
                Finding::new(
                    Cause::AccessEntryWithOtherPath,
                    format!(
                        "access denied: the access entry is for {}, and the caller is {}",
                        entry.principal_arn, now.arn
                    ),
                    format!("make an entry like it for the caller: {fix}"),
                )
                .with("an access entry goes by the principal's whole ARN and its unique id"),
            );
        }
        if !identity.user_id.is_empty() && entry.principal_id != identity.user_id {
            return Some(
                Finding::new(
                    Cause::AccessEntryOfRecreatedPrincipal,
                    format!(
                        "access denied: {} was recreated since its access entry was made",
                        entry.principal_arn
                    ),
                    format!("make the entry again, with its policies: {fix}"),
                )
                .with(format!(
                    "the entry holds the unique id {}, the caller's is {}; the API shows neither",
                    entry.principal_id, identity.user_id
                )),
            );
        }
    }
    let aws_auth = cluster.aws_auth();
    let item = aws_auth.find(arn);
    if mode == AuthenticationMode::Api && (item.is_some() || aws_auth.accounts().contains(&identity.account_id)) {
        let whom = item.map_or(&identity.account_id, |item| &item.arn);
        return Some(
            Finding::new(
                Cause::AwsAuthIgnored,
                format!("access denied: {arn} is in aws-auth only, which authentication mode API ignores"),
                match NodeArn::find(arn, &identity.session_name).filter(|node| !node.session.is_empty()) {
                    Some(node) => Target::of(cluster).create(&principal_arn(arn, world), node.kind),
                    None => format!(
                        "make an access entry that gives what aws-auth was to give: {}",
                        fix::entry_like(
                            &principal_arn(arn, world),
                            item.map_or(&[][..], |item| &item.groups),
                            &[],
                            cluster
                        )
                    ),
                },
            )
            .with(format!("aws-auth has {whom}")),
        );
    }
    None
}

/// Nobody knows the identity.
pub(super) fn not_mapped(identity: &Identity, cluster: &Cluster, world: &World) -> Finding {
    let arn = &identity.canonical_arn;
    let principal = principal_arn(arn, world);
    let mut finding = Finding::new(
        Cause::IdentityNotMapped,
        format!("access denied: {arn} is not mapped in cluster {}", cluster.name),
        format!(
            "if that is who you mean to be, make an access entry, with the policy whose rights it is to have (the least is \
             {VIEW_POLICY}): {} and {}; if not, choose another profile",
            fix::create_entry(&principal, &[], cluster),
            fix::associate(&principal, VIEW_POLICY, &AccessScope::Cluster, cluster)
        ),
    )
    .with(format!(
        "the authentication mode is {}, and {} principals have access entries",
        cluster.authentication_mode().as_str(),
        cluster.access_entries().len()
    ));
    if let Some(entry) = entry_of_that_name(arn, cluster) {
        finding = finding.with(format!(
            "there is an access entry for {}, which is gone",
            entry.principal_arn
        ));
    }
    finding
}

/// The entry for a principal of the same kind, account and name, whatever its path and its id.
fn entry_of_that_name<'a>(canonical_arn: &str, cluster: &'a Cluster) -> Option<&'a AccessEntry> {
    let key = |text: &str| {
        let arn = Arn::parse(text).ok()?;
        let (kind, path) = arn.resource.split_once('/')?;
        let name = path.rsplit('/').next()?.to_lowercase();
        Some((arn.account_id, kind.to_owned(), name))
    };
    let wanted = key(canonical_arn)?;
    let of_that_name = || {
        cluster
            .access_entries()
            .iter()
            .filter(|entry| key(&entry.principal_arn).as_ref() == Some(&wanted))
    };
    of_that_name()
        .find(|entry| entry.canonical_arn().eq_ignore_ascii_case(canonical_arn))
        .or_else(|| of_that_name().next())
        .map(AsRef::as_ref)
}

/// The ARN with its path, where the principal is there.
pub(super) fn principal_arn(canonical_arn: &str, world: &World) -> String {
    Principal::find_canonical(canonical_arn, &world.directory)
        .map_or_else(|| canonical_arn.to_owned(), |principal| principal.arn)
}
