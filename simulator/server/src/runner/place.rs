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
    /// A sentence when it wants what is not there.
    pub(crate) fn value(
        &self,
        place: &Placeholder,
        credentials: impl Fn(&str) -> Result<Credentials, String>,
        saved: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
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
    fn cluster(&self, name: Option<&str>) -> Result<&ClusterListener, String> {
        let found = self
            .clusters
            .iter()
            .find(|cluster| name.is_none_or(|name| name == cluster.name));
        found.ok_or_else(|| "the cluster is gone".to_owned())
    }
}
