//! AssumeRoleWithWebIdentity from a service account's token to credentials, and how each refusal reads.

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::aws::jwt::testing::key;
use crate::aws::jwt::testing::other_key;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::NewCluster;

const SUBJECT: &str = "system:serviceaccount:default:app";

/// The World of [`super::world`], with a cluster, its provider and a role that trusts one of its service accounts.
struct Fixture {
    world: World,
    issuer: String,
    provider: String,
    role: String,
}

impl Fixture {
    fn new() -> Self {
        let mut world = world();
        let spec = NewCluster {
            name: "my-cluster".to_owned(),
            region: "us-west-2".to_owned(),
            account: account(HOME),
            version: "1.32".to_owned(),
            creator: None,
            authenticator_release: crate::cluster::eks::AuthenticatorRelease::default(),
            strict_hosts: false,
            token_cache_seconds: 0,
        };
        let mut cluster = Cluster::new(spec, now());
        cluster.ensure_token_key(key().clone());
        let issuer = cluster.oidc_issuer();
        world.clusters.insert("my-cluster".to_owned(), Arc::new(cluster));
        let provider = world
            .directory
            .create_oidc_provider(
                &account(HOME),
                &issuer,
                vec!["sts.amazonaws.com".to_owned()],
                Vec::new(),
                now(),
            )
            .unwrap();
        let (url, provider) = (provider.url.clone(), provider.arn.clone());
        let trust = json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
                format!("{url}:aud"): "sts.amazonaws.com",
                format!("{url}:sub"): SUBJECT,
            }},
        }]});
        let role = add_role(&mut world, HOME, "app", "/", 7200, &trust.to_string());
        Self {
            world,
            issuer,
            provider,
            role,
        }
    }

    fn claims(&self) -> Value {
        json!({
            "aud": ["sts.amazonaws.com"],
            "exp": now().unix_seconds() + 3600,
            "iss": self.issuer,
            "sub": SUBJECT,
        })
    }

    fn assume(&mut self, change: impl FnOnce(&mut WebIdentityRequest<'_>)) -> Result<WebIdentitySession, WireError> {
        let token = key().sign(&self.claims()).unwrap();
        self.assume_with(&token, change)
    }

    fn assume_with(
        &mut self,
        token: &str,
        change: impl FnOnce(&mut WebIdentityRequest<'_>),
    ) -> Result<WebIdentitySession, WireError> {
        let role = self.role.clone();
        let mut request = WebIdentityRequest {
            role_arn: Some(&role),
            role_session_name: Some("me"),
            web_identity_token: Some(token),
            ..WebIdentityRequest::default()
        };
        change(&mut request);
        assume_role_with_web_identity(&mut self.world, &ConditionKeys::at(now()), &request, HERE, now())
    }
}

/// Code, status and message.
fn wire(result: Result<WebIdentitySession, WireError>) -> (&'static str, u16, String) {
    let error = result.unwrap_err();
    (error.code, error.status, error.message)
}

#[test]
fn a_service_account_gets_credentials_of_the_role_that_trusts_it() {
    let mut fixture = Fixture::new();
    let got = fixture.assume(|_| ()).unwrap();
    assert_eq!(got.role.arn, "arn:aws:sts::111122223333:assumed-role/app/me");
    assert!(got.role.assumed_role_id.starts_with("AROA") && got.role.assumed_role_id.ends_with(":me"));
    assert_eq!(
        (
            got.subject.as_str(),
            got.audience.as_str(),
            &got.provider,
            got.role.packed_policy_size
        ),
        (SUBJECT, "sts.amazonaws.com", &fixture.provider, None)
    );
    let session = got.role.key.session.as_ref().unwrap();
    assert_eq!(session.expires, now().plus_seconds(3600));
    let caller = verified(&fixture.world, &got.role.key, now()).unwrap();
    assert_eq!(caller.identity().arn, got.role.arn);
}

#[test]
fn a_session_policy_narrows_the_session() {
    let mut fixture = Fixture::new();
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:List*","Resource":"*"}}"#;
    let got = fixture.assume(|request| request.session.policy = Some(policy)).unwrap();
    assert_eq!(got.role.packed_policy_size, Some(3));
    assert!(got.role.key.session.as_ref().unwrap().facts.policy.is_some());
    let missing = "arn:aws:iam::111122223333:policy/gone";
    assert_eq!(
        wire(fixture.assume(|request| request.session.policy_arns = vec![missing])),
        (
            "ValidationError",
            400,
            format!("Policy {missing} does not exist or is not attachable.")
        )
    );
    let refused = wire(fixture.assume(|request| request.session.policy = Some("{")));
    assert_eq!((refused.0, refused.1), ("MalformedPolicyDocument", 400));
}

#[test]
fn each_claim_that_is_not_as_it_must_be_is_reported() {
    let at = now().unix_seconds();
    let no_provider = "No OpenIDConnect provider found in your account for ";
    let denied = (
        "AccessDenied",
        403,
        "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
    );
    let invalid = |message: &str| ("InvalidIdentityToken", 400, message.to_owned());
    for (claim, value, wanted) in [
        ("aud", json!("sts.amazonaws.com"), None),
        ("aud", json!(["a", "sts.amazonaws.com"]), None),
        (
            "aud",
            json!(["https://kubernetes.default.svc"]),
            Some(invalid("Incorrect token audience")),
        ),
        ("aud", json!(null), Some(invalid("Incorrect token audience"))),
        (
            "iss",
            json!("https://oidc.eks.us-west-2.amazonaws.com/id/OTHER"),
            Some(invalid(&format!(
                "{no_provider}https://oidc.eks.us-west-2.amazonaws.com/id/OTHER"
            ))),
        ),
        ("exp", json!(at + 1), None),
        (
            "exp",
            json!(at),
            Some((
                "ExpiredTokenException",
                400,
                format!("Token expired: current date/time {at} must be before the expiration date/time {at}"),
            )),
        ),
        ("exp", json!(null), Some(invalid("Missing a required claim: exp"))),
        (
            "sub",
            json!("system:serviceaccount:default:other"),
            Some(denied.clone()),
        ),
        ("sub", json!(null), Some(denied)),
    ] {
        let mut fixture = Fixture::new();
        let mut claims = fixture.claims();
        claims[claim] = value;
        let token = key().sign(&claims).unwrap();
        let got = fixture.assume_with(&token, |_| ());
        match wanted {
            None => assert!(got.is_ok(), "{claims}: {got:?}"),
            Some(wanted) => assert_eq!(wire(got), wanted, "{claims}"),
        }
    }
}

#[test]
fn a_signature_is_verified_with_the_issuers_own_key() {
    const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
    let mut fixture = Fixture::new();
    let claims = fixture.claims();
    let forged = other_key().sign(&claims).unwrap();
    let invalid = |message: &str| ("InvalidIdentityToken", 400, message.to_owned());
    assert_eq!(wire(fixture.assume_with(&forged, |_| ())), invalid(NO_KEY));
    let good = key().sign(&claims).unwrap();
    let mixed = format!(
        "{}.{}",
        good.split('.').next().unwrap(),
        forged.split_once('.').unwrap().1
    );
    assert_eq!(
        wire(fixture.assume_with(&mixed, |_| ())),
        invalid("The signature of the token does not hold")
    );
    // The provider outlives the cluster.
    fixture.world.clusters.clear();
    assert_eq!(wire(fixture.assume_with(&good, |_| ())), invalid(NO_KEY));
}

#[test]
fn an_issuer_that_nobody_here_plays_cannot_be_reached() {
    let mut fixture = Fixture::new();
    let issuer = "https://token.actions.githubusercontent.com";
    let audiences = vec!["sts.amazonaws.com".to_owned()];
    fixture
        .world
        .directory
        .create_oidc_provider(&account(HOME), issuer, audiences, Vec::new(), now())
        .unwrap();
    let mut claims = fixture.claims();
    claims["iss"] = json!(issuer);
    let token = other_key().sign(&claims).unwrap();
    let (code, _, message) = wire(fixture.assume_with(&token, |_| ()));
    assert_eq!(code, "InvalidIdentityToken");
    assert!(message.starts_with("Couldn't retrieve verification key"), "{message}");
}

#[test]
fn a_role_that_is_not_there_or_does_not_trust_is_denied_alike() {
    let mut fixture = Fixture::new();
    let denied = wire(fixture.assume(|request| request.role_arn = Some("arn:aws:iam::111122223333:role/gone")));
    assert_eq!(denied.0, "AccessDenied");
    let provider = fixture.provider.clone();
    for (principal, action, trusts) in [
        (json!({"Federated": provider}), "sts:AssumeRoleWithWebIdentity", true),
        (json!({"Federated": provider}), "sts:AssumeRole", false),
        (
            json!({"Federated": format!("{provider}0")}),
            "sts:AssumeRoleWithWebIdentity",
            false,
        ),
        (json!({"AWS": HOME}), "sts:AssumeRoleWithWebIdentity", false),
    ] {
        let mut fixture = Fixture::new();
        let trust = json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": action}]});
        fixture.role = add_role(&mut fixture.world, HOME, "other", "/", 3600, &trust.to_string());
        let got = fixture.assume(|_| ());
        if trusts {
            assert!(got.is_ok(), "{trust}");
        } else {
            assert_eq!(wire(got), denied, "{trust}");
        }
    }
}

#[test]
fn the_provider_is_looked_for_in_the_roles_account() {
    let mut fixture = Fixture::new();
    let message = format!("No OpenIDConnect provider found in your account for {}", fixture.issuer);
    for role in [
        "arn:aws:iam::444455556666:role/app",
        "arn:aws:iam::999999999999:role/app",
    ] {
        let got = wire(fixture.assume(|request| request.role_arn = Some(role)));
        assert_eq!(got, ("InvalidIdentityToken", 400, message.clone()));
    }
}

#[test]
fn parameters_are_those_of_the_model() {
    let long = "t".repeat(20_001);
    let invalid = |message: &str| ("ValidationError", 400, message.to_owned());
    type Change<'a> = &'a dyn Fn(&mut WebIdentityRequest<'_>);
    let cases: [(Change<'_>, (&str, u16, String)); 8] = [
        (
            &|request| request.web_identity_token = None,
            invalid(
                "1 validation error detected: Value null at 'webIdentityToken' failed to satisfy constraint: Member must not be null",
            ),
        ),
        (
            &|request| request.web_identity_token = Some("abc"),
            invalid(
                "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length greater than or equal to 4",
            ),
        ),
        (
            &|request| request.role_session_name = Some("a b"),
            invalid(
                r"1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
            ),
        ),
        (
            &|request| request.role_arn = Some("arn:aws:acm:us-west-2:111122223333:certificate/a"),
            invalid("Request ARN is invalid"),
        ),
        (
            &|request| request.duration_seconds = Some("899"),
            invalid(
                "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
            ),
        ),
        (
            &|request| request.duration_seconds = Some("7201"),
            invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
        ),
        (
            &|request| request.web_identity_token = Some("gho_abcdefgh"),
            (
                "InvalidIdentityToken",
                400,
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
                    .to_owned(),
            ),
        ),
        (
            &|request| request.provider_id = Some("www.amazon.com"),
            (
                "InvalidIdentityToken",
                400,
                "No identity provider is reached under the ProviderId www.amazon.com".to_owned(),
            ),
        ),
    ];
    for (change, wanted) in cases {
        assert_eq!(wire(Fixture::new().assume(change)), wanted);
    }
    let (code, _, message) = wire(Fixture::new().assume_with(&long, |_| ()));
    assert_eq!(code, "ValidationError");
    assert!(message.len() < 200, "{message}");
}

#[test]
fn a_region_that_is_switched_off_gives_nothing() {
    let mut fixture = Fixture::new();
    let regions = vec![HERE.region.to_owned()];
    fixture
        .world
        .directory
        .set_disabled_regions(&account(HOME), regions)
        .unwrap();
    let got = wire(fixture.assume(|_| ()));
    assert_eq!((got.0, got.1), ("RegionDisabledException", 403));
}
