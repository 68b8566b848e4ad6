//! Tags of a cluster and of what it has: TagResource, UntagResource and ListTagsForResource.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cluster;
use super::error::EksError;
use super::parameter::TAGS;

/// Something of a cluster that has tags, by the name under which the cluster keeps it.
enum Tagged {
    AccessEntry(String),
    Addon(String),
    Association(String),
    Cluster,
    Nodegroup(String),
}

impl Cluster {
    /// The tags of the cluster, or of what it has, that has this ARN.
    #[must_use]
    pub fn tags_of(&self, arn: &str) -> Option<&BTreeMap<String, String>> {
        Some(match self.tagged(arn)? {
            Tagged::AccessEntry(principal_arn) => &self.access_entries.get(&principal_arn)?.tags,
            Tagged::Addon(name) => &self.addons.get(&name)?.tags,
            Tagged::Association(id) => &self.pod_identity_associations.get(&id)?.tags,
            Tagged::Cluster => &self.tags,
            Tagged::Nodegroup(name) => &self.nodegroups.get(&name)?.tags,
        })
    }

    /// Changes the tags of the cluster, or of what it has, that has this ARN; none of that changes nothing.
    ///
    /// # Errors
    /// [`EksError::TooManyTags`].
    pub fn change_tags(
        &mut self,
        arn: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), EksError> {
        let mut tags = self.tags_of(arn).cloned().unwrap_or_default();
        change(&mut tags);
        if tags.len() > TAGS {
            return Err(EksError::TooManyTags);
        }
        match self.tagged(arn) {
            Some(Tagged::AccessEntry(principal_arn)) => self.set_entry_tags(&principal_arn, tags),
            Some(Tagged::Addon(name)) => {
                if let Some(addon) = self.addons.get_mut(&name) {
                    Arc::make_mut(addon).tags = tags;
                }
            }
            Some(Tagged::Association(id)) => {
                if let Some(association) = self.pod_identity_associations.get_mut(&id) {
                    Arc::make_mut(association).tags = tags;
                }
            }
            Some(Tagged::Cluster) => self.tags = tags,
            Some(Tagged::Nodegroup(name)) => {
                if let Some(nodegroup) = self.nodegroups.get_mut(&name) {
                    Arc::make_mut(nodegroup).tags = tags;
                }
            }
            None => {}
        }
        Ok(())
    }

    fn tagged(&self, arn: &str) -> Option<Tagged> {
        if arn == self.arn() {
            return Some(Tagged::Cluster);
        }
        let entry = self.access_entries.iter().find(|entry| entry.arn == arn);
        if let Some(entry) = entry {
            return Some(Tagged::AccessEntry(entry.principal_arn.clone()));
        }
        if let Some(addon) = self.addons().find(|addon| addon.arn == arn) {
            return Some(Tagged::Addon(addon.name.clone()));
        }
        if let Some(nodegroup) = self.nodegroups().find(|nodegroup| nodegroup.arn == arn) {
            return Some(Tagged::Nodegroup(nodegroup.name.clone()));
        }
        let association = self.pod_identity_associations().find(|known| known.arn == arn)?;
        Some(Tagged::Association(association.id.clone()))
    }
}
