//! Roles, and those of services.

use serde_json::Value;
use serde_json::json;

use super::boundary;
use super::change;
use super::encoded;
use super::input::Input;
use super::list_of;
use super::tag;
use crate::aws::iam::Holder;
use crate::aws::iam::NewRole;
use crate::aws::iam::Role;
use crate::aws::iam::RoleUpdate;
use crate::aws::iam::Tagged;
use crate::aws::iam::input;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

/// The bounds of a session's length, of which the first is the default.
const SESSION_DURATION: (u32, u32) = (3600, 43_200);

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NEW_NAME);
    let path = input.path();
    let trust_policy = input.required("AssumeRolePolicyDocument", input::DOCUMENT);
    let description = input.optional("Description", input::DESCRIPTION);
    let (least, most) = SESSION_DURATION;
    let max_session_duration = input.number("MaxSessionDuration", least, most).unwrap_or(least);
    let boundary = input.optional("PermissionsBoundary", input::ARN);
    let tags = input.tags();
    input.check()?;
    let spec = NewRole {
        name,
        path,
        trust_policy,
        max_session_duration,
    };
    let update = RoleUpdate {
        description,
        ..RoleUpdate::default()
    };
    let role = change(call, |account, directory, ids| {
        directory.create_role(account, spec, ids, call.now)?;
        directory.update_role(account, name, update)?;
        if boundary.is_some() {
            directory.set_boundary(account, Holder::role(name), boundary)?;
        }
        directory.edit_tags(account, Tagged::Role(name), |known| known.add(&tags))?;
        directory.find::<Role>(account, name).cloned()
    })?;
    Ok(json!({"Role": fields(call, &role, role.trust_policy.text())}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NAME);
    input.check()?;
    let world = call.base.world();
    let role = world.directory.find::<Role>(call.account()?, name)?;
    let mut fields = fields(call, role, &world.directory.render_trust_policy(role));
    if let Some(fields) = fields.as_object_mut() {
        let used = call.base.last_use(&role.id);
        let used = used.map(|used| json!({"LastUsedDate": time(call.service, used.when), "Region": used.region}));
        fields.insert("RoleLastUsed".to_owned(), used.unwrap_or_else(|| json!({})));
    }
    Ok(json!({"Role": fields}))
}

pub(super) fn update(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NAME);
    let (least, most) = SESSION_DURATION;
    let update = RoleUpdate {
        description: input.optional("Description", input::DESCRIPTION),
        max_session_duration: input.number("MaxSessionDuration", least, most),
    };
    input.check()?;
    change(call, |account, directory, _| {
        directory.update_role(account, name, update)
    })?;
    Ok(json!({}))
}

pub(super) fn update_description(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NAME);
    let update = RoleUpdate {
        description: Some(input.required("Description", input::DESCRIPTION)),
        max_session_duration: None,
    };
    input.check()?;
    let (role, trust_policy) = change(call, |account, directory, _| {
        directory.update_role(account, name, update)?;
        let role = directory.find::<Role>(account, name)?.clone();
        let trust_policy = directory.render_trust_policy(&role);
        Ok((role, trust_policy))
    })?;
    Ok(json!({"Role": fields(call, &role, &trust_policy)}))
}

pub(super) fn update_trust_policy(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NAME);
    let document = input.required("PolicyDocument", input::DOCUMENT);
    input.check()?;
    change(call, |account, directory, _| {
        directory.update_trust_policy(account, name, document)
    })?;
    Ok(Value::Null)
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    list_of(call, "Roles", |directory, role: &Role| {
        Ok(short_fields(call, role, &directory.render_trust_policy(role)))
    })
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NAME);
    input.check()?;
    change(call, |account, directory, _| directory.delete_role(account, name))?;
    Ok(Value::Null)
}

pub(super) fn create_service_linked(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let service = input.required("AWSServiceName", input::NAME);
    let suffix = input.optional("CustomSuffix", input::NEW_NAME);
    let update = RoleUpdate {
        description: input.optional("Description", input::DESCRIPTION),
        max_session_duration: None,
    };
    input.check()?;
    let role = change(call, |account, directory, ids| {
        let made = directory.create_service_linked_role(account, service, suffix, ids, call.now)?;
        directory.update_role(account, &made.name, update)?;
        directory.find::<Role>(account, &made.name).cloned()
    })?;
    Ok(json!({"Role": fields(call, &role, role.trust_policy.text())}))
}

pub(super) fn delete_service_linked(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required("RoleName", input::NAME);
    input.check()?;
    let id = change(call, |account, directory, ids| {
        directory.delete_service_linked_role(account, name, ids)
    })?;
    Ok(json!({"DeletionTaskId": id}))
}

pub(super) fn service_linked_deletion(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let id = input.required("DeletionTaskId", input::TASK_ID);
    input.check()?;
    let world = call.base.world();
    world.directory.service_linked_role_deletion(call.account()?, id)?;
    Ok(json!({"Status": "SUCCEEDED"}))
}

/// What lists show of a role.
pub(super) fn short_fields(call: &Context<'_>, role: &Role, trust_policy: &str) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": time(call.service, role.created),
        "AssumeRolePolicyDocument": encoded(trust_policy),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
    })
}

fn fields(call: &Context<'_>, role: &Role, trust_policy: &str) -> Value {
    let mut fields = short_fields(call, role, trust_policy);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("PermissionsBoundary".to_owned(), boundary(&role.policies));
        fields.insert("Tags".to_owned(), tag::fields(&role.tags));
    }
    fields
}
