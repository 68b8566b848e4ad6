//! `scenario run`: scenarios in parallel, each in a simulator of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use clap::Args;
use clap::ValueEnum;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::value::printable;
use serde_json::Value;

use super::Failure;
use super::InstallClients;
use super::Spoken;
use super::load;
use crate::cli::end_signal::Background;
use crate::cli::end_signal::EndSignals;
use crate::cli::terminal;
use crate::runner;
use crate::runner::Clients;
use crate::runner::Language;
use crate::runner::RunError;
use crate::runner::Transcript;
use crate::runner::catalogue;

/// Reproduce scenarios with the real clients: symptom, cause, fix, proof
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 when all went as the files say (what cannot be played here is told and counts as neither), \
                        1 when one went otherwise, 2 for wrong usage or files.\n\nExamples:\n  eks-auth-sim scenario run unmapped-role\n  \
                        eks-auth-sim scenario run --all --report scenarios.xml"
)]
pub(super) struct Run {
    /// Built-in scenarios by name, or scenario folders or files
    #[arg(value_name = "NAME|PATH", required_unless_present = "all", conflicts_with = "all")]
    scenarios: Vec<String>,
    /// Every built-in scenario
    #[arg(long)]
    all: bool,
    /// How many at once [default: one a processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Who makes the requests [default: the real clients that are on PATH, the built-in one for the others]
    #[arg(long, value_enum)]
    client: Option<ClientChoice>,
    #[command(flatten)]
    install: InstallClients,
    /// See as well whether the scenarios show anything: without the fix the proof must fail, with it the symptom must, the
    /// alternatives must do, and the mistakes must not
    #[arg(long)]
    mutate: bool,
    /// See whether what `explain` says gives access: the commands of its fix take the place of the file's own, and what was
    /// refused must go well then. A fix without commands is told as not tried
    #[arg(long, conflicts_with = "mutate")]
    explained: bool,
    /// How to print the transcripts
    #[arg(long, value_enum, default_value_t)]
    output: Format,
    /// Write the transcripts to a file too, in the format that its ending names: .txt, .json, .xml (JUnit), .md
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    spoken: Spoken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClientChoice {
    /// The one inside the simulator; it knows the commands of AWS's article
    Builtin,
    /// aws and kubectl, which must be on PATH or installed by `clients install`
    Real,
}

/// How transcripts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// JUnit XML, for CI
    Junit,
    /// A document
    Markdown,
}

impl Format {
    fn of(file: &Path) -> Result<Self, Failure> {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("txt") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some("xml") => Ok(Self::Junit),
            Some("md") => Ok(Self::Markdown),
            _ => Err(Failure::usage(format!(
                "`{}` ends with none of .txt, .json, .xml, .md",
                file.display()
            ))),
        }
    }

    fn render(self, transcripts: &[Transcript], language: Language) -> String {
        let rendered = match self {
            Self::Text => {
                let mut texts: Vec<String> = transcripts
                    .iter()
                    .map(|transcript| runner::text(transcript, language))
                    .collect();
                texts.push(summary(transcripts, language));
                texts.join("\n")
            }
            Self::Json => {
                let document = format!("{:#}\n", transcripts.iter().map(runner::json).collect::<Value>());
                return printable::json(&document).into_owned();
            }
            Self::Junit => runner::junit(transcripts),
            Self::Markdown => runner::markdown(transcripts, language),
        };
        // A report is printed sooner or later.
        printable::lines(&rendered).into_owned()
    }
}

fn summary(transcripts: &[Transcript], language: Language) -> String {
    let total = transcripts.len();
    let reproduced = transcripts
        .iter()
        .filter(|transcript| transcript.is_reproduced())
        .count();
    let mut text = match language {
        Language::English => format!("{reproduced} of {total} scenarios reproduced\n"),
        Language::Korean => format!("시나리오 {total}개 중 {reproduced}개 재현\n"),
    };
    let untried = transcripts
        .iter()
        .filter(|transcript| transcript.skipped.is_some())
        .count();
    if untried > 0 {
        text.push_str(&match language {
            Language::English => {
                format!("{untried} not tried: they need the real aws and kubectl (--install-clients installs both)\n")
            }
            Language::Korean => {
                format!("{untried}개는 시도하지 않음: 실제 aws와 kubectl이 필요합니다(--install-clients로 설치)\n")
            }
        });
    }
    text
}

impl Run {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        // Ended by a signal, the scenarios that are played leave no folder and no client behind.
        let _signals = EndSignals::listen(Background::Spared)?;
        let report = match &self.report {
            None => None,
            Some(file) => Some((file, Format::of(file)?)),
        };
        let names = if self.all {
            catalogue::built_in().map(str::to_owned).collect()
        } else {
            self.scenarios
        };
        let scenarios: Vec<(Scenario, String)> = names.iter().map(|name| load(name)).collect::<Result<_, _>>()?;
        let clients = clients(self.client, self.install)?;
        let jobs = self
            .jobs
            .or_else(|| thread::available_parallelism().ok().map(Into::into));
        let stage = Troupe {
            clients,
            mutate: self.mutate,
            explained: self.explained,
            progress: Progress::new(scenarios.len()),
        };
        let transcripts = stage.play_all(scenarios, jobs.unwrap_or(1));
        let transcripts: Vec<Transcript> = transcripts
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(Failure::usage)?;
        let language = self.spoken.language();
        if let Some((file, format)) = report {
            fs::write(file, format.render(&transcripts, language))
                .map_err(|error| Failure::usage(format!("cannot write `{}`: {error}", file.display())))?;
        }
        terminal::out().verbatim(self.output.render(&transcripts, language).as_bytes())?;
        let otherwise = transcripts
            .iter()
            .filter(|transcript| !transcript.faults.is_empty())
            .count();
        match otherwise {
            0 => Ok(ExitCode::SUCCESS),
            otherwise => Err(Failure::not_so(format!(
                "{otherwise} of {} scenarios went otherwise",
                transcripts.len()
            ))),
        }
    }
}

/// The clients that make the requests; who stands in for others is reported.
fn clients(choice: Option<ClientChoice>, install: InstallClients) -> Result<Clients, Failure> {
    let clients = match choice {
        Some(ClientChoice::Builtin) => return Ok(Clients::default()),
        Some(ClientChoice::Real) | None => install.clients()?,
    };
    let missing = clients.missing();
    if choice.is_some() && !missing.is_empty() {
        return Err(Failure::usage(format!(
            "not on PATH: {} (--install-clients installs them)",
            missing.join(", ")
        )));
    }
    for name in missing {
        let _ = writeln!(
            terminal::err(),
            "{name} is not on PATH: the built-in client makes its requests"
        );
    }
    Ok(clients)
}

/// Plays scenarios.
struct Troupe {
    clients: Clients,
    mutate: bool,
    explained: bool,
    progress: Progress,
}

impl Troupe {
    /// Plays the scenarios, `jobs` at once, each in a simulator of its own; transcripts in the order of the scenarios.
    fn play_all(&self, scenarios: Vec<(Scenario, String)>, jobs: usize) -> Vec<Result<Transcript, RunError>> {
        let waiting = Mutex::new(scenarios.into_iter().enumerate());
        let played = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                scope.spawn(|| {
                    loop {
                        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some((at, (scenario, text))) = next else { return };
                        let id = scenario.id.clone();
                        self.progress.begins(&id);
                        let transcript = self.play(scenario, &text);
                        self.progress.ends(&id, &transcript);
                        played
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((at, transcript));
                    }
                });
            }
        });
        let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
        played.sort_by_key(|(at, _)| *at);
        played.into_iter().map(|(_, transcript)| transcript).collect()
    }

    fn play(&self, scenario: Scenario, text: &str) -> Result<Transcript, RunError> {
        if self.explained {
            return runner::play_explained(scenario, text, &self.clients);
        }
        let mut transcript = runner::play(scenario, text, &self.clients)?;
        if self.mutate && transcript.is_reproduced() {
            runner::mutate(&mut transcript, text, &self.clients)?;
        }
        Ok(transcript)
    }
}

/// Reports on standard error how far it is: one line that changes on a terminal, a line a scenario elsewhere.
struct Progress {
    total: usize,
    is_terminal: bool,
    state: Mutex<(usize, BTreeSet<String>)>,
}

impl Progress {
    fn new(total: usize) -> Self {
        Self {
            total,
            is_terminal: terminal::is_err_terminal(),
            state: Mutex::default(),
        }
    }

    fn begins(&self, id: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.insert(id.to_owned());
        if self.is_terminal {
            self.write_line(&state);
        }
    }

    fn ends(&self, id: &str, transcript: &Result<Transcript, RunError>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += 1;
        state.1.remove(id);
        if self.is_terminal {
            self.write_line(&state);
            return;
        }
        let told = match transcript {
            Ok(transcript) if transcript.skipped.is_some() => "– ".to_owned() + id,
            Ok(transcript) => {
                let mark = if transcript.is_reproduced() { '✔' } else { '✘' };
                format!("{mark} {id} ({:.1} s)", transcript.seconds)
            }
            Err(error) => format!("✘ {id}: {error}"),
        };
        let _ = writeln!(terminal::err(), "[{}/{}] {told}", state.0, self.total);
    }

    fn write_line(&self, (done, playing): &(usize, BTreeSet<String>)) {
        let names: Vec<&str> = playing.iter().map(String::as_str).collect();
        let line = if names.is_empty() {
            String::new()
        } else {
            format!("[{done}/{}] {}", self.total, names.join(", "))
        };
        // Back to the beginning of the line, which is cleared.
        let mut err = terminal::err();
        let _ = err.verbatim(b"\r\x1b[K");
        let _ = write!(err, "{line}");
    }
}
