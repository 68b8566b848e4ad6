//! Tests of what may be granted by whom.

use crate::cluster::eks::NewCluster;
use crate::kube::rbac::bootstrap;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

use super::*;

/// Roles `pods` (get and list), `gone` is none; `dev` holds `pods` in `x`, `binder` may bind it, `escalator` may
/// escalate `pods`, `lost` is bound to `gone` in `x`.
fn cluster() -> Cluster {
    let mut cluster = Cluster::new(NewCluster::sample(), Timestamp::UNIX_EPOCH);
    let role = |name: &str, rules: Value| {
        let key = ObjectKey::new("clusterroles.rbac.authorization.k8s.io", "", name);
        (key, json!({"metadata": {}, "rules": rules}))
    };
    let bind = |namespace: &str, name: &str, role: &str| {
        let resource = if namespace.is_empty() {
            "clusterrolebindings"
        } else {
            "rolebindings"
        };
        let key = ObjectKey::new(&format!("{resource}.{GROUP}"), namespace, name);
        let subjects = json!([{"kind": "User", "name": name}]);
        (
            key,
            json!({"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects}),
        )
    };
    let verb = |verb: &str, resource: &str| json!([{"apiGroups": [GROUP], "resources": [resource], "resourceNames": ["pods"], "verbs": [verb]}]);
    let mut objects = bootstrap::objects();
    objects.extend([
        role(
            "pods",
            json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]),
        ),
        role("binder", verb("bind", "clusterroles")),
        role("escalator", verb("escalate", "clusterroles")),
        bind("x", "dev", "pods"),
        bind("", "binder", "binder"),
        bind("", "escalator", "escalator"),
        bind("x", "lost", "gone"),
        bind("", "root", "cluster-admin"),
    ]);
    cluster.create_objects(objects, &mut IdGenerator::new(1), Timestamp::UNIX_EPOCH);
    cluster
}

fn user(name: &str) -> UserInfo {
    UserInfo {
        username: name.to_owned(),
        groups: vec!["devs".to_owned(), "system:authenticated".to_owned()],
        ..UserInfo::default()
    }
}

#[track_caller]
fn check(who: &str, verb: &str, resource: &str, namespace: &str, name: &str, new: Value, wanted: Result<(), Refusal>) {
    let request = Attributes::resource(verb, GROUP, "v1", resource, "", namespace, name);
    assert_eq!(
        check_write(&user(who), &request, &new, None, &cluster()),
        wanted,
        "{who}"
    );
}

fn forbidden(why: &str) -> Result<(), Refusal> {
    Err(Refusal::Forbidden(why.to_owned()))
}

#[test]
fn a_role_may_hold_what_its_writer_holds() {
    let pods = |verbs: &[&str]| json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": verbs}]});
    check("dev", "create", "roles", "x", "", pods(&["list"]), Ok(()));
    check("root", "create", "clusterroles", "", "", pods(&["*"]), Ok(()));
    let missing = "user \"dev\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not \
                   currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"create\" \"delete\"]}";
    check(
        "dev",
        "create",
        "roles",
        "x",
        "",
        pods(&["get", "create", "delete"]),
        forbidden(missing),
    );
    // What one holds in a namespace is not held elsewhere.
    let elsewhere = missing.replace("\"create\" \"delete\"", "\"list\"");
    check(
        "dev",
        "create",
        "roles",
        "y",
        "",
        pods(&["list"]),
        forbidden(&elsewhere),
    );
    check(
        "dev",
        "create",
        "clusterroles",
        "",
        "",
        pods(&["list"]),
        forbidden(&elsewhere),
    );
    // Rules that are not held are sorted by their text.
    let several = json!({"rules": [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        {"apiGroups": ["", "apps"], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]},
    ]});
    check(
        "dev",
        "create",
        "roles",
        "x",
        "",
        several,
        forbidden(
            "user \"dev\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently \
             held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"a\"], Verbs:[\"get\"]}\n\
             {APIGroups:[\"apps\"], Resources:[\"secrets\"], ResourceNames:[\"a\"], Verbs:[\"get\"]}\n\
             {NonResourceURLs:[\"/metrics\"], Verbs:[\"get\"]}",
        ),
    );
    // A create has no name in its path, so that a rule with resourceNames does not allow it to escalate.
    check("escalator", "update", "clusterroles", "", "pods", pods(&["*"]), Ok(()));
    let by_name = missing
        .replace("\"dev\"", "\"escalator\"")
        .replace("\"create\" \"delete\"", "\"list\"");
    check(
        "escalator",
        "create",
        "clusterroles",
        "",
        "",
        pods(&["list"]),
        forbidden(&by_name),
    );
}

#[test]
fn only_who_may_do_everything_aggregates() {
    let role = json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}});
    check("root", "create", "clusterroles", "", "", role.clone(), Ok(()));
    check(
        "dev",
        "create",
        "clusterroles",
        "",
        "",
        role,
        forbidden("must have cluster-admin privileges to use the aggregationRule"),
    );
}

#[test]
fn a_binding_may_give_what_its_writer_holds_or_may_bind() {
    let to = |kind: &str, name: &str| json!({"roleRef": {"kind": kind, "name": name}});
    check(
        "dev",
        "create",
        "rolebindings",
        "x",
        "",
        to("ClusterRole", "pods"),
        Ok(()),
    );
    check(
        "binder",
        "create",
        "rolebindings",
        "y",
        "",
        to("ClusterRole", "pods"),
        Ok(()),
    );
    check(
        "binder",
        "create",
        "clusterrolebindings",
        "",
        "",
        to("ClusterRole", "pods"),
        Ok(()),
    );
    check("dev", "create", "rolebindings", "x", "", to("Thing", "pods"), Ok(()));
    let why = |who: &str| {
        format!(
            "user \"{who}\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not \
             currently held:\n{{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\" \"list\"]}}"
        )
    };
    check(
        "dev",
        "create",
        "rolebindings",
        "y",
        "",
        to("ClusterRole", "pods"),
        forbidden(&why("dev")),
    );
    check(
        "dev",
        "create",
        "clusterrolebindings",
        "",
        "",
        to("ClusterRole", "pods"),
        forbidden(&why("dev")),
    );
    check(
        "dev",
        "create",
        "rolebindings",
        "x",
        "",
        to("Role", "pods"),
        Err(Refusal::NoRole("pods".to_owned())),
    );
    let lost = format!(
        "{}; resolution errors: [rolebindings.rbac.authorization.k8s.io \"gone\" not found]",
        why("lost")
    );
    check(
        "lost",
        "create",
        "rolebindings",
        "x",
        "",
        to("ClusterRole", "pods"),
        forbidden(&lost),
    );
}

#[test]
fn what_the_garbage_collector_writes_needs_no_rights() {
    let cluster = cluster();
    let key = ObjectKey::new("clusterroles.rbac.authorization.k8s.io", "", "cluster-admin");
    let old = cluster.objects().find(&key).unwrap();
    let request = Attributes::resource("patch", GROUP, "v1", "clusterroles", "", "", "cluster-admin");
    let mut new = (**old).clone();
    new["metadata"]["finalizers"] = json!([]);
    assert_eq!(check_write(&user("u"), &request, &new, Some(old), &cluster), Ok(()));
    new["metadata"]["labels"] = json!({"a": "b"});
    let refused = check_write(&user("u"), &request, &new, Some(old), &cluster);
    assert!(matches!(refused, Err(Refusal::Forbidden(_))), "{refused:?}");
    let mut master = user("u");
    master.groups.push("system:masters".to_owned());
    assert_eq!(check_write(&master, &request, &new, Some(old), &cluster), Ok(()));
}

/// A request of some 30 KB stood for a thousand million rules, which were made one by one.
#[test]
fn rules_that_stand_for_too_many_permissions_are_not_taken_apart() {
    let many: Vec<String> = (0..1_000).map(|at| format!("x{at}")).collect();
    let rule = json!({"apiGroups": many, "resources": many, "verbs": many, "resourceNames": many});
    let refused = forbidden(
        "user \"dev\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant too many RBAC permissions at once to compare them with those currently held",
    );
    check("dev", "create", "roles", "x", "", json!({"rules": [rule]}), refused);
    // Who holds them as they are may grant them.
    check("root", "create", "roles", "x", "", json!({"rules": [rule]}), Ok(()));
}
