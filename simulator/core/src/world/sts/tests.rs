//! AssumeRole from the signed request to the credentials it gives, and how each refusal reads.

mod session;
mod web_identity;

use std::collections::BTreeMap;

use super::*;
use crate::aws::iam::Holder;
use crate::aws::iam::KeyStatus;
use crate::aws::iam::NewRole;
use crate::aws::iam::SecretKey;
use crate::aws::principal::CallerIdentity;
use crate::aws::sigv4;
use crate::aws::sigv4::Receiver;
use crate::aws::sigv4::ScopeFault;
use crate::aws::sigv4::SignedRequest;
use crate::aws::sigv4::Signer;
use crate::value::arn::Partition;

const HOME: &str = "111122223333";
const ELSEWHERE: &str = "444455556666";
const JANE: &str = "arn:aws:iam::111122223333:user/jane";
const ANYONE: &str = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;

fn now() -> Timestamp {
    Timestamp::parse_amz("20261124T004457Z").unwrap()
}

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

/// Two accounts, and in the first the user jane.
fn world() -> World {
    let mut world = World::new(1);
    for id in [HOME, ELSEWHERE] {
        world.directory.add_account(account(id), Partition::Aws);
    }
    world
        .directory
        .create_user(&account(HOME), "jane", "/", &mut world.ids, now())
        .unwrap();
    world
}

fn add_role(
    world: &mut World,
    account_id: &str,
    name: &str,
    path: &str,
    max_session_duration: u32,
    trust: &str,
) -> String {
    let role = NewRole {
        name,
        path,
        trust_policy: trust,
        max_session_duration,
    };
    let role = world
        .directory
        .stage_role(&account(account_id), role, &mut world.ids, now());
    let arn = role.unwrap().arn.clone();
    world.directory.resolve_trust_policies(&BTreeMap::new(), &mut world.ids);
    arn
}

/// As an administrator.
fn assume_role(
    world: &mut World,
    caller: &VerifiedCaller,
    request: AssumeRoleRequest<'_>,
    now: Timestamp,
) -> Result<AssumedRole, WireError> {
    assume_role_with(world, caller, &PrincipalPolicies::administrator(), request, now)
}

fn assume_role_with(
    world: &mut World,
    caller: &VerifiedCaller,
    policies: &PrincipalPolicies,
    request: AssumeRoleRequest<'_>,
    now: Timestamp,
) -> Result<AssumedRole, WireError> {
    let keys = world.directory.condition_keys(caller.identity(), now);
    let permissions = Permissions { policies, keys: &keys };
    super::assume_role(world, caller, permissions, &request, HERE, now)
}

fn trusting(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole","Condition":{condition}}}]}}"#
    )
}

fn jane(world: &mut World) -> VerifiedCaller {
    let key = world
        .directory
        .create_access_key(&account(HOME), "jane", &mut world.ids, now())
        .unwrap();
    verified(world, &key, now()).unwrap()
}

fn root(world: &mut World) -> VerifiedCaller {
    let key = world.directory.add_key(AccessKey {
        id: "AKIAROOT".to_owned(),
        secret: SecretKey::new("secret".to_owned()),
        account: account(HOME),
        owner: KeyOwner::Root,
        status: KeyStatus::Active,
        created: now(),
        session: None,
    });
    verified(world, &key, now()).unwrap()
}

/// Who signs with `key` at that time.
fn verified(world: &World, key: &AccessKey, at: Timestamp) -> Result<VerifiedCaller, SigV4Error> {
    verified_in(world, key, "us-west-2", "sts", at)
}

fn verified_in(
    world: &World,
    key: &AccessKey,
    region: &str,
    service: &str,
    at: Timestamp,
) -> Result<VerifiedCaller, SigV4Error> {
    let signer = Signer {
        access_key_id: &key.id,
        secret: &key.secret,
        session_token: key.session.as_ref().map(|session| &session.token),
        region,
        service,
        now: at,
    };
    let host = [("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())];
    let request = SignedRequest {
        method: "GET",
        path: "/",
        query: "",
        headers: &host,
        body: b"",
    };
    let headers = [&host[..], &signer.sign_header(&request)].concat();
    let request = SignedRequest {
        headers: &headers,
        ..request
    };
    let receiver = Receiver {
        service,
        region: None,
        skew_minutes: 15,
    };
    sigv4::verify(request, receiver, &world.directory, at).outcome
}

fn request(role_arn: &str) -> AssumeRoleRequest<'_> {
    AssumeRoleRequest {
        role_arn: Some(role_arn),
        role_session_name: Some("session"),
        ..AssumeRoleRequest::default()
    }
}

const HERE: Endpoint<'_> = Endpoint {
    region: "us-west-2",
    is_global: false,
};

fn denied(caller: &str, role_arn: &str) -> WireError {
    WireError {
        code: "AccessDenied",
        status: 403,
        message: format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"),
    }
}

fn invalid(message: &str) -> WireError {
    WireError {
        code: "ValidationError",
        status: 400,
        message: message.to_owned(),
    }
}

/// Whether jane may assume a role of that trust, with that external id.
#[track_caller]
fn check_trust(trust: &str, external_id: Option<&str>, allowed: bool) {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, trust);
    let request = AssumeRoleRequest {
        external_id,
        ..request(&role)
    };
    let answer = assume_role(&mut world, &jane, request, now()).map(|assumed| assumed.arn);
    let wanted = if allowed {
        Ok("arn:aws:sts::111122223333:assumed-role/deploy/session".to_owned())
    } else {
        Err(denied(JANE, &role))
    };
    assert_eq!(answer, wanted, "{trust}");
}

#[test]
fn an_assumed_role_is_who_its_credentials_say() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, ELSEWHERE, "deploy", "/team/a/", 3600, ANYONE);
    let role_id = world
        .directory
        .account(&account(ELSEWHERE))
        .unwrap()
        .role("deploy")
        .unwrap()
        .id
        .clone();

    let assumed = assume_role(&mut world, &jane, request(&role), now()).unwrap();
    assert_eq!(assumed.arn, "arn:aws:sts::444455556666:assumed-role/deploy/session");
    assert_eq!(assumed.assumed_role_id, format!("{role_id}:session"));
    assert!(assumed.key.id.starts_with("ASIA"), "{}", assumed.key.id);
    assert_eq!(assumed.key.session.as_ref().unwrap().expires, now().plus_seconds(3600));

    let caller = verified(&world, &assumed.key, now()).unwrap();
    let wanted = CallerIdentity {
        account: account(ELSEWHERE),
        arn: assumed.arn,
        user_id: assumed.assumed_role_id,
    };
    assert_eq!(*caller.identity(), wanted);
}

#[test]
fn each_session_has_its_own_credentials() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let [one, other] = [0, 1].map(|_| assume_role(&mut world, &jane, request(&role), now()).unwrap().key);
    assert_ne!(one.id, other.id);
    assert_ne!(one.secret, other.secret);
    assert_ne!(
        one.session.as_ref().unwrap().token,
        other.session.as_ref().unwrap().token
    );
    assert!(verified(&world, &one, now()).is_ok());
}

#[test]
fn trust_decides() {
    check_trust(&trusting(JANE, "{}"), None, true);
    check_trust(&trusting("arn:aws:iam::111122223333:root", "{}"), None, true);
    check_trust(&trusting(HOME, "{}"), None, true);
    check_trust(&trusting("*", "{}"), None, true);
    check_trust(&trusting("arn:aws:iam::111122223333:user/joe", "{}"), None, false);
    check_trust(&trusting("arn:aws:iam::444455556666:root", "{}"), None, false);
    check_trust(&trusting(ELSEWHERE, "{}"), None, false);
    let denied = r#"{"Statement":[
        {"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},
        {"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/jane"},"Action":"sts:AssumeRole"}]}"#;
    check_trust(denied, None, false);
}

#[test]
fn conditions_of_trust_decide() {
    let external = trusting(JANE, r#"{"StringEquals":{"sts:ExternalId":"secret"}}"#);
    check_trust(&external, Some("secret"), true);
    check_trust(&external, Some("Secret"), false);
    check_trust(&external, None, false);
    // A trust that asks for no external id accepts any.
    check_trust(&trusting(JANE, "{}"), Some("secret"), true);
    let like = |pattern: &str| trusting("*", &format!(r#"{{"ArnLike":{{"aws:PrincipalArn":"{pattern}"}}}}"#));
    check_trust(&like("arn:aws:iam::*:user/j*"), None, true);
    check_trust(&like("arn:aws:iam::*:role/j*"), None, false);
    let if_exists = trusting("*", r#"{"StringEqualsIfExists":{"sts:ExternalId":"secret"}}"#);
    check_trust(&if_exists, Some("secret"), true);
    check_trust(&if_exists, Some("Secret"), false);
    check_trust(&if_exists, None, true);
    let unmodelled = trusting("*", r#"{"BinaryEquals":{"sts:ExternalId":"secret"}}"#);
    check_trust(&unmodelled, Some("secret"), false);
}

#[test]
fn the_session_of_a_role_is_trusted_by_the_roles_whole_arn() {
    let mut world = world();
    let jane = jane(&mut world);
    let dev = add_role(&mut world, HOME, "dev", "/team/", 3600, ANYONE);
    let session = assume_role(&mut world, &jane, request(&dev), now()).unwrap();
    let caller = verified(&world, &session.key, now()).unwrap();
    for (name, trust, allowed) in [
        ("by-role", trusting(&dev, "{}"), true),
        ("by-session", trusting(&session.arn, "{}"), true),
        ("by-name", trusting("arn:aws:iam::111122223333:role/dev", "{}"), false),
        (
            "by-condition",
            trusting("*", &format!(r#"{{"ArnEquals":{{"aws:PrincipalArn":"{dev}"}}}}"#)),
            true,
        ),
        ("by-user", trusting(JANE, "{}"), false),
    ] {
        let role = add_role(&mut world, HOME, name, "/", 3600, &trust);
        let answer = assume_role(&mut world, &caller, request(&role), now()).map(|_| ());
        let wanted = if allowed {
            Ok(())
        } else {
            Err(denied(&session.arn, &role))
        };
        assert_eq!(answer, wanted, "{name}");
    }
}

#[test]
fn a_role_that_is_not_there_reads_like_one_that_does_not_trust() {
    let mut world = world();
    let jane = jane(&mut world);
    add_role(&mut world, HOME, "deploy", "/team/", 3600, ANYONE);
    let keys = world.ids.clone();
    for role in [
        "arn:aws:iam::111122223333:role/nothing",
        "arn:aws:iam::444455556666:role/team/deploy",
        "arn:aws:iam::999999999999:role/team/deploy",
        "arn:aws:iam::111122223333:role/deploy",
        "arn:aws:iam::111122223333:role/other/deploy",
        "arn:aws:iam::111122223333:role/team/Deploy",
        "arn:aws:iam::111122223333:user/jane",
        "arn:aws-cn:iam::111122223333:role/team/deploy",
        // One colon is missing.
        "arn:aws:iam:111122223333:role/team/deploy",
        "role/team/deploy-of-jane",
    ] {
        let answer = assume_role(&mut world, &jane, request(role), now());
        assert_eq!(answer.unwrap_err(), denied(JANE, role));
    }
    assert_eq!(world.ids, keys, "a refusal draws no identifiers");
}

#[test]
fn the_root_user_assumes_no_role() {
    let mut world = world();
    let root = root(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let wanted = WireError {
        code: "AccessDenied",
        status: 403,
        message: "Roles may not be assumed by root accounts.".to_owned(),
    };
    assert_eq!(
        assume_role(&mut world, &root, request(&role), now()).unwrap_err(),
        wanted
    );
}

#[test]
fn a_session_lasts_no_longer_than_its_role_allows() {
    let mut world = world();
    let jane = jane(&mut world);
    let short = add_role(&mut world, HOME, "short", "/", 3600, ANYONE);
    let long = add_role(&mut world, HOME, "long", "/", 43_200, ANYONE);
    let mut seconds = |role: &str, duration: Option<&str>| {
        let request = AssumeRoleRequest {
            duration_seconds: duration,
            ..request(role)
        };
        let assumed = assume_role(&mut world, &jane, request, now())?;
        Ok(assumed.key.session.as_ref().unwrap().expires.seconds_since(now()))
    };
    assert_eq!(seconds(&short, None), Ok(3600));
    assert_eq!(seconds(&short, Some("900")), Ok(900));
    assert_eq!(seconds(&short, Some("3600")), Ok(3600));
    let too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    assert_eq!(seconds(&short, Some("3601")), Err(invalid(too_long)));
    assert_eq!(seconds(&long, Some("43200")), Ok(43_200));
    assert_eq!(seconds(&long, None), Ok(3600));
}

#[test]
fn a_role_that_does_not_trust_says_nothing_of_its_longest_session() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, &trusting(ELSEWHERE, "{}"));
    let request = AssumeRoleRequest {
        duration_seconds: Some("43200"),
        ..request(&role)
    };
    assert_eq!(
        assume_role(&mut world, &jane, request, now()).unwrap_err(),
        denied(JANE, &role)
    );
}

#[test]
fn a_chained_session_lasts_an_hour_at_most() {
    let mut world = world();
    let jane = jane(&mut world);
    let dev = add_role(&mut world, HOME, "dev", "/", 3600, ANYONE);
    let deploy = add_role(&mut world, HOME, "deploy", "/", 43_200, ANYONE);
    let session = assume_role(&mut world, &jane, request(&dev), now()).unwrap();
    let chained = verified(&world, &session.key, now()).unwrap();
    let mut assume = |duration| {
        let request = AssumeRoleRequest {
            duration_seconds: Some(duration),
            ..request(&deploy)
        };
        assume_role(&mut world, &chained, request, now()).map(|assumed| assumed.arn)
    };
    let arn = "arn:aws:sts::111122223333:assumed-role/deploy/session";
    assert_eq!(assume("3600"), Ok(arn.to_owned()));
    let too_long = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    assert_eq!(assume("3601"), Err(invalid(too_long)));
}

#[test]
fn a_session_ends_in_the_second_that_its_expiration_names() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let request = AssumeRoleRequest {
        duration_seconds: Some("900"),
        ..request(&role)
    };
    let session = assume_role(&mut world, &jane, request, now()).unwrap();
    assert!(verified(&world, &session.key, now().plus_seconds(899)).is_ok());
    let expired = now().plus_seconds(900);
    assert_eq!(
        verified(&world, &session.key, expired).unwrap_err(),
        SigV4Error::SessionExpired { expired, now: expired }
    );
}

#[test]
fn sessions_of_a_deleted_role_are_nobodys_even_when_it_is_recreated() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let session = assume_role(&mut world, &jane, request(&role), now()).unwrap();
    let gone = SigV4Error::OwnerGone {
        id: session.key.id.clone(),
    };
    world.directory.delete_role(&account(HOME), "deploy").unwrap();
    assert_eq!(verified(&world, &session.key, now()).unwrap_err(), gone);
    assert_eq!(
        assume_role(&mut world, &jane, request(&role), now()).unwrap_err(),
        denied(JANE, &role)
    );
    add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    assert_eq!(verified(&world, &session.key, now()).unwrap_err(), gone);
    let again = assume_role(&mut world, &jane, request(&role), now()).unwrap();
    assert!(verified(&world, &again.key, now()).is_ok());
}

#[test]
fn sessions_outlive_the_key_that_began_them() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let session = assume_role(&mut world, &jane, request(&role), now()).unwrap();
    let key = &jane.scope().access_key_id;
    world.directory.delete_access_key(&account(HOME), "jane", key).unwrap();
    world.directory.delete_user(&account(HOME), "jane").unwrap();
    assert!(verified(&world, &session.key, now()).is_ok());
}

const ROLE: &str = "arn:aws:iam::111122223333:role/r";

/// `""` stands for no fault.
#[track_caller]
fn check_parameters(request: AssumeRoleRequest<'_>, wanted: &str) {
    let mut world = world();
    let jane = jane(&mut world);
    let answer = assume_role(&mut world, &jane, request, now()).map(|_| ()).unwrap_err();
    if wanted.is_empty() {
        assert_eq!(answer.code, "AccessDenied", "{}", answer.message);
    } else {
        assert_eq!(answer, invalid(wanted));
    }
}

#[test]
fn parameters_are_refused_in_awss_words() {
    let good = request(ROLE);
    check_parameters(good.clone(), "");
    check_parameters(
        AssumeRoleRequest {
            role_session_name: Some("PowerUser/hjacobs"),
            ..good.clone()
        },
        r"1 validation error detected: Value 'PowerUser/hjacobs' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
    );
    check_parameters(
        AssumeRoleRequest {
            role_arn: None,
            duration_seconds: Some("899"),
            ..good.clone()
        },
        "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    );
    check_parameters(
        AssumeRoleRequest {
            external_id: Some("a#"),
            ..good
        },
        r"1 validation error detected: Value 'a#' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*",
    );
}

#[test]
fn parameters_have_the_models_limits() {
    for (field, least, most) in [
        ("roleArn", 20, 2048),
        ("roleSessionName", 2, 64),
        ("externalId", 2, 1224),
    ] {
        check_limit(field, &"x".repeat(least), "");
        check_limit(field, &"x".repeat(most), "");
        let short = format!("Member must have length greater than or equal to {least}");
        check_limit(field, &"x".repeat(least - 1), &short);
        let long = format!("Member must have length less than or equal to {most}");
        check_limit(field, &"x".repeat(most + 1), &long);
    }
    check_limit("roleSessionName", "_+=,.@-aZ09", "");
    check_limit("externalId", "_+=,.@:/-aZ09", "");
    check_limit("durationSeconds", "900", "");
    check_limit("durationSeconds", "43200", "");
    let short = "Member must have value greater than or equal to 900";
    check_limit("durationSeconds", "899", short);
    let long = "Member must have value less than or equal to 43200";
    check_limit("durationSeconds", "43201", long);
}

/// `""` stands for no fault.
#[track_caller]
fn check_limit(field: &str, value: &str, constraint: &str) {
    let mut request = request(ROLE);
    match field {
        "durationSeconds" => request.duration_seconds = Some(value),
        "externalId" => request.external_id = Some(value),
        "roleArn" => request.role_arn = Some(value),
        _ => request.role_session_name = Some(value),
    }
    let wanted =
        format!("1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}");
    check_parameters(request, if constraint.is_empty() { "" } else { &wanted });
}

#[test]
fn each_refusal_of_a_signature_has_its_code_status_and_message() {
    let (date, at) = (now(), now().plus_seconds(901));
    let id = || "AKIA".to_owned();
    let invalid = "The security token included in the request is invalid.";
    let table: Vec<(SigV4Error, &str, u16, &str)> = vec![
        (
            SigV4Error::MissingAuthenticationToken,
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ),
        (SigV4Error::TwoSignatures, "SignatureDoesNotMatch", 403, ""),
        (
            SigV4Error::HeaderAlgorithm { got: "AWS3".to_owned() },
            "IncompleteSignature",
            400,
            "Unsupported AWS 'algorithm': 'AWS3'.",
        ),
        (
            SigV4Error::NotKeyValue {
                got: "x".to_owned(),
                authorization: "AWS4-HMAC-SHA256 x".to_owned(),
            },
            "IncompleteSignature",
            400,
            "'x' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 x'.",
        ),
        (
            SigV4Error::HeaderParts {
                missing: vec!["Credential"],
                date_missing: false,
            },
            "IncompleteSignature",
            400,
            "Authorization header requires 'Credential' parameter. Authorization=AWS4-HMAC-SHA256",
        ),
        (
            SigV4Error::QueryAlgorithm { got: "AWS3".to_owned() },
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ),
        (
            SigV4Error::QueryParts {
                missing: vec!["X-Amz-Date"],
            },
            "IncompleteSignature",
            400,
            "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
        ),
        (
            SigV4Error::HostNotSigned {
                signed_headers: "date".to_owned(),
            },
            "SignatureDoesNotMatch",
            403,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            SigV4Error::HeaderNotSigned {
                name: "x-amz-target".to_owned(),
            },
            "SignatureDoesNotMatch",
            403,
            "'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            SigV4Error::DateFormat {
                got: "today".to_owned(),
            },
            "IncompleteSignature",
            400,
            "Date must be in ISO-8601 'basic format'. Got 'today'. See http://en.wikipedia.org/wiki/ISO_8601",
        ),
        (
            SigV4Error::Expired {
                date,
                now: at,
                minutes: 15,
            },
            "SignatureDoesNotMatch",
            403,
            "Signature expired: 20261124T004457Z is now earlier than 20261124T004458Z (20261124T005958Z - 15 min.)",
        ),
        (
            SigV4Error::NotYetCurrent {
                date: at,
                now: date,
                minutes: 15,
            },
            "SignatureDoesNotMatch",
            403,
            "Signature not yet current: 20261124T005958Z is still later than 20261124T005957Z (20261124T004457Z + 15 min.)",
        ),
        (
            SigV4Error::CredentialShape { got: "a/b".to_owned() },
            "IncompleteSignature",
            400,
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'",
        ),
        (
            SigV4Error::Scope {
                faults: vec![ScopeFault::Service {
                    expected: "sts".to_owned(),
                    got: "s3".to_owned(),
                }],
            },
            "SignatureDoesNotMatch",
            403,
            "Credential should be scoped to correct service: 'sts'.",
        ),
        (
            SigV4Error::UnknownKey { id: id() },
            "InvalidClientTokenId",
            403,
            invalid,
        ),
        (
            SigV4Error::InactiveKey { id: id() },
            "InvalidClientTokenId",
            403,
            invalid,
        ),
        (SigV4Error::OwnerGone { id: id() }, "InvalidClientTokenId", 403, invalid),
        (
            SigV4Error::MissingSessionToken { id: id() },
            "InvalidClientTokenId",
            403,
            invalid,
        ),
        (
            SigV4Error::UnexpectedSessionToken { id: id() },
            "InvalidClientTokenId",
            403,
            invalid,
        ),
        (
            SigV4Error::WrongSessionToken { id: id() },
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid",
        ),
        (
            SigV4Error::GlobalToken {
                id: id(),
                region: "ap-east-1".to_owned(),
            },
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid",
        ),
        (
            SigV4Error::SessionNotForIam { id: id() },
            "InvalidClientTokenId",
            403,
            "The security token included in the request is invalid",
        ),
        (
            SigV4Error::SessionExpired { expired: date, now: at },
            "ExpiredToken",
            403,
            "The security token included in the request is expired",
        ),
        (
            SigV4Error::SignatureMismatch {
                canonical_request_hash: "e3b0".to_owned(),
            },
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
    ];
    for (error, code, status, message) in table {
        let wanted = WireError {
            code,
            status,
            message: message.to_owned(),
        };
        assert_eq!(wire_error(&error), wanted);

        // The JSON services say the same under other names, but for two texts.
        let (code, message) = match code {
            "MissingAuthenticationToken" => ("MissingAuthenticationTokenException", "Missing Authentication Token"),
            "IncompleteSignature" => ("IncompleteSignatureException", message),
            "SignatureDoesNotMatch" => ("InvalidSignatureException", message),
            "InvalidClientTokenId" => ("UnrecognizedClientException", invalid),
            "ExpiredToken" => ("ExpiredTokenException", message),
            other => panic!("{other}"),
        };
        let wanted = WireError {
            code,
            status,
            message: message.to_owned(),
        };
        assert_eq!(wire_error_json_service(&error), wanted);
    }
}

#[test]
fn bodies_are_those_of_sts() {
    let error = wire_error(&SigV4Error::UnknownKey { id: "AKIA".to_owned() });
    assert_eq!(
        render_error_json(&error, "a9068247"),
        r#"{"Error":{"Code":"InvalidClientTokenId","Message":"The security token included in the request is invalid.","Type":"Sender"},"RequestId":"a9068247"}"#
    );
}

#[test]
fn a_session_policy_goes_with_the_session() {
    let mut world = world();
    let jane = jane(&mut world);
    let dev = add_role(&mut world, HOME, "dev", "/", 3600, ANYONE);
    let other = add_role(&mut world, HOME, "other", "/", 3600, &trusting(HOME, "{}"));
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    let of_dev = Holder::role("dev");
    world
        .directory
        .attach_policy(&account(HOME), of_dev, administrator)
        .unwrap();
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"eks:*","Resource":"*"}}"#;
    for (policy, wanted) in [
        (None, Ok(())),
        (
            Some(text),
            Err(" because no session policy allows the sts:AssumeRole action"),
        ),
    ] {
        let request = AssumeRoleRequest {
            session: SessionParameters {
                policy,
                ..SessionParameters::default()
            },
            ..request(&dev)
        };
        let session = assume_role(&mut world, &jane, request, now()).unwrap();
        let caller = verified(&world, &session.key, now()).unwrap();
        let policies = world.directory.policies_of(&session.key);
        let answer = assume_role_with(&mut world, &caller, &policies, super::tests::request(&other), now());
        let wanted = wanted.map_err(|reason| {
            let mut error = denied(&session.arn, &other);
            error.message.push_str(reason);
            error
        });
        assert_eq!(answer.map(|_| ()), wanted);
    }
}
