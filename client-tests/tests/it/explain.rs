//! `explain` with no flag: whatever is pasted, by standard input or files.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use client_tests::Ran;
use client_tests::binary;
use serde_json::Value;

const DENIED: &str = "time=\"2026-11-30T08:00:00Z\" level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:role/ops\" \
                      client=\"127.0.0.1:40000\" error=\"identity is not mapped\" method=POST path=/authenticate\n";
const AWS_AUTH: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  mapRoles: |\n    \
                        - rolearn: arn:aws:iam::111122223333:role/teams/ops\n      username: ops\n      groups: [system:masters]\n";

/// Runs one of our commands with a text on its standard input.
fn with_input(words: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(binary())
        .args(words)
        .env_remove("EKS_AUTH_SIM_READY_FILE")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may refuse before it has read everything.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    }
}

#[test]
fn a_ticket_on_standard_input_is_answered() {
    let ticket = format!("Hello,\n\nsince today:\n\n{DENIED}\n{AWS_AUTH}\nBest regards,\nMina\n");
    for words in [&["explain"][..], &["explain", "-"], &["import", "-"]] {
        let said = with_input(words, ticket.as_bytes()).good();
        assert!(
            said.starts_with("cause: mapped-with-path (named by the files)\n"),
            "{words:?}: {said}"
        );
        for part in [
            "\nevidence:\n  stdin:5: ",
            "\n  stdin:14: - rolearn: arn:aws:iam::111122223333:role/teams/ops\n",
            "\nfix: ",
            "\nread: authenticator-log (stdin:5), aws-auth (stdin:7-16)\n",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        assert!(!said.contains("to settle it"), "{said}");
    }
}

#[test]
fn files_are_answered_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (log, aws_auth) = (file("a.log", DENIED), file("aws-auth.yaml", AWS_AUTH));
    let whole = with_input(&["explain", "--output", "json", &log, &aws_auth], b"").good();
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(whole["cause"], "mapped-with-path");
    assert_eq!(whole["certainty"], "named");
    assert_eq!(whole["basis"], "files");
    assert_eq!(whole["possible"], serde_json::json!(["mapped-with-path"]));
    assert_eq!(whole["evidence"][0]["file"], log);
    assert_eq!(whole["evidence"][0]["line"], 1);
    assert_eq!(whole["read"][1]["kind"], "aws-auth");
    for member in ["sentence", "fix", "look_at", "others", "findings"] {
        assert!(whole.get(member).is_some(), "{member}: {whole:#}");
    }
    // A flag says what a file is, and goes with the rest.
    let flagged = with_input(&["explain", &log, "--aws-auth", &aws_auth], b"").good();
    assert!(flagged.starts_with("cause: mapped-with-path"), "{flagged}");
    let other = with_input(&["explain", &log, "--last"], b"");
    assert_eq!(other.code, Some(2), "{}", other.stdout);
}

#[test]
fn terraform_in_a_mail_counts_as_the_mapping_that_it_makes() {
    let ticket = format!(
        "Hello,\n\n{DENIED}\nOur code:\n\nmodule \"eks\" {{\n  aws_auth_roles = [\n    {{\n      rolearn  = \
         \"arn:aws:iam::111122223333:role/teams/ops\"\n      username = \"ops\"\n      groups   = [\"system:masters\"]\n    }},\n  \
         ]\n}}\n\nBest regards,\nMina\n"
    );
    let said = with_input(&["explain"], ticket.as_bytes()).good();
    for part in [
        "cause: mapped-with-path (named by the files)\n",
        "\nread: authenticator-log (stdin:3), aws-auth (stdin:7-15)\n",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("neither YAML nor JSON"), "{said}");
}

#[test]
fn korean_has_its_labels_and_words() {
    let said = with_input(&["explain", "--lang", "ko"], b"Unable to locate credentials\n").good();
    for words in ["원인: credentials-missing (텍스트로 확인됨)\n", "\n근거:\n", "\n해결: "] {
        assert!(said.contains(words), "{said}");
    }
    let json = with_input(
        &["explain", "--lang", "ko", "--output", "json"],
        b"Unable to locate credentials\n",
    )
    .good();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["cause"], "credentials-missing");
    assert!(
        json["sentence_ko"].is_string() && json["fix_ko"].is_string(),
        "{json:#}"
    );
}

#[test]
fn what_is_not_known_ends_with_1_and_says_what_to_look_at() {
    for (input, wanted) in [
        ("", "nothing in this text is known here"),
        ("it does not work\n", "nothing in this text is known here"),
        (
            "error: You must be logged in to the server (Unauthorized)\n",
            "aws sts get-caller-identity",
        ),
    ] {
        let ran = with_input(&["explain"], input.as_bytes());
        assert_eq!(ran.code, Some(1), "{input}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.starts_with("cause: not known\n"), "{}", ran.stdout);
        assert!(ran.stdout.contains(wanted), "{}", ran.stdout);
        let json = with_input(&["explain", "--output", "json"], input.as_bytes());
        let json: Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(
            (&json["cause"], &json["certainty"]),
            (&Value::Null, &Value::from("not-known"))
        );
    }
}

#[test]
fn what_is_no_text_or_too_large_is_refused_in_a_line() {
    let garbage: Vec<u8> = (0..4096_u32).map(|at| (at * 7 % 256) as u8).collect();
    let ran = with_input(&["explain"], &garbage);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.stderr, "eks-auth-sim: cannot read `-`: it is no text\n");
    let ran = with_input(&["explain"], &vec![b'\n'; (64 << 20) + 1]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("it is larger than 64 MiB"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    // Mails in other encodings have their ARNs in ASCII.
    let mut latin = b"Gr\xfc\xdfe,\n\n".to_vec();
    latin.extend(DENIED.as_bytes());
    let said = with_input(&["explain"], &latin).good();
    assert!(said.starts_with("cause: identity-not-mapped (likeliest of "), "{said}");
}

#[test]
fn a_part_that_cannot_be_read_does_not_take_the_rest_with_it() {
    let ticket = format!("{{\n  \"UserId\": \"AIDAEXAMPLEEXAMPLE123\",\n\n{DENIED}");
    for command in ["explain", "import"] {
        let said = with_input(&[command, "-"], ticket.as_bytes()).good();
        assert!(said.contains("cause: identity-not-mapped"), "{said}");
        assert!(said.contains("the JSON is cut off"), "{said}");
    }
}

#[test]
fn a_long_log_is_answered() {
    let log = DENIED.repeat(10_000);
    let said = with_input(&["explain"], log.as_bytes()).good();
    assert!(said.contains("stdin:10000: "), "{said}");
}
