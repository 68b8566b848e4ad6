//! What users, roles and groups have of policies.
//!
//! Source: the IAM User Guide, "IAM and AWS STS quotas", for how many there may be and how long.

use super::Directory;
use super::Group;
use super::IamError;
use super::Role;
use super::User;
use super::input;
use super::policy::Document;
use super::policy::Policies;
use super::policy::length;
use crate::value::arn::AccountId;

/// Managed policies of one user, role or group.
const ATTACHED: usize = 10;

/// Who has policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    /// Groups.
    Group,
    /// Roles.
    Role,
    /// Users.
    User,
}

impl HolderKind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Role => "role",
            Self::User => "user",
        }
    }

    const fn attached_quota(self) -> &'static str {
        match self {
            Self::Group => "PoliciesPerGroup",
            Self::Role => "PoliciesPerRole",
            Self::User => "PoliciesPerUser",
        }
    }

    /// Characters of all inline policies together.
    const fn inline_length(self) -> usize {
        match self {
            Self::Group => 5120,
            Self::Role => 10_240,
            Self::User => 2048,
        }
    }
}

/// A user, role or group by its name.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// Which of the three.
    pub kind: HolderKind,
    /// The name.
    pub name: &'a str,
}

impl<'a> Holder<'a> {
    /// The user of that name.
    #[must_use]
    pub const fn user(name: &'a str) -> Self {
        let kind = HolderKind::User;
        Self { kind, name }
    }

    /// The group of that name.
    #[must_use]
    pub const fn group(name: &'a str) -> Self {
        let kind = HolderKind::Group;
        Self { kind, name }
    }

    /// The role of that name.
    #[must_use]
    pub const fn role(name: &'a str) -> Self {
        let kind = HolderKind::Role;
        Self { kind, name }
    }
}

/// A user, group or role that has policies.
#[derive(Clone, Copy, Debug)]
pub enum HolderOf<'a> {
    /// A group.
    Group(&'a Group),
    /// A role.
    Role(&'a Role),
    /// A user.
    User(&'a User),
}

impl Directory {
    /// Everyone who has policies: users, groups, roles.
    pub fn holders<'a>(&'a self, account: &AccountId) -> impl Iterator<Item = (HolderOf<'a>, &'a Policies)> {
        let account = self.accounts.get(account);
        let users = account.into_iter().flat_map(|account| account.all::<User>());
        let groups = account.into_iter().flat_map(|account| account.all::<Group>());
        let roles = account.into_iter().flat_map(|account| account.all::<Role>());
        users
            .map(|user| (HolderOf::User(user), &user.policies))
            .chain(groups.map(|group| (HolderOf::Group(group), &group.policies)))
            .chain(roles.map(|role| (HolderOf::Role(role), &role.policies)))
    }

    /// How many users, groups and roles have a policy attached, and how many have it as their boundary.
    #[must_use]
    pub fn uses_of_policy(&self, account: &AccountId, arn: &str) -> (usize, usize) {
        let attached = self.holders(account).filter(|(_, has)| has.attached.contains(arn));
        let bounded = self.holders(account).filter(|(_, has)| has.boundary() == Some(arn));
        (attached.count(), bounded.count())
    }

    /// The policies of a user, role or group.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on.
    pub fn policies(&self, account: &AccountId, holder: Holder<'_>) -> Result<&Policies, IamError> {
        Ok(match holder.kind {
            HolderKind::Group => &self.find::<Group>(account, holder.name)?.policies,
            HolderKind::Role => &self.find::<Role>(account, holder.name)?.policies,
            HolderKind::User => &self.find::<User>(account, holder.name)?.policies,
        })
    }

    fn edit_policies<R>(
        &mut self,
        account: &AccountId,
        holder: Holder<'_>,
        change: impl FnOnce(&mut Policies) -> Result<R, IamError>,
    ) -> Result<R, IamError> {
        if holder.kind == HolderKind::Role {
            self.find::<Role>(account, holder.name)?.check_unprotected()?;
        }
        self.edit_policies_as_aws(account, holder, change)
    }

    fn edit_policies_as_aws<R>(
        &mut self,
        account: &AccountId,
        holder: Holder<'_>,
        change: impl FnOnce(&mut Policies) -> Result<R, IamError>,
    ) -> Result<R, IamError> {
        match holder.kind {
            HolderKind::Group => self.edit::<Group, R>(account, holder.name, |group| change(&mut group.policies)),
            HolderKind::Role => self.edit::<Role, R>(account, holder.name, |role| change(&mut role.policies)),
            HolderKind::User => self.edit::<User, R>(account, holder.name, |user| change(&mut user.policies)),
        }
    }

    /// Replaces all policies, also those of a role that only AWS changes.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on.
    pub fn set_policies(
        &mut self,
        account: &AccountId,
        holder: Holder<'_>,
        policies: Policies,
    ) -> Result<(), IamError> {
        self.edit_policies_as_aws(account, holder, |known| {
            *known = policies;
            Ok(())
        })
    }

    /// Attaches a managed policy; one that is attached already stays so.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on, [`IamError::ProtectedRole`], [`IamError::NotAttachable`], [`IamError::Quota`].
    pub fn attach_policy(&mut self, account: &AccountId, holder: Holder<'_>, arn: &str) -> Result<(), IamError> {
        let is_there = self.managed_policy(account, arn).is_ok();
        self.edit_policies(account, holder, |policies| {
            if !is_there {
                return Err(IamError::NotAttachable { arn: arn.to_owned() });
            }
            if policies.attached.len() >= ATTACHED && !policies.attached.contains(arn) {
                return Err(IamError::Quota {
                    quota: holder.kind.attached_quota(),
                    most: ATTACHED,
                });
            }
            policies.attached.insert(arn.to_owned());
            Ok(())
        })
    }

    /// Detaches a managed policy.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on, [`IamError::ProtectedRole`], [`IamError::NoSuchPolicy`] where it is not
    /// attached.
    pub fn detach_policy(&mut self, account: &AccountId, holder: Holder<'_>, arn: &str) -> Result<(), IamError> {
        self.edit_policies(account, holder, |policies| {
            if !policies.attached.remove(arn) {
                return Err(IamError::NoSuchPolicy { arn: arn.to_owned() });
            }
            Ok(())
        })
    }

    /// Gives an inline policy, in place of one of that name.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on, [`IamError::ProtectedRole`], [`IamError::MalformedPolicy`],
    /// [`IamError::PolicyTooLong`], [`IamError::Invalid`].
    pub fn put_inline_policy(
        &mut self,
        account: &AccountId,
        holder: Holder<'_>,
        name: &str,
        document: &str,
    ) -> Result<(), IamError> {
        input::check("policyName", name, input::NAME)?;
        self.edit_policies(account, holder, |policies| {
            policies.inline.insert(name.to_owned(), Document::parse(document)?);
            let total: usize = policies.inline.values().map(|document| length(&document.text)).sum();
            let most = holder.kind.inline_length();
            if total > most {
                return Err(IamError::PolicyTooLong {
                    most,
                    holder: holder.kind.noun(),
                    name: holder.name.to_owned(),
                });
            }
            Ok(())
        })
    }

    /// The inline policy of that name.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on, [`IamError::NoSuchInlinePolicy`].
    pub fn inline_policy(&self, account: &AccountId, holder: Holder<'_>, name: &str) -> Result<&Document, IamError> {
        let inline = &self.policies(account, holder)?.inline;
        inline.get(name).ok_or_else(|| no_inline_policy(holder, name))
    }

    /// Takes an inline policy away.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on, [`IamError::ProtectedRole`], [`IamError::NoSuchInlinePolicy`].
    pub fn delete_inline_policy(
        &mut self,
        account: &AccountId,
        holder: Holder<'_>,
        name: &str,
    ) -> Result<(), IamError> {
        self.edit_policies(account, holder, |policies| match policies.inline.remove(name) {
            Some(_) => Ok(()),
            None => Err(no_inline_policy(holder, name)),
        })
    }

    /// Sets the permissions boundary, or takes it away.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`] and so on, [`IamError::ProtectedRole`], [`IamError::NoSuchBoundary`].
    pub fn set_boundary(&mut self, account: &AccountId, holder: Holder<'_>, arn: Option<&str>) -> Result<(), IamError> {
        if let Some(arn) = arn
            && self.managed_policy(account, arn).is_err()
        {
            return Err(IamError::NoSuchBoundary { arn: arn.to_owned() });
        }
        self.edit_policies(account, holder, |policies| {
            policies.boundary = arn.map(str::to_owned);
            Ok(())
        })
    }
}

fn no_inline_policy(holder: Holder<'_>, name: &str) -> IamError {
    IamError::NoSuchInlinePolicy {
        holder: holder.kind.noun(),
        name: name.to_owned(),
    }
}
