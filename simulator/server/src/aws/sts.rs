//! STS: GetCallerIdentity, AssumeRole, GetAccessKeyInfo.

use std::sync::Arc;

use eks_auth_core::iam_policy::PolicyDocument;
use eks_auth_core::iam_policy::PolicyKind;
use eks_auth_core::sts;
use eks_auth_core::sts::AssumeRoleRequest;
use eks_auth_core::sts::Permissions;
use serde_json::Value;
use serde_json::json;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use super::protocol::time;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("AssumeRole", assume_role),
    operation("GetAccessKeyInfo", get_access_key_info),
    operation("GetCallerIdentity", get_caller_identity),
];

const fn operation(name: &'static str, answer: fn(&Context<'_>) -> Result<Value, AwsError>) -> Operation {
    Operation {
        name,
        route: "",
        access: Access::Caller,
        answer: Work::Members(answer),
    }
}

fn assume_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let caller = call.caller()?;
    let session_policy = match call.parameters.get("Policy") {
        Some(text) => Some(Arc::new(PolicyDocument::parse(text, PolicyKind::Identity)?)),
        None => None,
    };
    let (policies, keys) = (call.policies()?, call.condition_keys()?);
    let assumed = call.state.change(|world| {
        let permissions = Permissions {
            policies: &policies,
            keys: &keys,
        };
        let request = AssumeRoleRequest {
            role_arn: call.parameters.get("RoleArn"),
            role_session_name: call.parameters.get("RoleSessionName"),
            duration_seconds: call.parameters.get("DurationSeconds"),
            external_id: call.parameters.get("ExternalId"),
            session_policy: session_policy.as_ref(),
        };
        sts::assume_role(world, caller, permissions, request, call.now)
    })?;
    let session = assumed.key.session.as_ref();
    Ok(json!({
        "AssumedRoleUser": {"Arn": assumed.arn, "AssumedRoleId": assumed.assumed_role_id},
        "Credentials": {
            "AccessKeyId": assumed.key.id,
            "Expiration": session.map(|session| time(call.service, session.expires)),
            "SecretAccessKey": assumed.key.secret.expose(),
            "SessionToken": session.map(|session| session.token.expose()),
        },
    }))
}

fn get_access_key_info(call: &Context<'_>) -> Result<Value, AwsError> {
    let id = call.parameters.required("AccessKeyId", "accessKeyId")?;
    let world = call.state.snapshot();
    let key = world
        .directory
        .access_key(id)
        .ok_or_else(|| AwsError::new("AccessDenied", 403, "Access key does not exist"))?;
    Ok(json!({"Account": key.account.as_str()}))
}

fn get_caller_identity(call: &Context<'_>) -> Result<Value, AwsError> {
    let identity = call.caller()?.identity();
    Ok(json!({
        "Account": identity.account.as_str(),
        "Arn": identity.arn,
        "UserId": identity.user_id,
    }))
}
