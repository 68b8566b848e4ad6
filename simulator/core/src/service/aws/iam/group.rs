//! Groups and who is in them.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::input::Input;
use super::items;
use super::list_of;
use super::user;
use crate::aws::iam::Group;
use crate::aws::iam::input;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (name, path) = (input.required("GroupName", input::NAME), input.path());
    input.check()?;
    let group = change(call, |account, directory, ids| {
        directory.create_group(account, name, path, ids, call.now)
    })?;
    Ok(json!({"Group": fields(call, &group)}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (name, page) = (input.required("GroupName", input::NAME), input.page());
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let group = world.directory.find::<Group>(account, name)?;
    let users = world.directory.users_in(account, group);
    let users = items(users, |user| Ok(user::short_fields(call, user)))?;
    let mut answer = page.of("Users", users)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("Group".to_owned(), fields(call, group));
    }
    Ok(answer)
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("GroupName", input::NAME);
    let new_name = input.optional("NewGroupName", input::NAME);
    let new_path = input.optional("NewPath", input::PATH);
    input.check()?;
    change(call, |account, directory, _| {
        directory.update_group(account, name, new_name, new_path)
    })?;
    Ok(Value::Null)
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    list_of(call, "Groups", |_, group: &Group| Ok(fields(call, group)))
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("GroupName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| directory.delete_group(account, name))?;
    Ok(Value::Null)
}

pub(super) fn add_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let group = input.required("GroupName", input::NAME);
    let user = input.required("UserName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| {
        directory.add_user_to_group(account, group, user)
    })?;
    Ok(Value::Null)
}

pub(super) fn remove_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let group = input.required("GroupName", input::NAME);
    let user = input.required("UserName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| {
        directory.remove_user_from_group(account, group, user)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_of_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (name, page) = (input.required("UserName", input::NAME), input.page());
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let user = world.directory.find_user(account, name)?;
    let groups = world.directory.groups_of(account, user);
    page.of("Groups", items(groups, |group| Ok(fields(call, group)))?)
}

pub(super) fn fields(call: &Context<'_>, group: &Group) -> Value {
    json!({
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": time(call.service, group.created),
    })
}
