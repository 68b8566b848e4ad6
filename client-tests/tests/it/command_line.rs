//! Our own commands as a user runs them.

use std::fs;
use std::process::Command;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::binary;
use client_tests::need;
use eks_auth_core::value::printable;

#[test]
fn serve_ends_cleanly_and_takes_its_files_with_it() {
    let simulator = Simulator::start();
    let ready = simulator.ready("/env/EKS_AUTH_SIM_READY_FILE").to_owned();
    let bundle = simulator.ready("/ca_bundle").to_owned();
    let whole: serde_json::Value = serde_json::from_str(&fs::read_to_string(&ready).unwrap()).unwrap();
    assert_eq!(whole["version"], 1);
    assert_eq!(whole["pid"], simulator.pid());
    let env_file = fs::read_to_string(simulator.ready("/env_file")).unwrap();
    assert!(env_file.starts_with("unset AWS_ACCESS_KEY_ID AWS_PROFILE AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\n"));
    assert_eq!(simulator.stop(), Some(0));
    assert!(!fs::exists(ready).unwrap());
    assert!(!fs::exists(bundle).unwrap());
}

#[test]
fn exec_passes_its_environment_in_and_the_exit_code_out() {
    let run = |script: &str| {
        let mut command = Command::new(binary());
        command
            .args(["exec", "--", "sh", "-c", script])
            .env("AWS_ACCESS_KEY_ID", "stray");
        Simulator::run_command(&mut command)
    };
    assert_eq!(run("exit 7").code, Some(7));
    assert_eq!(run("kill -9 $$").code, Some(137));
    let seen = run("echo \"$AWS_ENDPOINT_URL ${AWS_ACCESS_KEY_ID-unset} $AWS_REGION\"").good();
    assert!(
        seen.starts_with("http://127.0.0.1:") && seen.ends_with(" unset us-west-2\n"),
        "{seen}"
    );
}

#[test]
fn explain_needs_no_running_simulator() {
    let explain = |words: &str| {
        let mut command = Command::new(binary());
        command
            .arg("explain")
            .args(words.split(' '))
            .env_remove("EKS_AUTH_SIM_READY_FILE");
        Simulator::run_command(&mut command)
    };
    let text = explain("--arn arn:aws:iam::111122223333:role/admin-test-role --scenario unmapped-role").good();
    assert!(text.contains("cause: identity-not-mapped"), "{text}");
    let text = explain("--arn arn:aws:sts::111122223333:assumed-role/admin-test-role/me").good();
    assert!(text.contains("role/admin-test-role is not mapped"), "{text}");
    assert_eq!(explain("--last").code, Some(2));
    let garbage = explain("--token k8s-aws-v1.!").good();
    assert!(garbage.contains("✗ token.base64"), "{garbage}");
}

#[test]
fn explain_tells_that_keys_in_the_environment_come_before_the_profile() {
    let simulator = Simulator::start();
    let stray = |words: &str| {
        let mut command = simulator.command(binary());
        command
            .args(words.split(' '))
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "hidden-from-everyone")
            .env("AWS_PROFILE", "creator");
        Simulator::run_command(&mut command).good()
    };
    let token = stray("token --cluster-name my-cluster --token-only");
    let text = stray(&format!("explain --token {}", token.trim()));
    assert!(text.contains("cause: environment-overrides-profile"), "{text}");
    assert!(text.contains("profile creator would be let in"), "{text}");
    assert!(!text.contains("hidden-from-everyone"), "{text}");
    let elsewhere = simulator.own(&format!("explain --token {}", token.trim())).good();
    assert!(elsewhere.contains("cause: key-unknown"), "{elsewhere}");
}

#[test]
fn wrong_usage_is_reported_in_one_line() {
    let own = |words: &str| {
        let mut command = Command::new(binary());
        Simulator::run_command(command.args(words.split(' ')))
    };
    for (words, wanted) in [
        (
            "serve --listen 0.0.0.0",
            "eks-auth-sim: --listen 0.0.0.0 lets other machines in; add --allow-remote if you mean it\n",
        ),
        (
            "ctl --ready-file nowhere clock",
            "eks-auth-sim: cannot read ready file `nowhere`: No such file or directory (os error 2); is the simulator running?\n",
        ),
    ] {
        let ran = own(words);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), wanted));
    }
    for command in [
        "serve",
        "exec",
        "token",
        "verify",
        "webhook",
        "explain",
        "import",
        "lint",
        "scenario",
        "ctl",
        "completions",
        "man",
    ] {
        let help = own(&format!("{command} --help")).good();
        assert!(help.contains("Example"), "{command}: {help}");
    }
}

#[test]
fn what_the_real_clients_print_is_linted() {
    let Some(clients) = need("what_the_real_clients_print_is_linted", &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let folder = simulator.folder();
    let file = |name: &str| folder.join(name).display().to_string();
    let words = "get configmap aws-auth -n kube-system -o yaml";
    let good = simulator.run(&clients[1], words, None).good();
    fs::write(folder.join("good.yaml"), &good).unwrap();
    let words = format!(
        "eks update-kubeconfig --name my-cluster --kubeconfig {}",
        file("kubeconfig")
    );
    let _ = simulator.run(&clients[0], &words, None).good();
    let clean = simulator.own(&format!("lint {} {}", file("good.yaml"), file("kubeconfig")));
    assert_eq!((clean.code, clean.stdout.as_str()), (Some(0), ""));

    fs::write(
        folder.join("bad.yaml"),
        good.replace("role/my-cluster", "role/team/my-cluster"),
    )
    .unwrap();
    let bad = simulator.own(&format!("lint --output json {}", file("bad.yaml")));
    assert_eq!(bad.code, Some(1));
    let findings: serde_json::Value = serde_json::from_str(&bad.stdout).unwrap();
    assert_eq!(findings[0]["rule"], "aws-auth/role-with-path");
    let line = findings[0]["line"].as_u64().unwrap();
    assert!(
        good.lines().nth(line as usize - 1).unwrap().contains("rolearn"),
        "{findings:#}"
    );
    assert_eq!(simulator.own("lint nowhere").code, Some(2));
}

/// Scenarios, logs, tokens, files and what a running simulator was told are somebody else's.
#[test]
fn nothing_that_others_wrote_is_obeyed_by_a_terminal() {
    const HOSTILE: &str = "\u{1b}[2J\u{7}\u{9b}1m\u{7f}\u{202e}\u{200b}";
    let simulator = Simulator::start();
    let folder = simulator.folder();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let good = include_str!("../../../scenarios/unmapped-role/scenario.yaml");
    let title = "  en: The role is not in aws-auth\n";
    let told = r#"  en: "told \e[2J\a\u009b1m\u007f\u202e\u200b\nmore""#;
    assert!(good.contains(title));
    // Files that stand beside a scenario are its own.
    fs::create_dir(folder.join("scenario")).unwrap();
    let scenario = file("scenario/scenario.yaml", &good.replacen(title, &format!("{told}\n"), 1));
    let broken = file(
        "broken.yaml",
        &good.replacen("id: unmapped-role", "id: 'un\u{202e}\u{200b}mapped'", 1),
    );
    let item = format!("- rolearn: arn:aws:iam::111122223333:role/team/dev\u{202e}\u{200b}\n  username: {HOSTILE}\n");
    let aws_auth = file(&format!("aws-auth{HOSTILE}.yaml"), &item);
    let arn = format!("arn:aws:iam::111122223333:role/dev{HOSTILE}");
    let line = format!("level=warning msg=\"access denied\" arn=\"{arn}\" error=\"identity is not mapped\"");
    let said = format!("{HOSTILE} Unable to locate credentials {HOSTILE}");
    let message = format!("--message={HOSTILE}");
    for (arguments, shown) in [
        (&["scenario", "show", "--lang", "en", &scenario][..], true),
        (&["scenario", "show", "--output", "json", &scenario], false),
        (
            &["scenario", "run", "--lang", "en", "--client", "builtin", &scenario],
            true,
        ),
        (
            &[
                "scenario", "run", "--lang", "en", "--client", "builtin", "--output", "markdown", &scenario,
            ],
            true,
        ),
        (
            &["scenario", "run", "--client", "builtin", "--output", "json", &scenario],
            false,
        ),
        (
            &["scenario", "run", "--client", "builtin", "--output", "junit", &scenario],
            false,
        ),
        (&["scenario", "validate", &broken], false),
        (&["scenario", "show", HOSTILE], true),
        (&["explain", "--client-error", &said], true),
        (&["explain", "--log-line", &line], false),
        (&["explain", "--log-line", &line, "--output", "json"], false),
        (&["explain", "--arn", &arn, "--scenario", "unmapped-role"], true),
        (&["explain", "--arn", &arn, "--aws-auth", &aws_auth], false),
        (&["lint", &aws_auth], true),
        (&["lint", "--output", "json", &aws_auth], false),
        (&["verify", "--token", HOSTILE, "--cluster-name", HOSTILE], false),
        (&["ctl", "--ready-file", HOSTILE, "clock"], true),
        (&["ctl", "fault", "add", "error", &message], false),
        (&["ctl", "fault", "list"], false),
        (&["ctl", "events"], false),
        (&["ctl", "sso", "approve", HOSTILE], false),
    ] {
        let ran = Simulator::run_command(simulator.command(binary()).args(arguments));
        for text in [&ran.stdout, &ran.stderr] {
            let obeyed = text
                .chars()
                .find(|c| printable::is_hidden(*c) && !matches!(c, '\n' | '\t'));
            assert_eq!(obeyed, None, "{arguments:?}: {text:?}");
        }
        if arguments.contains(&"json") {
            let document = serde_json::from_str::<serde_json::Value>(&ran.stdout);
            let error = document.err();
            assert!(
                error.is_none(),
                "{arguments:?}: {error:?}: {:?} {}{}",
                ran.code,
                ran.stdout,
                ran.stderr
            );
        }
        let text = ran.stdout + &ran.stderr;
        assert!(!shown || text.contains(r"\u{"), "{arguments:?}: {text}");
    }
}

#[test]
fn bash_completes_our_commands() {
    let complete = |words: &[&str]| {
        let script = "source <(\"$0\" completions bash)
            COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)) COMPREPLY=()
            $(complete -p \"$1\" | sed 's/.*-F //; s/ .*//') \"$1\" \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
            echo \"${COMPREPLY[@]}\"";
        let mut command = Command::new("bash");
        command
            .args(["-c", script])
            .arg(binary())
            .arg("eks-auth-sim")
            .args(words);
        Simulator::run_command(&mut command).good()
    };
    assert_eq!(complete(&["expl"]), "explain\n");
    assert_eq!(complete(&["ctl", "clock", "adv"]), "advance\n");
    assert_eq!(complete(&["lint", "--output", ""]), "text json\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let own = |words: &[&str]| Simulator::run_command(Command::new(binary()).args(words));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    let _ = own(&["man", "--dir", dir.to_str().unwrap()]).good();
    let page = |name: &str| fs::read_to_string(dir.join(format!("{name}.1"))).unwrap();
    let root = page("eks-auth-sim");
    assert_eq!(own(&["man"]).good(), root);
    assert_eq!(own(&["man", "ctl", "clock"]).good(), page("eks-auth-sim-ctl-clock"));
    let named: Vec<String> = root
        .lines()
        .filter_map(|line| Some(line.strip_suffix("(1)")?.replace("\\-", "-")))
        .collect();
    assert!(named.len() > 10, "{root}");
    for name in named {
        let page = page(&name);
        assert!(page.contains(".SH SYNOPSIS") && page.is_ascii(), "{name}: {page}");
    }
    let none = own(&["man", "ctl", "nothing"]);
    let wanted = "eks-auth-sim: `eks-auth-sim ctl` has no command `nothing`; see `eks-auth-sim ctl --help`\n";
    assert_eq!((none.code, none.stderr.as_str()), (Some(2), wanted));
}
