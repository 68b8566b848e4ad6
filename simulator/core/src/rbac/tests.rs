use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::id::IdGenerator;
use crate::instant::Timestamp;
use crate::object::ObjectKey;
use crate::request_info::attributes;

fn index(further: &[(&str, &str, &str, Value)]) -> RbacIndex {
    let mut store = ObjectStore::default();
    let mut ids = IdGenerator::new(1);
    let further = further.iter().map(|(plural, namespace, name, value)| {
        let resource = format!("{plural}{RESOURCE_SUFFIX}");
        (ObjectKey::new(&resource, namespace, name), value.clone())
    });
    for (key, value) in bootstrap::objects().into_iter().chain(further) {
        store.create(key, value, &mut ids, Timestamp::UNIX_EPOCH).unwrap();
    }
    RbacIndex::build(&store)
}

fn user(name: &str, groups: &[&str]) -> UserInfo {
    UserInfo {
        username: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..UserInfo::default()
    }
}

fn bind(role_kind: &str, role: &str, subject_kind: &str, subject: &str) -> Value {
    json!({"roleRef": {"kind": role_kind, "name": role}, "subjects": [{"kind": subject_kind, "name": subject}]})
}

/// `rules` in short form against `METHOD PATH?QUERY`.
#[track_caller]
fn check(rule: Value, request: &str, wanted: bool) {
    let (method, url) = request.split_once(' ').unwrap();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let rule = PolicyRule::parse(&rule);
    assert_eq!(
        rule.allows(&attributes(method, path, query)),
        wanted,
        "{request} by {rule:?}"
    );
}

#[test]
fn rules_match_as_in_kubernetes() {
    let pods = || json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]});
    check(pods(), "GET /api/v1/pods", true);
    check(pods(), "GET /api/v1/namespaces/n/pods/p", true);
    check(pods(), "GET /api/v1/namespaces/n/pods/p/log", false);
    check(pods(), "GET /api/v1/pods?watch=1", false);
    check(pods(), "DELETE /api/v1/namespaces/n/pods/p", false);
    check(pods(), "GET /apis/metrics.k8s.io/v1/pods", false);
    check(pods(), "GET /api", false);
    let all = || json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    check(all(), "GET /api/v1/namespaces/n/pods/p/log", true);
    check(all(), "GET /version", false);
    let scale = || json!({"verbs": ["update"], "apiGroups": ["apps"], "resources": ["*/scale"]});
    check(scale(), "PUT /apis/apps/v1/namespaces/n/deployments/d/scale", true);
    check(scale(), "PUT /apis/apps/v1/namespaces/n/deployments/d", false);
    let named =
        || json!({"verbs": ["*"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["aws-auth"]});
    check(named(), "GET /api/v1/namespaces/kube-system/configmaps/aws-auth", true);
    check(named(), "GET /api/v1/namespaces/kube-system/configmaps/other", false);
    check(named(), "GET /api/v1/namespaces/kube-system/configmaps", false);
    check(
        named(),
        "GET /api/v1/configmaps?fieldSelector=metadata.name%3Daws-auth",
        true,
    );
    check(named(), "POST /api/v1/namespaces/kube-system/configmaps", false);
    let urls = || json!({"verbs": ["get"], "nonResourceURLs": ["/api/*", "/healthz"]});
    check(urls(), "GET /api/v1", true);
    check(urls(), "GET /api", false);
    check(urls(), "GET /healthz", true);
    check(urls(), "GET /Healthz", false);
    check(urls(), "POST /healthz", false);
    check(urls(), "GET /api/v1/pods", false);
    check(json!({"verbs": "get", "resources": 7}), "GET /api/v1/pods", false);
}

#[test]
fn bindings_reach_as_far_as_in_kubernetes() {
    let index = index(&[
        (
            "clusterrolebindings",
            "",
            "viewers",
            bind("ClusterRole", "view", "Group", "viewers"),
        ),
        ("rolebindings", "n", "rb", bind("ClusterRole", "edit", "User", "bob")),
        (
            "rolebindings",
            "n",
            "sa",
            bind("ClusterRole", "view", "ServiceAccount", "robot"),
        ),
        ("rolebindings", "n", "lost", bind("Role", "nowhere", "User", "carol")),
    ]);
    let decide = |user: &UserInfo, request: &str| {
        let (method, path) = request.split_once(' ').unwrap();
        index.authorize(user, &attributes(method, path, ""))
    };
    let allowed = |reason: &str| RbacDecision::Allowed {
        reason: reason.to_owned(),
    };
    let refused = |reason: &str| RbacDecision::NoOpinion {
        reason: reason.to_owned(),
    };
    let bob = user("bob", &["system:authenticated"]);
    assert_eq!(
        decide(&bob, "GET /api/v1/namespaces/n/secrets/s"),
        allowed(r#"RBAC: allowed by RoleBinding "rb/n" of ClusterRole "edit" to User "bob""#)
    );
    assert_eq!(decide(&bob, "GET /api/v1/namespaces/m/secrets/s"), refused(""));
    assert_eq!(decide(&bob, "GET /api/v1/secrets"), refused(""));
    assert_eq!(
        decide(&bob, "GET /api"),
        allowed(
            r#"RBAC: allowed by ClusterRoleBinding "system:discovery" of ClusterRole "system:discovery" to Group "system:authenticated""#
        )
    );
    let viewer = user("v", &["viewers"]);
    assert_eq!(
        decide(&viewer, "GET /api/v1/pods"),
        allowed(r#"RBAC: allowed by ClusterRoleBinding "viewers" of ClusterRole "view" to Group "viewers""#)
    );
    assert_eq!(decide(&viewer, "GET /api/v1/secrets"), refused(""));
    assert_eq!(decide(&viewer, "GET /api/v1/nodes"), refused(""));
    let robot = user("system:serviceaccount:n:robot", &[]);
    assert_eq!(
        decide(&robot, "GET /api/v1/namespaces/n/pods"),
        allowed(r#"RBAC: allowed by RoleBinding "sa/n" of ClusterRole "view" to ServiceAccount "robot/n""#)
    );
    assert_eq!(
        decide(&user("carol", &[]), "GET /api/v1/namespaces/n/pods"),
        refused(r#"RBAC: role.rbac.authorization.k8s.io "nowhere" not found"#)
    );
}

#[test]
fn aggregated_roles_hold_the_roles_with_their_label() {
    let labelled = json!({
        "metadata": {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
        "rules": [{"verbs": ["get"], "apiGroups": ["x.io"], "resources": ["things"]}],
    });
    let index = index(&[
        ("clusterroles", "", "things", labelled),
        ("clusterrolebindings", "", "v", bind("ClusterRole", "view", "User", "v")),
    ]);
    let things = attributes("GET", "/apis/x.io/v1/namespaces/n/things/t", "");
    assert!(matches!(
        index.authorize(&user("v", &[]), &things),
        RbacDecision::Allowed { .. }
    ));
}

proptest! {
    #[test]
    fn a_further_binding_takes_nothing_away(subject in "[a-c]", role in "(view|edit|nowhere)", path in "(/api/v1/pods|/api/v1/namespaces/n/secrets|/api)") {
        let first = ("clusterrolebindings", "", "first", bind("ClusterRole", "view", "User", "a"));
        let second = ("rolebindings", "n", "second", bind("ClusterRole", &role, "User", &subject));
        let (before, after) = (index(std::slice::from_ref(&first)), index(&[first, second]));
        for name in ["a", "b", "c"] {
            let (user, request) = (user(name, &[]), attributes("GET", &path, ""));
            if matches!(before.authorize(&user, &request), RbacDecision::Allowed { .. }) {
                let still = matches!(after.authorize(&user, &request), RbacDecision::Allowed { .. });
                prop_assert!(still);
            }
        }
    }
}
