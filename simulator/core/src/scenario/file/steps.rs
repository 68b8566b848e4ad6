//! What people do in a scenario, and what must come of it.

use std::collections::BTreeMap;

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::super::Action;
use super::super::ClockMove;
use super::super::Edit;
use super::super::Exit;
use super::super::FileContent;
use super::super::Home;
use super::super::HomeFile;
use super::super::Mistake;
use super::super::Pattern;
use super::super::Placeholder;
use super::super::Repair;
use super::super::Save;
use super::super::Step;
use super::super::Template;
use super::super::stage::AccountModel;
use super::super::stage::WorldModel;
use super::ScenarioError;
use super::TextFile;
use super::at;
use super::cause;
use super::text_of;
use crate::value::instant::duration_seconds;
use crate::world::fault::FaultSpec;
use crate::world::fault::Faults;

/// What a command of `run` may begin with. Other programs go through `shell`.
const PROGRAMS: [&str; 3] = ["aws", "eks-auth-sim", "kubectl"];

/// A command, or what else happens, and what must come of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(super) struct StepFile {
    /// A command line that begins with aws, kubectl or eks-auth-sim: words and quotes, no shell.
    #[schemars(with = "Option<String>")]
    run: Option<Spanned<String>>,
    /// A script for `sh -e`, where words and quotes are not enough: pipes, variables, here-documents.
    #[schemars(with = "Option<String>")]
    shell: Option<Spanned<String>>,
    /// A file of the home changes, as a person would change it in an editor.
    #[schemars(with = "Option<HomeFileFile>")]
    file: Option<Spanned<HomeFileFile>>,
    /// The World's clock is moved, while the clients keep their own: `advance 20m`, `back 20m` or `reset`.
    #[schemars(with = "Option<String>")]
    clock: Option<Spanned<String>>,
    /// A fault of an AWS service begins.
    #[schemars(with = "Option<FaultSpec>")]
    fault: Option<Spanned<FaultSpec>>,
    /// Every fault ends.
    #[schemars(with = "Option<bool>")]
    clear_faults: Option<Spanned<bool>>,
    /// Variables of the person's shell are set from then on; null takes one away.
    #[schemars(with = "Option<BTreeMap<String, Option<String>>>")]
    set_env: Option<Spanned<BTreeMap<String, Option<String>>>>,
    /// This user of Identity Center signs in for the profile, as `aws sso login` does.
    #[schemars(with = "Option<String>")]
    sign_in: Option<Spanned<String>>,
    /// The profile that acts: AWS_PROFILE of this step.
    #[schemars(with = "Option<String>")]
    r#as: Option<Spanned<String>>,
    /// Variables of this step alone; null takes one away.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Option<String>>")]
    env: BTreeMap<String, Option<Spanned<String>>>,
    /// Programs that this step does not find on PATH.
    #[serde(default)]
    hide: Vec<String>,
    /// It must end with another code than 0.
    #[schemars(with = "Option<bool>")]
    fails: Option<Spanned<bool>>,
    /// It must end with this code; 0 unless it says so or `fails`.
    #[schemars(with = "Option<i32>")]
    exit: Option<Spanned<i32>>,
    /// Each must match a line that it prints, on either stream.
    #[schemars(with = "Option<PatternsFile>")]
    prints: Option<Spanned<PatternsFile>>,
    /// Each must match a line of its standard output.
    #[schemars(with = "Option<PatternsFile>")]
    stdout: Option<Spanned<PatternsFile>>,
    /// Each must match a line of its standard error.
    #[schemars(with = "Option<PatternsFile>")]
    stderr: Option<Spanned<PatternsFile>>,
    /// None may match any line that it prints.
    #[schemars(with = "Option<PatternsFile>")]
    prints_not: Option<Spanned<PatternsFile>>,
    /// Each must match a line of the authenticator's log, behind its time, since the last step with `log` or `log_not`.
    #[schemars(with = "Option<PatternsFile>")]
    log: Option<Spanned<PatternsFile>>,
    /// None may match such a line.
    #[schemars(with = "Option<PatternsFile>")]
    log_not: Option<Spanned<PatternsFile>>,
    /// Whose token must be let in during this step: user/NAME, role/NAME or an ARN.
    #[schemars(with = "Option<String>")]
    caller: Option<Spanned<String>>,
    /// What the person does where the command opens an editor.
    #[schemars(with = "Option<EditFile>")]
    edit: Option<Spanned<EditFile>>,
    /// The access key that the command prints goes into this profile.
    #[schemars(with = "Option<String>")]
    save_key_as: Option<Spanned<String>>,
    /// Names for `@{saved NAME}`, each with a JSON pointer into the standard output, or null for all of it.
    #[serde(default)]
    save: BTreeMap<String, Option<String>>,
}

/// Patterns, or one.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Patterns")]
enum PatternsFile {
    One(PatternFile),
    Many(Vec<PatternFile>),
}

/// What a line must be.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Pattern")]
enum PatternFile {
    /// The whole line; `*` stands for any text, white space for any white space.
    Glob(String),
    /// One of the other kinds.
    Other(OtherPatternFile),
}

/// A pattern in which `*` is itself.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
#[schemars(rename = "OtherPattern")]
enum OtherPatternFile {
    /// One of these is enough: where clients, or releases of them, say the same in different words.
    Any(Vec<PatternFile>),
    /// A text that is in the line.
    Contains(String),
    /// The line itself.
    Exact(String),
    /// A regular expression that matches somewhere in the line.
    Regex(String),
}

/// What a person does in an editor: `after` with `insert`, or `replace` with `with`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Edit")]
struct EditFile {
    /// Behind this line, without its indentation.
    after: Option<String>,
    /// These lines, indented relative to it.
    insert: Option<String>,
    /// In place of this line, without its indentation.
    replace: Option<String>,
    /// These lines, indented relative to it; none where empty.
    with: Option<String>,
}

/// The person's home, where it differs from what every scenario has: .aws/config, .aws/credentials, .kube/config.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Home")]
pub(super) struct HomeFileSection {
    /// Variables of every command.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    env: BTreeMap<String, Spanned<String>>,
    /// Programs that are not found on PATH.
    #[serde(default)]
    hide: Vec<String>,
    /// Files, written in this order.
    #[serde(default)]
    #[schemars(with = "Vec<HomeFileFile>")]
    files: Vec<Spanned<HomeFileFile>>,
}

/// A file of the person's home. It has one of `text`, `from`, `replace` with `with`, and `absent`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "HomeFile")]
struct HomeFileFile {
    /// Relative to the home folder, such as .kube/config.
    path: String,
    /// What it holds.
    text: Option<String>,
    /// The file beside scenario.yaml, or the text under `files`, that it holds.
    from: Option<String>,
    /// A text that is replaced wherever it stands.
    replace: Option<String>,
    /// What comes in its place.
    with: Option<String>,
    /// Whether it is removed.
    #[serde(default)]
    absent: bool,
}

/// Another right fix than the recommended one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Alternative")]
pub(super) struct RepairFile {
    /// What it is, in a line.
    title: TextFile,
    /// Its commands; the proof must hold after them.
    fix: Vec<StepFile>,
}

/// What people try in vain.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mistake")]
pub(super) struct MistakeFile {
    /// What it is, in a line.
    title: TextFile,
    /// Its commands; the proof must fail after them.
    fix: Vec<StepFile>,
    /// The cause that `explain` names for the proof that fails.
    #[schemars(with = "String")]
    still: Spanned<String>,
}

/// Reads steps of one World in the order in which they are played.
pub(super) struct StepReader<'a> {
    world: &'a WorldModel,
    files: &'a BTreeMap<String, String>,
    saved: Vec<String>,
}

impl<'a> StepReader<'a> {
    pub(super) fn new(world: &'a WorldModel, files: &'a BTreeMap<String, String>) -> Self {
        Self {
            world,
            files,
            saved: Vec::new(),
        }
    }

    pub(super) fn home(&self, file: HomeFileSection) -> Result<Home, ScenarioError> {
        let mut env = BTreeMap::new();
        for (name, value) in file.env {
            env.insert(name, self.template(&value, &value.value)?);
        }
        let files = file.files.into_iter().map(|file| self.file(file));
        Ok(Home {
            env,
            hide: file.hide,
            files: files.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn steps(&mut self, files: Vec<StepFile>) -> Result<Vec<Step>, ScenarioError> {
        files.into_iter().map(|file| self.step(file)).collect()
    }

    /// Steps in place of those that follow: what they save is not there afterwards.
    pub(super) fn aside(&mut self, files: Vec<StepFile>) -> Result<Vec<Step>, ScenarioError> {
        let saved = self.saved.clone();
        let steps = self.steps(files);
        self.saved = saved;
        steps
    }

    pub(super) fn repair(&mut self, file: RepairFile) -> Result<Repair, ScenarioError> {
        Ok(Repair {
            title: text_of(file.title),
            fix: self.aside(file.fix)?,
        })
    }

    pub(super) fn mistake(&mut self, file: MistakeFile) -> Result<Mistake, ScenarioError> {
        Ok(Mistake {
            title: text_of(file.title),
            fix: self.aside(file.fix)?,
            still: cause(&file.still)?,
        })
    }

    fn step(&mut self, file: StepFile) -> Result<Step, ScenarioError> {
        for name in [&file.r#as, &file.save_key_as].into_iter().flatten() {
            if !self.world.profiles.iter().any(|profile| profile.name == name.value) {
                return Err(at(name, format!("no profile `{}` in this world", name.value)));
            }
        }
        let action = self.action(&file)?;
        let (is_command, is_run) = match &action {
            Action::Run(_) => (true, true),
            Action::Shell(_) => (true, false),
            _ => (false, false),
        };
        if let Some(edit) = file.edit.as_ref().filter(|_| !is_run) {
            return Err(at(edit, "only a command of `run` opens an editor"));
        }
        let patterns = [
            &file.prints,
            &file.stdout,
            &file.stderr,
            &file.prints_not,
            &file.log,
            &file.log_not,
        ];
        if let Some(patterns) = patterns.into_iter().flatten().next().filter(|_| !is_command) {
            return Err(at(patterns, "only a command prints and is logged"));
        }
        let exit = match (&file.fails, &file.exit) {
            (Some(fails), Some(_)) => return Err(at(fails, "a step has either `fails` or `exit`")),
            (Some(fails), None) if fails.value => Exit::Failure,
            (_, exit) => Exit::Code(exit.as_ref().map_or(0, |code| code.value)),
        };
        let mut env = BTreeMap::new();
        for (name, value) in &file.env {
            let value = value.as_ref().map(|value| self.template(value, &value.value));
            env.insert(name.clone(), value.transpose()?);
        }
        let caller = match &file.caller {
            None => None,
            Some(name) => Some(self.caller(name)?),
        };
        let save: Vec<Save> = file.save.into_iter().map(|(name, json)| Save { name, json }).collect();
        self.saved.extend(save.iter().map(|save| save.name.clone()));
        Ok(Step {
            action,
            profile: file.r#as.map(|name| name.value),
            env,
            hide: file.hide,
            exit,
            prints: patterns_of(file.prints)?,
            stdout: patterns_of(file.stdout)?,
            stderr: patterns_of(file.stderr)?,
            prints_not: patterns_of(file.prints_not)?,
            log: patterns_of(file.log)?,
            log_not: patterns_of(file.log_not)?,
            caller,
            edit: file.edit.map(edit).transpose()?,
            save_key_as: file.save_key_as.map(|name| name.value),
            save,
        })
    }

    fn action(&self, file: &StepFile) -> Result<Action, ScenarioError> {
        let mut found = Vec::new();
        if let Some(run) = &file.run {
            let template = self.template(run, &run.value)?;
            let program = run.value.split_whitespace().next().unwrap_or_default();
            if !PROGRAMS.contains(&program) {
                return Err(at(
                    run,
                    format!("a command of `run` begins with one of {}", PROGRAMS.join(", ")),
                ));
            }
            found.push((run.referenced, Action::Run(template)));
        }
        if let Some(shell) = &file.shell {
            found.push((shell.referenced, Action::Shell(self.template(shell, &shell.value)?)));
        }
        if let Some(changed) = &file.file {
            found.push((changed.referenced, Action::File(self.file_of(changed)?)));
        }
        if let Some(clock) = &file.clock {
            let movement =
                clock_move(&clock.value).ok_or_else(|| at(clock, "`clock` is `advance 20m`, `back 20m` or `reset`"))?;
            found.push((clock.referenced, Action::Clock(movement)));
        }
        if let Some(fault) = &file.fault {
            Faults::new(0)
                .add(fault.value.clone())
                .map_err(|message| at(fault, message))?;
            found.push((fault.referenced, Action::Fault(fault.value.clone())));
        }
        if let Some(clear) = file.clear_faults.as_ref().filter(|clear| clear.value) {
            found.push((clear.referenced, Action::ClearFaults));
        }
        if let Some(variables) = &file.set_env {
            let mut env = BTreeMap::new();
            for (name, value) in &variables.value {
                let value = value.as_ref().map(|value| self.template(variables, value));
                env.insert(name.clone(), value.transpose()?);
            }
            found.push((variables.referenced, Action::Environment(env)));
        }
        if let Some(user) = &file.sign_in {
            let center = self.world.identity_center.as_ref();
            if !center.is_some_and(|center| center.users.iter().any(|known| known.name == user.value)) {
                return Err(at(
                    user,
                    format!("no user `{}` in the Identity Center of this world", user.value),
                ));
            }
            let profile = file.r#as.as_ref().map_or("default", |name| &name.value).to_owned();
            let action = Action::SignIn {
                profile,
                user: user.value.clone(),
            };
            found.push((user.referenced, action));
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some((_, action)), None) => Ok(action),
            (Some(_), Some((place, _))) => Err(ScenarioError {
                line: place.line(),
                column: place.column(),
                message: ONE_ACTION.to_owned(),
            }),
            (None, _) => Err(self.nowhere(file)),
        }
    }

    /// A step in which nothing happens, reported where any of its values stands.
    fn nowhere(&self, file: &StepFile) -> ScenarioError {
        let places = [
            file.r#as.as_ref().map(|value| value.referenced),
            file.prints.as_ref().map(|value| value.referenced),
            file.log.as_ref().map(|value| value.referenced),
            file.fails.as_ref().map(|value| value.referenced),
            file.exit.as_ref().map(|value| value.referenced),
        ];
        let place = places.into_iter().flatten().next();
        ScenarioError {
            line: place.map_or(0, |place| place.line()),
            column: place.map_or(0, |place| place.column()),
            message: ONE_ACTION.to_owned(),
        }
    }

    fn file(&self, file: Spanned<HomeFileFile>) -> Result<HomeFile, ScenarioError> {
        self.file_of(&file)
    }

    fn file_of(&self, spanned: &Spanned<HomeFileFile>) -> Result<HomeFile, ScenarioError> {
        let file = &spanned.value;
        let is_inside = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !file.path.split('/').all(is_inside) {
            return Err(at(
                spanned,
                format!("`{}` is no path inside the home folder", file.path),
            ));
        }
        let content = match (&file.text, &file.from, &file.replace, &file.with, file.absent) {
            (Some(text), None, None, None, false) => FileContent::Text(self.template(spanned, text)?),
            (None, Some(name), None, None, false) => {
                let text = artifact(self.files, spanned, name)?;
                FileContent::Text(self.template(spanned, text)?)
            }
            (None, None, Some(from), Some(to), false) => FileContent::Replaced {
                from: from.clone(),
                to: self.template(spanned, to)?,
            },
            (None, None, None, None, true) => FileContent::Absent,
            _ => {
                let message = "a file has one of `text`, `from`, `replace` with `with`, and `absent`";
                return Err(at(spanned, message));
            }
        };
        Ok(HomeFile {
            path: file.path.clone(),
            content,
        })
    }

    fn template<T>(&self, place: &Spanned<T>, text: &str) -> Result<Template, ScenarioError> {
        let template = Template::parse(text).map_err(|message| at(place, message))?;
        for wanted in template.places() {
            self.check_place(wanted).map_err(|message| at(place, message))?;
        }
        Ok(template)
    }

    fn check_place(&self, place: &Placeholder) -> Result<(), UnknownName> {
        if let Some(name) = place.profile()
            && !self
                .world
                .profiles
                .iter()
                .any(|profile| profile.name == name && profile.has_key())
        {
            return Err(UnknownName::Profile(name.to_owned()));
        }
        if let Some(name) = place.cluster()
            && !self.world.clusters.iter().any(|cluster| cluster.name == name)
        {
            return Err(UnknownName::Cluster(name.to_owned()));
        }
        match place {
            Placeholder::Saved(name) if !self.saved.contains(name) => Err(UnknownName::Saved(name.clone())),
            _ => Ok(()),
        }
    }

    fn caller(&self, name: &Spanned<String>) -> Result<String, ScenarioError> {
        if name.value.starts_with("arn:") {
            return Ok(name.value.clone());
        }
        self.world
            .accounts
            .iter()
            .find_map(|account: &AccountModel| account.canonical_arn(&name.value))
            .ok_or_else(|| {
                at(
                    name,
                    format!("no `{}` in this world: user/NAME, role/NAME or an ARN", name.value),
                )
            })
    }
}

const ONE_ACTION: &str =
    "a step has one of `run`, `shell`, `file`, `clock`, `fault`, `clear_faults`, `set_env`, `sign_in`";

/// The text of a file beside scenario.yaml.
pub(super) fn artifact<'a, T>(
    files: &'a BTreeMap<String, String>,
    place: &Spanned<T>,
    name: &str,
) -> Result<&'a str, ScenarioError> {
    files.get(name).map(String::as_str).ok_or_else(|| {
        at(
            place,
            format!("no file `{name}` beside scenario.yaml, and no text of that name under `files`"),
        )
    })
}

fn clock_move(text: &str) -> Option<ClockMove> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["advance", by] => duration_seconds(by).filter(|by| *by > 0).map(ClockMove::By),
        ["back", by] => duration_seconds(by).filter(|by| *by > 0).map(|by| ClockMove::By(-by)),
        ["reset"] => Some(ClockMove::Reset),
        _ => None,
    }
}

fn edit(file: Spanned<EditFile>) -> Result<Edit, ScenarioError> {
    match &file.value {
        EditFile {
            after: Some(after),
            insert: Some(insert),
            replace: None,
            with: None,
        } => Ok(Edit::Insert {
            after: after.clone(),
            lines: insert.clone(),
        }),
        EditFile {
            after: None,
            insert: None,
            replace: Some(line),
            with: Some(with),
        } => Ok(Edit::Replace {
            line: line.clone(),
            with: with.clone(),
        }),
        _ => Err(at(&file, "an edit has `after` and `insert`, or `replace` and `with`")),
    }
}

fn patterns_of(file: Option<Spanned<PatternsFile>>) -> Result<Vec<Pattern>, ScenarioError> {
    let Some(Spanned { value, referenced, .. }) = file else {
        return Ok(Vec::new());
    };
    let patterns = match value {
        PatternsFile::One(pattern) => vec![pattern],
        PatternsFile::Many(patterns) => patterns,
    };
    let refused = |error: PatternError| ScenarioError {
        line: referenced.line(),
        column: referenced.column(),
        message: error.to_string(),
    };
    patterns
        .into_iter()
        .map(|pattern| pattern_of(pattern).map_err(refused))
        .collect()
}

/// Why a pattern is none.
#[derive(Debug, thiserror::Error)]
enum PatternError {
    /// A choice of nothing.
    #[error("`any` wants at least one pattern")]
    Empty,
    /// A regular expression that is none.
    #[error("`{0}` is no regular expression")]
    Regex(String),
}

/// A name in a place of a text that stands for nothing.
#[derive(Debug, thiserror::Error)]
enum UnknownName {
    /// Of a cluster.
    #[error("no cluster `{0}` in this world")]
    Cluster(String),
    /// Of a profile.
    #[error("no profile `{0}` with a key of its own in this world")]
    Profile(String),
    /// Of something that an earlier step saves.
    #[error("no earlier step saves `{0}`")]
    Saved(String),
}

fn pattern_of(file: PatternFile) -> Result<Pattern, PatternError> {
    match file {
        PatternFile::Glob(text) => Ok(Pattern::Glob(text)),
        PatternFile::Other(OtherPatternFile::Any(patterns)) if patterns.is_empty() => Err(PatternError::Empty),
        PatternFile::Other(OtherPatternFile::Any(patterns)) => {
            let patterns: Result<Vec<Pattern>, PatternError> = patterns.into_iter().map(pattern_of).collect();
            Ok(Pattern::Any(patterns?))
        }
        PatternFile::Other(OtherPatternFile::Contains(text)) => Ok(Pattern::Contains(text)),
        PatternFile::Other(OtherPatternFile::Exact(text)) => Ok(Pattern::Exact(text)),
        PatternFile::Other(OtherPatternFile::Regex(text)) => match Regex::new(&text) {
            Ok(regex) => Ok(Pattern::Regex(regex)),
            Err(_) => Err(PatternError::Regex(text)),
        },
    }
}
