//! The three kinds of patch that are no apply.
//!
//! Sources: RFC 6902 and RFC 7386 as `gopkg.in/evanphx/json-patch.v4` has them, `apimachinery/pkg/util/strategicpatch`,
//! and `apiserver/pkg/endpoints/handlers/patch.go` of Kubernetes 1.32.

mod json;
mod merge;
mod strategic;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::json::OperationError;
pub use self::json::StepError;
use crate::kube::schema::ObjectType;
use crate::kube::schema::Schema;

/// How a request changes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    /// A list of operations.
    Json,
    /// An object whose nulls remove.
    Merge,
    /// The same with directives, and with lists that are merged as their types say.
    StrategicMerge,
    /// A configuration to apply ([`crate::kube::managed_fields::apply`]).
    Apply,
}

impl PatchKind {
    /// The kinds that a server accepts: custom resources have no strategic merge, as their types do not say how.
    #[must_use]
    pub fn allowed(custom: bool) -> &'static [Self] {
        if custom {
            &[Self::Json, Self::Merge, Self::Apply]
        } else {
            &[Self::Json, Self::Merge, Self::StrategicMerge, Self::Apply]
        }
    }

    /// The kind that a media type names.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        Self::allowed(false)
            .iter()
            .copied()
            .find(|kind| kind.media_type() == media_type)
    }

    /// The media type that names the kind.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::StrategicMerge => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

/// Why a patch changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// It is no patch of its kind: 400.
    #[error("{0}")]
    Malformed(String),
    /// It has too many operations: 413.
    #[error("{0}")]
    TooLarge(String),
    /// It does not fit the object, or one of its tests fails: 422.
    #[error(transparent)]
    Unapplicable(#[from] Unapplicable),
    /// It does not fit the type, for which upstream has no better answer than 500.
    #[error("{0}")]
    Unexpected(String),
}

/// Why a patch does not fit an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unapplicable {
    /// An operation of a JSON patch is not done.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// A list of lists is to be merged.
    #[error("lists of lists are not supported")]
    ListsOfLists,
}

impl From<OperationError> for PatchError {
    fn from(error: OperationError) -> Self {
        Self::Unapplicable(error.into())
    }
}

/// The object after a JSON patch (RFC 6902).
///
/// # Errors
/// [`PatchError`].
pub fn json(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    json::apply(object, patch)
}

/// The object after a merge patch (RFC 7386).
///
/// # Errors
/// [`PatchError`].
pub fn merge(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    merge::apply(object, patch)
}

/// The object, which is of type `of`, after a strategic merge patch.
///
/// # Errors
/// [`PatchError`].
pub fn strategic_merge(schema: &Schema, of: &ObjectType, object: &Value, patch: &Value) -> Result<Value, PatchError> {
    strategic::apply(schema, of, object, patch)
}
