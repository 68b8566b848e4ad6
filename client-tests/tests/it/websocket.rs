//! Watches over WebSocket: fabric8's client for Java, whose informers know no other way; the frames as websocket-client
//! for Python sees them; and clients that misbehave.

use std::io::Write;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;
use serde_json::Value;
use serde_json::json;

use crate::abuse::Connection;
use crate::abuse::open;
use crate::abuse::still_serves;
use crate::scenarios::path_with;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// The most that a client may say.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// Watches whose clients never read.
const DEAF: usize = 5;
/// Changes that those do not read: 6 MB for each, more than a socket holds.
const CHANGES: usize = 12;

fn token(simulator: &Simulator, profile: &str) -> String {
    let words = format!("token --cluster-name my-cluster --token-only --profile {profile}");
    simulator.own(&words).good().trim().to_owned()
}

/// Watches of the audit log: path, status and stage.
fn audited_watches(simulator: &Simulator) -> Vec<(String, u64, String)> {
    let printed = simulator.own("ctl events --audit").good();
    let events = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    events
        .filter(|event| event["verb"] == "watch")
        .filter_map(|event| {
            let code = event.pointer("/responseStatus/code")?.as_u64()?;
            Some((text(&event, "requestURI"), code, text(&event, "stage")))
        })
        .collect()
}

/// Lets fabric8 tell its story.
#[track_caller]
fn fabric8(test: &str, client: Client) {
    let Some(found) = need(test, &[client, Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let mut story = simulator.command("java");
    story
        .arg("-cp")
        .arg(found[0].join("*"))
        .arg(source("java/fabric8/Fabric8.java"));
    let output = Simulator::run_command(story.env("PATH", path_with(&found))).good();
    let told: Value = serde_json::from_str(&output).unwrap();
    let wanted = json!({
        "user": "testuser",
        "names": ["kube-root-ca.crt"],
        "watched": ["ADDED settings 1", "MODIFIED settings 2", "DELETED settings 2"],
        "informed": ["onAdd settings 1", "onUpdate settings 2", "onDelete settings 2"],
        "refused": {"code": 401, "reason": "Unauthorized", "message": "Unauthorized"},
        // Of a handshake the client tells the status line.
        "watch refused": {"code": 401, "reason": null, "message": "Unauthorized"},
        "mapped": "reader",
        "allowed": {"a": "1"},
        "watch allowed": ["ADDED left 1"],
        "forbidden": {
            "code": 403,
            "reason": "Forbidden",
            "message": "secrets is forbidden: User \"reader\" cannot list resource \"secrets\" in API group \"\" in the \
                        namespace \"story\"",
        },
        "watch forbidden": {"code": 403, "reason": null, "message": "Forbidden"},
    });
    assert_eq!(told, wanted);
    // It has not fallen back to plain HTTP.
    let watches = audited_watches(&simulator);
    let mut codes: Vec<u64> = watches.iter().map(|(_, code, _)| *code).collect();
    codes.dedup();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes, [101, 401, 403], "{watches:?}");
}

#[test]
fn fabric8_tells_the_story() {
    fabric8("fabric8_tells_the_story", Client::Fabric8);
}

#[test]
fn an_earlier_fabric8_tells_the_story() {
    fabric8("an_earlier_fabric8_tells_the_story", Client::Fabric8Earlier);
}

#[test]
fn the_client_for_python_sees_the_frames() {
    let Some(found) = need("the_client_for_python_sees_the_frames", &[Client::Boto3]) else {
        return;
    };
    let simulator = Simulator::start();
    let mut story = simulator.command(&found[0]);
    story
        .arg(source("python/websocket_story.py"))
        .arg(simulator.ready("/env/EKS_AUTH_SIM_READY_FILE"))
        .args(["creator", "admin-test-role"].map(|profile| token(&simulator, profile)));
    let told: Value = serde_json::from_str(&Simulator::run_command(&mut story).good()).unwrap();
    let second = json!(["text", "ADDED", "ConfigMap", "second"]);
    let wanted = json!({
        "changes": [
            ["text", "ADDED", "ConfigMap", "first"],
            ["pong", "here?"],
            ["text", "MODIFIED", "ConfigMap", "first"],
            ["text", "DELETED", "ConfigMap", "first"],
            1001,
        ],
        "initial": [second, ["text", "BOOKMARK", "ConfigMap", null]],
        "table": [["text", "ADDED", "Table", null], ["Name", "Data", "Age"], ["second", 1]],
        "metadata": [["text", "ADDED", "PartialObjectMetadata", "second"], ["apiVersion", "kind", "metadata"]],
        "time": 1000,
        "protocols": {
            "one": ["base64.channel.k8s.io", second],
            "token": ["base64.binary.k8s.io", second],
            "both": ["binary.k8s.io", second],
            "two": [400, ""],
            "alone": [401, "Unauthorized"],
            "twice": [401, "Unauthorized"],
            "unmapped": [401, "Unauthorized"],
        },
        "refused": {
            "nobody": [401, "Unauthorized"],
            "unmapped": [401, "Unauthorized"],
            "forbidden": [
                403,
                "secrets is forbidden: User \"jane\" cannot watch resource \"secrets\" in API group \"\" at the cluster scope",
            ],
            "version": [
                400,
                "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax",
            ],
            "match": [
                422,
                "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is \
                 forbidden for watch unless sendInitialEvents is provided",
            ],
            "missing": [404, "404 page not found\n"],
            "origin": [403, ""],
            "draft": [400, "missing or bad WebSocket Version"],
            "list": [200, "ConfigMapList"],
            "exec": [501, "eks-auth-sim runs no kubelet, so that nothing answers for pods/exec"],
        },
    });
    assert_eq!(told, wanted);
    // As of kube-apiserver, which has given the connection away before it looks at the handshake.
    let watches = audited_watches(&simulator);
    let of = |query: &str| -> Vec<(u64, &str)> {
        let found = watches.iter().filter(|(uri, _, _)| uri.ends_with(query));
        found.map(|(_, code, stage)| (*code, stage.as_str())).collect()
    };
    let long = [(101, "ResponseStarted"), (101, "ResponseComplete")];
    assert_eq!(of("watch=1&timeoutSeconds=1&resourceVersion=999999999"), long);
    assert_eq!(of("resourceVersion=x"), [(400, "ResponseComplete")]);
    let plain = of("configmaps?watch=1");
    let refused = plain
        .iter()
        .filter(|(code, stage)| (*code, *stage) == (401, "ResponseStarted"));
    assert_eq!(refused.count(), 5, "{plain:?}");
    // Two protocols, no origin, an old version of the protocol.
    let begun = plain.iter().filter(|event| **event == long[0]);
    assert_eq!(begun.count(), 3, "{plain:?}");
}

/// A request for a WebSocket, whose first line is given.
fn handshake(line: &str, token: &str) -> String {
    format!(
        "{line}\r\nHost: x\r\nAuthorization: Bearer {token}\r\nOrigin: https://x\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A watch over WebSocket with a client made by hand.
struct Watch(Box<dyn Connection>);

impl Watch {
    #[track_caller]
    fn begin(simulator: &Simulator, token: &str, query: &str) -> Self {
        let mut connection = open(simulator, true);
        let head = handshake(&format!("GET {MAPS}?watch=true{query} HTTP/1.1"), token);
        connection.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            connection.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let answer = String::from_utf8(answer).unwrap().to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 101 switching protocols\r\n"), "{answer}");
        Self(connection)
    }

    /// The first byte and the payload of the next frame.
    #[track_caller]
    fn next(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).unwrap();
                u64::from(u16::from_be_bytes(length))
            }
            127 => {
                let mut length = [0; 8];
                self.0.read_exact(&mut length).unwrap();
                u64::from_be_bytes(length)
            }
            length => u64::from(length),
        };
        let mut payload = vec![0; length.try_into().unwrap()];
        self.0.read_exact(&mut payload).unwrap();
        (head[0], payload)
    }

    /// The status of the close frame that is the next one; nothing where the connection just ends.
    fn end(mut self) -> Option<u16> {
        let mut rest = Vec::new();
        // What is unread when a connection ends may have it end hard.
        let _ = self.0.read_to_end(&mut rest);
        match rest.as_slice() {
            [0x88, 2, status @ ..] => Some(u16::from_be_bytes(status.try_into().ok()?)),
            _ => None,
        }
    }
}

/// The head of a frame of a client, with a mask that changes nothing.
fn head(first: u8, length: usize) -> Vec<u8> {
    [&[first, 0xff][..], &(length as u64).to_be_bytes(), &[0; 4]].concat()
}

#[test]
fn what_is_forgotten_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let start = || Simulator::start_with(&["--state-dir", state.to_str().unwrap()]);
    let first = start();
    assert_eq!(first.stop(), Some(0));
    let simulator = start();
    let mut watch = Watch::begin(&simulator, &token(&simulator, "creator"), "&resourceVersion=1");
    let (first, payload) = watch.next();
    let event: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!((first, &event["type"]), (0x81, &json!("ERROR")));
    assert_eq!(event["object"]["code"], 410);
    assert_eq!(event["object"]["reason"], "Expired");
    assert_eq!(watch.end(), Some(1000));
}

#[test]
fn a_watch_ends_with_its_cluster_and_with_the_simulator() {
    let Some(aws) = need("a_watch_ends_with_its_cluster_and_with_the_simulator", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let watch = Watch::begin(&simulator, &token(&simulator, "creator"), "&resourceVersion=999999999");
    let eks = |words: &str| simulator.run(&aws[0], &format!("eks {words}"), Some("creator")).good();
    let nodes = eks("list-nodegroups --cluster-name my-cluster --query nodegroups --output text");
    for nodes in nodes.split_whitespace() {
        eks(&format!(
            "delete-nodegroup --cluster-name my-cluster --nodegroup-name {nodes}"
        ));
    }
    eks("delete-cluster --name my-cluster");
    assert_eq!(watch.end(), Some(1000));

    let simulator = Simulator::start();
    let _watch = Watch::begin(&simulator, &token(&simulator, "creator"), "");
    assert_eq!(simulator.stop(), Some(0));
}

#[test]
fn clients_of_watches_that_misbehave_do_no_harm() {
    let simulator = Simulator::start();
    let token = token(&simulator, "creator");
    let begin = |query: &str| Watch::begin(&simulator, &token, query);
    let quiet = "&resourceVersion=999999999";
    let handshake = |line: &str| {
        let request = handshake(line, &token).into_bytes();
        crate::abuse::status(&mut *open(&simulator, true), [request].into_iter())
    };
    let target = format!("{MAPS}?watch=1");
    assert_eq!(handshake(&format!("GET {target} HTTP/1.0")), "HTTP/1.0 400 Bad Request");
    assert_eq!(
        handshake(&format!("HEAD {target} HTTP/1.1")),
        "HTTP/1.1 405 Method Not Allowed"
    );
    for (sent, wanted) in [
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 1002),
        (vec![0xff; 4096], 1002),
        (head(0x81, MESSAGE_LIMIT + 1), 1009),
        (head(0x82, usize::MAX >> 1), 1009),
        // Pieces without end.
        (
            [
                head(0x01, MESSAGE_LIMIT),
                vec![b'a'; MESSAGE_LIMIT],
                head(0x00, 1),
                vec![b'a'],
            ]
            .concat(),
            1009,
        ),
        ([head(0x81, 1), vec![0xff]].concat(), 1007),
    ] {
        let shown: Vec<u8> = sent.iter().copied().take(8).collect();
        let mut watch = begin(quiet);
        watch.0.write_all(&sent).unwrap();
        watch.0.flush().unwrap();
        assert_eq!(watch.end(), Some(wanted), "{shown:?}");
    }
    // Some go in the middle of a frame, some never read what they are told.
    for _ in 0..DEAF {
        let mut watch = begin(quiet);
        watch.0.write_all(&head(0x81, MESSAGE_LIMIT)).unwrap();
    }
    let deaf: Vec<Watch> = (0..DEAF).map(|_| begin("")).collect();
    let mut hearing = begin("");
    assert!(
        String::from_utf8(hearing.next().1)
            .unwrap()
            .contains("kube-root-ca.crt")
    );
    let big = "b".repeat(500_000);
    for round in 0..CHANGES {
        let body = json!({"metadata": {"name": format!("big-{round}")}, "data": {"a": big}}).to_string();
        let request = format!(
            "POST {MAPS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = crate::abuse::status(&mut *open(&simulator, true), [request.into_bytes()].into_iter());
        assert_eq!(answer, "HTTP/1.1 201 Created");
        let (_, payload) = hearing.next();
        let event: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(event["object"]["metadata"]["name"], format!("big-{round}"));
    }
    still_serves(&simulator);
    assert_eq!(deaf.len(), DEAF);
}
