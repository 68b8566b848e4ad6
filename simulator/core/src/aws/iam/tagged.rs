//! What has tags, and their change.

use super::Directory;
use super::IamError;
use super::InstanceProfile;
use super::Role;
use super::Tags;
use super::User;
use crate::value::arn::AccountId;

/// Something that has tags.
#[derive(Clone, Copy, Debug)]
pub enum Tagged<'a> {
    /// An instance profile by its name.
    InstanceProfile(&'a str),
    /// An MFA device by its serial number.
    MfaDevice(&'a str),
    /// An identity provider by its ARN.
    OidcProvider(&'a str),
    /// A managed policy by its ARN.
    Policy(&'a str),
    /// A role by its name.
    Role(&'a str),
    /// A user by its name.
    User(&'a str),
}

impl Directory {
    /// The tags of something.
    ///
    /// # Errors
    /// Where it is not there, as for the other operations on it.
    pub fn tags(&self, account: &AccountId, of: Tagged<'_>) -> Result<Tags, IamError> {
        Ok(match of {
            Tagged::InstanceProfile(name) => self.find::<InstanceProfile>(account, name)?.tags.clone(),
            Tagged::MfaDevice(serial) => self.mfa_device(account, serial)?.tags.clone(),
            Tagged::OidcProvider(arn) => self.oidc_provider(account, arn)?.tags.clone(),
            Tagged::Policy(arn) => self.managed_policy(account, arn)?.tags.clone(),
            Tagged::Role(name) => self.find::<Role>(account, name)?.tags.clone(),
            Tagged::User(name) => self.find::<User>(account, name)?.tags.clone(),
        })
    }

    /// Changes the tags of something.
    ///
    /// # Errors
    /// Where it is not there, as for the other operations on it; and what the change refuses.
    pub fn edit_tags(
        &mut self,
        account: &AccountId,
        of: Tagged<'_>,
        change: impl FnOnce(&mut Tags) -> Result<(), IamError>,
    ) -> Result<(), IamError> {
        match of {
            Tagged::InstanceProfile(name) => {
                self.edit::<InstanceProfile, _>(account, name, |profile| change(&mut profile.tags))
            }
            Tagged::MfaDevice(serial) => self.edit_mfa_device(account, serial, |device| change(&mut device.tags)),
            Tagged::OidcProvider(arn) => self.edit_oidc_provider(account, arn, |provider| change(&mut provider.tags)),
            Tagged::Policy(arn) => self.edit_policy(account, arn, |policy| change(&mut policy.tags)),
            Tagged::Role(name) => self.edit::<Role, _>(account, name, |role| {
                role.check_not_of_identity_center()?;
                change(&mut role.tags)
            }),
            Tagged::User(name) => self.edit::<User, _>(account, name, |user| change(&mut user.tags)),
        }
    }
}
