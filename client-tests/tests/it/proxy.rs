//! Tools that ignore endpoint settings: the AWS endpoint over TLS, and the proxy that leads AWS hosts to it.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;

/// A command that knows nothing of the simulator's endpoint, only the proxy and its authority.
pub(super) fn proxied(simulator: &Simulator, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = simulator.command(program);
    command
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("AWS_ENDPOINT_URL_STS")
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        .env("AWS_CA_BUNDLE", simulator.ready("/ca_bundle"))
        .env("HTTPS_PROXY", simulator.ready("/proxy"));
    command
}

/// The whole answer to a request after which the proxy closes.
fn answer(simulator: &Simulator, request: &str) -> String {
    let mut stream = simulator.connect("/proxy");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_cli_reaches_the_real_hosts_names_through_the_proxy() {
    let Some(clients) = need("the_cli_reaches_the_real_hosts_names_through_the_proxy", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str, profile: &str| -> Ran {
        let mut command = proxied(&simulator, &clients[0]);
        command.args(words.split_whitespace()).env("AWS_PROFILE", profile);
        Simulator::run_command(&mut command)
    };
    assert_eq!(
        aws("sts get-caller-identity --query Arn --output text", "default").good(),
        "arn:aws:iam::111122223333:user/testuser\n"
    );
    let session = aws("sts get-caller-identity --query Arn --output text", "admin-test-role").good();
    assert!(session.starts_with("arn:aws:sts::111122223333:assumed-role/admin-test-role/"));
    assert_eq!(
        aws("eks list-clusters --query clusters --output text", "default").good(),
        "my-cluster\n"
    );
    assert_eq!(
        aws(
            "iam get-user --user-name creator --query User.Arn --output text",
            "default"
        )
        .good(),
        "arn:aws:iam::111122223333:user/creator\n"
    );
    // The host decides which region and service must have been signed for, as AWS's own hosts do.
    for (host, wanted) in [
        ("sts.us-west-2.amazonaws.com", None),
        (
            "sts.eu-west-1.amazonaws.com",
            Some("Credential should be scoped to a valid region, not 'us-west-2'."),
        ),
        (
            "sts.amazonaws.com",
            Some("Credential should be scoped to a valid region, not 'us-west-2'."),
        ),
        (
            "iam.amazonaws.com",
            Some("Credential should be scoped to correct service: 'iam'."),
        ),
    ] {
        let ran = aws(
            &format!("sts get-caller-identity --endpoint-url https://{host}"),
            "default",
        );
        match wanted {
            None => assert!(ran.good().contains("user/testuser")),
            Some(wanted) => {
                let complaint = ran.complaint();
                let ending = format!("(SignatureDoesNotMatch) when calling the GetCallerIdentity operation: {wanted}");
                assert!(complaint.ends_with(&ending), "{host}: {complaint}");
            }
        }
    }
}

#[test]
fn the_aws_endpoint_answers_over_tls_as_in_the_clear() {
    let Some(clients) = need("the_aws_endpoint_answers_over_tls_as_in_the_clear", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |endpoint: &str| {
        let words = format!("sts get-caller-identity --endpoint-url {endpoint}");
        let mut command = simulator.command(&clients[0]);
        command
            .args(words.split_whitespace())
            .env("AWS_CA_BUNDLE", simulator.ready("/ca_bundle"));
        Simulator::run_command(&mut command)
    };
    let endpoint = simulator.ready("/aws_endpoint_tls");
    let clear = aws(simulator.ready("/aws_endpoint")).good();
    assert_eq!(aws(endpoint).good(), clear);
    assert_eq!(aws(&endpoint.replace("127.0.0.1", "localhost")).good(), clear);
}

#[test]
fn a_token_may_be_signed_for_the_endpoint_over_tls() {
    let Some(clients) = need("a_token_may_be_signed_for_the_endpoint_over_tls", &[Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let mut command = simulator.command(client_tests::binary());
    command
        .args(["token", "--cluster-name", "my-cluster"])
        .env("AWS_ENDPOINT_URL_STS", simulator.ready("/aws_endpoint_tls"));
    let credential: serde_json::Value = serde_json::from_str(&Simulator::run_command(&mut command).good()).unwrap();
    let token = credential["status"]["token"].as_str().unwrap();
    let words = format!(
        "--server {} --certificate-authority {} --token {token} --kubeconfig /dev/null auth whoami",
        simulator.ready("/clusters/0/endpoint"),
        simulator.ready("/ca_bundle"),
    );
    let whoami = simulator.run(&clients[0], &words, None).good();
    assert!(whoami.contains("user/testuser"), "{whoami}");
}

#[test]
fn kubectl_works_behind_the_proxy() {
    let Some(clients) = need("kubectl_works_behind_the_proxy", &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let proxy = simulator.ready("/proxy");
    let kubectl = |words: &str| {
        let mut command = proxied(&simulator, &clients[1]);
        command
            .args(words.split_whitespace())
            .env("HTTP_PROXY", proxy)
            .env("KUBECONFIG", simulator.ready("/clusters/0/kubeconfig"));
        Simulator::run_command(&mut command)
    };
    assert!(kubectl("get svc").good().contains("10.100.0.1"));
    // Go leaves loopback addresses out of HTTPS_PROXY, but not out of a kubeconfig's own setting.
    let cluster = "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster";
    let _ = kubectl(&format!("config set clusters.{cluster}.proxy-url {proxy}")).good();
    assert!(kubectl("get svc").good().contains("10.100.0.1"));
}

#[test]
fn other_targets_are_refused_in_one_clear_line_and_nothing_ends() {
    let simulator = Simulator::start();
    let cluster = simulator.ready("/clusters/0/endpoint").replace("https://", "");
    let aws = simulator.ready("/aws_endpoint").replace("http://", "");
    let own = simulator.ready("/proxy").replace("http://", "");
    let control = simulator.ready("/control").replace("http://", "");
    let outside = "only AWS hosts, the AWS endpoint and the clusters are reached, nothing is forwarded out";
    let clear = "of unencrypted hosts only the simulator's AWS endpoint is reached, nothing is forwarded out";
    for (line, asked, why) in [
        ("CONNECT example.com:443", "example.com:443", outside),
        ("CONNECT 169.254.169.254:80", "169.254.169.254:80", outside),
        ("CONNECT 127.0.0.1:1", "127.0.0.1:1", outside),
        (&format!("CONNECT {own}"), own.as_str(), outside),
        (&format!("CONNECT {control}"), control.as_str(), outside),
        (&format!("GET http://{control}/v1/clock"), control.as_str(), clear),
        (
            "CONNECT sts.amazonaws.com:80",
            "sts.amazonaws.com:80",
            "AWS hosts are reached on port 443 only",
        ),
        ("GET http://example.com/", "example.com", clear),
        ("GET http://sts.amazonaws.com/", "sts.amazonaws.com", clear),
        (&format!("GET http://{cluster}/"), cluster.as_str(), clear),
        ("GET /", "/", "this is a proxy: set HTTPS_PROXY to it"),
    ] {
        let answer = answer(&simulator, &format!("{line} HTTP/1.1\r\nHost: {asked}\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{line}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, format!("eks-auth-sim refuses `{asked}`: {why}\n"));
    }
    let plain = format!("GET http://{aws}/ HTTP/1.1\r\nHost: {aws}\r\nConnection: close\r\n\r\n");
    let plain = answer(&simulator, &plain);
    assert!(plain.contains("<Code>MissingAuthenticationToken</Code>"), "{plain}");
}

/// Whoever asks the control interface gets certificates of `system:masters`.
#[test]
fn the_control_interface_is_not_on_the_network() {
    for command in ["serve", "webhook"] {
        let mut arguments = vec!["--listen", "0.0.0.0", "--allow-remote"];
        if command == "webhook" {
            arguments.extend(["--port", "0"]);
        }
        let simulator = Simulator::start_command(command, &arguments);
        let port = |pointer: &str| {
            let (_, port) = simulator.ready(pointer).rsplit_once(':').unwrap();
            port.parse::<u16>().unwrap()
        };
        // Every address of 127.0.0.0/8 is this machine's, and stands for one of the network: a listener on 0.0.0.0 has it.
        let reaches = |pointer: &str| TcpStream::connect(("127.0.0.2", port(pointer))).is_ok();
        assert!(
            simulator.ready("/control").starts_with("http://127.0.0.1:"),
            "{command}"
        );
        assert!(!reaches("/control"), "{command}");
        assert!(reaches("/aws_endpoint"), "{command}");
        assert!(simulator.own("ctl clock").good().contains("(+0 s)"), "{command}");
        for host in ["127.0.0.1", "localhost", "0.0.0.0"] {
            let control = format!("{host}:{}", port("/control"));
            let answer = answer(
                &simulator,
                &format!("CONNECT {control} HTTP/1.1\r\nHost: {control}\r\n\r\n"),
            );
            assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{command}: {answer}");
        }
    }
}

#[test]
fn noise_at_the_proxy_ends_with_its_own_connection() {
    let simulator = Simulator::start();
    let mut held = Vec::new();
    for round in 0..40_usize {
        for head in ["", "CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: x\r\n\r\n"] {
            let mut stream = simulator.connect("/proxy");
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&vec![round as u8; round * 10]);
            held.push(stream);
        }
    }
    let long = format!("CONNECT {}.amazonaws.com:443 HTTP/1.1\r\n\r\n", "a".repeat(1 << 20));
    let _ = simulator.connect("/proxy").write_all(long.as_bytes());
    assert_eq!(tunnelled(&simulator, "sts.amazonaws.com", "sts.amazonaws.com"), Ok(()));
    assert_eq!(held.len(), 80);
}

#[test]
fn certificates_are_made_for_hosts_of_aws_only() {
    let simulator = Simulator::start();
    for name in [
        "sts.us-west-2.amazonaws.com",
        "eks.cn-north-1.amazonaws.com.cn",
        "localhost",
    ] {
        assert_eq!(tunnelled(&simulator, "sts.amazonaws.com", name), Ok(()), "{name}");
    }
    for name in ["example.com", "amazonaws.com", "kubernetes"] {
        assert!(tunnelled(&simulator, "sts.amazonaws.com", name).is_err(), "{name}");
    }
}

/// Whether a TLS handshake for `name` comes to its end in a tunnel to `host`.
fn tunnelled(simulator: &Simulator, host: &str, name: &'static str) -> Result<(), String> {
    let mut stream = simulator.connect("/proxy");
    stream
        .write_all(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").as_bytes())
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    let mut connection = simulator.tls(name);
    while connection.is_handshaking() {
        connection.complete_io(&mut stream).map_err(|error| error.to_string())?;
    }
    Ok(())
}
