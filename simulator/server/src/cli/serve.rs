//! `serve`: everything, until a signal ends it.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use super::Failure;
use super::Output;
use super::WorldArgs;
use crate::simulator::Running;
use crate::simulator::Simulator;

/// Start everything and stay until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eks-auth-sim serve --ready-file ready.json\n  \
                        . \"$(jq -r .env_file ready.json)\" && kubectl get svc")]
pub(super) struct Serve {
    #[command(flatten)]
    world: WorldArgs,
    /// Write the addresses there, as JSON, once every listener accepts
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// With json, the ready file's object is the first line on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut config = self.world.config()?;
        config.log = Box::new(log_to_stderr);
        let running = Simulator::start(config).map_err(Failure::usage)?;
        let mut end = EndSignal::listen(&running)?;
        announce(&running, self.ready_file.as_deref())?;
        let mut out = io::stdout().lock();
        match self.output {
            Output::Json => writeln!(out, "{}", running.ready())?,
            Output::Text => write_how_to(&mut out, &running)?,
        }
        out.flush()?;
        running.block_on(end.wait())?;
        if let Some(path) = &self.ready_file {
            let _ = fs::remove_file(path);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A line of the authenticator's log. Nobody is told when stderr is closed.
pub(super) fn log_to_stderr(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes the ready file, where one is wanted, and says in the environment where it is.
pub(super) fn announce(running: &Running, ready_file: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = ready_file else {
        return Ok(());
    };
    running
        .announce_ready_file(path)
        .map_err(|error| Failure::usage(format!("cannot write ready file `{}`: {error}", path.display())))
}

fn write_how_to(out: &mut impl Write, running: &Running) -> io::Result<()> {
    writeln!(out, "AWS endpoint  {}  (STS, IAM, EKS)", running.aws_endpoint())?;
    writeln!(
        out,
        "over TLS      {}  (CA {})",
        running.aws_endpoint_tls(),
        running.ca_bundle().display()
    )?;
    writeln!(
        out,
        "AWS proxy     {}  (HTTPS_PROXY, for tools that ignore endpoint settings)",
        running.proxy_endpoint()
    )?;
    for cluster in running.clusters() {
        writeln!(out, "Kubernetes    {}  (cluster {})", cluster.endpoint, cluster.name)?;
    }
    writeln!(out, "\nIn another shell:\n  . {}", running.env_file().display())?;
    writeln!(out, "  aws sts get-caller-identity\n  kubectl get svc\n")?;
    writeln!(out, "The authenticator's log follows on stderr. Ctrl-C ends.")
}

/// Ctrl-C or SIGTERM. Listened for from the moment it is made, which must come before anybody is told that we run.
pub(super) struct EndSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl EndSignal {
    pub(super) fn listen(running: &Running) -> io::Result<Self> {
        running.block_on(async {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        })?
    }

    /// Waits for either.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
