//! Sockets: TLS, HTTP, WebSockets, the proxy, and the one client.

pub mod client;
pub(crate) mod connections;
pub mod http;
pub mod proxy;
pub(crate) mod runtime;
pub mod tls;
pub(crate) mod websocket;
