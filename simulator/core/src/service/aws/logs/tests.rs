//! Calls over the endpoint's handler: what is refused, and with which words.

use serde_json::Value;
use serde_json::json;

use crate::scenario;
use crate::service::aws::testing::Key;
use crate::service::aws::testing::Unsigned;
use crate::service::http::Delivery;
use crate::service::http::Response;
use crate::service::stream::Step;
use crate::service::testing::State;
use crate::value::instant::Timestamp;

const GROUP: &str = "/aws/eks/my-cluster/cluster";
const NOW_MS: i64 = 1_795_481_097_836;

fn state() -> (State, Vec<scenario::Profile>) {
    let now = Timestamp::from_unix_millis(NOW_MS);
    let staging = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap();
    let state = State::new(staging.world, now);
    (state, staging.profiles)
}

fn send(state: &State, profiles: &[scenario::Profile], operation: &str, body: &Value) -> Response {
    let headers = [
        ("x-amz-target", format!("Logs_20140328.{operation}")),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
    ];
    let unsigned = Unsigned {
        headers: &headers,
        ..Unsigned::post(body.to_string().into_bytes())
    };
    Key::of(&profiles[0]).call(state, ("logs", "us-west-2"), unsigned)
}

/// Status and body of a call.
fn call(operation: &str, body: &Value) -> (u16, Value) {
    let (state, profiles) = state();
    let response = send(&state, &profiles, operation, body);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

#[track_caller]
fn refused(operation: &str, body: Value, code: &str, message: &str) {
    let wanted = json!({"__type": code, "message": message});
    assert_eq!(call(operation, &body), (400, wanted), "{operation} {body}");
}

#[test]
fn what_the_model_does_not_allow_is_refused_in_its_words() {
    let invalid = "InvalidParameterException";
    let failed = |value: &str, member: &str, constraint: &str| {
        format!(
            "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {constraint}"
        )
    };
    for (operation, body, message) in [
        (
            "CreateLogGroup",
            json!({"logGroupName": "a b"}),
            failed(
                "'a b'",
                "logGroupName",
                r"satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+",
            ),
        ),
        (
            "CreateLogStream",
            json!({"logGroupName": "g", "logStreamName": "a:b"}),
            failed("'a:b'", "logStreamName", "satisfy regular expression pattern: [^:*]*"),
        ),
        (
            "DeleteLogGroup",
            json!({}),
            failed("null", "logGroupName", "not be null"),
        ),
        (
            "DescribeLogGroups",
            json!({"limit": 51}),
            failed("'51'", "limit", "have value less than or equal to 50"),
        ),
        (
            "DescribeLogGroups",
            json!({"limit": -1}),
            failed("'-1'", "limit", "have value greater than or equal to 1"),
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": GROUP, "orderBy": "Size"}),
            failed(
                "'Size'",
                "orderBy",
                "satisfy enum value set: [LogStreamName, LastEventTime]",
            ),
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"}),
            "Cannot order by LastEventTime with a logStreamNamePrefix.".to_owned(),
        ),
        (
            "PutLogEvents",
            json!({"logGroupName": GROUP, "logStreamName": "s", "logEvents": []}),
            failed("'[]'", "logEvents", "have length greater than or equal to 1"),
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": GROUP, "nextToken": "?"}),
            "The specified nextToken is invalid.".to_owned(),
        ),
    ] {
        refused(operation, body, invalid, &message);
    }
    refused(
        "FilterLogEvents",
        json!({"logGroupName": "nowhere"}),
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    );
    refused("NoSuchOperation", json!({}), "UnknownOperationException", "");
    let (status, body) = call("GetLogEvents", &json!({"logGroupName": 1}));
    assert_eq!((status, &body["__type"]), (400, &json!("SerializationException")));
}

#[test]
fn a_malformed_query_says_where() {
    let body = json!({"logGroupName": GROUP, "startTime": 1, "endTime": 2, "queryString": "fields @message | limit x"});
    let (status, answer) = call("StartQuery", &body);
    assert_eq!((status, &answer["__type"]), (400, &json!("MalformedQueryException")));
    let error = &answer["queryCompileError"];
    assert_eq!(error["message"], answer["message"]);
    assert_eq!(error["location"], json!({"startCharOffset": 24, "endCharOffset": 25}));
}

#[test]
fn groups_are_named_by_arn_as_well_but_not_those_of_others() {
    let of = |arn: String| call("FilterLogEvents", &json!({"logGroupIdentifier": arn}));
    for (arn, status) in [
        (format!("arn:aws:logs:us-west-2:111122223333:log-group:{GROUP}"), 200),
        (format!("arn:aws:logs:us-west-2:111122223333:log-group:{GROUP}:*"), 200),
        (format!("arn:aws:logs:us-west-2:444455556666:log-group:{GROUP}"), 400),
        (format!("arn:aws:logs:us-east-1:111122223333:log-group:{GROUP}"), 400),
        (format!("arn:aws:s3:us-west-2:111122223333:log-group:{GROUP}"), 400),
        ("arn:".to_owned(), 400),
    ] {
        assert_eq!(of(arn.clone()).0, status, "{arn}");
    }
}

#[test]
fn a_query_looks_at_its_seconds_both_ends_inside() {
    let (state, profiles) = state();
    let send = |operation: &str, body: &Value| -> Value {
        let response = send(&state, &profiles, operation, body);
        serde_json::from_slice(&response.body).unwrap()
    };
    send("CreateLogGroup", &json!({"logGroupName": "g"}));
    send("CreateLogStream", &json!({"logGroupName": "g", "logStreamName": "s"}));
    let second = NOW_MS / 1000 - 100;
    let event = |millis: i64| json!({"timestamp": second * 1000 + millis, "message": millis.to_string()});
    let events = [-1, 0, 999, 1000, 1999, 2000].map(event);
    let body = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": events});
    assert_eq!(send("PutLogEvents", &body).get("rejectedLogEventsInfo"), None);
    let found = |start: i64, end: i64| -> Vec<String> {
        let text = "fields @message | sort @timestamp asc";
        let body = json!({"logGroupNames": ["g"], "startTime": start, "endTime": end, "queryString": text});
        let id = send("StartQuery", &body)["queryId"].clone();
        let results = send("GetQueryResults", &json!({"queryId": id}));
        let rows = results["results"].as_array().unwrap().iter();
        rows.map(|row| row[0]["value"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found(second, second), ["0", "999"]);
    assert_eq!(found(second, second + 1), ["0", "999", "1000", "1999"]);
    assert_eq!(found(second * 1000, second * 1000 + 1000), ["0", "999", "1000"]);
    let queries = send("DescribeQueries", &json!({"logGroupName": "g"}));
    assert_eq!(queries["queries"].as_array().map(Vec::len), Some(3));
    let none = send("DescribeQueries", &json!({"status": "Running"}));
    assert_eq!(none["queries"], json!([]));
}

#[test]
fn a_live_tail_begins_with_its_session() {
    let (state, profiles) = state();
    let response = send(
        &state,
        &profiles,
        "StartLiveTail",
        &json!({"logGroupIdentifiers": [GROUP]}),
    );
    assert_eq!(response.status, 200);
    let text = String::from_utf8_lossy(&response.body);
    assert!(
        text.contains("initial-response") && text.contains("sessionStart"),
        "{text}"
    );
    let Delivery::Streamed(mut tail) = response.delivery else {
        panic!("a stream");
    };
    let Step::Chunk(update) = state.step(&mut *tail) else {
        panic!("an update");
    };
    let text = String::from_utf8_lossy(&update);
    let wanted = r#"{"sessionMetadata":{"sampled":false},"sessionResults":[]}"#;
    assert!(text.contains("sessionUpdate") && text.contains(wanted), "{text}");
}
