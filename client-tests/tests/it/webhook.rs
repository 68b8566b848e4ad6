//! The webhook alone, asked by the code that kube-apiserver asks with.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::Stdio;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

use crate::abuse;

/// kube-apiserver's authenticator, with its cache, as a process that answers a token a line.
struct ApiServer(Child);

impl ApiServer {
    fn start(simulator: &Simulator, program: &Path, kubeconfig: &Path, version: &str) -> Self {
        let mut command = simulator.command(program);
        command
            .arg(kubeconfig)
            .arg(version)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn ask(&mut self, token: &str) -> Value {
        writeln!(self.0.stdin.as_mut().unwrap(), "{token}").unwrap();
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(simulator: &Simulator, path: &str) -> String {
    let mut connection = abuse::open(simulator, true);
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    connection.flush().unwrap();
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_real_api_server_lets_in_whom_the_configuration_maps() {
    let test = "a_real_api_server_lets_in_whom_the_configuration_maps";
    let Some(clients) = need(test, &[Client::ApiServerWebhook]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (config, kubeconfig) = (folder.path().join("config.yaml"), folder.path().join("webhook.yaml"));
    let dynamic_file = folder.path().join("dynamic.json");
    fs::write(
        &config,
        format!(
            "clusterID: from-the-file\nserver:\n  backendMode: [MountedFile, DynamicFile]\n  dynamicfilepath: {}\n  mapUsers:\n  - userARN: arn:aws:iam::111122223333:user/testuser\n    username: jane\n    groups: [devs]\n",
            dynamic_file.display()
        ),
    )
    .unwrap();
    fs::write(&dynamic_file, "{}").unwrap();
    let simulator = Simulator::start_command(
        "webhook",
        &[
            "--config",
            config.to_str().unwrap(),
            "--port",
            "0",
            "--generate-kubeconfig",
            kubeconfig.to_str().unwrap(),
        ],
    );
    let token = |profile: &str, cluster: &str| {
        let words = format!("token --token-only --cluster-name {cluster} --profile {profile}");
        simulator.own(&words).good().trim().to_owned()
    };
    let good = token("default", "from-the-file");
    for version in ["v1", "v1beta1"] {
        let mut server = ApiServer::start(&simulator, &clients[0], &kubeconfig, version);
        let answer = server.ask(&good);
        assert_eq!(answer["authenticated"], true, "{answer}");
        assert_eq!(answer["username"], "jane");
        assert_eq!(answer["groups"], serde_json::json!(["devs"]));
        assert_eq!(
            answer["extra"]["canonicalArn"][0],
            "arn:aws:iam::111122223333:user/testuser"
        );
        let lines = simulator.log().len();
        assert_eq!(server.ask(&good)["authenticated"], true);
        assert_eq!(simulator.log().len(), lines, "the API server has a cache");
        for bad in [
            &token("default", "other"),
            &token("creator", "from-the-file"),
            "nonsense",
        ] {
            assert_eq!(server.ask(bad)["authenticated"], false);
        }
    }
    let log = simulator.log();
    for line in [
        "msg=\"starting mapper \\\"MountedFile\\\"\"",
        "msg=\"mapping IAM user\"",
        "error=\"identity is not mapped\"",
    ] {
        assert!(log.iter().any(|found| found.contains(line)), "{line}: {log:?}");
    }
    assert!(get(&simulator, "/healthz").ends_with("\r\n\r\nok"));
    let metrics = get(&simulator, "/metrics");
    for line in [
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"success\"} 2",
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"uknown_user\"} 2",
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"sts_error\"} 2",
        "aws_iam_authenticator_authenticate_latency_seconds_count{result=\"invalid_token\"} 2",
        "aws_iam_authenticator_sts_responses_total{ResponseCode=\"200\",StsRegion=\"us-west-2\"} 4",
        "aws_iam_authenticator_sts_responses_total{ResponseCode=\"403\",StsRegion=\"us-west-2\"} 2",
        "aws_iam_authenticator_dynamic_file_enabled 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}

#[test]
fn a_dynamic_file_works_as_soon_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (config, dynamic_file) = (folder.path().join("config.yaml"), folder.path().join("dynamic.json"));
    fs::write(
        &config,
        format!(
            "server: {{backendMode: [DynamicFile], dynamicfilepath: {}}}",
            dynamic_file.display()
        ),
    )
    .unwrap();
    fs::write(&dynamic_file, "{}").unwrap();
    let simulator = Simulator::start_command("webhook", &["--config", config.to_str().unwrap(), "--port", "0"]);
    let explain = || {
        let text = simulator
            .own("explain --output json --arn arn:aws:iam::111122223333:user/testuser")
            .good();
        serde_json::from_str::<Value>(&text).unwrap()["cause"].clone()
    };
    assert_eq!(explain(), "identity-not-mapped");
    let written = r#"{"mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/testuser", "username": "u"}]}"#;
    fs::write(&dynamic_file, written).unwrap();
    // The log tells when the file has been read; the test's own patience ends the loop.
    let seen = |text: &str| {
        (0..400).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(25));
            simulator.log().iter().any(|line| line.contains(text))
        })
    };
    assert!(seen("got WRITE/CREATE event"));
    assert!((0..400).any(|_| explain() == "granted"));
    fs::write(&dynamic_file, "{").unwrap();
    assert!(seen("StartLoadDynamicFile: error in callBackForFileLoad"));
    assert_eq!(explain(), "granted");
}
