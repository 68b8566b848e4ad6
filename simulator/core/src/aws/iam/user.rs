//! Changes of users, and the aliases of accounts.

use std::sync::Arc;

use super::AccessKey;
use super::Directory;
use super::IamError;
use super::KeyOwner;
use super::Leftover;
use super::User;
use super::input;
use crate::value::arn::AccountId;

impl Directory {
    /// Gives a user another name or path, or both. It stays the same user, and its keys stay its own.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::Invalid`], [`IamError::UserExists`].
    pub fn update_user(
        &mut self,
        account: &AccountId,
        name: &str,
        new_name: Option<&str>,
        new_path: Option<&str>,
    ) -> Result<(), IamError> {
        let user: Arc<User> = self.rename(account, name, new_name, new_path, ("newUserName", input::NEW_NAME))?;
        let is_its =
            |key: &&Arc<AccessKey>| matches!(&key.owner, KeyOwner::User { user_id, .. } if *user_id == user.id);
        for key in self.keys.values().filter(is_its).cloned().collect::<Vec<_>>() {
            let owner = KeyOwner::User {
                user_name: user.name.clone(),
                user_id: user.id.clone(),
            };
            self.add_key(AccessKey {
                owner,
                ..key.as_ref().clone()
            });
        }
        Ok(())
    }

    /// Deletes a user on whom nothing hangs any more.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::NoSuchUser`], [`IamError::MustGoFirst`].
    pub fn delete_user(&mut self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let user = Arc::clone(self.find::<User>(account, name)?);
        let leftovers = [
            (
                self.access_keys_of(account, &user).next().is_some(),
                Leftover::AccessKeys,
            ),
            (user.login_profile.is_some(), Leftover::LoginProfile),
            (user.policies.has_attached(), Leftover::AttachedPolicies),
            (user.policies.has_inline(), Leftover::InlinePolicies),
            (!user.groups.is_empty(), Leftover::Groups),
            (
                self.mfa_devices_of(account, &user).next().is_some(),
                Leftover::MfaDevices,
            ),
        ];
        Leftover::check(leftovers)?;
        self.remove::<User>(account, name)
    }

    /// Gives an account its alias, in place of the one that it has.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::Invalid`], [`IamError::AliasExists`] where another account has it.
    pub fn set_account_alias(&mut self, account: &AccountId, alias: &str) -> Result<(), IamError> {
        input::check("accountAlias", alias, input::ALIAS)?;
        if self.accounts().any(|known| known.alias.as_deref() == Some(alias)) {
            return Err(IamError::AliasExists {
                alias: alias.to_owned(),
            });
        }
        self.account_mut(account)?.alias = Some(alias.to_owned());
        Ok(())
    }

    /// Takes an account's alias away.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::NoSuchAlias`] where it has another or none.
    pub fn delete_account_alias(&mut self, account: &AccountId, alias: &str) -> Result<(), IamError> {
        let account = self.account_mut(account)?;
        if account.alias.as_deref() != Some(alias) {
            return Err(IamError::NoSuchAlias {
                alias: alias.to_owned(),
            });
        }
        account.alias = None;
        Ok(())
    }
}
