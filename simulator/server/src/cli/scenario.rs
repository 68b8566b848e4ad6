//! `scenario`: the catalogue of broken scenarios.

mod play;
mod run;

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use annotate_snippets::Group;
use annotate_snippets::Level;
use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use eks_auth_core::scenario;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::ScenarioError;
use eks_auth_core::scenario::Step;
use eks_auth_core::value::printable;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use super::clients::tell;
use super::excerpt;
use super::terminal;
use crate::runner::Clients;
use crate::runner::Language;
use crate::runner::catalogue;
use crate::runner::clients;
use crate::runner::clients::Wanted;

/// What `new` begins with.
const SKELETON: &str = include_str!("scenario/skeleton.yaml");
/// The name that stands in it.
const SKELETON_NAME: &str = "SCENARIO-NAME";

/// List, show and run the broken scenarios
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  eks-auth-sim scenario list\n  eks-auth-sim scenario run unmapped-role\n  \
                        eks-auth-sim scenario run --all\n  eks-auth-sim scenario play unmapped-role"
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
    Run(run::Run),
    Play(play::Play),
    #[command(hide = true)]
    Ask(play::Ask),
    /// Say whether scenario files are right: line, column, and what to fix
    Validate {
        /// Scenario folders or files, or built-in scenarios by name
        #[arg(value_name = "PATH", required = true)]
        scenarios: Vec<String>,
    },
    /// Write a commented scenario to begin with: a folder of that name
    New {
        /// Lower-case letters, digits and dashes
        name: String,
        /// Where the folder is made
        #[arg(long, value_name = "DIR", default_value = ".")]
        dir: PathBuf,
    },
    /// Print the JSON Schema of scenario files
    Schema,
}

#[derive(Clone, Copy, Debug, Args)]
struct Print {
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    spoken: Spoken,
}

/// Whether clients that are missing are installed.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct InstallClients {
    /// Install the AWS CLI 2 and kubectl where they are not on PATH, as `clients install` does: pip or uv downloads them
    #[arg(long)]
    install_clients: bool,
}

impl InstallClients {
    /// The clients that are there, once those that are missing are installed where that was asked for. An old kubectl is
    /// replaced then, and reported otherwise.
    pub(super) fn clients(self) -> Result<Clients, Failure> {
        let mut found = Clients::found();
        let old = found.kubectl.as_deref().and_then(clients::old_kubectl);
        if self.install_clients {
            let mut wanted = found.missing();
            if old.is_some() {
                wanted.push("kubectl");
            }
            if wanted.is_empty() {
                return Ok(found);
            }
            let folder =
                clients::folder().ok_or_else(|| Failure::usage("there is no HOME: set EKS_AUTH_SIM_CLIENTS"))?;
            let wanted: Vec<Wanted> = wanted.into_iter().map(Wanted::program).collect();
            for program in clients::install(&folder, &wanted, &mut tell).map_err(Failure::not_so)? {
                match program.name {
                    "aws" => found.aws = Some(program.path),
                    _ => found.kubectl = Some(program.path),
                }
            }
        } else if let Some(version) = old {
            let (major, minor) = clients::OLDEST_KUBECTL;
            tell(&format!(
                "kubectl {version} is older than {major}.{minor}, with which every scenario reproduces: some will not \
                 (--install-clients uses a newer one)"
            ));
        }
        Ok(found)
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Spoken {
    /// The language of texts for people [default: that of the locale]
    #[arg(long, value_enum)]
    pub(super) lang: Option<Lang>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Lang {
    /// English
    En,
    /// Korean
    Ko,
}

impl Spoken {
    pub(super) fn language(self) -> Language {
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
            Command::Run(command) => command.run(),
            Command::Play(command) => command.run(),
            Command::Ask(command) => command.run(),
            Command::Validate { scenarios } => validate(&scenarios),
            Command::New { name, dir } => new(&name, &dir),
            Command::Schema => {
                terminal::out().json(format_args!("{:#}", scenario::schema()))?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Reads a scenario; its text goes along, for the simulator that plays it.
pub(super) fn load(name: &str) -> Result<(Scenario, String), Failure> {
    let text = catalogue::load(name).map_err(Failure::usage)?;
    let scenario = Scenario::parse(&text).map_err(|error| Failure::usage(format!("{name}:{error}")))?;
    Ok((scenario, text))
}

fn list(print: Print) -> Result<ExitCode, Failure> {
    let mut out = terminal::out();
    let mut scenarios = Vec::new();
    for id in catalogue::built_in() {
        scenarios.push(load(id)?.0);
    }
    let width = scenarios
        .iter()
        .map(|scenario| scenario.id.len())
        .max()
        .unwrap_or_default();
    match print.output {
        Output::Json => out.json(format_args!("{:#}", scenarios.iter().map(summary).collect::<Value>()))?,
        Output::Text => {
            for scenario in &scenarios {
                let title = printable::line(print.spoken.language().of(&scenario.title).trim_end());
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
    let mut out = terminal::out();
    if print.output == Output::Json {
        let mut value = summary(&scenario);
        if let Some(map) = value.as_object_mut() {
            let texts = |texts: &[eks_auth_core::scenario::Text]| -> Value {
                texts.iter().map(|text| json!({"en": text.en, "ko": text.ko})).collect()
            };
            let steps = |steps: &[Step]| -> Value {
                steps
                    .iter()
                    .map(|step| json!({"run": step.command(), "profile": step.profile}))
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
        out.json(format_args!("{value:#}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let language = print.spoken.language();
    let pick = |english: &'static str, korean: &'static str| match language {
        Language::English => english,
        Language::Korean => korean,
    };
    let title = printable::line(language.of(&scenario.title).trim_end());
    writeln!(out, "{} · {title}\n", scenario.id)?;
    writeln!(out, "{}", language.of(&scenario.story))?;
    writeln!(out, "{}: {}", pick("cause", "원인"), scenario.cause.id())?;
    for (heading, steps) in [
        (pick("symptom", "증상"), &scenario.symptom),
        (pick("fix", "해결"), &scenario.fix),
        (pick("proof", "확인"), &scenario.proof),
    ] {
        writeln!(out, "\n{heading}:")?;
        for step in steps {
            let profile = step.profile.as_deref().map(printable::line);
            let profile = profile.map(|profile| format!("AWS_PROFILE={profile} "));
            writeln!(out, "  $ {}{}", profile.unwrap_or_default(), step.command())?;
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

fn validate(names: &[String]) -> Result<ExitCode, Failure> {
    let mut out = terminal::out();
    let mut wrong = 0;
    for name in names {
        let text = catalogue::load(name).map_err(Failure::usage)?;
        match Scenario::parse(&text) {
            Ok(scenario) => {
                let shown = printable::line(name);
                writeln!(out, "{shown}: good")?;
                for remark in remarks(name, &scenario) {
                    writeln!(out, "{shown}: note: {}", printable::line(&remark))?;
                }
            }
            Err(error) => {
                wrong += 1;
                out.verbatim(render_error(name, &text, &error).as_bytes())?;
            }
        }
    }
    match wrong {
        0 => Ok(ExitCode::SUCCESS),
        wrong => Err(Failure::not_so(format!("{wrong} of {} are not right", names.len()))),
    }
}

/// What a scenario of the catalogue has, and others may do without.
fn remarks(name: &str, scenario: &Scenario) -> Vec<String> {
    let mut remarks = Vec::new();
    let folder = Path::new(name).file_name().and_then(|folder| folder.to_str());
    if Path::new(name).is_dir() && folder.is_some_and(|folder| folder != "." && folder != scenario.id) {
        remarks.push(format!("the id is `{}`, not that of the folder", scenario.id));
    }
    if scenario.hints.len() != 3 {
        remarks.push(format!(
            "it has {} hints, where people expect three",
            scenario.hints.len()
        ));
    }
    if scenario.learned.is_none() {
        remarks.push("it has no `learned`, which is printed at the end of `play`".to_owned());
    }
    if !scenario.proof.iter().any(|step| step.caller.is_some()) {
        remarks.push("no step of its proof has a `caller`, so that anybody's credentials would fix it".to_owned());
    }
    remarks
}

/// An error with its line and a marker beneath the value.
fn render_error(name: &str, text: &str, error: &ScenarioError) -> String {
    let path = Path::new(name);
    let file = if path.is_dir() {
        path.join("scenario.yaml").display().to_string()
    } else {
        name.to_owned()
    };
    let head = printable::lines(&format!("{}:{error}\n", printable::line(&file))).into_owned();
    let place = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (line, column) = (place(error.line), place(error.column));
    if line == 0 || line == usize::MAX {
        return head;
    }
    let source = &printable::in_place(excerpt::line_of(text, line));
    let rest: String = source.chars().skip(column.saturating_sub(1)).collect();
    let length = rest.trim_end().chars().count();
    let group = Group::with_level(Level::ERROR).element(excerpt::snippet(source, line, column, length));
    format!("{head}{}\n", terminal::renderer().render(&[group]))
}

fn new(name: &str, dir: &Path) -> Result<ExitCode, Failure> {
    let text = SKELETON.replace(SKELETON_NAME, name);
    Scenario::parse(&text).map_err(|error| Failure::usage(error.message))?;
    let folder = dir.join(name);
    fs::create_dir_all(dir)?;
    fs::create_dir(&folder).map_err(|error| Failure::usage(format!("cannot make `{}`: {error}", folder.display())))?;
    let file = folder.join("scenario.yaml");
    fs::write(&file, text)?;
    writeln!(
        terminal::out(),
        "{}\n\nNext:\n  eks-auth-sim scenario validate {folder}\n  eks-auth-sim scenario run --mutate {folder}",
        file.display(),
        folder = folder.display()
    )?;
    Ok(ExitCode::SUCCESS)
}
