//! The services as functions of a call: what each answers, and what that has for effects. Listeners, files and the disk are
//! the shell's.

pub mod aws;
pub mod call;
pub mod event;
pub mod http;
pub mod kube;
pub mod last_used;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod token_cache;
pub mod webhook;

use self::call::Call;
use self::call::Given;
use self::call::Outcome;
use self::http::Request;
use self::http::Response;

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
