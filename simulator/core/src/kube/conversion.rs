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

/// The fields of an Event whose names differ: in events.k8s.io/v1, and in core/v1.
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("deprecatedCount", "count"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedSource", "source"),
    ("note", "message"),
    ("regarding", "involvedObject"),
    ("reportingController", "reportingComponent"),
];

type Fields = Map<String, Value>;

/// How a kind that is stored as another one comes there and back.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    to_stored: fn(Fields) -> Fields,
    from_stored: fn(Fields) -> Fields,
}

/// An Event of events.k8s.io/v1, stored as one of core/v1.
pub const EVENT: Conversion = Conversion {
    to_stored: event_to_stored,
    from_stored: event_from_stored,
};

/// A HorizontalPodAutoscaler of autoscaling/v1, stored as one of autoscaling/v2.
pub const AUTOSCALER: Conversion = Conversion {
    to_stored: autoscaler::to_stored,
    from_stored: autoscaler::from_stored,
};

impl Conversion {
    /// A decoded object, as it is stored.
    #[must_use]
    pub fn to_stored(self, object: Value) -> Value {
        match object {
            Value::Object(fields) => Value::Object((self.to_stored)(fields)),
            object => object,
        }
    }

    /// A stored object, as one of the kind.
    #[must_use]
    pub fn from_stored<'a>(self, stored: &'a Value) -> Cow<'a, Value> {
        match stored {
            Value::Object(fields) => Cow::Owned(Value::Object((self.from_stored)(fields.clone()))),
            _ => Cow::Borrowed(stored),
        }
    }
}

fn event_to_stored(mut event: Fields) -> Fields {
    for (new, old) in EVENT_FIELDS {
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
    for (new, old) in EVENT_FIELDS {
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
