//! Bindings and roles that nearly let a known user do what it was refused.
//!
//! A near miss is a difference that, put right, would allow the very request. Those that follow from the names alone come
//! before those that are guessed by likeness; what is guessed is worded so, and named only where nothing is bound to the user
//! for the request's place. Where two differences are left, none is named, and both are evidence.
//!
//! RBAC compares names letter by letter and expands no template (`appliesToUser` in `pkg/registry/rbac/validation/rule.go` of
//! Kubernetes 1.32).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Cause;
use super::Finding;
use super::fix::in_order;
use super::fix::word;
use super::rbac_fix::SERVICE_ACCOUNT;
use super::rbac_fix::create_role;
use super::rbac_fix::least_rights;
use crate::cluster::authorize::entry_of;
use crate::cluster::eks::Cluster;
use crate::cluster::mapping::Identity;
use crate::kube::kinds;
use crate::kube::object::ObjectKey;
use crate::kube::rbac::Binding;
use crate::kube::rbac::CLUSTER_ROLES;
use crate::kube::rbac::PolicyRule;
use crate::kube::rbac::ROLES;
use crate::kube::rbac::Subject;
use crate::kube::rbac::bootstrap;
use crate::kube::rbac::rules_of;
use crate::kube::request_info::Attributes;
use crate::value::log::go_quote;
use crate::value::spelling::differ_by;
use crate::value::user::UserInfo;
use crate::value::wildcard;

/// So many are reported.
const MOST: usize = 4;
/// No name of a person or a group is longer; what is longer is not guessed at.
const LONGEST: usize = 100;

/// A difference that is in the way.
struct Candidate {
    cause: Cause,
    /// Whether it follows from the names, and is not guessed by likeness.
    is_certain: bool,
    /// The same for those that one change puts right.
    key: String,
    sentence: String,
    fact: String,
    fix: String,
}

/// The one near miss; where there is none, or more than one, the facts that are worth a look.
pub(super) fn near_miss(
    user: &UserInfo,
    identity: Option<&Identity>,
    attributes: &Attributes,
    cluster: &Cluster,
) -> Result<Finding, Vec<String>> {
    let mut found = by_subject(user, identity, attributes, cluster);
    found.extend(missing_roles(user, attributes, cluster));
    found.extend(in_other_namespaces(user, attributes, cluster));
    found.extend(not_aggregated(user, attributes, cluster));
    let (certain, guessed): (Vec<_>, Vec<_>) = found.into_iter().partition(|candidate| candidate.is_certain);
    let (candidates, may_be_named) = if certain.is_empty() {
        let has_own = own(user, cluster).any(|binding| binding.rules.is_ok() && is_in_place(binding, attributes));
        // Who is bound to the aggregated role has rights, and that is the point.
        let may_be_named = guessed
            .iter()
            .all(|candidate| candidate.cause == Cause::AggregationLabelMissing)
            || !(has_own || has_policy(user, cluster));
        (guessed, may_be_named)
    } else {
        (certain, true)
    };
    let mut seen = BTreeSet::new();
    let facts = candidates.iter().map(|candidate| candidate.fact.clone());
    let facts: Vec<String> = facts.filter(|fact| seen.insert(fact.clone())).take(MOST).collect();
    let keys: BTreeSet<&str> = candidates.iter().map(|candidate| candidate.key.as_str()).collect();
    match candidates.first() {
        Some(first) if may_be_named && keys.len() == 1 => {
            let finding = Finding::new(first.cause, first.sentence.clone(), first.fix.clone());
            Ok(facts.into_iter().fold(finding, Finding::with))
        }
        _ => Err(facts),
    }
}

fn own<'a>(user: &'a UserInfo, cluster: &'a Cluster) -> impl Iterator<Item = &'a Binding> {
    let bindings = cluster.rbac().bindings().iter();
    bindings.filter(move |binding| binding.subjects.iter().any(|subject| binding.is_for(subject, user)))
}

fn has_policy(user: &UserInfo, cluster: &Cluster) -> bool {
    entry_of(user, cluster).is_some_and(|entry| !entry.policies.is_empty())
}

fn is_in_place(binding: &Binding, attributes: &Attributes) -> bool {
    binding.namespace.is_empty() || (attributes.is_resource && binding.namespace == attributes.namespace)
}

fn allow(rules: &[PolicyRule], attributes: &Attributes) -> bool {
    rules.iter().any(|rule| rule.allows(attributes))
}

fn allows(binding: &Binding, attributes: &Attributes) -> bool {
    binding.rules.as_ref().is_ok_and(|rules| allow(rules, attributes))
}

/// Such as `RoleBinding b in namespace dev`.
fn named(binding: &Binding) -> String {
    match binding.namespace.as_str() {
        "" => format!("ClusterRoleBinding {}", binding.name),
        namespace => format!("RoleBinding {} in namespace {namespace}", binding.name),
    }
}

/// What stands behind `kubectl VERB` for a binding.
fn typed(binding: &Binding) -> String {
    let name = word(&binding.name);
    match binding.namespace.as_str() {
        "" => format!("clusterrolebinding {name}"),
        namespace => format!("rolebinding {name} -n {}", word(namespace)),
    }
}

/// What is wrong with a subject.
struct Miss {
    cause: Cause,
    is_certain: bool,
    /// Why the two are not the same to RBAC.
    why: String,
    kind: &'static str,
    name: String,
}

impl Miss {
    fn new(cause: Cause, is_certain: bool, kind: &'static str, name: &str, why: impl Into<String>) -> Self {
        Self {
            cause,
            is_certain,
            why: why.into(),
            kind,
            name: name.to_owned(),
        }
    }

    /// As `kubectl create` and `kubectl set subject` want it.
    fn option(&self) -> String {
        match self.kind {
            "Group" => format!("--group={}", word(&self.name)),
            "ServiceAccount" => format!("--serviceaccount={}", word(&self.name)),
            _ => format!("--user={}", word(&self.name)),
        }
    }
}

/// Bindings that would allow it, were one of their subjects the user.
fn by_subject(
    user: &UserInfo,
    identity: Option<&Identity>,
    attributes: &Attributes,
    cluster: &Cluster,
) -> Vec<Candidate> {
    let taken = taken(cluster);
    let mut found = Vec::new();
    for binding in cluster.rbac().bindings() {
        let is_own = || binding.subjects.iter().any(|subject| binding.is_for(subject, user));
        if !is_in_place(binding, attributes) || is_own() || !allows(binding, attributes) {
            continue;
        }
        for subject in &binding.subjects {
            let Some(miss) = miss(subject, binding, user, identity, &taken, cluster) else {
                continue;
            };
            let written = format!("{} {}", subject.kind, go_quote(&subject.name));
            let meant = format!("{} {}", miss.kind, go_quote(&miss.name));
            let sentence = if miss.is_certain {
                format!(
                    "forbidden: {} would allow this, but its subject is {written}, and the caller has {meant}: {}",
                    named(binding),
                    miss.why
                )
            } else {
                format!(
                    "forbidden: nothing that holds here is bound to {meant}; {} would allow this, and its subject {written} may be meant for \
                     it: {}",
                    named(binding),
                    miss.why
                )
            };
            let add = format!("`kubectl set subject {} {}`", typed(binding), miss.option());
            let fix = match miss.cause {
                Cause::SubjectHoldsTemplate => {
                    let commands = in_order(&least_rights(user, attributes, cluster));
                    format!(
                        "templates are expanded in mappings only: bind a group of the mapping, or the name that the session has: \
                         {commands}"
                    )
                }
                _ if miss.is_certain => add,
                _ => format!("if it is meant so: {add}"),
            };
            found.push(Candidate {
                cause: miss.cause,
                is_certain: miss.is_certain,
                // Of what is certain, each puts it right; of what is guessed, one may be meant.
                key: if miss.is_certain {
                    format!("{} {meant}", miss.cause.id())
                } else {
                    format!("{} {written} {meant}", miss.cause.id())
                },
                sentence,
                fact: format!("{} has the subject {written}; the caller has {meant}", named(binding)),
                fix,
            });
        }
    }
    found
}

/// The names that mappings give, which are somebody's.
fn taken(cluster: &Cluster) -> BTreeSet<String> {
    let aws_auth = cluster.aws_auth();
    let items = aws_auth.roles().iter().chain(aws_auth.users());
    let by_items = items.flat_map(|item| item.groups.iter().chain([&item.username]).cloned());
    let entries = cluster.access_entries().iter();
    let by_entries = entries.flat_map(|entry| {
        entry
            .groups
            .iter()
            .chain([&entry.username])
            .cloned()
            .collect::<Vec<_>>()
    });
    by_items.chain(by_entries).collect()
}

/// In what way the subject nearly names the user. The binding has no subject that does.
fn miss(
    subject: &Subject,
    binding: &Binding,
    user: &UserInfo,
    identity: Option<&Identity>,
    taken: &BTreeSet<String>,
    cluster: &Cluster,
) -> Option<Miss> {
    let name = subject.name.as_str();
    let username = user.username.as_str();
    let own_groups = || {
        user.groups
            .iter()
            .map(String::as_str)
            .filter(|group| !group.starts_with("system:"))
    };
    let kind = match subject.kind.as_str() {
        "User" => "User",
        "Group" => "Group",
        "ServiceAccount" => return account_for_person(subject, binding, user, cluster),
        _ => return None,
    };
    if let Some(account) = username.strip_prefix(SERVICE_ACCOUNT) {
        let (_, short) = account.split_once(':')?;
        let is_meant = name == account || name.split_once('/') == account.split_once(':') || name == short;
        let why = "a service account is bound by the kind ServiceAccount and its namespace";
        return is_meant.then(|| Miss::new(Cause::SubjectKindWrong, name != short, "ServiceAccount", account, why));
    }
    if name.contains("{{") {
        let why = "RBAC expands no templates";
        let meant = match kind {
            "User" => stands_for(name, username, identity).then_some(username),
            _ => own_groups().find(|group| stands_for(name, group, identity)),
        }?;
        return Some(Miss::new(Cause::SubjectHoldsTemplate, true, kind, meant, why));
    }
    if kind == "User" && own_groups().any(|group| group == name) {
        let why = "a group is bound by the kind Group";
        let is_certain = !cluster_has_user(name, cluster);
        return Some(Miss::new(Cause::SubjectKindWrong, is_certain, "Group", name, why));
    }
    if kind == "Group" && name == username {
        let why = "a user is bound by the kind User";
        return Some(Miss::new(Cause::SubjectKindWrong, true, "User", name, why));
    }
    let is_principal = identity.is_some_and(|identity| {
        name == identity.canonical_arn || name == identity.arn || is_role_with_path(name, &identity.canonical_arn)
    });
    if is_principal {
        let why = "the subject is the ARN in IAM; RBAC compares the username that the mapping gives";
        return Some(Miss::new(Cause::SubjectMisspelled, true, "User", username, why));
    }
    if taken.contains(name) || name.starts_with("system:") {
        return None;
    }
    let of_kind: Vec<&str> = if kind == "User" {
        vec![username]
    } else {
        own_groups().collect()
    };
    let letters = of_kind.iter().find_map(|own| Some((*own, exact(name, own)?)));
    if let Some((own, why)) = letters {
        return Some(Miss::new(Cause::SubjectMisspelled, true, kind, own, why));
    }
    if kind == "User" && identity.is_some_and(|identity| identity.canonical_arn.rsplit('/').next() == Some(name)) {
        let why = "it is the principal's name in IAM; RBAC compares the username that the mapping gives";
        return Some(Miss::new(Cause::SubjectMisspelled, false, "User", username, why));
    }
    let like = of_kind.into_iter().find(|own| is_like(name, own))?;
    let why = "the names are alike, and RBAC compares them letter by letter";
    Some(Miss::new(Cause::SubjectMisspelled, false, kind, like, why))
}

/// Whether a mapping gives that username.
fn cluster_has_user(name: &str, cluster: &Cluster) -> bool {
    let aws_auth = cluster.aws_auth();
    let mut items = aws_auth.roles().iter().chain(aws_auth.users());
    items.any(|item| item.username == name) || cluster.access_entries().iter().any(|entry| entry.username == name)
}

/// A service account that is bound where a person or its group may be meant: none of that name is there.
fn account_for_person(subject: &Subject, binding: &Binding, user: &UserInfo, cluster: &Cluster) -> Option<Miss> {
    const WHY: &str = "a service account is no user of a mapping, and no group";
    let name = subject.name.as_str();
    let namespace = binding.namespace_of(subject);
    if let Some((own_namespace, own_name)) = user
        .username
        .strip_prefix(SERVICE_ACCOUNT)
        .and_then(|own| own.split_once(':'))
    {
        // Every namespace has one named default.
        let is_other = name == own_name && namespace != own_namespace && name != "default";
        let key = ObjectKey::new("serviceaccounts", namespace, name);
        let own = format!("{own_namespace}:{own_name}");
        let why = format!("the subject's namespace is {namespace}, and the caller's is {own_namespace}");
        return (is_other && cluster.objects().find(&key).is_none())
            .then(|| Miss::new(Cause::SubjectMisspelled, false, "ServiceAccount", &own, why));
    }
    if cluster
        .objects()
        .find(&ObjectKey::new("serviceaccounts", namespace, name))
        .is_some()
    {
        return None;
    }
    if name == user.username {
        return Some(Miss::new(Cause::SubjectKindWrong, false, "User", name, WHY));
    }
    let is_group = user.groups.iter().any(|group| group == name);
    is_group.then(|| Miss::new(Cause::SubjectKindWrong, false, "Group", name, WHY))
}

/// Whether a template that was left in a subject renders to the name.
fn stands_for(template: &str, name: &str, identity: Option<&Identity>) -> bool {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        pattern.push_str(before);
        pattern.push('*');
        let Some((_, after)) = behind.split_once("}}") else {
            return false;
        };
        rest = after;
    }
    pattern.push_str(rest);
    if pattern.chars().all(|c| c == '*') {
        // It would be anybody.
        let session = identity.map_or("", |identity| identity.session_name.as_str());
        return !session.is_empty() && (name == session || name == session.replace('@', "-"));
    }
    wildcard::matches(&pattern, name)
}

/// Whether a role's ARN with its path is of the same role as the canonical one.
fn is_role_with_path(name: &str, canonical: &str) -> bool {
    let parts = |arn: &str| {
        let (before, rest) = arn.split_once(":role/")?;
        Some((
            before.to_owned(),
            rest.rsplit('/').next().unwrap_or_default().to_owned(),
        ))
    };
    parts(name).is_some_and(|name| parts(canonical) == Some(name))
}

/// In what the name differs from the caller's own, where that leaves no doubt.
fn exact(name: &str, own: &str) -> Option<&'static str> {
    if name == own {
        None
    } else if name.eq_ignore_ascii_case(own) {
        Some("they differ in the case of letters, which counts")
    } else if name.trim() == own.trim() {
        Some("they differ in white space, which counts")
    } else if name.replace('@', "-") == own.replace('@', "-") {
        Some("they differ in @ and -, which count")
    } else if name.replace('_', "-") == own.replace('_', "-") && name.len() > 3 {
        Some("they differ in _ and -, which count")
    } else {
        None
    }
}

/// Whether one name may have been meant for the other: a few letters apart, or longer by a word.
fn is_like(a: &str, b: &str) -> bool {
    if a.len().max(b.len()) > LONGEST || a.contains("://") || a.starts_with("arn:") || b.starts_with("arn:") {
        return false;
    }
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    let is_apart = |rest: &str, at_end: bool| {
        let next = if at_end {
            rest.chars().next()
        } else {
            rest.chars().next_back()
        };
        next.is_some_and(|c| "-_:./".contains(c))
    };
    let is_longer = short.len() >= 2
        && (long
            .strip_prefix(short.as_str())
            .is_some_and(|rest| is_apart(rest, true))
            || long
                .strip_suffix(short.as_str())
                .is_some_and(|rest| is_apart(rest, false)));
    let letters = match short.chars().count() {
        0..=2 => return is_longer && !is_numbered(short, long),
        3..=5 => 1,
        _ => 2,
    };
    (is_longer || differ_by(letters, &a, &b)) && !is_numbered(&a, &b)
}

/// Whether two names differ in numbers, or in a word of one or two letters: such are told apart on purpose (`team-a`, `team-b`).
fn is_numbered(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(a) != digits(b) {
        return true;
    }
    let words = |text: &str| -> Vec<String> { text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect() };
    let (a, b) = (words(a), words(b));
    a.len() == b.len()
        && a.iter()
            .zip(&b)
            .any(|(left, right)| left != right && left.len().max(right.len()) <= 2)
}

/// Bindings of the user to a role that is not there.
fn missing_roles(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Vec<Candidate> {
    let missing = own(user, cluster).filter(|binding| is_in_place(binding, attributes) && binding.rules.is_err());
    missing
        .map(|binding| {
            let (kind, name) = (binding.role_ref.kind.as_str(), binding.role_ref.name.as_str());
            let (elsewhere, other_kind) = role_elsewhere(binding, attributes, cluster);
            let fix = match other_kind {
                // The roleRef of a binding cannot be changed.
                Some(option) => format!(
                    "`kubectl delete {}` and `kubectl create {}{} --{option}={}`",
                    typed(binding),
                    typed(binding),
                    subject_options(binding),
                    word(name)
                ),
                None => {
                    let namespace = if kind == "Role" { binding.namespace.as_str() } else { "" };
                    format!("`{}`", create_role(kind, name, namespace, attributes))
                }
            };
            let place = match (kind, binding.namespace.as_str()) {
                ("Role", namespace) => format!(" in namespace {namespace}"),
                _ => String::new(),
            };
            Candidate {
                cause: Cause::RoleNotFound,
                is_certain: true,
                key: format!("role {kind} {name}{place}"),
                sentence: format!(
                    "forbidden: {} binds the caller to {kind} {name}, and there is no such {kind}{place}",
                    named(binding)
                ),
                fact: format!(
                    "{} refers to {kind} {name}{place}, which is not there{elsewhere}",
                    named(binding)
                ),
                fix,
            }
        })
        .collect()
}

/// Where a role of that name is, in words; and the option for a ClusterRole, where that is it and it allows the request, or for
/// a Role of the binding's own namespace.
fn role_elsewhere(binding: &Binding, attributes: &Attributes, cluster: &Cluster) -> (String, Option<&'static str>) {
    let name = binding.role_ref.name.as_str();
    let find = |resource: &str, namespace: &str| {
        let role = cluster.objects().find(&ObjectKey::new(resource, namespace, name));
        role.map(|role| allow(&rules_of(role), attributes))
    };
    if binding.role_ref.kind == "Role" {
        if let Some(allows) = find(CLUSTER_ROLES, "") {
            return (format!("; a ClusterRole {name} is"), allows.then_some("clusterrole"));
        }
        let mut others = cluster.objects().kept(ROLES).filter(|(key, _)| key.name == name);
        return match others.next() {
            Some((key, _)) => (format!("; namespace {} has a Role of that name", key.namespace), None),
            None => (String::new(), None),
        };
    }
    match find(ROLES, &binding.namespace) {
        Some(allows) => (
            format!("; namespace {} has a Role of that name", binding.namespace),
            (allows && !binding.namespace.is_empty()).then_some("role"),
        ),
        None => (String::new(), None),
    }
}

/// The subjects of a binding as `kubectl create` wants them.
fn subject_options(binding: &Binding) -> String {
    let options = binding.subjects.iter().map(|subject| match subject.kind.as_str() {
        "Group" => format!(" --group={}", word(&subject.name)),
        "ServiceAccount" => format!(
            " --serviceaccount={}",
            word(&format!("{}:{}", binding.namespace_of(subject), subject.name))
        ),
        _ => format!(" --user={}", word(&subject.name)),
    });
    options.collect()
}

/// Bindings of the user that would allow it, did they hold in the request's namespace. Only where nothing of the user does:
/// who has rights there lacks a rule.
fn in_other_namespaces(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Vec<Candidate> {
    if has_policy(user, cluster)
        || !attributes.is_resource
        || own(user, cluster).any(|binding| is_in_place(binding, attributes))
        || (attributes.namespace.is_empty() && scope_of(attributes) != Some(true))
    {
        return Vec::new();
    }
    let elsewhere = own(user, cluster).filter(|binding| allows(binding, attributes));
    let elsewhere: Vec<&Binding> = elsewhere.collect();
    let namespaces: BTreeSet<&str> = elsewhere.iter().map(|binding| binding.namespace.as_str()).collect();
    let listed = namespaces.iter().copied().take(MOST).collect::<Vec<_>>().join(", ");
    let (asked, other) = if attributes.namespace.is_empty() {
        ("all namespaces".to_owned(), "the whole cluster".to_owned())
    } else {
        let namespace = format!("namespace {}", attributes.namespace);
        (namespace.clone(), namespace)
    };
    let commands = in_order(&least_rights(user, attributes, cluster));
    elsewhere
        .into_iter()
        .map(|binding| Candidate {
            cause: Cause::BindingInOtherNamespace,
            is_certain: true,
            key: Cause::BindingInOtherNamespace.id().to_owned(),
            sentence: format!(
                "forbidden: {} may do this in namespace {listed}, and the request is for {asked}",
                user.username
            ),
            fact: format!(
                "{}, to {} {}, holds in that namespace only",
                named(binding),
                binding.role_ref.kind,
                binding.role_ref.name
            ),
            fix: format!("ask with `-n {}`; or, for {other}: {commands}", binding.namespace),
        })
        .collect()
}

/// Whether the requested resource stands in namespaces; nothing of custom resources.
pub(super) fn scope_of(attributes: &Attributes) -> Option<bool> {
    let mut known = kinds::built_in().iter();
    known
        .find(|kind| *kind.group == *attributes.api_group && *kind.plural == *attributes.resource)
        .map(|kind| kind.namespaced)
}

/// ClusterRoles that allow it, and lack the label by which an aggregated ClusterRole of the user would have their rules.
fn not_aggregated(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Vec<Candidate> {
    let mut found = Vec::new();
    for binding in own(user, cluster).filter(|binding| is_in_place(binding, attributes)) {
        if binding.role_ref.kind != "ClusterRole" {
            continue;
        }
        let name = binding.role_ref.name.as_str();
        let Some(aggregated) = cluster.objects().find(&ObjectKey::new(CLUSTER_ROLES, "", name)) else {
            continue;
        };
        let selectors = aggregated
            .pointer("/aggregationRule/clusterRoleSelectors")
            .and_then(Value::as_array);
        for selector in selectors.into_iter().flatten() {
            let wanted = selector.get("matchLabels").and_then(Value::as_object);
            for (label, value) in wanted.into_iter().flatten() {
                let Some(value) = value.as_str() else { continue };
                found.extend(without_label(name, (label.as_str(), value), attributes, cluster));
            }
        }
    }
    found
}

/// The ClusterRoles that are nobody's own, allow the request and have not the label.
fn without_label(
    aggregated: &str,
    (label, value): (&str, &str),
    attributes: &Attributes,
    cluster: &Cluster,
) -> Vec<Candidate> {
    let born: BTreeSet<&ObjectKey> = bootstrap::shared().iter().map(|shared| &shared.key).collect();
    let roles = cluster.objects().kept(CLUSTER_ROLES);
    let mut found = Vec::new();
    for (key, role) in roles.filter(|(key, _)| !born.contains(key)) {
        let role = role.peek();
        let labels = role.pointer("/metadata/labels").and_then(Value::as_object);
        let has = labels.and_then(|labels| labels.get(label)).and_then(Value::as_str);
        let aggregates_elsewhere = labels.into_iter().flatten().any(|(other, value)| {
            other.starts_with("rbac.authorization.k8s.io/aggregate-to-") && value.as_str() == Some("true")
        });
        if has == Some(value)
            || (has.is_none() && aggregates_elsewhere)
            || role.get("aggregationRule").is_some_and(Value::is_object)
            || !allow(&rules_of(role), attributes)
        {
            continue;
        }
        // Without the label it may be bound by itself, for others, or be meant for no aggregation at all.
        let is_bound = || {
            let mut bindings = cluster.rbac().bindings().iter();
            bindings.any(|binding| binding.role_ref.kind == "ClusterRole" && binding.role_ref.name == key.name)
        };
        if has.is_none() && (!key.name.contains(aggregated) || is_bound()) {
            continue;
        }
        let state = match has {
            Some(other) => format!("is {}", go_quote(other)),
            None => "is not there".to_owned(),
        };
        found.push(Candidate {
            cause: Cause::AggregationLabelMissing,
            is_certain: has.is_some(),
            key: format!("label {label} {}", key.name),
            sentence: format!(
                "forbidden: ClusterRole {} has the rule, {} ClusterRole {aggregated}, to which the caller is bound, {} it: its \
                 label {label} {state}, and {} wants {}",
                key.name,
                if has.is_some() { "but" } else { "and may be meant for" },
                if has.is_some() { "does not get" } else { "which lacks" },
                aggregated,
                go_quote(value)
            ),
            fact: format!("ClusterRole {} allows this; its label {label} {state}", key.name),
            fix: format!(
                "`kubectl label clusterrole {} {label}={value} --overwrite`",
                word(&key.name)
            ),
        });
    }
    found
}
