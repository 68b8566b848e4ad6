//! OpenAPI: a document a group and version (v3), and all in one (v2).
//!
//! FIDELITY: v2 has its content as JSON only; a client that accepts nothing but protobuf, as kubectl that looks for a kind that
//! nobody has, gets a document without types. Of the parameters of operations only `fieldValidation` is listed, and of the operations those on whole objects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Context;
use super::json_response;
use super::resources::Resources;
use super::status::Failure;
use crate::kube::custom;
use crate::kube::kinds;
use crate::kube::resource::ResourceType;
use crate::kube::schema::Kind;
use crate::kube::schema::Schema;
use crate::kube::schema::openapi::Version;
use crate::kube::schema::openapi::group_version_kind;
use crate::service::http::Request;
use crate::service::http::Response;

type GroupVersion = (Arc<str>, Arc<str>);

/// What a client accepts that wants OpenAPI 2 in protobuf, and how the answer is marked.
const PROTOBUF_V2: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const PROTOBUF_V2_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// A document of the message `openapi.v2.Document` with its version (field 1), title and version of the API (field 2, of
/// which 1 and 2) and no paths (field 8).
const EMPTY_V2: &[u8] = b"\x0a\x032.0\x12\x15\x0a\x0aKubernetes\x12\x07v1.32.5\x42\x00";

/// A document as it is sent.
struct Document {
    text: String,
    hash: String,
}

impl Document {
    fn new(value: &Value) -> Self {
        let text = value.to_string();
        let hash = hash(&text);
        Self { text, hash }
    }
}

/// Upper-case hexadecimal; that it names the content is all that clients need.
fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}

/// The documents of the built-in groups never change.
static BUILT_IN: LazyLock<BTreeMap<GroupVersion, Document>> = LazyLock::new(|| {
    let mut rows: BTreeMap<GroupVersion, Vec<Arc<ResourceType>>> = BTreeMap::new();
    for row in kinds::built_in() {
        let pair = (Arc::clone(&row.group), Arc::clone(&row.version));
        rows.entry(pair).or_default().push(Arc::clone(row));
    }
    rows.into_iter()
        .map(|(pair, rows)| (pair, Document::new(&document(&rows, Version::V3))))
        .collect()
});

pub(super) fn answer(context: &Context<'_>, path: &str) -> Result<Response, Failure> {
    let request = context.request;
    let resources = Resources::of(&context.cluster);
    if path == "/openapi/v2" {
        let accept = request.header("accept").unwrap_or_default();
        if !accept.is_empty() && !["json", "*/*"].iter().any(|kind| accept.contains(kind)) {
            return if accept.contains(PROTOBUF_V2) {
                Ok(Response::new(200, PROTOBUF_V2_TYPE, EMPTY_V2))
            } else {
                Err(Failure::not_acceptable())
            };
        }
        let document = Document::new(&document(&resources.all(), Version::V2));
        return Ok(tagged(request, "application/json", &document));
    }
    let wanted = path.trim_start_matches("/openapi/v3").trim_start_matches('/');
    if wanted.is_empty() {
        let paths: Map<String, Value> = resources
            .group_versions()
            .into_iter()
            .map(|pair| {
                let root = root(&pair);
                let hash = with_document(resources, &pair, |document| document.hash.clone());
                let url = format!("/openapi/v3/{root}?hash={hash}");
                (root, json!({"serverRelativeURL": url}))
            })
            .collect();
        return Ok(json_response(request, 200, &json!({"paths": paths}), false));
    }
    let pair = resources
        .group_versions()
        .into_iter()
        .find(|pair| root(pair) == wanted)
        .ok_or_else(Failure::path_not_found)?;
    Ok(with_document(resources, &pair, |document| {
        tagged(request, "application/json", document)
    }))
}

/// The text, or 304 where the client has it already.
fn tagged(request: &Request, kind: &str, document: &Document) -> Response {
    answer_tagged(request, kind, &document.text, &document.hash)
}

/// The text with its tag, or 304 where the client has that text already.
pub(super) fn answer_tagged(request: &Request, kind: &str, text: &str, hash: &str) -> Response {
    let tag = format!("\"{hash}\"");
    let known = request.header("if-none-match").unwrap_or_default();
    let response = if known.split(',').any(|one| one.trim() == tag) {
        Response::new(304, kind, "")
    } else {
        Response::new(200, kind, format!("{text}\n"))
    };
    response.with_header("etag", tag).with_header("vary", "Accept")
}

/// The tag of a text.
pub(super) fn tag(text: &str) -> String {
    hash(text)
}

fn with_document<R>(resources: Resources<'_>, pair: &GroupVersion, read: impl FnOnce(&Document) -> R) -> R {
    if let Some(document) = BUILT_IN.get(pair) {
        return read(document);
    }
    let mut rows = resources.all();
    rows.retain(|row| row.group == pair.0 && row.version == pair.1);
    read(&Document::new(&document(&rows, Version::V3)))
}

fn root((group, version): &GroupVersion) -> String {
    match &**group {
        "" => format!("api/{version}"),
        group => format!("apis/{group}/{version}"),
    }
}

/// The document of some resources.
fn document(rows: &[Arc<ResourceType>], version: Version) -> Value {
    let schema = Schema::builtin();
    let mut paths = Map::new();
    let mut roots = Vec::new();
    let mut types = Map::new();
    for row in rows {
        let kind = row.to_kind();
        let name = match &row.custom {
            None => schema
                .kinds()
                .find(|(one, _)| **one == kind)
                .map(|(_, name)| name.to_string()),
            Some(_) => Some(custom::type_name_of(&kind)),
        };
        let Some(name) = name else { continue };
        if let Some(own) = &row.custom {
            types.extend(version.types(&custom::types(&kind, own.schema()), [name.clone()]));
        } else {
            roots.push(name.clone());
        }
        if row.verbs.contains(&"list") {
            types.insert(format!("{name}List"), list_type(row, &name, version));
        }
        add_paths(&mut paths, row, &name, version);
    }
    roots.extend(["DeleteOptions", "Status"].map(|kind| format!("io.k8s.apimachinery.pkg.apis.meta.v1.{kind}")));
    types.extend(version.types(schema, roots));
    let info = json!({"title": "Kubernetes", "version": "v1.32.5"});
    match version {
        Version::V2 => json!({"swagger": "2.0", "info": info, "paths": paths, "definitions": types}),
        Version::V3 => json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": types}}),
    }
}

fn list_type(row: &ResourceType, name: &str, version: Version) -> Value {
    let kind = Kind::new(&row.group, &row.version, &row.list_kind);
    json!({
        "description": format!("A list of {}.", row.plural),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {
                "continue": {"type": "string"},
                "remainingItemCount": {"type": "integer", "format": "int64"},
                "resourceVersion": {"type": "string"},
                "selfLink": {"type": "string"},
            }},
            "items": {"type": "array", "items": version.reference(name)},
        },
        "x-kubernetes-group-version-kind": [group_version_kind(&kind)],
    })
}

fn add_paths(paths: &mut Map<String, Value>, row: &ResourceType, name: &str, version: Version) {
    let root = match &*row.group {
        "" => format!("/api/{}", row.version),
        group => format!("/apis/{group}/{}", row.version),
    };
    let scope = if row.namespaced { "namespaces/{namespace}/" } else { "" };
    let operations = |wanted: &[(&str, &str, &str)]| {
        let found: Map<String, Value> = wanted
            .iter()
            .filter(|(_, verb, _)| row.verbs.contains(verb))
            .map(|(method, verb, action)| {
                let answered = if *verb == "list" {
                    format!("{name}List")
                } else {
                    name.to_owned()
                };
                (
                    (*method).to_owned(),
                    operation(row, verb, action, version.reference(&answered), version),
                )
            })
            .collect();
        found
    };
    let collection = operations(&[
        ("get", "list", "list"),
        ("post", "create", "post"),
        ("delete", "deletecollection", "deletecollection"),
    ]);
    let one = operations(&[
        ("get", "get", "get"),
        ("put", "update", "put"),
        ("patch", "patch", "patch"),
        ("delete", "delete", "delete"),
    ]);
    if row.namespaced && row.verbs.contains(&"list") {
        let everywhere = operations(&[("get", "list", "list")]);
        paths.insert(format!("{root}/{}", row.plural), Value::Object(everywhere));
    }
    for (path, operations) in [
        (format!("{root}/{scope}{}", row.plural), collection),
        (format!("{root}/{scope}{}/{{name}}", row.plural), one),
    ] {
        if !operations.is_empty() {
            paths.insert(path, Value::Object(operations));
        }
    }
}

fn operation(row: &ResourceType, verb: &str, action: &str, answered: Value, version: Version) -> Value {
    let schema = match version {
        Version::V2 => json!({"description": "OK", "schema": answered}),
        Version::V3 => json!({"description": "OK", "content": {"application/json": {"schema": answered}}}),
    };
    let mut value = json!({
        "operationId": format!("{verb}{}{}{}", row.group, row.version, row.kind),
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": group_version_kind(&row.to_kind()),
        "responses": {"200": schema},
    });
    // kubectl leaves validation to the server where the patch operation of a kind accepts fieldValidation.
    if let (true, Some(map)) = (matches!(verb, "create" | "update" | "patch"), value.as_object_mut()) {
        let parameter = match version {
            Version::V2 => json!({"name": "fieldValidation", "in": "query", "type": "string"}),
            Version::V3 => json!({"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}),
        };
        map.insert("parameters".to_owned(), json!([parameter]));
    }
    value
}

#[cfg(test)]
pub(super) mod tests;
