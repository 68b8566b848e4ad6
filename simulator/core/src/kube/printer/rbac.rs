//! rbac.authorization.k8s.io: bindings. Roles have no columns of their own.

use serde_json::Value;
use serde_json::json;

use super::View;
use super::join;
use super::text;

pub(super) fn role_binding(view: &View<'_>) -> Vec<Value> {
    let subjects = |kind: &str| {
        let subjects = view.items("/subjects").iter();
        let names = subjects
            .filter(|subject| text(subject, "/kind") == kind)
            .map(|subject| match kind {
                "ServiceAccount" => format!("{}/{}", text(subject, "/namespace"), text(subject, "/name")),
                _ => text(subject, "/name").to_owned(),
            });
        join(names, ", ")
    };
    vec![
        json!(view.name()),
        json!(format!("{}/{}", view.text("/roleRef/kind"), view.text("/roleRef/name"))),
        json!(view.age()),
        json!(subjects("User")),
        json!(subjects("Group")),
        json!(subjects("ServiceAccount")),
    ]
}
