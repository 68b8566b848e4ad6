//! The rules for access entries and their policies.
//!
//! Source: what CreateAccessEntry and AssociateAccessPolicy refuse.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Report;
use super::Rule;
use super::START;
use super::principal;
use super::principal::ArnKind;
use super::principal::Fault;
use super::tree::Node;
use super::tree::Place;
use super::tree::Shape;
use crate::cluster::access_policy::AccessPolicy;
use crate::cluster::eks::access_entry;
use crate::cluster::eks::parameter::EntryType;
use crate::explain::node;
use crate::explain::node::NodeKind;
use crate::explain::node::Target;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::arn::Partition;

const STANDARD: &str = "STANDARD";
const SESSION_NAME: &str = "{{SessionName";
/// Keys that hold policies of a principal.
const POLICY_KEYS: [&str; 4] = [
    "accessPolicies",
    "associatedAccessPolicies",
    "associatedAccessPolicy",
    "policies",
];

/// Whether a document is, or holds, an access entry or policies of one.
pub(super) fn is_one(node: &Node) -> bool {
    match &node.shape {
        Shape::List(items) => items.iter().any(is_one),
        Shape::Map(_) => {
            const KEYS: [&str; 5] = [
                "accessEntries",
                "accessEntry",
                "associatedAccessPolicies",
                "associatedAccessPolicy",
                "principalArn",
            ];
            KEYS.into_iter().any(|key| node.entry(key).is_some())
        }
        _ => false,
    }
}

pub(super) fn lint(report: &mut Report<'_>, documents: &[Node], account: Option<&AccountId>) {
    // A bare list may be of ARNs.
    if !documents
        .iter()
        .any(|document| is_one(document) || matches!(document.shape, Shape::List(_)))
    {
        let place = documents.first().map_or(START, |node| node.place);
        return report.unknown(place, "no access entry is in it".to_owned());
    }
    let mut found = Found::default();
    for document in documents {
        collect(report, document, &mut found);
    }
    for name in &found.names {
        lint_principal(report, name.text().unwrap_or_default(), name.place);
    }
    lint_entries(report, &found, account);
    lint_policies(report, &found);
}

/// The parts of the text.
#[derive(Default)]
struct Found<'a> {
    entries: Vec<&'a Node>,
    /// Bare principals, as list-access-entries prints them.
    names: Vec<&'a Node>,
    /// Whose they are, and the policies.
    policies: Vec<(Option<&'a Node>, &'a Node)>,
}

fn collect<'a>(report: &mut Report<'_>, node: &'a Node, found: &mut Found<'a>) {
    match &node.shape {
        Shape::List(items) => items.iter().for_each(|item| collect(report, item, found)),
        Shape::Text(_) => found.names.push(node),
        Shape::Map(_) => {
            if let Some(entry) = node.get("accessEntry") {
                return collect(report, entry, found);
            }
            if let Some(entries) = node.get("accessEntries") {
                return collect(report, entries, found);
            }
            let mut has_policies = false;
            for key in POLICY_KEYS {
                if let Some(policies) = node.get(key) {
                    has_policies = true;
                    found.policies.push((node.get("principalArn"), policies));
                }
            }
            const ENTRY_KEYS: [&str; 4] = ["accessEntryArn", "kubernetesGroups", "type", "username"];
            let is_entry = ENTRY_KEYS.into_iter().any(|key| node.entry(key).is_some());
            if node.entry("principalArn").is_some() && (is_entry || !has_policies) {
                found.entries.push(node);
            } else if !has_policies {
                not_an_entry(report, node);
            }
        }
        Shape::Null | Shape::Unknown => {}
        Shape::Other(..) => not_an_entry(report, node),
    }
}

fn not_an_entry(report: &mut Report<'_>, node: &Node) {
    report.add(
        Rule::EntryNotAnEntry,
        node.place,
        format!("{} without a principalArn is no access entry", node.kind()),
        "give what `aws eks describe-access-entry` prints",
    );
}

fn lint_entries(report: &mut Report<'_>, found: &Found<'_>, account: Option<&AccountId>) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    // Whether all that stands here of an owner's policies is that there are none.
    let mut without_policies: BTreeMap<&str, bool> = BTreeMap::new();
    for (owner, policies) in &found.policies {
        if let Some(owner) = owner.and_then(Node::text) {
            *without_policies.entry(owner).or_insert(true) &= is_empty(policies);
        }
    }
    for entry in &found.entries {
        let Some(principal) = entry.get("principalArn") else {
            continue;
        };
        let arn = principal.text().unwrap_or_default();
        let cluster = entry.text_at("clusterName").unwrap_or_default();
        if principal.is_unknown() {
            lint_settings(report, entry, arn, false, account);
            continue;
        }
        let is_of_known = !entry.get("clusterName").is_some_and(Node::is_unknown);
        let key = (cluster.to_owned(), arn.to_owned());
        if is_of_known && let Some(line) = seen.insert(key, principal.place.line) {
            report.add(
                Rule::EntryDuplicate,
                principal.place,
                format!("line {line} has an entry for it: `The specified access entry resource is already in use on this cluster.`"),
                "leave one entry with all the groups",
            );
        }
        lint_principal(report, arn, principal.place);
        // Without a word on its policies, nobody knows.
        let is_without = without_policies.get(arn).copied().unwrap_or_default();
        lint_settings(report, entry, arn, is_without, account);
    }
}

/// What an entry says apart from its principal.
fn lint_settings(
    report: &mut Report<'_>,
    entry: &Node,
    arn: &str,
    is_without_policies: bool,
    account: Option<&AccountId>,
) {
    let kind = entry.get("type");
    if kind.is_some_and(Node::is_unknown) {
        return;
    }
    // A tool that writes null leaves it to EKS.
    let kind = kind.filter(|kind| !matches!(kind.shape, Shape::Null));
    let name = kind.map_or(Some(STANDARD), Node::text).unwrap_or_default();
    match EntryType::parse(name) {
        Ok(EntryType::Standard) => lint_standard(report, entry, is_without_policies),
        Ok(_) => lint_node_type(report, entry, name, arn, account),
        Err(_) => {
            let of_nodes = EntryType::ALL.map(EntryType::as_str);
            let of_nodes: Vec<&str> = of_nodes.into_iter().filter(|name| *name != STANDARD).collect();
            report.add(
                Rule::EntryType,
                kind.map_or(entry.place, |kind| kind.place),
                "EKS has no such type",
                format!("write {STANDARD} or one of {}", of_nodes.join(", ")),
            );
        }
    }
}

fn lint_principal(report: &mut Report<'_>, arn: &str, place: Place) {
    let (rule, message, fix) = match principal::read(arn) {
        Ok(named) => match named.kind {
            ArnKind::Session => (
                Rule::EntrySessionArn,
                "an STS session cannot be the principal of an entry".to_owned(),
                format!(
                    "write the role's ARN, path and all; without a path it is `{}`",
                    named.role_without_path()
                ),
            ),
            ArnKind::FederatedUser => (
                Rule::EntrySessionArn,
                "an STS session cannot be the principal of an entry".to_owned(),
                "write the user's own ARN".to_owned(),
            ),
            ArnKind::Role if named.path.to_lowercase().starts_with("aws-service-role") => (
                Rule::EntryServiceLinkedRole,
                "EKS makes no entry for a service-linked role".to_owned(),
                "remove the entry".to_owned(),
            ),
            ArnKind::Role if named.path.is_empty() && named.name.to_lowercase().starts_with("awsreservedsso_") => (
                Rule::EntryStrippedSsoPath,
                "EKS knows no such role: `The specified principalArn is invalid: invalid principal.`".to_owned(),
                format!(
                    "write the whole ARN, as `aws iam get-role --role-name {}` shows it; only aws-auth wants it without",
                    named.name
                ),
            ),
            ArnKind::Role | ArnKind::User | ArnKind::Root => return,
            ArnKind::Group | ArnKind::InstanceProfile | ArnKind::Other => (
                Rule::EntryPrincipal,
                format!("`{}` is no principal", named.arn.resource),
                "write the ARN of a role or user".to_owned(),
            ),
        },
        Err(fault) => (
            Rule::EntryPrincipal,
            match fault {
                Fault::AccountId(account) => format!("`{account}` is no account id"),
                Fault::Malformed(why) => format!("this is no ARN of a principal: {why}"),
                Fault::NotAscii(character) => format!("the ARN holds U+{:04X}", u32::from(character)),
                Fault::Partition(partition) => format!("`{partition}` is no partition"),
                Fault::WhiteSpace => "the ARN holds white space".to_owned(),
                Fault::Wildcard => "an entry is for one principal, not for a pattern".to_owned(),
            },
            "write the ARN of a role or user".to_owned(),
        ),
    };
    report.add(rule, place, message, fix);
}

/// Groups that nodes are in, of each type.
const NODE_GROUPS: [&str; 3] = ["system:bootstrappers", "system:node-proxier", "system:nodes"];

/// Whether an entry of people is meant for nodes.
fn is_for_nodes(entry: &Node, groups: &[Node]) -> bool {
    let of_nodes = |node: &Node| node.text().is_some_and(|group| NODE_GROUPS.contains(&group));
    groups.iter().any(of_nodes)
        || entry
            .text_at("username")
            .is_some_and(|name| name.starts_with("system:node:"))
}

fn lint_standard(report: &mut Report<'_>, entry: &Node, is_without_policies: bool) {
    let of_groups = entry.get("kubernetesGroups");
    let groups = of_groups.map_or(&[][..], Node::list);
    if let Some(node) = of_groups.filter(|node| matches!(node.shape, Shape::Text(_) | Shape::Map(_) | Shape::Other(..)))
    {
        report.add(
            Rule::EntryGroupsNotAList,
            node.place,
            format!("the groups are {}, not a list", node.kind()),
            "write a list, even of one group",
        );
    }
    let is_for_nodes = is_for_nodes(entry, groups);
    if is_for_nodes {
        report.add(
            Rule::EntryStandardForNodes,
            entry.get("type").map_or(entry.place, |kind| kind.place),
            "EKS refuses the groups and the username of nodes in an entry of type STANDARD, and without them no node joins",
            "write `EC2_LINUX` (`EC2_WINDOWS`, `FARGATE_LINUX`, `HYBRID_LINUX`: what the nodes are), and leave groups and username \
             out; the type of an entry cannot be changed, so delete an existing one first",
        );
    }
    for group in groups {
        let name = group.text().unwrap_or_default();
        lint_template(report, name, group.place);
        if let Some(prefix) = access_entry::reserved_prefix(name) {
            let fix = if name == crate::value::user::SYSTEM_MASTERS {
                "associate AmazonEKSClusterAdminPolicy instead".to_owned()
            } else if name == node::BOOTSTRAPPERS || name.starts_with("system:node") {
                node_entry_fix(entry)
            } else {
                "bind a group of your own".to_owned()
            };
            report.add(
                Rule::EntryReservedGroup,
                group.place,
                format!("the kubernetes group name {name} is invalid, it cannot start with {prefix}"),
                fix,
            );
        }
    }
    if let Some((name, place)) = entry.get("username").and_then(|node| Some((node.text()?, node.place))) {
        lint_template(report, name, place);
        if let Some(prefix) = access_entry::reserved_prefix(name) {
            report.add(
                Rule::EntryReservedUsername,
                place,
                format!("the username must not begin with {prefix}"),
                if name.starts_with(node::NODE_USER) {
                    node_entry_fix(entry)
                } else {
                    "leave it out: EKS makes one from the ARN".to_owned()
                },
            );
        }
        let before = name.split_once(SESSION_NAME).map(|(before, _)| before);
        if before.is_some_and(|before| !before.contains(':')) {
            report.add(
                Rule::EntrySessionName,
                place,
                "a colon must stand before `{{SessionName}}`",
                format!(
                    "write `{}`",
                    name.replacen(SESSION_NAME, &format!(":{SESSION_NAME}"), 1)
                ),
            );
        }
    }
    let role = principal::read(entry.text_at("principalArn").unwrap_or_default());
    if let Ok(named) = role.as_ref()
        && named.kind == ArnKind::Role
        && node::is_role_name(&named.name)
    {
        report.add(
            Rule::EntryNodeStandard,
            entry.get("type").map_or(entry.place, |kind| kind.place),
            format!(
                "by its name {} is the role of nodes, which a STANDARD entry lets in as people",
                named.name
            ),
            node_entry_fix(entry),
        );
    }
    if groups.is_empty() && is_without_policies && of_groups.is_none_or(is_empty) {
        report.add(
            Rule::EntryNothing,
            entry.place,
            "the entry has neither groups nor policies",
            "associate a policy, or give groups that RBAC binds",
        );
    }
}

/// No update changes an entry's type.
fn node_entry_fix(entry: &Node) -> String {
    let arn = entry.text_at("principalArn").unwrap_or("ARN");
    let name = arn.rsplit('/').next().unwrap_or_default();
    let own = entry.text_at("accessEntryArn").and_then(|arn| Arn::parse(arn).ok());
    let region = own.as_ref().map(|own| own.region.as_str());
    let target = Target::of_names(entry.text_at("clusterName"), region);
    format!("for nodes: {}", target.replace(arn, NodeKind::of(name, "")))
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.shape, Shape::List(items) if items.is_empty()) || matches!(node.shape, Shape::Null)
}

fn lint_template(report: &mut Report<'_>, name: &str, place: Place) {
    if let Some(template) = principal::unknown_template(name) {
        report.add(
            Rule::EntryUnknownTemplate,
            place,
            format!("`{template}` is no template"),
            format!("write one of {}, exactly so", principal::TEMPLATES.join(", ")),
        );
    }
}

fn lint_node_type(report: &mut Report<'_>, entry: &Node, name: &str, arn: &str, account: Option<&AccountId>) {
    let place = entry.get("principalArn").map_or(entry.place, |node| node.place);
    if let Ok(named) = principal::read(arn) {
        if named.kind == ArnKind::User {
            report.add(
                Rule::EntryNodeUser,
                place,
                format!("an entry of type {name} is for a role"),
                "write the ARN of the nodes' role",
            );
        }
        let own = entry.text_at("accessEntryArn").and_then(|arn| Arn::parse(arn).ok());
        let account = account
            .map(AccountId::as_str)
            .or(own.as_ref().map(|arn| arn.account_id.as_str()));
        if account.is_some_and(|account| account != named.arn.account_id) {
            report.add(
                Rule::EntryNodeAccount,
                place,
                format!("an entry of type {name} is for a role of the cluster's own account"),
                "write the ARN of a role of that account",
            );
        }
    }
    let is_own = |name: &str| !name.is_empty() && !name.starts_with("system:node:");
    if let Some(username) = entry.get("username").filter(|node| node.text().is_some_and(is_own)) {
        report.add(
            Rule::EntryNodeSettings,
            username.place,
            format!("the specified username is invalid: setting username is not allowed when the type is \"{name}\""),
            "leave it out",
        );
    }
    // The groups that EKS gives to nodes of some type.
    let is_given = |name: &str| EntryType::ALL.iter().any(|kind| kind.default_groups().contains(&name));
    for group in entry.get("kubernetesGroups").map_or(&[][..], Node::list) {
        if !group.is_unknown() && !group.text().is_some_and(is_given) {
            report.add(
                Rule::EntryNodeSettings,
                group.place,
                format!("the specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is \"{name}\""),
                "leave it out",
            );
        }
    }
}

fn lint_policies(report: &mut Report<'_>, found: &Found<'_>) {
    // The first entry of a principal counts.
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in &found.entries {
        if let Some(arn) = entry.text_at("principalArn") {
            types.entry(arn).or_insert(entry.text_at("type").unwrap_or(STANDARD));
        }
    }
    // One that is not known may be any.
    let all_known = found
        .entries
        .iter()
        .all(|entry| !entry.get("principalArn").is_some_and(Node::is_unknown));
    let listed: BTreeSet<&str> = found.names.iter().filter_map(|name| name.text()).collect();
    for (owner, policies) in &found.policies {
        let owner = owner.and_then(|owner| Some((owner.text()?, owner.place)));
        let kind = owner.and_then(|(arn, _)| types.get(arn).copied());
        if let Some((arn, place)) = owner {
            let any = !found.entries.is_empty() || !listed.is_empty();
            if any && all_known && kind.is_none() && !listed.contains(arn) && !is_empty(policies) {
                report.add(
                    Rule::EntryPolicyOrphan,
                    place,
                    "no entry of this text has that principal: `The specified principalArn could not be found.`",
                    "make the entry first, or fix the ARN: a role's path is part of it",
                );
            }
        }
        let one = std::slice::from_ref(*policies);
        let list = if matches!(policies.shape, Shape::List(_)) {
            policies.list()
        } else {
            one
        };
        for policy in list {
            lint_policy(report, policy, kind, owner.map_or("", |(arn, _)| arn));
        }
    }
}

fn lint_policy(report: &mut Report<'_>, policy: &Node, kind: Option<&str>, owner: &str) {
    let Some(arn) = policy.get("policyArn").or_else(|| policy.text().map(|_| policy)) else {
        return;
    };
    let text = arn.text().unwrap_or_default();
    let partition = Arn::parse(owner)
        .ok()
        .and_then(|owner| Partition::from_name(&owner.partition));
    match access_entry::policy_name(text) {
        _ if arn.is_unknown() => {}
        Err(_) => report.add(
            Rule::EntryPolicyArn,
            arn.place,
            "the policyArn parameter format is not valid",
            format!(
                "write `arn:{}:eks::aws:cluster-access-policy/NAME`; `aws eks list-access-policies` has the names",
                partition.unwrap_or(Partition::Aws)
            ),
        ),
        // EKS knows those of its own partition.
        Ok(name) if partition.is_some_and(|wanted| !text.starts_with(&format!("arn:{wanted}:"))) => report.add(
            Rule::EntryPolicyArn,
            arn.place,
            "the policy's ARN is of another partition than its principal",
            format!(
                "write `arn:{}:eks::aws:cluster-access-policy/{name}`",
                partition.unwrap_or(Partition::Aws)
            ),
        ),
        Ok(name) if AccessPolicy::from_name(name).is_none() => {
            let mut known = AccessPolicy::all().iter().map(|policy| policy.name);
            let near = known.find(|known| principal::is_near(name, known));
            report.add(
                Rule::EntryPolicyUnknown,
                arn.place,
                format!("`{name}` is no policy that is known here"),
                near.map_or_else(
                    || "see `aws eks list-access-policies`".to_owned(),
                    |near| format!("write `{near}`"),
                ),
            );
        }
        Ok(_) => {}
    }
    let takes_none = |kind: &&str| EntryType::parse(kind).is_ok_and(|kind| !kind.takes_policies());
    if let Some(kind) = kind.filter(takes_none) {
        report.add(
            Rule::EntryPolicyType,
            arn.place,
            format!("an entry of type {kind} accepts no policy"),
            "disassociate it",
        );
    }
    let Some(scope) = policy.get("accessScope") else {
        return;
    };
    let names = scope.get("namespaces").filter(|names| !is_empty(names));
    match (scope.get("type").map(|kind| (kind.place, kind.text())), names) {
        (Some((_, Some("cluster"))), Some(names)) => report.add(
            Rule::EntryScopeNamespaces,
            names.place,
            "accessScope should not include namespaces if the type is not set as namespace",
            "leave namespaces out, or write `\"type\": \"namespace\"`",
        ),
        (Some((place, Some("namespace"))), None) => report.add(
            Rule::EntryScopeEmpty,
            place,
            "at least 1 namespace must be provided if the type is set as namespace",
            "name the namespaces, or write `\"type\": \"cluster\"`",
        ),
        (Some((_, Some("cluster" | "namespace"))), _) => {}
        _ if scope.is_unknown() || scope.get("type").is_some_and(Node::is_unknown) => {}
        (other, _) => report.add(
            Rule::EntryScopeType,
            other.map_or(scope.place, |(place, _)| place),
            "a scope is `cluster` or `namespace`",
            "write one of them",
        ),
    }
}
