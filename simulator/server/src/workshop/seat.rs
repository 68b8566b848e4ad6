//! The world of one seat: a State, the listeners of its AWS services and clusters, and the files that lead there.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;

use eks_auth_core::scenario::FileContent;
use eks_auth_core::scenario::Placeholder;
use eks_auth_core::scenario::Profile;
use eks_auth_core::scenario::ProfileSource;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Staging;
use eks_auth_core::scenario::Template;
use eks_auth_core::service::Endpoint;
use eks_auth_core::value::instant::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::environment;
use crate::environment::ClientFiles;
use crate::environment::cluster_listener::ClusterListener;
use crate::environment::profile::Credentials;
use crate::net::http;
use crate::net::proxy::Tunnels;
use crate::net::tls::Authority;
use crate::runner::PlaceError;
use crate::runner::place::Places;
use crate::shell;
use crate::simulator::StartError;
use crate::simulator::listeners::AnyPort;
use crate::simulator::listeners::Binding;
use crate::simulator::listeners::Listeners;
use crate::simulator::listeners::Open;
use crate::simulator::listeners::bind;
use crate::simulator::listeners::host_and_port;
use crate::simulator::listeners::own_hosts;
use crate::simulator::listeners::reachable;
use crate::state::State;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;
use crate::state::journal::Journal;
use crate::state::private_file;

/// Events that a seat keeps: enough for the last minutes of one learner. Each holds its trace and its World.
const EVENTS: usize = 200;
/// Stands in texts for the folder that the learner's shell chooses.
pub(super) const HOME: &str = "@EKS-WORKSHOP-HOME@";

/// What all seats share.
pub(super) struct Ground {
    /// What their listeners run in.
    pub(super) runtime: Handle,
    /// Where they bind.
    pub(super) listen: IpAddr,
    /// How other machines name this one.
    pub(super) hostname: Option<String>,
    /// A private folder; each seat has one inside.
    pub(super) folder: PathBuf,
}

impl Ground {
    /// `HOST:PORT` of a listener, for learners.
    pub(super) fn host(&self, address: SocketAddr) -> String {
        match &self.hostname {
            Some(hostname) => host_and_port(hostname, address.port()),
            None => reachable(address),
        }
    }

    /// The names under which a listener may be asked for.
    pub(super) fn own_hosts(&self, address: SocketAddr) -> Vec<String> {
        let mut hosts = own_hosts(address);
        let named = self.host(address);
        if !hosts.contains(&named) {
            hosts.push(named);
        }
        hosts
    }
}

/// The world of a seat. Nothing of it is shared with another one: not the keys, not the authority.
pub(super) struct SeatWorld {
    state: Arc<State>,
    listeners: Arc<Listeners>,
    aws_endpoint: String,
    ca_pem: String,
    seed: u64,
    profiles: Vec<Profile>,
    staged: Timestamp,
}

/// What a learner's shell gets.
pub(super) struct Bundle {
    /// Files by their path in the learner's folder. [`HOME`] stands for that folder.
    pub(super) files: BTreeMap<String, String>,
    /// Variables. [`HOME`] stands for the folder.
    pub(super) env: BTreeMap<String, String>,
}

impl SeatWorld {
    /// Stages a scenario, binds the seat's listeners, and answers from then on.
    pub(super) fn start(ground: &Ground, number: usize, seed: u64, scenario: &Scenario) -> Result<Self, StartError> {
        let machine = SystemClock.now();
        let Staging { mut world, profiles } = scenario.stage_with_seed(machine, seed);
        let authority = Arc::new(Authority::new()?);
        let folder = ground.folder.join(format!("seat-{number}"));
        private_file::make_private_folder(&folder)?;
        let address = SocketAddr::new(ground.listen, 0);
        let (aws_listener, aws_address) =
            bind(address, AnyPort::Ephemeral).map_err(|source| StartError::Bind { address, source })?;
        world.own_hosts = ground.own_hosts(aws_address);
        let binding = Binding {
            listen: ground.listen,
            any_port: AnyPort::Ephemeral,
            hostname: ground.hostname.clone(),
            ca_pem: authority.pem().to_owned(),
        };
        let mut bound_clusters = Vec::new();
        let names: Vec<String> = world.clusters.keys().cloned().collect();
        for name in names {
            let bound = binding.bind(0).map_err(|source| StartError::Bind { address, source })?;
            let now = world.clock.now(machine);
            if let Some((cluster, ids)) = world.cluster_mut(&name) {
                cluster.set_api(bound.endpoint.clone(), bound.certificate_authority.clone(), ids, now);
                bound_clusters.push((ClusterListener::of(cluster, &folder), bound));
            }
        }
        let state = State::new(world, Box::new(SystemClock), Box::new(|_| {}))?;
        let state = Arc::new(state.with_journal(Journal::with_capacity(EVENTS)));
        let listeners = Arc::new(Listeners {
            runtime: ground.runtime.clone(),
            tls: authority.acceptor(ground.listen, ground.hostname.as_deref())?,
            authority: Arc::clone(&authority),
            binding,
            is_webhook: false,
            folder: folder.clone(),
            tunnels: Arc::new(Tunnels::default()),
            announcement: json!({}),
            state: Arc::downgrade(&state),
            open: Mutex::new(Open {
                clusters: Vec::new(),
                tasks: BTreeMap::new(),
                client_files: ClientFiles {
                    env: BTreeMap::new(),
                    env_file: folder.join("env"),
                },
                ready_file: None,
            }),
            origin: None,
            restaging: Mutex::new(()),
        });
        let handler = shell::handler(Arc::downgrade(&state), Endpoint::Aws);
        {
            let _entered = ground.runtime.enter();
            ground
                .runtime
                .spawn(http::serve(TcpListener::from_std(aws_listener)?, None, handler));
        }
        for (cluster, bound) in bound_clusters {
            listeners.serve(cluster, bound)?;
        }
        state.set_listeners(Arc::clone(&listeners) as _);
        Ok(Self {
            state,
            listeners,
            aws_endpoint: format!("http://{}", ground.host(aws_address)),
            ca_pem: authority.pem().to_owned(),
            seed,
            profiles,
            staged: machine,
        })
    }

    /// Begins again with a scenario, at the same addresses. What happened before is forgotten; of the same scenario come the
    /// same keys.
    pub(super) fn restage(&mut self, scenario: &Scenario) -> Result<(), StartError> {
        let machine = SystemClock.now();
        let Staging { world, profiles } = scenario.stage_with_seed(machine, self.seed);
        self.listeners.restage(&self.state, world)?;
        self.state.forget();
        self.profiles = profiles;
        self.staged = machine;
        Ok(())
    }

    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// The files and variables of a learner's shell in a scenario.
    ///
    /// # Errors
    /// [`SeatError`] when the scenario wants what is not there.
    pub(super) fn bundle(&self, scenario: &Scenario) -> Result<Bundle, SeatError> {
        let mut files = BTreeMap::from([
            (
                ".aws/config".to_owned(),
                environment::aws_config(&self.profiles, &self.aws_endpoint, self.staged),
            ),
            (
                ".aws/credentials".to_owned(),
                environment::aws_credentials(&self.profiles),
            ),
        ]);
        if let Some(cluster) = self.listeners.clusters().first() {
            let plugin = environment::aws_plugin(cluster);
            let kubeconfig = environment::kubeconfig_with(cluster, &self.ca_pem, plugin, &[]);
            files.insert(".kube/config".to_owned(), environment::yaml(&kubeconfig)?);
        }
        for file in &scenario.home.files {
            self.change_file(&mut files, &file.path, &file.content)?;
        }
        let region = self.profiles.first().map_or("us-west-2", |profile| &*profile.region);
        let mut env: BTreeMap<String, String> = [
            ("AWS_CONFIG_FILE", format!("{HOME}/.aws/config")),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL", self.aws_endpoint.clone()),
            ("AWS_ENDPOINT_URL_STS", self.aws_endpoint.clone()),
            ("AWS_PAGER", String::new()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", format!("{HOME}/.aws/credentials")),
            ("HOME", HOME.to_owned()),
            ("KUBECONFIG", format!("{HOME}/.kube/config")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (name, value) in &scenario.home.env {
            env.insert(name.clone(), self.fill(value)?);
        }
        Ok(Bundle { files, env })
    }

    fn change_file(
        &self,
        files: &mut BTreeMap<String, String>,
        path: &str,
        content: &FileContent,
    ) -> Result<(), PlaceError> {
        match content {
            FileContent::Absent => {
                files.remove(path);
            }
            FileContent::Text(text) => {
                files.insert(path.to_owned(), self.fill(text)?);
            }
            FileContent::Replaced { from, to } => {
                let old = files.get(path).filter(|text| text.contains(from.as_str()));
                let old = old.ok_or_else(|| PlaceError::NoText {
                    file: path.to_owned(),
                    text: from.clone(),
                })?;
                let new = old.replace(from.as_str(), &self.fill(to)?);
                files.insert(path.to_owned(), new);
            }
        }
        Ok(())
    }

    /// The text of a template now. [`HOME`] stands for the learner's folder.
    ///
    /// # Errors
    /// [`PlaceError`] when it wants what is not there.
    pub(super) fn fill(&self, template: &Template) -> Result<String, PlaceError> {
        template.fill(|place| self.value(place))
    }

    fn value(&self, place: &Placeholder) -> Result<String, PlaceError> {
        let places = Places {
            clusters: &self.listeners.clusters(),
            aws_endpoint: &self.aws_endpoint,
            authority: &self.ca_pem,
            home: HOME,
            now: SystemClock.now(),
        };
        let saved = |name: &str| Err(PlaceError::NotSaved(name.to_owned()));
        places.value(place, |profile| self.credentials(profile), saved)
    }

    /// What a profile held when the scenario was staged.
    fn credentials(&self, wanted: &str) -> Result<Credentials, PlaceError> {
        let found = self.profiles.iter().find(|profile| profile.name == wanted);
        match found.map(|profile| &profile.source) {
            Some(ProfileSource::AccessKey {
                id,
                secret,
                session_token,
            }) => Ok(Credentials {
                access_key_id: id.clone(),
                secret: secret.clone(),
                session_token: session_token.clone(),
            }),
            _ => Err(PlaceError::NoKey(wanted.to_owned())),
        }
    }
}

/// Why a seat is not given what a scenario has.
#[derive(Debug, thiserror::Error)]
pub(super) enum SeatError {
    /// The scenario wants what is not there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A step edits a file, which nobody can do for a learner.
    #[error("a file cannot be edited in a workshop")]
    Edit,
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] io::Error),
}
