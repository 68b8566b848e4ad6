//! Certificates for clients of the clusters, on demand of whoever runs the simulator.

use std::collections::BTreeMap;

use eks_auth_core::service::call::BadCertificate;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::user::UserInfo;
use rustls::pki_types::CertificateDer;

use crate::net::tls::Authority;
use crate::net::tls::MOST_GROUPS;
use crate::net::tls::TlsError;

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

/// Why no certificate is made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    /// It would name nobody.
    #[error("name the user")]
    NoUser,
    /// It has room for [`MOST_GROUPS`].
    #[error("a certificate has room for {MOST_GROUPS} groups")]
    TooManyGroups,
    /// It cannot be signed.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A certificate for a user and its key, both PEM. By the World's clock it holds from now on, for a year unless `seconds` says
/// otherwise.
///
/// # Errors
/// [`IssueError`].
pub(crate) fn issue(
    authority: &Authority,
    from: Timestamp,
    user: &str,
    groups: &[String],
    seconds: Option<i64>,
) -> Result<(String, String), IssueError> {
    if user.is_empty() {
        return Err(IssueError::NoUser);
    }
    if groups.len() > MOST_GROUPS {
        return Err(IssueError::TooManyGroups);
    }
    let until = from.plus_seconds(seconds.unwrap_or(DEFAULT_SECONDS));
    Ok(authority.issue_client(user, groups, from.plus_seconds(-GRACE_SECONDS), until)?)
}
