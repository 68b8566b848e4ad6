//! What the journal is told of a request: how it was authorized, and what refused it or let it fail afterwards.
//!
//! Of a request that is allowed and answered, nothing is told but its authorization.

use std::sync::Arc;

use super::bearer;
use super::status::Failure;
use crate::cluster::authorize::Authorization;
use crate::cluster::authorize::Decision;
use crate::cluster::eks::Cluster;
use crate::explain::explain_cached_request;
use crate::explain::explain_impersonation;
use crate::explain::explain_no_token;
use crate::explain::explain_refused;
use crate::explain::explain_request;
use crate::kube::request_info::Attributes;
use crate::service::call::Call;
use crate::service::event::Asked;
use crate::service::event::EventKind;
use crate::service::event::Requester;
use crate::service::http::Request;
use crate::value::user::UserInfo;

/// Bytes that are kept of a failure's message, which may hold a whole object.
const MOST_OF_MESSAGE: usize = 1024;

/// Who asks.
pub(super) struct Asking<'a> {
    pub(super) request: &'a Request,
    /// As whom the request is served.
    pub(super) user: &'a UserInfo,
    /// Who acts as that one, where that is somebody else.
    pub(super) behind: Option<&'a UserInfo>,
    /// How many seconds ago the token was judged, where the API server still knew it.
    pub(super) cached_seconds: Option<i64>,
}

/// Tells of a decision about a request.
pub(super) fn authorized(
    call: &Call,
    cluster: &Cluster,
    asking: &Asking<'_>,
    attributes: &Attributes,
    authorization: Authorization,
) {
    let allowed = authorization.decision == Decision::Allow;
    let user = asking.user;
    let explain = || match (asking.behind, asking.cached_seconds) {
        (Some(caller), _) => explain_impersonation(caller, user, attributes, cluster),
        (None, Some(seconds)) => explain_cached_request(user, attributes, seconds, cluster),
        (None, None) => explain_request(user, attributes, cluster),
    };
    // Another principal that may do it says nothing about a request in somebody else's name.
    let asked = || {
        let asked = Asked {
            user: user.clone(),
            attributes: attributes.clone(),
        };
        asking.behind.is_none().then(|| Box::new(asked))
    };
    call.record(
        call.now(),
        EventKind::Authorization {
            cluster: cluster.name.clone(),
            username: user.username.clone(),
            request: describe(attributes),
            allowed,
            reason: authorization.reason,
            explanation: (!allowed).then(|| Arc::new(explain())),
            requester: Requester {
                connection: Some(asking.request.peer.address()),
                behind: asking.behind.map(|caller| caller.username.clone()),
                asked: if allowed { None } else { asked() },
            },
            trace: authorization.trace,
        },
    );
}

/// Tells of a request that was allowed to `user`, and failed; of nobody's, where it came without any credentials.
pub(super) fn failed(
    call: &Call,
    cluster: &str,
    request: &Request,
    attributes: &Attributes,
    user: Option<&UserInfo>,
    failure: &Failure,
) {
    let world = call.world();
    let Some(cluster) = world.cluster(cluster) else { return };
    let explanation = match (user, failure.refuser()) {
        (Some(user), Some(refuser)) => Some(explain_refused(user, attributes, refuser, failure.message(), cluster)),
        (Some(_), None) => None,
        (None, _) => Some(explain_no_token()),
    };
    call.record(
        call.now(),
        EventKind::RequestFailure {
            cluster: cluster.name.clone(),
            username: user.map(|user| user.username.clone()).unwrap_or_default(),
            request: describe(attributes),
            connection: Some(request.peer.address()),
            code: failure.code(),
            reason: failure.reason().to_owned(),
            message: failure.message().chars().take(MOST_OF_MESSAGE / 4).collect(),
            explanation: explanation.map(Arc::new),
        },
    );
}

/// Tells of what somebody was answered who asked what they may do.
pub(super) fn reviewed(
    call: &Call,
    cluster: &Cluster,
    request: &Request,
    user: &UserInfo,
    attributes: &Attributes,
    allowed: bool,
) {
    call.record(
        call.now(),
        EventKind::AccessReview {
            cluster: cluster.name.clone(),
            username: user.username.clone(),
            request: describe(attributes),
            connection: Some(request.peer.address()),
            explanation: (!allowed).then(|| Arc::new(explain_request(user, attributes, cluster))),
        },
    );
}

/// Whether a request shows nothing by which it could be told who asks.
pub(super) fn is_without_credentials(call: &Call, request: &Request) -> bool {
    call.certificate() == Ok(None) && bearer::tokens(request).next().is_none()
}

/// Such as `list pods in kube-system`.
fn describe(attributes: &Attributes) -> String {
    if !attributes.is_resource {
        return format!("{} {}", attributes.verb, attributes.path);
    }
    let mut text = format!("{} {}", attributes.verb, attributes.resource);
    for (before, part) in [
        ("/", &attributes.subresource),
        (" ", &attributes.name),
        (" in ", &attributes.namespace),
    ] {
        if !part.is_empty() {
            text.push_str(before);
            text.push_str(part);
        }
    }
    text
}
