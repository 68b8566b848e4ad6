//! How an object is kept. Every cluster is born with some 250 objects that differ from those of any other by their uids, times
//! and versions only, and that few ever look at: what they share is kept once, and each is made when somebody looks at it.

use std::sync::Arc;
use std::sync::OnceLock;

use serde::Serialize;
use serde::Serializer;
use serde_json::Value;
use serde_json::json;

use super::metadata_mut;
use crate::value::instant::Timestamp;

/// An object, made or still to be made, with its size.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    form: Form,
    size: usize,
}

#[derive(Clone, Debug)]
enum Form {
    Made(Arc<Value>),
    Shared(Box<Shared>),
}

/// What an object is made of when somebody looks at it.
#[derive(Clone, Debug)]
struct Shared {
    /// What clusters share, with its name and its namespace.
    base: Arc<Value>,
    uid: String,
    created: Timestamp,
    version: u64,
    made: OnceLock<Arc<Value>>,
}

impl Kept {
    /// An object that is made.
    pub(super) fn made(object: Arc<Value>) -> Self {
        Self {
            size: size(&object),
            form: Form::Made(object),
        }
    }

    /// An object that is still to be made.
    pub(super) fn shared(base: Arc<Value>, uid: String, created: Timestamp, version: u64) -> Self {
        Self {
            size: size(&base),
            form: Form::Shared(Box::new(Shared {
                base,
                uid,
                created,
                version,
                made: OnceLock::new(),
            })),
        }
    }

    /// The object as it is stored, which is made now where it is not yet.
    pub(crate) fn value(&self) -> &Arc<Value> {
        match &self.form {
            Form::Made(object) => object,
            Form::Shared(shared) => shared.made.get_or_init(|| Arc::new(shared.make())),
        }
    }

    /// The object, of one that is shared without uid, times and version, without making it.
    pub(crate) fn peek(&self) -> &Value {
        self.base().unwrap_or_else(|| self.value())
    }

    /// What clusters share, where the object is still as it was then.
    pub(crate) fn base(&self) -> Option<&Arc<Value>> {
        match &self.form {
            Form::Made(_) => None,
            Form::Shared(shared) => Some(&shared.base),
        }
    }

    /// Its [`size`]; of one that is shared, that of what is shared.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

impl Shared {
    fn make(&self) -> Value {
        let mut object = (*self.base).clone();
        let metadata = metadata_mut(&mut object);
        metadata.insert("creationTimestamp".to_owned(), json!(self.created.render_rfc3339()));
        metadata.insert("resourceVersion".to_owned(), json!(self.version.to_string()));
        metadata.insert("uid".to_owned(), json!(self.uid));
        object
    }
}

/// What they say counts, made or not.
impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.value() == other.value()
    }
}

/// As it is stored.
impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

/// About how many bytes of memory a value takes.
pub(crate) fn size(value: &Value) -> usize {
    /// Of a value in its list.
    const VALUE: usize = size_of::<Value>();
    /// Of a node of a map, which has room for eleven keys and values and is half full at least.
    const NODE: usize = 11 * (VALUE + size_of::<String>()) + 24;
    const IN_NODE: usize = 8;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => VALUE,
        Value::String(text) => VALUE + text.len(),
        Value::Array(items) => VALUE + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => {
            let nodes = fields.len().div_ceil(IN_NODE);
            // What is in a node is counted with it.
            let fields = fields.iter().map(|(key, value)| key.len() + size(value) - VALUE);
            VALUE + nodes * NODE + fields.sum::<usize>()
        }
    }
}
