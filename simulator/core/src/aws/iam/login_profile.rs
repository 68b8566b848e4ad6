//! Passwords with which users sign in to the console. There is no console here, so that no password is kept: that a user has
//! one, and since when, is what tools ask before they delete the user.

use serde::Deserialize;
use serde::Serialize;

use super::Directory;
use super::IamError;
use super::User;
use super::input;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;

/// Of a user's password, what IAM shows.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LoginProfile {
    /// When the user got its first password.
    pub created: Timestamp,
    /// Whether the user must choose another one at the next sign-in.
    pub is_reset_required: bool,
    /// Seconds that a sign-in lasts at most, where that was said.
    pub max_session_seconds: Option<u32>,
}

/// What UpdateLoginProfile is asked for; what is absent stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoginProfileChange<'a> {
    /// A new password.
    pub password: Option<&'a str>,
    /// See [`LoginProfile::is_reset_required`].
    pub is_reset_required: Option<bool>,
    /// See [`LoginProfile::max_session_seconds`]; nothing within takes it away.
    pub max_session_seconds: Option<Option<u32>>,
}

impl Directory {
    /// The login profile of a user.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchLoginProfile`].
    pub fn login_profile(&self, account: &AccountId, user: &str) -> Result<&LoginProfile, IamError> {
        let user = self.find::<User>(account, user)?;
        user.login_profile.as_ref().ok_or_else(|| missing(user))
    }

    /// Gives a user a password.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::LoginProfileExists`], [`IamError::PasswordPolicy`].
    pub fn create_login_profile(
        &mut self,
        account: &AccountId,
        user: &str,
        password: &str,
        profile: LoginProfile,
    ) -> Result<LoginProfile, IamError> {
        self.edit::<User, _>(account, user, |user| {
            if user.login_profile.is_some() {
                return Err(IamError::LoginProfileExists {
                    user: user.name.clone(),
                });
            }
            check_password(password)?;
            user.login_profile = Some(profile.clone());
            Ok(profile)
        })
    }

    /// Changes a user's password, or whether it must be changed.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchLoginProfile`], [`IamError::PasswordPolicy`].
    pub fn update_login_profile(
        &mut self,
        account: &AccountId,
        user: &str,
        change: LoginProfileChange<'_>,
    ) -> Result<(), IamError> {
        self.edit::<User, _>(account, user, |user| {
            let profile = user.login_profile.as_ref().ok_or_else(|| missing(user))?;
            if let Some(password) = change.password {
                check_password(password)?;
            }
            user.login_profile = Some(LoginProfile {
                created: profile.created,
                is_reset_required: change.is_reset_required.unwrap_or(profile.is_reset_required),
                max_session_seconds: change.max_session_seconds.unwrap_or(profile.max_session_seconds),
            });
            Ok(())
        })
    }

    /// Takes a user's password away.
    ///
    /// # Errors
    /// [`IamError::NoSuchUser`], [`IamError::NoSuchLoginProfile`].
    pub fn delete_login_profile(&mut self, account: &AccountId, user: &str) -> Result<(), IamError> {
        self.edit::<User, _>(account, user, |user| match user.login_profile.take() {
            Some(_) => Ok(()),
            None => Err(missing(user)),
        })
    }
}

fn missing(user: &User) -> IamError {
    IamError::NoSuchLoginProfile {
        user: user.name.clone(),
    }
}

/// What an account without a password policy of its own asks of a password: eight characters, and three of four kinds.
///
/// Source: IAM User Guide, "Default password policy"; the words are those that users of the API quote.
fn check_password(password: &str) -> Result<(), IamError> {
    if password.chars().count() < LENGTH {
        return Err(IamError::PasswordPolicy(format!(
            "Password should have a minimum length of {LENGTH}"
        )));
    }
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let kinds = [
        (has(|c| c.is_ascii_uppercase()), "uppercase letter"),
        (has(|c| c.is_ascii_lowercase()), "lowercase letter"),
        (has(|c| c.is_ascii_digit()), "number"),
        (has(|c| input::SYMBOLS.contains(c)), "symbol"),
    ];
    let lacking: Vec<String> = kinds
        .iter()
        .filter(|(has, _)| !has)
        .map(|(_, kind)| format!("Password should have at least one {kind}"))
        .collect();
    match lacking.len().checked_sub(kinds.len() - KINDS) {
        None | Some(0) => Ok(()),
        Some(more) => Err(IamError::PasswordPolicy(format!(
            "Password should meet {more} more of the following requirements: {}",
            lacking.join(", ")
        ))),
    }
}

/// Characters of a password at least.
const LENGTH: usize = 8;
/// Kinds of characters in a password at least.
const KINDS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_eight_characters_of_three_kinds() {
        let refusal = |password| check_password(password).err().map(|error| error.to_string());
        assert_eq!(refusal("abcdef1!"), None);
        assert_eq!(refusal("Abcdefg1"), None);
        assert_eq!(
            refusal("Abcde1!").as_deref(),
            Some("Password should have a minimum length of 8")
        );
        assert_eq!(
            refusal("abcdefg1").as_deref(),
            Some(
                "Password should meet 1 more of the following requirements: Password should have at least one uppercase letter, Password should have at least one symbol"
            )
        );
        assert!(refusal("abcdefgh").is_some_and(|text| text.starts_with("Password should meet 2 more")));
    }
}
