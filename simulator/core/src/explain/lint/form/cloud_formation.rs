//! Templates of CloudFormation, in YAML and JSON; what the CDK renders is one.
//!
//! Source: the properties of `AWS::EKS::AccessEntry` and `AWS::EKS::Cluster` in the CloudFormation template reference. Values by
//! intrinsic functions (`!Ref`, `{"Fn::Sub": …}`) are not known.

use super::Form;
use super::entry;
use super::entry::Names;
use super::entry::Policies;
use crate::explain::lint::FileKind;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;

const NAMES: Names = Names {
    principal: "PrincipalArn",
    groups: "KubernetesGroups",
    kind: "Type",
    username: "Username",
    cluster: "ClusterName",
    policies: "AccessPolicies",
    policy: "PolicyArn",
    scope: "AccessScope",
    scope_kind: "Type",
    namespaces: "Namespaces",
    others: &["Tags"],
    is_closed: false,
};

pub(super) fn is_one(node: &Node) -> bool {
    let resources = node.get("Resources").map_or(&[][..], Node::entries);
    let of_aws = |resource: &MapEntry| {
        let kind = resource.value.text_at("Type");
        kind.is_some_and(|kind| kind.starts_with("AWS::") || kind.starts_with("Custom::"))
    };
    resources.iter().any(of_aws)
}

pub(super) fn read(node: &Node) -> Form {
    let mut form = Form::new(FileKind::CloudFormation);
    for resource in node.get("Resources").map_or(&[][..], Node::entries) {
        let Some(properties) = resource.value.get("Properties").map(without_functions) else {
            continue;
        };
        match resource.value.text_at("Type") {
            Some("AWS::EKS::AccessEntry") => {
                // What stands for it in messages is its name.
                let properties = Node::made(resource.place, properties.shape);
                entry::add(&mut form, &properties, &NAMES, Policies::Inside, None);
            }
            Some("AWS::EKS::Cluster") => {
                let config = properties.get("AccessConfig");
                if let Some(mode) = config.and_then(|config| config.get("AuthenticationMode")) {
                    form.mode(mode, false, false);
                }
            }
            _ => {}
        }
    }
    form
}

/// The same with what a function makes unknown. The depth is that of the text, which its reader bounds.
fn without_functions(node: &Node) -> Node {
    let is_function = |key: &str| key == "Ref" || key == "Condition" || key.starts_with("Fn::");
    let shape = match &node.shape {
        _ if node.is_foreign => Shape::Unknown,
        Shape::Map(entries) if matches!(entries.as_slice(), [only] if is_function(&only.key)) => Shape::Unknown,
        _ => node.with_values(without_functions),
    };
    Node::made(node.place, shape)
}
