//! IAM: users, their access keys, and roles. Every caller is an administrator of its own account.

use eks_auth_core::iam::AccessKey;
use eks_auth_core::iam::IamError;
use eks_auth_core::iam::KeyStatus;
use eks_auth_core::iam::NewRole;
use eks_auth_core::iam::Role;
use eks_auth_core::iam::User;
use eks_auth_core::sigv4::VerifiedCaller;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

use super::error::AwsError;
use super::protocol::Call;
use super::protocol::success;
use super::protocol::xml;
use crate::http::Response;
use crate::state::State;

/// The XML namespace of every answer.
pub(super) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
/// The default of CreateRole.
const SESSION_DURATION: u32 = 3600;

pub(super) fn answer(
    state: &State,
    caller: &VerifiedCaller,
    call: &Call,
    request_id: &str,
) -> Result<Response, AwsError> {
    let result = result(state, caller, call)?;
    Ok(success(NAMESPACE, &call.action, &result, request_id))
}

fn result(state: &State, caller: &VerifiedCaller, call: &Call) -> Result<String, AwsError> {
    let account = &caller.identity().account;
    let now = state.now();
    let world = state.snapshot();
    let name = || user_name(caller, call);
    let members = |list: &str, members: String| format!("<{list}>{members}</{list}><IsTruncated>false</IsTruncated>");
    let prefix = call.parameter("PathPrefix").unwrap_or("/");
    let found = world.directory.account(account);
    match call.action.as_str() {
        "CreateAccessKey" => {
            let name = name()?;
            let key = state.change(|world| world.directory.create_access_key(account, &name, &mut world.ids, now))?;
            let secret = xml("SecretAccessKey", key.secret.expose());
            Ok(format!("<AccessKey>{}{secret}</AccessKey>", key_fields(&name, &key)))
        }
        "CreateRole" => {
            let spec = NewRole {
                name: call.required("RoleName", "roleName")?,
                path: call.parameter("Path").unwrap_or("/"),
                trust_policy: call.required("AssumeRolePolicyDocument", "assumeRolePolicyDocument")?,
                max_session_duration: call
                    .parameter("MaxSessionDuration")
                    .and_then(|seconds| seconds.parse().ok())
                    .unwrap_or(SESSION_DURATION),
            };
            if serde_json::from_str::<serde_json::Value>(spec.trust_policy).is_err() {
                return Err(AwsError::new(
                    "MalformedPolicyDocument",
                    400,
                    "This policy contains invalid Json",
                ));
            }
            let role = state.change(|world| world.directory.create_role(account, spec, &mut world.ids, now))?;
            Ok(format!("<Role>{}</Role>", role_fields(&role)))
        }
        "CreateUser" => {
            let name = call.required("UserName", "userName")?;
            let path = call.parameter("Path").unwrap_or("/");
            let user = state.change(|world| world.directory.create_user(account, name, path, &mut world.ids, now))?;
            Ok(format!("<User>{}</User>", user_fields(&user)))
        }
        "DeleteAccessKey" => {
            let (name, id) = (name()?, call.required("AccessKeyId", "accessKeyId")?);
            state.change(|world| world.directory.delete_access_key(account, &name, id))?;
            Ok(String::new())
        }
        "DeleteRole" => {
            let name = call.required("RoleName", "roleName")?;
            state.change(|world| world.directory.delete_role(account, name))?;
            Ok(String::new())
        }
        "DeleteUser" => {
            let name = call.required("UserName", "userName")?;
            state.change(|world| world.directory.delete_user(account, name))?;
            Ok(String::new())
        }
        "GetRole" => {
            let name = call.required("RoleName", "roleName")?;
            let role = found
                .and_then(|account| account.role(name))
                .ok_or_else(|| IamError::NoSuchRole { name: name.to_owned() })?;
            Ok(format!("<Role>{}</Role>", role_fields(role)))
        }
        "GetUser" => {
            let user = world.directory.find_user(account, &name()?)?;
            Ok(format!("<User>{}</User>", user_fields(user)))
        }
        "ListAccessKeys" => {
            let user = world.directory.find_user(account, &name()?)?;
            let keys = world.directory.access_keys_of(account, user);
            let keys = keys.map(|key| format!("<member>{}</member>", key_fields(&user.name, key)));
            Ok(members("AccessKeyMetadata", keys.collect()))
        }
        "ListRoles" => {
            let roles = found.into_iter().flat_map(|account| account.roles());
            let roles = roles
                .filter(|role| role.path.starts_with(prefix))
                .map(|role| format!("<member>{}</member>", role_fields(role)));
            Ok(members("Roles", roles.collect()))
        }
        "ListUsers" => {
            let users = found.into_iter().flat_map(|account| account.users());
            let users = users
                .filter(|user| user.path.starts_with(prefix))
                .map(|user| format!("<member>{}</member>", user_fields(user)));
            Ok(members("Users", users.collect()))
        }
        "UpdateAccessKey" => {
            let (name, id) = (name()?, call.required("AccessKeyId", "accessKeyId")?);
            let status = match call.required("Status", "status")? {
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
            state.change(|world| world.directory.set_key_status(account, &name, id, status))?;
            Ok(String::new())
        }
        _ => Err(call.unknown_action()),
    }
}

/// The user that is named, or else the calling user.
fn user_name(caller: &VerifiedCaller, call: &Call) -> Result<String, AwsError> {
    if let Some(name) = call.parameter("UserName") {
        return Ok(name.to_owned());
    }
    let arn = &caller.identity().arn;
    match arn.split_once(":user/") {
        Some((_, path)) => Ok(path.rsplit('/').next().unwrap_or_default().to_owned()),
        None => Err(AwsError::new(
            "ValidationError",
            400,
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

fn user_fields(user: &User) -> String {
    xml("Path", &user.path)
        + &xml("UserName", &user.name)
        + &xml("UserId", &user.id)
        + &xml("Arn", &user.arn)
        + &xml("CreateDate", &user.created.render_rfc3339())
}

fn role_fields(role: &Role) -> String {
    let policy = utf8_percent_encode(&role.trust_policy, NON_ALPHANUMERIC).to_string();
    xml("Path", &role.path)
        + &xml("RoleName", &role.name)
        + &xml("RoleId", &role.id)
        + &xml("Arn", &role.arn)
        + &xml("CreateDate", &role.created.render_rfc3339())
        + &xml("AssumeRolePolicyDocument", &policy)
        + &xml("MaxSessionDuration", &role.max_session_duration.to_string())
}

fn key_fields(user_name: &str, key: &AccessKey) -> String {
    let status = match key.status {
        KeyStatus::Active => "Active",
        KeyStatus::Inactive => "Inactive",
    };
    xml("UserName", user_name)
        + &xml("AccessKeyId", &key.id)
        + &xml("Status", status)
        + &xml("CreateDate", &key.created.render_rfc3339())
}
