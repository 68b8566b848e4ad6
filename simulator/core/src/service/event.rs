//! What happened, as the journal keeps it: every decision with its evidence.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::cluster::mapping::Identity;
use crate::explain::Explanation;
use crate::kube::request_info::Attributes;
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

/// By whom a request came, beside the user as whom it is served.
#[derive(Clone, Debug, Default)]
pub struct Requester {
    /// The other end of the connection: a run of a command keeps one, as a rule.
    pub connection: Option<SocketAddr>,
    /// Who acts as the user, where that is somebody else.
    pub behind: Option<String>,
    /// What was asked, where it was forbidden, so that the same can be asked for others.
    pub asked: Option<Box<Asked>>,
}

/// A request for which rights were lacking.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose.
    pub user: UserInfo,
    /// What for.
    pub attributes: Attributes,
}

impl EventKind {
    /// The cluster that it is of; nothing of calls to AWS.
    #[must_use]
    pub fn cluster(&self) -> Option<&str> {
        match self {
            Self::AccessReview { cluster, .. }
            | Self::Authentication { cluster, .. }
            | Self::Authorization { cluster, .. }
            | Self::AwsAuthChange { cluster, .. }
            | Self::CachedAuthentication { cluster, .. }
            | Self::RequestFailure { cluster, .. }
            | Self::ServiceAccountToken { cluster, .. } => Some(cluster),
            Self::AwsCall { .. } => None,
        }
    }

    /// About how many bytes of memory it takes, without its World.
    #[must_use]
    pub fn size(&self) -> usize {
        /// Of the parts that are no text, roughly.
        const REST: usize = 1024;
        let of_lines = |lines: &[LogLine]| -> usize {
            let texts = lines.iter().flat_map(|line| line.fields.iter().map(|(_, text)| text));
            texts.map(String::len).sum::<usize>() + lines.iter().map(|line| line.msg.len()).sum::<usize>()
        };
        let of_explanation = |explanation: &Option<Arc<Explanation>>| {
            explanation.as_ref().map_or(0, |explanation| {
                explanation.sentence.len()
                    + explanation.fix.len()
                    + explanation.evidence.iter().map(String::len).sum::<usize>()
                    + explanation.trace.size()
            })
        };
        let of_user = |user: &UserInfo| {
            let extra = user.extra.values().flatten().map(String::len).sum::<usize>();
            user.username.len() + user.groups.iter().map(String::len).sum::<usize>() + extra
        };
        let texts = match self {
            Self::AccessReview {
                username,
                request,
                explanation,
                ..
            } => username.len() + request.len() + of_explanation(explanation),
            Self::Authentication { authentication, .. } => {
                let denial = authentication.outcome.as_ref().err();
                authentication.trace.size()
                    + of_lines(&authentication.log)
                    + denial.map_or(0, |denial| denial.message.len())
            }
            Self::CachedAuthentication { user, .. } => of_user(user),
            Self::ServiceAccountToken { username, error, .. } => {
                username.as_ref().map_or(0, String::len) + error.as_ref().map_or(0, String::len)
            }
            Self::Authorization {
                request,
                reason,
                explanation,
                requester,
                trace,
                ..
            } => {
                let asked = requester.asked.as_ref();
                request.len()
                    + reason.len()
                    + of_explanation(explanation)
                    + asked.map_or(0, |asked| of_user(&asked.user) + request.len())
                    + trace.size()
            }
            Self::AwsAuthChange { log, .. } => of_lines(log),
            Self::AwsCall { explanation, trace, .. } => of_explanation(explanation) + trace.size(),
            Self::RequestFailure {
                username,
                request,
                message,
                explanation,
                ..
            } => username.len() + request.len() + message.len() + of_explanation(explanation),
        };
        REST + texts
    }
}

/// The kinds of event.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// Somebody asked what they may do themselves (SelfSubjectAccessReview, `kubectl auth can-i`), and had an answer.
    AccessReview {
        /// The cluster that was asked.
        cluster: String,
        /// Who asked.
        username: String,
        /// About what, such as `list pods in kube-system`.
        request: String,
        /// The other end of the connection.
        connection: Option<SocketAddr>,
        /// Why not, where the answer is no.
        explanation: Option<Arc<Explanation>>,
    },
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
        /// By whom it came.
        requester: Requester,
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
        /// Why it was refused, where it was.
        explanation: Option<Arc<Explanation>>,
        /// Each check.
        trace: Trace,
    },
    /// A request came to nothing behind its authorization, or before it for lack of credentials.
    RequestFailure {
        /// The cluster that was asked.
        cluster: String,
        /// Who asked; empty where nobody is known.
        username: String,
        /// What for, as its authorization has it.
        request: String,
        /// The other end of the connection.
        connection: Option<SocketAddr>,
        /// The HTTP status.
        code: u16,
        /// The Status's reason, such as `NotFound`; empty where it has none.
        reason: String,
        /// The beginning of its message.
        message: String,
        /// Why it was refused; nothing where it failed for what is none of access.
        explanation: Option<Arc<Explanation>>,
    },
}
