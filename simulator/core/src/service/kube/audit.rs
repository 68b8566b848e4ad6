//! What the API server writes to CloudWatch Logs of a request: the audit events, and a line of its own on tokens that it
//! does not accept.
//!
//! FIDELITY: the last event of a watch is written with its first.

use std::sync::Arc;

use serde_json::Value;

use super::bearer;
use super::body;
use super::resources::Resources;
use super::service_account_token;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::control_plane_log::unauthenticated_line;
use crate::cluster::eks::parameter::LogType;
use crate::kube::audit::AuditPolicy;
use crate::kube::audit::AuditedRequest;
use crate::kube::request_info::Attributes;
use crate::service::call::Call;
use crate::service::call::Effect;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::value::instant::Timestamp;
use crate::value::user::UserInfo;

/// What came to be known of a request.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Who asks.
    pub(super) user: Option<UserInfo>,
    /// As whom, where that is somebody else.
    pub(super) impersonated: Option<UserInfo>,
    /// The protocols of a WebSocket that are left, where the caller's token was one of them.
    pub(super) protocols: Option<Vec<String>>,
    /// Whether it is allowed, and the authorizer's reason.
    pub(super) decision: Option<(bool, String)>,
}

/// A request with its answer.
pub(super) struct Answered<'a> {
    pub(super) request: &'a Request,
    pub(super) attributes: &'a Attributes,
    pub(super) known: &'a Known,
    pub(super) audit_id: &'a str,
    pub(super) received: Timestamp,
    pub(super) response: &'a Response,
    /// The Status, where it failed.
    pub(super) failure: Option<Value>,
}

/// Writes of a request what the cluster's logs are to have of it.
pub(super) fn record(call: &Call, cluster: &str, answered: &Answered<'_>) {
    let world = call.world();
    let Some(cluster) = world.cluster(cluster) else {
        return;
    };
    let (now, request) = (call.now(), answered.request);
    let has_token = bearer::tokens(request).next().is_some();
    if answered.known.user.is_none() && has_token && cluster.logging().contains(&LogType::Api) {
        let fault = service_account_token::fault(call, cluster, request);
        let lines = vec![unauthenticated_line(now, fault.as_ref())];
        call.effect(Effect::ControlPlaneLog(Arc::clone(cluster), LogType::Api, lines));
    }
    if !cluster.logging().contains(&LogType::Audit) {
        return;
    }
    // What is forbidden is not read.
    let is_allowed = answered.known.decision.as_ref().is_some_and(|(allowed, _)| *allowed);
    let request_object = is_allowed
        .then(|| request_object(request, answered.attributes, cluster))
        .flatten();
    let event = AuditedRequest {
        audit_id: answered.audit_id,
        request_uri: &request.uri(),
        attributes: answered.attributes,
        user: answered.known.user.as_ref(),
        impersonated: answered.known.impersonated.as_ref(),
        source_ip: &request.peer.ip().to_string(),
        user_agent: request.header("user-agent").unwrap_or_default(),
        decision: answered
            .known
            .decision
            .as_ref()
            .map(|(allowed, reason)| (*allowed, reason.as_str())),
        code: answered.response.status,
        failure: answered.failure.as_ref(),
        is_long: answered.response.delivery.goes_on(),
        request_object: request_object.as_ref(),
        response_body: &answered.response.body,
        received: answered.received,
        answered: now,
    };
    let policy = cluster.audit_policy.clone().unwrap_or_else(AuditPolicy::eks);
    let lines = event.render(&policy);
    if !lines.is_empty() {
        call.effect(Effect::ControlPlaneLog(Arc::clone(cluster), LogType::Audit, lines));
    }
}

/// What was sent: an object, a patch, or the options of a deletion.
fn request_object(request: &Request, attributes: &Attributes, cluster: &Cluster) -> Option<Value> {
    if request.body.is_empty() || !attributes.is_resource {
        return None;
    }
    match request.method.as_str() {
        "POST" | "PUT" => {
            let resources = Resources::of(cluster);
            let resource = resources.find(&attributes.api_group, &attributes.api_version, &attributes.resource)?;
            body::object(request, &resource).ok().map(|(object, _)| object)
        }
        "DELETE" => body::delete_options(request).ok(),
        _ => serde_json::from_slice(&request.body).ok(),
    }
}
