//! Tokens of service accounts, as kubectl asks for them: at the cluster's API, and changed for credentials of a role by the
//! AWS CLI.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;
use serde_json::json;

const ROLE: &str = "arn:aws:iam::111122223333:role/app";

/// The article's World, with the cluster's provider and a role for the service account `default` of `default`.
struct Fixture {
    simulator: Simulator,
    aws: PathBuf,
    kubectl: PathBuf,
    issuer: String,
}

impl Fixture {
    fn new(test: &str) -> Option<Self> {
        let clients = need(test, &[Client::Aws, Client::Kubectl])?;
        let fixture = Self {
            simulator: Simulator::start(),
            aws: clients[0].clone(),
            kubectl: clients[1].clone(),
            issuer: String::new(),
        };
        let words = "eks describe-cluster --name my-cluster --query cluster.identity.oidc.issuer --output text";
        let issuer = fixture.aws(words).good().trim().to_owned();
        let words = format!("iam create-open-id-connect-provider --url {issuer} --client-id-list sts.amazonaws.com");
        let provider: Value = serde_json::from_str(&fixture.aws(&words).good()).unwrap();
        let url = issuer.strip_prefix("https://").unwrap();
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                format!("{url}:aud"): "sts.amazonaws.com",
                format!("{url}:sub"): "system:serviceaccount:default:default",
            }},
        }]});
        let file = fixture.simulator.folder().join("trust.json");
        fs::write(&file, trust.to_string()).unwrap();
        let words = format!(
            "iam create-role --role-name app --assume-role-policy-document file://{}",
            file.display()
        );
        let _ = fixture.aws(&words).good();
        Some(Self { issuer, ..fixture })
    }

    fn aws(&self, words: &str) -> Ran {
        self.simulator.run(&self.aws, words, None)
    }

    fn kubectl(&self, words: &str) -> Ran {
        self.simulator.run(&self.kubectl, words, None)
    }

    /// A token of a service account of the namespace `default`.
    fn token(&self, account: &str, words: &str) -> String {
        let token = self.kubectl(&format!("create token {account} {words}")).good();
        token.trim().to_owned()
    }

    /// kubectl with nothing but a token.
    fn kubectl_with(&self, token: &str, words: &str) -> Ran {
        let mut command = self.simulator.command(&self.kubectl);
        command
            .env("KUBECONFIG", "/dev/null")
            .args(["--server", self.simulator.ready("/clusters/0/endpoint")])
            .args(["--certificate-authority", self.simulator.ready("/ca_bundle")])
            .args(["--token", token])
            .args(words.split_whitespace());
        Simulator::run_command(&mut command)
    }

    /// The AWS CLI as it runs in a pod.
    fn aws_with(&self, token: &str, words: &str) -> Ran {
        let file = self.simulator.folder().join("token");
        fs::write(&file, token).unwrap();
        let mut command = self.simulator.command(&self.aws);
        command
            .env("AWS_WEB_IDENTITY_TOKEN_FILE", file)
            .env("AWS_ROLE_ARN", ROLE)
            .env("AWS_ROLE_SESSION_NAME", "pod")
            .args(words.split_whitespace());
        Simulator::run_command(&mut command)
    }
}

#[test]
fn a_service_account_acts_as_the_role_that_trusts_it() {
    let Some(fixture) = Fixture::new("a_service_account_acts_as_the_role_that_trusts_it") else {
        return;
    };
    let token = fixture.token("default", "--audience sts.amazonaws.com --duration 10m");
    let who = fixture.aws_with(&token, "sts get-caller-identity --query Arn --output text");
    assert_eq!(who.good().trim(), "arn:aws:sts::111122223333:assumed-role/app/pod");
    let words = format!(
        "sts assume-role-with-web-identity --role-arn {ROLE} --role-session-name me --web-identity-token {token}"
    );
    let answer: Value = serde_json::from_str(&fixture.aws(&words).good()).unwrap();
    let url = fixture.issuer.strip_prefix("https://").unwrap();
    assert_eq!(
        answer["SubjectFromWebIdentityToken"],
        "system:serviceaccount:default:default"
    );
    assert_eq!(answer["Audience"], "sts.amazonaws.com");
    assert_eq!(
        answer["Provider"],
        format!("arn:aws:iam::111122223333:oidc-provider/{url}")
    );
    assert_eq!(
        answer["AssumedRoleUser"]["Arn"],
        "arn:aws:sts::111122223333:assumed-role/app/me"
    );
}

#[test]
fn what_the_token_or_the_trust_policy_lacks_is_reported() {
    let Some(fixture) = Fixture::new("what_the_token_or_the_trust_policy_lacks_is_reported") else {
        return;
    };
    let refused = |token: &str| fixture.aws_with(token, "sts get-caller-identity").complaint();
    let said = |code: &str, message: &str| {
        format!("An error occurred ({code}) when calling the AssumeRoleWithWebIdentity operation: {message}")
    };
    assert_eq!(
        refused(&fixture.token("default", "")),
        said("InvalidIdentityToken", "Incorrect token audience")
    );
    let _ = fixture.kubectl("create serviceaccount other").good();
    let other = fixture.token("other", "--audience sts.amazonaws.com");
    let not_authorized = said(
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    );
    assert_eq!(refused(&other), not_authorized);
    let late = fixture.token("default", "--audience sts.amazonaws.com --duration 10m");
    let _ = fixture.simulator.own("ctl clock advance 601s").good();
    let expired = refused(&late);
    assert!(
        expired.starts_with(&said("ExpiredTokenException", "Token expired: current date/time ")),
        "{expired}"
    );
    let _ = fixture.simulator.own("ctl clock reset").good();
    let fresh = fixture.token("default", "--audience sts.amazonaws.com");
    let arn = format!(
        "arn:aws:iam::111122223333:oidc-provider/{}",
        fixture.issuer.strip_prefix("https://").unwrap()
    );
    let words = format!("iam delete-open-id-connect-provider --open-id-connect-provider-arn {arn}");
    let _ = fixture.aws(&words).good();
    let message = format!("No OpenIDConnect provider found in your account for {}", fixture.issuer);
    assert_eq!(refused(&fresh), said("InvalidIdentityToken", &message));
}

#[test]
fn kubectl_acts_as_the_service_account_until_it_is_deleted() {
    let Some(fixture) = Fixture::new("kubectl_acts_as_the_service_account_until_it_is_deleted") else {
        return;
    };
    let _ = fixture.kubectl("create serviceaccount app").good();
    let token = fixture.token("app", "");
    let review: Value = serde_json::from_str(&fixture.kubectl_with(&token, "auth whoami -o json").good()).unwrap();
    let user = &review["status"]["userInfo"];
    assert_eq!(user["username"], "system:serviceaccount:default:app");
    assert_eq!(
        user["groups"],
        json!([
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated"
        ])
    );
    let id = user["extra"]["authentication.kubernetes.io/credential-id"][0]
        .as_str()
        .unwrap();
    assert!(id.starts_with("JTI="), "{id}");
    assert_eq!(
        fixture.kubectl_with(&token, "get pods").complaint(),
        r#"Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:default:app" cannot list resource "pods" in API group "" in the namespace "default""#
    );
    let _ = fixture
        .kubectl("create rolebinding view --clusterrole view --serviceaccount default:app")
        .good();
    let _ = fixture.kubectl_with(&token, "get pods").good();
    let words = "get --raw /.well-known/openid-configuration";
    let configuration: Value = serde_json::from_str(&fixture.kubectl_with(&token, words).good()).unwrap();
    assert_eq!(configuration["issuer"], fixture.issuer.as_str());
    let foreign = fixture.token("app", "--audience sts.amazonaws.com");
    let unauthorized = "error: You must be logged in to the server (Unauthorized)";
    assert_eq!(fixture.kubectl_with(&foreign, "get pods").complaint(), unauthorized);
    let _ = fixture.kubectl("delete serviceaccount app").good();
    assert_eq!(fixture.kubectl_with(&token, "get pods").complaint(), unauthorized);
    let _ = fixture.kubectl("create serviceaccount app").good();
    assert_eq!(fixture.kubectl_with(&token, "get pods").complaint(), unauthorized);
}

#[test]
fn kubectl_is_told_what_is_wrong_with_a_request_for_a_token() {
    let Some(fixture) = Fixture::new("kubectl_is_told_what_is_wrong_with_a_request_for_a_token") else {
        return;
    };
    for (words, complaint) in [
        (
            "create token default --duration 1m",
            r#"error: failed to create token: TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"#,
        ),
        (
            "create token nobody",
            r#"error: failed to create token: serviceaccounts "nobody" not found"#,
        ),
    ] {
        assert_eq!(fixture.kubectl(words).complaint(), complaint);
    }
    let long = fixture.kubectl("create token default --duration 48h");
    assert_eq!(
        long.stderr.trim(),
        "Warning: requested expiration of 172800 seconds shortened to 86400 seconds"
    );
    let _ = long.good();
}
