//! A small blocking HTTP/1.1 client, for our own commands and for machines without `aws` or `kubectl`.
//!
//! It speaks only to the simulator: one request a connection, bodies with a length, chunked or until the end.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eks_auth_core::aws::sigv4::SignedRequest;
use eks_auth_core::aws::sigv4::Signer;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;

/// How long the simulator may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// No answer of the simulator is larger.
const ANSWER_LIMIT: u64 = 64 * 1024 * 1024;

/// Connects to the socket of a process of our own.
///
/// # Errors
/// When nobody listens there.
pub(crate) fn connect_socket(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path)
}

/// Where a request goes.
pub struct ServerAddress {
    host: String,
    authority: Option<Arc<ClientConfig>>,
}

impl ServerAddress {
    /// `http://HOST:PORT`.
    ///
    /// # Errors
    /// When `url` has another form.
    pub fn plain(url: &str) -> io::Result<Self> {
        Ok(Self {
            host: host_of(url, "http://")?,
            authority: None,
        })
    }

    /// `https://HOST:PORT`, trusting the certificates of `ca_pem` only.
    ///
    /// # Errors
    /// When `url` has another form or `ca_pem` holds no certificate.
    pub fn tls(url: &str, ca_pem: &str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
            roots
                .add(certificate.map_err(io::Error::other)?)
                .map_err(io::Error::other)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            host: host_of(url, "https://")?,
            authority: Some(Arc::new(config)),
        })
    }

    /// `HOST:PORT`, as the Host header has it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn host_of(url: &str, scheme: &str) -> io::Result<String> {
    url.strip_prefix(scheme)
        .map(|rest| rest.split(['/', '?']).next().unwrap_or_default().to_owned())
        .filter(|host| !host.is_empty())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{url}` is not of the form {scheme}HOST:PORT"),
            )
        })
}

/// A request; Host, Content-Length and Connection are added.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// Such as `/api/v1/pods?limit=500`.
    pub path_and_query: &'a str,
    /// Further headers.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// The code of an error of AWS's JSON protocols, `x-amzn-errortype`.
    pub error_code: Option<String>,
}

/// Sends a request signed in its headers.
///
/// # Errors
/// Those of [`send`].
pub fn send_signed(target: ServerAddress, signer: &Signer<'_>, request: &Request<'_>) -> io::Result<Answer> {
    let mut headers = vec![("host".to_owned(), target.host.clone())];
    headers.extend(request.headers.iter().cloned());
    let (path, query) = request
        .path_and_query
        .split_once('?')
        .unwrap_or((request.path_and_query, ""));
    let signature = signer.sign_header(&SignedRequest {
        method: request.method,
        path,
        query,
        headers: &headers,
        body: request.body,
    });
    let headers: Vec<(String, String)> = request.headers.iter().cloned().chain(signature).collect();
    send(
        target,
        &Request {
            headers: &headers,
            ..*request
        },
    )
}

/// Sends a request and reads the whole answer.
///
/// # Errors
/// What the connection says, or `InvalidData` for an answer that is no HTTP.
pub fn send(target: ServerAddress, request: &Request<'_>) -> io::Result<Answer> {
    let stream = TcpStream::connect(&target.host)?;
    stream.set_read_timeout(Some(ANSWER_TIME))?;
    stream.set_nodelay(true)?;
    let mut message = format!(
        "{} {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n",
        request.method,
        request.path_and_query,
        target.host,
        request.body.len()
    );
    for (name, value) in request.headers {
        message.push_str(&format!("{name}: {value}\r\n"));
    }
    message.push_str("\r\n");
    let mut message = message.into_bytes();
    message.extend_from_slice(request.body);
    match target.authority {
        None => converse(stream, &message),
        Some(config) => {
            let name = target
                .host
                .rsplit_once(':')
                .map_or(target.host.as_str(), |(name, _)| name);
            let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
            let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
            converse(StreamOwned::new(connection, stream), &message)
        }
    }
}

fn converse(mut stream: impl Read + Write, message: &[u8]) -> io::Result<Answer> {
    stream.write_all(message)?;
    stream.flush()?;
    let mut bytes = Vec::new();
    match stream.take(ANSWER_LIMIT).read_to_end(&mut bytes) {
        // A server that closes without TLS's farewell has still said all, if the length below is right.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = str::from_utf8(bytes.get(..end)?).ok()?;
    let body = bytes.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut chunked = false;
    let mut length = None;
    let mut error_code = None;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            "x-amzn-errortype" => error_code = Some(value.trim().to_owned()),
            "content-length" => length = Some(value.trim().parse::<usize>().ok()?),
            _ => {}
        }
    }
    let body = match length {
        _ if chunked => join_chunks(body)?,
        Some(length) => body.get(..length)?.to_vec(),
        None => body.to_vec(),
    };
    Some(Answer {
        status,
        body,
        error_code,
    })
}

fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = str::from_utf8(rest.get(..end)?).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        let start = end + 2;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(start..start.checked_add(size)?)?);
        rest = rest.get(start.checked_add(size)?.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_each_kind_are_read() {
        for (answer, wanted) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay", "ok"),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n3;x\r\nay!\r\n0\r\n\r\n",
                "okay!",
            ),
            ("HTTP/1.1 200 OK\r\n\r\nall", "all"),
        ] {
            assert_eq!(parse(answer.as_bytes()).unwrap().body, wanted.as_bytes(), "{answer}");
        }
    }

    #[test]
    fn broken_answers_are_none() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nok",
        ] {
            assert!(parse(answer.as_bytes()).is_none(), "{answer}");
        }
    }
}
