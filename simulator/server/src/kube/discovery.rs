//! Discovery: what groups, versions and resources there are, aggregated and plain.

use serde_json::Value;
use serde_json::json;

use super::Context;
use super::json_response;
use super::resources::RESOURCES;
use super::resources::ResourceType;
use super::resources::group_versions;
use super::status::Failure;
use crate::http::Response;

pub(super) fn answer(context: &Context<'_>, path: &str) -> Result<Response, Failure> {
    let request = context.request;
    if request.method != "GET" {
        return Err(Failure::path_not_found());
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ([root @ ("api" | "apis")], Some(version)) = (&parts[..], aggregated_version(context)) {
        let body = aggregated(*root == "api", version);
        let kind = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        return Ok(Response::new(200, &kind, format!("{body}\n")).with_header("vary", "Accept"));
    }
    let host = request.header("host").unwrap_or_default();
    let body = match &parts[..] {
        [""] => {
            json!({"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]})
        }
        ["api"] => json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}],
        }),
        ["apis"] => {
            let groups: Vec<Value> = groups().map(|(group, version)| group_json(group, version)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", group] => {
            let (group, version) = groups()
                .find(|(name, _)| name == group)
                .ok_or_else(Failure::path_not_found)?;
            let mut body = group_json(group, version);
            if let Some(body) = body.as_object_mut() {
                body.insert("kind".to_owned(), json!("APIGroup"));
                body.insert("apiVersion".to_owned(), json!("v1"));
            }
            body
        }
        ["api", version] => resource_list("", version)?,
        ["apis", group, version] => resource_list(group, version)?,
        _ => return Err(Failure::path_not_found()),
    };
    Ok(json_response(request, 200, &body, false))
}

/// The version of the aggregated form that the client takes, the newest first.
fn aggregated_version(context: &Context<'_>) -> Option<&'static str> {
    let accept = context.request.header("accept")?;
    let aggregated = accept
        .split(',')
        .filter(|kind| kind.contains("as=APIGroupDiscoveryList"));
    let kinds: Vec<&str> = aggregated.collect();
    ["v2", "v2beta1"].into_iter().find(|version| {
        kinds
            .iter()
            .any(|kind| kind.split(';').any(|part| part.trim() == format!("v={version}")))
    })
}

fn groups() -> impl Iterator<Item = (&'static str, &'static str)> {
    group_versions().into_iter().filter(|(group, _)| !group.is_empty())
}

fn group_json(group: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

fn rows(group: &str, version: &str) -> impl Iterator<Item = &'static ResourceType> {
    RESOURCES
        .iter()
        .filter(move |row| row.group == group && row.version == version)
}

fn resource_list(group: &str, version: &str) -> Result<Value, Failure> {
    let resources: Vec<Value> = rows(group, version)
        .map(|row| {
            let mut value = json!({
                "name": row.plural,
                "singularName": row.singular,
                "namespaced": row.namespaced,
                "kind": row.kind,
                "verbs": row.access.verbs(),
            });
            add_names(&mut value, row);
            value
        })
        .collect();
    let first = rows(group, version).next().ok_or_else(Failure::path_not_found)?;
    Ok(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": first.api_version(),
        "resources": resources,
    }))
}

fn add_names(value: &mut Value, row: &ResourceType) {
    if let Some(value) = value.as_object_mut() {
        for (name, list) in [("shortNames", row.short_names), ("categories", row.categories)] {
            if !list.is_empty() {
                value.insert(name.to_owned(), json!(list));
            }
        }
    }
}

fn aggregated(core: bool, version: &str) -> Value {
    let items: Vec<Value> = group_versions()
        .into_iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, version)| {
            let resources: Vec<Value> = rows(group, version)
                .map(|row| {
                    let mut value = json!({
                        "resource": row.plural,
                        "responseKind": {"group": row.group, "version": row.version, "kind": row.kind},
                        "scope": if row.namespaced { "Namespaced" } else { "Cluster" },
                        "singularResource": row.singular,
                        "verbs": row.access.verbs(),
                    });
                    add_names(&mut value, row);
                    value
                })
                .collect();
            let mut metadata = json!({"creationTimestamp": null});
            if let (false, Some(metadata)) = (group.is_empty(), metadata.as_object_mut()) {
                metadata.insert("name".to_owned(), json!(group));
            }
            json!({
                "metadata": metadata,
                "versions": [{"version": version, "freshness": "Current", "resources": resources}],
            })
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    })
}
