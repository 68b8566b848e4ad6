//! The same mistakes in the forms of Terraform, eksctl, CloudFormation, Argo CD and helm.

use super::*;
use crate::explain::lint::FoundKind;
use crate::explain::lint::mapping_forms;

const SSO_PATH: &str =
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Ops_0123456789abcdef";
const SSO: &str = "arn:aws:iam::111122223333:role/AWSReservedSSO_Ops_0123456789abcdef";
const ROLE: &str = "arn:aws:iam::111122223333:role/dev";

pub(super) fn cases() -> Vec<(&'static [Rule], String)> {
    [
        hcl_list_cases(),
        hcl_entry_cases(),
        hcl_config_map_cases(),
        hcl_module_cases(),
        embedded_cases(),
        own_cases(),
        terraform_json_cases(),
        eksctl_cases(),
        cloud_formation_cases(),
        argo_cases(),
        values_cases(),
    ]
    .concat()
}

/// A module whose list of roles has that item.
fn module(item: &str) -> String {
    format!(
        "module \"eks\" {{\n  source = \"terraform-aws-modules/eks/aws\"\n  aws_auth_roles = [\n    {item}\n  ]\n}}\n"
    )
}

fn hcl_list_cases() -> Vec<(&'static [Rule], String)> {
    let role = |arn: &str| {
        module(&format!(
            "{{ rolearn = {arn}, username = \"dev\", groups = [\"devs\"] }}"
        ))
    };
    vec![
        (&[], role(&format!("\"{ROLE}\""))),
        (&[Rule::AuthSsoPath], role(&format!("§\"{SSO_PATH}\""))),
        (&[Rule::AuthRoleWithPath], role("§\"arn:aws:iam::111122223333:role/team/dev\"")),
        (&[Rule::AuthSessionArn], role("§\"arn:aws:sts::111122223333:assumed-role/dev/x\"")),
        (&[Rule::AuthIamGroup], role("§\"arn:aws:iam::111122223333:group/devs\"")),
        (&[Rule::AuthRoot], role("§\"arn:aws:iam::111122223333:root\"")),
        // Only Terraform knows these.
        (&[], role("module.irsa.iam_role_arn")),
        (&[], role("\"arn:aws:iam::${local.account}:role/team/dev\"")),
        (&[], role("var.is_prod ? var.a : var.b")),
        (&[], role("format(\"arn:aws:iam::%s:role/team/dev\", var.account)")),
        (
            &[Rule::AuthMisspelledItemKey],
            module(&format!("{{ §role_arn = \"{ROLE}\", username = \"dev\", groups = [\"devs\"] }}")),
        ),
        (
            &[Rule::AuthMisspelledItemKey],
            module(&format!("{{ §rolearns = \"{ROLE}\", username = \"dev\", groups = [\"devs\"] }}")),
        ),
        (
            &[Rule::AuthIamGroup],
            module("{ §grouparn = \"arn:aws:iam::111122223333:group/devs\", username = \"dev\", groups = [\"devs\"] }"),
        ),
        (
            &[Rule::AuthGroupsNotAList],
            module(&format!("{{ rolearn = \"{ROLE}\", username = \"dev\", groups = §\"system:masters\" }}")),
        ),
        (
            &[Rule::AuthNoUsername],
            module(&format!("§{{ rolearn = \"{ROLE}\", groups = [\"system:masters\"] }}")),
        ),
        (&[], module(&format!("{{ rolearn = \"{ROLE}\", username = var.name, groups = var.groups }}"))),
        (&[], module("local.admin_role, merge(local.defaults, { groups = [\"devs\"] })")),
        (
            &[Rule::AuthDuplicateArn],
            module(&format!(
                "{{ rolearn = §\"{ROLE}\", username = \"a\", groups = [\"b\"] }},\n    {{ rolearn = \"{ROLE}\", username = \"a\", groups = [\"c\"] }}"
            )),
        ),
        (
            &[Rule::AuthSsoPath],
            format!("locals {{\n  # who gets in\n  map_roles = concat(local.nodes, [{{ rolearn = §\"{SSO_PATH}\", username = \"dev\", groups = [\"devs\"] }}])\n}}\n"),
        ),
        (
            &[Rule::AuthMalformedArn],
            "map_users = [\n  { userarn = §\"dev\", username = \"dev\", groups = [\"devs\"] },\n]\n".to_owned(),
        ),
        (
            &[Rule::AuthRoleWithPath],
            "inputs = {\n  map_roles = [{ rolearn = §\"arn:aws:iam::111122223333:role/team/dev\", username = \"dev\", groups = [\"devs\"] }]\n}\n".to_owned(),
        ),
        (
            &[Rule::AuthRoleWithPath],
            "variable \"map_roles\" {\n  type = any\n  default = [{ rolearn = §\"arn:aws:iam::111122223333:role/team/dev\", username = \"dev\", groups = [\"devs\"] }]\n}\n".to_owned(),
        ),
        (
            &[Rule::AuthAccountInvalid, Rule::AuthAccountGroups],
            "aws_auth_accounts = [§\"1111\", §111122223333]\n".to_owned(),
        ),
        (&[Rule::InputUnknown], "§terraform {\n  required_version = \">= 1.5\"\n}\n".to_owned()),
        (
            &[Rule::InputTooLarge],
            format!("§locals {{\n{}}}\n", "  a = 1\n".repeat(10_001)),
        ),
    ]
}

fn hcl_entry_cases() -> Vec<(&'static [Rule], String)> {
    let entry = |fields: &str| {
        format!(
            "module \"eks\" {{\n  access_entries = {{\n    ops = {{\n      {fields}\n      policy_associations = var.policies\n    }}\n  }}\n}}\n"
        )
    };
    let resource = |fields: &str| {
        format!("resource \"aws_eks_access_entry\" \"a\" {{\n  cluster_name = \"dev\"\n  {fields}\n}}\n")
    };
    vec![
        (&[], entry(&format!("principal_arn = \"{SSO_PATH}\""))),
        (&[Rule::EntryStrippedSsoPath], entry(&format!("principal_arn = §\"{SSO}\""))),
        (&[], entry("principal_arn = aws_iam_role.a.arn")),
        (
            &[Rule::EntryReservedGroup],
            entry(&format!("principal_arn = \"{ROLE}\"\n      kubernetes_groups = [§\"system:masters\"]")),
        ),
        (
            &[Rule::EntryStandardForNodes, Rule::EntryReservedGroup],
            entry(&format!("principal_arn = \"{ROLE}\"\n      type = §\"STANDARD\"\n      kubernetes_groups = [§\"system:nodes\"]")),
        ),
        (&[Rule::EntryMisspelledKey], entry(&format!("§rolearn = \"{ROLE}\""))),
        (&[Rule::EntryMisspelledKey], entry(&format!("principal_arn = \"{ROLE}\"\n      §groups = [\"devs\"]"))),
        (&[Rule::EntryType], entry(&format!("principal_arn = \"{ROLE}\"\n      type = §\"EC2_NODE\""))),
        (
            &[Rule::EntryGroupsNotAList],
            entry(&format!("principal_arn = \"{ROLE}\"\n      kubernetes_groups = §\"devs\"")),
        ),
        (
            &[Rule::EntryPolicyArn],
            entry(&format!("principal_arn = \"{ROLE}\"")).replace(
                "policy_associations = var.policies",
                "policy_associations = { a = { policy_arn = §\"arn:aws:iam::aws:policy/AdministratorAccess\", access_scope = { type = \"cluster\" } } }",
            ),
        ),
        (
            &[Rule::EntryScopeEmpty],
            entry(&format!("principal_arn = \"{ROLE}\"")).replace(
                "policy_associations = var.policies",
                "policy_associations = { a = { policy_arn = \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy\", access_scope = { type = §\"namespace\" } } }",
            ),
        ),
        (
            &[Rule::EntryNothing],
            entry(&format!("principal_arn = \"{ROLE}\"")).replace("      policy_associations = var.policies\n", "").replace("ops = {", "ops = §{"),
        ),
        (
            &[Rule::EntryNotAnEntry],
            entry("user_name = \"dev\"").replace("ops = {", "ops = §{"),
        ),
        (
            &[Rule::EntryMode],
            entry(&format!("principal_arn = \"{ROLE}\"")).replacen("  access", "  authentication_mode = §\"CONFIG_MAP\"\n  access", 1),
        ),
        (
            &[Rule::AuthMode],
            module(&format!("{{ rolearn = \"{ROLE}\", username = \"dev\", groups = [\"devs\"] }}")).replacen("  source", "  authentication_mode = §\"API\"\n  source", 1),
        ),
        (&[], resource(&format!("principal_arn = \"{ROLE}\""))),
        (&[Rule::EntrySessionArn], resource("principal_arn = §\"arn:aws:sts::111122223333:assumed-role/dev/x\"")),
        (
            &[Rule::EntryNodeSettings],
            resource(&format!("principal_arn = \"{ROLE}\"\n  type = \"EC2_LINUX\"\n  kubernetes_groups = [§\"admins\"]")),
        ),
        (
            &[Rule::EntryReservedUsername],
            resource(&format!("principal_arn = \"{ROLE}\"\n  user_name = §\"eks:dev\"")),
        ),
        (
            &[Rule::EntryDuplicate],
            format!("{}{}", resource(&format!("principal_arn = \"{ROLE}\"")), resource(&format!("principal_arn = §\"{ROLE}\""))),
        ),
        (
            &[Rule::EntryScopeNamespaces],
            "resource \"aws_eks_access_policy_association\" \"a\" {\n  principal_arn = var.a\n  policy_arn = \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy\"\n  access_scope {\n    type = \"cluster\"\n    namespaces = §[\"dev\"]\n  }\n}\n".to_owned(),
        ),
        (
            &[Rule::EntryMode],
            "resource \"aws_eks_cluster\" \"a\" {\n  access_config {\n    authentication_mode = §\"BOTH\"\n  }\n}\n".to_owned(),
        ),
        (
            &[],
            format!("module \"eks\" {{\n  access_entries = {{ for name in var.names : name => {{ principal_arn = \"{SSO}\" }} }}\n}}\n")
                .replace("access_entries", "aws_auth_accounts = []\n  access_entries"),
        ),
    ]
}

fn hcl_config_map_cases() -> Vec<(&'static [Rule], String)> {
    let map = |data: &str| {
        format!(
            "resource \"kubernetes_config_map\" \"aws_auth\" {{\n  metadata {{\n    name = \"aws-auth\"\n    namespace = \"kube-system\"\n  }}\n  data = {{\n    {data}\n  }}\n}}\n"
        )
    };
    let item = |arn: &str| format!("- rolearn: {arn}\n        username: dev\n        groups: [devs]");
    let heredoc = |begin: &str, arn: &str| map(&format!("mapRoles = {begin}EOT\n      {}\n    EOT", item(arn)));
    vec![
        (
            &[Rule::AuthSsoPath],
            map(&format!(
                "mapRoles = yamlencode([{{ rolearn = §\"{SSO_PATH}\", username = \"dev\", groups = [\"devs\"] }}])"
            )),
        ),
        (&[Rule::AuthSsoPath], heredoc("<<-", &format!("§{SSO_PATH}"))),
        (
            &[Rule::AuthRoleWithPath],
            heredoc("<<", "§arn:aws:iam::111122223333:role/team/dev"),
        ),
        (
            &[Rule::AuthRoleWithPath],
            map(
                "mapRoles = \"- rolearn: §arn:aws:iam::111122223333:role/team/dev\\n  username: dev\\n  groups: [devs]\\n\"",
            ),
        ),
        // What is beside a reference is looked at.
        (&[], heredoc("<<-", "${aws_iam_role.a.arn}")),
        (
            &[Rule::AuthUnknownTemplate],
            heredoc("<<-", "${aws_iam_role.a.arn}").replace("username: dev", "username: §dev:{{Sesion}}"),
        ),
        (
            &[],
            heredoc("<<-", "a").replace("- rolearn: a", "%{ for a in var.roles }- rolearn: ${a}%{ endfor }"),
        ),
        (
            &[Rule::AuthMisspelledKey],
            map(&format!(
                "§MapRoles = yamlencode([{{ rolearn = \"{ROLE}\", username = \"dev\", groups = [\"devs\"] }}])"
            )),
        ),
        (
            &[Rule::AuthWrongNamespace],
            map("mapAccounts = jsonencode([])").replace("\"kube-system\"", "§\"default\""),
        ),
        (
            &[Rule::AuthWrongName],
            map("mapAccounts = jsonencode([])").replace("\"aws-auth\"", "§\"aws_auth\""),
        ),
        (
            &[Rule::AuthAccountInvalid],
            map("mapAccounts = yamlencode([§{ id = \"111122223333\" }])"),
        ),
        (
            &[Rule::AuthNotAList],
            heredoc("<<-", "a")
                .replace("- rolearn: a", "§rolearn: a")
                .replace("        ", "      "),
        ),
    ]
}

/// Keys that a module passes over.
fn hcl_module_cases() -> Vec<(&'static [Rule], String)> {
    const SOURCE: &str = "source = \"terraform-aws-modules/eks/aws\"";
    const POLICIES: &str = "{ a = { policy_arn = \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy\", access_scope = { type = \"cluster\" } } }";
    let module = |source: &str, fields: &str| {
        format!(
            "module \"eks\" {{\n  {source}\n  access_entries = {{\n    ops = {{\n      principal_arn = \"{ROLE}\"\n      {fields}\n    }}\n  }}\n}}\n"
        )
    };
    vec![
        (
            &[],
            module(
                SOURCE,
                &format!("tags = {{}}\n      user_name = \"dev\"\n      policy_associations = {POLICIES}"),
            ),
        ),
        (
            &[Rule::EntryMisspelledKey],
            module(
                SOURCE,
                &format!("kubernetes_groups = []\n      §access_policy_associations = {POLICIES}"),
            ),
        ),
        (
            &[Rule::EntryMisspelledKey],
            module(
                "source = \"./eks\"",
                &format!("§access_policy_associations = {POLICIES}"),
            ),
        ),
        (
            &[Rule::EntryUnknownKey],
            module(
                SOURCE,
                &format!("§namespaces = [\"dev\"]\n      policy_associations = {POLICIES}"),
            ),
        ),
        // What another module reads is not known.
        (
            &[],
            module(
                "source = \"./eks\"",
                &format!("namespaces = [\"dev\"]\n      policy_associations = {POLICIES}"),
            ),
        ),
        // cloudposse/eks-cluster has them by their names.
        (
            &[],
            format!(
                "module \"eks\" {{\n  access_entry_map = {{\n    \"{ROLE}\" = {{ access_policy_associations = {{ ClusterAdmin = {{}} }} }}\n  }}\n}}\n"
            ),
        ),
    ]
}

/// HCL within prose, and plans.
fn embedded_cases() -> Vec<(&'static [Rule], String)> {
    let plan = |roles: &str| {
        format!(
            "Terraform will perform these actions:\n\n  # module.eks.kubernetes_config_map_v1_data.aws_auth[0] will be updated in-place\n  ~ resource \"kubernetes_config_map_v1_data\" \"aws_auth\" {{\n        id = \"kube-system/aws-auth\"\n      ~ data = {{\n          ~ \"mapRoles\" = <<-EOT\n                - \"groups\":\n                  - \"system:bootstrappers\"\n                  - \"system:nodes\"\n                  \"rolearn\": \"arn:aws:iam::111122223333:role/nodes\"\n                  \"username\": \"system:node:{{{{EC2PrivateDNSName}}}}\"\n{roles}            EOT\n        }}\n        # (1 unchanged block hidden)\n    }}\n\nPlan: 0 to add, 1 to change, 0 to destroy.\n"
        )
    };
    let item = |mark: char, arn: &str| {
        format!(
            "              {mark} - \"groups\":\n              {mark}   - \"devs\"\n              {mark}   \"rolearn\": {arn}\n              {mark}   \"username\": \"dev\"\n"
        )
    };
    let entry = |mark: &str, arn: &str| {
        format!(
            "The plan is\n\n  {mark} resource \"aws_eks_access_entry\" \"a\" {{\n      {mark} access_entry_arn = (known after apply)\n      {mark} principal_arn = {arn}\n      {mark} type = \"STANDARD\"\n    }}\n"
        )
    };
    vec![
        (&[Rule::AuthSsoPath], plan(&item('+', &format!("§\"{SSO_PATH}\"")))),
        // What goes is nobody's mistake any more.
        (&[], plan(&item('-', &format!("\"{SSO_PATH}\"")))),
        (
            &[],
            plan(&format!(
                "{}{}",
                item('-', &format!("\"{SSO_PATH}\"")),
                item('+', &format!("\"{SSO}\""))
            )),
        ),
        (&[Rule::EntryStrippedSsoPath], entry("+", &format!("§\"{SSO}\""))),
        (&[], entry("+", "(known after apply)")),
        (
            &[Rule::EntryStrippedSsoPath],
            entry("~", &format!("\"{SSO_PATH}\" -> §\"{SSO}\"")),
        ),
        (
            &[Rule::AuthSsoPath],
            format!(
                "I map it like this\n\nmodule \"eks\" {{\n  ...\n  aws_auth_roles = [\n    {{ rolearn = §\"{SSO_PATH}\", username = \"dev\", groups = [\"devs\"] }}\n  ]\n}}\n\nand get Unauthorized.\n"
            ),
        ),
        // Cut off.
        (
            &[Rule::AuthSsoPath],
            format!(
                "Mine is\n  aws_auth_roles = [\n    {{\n      rolearn = §\"{SSO_PATH}\"\n      username = \"dev\"\n      groups = [\"devs\"]\n"
            ),
        ),
    ]
}

/// Objects of an authenticator's own kind.
fn own_cases() -> Vec<(&'static [Rule], String)> {
    let mapping = |spec: &str| {
        format!(
            "apiVersion: iamauthenticator.k8s.aws/v1alpha1\nkind: IAMIdentityMapping\nmetadata:\n  name: dev\nspec:\n{}",
            indent(spec, 2)
        )
    };
    vec![
        (&[], mapping(&format!("arn: {ROLE}\nusername: dev\ngroups: [devs]\n"))),
        (
            &[],
            mapping("arn: arn:aws:iam::111122223333:user/team/dev\nusername: dev\ngroups: [devs]\n"),
        ),
        (
            &[Rule::AuthAccountId],
            mapping("arn: §arn:aws:iam::1111222233334:role/dev\nusername: dev\ngroups: [devs]\n"),
        ),
        (
            &[Rule::AuthRoleWithPath],
            mapping("arn: §arn:aws:iam::111122223333:role/team/dev\nusername: dev\ngroups: [devs]\n"),
        ),
        (
            &[Rule::AuthMisspelledItemKey],
            mapping(&format!("§rolearn: {ROLE}\nusername: dev\ngroups: [devs]\n")),
        ),
        (&[Rule::AuthMissingArn], mapping("§username: dev\ngroups: [devs]\n")),
        // Another kind of that name is none.
        (
            &[Rule::InputUnknown],
            "§apiVersion: example.org/v1\nkind: IAMIdentityMapping\nspec: {arn: a}\n".to_owned(),
        ),
    ]
}

#[test]
fn prose_with_half_a_block_is_no_broken_hcl() {
    for text in [
        "We map with\n\nmodule \"eks\" {\n  aws_auth_roles = [ and so on\n\nwhich fails\n",
        "Mine is `access_entries = {` and yours?\naccess_entries = { who knows\n",
    ] {
        for found in lint(text, &Context::default()) {
            assert!(!found.message.starts_with("this is no HCL"), "{found:?}");
        }
    }
}

fn terraform_json_cases() -> Vec<(&'static [Rule], String)> {
    let entry = |values: &str| format!("{{\"type\": \"aws_eks_access_entry\", \"values\": {{{values}}}}}");
    let plan = |resource: &str| {
        format!(
            "{{\"format_version\": \"1.2\", \"planned_values\": {{\"root_module\": {{\"child_modules\": [{{\"resources\": [{resource}]}}]}}}}}}"
        )
    };
    vec![
        (
            &[Rule::EntryStrippedSsoPath],
            plan(&entry(&format!("\"principal_arn\": §\"{SSO}\", \"type\": \"STANDARD\", \"user_name\": null, \"kubernetes_groups\": []"))),
        ),
        // Known after apply.
        (&[], plan(&entry("\"type\": \"STANDARD\", \"kubernetes_groups\": [\"devs\"]"))),
        (
            &[Rule::EntryPolicyArn],
            plan("{\"type\": \"aws_eks_access_policy_association\", \"values\": {\"policy_arn\": §\"arn:aws:iam::aws:policy/a\", \"access_scope\": [{\"type\": \"cluster\", \"namespaces\": null}]}}"),
        ),
        (
            &[Rule::AuthSsoPath],
            plan(&format!(
                "{{\"type\": \"kubernetes_config_map_v1_data\", \"values\": {{\"metadata\": [{{\"name\": \"aws-auth\", \"namespace\": \"kube-system\"}}], \"data\": {{\"mapRoles\": \"- rolearn: §{SSO_PATH}\\n  username: dev\\n  groups: [devs]\\n\"}}}}}}"
            )),
        ),
        (
            &[Rule::EntrySessionArn],
            "{\"format_version\": \"1.2\", \"resource_changes\": [{\"type\": \"aws_eks_access_entry\", \"change\": {\"after\": {\"principal_arn\": §\"arn:aws:sts::111122223333:assumed-role/dev/x\"}}}]}".to_owned(),
        ),
        (
            &[Rule::EntryType],
            format!("{{\"version\": 4, \"terraform_version\": \"1.9.0\", \"resources\": [{{\"type\": \"aws_eks_access_entry\", \"instances\": [{{\"attributes\": {{\"principal_arn\": \"{ROLE}\", \"type\": §\"Standard\"}}}}]}}]}}"),
        ),
    ]
}

fn eksctl_cases() -> Vec<(&'static [Rule], String)> {
    let config = |rest: &str| {
        format!(
            "apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: {{name: dev, region: eu-west-1}}\n{rest}"
        )
    };
    let mapping = |fields: &str| config(&format!("iamIdentityMappings:\n{}", indent(fields, 2)));
    vec![
        (&[Rule::AuthRoleWithPath], mapping("- arn: §arn:aws:iam::111122223333:role/team/dev\n  username: dev\n  groups: [devs]\n")),
        (&[], mapping("- arn: arn:aws:iam::111122223333:user/team/dev\n  username: dev\n  groups: [devs]\n  noDuplicateARNs: true\n")),
        (&[Rule::AuthMisspelledItemKey], mapping("- §rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [devs]\n")),
        (&[Rule::AuthNoUsername], mapping("- §arn: arn:aws:iam::111122223333:role/dev\n  groups: [system:masters]\n")),
        (&[Rule::AuthAccountUnquoted, Rule::AuthAccountGroups], mapping("- account: §§111122223333\n")),
        (&[], mapping("- serviceName: emr-containers\n  namespace: emr\n")),
        (
            &[Rule::EntryMode, Rule::EntryReservedGroup],
            config(&format!("accessConfig:\n  authenticationMode: §CONFIG_MAP\n  accessEntries:\n    - principalARN: {ROLE}\n      kubernetesGroups: [§system:masters]\n")),
        ),
        (
            &[Rule::AuthMode],
            config(&format!("accessConfig:\n  authenticationMode: §API\niamIdentityMappings:\n  - arn: {ROLE}\n    username: dev\n    groups: [devs]\n")),
        ),
        (
            &[Rule::EntryMisspelledKey],
            config(&format!("accessConfig:\n  accessEntries:\n    - §principalArn: {ROLE}\n      kubernetesGroups: [devs]\n")),
        ),
        (
            &[Rule::AuthSsoPath],
            format!("ARN{0}USERNAME  GROUPS   ACCOUNT\n§{SSO_PATH}  dev       devs,ops\n", " ".repeat(SSO_PATH.len() - 1)),
        ),
        (
            &[Rule::AuthNoUsername, Rule::AuthUnknownSystemGroup],
            format!("2024-05-01 10:00:00 [i]  eksctl version 0.180.0\nARN{}USERNAME  GROUPS\n§{ROLE}            devs,§system:admins\n", " ".repeat(ROLE.len() - 1)),
        ),
        (
            &[Rule::AuthRoleWithPath],
            "[{\"rolearn\": §\"arn:aws:iam::111122223333:role/team/dev\", \"username\": \"dev\", \"groups\": [\"devs\"]}, {\"userarn\": \"arn:aws:iam::111122223333:user/dev\", \"username\": \"dev\", \"groups\": [\"devs\"]}]".to_owned(),
        ),
    ]
}

fn cloud_formation_cases() -> Vec<(&'static [Rule], String)> {
    let entry = |fields: &str| {
        format!(
            "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  Entry:\n    Type: AWS::EKS::AccessEntry\n    Properties:\n      ClusterName: !Ref Cluster\n{}",
            indent(fields, 6)
        )
    };
    const POLICIES: &str = "AccessPolicies: !Ref Policies\n";
    vec![
        (
            &[Rule::EntryStandardForNodes, Rule::EntryReservedGroup],
            entry(&format!("PrincipalArn: {ROLE}\nType: §STANDARD\nKubernetesGroups: [§system:bootstrappers]\n")),
        ),
        (&[Rule::EntryStrippedSsoPath], entry(&format!("PrincipalArn: §{SSO}\n{POLICIES}"))),
        (&[], entry(&format!("PrincipalArn: !GetAtt Role.Arn\n{POLICIES}"))),
        (&[], entry(&format!("PrincipalArn: !Sub 'arn:aws:iam::${{AWS::AccountId}}:role/AWSReservedSSO_x'\n{POLICIES}"))),
        (&[], entry("PrincipalArn: !Join ['', ['arn:aws:iam::', !Ref A, ':role/a']]\nKubernetesGroups: !Split [',', !Ref Groups]\n")),
        (&[], entry(&format!("PrincipalArn:\n  Fn::GetAtt: [Role, Arn]\nType: {{Ref: Type}}\n{POLICIES}"))),
        (&[Rule::EntryMisspelledKey], entry(&format!("§PrincipalARN: {ROLE}\n{POLICIES}"))),
        (
            &[Rule::EntryPolicyUnknown],
            entry(&format!("PrincipalArn: {ROLE}\nAccessPolicies:\n  - PolicyArn: §arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewerPolicy\n    AccessScope: {{Type: cluster}}\n")),
        ),
        (
            &[Rule::EntryReservedGroup],
            "{\"Resources\": {\"A1B2\": {\"Type\": \"AWS::EKS::AccessEntry\", \"Properties\": {\"PrincipalArn\": {\"Fn::GetAtt\": [\"Role\", \"Arn\"]}, \"KubernetesGroups\": [§\"system:masters\"], \"AccessPolicies\": []}}}}".to_owned(),
        ),
        (
            &[Rule::EntryMode],
            "Resources:\n  Cluster:\n    Type: AWS::EKS::Cluster\n    Properties:\n      AccessConfig:\n        AuthenticationMode: §API_AND_CONFIGMAP\n".to_owned(),
        ),
        (&[Rule::InputUnknown], "§Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n".to_owned()),
    ]
}

fn argo_cases() -> Vec<(&'static [Rule], String)> {
    let secret = |data: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: dev\n  labels:\n    argocd.argoproj.io/secret-type: cluster\n{data}"
        )
    };
    let config = |json: &str| {
        secret(&format!(
            "stringData:\n  name: dev\n  server: https://x\n  config: |\n    {json}\n"
        ))
    };
    // {"awsAuthConfig":{"clusterName":"dev","roleARN":"arn:aws:sts::111122223333:assumed-role/argo/x"}}
    const PACKED: &str = "eyJhd3NBdXRoQ29uZmlnIjp7ImNsdXN0ZXJOYW1lIjoiZGV2Iiwicm9sZUFSTiI6ImFybjphd3M6c3RzOjoxMTExMjIyMjMzMzM6YXNzdW1lZC1yb2xlL2FyZ28veCJ9fQ==";
    vec![
        (
            &[],
            config(
                "{\"awsAuthConfig\": {\"clusterName\": \"dev\", \"roleARN\": \"arn:aws:iam::111122223333:role/argo\"}}",
            ),
        ),
        (
            &[Rule::ConfigNoClusterName],
            config("{\"awsAuthConfig\": §{\"roleARN\": \"arn:aws:iam::111122223333:role/argo\"}}"),
        ),
        (
            &[Rule::ConfigSessionAsRole],
            config(
                "{\"awsAuthConfig\": {\"clusterName\": \"dev\", \"roleARN\": §\"arn:aws:sts::111122223333:assumed-role/argo/x\"}}",
            ),
        ),
        (
            &[Rule::ConfigSessionAsRole],
            secret(&format!("data:\n  server: aHR0cHM6Ly94\n  config: §{PACKED}\n")),
        ),
        (
            &[Rule::ConfigV1Alpha1],
            config(
                "{\"execProviderConfig\": {\"command\": \"argocd-k8s-auth\", \"args\": [\"aws\", \"--cluster-name\", \"dev\"], \"apiVersion\": §\"client.authentication.k8s.io/v1alpha1\"}}",
            ),
        ),
        (
            &[Rule::ConfigNoClusterName],
            config(
                "{\"execProviderConfig\": {\"command\": \"argocd-k8s-auth\", §\"args\": [\"aws\"], \"apiVersion\": \"client.authentication.k8s.io/v1beta1\"}}",
            ),
        ),
        (
            &[Rule::ConfigStaticToken],
            config("{\"bearerToken\": §\"k8s-aws-v1.aHR0cHM6Ly9zdHM\"}"),
        ),
        (
            &[Rule::ConfigInsecure],
            config("{\"tlsClientConfig\": {\"insecure\": §true}}"),
        ),
        (
            &[Rule::InputBroken],
            secret("data:\n  server: aHR0cHM6Ly94\n  config: §e30=e30\n"),
        ),
        (
            &[],
            config("{\"awsAuthConfig\": {\"clusterName\": \"{{ .Values.cluster }}\"}}"),
        ),
    ]
}

fn values_cases() -> Vec<(&'static [Rule], String)> {
    vec![
        (
            &[Rule::AuthRoleWithPath],
            "replicas: 1\nawsAuth:\n  mapRoles:\n    - rolearn: §arn:aws:iam::111122223333:role/team/dev\n      username: dev\n      groups: [devs]\n".to_owned(),
        ),
        (
            &[Rule::AuthGroupsNotAList],
            "awsAuth:\n  mapRoles: |\n    - rolearn: arn:aws:iam::111122223333:role/dev\n      username: dev\n      groups: §devs\n".to_owned(),
        ),
        (
            &[],
            "awsAuth:\n  mapRoles:\n    - rolearn: '{{ .Values.role }}'\n      username: dev\n      groups: [devs]\n".to_owned(),
        ),
        // The modes of other programs are none of ours.
        (&[Rule::InputUnknown], "§database:\n  authentication_mode: md5\n".to_owned()),
        (
            &[Rule::EntryStrippedSsoPath],
            format!("access_entries:\n  ops:\n    principal_arn: §{SSO}\n    kubernetes_groups: [ops]\n"),
        ),
    ]
}

#[test]
fn mistakes_are_found_in_the_forms_of_tools() {
    check_all(&cases());
}

#[test]
fn broken_hcl_is_said_to_be_so() {
    let found = lint(
        "module \"eks\" {\n  aws_auth_roles = [\n    { rolearn = }\n  ]\n}\n",
        &Context::default(),
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule, Rule::InputBroken);
    assert!(found[0].message.starts_with("this is no HCL: "), "{}", found[0].message);
}

/// A principal may have an entry on each of several clusters.
#[test]
fn entries_of_different_clusters_are_no_duplicates() {
    let entries =
        format!("access_entries = {{ a = {{ principal_arn = \"{ROLE}\", kubernetes_groups = [\"devs\"] }} }}");
    check(
        &format!("module \"a\" {{\n  {entries}\n}}\nmodule \"b\" {{\n  {entries}\n}}\n"),
        &[],
    );
    let resource = |name: &str| {
        format!(
            "resource \"aws_eks_access_entry\" \"{name}\" {{\n  cluster_name = module.{name}.name\n  principal_arn = \"{ROLE}\"\n}}\n"
        )
    };
    check(&format!("{}{}", resource("a"), resource("b")), &[]);
}

#[test]
fn a_form_is_not_taken_for_what_it_is_said_to_be() {
    let context = Context {
        kind: Some(FileKind::AwsAuth),
        ..Context::default()
    };
    let found = lint(&module("local.a"), &context);
    assert_eq!(places(&found), [("input/unknown-kind", 1, 1)]);
    assert_eq!(found[0].message, "this looks like Terraform, not aws-auth");
}

#[test]
fn an_entry_for_nodes_says_which_type_and_that_it_cannot_be_changed() {
    let text = "resource \"aws_eks_access_entry\" \"nodes\" {\n  principal_arn = aws_iam_role.nodes.arn\n  kubernetes_groups = [\"system:nodes\"]\n}\n";
    let found = lint(text, &Context::default());
    let standard = found
        .iter()
        .find(|found| found.rule == Rule::EntryStandardForNodes)
        .unwrap();
    assert!(
        standard.fix.contains("EC2_LINUX") && standard.fix.contains("delete"),
        "{}",
        standard.fix
    );
}

#[test]
fn whoever_is_mapped_is_given_with_his_place() {
    let text = format!(
        "module \"eks\" {{\n  aws_auth_roles = [{{ rolearn = \"{ROLE}\", username = var.name, groups = [\"devs\"] }}]\n  aws_auth_accounts = [\"111122223333\"]\n  access_entries = {{\n    a = {{\n      principal_arn = \"{ROLE}\"\n      type = \"STANDARD\"\n      policy_associations = {{ v = {{ policy_arn = \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy\", access_scope = {{ type = \"namespace\", namespaces = [\"dev\"] }} }} }}\n    }}\n  }}\n}}\n"
    );
    let found = mapping_forms(&text);
    let kinds: Vec<FoundKind> = found.iter().map(|mapping| mapping.kind).collect();
    assert_eq!(kinds, [FoundKind::Role, FoundKind::Account, FoundKind::Entry]);
    let [role, account, entry] = &found[..] else {
        panic!("{found:?}")
    };
    let principal = role.principal.as_ref().unwrap();
    assert_eq!(
        (principal.text.as_str(), principal.line, principal.column),
        (ROLE, 2, 33)
    );
    assert!(role.has_unknown && role.username.is_none());
    assert_eq!(role.groups[0].text, "devs");
    assert_eq!(account.principal.as_ref().unwrap().text, "111122223333");
    assert_eq!(entry.entry_type.as_ref().unwrap().text, "STANDARD");
    assert!(
        entry.policies[0]
            .arn
            .as_ref()
            .unwrap()
            .text
            .ends_with("AmazonEKSViewPolicy")
    );
    assert_eq!(entry.policies[0].namespaces[0].text, "dev");
    assert!(mapping_forms(GOOD_AUTH).is_empty());
    assert!(mapping_forms("module \"x\" {").is_empty());
}

#[test]
fn heredocs_are_read_for_who_is_mapped() {
    let text = "resource \"kubernetes_config_map_v1\" \"a\" {\n  metadata {\n    name      = \"aws-auth\"\n    namespace = \"kube-system\"\n  }\n  data = {\n    mapUsers = <<EOT\n- userarn: arn:aws:iam::111122223333:user/dev\n  username: dev\n  groups:\n    - devs\nEOT\n  }\n}\n";
    let found = mapping_forms(text);
    let [user] = &found[..] else { panic!("{found:?}") };
    assert_eq!(user.kind, FoundKind::User);
    assert_eq!(
        (
            user.principal.as_ref().unwrap().line,
            user.principal.as_ref().unwrap().column
        ),
        (8, 12)
    );
    assert_eq!(user.groups[0].text, "devs");
}

/// What would take long, or overflow the stack, is refused or bounded.
#[test]
fn hostile_hcl_is_judged_at_once() {
    let deep = |open: &str| format!("locals {{\n  a = {}\n}}\n", open.repeat(100_000));
    for text in [
        deep("["),
        deep("("),
        deep("{ a = "),
        deep("!"),
        deep("-"),
        deep("a ? b : "),
        deep("f("),
        deep("a + "),
        deep("a["),
        deep("\"${"),
        "module \"a\" {\n".repeat(30_000),
        format!(
            "locals {{\n{}}}\n",
            (0..40_000).map(|at| format!("a{at} = 1\n")).collect::<String>()
        ),
        format!(
            "locals {{\n  a = {{\n{}  }}\n}}\n",
            (0..5_000).map(|at| format!("a{at} = 1\n")).collect::<String>()
        ),
        format!("locals {{\n  a = <<EOT\n{}", "x ${".repeat(50_000)),
        format!("locals {{\n  # {}\n}}\n", "x".repeat(600_000)),
    ] {
        let findings = lint(&text, &Context::default());
        assert!(!findings.is_empty() && findings.len() < 5, "{findings:?}");
    }
}

proptest! {
    #[test]
    fn any_hcl_is_read(text in "(module|locals|resource) [ \\n\"{}\\[\\]()=$<,a-z§-]{0,80}") {
        for found in lint(&text, &Context::default()) {
            prop_assert!(found.line >= 1 && found.column >= 1 && found.length >= 1);
        }
        let _ = mapping_forms(&text);
    }

    #[test]
    fn any_table_is_read(rows in "[ \\ta-z:,$\\n]{0,80}") {
        let text = format!("ARN  USERNAME  GROUPS  ACCOUNT\n{rows}");
        let _ = lint(&text, &Context::default());
    }
}
