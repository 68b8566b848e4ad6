//! Scenario files: text to model, and the World that a model stages. No file is read here.
//!
//! The shape is described in docs/scenarios.md. A file is refused, with line and column, when anything in it is unknown or
//! inconsistent.

mod file;
mod pattern;
mod stage;
#[cfg(test)]
mod tests;

pub use self::pattern::line_matches;
use crate::explain::Cause;
use crate::iam::SecretKey;
use crate::iam::SessionToken;
use crate::instant::Timestamp;
use crate::world::World;
use serde::Deserialize;
use serde::Serialize;

/// The World of AWS's article, in which the simulator starts when no scenario is named.
pub const ARTICLE_WORLD: &str = include_str!("scenario/article.yaml");

/// A staged misfortune: a World, what is seen in it, why, how it is mended, and how that shows.
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
    /// What the person sees.
    pub symptom: Vec<Step>,
    /// What `explain` must name.
    pub cause: Cause,
    /// For who is stuck, from vague to plain.
    pub hints: Vec<Text>,
    /// The commands that mend it.
    pub fix: Vec<Step>,
    /// The commands that show that it is mended.
    pub proof: Vec<Step>,
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

/// One command and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// A command line of plain words and quotes; no shell reads it.
    pub run: String,
    /// The profile it is run as; the environment's own where absent.
    pub profile: Option<String>,
    /// Whether it must fail.
    pub fails: bool,
    /// Patterns of which each must match some line that it prints; see [`line_matches`].
    pub prints: Vec<String>,
    /// A pattern that some line of the authenticator's log, behind its time, must match, of those since the last step with one.
    pub log: Option<String>,
    /// What the person does when the command opens an editor.
    pub edit: Option<Edit>,
    /// The profile that is to hold the access key that the command prints.
    pub save_key_as: Option<String>,
}

/// Lines put in behind a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The line, without its indentation.
    pub after: String,
    /// The lines, indented relative to that line.
    pub insert: String,
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

    /// Makes its World as of `machine`, what the machine's clock shows; the World's own may show something else.
    #[must_use]
    pub fn stage(&self, machine: Timestamp) -> Staging {
        self.world.stage(machine)
    }
}

/// Reads a scenario or a bare world (a file with `world` only) and makes its World as of `machine`, what the machine's clock
/// shows.
///
/// # Errors
/// [`ScenarioError`] with line and column.
pub fn stage(text: &str, machine: Timestamp) -> Result<Staging, ScenarioError> {
    Ok(file::parse_world(text)?.stage(machine))
}

/// A file that is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ScenarioError {
    /// From 1; 0 where it is not known.
    pub line: u64,
    /// From 1; 0 where it is not known.
    pub column: u64,
    /// What is wrong and how to mend it.
    pub message: String,
}
