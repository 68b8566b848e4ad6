//! OpenID Connect identity providers: whose tokens STS accepts for AssumeRoleWithWebIdentity.
//!
//! FIDELITY: IAM looks up the thumbprint of a provider that is made without one; we, who call nobody, take the one that
//! EKS clusters have long had.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Directory;
use super::IamError;
use super::Tags;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;

/// Client ids of one provider.
const CLIENT_IDS: usize = 100;
/// Thumbprints of one provider.
const THUMBPRINTS: usize = 5;
/// That of the root certificate behind EKS's issuers (EKS User Guide).
const THUMBPRINT_OF_EKS: &str = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280";

/// An identity provider.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct OidcProvider {
    /// The issuer without `https://`.
    pub url: String,
    /// `arn:aws:iam::ACCOUNT:oidc-provider/URL`.
    pub arn: String,
    /// The audiences that are taken.
    pub client_ids: Vec<String>,
    /// SHA-1 of root certificates, in hexadecimal.
    pub thumbprints: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl Directory {
    /// Makes a provider for an issuer.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::OidcProviderUrl`], [`IamError::OidcProviderExists`], [`IamError::Quota`],
    /// [`IamError::Thumbprints`].
    pub fn create_oidc_provider(
        &mut self,
        account: &AccountId,
        url: &str,
        client_ids: Vec<String>,
        thumbprints: Vec<String>,
        now: Timestamp,
    ) -> Result<Arc<OidcProvider>, IamError> {
        let host = url.strip_prefix("https://").filter(|rest| {
            let host = rest.split('/').next().unwrap_or_default();
            !host.is_empty() && !rest.contains(['?', '#', ' '])
        });
        let host = host.ok_or(IamError::OidcProviderUrl)?.trim_end_matches('/');
        let account = self.account_mut(account)?;
        let arn = account.arn("oidc-provider", "/", host);
        if account.oidc_providers.contains_key(&arn) {
            return Err(IamError::OidcProviderExists { url: url.to_owned() });
        }
        let mut provider = OidcProvider {
            url: host.to_owned(),
            arn: arn.clone(),
            client_ids: Vec::new(),
            thumbprints: vec![THUMBPRINT_OF_EKS.to_owned()],
            created: now,
            tags: Tags::default(),
        };
        for id in client_ids {
            provider.add_client_id(&id)?;
        }
        if !thumbprints.is_empty() {
            provider.set_thumbprints(thumbprints)?;
        }
        let provider = Arc::new(provider);
        account.oidc_providers.insert(arn, Arc::clone(&provider));
        Ok(provider)
    }

    /// The provider with that ARN.
    ///
    /// # Errors
    /// [`IamError::NoSuchOidcProvider`].
    pub fn oidc_provider(&self, account: &AccountId, arn: &str) -> Result<&Arc<OidcProvider>, IamError> {
        self.accounts
            .get(account)
            .and_then(|account| account.oidc_providers.get(arn))
            .ok_or_else(|| IamError::NoSuchOidcProvider { arn: arn.to_owned() })
    }

    /// Changes a provider: [`OidcProvider::add_client_id`] and so on.
    ///
    /// # Errors
    /// [`IamError::NoSuchOidcProvider`], and what the change refuses.
    pub fn edit_oidc_provider(
        &mut self,
        account: &AccountId,
        arn: &str,
        change: impl FnOnce(&mut OidcProvider) -> Result<(), IamError>,
    ) -> Result<(), IamError> {
        let mut provider = self.oidc_provider(account, arn)?.as_ref().clone();
        change(&mut provider)?;
        let account = self.account_mut(account)?;
        account.oidc_providers.insert(arn.to_owned(), Arc::new(provider));
        Ok(())
    }

    /// Deletes a provider; one that is not there is no error (IAM API reference).
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`].
    pub fn delete_oidc_provider(&mut self, account: &AccountId, arn: &str) -> Result<(), IamError> {
        self.account_mut(account)?.oidc_providers.remove(arn);
        Ok(())
    }
}

impl OidcProvider {
    /// Adds one more audience; one that is there stays so.
    ///
    /// # Errors
    /// [`IamError::Quota`].
    pub fn add_client_id(&mut self, id: &str) -> Result<(), IamError> {
        if self.client_ids.iter().any(|known| known == id) {
            return Ok(());
        }
        if self.client_ids.len() >= CLIENT_IDS {
            return Err(IamError::Quota {
                quota: "ClientIdsPerOpenIdConnectProvider",
                most: CLIENT_IDS,
            });
        }
        self.client_ids.push(id.to_owned());
        Ok(())
    }

    /// Removes an audience; one that was not is no error (IAM API reference).
    pub fn remove_client_id(&mut self, id: &str) {
        self.client_ids.retain(|known| known != id);
    }

    /// Replaces the thumbprints.
    ///
    /// # Errors
    /// [`IamError::Thumbprints`].
    pub fn set_thumbprints(&mut self, thumbprints: Vec<String>) -> Result<(), IamError> {
        if thumbprints.len() > THUMBPRINTS {
            return Err(IamError::Thumbprints);
        }
        self.thumbprints = thumbprints;
        Ok(())
    }
}
