//! Who asks: the bearer token is handed to the authenticator; requests without one are nobody's.

use std::sync::Arc;

use eks_auth_core::authenticate::AuthenticationRequest;
use eks_auth_core::authenticate::Denial;
use eks_auth_core::authenticate::authenticate as judge;
use eks_auth_core::user::UserInfo;

use super::status::Failure;
use crate::http::Request;
use crate::journal::EventKind;
use crate::state::State;

/// The user of a request, or 401. EKS lets anonymous requests (1.32 and later) reach the health paths only.
pub(super) fn authenticate(state: &State, cluster: &str, request: &Request) -> Result<UserInfo, Failure> {
    let token = request
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(Failure::unauthorized)?;
    match authenticate_token(state, cluster, token, request) {
        Some(Ok(user)) => Ok(user.authenticated()),
        Some(Err(_)) | None => Err(Failure::unauthorized()),
    }
}

/// Judges a token, writes the authenticator's log and the journal. Nothing when there is no such cluster.
///
/// FIDELITY: every request is judged anew; a real API server keeps a good judgement for some time.
pub(super) fn authenticate_token(
    state: &State,
    cluster_name: &str,
    token: &str,
    request: &Request,
) -> Option<Result<UserInfo, Denial>> {
    let sts_request_id = state.request_id();
    let now = state.now();
    let world = state.snapshot();
    let client = request.peer.to_string();
    let authentication = judge(
        AuthenticationRequest {
            token,
            client: &client,
            sts_request_id: &sts_request_id,
        },
        world.cluster(cluster_name)?,
        &world,
        now,
    );
    for line in &authentication.log {
        state.log(&line.render());
    }
    let outcome = authentication.outcome.clone();
    state.journal().record(
        now,
        EventKind::Authentication {
            cluster: cluster_name.to_owned(),
            world,
            authentication: Arc::new(authentication),
        },
    );
    Some(outcome)
}
