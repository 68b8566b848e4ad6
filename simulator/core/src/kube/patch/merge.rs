//! Merge patches.

use serde_json::Map;
use serde_json::Value;

use super::PatchError;
use crate::go;

pub(super) fn apply(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    match patch {
        Value::Object(patch) => {
            let mut object = object.as_object().cloned().unwrap_or_default();
            merge(&mut object, patch);
            Ok(Value::Object(object))
        }
        // Upstream reads it as an empty map first, and then as a patch.
        Value::Null => Err(PatchError::Malformed("Invalid JSON Patch".to_owned())),
        other => Err(PatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go::json::kind(other)
        ))),
    }
}

fn merge(object: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (object.get_mut(key), value) {
            (_, Value::Null) => {
                object.remove(key);
            }
            (Some(Value::Object(object)), Value::Object(patch)) => merge(object, patch),
            // Beyond the RFC: where there was a map, the new value stays as it is; nulls go from it else, in lists too.
            (Some(Value::Object(_)), value) => {
                object.insert(key.clone(), value.clone());
            }
            (_, value) => {
                object.insert(key.clone(), without_nulls(value));
            }
        }
    }
}

/// Without the keys of maps that are null.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        other => other.clone(),
    }
}
