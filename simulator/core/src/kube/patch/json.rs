//! JSON patches.

use serde_json::Value;

use super::PatchError;
use crate::go;
use crate::value::log::go_quote;

/// A patch has no more operations.
const MAX_OPERATIONS: usize = 10_000;

/// What every failed look-up ends with.
const MISSING: &str = "missing value";

pub(super) fn apply(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Array(operations) = patch else {
        return Err(PatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
            go::json::kind(patch)
        )));
    };
    for operation in operations {
        check_types(operation)?;
    }
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::TooLarge(format!(
            "Request entity is too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut patched = object.clone();
    for operation in operations {
        Operation(operation)
            .apply(&mut patched)
            .map_err(PatchError::Unapplicable)?;
    }
    Ok(patched)
}

fn check_types(operation: &Value) -> Result<(), PatchError> {
    let malformed = |kind: &str, place: &str| {
        Err(PatchError::Malformed(format!(
            "error decoding patch: json: cannot unmarshal {kind} into Go {place}"
        )))
    };
    let Value::Object(fields) = operation else {
        return malformed(go::json::kind(operation), "value of type handlers.jsonPatchOp");
    };
    for name in ["op", "path", "from"] {
        match fields.get(name) {
            None | Some(Value::String(_) | Value::Null) => {}
            Some(other) => {
                return malformed(
                    go::json::kind(other),
                    &format!("struct field jsonPatchOp.{name} of type string"),
                );
            }
        }
    }
    Ok(())
}

struct Operation<'a>(&'a Value);

impl<'a> Operation<'a> {
    fn text(&self, field: &str) -> Option<&'a str> {
        self.0.get(field).and_then(Value::as_str)
    }

    fn path(&self) -> Result<&'a str, String> {
        self.text("path")
            .ok_or_else(|| format!("operation missing path field: {MISSING}"))
    }

    fn from(&self) -> Result<&'a str, String> {
        self.text("from")
            .ok_or_else(|| format!("operation, missing from field: {MISSING}"))
    }

    /// Null where the operation has none.
    fn value(&self) -> Value {
        self.0.get("value").cloned().unwrap_or_default()
    }

    fn apply(&self, document: &mut Value) -> Result<(), String> {
        match self.text("op").unwrap_or("unknown") {
            "add" => self.add(document),
            "remove" => self.remove(document),
            "replace" => self.replace(document),
            "move" => self.move_value(document),
            "test" => self.test(document),
            "copy" => self.copy(document),
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    fn add(&self, document: &mut Value) -> Result<(), String> {
        let path = self
            .path()
            .map_err(|_| format!("add operation failed to decode path: {MISSING}"))?;
        let (container, key) = find(document, path).ok_or_else(|| {
            format!(
                "add operation does not apply: doc is missing path: {}: {MISSING}",
                go_quote(path)
            )
        })?;
        add(container, &key, self.value()).map_err(|why| format!("error in add for path: '{path}': {why}"))
    }

    fn remove(&self, document: &mut Value) -> Result<(), String> {
        let path = self
            .path()
            .map_err(|_| format!("remove operation failed to decode path: {MISSING}"))?;
        let (container, key) = find(document, path).ok_or_else(|| {
            format!(
                "remove operation does not apply: doc is missing path: {}: {MISSING}",
                go_quote(path)
            )
        })?;
        remove(container, &key).map_err(|why| format!("error in remove for path: '{path}': {why}"))
    }

    /// Beyond the RFC, and as upstream: a key of a map that is not there is added.
    fn replace(&self, document: &mut Value) -> Result<(), String> {
        let path = self
            .path()
            .map_err(|why| format!("replace operation failed to decode path: {why}"))?;
        if path.is_empty() {
            return match self.value() {
                value @ (Value::Object(_) | Value::Array(_)) => {
                    *document = value;
                    Ok(())
                }
                _ => Err("replace operation value must be object or array".to_owned()),
            };
        }
        let (container, key) = find(document, path)
            .ok_or_else(|| format!("replace operation does not apply: doc is missing path: {path}: {MISSING}"))?;
        get(container, &key)
            .map_err(|_| format!("replace operation does not apply: doc is missing key: {path}: {MISSING}"))?;
        match container {
            Value::Object(fields) => {
                fields.insert(key, self.value());
            }
            Value::Array(items) => {
                if let Some(item) = index(&key, items.len(), items.len())
                    .ok()
                    .and_then(|at| items.get_mut(at))
                {
                    *item = self.value();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn move_value(&self, document: &mut Value) -> Result<(), String> {
        let from = self
            .from()
            .map_err(|why| format!("move operation failed to decode from: {why}"))?;
        let (container, key) = find(document, from)
            .ok_or_else(|| format!("move operation does not apply: doc is missing from path: {from}: {MISSING}"))?;
        let wrapped = |why| format!("error in move for path: '{key}': {why}");
        let value = get(container, &key).map_err(wrapped)?.cloned().unwrap_or_default();
        remove(container, &key).map_err(wrapped)?;
        let path = self
            .path()
            .map_err(|why| format!("move operation failed to decode path: {why}"))?;
        let (container, key) = find(document, path).ok_or_else(|| {
            format!("move operation does not apply: doc is missing destination path: {path}: {MISSING}")
        })?;
        add(container, &key, value).map_err(|why| format!("error in move for path: '{path}': {why}"))
    }

    fn copy(&self, document: &mut Value) -> Result<(), String> {
        let from = self
            .from()
            .map_err(|why| format!("copy operation failed to decode from: {why}"))?;
        let (container, key) = find(document, from)
            .ok_or_else(|| format!("copy operation does not apply: doc is missing from path: {from}: {MISSING}"))?;
        let value = get(container, &key)
            .map_err(|why| format!("error in copy for from: '{from}': {why}"))?
            .cloned()
            .unwrap_or_default();
        let path = self
            .path()
            .map_err(|_| format!("copy operation failed to decode path: {MISSING}"))?;
        let (container, key) = find(document, path).ok_or_else(|| {
            format!("copy operation does not apply: doc is missing destination path: {path}: {MISSING}")
        })?;
        add(container, &key, value).map_err(|why| format!("error while adding value during copy: {why}"))
    }

    fn test(&self, document: &mut Value) -> Result<(), String> {
        let path = self
            .path()
            .map_err(|why| format!("test operation failed to decode path: {why}"))?;
        let wanted = self.value();
        let same = if path.is_empty() {
            *document == wanted
        } else {
            let (container, key) = find(document, path)
                .ok_or_else(|| format!("test operation does not apply: is missing path: {path}: {MISSING}"))?;
            let found = get(container, &key).map_err(|why| format!("error in test for path: '{path}': {why}"))?;
            // What is not there is null.
            *found.unwrap_or(&Value::Null) == wanted
        };
        if same {
            Ok(())
        } else {
            Err(format!("testing value {path} failed: test failed"))
        }
    }
}

/// The map or list that the last step of `path` is taken in, and that step.
fn find<'d>(document: &'d mut Value, path: &str) -> Option<(&'d mut Value, String)> {
    let mut steps: Vec<String> = path
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    let key = steps.pop()?;
    let mut container = document;
    for step in &steps {
        container = match container {
            Value::Object(fields) => fields.get_mut(step)?,
            Value::Array(items) => {
                let at = index(step, items.len(), items.len()).ok()?;
                items.get_mut(at)?
            }
            _ => return None,
        };
    }
    (container.is_object() || container.is_array()).then_some((container, key))
}

/// The place that a key of a list names, which may count from the end. It must be below `limit`; negative ones are added
/// to `from_end`.
fn index(key: &str, limit: usize, from_end: usize) -> Result<usize, String> {
    let syntax = || format!("strconv.Atoi: parsing {}: invalid syntax", go_quote(key));
    let number: i64 = key.parse().map_err(|_| syntax())?;
    let invalid = || format!("Unable to access invalid index: {number}: invalid index referenced");
    let at = if number < 0 {
        number + i64::try_from(from_end).unwrap_or(i64::MAX)
    } else {
        number
    };
    usize::try_from(at).ok().filter(|at| *at < limit).ok_or_else(invalid)
}

fn get<'d>(container: &'d Value, key: &str) -> Result<Option<&'d Value>, String> {
    match container {
        Value::Array(items) => Ok(items.get(index(key, items.len(), items.len())?)),
        container => Ok(container.get(key)),
    }
}

fn add(container: &mut Value, key: &str, value: Value) -> Result<(), String> {
    match container {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let places = items.len() + 1;
            let at = index(key, places, places).map_err(|why| {
                if why.starts_with("strconv") {
                    format!("value was not a proper array index: '{key}': {why}")
                } else {
                    why
                }
            })?;
            items.insert(at, value);
        }
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value);
        }
        _ => {}
    }
    Ok(())
}

fn remove(container: &mut Value, key: &str) -> Result<(), String> {
    match container {
        Value::Array(items) => {
            let at = index(key, items.len(), items.len())?;
            items.remove(at);
        }
        container => {
            let removed = container.as_object_mut().and_then(|fields| fields.remove(key));
            removed.ok_or_else(|| format!("Unable to remove nonexistent key: {key}: {MISSING}"))?;
        }
    }
    Ok(())
}
