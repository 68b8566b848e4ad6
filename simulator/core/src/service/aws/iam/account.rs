//! The account as a whole: its alias, how much there is in it, and all of that in one answer.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::encoded;
use super::group;
use super::input::Input;
use super::instance_profile;
use super::policy;
use super::role;
use super::tag;
use super::user;
use crate::aws::iam::Group;
use crate::aws::iam::InstanceProfile;
use crate::aws::iam::ManagedPolicy;
use crate::aws::iam::Policies;
use crate::aws::iam::Role;
use crate::aws::iam::input;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::map;
use crate::service::aws::protocol::time;

pub(super) fn create_alias(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let alias = input.required("AccountAlias", input::ALIAS);
    input.check()?;
    change(call, |account, directory, _| {
        directory.set_account_alias(account, alias)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_aliases(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let page = input.page();
    input.check()?;
    let world = call.base.world();
    let alias = world
        .directory
        .account(call.account()?)
        .and_then(|account| account.alias());
    let aliases = alias.into_iter().map(|alias| (alias.to_owned(), json!(alias)));
    page.of("AccountAliases", aliases.collect())
}

pub(super) fn delete_alias(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let alias = input.required("AccountAlias", input::ALIAS);
    input.check()?;
    change(call, |account, directory, _| {
        directory.delete_account_alias(account, alias)
    })?;
    Ok(Value::Null)
}

/// Quotas are AWS's defaults (IAM User Guide, "IAM and AWS STS quotas").
pub(super) fn summary(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.base.world();
    let id = call.account()?;
    let Some(account) = world.directory.account(id) else {
        return Ok(json!({"SummaryMap": map([])}));
    };
    let versions = world.directory.managed_policies(id);
    let versions = versions.iter().filter(|policy| !policy.is_of_aws());
    let versions: usize = versions.map(|policy| policy.versions.len()).sum();
    let in_use = account.mfa_devices().filter(|device| device.user_id.is_some()).count();
    let counts = [
        ("AccessKeysPerUserQuota", 2),
        ("AccountAccessKeysPresent", 0),
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 1),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", 2048),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("GlobalEndpointTokenVersion", 1),
        ("GroupPolicySizeQuota", 5120),
        ("Groups", account.all::<Group>().count()),
        ("GroupsPerUserQuota", 10),
        ("GroupsQuota", 300),
        ("InstanceProfiles", account.all::<InstanceProfile>().count()),
        ("InstanceProfilesQuota", 1000),
        ("MFADevices", account.mfa_devices().count()),
        ("MFADevicesInUse", in_use),
        ("Policies", account.policy_count()),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", 6144),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("Providers", account.oidc_providers().count()),
        ("RolePolicySizeQuota", 10_240),
        ("Roles", account.roles().count()),
        ("RolesQuota", 1000),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", 2048),
        ("Users", account.users().count()),
        ("UsersQuota", 5000),
        ("VersionsPerPolicyQuota", 5),
    ];
    Ok(json!({"SummaryMap": map(counts.map(|(name, count)| (name, json!(count))))}))
}

pub(super) fn authorization_details(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let kinds = Rule::one_of(&["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]);
    let filter = input.list("Filter", kinds);
    let page = input.page();
    input.check()?;
    let wants = |kind: &str| filter.is_empty() || filter.iter().any(|wanted| wanted == kind);
    let world = call.base.world();
    let id = call.account()?;
    let mut items = Vec::new();
    if let Some(account) = world.directory.account(id) {
        for user in account.users().filter(|_| wants("User")) {
            let groups: Vec<&str> = world.directory.groups_of(id, user).map(|group| &*group.name).collect();
            let more = json!({"GroupList": groups, "UserPolicyList": inline(&user.policies), "AttachedManagedPolicies": attached(&user.policies)});
            items.push((
                "UserDetailList",
                user.name.clone(),
                both(user::fields(call, user), more),
            ));
        }
        for group in account.all::<Group>().filter(|_| wants("Group")) {
            let more = json!({"GroupPolicyList": inline(&group.policies), "AttachedManagedPolicies": attached(&group.policies)});
            let fields = both(group::fields(call, group), more);
            items.push(("GroupDetailList", group.name.clone(), fields));
        }
        for role in account.roles().filter(|_| wants("Role")) {
            items.push(("RoleDetailList", role.name.clone(), role_details(call, role)?));
        }
    }
    for policy in world.directory.managed_policies(id) {
        let (attached, bounded) = world.directory.uses_of_policy(id, &policy.arn);
        // Of AWS's policies, those that are used (IAM API reference).
        let is_wanted = match policy.is_of_aws() {
            true => wants("AWSManagedPolicy") && attached + bounded > 0,
            false => wants("LocalManagedPolicy"),
        };
        if is_wanted {
            items.push(("Policies", policy.arn.clone(), policy_details(call, &policy)?));
        }
    }
    page.of_lists(
        &["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"],
        items,
    )
}

fn role_details(call: &Context<'_>, role: &Role) -> Result<Value, AwsError> {
    let world = call.base.world();
    let profiles = world.directory.instance_profiles_of(call.account()?, role);
    let profiles: Vec<Value> = profiles
        .map(|profile| instance_profile::fields(call, profile))
        .collect::<Result<_, _>>()?;
    let mut fields = role::short_fields(call, role, &world.directory.render_trust_policy(role));
    if let Some(fields) = fields.as_object_mut() {
        // What this answer has not, of what others have.
        fields.remove("Description");
        fields.remove("MaxSessionDuration");
    }
    let more = json!({
        "InstanceProfileList": profiles,
        "RolePolicyList": inline(&role.policies),
        "AttachedManagedPolicies": attached(&role.policies),
        "PermissionsBoundary": super::boundary(&role.policies),
        "Tags": tag::fields(&role.tags),
    });
    Ok(both(fields, more))
}

fn policy_details(call: &Context<'_>, policy: &ManagedPolicy) -> Result<Value, AwsError> {
    let mut fields = policy::fields(call, policy)?;
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("Tags");
    }
    let versions: Vec<Value> = policy
        .versions
        .iter()
        .rev()
        .map(|(number, version)| {
            json!({
                "VersionId": format!("v{number}"),
                "IsDefaultVersion": *number == policy.default_version,
                "CreateDate": time(call.service, version.created),
                "Document": encoded(&version.document.text),
            })
        })
        .collect();
    Ok(both(fields, json!({"PolicyVersionList": versions})))
}

fn inline(policies: &Policies) -> Vec<Value> {
    policies
        .inline()
        .map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": encoded(&document.text)}))
        .collect()
}

fn attached(policies: &Policies) -> Vec<Value> {
    policies
        .attached()
        .map(|arn| json!({"PolicyName": policy::attached_name(arn), "PolicyArn": arn}))
        .collect()
}

/// The members of both.
fn both(mut fields: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (fields.as_object_mut(), more) {
        fields.extend(more);
    }
    fields
}
