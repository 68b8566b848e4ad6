//! Tokens of service accounts: who a token's bearer is, for the API server of the cluster that issued it.
//!
//! Source: `pkg/serviceaccount/jwt.go` and `claims.go` of Kubernetes 1.32, `apiserver/pkg/authentication/serviceaccount`.
//!
//! FIDELITY: tokens that a Secret of type `kubernetes.io/service-account-token` holds are not issued, since no controller
//! fills such Secrets, nor taken. Nothing counts stale tokens. A claim of a type that Go would not read is taken as absent.

#[cfg(test)]
mod tests;
mod token_request;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

pub use self::token_request::Issued;
pub use self::token_request::TokenRequest;
pub use self::token_request::TokenRequestError;
use crate::aws::jwt::Jwt;
use crate::cluster::eks::Cluster;
use crate::kube::object::ObjectKey;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;

/// The audience of the API server itself, which tokens have that name none.
pub const API_AUDIENCE: &str = "https://kubernetes.default.svc";
/// Seconds by which clocks may differ (go-jose's `DefaultLeeway`).
const LEEWAY: i64 = 60;
/// The claim that holds what Kubernetes knows of the token.
const PRIVATE_CLAIM: &str = "kubernetes.io";

/// `system:serviceaccount:NAMESPACE:NAME`.
#[must_use]
pub fn username(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

/// Why a token of this issuer is not taken, in the API server's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is for somebody else.
    #[error("token audiences {} is invalid for the target audiences {}", go_list(.found), go_list(.wanted))]
    Audience {
        /// Those of the token.
        found: Vec<String>,
        /// Those that are asked for.
        wanted: Vec<String>,
    },
    /// The service account is about to be gone.
    #[error("service account {namespace}/{name} has been deleted")]
    Deleted {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Its `exp` is over.
    #[error("service account token has expired")]
    Expired,
    /// The pod, node or Secret that it is bound to is gone, or about to.
    #[error("service account token has been invalidated")]
    Invalidated,
    /// Its `iat` is to come.
    #[error("service account token is issued in the future")]
    IssuedInTheFuture,
    /// There is no such service account.
    #[error("serviceaccounts {} not found", go_quote(.name))]
    NoServiceAccount {
        /// Its name.
        name: String,
    },
    /// Its `nbf` is to come.
    #[error("service account token is not valid yet")]
    NotYetValid,
    /// It is signed with no key of this cluster.
    #[error("square/go-jose: error in cryptographic primitive")]
    Signature,
    /// What it names is another one of the same name.
    #[error("{what} UID ({found}) does not match {claim} ({claimed})")]
    Uid {
        /// Such as `service account`.
        what: &'static str,
        /// The words for the claim.
        claim: &'static str,
        /// The id of the one that is there.
        found: String,
        /// The id in the token.
        claimed: String,
    },
    /// It names a key that this cluster has not.
    #[error("invalid signature, no keys found")]
    UnknownKey,
}

/// What `%q` makes of a list.
fn go_list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| go_quote(text)).collect();
    format!("[{}]", texts.join(" "))
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenVerdict {
    /// Another issuer's, or no token of this form: somebody else may know it.
    NotOurs,
    /// A service account's.
    User {
        /// The service account.
        user: UserInfo,
        /// Those of its audiences that were asked for.
        audiences: Vec<String>,
    },
    /// Nobody's.
    Refused(TokenFault),
}

/// Whose a bearer token is, for the API server of `cluster`; it must be for one of the audiences. Who else may know it is
/// asked after [`TokenVerdict::Refused`] too (`token/union`).
#[must_use]
pub fn authenticate(token: &str, audiences: &[&str], cluster: &Cluster, now: Timestamp) -> TokenVerdict {
    let Some(jwt) = Jwt::parse(token).filter(|jwt| jwt.text("iss") == cluster.oidc_issuer()) else {
        return TokenVerdict::NotOurs;
    };
    match judge(&jwt, audiences, cluster, now) {
        Ok((user, audiences)) => TokenVerdict::User { user, audiences },
        Err(fault) => TokenVerdict::Refused(fault),
    }
}

/// The user of a token of this issuer, and those of its audiences that are among `wanted`.
fn judge(
    jwt: &Jwt<'_>,
    wanted: &[&str],
    cluster: &Cluster,
    now: Timestamp,
) -> Result<(UserInfo, Vec<String>), TokenFault> {
    let key = cluster.token_key();
    let key = key.filter(|key| jwt.key_id.as_deref().is_none_or(|id| id == key.id()));
    if !key.ok_or(TokenFault::UnknownKey)?.has_signed(jwt) {
        return Err(TokenFault::Signature);
    }
    let owned = |texts: &[&str]| -> Vec<String> { texts.iter().map(|text| (*text).to_owned()).collect() };
    let mut audiences = jwt.audiences();
    let found = owned(&audiences);
    audiences.retain(|audience| wanted.contains(audience));
    if audiences.is_empty() {
        return Err(TokenFault::Audience {
            found,
            wanted: owned(wanted),
        });
    }
    check_times(jwt, now)?;
    let private = jwt.claim(PRIVATE_CLAIM);
    let claims = Claims {
        namespace: text(private, "/namespace"),
        private,
        cluster,
        now,
    };
    Ok((claims.user(jwt.text("jti"))?, owned(&audiences)))
}

fn check_times(jwt: &Jwt<'_>, now: Timestamp) -> Result<(), TokenFault> {
    if jwt.time("nbf").is_some_and(|from| now.plus_seconds(LEEWAY) < from) {
        return Err(TokenFault::NotYetValid);
    }
    if jwt.time("exp").is_some_and(|end| now.plus_seconds(-LEEWAY) > end) {
        return Err(TokenFault::Expired);
    }
    if jwt.time("iat").is_some_and(|issued| now.plus_seconds(LEEWAY) < issued) {
        return Err(TokenFault::IssuedInTheFuture);
    }
    Ok(())
}

/// A text inside of a value; empty where it is absent or something else.
fn text<'a>(value: Option<&'a Value>, pointer: &str) -> &'a str {
    value
        .and_then(|value| value.pointer(pointer)?.as_str())
        .unwrap_or_default()
}

/// The private claims of a token whose signature holds.
struct Claims<'a> {
    namespace: &'a str,
    private: Option<&'a Value>,
    cluster: &'a Cluster,
    now: Timestamp,
}

impl<'a> Claims<'a> {
    fn user(&self, jti: &str) -> Result<UserInfo, TokenFault> {
        let (name, uid) = self.reference("serviceaccount").unwrap_or_default();
        let account = self
            .find("serviceaccounts", self.namespace, name)
            .ok_or_else(|| TokenFault::NoServiceAccount { name: name.to_owned() })?;
        check_uid(account, uid, "service account", "claim")?;
        if self.is_going(account) {
            return Err(TokenFault::Deleted {
                namespace: self.namespace.to_owned(),
                name: name.to_owned(),
            });
        }
        self.check_bound("secret", "secrets", "secret", "service account secret ref claim")?;
        let pod = self.check_bound("pod", "pods", "pod", "service account pod ref claim")?;
        let node = match pod {
            // The node of a pod is what was known when the token was issued.
            Some(_) => self.reference("node"),
            None => self.check_bound("node", "nodes", "node", "service account node ref claim")?,
        };
        let mut extra = BTreeMap::new();
        let mut add = |key: &str, value: &str| {
            if !value.is_empty() {
                extra.insert(format!("authentication.kubernetes.io/{key}"), vec![value.to_owned()]);
            }
        };
        if let Some((name, uid)) = pod.filter(|(name, uid)| !name.is_empty() && !uid.is_empty()) {
            add("pod-name", name);
            add("pod-uid", uid);
        }
        if let Some((name, uid)) = node.filter(|(name, _)| !name.is_empty()) {
            add("node-name", name);
            add("node-uid", uid);
        }
        if !jti.is_empty() {
            add("credential-id", &credential_id(jti));
        }
        Ok(UserInfo {
            username: username(self.namespace, name),
            uid: uid.to_owned(),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{}", self.namespace),
            ],
            extra,
        })
    }

    /// Name and uid of what the token refers to under `claim`, where it does.
    fn reference(&self, claim: &str) -> Option<(&'a str, &'a str)> {
        let reference = self.private?.get(claim).filter(|reference| reference.is_object())?;
        Some((text(Some(reference), "/name"), text(Some(reference), "/uid")))
    }

    /// The same for what the token is bound to, which must still be there.
    fn check_bound(
        &self,
        claim: &str,
        resource: &str,
        what: &'static str,
        words: &'static str,
    ) -> Result<Option<(&'a str, &'a str)>, TokenFault> {
        let Some((name, uid)) = self.reference(claim) else {
            return Ok(None);
        };
        let namespace = if resource == "nodes" { "" } else { self.namespace };
        let object = self.find(resource, namespace, name).ok_or(TokenFault::Invalidated)?;
        check_uid(object, uid, what, words)?;
        if self.is_going(object) {
            return Err(TokenFault::Invalidated);
        }
        Ok(Some((name, uid)))
    }

    fn find(&self, resource: &str, namespace: &str, name: &str) -> Option<&'a Arc<Value>> {
        self.cluster.objects().find(&ObjectKey::new(resource, namespace, name))
    }

    /// Whether an object has been deleted for longer than clocks may differ, and is there only because something holds it.
    fn is_going(&self, object: &Value) -> bool {
        Timestamp::parse_rfc3339(text(Some(object), "/metadata/deletionTimestamp"))
            .is_ok_and(|deleted| deleted < self.now.plus_seconds(-LEEWAY))
    }
}

fn check_uid(object: &Value, claimed: &str, what: &'static str, claim: &'static str) -> Result<(), TokenFault> {
    let found = text(Some(object), "/metadata/uid");
    if found == claimed {
        return Ok(());
    }
    Err(TokenFault::Uid {
        what,
        claim,
        found: found.to_owned(),
        claimed: claimed.to_owned(),
    })
}

/// How audit events and reviews name a token (`token/jwt/claims.go`).
fn credential_id(jti: &str) -> String {
    format!("JTI={jti}")
}
