//! Discovery: what groups, versions and resources there are, aggregated and plain.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::Context;
use super::health;
use super::json_response;
use super::openapi::answer_tagged;
use super::openapi::tag;
use super::resources::Resources;
use super::status::Failure;
use crate::kube::resource::ResourceType;
use crate::service::http::Response;
use crate::service::kube::token_issuer::CONFIGURATION_PATH;

pub(super) fn answer(context: &Context<'_>, path: &str) -> Result<Response, Failure> {
    let request = context.request;
    let resources = Resources::of(&context.cluster);
    if request.method != "GET" {
        return Err(Failure::path_not_found());
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let ([root @ ("api" | "apis")], Some(version)) = (&parts[..], aggregated_version(context)) {
        let body = aggregated(resources, *root == "api", version);
        let kind = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        let text = body.to_string();
        return Ok(answer_tagged(request, &kind, &text, &tag(&text)));
    }
    let host = request.header("host").unwrap_or_default();
    let body = match &parts[..] {
        [""] => json!({"paths": paths(resources)}),
        ["api"] => json!({
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}],
        }),
        ["apis"] => {
            let named = groups(resources);
            let groups: Vec<Value> = named
                .iter()
                .filter(|(name, _)| !name.is_empty())
                .map(group_json)
                .collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", group] => {
            let groups = groups(resources);
            let found = groups.iter().find(|(name, _)| **name == **group);
            let mut body = group_json(found.ok_or_else(Failure::path_not_found)?);
            if let Some(body) = body.as_object_mut() {
                body.insert("kind".to_owned(), json!("APIGroup"));
                body.insert("apiVersion".to_owned(), json!("v1"));
            }
            body
        }
        ["api", version] => resource_list(resources, "", version)?,
        ["apis", group, version] => resource_list(resources, group, version)?,
        _ => return Err(Failure::path_not_found()),
    };
    Ok(json_response(request, 200, &body, false))
}

/// The paths at the root that are served, in the order of the alphabet.
fn paths(resources: Resources<'_>) -> Vec<String> {
    let mut paths: Vec<String> = [
        CONFIGURATION_PATH,
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/openid/v1/jwks",
        "/version",
    ]
    .map(str::to_owned)
    .to_vec();
    for (group, versions) in groups(resources).iter().filter(|(group, _)| !group.is_empty()) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(health::paths());
    paths.sort_unstable();
    paths
}

/// The version of the aggregated form that the client accepts, the newest first.
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

/// Each group with its versions, the best first; without the core group.
fn groups(resources: Resources<'_>) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
    let mut groups: Vec<(Arc<str>, Vec<Arc<str>>)> = Vec::new();
    for (group, version) in resources.group_versions() {
        match groups.iter_mut().find(|(name, _)| *name == group) {
            Some((_, versions)) => versions.push(version),
            None => groups.push((group, vec![version])),
        }
    }
    groups
}

fn group_json((group, versions): &(Arc<str>, Vec<Arc<str>>)) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    let preferred = versions.first().cloned();
    json!({"name": group, "versions": versions, "preferredVersion": preferred})
}

fn rows(resources: Resources<'_>, group: &str, version: &str) -> Vec<Arc<ResourceType>> {
    let mut rows = resources.all();
    rows.retain(|row| *row.group == *group && *row.version == *version);
    rows
}

fn resource_list(resources: Resources<'_>, group: &str, version: &str) -> Result<Value, Failure> {
    let rows = rows(resources, group, version);
    let mut list: Vec<Value> = Vec::new();
    for row in &rows {
        let mut value = json!({
            "name": row.plural,
            "singularName": row.singular,
            "namespaced": row.namespaced,
            "kind": row.kind,
            "verbs": row.verbs,
        });
        add_names(&mut value, row);
        list.push(value);
        for part in &row.subresources {
            let mut value = json!({
                "name": format!("{}/{}", row.plural, part.name),
                "singularName": "",
                "namespaced": row.namespaced,
                "kind": part.kind,
                "verbs": part.verbs,
            });
            if let (true, Some(value)) = (part.group != row.group, value.as_object_mut()) {
                value.insert("group".to_owned(), json!(part.group));
                value.insert("version".to_owned(), json!(part.version));
            }
            list.push(value);
        }
    }
    let first = rows.first().ok_or_else(Failure::path_not_found)?;
    Ok(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": first.api_version(),
        "resources": list,
    }))
}

fn add_names(value: &mut Value, row: &ResourceType) {
    if let Some(value) = value.as_object_mut() {
        for (name, list) in [("shortNames", &row.short_names), ("categories", &row.categories)] {
            if !list.is_empty() {
                value.insert(name.to_owned(), json!(list));
            }
        }
    }
}

fn aggregated(resources: Resources<'_>, core: bool, version: &str) -> Value {
    let all = resources.all();
    let items: Vec<Value> = groups(resources)
        .into_iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let mut metadata = json!({"creationTimestamp": null});
            if let (false, Some(metadata)) = (group.is_empty(), metadata.as_object_mut()) {
                metadata.insert("name".to_owned(), json!(group));
            }
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let rows = all.iter().filter(|row| row.group == group && row.version == *version);
                    let resources: Vec<Value> = rows.map(|row| aggregated_row(row)).collect();
                    json!({"version": version, "freshness": "Current", "resources": resources})
                })
                .collect();
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    })
}

fn aggregated_row(row: &ResourceType) -> Value {
    let mut value = json!({
        "resource": row.plural,
        "responseKind": {"group": row.group, "version": row.version, "kind": row.kind},
        "scope": if row.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": row.singular,
        "verbs": row.verbs,
    });
    add_names(&mut value, row);
    let parts: Vec<Value> = row
        .subresources
        .iter()
        .map(|part| {
            json!({
                "subresource": part.name,
                "responseKind": {"group": part.group, "version": part.version, "kind": part.kind},
                "verbs": part.verbs,
            })
        })
        .collect();
    if let (false, Some(value)) = (parts.is_empty(), value.as_object_mut()) {
        value.insert("subresources".to_owned(), json!(parts));
    }
    value
}
