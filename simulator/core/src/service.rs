//! The services as functions of a call: what each answers, and what that has for effects. Listeners, files and the disk are
//! the shell's.

pub mod aws;
pub mod call;
pub mod event;
pub mod http;
pub mod kube;
pub mod last_used;
pub mod refusal;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod token_cache;
pub mod webhook;
pub mod weight;

use self::call::Call;
use self::call::Given;
use self::call::Outcome;
use self::http::Request;
use self::http::Response;
use self::refusal::RETRY_AFTER;
use self::refusal::Refusal;

/// What a listener stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Every AWS service.
    Aws,
    /// The Kubernetes API of the cluster of that name, and its webhook.
    Cluster(String),
    /// The webhook of the cluster of that name alone.
    Webhook(String),
}

/// An answer, and what the shell is to do before it is sent.
#[derive(Debug)]
pub struct Answer {
    /// What the client gets.
    pub response: Response,
    /// What becomes of the World, and what is to be done.
    pub outcome: Outcome,
}

/// What a client gets whose request no service looks at. Of one whose body was not read the body is empty.
///
/// FIDELITY: what AWS answers to bodies beyond its limits and in place of answers that are late is not documented for each
/// service; the codes are such as every SDK reads as an error.
#[must_use]
pub fn refuse(endpoint: &Endpoint, request: &Request, refusal: Refusal, request_id: &str) -> Response {
    match (endpoint, refusal) {
        (Endpoint::Aws, _) => aws::refuse(request, refusal, request_id),
        (Endpoint::Cluster(_) | Endpoint::Webhook(_), Refusal::Overloaded) => {
            // `tooManyRequests` in `apiserver/pkg/server/filters/priority-and-fairness.go`.
            let body = "Too many requests, please try again later.\n";
            Response::new(429, "text/plain; charset=utf-8", body)
                .with_header("retry-after", RETRY_AFTER)
                .with_header("x-content-type-options", "nosniff")
        }
        (Endpoint::Cluster(_) | Endpoint::Webhook(_), refusal) => kube::refuse(request, refusal),
    }
}

/// Answers a request to an endpoint.
#[must_use]
pub fn answer(endpoint: &Endpoint, request: &Request, given: Given) -> Answer {
    let call = Call::new(given);
    let response = match endpoint {
        Endpoint::Aws => aws::handle(&call, request),
        Endpoint::Cluster(name) => kube::handle(&call, name, request),
        Endpoint::Webhook(name) => webhook::handle(&call, name, request),
    };
    Answer {
        response,
        outcome: call.finish(),
    }
}
