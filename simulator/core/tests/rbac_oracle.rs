//! RBAC against a second reading of the documentation, deliberately naive: nested loops, no index.
//!
//! 60,000 requests to 2,500 generated clusters are judged by both; verdict and reason must be the same. The same cases
//! were judged by `plugin/pkg/auth/authorizer/rbac` of Kubernetes 1.32.13, with the same outcome.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a case of another form fails the test; clippy knows only functions with #[test] as tests here"
)]

use eks_auth_core::kube::object::ObjectKey;
use eks_auth_core::kube::object::ObjectStore;
use eks_auth_core::kube::rbac::RbacIndex;
use eks_auth_core::kube::request_info::Attributes;
use eks_auth_core::value::id::IdGenerator;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::user::UserInfo;
use serde_json::Value;
use serde_json::json;

const GROUP: &str = "rbac.authorization.k8s.io";
const WORLDS: u64 = 2_500;
const REQUESTS: usize = 24;

/// A generator of numbers that are the same each time (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn some<'a>(&mut self, list: &[&'a str], most: usize) -> Vec<&'a str> {
        let count = if self.below(12) == 0 { 0 } else { 1 + self.below(most) };
        (0..count).map(|_| self.pick(list)).collect()
    }
}

const NAMESPACES: &[&str] = &["x", "y"];
const USERS: &[&str] = &[
    "jane",
    "bob",
    "Jane",
    "system:serviceaccount:x:bot",
    "system:serviceaccount:y:bot",
    "system:serviceaccount:x:a:b",
    "a\"b<",
];
const GROUPS: &[&str] = &[
    "devs",
    "ops",
    "jane",
    "system:authenticated",
    "system:serviceaccounts:x",
];
const VERBS: &[&str] = &["get", "list", "watch", "create", "delete", "*"];
const API_GROUPS: &[&str] = &["", "apps", "batch", "*"];
const RESOURCES: &[&str] = &[
    "pods",
    "deployments",
    "pods/log",
    "*/log",
    "*",
    "pods/*",
    "*/*",
    "deployments/scale",
    "*/scale",
    "log",
    "/log",
];
const NAMES: &[&str] = &["a", "b", "*"];
const URLS: &[&str] = &["/api", "/api/*", "/ap*", "*", "/healthz**", "/a*b", "/*/x", "api"];
const ROLES: &[&str] = &["r0", "r1", "r2", "missing"];

/// Lists of cluster roles, cluster role bindings, roles and role bindings, as JSON objects in order of their names.
fn world(random: &mut Random) -> [Vec<Value>; 4] {
    let rules = |random: &mut Random| -> Vec<Value> {
        (0..1 + random.below(4))
            .map(|_| {
                if random.below(4) == 0 {
                    return json!({"verbs": random.some(VERBS, 4), "nonResourceURLs": random.some(URLS, 4)});
                }
                let mut rule = json!({
                    "verbs": random.some(VERBS, 4),
                    "apiGroups": random.some(API_GROUPS, 3),
                    "resources": random.some(RESOURCES, 6),
                });
                if random.below(3) == 0 {
                    rule["resourceNames"] = json!(random.some(NAMES, 2));
                }
                rule
            })
            .collect()
    };
    let binding = |random: &mut Random, namespace: &str, name: String| {
        let subjects: Vec<Value> = (0..1 + random.below(6))
            .map(|_| match random.below(4) {
                0 => json!({"kind": "User", "apiGroup": GROUP, "name": random.pick(USERS)}),
                1 => json!({"kind": "Group", "apiGroup": GROUP, "name": random.pick(GROUPS)}),
                2 => json!({"kind": "ServiceAccount", "name": random.pick(&["bot", "other", "a:b"]),
                            "namespace": random.pick(&["x", "y", ""])}),
                _ => json!({"kind": random.pick(&["Robot", "user"]), "name": random.pick(USERS)}),
            })
            .collect();
        let kind = match random.below(16) {
            0 => "Thing",
            1..5 => "Role",
            _ => "ClusterRole",
        };
        json!({
            "metadata": {"name": name, "namespace": namespace},
            "subjects": subjects,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": random.pick(ROLES)},
        })
    };
    let mut lists: [Vec<Value>; 4] = Default::default();
    for name in &ROLES[..3] {
        lists[0].push(json!({"metadata": {"name": name}, "rules": rules(random)}));
    }
    for place in 0..1 + random.below(6) {
        let made = binding(random, "", format!("b{place}"));
        lists[1].push(made);
    }
    for namespace in NAMESPACES {
        for name in &ROLES[..2] {
            lists[2].push(json!({"metadata": {"name": name, "namespace": namespace}, "rules": rules(random)}));
        }
        for place in 0..random.below(5) {
            let made = binding(random, namespace, format!("b{place}"));
            lists[3].push(made);
        }
    }
    lists
}

fn user(random: &mut Random) -> UserInfo {
    UserInfo {
        username: random.pick(USERS).to_owned(),
        groups: random.some(GROUPS, 3).into_iter().map(str::to_owned).collect(),
        ..UserInfo::default()
    }
}

fn request(random: &mut Random) -> Attributes {
    const ASKED_VERBS: &[&str] = &["get", "list", "watch", "create", "delete", "*", "GET"];
    if random.below(4) == 0 {
        let paths = &[
            "/api",
            "/api/v1",
            "/apis",
            "/healthz",
            "/healthz*",
            "/healthz/etcd",
            "/axb",
            "/",
            "api",
        ];
        return Attributes::non_resource(random.pick(ASKED_VERBS), random.pick(paths));
    }
    Attributes::resource(
        random.pick(ASKED_VERBS),
        random.pick(&["", "apps", "batch", "extensions"]),
        "v1",
        random.pick(&["pods", "deployments", "log", "pods/log"]),
        random.pick(&["", "", "log", "scale", "*"]),
        random.pick(&["x", "y", "z", ""]),
        random.pick(&["a", "b", "c", ""]),
    )
}

fn store(lists: &[Vec<Value>; 4]) -> ObjectStore {
    let mut store = ObjectStore::default();
    let mut ids = IdGenerator::new(1);
    let resources = ["clusterroles", "clusterrolebindings", "roles", "rolebindings"];
    for (resource, list) in resources.iter().zip(lists) {
        for object in list {
            let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
            let key = ObjectKey::new(&format!("{resource}.{GROUP}"), text("namespace"), text("name"));
            store
                .create(key, object.clone(), &mut ids, Timestamp::UNIX_EPOCH)
                .unwrap();
        }
    }
    store
}

/// Whether it is allowed, and why. Everything is looked at again for each request.
fn naive(lists: &[Vec<Value>; 4], user: &UserInfo, asked: &Attributes) -> (bool, String) {
    let [cluster_roles, cluster_bindings, roles, bindings] = lists;
    let mut missing: Vec<String> = Vec::new();
    for (kind, list) in [("ClusterRoleBinding", cluster_bindings), ("RoleBinding", bindings)] {
        for binding in list {
            let namespace = binding["metadata"]["namespace"].as_str().unwrap();
            if kind == "RoleBinding" && namespace != asked.namespace {
                continue;
            }
            let Some(subject) = binding["subjects"]
                .as_array()
                .unwrap()
                .iter()
                .find(|subject| is_subject(subject, namespace, user))
            else {
                continue;
            };
            let (role_kind, role_name) = (&binding["roleRef"]["kind"], &binding["roleRef"]["name"]);
            let role = match role_kind.as_str().unwrap() {
                "ClusterRole" => cluster_roles.iter().find(|role| role["metadata"]["name"] == *role_name),
                "Role" => roles
                    .iter()
                    .find(|role| role["metadata"]["name"] == *role_name && role["metadata"]["namespace"] == namespace),
                other => {
                    missing.push(format!("unsupported role reference kind: {other:?}"));
                    continue;
                }
            };
            let Some(role) = role else {
                let kind = role_kind.as_str().unwrap().to_lowercase();
                missing.push(format!("{kind}.{GROUP} {role_name} not found"));
                continue;
            };
            for rule in role["rules"].as_array().unwrap() {
                if rule_allows(rule, asked) {
                    return (true, allowed_by(kind, binding, subject, namespace));
                }
            }
        }
    }
    let mut distinct: Vec<String> = Vec::new();
    for error in missing {
        if !distinct.contains(&error) {
            distinct.push(error);
        }
    }
    match distinct.len() {
        0 => (false, String::new()),
        1 => (false, format!("RBAC: {}", distinct[0])),
        _ => (false, format!("RBAC: [{}]", distinct.join(", "))),
    }
}

fn allowed_by(kind: &str, binding: &Value, subject: &Value, namespace: &str) -> String {
    let mut name = binding["metadata"]["name"].as_str().unwrap().to_owned();
    if kind == "RoleBinding" {
        name = format!("{name}/{namespace}");
    }
    let mut who = subject["name"].as_str().unwrap().to_owned();
    if subject["kind"] == "ServiceAccount" {
        let own = subject["namespace"].as_str().unwrap();
        who = format!("{who}/{}", if own.is_empty() { namespace } else { own });
    }
    format!(
        "RBAC: allowed by {kind} {name:?} of {} {} to {} {who:?}",
        binding["roleRef"]["kind"].as_str().unwrap(),
        binding["roleRef"]["name"],
        subject["kind"].as_str().unwrap()
    )
}

fn is_subject(subject: &Value, namespace: &str, user: &UserInfo) -> bool {
    let name = subject["name"].as_str().unwrap();
    match subject["kind"].as_str().unwrap() {
        "User" => name == user.username,
        "Group" => user.groups.iter().any(|group| group == name),
        "ServiceAccount" => {
            let own = subject["namespace"].as_str().unwrap();
            let namespace = if own.is_empty() { namespace } else { own };
            !namespace.is_empty() && user.username == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

fn rule_allows(rule: &Value, asked: &Attributes) -> bool {
    let list = |field: &str| -> Vec<&str> {
        let list = rule[field].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().map(|entry| entry.as_str().unwrap()).collect()
    };
    if !list("verbs").iter().any(|verb| *verb == "*" || *verb == asked.verb) {
        return false;
    }
    if !asked.is_resource {
        return list("nonResourceURLs").iter().any(|url| {
            *url == "*"
                || *url == asked.path
                || (url.ends_with('*') && asked.path.starts_with(url.trim_end_matches('*')))
        });
    }
    let groups = list("apiGroups");
    if !groups.iter().any(|group| *group == "*" || *group == asked.api_group) {
        return false;
    }
    let mut whole = asked.resource.clone();
    if !asked.subresource.is_empty() {
        whole = format!("{whole}/{}", asked.subresource);
    }
    let any_parent = format!("*/{}", asked.subresource);
    let names_it = list("resources").iter().any(|resource| {
        *resource == "*" || *resource == whole || (!asked.subresource.is_empty() && *resource == any_parent)
    });
    let names = list("resourceNames");
    names_it && (names.is_empty() || names.iter().any(|name| *name == asked.name))
}

#[test]
fn the_index_judges_as_nested_loops_do() {
    let mut random = Random(32);
    let (mut allowed, mut with_errors) = (0, 0);
    for _ in 0..WORLDS {
        let lists = world(&mut random);
        let index = RbacIndex::build(&store(&lists));
        for _ in 0..REQUESTS {
            let (user, asked) = (user(&mut random), request(&mut random));
            let found = index.authorize_rbac(&user, &asked);
            let wanted = naive(&lists, &user, &asked);
            assert_eq!(
                (found.allowed, found.reason),
                wanted,
                "{user:?}\n{asked:?}\n{}",
                json!(lists)
            );
            allowed += usize::from(wanted.0);
            with_errors += usize::from(!wanted.0 && !wanted.1.is_empty());
        }
    }
    // The cases must be worth something: enough of each outcome.
    assert!(allowed > 2_000, "{allowed} of the requests are allowed");
    assert!(
        with_errors > 2_000,
        "{with_errors} of the requests meet a role that is not there"
    );
}
