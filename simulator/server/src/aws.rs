//! The AWS endpoint: one listener for every service, told apart by the credential scope and the shape of the request.

use crate::http::Request;
use crate::http::Response;
use crate::state::State;

/// Answers a request to the AWS endpoint.
#[must_use]
pub fn handle(state: &State, request: &Request) -> Response {
    let _ = (state, request);
    Response::new(501, "text/plain", "")
}
