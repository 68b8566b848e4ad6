//! `exec`: a simulator for the length of one command.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;
use std::process::ExitStatus;
use std::time::Duration;

use clap::Args;
use rustix::process::Pid;
use rustix::process::getpgrp;
use rustix::process::kill_process;
use rustix::termios::tcgetpgrp;
use tokio::process::Child;
use tokio::process::Command;

use super::Failure;
use super::WorldArgs;
use super::end_signal::Background;
use super::end_signal::EndSignal;
use super::end_signal::EndSignals;
use super::serve::StderrLog;
use crate::environment;
use crate::simulator::Simulator;

/// How long a command may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

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
        let mut signals = EndSignals::listen(Background::Spared)?;
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
        signals.hold();
        let ended = running.block_on(async {
            let mut child = command.spawn()?;
            attend(&mut child, &mut signals).await
        })?;
        let status = ended.map_err(|error| Failure::usage(format!("cannot run `{}`: {error}", program.display())))?;
        // As a shell has it: a command that a signal ended counts 128 and the signal's number.
        let code = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap_or(1);
        Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
    }
}

/// Waits for a command, and hands it the signals that come. One that they do not end is killed.
async fn attend(child: &mut Child, signals: &mut EndSignals) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            ended = child.wait() => return ended,
            signal = signals.wait() => if forward(child, signal) { break },
        }
    }
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            ended = child.wait() => return ended,
            signal = signals.wait() => {
                forward(child, signal);
            }
            () = &mut patience => {
                child.start_kill()?;
                return child.wait().await;
            }
        }
    }
}

/// Hands a command a signal, and says whether it did. A terminal gives Ctrl-C and Ctrl-\ to the command itself, which may go
/// on then, as a shell does; a second time would be one too many for kubectl, which ends by it without tidying up.
fn forward(child: &Child, signal: EndSignal) -> bool {
    let is_of_terminal = matches!(signal, EndSignal::Interrupt | EndSignal::Quit) && is_in_foreground();
    if is_of_terminal {
        return false;
    }
    // No id, where it has ended.
    let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
    pid.is_some_and(|pid| kill_process(pid, signal.signal()).is_ok())
}

/// Whether the terminal, where there is one, sends its signals to this process and to what it runs.
fn is_in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()))
}
