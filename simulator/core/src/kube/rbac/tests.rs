//! Tests of rules, bindings and the bootstrap policy.

use proptest::prelude::*;
use serde_json::json;

use crate::kube::object::ObjectKey;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

use super::*;

pub(super) fn store(objects: impl IntoIterator<Item = (ObjectKey, Value)>) -> ObjectStore {
    let mut store = ObjectStore::default();
    let mut ids = IdGenerator::new(1);
    for (key, object) in objects {
        store.create(key, object, &mut ids, Timestamp::UNIX_EPOCH).unwrap();
    }
    store
}

fn user(name: &str, groups: &[&str]) -> UserInfo {
    UserInfo {
        username: name.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..UserInfo::default()
    }
}

/// `verb group resource[/subresource] namespace name` with `-` for empty, or `verb /path`.
fn request(text: &str) -> Attributes {
    let words: Vec<&str> = text
        .split(' ')
        .map(|word| if word == "-" { "" } else { word })
        .collect();
    match words.as_slice() {
        [verb, path] => Attributes::non_resource(verb, path),
        [verb, group, resource, namespace, name] => {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            Attributes::resource(verb, group, "v1", resource, subresource, namespace, name)
        }
        _ => panic!("not a request: {text}"),
    }
}

fn binding(resource: &str, namespace: &str, name: &str, role: (&str, &str), subjects: Value) -> (ObjectKey, Value) {
    (
        ObjectKey::new(resource, namespace, name),
        json!({"roleRef": {"kind": role.0, "name": role.1}, "subjects": subjects}),
    )
}

fn role(resource: &str, namespace: &str, name: &str, rules: Value) -> (ObjectKey, Value) {
    (ObjectKey::new(resource, namespace, name), json!({"rules": rules}))
}

fn pods_rule(verb: &str) -> Value {
    json!([{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}])
}

#[test]
fn a_rule_allows_what_it_names_and_nothing_else() {
    #[track_caller]
    fn check(rule: &Value, wanted: &str, allows: bool) {
        let rules = rule::parse(&json!({"rules": [rule]}));
        assert_eq!(rules[0].allows(&request(wanted)), allows, "{rule} on {wanted}");
    }
    let on = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let read_pods = on(&[""], &["pods"], &["get", "list"]);
    for (wanted, allows) in [
        ("get - pods x p", true),
        ("list - pods x -", true),
        ("list - pods - -", true),
        ("watch - pods x -", false),
        ("GET - pods x p", false),
        ("create - pods x -", false),
        ("get - pod x p", false),
        ("get - Pods x p", false),
        ("get - services x p", false),
        ("get apps pods x p", false),
        ("get - pods/log x p", false),
        ("get - pods/status x p", false),
        ("get /pods", false),
        ("get /", false),
    ] {
        check(&read_pods, wanted, allows);
    }
    let all = on(&["*"], &["*"], &["*"]);
    for (wanted, allows) in [
        ("get - pods x p", true),
        ("impersonate - users - bob", true),
        ("create - pods/exec x p", true),
        ("deletecollection apps deployments - -", true),
        ("- - pods x p", true),
        ("get /metrics", false),
    ] {
        check(&all, wanted, allows);
    }
    let log = on(&[""], &["pods/log"], &["get"]);
    for (wanted, allows) in [
        ("get - pods/log x p", true),
        ("get - pods x p", false),
        ("get - pods/exec x p", false),
        ("get - nodes/log - n", false),
        ("list - pods/log x p", false),
    ] {
        check(&log, wanted, allows);
    }
    let scale = on(&["apps", "extensions"], &["*/scale"], &["update"]);
    for (wanted, allows) in [
        ("update apps deployments/scale x d", true),
        ("update extensions replicasets/scale x d", true),
        ("update apps deployments x d", false),
        ("update apps deployments/status x d", false),
        ("update - replicationcontrollers/scale x d", false),
        ("update apps scale x d", false),
        ("update apps deployments/autoscale x d", false),
    ] {
        check(&scale, wanted, allows);
    }
    let star_subresource = on(&[""], &["pods/*"], &["get"]);
    for (wanted, allows) in [
        ("get - pods x p", false),
        ("get - pods/log x p", false),
        ("get - pods/* x p", true),
    ] {
        check(&star_subresource, wanted, allows);
    }
    let named = json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a", "b"], "verbs": ["*"]});
    for (wanted, allows) in [
        ("get - configmaps x a", true),
        ("delete - configmaps x b", true),
        ("list - configmaps x a", true),
        ("watch - configmaps x b", true),
        ("get - configmaps x c", false),
        ("get - configmaps x A", false),
        ("list - configmaps x -", false),
        ("create - configmaps x -", false),
        ("deletecollection - configmaps x -", false),
    ] {
        check(&named, wanted, allows);
    }
    // A star is no wildcard among names.
    check(
        &json!({"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["*"], "verbs": ["get"]}),
        "get - configmaps x a",
        false,
    );
    let urls = json!({"nonResourceURLs": ["/api", "/apis/*", "/logs**", "*/x"], "verbs": ["get"]});
    for (wanted, allows) in [
        ("get /api", true),
        ("get /api/", false),
        ("get /api/v1", false),
        ("get /apis", false),
        ("get /apis/", true),
        ("get /apis/apps/v1", true),
        ("get /API", false),
        ("get /logs", true),
        ("get /logs/kube", true),
        ("post /api", false),
        ("head /api", false),
        ("get /a/x", false),
        ("get - api x -", false),
    ] {
        check(&urls, wanted, allows);
    }
    let all_urls = json!({"nonResourceURLs": ["*"], "verbs": ["*"]});
    for (wanted, allows) in [("get /metrics", true), ("post /", true), ("get - pods x p", false)] {
        check(&all_urls, wanted, allows);
    }
    for empty in [
        json!({}),
        json!(null),
        json!({"verbs": ["get"], "resources": ["pods"]}),
        json!({"verbs": "get", "apiGroups": [""], "resources": ["pods"]}),
        json!({"verbs": [1], "apiGroups": [""], "resources": ["pods"]}),
        json!({"verbs": ["get"], "apiGroups": [""]}),
    ] {
        check(&empty, "get - pods x p", false);
    }
}

#[test]
fn the_reason_names_the_binding_the_role_and_the_subject() {
    let group = |name: &str| json!([{"kind": "Group", "name": name}]);
    let index = RbacIndex::build(&store([
        role(CLUSTER_ROLES, "", "lister", pods_rule("list")),
        role(CLUSTER_ROLES, "", "getter", pods_rule("get")),
        role(ROLES, "x", "r1", pods_rule("watch")),
        binding(
            CLUSTER_ROLE_BINDINGS,
            "",
            "all-list",
            ("ClusterRole", "lister"),
            group("devs"),
        ),
        binding(
            CLUSTER_ROLE_BINDINGS,
            "",
            "lost",
            ("ClusterRole", "gone"),
            group("lost"),
        ),
        binding(CLUSTER_ROLE_BINDINGS, "", "no-namespace", ("Role", "r1"), group("lost")),
        binding(CLUSTER_ROLE_BINDINGS, "", "odd", ("Thing", "r1"), group("odd")),
        binding(
            CLUSTER_ROLE_BINDINGS,
            "",
            "sa-without-namespace",
            ("ClusterRole", "lister"),
            json!([{"kind": "ServiceAccount", "name": "bot"}]),
        ),
        binding(
            ROLE_BINDINGS,
            "x",
            "rb",
            ("Role", "r1"),
            json!([
                {"kind": "Group", "name": "devs"}, {"kind": "User", "name": "bob"}
            ]),
        ),
        binding(
            ROLE_BINDINGS,
            "x",
            "rc",
            ("ClusterRole", "getter"),
            json!([
                {"kind": "ServiceAccount", "name": "bot"},
                {"kind": "ServiceAccount", "name": "bot", "namespace": "y"},
                {"kind": "Robot", "name": "bob"}
            ]),
        ),
        binding(
            ROLE_BINDINGS,
            "y",
            "lost",
            ("Role", "r1"),
            json!([{"kind": "User", "name": "bob"}]),
        ),
    ]));
    #[track_caller]
    fn check(index: &RbacIndex, who: &UserInfo, wanted: &str, allowed: bool, reason: &str) {
        let expected = RbacAnswer {
            allowed,
            reason: reason.to_owned(),
        };
        assert_eq!(index.authorize_rbac(who, &request(wanted)), expected, "{wanted}");
    }
    let dev = user("dev", &["other", "devs"]);
    let bob = user("bob", &["devs"]);
    let by_list = r#"RBAC: allowed by ClusterRoleBinding "all-list" of ClusterRole "lister" to Group "devs""#;
    check(&index, &dev, "list - pods - -", true, by_list);
    check(&index, &dev, "list - pods x -", true, by_list);
    check(&index, &dev, "get - pods x p", false, "");
    // Of two subjects that fit, the first in the binding is named.
    let by_group = r#"RBAC: allowed by RoleBinding "rb/x" of Role "r1" to Group "devs""#;
    check(&index, &bob, "watch - pods x -", true, by_group);
    let by_name = r#"RBAC: allowed by RoleBinding "rb/x" of Role "r1" to User "bob""#;
    check(&index, &user("bob", &[]), "watch - pods x -", true, by_name);
    check(&index, &user("Bob", &[]), "watch - pods x -", false, "");
    check(&index, &user("devs", &["bob"]), "watch - pods x -", false, "");
    check(&index, &bob, "watch - pods - -", false, "");
    check(&index, &bob, "get - pods x p", false, "");
    let lost_role = r#"RBAC: role.rbac.authorization.k8s.io "r1" not found"#;
    check(&index, &bob, "watch - pods y -", false, lost_role);
    // What was not found does not stand in the way of what was.
    check(&index, &bob, "list - pods y -", true, by_list);
    let bot = user("system:serviceaccount:x:bot", &[]);
    let by_bot = r#"RBAC: allowed by RoleBinding "rc/x" of ClusterRole "getter" to ServiceAccount "bot/x""#;
    check(&index, &bot, "get - pods x p", true, by_bot);
    check(&index, &bot, "list - pods x -", false, "");
    let neighbor = user("system:serviceaccount:y:bot", &[]);
    let by_neighbor = r#"RBAC: allowed by RoleBinding "rc/x" of ClusterRole "getter" to ServiceAccount "bot/y""#;
    check(&index, &neighbor, "get - pods x p", true, by_neighbor);
    check(
        &index,
        &user("system:serviceaccount:z:bot", &[]),
        "get - pods x p",
        false,
        "",
    );
    let both_lost = r#"RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "r1" not found]"#;
    check(&index, &user("u", &["lost"]), "list - pods - -", false, both_lost);
    let odd = r#"RBAC: unsupported role reference kind: "Thing""#;
    check(&index, &user("u", &["odd"]), "list - pods - -", false, odd);
    assert_eq!(index.rules_for(&bob, "y").rules.len(), 1);
    assert_eq!(
        index.rules_for(&bob, "y").errors,
        [r#"role.rbac.authorization.k8s.io "r1" not found"#]
    );
}

#[test]
fn malformed_objects_grant_nothing() {
    let objects = [CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, ROLES, ROLE_BINDINGS]
        .into_iter()
        .flat_map(|resource| {
            [
                json!(null),
                json!([]),
                json!({"rules": 1, "subjects": "x", "roleRef": [], "aggregationRule": {"clusterRoleSelectors": [1]}}),
            ]
            .into_iter()
            .enumerate()
            .map(move |(place, object)| (ObjectKey::new(resource, "", &place.to_string()), object))
        });
    let answer = RbacIndex::build(&store(objects)).authorize_rbac(&user("", &[""]), &request("get - pods x p"));
    assert_eq!(answer.reason, "");
    assert!(!answer.allowed);
}

#[test]
fn bootstrap_roles_give_what_the_real_ones_give() {
    let mut objects = bootstrap::objects();
    for name in ["admin", "edit", "view"] {
        let subjects = json!([{"kind": "Group", "name": name}]);
        objects.push(binding(ROLE_BINDINGS, "x", name, ("ClusterRole", name), subjects));
    }
    objects.push((
        ObjectKey::new(CLUSTER_ROLES, "", "custom-view"),
        json!({
            "metadata": {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},
            "rules": [{"apiGroups": ["stable.example.com"], "resources": ["crontabs"], "verbs": ["get"]}],
        }),
    ));
    let mut objects = store(objects);
    aggregation::aggregate(&mut objects);
    let index = RbacIndex::build(&objects);
    let check = |group: &str, wanted: &str, allowed: bool| {
        let answer = index.authorize_rbac(&user("u", &[group]), &request(wanted));
        assert_eq!(answer.allowed, allowed, "{group}: {wanted}: {}", answer.reason);
    };
    for (wanted, roles) in [
        ("get - pods x p", "view edit admin"),
        ("get - pods/log x p", "view edit admin"),
        ("get - namespaces x x", "view edit admin"),
        ("get stable.example.com crontabs x c", "view edit admin"),
        ("get - secrets x s", "edit admin"),
        ("create - pods/exec x p", "edit admin"),
        ("patch apps deployments x d", "edit admin"),
        ("impersonate - serviceaccounts x s", "edit admin"),
        ("create rbac.authorization.k8s.io rolebindings x -", "admin"),
        ("get rbac.authorization.k8s.io roles x r", "admin"),
        ("get - nodes - n", ""),
        ("list - pods - -", ""),
        ("get - pods y p", ""),
        ("patch - resourcequotas x q", ""),
        ("get /metrics", ""),
    ] {
        for role in ["view", "edit", "admin"] {
            check(role, wanted, roles.split(' ').any(|listed| listed == role));
        }
    }
    let review = "create authorization.k8s.io selfsubjectaccessreviews - -";
    check("system:authenticated", review, true);
    check(
        "system:authenticated",
        "create authentication.k8s.io selfsubjectreviews - -",
        true,
    );
    check("system:authenticated", "get /openapi/v3", true);
    check("system:authenticated", "get /metrics", false);
    check("system:authenticated", "list - pods x -", false);
    check("system:unauthenticated", review, false);
    check("system:unauthenticated", "get /version", true);
    check("system:unauthenticated", "get /api", false);
    check("system:monitoring", "get /metrics", true);
    check("system:nodes", "get - nodes - n", false);
    check("system:masters", "delete - nodes - n", true);
    let answer = index.authorize_rbac(&user("u", &["system:masters"]), &request("list - pods - -"));
    assert_eq!(
        answer.reason,
        r#"RBAC: allowed by ClusterRoleBinding "cluster-admin" of ClusterRole "cluster-admin" to Group "system:masters""#
    );
}

/// A binding among few names, so that requests often meet one.
fn any_binding() -> impl Strategy<Value = (bool, &'static str, &'static str, &'static str)> {
    (
        any::<bool>(),
        prop::sample::select(vec!["x", "y"]),
        prop::sample::select(vec!["get", "list", "missing", "everything"]),
        prop::sample::select(vec!["bob", "devs"]),
    )
}

fn any_request() -> impl Strategy<Value = Attributes> {
    prop::sample::select(vec![
        "get - pods x p",
        "list - pods y -",
        "list - pods - -",
        "get - nodes - n",
        "watch - pods x -",
        "get /metrics",
    ])
    .prop_map(request)
}

fn indexed(bindings: &[(bool, &str, &str, &str)]) -> RbacIndex {
    let all = json!([
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["*"]},
    ]);
    let roles = [
        role(CLUSTER_ROLES, "", "get", pods_rule("get")),
        role(CLUSTER_ROLES, "", "list", pods_rule("list")),
        role(CLUSTER_ROLES, "", "everything", all),
    ];
    let bindings = bindings
        .iter()
        .enumerate()
        .map(|(place, (cluster, namespace, role, subject))| {
            let subjects = json!([{"kind": "User", "name": subject}, {"kind": "Group", "name": subject}]);
            let (resource, namespace) = if *cluster {
                (CLUSTER_ROLE_BINDINGS, "")
            } else {
                (ROLE_BINDINGS, *namespace)
            };
            binding(resource, namespace, &place.to_string(), ("ClusterRole", role), subjects)
        });
    RbacIndex::build(&store(roles.into_iter().chain(bindings)))
}

proptest! {
    #[test]
    fn adding_a_binding_never_removes_an_allow(
        bindings in prop::collection::vec(any_binding(), 0..6),
        added in any_binding(),
        wanted in any_request(),
    ) {
        let bob = user("bob", &["devs"]);
        let before = indexed(&bindings).authorize_rbac(&bob, &wanted);
        let after = indexed(&[bindings, vec![added]].concat()).authorize_rbac(&bob, &wanted);
        prop_assert!(!before.allowed || after.allowed);
    }

    #[test]
    fn a_role_binding_grants_only_inside_its_namespace(
        bindings in prop::collection::vec(any_binding(), 0..6),
        wanted in any_request(),
    ) {
        let bindings: Vec<_> = bindings.into_iter().map(|(_, namespace, role, who)| (false, namespace, role, who)).collect();
        let answer = indexed(&bindings).authorize_rbac(&user("bob", &["devs"]), &wanted);
        let has_own = bindings.iter().any(|(_, namespace, _, _)| *namespace == wanted.namespace);
        prop_assert!(!answer.allowed || has_own, "{}", answer.reason);
    }
}
