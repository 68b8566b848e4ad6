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

/// An object, made or still to be made.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    made: OnceLock<Arc<Value>>,
    origin: Option<Box<Origin>>,
}

/// What an object is made of.
#[derive(Clone, Debug)]
struct Origin {
    /// What clusters share, with its name and its namespace.
    base: Arc<Value>,
    uid: String,
    created: Timestamp,
    version: u64,
}

impl Kept {
    /// An object that is made.
    pub(super) fn made(object: Arc<Value>) -> Self {
        Self {
            made: OnceLock::from(object),
            origin: None,
        }
    }

    /// An object that is still to be made.
    pub(super) fn shared(base: Arc<Value>, uid: String, created: Timestamp, version: u64) -> Self {
        Self {
            made: OnceLock::new(),
            origin: Some(Box::new(Origin {
                base,
                uid,
                created,
                version,
            })),
        }
    }

    /// The object as it is stored, which is made now where it is not yet.
    pub(crate) fn value(&self) -> &Arc<Value> {
        self.made.get_or_init(|| match &self.origin {
            Some(origin) => Arc::new(origin.make()),
            None => Arc::default(),
        })
    }

    /// The object, but for uid, times and versions, without making it.
    pub(crate) fn peek(&self) -> &Value {
        match (self.made.get(), &self.origin) {
            (None, Some(origin)) => &origin.base,
            _ => self.value(),
        }
    }

    /// What clusters share, where the object is still as it was then.
    pub(crate) fn base(&self) -> Option<&Arc<Value>> {
        self.origin.as_ref().map(|origin| &origin.base)
    }
}

impl Origin {
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
