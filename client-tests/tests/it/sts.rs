//! STS through the AWS CLI and as raw HTTP: sessions, who acts in them, and how refusals read.

use std::fs;
use std::path::Path;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

/// Runs the CLI with the credentials that an answer of STS gives.
fn with_credentials(simulator: &Simulator, aws: &Path, answer: &Value, words: &str) -> Ran {
    let mut command = simulator.command(aws);
    command.args(words.split_whitespace());
    for (variable, member) in [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ] {
        command.env(variable, answer["Credentials"][member].as_str().unwrap());
    }
    Simulator::run_command(&mut command)
}

#[test]
fn sessions_of_users_and_federated_users_are_who_they_are() {
    let Some(clients) = need("sessions_of_users_and_federated_users_are_who_they_are", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| -> Value { serde_json::from_str(&simulator.run(&clients[0], words, None).good()).unwrap() };
    let session = aws("sts get-session-token --duration-seconds 900");
    let federated = aws("sts get-federation-token --name bob");
    assert_eq!(
        federated["FederatedUser"],
        serde_json::json!({
            "Arn": "arn:aws:sts::111122223333:federated-user/bob",
            "FederatedUserId": "111122223333:bob",
        })
    );
    for (answer, arn) in [
        (&session, "arn:aws:iam::111122223333:user/testuser"),
        (&federated, "arn:aws:sts::111122223333:federated-user/bob"),
    ] {
        let run = |words: &str| with_credentials(&simulator, &clients[0], answer, words);
        let got = run("sts get-caller-identity --query Arn --output text").good();
        assert_eq!(got.trim(), arn);
        assert_eq!(
            run("sts get-session-token").complaint(),
            "An error occurred (AccessDenied) when calling the GetSessionToken operation: Cannot call GetSessionToken with session credentials"
        );
        assert_eq!(
            run("iam list-users").complaint(),
            "An error occurred (InvalidClientTokenId) when calling the ListUsers operation: The security token included in the request is invalid"
        );
    }
    let key = session["Credentials"]["AccessKeyId"].as_str().unwrap();
    let account = aws(&format!("sts get-access-key-info --access-key-id {key}"));
    assert_eq!(account["Account"], "111122223333");
}

#[test]
fn kubectl_is_told_that_a_federated_user_is_not_mapped() {
    let Some(clients) = need(
        "kubectl_is_told_that_a_federated_user_is_not_mapped",
        &[Client::Aws, Client::Kubectl],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let answer = simulator.run(&clients[0], "sts get-federation-token --name bob", None);
    let answer: Value = serde_json::from_str(&answer.good()).unwrap();
    let refused = with_credentials(&simulator, &clients[1], &answer, "get svc").complaint();
    assert!(refused.contains("You must be logged in to the server"), "{refused}");
    let line = simulator.log().pop().unwrap();
    let wanted = r#"arn="arn:aws:sts::111122223333:federated-user/bob""#;
    assert!(line.contains(wanted) && line.contains("is not mapped"), "{line}");
}

#[test]
fn a_session_carries_what_narrows_and_marks_it() {
    let Some(clients) = need("a_session_carries_what_narrows_and_marks_it", &[Client::Aws]) else {
        return;
    };
    let simulator = Simulator::start();
    let assume = |words: &str| {
        let role = "arn:aws:iam::111122223333:role/admin-test-role";
        let words = format!("sts assume-role --role-session-name me --role-arn {role} {words}");
        simulator.run(&clients[0], &words, None)
    };
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}"#;
    let words = format!("iam create-role --role-name trusting --assume-role-policy-document {trust}");
    let _ = simulator.run(&clients[0], &words, None).good();
    let words = "--policy-arns arn=arn:aws:iam::aws:policy/ReadOnlyAccess";
    let answer: Value = serde_json::from_str(&assume(words).good()).unwrap();
    assert_eq!(answer["PackedPolicySize"], 1);
    let run = |words: &str| with_credentials(&simulator, &clients[0], &answer, words);
    let _ = run("iam list-users").good();
    // A role that trusts the account leaves the decision to the policies of the session.
    let complaint =
        run("sts assume-role --role-session-name me --role-arn arn:aws:iam::111122223333:role/trusting").complaint();
    let wanted = "because no session policy allows the sts:AssumeRole action";
    assert!(complaint.contains(wanted), "{complaint}");
    for (words, complaint) in [
        (
            "--policy {",
            "An error occurred (MalformedPolicyDocument) when calling the AssumeRole operation: Syntax errors in policy.",
        ),
        (
            "--duration-seconds 43200",
            "An error occurred (ValidationError) when calling the AssumeRole operation: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (
            "--tags Key=team,Value=a",
            "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::111122223333:user/testuser is not authorized to perform: sts:TagSession on resource: arn:aws:iam::111122223333:role/admin-test-role",
        ),
        (
            "--tags Key=team,Value=#",
            r"An error occurred (ValidationError) when calling the AssumeRole operation: 1 validation error detected: Value '#' at 'tags.1.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*",
        ),
    ] {
        assert_eq!(assume(words).complaint(), complaint);
    }
}

#[test]
fn no_credentials_come_from_a_region_that_is_switched_off() {
    let Some(clients) = need("no_credentials_come_from_a_region_that_is_switched_off", &[Client::Aws]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("world.yaml");
    fs::write(
        &world,
        r#"world:
  accounts:
    - {id: "111122223333", disabled_regions: [us-west-2], users: [{name: jane}]}
  clusters:
    - {name: my-cluster, region: us-west-2, account: "111122223333"}
  profiles:
    - {name: default, user: jane}
"#,
    )
    .unwrap();
    let simulator = Simulator::start_with(&["--scenario", world.to_str().unwrap()]);
    let aws = |words: &str| simulator.run(&clients[0], words, None);
    assert!(aws("sts get-caller-identity").good().contains("user/jane"));
    assert_eq!(
        aws("sts get-session-token").complaint(),
        "An error occurred (RegionDisabledException) when calling the GetSessionToken operation: STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console."
    );
    let _ = aws("sts get-session-token --region us-east-2").good();
}

/// Asks STS in JSON, in a form without a version and with a bad escape, and at the global endpoint.
const SCRIPT: &str = r#"
import json, os, boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

session = boto3.Session()

def ask(body):
    request = AWSRequest("POST", os.environ["AWS_ENDPOINT_URL"], data=body, headers={"Accept": "application/json"})
    SigV4Auth(session.get_credentials(), "sts", "us-west-2").add_auth(request)
    response = URLLib3Session().send(request.prepare())
    return response.status_code, json.loads(response.text)

status, answer = ask("Action=GetSessionToken&Version=2011-06-15&DurationSeconds=900")
expiration = answer["GetSessionTokenResponse"]["GetSessionTokenResult"]["Credentials"]["Expiration"]
print(status, type(expiration).__name__)
for body in ("Action=GetNothing", "Action=%zz"):
    status, answer = ask(body)
    print(status, answer["Error"]["Code"], answer["Error"]["Message"])

proxied = Config(proxies={"https": os.environ["SIM_PROXY"]})
def sts(credentials, region, host):
    return session.client("sts", region_name=region, endpoint_url=f"https://{host}", verify=os.environ["SIM_CA"],
        config=proxied, **credentials)

def keys(answer):
    found = answer["Credentials"]
    return {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"],
        "aws_session_token": found["SessionToken"]}

of_global = keys(sts({}, "us-east-1", "sts.amazonaws.com").get_session_token())
of_region = keys(sts({}, "eu-west-1", "sts.eu-west-1.amazonaws.com").get_session_token())
for credentials in (of_global, of_region):
    for region in ("eu-west-1", "ap-east-1"):
        try:
            print(region, sts(credentials, region, f"sts.{region}.amazonaws.com").get_caller_identity()["Arn"])
        except ClientError as error:
            print(region, error.response["Error"]["Code"])
"#;

#[test]
fn json_bad_requests_and_the_global_endpoint_are_as_in_aws() {
    let Some(clients) = need(
        "json_bad_requests_and_the_global_endpoint_are_as_in_aws",
        &[Client::Boto3],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let mut command = simulator.command(&clients[0]);
    command
        .args(["-c", SCRIPT])
        .env("SIM_PROXY", simulator.ready("/proxy"))
        .env("SIM_CA", simulator.ready("/ca_bundle"));
    let jane = "arn:aws:iam::111122223333:user/testuser";
    assert_eq!(
        Simulator::run_command(&mut command).good(),
        format!(
            "200 float\n\
             400 InvalidAction Could not find operation GetNothing for version NO_VERSION_SPECIFIED\n\
             400 MalformedQueryString Illegal hex character in escape % pattern: %zz\n\
             eu-west-1 {jane}\nap-east-1 InvalidClientTokenId\neu-west-1 {jane}\nap-east-1 {jane}\n"
        )
    );
}
