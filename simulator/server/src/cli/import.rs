//! `import`: a customer's artifacts to a scenario.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use eks_auth_core::scenario::import;
use eks_auth_core::scenario::import::Artifact;
use eks_auth_core::scenario::import::ArtifactKind;
use eks_auth_core::scenario::import::Finding;
use eks_auth_core::scenario::import::Import as Imported;
use eks_auth_core::scenario::import::Options;
use eks_auth_core::scenario::ticket;
use eks_auth_core::value::printable;
use serde_json::json;

use super::Failure;
use super::Output;
use super::answer;
use super::answer::finding_value;
use super::scenario::Spoken;
use super::terminal;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// Make a scenario of a customer's artifacts, which shows the same denial
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  eks-auth-sim import --aws-auth aws-auth.yaml --log authenticator.log -o my-case\n  \
                        eks-auth-sim import ticket.txt --anonymise -o my-case\n  \
                        eks-auth-sim import ticket.txt   # only tells the cause, as `explain` does\n  \
                        aws sts get-caller-identity | eks-auth-sim import - --aws-auth aws-auth.yaml -o my-case\n\n\
                        The exit code is 1 where nothing comes of the artifacts or the cause is not known, 2 where a file cannot \
                        be read."
)]
pub(super) struct Import {
    /// Texts of any kind, or several in one, as they were pasted; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    artifacts: Artifacts,
    /// What `aws sts get-caller-identity` prints for the one who is denied
    #[arg(long, value_name = "FILE")]
    caller_identity: Vec<String>,
    /// Lines of the authenticator's log, or an export of CloudWatch Logs
    #[arg(long, value_name = "FILE")]
    log: Vec<String>,
    /// The kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Vec<String>,
    /// What kubectl printed when it was refused
    #[arg(long, value_name = "FILE")]
    client_error: Vec<String>,
    /// The folder to make; its name is the scenario's id [default: none, the cause is told]
    #[arg(short, long = "out", value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace names, ids, addresses and account numbers, the same by the same
    #[arg(long, requires = "out")]
    anonymise: bool,
    /// The seed of the replacements [default: another one each time]
    #[arg(long, value_name = "NUMBER", requires = "anonymise")]
    seed: Option<u64>,
    #[command(flatten)]
    spoken: Spoken,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What says who is mapped.
#[derive(Debug, Args)]
pub(super) struct Artifacts {
    /// The ConfigMap: what `kubectl get configmap aws-auth -n kube-system -o yaml` prints
    #[arg(long, value_name = "FILE")]
    aws_auth: Vec<String>,
    /// What `aws eks list-access-entries`, `describe-access-entry` and `list-associated-access-policies` print
    #[arg(long, value_name = "FILE")]
    access_entries: Vec<String>,
    /// What `aws eks describe-cluster` prints
    #[arg(long, value_name = "FILE")]
    cluster_json: Vec<String>,
}

impl Artifacts {
    pub(super) fn is_empty(&self) -> bool {
        self.aws_auth.is_empty() && self.access_entries.is_empty() && self.cluster_json.is_empty()
    }

    pub(super) fn read(&self) -> Result<Vec<Artifact>, Failure> {
        let mut artifacts = Vec::new();
        for (files, kind) in [
            (&self.cluster_json, ArtifactKind::Cluster),
            (&self.aws_auth, ArtifactKind::AwsAuth),
            (&self.access_entries, ArtifactKind::AccessEntries),
        ] {
            read_all(files, Some(kind), &mut artifacts)?;
        }
        Ok(artifacts)
    }
}

impl Import {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut artifacts = self.artifacts.read()?;
        for (files, kind) in [
            (&self.kubeconfig, Some(ArtifactKind::Kubeconfig)),
            (&self.caller_identity, Some(ArtifactKind::CallerIdentity)),
            (&self.log, Some(ArtifactKind::Log)),
            (&self.client_error, Some(ArtifactKind::ClientError)),
            (&self.files, None),
        ] {
            read_all(files, kind, &mut artifacts)?;
        }
        if artifacts.is_empty() {
            return Err(Failure::usage(
                "give at least one file: a line of the log, or who is denied",
            ));
        }
        let Some(out) = self.out.clone() else {
            return answer::print(&ticket::answer(&artifacts), self.output, self.spoken.language());
        };
        let id = id_of(&out)?;
        // Also where it is a link that leads nowhere yet.
        if fs::symlink_metadata(out.join("scenario.yaml")).is_ok() {
            return Err(Failure::usage(format!("`{}` has a scenario already", out.display())));
        }
        let seed = self
            .seed
            .unwrap_or_else(|| SystemClock.now().unix_millis().unsigned_abs());
        let options = Options {
            id,
            anonymise: self.anonymise.then_some(seed),
        };
        let imported = match import::import(&artifacts, &options) {
            Ok(imported) => imported,
            Err(refusal) => {
                self.say(&refusal.findings)?;
                if self.output == Output::Json {
                    let value = json!({"findings": refusal.findings.iter().map(finding_value).collect::<Vec<_>>()});
                    terminal::out().json(format_args!("{value:#}"))?;
                }
                return Err(Failure::not_so(refusal));
            }
        };
        self.say(&imported.findings)?;
        fs::create_dir_all(&out)?;
        for (name, text) in &imported.files {
            fs::write(out.join(name), text)?;
        }
        self.tell(&imported, &out)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The findings on standard error; in JSON they are in the answer.
    fn say(&self, findings: &[Finding]) -> io::Result<()> {
        let mut err = terminal::err();
        for finding in findings.iter().filter(|_| self.output == Output::Text) {
            writeln!(err, "{finding}")?;
        }
        Ok(())
    }

    fn tell(&self, imported: &Imported, folder: &Path) -> io::Result<()> {
        let mut out = terminal::out();
        let folder = folder.display();
        match self.output {
            Output::Text => writeln!(
                out,
                "{folder}: {} is denied\ncause: {}\n{}\n\nRun it: eks-auth-sim scenario run {folder}",
                printable::line(&imported.caller),
                imported.explanation.cause.id(),
                printable::line(&imported.explanation.sentence)
            ),
            Output::Json => {
                let answer = json!({
                    "folder": folder.to_string(),
                    "files": imported.files.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                    "caller": imported.caller,
                    "cause": imported.explanation.cause.id(),
                    "sentence": imported.explanation.sentence,
                    "fix": imported.explanation.fix,
                    "findings": imported.findings.iter().map(finding_value).collect::<Vec<_>>(),
                });
                out.json(format_args!("{answer:#}"))
            }
        }
    }
}

/// The folder's name as an id of a scenario.
fn id_of(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(is_good) {
        return Err(Failure::usage(
            "the folder's name is the scenario's id: lower-case letters, digits and dashes",
        ));
    }
    Ok(name.to_owned())
}

fn read_all(files: &[String], kind: Option<ArtifactKind>, artifacts: &mut Vec<Artifact>) -> Result<(), Failure> {
    for file in files {
        let text = read(file).map_err(|error| Failure::usage(format!("cannot read `{file}`: {error}")))?;
        artifacts.push(Artifact {
            file: if file == "-" { "stdin".to_owned() } else { file.clone() },
            text,
            kind,
        });
    }
    Ok(())
}

/// A file as text; what Windows writes as UTF-16 too.
fn read(file: &str) -> io::Result<String> {
    let bytes = super::read_file(
        file,
        "it is larger than 16 MiB: cut the log down to the time of the denial",
    )?;
    answer::decoded(bytes)
}
