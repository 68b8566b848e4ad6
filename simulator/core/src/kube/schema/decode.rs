//! JSON into the fields of a type, as Go's decoder reads it and as Go's encoder would write the result.
//!
//! Source: `sigs.k8s.io/json` (strict, case-sensitive) and the `UnmarshalJSON` methods of `apimachinery`, Kubernetes 1.32.
//! FIDELITY: of several wrong values the first is reported, as there, but a field that comes twice is read once, the last
//! time; numbers are shown as our reader prints them; after a stray `=` the byte where base64 goes wrong may be another.

use std::collections::BTreeSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Map;
use serde_json::Value;

use super::Field;
use super::Kind;
use super::ObjectType;
use super::Schema;
use super::SchemaAlternative;
use super::Shape;
use super::Zero;
use super::tree::Tree;
use crate::kube::quantity::Quantity;
use crate::kube::quantity::QuantityError;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

/// So many findings are reported at most, as by the real decoder.
const FINDING_LIMIT: usize = 100;
/// The type of [`Shape::SchemaOr`].
pub const JSON_SCHEMA_PROPS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/// An object, and what a strict reader objects to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// What Go would write: unknown fields are gone, quantities and times are in their canonical form.
    pub object: Value,
    /// In the order of the text.
    pub findings: Vec<Finding>,
}

/// What only a strict decoder objects to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Finding {
    /// No such field; with its path, such as `spec.ports[0].prot`.
    #[error("unknown field {}", go_quote(.0))]
    Unknown(String),
    /// The field comes twice.
    #[error("duplicate field {}", go_quote(.0))]
    Duplicate(String),
}

/// Why a value is none of its type, as Go words it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// `{owner}.{path}` is the field, the owner the struct that it stands in.
    #[error("json: cannot unmarshal {got} into Go struct field {owner}.{path} of type {wanted}")]
    Field {
        /// Such as `number`.
        got: String,
        /// Such as `ObjectMeta`.
        owner: String,
        /// Such as `metadata.labels`.
        path: String,
        /// Such as `map[string]string`.
        wanted: String,
    },
    /// What is no field.
    #[error("json: cannot unmarshal {got} into Go value of type {wanted}")]
    Value {
        /// Such as `number`.
        got: String,
        /// Such as `v1.ConfigMap`.
        wanted: String,
    },
    /// Bytes that are no base64.
    #[error("illegal base64 data at input byte {0}")]
    Base64(usize),
    /// A time that is none.
    #[error("parsing time {} as {}: cannot parse {} as {}", go_quote(.text), go_quote(.layout), go_quote(.rest), go_quote(.element))]
    Time {
        /// What was given.
        text: String,
        /// Go's example of the format.
        layout: &'static str,
        /// Where the text goes wrong.
        rest: String,
        /// What was expected there.
        element: &'static str,
    },
    /// A time with something behind it, or of a day that is none.
    #[error("parsing time {}: {problem}", go_quote(.text))]
    TimeRange {
        /// What was given.
        text: String,
        /// What is wrong.
        problem: String,
    },
    /// A duration that is none.
    #[error("time: {problem} in duration {}", go_quote(.text))]
    DurationUnit {
        /// What is wrong.
        problem: String,
        /// What was given.
        text: String,
    },
    /// A duration that is none at all.
    #[error("time: invalid duration {}", go_quote(.0))]
    Duration(String),
    /// An amount that is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// What should be a schema.
    #[error("{0}")]
    SchemaAlternative(&'static str),
}

impl DecodeError {
    /// The same as the converter of unstructured objects words it, which strategic merge patches go through.
    ///
    /// Source: `apimachinery/pkg/runtime/converter.go`. FIDELITY: a text type with a name of its own passes for a struct.
    #[must_use]
    pub fn converted(&self) -> String {
        let (Self::Field { got, wanted, .. } | Self::Value { got, wanted }) = self else {
            return format!("error decoding from json: {self}");
        };
        let kind = match got.as_str() {
            "array" => "slice",
            "object" => "map",
            got if got.starts_with("number") => "int64",
            got => got,
        };
        let is_number = ["float", "int", "uint"].iter().any(|name| wanted.starts_with(name));
        if wanted.starts_with("map[") {
            format!("cannot restore map from {kind}")
        } else if wanted.starts_with("[]") {
            format!("cannot restore slice from {kind}")
        } else if wanted.contains('.') {
            format!("cannot restore struct from: {kind}")
        } else if kind == "int64" && (is_number || wanted == "string") {
            format!("cannot convert int64 to {wanted}")
        } else {
            format!("unrecognized type: {wanted}")
        }
    }
}

/// Reads an object of the type `object`.
///
/// # Errors
/// [`DecodeError`]: what is wrong for every reader, strict or not.
pub fn decode(schema: &Schema, object: &ObjectType, tree: Tree) -> Result<Decoded, DecodeError> {
    let mut decoder = ObjectDecoder {
        schema,
        strict: StrictPath::default(),
        stack: Vec::new(),
        owner: None,
        saved: None,
    };
    let value = decoder.object(object, tree)?;
    match decoder.saved {
        Some(error) => Err(error),
        None => Ok(Decoded {
            object: value.unwrap_or_default(),
            findings: decoder.strict.findings,
        }),
    }
}

/// Gives an object the fields that Go writes always, and takes from it those that its kind does not have. One of no built-in
/// kind, and one that does not decode, stays as it is.
pub fn complete(object: &mut Value) {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let kind = Kind::of(text("apiVersion"), text("kind"));
    let schema = Schema::builtin();
    if let Some(of_kind) = schema.kind(&kind)
        && let Ok(decoded) = decode(schema, of_kind, object.clone().into())
    {
        *object = decoded.object;
    }
}

/// What Go's zero value of a type is in JSON: the fields that are written always.
#[must_use]
pub fn zero_object(schema: &Schema, object: &ObjectType) -> Value {
    let mut map = Map::new();
    add_zeros(schema, object, &mut map);
    Value::Object(map)
}

fn add_zeros(schema: &Schema, object: &ObjectType, map: &mut Map<String, Value>) {
    for (name, field) in &object.fields {
        let value = match field.zero {
            Zero::Omitted | Zero::Kept => continue,
            _ if map.contains_key(&**name) => continue,
            Zero::Written => zero(schema, &field.shape),
            Zero::Null => Value::Null,
        };
        map.insert(name.to_string(), value);
    }
}

/// What Go's zero value of a shape is in JSON.
// INVARIANT: no type holds itself by a field that is always written, as no Go struct can hold itself by value.
pub(crate) fn zero(schema: &Schema, shape: &Shape) -> Value {
    match shape {
        Shape::Any
        | Shape::Map(_)
        | Shape::List(_)
        | Shape::Bytes
        | Shape::Time
        | Shape::MicroTime
        | Shape::SchemaOr(_) => Value::Null,
        Shape::Boolean => false.into(),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => 0.into(),
        Shape::String => "".into(),
        Shape::Duration => "0s".into(),
        Shape::Quantity => "0".into(),
        Shape::Object(name) => schema
            .object(name)
            .map_or(Value::Null, |object| zero_object(schema, object)),
    }
}

/// Whether Go leaves the value out of a field with `omitempty`.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_f64() == Some(0.0),
        Value::String(value) => value.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

struct ObjectDecoder<'a> {
    schema: &'a Schema,
    strict: StrictPath,
    /// Names of the fields that lead here, without keys and indices.
    stack: Vec<String>,
    /// The struct that the last of them stands in.
    owner: Option<&'a str>,
    /// The first wrong value: Go reads on, since a custom decoder further on may fail for good.
    saved: Option<DecodeError>,
}

/// Where a strict reader stands, and what it found.
#[derive(Default)]
struct StrictPath {
    path: String,
    findings: Vec<Finding>,
    seen: BTreeSet<Finding>,
}

impl StrictPath {
    fn child(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    fn found(&mut self, finding: Finding) {
        if self.findings.len() < FINDING_LIMIT && self.seen.insert(finding.clone()) {
            self.findings.push(finding);
        }
    }

    fn enter(&mut self, name: &str) -> usize {
        let before = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
        before
    }

    fn leave(&mut self, before: usize) {
        self.path.truncate(before);
    }
}

impl<'a> ObjectDecoder<'a> {
    /// The object's fields, or nothing for null and for what is none.
    fn object(&mut self, object: &'a ObjectType, tree: Tree) -> Result<Option<Value>, DecodeError> {
        let fields = match tree {
            Tree::Null => return Ok(None),
            Tree::Object(fields) => fields,
            other => {
                self.mismatch(&other, &go_struct(object));
                return Ok(None);
            }
        };
        let mut map = Map::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for (name, value) in fields {
            let Some(field) = object.fields.get(name.as_str()) else {
                if object.preserves_unknown {
                    map.insert(name, value.into());
                } else {
                    self.strict.found(Finding::Unknown(self.strict.child(&name)));
                }
                continue;
            };
            if !seen.insert(name.clone()) {
                self.strict.found(Finding::Duplicate(self.strict.child(&name)));
            }
            let before = self.strict.enter(&name);
            self.stack.push(name.clone());
            let owner = self.owner.replace(object.short_name());
            let decoded = self.value(field, &field.shape, value)?;
            self.owner = owner;
            self.stack.pop();
            self.strict.leave(before);
            match decoded {
                Some(value) if field.zero != Zero::Omitted || !is_zero(&value) => {
                    map.insert(name, value);
                }
                _ => {
                    map.remove(&name);
                }
            }
        }
        add_zeros(self.schema, object, &mut map);
        Ok(Some(Value::Object(map)))
    }

    /// A value of that shape; nothing for null and for what is of another kind, which is noted.
    fn value(&mut self, field: &Field, shape: &'a Shape, tree: Tree) -> Result<Option<Value>, DecodeError> {
        if matches!(tree, Tree::Null) {
            return Ok(None);
        }
        let wanted = || go_name(self.schema, field, shape);
        match (shape, tree) {
            (Shape::Any, tree) => Ok(Some(tree.into())),
            (Shape::Object(name), tree) => match self.schema.object(name) {
                Some(object) => self.object(object, tree),
                None => Ok(None),
            },
            (Shape::Boolean, Tree::Bool(value)) => Ok(Some(value.into())),
            (Shape::String, Tree::String(value)) => Ok(Some(value.into())),
            (Shape::Int32, Tree::Number(value)) if value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()) => {
                Ok(Some(value.into()))
            }
            (Shape::Int64, Tree::Number(value)) if value.as_i64().is_some() => Ok(Some(value.into())),
            (Shape::Int32 | Shape::Int64, Tree::Number(value)) => {
                let wanted = wanted();
                self.save(format!("number {value}"), &wanted);
                Ok(None)
            }
            (Shape::Double, Tree::Number(value)) => Ok(Some(value.into())),
            (Shape::Bytes, Tree::String(value)) => {
                match bytes(&value) {
                    Ok(bytes) => return Ok(Some(BASE64_STANDARD.encode(bytes).into())),
                    Err(error) => drop(self.saved.get_or_insert(error)),
                }
                Ok(None)
            }
            (Shape::Time | Shape::MicroTime | Shape::Duration, Tree::String(text)) => match shape {
                Shape::Time => time(&text, false).map(|(time, _)| Some(time.render_rfc3339().into())),
                Shape::MicroTime => time(&text, true).map(|(time, nanos)| Some(micro_time(time, nanos).into())),
                _ => duration(&text).map(|nanos| Some(render_duration(nanos).into())),
            },
            (Shape::Time | Shape::MicroTime | Shape::Duration, other) => {
                Err(self.error(other.kind().to_owned(), "string"))
            }
            (Shape::IntOrString, Tree::String(text)) => Ok(Some(text.into())),
            (Shape::IntOrString, Tree::Number(value)) => {
                match value.as_i64().and_then(|value| i32::try_from(value).ok()) {
                    Some(value) => Ok(Some(value.into())),
                    None => Err(self.error(format!("number {value}"), "int32")),
                }
            }
            (Shape::IntOrString, other) => Err(self.error(other.kind().to_owned(), "int32")),
            (Shape::Quantity, tree) => {
                let text = match tree {
                    Tree::String(text) => text,
                    Tree::Number(number) => number.to_string(),
                    _ => return Err(QuantityError::Format.into()),
                };
                Ok(Some(Quantity::parse(text.trim())?.to_string().into()))
            }
            (Shape::Map(map), Tree::Object(entries)) => {
                let mut decoded = Map::new();
                for (key, value) in entries {
                    if decoded.contains_key(&key) {
                        self.strict.found(Finding::Duplicate(self.strict.child(&key)));
                    }
                    let before = self.strict.enter(&key);
                    let value = self.value(field, &map.values, value)?;
                    self.strict.leave(before);
                    let value = value.unwrap_or_else(|| zero(self.schema, &map.values));
                    decoded.insert(key, value);
                }
                Ok(Some(Value::Object(decoded)))
            }
            (Shape::List(list), Tree::Array(items)) => {
                let mut decoded = Vec::with_capacity(items.len());
                for (at, item) in items.into_iter().enumerate() {
                    let before = self.strict.path.len();
                    self.strict.path.push_str(&format!("[{at}]"));
                    let item = self.value(field, &list.items, item)?;
                    self.strict.leave(before);
                    decoded.push(item.unwrap_or_else(|| zero(self.schema, &list.items)));
                }
                Ok(Some(Value::Array(decoded)))
            }
            (Shape::SchemaOr(alternative), tree) => {
                // A decoder of its own reads these, and that is not strict.
                let strict = std::mem::take(&mut self.strict);
                let decoded = self.schema_or(*alternative, tree);
                self.strict = strict;
                decoded
            }
            (_, other) => {
                let wanted = wanted();
                self.mismatch(&other, &wanted);
                Ok(None)
            }
        }
    }

    fn schema_or(&mut self, alternative: SchemaAlternative, tree: Tree) -> Result<Option<Value>, DecodeError> {
        let Some(object) = self.schema.object(JSON_SCHEMA_PROPS) else {
            return Ok(None);
        };
        match (alternative, tree) {
            (SchemaAlternative::Boolean, Tree::Bool(value)) => Ok(Some(value.into())),
            (SchemaAlternative::Names, tree @ Tree::Array(_)) => Ok(Some(tree.into())),
            (SchemaAlternative::Schemas, Tree::Array(items)) => {
                let mut decoded = Vec::with_capacity(items.len());
                for item in items {
                    decoded.push(self.object(object, item)?.unwrap_or_default());
                }
                Ok(Some(Value::Array(decoded)))
            }
            (_, tree @ Tree::Object(_)) => self.object(object, tree),
            (SchemaAlternative::Boolean, _) => Err(DecodeError::SchemaAlternative("boolean or JSON schema expected")),
            (SchemaAlternative::Names | SchemaAlternative::Schemas, _) => Ok(None),
        }
    }

    fn mismatch(&mut self, found: &Tree, wanted: &str) {
        self.save(found.kind().to_owned(), wanted);
    }

    fn save(&mut self, got: String, wanted: &str) {
        if self.saved.is_none() {
            self.saved = Some(self.error(got, wanted));
        }
    }

    fn error(&self, got: String, wanted: &str) -> DecodeError {
        let wanted = wanted.to_owned();
        match self.owner {
            Some(owner) => DecodeError::Field {
                got,
                owner: owner.to_owned(),
                path: self.stack.join("."),
                wanted,
            },
            None => DecodeError::Value { got, wanted },
        }
    }
}

/// Such as `v1.PodSpec`: Go's packages are called by their last part.
fn go_struct(object: &ObjectType) -> String {
    let mut parts = object.name.rsplit('.');
    let (name, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{package}.{name}")
}

/// Go's name of a shape within a field; the field's own name of its type counts for the shape that it is of.
fn go_name(schema: &Schema, field: &Field, shape: &Shape) -> String {
    let inner = match (&field.go_type, &field.shape) {
        (Some(name), whole) if whole == shape => return name.to_string(),
        (Some(name), Shape::List(list)) if list.items == *shape => name.strip_prefix("[]"),
        (Some(name), Shape::Map(map)) if map.values == *shape => name.split_once(']').map(|(_, values)| values),
        _ => None,
    };
    if let Some(name) = inner.filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    match shape {
        Shape::Any => "interface {}".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Int32 => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Double => "float64".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Time => "v1.Time".to_owned(),
        Shape::MicroTime => "v1.MicroTime".to_owned(),
        Shape::Duration => "v1.Duration".to_owned(),
        Shape::IntOrString => "intstr.IntOrString".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::Object(name) => schema.object(name).map(go_struct).unwrap_or_default(),
        Shape::Map(map) => format!("map[string]{}", go_name(schema, field, &map.values)),
        Shape::List(list) => format!("[]{}", go_name(schema, field, &list.items)),
        Shape::SchemaOr(SchemaAlternative::Boolean) => "v1.JSONSchemaPropsOrBool".to_owned(),
        Shape::SchemaOr(SchemaAlternative::Schemas) => "v1.JSONSchemaPropsOrArray".to_owned(),
        Shape::SchemaOr(SchemaAlternative::Names) => "v1.JSONSchemaPropsOrStringArray".to_owned(),
    }
}

/// Go's reader of base64 skips line ends.
fn bytes(text: &str) -> Result<Vec<u8>, DecodeError> {
    let at = |error: &base64::DecodeError| match error {
        base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol { offset: at, .. } => *at,
        base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => text.len() / 4 * 4,
    };
    if text.contains(['\r', '\n']) {
        let text = text.replace(['\r', '\n'], "");
        return BASE64_STANDARD
            .decode(text)
            .map_err(|error| DecodeError::Base64(at(&error)));
    }
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| DecodeError::Base64(at(&error)))
}

/// RFC 3339 as Go reads it: any offset, and any fraction, or for a MicroTime one of six digits. The instant in whole
/// seconds, and the nanoseconds after it.
fn time(text: &str, micro: bool) -> Result<(Timestamp, u32), DecodeError> {
    // What stands at each place, and how Go's layout calls it.
    const PARTS: [(usize, usize, &str, &str); 6] = [
        (0, 4, "2006", "-"),
        (5, 2, "01", "-"),
        (8, 2, "02", "T"),
        (11, 2, "15", ":"),
        (14, 2, "04", ":"),
        (17, 2, "05", ""),
    ];
    let broken = |rest: &str, element: &'static str| DecodeError::Time {
        text: text.to_owned(),
        layout: if micro {
            "2006-01-02T15:04:05.000000Z07:00"
        } else {
            "2006-01-02T15:04:05Z07:00"
        },
        rest: rest.to_owned(),
        element,
    };
    let from = |at: usize| text.get(at..).unwrap_or_default();
    let out_of_range = |problem: &str| DecodeError::TimeRange {
        text: text.to_owned(),
        problem: problem.to_owned(),
    };
    for (at, length, element, after) in PARTS {
        let digits = from(at).get(..length).unwrap_or_default();
        if digits.len() != length || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(broken(from(at), element));
        }
        let range = match element {
            "01" if !("01"..="12").contains(&digits) => Some("month out of range"),
            "02" if digits == "00" => Some("day out of range"),
            "15" if digits > "23" => Some("hour out of range"),
            "04" if digits > "59" => Some("minute out of range"),
            "05" if digits > "59" => Some("second out of range"),
            _ => None,
        };
        if let Some(problem) = range {
            return Err(out_of_range(problem));
        }
        if !from(at + length).starts_with(after) {
            return Err(broken(from(at + length), after));
        }
    }
    let rest = from(19);
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at_checked(end.min(if micro { 6 } else { end }))
                .unwrap_or((rest, ""))
        }
        None => ("", rest),
    };
    if micro && fraction.len() < 6 {
        return Err(broken(rest, ".000000"));
    }
    let (offset, after) = match zone.as_bytes() {
        [b'Z', ..] => (0, zone.get(1..).unwrap_or_default()),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ..] if [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) => {
            let number = |tens: &u8, ones: &u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let seconds = number(h1, h2) * 3600 + number(m1, m2) * 60;
            let offset = if *sign == b'-' { -seconds } else { seconds };
            (offset, zone.get(6..).unwrap_or_default())
        }
        _ => return Err(broken(zone, "Z07:00")),
    };
    if !after.is_empty() {
        return Err(out_of_range(&format!("extra text: {}", go_quote(after))));
    }
    let whole = format!("{}Z", text.get(..19).unwrap_or_default());
    let time = Timestamp::parse_rfc3339(&whole).map_err(|_| out_of_range("day out of range"))?;
    let nanos = format!("{fraction:0<9}");
    let nanos = nanos.get(..9).and_then(|digits| digits.parse().ok());
    Ok((time.plus_seconds(-offset), nanos.unwrap_or_default()))
}

fn micro_time(time: Timestamp, nanos: u32) -> String {
    let text = time.render_rfc3339();
    format!("{}.{:06}Z", text.trim_end_matches('Z'), nanos / 1000)
}

const SECOND: i128 = 1_000_000_000;

/// `time.ParseDuration`, in nanoseconds.
fn duration(text: &str) -> Result<i128, DecodeError> {
    let invalid = || DecodeError::Duration(text.to_owned());
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut sum = 0_i128;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(end).ok_or_else(invalid)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(invalid());
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end).ok_or_else(invalid)?;
        let problem = |problem: String| DecodeError::DurationUnit {
            problem,
            text: text.to_owned(),
        };
        let scale = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "" => return Err(problem("missing unit".to_owned())),
            unit => return Err(problem(format!("unknown unit {}", go_quote(unit)))),
        };
        let digits = format!("{whole}{}", fraction.get(..fraction.len().min(15)).unwrap_or_default());
        let value: i128 = digits.parse().map_err(|_| invalid())?;
        let places = u32::try_from(fraction.len().min(15)).unwrap_or_default();
        sum += value.checked_mul(scale).ok_or_else(invalid)? / 10_i128.pow(places);
        if sum > i128::from(i64::MAX) {
            return Err(invalid());
        }
        rest = after;
    }
    Ok(if negative { -sum } else { sum })
}

/// `time.Duration.String`: hours, minutes and seconds; below a second, the largest unit that leaves a whole number.
#[must_use]
pub fn render_duration(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.abs();
    let decimal = |value: i128, unit: i128| {
        let fraction = format!("{:0width$}", value % unit, width = unit.ilog10() as usize);
        let fraction = fraction.trim_end_matches('0');
        let whole = value / unit;
        if fraction.is_empty() || unit == 1 {
            whole.to_string()
        } else {
            format!("{whole}.{fraction}")
        }
    };
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos < SECOND {
        let (unit, name) = match nanos {
            ..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(nanos, unit));
    }
    let (hours, minutes) = (nanos / (3600 * SECOND), nanos / (60 * SECOND) % 60);
    let seconds = decimal(nanos % (60 * SECOND), SECOND);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Kind;
    use super::*;

    fn read(api_version: &str, kind: &str, text: &str) -> Result<Decoded, DecodeError> {
        let schema = Schema::builtin();
        let object = schema.kind(&Kind::of(api_version, kind)).unwrap();
        decode(schema, object, Tree::parse(text.as_bytes()).unwrap())
    }

    #[track_caller]
    fn refused(api_version: &str, kind: &str, text: &str, wanted: &str) {
        assert_eq!(read(api_version, kind, text).unwrap_err().to_string(), wanted);
    }

    #[track_caller]
    fn finds(api_version: &str, kind: &str, text: &str, wanted: &[&str]) {
        let found: Vec<String> = read(api_version, kind, text)
            .unwrap()
            .findings
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn wrong_types_are_refused_in_gos_words() {
        refused(
            "v1",
            "ConfigMap",
            r#"{"data": {"a": 1}}"#,
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        );
        refused(
            "v1",
            "ConfigMap",
            r#"{"data": ["a"]}"#,
            "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
        );
        refused(
            "v1",
            "ConfigMap",
            r#"[]"#,
            "json: cannot unmarshal array into Go value of type v1.ConfigMap",
        );
        refused(
            "v1",
            "ConfigMap",
            r#"{"metadata": {"labels": {"a": true}}}"#,
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        );
        refused(
            "apps/v1",
            "Deployment",
            r#"{"spec": {"replicas": "3"}}"#,
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        );
        refused(
            "apps/v1",
            "Deployment",
            r#"{"spec": {"replicas": 1.5}}"#,
            "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
        );
        refused(
            "v1",
            "Pod",
            r#"{"spec": {"containers": [{"imagePullPolicy": 1}]}}"#,
            "json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy",
        );
        refused(
            "v1",
            "Pod",
            r#"{"spec": {"containers": {}}}"#,
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        );
        refused(
            "v1",
            "Pod",
            r#"{"spec": {"containers": ["a"]}}"#,
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type v1.Container",
        );
        refused(
            "v1",
            "Secret",
            r#"{"data": {"a": "x!"}}"#,
            "illegal base64 data at input byte 1",
        );
        refused(
            "v1",
            "ConfigMap",
            r#"{"metadata": {"creationTimestamp": 5}}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        );
        refused(
            "v1",
            "ConfigMap",
            r#"{"metadata": {"creationTimestamp": "yesterday"}}"#,
            r#"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#,
        );
        for (text, at) in [("abc", 0), ("abcdef", 4), ("hello world", 5)] {
            refused(
                "v1",
                "Secret",
                &format!(r#"{{"data": {{"a": "{text}"}}}}"#),
                &format!("illegal base64 data at input byte {at}"),
            );
        }
        for (text, wanted) in [
            (
                "2026-11-24",
                r#" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#,
            ),
            ("2026-13-24T00:00:00Z", ": month out of range"),
            (
                "2026-11-24T00:00:00",
                r#" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00""#,
            ),
            ("2026-11-24T00:00:00Zx", r#": extra text: "x""#),
        ] {
            refused(
                "v1",
                "ConfigMap",
                &format!(r#"{{"metadata": {{"creationTimestamp": "{text}"}}}}"#),
                &format!(r#"parsing time "{text}"{wanted}"#),
            );
        }
        refused(
            "coordination.k8s.io/v1",
            "Lease",
            r#"{"spec": {"renewTime": "2026-11-24T02:00:00.1234567+01:00"}}"#,
            r#"parsing time "2026-11-24T02:00:00.1234567+01:00" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "7+01:00" as "Z07:00""#,
        );
        refused(
            "v1",
            "ResourceQuota",
            r#"{"spec": {"hard": {"cpu": "lots"}}}"#,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        );
        refused(
            "v1",
            "Service",
            r#"{"spec": {"ports": [{"targetPort": true}]}}"#,
            "json: cannot unmarshal bool into Go struct field ServicePort.spec.ports.targetPort of type int32",
        );
        refused(
            "rbac.authorization.k8s.io/v1",
            "Role",
            r#"{"rules": [{"verbs": "get"}]}"#,
            "json: cannot unmarshal string into Go struct field PolicyRule.rules.verbs of type []string",
        );
    }

    #[test]
    fn strict_readers_find_unknown_and_duplicate_fields_in_order() {
        finds(
            "v1",
            "ConfigMap",
            r#"{"spec": {"foo": 1}, "metadata": {"nmae": "x"}}"#,
            &[r#"unknown field "spec""#, r#"unknown field "metadata.nmae""#],
        );
        finds(
            "v1",
            "ConfigMap",
            r#"{"data": {"a": "1", "a": "2"}, "data": {}}"#,
            &[r#"duplicate field "data.a""#, r#"duplicate field "data""#],
        );
        finds(
            "v1",
            "Pod",
            r#"{"spec": {"containers": [{"name": "a"}, {"Name": "b"}]}}"#,
            &[r#"unknown field "spec.containers[1].Name""#],
        );
    }

    #[test]
    fn what_is_read_is_what_go_would_write() {
        let pod = read("v1", "Pod", r#"{"metadata": {"name": "a", "labels": {}}, "spec": {"hostNetwork": false, "containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1000m"}}}]}}"#).unwrap();
        assert_eq!(
            pod.object,
            json!({
                "metadata": {"name": "a", "creationTimestamp": null},
                "spec": {"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "1"}}}]},
                "status": {},
            })
        );
        let lease = read(
            "coordination.k8s.io/v1",
            "Lease",
            r#"{"spec": {"renewTime": "2026-11-24T02:00:00.123456+01:00"}}"#,
        )
        .unwrap();
        assert_eq!(
            lease.object["spec"],
            json!({"renewTime": "2026-11-24T01:00:00.123456Z"})
        );
    }

    #[test]
    fn durations_are_read_and_written_as_in_go() {
        for (text, wanted) in [
            ("1h", "1h0m0s"),
            ("90s", "1m30s"),
            ("1.5s", "1.5s"),
            ("100ms", "100ms"),
            ("0", "0s"),
            ("-2m", "-2m0s"),
            ("1us", "1µs"),
        ] {
            assert_eq!(render_duration(duration(text).unwrap()), wanted, "{text}");
        }
        assert_eq!(
            duration("5").unwrap_err().to_string(),
            r#"time: missing unit in duration "5""#
        );
        assert_eq!(
            duration("5d").unwrap_err().to_string(),
            r#"time: unknown unit "d" in duration "5d""#
        );
        assert_eq!(duration("x").unwrap_err().to_string(), r#"time: invalid duration "x""#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[ -~]{0,8}".prop_map(Value::from),
        ];
        let names = prop::sample::select(vec![
            "metadata",
            "spec",
            "status",
            "data",
            "containers",
            "ports",
            "template",
            "resources",
            "limits",
            "annotations",
            "creationTimestamp",
            "targetPort",
            "ownerReferences",
            "managedFields",
            "fieldsV1",
            "volumes",
            "x",
        ]);
        leaf.prop_recursive(6, 48, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn nothing_is_too_odd_to_be_read_and_what_is_read_stays(value in any_json(), at in any::<prop::sample::Index>()) {
            let schema = Schema::builtin();
            let kinds: Vec<_> = schema.kinds().collect();
            let (_, name) = at.get(&kinds);
            let object = schema.object(name).unwrap();
            if let Ok(decoded) = decode(schema, object, value.into()) {
                let again = decode(schema, object, decoded.object.clone().into()).unwrap();
                prop_assert_eq!(again.object, decoded.object);
                prop_assert_eq!(again.findings, vec![]);
            }
        }
    }
}
