//! What a learner's shell reads: the environment of a seat with its commands, and the steps of a scenario as shell scripts.
//!
//! POSIX shell; bash and zsh read the same. Needed beside the clients: `curl`, `mktemp`, `sed`, `tr`, `wc`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use eks_auth_core::scenario::Action;
use eks_auth_core::scenario::FileContent;
use eks_auth_core::scenario::Placeholder;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;
use eks_auth_core::scenario::Template;

use super::seat::Bundle;
use super::seat::HOME;
use super::seat::SeatError;
use super::seat::SeatWorld;
use crate::environment;
use crate::runner::Language;
use crate::runner::PlaceError;

/// Why a scenario cannot be played in a learner's own shell, where it cannot.
pub(super) fn unfit(scenario: &Scenario) -> Option<String> {
    if !scenario.home.hide.is_empty() {
        return Some("it hides programs".to_owned());
    }
    let steps = || scenario.symptom.iter().chain(&scenario.proof);
    for step in steps() {
        let wants = if !step.hide.is_empty() {
            "hides programs"
        } else if step.edit.is_some() {
            "opens an editor"
        } else if !step.save.is_empty() || step.save_key_as.is_some() {
            "saves what it prints"
        } else {
            match &step.action {
                Action::SignIn { .. } => "signs in to Identity Center",
                Action::Run(command) if !is_client(command) => "runs another program than aws and kubectl",
                Action::Shell(script) if script.as_written().contains("eks-auth-sim") => "runs eks-auth-sim",
                action if has_saved(action) => "uses what was saved",
                _ => continue,
            }
        };
        return Some(format!("`{}` {wants}", step.command()));
    }
    // A seat has no command that moves its clock or ends its faults, and nobody who signs in.
    let is_beyond = |step: &&Step| match &step.action {
        Action::Run(fix) | Action::Shell(fix) => fix.as_written().contains("eks-auth-sim"),
        Action::ClearFaults | Action::Clock(_) | Action::Fault(_) | Action::SignIn { .. } => true,
        Action::Environment(_) | Action::File(_) => false,
    };
    if let Some(step) = scenario.fix.iter().find(is_beyond) {
        return Some(format!("a seat cannot be fixed by `{}`", step.command()));
    }
    if scenario.proof.iter().any(|step| step.action.is_command()) {
        None
    } else {
        Some("its proof has no command".to_owned())
    }
}

/// Whether steps leave everything as it was, so that a scenario can be solved by who has not run them.
pub(super) fn only_looks(steps: &[Step]) -> bool {
    steps.iter().all(|step| {
        let Action::Run(command) = &step.action else {
            return false;
        };
        let words: Vec<&str> = command.as_written().split_whitespace().collect();
        match *words.as_slice() {
            ["kubectl", "auth" | "describe" | "get" | "logs" | "version", ..]
            | ["kubectl", "config", "view" | "get-contexts" | "current-context", ..]
            | ["aws", "sts", "get-caller-identity", ..] => true,
            ["aws", _, operation, ..] => ["describe-", "get-", "list-"]
                .iter()
                .any(|verb| operation.starts_with(verb)),
            _ => false,
        }
    })
}

fn is_client(command: &Template) -> bool {
    let words = shlex::split(command.as_written()).unwrap_or_default();
    matches!(words.first().map(String::as_str), Some("aws" | "kubectl"))
}

fn has_saved(action: &Action) -> bool {
    let is_saved = |template: &Template| template.places().any(|place| matches!(place, Placeholder::Saved(_)));
    match action {
        Action::Run(text) | Action::Shell(text) => is_saved(text),
        Action::Environment(variables) => variables.values().flatten().any(is_saved),
        Action::File(file) => match &file.content {
            FileContent::Text(text) | FileContent::Replaced { to: text, .. } => is_saved(text),
            FileContent::Absent => false,
        },
        _ => false,
    }
}

/// A text as one word of a shell, with the learner's folder in place of [`HOME`].
fn word(text: &str) -> String {
    environment::quoted(text).replace(HOME, "'\"$EKS_WORKSHOP_HOME\"'")
}

/// How a seat's shell is set up.
pub(super) struct Welcome<'a> {
    /// The seat's number.
    pub(super) number: usize,
    /// The URL of the seat, with its token.
    pub(super) url: &'a str,
    pub(super) language: Language,
    /// Whether the symptom is to be seen at once.
    pub(super) shows_symptom: bool,
}

/// The script that a learner's shell reads in.
pub(super) fn environment(welcome: &Welcome<'_>, bundle: &Bundle) -> String {
    let mut text = format!(
        "# eks-auth-sim workshop, seat {}. Read it in with:  eval \"$(curl -fsS {}/env.sh)\"\n",
        welcome.number, welcome.url
    );
    // The folder of a seat that was left is not the next one's home.
    text.push_str(": \"${EKS_WORKSHOP_OUTER_HOME:=$HOME}\"\n");
    let _ = writeln!(
        text,
        "EKS_WORKSHOP_HOME=\"${{EKS_WORKSHOP_DIR:-$EKS_WORKSHOP_OUTER_HOME/eks-workshop}}/seat-{}\"",
        welcome.number
    );
    text.push_str("rm -rf \"$EKS_WORKSHOP_HOME/.aws\" \"$EKS_WORKSHOP_HOME/.kube\"\n");
    write_files(&mut text, bundle.files.iter());
    write_shell(&mut text, welcome, bundle);
    text
}

/// The script that does the same beside the files of an archive.
pub(super) fn beside_files(welcome: &Welcome<'_>, bundle: &Bundle) -> String {
    let mut text = format!(
        "# eks-auth-sim workshop, seat {}. In this file's folder:  . ./env.sh\n",
        welcome.number
    );
    let elsewhere = environment::quoted(welcome.language.pick(
        "Change to the folder of env.sh first.",
        "먼저 env.sh가 있는 폴더로 이동하세요.",
    ));
    let _ = writeln!(
        text,
        "[ -f .aws/config ] && [ -f env.sh ] || {{ echo {elsewhere}; return 1; }}"
    );
    text.push_str(": \"${EKS_WORKSHOP_OUTER_HOME:=$HOME}\"\n");
    // `next` and `reset` put the next files into the same folder.
    text.push_str("EKS_WORKSHOP_HOME=$(pwd) EKS_WORKSHOP_DIR=$(cd .. && pwd)\n");
    // These name the folder, which is known only now.
    write_files(
        &mut text,
        bundle.files.iter().filter(|(_, content)| content.contains(HOME)),
    );
    write_shell(&mut text, welcome, bundle);
    text
}

/// The lines that write files into the learner's folder.
fn write_files<'a>(text: &mut String, files: impl Iterator<Item = (&'a String, &'a String)> + Clone) {
    let mut folders: Vec<&str> = files
        .clone()
        .filter_map(|(path, _)| path.rsplit_once('/'))
        .map(|(folder, _)| folder)
        .collect();
    folders.dedup();
    text.push_str("( umask 077\n");
    let _ = writeln!(text, "  mkdir -p {}", word(HOME));
    for folder in folders {
        let _ = writeln!(text, "  mkdir -p {}", word(&format!("{HOME}/{folder}")));
    }
    for (path, content) in files {
        let _ = writeln!(
            text,
            "  printf %s {} > {}",
            word(content),
            word(&format!("{HOME}/{path}"))
        );
    }
    text.push_str(")\n");
}

/// The variables, the commands, and the welcome.
fn write_shell(text: &mut String, welcome: &Welcome<'_>, bundle: &Bundle) {
    let pick = |english: &'static str, korean: &'static str| welcome.language.pick(english, korean);
    let _ = writeln!(text, "EKS_WORKSHOP_URL={}", environment::quoted(welcome.url));
    let _ = writeln!(text, "unset AWS_DEFAULT_PROFILE {}", environment::UNSET.join(" "));
    for (name, value) in &bundle.env {
        let _ = writeln!(text, "export {name}={}", word(value));
    }
    // Where the files of the story are.
    text.push_str(": \"${EKS_WORKSHOP_OUTER_FOLDER:=$PWD}\"\ncd \"$EKS_WORKSHOP_HOME\"\n");
    // `eval` in a subshell, so that a step that fails ends the script and not the shell.
    for (name, method, path) in [("check", "POST", "check"), ("symptom", "GET", "symptom.sh")] {
        let _ = writeln!(
            text,
            "{name}() {{ ( EKS_WORKSHOP_STEPS=$(curl -fsS -X {method} \"$EKS_WORKSHOP_URL/{path}\") \
             && eval \"$EKS_WORKSHOP_STEPS\" ); }}"
        );
    }
    text.push_str("hint() { curl -fsS -X POST \"$EKS_WORKSHOP_URL/hint\"; }\n");
    text.push_str("story() { curl -fsS \"$EKS_WORKSHOP_URL/story\"; }\n");
    // `next` and `reset` read the environment in again, where the seat let them.
    for (name, path) in [("next", "next"), ("skip", "skip"), ("reset", "reset")] {
        let _ = writeln!(
            text,
            "{name}() {{ EKS_WORKSHOP_ANSWER=$(curl -sS -X POST -w '\\n%{{http_code}}' \"$EKS_WORKSHOP_URL/{path}\") || return; \
             printf '%s\\n' \"$EKS_WORKSHOP_ANSWER\" | sed '$d'; \
             case $EKS_WORKSHOP_ANSWER in *200) eval \"$(curl -fsS \"$EKS_WORKSHOP_URL/env.sh\")\";; *) return 1;; esac; }}"
        );
    }
    let _ = writeln!(
        text,
        "leave() {{ export HOME=\"$EKS_WORKSHOP_OUTER_HOME\"; cd \"$EKS_WORKSHOP_OUTER_FOLDER\"; \
         unset {} EKS_WORKSHOP_OUTER_HOME EKS_WORKSHOP_OUTER_FOLDER; \
         unset -f check symptom hint story next skip reset leave; }}",
        bundle
            .env
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "HOME")
            .collect::<Vec<_>>()
            .join(" ")
    );
    let missing = environment::quoted(pick(
        "is not on PATH; it is needed",
        "이(가) PATH에 없습니다. 설치가 필요합니다",
    ));
    let _ = writeln!(
        text,
        "for program in aws kubectl; do command -v \"$program\" >/dev/null || printf '%s %s\\n' \"$program\" {missing}; done"
    );
    text.push_str("story\n");
    if welcome.shows_symptom {
        text.push_str("symptom\n");
    }
}

/// A script that does steps, telling the seat before each and after each; `url` is where they are told.
///
/// # Errors
/// [`SeatError`] when a step wants what is not there.
pub(super) fn steps(world: &SeatWorld, steps: &[Step], url: &str) -> Result<String, SeatError> {
    let mut text = format!(
        "o=$(mktemp -d) || exit 1\ntrap 'rm -rf \"$o\"' EXIT\ncd \"$EKS_WORKSHOP_HOME\" || exit 1\nu={}\n",
        environment::quoted(url)
    );
    for (at, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "curl -fsS -X POST -o /dev/null \"$u/{at}/begin\" || exit 1");
        let profile = step
            .profile
            .as_ref()
            .map_or_else(String::new, |profile| format!("AWS_PROFILE={profile} "));
        let shown = format!("\n$ {profile}{}", step.command());
        let _ = writeln!(text, "printf '%s\\n' {}", environment::quoted(&shown));
        match &step.action {
            Action::Environment(variables) => text.push_str(&exports(world, variables)?),
            Action::File(file) => {
                let path = word(&format!("{HOME}/{}", file.path));
                match &file.content {
                    FileContent::Absent => {
                        let _ = writeln!(text, "rm -f {path}");
                    }
                    FileContent::Text(content) => {
                        let _ = writeln!(text, "printf %s {} > {path}", word(&world.fill(content)?));
                    }
                    FileContent::Replaced { .. } => {
                        return Err(SeatError::Edit);
                    }
                }
            }
            // No shell is to read its words, but one does here.
            Action::Run(command) => {
                let words = shlex::split(&world.fill(command)?).unwrap_or_default();
                let words: Vec<String> = words.iter().map(|part| word(part)).collect();
                text.push_str(&command_of(world, step, &words.join(" "))?);
            }
            Action::Shell(script) => {
                let script = format!("sh -ec {}", word(&world.fill(script)?));
                text.push_str(&command_of(world, step, &script)?);
            }
            Action::ClearFaults | Action::Clock(_) | Action::Fault(_) | Action::SignIn { .. } => {}
        }
        if step.action.is_command() {
            text.push_str(
                "cat \"$o/out\" \"$o/err\"\n\
                 v=$(cat \"$o/out\" \"$o/err\" | curl -fsS -X POST -H 'content-type: text/plain' --data-binary @- \
                 \"$u/",
            );
            let _ = writeln!(
                text,
                "{at}/end?code=$c&stdout=$(wc -c < \"$o/out\" | tr -d ' ')\") || exit 1"
            );
            text.push_str("printf '%s\\n' \"$v\" | sed 1d\ncase $v in no*) exit 1;; esac\n");
        } else {
            let _ = writeln!(
                text,
                "curl -fsS -X POST -o /dev/null \"$u/{at}/end?code=0&stdout=0\" || exit 1"
            );
        }
    }
    Ok(text)
}

/// A command in a subshell with the step's own variables; what it prints goes to files, its exit code to `$c`.
fn command_of(world: &SeatWorld, step: &Step, command: &str) -> Result<String, PlaceError> {
    let mut text = "( ".to_owned();
    if let Some(profile) = &step.profile {
        let _ = write!(text, "export AWS_PROFILE={}; ", environment::quoted(profile));
    }
    text.push_str(&exports(world, &step.env)?.replace('\n', "; "));
    let _ = writeln!(text, "{command} ) > \"$o/out\" 2> \"$o/err\" < /dev/null; c=$?");
    Ok(text)
}

fn exports(world: &SeatWorld, variables: &BTreeMap<String, Option<Template>>) -> Result<String, PlaceError> {
    let mut text = String::new();
    for (name, value) in variables {
        let _ = match value {
            Some(value) => writeln!(text, "export {name}={}", word(&world.fill(value)?)),
            None => writeln!(text, "unset {name}"),
        };
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::catalogue;

    #[test]
    fn what_a_learner_could_not_fix_is_no_scenario_for_a_seat() {
        for (name, wanted) in [
            (
                "clock-ahead",
                Some("a seat cannot be fixed by `eks-auth-sim ctl clock reset`"),
            ),
            ("exec-binary-missing", Some("`kubectl auth whoami` hides programs")),
            ("unmapped-role", None),
        ] {
            let scenario = Scenario::parse(&catalogue::load(name).unwrap()).unwrap();
            assert_eq!(unfit(&scenario).as_deref(), wanted, "{name}");
        }
    }

    #[test]
    fn a_symptom_that_does_something_is_told_from_one_that_looks() {
        for (name, wanted) in [
            ("unmapped-role", true),
            ("aws-auth-yaml-broken", false),
            ("api-mode-ignores-aws-auth", false),
        ] {
            let scenario = Scenario::parse(&catalogue::load(name).unwrap()).unwrap();
            assert_eq!(only_looks(&scenario.symptom), wanted, "{name}");
        }
    }
}
