//! What the API server checks of an object before it is stored: the types of its fields, fields that nobody knows, and
//! names.
//!
//! Source: the decoder `sigs.k8s.io/json`, `pkg/apis/core/validation` and `apimachinery/pkg/api/validation` of
//! Kubernetes 1.32. FIDELITY: of the metadata, names, labels and annotations are checked; of the kinds, ConfigMap.

use eks_auth_core::go_json;
use eks_auth_core::log::go_quote;
use serde_json::Map;
use serde_json::Value;

use super::resources::ResourceType;
use super::status::Failure;

/// The sum of a ConfigMap's values, in bytes.
const CONFIG_MAP_LIMIT: usize = 1024 * 1024;
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DATA_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const METADATA_FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// What becomes of fields that nobody knows (`fieldValidation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldValidation {
    /// They are dropped.
    Ignore,
    /// The request is refused.
    Strict,
    /// They are dropped with a warning.
    Warn,
}

impl FieldValidation {
    pub(super) fn parse(value: Option<&str>) -> Self {
        match value {
            Some("Ignore") => Self::Ignore,
            Some("Strict") => Self::Strict,
            _ => Self::Warn,
        }
    }
}

/// Why an object does not decode, as the decoder words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DecodeError(pub(super) String);

/// Checks the types of an object's fields and takes out those that nobody knows. Returns what there is to warn of.
pub(super) fn decode(
    resource: &ResourceType,
    object: &mut Value,
    unknown: FieldValidation,
) -> Result<Vec<String>, DecodeError> {
    let mut found = Vec::new();
    if let Some(metadata) = object.get_mut("metadata") {
        match metadata {
            Value::Null => *metadata = Value::Object(Map::new()),
            Value::Object(map) => {
                for field in ["labels", "annotations"] {
                    string_map(map, field, &format!("ObjectMeta.metadata.{field}"))?;
                }
                for field in ["name", "generateName", "namespace", "resourceVersion", "uid"] {
                    string_field(map, field, &format!("ObjectMeta.metadata.{field}"))?;
                }
                take_unknown(map, &METADATA_FIELDS, "metadata.", &mut found);
            }
            other => {
                let type_name = "v1.ObjectMeta";
                return Err(mismatch(other, &format!("{}.metadata", resource.kind), type_name));
            }
        }
    }
    if let ("ConfigMap", Some(map)) = (&*resource.kind, object.as_object_mut()) {
        string_map(map, "data", "ConfigMap.data")?;
        string_map(map, "binaryData", "ConfigMap.binaryData")?;
        if let Some(value) = map
            .get("immutable")
            .filter(|value| !value.is_boolean() && !value.is_null())
        {
            return Err(mismatch(value, "ConfigMap.immutable", "bool"));
        }
        let fields = ["apiVersion", "binaryData", "data", "immutable", "kind", "metadata"];
        take_unknown(map, &fields, "", &mut found);
    }
    let texts: Vec<String> = found
        .iter()
        .map(|field| format!("unknown field {}", go_quote(field)))
        .collect();
    match unknown {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Warn => Ok(texts),
        FieldValidation::Strict if texts.is_empty() => Ok(texts),
        FieldValidation::Strict => Err(DecodeError(format!("strict decoding error: {}", texts.join(", ")))),
    }
}

/// Checks a decoded object, old against new where it is an update.
pub(super) fn validate(resource: &ResourceType, old: Option<&Value>, object: &Value) -> Result<(), Failure> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let name = text("/metadata/name");
    let mut causes: Vec<(&str, String, String)> = Vec::new();
    if name.is_empty() {
        causes.push((
            "FieldValueRequired",
            "Required value: name or generateName is required".to_owned(),
            "metadata.name".to_owned(),
        ));
    } else if !is_subdomain(name) {
        causes.push((
            "FieldValueInvalid",
            format!("Invalid value: {}: {SUBDOMAIN}", go_quote(name)),
            "metadata.name".to_owned(),
        ));
    }
    if *resource.kind == *"ConfigMap" {
        validate_config_map(old, object, &mut causes);
    }
    if causes.is_empty() {
        Ok(())
    } else {
        Err(Failure::invalid(resource, name, &causes))
    }
}

fn validate_config_map(old: Option<&Value>, object: &Value, causes: &mut Vec<(&'static str, String, String)>) {
    let entries = |field: &str| object.get(field).and_then(Value::as_object).into_iter().flatten();
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in entries(field) {
            size += value.as_str().unwrap_or_default().len();
            if key.is_empty() || !key.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) {
                causes.push((
                    "FieldValueInvalid",
                    format!("Invalid value: {}: {DATA_KEY}", go_quote(key)),
                    format!("{field}[{key}]"),
                ));
            }
        }
    }
    for (key, _) in entries("binaryData") {
        if entries("data").any(|(other, _)| other == key) {
            causes.push((
                "FieldValueInvalid",
                format!("Invalid value: {}: duplicate of key present in data", go_quote(key)),
                format!("binaryData[{key}]"),
            ));
        }
    }
    if size > CONFIG_MAP_LIMIT {
        causes.push((
            "FieldValueTooLong",
            format!("Too long: may not be more than {CONFIG_MAP_LIMIT} bytes"),
            // How Go prints a path without a name.
            "[]".to_owned(),
        ));
    }
    let Some(old) = old.filter(|old| old.get("immutable") == Some(&Value::Bool(true))) else {
        return;
    };
    for field in ["immutable", "data", "binaryData"] {
        let nothing = |value: Option<&Value>| value.is_none_or(|value| value.as_object().is_some_and(Map::is_empty));
        let (before, after) = (old.get(field), object.get(field));
        if before != after && !(nothing(before) && nothing(after)) {
            causes.push((
                "FieldValueForbidden",
                "Forbidden: field is immutable when `immutable` is set".to_owned(),
                field.to_owned(),
            ));
        }
    }
}

fn is_subdomain(name: &str) -> bool {
    let label = |label: &str| {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        label.chars().all(|c| good(c) || c == '-')
            && label.chars().next().is_some_and(good)
            && label.chars().next_back().is_some_and(good)
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn string_map(map: &mut Map<String, Value>, field: &str, path: &str) -> Result<(), DecodeError> {
    match map.get_mut(field) {
        None => Ok(()),
        Some(Value::Null) => {
            map.remove(field);
            Ok(())
        }
        Some(Value::Object(entries)) => {
            for value in entries.values_mut() {
                match value {
                    Value::String(_) => {}
                    Value::Null => *value = Value::String(String::new()),
                    other => return Err(mismatch(other, path, "string")),
                }
            }
            Ok(())
        }
        Some(other) => Err(mismatch(other, path, "map[string]string")),
    }
}

fn string_field(map: &Map<String, Value>, field: &str, path: &str) -> Result<(), DecodeError> {
    match map.get(field) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(other) => Err(mismatch(other, path, "string")),
    }
}

fn take_unknown(map: &mut Map<String, Value>, known: &[&str], prefix: &str, found: &mut Vec<String>) {
    let unknown: Vec<String> = map
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .cloned()
        .collect();
    for key in unknown {
        map.remove(&key);
        found.push(format!("{prefix}{key}"));
    }
}

fn mismatch(found: &Value, path: &str, wanted: &str) -> DecodeError {
    let kind = go_json::kind(found);
    DecodeError(format!(
        "json: cannot unmarshal {kind} into Go struct field {path} of type {wanted}"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config_maps() -> &'static ResourceType {
        ResourceType::find("", "v1", "configmaps").unwrap()
    }

    #[track_caller]
    fn refused(mut object: Value, wanted: &str) {
        let error = decode(config_maps(), &mut object, FieldValidation::Strict).unwrap_err();
        assert_eq!(error.0, wanted);
    }

    #[test]
    fn fields_of_the_wrong_type_are_refused_in_gos_words() {
        refused(
            json!({"data": {"mapRoles": [{"rolearn": "x"}]}}),
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type string",
        );
        refused(
            json!({"data": ["a"]}),
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
        );
        refused(
            json!({"metadata": {"annotations": {"a": 1}}}),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string",
        );
        refused(
            json!({"metadata": {"name": "x"}, "dta": {}}),
            r#"strict decoding error: unknown field "dta""#,
        );
    }

    #[test]
    fn unknown_fields_are_dropped_and_told() {
        let mut object = json!({"metadata": {"name": "x", "nmae": "y"}, "spec": 1, "data": {"a": null}});
        let warnings = decode(config_maps(), &mut object, FieldValidation::Warn).unwrap();
        assert_eq!(
            warnings,
            [r#"unknown field "metadata.nmae""#, r#"unknown field "spec""#]
        );
        assert_eq!(object, json!({"metadata": {"name": "x"}, "data": {"a": ""}}));
    }

    #[test]
    fn names_are_subdomains() {
        for (name, good) in [
            ("a", true),
            ("a-1.b", true),
            ("", false),
            ("A", false),
            ("a..b", false),
            ("-a", false),
        ] {
            assert_eq!(is_subdomain(name), good, "{name}");
        }
    }
}
