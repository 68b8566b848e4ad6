//! Commands that allow one refused request, and as little else as can be.

use super::VIEW_POLICY;
use super::associate;
use super::update_entry;
use super::word;
use crate::cluster::access_policy::AccessPolicy;
use crate::cluster::authorize::entry_of;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AccessEntry;
use crate::cluster::eks::parameter::AccessScope;
use crate::kube::request_info::Attributes;
use crate::value::user::UserInfo;

/// Policies that may be advised, the least first. That of an administrator is not among them.
const POLICIES: [&str; 3] = [VIEW_POLICY, "AmazonEKSEditPolicy", "AmazonEKSAdminPolicy"];

/// The commands; nothing for nodes, which need no role of anybody's.
pub(crate) fn grant(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Option<String> {
    // What nodes may do comes with being one.
    let is_node = user.username.starts_with("system:node:");
    if is_node || attributes.is_resource && attributes.resource.is_empty() {
        return None;
    }
    if let Some(entry) = entry_of(user, cluster) {
        if let Some(command) = by_policy(entry, attributes, cluster) {
            return Some(command);
        }
        // Its username has the session's name in it, which is another one the next time.
        let own = entry
            .groups
            .iter()
            .find(|group| !group.starts_with("system:") && !group.contains("{{"));
        if let Some(group) = own {
            return Some(by_role(&Subject::Group(group), attributes));
        }
        let group = role_name(attributes);
        let mut groups = entry.groups.clone();
        groups.push(group.clone());
        return Some(format!(
            "{} and {}",
            update_entry(&entry.principal_arn, &groups, cluster),
            by_role(&Subject::Group(&group), attributes)
        ));
    }
    let own = user.groups.iter().find(|group| !group.starts_with("system:"));
    let service_account = user
        .username
        .strip_prefix("system:serviceaccount:")
        .filter(|account| account.contains(':'));
    Some(by_role(
        &match (service_account, own) {
            (Some(account), _) => Subject::ServiceAccount(account),
            (None, Some(group)) => Subject::Group(group),
            (None, None) => Subject::User(&user.username),
        },
        attributes,
    ))
}

fn by_policy(entry: &AccessEntry, attributes: &Attributes, cluster: &Cluster) -> Option<String> {
    let policy = POLICIES
        .iter()
        .filter_map(|name| AccessPolicy::from_name(name))
        .find(|policy| policy.rules.iter().any(|rule| rule.allows(attributes)))?;
    let scope = if attributes.namespace.is_empty() {
        AccessScope::Cluster
    } else {
        let held = entry
            .policies
            .iter()
            .find(|held| held.policy.name == policy.name)
            .map(|held| &held.scope);
        let mut namespaces = match held {
            Some(AccessScope::Namespaces(namespaces)) => namespaces.clone(),
            Some(AccessScope::Cluster) | None => Vec::new(),
        };
        // The scope is set anew, so that it must have those in which the policy holds already.
        namespaces.push(attributes.namespace.clone());
        AccessScope::Namespaces(namespaces)
    };
    Some(associate(&entry.principal_arn, policy.name, &scope, cluster))
}

enum Subject<'a> {
    Group(&'a str),
    ServiceAccount(&'a str),
    User(&'a str),
}

impl Subject<'_> {
    fn flag(&self) -> String {
        match self {
            Self::Group(name) => format!("--group={}", word(name)),
            Self::ServiceAccount(name) => format!("--serviceaccount={}", word(name)),
            Self::User(name) => format!("--user={}", word(name)),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Group(name) | Self::ServiceAccount(name) | Self::User(name) => name,
        }
    }
}

fn by_role(subject: &Subject<'_>, attributes: &Attributes) -> String {
    let role = role_name(attributes);
    let binding = format!("{role}-{}", plain(subject.name()));
    let verb = word(&attributes.verb);
    let flag = subject.flag();
    if !attributes.is_resource {
        return format!(
            "`kubectl create clusterrole {role} --verb={verb} --non-resource-url={}` and \
             `kubectl create clusterrolebinding {binding} --clusterrole={role} {flag}`",
            word(&attributes.path)
        );
    }
    let mut resource = attributes.resource.clone();
    if !attributes.api_group.is_empty() {
        resource = format!("{resource}.{}", attributes.api_group);
    }
    if !attributes.subresource.is_empty() {
        resource = format!("{resource}/{}", attributes.subresource);
    }
    let mut rule = format!("--verb={verb} --resource={}", word(&resource));
    // Whom one may act as is never meant of everybody.
    if attributes.verb == "impersonate" && !attributes.name.is_empty() {
        rule = format!("{rule} --resource-name={}", word(&attributes.name));
    }
    if attributes.namespace.is_empty() {
        format!(
            "`kubectl create clusterrole {role} {rule}` and \
             `kubectl create clusterrolebinding {binding} --clusterrole={role} {flag}`"
        )
    } else {
        let namespace = word(&attributes.namespace);
        format!(
            "`kubectl create role {role} -n {namespace} {rule}` and \
             `kubectl create rolebinding {binding} -n {namespace} --role={role} {flag}`"
        )
    }
}

/// Such as `list-pods`.
fn role_name(attributes: &Attributes) -> String {
    let what = if attributes.is_resource {
        format!("{}-{}", attributes.resource, attributes.subresource)
    } else {
        attributes.path.clone()
    };
    plain(&format!("{}-{what}", attributes.verb))
}

/// A name that anything of Kubernetes may have.
fn plain(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use crate::cluster::eks::NewCluster;
    use crate::value::instant::Timestamp;

    use super::*;

    fn of(username: &str, groups: &[&str], attributes: &Attributes) -> String {
        let user = UserInfo {
            username: username.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..UserInfo::default()
        };
        grant(
            &user,
            attributes,
            &Cluster::new(NewCluster::sample(), Timestamp::UNIX_EPOCH),
        )
        .unwrap()
    }

    #[test]
    fn it_is_the_least_that_helps() {
        let pods = Attributes::resource("list", "", "v1", "pods", "", "team", "");
        assert_eq!(
            of("dev", &["developers", "system:authenticated"], &pods),
            "`kubectl create role list-pods -n team --verb=list --resource=pods` and \
             `kubectl create rolebinding list-pods-developers -n team --role=list-pods --group=developers`"
        );
        let scale = Attributes::resource("update", "apps", "v1", "deployments", "scale", "team", "web");
        assert!(of("dev", &[], &scale).contains("--verb=update --resource=deployments.apps/scale"));
        let nodes = Attributes::resource("list", "", "v1", "nodes", "", "", "");
        assert_eq!(
            of("system:serviceaccount:team:app", &["system:serviceaccounts"], &nodes),
            "`kubectl create clusterrole list-nodes --verb=list --resource=nodes` and \
             `kubectl create clusterrolebinding list-nodes-team-app --clusterrole=list-nodes --serviceaccount=team:app`"
        );
        let other = Attributes::resource("impersonate", "", "v1", "users", "", "", "jane doe");
        assert!(of("dev", &[], &other).contains("--resource=users --resource-name='jane doe'`"));
        let path = Attributes::non_resource("get", "/metrics");
        assert!(of("dev", &[], &path).contains("--verb=get --non-resource-url=/metrics`"));
    }
}
