//! Reads what Go clients post as `application/vnd.kubernetes.protobuf` into the JSON form of the same object.
//!
//! client-go of 0.32 and later sends its typed requests so, with no fallback to JSON. Every kind of the [`Schema`] is
//! read, by the field numbers there. Answers are always JSON, so nothing is written in this form.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;
use serde_json::json;

use crate::kube::schema::Field;
use crate::kube::schema::Kind;
use crate::kube::schema::ObjectType;
use crate::kube::schema::Schema;
use crate::kube::schema::SchemaAlternative;
use crate::kube::schema::Shape;
use crate::kube::schema::Zero;
use crate::kube::schema::decode::DecodeError;
use crate::kube::schema::decode::JSON_SCHEMA_PROPS;
use crate::kube::schema::decode::decode as normal;
use crate::kube::schema::decode::render_duration;
use crate::value::instant::Timestamp;

/// Reads an enveloped object, as Go would write it in JSON.
///
/// # Errors
/// [`ProtobufError`].
pub(super) fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    let envelope = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoMagic)?;
    let mut raw: &[u8] = &[];
    let (mut api_version, mut kind) = (String::new(), String::new());
    let mut reader = Reader(envelope);
    while let Some((number, payload)) = reader.next_field()? {
        match number {
            1 => {
                let mut reader = Reader(payload.bytes(number)?);
                while let Some((number, payload)) = reader.next_field()? {
                    match number {
                        1 => utf8("apiVersion", payload.bytes(number)?)?.clone_into(&mut api_version),
                        2 => utf8("kind", payload.bytes(number)?)?.clone_into(&mut kind),
                        _ => {}
                    }
                }
            }
            2 => raw = payload.bytes(number)?,
            _ => {}
        }
    }
    let schema = Schema::builtin();
    let Some(object) = schema.kind(&kind_of(&api_version, &kind)) else {
        return Err(ProtobufError::UnsupportedKind { api_version, kind });
    };
    let mut fields = Map::new();
    fields.insert("apiVersion".to_owned(), json!(api_version));
    fields.insert("kind".to_owned(), json!(kind));
    MessageDecoder { schema }.message(object, None, raw, &mut fields, DEPTH_LIMIT)?;
    Ok(normal(schema, object, Value::Object(fields).into())?.object)
}

/// Every group has DeleteOptions, and names it with its own version.
fn kind_of(api_version: &str, kind: &str) -> Kind {
    match kind {
        "DeleteOptions" => Kind::new("", "v1", kind),
        kind => Kind::of(api_version, kind),
    }
}

/// Every enveloped message starts so.
const MAGIC: &[u8] = b"k8s\0";
/// Only `JSONSchemaProps` nests without end; the schemas of real resources nest less than 30 deep.
const DEPTH_LIMIT: usize = 200;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A body that is no object in protobuf, or not one that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProtobufError {
    #[error("the bytes of `{field}` are no JSON")]
    FieldsNotJson { field: String },
    #[error("body does not start with the bytes of `k8s` and a zero")]
    NoMagic,
    #[error("the text of `{field}` is not UTF-8")]
    NotUtf8 { field: String },
    #[error("a group ends that did not start")]
    StrayGroupEnd,
    #[error("message is truncated")]
    Truncated,
    #[error("messages nest too deep")]
    TooDeep,
    #[error("field number {got} is outside of 1 to 536870911")]
    FieldNumber { got: u64 },
    #[error("kind `{kind}` of version `{api_version}` is not read in protobuf")]
    UnsupportedKind { api_version: String, kind: String },
    #[error(transparent)]
    Value(#[from] DecodeError),
    #[error("varint is longer than 64 bits")]
    VarintOverflow,
    #[error("wire type {got} is unknown")]
    WireType { got: u64 },
    #[error("field {number} is of another wire type than its schema says")]
    WireTypeOfField { number: u32 },
}

struct MessageDecoder<'a> {
    schema: &'a Schema,
}

// INVARIANT: each step consumes input, so decoding is linear in it; the depth is bounded by `left`.
impl MessageDecoder<'_> {
    /// Takes a message in: the last scalar wins, messages merge, lists and maps grow. `embedded` is the number of the
    /// embedded message that `body` is, where it is one.
    fn message(
        &self,
        object: &ObjectType,
        embedded: Option<u32>,
        body: &[u8],
        into: &mut Map<String, Value>,
        left: usize,
    ) -> Result<(), ProtobufError> {
        let left = left.checked_sub(1).ok_or(ProtobufError::TooDeep)?;
        let mut reader = Reader(body);
        while let Some((number, payload)) = reader.next_field()? {
            let found = object
                .fields
                .iter()
                .find(|(_, field)| field.embedded == embedded && field.number == Some(number));
            if let Some((name, field)) = found {
                self.field(name, field, number, payload, into, left)?;
            } else if embedded.is_none() && object.fields.values().any(|field| field.embedded == Some(number)) {
                self.message(object, Some(number), payload.bytes(number)?, into, left)?;
            }
        }
        Ok(())
    }

    fn field(
        &self,
        name: &str,
        field: &Field,
        number: u32,
        payload: Payload<'_>,
        into: &mut Map<String, Value>,
        left: usize,
    ) -> Result<(), ProtobufError> {
        match &field.shape {
            Shape::List(list) => {
                let item = self.value(name, &list.items, number, payload, None, left)?;
                if let Some(items) = into.entry(name).or_insert_with(|| json!([])).as_array_mut() {
                    items.push(item.unwrap_or_default());
                }
            }
            Shape::Map(map) => {
                let mut key: &[u8] = &[];
                let mut value = None;
                let mut reader = Reader(payload.bytes(number)?);
                while let Some((number, payload)) = reader.next_field()? {
                    match number {
                        1 => key = payload.bytes(number)?,
                        2 => value = self.value(name, &map.values, number, payload, value, left)?,
                        _ => {}
                    }
                }
                let key = utf8(name, key)?.to_owned();
                let value = match (value, &map.values) {
                    (Some(value), _) => value,
                    (None, Shape::String | Shape::Bytes) => json!(""),
                    (None, Shape::Quantity) => json!("0"),
                    (None, Shape::Object(_)) => json!({}),
                    (None, _) => Value::Null,
                };
                if let Some(entries) = into.entry(name).or_insert_with(|| json!({})).as_object_mut() {
                    entries.insert(key, value);
                }
            }
            shape => {
                let earlier = into.remove(name);
                let value = self.value(name, shape, number, payload, earlier, left)?;
                // A zero counts only where Go has a pointer; what is written always, comes by itself.
                if let Some(value) =
                    value.filter(|value| matches!(field.zero, Zero::Kept | Zero::Null) || !is_zero(value))
                {
                    into.insert(name.to_owned(), value);
                }
            }
        }
        Ok(())
    }

    /// One value; nothing for what is null in JSON.
    fn value(
        &self,
        name: &str,
        shape: &Shape,
        number: u32,
        payload: Payload<'_>,
        earlier: Option<Value>,
        left: usize,
    ) -> Result<Option<Value>, ProtobufError> {
        let value = match shape {
            Shape::Boolean => (payload.varint(number)? != 0).into(),
            Shape::Int32 | Shape::Int64 => payload.varint(number)?.cast_signed().into(),
            Shape::Double => match payload {
                Payload::Fixed64(bits) => Number::from_f64(f64::from_bits(bits)).map_or(Value::Null, Value::Number),
                _ => return Err(ProtobufError::WireTypeOfField { number }),
            },
            Shape::String => utf8(name, payload.bytes(number)?)?.into(),
            Shape::Bytes => BASE64_STANDARD.encode(payload.bytes(number)?).into(),
            Shape::Time => return Ok(time(payload.bytes(number)?, false)?.map(Value::from)),
            Shape::MicroTime => return Ok(time(payload.bytes(number)?, true)?.map(Value::from)),
            Shape::Duration => {
                let nanos = numbers(payload.bytes(number)?)?.0;
                render_duration(nanos.into()).into()
            }
            Shape::IntOrString => int_or_string(name, payload.bytes(number)?)?,
            Shape::Quantity => {
                let text = last_bytes(payload.bytes(number)?, 1)?.unwrap_or(b"0");
                utf8(name, text)?.into()
            }
            Shape::Any => match last_bytes(payload.bytes(number)?, 1)? {
                None => return Ok(None),
                Some(raw) => {
                    serde_json::from_slice(raw).map_err(|_| ProtobufError::FieldsNotJson { field: name.to_owned() })?
                }
            },
            Shape::Object(object) => {
                let mut map = match earlier {
                    Some(Value::Object(earlier)) => earlier,
                    _ => Map::new(),
                };
                if let Some(object) = self.schema.object(object) {
                    self.message(object, None, payload.bytes(number)?, &mut map, left)?;
                }
                Value::Object(map)
            }
            // A list that is a map's value sits in a message of its own.
            Shape::List(list) => {
                let mut items = Vec::new();
                let mut reader = Reader(payload.bytes(number)?);
                while let Some((number, payload)) = reader.next_field()? {
                    if number == 1 {
                        items.extend(self.value(name, &list.items, number, payload, None, left)?);
                    }
                }
                items.into()
            }
            Shape::Map(_) => return Ok(None),
            Shape::SchemaOr(alternative) => self.schema_or(*alternative, payload.bytes(number)?, left)?,
        };
        Ok(Some(value))
    }

    /// A schema, or what stands in its place: a truth (1) and a schema (2), or a schema (1) and a list (2).
    fn schema_or(&self, alternative: SchemaAlternative, body: &[u8], left: usize) -> Result<Value, ProtobufError> {
        let shape = Shape::Object(JSON_SCHEMA_PROPS.into());
        let schema_number = if alternative == SchemaAlternative::Boolean {
            2
        } else {
            1
        };
        let mut schema = None;
        let mut allows = false;
        let mut items = Vec::new();
        let mut reader = Reader(body);
        while let Some((number, payload)) = reader.next_field()? {
            match (number, alternative) {
                (number, _) if number == schema_number => {
                    schema = self.value("schema", &shape, number, payload, schema, left)?;
                }
                (1, _) => allows = payload.varint(number)? != 0,
                (2, SchemaAlternative::Schemas) => {
                    items.extend(self.value("schemas", &shape, number, payload, None, left)?);
                }
                (2, _) => items.push(utf8("property", payload.bytes(number)?)?.into()),
                _ => {}
            }
        }
        Ok(match (schema, alternative) {
            (Some(schema), SchemaAlternative::Boolean) => schema,
            (None, SchemaAlternative::Boolean) => allows.into(),
            (schema, _) if items.is_empty() => schema.unwrap_or_default(),
            _ => items.into(),
        })
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(value) => value.is_empty(),
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn utf8<'a>(field: &str, bytes: &'a [u8]) -> Result<&'a str, ProtobufError> {
    str::from_utf8(bytes).map_err(|_| ProtobufError::NotUtf8 {
        field: field.to_owned(),
    })
}

/// Fields 1 and 2, where they are numbers.
fn numbers(body: &[u8]) -> Result<(i64, i64), ProtobufError> {
    let (mut first, mut second) = (0, 0);
    let mut reader = Reader(body);
    while let Some((number, payload)) = reader.next_field()? {
        match number {
            1 => first = payload.varint(number)?.cast_signed(),
            2 => second = payload.varint(number)?.cast_signed(),
            _ => {}
        }
    }
    Ok((first, second))
}

/// Nothing for Go's zero time, which has no bytes; the Unix epoch has some. As in Go, seconds are all that counts in a
/// Time, and microseconds in a MicroTime.
fn time(body: &[u8], micro: bool) -> Result<Option<String>, ProtobufError> {
    if body.is_empty() {
        return Ok(None);
    }
    let (seconds, nanos) = numbers(body)?;
    if !micro {
        return Ok(Some(Timestamp::from_unix_seconds(seconds).render_rfc3339()));
    }
    let whole = seconds.saturating_add(nanos.div_euclid(NANOS_PER_SECOND));
    let micros = nanos.rem_euclid(NANOS_PER_SECOND) / 1000;
    let text = Timestamp::from_unix_seconds(whole).render_rfc3339();
    Ok(Some(format!("{}.{micros:06}Z", text.trim_end_matches('Z'))))
}

/// A message of type (1: zero is a number), number (2) and text (3).
fn int_or_string(name: &str, body: &[u8]) -> Result<Value, ProtobufError> {
    let (kind, number) = {
        let (mut kind, mut value) = (0, 0);
        let mut reader = Reader(body);
        while let Some((number, payload)) = reader.next_field()? {
            match number {
                1 => kind = payload.varint(number)?,
                2 => value = payload.varint(number)?.cast_signed(),
                _ => {}
            }
        }
        (kind, value)
    };
    Ok(if kind == 0 {
        number.into()
    } else {
        utf8(name, last_bytes(body, 3)?.unwrap_or_default())?.into()
    })
}

/// The last field of that number, unless it is empty.
fn last_bytes(body: &[u8], wanted: u32) -> Result<Option<&[u8]>, ProtobufError> {
    let mut found = None;
    let mut reader = Reader(body);
    while let Some((number, payload)) = reader.next_field()? {
        if number == wanted {
            found = Some(payload.bytes(number)?);
        }
    }
    Ok(found.filter(|raw| !raw.is_empty()))
}

/// What is left to read of a message.
struct Reader<'a>(&'a [u8]);

/// A field's value as it is on the wire.
enum Payload<'a> {
    Bytes(&'a [u8]),
    Fixed64(u64),
    Varint(u64),
    /// A number of 32 bits or a group: no field of the schema is one, so these are only skipped.
    Other,
}

impl<'a> Payload<'a> {
    fn bytes(self, number: u32) -> Result<&'a [u8], ProtobufError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Fixed64(_) | Self::Other => Err(ProtobufError::WireTypeOfField { number }),
        }
    }

    fn varint(self, number: u32) -> Result<u64, ProtobufError> {
        match self {
            Self::Varint(value) => Ok(value),
            Self::Bytes(_) | Self::Fixed64(_) | Self::Other => Err(ProtobufError::WireTypeOfField { number }),
        }
    }
}

impl<'a> Reader<'a> {
    fn next_field(&mut self) -> Result<Option<(u32, Payload<'a>)>, ProtobufError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let payload = match wire_type {
            START_GROUP => {
                self.skip_group()?;
                Payload::Other
            }
            END_GROUP => return Err(ProtobufError::StrayGroupEnd),
            wire_type => self.payload(wire_type)?,
        };
        Ok(Some((number, payload)))
    }

    fn tag(&mut self) -> Result<(u32, u64), ProtobufError> {
        const LAST: u32 = (1 << 29) - 1;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3)
            .ok()
            .filter(|number| (1..=LAST).contains(number))
            .ok_or(ProtobufError::FieldNumber { got: tag >> 3 })?;
        Ok((number, tag & 7))
    }

    /// Counts instead of recursing, so that nested groups cannot exhaust the stack.
    fn skip_group(&mut self) -> Result<(), ProtobufError> {
        let mut open = 1_usize;
        while open > 0 {
            match self.tag()?.1 {
                START_GROUP => open += 1,
                END_GROUP => open -= 1,
                wire_type => {
                    self.payload(wire_type)?;
                }
            }
        }
        Ok(())
    }

    fn payload(&mut self, wire_type: u64) -> Result<Payload<'a>, ProtobufError> {
        match wire_type {
            0 => self.varint().map(Payload::Varint),
            1 => {
                let bytes = self.take(8)?;
                let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| ProtobufError::Truncated)?;
                Ok(Payload::Fixed64(u64::from_le_bytes(bytes)))
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Truncated)?;
                self.take(length).map(Payload::Bytes)
            }
            5 => self.take(4).map(|_| Payload::Other),
            got => Err(ProtobufError::WireType { got }),
        }
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(ProtobufError::Truncated)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(ProtobufError::VarintOverflow);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ProtobufError::VarintOverflow)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtobufError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ProtobufError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

const START_GROUP: u64 = 3;
const END_GROUP: u64 = 4;

#[cfg(test)]
mod tests;
