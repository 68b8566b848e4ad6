//! The authenticator of service accounts' tokens, which the API server asks before the webhook.

use crate::cluster::eks::Cluster;
use crate::cluster::service_account;
use crate::cluster::service_account::API_AUDIENCE;
use crate::cluster::service_account::TokenFault;
use crate::cluster::service_account::TokenVerdict;
use crate::service::call::Call;
use crate::service::event::EventKind;
use crate::service::http::Request;
use crate::value::user::UserInfo;

/// The service account whose token it is. Where it is nobody's, the next authenticator is asked, also for one of this
/// cluster's issuer that does not hold.
pub(super) fn authenticate(call: &Call, cluster: &str, token: &str) -> Option<UserInfo> {
    match judge(call, cluster, token, &[API_AUDIENCE]) {
        TokenVerdict::User { user, .. } => Some(user),
        TokenVerdict::NotOurs | TokenVerdict::Refused(_) => None,
    }
}

/// Whose a token for one of these audiences is; writes of one of this cluster's issuer to the journal.
pub(super) fn judge(call: &Call, cluster: &str, token: &str, audiences: &[&str]) -> TokenVerdict {
    let now = call.now();
    let verdict = match call.world().cluster(cluster) {
        Some(found) => service_account::authenticate(token, audiences, found, now),
        None => TokenVerdict::NotOurs,
    };
    let (username, error) = match &verdict {
        TokenVerdict::NotOurs => return verdict,
        TokenVerdict::User { user, .. } => (Some(user.username.clone()), None),
        TokenVerdict::Refused(fault) => (None, Some(fault.to_string())),
    };
    call.record(
        now,
        EventKind::ServiceAccountToken {
            cluster: cluster.to_owned(),
            username,
            error,
        },
    );
    verdict
}

/// What is wrong with a token of a request that nobody took, where it is of this cluster's issuer.
pub(super) fn fault(call: &Call, cluster: &Cluster, request: &Request) -> Option<TokenFault> {
    super::bearer::tokens(request).find_map(|token| {
        match service_account::authenticate(&token, &[API_AUDIENCE], cluster, call.now()) {
            TokenVerdict::Refused(fault) => Some(fault),
            TokenVerdict::NotOurs | TokenVerdict::User { .. } => None,
        }
    })
}
