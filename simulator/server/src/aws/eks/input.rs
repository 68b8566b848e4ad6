//! Bodies and pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::aws::error::AwsError;
use crate::http::Request;

/// The model's bound of every maxResults, and its default.
const PAGE: usize = 100;

/// A member that must be there.
pub(super) fn required<T>(value: Option<T>, member: &str) -> Result<T, AwsError> {
    value.ok_or_else(|| {
        let message = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        );
        AwsError::new("InvalidParameterException", 400, message)
    })
}

/// One page of items, each with the key that a token can name, as the member `list` of an answer.
pub(super) fn page(list: &str, items: Vec<(String, Value)>, request: &Request) -> Result<Value, AwsError> {
    let invalid = |message: &str| AwsError::new("InvalidParameterException", 400, message);
    let limit = match request.query_value("maxResults") {
        None => PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE).contains(limit))
            .ok_or_else(|| invalid("maxResults is a number from 1 to 100"))?,
    };
    let start = match request.query_value("nextToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let key = URL_SAFE_NO_PAD
                .decode(&token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| invalid("nextToken is not one that an earlier answer gave"))?;
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
    Ok(answer.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> Request {
        Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        }
    }

    fn items(names: &[&str]) -> Vec<(String, Value)> {
        names.iter().map(|name| ((*name).to_owned(), json!(name))).collect()
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let names = ["a", "b", "c", "d", "e"];
        for limit in 1..=6 {
            let mut seen = Vec::new();
            let mut token = String::new();
            loop {
                let query = format!("maxResults={limit}&nextToken={token}");
                let answer = page("names", items(&names), &request(&query)).unwrap();
                let list = answer["names"].as_array().unwrap();
                assert!(list.len() <= limit && !list.is_empty());
                seen.extend(list.iter().map(|name| name.as_str().unwrap().to_owned()));
                match answer.get("nextToken") {
                    Some(next) => token = next.as_str().unwrap().to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, names, "{limit}");
        }
    }

    #[test]
    fn an_item_that_goes_meanwhile_skips_no_other() {
        let first = page("n", items(&["a", "b", "c"]), &request("maxResults=2")).unwrap();
        let query = format!("nextToken={}", first["nextToken"].as_str().unwrap());
        let second = page("n", items(&["a", "c"]), &request(&query)).unwrap();
        assert_eq!(second, json!({"n": ["c"]}));
        assert_eq!(page("n", Vec::new(), &request("")).unwrap(), json!({"n": []}));
    }

    #[test]
    fn limits_are_1_to_100() {
        for (limit, good) in [
            ("0", false),
            ("1", true),
            ("100", true),
            ("101", false),
            ("x", false),
            ("", false),
        ] {
            let result = page("n", Vec::new(), &request(&format!("maxResults={limit}")));
            assert_eq!(result.is_ok(), good, "{limit}");
        }
        assert!(page("n", Vec::new(), &request("nextToken=!")).is_err());
    }
}
