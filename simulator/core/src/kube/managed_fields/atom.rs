//! What server-side apply makes of a type: whether values are scalars, lists or maps, and who owns them.
//!
//! Source: `typed/helpers.go` of structured-merge-diff v4.4.2, and `schemaconv` of kube-openapi, which makes its schema
//! from OpenAPI.

use serde_json::Map;
use serde_json::Value;

use super::path::PathElement;
use super::path::Scalar;
use crate::kube::schema::Field;
use crate::kube::schema::ListKind;
use crate::kube::schema::ObjectType;
use crate::kube::schema::Schema;
use crate::kube::schema::Shape;
use crate::kube::schema::Zero;
use crate::kube::schema::decode;
use crate::value::log::go_quote;

/// The types of a schema, as references into it.
#[derive(Clone, Copy)]
pub(super) struct Types<'a> {
    pub(super) schema: &'a Schema,
}

/// A type.
#[derive(Clone, Copy)]
pub(super) enum Type<'a> {
    Shape(&'a Shape),
    Object(&'a ObjectType),
    /// Nothing is known: maps are owned key by key, lists whole.
    Deduced,
    /// Nothing is known: everything is owned whole.
    Untyped,
}

/// What values of a type may be. More than one where the type does not say.
#[derive(Clone, Copy)]
pub(super) struct Atom<'a> {
    pub(super) scalar: Option<ScalarKind>,
    pub(super) list: Option<ListAtom<'a>>,
    pub(super) map: Option<MapAtom<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Boolean,
    Numeric,
    String,
    Untyped,
}

#[derive(Clone, Copy)]
pub(super) struct ListAtom<'a> {
    pub(super) items: Type<'a>,
    pub(super) kind: &'a ListKind,
}

#[derive(Clone, Copy)]
pub(super) struct MapAtom<'a> {
    object: Option<&'a ObjectType>,
    /// What fields are that are not declared; none are allowed where it is `None`.
    other: Option<Type<'a>>,
    pub(super) atomic: bool,
}

impl<'a> MapAtom<'a> {
    /// The type of a field, and whether it is declared. What must not be there is taken as it is; only validation minds.
    pub(super) fn field(self, name: &str) -> Option<(Type<'a>, bool)> {
        let declared = self.object.and_then(|object| object.fields.get(name));
        declared
            .map(|field| (Type::Shape(&field.shape), true))
            .or_else(|| self.other.map(|other| (other, false)))
    }

    /// The type of a field, whether or not it may be there.
    pub(super) fn any_field(self, name: &str) -> Type<'a> {
        self.field(name).map_or(Type::Deduced, |(below, _)| below)
    }

    /// No field is declared, and any may be there.
    pub(super) fn is_deduced(self) -> bool {
        matches!(self.other, Some(Type::Deduced)) && self.object.is_none_or(|object| object.fields.is_empty())
    }
}

impl<'a> Types<'a> {
    /// Custom types refer to built-in ones: their metadata is everybody's.
    fn object(self, name: &str) -> Option<&'a ObjectType> {
        self.schema.object(name).or_else(|| Schema::builtin().object(name))
    }

    pub(super) fn atom(self, of: Type<'a>) -> Atom<'a> {
        let scalar = |kind| Atom {
            scalar: Some(kind),
            list: None,
            map: None,
        };
        match of {
            Type::Deduced => self.anything(Type::Deduced, false),
            Type::Untyped => self.anything(Type::Untyped, true),
            Type::Object(object) => Atom {
                scalar: None,
                list: None,
                map: Some(map_of(object)),
            },
            Type::Shape(shape) => match shape {
                Shape::Any | Shape::SchemaOr(_) => self.anything(Type::Deduced, false),
                Shape::Boolean => scalar(ScalarKind::Boolean),
                Shape::Int32 | Shape::Int64 | Shape::Double => scalar(ScalarKind::Numeric),
                Shape::String | Shape::Bytes | Shape::Duration => scalar(ScalarKind::String),
                Shape::Time | Shape::MicroTime | Shape::IntOrString | Shape::Quantity => scalar(ScalarKind::Untyped),
                Shape::Object(name) => self.object(name).map_or_else(
                    || self.anything(Type::Deduced, false),
                    |object| self.atom(Type::Object(object)),
                ),
                Shape::Map(map) => {
                    let map = MapAtom {
                        object: None,
                        other: Some(Type::Shape(&map.values)),
                        atomic: map.atomic,
                    };
                    Atom {
                        scalar: None,
                        list: None,
                        map: Some(map),
                    }
                }
                Shape::List(list) => {
                    let list = ListAtom {
                        items: Type::Shape(&list.items),
                        kind: &list.kind,
                    };
                    Atom {
                        scalar: None,
                        list: Some(list),
                        map: None,
                    }
                }
            },
        }
    }

    fn anything(self, values: Type<'a>, atomic: bool) -> Atom<'a> {
        Atom {
            scalar: Some(ScalarKind::Untyped),
            list: Some(ListAtom {
                items: Type::Untyped,
                kind: &ListKind::Atomic,
            }),
            map: Some(MapAtom {
                object: None,
                other: Some(values),
                atomic,
            }),
        }
    }

    /// What of `of` the value is; all that the type may be where the value is null or does not fit.
    pub(super) fn atom_of(self, of: Type<'a>, value: &Value) -> Atom<'a> {
        let atom = self.atom(of);
        match value {
            Value::Bool(_) | Value::Number(_) | Value::String(_) if atom.scalar.is_some() => Atom {
                list: None,
                map: None,
                ..atom
            },
            Value::Array(_) if atom.list.is_some() => Atom {
                scalar: None,
                map: None,
                ..atom
            },
            Value::Object(_) if atom.map.is_some() => Atom {
                scalar: None,
                list: None,
                ..atom
            },
            _ => atom,
        }
    }

    /// How an item of a list is named.
    pub(super) fn item(self, list: ListAtom<'_>, item: &Value) -> Result<PathElement, String> {
        match list.kind {
            ListKind::Atomic => Err("invalid indexing of non-associative list".to_owned()),
            ListKind::Set => match item {
                Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
                Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
                scalar => Ok(PathElement::Value(Scalar(scalar.clone()))),
            },
            ListKind::Map(keys) => {
                let fields = match item {
                    Value::Object(fields) => fields,
                    Value::Null => {
                        return Err("associative list with keys may not have a null element".to_owned());
                    }
                    _ => return Err("associative list with keys may not have non-map elements".to_owned()),
                };
                let map = self.atom(list.items).map;
                let default = |key: &str| map?.object?.fields.get(key)?.default.as_ref();
                let mut found = Vec::new();
                for key in keys {
                    let Some(value) = fields.get(&**key).or_else(|| default(key)) else {
                        return Err(format!(
                            "associative list with keys has an element that omits key field {} (and doesn't have default value)",
                            go_quote(key)
                        ));
                    };
                    found.push((key.to_string(), Scalar(value.clone())));
                }
                found.sort_by(|(one, _), (other, _)| one.cmp(other));
                Ok(PathElement::Key(found))
            }
        }
    }

    /// What Go writes where the field was not set.
    fn zero(self, field: &Field) -> Option<Value> {
        match field.zero {
            Zero::Omitted | Zero::Kept => None,
            Zero::Written => Some(decode::zero(self.schema, &field.shape)),
            Zero::Null => Some(Value::Null),
        }
    }

    /// The object as Go's types hold it: what is always written is there, and what is omitted is not.
    pub(super) fn filled(self, of: Type<'a>, value: &Value) -> Value {
        match (self.atom_of(of, value), value) {
            (Atom { map: Some(map), .. }, Value::Object(fields)) => {
                let declared = |name: &str| map.object.and_then(|object| object.fields.get(name));
                let mut filled = Map::new();
                for (name, value) in fields {
                    let value = match declared(name) {
                        Some(field) if is_omitted(field, value) => continue,
                        Some(field) if value.is_null() => self.zero(field).unwrap_or_default(),
                        _ => self.filled(map.any_field(name), value),
                    };
                    filled.insert(name.clone(), value);
                }
                for (name, field) in map.object.iter().flat_map(|object| &object.fields) {
                    if !filled.contains_key(&**name)
                        && let Some(zero) = self.zero(field)
                    {
                        filled.insert(name.to_string(), zero);
                    }
                }
                Value::Object(filled)
            }
            (Atom { list: Some(list), .. }, Value::Array(items)) => {
                Value::Array(items.iter().map(|item| self.filled(list.items, item)).collect())
            }
            _ => value.clone(),
        }
    }
}

/// Whether Go leaves the value of a field out.
fn is_omitted(field: &Field, value: &Value) -> bool {
    match field.zero {
        Zero::Written | Zero::Null => false,
        Zero::Kept => value.is_null(),
        Zero::Omitted => decode::is_zero(value),
    }
}

fn map_of(object: &ObjectType) -> MapAtom<'_> {
    let open = object.preserves_unknown || object.fields.is_empty();
    MapAtom {
        object: Some(object),
        other: open.then_some(Type::Deduced),
        atomic: object.atomic,
    }
}
