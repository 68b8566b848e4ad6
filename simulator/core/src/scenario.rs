//! Scenario files: text to model. No file is read here.

use crate::iam::SecretKey;
use crate::iam::SessionToken;
use crate::instant::Timestamp;
use crate::world::World;

/// A World made ready, with the profiles by which people act in it.
#[derive(Clone, Debug)]
pub struct Staging {
    /// The World at its beginning.
    pub world: World,
    /// The profiles of the AWS configuration, `default` first.
    pub profiles: Vec<Profile>,
}

/// A profile of the AWS configuration.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Such as `default` or `creator`.
    pub name: String,
    /// Such as `us-west-2`.
    pub region: String,
    /// Where its credentials come from.
    pub source: ProfileSource,
}

/// Where a profile's credentials come from.
#[derive(Clone, Debug)]
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
}

/// Reads a scenario or bare world and makes its World as of `now`.
///
/// # Errors
/// [`ScenarioError`] with line and column.
pub fn stage(text: &str, now: Timestamp) -> Result<Staging, ScenarioError> {
    let _ = (text, now);
    Err(ScenarioError {
        line: 0,
        column: 0,
        message: String::new(),
    })
}

/// A file that is no scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ScenarioError {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is wrong and how to mend it.
    pub message: String,
}
