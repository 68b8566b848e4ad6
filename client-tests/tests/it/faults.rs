//! Faults of the AWS services, as the real clients meet them.

use std::time::Duration;
use std::time::Instant;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;

#[test]
fn a_client_retries_what_a_fault_strikes_once() {
    let Some(clients) = need("a_client_retries_what_a_fault_strikes_once", &[Client::Aws]) else {
        return;
    };
    let aws = &clients[0];
    let simulator = Simulator::start();
    let whoami = || simulator.run(aws, "sts get-caller-identity --query Arn --output text", None);
    let _ = simulator.own("ctl fault add throttle --service sts --count 1").good();
    assert_eq!(whoami().good(), "arn:aws:iam::111122223333:user/testuser\n");
    assert_eq!(simulator.own("ctl fault list").good(), "");
    let _ = simulator
        .own("ctl fault add error --service eks --action ListClusters --code AccessDeniedException --status 403 --message no")
        .good();
    let complaint = simulator.run(aws, "eks list-clusters", None).complaint();
    assert!(
        complaint.ends_with("An error occurred (AccessDeniedException) when calling the ListClusters operation: no"),
        "{complaint}"
    );
    assert_eq!(simulator.own("ctl fault clear").good(), "1 cleared\n");
    let _ = simulator.run(aws, "eks list-clusters", None).good();
    let _ = simulator
        .own("ctl fault add drop --service sts --principal *:user/testuser")
        .good();
    let mut command = simulator.command(aws);
    command
        .args(["sts", "get-caller-identity"])
        .env("AWS_MAX_ATTEMPTS", "1");
    let complaint = Simulator::run_command(&mut command).complaint();
    assert!(complaint.contains("Connection was closed"), "{complaint}");
    assert!(simulator.run(aws, "sts get-caller-identity", Some("creator")).code == Some(0));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a client was kept waiting")]
fn the_authenticator_meets_the_faults_of_sts() {
    let Some(clients) = need(
        "the_authenticator_meets_the_faults_of_sts",
        &[Client::Aws, Client::Kubectl],
    ) else {
        return;
    };
    let kubectl = &clients[1];
    let simulator = Simulator::start();
    for (fault, log, cause) in [
        (
            "throttle",
            r#"error="sts getCallerIdentity was throttled: {\"Error\":{\"Code\":\"Throttling\""#,
            "sts-throttled",
        ),
        (
            "timeout",
            r#"error="sts getCallerIdentity failed: error during GET: context deadline exceeded (Client.Timeout exceeded while awaiting headers) on us-west-2 endpoint""#,
            "sts-unavailable",
        ),
        (
            "error",
            r#"error="sts getCallerIdentity failed: error from AWS (expected 200, got 500) on us-west-2 endpoint. Body: {\"Error\":{\"Code\":\"InternalFailure\""#,
            "sts-unavailable",
        ),
    ] {
        let _ = simulator
            .own(&format!(
                "ctl fault add {fault} --service sts --action GetCallerIdentity"
            ))
            .good();
        // One request: kubectl asks what there is five times, and each waits for the authenticator's timeout.
        let raw = "get --raw /api/v1/namespaces/default/services";
        let complaint = simulator.run(kubectl, raw, None).complaint();
        assert!(
            complaint.starts_with("error: You must be logged in to the server ("),
            "{complaint}"
        );
        assert!(simulator.log().iter().any(|line| line.contains(log)), "{fault}");
        let explained = simulator.own("explain --last").stdout;
        assert!(explained.contains(&format!("cause: {cause}\n")), "{explained}");
        let _ = simulator.own("ctl fault clear").good();
    }
    // What is late is let in, later.
    let _ = simulator
        .own("ctl fault add latency --milliseconds 1500 --service sts --action GetCallerIdentity")
        .good();
    let begun = Instant::now();
    let _ = simulator.run(kubectl, "get svc", None).good();
    assert!(begun.elapsed() >= Duration::from_millis(1500), "{:?}", begun.elapsed());
    let _ = simulator.own("ctl fault clear").good();
    let _ = simulator.run(kubectl, "get svc", None).good();
}
