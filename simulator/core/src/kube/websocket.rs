//! The opening handshake of a watch over WebSocket, and the bearer token that may stand in it.
//!
//! Source: `apimachinery/pkg/util/httpstream/wsstream/conn.go` and `apiserver/pkg/authentication/request/websocket/protocol.go`
//! of Kubernetes 1.32, and `golang.org/x/net/websocket` v0.30.0, which kube-apiserver serves watches with. What a watch
//! sends is the same whatever protocol is named: `base64.channel.k8s.io` and its like are for streams of bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest;
use sha1::Sha1;

use crate::go::parse;

/// What stands before a token, in base64url, where browsers give one: they can set no `Authorization`.
pub const BEARER_PROTOCOL: &str = "base64url.bearer.authorization.k8s.io.";

const PROTOCOL: &str = "sec-websocket-protocol";
/// What RFC 6455 has behind the key.
const KEY_END: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Whether a request wants to go on as a WebSocket (`wsstream.IsWebSocketRequest`). Names of headers are in lower case.
#[must_use]
pub fn is_asked(headers: &[(String, String)]) -> bool {
    first(headers, "upgrade").eq_ignore_ascii_case("websocket")
        && all(headers, "connection").any(|value| value.to_ascii_lowercase().contains("upgrade"))
}

/// A token that came as one of the protocols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtocolToken {
    /// The token.
    pub token: String,
    /// The protocols beside it, of which there is one at least.
    pub others: Vec<String>,
}

/// Why the protocols of a request give no token. The texts are kube-apiserver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolTokenError {
    /// It is not base64url, or has padding.
    #[error("invalid base64.bearer.authorization token encoding")]
    Encoding,
    /// Nothing is left that could be answered.
    #[error("missing additional subprotocol")]
    Lonely,
    /// There is more than one.
    #[error("multiple base64.bearer.authorization tokens specified")]
    Multiple,
    /// It is not UTF-8.
    #[error("invalid base64.bearer.authorization token")]
    NotUtf8,
}

/// The token among the protocols of a request that wants to go on as a WebSocket; of other requests none is read.
///
/// # Errors
/// [`ProtocolTokenError`].
pub fn protocol_token(headers: &[(String, String)]) -> Result<Option<ProtocolToken>, ProtocolTokenError> {
    if !is_asked(headers) {
        return Ok(None);
    }
    let mut found: Option<String> = None;
    let mut others = Vec::new();
    for protocol in all(headers, PROTOCOL).flat_map(|value| value.split(',')).map(str::trim) {
        let Some(encoded) = protocol.strip_prefix(BEARER_PROTOCOL) else {
            others.push(protocol.to_owned());
            continue;
        };
        if found.is_some() {
            return Err(ProtocolTokenError::Multiple);
        }
        let bytes = parse::decode_base64(encoded).map_err(|_| ProtocolTokenError::Encoding)?;
        found = Some(String::from_utf8(bytes).map_err(|_| ProtocolTokenError::NotUtf8)?);
    }
    match found.filter(|token| !token.is_empty()) {
        Some(_) if others.is_empty() => Err(ProtocolTokenError::Lonely),
        found => Ok(found.map(|token| ProtocolToken { token, others })),
    }
}

/// What the answer 101 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `Sec-WebSocket-Accept`.
    pub accept: String,
    /// `Sec-WebSocket-Protocol`, where the client named one.
    pub protocol: Option<String>,
}

/// Why the handshake fails. The texts, which the answer has as its body, are those of Go's library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// There is no key.
    #[error("mismatch challenge/response")]
    Key,
    /// Not a GET.
    #[error("bad method")]
    Method,
    /// The first of several `Connection` headers does not say `Upgrade`.
    #[error("not websocket protocol")]
    NotWebSocket,
    /// `Origin` is missing or no URL: what a watch is served with takes clients for browsers.
    #[error("")]
    Origin,
    /// More than one protocol is left, and a watch chooses none.
    #[error("")]
    Protocols,
    /// Not version 13.
    #[error("missing or bad WebSocket Version")]
    Version,
}

impl HandshakeError {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Origin => 403,
            Self::Key | Self::NotWebSocket | Self::Protocols | Self::Version => 400,
        }
    }
}

/// Shakes hands; `left` are the protocols that are left where one was the caller's token.
///
/// # Errors
/// [`HandshakeError`], the first of them in Go's order.
pub fn shake_hands(
    method: &str,
    headers: &[(String, String)],
    left: Option<&[String]>,
) -> Result<Accepted, HandshakeError> {
    if method != "GET" {
        return Err(HandshakeError::Method);
    }
    if !first(headers, "connection").to_ascii_lowercase().contains("upgrade") {
        return Err(HandshakeError::NotWebSocket);
    }
    let key = first(headers, "sec-websocket-key");
    if key.is_empty() {
        return Err(HandshakeError::Key);
    }
    if first(headers, "sec-websocket-version") != "13" {
        return Err(HandshakeError::Version);
    }
    if !parse::is_request_uri(first(headers, "origin")) {
        return Err(HandshakeError::Origin);
    }
    let named = left.map_or_else(|| first(headers, PROTOCOL).to_owned(), |left| left.join(","));
    let protocol = match named.trim() {
        "" => None,
        named if named.contains(',') => return Err(HandshakeError::Protocols),
        named => Some(named.to_owned()),
    };
    let digest = Sha1::new().chain_update(key).chain_update(KEY_END).finalize();
    Ok(Accepted {
        accept: STANDARD.encode(digest),
        protocol,
    })
}

fn all<'a>(headers: &'a [(String, String)], name: &'static str) -> impl Iterator<Item = &'a str> {
    let named = headers.iter().filter(move |(header, _)| header == name);
    named.map(|(_, value)| value.as_str())
}

/// As Go's `Header.Get`: empty where there is none.
fn first<'a>(headers: &'a [(String, String)], name: &'static str) -> &'a str {
    all(headers, name).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers of a handshake as clients send it, where `changed` does not say otherwise; an empty value takes one away.
    fn headers(changed: &[(&str, &str)]) -> Vec<(String, String)> {
        let usual = [
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
            ("origin", "https://127.0.0.1:6443"),
        ];
        let usual = usual
            .iter()
            .filter(|(name, _)| changed.iter().all(|(other, _)| name != other));
        let headers = usual.chain(changed).filter(|(_, value)| !value.is_empty());
        headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_websocket_is_asked_for_by_two_headers() {
        for (changed, wanted) in [
            (&[][..], true),
            (&[("upgrade", "WebSocket")], true),
            (&[("connection", "keep-alive, Upgrade")], true),
            (&[("connection", "keep-alive"), ("connection", "upgrade")], true),
            (&[("connection", "keep-alive")], false),
            (&[("connection", "")], false),
            (&[("upgrade", "SPDY/3.1")], false),
            (&[("upgrade", "websocket, h2c")], false),
            (&[("upgrade", "")], false),
        ] {
            assert_eq!(is_asked(&headers(changed)), wanted, "{changed:?}");
        }
    }

    #[test]
    fn hands_are_shaken_as_go_does() {
        let accepted = |protocol: Option<&str>| {
            Ok(Accepted {
                // The example of RFC 6455, 1.3.
                accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned(),
                protocol: protocol.map(str::to_owned),
            })
        };
        for (changed, wanted) in [
            (&[][..], accepted(None)),
            (&[("origin", "/")], accepted(None)),
            (&[("origin", "app:x")], accepted(None)),
            (
                &[(PROTOCOL, " v4.channel.k8s.io ")],
                accepted(Some("v4.channel.k8s.io")),
            ),
            // Of several headers the first counts.
            (&[(PROTOCOL, "a"), (PROTOCOL, "b")], accepted(Some("a"))),
            (&[(PROTOCOL, "a, b")], Err(HandshakeError::Protocols)),
            (&[("origin", "")], Err(HandshakeError::Origin)),
            (&[("origin", "null")], Err(HandshakeError::Origin)),
            (&[("origin", "https://a b")], Err(HandshakeError::Origin)),
            (&[("sec-websocket-version", "")], Err(HandshakeError::Version)),
            (&[("sec-websocket-version", "8")], Err(HandshakeError::Version)),
            (&[("sec-websocket-key", ""), ("origin", "")], Err(HandshakeError::Key)),
            (
                &[("connection", "keep-alive"), ("connection", "upgrade")],
                Err(HandshakeError::NotWebSocket),
            ),
        ] {
            assert_eq!(shake_hands("GET", &headers(changed), None), wanted, "{changed:?}");
        }
        let left = ["base64.binary.k8s.io".to_owned()];
        let with_token = headers(&[(
            PROTOCOL,
            "base64url.bearer.authorization.k8s.io.YQ, base64.binary.k8s.io",
        )]);
        assert_eq!(
            shake_hands("GET", &with_token, Some(&left)),
            accepted(Some("base64.binary.k8s.io"))
        );
        assert_eq!(shake_hands("HEAD", &with_token, None), Err(HandshakeError::Method));
        // Whoever was known by something else has not taken its token out.
        assert_eq!(shake_hands("GET", &with_token, None), Err(HandshakeError::Protocols));
    }

    #[test]
    fn a_token_may_be_one_of_the_protocols() {
        let found = |token: &str, others: &[&str]| {
            Ok(Some(ProtocolToken {
                token: token.to_owned(),
                others: others.iter().map(|other| (*other).to_owned()).collect(),
            }))
        };
        for (protocols, wanted) in [
            (&["x"][..], Ok(None)),
            (&["base64url.bearer.authorization.k8s.io.azhz, x"], found("k8s", &["x"])),
            (
                &["x,base64url.bearer.authorization.k8s.io.azhz", "y"],
                found("k8s", &["x", "y"]),
            ),
            (&["base64url.bearer.authorization.k8s.io., x"], Ok(None)),
            (&["base64url.bearer.authorization.k8s.io."], Ok(None)),
            (
                &["base64url.bearer.authorization.k8s.io.azhz"],
                Err(ProtocolTokenError::Lonely),
            ),
            (
                &["base64url.bearer.authorization.k8s.io.azhzMQ==, x"],
                Err(ProtocolTokenError::Encoding),
            ),
            (
                &["base64url.bearer.authorization.k8s.io._w, x"],
                Err(ProtocolTokenError::NotUtf8),
            ),
            (
                &[
                    "base64url.bearer.authorization.k8s.io.azhz",
                    "base64url.bearer.authorization.k8s.io.azhz, x",
                ],
                Err(ProtocolTokenError::Multiple),
            ),
        ] {
            let named: Vec<_> = protocols.iter().map(|value| (PROTOCOL, *value)).collect();
            assert_eq!(protocol_token(&headers(&named)), wanted, "{protocols:?}");
        }
        let plain = [
            ("upgrade", ""),
            (PROTOCOL, "base64url.bearer.authorization.k8s.io.azhz, x"),
        ];
        assert_eq!(protocol_token(&headers(&plain)), Ok(None));
    }
}
