//! Custom resources: what the schema of a CustomResourceDefinition makes of them.
//!
//! Source: `apiextensions-apiserver/pkg/apiserver/{schema,validation}` of Kubernetes 1.32 and the validator of
//! `kube-openapi`. FIDELITY: CEL rules (`x-kubernetes-validations`), formats, and the uniqueness of set and map lists
//! are not checked; a pattern that our expressions do not know matches everything.

use std::sync::Arc;

use regex::Regex;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::kube::schema::Field;
use crate::kube::schema::Kind;
use crate::kube::schema::ListKind;
use crate::kube::schema::ListShape;
use crate::kube::schema::MapShape;
use crate::kube::schema::ObjectType;
use crate::kube::schema::Schema;
use crate::kube::schema::Shape;
use crate::kube::schema::decode;
use crate::kube::schema::decode::DecodeError;
use crate::kube::schema::decode::Decoded;
use crate::kube::schema::decode::Finding;
use crate::kube::schema::tree::Tree;
use crate::kube::validation::Errors;
use crate::kube::validation::FieldError;
use crate::value::log::go_quote;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/// What every resource has beside what its schema says.
const TYPE_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Reads a custom resource: what `schema` (an `openAPIV3Schema`) does not know is pruned and reported, and its defaults
/// are filled in.
///
/// # Errors
/// [`DecodeError`] for metadata of the wrong types; other wrong types are for [`validate`] to report.
pub fn decode(schema: &Value, tree: Tree) -> Result<Decoded, DecodeError> {
    let Tree::Object(fields) = tree else {
        return Err(DecodeError::Value {
            got: tree.kind().to_owned(),
            wanted: "map[string]interface {}".to_owned(),
        });
    };
    let mut findings = Vec::new();
    let mut object = Map::new();
    for (name, value) in fields {
        if object.contains_key(&name) {
            findings.push(Finding::Duplicate(name.clone()));
        }
        let value = if name == "metadata" {
            metadata(value, &mut findings)?
        } else {
            duplicates(&value, &name, &mut findings);
            Value::from(value)
        };
        object.insert(name, value);
    }
    let mut object = Value::Object(object);
    prune(schema, &mut object, "", true, &mut findings);
    default(schema, &mut object);
    Ok(Decoded { object, findings })
}

fn metadata(tree: Tree, findings: &mut Vec<Finding>) -> Result<Value, DecodeError> {
    let builtin = Schema::builtin();
    let Some(meta) = builtin.object(OBJECT_META) else {
        return Ok(tree.into());
    };
    // In a type of one field, so that errors name the way there.
    let mut holder = ObjectType::new("v1.CustomResource");
    holder
        .fields
        .insert(Arc::from("metadata"), Field::new(Shape::Object(Arc::clone(&meta.name))));
    let decoded = decode::decode(builtin, &holder, Tree::Object(vec![("metadata".to_owned(), tree)]))?;
    findings.extend(decoded.findings);
    let metadata = decoded.object.get("metadata").cloned();
    Ok(metadata.unwrap_or_else(|| json!({})))
}

fn duplicates(tree: &Tree, path: &str, findings: &mut Vec<Finding>) {
    match tree {
        Tree::Object(fields) => {
            let mut seen = std::collections::BTreeSet::new();
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                if !seen.insert(name) {
                    findings.push(Finding::Duplicate(path.clone()));
                }
                duplicates(value, &path, findings);
            }
        }
        Tree::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                duplicates(item, &format!("{path}[{at}]"), findings);
            }
        }
        _ => {}
    }
}

fn is(schema: &Value, field: &str) -> bool {
    schema.get(field) == Some(&Value::Bool(true))
}

fn child(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Takes out what the schema does not know.
fn prune(schema: &Value, value: &mut Value, path: &str, resource: bool, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(map) => {
            let keeps = is(schema, "x-kubernetes-preserve-unknown-fields");
            let properties = schema.get("properties");
            let additional = schema.get("additionalProperties");
            let mut gone = Vec::new();
            for (name, value) in &mut *map {
                if resource && TYPE_FIELDS.contains(&name.as_str()) {
                    continue;
                }
                let known = properties.and_then(|properties| properties.get(name));
                match known.or(additional) {
                    Some(Value::Bool(true)) => {}
                    Some(schema) if schema.is_object() => {
                        let embedded = is(schema, "x-kubernetes-embedded-resource");
                        prune(schema, value, &child(path, name), embedded, findings);
                    }
                    _ if keeps => {}
                    _ => {
                        findings.push(Finding::Unknown(child(path, name)));
                        gone.push(name.clone());
                    }
                }
            }
            for name in gone {
                map.remove(&name);
            }
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return };
            let embedded = is(schema, "x-kubernetes-embedded-resource");
            for (at, item) in items.iter_mut().enumerate() {
                prune(schema, item, &format!("{path}[{at}]"), embedded, findings);
            }
        }
        _ => {}
    }
}

/// Fills in defaults; a null that may not be null gives way to one.
fn default(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, schema) in properties.into_iter().flatten() {
                if let Some(default) = schema.get("default") {
                    let open = match map.get(name) {
                        None => true,
                        Some(value) => value.is_null() && !is(schema, "nullable"),
                    };
                    if open {
                        map.insert(name.clone(), default.clone());
                    }
                }
                if let Some(value) = map.get_mut(name) {
                    self::default(schema, value);
                }
            }
            if let Some(schema) = schema.get("additionalProperties").filter(|schema| schema.is_object()) {
                for (name, value) in map {
                    if properties.is_none_or(|properties| !properties.contains_key(name)) {
                        self::default(schema, value);
                    }
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| self::default(schema, item));
            }
        }
        _ => {}
    }
}

/// Checks a decoded custom resource against its schema; metadata is checked elsewhere.
#[must_use]
pub fn validate(schema: &Value, object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    check(&mut errors, schema, object, "", true);
    errors.0
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as Go prints it in an error.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        other => other.to_string(),
    }
}

/// The path of an error: Go's nil path has a name of its own.
fn at(path: &str) -> &str {
    if path.is_empty() { "<nil>" } else { path }
}

fn check(errors: &mut Errors, schema: &Value, value: &Value, path: &str, resource: bool) {
    if value.is_null() && is(schema, "nullable") {
        return;
    }
    let text = |field: &str| schema.get(field).and_then(Value::as_str).unwrap_or_default();
    let found = type_name(value);
    let wanted = if is(schema, "x-kubernetes-int-or-string") {
        "integer,string"
    } else {
        text("type")
    };
    let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let fits = wanted.is_empty()
        || wanted.split(',').any(|one| one == found)
        || (wanted == "number" && found == "integer")
        || (wanted.starts_with("integer") && found == "number" && whole);
    if !fits {
        let why = format!("{path} in body must be of type {wanted}: {}", go_quote(found));
        errors.type_invalid(at(path), &go_quote(found), &why);
        return;
    }
    let options = schema.get("enum").and_then(Value::as_array);
    if let Some(options) = options.filter(|options| !options.contains(value)) {
        let texts: Vec<String> = options
            .iter()
            .map(|option| option.as_str().map_or_else(|| option.to_string(), str::to_owned))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        match value.as_str() {
            Some(text) => errors.not_supported(at(path), text, &texts),
            None => errors.not_supported(at(path), &value.to_string(), &texts),
        }
    }
    match value {
        Value::String(content) => check_text(errors, schema, content, path),
        Value::Number(_) => check_number(errors, schema, value, path),
        Value::Array(items) => check_list(errors, schema, items, path),
        Value::Object(map) => check_object(errors, schema, map, path, resource),
        Value::Null | Value::Bool(_) => {}
    }
    combined(errors, schema, value, path);
}

/// `allOf`, `anyOf`, `oneOf` and `not`.
fn combined(errors: &mut Errors, schema: &Value, value: &Value, path: &str) {
    let list = |field: &str| {
        schema
            .get(field)
            .and_then(Value::as_array)
            .filter(|list| !list.is_empty())
    };
    let fits = |schema: &Value| {
        let mut errors = Errors::default();
        check(&mut errors, schema, value, path, true);
        errors.0.is_empty()
    };
    let mut refused = |why: String| errors.invalid("<nil>", "\"\"", &format!("{} {why}", go_quote(path)));
    if list("anyOf").is_some_and(|schemas| !schemas.iter().any(fits)) {
        refused("must validate at least one schema (anyOf)".to_owned());
    }
    if let Some(schemas) = list("oneOf") {
        match schemas.iter().filter(|schema| fits(schema)).count() {
            1 => {}
            0 => refused("must validate one and only one schema (oneOf). Found none valid".to_owned()),
            count => refused(format!(
                "must validate one and only one schema (oneOf). Found {count} valid alternatives"
            )),
        }
    }
    if list("allOf").is_some_and(|schemas| !schemas.iter().all(fits)) {
        refused("must validate all the schemas (allOf)".to_owned());
    }
    if schema.get("not").is_some_and(fits) {
        refused("must not validate the schema (not)".to_owned());
    }
}

fn limit(schema: &Value, field: &str) -> Option<usize> {
    usize::try_from(schema.get(field)?.as_u64()?).ok()
}

fn check_text(errors: &mut Errors, schema: &Value, content: &str, path: &str) {
    let length = content.chars().count();
    let quoted = go_quote(content);
    if let Some(limit) = limit(schema, "maxLength").filter(|limit| length > *limit) {
        errors.too_long(at(path), limit);
    }
    if let Some(limit) = limit(schema, "minLength").filter(|limit| length < *limit) {
        let why = format!("{path} in body should be at least {limit} chars long");
        errors.invalid(at(path), &quoted, &why);
    }
    if let Some(pattern) = schema
        .get("pattern")
        .and_then(Value::as_str)
        .filter(|pattern| !pattern.is_empty())
        && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(content))
    {
        errors.invalid(at(path), &quoted, &format!("{path} in body should match '{pattern}'"));
    }
}

fn check_number(errors: &mut Errors, schema: &Value, value: &Value, path: &str) {
    let number = value.as_f64().unwrap_or_default();
    let bound = |field: &str| schema.get(field).and_then(Value::as_f64);
    let mut refused = |why: String| errors.invalid(at(path), &shown(value), &format!("{path} in body should be {why}"));
    if let Some(bound) = bound("maximum") {
        if is(schema, "exclusiveMaximum") {
            if number >= bound {
                refused(format!("less than {bound}"));
            }
        } else if number > bound {
            refused(format!("less than or equal to {bound}"));
        }
    }
    if let Some(bound) = bound("minimum") {
        if is(schema, "exclusiveMinimum") {
            if number <= bound {
                refused(format!("greater than {bound}"));
            }
        } else if number < bound {
            refused(format!("greater than or equal to {bound}"));
        }
    }
    if let Some(bound) = bound("multipleOf").filter(|bound| *bound > 0.0) {
        let times = number / bound;
        if times.fract() != 0.0 {
            refused(format!("a multiple of {bound}"));
        }
    }
}

fn check_list(errors: &mut Errors, schema: &Value, items: &[Value], path: &str) {
    if let Some(limit) = limit(schema, "maxItems").filter(|limit| items.len() > *limit) {
        errors.too_many(at(path), items.len(), limit);
    }
    if let Some(limit) = limit(schema, "minItems").filter(|limit| items.len() < *limit) {
        let why = format!("{path} in body should have at least {limit} items");
        errors.invalid(at(path), &items.len().to_string(), &why);
    }
    if let Some(schema) = schema.get("items") {
        for (index, item) in items.iter().enumerate() {
            check(errors, schema, item, &format!("{path}[{index}]"), false);
        }
    }
}

fn check_object(errors: &mut Errors, schema: &Value, map: &Map<String, Value>, path: &str, resource: bool) {
    if let Some(limit) = limit(schema, "maxProperties").filter(|limit| map.len() > *limit) {
        errors.too_many(at(path), map.len(), limit);
    }
    if let Some(limit) = limit(schema, "minProperties").filter(|limit| map.len() < *limit) {
        let why = format!("{path} in body should have at least {limit} properties");
        errors.invalid(at(path), &map.len().to_string(), &why);
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            errors.required(&child(path, name), "");
        }
    }
    let properties = schema.get("properties");
    let additional = schema.get("additionalProperties").filter(|schema| schema.is_object());
    for (name, value) in map {
        if resource && path.is_empty() && TYPE_FIELDS.contains(&name.as_str()) {
            continue;
        }
        if let Some(schema) = properties.and_then(|properties| properties.get(name)).or(additional) {
            check(errors, schema, value, &child(path, name), false);
        }
    }
}

/// The types of a custom kind, beside the built-in ones that they refer to. Without a schema (`null`) nothing is known but
/// the metadata.
///
/// Source: `schemaconv` of kube-openapi, which makes the types of server-side apply from such schemas.
#[must_use]
pub fn types(kind: &Kind, schema: &Value) -> Schema {
    let mut types = Schema::default();
    if let Some(meta) = Schema::builtin().object(OBJECT_META) {
        for name in [
            OBJECT_META,
            "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
            "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry",
        ] {
            types.insert(Schema::builtin().object(name).unwrap_or(meta).clone());
        }
    }
    let name = type_name_of(kind);
    let mut object = object_type(&name, schema, false, &mut types);
    object.preserves_unknown |= schema.is_null();
    for field in ["apiVersion", "kind"] {
        object.fields.insert(Arc::from(field), Field::new(Shape::String));
    }
    let metadata = Field::new(Shape::Object(Arc::from(OBJECT_META)));
    object.fields.insert(Arc::from("metadata"), metadata);
    types.insert(object);
    types.insert_kind(kind.clone(), &name);
    types
}

/// As OpenAPI names a custom kind: `com.example.v1.Widget`.
#[must_use]
pub fn type_name_of(kind: &Kind) -> String {
    let group: Vec<&str> = kind.group.rsplit('.').collect();
    format!("{}.{}.{}", group.join("."), kind.version, kind.kind)
}

/// `open` where an object above keeps unknown fields.
fn object_type(name: &str, schema: &Value, open: bool, types: &mut Schema) -> ObjectType {
    let mut object = ObjectType::new(name);
    object.preserves_unknown = open || is(schema, "x-kubernetes-preserve-unknown-fields");
    object.atomic = schema.get("x-kubernetes-map-type").is_some_and(|kind| kind == "atomic");
    object.description = description(schema);
    let required = schema.get("required").and_then(Value::as_array);
    let properties = schema.get("properties").and_then(Value::as_object);
    for (field_name, schema) in properties.into_iter().flatten() {
        let name = format!("{name}.{field_name}");
        let mut field = Field::new(shape(&name, schema, object.preserves_unknown, types));
        field.required = required.is_some_and(|list| list.iter().any(|one| one == field_name));
        field.default = schema.get("default").cloned();
        field.description = description(schema);
        object.fields.insert(Arc::from(field_name.as_str()), field);
    }
    object
}

fn description(schema: &Value) -> Arc<str> {
    Arc::from(schema.get("description").and_then(Value::as_str).unwrap_or_default())
}

fn shape(name: &str, schema: &Value, open: bool, types: &mut Schema) -> Shape {
    if is(schema, "x-kubernetes-int-or-string") {
        return Shape::IntOrString;
    }
    match schema.get("type").and_then(Value::as_str).unwrap_or_default() {
        "boolean" => Shape::Boolean,
        "integer" if schema.get("format").is_some_and(|format| format == "int32") => Shape::Int32,
        "integer" => Shape::Int64,
        "number" => Shape::Double,
        "string" => Shape::String,
        "array" => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let kind = match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
                Some("set") => ListKind::Set,
                Some("map") => {
                    let keys = keys.into_iter().flatten().filter_map(Value::as_str);
                    ListKind::Map(keys.map(Arc::from).collect())
                }
                _ => ListKind::Atomic,
            };
            let items = shape(&format!("{name}.items"), items, open, types);
            Shape::List(Arc::new(ListShape { items, kind }))
        }
        "object" => match schema.get("additionalProperties") {
            Some(values) => {
                let values = shape(&format!("{name}.values"), values, open, types);
                let atomic = schema.get("x-kubernetes-map-type").is_some_and(|kind| kind == "atomic");
                Shape::Map(Arc::new(MapShape { values, atomic }))
            }
            None => {
                let object = object_type(name, schema, open, types);
                let shape = Shape::Object(Arc::clone(&object.name));
                types.insert(object);
                shape
            }
        },
        _ => Shape::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "required": ["spec"], "properties": {
            "spec": {"type": "object", "required": ["arn"], "properties": {
                "arn": {"type": "string", "pattern": "^arn:", "maxLength": 20},
                "size": {"type": "integer", "minimum": 1, "default": 3},
                "mode": {"type": "string", "enum": ["a", "b"]},
                "port": {"x-kubernetes-int-or-string": true},
                "groups": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "maybe": {"type": "string", "nullable": true},
            }},
        }})
    }

    #[test]
    fn unknown_fields_are_pruned_and_defaults_filled_in() {
        let text = br#"{"kind": "W", "metadata": {"name": "a", "nmae": 1}, "spec": {"arn": "arn:a", "foo": 1, "free": {"x": 1}, "size": null, "maybe": null, "arn": "arn:b"}, "other": {}}"#;
        let decoded = decode(&schema(), Tree::parse(text).unwrap()).unwrap();
        assert_eq!(
            decoded.object["spec"],
            json!({"arn": "arn:b", "free": {"x": 1}, "size": 3, "maybe": null})
        );
        let mut found: Vec<String> = decoded.findings.iter().map(ToString::to_string).collect();
        found.sort();
        assert_eq!(
            found,
            [
                r#"duplicate field "spec.arn""#,
                r#"unknown field "metadata.nmae""#,
                r#"unknown field "other""#,
                r#"unknown field "spec.foo""#
            ]
        );
        assert!(decode(&schema(), Tree::Array(Vec::new())).is_err());
    }

    #[track_caller]
    fn refused(spec: &Value, wanted: &[&str]) {
        let errors = validate(&schema(), &json!({"kind": "W", "metadata": {}, "spec": spec}));
        let texts: Vec<String> = errors.iter().map(|error| format!("{}: {error}", error.field)).collect();
        assert_eq!(texts, wanted);
    }

    #[test]
    fn values_are_checked_in_the_real_words() {
        refused(&json!({"arn": "arn:a"}), &[]);
        refused(&json!({}), &["spec.arn: Required value"]);
        refused(
            &json!({"arn": 5}),
            &[r#"spec.arn: Invalid value: "integer": spec.arn in body must be of type string: "integer""#],
        );
        refused(
            &json!({"arn": "x"}),
            &[r#"spec.arn: Invalid value: "x": spec.arn in body should match '^arn:'"#],
        );
        refused(
            &json!({"arn": "arn:aaaaaaaaaaaaaaaaaaaaaaa"}),
            &["spec.arn: Too long: may not be more than 20 bytes"],
        );
        refused(
            &json!({"arn": "arn:a", "size": 0, "mode": "c"}),
            &[
                r#"spec.mode: Unsupported value: "c": supported values: "a", "b""#,
                "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
            ],
        );
        refused(
            &json!({"arn": "arn:a", "groups": ["a", 1, "c"]}),
            &[
                "spec.groups: Too many: 3: must have at most 2 items",
                r#"spec.groups[1]: Invalid value: "integer": spec.groups[1] in body must be of type string: "integer""#,
            ],
        );
        refused(&json!({"arn": "arn:a", "port": "http", "maybe": null}), &[]);
        refused(
            &json!({"arn": "arn:a", "port": true}),
            &[r#"spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean""#],
        );
    }

    #[test]
    fn a_custom_kind_has_types_as_a_built_in_one() {
        let kind = Kind::new("example.com", "v1", "Widget");
        let types = types(&kind, &schema());
        let object = types.kind(&kind).unwrap();
        assert_eq!(&*object.name, "com.example.v1.Widget");
        let spec = types.object("com.example.v1.Widget.spec").unwrap();
        assert!(spec.fields["arn"].required);
        assert_eq!(spec.fields["port"].shape, Shape::IntOrString);
        assert!(
            types
                .object("com.example.v1.Widget.spec.free")
                .unwrap()
                .preserves_unknown
        );
    }
}
