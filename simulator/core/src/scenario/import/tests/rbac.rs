//! Roles and bindings of a ticket, and the API server's own words.

use super::*;

const CALLER: &str = r#"{"UserId": "AROAEXAMPLEEXAMPLE123:run-17", "Account": "111122223333", "Arn": "arn:aws:sts::111122223333:assumed-role/dev/run-17"}"#;

/// `aws-auth` that makes `dev:SESSION` of the caller, in that group.
fn aws_auth(group: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  mapRoles: |\n    - \
         rolearn: arn:aws:iam::111122223333:role/dev\n      username: dev:{{{{SessionName}}}}\n      groups:\n      - {group}\n"
    )
}

fn forbidden(what: &str) -> String {
    format!("Error from server (Forbidden): x is forbidden: User \"dev:run-17\" cannot {what}\n")
}

const PODS: &str = "list resource \"pods\" in API group \"\" in the namespace \"shop\"";

fn imported(parts: &[&str]) -> Result<Import, Refusal> {
    let text = parts.join("\n\n");
    let artifact = Artifact {
        file: "ticket.txt".to_owned(),
        text,
        kind: None,
    };
    import(&[artifact], &options(None))
}

fn binding_yaml(kind: &str, name: &str, role: &str) -> String {
    let (role_kind, role_name) = role.split_once('/').unwrap();
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: shop-devs\n  namespace: shop\nroleRef:\n  \
         apiGroup: rbac.authorization.k8s.io\n  kind: {role_kind}\n  name: {role_name}\nsubjects:\n- apiGroup: \
         rbac.authorization.k8s.io\n  kind: {kind}\n  name: {name}\n"
    )
}

/// The cause, and a text that stands in what is said or in the scenario.
#[track_caller]
fn check(parts: &[&str], cause: Cause, says: &str) -> Import {
    let imported = imported(parts).unwrap_or_else(|refusal| panic!("{}", told(&refusal.findings)));
    let mut all = imported.explanation.render_text();
    all.push_str(&told(&imported.findings));
    all.push_str(&imported.files[0].1);
    assert_eq!(imported.explanation.cause, cause, "{all}");
    assert!(all.contains(says), "`{says}` is not in {all}");
    imported
}

#[test]
fn bindings_are_read_from_manifests_lists_tables_and_descriptions() {
    let asked = forbidden(PODS);
    let devs = aws_auth("devs");
    let json = r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "b", "namespace": "shop"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "devs"}]}]}"#;
    let table = "$ kubectl get rolebindings -n shop -o wide\n\
                 NAME   ROLE               AGE   USERS   GROUPS   SERVICEACCOUNTS\n\
                 b      ClusterRole/view   10d   devs             \n";
    let described = "$ kubectl describe rolebinding b -n shop\n\
                     Name:         b\nLabels:       <none>\nAnnotations:  <none>\nRole:\n  Kind:  ClusterRole\n  Name:  view\n\
                     Subjects:\n  Kind  Name  Namespace\n  ----  ----  ---------\n  User  devs  \n";
    let yaml = binding_yaml("User", "devs", "ClusterRole/view");
    for form in [json, table, described, &yaml] {
        let imported = check(
            &[&asked, CALLER, &devs, form],
            Cause::SubjectKindWrong,
            "kubectl set subject rolebinding",
        );
        assert!(
            !imported.files[0].1.contains("cluster-admin"),
            "{}",
            imported.files[0].1
        );
    }
}

#[test]
fn near_misses_of_a_ticket_are_named() {
    for (group, subject, role, cause, says) in [
        (
            "devs",
            ("User", "dev:{{SessionName}}"),
            "ClusterRole/admin",
            Cause::SubjectHoldsTemplate,
            "kubectl create rolebinding devs-view --clusterrole=view --group=devs -n shop",
        ),
        (
            "rw",
            ("Group", "rw-team"),
            "ClusterRole/edit",
            Cause::SubjectMisspelled,
            "may be meant for it",
        ),
        (
            "Devs",
            ("Group", "devs"),
            "ClusterRole/view",
            Cause::SubjectMisspelled,
            "the case of letters",
        ),
        // The role of others is not given, and taken for one that allows it.
        (
            "devs",
            ("User", "devs"),
            "Role/readers",
            Cause::SubjectKindWrong,
            "Role readers is not given",
        ),
        // The caller's is not given either, and not said to be missing: it is there, and does not cover this.
        (
            "devs",
            ("Group", "devs"),
            "Role/readers",
            Cause::NotAuthorized,
            "taken for one that does not allow this",
        ),
    ] {
        let binding = binding_yaml(subject.0, subject.1, role);
        check(&[&forbidden(PODS), CALLER, &aws_auth(group), &binding], cause, says);
    }
}

#[test]
fn a_role_is_missing_where_the_api_server_says_so() {
    let asked = format!(
        "{}: RBAC: role.rbac.authorization.k8s.io \"readers\" not found\n",
        forbidden(PODS).trim_end()
    );
    let binding = binding_yaml("Group", "devs", "Role/readers");
    check(
        &[&asked, CALLER, &aws_auth("devs"), &binding],
        Cause::RoleNotFound,
        "kubectl create role readers --verb=list --resource=pods -n shop",
    );
    // Without the binding as well.
    check(
        &[&asked, CALLER, &aws_auth("devs")],
        Cause::RoleNotFound,
        "the binding is made up",
    );
}

#[test]
fn requests_of_any_verb_resource_and_path_are_judged() {
    for (what, symptom) in [
        (PODS, "kubectl get pods -n shop"),
        (
            "create resource \"pods/exec\" in API group \"\" in the namespace \"shop\"",
            "kubectl auth can-i create pods --subresource=exec -n shop",
        ),
        (
            "patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
            "kubectl auth can-i patch deployments.apps -n shop",
        ),
        (
            "deletecollection resource \"jobs\" in API group \"batch\" in the namespace \"shop\"",
            "kubectl auth can-i deletecollection jobs.batch -n shop",
        ),
        (
            "impersonate resource \"users\" in API group \"\" at the cluster scope",
            "kubectl auth can-i impersonate users -A",
        ),
        (
            "bind resource \"clusterroles\" in API group \"rbac.authorization.k8s.io\" at the cluster scope",
            "kubectl auth can-i bind clusterroles.rbac.authorization.k8s.io -A",
        ),
        ("get path \"/metrics\"", "kubectl auth can-i get /metrics"),
    ] {
        let asked = forbidden(what);
        check(&[&asked, CALLER, &aws_auth("devs")], Cause::NoBinding, symptom);
    }
}

/// The words are the API server's, whatever a client put before them.
#[test]
fn other_clients_pass_the_same_words_on() {
    for client in [
        "Error: query: failed to query with labels: secrets is forbidden: User \"dev:run-17\" cannot list resource \"secrets\" in API group \"\" in the namespace \"shop\"",
        "│ Error: configmaps is forbidden: User \"dev:run-17\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"shop\"",
        "panic: pods is forbidden: User \\\"dev:run-17\\\" cannot list resource \\\"pods\\\" in API group \\\"\\\" in the namespace \\\"shop\\\"",
    ] {
        check(&[client, CALLER, &aws_auth("devs")], Cause::NoBinding, "-n shop");
    }
}

#[test]
fn an_access_policy_is_judged_by_scope_and_rules() {
    let entries = r#"{"accessEntry": {"clusterName": "prod", "principalArn": "arn:aws:iam::111122223333:role/dev", "kubernetesGroups": [], "username": "dev:{{SessionName}}", "type": "STANDARD"}}"#;
    let policies = r#"{"clusterName": "prod", "principalArn": "arn:aws:iam::111122223333:role/dev", "associatedAccessPolicies": [{"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy", "accessScope": {"type": "namespace", "namespaces": ["team"]}}]}"#;
    check(
        &[&forbidden(PODS), CALLER, entries, policies],
        Cause::NotAuthorized,
        "access policy AmazonEKSViewPolicy is associated in namespaces team: its rules allow this, its scope does not cover it",
    );
}

#[test]
fn the_user_alone_is_judged_where_nothing_maps_it() {
    let asked = "Error from server (Forbidden): pods is forbidden: User \"arn:aws:sts::111122223333:assumed-role/dev/run-17\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"\n";
    let imported = check(&[asked], Cause::NoBinding, "a mapping without groups is made up");
    assert_eq!(imported.caller, "arn:aws:sts::111122223333:assumed-role/dev/run-17");
}

/// The world needs a name and a region; the advice has those that somebody said.
#[test]
fn a_fix_has_no_name_that_is_made_up() {
    let entries = r#"{"accessEntry": {"principalArn": "arn:aws:iam::111122223333:role/dev", "kubernetesGroups": [], "username": "dev:{{SessionName}}", "type": "STANDARD"}}"#;
    let imported = check(
        &[&forbidden(PODS), CALLER, entries],
        Cause::NoBinding,
        "AmazonEKSViewPolicy --access-scope type=namespace,namespaces=shop",
    );
    let wanted = "`aws eks associate-access-policy --cluster-name CLUSTER --region REGION --principal-arn ";
    assert!(
        imported.explanation.fix.contains(wanted),
        "{}",
        imported.explanation.fix
    );
}
