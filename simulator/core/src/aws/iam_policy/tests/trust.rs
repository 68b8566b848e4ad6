//! Who is trusted, what is kept of it, and what else assuming a role takes.

use super::super::trust::AssumeRefusal;
use super::super::trust::Found;
use super::super::trust::Grant;
use super::super::trust::Requester;
use super::super::trust::TrustDecision;
use super::super::trust::TrustPolicy;
use super::super::trust::check_assume_role;
use super::*;

/// The ids of those who are there.
fn find(arn: &str) -> Found {
    match arn {
        "arn:aws:iam::111122223333:user/jane" => Found::Id("AIDAJANE".to_owned()),
        "arn:aws:iam::111122223333:role/team/dev" => Found::Id("AROADEV".to_owned()),
        _ if arn.contains(":111122223333:") => Found::Nobody,
        _ => Found::UnknownAccount,
    }
}

fn policy(statement: &str) -> Result<TrustPolicy, PolicyError> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
    TrustPolicy::save_with_absent(&text, find, |_| "AIDANOBODY".to_owned())
}

/// A session of the role `/team/dev`, and the user `jane`, with their principals.
fn callers() -> [(CallerIdentity, &'static str); 2] {
    [
        (
            caller("arn:aws:sts::111122223333:assumed-role/dev/jane", "AROADEV:jane"),
            "arn:aws:iam::111122223333:role/team/dev",
        ),
        (
            caller("arn:aws:iam::111122223333:user/jane", "AIDAJANE"),
            "arn:aws:iam::111122223333:user/jane",
        ),
    ]
}

/// Whether the session, and whether the user, is trusted. A policy that IAM refuses trusts nobody.
#[track_caller]
fn check(statement: &str, external_id: Option<&str>, wanted: [bool; 2]) {
    let policy = policy(statement).ok();
    let got = callers().map(|(caller, principal_arn)| {
        let mut keys = ConditionKeys::of_caller(&caller, principal_arn, now()).with("sts:RoleSessionName", "s");
        if let Some(external_id) = external_id {
            keys = keys.with("sts:ExternalId", external_id);
        }
        policy.as_ref().is_some_and(|policy| {
            let decision = policy.decide("sts:AssumeRole", Requester::Caller(&caller), &keys);
            matches!(decision, TrustDecision::Trusted(_))
        })
    });
    assert_eq!(got, wanted, "{statement}");
}

const BOTH: [bool; 2] = [true, true];
const NEITHER: [bool; 2] = [false, false];
const SESSION: [bool; 2] = [true, false];
const USER: [bool; 2] = [false, true];

#[test]
fn trust_names_the_caller_or_its_account() {
    for (principal, wanted) in [
        (r#""*""#, BOTH),
        (r#"{"AWS":"*"}"#, BOTH),
        (r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, BOTH),
        (r#"{"AWS":["111122223333"]}"#, BOTH),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/jane"}"#, USER),
        (r#"{"AWS":"AIDAJANE"}"#, USER),
        (r#"{"AWS":"AROADEV"}"#, SESSION),
        (r#"{"AWS":"AROA"}"#, NEITHER),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/team/dev"}"#, SESSION),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/dev/jane"}"#, SESSION),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/dev/joe"}"#, NEITHER),
        (
            r#"{"AWS":["arn:aws:iam::111122223333:user/jane","arn:aws:iam::111122223333:role/team/dev"]}"#,
            BOTH,
        ),
        (r#"{"AWS":"arn:aws:iam::444455556666:root"}"#, NEITHER),
        (r#"{"AWS":"444455556666"}"#, NEITHER),
        (r#"{"AWS":"arn:aws-cn:iam::111122223333:root"}"#, NEITHER),
        // A role is named with its path, and no wildcard stands for a part of a name.
        (r#"{"AWS":"arn:aws:iam::111122223333:role/dev"}"#, NEITHER),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/other/dev"}"#, NEITHER),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/team/de*"}"#, NEITHER),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/*"}"#, NEITHER),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/Jane"}"#, NEITHER),
        (r#"{"Service":"ec2.amazonaws.com"}"#, NEITHER),
        (r#"{"Federated":"arn:aws:iam::111122223333:user/jane"}"#, NEITHER),
        (r#""arn:aws:iam::111122223333:user/jane""#, NEITHER),
        ("[]", NEITHER),
    ] {
        let statement = format!(r#"[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]"#);
        check(&statement, None, wanted);
    }
}

#[test]
fn trust_is_in_the_action() {
    for (action, wanted) in [
        (r#""sts:AssumeRole""#, BOTH),
        (r#""STS:assumerole""#, BOTH),
        (r#"["sts:TagSession","sts:AssumeRole"]"#, BOTH),
        (r#""sts:Assume*""#, BOTH),
        (r#""sts:AssumeRol?""#, BOTH),
        (r#""sts:*""#, BOTH),
        (r#""*""#, NEITHER),
        (r#""sts:AssumeRoleWithSAML""#, NEITHER),
        (r#""sts:TagSession""#, NEITHER),
        ("[]", NEITHER),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Principal":"*","Action":{action}}}"#);
        check(&statement, None, wanted);
    }
}

#[test]
fn an_explicit_denial_wins_wherever_it_stands() {
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"sts:*"}"#;
    let deny = r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/jane"},"Action":"sts:*"}"#;
    check(&format!("[{allow},{deny}]"), None, SESSION);
    check(&format!("[{deny},{allow}]"), None, SESSION);
    check(&format!("[{deny}]"), None, NEITHER);
}

#[test]
fn a_denial_whose_condition_cannot_be_evaluated_denies() {
    let allow = r#"{"Effect":"Allow","Principal":"*","Action":"sts:*"}"#;
    for (condition, wanted) in [
        (r#"{"BinaryEquals":{"aws:userid":"QUJD"}}"#, NEITHER),
        (r#"{"NumericEquals":{"aws:userid":"1"}}"#, NEITHER),
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"no"}}"#, USER),
        (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#, NEITHER),
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#, USER),
        (r#"{"StringEquals":{"aws:nothing":"x"}}"#, BOTH),
    ] {
        let deny = format!(r#"{{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{condition}}}"#);
        check(&format!("[{allow},{deny}]"), None, wanted);
    }
}

#[test]
fn a_policy_without_a_statement_allows_nobody() {
    for statement in ["7", "[]", "{}", r#"[{"Effect":"Allow","Principal":"*"}]"#] {
        check(statement, None, NEITHER);
    }
}

#[test]
fn conditions_narrow_it() {
    let with = |condition: &str| {
        format!(r#"{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{condition}}}"#)
    };
    let external = with(r#"{"StringEquals":{"sts:ExternalId":["w","x"]}}"#);
    check(&external, Some("x"), BOTH);
    check(&external, Some("X"), NEITHER);
    check(&external, None, NEITHER);
    let other = with(r#"{"StringNotEquals":{"sts:ExternalId":["w","x"]}}"#);
    check(&other, Some("x"), NEITHER);
    check(&other, Some("y"), BOTH);
    check(&other, None, BOTH);

    for (condition, wanted) in [
        (r#"{"StringEquals":{"sts:RoleSessionName":"s"}}"#, BOTH),
        (r#"{"StringLike":{"aws:userid":"AROA*:jane"}}"#, SESSION),
        (r#"{"StringEquals":{"AWS:PrincipalAccount":"111122223333"}}"#, BOTH),
        (r#"{"StringEquals":{"aws:PrincipalAccount":111122223333}}"#, BOTH),
        (r#"{"StringEquals":{"aws:PrincipalAccount":[]}}"#, NEITHER),
        (r#"{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}"#, SESSION),
        (r#"{"StringEquals":{"aws:username":"jane"}}"#, USER),
        // All keys and operators must hold.
        (
            r#"{"StringEquals":{"sts:RoleSessionName":"s","aws:userid":"AIDAJANE"}}"#,
            USER,
        ),
        (
            r#"{"StringEquals":{"sts:RoleSessionName":"s"},"StringLike":{"aws:userid":"AROA*"}}"#,
            SESSION,
        ),
        (r#"{"StringEqualsIgnoreCase":{"sts:RoleSessionName":"S"}}"#, BOTH),
        // Keys that are not given, and operators that are none or not modelled, match nobody.
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, NEITHER),
        (r#"{"StringEquals":{"aws:SourceIdentity":"jane"}}"#, NEITHER),
        (r#"{"StringIs":{"sts:RoleSessionName":"s"}}"#, NEITHER),
        (r#"{"BinaryEquals":{"sts:RoleSessionName":"s"}}"#, NEITHER),
        (r#""no object""#, NEITHER),
        ("{}", BOTH),
    ] {
        check(&with(condition), None, wanted);
    }
}

#[test]
fn the_principal_of_a_session_is_its_role() {
    for (pattern, wanted) in [
        ("arn:aws:iam::111122223333:role/team/dev", SESSION),
        ("arn:aws:iam::*:role/*", SESSION),
        ("arn:aws:iam::111122223333:role/team/de?", SESSION),
        ("arn:*:iam::111122223333:user/jane", USER),
        ("arn:aws:iam::111122223333:*", BOTH),
        ("arn:aws:sts::111122223333:assumed-role/dev/jane", NEITHER),
        // No wildcard reaches over a colon of the first five.
        ("arn:aws:iam:*", NEITHER),
        ("arn:*:user/jane", NEITHER),
        ("*", BOTH),
    ] {
        for operator in ["ArnLike", "ArnEquals"] {
            let statement = format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":"sts:*","Condition":{{"{operator}":{{"aws:PrincipalArn":"{pattern}"}}}}}}"#
            );
            check(&statement, None, wanted);
        }
    }
}

#[test]
fn only_sessions_tell_whether_a_device_was_there() {
    for (value, wanted) in [
        (r#""true""#, NEITHER),
        ("true", NEITHER),
        (r#""false""#, SESSION),
        ("false", SESSION),
    ] {
        let statement = format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"sts:*","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":{value}}}}}}}"#
        );
        check(&statement, None, wanted);
    }
}

#[test]
fn providers_and_services_are_trusted_by_name() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/ABC";
    let subject = "oidc.eks.us-west-2.amazonaws.com/id/ABC:sub";
    let policy = policy(&format!(
        r#"[{{"Effect":"Allow","Principal":{{"Federated":"{provider}"}},"Action":"sts:AssumeRoleWithWebIdentity",
              "Condition":{{"StringLike":{{"{subject}":"system:serviceaccount:default:*"}}}}}},
            {{"Effect":"Allow","Principal":{{"Service":["ec2.amazonaws.com","eks.amazonaws.com"]}},"Action":"sts:AssumeRole"}}]"#
    ))
    .unwrap();
    let keys = |account: &str| ConditionKeys::at(now()).with(subject, &format!("system:serviceaccount:{account}"));
    let decide = |provider, action, account| policy.decide(action, Requester::Federated { provider }, &keys(account));
    let trusted = TrustDecision::Trusted(Grant::Itself);
    let action = "sts:AssumeRoleWithWebIdentity";
    assert_eq!(decide(provider, action, "default:app"), trusted);
    assert_eq!(decide(provider, action, "other:app"), TrustDecision::NotTrusted);
    assert_eq!(
        decide(provider, "sts:AssumeRole", "default:app"),
        TrustDecision::NotTrusted
    );
    assert_eq!(
        decide("accounts.google.com", action, "default:app"),
        TrustDecision::NotTrusted
    );

    let service = |name| policy.decide("sts:AssumeRole", Requester::Service { name }, &ConditionKeys::at(now()));
    assert_eq!(service("ec2.amazonaws.com"), trusted);
    assert_eq!(service("lambda.amazonaws.com"), TrustDecision::NotTrusted);
    assert!(policy.names_service("eks.amazonaws.com"));
    assert!(!policy.names_service("lambda.amazonaws.com"));
    for (caller, _) in callers() {
        let decision = policy.decide("sts:AssumeRole", Requester::Caller(&caller), &keys("default:app"));
        assert_eq!(decision, TrustDecision::NotTrusted);
    }
}

#[test]
fn a_principal_that_is_not_there_is_refused() {
    let save = |principal: &str| {
        let text = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}}}"#
        );
        TrustPolicy::save(&text, find)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for good in [
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:user/jane",
        "arn:aws:iam::111122223333:role/team/dev",
        "arn:aws:sts::111122223333:assumed-role/nothing/session",
        // Nothing is known of that account.
        "arn:aws:iam::999999999999:user/jane",
    ] {
        assert_eq!(save(good), Ok(()), "{good}");
    }
    for bad in [
        "arn:aws:iam::111122223333:user/joe",
        "arn:aws:iam::111122223333:role/dev",
        "arn:aws:iam::111122223333:user/*",
        "arn:aws:iam::111122223333:group/admins",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::1111:root",
        "arn:aws:s3:::bucket",
        "jane",
        "",
    ] {
        assert_eq!(save(bad), Err(format!(r#"Invalid principal in policy: "AWS":"{bad}""#)));
    }
}

#[test]
fn another_principal_of_the_same_name_is_not_trusted_and_the_id_is_shown() {
    let text = r#"{ "Version": "2012-10-17", "Statement": [ { "Sid": "Jane", "Effect": "Allow", "Principal": { "AWS": [ "arn:aws:iam::111122223333:user/jane", "444455556666" ] }, "Action": "sts:AssumeRole", "Condition": { "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:user/jane" } } } ] }"#;
    let policy = TrustPolicy::save(text, find).unwrap();
    assert_eq!(policy.render(find), text);
    let shown = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Jane","Effect":"Allow","Principal":{"AWS":["AIDAJANE","444455556666"]},"Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/jane"}}}]}"#;
    for now in [Found::Nobody, Found::Id("AIDAOTHER".to_owned())] {
        assert_eq!(policy.render(|_| now.clone()), shown);
    }
    let decide = |user_id: &str| {
        let caller = caller("arn:aws:iam::111122223333:user/jane", user_id);
        let keys = ConditionKeys::of_caller(&caller, &caller.arn, now());
        policy.decide("sts:AssumeRole", Requester::Caller(&caller), &keys)
    };
    assert_eq!(decide("AIDAJANE"), TrustDecision::Trusted(Grant::Itself));
    assert_eq!(decide("AIDAOTHER"), TrustDecision::NotTrusted);
}

/// What assuming a role of `account` comes to for the session and for the user.
#[track_caller]
fn check_policies(principal: &str, account: &str, policies: &PrincipalPolicies, wanted: [Option<&str>; 2]) {
    let trust = policy(&format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}"#
    ))
    .unwrap();
    let got = callers().map(|(caller, principal_arn)| {
        let keys = ConditionKeys::of_caller(&caller, principal_arn, now());
        let request = RequestContext {
            action: "sts:AssumeRole",
            resource: "arn:aws:iam::111122223333:role/deploy",
            keys: &keys,
        };
        let account = AccountId::parse(account).unwrap();
        match check_assume_role(&trust, &account, &caller, policies, &request) {
            Ok(()) => None,
            Err(AssumeRefusal::Trust) => Some("trust".to_owned()),
            Err(AssumeRefusal::Policies(denied)) => {
                let text = denied.to_string();
                Some(text.split_once("role/deploy ").unwrap().1.to_owned())
            }
        }
    });
    assert_eq!(got.each_ref().map(Option::as_deref), wanted, "{principal} {account}");
}

#[test]
fn in_its_own_account_a_named_principal_needs_no_policy_of_its_own() {
    const HOME: &str = "111122223333";
    const AWAY: &str = "444455556666";
    const ROLE: &str = "arn:aws:iam::111122223333:role/team/dev";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/dev/jane";
    const USER: &str = "arn:aws:iam::111122223333:user/jane";
    const NO_IDENTITY: Option<&str> = Some("because no identity-based policy allows the sts:AssumeRole action");
    const NO_SESSION: Option<&str> = Some("because no session policy allows the sts:AssumeRole action");
    const DENIED: Option<&str> = Some("with an explicit deny in an identity-based policy");
    const TRUST: Option<&str> = Some("trust");

    let none = PrincipalPolicies::default();
    check_policies(USER, HOME, &none, [TRUST, None]);
    check_policies(ROLE, HOME, &none, [None, TRUST]);
    check_policies(SESSION, HOME, &none, [None, TRUST]);
    check_policies("*", HOME, &none, [None, None]);
    check_policies(HOME, HOME, &none, [NO_IDENTITY, NO_IDENTITY]);
    check_policies(
        "arn:aws:iam::111122223333:root",
        HOME,
        &none,
        [NO_IDENTITY, NO_IDENTITY],
    );
    check_policies(AWAY, HOME, &none, [TRUST, TRUST]);
    // In another account both sides must agree.
    check_policies(USER, AWAY, &none, [TRUST, NO_IDENTITY]);
    check_policies("*", AWAY, &none, [NO_IDENTITY, NO_IDENTITY]);

    let administrator = PrincipalPolicies::administrator();
    check_policies(HOME, HOME, &administrator, [None, None]);
    check_policies(USER, AWAY, &administrator, [TRUST, None]);
    check_policies(AWAY, HOME, &administrator, [TRUST, TRUST]);

    // A session policy limits what is granted to the role, not what is granted to its session.
    let session = PrincipalPolicies {
        session: Some(document(r#"{"Effect":"Allow","Action":"eks:*","Resource":"*"}"#)),
        ..PrincipalPolicies::administrator()
    };
    check_policies(ROLE, HOME, &session, [NO_SESSION, TRUST]);
    check_policies(SESSION, HOME, &session, [None, TRUST]);
    check_policies(HOME, HOME, &session, [NO_SESSION, NO_SESSION]);

    let denied = PrincipalPolicies {
        identity: vec![document(r#"{"Effect":"Deny","Action":"sts:Assume*","Resource":"*"}"#)],
        ..PrincipalPolicies::default()
    };
    check_policies(USER, HOME, &denied, [DENIED, DENIED]);
    check_policies(SESSION, HOME, &denied, [DENIED, DENIED]);
}
