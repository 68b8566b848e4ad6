//! What nodes, and people who are mapped as nodes, are told.

use super::*;
use crate::explain::lint::Context;
use crate::explain::lint::Rule;
use crate::explain::lint::lint;
use crate::kube::request_info::Attributes;

const INSTANCE: &str = "i-0123456789abcdef0";

/// A world with a role for workers, in this mode, with these lines in the cluster.
fn fixture(mode: &str, lines: &str) -> Fixture {
    Fixture::of_world(&format!(
        r#"
world:
  accounts:
    - id: "111122223333"
      users: [{{name: creator}}, {{name: testuser}}]
      roles: [{{name: workers, trusted: []}}, {{name: AmazonEKSFargatePodExecutionRole, trusted: []}}]
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      authentication_mode: {mode}
      instances: {{{INSTANCE}: ip-10-9-8-7.us-west-2.compute.internal}}
{lines}
  profiles:
    - {{name: default, user: creator}}
    - {{name: other, user: testuser}}
"#
    ))
}

fn user(fixture: &mut Fixture, role: &str, session: &str) -> UserInfo {
    let key = fixture.session_of(role, session);
    let token = fixture.token(&key);
    fixture.judge(&token).outcome.unwrap().authenticated()
}

fn nodes(verb: &str, name: &str) -> Attributes {
    Attributes::resource(verb, "", "v1", "nodes", "", "", name)
}

#[test]
fn a_node_is_refused_in_the_words_of_those_who_judge_nodes() {
    let mut fixture = fixture(
        "API_AND_CONFIG_MAP",
        "      access_entries: [{principal: role/workers, type: EC2_LINUX}]",
    );
    let user = user(&mut fixture, "workers", INSTANCE);
    const OWN: &str = "ip-10-9-8-7.us-west-2.compute.internal";
    assert_eq!(user.username, format!("system:node:{OWN}"));
    for (asked, words, fix) in [
        (
            nodes("get", "b"),
            "cannot read 'b', only its own Node object",
            "act as itself",
        ),
        (
            nodes("patch", "b"),
            "is not allowed to modify node \"b\"",
            "let the kubelet register under the name ip-10-9-8-7",
        ),
        (
            nodes("patch", OWN),
            "which has no Node authorizer",
            "nothing is to be fixed",
        ),
        (
            Attributes::resource("get", "coordination.k8s.io", "v1", "leases", "", "kube-node-lease", "b"),
            "can only access node lease with the same name as the requesting node",
            "let the kubelet register under the name ip-10-9-8-7",
        ),
    ] {
        let explanation = explain_request(&user, &asked, fixture.cluster());
        let cause = if fix.starts_with("let the kubelet") {
            Cause::NodeNameDiffers
        } else {
            Cause::NotAuthorized
        };
        assert_eq!(explanation.cause, cause, "{}", explanation.render_text());
        assert!(explanation.sentence.contains(words), "{}", explanation.sentence);
        assert!(explanation.fix.contains(fix), "{}", explanation.fix);
    }
}

#[test]
fn a_node_with_an_entry_for_people_gets_one_for_nodes_in_its_place() {
    let mut fixture = fixture(
        "API",
        "      access_entries: [{principal: role/workers, groups: [admin]}]",
    );
    let node = user(&mut fixture, "workers", INSTANCE);
    let explanation = explain_request(&node, &nodes("create", ""), fixture.cluster());
    assert_eq!(
        explanation.cause,
        Cause::NodeRoleNotMapped,
        "{}",
        explanation.render_text()
    );
    const TARGET: &str =
        "--cluster-name my-cluster --region us-west-2 --principal-arn arn:aws:iam::111122223333:role/workers";
    assert_eq!(
        explanation.fix,
        format!("`aws eks delete-access-entry {TARGET}` and `aws eks create-access-entry {TARGET} --type EC2_LINUX`")
    );
    // Somebody who assumed the same role is nobody's node.
    let person = user(&mut fixture, "workers", "me");
    let secrets = Attributes::resource("get", "", "v1", "secrets", "", "default", "s");
    let explanation = explain_request(&person, &secrets, fixture.cluster());
    assert_eq!(explanation.cause, Cause::NoBinding, "{}", explanation.render_text());
}

#[test]
fn each_kind_of_node_is_told_its_own_entry() {
    for (role, session, wanted) in [
        ("workers", INSTANCE, "EC2_LINUX"),
        (
            "AmazonEKSFargatePodExecutionRole",
            "fargate-ip-10-0-0-1.ec2.internal",
            "FARGATE_LINUX",
        ),
        ("workers", "mi-0123456789abcdef0", "HYBRID_LINUX"),
    ] {
        let mut fixture = fixture("API", "");
        let key = fixture.session_of(role, session);
        let token = fixture.token(&key);
        let explanation = check(
            &fixture,
            &token,
            Cause::NodeRoleNotMapped,
            Some("mapping.result"),
            "the nodes' role",
        );
        assert!(
            explanation.fix.ends_with(&format!("--type {wanted}`")),
            "{}",
            explanation.fix
        );
    }
}

#[test]
fn people_who_are_mapped_as_nodes_are_told_another_username() {
    let mut fixture = Fixture::new();
    let key = fixture.session_of("node", "bob");
    let token = fixture.token(&key);
    let authentication = fixture.judge(&token);
    let explanation = explain(&authentication, fixture.cluster(), &fixture.world);
    assert!(
        explanation.fix.contains("`admin:{{SessionName}}`"),
        "{}",
        explanation.fix
    );
    const PEOPLE: &str = "kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/ops
      username: system:node:{{SessionName}}
      groups: [viewers, system:masters]
";
    let found = lint(PEOPLE, &Context::default());
    let rules: Vec<Rule> = found.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains(&Rule::AuthPeopleAsNodes), "{found:?}");
    assert!(!rules.contains(&Rule::AuthNodeWithoutNodes), "{found:?}");
    assert!(
        found
            .iter()
            .any(|finding| finding.fix.contains("`admin:{{SessionName}}`")),
        "{found:?}"
    );
    assert!(
        !found
            .iter()
            .any(|finding| finding.fix.starts_with("add `- system:nodes`")),
        "{found:?}"
    );
}

#[test]
fn an_entry_with_groups_of_nodes_is_recreated_with_their_type() {
    const ENTRY: &str = r#"{"accessEntry": {"clusterName": "dev", "principalArn": "arn:aws:iam::111122223333:role/workers",
        "kubernetesGroups": ["system:bootstrappers"], "type": "STANDARD",
        "accessEntryArn": "arn:aws:eks:eu-west-1:111122223333:access-entry/dev/role/111122223333/workers/00"}}"#;
    let found = lint(ENTRY, &Context::default());
    const TARGET: &str = "--cluster-name dev --region eu-west-1 --principal-arn arn:aws:iam::111122223333:role/workers";
    let wanted = format!(
        "for nodes: `aws eks delete-access-entry {TARGET}` and `aws eks create-access-entry {TARGET} --type EC2_LINUX`"
    );
    let group = found.iter().find(|finding| finding.rule == Rule::EntryReservedGroup);
    assert_eq!(group.unwrap().fix, wanted);
}
