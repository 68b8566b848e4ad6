//! Imported cases, run: each shows the denial that the customer had, and its fix fixes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::binary;
use client_tests::need;
use serde_json::Value;

use crate::scenarios::path_with;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulator/core/testdata/import");

/// `import` with the files of a case.
fn import(case: &Path, out: &Path, also: &[&str]) -> client_tests::Ran {
    let mut command = Command::new(binary());
    command.arg("import").args(also).arg("-o").arg(out);
    let mut files: Vec<_> = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    command.args(files.iter().filter(|file| !file.ends_with("wanted.json")));
    Simulator::run_command(&mut command)
}

#[test]
fn every_imported_case_shows_its_denial_with_the_real_clients() {
    let test = "every_imported_case_shows_its_denial_with_the_real_clients";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(binary());
    run.args(["scenario", "run", "--output", "json", "--client", "real", "--mutate"])
        .env("PATH", path_with(&clients));
    for case in fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()) {
        let wanted: Value = serde_json::from_str(&fs::read_to_string(case.join("wanted.json")).unwrap()).unwrap();
        let out = folder.path().join(case.file_name().unwrap());
        let ran = import(&case, &out, &[]);
        if wanted.get("refused").is_some() {
            assert_eq!(ran.code, Some(1), "{}: {}", case.display(), ran.stderr);
            assert!(!out.exists());
            continue;
        }
        assert_eq!(ran.code, Some(0), "{}: {}", case.display(), ran.stderr);
        run.arg(&out);
    }
    let ran = Simulator::run_command(&mut run);
    let transcripts: Value = serde_json::from_str(&ran.stdout).unwrap();
    for transcript in transcripts.as_array().unwrap() {
        assert_eq!(transcript["reproduced"], true, "{transcript:#}");
    }
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn an_anonymised_ticket_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("case");
    let case = Path::new(CASES).join("ticket-quoted");
    let said = import(&case, &out, &["--anonymise"]);
    let told = said.good();
    let scenario = fs::read_to_string(out.join("scenario.yaml")).unwrap();
    for text in [told.as_str(), &scenario] {
        assert!(!text.contains("111122223333") && !text.contains("jane"), "{text}");
        assert!(text.contains("identity-not-mapped"), "{text}");
    }
    let again = import(&case, &out, &[]);
    assert_eq!(again.code, Some(2), "nothing is written over");
}

#[test]
fn a_line_of_the_log_is_explained_alone_and_with_artifacts() {
    let explain = |also: &[&str]| {
        let line = r#"level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:role/dev\" error=\"ARN is not mapped\""#;
        let mut command = Command::new(binary());
        command.args(["explain", "--log-line", line]).args(also);
        Simulator::run_command(&mut command).good()
    };
    let alone = explain(&[]);
    assert!(
        alone.contains("cause: identity-not-mapped\nor: mapped-with-path"),
        "{alone}"
    );
    let aws_auth = format!("{CASES}/role-with-path/aws-auth.yaml");
    let narrowed = explain(&["--aws-auth", &aws_auth]);
    assert!(narrowed.contains("cause: mapped-with-path\n"), "{narrowed}");
}

#[test]
fn what_the_real_clients_print_explains_a_principal_as_the_simulator_does() {
    let test = "what_the_real_clients_print_explains_a_principal_as_the_simulator_does";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let folder = simulator.folder();
    let config_map = simulator.run(&clients[1], "get configmap aws-auth -n kube-system -o yaml", None);
    fs::write(folder.join("aws-auth.yaml"), config_map.good()).unwrap();
    let cluster = simulator.run(&clients[0], "eks describe-cluster --name my-cluster", None);
    fs::write(folder.join("cluster.json"), cluster.good()).unwrap();
    let files = |arn: &str| -> Value {
        let mut command = Command::new(binary());
        command
            .current_dir(folder)
            .args(["explain", "--output", "json", "--aws-auth", "aws-auth.yaml"])
            .args(["--cluster-json", "cluster.json", "--arn", arn])
            .env_remove("EKS_AUTH_SIM_READY_FILE");
        serde_json::from_str(&Simulator::run_command(&mut command).good()).unwrap()
    };
    for (name, mapped) in [("user/testuser", true), ("role/admin-test-role", false)] {
        let arn = format!("arn:aws:iam::111122223333:{name}");
        let running = simulator.own(&format!("explain --output json --arn {arn}")).good();
        let running: Value = serde_json::from_str(&running).unwrap();
        let alone = files(&arn);
        assert_eq!(alone["mapped"], mapped, "{alone:#}");
        for key in ["cluster", "cause", "sentence", "fix"] {
            assert_eq!(alone[key], running[key], "{alone:#}\n{running:#}");
        }
    }
    // Whom no file names.
    let creator = files("arn:aws:iam::111122223333:user/creator");
    assert_eq!(creator["mapped"], false);
    let not_known = creator["not_known"][0].as_str().unwrap();
    assert!(not_known.contains("who created the cluster"), "{creator:#}");
}
