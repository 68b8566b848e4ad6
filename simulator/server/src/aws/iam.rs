//! IAM: users, their access keys, and roles. Every caller is an administrator of its own account.

use eks_auth_core::iam::AccessKey;
use eks_auth_core::iam::IamError;
use eks_auth_core::iam::KeyStatus;
use eks_auth_core::iam::NewRole;
use eks_auth_core::iam::Role;
use eks_auth_core::iam::User;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use serde_json::json;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use super::protocol::time;

/// The default of CreateRole.
const SESSION_DURATION: u32 = 3600;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("CreateAccessKey", create_access_key),
    operation("CreateRole", create_role),
    operation("CreateUser", create_user),
    operation("DeleteAccessKey", delete_access_key),
    operation("DeleteRole", delete_role),
    operation("DeleteUser", delete_user),
    operation("GetRole", get_role),
    operation("GetUser", get_user),
    operation("ListAccessKeys", list_access_keys),
    operation("ListRoles", list_roles),
    operation("ListUsers", list_users),
    operation("UpdateAccessKey", update_access_key),
];

const fn operation(name: &'static str, answer: fn(&Context<'_>) -> Result<Value, AwsError>) -> Operation {
    Operation {
        name,
        route: "",
        access: Access::Caller,
        answer: Work::Members(answer),
    }
}

fn create_access_key(call: &Context<'_>) -> Result<Value, AwsError> {
    let (account, name) = (call.account()?, user_name(call)?);
    let key = call.state.change(|world| {
        world
            .directory
            .create_access_key(account, &name, &mut world.ids, call.now)
    })?;
    let mut fields = key_fields(call, &name, &key);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("SecretAccessKey".to_owned(), json!(key.secret.expose()));
    }
    Ok(json!({"AccessKey": fields}))
}

fn create_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = call.account()?;
    let spec = NewRole {
        name: call.parameters.required("RoleName", "roleName")?,
        path: call.parameters.get("Path").unwrap_or("/"),
        trust_policy: call
            .parameters
            .required("AssumeRolePolicyDocument", "assumeRolePolicyDocument")?,
        max_session_duration: call
            .parameters
            .get("MaxSessionDuration")
            .and_then(|seconds| seconds.parse().ok())
            .unwrap_or(SESSION_DURATION),
    };
    let role = call
        .state
        .change(|world| world.directory.create_role(account, spec, &mut world.ids, call.now))?;
    Ok(json!({"Role": role_fields(call, &role, role.trust_policy.text())}))
}

fn create_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = call.account()?;
    let name = call.parameters.required("UserName", "userName")?;
    let path = call.parameters.get("Path").unwrap_or("/");
    let user = call.state.change(|world| {
        world
            .directory
            .create_user(account, name, path, &mut world.ids, call.now)
    })?;
    Ok(json!({"User": user_fields(call, &user)}))
}

fn delete_access_key(call: &Context<'_>) -> Result<Value, AwsError> {
    let (account, name) = (call.account()?, user_name(call)?);
    let id = call.parameters.required("AccessKeyId", "accessKeyId")?;
    call.state
        .change(|world| world.directory.delete_access_key(account, &name, id))?;
    Ok(Value::Null)
}

fn delete_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = call.account()?;
    let name = call.parameters.required("RoleName", "roleName")?;
    call.state.change(|world| world.directory.delete_role(account, name))?;
    Ok(Value::Null)
}

fn delete_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let account = call.account()?;
    let name = call.parameters.required("UserName", "userName")?;
    call.state.change(|world| world.directory.delete_user(account, name))?;
    Ok(Value::Null)
}

fn get_role(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let name = call.parameters.required("RoleName", "roleName")?;
    let role = world
        .directory
        .account(call.account()?)
        .and_then(|account| account.role(name))
        .ok_or_else(|| IamError::NoSuchRole { name: name.to_owned() })?;
    let trust_policy = world.directory.render_trust_policy(role);
    Ok(json!({"Role": role_fields(call, role, &trust_policy)}))
}

fn get_user(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let user = world.directory.find_user(call.account()?, &user_name(call)?)?;
    Ok(json!({"User": user_fields(call, user)}))
}

fn list_access_keys(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let account = call.account()?;
    let user = world.directory.find_user(account, &user_name(call)?)?;
    let keys = world.directory.access_keys_of(account, user);
    let keys: Vec<Value> = keys.map(|key| key_fields(call, &user.name, key)).collect();
    Ok(json!({"AccessKeyMetadata": keys, "IsTruncated": false}))
}

fn list_roles(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let roles = world.directory.account(call.account()?).into_iter();
    let roles: Vec<Value> = roles
        .flat_map(|account| account.roles())
        .filter(|role| role.path.starts_with(path_prefix(call)))
        .map(|role| role_fields(call, role, &world.directory.render_trust_policy(role)))
        .collect();
    Ok(json!({"Roles": roles, "IsTruncated": false}))
}

fn list_users(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.state.snapshot();
    let users = world.directory.account(call.account()?).into_iter();
    let users: Vec<Value> = users
        .flat_map(|account| account.users())
        .filter(|user| user.path.starts_with(path_prefix(call)))
        .map(|user| user_fields(call, user))
        .collect();
    Ok(json!({"Users": users, "IsTruncated": false}))
}

fn update_access_key(call: &Context<'_>) -> Result<Value, AwsError> {
    let (account, name) = (call.account()?, user_name(call)?);
    let id = call.parameters.required("AccessKeyId", "accessKeyId")?;
    let status = match call.parameters.required("Status", "status")? {
        "Active" => KeyStatus::Active,
        "Inactive" => KeyStatus::Inactive,
        other => {
            return Err(AwsError::new(
                "ValidationError",
                400,
                format!(
                    "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]"
                ),
            ));
        }
    };
    call.state
        .change(|world| world.directory.set_key_status(account, &name, id, status))?;
    Ok(Value::Null)
}

fn path_prefix<'a>(call: &'a Context<'_>) -> &'a str {
    call.parameters.get("PathPrefix").unwrap_or("/")
}

/// The user that is named, or else the calling user.
fn user_name(call: &Context<'_>) -> Result<String, AwsError> {
    if let Some(name) = call.parameters.get("UserName") {
        return Ok(name.to_owned());
    }
    let arn = &call.caller()?.identity().arn;
    match arn.split_once(":user/") {
        Some((_, path)) => Ok(path.rsplit('/').next().unwrap_or_default().to_owned()),
        None => Err(AwsError::new(
            "ValidationError",
            400,
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

fn user_fields(call: &Context<'_>, user: &User) -> Value {
    json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": time(call.service, user.created),
    })
}

fn role_fields(call: &Context<'_>, role: &Role, trust_policy: &str) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": time(call.service, role.created),
        "AssumeRolePolicyDocument": utf8_percent_encode(trust_policy, NON_ALPHANUMERIC).to_string(),
        "MaxSessionDuration": role.max_session_duration,
    })
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
