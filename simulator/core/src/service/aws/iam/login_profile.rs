//! Passwords for the console, and credentials of other kinds that tools look for before they delete a user.
//!
//! FIDELITY: users have no SSH public keys, signing certificates or service-specific credentials, since nothing makes them;
//! accounts have IAM's default password policy.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::input::Input;
use super::user_name;
use crate::aws::iam::IamError;
use crate::aws::iam::LoginProfile;
use crate::aws::iam::LoginProfileChange;
use crate::aws::iam::input;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

/// Bounds of MaxSigninSessionDuration.
const SESSION_SECONDS: (u32, u32) = (3600, 7_776_000);

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NEW_NAME);
    let password = input.required("Password", input::PASSWORD);
    let is_reset_required = input.flag("PasswordResetRequired");
    let max_session_seconds = input.number("MaxSigninSessionDuration", SESSION_SECONDS.0, SESSION_SECONDS.1);
    input.check()?;
    let user = user_name(call)?;
    let profile = LoginProfile {
        created: call.now,
        is_reset_required,
        max_session_seconds,
    };
    let (name, profile) = change(call, |account, directory, _| {
        let profile = directory.create_login_profile(account, &user, password, profile)?;
        Ok((directory.find_user(account, &user)?.name.clone(), profile))
    })?;
    Ok(json!({"LoginProfile": fields(call, &name, &profile)}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NEW_NAME);
    input.check()?;
    let world = call.base.world();
    let (account, name) = (call.account()?, user_name(call)?);
    let profile = world.directory.login_profile(account, &name)?;
    let user = world.directory.find_user(account, &name)?;
    Ok(json!({"LoginProfile": fields(call, &user.name, profile)}))
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let user = input.required("UserName", input::NEW_NAME);
    let password = input.optional("Password", input::PASSWORD);
    let reset = input.optional("PasswordResetRequired", Rule::one_of(&["true", "false"]));
    let seconds = input.number("MaxSigninSessionDuration", SESSION_SECONDS.0, SESSION_SECONDS.1);
    let is_unset = input.flag("ResetMaxSigninSessionDuration");
    input.check()?;
    let asked = LoginProfileChange {
        password,
        is_reset_required: reset.map(|reset| reset == "true"),
        max_session_seconds: if is_unset { Some(None) } else { seconds.map(Some) },
    };
    change(call, |account, directory, _| {
        directory.update_login_profile(account, user, asked)
    })?;
    Ok(Value::Null)
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NEW_NAME);
    input.check()?;
    let user = user_name(call)?;
    change(call, |account, directory, _| {
        directory.delete_login_profile(account, &user)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_ssh_public_keys(call: &Context<'_>) -> Result<Value, AwsError> {
    none_of_a_user(call, "SSHPublicKeys")
}

pub(super) fn list_signing_certificates(call: &Context<'_>) -> Result<Value, AwsError> {
    none_of_a_user(call, "Certificates")
}

pub(super) fn list_service_specific_credentials(call: &Context<'_>) -> Result<Value, AwsError> {
    none_of_a_user(call, "ServiceSpecificCredentials")
}

/// The list of what no user has, of one that is there.
fn none_of_a_user(call: &Context<'_>, list: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    let of_all = input.flag("AllUsers");
    let page = input.page();
    input.check()?;
    if !of_all {
        let world = call.base.world();
        world.directory.find_user(call.account()?, &user_name(call)?)?;
    }
    page.of(list, Vec::new())
}

pub(super) fn password_policy(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = call.account()?.clone();
    Err(IamError::NoPasswordPolicy { account }.into())
}

fn fields(call: &Context<'_>, user: &str, profile: &LoginProfile) -> Value {
    json!({
        "UserName": user,
        "CreateDate": time(call.service, profile.created),
        "PasswordResetRequired": profile.is_reset_required,
        "MaxSigninSessionDuration": profile.max_session_seconds,
    })
}
