//! Every scenario, with the real clients and without.

use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::binary;
use client_tests::need;
use serde_json::Value;

/// Runs every scenario; `path` is what the commands are looked for in.
fn run_all(path: Option<&std::ffi::OsStr>) -> Vec<Value> {
    let mut command = Command::new(binary());
    command.args(["scenario", "run", "--all", "--output", "json"]);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let transcripts: Value = serde_json::from_str(&Simulator::run_command(&mut command).good()).unwrap();
    transcripts.as_array().unwrap().clone()
}

#[track_caller]
fn check(transcripts: &[Value], real: bool) {
    let names: Vec<_> = transcripts
        .iter()
        .map(|transcript| transcript["scenario"].as_str().unwrap())
        .collect();
    for name in ["deleted-creator", "unmapped-role", "wrong-profile"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for transcript in transcripts {
        assert_eq!(transcript["reproduced"], true, "{transcript:#}");
        for step in transcript["steps"].as_array().unwrap() {
            assert_eq!(step["real_client"], real, "{step:#}");
            assert!(
                !step["output"].as_str().unwrap().contains("SecretAccessKey\": \"A"),
                "{step:#}"
            );
        }
    }
}

#[test]
fn every_scenario_is_reproduced_with_the_real_clients() {
    let test = "every_scenario_is_reproduced_with_the_real_clients";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let folders = clients.iter().map(|client| client.parent().unwrap().to_owned());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap();
    check(&run_all(Some(&path)), true);
}

#[test]
fn every_scenario_is_reproduced_on_a_bare_machine() {
    let empty = tempfile::tempdir().unwrap();
    check(&run_all(Some(empty.path().as_os_str())), false);
}

#[test]
fn a_scenario_that_goes_otherwise_is_told_and_ends_with_1() {
    let text = include_str!("../../../scenarios/unmapped-role/scenario.yaml");
    let folder = tempfile::tempdir().unwrap();
    for (from, to, wanted) in [
        (
            "cause: identity-not-mapped",
            "cause: mapped-with-path",
            "the cause is `identity-not-mapped`, not `mapped-with-path`",
        ),
        (
            "username: testrole",
            "username: other",
            "the authenticator's log has no line",
        ),
        (
            "role/admin-test-role\n            username",
            "role/path/admin-test-role\n            username",
            "ended with exit code 1",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let path = folder.path().join("scenario.yaml");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let mut command = Command::new(binary());
        command
            .args(["scenario", "run", "--lang", "en"])
            .arg(&path)
            .env("PATH", folder.path());
        let ran = Simulator::run_command(&mut command);
        assert_eq!(ran.code, Some(1), "{}", ran.stdout);
        assert!(ran.stdout.contains(wanted), "{wanted}: {}", ran.stdout);
    }
}

#[test]
fn scenarios_are_listed_and_shown_in_both_languages() {
    let own = |words: &str| {
        let mut command = Command::new(binary());
        Simulator::run_command(command.args(words.split(' ')))
    };
    let list = own("scenario list --lang en").good();
    assert!(
        list.lines().any(|line| line.starts_with("unmapped-role    ★")),
        "{list}"
    );
    assert!(own("scenario show deleted-creator --lang ko").good().contains("삭제"));
    let shown: Value = serde_json::from_str(&own("scenario show wrong-profile --output json").good()).unwrap();
    assert_eq!(shown["cause"], "key-of-deleted-principal");
    let unknown = own("scenario run nothing");
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.starts_with("eks-auth-sim: no scenario `nothing`"),
        "{}",
        unknown.stderr
    );
}
