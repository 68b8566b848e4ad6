//! `exec`: a simulator for the length of one command.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::WorldArgs;
use super::serve::StderrLog;
use crate::environment;
use crate::simulator::Simulator;

/// Start everything, run a command in its environment, stop, and end as the command did
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eks-auth-sim exec -- kubectl get svc")]
pub(super) struct Exec {
    #[command(flatten)]
    world: WorldArgs,
    /// Show the authenticator's log on stderr
    #[arg(long)]
    log: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl Exec {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut config = self.world.config()?;
        let log = self.log.then(StderrLog::start).transpose()?;
        if let Some(log) = &log {
            config.log = log.sink();
        }
        let running = Simulator::start(config).map_err(Failure::usage)?;
        let ready_file = running.dir().join("ready.json");
        running.announce_ready_file(&ready_file)?;
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Failure::usage("no command given"));
        };
        let mut command = Command::new(program);
        command.args(arguments).envs(running.env());
        for name in environment::UNSET {
            command.env_remove(name);
        }
        let status = command
            .status()
            .map_err(|error| Failure::usage(format!("cannot run `{}`: {error}", program.display())))?;
        // As a shell has it: a command that a signal ended counts 128 and the signal's number.
        let code = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap_or(1);
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    }
}
