//! May this user write this role, or this binding? Nobody is to give what it does not hold.
//!
//! Source: `pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased` and
//! `pkg/registry/rbac/escalation_check.go` of Kubernetes 1.32. What a user holds is what RBAC gives it: rights by an
//! access policy do not count, except that one may allow the verbs `escalate` and `bind`.

use serde_json::Value;
use serde_json::json;

use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::kube::object::ObjectKey;
use crate::kube::rbac::GROUP;
use crate::kube::rbac::PolicyRule;
use crate::kube::rbac::escalation::missing_rights;
use crate::kube::rbac::rules_of;
use crate::kube::request_info::Attributes;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;

/// A write of a role or a binding that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user does not hold what it is to give; the text goes behind `… is forbidden: `.
    Forbidden(String),
    /// The role of that name, which the binding refers to, is not there.
    NoRole(String),
}

/// Whether the user may store `new` in place of `old` by this request, which is a create, update or patch.
///
/// # Errors
/// [`Refusal`]; never for objects other than roles and bindings.
pub fn check_write(
    user: &UserInfo,
    request: &Attributes,
    new: &Value,
    old: Option<&Value>,
    cluster: &Cluster,
) -> Result<(), Refusal> {
    if request.api_group != GROUP || user.groups.iter().any(|group| group == SYSTEM_MASTERS) {
        return Ok(());
    }
    match request.resource.as_str() {
        "roles" | "clusterroles" => check_role(user, request, new, old, cluster),
        "rolebindings" | "clusterrolebindings" => check_binding(user, request, new, old, cluster),
        _ => Ok(()),
    }
}

fn check_role(
    user: &UserInfo,
    request: &Attributes,
    new: &Value,
    old: Option<&Value>,
    cluster: &Cluster,
) -> Result<(), Refusal> {
    let escalate = Attributes {
        verb: "escalate".to_owned(),
        subresource: String::new(),
        ..request.clone()
    };
    if is_allowed(user, &escalate, cluster) || old.is_some_and(|old| is_for_the_garbage_collector(new, old)) {
        return Ok(());
    }
    check_rules(user, request, &rules_of(new), cluster)?;
    let aggregates = |role: &Value| {
        role.pointer("/aggregationRule/clusterRoleSelectors")
            .and_then(Value::as_array)
            .is_some_and(|selectors| !selectors.is_empty())
    };
    if request.resource == "clusterroles" && (aggregates(new) || old.is_some_and(aggregates)) {
        let everything = rules_of(&json!({"rules": [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
        ]}));
        check_rules(user, request, &everything, cluster).map_err(|_| {
            Refusal::Forbidden("must have cluster-admin privileges to use the aggregationRule".to_owned())
        })?;
    }
    Ok(())
}

fn check_binding(
    user: &UserInfo,
    request: &Attributes,
    new: &Value,
    old: Option<&Value>,
    cluster: &Cluster,
) -> Result<(), Refusal> {
    let text = |field: &str| new.pointer(field).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (request.namespace.as_str(), text("/roleRef/name"));
    let (resource, place) = match text("/roleRef/kind") {
        "ClusterRole" => ("clusterroles", ""),
        "Role" => ("roles", namespace),
        // Validation has something to say of it.
        _ => return Ok(()),
    };
    let bind = Attributes::resource("bind", GROUP, "*", resource, "", namespace, name);
    if is_allowed(user, &bind, cluster) || old.is_some_and(|old| is_for_the_garbage_collector(new, old)) {
        return Ok(());
    }
    let role = cluster
        .objects()
        .find(&ObjectKey::new(&format!("{resource}.{GROUP}"), place, name))
        .ok_or_else(|| Refusal::NoRole(name.to_owned()))?;
    check_rules(user, request, &rules_of(role), cluster)
}

fn is_allowed(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> bool {
    authorize(user, attributes, cluster).decision == Decision::Allow
}

fn check_rules(user: &UserInfo, request: &Attributes, rules: &[PolicyRule], cluster: &Cluster) -> Result<(), Refusal> {
    match missing_rights(cluster.rbac(), user, &request.namespace, rules, &request.resource) {
        None => Ok(()),
        Some(why) => Err(Refusal::Forbidden(why)),
    }
}

/// Whether a write changes nothing but what the garbage collector changes (`IsOnlyMutatingGCFields`).
fn is_for_the_garbage_collector(new: &Value, old: &Value) -> bool {
    let mut new = new.clone();
    let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) else {
        return false;
    };
    for field in ["ownerReferences", "finalizers", "managedFields", "selfLink"] {
        metadata.remove(field);
        if let Some(kept) = old.pointer(&format!("/metadata/{field}")) {
            metadata.insert(field.to_owned(), kept.clone());
        }
    }
    // A client need not send what the server fills in.
    for field in ["uid", "creationTimestamp", "resourceVersion"] {
        if let (None | Some(Value::Null), Some(kept)) =
            (metadata.get(field), old.pointer(&format!("/metadata/{field}")))
        {
            metadata.insert(field.to_owned(), kept.clone());
        }
    }
    new == *old
}

#[cfg(test)]
mod tests;
