//! What sessions have beside their role: durations, names, facts, and where they hold.

use super::*;
use crate::aws::iam::User;

const TAGGING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},
    "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}"#;

fn session_token_of(
    world: &mut World,
    caller: &VerifiedCaller,
    duration: Option<&str>,
    endpoint: Endpoint<'_>,
) -> Result<Arc<AccessKey>, WireError> {
    let request = SessionTokenRequest {
        duration_seconds: duration,
        ..SessionTokenRequest::default()
    };
    session_token(world, caller, request, endpoint, now())
}

fn federate(world: &mut World, caller: &VerifiedCaller, name: &str) -> Result<FederatedUser, WireError> {
    let request = FederationTokenRequest {
        name: Some(name),
        ..FederationTokenRequest::default()
    };
    federation_token(world, caller, &request, HERE, now())
}

fn seconds(key: &AccessKey) -> i64 {
    key.session.as_ref().unwrap().expires.seconds_since(now())
}

fn refused(message: &str) -> WireError {
    WireError {
        code: "AccessDenied",
        status: 403,
        message: message.to_owned(),
    }
}

#[test]
fn a_session_of_a_user_is_the_user() {
    let mut world = world();
    let jane = jane(&mut world);
    let key = session_token_of(&mut world, &jane, None, HERE).unwrap();
    assert_eq!((key.id.starts_with("ASIA"), seconds(&key)), (true, 43_200));
    let caller = verified(&world, &key, now()).unwrap();
    assert_eq!(caller.identity(), jane.identity());
    for (duration, wanted) in [
        ("900", Ok(900)),
        ("129600", Ok(129_600)),
        (
            "899",
            Err(invalid(
                "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
            )),
        ),
        (
            "129601",
            Err(invalid(
                "1 validation error detected: Value '129601' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 129600",
            )),
        ),
    ] {
        let answer = session_token_of(&mut world, &jane, Some(duration), HERE).map(|key| seconds(&key));
        assert_eq!(answer, wanted);
    }
    let root = root(&mut world);
    let key = session_token_of(&mut world, &root, Some("43200"), HERE).unwrap();
    assert_eq!(seconds(&key), 3600, "a root user gets an hour at most");
}

#[test]
fn sessions_beget_neither_sessions_of_users_nor_federated_users() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let keys = [
        session_token_of(&mut world, &jane, None, HERE).unwrap(),
        assume_role(&mut world, &jane, request(&role), now()).unwrap().key,
        federate(&mut world, &jane, "bob").unwrap().key,
    ];
    for key in keys {
        let caller = verified(&world, &key, now()).unwrap();
        assert_eq!(
            session_token_of(&mut world, &caller, None, HERE).unwrap_err(),
            refused("Cannot call GetSessionToken with session credentials")
        );
        assert_eq!(
            federate(&mut world, &caller, "bob").unwrap_err(),
            refused("Cannot call GetFederationToken with session credentials")
        );
    }
}

#[test]
fn a_federated_user_is_somebody_as_long_as_its_user_is() {
    let mut world = world();
    let jane = jane(&mut world);
    let bob = federate(&mut world, &jane, "bob").unwrap();
    assert_eq!(bob.arn, "arn:aws:sts::111122223333:federated-user/bob");
    assert_eq!(bob.federated_user_id, "111122223333:bob");
    let caller = verified(&world, &bob.key, now()).unwrap();
    assert_eq!(caller.identity().arn, bob.arn);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    assert_eq!(
        assume_role(&mut world, &caller, request(&role), now()).unwrap_err(),
        denied(&bob.arn, &role)
    );
    assert_eq!(
        federate(&mut world, &jane, "b").unwrap_err(),
        invalid(
            "1 validation error detected: Value 'b' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2"
        )
    );
    let User { name, .. } = world
        .directory
        .account(&account(HOME))
        .unwrap()
        .user("jane")
        .unwrap()
        .clone();
    let key = &jane.scope().access_key_id;
    world.directory.delete_access_key(&account(HOME), &name, key).unwrap();
    world.directory.delete_user(&account(HOME), &name).unwrap();
    assert!(matches!(
        verified(&world, &bob.key, now()),
        Err(SigV4Error::OwnerGone { .. })
    ));
}

#[test]
fn tokens_of_the_global_endpoint_do_not_hold_where_one_must_opt_in() {
    let mut world = world();
    let jane = jane(&mut world);
    let global = Endpoint {
        region: "us-east-1",
        is_global: true,
    };
    let of_global = session_token_of(&mut world, &jane, None, global).unwrap();
    let of_region = session_token_of(&mut world, &jane, None, HERE).unwrap();
    for (region, holds) in [
        ("us-west-2", true),
        ("eu-north-1", true),
        ("us-gov-west-1", true),
        ("ap-east-1", false),
        ("il-central-1", false),
    ] {
        let answer = verified_in(&world, &of_global, region, "sts", now());
        let wanted = SigV4Error::GlobalToken {
            id: of_global.id.clone(),
            region: region.to_owned(),
        };
        assert_eq!(answer.err(), (!holds).then_some(wanted), "{region}");
        assert!(verified_in(&world, &of_region, region, "sts", now()).is_ok());
    }
}

#[test]
fn iam_takes_sessions_of_roles_only() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let of_role = assume_role(&mut world, &jane, request(&role), now()).unwrap().key;
    assert!(verified_in(&world, &of_role, "us-east-1", "iam", now()).is_ok());
    let of_user = session_token_of(&mut world, &jane, None, HERE).unwrap();
    let of_bob = federate(&mut world, &jane, "bob").unwrap().key;
    for key in [of_user, of_bob] {
        let answer = verified_in(&world, &key, "us-east-1", "iam", now());
        assert_eq!(answer.unwrap_err(), SigV4Error::SessionNotForIam { id: key.id.clone() });
        assert!(verified_in(&world, &key, "us-east-1", "eks", now()).is_ok());
    }
}

#[test]
fn no_credentials_come_from_a_region_that_is_switched_off() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    world
        .directory
        .set_disabled_regions(&account(HOME), vec!["us-west-2".to_owned()])
        .unwrap();
    let wanted = WireError {
        code: "RegionDisabledException",
        status: 403,
        message: "STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console.".to_owned(),
    };
    assert_eq!(
        assume_role(&mut world, &jane, request(&role), now()).unwrap_err(),
        wanted
    );
    assert_eq!(session_token_of(&mut world, &jane, None, HERE).unwrap_err(), wanted);
    assert_eq!(federate(&mut world, &jane, "bob").unwrap_err(), wanted);
    let elsewhere = Endpoint {
        region: "us-east-2",
        is_global: false,
    };
    assert!(session_token_of(&mut world, &jane, None, elsewhere).is_ok());
}

#[test]
fn session_policies_and_tags_take_room() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, TAGGING);
    let mut size = |session: SessionParameters<'_>| {
        let request = AssumeRoleRequest {
            session,
            ..request(&role)
        };
        assume_role(&mut world, &jane, request, now()).map(|assumed| assumed.packed_policy_size)
    };
    assert_eq!(size(SessionParameters::default()), Ok(None));
    let policy = |policy| SessionParameters {
        policy: Some(policy),
        ..SessionParameters::default()
    };
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"eks:*","Resource":"*"}}"#;
    assert_eq!(size(policy(text)), Ok(Some(3)));
    let error = |code, message: &str| WireError {
        code,
        status: 400,
        message: message.to_owned(),
    };
    for bad in ["{", "[]", "no JSON"] {
        let wanted = error("MalformedPolicyDocument", "Syntax errors in policy.");
        assert_eq!(size(policy(bad)), Err(wanted));
    }
    let long = text.replace("eks:*", &format!("eks:{}", "x".repeat(2048)));
    let wanted = "Packed policy consumes 104% of allotted space, please use smaller policy.";
    assert_eq!(size(policy(&long)), Err(error("PackedPolicyTooLarge", wanted)));
    let tags = |tags| SessionParameters {
        tags,
        ..SessionParameters::default()
    };
    assert_eq!(size(tags(vec![("team", "x"), ("cost", "")])), Ok(Some(1)));
    let wanted = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    assert_eq!(
        size(tags(vec![("team", "x"), ("Team", "y")])),
        Err(error("InvalidParameterValue", wanted))
    );
    let wanted = r"2 validation errors detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '#' at 'tags.2.member.value' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*";
    assert_eq!(size(tags(vec![("", "x"), ("팀", "#")])), Err(invalid(wanted)));
}

#[test]
fn a_source_identity_and_transitive_tags_follow_a_chain() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, TAGGING);
    let first = AssumeRoleRequest {
        session: SessionParameters {
            tags: vec![("team", "a"), ("cost", "b")],
            transitive_tag_keys: vec!["team"],
            source_identity: Some("jane"),
            ..SessionParameters::default()
        },
        ..request(&role)
    };
    let first = assume_role(&mut world, &jane, first, now()).unwrap();
    assert_eq!(first.source_identity.as_deref(), Some("jane"));
    let caller = verified(&world, &first.key, now()).unwrap();
    let second = assume_role(&mut world, &caller, request(&role), now()).unwrap();
    assert_eq!(second.source_identity.as_deref(), Some("jane"));
    let facts = &second.key.session.as_ref().unwrap().facts;
    assert_eq!(facts.tags, [("team".to_owned(), "a".to_owned())]);
    assert_eq!(facts.transitive_tag_keys, ["team"]);
    let other = AssumeRoleRequest {
        session: SessionParameters {
            source_identity: Some("joe"),
            ..SessionParameters::default()
        },
        ..request(&role)
    };
    assert_eq!(
        assume_role(&mut world, &caller, other, now()).unwrap_err(),
        denied(&caller.identity().arn, &role)
    );
}

#[test]
fn a_key_tells_its_account_to_anyone() {
    let mut world = world();
    let jane = jane(&mut world);
    let id = &jane.scope().access_key_id;
    assert_eq!(access_key_info(&world, Some(id)), Ok(account(HOME)));
    assert_eq!(
        access_key_info(&world, Some("AKIA")).unwrap_err(),
        invalid(
            "1 validation error detected: Value 'AKIA' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16"
        )
    );
    assert_eq!(
        access_key_info(&world, Some("AKIAIOSFODNN7EXAMPLE")).unwrap_err().code,
        "InvalidClientTokenId"
    );
}

#[test]
fn trust_decides_on_tags_and_source_identities_too() {
    let mut world = world();
    let jane = jane(&mut world);
    let role = add_role(&mut world, HOME, "deploy", "/", 3600, ANYONE);
    let mut refusal = |session: SessionParameters<'_>| {
        let request = AssumeRoleRequest {
            session,
            ..request(&role)
        };
        let error = assume_role(&mut world, &jane, request, now()).unwrap_err();
        error.message
    };
    let tagged = SessionParameters {
        tags: vec![("team", "a")],
        ..SessionParameters::default()
    };
    let marked = SessionParameters {
        source_identity: Some("jane"),
        ..SessionParameters::default()
    };
    for (session, action) in [(tagged, "sts:TagSession"), (marked, "sts:SetSourceIdentity")] {
        assert_eq!(
            refusal(session),
            format!("User: {JANE} is not authorized to perform: {action} on resource: {role}")
        );
    }
}

#[test]
fn a_federated_user_may_what_its_session_policy_allows() {
    let mut world = world();
    let jane = jane(&mut world);
    let bob = federate(&mut world, &jane, "bob").unwrap();
    let nothing = world.directory.policies_of(&bob.key).session;
    assert_eq!(nothing, Some(Arc::default()));
    let request = FederationTokenRequest {
        name: Some("bob"),
        session: SessionParameters {
            policy_arns: vec!["arn:aws:iam::aws:policy/AdministratorAccess"],
            ..SessionParameters::default()
        },
        ..FederationTokenRequest::default()
    };
    let bob = federation_token(&mut world, &jane, &request, HERE, now()).unwrap();
    assert_ne!(world.directory.policies_of(&bob.key).session, nothing);
    assert_eq!(bob.packed_policy_size, Some(2));
}

#[test]
fn a_message_is_decoded_with_its_own_key_only() {
    let mut world = world();
    let jane = jane(&mut world);
    let context = RequestContext {
        action: "eks:DescribeCluster",
        resource: "*",
        keys: &ConditionKeys::default(),
    };
    let policies = PrincipalPolicies::default();
    let denied = crate::aws::iam_policy::authorize::check(jane.identity(), &policies, &context).unwrap_err();
    let token = message::encode(b"key", &denied, jane.identity(), &policies, context.keys);
    let decoded = decode_authorization_message(b"key", Some(&token)).unwrap();
    assert!(decoded.contains("eks:DescribeCluster"), "{decoded}");
    for (key, token) in [(&b"other"[..], token.as_str()), (b"key", "x")] {
        let error = decode_authorization_message(key, Some(token)).unwrap_err();
        assert_eq!(
            (error.code, error.status),
            ("InvalidAuthorizationMessageException", 400)
        );
    }
    assert_eq!(
        decode_authorization_message(b"key", None).unwrap_err(),
        invalid(
            "1 validation error detected: Value null at 'encodedMessage' failed to satisfy constraint: Member must not be null"
        )
    );
}

#[test]
fn managed_session_policies_are_the_accounts_own_as_they_are_now() {
    const READS: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"eks:Describe*","Resource":"*"}}"#;
    const WRITES: &str =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"eks:Update*","Resource":"*"}}"#;
    let mut world = world();
    let jane = jane(&mut world);
    for id in [HOME, ELSEWHERE] {
        let policy = crate::aws::iam::NewPolicy {
            name: "reads",
            path: "/team/",
            document: READS,
            description: None,
        };
        let (directory, ids) = (&mut world.directory, &mut world.ids);
        directory.create_policy(&account(id), policy, ids, now()).unwrap();
    }
    let there = add_role(&mut world, ELSEWHERE, "deploy", "/", 3600, ANYONE);
    let (own, foreign) = (
        "arn:aws:iam::444455556666:policy/team/reads",
        "arn:aws:iam::111122223333:policy/team/reads",
    );
    let narrowed = |policy, policy_arns| AssumeRoleRequest {
        session: SessionParameters {
            policy,
            policy_arns,
            ..SessionParameters::default()
        },
        ..request(&there)
    };
    for (arn, error) in [
        (foreign, Some(foreign)),
        (
            "arn:aws:iam::444455556666:policy/reads",
            Some("arn:aws:iam::444455556666:policy/reads"),
        ),
        ("no ARN, but long enough", Some("no ARN, but long enough")),
        ("arn:aws:iam::aws:policy/NotKnownHere", None),
        (own, None),
    ] {
        let got = assume_role(&mut world, &jane, narrowed(None, vec![own, arn]), now()).err();
        let wanted = error.map(|arn| WireError {
            code: "ValidationError",
            status: 400,
            message: format!("Policy {arn} does not exist or is not attachable."),
        });
        assert_eq!(got, wanted, "{arn}");
    }
    let may = |world: &World, key: &AccessKey, action: &str| {
        let policies = PrincipalPolicies {
            session: world.directory.policies_of(key).session,
            ..PrincipalPolicies::administrator()
        };
        let identity = world.directory.caller_identity(key).unwrap();
        let context = RequestContext {
            action,
            resource: "*",
            keys: &ConditionKeys::default(),
        };
        crate::aws::iam_policy::authorize::check(&identity, &policies, &context).is_ok()
    };
    let actions = ["eks:DescribeCluster", "eks:UpdateClusterConfig", "eks:DeleteCluster"];
    let mayed = |world: &World, key: &AccessKey| actions.map(|action| may(world, key, action));
    let narrow = assume_role(&mut world, &jane, narrowed(None, vec![own]), now()).unwrap();
    let both = assume_role(&mut world, &jane, narrowed(Some(WRITES), vec![own]), now()).unwrap();
    assert_eq!(mayed(&world, &narrow.key), [true, false, false]);
    assert_eq!(mayed(&world, &both.key), [true, true, false]);
    // A federated user's policies are those of its issuer's account.
    let federated = FederationTokenRequest {
        name: Some("bob"),
        session: SessionParameters {
            policy_arns: vec![foreign],
            ..SessionParameters::default()
        },
        ..FederationTokenRequest::default()
    };
    let bob = federation_token(&mut world, &jane, &federated, HERE, now()).unwrap();
    assert_eq!(mayed(&world, &bob.key), [true, false, false]);
    // A new version counts at once, and a policy that is gone allows nothing.
    let (directory, elsewhere) = (&mut world.directory, account(ELSEWHERE));
    directory
        .create_policy_version(&elsewhere, own, WRITES, true, now())
        .unwrap();
    assert_eq!(mayed(&world, &narrow.key), [false, true, false]);
    world.directory.delete_policy_version(&elsewhere, own, "v1").unwrap();
    world.directory.delete_policy(&elsewhere, own).unwrap();
    assert_eq!(mayed(&world, &narrow.key), [false, false, false]);
    assert_eq!(mayed(&world, &both.key), [false, true, false]);
}
