//! YAML as Go's `sigs.k8s.io/yaml` reads it: one document to JSON, with the scalar rules of YAML 1.1 that goyaml.v2 has.
//!
//! FIDELITY: time stamps stay strings, and the texts of syntax errors are our parser's, not goyaml's.

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

/// Aliases may multiply; a ConfigMap holds 1 MiB at most, so a larger tree is an attack.
const NODE_LIMIT: usize = 1_000_000;
/// Deeper nesting is no mapping.
const DEPTH_LIMIT: usize = 100;

/// Reads the first document; an empty text is null.
pub(super) fn to_json(text: &str) -> Result<Value, String> {
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("yaml: line {}: {}", error.marker().line(), error.info()))?;
        match event {
            Event::DocumentEnd => break,
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.suffix.clone());
                loader.value(resolve(&text, style, tag.as_deref()), anchor)?;
            }
            Event::SequenceStart(anchor, _) => loader.open(Open::Sequence(Vec::new()), anchor)?,
            Event::MappingStart(anchor, _) => loader.open(Open::Mapping(Map::new(), None), anchor)?,
            Event::SequenceEnd | Event::MappingEnd => loader.close()?,
            Event::Alias(anchor) => {
                let known = loader.anchors.iter().rev().find(|(id, _)| *id == anchor);
                let value = known.map(|(_, value)| value.clone());
                loader.value(
                    value.ok_or_else(|| format!("yaml: line {}: unknown anchor", span.start.line()))?,
                    0,
                )?;
            }
            _ => {}
        }
    }
    Ok(loader.root.unwrap_or_default())
}

enum Open {
    Sequence(Vec<Value>),
    Mapping(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Loader {
    open: Vec<(Open, usize)>,
    anchors: Vec<(usize, Value)>,
    root: Option<Value>,
    nodes: usize,
}

impl Loader {
    fn open(&mut self, open: Open, anchor: usize) -> Result<(), String> {
        if self.open.len() >= DEPTH_LIMIT {
            return Err("yaml: exceeded max depth".to_owned());
        }
        self.open.push((open, anchor));
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        match self.open.pop() {
            Some((Open::Sequence(values), anchor)) => self.value(Value::Array(values), anchor),
            Some((Open::Mapping(values, _), anchor)) => self.value(Value::Object(values), anchor),
            None => Ok(()),
        }
    }

    fn value(&mut self, value: Value, anchor: usize) -> Result<(), String> {
        if anchor > 0 {
            self.anchors.push((anchor, value.clone()));
        }
        self.nodes = self.nodes.saturating_add(1).saturating_add(size(&value));
        if self.nodes > NODE_LIMIT {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some((Open::Sequence(values), _)) => values.push(value),
            Some((Open::Mapping(_, key @ None), _)) => *key = Some(key_text(value)?),
            Some((Open::Mapping(values, key), _)) => match (key.take(), value) {
                (Some(key), Value::Object(merged)) if key == "<<" => {
                    for (key, value) in merged {
                        values.entry(key).or_insert(value);
                    }
                }
                (Some(key), value) => {
                    values.insert(key, value);
                }
                (None, _) => {}
            },
        }
        Ok(())
    }
}

/// Direct children only: their own were counted when they were made, or came with an alias of the whole.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.len(),
        Value::Object(values) => values.len(),
        _ => 0,
    }
}

/// JSON keys are strings: scalars become one, as sigs.k8s.io/yaml has it.
fn key_text(key: Value) -> Result<String, String> {
    match key {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(key.to_string()),
        Value::Null => Ok("null".to_owned()),
        Value::Array(_) | Value::Object(_) => Err("error converting YAML to JSON: unsupported map key".to_owned()),
    }
}

/// The value of a scalar as goyaml.v2 resolves it.
fn resolve(text: &str, style: ScalarStyle, tag: Option<&str>) -> Value {
    if style != ScalarStyle::Plain || tag == Some("str") {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return None;
    }
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix(['+', '-']) {
        Some(digits) => (plain.starts_with('-'), digits),
        None => (false, plain.as_str()),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, digits.get(2..)?),
        Some("0b" | "0B") => (2, digits.get(2..)?),
        Some("0o" | "0O") => (8, digits.get(2..)?),
        Some(start) if start.starts_with('0') => (8, digits),
        _ => (10, digits),
    };
    if !digits.starts_with(['+', '-']) {
        if let (false, Ok(value)) = (negative, u64::from_str_radix(digits, radix)) {
            return Some(value.into());
        }
        if let (true, Ok(value)) = (negative, i64::from_str_radix(&format!("-{digits}"), radix)) {
            return Some(value.into());
        }
    }
    let float = plain
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
        && plain.bytes().any(|byte| byte.is_ascii_digit());
    let float: f64 = float.then(|| plain.parse().ok())??;
    Number::from_f64(float)
}
