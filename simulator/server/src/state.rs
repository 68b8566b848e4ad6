//! The one shared thing: the World, its clock and the journal.

pub mod clock;
pub(crate) mod costly;
pub mod journal;
pub(crate) mod log_queue;
pub mod logs;
pub mod private_file;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use eks_auth_core::aws::jwt::SigningKey;
use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::cluster::mapping::config::AuthenticatorConfig;
use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::service::call::Counted;
use eks_auth_core::service::call::Effect;
use eks_auth_core::service::http::Request;
use eks_auth_core::service::http::Response;
use eks_auth_core::service::last_used::LastUse;
use eks_auth_core::service::last_used::LastUsed;
use eks_auth_core::service::token_cache::Judgement;
use eks_auth_core::service::token_cache::TokenCache;
use eks_auth_core::value::id::IdGenerator;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::log::Level;
use eks_auth_core::value::log::LogLine;
use eks_auth_core::world::World;
use eks_auth_core::world::world_clock::WorldClock;
use getrandom::SysRng;
use tokio::sync::watch;

use crate::authenticator::api_metrics::ApiMetrics;
use crate::authenticator::api_metrics::ApiServers;
use crate::authenticator::api_metrics::OpenRequest;
use crate::authenticator::metrics::Metrics;
use crate::net::tls::Authority;
use crate::state::clock::Clock;
use crate::state::clock::Stopwatch;
use crate::state::costly::Costly;
use crate::state::journal::Journal;
use crate::state::logs::Logs;
use crate::state::store::BackupFiles;
use crate::state::store::Store;
use crate::state::store::StoreError;

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
    request_ids: IdGenerator,
    requests: AtomicU64,
    // std Mutexes: held for a look, an insertion or a clone that shares structure, never across an await.
    token_cache: Mutex<TokenCache>,
    last_used: Mutex<LastUsed>,
    signing_keys: SigningKeys,
    logs: Arc<Logs>,
    clock: Box<dyn Clock>,
    journal: Journal,
    metrics: Metrics,
    api_servers: ApiServers,
    log: Box<dyn Fn(&str) + Send + Sync>,
    store: Option<Store>,
    /// Whether the last change could not be kept.
    is_failing: AtomicBool,
    listeners: OnceLock<Arc<dyn ClusterListeners>>,
    costly: Costly,
    /// Whether answers that go on are to come to their end.
    ending: watch::Sender<bool>,
}

/// An authenticator that stands alone.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// The name that tokens must be for.
    pub cluster_id: String,
    /// The port; 0 for any free one.
    pub port: u16,
    /// How the API server names this machine, where that is not the address.
    pub hostname: Option<String>,
    /// Who is mapped; absent, the mappings of the World's cluster.
    pub authenticator: Option<AuthenticatorConfig>,
}

/// What a simulator began with.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The text of the scenario.
    pub(crate) scenario: String,
    /// Where it is an authenticator that stands alone.
    pub(crate) webhook: Option<WebhookConfig>,
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
            token_cache: Mutex::default(),
            last_used: Mutex::default(),
            signing_keys: SigningKeys::default(),
            logs,
            request_ids: IdGenerator::new(REQUEST_ID_SEED),
            requests: AtomicU64::new(0),
            clock,
            journal: Journal::default(),
            metrics: Metrics::new()?,
            api_servers: ApiServers::default(),
            log,
            store,
            is_failing: AtomicBool::new(false),
            listeners: OnceLock::new(),
            costly: Costly::new(),
            ending: watch::Sender::new(false),
        };
        // Logs that were kept go on.
        if state.logs.snapshot().last_sequence() == 0 {
            for cluster in state.snapshot().clusters.values() {
                state.begin_logs(cluster);
            }
        }
        Ok(state)
    }

    /// This State, whose requests have other ids than those of the processes before it where the World is kept: some become
    /// the ids of what is kept, such as saved queries. The World's own ids go on after a restart, so that one of them tells
    /// this process from those before it.
    ///
    /// # Errors
    /// When that one cannot be kept.
    pub(crate) fn with_ids_of_its_own(mut self) -> Result<Self, StoreError> {
        if self.store.is_some() {
            let start = self.change(|world| world.ids.uuid())?;
            self.request_ids = self.request_ids.fork(&start);
        }
        Ok(self)
    }

    /// This State with another journal.
    #[must_use]
    pub(crate) fn with_journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Forgets what happened: the journal, the tokens that API servers keep, when keys were used, and the logs, which begin
    /// again.
    pub(crate) fn forget(&self) {
        self.journal.clear();
        self.forget_judgements();
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = LastUsed::default();
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
    /// disk before anyone sees it.
    ///
    /// # Errors
    /// Where the disk does not take it. The World stays as it is then.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> Result<R, StoreError> {
        let writer = self.begin_change();
        let mut new = World::clone(&self.snapshot());
        let result = change(&mut new);
        self.publish(&writer, Arc::new(new))?;
        Ok(result)
    }

    /// Keeps everybody else from changing the World.
    pub(crate) fn begin_change(&self) -> MutexGuard<'_, ()> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a World that was made of the newest one, and shows it.
    ///
    /// # Errors
    /// Where it cannot be kept. Nobody sees it then, and the next one is tried anew.
    pub(crate) fn publish(&self, _writer: &MutexGuard<'_, ()>, new: Arc<World>) -> Result<(), StoreError> {
        if let Some(store) = &self.store {
            let kept = store.commit(&self.snapshot(), &new);
            if self.is_failing.swap(kept.is_err(), Ordering::Relaxed) != kept.is_err() {
                self.report_disk("changes", &store.path(), kept.as_ref().err());
            }
            kept?;
        }
        // The old World is let go after the lock that readers wait for.
        let _old = self.world.send_replace(new);
        Ok(())
    }

    /// Reports that a disk does not take what is to be kept there, or, without an error, that it does again.
    pub(crate) fn report_disk(&self, what: &str, file: &Path, error: Option<&StoreError>) {
        let mut fields = vec![("file", file.display().to_string())];
        fields.extend(error.map(|error| ("error", error.to_string())));
        match error {
            Some(_) => self.log_own(format!("{what} cannot be kept"), fields),
            None => self.log_own(format!("{what} are kept again"), fields),
        }
    }

    /// The files of a state directory that has the World and the logs of now; nothing where none is kept.
    ///
    /// # Errors
    /// What JSON or redb cannot say, which nothing that is kept is.
    pub(crate) fn backup(&self) -> Result<Option<BackupFiles>, StoreError> {
        let store = self.store.as_ref();
        store
            .map(|store| store.backup(&self.snapshot(), &self.logs.snapshot()))
            .transpose()
    }

    /// Where costly requests are answered.
    pub(crate) fn costly(&self) -> &Costly {
        &self.costly
    }

    /// What says when answers that go on are to come to their end.
    pub(crate) fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    /// Brings answers that go on to their end, so that their clients see a whole answer; how many there still are.
    pub(crate) fn end_streams(&self) -> usize {
        self.ending.send_replace(true);
        self.ending.receiver_count()
    }

    /// Whether what changes goes to a disk.
    pub(crate) fn has_disk(&self) -> bool {
        self.store.is_some()
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
    pub(crate) fn token_cache(&self) -> TokenCache {
        self.token_cache.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps a judgement of a token.
    pub(crate) fn keep_judgement(&self, cluster: &str, token: &str, judgement: Judgement) {
        let mut cache = self.token_cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.keep(cluster, token, judgement);
    }

    /// Forgets every judgement of a token.
    pub(crate) fn forget_judgements(&self) {
        self.token_cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// When access keys and roles were last used.
    pub(crate) fn last_used(&self) -> LastUsed {
        self.last_used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a use of an access key or a role.
    pub(crate) fn note_use(&self, id: &str, last: LastUse) {
        let mut uses = self.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        uses.note(id, last);
    }

    /// The key that a cluster's tokens are to be signed with, which is made once, whoever asks first.
    ///
    /// # Errors
    /// Where there is no such cluster, or the machine has no randomness to give.
    pub(crate) fn signing_key(&self, cluster: &str) -> Result<Arc<SigningKey>, &'static str> {
        let world = self.snapshot();
        let cluster = world.cluster(cluster).ok_or("there is no such cluster")?;
        self.signing_keys
            .of(&world, cluster)
            .ok_or("the machine has no randomness to give")
    }

    /// The authenticator's metrics.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The metrics of a cluster's API server.
    pub(crate) fn api_metrics(&self, cluster: &Cluster) -> Option<Arc<ApiMetrics>> {
        self.api_servers.of(&self.snapshot(), cluster)
    }

    /// Where a request's ids come from, which no other request has.
    pub(crate) fn new_ids(&self) -> IdGenerator {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        self.request_ids.fork(&number.to_string())
    }

    /// The time in the World.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let clock = self.world.borrow().clock;
        clock.now(self.clock.now())
    }

    /// Moves, freezes or thaws the World's clock. `change` is given what the machine's clock shows.
    ///
    /// # Errors
    /// Those of [`State::change`]; within, those of `change`.
    pub(crate) fn change_clock<E>(
        &self,
        change: impl FnOnce(WorldClock, Timestamp) -> Result<WorldClock, E>,
    ) -> Result<Result<(), E>, StoreError> {
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

    /// Writes to a new cluster's logs what stands in them from the beginning.
    pub(crate) fn begin_logs(&self, cluster: &Arc<Cluster>) {
        let effect = Effect::BeginLogs(Arc::clone(cluster));
        self.logs.change(|store| effect.write_logs(store, cluster.created));
    }

    /// Makes the group and the streams of the logs that a cluster writes, where they are not there.
    pub(crate) fn open_logs(&self, cluster: &Arc<Cluster>, now: Timestamp) {
        let effect = Effect::OpenLogs(Arc::clone(cluster));
        self.logs.change(|store| effect.write_logs(store, now));
    }

    /// Writes a warning of the simulator's own, which no cluster's log has.
    pub(crate) fn log_own(&self, msg: String, fields: Vec<(&'static str, String)>) {
        self.write_line(&LogLine {
            time: self.now(),
            level: Level::Warning,
            msg,
            fields,
        });
    }

    /// Writes a line to the log that goes with the process.
    pub(crate) fn write_line(&self, line: &LogLine) {
        (self.log)(&line.render());
    }

    /// Has the metrics count a request to an API server: what to drop when its answer ends, where that goes on.
    pub(crate) fn count(
        &self,
        request: &Request,
        counted: &Counted,
        response: &Response,
        stopwatch: Stopwatch,
    ) -> Option<OpenRequest> {
        let metrics = self.api_metrics(&counted.cluster)?;
        metrics.authenticated(counted.username.as_deref());
        let allowed = counted.allowed?;
        metrics.authorized(allowed);
        if !allowed {
            return None;
        }
        if response.delivery.goes_on() {
            return OpenRequest::begin(&metrics, &counted.cluster, request, &counted.attributes);
        }
        metrics.answered(
            &counted.cluster,
            request,
            &counted.attributes,
            response,
            stopwatch.seconds(),
        );
        None
    }
}

/// A key that whoever asks first makes; nothing where the machine has no randomness to give.
type MadeOnce = Arc<OnceLock<Option<Arc<SigningKey>>>>;

/// The keys that clusters' tokens are signed with, each made once.
#[derive(Default)]
struct SigningKeys {
    // A std Mutex: held to look one up, not to make it.
    by_cluster: Mutex<BTreeMap<(String, Timestamp), MadeOnce>>,
}

impl SigningKeys {
    /// That of a cluster. Making one takes a while: whoever else asks meanwhile waits for it.
    fn of(&self, world: &World, cluster: &Cluster) -> Option<Arc<SigningKey>> {
        let name = (cluster.name.clone(), cluster.created);
        let mut known = self.by_cluster.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of clusters that are gone go with them.
        known.retain(|(name, created), _| world.cluster(name).is_some_and(|cluster| cluster.created == *created));
        let key = Arc::clone(known.entry(name).or_default());
        drop(known);
        key.get_or_init(|| SigningKey::generate(&mut SysRng).ok().map(Arc::new))
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use eks_auth_core::scenario;

    use super::*;
    use crate::state::clock::ManualClock;
    use crate::state::store::Kept;

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
            let state = state.with_ids_of_its_own().unwrap();
            drawn.extend([state.new_ids().uuid(), state.new_ids().uuid()]);
            world = (*state.snapshot()).clone();
        }
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 6);
    }

    #[test]
    fn what_the_disk_does_not_take_nobody_sees() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let staging = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap();
        let store = Store::open(folder.path()).unwrap();
        let authority = Authority::new().unwrap().keep();
        let kept = Kept::new(scenario::ARTICLE_WORLD, &staging.profiles, authority);
        store.begin(&kept, &staging.world).unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = {
            let lines = Arc::clone(&lines);
            move |line: &str| lines.lock().unwrap().push(line.to_owned())
        };
        let clock = Box::new(ManualClock::new(now));
        let state = State::with_store(staging.world, clock, Box::new(log), Some(store), Arc::default()).unwrap();
        let set_room = |bytes| state.store.as_ref().unwrap().set_room(bytes);
        let seconds = || state.snapshot().cluster_creation_seconds;

        state.change(|world| world.cluster_creation_seconds = 1).unwrap();
        set_room(0);
        for _ in 0..3 {
            let error = state.change(|world| world.cluster_creation_seconds = 2).unwrap_err();
            assert!(error.to_string().contains("state.redb"), "{error}");
            assert_eq!(seconds(), 1);
        }
        set_room(u64::MAX);
        state.change(|world| world.cluster_creation_seconds = 3).unwrap();
        assert_eq!(seconds(), 3);
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].contains("changes cannot be kept") && lines[0].contains("fix: free space"),
            "{lines:?}"
        );
        assert!(lines[1].contains("changes are kept again"), "{lines:?}");
    }
}
