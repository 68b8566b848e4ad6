//! Patterns in which `*` stands for any text and, in IAM's, `?` for any one character.
use serde::Deserialize;
use serde::Serialize;

/// One element of a pattern of IAM's.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) enum Symbol {
    /// `*`: any text, none included.
    Any,
    /// This character.
    Exactly(char),
    /// `?`: any one character.
    One,
}

impl Symbol {
    /// The symbol that a character of a pattern is.
    pub(crate) fn of(c: char) -> Self {
        match c {
            '*' => Self::Any,
            '?' => Self::One,
            c => Self::Exactly(c),
        }
    }

    fn stands_for(self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Exactly(wanted) => wanted == c,
        }
    }
}

/// Whether the whole text is of that form, where `*` alone is special.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.split_once(part) {
            Some((_, rest)) => text = rest,
            None => return false,
        }
    }
    text.ends_with(last)
}

/// Whether the whole text is of that form. Each part between two `*` is looked for once and in order, so there is no
/// going back; a part without `?` is found in linear time.
pub(crate) fn like(pattern: &[Symbol], text: &str) -> bool {
    let mut parts: Vec<&[Symbol]> = pattern.split(|symbol| *symbol == Symbol::Any).collect();
    let last = parts.pop().unwrap_or_default();
    if parts.is_empty() {
        return strip(last, text) == Some("");
    }
    let mut parts = parts.into_iter();
    let Some(mut text) = strip(parts.next().unwrap_or_default(), text) else {
        return false;
    };
    for part in parts {
        match after_first(part, text) {
            Some(rest) => text = rest,
            None => return false,
        }
    }
    let mut end = text.chars().rev();
    last.iter()
        .rev()
        .all(|symbol| end.next().is_some_and(|c| symbol.stands_for(c)))
}

/// What follows a part, which has no `*`, where the text begins with it.
fn strip<'a>(part: &[Symbol], text: &'a str) -> Option<&'a str> {
    let mut rest = text.chars();
    part.iter()
        .all(|symbol| rest.next().is_some_and(|c| symbol.stands_for(c)))
        .then_some(rest.as_str())
}

/// What follows the first place where a part stands.
fn after_first<'a>(part: &[Symbol], text: &'a str) -> Option<&'a str> {
    let exact: Option<String> = part
        .iter()
        .map(|symbol| match symbol {
            Symbol::Exactly(c) => Some(*c),
            Symbol::Any | Symbol::One => None,
        })
        .collect();
    if let Some(exact) = exact {
        return text.split_once(exact.as_str()).map(|(_, rest)| rest);
    }
    let mut from = text.chars();
    loop {
        if let Some(rest) = strip(part, from.as_str()) {
            return Some(rest);
        }
        from.next()?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn symbols(pattern: &str) -> Vec<Symbol> {
        pattern.chars().map(Symbol::of).collect()
    }

    #[test]
    fn wildcards_stand_for_any_text_and_any_character() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "ab", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("ab*ba", "aba", false),
            ("*a*b", "xaxbab", true),
            ("*a*a*", "a", false),
            ("?", "", false),
            ("?", "ö", true),
            ("a?", "abc", false),
            ("*?", "", false),
            ("*?b*", "ab", true),
            ("*?b*", "b", false),
        ] {
            assert_eq!(like(&symbols(pattern), text), wanted, "{pattern} {text}");
        }
    }

    /// The definition, without any thought of time.
    fn by_definition(pattern: &[Symbol], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((Symbol::Any, rest)) => (0..=text.len()).any(|at| by_definition(rest, &text[at..])),
            Some((symbol, rest)) => text
                .split_first()
                .is_some_and(|(c, text)| symbol.stands_for(*c) && by_definition(rest, text)),
        }
    }

    proptest! {
        #[test]
        fn both_agree_with_the_definition(pattern in "[ab*?]{0,8}", text in "[abö]{0,8}") {
            let letters: Vec<char> = text.chars().collect();
            prop_assert_eq!(like(&symbols(&pattern), &text), by_definition(&symbols(&pattern), &letters));
            let stars = pattern.replace('?', "b");
            prop_assert_eq!(matches(&stars, &text), by_definition(&symbols(&stars), &letters));
        }
    }
}
