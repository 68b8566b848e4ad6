//! Events, which are checked as strictly as the version that they are sent in wants (`pkg/apis/core/validation/events.go`).

use serde_json::Value;

use super::Errors;
use super::name;
use super::text;
use crate::value::log::go_quote;

/// The longest `reportingInstance`, `action` and `reason`.
const LIMIT: usize = 128;
/// The longest `message`.
const MESSAGE_LIMIT: usize = 1024;

/// What holds in every version; `reporter` is what the version calls the reporting controller.
pub(in crate::kube) fn check(errors: &mut Errors, reporter: &str, object: &Value) {
    let namespace = text(object, "/metadata/namespace");
    let involved = text(object, "/involvedObject/namespace");
    let is_old = !is_set(object, "eventTime");
    let agrees = match involved {
        "" if is_old => namespace == "default",
        "" => matches!(namespace, "default" | "kube-system"),
        involved => !is_old || involved == namespace,
    };
    if !agrees {
        errors.invalid(
            "involvedObject.namespace",
            &go_quote(involved),
            "does not match event.namespace",
        );
    }
    if is_old {
        return;
    }
    let controller = text(object, "/reportingComponent");
    if controller.is_empty() {
        errors.required(reporter, "");
    }
    errors.invalid_text(reporter, controller, name::qualified(controller));
    for field in ["reportingInstance", "action", "reason"] {
        let found = text(object, &format!("/{field}"));
        if found.is_empty() {
            errors.required(field, "");
        }
        at_most(errors, field, found, LIMIT);
    }
    at_most(errors, "message", text(object, "/message"), MESSAGE_LIMIT);
}

/// What events.k8s.io wants of a new event besides.
pub(in crate::kube) fn strictly(errors: &mut Errors, object: &Value) {
    series(errors, object);
    if !is_set(object, "eventTime") {
        errors.required("eventTime", "");
    }
    let kind = text(object, "/type");
    if !matches!(kind, "Normal" | "Warning") {
        errors.invalid("type", "\"\"", &format!("has invalid value: {kind}"));
    }
    let is_counted = object.get("count").and_then(Value::as_i64).unwrap_or_default() != 0;
    let has_source = !text(object, "/source/component").is_empty() || !text(object, "/source/host").is_empty();
    for (field, is_there) in [
        ("firstTimestamp", is_set(object, "firstTimestamp")),
        ("lastTimestamp", is_set(object, "lastTimestamp")),
        ("count", is_counted),
        ("source", has_source),
    ] {
        if is_there {
            errors.invalid(field, "\"\"", "needs to be unset");
        }
    }
}

/// What events.k8s.io wants of a changed event besides.
pub(in crate::kube) fn unchanged(errors: &mut Errors, old: &Value, object: &Value) {
    if old.get("series") != object.get("series") {
        series(errors, object);
    }
    let reference = "involvedObject";
    if old.get(reference) != object.get(reference) {
        let shown = go_reference(object.get(reference).unwrap_or(&Value::Null));
        errors.invalid(reference, &shown, IMMUTABLE);
    }
    // The real server checks the reason twice, and says so twice.
    for (field, shown_as) in [
        ("reason", "reason"),
        ("message", "message"),
        ("count", "count"),
        ("reason", "reason"),
        ("type", "type"),
        ("action", "action"),
        ("reportingComponent", "reportingController"),
        ("reportingInstance", "reportingInstance"),
    ] {
        if old.get(field) != object.get(field) {
            let shown = match object.get(field) {
                Some(Value::Number(number)) => number.to_string(),
                None if field == "count" => "0".to_owned(),
                found => go_quote(found.and_then(Value::as_str).unwrap_or_default()),
            };
            errors.invalid(shown_as, &shown, IMMUTABLE);
        }
    }
}

const IMMUTABLE: &str = "field is immutable";

fn series(errors: &mut Errors, object: &Value) {
    let Some(series) = object.get("series").filter(|series| series.is_object()) else {
        return;
    };
    if series.get("count").and_then(Value::as_i64).unwrap_or_default() < 2 {
        errors.invalid("series.count", "\"\"", "should be at least 2");
    }
    if !is_set(series, "lastObservedTime") {
        errors.required("series.lastObservedTime", "");
    }
}

fn is_set(object: &Value, time: &str) -> bool {
    object.get(time).is_some_and(|time| !time.is_null() && time != "")
}

fn at_most(errors: &mut Errors, field: &str, found: &str, limit: usize) {
    if found.len() > limit {
        errors.invalid(field, "\"\"", &format!("can have at most {limit} characters"));
    }
}

/// An ObjectReference as Go prints it with `%#v`.
fn go_reference(reference: &Value) -> String {
    let fields = [
        ("Kind", "kind"),
        ("Namespace", "namespace"),
        ("Name", "name"),
        ("UID", "uid"),
        ("APIVersion", "apiVersion"),
        ("ResourceVersion", "resourceVersion"),
        ("FieldPath", "fieldPath"),
    ];
    let fields = fields.map(|(go, name)| format!("{go}:{}", go_quote(text(reference, &format!("/{name}")))));
    format!("core.ObjectReference{{{}}}", fields.join(", "))
}
