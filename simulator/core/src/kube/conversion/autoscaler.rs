//! HorizontalPodAutoscalers: v1 knows a target for the use of processors alone, and keeps in annotations what else v2 says.
//!
//! FIDELITY: in those annotations the keys of a selector stand in the order of the alphabet, where the real server writes
//! them in that of its type.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Fields;

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";

/// The target where nobody gives one, in percent (`DefaultCPUUtilization`).
const DEFAULT_UTILIZATION: i64 = 80;

/// A field of a metric: its name in v1, where v2 has it, and whether v1 writes `0` where v2 has nothing.
struct Part {
    v1: &'static str,
    v2: &'static str,
    is_zero_written: bool,
}

const fn part(v1: &'static str, v2: &'static str) -> Part {
    Part {
        v1,
        v2,
        is_zero_written: false,
    }
}

const fn amount(v1: &'static str, v2: &'static str) -> Part {
    Part {
        is_zero_written: true,
        ..part(v1, v2)
    }
}

/// A kind of metric: the field that it stands in, and its parts as a target and as a status, in the order of v1's types.
struct Metric {
    field: &'static str,
    source: &'static [Part],
    status: &'static [Part],
}

/// In the order of `MetricSpec`.
const KINDS: [Metric; 5] = [
    Metric {
        field: "object",
        source: &[
            part("target", "/describedObject"),
            part("metricName", "/metric/name"),
            amount("targetValue", "/target/value"),
            part("selector", "/metric/selector"),
            part("averageValue", "/target/averageValue"),
        ],
        status: &[
            part("target", "/describedObject"),
            part("metricName", "/metric/name"),
            amount("currentValue", "/current/value"),
            part("selector", "/metric/selector"),
            part("averageValue", "/current/averageValue"),
        ],
    },
    Metric {
        field: "pods",
        source: &[
            part("metricName", "/metric/name"),
            amount("targetAverageValue", "/target/averageValue"),
            part("selector", "/metric/selector"),
        ],
        status: &[
            part("metricName", "/metric/name"),
            amount("currentAverageValue", "/current/averageValue"),
            part("selector", "/metric/selector"),
        ],
    },
    Metric {
        field: "resource",
        source: &[
            part("name", "/name"),
            part("targetAverageUtilization", "/target/averageUtilization"),
            part("targetAverageValue", "/target/averageValue"),
        ],
        status: &[
            part("name", "/name"),
            part("currentAverageUtilization", "/current/averageUtilization"),
            amount("currentAverageValue", "/current/averageValue"),
        ],
    },
    Metric {
        field: "containerResource",
        source: &[
            part("name", "/name"),
            part("targetAverageUtilization", "/target/averageUtilization"),
            part("targetAverageValue", "/target/averageValue"),
            part("container", "/container"),
        ],
        status: &[
            part("name", "/name"),
            part("currentAverageUtilization", "/current/averageUtilization"),
            amount("currentAverageValue", "/current/averageValue"),
            part("container", "/container"),
        ],
    },
    Metric {
        field: "external",
        source: &[
            part("metricName", "/metric/name"),
            part("metricSelector", "/metric/selector"),
            part("targetValue", "/target/value"),
            part("targetAverageValue", "/target/averageValue"),
        ],
        status: &[
            part("metricName", "/metric/name"),
            part("metricSelector", "/metric/selector"),
            amount("currentValue", "/current/value"),
            part("currentAverageValue", "/current/averageValue"),
        ],
    },
];

/// The fields of a condition, and of a reference to what a metric describes, in the order of their types.
const CONDITION: [&str; 5] = ["type", "status", "lastTransitionTime", "reason", "message"];
const DESCRIBED: [&str; 3] = ["kind", "name", "apiVersion"];

/// Whether metrics are given as targets or as a status.
#[derive(Clone, Copy)]
enum MetricForm {
    Source,
    Status,
}

impl Metric {
    fn parts(&self, told: MetricForm) -> &'static [Part] {
        match told {
            MetricForm::Source => self.source,
            MetricForm::Status => self.status,
        }
    }
}

/// v2 to v1 (`Convert_autoscaling_HorizontalPodAutoscaler_To_v1_HorizontalPodAutoscaler`).
pub(super) fn from_stored(mut autoscaler: Fields) -> Fields {
    let list = |value: Option<Value>| match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let metrics = list(take(&mut autoscaler, "spec", "metrics"));
    let behavior = take(&mut autoscaler, "spec", "behavior");
    let current = list(take(&mut autoscaler, "status", "currentMetrics"));
    let conditions = list(take(&mut autoscaler, "status", "conditions"));

    let target = metrics.iter().find_map(processor_target);
    put(
        &mut autoscaler,
        "spec",
        "targetCPUUtilizationPercentage",
        target.cloned(),
    );
    let used = current.iter().filter(|metric| is_of_processors(metric));
    let mut used = used.filter_map(|metric| metric.pointer("/resource/current/averageUtilization"));
    let used = used.next_back().cloned();
    put(&mut autoscaler, "status", "currentCPUUtilizationPercentage", used);
    if let Some(Value::Object(status)) = autoscaler.get_mut("status") {
        for field in ["currentReplicas", "desiredReplicas"] {
            status.entry(field).or_insert_with(|| json!(0));
        }
    }

    drop_annotations(&mut autoscaler);
    let others: Vec<Ordered> = metrics
        .iter()
        .filter(|metric| processor_target(metric).is_none())
        .map(|metric| metric_from_stored(metric, MetricForm::Source))
        .collect();
    annotate(&mut autoscaler, METRICS, &others);
    let current: Vec<Ordered> = current
        .iter()
        .map(|metric| metric_from_stored(metric, MetricForm::Status))
        .collect();
    annotate(&mut autoscaler, CURRENT_METRICS, &current);
    if let Some(behavior) = behavior {
        let internal = Ordered(
            ["ScaleUp", "ScaleDown"]
                .map(|name| (name, Text::Map(rules_from_stored(behavior.get(decapitalised(name))))))
                .into(),
        );
        annotate_with(&mut autoscaler, BEHAVIOR, &internal);
    }
    let conditions: Vec<Ordered> = conditions.iter().map(|one| Ordered::of(one, &CONDITION)).collect();
    annotate(&mut autoscaler, CONDITIONS, &conditions);
    autoscaler.insert("apiVersion".to_owned(), json!("autoscaling/v1"));
    autoscaler
}

/// v1 to v2 (`Convert_v1_HorizontalPodAutoscaler_To_autoscaling_HorizontalPodAutoscaler`).
pub(super) fn to_stored(mut autoscaler: Fields) -> Fields {
    let annotation = |autoscaler: &Fields, name: &str| -> Option<Value> {
        let text = autoscaler.get("metadata")?.get("annotations")?.get(name)?.as_str()?;
        serde_json::from_str(text).ok()
    };
    let list = |autoscaler: &Fields, name: &str| match annotation(autoscaler, name) {
        Some(Value::Array(items)) => Some(items),
        _ => None,
    };
    let target = take(&mut autoscaler, "spec", "targetCPUUtilizationPercentage");
    let mut metrics: Vec<Value> = list(&autoscaler, METRICS)
        .unwrap_or_default()
        .iter()
        .map(|metric| metric_to_stored(metric, MetricForm::Source))
        .collect();
    if let Some(target) = target {
        metrics.push(processors(target));
    }
    if metrics.is_empty() {
        metrics.push(processors(json!(DEFAULT_UTILIZATION)));
    }
    put(&mut autoscaler, "spec", "metrics", Some(json!(metrics)));
    let behavior = annotation(&autoscaler, BEHAVIOR).map(|internal| {
        let rules = ["ScaleUp", "ScaleDown"].map(|name| (decapitalised(name), rules_to_stored(internal.get(name))));
        Value::Object(
            rules
                .into_iter()
                .filter_map(|(name, rules)| Some((name.to_owned(), rules?)))
                .collect(),
        )
    });
    let behavior = behavior.filter(|behavior| *behavior != json!({}));
    put(&mut autoscaler, "spec", "behavior", behavior);

    let used = take(&mut autoscaler, "status", "currentCPUUtilizationPercentage");
    let current = match (list(&autoscaler, CURRENT_METRICS), used) {
        (Some(current), _) => json!(
            current
                .iter()
                .map(|metric| metric_to_stored(metric, MetricForm::Status))
                .collect::<Vec<_>>()
        ),
        (None, Some(used)) => {
            json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": used}}}])
        }
        (None, None) => Value::Null,
    };
    if autoscaler.contains_key("status") {
        put(&mut autoscaler, "status", "currentMetrics", Some(current));
        let conditions = list(&autoscaler, CONDITIONS).map(Value::Array);
        put(&mut autoscaler, "status", "conditions", conditions);
        if let Some(Value::Object(status)) = autoscaler.get_mut("status") {
            // v2 leaves this one out where it is 0.
            status.retain(|name, value| !(name == "currentReplicas" && *value == json!(0)));
        }
    }
    drop_annotations(&mut autoscaler);
    autoscaler.insert("apiVersion".to_owned(), json!("autoscaling/v2"));
    autoscaler
}

/// Takes out a field of `spec` or `status`; nothing where it is null.
fn take(autoscaler: &mut Fields, part: &str, field: &str) -> Option<Value> {
    let part = autoscaler.get_mut(part)?.as_object_mut()?;
    part.remove(field).filter(|found| !found.is_null())
}

/// A target for the use of processors, in percent.
fn processors(target: Value) -> Value {
    json!({
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}},
    })
}

fn is_of_processors(metric: &Value) -> bool {
    metric.get("type").is_some_and(|found| found == "Resource")
        && metric.pointer("/resource/name").is_some_and(|name| name == "cpu")
}

/// The percentage that v1 has a field for.
fn processor_target(metric: &Value) -> Option<&Value> {
    let target = metric.pointer("/resource/target/averageUtilization");
    target.filter(|target| !target.is_null() && is_of_processors(metric))
}

fn put(autoscaler: &mut Fields, part: &str, field: &str, value: Option<Value>) {
    let Some(value) = value else { return };
    if let Some(Value::Object(part)) = autoscaler.get_mut(part) {
        part.insert(field.to_owned(), value);
    }
}

fn annotations(autoscaler: &mut Fields) -> Option<&mut Fields> {
    autoscaler.get_mut("metadata")?.get_mut("annotations")?.as_object_mut()
}

fn drop_annotations(autoscaler: &mut Fields) {
    let Some(found) = annotations(autoscaler) else {
        return;
    };
    found.retain(|name, _| ![METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR].contains(&name.as_str()));
    if found.is_empty()
        && let Some(Value::Object(metadata)) = autoscaler.get_mut("metadata")
    {
        metadata.remove("annotations");
    }
}

fn annotate<T: Serialize>(autoscaler: &mut Fields, name: &str, items: &[T]) {
    if !items.is_empty() {
        annotate_with(autoscaler, name, &items);
    }
}

fn annotate_with(autoscaler: &mut Fields, name: &str, value: &impl Serialize) {
    let (Ok(text), Some(Value::Object(metadata))) = (serde_json::to_string(value), autoscaler.get_mut("metadata"))
    else {
        return;
    };
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(name.to_owned(), json!(text));
    }
}

/// An object whose fields keep their order in JSON.
struct Ordered(Vec<(&'static str, Text)>);

impl Ordered {
    /// The fields of those names, as far as they are there.
    fn of(object: &Value, names: &[&'static str]) -> Self {
        let found = names
            .iter()
            .filter_map(|name| Some((*name, Text::Value(object.get(name)?.clone()))));
        Self(found.collect())
    }
}

enum Text {
    List(Vec<Ordered>),
    Map(Option<Ordered>),
    Value(Value),
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            match value {
                Text::List(items) => map.serialize_entry(name, items)?,
                Text::Map(fields) => map.serialize_entry(name, fields)?,
                Text::Value(value) => map.serialize_entry(name, value)?,
            }
        }
        map.end()
    }
}

fn metric_from_stored(metric: &Value, told: MetricForm) -> Ordered {
    let kind = metric.get("type").cloned().unwrap_or_default();
    let mut fields = vec![("type", Text::Value(kind))];
    for kind in &KINDS {
        let Some(found) = metric.get(kind.field).filter(|found| found.is_object()) else {
            continue;
        };
        let parts = kind.parts(told).iter().filter_map(|part| {
            let value = found.pointer(part.v2).filter(|value| !value.is_null()).cloned();
            let value = value.or_else(|| part.is_zero_written.then(|| json!("0")))?;
            let text = match part.v1 {
                "target" => Text::Map(Some(Ordered::of(&value, &DESCRIBED))),
                _ => Text::Value(value),
            };
            Some((part.v1, text))
        });
        fields.push((kind.field, Text::Map(Some(Ordered(parts.collect())))));
    }
    Ordered(fields)
}

fn metric_to_stored(metric: &Value, told: MetricForm) -> Value {
    let kind = metric.get("type").cloned().unwrap_or_default();
    let mut fields = Map::from_iter([("type".to_owned(), kind)]);
    for kind in &KINDS {
        let Some(found) = metric.get(kind.field).filter(|found| found.is_object()) else {
            continue;
        };
        let mut made = Map::new();
        for part in kind.parts(told) {
            let value = found.get(part.v1).filter(|value| !value.is_null()).cloned();
            let Some(value) = value.or_else(|| part.is_zero_written.then(|| json!("0"))) else {
                continue;
            };
            let mut names = part.v2.split('/').skip(1);
            let (Some(outer), inner) = (names.next(), names.next()) else {
                continue;
            };
            match inner {
                None => made.insert(outer.to_owned(), value),
                Some(inner) => {
                    let outer = made.entry(outer).or_insert_with(|| json!({}));
                    outer
                        .as_object_mut()
                        .and_then(|outer| outer.insert(inner.to_owned(), value))
                }
            };
        }
        if let MetricForm::Source = told {
            let target_type = target_type(kind.field, found);
            let target = made.entry("target").or_insert_with(|| json!({}));
            if let Some(target) = target.as_object_mut() {
                target.insert("type".to_owned(), json!(target_type));
            }
        }
        fields.insert(kind.field.to_owned(), Value::Object(made));
    }
    Value::Object(fields)
}

/// v2 says of what type a target is; v1 leaves it to be seen.
fn target_type(field: &str, v1: &Value) -> &'static str {
    let has = |name: &str| v1.get(name).is_some_and(|found| !found.is_null());
    match field {
        "object" if !has("averageValue") => "Value",
        "external" if has("targetValue") => "Value",
        "resource" | "containerResource" if has("targetAverageUtilization") => "Utilization",
        _ => "AverageValue",
    }
}

/// The annotation of the behavior is written of a type without names for JSON, so that Go's own stand there.
const RULES: [(&str, &str); 2] = [
    ("StabilizationWindowSeconds", "stabilizationWindowSeconds"),
    ("SelectPolicy", "selectPolicy"),
];
const POLICY: [(&str, &str); 3] = [("Type", "type"), ("Value", "value"), ("PeriodSeconds", "periodSeconds")];

fn decapitalised(name: &str) -> &'static str {
    match name {
        "ScaleUp" => "scaleUp",
        _ => "scaleDown",
    }
}

fn rules_from_stored(rules: Option<&Value>) -> Option<Ordered> {
    let rules = rules.filter(|rules| rules.is_object())?;
    let value = |of: &Value, name: &str| Text::Value(of.get(name).cloned().unwrap_or_default());
    let mut fields: Vec<(&'static str, Text)> = RULES
        .iter()
        .map(|(internal, name)| (*internal, value(rules, name)))
        .collect();
    let policies = rules.get("policies").and_then(Value::as_array);
    fields.push(match policies {
        None => ("Policies", Text::Value(Value::Null)),
        Some(policies) => (
            "Policies",
            Text::List(
                policies
                    .iter()
                    .map(|policy| {
                        Ordered(
                            POLICY
                                .iter()
                                .map(|(internal, name)| (*internal, value(policy, name)))
                                .collect(),
                        )
                    })
                    .collect(),
            ),
        ),
    });
    Some(Ordered(fields))
}

fn rules_to_stored(internal: Option<&Value>) -> Option<Value> {
    let internal = internal.filter(|rules| rules.is_object())?;
    let read = |of: &Value, names: &[(&str, &str)]| -> Map<String, Value> {
        let found = names.iter().filter_map(|(internal, name)| {
            let value = of.get(*internal).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value.clone()))
        });
        found.collect()
    };
    let mut rules = read(internal, &RULES);
    if let Some(policies) = internal.get("Policies").and_then(Value::as_array) {
        let policies: Vec<Value> = policies
            .iter()
            .map(|policy| Value::Object(read(policy, &POLICY)))
            .collect();
        rules.insert("policies".to_owned(), json!(policies));
    }
    Some(Value::Object(rules))
}
