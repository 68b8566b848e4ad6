//! The one shared thing: the World, its clock and the journal.

use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use eks_auth_core::cloudwatch_logs::GroupKey;
use eks_auth_core::cloudwatch_logs::LogStore;
use eks_auth_core::cloudwatch_logs::NewEvent;
use eks_auth_core::eks::Cluster;
use eks_auth_core::eks::update::LogType;
use eks_auth_core::fault::Strike;
use eks_auth_core::fault::Target;
use eks_auth_core::id::IdGenerator;
use eks_auth_core::instant::Timestamp;
use eks_auth_core::log::Level;
use eks_auth_core::log::LogLine;
use eks_auth_core::world::World;
use eks_auth_core::world_clock::WorldClock;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::journal::Journal;
use crate::kube::metrics::ApiMetrics;
use crate::kube::metrics::ApiServers;
use crate::kube::token_cache::TokenCache;
use crate::last_used::LastUsed;
use crate::listeners::Origin;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::store;
use crate::store::Store;
use crate::tls::Authority;

/// Any number will do: the ids must differ from one another only, and from those of the processes before it where they are
/// kept.
const REQUEST_ID_SEED: u64 = 0x7265_7175_6573_7473;

/// What every listener shares.
pub struct State {
    // Readers clone the Arc that is published here, and never wait for a change that is being made or kept.
    world: watch::Sender<Arc<World>>,
    // A std Mutex: held to make one change, never across an await.
    writer: Mutex<()>,
    // Apart from the World's own ids, so that a request that changes nothing leaves the World as it is.
    request_ids: Mutex<IdGenerator>,
    token_cache: TokenCache,
    last_used: LastUsed,
    logs: Arc<Logs>,
    clock: Box<dyn Clock>,
    journal: Journal,
    metrics: Metrics,
    api_servers: ApiServers,
    log: Box<dyn Fn(&str) + Send + Sync>,
    store: Option<Store>,
    listeners: OnceLock<Arc<dyn ClusterListeners>>,
}

/// A listener that does not answer yet.
#[derive(Debug)]
pub(crate) struct BoundListener {
    /// The socket.
    pub(crate) listener: TcpListener,
    /// Where it is bound.
    pub(crate) address: SocketAddr,
    /// `https://HOST:PORT` for clients.
    pub(crate) endpoint: String,
    /// The PEM certificate that clients are to trust.
    pub(crate) certificate_authority: String,
}

/// The listeners of clusters, which come and go with them.
pub(crate) trait ClusterListeners: Send + Sync {
    /// Binds a listener for a cluster that is to be made. Dropping it closes it.
    fn bind(&self) -> io::Result<BoundListener>;
    /// Who signs the listeners' certificates, and clients'.
    fn authority(&self) -> &Authority;
    /// What the simulator began with; nothing where nobody may ask for it.
    fn origin(&self) -> Option<&Origin>;
    /// Puts a World in place of the present one, with listeners for its clusters and for no others.
    fn restage(&self, state: &State, world: World) -> io::Result<()>;
    /// Answers for the cluster that was made.
    fn open(&self, cluster: &Cluster, bound: BoundListener) -> io::Result<()>;
    /// Answers for a cluster no more.
    fn close(&self, cluster: &Cluster) -> io::Result<()>;
}

impl State {
    /// Shares a World that is kept nowhere; `log` receives each line of the authenticator's log without line end.
    ///
    /// # Errors
    /// When the metrics cannot be made.
    pub fn new(
        world: World,
        clock: Box<dyn Clock>,
        log: Box<dyn Fn(&str) + Send + Sync>,
    ) -> Result<Self, prometheus::Error> {
        Self::with_store(world, clock, log, None, Arc::default())
    }

    /// Shares `world`; `log` receives each line of the authenticator's log without line end, `store` keeps what changes,
    /// and `logs` are where lines go.
    ///
    /// # Errors
    /// When the metrics cannot be made.
    pub(crate) fn with_store(
        world: World,
        clock: Box<dyn Clock>,
        log: Box<dyn Fn(&str) + Send + Sync>,
        store: Option<Store>,
        logs: Arc<Logs>,
    ) -> Result<Self, prometheus::Error> {
        let state = Self {
            world: watch::Sender::new(Arc::new(world)),
            writer: Mutex::new(()),
            token_cache: TokenCache::default(),
            last_used: LastUsed::default(),
            logs,
            request_ids: Mutex::new(IdGenerator::new(REQUEST_ID_SEED)),
            clock,
            journal: Journal::default(),
            metrics: Metrics::new()?,
            api_servers: ApiServers::default(),
            log,
            store,
            listeners: OnceLock::new(),
        };
        if state.store.is_some() {
            // Some become the ids of what is kept, such as saved queries. The World's own go on after a restart, so that one
            // of them tells this process from those before it.
            let start = state.change(|world| world.ids.uuid());
            let mut ids = state.request_ids.lock().unwrap_or_else(PoisonError::into_inner);
            *ids = ids.fork(&start);
        }
        // Logs that were kept go on.
        if state.logs.snapshot().last_sequence() == 0 {
            for cluster in state.snapshot().clusters.values() {
                state.begin_logs(cluster);
            }
        }
        Ok(state)
    }

    /// This State with another journal.
    #[must_use]
    pub(crate) fn with_journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Forgets what happened: the journal, the tokens that API servers keep, when keys were used, and the logs, which begin
    /// anew.
    pub(crate) fn forget(&self) {
        self.journal.clear();
        self.token_cache.clear();
        self.last_used.clear();
        self.logs.change(|logs| *logs = LogStore::default());
        for cluster in self.snapshot().clusters.values() {
            self.begin_logs(cluster);
        }
    }

    /// The World as it is now; later changes do not show in it.
    #[must_use]
    pub fn snapshot(&self) -> Arc<World> {
        Arc::clone(&self.world.borrow())
    }

    /// The World now and whenever it has changed, until the State is gone.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<World>> {
        self.world.subscribe()
    }

    /// Makes one change. Changes are serialised; readers keep their snapshots. `change` must leave the World valid when
    /// it returns an error of its own, as every operation of the core does. With a state directory, what changed is on the
    /// disk before anyone sees it; where that fails, the process ends rather than acknowledge what it would lose.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.snapshot();
        let mut new = World::clone(&old);
        let result = change(&mut new);
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.commit(&old, &new)) {
            store::give_up(&error);
        }
        drop(old);
        // The old World is let go after the lock that readers wait for.
        let _old = self.world.send_replace(Arc::new(new));
        result
    }

    /// What fault strikes a call, which counts it.
    pub(crate) fn strike(&self, target: Target<'_>) -> Option<Strike> {
        let world = self.snapshot();
        if world.faults.is_empty() {
            return None;
        }
        // Unchanged faults are not written.
        let (strike, after) = world.faults.step(target);
        if strike.is_none() && after == world.faults {
            return None;
        }
        drop(world);
        self.change(|world| {
            let (strike, after) = world.faults.step(target);
            world.faults = after;
            strike
        })
    }

    /// Says who binds the listeners of clusters that are made from now on. It is said once.
    pub(crate) fn set_listeners(&self, listeners: Arc<dyn ClusterListeners>) {
        let _ = self.listeners.set(listeners);
    }

    /// Who binds the listeners of clusters; nobody in a State without a simulator around it.
    pub(crate) fn listeners(&self) -> Option<&Arc<dyn ClusterListeners>> {
        self.listeners.get()
    }

    /// The good judgements that the clusters' API servers keep.
    pub(crate) fn token_cache(&self) -> &TokenCache {
        &self.token_cache
    }

    /// When access keys and roles were last used.
    pub(crate) fn last_used(&self) -> &LastUsed {
        &self.last_used
    }

    /// The authenticator's metrics.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The metrics of a cluster's API server.
    pub(crate) fn api_metrics(&self, cluster: &Cluster) -> Option<Arc<ApiMetrics>> {
        self.api_servers.of(&self.snapshot(), cluster)
    }

    /// The id of a request or an answer: a UUID.
    #[must_use]
    pub fn request_id(&self) -> String {
        let mut ids = self.request_ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.uuid()
    }

    /// The time in the World.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let clock = self.world.borrow().clock;
        clock.now(self.clock.now())
    }

    /// Moves, freezes or thaws the World's clock. `change` is given what the machine's clock shows.
    pub(crate) fn change_clock<E>(
        &self,
        change: impl FnOnce(WorldClock, Timestamp) -> Result<WorldClock, E>,
    ) -> Result<(), E> {
        let machine = self.clock.now();
        self.change(|world| {
            world.clock = change(world.clock, machine)?;
            Ok(())
        })
    }

    /// Milliseconds by which the World's clock is ahead of the machine's.
    pub(crate) fn clock_ahead_ms(&self) -> i64 {
        let machine = self.clock.now();
        let now = self.snapshot().clock.now(machine);
        now.unix_millis().saturating_sub(machine.unix_millis())
    }

    /// The time of the clients' machine, which moving the World's clock leaves as it is.
    #[must_use]
    pub fn clients_now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What happened so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The logs of CloudWatch Logs.
    #[must_use]
    pub fn logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// Adds events to a stream of CloudWatch Logs that come to the disk soon: the way in for what the simulator writes.
    pub fn append_logs(
        &self,
        group: &GroupKey,
        stream: &str,
        events: impl IntoIterator<Item = NewEvent>,
        now: Timestamp,
    ) {
        self.logs.change(|store| store.append(group, stream, events, now));
    }

    /// Writes to a new cluster's logs what stands in them from the beginning.
    pub(crate) fn begin_logs(&self, cluster: &Cluster) {
        self.open_logs(cluster, cluster.created);
        let lines: Vec<String> = cluster.authenticator_start().iter().map(LogLine::render).collect();
        self.append_control_plane(cluster, LogType::Authenticator, lines, cluster.created);
    }

    /// Makes the group and the streams of the logs that a cluster writes, where they are not there.
    pub(crate) fn open_logs(&self, cluster: &Cluster, now: Timestamp) {
        for log in LogType::ALL {
            self.append_control_plane(cluster, log, Vec::new(), now);
        }
    }

    /// Adds lines to a log of a cluster, where it is written.
    pub(crate) fn append_control_plane(
        &self,
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
            self.append_logs(&cluster.log_group(), &stream, events, now);
        }
    }

    /// Writes what happens now to the log of a cluster's authenticator.
    pub(crate) fn log_now(&self, cluster: &str, level: Level, msg: String, fields: Vec<(&'static str, String)>) {
        let time = self.now();
        let line = LogLine {
            time,
            level,
            msg,
            fields,
        };
        match self.snapshot().cluster(cluster) {
            Some(cluster) => self.log(cluster, &[line], time),
            None => (self.log)(&line.render()),
        }
    }

    /// Writes a warning of the simulator's own, which no cluster's log has.
    pub(crate) fn log_own(&self, msg: String, fields: Vec<(&'static str, String)>) {
        let line = LogLine {
            time: self.now(),
            level: Level::Warning,
            msg,
            fields,
        };
        (self.log)(&line.render());
    }

    /// Writes lines to the log of a cluster's authenticator.
    pub(crate) fn log(&self, cluster: &Cluster, lines: &[LogLine], now: Timestamp) {
        let lines: Vec<String> = lines.iter().map(LogLine::render).collect();
        for line in &lines {
            (self.log)(line);
        }
        self.append_control_plane(cluster, LogType::Authenticator, lines, now);
    }
}

#[cfg(test)]
mod tests {
    use eks_auth_core::scenario;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn ids_of_requests_are_new_ones_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let mut world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
        let mut drawn = Vec::new();
        for _ in 0..3 {
            let store = Some(Store::open(folder.path()).unwrap());
            let clock = Box::new(ManualClock::new(now));
            let state = State::with_store(world, clock, Box::new(|_| {}), store, Arc::default()).unwrap();
            drawn.extend([state.request_id(), state.request_id()]);
            world = (*state.snapshot()).clone();
        }
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 6);
    }
}
