//! The clients of Kubernetes beside kubectl: each goes by its own way, with nothing set but the variables of the
//! simulator's environment, through the same story, and tells what it saw as one JSON object.

use std::path::Path;
use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;
use serde_json::Value;
use serde_json::json;

/// A program that tells the story, in the environment of `simulator`'s clients.
fn story(simulator: &Simulator, client: Client, found: &Path) -> Command {
    match client {
        Client::Boto3 => {
            let mut command = simulator.command(found);
            command.arg(source("python/kubernetes_story.py"));
            command
        }
        Client::NodeSdk => {
            let mut command = simulator.command("node");
            command.arg(found.join("kubernetes.mjs"));
            command
        }
        _ => simulator.command(found),
    }
}

/// What `client` tells beyond, or otherwise than, the others is `own`.
#[track_caller]
fn check(test: &str, client: Client, own: &Value) {
    let Some(found) = need(test, &[client, Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let output = Simulator::run_command(&mut story(&simulator, client, &found[0])).good();
    let told: Value = serde_json::from_str(&output).unwrap();

    let changed = "Operation cannot be fulfilled on configmaps \"settings\": the object has been modified; please apply your \
                   changes to the latest version and try again";
    let mut wanted = json!({
        "user": "testuser",
        "watched": ["ADDED 1", "MODIFIED 2", "MODIFIED 3", "MODIFIED 4", "DELETED 4"],
        "stale": {"code": 409, "reason": "Conflict", "message": changed},
        "pages": [2, 2, 1],
        "applied": "2",
        "conflict": {
            "code": 409,
            "reason": "Conflict",
            "message": "Apply failed with 1 conflict: conflict with \"story\": .data.a",
        },
        "widgets": ["first 3"],
        "invalid": {
            "code": 422,
            "reason": "Invalid",
            "message": "Widget.example.com \"second\" is invalid: spec.size: Invalid value: \"string\": spec.size in body \
                        must be of type integer: \"string\"",
        },
        "review": [
            [true, "RBAC: allowed by RoleBinding \"readers/story\" of Role \"readers\" to User \"jane\""],
            [false, ""],
        ],
        "missing": {"code": 404, "reason": "NotFound", "message": "configmaps \"other\" not found"},
    });
    for (name, value) in own.as_object().unwrap() {
        wanted[name] = value.clone();
    }
    assert_eq!(told, wanted);
}

#[test]
fn client_go_tells_the_story() {
    let own = json!({"counted": "8", "leaders": ["first", "second"], "transitions": 1});
    check("client_go_tells_the_story", Client::GoKubernetes, &own);
}

#[test]
fn kube_rs_tells_the_story() {
    // Its type lets nothing wrong be made, so that it patches.
    let own = json!({"invalid": {
        "code": 422,
        "reason": "Invalid",
        "message": "Widget.example.com \"first\" is invalid: spec.size: Invalid value: \"string\": spec.size in body must \
                    be of type integer: \"string\"",
    }});
    check("kube_rs_tells_the_story", Client::KubeRs, &own);
}

#[test]
fn the_client_for_node_tells_the_story() {
    check("the_client_for_node_tells_the_story", Client::NodeSdk, &json!({}));
}

#[test]
fn the_client_for_python_tells_the_story() {
    check("the_client_for_python_tells_the_story", Client::Boto3, &json!({}));
}

#[test]
fn the_client_for_python_reads_every_object_that_is_there() {
    let test = "the_client_for_python_reads_every_object_that_is_there";
    let Some(found) = need(test, &[Client::Boto3, Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let mut command = simulator.command(&found[0]);
    command.arg(source("python/typed_objects.py"));
    let told: Value = serde_json::from_str(&Simulator::run_command(&mut command).good()).unwrap();
    let endpoint = simulator.ready("/clusters/0/endpoint");
    let wanted = json!({
        "nodes": [true, true],
        "images": ["eks/aws-eks-nodeagent", "eks/aws-node", "eks/coredns", "eks/kube-proxy"],
        "selected": true,
        "endpoint": [endpoint, endpoint],
        "lists": [true, true, true, true, true],
    });
    assert_eq!(told, wanted);
}
