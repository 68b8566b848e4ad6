//! STS: from parameters to the core's requests, and from what it decides to members.
//!
//! FIDELITY: AssumeRoleWithSAML, AssumeRoot, GetDelegatedAccessToken and GetWebIdentityToken are not served.

use serde_json::Value;
use serde_json::json;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use super::protocol::time;
use super::protocol::wants_json;
use crate::aws::iam::AccessKey;
use crate::aws::iam_policy::ConditionKeys;
use crate::world::sts;
use crate::world::sts::AssumeRoleRequest;
use crate::world::sts::Endpoint;
use crate::world::sts::FederationTokenRequest;
use crate::world::sts::Permissions;
use crate::world::sts::SessionParameters;
use crate::world::sts::SessionTokenRequest;
use crate::world::sts::WebIdentityRequest;

/// What messages are signed with: it keeps mistakes out, and no secret in.
const MESSAGE_KEY: &[u8] = b"eks-auth-sim";

pub(super) const OPERATIONS: &[Operation] = &[
    operation("AssumeRole", assume_role),
    Operation {
        access: Access::Anonymous,
        ..operation("AssumeRoleWithWebIdentity", assume_role_with_web_identity)
    },
    Operation {
        access: Access::Permission(|_| "*".to_owned()),
        ..operation("DecodeAuthorizationMessage", decode_authorization_message)
    },
    operation("GetAccessKeyInfo", get_access_key_info),
    operation("GetCallerIdentity", get_caller_identity),
    operation("GetFederationToken", get_federation_token),
    operation("GetSessionToken", get_session_token),
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
    let parameters = call.parameters;
    let request = AssumeRoleRequest {
        role_arn: parameters.get("RoleArn"),
        role_session_name: parameters.get("RoleSessionName"),
        duration_seconds: parameters.get("DurationSeconds"),
        external_id: parameters.get("ExternalId"),
        serial_number: parameters.get("SerialNumber"),
        token_code: parameters.get("TokenCode"),
        session: session_parameters(call),
    };
    let (policies, keys) = call.permissions()?;
    let permissions = Permissions {
        policies: &policies,
        keys: &keys,
    };
    let assumed = call
        .base
        .change(|world| sts::assume_role(world, caller, permissions, &request, endpoint(call), call.now))?;
    Ok(json!({
        "AssumedRoleUser": {"Arn": assumed.arn, "AssumedRoleId": assumed.assumed_role_id},
        "Credentials": credentials(call, &assumed.key),
        "PackedPolicySize": assumed.packed_policy_size,
        "SourceIdentity": assumed.source_identity,
    }))
}

fn assume_role_with_web_identity(call: &Context<'_>) -> Result<Value, AwsError> {
    let parameters = call.parameters;
    let request = WebIdentityRequest {
        role_arn: parameters.get("RoleArn"),
        role_session_name: parameters.get("RoleSessionName"),
        web_identity_token: parameters.get("WebIdentityToken"),
        provider_id: parameters.get("ProviderId"),
        duration_seconds: parameters.get("DurationSeconds"),
        session: SessionParameters {
            policy: parameters.get("Policy"),
            policy_arns: policy_arns(call),
            ..SessionParameters::default()
        },
    };
    let keys = call.request_keys(ConditionKeys::at(call.now));
    let session = call
        .base
        .change(|world| sts::assume_role_with_web_identity(world, &keys, &request, endpoint(call), call.now))?;
    let role = &session.role;
    Ok(json!({
        "AssumedRoleUser": {"Arn": role.arn, "AssumedRoleId": role.assumed_role_id},
        "Audience": session.audience,
        "Credentials": credentials(call, &role.key),
        "PackedPolicySize": role.packed_policy_size,
        "Provider": session.provider,
        "SubjectFromWebIdentityToken": session.subject,
    }))
}

/// FIDELITY: none of the services that are served answers with an encoded message; EC2 is the one that does.
fn decode_authorization_message(call: &Context<'_>) -> Result<Value, AwsError> {
    let encoded = call.parameters.get("EncodedMessage");
    let decoded = sts::decode_authorization_message(MESSAGE_KEY, encoded)?;
    Ok(json!({"DecodedMessage": decoded}))
}

fn get_access_key_info(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = sts::access_key_info(&call.base.world(), call.parameters.get("AccessKeyId"))?;
    Ok(json!({"Account": account.as_str()}))
}

fn get_caller_identity(call: &Context<'_>) -> Result<Value, AwsError> {
    let identity = call.caller()?.identity();
    Ok(json!({
        "Account": identity.account.as_str(),
        "Arn": identity.arn,
        "UserId": identity.user_id,
    }))
}

fn get_federation_token(call: &Context<'_>) -> Result<Value, AwsError> {
    let caller = call.caller()?;
    let request = FederationTokenRequest {
        name: call.parameters.get("Name"),
        duration_seconds: call.parameters.get("DurationSeconds"),
        session: session_parameters(call),
    };
    let federated = call
        .base
        .change(|world| sts::federation_token(world, caller, &request, endpoint(call), call.now))?;
    Ok(json!({
        "Credentials": credentials(call, &federated.key),
        "FederatedUser": {"Arn": federated.arn, "FederatedUserId": federated.federated_user_id},
        "PackedPolicySize": federated.packed_policy_size,
    }))
}

fn get_session_token(call: &Context<'_>) -> Result<Value, AwsError> {
    let caller = call.caller()?;
    let request = SessionTokenRequest {
        duration_seconds: call.parameters.get("DurationSeconds"),
        serial_number: call.parameters.get("SerialNumber"),
        token_code: call.parameters.get("TokenCode"),
    };
    let key = call
        .base
        .change(|world| sts::session_token(world, caller, request, endpoint(call), call.now))?;
    Ok(json!({"Credentials": credentials(call, &key)}))
}

fn endpoint<'a>(call: &'a Context<'_>) -> Endpoint<'a> {
    Endpoint {
        region: &call.region,
        is_global: call.is_global,
    }
}

fn policy_arns<'a>(call: &Context<'a>) -> Vec<&'a str> {
    let arns = call.parameters.structures("PolicyArns", ["arn"]);
    arns.into_iter().map(|[arn]| arn.unwrap_or_default()).collect()
}

fn session_parameters<'a>(call: &Context<'a>) -> SessionParameters<'a> {
    let parameters = call.parameters;
    SessionParameters {
        policy: parameters.get("Policy"),
        policy_arns: policy_arns(call),
        tags: parameters
            .structures("Tags", ["Key", "Value"])
            .into_iter()
            .map(|[key, value]| (key.unwrap_or_default(), value.unwrap_or_default()))
            .collect(),
        transitive_tag_keys: parameters.list("TransitiveTagKeys"),
        source_identity: parameters.get("SourceIdentity"),
    }
}

fn credentials(call: &Context<'_>, key: &AccessKey) -> Value {
    let session = key.session.as_ref();
    json!({
        "AccessKeyId": key.id,
        "Expiration": session.map(|session| {
            if wants_json(call.service, call.request) {
                // Seconds since 1970, with a fraction that is none.
                json!(session.expires.unix_millis() as f64 / 1000.0)
            } else {
                time(call.service, session.expires)
            }
        }),
        "SecretAccessKey": key.secret.expose(),
        "SessionToken": session.map(|session| session.token.expose()),
    })
}
