//! Requests and answers as plain values: what a listener has read, and what it is to send.

use std::fmt;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;

use super::stream::Stream;

/// A request that has been read to its end.
#[derive(Clone, Debug)]
pub struct Request {
    /// In upper case.
    pub method: String,
    /// Percent-encoded as it came, without the query.
    pub path: String,
    /// Percent-encoded as it came, without the `?`; empty when there is none.
    pub query: String,
    /// In order; names in lower case. `host` is always there: for HTTP/2 it is the `:authority`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The other end of the connection.
    pub peer: Peer,
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    /// The certificates that it has shown, its own first; whether they are to be trusted is not said.
    certificates: Arc<[Vec<u8>]>,
}

impl Peer {
    /// The other end of a TLS connection, with the certificates (DER) that it has shown, its own first.
    #[must_use]
    pub fn with_certificates(address: SocketAddr, certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self {
            address,
            certificates: certificates.into_iter().collect(),
        }
    }

    /// Its address and port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    /// The certificates (DER) that it has shown, its own first. It has their keys; who signed them was not looked at.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

impl<T: Into<SocketAddr>> From<T> for Peer {
    fn from(address: T) -> Self {
        Self {
            address: address.into(),
            certificates: Arc::default(),
        }
    }
}

impl Request {
    /// The first header of that (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// Path and query as they came.
    #[must_use]
    pub fn uri(&self) -> String {
        match self.query.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// The query as decoded pairs (`+` is a space), in order. Escapes that are none stay as they are.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        form_pairs(&self.query)
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        let raw = self
            .query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        raw.into_iter()
            .find(|(key, _)| *key == name || (key.contains(['%', '+']) && form_text(key) == name))
            .map(|(_, value)| form_text(value))
    }
}

/// Decodes `a=b&c=d` as forms are encoded.
#[must_use]
pub fn form_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (form_text(key), form_text(value))
        })
        .collect()
}

/// Decodes one part of a form.
fn form_text(part: &str) -> String {
    percent_encoding::percent_decode_str(&part.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// An answer. What of it comes later is a stream that is asked for it, or `S`, where a shell has started that.
#[derive(Debug)]
pub struct Response<S = Box<dyn Stream>> {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside Content-Length and Date, which the listener adds.
    pub headers: Vec<(&'static str, String)>,
    /// The body, or its beginning where more follows.
    pub body: Vec<u8>,
    /// How it gets to the client.
    pub delivery: Delivery<S>,
}

/// How an answer gets to the client.
#[derive(Debug, Default)]
pub enum Delivery<S = Box<dyn Stream>> {
    /// Whole.
    #[default]
    Prompt,
    /// Not at all: the connection ends.
    Dropped,
    /// The body's further chunks come one by one, until the stream ends.
    Streamed(S),
    /// The connection goes on as a WebSocket, and each line of what comes is a message, until the stream ends.
    WebSocket(S),
}

impl<S> Delivery<S> {
    /// Whether the answer goes on after its beginning.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Streamed(_) | Self::WebSocket(_))
    }

    /// The same with what `start` makes of the stream.
    ///
    /// # Errors
    /// That of `start`.
    pub fn try_map<T, E>(self, start: impl FnOnce(S) -> Result<T, E>) -> Result<Delivery<T>, E> {
        Ok(match self {
            Self::Prompt => Delivery::Prompt,
            Self::Dropped => Delivery::Dropped,
            Self::Streamed(stream) => Delivery::Streamed(start(stream)?),
            Self::WebSocket(stream) => Delivery::WebSocket(start(stream)?),
        })
    }
}

impl<S> Response<S> {
    /// An answer with a body of one type.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
            delivery: Delivery::Prompt,
        }
    }

    /// This answer, delivered otherwise.
    #[must_use]
    pub fn delivered(mut self, delivery: Delivery<S>) -> Self {
        self.delivery = delivery;
        self
    }

    /// This answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
