//! Sockets: TLS, HTTP, WebSockets, the proxy, and the one client.

pub mod client;
pub mod http;
pub mod proxy;
pub mod tls;
pub(crate) mod websocket;
