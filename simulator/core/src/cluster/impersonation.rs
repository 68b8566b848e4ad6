//! Acting as somebody else: the `Impersonate-*` headers, and who may send them.
//!
//! Source: `apiserver/pkg/endpoints/filters/impersonation.go` and `apiserver/pkg/authentication/serviceaccount/util.go` of
//! Kubernetes 1.32. FIDELITY: the keys of several `Impersonate-Extra-*` headers are tried by name, where Go's order is
//! random.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::cluster::authorize::Authorization;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::kube::request_info::Attributes;
use crate::value::user::SYSTEM_ANONYMOUS;
use crate::value::user::SYSTEM_AUTHENTICATED;
use crate::value::user::SYSTEM_UNAUTHENTICATED;
use crate::value::user::UserInfo;

const GROUP: &str = "authentication.k8s.io";
const EXTRA: &str = "impersonate-extra-";

/// Why a request is not served in somebody else's name.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// There are groups, a uid or extra without a user; the text of the internal error.
    NoUser(String),
    /// The caller may not: what it would have to be allowed, and what was found.
    Forbidden(Box<Attributes>, Authorization),
}

/// One thing that the caller wants to be.
enum Part {
    User(String),
    ServiceAccount { namespace: String, name: String },
    Group(String),
    Extra { key: String, value: String },
    Uid(String),
}

impl Part {
    /// What the caller must be allowed.
    fn attributes(&self) -> Attributes {
        let on = |group: &str, version: &str, resource: &str, sub: &str, namespace: &str, name: &str| {
            Attributes::resource("impersonate", group, version, resource, sub, namespace, name)
        };
        match self {
            Self::User(name) => on("", "", "users", "", "", name),
            Self::ServiceAccount { namespace, name } => on("", "", "serviceaccounts", "", namespace, name),
            Self::Group(name) => on("", "", "groups", "", "", name),
            Self::Extra { key, value } => on(GROUP, "v1", "userextras", key, "", value),
            Self::Uid(uid) => on(GROUP, "v1", "uids", "", "", uid),
        }
    }

    /// As Go prints the ObjectReference that stands for it.
    fn printed(&self) -> String {
        let (kind, namespace, name, version, path) = match self {
            Self::User(name) => ("User", "", name, "", ""),
            Self::ServiceAccount { namespace, name } => ("ServiceAccount", namespace.as_str(), name, "", ""),
            Self::Group(name) => ("Group", "", name, "", ""),
            Self::Extra { key, value } => ("UserExtra", "", value, "authentication.k8s.io/v1", key.as_str()),
            Self::Uid(uid) => ("UID", "", uid, "authentication.k8s.io/v1", ""),
        };
        format!("{{{kind} {namespace} {name}  {version}  {path}}}")
    }
}

/// Whom a request of `caller` is served as; nothing where it impersonates nobody. `headers` have names in lower case.
///
/// # Errors
/// [`Refusal`].
pub fn impersonate(
    caller: &UserInfo,
    headers: &[(String, String)],
    cluster: &Cluster,
) -> Result<Option<UserInfo>, Refusal> {
    let parts = parts(headers)?;
    if parts.is_empty() {
        return Ok(None);
    }
    let gives_groups = parts.iter().any(|part| matches!(part, Part::Group(_)));
    let mut user = UserInfo::default();
    for part in parts {
        let attributes = part.attributes();
        let authorization = authorize(caller, &attributes, cluster);
        if authorization.decision != Decision::Allow {
            return Err(Refusal::Forbidden(Box::new(attributes), authorization));
        }
        match part {
            Part::User(name) => user.username = name,
            Part::ServiceAccount { namespace, name } => {
                user.username = format!("system:serviceaccount:{namespace}:{name}");
                if !gives_groups {
                    user.groups = service_account_groups(&namespace);
                }
            }
            Part::Group(name) => user.groups.push(name),
            Part::Extra { key, value } => user.extra.entry(key).or_default().push(value),
            Part::Uid(uid) => user.uid = uid,
        }
    }
    let has = |group: &str| user.groups.iter().any(|own| own == group);
    if user.username == SYSTEM_ANONYMOUS {
        if !has(SYSTEM_UNAUTHENTICATED) {
            user.groups.push(SYSTEM_UNAUTHENTICATED.to_owned());
        }
    } else if !has(SYSTEM_AUTHENTICATED) && !has(SYSTEM_UNAUTHENTICATED) {
        user.groups.push(SYSTEM_AUTHENTICATED.to_owned());
    }
    Ok(Some(user))
}

fn parts(headers: &[(String, String)]) -> Result<Vec<Part>, Refusal> {
    let values = |wanted: &str| {
        headers
            .iter()
            .filter(move |(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
            .collect::<Vec<_>>()
    };
    let first = |wanted: &str| values(wanted).into_iter().next().filter(|value| !value.is_empty());
    let mut parts = Vec::new();
    let user = first("impersonate-user");
    let has_user = user.is_some();
    parts.extend(user.map(|user| match split_service_account(&user) {
        Some((namespace, name)) => Part::ServiceAccount {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        },
        None => Part::User(user),
    }));
    parts.extend(values("impersonate-group").into_iter().map(Part::Group));
    let mut extra: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, value) in headers {
        if let Some(key) = name.strip_prefix(EXTRA) {
            extra.entry(unescape(key)).or_default().push(value);
        }
    }
    for (key, values) in extra {
        parts.extend(values.into_iter().map(|value| Part::Extra {
            key: key.clone(),
            value: value.to_owned(),
        }));
    }
    parts.extend(first("impersonate-uid").map(Part::Uid));
    if !has_user && !parts.is_empty() {
        let printed: Vec<String> = parts.iter().map(Part::printed).collect();
        return Err(Refusal::NoUser(format!(
            "requested [{}] without impersonating a user",
            printed.join(" ")
        )));
    }
    Ok(parts)
}

/// A key as `url.PathUnescape` reads it; one with a broken escape stays as it is.
fn unescape(key: &str) -> String {
    let is_good = key.split('%').skip(1).all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if is_good {
        percent_decode_str(key).decode_utf8_lossy().into_owned()
    } else {
        key.to_owned()
    }
}

/// Namespace and name of a service account's username.
#[must_use]
pub fn split_service_account(username: &str) -> Option<(&str, &str)> {
    let (namespace, name) = username.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let is_label = |text: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        text.len() <= 63
            && text.chars().all(inner)
            && !text.is_empty()
            && !text.starts_with('-')
            && !text.ends_with('-')
    };
    let is_subdomain = |text: &str| {
        text.len() <= 253
            && text.split('.').all(|part| {
                let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                !part.is_empty() && part.chars().all(inner) && !part.starts_with('-') && !part.ends_with('-')
            })
    };
    (is_label(namespace) && is_subdomain(name)).then_some((namespace, name))
}

/// The groups of every service account of a namespace.
#[must_use]
pub fn service_account_groups(namespace: &str) -> Vec<String> {
    vec![
        "system:serviceaccounts".to_owned(),
        format!("system:serviceaccounts:{namespace}"),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::authorize::forbidden_message;
    use crate::cluster::eks::NewCluster;
    use crate::kube::object::ObjectKey;
    use crate::kube::rbac::bootstrap;
    use crate::value::id::IdGenerator;
    use crate::value::instant::Timestamp;

    /// `root` may do everything, `deputy` act as the user jane and the group devs, `editor` edits the namespace x.
    fn cluster() -> Cluster {
        let mut cluster = Cluster::new(NewCluster::sample(), Timestamp::UNIX_EPOCH);
        let mut objects = bootstrap::objects();
        let rule = |resource: &str, name: &str| json!({"apiGroups": [""], "resources": [resource], "resourceNames": [name], "verbs": ["impersonate"]});
        objects.push((
            ObjectKey::new("clusterroles.rbac.authorization.k8s.io", "", "deputy"),
            json!({"rules": [rule("users", "jane"), rule("groups", "devs")]}),
        ));
        for (namespace, name, role) in [
            ("", "root", "cluster-admin"),
            ("", "deputy", "deputy"),
            ("x", "editor", "edit"),
        ] {
            let resource = if namespace.is_empty() {
                "clusterrolebindings"
            } else {
                "rolebindings"
            };
            objects.push((
                ObjectKey::new(&format!("{resource}.rbac.authorization.k8s.io"), namespace, name),
                json!({
                    "roleRef": {"kind": "ClusterRole", "name": role},
                    "subjects": [{"kind": "User", "name": name}],
                }),
            ));
        }
        cluster.create_objects(objects, &mut IdGenerator::new(1), Timestamp::UNIX_EPOCH);
        cluster
    }

    /// `headers` are `name: value` without `impersonate-`; `wanted` is `username uid [groups] extra`, or a refusal.
    #[track_caller]
    fn check(caller: &str, headers: &[&str], wanted: &str) {
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|header| header.split_once(": ").unwrap())
            .map(|(name, value)| (format!("impersonate-{name}"), value.to_owned()))
            .collect();
        let caller = UserInfo {
            username: caller.to_owned(),
            ..UserInfo::default()
        };
        let found = match impersonate(&caller, &headers, &cluster()) {
            Ok(None) => "nobody".to_owned(),
            Ok(Some(user)) => format!("{} {} {:?} {:?}", user.username, user.uid, user.groups, user.extra),
            Err(Refusal::NoUser(text)) => text,
            Err(Refusal::Forbidden(attributes, authorization)) => {
                forbidden_message(&caller, &attributes, &authorization.reason)
            }
        };
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_user_and_its_groups_are_taken_from_the_headers() {
        check("root", &[], "nobody");
        check("root", &["user: jane"], r#"jane  ["system:authenticated"] {}"#);
        check(
            "root",
            &[
                "user: jane",
                "group: devs",
                "group: ops",
                "uid: 7",
                "extra-scopes: a",
                "extra-scopes: b",
                "extra-a%2fb: c",
            ],
            r#"jane 7 ["devs", "ops", "system:authenticated"] {"a/b": ["c"], "scopes": ["a", "b"]}"#,
        );
        check(
            "root",
            &["user: jane", "group: system:unauthenticated"],
            r#"jane  ["system:unauthenticated"] {}"#,
        );
        check(
            "root",
            &["user: system:anonymous"],
            r#"system:anonymous  ["system:unauthenticated"] {}"#,
        );
        check(
            "root",
            &["user: system:serviceaccount:x:bot"],
            r#"system:serviceaccount:x:bot  ["system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"] {}"#,
        );
        check(
            "root",
            &["user: system:serviceaccount:x:bot", "group: a"],
            r#"system:serviceaccount:x:bot  ["a", "system:authenticated"] {}"#,
        );
        check(
            "root",
            &["user: jane", "extra-%zz: c"],
            r#"jane  ["system:authenticated"] {"%zz": ["c"]}"#,
        );
    }

    #[test]
    fn each_part_is_authorized_on_its_own() {
        check(
            "deputy",
            &["user: jane", "group: devs"],
            r#"jane  ["devs", "system:authenticated"] {}"#,
        );
        check(
            "deputy",
            &["user: bob"],
            r#"users "bob" is forbidden: User "deputy" cannot impersonate resource "users" in API group "" at the cluster scope"#,
        );
        check(
            "deputy",
            &["user: jane", "group: system:masters"],
            r#"groups "system:masters" is forbidden: User "deputy" cannot impersonate resource "groups" in API group "" at the cluster scope"#,
        );
        check(
            "deputy",
            &["user: jane", "extra-scopes: view"],
            r#"userextras.authentication.k8s.io "view" is forbidden: User "deputy" cannot impersonate resource "userextras/scopes" in API group "authentication.k8s.io" at the cluster scope"#,
        );
        check(
            "deputy",
            &["user: jane", "uid: 7"],
            r#"uids.authentication.k8s.io "7" is forbidden: User "deputy" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope"#,
        );
        check(
            "editor",
            &["user: system:serviceaccount:x:bot"],
            r#"system:serviceaccount:x:bot  ["system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"] {}"#,
        );
        check(
            "editor",
            &["user: system:serviceaccount:y:bot"],
            r#"serviceaccounts "bot" is forbidden: User "editor" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "y""#,
        );
        // What is no name of a service account is a user's.
        check(
            "editor",
            &["user: system:serviceaccount:x:Bot"],
            r#"users "system:serviceaccount:x:Bot" is forbidden: User "editor" cannot impersonate resource "users" in API group "" at the cluster scope"#,
        );
    }

    #[test]
    fn nothing_is_impersonated_without_a_user() {
        check(
            "root",
            &["group: devs"],
            "requested [{Group  devs    }] without impersonating a user",
        );
        check(
            "root",
            &["user: ", "uid: 7", "extra-scopes: a"],
            "requested [{UserExtra  a  authentication.k8s.io/v1  scopes} {UID  7  authentication.k8s.io/v1  }] without \
             impersonating a user",
        );
    }
}
