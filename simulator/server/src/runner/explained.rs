//! Whether what `explain` says to do gives access: the commands of its fix take the place of the file's own, and what was
//! refused in the symptom must go well then.
//!
//! Whatever changes the cluster or IAM is run by whoever runs the fix of the file; what changes the person's own shell or files,
//! by the person.

use std::collections::BTreeMap;

use eks_auth_core::explain;
use eks_auth_core::scenario::Action;
use eks_auth_core::scenario::Exit;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;
use eks_auth_core::scenario::Template;

use super::Clients;
use super::RunError;
use super::ScenarioStage;
use super::Theatre;
use super::Transcript;
use super::executor::Executor;
use super::executor::Rigour;
use super::explanation_of;
use crate::state::clock::Stopwatch;

/// Plays the symptom of `scenario`, whose text is `text`, then the fix that `explain` prints, then the last command that was
/// refused. A fix that has no command, or not whole ones, is reported as not tried.
///
/// # Errors
/// [`RunError`] when the simulator does not start or a client cannot be run.
pub fn play_explained(scenario: Scenario, text: &str, clients: &Clients) -> Result<Transcript, RunError> {
    let watch = Stopwatch::start();
    if !clients.missing().is_empty() {
        let mut transcript = Transcript::new(scenario);
        transcript.skipped = Some(RunError::NotBuiltIn.to_string());
        return Ok(transcript);
    }
    let theatre = Theatre::open(text)?;
    let mut executor = theatre.executor(&scenario, clients)?;
    let mut transcript = Transcript::new(scenario);
    play_in(&mut transcript, &mut executor)?;
    transcript.seconds = watch.seconds();
    Ok(transcript)
}

fn play_in(transcript: &mut Transcript, executor: &mut Executor<'_>) -> Result<(), RunError> {
    for step in transcript.scenario.symptom.clone() {
        if !goes_well(transcript, executor, ScenarioStage::Symptom, step)? {
            return Ok(());
        }
    }
    transcript.explanation = explanation_of(&transcript.played).cloned();
    let refused = transcript
        .played
        .iter()
        .rev()
        .find(|played| played.step.action.is_command() && played.exit_code != Some(0))
        .map(|played| played.step.clone());
    let Some(refused) = refused else {
        transcript.untried.push("nothing is refused".to_owned());
        return Ok(());
    };
    let fix = transcript
        .explanation
        .as_ref()
        .map_or("", |explanation| &explanation.fix);
    let commands = explain::fix_commands(fix);
    if commands.is_empty() {
        transcript.untried.push("the fix has no command".to_owned());
        return Ok(());
    }
    if let Some(open) = commands.iter().flat_map(|command| command.split(' ')).find_map(open) {
        transcript.untried.push(format!("the fix leaves {open} open"));
        return Ok(());
    }
    let mut steps = Vec::new();
    for command in &commands {
        let Some(step) = step(command, &transcript.scenario, &refused) else {
            transcript.untried.push(format!("nobody here can run `{command}`"));
            return Ok(());
        };
        steps.push(step);
    }
    for step in steps {
        if !goes_well(transcript, executor, ScenarioStage::Fix, step)? {
            return Ok(());
        }
    }
    let again = Step {
        env: refused.env.clone(),
        hide: refused.hide.clone(),
        ..plain(refused.action.clone(), refused.profile.clone())
    };
    if goes_well(transcript, executor, ScenarioStage::Proof, again)? {
        transcript
            .mutations
            .push("what was refused goes well after the fix that explain prints".to_owned());
    }
    Ok(())
}

fn goes_well(
    transcript: &mut Transcript,
    executor: &mut Executor<'_>,
    stage: ScenarioStage,
    step: Step,
) -> Result<bool, RunError> {
    let (played, faults) = executor.run(stage, step, Rigour::Whole)?;
    // It was let in to what the simulator does not do.
    let is_let_in = stage == ScenarioStage::Proof && played.output.contains("(NotImplemented)");
    transcript.played.push(played);
    transcript.faults = if is_let_in { Vec::new() } else { faults };
    Ok(transcript.faults.is_empty())
}

/// The name that the fix leaves to its reader, such as PROFILE, also as a variable's value.
fn open(word: &str) -> Option<&str> {
    let name = match word.split_once('=') {
        Some((variable, value)) if variable.starts_with(|c: char| c.is_ascii_uppercase()) => value,
        _ => word,
    };
    (name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase())).then_some(name)
}

/// The step that a command of a fix is.
fn step(command: &str, scenario: &Scenario, refused: &Step) -> Option<Step> {
    let words = shlex::split(command)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let person = refused.profile.clone();
    Some(match words.as_slice() {
        ["export", assignments @ ..] => {
            let mut variables = BTreeMap::new();
            for assignment in assignments {
                let (name, value) = assignment.split_once('=')?;
                variables.insert(name.to_owned(), Some(Template::parse(value).ok()?));
            }
            plain(Action::Environment(variables), None)
        }
        ["unset", names @ ..] => {
            let variables = names.iter().map(|name| ((*name).to_owned(), None)).collect();
            plain(Action::Environment(variables), None)
        }
        // A browser has part in it: who signs in stands in the file's fix.
        ["aws", "sso", "login", ..] => {
            let sign_in = |step: &&Step| matches!(step.action, Action::SignIn { .. });
            scenario.fix.iter().find(sign_in)?.clone()
        }
        ["aws", "configure", ..]
        | ["aws", "eks", "update-kubeconfig", ..]
        | ["kubectl", "config", ..]
        | ["eks-auth-sim", ..] => plain(Action::Run(Template::parse(command).ok()?), person),
        _ => plain(
            Action::Run(Template::parse(command).ok()?),
            administrator(scenario, &person),
        ),
    })
}

/// The profile of whoever fixes it by the file, where that is somebody else; one that is named comes first.
fn administrator(scenario: &Scenario, person: &Option<String>) -> Option<String> {
    let alternatives = scenario.alternatives.iter().flat_map(|repair| &repair.fix);
    let others = || {
        scenario
            .fix
            .iter()
            .chain(alternatives.clone())
            .filter(|step| step.action.is_command() && step.profile != *person)
    };
    others()
        .find(|step| step.profile.is_some())
        .or_else(|| others().next())
        .map_or_else(|| person.clone(), |step| step.profile.clone())
}

/// A step of which nothing is asked but that it goes well.
fn plain(action: Action, profile: Option<String>) -> Step {
    Step {
        action,
        profile,
        env: BTreeMap::new(),
        hide: Vec::new(),
        exit: Exit::Code(0),
        prints: Vec::new(),
        stdout: Vec::new(),
        stderr: Vec::new(),
        prints_not: Vec::new(),
        log: Vec::new(),
        log_not: Vec::new(),
        caller: None,
        edit: None,
        save_key_as: None,
        save: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(command: &str) -> Option<String> {
        let text = include_str!("../../../../scenarios/unmapped-role/scenario.yaml");
        let scenario = Scenario::parse(text).unwrap();
        let refused = scenario.symptom.last().unwrap().clone();
        let step = step(command, &scenario, &refused)?;
        Some(step.profile.unwrap_or_default())
    }

    #[test]
    fn who_runs_a_command_of_a_fix() {
        for (command, wanted) in [
            ("kubectl patch configmap aws-auth", Some("creator")),
            ("aws eks create-access-entry --cluster-name my-cluster", Some("creator")),
            ("aws eks update-kubeconfig --name my-cluster", Some("admin-test-role")),
            ("unset AWS_PROFILE", Some("")),
            ("export AWS_PROFILE=creator", Some("")),
            // Nobody signs in there.
            ("aws sso login", None),
            ("kubectl get 'open", None),
        ] {
            assert_eq!(whose(command).as_deref(), wanted, "{command}");
        }
    }

    #[test]
    fn names_in_capitals_are_open() {
        for (word, wanted) in [
            ("PROFILE", Some("PROFILE")),
            ("CLUSTER", Some("CLUSTER")),
            ("AWS_PROFILE=PROFILE", Some("PROFILE")),
            ("AWS_PROFILE=creator", None),
            ("authenticationMode=API", None),
            ("-n", None),
            ("EC2_LINUX", None),
            ("Active", None),
        ] {
            assert_eq!(open(word), wanted, "{word}");
        }
    }
}
