//! What happened, in order: every decision with its evidence, kept in memory for `explain --last`, `ctl events` and tests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use eks_auth_core::cluster::mapping::Identity;
use eks_auth_core::explain::Explanation;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::log::LogLine;
use eks_auth_core::value::trace::Trace;
use eks_auth_core::value::user::UserInfo;
use eks_auth_core::world::World;
use eks_auth_core::world::authenticate::Authentication;

/// Events kept; older ones are dropped, so that a long-lived simulator does not grow without bound.
const CAPACITY: usize = 10_000;

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

/// A bounded list of events.
#[derive(Debug)]
pub struct Journal {
    // A std Mutex: held for a push or a copy, never across an await.
    events: Mutex<(u64, VecDeque<Event>)>,
    capacity: usize,
}

impl Default for Journal {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Journal {
    /// A journal that keeps so many events, one at least.
    #[must_use]
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            events: Mutex::default(),
            capacity: capacity.max(1),
        }
    }

    /// Forgets every event; sequence numbers go on.
    pub(crate) fn clear(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }

    /// Adds an event and returns its sequence number.
    pub fn record(&self, time: Timestamp, kind: EventKind) -> u64 {
        let mut guard = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, events) = &mut *guard;
        *last += 1;
        if events.len() >= self.capacity {
            events.pop_front();
        }
        events.push_back(Event {
            sequence: *last,
            time,
            kind,
        });
        *last
    }

    /// The events after `sequence`, oldest first.
    #[must_use]
    pub fn since(&self, sequence: u64) -> Vec<Event> {
        let guard = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        guard
            .1
            .iter()
            .filter(|event| event.sequence > sequence)
            .cloned()
            .collect()
    }

    /// The sequence number of the newest event; 0 where there is none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The newest event that `wanted` picks.
    pub fn last(&self, wanted: impl Fn(&EventKind) -> bool) -> Option<Event> {
        let guard = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        guard.1.iter().rev().find(|event| wanted(&event.kind)).cloned()
    }
}
