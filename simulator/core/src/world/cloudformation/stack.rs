//! Stacks as they are kept.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;

/// Where a stack or a resource stands.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Status {
    /// It is there.
    CreateComplete,
    /// It was refused.
    CreateFailed,
    /// It is being made. Only events say so.
    CreateInProgress,
    /// It is gone.
    DeleteComplete,
    /// Something of it could not be deleted.
    DeleteFailed,
    /// It is being deleted. Only events say so.
    DeleteInProgress,
    /// What was made of it is gone again.
    RollbackComplete,
    /// Something of what was made of it could not be deleted.
    RollbackFailed,
    /// What was made of it is being taken away. Only events say so.
    RollbackInProgress,
}

impl Status {
    /// The API's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateComplete => "CREATE_COMPLETE",
            Self::CreateFailed => "CREATE_FAILED",
            Self::CreateInProgress => "CREATE_IN_PROGRESS",
            Self::DeleteComplete => "DELETE_COMPLETE",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::DeleteInProgress => "DELETE_IN_PROGRESS",
            Self::RollbackComplete => "ROLLBACK_COMPLETE",
            Self::RollbackFailed => "ROLLBACK_FAILED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
        }
    }
}

/// A stack.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// Its name, which no other stack of the account and region has while it is there.
    pub name: String,
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: String,
    /// The template's description.
    pub description: Option<String>,
    /// The template as it came.
    pub template_body: String,
    /// By name.
    pub parameters: BTreeMap<String, String>,
    /// As given.
    pub tags: Vec<(String, String)>,
    /// As given.
    pub capabilities: Vec<String>,
    /// The service role as which it is made and deleted, where there is one.
    #[serde(default)]
    pub role_arn: Option<String>,
    /// By name.
    pub outputs: BTreeMap<String, String>,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub status_reason: Option<String>,
    /// Whether it cannot be deleted.
    pub termination_protection: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was deleted.
    pub deleted: Option<Timestamp>,
    /// What it has or had, in the order in which it was made.
    pub resources: Vec<StackResource>,
    /// What happened, oldest first.
    pub events: Vec<StackEvent>,
}

/// A resource of a stack.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in its service; empty where it was never made.
    pub physical_id: String,
    /// Such as [`super::ACCESS_ENTRY`].
    pub kind: String,
    /// Where it stands.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub changed: Timestamp,
}

/// Something that happened to a stack or to a resource of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct StackEvent {
    /// A UUID.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// The resource's name in the template, or the stack's.
    pub logical_id: String,
    /// The resource's name in its service, or the stack's id.
    pub physical_id: String,
    /// The resource's type.
    pub kind: String,
    /// What it came to.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
}
