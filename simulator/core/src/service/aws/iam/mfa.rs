//! Virtual MFA devices.
//!
//! FIDELITY: the answer to CreateVirtualMFADevice has the seed in base32, but no picture of a QR code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::change;
use super::input::Input;
use super::tag;
use super::user;
use super::user_name;
use crate::aws::iam::MfaDevice;
use crate::aws::iam::Tagged;
use crate::aws::iam::User;
use crate::aws::iam::input;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (name, path) = (input.required("VirtualMFADeviceName", input::NAME), input.path());
    let tags = input.tags();
    input.check()?;
    let device = change(call, |account, directory, ids| {
        let made = directory.create_mfa_device(account, name, path, None, ids)?;
        directory.edit_tags(account, Tagged::MfaDevice(&made.serial), |known| known.add(&tags))?;
        directory.mfa_device(account, &made.serial).cloned()
    })?;
    Ok(json!({"VirtualMFADevice": {
        "SerialNumber": device.serial,
        "Base32StringSeed": STANDARD.encode(device.seed.expose()),
        "Tags": tag::fields(&device.tags),
    }}))
}

pub(super) fn enable(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let user = input.required("UserName", input::NAME);
    let serial = input.required("SerialNumber", input::SERIAL_NUMBER);
    let codes = ["AuthenticationCode1", "AuthenticationCode2"].map(|name| input.required(name, input::CODE));
    input.check()?;
    change(call, |account, directory, _| {
        directory.enable_mfa_device(account, user, serial, codes, call.now)
    })?;
    Ok(Value::Null)
}

pub(super) fn deactivate(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    let serial = input.required("SerialNumber", input::SERIAL_NUMBER);
    input.check()?;
    let user = user_name(call)?;
    change(call, |account, directory, _| {
        directory.deactivate_mfa_device(account, &user, serial)
    })?;
    Ok(Value::Null)
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let serial = input.required("SerialNumber", input::SERIAL_NUMBER);
    input.check()?;
    change(call, |account, directory, _| {
        directory.delete_mfa_device(account, serial)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_of_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    let page = input.page();
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let user = world.directory.find_user(account, &user_name(call)?)?;
    let devices = world.directory.mfa_devices_of(account, user);
    let devices = devices.map(|device| {
        let fields = json!({
            "UserName": user.name,
            "SerialNumber": device.serial,
            "EnableDate": device.enabled.map(|enabled| time(call.service, enabled)),
        });
        (device.serial.clone(), fields)
    });
    page.of("MFADevices", devices.collect())
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let status = input.optional("AssignmentStatus", Rule::one_of(&["Assigned", "Unassigned", "Any"]));
    let page = input.page();
    input.check()?;
    let world = call.base.world();
    let account = world.directory.account(call.account()?);
    let users: Vec<&User> = account.into_iter().flat_map(|account| account.users()).collect();
    let fields = |device: &MfaDevice| {
        let user = users.iter().find(|user| device.user_id.as_ref() == Some(&user.id));
        json!({
            "SerialNumber": device.serial,
            "User": user.map(|user| user::short_fields(call, user)),
            "EnableDate": device.enabled.map(|enabled| time(call.service, enabled)),
        })
    };
    let devices = account
        .into_iter()
        .flat_map(|account| account.mfa_devices())
        .filter(|device| match status {
            Some("Assigned") => device.user_id.is_some(),
            Some("Unassigned") => device.user_id.is_none(),
            _ => true,
        })
        .map(|device| (device.serial.clone(), fields(device)));
    page.of("VirtualMFADevices", devices.collect())
}
