//! The AWS proxy, for tools that ignore endpoint settings: what they send to an AWS host ends in the simulator.
//!
//! Nothing is ever forwarded: this file opens no connection and asks no DNS. A tunnel to AWS ends at the AWS endpoint's
//! handler, one to the AWS endpoint or a cluster at that listener's, and every other target is refused. So is the control
//! interface, which answers local tools only: the proxy may listen on the network.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use eks_auth_core::aws::aws_host::AwsHost;
use eks_auth_core::service::aws::unserved;
use hyper::Method;
use hyper::Uri;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::net::connections::Activity;
use crate::net::connections::Connection;
use crate::net::http;
use crate::net::http::Delivery;
use crate::net::http::Handler;
use crate::net::http::Response;

/// AWS serves HTTPS there and nowhere else.
const HTTPS_PORT: &str = "443";

/// What a client asks a proxy for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestTarget<'a> {
    /// `GET http://HOST:PORT/…`: to send one request.
    Absolute {
        /// Such as `http`.
        scheme: &'a str,
        /// As it came; the port may be left out.
        authority: &'a str,
    },
    /// `GET /`: nothing that one asks a proxy for.
    Origin,
    /// `CONNECT HOST:PORT`: a tunnel.
    Tunnel {
        /// As it came.
        authority: &'a str,
    },
}

/// The addresses under which clients may name the simulator's own listeners, each `HOST:PORT`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnHosts<'a> {
    /// The plain AWS endpoint's.
    pub aws: &'a [String],
    /// Those of each listener that a tunnel may lead to.
    pub tunnels: &'a [Vec<String>],
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request is answered by the AWS endpoint.
    Answer,
    /// The tunnel ends at the AWS endpoint, over TLS.
    AwsTunnel,
    /// The tunnel ends at one of our listeners, by its place in [`OwnHosts::tunnels`].
    OwnTunnel(usize),
    /// Nothing.
    Refuse(Refusal),
}

/// Why a target is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An AWS host, but not where it serves HTTPS.
    AwsPort,
    /// Not a request to a proxy.
    NotProxied,
    /// A host that is neither AWS's nor ours.
    OtherHost,
    /// A request in the clear to another host than our AWS endpoint.
    Plain,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AwsPort => "AWS hosts are reached on port 443 only",
            Self::NotProxied => "this is a proxy: set HTTPS_PROXY to it",
            Self::OtherHost => {
                "only AWS hosts, the AWS endpoint and the clusters are reached, nothing is forwarded out"
            }
            Self::Plain => {
                "of unencrypted hosts only the simulator's AWS endpoint is reached, nothing is forwarded out"
            }
        })
    }
}

/// Decides what becomes of a target.
#[must_use]
pub fn decide(target: RequestTarget<'_>, own: OwnHosts<'_>) -> Decision {
    let is_own = |hosts: &[String], authority: &str| hosts.iter().any(|own| own.eq_ignore_ascii_case(authority));
    match target {
        RequestTarget::Absolute { scheme, authority } => {
            if scheme.eq_ignore_ascii_case("http") && is_own(own.aws, authority) {
                Decision::Answer
            } else {
                Decision::Refuse(Refusal::Plain)
            }
        }
        RequestTarget::Origin => Decision::Refuse(Refusal::NotProxied),
        RequestTarget::Tunnel { authority } => {
            if let Some(at) = own.tunnels.iter().position(|hosts| is_own(hosts, authority)) {
                return Decision::OwnTunnel(at);
            }
            match authority.rsplit_once(':') {
                Some((host, port)) if AwsHost::parse(host).is_some() => {
                    if port == HTTPS_PORT {
                        Decision::AwsTunnel
                    } else {
                        Decision::Refuse(Refusal::AwsPort)
                    }
                }
                _ => Decision::Refuse(Refusal::OtherHost),
            }
        }
    }
}

/// One of our listeners, as a tunnel reaches it.
#[derive(Clone)]
pub struct Endpoint {
    /// What accepts TLS, where the listener speaks it.
    pub tls: Option<TlsAcceptor>,
    /// What answers.
    pub handler: Handler,
}

/// Those of the simulator's own listeners that tunnels reach: the AWS endpoint's, and those of clusters, which come and go.
#[derive(Default)]
pub struct Tunnels(Mutex<Reachable>);

/// Names and listeners, in the same order.
#[derive(Default)]
struct Reachable {
    hosts: Vec<Vec<String>>,
    endpoints: Vec<Endpoint>,
}

impl Tunnels {
    /// Lets tunnels to any of `hosts` end at a listener.
    pub fn add(&self, hosts: Vec<String>, endpoint: Endpoint) {
        let mut reachable = self.reachable();
        reachable.hosts.push(hosts);
        reachable.endpoints.push(endpoint);
    }

    /// Lets no tunnel end at the listener that is reached under `host` any more.
    pub fn remove(&self, host: &str) {
        let mut reachable = self.reachable();
        let at = reachable
            .hosts
            .iter()
            .position(|hosts| hosts.iter().any(|known| known == host));
        if let Some(at) = at {
            reachable.hosts.remove(at);
            reachable.endpoints.remove(at);
        }
    }

    /// What becomes of a target, with the listener where it is one of these.
    fn decide(&self, target: RequestTarget<'_>, aws: &[String]) -> (Decision, Option<Endpoint>) {
        let reachable = self.reachable();
        let own = OwnHosts {
            aws,
            tunnels: &reachable.hosts,
        };
        let decision = decide(target, own);
        let endpoint = match decision {
            Decision::OwnTunnel(at) => reachable.endpoints.get(at).cloned(),
            Decision::Answer | Decision::AwsTunnel | Decision::Refuse(_) => None,
        };
        (decision, endpoint)
    }

    fn reachable(&self) -> MutexGuard<'_, Reachable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What writes a warning with further fields to the log.
pub type Log = Arc<dyn Fn(String, Vec<(&'static str, String)>) + Send + Sync>;

/// The proxy: where its tunnels may end.
pub struct Proxy {
    /// The addresses under which clients may name the plain AWS endpoint.
    pub own_aws: Vec<String>,
    /// The AWS endpoint over TLS, with certificates for AWS hosts.
    pub aws: Endpoint,
    /// Our own listeners.
    pub tunnels: Arc<Tunnels>,
    /// Whose log says what is refused.
    pub log: Log,
}

/// A tunnel that has been granted: it begins once hyper has let go of the connection.
type Granted = Arc<Mutex<Option<(OnUpgrade, Endpoint)>>>;

impl Proxy {
    /// Accepts connections until the task is dropped.
    pub async fn serve(self, listener: TcpListener) {
        let proxy = Arc::new(self);
        http::accept(listener, move |stream, peer, connection| {
            Arc::clone(&proxy).serve_connection(stream, peer, connection)
        })
        .await;
    }

    async fn serve_connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, connection: Arc<Connection>) {
        let granted = Granted::default();
        let service = {
            let (granted, connection) = (Arc::clone(&granted), Arc::clone(&connection));
            service_fn(move |request| {
                let proxy = Arc::clone(&self);
                let (granted, connection) = (Arc::clone(&granted), Arc::clone(&connection));
                async move {
                    let (response, activity) = proxy.answer(request, peer, &granted, &connection).await;
                    http::deliver(response, activity)
                }
            })
        };
        // An error here is the client's doing and ends with its connection.
        let _ = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(http::HEADER_TIME)
            .max_buf_size(http::HEADER_LIMIT)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
        let tunnel = granted.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((upgrade, endpoint)) = tunnel
            && let Ok(Ok(stream)) = timeout(http::HANDSHAKE_TIME, upgrade).await
        {
            let stream = TokioIo::new(stream);
            http::serve_stream(stream, peer, endpoint.tls, endpoint.handler, connection).await;
        }
    }

    async fn answer(
        &self,
        mut request: hyper::Request<Incoming>,
        peer: SocketAddr,
        granted: &Granted,
        connection: &Arc<Connection>,
    ) -> (Response, Option<Activity>) {
        let (decision, own) = self
            .tunnels
            .decide(target(request.method(), request.uri()), &self.own_aws);
        let endpoint = match decision {
            Decision::Answer => return http::answer(request, peer.into(), &self.aws.handler, connection).await,
            Decision::AwsTunnel => Some(self.aws.clone()),
            Decision::OwnTunnel(_) => own,
            Decision::Refuse(refusal) => return (refuse(&self.log, request.uri(), refusal), None),
        };
        let Some(endpoint) = endpoint else {
            return (refuse(&self.log, request.uri(), Refusal::OtherHost), None);
        };
        let upgrade = hyper::upgrade::on(&mut request);
        *granted.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, endpoint));
        let granted = Response {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
            delivery: Delivery::Prompt,
        };
        (granted, None)
    }
}

fn target<'a>(method: &Method, uri: &'a Uri) -> RequestTarget<'a> {
    let authority = uri.authority().map(hyper::http::uri::Authority::as_str);
    match (uri.scheme_str(), authority) {
        (_, Some(authority)) if method == Method::CONNECT => RequestTarget::Tunnel { authority },
        (Some(scheme), Some(authority)) => RequestTarget::Absolute { scheme, authority },
        _ => RequestTarget::Origin,
    }
}

fn refuse(log: &Log, uri: &Uri, refusal: Refusal) -> Response {
    let asked = unserved::short(uri.authority().map_or("/", |authority| authority.as_str()));
    let sentence = format!("eks-auth-sim refuses `{asked}`: {refusal}");
    let response = Response::new(403, "text/plain; charset=utf-8", format!("{sentence}\n"))
        // A tunnel's client would take what follows for the tunnel.
        .with_header("connection", "close");
    let sentence = unserved::whole(&sentence);
    log(sentence.clone(), vec![("host", asked)]);
    response.with_header(unserved::HEADER, unserved::visible(&sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decides with three listeners of ours, of which the first is the AWS endpoint.
    fn decided(target: RequestTarget<'_>) -> Decision {
        let hosts = |port: u16| {
            vec![
                format!("127.0.0.1:{port}"),
                format!("localhost:{port}"),
                format!("[::1]:{port}"),
            ]
        };
        let tunnels = [hosts(8000), hosts(8001), hosts(6443)];
        let own = OwnHosts {
            aws: &hosts(8000),
            tunnels: &tunnels,
        };
        decide(target, own)
    }

    #[test]
    fn tunnels_end_at_aws_or_at_our_own_listeners() {
        use Decision::AwsTunnel;
        use Decision::OwnTunnel;
        use Decision::Refuse;
        for (authority, wanted) in [
            ("sts.amazonaws.com:443", AwsTunnel),
            ("sts.us-west-2.amazonaws.com:443", AwsTunnel),
            ("STS.US-WEST-2.AMAZONAWS.COM:443", AwsTunnel),
            ("eks.us-west-2.api.aws:443", AwsTunnel),
            ("sts.cn-north-1.amazonaws.com.cn:443", AwsTunnel),
            ("sts.eusc-de-east-1.amazonaws.eu:443", AwsTunnel),
            ("sts.us-iso-east-1.c2s.ic.gov:443", AwsTunnel),
            ("sts.us-isob-east-1.sc2s.sgov.gov:443", AwsTunnel),
            ("sts.eu-isoe-west-1.cloud.adc-e.uk:443", AwsTunnel),
            ("sts.us-isof-south-1.csp.hci.ic.gov:443", AwsTunnel),
            ("s3.amazonaws.com:443", AwsTunnel),
            ("sts.amazonaws.com:80", Refuse(Refusal::AwsPort)),
            ("sts.amazonaws.com:0443", Refuse(Refusal::AwsPort)),
            ("sts.amazonaws.com", Refuse(Refusal::OtherHost)),
            ("user@sts.amazonaws.com:443", Refuse(Refusal::OtherHost)),
            ("sts.amazonaws.com.example.com:443", Refuse(Refusal::OtherHost)),
            ("example.com:443", Refuse(Refusal::OtherHost)),
            ("169.254.169.254:80", Refuse(Refusal::OtherHost)),
            ("127.0.0.1:8000", OwnTunnel(0)),
            ("localhost:8001", OwnTunnel(1)),
            ("LocalHost:6443", OwnTunnel(2)),
            ("[::1]:6443", OwnTunnel(2)),
            ("127.0.0.1:22", Refuse(Refusal::OtherHost)),
            ("127.0.0.2:6443", Refuse(Refusal::OtherHost)),
            ("localhost", Refuse(Refusal::OtherHost)),
            ("10.0.0.1:6443", Refuse(Refusal::OtherHost)),
        ] {
            assert_eq!(decided(RequestTarget::Tunnel { authority }), wanted, "{authority}");
        }
    }

    #[test]
    fn requests_in_the_clear_reach_the_aws_endpoint_only() {
        for (scheme, authority, wanted) in [
            ("http", "127.0.0.1:8000", Decision::Answer),
            ("HTTP", "LOCALHOST:8000", Decision::Answer),
            ("https", "127.0.0.1:8000", Decision::Refuse(Refusal::Plain)),
            ("http", "127.0.0.1:6443", Decision::Refuse(Refusal::Plain)),
            ("http", "127.0.0.1", Decision::Refuse(Refusal::Plain)),
            ("http", "sts.amazonaws.com", Decision::Refuse(Refusal::Plain)),
            ("http", "sts.amazonaws.com:443", Decision::Refuse(Refusal::Plain)),
            ("http", "169.254.169.254", Decision::Refuse(Refusal::Plain)),
            ("http", "example.com", Decision::Refuse(Refusal::Plain)),
            ("ftp", "127.0.0.1:8000", Decision::Refuse(Refusal::Plain)),
        ] {
            let target = RequestTarget::Absolute { scheme, authority };
            assert_eq!(decided(target), wanted, "{scheme}://{authority}");
        }
        assert_eq!(decided(RequestTarget::Origin), Decision::Refuse(Refusal::NotProxied));
    }

    #[test]
    fn request_lines_name_their_targets() {
        for (method, uri, wanted) in [
            (
                "CONNECT",
                "sts.amazonaws.com:443",
                RequestTarget::Tunnel {
                    authority: "sts.amazonaws.com:443",
                },
            ),
            (
                "GET",
                "http://127.0.0.1:1/x?y",
                RequestTarget::Absolute {
                    scheme: "http",
                    authority: "127.0.0.1:1",
                },
            ),
            ("GET", "/", RequestTarget::Origin),
            ("OPTIONS", "*", RequestTarget::Origin),
            ("GET", "example.com:443", RequestTarget::Origin),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(target(&method, &uri.parse().unwrap()), wanted, "{method} {uri}");
        }
    }
}
