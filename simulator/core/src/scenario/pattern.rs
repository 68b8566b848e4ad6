//! Patterns of lines.

use std::borrow::Cow;

use regex::Regex;

use crate::explain::client_output;
use crate::value::wildcard;

/// What a line must be.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// One of these, where clients, or releases of them, say the same in different words.
    Any(Vec<Pattern>),
    /// A text that is in it.
    Contains(String),
    /// The line itself, white space at its end apart.
    Exact(String),
    /// `*` stands for any text, any white space for any white space.
    Glob(String),
    /// A regular expression that matches somewhere in it.
    Regex(Regex),
}

impl Pattern {
    /// Whether a line is so.
    #[must_use]
    pub fn matches(&self, line: &str) -> bool {
        match self {
            Self::Any(patterns) => patterns.iter().any(|pattern| pattern.matches(line)),
            Self::Contains(text) => line.contains(text),
            Self::Exact(text) => line.trim_end() == text.trim_end(),
            Self::Glob(pattern) => glob_matches(pattern, line),
            Self::Regex(regex) => regex.is_match(line),
        }
    }

    /// Whether a line that a client printed is so, or the message in it is: patterns speak of what is said, not of what a
    /// release of the AWS CLI puts before it.
    #[must_use]
    pub fn matches_output(&self, line: &str) -> bool {
        self.matches(line) || self.matches(client_output::message(line))
    }

    /// As it is written, for people.
    #[must_use]
    pub fn as_written(&self) -> Cow<'_, str> {
        match self {
            Self::Any(patterns) => {
                let written: Vec<Cow<'_, str>> = patterns.iter().map(Self::as_written).collect();
                Cow::Owned(written.join("` or `"))
            }
            Self::Contains(text) | Self::Exact(text) | Self::Glob(text) => Cow::Borrowed(text),
            Self::Regex(regex) => Cow::Borrowed(regex.as_str()),
        }
    }

    /// What stands before it when people are told of it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Any(patterns) => patterns.first().map_or("", Self::kind),
            Self::Contains(_) => "with ",
            Self::Exact(_) | Self::Glob(_) => "",
            Self::Regex(_) => "that matches ",
        }
    }
}

/// Whether a whole line is of that form. White space at the ends does not count.
fn glob_matches(pattern: &str, line: &str) -> bool {
    let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    wildcard::matches(&pattern, &line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_stand_for_any_text_and_blanks_for_any_blanks() {
        for (pattern, line, expected) in [
            ("NAME TYPE", "NAME         TYPE  ", true),
            ("NAME TYPE", "NAME TYPE AGE", false),
            ("error: * (*)", "error: you must log in (Unauthorized)", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("a*", "a", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("*context x in *", "Updated context x in y", true),
        ] {
            assert_eq!(glob_matches(pattern, line), expected, "{pattern:?} {line:?}");
        }
    }

    #[test]
    fn the_other_patterns_are_literal() {
        let exact = Pattern::Exact("a * b".to_owned());
        assert!(exact.matches("a * b  ") && !exact.matches("a x b") && !exact.matches(" a * b"));
        let contains = Pattern::Contains("a.b".to_owned());
        assert!(contains.matches("x a.b y") && !contains.matches("a-b"));
        let regex = Pattern::Regex(Regex::new("^a.b$").unwrap());
        assert!(regex.matches("a-b") && !regex.matches("x a-b"));
    }

    #[test]
    fn one_of_several_is_enough_and_a_prefix_of_the_aws_cli_does_not_count() {
        let any = Pattern::Any(vec![
            Pattern::Glob("The config profile (*)".to_owned()),
            Pattern::Contains("aws login".to_owned()),
        ]);
        assert!(any.matches("The config profile (x)") && any.matches("run aws login") && !any.matches("x"));
        assert_eq!(any.as_written(), "The config profile (*)` or `aws login");
        assert!(!any.matches("aws: [ERROR]: The config profile (x)"));
        assert!(any.matches_output("aws: [ERROR]: The config profile (x)"));
        let whole = Pattern::Exact("aws: [ERROR]: x".to_owned());
        assert!(whole.matches_output("aws: [ERROR]: x") && !whole.matches_output("x"));
    }

    proptest! {
        #[test]
        fn a_line_matches_itself_cut_by_a_star(head in "[a-z]{0,8}", middle in "[a-z ]{0,8}", tail in "[a-z]{0,8}") {
            let line = format!("x{head}{middle}{tail}y");
            let pattern = format!("x{head}*{tail}y");
            prop_assert!(glob_matches(&pattern, &line), "{:?} {:?}", pattern, line);
        }
    }
}
