//! JSON patches.
//!
//! FIDELITY: what a patch makes nests no deeper than [`MAX_DEPTH`], where upstream's decoder refuses it beyond 10,000
//! levels: everything that reads an object descends into it. Its operations shift no more than [`MAX_SHIFTED`] items of
//! lists together, where upstream shifts on.

use serde_json::Value;

use super::PatchError;
use crate::go;
use crate::go::json::MAX_DEPTH;
use crate::value::log::go_quote;

/// A patch has no more operations.
const MAX_OPERATIONS: usize = 10_000;

/// What the copies of a patch make is no larger together, in bytes of JSON (`JSONPatchMaxCopyBytes` in
/// `apiserver/pkg/server/config.go`).
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// So many items of lists may make room for others, or close up, before a patch is refused: about a second's work.
const MAX_SHIFTED: usize = 100_000_000;

/// What every failed look-up ends with.
const MISSING: &str = "missing value";
/// What some operations say of a path that is missing, where others say [`MISSING`].
const NO_PATH: &str = "operation missing path field: missing value";
/// What is said of a `from` that is missing.
const NO_FROM: &str = "operation, missing from field: missing value";

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
    let mut work = Work {
        copied: 0,
        shifted: 0,
        depth: depth(object),
    };
    for operation in operations {
        Operation(operation).apply(&mut patched, &mut work)?;
    }
    Ok(patched)
}

/// What the operations of a patch have taken so far.
struct Work {
    /// Bytes of JSON that copies have made.
    copied: usize,
    /// Items of lists that were moved to make room, or to close up.
    shifted: usize,
    /// The document nests no deeper.
    depth: usize,
}

impl Work {
    /// A value that nests so deep comes to that path of the document.
    fn nest(&mut self, document: &Value, path: &str, below: usize) -> Result<(), OperationError> {
        let new = path.matches('/').count() + below;
        self.depth = self.depth.max(new);
        // What is moved is taken to be as deep as the document, so that it need not be looked through each time.
        if self.depth > MAX_DEPTH {
            self.depth = depth(document);
        }
        if self.depth > MAX_DEPTH {
            return Err(OperationError::TooDeep);
        }
        Ok(())
    }

    /// So many items of a list change their places.
    fn shift(&mut self, items: usize) -> Result<(), StepError> {
        self.shifted += items;
        if self.shifted > MAX_SHIFTED {
            return Err(StepError::TooMuch);
        }
        Ok(())
    }
}

/// How many levels of maps and lists a value has.
fn depth(value: &Value) -> usize {
    let below = |values: &mut dyn Iterator<Item = &Value>| 1 + values.map(depth).max().unwrap_or_default();
    match value {
        Value::Array(items) => below(&mut items.iter()),
        Value::Object(fields) => below(&mut fields.values()),
        _ => 0,
    }
}

/// Why an operation of a JSON patch is not done, as upstream's library says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// There is no such operation.
    #[error("Unexpected kind: {0}")]
    UnknownKind(String),
    /// It does not say where.
    #[error("{operation} operation failed to decode {member}: {why}")]
    NoPath {
        /// Such as `add`.
        operation: &'static str,
        /// `path` or `from`.
        member: &'static str,
        /// That it is missing, as this operation says it.
        why: &'static str,
    },
    /// The object has nothing in which the path's last step could be taken.
    #[error("{operation} operation does not apply: {what}: {path}: {MISSING}")]
    NoPlace {
        /// Such as `add`.
        operation: &'static str,
        /// Such as `doc is missing path`.
        what: &'static str,
        /// The path, quoted where this operation quotes it.
        path: String,
    },
    /// The path's last step cannot be taken.
    #[error("error in {operation} for {member}: '{path}': {error}")]
    Step {
        /// Such as `add`.
        operation: &'static str,
        /// `path` or `from`.
        member: &'static str,
        /// The path, or its last step where this operation names only that.
        path: String,
        /// Why not.
        error: StepError,
    },
    /// The copies of the patch make too much.
    #[error(
        "Unable to complete the copy, the accumulated size increase of copy is {0}, exceeding the limit {MAX_COPIED}"
    )]
    CopiesTooMuch(usize),
    /// What the patch makes nests too deep.
    #[error("exceeded max depth")]
    TooDeep,
    /// What was copied cannot be put where it belongs.
    #[error("error while adding value during copy: {0}")]
    Copy(StepError),
    /// The whole object would be no object.
    #[error("replace operation value must be object or array")]
    ReplaceWhole,
    /// Another value is there than the test wants.
    #[error("testing value {0} failed: test failed")]
    TestFailed(String),
}

/// Why the last step of a path cannot be taken, as upstream's library says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// The key of a list is no number.
    #[error("strconv.Atoi: parsing {}: invalid syntax", go_quote(.0))]
    NoNumber(String),
    /// The key of a list, to which something is added, is no number.
    #[error("value was not a proper array index: '{key}': {error}", key = .0, error = Self::NoNumber(.0.clone()))]
    NoNumberToAdd(String),
    /// The list has no such place.
    #[error("Unable to access invalid index: {0}: invalid index referenced")]
    NoIndex(i64),
    /// The operations of the patch shift too many items of lists.
    #[error("the operations of the patch move more than {MAX_SHIFTED} items of lists")]
    TooMuch,
    /// The map has no such key, which is to be removed.
    #[error("Unable to remove nonexistent key: {0}: {MISSING}")]
    NoKey(String),
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

    /// The path, or that it is missing in the words `why`.
    fn path(&self, operation: &'static str, why: &'static str) -> Result<&'a str, OperationError> {
        let member = "path";
        self.text(member)
            .ok_or(OperationError::NoPath { operation, member, why })
    }

    fn from(&self, operation: &'static str) -> Result<&'a str, OperationError> {
        let member = "from";
        self.text(member).ok_or(OperationError::NoPath {
            operation,
            member,
            why: NO_FROM,
        })
    }

    /// Null where the operation has none.
    fn value(&self) -> Value {
        self.0.get("value").cloned().unwrap_or_default()
    }

    /// Changes the document.
    fn apply(&self, document: &mut Value, work: &mut Work) -> Result<(), OperationError> {
        match self.text("op").unwrap_or("unknown") {
            "add" => self.add(document, work),
            "remove" => self.remove(document, work),
            "replace" => self.replace(document, work),
            "move" => self.move_value(document, work),
            "test" => self.test(document),
            "copy" => self.copy(document, work),
            other => Err(OperationError::UnknownKind(other.to_owned())),
        }
    }

    fn add(&self, document: &mut Value, work: &mut Work) -> Result<(), OperationError> {
        let path = self.path("add", MISSING)?;
        let value = self.value();
        let below = depth(&value);
        let (container, key) =
            find(document, path).ok_or_else(|| no_place("add", "doc is missing path", &go_quote(path)))?;
        add(container, &key, value, work).map_err(step("add", "path", path))?;
        work.nest(document, path, below)
    }

    fn remove(&self, document: &mut Value, work: &mut Work) -> Result<(), OperationError> {
        let path = self.path("remove", MISSING)?;
        let (container, key) =
            find(document, path).ok_or_else(|| no_place("remove", "doc is missing path", &go_quote(path)))?;
        remove(container, &key, work).map_err(step("remove", "path", path))?;
        Ok(())
    }

    /// Beyond the RFC, and as upstream: a key of a map that is not there is added.
    fn replace(&self, document: &mut Value, work: &mut Work) -> Result<(), OperationError> {
        let path = self.path("replace", NO_PATH)?;
        let value = self.value();
        let below = depth(&value);
        if path.is_empty() {
            return match value {
                value @ (Value::Object(_) | Value::Array(_)) => {
                    *document = value;
                    work.nest(document, path, below)
                }
                _ => Err(OperationError::ReplaceWhole),
            };
        }
        let (container, key) = find(document, path).ok_or_else(|| no_place("replace", "doc is missing path", path))?;
        get(container, &key).map_err(|_| no_place("replace", "doc is missing key", path))?;
        match container {
            Value::Object(fields) => {
                fields.insert(key, value);
            }
            Value::Array(items) => {
                if let Some(item) = index(&key, items.len(), items.len())
                    .ok()
                    .and_then(|at| items.get_mut(at))
                {
                    *item = value;
                }
            }
            _ => {}
        }
        work.nest(document, path, below)
    }

    fn move_value(&self, document: &mut Value, work: &mut Work) -> Result<(), OperationError> {
        let from = self.from("move")?;
        let (container, key) =
            find(document, from).ok_or_else(|| no_place("move", "doc is missing from path", from))?;
        let value = remove(container, &key, work).map_err(step("move", "path", &key))?;
        let path = self.path("move", NO_PATH)?;
        let below = work.depth;
        let (container, key) =
            find(document, path).ok_or_else(|| no_place("move", "doc is missing destination path", path))?;
        add(container, &key, value, work).map_err(step("move", "path", path))?;
        work.nest(document, path, below)
    }

    fn copy(&self, document: &mut Value, work: &mut Work) -> Result<(), OperationError> {
        let from = self.from("copy")?;
        let (container, key) =
            find(document, from).ok_or_else(|| no_place("copy", "doc is missing from path", from))?;
        let value = get(container, &key).map_err(step("copy", "from", from))?;
        let value = value.cloned().unwrap_or_default();
        let path = self.path("copy", MISSING)?;
        let (container, key) =
            find(document, path).ok_or_else(|| no_place("copy", "doc is missing destination path", path))?;
        // What is copied into itself is twice as large each time.
        work.copied += go::json::render(&value).len();
        if work.copied > MAX_COPIED {
            return Err(OperationError::CopiesTooMuch(work.copied));
        }
        let below = depth(&value);
        add(container, &key, value, work).map_err(OperationError::Copy)?;
        work.nest(document, path, below)
    }

    fn test(&self, document: &mut Value) -> Result<(), OperationError> {
        let path = self.path("test", NO_PATH)?;
        let wanted = self.value();
        let same = if path.is_empty() {
            *document == wanted
        } else {
            let (container, key) = find(document, path).ok_or_else(|| no_place("test", "is missing path", path))?;
            let found = get(container, &key).map_err(step("test", "path", path))?;
            // What is not there is null.
            *found.unwrap_or(&Value::Null) == wanted
        };
        if same {
            Ok(())
        } else {
            Err(OperationError::TestFailed(path.to_owned()))
        }
    }
}

fn no_place(operation: &'static str, what: &'static str, path: &str) -> OperationError {
    OperationError::NoPlace {
        operation,
        what,
        path: path.to_owned(),
    }
}

fn step(operation: &'static str, member: &'static str, path: &str) -> impl FnOnce(StepError) -> OperationError {
    move |error| OperationError::Step {
        operation,
        member,
        path: path.to_owned(),
        error,
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
fn index(key: &str, limit: usize, from_end: usize) -> Result<usize, StepError> {
    let number: i64 = key.parse().map_err(|_| StepError::NoNumber(key.to_owned()))?;
    let at = if number < 0 {
        number + i64::try_from(from_end).unwrap_or(i64::MAX)
    } else {
        number
    };
    let at = usize::try_from(at).ok().filter(|at| *at < limit);
    at.ok_or(StepError::NoIndex(number))
}

fn get<'d>(container: &'d Value, key: &str) -> Result<Option<&'d Value>, StepError> {
    match container {
        Value::Array(items) => Ok(items.get(index(key, items.len(), items.len())?)),
        container => Ok(container.get(key)),
    }
}

fn add(container: &mut Value, key: &str, value: Value, work: &mut Work) -> Result<(), StepError> {
    match container {
        Value::Array(items) if key == "-" => items.push(value),
        Value::Array(items) => {
            let places = items.len() + 1;
            let at = index(key, places, places).map_err(|error| match error {
                StepError::NoNumber(key) => StepError::NoNumberToAdd(key),
                other => other,
            })?;
            work.shift(items.len().saturating_sub(at))?;
            items.insert(at, value);
        }
        Value::Object(fields) => {
            fields.insert(key.to_owned(), value);
        }
        _ => {}
    }
    Ok(())
}

/// Takes out what is there.
fn remove(container: &mut Value, key: &str, work: &mut Work) -> Result<Value, StepError> {
    match container {
        Value::Array(items) => {
            let at = index(key, items.len(), items.len())?;
            work.shift(items.len().saturating_sub(at))?;
            Ok(items.remove(at))
        }
        container => {
            let removed = container.as_object_mut().and_then(|fields| fields.remove(key));
            removed.ok_or_else(|| StepError::NoKey(key.to_owned()))
        }
    }
}
