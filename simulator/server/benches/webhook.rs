//! What a whole request to the webhook and to the API costs over one TLS connection that is kept open, and how much of it
//! the logs are.
//!
//! `cargo bench -p eks-auth-sim`. Measured ratios stand in docs/architecture.md.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should end at once"
)]

use std::fs;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use criterion::Criterion;
use criterion::criterion_group;
use criterion::criterion_main;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_core::sigv4::SignedRequest;
use eks_auth_sim::clock::Clock;
use eks_auth_sim::clock::SystemClock;
use eks_auth_sim::profile::ClientConfig;
use eks_auth_sim::profile::Credentials;
use eks_auth_sim::simulator::Config;
use eks_auth_sim::simulator::Running;
use eks_auth_sim::simulator::Simulator;
use rustls::ClientConfig as TlsConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;

/// Sends a request and reads the answer's head and body; the status.
fn ask(stream: &mut (impl Read + Write), request: &[u8], buffer: &mut Vec<u8>) -> u16 {
    stream.write_all(request).unwrap();
    stream.flush().unwrap();
    buffer.clear();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).unwrap();
        buffer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(buffer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .unwrap();
            if body.len() >= length.parse().unwrap() {
                return head[9..12].parse().unwrap();
            }
        }
    }
}

/// A simulator, an open TLS connection to its cluster, and a good token for it.
struct Stage {
    running: Running,
    credentials: Credentials,
    stream: StreamOwned<ClientConnection, TcpStream>,
    token: String,
    buffer: Vec<u8>,
}

impl Stage {
    fn new(config: Config) -> Self {
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
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let clusters = running.clusters();
        let host = clusters[0].endpoint.strip_prefix("https://").unwrap();
        let tcp = TcpStream::connect(host).unwrap();
        tcp.set_nodelay(true).unwrap();
        Self {
            stream: StreamOwned::new(connection, tcp),
            token: credentials.bearer_token("us-west-2", None, "my-cluster", SystemClock.now()),
            buffer: Vec::new(),
            credentials,
            running,
        }
    }

    fn asks(&mut self, request: &[u8]) {
        assert_eq!(ask(&mut self.stream, request, &mut self.buffer), 200);
    }

    fn review(&self) -> Vec<u8> {
        let body = format!(
            r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1","spec":{{"token":"{}"}}}}"#,
            self.token
        );
        let length = body.len();
        format!("POST /authenticate HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    }

    /// A call of CloudWatch Logs, signed for minutes.
    fn logs(&self, operation: &str, body: &str) -> Vec<u8> {
        let mut headers = vec![
            ("host".to_owned(), self.running.aws_endpoint().replace("http://", "")),
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target".to_owned(), format!("Logs_20140328.{operation}")),
        ];
        let signer = self.credentials.signer("logs", "us-west-2", SystemClock.now());
        headers.extend(signer.sign_header(&SignedRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &headers,
            body: body.as_bytes(),
        }));
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!(
            "POST / HTTP/1.1\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    fn list(&self) -> Vec<u8> {
        let path = "/api/v1/namespaces/default/configmaps";
        let token = &self.token;
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
    }
}

fn webhook(criterion: &mut Criterion) {
    let silent = ARTICLE_WORLD.replacen(
        "    - name: my-cluster\n",
        "    - name: my-cluster\n      logging: []\n",
        1,
    );
    assert_ne!(silent, ARTICLE_WORLD);
    let folder = tempfile::tempdir().unwrap();
    let kept = Config {
        state_dir: Some(folder.path().to_owned()),
        ..Config::new(ARTICLE_WORLD)
    };
    for (name, config) in [
        ("without logs", Config::new(&silent)),
        ("with logs in memory", Config::new(ARTICLE_WORLD)),
        ("with logs that are kept", kept),
    ] {
        let mut stage = Stage::new(config);
        let (review, list) = (stage.review(), stage.list());
        let nothing = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
        let mut group = criterion.benchmark_group(format!("webhook {name}"));
        group.bench_function("a request that decides nothing", |bencher| {
            bencher.iter(|| stage.asks(nothing));
        });
        group.bench_function("a good token", |bencher| bencher.iter(|| stage.asks(&review)));
        group.bench_function("an audited list", |bencher| bencher.iter(|| stage.asks(&list)));
        let mut aws = TcpStream::connect(stage.running.aws_endpoint().replace("http://", "")).unwrap();
        aws.set_nodelay(true).unwrap();
        let mut buffer = Vec::new();
        let names = r#""logGroupName":"g","logStreamName":"s""#;
        let time = SystemClock.now().unix_millis();
        let event = format!(r#"{{"timestamp":{time},"message":"{}"}}"#, "x".repeat(200));
        for (operation, body) in [
            ("CreateLogGroup", r#"{"logGroupName":"g"}"#.to_owned()),
            ("CreateLogStream", format!("{{{names}}}")),
        ] {
            assert_eq!(ask(&mut aws, &stage.logs(operation, &body), &mut buffer), 200);
        }
        let put = stage.logs("PutLogEvents", &format!(r#"{{{names},"logEvents":[{event}]}}"#));
        group.bench_function("an event that is put", |bencher| {
            bencher.iter(|| assert_eq!(ask(&mut aws, &put, &mut buffer), 200));
        });
        group.finish();
    }
}

criterion_group!(benches, webhook);
criterion_main!(benches);
