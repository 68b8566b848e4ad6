//! Pod identity associations: which role a service account has. They are kept and shown; no pod asks for credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Cluster;
use super::error::EksError;
use super::parameter::TAGS;
use super::settings::check_role_arn;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// A role for a service account.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PodIdentityAssociation {
    /// `a-` and 17 characters.
    pub id: String,
    /// Its own ARN.
    pub arn: String,
    /// The service account's namespace.
    pub namespace: String,
    /// The service account.
    pub service_account: String,
    /// The role.
    pub role_arn: String,
    /// A role that the first one assumes.
    pub target_role_arn: Option<String>,
    /// Whether sessions have no tags.
    pub disable_session_tags: bool,
    /// A session policy.
    pub policy: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// As given.
    pub tags: BTreeMap<String, String>,
}

/// What UpdatePodIdentityAssociation is asked for; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssociationChange {
    /// See [`PodIdentityAssociation::role_arn`].
    pub role_arn: Option<String>,
    /// See [`PodIdentityAssociation::target_role_arn`].
    pub target_role_arn: Option<String>,
    /// See [`PodIdentityAssociation::disable_session_tags`].
    pub disable_session_tags: Option<bool>,
    /// See [`PodIdentityAssociation::policy`].
    pub policy: Option<String>,
}

impl AssociationChange {
    fn apply(self, association: &mut PodIdentityAssociation) -> Result<(), EksError> {
        for role in self.role_arn.iter().chain(&self.target_role_arn) {
            check_role_arn(role)?;
        }
        if let Some(role) = self.role_arn {
            association.role_arn = role;
        }
        if let Some(tags) = self.disable_session_tags {
            association.disable_session_tags = tags;
        }
        association.target_role_arn = self.target_role_arn.or(association.target_role_arn.take());
        association.policy = self.policy.or(association.policy.take());
        Ok(())
    }
}

impl Cluster {
    /// Its associations, by id.
    pub fn pod_identity_associations(&self) -> impl Iterator<Item = &Arc<PodIdentityAssociation>> {
        self.pod_identity_associations.values()
    }

    /// DescribePodIdentityAssociation.
    ///
    /// # Errors
    /// [`EksError::NoSuchAssociation`].
    pub fn pod_identity_association(&self, id: &str) -> Result<&Arc<PodIdentityAssociation>, EksError> {
        self.pod_identity_associations
            .get(id)
            .ok_or_else(|| EksError::NoSuchAssociation { id: id.to_owned() })
    }

    /// CreatePodIdentityAssociation.
    ///
    /// # Errors
    /// [`EksError::InvalidRoleArn`], [`EksError::TooManyTags`], [`EksError::AssociationExists`].
    pub fn create_pod_identity_association(
        &mut self,
        namespace: String,
        service_account: String,
        spec: AssociationChange,
        tags: BTreeMap<String, String>,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<PodIdentityAssociation>, EksError> {
        if tags.len() > TAGS {
            return Err(EksError::TooManyTags);
        }
        let taken = self
            .pod_identity_associations()
            .find(|known| known.namespace == namespace && known.service_account == service_account);
        if let Some(known) = taken {
            return Err(EksError::AssociationExists { id: known.id.clone() });
        }
        let id = format!("a-{}", ids.hex(17));
        let mut association = PodIdentityAssociation {
            arn: self.resource_arn("podidentityassociation", &id),
            id,
            namespace,
            service_account,
            role_arn: String::new(),
            target_role_arn: None,
            disable_session_tags: false,
            policy: None,
            created: now,
            modified: now,
            tags,
        };
        spec.apply(&mut association)?;
        Ok(self.put_association(association))
    }

    /// UpdatePodIdentityAssociation.
    ///
    /// # Errors
    /// [`EksError::NoSuchAssociation`], [`EksError::InvalidRoleArn`].
    pub fn update_pod_identity_association(
        &mut self,
        id: &str,
        change: AssociationChange,
        now: Timestamp,
    ) -> Result<Arc<PodIdentityAssociation>, EksError> {
        let mut association = PodIdentityAssociation::clone(self.pod_identity_association(id)?);
        change.apply(&mut association)?;
        association.modified = now;
        Ok(self.put_association(association))
    }

    /// DeletePodIdentityAssociation.
    ///
    /// # Errors
    /// [`EksError::NoSuchAssociation`].
    pub fn delete_pod_identity_association(&mut self, id: &str) -> Result<Arc<PodIdentityAssociation>, EksError> {
        let found = Arc::clone(self.pod_identity_association(id)?);
        self.pod_identity_associations.remove(id);
        Ok(found)
    }

    fn put_association(&mut self, association: PodIdentityAssociation) -> Arc<PodIdentityAssociation> {
        let association = Arc::new(association);
        self.pod_identity_associations
            .insert(association.id.clone(), Arc::clone(&association));
        association
    }
}
