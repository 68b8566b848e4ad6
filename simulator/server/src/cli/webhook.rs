//! `webhook`: only the authenticator, for a real kube-apiserver.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use clap::Args;
use eks_auth_core::cluster::mapping::config::AuthenticatorConfig;
use eks_auth_core::cluster::mapping::config::BackendMode;
use eks_auth_core::cluster::mapping::config::backend_modes;
use eks_auth_core::cluster::mapping::config::unread_settings;
use eks_auth_core::cluster::mapping::dynamic_file::DynamicFile;
use eks_auth_core::value::log::Level;

use super::Failure;
use super::Output;
use super::WorldArgs;
use super::end_signal::Background;
use super::end_signal::EndSignals;
use super::serve::StderrLog;
use super::serve::announce;
use super::terminal;
use crate::shell;
use crate::simulator::Running;
use crate::simulator::Simulator;
use crate::simulator::WebhookConfig;
use crate::state::private_file;

/// Upstream's port.
const PORT: u16 = 21362;
/// How often the dynamic file is looked at.
const DYNAMIC_FILE_INTERVAL: Duration = Duration::from_millis(250);

/// Serve only the authenticator, for a real kube-apiserver (kind, k3s, minikube)
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  eks-auth-sim webhook --config config.yaml -i my-cluster --generate-kubeconfig webhook.yaml\n  \
                        # then: kube-apiserver --authentication-token-webhook-config-file=webhook.yaml"
)]
pub(super) struct Webhook {
    #[command(flatten)]
    world: WorldArgs,
    /// The configuration file of aws-iam-authenticator's server: who is mapped, by which backends
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The name that tokens must be for [default: that of the configuration file or of the World's cluster]
    #[arg(long, short = 'i', value_name = "ID", visible_alias = "cluster-name")]
    cluster_id: Option<String>,
    /// Backends in the order in which they are asked, in place of the configuration file's
    #[arg(long, value_name = "MODE", value_delimiter = ',')]
    backend_mode: Vec<String>,
    /// The port of the webhook; 0 for any free one
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// How the API server names this machine, such as host.docker.internal [default: the address]
    #[arg(long, value_name = "NAME")]
    hostname: Option<String>,
    /// Where the file goes that --authentication-token-webhook-config-file wants
    #[arg(long, value_name = "FILE")]
    generate_kubeconfig: Option<PathBuf>,
    /// Write the addresses there, as JSON, once every listener accepts
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// With json, the ready file's object is the first line on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Webhook {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut signals = EndSignals::listen(Background::Ended)?;
        let authenticator = self.authenticator()?;
        // Looked at before anyone is told that changes will be seen.
        let dynamic_file = authenticator.as_ref().and_then(|config| {
            let path = PathBuf::from(config.dynamic_file_path.as_ref()?);
            Some((seen(&path), path, config.clone()))
        });
        let mut config = self.world.config()?;
        let log = StderrLog::start()?;
        config.log = log.sink();
        let own_id = authenticator.as_ref().and_then(|config| config.cluster_id.clone());
        config.webhook = Some(WebhookConfig {
            cluster_id: match self.cluster_id.or(own_id) {
                Some(id) => id,
                None => super::first_cluster(config.scenario())?,
            },
            port: self.port,
            hostname: self.hostname,
            authenticator: authenticator.clone(),
        });
        let running = Simulator::start(config).map_err(Failure::usage)?;
        signals.hold();
        announce(&running, self.ready_file.as_deref())?;
        let kubeconfig = self.generate_kubeconfig.unwrap_or_else(|| own_kubeconfig(&running));
        if kubeconfig != own_kubeconfig(&running) {
            let text = fs::read_to_string(own_kubeconfig(&running))?;
            private_file::write_private(&kubeconfig, &text)
                .map_err(|error| Failure::usage(format!("cannot write `{}`: {error}", kubeconfig.display())))?;
        }
        log_start(&running, authenticator.as_ref(), &kubeconfig);
        let mut out = terminal::out();
        match self.output {
            Output::Json => out.json(running.ready())?,
            Output::Text => {
                for cluster in running.clusters() {
                    writeln!(
                        out,
                        "webhook      {}/authenticate  (cluster {})",
                        cluster.endpoint, cluster.name
                    )?;
                }
                writeln!(out, "AWS endpoint {}", running.aws_endpoint())?;
                writeln!(out, "kubeconfig   {}", kubeconfig.display())?;
                writeln!(
                    out,
                    "\nTo sign as a profile of this World:\n  . {}",
                    running.env_file().display()
                )?;
            }
        }
        out.flush()?;
        drop(out);
        running.block_on(async {
            match dynamic_file {
                None => {
                    signals.wait().await;
                }
                Some((last, path, config)) => tokio::select! {
                    _ = signals.wait() => {}
                    () = watch_dynamic_file(&running, &path, last, config) => {}
                },
            }
        })?;
        if let Some(path) = &self.ready_file {
            let _ = fs::remove_file(path);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What the configuration file and the flags say; nothing where neither is given.
    fn authenticator(&self) -> Result<Option<AuthenticatorConfig>, Failure> {
        let mut config = match &self.config {
            None if self.backend_mode.is_empty() => return Ok(None),
            None => AuthenticatorConfig::default(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|error| {
                    Failure::usage(format!("cannot read configuration file `{}`: {error}", path.display()))
                })?;
                for name in unread_settings(&text) {
                    let path = path.display();
                    let _ = writeln!(
                        terminal::err(),
                        "eks-auth-sim: {path}: warning: unknown setting `{name}` is ignored, as aws-iam-authenticator ignores it; check its spelling"
                    );
                }
                AuthenticatorConfig::parse(&text)
                    .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?
            }
        };
        if !self.backend_mode.is_empty() {
            config.backends = backend_modes(&self.backend_mode).map_err(Failure::usage)?;
        }
        if let Some(path) = &config.dynamic_file_path {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("cannot read dynamic file `{path}`: {error}")))?;
            config.dynamic_file = DynamicFile::parse(&text, config.dynamic_file_key)
                .map_err(|error| Failure::usage(format!("{path}: {error}")))?;
        }
        Ok(Some(config))
    }
}

/// The webhook's kubeconfig in the simulator's own folder.
fn own_kubeconfig(running: &Running) -> PathBuf {
    let clusters = running.clusters();
    clusters
        .first()
        .map(|cluster| cluster.webhook_kubeconfig.clone())
        .unwrap_or_default()
}

/// Writes what happens now to the log of the authenticator.
fn log_now(running: &Running, level: Level, msg: String, fields: Vec<(&'static str, String)>) {
    let cluster = cluster_name(running);
    // A line changes no World, so that there is nothing that could not be kept.
    let _ = shell::call(running.state(), |call| {
        call.log_now(&cluster, level, msg.clone(), fields.clone());
    });
}

/// The cluster whose authenticator this is.
fn cluster_name(running: &Running) -> String {
    let mut clusters = running.clusters().into_iter();
    clusters.next().map(|cluster| cluster.name).unwrap_or_default()
}

/// What upstream writes to its log when it starts.
fn log_start(running: &Running, config: Option<&AuthenticatorConfig>, kubeconfig: &Path) {
    let info = |msg: String, fields| log_now(running, Level::Info, msg, fields);
    for mode in config.map(|config| config.backends.as_slice()).unwrap_or_default() {
        info(format!("starting mapper {:?}", mode.as_str()), Vec::new());
    }
    if let Some(config) = config {
        let dynamic = config.backends.contains(&BackendMode::DynamicFile);
        running
            .state()
            .metrics()
            .dynamic_file(dynamic, dynamic && config.backends.len() == 1);
        for (kind, item) in config.mounted_file.items() {
            let groups = format!("[{}]", item.groups.join(" "));
            info(
                format!("mapping IAM {kind}"),
                vec![
                    (kind, item.arn.clone()),
                    ("username", item.username.clone()),
                    ("groups", groups),
                ],
            );
        }
    }
    for cluster in running.clusters() {
        let address = cluster.endpoint.trim_start_matches("https://");
        info(format!("listening on {address}"), Vec::new());
    }
    info(
        format!(
            "reconfigure your apiserver with `--authentication-token-webhook-config-file={}` to enable (assuming default hostPath mounts)",
            kubeconfig.display()
        ),
        Vec::new(),
    );
}

/// When a file was written last, and how long it is.
type Seen = (SystemTime, u64);

/// What there is to see of a file; nothing where it is not there.
fn seen(path: &Path) -> Option<Seen> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Reads the dynamic file again whenever it changes; a file that is broken leaves the mappings as they are, one that is
/// deleted empties them.
async fn watch_dynamic_file(running: &Running, path: &Path, mut last: Option<Seen>, mut config: AuthenticatorConfig) {
    let mut ticks = tokio::time::interval(DYNAMIC_FILE_INTERVAL);
    // Whether what was read is not in the World, since the disk did not take it: the log has said so.
    let mut is_behind = false;
    loop {
        ticks.tick().await;
        let now = seen(path);
        if now == last && !is_behind {
            continue;
        }
        last = now;
        let read = match now {
            None => {
                log_now(
                    running,
                    Level::Info,
                    "startLoadDynamicFile: got RENAME/REMOVE event".to_owned(),
                    Vec::new(),
                );
                Ok(DynamicFile::default())
            }
            Some(_) => {
                log_now(
                    running,
                    Level::Info,
                    "startLoadDynamicFile: got WRITE/CREATE event reload it the memory".to_owned(),
                    Vec::new(),
                );
                fs::read_to_string(path)
                    .map_err(|error| error.to_string())
                    .and_then(|text| DynamicFile::parse(&text, config.dynamic_file_key))
            }
        };
        match read {
            Ok(file) => {
                config.dynamic_file = file;
                let config = Arc::new(config.clone());
                let changed = running.state().change(|world| {
                    let names: Vec<String> = world.clusters.keys().cloned().collect();
                    for name in names {
                        if let Some((cluster, _)) = world.cluster_mut(&name) {
                            cluster.authenticator = Some(Arc::clone(&config));
                        }
                    }
                });
                is_behind = changed.is_err();
            }
            Err(error) => {
                running.state().metrics().dynamic_file_failed();
                let msg = format!("StartLoadDynamicFile: error in callBackForFileLoad, {error}");
                log_now(running, Level::Error, msg, Vec::new());
            }
        }
    }
}
