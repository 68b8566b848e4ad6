//! Whether a user holds the rules that it is about to grant.
//!
//! Source: `component-helpers/auth/rbac/validation/policy_comparator.go`, and `ConfirmNoEscalation` and `CompactRules` in
//! `pkg/registry/rbac/validation` of Kubernetes 1.32. FIDELITY: rules that stand for more than [`MAX_PARTS`] permissions are
//! refused to whoever does not hold them as they are; upstream compares as many as there are.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::PolicyRule;
use super::RESOURCE_SUFFIX;
use super::RbacIndex;
use super::joined;
use super::rule::covers;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;

/// A rule of a thousand verbs on a thousand resources is a million permissions, in a request of a few KiB. No request
/// grants more; what is missing of so many would be a text of some MiB.
const MAX_PARTS: usize = 50_000;
/// So many entries of rules are compared for one request: well below a second.
const MAX_COMPARISONS: usize = 200_000_000;

/// Why the user may not grant the rules in the namespace (empty for the whole cluster); nothing where it holds them all.
///
/// `resource` is what the request writes: the storage names it where it misses a role, whatever that role's kind.
#[must_use]
pub fn missing_rights(
    index: &RbacIndex,
    user: &UserInfo,
    namespace: &str,
    granted: &[PolicyRule],
    resource: &str,
) -> Option<String> {
    let held = index.rules_for(user, namespace);
    let entries_held = held.rules.iter().map(|rule| entries(rule)).sum::<usize>();
    let is_too_much = |count: usize| count.saturating_mul(entries_held) > MAX_COMPARISONS;
    let too_much = || {
        format!(
            "user {} (groups={}) is attempting to grant too many RBAC permissions at once to compare them with those currently held",
            go_quote(&user.username),
            quoted(&user.groups)
        )
    };
    if is_too_much(granted.iter().map(entries).sum()) {
        return Some(too_much());
    }
    // What one rule holds as a whole need not be taken apart.
    let is_held = |part: &PolicyRule| held.rules.iter().any(|rule| holds(rule, part));
    let open: Vec<&PolicyRule> = granted.iter().filter(|rule| !is_held(rule)).collect();
    let parts = open.iter().map(|rule| parts_of(rule)).fold(0, usize::saturating_add);
    if parts > MAX_PARTS || is_too_much(parts) {
        return Some(too_much());
    }
    let missing: Vec<PolicyRule> = open
        .into_iter()
        .flat_map(broken_down)
        .filter(|part| !is_held(part))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let described: BTreeSet<String> = compacted(missing).iter().map(describe).collect();
    let mut why = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        go_quote(&user.username),
        quoted(&user.groups),
        described.into_iter().collect::<Vec<_>>().join("\n")
    );
    if !held.errors.is_empty() {
        let errors: Vec<String> = held
            .errors
            .iter()
            .map(|error| match error.split_once(&format!("role{RESOURCE_SUFFIX} ")) {
                Some((_, rest)) => format!("{resource}{RESOURCE_SUFFIX} {rest}"),
                None => error.clone(),
            })
            .collect();
        let errors: Vec<&str> = errors.iter().map(String::as_str).collect();
        why.push_str(&format!("; resolution errors: [{}]", joined(&errors)));
    }
    Some(why)
}

/// How many parts [`broken_down`] makes of a rule.
fn parts_of(rule: &PolicyRule) -> usize {
    let lengths = [&rule.api_groups, &rule.resources].map(Vec::len);
    let objects = lengths
        .into_iter()
        .fold(rule.resource_names.len().max(1), usize::saturating_mul);
    objects
        .saturating_add(rule.non_resource_urls.len())
        .saturating_mul(rule.verbs.len())
}

/// How many entries all lists of a rule have together, and one for the rule.
fn entries(rule: &PolicyRule) -> usize {
    let lists = [
        &rule.verbs,
        &rule.api_groups,
        &rule.resources,
        &rule.resource_names,
        &rule.non_resource_urls,
    ];
    lists.into_iter().map(Vec::len).sum::<usize>() + 1
}

/// Rules of one verb on one resource, or one object, or one path.
fn broken_down(rule: &PolicyRule) -> Vec<PolicyRule> {
    let mut parts = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let part = |names: Vec<String>| PolicyRule {
                    verbs: vec![verb.clone()],
                    api_groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    resource_names: names,
                    ..PolicyRule::default()
                };
                if rule.resource_names.is_empty() {
                    parts.push(part(Vec::new()));
                }
                parts.extend(rule.resource_names.iter().map(|name| part(vec![name.clone()])));
            }
        }
    }
    for url in &rule.non_resource_urls {
        for verb in &rule.verbs {
            parts.push(PolicyRule {
                verbs: vec![verb.clone()],
                non_resource_urls: vec![url.clone()],
                ..PolicyRule::default()
            });
        }
    }
    parts
}

/// Whether the rule allows all that one of [`broken_down`]'s parts does.
fn holds(rule: &PolicyRule, part: &PolicyRule) -> bool {
    let has_all = |held: &[String], wanted: &[String]| {
        held.iter().any(|entry| entry == "*") || wanted.iter().all(|entry| held.contains(entry))
    };
    let covers_resource = |resource: &String| {
        rule.resources.iter().any(|held| held == "*" || held == resource)
            || resource
                .split_once('/')
                .is_some_and(|(_, subresource)| rule.resources.contains(&format!("*/{subresource}")))
    };
    let covers_names = rule.resource_names.is_empty()
        || (!part.resource_names.is_empty()
            && part
                .resource_names
                .iter()
                .all(|name| rule.resource_names.contains(name)));
    let covers_url = |url: &String| rule.non_resource_urls.iter().any(|held| covers(held, url));
    has_all(&rule.verbs, &part.verbs)
        && has_all(&rule.api_groups, &part.api_groups)
        && part.resources.iter().all(covers_resource)
        && covers_names
        && part.non_resource_urls.iter().all(covers_url)
}

/// The verbs on one resource, or one object, brought together.
fn compacted(parts: Vec<PolicyRule>) -> Vec<PolicyRule> {
    let mut by_resource: BTreeMap<[Vec<String>; 3], PolicyRule> = BTreeMap::new();
    let mut compacted = Vec::new();
    for part in parts {
        if part.resources.is_empty() {
            compacted.push(part);
            continue;
        }
        let about = [&part.api_groups, &part.resources, &part.resource_names].map(Clone::clone);
        by_resource
            .entry(about)
            .and_modify(|rule| rule.verbs.extend(part.verbs.iter().cloned()))
            .or_insert(part);
    }
    compacted.extend(by_resource.into_values());
    compacted
}

/// Such as `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}` (`CompactString`).
fn describe(rule: &PolicyRule) -> String {
    let parts: Vec<String> = [
        ("APIGroups", &rule.api_groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.non_resource_urls),
        ("ResourceNames", &rule.resource_names),
        ("Verbs", &rule.verbs),
    ]
    .into_iter()
    .filter(|(_, list)| !list.is_empty())
    .map(|(name, list)| format!("{name}:{}", quoted(list)))
    .collect();
    format!("{{{}}}", parts.join(", "))
}

/// As Go's `%q` prints a slice of strings.
fn quoted(list: &[String]) -> String {
    let list: Vec<String> = list.iter().map(|entry| go_quote(entry)).collect();
    format!("[{}]", list.join(" "))
}
