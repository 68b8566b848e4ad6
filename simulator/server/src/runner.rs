//! Plays a scenario with the real clients: symptom, cause, fix, proof, each compared with what the file says.
//!
//! A client that is not on PATH is stood in for by `builtin`, which makes the same requests.

mod builtin;
pub mod catalogue;
pub mod clients;
mod executor;
mod explained;
mod home;
mod lesson;
mod mutate;
pub(crate) mod place;
mod process;
mod render;

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::PoisonError;

use eks_auth_core::explain::Explanation;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;

use self::executor::Executor;
use self::executor::LogLines;
use crate::environment;
use crate::simulator::Config;
use crate::simulator::Running;
use crate::simulator::Simulator;
use crate::simulator::StartError;
use crate::state::clock::Stopwatch;

pub(crate) use self::executor::Rigour;
pub(crate) use self::executor::apply_action;
pub(crate) use self::executor::faults;
pub(crate) use self::executor::unexpected_caller;
pub use self::explained::play_explained;
pub use self::home::SignInFailure;
pub(crate) use self::lesson::Lesson;
pub(crate) use self::lesson::Request;
pub use self::mutate::mutate;
pub use self::place::PlaceError;
pub use self::render::Language;
pub use self::render::json;
pub use self::render::junit;
pub use self::render::markdown;
pub use self::render::text;

/// The real clients that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clients {
    /// The AWS CLI.
    pub aws: Option<PathBuf>,
    /// kubectl.
    pub kubectl: Option<PathBuf>,
}

impl Clients {
    /// Those on PATH, and those that [`clients::install`] has put where PATH has none.
    #[must_use]
    pub fn found() -> Self {
        let find = |name| environment::find_program(name).or_else(|| clients::find(name));
        Self {
            aws: find("aws"),
            kubectl: find("kubectl"),
        }
    }

    /// The names of those that are not there.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        [("aws", &self.aws), ("kubectl", &self.kubectl)]
            .into_iter()
            .filter(|(_, path)| path.is_none())
            .map(|(name, _)| name)
            .collect()
    }

    /// Those that PATH does not lead to, by name.
    fn beside_path(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        [("aws", &self.aws), ("kubectl", &self.kubectl)]
            .into_iter()
            .filter_map(|(name, path)| Some((name, path.as_deref()?)))
            .filter(|(name, path)| environment::find_program(name).as_deref() != Some(*path))
    }

    fn find(&self, name: &str) -> Option<&Path> {
        match name {
            "aws" => self.aws.as_deref(),
            "kubectl" => self.kubectl.as_deref(),
            _ => None,
        }
    }
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The scenario.
    pub scenario: Scenario,
    /// The commands that were run, up to the first that went otherwise than the file says.
    pub played: Vec<PlayedStep>,
    /// What `explain` says of the symptom, once it was seen.
    pub explanation: Option<Explanation>,
    /// What is not as the file says; none when the scenario was reproduced.
    pub faults: Vec<String>,
    /// What else was tried, and that it went as it should; see [`mutate`].
    pub mutations: Vec<String>,
    /// The alternatives and mistakes that only the real clients could try, see [`mutate`], and why the fix of `explain` was not
    /// tried, see [`play_explained`].
    pub untried: Vec<String>,
    /// Why it could not be played to the end here.
    pub skipped: Option<String>,
    /// How long it took.
    pub seconds: f64,
}

impl Transcript {
    fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            played: Vec::new(),
            explanation: None,
            faults: Vec::new(),
            mutations: Vec::new(),
            untried: Vec::new(),
            skipped: None,
            seconds: 0.0,
        }
    }

    /// Whether everything was as the file says.
    #[must_use]
    pub fn is_reproduced(&self) -> bool {
        self.faults.is_empty() && self.skipped.is_none()
    }
}

/// The parts of a scenario in which commands are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScenarioStage {
    /// What the person sees.
    Symptom,
    /// What fixes it.
    Fix,
    /// What shows that it is fixed.
    Proof,
}

/// A command that was run.
#[derive(Clone, Debug)]
pub struct PlayedStep {
    /// In which part.
    pub stage: ScenarioStage,
    /// The step as the file has it.
    pub step: Step,
    /// Whether the real client ran it.
    pub real: bool,
    /// What it printed on both streams; secrets are left out.
    pub output: String,
    /// Its exit code; nothing when a signal ended it.
    pub exit_code: Option<i32>,
    /// The lines that the authenticator wrote to its log since the last step that says what they must be.
    pub log: Vec<String>,
    /// Why it went so, where a cluster or the client's own words tell.
    pub explanation: Option<Explanation>,
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The lines of both streams in the order in which they came.
    pub(crate) output: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit_code: Option<i32>,
}

impl Outcome {
    /// That of what is no command.
    fn nothing() -> Self {
        Self::printed(String::new(), String::new(), 0)
    }

    fn printed(stdout: String, stderr: String, code: i32) -> Self {
        Self {
            output: format!("{stdout}{stderr}"),
            stdout,
            stderr,
            exit_code: Some(code),
        }
    }
}

/// Plays `scenario`, whose text is `text`, in a simulator of its own.
///
/// # Errors
/// [`RunError`] when the simulator does not start or a client cannot be run; that something is not as the file says is
/// no error.
pub fn play(scenario: Scenario, text: &str, clients: &Clients) -> Result<Transcript, RunError> {
    let watch = Stopwatch::start();
    if scenario.real_clients && !clients.missing().is_empty() {
        let mut transcript = Transcript::new(scenario);
        transcript.skipped = Some(RunError::NotBuiltIn.to_string());
        return Ok(transcript);
    }
    let theatre = Theatre::open(text)?;
    let mut executor = theatre.executor(&scenario, clients)?;
    let mut transcript = Transcript::new(scenario);
    match play_in(&mut transcript, &mut executor) {
        Err(RunError::NotBuiltIn) => transcript.skipped = Some(RunError::NotBuiltIn.to_string()),
        other => other?,
    }
    transcript.seconds = watch.seconds();
    Ok(transcript)
}

fn play_in(transcript: &mut Transcript, executor: &mut Executor<'_>) -> Result<(), RunError> {
    for (stage, steps) in [
        (ScenarioStage::Symptom, transcript.scenario.symptom.clone()),
        (ScenarioStage::Fix, transcript.scenario.fix.clone()),
        (ScenarioStage::Proof, transcript.scenario.proof.clone()),
    ] {
        for step in steps {
            let (played, faults) = executor.run(stage, step, Rigour::Whole)?;
            transcript.played.push(played);
            if !faults.is_empty() {
                transcript.faults = faults;
                return Ok(());
            }
        }
        if stage == ScenarioStage::Symptom {
            transcript.explanation = explanation_of(&transcript.played).cloned();
            let wanted = transcript.scenario.cause;
            let found = transcript.explanation.as_ref().map(|explanation| explanation.cause);
            if found != Some(wanted) {
                let found = found.map_or("nothing", |cause| cause.id());
                transcript
                    .faults
                    .push(format!("the cause is `{found}`, not `{}`", wanted.id()));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What explains a symptom: that of its last command that has an explanation.
fn explanation_of(played: &[PlayedStep]) -> Option<&Explanation> {
    played.iter().rev().find_map(|played| played.explanation.as_ref())
}

/// A simulator of a scenario, whose authenticator's log is kept.
pub(crate) struct Theatre {
    pub(crate) running: Running,
    log: LogLines,
}

impl Theatre {
    /// Starts it.
    ///
    /// # Errors
    /// [`RunError::Start`].
    pub(crate) fn open(text: &str) -> Result<Self, RunError> {
        let log = LogLines::default();
        let mut config = Config::new(text);
        config.log = {
            let log = LogLines::clone(&log);
            Box::new(move |line| log.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned()))
        };
        let running = Simulator::start(config)?;
        running.announce_ready_file(&running.dir().join("ready.json"))?;
        Ok(Self { running, log })
    }

    /// Makes the person's home, and whoever does the steps in it.
    ///
    /// # Errors
    /// [`RunError`] when a file cannot be written.
    pub(crate) fn executor<'a>(&'a self, scenario: &Scenario, clients: &'a Clients) -> Result<Executor<'a>, RunError> {
        Executor::new(&self.running, clients, scenario, LogLines::clone(&self.log))
    }
}

/// Why a scenario could not be played.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A client is there but cannot be run.
    #[error("cannot run `{program}`: {source}")]
    Client {
        /// Its name.
        program: String,
        /// The system's word.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot prepare the scenario's files: {0}")]
    Io(#[from] io::Error),
    /// Only the real clients can do it.
    #[error("the built-in client does not know a command of it: install aws and kubectl")]
    NotBuiltIn,
    /// A step wants what is not there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A user of Identity Center cannot sign in.
    #[error("`{user}` cannot sign in: {error}")]
    SignIn {
        /// The user.
        user: String,
        /// Why not.
        #[source]
        error: SignInFailure,
    },
    /// A step of the symptom does not show what it should.
    #[error("the scenario cannot be staged: {0}")]
    Symptom(String),
    /// The simulator does not start.
    #[error("{0}")]
    Start(#[from] StartError),
}
