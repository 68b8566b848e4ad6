//! Trust policies: who may assume a role.
//!
//! FIDELITY: the operators StringEquals, StringNotEquals, StringLike, ArnEquals, ArnLike and Bool, and the keys below;
//! a statement with another operator or key matches nobody. A principal's ARN is compared as text: real IAM stores the
//! principal's unique id.

use serde_json::Value;

use crate::arn::Arn;
use crate::iam::CallerIdentity;

/// What a trust policy may ask about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Who wants to assume the role.
    pub(super) caller: &'a CallerIdentity,
    /// The caller's ARN or, for the session of a role, the role's ARN with its path.
    pub(super) principal_arn: &'a str,
    /// The session's name.
    pub(super) role_session_name: &'a str,
    /// The external id, where one is sent.
    pub(super) external_id: Option<&'a str>,
}

/// Whether some statement allows it and none denies it. A policy that is no JSON allows nobody.
pub(super) fn allows(policy: &str, context: &Context<'_>) -> bool {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return false;
    };
    let mut allowed = false;
    for statement in list(policy.get("Statement")) {
        if !applies(statement, context) {
            continue;
        }
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => allowed = true,
            _ => return false,
        }
    }
    allowed
}

fn applies(statement: &Value, context: &Context<'_>) -> bool {
    let action = list(statement.get("Action"))
        .iter()
        .filter_map(|action| action.as_str())
        .any(|action| like(&action.to_lowercase(), "sts:assumerole"));
    action
        && names(statement.get("Principal"), context)
        && statement
            .get("Condition")
            .is_none_or(|condition| holds(condition, context))
}

fn names(principal: Option<&Value>, context: &Context<'_>) -> bool {
    let wanted = match principal {
        Some(Value::String(all)) => return all == "*",
        Some(Value::Object(kinds)) => list(kinds.get("AWS")),
        _ => return false,
    };
    let caller = context.caller;
    let partition = caller.arn.split(':').nth(1).unwrap_or_default();
    let root = format!("arn:{partition}:iam::{}:root", caller.account);
    wanted.iter().filter_map(|wanted| wanted.as_str()).any(|wanted| {
        wanted == "*"
            || wanted == caller.account.as_str()
            || wanted == root
            || wanted == caller.arn
            || wanted == context.principal_arn
    })
}

fn holds(condition: &Value, context: &Context<'_>) -> bool {
    let Value::Object(operators) = condition else {
        return false;
    };
    operators.iter().all(|(operator, keys)| {
        let Value::Object(keys) = keys else {
            return false;
        };
        keys.iter().all(|(key, wanted)| {
            let wanted: Vec<String> = list(Some(wanted)).into_iter().filter_map(text).collect();
            let got = match key.to_lowercase().as_str() {
                "sts:externalid" => context.external_id,
                "sts:rolesessionname" => Some(context.role_session_name),
                "aws:principalarn" => Some(context.principal_arn),
                "aws:principalaccount" => Some(context.caller.account.as_str()),
                "aws:userid" => Some(context.caller.user_id.as_str()),
                // No session of a World comes from a device, and long-lived keys have no such key in their context.
                "aws:multifactorauthpresent" => context.caller.arn.contains(":assumed-role/").then_some("false"),
                _ => return false,
            };
            match (operator.as_str(), got) {
                ("StringEquals" | "Bool", Some(got)) => wanted.iter().any(|wanted| wanted == got),
                ("StringNotEquals", got) => got.is_none_or(|got| wanted.iter().all(|wanted| wanted != got)),
                ("StringLike", Some(got)) => wanted.iter().any(|wanted| like(wanted, got)),
                ("ArnLike" | "ArnEquals", Some(got)) => wanted.iter().any(|wanted| arn_like(wanted, got)),
                _ => false,
            }
        })
    })
}

/// A condition's value, which JSON may have as a string, a Boolean or a number.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Null | Value::Object(_) => None,
    }
}

/// Both operators match each of the six sections of an ARN by itself (IAM User Guide, "IAM JSON policy elements:
/// Condition operators").
fn arn_like(pattern: &str, arn: &str) -> bool {
    match (Arn::parse(pattern), Arn::parse(arn)) {
        (Ok(pattern), Ok(arn)) => {
            like(&pattern.partition, &arn.partition)
                && like(&pattern.service, &arn.service)
                && like(&pattern.region, &arn.region)
                && like(&pattern.account_id, &arn.account_id)
                && like(&pattern.resource, &arn.resource)
        }
        _ => pattern == "*",
    }
}

/// A single value counts as a list of one.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(single) => vec![single],
    }
}

/// `*` stands for any text, `?` for any one character.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::AccountId;

    fn caller(arn: &str, user_id: &str) -> CallerIdentity {
        CallerIdentity {
            account: AccountId::parse("111122223333").unwrap(),
            arn: arn.to_owned(),
            user_id: user_id.to_owned(),
        }
    }

    /// Whether a session of the role `/team/dev`, and whether the user `jane`, may.
    #[track_caller]
    fn check(statement: &str, external_id: Option<&str>, wanted: [bool; 2]) {
        let session = caller("arn:aws:sts::111122223333:assumed-role/dev/jane", "AROADEV:jane");
        let user = caller("arn:aws:iam::111122223333:user/jane", "AIDAJANE");
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        let got = [
            (&session, "arn:aws:iam::111122223333:role/team/dev"),
            (&user, user.arn.as_str()),
        ]
        .map(|(caller, principal_arn)| {
            let context = Context {
                caller,
                principal_arn,
                role_session_name: "s",
                external_id,
            };
            allows(&policy, &context)
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
            (r#"{"AWS":"arn:aws:iam::111122223333:role/team/dev"}"#, SESSION),
            (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/dev/jane"}"#, SESSION),
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
            (r#""*""#, BOTH),
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
        let allow = r#"{"Effect":"Allow","Principal":"*","Action":"*"}"#;
        let deny = r#"{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/jane"},"Action":"sts:*"}"#;
        check(&format!("[{allow},{deny}]"), None, SESSION);
        check(&format!("[{deny},{allow}]"), None, SESSION);
        check(&format!("[{deny}]"), None, NEITHER);
    }

    #[test]
    fn a_policy_without_a_statement_allows_nobody() {
        for statement in ["7", "[]", "{}", r#"[{"Effect":"Allow","Principal":"*"}]"#] {
            check(statement, None, NEITHER);
        }
        let user = caller("arn:aws:iam::111122223333:user/jane", "AIDAJANE");
        let context = Context {
            caller: &user,
            principal_arn: &user.arn,
            role_session_name: "s",
            external_id: None,
        };
        assert!(!allows("no JSON", &context));
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
            // All keys and operators must hold.
            (
                r#"{"StringEquals":{"sts:RoleSessionName":"s","aws:userid":"AIDAJANE"}}"#,
                USER,
            ),
            (
                r#"{"StringEquals":{"sts:RoleSessionName":"s"},"StringLike":{"aws:userid":"AROA*"}}"#,
                SESSION,
            ),
            // Operators and keys that are not modelled match nobody.
            (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, NEITHER),
            (r#"{"StringEqualsIgnoreCase":{"sts:RoleSessionName":"s"}}"#, NEITHER),
            (r#"{"StringEquals":{"aws:SourceIdentity":"jane"}}"#, NEITHER),
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
                    r#"{{"Effect":"Allow","Principal":"*","Action":"*","Condition":{{"{operator}":{{"aws:PrincipalArn":"{pattern}"}}}}}}"#
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
                r#"{{"Effect":"Allow","Principal":"*","Action":"*","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":{value}}}}}}}"#
            );
            check(&statement, None, wanted);
        }
    }

    #[test]
    fn wildcards_stand_for_any_text_and_any_character() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "ab", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*a*b", "xaxbab", true),
            ("?", "", false),
            ("?", "ö", true),
            ("a?", "abc", false),
        ] {
            assert_eq!(like(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
