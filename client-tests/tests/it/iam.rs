//! IAM through the AWS CLI: the life of a user, permissions, pages and MFA.

use std::path::Path;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use eks_auth_core::aws::totp;
use serde_json::Value;

/// Runs the CLI with a key, as CreateAccessKey or STS answers it.
fn with_key(simulator: &Simulator, aws: &Path, key: &Value, words: &str) -> Ran {
    let mut command = simulator.command(aws);
    command.args(words.split_whitespace());
    for (variable, member) in [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ] {
        if let Some(value) = key[member].as_str() {
            command.env(variable, value);
        }
    }
    Simulator::run_command(&mut command)
}

#[test]
fn a_user_may_what_its_policies_allow_until_its_key_is_inactive() {
    let Some(clients) = need(
        "a_user_may_what_its_policies_allow_until_its_key_is_inactive",
        &[Client::Aws],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, Some("creator"));
    let _ = aws("iam create-user --user-name u --path /team/").good();
    let made: Value = serde_json::from_str(&aws("iam create-access-key --user-name u").good()).unwrap();
    let key = &made["AccessKey"];
    let run = |words: &str| with_key(&simulator, &clients[0], key, words);
    let whoami = "sts get-caller-identity --query Arn --output text";
    let arn = "arn:aws:iam::111122223333:user/team/u";
    assert_eq!(run(whoami).good().trim(), arn);
    assert_eq!(
        run("iam get-user").complaint(),
        format!(
            "An error occurred (AccessDenied) when calling the GetUser operation: User: {arn} is not authorized to perform: iam:GetUser on resource: {arn} because no identity-based policy allows the iam:GetUser action"
        )
    );
    let reader = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    let _ = aws(&format!("iam attach-user-policy --user-name u --policy-arn {reader}")).good();
    assert_eq!(run("iam get-user --query User.Arn --output text").good().trim(), arn);
    let refused = |words: &str, reason: &str| {
        let complaint = aws(words).complaint();
        assert!(complaint.ends_with(reason), "{words}: {complaint}");
    };
    let id = key["AccessKeyId"].as_str().unwrap();
    let name_key = format!("--user-name u --access-key-id {id}");
    let _ = aws(&format!("iam update-access-key {name_key} --status Inactive")).good();
    assert!(run(whoami).complaint().contains("(InvalidClientTokenId)"));
    refused("iam delete-user --user-name u", "must delete access keys first.");
    let _ = aws(&format!("iam delete-access-key {name_key}")).good();
    refused("iam delete-user --user-name u", "must detach all policies first.");
    let _ = aws(&format!("iam detach-user-policy --user-name u --policy-arn {reader}")).good();
    let _ = aws("iam delete-user --user-name u").good();
}

#[test]
fn lists_are_whole_whatever_the_page() {
    let Some(clients) = need("lists_are_whole_whatever_the_page", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let names = |more: &str| {
        let words = format!("iam list-policies --query Policies[].PolicyName --output json {more}");
        let text = simulator.run(&clients[0], &words, None).good();
        serde_json::from_str::<Vec<String>>(&text).unwrap()
    };
    let all = names("");
    assert!(
        all.len() > 7 && all.contains(&"AdministratorAccess".to_owned()),
        "{all:?}"
    );
    assert_eq!(names("--page-size 3"), all);
    assert_eq!(
        names("--only-attached"),
        ["AdministratorAccess", "AmazonEKSClusterPolicy"]
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a device has the machine's own clock")]
fn a_session_with_mfa_has_shown_a_code() {
    let Some(clients) = need("a_session_with_mfa_has_shown_a_code", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, None);
    let file = simulator.folder().join("seed");
    let words = format!(
        "iam create-virtual-mfa-device --virtual-mfa-device-name testuser --outfile {} --bootstrap-method Base32StringSeed",
        file.display()
    );
    let made: Value = serde_json::from_str(&aws(&words).good()).unwrap();
    let serial = made["VirtualMFADevice"]["SerialNumber"].as_str().unwrap();
    assert_eq!(serial, "arn:aws:iam::111122223333:mfa/testuser");
    let seed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(seed.len(), 64, "{seed}");
    let enable = |codes: &str| {
        aws(&format!(
            "iam enable-mfa-device --user-name testuser --serial-number {serial} {codes}"
        ))
    };
    assert!(
        enable("--authentication-code1 000000 --authentication-code2 000000")
            .complaint()
            .contains("(InvalidAuthenticationCode)")
    );
    let codes = |from: u64| {
        let seed = totp::from_base32(&seed).unwrap();
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        [0, 1].map(|at| totp::code(&seed, seconds / 30 + from + at))
    };
    let [first, second] = codes(0);
    let _ = enable(&format!(
        "--authentication-code1 {first} --authentication-code2 {second}"
    ))
    .good();
    let session = |code: &str| {
        aws(&format!(
            "sts get-session-token --serial-number {serial} --token-code {code} --query Credentials"
        ))
    };
    assert!(session("000000").complaint().contains("(AccessDenied)"));
    assert!(
        session(&second).complaint().contains("(AccessDenied)"),
        "it was shown before"
    );
    // The client's clock stays behind, within what a signature may be off.
    let _ = simulator.own("ctl clock advance 2m").good();
    let [fresh, _] = codes(4);
    let with_mfa: Value = serde_json::from_str(&session(&fresh).good()).unwrap();
    let words = "iam get-user --query User.UserName --output text";
    let run = with_key(&simulator, &clients[0], &with_mfa, words);
    assert_eq!(run.good().trim(), "testuser");
    let without: Value = serde_json::from_str(&aws("sts get-session-token --query Credentials").good()).unwrap();
    let run = with_key(&simulator, &clients[0], &without, words);
    assert!(run.complaint().contains("(InvalidClientTokenId)"));
}
