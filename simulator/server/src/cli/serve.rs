//! `serve`: everything, until a signal ends it.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::Output;
use super::WorldArgs;
use super::end_signal::Background;
use super::end_signal::EndSignals;
use super::scenario::Lang;
use super::scenario::Spoken;
use super::scenario::load;
use super::terminal;
use super::terminal::Printer;
use crate::simulator::Running;
use crate::simulator::Simulator;
use crate::state::log_queue::LogQueue;
use crate::workshop::Workshop;
use crate::workshop::WorkshopConfig;

/// Start everything and stay until Ctrl-C
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eks-auth-sim serve --ready-file ready.json\n  \
                        . \"$(jq -r .env_file ready.json)\" && kubectl get svc\n\nA workshop:\n  \
                        eks-auth-sim serve --seats 20 --scenarios unmapped-role,wrong-profile")]
pub(super) struct Serve {
    #[command(flatten)]
    world: WorldArgs,
    /// Write the addresses there, as JSON, once every listener accepts
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// A workshop for so many learners: each has a world of its own
    #[arg(long, value_name = "N", requires = "scenarios", conflicts_with_all = ["scenario", "state_dir", "aws_port"])]
    seats: Option<u16>,
    /// What the learners fix, in order: scenarios by name, or scenario folders or files
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', requires = "seats")]
    scenarios: Vec<String>,
    /// The port of the workshop's pages [default: any free one]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true,
        requires = "seats"
    )]
    workshop_port: u16,
    /// How the learners' machines name this one [default: the address of --listen]
    #[arg(long, value_name = "HOST", requires = "seats")]
    workshop_host: Option<String>,
    /// The language of the workshop's dashboard; learners choose their own [default: that of the locale]
    #[arg(long, value_enum, requires = "seats")]
    lang: Option<Lang>,
    /// With json, the ready file's object is the first line on stdout
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        if let Some(seats) = self.seats {
            return self.run_workshop(seats);
        }
        let mut signals = EndSignals::listen(Background::Ended)?;
        let mut config = self.world.config()?;
        let log = StderrLog::start()?;
        config.log = log.sink();
        let running = Simulator::start(config).map_err(Failure::usage)?;
        signals.hold();
        announce(&running, self.ready_file.as_deref())?;
        tell(|out| match self.output {
            Output::Json => out.json(running.ready()),
            Output::Text => write_how_to(out, &running),
        })?;
        running.block_on(signals.wait())?;
        if let Some(path) = &self.ready_file {
            let _ = fs::remove_file(path);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Serve {
    fn run_workshop(self, seats: u16) -> Result<ExitCode, Failure> {
        let mut signals = EndSignals::listen(Background::Ended)?;
        let config = WorkshopConfig {
            seats: usize::from(seats),
            scenarios: self
                .scenarios
                .iter()
                .map(|name| Ok(load(name)?.0))
                .collect::<Result<_, Failure>>()?,
            language: Spoken { lang: self.lang }.language(),
            listen: self.world.config()?.listen,
            port: self.workshop_port,
            hostname: self.workshop_host,
        };
        let workshop = Workshop::start(config).map_err(Failure::usage)?;
        signals.hold();
        if let Some(path) = &self.ready_file {
            workshop.announce_ready_file(path)?;
        }
        tell(|out| match self.output {
            Output::Json => out.json(workshop.ready()),
            Output::Text => {
                writeln!(out, "Learners join at  {}", workshop.url())?;
                writeln!(out, "with the code     {}", workshop.join_code())?;
                writeln!(out, "Your dashboard    {}  (for you alone)\n", workshop.dashboard())?;
                writeln!(out, "{seats} seats. Ctrl-C ends, and every seat with it.")
            }
        })?;
        let signal = workshop.block_on(signals.wait())?.name();
        // A class that is gone asks why.
        let _ = writeln!(terminal::err(), "eks-auth-sim: {signal} ended the workshop");
        if let Some(path) = &self.ready_file {
            let _ = fs::remove_file(path);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints on stdout where everything is. Whoever has read enough of it, such as `head -1`, ends nothing.
fn tell(write: impl FnOnce(&mut Printer) -> io::Result<()>) -> io::Result<()> {
    let mut out = terminal::out();
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        told => told,
    }
}

/// The authenticator's log on stderr. Who reads it slowly, or not at all, holds nothing up: see [`LogQueue`].
pub(super) struct StderrLog(LogQueue);

/// How long the last lines are waited for where they are not read.
const LAST_LINES_TIME: Duration = Duration::from_millis(200);

impl StderrLog {
    /// Nothing is reported when stderr is closed.
    pub(super) fn start() -> io::Result<Self> {
        // A descriptor of its own: who writes to a full pipe must not hold the lock that a last word of ours wants.
        let mut stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let queue = LogQueue::start(move |line| {
            let _ = stderr.write_all(format!("{line}\n").as_bytes());
        })?;
        Ok(Self(queue))
    }

    /// What takes the lines.
    pub(super) fn sink(&self) -> Box<dyn Fn(&str) + Send + Sync> {
        let queue = self.0.clone();
        Box::new(move |line| queue.push(line))
    }
}

impl Drop for StderrLog {
    fn drop(&mut self) {
        self.0.flush(LAST_LINES_TIME);
    }
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

fn write_how_to(out: &mut Printer, running: &Running) -> io::Result<()> {
    writeln!(
        out,
        "AWS endpoint  {}  (STS, IAM, EKS, EC2, Logs, CloudFormation, SSO)",
        running.aws_endpoint()
    )?;
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
