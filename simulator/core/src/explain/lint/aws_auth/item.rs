//! An item of mapRoles or mapUsers, decoded as the authenticator does.

use std::collections::BTreeMap;

use super::GROUP_ARN;
use super::List;
use super::arn::lint_arn;
use super::mapping::MappingItem;
use super::name::lint_names;
use super::name::lint_node;
use crate::explain::lint::Report;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Place;
use crate::explain::lint::tree::Shape;
use crate::value::user::SYSTEM_MASTERS;

/// So many may be in system:masters before it is worth a word.
const MASTERS_LIMIT: usize = 5;

pub(super) fn lint_items<'a>(report: &mut Report<'_>, nodes: &'a [Node], list: List) -> Vec<MappingItem<'a>> {
    let mut items = Vec::new();
    for node in nodes {
        match &node.shape {
            Shape::Map(entries) => {
                let item = read_item(report, node.place, entries, list);
                lint_item(report, &item);
                items.push(item);
            }
            Shape::Unknown => {}
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

fn read_item<'a>(report: &mut Report<'_>, place: Place, entries: &'a [MapEntry], list: List) -> MappingItem<'a> {
    let mut item = MappingItem {
        list,
        place,
        arn: None,
        sso: None,
        username: None,
        groups: Vec::new(),
        lost: Vec::new(),
    };
    // On its way to JSON the item's keys are sorted, equal ones overwritten; decoding disregards case, so the last wins.
    let mut sorted: Vec<&MapEntry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.key.cmp(&b.key));
    let keys: Vec<String> = sorted.iter().map(|entry| entry.key.to_lowercase()).collect();
    let last: BTreeMap<&str, usize> = (0..).zip(&keys).map(|(at, key)| (key.as_str(), at)).collect();
    let has_own = last.contains_key(list.arn_key());
    for ((at, entry), key) in (0_usize..).zip(&sorted).zip(&keys) {
        let known = key == list.arn_key()
            || matches!(key.as_str(), "username" | "groups")
            || (key == "sso" && list == List::Roles);
        if !known {
            misspelled(report, &mut item, entry, has_own);
            continue;
        }
        let winner = last.get(key.as_str()).filter(|last| **last != at);
        if let Some(winner) = winner.and_then(|winner| sorted.get(*winner)) {
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

fn misspelled(report: &mut Report<'_>, item: &mut MappingItem<'_>, entry: &MapEntry, has_own: bool) {
    let (key, list) = (entry.key.as_str(), item.list);
    if !has_own && key.eq_ignore_ascii_case(list.other().arn_key()) {
        item.lost.push(list.arn_key());
        report.add(
            Rule::AuthItemInWrongList,
            entry.place,
            format!("{} wants `{}`, so the item is dropped", list.key(), list.arn_key()),
            format!("move the item to {}", list.other().key()),
        );
        return;
    }
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_lowercase();
    if plain == GROUP_ARN {
        item.lost.push(list.arn_key());
        report.add(
            Rule::AuthIamGroup,
            entry.place,
            format!("`{key}` is no key, and an IAM group is no principal: the item maps nobody"),
            "remove the item, and map a role that the group's users may assume",
        );
        return;
    }
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
    let fix = match &node.shape {
        Shape::Other(_, text) => format!("write it in quotes: `\"{text}\"`"),
        _ => format!("write {wanted}"),
    };
    report.add(
        Rule::AuthWrongType,
        node.place,
        format!("`{field}` is {}, not {wanted}, so it stays empty", node.kind()),
        fix,
    );
}

fn text<'a>(
    report: &mut Report<'_>,
    entry: &'a MapEntry,
    field: &'static str,
    slot: &mut Option<(&'a str, Place)>,
    lost: &mut Vec<&'static str>,
) {
    match &entry.value.shape {
        Shape::Text(text) => *slot = Some((text, entry.value.place)),
        Shape::Null => {}
        Shape::Unknown => lost.push(field),
        _ => {
            lost.push(field);
            wrong_type(report, &entry.value, field, "a string");
        }
    }
}

fn groups<'a>(report: &mut Report<'_>, entry: &'a MapEntry, item: &mut MappingItem<'a>) {
    match &entry.value.shape {
        Shape::List(nodes) => {
            item.groups.clear();
            for node in nodes {
                match &node.shape {
                    Shape::Text(text) => item.groups.push((text, node.place)),
                    Shape::Null => item.groups.push(("", node.place)),
                    Shape::Unknown => item.lost.push("groups"),
                    _ => {
                        item.lost.push("groups");
                        wrong_type(report, node, "groups", "a string");
                    }
                }
            }
        }
        Shape::Null => item.groups.clear(),
        Shape::Unknown => item.lost.push("groups"),
        _ => {
            item.lost.push("groups");
            let fix = match entry.value.text() {
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
                fix,
            );
        }
    }
}

fn lint_item(report: &mut Report<'_>, item: &MappingItem<'_>) {
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
