//! Parsing, evaluation, and what the policies of a caller come to.

mod condition;
mod trust;

use proptest::prelude::*;

use super::authorize::Denied;
use super::authorize::Layer;
use super::authorize::PrincipalPolicies;
use super::authorize::Refusal;
use super::*;
use crate::value::arn::AccountId;

const CLUSTER: &str = "arn:aws:eks:us-west-2:111122223333:cluster/my-cluster";

fn now() -> Timestamp {
    Timestamp::parse_amz("20261124T004457Z").unwrap()
}

fn caller(arn: &str, user_id: &str) -> CallerIdentity {
    CallerIdentity {
        account: AccountId::parse("111122223333").unwrap(),
        arn: arn.to_owned(),
        user_id: user_id.to_owned(),
    }
}

fn jane() -> CallerIdentity {
    caller("arn:aws:iam::111122223333:user/team/jane", "AIDAJANE")
}

fn keys() -> ConditionKeys {
    ConditionKeys::of_caller(&jane(), &jane().arn, now())
}

fn document(statements: &str) -> Arc<PolicyDocument> {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    Arc::new(PolicyDocument::parse(&text, PolicyKind::Identity).unwrap())
}

fn decide(policies: &[Arc<PolicyDocument>], action: &str, resource: &str) -> Decision {
    let request = RequestContext {
        action,
        resource,
        keys: &keys(),
    };
    evaluate(policies, &request)
}

fn allows(statements: &str, action: &str, resource: &str) -> bool {
    matches!(decide(&[document(statements)], action, resource), Decision::Allow(_))
}

#[track_caller]
fn refused(kind: PolicyKind, text: &str, message: &str) {
    let error = PolicyDocument::parse(text, kind).unwrap_err();
    assert_eq!(error.to_string(), message, "{text}");
}

#[test]
fn identity_policies_are_refused_in_iams_words() {
    const SYNTAX: &str = "Syntax errors in policy.";
    let with = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
    let good = r#"{"Effect":"Allow","Action":"eks:*","Resource":"*"}"#;
    assert!(PolicyDocument::parse(&with(good), PolicyKind::Identity).is_ok());
    for (text, message) in [
        ("no json".to_owned(), SYNTAX),
        ("[]".to_owned(), SYNTAX),
        (r#"{"Version":"2012-10-17"}"#.to_owned(), SYNTAX),
        (with("[]"), SYNTAX),
        (with("7"), SYNTAX),
        (with("null"), SYNTAX),
        (
            format!(r#"{{"Version":"2012-10-17","Statement":{good},"Owner":"x"}}"#),
            SYNTAX,
        ),
        (format!(r#"{{"Version":"2013-10-17","Statement":{good}}}"#), SYNTAX),
        (
            format!(r#"{{"Version":"2008-10-17","Statement":{good}}}"#),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            format!(r#"{{"Statement":{good}}}"#),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (with(r#"{"Action":"eks:*","Resource":"*"}"#), SYNTAX),
        (with(r#"{"Effect":"Maybe","Action":"eks:*","Resource":"*"}"#), SYNTAX),
        (
            with(r#"{"Effect":"allow","Action":"eks:*","Resource":"*"}"#),
            "The policy failed legacy parsing",
        ),
        (with(r#"{"Effect":"Allow","Action":7,"Resource":"*"}"#), SYNTAX),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","NotAction":"iam:*","Resource":"*"}"#),
            SYNTAX,
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"*","NotResource":"*"}"#),
            SYNTAX,
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"*","Condition":{"Strings":{"aws:userid":"x"}}}"#),
            SYNTAX,
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"*","Condition":{"StringEquals":"x"}}"#),
            SYNTAX,
        ),
        (
            with(
                r#"{"Effect":"Allow","Action":"eks:*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}}"#,
            ),
            "The policy failed legacy parsing",
        ),
        (
            with(r#"{"Effect":"Allow","Resource":"*"}"#),
            "Policy statement must contain actions.",
        ),
        (
            with(r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#),
            "Policy statement must contain actions.",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*"}"#),
            "Policy statement must contain resources.",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"DescribeCluster","Resource":"*"}"#),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:a:b","Resource":"*"}"#),
            "Actions/Condition can contain only one colon.",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"e s:List","Resource":"*"}"#),
            "Vendor e s is not valid",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"my-cluster"}"#),
            r#"Resource my-cluster must be in ARN format or "*"."#,
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"arn:mars:eks:::cluster/x:y"}"#),
            r#"Partition "mars" is not valid for resource "arn:mars:eks:::cluster/x:y"."#,
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"aws:eks:::x"}"#),
            r#"Partition "eks" is not valid for resource "arn:eks:::x:*"."#,
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"arn:aws"}"#),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"arn:aws:eks::cluster"}"#),
            "The policy failed legacy parsing",
        ),
        (
            with(r#"{"Effect":"Allow","Action":"eks:*","Resource":"*","Principal":"*"}"#),
            "Policy document should not specify a principal.",
        ),
        (
            with(&format!(
                "[{0},{0}]",
                r#"{"Sid":"a","Effect":"Allow","Action":"eks:*","Resource":"*"}"#
            )),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ] {
        refused(PolicyKind::Identity, &text, message);
    }
}

#[test]
fn trust_policies_are_refused_in_iams_words() {
    let with = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    for (text, message) in [
        ("no json".to_owned(), "This policy contains invalid Json"),
        ("7".to_owned(), "Syntax errors in policy."),
        ("{}".to_owned(), "Could not parse the policy: Statement is empty!"),
        (with(""), "Could not parse the policy: Statement is empty!"),
        (
            r#"{"Version":"2013-10-17","Statement":[]}"#.to_owned(),
            "The policy must contain a valid version string",
        ),
        (with("{}"), "Missing required field Effect"),
        (with(r#"{"Effect":"allow"}"#), "Invalid effect: allow"),
        (with(r#"{"Effect":"Allow"}"#), "Missing required field Principal"),
        (
            with(r#"{"Effect":"Allow","Principal":{}}"#),
            "Missing required field Principal cannot be empty!",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":{"AWS":[]}}"#),
            "Missing required field Principal cannot be empty!",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":"arn:aws:iam::111122223333:root"}"#),
            "Principal must be a JSON object.",
        ),
        (
            with(r#"{"Effect":"Deny","NotPrincipal":{"AWS":"*"}}"#),
            "AssumeRole policy must not contain NotPrincipal field.",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":{"Human":"jane"},"Action":"sts:AssumeRole"}"#),
            r#"Invalid principal in policy: "Human":"jane""#,
        ),
        (
            with(r#"{"Effect":"Allow","Principal":"*"}"#),
            "Missing required field Action",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","iam:PassRole"]}"#),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#),
            "Has prohibited field Resource",
        ),
        (
            with(r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"Is":{"a":"b"}}}"#),
            "Syntax errors in policy.",
        ),
    ] {
        refused(PolicyKind::Trust, &text, message);
    }
}

#[test]
fn actions_are_compared_without_regard_to_case() {
    for (action, wanted) in [
        (r#""eks:DescribeCluster""#, true),
        (r#""EKS:describecluster""#, true),
        (r#""eks:Describe*""#, true),
        (r#""eks:DescribeCluste?""#, true),
        (r#"["iam:*","eks:*"]"#, true),
        (r#""*""#, true),
        (r#""*:DescribeCluster""#, true),
        (r#""eks:DescribeClusters""#, false),
        (r#""eks:List*""#, false),
        (r#""eks:DescribeCluster?""#, false),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Action":{action},"Resource":"*"}}"#);
        assert_eq!(allows(&statement, "eks:DescribeCluster", CLUSTER), wanted, "{action}");
        let all_but = statement.replace("Action", "NotAction");
        assert_eq!(
            allows(&all_but, "eks:DescribeCluster", CLUSTER),
            !wanted,
            "not {action}"
        );
    }
}

#[test]
fn resources_are_compared_section_by_section() {
    for (resource, wanted) in [
        ("*", true),
        (CLUSTER, true),
        ("arn:aws:eks:us-west-2:111122223333:cluster/*", true),
        ("arn:aws:eks:*:*:cluster/my-?luster", true),
        ("arn:*:eks:*:*:*", true),
        // Sections that are missing are any.
        ("arn:aws:eks", true),
        ("arn:aws:eks:us-west-2", true),
        ("arn:aws:eks:*", true),
        ("arn:aws:eks:eu-*", false),
        ("arn:aws:iam", false),
        ("arn:aws:eks:*:cluster/my-cluster", false),
        ("arn:aws:eks:us-west-2:111122223333:cluster/MY-CLUSTER", false),
        ("arn:aws:eks:us-west-2:111122223333:cluster/my", false),
        ("arn:aws:eks:us-west-2:444455556666:cluster/*", false),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#);
        assert_eq!(allows(&statement, "eks:DescribeCluster", CLUSTER), wanted, "{resource}");
        let all_but = statement.replace("Resource", "NotResource");
        assert_eq!(
            allows(&all_but, "eks:DescribeCluster", CLUSTER),
            !wanted,
            "not {resource}"
        );
    }
    // An action on nothing in particular is allowed on everything only.
    let on = |resource: &str| format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#);
    assert!(allows(&on("*"), "eks:ListClusters", "*"));
    assert!(!allows(&on("arn:aws:eks:*:*:*"), "eks:ListClusters", "*"));
}

#[test]
fn variables_stand_for_what_the_request_says() {
    let user = "arn:aws:iam::111122223333:user/jane";
    for (resource, wanted) in [
        ("arn:aws:iam::111122223333:user/${aws:username}", true),
        ("arn:aws:iam::*:user/${AWS:UserName}*", true),
        ("arn:aws:iam::*:user/j${aws:PrincipalTag/letters}", false),
        ("arn:aws:iam::*:user/j${aws:PrincipalTag/letters, 'ane'}", true),
        ("arn:aws:iam::*:user/${aws:nothing, '*'}", false),
        ("arn:aws:iam::*:user/${*}", false),
        ("arn:aws:iam::*:user/${aws:userid}", false),
    ] {
        let statement = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#);
        assert_eq!(allows(&statement, "iam:GetUser", user), wanted, "{resource}");
    }
    // A value is text, whatever is in it.
    let wild = keys().with("aws:username", "*");
    let request = RequestContext {
        action: "iam:GetUser",
        resource: user,
        keys: &wild,
    };
    let own = document(r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:user/${aws:username}"}"#);
    assert_eq!(evaluate(&[own], &request), Decision::ImplicitDeny);
}

#[test]
fn the_decision_names_its_statement() {
    let first = document(r#"[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]"#);
    let second = document(
        r#"[{"Effect":"Deny","Action":"eks:Delete*","Resource":"*","Sid":"Keep"},
            {"Effect":"Allow","Action":"eks:*","Resource":"*","Sid":"Clusters"}]"#,
    );
    let policies = [first, second];
    let at = |statement, sid: &str| StatementRef {
        policy: 1,
        statement,
        sid: Some(sid.to_owned()),
    };
    let decide = |action: &str| decide(&policies, action, CLUSTER);
    assert_eq!(decide("eks:DescribeCluster"), Decision::Allow(at(1, "Clusters")));
    assert_eq!(decide("eks:DeleteCluster"), Decision::ExplicitDeny(at(0, "Keep")));
    assert_eq!(decide("logs:StartQuery"), Decision::ImplicitDeny);
}

fn check_caller(caller: &CallerIdentity, policies: &PrincipalPolicies) -> Result<(), Denied> {
    let request = RequestContext {
        action: "eks:DescribeCluster",
        resource: CLUSTER,
        keys: &keys(),
    };
    authorize::check(caller, policies, &request)
}

#[test]
fn each_kind_of_policy_must_allow_and_none_may_deny() {
    let allow = || document(r#"{"Effect":"Allow","Action":"eks:*","Resource":"*"}"#);
    let other = || document(r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#);
    let deny = || {
        document(
            r#"[{"Effect":"Allow","Action":"eks:*","Resource":"*"},{"Effect":"Deny","Action":"eks:Describe*","Resource":"*"}]"#,
        )
    };
    let policies = |identity, boundary, session| PrincipalPolicies {
        identity: vec![identity],
        boundary,
        session,
    };
    let user = "User: arn:aws:iam::111122223333:user/team/jane is not authorized to perform: eks:DescribeCluster on \
                resource: arn:aws:eks:us-west-2:111122223333:cluster/my-cluster";
    for (policies, wanted) in [
        (policies(allow(), None, None), None),
        (policies(allow(), Some(allow()), Some(allow())), None),
        (
            PrincipalPolicies::default(),
            Some("because no identity-based policy allows the eks:DescribeCluster action"),
        ),
        (
            policies(other(), Some(other()), Some(allow())),
            Some("because no identity-based policy allows the eks:DescribeCluster action"),
        ),
        (
            policies(allow(), Some(other()), Some(other())),
            Some("because no permissions boundary allows the eks:DescribeCluster action"),
        ),
        (
            policies(allow(), None, Some(other())),
            Some("because no session policy allows the eks:DescribeCluster action"),
        ),
        (
            policies(deny(), Some(other()), None),
            Some("with an explicit deny in an identity-based policy"),
        ),
        (
            policies(other(), Some(deny()), None),
            Some("with an explicit deny in a permissions boundary"),
        ),
        (
            policies(other(), None, Some(deny())),
            Some("with an explicit deny in a session policy"),
        ),
    ] {
        let answer = check_caller(&jane(), &policies).map_err(|denied| denied.to_string());
        assert_eq!(answer.err(), wanted.map(|reason| format!("{user} {reason}")));
    }
    let root = caller("arn:aws:iam::111122223333:root", "111122223333");
    assert_eq!(check_caller(&root, &PrincipalPolicies::default()), Ok(()));
    assert_eq!(check_caller(&jane(), &PrincipalPolicies::administrator()), Ok(()));
}

#[test]
fn a_refusal_can_be_decoded_with_its_key_only() {
    let policies = PrincipalPolicies {
        identity: vec![document(
            r#"[{"Sid":"Keep","Effect":"Deny","Action":"eks:Describe*","Resource":"*",
                "Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}}]"#,
        )],
        ..PrincipalPolicies::default()
    };
    let keys = keys().with("aws:PrincipalTag/team", "a");
    let request = RequestContext {
        action: "eks:DescribeCluster",
        resource: CLUSTER,
        keys: &keys,
    };
    let denied = authorize::check(&jane(), &policies, &request).unwrap_err();
    assert!(matches!(denied.refusal, Refusal::Explicit(Layer::Identity, _)));
    let token = message::encode(b"secret", &denied, &jane(), &policies, &keys);
    let text = message::decode(b"secret", &token).unwrap();
    let message: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(message["allowed"], false);
    assert_eq!(message["explicitDeny"], true);
    assert_eq!(message["context"]["principal"]["arn"], jane().arn);
    assert_eq!(message["context"]["principal"]["name"], "jane");
    assert_eq!(message["context"]["resource"], CLUSTER);
    let statement = &message["matchedStatements"]["items"][0];
    assert_eq!(statement["statementId"], "Keep");
    assert_eq!(statement["effect"], "DENY");
    assert_eq!(statement["actions"]["items"][0]["value"], "eks:Describe*");
    assert_eq!(statement["conditions"]["items"][0]["key"], "aws:principaltag/team");

    assert_eq!(message::decode(b"other", &token), Err(message::InvalidMessage));
    for at in [0, 10, token.len() - 1] {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(message::decode(b"secret", &changed), Err(message::InvalidMessage));
    }
    for token in ["", "AAAA", "no base64!"] {
        assert_eq!(message::decode(b"secret", token), Err(message::InvalidMessage));
    }
}

/// A statement of an identity policy, which may be about `eks:DescribeCluster` and may hold.
fn statement() -> impl Strategy<Value = String> {
    let of = |texts: &'static [&'static str]| proptest::sample::select(texts);
    (
        of(&["Allow", "Deny"]),
        of(&["Action", "NotAction"]),
        of(&["eks:*", "eks:Describe*", "iam:*", "*"]),
        of(&["Resource", "NotResource"]),
        of(&["*", CLUSTER, "arn:aws:iam::*:user/${aws:username}"]),
        of(&[
            "{}",
            r#"{"StringEquals":{"aws:username":"jane"}}"#,
            r#"{"StringNotEquals":{"aws:username":"jane"}}"#,
            r#"{"BinaryEquals":{"aws:username":"jane"}}"#,
            r#"{"NumericLessThan":{"aws:username":"1"}}"#,
            r#"{"Null":{"aws:username":"true"}}"#,
        ]),
    )
        .prop_map(|(effect, action, actions, resource, resources, condition)| {
            format!(
                r#"{{"Effect":"{effect}","{action}":"{actions}","{resource}":"{resources}","Condition":{condition}}}"#
            )
        })
}

proptest! {
    #[test]
    fn reading_a_policy_never_panics(text in ".{0,200}") {
        let _ = PolicyDocument::parse(&text, PolicyKind::Identity);
        let _ = PolicyDocument::parse(&text, PolicyKind::Trust);
    }

    #[test]
    fn evaluating_any_texts_never_panics(
        [action, resource, operand, value] in proptest::array::uniform4(".{0,40}"),
        operator in proptest::sample::select(vec![
            "StringLike", "NumericEquals", "DateLessThan", "Bool", "IpAddress", "ArnLike", "Null", "BinaryEquals",
            "ForAllValues:StringNotEqualsIgnoreCase", "ForAnyValue:NotIpAddress",
        ]),
    ) {
        let statement = serde_json::json!({
            "Effect": "Deny", "Action": format!("eks:{action}"), "Resource": format!("arn:aws:{resource}"),
            "Condition": {operator: {"aws:userid": [operand, 7, true]}},
        });
        let text = serde_json::json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        if let Ok(document) = PolicyDocument::parse(&text, PolicyKind::Identity) {
            let keys = ConditionKeys::default().with("aws:userid", &value);
            let request = RequestContext { action: &action, resource: &resource, keys: &keys };
            let _ = evaluate(&[Arc::new(document)], &request);
        }
    }

    #[test]
    fn a_further_deny_never_grants_and_order_is_nothing(
        statements in proptest::collection::vec(statement(), 1..5),
        further in statement(),
        by in 0_usize..5,
    ) {
        let decide = |statements: &[String]| {
            match decide(&[document(&format!("[{}]", statements.join(",")))], "eks:DescribeCluster", CLUSTER) {
                Decision::Allow(_) => 2,
                Decision::ImplicitDeny => 1,
                Decision::ExplicitDeny(_) => 0,
            }
        };
        let before = decide(&statements);
        let mut turned = statements.clone();
        turned.rotate_left(by % statements.len());
        prop_assert_eq!(decide(&turned), before);
        let mut more = statements;
        more.push(further.replace("\"Allow\"", "\"Deny\""));
        prop_assert!(decide(&more) <= before);
        // In a policy of its own it does the same.
        let (last, first) = more.split_last().unwrap();
        let apart = [document(&format!("[{}]", first.join(","))), document(last)];
        let apart = matches!(super::tests::decide(&apart, "eks:DescribeCluster", CLUSTER), Decision::Allow(_));
        prop_assert_eq!(apart, decide(&more) == 2);
    }
}
