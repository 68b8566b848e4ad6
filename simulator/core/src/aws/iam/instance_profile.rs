//! Instance profiles: what gives an EC2 instance its role.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Directory;
use super::IamError;
use super::Leftover;
use super::Role;
use super::Tags;
use super::input;
use crate::value::arn::AccountId;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// An instance profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct InstanceProfile {
    /// The name without path.
    pub name: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    /// `AIPA…`, new on every creation.
    pub id: String,
    /// `arn:aws:iam::ACCOUNT:instance-profile/PATH/NAME`.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// The name of the one role that it may have.
    pub role: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl Directory {
    /// Makes an instance profile without a role.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::Invalid`], [`IamError::InstanceProfileExists`].
    pub fn create_instance_profile(
        &mut self,
        account: &AccountId,
        name: &str,
        path: &str,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<InstanceProfile>, IamError> {
        input::check("instanceProfileName", name, input::NAME)?;
        input::check("path", path, input::PATH)?;
        let arn = self.vacant::<InstanceProfile>(account, path, name)?;
        let profile = InstanceProfile {
            name: name.to_owned(),
            path: path.to_owned(),
            id: ids.unique_id("AIPA"),
            arn,
            created: now,
            role: None,
            tags: Tags::default(),
        };
        self.insert(account, name, profile)
    }

    /// Deletes an instance profile that has no role.
    ///
    /// # Errors
    /// [`IamError::NoSuchInstanceProfile`], [`IamError::MustGoFirst`].
    pub fn delete_instance_profile(&mut self, account: &AccountId, name: &str) -> Result<(), IamError> {
        if self.find::<InstanceProfile>(account, name)?.role.is_some() {
            return Err(IamError::MustGoFirst(Leftover::InstanceProfiles));
        }
        self.remove::<InstanceProfile>(account, name)
    }

    /// Gives an instance profile its role.
    ///
    /// # Errors
    /// [`IamError::NoSuchInstanceProfile`], [`IamError::NoSuchRole`], [`IamError::ProtectedRole`], [`IamError::Quota`].
    pub fn add_role_to_instance_profile(
        &mut self,
        account: &AccountId,
        name: &str,
        role: &str,
    ) -> Result<(), IamError> {
        self.find::<InstanceProfile>(account, name)?;
        let role = self.find::<Role>(account, role)?;
        role.check_unprotected()?;
        let role = role.name.clone();
        self.edit::<InstanceProfile, _>(account, name, |profile| {
            if profile.role.is_some() {
                return Err(IamError::Quota {
                    quota: "InstanceSessionsPerInstanceProfile",
                    most: 1,
                });
            }
            profile.role = Some(role);
            Ok(())
        })
    }

    /// Takes an instance profile's role away.
    ///
    /// # Errors
    /// [`IamError::NoSuchInstanceProfile`], [`IamError::NoSuchRole`], [`IamError::NoSuchMember`].
    pub fn remove_role_from_instance_profile(
        &mut self,
        account: &AccountId,
        name: &str,
        role: &str,
    ) -> Result<(), IamError> {
        self.find::<InstanceProfile>(account, name)?;
        let role = self.find::<Role>(account, role)?.name.clone();
        self.edit::<InstanceProfile, _>(account, name, |profile| {
            if profile.role.as_ref() != Some(&role) {
                return Err(IamError::NoSuchMember {
                    member: role,
                    of: name.to_owned(),
                });
            }
            profile.role = None;
            Ok(())
        })
    }

    /// The instance profiles that have a role, by name.
    pub fn instance_profiles_of<'a>(
        &'a self,
        account: &AccountId,
        role: &'a Role,
    ) -> impl Iterator<Item = &'a InstanceProfile> {
        let account = self.accounts.get(account);
        let profiles = account.into_iter().flat_map(|account| account.all::<InstanceProfile>());
        profiles.filter(|profile| profile.role.as_ref() == Some(&role.name))
    }
}
