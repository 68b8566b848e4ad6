//! The rules for `aws-auth`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Report;
use super::Rule;
use super::START;
use super::principal;
use super::principal::Fault;
use super::principal::Kind;
use super::principal::Named;
use super::tree::Entry;
use super::tree::Node;
use super::tree::Place;
use super::tree::Shape;
use crate::eks::AWS_AUTH_NAME;
use crate::eks::AWS_AUTH_NAMESPACE;
use crate::mapping::aws_auth::is_skippable;
use crate::user::SYSTEM_MASTERS;

/// The keys that the authenticator reads.
const KEYS: [&str; 3] = ["mapRoles", "mapUsers", "mapAccounts"];
const NODES: &str = "system:nodes";
const BOOTSTRAPPERS: &str = "system:bootstrappers";
const NODE_TEMPLATE: &str = "{{EC2PrivateDNSName}}";
/// So many may be in system:masters before it is worth a word.
const MASTERS_LIMIT: usize = 5;
/// Groups that Kubernetes gives by itself.
const GIVEN_GROUPS: [&str; 3] = [
    "system:authenticated",
    "system:serviceaccounts",
    "system:unauthenticated",
];
/// Groups of Kubernetes that a mapping may give.
const SYSTEM_GROUPS: [&str; 5] = [
    BOOTSTRAPPERS,
    SYSTEM_MASTERS,
    "system:monitoring",
    "system:node-proxier",
    NODES,
];
/// ClusterRoles that are taken for groups.
const CLUSTER_ROLES: [&str; 4] = ["admin", "cluster-admin", "edit", "view"];

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
                .any(|entry| matches!(entry.key.to_lowercase().as_str(), "rolearn" | "userarn"))
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

pub(super) fn lint(report: &mut Report<'_>, documents: &[Node]) {
    let mut seen = false;
    for document in documents {
        seen |= lint_document(report, document);
    }
    if !seen {
        let place = documents.first().map_or(START, |node| node.place);
        report.unknown(place, "no aws-auth ConfigMap is in it".to_owned());
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
            } else {
                let list = if has("userarn") && !has("rolearn") {
                    List::Users
                } else {
                    List::Roles
                };
                let items = lint_items(report, items, list);
                lint_duplicates(report, &items, &[]);
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
    if let Some(Content::List(accounts)) = &accounts {
        lint_accounts(report, accounts);
    }
    // Where nodes may have been meant in what is lost or empty, that is told already.
    let is_told = match &roles {
        Some(Content::List(_)) => false,
        Some(Content::Blank | Content::Lost) => true,
        None => data
            .entries()
            .iter()
            .any(|entry| almost(&entry.key) == Some("mapRoles")),
    };
    if !is_told && !role_items.iter().any(Item::is_for_nodes) {
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
    for (at, entry) in data.entries().iter().enumerate() {
        let key = entry.key.as_str();
        if data
            .entries()
            .iter()
            .skip(at.saturating_add(1))
            .any(|later| later.key == key)
        {
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
    /// Something that cannot be read, which is told.
    Lost,
}

fn content(report: &mut Report<'_>, entry: &Entry) -> Content {
    let key = &entry.key;
    let node = match &entry.value.shape {
        Shape::Text(text) if is_skippable(text) => return blank(report, entry, entry.place),
        Shape::Text(_) => report.source.inner(&entry.value),
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
    let (rule, place, message, mend) = match node {
        Ok(None) => return blank(report, entry, entry.place),
        Ok(Some(node)) => match node.shape {
            Shape::List(items) if items.is_empty() => return blank(report, entry, node.place),
            Shape::List(items) => return Content::List(items),
            Shape::Null => return blank(report, entry, entry.place),
            _ => (
                Rule::AuthNotAList,
                node.place,
                format!("`{key}` holds {}, not a list, and all of it is lost", node.kind()),
                "begin each item with `- `",
            ),
        },
        Err(broken) if broken.is_tab => (
            Rule::AuthTab,
            broken.place,
            format!("a tab indents the line, so all of `{key}` is lost"),
            "indent with spaces",
        ),
        Err(broken) => (
            Rule::AuthBrokenYaml,
            broken.place,
            format!(
                "the YAML in `{key}` is broken, so all of it is lost: {}",
                broken.message
            ),
            "mend the indentation, the quotes or the colon here or just before",
        ),
    };
    report.add(rule, place, message, mend);
    Content::Lost
}

fn blank(report: &mut Report<'_>, entry: &Entry, place: Place) -> Content {
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

/// An item as the authenticator decodes it.
struct Item<'a> {
    list: List,
    place: Place,
    arn: Option<(&'a str, Place)>,
    sso: Option<Place>,
    username: Option<(&'a str, Place)>,
    groups: Vec<(&'a str, Place)>,
    /// A field was of the wrong type or misspelled, so its absence is told already.
    lost: Vec<&'static str>,
}

impl Item<'_> {
    fn has_group(&self, wanted: &str) -> bool {
        self.groups.iter().any(|(group, _)| *group == wanted)
    }

    fn is_for_nodes(&self) -> bool {
        self.has_group(NODES) || self.username.is_some_and(|(name, _)| name.starts_with("system:node:"))
    }
}

fn items_of<'a>(report: &mut Report<'_>, content: Option<&'a Content>, list: List) -> Vec<Item<'a>> {
    match content {
        Some(Content::List(nodes)) => lint_items(report, nodes, list),
        _ => Vec::new(),
    }
}

fn lint_items<'a>(report: &mut Report<'_>, nodes: &'a [Node], list: List) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for node in nodes {
        match &node.shape {
            Shape::Map(entries) => {
                let item = read_item(report, node.place, entries, list);
                lint_item(report, &item);
                items.push(item);
            }
            _ => report.add(
                Rule::AuthItemNotAMap,
                node.place,
                format!("the item is {}, so it is dropped", node.kind()),
                format!("write `- {}: ARN` with username and groups below", list.arn_key()),
            ),
        }
    }
    let mut masters = items
        .iter()
        .flat_map(|item| &item.groups)
        .filter(|(group, _)| *group == SYSTEM_MASTERS);
    if let Some((_, place)) = masters.nth(MASTERS_LIMIT) {
        report.add(
            Rule::AuthManyMasters,
            *place,
            format!(
                "more than {MASTERS_LIMIT} mappings of {} are in {SYSTEM_MASTERS}",
                list.key()
            ),
            "bind a group of your own to the ClusterRole that is enough",
        );
    }
    items
}

fn read_item<'a>(report: &mut Report<'_>, place: Place, entries: &'a [Entry], list: List) -> Item<'a> {
    let mut item = Item {
        list,
        place,
        arn: None,
        sso: None,
        username: None,
        groups: Vec::new(),
        lost: Vec::new(),
    };
    // On its way to JSON the item's keys are sorted, equal ones overwritten; decoding disregards case, so the last wins.
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    for (at, entry) in sorted.iter().enumerate() {
        let key = entry.key.to_lowercase();
        let known = key == list.arn_key()
            || matches!(key.as_str(), "username" | "groups")
            || (key == "sso" && list == List::Roles);
        if !known {
            misspelled(report, &mut item, entry, entries);
            continue;
        }
        let winner = sorted
            .iter()
            .skip(at.saturating_add(1))
            .rfind(|later| later.key.to_lowercase() == key);
        if let Some(winner) = winner {
            report.add(
                Rule::AuthDuplicateKey,
                entry.place,
                format!(
                    "`{}` in line {} sets the same field, and that one counts",
                    winner.key, winner.place.line
                ),
                "leave one of them",
            );
            if winner.key == entry.key {
                continue;
            }
        }
        match key.as_str() {
            "username" => text(report, entry, "username", &mut item.username, &mut item.lost),
            "groups" => groups(report, entry, &mut item),
            "sso" => match &entry.value.shape {
                Shape::Map(_) => item.sso = Some(entry.place),
                Shape::Null => {}
                _ => wrong_type(report, &entry.value, "sso", "a map"),
            },
            _ => text(report, entry, list.arn_key(), &mut item.arn, &mut item.lost),
        }
    }
    item
}

fn misspelled(report: &mut Report<'_>, item: &mut Item<'_>, entry: &Entry, all: &[Entry]) {
    let (key, list) = (entry.key.as_str(), item.list);
    if key.eq_ignore_ascii_case(list.other().arn_key()) {
        let has_own = all.iter().any(|entry| entry.key.eq_ignore_ascii_case(list.arn_key()));
        if !has_own {
            item.lost.push(list.arn_key());
            report.add(
                Rule::AuthItemInWrongList,
                entry.place,
                format!("{} wants `{}`, so the item is dropped", list.key(), list.arn_key()),
                format!("move the item to {}", list.other().key()),
            );
            return;
        }
    }
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_lowercase();
    const ALIASES: [(&str, &str); 5] = [
        ("arn", ""),
        ("group", "groups"),
        ("name", "username"),
        ("user", "username"),
        ("usernames", "username"),
    ];
    let alias = ALIASES.into_iter().find(|(alias, _)| *alias == plain);
    let wanted = match alias {
        Some((_, "")) => Some(list.arn_key()),
        Some((_, wanted)) => Some(wanted),
        None => [list.arn_key(), "username", "groups"]
            .into_iter()
            .find(|wanted| principal::is_near(&plain, wanted)),
    };
    match wanted {
        Some(wanted) => {
            item.lost.push(wanted);
            report.add(
                Rule::AuthMisspelledItemKey,
                entry.place,
                format!("`{key}` is passed over: the key is `{wanted}`"),
                format!("write `{wanted}`"),
            );
        }
        None => report.add(
            Rule::AuthUnknownItemKey,
            entry.place,
            format!("the authenticator does not read `{key}`"),
            "remove it",
        ),
    }
}

fn wrong_type(report: &mut Report<'_>, node: &Node, field: &str, wanted: &str) {
    let mend = match &node.shape {
        Shape::Other(_, text) => format!("write it in quotes: `\"{text}\"`"),
        _ => format!("write {wanted}"),
    };
    report.add(
        Rule::AuthWrongType,
        node.place,
        format!("`{field}` is {}, not {wanted}, so it stays empty", node.kind()),
        mend,
    );
}

fn text<'a>(
    report: &mut Report<'_>,
    entry: &'a Entry,
    field: &'static str,
    slot: &mut Option<(&'a str, Place)>,
    lost: &mut Vec<&'static str>,
) {
    match &entry.value.shape {
        Shape::Text(text) => *slot = Some((text, entry.value.place)),
        Shape::Null => {}
        _ => {
            lost.push(field);
            wrong_type(report, &entry.value, field, "a string");
        }
    }
}

fn groups<'a>(report: &mut Report<'_>, entry: &'a Entry, item: &mut Item<'a>) {
    match &entry.value.shape {
        Shape::List(nodes) => {
            item.groups.clear();
            for node in nodes {
                match &node.shape {
                    Shape::Text(text) => item.groups.push((text, node.place)),
                    Shape::Null => item.groups.push(("", node.place)),
                    _ => {
                        item.lost.push("groups");
                        wrong_type(report, node, "groups", "a string");
                    }
                }
            }
        }
        Shape::Null => item.groups.clear(),
        _ => {
            item.lost.push("groups");
            let mend = match entry.value.text() {
                Some(text) => {
                    let names: Vec<&str> = text.split(',').map(str::trim).collect();
                    format!("write `groups: [\"{}\"]`", names.join("\", \""))
                }
                None => "write a list, each group after `- `".to_owned(),
            };
            report.add(
                Rule::AuthGroupsNotAList,
                entry.value.place,
                format!(
                    "`groups` is {}, not a list, so the mapping has no groups",
                    entry.value.kind()
                ),
                mend,
            );
        }
    }
}

fn lint_item(report: &mut Report<'_>, item: &Item<'_>) {
    let list = item.list;
    let arn = item.arn.filter(|(arn, _)| !arn.is_empty());
    match (arn, item.sso) {
        (None, None) if !item.lost.contains(&list.arn_key()) => report.add(
            Rule::AuthMissingArn,
            item.arn.map_or(item.place, |(_, place)| place),
            format!("the item has no `{}`, so it is dropped", list.arn_key()),
            format!("add `{}`", list.arn_key()),
        ),
        (Some(_), Some(sso)) => report.add(
            Rule::AuthArnAndSso,
            sso,
            "the item has both rolearn and sso, so it is dropped",
            "remove `sso`",
        ),
        (None, Some(sso)) => report.add(
            Rule::AuthSsoItem,
            sso,
            "EKS has not opened the feature gate of `sso`, so the item matches nobody",
            "write `rolearn` with the role's ARN without its path",
        ),
        _ => {}
    }
    let named = arn.and_then(|(arn, place)| lint_arn(report, arn, place, list));
    lint_names(report, item, named.as_ref());
    lint_node(report, item);
}

fn lint_arn(report: &mut Report<'_>, arn: &str, place: Place, list: List) -> Option<Named> {
    const ACCOUNT_MEND: &str = "write the twelve digits; no variable is replaced in an ARN";
    let (rule, message, mend) = match principal::read(arn) {
        Ok(named) => {
            lint_named(report, &named, place, list);
            return Some(named);
        }
        Err(Fault::WhiteSpace) => (
            Rule::AuthWhiteSpace,
            "the ARN holds white space, so it matches nobody".to_owned(),
            format!("write `{}`", arn.split_whitespace().collect::<String>()),
        ),
        Err(Fault::NotAscii(character)) => (
            Rule::AuthNotAscii,
            format!("the ARN holds U+{:04X}, so it matches nobody", u32::from(character)),
            "type the ARN anew, with plain letters and quotes".to_owned(),
        ),
        Err(Fault::Wildcard) => (
            Rule::AuthWildcard,
            "ARNs are compared as they are, so a wildcard matches nobody".to_owned(),
            "write one item for each role or user".to_owned(),
        ),
        Err(Fault::Partition(partition)) => (
            Rule::AuthUnknownPartition,
            format!("`{partition}` is no partition"),
            "write `aws`, `aws-cn` or `aws-us-gov`".to_owned(),
        ),
        Err(Fault::AccountId(account)) => (
            Rule::AuthAccountId,
            format!("`{account}` is no account id"),
            ACCOUNT_MEND.to_owned(),
        ),
        Err(Fault::Malformed(why)) => (
            Rule::AuthMalformedArn,
            format!("`{arn}` is no ARN of a principal: {why}"),
            format!(
                "write `arn:aws:iam::ACCOUNT:{}/NAME`",
                if list == List::Roles { "role" } else { "user" }
            ),
        ),
    };
    report.add(rule, place, message, mend);
    None
}

fn lint_named(report: &mut Report<'_>, named: &Named, place: Place, list: List) {
    let without_path = named.role_without_path();
    let write = format!("write `{without_path}`");
    match named.kind {
        Kind::Role if !named.path.is_empty() => {
            let rule = if named.path.to_lowercase().starts_with("aws-reserved/") {
                Rule::AuthSsoPath
            } else {
                Rule::AuthRoleWithPath
            };
            report.add(
                rule,
                place,
                format!("STS shows this role as `{without_path}`, so the item matches nobody"),
                write,
            );
        }
        Kind::Session if named.path.is_empty() => report.add(
            Rule::AuthMalformedArn,
            place,
            "an assumed-role ARN without a session",
            format!(
                "write `arn:{}:iam::{}:role/{}`",
                named.arn.partition, named.arn.account_id, named.name
            ),
        ),
        Kind::Session => report.add(
            Rule::AuthSessionArn,
            place,
            format!("this is a session; it is compared as `{without_path}`, so the item matches nobody"),
            write,
        ),
        Kind::FederatedUser => report.add(
            Rule::AuthFederatedUser,
            place,
            format!(
                "this matches sessions of GetFederationToken called `{}` only",
                named.name
            ),
            "write the user's own ARN, unless that is meant",
        ),
        Kind::InstanceProfile => report.add(
            Rule::AuthInstanceProfile,
            place,
            "an instance profile is no principal; the role inside it is",
            "write the ARN of the role that the profile holds",
        ),
        Kind::Group => report.add(
            Rule::AuthIamGroup,
            place,
            "an IAM group is no principal, so the item matches nobody",
            "map a role that the group's users may assume",
        ),
        Kind::Root => report.add(
            Rule::AuthRoot,
            place,
            "this is the account's root user alone, not its principals",
            "map a role instead",
        ),
        Kind::Other => report.add(
            Rule::AuthNotAPrincipal,
            place,
            format!("`{}` of {} signs no request", named.arn.resource, named.arn.service),
            "write the ARN of a role or user",
        ),
        Kind::User if list == List::Roles => report.add(
            Rule::AuthUserInRoles,
            place,
            "a user stands in mapRoles",
            "move it to mapUsers as `userarn`",
        ),
        Kind::Role if list == List::Users => report.add(
            Rule::AuthRoleInUsers,
            place,
            "a role stands in mapUsers",
            "move it to mapRoles as `rolearn`",
        ),
        Kind::Role | Kind::User => {}
    }
}

fn lint_names(report: &mut Report<'_>, item: &Item<'_>, named: Option<&Named>) {
    match item.username {
        Some((name, place)) if !name.is_empty() => {
            lint_name(report, name, place);
            let reserved =
                name.starts_with("eks:") || (name.starts_with("system:") && !name.starts_with("system:node:"));
            if reserved {
                report.add(
                    Rule::AuthReservedUsername,
                    place,
                    format!("`{name}` looks like a part of the cluster"),
                    "write a username without `system:` or `eks:`",
                );
            }
            let of_session = name.contains("{{SessionName}}") || name.contains("{{SessionNameRaw}}");
            let is_sso = named.is_some_and(|named| named.name.to_lowercase().starts_with("awsreservedsso_"));
            if of_session && item.list == List::Users {
                report.add(
                    Rule::AuthSessionNameOfUser,
                    place,
                    "a user has no session, so the template becomes nothing",
                    "write the user's name",
                );
            } else if name.contains("{{SessionName}}") && (is_sso || name.contains('@')) {
                report.add(
                    Rule::AuthSessionNameAt,
                    place,
                    "a session called `dev@example.com` becomes `dev-example.com`",
                    "write `{{SessionNameRaw}}`, or `-` for `@` in the RBAC subjects",
                );
            }
        }
        _ if item.lost.contains(&"username") => {}
        other => report.add(
            Rule::AuthNoUsername,
            other.map_or(item.place, |(_, place)| place),
            "the user gets an empty name",
            "add `username`",
        ),
    }
    for (group, place) in &item.groups {
        lint_group(report, group, *place);
    }
    let for_nodes = item
        .username
        .is_some_and(|(name, _)| name.contains(NODE_TEMPLATE) || name.starts_with("system:node:"));
    if item.groups.is_empty() && !item.lost.contains(&"groups") && !for_nodes {
        report.add(
            Rule::AuthNoGroups,
            item.place,
            "the mapping has no groups",
            "add `groups`, or bind roles to the username",
        );
    }
}

/// What holds for usernames and groups.
fn lint_name(report: &mut Report<'_>, name: &str, place: Place) {
    if name.trim() != name {
        report.add(
            Rule::AuthWhiteSpace,
            place,
            format!("the white space around `{}` is part of the name", name.trim()),
            format!("write `{}`", name.trim()),
        );
    }
    if let Some(template) = principal::unknown_template(name) {
        report.add(
            Rule::AuthUnknownTemplate,
            place,
            format!("`{template}` is no template and stays as it is"),
            format!("write one of {}, exactly so", principal::TEMPLATES.join(", ")),
        );
    }
}

fn lint_group(report: &mut Report<'_>, group: &str, place: Place) {
    if group.is_empty() {
        return report.add(Rule::AuthEmptyGroup, place, "a group without a name", "remove it");
    }
    lint_name(report, group, place);
    let trimmed = group.trim();
    if group.contains(',') {
        report.add(
            Rule::AuthSeveralGroups,
            place,
            format!("`{group}` is one group"),
            "write each group as an item of its own",
        );
    } else if GIVEN_GROUPS.contains(&trimmed) || trimmed.starts_with("system:serviceaccounts:") {
        report.add(
            Rule::AuthUselessGroup,
            place,
            format!("Kubernetes itself gives `{trimmed}`"),
            "remove it",
        );
    } else if CLUSTER_ROLES.contains(&trimmed) {
        report.add(
            Rule::AuthRoleNameAsGroup,
            place,
            format!("`{trimmed}` is a ClusterRole; the group of that name has no binding unless you made one"),
            format!("bind a group to the ClusterRole `{trimmed}`, and write that group"),
        );
    } else if trimmed.starts_with("system:")
        && !SYSTEM_GROUPS.contains(&trimmed)
        && !trimmed.starts_with("system:bootstrappers:")
    {
        let near = SYSTEM_GROUPS
            .into_iter()
            .find(|known| principal::is_near(trimmed, known));
        report.add(
            Rule::AuthUnknownSystemGroup,
            place,
            format!("Kubernetes has no group `{trimmed}`"),
            near.map_or_else(
                || "write a group without `system:`".to_owned(),
                |near| format!("write `{near}`"),
            ),
        );
    }
}

fn lint_node(report: &mut Report<'_>, item: &Item<'_>) {
    let (name, place) = item.username.unwrap_or(("", item.place));
    let template = name.contains(NODE_TEMPLATE);
    if template && item.list == List::Users {
        return report.add(
            Rule::AuthNodeTemplateForUser,
            place,
            "a user has no session with an instance's id, so it is always refused",
            "write the user's name",
        );
    }
    if item.lost.contains(&"groups") {
        return;
    }
    let (nodes, bootstrappers) = (item.has_group(NODES), item.has_group(BOOTSTRAPPERS));
    if template && !nodes && !bootstrappers && !item.groups.is_empty() {
        report.add(
            Rule::AuthNodeTemplateForPeople,
            place,
            "only a session named by an EC2 instance's id gets in: `SessionName did not contain an instance id`",
            "write `{{SessionName}}` for people and pipelines",
        );
    } else if nodes && !name.starts_with("system:node:") && !item.lost.contains(&"username") {
        report.add(
            Rule::AuthNodeUsername,
            place,
            format!("a member of {NODES} must be called `system:node:NAME`"),
            format!("write `system:node:{NODE_TEMPLATE}`"),
        );
    } else if name.starts_with("system:node:") || template {
        for (is_there, rule, group) in [
            (nodes, Rule::AuthNodeWithoutNodes, NODES),
            (bootstrappers, Rule::AuthNodeWithoutBootstrappers, BOOTSTRAPPERS),
        ] {
            if !is_there {
                report.add(
                    rule,
                    item.place,
                    format!("the mapping of a node lacks the group {group}"),
                    format!("add `- {group}` to its groups"),
                );
            }
        }
    }
}

fn lint_duplicates(report: &mut Report<'_>, roles: &[Item<'_>], users: &[Item<'_>]) {
    let index = |items: &[Item<'_>]| -> BTreeMap<String, (String, Place)> {
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
                        format!("line {} maps it again and wins, so this item does nothing", at.line),
                        "leave one item with all the groups",
                    );
                }
                _ => {
                    if let (List::Users, Some((_, at))) = (item.list, role_index.get(&lower)) {
                        report.add(
                            Rule::AuthDuplicateAcrossLists,
                            place,
                            format!(
                                "mapRoles has it in line {} and wins, so this item does nothing",
                                at.line
                            ),
                            "leave one of them",
                        );
                    }
                }
            }
        }
    }
}

fn lint_accounts(report: &mut Report<'_>, accounts: &[Node]) {
    let is_id = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    for account in accounts {
        match &account.shape {
            Shape::Text(text) if is_id(text) => {}
            Shape::Other(Value::Number(_), text) if text.starts_with('0') => report.add(
                Rule::AuthAccountLeadingZero,
                account.place,
                "the id is read as a number and loses its zero, so it matches nobody",
                format!("write `\"{text}\"`"),
            ),
            Shape::Other(Value::Number(number), text) if is_id(&number.to_string()) => report.add(
                Rule::AuthAccountUnquoted,
                account.place,
                "YAML takes the id for a number",
                format!("write `\"{text}\"`"),
            ),
            Shape::Null => {}
            _ => report.add(
                Rule::AuthAccountInvalid,
                account.place,
                "an account id is twelve digits",
                "write them, in quotes",
            ),
        }
    }
    if let Some(first) = accounts.first() {
        report.add(
            Rule::AuthAccountGroups,
            first.place,
            "every principal of the account gets in, called by its ARN, with no groups",
            "bind roles to the ARNs, or map roles with groups in mapRoles",
        );
    }
}
