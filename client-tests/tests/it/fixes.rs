//! What `explain` says to do, done to the letter in every scenario by the real clients, gives access.

use std::collections::BTreeSet;
use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::binary;
use client_tests::clients_folder;
use client_tests::need;
use client_tests::source;
use serde_json::Value;

use crate::scenarios::path_with;

/// The scenarios whose fix is not run, with what `scenario run --explained` says of it, and why it cannot be otherwise.
const NOT_RUN: [(&str, &str, &str); 25] = [
    (
        "access-entry-system-group",
        "leaves ARN open",
        "EKS refuses the group and does not name the principal; the refused command stays refused",
    ),
    (
        "admission-refused",
        "has no command",
        "admission refuses the object itself, whoever asks",
    ),
    (
        "association-without-entry",
        "leaves ARN open",
        "EKS does not name the principal that has no entry",
    ),
    (
        "assume-role-denied",
        "has no command",
        "whether the trust policy or the caller's is to change is for the account's people to say",
    ),
    ("aws-auth-missing-pipe", "has no command", "a file is to be changed"),
    (
        "cluster-in-other-region",
        "has no command",
        "no answer of EKS says in which region the cluster is",
    ),
    (
        "duplicate-entry",
        "leaves ARN open",
        "the entry is there already, EKS does not name its principal, and the refused command stays refused",
    ),
    (
        "eks-describe-denied",
        "has no command",
        "what a caller is to be allowed is for the account's people to say",
    ),
    (
        "escalation-refused",
        "has no command",
        "the refusal is right: a smaller role is to be granted, or somebody else grants it",
    ),
    (
        "exec-binary-missing",
        "has no command",
        "a program is to be installed, or found",
    ),
    (
        "granted-from-cache",
        "nothing is refused",
        "it is about a token that is still let in",
    ),
    (
        "irsa-wrong-subject",
        "has no command",
        "the trust policy's conditions are to be changed by hand",
    ),
    (
        "key-deleted",
        "has no command",
        "the key is nobody's, so that nobody can say whose new one it is to be",
    ),
    ("mfa-required", "leaves CODE open", "the code is on somebody's device"),
    (
        "mode-cannot-go-back",
        "has no command",
        "the refusal is right: modes are never switched back",
    ),
    (
        "no-credentials",
        "leaves PROFILE open",
        "the client says nothing of whose credentials it wants",
    ),
    (
        "permissions-boundary-denies",
        "has no command",
        "what a caller is to be allowed is for the account's people to say",
    ),
    (
        "profile-missing",
        "leaves PROFILE open",
        "which profile is meant does not stand in the client's words",
    ),
    (
        "refused-from-cache",
        "has no command",
        "waiting helps, and a new token does, which this client does not make",
    ),
    (
        "service-linked-role-entry",
        "has no command",
        "the refusal is right: such roles have no entries",
    ),
    (
        "session-expired",
        "has no command",
        "where the credentials came from is known only to whoever pasted them",
    ),
    ("session-name-invalid", "has no command", "the name is to be chosen"),
    (
        "sso-path-stripped-in-access-entry",
        "leaves ARN open",
        "EKS refuses the ARN and does not say it; the refused command stays refused",
    ),
    (
        "sts-region-disabled",
        "has no command",
        "the account's settings are changed in the console, or another region is chosen",
    ),
    (
        "wrong-secret",
        "has no command",
        "nobody but its owner knows the secret",
    ),
];

/// How many parts the catalogue has, each a test of its own.
const PARTS: usize = 3;

fn scenarios() -> Vec<String> {
    let folder = source("../scenarios");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("scenario.yaml").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn not_run(name: &str) -> Option<&'static str> {
    NOT_RUN
        .iter()
        .find(|(scenario, ..)| *scenario == name)
        .map(|(_, told, _)| *told)
}

#[track_caller]
fn check(test: &str, part: usize) {
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let names: Vec<String> = scenarios().into_iter().skip(part).step_by(PARTS).collect();
    let mut command = Command::new(binary());
    command
        .args(["scenario", "run", "--explained", "--client", "real", "--output", "json"])
        .args(&names)
        .env("PATH", path_with(&clients))
        .env("EKS_AUTH_SIM_CLIENTS", clients_folder());
    let ran = Simulator::run_command(&mut command);
    let transcripts: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let mut wrong = Vec::new();
    for transcript in transcripts.as_array().unwrap() {
        let name = transcript["scenario"].as_str().unwrap();
        let untried = transcript["untried"].as_array().unwrap();
        let is_as_told = match not_run(name) {
            Some(told) => untried.len() == 1 && untried[0].as_str().unwrap().ends_with(told),
            None => untried.is_empty() && transcript["mutations"].as_array().unwrap().len() == 1,
        };
        if !is_as_told || transcript["reproduced"] != true {
            wrong.push(told(transcript));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        names.len(),
        wrong.join("\n")
    );
    assert_eq!(transcripts.as_array().unwrap().len(), names.len());
}

/// What went otherwise, short enough to be read with others.
fn told(transcript: &Value) -> String {
    let mut text = format!(
        "{}: {}\n  fix: {}\n  untried: {} faults: {}\n",
        transcript["scenario"], transcript["cause"], transcript["fix"], transcript["untried"], transcript["faults"]
    );
    for step in transcript["steps"].as_array().unwrap() {
        let output = step["output"].as_str().unwrap().trim_end();
        text += &format!(
            "  {} as {}: {} → {}\n    {}\n",
            step["stage"],
            step["profile"],
            step["run"],
            step["exit_code"],
            output.replace('\n', "\n    ")
        );
    }
    text
}

#[test]
fn what_explain_says_gives_access_in_a_third_of_the_scenarios() {
    check("what_explain_says_gives_access_in_a_third_of_the_scenarios", 0);
}

#[test]
fn what_explain_says_gives_access_in_another_third() {
    check("what_explain_says_gives_access_in_another_third", 1);
}

#[test]
fn what_explain_says_gives_access_in_the_last_third() {
    check("what_explain_says_gives_access_in_the_last_third", 2);
}

#[test]
fn only_scenarios_that_are_there_are_not_run() {
    let all: BTreeSet<String> = scenarios().into_iter().collect();
    for (name, _, why) in NOT_RUN {
        assert!(all.contains(name), "{name}");
        assert!(!why.is_empty(), "{name}");
    }
    assert!(NOT_RUN.iter().map(|(name, ..)| name).is_sorted());
}
