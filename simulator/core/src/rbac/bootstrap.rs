//! The roles and bindings that every cluster is born with.

use crate::object::ObjectKey;
use serde_json::Value;

/// The bootstrap objects with their keys.
#[must_use]
pub fn objects() -> Vec<(ObjectKey, Value)> {
    Vec::new()
}
