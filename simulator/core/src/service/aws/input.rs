//! What the services of JSON have in common: members that must be there, and pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::error::AwsError;
use crate::value::constraint;

/// A member that must be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| {
        let message = constraint::message_of_one(&constraint::missing(member));
        AwsError::new("InvalidParameterException", 400, message)
    })
}

/// Members without those that are null.
pub(super) fn present(mut members: Value) -> Value {
    if let Some(members) = members.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    members
}

/// A page of at most `limit` items, each with the key that a token can name, as the member `list` of an answer; it begins
/// behind the item of the token. Nothing where the token is none.
pub(super) fn page_of(list: &str, items: Vec<(String, Value)>, limit: usize, token: Option<&str>) -> Option<Value> {
    let start = match token {
        None => 0,
        Some(token) => {
            let key = URL_SAFE_NO_PAD.decode(token).ok();
            let key = key.and_then(|bytes| String::from_utf8(bytes).ok())?;
            // An item that is gone meanwhile leaves its place to the one behind it.
            match items.iter().position(|(known, _)| *known == key) {
                Some(at) => at + 1,
                None => items.iter().position(|(known, _)| *known > key).unwrap_or(items.len()),
            }
        }
    };
    let more = items.len() > start + limit;
    let mut last = None;
    let mut values = Vec::new();
    for (key, value) in items.into_iter().skip(start).take(limit) {
        last = Some(key);
        values.push(value);
    }
    let mut answer = Map::new();
    answer.insert(list.to_owned(), Value::Array(values));
    if let Some(last) = last.filter(|_| more) {
        answer.insert("nextToken".to_owned(), json!(URL_SAFE_NO_PAD.encode(last)));
    }
    Some(answer.into())
}
