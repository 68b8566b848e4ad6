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
use crate::arn::AccountId;

/// An entity that an account has under a name, which is unique without regard to case.
pub trait Entity: Clone + 'static {
    #[doc(hidden)]
    fn all(account: &Account) -> &OrdMap<String, Arc<Self>>;
    #[doc(hidden)]
    fn all_mut(account: &mut Account) -> &mut OrdMap<String, Arc<Self>>;
    #[doc(hidden)]
    fn missing(name: &str) -> IamError;
}

macro_rules! entity {
    ($kind:ident, $field:ident, $missing:ident) => {
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
        }
    };
}

entity!(Group, groups, NoSuchGroup);
entity!(InstanceProfile, instance_profiles, NoSuchInstanceProfile);
entity!(Role, roles, NoSuchRole);
entity!(User, users, NoSuchUser);

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
        let account = self
            .accounts
            .get(account)
            .ok_or_else(|| IamError::NoSuchAccount { id: account.clone() })?;
        E::all(account)
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

    /// Puts a new entity in its place.
    pub(super) fn insert<E: Entity>(&mut self, account: &AccountId, name: &str, entity: E) -> Result<Arc<E>, IamError> {
        let entity = Arc::new(entity);
        E::all_mut(self.account_mut(account)?).insert(name.to_ascii_lowercase(), Arc::clone(&entity));
        Ok(entity)
    }
}
