//! What the API server checks of an object before it is stored, kind by kind, in its own words.
//!
//! Source: `pkg/apis/*/validation` of Kubernetes 1.32, `apimachinery/pkg/api/validation` and `pkg/util/validation`.
//! FIDELITY: checked are metadata; ConfigMap, Secret, Namespace, ServiceAccount, Service (ports, type, affinity); of pods
//! and templates, containers, names, images, ports and policies, not volumes, affinity, security contexts or resources; of
//! workloads, selectors and replicas; schedules of CronJobs by their number of fields; RBAC and Lease whole;
//! CustomResourceDefinitions as `definition.rs` says; of autoscalers, replicas and what they scale, not metrics or behavior;
//! of Events all but changes of their source, times and related object. Other kinds are checked for metadata only. A forbidden
//! change of a pod is reported without the difference that the real server appends.

pub(super) mod autoscaling;
pub(super) mod core;
pub(super) mod definition;
pub(super) mod event;
mod metadata;
pub(super) mod name;
pub(super) mod rbac;
pub(super) mod workload;

use std::fmt;

use serde_json::Value;

pub use self::metadata::Scope;
use crate::kube::object::items;
use crate::kube::object::text;
use crate::value::log::go_quote;

/// Whether Kubernetes accepts a text as the key of a label (`IsQualifiedName`).
pub(crate) fn is_label_key(text: &str) -> bool {
    name::qualified(text).is_empty()
}

/// Whether Kubernetes accepts a text as the value of a label (`IsValidLabelValue`).
pub(crate) fn is_label_value(text: &str) -> bool {
    name::label_value(text).is_empty()
}

/// One thing that is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Such as `metadata.name`.
    pub field: String,
    /// What is wrong.
    pub kind: FieldErrorKind,
    /// What was found and what is wanted, as it stands after the words of the kind; may be empty.
    pub detail: String,
}

/// What can be wrong with a field (`field.ErrorType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldErrorKind {
    /// The same twice.
    Duplicate,
    /// Not allowed here.
    Forbidden,
    /// A value that cannot be.
    Invalid,
    /// Names what is not there.
    NotFound,
    /// None of the values that there are.
    NotSupported,
    /// Missing.
    Required,
    /// Too many items.
    TooMany,
    /// Too long.
    TooLong,
    /// Of another type.
    TypeInvalid,
}

impl FieldErrorKind {
    /// The `reason` of a Status's cause.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Duplicate => "FieldValueDuplicate",
            Self::Forbidden => "FieldValueForbidden",
            Self::Invalid => "FieldValueInvalid",
            Self::NotFound => "FieldValueNotFound",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Required => "FieldValueRequired",
            Self::TooMany => "FieldValueTooMany",
            Self::TooLong => "FieldValueTooLong",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Duplicate => "Duplicate value",
            Self::Forbidden => "Forbidden",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotFound => "Not found",
            Self::NotSupported => "Unsupported value",
            Self::Required => "Required value",
            Self::TooMany => "Too many",
            Self::TooLong => "Too long",
        }
    }
}

/// The `message` of a Status's cause: all but the field.
impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.words())?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.detail)
    }
}

/// What is checked of the objects of a kind, in the form that they are stored in (see [`crate::kube::conversion`]).
#[derive(Clone, Copy, Debug)]
pub struct Checks {
    /// What is wrong with a text as the name of one.
    pub(super) name: fn(&str) -> Vec<String>,
    /// What a name must be besides, which depends on the rest of the object.
    pub(super) whole_name: fn(&mut Errors, &Value),
    /// Whether finalizers need a domain; those of Kubernetes itself have none.
    pub(super) finalizers_have_domains: bool,
    /// All but the metadata; the first object is what is stored, where this is an update.
    pub(super) rest: fn(&mut Errors, Option<&Value>, &Value),
}

impl Checks {
    /// Nothing but the metadata is checked.
    pub const METADATA: Self = Self {
        name: name::subdomain,
        whole_name: |_, _| {},
        finalizers_have_domains: true,
        rest: |_, _, _| {},
    };

    /// A custom resource: its definition says what else is checked.
    pub const CUSTOM: Self = Self {
        finalizers_have_domains: false,
        ..Self::METADATA
    };
}

/// Checks an object; `old` is what is stored where this is an update.
#[must_use]
pub fn validate(checks: &Checks, scope: Scope, old: Option<&Value>, object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    metadata::check(&mut errors, checks, scope, object);
    if checks.finalizers_have_domains {
        metadata::finalizers(&mut errors, object);
    }
    if let Some(old) = old {
        metadata::check_update(&mut errors, old, object);
    }
    (checks.rest)(&mut errors, old, object);
    errors.0
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Errors(pub(crate) Vec<FieldError>);

impl Errors {
    fn push(&mut self, kind: FieldErrorKind, field: &str, detail: String) {
        self.0.push(FieldError {
            field: field.to_owned(),
            kind,
            detail,
        });
    }

    pub(crate) fn required(&mut self, field: &str, detail: &str) {
        self.push(FieldErrorKind::Required, field, detail.to_owned());
    }

    pub(crate) fn forbidden(&mut self, field: &str, detail: &str) {
        self.push(FieldErrorKind::Forbidden, field, detail.to_owned());
    }

    /// `shown` is the value as Go prints it: text in quotes.
    pub(crate) fn invalid(&mut self, field: &str, shown: &str, detail: &str) {
        self.push(FieldErrorKind::Invalid, field, format!("{shown}: {detail}"));
    }

    pub(crate) fn type_invalid(&mut self, field: &str, shown: &str, detail: &str) {
        self.push(FieldErrorKind::TypeInvalid, field, format!("{shown}: {detail}"));
    }

    pub(crate) fn invalid_text(&mut self, field: &str, text: &str, details: impl IntoIterator<Item = String>) {
        for detail in details {
            self.invalid(field, &go_quote(text), &detail);
        }
    }

    pub(crate) fn not_supported(&mut self, field: &str, text: &str, supported: &[&str]) {
        let supported: Vec<String> = supported.iter().map(|one| go_quote(one)).collect();
        self.push(
            FieldErrorKind::NotSupported,
            field,
            format!("{}: supported values: {}", go_quote(text), supported.join(", ")),
        );
    }

    pub(crate) fn duplicate(&mut self, field: &str, shown: &str) {
        self.push(FieldErrorKind::Duplicate, field, shown.to_owned());
    }

    pub(crate) fn too_long(&mut self, field: &str, limit: usize) {
        self.push(
            FieldErrorKind::TooLong,
            field,
            format!("may not be more than {limit} bytes"),
        );
    }

    pub(crate) fn too_many(&mut self, field: &str, found: usize, limit: usize) {
        let detail = format!("{found}: must have at most {limit} items");
        self.push(FieldErrorKind::TooMany, field, detail);
    }
}

/// The entries of the map at a pointer.
fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

/// A map of texts as Go prints it with `%#v`.
fn go_text_map(value: Option<&Value>) -> String {
    match value.and_then(Value::as_object) {
        None => "map[string]string(nil)".to_owned(),
        Some(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", go_quote(key), go_quote(value.as_str().unwrap_or_default())))
                .collect();
            format!("map[string]string{{{}}}", entries.join(", "))
        }
    }
}

/// A list of texts as Go prints it with `%#v`.
fn go_text_list(list: &[Value]) -> String {
    let texts: Vec<String> = list
        .iter()
        .map(|item| go_quote(item.as_str().unwrap_or_default()))
        .collect();
    format!("[]string{{{}}}", texts.join(", "))
}

#[cfg(test)]
mod tests;
