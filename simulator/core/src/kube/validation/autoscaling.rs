//! HorizontalPodAutoscalers (`pkg/apis/autoscaling/validation`), in the version that is stored.

use serde_json::Value;

use super::Errors;
use super::items;
use super::text;

pub(in crate::kube) fn check(errors: &mut Errors, object: &Value) {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let least = number("/spec/minReplicas");
    let most = number("/spec/maxReplicas").unwrap_or_default();
    if let Some(least) = least.filter(|least| *least < 1) {
        errors.invalid(
            "spec.minReplicas",
            &least.to_string(),
            "must be greater than or equal to 1",
        );
    }
    if most < 1 {
        errors.invalid("spec.maxReplicas", &most.to_string(), "must be greater than 0");
    }
    if least.is_some_and(|least| most < least) {
        let why = "must be greater than or equal to `minReplicas`";
        errors.invalid("spec.maxReplicas", &most.to_string(), why);
    }
    for field in ["kind", "name"] {
        if text(object, &format!("/spec/scaleTargetRef/{field}")).is_empty() {
            errors.required(&format!("spec.scaleTargetRef.{field}"), "");
        }
    }
    let outside = items(object, "/spec/metrics").iter();
    let mut outside = outside.filter(|metric| matches!(text(metric, "/type"), "Object" | "External"));
    if least == Some(0) && outside.next().is_none() {
        errors.forbidden(
            "spec.metrics",
            "must specify at least one Object or External metric to support scaling to zero replicas",
        );
    }
}
