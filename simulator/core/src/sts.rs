//! STS: what GetCallerIdentity and AssumeRole decide and how errors read.

use crate::instant::Timestamp;
use crate::sigv4::VerifiedCaller;
use crate::world::World;

/// An STS error as clients see it: code, HTTP status and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Such as `InvalidClientTokenId`.
    pub code: &'static str,
    /// Such as 403.
    pub status: u16,
    /// The text to the letter.
    pub message: String,
}

/// The parameters of AssumeRole as they came; absent ones are `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssumeRoleRequest<'a> {
    /// `RoleArn`.
    pub role_arn: Option<&'a str>,
    /// `RoleSessionName`.
    pub role_session_name: Option<&'a str>,
    /// `DurationSeconds`.
    pub duration_seconds: Option<&'a str>,
    /// `ExternalId`.
    pub external_id: Option<&'a str>,
}

/// Temporary credentials of a role.
#[derive(Clone, Debug)]
pub struct AssumedRole {
    /// The new key, with its session.
    pub key: std::sync::Arc<crate::iam::AccessKey>,
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub arn: String,
    /// `AROA…:SESSION`.
    pub assumed_role_id: String,
}

/// Assumes a role, adding the session to the World's directory.
///
/// # Errors
/// What STS answers: ValidationError, AccessDenied.
pub fn assume_role(
    world: &mut World,
    caller: &VerifiedCaller,
    request: AssumeRoleRequest<'_>,
    now: Timestamp,
) -> Result<AssumedRole, WireError> {
    let _ = (world, caller, request, now);
    Err(WireError {
        code: "AccessDenied",
        status: 403,
        message: String::new(),
    })
}
