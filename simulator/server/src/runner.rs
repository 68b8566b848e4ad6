//! Plays a scenario with the real clients: symptom, cause, fix, proof, each compared with what the file says.
//!
//! A client that is not on PATH is stood in for by `builtin`, which makes the same requests.

mod builtin;
mod process;
mod render;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use eks_auth_core::explain;
use eks_auth_core::explain::Explanation;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;
use eks_auth_core::scenario::line_matches;
use serde_json::Value;

use crate::environment;
use crate::journal::EventKind;
use crate::simulator::Config;
use crate::simulator::Running;
use crate::simulator::Simulator;
use crate::simulator::StartError;

pub use self::render::Language;
pub use self::render::json;
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
    /// Those on PATH.
    #[must_use]
    pub fn on_path() -> Self {
        Self {
            aws: environment::find_program("aws"),
            kubectl: environment::find_program("kubectl"),
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
}

impl Transcript {
    /// Whether everything was as the file says.
    #[must_use]
    pub fn is_reproduced(&self) -> bool {
        self.faults.is_empty()
    }
}

/// The parts of a scenario in which commands are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// What the person sees.
    Symptom,
    /// What mends it.
    Fix,
    /// What shows that it is mended.
    Proof,
}

/// A command that was run.
#[derive(Clone, Debug)]
pub struct PlayedStep {
    /// In which part.
    pub stage: Stage,
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
}

/// What a client did.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    output: String,
    exit_code: Option<i32>,
}

/// Plays `scenario`, whose text is `text`, in a simulator of its own.
///
/// # Errors
/// [`RunError`] when the simulator does not start or a client cannot be run; that something is not as the file says is
/// no error.
pub fn play(scenario: Scenario, text: &str, clients: &Clients) -> Result<Transcript, RunError> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut config = Config::new(text);
    config.log = {
        let log = Arc::clone(&log);
        Box::new(move |line| log.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned()))
    };
    let running = Simulator::start(config)?;
    let mut stagehand = Stagehand::new(&running, clients, log)?;
    let mut transcript = Transcript {
        played: Vec::new(),
        explanation: None,
        faults: Vec::new(),
        scenario,
    };
    for (stage, steps) in [
        (Stage::Symptom, transcript.scenario.symptom.clone()),
        (Stage::Fix, transcript.scenario.fix.clone()),
        (Stage::Proof, transcript.scenario.proof.clone()),
    ] {
        for step in steps {
            let (played, faults) = stagehand.run(stage, step)?;
            transcript.played.push(played);
            if !faults.is_empty() {
                transcript.faults = faults;
                return Ok(transcript);
            }
        }
        if stage == Stage::Symptom {
            transcript.explanation = explain_last(&running);
            let wanted = transcript.scenario.cause;
            let found = transcript.explanation.as_ref().map(|explanation| explanation.cause);
            if found != Some(wanted) {
                let found = found.map_or("nothing", |cause| cause.id());
                transcript
                    .faults
                    .push(format!("the cause is `{found}`, not `{}`", wanted.id()));
                return Ok(transcript);
            }
        }
    }
    Ok(transcript)
}

/// Explains the newest judgement of a token, or of a request that was forbidden.
fn explain_last(running: &Running) -> Option<Explanation> {
    let event = running.state().journal().last(|kind| {
        matches!(
            kind,
            EventKind::Authentication { .. }
                | EventKind::Authorization {
                    explanation: Some(_),
                    ..
                }
        )
    })?;
    match event.kind {
        EventKind::Authentication {
            cluster,
            world,
            authentication,
        } => Some(explain::explain(&authentication, world.cluster(&cluster)?, &world)),
        EventKind::Authorization { explanation, .. } => explanation.map(|explanation| (*explanation).clone()),
        EventKind::AwsAuthChange { .. } | EventKind::AwsCall { .. } | EventKind::CachedAuthentication { .. } => None,
    }
}

/// Runs the commands of one scenario, in a home folder of its own.
struct Stagehand<'a> {
    running: &'a Running,
    clients: &'a Clients,
    env: BTreeMap<String, String>,
    editor: PathBuf,
    /// How many lines of the log belong to steps that have been judged.
    seen: usize,
    log: Arc<Mutex<Vec<String>>>,
}

impl<'a> Stagehand<'a> {
    fn new(running: &'a Running, clients: &'a Clients, log: Arc<Mutex<Vec<String>>>) -> Result<Self, RunError> {
        // kubectl keeps discovery and the AWS CLI keeps sessions in the home folder: those of another World mislead.
        let home = running.dir().join("home");
        environment::make_private_folder(&home)?;
        let editor = running.dir().join("editor.sh");
        environment::write_private(&editor, process::EDITOR)?;
        let mut env = running.env();
        env.insert("HOME".to_owned(), home.display().to_string());
        Ok(Self {
            running,
            clients,
            env,
            editor,
            seen: 0,
            log,
        })
    }

    fn run(&mut self, stage: Stage, step: Step) -> Result<(PlayedStep, Vec<String>), RunError> {
        let words = shlex::split(&step.run).unwrap_or_default();
        let program = words.first().map(String::as_str).unwrap_or_default();
        let mut env = self.env.clone();
        if let Some(profile) = &step.profile {
            env.insert("AWS_PROFILE".to_owned(), profile.clone());
        }
        let real = self.clients.find(program);
        let outcome = match real {
            Some(path) => {
                if let Some(edit) = &step.edit {
                    process::set_editor(&mut env, &self.editor, edit);
                }
                process::run(path, &words, &env).map_err(|source| RunError::Client {
                    program: program.to_owned(),
                    source,
                })?
            }
            None => builtin::run(self.running, &words, &env, step.edit.as_ref()),
        };
        if let Some(profile) = &step.save_key_as {
            self.save_key(profile, &outcome.output)?;
        }
        let lines = self.lines();
        // Two kubectl that start within a second sign the same token. The second one is then let in by the API server's
        // cache, and the authenticator has written its line for the first.
        let log = lines.get(self.seen..).unwrap_or_default().to_vec();
        if step.log.is_some() {
            self.seen = lines.len();
        }
        let played = PlayedStep {
            stage,
            real: real.is_some(),
            output: redact(&outcome.output),
            exit_code: outcome.exit_code,
            log,
            step,
        };
        let faults = faults(&played);
        Ok((played, faults))
    }

    fn lines(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts the access key that `aws iam create-access-key` printed into a profile.
    fn save_key(&self, profile: &str, output: &str) -> Result<(), RunError> {
        let answer: Value = serde_json::from_str(output).unwrap_or_default();
        let field = |name: &str| answer.pointer(&format!("/AccessKey/{name}")).and_then(Value::as_str);
        // Output without a key is a fault that the step's own patterns tell.
        if let (Some(id), Some(secret), Some(path)) = (
            field("AccessKeyId"),
            field("SecretAccessKey"),
            self.env.get("AWS_SHARED_CREDENTIALS_FILE"),
        ) {
            let text = fs::read_to_string(path)?;
            environment::write_private(Path::new(path), &environment::with_key(&text, profile, id, secret))?;
        }
        Ok(())
    }
}

/// What is not as the step says.
fn faults(played: &PlayedStep) -> Vec<String> {
    let step = &played.step;
    let mut faults = Vec::new();
    let code = played.exit_code.map_or_else(
        || "ended by a signal".to_owned(),
        |code| format!("ended with exit code {code}"),
    );
    match (step.fails, played.exit_code) {
        (true, Some(0)) => faults.push(format!("`{}` went well, but should fail", step.run)),
        (false, Some(0)) | (true, Some(_)) => {}
        (_, None) | (false, Some(_)) => faults.push(format!("`{}` {code}", step.run)),
    }
    for pattern in &step.prints {
        if !played.output.lines().any(|line| line_matches(pattern, line)) {
            faults.push(format!("`{}` printed no line `{pattern}`", step.run));
        }
    }
    if let Some(pattern) = &step.log
        && !played.log.iter().any(|line| line_matches(pattern, without_time(line)))
    {
        faults.push(format!("the authenticator's log has no line `{pattern}`"));
    }
    faults
}

/// A log line behind its time.
fn without_time(line: &str) -> &str {
    match line.strip_prefix("time=").and_then(|rest| rest.split_once(' ')) {
        Some((_, rest)) => rest,
        None => line,
    }
}

/// Output without the secrets of new credentials.
fn redact(output: &str) -> String {
    let lines: Vec<String> = output
        .lines()
        .map(|line| {
            let secret = ["\"SecretAccessKey\": ", "\"SessionToken\": ", "\"token\": "]
                .into_iter()
                .find(|name| line.trim_start().starts_with(name));
            match secret.and_then(|name| line.split_once(name)) {
                Some((indent, value)) => {
                    let name = secret.unwrap_or_default();
                    let comma = if value.trim_end().ends_with(',') { "," } else { "" };
                    format!("{indent}{name}\"[redacted]\"{comma}")
                }
                None => line.to_owned(),
            }
        })
        .collect();
    lines.join("\n")
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
    /// The simulator does not start.
    #[error("{0}")]
    Start(#[from] StartError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(output: &str, exit_code: i32) -> PlayedStep {
        PlayedStep {
            stage: Stage::Symptom,
            step: Step {
                run: "kubectl get svc".to_owned(),
                profile: None,
                fails: true,
                prints: vec!["error: * (*)".to_owned()],
                log: Some("level=warning error=*".to_owned()),
                edit: None,
                save_key_as: None,
            },
            real: true,
            output: output.to_owned(),
            exit_code: Some(exit_code),
            log: vec!["time=\"t\" level=warning error=x".to_owned()],
        }
    }

    #[test]
    fn each_thing_that_is_not_as_the_step_says_is_a_fault() {
        assert_eq!(faults(&played("error: no (x)", 1)), Vec::<String>::new());
        assert_eq!(
            faults(&played("fine", 0)),
            [
                "`kubectl get svc` went well, but should fail",
                "`kubectl get svc` printed no line `error: * (*)`",
            ]
        );
        let mut quiet = played("error: no (x)", 1);
        quiet.log.clear();
        assert_eq!(
            faults(&quiet),
            ["the authenticator's log has no line `level=warning error=*`"]
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let output = "{\n    \"AccessKeyId\": \"AKIA\",\n    \"SecretAccessKey\": \"abc\",\n    \"x\": 1\n}";
        assert_eq!(
            redact(output),
            "{\n    \"AccessKeyId\": \"AKIA\",\n    \"SecretAccessKey\": \"[redacted]\",\n    \"x\": 1\n}"
        );
    }
}
