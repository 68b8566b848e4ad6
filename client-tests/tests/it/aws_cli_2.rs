//! What the AWS CLI 2 alone can: to sign in to Identity Center, to lend its credentials, to follow a log group.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

use crate::access::Telling;
use crate::scenarios::path_with;
use crate::sso;

/// Who jane is by the profile default.
const ADMIN: &str = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/jane@example.com";

/// A simulator with an Identity Center, the AWS CLI 2 and kubectl.
struct Fixture {
    simulator: Simulator,
    aws: PathBuf,
    kubectl: PathBuf,
}

impl Fixture {
    fn new(test: &str) -> Option<Self> {
        let clients = need(test, &[Client::Aws2, Client::Kubectl])?;
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().join("world.yaml");
        fs::write(&world, sso::WORLD).unwrap();
        Some(Self {
            simulator: Simulator::start_with(&["--scenario", world.to_str().unwrap()]),
            aws: clients[0].clone(),
            kubectl: clients[1].clone(),
        })
    }

    #[track_caller]
    fn aws(&self, words: &str) -> String {
        self.simulator.run(&self.aws, words, None).good().trim().to_owned()
    }

    /// The CLI while it waits for somebody to sign in.
    fn login(&self, option: &str) -> Telling {
        let mut command = self.simulator.command(&self.aws);
        command
            .args(["sso", "login", "--no-browser"])
            .args(option.split_whitespace());
        Telling::start(&self.simulator, &mut command)
    }

    /// What the CLI shows after that it is signed in, and what it is then.
    #[track_caller]
    fn check_signed_in(&self, login: &Telling) {
        let told = login.line_with("Successfully");
        assert_eq!(
            told,
            "Successfully logged into Start URL: https://d-1234567890.awsapps.com/start"
        );
        assert_eq!(self.aws("sts get-caller-identity --query Arn --output text"), ADMIN);
    }

    /// kubectl, whose credentials come from the AWS CLI 2.
    fn kubectl(&self, words: &str) -> String {
        let mut command = self.simulator.command(&self.kubectl);
        command
            .args(words.split_whitespace())
            .env("PATH", path_with(std::slice::from_ref(&self.aws)));
        Simulator::run_command(&mut command).good()
    }
}

#[test]
fn it_signs_in_by_a_device_code_and_lends_its_credentials() {
    let Some(fixture) = Fixture::new("it_signs_in_by_a_device_code_and_lends_its_credentials") else {
        return;
    };
    let refused = fixture
        .simulator
        .run(&fixture.aws, "sts get-caller-identity", None)
        .complaint();
    assert!(
        refused.starts_with("aws: [ERROR]: Error loading SSO Token: Token for ")
            && refused.ends_with(" does not exist"),
        "{refused}"
    );
    let login = fixture.login("--use-device-code");
    let url = login.line_with("?user_code=");
    let (_, code) = url.split_once("?user_code=").unwrap();
    let approve = format!("ctl sso approve {code} --user jane@example.com");
    assert_eq!(
        fixture.simulator.own(&approve).good(),
        format!("approved {code} as jane@example.com\n")
    );
    fixture.check_signed_in(&login);
    assert!(fixture.kubectl("get svc").contains("10.100.0.1"));
    let explained = fixture.simulator.own("explain --last").good();
    assert!(explained.contains("AWSReservedSSO_Admin"), "{explained}");

    let lent: Value = serde_json::from_str(&fixture.aws("configure export-credentials")).unwrap();
    let mut command = fixture.simulator.command(&fixture.aws);
    command.args(["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]);
    for (variable, member) in [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ] {
        command.env(variable, lent[member].as_str().unwrap());
    }
    assert_eq!(Simulator::run_command(&mut command).good().trim(), ADMIN);
    assert_eq!(fixture.aws("sso logout"), "");
    // The environment goes before the profile: what was lent lasts longer than the token.
    assert_eq!(Simulator::run_command(&mut command).good().trim(), ADMIN);
    let refused = fixture
        .simulator
        .run(&fixture.aws, "sts get-caller-identity", None)
        .complaint();
    assert!(refused.contains("Error loading SSO Token"), "{refused}");
}

#[test]
fn it_signs_in_by_the_browser() {
    let Some(fixture) = Fixture::new("it_signs_in_by_the_browser") else {
        return;
    };
    let login = fixture.login("");
    let url = login.line_with("/authorize?");
    let (origin, query) = url.split_once("/authorize?").unwrap();
    // A browser would post the page's form, and follow where that leads.
    let host = origin.strip_prefix("http://").unwrap();
    let form = format!("{query}&user=jane%40example.com");
    let answer = ask(
        host,
        &format!(
            "POST /authorize HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    );
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: http://"))
        .unwrap();
    let (host, path) = location.split_once('/').unwrap();
    let page = ask(
        host,
        &format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
    );
    assert!(page.contains(" 200 "), "{page}");
    fixture.check_signed_in(&login);
}

/// The whole answer to a request.
fn ask(host: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_follows_the_log_group_of_a_cluster() {
    let Some(clients) = need(
        "it_follows_the_log_group_of_a_cluster",
        &[Client::Aws2, Client::Kubectl],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let kubectl = |profile| simulator.run(&clients[1], "get svc", Some(profile));
    let _ = kubectl("default").good();
    let mut command = simulator.command(&clients[0]);
    command.args([
        "logs",
        "tail",
        "/aws/eks/my-cluster/cluster",
        "--since",
        "1h",
        "--format",
        "short",
        "--follow",
    ]);
    command.args([
        "--log-stream-name-prefix",
        "authenticator",
        "--filter-pattern",
        "?granted ?denied",
    ]);
    let tail = Telling::start(&simulator, &mut command);
    let line = tail.line();
    assert!(line.ends_with(&simulator.log().pop().unwrap()), "{line}");
    assert!(line.contains("msg=\"access granted\""), "{line}");
    let _ = kubectl("admin-test-role").complaint();
    let line = tail.line();
    assert!(
        line.contains("msg=\"access denied\"") && line.contains("role/admin-test-role"),
        "{line}"
    );
}
