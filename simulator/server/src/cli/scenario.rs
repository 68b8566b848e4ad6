//! `scenario`: the catalogue of misfortunes.

use std::env;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use crate::catalogue;
use crate::runner;
use crate::runner::Clients;
use crate::runner::Language;
use crate::runner::RunError;
use crate::runner::Transcript;

/// List, show and run the staged misfortunes
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  eks-auth-sim scenario list\n  eks-auth-sim scenario run unmapped-role\n  \
                        eks-auth-sim scenario run --all"
)]
pub(super) struct ScenarioCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the built-in scenarios, a line each
    List {
        #[command(flatten)]
        print: Print,
    },
    /// Print a scenario: its story, symptom, hints, fix and proof
    Show {
        /// A built-in scenario by name, or a scenario folder or file
        #[arg(value_name = "NAME|PATH")]
        scenario: String,
        #[command(flatten)]
        print: Print,
    },
    /// Reproduce scenarios with the real clients: symptom, cause, fix, proof
    Run {
        /// Built-in scenarios by name, or scenario folders or files
        #[arg(value_name = "NAME|PATH", required_unless_present = "all", conflicts_with = "all")]
        scenarios: Vec<String>,
        /// Every built-in scenario
        #[arg(long)]
        all: bool,
        /// How many at once [default: one a processor]
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Clone, Copy, Debug, Args)]
struct Print {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// The language of stories, hints and headings [default: that of the locale]
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// English
    En,
    /// Korean
    Ko,
}

impl Print {
    fn language(self) -> Language {
        match self.lang {
            Some(Lang::En) => Language::English,
            Some(Lang::Ko) => Language::Korean,
            None => {
                let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                    .iter()
                    .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
                match locale {
                    Some(locale) if locale.starts_with("ko") => Language::Korean,
                    _ => Language::English,
                }
            }
        }
    }
}

impl ScenarioCommand {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::List { print } => list(print),
            Command::Show { scenario, print } => show(&scenario, print),
            Command::Run {
                scenarios,
                all,
                jobs,
                print,
            } => {
                let names = if all {
                    catalogue::built_in().iter().map(|(id, _)| (*id).to_owned()).collect()
                } else {
                    scenarios
                };
                run(&names, jobs, print)
            }
        }
    }
}

/// Reads a scenario; its text goes along, for the simulator that plays it.
fn load(name: &str) -> Result<(Scenario, String), Failure> {
    let text = catalogue::load(name).map_err(Failure::usage)?;
    let scenario = Scenario::parse(&text).map_err(|error| Failure::usage(format!("{name}:{error}")))?;
    Ok((scenario, text))
}

fn list(print: Print) -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    let mut scenarios = Vec::new();
    for (id, _) in catalogue::built_in() {
        scenarios.push(load(id)?.0);
    }
    let width = scenarios
        .iter()
        .map(|scenario| scenario.id.len())
        .max()
        .unwrap_or_default();
    match print.output {
        Output::Json => writeln!(out, "{:#}", scenarios.iter().map(summary).collect::<Value>())?,
        Output::Text => {
            for scenario in &scenarios {
                let title = print.language().of(&scenario.title);
                let stars = "★".repeat(usize::from(scenario.difficulty));
                writeln!(out, "{:<width$}  {stars:<5}  {title}", scenario.id)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(scenario: &Scenario) -> Value {
    json!({
        "id": scenario.id,
        "title": {"en": scenario.title.en, "ko": scenario.title.ko},
        "difficulty": scenario.difficulty,
        "tags": scenario.tags,
        "cause": scenario.cause.id(),
    })
}

fn show(name: &str, print: Print) -> Result<ExitCode, Failure> {
    let (scenario, _) = load(name)?;
    let mut out = io::stdout().lock();
    if print.output == Output::Json {
        let mut value = summary(&scenario);
        if let Some(map) = value.as_object_mut() {
            let texts = |texts: &[eks_auth_core::scenario::Text]| -> Value {
                texts.iter().map(|text| json!({"en": text.en, "ko": text.ko})).collect()
            };
            let steps = |steps: &[Step]| -> Value {
                steps
                    .iter()
                    .map(|step| json!({"run": step.run, "profile": step.profile, "fails": step.fails, "prints": step.prints, "log": step.log}))
                    .collect()
            };
            map.insert(
                "story".to_owned(),
                json!({"en": scenario.story.en, "ko": scenario.story.ko}),
            );
            map.insert("hints".to_owned(), texts(&scenario.hints));
            map.insert("symptom".to_owned(), steps(&scenario.symptom));
            map.insert("fix".to_owned(), steps(&scenario.fix));
            map.insert("proof".to_owned(), steps(&scenario.proof));
        }
        writeln!(out, "{value:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let language = print.language();
    let pick = |english: &'static str, korean: &'static str| match language {
        Language::English => english,
        Language::Korean => korean,
    };
    writeln!(out, "{} · {}\n", scenario.id, language.of(&scenario.title))?;
    writeln!(out, "{}", language.of(&scenario.story))?;
    writeln!(out, "{}: {}", pick("cause", "원인"), scenario.cause.id())?;
    for (heading, steps) in [
        (pick("symptom", "증상"), &scenario.symptom),
        (pick("fix", "해결"), &scenario.fix),
        (pick("proof", "확인"), &scenario.proof),
    ] {
        writeln!(out, "\n{heading}:")?;
        for step in steps {
            let profile = step.profile.as_ref().map(|profile| format!("AWS_PROFILE={profile} "));
            writeln!(out, "  $ {}{}", profile.unwrap_or_default(), step.run)?;
        }
    }
    if !scenario.hints.is_empty() {
        writeln!(out, "\n{}:", pick("hints", "힌트"))?;
        for (at, hint) in scenario.hints.iter().enumerate() {
            writeln!(out, "  {}. {}", at + 1, language.of(hint).trim_end())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run(names: &[String], jobs: Option<usize>, print: Print) -> Result<ExitCode, Failure> {
    let scenarios: Vec<(Scenario, String)> = names.iter().map(|name| load(name)).collect::<Result<_, _>>()?;
    let clients = Clients::on_path();
    for name in clients.missing() {
        let _ = writeln!(
            io::stderr(),
            "{name} is not on PATH: the built-in client makes its requests"
        );
    }
    let mut reproduced = 0;
    let mut values = Vec::new();
    let mut out = io::stdout().lock();
    let total = scenarios.len();
    let jobs = jobs.or_else(|| thread::available_parallelism().ok().map(Into::into));
    for transcript in play_all(scenarios, &clients, jobs.unwrap_or(1)) {
        let transcript = transcript.map_err(Failure::usage)?;
        reproduced += usize::from(transcript.is_reproduced());
        match print.output {
            Output::Json => values.push(runner::json(&transcript)),
            Output::Text => writeln!(out, "{}", runner::text(&transcript, print.language()))?,
        }
    }
    match print.output {
        Output::Json => writeln!(out, "{:#}", Value::from(values))?,
        Output::Text => {
            let line = match print.language() {
                Language::English => format!("{reproduced} of {total} scenarios reproduced"),
                Language::Korean => format!("시나리오 {total}개 중 {reproduced}개 재현"),
            };
            writeln!(out, "{line}")?;
        }
    }
    if reproduced == total {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Failure::not_so(format!(
            "{} of {total} scenarios went otherwise",
            total - reproduced
        )))
    }
}

/// Plays the scenarios, `jobs` at once, each in a simulator of its own; transcripts in the order of the scenarios.
fn play_all(scenarios: Vec<(Scenario, String)>, clients: &Clients, jobs: usize) -> Vec<Result<Transcript, RunError>> {
    let show_progress = io::stderr().is_terminal();
    let waiting = Mutex::new(scenarios.into_iter().enumerate());
    let played = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((at, (scenario, text))) = next else { return };
                    if show_progress {
                        let _ = writeln!(io::stderr(), "… {}", scenario.id);
                    }
                    let transcript = runner::play(scenario, &text, clients);
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
