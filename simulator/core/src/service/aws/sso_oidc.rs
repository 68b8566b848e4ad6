//! IAM Identity Center, the part that signs people in (`sso-oidc`): no call is signed.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::center::in_center;
use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use super::sign_in;
use super::wire::unknown_operation;
use crate::aws::identity_center::IdentityCenter;
use crate::aws::identity_center::Registration;
use crate::aws::identity_center::SignInError;
use crate::aws::identity_center::TokenRequest;
use crate::world::World;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("CreateToken", "POST /token", create_token),
    operation("RegisterClient", "POST /client/register", register_client),
    operation(
        "StartDeviceAuthorization",
        "POST /device_authorization",
        start_device_authorization,
    ),
];

const fn operation(
    name: &'static str,
    route: &'static str,
    answer: fn(&Context<'_>) -> Result<Value, AwsError>,
) -> Operation {
    Operation {
        name,
        route,
        access: Access::Anonymous,
        answer: Work::Members(answer),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegisterClient {
    #[serde(default)]
    client_type: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
}

fn register_client(call: &Context<'_>) -> Result<Value, AwsError> {
    let body: RegisterClient = call.body()?;
    let registration = Registration {
        client_type: body.client_type,
        scopes: body.scopes,
        redirect_uris: body.redirect_uris,
    };
    let registered = change(call, |center, world| {
        center.register(registration, &mut world.ids, call.now)
    })?;
    let base = sign_in::own_url(&call.base.world());
    Ok(json!({
        "authorizationEndpoint": format!("{base}/authorize"),
        "clientId": registered.id,
        "clientIdIssuedAt": call.now.unix_seconds(),
        "clientSecret": registered.secret.expose(),
        "clientSecretExpiresAt": registered.expires.unix_seconds(),
        "tokenEndpoint": format!("{base}/token"),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct StartDeviceAuthorization {
    client_id: String,
    client_secret: String,
    start_url: String,
}

fn start_device_authorization(call: &Context<'_>) -> Result<Value, AwsError> {
    let body: StartDeviceAuthorization = call.body()?;
    let started = change(call, |center, world| {
        center.start_device(
            &body.client_id,
            &body.client_secret,
            &body.start_url,
            &mut world.ids,
            call.now,
        )
    })?;
    let page = format!("{}/device", sign_in::own_url(&call.base.world()));
    Ok(json!({
        "deviceCode": started.device_code.expose(),
        "expiresIn": started.expires_in,
        "interval": started.interval,
        "userCode": started.user_code,
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={}", started.user_code),
    }))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateToken {
    client_id: String,
    client_secret: String,
    grant_type: String,
    device_code: String,
    code: String,
    code_verifier: String,
    redirect_uri: String,
    refresh_token: String,
}

fn create_token(call: &Context<'_>) -> Result<Value, AwsError> {
    // CreateTokenWithIAM has the same path.
    if call.parameters.get("aws_iam").is_some() {
        return Err(unknown_operation(call.service, call.parameters, "CreateTokenWithIAM"));
    }
    let body: CreateToken = call.body()?;
    let request = TokenRequest {
        client_id: &body.client_id,
        client_secret: &body.client_secret,
        grant_type: &body.grant_type,
        device_code: &body.device_code,
        code: &body.code,
        code_verifier: &body.code_verifier,
        redirect_uri: &body.redirect_uri,
        refresh_token: &body.refresh_token,
    };
    let issued = change(call, |center, world| center.token(request, &mut world.ids, call.now))?;
    Ok(json!({
        "accessToken": issued.access.expose(),
        "expiresIn": issued.expires_in,
        "refreshToken": issued.refresh.as_ref().map(|token| token.expose()),
        "tokenType": "Bearer",
    }))
}

/// Makes a change to the World's Identity Center.
fn change<T>(
    call: &Context<'_>,
    change: impl FnOnce(&mut IdentityCenter, &mut World) -> Result<T, SignInError>,
) -> Result<T, AwsError> {
    Ok(call.base.change(|world| in_center(world, change))??)
}
