//! CloudFormation, as little of it as eksctl wants: stacks of access entries.
//!
//! A stack is made and deleted in one step. What it makes is made as the EKS API makes it, and is refused for the same
//! reasons; a resource that is refused rolls the stack back.
//!
//! What is in a stack is made and deleted as the caller or as the stack's service role ([`actor`]), which must be permitted
//! to do so.
//!
//! FIDELITY: one resource type, no updates, no change sets. A stack is never seen in progress. What CloudFormation reads of
//! a resource that it makes or deletes asks for no permission.

pub mod actor;
pub mod stack;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use self::actor::Actor;
use self::stack::Stack;
use self::stack::StackEvent;
use self::stack::StackResource;
use self::stack::Status;
use self::template::Scope;
pub use self::template::Template;
use crate::aws::iam_policy::authorize::Denied;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::cluster::eks::access_entry::resource_of_absent;
use crate::cluster::eks::error::EksError;
use crate::cluster::eks::error::EksErrorKind;
use crate::cluster::eks::parameter::AccessScope;
use crate::cluster::eks::parameter::EntryType;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::constraint::fault;
use crate::value::constraint::message_of_one;
use crate::value::instant::Timestamp;
use crate::world::World;

/// The one type of resource that is made.
pub const ACCESS_ENTRY: &str = "AWS::EKS::AccessEntry";
/// The type of a stack among its own events.
const STACK: &str = "AWS::CloudFormation::Stack";

/// What becomes of a stack of which a resource is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It is deleted.
    Delete,
    /// It stays as it is.
    DoNothing,
    /// What was made of it is deleted.
    #[default]
    Rollback,
}

/// What CreateStack is asked for.
#[derive(Clone, Debug)]
pub struct NewStack {
    /// Its name.
    pub name: String,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: String,
    /// The template as it came.
    pub template_body: String,
    /// By name.
    pub parameters: BTreeMap<String, String>,
    /// As given.
    pub tags: Vec<(String, String)>,
    /// As given.
    pub capabilities: Vec<String>,
    /// The service role as which it is made, where there is one.
    pub role_arn: Option<String>,
    /// Whether it cannot be deleted.
    pub termination_protection: bool,
    /// What becomes of it where a resource is refused.
    pub on_failure: OnFailure,
}

const NAME_CONSTRAINT: &str = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*";

/// A call that CloudFormation refuses. The messages are CloudFormation's as they are remembered, but for what says that
/// eks-auth-sim does not serve something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StackError {
    /// A stack of that name is there.
    #[error("Stack [{name}] already exists")]
    AlreadyExists {
        /// The name.
        name: String,
    },
    /// Not a name of a stack.
    #[error("{}", message_of_one(&fault(Some(name), "stackName", NAME_CONSTRAINT)))]
    InvalidName {
        /// The name.
        name: String,
    },
    /// Not the ARN of a role (glassechidna/stackit#21).
    #[error("{arn} is not a valid RoleARN")]
    InvalidRole {
        /// What was given.
        arn: String,
    },
    /// Parameters without a value.
    #[error("Parameters: [{}] must have values", names.join(", "))]
    MissingParameters {
        /// Their names.
        names: Vec<String>,
    },
    /// There is no such stack.
    #[error("Stack with id {name} does not exist")]
    NoSuchStack {
        /// The name or the id.
        name: String,
    },
    /// The stack is protected.
    #[error("Stack [{name}] cannot be deleted while TerminationProtection is enabled")]
    Protected {
        /// The name.
        name: String,
    },
    /// A service role that is not there, or does not trust CloudFormation.
    #[error("Role {arn} is invalid or cannot be assumed")]
    RoleNotAssumable {
        /// The role.
        arn: String,
    },
    /// A service role of another account (adcreare/cloudformation#3).
    #[error("Cross-account pass role is not allowed")]
    RoleOfOtherAccount,
    /// The template is none.
    #[error("Template format error: {message}")]
    TemplateFormat {
        /// What is wrong.
        message: String,
    },
    /// The values of the template come to too much.
    #[error("Template may not exceed 1000000 bytes in size.")]
    TemplateTooLarge,
    /// The template wants what is not served.
    #[error("eks-auth-sim does not serve {what}")]
    Unserved {
        /// What.
        what: String,
    },
    /// Parameters that the template has not.
    #[error("Parameters: [{}] do not exist in the template", names.join(", "))]
    UnknownParameters {
        /// Their names.
        names: Vec<String>,
    },
    /// A name that stands for nothing.
    #[error("Template format error: Unresolved resource dependencies [{name}] in the {block} block of the template")]
    Unresolved {
        /// The name.
        name: String,
        /// `Resources` or `Outputs`.
        block: &'static str,
    },
}

/// The operations of the CloudFormation API.
impl World {
    /// The stack of that name or id, in an account and region. A deleted one is found by its id only.
    ///
    /// # Errors
    /// [`StackError::NoSuchStack`].
    pub fn stack(&self, name: &str, account: &AccountId, region: &str) -> Result<&Arc<Stack>, StackError> {
        self.stacks
            .values()
            .find(|stack| {
                let is_named = stack.name == name && stack.status != Status::DeleteComplete;
                (is_named || stack.id == name) && stack.account == *account && stack.region == region
            })
            .ok_or_else(|| StackError::NoSuchStack { name: name.to_owned() })
    }

    /// CreateStack. What is in it is made as `actor`.
    ///
    /// # Errors
    /// [`StackError::InvalidName`], then those of the template, then [`StackError::AlreadyExists`]. A resource that is
    /// refused is no error: the stack says so.
    pub fn create_stack(&mut self, spec: NewStack, actor: &Actor, now: Timestamp) -> Result<Arc<Stack>, StackError> {
        let is_name = spec.name.starts_with(|c: char| c.is_ascii_alphabetic())
            && spec.name.len() <= 128
            && spec.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_name {
            return Err(StackError::InvalidName { name: spec.name });
        }
        let template = Template::parse(&spec.template_body)?;
        let parameters = template.parameters(&spec.parameters)?;
        if self.stack(&spec.name, &spec.account, &spec.region).is_ok() {
            return Err(StackError::AlreadyExists { name: spec.name });
        }
        let partition = Partition::of_region(&spec.region);
        let id = format!(
            "arn:{partition}:cloudformation:{}:{}:stack/{}/{}",
            spec.region,
            spec.account,
            spec.name,
            self.ids.uuid()
        );
        let mut scope = Scope::new(&parameters, &spec.account, &spec.region, &spec.name, &id);
        // Resolved before anything is made, so that a template with a mistake makes nothing.
        let mut wanted = Vec::new();
        for (logical_id, resource) in &template.resources {
            wanted.push((logical_id.clone(), scope.resolve(&resource.properties, "Resources")?));
        }
        for (logical_id, properties) in &wanted {
            if let Ok(entry) = EntryProperties::read(properties) {
                scope.add(logical_id, &entry.physical_id(), "");
            }
        }
        for value in template.outputs.values() {
            scope.resolve_text(value, "Outputs")?;
        }
        let mut stack = Stack {
            id,
            name: spec.name,
            account: spec.account,
            region: spec.region,
            description: template.description.clone(),
            template_body: spec.template_body,
            parameters,
            tags: spec.tags,
            capabilities: spec.capabilities,
            role_arn: spec.role_arn,
            outputs: BTreeMap::new(),
            status: Status::CreateComplete,
            status_reason: None,
            termination_protection: spec.termination_protection,
            created: now,
            deleted: None,
            resources: Vec::new(),
            events: Vec::new(),
        };
        self.record(
            &mut stack,
            Status::CreateInProgress,
            Some("User Initiated".to_owned()),
            now,
        );
        let mut failed = Vec::new();
        for (logical_id, properties) in wanted {
            match self.create_entry(&mut stack, &logical_id, &properties, (actor, now)) {
                Some(entry_arn) => {
                    let physical_id = stack.resources.last().map(|made| made.physical_id.clone());
                    scope.add(&logical_id, &physical_id.unwrap_or_default(), &entry_arn);
                }
                None => failed.push(logical_id),
            }
            if !failed.is_empty() {
                break;
            }
        }
        if failed.is_empty() {
            for (name, value) in &template.outputs {
                stack
                    .outputs
                    .insert(name.clone(), scope.resolve_text(value, "Outputs")?);
            }
            self.record(&mut stack, Status::CreateComplete, None, now);
        } else {
            let reason = format!("The following resource(s) failed to create: [{}]. ", failed.join(", "));
            self.fail(&mut stack, reason, spec.on_failure, (actor, now));
        }
        let stack = Arc::new(stack);
        let number = self.stacks.get_max().and_then(|(number, _)| number.parse::<u64>().ok());
        let number = number.map_or(0, |last| last + 1);
        self.stacks.insert(format!("{number:010}"), Arc::clone(&stack));
        Ok(stack)
    }

    /// DeleteStack. One that is not there is deleted already. What is in it is deleted as `actor`; where that is not
    /// permitted it stays, and the stack says so.
    ///
    /// # Errors
    /// [`StackError::Protected`].
    pub fn delete_stack(
        &mut self,
        name: &str,
        account: &AccountId,
        region: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StackError> {
        let Ok(stack) = self.stack(name, account, region) else {
            return Ok(());
        };
        if stack.status == Status::DeleteComplete {
            return Ok(());
        }
        if stack.termination_protection {
            return Err(StackError::Protected {
                name: stack.name.clone(),
            });
        }
        let mut stack = Stack::clone(stack);
        self.record(
            &mut stack,
            Status::DeleteInProgress,
            Some("User Initiated".to_owned()),
            now,
        );
        self.finish_deletion(&mut stack, (actor, now));
        self.put_stack(stack);
        Ok(())
    }

    /// UpdateTerminationProtection: the stack's id.
    ///
    /// # Errors
    /// [`StackError::NoSuchStack`].
    pub fn protect_stack(
        &mut self,
        name: &str,
        account: &AccountId,
        region: &str,
        protected: bool,
    ) -> Result<String, StackError> {
        let mut stack = Stack::clone(self.stack(name, account, region)?);
        stack.termination_protection = protected;
        let id = stack.id.clone();
        self.put_stack(stack);
        Ok(id)
    }

    fn put_stack(&mut self, stack: Stack) {
        let number = self.stacks.iter().find(|(_, known)| known.id == stack.id);
        if let Some(number) = number.map(|(number, _)| number.clone()) {
            self.stacks.insert(number, Arc::new(stack));
        }
    }

    /// Makes an access entry and notes it in the stack: the entry's ARN, or nothing where it was refused.
    fn create_entry(
        &mut self,
        stack: &mut Stack,
        logical_id: &str,
        properties: &Value,
        (actor, now): (&Actor, Timestamp),
    ) -> Option<String> {
        let made = EntryProperties::read(properties).and_then(|entry| {
            permit_creation(&entry, stack, actor)
                .and_then(|()| self.make_entry(&entry, stack, now).map_err(HandlerError::from))
                .map(|arn| (entry.physical_id(), arn))
                .map_err(|error| self.handler_message(&error))
        });
        let (physical_id, arn, status, reason) = match made {
            Ok((physical_id, arn)) => (physical_id, Some(arn), Status::CreateComplete, None),
            Err(reason) => (String::new(), None, Status::CreateFailed, Some(reason)),
        };
        let resource = StackResource {
            logical_id: logical_id.to_owned(),
            physical_id,
            kind: ACCESS_ENTRY.to_owned(),
            status,
            reason,
            changed: now,
        };
        for event in [
            StackResource {
                status: Status::CreateInProgress,
                reason: None,
                physical_id: String::new(),
                ..resource.clone()
            },
            resource.clone(),
        ] {
            self.record_resource(stack, &event, now);
        }
        stack.resources.push(resource);
        arn
    }

    /// What a stack says of a resource whose handler failed.
    fn handler_message(&mut self, error: &HandlerError) -> String {
        let HandlerError { message, status, code } = error;
        format!(
            "Resource handler returned message: \"{message} (Service: Eks, Status Code: {status}, Request ID: {})\" \
             (RequestToken: {}, HandlerErrorCode: {code})",
            self.ids.uuid(),
            self.ids.uuid(),
        )
    }

    fn make_entry(&mut self, entry: &EntryProperties, stack: &Stack, now: Timestamp) -> Result<String, EksError> {
        entry.spec.check_shape()?;
        let name = &entry.cluster;
        let absent = || EksError::NoSuchCluster { name: name.clone() };
        let (cluster, directory, ids) = self.cluster_and_directory_mut(name).ok_or_else(absent)?;
        if cluster.account != stack.account || cluster.region != stack.region {
            return Err(absent());
        }
        let made = cluster.create_access_entry(entry.spec.clone(), directory, ids, now)?;
        for (policy, kind, namespaces) in &entry.policies {
            let associated = AccessScope::new(kind, namespaces.clone())
                .and_then(|scope| cluster.associate_access_policy(&made.principal_arn, policy, scope, now));
            if let Err(error) = associated {
                let _ = cluster.delete_access_entry(&made.principal_arn);
                return Err(error);
            }
        }
        Ok(made.arn.clone())
    }

    fn fail(&mut self, stack: &mut Stack, reason: String, on_failure: OnFailure, (actor, now): (&Actor, Timestamp)) {
        match on_failure {
            OnFailure::DoNothing => self.record(stack, Status::CreateFailed, Some(reason), now),
            OnFailure::Rollback => {
                let wanted = format!("{reason}Rollback requested by user.");
                self.record(stack, Status::RollbackInProgress, Some(wanted), now);
                let failed = self.delete_resources(stack, (actor, now));
                let status = match &failed {
                    None => Status::RollbackComplete,
                    Some(_) => Status::RollbackFailed,
                };
                self.record(stack, status, failed, now);
            }
            OnFailure::Delete => {
                let wanted = format!("{reason}Delete requested by user.");
                self.record(stack, Status::DeleteInProgress, Some(wanted), now);
                self.finish_deletion(stack, (actor, now));
            }
        }
    }

    /// Deletes what is in a stack, and the stack with it where nothing is left.
    fn finish_deletion(&mut self, stack: &mut Stack, (actor, now): (&Actor, Timestamp)) {
        match self.delete_resources(stack, (actor, now)) {
            None => {
                stack.deleted = Some(now);
                self.record(stack, Status::DeleteComplete, None, now);
            }
            failed => self.record(stack, Status::DeleteFailed, failed, now),
        }
    }

    /// Deletes what is in a stack: what the stack says where something of it could not be.
    fn delete_resources(&mut self, stack: &mut Stack, (actor, now): (&Actor, Timestamp)) -> Option<String> {
        let mut failed = Vec::new();
        let mut resources = std::mem::take(&mut stack.resources);
        for resource in resources.iter_mut().rev() {
            let is_there = matches!(resource.status, Status::CreateComplete | Status::DeleteFailed);
            let deleted = match resource.physical_id.split_once('|').filter(|_| is_there) {
                Some((principal, cluster)) => self.delete_entry(stack, principal, cluster, actor),
                None => Ok(()),
            };
            let (status, reason) = match deleted {
                Ok(()) => (Status::DeleteComplete, None),
                Err(error) => {
                    failed.push(resource.logical_id.clone());
                    (Status::DeleteFailed, Some(self.handler_message(&error)))
                }
            };
            if resource.status != Status::DeleteComplete {
                resource.status = status;
                resource.reason = reason;
                resource.changed = now;
                self.record_resource(stack, resource, now);
            }
        }
        stack.resources = resources;
        let names = failed.join(", ");
        (!failed.is_empty()).then(|| format!("The following resource(s) failed to delete: [{names}]. "))
    }

    /// Deletes an access entry of a stack. One that somebody else has deleted meanwhile is deleted.
    fn delete_entry(
        &mut self,
        stack: &Stack,
        principal_arn: &str,
        cluster: &str,
        actor: &Actor,
    ) -> Result<(), HandlerError> {
        let found = self.cluster(cluster).and_then(|cluster| {
            let entry = cluster.access_entries().get(principal_arn)?;
            Some(entry.arn.clone())
        });
        let arn = found.unwrap_or_else(|| eks_arn(stack, &resource_of_absent(cluster, principal_arn)));
        actor.permit("eks:DeleteAccessEntry", &arn)?;
        if let Some((cluster, _)) = self.cluster_mut(cluster) {
            let _ = cluster.delete_access_entry(principal_arn);
        }
        Ok(())
    }

    /// Sets where a stack stands, and notes it.
    fn record(&mut self, stack: &mut Stack, status: Status, reason: Option<String>, now: Timestamp) {
        stack.status = status;
        stack.status_reason.clone_from(&reason);
        stack.events.push(StackEvent {
            id: self.ids.uuid(),
            time: now,
            logical_id: stack.name.clone(),
            physical_id: stack.id.clone(),
            kind: STACK.to_owned(),
            status,
            reason,
        });
    }

    fn record_resource(&mut self, stack: &mut Stack, resource: &StackResource, now: Timestamp) {
        stack.events.push(StackEvent {
            id: format!(
                "{}-{}-{}",
                resource.logical_id,
                resource.status.as_str(),
                self.ids.uuid()
            ),
            time: now,
            logical_id: resource.logical_id.clone(),
            physical_id: resource.physical_id.clone(),
            kind: resource.kind.clone(),
            status: resource.status,
            reason: resource.reason.clone(),
        });
    }
}

/// The ARN of something that EKS has in the stack's account and region.
fn eks_arn(stack: &Stack, resource: &str) -> String {
    let Stack { account, region, .. } = stack;
    let partition = Partition::of_region(region);
    format!("arn:{partition}:eks:{region}:{account}:{resource}")
}

/// Whether an entry may be made as `actor`, with all that belongs to it.
fn permit_creation(entry: &EntryProperties, stack: &Stack, actor: &Actor) -> Result<(), HandlerError> {
    let cluster = &entry.cluster;
    actor.permit("eks:CreateAccessEntry", &eks_arn(stack, &format!("cluster/{cluster}")))?;
    if !entry.policies.is_empty() {
        let entry_arn = eks_arn(stack, &resource_of_absent(cluster, &entry.spec.principal_arn));
        actor.permit("eks:AssociateAccessPolicy", &entry_arn)?;
    }
    Ok(())
}

/// Why the handler of a resource failed.
struct HandlerError {
    message: String,
    status: u16,
    /// CloudFormation's own.
    code: &'static str,
}

impl From<Denied> for HandlerError {
    fn from(denied: Denied) -> Self {
        Self {
            message: denied.to_string(),
            status: 403,
            code: "AccessDenied",
        }
    }
}

impl From<EksError> for HandlerError {
    fn from(error: EksError) -> Self {
        let (status, code) = match error.kind() {
            EksErrorKind::InvalidParameter | EksErrorKind::InvalidRequest => (400, "InvalidRequest"),
            EksErrorKind::ResourceInUse => (409, "AlreadyExists"),
            EksErrorKind::ResourceNotFound => (404, "NotFound"),
        };
        Self {
            message: error.to_string(),
            status,
            code,
        }
    }
}

/// The properties of an access entry.
struct EntryProperties {
    cluster: String,
    spec: NewAccessEntry,
    /// ARN, scope type and namespaces.
    policies: Vec<(String, String, Vec<String>)>,
}

impl EntryProperties {
    /// Reads them, or says why not.
    fn read(properties: &Value) -> Result<Self, String> {
        const KNOWN: [&str; 7] = [
            "AccessPolicies",
            "ClusterName",
            "KubernetesGroups",
            "PrincipalArn",
            "Tags",
            "Type",
            "Username",
        ];
        let invalid = |what: String| format!("Properties validation failed for resource with message: {what}");
        let members = properties
            .as_object()
            .ok_or_else(|| invalid("#: the properties are no object".to_owned()))?;
        if let Some(other) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(invalid(format!("#: extraneous key [{other}] is not permitted")));
        }
        let optional = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let required = |value: &Value, name: &str| {
            optional(value, name).ok_or_else(|| invalid(format!("#: required key [{name}] not found")))
        };
        let texts = |value: &Value, name: &str| -> Vec<String> {
            let items = value.get(name).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let items = |name: &str| properties.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut policies = Vec::new();
        for policy in items("AccessPolicies") {
            let scope = policy.get("AccessScope").cloned().unwrap_or_default();
            policies.push((
                required(policy, "PolicyArn")?,
                required(&scope, "Type")?,
                texts(&scope, "Namespaces"),
            ));
        }
        let mut tags = BTreeMap::new();
        for tag in items("Tags") {
            tags.insert(required(tag, "Key")?, required(tag, "Value")?);
        }
        let entry_type = match optional(properties, "Type") {
            None => EntryType::default(),
            Some(name) => EntryType::parse(&name).map_err(|error| invalid(error.to_string()))?,
        };
        Ok(Self {
            cluster: required(properties, "ClusterName")?,
            spec: NewAccessEntry {
                principal_arn: required(properties, "PrincipalArn")?,
                entry_type,
                username: optional(properties, "Username"),
                groups: texts(properties, "KubernetesGroups"),
                tags,
            },
            policies,
        })
    }

    /// What `Ref` stands for.
    fn physical_id(&self) -> String {
        format!("{}|{}", self.spec.principal_arn, self.cluster)
    }
}
