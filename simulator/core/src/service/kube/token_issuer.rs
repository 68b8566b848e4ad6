//! The issuer of a cluster's service-account tokens: its key, and the documents by which others find it.
//!
//! Source: `pkg/serviceaccount/openidmetadata.go` and `pkg/routes/openidmetadata.go` of Kubernetes 1.32 for the API
//! server's own documents, whose `jwks_uri` names a host inside of EKS (aws/containers-roadmap#2234); EKS User Guide, "Fetch
//! signing keys to validate OIDC tokens", for the public ones.
//!
//! FIDELITY: how long the public documents may be kept, and what EKS answers for an issuer that is not there, is not known;
//! the host inside of EKS is made up.

use serde::Serialize;

use crate::aws::jwt::PublicJwk;
use crate::aws::jwt::SigningKey;
use crate::cluster::eks::Cluster;
use crate::service::http::Response;

/// For an hour, as kube-apiserver has it.
const CACHE: &str = "public, max-age=3600";
/// Where an issuer says what it is.
pub(crate) const CONFIGURATION_PATH: &str = "/.well-known/openid-configuration";

/// The API server's own description of the issuer.
pub(crate) fn internal_configuration(cluster: &Cluster) -> Response {
    let digits = cluster.oidc_id();
    let part = |at: usize| {
        let digits = digits.get(at..at + 2).unwrap_or_default();
        u8::from_str_radix(digits, 16).unwrap_or_default()
    };
    let domain = match cluster.region.as_str() {
        "us-east-1" => "ec2.internal".to_owned(),
        region => format!("{region}.compute.internal"),
    };
    let host = format!("ip-172-16-{}-{}.{domain}", part(0), part(2));
    document(
        "application/json",
        &Configuration {
            issuer: cluster.oidc_issuer(),
            jwks_uri: format!("https://{host}:443/openid/v1/jwks"),
            authorization_endpoint: None,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            claims_supported: None,
            id_token_signing_alg_values_supported: ["RS256"],
        },
    )
}

/// The public description of the issuer, under its own URL.
pub(crate) fn public_configuration(cluster: &Cluster) -> Response {
    let issuer = cluster.oidc_issuer();
    document(
        "application/json",
        &Configuration {
            jwks_uri: format!("{issuer}/keys"),
            issuer,
            authorization_endpoint: Some("urn:kubernetes:programmatic_authorization"),
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            claims_supported: Some(["sub", "iss"]),
            id_token_signing_alg_values_supported: ["RS256"],
        },
    )
}

/// The API server's own key set.
pub(crate) fn internal_keys(key: &SigningKey) -> Response {
    let PublicJwk {
        key_id,
        modulus,
        exponent,
    } = &key.public();
    let jwk = InternalJwk {
        r#use: "sig",
        kty: "RSA",
        kid: key_id,
        alg: "RS256",
        n: modulus,
        e: exponent,
    };
    document("application/jwk-set+json", &KeySet { keys: [jwk] })
}

/// The public key set.
pub(crate) fn public_keys(key: &SigningKey) -> Response {
    let PublicJwk {
        key_id,
        modulus,
        exponent,
    } = &key.public();
    let jwk = EksJwk {
        kty: "RSA",
        kid: key_id,
        r#use: "sig",
        alg: "RS256",
        n: modulus,
        e: exponent,
    };
    document("application/json", &KeySet { keys: [jwk] })
}

fn document(kind: &str, body: &impl Serialize) -> Response {
    // Structs of texts always serialise.
    let body = serde_json::to_string(body).unwrap_or_default();
    Response::new(200, kind, body).with_header("cache-control", CACHE)
}

/// In the order of EKS, and, but for what it leaves out, of Kubernetes.
#[derive(Serialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<&'static str>,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    claims_supported: Option<[&'static str; 2]>,
    id_token_signing_alg_values_supported: [&'static str; 1],
}

#[derive(Serialize)]
struct KeySet<K> {
    keys: [K; 1],
}

/// In go-jose's order.
#[derive(Serialize)]
struct InternalJwk<'a> {
    r#use: &'static str,
    kty: &'static str,
    kid: &'a str,
    alg: &'static str,
    n: &'a str,
    e: &'a str,
}

/// In EKS's order.
#[derive(Serialize)]
struct EksJwk<'a> {
    kty: &'static str,
    kid: &'a str,
    r#use: &'static str,
    alg: &'static str,
    n: &'a str,
    e: &'a str,
}
