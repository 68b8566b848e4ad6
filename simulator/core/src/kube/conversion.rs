//! Kinds that are served in several versions and stored in one: what the one looks like in the other.
//!
//! Events of core/v1 and of events.k8s.io/v1 are the same objects, stored as the former; a HorizontalPodAutoscaler is
//! stored as autoscaling/v2. Every other kind is stored as it is served.
//!
//! Source: `pkg/apis/{events,autoscaling}/v1/conversion.go` of Kubernetes 1.32.

mod autoscaler;

use std::borrow::Cow;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::kube::schema::Kind;

/// The fields of an Event whose names differ: in events.k8s.io/v1, and in core/v1.
const EVENT: [(&str, &str); 7] = [
    ("deprecatedCount", "count"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedSource", "source"),
    ("note", "message"),
    ("regarding", "involvedObject"),
    ("reportingController", "reportingComponent"),
];

/// The resource under which the objects of a resource of that group are stored, where it is another group's.
#[must_use]
pub fn stored_resource(group: &str, plural: &str) -> Option<&'static str> {
    (group == "events.k8s.io" && plural == "events").then_some("events")
}

/// Whether objects of that kind are stored as another one.
#[must_use]
pub fn is_converted(kind: &Kind) -> bool {
    conversion(kind).is_some()
}

/// A decoded object of that kind, as it is stored.
#[must_use]
pub fn to_stored(kind: &Kind, object: Value) -> Value {
    match (conversion(kind), object) {
        (Some(conversion), Value::Object(fields)) => Value::Object((conversion.to_stored)(fields)),
        (_, object) => object,
    }
}

/// A stored object, as one of that kind.
#[must_use]
pub fn from_stored<'a>(kind: &Kind, stored: &'a Value) -> Cow<'a, Value> {
    match (conversion(kind), stored) {
        (Some(conversion), Value::Object(fields)) => {
            Cow::Owned(Value::Object((conversion.from_stored)(fields.clone())))
        }
        _ => Cow::Borrowed(stored),
    }
}

type Fields = Map<String, Value>;

struct Conversion {
    to_stored: fn(Fields) -> Fields,
    from_stored: fn(Fields) -> Fields,
}

fn conversion(kind: &Kind) -> Option<Conversion> {
    match (kind.group.as_str(), kind.version.as_str(), kind.kind.as_str()) {
        ("events.k8s.io", "v1", "Event") => Some(Conversion {
            to_stored: event_to_stored,
            from_stored: event_from_stored,
        }),
        ("autoscaling", "v1", "HorizontalPodAutoscaler") => Some(Conversion {
            to_stored: autoscaler::to_stored,
            from_stored: autoscaler::from_stored,
        }),
        _ => None,
    }
}

fn event_to_stored(mut event: Fields) -> Fields {
    for (new, old) in EVENT {
        rename(&mut event, new, old);
    }
    // These have no `omitempty` in core/v1.
    for field in ["reportingComponent", "reportingInstance"] {
        event.entry(field).or_insert_with(|| json!(""));
    }
    event.insert("apiVersion".to_owned(), json!("v1"));
    event
}

fn event_from_stored(mut event: Fields) -> Fields {
    for (new, old) in EVENT {
        rename(&mut event, old, new);
    }
    for field in ["reportingController", "reportingInstance"] {
        if event.get(field).is_some_and(|found| found == "") {
            event.remove(field);
        }
    }
    event.insert("apiVersion".to_owned(), json!("events.k8s.io/v1"));
    event
}

fn rename(fields: &mut Fields, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
