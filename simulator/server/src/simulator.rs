//! The whole simulator: a World, its listeners and the files that lead clients to them.
//!
//! Three steps: a [`Config`] says what is wanted, [`Simulator::start`] binds and writes, [`Running`] is what answers.

pub(crate) mod listeners;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use eks_auth_core::scenario::ScenarioError;
use eks_auth_core::scenario::Staging;
use eks_auth_core::service::Endpoint;
use eks_auth_core::world::World;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio_rustls::TlsAcceptor;

use crate::control;
use crate::ending::TemporaryFolder;
use crate::environment;
pub use crate::environment::cluster_listener::ClusterListener;
use crate::net::http;
use crate::net::http::Handler;
use crate::net::proxy;
use crate::net::proxy::Proxy;
use crate::net::proxy::Tunnels;
use crate::net::runtime;
use crate::net::tls::Authority;
use crate::net::tls::TlsError;
use crate::shell;
use crate::simulator::listeners::AnyPort;
use crate::simulator::listeners::Binding;
use crate::simulator::listeners::Listeners;
use crate::simulator::listeners::Open;
use crate::simulator::listeners::bind;
use crate::simulator::listeners::control_ip;
use crate::simulator::listeners::own_hosts;
use crate::simulator::listeners::reachable;
use crate::state::ClusterListeners;
use crate::state::Origin;
use crate::state::State;
pub use crate::state::WebhookConfig;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;
use crate::state::logs::Logs;
use crate::state::private_file;
use crate::state::store::Kept;
use crate::state::store::LogDatabase;
use crate::state::store::Store;
use crate::state::store::StoreError;
use crate::state::store::fix_of;

/// Threads that serve connections; costly requests have others.
const WORKERS: usize = 2;
/// How long the end of answers that go on is waited for when a simulator stops, in steps.
const ENDING: (Duration, u32) = (Duration::from_millis(5), 40);

/// What a simulator is to be.
pub struct Config {
    /// A scenario or a bare world, as text; without one, what the state directory keeps, or the World of AWS's article.
    pub world: Option<String>,
    /// Where every listener binds, but for the control interface's, which is on loopback always.
    pub listen: IpAddr,
    /// The port of the AWS endpoint; 0 for any free one.
    pub aws_port: u16,
    /// Where certificates, client files and the World's state go and stay; a temporary folder, removed at the end, where absent.
    pub state_dir: Option<PathBuf>,
    /// Only the authenticator, for a real kube-apiserver, in place of a Kubernetes API.
    pub webhook: Option<WebhookConfig>,
    /// What time it is.
    pub clock: Box<dyn Clock>,
    /// Receives each line of the authenticator's log, on the threads that serve: it must not block.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

impl Config {
    /// A simulator of `world` on loopback, with the machine's clock and no log.
    #[must_use]
    pub fn new(world: impl Into<String>) -> Self {
        Self {
            world: Some(world.into()),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            aws_port: 0,
            state_dir: None,
            webhook: None,
            clock: Box::new(SystemClock),
            log: Box::new(|_| {}),
        }
    }
}

impl Config {
    /// The text of the World to begin with, where nothing is kept.
    pub(crate) fn scenario(&self) -> &str {
        self.world.as_deref().unwrap_or(eks_auth_core::scenario::ARTICLE_WORLD)
    }
}

impl WebhookConfig {
    /// Makes the World's cluster the webhook's: under its name, with its mappings.
    pub(crate) fn keep_one_cluster(&self, world: &mut World) -> Result<(), StartError> {
        let id = &self.cluster_id;
        let found = world.cluster(id).or_else(|| world.clusters.values().next());
        let mut cluster = (**found.ok_or(StartError::NoCluster)?).clone();
        id.clone_into(&mut cluster.name);
        if let Some(config) = &self.authenticator {
            cluster.authenticator = Some(Arc::new(config.clone()));
        }
        world.clusters.clear();
        world.clusters.insert(id.clone(), Arc::new(cluster));
        Ok(())
    }
}

/// The simulator; see [`Simulator::start`].
#[derive(Debug)]
pub struct Simulator;

/// A simulator that answers. Dropping it stops it.
pub struct Running {
    state: Arc<State>,
    folder: Folder,
    addresses: Addresses,
    ca_bundle: PathBuf,
    listeners: Arc<Listeners>,
    runtime: Option<Runtime>,
}

/// Where the listeners beside the clusters' are.
#[derive(Clone, Copy)]
struct Addresses {
    aws: SocketAddr,
    aws_tls: SocketAddr,
    control: SocketAddr,
    proxy: SocketAddr,
}

enum Folder {
    Kept(PathBuf),
    Temporary(TemporaryFolder),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// What a state directory has, and what keeps it.
#[derive(Default)]
struct StateDirectory {
    store: Option<Store>,
    logs: Arc<Logs>,
    logs_file: Option<PathBuf>,
    /// Whether there were no logs.
    new_logs: bool,
    /// What was kept; nothing where a World is to begin.
    kept: Option<(Kept, World)>,
}

impl StateDirectory {
    /// Opens it, and reads it.
    fn open(path: &Path) -> Result<Self, StartError> {
        outlive_file_size_limit()?;
        let store = Store::open(path)?;
        let kept = store.load()?;
        let database = LogDatabase::open(path)?;
        let lines = database.load()?;
        Ok(Self {
            store: Some(store),
            logs_file: Some(database.path()),
            new_logs: database.is_new(),
            logs: Logs::keep_in(database, lines)?,
            kept,
        })
    }
}

/// Its number on Linux and macOS alike.
const SIGXFSZ: i32 = 25;

/// Has a write beyond `ulimit -f` fail, as on a full disk, rather than end the process: with a handler that does nothing, which
/// a child does not inherit.
///
/// Source: `PostmasterMain` of PostgreSQL, "ignore SIGXFSZ, so that ulimit violations work like disk full".
fn outlive_file_size_limit() -> io::Result<()> {
    // tokio registers handlers inside a runtime, and never takes them away.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let registered = {
        let _entered = runtime.enter();
        signal(SignalKind::from_raw(SIGXFSZ))
    };
    runtime.shutdown_background();
    registered.map(drop)
}

impl Simulator {
    /// Binds every listener, writes every file, and answers from then on.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub fn start(config: Config) -> Result<Running, StartError> {
        let folder = make_folder(config.state_dir.clone())?;
        let StateDirectory {
            store,
            logs,
            logs_file,
            new_logs,
            kept,
        } = match &folder {
            Folder::Kept(path) => StateDirectory::open(path)?,
            Folder::Temporary(_) => StateDirectory::default(),
        };
        let is_new = kept.is_none();
        let (mut kept, Staging { mut world, profiles }, authority) = match kept {
            Some((kept, _)) if config.world.as_ref().is_some_and(|world| *world != kept.scenario) => {
                return Err(StoreError::OtherScenario(folder.path().to_owned()).into());
            }
            Some((kept, world)) => {
                let staging = kept.staging(world);
                let authority = Authority::restore(&kept.authority).map_err(|error| match &store {
                    Some(store) => StartError::from(store.damaged(format!("its certificate authority: {error}"))),
                    None => StartError::from(error),
                })?;
                (kept, staging, Arc::new(authority))
            }
            None => {
                let scenario = config.scenario();
                let staging = eks_auth_core::scenario::stage(scenario, config.clock.now())?;
                let authority = Authority::new()?;
                (
                    Kept::new(scenario, &staging.profiles, authority.keep()),
                    staging,
                    Arc::new(authority),
                )
            }
        };
        if config.aws_port != 0 {
            kept.ports.aws = config.aws_port;
        }
        let any_port = if store.is_some() {
            AnyPort::Lasting
        } else {
            AnyPort::Ephemeral
        };
        let bind = |ip, port| {
            let address = SocketAddr::new(ip, port);
            bind(address, any_port).map_err(|source| StartError::Bind { address, source })
        };
        let (aws_listener, aws) = bind(config.listen, kept.ports.aws)?;
        let (aws_tls_listener, aws_tls) = bind(config.listen, kept.ports.aws_tls)?;
        let (control_listener, control) = bind(control_ip(config.listen), kept.ports.control)?;
        let (proxy_listener, proxy) = bind(config.listen, kept.ports.proxy)?;
        let addresses = Addresses {
            aws,
            aws_tls,
            control,
            proxy,
        };
        world.own_hosts = [own_hosts(aws), own_hosts(aws_tls)].concat();
        if let Some(webhook) = &config.webhook {
            webhook.keep_one_cluster(&mut world)?;
        }
        let binding = Binding {
            listen: config.listen,
            any_port,
            hostname: config.webhook.as_ref().and_then(|webhook| webhook.hostname.clone()),
            ca_pem: authority.pem().to_owned(),
        };
        let mut bound_clusters = Vec::new();
        let names: Vec<String> = world.clusters.keys().cloned().collect();
        for name in names {
            let kept_port = kept.ports.clusters.get(&name).copied();
            // One that was made later is asked for its last address.
            let last_port = || port_of(&world.cluster(&name)?.endpoint);
            let port = match &config.webhook {
                Some(webhook) => webhook.port,
                None => kept_port.or_else(last_port).unwrap_or(0),
            };
            let bound = binding.bind(port).map_err(|source| StartError::Bind {
                address: SocketAddr::new(config.listen, port),
                source,
            })?;
            kept.ports.clusters.insert(name.clone(), bound.address.port());
            let now = world.clock.now(config.clock.now());
            if let Some((cluster, ids)) = world.cluster_mut(&name) {
                let (endpoint, authority) = (bound.endpoint.clone(), bound.certificate_authority.clone());
                cluster.set_api(endpoint, authority, ids, now);
                bound_clusters.push((ClusterListener::of(cluster, folder.path()), bound));
            }
        }

        let ca_bundle = folder.path().join("ca.pem");
        private_file::write_private(&ca_bundle, authority.pem())
            .map_err(|error| private_file::named(&ca_bundle, &error))?;
        let aws_endpoint = format!("http://{}", reachable(aws));
        let client_files = environment::write_files(
            folder.path(),
            environment::FilesSpec {
                aws_endpoint: &aws_endpoint,
                ca_pem: authority.pem(),
                profiles: &profiles,
                started: config.clock.now(),
                clusters: bound_clusters.iter().map(|(cluster, _)| cluster),
            },
        )?;

        kept.ports.aws = aws.port();
        kept.ports.aws_tls = aws_tls.port();
        kept.ports.control = control.port();
        kept.ports.proxy = proxy.port();
        if let (Some(store), true) = (&store, is_new) {
            store.begin(&kept, &world)?;
        }

        let state = State::with_store(world, config.clock, config.log, store, logs)?;
        let state = Arc::new(state.with_ids_of_its_own()?);
        if let Some(file) = logs_file {
            if new_logs && !is_new {
                let fields = vec![("file", file.display().to_string())];
                state.log_own("the state directory has no logs: they begin again".to_owned(), fields);
            }
            let weak = Arc::downgrade(&state);
            state.logs().report_to(move |error| {
                if let Some(state) = weak.upgrade() {
                    state.report_disk("logs", &file, error);
                }
            });
        }
        let runtime = runtime::build(Some(WORKERS))?;
        let tunnels = Arc::new(Tunnels::default());
        let listeners = Arc::new(Listeners {
            runtime: runtime.handle().clone(),
            tls: authority.acceptor(config.listen, binding.hostname.as_deref())?,
            authority: Arc::clone(&authority),
            binding,
            is_webhook: config.webhook.is_some(),
            folder: folder.path().to_owned(),
            tunnels: Arc::clone(&tunnels),
            announcement: json!({
                "version": 1,
                "pid": std::process::id(),
                "aws_endpoint": aws_endpoint,
                "aws_endpoint_tls": format!("https://{}", reachable(aws_tls)),
                "proxy": format!("http://{}", reachable(proxy)),
                "control": format!("http://{}", reachable(control)),
                "ca_bundle": ca_bundle,
            }),
            state: Arc::downgrade(&state),
            open: Mutex::new(Open {
                clusters: Vec::new(),
                tasks: BTreeMap::new(),
                client_files,
                ready_file: None,
            }),
            origin: Some(Origin {
                scenario: kept.scenario,
                webhook: config.webhook.clone(),
            }),
            restaging: Mutex::new(()),
        });
        {
            let _entered = runtime.enter();
            let aws_tls_acceptor = Arc::clone(&authority).aws_acceptor(config.listen)?;
            // Starts a listener, and lets the proxy's tunnels end there as well.
            let spawn = |listener, address, tls: Option<TlsAcceptor>, handler: Handler| -> io::Result<()> {
                tunnels.add(
                    own_hosts(address),
                    proxy::Endpoint {
                        tls: tls.clone(),
                        handler: Arc::clone(&handler),
                    },
                );
                runtime.spawn(http::serve(TcpListener::from_std(listener)?, tls, handler));
                Ok(())
            };
            let aws_handler = shell::handler(Arc::downgrade(&state), Endpoint::Aws);
            spawn(aws_listener, aws, None, Arc::clone(&aws_handler))?;
            let aws_endpoint = proxy::Endpoint {
                tls: Some(aws_tls_acceptor.clone()),
                handler: Arc::clone(&aws_handler),
            };
            spawn(aws_tls_listener, aws_tls, Some(aws_tls_acceptor), aws_handler)?;
            let handler: Handler = {
                let state = Arc::clone(&state);
                let own = own_hosts(control);
                http::blocking(move |request| control::handle(&state, &own, request))
            };
            // No tunnel ends here: the proxy may listen on the network, and who asks there would come from loopback.
            // `ctl restore` sends a whole World.
            runtime.spawn(http::serve_bodies_of(
                control::api::SNAPSHOT_LIMIT,
                TcpListener::from_std(control_listener)?,
                handler,
            ));
            for (cluster, bound) in bound_clusters {
                listeners.serve(cluster, bound)?;
            }
            state.set_listeners(Arc::clone(&listeners) as _);
            let proxy = Proxy {
                own_aws: own_hosts(aws),
                aws: aws_endpoint,
                tunnels,
                log: {
                    let state = Arc::clone(&state);
                    Arc::new(move |message, fields| state.log_own(message, fields))
                },
            };
            runtime.spawn(proxy.serve(TcpListener::from_std(proxy_listener)?));
        }
        Ok(Running {
            state,
            folder,
            addresses,
            ca_bundle,
            listeners,
            runtime: Some(runtime),
        })
    }
}

impl Running {
    /// The World and what happens in it.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The folder of certificates and client files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// `http://HOST:PORT` of STS, IAM and EKS.
    #[must_use]
    pub fn aws_endpoint(&self) -> String {
        format!("http://{}", reachable(self.addresses.aws))
    }

    /// `https://HOST:PORT` of the same services over TLS.
    #[must_use]
    pub fn aws_endpoint_tls(&self) -> String {
        format!("https://{}", reachable(self.addresses.aws_tls))
    }

    /// `http://HOST:PORT` of the proxy for tools that ignore endpoint settings.
    #[must_use]
    pub fn proxy_endpoint(&self) -> String {
        format!("http://{}", reachable(self.addresses.proxy))
    }

    /// The certificate of the authority that every TLS listener's certificate comes from.
    #[must_use]
    pub fn ca_bundle(&self) -> &Path {
        &self.ca_bundle
    }

    /// That certificate, as PEM.
    pub(crate) fn authority_pem(&self) -> &str {
        ClusterListeners::authority(&*self.listeners).pem()
    }

    /// `http://HOST:PORT` of the control interface.
    #[must_use]
    pub fn control_endpoint(&self) -> String {
        format!("http://{}", reachable(self.addresses.control))
    }

    /// Where each cluster answers, by name.
    #[must_use]
    pub fn clusters(&self) -> Vec<ClusterListener> {
        self.listeners.clusters()
    }

    /// The environment in which clients reach the simulator. [`environment::UNSET`] must be taken away as well.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        self.listeners.client_files().env
    }

    /// The POSIX shell file that sets that environment.
    #[must_use]
    pub fn env_file(&self) -> PathBuf {
        self.listeners.client_files().env_file
    }

    /// Writes the ready file, now and whenever clusters come or go, and says in the environment where it is, for
    /// commands that act on a running simulator.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn announce_ready_file(&self, path: &Path) -> io::Result<()> {
        self.listeners.announce(path)
    }

    /// The ready file's content.
    #[must_use]
    pub fn ready(&self) -> Value {
        self.listeners.ready()
    }

    /// Begins again with a World, at the addresses of the clusters that are there. Of the same text come the same keys.
    ///
    /// # Errors
    /// [`StartError`] when the text is no World, or a listener cannot be bound; the World stays then.
    pub fn restage(&self, world: &str) -> Result<(), StartError> {
        let staging = eks_auth_core::scenario::stage(world, self.state.clients_now())?;
        Ok(self.listeners.restage(&self.state, staging.world)?)
    }

    /// Waits in the simulator's runtime, for a signal or a child process.
    ///
    /// # Errors
    /// When the simulator has been stopped.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> io::Result<T> {
        match &self.runtime {
            Some(runtime) => Ok(runtime.block_on(future)),
            None => Err(io::Error::other("the simulator has stopped")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where it fails, the log has said so: the last lines are lost.
        let _ = self.state.logs().flush();
        let (step, steps) = ENDING;
        if self.runtime.is_some() && self.state.end_streams() > 0 {
            // Clients get the end of what they read.
            for _ in 0..steps {
                std::thread::sleep(step);
                if self.state.end_streams() == 0 {
                    break;
                }
            }
            std::thread::sleep(step);
        }
        if let Some(runtime) = self.runtime.take() {
            // Does not wait, so that a Running may be dropped inside another runtime.
            runtime.shutdown_background();
        }
    }
}

/// The port of a URL that ends with one.
fn port_of(endpoint: &str) -> Option<u16> {
    endpoint.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
}

fn make_folder(wanted: Option<PathBuf>) -> Result<Folder, StartError> {
    match wanted {
        None => Ok(Folder::Temporary(TemporaryFolder::new()?)),
        Some(path) => {
            private_file::make_private_folder(&path).map_err(|source| StartError::StateDir {
                path: path.clone(),
                source,
            })?;
            Ok(Folder::Kept(std::path::absolute(path)?))
        }
    }
}

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's word.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write the simulator's files: {0}")]
    Io(#[from] io::Error),
    /// The metrics cannot be made.
    #[error("cannot make the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// A webhook needs a cluster's account and region.
    #[error("the world has no cluster")]
    NoCluster,
    /// The scenario cannot be read.
    #[error("{0}")]
    Scenario(#[from] ScenarioError),
    /// The state directory cannot be used.
    #[error("cannot use state directory `{path}`: {source}; fix: {fix}", fix = fix_of(.source))]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The state directory's content cannot be used.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// No certificate could be made.
    #[error("{0}")]
    Tls(#[from] TlsError),
}
