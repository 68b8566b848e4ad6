//! The ARNs by which policies name what IAM's operations act on.
//!
//! FIDELITY: lists are on `*`. IAM's own messages name some resources by kind and name (`user jane`) in place of the ARN.

use crate::aws::iam::Entity;
use crate::aws::iam::Group;
use crate::aws::iam::InstanceProfile;
use crate::aws::iam::Role;
use crate::aws::iam::Service;
use crate::aws::iam::User;
use crate::service::aws::operation::Context;

pub(super) fn anything(_: &Context<'_>) -> String {
    "*".to_owned()
}

pub(super) fn user(call: &Context<'_>) -> String {
    let name = super::user_name(call).unwrap_or_default();
    existing::<User>(call, "user", &name, |user| &user.arn)
}

pub(super) fn new_user(call: &Context<'_>) -> String {
    new(call, "user", "UserName")
}

pub(super) fn role(call: &Context<'_>) -> String {
    existing::<Role>(call, "role", parameter(call, "RoleName"), |role| &role.arn)
}

pub(super) fn new_role(call: &Context<'_>) -> String {
    new(call, "role", "RoleName")
}

pub(super) fn service_role(call: &Context<'_>) -> String {
    let service = Service::find(parameter(call, "AWSServiceName"));
    let suffix = call.parameters.get("CustomSuffix");
    service.map_or_else(
        |_| "*".to_owned(),
        |service| arn(call, "role", &service.role_path(), &service.role_name(suffix)),
    )
}

pub(super) fn group(call: &Context<'_>) -> String {
    existing::<Group>(call, "group", parameter(call, "GroupName"), |group| &group.arn)
}

pub(super) fn new_group(call: &Context<'_>) -> String {
    new(call, "group", "GroupName")
}

pub(super) fn policy(call: &Context<'_>) -> String {
    parameter(call, "PolicyArn").to_owned()
}

pub(super) fn new_policy(call: &Context<'_>) -> String {
    new(call, "policy", "PolicyName")
}

pub(super) fn instance_profile(call: &Context<'_>) -> String {
    let name = parameter(call, "InstanceProfileName");
    existing::<InstanceProfile>(call, "instance-profile", name, |profile| &profile.arn)
}

pub(super) fn new_instance_profile(call: &Context<'_>) -> String {
    new(call, "instance-profile", "InstanceProfileName")
}

pub(super) fn oidc_provider(call: &Context<'_>) -> String {
    parameter(call, "OpenIDConnectProviderArn").to_owned()
}

pub(super) fn new_oidc_provider(call: &Context<'_>) -> String {
    let url = parameter(call, "Url");
    let host = url.strip_prefix("https://").unwrap_or(url);
    arn(call, "oidc-provider", "/", host)
}

pub(super) fn mfa_device(call: &Context<'_>) -> String {
    parameter(call, "SerialNumber").to_owned()
}

pub(super) fn new_mfa_device(call: &Context<'_>) -> String {
    new(call, "mfa", "VirtualMFADeviceName")
}

pub(super) fn policy_source(call: &Context<'_>) -> String {
    parameter(call, "PolicySourceArn").to_owned()
}

fn parameter<'a>(call: &Context<'a>, name: &str) -> &'a str {
    call.parameters.get(name).unwrap_or_default()
}

fn new(call: &Context<'_>, kind: &str, name: &str) -> String {
    let path = call.parameters.get("Path").unwrap_or("/");
    arn(call, kind, path, parameter(call, name))
}

fn existing<E: Entity>(call: &Context<'_>, kind: &str, name: &str, of: fn(&E) -> &String) -> String {
    let world = call.base.world();
    let account = call.account().ok();
    let entity = account.and_then(|account| world.directory.find::<E>(account, name).ok());
    entity.map_or_else(|| arn(call, kind, "/", name), |entity| of(entity).clone())
}

fn arn(call: &Context<'_>, kind: &str, path: &str, name: &str) -> String {
    let world = call.base.world();
    let account = call.account().ok().and_then(|account| world.directory.account(account));
    account.map_or_else(|| "*".to_owned(), |account| account.arn(kind, path, name))
}
