//! What the query of a write asks for beside the object.
//!
//! Source: `apimachinery/pkg/apis/meta/v1/validation/validation.go` of Kubernetes 1.32.

use super::status::Failure;
use crate::kube::managed_fields::MAX_MANAGER_LENGTH;
use crate::kube::managed_fields::manager_of_user_agent;
use crate::service::http::Request;
use crate::value::log::go_quote;

/// What is written, as far as its options differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Create,
    Update,
    Patch,
    Apply,
}

/// The options of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WriteOptions {
    /// Who owns what is written: `fieldManager`, or the client's name.
    pub(super) manager: String,
    /// Whether an apply takes fields from others.
    pub(super) force: bool,
}

impl WriteOptions {
    /// The options in a request's query.
    pub(super) fn of(request: &Request, write: Write) -> Result<Self, Failure> {
        let value = |name: &str| request.query_value(name).unwrap_or_default();
        let (manager, force) = (value("fieldManager"), request.query_value("force"));
        let mut causes: Vec<(&str, String, String)> = Vec::new();
        let mut refuse = |field: &str, reason, why: String| causes.push((reason, why, field.to_owned()));
        if write == Write::Apply && manager.is_empty() {
            let why = "Required value: is required for apply patch";
            refuse("fieldManager", "FieldValueRequired", why.to_owned());
        }
        if write == Write::Patch && force.is_some() {
            let why = "Forbidden: may not be specified for non-apply patch";
            refuse("force", "FieldValueForbidden", why.to_owned());
        }
        if manager.len() > MAX_MANAGER_LENGTH {
            let why = format!("Too long: may not be more than {MAX_MANAGER_LENGTH} bytes");
            refuse("fieldManager", "FieldValueTooLong", why);
        }
        for (at, character) in manager.char_indices().filter(|(_, character)| character.is_control()) {
            let shown = go_quote(&manager);
            let why = format!(
                "Invalid value: {shown}: invalid character U+{:04X} (at position {at})",
                u32::from(character)
            );
            refuse("fieldManager", "FieldValueInvalid", why);
        }
        let dry_run = value("dryRun");
        if !matches!(dry_run.as_str(), "" | "All") {
            let why = format!(
                "Unsupported value: []string{{{}}}: supported values: \"All\"",
                go_quote(&dry_run)
            );
            refuse("dryRun", "FieldValueNotSupported", why);
        }
        let validation = value("fieldValidation");
        if !matches!(validation.as_str(), "" | "Ignore" | "Strict" | "Warn") {
            let why = format!(
                "Unsupported value: {}: supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                go_quote(&validation)
            );
            refuse("fieldValidation", "FieldValueNotSupported", why);
        }
        if !causes.is_empty() {
            let kind = match write {
                Write::Create => "CreateOptions",
                Write::Update => "UpdateOptions",
                Write::Patch | Write::Apply => "PatchOptions",
            };
            return Err(Failure::invalid_options(kind, &causes));
        }
        let manager = if manager.is_empty() {
            manager_of_user_agent(request.header("user-agent").unwrap_or_default())
        } else {
            manager
        };
        let force = force.is_some_and(|force| !matches!(force.to_lowercase().as_str(), "false" | "0"));
        Ok(Self { manager, force })
    }
}
