//! The three kinds of patch.
//!
//! Source: RFC 6902, RFC 7386, and `apimachinery/pkg/util/strategicpatch/patch.go` of Kubernetes 1.32.

use serde_json::Map;
use serde_json::Value;

/// How a request changes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatchKind {
    Json,
    Merge,
    StrategicMerge,
}

impl PatchKind {
    /// The kind that a media type names.
    pub(super) fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            // Clients that do not say what they send mean this one.
            "" | "application/strategic-merge-patch+json" => Some(Self::StrategicMerge),
            _ => None,
        }
    }

    /// The object after the patch.
    pub(super) fn apply(self, object: &Value, patch: &[u8]) -> Result<Value, PatchError> {
        let malformed = |error: serde_json::Error| PatchError::Malformed(error.to_string());
        match self {
            Self::Json => {
                let patch: json_patch::Patch = serde_json::from_slice(patch).map_err(malformed)?;
                let mut patched = object.clone();
                json_patch::patch(&mut patched, &patch).map_err(|error| PatchError::Unapplicable(error.to_string()))?;
                Ok(patched)
            }
            Self::Merge => {
                let patch = map(patch)?;
                let mut patched = object.clone();
                json_patch::merge(&mut patched, &Value::Object(patch));
                Ok(patched)
            }
            Self::StrategicMerge => {
                let patch = map(patch)?;
                let original = object.as_object().cloned().unwrap_or_default();
                merge_map(original, patch, &mut Vec::new()).map(Value::Object)
            }
        }
    }
}

fn map(patch: &[u8]) -> Result<Map<String, Value>, PatchError> {
    serde_json::from_slice(patch).map_err(|error| PatchError::Malformed(error.to_string()))
}

/// Why a patch changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatchError {
    /// It is no patch of its kind.
    #[error("error decoding patch: {0}")]
    Malformed(String),
    /// It does not fit the object, or one of its tests fails.
    #[error("{0}")]
    Unapplicable(String),
}

/// What becomes of two lists: most are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListMerge {
    ByKey(&'static str),
    Replace,
    Set,
}

/// FIDELITY: lists that are merged elsewhere than in the metadata belong to kinds that cannot be changed here yet.
fn list_merge(path: &[String]) -> ListMerge {
    match path {
        [metadata, field] if metadata == "metadata" => match field.as_str() {
            "finalizers" => ListMerge::Set,
            "ownerReferences" => ListMerge::ByKey("uid"),
            _ => ListMerge::Replace,
        },
        _ => ListMerge::Replace,
    }
}

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder/";
const DELETE_FROM_SET: &str = "$deleteFromPrimitiveList/";

fn merge_map(
    mut original: Map<String, Value>,
    mut patch: Map<String, Value>,
    path: &mut Vec<String>,
) -> Result<Map<String, Value>, PatchError> {
    match patch.remove(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => return Ok(patch),
        Some(Value::String(directive)) if directive == "delete" => return Ok(Map::new()),
        Some(Value::String(directive)) if directive == "merge" => {}
        Some(other) => return Err(PatchError::Unapplicable(format!("unknown patch type found: {other}"))),
    }
    if let Some(Value::Array(retained)) = patch.remove(RETAIN_KEYS) {
        original.retain(|key, _| retained.iter().any(|retained| retained == key));
    }
    let mut orders = Vec::new();
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix(SET_ORDER) {
            orders.push((field.to_owned(), value));
            continue;
        }
        if let Some(field) = key.strip_prefix(DELETE_FROM_SET) {
            if let (Some(Value::Array(list)), Value::Array(gone)) = (original.get_mut(field), value) {
                list.retain(|item| !gone.contains(item));
            }
            continue;
        }
        path.push(key.clone());
        let merged = match (original.remove(&key), value) {
            (_, Value::Null) => None,
            (Some(Value::Object(original)), Value::Object(patch)) => {
                Some(Value::Object(merge_map(original, patch, path)?))
            }
            (Some(Value::Array(original)), Value::Array(patch)) => {
                Some(Value::Array(merge_list(original, patch, path)?))
            }
            (None, Value::Object(patch)) => Some(Value::Object(merge_map(Map::new(), patch, path)?)),
            (None, Value::Array(patch)) => Some(Value::Array(merge_list(Vec::new(), patch, path)?)),
            (_, value) => Some(value),
        };
        path.pop();
        if let Some(merged) = merged {
            original.insert(key, merged);
        }
    }
    for (field, order) in orders {
        path.push(field.clone());
        if let (Some(Value::Array(list)), Value::Array(order)) = (original.get_mut(&field), order) {
            let identity = list_merge(path);
            let place = |item: &Value| order.iter().position(|ordered| same(identity, ordered, item));
            // Stable, so that what the order does not name stays behind the rest as it was.
            list.sort_by_key(|item| place(item).unwrap_or(usize::MAX));
        }
        path.pop();
    }
    Ok(original)
}

fn same(identity: ListMerge, one: &Value, other: &Value) -> bool {
    match identity {
        ListMerge::ByKey(key) => one.get(key).is_some() && one.get(key) == other.get(key),
        ListMerge::Replace | ListMerge::Set => one == other,
    }
}

fn merge_list(mut original: Vec<Value>, patch: Vec<Value>, path: &mut Vec<String>) -> Result<Vec<Value>, PatchError> {
    match list_merge(path) {
        ListMerge::Replace => Ok(patch),
        ListMerge::Set => {
            for item in patch {
                if !original.contains(&item) {
                    original.push(item);
                }
            }
            Ok(original)
        }
        ListMerge::ByKey(key) => {
            for item in patch {
                let Value::Object(item) = item else {
                    return Err(PatchError::Unapplicable("expected a list of maps".to_owned()));
                };
                let Some(identity) = item.get(key).cloned() else {
                    return Err(PatchError::Unapplicable(format!(
                        "map: {} does not contain declared merge key: {key}",
                        Value::Object(item)
                    )));
                };
                let at = original.iter().position(|found| found.get(key) == Some(&identity));
                if item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete") {
                    original.retain(|found| found.get(key) != Some(&identity));
                } else if let Some(Value::Object(found)) = at.and_then(|at| original.get_mut(at)) {
                    *found = merge_map(std::mem::take(found), item, path)?;
                } else {
                    original.push(Value::Object(merge_map(Map::new(), item, path)?));
                }
            }
            Ok(original)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: PatchKind, object: &Value, patch: &Value, wanted: &Value) {
        assert_eq!(
            kind.apply(object, patch.to_string().as_bytes()).unwrap(),
            *wanted,
            "{patch}"
        );
    }

    #[test]
    fn a_config_map_is_merged_key_by_key() {
        let object = json!({"data": {"a": "1", "b": "2"}, "metadata": {"labels": {"x": "1"}}});
        for kind in [PatchKind::Merge, PatchKind::StrategicMerge] {
            check(
                kind,
                &object,
                &json!({"data": {"a": null, "c": "3"}, "metadata": {"labels": null}}),
                &json!({"data": {"b": "2", "c": "3"}, "metadata": {}}),
            );
        }
    }

    #[test]
    fn strategic_directives_are_obeyed() {
        let kind = PatchKind::StrategicMerge;
        let object = json!({"data": {"a": "1", "b": "2"}});
        check(
            kind,
            &object,
            &json!({"data": {"$patch": "replace", "c": "3"}}),
            &json!({"data": {"c": "3"}}),
        );
        check(
            kind,
            &object,
            &json!({"data": {"$patch": "delete"}}),
            &json!({"data": {}}),
        );
        check(
            kind,
            &object,
            &json!({"data": {"$retainKeys": ["b", "c"], "c": "3"}}),
            &json!({"data": {"b": "2", "c": "3"}}),
        );
        let object = json!({"metadata": {"finalizers": ["a", "b"], "ownerReferences": [{"uid": "1", "name": "x"}]}});
        check(
            kind,
            &object,
            &json!({"metadata": {
                "$deleteFromPrimitiveList/finalizers": ["a"],
                "$setElementOrder/finalizers": ["c", "b"],
                "finalizers": ["c"],
                "ownerReferences": [{"uid": "1", "kind": "K"}, {"uid": "2"}],
            }}),
            &json!({"metadata": {
                "finalizers": ["c", "b"],
                "ownerReferences": [{"uid": "1", "name": "x", "kind": "K"}, {"uid": "2"}],
            }}),
        );
        check(
            kind,
            &object,
            &json!({"metadata": {"ownerReferences": [{"uid": "1", "$patch": "delete"}]}}),
            &json!({"metadata": {"finalizers": ["a", "b"], "ownerReferences": []}}),
        );
    }

    #[test]
    fn a_json_patch_is_all_or_nothing() {
        let object = json!({"data": {"a": "1"}});
        let patch = json!([{"op": "replace", "path": "/data/a", "value": "2"}, {"op": "test", "path": "/data/a", "value": "1"}]);
        let error = PatchKind::Json
            .apply(&object, patch.to_string().as_bytes())
            .unwrap_err();
        assert!(matches!(error, PatchError::Unapplicable(_)), "{error}");
        let error = PatchKind::Json.apply(&object, b"{").unwrap_err();
        assert!(matches!(error, PatchError::Malformed(_)), "{error}");
    }

    proptest! {
        #[test]
        fn an_empty_strategic_patch_changes_nothing(keys in prop::collection::btree_map("[a-z]{1,3}", "[a-z]{0,3}", 0..5)) {
            let object = json!({"data": keys, "metadata": {"finalizers": ["x"]}});
            prop_assert_eq!(PatchKind::StrategicMerge.apply(&object, b"{}").unwrap(), object);
        }
    }
}
