//! Access entries and their policies, from the names of a tool to those of the EKS API.

use super::Form;
use super::member;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Place;
use crate::explain::lint::tree::Shape;

/// What the fields are called, and what further ones there are.
pub(super) struct Names {
    pub(super) principal: &'static str,
    pub(super) groups: &'static str,
    pub(super) kind: &'static str,
    pub(super) username: &'static str,
    pub(super) cluster: &'static str,
    pub(super) policies: &'static str,
    pub(super) policy: &'static str,
    pub(super) scope: &'static str,
    pub(super) scope_kind: &'static str,
    pub(super) namespaces: &'static str,
    pub(super) others: &'static [&'static str],
    /// Whatever else stands there is passed over without a word.
    pub(super) is_closed: bool,
}

/// What is known of the policies of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Policies {
    /// They stand in the entry, or there are none.
    Inside,
    /// They stand elsewhere.
    Elsewhere,
}

/// A key of a map whose further keys are not known.
pub(super) const OPEN: &str = "${...}";

pub(super) fn is_open(node: &Node) -> bool {
    node.entry(OPEN).is_some()
}

/// Adds an entry. `of_key` is its entry in a map whose keys are principals.
pub(super) fn add(form: &mut Form, node: &Node, names: &Names, policies: Policies, of_key: Option<&MapEntry>) {
    if !matches!(node.shape, Shape::Map(_)) {
        if !matches!(node.shape, Shape::Unknown | Shape::Null) {
            form.fault(
                Rule::EntryNotAnEntry,
                node.place,
                format!("{} is no access entry", node.kind()),
                format!("write a map with `{}`", names.principal),
            );
        }
        return;
    }
    let misspelled = misspelled(form, node, names);
    let unknown = |place: Place| Node::made(place, Shape::Unknown);
    let principal = match (node.get(names.principal), of_key) {
        (Some(principal), _) => principal.clone(),
        (None, Some(key)) => Node::made(key.place, Shape::Text(key.key.clone())),
        (None, None) => {
            if !misspelled.contains(&names.principal) && !is_open(node) && policies == Policies::Inside {
                form.fault(
                    Rule::EntryNotAnEntry,
                    node.place,
                    format!("the entry has no `{}`", names.principal),
                    format!("add `{}` with the ARN of a role or user, path and all", names.principal),
                );
            }
            unknown(node.place)
        }
    };
    let mut fields = vec![member("principalArn", principal.clone())];
    for (name, wanted) in [
        (names.groups, "kubernetesGroups"),
        (names.kind, "type"),
        (names.username, "username"),
        (names.cluster, "clusterName"),
    ] {
        match node.entry(name) {
            Some(entry) if !name.is_empty() => fields.push(MapEntry {
                key: wanted.to_owned(),
                place: entry.place,
                value: entry.value.clone(),
            }),
            _ if misspelled.contains(&name) || is_open(node) => fields.push(member(wanted, unknown(node.place))),
            _ => {}
        }
    }
    form.entries.push(Node::made(node.place, Shape::Map(fields)));
    let own = node.get(names.policies).filter(|_| !names.policies.is_empty());
    let list = match own {
        None if policies == Policies::Elsewhere || is_open(node) || misspelled.contains(&names.policies) => return,
        None => Vec::new(),
        Some(own) => match &own.shape {
            Shape::List(items) => items.iter().map(|item| policy(form, item, names)).collect(),
            Shape::Map(items) => {
                let items = items.iter().filter(|item| item.key != OPEN);
                items.map(|item| policy(form, &item.value, names)).collect()
            }
            Shape::Null => Vec::new(),
            _ => return,
        },
    };
    // Of what is merged from elsewhere there may be more.
    if list.is_empty() && own.is_some_and(is_open) {
        return;
    }
    form.entries.push(of_principal(node.place, principal, list));
}

/// A policy with its principal in one resource.
pub(super) fn add_policy(form: &mut Form, node: &Node, names: &Names) {
    let principal = node
        .get(names.principal)
        .cloned()
        .unwrap_or_else(|| Node::made(node.place, Shape::Unknown));
    let policy = policy(form, node, names);
    form.entries.push(of_principal(node.place, principal, vec![policy]));
}

fn of_principal(place: Place, principal: Node, policies: Vec<Node>) -> Node {
    let fields = vec![
        member("principalArn", principal),
        member("associatedAccessPolicies", Node::made(place, Shape::List(policies))),
    ];
    Node::made(place, Shape::Map(fields))
}

fn policy(form: &mut Form, node: &Node, names: &Names) -> Node {
    if !matches!(node.shape, Shape::Map(_)) {
        return node.clone();
    }
    if node.entry(names.policy).is_none() && !is_open(node) {
        let near = node.entries().iter().find(|entry| is_near(&entry.key, names.policy));
        if let Some(near) = near {
            wrong_key(form, near, names.policy);
        }
    }
    let mut fields = Vec::new();
    if let Some(arn) = node.get(names.policy) {
        fields.push(member("policyArn", arn.clone()));
    }
    // A block of Terraform is a list of one in its state.
    let scope = node.get(names.scope).map(|scope| scope.list().first().unwrap_or(scope));
    if let Some(scope) = scope.filter(|scope| matches!(scope.shape, Shape::Map(_))) {
        let mut inside = Vec::new();
        for (name, wanted) in [(names.scope_kind, "type"), (names.namespaces, "namespaces")] {
            if let Some(value) = scope.get(name) {
                inside.push(member(wanted, value.clone()));
            }
        }
        if !is_open(scope) {
            fields.push(member("accessScope", Node::made(scope.place, Shape::Map(inside))));
        }
    }
    Node::made(node.place, Shape::Map(fields))
}

/// Reports keys that are almost some of the form's, and says which those are.
fn misspelled(form: &mut Form, node: &Node, names: &Names) -> Vec<&'static str> {
    let wanted = [
        names.principal,
        names.groups,
        names.kind,
        names.username,
        names.policies,
    ];
    const ALIASES: [(&str, usize); 15] = [
        ("arn", 0),
        ("principal", 0),
        ("rolearn", 0),
        ("userarn", 0),
        ("iamrolearn", 0),
        ("group", 1),
        ("groups", 1),
        ("kubernetesgroup", 1),
        ("kubernetesusername", 3),
        ("user", 3),
        ("username", 3),
        ("accesspolicies", 4),
        ("accesspolicyassociation", 4),
        ("accesspolicyassociations", 4),
        ("associatedaccesspolicies", 4),
    ];
    let mut found = Vec::new();
    let mut strange = Vec::new();
    for entry in node.entries() {
        let key = entry.key.as_str();
        if wanted.contains(&key) || names.others.contains(&key) || key == names.cluster || key == OPEN {
            continue;
        }
        let plain = plain(key);
        let alias = ALIASES.into_iter().find(|(alias, _)| *alias == plain);
        let meant = alias.and_then(|(_, at)| wanted.get(at).copied()).or_else(|| {
            // `type` is too short for two letters more or less.
            wanted
                .into_iter()
                .find(|name| (name.len() > 4 && is_near(key, name)) || plain == *name)
        });
        // What has the right key too may be anything.
        if let Some(meant) = meant.filter(|meant| !meant.is_empty() && node.entry(meant).is_none()) {
            found.push(meant);
            wrong_key(form, entry, meant);
        } else {
            strange.push(entry);
        }
    }
    for entry in strange.into_iter().filter(|_| names.is_closed) {
        form.fault(
            Rule::EntryUnknownKey,
            entry.place,
            format!("the module does not read `{}`, and says nothing of it", entry.key),
            format!(
                "remove it; an entry has {}, {}, {}, {} and {}",
                names.principal, names.kind, names.username, names.groups, names.policies
            ),
        );
    }
    found
}

fn wrong_key(form: &mut Form, entry: &MapEntry, meant: &str) {
    form.fault(
        Rule::EntryMisspelledKey,
        entry.place,
        format!("`{}` is no key here: it is `{meant}`", entry.key),
        format!("write `{meant}`"),
    );
}

fn plain(key: &str) -> String {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

fn is_near(key: &str, wanted: &str) -> bool {
    principal::is_near(&plain(key), &plain(wanted))
}
