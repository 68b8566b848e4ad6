//! The AWS CLI: STS, IAM and EKS.

use std::fs;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

#[test]
fn the_cli_sees_who_it_is_in_every_profile() {
    let Some(clients) = need("the_cli_sees_who_it_is_in_every_profile", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let arn = |profile| {
        let output = simulator.run(
            &clients[0],
            "sts get-caller-identity --query Arn --output text",
            profile,
        );
        output.good().trim().to_owned()
    };
    assert_eq!(arn(None), "arn:aws:iam::111122223333:user/testuser");
    assert_eq!(arn(Some("creator")), "arn:aws:iam::111122223333:user/creator");
    let session = arn(Some("admin-test-role"));
    let prefix = "arn:aws:sts::111122223333:assumed-role/admin-test-role/botocore-session-";
    assert!(session.starts_with(prefix), "{session}");
    let identity = simulator.run(&clients[0], "sts get-caller-identity", None).good();
    let identity: Value = serde_json::from_str(&identity).unwrap();
    let user_id = identity["UserId"].as_str().unwrap();
    assert_eq!((user_id.len(), &user_id[..4]), (21, "AIDA"));
    assert_eq!(identity["Account"], "111122223333");
}

#[test]
fn wrong_credentials_are_refused_in_awss_words() {
    let Some(clients) = need("wrong_credentials_are_refused_in_awss_words", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let keys = simulator
        .run(&clients[0], "configure get aws_access_key_id", None)
        .good();
    for (id, secret, wanted) in [
        (
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in the request is invalid.",
        ),
        (
            keys.trim(),
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
    ] {
        let mut command = simulator.command(&clients[0]);
        command
            .args(["sts", "get-caller-identity"])
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        assert_eq!(Simulator::run_command(&mut command).complaint(), wanted);
        let mut command = simulator.command(&clients[0]);
        command
            .args(["eks", "list-clusters"])
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret);
        let complaint = Simulator::run_command(&mut command).complaint();
        let code = if id.ends_with("EXAMPLE") {
            "UnrecognizedClientException"
        } else {
            "InvalidSignatureException"
        };
        assert!(complaint.contains(&format!("({code})")), "{complaint}");
    }
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts() {
    let Some(clients) = need("a_role_is_assumed_by_whom_it_trusts", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let role = "arn:aws:iam::111122223333:role/admin-test-role";
    let assume = |role: &str, profile| {
        let words = format!("sts assume-role --role-session-name me --role-arn {role}");
        simulator.run(&clients[0], &words, profile)
    };
    let answer: Value = serde_json::from_str(&assume(role, None).good()).unwrap();
    assert!(
        answer["Credentials"]["AccessKeyId"]
            .as_str()
            .unwrap()
            .starts_with("ASIA")
    );
    assert_eq!(
        answer["AssumedRoleUser"]["Arn"],
        "arn:aws:sts::111122223333:assumed-role/admin-test-role/me"
    );
    // Whether the role is there is not told.
    for role in [role, "arn:aws:iam::111122223333:role/nobody"] {
        assert_eq!(
            assume(role, Some("creator")).complaint(),
            format!(
                "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/creator is not authorized to perform: sts:AssumeRole on resource: {role}"
            )
        );
    }
}

#[test]
fn update_kubeconfig_writes_what_kubectl_can_use() {
    let Some(clients) = need(
        "update_kubeconfig_writes_what_kubectl_can_use",
        &[Client::Aws, Client::Kubectl],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let file = simulator.folder().join("new-kubeconfig");
    let context = "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster";
    let mut command = simulator.command(&clients[0]);
    command
        .args([
            "eks",
            "update-kubeconfig",
            "--name",
            "my-cluster",
            "--region",
            "us-west-2",
            "--profile",
            "creator",
        ])
        .env("KUBECONFIG", &file);
    assert_eq!(
        Simulator::run_command(&mut command).good(),
        format!("Added new context {context} to {}\n", file.display())
    );
    let mut command = simulator.command(&clients[1]);
    command.args(["get", "svc"]).env("KUBECONFIG", &file);
    assert!(Simulator::run_command(&mut command).good().contains("10.100.0.1"));
    let granted = simulator.log().pop().unwrap();
    assert!(granted.ends_with("username=kubernetes-admin"), "{granted}");
    assert!(fs::read_to_string(&file).unwrap().contains("value: creator"));
}

#[test]
fn clusters_are_described_and_what_is_not_there_is_said() {
    let Some(clients) = need("clusters_are_described_and_what_is_not_there_is_said", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, None);
    assert_eq!(
        aws("eks list-clusters --query clusters --output text").good().trim(),
        "my-cluster"
    );
    let cluster: Value = serde_json::from_str(&aws("eks describe-cluster --name my-cluster").good()).unwrap();
    assert_eq!(cluster["cluster"]["status"], "ACTIVE");
    assert_eq!(cluster["cluster"]["endpoint"], simulator.ready("/clusters/0/endpoint"));
    assert_eq!(
        aws("eks describe-cluster --name other").complaint(),
        "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found for name: other."
    );
    assert_eq!(
        aws("eks list-clusters --region eu-west-1 --query clusters")
            .good()
            .trim(),
        "[]"
    );
    assert_eq!(
        aws("eks list-access-entries --cluster-name my-cluster").complaint(),
        "An error occurred (InvalidRequestException) when calling the ListAccessEntries operation: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
    );
}

#[test]
fn a_user_made_again_has_another_id_and_its_old_key_stays_dead() {
    let Some(clients) = need(
        "a_user_made_again_has_another_id_and_its_old_key_stays_dead",
        &[Client::Aws],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, None);
    let made = || -> Value { serde_json::from_str(&aws("iam create-user --user-name u").good()).unwrap() };
    let first = made();
    let key: Value = serde_json::from_str(&aws("iam create-access-key --user-name u").good()).unwrap();
    assert_eq!(
        aws("iam delete-user --user-name u").complaint(),
        "An error occurred (DeleteConflict) when calling the DeleteUser operation: Cannot delete entity, must delete access keys first."
    );
    let id = key["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let _ = aws(&format!("iam delete-access-key --user-name u --access-key-id {id}")).good();
    let _ = aws("iam delete-user --user-name u").good();
    assert_eq!(
        aws("iam get-user --user-name u").complaint(),
        "An error occurred (NoSuchEntity) when calling the GetUser operation: The user with name u cannot be found."
    );
    let second = made();
    assert_eq!(first["User"]["Arn"], second["User"]["Arn"]);
    assert_ne!(first["User"]["UserId"], second["User"]["UserId"]);
    let mut command = simulator.command(&clients[0]);
    command
        .args(["sts", "get-caller-identity"])
        .env("AWS_ACCESS_KEY_ID", id)
        .env(
            "AWS_SECRET_ACCESS_KEY",
            key["AccessKey"]["SecretAccessKey"].as_str().unwrap(),
        );
    assert!(
        Simulator::run_command(&mut command)
            .complaint()
            .contains("(InvalidClientTokenId)")
    );
}

#[test]
fn a_trust_policy_follows_the_id_and_not_the_name() {
    let Some(clients) = need("a_trust_policy_follows_the_id_and_not_the_name", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, Some("creator"));
    let shown = || {
        let query = "--query Role.AssumeRolePolicyDocument.Statement[0].Principal.AWS --output text";
        let shown = aws(&format!("iam get-role --role-name admin-test-role {query}")).good();
        shown.trim().to_owned()
    };
    let id = aws("iam get-user --user-name testuser --query User.UserId --output text").good();
    assert_eq!(shown(), "arn:aws:iam::111122223333:user/testuser");

    let key = aws("iam list-access-keys --user-name testuser --query AccessKeyMetadata[0].AccessKeyId --output text");
    let _ = aws(&format!(
        "iam delete-access-key --user-name testuser --access-key-id {}",
        key.good().trim()
    ))
    .good();
    let _ = aws("iam delete-user --user-name testuser").good();
    assert_eq!(shown(), id.trim());
    let refused = aws(concat!(
        "iam create-role --role-name other --assume-role-policy-document ",
        r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/testuser"},"Action":"sts:AssumeRole"}]}"#,
    ));
    assert_eq!(
        refused.complaint(),
        "An error occurred (MalformedPolicyDocument) when calling the CreateRole operation: Invalid principal in policy: \"AWS\":\"arn:aws:iam::111122223333:user/testuser\""
    );
    let _ = aws("iam create-user --user-name testuser").good();
    assert_eq!(shown(), id.trim(), "it is another testuser");
}
