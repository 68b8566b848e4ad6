//! CloudFormation, as far as eksctl makes access entries with it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::error::AwsError;
use super::operation::Access;
use super::operation::Context;
use super::operation::Operation;
use super::operation::Work;
use super::permit_action;
use super::protocol::time;
use crate::value::arn::Partition;
use crate::world::cloudformation::NewStack;
use crate::world::cloudformation::OnFailure;
use crate::world::cloudformation::actor::Actor;
use crate::world::cloudformation::actor::SERVICE;
use crate::world::cloudformation::stack::Stack;
use crate::world::cloudformation::stack::StackEvent;
use crate::world::cloudformation::stack::StackResource;
use crate::world::cloudformation::stack::Status;

/// Items of a page; CloudFormation gives as many as fit into a megabyte.
const PAGE: usize = 100;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("CreateStack", stack_arn, create),
    operation("DeleteStack", stack_arn, delete),
    operation("DescribeStackEvents", stack_arn, events),
    operation("DescribeStackResource", stack_arn, resource),
    operation("DescribeStackResources", stack_arn, resources),
    operation("DescribeStacks", stack_arn, describe),
    operation("GetTemplate", stack_arn, template),
    operation("ListStackResources", stack_arn, list_resources),
    operation("ListStacks", |_| "*".to_owned(), list),
    operation("UpdateTerminationProtection", stack_arn, protect),
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

/// The ARN that policies name: a stack's, or every stack's where none is named.
fn stack_arn(call: &Context<'_>) -> String {
    let name = call.parameters.get("StackName").unwrap_or("*");
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let account = call.account().map(ToString::to_string).unwrap_or_default();
    format!(
        "arn:{}:cloudformation:{}:{account}:stack/{name}/*",
        Partition::of_region(&call.region),
        call.region
    )
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("ValidationError", 400, message)
}

/// The members of a list of key and value pairs.
fn pairs(call: &Context<'_>, list: &str, key: &str, value: &str) -> Vec<(String, String)> {
    let member = |at: usize, name: &str| call.parameters.get(&format!("{list}.member.{at}.{name}"));
    (1..)
        .map_while(|at| {
            Some((
                member(at, key)?.to_owned(),
                member(at, value).unwrap_or_default().to_owned(),
            ))
        })
        .collect()
}

fn is_true(call: &Context<'_>, name: &str) -> bool {
    call.parameters.get(name) == Some("true")
}

/// As whom the call works on what is in a stack: as the service role that it names, which the caller must be permitted to
/// pass, else as the stack's own, which need not be, else as the caller.
///
/// FIDELITY: that the permission is asked for before the role is looked for is a guess.
fn actor(call: &Context<'_>, of_stack: Option<&str>) -> Result<Actor, AwsError> {
    let named = call.parameters.get("RoleARN");
    if let Some(arn) = named {
        permit_action(call, "iam:PassRole", arn, &[("iam:PassedToService", SERVICE)])?;
    }
    if let Some(arn) = named.or(of_stack) {
        let world = call.base.world();
        let actor = Actor::service_role(arn, call.account()?, &call.region, &world.directory, call.now)?;
        return Ok(actor);
    }
    let (policies, keys) = call.own_permissions()?;
    Ok(Actor::caller(
        call.caller()?.identity().clone(),
        policies,
        keys,
        &call.region,
    ))
}

fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    if call.parameters.get("TemplateURL").is_some() {
        return Err(invalid("eks-auth-sim does not serve TemplateURL, since it reaches nothing").says_unserved());
    }
    let template_body = call
        .parameters
        .get("TemplateBody")
        .ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let on_failure = match call.parameters.get("OnFailure") {
        None if is_true(call, "DisableRollback") => OnFailure::DoNothing,
        None | Some("ROLLBACK") => OnFailure::Rollback,
        Some("DELETE") => OnFailure::Delete,
        Some("DO_NOTHING") => OnFailure::DoNothing,
        Some(other) => return Err(invalid(format!("OnFailure is invalid: {other}"))),
    };
    let parameters: BTreeMap<String, String> = pairs(call, "Parameters", "ParameterKey", "ParameterValue")
        .into_iter()
        .collect();
    let capabilities = call.parameters.list("Capabilities").into_iter();
    let spec = NewStack {
        name: call.parameters.required("StackName", "stackName")?.to_owned(),
        account: call.account()?.clone(),
        region: call.region.clone(),
        template_body: template_body.to_owned(),
        parameters,
        tags: pairs(call, "Tags", "Key", "Value"),
        capabilities: capabilities.map(str::to_owned).collect(),
        role_arn: call.parameters.get("RoleARN").map(str::to_owned),
        termination_protection: is_true(call, "EnableTerminationProtection"),
        on_failure,
    };
    let actor = actor(call, None)?;
    let stack = call.base.change(|world| world.create_stack(spec, &actor, call.now))?;
    Ok(json!({"StackId": stack.id}))
}

fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.parameters.required("StackName", "stackName")?;
    let account = call.account()?;
    let world = call.base.world();
    let stack = world.stack(name, account, &call.region).ok();
    let actor = actor(call, stack.and_then(|stack| stack.role_arn.as_deref()))?;
    call.base
        .change(|world| world.delete_stack(name, account, &call.region, &actor, call.now))?;
    Ok(Value::Null)
}

fn protect(call: &Context<'_>) -> Result<Value, AwsError> {
    let name = call.parameters.required("StackName", "stackName")?;
    call.parameters
        .required("EnableTerminationProtection", "enableTerminationProtection")?;
    let (account, protected) = (call.account()?, is_true(call, "EnableTerminationProtection"));
    let id = call
        .base
        .change(|world| world.protect_stack(name, account, &call.region, protected))?;
    Ok(json!({"StackId": id}))
}

/// The stack that the call names.
fn named(call: &Context<'_>) -> Result<std::sync::Arc<Stack>, AwsError> {
    let name = call.parameters.required("StackName", "stackName")?;
    let world = call.base.world();
    Ok(world.stack(name, call.account()?, &call.region)?.clone())
}

/// The caller's stacks, newest first.
fn all(call: &Context<'_>) -> Result<Vec<std::sync::Arc<Stack>>, AwsError> {
    let account = call.account()?;
    let world = call.base.world();
    let stacks = world.stacks.values().rev();
    Ok(stacks
        .filter(|stack| stack.account == *account && stack.region == call.region)
        .cloned()
        .collect())
}

fn describe(call: &Context<'_>) -> Result<Value, AwsError> {
    let stacks = match call.parameters.get("StackName") {
        Some(_) => vec![named(call)?],
        None => {
            let mut stacks = all(call)?;
            stacks.retain(|stack| stack.status != Status::DeleteComplete);
            stacks
        }
    };
    let stacks = stacks
        .iter()
        .map(|stack| (stack.id.clone(), stack_json(call, stack)))
        .collect();
    page("Stacks", stacks, call)
}

fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let wanted = call.parameters.list("StackStatusFilter");
    let stacks = all(call)?
        .iter()
        .filter(|stack| wanted.is_empty() || wanted.contains(&stack.status.as_str()))
        .map(|stack| {
            let summary = json!({
                "StackId": stack.id,
                "StackName": stack.name,
                "TemplateDescription": stack.description,
                "CreationTime": time(call.service, stack.created),
                "DeletionTime": stack.deleted.map(|deleted| time(call.service, deleted)),
                "StackStatus": stack.status.as_str(),
                "StackStatusReason": stack.status_reason,
                "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
            });
            (stack.id.clone(), summary)
        })
        .collect();
    page("StackSummaries", stacks, call)
}

fn events(call: &Context<'_>) -> Result<Value, AwsError> {
    let stack = named(call)?;
    let event_json = |event: &StackEvent| {
        json!({
            "StackId": stack.id,
            "EventId": event.id,
            "StackName": stack.name,
            "LogicalResourceId": event.logical_id,
            "PhysicalResourceId": event.physical_id,
            "ResourceType": event.kind,
            "Timestamp": time(call.service, event.time),
            "ResourceStatus": event.status.as_str(),
            "ResourceStatusReason": event.reason,
        })
    };
    let events = stack.events.iter().rev();
    let events = events.map(|event| (event.id.clone(), event_json(event))).collect();
    page("StackEvents", events, call)
}

fn template(call: &Context<'_>) -> Result<Value, AwsError> {
    let stack = named(call)?;
    Ok(json!({"TemplateBody": stack.template_body, "StagesAvailable": ["Original", "Processed"]}))
}

fn resource(call: &Context<'_>) -> Result<Value, AwsError> {
    let stack = named(call)?;
    let wanted = call.parameters.required("LogicalResourceId", "logicalResourceId")?;
    let found = stack.resources.iter().find(|resource| resource.logical_id == wanted);
    let found = found.ok_or_else(|| invalid(format!("Resource {wanted} does not exist for stack {}", stack.name)))?;
    let mut detail = resource_json(call, found, "LastUpdatedTimestamp");
    if let Some(members) = detail.as_object_mut() {
        members.insert("StackName".to_owned(), json!(stack.name));
        members.insert("StackId".to_owned(), json!(stack.id));
    }
    Ok(json!({"StackResourceDetail": detail}))
}

fn resources(call: &Context<'_>) -> Result<Value, AwsError> {
    let stack = named(call)?;
    let wanted = call.parameters.get("LogicalResourceId");
    let resources: Vec<Value> = stack
        .resources
        .iter()
        .filter(|resource| wanted.is_none_or(|wanted| wanted == resource.logical_id))
        .map(|resource| {
            let mut value = resource_json(call, resource, "Timestamp");
            if let Some(members) = value.as_object_mut() {
                members.insert("StackName".to_owned(), json!(stack.name));
                members.insert("StackId".to_owned(), json!(stack.id));
            }
            value
        })
        .collect();
    Ok(json!({"StackResources": resources}))
}

fn list_resources(call: &Context<'_>) -> Result<Value, AwsError> {
    let stack = named(call)?;
    let resources = stack
        .resources
        .iter()
        .map(|resource| {
            let summary = resource_json(call, resource, "LastUpdatedTimestamp");
            (resource.logical_id.clone(), summary)
        })
        .collect();
    page("StackResourceSummaries", resources, call)
}

fn resource_json(call: &Context<'_>, resource: &StackResource, time_member: &str) -> Value {
    json!({
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": (!resource.physical_id.is_empty()).then_some(&resource.physical_id),
        "ResourceType": resource.kind,
        time_member: time(call.service, resource.changed),
        "ResourceStatus": resource.status.as_str(),
        "ResourceStatusReason": resource.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    })
}

fn stack_json(call: &Context<'_>, stack: &Stack) -> Value {
    let pairs = |pairs: Vec<(&String, &String)>, key: &str, value: &str| -> Vec<Value> {
        pairs
            .into_iter()
            .map(|(name, text)| json!({key: name, value: text}))
            .collect()
    };
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": stack.description,
        "Parameters": pairs(stack.parameters.iter().collect(), "ParameterKey", "ParameterValue"),
        "CreationTime": time(call.service, stack.created),
        "DeletionTime": stack.deleted.map(|deleted| time(call.service, deleted)),
        "StackStatus": stack.status.as_str(),
        "StackStatusReason": stack.status_reason,
        "DisableRollback": false,
        "NotificationARNs": [],
        "Capabilities": stack.capabilities,
        "RoleARN": stack.role_arn,
        "Outputs": pairs(stack.outputs.iter().collect(), "OutputKey", "OutputValue"),
        "Tags": pairs(stack.tags.iter().map(|(key, value)| (key, value)).collect(), "Key", "Value"),
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    })
}

/// One page of items, each with the key that a token names.
fn page(list: &str, items: Vec<(String, Value)>, call: &Context<'_>) -> Result<Value, AwsError> {
    let start = match call.parameters.get("NextToken") {
        None => 0,
        Some(token) => {
            let last = items.iter().position(|(key, _)| key == token);
            last.map(|last| last + 1)
                .ok_or_else(|| invalid("NextToken is not one that an earlier answer gave"))?
        }
    };
    let more = items.len() > start + PAGE;
    let page: Vec<(String, Value)> = items.into_iter().skip(start).take(PAGE).collect();
    let next = page.last().filter(|_| more).map(|(key, _)| key.clone());
    let values: Vec<Value> = page.into_iter().map(|(_, value)| value).collect();
    Ok(json!({list: values, "NextToken": next}))
}
