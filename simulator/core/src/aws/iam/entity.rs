//! What users, roles, groups and the like have in common: they are found by name in an account, and changed whole.

use std::sync::Arc;

use imbl::OrdMap;

use super::Account;
use super::Directory;
use super::Group;
use super::IamError;
use super::InstanceProfile;
use super::Role;
use super::User;
use super::input;
use super::input::Rule;
use crate::value::arn::AccountId;

/// An entity that an account has under a name, which is unique without regard to case.
pub trait Entity: Clone + 'static {
    #[doc(hidden)]
    fn all(account: &Account) -> &OrdMap<String, Arc<Self>>;
    #[doc(hidden)]
    fn all_mut(account: &mut Account) -> &mut OrdMap<String, Arc<Self>>;
    #[doc(hidden)]
    fn missing(name: &str) -> IamError;
    #[doc(hidden)]
    fn taken(name: &str) -> IamError;
    /// What it is in an ARN, such as `user`.
    const KIND: &'static str;
    /// The name without path.
    fn name(&self) -> &str;
    /// `/`, or `/division/team/`.
    fn path(&self) -> &str;
    #[doc(hidden)]
    fn place(&mut self, name: &str, path: &str, arn: String);
}

macro_rules! entity {
    ($kind:ident, $in_arn:literal, $field:ident, $missing:ident, $taken:ident) => {
        impl Entity for $kind {
            fn all(account: &Account) -> &OrdMap<String, Arc<Self>> {
                &account.$field
            }

            fn all_mut(account: &mut Account) -> &mut OrdMap<String, Arc<Self>> {
                &mut account.$field
            }

            fn missing(name: &str) -> IamError {
                IamError::$missing {
                    name: name.to_owned(),
                }
            }

            fn taken(name: &str) -> IamError {
                IamError::$taken {
                    name: name.to_owned(),
                }
            }

            const KIND: &'static str = $in_arn;

            fn name(&self) -> &str {
                &self.name
            }

            fn path(&self) -> &str {
                &self.path
            }

            fn place(&mut self, name: &str, path: &str, arn: String) {
                (self.name, self.path, self.arn) = (name.to_owned(), path.to_owned(), arn);
            }
        }
    };
}

entity!(Group, "group", groups, NoSuchGroup, GroupExists);
entity!(
    InstanceProfile,
    "instance-profile",
    instance_profiles,
    NoSuchInstanceProfile,
    InstanceProfileExists
);
entity!(Role, "role", roles, NoSuchRole, RoleExists);
entity!(User, "user", users, NoSuchUser, UserExists);

impl Account {
    /// All entities of a kind, by name.
    pub fn all<E: Entity>(&self) -> impl Iterator<Item = &E> {
        E::all(self).values().map(Arc::as_ref)
    }
}

impl Directory {
    /// The entity of that name.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`]; [`IamError::NoSuchUser`] and so on.
    pub fn find<E: Entity>(&self, account: &AccountId, name: &str) -> Result<&Arc<E>, IamError> {
        E::all(self.find_account(account)?)
            .get(&name.to_ascii_lowercase())
            .ok_or_else(|| E::missing(name))
    }

    /// Changes the entity of that name, unless `change` refuses.
    pub(super) fn edit<E: Entity, R>(
        &mut self,
        account: &AccountId,
        name: &str,
        change: impl FnOnce(&mut E) -> Result<R, IamError>,
    ) -> Result<R, IamError> {
        let mut entity = self.find::<E>(account, name)?.as_ref().clone();
        let answer = change(&mut entity)?;
        E::all_mut(self.account_mut(account)?).insert(name.to_ascii_lowercase(), Arc::new(entity));
        Ok(answer)
    }

    /// The ARN of an entity that can be made under that name.
    pub(super) fn vacant<E: Entity>(&self, account: &AccountId, path: &str, name: &str) -> Result<String, IamError> {
        let account = self.find_account(account)?;
        if E::all(account).contains_key(&name.to_ascii_lowercase()) {
            return Err(E::taken(name));
        }
        Ok(account.arn(E::KIND, path, name))
    }

    /// Gives an entity another name or path, or both. `field` is the new name in messages, `rule` what is asked of it.
    pub(super) fn rename<E: Entity>(
        &mut self,
        account: &AccountId,
        name: &str,
        new_name: Option<&str>,
        new_path: Option<&str>,
        (field, rule): (&str, Rule),
    ) -> Result<Arc<E>, IamError> {
        let old = Arc::clone(self.find::<E>(account, name)?);
        let new_name = new_name.unwrap_or(old.name());
        let new_path = new_path.unwrap_or(old.path());
        input::check(field, new_name, rule)?;
        input::check("newPath", new_path, input::PATH)?;
        let arn = if new_name.eq_ignore_ascii_case(old.name()) {
            self.find_account(account)?.arn(E::KIND, new_path, new_name)
        } else {
            self.vacant::<E>(account, new_path, new_name)?
        };
        let mut entity = old.as_ref().clone();
        entity.place(new_name, new_path, arn);
        self.remove::<E>(account, name)?;
        self.insert(account, new_name, entity)
    }

    /// Takes away the entity of that name.
    pub(super) fn remove<E: Entity>(&mut self, account: &AccountId, name: &str) -> Result<(), IamError> {
        E::all_mut(self.account_mut(account)?).remove(&name.to_ascii_lowercase());
        Ok(())
    }

    /// Puts a new entity in its place.
    pub(super) fn insert<E: Entity>(&mut self, account: &AccountId, name: &str, entity: E) -> Result<Arc<E>, IamError> {
        let entity = Arc::new(entity);
        E::all_mut(self.account_mut(account)?).insert(name.to_ascii_lowercase(), Arc::clone(&entity));
        Ok(entity)
    }
}
