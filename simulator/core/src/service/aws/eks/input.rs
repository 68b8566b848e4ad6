//! Bodies and pages.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use crate::service::aws::error::AwsError;
use crate::service::aws::input::page_of;
pub(super) use crate::service::aws::input::present;
pub(super) use crate::service::aws::input::required;
use crate::service::http::Request;

/// The model's bound of every maxResults, and its default.
const PAGE: usize = 100;

/// Those members of a body that are kept as they came.
pub(super) fn kept(members: Map<String, Value>, names: &[&str]) -> BTreeMap<String, Value> {
    members
        .into_iter()
        .filter(|(name, value)| names.contains(&name.as_str()) && !value.is_null())
        .collect()
}

/// The values of a query parameter that may stand several times.
pub(super) fn query_list(request: &Request, name: &str) -> Vec<String> {
    let pairs = request.query_pairs().into_iter();
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value).collect()
}

/// One page of items, each with the key that a token can name, as the member `list` of an answer.
pub(super) fn page(list: &str, items: Vec<(String, Value)>, request: &Request) -> Result<Value, AwsError> {
    // What is no number is out of bounds too.
    let limit = request.query_value("maxResults").map(|text| text.parse().unwrap_or(0));
    page_at(list, items, limit, request.query_value("nextToken"))
}

/// The same, of a request that says in its body which page it wants.
pub(super) fn page_at(
    list: &str,
    items: Vec<(String, Value)>,
    limit: Option<usize>,
    token: Option<String>,
) -> Result<Value, AwsError> {
    let invalid = |message: &str| AwsError::new("InvalidParameterException", 400, message);
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(invalid("maxResults is a number from 1 to 100"));
    }
    let token = token.filter(|token| !token.is_empty());
    page_of(list, items, limit, token.as_deref())
        .ok_or_else(|| invalid("nextToken is not one that an earlier answer gave"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
