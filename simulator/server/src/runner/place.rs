//! What the places in a scenario's texts stand for, wherever it is staged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_auth_core::scenario::Placeholder;
use eks_auth_core::value::instant::Timestamp;

use crate::environment::cluster_listener::ClusterListener;
use crate::environment::profile::Credentials;

/// Where a scenario is staged.
pub(crate) struct Places<'a> {
    /// Its clusters.
    pub(crate) clusters: &'a [ClusterListener],
    /// The URL of its AWS endpoint.
    pub(crate) aws_endpoint: &'a str,
    /// The PEM certificate of its authority.
    pub(crate) authority: &'a str,
    /// The learner's folder.
    pub(crate) home: &'a str,
    /// The time of the clients.
    pub(crate) now: Timestamp,
}

impl Places<'_> {
    /// What a place stands for. `credentials` are those that a profile was staged with, `saved` what a step has saved.
    ///
    /// # Errors
    /// [`PlaceError`] when it wants what is not there.
    pub(crate) fn value(
        &self,
        place: &Placeholder,
        credentials: impl Fn(&str) -> Result<Credentials, PlaceError>,
        saved: impl Fn(&str) -> Result<String, PlaceError>,
    ) -> Result<String, PlaceError> {
        match place {
            Placeholder::AwsEndpoint => Ok(self.aws_endpoint.to_owned()),
            Placeholder::CertificateAuthority(name) => {
                self.cluster(name.as_deref())?;
                Ok(STANDARD.encode(self.authority))
            }
            Placeholder::Endpoint(name) => Ok(self.cluster(name.as_deref())?.endpoint.clone()),
            Placeholder::Home => Ok(self.home.to_owned()),
            Placeholder::KeyId(profile) => Ok(credentials(profile)?.access_key_id),
            Placeholder::Saved(name) => saved(name),
            Placeholder::Secret(profile) => Ok(credentials(profile)?.secret.expose().to_owned()),
            Placeholder::SessionToken(profile) => {
                let token = credentials(profile)?.session_token;
                Ok(token.map(|token| token.expose().to_owned()).unwrap_or_default())
            }
            Placeholder::Token {
                profile,
                age_seconds,
                cluster,
            } => {
                let cluster = self.cluster(cluster.as_deref())?;
                let signed = self.now.plus_seconds(-age_seconds);
                let endpoint = Some(self.aws_endpoint);
                Ok(credentials(profile)?.bearer_token(&cluster.region, endpoint, &cluster.name, signed))
            }
        }
    }

    /// The cluster of that name, or the first.
    fn cluster(&self, name: Option<&str>) -> Result<&ClusterListener, PlaceError> {
        let found = self
            .clusters
            .iter()
            .find(|cluster| name.is_none_or(|name| name == cluster.name));
        found.ok_or(PlaceError::NoCluster)
    }
}

/// What a scenario's texts or files want, and what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The cluster.
    #[error("the cluster is gone")]
    NoCluster,
    /// A key of the profile.
    #[error("profile `{0}` has no key")]
    NoKey(String),
    /// A text of that name, which no step of a workshop saves.
    #[error("nothing is saved as `{0}` in a workshop")]
    NotSaved(String),
    /// The text that is to be replaced.
    #[error("no `{text}` in {file} to be replaced")]
    NoText {
        /// The file's path.
        file: String,
        /// The text.
        text: String,
    },
}
