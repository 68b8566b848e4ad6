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
fn a_cluster_that_is_made_answers_and_is_gone_when_deleted() {
    let Some(clients) = need(
        "a_cluster_that_is_made_answers_and_is_gone_when_deleted",
        &[Client::Aws, Client::Kubectl],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, Some("creator"));
    let create = "eks create-cluster --name made --role-arn arn:aws:iam::111122223333:role/eks \
                  --resources-vpc-config subnetIds=subnet-1,subnet-2 --query cluster.[status,endpoint] --output text";
    assert_eq!(aws(create).good().trim(), "CREATING\tNone");
    assert_eq!(
        aws(create).complaint(),
        "An error occurred (ResourceInUseException) when calling the CreateCluster operation: Cluster already exists with name: made"
    );
    let _ = aws("eks wait cluster-active --name made").good();
    let announced = |pointer: &str| -> Value {
        let text = fs::read_to_string(simulator.ready("/env/EKS_AUTH_SIM_READY_FILE")).unwrap();
        let ready: Value = serde_json::from_str(&text).unwrap();
        ready.pointer(pointer).cloned().unwrap_or_default()
    };
    assert_eq!(announced("/clusters/0/name"), "made");
    let endpoint = aws("eks describe-cluster --name made --query cluster.endpoint --output text").good();
    assert_eq!(announced("/clusters/0/endpoint"), endpoint.trim());

    let file = simulator.folder().join("made-kubeconfig");
    let words = format!("eks update-kubeconfig --name made --kubeconfig {}", file.display());
    let _ = aws(&words).good();
    let kubectl = |profile: &str, words: &str| {
        let words = format!("--kubeconfig {} {words}", file.display());
        simulator.run(&clients[1], &words, Some(profile))
    };
    assert!(kubectl("creator", "get svc").good().contains("10.100.0.1"));
    assert!(kubectl("creator", "get nodes").good().is_empty());
    // Its creator is let in, and nobody else. The kubeconfig names a profile of its own.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("value: creator", "value: default")).unwrap();
    let denied = kubectl("default", "get svc").complaint();
    assert!(
        denied.starts_with("error: You must be logged in to the server"),
        "{denied}"
    );
    fs::write(&file, text).unwrap();

    let group = "eks create-nodegroup --cluster-name made --nodegroup-name more --subnets subnet-1 \
                 --node-role arn:aws:iam::111122223333:role/my-cluster-node-role --scaling-config desiredSize=1";
    let _ = aws(group).good();
    let _ = aws("eks wait nodegroup-active --cluster-name made --nodegroup-name more").good();
    assert!(kubectl("creator", "get nodes").good().contains(" Ready "));
    assert_eq!(
        aws("eks delete-cluster --name made").complaint(),
        "An error occurred (ResourceInUseException) when calling the DeleteCluster operation: Cluster has nodegroups attached"
    );
    let _ = aws("eks delete-nodegroup --cluster-name made --nodegroup-name more").good();
    let _ = aws("eks wait nodegroup-deleted --cluster-name made --nodegroup-name more").good();
    let _ = aws("eks delete-cluster --name made").good();
    let _ = aws("eks wait cluster-deleted --name made").good();
    assert_eq!(announced("/clusters/0/name"), "my-cluster");
    assert_eq!(announced("/clusters/1"), Value::Null);
    let refused = kubectl("creator", "get svc").complaint();
    assert!(refused.contains("was refused"), "{refused}");
}

#[test]
fn a_cluster_that_was_made_is_there_after_a_restart() {
    let test = "a_cluster_that_was_made_is_there_after_a_restart";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let start = || Simulator::start_with(&["--state-dir", state.to_str().unwrap()]);
    let simulator = start();
    let run = |simulator: &Simulator, program: usize, words: &str| {
        simulator.run(&clients[program], words, Some("creator")).good()
    };
    let create = "eks create-cluster --name made --role-arn arn:aws:iam::111122223333:role/eks \
                  --resources-vpc-config subnetIds=subnet-1,subnet-2 --access-config authenticationMode=API";
    let _ = run(&simulator, 0, create);
    let kubeconfig = folder.path().join("kubeconfig");
    let update = format!(
        "eks update-kubeconfig --name made --kubeconfig {}",
        kubeconfig.display()
    );
    let _ = run(&simulator, 0, &update);
    let get = format!("--kubeconfig {} get svc", kubeconfig.display());
    assert!(run(&simulator, 1, &get).contains("10.100.0.1"));
    let ready = simulator.ready("/clusters/0/endpoint").to_owned();
    assert_eq!(simulator.stop(), Some(0));

    let simulator = start();
    assert_eq!(simulator.ready("/clusters/0/name"), "made");
    assert_eq!(simulator.ready("/clusters/1/endpoint"), ready);
    assert!(run(&simulator, 1, &get).contains("10.100.0.1"));
    let _ = run(&simulator, 0, "eks delete-cluster --name made");
    assert_eq!(simulator.stop(), Some(0));
    let simulator = start();
    assert_eq!(simulator.ready("/clusters/0/name"), "my-cluster");
}

#[test]
fn a_recreated_user_has_another_id_and_its_old_key_stays_invalid() {
    let Some(clients) = need(
        "a_recreated_user_has_another_id_and_its_old_key_stays_invalid",
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
    assert!(
        aws("iam delete-user --user-name testuser")
            .complaint()
            .ends_with("Cannot delete entity, must detach all policies first.")
    );
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let _ = aws(&format!(
        "iam detach-user-policy --user-name testuser --policy-arn {administrator}"
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
