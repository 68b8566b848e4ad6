//! The token webhook as aws-iam-authenticator serves it: `/authenticate`, `/healthz` and `/metrics`.
//!
//! Source: `getHandler` and `authenticateEndpoint` in `pkg/server/server.go` upstream. FIDELITY: the answer carries the caller's kind and
//! apiVersion, which upstream leaves out.

use serde_json::Value;
use serde_json::json;

use crate::clock::Stopwatch;
use crate::http::Request;
use crate::http::Response;
use crate::kube::authn::authenticate_token;
use crate::kube::reviews::user_info_json;
use crate::state::State;

/// Answers a request to a listener that is only a webhook.
#[must_use]
pub fn handle(state: &State, cluster: &str, request: &Request) -> Response {
    match request.path.as_str() {
        "/authenticate" => authenticate(state, cluster, request),
        "/healthz" => text(200, "ok"),
        "/metrics" => Response::new(
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            state.metrics().render(),
        ),
        _ => text(404, "404 page not found\n"),
    }
}

/// Answers a TokenReview.
#[must_use]
pub fn authenticate(state: &State, cluster: &str, request: &Request) -> Response {
    let stopwatch = Stopwatch::start();
    if request.method != "POST" {
        state.metrics().malformed(stopwatch.seconds());
        return text(405, "expected POST\n");
    }
    let review: Option<Value> = serde_json::from_slice(&request.body).ok();
    let field = |name: &str| {
        review
            .as_ref()
            .and_then(|review| review.get(name))
            .and_then(Value::as_str)
    };
    let known = matches!(
        field("apiVersion"),
        Some("authentication.k8s.io/v1" | "authentication.k8s.io/v1beta1")
    ) && field("kind") == Some("TokenReview");
    let token = review
        .as_ref()
        .and_then(|review| review.pointer("/spec/token"))
        .and_then(Value::as_str);
    let (true, Some(token)) = (known, token) else {
        state.metrics().malformed(stopwatch.seconds());
        return text(400, "expected a request body to be a TokenReview\n");
    };
    let authentication = authenticate_token(state, cluster, token, request);
    let (code, status) = match authentication.as_ref().map(|authentication| &authentication.outcome) {
        Some(Ok(user)) => (200, json!({"authenticated": true, "user": user_info_json(user)})),
        Some(Err(denial)) if denial.throttled => (429, json!({"user": {}})),
        Some(Err(_)) | None => (403, json!({"user": {}})),
    };
    // In the order in which Go writes the fields.
    let body = format!(
        r#"{{"kind":"TokenReview","apiVersion":{},"metadata":{{"creationTimestamp":null}},"spec":{{}},"status":{status}}}"#,
        json!(field("apiVersion"))
    );
    Response::new(code, "application/json", body + "\n")
}

fn text(status: u16, body: &str) -> Response {
    Response::new(status, "text/plain; charset=utf-8", body)
}
