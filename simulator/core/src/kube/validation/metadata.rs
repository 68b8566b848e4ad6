//! `metadata`, for every kind (`ValidateObjectMeta`).

use serde_json::Value;

use super::Checks;
use super::Errors;
use super::entries;
use super::items;
use super::name;
use super::text;
use crate::value::log::go_quote;

/// Keys and values of all annotations together, in bytes.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In no namespace.
    Cluster,
    /// Each in a namespace.
    Namespaced,
}

pub(super) fn check(errors: &mut Errors, checks: &Checks, scope: Scope, object: &Value) {
    let own = text(object, "/metadata/name");
    let prefix = text(object, "/metadata/generateName");
    if !prefix.is_empty() {
        // Whatever is appended is good, so that a last dash is no trouble.
        let checked = prefix
            .strip_suffix('-')
            .map_or_else(|| prefix.to_owned(), |rest| format!("{rest}a"));
        errors.invalid_text("metadata.generateName", prefix, (checks.name)(&checked));
    }
    if own.is_empty() {
        errors.required("metadata.name", "name or generateName is required");
    } else {
        errors.invalid_text("metadata.name", own, (checks.name)(own));
        (checks.whole_name)(errors, object);
    }
    let namespace = text(object, "/metadata/namespace");
    match scope {
        Scope::Namespaced if namespace.is_empty() => errors.required("metadata.namespace", ""),
        Scope::Namespaced => errors.invalid_text("metadata.namespace", namespace, name::label(namespace)),
        Scope::Cluster if !namespace.is_empty() => errors.forbidden("metadata.namespace", "not allowed on this type"),
        Scope::Cluster => {}
    }
    labels(errors, "metadata.labels", object.pointer("/metadata/labels"));
    let mut size = 0;
    for (key, value) in entries(object, "/metadata/annotations") {
        size += key.len() + value.as_str().unwrap_or_default().len();
        errors.invalid_text("metadata.annotations", key, name::qualified(&key.to_lowercase()));
    }
    if size > ANNOTATIONS_LIMIT {
        errors.too_long("metadata.annotations", ANNOTATIONS_LIMIT);
    }
    owners(errors, object);
    for finalizer in items(object, "/metadata/finalizers") {
        let finalizer = finalizer.as_str().unwrap_or_default();
        errors.invalid_text("metadata.finalizers", finalizer, name::qualified(finalizer));
    }
}

/// What of metadata no update changes (`ValidateObjectMetaAccessorUpdate`).
pub(super) fn check_update(errors: &mut Errors, old: &Value, object: &Value) {
    let uid = text(object, "/metadata/uid");
    if !uid.is_empty() && uid != text(old, "/metadata/uid") {
        errors.invalid("metadata.uid", &go_quote(uid), "field is immutable");
    }
}

/// Finalizers of built-in kinds have a domain, but for those of Kubernetes itself (`validateKubeFinalizerName`).
pub(super) fn finalizers(errors: &mut Errors, object: &Value) {
    const STANDARD: [&str; 3] = ["foregroundDeletion", "kubernetes", "orphan"];
    for (at, finalizer) in items(object, "/metadata/finalizers").iter().enumerate() {
        let finalizer = finalizer.as_str().unwrap_or_default();
        if !finalizer.contains('/') && !STANDARD.contains(&finalizer) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            errors.invalid(&format!("metadata.finalizers[{at}]"), &go_quote(finalizer), why);
        }
    }
}

fn owners(errors: &mut Errors, object: &Value) {
    let mut controller: Option<&str> = None;
    for (at, owner) in items(object, "/metadata/ownerReferences").iter().enumerate() {
        for (field, what) in [
            ("apiVersion", "version"),
            ("kind", "kind"),
            ("name", "name"),
            ("uid", "uid"),
        ] {
            if text(owner, &format!("/{field}")).is_empty() {
                let path = format!("metadata.ownerReferences[{at}].{field}");
                errors.invalid(&path, "\"\"", &format!("{what} must not be empty"));
            }
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            if let Some(first) = controller {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {}",
                    text(owner, "/name")
                );
                errors.invalid("metadata.ownerReferences", "[]v1.OwnerReference{}", &why);
            }
            controller = Some(text(owner, "/name"));
        }
    }
}

/// `ValidateLabels`; also for selectors.
pub(super) fn labels(errors: &mut Errors, path: &str, labels: Option<&Value>) {
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        errors.invalid_text(path, key, name::qualified(key));
        let value = value.as_str().unwrap_or_default();
        errors.invalid_text(path, value, name::label_value(value));
    }
}
