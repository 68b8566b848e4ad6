//! Does the steps of a scenario in its simulator and its person's home, and compares what comes of them with the file.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use eks_auth_core::explain;
use eks_auth_core::explain::Cause;
use eks_auth_core::explain::Explanation;
use eks_auth_core::scenario::Action;
use eks_auth_core::scenario::ClockMove;
use eks_auth_core::scenario::Pattern;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;
use eks_auth_core::world::fault::Faults;
use eks_auth_core::world::world_clock::WorldClock;

use super::Clients;
use super::Outcome;
use super::PlayedStep;
use super::RunError;
use super::ScenarioStage;
use super::builtin;
use super::home::Home;
use super::process;
use crate::control;
use crate::environment::profile::ClientConfig;
use crate::environment::profile::plugin_environment;
use crate::simulator::Running;
use crate::simulator::StartError;
use crate::state::State;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;
use crate::state::journal::Event;
use crate::state::journal::EventKind;
use crate::state::private_file;

/// The lines of the authenticator's log.
pub(crate) type LogLines = Arc<Mutex<Vec<String>>>;

/// What is asked of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rigour {
    /// All that the file says.
    Whole,
    /// What holds whatever the fix was: not what the authenticator's log says, which has names that the fix chose.
    AnyFix,
}

/// Runs the commands of one scenario, in a home folder of its own.
pub(crate) struct Executor<'a> {
    running: &'a Running,
    clients: &'a Clients,
    home: Home<'a>,
    editor: PathBuf,
    /// Whether the client's configuration is part of the story, so that its causes are looked for: most worlds have a profile
    /// of the creator, and who is not mapped would always be told to use that.
    is_about_client: bool,
    /// How many lines of the log belong to steps that have been judged.
    seen: usize,
    log: LogLines,
    stage: ScenarioStage,
    /// The second of the machine's time in which a cluster last saw a token.
    token_second: Option<i64>,
}

impl<'a> Executor<'a> {
    /// Makes the person's home.
    ///
    /// # Errors
    /// [`RunError`] when a file cannot be written.
    pub(crate) fn new(
        running: &'a Running,
        clients: &'a Clients,
        scenario: &Scenario,
        log: LogLines,
    ) -> Result<Self, RunError> {
        let home = Home::new(running, &scenario.home, clients)?;
        let editor = running.dir().join("editor.sh");
        private_file::write_private(&editor, process::EDITOR)?;
        let seen = log.lock().unwrap_or_else(PoisonError::into_inner).len();
        Ok(Self {
            running,
            clients,
            home,
            editor,
            is_about_client: matches!(
                scenario.cause,
                Cause::EnvironmentOverridesProfile
                    | Cause::FederatedUserNotMapped
                    | Cause::IdentityUnusable
                    | Cause::KeyOfDeletedPrincipal
                    | Cause::RootNotMapped
                    | Cause::WrongProfile
            ),
            seen,
            log,
            stage: ScenarioStage::Symptom,
            token_second: None,
        })
    }

    /// The person's home.
    pub(crate) fn home(&mut self) -> &mut Home<'a> {
        &mut self.home
    }

    /// Does a step, and says what is not as it says.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be done at all.
    pub(crate) fn run(
        &mut self,
        stage: ScenarioStage,
        step: Step,
        rigour: Rigour,
    ) -> Result<(PlayedStep, Vec<String>), RunError> {
        if stage != self.stage {
            self.stage = stage;
            self.outwait_token();
        }
        let before = self.running.state().journal().sequence();
        let env = self.home.step_env(&step)?;
        let (outcome, real) = self.act(&step, &env)?;
        if has_token(&self.running.state().journal().since(before)) {
            self.token_second = Some(SystemClock.now().unix_seconds());
        }
        if let Some(profile) = &step.save_key_as {
            self.home.save_key(profile, &outcome.stdout)?;
        }
        self.home.save(&step, &outcome.stdout);
        let lines = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Two kubectl that start within a second sign the same token. The second one is then let in by the API server's
        // cache, and the authenticator has written its line for the first.
        let log = lines.get(self.seen..).unwrap_or_default().to_vec();
        if !step.log.is_empty() || !step.log_not.is_empty() {
            self.seen = lines.len();
        }
        let mut faults = faults(&step, &outcome, &log, rigour);
        faults.extend(unexpected_caller(&step, &self.running.state().journal().since(before)));
        let played = PlayedStep {
            stage,
            real,
            output: self.home.redact(&outcome.output),
            exit_code: outcome.exit_code,
            log,
            explanation: self.explain(&step, &env, &outcome, before),
            step,
        };
        Ok((played, faults))
    }

    /// Tokens that a client signs within one second are the same, so that the API server's cache would judge the proof by
    /// what held in the symptom. No person is that fast.
    fn outwait_token(&self) {
        if self.stage == ScenarioStage::Fix {
            return;
        }
        while self.token_second == Some(SystemClock.now().unix_seconds()) {
            let passed = SystemClock.now().unix_millis().rem_euclid(1000).unsigned_abs();
            thread::sleep(Duration::from_millis(1000 - passed));
        }
    }

    fn act(&mut self, step: &Step, env: &BTreeMap<String, String>) -> Result<(Outcome, bool), RunError> {
        let world = self.running.state();
        match &step.action {
            Action::ClearFaults | Action::Clock(_) | Action::Fault(_) => apply_action(world, &step.action)?,
            Action::Environment(variables) => self.home.set_env(variables)?,
            Action::File(file) => self.home.change_file(file)?,
            Action::Run(command) => return self.command(step, &self.home.fill(command)?, env),
            Action::Shell(script) => {
                if self.clients.missing().len() == 2 {
                    return Err(RunError::NotBuiltIn);
                }
                let words = ["sh".to_owned(), "-ec".to_owned(), self.home.fill(script)?];
                return Ok((run(Path::new("/bin/sh"), &words, env, self.home.folder())?, true));
            }
            Action::SignIn { profile, user } => self.home.sign_in(profile, user)?,
        }
        Ok((Outcome::nothing(), true))
    }

    fn command(&self, step: &Step, command: &str, env: &BTreeMap<String, String>) -> Result<(Outcome, bool), RunError> {
        let words = shlex::split(command).unwrap_or_default();
        let program = words.first().map(String::as_str).unwrap_or_default();
        let own = self.home.bin().join("eks-auth-sim");
        let path = match program {
            "eks-auth-sim" => Some(own.as_path()),
            name => self.clients.find(name),
        };
        let Some(path) = path else {
            let outcome = builtin::run(self.running, &words, env, step.edit.as_ref());
            return Ok((outcome.ok_or(RunError::NotBuiltIn)?, false));
        };
        let mut env = env.clone();
        if let Some(edit) = &step.edit {
            process::set_editor(&mut env, &self.editor, edit);
        }
        Ok((run(path, &words, &env, self.home.folder())?, true))
    }

    /// Why a command went as it did: by what it printed, where that tells, or else by what the cluster decided meanwhile.
    fn explain(
        &self,
        step: &Step,
        env: &BTreeMap<String, String>,
        outcome: &Outcome,
        before: u64,
    ) -> Option<Explanation> {
        if !step.action.is_command() {
            return None;
        }
        if outcome.exit_code != Some(0)
            && let Some(mut explanation) = explain::explain_client_error(&outcome.output)
        {
            // A client names no cluster; where there is one only, it is meant.
            if let [cluster] = &*self.running.clusters() {
                explanation.fix = self.in_cluster(&explanation.fix, &cluster.name);
            }
            return Some(explanation);
        }
        let client = self
            .is_about_client
            .then(|| ClientConfig::load(plugin_environment(env), None).ok())
            .flatten();
        let client = client.map(|config| config.client_context());
        control::explain_newest(self.running.state(), None, client.as_ref(), before).map(|(_, explanation)| explanation)
    }

    fn in_cluster(&self, fix: &str, name: &str) -> String {
        match self.running.state().snapshot().clusters.get(name) {
            Some(cluster) => explain::fix_in_cluster(fix, cluster),
            None => fix.to_owned(),
        }
    }
}

fn run(program: &Path, words: &[String], env: &BTreeMap<String, String>, folder: &Path) -> Result<Outcome, RunError> {
    process::run(program, words, env, folder).map_err(|source| RunError::Client {
        program: program.display().to_string(),
        source,
    })
}

/// What a step does to a World by itself; nothing where somebody must do it.
///
/// # Errors
/// Where it cannot be kept.
pub(crate) fn apply_action(state: &State, action: &Action) -> Result<(), StartError> {
    match action {
        Action::ClearFaults => state.change(|world| world.faults = Faults::new(0))?,
        // As far as a clock can be moved: further moves are refused when a scenario is read, or do nothing.
        Action::Clock(ClockMove::By(seconds)) => {
            let _ = state.change_clock(|clock, machine| clock.advanced(*seconds, machine))?;
        }
        Action::Clock(ClockMove::Reset) => {
            let _ = state.change_clock(|_, _| Ok::<_, Infallible>(WorldClock::default()))?;
        }
        // It was checked when the scenario was read.
        Action::Fault(fault) => {
            let _ = state.change(|world| world.faults.add(fault.clone()))?;
        }
        Action::Environment(_) | Action::File(_) | Action::Run(_) | Action::Shell(_) | Action::SignIn { .. } => {}
    }
    Ok(())
}

/// The canonical ARNs of those who were let in.
fn callers(events: &[Event]) -> Vec<String> {
    let mut callers = Vec::new();
    for event in events {
        let arn = match &event.kind {
            EventKind::Authentication { authentication, .. } if authentication.outcome.is_ok() => {
                authentication.identity.as_ref().map(|identity| &identity.canonical_arn)
            }
            EventKind::CachedAuthentication { identity, .. } => Some(&identity.canonical_arn),
            _ => None,
        };
        if let Some(arn) = arn
            && !callers.contains(arn)
        {
            callers.push(arn.clone());
        }
    }
    callers
}

/// The caller whom the step wants to be let in and who was not.
pub(crate) fn unexpected_caller(step: &Step, events: &[Event]) -> Option<String> {
    let wanted = step.caller.as_ref()?;
    let callers = callers(events);
    if callers.contains(wanted) {
        return None;
    }
    let found = match &*callers {
        [] => "nobody".to_owned(),
        callers => callers.join(", "),
    };
    Some(format!("the cluster let in {found}, not `{wanted}`"))
}

/// Whether a cluster was shown a token.
fn has_token(events: &[Event]) -> bool {
    events.iter().any(|event| {
        matches!(
            event.kind,
            EventKind::Authentication { .. } | EventKind::CachedAuthentication { .. }
        )
    })
}

/// What is not as the step says.
pub(crate) fn faults(step: &Step, outcome: &Outcome, log: &[String], rigour: Rigour) -> Vec<String> {
    let mut faults = Vec::new();
    if !step.exit.is(outcome.exit_code) {
        faults.push(match outcome.exit_code {
            Some(0) => format!("`{}` went well, but should fail", step.command()),
            Some(code) => format!("`{}` ended with exit code {code}", step.command()),
            None => format!("`{}` ended by a signal", step.command()),
        });
    }
    let streams = [
        (&step.prints, &outcome.output, "printed no line"),
        (&step.stdout, &outcome.stdout, "printed on its standard output no line"),
        (&step.stderr, &outcome.stderr, "printed on its standard error no line"),
    ];
    for (patterns, text, complaint) in streams {
        for pattern in unmatched(patterns, text.lines(), Pattern::matches_output) {
            let told = format!("{}`{}`", pattern.kind(), pattern.as_written());
            faults.push(format!("`{}` {complaint} {told}", step.command()));
        }
    }
    for pattern in matched(&step.prints_not, outcome.output.lines(), Pattern::matches_output) {
        faults.push(format!(
            "`{}` printed `{}`, as it must not",
            step.command(),
            pattern.as_written()
        ));
    }
    if rigour == Rigour::Whole {
        let log = || log.iter().map(|line| without_time(line));
        for pattern in unmatched(&step.log, log(), Pattern::matches) {
            faults.push(format!(
                "the authenticator's log has no line `{}`",
                pattern.as_written()
            ));
        }
        for pattern in matched(&step.log_not, log(), Pattern::matches) {
            faults.push(format!(
                "the authenticator's log has a line `{}`, as it must not",
                pattern.as_written()
            ));
        }
    }
    faults
}

fn unmatched<'a, 'b>(
    patterns: &'a [Pattern],
    lines: impl Iterator<Item = &'b str> + Clone,
    matches: fn(&Pattern, &str) -> bool,
) -> impl Iterator<Item = &'a Pattern> {
    patterns
        .iter()
        .filter(move |pattern| !lines.clone().any(|line| matches(pattern, line)))
}

fn matched<'a, 'b>(
    patterns: &'a [Pattern],
    lines: impl Iterator<Item = &'b str> + Clone,
    matches: fn(&Pattern, &str) -> bool,
) -> impl Iterator<Item = &'a Pattern> {
    patterns
        .iter()
        .filter(move |pattern| lines.clone().any(|line| matches(pattern, line)))
}

/// A log line behind its time.
fn without_time(line: &str) -> &str {
    match line.strip_prefix("time=").and_then(|rest| rest.split_once(' ')) {
        Some((_, rest)) => rest,
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> Step {
        let text = include_str!("../../../../scenarios/unmapped-role/scenario.yaml");
        let mut step = Scenario::parse(text).unwrap().symptom.remove(1);
        step.prints = vec![Pattern::Glob("error: * (*)".to_owned())];
        step.log = vec![Pattern::Glob("level=warning error=*".to_owned())];
        step
    }

    #[track_caller]
    fn check(step: &Step, stdout: &str, stderr: &str, code: i32, log: &str, wanted: &[&str]) {
        let outcome = Outcome {
            output: format!("{stdout}{stderr}"),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            exit_code: Some(code),
        };
        let log: Vec<String> = log.lines().map(str::to_owned).collect();
        assert_eq!(faults(step, &outcome, &log, Rigour::Whole), wanted);
    }

    #[test]
    fn each_thing_that_is_not_as_the_step_says_is_a_fault() {
        const LOG: &str = "time=\"t\" level=warning error=x";
        let mut step = step();
        check(&step, "", "error: no (x)\n", 1, LOG, &[]);
        check(
            &step,
            "fine",
            "",
            0,
            LOG,
            &[
                "`kubectl auth whoami` went well, but should fail",
                "`kubectl auth whoami` printed no line `error: * (*)`",
            ],
        );
        check(
            &step,
            "",
            "error: no (x)\n",
            1,
            "",
            &["the authenticator's log has no line `level=warning error=*`"],
        );
        step.stdout = vec![Pattern::Contains("x".to_owned())];
        step.prints_not = vec![Pattern::Contains("no".to_owned())];
        step.log_not = step.log.clone();
        step.exit = eks_auth_core::scenario::Exit::Code(2);
        check(
            &step,
            "",
            "error: no (x)\n",
            1,
            LOG,
            &[
                "`kubectl auth whoami` ended with exit code 1",
                "`kubectl auth whoami` printed on its standard output no line with `x`",
                "`kubectl auth whoami` printed `no`, as it must not",
                "the authenticator's log has a line `level=warning error=*`, as it must not",
            ],
        );
    }
}
