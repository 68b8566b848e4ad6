//! A cluster's listener: the Kubernetes API and the authentication webhook.

use crate::http::Request;
use crate::http::Response;
use crate::state::State;

/// Answers a request to the listener of `cluster`.
#[must_use]
pub fn handle(state: &State, cluster: &str, request: &Request) -> Response {
    let _ = (state, cluster, request);
    Response::new(501, "text/plain", "")
}
