//! The canonical request and the string to sign, each printing the exact text of the specification.
//!
//! Source: "Create a signed AWS API request", IAM User Guide.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use sha2::Digest;
use sha2::Sha256;

use super::CredentialScope;
use super::SignedRequest;

/// Everything but the unreserved characters of RFC 3986 is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path, where slashes part segments.
const ENCODED_IN_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// What is hashed into the string to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalRequest {
    method: String,
    uri: String,
    query: String,
    headers: String,
    signed_headers: String,
    payload_hash: String,
}

impl CanonicalRequest {
    /// Canonicalises the parts of `request` that `signed_headers` (`a;b`, as the client wrote it) covers: the names in
    /// small letters and in order, each once.
    #[must_use]
    pub fn new(request: &SignedRequest<'_>, signed_headers: &str, payload_hash: &str) -> Self {
        let lowered = signed_headers.to_ascii_lowercase();
        let mut names: Vec<&str> = lowered.split(';').collect();
        names.sort_unstable();
        names.dedup();
        let headers = names
            .iter()
            .map(|name| format!("{name}:{}\n", header_value(request.headers, name)))
            .collect();
        Self {
            method: request.method.to_owned(),
            uri: canonical_uri(request.path),
            query: canonical_query(request.query),
            headers,
            signed_headers: names.join(";"),
            payload_hash: payload_hash.to_owned(),
        }
    }

    /// The names of the signed headers, as they must be written.
    pub(super) fn signed_headers(&self) -> &str {
        &self.signed_headers
    }

    /// The hash that the string to sign ends with.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = HashWriter(Sha256::new());
        // Hashing accepts any text.
        let _ = write!(hash, "{self}");
        hex(&hash.0.finalize())
    }
}

/// Hashes what is written, so that the text itself is not made.
struct HashWriter(Sha256);

impl fmt::Write for HashWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            uri,
            query,
            headers,
            signed_headers,
            payload_hash,
        } = self;
        write!(
            f,
            "{method}\n{uri}\n{query}\n{headers}\n{signed_headers}\n{payload_hash}"
        )
    }
}

/// What the signature is made over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringToSign {
    date_time: String,
    scope: String,
    request_hash: String,
}

impl StringToSign {
    /// Joins the date as the client wrote it, the scope and the hash of the canonical request.
    #[must_use]
    pub fn new(date_time: &str, scope: &CredentialScope, request: &CanonicalRequest) -> Self {
        Self {
            date_time: date_time.to_owned(),
            scope: scope.to_string(),
            request_hash: request.hash(),
        }
    }
}

impl fmt::Display for StringToSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            date_time,
            scope,
            request_hash,
        } = self;
        write!(f, "AWS4-HMAC-SHA256\n{date_time}\n{scope}\n{request_hash}")
    }
}

/// The path with dot segments and empty segments taken out, and each segment encoded once more: every service but S3
/// signs the encoded path, so that `%2F` on the wire is `%252F` here.
fn canonical_uri(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    if segments.is_empty() {
        return "/".to_owned();
    }
    let end = if path.ends_with('/') { "/" } else { "" };
    format!("/{}{end}", utf8_percent_encode(&segments.join("/"), ENCODED_IN_PATH))
}

/// Pairs decoded, encoded strictly, sorted by name and then value, without the signature.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (reencode(name), reencode(value))
        })
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let mut text = String::with_capacity(query.len());
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        text.extend([&name, "=", &value]);
    }
    text
}

fn reencode(text: &str) -> Cow<'_, str> {
    if is_encoded(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&spaced).collect();
    Cow::Owned(percent_encoding::percent_encode(&bytes, ENCODED).to_string())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether a text is encoded as a signed query has it: what must be escaped is, in capitals, and nothing else is.
fn is_encoded(mut text: &[u8]) -> bool {
    let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_lowercase());
    loop {
        match text {
            [] => return true,
            [b'%', high, low, rest @ ..] => {
                let escaped = digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low);
                let escaped = escaped.and_then(|byte| u8::try_from(byte).ok());
                if escaped.is_none_or(is_unreserved) {
                    return false;
                }
                text = rest;
            }
            [byte, rest @ ..] if is_unreserved(*byte) => text = rest,
            _ => return false,
        }
    }
}

/// Encodes a query name or value as a signed query has it.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// All values of a header joined by commas, each trimmed, inner runs of white space made one space. Only white space of
/// ASCII: clients sign the other kinds as they stand.
fn header_value(headers: &[(String, String)], name: &str) -> String {
    let values: Vec<String> = headers
        .iter()
        .filter(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(
            |(_, value)| match value.bytes().any(|byte| byte.is_ascii_whitespace()) {
                true => value.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
                false => value.clone(),
            },
        )
        .collect();
    values.join(",")
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    /// That of nothing, which most requests have.
    const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    if bytes.is_empty() {
        return OF_NOTHING.to_owned();
    }
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0f] {
            let first = if nibble < 10 { b'0' } else { b'a' - 10 };
            text.push(char::from(first + nibble));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_of_nothing_is_that_of_nothing() {
        assert_eq!(sha256_hex(b""), hex(&Sha256::digest(b"")));
    }

    proptest! {
        #[test]
        fn what_is_encoded_stays_and_is_all_that_does(text in "[a-zA-Z0-9%+/ =~.é-]{0,12}") {
            let encoded = percent_encoding::percent_encode(
                &percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>(),
                ENCODED,
            )
            .to_string();
            prop_assert_eq!(reencode(&text), encoded.as_str());
            prop_assert_eq!(is_encoded(text.as_bytes()), text == encoded);
        }
    }
}
