//! The one place where failures become Status bodies.
//!
//! Source: `apimachinery/pkg/api/errors/errors.go`, Kubernetes 1.32.

use eks_auth_core::authorize::forbidden_message;
use eks_auth_core::log::go_quote;
use eks_auth_core::request_info::Attributes;
use eks_auth_core::user::UserInfo;
use serde_json::Value;
use serde_json::json;

use super::json_response;
use super::resources::ResourceType;
use crate::http::Request;
use crate::http::Response;

/// A request that is not served, as the API server words it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Value>,
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
        }
    }

    fn about(mut self, resource: &ResourceType, name: &str) -> Self {
        self.details = Some(details(name, resource.group, resource.plural));
        self
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn forbidden(user: &UserInfo, attributes: &Attributes, reason: &str) -> Self {
        let mut failure = Self::new(403, "Forbidden", forbidden_message(user, attributes, reason));
        failure.details = Some(if attributes.is_resource {
            details(&attributes.name, &attributes.api_group, &attributes.resource)
        } else {
            json!({})
        });
        failure
    }

    pub(super) fn not_found(resource: &ResourceType, name: &str) -> Self {
        let message = format!("{} {} not found", resource.qualified(), go_quote(name));
        Self::new(404, "NotFound", message).about(resource, name)
    }

    pub(super) fn already_exists(resource: &ResourceType, name: &str) -> Self {
        let message = format!("{} {} already exists", resource.qualified(), go_quote(name));
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    pub(super) fn conflict(resource: &ResourceType, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {}: {why}",
            resource.qualified(),
            go_quote(name)
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    pub(super) fn modified(resource: &ResourceType, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut failure = Self::new(405, "MethodNotAllowed", message);
        failure.details = Some(json!({}));
        failure
    }

    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json, application/vnd.kubernetes.protobuf",
        )
    }

    pub(super) fn unsupported_patch_type() -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
        )
    }

    /// A patch that does not fit the object.
    pub(super) fn unprocessable(why: &str) -> Self {
        let message = "the server rejected our request due to an error in our request";
        let mut failure = Self::new(422, "Invalid", message);
        failure.details = Some(json!({"causes": [{"reason": "UnexpectedServerResponse", "message": why}]}));
        failure
    }

    /// A patch after which the object is none of its kind.
    pub(super) fn invalid_patch(patch: &str, why: &str) -> Self {
        let cause = format!("Invalid value: {}: {why}", go_quote(patch));
        let mut failure = Self::new(422, "Invalid", format!(" \"\" is invalid: patch: {cause}"));
        failure.details = Some(json!({
            "causes": [{"reason": "FieldValueInvalid", "message": cause, "field": "patch"}],
        }));
        failure
    }

    /// `causes` are reason, message and field.
    pub(super) fn invalid(resource: &ResourceType, name: &str, causes: &[(&str, String, String)]) -> Self {
        let texts: Vec<String> = causes
            .iter()
            .map(|(_, message, field)| format!("{field}: {message}"))
            .collect();
        let list = match &texts[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let kind = match resource.group {
            "" => resource.kind.to_owned(),
            group => format!("{}.{group}", resource.kind),
        };
        let mut failure = Self::new(422, "Invalid", format!("{kind} {} is invalid: {list}", go_quote(name)));
        let mut about = details(name, resource.group, resource.kind);
        if let Some(about) = about.as_object_mut() {
            let causes: Vec<Value> = causes
                .iter()
                .map(|(reason, message, field)| json!({"reason": reason, "message": message, "field": field}))
                .collect();
            about.insert("causes".to_owned(), json!(causes));
        }
        failure.details = Some(about);
        failure
    }

    /// A path that nothing is at: plain text, no Status.
    pub(super) fn path_not_found() -> Self {
        Self::new(404, "", "404 page not found\n")
    }

    pub(super) fn render(&self, request: &Request) -> Response {
        if self.reason.is_empty() {
            return Response::new(self.code, "text/plain; charset=utf-8", self.message.clone());
        }
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        });
        if let (Some(details), Some(status)) = (&self.details, status.as_object_mut()) {
            status.insert("details".to_owned(), details.clone());
        }
        json_response(request, self.code, &status, false)
    }
}

/// What a deletion answers.
pub(super) fn deleted(resource: &ResourceType, name: &str, uid: &str) -> Value {
    let mut about = details(name, resource.group, resource.plural);
    if let Some(about) = about.as_object_mut() {
        about.insert("uid".to_owned(), json!(uid));
    }
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": about,
    })
}

fn details(name: &str, group: &str, kind: &str) -> Value {
    let parts = [("name", name), ("group", group), ("kind", kind)];
    parts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
