//! Tokens that must not be let in, each with its own line in the log and its own check in `explain`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

use crate::abuse;

const PREFIX: &str = "k8s-aws-v1.";

/// The token with its URL changed.
fn changed(token: &str, change: impl FnOnce(String) -> String) -> String {
    let url = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX).unwrap()).unwrap();
    format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD.encode(change(String::from_utf8(url).unwrap()))
    )
}

/// A token as the AWS CLI makes it.
fn token(simulator: &Simulator, aws: &Path, cluster: &str) -> String {
    let words = format!("eks get-token --cluster-name {cluster}");
    let credential: Value = serde_json::from_str(&simulator.run(aws, &words, None).good()).unwrap();
    credential["status"]["token"].as_str().unwrap().to_owned()
}

/// `kubectl auth whoami` with nothing but a token.
fn whoami(simulator: &Simulator, kubectl: &Path, token: &str) -> Ran {
    let kubeconfig = simulator.folder().join("bare");
    std::fs::write(&kubeconfig, "").unwrap();
    let mut command = simulator.command(kubectl);
    command.env("KUBECONFIG", &kubeconfig).args([
        "auth",
        "whoami",
        "--server",
        simulator.ready("/clusters/0/endpoint"),
        "--certificate-authority",
        simulator.ready("/ca_bundle"),
        "--token",
        token,
    ]);
    Simulator::run_command(&mut command)
}

#[test]
fn each_bad_token_is_refused_for_its_own_reason() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("each_bad_token_is_refused_for_its_own_reason", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    let token = |cluster: &str| token(&simulator, &clients[0], cluster);
    let whoami = |token: &str| whoami(&simulator, &clients[1], token);
    let explain = |token: &str| -> Value {
        let text = simulator.own(&format!("explain --output json --token {token}")).good();
        serde_json::from_str(&text).unwrap()
    };
    let check = |token: &str, log: &str, failed: &str| {
        let complaint = whoami(token).complaint();
        assert_eq!(complaint, "error: You must be logged in to the server (Unauthorized)");
        let line = simulator.log().pop().unwrap();
        assert!(line.contains(log), "{log}: {line}");
        let explanation = explain(token);
        let checks = explanation["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["verdict"] == "failed").unwrap();
        assert_eq!(found["id"], failed, "{explanation:#}");
    };

    let good = token("my-cluster");
    assert!(whoami(&good).good().contains("testuser"));
    assert_eq!(explain(&good)["cause"], "granted");

    let signature = "\\\"Code\\\":\\\"SignatureDoesNotMatch\\\"";
    check(&token("other-cluster"), signature, "sigv4.signature");
    let flipped = changed(&good, |url| {
        let (head, tail) = url.split_once("X-Amz-Signature=").unwrap();
        let first = if tail.starts_with('0') { '1' } else { '0' };
        format!("{head}X-Amz-Signature={first}{}", &tail[1..])
    });
    check(&flipped, signature, "sigv4.signature");
    check(
        &changed(&good, |url| url + "&foo=bar"),
        r#"error="input token was not properly formatted: non-whitelisted query parameter \"foo\"""#,
        "token.parameter",
    );
    check(
        &format!("{good}{}", "A".repeat(4097 - good.len())),
        r#"error="input token was not properly formatted: token is too large""#,
        "token.size",
    );
    check(
        &changed(&good, |url| {
            url.replacen("http://127.0.0.1", "https://sts.example.com", 1)
        }),
        "unexpected hostname",
        "token.host",
    );
    let moved = simulator.own("ctl clock advance 16m").good();
    assert!(moved.ends_with("(+960 s)\n"), "{moved}");
    check(
        &good,
        "X-Amz-Date parameter is expired (15 minute expiration) 20",
        "token.expired",
    );
    let _ = simulator.own("ctl clock reset").good();
    assert!(whoami(&good).good().contains("testuser"));
}

#[test]
fn our_own_token_command_does_what_the_aws_cli_does() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("our_own_token_command_does_what_the_aws_cli_does", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    for profile in ["default", "creator", "admin-test-role"] {
        let url = |text: &str| {
            let credential: Value = serde_json::from_str(text).unwrap();
            assert_eq!(credential["kind"], "ExecCredential");
            assert_eq!(credential["apiVersion"], "client.authentication.k8s.io/v1beta1");
            let token = credential["status"]["token"].as_str().unwrap().to_owned();
            let url = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX).unwrap()).unwrap();
            let url = String::from_utf8(url).unwrap();
            let (endpoint, query) = url.split_once('?').unwrap();
            let names: Vec<String> = query
                .split('&')
                .map(|pair| pair.split('=').next().unwrap().to_owned())
                .collect();
            (endpoint.to_owned(), names)
        };
        let ours = simulator
            .own(&format!("token --cluster-name my-cluster --profile {profile}"))
            .good();
        let words = format!("eks get-token --cluster-name my-cluster --profile {profile}");
        let (mut ours, mut theirs) = (url(&ours), url(&simulator.run(&clients[0], &words, None).good()));
        ours.1.sort();
        theirs.1.sort();
        assert_eq!(ours, theirs, "{profile}");
    }
    // kubectl with our command as its plugin.
    let kubeconfig = simulator.folder().join("own-kubeconfig");
    let text = std::fs::read_to_string(simulator.ready("/clusters/0/kubeconfig")).unwrap();
    let (head, _) = text.split_once("users:").unwrap();
    let name = "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster";
    let plugin = client_tests::binary().display();
    let user = format!(
        "users:\n- name: {name}\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      interactiveMode: Never\n      command: {plugin}\n      args: [token, --cluster-name, my-cluster]\n"
    );
    std::fs::write(&kubeconfig, format!("{head}{user}")).unwrap();
    let mut command = simulator.command(&clients[1]);
    command.args(["auth", "whoami"]).env("KUBECONFIG", &kubeconfig);
    assert!(Simulator::run_command(&mut command).good().contains("testuser"));
}

#[test]
fn a_token_that_was_good_stays_good_for_two_minutes() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("a_token_that_was_good_stays_good_for_two_minutes", &clients) else {
        return;
    };
    let simulator = Simulator::start();
    let whoami = |token: &str| whoami(&simulator, &clients[1], token);
    let good = token(&simulator, &clients[0], "my-cluster");
    assert!(whoami(&good).good().contains("testuser"));
    let mut command = simulator.command(&clients[1]);
    command
        .args([
            "patch",
            "configmap",
            "aws-auth",
            "-n",
            "kube-system",
            "-p",
            r#"{"data":{"mapUsers":""}}"#,
        ])
        .env("AWS_PROFILE", "creator");
    let _ = Simulator::run_command(&mut command).good();

    let lines = simulator.log().len();
    assert!(whoami(&good).good().contains("testuser"));
    assert_eq!(simulator.log().len(), lines, "the authenticator was asked");
    let explained = simulator.own("explain --last").good();
    assert!(explained.contains("cause: granted-from-cache"), "{explained}");
    assert!(
        explained.contains("judged now it would be denied: identity is not mapped"),
        "{explained}"
    );

    let _ = simulator.own("ctl clock advance 2m").good();
    assert!(whoami(&good).complaint().ends_with("(Unauthorized)"));
    let denied = simulator.log().pop().unwrap();
    assert!(denied.contains("identity is not mapped"), "{denied}");
}

#[test]
fn verify_tells_who_signed_whatever_the_mapping() {
    let Some(clients) = need("verify_tells_who_signed_whatever_the_mapping", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let mut command = simulator.command(&clients[0]);
    command
        .args(["eks", "get-token", "--cluster-name", "any-name"])
        .env("AWS_PROFILE", "admin-test-role");
    let credential: Value = serde_json::from_str(&Simulator::run_command(&mut command).good()).unwrap();
    let token = credential["status"]["token"].as_str().unwrap();
    let verify = |cluster: &str| simulator.own(&format!("verify --token {token} -i {cluster} --output json"));
    let identity: Value = serde_json::from_str(&verify("any-name").good()).unwrap();
    assert_eq!(
        identity["CanonicalARN"],
        "arn:aws:iam::111122223333:role/admin-test-role"
    );
    assert_eq!(identity["AccountID"], "111122223333");
    assert_eq!(identity["STSEndpoint"], "sts.us-west-2.amazonaws.com");
    let refused = verify("my-cluster").complaint();
    assert!(
        refused.starts_with(
            "eks-auth-sim: could not verify token: sts getCallerIdentity failed: error from AWS (expected 200, got 403)"
        ),
        "{refused}"
    );
    let text = simulator.own(&format!("verify --token {token} -i any-name")).good();
    assert!(
        text.starts_with("&{ARN:arn:aws:sts::111122223333:assumed-role/admin-test-role/"),
        "{text}"
    );
}

const THROTTLED: &str = r#"world:
  sts_throttled: true
  accounts:
    - id: "111122223333"
      users: [{name: testuser}]
  clusters:
    - {name: my-cluster, region: us-west-2, account: "111122223333", creator: user/testuser}
  profiles:
    - {name: default, user: testuser}
"#;

#[test]
fn a_throttled_sts_is_told_apart_from_a_bad_token() {
    let clients = [Client::Aws, Client::Kubectl];
    let Some(clients) = need("a_throttled_sts_is_told_apart_from_a_bad_token", &clients) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.yaml");
    std::fs::write(&world, THROTTLED).unwrap();
    let simulator = Simulator::start_with(&["--scenario", world.to_str().unwrap()]);
    let mut command = simulator.command(&clients[0]);
    command
        .args(["sts", "get-caller-identity"])
        .env("AWS_MAX_ATTEMPTS", "1");
    let complaint = Simulator::run_command(&mut command).complaint();
    assert!(complaint.contains("(Throttling)"), "{complaint}");
    assert!(complaint.ends_with(": Rate exceeded"), "{complaint}");
    let token = token(&simulator, &clients[0], "my-cluster");
    assert_eq!(
        whoami(&simulator, &clients[1], &token).complaint(),
        "error: You must be logged in to the server (Unauthorized)"
    );
    let line = simulator.log().pop().unwrap();
    let wanted = "error=\"sts getCallerIdentity was throttled: {\\\"Error\\\":{\\\"Code\\\":\\\"Throttling\\\",";
    assert!(line.contains(wanted), "{line}");
    let explain = simulator.own(&format!("explain --output json --token {token}")).good();
    let explanation: Value = serde_json::from_str(&explain).unwrap();
    assert_eq!(explanation["cause"], "sts-throttled");
    let review =
        format!(r#"{{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{{"token":"{token}"}}}}"#);
    let request = format!(
        "POST /authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{review}",
        review.len()
    );
    let status = abuse::status(&mut *abuse::open(&simulator, true), [request.into_bytes()].into_iter());
    assert_eq!(status, "HTTP/1.1 429 Too Many Requests");
}
