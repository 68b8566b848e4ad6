//! Lists of mappings by the names that modules of Terraform and charts of helm give them.
//!
//! Source of the names: `variables.tf` of terraform-aws-modules/eks (17: `map_roles`; 18 and 19, and the submodule `aws-auth` of
//! 20: `aws_auth_roles`; since 20: `access_entries`) and of cloudposse/eks-cluster (`map_additional_iam_roles`,
//! `access_entry_map`).

use super::Form;
use super::Lists;
use super::entry;
use super::entry::OPEN;
use super::entry::Policies;
use super::member;
use super::resolve;
use super::terraform::MAP_NAMES;
use super::terraform::MODULE_NAMES;
use super::terraform::NAMES;
use crate::explain::lint::FileKind;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Reading;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

const ROLES: [&str; 5] = [
    "aws_auth_roles",
    "map_additional_iam_roles",
    "map_roles",
    "mapRoles",
    "aws_auth_additional_roles",
];
const USERS: [&str; 4] = ["aws_auth_users", "map_additional_iam_users", "map_users", "mapUsers"];
const ACCOUNTS: [&str; 4] = [
    "aws_auth_accounts",
    "map_additional_aws_accounts",
    "map_accounts",
    "mapAccounts",
];
/// The module whose entries have these keys and no others.
const MODULE: &str = "terraform-aws-modules/eks";
const ENTRIES: [&str; 2] = ["access_entries", "access_entry_map"];
const MODES: [&str; 2] = ["authentication_mode", "access_config_authentication_mode"];

/// Whether a key is that of such a list.
pub(crate) fn is_name(key: &str) -> bool {
    [
        ROLES.as_slice(),
        USERS.as_slice(),
        ACCOUNTS.as_slice(),
        ENTRIES.as_slice(),
    ]
    .into_iter()
    .any(|names| names.contains(&key))
}

/// Looks for them among the entries of a map, and in the maps below. The depth is that of the text, which its reader bounds.
pub(super) fn collect(form: &mut Form, source: &Source, entries: &[MapEntry]) {
    let of = |names: &[&str], reading: Reading| {
        let entry = entries.iter().rev().find(|entry| names.contains(&entry.key.as_str()))?;
        Some(MapEntry {
            key: entry.key.clone(),
            place: entry.place,
            value: resolve(&entry.value, source, reading),
        })
    };
    let accounts = of(&ACCOUNTS, Reading::Strings).map(|entry| accounts_of(form.kind, entry));
    let lists = Lists {
        roles: of(&ROLES, Reading::Items),
        users: of(&USERS, Reading::Items),
        accounts,
    };
    let found_entries = entries.iter().rev().find(|entry| ENTRIES.contains(&entry.key.as_str()));
    if let Some(found) = found_entries {
        let is_of_module = |entry: &MapEntry| {
            entry.key == "source" && entry.value.text().is_some_and(|source| source.contains(MODULE))
        };
        access_entries(form, found, entries.iter().any(is_of_module));
    }
    let mode = entries.iter().find(|entry| MODES.contains(&entry.key.as_str()));
    if let Some(mode) = mode {
        let is_filled = |node: &Node| !node.entries().is_empty() || !node.list().is_empty();
        let has_entries = found_entries.is_some_and(|entry| is_filled(&entry.value));
        let has_lists = [&lists.roles, &lists.users]
            .into_iter()
            .flatten()
            .any(|entry| is_filled(&entry.value));
        // Other programs have modes of that name, too.
        if has_entries || has_lists {
            form.mode(&mode.value, has_entries, has_lists);
        }
    }
    form.push(lists);
    for entry in entries.iter().filter(|entry| !is_name(&entry.key)) {
        collect_below(form, source, &entry.value);
    }
}

fn collect_below(form: &mut Form, source: &Source, node: &Node) {
    match &node.shape {
        Shape::Map(entries) => collect(form, source, entries),
        Shape::List(items) => items.iter().for_each(|item| collect_below(form, source, item)),
        _ => {}
    }
}

/// A variable of that name with its default, or a list of that name alone.
pub(super) fn named(form: &mut Form, source: &Source, key: &MapEntry) {
    collect(form, source, std::slice::from_ref(key));
}

fn access_entries(form: &mut Form, found: &MapEntry, is_of_module: bool) {
    let is_by_arn = found.key == "access_entry_map";
    let names = match (is_by_arn, is_of_module) {
        (true, _) => &MAP_NAMES,
        (false, true) => &MODULE_NAMES,
        (false, false) => &NAMES,
    };
    let policies = |item: &Node| {
        if is_by_arn && item.entry("access_policy_associations").is_some() {
            Policies::Elsewhere
        } else {
            Policies::Inside
        }
    };
    let before = form.entries.len();
    match &found.value.shape {
        Shape::Map(entries) => {
            for item in entries.iter().filter(|item| item.key != OPEN) {
                let policies = policies(&item.value);
                entry::add(form, &item.value, names, policies, is_by_arn.then_some(item));
            }
        }
        Shape::List(items) => {
            for item in items {
                // Of a list, the policies stand in another one.
                entry::add(form, item, names, Policies::Elsewhere, None);
            }
        }
        _ => {}
    }
    // Each map is of a cluster, of which only the module knows the name.
    let cluster = format!("{}:{}", found.place.line, found.place.column);
    for node in form.entries.iter_mut().skip(before) {
        if let Shape::Map(fields) = &mut node.shape
            && fields.iter().all(|field| field.key != "clusterName")
        {
            let name = Node::made(found.place, Shape::Text(cluster.clone()));
            fields.push(member("clusterName", name));
        }
    }
}

/// Terraform makes strings of the numbers in a list of strings.
fn accounts_of(kind: FileKind, entry: MapEntry) -> MapEntry {
    let Shape::List(items) = &entry.value.shape else {
        return entry;
    };
    if kind != FileKind::Terraform {
        return entry;
    }
    let items = items.iter().map(|item| match &item.shape {
        Shape::Other(_, text) => Node::made(item.place, Shape::Text(text.clone())),
        _ => item.clone(),
    });
    MapEntry {
        value: Node::made(entry.value.place, Shape::List(items.collect())),
        ..entry
    }
}
