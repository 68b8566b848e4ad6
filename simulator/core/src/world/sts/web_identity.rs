//! AssumeRoleWithWebIdentity: a token of an identity provider is changed for credentials of a role. The call is not
//! signed; the token says who calls.
//!
//! Source: the STS API reference, botocore's model, IAM User Guide, "Available keys for AWS OIDC federation"; the texts are
//! those that users quote: awslabs/aws-sdk-rust#827 (no key), aws/aws-sdk-java-v2#5709 (expired),
//! aws/amazon-eks-pod-identity-webhook#232 (audience), openshift/hypershift (no JWT).
//!
//! FIDELITY: the order of the checks is a guess. Of issuers, only the clusters of the World can be asked for their keys;
//! for any other one STS answers as for a provider that it cannot reach. The texts for a provider id and for a signature
//! that does not hold are ours. No session tags are taken from the token.

use super::AssumedRole;
use super::DEFAULT_DURATION;
use super::Endpoint;
use super::LONGEST_DURATION;
use super::SessionParameters;
use super::WireError;
use super::access_denied;
use super::begin_session;
use super::check_duration;
use super::find_role;
use super::input::Faults;
use super::input::PROVIDER_ID;
use super::input::ROLE_ARN;
use super::input::SESSION_NAME;
use super::input::WEB_IDENTITY_TOKEN;
use super::validation_error;
use crate::aws::iam::OidcProvider;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::trust::Requester;
use crate::aws::iam_policy::trust::TrustDecision;
use crate::aws::jwt::Jwt;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use crate::value::instant::Timestamp;
use crate::world::World;

/// The action in trust policies.
const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// The parameters of AssumeRoleWithWebIdentity as they came; absent ones are `None`.
#[derive(Clone, Debug, Default)]
pub struct WebIdentityRequest<'a> {
    /// `RoleArn`.
    pub role_arn: Option<&'a str>,
    /// `RoleSessionName`.
    pub role_session_name: Option<&'a str>,
    /// `WebIdentityToken`.
    pub web_identity_token: Option<&'a str>,
    /// `ProviderId`.
    pub provider_id: Option<&'a str>,
    /// `DurationSeconds`.
    pub duration_seconds: Option<&'a str>,
    /// `Policy` and `PolicyArns`.
    pub session: SessionParameters<'a>,
}

/// Temporary credentials of a role, and for whom.
#[derive(Clone, Debug)]
pub struct WebIdentitySession {
    /// The credentials.
    pub role: AssumedRole,
    /// The token's `sub`.
    pub subject: String,
    /// The ARN of the provider.
    pub provider: String,
    /// The audience that the provider accepts.
    pub audience: String,
}

/// Assumes a role for the subject of a token, adding the session to the World's directory. `keys` are those of the
/// request.
///
/// # Errors
/// What STS answers: ValidationError and its like; InvalidIdentityToken, ExpiredTokenException; RegionDisabledException;
/// AccessDenied, which does not tell whether the role is there.
pub fn assume_role_with_web_identity(
    world: &mut World,
    keys: &ConditionKeys,
    request: &WebIdentityRequest<'_>,
    endpoint: Endpoint<'_>,
    now: Timestamp,
) -> Result<WebIdentitySession, WireError> {
    let mut faults = Faults::default();
    let role_arn = faults.required(request.role_arn, "roleArn", ROLE_ARN);
    let session_name = faults.required(request.role_session_name, "roleSessionName", SESSION_NAME);
    let token = faults.required_secret(request.web_identity_token, "webIdentityToken", WEB_IDENTITY_TOKEN);
    faults.optional(request.provider_id, "providerId", PROVIDER_ID);
    request.session.check(&mut faults);
    let duration = faults.duration(request.duration_seconds, DEFAULT_DURATION, LONGEST_DURATION);
    faults.finish()?;
    let (facts, packed_policy_size) = request.session.facts()?;
    let account = account_of_role(role_arn).ok_or_else(|| validation_error("Request ARN is invalid"))?;
    endpoint.check(world, &account)?;
    if let Some(id) = request.provider_id {
        return Err(invalid_token(format!(
            "No identity provider is reached under the ProviderId {id}"
        )));
    }
    let jwt = Jwt::parse(token).ok_or_else(|| {
        invalid_token("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
    })?;
    let provider = find_provider(world, &account, jwt.text("iss"))?;
    let audience = jwt
        .audiences()
        .into_iter()
        .find(|audience| provider.client_ids.iter().any(|id| id == audience))
        .ok_or_else(|| invalid_token("Incorrect token audience"))?;
    check_end(&jwt, now)?;
    check_signature(world, &jwt)?;
    let denied = || access_denied(format!("Not authorized to perform {ACTION}"));
    let (account, role) = find_role(world, role_arn).ok_or_else(denied)?;
    let subject = jwt.text("sub");
    let keys = keys
        .clone()
        .with("sts:RoleSessionName", session_name)
        .with(&format!("{}:aud", provider.url), audience)
        .with(&format!("{}:sub", provider.url), subject);
    let requester = Requester::Federated {
        provider: &provider.arn,
    };
    let TrustDecision::Trusted(_) = role.trust_policy.decide(ACTION, requester, &keys) else {
        return Err(denied());
    };
    check_duration(&role, duration, false)?;
    request.session.check_managed(&world.directory, &account)?;
    let provider = provider.arn.clone();
    let facts = endpoint.facts(facts);
    let (key, assumed) = begin_session(world, account, &role, session_name, duration, facts, now).ok_or_else(denied)?;
    Ok(WebIdentitySession {
        role: AssumedRole {
            key,
            arn: assumed.arn,
            assumed_role_id: assumed.user_id,
            packed_policy_size,
            source_identity: None,
        },
        subject: subject.to_owned(),
        provider,
        audience: audience.to_owned(),
    })
}

/// The account that an ARN of a role names.
fn account_of_role(arn: &str) -> Option<AccountId> {
    let arn = Arn::parse(arn).ok()?;
    let is_role = arn.service == "iam" && arn.resource.starts_with("role/");
    AccountId::parse(&arn.account_id).ok().filter(|_| is_role)
}

/// The account's provider for an issuer.
fn find_provider<'a>(world: &'a World, account: &AccountId, issuer: &str) -> Result<&'a OidcProvider, WireError> {
    let url = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/');
    world
        .directory
        .account(account)
        .and_then(|account| account.oidc_providers().find(|provider| provider.url == url))
        .ok_or_else(|| invalid_token(format!("No OpenIDConnect provider found in your account for {issuer}")))
}

fn check_end(jwt: &Jwt<'_>, now: Timestamp) -> Result<(), WireError> {
    let end = jwt
        .time("exp")
        .ok_or_else(|| invalid_token("Missing a required claim: exp"))?;
    if now < end {
        return Ok(());
    }
    Err(WireError {
        code: "ExpiredTokenException",
        status: 400,
        message: format!(
            "Token expired: current date/time {} must be before the expiration date/time {}",
            now.unix_seconds(),
            end.unix_seconds()
        ),
    })
}

fn check_signature(world: &World, jwt: &Jwt<'_>) -> Result<(), WireError> {
    let issuer = jwt.text("iss");
    let cluster = world.clusters.values().find(|cluster| cluster.oidc_issuer() == issuer);
    let key = cluster
        .and_then(|cluster| cluster.token_key())
        .filter(|key| jwt.key_id.as_deref() == Some(key.id()))
        .ok_or_else(|| {
            invalid_token(
                "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
            )
        })?;
    if key.has_signed(jwt) {
        Ok(())
    } else {
        Err(invalid_token("The signature of the token does not hold"))
    }
}

fn invalid_token(message: impl Into<String>) -> WireError {
    WireError {
        code: "InvalidIdentityToken",
        status: 400,
        message: message.into(),
    }
}
