//! Tables of custom resources, by the columns that their definition adds.
//!
//! Source: `apiextensions-apiserver/pkg/registry/customresource/tableconvertor`, and for paths `client-go/util/jsonpath`,
//! of which a column's path may have what is called simple: fields, elements, and filters.
//!
//! FIDELITY: slices, unions, recursive descent, functions and comparisons of order are not known; a column with such a
//! path has no values.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::View;
use super::instant;
use super::text;
use crate::value::instant::Timestamp;

/// An entry of `additionalPrinterColumns`.
struct Column<'a> {
    kind: &'a str,
    definition: Value,
    path: Option<Vec<Step>>,
}

impl<'a> Column<'a> {
    fn new(column: &'a Value) -> Self {
        let path = text(column, "/jsonPath");
        let description = match text(column, "/description") {
            "" => format!("Custom resource definition column (in JSONPath format): {path}"),
            given => given.to_owned(),
        };
        Self {
            kind: text(column, "/type"),
            definition: json!({
                "name": text(column, "/name"),
                "type": text(column, "/type"),
                "format": text(column, "/format"),
                "description": description,
                "priority": column.get("priority").and_then(Value::as_i64).unwrap_or_default(),
            }),
            path: parse(path),
        }
    }

    fn render(&self) -> Value {
        self.definition.clone()
    }

    /// The object's cell: the first thing that the path finds, if it is of the column's type.
    fn cell(&self, view: &View<'_>) -> Value {
        let Some(found) = self.path.as_ref().and_then(|path| first(view.object, path)) else {
            return Value::Null;
        };
        match (self.kind, found) {
            ("string", Value::Null) => json!("<no value>"),
            ("string", Value::String(text)) => json!(text),
            ("string", other) => json!(other.to_string()),
            ("integer", Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => json!(whole),
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "as Go's conversion, a cell shows whole numbers"
                )]
                (None, Some(float)) => json!(float as i64),
                (None, None) => Value::Null,
            },
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => found.clone(),
            ("date", Value::String(text)) => match instant(text) {
                Some(time) => json!(view.since(Some(time))),
                None => json!("<invalid>"),
            },
            _ => Value::Null,
        }
    }
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    /// An element; negative ones count from the end.
    Element(i64),
    /// Every element of a list, or value of a map.
    All,
    /// The elements of which a path finds this value, or does not.
    Filter {
        path: Vec<Step>,
        equal: bool,
        value: Value,
    },
}

/// Reads a path such as `.status.conditions[?(@.type=="Ready")].status`.
fn parse(text: &str) -> Option<Vec<Step>> {
    let text = text.strip_prefix('$').unwrap_or(text);
    let mut steps = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let end = bracket_end(after)?;
            let (inside, after) = (after.get(..end)?, after.get(end + 1..)?);
            steps.push(parse_bracket(inside.trim())?);
            rest = after;
            continue;
        }
        // A path may begin without a dot.
        let after = match rest.strip_prefix('.') {
            Some(after) => after,
            None if steps.is_empty() => rest,
            None => return None,
        };
        let (name, after) = field(after);
        match name.as_str() {
            // `.[0]`, or the object itself.
            "" if after.is_empty() || after.starts_with('[') => {}
            "" => return None,
            "*" => steps.push(Step::All),
            _ => steps.push(Step::Field(name)),
        }
        rest = after;
    }
    Some(steps)
}

/// A name up to the next dot or bracket that has no backslash before it, and the rest.
fn field(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            _ if escaped => {
                name.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' => return (name, text.get(index..).unwrap_or_default()),
            _ => name.push(character),
        }
    }
    (name, "")
}

/// Where the bracket ends that is open, outside of quotes and of brackets inside.
fn bracket_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(index),
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn parse_bracket(text: &str) -> Option<Step> {
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(name) = unquoted(text) {
        return Some(Step::Field(name.replace('\\', "")));
    }
    if let Ok(index) = text.parse() {
        return Some(Step::Element(index));
    }
    let condition = text.strip_prefix("?(")?.strip_suffix(')')?;
    let (equal, (left, right)) = match condition.split_once("==") {
        Some(sides) => (true, sides),
        None => (false, condition.split_once("!=")?),
    };
    let value = match unquoted(right.trim()) {
        Some(text) => json!(text),
        None => serde_json::from_str(right.trim()).ok()?,
    };
    Some(Step::Filter {
        path: parse(left.trim().strip_prefix('@')?)?,
        equal,
        value,
    })
}

fn unquoted(text: &str) -> Option<&str> {
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\''))
}

/// The first value that the path finds.
fn first<'a>(value: &'a Value, path: &[Step]) -> Option<&'a Value> {
    let Some((step, rest)) = path.split_first() else {
        return Some(value);
    };
    match step {
        Step::Field(name) => match value {
            // A name goes through every element of a list.
            Value::Array(list) => list.iter().find_map(|element| first(element.get(name)?, rest)),
            _ => first(value.get(name)?, rest),
        },
        Step::Element(index) => {
            let list = value.as_array()?;
            let index = match usize::try_from(*index) {
                Ok(index) => index,
                Err(_) => list.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
            };
            first(list.get(index)?, rest)
        }
        Step::All => elements(value).find_map(|element| first(element, rest)),
        Step::Filter {
            path,
            equal,
            value: wanted,
        } => elements(value)
            .filter(|element| first(element, path).is_some_and(|found| (found == wanted) == *equal))
            .find_map(|element| first(element, rest)),
    }
}

fn elements(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(list) => Box::new(list.iter()),
        Value::Object(map) => Box::new(map.values()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Of a kind that adds no columns: the name and the age.
pub(super) fn age(view: &View<'_>) -> Vec<Value> {
    vec![json!(view.name()), json!(view.age())]
}

/// The columns' definitions and each object's cells, the name first.
pub(super) fn table(added: &[Value], objects: &[Arc<Value>], now: Timestamp) -> (Vec<Value>, Vec<Vec<Value>>) {
    let columns: Vec<Column<'_>> = added.iter().map(Column::new).collect();
    let mut definitions = vec![super::columns::NAME.render()];
    definitions.extend(columns.iter().map(Column::render));
    let rows = objects
        .iter()
        .map(|object| {
            let view = View { object, now };
            let cells = columns.iter().map(|column| column.cell(&view));
            std::iter::once(json!(view.name())).chain(cells).collect()
        })
        .collect();
    (definitions, rows)
}

#[cfg(test)]
mod tests;
