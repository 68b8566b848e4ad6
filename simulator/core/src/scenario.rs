//! Scenario files: text to model, and the World that a model stages. No file is read here.
//!
//! The shape is described in docs/scenarios.md. A file is refused, with line and column, when anything in it is unknown or
//! inconsistent.

mod file;
pub mod import;
mod pattern;
mod schema;
mod stage;
mod template;
#[cfg(test)]
mod tests;
pub mod ticket;

use std::collections::BTreeMap;

pub use self::pattern::Pattern;
pub use self::schema::schema;
pub use self::template::Piece;
pub use self::template::Placeholder;
pub use self::template::Template;
pub use self::template::TemplateError;
use crate::aws::iam::SecretKey;
use crate::aws::iam::SessionToken;
use crate::explain::Cause;
use crate::value::instant::Timestamp;
use crate::world::World;
use crate::world::fault::FaultSpec;
use serde::Deserialize;
use serde::Serialize;

/// The World of AWS's article, in which the simulator starts when no scenario is named.
pub const ARTICLE_WORLD: &str = include_str!("scenario/article.yaml");

/// A broken scenario: a World, what is seen in it, why, how it is fixed, and how that shows.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The name by which it is run; the name of its folder.
    pub id: String,
    /// A line.
    pub title: Text,
    /// What happened, as the person of the story tells it.
    pub story: Text,
    /// From 1 (easy) to 5.
    pub difficulty: u8,
    /// Words to search by.
    pub tags: Vec<String>,
    /// What is in the person's home beside the usual files.
    pub home: Home,
    /// What the person sees.
    pub symptom: Vec<Step>,
    /// What `explain` must name.
    pub cause: Cause,
    /// For who is stuck, from vague to plain.
    pub hints: Vec<Text>,
    /// The recommended fix.
    pub fix: Vec<Step>,
    /// Other right fixes.
    pub alternatives: Vec<Repair>,
    /// What people try in vain.
    pub mistakes: Vec<Mistake>,
    /// The commands that show that it is fixed.
    pub proof: Vec<Step>,
    /// What is to be remembered.
    pub learned: Option<Text>,
    /// Whether only the real clients show it: it is about what they write, print or read of their own.
    pub real_clients: bool,
    world: stage::WorldModel,
}

/// Text for people, in English and Korean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: String,
    /// Korean.
    pub ko: String,
}

/// Another right fix than the recommended one.
#[derive(Clone, Debug)]
pub struct Repair {
    /// A line.
    pub title: Text,
    /// The commands.
    pub fix: Vec<Step>,
}

/// A fix that is none.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// A line.
    pub title: Text,
    /// The commands.
    pub fix: Vec<Step>,
    /// What `explain` names then.
    pub still: Cause,
}

/// The person's home, where it differs from what every scenario has: `.aws/config`, `.aws/credentials`, `.kube/config`.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// Variables of every command.
    pub env: BTreeMap<String, Template>,
    /// Programs that are not found on PATH.
    pub hide: Vec<String>,
    /// Files, relative to the home folder, in the order in which they are written.
    pub files: Vec<HomeFile>,
}

/// A file of the person's home.
#[derive(Clone, Debug)]
pub struct HomeFile {
    /// Relative to the home folder; `..` is not in it.
    pub path: String,
    /// What it holds from then on.
    pub content: FileContent,
}

/// What becomes of a file.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// It is gone.
    Absent,
    /// This text.
    Text(Template),
    /// What it held, with one text in place of another everywhere; it must have been there.
    Replaced {
        /// The text that goes.
        from: String,
        /// The text that comes.
        to: Template,
    },
}

/// One command, or what else happens, and what must come of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happens.
    pub action: Action,
    /// The profile it is run as; the environment's own where absent.
    pub profile: Option<String>,
    /// Variables of this step alone; those without a value are taken away.
    pub env: BTreeMap<String, Option<Template>>,
    /// Programs that are not found on PATH in this step.
    pub hide: Vec<String>,
    /// How it must end.
    pub exit: Exit,
    /// Of these each must match some line of either stream.
    pub prints: Vec<Pattern>,
    /// Of these each must match some line of the standard output.
    pub stdout: Vec<Pattern>,
    /// Of these each must match some line of the standard error.
    pub stderr: Vec<Pattern>,
    /// Of these none may match any line of either stream.
    pub prints_not: Vec<Pattern>,
    /// Of these each must match a line of the authenticator's log, behind its time, of those since the last step with some.
    pub log: Vec<Pattern>,
    /// Of these none may match such a line.
    pub log_not: Vec<Pattern>,
    /// The canonical ARN whose token must be let in during this step.
    pub caller: Option<String>,
    /// What the person does when the command opens an editor.
    pub edit: Option<Edit>,
    /// The profile that is to hold the access key that the command prints.
    pub save_key_as: Option<String>,
    /// Values of the output that later steps use.
    pub save: Vec<Save>,
}

impl Step {
    /// What happens, in a line or, for scripts and files, in some, as it is written.
    #[must_use]
    pub fn command(&self) -> String {
        match &self.action {
            Action::ClearFaults => "(every fault ends)".to_owned(),
            Action::Clock(ClockMove::By(seconds)) => format!("(the cluster's clock is moved by {seconds} s)"),
            Action::Clock(ClockMove::Reset) => "(the clocks are set right)".to_owned(),
            Action::Environment(variables) => {
                let lines: Vec<String> = variables
                    .iter()
                    .map(|(name, value)| match value {
                        Some(value) => format!("export {name}='{}'", value.as_written()),
                        None => format!("unset {name}"),
                    })
                    .collect();
                lines.join("; ")
            }
            Action::Fault(fault) => format!(
                "(a fault begins: {} of {})",
                fault.effect,
                fault.service.as_deref().unwrap_or("every service")
            ),
            Action::File(file) => match &file.content {
                FileContent::Absent => format!("rm ~/{}", file.path),
                FileContent::Text(text) => {
                    format!("cat > ~/{} <<'END'\n{}\nEND", file.path, text.as_written().trim_end())
                }
                FileContent::Replaced { from, to } => {
                    format!("(in ~/{}: `{from}` becomes `{}`)", file.path, to.as_written())
                }
            },
            Action::Run(template) | Action::Shell(template) => template.as_written().trim_end().to_owned(),
            Action::SignIn { profile, user } => format!("aws sso login --profile {profile}   # as {user}"),
        }
    }
}

/// What happens in a step.
#[derive(Clone, Debug)]
pub enum Action {
    /// Faults are taken away.
    ClearFaults,
    /// The World's clock is moved by so many seconds.
    Clock(ClockMove),
    /// Variables of the person's shell are set, or taken away, from then on.
    Environment(BTreeMap<String, Option<Template>>),
    /// A fault begins.
    Fault(FaultSpec),
    /// A file of the home changes, as by an editor.
    File(HomeFile),
    /// A command of plain words and quotes; no shell reads it.
    Run(Template),
    /// A script that `sh -e` reads.
    Shell(Template),
    /// A sign-in to Identity Center, as `aws sso login` makes it for a profile: this user of the World's Identity Center
    /// approves it in the browser.
    SignIn {
        /// The profile.
        profile: String,
        /// The user.
        user: String,
    },
}

impl Action {
    /// Whether a client is run.
    #[must_use]
    pub fn is_command(&self) -> bool {
        matches!(self, Self::Run(_) | Self::Shell(_))
    }
}

/// How the World's clock is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMove {
    /// By seconds, backwards if negative. Clients keep their own time.
    By(i64),
    /// To the time of the clients.
    Reset,
}

/// How a command must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With another code than 0.
    Failure,
    /// With this code.
    Code(i32),
}

impl Exit {
    /// Whether a command that ended with `code` (nothing where a signal ended it) ended so.
    #[must_use]
    pub fn is(self, code: Option<i32>) -> bool {
        match (self, code) {
            (Self::Failure, Some(code)) => code != 0,
            (Self::Code(wanted), Some(code)) => code == wanted,
            (_, None) => false,
        }
    }
}

/// A value that a step leaves to later ones.
#[derive(Clone, Debug)]
pub struct Save {
    /// What `@{saved NAME}` calls it.
    pub name: String,
    /// A JSON pointer into the standard output; all of it, without white space at the ends, where absent.
    pub json: Option<String>,
}

/// What a person does in an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Lines put in behind a line.
    Insert {
        /// The line, without its indentation.
        after: String,
        /// The lines, indented relative to that line.
        lines: String,
    },
    /// Lines in place of a line; none take it away.
    Replace {
        /// The line, without its indentation.
        line: String,
        /// The lines, indented relative to that line.
        with: String,
    },
}

/// A World made ready, with the profiles by which people act in it.
#[derive(Clone, Debug)]
pub struct Staging {
    /// The World at its beginning.
    pub world: World,
    /// The profiles of the AWS configuration, `default` first.
    pub profiles: Vec<Profile>,
}

/// A profile of the AWS configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Profile {
    /// Such as `default` or `creator`.
    pub name: String,
    /// Such as `us-west-2`.
    pub region: String,
    /// Where its credentials come from.
    pub source: ProfileSource,
    /// Further lines of its section of the configuration.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// Where a profile's credentials come from.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum ProfileSource {
    /// Static credentials, possibly of a key that no longer exists.
    AccessKey {
        /// The key's id.
        id: String,
        /// Its secret.
        secret: SecretKey,
        /// Present for temporary credentials.
        session_token: Option<SessionToken>,
    },
    /// A role assumed with another profile's credentials.
    AssumeRole {
        /// The role's ARN, with its path.
        role_arn: String,
        /// The profile that assumes it.
        source_profile: String,
        /// What the trust policy may ask for.
        external_id: Option<String>,
        /// The session's name; the client's own choice where absent.
        role_session_name: Option<String>,
    },
    /// A role of Identity Center, for whoever signs in.
    Sso {
        /// Where one begins to sign in.
        start_url: String,
        /// The region of Identity Center.
        region: String,
        /// The account.
        account: String,
        /// The permission set, which the portal calls a role.
        permission_set: String,
    },
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`ScenarioError`] with line and column.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        file::parse_scenario(text)
    }

    /// The names of its profiles, `default` first where it is.
    #[must_use]
    pub fn profile_names(&self) -> Vec<&str> {
        self.world.profiles.iter().map(|profile| &*profile.name).collect()
    }

    /// Makes its World as of `machine`, what the machine's clock shows; the World's own may show something else.
    #[must_use]
    pub fn stage(&self, machine: Timestamp) -> Staging {
        self.world.stage(machine, self.world.seed)
    }

    /// The same World with other ids and keys: nobody's credentials of one are good in another.
    #[must_use]
    pub fn stage_with_seed(&self, machine: Timestamp, seed: u64) -> Staging {
        self.world.stage(machine, seed)
    }
}

/// Reads a scenario or a bare world (a file with `world` only) and makes its World as of `machine`, what the machine's clock
/// shows.
///
/// # Errors
/// [`ScenarioError`] with line and column.
pub fn stage(text: &str, machine: Timestamp) -> Result<Staging, ScenarioError> {
    let model = file::parse_world(text)?;
    Ok(model.stage(machine, model.seed))
}

/// A file that is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ScenarioError {
    /// From 1; 0 where it is not known.
    pub line: u64,
    /// From 1; 0 where it is not known.
    pub column: u64,
    /// What is wrong and how to fix it.
    pub message: String,
}
