//! AWS Signature Version 4, verified: header form and presigned query form.
//!
//! Sources: "Create a signed AWS API request" of the IAM User Guide for what is signed; for the order of the checks, their
//! texts, and what counts where a part comes twice, scratchstack-aws-signature's "AWS Auth Error Ordering", whose author
//! asked AWS. Of several Authorization headers the first counts, of several parts of a name in it the last, and of several
//! query parameters the first; X-Amz-Expires is not looked at, since STS accepts a presigned request for 15 minutes
//! whatever it says (aws-sdk-go#2167; `requestPresignParam` in `pkg/token/token.go` of aws-iam-authenticator).

mod canonical;
mod error;
mod sign;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

pub use self::canonical::CanonicalRequest;
pub use self::canonical::StringToSign;
pub use self::canonical::hex;
pub use self::error::SigV4Error;
pub use self::sign::Presign;
pub use self::sign::Signer;
use self::sign::signature;
use crate::aws::aws_host::is_region;
use crate::aws::iam::AccessKey;
use crate::aws::iam::Directory;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::KeyStatus;
use crate::aws::principal::CallerIdentity;
use crate::value::arn::is_on_by_default;
use crate::value::instant::Timestamp;
use crate::value::trace::Trace;

/// The only algorithm that AWS accepts for these services.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What every credential scope ends in.
const TERMINATOR: &str = "aws4_request";
/// What the names of AWS's own headers begin with.
const AMZ_PREFIX: &str = "x-amz-";
/// AWS's own headers that clients leave unsigned and that change nothing of a request: the hash (awscurl), the date of
/// presigned requests (aws-c-auth#109), which the string to sign has in any case, the session token, which belongs to its
/// key ("some services require that you include this parameter in the canonical (signed) request", AWS General
/// Reference), and the user agent of presigned requests (aws-sigv4 of the SDK for Rust).
///
/// FIDELITY: AWS says that any x-amz header must be signed, and S3 refuses others; whether the services here do is not
/// known.
const MAY_BE_UNSIGNED: [&str; 4] = [
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-user-agent",
];

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
    /// The region the credential scope must name; `None` accepts any that has the form of one.
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

impl CredentialScope {
    /// Splits a credential into the key's id and the scope, whose terminator must still be looked at.
    fn parse(credential: &str) -> Result<(Self, &str), SigV4Error> {
        match credential.split('/').collect::<Vec<_>>()[..] {
            [key, date, region, service, terminator] => Ok((
                Self {
                    access_key_id: key.to_owned(),
                    date: date.to_owned(),
                    region: region.to_owned(),
                    service: service.to_owned(),
                },
                terminator,
            )),
            _ => Err(SigV4Error::CredentialShape {
                got: credential.to_owned(),
            }),
        }
    }
}

/// The scope without the key's id, as the string to sign has it.
impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
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
    let mut trace = Trace::new();
    let outcome = verify_traced(&request, receiver, directory, now, &mut trace);
    if let Err(error) = &outcome {
        trace.failed_on(error.check(), error.rule(), error.expected(), error.got());
    }
    Verification { outcome, trace }
}

/// The parts of a signature, wherever they stood.
struct Presented {
    credential: String,
    signed_headers: String,
    signature: String,
    date_time: String,
    session_token: Option<String>,
}

fn verify_traced(
    request: &SignedRequest<'_>,
    receiver: Receiver<'_>,
    directory: &Directory,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<VerifiedCaller, SigV4Error> {
    let presented = Presented::find(request)?;
    trace.passed("sigv4.parts", "the request carries a whole signature", None);

    if !presented.signed_headers.split(';').any(|name| name == "host") {
        return Err(SigV4Error::HostNotSigned {
            signed_headers: presented.signed_headers,
        });
    }
    if let Some(name) = unsigned_header(request, &presented.signed_headers) {
        return Err(SigV4Error::HeaderNotSigned { name });
    }
    let date = Timestamp::parse_amz(&presented.date_time).map_err(|_| SigV4Error::DateFormat {
        got: presented.date_time.clone(),
    })?;
    let skew = receiver.skew_minutes * 60;
    if date < now.plus_seconds(-skew) {
        return Err(SigV4Error::Expired {
            date,
            now,
            minutes: receiver.skew_minutes,
        });
    }
    if date > now.plus_seconds(skew) {
        return Err(SigV4Error::NotYetCurrent {
            date,
            now,
            minutes: receiver.skew_minutes,
        });
    }
    trace.passed(
        "sigv4.date",
        "the signature is neither too old nor too early",
        presented.date_time.clone(),
    );

    let (scope, terminator) = CredentialScope::parse(&presented.credential)?;
    check_scope(&scope, terminator, &presented.date_time, receiver)?;
    trace.passed(
        "sigv4.scope",
        "the credential scope names this service, region and day",
        scope.to_string(),
    );

    let key = find_key(directory, &scope.access_key_id)?;
    let identity = directory
        .caller_identity(key)
        .ok_or_else(|| SigV4Error::OwnerGone { id: key.id.clone() })?;
    trace.passed(
        "sigv4.key",
        "the access key is known, active and someone's",
        key.id.clone(),
    );
    check_session(key, &scope, presented.session_token.as_deref(), now)?;
    trace.passed("sigv4.session", "the session token belongs to the key and lasts", None);

    // The body itself, whatever X-Amz-Content-Sha256 says of it: no operation of STS, IAM or EKS has an unsigned payload.
    let payload_hash = canonical::sha256_hex(request.body);
    let canonical = CanonicalRequest::new(request, &presented.signed_headers, &payload_hash);
    let string_to_sign = StringToSign::new(&presented.date_time, &scope, &canonical);
    let wanted = signature(&key.secret, &scope, &string_to_sign);
    // FIDELITY: names that are out of order are reported to end in a mismatch (NetSPI/AWSSigner#22), whatever was signed;
    // that names which come twice or in capitals do too is a guess after the specification, which has them in small
    // letters and in order.
    let is_canonical = presented.signed_headers == canonical.signed_headers();
    if !is_canonical || !bool::from(wanted.as_bytes().ct_eq(presented.signature.as_bytes())) {
        return Err(SigV4Error::SignatureMismatch {
            canonical_request_hash: canonical.hash(),
        });
    }
    trace.passed("sigv4.signature", "the signature is the one that we calculate", None);
    Ok(VerifiedCaller { identity, scope })
}

impl Presented {
    fn find(request: &SignedRequest<'_>) -> Result<Self, SigV4Error> {
        let header = |wanted: &str| {
            request
                .headers
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.trim().to_owned())
        };
        let pairs: Vec<(Cow<'_, str>, &str)> = request
            .query
            .split('&')
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name), value)
            })
            .collect();
        let query = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| decode(value).into_owned())
        };
        match (header("authorization"), query("X-Amz-Algorithm")) {
            (None, None) => Err(SigV4Error::MissingAuthenticationToken),
            (Some(_), Some(_)) => Err(SigV4Error::TwoSignatures),
            (Some(authorization), None) => Self::from_header(&authorization, header),
            (None, Some(algorithm)) if algorithm != ALGORITHM => Err(SigV4Error::QueryAlgorithm { got: algorithm }),
            (None, Some(_)) => Self::from_query(query),
        }
    }

    fn from_header(authorization: &str, header: impl Fn(&str) -> Option<String>) -> Result<Self, SigV4Error> {
        let (algorithm, rest) = authorization
            .split_once(char::is_whitespace)
            .unwrap_or((authorization, ""));
        if algorithm != ALGORITHM {
            return Err(SigV4Error::HeaderAlgorithm {
                got: algorithm.to_owned(),
            });
        }
        let mut parts = [("Credential", None), ("Signature", None), ("SignedHeaders", None)];
        // White space parts pairs too: that is how a stray space in an access key id shows.
        for pair in rest
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|pair| !pair.is_empty())
        {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(SigV4Error::NotKeyValue {
                    got: pair.to_owned(),
                    authorization: authorization.to_owned(),
                });
            };
            for (wanted, slot) in &mut parts {
                if *wanted == name {
                    *slot = Some(value.to_owned());
                }
            }
        }
        let date_time = header("x-amz-date").or_else(|| header("date"));
        match (parts, date_time) {
            ([(_, Some(credential)), (_, Some(signature)), (_, Some(signed_headers))], Some(date_time)) => Ok(Self {
                credential,
                signed_headers,
                signature,
                date_time,
                session_token: header("x-amz-security-token"),
            }),
            (parts, date_time) => Err(SigV4Error::HeaderParts {
                missing: parts
                    .into_iter()
                    .filter(|(_, value)| value.is_none())
                    .map(|(name, _)| name)
                    .collect(),
                date_missing: date_time.is_none(),
            }),
        }
    }

    fn from_query(query: impl Fn(&str) -> Option<String>) -> Result<Self, SigV4Error> {
        let names = [
            "X-Amz-Credential",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
            "X-Amz-Date",
        ];
        match names.map(&query) {
            [Some(credential), Some(signature), Some(signed_headers), Some(date_time)] => Ok(Self {
                credential,
                signed_headers,
                signature,
                date_time,
                session_token: query("X-Amz-Security-Token"),
            }),
            values => Err(SigV4Error::QueryParts {
                missing: names
                    .into_iter()
                    .zip(values)
                    .filter(|(_, value)| value.is_none())
                    .map(|(name, _)| name)
                    .collect(),
            }),
        }
    }
}

/// The first header beside the host that must be signed and is not.
fn unsigned_header(request: &SignedRequest<'_>, signed_headers: &str) -> Option<String> {
    let is_signed = |wanted: &str| signed_headers.split(';').any(|name| name.eq_ignore_ascii_case(wanted));
    let mut names = request.headers.iter().map(|(name, _)| name.as_str());
    names
        .find(|&name| name.starts_with(AMZ_PREFIX) && !MAY_BE_UNSIGNED.contains(&name) && !is_signed(name))
        .map(str::to_owned)
}

/// A name or value of a query, decoded.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

fn check_scope(
    scope: &CredentialScope,
    terminator: &str,
    date_time: &str,
    receiver: Receiver<'_>,
) -> Result<(), SigV4Error> {
    let mut faults = Vec::new();
    // An address that stands for every region stands for nothing that is none.
    let is_region_right = receiver
        .region
        .map_or_else(|| is_region(&scope.region), |region| region == scope.region);
    if !is_region_right {
        faults.push(ScopeFault::Region {
            expected: receiver.region.map(str::to_owned),
            got: scope.region.clone(),
        });
    }
    if scope.service != receiver.service {
        faults.push(ScopeFault::Service {
            expected: receiver.service.to_owned(),
            got: scope.service.clone(),
        });
    }
    if terminator != TERMINATOR {
        faults.push(ScopeFault::Terminator {
            got: terminator.to_owned(),
        });
    }
    if date_time.get(..8) != Some(&scope.date) {
        faults.push(ScopeFault::Date {
            scope: scope.date.clone(),
            date_time: date_time.to_owned(),
        });
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(SigV4Error::Scope { faults })
    }
}

fn find_key<'a>(directory: &'a Directory, id: &str) -> Result<&'a AccessKey, SigV4Error> {
    let key = directory
        .access_key(id)
        .ok_or_else(|| SigV4Error::UnknownKey { id: id.to_owned() })?;
    match key.status {
        KeyStatus::Active => Ok(key),
        KeyStatus::Inactive => Err(SigV4Error::InactiveKey { id: id.to_owned() }),
    }
}

fn check_session(
    key: &AccessKey,
    scope: &CredentialScope,
    presented: Option<&str>,
    now: Timestamp,
) -> Result<(), SigV4Error> {
    let id = || key.id.clone();
    match (&key.session, presented) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(SigV4Error::UnexpectedSessionToken { id: id() }),
        (Some(_), None) => Err(SigV4Error::MissingSessionToken { id: id() }),
        (Some(session), Some(token)) if !session.token.matches(token) => {
            Err(SigV4Error::WrongSessionToken { id: id() })
        }
        (Some(session), Some(_)) if session.expires <= now => Err(SigV4Error::SessionExpired {
            expired: session.expires,
            now,
        }),
        (Some(session), Some(_)) if session.facts.is_global && !is_on_by_default(&scope.region) => {
            Err(SigV4Error::GlobalToken {
                id: id(),
                region: scope.region.clone(),
            })
        }
        (Some(session), Some(_)) if scope.service == "iam" => match key.owner {
            KeyOwner::AssumedRole { .. } | KeyOwner::InstanceIdentity { .. } => Ok(()),
            KeyOwner::User { .. } | KeyOwner::Root if session.facts.has_mfa => Ok(()),
            KeyOwner::FederatedUser { .. } | KeyOwner::Root | KeyOwner::User { .. } => {
                Err(SigV4Error::SessionNotForIam { id: id() })
            }
        },
        (Some(_), Some(_)) => Ok(()),
    }
}

pub use self::error::ScopeFault;
