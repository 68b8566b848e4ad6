//! The command line: arguments as clap reads them, one file a command, and the exit codes.
//!
//! 0 is good, 1 means that the thing asked is not so, 2 wrong usage or input.

mod answer;
mod clients;
mod completions;
mod ctl;
mod end_signal;
mod excerpt;
mod exec;
mod explain;
mod import;
mod lint;
mod man;
mod operations;
mod scenario;
mod serve;
mod terminal;
mod token;
mod verify;
mod webhook;

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::io::Read;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use crate::ending;
use crate::runner::catalogue;
use crate::simulator::Config;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// The program.
const NAME: &str = "eks-auth-sim";

/// A local simulator of Amazon EKS authentication.
#[derive(Debug, Parser)]
#[command(name = NAME, version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Exec(exec::Exec),
    Scenario(scenario::ScenarioCommand),
    Explain(explain::Explain),
    Import(import::Import),
    Lint(lint::Lint),
    Token(token::Token),
    Verify(verify::Verify),
    Webhook(webhook::Webhook),
    Operations(operations::Operations),
    Clients(clients::ClientsCommand),
    Ctl(ctl::Ctl),
    Completions(completions::Completions),
    Man(man::ManCommand),
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Which World to begin with.
#[derive(Debug, Args)]
struct WorldArgs {
    /// A scenario by name, or a scenario folder or file; without it, the World of AWS's article
    #[arg(long, value_name = "NAME|PATH")]
    scenario: Option<String>,
    /// The address to listen on; other than loopback only together with --allow-remote. The control interface stays on loopback
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// Let other machines in: they can sign with the keys of this World, which are no secret
    #[arg(long)]
    allow_remote: bool,
    /// The port of the AWS endpoint [default: any free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    aws_port: u16,
    /// Where everything is kept: the World, ports, certificates, client files; started again with it, the simulator goes on
    /// where it was, whatever ended it [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
}

impl WorldArgs {
    fn config(self) -> Result<Config, Failure> {
        if !self.listen.is_loopback() && !self.allow_remote {
            return Err(Failure::usage(format!(
                "--listen {} lets other machines in; add --allow-remote if you mean it",
                self.listen
            )));
        }
        let mut config = Config::new(world_text(self.scenario.as_deref())?);
        if self.scenario.is_none() {
            config.world = None;
        }
        config.listen = self.listen;
        config.aws_port = self.aws_port;
        config.state_dir = self.state_dir;
        Ok(config)
    }
}

/// The text of a scenario, or of the article's World.
fn world_text(scenario: Option<&str>) -> Result<String, Failure> {
    match scenario {
        None => Ok(eks_auth_core::scenario::ARTICLE_WORLD.to_owned()),
        Some(name) => catalogue::load(name).map_err(Failure::usage),
    }
}

/// The name of the first cluster of a World.
fn first_cluster(world: &str) -> Result<String, Failure> {
    let staging = eks_auth_core::scenario::stage(world, SystemClock.now()).map_err(Failure::usage)?;
    let name = staging.world.clusters.keys().next().cloned();
    name.ok_or_else(|| Failure::usage("the world has no cluster"))
}

/// An argument, or standard input where it is `-`.
fn read_or(argument: String) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

/// Files are no larger than this: a ConfigMap holds 1 MiB at most, a kubeconfig is smaller, and a longer log is no excerpt.
const FILE_LIMIT: u64 = 16 << 20;

/// A file, or standard input where it is `-`. `too_large` says of a larger one what is wrong.
fn read_file(file: &str, too_large: &str) -> io::Result<Vec<u8>> {
    read_file_within(FILE_LIMIT, file, too_large)
}

/// The same of a file that may be of another size.
fn read_file_within(limit: u64, file: &str, too_large: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file {
        "-" => io::stdin().lock().take(limit + 1).read_to_end(&mut bytes)?,
        _ => File::open(file)?.take(limit + 1).read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(too_large));
    }
    Ok(bytes)
}

/// Why a command ends with another code than 0.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The thing asked is not so.
    fn not_so(message: impl Display) -> Self {
        Self {
            code: 1,
            message: message.to_string(),
        }
    }

    /// Wrong usage or input.
    fn usage(message: impl Display) -> Self {
        Self {
            code: 2,
            message: message.to_string(),
        }
    }
}

/// A closed pipe ends a command; nobody is left to be told.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self {
                code: 0,
                message: String::new(),
            };
        }
        Self::usage(error)
    }
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(command) => command.run(),
        Command::Exec(command) => command.run(),
        Command::Scenario(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Lint(command) => command.run(),
        Command::Token(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Webhook(command) => command.run(),
        Command::Operations(command) => command.run(),
        Command::Clients(command) => command.run(),
        Command::Ctl(command) => command.run(),
        Command::Completions(command) => command.run(),
        Command::Man(command) => command.run(),
    };
    ending::wait_if_ending();
    result.unwrap_or_else(|failure| {
        if !failure.message.is_empty() {
            let _ = writeln!(terminal::err(), "eks-auth-sim: {}", failure.message);
        }
        ExitCode::from(failure.code)
    })
}
