//! Roles and bindings.

use serde_json::Value;

use super::Errors;
use super::go_text_list;
use super::items;
use super::name;
use super::text;
use crate::value::log::go_quote;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(in crate::kube) fn check(errors: &mut Errors, kind: &str, old: Option<&Value>, object: &Value) {
    match kind {
        "Role" | "ClusterRole" => role(errors, kind == "Role", object),
        "RoleBinding" | "ClusterRoleBinding" => binding(errors, kind == "RoleBinding", old, object),
        _ => {}
    }
}

fn role(errors: &mut Errors, namespaced: bool, object: &Value) {
    for (at, rule) in items(object, "/rules").iter().enumerate() {
        policy_rule(errors, &format!("rules[{at}]"), rule, namespaced);
    }
    if object.get("aggregationRule").is_some() && items(object, "/aggregationRule/clusterRoleSelectors").is_empty() {
        errors.required(
            "aggregationRule.clusterRoleSelectors",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        );
    }
}

fn policy_rule(errors: &mut Errors, path: &str, rule: &Value, namespaced: bool) {
    if items(rule, "/verbs").is_empty() {
        errors.required(&format!("{path}.verbs"), "verbs must contain at least one value");
    }
    let urls = items(rule, "/nonResourceURLs");
    if !urls.is_empty() {
        let path = format!("{path}.nonResourceURLs");
        if namespaced {
            errors.invalid(
                &path,
                &go_text_list(urls),
                "namespaced rules cannot apply to non-resource URLs",
            );
        }
        let resourceful = ["/apiGroups", "/resources", "/resourceNames"];
        if resourceful.iter().any(|field| !items(rule, field).is_empty()) {
            let why = "rules cannot apply to both regular resources and non-resource URLs";
            errors.invalid(&path, &go_text_list(urls), why);
        }
        return;
    }
    if items(rule, "/apiGroups").is_empty() {
        let why = "resource rules must supply at least one api group";
        errors.required(&format!("{path}.apiGroups"), why);
    }
    if items(rule, "/resources").is_empty() {
        let why = "resource rules must supply at least one resource";
        errors.required(&format!("{path}.resources"), why);
    }
}

fn binding(errors: &mut Errors, namespaced: bool, old: Option<&Value>, object: &Value) {
    let group = text(object, "/roleRef/apiGroup");
    if group != GROUP {
        errors.not_supported("roleRef.apiGroup", group, &[GROUP]);
    }
    let kinds: &[&str] = if namespaced {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    let kind = text(object, "/roleRef/kind");
    if !kinds.contains(&kind) {
        errors.not_supported("roleRef.kind", kind, kinds);
    }
    let own = text(object, "/roleRef/name");
    if own.is_empty() {
        errors.required("roleRef.name", "");
    } else {
        errors.invalid_text("roleRef.name", own, name::path_segment(own));
    }
    for (at, one) in items(object, "/subjects").iter().enumerate() {
        subject(errors, &format!("subjects[{at}]"), one, namespaced);
    }
    let same = |old: &Value| {
        ["apiGroup", "kind", "name"]
            .iter()
            .all(|field| text(old, &format!("/roleRef/{field}")) == text(object, &format!("/roleRef/{field}")))
    };
    if old.is_some_and(|old| !same(old)) {
        let shown = format!(
            "rbac.RoleRef{{APIGroup:{}, Kind:{}, Name:{}}}",
            go_quote(group),
            go_quote(kind),
            go_quote(own)
        );
        errors.invalid("roleRef", &shown, "cannot change roleRef");
    }
}

fn subject(errors: &mut Errors, path: &str, subject: &Value, namespaced: bool) {
    let own = text(subject, "/name");
    if own.is_empty() {
        errors.required(&format!("{path}.name"), "");
    }
    let group = text(subject, "/apiGroup");
    match text(subject, "/kind") {
        "ServiceAccount" => {
            if !own.is_empty() {
                errors.invalid_text(&format!("{path}.name"), own, name::subdomain(own));
            }
            if !group.is_empty() {
                errors.not_supported(&format!("{path}.apiGroup"), group, &[""]);
            }
            if !namespaced && text(subject, "/namespace").is_empty() {
                errors.required(&format!("{path}.namespace"), "");
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                errors.not_supported(&format!("{path}.apiGroup"), group, &[GROUP]);
            }
        }
        other => errors.not_supported(&format!("{path}.kind"), other, &["ServiceAccount", "User", "Group"]),
    }
}
