//! CustomResourceDefinitions: names, versions, and schemas that are structural.
//!
//! Source: `apiextensions-apiserver/pkg/apis/apiextensions/validation` and `pkg/apiserver/schema/validation.go` of
//! Kubernetes 1.32. FIDELITY: lists of versions are shown cut; printer columns, selectable fields, conversion, default
//! values and CEL rules are not checked.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Errors;
use super::entries;
use super::items;
use super::name;
use super::text;
use crate::value::log::go_quote;

const VERSIONS: &str = "[]apiextensions.CustomResourceDefinitionVersion{...}";

/// A definition is named after what it defines.
pub(in crate::kube) fn whole_name(errors: &mut Errors, object: &Value) {
    let own = text(object, "/metadata/name");
    let wanted = format!("{}.{}", text(object, "/spec/names/plural"), text(object, "/spec/group"));
    if own != wanted {
        let why = r#"must be spec.names.plural+"."+spec.group"#;
        errors.invalid("metadata.name", &go_quote(own), why);
    }
}

pub(in crate::kube) fn check(errors: &mut Errors, old: Option<&Value>, object: &Value) {
    const SCOPES: [&str; 2] = ["Cluster", "Namespaced"];
    let group = text(object, "/spec/group");
    if group.is_empty() {
        errors.required("spec.group", "");
    } else {
        let problems = name::subdomain(group);
        if !problems.is_empty() {
            errors.invalid("spec.group", &go_quote(group), &problems.join(","));
        } else if !group.contains('.') {
            let why = "should be a domain with at least one dot";
            errors.invalid("spec.group", &go_quote(group), why);
        }
    }
    let scope = text(object, "/spec/scope");
    if scope.is_empty() {
        errors.required("spec.scope", "");
    } else if !SCOPES.contains(&scope) {
        errors.not_supported("spec.scope", scope, &SCOPES);
    }
    versions(errors, object);
    names(errors, object);
    let approval = object
        .pointer("/metadata/annotations")
        .and_then(|annotations| annotations.get("api-approved.kubernetes.io"));
    let protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|domain| group == *domain || group.ends_with(&format!(".{domain}")));
    if protected && approval.is_none() {
        errors.required(
            "metadata.annotations[api-approved.kubernetes.io]",
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111",
        );
    }
    let Some(old) = old else { return };
    for field in ["group", "scope", "names/kind", "names/plural"] {
        let pointer = format!("/spec/{field}");
        if text(old, &pointer) != text(object, &pointer) {
            let path = format!("spec.{}", field.replace('/', "."));
            errors.invalid(&path, &go_quote(text(object, &pointer)), "field is immutable");
        }
    }
}

fn versions(errors: &mut Errors, object: &Value) {
    let versions = items(object, "/spec/versions");
    for (at, version) in versions.iter().enumerate() {
        if version.pointer("/schema/openAPIV3Schema").is_none() {
            let path = format!("spec.versions[{at}].schema.openAPIV3Schema");
            errors.required(&path, "schemas are required");
        }
    }
    let mut seen = BTreeSet::new();
    let mut unique = true;
    for (at, version) in versions.iter().enumerate() {
        let own = text(version, "/name");
        unique &= seen.insert(own);
        let problems = name::label_1035(own);
        if !problems.is_empty() {
            let path = format!("spec.versions[{at}].name");
            errors.invalid(&path, &go_quote(own), &problems.join(","));
        }
        if let Some(schema) = version.pointer("/schema/openAPIV3Schema") {
            let path = format!("spec.versions[{at}].schema.openAPIV3Schema");
            structural(errors, &path, schema, Level::Root);
        }
    }
    if !unique {
        errors.invalid("spec.versions", VERSIONS, "must contain unique version names");
    }
    let stored = versions
        .iter()
        .filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    if stored.count() != 1 {
        let why = "must have exactly one version marked as storage version";
        errors.invalid("spec.versions", VERSIONS, why);
    }
}

fn names(errors: &mut Errors, object: &Value) {
    let of = |field: &str| text(object, &format!("/spec/names/{field}"));
    for field in ["plural", "singular", "kind", "listKind"] {
        if of(field).is_empty() {
            errors.required(&format!("spec.names.{field}"), "");
        }
    }
    for field in ["plural", "singular", "kind", "listKind"] {
        let own = of(field);
        let mixed = field.to_lowercase().ends_with("kind");
        let problems = name::label_1035(&if mixed { own.to_lowercase() } else { own.to_owned() });
        if own.is_empty() || problems.is_empty() {
            continue;
        }
        let before = if mixed {
            "may have mixed case, but should otherwise match: "
        } else {
            ""
        };
        let why = format!("{before}{}", problems.join(","));
        errors.invalid(&format!("spec.names.{field}"), &go_quote(own), &why);
    }
    for field in ["shortNames", "categories"] {
        for (at, one) in items(object, &format!("/spec/names/{field}")).iter().enumerate() {
            let own = one.as_str().unwrap_or_default();
            let problems = name::label_1035(own);
            if !problems.is_empty() {
                let path = format!("spec.names.{field}[{at}]");
                errors.invalid(&path, &go_quote(own), &problems.join(","));
            }
        }
    }
    if !of("kind").is_empty() && of("kind") == of("listKind") {
        let why = "kind and listKind may not be the same";
        errors.invalid("spec.names.listKind", &go_quote(of("listKind")), why);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

fn structural(errors: &mut Errors, path: &str, schema: &Value, level: Level) {
    let is = |field: &str| schema.get(field) == Some(&Value::Bool(true));
    let kind = text(schema, "/type");
    if kind == "array" && schema.get("items").is_none_or(Value::is_null) {
        errors.required(&format!("{path}.items"), "must be specified");
    }
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        structural(errors, &format!("{path}.items"), items, Level::Item);
    }
    if schema.get("items").is_some_and(Value::is_array) {
        let why = "items must be a schema object and not an array";
        errors.forbidden(&format!("{path}.items"), why);
    }
    for (name, property) in entries(schema, "/properties") {
        structural(errors, &format!("{path}.properties[{name}]"), property, Level::Field);
    }
    if let Some(additional) = schema.get("additionalProperties") {
        let path = format!("{path}.additionalProperties");
        if level == Level::Root {
            errors.forbidden(&path, "must not be used at the root");
        }
        if additional.is_object() {
            structural(errors, &path, additional, Level::Field);
        }
        if entries(schema, "/properties").next().is_some() {
            errors.forbidden(&path, "additionalProperties and properties are mutual exclusive");
        }
    }
    let type_path = format!("{path}.type");
    if is("x-kubernetes-embedded-resource") && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        if kind.is_empty() {
            errors.required(&type_path, why);
        } else {
            errors.invalid(&type_path, &go_quote(kind), why);
        }
    } else if kind.is_empty() && !is("x-kubernetes-int-or-string") && !is("x-kubernetes-preserve-unknown-fields") {
        errors.required(
            &type_path,
            match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            },
        );
    }
    if !["", "array", "boolean", "integer", "number", "object", "string"].contains(&kind) {
        let types = ["array", "boolean", "integer", "number", "object", "string"];
        errors.not_supported(&type_path, kind, &types);
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        errors.invalid(&type_path, &go_quote(kind), "must be object at the root");
    }
}
