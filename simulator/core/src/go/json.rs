//! What Go's `encoding/json` makes of a value: names in any case, its words for kinds, and its text.

use serde::Serialize;
use serde_json::Value;

use crate::go;

/// The field of that name in any case, the last of several; null where there is none.
#[must_use]
pub fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let mut fields = value.as_object().into_iter().flatten();
    let found = fields.rfind(|(key, _)| go::text::equal_fold(key, name));
    found.map_or(&Value::Null, |(_, value)| value)
}

/// A value as Go writes it: with what HTML could take for its own escaped. Nothing for what JSON cannot say.
#[must_use]
pub fn render(value: &impl Serialize) -> String {
    // In JSON these characters stand in strings only.
    serde_json::to_string(value)
        .unwrap_or_default()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// A value that JSON was read into, as Go prints it with `%v`: `map[data:map[a:3] labels:<nil>]`.
#[must_use]
pub fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(printed).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}:{}", printed(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
        other => other.to_string(),
    }
}

/// No object nests deeper, its own level counted.
///
/// Go's reader gives up at 10,000 levels (`maxNestingDepth` in `encoding/json/scanner.go`). Ours gives up at 128, also when it
/// reads what is kept in a state directory, where managed fields and what stands around an object nest a few levels more.
pub const MAX_DEPTH: usize = 100;

/// Whether a value that stands under so many levels nests no deeper than [`MAX_DEPTH`] with them.
#[must_use]
pub fn fits_below(value: &Value, levels: usize) -> bool {
    let open = matches!(value, Value::Array(_) | Value::Object(_));
    if open && levels >= MAX_DEPTH {
        return false;
    }
    match value {
        Value::Array(items) => items.iter().all(|item| fits_below(item, levels + 1)),
        Value::Object(fields) => fields.values().all(|field| fits_below(field, levels + 1)),
        _ => true,
    }
}

/// How many maps stand in lists, anywhere in a value.
#[must_use]
pub fn maps_in_lists(value: &Value) -> usize {
    match value {
        Value::Array(items) => {
            let own = items.iter().filter(|item| item.is_object()).count();
            own + items.iter().map(maps_in_lists).sum::<usize>()
        }
        Value::Object(fields) => fields.values().map(maps_in_lists).sum(),
        _ => 0,
    }
}

/// Whether a text has more than `limit` maps and lists, where it is JSON: it is told before it is read, since a map of eight
/// bytes takes hundreds.
#[must_use]
pub fn opens_more_than(limit: usize, text: &[u8]) -> bool {
    let (mut opened, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => opened += 1,
            _ => {}
        }
    }
    opened > limit
}

/// What an `UnmarshalTypeError` calls a value.
#[must_use]
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_and_lists_are_counted_where_they_open() {
        for (text, count) in [
            (r#"{"a": [1, {"b": {}}]}"#, 4),
            (r#"{"a": "[[[{{{", "b\"[": "\\"}"#, 1),
            ("[[[[", 4),
            ("7", 0),
        ] {
            assert!(!opens_more_than(count, text.as_bytes()), "{text}");
            assert!(count == 0 || opens_more_than(count - 1, text.as_bytes()), "{text}");
        }
        let value = json!({"a": [{"b": [{}, [], {}]}, 1], "c": {"d": {}}});
        assert_eq!(maps_in_lists(&value), 3);
    }

    #[test]
    fn a_value_nests_a_hundred_levels_with_those_above_it() {
        let nested = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!({"a": inner}));
        for (value, levels, fits) in [
            (nested(MAX_DEPTH), 0, true),
            (nested(MAX_DEPTH + 1), 0, false),
            (nested(1), MAX_DEPTH - 1, true),
            (nested(1), MAX_DEPTH, false),
            (json!("text"), MAX_DEPTH, true),
        ] {
            assert_eq!(fits_below(&value, levels), fits, "{levels}");
        }
    }
}
