//! What becomes of an object between its body and the store: decoding, defaults and checks, all by the core.
//!
//! FIDELITY: what is not checked is said in `core/src/kube/validation.rs` and `core/src/kube/custom.rs`. Objects nest no
//! deeper than `core/src/go/json.rs` says.

use serde_json::Value;

use super::status::Failure;
use crate::go;
use crate::kube::custom;
use crate::kube::resource::ResourceType;
use crate::kube::schema::Kind;
use crate::kube::schema::Schema;
use crate::kube::schema::decode;
use crate::kube::schema::decode::Decoded;
use crate::kube::schema::tree::Tree;
use crate::kube::validation;
use crate::kube::validation::Scope;
use crate::value::log::go_quote;

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
pub(super) struct DecodeError {
    pub(super) why: String,
    /// The same as it is reported of a strategic merge patch.
    pub(super) converted: String,
}

impl DecodeError {
    fn new(why: String) -> Self {
        let converted = why.clone();
        Self { why, converted }
    }
}

/// So many maps stand in the lists of an object, such as containers in a pod: who owns the fields of each is kept, and takes some
/// kilobytes. FIDELITY: upstream keeps as many as the size of an object allows.
pub(super) const MOST_ITEMS: usize = 10_000;

/// Reads an object of that resource: fields that nobody knows are gone, defaults are filled in. Returns with it what there
/// is to warn of.
pub(super) fn read(
    resource: &ResourceType,
    tree: Tree,
    unknown: FieldValidation,
) -> Result<(Value, Vec<String>), DecodeError> {
    let kind = resource.to_kind();
    let schema = Schema::builtin();
    let decoded = match (schema_of(resource), schema.kind(&kind)) {
        (Some(own), _) => custom::decode(own, tree),
        (None, Some(object)) => decode::decode(schema, object, tree),
        (None, None) => Ok(Decoded {
            object: tree.into(),
            findings: Vec::new(),
        }),
    };
    let Decoded { mut object, findings } = decoded.map_err(|error| DecodeError {
        why: error.to_string(),
        converted: error.converted(),
    })?;
    // Whatever it came as: JSON, YAML with aliases, protobuf with JSON in it, or a patch. What nests deeper is kept well, but
    // not read again.
    if !go::json::fits_below(&object, 0) {
        return Err(DecodeError::new("exceeded max depth".to_owned()));
    }
    if go::json::maps_in_lists(&object) > MOST_ITEMS {
        return Err(DecodeError::new(format!(
            "it has more than {MOST_ITEMS} maps in its lists"
        )));
    }
    resource.set_defaults(&mut object);
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    match unknown {
        FieldValidation::Ignore => Ok((object, Vec::new())),
        FieldValidation::Strict if !texts.is_empty() => {
            Err(DecodeError::new(format!("strict decoding error: {}", texts.join(", "))))
        }
        FieldValidation::Strict | FieldValidation::Warn => Ok((object, texts)),
    }
}

/// [`read`] in place, for what a patch has made; what does not decode stays as it is.
pub(super) fn decode(
    resource: &ResourceType,
    object: &mut Value,
    unknown: FieldValidation,
) -> Result<Vec<String>, DecodeError> {
    let (decoded, warnings) = read(resource, object.clone().into(), unknown)?;
    *object = decoded;
    Ok(warnings)
}

/// Reads what a patch has made of an object of that resource, in place: of another kind than the resource's it is an error.
pub(super) fn decode_as(
    resource: &ResourceType,
    object: &mut Value,
    unknown: FieldValidation,
) -> Result<Vec<String>, DecodeError> {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let (api_version, found) = (text("apiVersion"), text("kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let claimed = Kind::new(group, version, found);
    if claimed == resource.to_kind() || resource.custom.is_some() {
        return decode(resource, object, unknown);
    }
    let schema = Schema::builtin();
    let Some(other) = schema.kind(&claimed) else {
        return Err(DecodeError::new(format!(
            "no kind {} is registered for version {} in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
            go_quote(found),
            go_quote(api_version)
        )));
    };
    decode::decode(schema, other, object.clone().into()).map_err(|error| DecodeError::new(error.to_string()))?;
    let package = match &*resource.group {
        "" => "core",
        group => group.split('.').next().unwrap_or_default(),
    };
    Err(DecodeError::new(format!(
        "unable to decode {group}/{version}, Kind={found} into *{package}.{}",
        resource.kind
    )))
}

/// How a body that does not decode is refused.
pub(super) fn undecodable(kind: &str, version: &str, DecodeError { why, .. }: &DecodeError) -> Failure {
    Failure::bad_request(format!(
        "{kind} in version {} cannot be handled as a {kind}: {why}",
        go_quote(version)
    ))
}

/// Checks a decoded object, old against new where it is an update.
pub(super) fn validate(resource: &ResourceType, old: Option<&Value>, object: &Value) -> Result<(), Failure> {
    let scope = if resource.namespaced {
        Scope::Namespaced
    } else {
        Scope::Cluster
    };
    let mut errors = validation::validate(&resource.checks, scope, old, object);
    if let Some(schema) = schema_of(resource) {
        errors.extend(custom::validate(schema, object));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    let causes: Vec<(&str, String, String)> = errors
        .into_iter()
        .map(|error| (error.kind.reason(), error.to_string(), error.field))
        .collect();
    Err(Failure::invalid(resource, name.unwrap_or_default(), &causes))
}

/// The schema of a custom resource.
fn schema_of(resource: &ResourceType) -> Option<&Value> {
    let own = resource.custom.as_ref()?;
    Some(own.schema())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kube::kinds;

    #[test]
    fn a_patched_object_is_still_of_its_kind() {
        let config_maps = kinds::find("", "v1", "configmaps").unwrap();
        for (object, wanted) in [
            (
                json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "???"}}),
                "illegal base64 data at input byte 0",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Secret"}),
                "unable to decode /v1, Kind=Secret into *core.ConfigMap",
            ),
            (
                json!({"apiVersion": "v1", "kind": "Nonsense"}),
                r#"no kind "Nonsense" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30""#,
            ),
        ] {
            let found = decode_as(config_maps, &mut object.clone(), FieldValidation::Ignore);
            assert_eq!(found.unwrap_err().why, wanted);
        }
        let mut same = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        decode_as(config_maps, &mut same, FieldValidation::Ignore).unwrap();
    }

    #[test]
    fn unknown_fields_are_refused_told_or_dropped() {
        let config_maps = kinds::find("", "v1", "configmaps").unwrap();
        let object = json!({"metadata": {"name": "x", "nmae": "y"}, "spec": 1, "data": {"a": null}});
        let read = |unknown| read(config_maps, object.clone().into(), unknown);
        let wanted = json!({"metadata": {"name": "x", "creationTimestamp": null}, "data": {"a": ""}});
        assert_eq!(read(FieldValidation::Ignore).unwrap(), (wanted.clone(), Vec::new()));
        let warnings = [r#"unknown field "metadata.nmae""#, r#"unknown field "spec""#];
        let (object, told) = read(FieldValidation::Warn).unwrap();
        assert_eq!(object, wanted);
        assert!(
            warnings.iter().all(|warning| told.iter().any(|one| one == warning)),
            "{told:?}"
        );
        assert!(
            read(FieldValidation::Strict)
                .unwrap_err()
                .why
                .starts_with("strict decoding error: unknown field ")
        );
    }
}
