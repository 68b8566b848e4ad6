//! CloudWatch Logs through the AWS CLI: the article's queries, and what the log group of a cluster holds.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;
use serde_json::json;

const GROUP: &str = "/aws/eks/my-cluster/cluster";
/// The article's query for the entities that the creator's mapping lets in.
const CREATORS: &str = r#"fields @logstream, @timestamp, @message| sort @timestamp desc | filter @logStream like /authenticator/ | filter @message like "username=kubernetes-admin" | limit 50"#;
/// The article's query for what the authenticator says.
const AUTHENTICATOR: &str =
    "fields @timestamp, @message| filter @logStream like /authenticator/ | sort @timestamp desc | limit 1000";

/// The AWS CLI with these arguments, and its answer.
fn aws(simulator: &Simulator, aws: &Path, arguments: &[&str]) -> Value {
    let mut command = simulator.command(aws);
    let answer = Simulator::run_command(command.arg("logs").args(arguments)).good();
    serde_json::from_str(&answer).unwrap_or_default()
}

fn complaint(simulator: &Simulator, aws: &Path, arguments: &[&str]) -> String {
    let mut command = simulator.command(aws);
    Simulator::run_command(command.arg("logs").args(arguments)).complaint()
}

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the simulator under test has the machine's clock, and queries want a range of it"
)]
fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}

/// What a query finds in the last hour, each row by its fields.
fn query(simulator: &Simulator, program: &Path, text: &str) -> Vec<Value> {
    let (start, end) = (now() / 1000 - 3600, now() / 1000 + 60);
    let started = aws(
        simulator,
        program,
        &[
            "start-query",
            "--log-group-name",
            GROUP,
            "--start-time",
            &start.to_string(),
            "--end-time",
            &end.to_string(),
            "--query-string",
            text,
        ],
    );
    let id = started["queryId"].as_str().unwrap();
    let results = aws(simulator, program, &["get-query-results", "--query-id", id]);
    assert_eq!(results["status"], "Complete");
    let rows = results["results"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let cells = row.as_array().unwrap().iter();
            cells
                .map(|cell| (cell["field"].as_str().unwrap().to_owned(), cell["value"].clone()))
                .collect()
        })
        .collect()
}

fn texts<'a>(rows: &'a [Value], field: &str) -> Vec<&'a str> {
    rows.iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[test]
fn the_articles_queries_find_what_kubectl_just_did() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("the_articles_queries_find_what_kubectl_just_did", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    let (aws, kubectl) = (&clients[0], &clients[1]);
    assert_eq!(query(&simulator, aws, CREATORS), Vec::<Value>::new());
    let _ = simulator.run(kubectl, "get svc", Some("creator")).good();
    let _ = simulator.run(kubectl, "get svc", None).good();
    let refused = simulator.run(kubectl, "get svc", Some("admin-test-role"));
    assert!(refused.complaint().contains("Unauthorized"));

    let log = simulator.log();
    let creators = query(&simulator, aws, CREATORS);
    assert_eq!(creators.len(), 1);
    let granted = creators[0]["@message"].as_str().unwrap();
    assert!(log.iter().any(|line| line == granted), "{granted}");
    assert!(granted.contains(r#"arn="arn:aws:iam::111122223333:user/creator""#));
    let fields: Vec<&String> = creators[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["@logstream", "@message", "@ptr", "@timestamp"]);
    let stream = creators[0]["@logstream"].as_str().unwrap();
    assert_eq!((stream.len(), &stream[..14]), (46, "authenticator-"));

    let said = query(&simulator, aws, AUTHENTICATOR);
    let mut said = texts(&said, "@message");
    said.reverse();
    assert_eq!(said, log);
    assert!(said.last().unwrap().contains(r#"error="identity is not mapped""#));
}

#[test]
fn the_audit_log_tells_who_was_let_in_and_who_was_not() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("the_audit_log_tells_who_was_let_in_and_who_was_not", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    let (program, kubectl) = (&clients[0], &clients[1]);
    let _ = simulator.run(kubectl, "get svc --request-timeout 20s", None).good();
    for _ in 0..2 {
        let refused = simulator.run(kubectl, "get pods", Some("admin-test-role"));
        assert!(refused.complaint().contains("Unauthorized"));
    }
    let rows = query(
        &simulator,
        program,
        "fields @timestamp, user.username | filter @logStream like /audit/ and responseStatus.code = 401 and objectRef.resource = 'pods'
         | stats count(*) as refused by requestURI, verb, stage",
    );
    assert_eq!(
        rows,
        [json!({
            "requestURI": "/api/v1/namespaces/default/pods?limit=500",
            "verb": "list",
            "stage": "ResponseStarted",
            "refused": "2",
        })]
    );
    let rows = query(
        &simulator,
        program,
        "filter objectRef.resource = 'services' | fields user.username, responseStatus.code, annotations.authorization.k8s.io/decision, level",
    );
    assert_eq!(texts(&rows, "user.username"), ["testuser"]);
    assert_eq!(texts(&rows, "responseStatus.code"), ["200"]);

    let page = aws(
        &simulator,
        program,
        &[
            "filter-log-events",
            "--log-group-name",
            GROUP,
            "--filter-pattern",
            r#"{ $.responseStatus.code = 401 && $.verb = "list" }"#,
        ],
    );
    let events = page["events"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    let event: Value = serde_json::from_str(events[0]["message"].as_str().unwrap()).unwrap();
    assert_eq!(event["user"], json!({}));
    assert_eq!(event["responseStatus"]["message"], "Unauthorized");
    let page = aws(
        &simulator,
        program,
        &[
            "filter-log-events",
            "--log-group-name",
            GROUP,
            "--log-stream-name-prefix",
            "kube-apiserver-",
            "--filter-pattern",
            r#""Unable to authenticate the request""#,
        ],
    );
    // One for each token that the authenticator refused; kubectl also asks for /version, which is not audited.
    let lines = page["events"].as_array().unwrap();
    let log = simulator.log();
    let denied = log.iter().filter(|line| line.contains("access denied"));
    assert_eq!(lines.len(), denied.count());
    assert!(lines[0]["message"].as_str().unwrap().starts_with('E'));

    // What a record says of an event is what its message says.
    let rows = query(
        &simulator,
        program,
        "filter responseStatus.code = 401 | fields auditID | limit 1",
    );
    let pointer = rows[0]["@ptr"].as_str().unwrap();
    let record = aws(
        &simulator,
        program,
        &["get-log-record", "--log-record-pointer", pointer],
    );
    assert_eq!(record["logRecord"]["auditID"], rows[0]["auditID"]);
}

#[test]
fn logs_stop_where_they_are_switched_off() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("logs_stop_where_they_are_switched_off", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    let (aws, kubectl) = (&clients[0], &clients[1]);
    let mut command = simulator.command(aws);
    command.args([
        "eks",
        "update-cluster-config",
        "--name",
        "my-cluster",
        "--logging",
        r#"{"clusterLogging":[{"types":["audit"],"enabled":false}]}"#,
    ]);
    let _ = Simulator::run_command(&mut command).good();
    let _ = simulator.run(kubectl, "get svc", None).good();
    let count = |text: &str| query(&simulator, aws, text).len();
    assert_eq!(count("filter @logStream like /audit/"), 0);
    assert_eq!(count("filter @message like /access granted/"), 1);
}

#[test]
fn groups_streams_and_events_are_made_and_read() {
    let Some(clients) = need("groups_streams_and_events_are_made_and_read", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |arguments: &[&str]| aws(&simulator, &clients[0], arguments);
    let complaint = |arguments: &[&str]| complaint(&simulator, &clients[0], arguments);
    let group = ["--log-group-name", "g"];
    let stream = ["--log-group-name", "g", "--log-stream-name", "s"];
    let with = |name: &'static str, fixed: &[&'static str], more: &[&'static str]| [&[name], fixed, more].concat();

    assert_eq!(
        complaint(&with("get-log-events", &stream, &[])),
        "An error occurred (ResourceNotFoundException) when calling the GetLogEvents operation: The specified log group does not exist."
    );
    aws(&with("create-log-group", &group, &["--tags", "a=b"]));
    assert_eq!(
        complaint(&with("create-log-group", &group, &[])),
        "An error occurred (ResourceAlreadyExistsException) when calling the CreateLogGroup operation: The specified log group already exists"
    );
    aws(&with("create-log-stream", &stream, &[]));
    aws(&with("put-retention-policy", &group, &["--retention-in-days", "7"]));
    let groups = aws(&["describe-log-groups", "--log-group-name-prefix", "g"]);
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
    let names = aws(&["describe-log-groups", "--query", "logGroups[].logGroupName"]);
    assert_eq!(names, json!([GROUP, "g"]));
    let tags = aws(&with("list-tags-log-group", &group, &[]));
    assert_eq!(tags, json!({"tags": {"a": "b"}}));

    let events: Vec<Value> = (0..5_u64)
        .map(|at| json!({"timestamp": now() as u64 - 5 + at, "message": format!("message {at}")}))
        .collect();
    let events = json!(events).to_string();
    let put = aws(&[&["put-log-events"][..], &stream, &["--log-events", &events]].concat());
    assert!(put["rejectedLogEventsInfo"].is_null());
    let old = r#"[{"timestamp":1,"message":"x"}]"#;
    let put = aws(&with("put-log-events", &stream, &["--log-events", old]));
    assert_eq!(
        put["rejectedLogEventsInfo"],
        json!({"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 1})
    );

    let messages = |page: &Value| -> Vec<String> {
        let events = page["events"].as_array().unwrap().iter();
        events
            .map(|event| event["message"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut seen = Vec::new();
    let mut page = aws(&with("get-log-events", &stream, &["--limit", "2", "--start-from-head"]));
    loop {
        seen.extend(messages(&page));
        let token = page["nextForwardToken"].as_str().unwrap().to_owned();
        let more = ["--limit", "2", "--start-from-head", "--next-token", &token];
        page = aws(&[&["get-log-events"][..], &stream, &more].concat());
        if page["nextForwardToken"] == token.as_str() {
            break;
        }
    }
    assert_eq!(seen, ["message 0", "message 1", "message 2", "message 3", "message 4"]);
    let tail = aws(&with("get-log-events", &stream, &["--limit", "2"]));
    assert_eq!(messages(&tail), ["message 3", "message 4"]);
    // The CLI follows nextToken by itself.
    let all = aws(&with(
        "filter-log-events",
        &group,
        &["--page-size", "2", "--filter-pattern", "message -3"],
    ));
    assert_eq!(messages(&all), ["message 0", "message 1", "message 2", "message 4"]);

    aws(&with("delete-log-stream", &stream, &[]));
    assert_eq!(
        complaint(&with("delete-log-stream", &stream, &[])),
        "An error occurred (ResourceNotFoundException) when calling the DeleteLogStream operation: The specified log stream does not exist."
    );
    aws(&with("delete-log-group", &group, &[]));
}

#[test]
fn queries_that_cannot_be_run_are_refused() {
    let Some(clients) = need("queries_that_cannot_be_run_are_refused", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let start = |group: &str, text: &str| {
        let range = ["--start-time", "1", "--end-time", "2"];
        let arguments = ["start-query", "--log-group-name", group, "--query-string", text];
        complaint(&simulator, &clients[0], &[&arguments[..], &range].concat())
    };
    let malformed = start(GROUP, "fields @message | nonsense");
    let wanted = "An error occurred (MalformedQueryException) when calling the StartQuery operation: ";
    assert!(malformed.starts_with(wanted), "{malformed}");
    assert_eq!(
        start("nowhere", "fields @message"),
        "An error occurred (ResourceNotFoundException) when calling the StartQuery operation: The specified log group does not exist."
    );
    let id = ["stop-query", "--query-id", "6f1b4f6c-0000-4000-8000-000000000000"];
    let unknown = complaint(&simulator, &clients[0], &id);
    assert!(unknown.contains("(ResourceNotFoundException)"), "{unknown}");
}

#[test]
fn a_live_tail_tells_what_comes() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("a_live_tail_tells_what_comes", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    let group = format!("arn:aws:logs:us-west-2:111122223333:log-group:{GROUP}");
    let mut command = simulator.command(&clients[0]);
    command
        .args(["logs", "start-live-tail", "--log-group-identifiers", &group])
        .args(["--log-event-filter-pattern", r#""access granted""#])
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped());
    let mut tail = command.spawn().unwrap();
    let output = BufReader::new(tail.stdout.take().unwrap());
    let (sender, lines) = mpsc::channel();
    let reader = thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    // The session begins some time after the client does; each call after that is told.
    let told = (0..20).find_map(|_| {
        let _ = simulator.run(&clients[1], "get svc", Some("creator")).good();
        lines.recv_timeout(Duration::from_secs(2)).ok()
    });
    tail.kill().unwrap();
    tail.wait().unwrap();
    drop(lines);
    reader.join().unwrap();
    let told = told.unwrap();
    assert!(simulator.log().contains(&told), "{told}");
    assert!(told.contains(r#"msg="access granted""#), "{told}");
}
