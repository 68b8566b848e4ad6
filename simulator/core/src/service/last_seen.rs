//! What a person has seen last, of all that the journal has: a refusal, or that all is well.
//!
//! The newest refusal counts, unless something newer shows that it is over. What a command asks on its way does not show that:
//! kubectl looks up which kinds there are, which everybody may, and a command that lists two kinds may be refused the first and
//! allowed the second. Events tell a run of a command by its connection.

use std::net::SocketAddr;

use super::event::Event;
use super::event::EventKind;
use crate::value::user::SYSTEM_ANONYMOUS;

/// What was seen last.
#[derive(Clone, Debug)]
pub enum LastSeen {
    /// A refusal: an event that has, or is, its explanation.
    Refusal(Box<Event>),
    /// That all is well.
    Success(Box<Success>),
}

/// Events that show that all is well; one of the first two is there, and the request may be a call to AWS.
#[derive(Clone, Debug, Default)]
pub struct Success {
    /// How the caller was let in.
    pub authentication: Option<Event>,
    /// The newest request that was allowed, or answer that said yes.
    pub request: Option<Event>,
    /// How that request failed all the same.
    pub failure: Option<Event>,
    /// The newest refusal before, which is over.
    pub before: Option<Event>,
}

/// What was seen last, of `events`, the oldest first; of one cluster where it is named, and of AWS. Nothing where nothing was
/// judged.
#[must_use]
pub fn last_seen(events: &[&Event], cluster: Option<&str>) -> Option<LastSeen> {
    let is_of_cluster = |event: &&&Event| match (event.kind.cluster(), cluster) {
        (Some(seen), Some(wanted)) => seen == wanted,
        (None, _) | (_, None) => true,
    };
    let newest_first = || events.iter().rev().filter(is_of_cluster).copied();
    let refusal = newest_first().find(|event| is_refusal(&event.kind));
    if let Some(refusal) = refusal {
        let mut newer = newest_first().take_while(|event| event.sequence > refusal.sequence);
        if !newer.any(|event| is_over(&refusal.kind, &event.kind)) {
            return Some(LastSeen::Refusal(Box::new(refusal.clone())));
        }
    }
    let request = newest_first().find(|event| shows_access(&event.kind));
    let authentication = newest_first().find(|event| is_let_in(&event.kind));
    let (request, authentication) = match (request, authentication) {
        // Nobody was judged whom the journal remembers, or AWS has answered since what it had refused.
        (None, None) => {
            let is_answered = |kind: &EventKind| matches!(kind, EventKind::AwsCall { status: ..400, .. });
            let request = newest_first()
                .find(|event| is_allowed_to_somebody(&event.kind) || (refusal.is_some() && is_answered(&event.kind)))?;
            (Some(request), None)
        }
        // Whoever was let in since has not asked for anything that tells, but perhaps for something.
        (request, Some(newest)) if request.is_none_or(|request| request.sequence < newest.sequence) => {
            let request = newest_first()
                .take_while(|event| event.sequence > newest.sequence)
                .find(|event| matches!(event.kind, EventKind::Authorization { allowed: true, .. }));
            (request, Some(newest))
        }
        (Some(request), _) => {
            let caller = caller_of(&request.kind);
            let authentication = newest_first()
                .skip_while(|event| event.sequence > request.sequence)
                .find(|event| is_let_in(&event.kind) && let_in_as(&event.kind) == caller);
            (Some(request), authentication)
        }
        (None, authentication) => (None, authentication),
    };
    let failure = request.and_then(|request| {
        newest_first()
            .take_while(|event| event.sequence > request.sequence)
            .find(|event| is_failure_of(&event.kind, &request.kind))
    });
    Some(LastSeen::Success(Box::new(Success {
        authentication: authentication.cloned(),
        request: request.cloned(),
        failure: failure.cloned(),
        before: refusal.cloned(),
    })))
}

/// Whether it is a refusal that somebody has seen.
#[must_use]
pub fn is_refusal(kind: &EventKind) -> bool {
    match kind {
        EventKind::Authentication { authentication, .. } => authentication.outcome.is_err(),
        EventKind::AccessReview { explanation, .. }
        | EventKind::Authorization { explanation, .. }
        | EventKind::AwsCall { explanation, .. }
        | EventKind::RequestFailure { explanation, .. } => explanation.is_some(),
        EventKind::AwsAuthChange { .. }
        | EventKind::CachedAuthentication { .. }
        | EventKind::ServiceAccountToken { .. } => false,
    }
}

/// Whether a later event shows that a refusal is over.
fn is_over(refusal: &EventKind, later: &EventKind) -> bool {
    match refusal {
        // Nobody was known; now somebody is.
        EventKind::Authentication { .. } | EventKind::RequestFailure { code: 401, .. } => {
            is_let_in(later) || is_allowed_to_somebody(later)
        }
        EventKind::AwsCall { service, action, .. } => match later {
            EventKind::AwsCall {
                service: other,
                action: repeated,
                status,
                ..
            } => (service, action) == (other, repeated) && *status < 400,
            later => shows_access(later),
        },
        _ => {
            let is_same_run = connection(refusal).is_some() && connection(refusal) == connection(later);
            shows_access(later) && (!is_same_run || request(refusal) == request(later))
        }
    }
}

/// Whether somebody was let in.
fn is_let_in(kind: &EventKind) -> bool {
    match kind {
        EventKind::Authentication { authentication, .. } => authentication.outcome.is_ok(),
        EventKind::CachedAuthentication { .. } => true,
        EventKind::ServiceAccountToken { username, .. } => username.is_some(),
        _ => false,
    }
}

/// As whom.
fn let_in_as(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::Authentication { authentication, .. } => {
            authentication.outcome.as_ref().ok().map(|user| user.username.as_str())
        }
        EventKind::CachedAuthentication { user, .. } => Some(&user.username),
        EventKind::ServiceAccountToken { username, .. } => username.as_deref(),
        _ => None,
    }
}

/// Who sent a request: whoever stands behind the user as whom it is served.
fn caller_of(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::Authorization {
            username, requester, ..
        } => Some(requester.behind.as_deref().unwrap_or(username)),
        EventKind::AccessReview { username, .. } => Some(username),
        _ => None,
    }
}

fn is_allowed_to_somebody(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Authorization { allowed: true, username, .. } if username != SYSTEM_ANONYMOUS)
}

/// Whether an event shows that somebody has access: a request was allowed that not everybody may make, or a question was
/// answered with yes.
fn shows_access(kind: &EventKind) -> bool {
    match kind {
        EventKind::AccessReview { explanation, .. } => explanation.is_none(),
        EventKind::Authorization {
            allowed: true, request, ..
        } => !is_discovery(request) && !is_question(request),
        _ => false,
    }
}

/// Whether a request is one of those that a client makes on its way, and that everybody may make
/// (`system:discovery` and `system:public-info-viewer` among the roles that each cluster is born with).
fn is_discovery(request: &str) -> bool {
    const PATHS: [&str; 8] = [
        "/api",
        "/apis",
        "/healthz",
        "/livez",
        "/openapi",
        "/readyz",
        "/version",
        "/.well-known",
    ];
    request.split_once(' ').is_some_and(|(_, path)| {
        path == "/"
            || PATHS.iter().any(|known| {
                path.strip_prefix(known)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    })
}

/// Whether a request is the posting of a question whose answer is an event of its own.
fn is_question(request: &str) -> bool {
    request == "create selfsubjectaccessreviews"
}

fn connection(kind: &EventKind) -> Option<SocketAddr> {
    match kind {
        EventKind::Authorization { requester, .. } => requester.connection,
        EventKind::AccessReview { connection, .. } | EventKind::RequestFailure { connection, .. } => *connection,
        _ => None,
    }
}

fn request(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::AccessReview { request, .. }
        | EventKind::Authorization { request, .. }
        | EventKind::RequestFailure { request, .. } => Some(request),
        _ => None,
    }
}

/// Whether a request that was allowed came to nothing by this.
fn is_failure_of(kind: &EventKind, allowed: &EventKind) -> bool {
    matches!(kind, EventKind::RequestFailure { .. })
        && connection(kind) == connection(allowed)
        && request(kind) == request(allowed)
}

#[cfg(test)]
mod tests;
