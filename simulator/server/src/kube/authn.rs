//! Who asks: the bearer token is handed to the authenticator; requests without one are nobody's.

use std::sync::Arc;

use eks_auth_core::authenticate::Authentication;
use eks_auth_core::authenticate::AuthenticationRequest;
use eks_auth_core::authenticate::GET_CALLER_IDENTITY;
use eks_auth_core::authenticate::authenticate as judge;
use eks_auth_core::fault::Target;
use eks_auth_core::user::UserInfo;

use super::service_account_token;
use super::status::Failure;
use super::token_cache::Judgement;
use crate::clock::Stopwatch;
use crate::http::Request;
use crate::journal::EventKind;
use crate::state::State;

/// The user of a request, or 401. EKS lets anonymous requests (1.32 and later) reach the health paths only.
pub(super) fn authenticate(state: &State, cluster: &str, request: &Request) -> Result<UserInfo, Failure> {
    let token = bearer_token(request).ok_or_else(Failure::unauthorized)?;
    if let Some(user) = service_account_token::authenticate(state, cluster, token) {
        return Ok(user.authenticated());
    }
    let now = state.now();
    if let Some(kept) = state.token_cache().find(cluster, token, now) {
        state.journal().record(
            now,
            EventKind::CachedAuthentication {
                cluster: cluster.to_owned(),
                identity: kept.identity,
                user: kept.user.clone(),
                age_seconds: now.seconds_since(kept.since),
            },
        );
        return Ok(kept.user.authenticated());
    }
    let authentication = authenticate_token(state, cluster, token, request).ok_or_else(Failure::unauthorized)?;
    let user = authentication.outcome.clone().map_err(|_| Failure::unauthorized())?;
    let seconds = state
        .snapshot()
        .cluster(cluster)
        .map_or(0, |cluster| cluster.token_cache_seconds);
    if let (1.., Some(identity)) = (seconds, &authentication.identity) {
        state.token_cache().keep(
            cluster,
            token,
            Judgement {
                identity: identity.clone(),
                user: user.clone(),
                since: now,
                until: now.plus_seconds(i64::from(seconds)),
            },
        );
    }
    Ok(user.authenticated())
}

/// The bearer token of a request.
pub(super) fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

/// Judges a token, writes the authenticator's log and the journal. Nothing when there is no such cluster.
pub(crate) fn authenticate_token(
    state: &State,
    cluster_name: &str,
    token: &str,
    request: &Request,
) -> Option<Arc<Authentication>> {
    let stopwatch = Stopwatch::start();
    let sts_request_id = state.request_id();
    let now = state.now();
    let world = state.snapshot();
    let client = request.peer.to_string();
    let cluster = world.cluster(cluster_name)?;
    let authentication = Arc::new(judge(
        AuthenticationRequest {
            token,
            client: &client,
            sts_request_id: &sts_request_id,
        },
        cluster,
        &world,
        now,
    ));
    if let Some(caller) = &authentication.struck {
        // The judgement was made on a snapshot; now the fault is counted.
        state.strike(Target {
            principal: Some(caller),
            ..GET_CALLER_IDENTITY
        });
    }
    state.metrics().judged(&authentication, stopwatch.seconds());
    state.log(cluster, &authentication.log, now);
    state.journal().record(
        now,
        EventKind::Authentication {
            cluster: cluster_name.to_owned(),
            world,
            authentication: Arc::clone(&authentication),
        },
    );
    Some(authentication)
}
