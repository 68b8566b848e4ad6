//! Certificates for clients of the clusters, on demand of whoever runs the simulator.

use std::collections::BTreeMap;

use eks_auth_core::service::call::BadCertificate;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::user::UserInfo;
use eks_auth_core::world::World;
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use serde_json::json;

use crate::net::tls::Authority;
use crate::net::tls::MOST_GROUPS;

/// How long one holds, unless something else is asked for.
const DEFAULT_SECONDS: i64 = 365 * 86_400;
/// A clock that is a little behind takes a new certificate too.
const GRACE_SECONDS: i64 = 300;
/// The extra in which kube-apiserver tells by which certificate somebody came.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// Whom the certificate (DER) names that a client has shown first, where it names somebody.
pub(crate) fn user(
    authority: &Authority,
    shown: &[Vec<u8>],
    now: Timestamp,
) -> Result<Option<UserInfo>, BadCertificate> {
    let certificates: Vec<CertificateDer<'static>> = shown.iter().cloned().map(CertificateDer::from).collect();
    let shown = authority.client(&certificates, now)?;
    Ok(shown
        .filter(|shown| !shown.common_name.is_empty())
        .map(|shown| UserInfo {
            username: shown.common_name,
            groups: shown.organizations,
            extra: BTreeMap::from([(
                CREDENTIAL_ID.to_owned(),
                vec![format!("X509SHA256={}", shown.fingerprint)],
            )]),
            ..UserInfo::default()
        }))
}

/// Answers `{user, groups, seconds}` with `{certificate, key}`, both PEM, and `{clusters}`, a kubeconfig for each. By the
/// World's clock it holds from now on.
///
/// # Errors
/// What is wrong with the wish, in words.
pub(crate) fn issue(authority: &Authority, world: &World, from: Timestamp, wish: &Value) -> Result<Value, String> {
    let user = wish.get("user").and_then(Value::as_str).unwrap_or_default();
    if user.is_empty() {
        return Err("name the user".to_owned());
    }
    let listed = wish.get("groups").and_then(Value::as_array).into_iter().flatten();
    let groups: Vec<String> = listed.filter_map(|group| group.as_str().map(str::to_owned)).collect();
    if groups.len() > MOST_GROUPS {
        return Err(format!("a certificate has room for {MOST_GROUPS} groups"));
    }
    let seconds = wish.get("seconds").and_then(Value::as_i64).unwrap_or(DEFAULT_SECONDS);
    let issued = authority
        .issue_client(
            user,
            &groups,
            from.plus_seconds(-GRACE_SECONDS),
            from.plus_seconds(seconds),
        )
        .map_err(|error| error.to_string())?;
    let (certificate, key) = issued;
    let clusters: Vec<Value> = world
        .clusters
        .values()
        .map(|cluster| {
            json!({
                "name": cluster.name,
                "endpoint": cluster.endpoint,
                "certificate_authority": cluster.certificate_authority,
            })
        })
        .collect();
    Ok(json!({"certificate": certificate, "key": key, "clusters": clusters}))
}
