//! Each rule at its place, and what no rule may say.
//!
//! In a case, `§` stands just before each value that is to be found; the rules are those of the marks in order.

mod forms;
mod grammar;
mod kubeconfig;

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::FileKind;
use super::Finding;
use super::Rule;
use super::Severity;
use super::lint;
use crate::cluster::mapping::aws_auth::AwsAuth;
use crate::value::arn::Partition;

const CA: &str = "    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=\n";

const GOOD_AUTH: &str = "apiVersion: v1
data:
  mapAccounts: |
    []
  mapRoles: |
    - groups:
      - system:bootstrappers
      - system:nodes
      rolearn: arn:aws:iam::111122223333:role/eks-nodes
      username: system:node:{{EC2PrivateDNSName}}
    - rolearn: arn:aws:iam::111122223333:role/admin
      username: admin:{{SessionName}}
      groups:
        - system:masters
  mapUsers: |
    - userarn: arn:aws:iam::111122223333:user/team/testuser
      username: testuser
      groups: [developers]
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
";

const GOOD_ENTRY: &str = r#"{
    "accessEntry": {
        "clusterName": "my-cluster",
        "principalArn": "arn:aws:iam::111122223333:role/team/admin",
        "kubernetesGroups": ["developers"],
        "accessEntryArn": "arn:aws:eks:us-west-2:111122223333:access-entry/my-cluster/role/111122223333/admin/00c0ffee",
        "createdAt": "2024-04-29T18:40:07.836000+00:00",
        "modifiedAt": "2024-04-29T18:40:07.836000+00:00",
        "tags": {},
        "username": "arn:aws:sts::111122223333:assumed-role/admin/{{SessionName}}",
        "type": "STANDARD"
    }
}
{
    "accessEntry": {
        "clusterName": "my-cluster",
        "principalArn": "arn:aws:iam::111122223333:role/nodes",
        "kubernetesGroups": ["system:nodes"],
        "accessEntryArn": "arn:aws:eks:us-west-2:111122223333:access-entry/my-cluster/role/111122223333/nodes/00c0ffef",
        "username": "system:node:{{EC2PrivateDNSName}}",
        "type": "EC2_LINUX"
    }
}
{
    "associatedAccessPolicies": [
        {
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            "accessScope": {"type": "cluster", "namespaces": []}
        }
    ],
    "clusterName": "my-cluster",
    "principalArn": "arn:aws:iam::111122223333:role/team/admin"
}
"#;

const GOOD_CONFIG: &str = "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=
    server: https://0123456789ABCDEF.gr7.us-west-2.eks.amazonaws.com
  name: arn:aws:eks:us-west-2:111122223333:cluster/dev
contexts:
- context:
    cluster: arn:aws:eks:us-west-2:111122223333:cluster/dev
    user: arn:aws:eks:us-west-2:111122223333:cluster/dev
  name: arn:aws:eks:us-west-2:111122223333:cluster/dev
current-context: arn:aws:eks:us-west-2:111122223333:cluster/dev
kind: Config
preferences: {}
users:
- name: arn:aws:eks:us-west-2:111122223333:cluster/dev
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - --region
      - us-west-2
      - eks
      - get-token
      - --cluster-name
      - dev
      - --output
      - json
      command: aws
      env:
      - name: AWS_PROFILE
        value: p2
";

const NODE: &str = "- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
";

/// A ConfigMap with that data.
fn config_map(data: &str) -> String {
    format!(
        "kind: ConfigMap\nmetadata: {{name: aws-auth, namespace: kube-system}}\ndata:\n{}",
        indent(data, 2)
    )
}

/// A ConfigMap with a good node role and these items of mapRoles.
fn roles(items: &str) -> String {
    config_map(&format!("mapRoles: |\n{}", indent(&format!("{NODE}{items}"), 2)))
}

/// A role with that ARN, as YAML writes it.
fn role(arn: &str) -> String {
    roles(&format!("- {{rolearn: {arn}, username: dev, groups: [developers]}}\n"))
}

/// A role with those fields.
fn role_fields(fields: &str) -> String {
    roles(&format!(
        "- rolearn: arn:aws:iam::111122223333:role/dev\n{}",
        indent(fields, 2)
    ))
}

/// A ConfigMap with a good node role and these items of mapUsers.
fn users(items: &str) -> String {
    config_map(&format!(
        "mapRoles: |\n{}mapUsers: |\n{}",
        indent(NODE, 2),
        indent(items, 2)
    ))
}

/// A ConfigMap with a good node role and these items of mapAccounts.
fn accounts(items: &str) -> String {
    config_map(&format!(
        "mapRoles: |\n{}mapAccounts: |\n{}",
        indent(NODE, 2),
        indent(items, 2)
    ))
}

fn indent(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

/// An entry with those fields.
fn entry(fields: &str) -> String {
    format!("{{\n  \"principalArn\": \"arn:aws:iam::111122223333:role/dev\",\n  {fields}\n}}")
}

/// Entry and policy of one principal.
fn policy(kind: &str, policy: &str) -> String {
    format!(
        "[{{\"principalArn\": \"arn:aws:iam::111122223333:role/dev\", \"type\": \"{kind}\", \"kubernetesGroups\": []}},
         {{\"principalArn\": \"arn:aws:iam::111122223333:role/dev\", \"associatedAccessPolicies\": [{policy}]}}]"
    )
}

/// The good kubeconfig with one piece exchanged.
fn config(from: &str, to: &str) -> String {
    assert!(GOOD_CONFIG.contains(from), "{from}");
    GOOD_CONFIG.replacen(from, to, 1)
}

const VIEW: &str = r#""policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy""#;

fn input_cases() -> Vec<(&'static [Rule], String)> {
    vec![
        (&[Rule::InputBroken], "mapRoles: \"\n  x\n".replace("\"", "§\"")),
        (&[Rule::InputTab], "data:\n§\tmapRoles: x\n".to_owned()),
        (&[Rule::InputUnknown], "§hello: world\n".to_owned()),
        (&[Rule::InputUnknown], "§".to_owned()),
    ]
}

fn aws_auth_cases() -> Vec<(&'static [Rule], String)> {
    let mut cases = aws_auth_map_cases();
    cases.extend(aws_auth_arn_cases());
    cases.extend(aws_auth_name_cases());
    cases
}

fn aws_auth_map_cases() -> Vec<(&'static [Rule], String)> {
    vec![
        (&[Rule::AuthNotAString], config_map("§mapRoles:\n  - rolearn: x\n")),
        (&[Rule::AuthNotAString], config_map("§mapRoles: []\n")),
        (
            &[Rule::AuthBrokenYaml],
            config_map("mapRoles: |\n  - rolearn: x\n  §username: y\n"),
        ),
        (
            &[Rule::AuthTab],
            config_map("mapRoles: |\n  - rolearn: x\n  §\tusername: y\n"),
        ),
        (
            &[Rule::AuthMoreDocuments],
            config_map(&format!("mapRoles: |\n{}  ---\n  §- rolearn: x\n", indent(NODE, 2))),
        ),
        (
            &[Rule::AuthNotAList],
            config_map("mapRoles: |\n  §rolearn: x\n  username: y\n"),
        ),
        (&[Rule::AuthMisspelledKey], config_map("§MapRoles: |\n  []\n")),
        (&[Rule::AuthMisspelledKey], config_map("§maproles: |\n  []\n")),
        (&[Rule::AuthMisspelledKey], config_map("§mapRole: |\n  []\n")),
        (&[Rule::AuthMisspelledKey], config_map("§map-roles: |\n  []\n")),
        (&[Rule::AuthUnknownKey], format!("{}  §note: x\n", roles(""))),
        (&[Rule::AuthOutsideData], format!("{}§mapUsers: |\n  []\n", roles(""))),
        (
            &[Rule::AuthWrongName],
            roles("").replace("name: aws-auth", "name: §aws_auth"),
        ),
        (
            &[Rule::AuthWrongNamespace],
            roles("")
                .replace("namespace: ", "namespace: §")
                .replace("kube-system", "default"),
        ),
        (
            &[Rule::AuthNoNamespace],
            roles("").replace("{name: aws-auth, namespace: kube-system}", "§{name: aws-auth}"),
        ),
        (&[Rule::AuthEmptyRoles], config_map("§mapRoles: ''\n")),
        (&[Rule::AuthEmptyRoles], config_map("mapRoles: |\n  §[]\n")),
        (&[Rule::AuthEmptyRoles], config_map("§mapRoles: |\n  # nobody\n")),
        (
            &[Rule::AuthNoNodeRole],
            config_map(
                "§mapRoles: |\n  - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [developers]}\n",
            ),
        ),
        (
            &[Rule::AuthNoNodeRole],
            config_map("mapUsers: |\n  []\n").replace("\ndata:", "\n§data:"),
        ),
        (
            &[Rule::AuthDuplicateKey],
            config_map(&format!("§mapRoles: |\n  []\nmapRoles: |\n{}", indent(NODE, 2))),
        ),
        (
            &[Rule::AuthDuplicateKey],
            role_fields("username: a\ngroups: [b]\n§userName: c\n"),
        ),
        (
            &[Rule::AuthItemNotAMap],
            roles("- §arn:aws:iam::111122223333:role/dev\n"),
        ),
        (
            &[Rule::AuthMissingArn],
            roles("- §username: dev\n  groups: [developers]\n"),
        ),
        (
            &[Rule::AuthMissingArn],
            roles("- rolearn: §''\n  username: dev\n  groups: [developers]\n"),
        ),
        (
            &[Rule::AuthMisspelledItemKey],
            roles("- §rolearns: x\n  username: dev\n  groups: [developers]\n"),
        ),
        (
            &[Rule::AuthMisspelledItemKey],
            role_fields("username: dev\n§group: [developers]\n"),
        ),
        (
            &[Rule::AuthMisspelledItemKey],
            role_fields("§user: dev\ngroups: [developers]\n"),
        ),
        (
            &[Rule::AuthUnknownItemKey],
            role_fields("username: dev\ngroups: [developers]\n§description: x\n"),
        ),
        (
            &[Rule::AuthItemInWrongList],
            roles("- §userarn: arn:aws:iam::111122223333:user/dev\n  username: dev\n  groups: [developers]\n"),
        ),
        (
            &[Rule::AuthItemInWrongList],
            users("- §rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n"),
        ),
        (
            &[Rule::AuthAccountLeadingZero, Rule::AuthAccountGroups],
            accounts("- §§012345678901\n"),
        ),
        (
            &[Rule::AuthAccountUnquoted, Rule::AuthAccountGroups],
            accounts("- §§111122223333\n"),
        ),
        (
            &[Rule::AuthAccountGroups, Rule::AuthAccountInvalid],
            accounts("- §'111122223333'\n- §'11112222333'\n"),
        ),
        (&[Rule::AuthAccountGroups], accounts("- §'111122223333'\n")),
        (&[Rule::AuthAccountInvalid], accounts("- §prod: 111122223333\n")),
        (
            &[Rule::AuthAccountGroups, Rule::AuthAccountInvalid],
            accounts("- §'111122223333'\n- §[111122223333]\n"),
        ),
        (
            &[Rule::AuthIamGroup],
            roles("- §grouparn: arn:aws:iam::111122223333:group/devs\n  username: dev\n  groups: [devs]\n"),
        ),
        (
            &[Rule::AuthIamGroup],
            users("- §groupARN: arn:aws:iam::111122223333:group/devs\n  username: dev\n  groups: [devs]\n"),
        ),
    ]
}

fn aws_auth_arn_cases() -> Vec<(&'static [Rule], String)> {
    vec![
        (
            &[Rule::AuthRoleWithPath],
            role("§arn:aws:iam::111122223333:role/team/dev/admin"),
        ),
        (
            &[Rule::AuthSsoPath],
            role(
                "§arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Admin_0123456789abcdef",
            ),
        ),
        (
            &[Rule::AuthSessionArn],
            role("§arn:aws:sts::111122223333:assumed-role/dev/session"),
        ),
        (
            &[Rule::AuthMalformedArn],
            role("§arn:aws:sts::111122223333:assumed-role/dev"),
        ),
        (
            &[Rule::AuthFederatedUser],
            role("§arn:aws:sts::111122223333:federated-user/dev"),
        ),
        (
            &[Rule::AuthInstanceProfile],
            role("§arn:aws:iam::111122223333:instance-profile/nodes"),
        ),
        (
            &[Rule::AuthIamGroup],
            role("§arn:aws:iam::111122223333:group/developers"),
        ),
        (
            &[Rule::AuthNotAPrincipal],
            role("§arn:aws:iam::111122223333:policy/admin"),
        ),
        (&[Rule::AuthRoot], role("§arn:aws:iam::111122223333:root")),
        (&[Rule::AuthMalformedArn], role("§dev")),
        (&[Rule::AuthMalformedArn], role("§arn:aws:iam:111122223333:role/dev")),
        (
            &[Rule::AuthMalformedArn],
            role("§arn:aws:iam:us-west-2:111122223333:role/dev"),
        ),
        (
            &[Rule::AuthUnknownPartition],
            role("§arn:amazon:iam::111122223333:role/dev"),
        ),
        (&[Rule::AuthAccountId], role("§arn:aws:iam::11112222333:role/dev")),
        (&[Rule::InputBlot], role("arn:aws:iam::§<account-id>:role/dev")),
        (
            &[Rule::AuthTwoPartitions],
            role("§arn:aws-cn:iam::111122223333:role/dev"),
        ),
        (&[Rule::AuthAccountId], role("§'arn:aws:iam::{{AccountID}}:role/dev'")),
        (&[Rule::AuthWhiteSpace], role("§'arn:aws:iam::111122223333:role/dev '")),
        (
            &[Rule::AuthWhiteSpace],
            role("§\"arn:aws:iam:: 111122223333:role/dev\""),
        ),
        (&[Rule::AuthNotAscii], role("§“arn:aws:iam::111122223333:role/dev”")),
        (&[Rule::AuthWildcard], role("§arn:aws:iam::111122223333:role/dev-*")),
        (&[Rule::AuthUserInRoles], role("§arn:aws:iam::111122223333:user/dev")),
        (
            &[Rule::AuthRoleInUsers],
            users("- {userarn: §arn:aws:iam::111122223333:role/dev, username: dev, groups: [developers]}\n"),
        ),
        (
            &[Rule::AuthDuplicateByCase, Rule::AuthDuplicateArn],
            roles(
                "- {rolearn: §arn:aws:iam::111122223333:role/Dev, username: a, groups: [b]}
- {rolearn: §arn:aws:iam::111122223333:role/dev, username: a, groups: [b]}
- {rolearn: arn:aws:iam::111122223333:role/dev, username: a, groups: [b]}
",
            ),
        ),
        (
            &[Rule::AuthUserInRoles, Rule::AuthDuplicateAcrossLists],
            format!(
                "{}  mapUsers: '[{{userarn: §arn:aws:iam::111122223333:user/dev, username: a, groups: [b]}}]'\n",
                role("§arn:aws:iam::111122223333:user/dev")
            ),
        ),
        (
            &[Rule::AuthSsoItem],
            roles(
                "- §sso: {permissionSetName: Admin, accountID: '111122223333'}\n  username: dev\n  groups: [developers]\n",
            ),
        ),
        (
            &[Rule::AuthArnAndSso],
            role_fields(
                "§sso: {permissionSetName: Admin, accountID: '111122223333'}\nusername: dev\ngroups: [developers]\n",
            ),
        ),
    ]
}

fn aws_auth_name_cases() -> Vec<(&'static [Rule], String)> {
    let named = |name: &str| role_fields(&format!("username: {name}\ngroups: [developers]\n"));
    let grouped = |group: &str| role_fields(&format!("username: dev\ngroups:\n  - {group}\n"));
    let many: String = (1..=6)
        .map(|at| {
            let mark = if at == 6 { "§" } else { "" };
            format!(
                "- {{rolearn: arn:aws:iam::111122223333:role/r{at}, username: dev, groups: [{mark}system:masters]}}\n"
            )
        })
        .collect();
    vec![
        (&[Rule::AuthWrongType], named("§yes")),
        (&[Rule::AuthWrongType], named("§12345")),
        (&[Rule::AuthWrongType], grouped("§true")),
        (
            &[Rule::AuthGroupsNotAList],
            role_fields("username: dev\ngroups: §system:masters\n"),
        ),
        (&[Rule::AuthWhiteSpace], named("§'dev '")),
        (&[Rule::AuthWhiteSpace], grouped("§'system:masters '")),
        (
            &[Rule::AuthNoUsername],
            roles("- §rolearn: arn:aws:iam::111122223333:role/dev\n  groups: [developers]\n"),
        ),
        (&[Rule::AuthNoUsername], named("§''")),
        (
            &[Rule::AuthNoGroups],
            roles("- §rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n"),
        ),
        (&[Rule::AuthReservedUsername], named("§system:kube-scheduler")),
        (&[Rule::AuthReservedUsername], named("§eks:addon-manager")),
        (
            &[Rule::AuthNodeTemplateForPeople],
            named("§system:node:{{EC2PrivateDNSName}}"),
        ),
        (&[Rule::AuthPeopleAsNodes], named("§'system:node:{{SessionName}}'")),
        (
            &[Rule::AuthNodeTemplateForUser],
            users(
                "- {userarn: arn:aws:iam::111122223333:user/dev, username: §'{{EC2PrivateDNSName}}', groups: [developers]}\n",
            ),
        ),
        (
            &[Rule::AuthNodeWithoutNodes],
            roles(
                "- §rolearn: arn:aws:iam::111122223333:role/n2\n  username: system:node:{{EC2PrivateDNSName}}\n  groups: [system:bootstrappers]\n",
            ),
        ),
        (
            &[Rule::AuthNodeWithoutBootstrappers],
            roles(
                "- §rolearn: arn:aws:iam::111122223333:role/n2\n  username: system:node:{{EC2PrivateDNSName}}\n  groups: [system:nodes]\n",
            ),
        ),
        (
            &[Rule::AuthNodeUsername],
            role_fields("username: §dev\ngroups: [system:bootstrappers, system:nodes]\n"),
        ),
        (&[Rule::AuthUnknownTemplate], named("§dev:{{Foo}}")),
        (&[Rule::AuthUnknownTemplate], named("§dev:{{ SessionName }}")),
        (&[Rule::AuthUnknownTemplate], grouped("§'{{sessionname}}'")),
        (
            &[Rule::AuthSessionNameAt],
            roles(
                "- rolearn: arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0123456789abcdef\n  username: §dev:{{SessionName}}\n  groups: [developers]\n",
            ),
        ),
        (
            &[Rule::AuthSessionNameOfUser],
            users(
                "- {userarn: arn:aws:iam::111122223333:user/dev, username: §'dev:{{SessionName}}', groups: [developers]}\n",
            ),
        ),
        (&[Rule::AuthManyMasters], roles(&many)),
        (&[Rule::AuthUselessGroup], grouped("§system:authenticated")),
        (&[Rule::AuthUnknownSystemGroup], grouped("§system:master")),
        (&[Rule::AuthRoleNameAsGroup], grouped("§cluster-admin")),
        (&[Rule::AuthEmptyGroup], grouped("§''")),
        (&[Rule::AuthSeveralGroups], grouped("§system:masters, developers")),
    ]
}

fn access_entry_cases() -> Vec<(&'static [Rule], String)> {
    let principal = |arn: &str| format!("{{\"principalArn\": §\"{arn}\", \"type\": \"STANDARD\"}}");
    vec![
        (&[Rule::EntryNotAnEntry], format!("[{}, §{{\"a\": 1}}]", entry("\"type\": \"STANDARD\""))),
        (&[Rule::EntrySessionArn], principal("arn:aws:sts::111122223333:assumed-role/dev/session")),
        (&[Rule::EntrySessionArn], "{\"accessEntries\": [§\"arn:aws:sts::111122223333:federated-user/dev\"]}".to_owned()),
        (&[Rule::EntryStrippedSsoPath], principal("arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0123456789abcdef")),
        (&[Rule::EntryServiceLinkedRole], principal("arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS")),
        (&[Rule::EntryPrincipal], principal("arn:aws:iam::111122223333:group/dev")),
        (&[Rule::EntryPrincipal], principal("arn:aws:iam::111122223333:role/*")),
        (&[Rule::EntryPrincipal], principal("dev")),
        (&[Rule::EntryType], entry("\"type\": §\"standard\"")),
        (&[Rule::EntryReservedGroup], entry("\"kubernetesGroups\": [\"dev\", §\"system:masters\"]")),
        (&[Rule::EntryReservedUsername], entry("\"username\": §\"eks:dev\"")),
        (&[Rule::EntryUnknownTemplate], entry("\"username\": §\"dev:{{Session}}\"")),
        (&[Rule::EntrySessionName], entry("\"username\": §\"dev{{SessionName}}\"")),
        (&[Rule::EntryNothing], policy("STANDARD", "").replacen('{', "§{", 1)),
        (&[Rule::EntryNodeStandard], entry("\"type\": §\"STANDARD\"").replace("role/dev", "role/eksctl-dev-NodeInstanceRole-1ABC")),
        (&[Rule::EntryNodeUser], "{\"principalArn\": §\"arn:aws:iam::111122223333:user/dev\", \"type\": \"EC2_LINUX\"}".to_owned()),
        (
            &[Rule::EntryNodeAccount],
            "{\"principalArn\": §\"arn:aws:iam::444455556666:role/nodes\", \"type\": \"EC2_LINUX\", \"accessEntryArn\": \"arn:aws:eks:us-west-2:111122223333:access-entry/dev/role/444455556666/nodes/00\"}".to_owned(),
        ),
        (&[Rule::EntryNodeSettings, Rule::EntryNodeSettings], entry("\"type\": \"EC2_LINUX\", \"username\": §\"dev\", \"kubernetesGroups\": [§\"dev\"]")),
        (&[Rule::EntryDuplicate], format!("[{}, {}]", entry("\"type\": \"STANDARD\""), entry("\"type\": \"STANDARD\"").replace("\"arn", "§\"arn"))),
        (&[Rule::EntryPolicyArn], policy("STANDARD", "{\"policyArn\": §\"arn:aws:iam::aws:policy/AmazonEKSClusterPolicy\"}")),
        (&[Rule::EntryPolicyUnknown], policy("STANDARD", "{\"policyArn\": §\"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicies\"}")),
        (&[Rule::EntryPolicyType], policy("EC2_LINUX", &format!("{{{VIEW}}}")).replace("\"arn:aws:eks", "§\"arn:aws:eks")),
        (
            &[Rule::EntryPolicyOrphan],
            policy("STANDARD", &format!("{{{VIEW}}}")).replacen("\"arn:aws:iam::111122223333:role/dev\"", "\"arn:aws:iam::111122223333:role/team/dev\"", 1).replace("\"arn:aws:iam::111122223333:role/dev\"", "§\"arn:aws:iam::111122223333:role/dev\""),
        ),
        (&[Rule::EntryScopeType], policy("STANDARD", &format!("{{{VIEW}, \"accessScope\": {{\"type\": §\"Cluster\"}}}}"))),
        (&[Rule::EntryScopeEmpty], policy("STANDARD", &format!("{{{VIEW}, \"accessScope\": {{\"type\": §\"namespace\", \"namespaces\": []}}}}"))),
        (&[Rule::EntryScopeNamespaces], policy("STANDARD", &format!("{{{VIEW}, \"accessScope\": {{\"type\": \"cluster\", \"namespaces\": §[\"dev\"]}}}}"))),
    ]
}

fn kubeconfig_cases() -> Vec<(&'static [Rule], String)> {
    const CONTEXT: &str = "current-context: arn:aws:eks:us-west-2:111122223333:cluster/dev\n";
    const ARGS: &str = "      - --cluster-name\n      - dev\n";
    const ENV: &str = "      - name: AWS_PROFILE\n        value: p2\n";
    vec![
        (
            &[Rule::ConfigWrongType],
            config("      - dev\n", "      - dev\n      - §12345\n"),
        ),
        (&[Rule::ConfigWrongType], config("value: p2", "value: §true")),
        (&[Rule::ConfigNoCurrentContext], format!("§{}", config(CONTEXT, ""))),
        (
            &[Rule::ConfigNoCurrentContext],
            config(CONTEXT, "current-context: §''\n"),
        ),
        (
            &[Rule::ConfigUnknownContext],
            config(CONTEXT, "current-context: §dev\n"),
        ),
        (
            &[Rule::ConfigUnknownCluster],
            config("    cluster: arn", "    cluster: §arm"),
        ),
        (&[Rule::ConfigUnknownUser], config("    user: arn", "    user: §arm")),
        (
            &[Rule::ConfigDuplicate],
            config(
                "users:\n",
                "users:\n- name: arn:aws:eks:us-west-2:111122223333:cluster/dev\n  user: {}\n",
            )
            .replace(
                "- name: arn:aws:eks:us-west-2:111122223333:cluster/dev\n  user:\n",
                "- name: §arn:aws:eks:us-west-2:111122223333:cluster/dev\n  user:\n",
            ),
        ),
        (
            &[Rule::ConfigNoServer],
            config(
                "    server: https://0123456789ABCDEF.gr7.us-west-2.eks.amazonaws.com\n  name: ",
                "  name: §",
            ),
        ),
        (&[Rule::ConfigHttp], config("server: https://", "server: §http://")),
        (&[Rule::ConfigNoCa], config(CA, "").replace("server: ", "server: §")),
        (
            &[Rule::InputBlot],
            config(CA, "    certificate-authority-data: §DATA+OMITTED\n"),
        ),
        (
            &[Rule::ConfigCaNotPem],
            config(CA, "    certificate-authority-data: §Q0E=\n"),
        ),
        (
            &[Rule::ConfigInsecure],
            config(CA, "    insecure-skip-tls-verify: §true\n"),
        ),
        (
            &[Rule::ConfigCaAndInsecure],
            config("    server:", "    insecure-skip-tls-verify: §true\n    server:"),
        ),
        (
            &[Rule::ConfigV1Alpha1],
            config(
                "client.authentication.k8s.io/v1beta1",
                "§client.authentication.k8s.io/v1alpha1",
            ),
        ),
        (
            &[Rule::ConfigExecVersion],
            config("client.authentication.k8s.io/v1beta1", "§v1beta1"),
        ),
        (
            &[Rule::ConfigInteractive],
            config(
                "client.authentication.k8s.io/v1beta1",
                "§client.authentication.k8s.io/v1",
            ),
        ),
        (
            &[Rule::ConfigCommand],
            config("command: aws", "command: §get-the-token"),
        ),
        (
            &[Rule::ConfigNoGetToken],
            config("      - get-token\n", "").replace("args:", "§args:"),
        ),
        (
            &[Rule::ConfigNoClusterName],
            config(ARGS, "").replace("args:", "§args:"),
        ),
        (
            &[Rule::ConfigOtherCluster],
            config(ARGS, "      - --cluster-name\n      - §prod\n"),
        ),
        (
            &[Rule::ConfigOtherCluster],
            config(ARGS, "      - §--cluster-name=prod\n"),
        ),
        (
            &[Rule::ConfigOtherRegion],
            config("      - us-west-2\n", "      - §us-east-1\n"),
        ),
        (
            &[Rule::ConfigKeysAndProfile, Rule::ConfigStaticKeys],
            config(
                ENV,
                "      - name: §AWS_PROFILE\n        value: p2\n      - {name: AWS_ACCESS_KEY_ID, value: AKIAIOSFODNN7EXAMPLE}\n      - {name: §AWS_SECRET_ACCESS_KEY, value: x}\n",
            ),
        ),
        (
            &[Rule::ConfigSessionAsRole],
            config(
                ARGS,
                "      - --cluster-name\n      - dev\n      - --role\n      - §arn:aws:sts::111122223333:assumed-role/dev/session\n",
            ),
        ),
        (
            &[Rule::ConfigStaticToken, Rule::ConfigTokenWins],
            config("    exec:\n", "    token: §§k8s-aws-v1.aHR0cHM6Ly9zdHM\n    exec:\n"),
        ),
    ]
}

fn every_case() -> Vec<(&'static [Rule], String)> {
    [
        input_cases(),
        aws_auth_cases(),
        access_entry_cases(),
        kubeconfig_cases(),
        forms::cases(),
        kubeconfig::cases(),
    ]
    .concat()
}

/// The text without its marks, and where they were.
fn unmark(text: &str) -> (String, Vec<(usize, usize)>) {
    let (mut plain, mut marks, mut line, mut column) = (String::new(), Vec::new(), 1, 1);
    for character in text.chars() {
        match character {
            '§' => {
                marks.push((line, column));
                continue;
            }
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
        plain.push(character);
    }
    (plain, marks)
}

fn places(findings: &[Finding]) -> Vec<(&'static str, usize, usize)> {
    findings
        .iter()
        .map(|found| (found.rule.id(), found.line, found.column))
        .collect()
}

#[track_caller]
fn check(text: &str, wanted: &[(&'static str, usize, usize)]) {
    let findings = lint(text, &Context::default());
    assert_eq!(places(&findings), wanted, "{text}\n{findings:#?}");
}

#[track_caller]
fn check_marked(rules: &[Rule], text: &str) {
    let (plain, marks) = unmark(text);
    assert_eq!(rules.len(), marks.len(), "{text}");
    let wanted: Vec<_> = rules
        .iter()
        .zip(marks)
        .map(|(rule, (line, column))| (rule.id(), line, column))
        .collect();
    check(&plain, &wanted);
}

/// Reports every case that fails, not of the first alone.
fn check_all(cases: &[(&'static [Rule], String)]) {
    let failed = |(rules, text): &&(&'static [Rule], String)| {
        let (plain, marks) = unmark(text);
        let wanted = rules.iter().map(|rule| rule.id()).zip(marks);
        let wanted: Vec<_> = wanted.map(|(id, (line, column))| (id, line, column)).collect();
        wanted.len() != rules.len() || places(&lint(&plain, &Context::default())) != wanted
    };
    let failed: Vec<String> = cases
        .iter()
        .filter(failed)
        .map(|(rules, text)| format!("{rules:?}\n{text}\n{:#?}", lint(&unmark(text).0, &Context::default())))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn input_rules_point_at_their_places() {
    check_all(&input_cases());
}

#[test]
fn aws_auth_rules_point_at_their_places() {
    check_all(&aws_auth_cases());
}

#[test]
fn access_entry_rules_point_at_their_places() {
    check_all(&access_entry_cases());
}

#[test]
fn kubeconfig_rules_point_at_their_places() {
    check_all(&kubeconfig_cases());
}

#[test]
fn every_rule_has_a_case() {
    let cases = every_case();
    // What the region tells has a test of its own.
    for rule in Rule::ALL.iter().filter(|rule| **rule != Rule::AuthOtherPartition) {
        assert!(cases.iter().any(|(rules, _)| rules.contains(rule)), "{}", rule.id());
    }
}

#[test]
fn rule_ids_are_words_and_differ() {
    let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert!(ids.iter().all(|id| {
        id.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(c))
    }));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), Rule::ALL.len());
}

#[test]
fn the_documentation_has_every_rule() {
    let table = include_str!("../../../../../docs/lint.md");
    for rule in Rule::ALL {
        let row = format!("| `{}` | {} | {} |\n", rule.id(), rule.severity(), rule.sentence());
        assert!(table.contains(&row), "docs/lint.md lacks this row:\n{row}");
    }
    let rows = table.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, Rule::ALL.len(), "docs/lint.md has rules that are no more");
}

#[test]
fn good_texts_have_no_findings() {
    for text in [GOOD_AUTH, GOOD_ENTRY, GOOD_CONFIG, NODE] {
        check(text, &[]);
    }
    check(
        &format!(
            "apiVersion: v1\nkind: List\nitems:\n{}",
            GOOD_AUTH
                .replacen("apiVersion", "- apiVersion", 1)
                .replace('\n', "\n  ")
                .trim_end()
        ),
        &[],
    );
    check(&as_json(GOOD_AUTH), &[]);
    check(&as_json(GOOD_CONFIG), &[]);
    check(&GOOD_AUTH.replace('\n', "\r\n"), &[]);
}

fn as_json(yaml: &str) -> String {
    let value: Value = serde_saphyr::from_str(yaml).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

#[test]
fn places_are_counted_from_one_in_the_outer_text() {
    check(
        "apiVersion: v1
kind: ConfigMap
metadata:
  name: aws-auth
  namespace: kube-system
data:
  mapRoles: |

    - rolearn: arn:aws:iam::111122223333:role/team/nodes
      username: system:node:{{EC2PrivateDNSName}}
      groups:
        - system:bootstrappers
        - system:nodes
",
        &[("aws-auth/role-with-path", 9, 16)],
    );
    check("data:\n  mapRoles: [\n", &[("input/broken", 3, 1)]);
}

/// What stands inside a string has its place in the text, however the string is written.
#[test]
fn places_are_found_in_every_kind_of_string() {
    let bad = "[{rolearn: §arn:aws:iam::111122223333:role/a/nodes, username: 'system:node:x', groups: [system:nodes, system:bootstrappers]}]";
    let quoted = bad.replace('\'', "''");
    for value in [
        format!("'{quoted}'"),
        format!("\"{bad}\""),
        format!("\"\\n\\x5b{}\"", bad.strip_prefix('[').unwrap()),
        format!("|\n    {bad}"),
        format!("|2-\n    {bad}"),
        format!(">-\n    {}", bad.replace(", username", ",\n    username")),
        format!(">\n    {}", bad.replace("{rolearn", "\n\n    {rolearn")),
        format!("'\n    {}'", quoted.replace("rolearn: ", "rolearn:   \n    ")),
        format!("\"{}\"", bad.replace("rolearn: ", "rolearn:\\\n    \\ ")),
    ] {
        check_marked(
            &[Rule::AuthRoleWithPath],
            &format!("metadata: {{name: aws-auth, namespace: kube-system}}\ndata:\n  mapRoles: {value}\n"),
        );
    }
}

#[test]
fn places_are_found_in_json_with_escapes() {
    let text = r#"{
    "kind": "ConfigMap",
    "metadata": {"name": "aws-auth", "namespace": "kube-system"},
    "data": {
        "mapRoles": "- groups:\n  - system:bootstrappers\n  - system:nodes\n  rolearn: §arn:aws:iam::111122223333:role/a/nodes\n  username: \"system:node:\u007b{EC2PrivateDNSName}}\"\n- rolearn: arn:aws:iam::111122223333:role/dev\n  username: §12\n  groups: [dev]\n"
    }
}"#;
    check_marked(&[Rule::AuthRoleWithPath, Rule::AuthWrongType], text);
}

#[test]
fn the_last_of_equal_keys_is_the_one_that_is_read() {
    check_marked(
        &[Rule::AuthDuplicateKey],
        &role_fields("username: a\ngroups: [b]\n§ROLEARN: x\n"),
    );
    check_marked(
        &[Rule::AuthDuplicateKey],
        &role_fields("§username: yes\nusername: a\ngroups: [b]\n"),
    );
}

#[test]
fn item_keys_match_in_any_case() {
    check(
        &roles("- {RoleARN: 'arn:aws:iam::111122223333:role/dev', userName: a, GROUPS: [b]}\n"),
        &[],
    );
    check(
        &roles("- {rolearn: 'ARN:aws:IAM::111122223333:Role/dev', username: a, groups: [b]}\n"),
        &[],
    );
}

#[test]
fn an_alias_is_read_where_it_stands() {
    check_marked(
        &[Rule::AuthRoleNameAsGroup],
        &roles(
            "- {rolearn: 'arn:aws:iam::111122223333:role/a', username: a, groups: &g [§admin]}\n- {rolearn: 'arn:aws:iam::111122223333:role/b', username: b, groups: *g}\n",
        ),
    );
}

#[test]
fn other_config_maps_of_a_list_are_passed_over() {
    let list = json!({"kind": "List", "items": [
        {"kind": "ConfigMap", "metadata": {"name": "coredns", "namespace": "kube-system"}, "data": {"Corefile": "x"}},
        serde_saphyr::from_str::<Value>(GOOD_AUTH).unwrap(),
    ]});
    check(&list.to_string(), &[]);
}

/// Each name was looked for in all of the other list, letter by letter: hours, for these.
#[test]
fn thousands_of_contexts_are_read_in_time_linear_in_them() {
    const MANY: usize = 12_000;
    let list = |item: &dyn Fn(usize) -> String| (0..MANY).map(item).collect::<String>();
    let text = format!(
        "current-context: c0\nclusters:\n{}users:\n{}contexts:\n{}",
        list(&|at| format!(
            "- {{name: east-cluster-{at}, cluster: {{server: 'https://x', certificate-authority: /f}}}}\n"
        )),
        list(&|at| format!("- {{name: u{at}, user: {{}}}}\n")),
        list(&|at| format!("- {{name: c{at}, context: {{cluster: west-cluster-{at}, user: u{at}}}}}\n")),
    );
    let findings = lint(&text, &Context::default());
    assert_eq!(findings.len(), MANY);
    assert!(
        findings
            .iter()
            .all(|finding| finding.rule == Rule::ConfigUnknownCluster)
    );
}

/// Each entry looked through all policies, and the other way round.
#[test]
fn thousands_of_access_entries_are_read_in_time_linear_in_them() {
    const MANY: usize = 16_000;
    let arn = |at: usize| format!("\"principalArn\":\"arn:aws:iam::111122223333:role/r{at}\"");
    let entries = (0..MANY).map(|at| format!("{{{},\"type\":\"STANDARD\"}}", arn(at)));
    let policies = (0..MANY).map(|at| format!("{{{},\"associatedAccessPolicies\":[]}}", arn(at)));
    let items: Vec<String> = entries.chain(policies).collect();
    let findings = lint(&format!("[{}]", items.join(",\n")), &Context::default());
    assert_eq!(findings.len(), MANY);
    assert!(findings.iter().all(|finding| finding.rule == Rule::EntryNothing));
}

#[test]
fn a_token_is_for_the_first_cluster_that_is_another() {
    let config = |args: &str| {
        format!(
            "current-context: a\nclusters:\n- {{name: 'dev.us-west-2.eksctl.io', cluster: {{server: 'https://x', certificate-authority: /f}}}}\n\
             - {{name: 'prod.us-east-1.eksctl.io', cluster: {{server: 'https://y', certificate-authority: /f}}}}\n\
             users:\n- {{name: u, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [eks, get-token, {args}]}}}}}}\n\
             contexts:\n- {{name: a, context: {{user: u, cluster: prod.us-east-1.eksctl.io}}}}\n\
             - {{name: b, context: {{user: u, cluster: dev.us-west-2.eksctl.io}}}}\n"
        )
    };
    for (args, wanted) in [
        ("--cluster-name, test", "the context's cluster is `dev`"),
        ("--cluster-name, dev", "the context's cluster is `prod`"),
        ("--cluster-name, prod", "the context's cluster is `dev`"),
    ] {
        let findings = lint(&config(args), &Context::default());
        let [only] = &findings[..] else { panic!("{findings:?}") };
        assert!(only.message.contains(wanted), "{args}: {}", only.message);
    }
}

#[test]
fn a_forced_kind_must_fit() {
    let context = |kind| Context {
        kind: Some(kind),
        ..Context::default()
    };
    let found = lint(GOOD_CONFIG, &context(FileKind::AwsAuth));
    assert_eq!(places(&found), [("input/unknown-kind", 1, 1)]);
    assert_eq!(found[0].message, "this looks like kubeconfig, not aws-auth");
    for kind in [FileKind::AwsAuth, FileKind::AccessEntries, FileKind::Kubeconfig] {
        assert_eq!(places(&lint("a: b", &context(kind))), [("input/unknown-kind", 1, 1)]);
    }
    assert_eq!(
        places(&lint("- §'1'".replace('§', "").as_str(), &context(FileKind::AwsAuth))),
        [("aws-auth/account-invalid", 1, 3)]
    );
}

#[test]
fn the_clusters_account_may_be_told() {
    let text = "{\"principalArn\": \"arn:aws:iam::444455556666:role/nodes\", \"type\": \"EC2_LINUX\"}";
    check(text, &[]);
    let context = Context {
        account: crate::value::arn::AccountId::parse("111122223333").ok(),
        ..Context::default()
    };
    assert_eq!(
        places(&lint(text, &context)),
        [("access-entries/node-type-of-other-account", 1, 18)]
    );
}

#[test]
fn the_clusters_partition_may_be_told() {
    let context = Context {
        partition: Some(Partition::AwsUsGov),
        ..Context::default()
    };
    let text = "- rolearn: arn:aws:iam::111122223333:role/a\n  username: a\n  groups: [b]\n";
    let found = lint(text, &context);
    assert_eq!(places(&found), [("aws-auth/other-partition", 1, 12)]);
    assert_eq!(found[0].fix, "write `arn:aws-us-gov:` for `arn:aws:`");
    assert!(lint(&text.replace("arn:aws:", "arn:aws-us-gov:"), &context).is_empty());
}

/// Only the ids are not known: what else is wrong is said, at its place and in the customer's words.
#[test]
fn a_blot_hides_no_other_mistake() {
    for blot in [
        "xxxxxxxxxxxx",
        "<account-id>",
        "123456",
        "***",
        "REDACTED",
        "ID",
        "",
        "${var.account_id}",
    ] {
        let text = format!(
            "data:\n  mapRoles: |\n    - rolearn: arn:aws:iam::{blot}:role/team/dev\n      usernam: dev\n      groups: [x]\n"
        );
        let found = lint(&text, &Context::default());
        let rules: Vec<&str> = found.iter().map(|found| found.rule.id()).collect();
        assert!(rules.contains(&"aws-auth/role-with-path"), "{text}\n{found:#?}");
        assert!(rules.contains(&"aws-auth/misspelled-item-key"), "{text}\n{found:#?}");
        assert!(!rules.contains(&"aws-auth/account-id"), "{text}\n{found:#?}");
        let path = found.iter().find(|found| found.rule == Rule::AuthRoleWithPath).unwrap();
        assert_eq!((path.line, path.column), (3, 16), "{text}");
        assert_eq!(
            path.length,
            format!("arn:aws:iam::{blot}:role/team/dev").chars().count()
        );
        assert_eq!(path.fix, format!("write `arn:aws:iam::{blot}:role/dev`"));
        let note = found.iter().find(|found| found.rule == Rule::InputBlot).unwrap();
        assert_eq!((note.severity, note.line, note.column), (Severity::Note, 3, 29));
    }
}

/// Beside whole ids six digits are a mistake; a map is none of an account, and lets nobody in.
#[test]
fn an_invalid_account_is_no_blot() {
    let text = |item: &str| {
        format!(
            "data:\n  mapUsers: |\n    - userarn: arn:aws:iam::111122223333:user/a\n      username: a\n      groups: [b]\n  \
             mapRoles: ''\n  mapAccounts: |\n    - {item}\n"
        )
    };
    for item in ["\"654321\"", "account: 111122223333"] {
        let found = lint(&text(item), &Context::default());
        let invalid = found
            .iter()
            .find(|found| found.rule == Rule::AuthAccountInvalid)
            .unwrap();
        assert_eq!((invalid.line, invalid.column), (8, 7), "{found:#?}");
        assert_eq!(
            invalid.message.contains("a map"),
            item.contains(": "),
            "{}",
            invalid.message
        );
        assert!(
            found.iter().all(|found| found.rule != Rule::AuthAccountGroups),
            "{found:#?}"
        );
        assert!(found.iter().all(|found| found.rule != Rule::InputBlot), "{found:#?}");
    }
}

/// An aggregated API refuses an empty name: the commands of metrics-server alone do not work.
#[test]
fn a_missing_username_of_an_administrator_says_what_does_not_work() {
    let item = "- rolearn: arn:aws:iam::111122223333:role/ops\n  groups: [system:masters]\n";
    let found = lint(&roles(item), &Context::default());
    assert_eq!(places(&found), [("aws-auth/no-username", 8, 7)]);
    assert!(
        found[0].message.contains("`kubectl top` says Unauthorized"),
        "{}",
        found[0].message
    );
}

#[test]
fn a_fix_names_the_arn_to_write() {
    let found = lint(&role("arn:aws:iam::111122223333:role/team/dev"), &Context::default());
    assert_eq!(found[0].fix, "write `arn:aws:iam::111122223333:role/dev`");
    assert_eq!(found[0].length, "arn:aws:iam::111122223333:role/team/dev".len());
}

/// The authenticator complains of a text only when a rule of level error does.
fn agrees_with_the_authenticator(text: &str) {
    let Ok(object) = crate::go::yaml::to_json(text) else {
        return;
    };
    let errors = AwsAuth::from_config_map(&object).errors().to_vec();
    let findings = lint(
        text,
        &Context {
            kind: Some(FileKind::AwsAuth),
            ..Context::default()
        },
    );
    let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert!(errors.is_empty() || has_error, "{text}\n{errors:?}\n{findings:#?}");
}

#[test]
fn what_the_authenticator_complains_of_is_an_error() {
    aws_auth_cases()
        .iter()
        .for_each(|(_, text)| agrees_with_the_authenticator(&unmark(text).0));
}

/// A good text with a stretch exchanged for another.
fn mutated() -> impl Strategy<Value = String> {
    let good = prop::sample::select(vec![GOOD_AUTH, GOOD_ENTRY, GOOD_CONFIG]);
    let piece = prop_oneof![
        "[ \\t\\n\"'|>:{}\\[\\]&*#,\\-a-z0-9é]{0,4}",
        prop::sample::select(vec![
            "yes", "012", "\n\t", "- ", "|2\n", "<<: *a", "&a ", "\\u0041", "null", "---\n"
        ])
        .prop_map(str::to_owned),
    ];
    (good, any::<prop::sample::Index>(), 0..6_usize, piece).prop_map(|(good, at, cut, piece)| {
        let characters: Vec<char> = good.chars().collect();
        let at = at.index(characters.len());
        let end = (at + cut).min(characters.len());
        let (head, tail) = (&characters[..at], &characters[end..]);
        format!(
            "{}{piece}{}",
            head.iter().collect::<String>(),
            tail.iter().collect::<String>()
        )
    })
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let _ = lint(&text, &Context::default());
    }

    #[test]
    fn any_broken_text_is_read(text in mutated()) {
        for found in lint(&text, &Context::default()) {
            prop_assert!(found.line >= 1 && found.column >= 1 && found.length >= 1);
            prop_assert!(found.line <= text.split('\n').count() + 1, "{found:?}");
        }
        agrees_with_the_authenticator(&text);
    }
}
