//! The AWS SDKs: each goes by its own way, with nothing set but the variables of the simulator's environment, through the
//! same story, and tells what it saw as one JSON object.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;
use serde_json::Value;
use serde_json::json;

/// Seconds by which a time may be off that was made during the test.
const SLACK: i64 = 120;

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a real client's clock is compared with the machine's"
)]
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_secs() as i64
}

/// A program that tells the story, in the environment of `simulator`'s clients.
fn story(simulator: &Simulator, client: Client, found: &Path) -> Command {
    match client {
        Client::Boto3 => {
            let mut command = simulator.command(found);
            command.arg(source("python/story.py"));
            command
        }
        Client::JavaSdk => {
            let mut command = simulator.command("java");
            command.arg("-cp").arg(found.join("*")).arg(source("java/Story.java"));
            command
        }
        Client::NodeSdk => {
            let mut command = simulator.command("node");
            command.arg(found.join("story.mjs"));
            command
        }
        _ => simulator.command(found),
    }
}

#[track_caller]
fn check(test: &str, client: Client) {
    let Some(found) = need(test, &[client, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    // What the query of the story's end finds: one who is let in, and one who is not.
    let _ = simulator.run(&found[1], "get svc", None).good();
    let _ = simulator.run(&found[1], "get svc", Some("admin-test-role")).complaint();
    let mut granted = simulator.log();
    granted.retain(|line| line.contains("access granted"));
    assert_eq!(granted.len(), 1, "{granted:?}");
    let output = Simulator::run_command(&mut story(&simulator, client, &found[0])).good();
    let mut told: Value = serde_json::from_str(&output).unwrap();

    let age = |value: Value| now() - value.as_i64().unwrap();
    let created = age(told["entry"]["created"].take());
    assert!(created.abs() <= SLACK, "created {created} s ago");
    let expired = age(told["expiration"].take());
    assert!((expired + 900).abs() <= SLACK, "expired {expired} s ago");
    let profile = told["profile"].take();
    let session = "arn:aws:sts::111122223333:assumed-role/admin-test-role/";
    assert!(profile.as_str().unwrap().starts_with(session), "{profile}");

    let role = "arn:aws:iam::111122223333:role/admin-test-role";
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let malformed = "unexpected symbol found == at line 1 and position 7";
    let wanted = json!({
        "caller": "arn:aws:iam::111122223333:user/testuser",
        "profile": null,
        "expiration": null,
        "session": "arn:aws:sts::111122223333:assumed-role/admin-test-role/sdk",
        "cluster": {
            "name": "my-cluster",
            "status": "ACTIVE",
            "version": "1.32",
            "endpoint": simulator.ready("/clusters/0/endpoint"),
            "mode": "CONFIG_MAP",
        },
        "update": {
            "type": "AccessConfigUpdate",
            "params": {"AuthenticationMode": "API_AND_CONFIG_MAP"},
            "status": "Successful",
        },
        "entry": {
            "principalArn": role,
            "username": "arn:aws:sts::111122223333:assumed-role/admin-test-role/{{SessionName}}",
            "groups": ["viewers"],
            "type": "STANDARD",
            "tags": {"team": "sdk"},
            "created": null,
        },
        "duplicate": "The specified access entry resource is already in use on this cluster.",
        "association": {"policyArn": policy, "type": "namespace", "namespaces": ["default"]},
        "entries": [role, "arn:aws:iam::111122223333:user/creator"],
        "policies": [policy],
        "same": true,
        "gone": "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
        "missing": {"message": "No cluster found for name: other.", "status": 404, "clusterName": null},
        "query": {"status": "Complete", "granted": granted},
        "malformed": {"message": malformed, "compiled": malformed, "start": 7, "end": 9},
    });
    assert_eq!(told, wanted);
}

#[test]
fn boto3_tells_the_story() {
    check("boto3_tells_the_story", Client::Boto3);
}

#[test]
fn the_sdk_for_go_tells_the_story() {
    check("the_sdk_for_go_tells_the_story", Client::GoSdk);
}

#[test]
fn the_sdk_for_java_tells_the_story() {
    check("the_sdk_for_java_tells_the_story", Client::JavaSdk);
}

#[test]
fn the_sdk_for_javascript_tells_the_story() {
    check("the_sdk_for_javascript_tells_the_story", Client::NodeSdk);
}

#[test]
fn the_sdk_for_rust_tells_the_story() {
    check("the_sdk_for_rust_tells_the_story", Client::RustSdk);
}
