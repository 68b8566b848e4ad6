//! STS: what its operations decide and how errors read.
//!
//! Source: the STS API reference, botocore's model of 2011-06-15, and texts that STS answers as public issues quote them.

mod input;
mod session;
#[cfg(test)]
mod tests;
mod web_identity;

use std::sync::Arc;

use serde::Serialize;

use self::input::ACCESS_KEY_ID;
use self::input::ENCODED_MESSAGE;
use self::input::EXTERNAL_ID;
use self::input::Faults;
use self::input::ROLE_ARN;
use self::input::SERIAL_NUMBER;
use self::input::SESSION_NAME;
pub use self::input::SessionParameters;
use self::input::TOKEN_CODE;
pub use self::session::FederatedUser;
pub use self::session::FederationTokenRequest;
pub use self::session::SessionTokenRequest;
pub use self::session::federation_token;
pub use self::session::session_token;
pub use self::web_identity::WebIdentityRequest;
pub use self::web_identity::WebIdentitySession;
pub use self::web_identity::assume_role_with_web_identity;
use crate::aws::iam::AccessKey;
use crate::aws::iam::IamError;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::Role;
use crate::aws::iam::SessionFacts;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::RequestContext;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::iam_policy::message;
use crate::aws::iam_policy::trust;
use crate::aws::iam_policy::trust::AssumeRefusal;
use crate::aws::principal::CallerIdentity;
use crate::aws::sigv4::SigV4Error;
use crate::aws::sigv4::VerifiedCaller;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::instant::Timestamp;
use crate::world::World;

/// Where the caller names no duration.
const DEFAULT_DURATION: u32 = 3600;
/// The longest session of a role.
const LONGEST_DURATION: u32 = 43_200;
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
        | SigV4Error::HeaderNotSigned { .. }
        | SigV4Error::Expired { .. }
        | SigV4Error::NotYetCurrent { .. }
        | SigV4Error::Scope { .. }
        | SigV4Error::SignatureMismatch { .. } => ("SignatureDoesNotMatch", 403),
        SigV4Error::UnknownKey { .. }
        | SigV4Error::InactiveKey { .. }
        | SigV4Error::OwnerGone { .. }
        | SigV4Error::MissingSessionToken { .. }
        | SigV4Error::UnexpectedSessionToken { .. }
        | SigV4Error::WrongSessionToken { .. }
        | SigV4Error::GlobalToken { .. }
        | SigV4Error::SessionNotForIam { .. } => ("InvalidClientTokenId", 403),
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

/// How EC2 answers a request that is nobody's.
///
/// Source: EC2 API reference, "Error codes", and messages that users of the API quote; which key or signature is wrong is
/// not told.
#[must_use]
pub fn wire_error_ec2(error: &SigV4Error) -> WireError {
    let query = wire_error(error);
    let (code, status, message) = match (query.code, error) {
        ("MissingAuthenticationToken", _) => (
            "MissingParameter",
            400,
            "The request must contain the parameter AWSAccessKeyId".to_owned(),
        ),
        ("IncompleteSignature", _) => ("IncompleteSignature", 400, query.message),
        ("ExpiredToken", _) | (_, SigV4Error::Expired { .. }) => {
            ("RequestExpired", 400, "Request has expired.".to_owned())
        }
        _ => (
            "AuthFailure",
            401,
            "AWS was not able to validate the provided access credentials".to_owned(),
        ),
    };
    WireError { code, status, message }
}

/// The JSON body of an STS error.
#[must_use]
pub fn render_error_json(error: &WireError, request_id: &str) -> String {
    render_error(error.code, error.status, &error.message, request_id)
}

/// The same for an error of any code.
#[must_use]
pub fn render_error(code: &str, status: u16, message: &str, request_id: &str) -> String {
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
            code,
            message,
            r#type: at_fault(status),
        },
        request_id,
    })
}

/// Who is at fault for an error, as services of the Query protocol say it.
///
/// Source: Smithy 2.0, "AWS Query protocol", "Operation error serialization".
#[must_use]
pub fn at_fault(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}

/// Structs of strings always serialise.
fn json_text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// The parameters of AssumeRole as they came; absent ones are `None`.
#[derive(Clone, Debug, Default)]
pub struct AssumeRoleRequest<'a> {
    /// `RoleArn`.
    pub role_arn: Option<&'a str>,
    /// `RoleSessionName`.
    pub role_session_name: Option<&'a str>,
    /// `DurationSeconds`.
    pub duration_seconds: Option<&'a str>,
    /// `ExternalId`.
    pub external_id: Option<&'a str>,
    /// `SerialNumber`.
    pub serial_number: Option<&'a str>,
    /// `TokenCode`.
    pub token_code: Option<&'a str>,
    /// What narrows or marks the session.
    pub session: SessionParameters<'a>,
}

/// What decides a caller's request beside who the caller is.
#[derive(Clone, Copy, Debug)]
pub struct Permissions<'a> {
    /// The caller's policies.
    pub policies: &'a PrincipalPolicies,
    /// The condition keys of the caller and of the request, without those of the action.
    pub keys: &'a ConditionKeys,
}

/// Where a call arrives that gives out credentials.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// Its region; us-east-1 for the global endpoint.
    pub region: &'a str,
    /// Whether it is `sts.amazonaws.com`, whose tokens do not hold in every region.
    pub is_global: bool,
}

impl Endpoint<'_> {
    /// # Errors
    /// RegionDisabledException, where the account has switched STS off here.
    fn check(self, world: &World, account: &AccountId) -> Result<(), WireError> {
        let disabled = world
            .directory
            .account(account)
            .is_some_and(|account| account.disabled_regions.iter().any(|region| region == self.region));
        if !disabled {
            return Ok(());
        }
        Err(WireError {
            code: "RegionDisabledException",
            status: 403,
            message: format!(
                "STS is not activated in this region for account:{account}. Your account administrator can activate \
                 STS in this region using the IAM Console."
            ),
        })
    }

    fn facts(self, facts: SessionFacts) -> SessionFacts {
        SessionFacts {
            is_global: self.is_global,
            ..facts
        }
    }
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
    /// Percent of the room that the policies and tags take, where there are some.
    pub packed_policy_size: Option<usize>,
    /// Who stands behind the session, where anyone said so.
    pub source_identity: Option<String>,
}

/// Assumes a role, adding the session to the World's directory.
///
/// # Errors
/// What STS answers: ValidationError and its like; RegionDisabledException; AccessDenied, which does not tell whether the
/// role is there.
pub fn assume_role(
    world: &mut World,
    caller: &VerifiedCaller,
    permissions: Permissions<'_>,
    request: &AssumeRoleRequest<'_>,
    endpoint: Endpoint<'_>,
    now: Timestamp,
) -> Result<AssumedRole, WireError> {
    let mut faults = Faults::default();
    let role_arn = faults.required(request.role_arn, "roleArn", ROLE_ARN);
    let session_name = faults.required(request.role_session_name, "roleSessionName", SESSION_NAME);
    faults.optional(request.external_id, "externalId", EXTERNAL_ID);
    faults.optional(request.serial_number, "serialNumber", SERIAL_NUMBER);
    faults.optional(request.token_code, "tokenCode", TOKEN_CODE);
    request.session.check(&mut faults);
    let duration = faults.duration(request.duration_seconds, DEFAULT_DURATION, LONGEST_DURATION);
    faults.finish()?;
    let (facts, packed_policy_size) = request.session.facts()?;
    let identity = caller.identity();
    endpoint.check(world, &identity.account)?;
    let denied_action = |action: &str| {
        access_denied(format!(
            "User: {} is not authorized to perform: {action} on resource: {role_arn}",
            identity.arn
        ))
    };
    let denied = || denied_action("sts:AssumeRole");
    if identity.arn.ends_with(":root") {
        return Err(access_denied("Roles may not be assumed by root accounts."));
    }
    // A federated user may call nothing of STS but GetCallerIdentity (STS API reference).
    if identity.arn.contains(":federated-user/") {
        return Err(denied());
    }
    let has_mfa = use_mfa(world, caller, request.serial_number, request.token_code, now)?;
    let (account, role) = find_role(world, role_arn).ok_or_else(denied)?;
    let facts = SessionFacts {
        has_mfa,
        ..inherit(world, caller, facts).ok_or_else(denied)?
    };
    let mut keys = permissions.keys.clone().with("sts:RoleSessionName", session_name);
    if has_mfa {
        keys = keys
            .with("aws:MultiFactorAuthPresent", "true")
            .with("aws:MultiFactorAuthAge", "0");
    }
    if let Some(external_id) = request.external_id {
        keys = keys.with("sts:ExternalId", external_id);
    }
    if let Some(source_identity) = &facts.source_identity {
        keys = keys.with("sts:SourceIdentity", source_identity);
    }
    for (key, value) in &facts.tags {
        keys = keys.with(&format!("aws:RequestTag/{key}"), value);
    }
    keys = keys
        .with_values("aws:TagKeys", facts.tags.iter().map(|(key, _)| key.clone()))
        .with_values("sts:TransitiveTagKeys", facts.transitive_tag_keys.iter().cloned());
    let wanted = [
        ("sts:AssumeRole", true),
        ("sts:TagSession", !facts.tags.is_empty()),
        ("sts:SetSourceIdentity", facts.source_identity.is_some()),
    ];
    for (action, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
        let context = RequestContext {
            action,
            resource: role_arn,
            keys: &keys,
        };
        trust::check_assume_role(&role.trust_policy, &account, identity, permissions.policies, &context).map_err(
            |refusal| match refusal {
                AssumeRefusal::Policies(denied) => access_denied(denied.to_string()),
                AssumeRefusal::Trust => denied_action(action),
            },
        )?;
    }
    let chained = identity.arn.contains(":assumed-role/");
    check_duration(&role, duration, chained)?;
    request.session.check_managed(&world.directory, &account)?;
    let session = begin_session(
        world,
        account,
        &role,
        session_name,
        duration,
        endpoint.facts(facts),
        now,
    );
    let (key, assumed) = session.ok_or_else(denied)?;
    Ok(AssumedRole {
        source_identity: key
            .session
            .as_ref()
            .and_then(|session| session.facts.source_identity.clone()),
        key,
        arn: assumed.arn,
        assumed_role_id: assumed.user_id,
        packed_policy_size,
    })
}

/// The account of an access key: of any, whoever asks and whatever its state.
///
/// FIDELITY: STS reads the account from the key's id, known or not; ours do not tell it, so that only known ones have one.
///
/// # Errors
/// ValidationError; InvalidClientTokenId for a key that nobody has ever had.
pub fn access_key_info(world: &World, access_key_id: Option<&str>) -> Result<AccountId, WireError> {
    let mut faults = Faults::default();
    let id = faults.required(access_key_id, "accessKeyId", ACCESS_KEY_ID);
    faults.finish()?;
    let key = world.directory.access_key(id);
    key.map(|key| key.account.clone()).ok_or_else(|| WireError {
        code: "InvalidClientTokenId",
        status: 403,
        message: "The security token included in the request is invalid.".to_owned(),
    })
}

/// The message that an encoded one holds, in JSON.
///
/// # Errors
/// ValidationError; InvalidAuthorizationMessageException for a message that was not made with this key.
pub fn decode_authorization_message(key: &[u8], encoded_message: Option<&str>) -> Result<String, WireError> {
    let mut faults = Faults::default();
    let token = faults.required(encoded_message, "encodedMessage", ENCODED_MESSAGE);
    faults.finish()?;
    message::decode(key, token).map_err(|invalid| WireError {
        code: "InvalidAuthorizationMessageException",
        status: 400,
        message: invalid.to_string(),
    })
}

/// Takes the code of the calling user's MFA device, where one is sent: whether one was.
///
/// # Errors
/// AccessDenied for a device that the caller has not, or another code.
fn use_mfa(
    world: &mut World,
    caller: &VerifiedCaller,
    serial: Option<&str>,
    code: Option<&str>,
    now: Timestamp,
) -> Result<bool, WireError> {
    let (Some(serial), Some(code)) = (serial, code) else {
        return Ok(false);
    };
    let CallerIdentity { account, user_id, .. } = caller.identity();
    match world.directory.use_mfa_code(account, user_id, serial, code, now) {
        Ok(()) => Ok(true),
        Err(IamError::InvalidAuthenticationCode) => Err(access_denied(
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        )),
        Err(_) => Err(access_denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
        )),
    }
}

/// The role of that ARN, with its account.
fn find_role(world: &World, role_arn: &str) -> Option<(AccountId, Role)> {
    let id = AccountId::parse(&Arn::parse(role_arn).ok()?.account_id).ok()?;
    let role = world
        .directory
        .account(&id)?
        .roles()
        .find(|role| role.arn == role_arn)?
        .clone();
    Some((id, role))
}

fn check_duration(role: &Role, duration: u32, chained: bool) -> Result<(), WireError> {
    if duration > role.max_session_duration {
        return Err(validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if chained && duration > CHAINED_DURATION {
        return Err(validation_error(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    Ok(())
}

/// The facts of a session with what it has from the caller's own: tags that are transitive, and the source identity,
/// which no later session may change (STS API reference); nothing where it would be changed.
fn inherit(world: &World, caller: &VerifiedCaller, mut facts: SessionFacts) -> Option<SessionFacts> {
    let key = world.directory.access_key(&caller.scope().access_key_id)?;
    let Some(session) = &key.session else {
        return Some(facts);
    };
    let before = &session.facts;
    for key in &before.transitive_tag_keys {
        let tag = before.tags.iter().find(|(name, _)| name == key);
        if let Some(tag) = tag.filter(|(name, _)| !facts.tags.iter().any(|(set, _)| set.eq_ignore_ascii_case(name))) {
            facts.tags.push(tag.clone());
            facts.transitive_tag_keys.push(key.clone());
        }
    }
    match (&before.source_identity, &facts.source_identity) {
        (Some(before), Some(now)) if before != now => return None,
        (Some(before), None) => facts.source_identity = Some(before.clone()),
        _ => {}
    }
    Some(facts)
}

/// Adds the session of a role, with who acts in it.
fn begin_session(
    world: &mut World,
    account: AccountId,
    role: &Role,
    session_name: &str,
    duration: u32,
    facts: SessionFacts,
    now: Timestamp,
) -> Option<(Arc<AccessKey>, CallerIdentity)> {
    let owner = KeyOwner::AssumedRole {
        role_name: role.name.clone(),
        role_id: role.id.clone(),
        session_name: session_name.to_owned(),
    };
    let expires = now.plus_seconds(i64::from(duration));
    let key = world
        .directory
        .create_session(&account, owner, expires, facts, &mut world.ids, now);
    let identity = world.directory.caller_identity(&key)?;
    Some((key, identity))
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
