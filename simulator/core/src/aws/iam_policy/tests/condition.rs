//! Each operator against each kind of value.

use super::*;

/// Whether `{"OPERATOR":{"test:key":WANTED}}` holds for these values of the key, none for an absent key: as an Allow
/// and as a Deny with it apply.
fn applies(operator: &str, wanted: &str, got: &[&str]) -> [bool; 2] {
    ["Allow", "Deny"].map(|effect| {
        let policy = document(&format!(
            r#"[{{"Effect":"{effect}","Action":"*","Resource":"*","Condition":{{"{operator}":{{"Test:Key":{wanted}}}}}}}]"#
        ));
        let mut keys = keys();
        if !got.is_empty() {
            keys = keys.with_values("test:KEY", got.iter().map(|value| (*value).to_owned()));
        }
        let request = RequestContext {
            action: "eks:DescribeCluster",
            resource: CLUSTER,
            keys: &keys,
        };
        evaluate(&[policy], &request) != Decision::ImplicitDeny
    })
}

const YES: [bool; 2] = [true, true];
const NO: [bool; 2] = [false, false];
/// It cannot be evaluated: an Allow does not apply, a Deny does.
const CLOSED: [bool; 2] = [false, true];

#[track_caller]
fn check(cases: &[(&str, &str, &[&str], [bool; 2])]) {
    for (operator, wanted, got, applied) in cases {
        assert_eq!(applies(operator, wanted, got), *applied, "{operator} {wanted} {got:?}");
    }
}

#[test]
fn texts_are_compared() {
    check(&[
        ("StringEquals", r#""a""#, &["a"], YES),
        ("StringEquals", r#"["b","a"]"#, &["a"], YES),
        ("StringEquals", r#""A""#, &["a"], NO),
        ("StringEquals", r#""*""#, &["a"], NO),
        ("StringEquals", r#""${*}""#, &["*"], YES),
        ("StringEquals", "7", &["7"], YES),
        ("StringEquals", "true", &["true"], YES),
        ("StringEquals", "[]", &["a"], NO),
        ("StringEquals", r#""${aws:username}""#, &["jane"], YES),
        ("StringEquals", r#""${aws:nothing}""#, &["jane"], NO),
        ("StringNotEquals", r#""a""#, &["a"], NO),
        ("StringNotEquals", r#"["a","b"]"#, &["c"], YES),
        ("StringNotEquals", r#""${aws:nothing}""#, &["jane"], YES),
        ("StringEqualsIgnoreCase", r#""JANE""#, &["jane"], YES),
        ("StringEqualsIgnoreCase", r#""JAN?""#, &["jane"], NO),
        ("StringNotEqualsIgnoreCase", r#""JANE""#, &["jane"], NO),
        ("StringNotEqualsIgnoreCase", r#""joe""#, &["jane"], YES),
        ("StringLike", r#""j?n*""#, &["jane"], YES),
        ("StringLike", r#""J*""#, &["jane"], NO),
        ("StringLike", r#""${aws:username}*""#, &["janet"], YES),
        ("StringNotLike", r#""j*""#, &["jane"], NO),
        ("StringNotLike", r#""k*""#, &["jane"], YES),
    ]);
}

#[test]
fn an_absent_key_is_unlike_everything() {
    check(&[
        ("StringEquals", r#""a""#, &[], NO),
        ("StringLike", r#""*""#, &[], NO),
        ("StringNotEquals", r#""a""#, &[], YES),
        ("StringNotLike", r#""*""#, &[], YES),
        ("StringNotEqualsIgnoreCase", r#""a""#, &[], YES),
        ("NumericLessThan", r#""1""#, &[], NO),
        ("NumericNotEquals", r#""1""#, &[], YES),
        ("DateEquals", r#""2026-11-24""#, &[], NO),
        ("DateNotEquals", r#""2026-11-24""#, &[], YES),
        ("Bool", r#""false""#, &[], NO),
        ("IpAddress", r#""0.0.0.0/0""#, &[], NO),
        ("NotIpAddress", r#""0.0.0.0/0""#, &[], YES),
        ("ArnLike", r#""*""#, &[], NO),
        ("ArnNotLike", r#""*""#, &[], YES),
        ("ArnNotEquals", r#""*""#, &[], YES),
        ("StringEqualsIfExists", r#""a""#, &[], YES),
        ("StringEqualsIfExists", r#""a""#, &["b"], NO),
        ("BoolIfExists", r#""true""#, &[], YES),
        ("BoolIfExists", r#""true""#, &["false"], NO),
        ("Null", r#""true""#, &[], YES),
        ("Null", "true", &["a"], NO),
        ("Null", r#""false""#, &[], NO),
        ("Null", "false", &["a"], YES),
        ("Null", r#""perhaps""#, &["a"], CLOSED),
    ]);
}

#[test]
fn numbers_are_compared() {
    check(&[
        ("NumericEquals", r#""10""#, &["10.0"], YES),
        ("NumericEquals", "10", &["11"], NO),
        ("NumericNotEquals", "10", &["11"], YES),
        ("NumericLessThan", "10", &["9"], YES),
        ("NumericLessThan", "10", &["10"], NO),
        ("NumericLessThanEquals", "10", &["10"], YES),
        ("NumericGreaterThan", "10", &["10"], NO),
        ("NumericGreaterThan", "-2.5", &["-2"], YES),
        ("NumericGreaterThanEquals", r#"["99","10"]"#, &["10"], YES),
        ("NumericEquals", r#""ten""#, &["10"], CLOSED),
        ("NumericNotEquals", r#""ten""#, &["10"], CLOSED),
        ("NumericEquals", "10", &["ten"], CLOSED),
        ("NumericNotEquals", "10", &["NaN"], CLOSED),
        ("NumericEquals", r#"["ten","10"]"#, &["10"], YES),
    ]);
}

#[test]
fn dates_are_compared() {
    check(&[
        (
            "DateEquals",
            r#""2026-11-24T00:44:57Z""#,
            &["2026-11-24T00:44:57Z"],
            YES,
        ),
        ("DateEquals", r#""1795481097""#, &["2026-11-24T00:44:57Z"], YES),
        (
            "DateEquals",
            r#""2026-11-24T09:44:57+09:00""#,
            &["2026-11-24T00:44:57Z"],
            YES,
        ),
        (
            "DateEquals",
            r#""2026-11-23T19:44:57-05:00""#,
            &["2026-11-24T00:44:57Z"],
            YES,
        ),
        (
            "DateEquals",
            r#""2026-11-24T00:44:57.000Z""#,
            &["2026-11-24T00:44:57Z"],
            YES,
        ),
        (
            "DateEquals",
            r#""2026-11-24T00:44:57.5Z""#,
            &["2026-11-24T00:44:57Z"],
            NO,
        ),
        ("DateNotEquals", r#""2026-11-24""#, &["2026-11-24T00:44:57Z"], YES),
        ("DateLessThan", r#""2026-11-24T00:45Z""#, &["2026-11-24T00:44:57Z"], YES),
        ("DateLessThan", r#""2026""#, &["2026-11-24T00:44:57Z"], NO),
        ("DateLessThanEquals", r#""2026-11-24""#, &["2026-11-24T00:00:00Z"], YES),
        ("DateGreaterThan", r#""2026-11""#, &["2026-11-24T00:44:57Z"], YES),
        (
            "DateGreaterThanEquals",
            r#""2027-01-01""#,
            &["2026-11-24T00:44:57Z"],
            NO,
        ),
        ("DateEquals", r#""2026-11-24""#, &["yesterday"], CLOSED),
        ("DateNotEquals", r#""2026-11-24""#, &["yesterday"], CLOSED),
    ]);
    let soon = r#"[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
        "DateLessThan":{"aws:CurrentTime":"2026-11-24T00:44:58Z"},"NumericEquals":{"aws:EpochTime":1795481097}}}]"#;
    assert!(allows(soon, "eks:DescribeCluster", CLUSTER));
}

#[test]
fn booleans_are_compared() {
    check(&[
        ("Bool", r#""true""#, &["true"], YES),
        ("Bool", "true", &["True"], YES),
        ("Bool", r#""false""#, &["true"], NO),
        ("Bool", r#""yes""#, &["true"], CLOSED),
        ("Bool", r#""true""#, &["yes"], CLOSED),
    ]);
}

#[test]
fn addresses_are_in_blocks() {
    check(&[
        ("IpAddress", r#""203.0.113.0/24""#, &["203.0.113.7"], YES),
        ("IpAddress", r#""203.0.113.0/24""#, &["203.0.114.7"], NO),
        ("IpAddress", r#""203.0.113.7""#, &["203.0.113.7"], YES),
        ("IpAddress", r#""203.0.113.7/32""#, &["203.0.113.8"], NO),
        ("IpAddress", r#""0.0.0.0/0""#, &["203.0.113.7"], YES),
        ("IpAddress", r#"["10.0.0.0/8","203.0.113.0/24"]"#, &["203.0.113.7"], YES),
        ("IpAddress", r#""2001:db8::/32""#, &["2001:db8::1"], YES),
        ("IpAddress", r#""2001:db8::/32""#, &["2001:db9::1"], NO),
        ("IpAddress", r#""::/0""#, &["2001:db8::1"], YES),
        ("IpAddress", r#""::/0""#, &["203.0.113.7"], NO),
        ("NotIpAddress", r#""203.0.113.0/24""#, &["203.0.113.7"], NO),
        ("NotIpAddress", r#""203.0.113.0/24""#, &["198.51.100.1"], YES),
        ("IpAddress", r#""203.0.113.0/33""#, &["203.0.113.7"], CLOSED),
        ("NotIpAddress", r#""203.0.113.0/+24""#, &["203.0.113.7"], CLOSED),
        ("NotIpAddress", r#""office""#, &["203.0.113.7"], CLOSED),
        ("IpAddress", r#""203.0.113.0/24""#, &["somewhere"], CLOSED),
    ]);
}

#[test]
fn arns_are_compared_section_by_section() {
    let role = &["arn:aws:iam::111122223333:role/team/dev"];
    for operator in ["ArnLike", "ArnEquals"] {
        let not = operator.replace("Arn", "ArnNot");
        for (pattern, wanted) in [
            ("arn:aws:iam::111122223333:role/team/dev", YES),
            ("arn:aws:iam::*:role/*", YES),
            ("arn:*:iam::111122223333:role/team/de?", YES),
            ("*", YES),
            ("arn:aws:iam::111122223333:role/dev", NO),
            ("arn:aws:iam:*", NO),
            ("arn:*:role/team/dev", NO),
        ] {
            let pattern = format!("\"{pattern}\"");
            assert_eq!(applies(operator, &pattern, role), wanted, "{operator} {pattern}");
            let other = if wanted == YES { NO } else { YES };
            assert_eq!(applies(&not, &pattern, role), other, "{not} {pattern}");
        }
    }
}

#[test]
fn several_values_are_quantified() {
    check(&[
        ("StringEquals", r#""a""#, &["a", "b"], YES),
        ("StringNotEquals", r#""a""#, &["a", "b"], NO),
        ("ForAllValues:StringEquals", r#"["a","b"]"#, &["a", "b"], YES),
        ("ForAllValues:StringEquals", r#""a""#, &["a", "b"], NO),
        ("ForAllValues:StringEquals", r#""a""#, &[], YES),
        ("ForAllValues:StringNotEquals", r#""a""#, &["b", "c"], YES),
        ("ForAllValues:StringNotEquals", r#""a""#, &["a", "b"], NO),
        ("ForAnyValue:StringEquals", r#""a""#, &["a", "b"], YES),
        ("ForAnyValue:StringEquals", r#""c""#, &["a", "b"], NO),
        ("ForAnyValue:StringEquals", r#""a""#, &[], NO),
        ("ForAnyValue:StringEqualsIfExists", r#""a""#, &[], YES),
        ("ForAnyValue:StringNotEquals", r#""a""#, &["a", "b"], YES),
        ("ForAnyValue:StringNotEquals", r#""a""#, &["a"], NO),
        ("ForAnyValue:StringLike", r#""a*""#, &["b", "ab"], YES),
    ]);
}

#[test]
fn what_cannot_be_evaluated_fails_closed() {
    check(&[
        ("BinaryEquals", r#""QUJD""#, &["QUJD"], CLOSED),
        ("BinaryEquals", r#""QUJD""#, &[], CLOSED),
    ]);
    // But a condition beside it that does not hold is enough.
    let policy = document(
        r#"[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{
            "BinaryEquals":{"test:key":"x"},"StringEquals":{"aws:username":"joe"}}},
            {"Effect":"Allow","Action":"*","Resource":"*"}]"#,
    );
    assert!(matches!(
        decide(&[policy], "eks:DescribeCluster", CLUSTER),
        Decision::Allow(_)
    ));
}

#[test]
fn all_keys_and_operators_must_hold() {
    let with = |condition: &str| {
        allows(
            &format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#),
            "eks:DescribeCluster",
            CLUSTER,
        )
    };
    assert!(with("{}"));
    assert!(with(
        r#"{"StringEquals":{"aws:username":"jane","aws:userid":"AIDAJANE"}}"#
    ));
    assert!(!with(r#"{"StringEquals":{"aws:username":"jane","aws:userid":"x"}}"#));
    assert!(!with(
        r#"{"StringEquals":{"aws:username":"jane"},"StringLike":{"aws:userid":"x"}}"#
    ));
    // A name that stands twice is asked for twice.
    assert!(!with(r#"{"StringEquals":{"aws:username":"x","aws:username":"jane"}}"#));
    assert!(!with(
        r#"{"StringEquals":{"aws:username":"x"},"StringEquals":{"aws:username":"jane"}}"#
    ));
}

#[test]
fn policies_of_2008_have_no_variables() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:username":"${aws:username}"}}}"#;
    for (version, wanted) in [("2012-10-17", true), ("2008-10-17", false)] {
        let text = format!(r#"{{"Version":"{version}","Statement":{statement}}}"#);
        let document = PolicyDocument::parse(&text, PolicyKind::Trust).unwrap();
        let request = RequestContext {
            action: "sts:AssumeRole",
            resource: "*",
            keys: &keys(),
        };
        let decision = evaluate(&[Arc::new(document)], &request);
        assert_eq!(matches!(decision, Decision::Allow(_)), wanted, "{version}");
    }
}
