//! STS: what GetCallerIdentity and AssumeRole decide and how errors read.
//!
//! Source: the STS API reference, botocore's model of 2011-06-15, and texts that STS answers as public issues quote them.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Serialize;

use crate::arn::AccountId;
use crate::arn::Arn;
use crate::iam::AccessKey;
use crate::iam::KeyOwner;
use crate::iam::Role;
use crate::iam_policy::ConditionKeys;
use crate::iam_policy::PolicyDocument;
use crate::iam_policy::RequestContext;
use crate::iam_policy::authorize::PrincipalPolicies;
use crate::iam_policy::trust;
use crate::iam_policy::trust::AssumeRefusal;
use crate::instant::Timestamp;
use crate::sigv4::SigV4Error;
use crate::sigv4::VerifiedCaller;
use crate::world::World;

/// Where the caller names no duration.
const DEFAULT_DURATION: u32 = 3600;
/// The longest session of a role that another role's session assumes.
const CHAINED_DURATION: u32 = 3600;

/// An AWS error as clients see it: code, HTTP status and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Such as `InvalidClientTokenId`.
    pub code: &'static str,
    /// Such as 403.
    pub status: u16,
    /// The text to the letter.
    pub message: String,
}

/// How STS and IAM answer a request that is nobody's.
#[must_use]
pub fn wire_error(error: &SigV4Error) -> WireError {
    let (code, status) = match error {
        SigV4Error::MissingAuthenticationToken | SigV4Error::QueryAlgorithm { .. } => {
            ("MissingAuthenticationToken", 403)
        }
        SigV4Error::HeaderAlgorithm { .. }
        | SigV4Error::NotKeyValue { .. }
        | SigV4Error::HeaderParts { .. }
        | SigV4Error::QueryParts { .. }
        | SigV4Error::DateFormat { .. }
        | SigV4Error::CredentialShape { .. } => ("IncompleteSignature", 400),
        SigV4Error::TwoSignatures
        | SigV4Error::HostNotSigned { .. }
        | SigV4Error::Expired { .. }
        | SigV4Error::NotYetCurrent { .. }
        | SigV4Error::Scope { .. }
        | SigV4Error::SignatureMismatch { .. } => ("SignatureDoesNotMatch", 403),
        SigV4Error::UnknownKey { .. }
        | SigV4Error::InactiveKey { .. }
        | SigV4Error::OwnerGone { .. }
        | SigV4Error::MissingSessionToken { .. }
        | SigV4Error::UnexpectedSessionToken { .. }
        | SigV4Error::WrongSessionToken { .. } => ("InvalidClientTokenId", 403),
        SigV4Error::SessionExpired { .. } => ("ExpiredToken", 403),
    };
    WireError {
        code,
        status,
        message: error.to_string(),
    }
}

/// How STS answers a known caller who asks too often.
///
/// Source: aws-sdk-go-v2#2481 and aws-iam-authenticator#630.
#[must_use]
pub fn throttling() -> WireError {
    WireError {
        code: "Throttling",
        status: 400,
        message: "Rate exceeded".to_owned(),
    }
}

/// How EKS and the other JSON services answer a request that is nobody's.
#[must_use]
pub fn wire_error_json_service(error: &SigV4Error) -> WireError {
    let query = wire_error(error);
    let (code, status) = match query.code {
        "MissingAuthenticationToken" => ("MissingAuthenticationTokenException", 403),
        "IncompleteSignature" => ("IncompleteSignatureException", 400),
        "SignatureDoesNotMatch" => ("InvalidSignatureException", 403),
        "ExpiredToken" => ("ExpiredTokenException", 403),
        _ => ("UnrecognizedClientException", 403),
    };
    let message = match code {
        "MissingAuthenticationTokenException" => "Missing Authentication Token".to_owned(),
        "UnrecognizedClientException" => "The security token included in the request is invalid.".to_owned(),
        _ => query.message,
    };
    WireError { code, status, message }
}

/// The JSON body of an STS error.
#[must_use]
pub fn render_error_json(error: &WireError, request_id: &str) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Body<'a> {
        error: Inner<'a>,
        request_id: &'a str,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Inner<'a> {
        code: &'a str,
        message: &'a str,
        r#type: &'a str,
    }
    json_text(&Body {
        error: Inner {
            code: error.code,
            message: &error.message,
            r#type: "Sender",
        },
        request_id,
    })
}

/// Structs of strings always serialise.
fn json_text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
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
    /// `Policy` and `PolicyArns`, joined.
    pub session_policy: Option<&'a Arc<PolicyDocument>>,
}

/// What decides a caller's request beside who the caller is.
#[derive(Clone, Copy, Debug)]
pub struct Permissions<'a> {
    /// The caller's policies.
    pub policies: &'a PrincipalPolicies,
    /// The condition keys of the caller and of the request, without those of the action.
    pub keys: &'a ConditionKeys,
}

/// Temporary credentials of a role.
#[derive(Clone, Debug)]
pub struct AssumedRole {
    /// The new key, with its session.
    pub key: Arc<AccessKey>,
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub arn: String,
    /// `AROA…:SESSION`.
    pub assumed_role_id: String,
}

/// Assumes a role, adding the session to the World's directory.
///
/// # Errors
/// What STS answers: ValidationError; AccessDenied, which does not tell whether the role is there.
pub fn assume_role(
    world: &mut World,
    caller: &VerifiedCaller,
    permissions: Permissions<'_>,
    request: AssumeRoleRequest<'_>,
    now: Timestamp,
) -> Result<AssumedRole, WireError> {
    let (role_arn, session_name, duration) = validate(request)?;
    let identity = caller.identity();
    let denied = || {
        access_denied(format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            identity.arn
        ))
    };
    if identity.arn.ends_with(":root") {
        return Err(access_denied("Roles may not be assumed by root accounts."));
    }
    let account = Arn::parse(role_arn)
        .and_then(|arn| AccountId::parse(&arn.account_id))
        .map_err(|_| denied())?;
    let role: Role = world
        .directory
        .account(&account)
        .and_then(|account| account.roles().find(|role| role.arn == role_arn))
        .cloned()
        .ok_or_else(denied)?;
    let mut keys = permissions.keys.clone().with("sts:RoleSessionName", session_name);
    if let Some(external_id) = request.external_id {
        keys = keys.with("sts:ExternalId", external_id);
    }
    let context = RequestContext {
        action: "sts:AssumeRole",
        resource: role_arn,
        keys: &keys,
    };
    trust::check_assume_role(&role.trust_policy, &account, identity, permissions.policies, &context).map_err(
        |refusal| match refusal {
            AssumeRefusal::Policies(denied) => access_denied(denied.to_string()),
            AssumeRefusal::Trust => denied(),
        },
    )?;
    if duration > role.max_session_duration {
        return Err(validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let chained = identity.arn.contains(":assumed-role/");
    if chained && duration > CHAINED_DURATION {
        return Err(validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    let owner = KeyOwner::AssumedRole {
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        session_name: session_name.to_owned(),
    };
    let expires = now.plus_seconds(i64::from(duration));
    let key = world
        .directory
        .create_session(&account, owner, expires, &mut world.ids, now);
    let key = match request.session_policy {
        Some(policy) => {
            let mut key = (*key).clone();
            key.session
                .iter_mut()
                .for_each(|session| session.policy = Some(Arc::clone(policy)));
            world.directory.add_key(key)
        }
        None => key,
    };
    let assumed = world.directory.caller_identity(&key).ok_or_else(denied)?;
    Ok(AssumedRole {
        key,
        arn: assumed.arn,
        assumed_role_id: assumed.user_id,
    })
}

fn access_denied(message: impl Into<String>) -> WireError {
    WireError {
        code: "AccessDenied",
        status: 403,
        message: message.into(),
    }
}

fn validation_error(message: impl Into<String>) -> WireError {
    WireError {
        code: "ValidationError",
        status: 400,
        message: message.into(),
    }
}

/// The checks of the model: all faults are told at once.
fn validate<'a>(request: AssumeRoleRequest<'a>) -> Result<(&'a str, &'a str, u32), WireError> {
    let mut faults = Vec::new();
    let mut fault = |value: Option<&str>, field: &str, constraint: &str| {
        let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
        faults.push(format!(
            "Value {value} at '{field}' failed to satisfy constraint: {constraint}"
        ));
    };
    let mut text = |value: Option<&'a str>, field: &str, least: usize, most: usize| match value {
        None => fault(None, field, "Member must not be null"),
        Some(value) if value.len() < least => {
            let constraint = format!("Member must have length greater than or equal to {least}");
            fault(Some(value), field, &constraint);
        }
        Some(value) if value.len() > most => {
            let constraint = format!("Member must have length less than or equal to {most}");
            fault(Some(value), field, &constraint);
        }
        Some(_) => {}
    };
    text(request.role_arn, "roleArn", 20, 2048);
    text(request.role_session_name, "roleSessionName", 2, 64);
    if request.external_id.is_some() {
        text(request.external_id, "externalId", 2, 1224);
    }
    let only = |value: &str, further: &str| {
        value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || further.contains(c))
    };
    if let Some(name) = request.role_session_name.filter(|name| !only(name, "+=,.@-")) {
        let constraint = r"Member must satisfy regular expression pattern: [\w+=,.@-]*";
        fault(Some(name), "roleSessionName", constraint);
    }
    if let Some(id) = request.external_id.filter(|id| !only(id, "+=,.@:/-")) {
        let constraint = r"Member must satisfy regular expression pattern: [\w+=,.@:\/-]*";
        fault(Some(id), "externalId", constraint);
    }
    let duration = match request.duration_seconds.map(|text| (text, text.parse::<u32>())) {
        None => DEFAULT_DURATION,
        Some((text, Err(_))) => {
            fault(Some(text), "durationSeconds", "Member must be an integer");
            0
        }
        Some((text, Ok(value))) => {
            if value < 900 {
                fault(
                    Some(text),
                    "durationSeconds",
                    "Member must have value greater than or equal to 900",
                );
            } else if value > 43_200 {
                fault(
                    Some(text),
                    "durationSeconds",
                    "Member must have value less than or equal to 43200",
                );
            }
            value
        }
    };
    match (request.role_arn, request.role_session_name, faults.len()) {
        (Some(role_arn), Some(session_name), 0) => Ok((role_arn, session_name, duration)),
        (.., count) => Err(validation_error(format!(
            "{count} validation error{} detected: {}",
            if count == 1 { "" } else { "s" },
            faults.join("; ")
        ))),
    }
}
