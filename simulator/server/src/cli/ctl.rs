//! `ctl`: acts on a running simulator.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use clap::Subcommand;
use eks_auth_core::value::instant;
use eks_auth_core::value::printable::line;
use eks_auth_core::world::fault::FaultSpec;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::read_file_within;
use super::terminal;
use super::terminal::Printer;
use crate::control::api;
use crate::control::api::Ask;
use crate::control::api::Freeze;
use crate::control::api::IssueCertificate;
use crate::control::api::MoveClock;
use crate::control::api::Operation;
use crate::control::api::Refusal;
use crate::control::api::Restaged;
use crate::control::api::SNAPSHOT_LIMIT;
use crate::net::client;
use crate::state::private_file;

/// Act on a running simulator
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eks-auth-sim ctl clock advance 16m")]
pub(super) struct Ctl {
    #[command(flatten)]
    simulator: RunningSimulator,
    #[command(subcommand)]
    command: CtlCommand,
}

/// Which running simulator is meant.
#[derive(Clone, Debug, Args)]
pub(super) struct RunningSimulator {
    /// The ready file of the running simulator
    #[arg(long, value_name = "FILE", env = "EKS_AUTH_SIM_READY_FILE", global = true)]
    ready_file: Option<PathBuf>,
}

/// Of a ready file, where something answers; empty where it does not.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ready {
    /// The URL of the control interface.
    control: String,
    /// The URL of a workshop's dashboard, with the token that opens it.
    dashboard: String,
}

#[derive(Debug, Subcommand)]
enum CtlCommand {
    /// Show, move, freeze or thaw the World's clock
    Clock {
        #[command(subcommand)]
        command: Option<ClockCommand>,
    },
    /// Show the sign-ins to Identity Center that wait, or approve one
    Sso {
        #[command(subcommand)]
        command: Option<SsoCommand>,
    },
    /// Add, list or clear faults of the AWS services
    Fault {
        #[command(subcommand)]
        command: FaultCommand,
    },
    /// Print what happened, one JSON object a line
    Events {
        /// Only events after this sequence number
        #[arg(long, default_value_t = 0, conflicts_with = "audit")]
        since: u64,
        /// The audit events of the clusters instead, as their API servers log them
        #[arg(long)]
        audit: bool,
    },
    /// Make a certificate by which the clusters know a client, and a kubeconfig with it; EKS itself gives nobody one
    #[command(
        after_help = "Example:\n  eks-auth-sim ctl client-certificate --user jane --group devs -o jane\n  \
                            kubectl --kubeconfig jane/client.kubeconfig auth whoami"
    )]
    ClientCertificate(CertificateArgs),
    /// Put World and logs back to how they were staged at the start
    ///
    /// Addresses and keys stay. A cluster that was made since is gone; one that was deleted is back. What happened is forgotten.
    #[command(after_help = "Example:\n  eks-auth-sim ctl reset")]
    Reset,
    /// Write the whole World into a file, from which `restore` puts it back; logs and events are not in it
    ///
    /// The file has the secret keys of this made-up World; only you may read it.
    #[command(after_help = "Example:\n  eks-auth-sim ctl snapshot before.json\n  eks-auth-sim ctl restore before.json")]
    Snapshot {
        /// The file; `-` is standard output
        file: String,
    },
    /// Write the state directory of a running simulator into an archive: World, certificate authority, ports and logs
    ///
    /// Unpacked into a new directory, it is one for --state-dir. The archive has the secret keys of this made-up World; only you
    /// may read it.
    #[command(
        after_help = "Example:\n  eks-auth-sim ctl backup sim.tar.gz\n  mkdir again && tar -xzf sim.tar.gz -C again\n  \
                      eks-auth-sim serve --state-dir again"
    )]
    Backup {
        /// The file; `-` is standard output
        file: String,
    },
    /// Put a World back from the file that `snapshot` wrote; the simulator must have been started with the same scenario
    #[command(after_help = "Example:\n  eks-auth-sim ctl restore before.json")]
    Restore {
        /// The file; `-` is standard input
        file: String,
    },
    /// Print what came of a workshop
    Workshop {
        #[command(subcommand)]
        command: WorkshopCommand,
    },
}

#[derive(Debug, Subcommand)]
enum WorkshopCommand {
    /// A row for each scenario that somebody began, as CSV
    Results,
}

#[derive(Debug, Args)]
struct CertificateArgs {
    /// The user: the certificate's common name
    #[arg(long)]
    user: String,
    /// A group: an organization of the certificate; twice at most
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// How long it holds by the World's clock, such as 90s, 16m, 2h or 1d [default: 365d]
    #[arg(long, value_name = "DURATION")]
    duration: Option<String>,
    /// The folder that client.crt, client.key and client.kubeconfig go to
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output_dir: PathBuf,
}

#[derive(Debug, Subcommand)]
enum FaultCommand {
    /// Add one
    #[command(
        after_help = "Example:\n  eks-auth-sim ctl fault add throttle --service sts --action AssumeRole --count 2"
    )]
    Add(FaultArgs),
    /// List them, one JSON object a line
    List,
    /// Remove one, or all
    Clear {
        /// Its number
        id: Option<u64>,
    },
}

#[derive(Debug, Args)]
struct FaultArgs {
    /// throttle, error, latency, timeout (no answer comes) or drop (the connection ends)
    effect: String,
    /// The service, such as sts, iam, eks or logs [default: all]
    #[arg(long)]
    service: Option<String>,
    /// The operation; `*` stands for any text [default: all]
    #[arg(long)]
    action: Option<String>,
    /// The caller's ARN; `*` stands for any text [default: everyone]
    #[arg(long, value_name = "ARN")]
    principal: Option<String>,
    /// The error's code [default: InternalFailure]
    #[arg(long)]
    code: Option<String>,
    /// The error's HTTP status [default: 500]
    #[arg(long)]
    status: Option<u16>,
    /// The error's message
    #[arg(long)]
    message: Option<String>,
    /// How long `latency` keeps an answer back
    #[arg(long, value_name = "MS")]
    milliseconds: Option<u64>,
    /// How many calls it strikes [default: until it is cleared]
    #[arg(long)]
    count: Option<u64>,
    /// Which part of the calls it strikes, above 0 and up to 1 [default: 1]
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
}

/// JSON cannot say what is no number, and the simulator would take it for absent.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| *rate > 0.0 && *rate <= 1.0);
    rate.ok_or_else(|| "rate is above 0 and at most 1".to_owned())
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Move it by a duration such as 90s, 16m, 2h or 1d; a leading minus moves it back
    Advance {
        /// The duration
        #[arg(allow_hyphen_values = true)]
        duration: String,
    },
    /// Set it to an instant such as 2026-11-24T00:44:57Z
    Set {
        /// The instant
        instant: String,
    },
    /// Let it stand still, now or at an instant; `advance` and `set` move it still
    Freeze {
        /// The instant
        instant: Option<String>,
    },
    /// Let it run on from what it shows
    Thaw,
    /// Go back to the machine's time
    Reset,
    /// Show it, as without a word
    Show,
}

#[derive(Debug, Subcommand)]
enum SsoCommand {
    /// Approve the sign-in that waits under a code, as the approval page does
    Approve {
        /// The code that the client shows, such as ABCD-EFGH
        user_code: String,
        /// The user of Identity Center who approves; absent: the first one of the world
        #[arg(long)]
        user: Option<String>,
    },
}

impl Ctl {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let simulator = &self.simulator;
        let mut out = terminal::out();
        match self.command {
            CtlCommand::ClientCertificate(wish) => {
                for file in wish.write(simulator)? {
                    writeln!(out, "{}", file.display())?;
                }
            }
            CtlCommand::Reset => writeln!(out, "reset: {}", names(&simulator.call(api::Reset)?))?,
            CtlCommand::Snapshot { file } => simulator.save(Operation::Snapshot, &file, &mut out)?,
            CtlCommand::Backup { file } => simulator.save(Operation::Backup, &file, &mut out)?,
            CtlCommand::Restore { file } => {
                let snapshot = read_file_within(SNAPSHOT_LIMIT as u64, &file, "a file of this size is no snapshot")
                    .map_err(|error| Failure::usage(format!("cannot read `{file}`: {error}")))?;
                let restaged = simulator.call(api::Restore { snapshot })?;
                writeln!(out, "restored: {}", names(&restaged))?;
            }
            CtlCommand::Workshop {
                command: WorkshopCommand::Results,
            } => write!(out, "{}", String::from_utf8_lossy(&simulator.workshop_results()?))?,
            CtlCommand::Events { audit: true, .. } => {
                for event in simulator.call(api::ListAuditEvents)?.events {
                    out.json(event)?;
                }
            }
            CtlCommand::Events { since, audit: false } => {
                for event in simulator.call(api::ListEvents { since })?.events {
                    out.json(api::text(&event))?;
                }
            }
            CtlCommand::Sso { command: None } => {
                for api::SignIn { user_code, expires } in simulator.call(api::ListSignIns)?.sign_ins {
                    writeln!(out, "{} until {}", line(&user_code), line(&expires))?;
                }
            }
            CtlCommand::Sso {
                command: Some(SsoCommand::Approve { user_code, user }),
            } => {
                let asked = api::ApproveSignIn {
                    user_code: user_code.clone(),
                    user,
                };
                let approved = simulator.call(asked)?;
                writeln!(out, "approved {} as {}", line(&user_code), line(&approved.user))?;
            }
            CtlCommand::Fault { command } => match command {
                FaultCommand::Add(fault) => {
                    let spec = FaultSpec {
                        service: fault.service,
                        action: fault.action,
                        principal: fault.principal,
                        effect: fault.effect,
                        code: fault.code,
                        status: fault.status,
                        message: fault.message,
                        milliseconds: fault.milliseconds,
                        count: fault.count,
                        rate: fault.rate,
                    };
                    writeln!(out, "fault {}", simulator.call(spec)?.id)?;
                }
                FaultCommand::List => {
                    for fault in simulator.call(api::ListFaults)?.faults {
                        out.json(api::text(&fault))?;
                    }
                }
                FaultCommand::Clear { id } => {
                    let answer = simulator.call(api::ClearFaults { id })?;
                    writeln!(out, "{} cleared", answer.cleared)?;
                }
            },
            CtlCommand::Clock { command } => {
                let clock = match command.unwrap_or(ClockCommand::Show).asked()? {
                    None => simulator.call(api::ReadClock)?,
                    Some(asked) => simulator.call(asked)?,
                };
                let frozen = if clock.frozen { ", frozen" } else { "" };
                writeln!(out, "{} ({:+} s{frozen})", clock.now, clock.offset_seconds)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl ClockCommand {
    /// What becomes of the clock; nothing where it is only shown.
    fn asked(self) -> Result<Option<MoveClock>, Failure> {
        let unmoved = MoveClock::default();
        Ok(Some(match self {
            Self::Show => return Ok(None),
            Self::Advance { duration: text } => MoveClock {
                advance_seconds: Some(duration(&text)?),
                ..unmoved
            },
            Self::Set { instant } => MoveClock {
                set: Some(instant),
                ..unmoved
            },
            Self::Freeze { instant } => MoveClock {
                freeze: Some(instant.map_or(Freeze::Here(true), Freeze::At)),
                ..unmoved
            },
            Self::Thaw => MoveClock {
                thaw: Some(true),
                ..unmoved
            },
            Self::Reset => MoveClock {
                reset: Some(true),
                ..unmoved
            },
        }))
    }
}

impl CertificateArgs {
    /// Has the certificate made, and says which files hold it.
    fn write(self, simulator: &RunningSimulator) -> Result<Vec<PathBuf>, Failure> {
        let made = simulator.call(IssueCertificate {
            user: self.user.clone(),
            groups: self.groups,
            seconds: self.duration.as_deref().map(duration).transpose()?,
        })?;
        let encoded = |pem: &str| STANDARD.encode(pem);
        let named = |value: Value, name: &str, what: &str| json!({"name": name, what: value});
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": made.clusters.first().map(|cluster| &*cluster.name).unwrap_or_default(),
            "clusters": made.clusters.iter().map(|cluster| named(
                json!({
                    "server": cluster.endpoint,
                    "certificate-authority-data": encoded(&cluster.certificate_authority),
                }),
                &cluster.name,
                "cluster",
            )).collect::<Vec<_>>(),
            "contexts": made.clusters.iter().map(|cluster| named(
                json!({"cluster": cluster.name, "user": self.user}),
                &cluster.name,
                "context",
            )).collect::<Vec<_>>(),
            "users": [named(
                json!({
                    "client-certificate-data": encoded(&made.certificate),
                    "client-key-data": encoded(&made.key),
                }),
                &self.user,
                "user",
            )],
        });
        fs::create_dir_all(&self.output_dir)?;
        let mut files = Vec::new();
        for (name, content) in [
            ("client.crt", made.certificate),
            ("client.key", made.key),
            ("client.kubeconfig", format!("{kubeconfig:#}\n")),
        ] {
            let file = self.output_dir.join(name);
            private_file::write_private(&file, &content)?;
            files.push(file);
        }
        Ok(files)
    }
}

impl RunningSimulator {
    /// Whether a running simulator is named.
    pub(super) fn is_named(&self) -> bool {
        self.ready_file.is_some()
    }

    /// What the ready file says.
    fn ready(&self) -> Result<Ready, Failure> {
        let Some(file) = &self.ready_file else {
            return Err(Failure::usage(
                "which simulator? give --ready-file, or source the env file of `serve --ready-file FILE`",
            ));
        };
        let text = fs::read_to_string(file).map_err(|error| {
            Failure::usage(format!(
                "cannot read ready file `{}`: {error}; is the simulator running?",
                file.display()
            ))
        })?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("`{}` is no ready file: {error}", file.display())))
    }

    /// The results of the workshop that runs, as CSV.
    fn workshop_results(&self) -> Result<Vec<u8>, Failure> {
        let Ready { dashboard, .. } = self.ready()?;
        let (url, token) = dashboard
            .rsplit_once("/d/")
            .ok_or_else(|| Failure::usage("that is no workshop: it was not started with --seats"))?;
        let answer = client::send(
            client::ServerAddress::plain(url).map_err(Failure::usage)?,
            &client::Request {
                method: "GET",
                path_and_query: "/results.csv",
                headers: &[("authorization".to_owned(), format!("Bearer {token}"))],
                body: &[],
            },
        )
        .map_err(|error| Failure::usage(format!("no workshop answers at {url}: {error}")))?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(Failure::usage(format!("{url} answered {status}"))),
        }
    }

    /// Asks the running simulator's control interface.
    pub(super) fn call<A: Ask>(&self, asked: A) -> Result<A::Answer, Failure> {
        let query = asked.query();
        read(&self.send(A::OPERATION, &query, &asked.body())?)
    }

    /// Writes what an operation answers into a file that only the user may read; `-` is standard output.
    fn save(&self, operation: Operation, file: &str, out: &mut Printer) -> Result<(), Failure> {
        let content = self.send(operation, "", &[])?;
        match file {
            "-" => out.verbatim(&content).map_err(Failure::from),
            file => private_file::write_whole(Path::new(file), content)
                .map_err(|error| Failure::usage(format!("cannot write `{file}`: {error}"))),
        }
    }

    /// Sends a request to the control interface, and returns the answer's body where it is no refusal.
    fn send(&self, operation: Operation, query: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let endpoint = self.ready()?.control;
        let (method, path) = operation.route();
        let separator = if query.is_empty() { "" } else { "?" };
        let answer = client::send(
            client::ServerAddress::plain(&endpoint).map_err(Failure::usage)?,
            &client::Request {
                method,
                path_and_query: &format!("{path}{separator}{query}"),
                headers: &[("content-type".to_owned(), "application/json".to_owned())],
                body,
            },
        )
        .map_err(|error| Failure::usage(format!("no simulator answers at {endpoint}: {error}")))?;
        match answer.status {
            200 => Ok(answer.body),
            _ => Err(Failure::usage(read::<Refusal>(&answer.body)?.error)),
        }
    }
}

/// Reads an answer of the control interface.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::usage(format!("this is no answer of a simulator: {error}")))
}

/// The clusters of another World, for people.
fn names(restaged: &Restaged) -> String {
    match restaged.clusters.len() {
        0 => "no cluster".to_owned(),
        _ => restaged.clusters.join(", "),
    }
}

/// Reads `90s`, `16m`, `2h`, `1d`, or plain seconds.
fn duration(text: &str) -> Result<i64, Failure> {
    instant::duration_seconds(text)
        .ok_or_else(|| Failure::usage(format!("`{text}` is no duration; write 90s, 16m, 2h or 1d")))
}
