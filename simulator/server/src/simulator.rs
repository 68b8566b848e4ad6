//! The whole simulator: a World, its listeners and the files that lead clients to them.
//!
//! Three steps: a [`Config`] says what is wanted, [`Simulator::start`] binds and writes, [`Running`] is what answers.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use eks_auth_core::mapping::config::AuthenticatorConfig;
use eks_auth_core::scenario::ScenarioError;
use eks_auth_core::scenario::Staging;
use eks_auth_core::world::World;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::aws;
use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::control;
use crate::environment;
use crate::environment::ClientFiles;
use crate::http;
use crate::http::Handler;
use crate::kube;
use crate::proxy;
use crate::proxy::OwnHosts;
use crate::proxy::Proxy;
use crate::state::State;
use crate::store::Kept;
use crate::store::Store;
use crate::tls::Authority;
use crate::tls::TlsError;
use crate::webhook;

/// What a simulator is to be.
pub struct Config {
    /// A scenario or a bare world, as text; without one, what the state directory keeps, or the World of AWS's article.
    pub world: Option<String>,
    /// Where every listener binds.
    pub listen: IpAddr,
    /// The port of the AWS endpoint; 0 for any free one.
    pub aws_port: u16,
    /// Where certificates, client files and the World's state go and stay; a temporary folder, removed at the end, where absent.
    pub state_dir: Option<PathBuf>,
    /// Only the authenticator, for a real kube-apiserver, in place of a Kubernetes API.
    pub webhook: Option<WebhookConfig>,
    /// What time it is.
    pub clock: Box<dyn Clock>,
    /// Receives each line of the authenticator's log.
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

/// The simulator; see [`Simulator::start`].
#[derive(Debug)]
pub struct Simulator;

/// A simulator that answers. Dropping it stops it.
pub struct Running {
    state: Arc<State>,
    folder: Folder,
    addresses: Addresses,
    ca_bundle: PathBuf,
    client_files: ClientFiles,
    clusters: Vec<ClusterListener>,
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

/// Where a cluster answers.
#[derive(Clone, Debug)]
pub struct ClusterListener {
    /// The cluster's name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// Its account.
    pub account: String,
    /// `https://HOST:PORT`.
    pub endpoint: String,
    /// A kubeconfig for people.
    pub kubeconfig: PathBuf,
    /// A kubeconfig for a real kube-apiserver's `--authentication-token-webhook-config-file`.
    pub webhook_kubeconfig: PathBuf,
}

enum Folder {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

impl Simulator {
    /// Binds every listener, writes every file, and answers from then on.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub fn start(config: Config) -> Result<Running, StartError> {
        let folder = make_folder(config.state_dir)?;
        let store = match &folder {
            Folder::Kept(path) => Some(Store::open(path)?),
            Folder::Temporary(_) => None,
        };
        let kept = store.as_ref().map(Store::load).transpose()?.flatten();
        let is_new = kept.is_none();
        let (mut kept, Staging { mut world, profiles }, authority) = match kept {
            Some((kept, _)) if config.world.as_ref().is_some_and(|world| *world != kept.scenario) => {
                return Err(crate::store::StoreError::OtherScenario(folder.path().to_owned()).into());
            }
            Some((kept, world)) => {
                let staging = kept.staging(world);
                let authority = Authority::restore(&kept.authority)?;
                (kept, staging, Arc::new(authority))
            }
            None => {
                let scenario = config
                    .world
                    .as_deref()
                    .unwrap_or(eks_auth_core::scenario::ARTICLE_WORLD);
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
        let bind = |port| {
            bind(SocketAddr::new(config.listen, port)).map_err(|source| StartError::Bind {
                address: SocketAddr::new(config.listen, port),
                source,
            })
        };
        let (aws_listener, aws) = bind(kept.ports.aws)?;
        let (aws_tls_listener, aws_tls) = bind(kept.ports.aws_tls)?;
        let (control_listener, control) = bind(kept.ports.control)?;
        let (proxy_listener, proxy) = bind(kept.ports.proxy)?;
        let addresses = Addresses {
            aws,
            aws_tls,
            control,
            proxy,
        };
        world.own_hosts = [own_hosts(aws), own_hosts(aws_tls)].concat();
        if let Some(webhook) = &config.webhook {
            keep_one_cluster(&mut world, webhook)?;
        }
        let hostname = config.webhook.as_ref().and_then(|webhook| webhook.hostname.as_deref());
        let mut listeners = Vec::new();
        let mut clusters = Vec::new();
        let names: Vec<String> = world.clusters.keys().cloned().collect();
        for name in names {
            let kept_port = kept.ports.clusters.get(&name).copied().unwrap_or(0);
            let (listener, address) = bind(config.webhook.as_ref().map_or(kept_port, |webhook| webhook.port))?;
            kept.ports.clusters.insert(name.clone(), address.port());
            if let Some((cluster, _)) = world.cluster_mut(&name) {
                cluster.endpoint = match hostname {
                    Some(hostname) => format!("https://{hostname}:{}", address.port()),
                    None => format!("https://{}", reachable(address)),
                };
                authority.pem().clone_into(&mut cluster.certificate_authority);
                clusters.push(ClusterListener {
                    name: name.clone(),
                    region: cluster.region.clone(),
                    account: cluster.account.to_string(),
                    endpoint: cluster.endpoint.clone(),
                    kubeconfig: folder.path().join(format!("{name}.kubeconfig")),
                    webhook_kubeconfig: folder.path().join(format!("{name}.webhook.kubeconfig")),
                });
                listeners.push((name, listener, address));
            }
        }

        let ca_bundle = folder.path().join("ca.pem");
        environment::write_private(&ca_bundle, authority.pem())?;
        let aws_endpoint = format!("http://{}", reachable(aws));
        let client_files = environment::write_files(
            folder.path(),
            &environment::FilesSpec {
                aws_endpoint: &aws_endpoint,
                ca_pem: authority.pem(),
                profiles: &profiles,
                started: config.clock.now(),
                clusters: &clusters,
            },
        )?;

        kept.ports.aws = aws.port();
        kept.ports.aws_tls = aws_tls.port();
        kept.ports.control = control.port();
        kept.ports.proxy = proxy.port();
        if let (Some(store), true) = (&store, is_new) {
            store.begin(&kept, &world)?;
        }

        let state = Arc::new(State::with_store(world, config.clock, config.log, store)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        {
            let _entered = runtime.enter();
            let cluster_tls = authority.acceptor(config.listen, hostname)?;
            let aws_tls_acceptor = Arc::clone(&authority).aws_acceptor(config.listen)?;
            let mut own = OwnHosts {
                aws: own_hosts(aws),
                tunnels: Vec::new(),
            };
            let mut tunnels = Vec::new();
            // Starts a listener, and lets the proxy's tunnels end there as well.
            let mut spawn = |listener, address, tls: Option<TlsAcceptor>, handler: Handler| -> io::Result<()> {
                own.tunnels.push(own_hosts(address));
                tunnels.push(proxy::Endpoint {
                    tls: tls.clone(),
                    handler: Arc::clone(&handler),
                });
                runtime.spawn(http::serve(TcpListener::from_std(listener)?, tls, handler));
                Ok(())
            };
            let aws_handler: Handler = {
                let state = Arc::clone(&state);
                Arc::new(move |request| aws::handle(&state, request))
            };
            spawn(aws_listener, aws, None, Arc::clone(&aws_handler))?;
            let aws_endpoint = proxy::Endpoint {
                tls: Some(aws_tls_acceptor.clone()),
                handler: Arc::clone(&aws_handler),
            };
            spawn(aws_tls_listener, aws_tls, Some(aws_tls_acceptor), aws_handler)?;
            let handler: Handler = {
                let state = Arc::clone(&state);
                let own = own_hosts(control);
                Arc::new(move |request| control::handle(&state, &own, request))
            };
            spawn(control_listener, control, None, handler)?;
            for (name, listener, address) in listeners {
                let state = Arc::clone(&state);
                let handler: Handler = if config.webhook.is_some() {
                    Arc::new(move |request| webhook::handle(&state, &name, request))
                } else {
                    Arc::new(move |request| kube::handle(&state, &name, request))
                };
                spawn(listener, address, Some(cluster_tls.clone()), handler)?;
            }
            let proxy = Proxy {
                own,
                aws: aws_endpoint,
                tunnels,
            };
            runtime.spawn(proxy.serve(TcpListener::from_std(proxy_listener)?));
        }
        Ok(Running {
            state,
            folder,
            addresses,
            ca_bundle,
            client_files,
            clusters,
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

    /// `http://HOST:PORT` of the control interface.
    #[must_use]
    pub fn control_endpoint(&self) -> String {
        format!("http://{}", reachable(self.addresses.control))
    }

    /// Where each cluster answers.
    #[must_use]
    pub fn clusters(&self) -> &[ClusterListener] {
        &self.clusters
    }

    /// The environment in which clients reach the simulator. [`environment::UNSET`] must be taken away as well.
    #[must_use]
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.client_files.env
    }

    /// The POSIX shell file that sets that environment.
    #[must_use]
    pub fn env_file(&self) -> &Path {
        &self.client_files.env_file
    }

    /// Says in the environment where the ready file is, for commands that act on a running simulator.
    ///
    /// # Errors
    /// When the environment file cannot be written again.
    pub fn announce_ready_file(&mut self, path: &Path) -> io::Result<()> {
        self.client_files.env.insert(
            "EKS_AUTH_SIM_READY_FILE".to_owned(),
            std::path::absolute(path)?.display().to_string(),
        );
        environment::write_env_file(&self.client_files)
    }

    /// The ready file's content.
    #[must_use]
    pub fn ready(&self) -> Value {
        let clusters: Vec<Value> = self
            .clusters
            .iter()
            .map(|cluster| {
                json!({
                    "name": cluster.name,
                    "region": cluster.region,
                    "account": cluster.account,
                    "endpoint": cluster.endpoint,
                    "webhook": format!("{}/authenticate", cluster.endpoint),
                    "webhook_kubeconfig": cluster.webhook_kubeconfig,
                    "kubeconfig": cluster.kubeconfig,
                })
            })
            .collect();
        json!({
            "version": 1,
            "pid": std::process::id(),
            "aws_endpoint": self.aws_endpoint(),
            "aws_endpoint_tls": self.aws_endpoint_tls(),
            "proxy": self.proxy_endpoint(),
            "control": self.control_endpoint(),
            "ca_bundle": self.ca_bundle,
            "env_file": self.client_files.env_file,
            "env": self.client_files.env,
            "clusters": clusters,
        })
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
        if let Some(runtime) = self.runtime.take() {
            // Does not wait, so that a Running may be dropped inside another runtime.
            runtime.shutdown_background();
        }
    }
}

/// The addresses under which a client may name a listener, as a URL has them.
fn own_hosts(address: SocketAddr) -> Vec<String> {
    let mut hosts = vec![reachable(address), format!("localhost:{}", address.port())];
    let loopback = format!("127.0.0.1:{}", address.port());
    if address.ip().is_unspecified() || !hosts.contains(&loopback) {
        hosts.push(loopback);
    }
    hosts.dedup();
    hosts
}

/// The address a local client connects to: an unspecified address is reached over loopback.
fn reachable(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port()).to_string()
}

fn bind(address: SocketAddr) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn make_folder(wanted: Option<PathBuf>) -> Result<Folder, StartError> {
    match wanted {
        None => Ok(Folder::Temporary(
            tempfile::Builder::new().prefix("eks-auth-sim-").tempdir()?,
        )),
        Some(path) => {
            environment::make_private_folder(&path).map_err(|source| StartError::StateDir {
                path: path.clone(),
                source,
            })?;
            Ok(Folder::Kept(std::path::absolute(path)?))
        }
    }
}

/// Makes the World's cluster the webhook's: under its name, with its mappings.
fn keep_one_cluster(world: &mut World, webhook: &WebhookConfig) -> Result<(), StartError> {
    let id = &webhook.cluster_id;
    let found = world.cluster(id).or_else(|| world.clusters.values().next());
    let mut cluster = (**found.ok_or(StartError::NoCluster)?).clone();
    id.clone_into(&mut cluster.name);
    if let Some(config) = &webhook.authenticator {
        cluster.authenticator = Some(Arc::new(config.clone()));
    }
    world.clusters.clear();
    world.clusters.insert(id.clone(), Arc::new(cluster));
    Ok(())
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
    #[error("cannot use state directory `{path}`: {source}")]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The state directory's content cannot be used.
    #[error("{0}")]
    Store(#[from] crate::store::StoreError),
    /// No certificate could be made.
    #[error("{0}")]
    Tls(#[from] TlsError),
}
