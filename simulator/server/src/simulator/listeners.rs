//! The clusters' listeners, which follow the World: one is bound when a cluster is made, and closed when it is deleted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;
use std::time::Duration;

use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::service::Endpoint;
use eks_auth_core::world::World;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::environment;
use crate::environment::ClientFiles;
use crate::environment::cluster_listener::ClusterListener;
use crate::net::http;
use crate::net::proxy;
use crate::net::proxy::Tunnels;
use crate::net::tls::Authority;
use crate::shell;
use crate::state::BoundListener;
use crate::state::ClusterListeners;
use crate::state::Origin;
use crate::state::State;
use crate::state::private_file;

/// How clusters' listeners are bound.
#[derive(Clone, Debug)]
pub(crate) struct Binding {
    /// The address.
    pub(crate) listen: IpAddr,
    /// Which port one gets that wants none in particular.
    pub(crate) any_port: AnyPort,
    /// How clients name this machine, where that is not the address.
    pub(crate) hostname: Option<String>,
    /// The certificate that clients are to trust.
    pub(crate) ca_pem: String,
}

impl Binding {
    /// Binds a listener; port 0 is any free one.
    pub(crate) fn bind(&self, port: u16) -> io::Result<BoundListener> {
        let (listener, address) = bind(SocketAddr::new(self.listen, port), self.any_port)?;
        let endpoint = match &self.hostname {
            Some(hostname) => format!("https://{}", host_and_port(hostname, address.port())),
            None => format!("https://{}", reachable(address)),
        };
        Ok(BoundListener {
            listener,
            address,
            endpoint,
            certificate_authority: self.ca_pem.clone(),
        })
    }
}

/// What the listeners of clusters need, and who is told of them.
pub(crate) struct Listeners {
    pub(crate) runtime: Handle,
    pub(crate) binding: Binding,
    pub(crate) tls: TlsAcceptor,
    pub(crate) authority: Arc<Authority>,
    /// Whether they are webhooks only.
    pub(crate) is_webhook: bool,
    pub(crate) folder: PathBuf,
    pub(crate) tunnels: Arc<Tunnels>,
    /// What the ready file says beside `clusters` and `env`.
    pub(crate) announcement: Value,
    // Weak, since the state leads here.
    pub(crate) state: Weak<State>,
    pub(crate) open: Mutex<Open>,
    /// What `ctl reset` goes back to; nothing where no control interface is.
    pub(crate) origin: Option<Origin>,
    // A std Mutex: held while a World is put in place of another, never across an await.
    pub(crate) restaging: Mutex<()>,
}

/// What is open, and what was said of it.
pub(crate) struct Open {
    pub(crate) clusters: Vec<ClusterListener>,
    /// By endpoint, which no two have, while a name may be that of a cluster that is gone and of one that is new.
    pub(crate) tasks: BTreeMap<String, (AbortHandle, SocketAddr)>,
    pub(crate) client_files: ClientFiles,
    pub(crate) ready_file: Option<PathBuf>,
}

impl Listeners {
    /// Where each cluster answers.
    pub(crate) fn clusters(&self) -> Vec<ClusterListener> {
        self.open().clusters.clone()
    }

    /// The files that lead clients to the simulator.
    pub(crate) fn client_files(&self) -> ClientFiles {
        self.open().client_files.clone()
    }

    /// The ready file's content.
    pub(crate) fn ready(&self) -> Value {
        self.render(&self.open())
    }

    /// Writes the ready file, now and whenever clusters come or go, and says in the environment where it is.
    pub(crate) fn announce(&self, path: &Path) -> io::Result<()> {
        let path = std::path::absolute(path)?;
        let mut open = self.open();
        open.client_files
            .env
            .insert("EKS_AUTH_SIM_READY_FILE".to_owned(), path.display().to_string());
        environment::write_env_file(&open.client_files)?;
        open.ready_file = Some(path);
        self.write_ready_file(&open)
    }

    /// Answers for a cluster from now on.
    pub(crate) fn serve(&self, cluster: ClusterListener, bound: BoundListener) -> io::Result<()> {
        let name = cluster.name.clone();
        let endpoint = if self.is_webhook {
            Endpoint::Webhook(name)
        } else {
            Endpoint::Cluster(name)
        };
        let handler = shell::handler(Weak::clone(&self.state), endpoint);
        let listener = {
            let _entered = self.runtime.enter();
            TcpListener::from_std(bound.listener)?
        };
        self.tunnels.add(
            own_hosts(bound.address),
            proxy::Endpoint {
                tls: Some(self.tls.clone()),
                handler: Arc::clone(&handler),
            },
        );
        let task = self
            .runtime
            .spawn(http::serve(listener, Some(self.tls.clone()), handler))
            .abort_handle();
        let mut open = self.open();
        open.tasks.insert(cluster.endpoint.clone(), (task, bound.address));
        open.clusters.push(cluster);
        open.clusters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(())
    }

    /// Begins again with a World, at the addresses of the clusters that are there. Requests see the old World or the new one
    /// whole.
    pub(crate) fn restage(&self, state: &State, mut world: World) -> io::Result<()> {
        // One at a time: the listeners are to be those of the World that came last.
        let _restaging = self.restaging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(webhook) = self.origin.as_ref().and_then(|origin| origin.webhook.as_ref()) {
            webhook.keep_one_cluster(&mut world).map_err(io::Error::other)?;
        }
        let open = self.clusters();
        let now = world.clock.now(state.clients_now());
        let names: Vec<String> = world.clusters.keys().cloned().collect();
        let mut new = Vec::new();
        for name in &names {
            let endpoint = match open.iter().find(|listener| listener.name == *name) {
                Some(listener) => listener.endpoint.clone(),
                None => {
                    let bound = ClusterListeners::bind(self)?;
                    let endpoint = bound.endpoint.clone();
                    new.push((name, bound));
                    endpoint
                }
            };
            if let Some((cluster, ids)) = world.cluster_mut(name) {
                cluster.set_api(endpoint, self.binding.ca_pem.clone(), ids, now);
            }
        }
        let old = state.change(|present| {
            world.own_hosts.clone_from(&present.own_hosts);
            for (name, seen) in &present.clusters {
                if let Some((cluster, _)) = world.cluster_mut(name) {
                    cluster.replace(seen);
                }
            }
            mem::replace(present, world)
        });
        let old = old.map_err(io::Error::other)?;
        state.forget_judgements();
        let world = state.snapshot();
        let is_first_new = new.first().is_some_and(|(name, _)| Some(*name) == names.first());
        for (name, bound) in new {
            if let Some(cluster) = world.cluster(name) {
                ClusterListeners::open(self, cluster, bound)?;
            }
        }
        for gone in old.clusters.values().filter(|cluster| !names.contains(&cluster.name)) {
            ClusterListeners::close(self, gone)?;
        }
        // The kubeconfig that the environment names is the first cluster's.
        let open = self.clusters();
        let first = open.iter().find(|listener| names.first() == Some(&listener.name));
        if let Some(first) = first.filter(|_| is_first_new && self.origin.is_some()) {
            let kubeconfig = fs::read_to_string(&first.kubeconfig)?;
            private_file::write_whole(&environment::kubeconfig_file(&self.folder), &kubeconfig)?;
        }
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn render(&self, open: &Open) -> Value {
        let clusters: Vec<Value> = open
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
        let mut ready = self.announcement.clone();
        if let Some(members) = ready.as_object_mut() {
            members.insert("env_file".to_owned(), json!(open.client_files.env_file));
            members.insert("env".to_owned(), json!(open.client_files.env));
            members.insert("clusters".to_owned(), Value::Array(clusters));
        }
        ready
    }

    /// Whole, by a temporary file. Nothing where no ready file is wanted.
    fn write_ready_file(&self, open: &Open) -> io::Result<()> {
        let Some(path) = &open.ready_file else {
            return Ok(());
        };
        private_file::write_whole(path, format!("{}\n", self.render(open)))
    }
}

impl ClusterListeners for Listeners {
    fn bind(&self) -> io::Result<BoundListener> {
        self.binding.bind(0)
    }

    fn authority(&self) -> &Authority {
        &self.authority
    }

    fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    fn restage(&self, state: &State, world: World) -> io::Result<()> {
        Listeners::restage(self, state, world)
    }

    fn open(&self, cluster: &Cluster, bound: BoundListener) -> io::Result<()> {
        let listener = ClusterListener::of(cluster, &self.folder);
        environment::write_cluster_files(&self.folder, &listener, &self.binding.ca_pem)?;
        self.serve(listener, bound)?;
        self.write_ready_file(&self.open())
    }

    fn close(&self, cluster: &Cluster) -> io::Result<()> {
        let mut open = self.open();
        if let Some((task, address)) = open.tasks.remove(&cluster.endpoint) {
            task.abort();
            self.tunnels.remove(&reachable(address));
        }
        open.clusters.retain(|known| known.endpoint != cluster.endpoint);
        if open.clusters.iter().all(|known| known.name != cluster.name) {
            let closed = ClusterListener::of(cluster, &self.folder);
            for file in [&closed.kubeconfig, &closed.webhook_kubeconfig] {
                let _ = fs::remove_file(file);
            }
        }
        self.write_ready_file(&open)
    }
}

/// Where the control interface binds when the other listeners bind at `listen`: it gives certificates of `system:masters` to
/// whoever asks, so that it is on loopback whatever else `--allow-remote` opens.
pub(crate) fn control_ip(listen: IpAddr) -> IpAddr {
    match listen {
        listen if listen.is_loopback() => listen,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// The addresses under which a client may name a listener, as a URL has them.
pub(crate) fn own_hosts(address: SocketAddr) -> Vec<String> {
    let mut hosts = vec![reachable(address), format!("localhost:{}", address.port())];
    let loopback = format!("127.0.0.1:{}", address.port());
    if address.ip().is_unspecified() || !hosts.contains(&loopback) {
        hosts.push(loopback);
    }
    hosts.dedup();
    hosts
}

/// A host and a port as a URL has them.
pub(crate) fn host_and_port(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, port).to_string(),
        Err(_) => format!("{host}:{port}"),
    }
}

/// The address a local client connects to: an unspecified address is reached over loopback.
pub(crate) fn reachable(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port()).to_string()
}

/// Which port a listener gets that wants none in particular.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AnyPort {
    /// One that the system chooses.
    Ephemeral,
    /// One that is as likely free when the simulator starts again: not of those that systems give to clients.
    Lasting,
}

/// Below the ports that Linux (from 32768) and others (from 49152) give to clients.
const LASTING: std::ops::Range<u16> = 10_240..32_768;
/// A process that was killed has its ports until the last of its threads is gone.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Binds without a runtime; port 0 is any.
pub(crate) fn bind(address: SocketAddr, any: AnyPort) -> io::Result<(std::net::TcpListener, SocketAddr)> {
    let is_taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    let listener = match (address.port(), any) {
        (0, AnyPort::Ephemeral) => std::net::TcpListener::bind(address)?,
        (0, AnyPort::Lasting) => {
            // Simulators that start at once begin at different places.
            let (start, places) = (u32::from(LASTING.start), u32::from(LASTING.end - LASTING.start));
            let first = std::process::id().wrapping_mul(97) % places;
            let mut ports = (0..places).filter_map(|step| u16::try_from(start + (first + step) % places).ok());
            loop {
                let port = ports.next().ok_or(io::ErrorKind::AddrInUse)?;
                match std::net::TcpListener::bind(SocketAddr::new(address.ip(), port)) {
                    Err(error) if is_taken(&error) => {}
                    bound => break bound?,
                }
            }
        }
        _ => {
            let mut tries = TRIES;
            loop {
                match std::net::TcpListener::bind(address) {
                    Err(error) if is_taken(&error) && tries > 0 => {
                        tries -= 1;
                        std::thread::sleep(PAUSE);
                    }
                    bound => break bound?,
                }
            }
        }
    };
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_interface_is_on_loopback_always() {
        for (listen, wanted) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.2", "127.0.0.2"),
            ("0.0.0.0", "127.0.0.1"),
            ("192.0.2.1", "127.0.0.1"),
            ("::1", "::1"),
            ("::", "::1"),
            ("2001:db8::1", "::1"),
            ("::ffff:192.0.2.1", "::1"),
        ] {
            let ip = control_ip(listen.parse().unwrap());
            assert_eq!(ip, wanted.parse::<IpAddr>().unwrap(), "{listen}");
            assert!(ip.is_loopback(), "{listen}");
        }
    }
}
