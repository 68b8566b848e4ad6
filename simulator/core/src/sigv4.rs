//! AWS Signature Version 4, verified: header form and presigned query form.

use crate::iam::CallerIdentity;
use crate::iam::Directory;
use crate::instant::Timestamp;
use crate::trace::Trace;

/// A request as it came over the wire, as far as a signature covers it.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// Such as `GET`, in upper case.
    pub method: &'a str,
    /// The path of the request line, percent-encoded as it came, without the query.
    pub path: &'a str,
    /// The query of the request line, percent-encoded as it came, without the `?`.
    pub query: &'a str,
    /// Headers in order; names in lower case, values as text. `host` must be among them.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// What the receiving service asks of a credential scope.
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// Such as `sts`.
    pub service: &'a str,
    /// The region the credential scope must name; `None` takes any.
    pub region: Option<&'a str>,
    /// Minutes that a request may be old or early: 15 for STS, 5 for most others.
    pub skew_minutes: i64,
}

/// `KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialScope {
    /// The key's id.
    pub access_key_id: String,
    /// `YYYYMMDD`.
    pub date: String,
    /// Such as `us-west-2`.
    pub region: String,
    /// Such as `sts`.
    pub service: String,
}

/// A caller whose signature holds. Only [`verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedCaller {
    identity: CallerIdentity,
    scope: CredentialScope,
}

impl VerifiedCaller {
    /// Who signed.
    #[must_use]
    pub fn identity(&self) -> &CallerIdentity {
        &self.identity
    }

    /// With which key, for which day, region and service.
    #[must_use]
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }
}

/// A verification with its evidence.
#[derive(Clone, Debug)]
pub struct Verification {
    /// The caller, or why there is none.
    pub outcome: Result<VerifiedCaller, SigV4Error>,
    /// Each check in order; ids begin with `sigv4.`.
    pub trace: Trace,
}

/// Verifies a request's signature in the order in which AWS checks.
#[must_use]
pub fn verify(
    request: SignedRequest<'_>,
    receiver: Receiver<'_>,
    directory: &Directory,
    now: Timestamp,
) -> Verification {
    let _ = (request, receiver, directory, now);
    Verification {
        outcome: Err(SigV4Error::MissingAuthenticationToken),
        trace: Trace::new(),
    }
}

/// Why a request is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// Neither an Authorization header nor a signed query.
    #[error("Request is missing Authentication Token")]
    MissingAuthenticationToken,
}
