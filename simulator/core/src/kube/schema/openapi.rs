//! Types as OpenAPI documents describe them, for `kubectl explain`, client-side checks and strategic merges.
//!
//! Source: `api/openapi-spec` of Kubernetes 1.32. FIDELITY: descriptions are ours, and most fields have none.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Field;
use super::Kind;
use super::ListKind;
use super::ObjectType;
use super::Schema;
use super::SchemaAlternative;
use super::Shape;

/// Which form of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Swagger 2.0.
    V2,
    /// OpenAPI 3.0.
    V3,
}

const DURATION: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Duration";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
const OR_ARRAY: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray";
const OR_BOOL: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool";
const OR_NAMES: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";

impl Version {
    /// A reference to the type of that name.
    #[must_use]
    pub fn reference(self, name: &str) -> Value {
        let prefix = match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        };
        json!({"$ref": format!("{prefix}{name}")})
    }

    /// The types of these names, and all that they refer to.
    #[must_use]
    pub fn types(self, schema: &Schema, roots: impl IntoIterator<Item = String>) -> Map<String, Value> {
        let mut found = self.scalars();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut left: Vec<String> = roots.into_iter().collect();
        while let Some(name) = left.pop() {
            let Some(object) = schema.object(&name).filter(|_| seen.insert(name.clone())) else {
                continue;
            };
            for field in object.fields.values() {
                left.extend(referred(&field.shape));
            }
            let kinds: Vec<&Kind> = schema
                .kinds()
                .filter(|(_, of)| ***of == *name)
                .map(|(kind, _)| kind)
                .collect();
            found.insert(name, self.object(object, &kinds));
        }
        found
    }

    /// The types that are no objects but have names.
    fn scalars(self) -> Map<String, Value> {
        let either = |kinds: [&str; 2]| match self {
            Self::V2 => json!({"type": "string"}),
            Self::V3 => json!({"oneOf": kinds.map(|kind| json!({"type": kind}))}),
        };
        let int_or_string = match self {
            Self::V2 => json!({"type": "string", "format": "int-or-string"}),
            Self::V3 => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        };
        [
            (DURATION, json!({"type": "string"})),
            (INT_OR_STRING, int_or_string),
            (MICRO_TIME, json!({"type": "string", "format": "date-time"})),
            (QUANTITY, either(["string", "number"])),
            (RAW, json!({"type": "object"})),
            (TIME, json!({"type": "string", "format": "date-time"})),
            (OR_ARRAY, json!({"description": "A schema, or a list of schemas."})),
            (OR_BOOL, json!({"description": "A schema, or true or false."})),
            (OR_NAMES, json!({"description": "A schema, or a list of field names."})),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    fn object(self, object: &ObjectType, kinds: &[&Kind]) -> Value {
        let mut value = Map::new();
        if !object.description.is_empty() {
            value.insert("description".to_owned(), json!(&*object.description));
        }
        value.insert("type".to_owned(), json!("object"));
        let properties: Map<String, Value> = object
            .fields
            .iter()
            .map(|(name, field)| (name.to_string(), self.field(field)))
            .collect();
        if !properties.is_empty() {
            value.insert("properties".to_owned(), Value::Object(properties));
        }
        let required: Vec<&str> = object
            .fields
            .iter()
            .filter(|(_, field)| field.required)
            .map(|(name, _)| &**name)
            .collect();
        if !required.is_empty() {
            value.insert("required".to_owned(), json!(required));
        }
        if object.atomic {
            value.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
        }
        if object.preserves_unknown {
            value.insert("x-kubernetes-preserve-unknown-fields".to_owned(), json!(true));
        }
        if !kinds.is_empty() {
            let kinds: Vec<Value> = kinds.iter().map(|kind| group_version_kind(kind)).collect();
            value.insert("x-kubernetes-group-version-kind".to_owned(), json!(kinds));
        }
        Value::Object(value)
    }

    fn field(self, field: &Field) -> Value {
        let mut value = self.shape(&field.shape);
        let Some(map) = value.as_object_mut() else { return value };
        // In OpenAPI 3 nothing may stand beside a reference.
        if self == Self::V3
            && let Some(reference) = map.remove("$ref")
        {
            map.insert("allOf".to_owned(), json!([{"$ref": reference}]));
        }
        if !field.description.is_empty() {
            map.insert("description".to_owned(), json!(&*field.description));
        }
        if let Some(default) = &field.default {
            map.insert("default".to_owned(), default.clone());
        }
        let strategy = match (&field.patch.merge, field.patch.retain_keys) {
            (Some(_), true) => "merge,retainKeys",
            (Some(_), false) => "merge",
            (None, true) => "retainKeys",
            (None, false) => "",
        };
        if !strategy.is_empty() {
            map.insert("x-kubernetes-patch-strategy".to_owned(), json!(strategy));
        }
        if let Some(Some(key)) = &field.patch.merge {
            map.insert("x-kubernetes-patch-merge-key".to_owned(), json!(&**key));
        }
        value
    }

    fn shape(self, shape: &Shape) -> Value {
        match shape {
            Shape::Any => self.reference(RAW),
            Shape::SchemaOr(alternative) => self.reference(alternative_name(*alternative)),
            Shape::Boolean => json!({"type": "boolean"}),
            Shape::Int32 => json!({"type": "integer", "format": "int32"}),
            Shape::Int64 => json!({"type": "integer", "format": "int64"}),
            Shape::Double => json!({"type": "number", "format": "double"}),
            Shape::String => json!({"type": "string"}),
            Shape::Bytes => json!({"type": "string", "format": "byte"}),
            Shape::Time => self.reference(TIME),
            Shape::MicroTime => self.reference(MICRO_TIME),
            Shape::Duration => self.reference(DURATION),
            Shape::IntOrString => self.reference(INT_OR_STRING),
            Shape::Quantity => self.reference(QUANTITY),
            Shape::Object(name) => self.reference(name),
            Shape::Map(map) => {
                let mut value = json!({"type": "object", "additionalProperties": self.shape(&map.values)});
                if let (true, Some(value)) = (map.atomic, value.as_object_mut()) {
                    value.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
                }
                value
            }
            Shape::List(list) => {
                let mut value = json!({"type": "array", "items": self.shape(&list.items)});
                let Some(fields) = value.as_object_mut() else {
                    return value;
                };
                let kind = match &list.kind {
                    ListKind::Atomic => "atomic",
                    ListKind::Set => "set",
                    ListKind::Map(keys) => {
                        let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
                        fields.insert("x-kubernetes-list-map-keys".to_owned(), json!(keys));
                        "map"
                    }
                };
                fields.insert("x-kubernetes-list-type".to_owned(), json!(kind));
                value
            }
        }
    }
}

/// As extensions name a kind.
#[must_use]
pub fn group_version_kind(kind: &Kind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

fn alternative_name(alternative: SchemaAlternative) -> &'static str {
    match alternative {
        SchemaAlternative::Boolean => OR_BOOL,
        SchemaAlternative::Schemas => OR_ARRAY,
        SchemaAlternative::Names => OR_NAMES,
    }
}

fn referred(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Object(name) => Some(name.to_string()),
        Shape::Map(map) => referred(&map.values),
        Shape::List(list) => referred(&list.items),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_a_document_leads_to_a_type() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        fn wordless(value: &Value, at: &str, found: &mut Vec<String>) {
            // A description without words makes kubectl's templates fail.
            match value {
                Value::Object(map) if map.is_empty() => found.push(at.to_owned()),
                Value::Object(map) => {
                    for (key, value) in map.iter().filter(|(key, _)| *key != "default") {
                        wordless(value, &format!("{at}/{key}"), found);
                    }
                }
                _ => {}
            }
        }
        let schema = Schema::builtin();
        for version in [Version::V2, Version::V3] {
            let types = version.types(schema, schema.kinds().map(|(_, name)| name.to_string()));
            let document = Value::Object(types.clone());
            let mut found = Vec::new();
            let mut silent = Vec::new();
            wordless(&document, "", &mut silent);
            assert_eq!(silent, Vec::<String>::new());
            references(&document, &mut found);
            assert!(found.len() > 500);
            for reference in found {
                let name = reference.rsplit('/').next().unwrap();
                assert!(types.contains_key(name), "{reference}");
            }
        }
    }

    #[test]
    fn a_field_tells_how_it_is_merged() {
        let schema = Schema::builtin();
        let types = Version::V3.types(schema, ["io.k8s.api.core.v1.Container".to_owned()]);
        let ports = &types["io.k8s.api.core.v1.Container"]["properties"]["ports"];
        assert_eq!(ports["x-kubernetes-patch-merge-key"], "containerPort");
        assert_eq!(
            ports["x-kubernetes-list-map-keys"],
            json!(["containerPort", "protocol"])
        );
        assert_eq!(
            ports["items"]["$ref"],
            "#/components/schemas/io.k8s.api.core.v1.ContainerPort"
        );
        let resources = &types["io.k8s.api.core.v1.Container"]["properties"]["resources"];
        assert!(resources["allOf"][0]["$ref"].is_string());
    }
}
