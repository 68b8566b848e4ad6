//! Who asks: a client's certificate, a bearer token, a token among the protocols of a WebSocket, or nobody.
//!
//! They are tried in that order, and the first that is good counts (`pkg/kubeapiserver/authenticator/config.go` of
//! Kubernetes 1.32). A caller that shows nothing is `system:anonymous`; one that shows something bad is refused.
//!
//! FIDELITY: EKS gives nobody a certificate that signs clients in; here `ctl client-certificate` does, for lessons.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use eks_auth_core::kube::websocket::ProtocolToken;
use eks_auth_core::kube::websocket::protocol_token;
use eks_auth_core::value::user::UserInfo;
use eks_auth_core::world::authenticate::Authentication;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::GET_CALLER_IDENTITY;
use eks_auth_core::world::authenticate::authenticate as judge;
use eks_auth_core::world::fault::Target;

use super::health::is_health_path;
use super::service_account_token;
use super::status::Failure;
use crate::authenticator::token_cache::Judgement;
use crate::net::http::Request;
use crate::net::tls::BadCertificate;
use crate::state::State;
use crate::state::clock::Stopwatch;
use crate::state::journal::EventKind;

/// The extra in which kube-apiserver tells by which certificate somebody came.
const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// Who asks.
pub(super) struct Caller {
    pub(super) user: UserInfo,
    /// The protocols of a WebSocket that are left, where the token was one of them.
    pub(super) protocols: Option<Vec<String>>,
}

impl From<UserInfo> for Caller {
    fn from(user: UserInfo) -> Self {
        Self { user, protocols: None }
    }
}

/// The user of a request, or 401.
pub(super) fn authenticate(state: &State, cluster: &str, request: &Request) -> Result<Caller, Failure> {
    let by_certificate = by_certificate(state, request);
    if let Ok(Some(user)) = by_certificate {
        return Ok(user.authenticated().into());
    }
    let mut is_bad = by_certificate.is_err();
    if let Some(token) = bearer_token(request) {
        match by_token(state, cluster, token, request) {
            Ok(user) => return Ok(user.into()),
            Err(_) => is_bad = true,
        }
    }
    match protocol_token(&request.headers) {
        Ok(None) => {}
        Ok(Some(ProtocolToken { token, others })) => match by_token(state, cluster, &token, request) {
            Ok(user) => {
                return Ok(Caller {
                    user,
                    protocols: Some(others),
                });
            }
            Err(_) => is_bad = true,
        },
        Err(_) => is_bad = true,
    }
    if is_bad || !takes_anonymous(state, cluster, &request.path) {
        return Err(Failure::unauthorized());
    }
    Ok(UserInfo::anonymous().into())
}

/// Since Kubernetes 1.32 EKS lets anonymous callers reach the health paths only (EKS user guide, "Kubernetes versions").
fn takes_anonymous(state: &State, cluster: &str, path: &str) -> bool {
    is_health_path(path)
        || state.snapshot().cluster(cluster).is_some_and(|cluster| {
            let minor = cluster.version.split('.').nth(1).and_then(|minor| minor.parse().ok());
            minor.is_some_and(|minor: u32| minor < 32)
        })
}

/// The tokens that a request shows, in the order in which they are tried.
pub(super) fn tokens(request: &Request) -> impl Iterator<Item = Cow<'_, str>> {
    let in_protocols = protocol_token(&request.headers).ok().flatten();
    let in_header = bearer_token(request).map(Cow::Borrowed);
    in_header
        .into_iter()
        .chain(in_protocols.map(|found| Cow::Owned(found.token)))
}

/// The token of the `Authorization` header, where it holds one.
fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, rest) = request.header("authorization")?.trim().split_once(' ')?;
    let token = rest.split(' ').next()?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The user of the certificate that the client has shown, where it has shown one that names somebody.
fn by_certificate(state: &State, request: &Request) -> Result<Option<UserInfo>, BadCertificate> {
    let Some(listeners) = state.listeners() else {
        return Ok(None);
    };
    let shown = listeners.authority().client(request.peer.certificates(), state.now())?;
    Ok(shown
        .filter(|shown| !shown.common_name.is_empty())
        .map(|shown| UserInfo {
            username: shown.common_name,
            groups: shown.organizations,
            extra: BTreeMap::from([(
                CREDENTIAL_ID.to_owned(),
                vec![format!("X509SHA256={}", shown.fingerprint)],
            )]),
            ..UserInfo::default()
        }))
}

/// The user of a token, or 401.
pub(super) fn by_token(state: &State, cluster: &str, token: &str, request: &Request) -> Result<UserInfo, Failure> {
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
