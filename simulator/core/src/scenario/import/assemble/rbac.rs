//! The roles and bindings of a ticket as objects of the world, and stand-ins for those that it does not hold.
//!
//! Where a binding's role is not given, the API server's own words tell: it says of a refused request which roles it did not
//! find. A role of which it does not say so is there. Bound to the caller it does not allow the request; bound to others it is
//! taken for one that does, so that a near miss shows.

use serde_json::Value;
use serde_json::json;

use super::super::Finding;
use super::super::facts::Facts;
use super::super::facts::Found;
use super::case::Case;
use super::case::Denial;
use super::case::Request;
use crate::explain::lint::Severity;
use crate::kube::object::ObjectKey;
use crate::kube::object::items;
use crate::kube::object::text;
use crate::kube::rbac::CLUSTER_ROLES;
use crate::kube::rbac::GROUP;
use crate::kube::rbac::ROLES;
use crate::kube::rbac::bootstrap;

/// The manifests, in the order of the ticket.
pub(super) fn objects(facts: &Facts, case: &Case, findings: &mut Vec<Finding>) -> Vec<Value> {
    let request = match &case.denial {
        Denial::Forbidden(request) => Some(request),
        _ => None,
    };
    let mut given: Vec<Found<Value>> = facts
        .rbac
        .iter()
        .map(|found| placed(found, request, findings))
        .collect();
    let parts: Vec<Found<Value>> = given.iter().filter_map(part_of_aggregated).collect();
    given.extend(parts);
    let Some(request) = request else {
        return given.into_iter().map(|found| found.value).collect();
    };
    let mut objects: Vec<Value> = given.iter().map(|found| found.value.clone()).collect();
    for found in given
        .iter()
        .filter(|found| text(&found.value, "/kind").ends_with("Binding"))
    {
        if let Some(role) = stand_in(found, &objects, facts, case, request, findings) {
            objects.push(role);
        }
    }
    for (kind, name) in &request.missing {
        let is_bound = |object: &Value| {
            text(object, "/roleRef/kind").eq_ignore_ascii_case(kind) && text(object, "/roleRef/name") == name
        };
        if !objects.iter().any(is_bound) {
            findings.push(case.place.finding(
                Severity::Note,
                format!("a binding of the caller refers to {kind} {name}, which is not there; the binding is made up"),
                "give the bindings: kubectl get rolebindings,clusterrolebindings -A -o yaml",
            ));
            objects.push(binding_to(kind, name, request));
        }
    }
    objects
}

/// With a namespace: that of the request, where the text says none.
fn placed(found: &Found<Value>, request: Option<&Request>, findings: &mut Vec<Finding>) -> Found<Value> {
    let mut found = found.clone();
    let (kind, name) = (
        text(&found.value, "/kind").to_owned(),
        text(&found.value, "/metadata/name").to_owned(),
    );
    if kind.starts_with("Cluster") || !text(&found.value, "/metadata/namespace").is_empty() {
        return found;
    }
    let namespace = request.map_or("", |request| request.namespace.as_str());
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    findings.push(found.place.finding(
        Severity::Note,
        format!("the namespace of {kind} {name} is not said, and taken for {namespace}"),
        "give it with `-o yaml`",
    ));
    if let Some(metadata) = found.value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    found
}

/// The rules of an aggregated role come from others, which the ticket need not hold: one stands for them.
fn part_of_aggregated(found: &Found<Value>) -> Option<Found<Value>> {
    let labels = found
        .value
        .pointer("/aggregationRule/clusterRoleSelectors/0/matchLabels")?;
    let rules = found.value.get("rules")?;
    if rules.as_array().is_none_or(Vec::is_empty) || text(&found.value, "/kind") != "ClusterRole" {
        return None;
    }
    let name = format!("{}-as-imported", text(&found.value, "/metadata/name"));
    Some(Found {
        value: json!({
            "apiVersion": format!("{GROUP}/v1"),
            "kind": "ClusterRole",
            "metadata": {"name": name, "labels": labels},
            "rules": rules,
        }),
        place: found.place.clone(),
    })
}

/// The role of a binding, where it is neither given nor one that every cluster has.
fn stand_in(
    binding: &Found<Value>,
    objects: &[Value],
    facts: &Facts,
    case: &Case,
    request: &Request,
    findings: &mut Vec<Finding>,
) -> Option<Value> {
    let (kind, name) = (
        text(&binding.value, "/roleRef/kind"),
        text(&binding.value, "/roleRef/name"),
    );
    let namespace = match kind {
        "ClusterRole" => "",
        "Role" => text(&binding.value, "/metadata/namespace"),
        _ => return None,
    };
    let is_given = |object: &Value| {
        text(object, "/kind") == kind
            && text(object, "/metadata/name") == name
            && (namespace.is_empty() || text(object, "/metadata/namespace") == namespace)
    };
    let resource = if kind == "Role" { ROLES } else { CLUSTER_ROLES };
    let key = ObjectKey::new(resource, namespace, name);
    let is_missing = request
        .missing
        .iter()
        .any(|(missing, of)| missing.eq_ignore_ascii_case(kind) && of == name);
    if name.is_empty()
        || is_missing
        || objects.iter().any(is_given)
        || bootstrap::shared().iter().any(|shared| shared.key == key)
    {
        return None;
    }
    let is_own = is_own(&binding.value, facts, case, request);
    let (rules, what) = if is_own {
        (json!([]), "does not allow this")
    } else {
        (json!([rule(request)]), "allows this")
    };
    let place = if namespace.is_empty() {
        String::new()
    } else {
        format!(" -n {namespace}")
    };
    findings.push(binding.place.finding(
        Severity::Note,
        format!("{kind} {name} is not given; the API server does not say that it is missing, so that it is taken for one that {what}"),
        format!("give `kubectl get {} {name}{place} -o yaml`", kind.to_lowercase()),
    ));
    let mut metadata = json!({"name": name});
    if let (false, Some(fields)) = (namespace.is_empty(), metadata.as_object_mut()) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    Some(json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": metadata, "rules": rules}))
}

/// Whether a binding names the caller, by the API server's words and the groups that its mapping may give.
fn is_own(binding: &Value, facts: &Facts, case: &Case, request: &Request) -> bool {
    let mut groups: Vec<String> = Vec::new();
    if let Some(found) = &facts.aws_auth {
        let parsed = found.value.parsed();
        groups.extend(
            parsed
                .find(&case.caller.canonical)
                .into_iter()
                .flat_map(|item| item.groups.clone()),
        );
    }
    let entries = facts
        .entries
        .iter()
        .filter(|found| found.value.arn.rsplit('/').next() == Some(case.caller.name.as_str()));
    groups.extend(
        entries
            .filter_map(|found| found.value.details.as_ref())
            .flat_map(|details| details.groups.clone()),
    );
    items(binding, "/subjects").iter().any(|subject| {
        let name = text(subject, "/name");
        match text(subject, "/kind") {
            "User" => name == request.user,
            "Group" => groups.iter().any(|group| group == name) || name == "system:authenticated",
            _ => false,
        }
    })
}

fn rule(request: &Request) -> Value {
    if request.path.is_empty() {
        json!({"apiGroups": [request.group], "resources": [request.resource], "verbs": [request.verb]})
    } else {
        json!({"nonResourceURLs": [request.path], "verbs": [request.verb]})
    }
}

/// A binding of the caller to a role that is not there.
fn binding_to(kind: &str, name: &str, request: &Request) -> Value {
    let role_kind = if kind == "role" { "Role" } else { "ClusterRole" };
    let (binding_kind, metadata) = if request.namespace.is_empty() {
        ("ClusterRoleBinding", json!({"name": format!("imported-{name}")}))
    } else {
        let metadata = json!({"name": format!("imported-{name}"), "namespace": request.namespace});
        ("RoleBinding", metadata)
    };
    json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": binding_kind,
        "metadata": metadata,
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": name},
        "subjects": [{"apiGroup": GROUP, "kind": "User", "name": request.user}],
    })
}
