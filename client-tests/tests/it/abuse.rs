//! Malformed requests end with their own connection; the simulator goes on serving. Loopback only, bounded.

use std::io::Read;
use std::io::Write;
use std::net::Shutdown;

use client_tests::Simulator;
use rustls::StreamOwned;

/// Connections of each kind.
const ROUNDS: usize = 40;

pub(crate) trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// A connection to the AWS endpoint or, over TLS, to the cluster.
pub(crate) fn open(simulator: &Simulator, tls: bool) -> Box<dyn Connection> {
    if !tls {
        return Box::new(simulator.connect("/aws_endpoint"));
    }
    let stream = simulator.connect("/clusters/0/endpoint");
    Box::new(StreamOwned::new(simulator.tls("127.0.0.1"), stream))
}

/// The status line of the answer to what is sent; the other end may stop reading before all is sent.
pub(crate) fn status(connection: &mut dyn Connection, parts: impl Iterator<Item = Vec<u8>>) -> String {
    for part in parts {
        if connection.write_all(&part).is_err() {
            break;
        }
    }
    let _ = connection.flush();
    let mut answer = [0; 64];
    let length = connection.read(&mut answer).unwrap_or_default();
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    answer.split("\r\n").next().unwrap_or_default().to_owned()
}

#[track_caller]
pub(crate) fn still_serves(simulator: &Simulator) {
    for tls in [false, true] {
        let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec();
        let status = status(&mut *open(simulator, tls), [request].into_iter());
        let wanted = if tls {
            "HTTP/1.1 200 OK"
        } else {
            "HTTP/1.1 403 Forbidden"
        };
        assert_eq!(status, wanted);
    }
}

#[test]
fn noise_and_half_handshakes_do_no_harm() {
    let simulator = Simulator::start();
    let mut held = Vec::new();
    for round in 0..ROUNDS {
        for pointer in ["/aws_endpoint", "/clusters/0/endpoint"] {
            let mut stream = simulator.connect(pointer);
            // A linear congruential generator: any bytes will do, but the same ones each time.
            let mut state = round as u32 + 1;
            let noise: Vec<u8> = (0..100 * round)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.to_be_bytes()[0]
                })
                .collect();
            let _ = stream.write_all(&noise);
            let _ = stream.shutdown(Shutdown::Write);
        }
        // The beginning of a ClientHello, never finished.
        let mut stream = simulator.connect("/clusters/0/endpoint");
        stream.write_all(&[0x16, 3, 1, 0, 0xf5, 1, 0, 0, 0xf1]).unwrap();
        held.push(stream);
    }
    still_serves(&simulator);
    assert_eq!(held.len(), ROUNDS);
}

#[test]
fn bodies_and_headers_have_a_limit() {
    let simulator = Simulator::start();
    let megabyte = vec![b'a'; 1 << 20];
    for tls in [false, true] {
        let head = b"POST /authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 20971520\r\n\r\n".to_vec();
        let body = [head].into_iter().chain((0..20).map(|_| megabyte.clone()));
        // The refusal can be lost when the connection ends while the client still sends.
        let answer = status(&mut *open(&simulator, tls), body);
        assert!(
            matches!(answer.as_str(), "" | "HTTP/1.1 413 Payload Too Large"),
            "{answer}"
        );
        let header = [
            b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ".to_vec(),
            megabyte.clone(),
            b"\r\n\r\n".to_vec(),
        ];
        let answer = status(&mut *open(&simulator, tls), header.into_iter());
        assert!(
            matches!(answer.as_str(), "" | "HTTP/1.1 431 Request Header Fields Too Large"),
            "{answer}"
        );
    }
    still_serves(&simulator);
}

#[test]
fn odd_requests_are_answered() {
    let simulator = Simulator::start();
    for (tls, request, wanted) in [
        (
            true,
            "POST /authenticate HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]",
            "HTTP/1.1 400 Bad Request",
        ),
        (
            true,
            "GET /authenticate HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 405 Method Not Allowed",
        ),
        (
            true,
            "GET /api HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 401 Unauthorized",
        ),
        (
            true,
            "GET /api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \r\n\r\n",
            "HTTP/1.1 401 Unauthorized",
        ),
        (
            false,
            "GET /%zz?%zz=%f HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 400 Bad Request",
        ),
        (false, "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 403 Forbidden"),
        (
            false,
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\u{0}\u{1}\u{2}",
            "HTTP/1.1 403 Forbidden",
        ),
    ] {
        let answer = status(&mut *open(&simulator, tls), [request.as_bytes().to_vec()].into_iter());
        assert_eq!(answer, wanted, "{request:?}");
    }
    still_serves(&simulator);
}
