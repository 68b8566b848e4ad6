//! The token webhook as aws-iam-authenticator serves it: `/authenticate`, `/healthz` and `/metrics`.
//!
//! Source: `getHandler` and `authenticateEndpoint` in `pkg/server/server.go` upstream.

use crate::service::call::Call;
use crate::service::call::Effect;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::kube::authn::authenticate_token;
use crate::value::log::Level;
use crate::world::token_review::TokenReview;

/// Answers a request to a listener that is only a webhook.
#[must_use]
pub fn handle(call: &Call, cluster: &str, request: &Request) -> Response {
    match request.path.as_str() {
        "/authenticate" => authenticate(call, cluster, request),
        "/healthz" => text(200, "ok"),
        "/metrics" => {
            call.effect(Effect::ShowMetrics);
            Response::new(200, "text/plain; version=0.0.4; charset=utf-8", "")
        }
        _ => text(404, "404 page not found\n"),
    }
}

/// Answers a TokenReview.
#[must_use]
pub fn authenticate(call: &Call, cluster: &str, request: &Request) -> Response {
    if request.method != "POST" {
        call.effect(Effect::Malformed);
        log_error(call, cluster, request, "unexpected request method", None);
        return text(405, "expected POST\n");
    }
    let review = match TokenReview::parse(&request.body) {
        Ok(review) => review,
        Err(error) => {
            call.effect(Effect::Malformed);
            log_error(
                call,
                cluster,
                request,
                "could not parse request body",
                Some(error.cause()),
            );
            return text(400, &format!("{error}\n"));
        }
    };
    let authentication = authenticate_token(call, cluster, &review.token, request);
    let (code, body) = match authentication.as_ref().map(|authentication| &authentication.outcome) {
        // Go's encoder ends the answer with a line feed; the denial is a constant without one.
        Some(Ok(user)) => (200, review.render_granted(user) + "\n"),
        Some(Err(denial)) if denial.throttled => (429, review.render_denied()),
        Some(Err(_)) | None => (403, review.render_denied()),
    };
    Response::new(code, "application/json; charset=UTF-8", body)
}

/// Answers a TokenReview of which something cannot be kept: upstream keeps nothing, so that Go's own words stand here.
#[must_use]
pub fn not_kept() -> Response {
    text(500, "Internal Server Error\n")
}

fn log_error(call: &Call, cluster: &str, request: &Request, msg: &str, error: Option<&str>) {
    let mut fields = vec![
        ("client", request.peer.to_string()),
        ("method", request.method.clone()),
        ("path", request.path.clone()),
    ];
    fields.extend(error.map(|error| ("error", error.to_owned())));
    call.log_now(cluster, Level::Error, msg.to_owned(), fields);
}

fn text(status: u16, body: &str) -> Response {
    Response::new(status, "text/plain; charset=utf-8", body)
}
