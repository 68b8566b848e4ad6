//! SimulatePrincipalPolicy: what a user, group or role might do, asked without doing it.
//!
//! FIDELITY: of an answer, the decision only: matched statements and missing context keys are always none. Policies that
//! are given beside the principal's own are added to them; resource policies are left out.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::input::Input;
use crate::aws::iam::Role;
use crate::aws::iam::User;
use crate::aws::iam::input;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::PolicyDocument;
use crate::aws::iam_policy::PolicyKind;
use crate::aws::iam_policy::RequestContext;
use crate::aws::iam_policy::authorize;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::iam_policy::authorize::Refusal;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;

pub(super) fn principal_policy(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let source = input.required("PolicySourceArn", input::ARN);
    let actions = input.list("ActionNames", input::TAG_KEY);
    let mut resources = input.list("ResourceArns", input::TASK_ID);
    let more = input.list("PolicyInputList", input::DOCUMENT);
    let page = input.page();
    input.check()?;
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let (mut policies, mut keys) = of_source(call, source)?;
    for document in more {
        let document = PolicyDocument::parse(&document, PolicyKind::Identity)?;
        policies.identity.push(Arc::new(document));
    }
    for at in 1.. {
        let part = |part: &str| call.parameters.get(&format!("ContextEntries.member.{at}.{part}"));
        let Some(name) = part("ContextKeyName") else {
            break;
        };
        let values = call
            .parameters
            .list(&format!("ContextEntries.member.{at}.ContextKeyValues"));
        keys = keys.with_values(name, values.into_iter().map(str::to_owned));
    }
    let caller = call.caller()?.identity();
    // The root user may do all; who is asked for here never is it.
    let caller = crate::aws::principal::CallerIdentity {
        arn: source.to_owned(),
        ..caller.clone()
    };
    let mut results = Vec::new();
    for action in &actions {
        for resource in &resources {
            let request = RequestContext {
                action,
                resource,
                keys: &keys,
            };
            let decision = match authorize::check(&caller, &policies, &request) {
                Ok(()) => "allowed",
                Err(denied) => match denied.refusal {
                    Refusal::Explicit(..) => "explicitDeny",
                    Refusal::Implicit(..) => "implicitDeny",
                },
            };
            let result = json!({
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": decision,
                "MatchedStatements": [],
                "MissingContextValues": [],
            });
            results.push((format!("{:06}", results.len()), result));
        }
    }
    page.of("EvaluationResults", results)
}

fn of_source(call: &Context<'_>, arn: &str) -> Result<(PrincipalPolicies, ConditionKeys), AwsError> {
    let world = call.base.world();
    let directory = &world.directory;
    let account = call.account()?;
    let name = arn.rsplit('/').next().unwrap_or_default();
    let user = directory
        .find::<User>(account, name)
        .ok()
        .filter(|user| user.arn == arn);
    let role = directory
        .find::<Role>(account, name)
        .ok()
        .filter(|role| role.arn == arn);
    let policies = match (user, role) {
        (Some(user), _) => directory.policies_of_user(account, user),
        (None, Some(role)) => directory.policies_of_role(account, role),
        (None, None) => {
            let message = format!("The principal {arn} cannot be found.");
            return Err(AwsError::new("NoSuchEntity", 404, message));
        }
    };
    let identity = crate::aws::principal::CallerIdentity {
        account: account.clone(),
        arn: arn.to_owned(),
        user_id: user
            .map(|user| &user.id)
            .or(role.map(|role| &role.id))
            .cloned()
            .unwrap_or_default(),
    };
    Ok((policies, directory.condition_keys(&identity, call.now)))
}
