//! Trust policies: who may assume a role.
//!
//! FIDELITY: the operators StringEquals, StringNotEquals, StringLike, ArnEquals, ArnLike and Bool, and the keys below;
//! a statement with another operator or key matches nobody. A principal's ARN is compared as text: real IAM stores the
//! principal's unique id.

use serde_json::Value;

use crate::arn::CanonicalArn;
use crate::iam::CallerIdentity;

/// What a trust policy may ask about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Who wants to assume the role.
    pub(super) caller: &'a CallerIdentity,
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
        && names(statement.get("Principal"), context.caller)
        && statement
            .get("Condition")
            .is_none_or(|condition| holds(condition, context))
}

fn names(principal: Option<&Value>, caller: &CallerIdentity) -> bool {
    let wanted = match principal {
        Some(Value::String(all)) => return all == "*",
        Some(Value::Object(kinds)) => list(kinds.get("AWS")),
        _ => return false,
    };
    let partition = caller.arn.split(':').nth(1).unwrap_or_default();
    let root = format!("arn:{partition}:iam::{}:root", caller.account);
    let role = CanonicalArn::parse(&caller.arn).map(|canonical| canonical.arn);
    wanted.iter().filter_map(|wanted| wanted.as_str()).any(|wanted| {
        wanted == "*"
            || wanted == caller.account.as_str()
            || wanted == root
            || wanted == caller.arn
            || role.as_ref().is_ok_and(|role| same_role(wanted, role))
    })
}

/// A session's ARN shows the role without its path; the policy has it with the path.
fn same_role(wanted: &str, role: &str) -> bool {
    match (wanted.split_once(":role/"), role.split_once(":role/")) {
        (Some((account, path)), Some((own, name))) => account == own && path.rsplit('/').next() == Some(name),
        _ => false,
    }
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
            let wanted: Vec<&str> = list(Some(wanted)).iter().filter_map(|value| value.as_str()).collect();
            let got = match key.to_lowercase().as_str() {
                "sts:externalid" => context.external_id,
                "sts:rolesessionname" => Some(context.role_session_name),
                "aws:principalarn" => Some(context.caller.arn.as_str()),
                "aws:principalaccount" => Some(context.caller.account.as_str()),
                "aws:userid" => Some(context.caller.user_id.as_str()),
                // No credentials of a World come from a device.
                "aws:multifactorauthpresent" => Some("false"),
                _ => return false,
            };
            match (operator.as_str(), got) {
                ("StringEquals" | "Bool", Some(got)) => wanted.contains(&got),
                ("StringNotEquals", got) => got.is_none_or(|got| !wanted.contains(&got)),
                ("StringLike" | "ArnLike" | "ArnEquals", Some(got)) => wanted.iter().any(|wanted| like(wanted, got)),
                _ => false,
            }
        })
    })
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

    #[track_caller]
    fn check(statement: &str, external_id: Option<&str>, wanted: bool) {
        let caller = CallerIdentity {
            account: AccountId::parse("111122223333").unwrap(),
            arn: "arn:aws:sts::111122223333:assumed-role/dev/jane".to_owned(),
            user_id: "AROA:jane".to_owned(),
        };
        let context = Context {
            caller: &caller,
            role_session_name: "s",
            external_id,
        };
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        assert_eq!(allows(&policy, &context), wanted, "{statement}");
    }

    #[test]
    fn trust_names_the_caller_or_its_account() {
        let statement =
            |principal: &str| format!(r#"[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]"#);
        check(&statement(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#), None, true);
        check(&statement(r#"{"AWS":["111122223333"]}"#), None, true);
        check(&statement(r#""*""#), None, true);
        check(
            &statement(r#"{"AWS":"arn:aws:iam::111122223333:role/team/dev"}"#),
            None,
            true,
        );
        check(
            &statement(r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/dev/jane"}"#),
            None,
            true,
        );
        check(
            &statement(r#"{"AWS":"arn:aws:iam::111122223333:role/de*"}"#),
            None,
            false,
        );
        check(&statement(r#"{"AWS":"arn:aws:iam::444455556666:root"}"#), None, false);
        check(&statement(r#"{"Service":"ec2.amazonaws.com"}"#), None, false);
    }

    #[test]
    fn conditions_and_denials_narrow_it() {
        let with = |condition: &str| {
            format!(r#"{{"Effect":"Allow","Principal":"*","Action":"sts:*","Condition":{condition}}}"#)
        };
        let external = with(r#"{"StringEquals":{"sts:ExternalId":"x"}}"#);
        check(&external, Some("x"), true);
        check(&external, Some("y"), false);
        check(&external, None, false);
        check(&with(r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#), None, false);
        check(
            &with(r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:sts::*:assumed-role/dev/*"}}"#),
            None,
            true,
        );
        check(&with(r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#), None, false);
        check(
            r#"[{"Effect":"Allow","Principal":"*","Action":"*"},{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]"#,
            None,
            false,
        );
        check("7", None, false);
    }
}
