//! STS: GetCallerIdentity, AssumeRole, GetAccessKeyInfo.

use eks_auth_core::sigv4::VerifiedCaller;
use eks_auth_core::sts;
use eks_auth_core::sts::AssumeRoleRequest;

use super::error::AwsError;
use super::protocol::Call;
use super::protocol::success;
use super::protocol::wants_json;
use super::protocol::xml;
use crate::http::Request;
use crate::http::Response;
use crate::state::State;

/// The XML namespace of every answer.
pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

pub(super) fn answer(
    state: &State,
    caller: &VerifiedCaller,
    call: &Call,
    request: &Request,
    request_id: &str,
) -> Result<Response, AwsError> {
    match call.action.as_str() {
        "AssumeRole" => assume_role(state, caller, call, request_id),
        "GetAccessKeyInfo" => {
            let id = call.required("AccessKeyId", "accessKeyId")?;
            let world = state.snapshot();
            let key = world
                .directory
                .access_key(id)
                .ok_or_else(|| AwsError::new("AccessDenied", 403, "Access key does not exist"))?;
            Ok(success(
                NAMESPACE,
                "GetAccessKeyInfo",
                &xml("Account", key.account.as_str()),
                request_id,
            ))
        }
        "GetCallerIdentity" => {
            let identity = caller.identity();
            if wants_json(request) {
                let body = sts::render_caller_identity_json(identity, request_id);
                return Ok(Response::new(200, "application/json", body));
            }
            let result = xml("Arn", &identity.arn)
                + &xml("UserId", &identity.user_id)
                + &xml("Account", identity.account.as_str());
            Ok(success(NAMESPACE, "GetCallerIdentity", &result, request_id))
        }
        _ => Err(call.unknown_action()),
    }
}

fn assume_role(state: &State, caller: &VerifiedCaller, call: &Call, request_id: &str) -> Result<Response, AwsError> {
    let now = state.now();
    let assumed = state.change(|world| {
        let request = AssumeRoleRequest {
            role_arn: call.parameter("RoleArn"),
            role_session_name: call.parameter("RoleSessionName"),
            duration_seconds: call.parameter("DurationSeconds"),
            external_id: call.parameter("ExternalId"),
        };
        sts::assume_role(world, caller, request, now)
    })?;
    let session = assumed.key.session.as_ref();
    let credentials = xml("AccessKeyId", &assumed.key.id)
        + &xml("SecretAccessKey", assumed.key.secret.expose())
        + &xml("SessionToken", session.map_or("", |session| session.token.expose()))
        + &xml(
            "Expiration",
            &session
                .map(|session| session.expires.render_rfc3339())
                .unwrap_or_default(),
        );
    let user = xml("AssumedRoleId", &assumed.assumed_role_id) + &xml("Arn", &assumed.arn);
    let result = format!("<Credentials>{credentials}</Credentials><AssumedRoleUser>{user}</AssumedRoleUser>");
    Ok(success(NAMESPACE, "AssumeRole", &result, request_id))
}
