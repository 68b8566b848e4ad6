//! Managed policies, inline policies and permissions boundaries.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::encoded;
use super::input::Input;
use super::tag;
use crate::aws::iam::Holder;
use crate::aws::iam::HolderKind;
use crate::aws::iam::HolderOf;
use crate::aws::iam::ManagedPolicy;
use crate::aws::iam::NewPolicy;
use crate::aws::iam::PolicyVersion;
use crate::aws::iam::Tagged;
use crate::aws::iam::input;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

/// What a policy is used for.
const USAGE: Rule = Rule::one_of(&["PermissionsPolicy", "PermissionsBoundary"]);

/// A kind of entity that has policies.
pub(super) trait Holds {
    const KIND: HolderKind;
    /// The parameter that names it.
    const PARAMETER: &'static str;
}

pub(super) struct Group;
pub(super) struct Role;
pub(super) struct User;

impl Holds for Group {
    const KIND: HolderKind = HolderKind::Group;
    const PARAMETER: &'static str = "GroupName";
}

impl Holds for Role {
    const KIND: HolderKind = HolderKind::Role;
    const PARAMETER: &'static str = "RoleName";
}

impl Holds for User {
    const KIND: HolderKind = HolderKind::User;
    const PARAMETER: &'static str = "UserName";
}

fn holder<'a, H: Holds>(input: &mut Input<'a>) -> Holder<'a> {
    Holder {
        kind: H::KIND,
        name: input.required(H::PARAMETER, input::NAME),
    }
}

pub(super) fn attach<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (holder, arn) = (holder::<H>(&mut input), input.required("PolicyArn", input::ARN));
    input.check()?;
    change(call, |account, directory, _| {
        directory.attach_policy(account, holder, arn)
    })?;
    Ok(Value::Null)
}

pub(super) fn detach<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (holder, arn) = (holder::<H>(&mut input), input.required("PolicyArn", input::ARN));
    input.check()?;
    change(call, |account, directory, _| {
        directory.detach_policy(account, holder, arn)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_attached<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (holder, prefix, page) = (holder::<H>(&mut input), input.path_prefix(), input.page());
    input.check()?;
    let world = call.base.world();
    let attached = world.directory.policies(call.account()?, holder)?.attached();
    let attached = attached.filter_map(|arn| {
        let (_, path) = arn.split_once(":policy")?;
        let name = attached_name(arn);
        path.starts_with(prefix)
            .then(|| (arn.to_owned(), json!({"PolicyName": name, "PolicyArn": arn})))
    });
    page.of("AttachedPolicies", attached.collect())
}

/// The name of a policy, which is the end of its ARN.
pub(super) fn attached_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

pub(super) fn put_inline<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let holder = holder::<H>(&mut input);
    let name = input.required("PolicyName", input::NAME);
    let document = input.required("PolicyDocument", input::DOCUMENT);
    input.check()?;
    change(call, |account, directory, _| {
        directory.put_inline_policy(account, holder, name, document)
    })?;
    Ok(Value::Null)
}

pub(super) fn get_inline<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (holder, name) = (holder::<H>(&mut input), input.required("PolicyName", input::NAME));
    input.check()?;
    let world = call.base.world();
    let document = world.directory.inline_policy(call.account()?, holder, name)?;
    Ok(json!({H::PARAMETER: holder.name, "PolicyName": name, "PolicyDocument": encoded(&document.text)}))
}

pub(super) fn list_inline<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (holder, page) = (holder::<H>(&mut input), input.page());
    input.check()?;
    let world = call.base.world();
    let inline = world.directory.policies(call.account()?, holder)?.inline();
    page.of(
        "PolicyNames",
        inline.map(|(name, _)| (name.to_owned(), json!(name))).collect(),
    )
}

pub(super) fn delete_inline<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let (holder, name) = (holder::<H>(&mut input), input.required("PolicyName", input::NAME));
    input.check()?;
    change(call, |account, directory, _| {
        directory.delete_inline_policy(account, holder, name)
    })?;
    Ok(Value::Null)
}

pub(super) fn put_boundary<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let holder = holder::<H>(&mut input);
    let arn = input.required("PermissionsBoundary", input::ARN);
    input.check()?;
    change(call, |account, directory, _| {
        directory.set_boundary(account, holder, Some(arn))
    })?;
    Ok(Value::Null)
}

pub(super) fn delete_boundary<H: Holds>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let holder = holder::<H>(&mut input);
    input.check()?;
    change(call, |account, directory, _| {
        directory.set_boundary(account, holder, None)
    })?;
    Ok(Value::Null)
}

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let spec = NewPolicy {
        name: input.required("PolicyName", input::NAME),
        path: input.path(),
        document: input.required("PolicyDocument", input::DOCUMENT),
        description: input.optional("Description", input::DESCRIPTION),
    };
    let tags = input.tags();
    input.check()?;
    let policy = change(call, |account, directory, ids| {
        let made = directory.create_policy(account, spec, ids, call.now)?;
        directory.edit_tags(account, Tagged::Policy(&made.arn), |known| known.add(&tags))?;
        directory.managed_policy(account, &made.arn)
    })?;
    Ok(json!({"Policy": fields(call, &policy)?}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    input.check()?;
    let policy = call.base.world().directory.managed_policy(call.account()?, arn)?;
    let mut fields = fields(call, &policy)?;
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("Description".to_owned(), json!(policy.description));
    }
    Ok(json!({"Policy": fields}))
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let scope = input.optional("Scope", Rule::one_of(&["All", "AWS", "Local"]));
    let is_only_attached = input.flag("OnlyAttached");
    let usage = input.optional("PolicyUsageFilter", USAGE);
    let (prefix, page) = (input.path_prefix(), input.page());
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    let mut items = Vec::new();
    for policy in world.directory.managed_policies(account) {
        let (attached, bounded) = world.directory.uses_of_policy(account, &policy.arn);
        let is_wanted = match scope {
            Some("AWS") => policy.is_of_aws(),
            Some("Local") => !policy.is_of_aws(),
            _ => true,
        };
        let is_used = match usage {
            Some("PermissionsPolicy") => attached > 0,
            Some(_) => bounded > 0,
            None => attached + bounded > 0 || !is_only_attached,
        };
        if is_wanted && is_used && policy.path.starts_with(prefix) {
            let mut fields = fields(call, &policy)?;
            // Lists have no tags (IAM API reference).
            fields.as_object_mut().map(|fields| fields.remove("Tags"));
            items.push((policy.arn.clone(), fields));
        }
    }
    page.of("Policies", items)
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    input.check()?;
    change(call, |account, directory, _| directory.delete_policy(account, arn))?;
    Ok(Value::Null)
}

pub(super) fn create_version(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    let document = input.required("PolicyDocument", input::DOCUMENT);
    let is_default = input.flag("SetAsDefault");
    input.check()?;
    let number = change(call, |account, directory, _| {
        directory.create_policy_version(account, arn, document, is_default, call.now)
    })?;
    Ok(json!({"PolicyVersion": {
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": is_default,
        "CreateDate": time(call.service, call.now),
    }}))
}

pub(super) fn get_version(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    let id = input.required("VersionId", input::VERSION);
    input.check()?;
    let policy = call.base.world().directory.managed_policy(call.account()?, arn)?;
    let (number, version) = policy.version(id)?;
    let mut fields = version_fields(call, &policy, number, version);
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("Document".to_owned(), json!(encoded(&version.document.text)));
    }
    Ok(json!({"PolicyVersion": fields}))
}

pub(super) fn list_versions(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    let page = input.page();
    input.check()?;
    let policy = call.base.world().directory.managed_policy(call.account()?, arn)?;
    // The newest comes first.
    let versions = policy.versions.iter().rev().map(|(number, version)| {
        let key = format!("{:010}", u32::MAX - number);
        (key, version_fields(call, &policy, *number, version))
    });
    page.of("Versions", versions.collect())
}

pub(super) fn set_default_version(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    let id = input.required("VersionId", input::VERSION);
    input.check()?;
    change(call, |account, directory, _| {
        directory.set_default_policy_version(account, arn, id, call.now)
    })?;
    Ok(Value::Null)
}

pub(super) fn delete_version(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    let id = input.required("VersionId", input::VERSION);
    input.check()?;
    change(call, |account, directory, _| {
        directory.delete_policy_version(account, arn, id)
    })?;
    Ok(Value::Null)
}

pub(super) fn list_entities(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("PolicyArn", input::ARN);
    let kinds = &["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];
    let kind = input.optional("EntityFilter", Rule::one_of(kinds));
    let usage = input.optional("PolicyUsageFilter", USAGE);
    let (prefix, page) = (input.path_prefix(), input.page());
    input.check()?;
    let world = call.base.world();
    let account = call.account()?;
    world.directory.managed_policy(account, arn)?;
    let mut items = Vec::new();
    for (holder, policies) in world.directory.holders(account) {
        let is_attached = usage != Some("PermissionsBoundary") && policies.attached().any(|known| known == arn);
        let is_boundary = usage != Some("PermissionsPolicy") && policies.boundary() == Some(arn);
        let (list, of_kind, path, name, fields) = match holder {
            HolderOf::Group(group) => {
                let fields = json!({"GroupName": group.name, "GroupId": group.id});
                ("PolicyGroups", "Group", &group.path, &group.name, fields)
            }
            HolderOf::Role(role) => {
                let fields = json!({"RoleName": role.name, "RoleId": role.id});
                ("PolicyRoles", "Role", &role.path, &role.name, fields)
            }
            HolderOf::User(user) => {
                let fields = json!({"UserName": user.name, "UserId": user.id});
                ("PolicyUsers", "User", &user.path, &user.name, fields)
            }
        };
        if (is_attached || is_boundary) && kind.is_none_or(|kind| kind == of_kind) && path.starts_with(prefix) {
            items.push((list, name.to_ascii_lowercase(), fields));
        }
    }
    page.of_lists(&["PolicyGroups", "PolicyUsers", "PolicyRoles"], items)
}

fn version_fields(call: &Context<'_>, policy: &ManagedPolicy, number: u32, version: &PolicyVersion) -> Value {
    json!({
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": number == policy.default_version,
        "CreateDate": time(call.service, version.created),
    })
}

pub(super) fn fields(call: &Context<'_>, policy: &ManagedPolicy) -> Result<Value, AwsError> {
    let world = call.base.world();
    let (attached, bounded) = world.directory.uses_of_policy(call.account()?, &policy.arn);
    Ok(json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default_version),
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": bounded,
        "IsAttachable": true,
        "CreateDate": time(call.service, policy.created),
        "UpdateDate": time(call.service, policy.updated),
        "Tags": tag::fields(&policy.tags),
    }))
}
