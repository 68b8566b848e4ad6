//! The core group, but for pods, services, and volumes.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::View;
use super::condition;
use super::containers;
use super::flag;
use super::instant;
use super::join;
use super::labels_or_none;
use super::non_empty;
use super::number;
use super::or_none;
use super::quantity;
use super::text;
use super::texts;

pub(super) fn config_map(view: &View<'_>) -> Vec<Value> {
    let size = view.size("/data") + view.size("/binaryData");
    vec![json!(view.name()), json!(size), json!(view.age())]
}

pub(super) fn secret(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.text_or("/type", "Opaque")),
        json!(view.size("/data")),
        json!(view.age()),
    ]
}

pub(super) fn service_account(view: &View<'_>) -> Vec<Value> {
    vec![json!(view.name()), json!(view.size("/secrets")), json!(view.age())]
}

pub(super) fn namespace(view: &View<'_>) -> Vec<Value> {
    let phase = view.text_or("/status/phase", "Active");
    vec![json!(view.name()), json!(phase), json!(view.age())]
}

pub(super) fn node(view: &View<'_>) -> Vec<Value> {
    let mut status = match condition(view.object, "Ready") {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if flag(view.object, "/spec/unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        view.items("/status/addresses")
            .iter()
            .find(|address| text(address, "/type") == kind)
            .map_or("<none>", |address| text(address, "/address"))
    };
    let info = |field: &str| {
        view.text_or(&format!("/status/nodeInfo/{field}"), "<unknown>")
            .to_owned()
    };
    vec![
        json!(view.name()),
        json!(status),
        json!(or_none(node_roles(view.object))),
        json!(view.age()),
        json!(view.text("/status/nodeInfo/kubeletVersion")),
        json!(address("InternalIP")),
        json!(address("ExternalIP")),
        json!(info("osImage")),
        json!(info("kernelVersion")),
        json!(info("containerRuntimeVersion")),
    ]
}

/// From the labels `node-role.kubernetes.io/ROLE` and `kubernetes.io/role=ROLE`.
fn node_roles(node: &Value) -> String {
    let roles: BTreeSet<&str> = texts(node, "/metadata/labels")
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => non_empty(role),
            None if key == "kubernetes.io/role" => non_empty(value),
            None => None,
        })
        .collect();
    join(roles, ",")
}

pub(super) fn event(view: &View<'_>) -> Vec<Value> {
    let at = |pointer: &str| instant(view.text(pointer));
    let first = view.since(at("/firstTimestamp").or_else(|| at("/eventTime")));
    let (last, count) = match view.object.get("series").filter(|series| !series.is_null()) {
        Some(series) => (
            view.since(instant(text(series, "/lastObservedTime"))),
            number(series, "/count"),
        ),
        None => {
            let last = at("/lastTimestamp").map_or_else(|| first.clone(), |last| view.since(Some(last)));
            // An event that came once has no count in the newer API.
            let count = match view.number("/count") {
                0 => 1,
                count => count,
            };
            (last, count)
        }
    };
    let mut object = view.text("/involvedObject/kind").to_lowercase();
    if let Some(name) = non_empty(view.text("/involvedObject/name")) {
        object.push('/');
        object.push_str(name);
    }
    let component = view.text_or("/source/component", view.text("/reportingComponent"));
    let source = match view.text_or("/source/host", view.text("/reportingInstance")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    vec![
        json!(last),
        json!(view.text("/type")),
        json!(view.text("/reason")),
        json!(object),
        json!(view.text("/involvedObject/fieldPath")),
        json!(source),
        json!(view.text("/message").trim()),
        json!(first),
        json!(count),
        json!(view.name()),
    ]
}

pub(super) fn pod_template(view: &View<'_>) -> Vec<Value> {
    let pods = "/template/spec/containers";
    vec![
        json!(view.name()),
        json!(containers(view.object, pods, "/name")),
        json!(containers(view.object, pods, "/image")),
        json!(labels_or_none(view.object, "/template/metadata/labels")),
    ]
}

/// What is limited by name, with what is used of it; limits of limits have a column of their own.
pub(super) fn resource_quota(view: &View<'_>) -> Vec<Value> {
    let hard = view.object.pointer("/status/hard").and_then(Value::as_object);
    let used = view.object.pointer("/status/used");
    let [mut requests, mut limits] = [Vec::new(), Vec::new()];
    let mut names: Vec<(&String, &Value)> = hard.into_iter().flatten().collect();
    names.sort_by_key(|(name, _)| *name);
    for (name, limit) in names {
        let used = used.and_then(|used| used.get(name));
        let line = format!("{name}: {}/{}", quantity(used), quantity(Some(limit)));
        if name.starts_with("limits.") {
            limits.push(line);
        } else {
            requests.push(line);
        }
    }
    vec![
        json!(view.name()),
        json!(view.age()),
        json!(join(requests, ", ")),
        json!(join(limits, ", ")),
    ]
}
