//! The token webhook as aws-iam-authenticator serves it: `/authenticate`, `/healthz` and `/metrics`.
//!
//! Source: `getHandler` and `authenticateEndpoint` in `pkg/server/server.go` upstream.

use eks_auth_core::value::log::Level;
use eks_auth_core::world::token_review::TokenReview;

use crate::kube::authn::authenticate_token;
use crate::net::http::Request;
use crate::net::http::Response;
use crate::state::State;
use crate::state::clock::Stopwatch;

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
        log_error(state, cluster, request, "unexpected request method", None);
        return text(405, "expected POST\n");
    }
    let review = match TokenReview::parse(&request.body) {
        Ok(review) => review,
        Err(error) => {
            state.metrics().malformed(stopwatch.seconds());
            log_error(
                state,
                cluster,
                request,
                "could not parse request body",
                Some(error.cause()),
            );
            return text(400, &format!("{error}\n"));
        }
    };
    let authentication = authenticate_token(state, cluster, &review.token, request);
    let (code, body) = match authentication.as_ref().map(|authentication| &authentication.outcome) {
        // Go's encoder ends the answer with a line feed; the denial is a constant without one.
        Some(Ok(user)) => (200, review.render_granted(user) + "\n"),
        Some(Err(denial)) if denial.throttled => (429, review.render_denied()),
        Some(Err(_)) | None => (403, review.render_denied()),
    };
    Response::new(code, "application/json; charset=UTF-8", body)
}

fn log_error(state: &State, cluster: &str, request: &Request, msg: &str, error: Option<&str>) {
    let mut fields = vec![
        ("client", request.peer.to_string()),
        ("method", request.method.clone()),
        ("path", request.path.clone()),
    ];
    fields.extend(error.map(|error| ("error", error.to_owned())));
    state.log_now(cluster, Level::Error, msg.to_owned(), fields);
}

fn text(status: u16, body: &str) -> Response {
    Response::new(status, "text/plain; charset=utf-8", body)
}
