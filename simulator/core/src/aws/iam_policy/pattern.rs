//! Texts of a policy with wildcards and policy variables.

use std::borrow::Cow;

use super::ConditionKeys;
use crate::value::wildcard;
use crate::value::wildcard::Symbol;
use serde::Deserialize;
use serde::Serialize;

/// So many characters a text may come to with its variables. What a policy is asked about, a request brings, and that is
/// shorter, so a longer text is equal to nothing and like nothing that is asked about.
const RESOLVED_CHARACTERS: usize = 256 * 1024;

/// A text of a policy, taken apart once.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Pattern {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Piece {
    Symbols(Vec<Symbol>),
    /// `${key}` or `${key, 'default'}`.
    Variable {
        key: String,
        default: Option<String>,
    },
}

impl Pattern {
    /// A text in which `*` and `?` are wildcards. Policies of 2008 have no `variables`.
    pub(super) fn with_wildcards(source: &str, variables: bool) -> Self {
        Self::new(source, variables, Symbol::of)
    }

    /// An action, in which `*` and `?` are wildcards; it matches actions in small letters.
    pub(super) fn action(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            ..Self::with_wildcards(&source.to_lowercase(), false)
        }
    }

    /// A text in which `*` and `?` are themselves.
    pub(super) fn literal(source: &str, variables: bool) -> Self {
        Self::new(source, variables, Symbol::Exactly)
    }

    fn new(source: &str, variables: bool, symbol: fn(char) -> Symbol) -> Self {
        let mut pieces = Vec::new();
        let mut symbols = Vec::new();
        let mut rest = source;
        while let Some((head, tail)) = rest.split_once("${").filter(|_| variables) {
            let Some((name, after)) = tail.split_once('}') else {
                break;
            };
            symbols.extend(head.chars().map(symbol));
            match name {
                // How a policy writes these characters themselves.
                "*" | "?" | "$" => symbols.extend(name.chars().map(Symbol::Exactly)),
                _ => {
                    let (key, default) = match name.split_once(',') {
                        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
                        None => (name, None),
                    };
                    pieces.push(Piece::Symbols(std::mem::take(&mut symbols)));
                    pieces.push(Piece::Variable {
                        key: key.trim().to_lowercase(),
                        default,
                    });
                }
            }
            rest = after;
        }
        symbols.extend(rest.chars().map(symbol));
        pieces.push(Piece::Symbols(symbols));
        Self {
            source: source.to_owned(),
            pieces,
        }
    }

    /// The text as the policy has it.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The symbols with each variable's value in its place, which is never read as wildcards. `None` where a variable
    /// has no value, or several: such a text is equal to nothing and like nothing (IAM User Guide, "Policy variables
    /// with no value").
    fn resolve(&self, keys: &ConditionKeys) -> Option<Cow<'_, [Symbol]>> {
        if let [Piece::Symbols(symbols)] = self.pieces.as_slice() {
            return Some(Cow::Borrowed(symbols));
        }
        let mut resolved = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Symbols(symbols) => resolved.extend_from_slice(symbols),
                Piece::Variable { key, default } => {
                    let value = match (keys.values(key), default) {
                        ([value], _) => value,
                        ([], Some(default)) => default,
                        _ => return None,
                    };
                    if resolved.len().saturating_add(value.len()) > RESOLVED_CHARACTERS {
                        return None;
                    }
                    resolved.extend(value.chars().map(Symbol::Exactly));
                }
            }
        }
        Some(Cow::Owned(resolved))
    }

    /// The text with its variables resolved, for values that are no patterns.
    pub(super) fn text(&self, keys: &ConditionKeys) -> Option<String> {
        let symbols = self.resolve(keys)?;
        let char_of = |symbol: &Symbol| match symbol {
            Symbol::Any => '*',
            Symbol::Exactly(c) => *c,
            Symbol::One => '?',
        };
        Some(symbols.iter().map(char_of).collect())
    }

    /// Whether the whole text is of this form.
    pub(super) fn matches(&self, text: &str, keys: &ConditionKeys) -> bool {
        self.resolve(keys).is_some_and(|symbols| wildcard::like(&symbols, text))
    }

    /// Whether an ARN is of this form: no wildcard reaches over one of the first five colons, and sections that the
    /// pattern lacks are any (IAM User Guide, "IAM JSON policy elements: Resource").
    pub(super) fn matches_resource(&self, resource: &str, keys: &ConditionKeys) -> bool {
        self.resolve(keys)
            .is_some_and(|symbols| match sections(&symbols).as_slice() {
                [whole] => wildcard::like(whole, resource),
                sections => {
                    let mut texts = resource.splitn(6, ':');
                    sections
                        .iter()
                        .all(|section| texts.next().is_some_and(|text| wildcard::like(section, text)))
                        && (texts.next().is_none() || sections.len() < 6)
                }
            })
    }

    /// Whether an ARN is of this form, section by section (IAM User Guide, "IAM JSON policy elements: Condition
    /// operators").
    pub(super) fn matches_arn(&self, arn: &str, keys: &ConditionKeys) -> bool {
        let Some(symbols) = self.resolve(keys) else {
            return false;
        };
        let texts: Vec<&str> = arn.splitn(6, ':').collect();
        let sections = sections(&symbols);
        if sections.len() == 6 && texts.len() == 6 {
            return sections
                .iter()
                .zip(texts)
                .all(|(section, text)| wildcard::like(section, text));
        }
        *symbols == [Symbol::Any]
    }
}

fn sections(symbols: &[Symbol]) -> Vec<&[Symbol]> {
    symbols.splitn(6, |symbol| *symbol == Symbol::Exactly(':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These come to 20 GB.
    #[test]
    fn what_variables_come_to_is_bounded() {
        let keys = ConditionKeys::default().with("aws:username", &"x".repeat(100_000));
        let pattern = |times: usize| Pattern::with_wildcards(&"${aws:username}".repeat(times), true);
        assert!(pattern(2).matches(&"x".repeat(200_000), &keys));
        assert!(!pattern(200_000).matches("x", &keys));
        assert_eq!(pattern(200_000).text(&keys), None);
    }
}
