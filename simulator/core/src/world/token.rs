//! The bearer token `k8s-aws-v1.…`: a presigned GetCallerIdentity URL, and the 17 checks it must pass before STS is asked.
//!
//! Source: `pkg/token/token.go` of aws-iam-authenticator 0.7. Where Go walks a map in random order (the checks of query
//! parameters), we go in the order of the URL.

mod error;
mod host;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use self::error::TokenError;
use crate::aws::aws_host::AwsHost;
use crate::aws::sigv4::Presign;
use crate::aws::sigv4::Signer;
use crate::go;
use crate::go::parse;
use crate::value::arn::Partition;
use crate::value::instant::Timestamp;
use crate::value::trace::Trace;

/// What every token begins with.
pub const PREFIX: &str = "k8s-aws-v1.";
/// The header that binds a token to a cluster.
pub const CLUSTER_ID_HEADER: &str = "x-k8s-aws-id";
/// Longer tokens are not looked at.
const SIZE_LIMIT: usize = 4096;
/// STS accepts a presigned URL for so long, whatever X-Amz-Expires says.
const LIFETIME_SECONDS: i64 = 15 * 60;
/// What `aws eks get-token` writes as X-Amz-Expires.
const SIGNED_EXPIRES: u32 = 60;
/// The query parameters that a token may have, in lower case.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// Who judges a token: this decides which hosts it may name.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// The cluster's partition.
    pub partition: Partition,
    /// The cluster's region.
    pub region: &'a str,
    /// `HOST:PORT` of the simulator's own STS; empty in a world with strict hosts.
    pub own_hosts: &'a [String],
}

/// A token that passed all checks of its form. Only [`PresignedToken::parse`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresignedToken {
    access_key_id: String,
    user: Option<String>,
    host: String,
    path: String,
    query: String,
    signed_headers: Vec<String>,
    sts_region: String,
    sts_host: String,
    receiver_region: Option<String>,
}

impl PresignedToken {
    /// Checks the form of `token`, writing each check into `trace`.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn parse(token: &str, verifier: Verifier<'_>, now: Timestamp, trace: &mut Trace) -> Result<Self, TokenError> {
        parse(token, verifier, now, &mut |check, rule, got| {
            trace.passed(check, rule, got)
        })
        .inspect_err(|error| {
            trace.failed_on(error.check(), error.rule(), None, error.evidence());
        })
    }

    /// The key that the credential names.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// `NAME:PASSWORD` before the host, which Go's client sends to STS as an Authorization header.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The host that was signed.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, percent-encoded.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The names of the signed headers, as written.
    #[must_use]
    pub fn signed_headers(&self) -> &[String] {
        &self.signed_headers
    }

    /// The region as STS errors name it: `global` for `sts.amazonaws.com`.
    #[must_use]
    pub fn sts_region(&self) -> &str {
        &self.sts_region
    }

    /// The STS host as the log names it.
    #[must_use]
    pub fn sts_host(&self) -> &str {
        &self.sts_host
    }

    /// The region that the credential scope must name; nothing where any will do.
    #[must_use]
    pub fn receiver_region(&self) -> Option<&str> {
        self.receiver_region.as_deref()
    }
}

/// Makes a token for `cluster`, as `aws eks get-token` does. `endpoint` is `https://sts.us-west-2.amazonaws.com` or the
/// like, without a final slash.
#[must_use]
pub fn sign(signer: &Signer<'_>, endpoint: &str, cluster: &str) -> String {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let query = signer.presign(&Presign {
        method: "GET",
        path: "/",
        query: "Action=GetCallerIdentity&Version=2011-06-15",
        headers: &[
            ("host".to_owned(), host.to_owned()),
            (CLUSTER_ID_HEADER.to_owned(), cluster.to_owned()),
        ],
        expires: SIGNED_EXPIRES,
    });
    encode_url(&format!("{endpoint}/?{query}"))
}

/// The token that carries a URL, whatever it says.
#[must_use]
pub fn encode_url(url: &str) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}

fn parse(
    token: &str,
    verifier: Verifier<'_>,
    now: Timestamp,
    passed: &mut dyn FnMut(&'static str, &'static str, Option<String>),
) -> Result<PresignedToken, TokenError> {
    let mut pass = |check: &'static str, got: Option<String>| passed(check, error::rule(check), got);
    if token.len() > SIZE_LIMIT {
        return Err(TokenError::TooLarge { bytes: token.len() });
    }
    pass("token.size", Some(format!("{} bytes", token.len())));
    let encoded = token.strip_prefix(PREFIX).ok_or(TokenError::Prefix)?;
    pass("token.prefix", None);
    let bytes = parse::decode_base64(encoded).map_err(|offset| TokenError::Base64 { offset })?;
    pass("token.base64", None);
    // FIDELITY: a URL that is not UTF-8 fails at the same check as upstream, but its odd bytes show as U+FFFD instead of
    // `\xNN`.
    let text = String::from_utf8_lossy(&bytes);
    let url = parse::Url::parse(&text).map_err(|message| TokenError::Url { message })?;
    pass("token.url", None);

    let own = verifier.own_hosts.iter().any(|own| own.eq_ignore_ascii_case(&url.host))
        && matches!(url.scheme.as_str(), "http" | "https");
    if url.scheme != "https" && !own {
        return Err(TokenError::Scheme { got: url.scheme });
    }
    pass("token.scheme", Some(url.scheme.clone()));
    let mut sts_region = if own {
        String::new()
    } else {
        host::verify(&url.host, verifier)?
    };
    pass("token.host", Some(url.host.clone()));
    if url.path != "/" && !own {
        return Err(TokenError::Path { got: url.path });
    }
    pass("token.path", Some(url.path.clone()));

    let pairs = parse::parse_query(&url.query).ok_or(TokenError::Query)?;
    pass("token.query", None);
    let parameters = check_parameters(&pairs, &mut pass)?;
    let parameter = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    if parameter("action") != "GetCallerIdentity" {
        return Err(TokenError::Action {
            got: parameter("action").to_owned(),
        });
    }
    pass("token.action", None);
    let signed_headers: Vec<String> = parameter("x-amz-signedheaders").split(';').map(str::to_owned).collect();
    if !signed_headers
        .iter()
        .any(|name| go::text::equal_fold(name, CLUSTER_ID_HEADER))
    {
        return Err(TokenError::ClusterHeader {
            signed: parameter("x-amz-signedheaders").to_owned(),
        });
    }
    pass("token.cluster_header", Some(signed_headers.join(";")));
    match parse::atoi(parameter("x-amz-expires")) {
        Ok(0..=900) => {}
        Ok(value) | Err(value) => return Err(TokenError::Expires { value }),
    }
    pass("token.expires", Some(parameter("x-amz-expires").to_owned()));
    let date = parameter("x-amz-date");
    if date.is_empty() {
        return Err(TokenError::DateMissing);
    }
    pass("token.date_present", Some(date.to_owned()));
    let signed_at = parse::parse_amz_time(date).map_err(|message| TokenError::DateFormat {
        got: date.to_owned(),
        message,
    })?;
    pass("token.date_format", None);
    if now > signed_at.plus_seconds(LIFETIME_SECONDS) {
        return Err(TokenError::Expired { date: signed_at });
    }
    pass("token.expired", Some(format!("signed at {signed_at}")));

    let credential: Vec<&str> = parameter("x-amz-credential").split('/').collect();
    let scope_region = credential.get(2).copied().unwrap_or_default();
    let mut sts_host = url.host.clone();
    // In whatever case a host is written, it is one endpoint with one region.
    let mut receiver_region = AwsHost::parse(&url.host)
        .and_then(|host| host.signing_region().map(str::to_owned))
        .or_else(|| Some(sts_region.clone()));
    if own {
        sts_region = scope_region.to_owned();
        sts_host = Partition::of_region(scope_region).sts_host(scope_region);
        receiver_region = None;
    }
    Ok(PresignedToken {
        access_key_id: credential.first().copied().unwrap_or_default().to_owned(),
        user: url.user,
        host: signed_host(&url.scheme, &url.host),
        path: url.raw_path,
        query: url.query,
        signed_headers,
        sts_region,
        sts_host,
        receiver_region,
    })
}

/// The parameters with lower-cased names, each with its one value.
fn check_parameters(
    pairs: &[(String, Vec<String>)],
    pass: &mut impl FnMut(&'static str, Option<String>),
) -> Result<Vec<(String, String)>, TokenError> {
    let mut parameters: Vec<(String, String)> = Vec::with_capacity(pairs.len());
    let mut seen = BTreeSet::new();
    for (key, _) in pairs {
        if !seen.insert(go::text::to_lower(key)) {
            return Err(TokenError::Duplicate { key: key.clone() });
        }
    }
    pass("token.duplicate", None);
    for (key, values) in pairs {
        let name = go::text::to_lower(key);
        if !PARAMETERS.contains(&name.as_str()) {
            return Err(TokenError::Parameter { key: key.clone() });
        }
        match &values[..] {
            [value] => parameters.push((name, value.clone())),
            _ => return Err(TokenError::Values { key: key.clone() }),
        }
    }
    pass("token.parameter", None);
    pass("token.values", None);
    Ok(parameters)
}

/// Clients leave the scheme's own port out of the host that they sign.
fn signed_host(scheme: &str, host: &str) -> String {
    let port = if scheme == "http" { ":80" } else { ":443" };
    host.strip_suffix(port).unwrap_or(host).to_owned()
}
