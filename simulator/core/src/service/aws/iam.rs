//! IAM: users, their keys and passwords, roles, groups, policies, instance profiles, identity providers, MFA devices, the account.
//!
//! FIDELITY: iam:PassRole is not asked for, nor are condition keys of IAM's own, such as iam:PolicyARN. What is not there is
//! told before what else is wrong with a change. When keys and roles were last used is forgotten when the process ends.

mod account;
mod group;
mod input;
mod instance_profile;
mod login_profile;
mod mfa;
mod oidc_provider;
mod policy;
mod resource;
mod role;
mod simulate;
mod tag;
#[cfg(test)]
mod tests;
mod user;

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use serde_json::json;

use self::input::Input;
use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use crate::aws::iam::Directory;
use crate::aws::iam::Entity;
use crate::aws::iam::IamError;
use crate::aws::iam::Policies;
use crate::value::arn::AccountId;
use crate::value::id::IdGenerator;

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "AddClientIDToOpenIDConnectProvider",
        resource::oidc_provider,
        oidc_provider::add_client_id,
    ),
    operation(
        "AddRoleToInstanceProfile",
        resource::instance_profile,
        instance_profile::add_role,
    ),
    operation("AddUserToGroup", resource::group, group::add_user),
    operation("AttachGroupPolicy", resource::group, policy::attach::<policy::Group>),
    operation("AttachRolePolicy", resource::role, policy::attach::<policy::Role>),
    operation("AttachUserPolicy", resource::user, policy::attach::<policy::User>),
    operation("CreateAccessKey", resource::user, user::create_access_key),
    operation("CreateAccountAlias", resource::anything, account::create_alias),
    operation("CreateGroup", resource::new_group, group::create),
    operation(
        "CreateInstanceProfile",
        resource::new_instance_profile,
        instance_profile::create,
    ),
    operation("CreateLoginProfile", resource::user, login_profile::create),
    operation(
        "CreateOpenIDConnectProvider",
        resource::new_oidc_provider,
        oidc_provider::create,
    ),
    operation("CreatePolicy", resource::new_policy, policy::create),
    operation("CreatePolicyVersion", resource::policy, policy::create_version),
    operation("CreateRole", resource::new_role, role::create),
    operation(
        "CreateServiceLinkedRole",
        resource::service_role,
        role::create_service_linked,
    ),
    operation("CreateUser", resource::new_user, user::create),
    operation("CreateVirtualMFADevice", resource::new_mfa_device, mfa::create),
    operation("DeactivateMFADevice", resource::user, mfa::deactivate),
    operation("DeleteAccessKey", resource::user, user::delete_access_key),
    operation("DeleteAccountAlias", resource::anything, account::delete_alias),
    operation("DeleteGroup", resource::group, group::delete),
    operation(
        "DeleteGroupPolicy",
        resource::group,
        policy::delete_inline::<policy::Group>,
    ),
    operation(
        "DeleteInstanceProfile",
        resource::instance_profile,
        instance_profile::delete,
    ),
    operation("DeleteLoginProfile", resource::user, login_profile::delete),
    operation(
        "DeleteOpenIDConnectProvider",
        resource::oidc_provider,
        oidc_provider::delete,
    ),
    operation("DeletePolicy", resource::policy, policy::delete),
    operation("DeletePolicyVersion", resource::policy, policy::delete_version),
    operation("DeleteRole", resource::role, role::delete),
    operation(
        "DeleteRolePermissionsBoundary",
        resource::role,
        policy::delete_boundary::<policy::Role>,
    ),
    operation(
        "DeleteRolePolicy",
        resource::role,
        policy::delete_inline::<policy::Role>,
    ),
    operation("DeleteServiceLinkedRole", resource::role, role::delete_service_linked),
    operation("DeleteUser", resource::user, user::delete),
    operation(
        "DeleteUserPermissionsBoundary",
        resource::user,
        policy::delete_boundary::<policy::User>,
    ),
    operation(
        "DeleteUserPolicy",
        resource::user,
        policy::delete_inline::<policy::User>,
    ),
    operation("DeleteVirtualMFADevice", resource::mfa_device, mfa::delete),
    operation("DetachGroupPolicy", resource::group, policy::detach::<policy::Group>),
    operation("DetachRolePolicy", resource::role, policy::detach::<policy::Role>),
    operation("DetachUserPolicy", resource::user, policy::detach::<policy::User>),
    operation("EnableMFADevice", resource::user, mfa::enable),
    operation("GetAccessKeyLastUsed", resource::anything, user::access_key_last_used),
    operation(
        "GetAccountAuthorizationDetails",
        resource::anything,
        account::authorization_details,
    ),
    operation(
        "GetAccountPasswordPolicy",
        resource::anything,
        login_profile::password_policy,
    ),
    operation("GetAccountSummary", resource::anything, account::summary),
    operation("GetGroup", resource::group, group::get),
    operation("GetGroupPolicy", resource::group, policy::get_inline::<policy::Group>),
    operation("GetInstanceProfile", resource::instance_profile, instance_profile::get),
    operation("GetLoginProfile", resource::user, login_profile::get),
    operation("GetOpenIDConnectProvider", resource::oidc_provider, oidc_provider::get),
    operation("GetPolicy", resource::policy, policy::get),
    operation("GetPolicyVersion", resource::policy, policy::get_version),
    operation("GetRole", resource::role, role::get),
    operation("GetRolePolicy", resource::role, policy::get_inline::<policy::Role>),
    operation(
        "GetServiceLinkedRoleDeletionStatus",
        resource::anything,
        role::service_linked_deletion,
    ),
    operation("GetUser", resource::user, user::get),
    operation("GetUserPolicy", resource::user, policy::get_inline::<policy::User>),
    operation("ListAccessKeys", resource::user, user::list_access_keys),
    operation("ListAccountAliases", resource::anything, account::list_aliases),
    operation(
        "ListAttachedGroupPolicies",
        resource::group,
        policy::list_attached::<policy::Group>,
    ),
    operation(
        "ListAttachedRolePolicies",
        resource::role,
        policy::list_attached::<policy::Role>,
    ),
    operation(
        "ListAttachedUserPolicies",
        resource::user,
        policy::list_attached::<policy::User>,
    ),
    operation("ListEntitiesForPolicy", resource::policy, policy::list_entities),
    operation(
        "ListGroupPolicies",
        resource::group,
        policy::list_inline::<policy::Group>,
    ),
    operation("ListGroups", resource::anything, group::list),
    operation("ListGroupsForUser", resource::user, group::list_of_user),
    operation(
        "ListInstanceProfileTags",
        resource::instance_profile,
        tag::list::<tag::InstanceProfile>,
    ),
    operation("ListInstanceProfiles", resource::anything, instance_profile::list),
    operation(
        "ListInstanceProfilesForRole",
        resource::role,
        instance_profile::list_of_role,
    ),
    operation("ListMFADeviceTags", resource::mfa_device, tag::list::<tag::MfaDevice>),
    operation("ListMFADevices", resource::user, mfa::list_of_user),
    operation(
        "ListOpenIDConnectProviderTags",
        resource::oidc_provider,
        tag::list::<tag::OidcProvider>,
    ),
    operation("ListOpenIDConnectProviders", resource::anything, oidc_provider::list),
    operation("ListPolicies", resource::anything, policy::list),
    operation("ListPolicyTags", resource::policy, tag::list::<tag::Policy>),
    operation("ListPolicyVersions", resource::policy, policy::list_versions),
    operation("ListRolePolicies", resource::role, policy::list_inline::<policy::Role>),
    operation("ListRoleTags", resource::role, tag::list::<tag::Role>),
    operation("ListRoles", resource::anything, role::list),
    operation("ListSSHPublicKeys", resource::user, login_profile::list_ssh_public_keys),
    operation(
        "ListServiceSpecificCredentials",
        resource::user,
        login_profile::list_service_specific_credentials,
    ),
    operation(
        "ListSigningCertificates",
        resource::user,
        login_profile::list_signing_certificates,
    ),
    operation("ListUserPolicies", resource::user, policy::list_inline::<policy::User>),
    operation("ListUserTags", resource::user, tag::list::<tag::User>),
    operation("ListUsers", resource::anything, user::list),
    operation("ListVirtualMFADevices", resource::anything, mfa::list),
    operation("PutGroupPolicy", resource::group, policy::put_inline::<policy::Group>),
    operation(
        "PutRolePermissionsBoundary",
        resource::role,
        policy::put_boundary::<policy::Role>,
    ),
    operation("PutRolePolicy", resource::role, policy::put_inline::<policy::Role>),
    operation(
        "PutUserPermissionsBoundary",
        resource::user,
        policy::put_boundary::<policy::User>,
    ),
    operation("PutUserPolicy", resource::user, policy::put_inline::<policy::User>),
    operation(
        "RemoveClientIDFromOpenIDConnectProvider",
        resource::oidc_provider,
        oidc_provider::remove_client_id,
    ),
    operation(
        "RemoveRoleFromInstanceProfile",
        resource::instance_profile,
        instance_profile::remove_role,
    ),
    operation("RemoveUserFromGroup", resource::group, group::remove_user),
    operation("SetDefaultPolicyVersion", resource::policy, policy::set_default_version),
    operation(
        "SimulatePrincipalPolicy",
        resource::policy_source,
        simulate::principal_policy,
    ),
    operation(
        "TagInstanceProfile",
        resource::instance_profile,
        tag::add::<tag::InstanceProfile>,
    ),
    operation("TagMFADevice", resource::mfa_device, tag::add::<tag::MfaDevice>),
    operation(
        "TagOpenIDConnectProvider",
        resource::oidc_provider,
        tag::add::<tag::OidcProvider>,
    ),
    operation("TagPolicy", resource::policy, tag::add::<tag::Policy>),
    operation("TagRole", resource::role, tag::add::<tag::Role>),
    operation("TagUser", resource::user, tag::add::<tag::User>),
    operation(
        "UntagInstanceProfile",
        resource::instance_profile,
        tag::remove::<tag::InstanceProfile>,
    ),
    operation("UntagMFADevice", resource::mfa_device, tag::remove::<tag::MfaDevice>),
    operation(
        "UntagOpenIDConnectProvider",
        resource::oidc_provider,
        tag::remove::<tag::OidcProvider>,
    ),
    operation("UntagPolicy", resource::policy, tag::remove::<tag::Policy>),
    operation("UntagRole", resource::role, tag::remove::<tag::Role>),
    operation("UntagUser", resource::user, tag::remove::<tag::User>),
    operation("UpdateAccessKey", resource::user, user::update_access_key),
    operation("UpdateAssumeRolePolicy", resource::role, role::update_trust_policy),
    operation("UpdateGroup", resource::group, group::update),
    operation("UpdateLoginProfile", resource::user, login_profile::update),
    operation(
        "UpdateOpenIDConnectProviderThumbprint",
        resource::oidc_provider,
        oidc_provider::update_thumbprints,
    ),
    operation("UpdateRole", resource::role, role::update),
    operation("UpdateRoleDescription", resource::role, role::update_description),
    operation("UpdateUser", resource::user, user::update),
];

const fn operation(
    name: &'static str,
    resource: fn(&Context<'_>) -> String,
    answer: fn(&Context<'_>) -> Result<Value, AwsError>,
) -> Operation {
    Operation {
        name,
        route: "",
        access: Access::Permission(resource),
        answer: Work::Members(answer),
    }
}

/// Changes the directory whole or, where `change` refuses, not at all.
fn change<R>(
    call: &Context<'_>,
    change: impl FnOnce(&AccountId, &mut Directory, &mut IdGenerator) -> Result<R, IamError>,
) -> Result<R, AwsError> {
    let account = call.account()?;
    let answer = call.base.change(|world| {
        let (mut directory, mut ids) = (world.directory.clone(), world.ids.clone());
        let answer = change(account, &mut directory, &mut ids)?;
        (world.directory, world.ids) = (directory, ids);
        Ok::<_, IamError>(answer)
    })?;
    Ok(answer)
}

/// A page of the account's entities of a kind below the path that is asked for.
fn list_of<E: Entity>(
    call: &Context<'_>,
    list: &str,
    fields: impl Fn(&Directory, &E) -> Result<Value, AwsError>,
) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (prefix, page) = (input.path_prefix(), input.page());
    input.check()?;
    let world = call.base.world();
    let account = world.directory.account(call.account()?).into_iter();
    let entities = account
        .flat_map(|account| account.all::<E>())
        .filter(|entity| entity.path().starts_with(prefix));
    page.of(list, items(entities, |entity| fields(&world.directory, entity))?)
}

/// Entities as a page takes them.
fn items<'a, E: Entity>(
    entities: impl Iterator<Item = &'a E>,
    fields: impl Fn(&E) -> Result<Value, AwsError>,
) -> Result<Vec<(String, Value)>, AwsError> {
    entities
        .map(|entity| Ok((entity.name().to_ascii_lowercase(), fields(entity)?)))
        .collect()
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

/// A policy document as IAM answers it.
fn encoded(document: &str) -> String {
    utf8_percent_encode(document, NON_ALPHANUMERIC).to_string()
}

/// The member `PermissionsBoundary` of a user or role. Its type is the one that the model knows.
fn boundary(policies: &Policies) -> Value {
    policies.boundary().map_or(
        Value::Null,
        |arn| json!({"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}),
    )
}
