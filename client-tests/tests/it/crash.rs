//! `kill -9` in the middle of writes: with a state directory nothing that was acknowledged is lost.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use client_tests::Simulator;
use eks_auth_core::iam::SecretKey;
use eks_auth_core::instant::Timestamp;
use eks_auth_core::sigv4::SignedRequest;
use eks_auth_core::sigv4::Signer;
use rustls::StreamOwned;
use serde_json::Value;
use serde_json::json;

/// How often the simulator is killed; `CRASH_ROUNDS` asks for more.
const ROUNDS: u64 = 12;

/// Who writes, and how.
struct Writer {
    access_key_id: String,
    secret: SecretKey,
    token: String,
}

impl Writer {
    /// As the cluster's creator.
    fn new(simulator: &Simulator) -> Self {
        let credentials = fs::read_to_string(simulator.ready("/env/AWS_SHARED_CREDENTIALS_FILE")).unwrap();
        let (_, creator) = credentials.split_once("[creator]").unwrap();
        let value = |name: &str| {
            let line = creator.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once('=').unwrap().1.trim().to_owned()
        };
        let token = simulator
            .own("token --cluster-name my-cluster --token-only --profile creator")
            .good();
        Self {
            access_key_id: value("aws_access_key_id"),
            secret: SecretKey::new(value("aws_secret_access_key")),
            token: token.trim().to_owned(),
        }
    }

    /// The status and body of an IAM call; nothing where the connection ended.
    fn iam(&self, simulator: &Simulator, form: &str) -> Option<(u16, String)> {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        self.aws(simulator, "iam", "us-east-1", &[kind], form)
    }

    /// The same of CloudWatch Logs.
    fn logs(&self, simulator: &Simulator, operation: &str, body: &Value) -> Option<(u16, String)> {
        let target = format!("Logs_20140328.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &*target),
        ];
        self.aws(simulator, "logs", "us-west-2", &headers, &body.to_string())
    }

    fn aws(
        &self,
        simulator: &Simulator,
        service: &str,
        region: &str,
        more: &[(&str, &str)],
        body: &str,
    ) -> Option<(u16, String)> {
        let host = simulator.ready("/aws_endpoint").trim_start_matches("http://");
        let mut headers: Vec<(String, String)> = [("host", host)]
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret: &self.secret,
            session_token: None,
            region,
            service,
            now: now(),
        };
        headers.extend(signer.sign_header(&SignedRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        }));
        let mut connection = simulator.try_connect("/aws_endpoint")?;
        exchange(&mut connection, "POST", "/", &headers, body)
    }

    /// The same of the Kubernetes API.
    fn kubernetes(&self, simulator: &Simulator, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let stream = simulator.try_connect("/clusters/0/endpoint")?;
        let headers = [
            ("host".to_owned(), "127.0.0.1".to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {}", self.token)),
        ];
        exchange(
            &mut StreamOwned::new(simulator.tls("127.0.0.1"), stream),
            method,
            path,
            &headers,
            body,
        )
    }

    /// Whether a write of that kind was acknowledged.
    fn write(&self, simulator: &Simulator, kind: Kind, round: u64, name: &str) -> bool {
        match kind {
            Kind::User => {
                let form = format!("Action=CreateUser&Version=2010-05-08&UserName={name}");
                matches!(self.iam(simulator, &form), Some((200, _)))
            }
            Kind::ConfigMap => {
                let body = format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}"#);
                matches!(self.kubernetes(simulator, "POST", CONFIG_MAPS, &body), Some((201, _)))
            }
            Kind::LogEvent => {
                let event = json!({"timestamp": now().unix_millis(), "message": name});
                let body = json!({"logGroupName": GROUP, "logStreamName": stream(round), "logEvents": [event]});
                matches!(self.logs(simulator, "PutLogEvents", &body), Some((200, _)))
            }
        }
    }

    /// That what was acknowledged in a round is there.
    fn check(&self, simulator: &Simulator, kind: Kind, round: u64, names: &[String]) {
        match kind {
            Kind::User => {
                for name in names {
                    let form = format!("Action=GetUser&Version=2010-05-08&UserName={name}");
                    assert_eq!(self.iam(simulator, &form).unwrap().0, 200, "{name}");
                }
            }
            Kind::ConfigMap => {
                let (_, list) = self.kubernetes(simulator, "GET", CONFIG_MAPS, "").unwrap();
                for name in names {
                    assert!(list.contains(&format!(r#""name":"{name}""#)), "{name}");
                }
            }
            Kind::LogEvent => {
                let body = json!({"logGroupName": GROUP, "logStreamName": stream(round), "startFromHead": true});
                let (_, answer) = self.logs(simulator, "GetLogEvents", &body).unwrap();
                let answer: Value = serde_json::from_str(&answer).unwrap();
                let events = answer["events"].as_array().unwrap();
                let found: Vec<&str> = events.iter().map(|event| event["message"].as_str().unwrap()).collect();
                // The last one may be there though nobody was told.
                assert!(
                    found.starts_with(&names.iter().map(String::as_str).collect::<Vec<_>>()),
                    "{found:?}"
                );
                assert!(found.len() <= names.len() + 1, "{found:?}");
                let (_, groups) = self.logs(simulator, "DescribeLogGroups", &json!({})).unwrap();
                assert!(groups.contains(r#""retentionInDays":7"#), "{groups}");
            }
        }
    }

    /// Makes the group once, and the stream of a round.
    fn prepare(&self, simulator: &Simulator, round: u64) {
        let good = |operation: &str, body: &Value| {
            let (status, answer) = self.logs(simulator, operation, body).unwrap();
            assert_eq!(status, 200, "{answer}");
        };
        if round == 0 {
            good("CreateLogGroup", &json!({"logGroupName": GROUP}));
            good(
                "PutRetentionPolicy",
                &json!({"logGroupName": GROUP, "retentionInDays": 7}),
            );
        }
        good(
            "CreateLogStream",
            &json!({"logGroupName": GROUP, "logStreamName": stream(round)}),
        );
    }
}

/// What is written.
#[derive(Clone, Copy, Debug)]
enum Kind {
    User,
    ConfigMap,
    LogEvent,
}

const KINDS: [Kind; 3] = [Kind::User, Kind::ConfigMap, Kind::LogEvent];
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const GROUP: &str = "/crash";

fn stream(round: u64) -> String {
    format!("round/{round}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a signature is good for minutes of the machine's time"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix_millis(i64::try_from(since.as_millis()).unwrap())
}

/// One request on a connection of its own; nothing where no whole answer came.
fn exchange(
    connection: &mut (impl Read + Write),
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: &str,
) -> Option<(u16, String)> {
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!(
        "content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ));
    connection.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // A server that closes TLS without a word ends the answer as well.
    let _ = connection.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_once("\r\n\r\n")?.1.to_owned()))
}

fn start(state: &Path) -> Simulator {
    Simulator::start_with(&["--state-dir", state.to_str().unwrap()])
}

#[test]
fn no_acknowledged_write_is_lost_to_kill_9() {
    let rounds = std::env::var("CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut simulator = Arc::new(start(&state));
    let endpoint = simulator.ready("/clusters/0/endpoint").to_owned();
    let kubeconfig = fs::read_to_string(simulator.ready("/clusters/0/kubeconfig")).unwrap();
    let mut acknowledged = [0; KINDS.len()];
    for round in 0..rounds {
        let writer = Arc::new(Writer::new(&simulator));
        writer.prepare(&simulator, round);
        let threads = KINDS.map(|kind| {
            let (simulator, writer) = (Arc::clone(&simulator), Arc::clone(&writer));
            thread::spawn(move || {
                let mut written = Vec::new();
                loop {
                    let name = format!("crash-{round}-{}", written.len());
                    if !writer.write(&simulator, kind, round, &name) {
                        return written;
                    }
                    written.push(name);
                }
            })
        });
        // Any moment will do: what is asked for is that none is bad.
        thread::sleep(Duration::from_millis(5 + round * 37 % 120));
        simulator.kill();
        let written = threads.map(|thread| thread.join().unwrap());
        simulator = Arc::new(start(&state));
        assert_eq!(simulator.ready("/clusters/0/endpoint"), endpoint);
        assert_eq!(
            fs::read_to_string(simulator.ready("/clusters/0/kubeconfig")).unwrap(),
            kubeconfig
        );
        for ((kind, names), count) in KINDS.into_iter().zip(&written).zip(&mut acknowledged) {
            writer.check(&simulator, kind, round, names);
            *count += names.len();
        }
    }
    assert!(acknowledged.iter().all(|count| *count > 0), "{acknowledged:?}");
    eprintln!("{acknowledged:?} writes were acknowledged in {rounds} rounds");
}

#[test]
fn logs_that_the_simulator_writes_are_there_after_a_clean_end_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = start(folder.path());
    let writer = Writer::new(&simulator);
    let lines = |simulator: &Simulator| -> Vec<(String, String)> {
        let body = json!({"logGroupName": "/aws/eks/my-cluster/cluster", "limit": 10_000});
        let (_, answer) = writer.logs(simulator, "FilterLogEvents", &body).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let events = answer["events"].as_array().unwrap().iter();
        events
            .map(|event| (text(event, "eventId"), text(event, "message")))
            .collect()
    };
    for _ in 0..3 {
        writer.kubernetes(&simulator, "GET", CONFIG_MAPS, "").unwrap();
    }
    let before = lines(&simulator);
    assert!(
        before.iter().any(|(_, line)| line.contains("access granted")),
        "{before:?}"
    );
    assert_eq!(simulator.stop(), Some(0));
    let simulator = start(folder.path());
    assert_eq!(lines(&simulator), before);
    writer.kubernetes(&simulator, "GET", CONFIG_MAPS, "").unwrap();
    let after = lines(&simulator);
    assert_eq!(after[..before.len()], before);
    assert!(after.len() > before.len());
    let ids: std::collections::BTreeSet<_> = after.iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), after.len(), "an id was given twice");
}

#[test]
fn a_frozen_clock_is_frozen_after_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut simulator = start(folder.path());
    for (words, shown) in [
        ("freeze 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("advance -5s", "2026-01-02T03:04:00Z"),
    ] {
        let _ = simulator.own(&format!("ctl clock {words}")).good();
        simulator.kill();
        simulator = start(folder.path());
        let clock = simulator.own("ctl clock").good();
        assert!(clock.starts_with(shown) && clock.contains("frozen"), "{clock}");
    }
}

#[test]
fn a_state_directory_has_one_simulator_and_one_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap().to_owned();
    let simulator = start(folder.path());
    let complaint = simulator.own(&format!("serve --state-dir {state}")).complaint();
    assert_eq!(
        complaint,
        format!("eks-auth-sim: another eks-auth-sim uses the state directory `{state}`")
    );
    simulator.kill();
    let arguments = format!("serve --state-dir {state} --scenario wrong-profile");
    let complaint = simulator.own(&arguments).complaint();
    assert!(complaint.contains("was made from another scenario"), "{complaint}");
}
