//! `ctl`: acts on a running simulator.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use clap::Subcommand;
use eks_auth_core::value::instant;
use eks_auth_core::world::fault::FaultSpec;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::read_file_within;
use crate::control::api::Restaged;
use crate::control::api::SNAPSHOT_LIMIT;
use crate::net::client;
use crate::state::private_file;

/// Act on a running simulator
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  eks-auth-sim ctl clock advance 16m")]
pub(super) struct Ctl {
    #[command(flatten)]
    target: Target,
    #[command(subcommand)]
    command: CtlCommand,
}

/// Which running simulator is meant.
#[derive(Clone, Debug, Args)]
pub(super) struct Target {
    /// The ready file of the running simulator
    #[arg(long, value_name = "FILE", env = "EKS_AUTH_SIM_READY_FILE", global = true)]
    ready_file: Option<PathBuf>,
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
    /// Take one away, or all
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
    #[arg(long)]
    rate: Option<f64>,
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
        let mut out = io::stdout().lock();
        match self.command {
            CtlCommand::ClientCertificate(wish) => {
                for file in wish.write(&self.target)? {
                    writeln!(out, "{}", file.display())?;
                }
            }
            CtlCommand::Reset => writeln!(out, "reset: {}", self.target.restage("/v1/reset", &[])?)?,
            CtlCommand::Snapshot { file } => {
                let answer = self.target.ask("GET", "/v1/snapshot", &[])?;
                if answer.status != 200 {
                    read_answer(&answer.body)?;
                }
                match file.as_str() {
                    "-" => out.write_all(&answer.body)?,
                    file => private_file::write_whole(Path::new(file), &String::from_utf8_lossy(&answer.body))
                        .map_err(|error| Failure::usage(format!("cannot write `{file}`: {error}")))?,
                }
            }
            CtlCommand::Restore { file } => {
                let snapshot = read_file_within(SNAPSHOT_LIMIT as u64, &file, "a file of this size is no snapshot")
                    .map_err(|error| Failure::usage(format!("cannot read `{file}`: {error}")))?;
                writeln!(out, "restored: {}", self.target.restage("/v1/restore", &snapshot)?)?;
            }
            CtlCommand::Workshop {
                command: WorkshopCommand::Results,
            } => out.write_all(&self.target.workshop_results()?)?,
            CtlCommand::Events { since, audit } => {
                let path = if audit {
                    "/v1/audit-events".to_owned()
                } else {
                    format!("/v1/events?since={since}")
                };
                let answer = self.target.call("GET", &path, None)?;
                for event in answer.get("events").and_then(Value::as_array).into_iter().flatten() {
                    writeln!(out, "{event}")?;
                }
            }
            CtlCommand::Sso { command: None } => {
                let answer = self.target.call("GET", "/v1/sso", None)?;
                for sign_in in answer.get("sign_ins").and_then(Value::as_array).into_iter().flatten() {
                    let text = |name: &str| sign_in.get(name).and_then(Value::as_str).unwrap_or_default();
                    writeln!(out, "{} until {}", text("user_code"), text("expires"))?;
                }
            }
            CtlCommand::Sso {
                command: Some(SsoCommand::Approve { user_code, user }),
            } => {
                let body = json!({"user_code": user_code, "user": user});
                let answer = self.target.call("POST", "/v1/sso/approve", Some(body))?;
                let user = answer.get("user").and_then(Value::as_str).unwrap_or_default();
                writeln!(out, "approved {user_code} as {user}")?;
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
                    let answer = self.target.call("POST", "/v1/faults", Some(json!(spec)))?;
                    writeln!(out, "fault {}", answer.get("id").unwrap_or(&Value::Null))?;
                }
                FaultCommand::List => {
                    let answer = self.target.call("GET", "/v1/faults", None)?;
                    for fault in answer.get("faults").and_then(Value::as_array).into_iter().flatten() {
                        writeln!(out, "{fault}")?;
                    }
                }
                FaultCommand::Clear { id } => {
                    let query = id.map(|id| format!("?id={id}")).unwrap_or_default();
                    let answer = self.target.call("DELETE", &format!("/v1/faults{query}"), None)?;
                    writeln!(out, "{} cleared", answer.get("cleared").unwrap_or(&Value::Null))?;
                }
            },
            CtlCommand::Clock { command } => {
                let body = match command {
                    None | Some(ClockCommand::Show) => None,
                    Some(ClockCommand::Advance { duration: text }) => {
                        Some(json!({"advance_seconds": duration(&text)?}))
                    }
                    Some(ClockCommand::Set { instant }) => Some(json!({"set": instant})),
                    Some(ClockCommand::Freeze { instant: None }) => Some(json!({"freeze": true})),
                    Some(ClockCommand::Freeze { instant: Some(at) }) => Some(json!({"freeze": at})),
                    Some(ClockCommand::Thaw) => Some(json!({"thaw": true})),
                    Some(ClockCommand::Reset) => Some(json!({"reset": true})),
                };
                let method = if body.is_some() { "POST" } else { "GET" };
                let answer = self.target.call(method, "/v1/clock", body)?;
                let now = answer.get("now").and_then(Value::as_str).unwrap_or_default();
                let offset = answer.get("offset_seconds").and_then(Value::as_i64).unwrap_or_default();
                let is_frozen = answer.get("frozen").and_then(Value::as_bool) == Some(true);
                let frozen = if is_frozen { ", frozen" } else { "" };
                writeln!(out, "{now} ({offset:+} s{frozen})")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl CertificateArgs {
    /// Has the certificate made, and says which files hold it.
    fn write(&self, target: &Target) -> Result<Vec<PathBuf>, Failure> {
        let seconds = self.duration.as_deref().map(duration).transpose()?;
        let wish = json!({"user": self.user, "groups": self.groups, "seconds": seconds});
        let made = target.call("POST", "/v1/client-certificate", Some(wish))?;
        let text = |value: &Value, name: &str| {
            let text = value.get(name).and_then(Value::as_str).unwrap_or_default();
            text.to_owned()
        };
        let encoded = |pem: String| STANDARD.encode(pem);
        let (certificate, key) = (text(&made, "certificate"), text(&made, "key"));
        let clusters: Vec<&Value> = made
            .get("clusters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .collect();
        let named = |value: Value, name: &str, what: &str| json!({"name": name, what: value});
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": clusters.first().map(|cluster| text(cluster, "name")).unwrap_or_default(),
            "clusters": clusters.iter().map(|cluster| named(
                json!({
                    "server": text(cluster, "endpoint"),
                    "certificate-authority-data": encoded(text(cluster, "certificate_authority")),
                }),
                &text(cluster, "name"),
                "cluster",
            )).collect::<Vec<_>>(),
            "contexts": clusters.iter().map(|cluster| named(
                json!({"cluster": text(cluster, "name"), "user": self.user}),
                &text(cluster, "name"),
                "context",
            )).collect::<Vec<_>>(),
            "users": [named(
                json!({
                    "client-certificate-data": encoded(certificate.clone()),
                    "client-key-data": encoded(key.clone()),
                }),
                &self.user,
                "user",
            )],
        });
        fs::create_dir_all(&self.output_dir)?;
        let mut files = Vec::new();
        for (name, content) in [
            ("client.crt", certificate),
            ("client.key", key),
            ("client.kubeconfig", format!("{kubeconfig:#}\n")),
        ] {
            let file = self.output_dir.join(name);
            private_file::write_private(&file, &content)?;
            files.push(file);
        }
        Ok(files)
    }
}

impl Target {
    /// Whether a running simulator is named.
    pub(super) fn is_named(&self) -> bool {
        self.ready_file.is_some()
    }

    /// What the ready file says.
    fn ready(&self) -> Result<Value, Failure> {
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
        let ready = self.ready()?;
        let dashboard = ready.get("dashboard").and_then(Value::as_str).unwrap_or_default();
        let (url, token) = dashboard
            .rsplit_once("/d/")
            .ok_or_else(|| Failure::usage("that is no workshop: it was not started with --seats"))?;
        let answer = client::send(
            client::Target::plain(url).map_err(Failure::usage)?,
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

    /// Calls the running simulator's control interface.
    pub(super) fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        read_answer(&self.ask(method, path, body.as_bytes())?.body)
    }

    /// Has another World put in place, and says which clusters are in it.
    fn restage(&self, path: &str, body: &[u8]) -> Result<String, Failure> {
        let answer = read_answer(&self.ask("POST", path, body)?.body)?;
        let restaged: Restaged = serde_json::from_value(answer).map_err(Failure::usage)?;
        Ok(match restaged.clusters.len() {
            0 => "no cluster".to_owned(),
            _ => restaged.clusters.join(", "),
        })
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<client::Answer, Failure> {
        let ready = self.ready()?;
        let endpoint = ready.get("control").and_then(Value::as_str).unwrap_or_default();
        client::send(
            client::Target::plain(endpoint).map_err(Failure::usage)?,
            &client::Request {
                method,
                path_and_query: path,
                headers: &[("content-type".to_owned(), "application/json".to_owned())],
                body,
            },
        )
        .map_err(|error| Failure::usage(format!("no simulator answers at {endpoint}: {error}")))
    }
}

/// An answer of the control interface.
fn read_answer(body: &[u8]) -> Result<Value, Failure> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::usage(format!("this is no answer of a simulator: {error}")))?;
    match value.get("error").and_then(Value::as_str) {
        Some(error) => Err(Failure::usage(error)),
        None => Ok(value),
    }
}

/// Reads `90s`, `16m`, `2h`, `1d`, or plain seconds.
fn duration(text: &str) -> Result<i64, Failure> {
    instant::duration_seconds(text)
        .ok_or_else(|| Failure::usage(format!("`{text}` is no duration; write 90s, 16m, 2h or 1d")))
}
