//! YAML as goyaml.v2 reads it, and as `sigs.k8s.io/yaml` makes JSON of it: YAML 1.1 with its scalars (`yes` is true, `012`
//! is ten) and its error texts.
//!
//! The grammar has its own reader, because other parsers judge other texts as broken, and name other lines.

mod parser;
mod scanner;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Number;
use serde_json::Value as Json;

pub(crate) use self::parser::Document;
pub(crate) use self::parser::Node;
pub(crate) use self::parser::NodeKind;
use self::scanner::Escapes;
pub(crate) use self::scanner::Refusal;
pub(crate) use self::scanner::Style;
use crate::value::log::go_quote;

/// A chain of aliases may nest deeper than the text; this deep no mapping goes.
const DEPTH_LIMIT: usize = 500;
/// So many bytes may stand behind aliases.
///
/// FIDELITY: goyaml counts values only, so that a long one that is named often takes all of its memory.
const ALIASED_LIMIT: usize = 16 << 20;
const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// `YAMLToJSON`: the first document; an empty text is null.
///
/// # Errors
/// The error's text upstream.
pub(crate) fn to_json(text: &str) -> Result<Json, String> {
    let read = match json_object(text) {
        Some(json) => json,
        None => Document::parse(text, Escapes::Yaml).and_then(|document| document.to_json()),
    };
    read.map_err(|refusal| refusal.message)
}

/// The document that [`to_json`] reads, with the places of its nodes. Of JSON it tells only that it is a mapping.
///
/// # Errors
/// What [`to_json`] refuses, and where.
pub(crate) fn document(text: &str) -> Result<Document, Refusal> {
    if let Some(json) = json_object(text) {
        let start = text.chars().take_while(|c| c.is_whitespace()).count();
        return json.map(|_| Document::empty_mapping(start));
    }
    checked(text, Escapes::Yaml)
}

/// A document of any kind, with the places of its nodes.
///
/// # Errors
/// What is no YAML.
pub(crate) fn document_of_object(text: &str) -> Result<Document, Refusal> {
    checked(text, Escapes::Yaml)
}

/// The document that [`to_strings`] reads, with the places of its nodes.
///
/// # Errors
/// That for which [`to_strings`] gives up. What is no string, or no list, is none.
pub(crate) fn document_of_strings(text: &str) -> Result<Document, Refusal> {
    let document = Document::parse(text, Escapes::Yaml)?;
    if let Some(root) = document.root {
        YamlDecoder::new(&document).strings(root, &mut Vec::new(), &mut Vec::new())?;
    }
    Ok(document)
}

/// A document of a file as kubectl reads it: JSON where it begins with a brace, else YAML as [`document`].
///
/// FIDELITY: kubectl reads JSON by another reader. Here it is YAML with JSON's escapes, so that JSON's own errors are not
/// told apart, and keys of more than 1,024 characters are refused.
///
/// # Errors
/// What is refused, and where.
pub(crate) fn document_of_file(text: &str) -> Result<Document, Refusal> {
    let escapes = if text.trim_start().starts_with('{') {
        Escapes::Json
    } else {
        Escapes::Yaml
    };
    checked(text, escapes)
}

fn checked(text: &str, escapes: Escapes) -> Result<Document, Refusal> {
    let document = Document::parse(text, escapes)?;
    document.to_json()?;
    Ok(document)
}

impl Document {
    /// Whether a key is `<<`, whose value's pairs come to the mapping.
    pub(crate) fn is_merge(&self, at: usize) -> bool {
        self.node(at).is_some_and(|node| match &node.kind {
            NodeKind::Scalar {
                value, tag, implicit, ..
            } => value == "<<" && (*implicit || tag.strip_prefix(TAG_PREFIX) == Some("merge")),
            _ => false,
        })
    }

    fn to_json(&self) -> Result<Json, Refusal> {
        let Some(root) = self.root else {
            return Ok(Json::Null);
        };
        let item = YamlDecoder::new(self).value(root)?;
        json(jsonable(&item)?)
    }
}

/// What begins with a brace is taken for JSON as it stands; else nothing.
///
/// FIDELITY: Go names each place in which JSON can be broken in its own words; here all but the commonest two share one.
fn json_object(text: &str) -> Option<Result<Json, Refusal>> {
    let space = [' ', '\t', '\r', '\n'];
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let refuse = |rest: &str, message: &str| {
        let at = text.chars().count() - rest.chars().count();
        let message = message.to_owned();
        Some(Err(Refusal { message, at }))
    };
    // Go shows the first byte of a character as if it were one.
    let invalid = |rest: &str, place: &str| {
        let byte = char::from(rest.bytes().next().unwrap_or_default());
        let shown = match byte {
            '\'' => r"\'".to_owned(),
            byte => go_quote(&byte.to_string()).trim_matches('"').to_owned(),
        };
        refuse(
            rest,
            &format!("invalid character '{shown}' looking for beginning of {place}"),
        )
    };
    let json = text.trim_start_matches(space);
    let Some(inside) = json.strip_prefix('{').map(|text| text.trim_start_matches(space)) else {
        return invalid(json, "value");
    };
    if inside.is_empty() {
        return refuse("", "unexpected end of JSON input");
    }
    if !inside.starts_with(['"', '}']) {
        return invalid(inside, "object key string");
    }
    match serde_json::from_str(json) {
        Ok(json) => Some(Ok(json)),
        Err(error) if error.is_eof() => refuse("", "unexpected end of JSON input"),
        Err(error) => {
            // serde_json counts the bytes of a line, from 1.
            let lines = json.split_inclusive('\n');
            let before: usize = lines.take(error.line() - 1).map(str::len).sum();
            let rest = json.get(before + error.column().saturating_sub(1)..);
            refuse(rest.unwrap_or_default(), "invalid character in JSON")
        }
    }
}

/// `yaml.Unmarshal` into a list of strings: what could be read, and the error's text.
pub(crate) fn to_strings(text: &str) -> (Vec<String>, Option<String>) {
    let document = match Document::parse(text, Escapes::Yaml) {
        Ok(document) => document,
        Err(refusal) => return (Vec::new(), Some(refusal.message)),
    };
    let Some(root) = document.root else {
        return (Vec::new(), None);
    };
    let mut decoder = YamlDecoder::new(&document);
    let mut strings = Vec::new();
    let mut faults = Vec::new();
    let error = match decoder.strings(root, &mut strings, &mut faults) {
        Err(refusal) => Some(refusal.message),
        Ok(()) if faults.is_empty() => None,
        Ok(()) => Some(format!("yaml: unmarshal errors:\n  {}", faults.join("\n  "))),
    };
    (strings, error)
}

/// A value and the character at which it stands.
#[derive(Clone, Debug, PartialEq)]
struct PlacedValue {
    at: usize,
    value: YamlValue,
}

/// What goyaml decodes a node to where no type is asked for.
#[derive(Clone, Debug, PartialEq)]
enum YamlValue {
    Bool(bool),
    Float(f64),
    Int(i64),
    /// By [`identity`]; key and value.
    Map(BTreeMap<String, (PlacedValue, PlacedValue)>),
    Null,
    Sequence(Vec<PlacedValue>),
    String(String),
    Uint(u64),
}

struct YamlDecoder<'a> {
    document: &'a Document,
    /// The aliases that are being followed.
    following: Vec<usize>,
    depth: usize,
    decoded: u32,
    decoded_in_aliases: u32,
    bytes_in_aliases: usize,
}

impl<'a> YamlDecoder<'a> {
    fn new(document: &'a Document) -> Self {
        Self {
            document,
            following: Vec::new(),
            depth: 0,
            decoded: 0,
            decoded_in_aliases: 0,
            bytes_in_aliases: 0,
        }
    }

    /// The node behind all aliases. Each call must be followed by [`YamlDecoder::leave`].
    fn enter(&mut self, mut at: usize) -> Result<(&'a Node, usize), Refusal> {
        let mut followed = 0;
        loop {
            let Some(node) = self.document.node(at) else {
                return refuse("yaml: node is missing".to_owned(), 0);
            };
            self.count(node)?;
            let NodeKind::Alias { name, target } = &node.kind else {
                self.depth += 1;
                if self.depth > DEPTH_LIMIT {
                    return refuse(format!("yaml: exceeded max depth of {DEPTH_LIMIT}"), node.place.start);
                }
                return Ok((node, followed));
            };
            if self.following.contains(&at) {
                return refuse(format!("yaml: anchor '{name}' value contains itself"), node.place.start);
            }
            self.following.push(at);
            followed += 1;
            at = *target;
        }
    }

    fn leave(&mut self, followed: usize) {
        self.depth -= 1;
        self.following.truncate(self.following.len() - followed);
    }

    /// Few nodes may stand for many by their aliases, but not for too many.
    fn count(&mut self, node: &Node) -> Result<(), Refusal> {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        self.decoded += 1;
        self.decoded_in_aliases += u32::from(!self.following.is_empty());
        if let (NodeKind::Scalar { value, .. }, false) = (&node.kind, self.following.is_empty()) {
            self.bytes_in_aliases += value.len();
        }
        let (all, in_aliases) = (f64::from(self.decoded), f64::from(self.decoded_in_aliases));
        let allowed = 0.99 - 0.89 * ((all - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        let is_excessive = self.decoded_in_aliases > 100 && self.decoded > 1000 && in_aliases / all > allowed;
        if is_excessive || self.bytes_in_aliases > ALIASED_LIMIT {
            return refuse(
                "yaml: document contains excessive aliasing".to_owned(),
                node.place.start,
            );
        }
        Ok(())
    }

    fn value(&mut self, at: usize) -> Result<PlacedValue, Refusal> {
        let (node, followed) = self.enter(at)?;
        let value = match &node.kind {
            NodeKind::Scalar {
                value, tag, implicit, ..
            } => resolve_at(node, value, tag, *implicit)?.1,
            NodeKind::Sequence(children) => {
                let values: Result<_, _> = children.iter().map(|child| self.value(*child)).collect();
                YamlValue::Sequence(values?)
            }
            NodeKind::Mapping(pairs) => {
                let mut map = BTreeMap::new();
                self.mapping(pairs, &mut map)?;
                YamlValue::Map(map)
            }
            NodeKind::Alias { .. } => YamlValue::Null,
        };
        self.leave(followed);
        Ok(PlacedValue {
            at: node.place.start,
            value,
        })
    }

    fn mapping(
        &mut self,
        pairs: &[(usize, usize)],
        map: &mut BTreeMap<String, (PlacedValue, PlacedValue)>,
    ) -> Result<(), Refusal> {
        for (key, value) in pairs {
            if self.document.is_merge(*key) {
                self.merge(*value, map)?;
                continue;
            }
            let key = self.value(*key)?;
            if matches!(key.value, YamlValue::Map(_) | YamlValue::Sequence(_)) {
                return refuse(format!("yaml: invalid map key: {}", go_syntax(&key.value)), key.at);
            }
            let value = self.value(*value)?;
            map.insert(identity(&key.value), (key, value));
        }
        Ok(())
    }

    /// Merged pairs replace those that came before: an earlier list item before a later one.
    fn merge(&mut self, at: usize, map: &mut BTreeMap<String, (PlacedValue, PlacedValue)>) -> Result<(), Refusal> {
        let document = self.document;
        let is_mapping = |at: usize| match document.node(at).map(|node| &node.kind) {
            Some(NodeKind::Mapping(_)) => true,
            Some(NodeKind::Alias { target, .. }) => document
                .node(*target)
                .is_some_and(|node| matches!(node.kind, NodeKind::Mapping(_))),
            _ => false,
        };
        let merged = match document.node(at).map(|node| &node.kind) {
            Some(NodeKind::Sequence(children)) => children.iter().rev().copied().collect(),
            _ => vec![at],
        };
        for at in merged {
            if !is_mapping(at) {
                let place = document.node(at).map_or(0, |node| node.place.start);
                let message = "yaml: map merge requires map or sequence of maps as the value";
                return refuse(message.to_owned(), place);
            }
            let (node, followed) = self.enter(at)?;
            if let NodeKind::Mapping(pairs) = &node.kind {
                self.mapping(pairs, map)?;
            }
            self.leave(followed);
        }
        Ok(())
    }

    fn strings(&mut self, at: usize, strings: &mut Vec<String>, faults: &mut Vec<String>) -> Result<(), Refusal> {
        let (node, _) = self.enter(at)?;
        let NodeKind::Sequence(children) = &node.kind else {
            let is_null = match &node.kind {
                NodeKind::Scalar {
                    value, tag, implicit, ..
                } => resolve_at(node, value, tag, *implicit)?.1 == YamlValue::Null,
                _ => false,
            };
            if !is_null {
                faults.push(fault(node, "[]string")?);
            }
            return Ok(());
        };
        // Where decoding ends early, the strings that were not reached are there, empty.
        strings.resize(children.len(), String::new());
        let mut count = 0;
        for child in children {
            let (node, followed) = self.enter(*child)?;
            let text = match &node.kind {
                NodeKind::Scalar {
                    value, tag, implicit, ..
                } => match resolve_at(node, value, tag, *implicit)? {
                    (_, YamlValue::Null) => Some(String::new()),
                    ("binary", YamlValue::String(decoded)) => Some(decoded),
                    _ => Some(value.clone()),
                },
                _ => {
                    faults.push(fault(node, "string")?);
                    None
                }
            };
            self.leave(followed);
            if let (Some(text), Some(slot)) = (text, strings.get_mut(count)) {
                *slot = text;
                count += 1;
            }
        }
        strings.truncate(count);
        Ok(())
    }
}

fn refuse<T>(message: String, at: usize) -> Result<T, Refusal> {
    Err(Refusal { message, at })
}

fn fault(node: &Node, wanted: &str) -> Result<String, Refusal> {
    let what = match &node.kind {
        NodeKind::Mapping(_) => "!!map".to_owned(),
        NodeKind::Sequence(_) => "!!seq".to_owned(),
        NodeKind::Alias { name, .. } => format!("*{name}"),
        NodeKind::Scalar {
            value, tag, implicit, ..
        } => {
            let tag = match tag.as_str() {
                "" => format!("!!{}", resolve_at(node, value, tag, *implicit)?.0),
                tag => short(tag),
            };
            let shown = match value.len() {
                0..=10 => value.clone(),
                _ => String::from_utf8_lossy(value.as_bytes().get(..7).unwrap_or_default()).into_owned() + "...",
            };
            match tag.as_str() {
                "!!map" | "!!seq" => format!("{tag}{value}"),
                _ => format!("{tag} `{shown}`"),
            }
        }
    };
    Ok(format!("line {}: cannot unmarshal {what} into {wanted}", node.line + 1))
}

fn short(tag: &str) -> String {
    tag.strip_prefix(TAG_PREFIX)
        .map_or_else(|| tag.to_owned(), |name| format!("!!{name}"))
}

/// A scalar of a document as JSON.
pub(crate) fn scalar(text: &str, tag: &str, implicit: bool) -> Json {
    let string = || Json::String(text.to_owned());
    let Ok((_, value)) = resolve(text, tag, implicit) else {
        return string();
    };
    let item = PlacedValue { at: 0, value };
    jsonable(&item).and_then(json).unwrap_or_else(|_| string())
}

fn resolve_at<'a>(node: &Node, text: &str, tag: &'a str, implicit: bool) -> Result<(&'a str, YamlValue), Refusal> {
    resolve(text, tag, implicit).map_err(|message| Refusal {
        message,
        at: node.place.start,
    })
}

/// The tag and the value of a scalar. Tags that goyaml does not know make strings.
fn resolve<'a>(text: &str, tag: &'a str, implicit: bool) -> Result<(&'a str, YamlValue), String> {
    let string = || YamlValue::String(text.to_owned());
    if tag.is_empty() && !implicit {
        return Ok(("str", string()));
    }
    let wanted = match (tag, tag.strip_prefix(TAG_PREFIX)) {
        ("", _) => "",
        (_, Some("binary")) => {
            let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            return match STANDARD.decode(packed) {
                Ok(bytes) => Ok((
                    "binary",
                    YamlValue::String(String::from_utf8_lossy(&bytes).into_owned()),
                )),
                Err(_) => Err("yaml: !!binary value contains invalid base64 data".to_owned()),
            };
        }
        (_, Some("str")) => return Ok(("str", string())),
        (_, Some(name @ ("bool" | "float" | "int" | "null" | "timestamp"))) => name,
        _ => return Ok((tag, string())),
    };
    let (found, value) = match plain(text) {
        YamlValue::String(text) if is_timestamp(&text) => ("timestamp", YamlValue::String(text)),
        value => (
            match value {
                YamlValue::Bool(_) => "bool",
                YamlValue::Float(_) => "float",
                YamlValue::Int(_) | YamlValue::Uint(_) => "int",
                YamlValue::Null => "null",
                YamlValue::Map(_) | YamlValue::Sequence(_) | YamlValue::String(_) => "str",
            },
            value,
        ),
    };
    match (wanted, &value) {
        ("", _) => Ok((found, value)),
        (wanted, _) if wanted == found => Ok((found, value)),
        ("float", YamlValue::Int(number)) => {
            #[expect(
                clippy::cast_precision_loss,
                reason = "Go converts it so, and only its kind is looked at"
            )]
            let float = *number as f64;
            Ok(("float", YamlValue::Float(float)))
        }
        _ => Err(format!("yaml: cannot decode !!{found} `{text}` as a !!{wanted}")),
    }
}

/// A scalar without quotes and tag. A time stamp stays a string.
fn plain(text: &str) -> YamlValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return YamlValue::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return YamlValue::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return YamlValue::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return YamlValue::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return YamlValue::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return YamlValue::Float(f64::NEG_INFINITY),
        _ => {}
    }
    number(text).unwrap_or_else(|| YamlValue::String(text.to_owned()))
}

fn number(text: &str) -> Option<YamlValue> {
    let float = |text: &str| {
        let float: f64 = text.parse().ok()?;
        float.is_finite().then_some(YamlValue::Float(float))
    };
    if text.starts_with('.') {
        return is_float(text).then(|| float(text)).flatten();
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)) {
        return None;
    }
    let text = text.replace('_', "");
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) if text.starts_with('-') => ("-", digits),
        Some(digits) => ("+", digits),
        None => ("", text.as_str()),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)?),
        Some("0b" | "0B") => (2, digits.get(2..)?),
        Some("0o" | "0O") => (8, digits.get(2..)?),
        Some(start) if start.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    if !digits.starts_with(['+', '-']) {
        if let Ok(value) = i64::from_str_radix(&format!("{sign}{digits}"), radix) {
            return Some(YamlValue::Int(value));
        }
        // Go's ParseUint accepts no sign.
        if let (true, Ok(value)) = (sign.is_empty(), u64::from_str_radix(digits, radix)) {
            return Some(YamlValue::Uint(value));
        }
    }
    is_float(&text).then(|| float(&text)).flatten()
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole)
        && digits(fraction)
        && (!whole.is_empty() || !fraction.is_empty() && mantissa.starts_with('.'))
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// Whether goyaml sees a time stamp, which shows in error texts only.
///
/// FIDELITY: the date is judged, the time behind it is not.
fn is_timestamp(text: &str) -> bool {
    let date = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split('-').collect();
    let number = |text: &str, most: u32| {
        (1..=2).contains(&text.len()) && text.parse::<u32>().is_ok_and(|number| (1..=most).contains(&number))
    };
    match parts[..] {
        [year, month, day] => year.len() == 4 && year.parse::<u32>().is_ok() && number(month, 12) && number(day, 31),
        _ => false,
    }
}

/// Go's maps tell keys apart by type and value.
fn identity(key: &YamlValue) -> String {
    let kind = match key {
        YamlValue::Bool(_) => "bool",
        YamlValue::Float(_) => "float64",
        YamlValue::Int(_) => "int",
        YamlValue::Null => "",
        YamlValue::Map(_) | YamlValue::Sequence(_) | YamlValue::String(_) => "string",
        YamlValue::Uint(_) => "uint64",
    };
    format!("{kind} {}", go_syntax(key))
}

/// `%#v`
fn go_syntax(value: &YamlValue) -> String {
    let element = |value: &YamlValue| match value {
        YamlValue::Null => "interface {}(nil)".to_owned(),
        value => go_syntax(value),
    };
    match value {
        YamlValue::Bool(value) => value.to_string(),
        YamlValue::Float(value) => value.to_string(),
        YamlValue::Int(value) => value.to_string(),
        YamlValue::Map(map) => {
            let pairs: Vec<String> = map
                .values()
                .map(|(key, value)| format!("{}:{}", element(&key.value), element(&value.value)))
                .collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", pairs.join(", "))
        }
        YamlValue::Null => "<nil>".to_owned(),
        YamlValue::Sequence(values) => {
            let values: Vec<String> = values.iter().map(|item| element(&item.value)).collect();
            format!("[]interface {{}}{{{}}}", values.join(", "))
        }
        YamlValue::String(text) => go_quote(text),
        YamlValue::Uint(value) => format!("{value:#x}"),
    }
}

/// What has string keys only.
enum Jsonable {
    Json(Json),
    Object(BTreeMap<String, Jsonable>),
    /// As `encoding/json` names it, and where it is.
    Unsupported(&'static str, usize),
    Array(Vec<Jsonable>),
}

/// `convertToJSONableObject`
fn jsonable(item: &PlacedValue) -> Result<Jsonable, Refusal> {
    Ok(match &item.value {
        YamlValue::Bool(value) => Jsonable::Json(Json::Bool(*value)),
        YamlValue::Float(value) if value.is_nan() => Jsonable::Unsupported("NaN", item.at),
        YamlValue::Float(value) => match Number::from_f64(*value) {
            Some(number) => Jsonable::Json(Json::Number(number)),
            None if *value < 0.0 => Jsonable::Unsupported("-Inf", item.at),
            None => Jsonable::Unsupported("+Inf", item.at),
        },
        YamlValue::Int(value) => Jsonable::Json((*value).into()),
        YamlValue::Map(map) => {
            let mut object = BTreeMap::new();
            for (key, value) in map.values() {
                let name = match &key.value {
                    YamlValue::String(text) => text.clone(),
                    YamlValue::Bool(_) | YamlValue::Float(_) | YamlValue::Int(_) => go_syntax(&key.value),
                    YamlValue::Map(_) | YamlValue::Null | YamlValue::Sequence(_) | YamlValue::Uint(_) => {
                        let kind = if key.value == YamlValue::Null {
                            "%!s(<nil>)"
                        } else {
                            "uint64"
                        };
                        let message = format!(
                            "unsupported map key of type: {kind}, key: {}, value: {}",
                            go_syntax(&key.value),
                            go_syntax(&value.value)
                        );
                        return refuse(message, key.at);
                    }
                };
                object.insert(name, jsonable(value)?);
            }
            Jsonable::Object(object)
        }
        YamlValue::Null => Jsonable::Json(Json::Null),
        YamlValue::Sequence(values) => Jsonable::Array(values.iter().map(jsonable).collect::<Result<_, _>>()?),
        YamlValue::String(text) => Jsonable::Json(Json::String(text.clone())),
        YamlValue::Uint(value) => Jsonable::Json((*value).into()),
    })
}

/// `json.Marshal`, as far as it can fail.
fn json(value: Jsonable) -> Result<Json, Refusal> {
    match value {
        Jsonable::Array(values) => Ok(Json::Array(values.into_iter().map(json).collect::<Result<_, _>>()?)),
        Jsonable::Json(value) => Ok(value),
        Jsonable::Object(fields) => {
            let fields: Result<_, Refusal> = fields
                .into_iter()
                .map(|(name, value)| Ok((name, json(value)?)))
                .collect();
            Ok(Json::Object(fields?))
        }
        Jsonable::Unsupported(name, at) => refuse(format!("json: unsupported value: {name}"), at),
    }
}
