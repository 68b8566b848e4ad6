//! Resources of Terraform, as HCL and as `terraform show -json` have them, and the state.
//!
//! Source: the arguments of `aws_eks_access_entry`, `aws_eks_access_policy_association` and `aws_eks_cluster` of the AWS provider
//! and of `kubernetes_config_map`, `_v1` and `_v1_data` of the Kubernetes provider; the JSON output format of Terraform
//! (developer.hashicorp.com/terraform/internals/json-format).

use super::Form;
use super::Lists;
use super::entry;
use super::entry::Names;
use super::entry::Policies;
use super::member;
use super::resolve;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::explain::lint::FileKind;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Reading;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

/// What the provider and the modules call the fields of an entry.
pub(super) const NAMES: Names = Names {
    principal: "principal_arn",
    groups: "kubernetes_groups",
    kind: "type",
    username: "user_name",
    cluster: "cluster_name",
    policies: "policy_associations",
    policy: "policy_arn",
    scope: "access_scope",
    scope_kind: "type",
    namespaces: "namespaces",
    others: &[
        "access_entry_arn",
        "count",
        "created_at",
        "depends_on",
        "for_each",
        "id",
        "lifecycle",
        "modified_at",
        "provider",
        "region",
        "tags",
        "tags_all",
        "timeouts",
    ],
    is_closed: false,
};

/// The same where the text says that it is for the module terraform-aws-modules/eks.
pub(super) const MODULE_NAMES: Names = Names {
    is_closed: true,
    others: &["tags"],
    ..NAMES
};

/// Those of the module cloudposse/eks-cluster, whose policies are keys: they are not looked at.
pub(super) const MAP_NAMES: Names = Names {
    policies: "",
    others: &["access_policy_associations", "tags"],
    ..NAMES
};

/// Whether a document is a plan or a state as JSON, or the state itself.
pub(super) fn is_one(node: &Node) -> bool {
    let has = |key: &str| node.entry(key).is_some();
    (has("format_version") && (has("values") || has("planned_values") || has("resource_changes")))
        || (has("terraform_version") && has("resources"))
}

pub(super) fn read(node: &Node, source: &Source) -> Form {
    let mut form = Form::new(FileKind::Terraform);
    let values = node.get("planned_values").or_else(|| node.get("values"));
    if let Some(root) = values.and_then(|values| values.get("root_module")) {
        module(&mut form, source, root);
        return form;
    }
    for change in node.get("resource_changes").map_or(&[][..], Node::list) {
        if let (Some(kind), Some(after)) = (
            change.text_at("type"),
            change.get("change").and_then(|change| change.get("after")),
        ) {
            resource(&mut form, source, kind, after);
        }
    }
    for item in node.get("resources").map_or(&[][..], Node::list) {
        let instances = item.get("instances").map_or(&[][..], Node::list);
        for attributes in instances.iter().filter_map(|instance| instance.get("attributes")) {
            resource(&mut form, source, item.text_at("type").unwrap_or_default(), attributes);
        }
    }
    form
}

/// The depth is that of the text, which its reader bounds.
fn module(form: &mut Form, source: &Source, node: &Node) {
    for item in node.get("resources").map_or(&[][..], Node::list) {
        if let (Some(kind), Some(values)) = (item.text_at("type"), item.get("values")) {
            resource(form, source, kind, values);
        }
    }
    for child in node.get("child_modules").map_or(&[][..], Node::list) {
        module(form, source, child);
    }
}

/// A resource of that type with its arguments.
pub(super) fn resource(form: &mut Form, source: &Source, kind: &str, values: &Node) {
    match kind {
        "aws_eks_access_entry" => entry::add(form, values, &NAMES, Policies::Elsewhere, None),
        "aws_eks_access_policy_association" => entry::add_policy(form, values, &NAMES),
        "aws_eks_cluster" => {
            let config = values.get("access_config").map(first);
            if let Some(mode) = config.and_then(|config| config.get("authentication_mode")) {
                form.mode(mode, false, false);
            }
        }
        "kubernetes_config_map" | "kubernetes_config_map_v1" | "kubernetes_config_map_v1_data" => {
            config_map(form, source, values);
        }
        _ => {}
    }
}

/// A block is a list of one in JSON.
fn first(node: &Node) -> &Node {
    node.list().first().unwrap_or(node)
}

const KEYS: [(&str, Reading); 3] = [
    ("mapRoles", Reading::Items),
    ("mapUsers", Reading::Items),
    ("mapAccounts", Reading::Strings),
];

fn config_map(form: &mut Form, source: &Source, values: &Node) {
    let metadata = values.get("metadata").map(first);
    let name = metadata.and_then(|metadata| metadata.get("name"));
    let Some(data) = values
        .get("data")
        .filter(|data| data.entries().iter().any(|entry| almost(&entry.key).is_some()))
    else {
        return;
    };
    if let Some(name) = name.filter(|name| name.text().is_some_and(|name| name != AWS_AUTH_NAME)) {
        form.fault(
            Rule::AuthWrongName,
            name.place,
            format!("the authenticator reads no ConfigMap but `{AWS_AUTH_NAME}`"),
            format!("write `{AWS_AUTH_NAME}`"),
        );
    }
    let namespace = metadata.and_then(|metadata| metadata.get("namespace"));
    match (metadata, namespace) {
        (Some(_), Some(namespace)) if namespace.text().is_some_and(|name| name != AWS_AUTH_NAMESPACE) => form.fault(
            Rule::AuthWrongNamespace,
            namespace.place,
            format!("the authenticator reads aws-auth in `{AWS_AUTH_NAMESPACE}` only"),
            format!("write `{AWS_AUTH_NAMESPACE}`"),
        ),
        (Some(metadata), None) if matches!(metadata.shape, Shape::Map(_)) => form.fault(
            Rule::AuthWrongNamespace,
            metadata.place,
            "without a namespace the provider makes the ConfigMap in `default`",
            format!("add `namespace = \"{AWS_AUTH_NAMESPACE}\"`"),
        ),
        _ => {}
    }
    for entry in data.entries() {
        if let Some(wanted) = almost(&entry.key).filter(|wanted| *wanted != entry.key) {
            form.fault(
                Rule::AuthMisspelledKey,
                entry.place,
                format!(
                    "`{}` is passed over: the key is `{wanted}`, exactly so spelled",
                    entry.key
                ),
                format!("write `{wanted}`"),
            );
        }
    }
    let mut found = KEYS.into_iter().map(|(key, reading)| {
        data.entry(key).map(|entry| MapEntry {
            place: entry.place,
            ..member(key, resolve(&entry.value, source, reading))
        })
    });
    let mut next = || found.next().flatten();
    let lists = Lists {
        roles: next(),
        users: next(),
        accounts: next(),
    };
    form.push(lists);
}

/// The key of aws-auth that is meant.
fn almost(key: &str) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let letters = plain(key);
    KEYS.into_iter()
        .map(|(wanted, _)| wanted)
        .find(|wanted| principal::is_near(&letters, &plain(wanted)))
}
