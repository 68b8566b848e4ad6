//! IAM Identity Center, the portal (`sso`): accounts, roles and credentials for whoever holds a token. No call is signed.
//!
//! FIDELITY: accounts have no names and no mail addresses of their own.

use serde_json::Value;
use serde_json::json;

use super::center::in_center;
use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use crate::aws::identity_center::IdentityCenter;
use crate::aws::identity_center::PortalError;
use crate::aws::identity_center::role_credentials;

/// The model's bound of `max_result`.
const PAGE: usize = 100;

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "GetRoleCredentials",
        "GET /federation/credentials",
        get_role_credentials,
    ),
    operation("ListAccountRoles", "GET /assignment/roles", list_account_roles),
    operation("ListAccounts", "GET /assignment/accounts", list_accounts),
    operation("Logout", "POST /logout", log_out),
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

fn get_role_credentials(call: &Context<'_>) -> Result<Value, AwsError> {
    let wanted = (token(call), query(call, "account_id")?, query(call, "role_name")?);
    let key = call.base.change(|world| {
        in_center(world, |center, world| {
            role_credentials(center, &mut world.directory, wanted, &mut world.ids, call.now)
        })
    })??;
    let session = key.session.as_ref();
    Ok(json!({
        "roleCredentials": {
            "accessKeyId": key.id,
            "expiration": session.map(|session| session.expires.unix_millis()),
            "secretAccessKey": key.secret.expose(),
            "sessionToken": session.map(|session| session.token.expose()),
        },
    }))
}

fn list_account_roles(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = query(call, "account_id")?;
    let roles = read(call, |center| {
        let roles = center.roles(token(call), account, call.now)?;
        Ok(roles
            .into_iter()
            .map(|role| json!({"accountId": account, "roleName": role}))
            .collect())
    })?;
    page(call, "roleList", roles)
}

fn list_accounts(call: &Context<'_>) -> Result<Value, AwsError> {
    let accounts = read(call, |center| {
        let accounts = center.accounts(token(call), call.now)?;
        let member =
            |id: &str| json!({"accountId": id, "accountName": id, "emailAddress": format!("{id}@example.com")});
        Ok(accounts.iter().map(|id| member(id.as_str())).collect())
    })?;
    page(call, "accountList", accounts)
}

fn log_out(call: &Context<'_>) -> Result<Value, AwsError> {
    call.base
        .change(|world| in_center(world, |center, _| center.log_out(token(call))))?;
    Ok(json!({}))
}

fn token<'a>(call: &Context<'a>) -> &'a str {
    call.request.header("x-amz-sso_bearer_token").unwrap_or_default()
}

fn query<'a>(call: &Context<'a>, name: &str) -> Result<&'a str, AwsError> {
    let found = call.parameters.get(name).filter(|value| !value.is_empty());
    found.ok_or_else(|| AwsError::new("InvalidRequestException", 400, format!("{name} is missing")))
}

fn read<T>(call: &Context<'_>, read: impl FnOnce(&IdentityCenter) -> Result<T, PortalError>) -> Result<T, AwsError> {
    let world = call.base.world();
    let center = world
        .identity_center
        .as_ref()
        .ok_or_else(AwsError::no_identity_center)?;
    Ok(read(center)?)
}

/// One page of a list; the token is where the next one begins.
fn page(call: &Context<'_>, list: &str, items: Vec<Value>) -> Result<Value, AwsError> {
    let invalid = |name: &str| AwsError::new("InvalidRequestException", 400, format!("{name} is not valid"));
    let number = |name: &str, default: usize| match call.parameters.get(name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| invalid(name)),
    };
    let limit = number("max_result", PAGE)?;
    if !(1..=PAGE).contains(&limit) {
        return Err(invalid("max_result"));
    }
    let start = number("next_token", 0)?;
    let end = start.saturating_add(limit);
    let next = (end < items.len()).then(|| end.to_string());
    let items: Vec<Value> = items.into_iter().skip(start).take(limit).collect();
    Ok(json!({list: items, "nextToken": next}))
}
