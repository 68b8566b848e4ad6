//! Mappings of an authenticator that somebody runs himself: objects of its CRD, which no cluster of EKS has.
//!
//! Source: `deploy/iamidentitymapping.yaml` and `pkg/mapper/crd` of aws-iam-authenticator. Their ARNs are compared as those of
//! `aws-auth` are.

use super::Form;
use super::Lists;
use super::member;
use crate::explain::lint::FileKind;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;

const GROUP: &str = "iamauthenticator.k8s.aws/";

/// Whether a document is such an object, or a list with one in it.
pub(super) fn is_one(node: &Node) -> bool {
    is_mapping(node) || items(node).any(is_mapping)
}

fn items(node: &Node) -> impl Iterator<Item = &Node> {
    node.get("items").map_or(&[][..], Node::list).iter()
}

fn is_mapping(node: &Node) -> bool {
    let is_own = |version: &str| version.starts_with(GROUP);
    node.text_at("kind") == Some("IAMIdentityMapping") && node.text_at("apiVersion").is_none_or(is_own)
}

pub(super) fn read(node: &Node) -> Form {
    let mut form = Form::new(FileKind::IamIdentityMapping);
    if is_mapping(node) {
        mapping(&mut form, node);
    }
    for item in items(node).filter(|item| is_mapping(item)) {
        mapping(&mut form, item);
    }
    form
}

fn mapping(form: &mut Form, node: &Node) {
    let Some(spec) = node.get("spec") else {
        return form.fault(
            Rule::AuthMissingArn,
            node.place,
            "the mapping has no `spec`, so that it maps nobody",
            "add `spec:` with `arn`, `username` and `groups`",
        );
    };
    let is_user = spec.text_at("arn").is_some_and(|arn| arn.contains(":user/"));
    let key = if is_user { "userarn" } else { "rolearn" };
    let mut fields = Vec::new();
    let mut is_misspelled = false;
    for field in spec.entries() {
        let name = match field.key.as_str() {
            "arn" => key,
            name @ ("groups" | "username") => name,
            _ => {
                is_misspelled |= unknown_key(form, field);
                continue;
            }
        };
        fields.push(MapEntry {
            key: name.to_owned(),
            place: field.place,
            value: field.value.clone(),
        });
    }
    if spec.entry("arn").is_none() {
        if !is_misspelled {
            form.fault(
                Rule::AuthMissingArn,
                spec.place,
                "the mapping has no `arn`, so that it maps nobody",
                "add `arn` with the ARN of a role without its path, or of a user",
            );
        }
        fields.push(member(key, Node::made(spec.place, Shape::Unknown)));
    }
    let item = Node::made(spec.place, Shape::Map(fields));
    let list = Some(member(key, Node::made(spec.place, Shape::List(vec![item]))));
    form.push(if is_user {
        Lists {
            users: list,
            ..Lists::default()
        }
    } else {
        Lists {
            roles: list,
            ..Lists::default()
        }
    });
}

/// Whether the ARN was meant.
fn unknown_key(form: &mut Form, field: &MapEntry) -> bool {
    const ARNS: [&str; 5] = ["rolearn", "role_arn", "userarn", "user_arn", "principalarn"];
    let lower = field.key.to_lowercase();
    let wanted = if ARNS.contains(&lower.as_str()) {
        Some("arn")
    } else {
        let mut names = ["groups", "username"].into_iter();
        names.find(|name| principal::is_near(&lower, name))
    };
    let message = format!("the authenticator does not read `{}` of a mapping", field.key);
    match wanted {
        Some(wanted) => form.fault(
            Rule::AuthMisspelledItemKey,
            field.place,
            message,
            format!("write `{wanted}`"),
        ),
        None => form.fault(Rule::AuthUnknownItemKey, field.place, message, "remove it"),
    }
    wanted == Some("arn")
}
