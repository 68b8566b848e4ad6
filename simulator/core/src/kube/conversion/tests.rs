use super::*;
use crate::kube::kinds;
use crate::kube::resource::ResourceType;
use crate::kube::schema::Kind;

/// As a kube-apiserver 1.32.13 shows one HorizontalPodAutoscaler in its two versions.
const AUTOSCALER_V1: &str = include_str!("../../../testdata/conversion/autoscaler_v1.json");
const AUTOSCALER_V2: &str = include_str!("../../../testdata/conversion/autoscaler_v2.json");

fn row(kind: &Kind) -> &'static ResourceType {
    kinds::of_kind(kind).unwrap()
}

fn from_stored<'a>(kind: &Kind, stored: &'a Value) -> Cow<'a, Value> {
    row(kind).shown(stored)
}

fn to_stored(kind: &Kind, object: Value) -> Value {
    row(kind).to_stored(object)
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn autoscaler_v1() -> Kind {
    Kind::new("autoscaling", "v1", "HorizontalPodAutoscaler")
}

#[test]
fn an_autoscaler_is_in_v1_what_the_real_server_makes_of_it() {
    let (v1, v2) = (read(AUTOSCALER_V1), read(AUTOSCALER_V2));
    assert_eq!(*from_stored(&autoscaler_v1(), &v2), v1);
}

#[test]
fn an_autoscaler_comes_back_with_the_processors_target_last() {
    let (v1, mut v2) = (read(AUTOSCALER_V1), read(AUTOSCALER_V2));
    let metrics = v2["spec"]["metrics"].as_array_mut().unwrap();
    // So does the real server after a write in v1.
    metrics.rotate_left(1);
    assert_eq!(to_stored(&autoscaler_v1(), v1), v2);
}

#[test]
fn an_autoscaler_without_a_target_has_the_servers() {
    let sent = json!({
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "a", "annotations": {"autoscaling.alpha.kubernetes.io/metrics": "no JSON"}},
        "spec": {"maxReplicas": 3},
        "status": {"currentReplicas": 0, "desiredReplicas": 0},
    });
    let stored = to_stored(&autoscaler_v1(), sent);
    assert_eq!(
        stored,
        json!({
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "a"},
            "spec": {"maxReplicas": 3, "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}},
            ]},
            "status": {"currentMetrics": null, "desiredReplicas": 0},
        })
    );
    let shown = from_stored(&autoscaler_v1(), &stored).into_owned();
    assert_eq!(
        shown["spec"],
        json!({"maxReplicas": 3, "targetCPUUtilizationPercentage": 80})
    );
    assert_eq!(shown["status"], json!({"currentReplicas": 0, "desiredReplicas": 0}));
}

#[test]
fn every_kind_of_metric_survives_the_way_there_and_back() {
    let metrics = json!([
        {"type": "Object", "object": {
            "describedObject": {"kind": "Service", "name": "s"},
            "metric": {"name": "m", "selector": {"matchLabels": {"a": "b"}}},
            "target": {"type": "AverageValue", "value": "0", "averageValue": "7"},
        }},
        {"type": "External", "external": {"metric": {"name": "m"}, "target": {"type": "Value", "value": "7"}}},
        {"type": "Resource", "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 9}}},
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "2"}}},
    ]);
    let stored = json!({
        "apiVersion": "autoscaling/v2",
        "metadata": {},
        "spec": {"metrics": metrics, "behavior": {"scaleUp": {"selectPolicy": "Disabled"}}},
    });
    let shown = from_stored(&autoscaler_v1(), &stored).into_owned();
    assert_eq!(to_stored(&autoscaler_v1(), shown), stored);
}

#[test]
fn an_event_is_one_object_with_two_shapes() {
    let kind = Kind::new("events.k8s.io", "v1", "Event");
    let stored = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "old"},
        "count": 3,
        "eventTime": null,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "involvedObject": {"kind": "Pod", "name": "p"},
        "lastTimestamp": "2026-01-01T00:00:05Z",
        "message": "it failed",
        "reason": "Failed",
        "reportingComponent": "",
        "reportingInstance": "",
        "source": {"component": "kubelet"},
        "type": "Warning",
    });
    let shown = from_stored(&kind, &stored).into_owned();
    assert_eq!(
        shown,
        json!({
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": "old"},
            "deprecatedCount": 3,
            "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
            "deprecatedLastTimestamp": "2026-01-01T00:00:05Z",
            "deprecatedSource": {"component": "kubelet"},
            "eventTime": null,
            "note": "it failed",
            "reason": "Failed",
            "regarding": {"kind": "Pod", "name": "p"},
            "type": "Warning",
        })
    );
    assert_eq!(to_stored(&kind, shown), stored);
}

#[test]
fn other_kinds_are_shown_as_they_are_stored() {
    let kind = Kind::new("", "v1", "ConfigMap");
    let object = json!({"apiVersion": "v1", "message": "m"});
    assert!(row(&kind).conversion.is_none());
    assert!(matches!(from_stored(&kind, &object), Cow::Borrowed(_)));
    assert_eq!(to_stored(&kind, object.clone()), object);
}
