//! HTTP as plain values: hyper's request is read once, bounded, into [`Request`], and a [`Handler`] answers it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use eks_auth_core::service::http;
pub use eks_auth_core::service::http::Delivery;
pub use eks_auth_core::service::http::Peer;
pub use eks_auth_core::service::http::Request;
pub use eks_auth_core::service::http::form_pairs;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Bytes;
use hyper::body::Frame;
use hyper::body::Incoming;
use hyper::body::SizeHint;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::net::connections::Activity;
use crate::net::connections::Connection;
use crate::net::connections::Connections;
use crate::net::websocket;

/// kube-apiserver accepts request bodies of up to 3 MiB; nothing that we serve wants more.
const BODY_LIMIT: usize = 3 * 1024 * 1024;
/// Go's default is 1 MiB; a token is 4 KiB at most, so that 64 KiB leaves room for every real client.
pub(crate) const HEADER_LIMIT: usize = 64 * 1024;
/// Connections at once per listener. For a further one the idlest is ended; where none is idle, it waits.
const CONNECTION_LIMIT: usize = 1024;
/// How soon it is looked again for an idle one.
const ROOM_TIME: Duration = Duration::from_millis(20);
/// How long a client may take to shake hands.
pub(crate) const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long a client may take to send a request's head, idle time between requests included.
pub(crate) const HEADER_TIME: Duration = Duration::from_secs(60);
/// How long a client may take to send a request's body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Requests at once on one HTTP/2 connection.
const STREAM_LIMIT: u32 = 100;

/// An answer that is being made.
pub type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What came from a client.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// A request that was read to its end.
    Whole(Request),
    /// One whose body has more bytes than `limit`; it is left out.
    TooLarge {
        /// Without its body.
        request: Request,
        /// In bytes.
        limit: usize,
    },
}

/// What answers requests. It must not block.
pub type Handler = Arc<dyn Fn(Arrived) -> Answering + Send + Sync>;

/// A handler that may block: it has a thread of its own for each request.
pub fn blocking(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Handler {
    let handler = Arc::new(handler);
    Arc::new(move |arrived| {
        let handler = Arc::clone(&handler);
        Box::pin(async move {
            let request = match arrived {
                Arrived::Whole(request) => request,
                Arrived::TooLarge { limit, .. } => {
                    let body = format!("Request entity too large: limit is {limit}\n");
                    return Response::new(413, "text/plain", body);
                }
            };
            let answered = tokio::task::spawn_blocking(move || handler(&request)).await;
            // The runtime ends, or the handler has panicked.
            answered.unwrap_or_else(|_| Response::new(500, "text/plain", "Internal Server Error\n"))
        })
    })
}

/// An answer, whose further chunks come one by one, until the sender is gone. As a WebSocket, each line of them is a message.
pub type Response = http::Response<Receiver<Vec<u8>>>;

/// Accepts connections until the task is dropped. Whatever one client does ends with its own connection.
pub async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, handler: Handler) {
    accept(listener, move |stream, peer, connection| {
        serve_stream(stream, peer, tls.clone(), Arc::clone(&handler), connection)
    })
    .await;
}

/// The same without TLS, for a listener that accepts bodies of another size.
pub(crate) async fn serve_bodies_of(body_limit: usize, listener: TcpListener, handler: Handler) {
    accept(listener, move |stream, peer, connection| {
        serve_connection(stream, peer.into(), Arc::clone(&handler), body_limit, connection)
    })
    .await;
}

/// Serves each connection with a task of its own, a bounded number of them at once.
pub(crate) async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream, SocketAddr, Arc<Connection>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let connections = Arc::new(Connections::default());
    let places = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: let connections end before the next try.
            connections.end_idlest();
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let place = place(&places, &connections).await;
        let opened = connections.open();
        let served = serve(stream, peer, Arc::clone(opened.connection()));
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                () = served => {}
                () = opened.connection().ended() => {}
            }
        });
    }
}

/// A place among the connections, for which the idlest ones are ended.
async fn place(places: &Arc<Semaphore>, connections: &Connections) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    loop {
        connections.end_idlest();
        if let Ok(place) = timeout(ROOM_TIME, Arc::clone(places).acquire_owned()).await {
            // The semaphore is never closed.
            return place.ok();
        }
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve_stream<S>(
    stream: S,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    handler: Handler,
    connection: Arc<Connection>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match tls {
        None => serve_connection(stream, peer.into(), handler, BODY_LIMIT, connection).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME, tls.accept(stream)).await {
                let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let peer = Peer::with_certificates(peer, shown.iter().map(|shown| shown.to_vec()));
                serve_connection(stream, peer, handler, BODY_LIMIT, connection).await;
            }
        }
    }
}

async fn serve_connection<S>(stream: S, peer: Peer, handler: Handler, body_limit: usize, connection: Arc<Connection>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let granted = Granted::default();
    let service = {
        let (granted, connection) = (Arc::clone(&granted), Arc::clone(&connection));
        service_fn(move |mut request| {
            let (peer, handler, granted) = (peer.clone(), Arc::clone(&handler), Arc::clone(&granted));
            let connection = Arc::clone(&connection);
            async move {
                let is_upgradable = request.version() == hyper::Version::HTTP_11;
                let upgrade = hyper::upgrade::on(&mut request);
                let (mut response, activity) = answer_within(body_limit, request, peer, &handler, &connection).await;
                if let Delivery::WebSocket(lines) = response.delivery {
                    if !is_upgradable {
                        return deliver(Response::new(400, "text/plain", "Bad Request\n"), activity);
                    }
                    *granted.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, lines));
                    response.delivery = Delivery::Prompt;
                }
                deliver(response, activity)
            }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_LIMIT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_LIMIT as u32)
        .max_concurrent_streams(STREAM_LIMIT);
    // An error here is the client's doing and ends with its connection.
    let _ = builder
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await;
    // In this task, so that it counts among the connections.
    let upgraded = granted.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((upgrade, lines)) = upgraded
        && let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME, upgrade).await
    {
        let _activity = connection.begin();
        websocket::serve(TokioIo::new(stream), lines).await;
    }
}

/// A WebSocket that has been granted: it begins once hyper has let go of the connection.
type Granted = Arc<Mutex<Option<(OnUpgrade, Receiver<Vec<u8>>)>>>;

/// Reads a request to its end and has it answered. The connection is busy until what comes with the answer is dropped.
pub(crate) async fn answer(
    request: hyper::Request<Incoming>,
    peer: Peer,
    handler: &Handler,
    connection: &Arc<Connection>,
) -> (Response, Option<Activity>) {
    answer_within(BODY_LIMIT, request, peer, handler, connection).await
}

async fn answer_within(
    body_limit: usize,
    request: hyper::Request<Incoming>,
    peer: Peer,
    handler: &Handler,
    connection: &Arc<Connection>,
) -> (Response, Option<Activity>) {
    let (head, body) = request.into_parts();
    // Nothing where it is too large.
    let body = match timeout(BODY_TIME, Limited::new(body, body_limit).collect()).await {
        Ok(Ok(body)) => Some(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => None,
        Ok(Err(_)) => return (Response::new(400, "text/plain", "Bad Request\n"), None),
        Err(_) => return (Response::new(408, "text/plain", "Request Timeout\n"), None),
    };
    let mut headers: Vec<(String, String)> = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    if let (false, Some(authority)) = (head.headers.contains_key("host"), head.uri.authority()) {
        headers.push(("host".to_owned(), authority.to_string()));
    }
    let is_whole = body.is_some();
    let request = Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.unwrap_or_default(),
        peer,
    };
    // Not before it was read: a client that sends slowly is idle.
    let activity = Some(connection.begin());
    if is_whole {
        return (handler(Arrived::Whole(request)).await, activity);
    }
    let limit = body_limit;
    let refused = handler(Arrived::TooLarge { request, limit }).await;
    // What is left of the body stands where the next request would.
    (refused.with_header("connection", "close"), activity)
}

/// An answer as hyper sends it; `activity` ends when that is done.
///
/// # Errors
/// [`Dropped`], with which hyper ends the connection.
pub(crate) fn deliver(response: Response, activity: Option<Activity>) -> Result<hyper::Response<Body>, Dropped> {
    let body = Bytes::from(response.body);
    let body = match response.delivery {
        // Only a whole connection goes on as a WebSocket, so that none is left here.
        Delivery::Prompt | Delivery::WebSocket(_) => Full::new(body).boxed_unsync(),
        Delivery::Dropped => return Err(Dropped),
        Delivery::Streamed(rest) => Chunks {
            first: Some(body),
            rest,
        }
        .boxed_unsync(),
    };
    let mut rendered = hyper::Response::new(Body {
        inner: body,
        _activity: activity,
    });
    *rendered.status_mut() =
        hyper::StatusCode::from_u16(response.status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let Ok(value) = hyper::header::HeaderValue::from_str(&value) {
            rendered.headers_mut().append(name, value);
        }
    }
    Ok(rendered)
}

/// A body of any kind, whose connection is busy as long as it is there.
pub(crate) struct Body {
    inner: UnsyncBoxBody<Bytes, Infallible>,
    _activity: Option<Activity>,
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The connection ends without an answer.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer is dropped")]
pub(crate) struct Dropped;

/// A body whose chunks come one by one.
struct Chunks {
    first: Option<Bytes>,
    rest: Receiver<Vec<u8>>,
}

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => {
                let next = self.rest.poll_recv(context);
                next.map(|chunk| chunk.map(|chunk| Ok(Frame::data(Bytes::from(chunk)))))
            }
        }
    }
}
