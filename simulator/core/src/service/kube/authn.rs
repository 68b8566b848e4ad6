//! Who asks: a client's certificate, a bearer token, a token among the protocols of a WebSocket, or nobody.
//!
//! They are tried in that order, and the first that is good counts (`pkg/kubeapiserver/authenticator/config.go` of
//! Kubernetes 1.32). A caller that shows nothing is `system:anonymous`; one that shows something bad is refused.
//!
//! FIDELITY: EKS gives nobody a certificate that signs clients in; here `ctl client-certificate` does, for lessons.

use std::sync::Arc;
use std::time::Duration;

use super::bearer::bearer_token;
use super::health::is_health_path;
use super::service_account_token;
use super::status::Failure;
use crate::kube::websocket::ProtocolToken;
use crate::kube::websocket::protocol_token;
use crate::service::call::Call;
use crate::service::call::Effect;
use crate::service::call::Token;
use crate::service::event::EventKind;
use crate::service::http::Request;
use crate::service::token_cache::Judgement;
use crate::value::user::UserInfo;
use crate::world::authenticate::Authentication;
use crate::world::authenticate::AuthenticationRequest;
use crate::world::authenticate::GET_CALLER_IDENTITY;
use crate::world::authenticate::authenticate as judge;
use crate::world::fault::FaultTarget;

/// Who asks.
pub(super) struct Caller {
    pub(super) user: UserInfo,
    /// The protocols of a WebSocket that are left, where the token was one of them.
    pub(super) protocols: Option<Vec<String>>,
    /// How many seconds ago the token was judged, where the API server still knew it.
    pub(super) cached_seconds: Option<i64>,
}

impl From<UserInfo> for Caller {
    fn from(user: UserInfo) -> Self {
        Self {
            user,
            protocols: None,
            cached_seconds: None,
        }
    }
}

/// The user of a request, or 401.
pub(super) fn authenticate(call: &Call, cluster: &str, request: &Request) -> Result<Caller, Failure> {
    let by_certificate = call.certificate();
    if let Ok(Some(user)) = by_certificate {
        return Ok(user.clone().authenticated().into());
    }
    let mut is_bad = by_certificate.is_err();
    if let Some(token) = bearer_token(request) {
        match by_token(call, cluster, token, request) {
            Ok(caller) => return Ok(caller),
            Err(_) => is_bad = true,
        }
    }
    match protocol_token(&request.headers) {
        Ok(None) => {}
        Ok(Some(ProtocolToken { token, others })) => match by_token(call, cluster, &token, request) {
            Ok(caller) => {
                return Ok(Caller {
                    protocols: Some(others),
                    ..caller
                });
            }
            Err(_) => is_bad = true,
        },
        Err(_) => is_bad = true,
    }
    if is_bad || !takes_anonymous(call, cluster, &request.path) {
        return Err(Failure::unauthorized());
    }
    Ok(UserInfo::anonymous().into())
}

/// Since Kubernetes 1.32 EKS lets anonymous callers reach the health paths only (EKS user guide, "Kubernetes versions").
fn takes_anonymous(call: &Call, cluster: &str, path: &str) -> bool {
    is_health_path(path)
        || call.world().cluster(cluster).is_some_and(|cluster| {
            let minor = cluster.version.split('.').nth(1).and_then(|minor| minor.parse().ok());
            minor.is_some_and(|minor: u32| minor < 32)
        })
}

/// The user of a token, or 401.
fn by_token(call: &Call, cluster: &str, token: &str, request: &Request) -> Result<Caller, Failure> {
    if let Some(user) = service_account_token::authenticate(call, cluster, token) {
        return Ok(user.authenticated().into());
    }
    let now = call.now();
    if let Some(kept) = call.judged(cluster, token) {
        let age_seconds = now.seconds_since(kept.since);
        call.record(
            now,
            EventKind::CachedAuthentication {
                cluster: cluster.to_owned(),
                identity: kept.identity,
                user: kept.user.clone(),
                age_seconds,
            },
        );
        return Ok(Caller {
            cached_seconds: Some(age_seconds),
            ..kept.user.authenticated().into()
        });
    }
    let authentication = authenticate_token(call, cluster, token, request).ok_or_else(Failure::unauthorized)?;
    let user = authentication.outcome.clone().map_err(|_| Failure::unauthorized())?;
    let seconds = call
        .world()
        .cluster(cluster)
        .map_or(0, |cluster| cluster.token_cache_seconds);
    if let (1.., Some(identity)) = (seconds, &authentication.identity) {
        call.effect(Effect::KeepJudgement {
            cluster: cluster.to_owned(),
            token: Token(token.to_owned()),
            judgement: Judgement {
                identity: identity.clone(),
                user: user.clone(),
                since: now,
                until: now.plus_seconds(i64::from(seconds)),
            },
        });
    }
    Ok(user.authenticated().into())
}

/// Judges a token, writes the authenticator's log and the journal. Nothing when there is no such cluster.
pub(crate) fn authenticate_token(
    call: &Call,
    cluster_name: &str,
    token: &str,
    request: &Request,
) -> Option<Arc<Authentication>> {
    let sts_request_id = call.request_id();
    let now = call.now();
    let world = call.world();
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
        // The judgement itself changes nothing; now the fault is counted.
        call.strike(FaultTarget {
            principal: Some(caller),
            ..GET_CALLER_IDENTITY
        });
        call.delay(Duration::from_millis(authentication.late_ms));
    }
    call.effect(Effect::Judged(Arc::clone(&authentication)));
    call.log(cluster, authentication.log.clone());
    call.record(
        now,
        EventKind::Authentication {
            cluster: cluster_name.to_owned(),
            world,
            authentication: Arc::clone(&authentication),
        },
    );
    Some(authentication)
}
