//! OpenAPI v3: as much as kubectl needs to know that the server validates fields, and the shape of a ConfigMap.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Context;
use super::json_response;
use super::resources::ResourceType;
use super::resources::Resources;
use super::status::Failure;
use crate::http::Response;

pub(super) fn answer(context: &Context<'_>, path: &str) -> Result<Response, Failure> {
    let resources = Resources::of(&context.cluster);
    let wanted = path.trim_start_matches("/openapi/v3").trim_start_matches('/');
    if wanted.is_empty() {
        let paths: Map<String, Value> = resources
            .group_versions()
            .into_iter()
            .map(|(group, version)| {
                let root = root(&group, &version);
                let hash: String = Sha256::digest(document(resources, &group, &version).to_string().as_bytes())
                    .iter()
                    .map(|byte| format!("{byte:02X}"))
                    .collect();
                let url = format!("/openapi/v3/{root}?hash={hash}");
                (root, json!({"serverRelativeURL": url}))
            })
            .collect();
        return Ok(json_response(context.request, 200, &json!({"paths": paths}), false));
    }
    let (group, version) = resources
        .group_versions()
        .into_iter()
        .find(|(group, version)| root(group, version) == wanted)
        .ok_or_else(Failure::path_not_found)?;
    let document = document(resources, &group, &version);
    Ok(json_response(context.request, 200, &document, false))
}

fn root(group: &str, version: &str) -> String {
    match group {
        "" => format!("api/{version}"),
        group => format!("apis/{group}/{version}"),
    }
}

fn document(resources: Resources<'_>, group: &str, version: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let rows = resources.all().into_iter();
    for row in rows.filter(|row| *row.group == *group && *row.version == *version) {
        let scope = if row.namespaced { "namespaces/{namespace}/" } else { "" };
        let path = format!("/{}/{scope}{}/{{name}}", root(group, version), row.plural);
        let kind = json!({"group": row.group, "version": row.version, "kind": row.kind});
        let schema = schema_name(&row);
        // kubectl leaves validation to the server where the patch operation of a kind takes fieldValidation.
        paths.insert(
            path,
            json!({
                "get": {
                    "x-kubernetes-action": "get",
                    "x-kubernetes-group-version-kind": kind,
                    "responses": {"200": {"description": "OK", "content": {"application/json": {
                        "schema": {"$ref": format!("#/components/schemas/{schema}")},
                    }}}},
                },
                "patch": {
                    "x-kubernetes-action": "patch",
                    "x-kubernetes-group-version-kind": kind,
                    "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
                    "responses": {},
                },
            }),
        );
        schemas.insert(schema, schema_of(&row, &kind));
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.32.5"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn schema_name(row: &ResourceType) -> String {
    let group = row.group.split('.').next().unwrap_or_default();
    let group = if group.is_empty() { "core" } else { group };
    format!("io.k8s.api.{group}.{}.{}", row.version, row.kind)
}

fn schema_of(row: &ResourceType, kind: &Value) -> Value {
    let text = |description: &str| json!({"description": description, "type": "string"});
    let texts = |description: &str| json!({"description": description, "type": "object", "additionalProperties": {"type": "string"}});
    let mut properties = json!({
        "apiVersion": text("APIVersion defines the versioned schema of this representation of an object."),
        "kind": text("Kind is a string value representing the REST resource this object represents."),
        "metadata": {"description": "Standard object's metadata.", "type": "object"},
    });
    if let ("ConfigMap", Some(properties)) = (&*row.kind, properties.as_object_mut()) {
        properties.insert("data".to_owned(), texts("Data contains the configuration data."));
        properties.insert("binaryData".to_owned(), texts("BinaryData contains the binary data."));
        properties.insert(
            "immutable".to_owned(),
            json!({"description": "Immutable, if set to true, ensures that data stored in the ConfigMap cannot be updated.", "type": "boolean"}),
        );
    }
    json!({
        "description": format!("{} of the Kubernetes API.", row.kind),
        "type": "object",
        "properties": properties,
        "x-kubernetes-group-version-kind": [kind],
    })
}
