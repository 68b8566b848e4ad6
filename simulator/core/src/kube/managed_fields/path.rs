//! The steps of a path into an object, as `managedFields` and conflicts write them.
//!
//! Source: `fieldpath` of structured-merge-diff v4.4.2.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::value;
use crate::value::log::go_quote;

/// One step into an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathElement {
    /// A field of an object, or a key of a map.
    Field(String),
    /// The item of a list whose fields have these values, by name.
    Key(Vec<(String, Scalar)>),
    /// The item of a set.
    Value(Scalar),
    /// The item at a place.
    Index(i64),
}

/// A value that has an order; 1 and 1.0 are the same.
#[derive(Clone, Debug)]
pub struct Scalar(pub Value);

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Scalar {}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        value::compare(&self.0, &other.0)
    }
}

impl PathElement {
    /// The element of that text, such as `f:data`; `None` where its type is one that nobody knows.
    ///
    /// # Errors
    /// What is wrong, as the API server says it.
    pub fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.len() < 2 {
            return Err("key must be 2 characters long:".to_owned());
        }
        let Some((kind, content)) = text.split_once(':').filter(|(kind, _)| kind.len() == 1) else {
            return Err(format!("missing colon: {text}"));
        };
        let json = |content: &str| serde_json::from_str::<Value>(content).map_err(|error| error.to_string());
        Ok(Some(match kind {
            "f" => Self::Field(content.to_owned()),
            "v" => Self::Value(Scalar(json(content)?)),
            "k" => match json(content)? {
                // The map is sorted by name already.
                Value::Object(fields) => {
                    Self::Key(fields.into_iter().map(|(name, value)| (name, Scalar(value))).collect())
                }
                _ => return Err(format!("expected an object: {content}")),
            },
            "i" => Self::Index(content.parse().map_err(|_| format!("no index: {content}"))?),
            _ => return Ok(None),
        }))
    }

    /// The text of the element, as `managedFields` has it.
    #[must_use]
    pub fn render(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, Scalar(value))| format!("{}:{}", go_json_text(name), value::go_json(value)))
                    .collect();
                format!("k:{{{}}}", fields.join(","))
            }
            Self::Value(Scalar(value)) => format!("v:{}", value::go_json(value)),
            Self::Index(index) => format!("i:{index}"),
        }
    }
}

fn go_json_text(text: &str) -> String {
    value::go_json(&Value::String(text.to_owned()))
}

/// As conflicts name it: `.data`, `[name="x"]`, `[="x"]`, `[0]`.
impl fmt::Display for PathElement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(formatter, ".{name}"),
            Self::Key(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(name, Scalar(value))| format!("{name}={}", shown(value)))
                    .collect();
                write!(formatter, "[{}]", fields.join(","))
            }
            Self::Value(Scalar(value)) => write!(formatter, "[={}]", shown(value)),
            Self::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        other => other.to_string(),
    }
}
