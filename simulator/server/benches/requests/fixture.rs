//! A simulator, and a connection to its cluster that is kept open: what the benchmarks of whole requests share.

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use eks_auth_sim::environment::profile::ClientConfig;
use eks_auth_sim::environment::profile::Credentials;
use eks_auth_sim::simulator::Config;
use eks_auth_sim::simulator::Running;
use eks_auth_sim::simulator::Simulator;
use eks_auth_sim::state::clock::Clock;
use eks_auth_sim::state::clock::SystemClock;
use rustls::ClientConfig as TlsConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;

pub(crate) type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Sends a request and reads the answer, head and body; the status.
pub(crate) fn ask(stream: &mut (impl Read + Write), request: &[u8], buffer: &mut Vec<u8>) -> u16 {
    stream.write_all(request).unwrap();
    stream.flush().unwrap();
    buffer.clear();
    let mut chunk = [0; 16 * 1024];
    let mut end = None;
    while end.is_none_or(|end| buffer.len() < end) {
        let read = stream.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "the connection ended");
        buffer.extend_from_slice(&chunk[..read]);
        if end.is_none()
            && let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&buffer[..at]).unwrap();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            end = Some(at + 4 + length.parse::<usize>().unwrap());
        }
    }
    std::str::from_utf8(&buffer[9..12]).unwrap().parse().unwrap()
}

/// A simulator, an open TLS connection to its cluster, and a good token for it.
pub(crate) struct Fixture {
    pub(crate) running: Running,
    pub(crate) credentials: Credentials,
    pub(crate) token: String,
    stream: Tls,
    buffer: Vec<u8>,
    config: Arc<TlsConfig>,
}

impl Fixture {
    pub(crate) fn new(config: Config) -> Self {
        let running = Simulator::start(config).unwrap();
        let mut env = running.env();
        env.remove("AWS_ENDPOINT_URL");
        env.remove("AWS_ENDPOINT_URL_STS");
        let credentials = ClientConfig::load(env, None)
            .unwrap()
            .credentials(SystemClock.now())
            .unwrap();
        let mut roots = RootCertStore::empty();
        let pem = fs::read(running.dir().join("ca.pem")).unwrap();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config = TlsConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let config = Arc::new(config);
        Self {
            stream: connect(&running, &config),
            token: credentials.bearer_token("us-west-2", None, "my-cluster", SystemClock.now()),
            buffer: Vec::new(),
            credentials,
            running,
            config,
        }
    }

    /// One more connection to the cluster.
    pub(crate) fn connect(&self) -> Tls {
        connect(&self.running, &self.config)
    }

    pub(crate) fn asks(&mut self, request: &[u8]) {
        let status = ask(&mut self.stream, request, &mut self.buffer);
        assert!(matches!(status, 200 | 201), "{}", String::from_utf8_lossy(&self.buffer));
    }

    /// The body of the last answer.
    pub(crate) fn answer(&self) -> Value {
        let at = self.buffer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        serde_json::from_slice(&self.buffer[at + 4..]).unwrap()
    }

    /// A request of the cluster's creator to the Kubernetes API. The headers are whole lines.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &str, body: &str) -> Vec<u8> {
        let (token, length) = (&self.token, body.len());
        format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n{headers}content-length: \
             {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

fn connect(running: &Running, config: &Arc<TlsConfig>) -> Tls {
    let clusters = running.clusters();
    let host = clusters[0].endpoint.strip_prefix("https://").unwrap();
    let tcp = TcpStream::connect(host).unwrap();
    tcp.set_nodelay(true).unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), tcp)
}
