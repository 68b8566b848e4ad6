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

impl EventKind {
    /// About how many bytes of memory it takes, without its World.
    #[must_use]
    pub fn size(&self) -> usize {
        /// Of the parts that are no text, roughly.
        const REST: usize = 1024;
        let of_lines = |lines: &[LogLine]| -> usize {
            let texts = lines.iter().flat_map(|line| line.fields.iter().map(|(_, text)| text));
            texts.map(String::len).sum::<usize>() + lines.iter().map(|line| line.msg.len()).sum::<usize>()
        };
        let texts = match self {
            Self::Authentication { authentication, .. } => {
                let denial = authentication.outcome.as_ref().err();
                authentication.trace.size()
                    + of_lines(&authentication.log)
                    + denial.map_or(0, |denial| denial.message.len())
            }
            Self::CachedAuthentication { user, .. } => {
                user.username.len() + user.groups.iter().map(String::len).sum::<usize>()
            }
            Self::ServiceAccountToken { username, error, .. } => {
                username.as_ref().map_or(0, String::len) + error.as_ref().map_or(0, String::len)
            }
            Self::Authorization {
                request, reason, trace, ..
            } => request.len() + reason.len() + trace.size(),
            Self::AwsAuthChange { log, .. } => of_lines(log),
            Self::AwsCall { trace, .. } => trace.size(),
        };
        REST + texts
    }
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
