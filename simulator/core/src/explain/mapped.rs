//! Why an identity that STS vouches for is no user.
//!
//! The first that holds is reported, the most specific first:
//! 1. a mapping was found, but its username is reserved or cannot be rendered;
//! 2. an access entry was meant for the caller, or `aws-auth` is not read in this mode (`access_entry.rs`);
//! 3. `aws-auth` has the caller's own ARN, but it is lost: broken YAML or item, white space, a misspelled key;
//! 4. a mapping is there for nearly that ARN (`near_miss.rs` has their order);
//! 5. callers of a kind that is seldom mapped rightly: root, federated users, nodes;
//! 6. the creator is gone, and nobody else is an administrator;
//! 7. nobody ever mapped the caller.
//!
//! The case of an ARN's letters is never the reason: every mapper compares without regard to it.

use serde_json::Value;

use super::Cause;
use super::Finding;
use super::access_entry;
use super::creator_deleted;
use super::creator_is_gone;
use super::fix;
use super::fix::aws_auth::NewItem;
use super::fix::aws_auth::list_for;
use super::fix::aws_auth::names;
use super::fix::aws_auth::username_for;
use super::fix::with_command;
use super::near_miss;
use super::node;
use super::node::NodeKind;
use super::node::Target;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::cluster::eks::Cluster;
use crate::cluster::mapping::Identity;
use crate::cluster::mapping::MappingError;
use crate::cluster::mapping::TemplateFault;
use crate::cluster::mapping::aws_auth;
use crate::cluster::mapping::config::BackendMode;
use crate::kube::object::ObjectKey;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;
use crate::world::World;

/// Why the mappers know nobody by this identity.
pub(super) fn mapping_finding(error: &MappingError, identity: &Identity, cluster: &Cluster, world: &World) -> Finding {
    match error {
        MappingError::Template { template, fault, .. } => {
            return Finding::new(
                Cause::TemplateUnrenderable,
                format!("access denied: the mapping's template {template} cannot be rendered: {fault}"),
                match fault {
                    TemplateFault::NoInstanceId => with_command(node::PEOPLE_AS_NODES, renamed(identity, cluster)),
                    // A node is meant by it, and only its instance is not known.
                    TemplateFault::NoInstance { id } => format!(
                        "see whether the instance is in the cluster's account and region: aws ec2 describe-instances --region {} \
                         --instance-ids {id}",
                        cluster.region
                    ),
                },
            );
        }
        MappingError::ReservedUsername {
            mapper,
            username,
            prefixes,
        } => {
            return Finding::new(
                Cause::UsernameReserved,
                format!("access denied: the mapping gives the username {username}, which is reserved"),
                with_command(
                    "give the mapping a username that begins otherwise; the groups may stay",
                    renamed(identity, cluster).filter(|_| mapper.as_str() == BackendMode::EksConfigMap.as_str()),
                ),
            )
            .with(format!(
                "usernames of {} must not begin with {}",
                mapper.as_str(),
                prefixes.join(" or ")
            ));
        }
        MappingError::ArnMismatch { .. } | MappingError::NotMapped { .. } => {}
    }
    let arn = &identity.canonical_arn;
    if let Some(finding) = access_entry::mapping_finding(identity, cluster, world) {
        return finding;
    }
    if cluster.asks_aws_auth()
        && let Some(finding) = lost(identity, cluster)
    {
        return finding;
    }
    if let Some(finding) = near_miss::find(identity, cluster, world) {
        return finding;
    }
    if let Some(finding) = of_seldom_kind(identity, cluster, world) {
        return finding;
    }
    if creator_is_gone(cluster, world) {
        let caller = access_entry::principal_arn(arn, world);
        return creator_deleted(Some(&caller), cluster)
            .with(format!("the caller is {arn}, which is not mapped either"));
    }
    let finding = if cluster.authentication_mode().has_access_entries() {
        access_entry::not_mapped(identity, cluster, world)
    } else {
        not_mapped(identity, cluster)
    };
    let finding = with_errors(finding, cluster);
    if identity.account_id.is_empty() || identity.account_id == cluster.account.as_str() {
        finding
    } else {
        finding.with(format!(
            "the caller is of account {}, the cluster of {}",
            identity.account_id, cluster.account
        ))
    }
}

/// What to do about [`Cause::RootNotMapped`].
pub(super) const ROOT_FIX: &str =
    "act as an IAM user or a role that a user assumes: root may not assume roles, and is not for daily work";
/// What to do about [`Cause::FederatedUserNotMapped`].
pub(super) const FEDERATED_FIX: &str = "assume a role that is mapped, in place of GetFederationToken";

/// The group of those who are mapped with no other rights than to view.
const VIEWERS: &str = "eks-viewers";

/// The groups of nodes.
const NODE_GROUPS: [&str; 2] = ["system:bootstrappers", "system:nodes"];

/// Nobody ever mapped it.
fn not_mapped(identity: &Identity, cluster: &Cluster) -> Finding {
    let arn = &identity.canonical_arn;
    let (list, field) = list_for(arn);
    let groups = [VIEWERS.to_owned()];
    let item = NewItem {
        arn,
        username: username_for(arn),
        groups: &groups,
    };
    let command = fix::aws_auth::map(&item, &|_| false, identity, cluster).map(|command| {
        let viewer = UserInfo {
            groups: vec![VIEWERS.to_owned()],
            ..UserInfo::default()
        };
        if cluster.rbac().has_binding(&viewer) {
            command
        } else {
            format!("{command} and `kubectl create clusterrolebinding {VIEWERS} --clusterrole=view --group={VIEWERS}`")
        }
    });
    let fix = format!(
        "if that is who you mean to be, add `{field}: {arn}` to {list} of the ConfigMap aws-auth in kube-system, with the groups \
         whose rights it is to have"
    );
    Finding::new(
        Cause::IdentityNotMapped,
        format!("access denied: {arn} is not mapped in cluster {}", cluster.name),
        format!("{}; if not, choose another profile", with_command(&fix, command)),
    )
}

/// The command that gives the identity's mapping its principal's name for a username. It is nobody's who is a node.
fn renamed(identity: &Identity, cluster: &Cluster) -> Option<String> {
    if !cluster.asks_aws_auth() {
        return None;
    }
    let found = cluster.aws_auth().find(&identity.canonical_arn)?;
    let groups: Vec<String> = found
        .groups
        .iter()
        .filter(|group| !NODE_GROUPS.contains(&group.as_str()))
        .cloned()
        .collect();
    let item = NewItem {
        arn: &found.arn,
        username: username_for(&found.arn),
        groups: &groups,
    };
    fix::aws_auth::map(&item, &|text| names(text, &found.arn), identity, cluster)
}

fn with_errors(finding: Finding, cluster: &Cluster) -> Finding {
    let errors = cluster.aws_auth().errors();
    if errors.is_empty() || !cluster.asks_aws_auth() {
        return finding;
    }
    finding.with(format!("aws-auth has errors: {}", errors.join("; ")))
}

/// `aws-auth` names the caller in its text, but not in what came of it.
fn lost(identity: &Identity, cluster: &Cluster) -> Option<Finding> {
    let arn = identity.canonical_arn.as_str();
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let object = cluster.objects().find(&key)?;
    let name = arn.rsplit('/').next().filter(|_| arn.contains('/'));
    for list in aws_auth::written(object) {
        // By its name alone it is meant where a principal of its kind stands.
        let name = name.filter(|_| list.key == list_for(arn).0);
        let is_named = |text: &str| mentions(text, arn) || name.is_some_and(|name| mentions_name(text, name));
        let Some(found) = list.lost.iter().find(|text| is_named(text)) else {
            continue;
        };
        let what = if list.is_broken {
            format!("{} is no YAML list of mappings, so that all of it is lost", list.key)
        } else {
            format!("the item of {} for it is no mapping and is left out", list.key)
        };
        let finding = Finding::new(
            Cause::AwsAuthBroken,
            format!("access denied: aws-auth names {arn}, but {what}"),
            with_command(
                &format!(
                    "fix {}, as somebody who is still let in: {}",
                    list.key,
                    if list.is_broken {
                        "indent all items alike, with spaces"
                    } else {
                        "each item needs a `rolearn` in mapRoles, a `userarn` in mapUsers, as text"
                    }
                ),
                if list.is_broken {
                    fix::aws_auth::realign(list.key, identity, cluster)
                } else {
                    repaired(found, identity, cluster)
                },
            ),
        );
        let finding = if list.is_broken {
            finding
        } else {
            finding.with(format!("the item is {found}"))
        };
        return Some(with_errors(finding, cluster));
    }
    let aws_auth = cluster.aws_auth();
    if let Some(item) = aws_auth.roles().iter().chain(aws_auth.users()).find(|item| {
        let trimmed = item.arn.trim();
        trimmed != item.arn && trimmed.eq_ignore_ascii_case(arn)
    }) {
        return Some(
            Finding::new(
                Cause::MappedWithWhiteSpace,
                format!("access denied: {arn} is not mapped; aws-auth has it with white space around"),
                with_command(
                    &format!("write {arn} without the white space"),
                    fix::aws_auth::map(
                        &NewItem {
                            arn,
                            username: &item.username,
                            groups: &item.groups,
                        },
                        &|text| names(text, &item.arn),
                        identity,
                        cluster,
                    ),
                ),
            )
            .with(format!(
                "aws-auth has {}, with white space that belongs to the ARN",
                go_quote(&item.arn)
            )),
        );
    }
    let (misspelled, _) = aws_auth::unread(object)
        .into_iter()
        .find(|(_, text)| mentions(text, arn))?;
    let (list, _) = list_for(arn);
    Some(
        Finding::new(
            Cause::AwsAuthKeyMisspelled,
            format!("access denied: {arn} is in aws-auth under the key {misspelled}, which nobody reads"),
            with_command(
                &format!("call the key {list}; its spelling counts, upper and lower case too"),
                fix::aws_auth::rename_key(misspelled, list, identity, cluster),
            ),
        )
        .with("the keys that are read are mapRoles, mapUsers and mapAccounts"),
    )
}

/// The command that gives an item, as JSON, the field that it lacks.
fn repaired(item: &str, identity: &Identity, cluster: &Cluster) -> Option<String> {
    let arn = identity.canonical_arn.as_str();
    let fields: Value = serde_json::from_str(item).ok()?;
    let groups: Vec<String> = fields
        .get("groups")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|group| group.as_str().map(str::to_owned))
        .collect();
    let username = fields.get("username").and_then(Value::as_str);
    let item = NewItem {
        arn,
        username: username.unwrap_or_else(|| username_for(arn)),
        groups: &groups,
    };
    let name = username_for(arn);
    let is_meant = |text: &str| mentions(text, arn) || mentions_name(text, name);
    fix::aws_auth::map(&item, &is_meant, identity, cluster)
}

fn uncommented(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#'))
}

/// Whether the ARN stands in the text as a whole, in any case.
fn mentions(text: &str, arn: &str) -> bool {
    uncommented(text)
        .flat_map(|line| line.split(|c: char| !is_of_arn(c) && c != ':' && c != '/'))
        .any(|word| word.trim_matches(':').eq_ignore_ascii_case(arn))
}

/// Whether the name of a principal stands in the text as a whole, in any case, behind a slash.
fn mentions_name(text: &str, name: &str) -> bool {
    uncommented(text)
        .flat_map(|line| line.split(|c: char| !is_of_arn(c) && c != '/'))
        .any(|word| {
            word.rsplit_once('/')
                .is_some_and(|(_, last)| last.eq_ignore_ascii_case(name))
        })
}

/// What names of users and roles consist of.
fn is_of_arn(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_+=.@-".contains(c)
}

/// Callers whose kind says what is wrong.
fn of_seldom_kind(identity: &Identity, cluster: &Cluster, world: &World) -> Option<Finding> {
    let arn = &identity.canonical_arn;
    let parsed = Arn::parse(arn).ok()?;
    if parsed.service == "iam" && parsed.resource == "root" {
        return Some(Finding::new(
            Cause::RootNotMapped,
            format!(
                "access denied: the caller is the root user of account {}",
                parsed.account_id
            ),
            ROOT_FIX,
        ));
    }
    if let Some(name) = parsed.resource.strip_prefix("federated-user/") {
        let user = format!("arn:{}:iam::{}:user/{name}", parsed.partition, parsed.account_id);
        let finding = Finding::new(
            Cause::FederatedUserNotMapped,
            format!("access denied: {arn} is a federated user, which is no IAM user of that name"),
            FEDERATED_FIX,
        );
        return Some(match cluster.aws_auth().find(&user) {
            Some(item) => finding.with(format!("aws-auth has {}, which is another principal", item.arn)),
            None => finding,
        });
    }
    let role = parsed.resource.strip_prefix("role/")?;
    let reason = node_role(role, &parsed.account_id, identity, world)?;
    let kind = NodeKind::of(role, &identity.session_name);
    let fix = if cluster.authentication_mode().has_access_entries() {
        format!(
            "give the role an access entry of nodes: {}",
            Target::of(cluster).create(&access_entry::principal_arn(arn, world), kind)
        )
    } else {
        let groups: Vec<String> = kind.groups().iter().map(|group| (*group).to_owned()).collect();
        let item = NewItem {
            arn,
            username: kind.username(),
            groups: &groups,
        };
        with_command(
            &node::item(arn, kind),
            fix::aws_auth::map(&item, &|_| false, identity, cluster),
        )
    };
    let finding = Finding::new(
        Cause::NodeRoleNotMapped,
        format!("access denied: the nodes' role {arn} is not mapped, so that its nodes cannot join the cluster"),
        fix,
    );
    Some(with_errors(finding.with(reason), cluster))
}

/// What shows that a role is one of nodes.
fn node_role(name: &str, account: &str, identity: &Identity, world: &World) -> Option<String> {
    let session = &identity.session_name;
    if node::is_session(session) {
        return Some(format!(
            "the session {session} is named after an EC2 instance or another node"
        ));
    }
    // A session of another name is somebody's who assumed the role.
    if !session.is_empty() {
        return None;
    }
    let role = world.directory.account(&AccountId::parse(account).ok()?)?.role(name)?;
    if role.trust_policy.names_service("ec2.amazonaws.com") {
        Some("its trust policy lets EC2 instances assume it".to_owned())
    } else if node::is_role_name(name) {
        Some("by its name it is the role of nodes".to_owned())
    } else {
        None
    }
}
