//! May this user do this? `system:masters` first, then the access policies of the user's access entry, then RBAC.

use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AccessEntry;
use crate::cluster::eks::access_entry::EntryMatch;
use crate::cluster::eks::parameter::AccessScope;
use crate::kube::request_info::Attributes;
use crate::value::arn::Partition;
use crate::value::log::go_quote;
use crate::value::trace::Trace;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// Nobody said yes, which is a no.
    NoOpinion,
}

/// An answer with its evidence.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The answer.
    pub decision: Decision,
    /// As in a SubjectAccessReview's status: `RBAC: allowed by …`; on a denial usually empty.
    pub reason: String,
    /// Each rule that was looked at; ids begin with `authz.`.
    pub trace: Trace,
}

/// Decides. The superuser authorizer comes first and gives no reason (`authorizerfactory.NewPrivilegedGroups`).
#[must_use]
pub fn authorize(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Authorization {
    const MASTERS: &str = "members of system:masters may do everything";
    const POLICIES: &str = "an access policy of the user's access entry allows the request";
    const RBAC: &str = "a role bound to the user or one of its groups allows the request";
    let mut trace = Trace::new();
    if user.groups.iter().any(|group| group == SYSTEM_MASTERS) {
        trace.passed("authz.masters", MASTERS, None);
        return Authorization {
            decision: Decision::Allow,
            reason: String::new(),
            trace,
        };
    }
    trace.missed(
        "authz.masters",
        MASTERS,
        SYSTEM_MASTERS.to_owned(),
        user.groups.join(", "),
    );
    if cluster.authentication_mode().has_access_entries() {
        let entry = entry_of(user, cluster);
        let reason = entry.and_then(|entry| authorize_policies(entry, attributes, cluster.partition()));
        if let Some(reason) = reason {
            trace.passed("authz.access_policy", POLICIES, reason.clone());
            return Authorization {
                decision: Decision::Allow,
                reason,
                trace,
            };
        }
        trace.missed(
            "authz.access_policy",
            POLICIES,
            wanted(attributes),
            entry.map(describe_policies),
        );
    }
    let answer = cluster.rbac().authorize_rbac(user, attributes);
    let decision = if answer.allowed {
        trace.passed("authz.rbac", RBAC, answer.reason.clone());
        Decision::Allow
    } else {
        let got = Some(answer.reason.clone()).filter(|reason| !reason.is_empty());
        trace.failed_on("authz.rbac", RBAC, wanted(attributes), got);
        Decision::NoOpinion
    };
    Authorization {
        decision,
        reason: answer.reason,
        trace,
    }
}

/// The access entry that the user came in by.
///
/// Like EKS's webhook authorizer this one sees the UserInfo only, so it goes by the `principalId` and `canonicalArn` that
/// the authenticator put into `extra`. An impersonated user has none of these and therefore no access policies; a user
/// whom `aws-auth` let in because its entry's username cannot be rendered has those of the entry.
///
/// FIDELITY: who may impersonate `userextras` as well can pass as another principal; whether EKS forbids that is not
/// known.
pub(crate) fn entry_of<'a>(user: &UserInfo, cluster: &'a Cluster) -> Option<&'a AccessEntry> {
    let fact = |name: &str| user.extra.get(name)?.first();
    match cluster
        .access_entries()
        .find(fact("principalId")?, fact("canonicalArn")?)
    {
        EntryMatch::Found(entry) => Some(entry),
        EntryMatch::Missing | EntryMatch::OtherArn(_) => None,
    }
}

/// What the policies of an access entry say of a request: the reason for an allowance, or nothing.
///
/// The wording for the cluster is that of audit events of EKS.
///
/// FIDELITY: no audit event with a namespace scope was found; its reason is worded as RBAC words a RoleBinding.
fn authorize_policies(entry: &AccessEntry, attributes: &Attributes, partition: Partition) -> Option<String> {
    let association = entry.policies.iter().find(|association| {
        association.scope.covers(attributes) && association.policy.rules.iter().any(|rule| rule.allows(attributes))
    })?;
    let policy_arn = association.policy.arn(partition);
    let binding = format!("{}+{policy_arn}", entry.principal_arn);
    let (kind, name) = match association.scope {
        AccessScope::Cluster => ("ClusterRoleBinding", binding),
        AccessScope::Namespaces(_) => ("RoleBinding", format!("{binding}/{}", attributes.namespace)),
    };
    Some(format!(
        "EKS Access Policy: allowed by {kind} {} of ClusterRole {} to User {}",
        go_quote(&name),
        go_quote(&policy_arn),
        go_quote(&entry.principal_id)
    ))
}

/// Such as `AmazonEKSViewPolicy in namespaces dev test, AmazonEKSEditPolicy in the cluster`.
fn describe_policies(entry: &AccessEntry) -> String {
    if entry.policies.is_empty() {
        return format!("the entry of {} has no access policy", entry.principal_arn);
    }
    let policies: Vec<String> = entry
        .policies
        .iter()
        .map(|associated| {
            let place = match associated.scope.namespaces() {
                [] => "the cluster".to_owned(),
                namespaces => format!("namespaces {}", namespaces.join(" ")),
            };
            format!("{} in {place}", associated.policy.name)
        })
        .collect();
    policies.join(", ")
}

/// What the API server says of a denial, without the name of the object
/// (`apiserver/pkg/endpoints/handlers/responsewriters/errors.go`).
#[must_use]
pub fn denial_message(user: &UserInfo, attributes: &Attributes, reason: &str) -> String {
    // Only the message is escaped; the authorizer's reason is appended as it is.
    let message = escape_html(&format!(
        "User {} cannot {}",
        go_quote(&user.username),
        wanted(attributes)
    ));
    if reason.is_empty() {
        message
    } else {
        format!("{message}: {reason}")
    }
}

/// What the API server says in plain text, so that no browser takes it for HTML.
#[must_use]
pub fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The message of the 403 Status: [`denial_message`] after what is forbidden (`apierrors.NewForbidden`).
#[must_use]
pub fn forbidden_message(user: &UserInfo, attributes: &Attributes, reason: &str) -> String {
    let denial = denial_message(user, attributes, reason);
    if attributes.resource.is_empty() {
        return format!("forbidden: {denial}");
    }
    let dot = if attributes.api_group.is_empty() { "" } else { "." };
    let resource = format!("{}{dot}{}", attributes.resource, attributes.api_group);
    if attributes.name.is_empty() {
        format!("{resource} is forbidden: {denial}")
    } else {
        format!("{resource} {} is forbidden: {denial}", go_quote(&attributes.name))
    }
}

/// `list resource "pods" in API group "" in the namespace "default"`.
fn wanted(attributes: &Attributes) -> String {
    let verb = &attributes.verb;
    if !attributes.is_resource {
        return format!("{verb} path {}", go_quote(&attributes.path));
    }
    let slash = if attributes.subresource.is_empty() { "" } else { "/" };
    let resource = go_quote(&format!("{}{slash}{}", attributes.resource, attributes.subresource));
    let scope = if attributes.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {}", go_quote(&attributes.namespace))
    };
    format!(
        "{verb} resource {resource} in API group {} {scope}",
        go_quote(&attributes.api_group)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::cluster::eks::NewCluster;
    use crate::kube::rbac::bootstrap;
    use crate::value::id::IdGenerator;
    use crate::value::instant::Timestamp;
    use crate::value::trace::Verdict;

    use super::*;

    fn cluster() -> Cluster {
        Cluster::new(NewCluster::sample(), Timestamp::UNIX_EPOCH)
    }

    fn user(name: &str, groups: &[&str]) -> UserInfo {
        UserInfo {
            username: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..UserInfo::default()
        }
    }

    #[track_caller]
    fn check(name: &str, attributes: &Attributes, reason: &str, expected: &str) {
        assert_eq!(forbidden_message(&user(name, &[]), attributes, reason), expected);
    }

    #[test]
    fn a_denial_is_worded_as_the_api_server_words_it() {
        let pods = Attributes::resource("list", "", "v1", "pods", "", "default", "");
        check(
            "u",
            &pods,
            "",
            r#"pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "default""#,
        );
        check(
            "u",
            &Attributes::resource("get", "apps", "v1", "deployments", "", "", "x"),
            "",
            r#"deployments.apps "x" is forbidden: User "u" cannot get resource "deployments" in API group "apps" at the cluster scope"#,
        );
        check(
            "u",
            &Attributes::resource("get", "", "v1", "pods", "log", "x", "p"),
            r#"RBAC: role.rbac.authorization.k8s.io "<r>" not found"#,
            r#"pods "p" is forbidden: User "u" cannot get resource "pods/log" in API group "" in the namespace "x": RBAC: role.rbac.authorization.k8s.io "<r>" not found"#,
        );
        check(
            "u",
            &Attributes::non_resource("get", "/metrics"),
            "",
            r#"forbidden: User "u" cannot get path "/metrics""#,
        );
        check(
            "a\"<&>",
            &Attributes::non_resource("get", "/"),
            "",
            r#"forbidden: User "a\"&lt;&amp;&gt;" cannot get path "/""#,
        );
        assert_eq!(
            denial_message(&user("u", &[]), &pods, ""),
            r#"User "u" cannot list resource "pods" in API group "" in the namespace "default""#
        );
    }

    #[test]
    fn rbac_speaks_where_the_superuser_authorizer_has_no_opinion() {
        let mut cluster = cluster();
        let mut ids = IdGenerator::new(1);
        for (key, object) in bootstrap::objects() {
            cluster
                .create_object(key, object, &mut ids, Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        let anyone = user("u", &["system:authenticated"]);
        let allowed = authorize(&anyone, &Attributes::non_resource("get", "/api"), &cluster);
        assert_eq!(allowed.decision, Decision::Allow);
        assert_eq!(
            allowed.reason,
            r#"RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated""#
        );
        let denied = authorize(&anyone, &Attributes::non_resource("get", "/metrics"), &cluster);
        assert_eq!((denied.decision, denied.reason.as_str()), (Decision::NoOpinion, ""));
        let ids: Vec<_> = denied
            .trace
            .checks()
            .iter()
            .map(|check| (check.id, check.verdict))
            .collect();
        assert_eq!(
            ids,
            [("authz.masters", Verdict::Missed), ("authz.rbac", Verdict::Failed)]
        );
    }

    proptest! {
        #[test]
        fn masters_are_always_allowed(verb in ".*", resource in ".*", namespace in ".*", name in ".*", others in ".*") {
            let attributes = Attributes::resource(&verb, "", "v1", &resource, "", &namespace, &name);
            let found = authorize(&user(&name, &[&others, SYSTEM_MASTERS]), &attributes, &cluster());
            prop_assert_eq!((found.decision, found.reason.as_str()), (Decision::Allow, ""));
        }
    }
}
