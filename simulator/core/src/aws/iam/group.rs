//! Groups: users that have policies together.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::Directory;
use super::IamError;
use super::Leftover;
use super::Policies;
use super::User;
use super::input;
use crate::value::arn::AccountId;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// Groups of one user.
const GROUPS: usize = 10;

/// A group of users.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The name without path.
    pub name: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    /// `AGPA…`, new on every creation.
    pub id: String,
    /// `arn:aws:iam::ACCOUNT:group/PATH/NAME`.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
    /// What its users may do.
    pub policies: Policies,
}

impl Directory {
    /// Makes a group.
    ///
    /// # Errors
    /// [`IamError::NoSuchAccount`], [`IamError::Invalid`], [`IamError::GroupExists`].
    pub fn create_group(
        &mut self,
        account: &AccountId,
        name: &str,
        path: &str,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Group>, IamError> {
        input::check("groupName", name, input::NAME)?;
        input::check("path", path, input::PATH)?;
        let arn = self.vacant::<Group>(account, path, name)?;
        let group = Group {
            name: name.to_owned(),
            path: path.to_owned(),
            id: ids.unique_id("AGPA"),
            arn,
            created: now,
            policies: Policies::default(),
        };
        self.insert(account, name, group)
    }

    /// Gives a group another name or path, or both.
    ///
    /// # Errors
    /// [`IamError::NoSuchGroup`], [`IamError::Invalid`], [`IamError::GroupExists`].
    pub fn update_group(
        &mut self,
        account: &AccountId,
        name: &str,
        new_name: Option<&str>,
        new_path: Option<&str>,
    ) -> Result<(), IamError> {
        self.rename::<Group>(account, name, new_name, new_path, ("newGroupName", input::NAME))?;
        Ok(())
    }

    /// Deletes a group that has neither users nor policies.
    ///
    /// # Errors
    /// [`IamError::NoSuchGroup`], [`IamError::MustGoFirst`].
    pub fn delete_group(&mut self, account: &AccountId, name: &str) -> Result<(), IamError> {
        let group = Arc::clone(self.find::<Group>(account, name)?);
        Leftover::check([
            (self.users_in(account, &group).next().is_some(), Leftover::Groups),
            (group.policies.has_attached(), Leftover::AttachedPolicies),
            (group.policies.has_inline(), Leftover::InlinePolicies),
        ])?;
        self.remove::<Group>(account, name)
    }

    /// The users of a group, by name.
    pub fn users_in<'a>(&'a self, account: &AccountId, group: &'a Group) -> impl Iterator<Item = &'a User> {
        let account = self.accounts.get(account);
        let users = account.into_iter().flat_map(|account| account.all::<User>());
        users.filter(|user| user.groups.contains(&group.id))
    }

    /// The groups of a user, by name.
    pub fn groups_of<'a>(&'a self, account: &AccountId, user: &'a User) -> impl Iterator<Item = &'a Group> {
        let account = self.accounts.get(account);
        let groups = account.into_iter().flat_map(|account| account.all::<Group>());
        groups.filter(|group| user.groups.contains(&group.id))
    }

    /// Puts a user into a group; one that is in it stays there.
    ///
    /// # Errors
    /// [`IamError::NoSuchGroup`], [`IamError::NoSuchUser`], [`IamError::Quota`].
    pub fn add_user_to_group(&mut self, account: &AccountId, group: &str, user: &str) -> Result<(), IamError> {
        let group = self.find::<Group>(account, group)?.id.clone();
        self.edit::<User, _>(account, user, |user| {
            if user.groups.len() >= GROUPS && !user.groups.contains(&group) {
                return Err(IamError::Quota {
                    quota: "GroupsPerUser",
                    most: GROUPS,
                });
            }
            user.groups.insert(group);
            Ok(())
        })
    }

    /// Takes a user out of a group.
    ///
    /// # Errors
    /// [`IamError::NoSuchGroup`], [`IamError::NoSuchUser`], [`IamError::NoSuchMember`].
    pub fn remove_user_from_group(&mut self, account: &AccountId, group: &str, user: &str) -> Result<(), IamError> {
        let id = self.find::<Group>(account, group)?.id.clone();
        self.edit::<User, _>(account, user, |member| {
            if !member.groups.remove(&id) {
                return Err(IamError::NoSuchMember {
                    member: user.to_owned(),
                    of: group.to_owned(),
                });
            }
            Ok(())
        })
    }
}
