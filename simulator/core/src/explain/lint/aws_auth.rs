//! The rules for `aws-auth` as a whole; those for its items are in [`item`], [`arn`] and [`name`].

mod arn;
mod item;
mod mapping;
mod name;

use std::collections::BTreeMap;

use self::item::lint_items;
use self::mapping::MappingItem;
use super::Report;
use super::Rule;
use super::START;
use super::form::Lists;
use super::principal;
use super::tree::Inner;
use super::tree::MapEntry;
use super::tree::Node;
use super::tree::Place;
use super::tree::Reading;
use super::tree::Shape;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::cluster::mapping::aws_auth::is_skippable;
use crate::value::arn::Arn;
use crate::value::arn::Partition;

/// The keys that the authenticator reads.
const KEYS: [&str; 3] = ["mapRoles", "mapUsers", "mapAccounts"];
/// What people write for an IAM group; no release of the authenticator has read it.
const GROUP_ARN: &str = "grouparn";
const NODES: &str = "system:nodes";
const BOOTSTRAPPERS: &str = "system:bootstrappers";
const NODE_TEMPLATE: &str = "{{EC2PrivateDNSName}}";

/// Which list an item stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Roles,
    Users,
}

impl List {
    fn key(self) -> &'static str {
        match self {
            Self::Roles => "mapRoles",
            Self::Users => "mapUsers",
        }
    }

    fn arn_key(self) -> &'static str {
        match self {
            Self::Roles => "rolearn",
            Self::Users => "userarn",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Roles => Self::Users,
            Self::Users => Self::Roles,
        }
    }
}

/// Whether a document is `aws-auth`, holds it, or is a part of it.
pub(super) fn is_one(node: &Node) -> bool {
    match &node.shape {
        Shape::List(items) => items.iter().any(|item| {
            item.entries()
                .iter()
                .any(|entry| matches!(entry.key.to_lowercase().as_str(), "rolearn" | "userarn" | GROUP_ARN))
        }),
        Shape::Map(entries) => {
            let is_config_map = node.text_at("kind") == Some("ConfigMap");
            let keys = entries.iter().any(|entry| almost(&entry.key).is_some());
            let data = node.get("data").is_some_and(|data| {
                let mut keys = data.entries().iter().map(|entry| entry.key.as_str());
                keys.any(|key| almost(key).is_some())
            });
            let items = node.get("items").is_some_and(|items| items.list().iter().any(is_one));
            keys || data || items || (is_config_map && name_of(node) == Some(AWS_AUTH_NAME))
        }
        _ => false,
    }
}

fn name_of(node: &Node) -> Option<&str> {
    node.get("metadata")?.text_at("name")
}

/// The key that is meant.
fn almost(key: &str) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let (letters, lower) = (plain(key), key.to_lowercase());
    KEYS.into_iter().find(|wanted| plain(wanted) == letters).or_else(|| {
        KEYS.into_iter()
            .find(|wanted| principal::is_near(&lower, &wanted.to_lowercase()))
    })
}

pub(super) fn lint(report: &mut Report<'_>, documents: &[Node], partition: Option<Partition>) {
    report.partition = partition;
    let mut seen = false;
    for document in documents {
        seen |= lint_document(report, document);
    }
    if !seen {
        let place = documents.first().map_or(START, |node| node.place);
        report.unknown(place, "no aws-auth ConfigMap is in it".to_owned());
    }
}

/// Roles and users in one list, as `eksctl get iamidentitymapping -o json` prints them.
fn lint_mixed(report: &mut Report<'_>, items: &[Node]) {
    let has = |item: &Node, key: &str| item.entries().iter().any(|entry| entry.key.eq_ignore_ascii_case(key));
    let is_user = |item: &Node| has(item, "userarn") && !has(item, "rolearn");
    let (users, roles): (Vec<Node>, Vec<Node>) = items.iter().cloned().partition(is_user);
    let (roles, users) = (
        lint_items(report, &roles, List::Roles),
        lint_items(report, &users, List::Users),
    );
    lint_duplicates(report, &roles, &users);
}

/// Lists in the form of another tool. What stands elsewhere is not known, so nothing is said of what is missing.
pub(super) fn lint_lists(report: &mut Report<'_>, lists: &Lists) {
    let mut read = |entry: &Option<MapEntry>| entry.as_ref().map(|entry| listed(report, entry));
    let (roles, users, accounts) = (read(&lists.roles), read(&lists.users), read(&lists.accounts));
    let role_items = items_of(report, roles.as_ref(), List::Roles);
    let user_items = items_of(report, users.as_ref(), List::Users);
    lint_duplicates(report, &role_items, &user_items);
    if let Some(Content::List(accounts)) = &accounts {
        lint_accounts(report, accounts);
    }
}

fn listed(report: &mut Report<'_>, entry: &MapEntry) -> Content {
    match &entry.value.shape {
        Shape::List(items) => Content::List(items.clone()),
        Shape::Null | Shape::Unknown => Content::Blank,
        Shape::Text(_) => content(report, entry),
        _ => {
            report.add(
                Rule::AuthNotAList,
                entry.value.place,
                format!("`{}` is {}, not a list", entry.key, entry.value.kind()),
                "write a list of maps",
            );
            Content::Lost
        }
    }
}

/// Whether there was something to read.
fn lint_document(report: &mut Report<'_>, node: &Node) -> bool {
    match &node.shape {
        Shape::List(items) => {
            let has = |key: &str| {
                let mut entries = items.iter().flat_map(Node::entries);
                entries.any(|entry| entry.key.eq_ignore_ascii_case(key))
            };
            let scalars = items
                .iter()
                .all(|item| matches!(item.shape, Shape::Text(_) | Shape::Other(..)));
            if scalars && !items.is_empty() {
                lint_accounts(report, items);
            } else if has("userarn") && has("rolearn") {
                lint_mixed(report, items);
            } else {
                let list = if has("userarn") { List::Users } else { List::Roles };
                let items = lint_items(report, items, list);
                lint_duplicates(report, &items, &[]);
                lint_partitions(report, &items, &[]);
            }
            true
        }
        Shape::Map(_) => {
            if let Some(items) = node.get("items") {
                let mut seen = false;
                let named = |item: &&Node| name_of(item) == Some(AWS_AUTH_NAME);
                let any_named = items.list().iter().any(|item| named(&item));
                // In a list of every ConfigMap, those of other names are none of ours.
                for item in items.list().iter().filter(|item| !any_named || named(item)) {
                    seen |= is_one(item) && lint_document(report, item);
                }
                return seen;
            }
            if node.text_at("kind") == Some("ConfigMap") || node.get("data").is_some() {
                lint_config_map(report, node);
                return true;
            }
            if is_one(node) {
                lint_data(report, node, node.place);
                return true;
            }
            false
        }
        _ => false,
    }
}

fn lint_config_map(report: &mut Report<'_>, node: &Node) {
    let metadata = node.get("metadata");
    let name = metadata.and_then(|metadata| metadata.get("name"));
    if let Some(name) = name.filter(|name| name.text() != Some(AWS_AUTH_NAME)) {
        report.add(
            Rule::AuthWrongName,
            name.place,
            format!("the authenticator reads no ConfigMap but `{AWS_AUTH_NAME}`"),
            format!("write `name: {AWS_AUTH_NAME}`"),
        );
    }
    match metadata.map(|metadata| (metadata, metadata.get("namespace"))) {
        Some((_, Some(namespace))) if namespace.text() != Some(AWS_AUTH_NAMESPACE) => report.add(
            Rule::AuthWrongNamespace,
            namespace.place,
            format!("the authenticator reads aws-auth in `{AWS_AUTH_NAMESPACE}` only"),
            format!("write `namespace: {AWS_AUTH_NAMESPACE}`"),
        ),
        Some((metadata, None)) => report.add(
            Rule::AuthNoNamespace,
            metadata.place,
            "no namespace is given",
            format!("add `namespace: {AWS_AUTH_NAMESPACE}`"),
        ),
        _ => {}
    }
    let inside = ["metadata", "binaryData", "stringData"].map(|key| node.get(key).map_or(&[][..], Node::entries));
    for entry in inside.into_iter().flatten().chain(node.entries()) {
        if KEYS.contains(&entry.key.as_str()) {
            report.add(
                Rule::AuthOutsideData,
                entry.place,
                format!("`{}` does not stand under `data`", entry.key),
                "move it under `data:`, two spaces in",
            );
        }
    }
    match node.entry("data") {
        Some(data) => lint_data(report, &data.value, data.place),
        None => report.add(
            Rule::AuthNoNodeRole,
            node.place,
            "the ConfigMap has no data, so it maps nobody",
            "add `data:` with `mapRoles: |`",
        ),
    }
}

fn lint_data(report: &mut Report<'_>, data: &Node, place: Place) {
    lint_data_keys(report, data);
    let mut read = |key: &str| data.entry(key).map(|entry| content(report, entry));
    let (roles, users, accounts) = (read("mapRoles"), read("mapUsers"), read("mapAccounts"));
    let role_items = items_of(report, roles.as_ref(), List::Roles);
    let user_items = items_of(report, users.as_ref(), List::Users);
    lint_duplicates(report, &role_items, &user_items);
    lint_partitions(report, &role_items, &user_items);
    if let Some(Content::List(accounts)) = &accounts {
        lint_accounts(report, accounts);
    }
    // Where nodes may have been meant in what is lost or empty, that is reported already.
    let is_reported = match &roles {
        Some(Content::List(_)) => false,
        Some(Content::Blank | Content::Lost) => true,
        None => data
            .entries()
            .iter()
            .any(|entry| almost(&entry.key) == Some("mapRoles")),
    };
    if !is_reported && !role_items.iter().any(MappingItem::is_for_nodes) {
        report.add(
            Rule::AuthNoNodeRole,
            data.entry("mapRoles").map_or(place, |entry| entry.place),
            "no item of mapRoles is for nodes; nodes whose role has no access entry cannot join",
            format!(
                "add the nodes' role with `username: system:node:{NODE_TEMPLATE}` and the groups {BOOTSTRAPPERS} and \
                 {NODES}"
            ),
        );
    }
}

fn lint_data_keys(report: &mut Report<'_>, data: &Node) {
    let last: BTreeMap<&str, Place> = data
        .entries()
        .iter()
        .map(|entry| (entry.key.as_str(), entry.place))
        .collect();
    for entry in data.entries() {
        let key = entry.key.as_str();
        if last.get(key).is_some_and(|place| *place != entry.place) {
            report.add(
                Rule::AuthDuplicateKey,
                entry.place,
                format!("`{key}` stands again further down, and that one counts"),
                "put both under one key",
            );
        }
        if KEYS.contains(&key) {
            continue;
        }
        match almost(key) {
            Some(wanted) => report.add(
                Rule::AuthMisspelledKey,
                entry.place,
                format!("`{key}` is passed over: the key is `{wanted}`, exactly so spelled"),
                format!("write `{wanted}`"),
            ),
            None => report.add(
                Rule::AuthUnknownKey,
                entry.place,
                format!("the authenticator does not read `{key}`"),
                "remove it, unless another tool needs it",
            ),
        }
    }
}

/// What a value of the ConfigMap holds.
enum Content {
    /// Nothing, which may be meant.
    Blank,
    List(Vec<Node>),
    /// Something that cannot be read, which is reported.
    Lost,
}

fn content(report: &mut Report<'_>, entry: &MapEntry) -> Content {
    let key = &entry.key;
    let reading = if key == "mapAccounts" {
        Reading::Strings
    } else {
        Reading::Items
    };
    let inner = match &entry.value.shape {
        Shape::Text(text) if is_skippable(text) => return blank(report, entry, entry.place),
        Shape::Text(_) => report.source.inner(&entry.value, reading),
        Shape::Null => return blank(report, entry, entry.place),
        _ => {
            report.add(
                Rule::AuthNotAString,
                entry.place,
                format!(
                    "`{key}` is {}, but every value of a ConfigMap is a string",
                    entry.value.kind()
                ),
                format!("write `{key}: |` and indent what is below by two more spaces"),
            );
            return Content::Lost;
        }
    };
    if let Ok(Inner { rest: Some(rest), .. }) = &inner {
        report.add(
            Rule::AuthMoreDocuments,
            *rest,
            format!("the first document of `{key}` ends before this, and what follows is not read"),
            "put all items into one list, without `---` and `...`",
        );
    }
    let (rule, place, message, fix) = match inner.map(|inner| inner.root) {
        Ok(None) => return blank(report, entry, entry.place),
        Ok(Some(node)) => match node.shape {
            Shape::List(items) if items.is_empty() => return blank(report, entry, node.place),
            Shape::List(items) => return Content::List(items),
            Shape::Null => return blank(report, entry, entry.place),
            _ => (
                Rule::AuthNotAList,
                node.place,
                format!("`{key}` holds {}, not a list, and all of it is lost", node.kind()),
                "begin each item with `- `".to_owned(),
            ),
        },
        Err(broken) if broken.is_tab => (
            Rule::AuthTab,
            broken.place,
            format!("a tab indents the line, so all of `{key}` is lost: {}", broken.message),
            "indent with spaces".to_owned(),
        ),
        Err(broken) => (
            Rule::AuthBrokenYaml,
            broken.place,
            format!(
                "the YAML in `{key}` is broken, so all of it is lost: {}",
                broken.message
            ),
            broken.fix,
        ),
    };
    report.add(rule, place, message, fix);
    Content::Lost
}

fn blank(report: &mut Report<'_>, entry: &MapEntry, place: Place) -> Content {
    if entry.key == "mapRoles" {
        report.add(
            Rule::AuthEmptyRoles,
            place,
            "mapRoles maps nobody",
            "add the role of the nodes, unless access entries do all",
        );
    }
    Content::Blank
}

fn items_of<'a>(report: &mut Report<'_>, content: Option<&'a Content>, list: List) -> Vec<MappingItem<'a>> {
    match content {
        Some(Content::List(nodes)) => lint_items(report, nodes, list),
        _ => Vec::new(),
    }
}

fn lint_duplicates(report: &mut Report<'_>, roles: &[MappingItem<'_>], users: &[MappingItem<'_>]) {
    let index = |items: &[MappingItem<'_>]| -> BTreeMap<String, (String, Place)> {
        let arns = items
            .iter()
            .filter(|item| item.sso.is_none())
            .filter_map(|item| item.arn);
        arns.filter(|(arn, _)| !arn.is_empty())
            .map(|(arn, place)| (arn.to_lowercase(), (arn.to_owned(), place)))
            .collect()
    };
    let role_index = index(roles);
    for (items, winners) in [(roles, &role_index), (users, &index(users))] {
        for item in items.iter().filter(|item| item.sso.is_none()) {
            let Some((arn, place)) = item.arn.filter(|(arn, _)| !arn.is_empty()) else {
                continue;
            };
            let lower = arn.to_lowercase();
            match winners.get(&lower) {
                Some((winner, at)) if *at != place => {
                    let rule = if winner == arn {
                        Rule::AuthDuplicateArn
                    } else {
                        Rule::AuthDuplicateByCase
                    };
                    report.add(
                        rule,
                        place,
                        format!(
                            "line {}, column {} maps it again and wins, so this item does nothing",
                            at.line, at.column
                        ),
                        "leave one item with all the groups",
                    );
                }
                _ => {
                    if let (List::Users, Some((_, at))) = (item.list, role_index.get(&lower)) {
                        report.add(
                            Rule::AuthDuplicateAcrossLists,
                            place,
                            format!(
                                "mapRoles has it in line {}, column {} and wins, so this item does nothing",
                                at.line, at.column
                            ),
                            "leave one of them",
                        );
                    }
                }
            }
        }
    }
}

/// A cluster's principals are of the partition of its region.
fn lint_partitions(report: &mut Report<'_>, roles: &[MappingItem<'_>], users: &[MappingItem<'_>]) {
    let arns = roles.iter().chain(users).filter_map(|item| item.arn);
    let found = arns.filter_map(|(text, place)| {
        let arn = Arn::parse(&text.to_lowercase()).ok()?;
        Some((Partition::from_name(&arn.partition)?, place))
    });
    let found: Vec<(Partition, Place)> = found.collect();
    if let Some(wanted) = report.partition {
        for (partition, place) in found.into_iter().filter(|(partition, _)| *partition != wanted) {
            report.add(
                Rule::AuthOtherPartition,
                place,
                format!("the cluster is of partition {wanted}, the ARN of {partition}, so it matches nobody"),
                format!("write `arn:{wanted}:` for `arn:{partition}:`"),
            );
        }
        return;
    }
    let Some((first, _)) = found.first() else { return };
    if let Some((other, place)) = found.iter().find(|(partition, _)| partition != first) {
        report.add(
            Rule::AuthTwoPartitions,
            *place,
            format!("this is an ARN of partition {other}, the first one of {first}: one of them matches nobody"),
            "write the partition of the cluster's region in all: `aws-cn` in cn-…, `aws-us-gov` in us-gov-…",
        );
    }
}

fn lint_accounts(report: &mut Report<'_>, accounts: &[Node]) {
    let is_id = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    for account in accounts {
        match &account.shape {
            Shape::Text(text) if is_id(text) => {}
            // The authenticator wants strings, and accepts a number as it is written.
            Shape::Other(_, text) if is_id(text) && text.starts_with('0') => report.add(
                Rule::AuthAccountLeadingZero,
                account.place,
                "YAML reads the id as a number; the authenticator keeps its zero, other tools lose it",
                format!("write `\"{text}\"`"),
            ),
            Shape::Other(_, text) if is_id(text) => report.add(
                Rule::AuthAccountUnquoted,
                account.place,
                "YAML reads the id as a number",
                format!("write `\"{text}\"`"),
            ),
            Shape::Null | Shape::Unknown => {}
            Shape::Text(_) | Shape::Other(..) => report.add(
                Rule::AuthAccountInvalid,
                account.place,
                "an account id is twelve digits",
                "write them, in quotes",
            ),
            Shape::List(_) | Shape::Map(_) => report.add(
                Rule::AuthAccountInvalid,
                account.place,
                format!(
                    "the item is {}, and the authenticator wants a string, so that it is dropped",
                    account.kind()
                ),
                "write the twelve digits alone behind `- `, in quotes",
            ),
        }
    }
    let is_account = |account: &&Node| match &account.shape {
        Shape::Text(text) | Shape::Other(_, text) => is_id(text),
        _ => false,
    };
    if let Some(first) = accounts.iter().find(is_account) {
        report.add(
            Rule::AuthAccountGroups,
            first.place,
            "every principal of the account gets in, called by its ARN, with no groups",
            "bind roles to the ARNs, or map roles with groups in mapRoles",
        );
    }
}
