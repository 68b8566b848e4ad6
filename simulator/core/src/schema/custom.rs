//! The types of custom resources, from the schemas of their definitions.
//!
//! Source: `schemaconv` of kube-openapi, which makes the types of server-side apply from such schemas.

use std::sync::Arc;

use serde_json::Value;

use super::Field;
use super::Kind;
use super::ListKind;
use super::ListShape;
use super::MapShape;
use super::ObjectType;
use super::Schema;
use super::Shape;

/// What every object has as its metadata.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

impl Schema {
    /// The types of one kind whose definition has `openapi` as its `openAPIV3Schema`; of the metadata they name the
    /// built-in type only. Without a schema nothing is known but the metadata.
    #[must_use]
    pub fn custom(kind: &Kind, openapi: Option<&Value>) -> Self {
        let mut reader = Reader {
            schema: Self::default(),
        };
        let nothing = Value::Null;
        let mut root = reader.object(&kind.kind, openapi.unwrap_or(&nothing), false);
        root.preserves_unknown |= openapi.is_none();
        for (name, shape) in [
            ("apiVersion", Shape::String),
            ("kind", Shape::String),
            ("metadata", Shape::Object(Arc::from(OBJECT_META))),
        ] {
            root.fields.insert(Arc::from(name), Field::new(shape));
        }
        reader.schema.insert(root);
        reader.schema.insert_kind(kind.clone(), &kind.kind);
        reader.schema
    }
}

struct Reader {
    schema: Schema,
}

impl Reader {
    /// `open` where an object above keeps unknown fields.
    fn shape(&mut self, name: &str, node: &Value, open: bool) -> Shape {
        if is_set(node, "x-kubernetes-int-or-string") {
            return Shape::IntOrString;
        }
        match node.get("type").and_then(Value::as_str).unwrap_or_default() {
            "boolean" => Shape::Boolean,
            "integer" => Shape::Int64,
            "number" => Shape::Double,
            "string" => Shape::String,
            "array" => {
                let items = node.get("items").unwrap_or(&Value::Null);
                Shape::List(Arc::new(ListShape {
                    items: self.shape(&format!("{name}[]"), items, open),
                    kind: list_kind(node),
                }))
            }
            "object" => match node.get("additionalProperties").filter(|values| values.is_object()) {
                Some(values) => Shape::Map(Arc::new(MapShape {
                    values: self.shape(&format!("{name}{{}}"), values, open),
                    atomic: is_atomic(node),
                })),
                None => {
                    let object = self.object(name, node, open);
                    let name = Arc::clone(&object.name);
                    self.schema.insert(object);
                    Shape::Object(name)
                }
            },
            _ => Shape::Any,
        }
    }

    fn object(&mut self, name: &str, node: &Value, open: bool) -> ObjectType {
        let mut object = ObjectType::new(name);
        object.preserves_unknown = open || is_set(node, "x-kubernetes-preserve-unknown-fields");
        object.atomic = is_atomic(node);
        let required = node.get("required").and_then(Value::as_array);
        let properties = node.get("properties").and_then(Value::as_object);
        for (property, node) in properties.into_iter().flatten() {
            let mut field = Field::new(self.shape(&format!("{name}.{property}"), node, object.preserves_unknown));
            field.required = required.is_some_and(|required| required.iter().any(|name| name == property));
            field.default = node.get("default").cloned();
            object.fields.insert(Arc::from(property.as_str()), field);
        }
        object
    }
}

fn is_set(node: &Value, extension: &str) -> bool {
    node.get(extension) == Some(&Value::Bool(true))
}

fn is_atomic(node: &Value) -> bool {
    node.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic")
}

fn list_kind(node: &Value) -> ListKind {
    match node.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = node.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            ListKind::Map(
                keys.into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(Arc::from)
                    .collect(),
            )
        }
        _ => ListKind::Atomic,
    }
}
