//! What happened, as the journal keeps it: every decision with its evidence.

use std::sync::Arc;

use crate::cluster::mapping::Identity;
use crate::explain::Explanation;
use crate::value::instant::Timestamp;
use crate::value::log::LogLine;
use crate::value::trace::Trace;
use crate::value::user::UserInfo;
use crate::world::World;
use crate::world::authenticate::Authentication;

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Rises by one with each event, from 1.
    pub sequence: u64,
    /// When, by the World's clock.
    pub time: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// The kinds of event.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A bearer token was judged.
    Authentication {
        /// The cluster that was asked.
        cluster: String,
        /// The World in which it was judged, so that it can be explained later.
        world: Arc<World>,
        /// The judgement.
        authentication: Arc<Authentication>,
    },
    /// A token was let in without being judged, since the API server had it in its cache.
    CachedAuthentication {
        /// The cluster that was asked.
        cluster: String,
        /// Who had signed the token.
        identity: Identity,
        /// Who that was when the token was judged.
        user: UserInfo,
        /// How long ago that was, in seconds.
        age_seconds: i64,
    },
    /// A token of the cluster's own issuer was judged.
    ServiceAccountToken {
        /// The cluster that was asked.
        cluster: String,
        /// The service account, where the token holds.
        username: Option<String>,
        /// Why not, where it does not.
        error: Option<String>,
    },
    /// A request of an authenticated user was judged.
    Authorization {
        /// The cluster that was asked.
        cluster: String,
        /// Who asked.
        username: String,
        /// What for, such as `list pods in kube-system`.
        request: String,
        /// Whether it was allowed.
        allowed: bool,
        /// The authorizer's reason.
        reason: String,
        /// Why not, where it was not allowed.
        explanation: Option<Arc<Explanation>>,
        /// Each check.
        trace: Trace,
    },
    /// The authenticator saw that `aws-auth` was changed or deleted.
    AwsAuthChange {
        /// The cluster.
        cluster: String,
        /// What it wrote to its log.
        log: Vec<LogLine>,
    },
    /// An AWS API call was answered.
    AwsCall {
        /// Such as `sts`.
        service: String,
        /// Such as `GetCallerIdentity`.
        action: String,
        /// The caller's ARN, where the signature holds.
        caller: Option<String>,
        /// The HTTP status of the answer.
        status: u16,
        /// The error code, where it is one.
        error: Option<String>,
        /// That the simulator does not serve what was asked for, where it does not.
        unserved: Option<String>,
        /// Each check.
        trace: Trace,
    },
}
