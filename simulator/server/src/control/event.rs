//! Events of the journal, as the control interface lists them.

use std::sync::Arc;

use eks_auth_core::explain;
use eks_auth_core::explain::Explanation;
use eks_auth_core::value::log::LogLine;
use eks_auth_core::world::World;
use eks_auth_core::world::authenticate::Authentication;

use super::api;
use super::api::checks_of;
use crate::state::journal::Event;
use crate::state::journal::EventKind;

/// An event of the journal. A judgement is explained in the World in which it was made.
pub(super) fn render(event: &Event) -> api::Event {
    let explained = |cluster: &str, explanation: &Option<Arc<Explanation>>| {
        explanation
            .as_ref()
            .map(|explanation| api::Explanation::of(cluster, explanation))
    };
    let kind = match &event.kind {
        EventKind::AccessReview {
            cluster,
            username,
            request,
            connection: _,
            explanation,
        } => api::EventKind::AccessReview {
            cluster: cluster.clone(),
            username: username.clone(),
            request: request.clone(),
            allowed: explanation.is_none(),
            explanation: explained(cluster, explanation),
        },
        EventKind::Authentication {
            cluster,
            world,
            authentication,
        } => api::EventKind::Authentication {
            cluster: cluster.clone(),
            username: authentication.outcome.as_ref().map(|user| user.username.clone()).ok(),
            error: authentication
                .outcome
                .as_ref()
                .map_err(|denial| denial.message.clone())
                .err(),
            explanation: explain_judgement(cluster, world, authentication),
            log: rendered(&authentication.log),
        },
        EventKind::ServiceAccountToken {
            cluster,
            username,
            error,
        } => api::EventKind::ServiceAccountToken {
            cluster: cluster.clone(),
            username: username.clone(),
            error: error.clone(),
        },
        EventKind::CachedAuthentication {
            cluster,
            identity,
            user,
            age_seconds,
        } => api::EventKind::CachedAuthentication {
            cluster: cluster.clone(),
            arn: identity.arn.clone(),
            username: user.username.clone(),
            age_seconds: *age_seconds,
        },
        EventKind::Authorization {
            cluster,
            username,
            request,
            allowed,
            reason,
            explanation,
            requester: _,
            trace,
        } => api::EventKind::Authorization {
            cluster: cluster.clone(),
            username: username.clone(),
            request: request.clone(),
            allowed: *allowed,
            reason: reason.clone(),
            explanation: explained(cluster, explanation),
            checks: checks_of(trace),
        },
        EventKind::AwsAuthChange { cluster, log } => api::EventKind::AwsAuthChange {
            cluster: cluster.clone(),
            log: rendered(log),
        },
        EventKind::AwsCall {
            service,
            action,
            caller,
            status,
            error,
            unserved,
            explanation,
            trace,
        } => api::EventKind::AwsCall {
            service: service.clone(),
            action: action.clone(),
            caller: caller.clone(),
            status: *status,
            error: error.clone(),
            unserved: unserved.clone(),
            explanation: explained("", explanation),
            checks: checks_of(trace),
        },
        EventKind::RequestFailure {
            cluster,
            username,
            request,
            connection: _,
            code,
            reason,
            message,
            explanation,
        } => api::EventKind::RequestFailure {
            cluster: cluster.clone(),
            username: username.clone(),
            request: request.clone(),
            code: *code,
            reason: reason.clone(),
            message: message.clone(),
            explanation: explained(cluster, explanation),
        },
    };
    api::Event {
        sequence: event.sequence,
        time: event.time.render_rfc3339(),
        kind,
    }
}

fn explain_judgement(cluster: &str, world: &World, authentication: &Authentication) -> Option<api::Explanation> {
    let found = world.cluster(cluster)?;
    Some(api::Explanation::of(
        cluster,
        &explain::explain(authentication, found, world),
    ))
}

fn rendered(log: &[LogLine]) -> Vec<String> {
    log.iter().map(LogLine::render).collect()
}
