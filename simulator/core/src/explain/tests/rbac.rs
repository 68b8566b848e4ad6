//! Near misses of RBAC, and the least that helps: one line for each way in which a binding, a role or a policy falls short.

use super::*;
use crate::cluster::eks::NewCluster;
use crate::cluster::eks::parameter::AccessConfig;
use crate::explain::fix_commands;
use crate::kube::rbac::bootstrap;
use crate::value::id::IdGenerator;

const RBAC: &str = "rbac.authorization.k8s.io";

/// A cluster with what every cluster is born with and these objects, one a line:
/// - `binding NAMESPACE/NAME KIND/ROLE KIND:NAME…`, without a namespace for the whole cluster;
/// - `role NAMESPACE/NAME VERBS RESOURCES GROUP [LABEL=VALUE | names=NAME]`, `-` for the group whose name is empty.
fn cluster(objects: &str) -> Cluster {
    let mut cluster = Cluster::new(NewCluster::sample(), Timestamp::UNIX_EPOCH);
    let mut all = bootstrap::objects();
    for line in objects.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (namespace, name) = words[1].split_once('/').unwrap();
        let is_binding = words[0] == "binding";
        let prefix = if namespace.is_empty() { "cluster" } else { "" };
        let kind = if is_binding { "rolebindings" } else { "roles" };
        let key = ObjectKey::new(&format!("{prefix}{kind}.{RBAC}"), namespace, name);
        let object = if is_binding {
            binding(&words[2..])
        } else {
            role(&words[2..])
        };
        all.push((key, object));
    }
    let mut ids = IdGenerator::new(1);
    cluster.create_objects(all, &mut ids, Timestamp::UNIX_EPOCH);
    cluster
}

fn binding(words: &[&str]) -> serde_json::Value {
    let (kind, role) = words[0].split_once('/').unwrap();
    let subjects: Vec<serde_json::Value> = words[1..]
        .iter()
        .map(|subject| {
            let (kind, name) = subject.split_once(':').unwrap();
            match name.split_once('/').filter(|_| kind == "ServiceAccount") {
                Some((namespace, name)) => json!({"kind": kind, "namespace": namespace, "name": name}),
                None => json!({"kind": kind, "name": name}),
            }
        })
        .collect();
    json!({"metadata": {}, "roleRef": {"kind": kind, "name": role}, "subjects": subjects})
}

fn role(words: &[&str]) -> serde_json::Value {
    let list = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
    let group = if words[2] == "-" { "" } else { words[2] };
    let mut rule = json!({"verbs": list(words[0]), "resources": list(words[1]), "apiGroups": [group]});
    let mut metadata = json!({});
    match words.get(3).and_then(|word| word.split_once('=')) {
        Some(("names", names)) => rule["resourceNames"] = json!(list(names)),
        Some((label, value)) => metadata["labels"] = json!({label: value}),
        None => {}
    }
    json!({"metadata": metadata, "rules": [rule]})
}

/// `NAME GROUP…`
fn user(text: &str) -> UserInfo {
    let mut words = text.split_whitespace().map(str::to_owned);
    UserInfo {
        username: words.next().unwrap(),
        groups: words.collect(),
        ..UserInfo::default()
    }
    .authenticated()
}

/// `VERB RESOURCE[/SUB][.GROUP] NAMESPACE [NAME]`, `-` for none; or `VERB /path`.
fn request(text: &str) -> Attributes {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words[1].starts_with('/') {
        return Attributes::non_resource(words[0], words[1]);
    }
    let (resource, group) = words[1].split_once('.').unwrap_or((words[1], ""));
    let (resource, sub) = resource.split_once('/').unwrap_or((resource, ""));
    let namespace = if words[2] == "-" { "" } else { words[2] };
    Attributes::resource(
        words[0],
        group,
        "v1",
        resource,
        sub,
        namespace,
        words.get(3).copied().unwrap_or_default(),
    )
}

fn explained(who: &str, asked: &str, objects: &str) -> Explanation {
    explain_request(&user(who), &request(asked), &cluster(objects))
}

/// Who, what, the objects, the cause, and a text of the explanation.
const CASES: &[(&str, &str, &str, Cause, &str)] = &[
    // Subjects that are nearly the caller's.
    (
        "jane rw",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:rw-team",
        Cause::SubjectMisspelled,
        "may be meant for it",
    ),
    (
        "jane rw-team",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:rw",
        Cause::SubjectMisspelled,
        "kubectl set subject rolebinding b -n dev --group=rw-team",
    ),
    (
        "jane developer",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:developers",
        Cause::SubjectMisspelled,
        "may be meant for it",
    ),
    (
        "jane Developers",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:developers",
        Cause::SubjectMisspelled,
        "the case of letters",
    ),
    (
        "Jane",
        "list pods dev",
        "binding dev/b ClusterRole/view User:jane",
        Cause::SubjectMisspelled,
        "kubectl set subject rolebinding b -n dev --user=Jane",
    ),
    (
        "dev:me@example.com",
        "list pods dev",
        "binding dev/b ClusterRole/view User:dev:me-example.com",
        Cause::SubjectMisspelled,
        "@ and -",
    ),
    (
        "jane data_team",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:data-team",
        Cause::SubjectMisspelled,
        "_ and -",
    ),
    (
        "jane rw",
        "list nodes -",
        "role /nodes list nodes -\nbinding /b ClusterRole/nodes Group:RW",
        Cause::SubjectMisspelled,
        "kubectl set subject clusterrolebinding b --group=rw",
    ),
    // Names that are told apart on purpose.
    (
        "jane team-a",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:team-b",
        Cause::NoBinding,
        "nothing is bound",
    ),
    (
        "jane team-1",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:team-2",
        Cause::NoBinding,
        "nothing is bound",
    ),
    (
        "jane ro",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:rw",
        Cause::NoBinding,
        "nothing is bound",
    ),
    (
        "jane dev",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:prod",
        Cause::NoBinding,
        "nothing is bound",
    ),
    // Two candidates: neither is named, both are evidence.
    (
        "jane rw",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:rw-team\nbinding dev/c ClusterRole/view Group:rw-all",
        Cause::NoBinding,
        "nearly: RoleBinding c in namespace dev has the subject Group \"rw-all\"",
    ),
    // What would not allow the request anyway is no near miss.
    (
        "jane rw",
        "delete pods dev p",
        "binding dev/b ClusterRole/view Group:RW",
        Cause::NoBinding,
        "nothing is bound",
    ),
    (
        "jane rw",
        "list pods dev",
        "binding test/b ClusterRole/view Group:RW",
        Cause::NoBinding,
        "nothing is bound",
    ),
    // A guess is evidence only where the caller has rights there.
    (
        "jane rw readers",
        "list pods dev",
        "role dev/r get configmaps -\nbinding dev/a Role/r Group:readers\nbinding dev/b ClusterRole/view Group:rw-team",
        Cause::NotAuthorized,
        "nearly: RoleBinding b in namespace dev",
    ),
    // Kinds.
    (
        "jane devs",
        "list pods dev",
        "binding dev/b ClusterRole/view User:devs",
        Cause::SubjectKindWrong,
        "kubectl set subject rolebinding b -n dev --group=devs",
    ),
    (
        "jane devs",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:jane",
        Cause::SubjectKindWrong,
        "kubectl set subject rolebinding b -n dev --user=jane",
    ),
    (
        "deployer",
        "list pods dev",
        "binding dev/b ClusterRole/view ServiceAccount:dev/deployer",
        Cause::SubjectKindWrong,
        "if it is meant so: `kubectl set subject rolebinding b -n dev --user=deployer",
    ),
    (
        "system:serviceaccount:ci:runner system:serviceaccounts",
        "list pods dev",
        "binding dev/b ClusterRole/view User:ci:runner",
        Cause::SubjectKindWrong,
        "--serviceaccount=ci:runner",
    ),
    (
        "system:serviceaccount:ci:runner",
        "list pods dev",
        "binding dev/b ClusterRole/view ServiceAccount:dev/runner",
        Cause::SubjectMisspelled,
        "the caller's is ci",
    ),
    (
        "system:serviceaccount:ci:default",
        "list pods dev",
        "binding dev/b ClusterRole/view ServiceAccount:dev/default",
        Cause::NoBinding,
        "--serviceaccount=ci:default",
    ),
    // Templates.
    (
        "app:botocore-session-1 admin",
        "list pods dev",
        "binding dev/b ClusterRole/admin User:app:{{SessionName}}",
        Cause::SubjectHoldsTemplate,
        "templates are expanded in mappings only",
    ),
    (
        "app:s team:x",
        "list pods dev",
        "binding dev/b ClusterRole/view Group:team:{{SessionName}}",
        Cause::SubjectHoldsTemplate,
        "kubectl create rolebinding s-view --clusterrole=view --user=app:s -n dev",
    ),
    (
        "other:s",
        "list pods dev",
        "binding dev/b ClusterRole/view User:app:{{SessionName}}",
        Cause::NoBinding,
        "nothing is bound",
    ),
    (
        "other",
        "list pods dev",
        "binding dev/b ClusterRole/view User:{{SessionName}}",
        Cause::NoBinding,
        "nothing is bound",
    ),
    // Namespaces.
    (
        "jane devs",
        "list pods dev",
        "binding test/b ClusterRole/view Group:devs",
        Cause::BindingInOtherNamespace,
        "ask with `-n test`",
    ),
    (
        "jane devs",
        "list pods -",
        "binding test/b ClusterRole/view Group:devs",
        Cause::BindingInOtherNamespace,
        "the request is for all namespaces",
    ),
    (
        "jane devs",
        "list pods dev",
        "binding test/b ClusterRole/view Group:devs\nrole dev/r get configmaps -\nbinding dev/c Role/r Group:devs",
        Cause::NotAuthorized,
        "the nearest rule",
    ),
    (
        "jane devs",
        "list nodes -",
        "role /all * * *\nbinding dev/b ClusterRole/all Group:devs",
        Cause::NotAuthorized,
        "a RoleBinding gives nothing outside its namespace",
    ),
    (
        "jane devs",
        "get /metrics",
        "binding dev/b ClusterRole/cluster-admin Group:devs",
        Cause::NotAuthorized,
        "kubectl create clusterrole get-metrics --verb=get --non-resource-url=/metrics",
    ),
    // Roles that are not there.
    (
        "jane devs",
        "list pods dev",
        "binding dev/b Role/pod-reader Group:devs",
        Cause::RoleNotFound,
        "kubectl create role pod-reader --verb=list --resource=pods -n dev",
    ),
    (
        "jane devs",
        "list pods dev",
        "binding dev/b Role/view Group:devs",
        Cause::RoleNotFound,
        "kubectl delete rolebinding b -n dev` and `kubectl create rolebinding b -n dev --group=devs --clusterrole=view",
    ),
    (
        "jane devs",
        "list pods dev",
        "role dev/r list pods -\nbinding dev/b ClusterRole/r Group:devs User:bob",
        Cause::RoleNotFound,
        "kubectl create rolebinding b -n dev --group=devs --user=bob --role=r",
    ),
    (
        "jane devs",
        "list pods dev",
        "role test/r list pods -\nbinding dev/b Role/r Group:devs",
        Cause::RoleNotFound,
        "namespace test has a Role of that name",
    ),
    // Aggregation.
    (
        "jane devs",
        "list widgets.example.com dev",
        "role /widgets get,list,watch widgets example.com rbac.authorization.k8s.io/aggregate-to-view=false\n\
         binding dev/b ClusterRole/view Group:devs",
        Cause::AggregationLabelMissing,
        "kubectl label clusterrole widgets rbac.authorization.k8s.io/aggregate-to-view=true --overwrite",
    ),
    (
        "jane devs",
        "list widgets.example.com dev",
        "role /widgets-view get,list,watch widgets example.com\nbinding dev/b ClusterRole/view Group:devs",
        Cause::AggregationLabelMissing,
        "may be meant for",
    ),
    (
        "jane devs",
        "list widgets.example.com dev",
        "role /operator get,list,watch widgets example.com\nbinding dev/b ClusterRole/view Group:devs",
        Cause::NotAuthorized,
        "none of them covers this",
    ),
    // Rules that lack something.
    (
        "jane devs",
        "get pods/log dev p",
        "role dev/r get,list pods -\nbinding dev/b Role/r Group:devs",
        Cause::NotAuthorized,
        "but not the subresource pods/log",
    ),
    (
        "jane devs",
        "create pods/exec dev p",
        "role dev/r get,create pods -\nbinding dev/b Role/r Group:devs",
        Cause::NotAuthorized,
        "kubectl create role create-pods-exec --verb=create --resource=pods/exec -n dev",
    ),
    (
        "jane devs",
        "list deployments.apps dev",
        "role dev/r list deployments extensions\nbinding dev/b Role/r Group:devs",
        Cause::NotAuthorized,
        r#"but not the API group "apps""#,
    ),
    (
        "jane devs",
        "list deployments.apps dev",
        "role dev/r list deployments -\nbinding dev/b Role/r Group:devs",
        Cause::NotAuthorized,
        r#"but not the API group "apps""#,
    ),
    (
        "jane devs",
        "list configmaps dev",
        "role dev/r get,list configmaps - names=settings\nbinding dev/b Role/r Group:devs",
        Cause::NotAuthorized,
        "requests that name no object",
    ),
    (
        "jane devs",
        "patch deployments.apps dev web",
        "role dev/r get,list deployments apps\nbinding dev/b Role/r Group:devs",
        Cause::NotAuthorized,
        "kubectl create role patch-deployments --verb=patch --resource=deployments.apps -n dev",
    ),
    // Nothing near.
    (
        "jane",
        "list pods dev",
        "",
        Cause::NoBinding,
        "kubectl create rolebinding jane-view --clusterrole=view --user=jane -n dev",
    ),
    (
        "jane",
        "get secrets dev db",
        "",
        Cause::NoBinding,
        "kubectl create role get-secrets --verb=get --resource=secrets --resource-name=db -n dev` and `kubectl create \
         rolebinding jane-get-secrets --role=get-secrets --user=jane -n dev",
    ),
    (
        "jane",
        "list nodes -",
        "",
        Cause::NoBinding,
        "kubectl create clusterrole list-nodes --verb=list --resource=nodes` and `kubectl create clusterrolebinding \
         jane-list-nodes --clusterrole=list-nodes --user=jane",
    ),
    (
        "jane",
        "impersonate serviceaccounts dev app",
        "",
        Cause::NoBinding,
        "--verb=impersonate --resource=serviceaccounts --resource-name=app -n dev",
    ),
    (
        "it's",
        "list pods dev",
        "binding dev/it-s-view ClusterRole/view User:bob",
        Cause::NoBinding,
        r"kubectl create rolebinding it-s-view-2 --clusterrole=view --user='it'\''s' -n dev",
    ),
];

#[test]
fn near_misses_are_named_and_fixed_by_the_least() {
    for (who, asked, objects, cause, text) in CASES {
        let found = explained(who, asked, objects);
        let told = found.render_text();
        assert_eq!(found.cause, *cause, "{who}, {asked}, {objects}:\n{told}");
        let parts: Vec<&String> = [&found.sentence, &found.fix]
            .into_iter()
            .chain(&found.evidence)
            .collect();
        assert!(
            parts.iter().any(|part| part.contains(text)),
            "{who}, {asked}, {objects}: `{text}` is not said:\n{told}"
        );
        assert!(!found.fix.contains("=cluster-admin"), "{told}");
        assert!(!found.fix.is_empty(), "{told}");
    }
}

/// A subject that differs in nothing but letters is named whoever it is; one that a mapping gives is somebody else's.
#[test]
fn names_that_a_mapping_gives_are_somebody_elses() {
    let mut fixture = Fixture::new();
    map_roles(
        &mut fixture,
        "- rolearn: arn:aws:iam::111122223333:role/admin\n  username: u\n  groups: [rw-team]\n",
    );
    let (cluster, ids) = fixture.world.cluster_mut("my-cluster").unwrap();
    let key = ObjectKey::new(&format!("rolebindings.{RBAC}"), "dev", "b");
    let object = binding(&["ClusterRole/view", "Group:rw-team"]);
    cluster.create_object(key, object, ids, now()).unwrap();
    let explanation = explain_request(&user("jane rw"), &request("list pods dev"), fixture.cluster());
    assert_eq!(explanation.cause, Cause::NoBinding, "{}", explanation.render_text());
}

/// A cluster in mode API, and the caller of a role that has an access entry with these groups.
fn by_entry(groups: &[&str]) -> (Fixture, UserInfo) {
    const ROLE: &str = "arn:aws:iam::111122223333:role/ops/admin";
    let mut fixture = Fixture::new();
    let (cluster, _, ids) = fixture.world.cluster_and_directory_mut("my-cluster").unwrap();
    let config = AccessConfig {
        authentication_mode: AuthenticationMode::Api,
        bootstrap_creator_admin: true,
    };
    cluster.begin_access(config, None, ids, now()).unwrap();
    super::access_entry::entry(&mut fixture, ROLE, groups, None);
    let key = fixture.session_of("admin", "s");
    let user = fixture.judge(&fixture.token(&key)).outcome.unwrap().authenticated();
    (fixture, user)
}

#[test]
fn an_access_entry_gets_the_smallest_policy_in_the_namespace() {
    let (fixture, user) = by_entry(&[]);
    let fix = |asked: &str| explain_request(&user, &request(asked), fixture.cluster()).fix;
    assert_eq!(
        fix_commands(&fix("list pods dev")),
        [
            "aws eks associate-access-policy --cluster-name my-cluster --region us-west-2 --principal-arn \
          arn:aws:iam::111122223333:role/ops/admin --policy-arn \
          arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy --access-scope type=namespace,namespaces=dev"
        ]
    );
    assert!(fix("get secrets dev db").contains("AmazonEKSSecretReaderPolicy"));
    assert!(fix("delete pods dev p").contains("AmazonEKSEditPolicy"));
    assert!(fix("list pods -").ends_with("AmazonEKSViewPolicy --access-scope type=cluster`"));
    // No policy of a namespace covers nodes: a group of the entry, which the next session has as well.
    let nodes = fix("list nodes -");
    assert!(
        nodes.contains("`aws eks update-access-entry ")
            && nodes.contains("--kubernetes-groups admin-list-nodes` and `kubectl create clusterrole list-nodes ")
            && nodes.ends_with("--clusterrole=list-nodes --group=admin-list-nodes`"),
        "{nodes}"
    );
}

#[test]
fn an_associated_policy_is_judged_by_its_rules_and_its_scope() {
    let (mut fixture, user) = by_entry(&["ops"]);
    let view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let scope = crate::cluster::eks::parameter::AccessScope::Namespaces(vec!["team".to_owned()]);
    fixture
        .cluster_mut()
        .associate_access_policy("arn:aws:iam::111122223333:role/ops/admin", view, scope, now())
        .unwrap();
    let explain = |asked: &str| explain_request(&user, &request(asked), fixture.cluster());
    for (asked, lacks) in [
        ("list pods dev", "its rules allow this, its scope does not cover it"),
        (
            "delete pods team p",
            "its scope covers this, none of its rules allows it",
        ),
        ("list nodes -", "neither its scope nor its rules cover this"),
    ] {
        let explanation = explain(asked);
        assert_eq!(explanation.cause, Cause::NotAuthorized, "{}", explanation.render_text());
        let fact = format!("access policy AmazonEKSViewPolicy is associated in namespaces team: {lacks}");
        assert!(explanation.evidence.contains(&fact), "{}", explanation.render_text());
    }
    // A scope takes the place of the one before, so that it must hold both.
    assert!(
        explain("list pods dev")
            .fix
            .ends_with("type=namespace,namespaces=team,dev`")
    );
    assert!(explain("list nodes -").fix.ends_with("--group=ops`"));
}

/// An access policy lets its principal write bindings, and counts for nothing in what they may grant (`cluster/privilege.rs`).
#[test]
fn a_binding_that_grants_more_is_for_a_cluster_administrator() {
    let printed = "error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io \"shop-viewers\" is forbidden: user \
                   \"arn:aws:sts::111122223333:assumed-role/shop-admin/jane\" (groups=[\"system:authenticated\"]) is attempting to \
                   grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}";
    let explanation = explain_client_error(printed).unwrap();
    assert_eq!(explanation.cause, Cause::RbacEscalation);
    assert!(
        explanation.fix.contains("AmazonEKSClusterAdminPolicy"),
        "{}",
        explanation.fix
    );
}
