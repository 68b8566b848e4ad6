//! Request bodies: JSON, or the protobuf that client-go's typed clients post.

use serde_json::Value;
use serde_json::json;

use super::protobuf;
use super::resources::ResourceType;
use super::status::Failure;
use crate::http::Request;

/// The media type of Kubernetes' protobuf envelope.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The object that is posted or put to `resource`, with its apiVersion and kind, which clients may leave out.
///
/// Source of texts: `createHandler` in `apiserver/pkg/endpoints/handlers/create.go`, Kubernetes 1.32.
pub(super) fn object(request: &Request, resource: &ResourceType) -> Result<Value, Failure> {
    of_kind(request, &resource.api_version(), &resource.kind)
}

/// The object of that version and kind that is posted or put; for subresources, whose kind is not the resource's.
pub(super) fn of_kind(request: &Request, api_version: &str, kind: &str) -> Result<Value, Failure> {
    let unrecognized = |why: String| {
        Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why}"
        ))
    };
    let mut object = any(request, unrecognized)?;
    let Some(map) = object.as_object_mut() else {
        return Err(unrecognized(
            "couldn't get version/kind; json parse error: not an object".to_owned(),
        ));
    };
    for (field, wanted) in [("apiVersion", api_version), ("kind", kind)] {
        if map.get(field).and_then(Value::as_str).unwrap_or_default().is_empty() {
            map.insert(field.to_owned(), json!(wanted));
        }
    }
    let found = |field: &str| map.get(field).and_then(Value::as_str).unwrap_or_default();
    if found("apiVersion") != api_version {
        return Err(Failure::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({api_version})",
            found("apiVersion")
        )));
    }
    if found("kind") != kind {
        let version = api_version.rsplit('/').next().unwrap_or(api_version);
        return Err(Failure::bad_request(format!(
            "{} in version {version:?} cannot be handled as a {kind}",
            found("kind")
        )));
    }
    Ok(object)
}

/// The DeleteOptions of a deletion, from the body where there is one, and from the query.
pub(super) fn delete_options(request: &Request) -> Result<Value, Failure> {
    let mut options = if request.body.is_empty() {
        json!({})
    } else {
        any(request, |why| {
            Failure::bad_request(format!(
                "the object provided is unrecognized (must be of type DeleteOptions): {why}"
            ))
        })?
    };
    if let (Some(dry_run), Some(options)) = (request.query_value("dryRun"), options.as_object_mut()) {
        options.insert("dryRun".to_owned(), json!([dry_run]));
    }
    Ok(options)
}

/// The media type of the body, without parameters; empty where the request does not say.
pub(super) fn media_type(request: &Request) -> &str {
    let value = request.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn any(request: &Request, unrecognized: impl FnOnce(String) -> Failure) -> Result<Value, Failure> {
    match media_type(request) {
        // Some clients post JSON without saying so.
        "" | "*/*" | "application/json" => serde_json::from_slice(&request.body)
            .map_err(|error| unrecognized(format!("couldn't get version/kind; json parse error: {error}"))),
        PROTOBUF => protobuf::decode(&request.body).map_err(|error| match error {
            protobuf::ProtobufError::UnsupportedKind { .. } => Failure::unsupported_media_type(),
            error => unrecognized(error.to_string()),
        }),
        _ => Err(Failure::unsupported_media_type()),
    }
}
