//! Every scenario, with the real clients and without.

use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::binary;
use client_tests::clients_folder;
use client_tests::need;
use serde_json::Value;

/// The scenarios of AWS's article, which the built-in client can play.
const ARTICLES: [&str; 3] = ["deleted-creator", "unmapped-role", "wrong-profile"];

/// Runs scenarios; `path` is what the commands are looked for in.
fn run(path: Option<&std::ffi::OsStr>, which: &[&str]) -> Vec<Value> {
    let mut command = Command::new(binary());
    command.args(["scenario", "run", "--output", "json"]).args(which);
    command.env("EKS_AUTH_SIM_CLIENTS", clients_folder());
    if let Some(path) = path {
        command.env("PATH", path);
        // What `clients install` left on this machine is not on a bare one.
        if !which.contains(&"--install-clients") {
            command.env("EKS_AUTH_SIM_CLIENTS", "/nonexistent");
        }
    }
    let transcripts: Value = serde_json::from_str(&Simulator::run_command(&mut command).good()).unwrap();
    transcripts.as_array().unwrap().clone()
}

#[track_caller]
fn check(transcripts: &[Value], real: bool) {
    for transcript in transcripts {
        for step in transcript["steps"].as_array().unwrap() {
            assert!(
                !step["output"].as_str().unwrap().contains("SecretAccessKey\": \"A"),
                "{step:#}"
            );
        }
        let name = transcript["scenario"].as_str().unwrap();
        if !real && !ARTICLES.contains(&name) && !transcript["skipped"].is_null() {
            continue;
        }
        assert_eq!(transcript["reproduced"], true, "{transcript:#}");
    }
}

/// The scenarios that a pair of clients plays which is not the one of the README's first command: the whole catalogue takes
/// minutes, so that it is played where `CATALOGUE=all` asks for it. `some` stand for it otherwise.
fn catalogue(some: &[&'static str]) -> Vec<&'static str> {
    if std::env::var("CATALOGUE").is_ok_and(|which| which == "all") {
        vec!["--all"]
    } else {
        some.to_vec()
    }
}

/// With the AWS CLI 1, whose errors, caches and sign-ins are its own.
#[test]
fn scenarios_are_reproduced_with_the_aws_cli_1() {
    let test = "scenarios_are_reproduced_with_the_aws_cli_1";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let path = path_with(&clients);
    let which = catalogue(&[
        "account-id-typo",
        "cluster-in-other-region",
        "deleted-creator",
        "key-inactive",
        "sso-suffix-changed",
        "sts-region-disabled",
        "unmapped-role",
        "wrong-profile",
    ]);
    let transcripts = run(Some(&path), &[&which[..], &["--client", "real"]].concat());
    check(&transcripts, true);
    for transcript in &transcripts {
        for step in transcript["steps"].as_array().unwrap() {
            assert_eq!(step["real_client"], true, "{step:#}");
        }
    }
}

/// The first command of the README on a machine that has pip, but neither the AWS CLI nor kubectl: today's AWS CLI 2 and the
/// newest kubectl are installed, and reproduce all.
#[test]
fn every_scenario_is_reproduced_with_the_clients_that_are_installed() {
    let test = "every_scenario_is_reproduced_with_the_clients_that_are_installed";
    let Some(_) = need(test, &[Client::Aws2, Client::KubectlNewest]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = path_without(folder.path(), &["aws", "kubectl"]);
    let transcripts = run(Some(&path), &["--all", "--client", "real", "--install-clients"]);
    assert!(transcripts.len() > 90, "{}", transcripts.len());
    check(&transcripts, true);
}

/// The oldest kubectl that is named in the README; the few scenarios are those in which kubectl itself has most to say.
#[test]
fn the_oldest_kubectl_reproduces_scenarios_with_the_aws_cli_2() {
    let test = "the_oldest_kubectl_reproduces_scenarios_with_the_aws_cli_2";
    let Some(clients) = need(test, &[Client::Aws2, Client::KubectlOldest]) else {
        return;
    };
    let which = catalogue(&[
        "aws-auth-missing-pipe",
        "exec-version-mismatch",
        "kubectl-as-forbidden",
        "no-binding",
    ]);
    let transcripts = run(
        Some(&path_with(&clients)),
        &[&which[..], &["--client", "real"]].concat(),
    );
    check(&transcripts, true);
}

#[test]
fn an_older_kubectl_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let kubectl = folder.path().join("kubectl");
    std::fs::write(
        &kubectl,
        "#!/bin/sh\necho '{\"clientVersion\": {\"gitVersion\": \"v1.26.4\"}}'\n",
    )
    .unwrap();
    std::fs::set_permissions(&kubectl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new(binary());
    command
        .args(["scenario", "run", "no-credentials", "--lang", "en"])
        .env("PATH", folder.path())
        .env("EKS_AUTH_SIM_CLIENTS", "/nonexistent");
    let ran = Simulator::run_command(&mut command);
    let told = "kubectl 1.26.4 is older than 1.28, with which every scenario reproduces: some will not (--install-clients uses a \
                newer one)\n";
    assert!(ran.stderr.starts_with(told), "{}", ran.stderr);
}

/// PATH as a folder with links to all that is on PATH, without these programs.
fn path_without(folder: &std::path::Path, hidden: &[&str]) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    for file in std::env::split_paths(&path)
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
    {
        let name = file.file_name().unwrap();
        let link = folder.join(name);
        if !hidden.iter().any(|hidden| name == *hidden) && !link.exists() {
            let _ = std::os::unix::fs::symlink(&file, link);
        }
    }
    folder.as_os_str().to_owned()
}

/// Without the fix each proof fails, with it each symptom, every alternative fixes, and no mistake does. Of the whole
/// catalogue this takes a quarter of an hour: `MUTATE=all` asks for it, the article's scenarios stand for it otherwise.
#[test]
fn scenarios_show_something_with_the_real_clients() {
    let test = "scenarios_show_something_with_the_real_clients";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let all = std::env::var("MUTATE").is_ok_and(|which| which == "all");
    let which = if all { &["--all"][..] } else { &ARTICLES[..] };
    let path = path_with(&clients);
    let transcripts = run(Some(&path), &[which, &["--client", "real", "--mutate"]].concat());
    check(&transcripts, true);
    for transcript in &transcripts {
        let shown = transcript["mutations"].as_array().unwrap();
        assert!(shown.len() >= 3, "{transcript:#}");
    }
}

/// PATH with the folders of clients first.
pub(crate) fn path_with(clients: &[std::path::PathBuf]) -> std::ffi::OsString {
    let folders = clients.iter().map(|client| client.parent().unwrap().to_owned());
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(folders.chain(std::env::split_paths(&path))).unwrap()
}

#[test]
fn the_articles_scenarios_are_reproduced_on_a_bare_machine() {
    let empty = tempfile::tempdir().unwrap();
    check(&run(Some(empty.path().as_os_str()), &["--all"]), false);
}

#[test]
fn what_is_not_tried_on_a_bare_machine_is_counted_at_the_end() {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary());
    command
        .args(["scenario", "run", "unmapped-role", "no-credentials", "--lang", "en"])
        .env("PATH", empty.path())
        .env("EKS_AUTH_SIM_CLIENTS", "/nonexistent");
    let told = Simulator::run_command(&mut command).good();
    let end = "\n1 of 2 scenarios reproduced\n1 not tried: they need the real aws and kubectl (--install-clients installs both)\n";
    assert!(told.ends_with(end), "{told}");
}

/// What the built-in client cannot do is told, scenario by scenario and fix by fix, and is no failure.
#[test]
fn mutations_are_seen_on_a_bare_machine_as_far_as_they_go() {
    let empty = tempfile::tempdir().unwrap();
    let transcripts = run(Some(empty.path().as_os_str()), &["--all", "--mutate"]);
    check(&transcripts, false);
    let texts = |transcript: &Value, key: &str| transcript[key].as_array().unwrap().clone();
    for transcript in transcripts.iter().filter(|transcript| transcript["skipped"].is_null()) {
        assert!(texts(transcript, "mutations").len() >= 3, "{transcript:#}");
    }
    let not_built_in = "the built-in client does not know a command of it: install aws and kubectl";
    assert!(
        transcripts
            .iter()
            .any(|transcript| transcript["skipped"] == not_built_in)
    );
    let untried: Vec<Value> = transcripts
        .iter()
        .flat_map(|transcript| texts(transcript, "untried"))
        .collect();
    assert!(!untried.is_empty());
    for told in untried {
        assert!(
            told.as_str()
                .unwrap()
                .ends_with(&format!("was not tried: {not_built_in}")),
            "{told}"
        );
    }
}

#[test]
fn a_scenario_that_shows_nothing_is_reported() {
    let text = include_str!("../../../scenarios/unmapped-role/scenario.yaml");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.yaml");
    let (before, _) = text.split_once("\nproof:\n").unwrap();
    // A proof that needs no fix.
    let text = format!("{before}\nproof:\n  - run: kubectl get svc\n    as: creator\n");
    std::fs::write(&path, text).unwrap();
    let mut command = Command::new(binary());
    command
        .args(["scenario", "run", "--client", "builtin", "--mutate", "--lang", "en"])
        .arg(&path);
    let ran = Simulator::run_command(&mut command);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("the proof goes well without the fix"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout.contains("✔ unmapped-role: with the fix the symptom is gone"),
        "{}",
        ran.stdout
    );
}

/// All of it takes less than a second, in which each token of a user is the same.
#[test]
fn the_proof_is_not_judged_by_the_symptoms_token() {
    let text = include_str!("../../../scenarios/account-id-typo/scenario.yaml");
    let (world, _) = text.split_once("\nsymptom:\n").unwrap();
    // A user's: each use of a role's profile is another session.
    let (world, item) = world
        .split_once("          - rolearn: arn:aws:iam::111122233333")
        .unwrap();
    let (_, profiles) = item.split_once("- system:masters\n").unwrap();
    let users = "        mapUsers: |
          - userarn: arn:aws:iam::111122223333:user/testuser
            username: testuser
            groups:
            - readers
";
    let steps = "
symptom:
  - run: kubectl get svc
    as: testuser
    fails: true
    prints: 'Error from server (Forbidden): *'
cause: no-binding
fix:
  - run: kubectl edit configmap aws-auth -n kube-system
    as: creator
    edit: {replace: '- readers', with: '- system:masters'}
proof:
  - run: kubectl get svc
    as: testuser
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.yaml");
    std::fs::write(&path, format!("{world}{users}{profiles}{steps}")).unwrap();
    let mut command = Command::new(binary());
    command
        .args(["scenario", "run", "--client", "builtin", "--mutate", "--lang", "en"])
        .arg(&path);
    let told = Simulator::run_command(&mut command).good();
    assert!(told.contains("reproduced, explained, fixed"), "{told}");
}

#[test]
fn a_new_scenario_is_good_and_runs() {
    let folder = tempfile::tempdir().unwrap();
    let own = |words: &[&str]| {
        let mut command = Command::new(binary());
        Simulator::run_command(command.arg("scenario").args(words).current_dir(folder.path()))
    };
    let _ = own(&["new", "my-case"]).good();
    assert_eq!(own(&["validate", "my-case"]).good(), "my-case: good\n");
    for (report, wanted) in [
        ("x.xml", "<testcase classname=\"scenarios\" name=\"my-case\""),
        ("x.md", "## ✔ my-case · "),
        ("x.json", "\"reproduced\": true"),
        ("x.txt", "1 of 1 scenarios reproduced"),
    ] {
        let _ = own(&[
            "run", "my-case", "--client", "builtin", "--lang", "en", "--report", report,
        ])
        .good();
        let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
        assert!(text.contains(wanted), "{report}: {text}");
    }
    assert_eq!(own(&["new", "my-case"]).code, Some(2));
    assert_eq!(own(&["new", "My Case"]).code, Some(2));
    let path = folder.path().join("my-case/scenario.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("    as: creator # AWS", "    as: nobody # AWS")).unwrap();
    let refused = own(&["validate", "my-case"]);
    assert_eq!(refused.code, Some(1));
    let line = text
        .lines()
        .position(|line| line.contains("as: creator # AWS"))
        .unwrap()
        + 1;
    let wanted = format!("my-case/scenario.yaml:{line}:9: no profile `nobody` in this world\n");
    assert!(refused.stdout.starts_with(&wanted), "{}", refused.stdout);
    assert!(refused.stdout.contains("    as: nobody # AWS"), "{}", refused.stdout);
}

#[test]
fn what_a_client_printed_is_explained() {
    let explain = |text: &str| {
        let mut command = Command::new(binary());
        Simulator::run_command(command.args(["explain", "--client-error", text]))
    };
    let told = explain("Unable to connect to the server: getting credentials: exec: executable aws not found").good();
    assert!(told.contains("cause: exec-plugin-not-found"), "{told}");
    assert_eq!(
        explain("error: You must be logged in to the server (Unauthorized)").code,
        Some(1)
    );
}

#[test]
fn a_scenario_that_goes_otherwise_is_reported_and_ends_with_1() {
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
        list.lines()
            .any(|line| line.starts_with("unmapped-role ") && line.contains(" ★ ")),
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
