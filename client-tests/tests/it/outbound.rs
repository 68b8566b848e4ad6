//! Nothing ever leaves the machine: the system calls of the running simulator, whatever its clients ask of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::binary;
use client_tests::need;

use super::proxy::proxied;

/// The `connect` calls of a trace that lead, or may lead, off the machine.
fn outbound(trace: &str) -> Vec<&str> {
    const INSIDE: [&str; 5] = [
        // Undoes an earlier connect of a datagram socket.
        "sa_family=AF_UNSPEC",
        "sa_family=AF_UNIX",
        "inet_addr(\"127.",
        "inet_pton(AF_INET6, \"::1\"",
        "inet_pton(AF_INET6, \"::ffff:127.",
    ];
    trace
        .lines()
        .filter(|line| line.contains(" connect("))
        .filter(|line| !INSIDE.iter().any(|address| line.contains(address)))
        .collect()
}

#[test]
fn a_connect_off_the_machine_is_seen() {
    let inside = r#"7 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory)
7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.53")}, 16 <unfinished ...>
8 <... connect resumed>)            = 0
7 connect(3, {sa_family=AF_UNSPEC, sa_data="\0\0\0\0\0\0\0\0\0\0\0\0\0\0"}, 16) = 0
7 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0
7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0"#;
    assert_eq!(outbound(inside), [""; 0]);
    for outside in [
        r#"7 connect(3, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.53")}, 16) = 0"#,
        r#"7 connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("169.254.169.254")}, 16 <unfinished ...>"#,
        r#"7 connect(3, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#,
        "7 connect(3, 0x7ffe, 16) = -1 EFAULT (Bad address)",
    ] {
        assert_eq!(outbound(&format!("{inside}\n{outside}")), [outside]);
    }
}

/// `strace` of what follows, with its threads and children; it writes to `trace`.
fn strace(program: &Path, trace: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-f", "--seccomp-bpf", "-e", "trace=connect,bind", "-o"])
        .arg(trace);
    command
}

#[test]
fn the_running_simulator_connects_to_nothing_outside() {
    let test = "the_running_simulator_connects_to_nothing_outside";
    let Some(clients) = need(test, &[Client::Strace, Client::Aws, Client::Kubectl]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let simulator = Simulator::start_traced(strace(&clients[0], &trace));
    let aws = |words: &str| simulator.run(&clients[1], words, None);
    let kubectl = |words: &str, profile| simulator.run(&clients[2], words, profile);
    let _ = aws("sts get-caller-identity").good();
    let _ = aws("iam create-user --user-name u").good();
    let mode = "authenticationMode=API_AND_CONFIG_MAP";
    let _ = aws(&format!(
        "eks update-cluster-config --name my-cluster --access-config {mode}"
    ))
    .good();
    let _ = aws("eks describe-cluster --name other").complaint();
    assert!(kubectl("get svc", None).good().contains("10.100.0.1"));
    let _ = kubectl("get svc", Some("admin-test-role")).complaint();
    let _ = simulator.own("explain --last");
    for (words, good) in [
        ("sts get-caller-identity", true),
        ("s3api list-buckets", false),
        ("sts get-caller-identity --endpoint-url https://example.com", false),
    ] {
        let mut command = proxied(&simulator, &clients[1]);
        command.args(words.split(' ')).env("AWS_MAX_ATTEMPTS", "1");
        assert_eq!(Simulator::run_command(&mut command).code == Some(0), good, "{words}");
    }
    assert_eq!(simulator.stop(), Some(0));
    let trace = fs::read_to_string(trace).unwrap();
    assert!(trace.contains(" bind("), "nothing was traced: {trace}");
    assert_eq!(outbound(&trace), [""; 0]);
}

#[test]
fn a_scenario_and_its_clients_connect_to_nothing_outside() {
    let test = "a_scenario_and_its_clients_connect_to_nothing_outside";
    let Some(clients) = need(test, &[Client::Strace, Client::Aws, Client::Kubectl]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut command = strace(&clients[0], &trace);
    command.arg(binary()).args(["scenario", "run", "wrong-profile"]);
    let _ = Simulator::run_command(&mut command).good();
    let trace = fs::read_to_string(trace).unwrap();
    let inside = trace.matches("sin_addr=inet_addr(\"127.0.0.1\")").count();
    assert!(inside > 10, "the clients were not traced: {trace}");
    assert_eq!(outbound(&trace), [""; 0]);
}
