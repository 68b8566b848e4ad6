//! What the API server writes to CloudWatch Logs of a request: the audit event, and a line of its own on tokens that it
//! does not take.

use eks_auth_core::audit::AuditedRequest;
use eks_auth_core::eks::control_plane_log::unauthenticated_line;
use eks_auth_core::eks::update::LogType;
use eks_auth_core::instant::Timestamp;
use eks_auth_core::request_info::Attributes;
use eks_auth_core::user::UserInfo;
use serde_json::Value;

use super::service_account_token;
use crate::http::Request;
use crate::state::State;

/// What came to be known of a request.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Who asks.
    pub(super) user: Option<UserInfo>,
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
    pub(super) code: u16,
    /// The Status, where it failed.
    pub(super) failure: Option<Value>,
}

/// Writes of a request what the cluster's logs are to have of it.
pub(super) fn record(state: &State, cluster: &str, answered: &Answered<'_>) {
    let world = state.snapshot();
    let Some(cluster) = world.cluster(cluster) else {
        return;
    };
    let (now, request) = (state.now(), answered.request);
    let has_token = request.header("authorization").is_some();
    if answered.known.user.is_none() && has_token && cluster.logging().contains(&LogType::Api) {
        let fault = service_account_token::fault(state, cluster, request);
        state.append_control_plane(cluster, LogType::Api, [unauthenticated_line(now, fault.as_ref())], now);
    }
    if !cluster.logging().contains(&LogType::Audit) {
        return;
    }
    let request_uri = match request.query.as_str() {
        "" => request.path.clone(),
        query => format!("{}?{query}", request.path),
    };
    let event = AuditedRequest {
        audit_id: answered.audit_id,
        request_uri: &request_uri,
        attributes: answered.attributes,
        user: answered.known.user.as_ref(),
        source_ip: &request.peer.ip().to_string(),
        user_agent: request.header("user-agent").unwrap_or_default(),
        decision: answered
            .known
            .decision
            .as_ref()
            .map(|(allowed, reason)| (*allowed, reason.as_str())),
        code: answered.code,
        failure: answered.failure.as_ref(),
        received: answered.received,
        answered: now,
    };
    if let Some(line) = event.render() {
        state.append_control_plane(cluster, LogType::Audit, [line], now);
    }
}
