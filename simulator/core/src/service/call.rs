//! One request, the World in which it is answered, and what answering it has for effects.
//!
//! A [`Call`] has one snapshot and one time. What a handler changes, it changes in the call; what it wants written, recorded or
//! opened, it says. [`Call::finish`] gives both to the shell, which carries them out in order. Where the World was changed by
//! somebody else meanwhile, the shell asks again with the newest one: a handler is a command that is applied to the newest
//! World, and has no effect but those that it names.

use std::cell::Cell;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::event::EventKind;
use super::last_used::LastUse;
use super::last_used::LastUsed;
use super::token_cache::Judgement;
use super::token_cache::TokenCache;
use crate::aws::jwt::SigningKey;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::parameter::LogType;
use crate::kube::request_info::Attributes;
use crate::logs::cloudwatch_logs::LogStore;
use crate::logs::cloudwatch_logs::NewEvent;
use crate::logs::cloudwatch_logs::query::FinishedQuery;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::log::Level;
use crate::value::log::LogLine;
use crate::value::user::UserInfo;
use crate::world::World;
use crate::world::authenticate::Authentication;
use crate::world::fault::FaultTarget;
use crate::world::fault::Strike;

/// What a call is answered with.
#[derive(Clone, Debug)]
pub struct Given {
    /// The World as it is.
    pub world: Arc<World>,
    /// The logs as they are.
    pub logs: LogStore,
    /// The time in the World.
    pub now: Timestamp,
    /// Where the ids of the request and of what belongs to it come from; no two calls have the same.
    pub ids: IdGenerator,
    /// The judgements that API servers keep.
    pub token_cache: TokenCache,
    /// When keys and roles were last used.
    pub last_used: LastUsed,
    /// Whom the client's certificate names, where it has shown one that the simulator's authority has signed.
    pub certificate: Result<Option<UserInfo>, BadCertificate>,
    /// A listener that was bound for a cluster that is to be made.
    pub listener: Listener,
    /// The key that was made for a cluster that had none.
    pub signing_key: Option<Arc<SigningKey>>,
}

impl Given {
    /// What a call in that World is given, with nothing remembered from calls before it.
    #[must_use]
    pub fn new(world: Arc<World>, now: Timestamp) -> Self {
        Self {
            world,
            logs: LogStore::default(),
            now,
            ids: IdGenerator::new(0),
            token_cache: TokenCache::default(),
            last_used: LastUsed::default(),
            certificate: Ok(None),
            listener: Listener::None,
            signing_key: None,
        }
    }
}

/// The client has shown a certificate that is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadCertificate;

/// The listener of a cluster that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// There are no listeners, as in a test.
    None,
    /// One is bound when a handler asks for it.
    OnDemand,
    /// One is bound.
    Bound {
        /// `https://HOST:PORT` for clients.
        endpoint: String,
        /// The PEM certificate that clients are to trust.
        certificate_authority: String,
    },
}

/// What a handler cannot go on without. The shell gets it, and asks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A bound listener.
    Listener,
    /// A signing key for the cluster of that name, which has none.
    SigningKey(String),
}

/// What the shell is to do, in order, once the changes are kept.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Record an event in the journal.
    Record(Timestamp, EventKind),
    /// Write lines to the log of a cluster's authenticator.
    AuthenticatorLog(Arc<Cluster>, Vec<LogLine>),
    /// Add lines to a log of a cluster, where it is written.
    ControlPlaneLog(Arc<Cluster>, LogType, Vec<String>),
    /// Write a line that no cluster's log has.
    OwnLog(LogLine),
    /// Write to a new cluster's logs what stands in them from the beginning.
    BeginLogs(Arc<Cluster>),
    /// Make the group and the streams of the logs that a cluster writes, where they are not there.
    OpenLogs(Arc<Cluster>),
    /// Keep a finished query.
    KeepQuery(FinishedQuery),
    /// Note the use of a key or a role.
    Used(String, LastUse),
    /// Keep the judgement of a token for a cluster.
    KeepJudgement {
        /// The cluster's name.
        cluster: String,
        /// The token.
        token: Token,
        /// What was judged.
        judgement: Judgement,
    },
    /// Forget the judgements of every token.
    ForgetJudgements,
    /// Count a judgement of the authenticator.
    Judged(Arc<Authentication>),
    /// Count a request to the authenticator that is none.
    Malformed,
    /// Count a request to an API server.
    Counted(Box<Counted>),
    /// Fill the answer's body with the metrics of the authenticator.
    ShowMetrics,
    /// Fill the answer's body with the metrics of a cluster's API server.
    ShowApiMetrics(Arc<Cluster>),
    /// Forget what a cluster's API server has counted.
    ResetApiMetrics(Arc<Cluster>),
    /// Answer for a cluster that was made, on the listener that was bound for it.
    Open(Arc<Cluster>),
    /// Answer for a cluster no more.
    Close(Arc<Cluster>),
}

impl Effect {
    /// Writes to CloudWatch Logs what of it belongs there.
    pub fn write_logs(&self, store: &mut LogStore, now: Timestamp) {
        match self {
            Self::AuthenticatorLog(cluster, lines) => {
                let lines = lines.iter().map(LogLine::render);
                append(store, cluster, LogType::Authenticator, lines, now);
            }
            Self::ControlPlaneLog(cluster, log, lines) => append(store, cluster, *log, lines.iter().cloned(), now),
            Self::BeginLogs(cluster) => {
                for log in LogType::ALL {
                    append(store, cluster, log, [], cluster.created);
                }
                let lines = cluster.authenticator_start();
                let lines = lines.iter().map(LogLine::render);
                append(store, cluster, LogType::Authenticator, lines, cluster.created);
            }
            Self::OpenLogs(cluster) => {
                for log in LogType::ALL {
                    append(store, cluster, log, [], now);
                }
            }
            Self::KeepQuery(query) => store.queries.keep(query.clone()),
            _ => {}
        }
    }

    /// Whether there is something of it that belongs to CloudWatch Logs.
    #[must_use]
    pub fn has_logs(&self) -> bool {
        matches!(
            self,
            Self::AuthenticatorLog(..)
                | Self::ControlPlaneLog(..)
                | Self::BeginLogs(_)
                | Self::OpenLogs(_)
                | Self::KeepQuery(_)
        )
    }
}

/// Adds lines to a log of a cluster, where it is written.
fn append(
    store: &mut LogStore,
    cluster: &Cluster,
    log: LogType,
    lines: impl IntoIterator<Item = String>,
    now: Timestamp,
) {
    if let Some(stream) = cluster.log_stream(log) {
        let events = lines.into_iter().map(|line| NewEvent {
            timestamp_ms: now.unix_millis(),
            message: line.into(),
        });
        store.append(&cluster.log_group(), &stream, events, now);
    }
}

/// A bearer token on its way to the cache, which keeps its hash only.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub(super) String);

impl Token {
    /// The token.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// What the metrics of an API server are to count of a request.
#[derive(Clone, Debug)]
pub struct Counted {
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// What was asked.
    pub attributes: Attributes,
    /// Who asked, where that is known.
    pub username: Option<String>,
    /// Whether it was allowed, where that was decided.
    pub allowed: Option<bool>,
}

/// What became of a call, beside its response.
#[derive(Debug)]
pub struct Outcome {
    /// The World as it shall be; nothing where it stays.
    pub world: Option<Arc<World>>,
    /// The logs as they shall be; nothing where the call does not change them.
    pub logs: Option<LogStore>,
    /// What the shell is to do, in order.
    pub effects: Vec<Effect>,
    /// By how much the response is late.
    pub delay: Duration,
    /// What was lacking. Then nothing else counts, the response neither.
    pub need: Option<Need>,
}

/// A call that is being answered.
#[derive(Debug)]
pub struct Call {
    given: Given,
    // Cells, since a call is answered by one thread, and every handler may add to what becomes of it.
    world: RefCell<Arc<World>>,
    is_changed: Cell<bool>,
    logs: RefCell<LogStore>,
    logs_are_changed: Cell<bool>,
    ids: RefCell<IdGenerator>,
    effects: RefCell<Vec<Effect>>,
    delay: Cell<Duration>,
    need: RefCell<Option<Need>>,
}

impl Call {
    /// A call of which nothing is answered yet.
    #[must_use]
    pub fn new(given: Given) -> Self {
        Self {
            world: RefCell::new(Arc::clone(&given.world)),
            is_changed: Cell::new(false),
            logs: RefCell::new(given.logs.clone()),
            logs_are_changed: Cell::new(false),
            ids: RefCell::new(given.ids.clone()),
            effects: RefCell::default(),
            delay: Cell::default(),
            need: RefCell::default(),
            given,
        }
    }

    /// What became of it.
    #[must_use]
    pub fn finish(self) -> Outcome {
        Outcome {
            world: self.is_changed.get().then(|| self.world.into_inner()),
            logs: self.logs_are_changed.get().then(|| self.logs.into_inner()),
            effects: self.effects.into_inner(),
            delay: self.delay.get(),
            need: self.need.into_inner(),
        }
    }

    /// The World, with what this call has changed so far.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.borrow())
    }

    /// The time in the World.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.given.now
    }

    /// The logs, with what this call has changed so far.
    #[must_use]
    pub fn logs(&self) -> LogStore {
        self.logs.borrow().clone()
    }

    /// The id of a request or an answer: a UUID.
    #[must_use]
    pub fn request_id(&self) -> String {
        self.ids.borrow_mut().uuid()
    }

    /// Changes the World. `change` must leave it valid when it returns an error of its own, as every operation of the core
    /// does.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.is_changed.set(true);
        change(Arc::make_mut(&mut self.world.borrow_mut()))
    }

    /// Changes the logs. They are on the disk, where there is one, before the call is answered.
    pub fn change_logs<R>(&self, change: impl FnOnce(&mut LogStore) -> R) -> R {
        self.logs_are_changed.set(true);
        change(&mut self.logs.borrow_mut())
    }

    /// Asks for something to be done.
    pub(super) fn effect(&self, effect: Effect) {
        self.effects.borrow_mut().push(effect);
    }

    /// Records an event.
    pub fn record(&self, time: Timestamp, kind: EventKind) {
        self.effect(Effect::Record(time, kind));
    }

    /// Has the response come later by so much more.
    pub(super) fn delay(&self, by: Duration) {
        self.delay.set(self.delay.get().saturating_add(by));
    }

    /// What fault strikes a call to a service, which counts it.
    pub(super) fn strike(&self, target: FaultTarget<'_>) -> Option<Strike> {
        let world = self.world();
        if world.faults.is_empty() {
            return None;
        }
        // Unchanged faults are not written.
        let (strike, after) = world.faults.step(target);
        if strike.is_some() || after != world.faults {
            drop(world);
            self.change(|world| world.faults = after);
        }
        strike
    }

    /// The judgement of a token that a cluster's API server still keeps.
    pub(super) fn judged(&self, cluster: &str, token: &str) -> Option<Judgement> {
        self.given.token_cache.find(cluster, token, self.now())
    }

    /// The last use of a key or a role.
    pub(super) fn last_use(&self, id: &str) -> Option<&LastUse> {
        self.given.last_used.of(id)
    }

    /// Whom the client's certificate names.
    pub(super) fn certificate(&self) -> Result<Option<&UserInfo>, BadCertificate> {
        self.given.certificate.as_ref().map(Option::as_ref).map_err(|bad| *bad)
    }

    /// The listener of a cluster that is to be made, its endpoint and the certificate that clients are to trust: both empty
    /// where there are no listeners, or where one is still to be bound.
    pub(super) fn listener(&self) -> (String, String) {
        match &self.given.listener {
            Listener::None => {}
            Listener::OnDemand => {
                self.need.replace(Some(Need::Listener));
            }
            Listener::Bound {
                endpoint,
                certificate_authority,
            } => return (endpoint.clone(), certificate_authority.clone()),
        }
        Default::default()
    }

    /// The key that signs a cluster's tokens. Nothing where there is no such cluster, or where the key is still to be made:
    /// then the call is answered again once it is.
    pub(super) fn signing_key(&self, cluster: &str) -> Option<Arc<SigningKey>> {
        if let Some(key) = self.world().cluster(cluster)?.token_key() {
            return Some(Arc::clone(key));
        }
        let Some(key) = &self.given.signing_key else {
            self.need.replace(Some(Need::SigningKey(cluster.to_owned())));
            return None;
        };
        self.change(|world| {
            let (cluster, _) = world.cluster_mut(cluster)?;
            Some(Arc::clone(cluster.ensure_token_key(SigningKey::clone(key))))
        })
    }

    /// Writes lines to the log of a cluster's authenticator.
    pub(super) fn log(&self, cluster: &Arc<Cluster>, lines: Vec<LogLine>) {
        self.effect(Effect::AuthenticatorLog(Arc::clone(cluster), lines));
    }

    /// Writes what happens now to the log of a cluster's authenticator.
    pub fn log_now(&self, cluster: &str, level: Level, msg: String, fields: Vec<(&'static str, String)>) {
        let line = LogLine {
            time: self.now(),
            level,
            msg,
            fields,
        };
        match self.world().cluster(cluster) {
            Some(cluster) => self.log(cluster, vec![line]),
            None => self.effect(Effect::OwnLog(line)),
        }
    }

    /// Writes a warning of the simulator's own, which no cluster's log has.
    pub(super) fn log_own(&self, msg: String, fields: Vec<(&'static str, String)>) {
        self.effect(Effect::OwnLog(LogLine {
            time: self.now(),
            level: Level::Warning,
            msg,
            fields,
        }));
    }
}
