//! TokenReview: whose a token is, for those who are shown one.
//!
//! Source: `pkg/registry/authentication/tokenreview/storage.go` of Kubernetes 1.32, and for the authenticator behind the
//! webhook, which knows of no audiences, `apiserver/plugin/pkg/authenticator/token/webhook`.

use serde_json::Value;
use serde_json::json;

use super::Context;
use super::authn;
use super::service_account_token;
use super::status::Failure;
use super::user::user_info_json;
use crate::cluster::eks::control_plane_log::authentication_errors;
use crate::cluster::service_account::API_AUDIENCE;
use crate::cluster::service_account::TokenVerdict;
use crate::value::user::UserInfo;

/// The `status` of the answer to a review with this `spec`.
pub(super) fn status(context: &Context<'_>, spec: &Value) -> Result<Value, Failure> {
    let token = spec.get("token").and_then(Value::as_str).unwrap_or_default();
    if token.is_empty() {
        return Err(Failure::bad_request(
            "token is required for TokenReview in authentication",
        ));
    }
    let asked = spec.get("audiences").and_then(Value::as_array);
    let asked: Vec<&str> = asked.into_iter().flatten().filter_map(Value::as_str).collect();
    let audiences = if asked.is_empty() { vec![API_AUDIENCE] } else { asked };
    let fault = match service_account_token::judge(context.base, context.cluster_name, token, &audiences) {
        TokenVerdict::User { user, audiences } => return Ok(authenticated(user, &audiences)),
        TokenVerdict::Refused(fault) => Some(fault),
        TokenVerdict::NotOurs => None,
    };
    let judged = authn::authenticate_token(context.base, context.cluster_name, token, context.request);
    let error = match judged.map(|judged| judged.outcome.clone()) {
        Some(Ok(user)) if audiences.contains(&API_AUDIENCE) => {
            return Ok(authenticated(user, &[API_AUDIENCE.to_owned()]));
        }
        Some(Ok(_)) => "invalid bearer token".to_owned(),
        Some(Err(_)) | None => authentication_errors(fault.as_ref()),
    };
    Ok(json!({"user": {}, "error": error}))
}

fn authenticated(user: UserInfo, audiences: &[String]) -> Value {
    json!({"authenticated": true, "user": user_info_json(&user.authenticated()), "audiences": audiences})
}
