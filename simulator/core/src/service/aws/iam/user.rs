//! Users and their access keys.

use serde_json::Value;
use serde_json::json;

use super::boundary;
use super::change;
use super::input::Input;
use super::list_of;
use super::tag;
use super::user_name;
use crate::aws::iam::AccessKey;
use crate::aws::iam::Holder;
use crate::aws::iam::IamError;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::KeyStatus;
use crate::aws::iam::Tagged;
use crate::aws::iam::User;
use crate::aws::iam::input;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("UserName", input::NEW_NAME);
    let path = input.path();
    let boundary = input.optional("PermissionsBoundary", input::ARN);
    let tags = input.tags();
    input.check()?;
    let user = change(call, |account, directory, ids| {
        directory.create_user(account, name, path, ids, call.now)?;
        if boundary.is_some() {
            directory.set_boundary(account, Holder::user(name), boundary)?;
        }
        directory.edit_tags(account, Tagged::User(name), |known| known.add(&tags))?;
        directory.find_user(account, name).cloned()
    })?;
    Ok(json!({"User": fields(call, &user)}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    input.check()?;
    let world = call.base.world();
    let user = world.directory.find_user(call.account()?, &user_name(call)?)?;
    Ok(json!({"User": fields(call, user)}))
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("UserName", input::NAME);
    let new_name = input.optional("NewUserName", input::NEW_NAME);
    let new_path = input.optional("NewPath", input::PATH);
    input.check()?;
    change(call, |account, directory, _| {
        directory.update_user(account, name, new_name, new_path)
    })?;
    Ok(Value::Null)
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    list_of(call, "Users", |_, user: &User| Ok(short_fields(call, user)))
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("UserName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| directory.delete_user(account, name))?;
    Ok(Value::Null)
}

pub(super) fn create_access_key(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    input.check()?;
    let name = user_name(call)?;
    let (user, key) = change(call, |account, directory, ids| {
        let key = directory.create_access_key(account, &name, ids, call.now)?;
        Ok((directory.find_user(account, &name)?.name.clone(), key))
    })?;
    let mut fields = key_fields(call, &user, &key);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("SecretAccessKey".to_owned(), json!(key.secret.expose()));
    }
    Ok(json!({"AccessKey": fields}))
}

pub(super) fn list_access_keys(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    let page = input.page();
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let user = world.directory.find_user(account, &user_name(call)?)?;
    let keys = world.directory.access_keys_of(account, user);
    let keys = keys.map(|key| (key.id.clone(), key_fields(call, &user.name, key)));
    page.of("AccessKeyMetadata", keys.collect())
}

pub(super) fn update_access_key(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    let id = input.required("AccessKeyId", input::ACCESS_KEY_ID);
    let status = input.required("Status", Rule::one_of(&["Active", "Inactive"]));
    input.check()?;
    let status = match status {
        "Active" => KeyStatus::Active,
        _ => KeyStatus::Inactive,
    };
    let name = user_name(call)?;
    change(call, |account, directory, _| {
        directory.set_key_status(account, &name, id, status)
    })?;
    Ok(Value::Null)
}

pub(super) fn delete_access_key(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    input.optional("UserName", input::NAME);
    let id = input.required("AccessKeyId", input::ACCESS_KEY_ID);
    input.check()?;
    let name = user_name(call)?;
    change(call, |account, directory, _| {
        directory.delete_access_key(account, &name, id)
    })?;
    Ok(Value::Null)
}

pub(super) fn access_key_last_used(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let id = input.required("AccessKeyId", input::ACCESS_KEY_ID);
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let user = world
        .directory
        .access_key(id)
        .filter(|key| key.account == *account && key.session.is_none())
        .and_then(|key| match &key.owner {
            KeyOwner::User { user_name, .. } => Some(user_name),
            _ => None,
        })
        .ok_or_else(|| IamError::NoSuchAccessKey { id: id.to_owned() })?;
    let used = call.base.last_use(id);
    Ok(json!({
        "UserName": user,
        "AccessKeyLastUsed": {
            "LastUsedDate": used.as_ref().map(|used| time(call.service, used.when)),
            "Region": used.as_ref().map_or("N/A", |used| &used.region),
            "ServiceName": used.as_ref().map_or("N/A", |used| used.service),
        },
    }))
}

/// What lists show of a user.
pub(super) fn short_fields(call: &Context<'_>, user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": time(call.service, user.created),
    })
}

pub(super) fn fields(call: &Context<'_>, user: &User) -> Value {
    let mut fields = short_fields(call, user);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("PermissionsBoundary".to_owned(), boundary(&user.policies));
        fields.insert("Tags".to_owned(), tag::fields(&user.tags));
    }
    fields
}

fn key_fields(call: &Context<'_>, user_name: &str, key: &AccessKey) -> Value {
    let status = match key.status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    json!({
        "UserName": user_name,
        "AccessKeyId": key.id,
        "Status": status,
        "CreateDate": time(call.service, key.created),
    })
}
