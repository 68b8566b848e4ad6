//! What runs pods: apps, batch, the core group's controllers, and what scales and guards them.

use serde_json::Value;
use serde_json::json;

use super::View;
use super::condition;
use super::containers;
use super::flag;
use super::human_duration;
use super::instant;
use super::join;
use super::label_selector;
use super::labels_or_none;
use super::quantity;
use super::selector_or_none;
use super::text;

/// The containers of the pods that a workload makes.
const CONTAINERS: &str = "/spec/template/spec/containers";

/// How many pods are wanted; 1, where it is not said.
fn replicas(view: &View<'_>) -> i64 {
    view.object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1)
}

pub(super) fn deployment(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(format!("{}/{}", view.number("/status/readyReplicas"), replicas(view))),
        json!(view.number("/status/updatedReplicas")),
        json!(view.number("/status/availableReplicas")),
        json!(view.age()),
        json!(containers(view.object, CONTAINERS, "/name")),
        json!(containers(view.object, CONTAINERS, "/image")),
        json!(label_selector(view.object, "/spec/selector").unwrap_or_else(|| "<invalid>".to_owned())),
    ]
}

pub(super) fn replica_set(view: &View<'_>) -> Vec<Value> {
    counted(view, selector_or_none(view.object, "/spec/selector"))
}

pub(super) fn replication_controller(view: &View<'_>) -> Vec<Value> {
    counted(view, labels_or_none(view.object, "/spec/selector"))
}

fn counted(view: &View<'_>, selector: String) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(replicas(view)),
        json!(view.number("/status/replicas")),
        json!(view.number("/status/readyReplicas")),
        json!(view.age()),
        json!(containers(view.object, CONTAINERS, "/name")),
        json!(containers(view.object, CONTAINERS, "/image")),
        json!(selector),
    ]
}

pub(super) fn daemon_set(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.number("/status/desiredNumberScheduled")),
        json!(view.number("/status/currentNumberScheduled")),
        json!(view.number("/status/numberReady")),
        json!(view.number("/status/updatedNumberScheduled")),
        json!(view.number("/status/numberAvailable")),
        json!(labels_or_none(view.object, "/spec/template/spec/nodeSelector")),
        json!(view.age()),
        json!(containers(view.object, CONTAINERS, "/name")),
        json!(containers(view.object, CONTAINERS, "/image")),
        json!(selector_or_none(view.object, "/spec/selector")),
    ]
}

pub(super) fn stateful_set(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(format!("{}/{}", view.number("/status/readyReplicas"), replicas(view))),
        json!(view.age()),
        json!(containers(view.object, CONTAINERS, "/name")),
        json!(containers(view.object, CONTAINERS, "/image")),
    ]
}

pub(super) fn controller_revision(view: &View<'_>) -> Vec<Value> {
    let owners = view.items("/metadata/ownerReferences").iter();
    let controller = owners.into_iter().find(|owner| flag(owner, "/controller")).map_or_else(
        || "<none>".to_owned(),
        |owner| {
            let kind = text(owner, "/kind").to_lowercase();
            match text(owner, "/apiVersion").split_once('/') {
                Some((group, _)) => format!("{kind}.{group}/{}", text(owner, "/name")),
                None => format!("{kind}/{}", text(owner, "/name")),
            }
        },
    );
    vec![
        json!(view.name()),
        json!(controller),
        json!(view.number("/revision")),
        json!(view.age()),
    ]
}

pub(super) fn job(view: &View<'_>) -> Vec<Value> {
    let succeeded = view.number("/status/succeeded");
    let wanted = view.object.pointer("/spec/completions").and_then(Value::as_i64);
    let completions = match (wanted, view.number("/spec/parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel @ 2..) => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let duration = match instant(view.text("/status/startTime")) {
        None => String::new(),
        Some(start) => {
            let end = instant(view.text("/status/completionTime")).unwrap_or(view.now);
            human_duration(end.seconds_since(start))
        }
    };
    let has = |kind: &str| condition(view.object, kind) == Some("True");
    let status = match () {
        () if has("Complete") => "Complete",
        () if has("Failed") => "Failed",
        () if view.is_deleted() => "Terminating",
        () if has("Suspended") => "Suspended",
        () if has("FailureTarget") => "FailureTarget",
        () => "Running",
    };
    vec![
        json!(view.name()),
        json!(status),
        json!(completions),
        json!(duration),
        json!(view.age()),
        json!(containers(view.object, CONTAINERS, "/name")),
        json!(containers(view.object, CONTAINERS, "/image")),
        json!(selector_or_none(view.object, "/spec/selector")),
    ]
}

pub(super) fn cron_job(view: &View<'_>) -> Vec<Value> {
    let suspended = match view.object.pointer("/spec/suspend").and_then(Value::as_bool) {
        Some(true) => "True",
        // Its default.
        Some(false) | None => "False",
    };
    let last = match instant(view.text("/status/lastScheduleTime")) {
        None => "<none>".to_owned(),
        last => view.since(last),
    };
    let pods = "/spec/jobTemplate/spec/template/spec/containers";
    vec![
        json!(view.name()),
        json!(view.text("/spec/schedule")),
        json!(view.given("/spec/timeZone").unwrap_or("<none>")),
        json!(suspended),
        json!(view.size("/status/active")),
        json!(last),
        json!(view.age()),
        json!(containers(view.object, pods, "/name")),
        json!(containers(view.object, pods, "/image")),
        json!(selector_or_none(view.object, "/spec/jobTemplate/spec/selector")),
    ]
}

/// The subresource `scale` of any of them.
pub(super) fn scale(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.number("/spec/replicas")),
        json!(view.number("/status/replicas")),
        json!(view.age()),
    ]
}

pub(super) fn pod_disruption_budget(view: &View<'_>) -> Vec<Value> {
    // A number or a percentage.
    let bound = |pointer: &str| match view.object.pointer(pointer) {
        Some(Value::String(percentage)) => percentage.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "N/A".to_owned(),
    };
    vec![
        json!(view.name()),
        json!(bound("/spec/minAvailable")),
        json!(bound("/spec/maxUnavailable")),
        json!(view.number("/status/disruptionsAllowed")),
        json!(view.age()),
    ]
}

pub(super) fn horizontal_pod_autoscaler(view: &View<'_>) -> Vec<Value> {
    let target = |field: &str| view.text(&format!("/spec/scaleTargetRef/{field}")).to_owned();
    let minimum = match view.object.pointer("/spec/minReplicas").and_then(Value::as_i64) {
        Some(minimum) => minimum.to_string(),
        None => "<unset>".to_owned(),
    };
    vec![
        json!(view.name()),
        json!(format!("{}/{}", target("kind"), target("name"))),
        json!(metrics(view)),
        json!(minimum),
        json!(view.number("/spec/maxReplicas")),
        json!(view.number("/status/currentReplicas")),
        json!(view.age()),
    ]
}

/// What is measured and what is wanted, of the first two metrics.
fn metrics(view: &View<'_>) -> String {
    const SHOWN: usize = 2;
    let wanted = view.items("/spec/metrics");
    let found = view.items("/status/currentMetrics");
    if wanted.is_empty() {
        return "<none>".to_owned();
    }
    let lines = wanted
        .iter()
        .enumerate()
        .take(SHOWN)
        .map(|(index, spec)| metric(spec, found.get(index)));
    let shown = join(lines, ", ");
    match wanted.len() {
        count @ 3.. => format!("{shown} + {} more...", count - SHOWN),
        _ => shown,
    }
}

fn metric(spec: &Value, status: Option<&Value>) -> String {
    let (field, resource) = match text(spec, "/type") {
        "External" => ("external", false),
        "Object" => ("object", false),
        "Pods" => ("pods", false),
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        _ => return "<unknown type>".to_owned(),
    };
    let wanted = |value: &str| spec.pointer(&format!("/{field}/target/{value}"));
    let current = |value: &str| status.and_then(|status| status.pointer(&format!("/{field}/current/{value}")));
    let quantity_or = |value: Option<&Value>| match value {
        Some(value) => quantity(Some(value)),
        None => "<unknown>".to_owned(),
    };
    let percent_or = |value: Option<&Value>, default: &str| match value.and_then(Value::as_i64) {
        Some(percent) => format!("{percent}%"),
        None => default.to_owned(),
    };
    let average = wanted("averageValue");
    match (resource, average) {
        (true, None) => format!(
            "{}: {}/{}",
            text(spec, &format!("/{field}/name")),
            percent_or(current("averageUtilization"), "<unknown>"),
            percent_or(wanted("averageUtilization"), "<auto>")
        ),
        (true, Some(_)) => format!(
            "{}: {}/{}",
            text(spec, &format!("/{field}/name")),
            quantity_or(current("averageValue")),
            quantity(average)
        ),
        (false, Some(_)) if field == "pods" => {
            format!("{}/{}", quantity_or(current("averageValue")), quantity(average))
        }
        (false, Some(_)) => format!("{}/{} (avg)", quantity_or(current("averageValue")), quantity(average)),
        (false, None) => format!("{}/{}", quantity_or(current("value")), quantity(wanted("value"))),
    }
}
