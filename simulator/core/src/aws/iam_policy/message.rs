//! The encoded authorization message: why a request was refused, for those who may ask.
//!
//! Source of the decoded form: STS API reference, "DecodeAuthorizationMessage".
//!
//! FIDELITY: the token is ours, base64url of an HMAC-SHA256 and the message; the real one is opaque. STS documents the
//! members of the message and shows one example, after which this is made.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;

use super::ConditionKeys;
use super::Effect;
use super::authorize::Denied;
use super::authorize::PrincipalPolicies;
use super::authorize::Refusal;
use super::document::Statement;
use crate::aws::principal::CallerIdentity;

/// The length of the hash that a token begins with.
const HASH: usize = 32;

/// The message of a refusal, as a token that only [`decode`] with the same `key` reads. `keys` are those that the
/// request was decided by.
#[must_use]
pub fn encode(
    key: &[u8],
    denied: &Denied,
    caller: &CallerIdentity,
    policies: &PrincipalPolicies,
    keys: &ConditionKeys,
) -> String {
    let message = render(denied, caller, policies, keys).to_string();
    let mut token = hash(key, message.as_bytes())
        .map(|hash| hash.finalize().into_bytes().to_vec())
        .unwrap_or_default();
    token.extend_from_slice(message.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(token)
}

/// The message of a token, in JSON.
///
/// # Errors
/// [`InvalidMessage`] for a token that was not made with this key.
pub fn decode(key: &[u8], token: &str) -> Result<String, InvalidMessage> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidMessage)?;
    let (given, message) = bytes.split_at_checked(HASH).ok_or(InvalidMessage)?;
    hash(key, message)
        .and_then(|hash| hash.verify_slice(given).ok())
        .ok_or(InvalidMessage)?;
    String::from_utf8(message.to_vec()).map_err(|_| InvalidMessage)
}

/// HMAC accepts keys of any length.
fn hash(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut hash = Hmac::<Sha256>::new_from_slice(key).ok()?;
    hash.update(message);
    Some(hash)
}

/// A token that is none, for InvalidAuthorizationMessageException; the text is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The encoded authorization message is not valid")]
pub struct InvalidMessage;

fn items(items: impl IntoIterator<Item = Value>) -> Value {
    json!({"items": items.into_iter().collect::<Vec<_>>()})
}

fn values<'a>(values: impl IntoIterator<Item = &'a str>) -> Value {
    items(values.into_iter().map(|value| json!({"value": value})))
}

fn render(denied: &Denied, caller: &CallerIdentity, policies: &PrincipalPolicies, keys: &ConditionKeys) -> Value {
    let matched = match &denied.refusal {
        Refusal::Explicit(layer, at) => policies
            .document(*layer, at.policy)
            .and_then(|document| document.statements.get(at.statement)),
        Refusal::Implicit(_) => None,
    };
    json!({
        "allowed": false,
        "explicitDeny": matches!(denied.refusal, Refusal::Explicit(..)),
        "matchedStatements": items(matched.map(|statement| statement_json(statement, caller))),
        "failures": items([]),
        "context": {
            "principal": {
                "id": caller.user_id,
                "name": caller.arn.rsplit('/').next(),
                "arn": caller.arn,
            },
            "action": denied.action,
            "resource": denied.resource,
            "conditions": items(keys.iter().map(|(key, got)| json!({
                "key": key,
                "values": values(got.iter().map(String::as_str)),
            }))),
        },
    })
}

fn statement_json(statement: &Statement, caller: &CallerIdentity) -> Value {
    json!({
        "statementId": statement.sid.as_deref().unwrap_or_default(),
        "effect": match statement.effect {
            Effect::Allow => "ALLOW",
            Effect::Deny => "DENY",
        },
        "principals": values([caller.user_id.split(':').next().unwrap_or_default()]),
        "principalGroups": items([]),
        "actions": values(statement.actions.sources()),
        "resources": values(statement.resources.sources()),
        "conditions": items(statement.conditions.iter().map(|condition| {
            let (key, wanted) = condition.entry();
            json!({"key": key, "values": values(wanted)})
        })),
    })
}
