//! TokenRequest: what is asked of a new token, what is refused, and the claims that it gets.
//!
//! Source: `pkg/registry/core/serviceaccount/storage/token.go`, `pkg/apis/authentication/validation` and
//! `pkg/apis/authentication/v1/defaults.go` of Kubernetes 1.32. That EKS gives no token more than 24 hours:
//! DataDog/stratus-red-team#163. That a pod's own token lasts 90 days after it should have been renewed: EKS User Guide,
//! "Kubernetes service accounts".

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::API_AUDIENCE;
use super::PRIVATE_CLAIM;
use super::text;
use super::username;
use crate::cluster::eks::Cluster;
use crate::kube::object::ObjectKey;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

/// Where nothing is asked for.
const DEFAULT_SECONDS: i64 = 3600;
/// `MinTokenAgeSec`.
const LEAST_SECONDS: i64 = 600;
/// The most that a request may ask for, whatever it then gets.
const MOST_ASKED_SECONDS: i64 = 1 << 32;
/// The most that EKS gives.
const MOST_SECONDS: i64 = 86_400;
/// What kubelet asks for pods whose clients may not renew their token (`WarnOnlyBoundTokenExpirationSeconds`).
const WARN_ONLY_SECONDS: i64 = 3607;
/// How long such a token really lasts on EKS.
const EXTENDED_SECONDS: i64 = 90 * 86_400;

/// What a token is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    name: String,
    namespace: String,
    audiences: Vec<String>,
    expiration_seconds: i64,
    bound: Option<BoundObject>,
}

/// What a token lasts no longer than.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct BoundObject {
    api_version: String,
    kind: String,
    name: String,
    uid: String,
}

/// A token that may be signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The claims.
    pub claims: Value,
    /// The `spec` of the answer: what was granted.
    pub spec: Value,
    /// When the token is over, as the answer tells it.
    pub expires: Timestamp,
    /// What is to be said of the request.
    pub warning: Option<String>,
}

/// Why no token is issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestError {
    /// What the token is to be bound to is another one of that name.
    #[error(
        "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
    )]
    BoundUid {
        /// Such as `Pod`.
        kind: String,
        /// Its name.
        name: String,
        /// The id that was given.
        uid: String,
    },
    /// A field is not as it must be.
    #[error("{field}: Invalid value: {shown}: {why}")]
    Invalid {
        /// The name in the message, empty but for the fields of metadata.
        name: String,
        /// Such as `spec.expirationSeconds`.
        field: &'static str,
        /// The value as messages show it.
        shown: String,
        /// What it must be.
        why: &'static str,
    },
    /// There is no such object.
    #[error("{resource} {} not found", go_quote(.name))]
    NotFound {
        /// Such as `pods`.
        resource: &'static str,
        /// Its name.
        name: String,
    },
    /// The pod runs as somebody else.
    #[error("cannot bind token for serviceaccount {} to pod running with different serviceaccount name.", go_quote(.name))]
    OtherServiceAccount {
        /// The service account whose token it would be.
        name: String,
    },
    /// Nothing that a token can be bound to.
    #[error("cannot bind token to object of type {0}")]
    Unbindable(String),
    /// A field has a value of another type.
    #[error("{0}")]
    WrongType(String),
}

impl TokenRequest {
    /// Reads the object that is posted.
    ///
    /// FIDELITY: Go tells of a value of a wrong type in other words.
    ///
    /// # Errors
    /// [`TokenRequestError::WrongType`].
    pub fn from_object(object: &Value) -> Result<Self, TokenRequestError> {
        let at = |pointer: &str| object.pointer(pointer).filter(|value| !value.is_null());
        let wrong = |field: &str, wanted: &str| {
            TokenRequestError::WrongType(format!(
                "json: cannot unmarshal into Go struct field TokenRequestSpec.{field} of type {wanted}"
            ))
        };
        let audiences = match at("/spec/audiences") {
            None => Vec::new(),
            Some(Value::Array(list)) => list
                .iter()
                .map(|audience| audience.as_str().map(str::to_owned))
                .collect::<Option<Vec<String>>>()
                .ok_or_else(|| wrong("spec.audiences", "string"))?,
            Some(_) => return Err(wrong("spec.audiences", "[]string")),
        };
        let expiration_seconds = match at("/spec/expirationSeconds") {
            None => DEFAULT_SECONDS,
            Some(value) => value.as_i64().ok_or_else(|| wrong("spec.expirationSeconds", "int64"))?,
        };
        let bound = at("/spec/boundObjectRef").map(|reference| BoundObject {
            api_version: text(Some(reference), "/apiVersion").to_owned(),
            kind: text(Some(reference), "/kind").to_owned(),
            name: text(Some(reference), "/name").to_owned(),
            uid: text(Some(reference), "/uid").to_owned(),
        });
        Ok(Self {
            name: text(Some(object), "/metadata/name").to_owned(),
            namespace: text(Some(object), "/metadata/namespace").to_owned(),
            audiences,
            expiration_seconds,
            bound,
        })
    }

    /// What a token of the service account is to say. `jti` is its id: a UUID.
    ///
    /// # Errors
    /// [`TokenRequestError`].
    pub fn issue(
        &self,
        cluster: &Cluster,
        (namespace, name): (&str, &str),
        jti: &str,
        now: Timestamp,
    ) -> Result<Issued, TokenRequestError> {
        for (field, given, wanted, why) in [
            (
                "metadata.name",
                &self.name,
                name,
                "must match the service account name if specified",
            ),
            (
                "metadata.namespace",
                &self.namespace,
                namespace,
                "must match the service account namespace if specified",
            ),
        ] {
            if !given.is_empty() && given != wanted {
                return Err(TokenRequestError::Invalid {
                    name: name.to_owned(),
                    field,
                    shown: go_quote(given),
                    why,
                });
            }
        }
        let find = |resource: &'static str, namespace: &str, name: &str| {
            cluster
                .objects()
                .find(&ObjectKey::new(resource, namespace, name))
                .ok_or_else(|| TokenRequestError::NotFound {
                    resource,
                    name: name.to_owned(),
                })
        };
        let account = find("serviceaccounts", namespace, name)?;
        self.check_expiration()?;
        let mut private = Map::new();
        private.insert("namespace".to_owned(), json!(namespace));
        private.insert("serviceaccount".to_owned(), reference(account));
        if let Some(bound) = &self.bound {
            let object = match (bound.api_version.as_str(), bound.kind.as_str()) {
                // Only the group counts.
                (version, "Pod") if !version.contains('/') => {
                    let pod = find("pods", namespace, &bound.name)?;
                    if text(Some(pod), "/spec/serviceAccountName") != name {
                        return Err(TokenRequestError::OtherServiceAccount { name: name.to_owned() });
                    }
                    let node = text(Some(pod), "/spec/nodeName");
                    if !node.is_empty() {
                        // Where the node is not there, its name is still told.
                        let found = find("nodes", "", node).map(|node| reference(node));
                        private.insert("node".to_owned(), found.unwrap_or_else(|_| json!({"name": node})));
                    }
                    private.insert("pod".to_owned(), reference(pod));
                    pod
                }
                (version, "Node") if !version.contains('/') => {
                    let node = find("nodes", "", &bound.name)?;
                    private.insert("node".to_owned(), reference(node));
                    node
                }
                (version, "Secret") if !version.contains('/') => {
                    let secret = find("secrets", namespace, &bound.name)?;
                    private.insert("secret".to_owned(), reference(secret));
                    secret
                }
                _ => return Err(TokenRequestError::Unbindable(bound.type_text())),
            };
            if !bound.uid.is_empty() && bound.uid != text(Some(object), "/metadata/uid") {
                return Err(TokenRequestError::BoundUid {
                    kind: bound.kind.clone(),
                    name: bound.name.clone(),
                    uid: bound.uid.clone(),
                });
            }
        }
        Ok(self.granted(cluster, private, username(namespace, name), jti, now))
    }

    fn check_expiration(&self) -> Result<(), TokenRequestError> {
        let seconds = self.expiration_seconds;
        let why = if seconds < LEAST_SECONDS {
            "may not specify a duration less than 10 minutes"
        } else if seconds > MOST_ASKED_SECONDS {
            "may not specify a duration larger than 2^32 seconds"
        } else {
            return Ok(());
        };
        Err(TokenRequestError::Invalid {
            name: String::new(),
            field: "spec.expirationSeconds",
            shown: seconds.to_string(),
            why,
        })
    }

    fn granted(
        &self,
        cluster: &Cluster,
        mut private: Map<String, Value>,
        subject: String,
        jti: &str,
        now: Timestamp,
    ) -> Issued {
        let audiences = if self.audiences.is_empty() {
            vec![API_AUDIENCE.to_owned()]
        } else {
            self.audiences.clone()
        };
        let asked = self.expiration_seconds;
        let seconds = asked.min(MOST_SECONDS);
        let warning = (seconds < asked)
            .then(|| format!("requested expiration of {asked} seconds shortened to {MOST_SECONDS} seconds"));
        let is_extended = private.contains_key("pod")
            && seconds == WARN_ONLY_SECONDS
            && audiences.iter().all(|audience| audience == API_AUDIENCE);
        let issued = now.unix_seconds();
        let lasts = if is_extended {
            private.insert("warnafter".to_owned(), json!(issued + seconds));
            EXTENDED_SECONDS
        } else {
            seconds
        };
        let bound = self.bound.as_ref().map(BoundObject::to_value);
        Issued {
            claims: json!({
                "aud": audiences,
                "exp": issued + lasts,
                "iat": issued,
                "iss": cluster.oidc_issuer(),
                "jti": jti,
                PRIVATE_CLAIM: private,
                "nbf": issued,
                "sub": subject,
            }),
            spec: json!({"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": bound}),
            expires: now.plus_seconds(seconds),
            warning,
        }
    }
}

impl BoundObject {
    /// As Go prints a group, version and kind: `apps/v1, Kind=Deployment`.
    fn type_text(&self) -> String {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", &self.api_version));
        format!("{group}/{version}, Kind={}", self.kind)
    }

    fn to_value(&self) -> Value {
        let members = [
            ("kind", &self.kind),
            ("apiVersion", &self.api_version),
            ("name", &self.name),
            ("uid", &self.uid),
        ];
        let given = members.into_iter().filter(|(_, value)| !value.is_empty());
        given.map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }
}

/// An object as claims name it.
fn reference(object: &Value) -> Value {
    json!({"name": text(Some(object), "/metadata/name"), "uid": text(Some(object), "/metadata/uid")})
}
