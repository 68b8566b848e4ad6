//! The least that lets a known user do what it was refused, as commands that can be pasted.
//!
//! Whoever has an access entry gets the smallest access policy that covers the request, in its namespace. Everybody else, and
//! whoever asks for what no such policy covers, gets a binding: to the ClusterRole `view` in that namespace where this
//! cluster's `view` covers the request, else to a role with the one rule. What covers is found by the rules themselves.

use super::fix::in_order;
use super::fix::word;
use crate::cluster::access_policy::AccessPolicy;
use crate::cluster::authorize::entry_of;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AccessEntry;
use crate::kube::object::ObjectKey;
use crate::kube::rbac::CLUSTER_ROLES;
use crate::kube::rbac::GROUP;
use crate::kube::rbac::rules_of;
use crate::kube::request_info::Attributes;
use crate::value::user::UserInfo;

/// From the smallest on. Those that give more than a namespace's own work are not proposed.
const POLICIES: [&str; 3] = [
    "AmazonEKSViewPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSEditPolicy",
];

/// What the user of a service account is called.
pub(super) const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The commands as a fix has them; nothing where no resource is named.
pub(super) fn grant(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Option<String> {
    if attributes.is_resource && attributes.resource.is_empty() {
        return None;
    }
    Some(in_order(&least_rights(user, attributes, cluster)))
}

/// The commands, in order.
pub(crate) fn least_rights(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Vec<String> {
    let entry = entry_of(user, cluster)
        .filter(|entry| cluster.authentication_mode().has_access_entries() && entry.entry_type.takes_policies());
    if let Some(command) = entry.and_then(|entry| associate(entry, attributes, cluster)) {
        return vec![command];
    }
    let mut commands = Vec::new();
    let subject = subject(user, entry, attributes, cluster, &mut commands);
    let is_namespaced = attributes.is_resource && !attributes.namespace.is_empty();
    let (kind, place) = kind_and_place(attributes);
    let role = if is_namespaced && view_allows(attributes, cluster) {
        "--clusterrole=view".to_owned()
    } else {
        let name = free_name(&role_name(attributes), kind, attributes, cluster);
        commands.push(format!("kubectl create {kind} {name} {}{place}", rule(attributes)));
        format!("--{kind}={name}")
    };
    let bound = role.rsplit('=').next().unwrap_or_default();
    let name = free_name(
        &binding_name(&subject, bound),
        &format!("{kind}binding"),
        attributes,
        cluster,
    );
    commands.push(format!("kubectl create {kind}binding {name} {role} {subject}{place}"));
    commands
}

/// The commands where no cluster is at hand: a role with the one rule, and its binding to whoever `subject` names, as an
/// option of `kubectl create`.
pub(super) fn grant_by_name(subject: &str, attributes: &Attributes) -> String {
    let (kind, place) = kind_and_place(attributes);
    let role = role_name(attributes);
    let binding = binding_name(subject, &role);
    in_order(&[
        format!("kubectl create {kind} {role} {}{place}", rule(attributes)),
        format!("kubectl create {kind}binding {binding} --{kind}={role} {subject}{place}"),
    ])
}

/// The kind of role for a request, and where that is, as an option; a ClusterRole has no namespace.
fn kind_and_place(attributes: &Attributes) -> (&'static str, String) {
    if attributes.is_resource && !attributes.namespace.is_empty() {
        ("role", format!(" -n {}", word(&attributes.namespace)))
    } else {
        ("clusterrole", String::new())
    }
}

/// A user as an option of `kubectl create`.
pub(super) fn subject_of(username: &str) -> String {
    match username.strip_prefix(SERVICE_ACCOUNT) {
        Some(account) if account.contains(':') => format!("--serviceaccount={}", word(account)),
        _ => format!("--user={}", word(username)),
    }
}

/// Whether the username has the session's name in it, so that the next session has another.
pub(super) fn names_session(username: &str, session: &str) -> bool {
    !session.is_empty() && (username.contains(session) || username.contains(&session.replace('@', "-")))
}

/// Such as `dev-list-pods`.
fn binding_name(subject: &str, role: &str) -> String {
    let name = subject.rsplit([':', '/', '=']).next().unwrap_or_default();
    format!("{}-{role}", plain(name))
}

/// The smallest policy that covers the request, in the namespaces that it has already and that of the request.
fn associate(entry: &AccessEntry, attributes: &Attributes, cluster: &Cluster) -> Option<String> {
    let mut policies = POLICIES.into_iter().filter_map(AccessPolicy::from_name);
    let policy = policies.find(|policy| policy.rules.iter().any(|rule| rule.allows(attributes)))?;
    let scope = if attributes.namespace.is_empty() {
        "type=cluster".to_owned()
    } else {
        // A scope takes the place of the one before.
        let associated = entry.policies.iter().find(|associated| associated.policy == policy);
        let mut namespaces: Vec<&str> = associated
            .map_or(&[][..], |associated| associated.scope.namespaces())
            .iter()
            .map(String::as_str)
            .collect();
        namespaces.push(&attributes.namespace);
        format!("type=namespace,namespaces={}", namespaces.join(","))
    };
    Some(format!(
        "aws eks associate-access-policy --cluster-name {} --region {} --principal-arn {} --policy-arn {} --access-scope {}",
        cluster.name,
        cluster.region,
        entry.principal_arn,
        policy.arn(cluster.partition()),
        word(&scope)
    ))
}

/// Whom a binding is to name, as an option of `kubectl create`. An access entry without groups gets one by a command.
fn subject(
    user: &UserInfo,
    entry: Option<&AccessEntry>,
    attributes: &Attributes,
    cluster: &Cluster,
    commands: &mut Vec<String>,
) -> String {
    if user.username.starts_with(SERVICE_ACCOUNT) {
        return subject_of(&user.username);
    }
    let own_group = user.groups.iter().find(|group| !group.starts_with("system:"));
    let session = user.extra.get("sessionName").and_then(|names| names.first());
    let is_of_session = session.is_some_and(|session| names_session(&user.username, session));
    match (own_group, entry) {
        // The next session has another name.
        (Some(group), _) if is_of_session || entry.is_some() => format!("--group={}", word(group)),
        (None, Some(entry)) if is_of_session => {
            let name = entry.principal_arn.rsplit('/').next().unwrap_or_default();
            let group = format!("{}-{}", plain(name), role_name(attributes));
            commands.push(format!(
                "aws eks update-access-entry --cluster-name {} --region {} --principal-arn {} --kubernetes-groups {group}",
                cluster.name, cluster.region, entry.principal_arn
            ));
            format!("--group={group}")
        }
        _ => subject_of(&user.username),
    }
}

fn view_allows(attributes: &Attributes, cluster: &Cluster) -> bool {
    let view = cluster.objects().find(&ObjectKey::new(CLUSTER_ROLES, "", "view"));
    view.is_some_and(|view| rules_of(view).iter().any(|rule| rule.allows(attributes)))
}

/// The options of `kubectl create role` for the one rule. Where a name makes much of a difference, it is limited to it.
fn rule(attributes: &Attributes) -> String {
    let verb = word(&attributes.verb);
    if !attributes.is_resource {
        return format!("--verb={verb} --non-resource-url={}", word(&attributes.path));
    }
    let group = Some(attributes.api_group.as_str()).filter(|group| !group.is_empty());
    let group = group.map_or_else(String::new, |group| format!(".{group}"));
    let sub = Some(attributes.subresource.as_str()).filter(|sub| !sub.is_empty());
    let sub = sub.map_or_else(String::new, |sub| format!("/{sub}"));
    let resource = word(&format!("{}{group}{sub}", attributes.resource));
    let is_by_name = ["impersonate", "bind", "escalate", "use"].contains(&attributes.verb.as_str())
        || (["secrets", "configmaps"].contains(&attributes.resource.as_str())
            && ["get", "update", "patch", "delete"].contains(&attributes.verb.as_str()));
    let name = Some(attributes.name.as_str()).filter(|name| is_by_name && !name.is_empty());
    let name = name.map_or_else(String::new, |name| format!(" --resource-name={}", word(name)));
    format!("--verb={verb} --resource={resource}{name}")
}

/// Such as `list-pods` or `get-pods-log`.
fn role_name(attributes: &Attributes) -> String {
    let about = if attributes.is_resource {
        format!("{}-{}", attributes.resource, attributes.subresource)
    } else {
        attributes.path.clone()
    };
    plain(&format!("{}-{about}", attributes.verb))
}

/// The command that makes a role of that kind and name with the one rule; a ClusterRole has no namespace.
pub(super) fn create_role(kind: &str, name: &str, namespace: &str, attributes: &Attributes) -> String {
    let place = if namespace.is_empty() {
        String::new()
    } else {
        format!(" -n {}", word(namespace))
    };
    format!(
        "kubectl create {} {} {}{place}",
        kind.to_lowercase(),
        word(name),
        rule(attributes)
    )
}

/// A name that any object may have: letters in lower case, digits and single dashes.
fn plain(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut name = String::new();
    for character in text.chars().map(|c| c.to_ascii_lowercase()) {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() >= LONGEST {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "user".to_owned()
    } else {
        name.to_owned()
    }
}

/// The name, with a number behind it where an object has it already.
fn free_name(name: &str, kind: &str, attributes: &Attributes, cluster: &Cluster) -> String {
    let namespace = if kind.starts_with("cluster") {
        ""
    } else {
        attributes.namespace.as_str()
    };
    let resource = format!("{kind}s.{GROUP}");
    let is_free = |name: &str| {
        cluster
            .objects()
            .find(&ObjectKey::new(&resource, namespace, name))
            .is_none()
    };
    if is_free(name) {
        return name.to_owned();
    }
    let mut numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    numbered.find(|name| is_free(name)).unwrap_or_default()
}
