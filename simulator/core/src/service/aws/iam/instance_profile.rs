//! Instance profiles.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::input::Input;
use super::items;
use super::list_of;
use super::role;
use super::tag;
use crate::aws::iam::InstanceProfile;
use crate::aws::iam::Role;
use crate::aws::iam::Tagged;
use crate::aws::iam::input;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (name, path) = (input.required("InstanceProfileName", input::NAME), input.path());
    let tags = input.tags();
    input.check()?;
    let profile = change(call, |account, directory, ids| {
        directory.create_instance_profile(account, name, path, ids, call.now)?;
        directory.edit_tags(account, Tagged::InstanceProfile(name), |known| known.add(&tags))?;
        directory.find::<InstanceProfile>(account, name).cloned()
    })?;
    Ok(json!({"InstanceProfile": fields(call, &profile)?}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("InstanceProfileName", input::NAME);
    input.check()?;
    let world = call.base.world();
    let profile = world.directory.find::<InstanceProfile>(call.account()?, name)?;
    Ok(json!({"InstanceProfile": fields(call, profile)?}))
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    list_of(call, "InstanceProfiles", |_, profile: &InstanceProfile| {
        fields(call, profile)
    })
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("InstanceProfileName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| {
        directory.delete_instance_profile(account, name)
    })?;
    Ok(Value::Null)
}

pub(super) fn add_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("InstanceProfileName", input::NAME);
    let role = input.required("RoleName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| {
        directory.add_role_to_instance_profile(account, name, role)
    })?;
    Ok(Value::Null)
}

pub(super) fn remove_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("InstanceProfileName", input::NAME);
    let role = input.required("RoleName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| {
        directory.remove_role_from_instance_profile(account, name, role)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_of_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (name, page) = (input.required("RoleName", input::NAME), input.page());
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let role = world.directory.find::<Role>(account, name)?;
    let profiles = world.directory.instance_profiles_of(account, role);
    page.of("InstanceProfiles", items(profiles, |profile| fields(call, profile))?)
}

pub(super) fn fields(call: &Context<'_>, profile: &InstanceProfile) -> Result<Value, AwsError> {
    let world = call.base.world();
    let account = call.account()?;
    let role = profile.role.as_ref();
    let role = role.and_then(|role| world.directory.find::<Role>(account, role).ok());
    let roles: Vec<Value> = role
        .into_iter()
        .map(|role| role::short_fields(call, role, &world.directory.render_trust_policy(role)))
        .collect();
    Ok(json!({
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": time(call.service, profile.created),
        "Roles": roles,
        "Tags": tag::fields(&profile.tags),
    }))
}
