//! Credentials that a user gets for itself or gives away: GetSessionToken and GetFederationToken.

use std::sync::Arc;

use super::Endpoint;
use super::WireError;
use super::access_denied;
use super::input::FEDERATED_NAME;
use super::input::Faults;
use super::input::SERIAL_NUMBER;
use super::input::SessionParameters;
use super::input::TOKEN_CODE;
use super::use_mfa;
use crate::aws::iam::AccessKey;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::SessionFacts;
use crate::aws::sigv4::VerifiedCaller;
use crate::value::instant::Timestamp;
use crate::world::World;

/// Where the caller names no duration.
const DEFAULT_DURATION: u32 = 43_200;
/// 36 hours.
const LONGEST_DURATION: u32 = 129_600;
/// The longest session of a root user, who gets no more whatever is asked (STS API reference).
const ROOT_DURATION: u32 = 3_600;

/// The parameters of GetSessionToken as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionTokenRequest<'a> {
    /// `DurationSeconds`.
    pub duration_seconds: Option<&'a str>,
    /// `SerialNumber`.
    pub serial_number: Option<&'a str>,
    /// `TokenCode`.
    pub token_code: Option<&'a str>,
}

/// Gives a user temporary credentials; who acts with them stays the user.
///
/// # Errors
/// ValidationError, RegionDisabledException; AccessDenied for callers with temporary credentials.
pub fn session_token(
    world: &mut World,
    caller: &VerifiedCaller,
    request: SessionTokenRequest<'_>,
    endpoint: Endpoint<'_>,
    now: Timestamp,
) -> Result<Arc<AccessKey>, WireError> {
    let mut faults = Faults::default();
    let duration = faults.duration(request.duration_seconds, DEFAULT_DURATION, LONGEST_DURATION);
    faults.optional(request.serial_number, "serialNumber", SERIAL_NUMBER);
    faults.optional(request.token_code, "tokenCode", TOKEN_CODE);
    faults.finish()?;
    let key = long_lived(world, caller, "GetSessionToken")?;
    endpoint.check(world, &key.account)?;
    let has_mfa = use_mfa(world, caller, request.serial_number, request.token_code, now)?;
    let facts = endpoint.facts(SessionFacts {
        has_mfa,
        ..SessionFacts::default()
    });
    let expires = expiry(&key, duration, now);
    let (account, owner) = (key.account.clone(), key.owner.clone());
    Ok(world
        .directory
        .create_session(&account, owner, expires, facts, &mut world.ids, now))
}

/// The parameters of GetFederationToken as they came.
#[derive(Clone, Debug, Default)]
pub struct FederationTokenRequest<'a> {
    /// `Name`.
    pub name: Option<&'a str>,
    /// `DurationSeconds`.
    pub duration_seconds: Option<&'a str>,
    /// `Policy`, `PolicyArns` and `Tags`.
    pub session: SessionParameters<'a>,
}

/// Credentials of a federated user.
#[derive(Clone, Debug)]
pub struct FederatedUser {
    /// The new key, with its session.
    pub key: Arc<AccessKey>,
    /// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
    pub arn: String,
    /// `ACCOUNT:NAME`.
    pub federated_user_id: String,
    /// Percent of the room that the policies and tags take, where there are some.
    pub packed_policy_size: Option<usize>,
}

/// Gives a user credentials for somebody whom it names.
///
/// # Errors
/// As for [`session_token`]; MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError for a managed policy that is not
/// there.
pub fn federation_token(
    world: &mut World,
    caller: &VerifiedCaller,
    request: &FederationTokenRequest<'_>,
    endpoint: Endpoint<'_>,
    now: Timestamp,
) -> Result<FederatedUser, WireError> {
    let mut faults = Faults::default();
    let name = faults.required(request.name, "name", FEDERATED_NAME);
    let duration = faults.duration(request.duration_seconds, DEFAULT_DURATION, LONGEST_DURATION);
    request.session.check(&mut faults);
    faults.finish()?;
    let (mut facts, packed_policy_size) = request.session.facts()?;
    // Without a session policy a federated user may do nothing (STS API reference).
    facts.policy.get_or_insert_default();
    let key = long_lived(world, caller, "GetFederationToken")?;
    endpoint.check(world, &key.account)?;
    request.session.check_managed(&world.directory, &key.account)?;
    let owner = KeyOwner::FederatedUser {
        name: name.to_owned(),
        issuer: match &key.owner {
            KeyOwner::User { user_name, user_id } => Some((user_name.clone(), user_id.clone())),
            _ => None,
        },
    };
    let expires = expiry(&key, duration, now);
    let facts = endpoint.facts(facts);
    let session = world
        .directory
        .create_session(&key.account, owner, expires, facts, &mut world.ids, now);
    let identity = world.directory.caller_identity(&session);
    let identity = identity.ok_or_else(|| access_denied("Cannot call GetFederationToken"))?;
    Ok(FederatedUser {
        key: session,
        arn: identity.arn,
        federated_user_id: identity.user_id,
        packed_policy_size,
    })
}

/// The caller's key, which must not be one of a session.
fn long_lived(world: &World, caller: &VerifiedCaller, operation: &str) -> Result<AccessKey, WireError> {
    world
        .directory
        .access_key(&caller.scope().access_key_id)
        .filter(|key| key.session.is_none())
        .cloned()
        .ok_or_else(|| access_denied(format!("Cannot call {operation} with session credentials")))
}

fn expiry(key: &AccessKey, duration: u32, now: Timestamp) -> Timestamp {
    let longest = match key.owner {
        KeyOwner::Root => ROOT_DURATION,
        _ => LONGEST_DURATION,
    };
    now.plus_seconds(i64::from(duration.min(longest)))
}
