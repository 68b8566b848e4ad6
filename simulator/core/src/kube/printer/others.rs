//! Groups with a kind or two: certificates, coordination, scheduling, nodes, webhooks, API services.

use serde_json::Value;
use serde_json::json;

use super::View;
use super::human_duration;
use super::items;
use super::text;

pub(super) fn certificate_signing_request(view: &View<'_>) -> Vec<Value> {
    let has = |kind: &str| {
        let conditions = view.items("/status/conditions").iter();
        conditions.into_iter().any(|condition| text(condition, "/type") == kind)
    };
    let mut status = match () {
        () if has("Denied") => "Denied",
        () if has("Approved") => "Approved",
        () => "Pending",
    }
    .to_owned();
    if has("Failed") {
        status.push_str(",Failed");
    }
    if !view.text("/status/certificate").is_empty() {
        status.push_str(",Issued");
    }
    let duration = match view.object.pointer("/spec/expirationSeconds").and_then(Value::as_i64) {
        Some(seconds) => human_duration(seconds),
        None => "<none>".to_owned(),
    };
    vec![
        json!(view.name()),
        json!(view.age()),
        json!(view.text_or("/spec/signerName", "<none>")),
        json!(view.text("/spec/username")),
        json!(duration),
        json!(status),
    ]
}

pub(super) fn lease(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.text("/spec/holderIdentity")),
        json!(view.age()),
    ]
}

pub(super) fn priority_class(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.number("/value")),
        json!(view.flag_or("/globalDefault", false)),
        json!(view.age()),
        json!(view.text("/preemptionPolicy")),
    ]
}

pub(super) fn runtime_class(view: &View<'_>) -> Vec<Value> {
    vec![json!(view.name()), json!(view.text("/handler")), json!(view.age())]
}

/// Validating and mutating ones.
pub(super) fn webhook_configuration(view: &View<'_>) -> Vec<Value> {
    vec![json!(view.name()), json!(view.size("/webhooks")), json!(view.age())]
}

pub(super) fn api_service(view: &View<'_>) -> Vec<Value> {
    let service = match view
        .object
        .pointer("/spec/service")
        .filter(|service| !service.is_null())
    {
        Some(service) => format!("{}/{}", text(service, "/namespace"), text(service, "/name")),
        None => "Local".to_owned(),
    };
    let available = items(view.object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == "Available");
    let available = match available.map(|found| (text(found, "/status"), text(found, "/reason"))) {
        None => "Unknown".to_owned(),
        Some((status, reason)) if status == "True" || reason.is_empty() => status.to_owned(),
        Some((status, reason)) => format!("{status} ({reason})"),
    };
    vec![json!(view.name()), json!(service), json!(available), json!(view.age())]
}
