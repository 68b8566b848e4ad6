//! Request bodies: JSON, YAML, or the protobuf that client-go's typed clients post.

use serde_json::Value;
use serde_json::json;

use super::protobuf;
use super::status::Failure;
use super::validation;
use super::validation::FieldValidation;
use crate::kube::resource::ResourceType;
use crate::kube::schema::tree::Tree;
use crate::service::http::Request;

/// The media type of Kubernetes' protobuf envelope.
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// The object that is posted or put to `resource`, decoded, with its apiVersion and kind, which clients may leave out; and
/// what there is to warn of.
///
/// Source of texts: `createHandler` in `apiserver/pkg/endpoints/handlers/create.go`, Kubernetes 1.32.
pub(super) fn object(request: &Request, resource: &ResourceType) -> Result<(Value, Vec<String>), Failure> {
    let tree = of_kind(request, &resource.api_version(), &resource.kind)?;
    // The decoder of protobuf knows no strictness.
    let unknown = match media_type(request) {
        PROTOBUF => FieldValidation::Ignore,
        _ => FieldValidation::parse(request.query_value("fieldValidation").as_deref()),
    };
    validation::read(resource, tree, unknown)
        .map_err(|error| validation::undecodable(&resource.kind, &resource.version, &error))
}

/// The object of that version and kind that is posted or put, as it was written; for subresources, whose kind is not the
/// resource's.
pub(super) fn of_kind(request: &Request, api_version: &str, kind: &str) -> Result<Tree, Failure> {
    let unrecognized = |why: String| {
        Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why}"
        ))
    };
    let mut tree = any(request, unrecognized)?;
    for (field, wanted) in [("apiVersion", api_version), ("kind", kind)] {
        let open = tree.get(field).and_then(Tree::as_str).unwrap_or_default().is_empty();
        let Tree::Object(fields) = &mut tree else {
            let why = "couldn't get version/kind; json parse error: not an object";
            return Err(unrecognized(why.to_owned()));
        };
        if open {
            fields.retain(|(name, _)| name != field);
            fields.push((field.to_owned(), Tree::String(wanted.to_owned())));
        }
    }
    let found = |field: &str| tree.get(field).and_then(Tree::as_str).unwrap_or_default();
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
    Ok(tree)
}

/// The DeleteOptions of a deletion, from the body where there is one, and from the query.
pub(super) fn delete_options(request: &Request) -> Result<Value, Failure> {
    let mut options = if request.body.is_empty() {
        json!({})
    } else {
        Value::from(any(request, |why| {
            Failure::bad_request(format!(
                "the object provided is unrecognized (must be of type DeleteOptions): {why}"
            ))
        })?)
    };
    if let (Some(dry_run), Some(options)) = (request.query_value("dryRun"), options.as_object_mut()) {
        options.insert("dryRun".to_owned(), json!([dry_run]));
    }
    Ok(options)
}

/// The media type of the body, without parameters; empty where the request does not say.
#[must_use]
pub fn media_type(request: &Request) -> &str {
    let value = request.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn any(request: &Request, unrecognized: impl FnOnce(String) -> Failure) -> Result<Tree, Failure> {
    match media_type(request) {
        // Some clients post JSON without saying so.
        "" | "*/*" | "application/json" => Tree::parse(&request.body)
            .map_err(|error| unrecognized(format!("couldn't get version/kind; json parse error: {error}"))),
        "application/yaml" => {
            let text = String::from_utf8_lossy(&request.body);
            Tree::parse_yaml(&text).map_err(|error| unrecognized(format!("error converting YAML to JSON: {error}")))
        }
        PROTOBUF => protobuf::decode(&request.body)
            .map(Tree::from)
            .map_err(|error| match error {
                protobuf::ProtobufError::UnsupportedKind { .. } => Failure::unsupported_media_type(),
                error => unrecognized(error.to_string()),
            }),
        _ => Err(Failure::unsupported_media_type()),
    }
}
