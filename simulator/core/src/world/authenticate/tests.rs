//! Whole log lines, denials of each kind, and that no secret is logged.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;
use crate::aws::iam::AccessKey;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::KeyStatus;
use crate::aws::iam::SecretKey;
use crate::aws::iam::SessionFacts;
use crate::aws::sigv4::Signer;
use crate::scenario;
use crate::value::arn::AccountId;
use crate::world::token;

pub(crate) const CLIENT: &str = "127.0.0.1:57586";
pub(crate) const REQUEST_ID: &str = "a9068247-f1ab-47ef-b1b1-cda46a27be0e";
const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: testuser
        - name: walker
          path: /team/
        - name: gone
          deleted: true
        - name: nobody
      roles:
        - name: admin
          path: /ops/
          trusted: [user/testuser]
        - name: node
          trusted: []
        - name: stranger
          trusted: []
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      aws_auth:
        mapRoles: |
          - rolearn: arn:aws:iam::111122223333:role/admin
            username: admin:{{SessionName}}
            groups: [system:masters, a b]
          - rolearn: arn:aws:iam::111122223333:role/node
            username: system:node:{{EC2PrivateDNSName}}
        mapUsers: |
          - userarn: arn:aws:iam::111122223333:user/testuser
            username: testuser
            groups: [system:masters]
    - name: other-cluster
      region: us-west-2
      account: "111122223333"
  profiles:
    - {name: default, user: testuser}
    - {name: gone, user: gone}
"#;

pub(crate) fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-24T00:44:57Z").unwrap()
}

pub(crate) fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

/// A World, and a way to sign and to be judged in it.
pub(crate) struct Fixture {
    pub(crate) world: World,
    pub(crate) signed_at: Timestamp,
    pub(crate) region: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) signed_for: &'static str,
    gone: String,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::of_world(WORLD)
    }

    /// A World of the account 111122223333 with the cluster `my-cluster`; the second profile may be that of a user who is
    /// gone.
    pub(crate) fn of_world(text: &str) -> Self {
        let staging = scenario::stage(text, now()).unwrap();
        let gone = match staging.profiles.get(1).map(|profile| &profile.source) {
            Some(scenario::ProfileSource::AccessKey { id, .. }) => id.clone(),
            _ => String::new(),
        };
        Self {
            world: staging.world,
            signed_at: now(),
            region: "us-west-2",
            endpoint: "https://sts.us-west-2.amazonaws.com",
            signed_for: "my-cluster",
            gone,
        }
    }

    pub(crate) fn of(release: AuthenticatorRelease) -> Self {
        let mut fixture = Self::new();
        fixture.cluster_mut().authenticator_release = release;
        fixture
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        self.world.cluster("my-cluster").unwrap()
    }

    pub(crate) fn cluster_mut(&mut self) -> &mut Cluster {
        self.world.cluster_mut("my-cluster").unwrap().0
    }

    pub(crate) fn key_of(&self, name: &str) -> AccessKey {
        if name == "gone" {
            return self.world.directory.access_key(&self.gone).unwrap().clone();
        }
        let id = account();
        let user = self.world.directory.find_user(&id, name).unwrap();
        self.world.directory.access_keys_of(&id, user).next().unwrap().clone()
    }

    pub(crate) fn session_of(&mut self, role: &str, session_name: &str) -> AccessKey {
        let id = account();
        let role = self.world.directory.account(&id).unwrap().role(role).unwrap();
        let owner = KeyOwner::AssumedRole {
            role_name: role.name.clone(),
            role_id: role.id.clone(),
            session_name: session_name.to_owned(),
        };
        self.session(owner)
    }

    pub(crate) fn session(&mut self, owner: KeyOwner) -> AccessKey {
        let id = account();
        let expires = now().plus_seconds(3600);
        let World { directory, ids, .. } = &mut self.world;
        let key: Arc<AccessKey> = directory.create_session(&id, owner, expires, SessionFacts::default(), ids, now());
        (*key).clone()
    }

    pub(crate) fn token(&self, key: &AccessKey) -> String {
        let signer = Signer {
            access_key_id: &key.id,
            secret: &key.secret,
            session_token: key.session.as_ref().map(|session| &session.token),
            region: self.region,
            service: "sts",
            now: self.signed_at,
        };
        token::sign(&signer, self.endpoint, self.signed_for)
    }

    pub(crate) fn judge(&self, token: &str) -> Authentication {
        let request = AuthenticationRequest {
            token,
            client: CLIENT,
            sts_request_id: REQUEST_ID,
        };
        authenticate(request, self.cluster(), &self.world, now())
    }

    fn id_of(&self, name: &str) -> String {
        self.world.directory.find_user(&account(), name).unwrap().id.clone()
    }
}

/// A token with a change in its URL.
pub(crate) fn changed(token: &str, change: impl Fn(String) -> String) -> String {
    let url = URL_SAFE_NO_PAD
        .decode(token.strip_prefix(token::PREFIX).unwrap())
        .unwrap();
    let url = change(String::from_utf8(url).unwrap());
    format!("{}{}", token::PREFIX, URL_SAFE_NO_PAD.encode(url))
}

fn lines(authentication: &Authentication) -> Vec<String> {
    authentication.log.iter().map(LogLine::render).collect()
}

#[track_caller]
fn denied(authentication: &Authentication, check: &str, line_end: &str) {
    assert!(authentication.outcome.is_err());
    assert_eq!(authentication.trace.failed().unwrap().id, check);
    let line = lines(authentication).pop().unwrap();
    let wanted = format!(
        r#"time="2026-11-24T00:44:57Z" level=warning msg="access denied" client="127.0.0.1:57586" error={} method=POST path=/authenticate"#,
        crate::value::log::go_quote(line_end)
    );
    assert_eq!(line, wanted);
}

#[test]
fn a_user_is_let_in_with_the_lines_of_each_release() {
    for (release, has_response, endpoint) in [
        (
            AuthenticatorRelease::Current,
            true,
            " stsendpoint=sts.us-west-2.amazonaws.com",
        ),
        (
            AuthenticatorRelease::Y2024,
            true,
            " stsendpoint=sts.us-west-2.amazonaws.com",
        ),
        (AuthenticatorRelease::Y2022, false, ""),
    ] {
        let fixture = Fixture::of(release);
        let key = fixture.key_of("testuser");
        let authentication = fixture.judge(&fixture.token(&key));
        let id = fixture.id_of("testuser");
        let key_id = &key.id;
        let granted = format!(
            r#"time="2026-11-24T00:44:57Z" level=info msg="access granted" arn="arn:aws:iam::111122223333:user/testuser" client="127.0.0.1:57586" groups="[system:masters]" method=POST path=/authenticate{endpoint} uid="aws-iam-authenticator:111122223333:{id}" username=testuser"#
        );
        let response = format!(
            r#"time="2026-11-24T00:44:57Z" level=info msg="STS response" accesskeyid={key_id} accountid=111122223333 arn="arn:aws:iam::111122223333:user/testuser" client="127.0.0.1:57586" method=POST path=/authenticate session={endpoint} userid={id}"#
        );
        let wanted = if has_response {
            vec![response, granted]
        } else {
            vec![granted]
        };
        assert_eq!(lines(&authentication), wanted, "{release:?}");
    }
}

#[test]
fn a_session_is_let_in_as_its_role_without_path() {
    let mut fixture = Fixture::new();
    let key = fixture.session_of("admin", "a@b.c");
    let authentication = fixture.judge(&fixture.token(&key));
    let id = fixture
        .world
        .directory
        .account(&account())
        .unwrap()
        .role("admin")
        .unwrap()
        .id
        .clone();
    let key_id = &key.id;
    assert_eq!(
        lines(&authentication),
        [
            format!(
                r#"time="2026-11-24T00:44:57Z" level=info msg="STS response" accesskeyid={key_id} accountid=111122223333 arn="arn:aws:sts::111122223333:assumed-role/admin/a@b.c" client="127.0.0.1:57586" method=POST path=/authenticate session=a@b.c stsendpoint=sts.us-west-2.amazonaws.com userid={id}"#
            ),
            format!(
                r#"time="2026-11-24T00:44:57Z" level=info msg="access granted" arn="arn:aws:iam::111122223333:role/admin" client="127.0.0.1:57586" groups="[system:masters a b]" method=POST path=/authenticate stsendpoint=sts.us-west-2.amazonaws.com uid="aws-iam-authenticator:111122223333:{id}" username="admin:a-b.c""#
            ),
        ]
    );
    let user = authentication.outcome.unwrap();
    let one = |text: &str| vec![text.to_owned()];
    assert_eq!(user.extra["sessionName"], one("a@b.c"));
    assert_eq!(
        user.extra["arn"],
        one("arn:aws:sts::111122223333:assumed-role/admin/a@b.c")
    );
    assert_eq!(user.extra["canonicalArn"], one("arn:aws:iam::111122223333:role/admin"));
    assert_eq!(user.extra["accessKeyId"], one(key_id));
    assert_eq!(user.extra["principalId"], one(&id));
    assert_eq!(user.extra["sigs.k8s.io/aws-iam-authenticator/principalId"], one(&id));
}

#[test]
fn the_creator_is_let_in_by_the_hidden_mapping() {
    let fixture = Fixture::new();
    let user = fixture
        .judge(&fixture.token(&fixture.key_of("creator")))
        .outcome
        .unwrap();
    assert_eq!(user.username, "kubernetes-admin");
    assert_eq!(user.groups, ["system:masters"]);
}

#[test]
fn who_is_not_mapped_is_denied_in_the_words_of_each_release() {
    for (release, error, count) in [
        (AuthenticatorRelease::Current, "identity is not mapped", 2),
        (AuthenticatorRelease::Y2024, "Identity is not mapped", 2),
        (AuthenticatorRelease::Y2022, "ARN is not mapped", 1),
    ] {
        let fixture = Fixture::of(release);
        let authentication = fixture.judge(&fixture.token(&fixture.key_of("walker")));
        let lines = lines(&authentication);
        assert_eq!(lines.len(), count);
        assert_eq!(
            lines.last().unwrap(),
            &format!(
                r#"time="2026-11-24T00:44:57Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:user/team/walker" client="127.0.0.1:57586" error="{error}" method=POST path=/authenticate"#
            )
        );
        assert_eq!(authentication.trace.failed().unwrap().id, "mapping.result");
    }
}

#[test]
fn a_template_that_cannot_be_rendered_denies() {
    let mut fixture = Fixture::new();
    let key = fixture.session_of("node", "bob");
    let authentication = fixture.judge(&fixture.token(&key));
    assert_eq!(
        lines(&authentication).pop().unwrap(),
        r#"time="2026-11-24T00:44:57Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:role/node" client="127.0.0.1:57586" error="mapper EKSConfigMap renderTemplates error: error rendering username template \"system:node:{{EC2PrivateDNSName}}\": SessionName did not contain an instance id" method=POST path=/authenticate"#
    );
}

fn sts_error(code: &str, message: &str, place: &str) -> String {
    format!(
        r#"sts getCallerIdentity failed: error from AWS (expected 200, got 403){place}. Body: {{"Error":{{"Code":"{code}","Message":"{message}","Type":"Sender"}},"RequestId":"{REQUEST_ID}"}}"#
    )
}

const INVALID: &str = "The security token included in the request is invalid.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const HERE: &str = " on us-west-2 endpoint";

#[test]
fn throttling_is_told_apart_since_2023() {
    const BODY: &str = r#"{"Error":{"Code":"Throttling","Message":"Rate exceeded","Type":"Sender"},"RequestId":"a9068247-f1ab-47ef-b1b1-cda46a27be0e"}"#;
    let was_throttled = format!("sts getCallerIdentity was throttled: {BODY}");
    let failed = format!("sts getCallerIdentity failed: error from AWS (expected 200, got 400). Body: {BODY}");
    for (release, message, throttled) in [
        (AuthenticatorRelease::Current, &was_throttled, true),
        (AuthenticatorRelease::Y2024, &was_throttled, true),
        (AuthenticatorRelease::Y2022, &failed, false),
    ] {
        let mut fixture = Fixture::of(release);
        let throttle = crate::world::fault::FaultSpec {
            service: Some("sts".to_owned()),
            effect: "throttle".to_owned(),
            ..Default::default()
        };
        fixture.world.faults.add(throttle).unwrap();
        let judged = fixture.judge(&fixture.token(&fixture.key_of("testuser")));
        denied(&judged, "sts.rate", message);
        assert_eq!(judged.outcome.unwrap_err().throttled, throttled);
        // STS must know the caller before it counts.
        let stranger = fixture.judge(&fixture.token(&unknown_key(&fixture)));
        assert_eq!(stranger.trace.failed().unwrap().id, "sigv4.key");
    }
}

/// A key that nobody has.
pub(crate) fn unknown_key(fixture: &Fixture) -> AccessKey {
    AccessKey {
        id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret: SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
        ..fixture.key_of("testuser")
    }
}

#[test]
fn an_unknown_key_is_denied_in_the_words_of_each_release() {
    for (release, place) in [
        (AuthenticatorRelease::Current, HERE),
        (AuthenticatorRelease::Y2024, HERE),
        (AuthenticatorRelease::Y2022, ""),
    ] {
        let fixture = Fixture::of(release);
        let authentication = fixture.judge(&fixture.token(&unknown_key(&fixture)));
        denied(
            &authentication,
            "sigv4.key",
            &sts_error("InvalidClientTokenId", INVALID, place),
        );
        assert_eq!(authentication.log.len(), 1);
    }
}

#[test]
fn the_global_endpoint_is_named_global() {
    let mut fixture = Fixture::new();
    (fixture.endpoint, fixture.region) = ("https://sts.amazonaws.com", "us-east-1");
    denied(
        &fixture.judge(&fixture.token(&unknown_key(&fixture))),
        "sigv4.key",
        &sts_error("InvalidClientTokenId", INVALID, " on global endpoint"),
    );
    let user = fixture.judge(&fixture.token(&fixture.key_of("testuser")));
    assert!(user.outcome.is_ok());
}

#[test]
fn sts_denies_keys_that_no_longer_hold() {
    let mut fixture = Fixture::new();
    denied(
        &fixture.judge(&fixture.token(&fixture.key_of("gone"))),
        "sigv4.key",
        &sts_error("InvalidClientTokenId", INVALID, HERE),
    );
    let key = fixture.key_of("testuser");
    let directory = &mut fixture.world.directory;
    directory
        .set_key_status(&account(), "testuser", &key.id, KeyStatus::Inactive)
        .unwrap();
    denied(
        &fixture.judge(&fixture.token(&key)),
        "sigv4.key",
        &sts_error("InvalidClientTokenId", INVALID, HERE),
    );
    let mut session = fixture.session_of("admin", "s");
    session.session.as_mut().unwrap().expires = now();
    fixture.world.directory.add_key(session.clone());
    denied(
        &fixture.judge(&fixture.token(&session)),
        "sigv4.session",
        &sts_error(
            "ExpiredToken",
            "The security token included in the request is expired",
            HERE,
        ),
    );
    session.session.as_mut().unwrap().expires = now().plus_seconds(1);
    fixture.world.directory.add_key(session.clone());
    assert!(fixture.judge(&fixture.token(&session)).outcome.is_ok());
    let bare = AccessKey {
        session: None,
        ..session
    };
    denied(
        &fixture.judge(&fixture.token(&bare)),
        "sigv4.session",
        &sts_error("InvalidClientTokenId", INVALID, HERE),
    );
}

#[test]
fn a_token_for_another_cluster_or_with_another_signature_is_denied_alike() {
    let mut fixture = Fixture::new();
    let key = fixture.key_of("testuser");
    let good = fixture.token(&key);
    let wrong = changed(&good, |url| {
        let last = if url.ends_with('0') { "1" } else { "0" };
        let mut url: Vec<char> = url.chars().collect();
        url.pop();
        url.into_iter().chain(last.chars()).collect()
    });
    let mismatch = sts_error("SignatureDoesNotMatch", MISMATCH, HERE);
    denied(&fixture.judge(&wrong), "sigv4.signature", &mismatch);
    fixture.signed_for = "other-cluster";
    denied(&fixture.judge(&fixture.token(&key)), "sigv4.signature", &mismatch);
    let impostor = AccessKey {
        secret: SecretKey::new("x".to_owned()),
        ..key
    };
    fixture.signed_for = "my-cluster";
    denied(&fixture.judge(&fixture.token(&impostor)), "sigv4.signature", &mismatch);
}

#[test]
fn a_user_before_the_host_is_a_second_signature_to_sts() {
    let fixture = Fixture::new();
    let good = fixture.token(&fixture.key_of("testuser"));
    for user in ["user", "user:pw", "user:", ":", "", "u%40x:p%3A"] {
        let token = changed(&good, |url| url.replace("https://", &format!("https://{user}@")));
        let wanted = sts_error("SignatureDoesNotMatch", "", HERE);
        denied(&fixture.judge(&token), "sigv4.parts", &wanted);
    }
}

#[test]
fn a_host_in_capitals_wants_the_same_region_in_the_scope() {
    let mut fixture = Fixture::new();
    fixture.endpoint = "https://sts.US-WEST-2.amazonaws.com";
    assert!(
        fixture
            .judge(&fixture.token(&fixture.key_of("testuser")))
            .outcome
            .is_ok()
    );
    fixture.region = "US-WEST-2";
    let message = "Credential should be scoped to a valid region, not 'US-WEST-2'.";
    denied(
        &fixture.judge(&fixture.token(&fixture.key_of("testuser"))),
        "sigv4.scope",
        &sts_error("SignatureDoesNotMatch", message, " on US-WEST-2 endpoint"),
    );
}

#[test]
fn a_token_of_the_wrong_time_place_or_form_is_denied() {
    const FORM: &str = "input token was not properly formatted: ";
    let mut fixture = Fixture::new();
    let key = fixture.key_of("testuser");
    let good = fixture.token(&key);
    for (token, check, wanted) in [
        (
            String::new(),
            "token.prefix",
            r#"token is missing expected "k8s-aws-v1." prefix"#,
        ),
        (
            format!("{good}{}", "A".repeat(4097)),
            "token.size",
            "token is too large",
        ),
        (
            changed(&good, |url| url + "&Foo=1"),
            "token.parameter",
            r#"non-whitelisted query parameter "Foo""#,
        ),
        (
            changed(&good, |url| url.replace("%3Bx-k8s-aws-id", "")),
            "token.cluster_header",
            "client did not sign the x-k8s-aws-id header in the pre-signed URL",
        ),
    ] {
        denied(&fixture.judge(&token), check, &format!("{FORM}{wanted}"));
    }
    fixture.signed_at = now().plus_seconds(-16 * 60);
    denied(
        &fixture.judge(&fixture.token(&key)),
        "token.expired",
        &format!("{FORM}X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:28:57 +0000 UTC"),
    );
    fixture.signed_at = now().plus_seconds(-15 * 60);
    assert!(fixture.judge(&fixture.token(&key)).outcome.is_ok());
    fixture.signed_at = now().plus_seconds(16 * 60);
    denied(
        &fixture.judge(&fixture.token(&key)),
        "sigv4.date",
        &sts_error(
            "SignatureDoesNotMatch",
            "Signature not yet current: 20261124T010057Z is still later than 20261124T005957Z (20261124T004457Z + 15 min.)",
            HERE,
        ),
    );
    fixture.signed_at = now();
    fixture.region = "eu-west-1";
    denied(
        &fixture.judge(&fixture.token(&key)),
        "sigv4.scope",
        &sts_error(
            "SignatureDoesNotMatch",
            "Credential should be scoped to a valid region, not 'eu-west-1'.",
            HERE,
        ),
    );
}

#[test]
fn own_hosts_pass_unless_the_cluster_is_strict() {
    let mut fixture = Fixture::new();
    fixture.world.own_hosts = vec!["localhost:4566".to_owned()];
    fixture.endpoint = "http://localhost:4566";
    let token = fixture.token(&fixture.key_of("testuser"));
    let lenient = fixture.judge(&token);
    assert!(lenient.outcome.is_ok());
    assert!(lines(&lenient)[1].contains(" stsendpoint=sts.us-west-2.amazonaws.com "));
    fixture.cluster_mut().strict_hosts = true;
    denied(
        &fixture.judge(&token),
        "token.scheme",
        r#"input token was not properly formatted: unexpected scheme "http" in pre-signed URL"#,
    );
}

#[test]
fn the_identity_is_split_as_upstream_does() {
    let caller = |arn: &str, user_id: &str| CallerIdentity {
        account: account(),
        arn: arn.to_owned(),
        user_id: user_id.to_owned(),
    };
    let split = |arn: &str, user_id: &str| {
        identify(&caller(arn, user_id), "AKIA").map(|identity| (identity.user_id, identity.session_name))
    };
    let role = "arn:aws:sts::111122223333:assumed-role/r/s";
    let ok = |id: &str, session: &str| Ok((id.to_owned(), session.to_owned()));
    assert_eq!(split(role, "AROA:s"), ok("AROA", "s"));
    assert_eq!(split(role, "AROA"), Err(r#"malformed UserID "AROA""#.to_owned()));
    assert_eq!(
        split(role, "AROA:a:b"),
        Err(r#"malformed UserID "AROA:a:b""#.to_owned())
    );
    assert_eq!(split("arn:aws:iam::111122223333:user/u", "AIDA:x"), ok("AIDA:x", ""));
    assert_eq!(
        split("arn:aws:iam::111122223333:root", "111122223333"),
        ok("111122223333", "")
    );
    assert_eq!(
        split("arn:aws:sts::111122223333:federated-user/f", "111122223333:f"),
        ok("111122223333:f", "")
    );
    assert_eq!(
        split("arn:aws:s3:::b", "x"),
        Err("service s3 in arn arn:aws:s3:::b is not a valid service for identities".to_owned())
    );
}

#[test]
fn the_root_of_an_account_is_nobody_until_it_is_mapped() {
    let mut fixture = Fixture::new();
    let key = AccessKey {
        id: "AKIAROOT".to_owned(),
        owner: KeyOwner::Root,
        ..fixture.key_of("testuser")
    };
    fixture.world.directory.add_key(key.clone());
    let authentication = fixture.judge(&fixture.token(&key));
    assert_eq!(
        authentication.identity.unwrap().canonical_arn,
        "arn:aws:iam::111122223333:root"
    );
    assert_eq!(authentication.outcome.unwrap_err().message, "identity is not mapped");
}

#[test]
fn a_trace_does_not_repeat_a_url_that_go_repeats_in_its_error() {
    let mut fixture = Fixture::new();
    let key = fixture.session_of("admin", "s");
    let token = changed(&fixture.token(&key), |url| url.replace("sts.us", "\u{1}\"sts.us"));
    let authentication = fixture.judge(&token);
    let failed = authentication.trace.failed().unwrap();
    assert_eq!(failed.id, "token.url");
    assert_eq!(failed.got.as_deref(), Some("net/url: invalid control character in URL"));
    let line = lines(&authentication).pop().unwrap();
    assert!(line.contains(r#"error="input token was not properly formatted: parse \"https://\\x01\\\"sts.us-west-2"#));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_trace_tells_a_secret(
        case in 0..6_u8,
        at in any::<prop::sample::Index>(),
        byte in prop::option::of("[ -~\\x00é]"),
    ) {
        let mut fixture = Fixture::new();
        let session = fixture.session_of("admin", "s");
        let key = match case {
            0 => fixture.key_of("testuser"),
            1 => fixture.key_of("gone"),
            2 => unknown_key(&fixture),
            3 => fixture.session_of("stranger", "s"),
            _ => session,
        };
        if case == 4 {
            fixture.signed_for = "other-cluster";
        }
        let mut token = fixture.token(&key);
        if let Some(byte) = byte {
            // Before the parameters, so that the session token itself stays whole.
            token = changed(&token, |url| {
                let head = url.find("X-Amz-Security-Token").unwrap_or(url.len());
                let mut text: Vec<char> = url.chars().collect();
                text.splice(at.index(head)..=at.index(head), byte.chars());
                text.into_iter().collect()
            });
        }
        let authentication = fixture.judge(&token);
        let told = format!("{:?}", authentication.trace);
        prop_assert!(!told.contains(key.secret.expose()));
        prop_assert!(!told.contains(&token));
        if let Some(session) = &key.session {
            prop_assert!(!told.contains(session.token.expose()));
        }
        let explained = crate::explain::explain(&authentication, fixture.cluster(), &fixture.world);
        prop_assert!(!explained.render_text().contains(key.secret.expose()));
    }
}
