//! The other side: signing, for the built-in client, the `token` command and round-trip tests.

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use sha2::Sha256;

use super::ALGORITHM;
use super::CanonicalRequest;
use super::CredentialScope;
use super::SignedRequest;
use super::StringToSign;
use super::canonical::encode;
use super::canonical::hex;
use super::canonical::sha256_hex;
use crate::aws::iam::SecretKey;
use crate::aws::iam::SessionToken;
use crate::value::instant::Timestamp;

/// Who signs, for what, and when.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The key's id.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a SecretKey,
    /// Present for temporary credentials.
    pub session_token: Option<&'a SessionToken>,
    /// Such as `us-west-2`.
    pub region: &'a str,
    /// Such as `sts`.
    pub service: &'a str,
    /// When.
    pub now: Timestamp,
}

/// A URL to be presigned.
#[derive(Clone, Copy, Debug)]
pub struct Presign<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// The path, percent-encoded.
    pub path: &'a str,
    /// The query before signing, percent-encoded; may be empty.
    pub query: &'a str,
    /// The headers that are signed, `host` among them; names in lower case.
    pub headers: &'a [(String, String)],
    /// `X-Amz-Expires`, in seconds.
    pub expires: u32,
}

impl Signer<'_> {
    /// The headers that sign `request` with all its headers: x-amz-date, x-amz-security-token for temporary
    /// credentials, and authorization.
    #[must_use]
    pub fn sign_header(&self, request: &SignedRequest<'_>) -> Vec<(String, String)> {
        let mut added = vec![("x-amz-date".to_owned(), self.now.render_amz())];
        if let Some(token) = self.session_token {
            added.push(("x-amz-security-token".to_owned(), token.expose().to_owned()));
        }
        let headers: Vec<(String, String)> = request.headers.iter().chain(&added).cloned().collect();
        let signed_headers = names(&headers);
        let request = SignedRequest {
            headers: &headers,
            ..*request
        };
        let canonical = CanonicalRequest::new(&request, &signed_headers, &sha256_hex(request.body));
        let scope = self.scope();
        let signature = signature(
            self.secret,
            &scope,
            &StringToSign::new(&self.now.render_amz(), &scope, &canonical),
        );
        added.push((
            "authorization".to_owned(),
            format!(
                "{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
                self.access_key_id
            ),
        ));
        added
    }

    /// The whole query of a presigned URL, without the `?`.
    #[must_use]
    pub fn presign(&self, url: &Presign<'_>) -> String {
        let scope = self.scope();
        let signed_headers = names(url.headers);
        let mut query = format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders={}",
            encode(&format!("{}/{scope}", self.access_key_id)),
            self.now.render_amz(),
            url.expires,
            encode(&signed_headers),
        );
        if let Some(token) = self.session_token {
            query.push_str("&X-Amz-Security-Token=");
            query.push_str(&encode(token.expose()));
        }
        if !url.query.is_empty() {
            query = format!("{}&{query}", url.query);
        }
        let request = SignedRequest {
            method: url.method,
            path: url.path,
            query: &query,
            headers: url.headers,
            body: b"",
        };
        let canonical = CanonicalRequest::new(&request, &signed_headers, &sha256_hex(b""));
        let string_to_sign = StringToSign::new(&self.now.render_amz(), &scope, &canonical);
        let signature = signature(self.secret, &scope, &string_to_sign);
        format!("{query}&X-Amz-Signature={signature}")
    }

    fn scope(&self) -> CredentialScope {
        CredentialScope {
            access_key_id: self.access_key_id.to_owned(),
            date: self.now.render_amz_date(),
            region: self.region.to_owned(),
            service: self.service.to_owned(),
        }
    }
}

/// The signature in lower-case hexadecimal.
pub(super) fn signature(secret: &SecretKey, scope: &CredentialScope, string_to_sign: &StringToSign) -> String {
    let (date, region, service) = (scope.date.as_str(), scope.region.as_str(), scope.service.as_str());
    let key = secret.derived([date, region, service], || {
        let mut key = hmac(format!("AWS4{}", secret.expose()).as_bytes(), date.as_bytes());
        for part in [region, service, super::TERMINATOR] {
            key = hmac(&key, part.as_bytes());
        }
        key
    });
    hex(&hmac(&key, string_to_sign.to_string().as_bytes()))
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC accepts keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Header names in order, joined by semicolons, each once.
pub(super) fn names(headers: &[(String, String)]) -> String {
    let names: std::collections::BTreeSet<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(";")
}
