//! Why a request is nobody's. One variant per rule, in the order in which AWS checks; the messages are AWS's.
//!
//! Source: the texts that STS answers, as public issues quote them.

use crate::value::instant::Timestamp;

/// The end of the messages about missing query parameters.
const REEXAMINE: &str = "Re-examine the query-string parameters.";

/// A request that is nobody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// Neither an Authorization header nor a signed query.
    #[error("Request is missing Authentication Token")]
    MissingAuthenticationToken,
    /// Both an Authorization header and a signed query. AWS says nothing more.
    #[error("")]
    TwoSignatures,
    /// A header of another algorithm.
    #[error("Unsupported AWS 'algorithm': '{got}'.")]
    HeaderAlgorithm {
        /// The algorithm as it came.
        got: String,
    },
    /// A query of another algorithm counts as none.
    #[error("Request is missing Authentication Token")]
    QueryAlgorithm {
        /// The algorithm as it came.
        got: String,
    },
    /// A part of the header without an equal sign.
    #[error("'{got}' not a valid key=value pair (missing equal-sign) in Authorization header: '{authorization}'.")]
    NotKeyValue {
        /// The part.
        got: String,
        /// The whole header, as STS repeats it.
        authorization: String,
    },
    /// Parts of the header that are not there.
    #[error("{}", header_parts(missing, *date_missing))]
    HeaderParts {
        /// Of Credential, Signature and SignedHeaders.
        missing: Vec<&'static str>,
        /// Neither X-Amz-Date nor Date.
        date_missing: bool,
    },
    /// Parts of the query that are not there.
    #[error("{}", query_parts(missing))]
    QueryParts {
        /// The parameters' names.
        missing: Vec<&'static str>,
    },
    /// The host is not among the signed headers.
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned {
        /// What is signed.
        signed_headers: String,
    },
    /// A header that is not among the signed headers and must be, as AWS says it of the host; for other headers the text
    /// was not seen.
    #[error("'{name}' must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderNotSigned {
        /// The header's name.
        name: String,
    },
    /// No date of the basic ISO 8601 form.
    #[error("Date must be in ISO-8601 'basic format'. Got '{got}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    DateFormat {
        /// The date as it came.
        got: String,
    },
    /// Signed too long ago.
    #[error("Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
        date.render_amz(), now.plus_seconds(-minutes * 60).render_amz(), now.render_amz())]
    Expired {
        /// When it was signed.
        date: Timestamp,
        /// When it was checked.
        now: Timestamp,
        /// How old it may be.
        minutes: i64,
    },
    /// Signed in the future.
    #[error("Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
        date.render_amz(), now.plus_seconds(minutes * 60).render_amz(), now.render_amz())]
    NotYetCurrent {
        /// When it was signed.
        date: Timestamp,
        /// When it was checked.
        now: Timestamp,
        /// How early it may be.
        minutes: i64,
    },
    /// A credential of other than five parts.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{got}'"
    )]
    CredentialShape {
        /// The credential as it came.
        got: String,
    },
    /// A scope for something else.
    #[error("{}", scope_faults(faults))]
    Scope {
        /// All that is wrong with it.
        faults: Vec<ScopeFault>,
    },
    /// A key that is not of this World.
    #[error("The security token included in the request is invalid.")]
    UnknownKey {
        /// The key's id.
        id: String,
    },
    /// A key that is inactive.
    #[error("The security token included in the request is invalid.")]
    InactiveKey {
        /// The key's id.
        id: String,
    },
    /// A key whose user or role is gone, or was recreated since.
    #[error("The security token included in the request is invalid.")]
    OwnerGone {
        /// The key's id.
        id: String,
    },
    /// A temporary key without its token.
    #[error("The security token included in the request is invalid.")]
    MissingSessionToken {
        /// The key's id.
        id: String,
    },
    /// A long-lived key with a token.
    #[error("The security token included in the request is invalid.")]
    UnexpectedSessionToken {
        /// The key's id.
        id: String,
    },
    /// A temporary key with another token.
    #[error("The security token included in the request is invalid")]
    WrongSessionToken {
        /// The key's id.
        id: String,
    },
    /// A token of the global STS endpoint in a region that is not on by default (boto3#3975).
    #[error("The security token included in the request is invalid")]
    GlobalToken {
        /// The key's id.
        id: String,
        /// The region of the scope.
        region: String,
    },
    /// A session of a user itself, or a federated user, at IAM, which accepts neither without MFA (IAM User Guide,
    /// "Compare AWS STS credentials"; aws-sdk-js#460).
    #[error("The security token included in the request is invalid")]
    SessionNotForIam {
        /// The key's id.
        id: String,
    },
    /// Temporary credentials that have ended.
    #[error("The security token included in the request is expired")]
    SessionExpired {
        /// When they ended.
        expired: Timestamp,
        /// When it was checked.
        now: Timestamp,
    },
    /// Another secret, or a part of the request was changed.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    SignatureMismatch {
        /// The hash of the canonical request that we made.
        canonical_request_hash: String,
    },
}

/// One thing that is wrong with a credential scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeFault {
    /// Another day than the request's date.
    #[error("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{}', from '{date_time}'.", date_time.get(..8).unwrap_or(date_time))]
    Date {
        /// The scope's day.
        scope: String,
        /// The request's date.
        date_time: String,
    },
    /// Another region.
    #[error("Credential should be scoped to a valid region, not '{got}'.")]
    Region {
        /// The receiver's region; nothing where any region will do.
        expected: Option<String>,
        /// The scope's region.
        got: String,
    },
    /// Another service.
    #[error("Credential should be scoped to correct service: '{expected}'.")]
    Service {
        /// The receiver.
        expected: String,
        /// The scope's service.
        got: String,
    },
    /// Another end.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{got}'.")]
    Terminator {
        /// The scope's end.
        got: String,
    },
}

impl SigV4Error {
    /// The id of the check that failed.
    #[must_use]
    pub fn check(&self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken
            | Self::TwoSignatures
            | Self::HeaderAlgorithm { .. }
            | Self::QueryAlgorithm { .. }
            | Self::NotKeyValue { .. }
            | Self::HeaderParts { .. }
            | Self::QueryParts { .. } => "sigv4.parts",
            Self::HostNotSigned { .. } | Self::HeaderNotSigned { .. } => "sigv4.signed_headers",
            Self::DateFormat { .. } | Self::Expired { .. } | Self::NotYetCurrent { .. } => "sigv4.date",
            Self::CredentialShape { .. } | Self::Scope { .. } => "sigv4.scope",
            Self::UnknownKey { .. } | Self::InactiveKey { .. } | Self::OwnerGone { .. } => "sigv4.key",
            Self::MissingSessionToken { .. }
            | Self::UnexpectedSessionToken { .. }
            | Self::WrongSessionToken { .. }
            | Self::GlobalToken { .. }
            | Self::SessionNotForIam { .. }
            | Self::SessionExpired { .. } => "sigv4.session",
            Self::SignatureMismatch { .. } => "sigv4.signature",
        }
    }

    /// What that check asks.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self.check() {
            "sigv4.parts" => "the request carries a whole signature",
            "sigv4.signed_headers" => "the host and the x-amz headers are signed",
            "sigv4.date" => "the signature is neither too old nor too early",
            "sigv4.scope" => "the credential scope names this service, region and day",
            "sigv4.key" => "the access key is known, active and someone's",
            "sigv4.session" => "the session token belongs to the key and lasts",
            _ => "the signature is the one that we calculate",
        }
    }

    /// What was wanted, where that can be said without telling a secret.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        match self {
            Self::Expired { now, minutes, .. } | Self::NotYetCurrent { now, minutes, .. } => {
                Some(format!("within {minutes} minutes of {now}"))
            }
            Self::SessionExpired { now, .. } => Some(format!("an end after {now}")),
            Self::SignatureMismatch { canonical_request_hash } => Some(format!(
                "a signature over the canonical request with hash {canonical_request_hash}"
            )),
            _ => None,
        }
    }

    /// What was found, where that can be said without telling a secret.
    #[must_use]
    pub fn got(&self) -> Option<String> {
        match self {
            Self::NotKeyValue { got, .. } => Some(format!("'{got}', which has no equal sign")),
            Self::UnknownKey { id } => Some(format!("{id}, which nobody has")),
            Self::InactiveKey { id } => Some(format!("{id}, which is inactive")),
            Self::OwnerGone { id } => Some(format!("{id}, whose user or role is gone")),
            Self::MissingSessionToken { id } => Some(format!("{id} without its session token")),
            Self::UnexpectedSessionToken { id } => Some(format!("{id} with a session token, which it has not")),
            Self::WrongSessionToken { id } => Some(format!("{id} with another session token")),
            Self::GlobalToken { id, region } => Some(format!(
                "{id} with a token of the global endpoint, which does not hold in {region}"
            )),
            Self::SessionNotForIam { id } => Some(format!("{id}, a session of a user, at IAM")),
            Self::SessionExpired { expired, .. } => Some(format!("credentials that ended at {expired}")),
            Self::Expired { date, .. } | Self::NotYetCurrent { date, .. } => Some(date.to_string()),
            Self::SignatureMismatch { .. } => Some("another secret key, or a changed request".to_owned()),
            other => Some(other.to_string()).filter(|text| !text.is_empty()),
        }
    }
}

fn header_parts(missing: &[&str], date_missing: bool) -> String {
    let mut text: String = missing
        .iter()
        .map(|name| format!("Authorization header requires '{name}' parameter. "))
        .collect();
    if date_missing {
        text.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    text + "Authorization=AWS4-HMAC-SHA256"
}

fn query_parts(missing: &[&str]) -> String {
    let text: String = missing
        .iter()
        .map(|name| format!("AWS query-string parameters must include '{name}'. "))
        .collect();
    text + REEXAMINE
}

fn scope_faults(faults: &[ScopeFault]) -> String {
    let texts: Vec<String> = faults.iter().map(ScopeFault::to_string).collect();
    texts.join(" ")
}
