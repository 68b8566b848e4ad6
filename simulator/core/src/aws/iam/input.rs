//! The parameters of IAM's operations, checked as the service's model has it: faults of length, number and choice are reported
//! at once, those of characters one by one behind them.
//!
//! Source: botocore's model of 2010-05-08 for bounds; the wording is what IAM answers.

use super::IamError;
use crate::value::constraint;

/// What IAM asks of a text.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The fewest characters.
    pub least: usize,
    /// The most.
    pub most: usize,
    /// Which ones.
    pub form: Form,
}

/// The characters of a text.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// An alias of an account.
    Alias,
    /// Any.
    Any,
    /// Digits.
    Digits,
    /// Those of names: `[\w+=,.@-]`.
    Name,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// `/`, or between two of them printable ASCII.
    Path,
    /// Printable ASCII behind a slash.
    PathPrefix,
    /// Any, and never shown in a message.
    Secret,
    /// A version of a policy.
    Version,
    /// Letters, digits and `_`.
    Word,
}

impl Rule {
    const fn new(least: usize, most: usize, form: Form) -> Self {
        Self { least, most, form }
    }

    /// A choice.
    #[must_use]
    pub const fn one_of(names: &'static [&'static str]) -> Self {
        Self::new(0, usize::MAX, Form::OneOf(names))
    }
}

/// The name of a user or role that is to be made.
pub const NEW_NAME: Rule = Rule::new(1, 64, Form::Name);
/// The name of anything else, or of what may be there.
pub const NAME: Rule = Rule::new(1, 128, Form::Name);
/// A path.
pub const PATH: Rule = Rule::new(1, 512, Form::Path);
/// The beginning of paths.
pub const PATH_PREFIX: Rule = Rule::new(1, 512, Form::PathPrefix);
/// An ARN.
pub const ARN: Rule = Rule::new(20, 2048, Form::Any);
/// A policy document.
pub const DOCUMENT: Rule = Rule::new(1, 131_072, Form::Any);
/// A description.
pub const DESCRIPTION: Rule = Rule::new(0, 1000, Form::Any);
/// The id of an access key.
pub const ACCESS_KEY_ID: Rule = Rule::new(16, 128, Form::Word);
/// The symbols that count as such in a password (IAM User Guide, "Default password policy").
pub const SYMBOLS: &str = "!@#$%^&*()_+-=[]{}|'";
/// A password.
pub const PASSWORD: Rule = Rule::new(1, 128, Form::Secret);
/// The serial number of an MFA device.
pub const SERIAL_NUMBER: Rule = Rule::new(9, 256, Form::Any);
/// What an MFA device shows.
pub const CODE: Rule = Rule::new(6, 6, Form::Digits);
/// The version of a policy.
pub const VERSION: Rule = Rule::new(0, 64, Form::Version);
/// An account's alias.
pub const ALIAS: Rule = Rule::new(3, 63, Form::Alias);
/// The URL of an identity provider, and one of its client ids.
pub const PROVIDER_TEXT: Rule = Rule::new(1, 255, Form::Any);
/// A thumbprint: SHA-1 in hexadecimal.
pub const THUMBPRINT: Rule = Rule::new(40, 40, Form::Any);
/// The key of a tag.
pub const TAG_KEY: Rule = Rule::new(1, 128, Form::Any);
/// The value of a tag.
pub const TAG_VALUE: Rule = Rule::new(0, 256, Form::Any);
/// What the next page is asked for with.
pub const MARKER: Rule = Rule::new(1, 320, Form::Any);
/// The id of a deletion.
pub const TASK_ID: Rule = Rule::new(1, 1000, Form::Any);

/// What stands in a message for a secret.
const HIDDEN: &str = "***";

/// What is wrong with a call's parameters so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    of_the_model: Vec<String>,
    of_characters: Option<String>,
}

impl Faults {
    /// Notes a parameter that is not there, but must.
    pub fn missing(&mut self, field: &str) {
        self.of_the_model.push(constraint::missing(field));
    }

    /// Looks at a text; `field` is the parameter as messages name it, such as `userName`.
    pub fn text(&mut self, field: &str, value: &str, rule: Rule) {
        if let Some(constraint) = constraint::of_length(value.chars().count(), rule.least, rule.most) {
            let shown = if matches!(rule.form, Form::Secret) {
                HIDDEN
            } else {
                value
            };
            return self.fault(field, shown, &constraint);
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_printable = |byte: u8| (0x21..=0x7e).contains(&byte);
        match rule.form {
            Form::Alias if !is_alias(value) => {
                let pattern = "Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$";
                self.fault(field, value, pattern);
            }
            Form::Digits if !value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.fault(field, value, r"Member must satisfy regular expression pattern: [\d]+");
            }
            Form::Name if !value.chars().all(is_name) => self.character(format!(
                "The specified value for {field} is invalid. It must contain only alphanumeric characters and/or the \
                 following: +=,.@_-"
            )),
            Form::OneOf(names) if !names.contains(&value) => {
                let constraint = format!("Member must satisfy enum value set: [{}]", names.join(", "));
                self.fault(field, value, &constraint);
            }
            Form::Path if !is_path(value) || !value.bytes().all(is_printable) => self.character(format!(
                "The specified value for {field} is invalid. It must begin and end with / and contain only alphanumeric \
                 characters and/or / characters."
            )),
            Form::PathPrefix if !value.starts_with('/') || !value.bytes().all(is_printable) => {
                self.character(format!(
                    "The specified value for {field} is invalid. It must begin with / and contain only alphanumeric \
                     characters and/or / characters."
                ));
            }
            Form::Version if !is_version(value) => {
                let pattern = r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
                self.fault(field, value, pattern);
            }
            Form::Word if !value.chars().all(is_word) => {
                self.fault(field, value, r"Member must satisfy regular expression pattern: [\w]+");
            }
            Form::Alias
            | Form::Any
            | Form::Digits
            | Form::Name
            | Form::OneOf(_)
            | Form::Path
            | Form::PathPrefix
            | Form::Secret
            | Form::Version
            | Form::Word => {}
        }
    }

    /// Reads a number with its bounds; the least one where it is none.
    pub fn number(&mut self, field: &str, value: &str, least: u32, most: u32) -> u32 {
        match value.parse::<u32>() {
            Err(_) => self.fault(field, value, "Member must be an integer"),
            Ok(number) => match constraint::of_value(number, least, most) {
                Some(constraint) => self.fault(field, value, &constraint),
                None => return number,
            },
        }
        least
    }

    /// Notes a fault in the model's terms.
    pub fn fault(&mut self, field: &str, value: &str, constraint: &str) {
        self.of_the_model
            .push(constraint::fault(Some(value), field, constraint));
    }

    fn character(&mut self, message: String) {
        self.of_characters.get_or_insert(message);
    }

    /// Whether all is well.
    ///
    /// # Errors
    /// [`IamError::Invalid`] with everything that is not.
    pub fn check(self) -> Result<(), IamError> {
        match constraint::message(&self.of_the_model).or(self.of_characters) {
            Some(message) => Err(IamError::Invalid(message)),
            None => Ok(()),
        }
    }
}

/// Looks at one text alone.
pub(super) fn check(field: &str, value: &str, rule: Rule) -> Result<(), IamError> {
    let mut faults = Faults::default();
    faults.text(field, value, rule);
    faults.check()
}

fn is_path(value: &str) -> bool {
    value == "/" || (value.len() > 2 && value.starts_with('/') && value.ends_with('/'))
}

fn is_alias(value: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    value.chars().all(good) && !value.starts_with('-') && !value.ends_with('-') && !value.contains("--")
}

fn is_version(value: &str) -> bool {
    let Some(rest) = value.strip_prefix('v') else {
        return false;
    };
    let number = rest.split('.').next().unwrap_or_default();
    !number.is_empty() && !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(value: &str, rule: Rule, message: &str) {
        assert_eq!(check("field", value, rule), Err(IamError::Invalid(message.to_owned())));
    }

    #[test]
    fn bounds_and_characters_are_those_of_the_model() {
        for (value, rule) in [
            ("aZ09+=,.@_-", NEW_NAME),
            (&*"x".repeat(64), NEW_NAME),
            (&*"x".repeat(128), NAME),
            ("/", PATH),
            ("/a/b/", PATH),
            ("/a", PATH_PREFIX),
            ("v1", VERSION),
            ("v12.a-b", VERSION),
            ("my-team-1", ALIAS),
            ("012345", CODE),
        ] {
            assert_eq!(check("field", value, rule), Ok(()), "{value}");
        }
        let one = "1 validation error detected: Value";
        let at = "at 'field' failed to satisfy constraint: Member must";
        refused(
            "",
            NAME,
            &format!("{one} '' {at} have length greater than or equal to 1"),
        );
        let long = "x".repeat(65);
        refused(
            &long,
            NEW_NAME,
            &format!("{one} '{long}' {at} have length less than or equal to 64"),
        );
        refused(
            "a b",
            NAME,
            "The specified value for field is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        );
        refused(
            "a",
            PATH_PREFIX,
            "The specified value for field is invalid. It must begin with / and contain only alphanumeric characters and/or / characters.",
        );
        for version in ["1", "v0", "v", "v1x"] {
            refused(
                version,
                VERSION,
                &format!(r"{one} '{version}' {at} satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"),
            );
        }
        for alias in ["-ab", "ab-", "a--b", "A-b"] {
            refused(
                alias,
                ALIAS,
                &format!(
                    "{one} '{alias}' {at} satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
                ),
            );
        }
        refused(
            "12345x",
            CODE,
            &format!(r"{one} '12345x' {at} satisfy regular expression pattern: [\d]+"),
        );
        refused(
            "on",
            Rule::one_of(&["Active", "Inactive"]),
            &format!("{one} 'on' {at} satisfy enum value set: [Active, Inactive]"),
        );
    }

    #[test]
    fn all_faults_of_the_model_are_told_and_come_first() {
        let mut faults = Faults::default();
        faults.text("userName", "a b", NAME);
        faults.missing("roleName");
        assert_eq!(faults.number("maxItems", "1001", 1, 1000), 1);
        assert_eq!(faults.number("maxItems", "1000", 1, 1000), 1000);
        assert_eq!(
            faults.check().unwrap_err().to_string(),
            "2 validation errors detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null; \
             Value '1001' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000"
        );
    }
}
