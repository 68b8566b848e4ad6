//! Changes of users, and the aliases of accounts.

use std::sync::Arc;

use super::Directory;
use super::Entity;
use super::IamError;
use super::KeyOwner;
use super::Leftover;
use super::User;
use super::input;
use crate::arn::AccountId;

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
        let old = Arc::clone(self.find::<User>(account, name)?);
        let new_name = new_name.unwrap_or(&old.name);
        let new_path = new_path.unwrap_or(&old.path);
        input::check("newUserName", new_name, input::NEW_NAME)?;
        input::check("newPath", new_path, input::PATH)?;
        if !new_name.eq_ignore_ascii_case(&old.name) && self.find::<User>(account, new_name).is_ok() {
            return Err(IamError::UserExists {
                name: new_name.to_owned(),
            });
        }
        let arn = self.account_mut(account)?.arn("user", new_path, new_name);
        let user = User {
            name: new_name.to_owned(),
            path: new_path.to_owned(),
            arn,
            ..old.as_ref().clone()
        };
        User::all_mut(self.account_mut(account)?).remove(&name.to_ascii_lowercase());
        self.insert(account, new_name, user)?;
        let keys: Vec<_> = self.keys.values().cloned().collect();
        for key in keys {
            let mut key = key.as_ref().clone();
            if let KeyOwner::User { user_name, user_id } = &mut key.owner
                && *user_id == old.id
            {
                new_name.clone_into(user_name);
                self.add_key(key);
            }
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
            (user.policies.has_attached(), Leftover::AttachedPolicies),
            (user.policies.has_inline(), Leftover::InlinePolicies),
            (!user.groups.is_empty(), Leftover::Groups),
            (
                self.mfa_devices_of(account, &user).next().is_some(),
                Leftover::MfaDevices,
            ),
        ];
        if let Some((_, leftover)) = leftovers.into_iter().find(|(is_there, _)| *is_there) {
            return Err(IamError::MustGoFirst(leftover));
        }
        User::all_mut(self.account_mut(account)?).remove(&name.to_ascii_lowercase());
        Ok(())
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
