//! What a whole request to a cluster's listener costs over a TLS connection that is kept open: one to the webhook, and one
//! to the Kubernetes API, the latter also from several clients at once.
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
use std::time::Instant;

use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use eks_auth_core::scenario::ARTICLE_WORLD;
use eks_auth_sim::clock::Clock;
use eks_auth_sim::clock::SystemClock;
use eks_auth_sim::profile::ClientConfig;
use eks_auth_sim::simulator::Config;
use eks_auth_sim::simulator::Simulator;
use rustls::ClientConfig as TlsConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;

/// Connections at once where there are several.
const CLIENTS: u64 = 4;

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

fn connect(config: &Arc<TlsConfig>, host: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
    let tcp = TcpStream::connect(host).unwrap();
    tcp.set_nodelay(true).unwrap();
    StreamOwned::new(connection, tcp)
}

fn listener(criterion: &mut Criterion) {
    let running = Simulator::start(Config::new(ARTICLE_WORLD)).unwrap();
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
    let clusters = running.clusters();
    let host = clusters[0].endpoint.strip_prefix("https://").unwrap();
    let mut stream = connect(&config, host);

    let post = |token: &str| {
        let body = format!(
            r#"{{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1","spec":{{"token":"{token}"}}}}"#
        );
        let length = body.len();
        format!("POST /authenticate HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
    };
    let token = credentials.bearer_token("us-west-2", None, "my-cluster", SystemClock.now());
    let (good, nothing) = (post(&token), b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut buffer = Vec::new();
    assert_eq!(ask(&mut stream, &good, &mut buffer), 200);
    let mut group = criterion.benchmark_group("webhook");
    group.bench_function("a request that decides nothing", |bencher| {
        bencher.iter(|| assert_eq!(ask(&mut stream, nothing, &mut buffer), 200));
    });
    group.bench_function("a good token", |bencher| {
        bencher.iter(|| assert_eq!(ask(&mut stream, &good, &mut buffer), 200));
    });
    group.finish();

    let services = format!(
        "GET /api/v1/namespaces/default/services?limit=500 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    )
    .into_bytes();
    let mut group = criterion.benchmark_group("kubernetes");
    group.bench_function("GET services", |bencher| {
        bencher.iter(|| assert_eq!(ask(&mut stream, &services, &mut buffer), 200));
    });
    let mut streams: Vec<_> = (0..CLIENTS).map(|_| connect(&config, host)).collect();
    group.throughput(Throughput::Elements(1));
    group.bench_function("GET services, several clients", |bencher| {
        bencher.iter_custom(|requests| {
            let started = Instant::now();
            let each = requests.div_ceil(CLIENTS);
            std::thread::scope(|scope| {
                for stream in &mut streams {
                    let services = &services;
                    scope.spawn(move || {
                        let mut buffer = Vec::new();
                        for _ in 0..each {
                            assert_eq!(ask(stream, services, &mut buffer), 200);
                        }
                    });
                }
            });
            started.elapsed().mul_f64(requests as f64 / (each * CLIENTS) as f64)
        });
    });
    group.finish();
}

criterion_group!(benches, listener);
criterion_main!(benches);
