//! Filter patterns of CloudWatch Logs, as FilterLogEvents accepts them.
//!
//! A pattern is of words (`ERROR -ignored "two words" ?this ?that %regex%`), of a condition on JSON
//! (`{ $.verb = "get" && $.responseStatus.code >= 400 }`), or of fields with blanks between (`[level, ..., code = 4*]`).
//! Source: the User Guide's pages on filter patterns; the texts of errors are those that users of the API report.
//!
//! FIDELITY: a word is found inside of other words too. A comparison with a field that is not there is false, `!=`
//! included. Where words with and without `?` are mixed, those with it count for nothing. Regular expressions are those of
//! the `regex` crate, with none of the service's own restrictions.

mod condition;
mod fields;
mod words;

use condition::Condition;
use fields::Fields;
use words::Words;

use crate::logs::weighed_regex::WeighedRegex;
use crate::value::wildcard;

/// How many parentheses can be inside each other.
const MAX_DEPTH: usize = 50;
/// How much memory the compiled regular expressions of a pattern may take, in bytes.
const REGEX_ROOM: usize = 1 << 20;
/// What a message may cost, in steps: about as many characters are looked at. A search looks no further in one answer.
///
/// FIDELITY: a message that would cost more matches nothing. It takes a regular expression of some hundred characters that
/// are counted out (`[ab]*a[ab]{500}`), and a message of a megabyte.
pub(super) const MAX_STEPS: usize = 1 << 28;

/// A pattern that can be matched with messages.
#[derive(Clone, Debug)]
pub struct FilterPattern(Pattern);

#[derive(Clone, Debug)]
enum Pattern {
    Words(Words),
    Json(Condition),
    Fields(Fields),
}

impl FilterPattern {
    /// Reads a pattern. An empty one matches everything.
    ///
    /// # Errors
    /// [`FilterPatternError`] when it is malformed, for the message of an InvalidParameterException.
    pub fn parse(pattern: &str) -> Result<Self, FilterPatternError> {
        let pattern = pattern.trim();
        let inner = |open: char, close: char| -> Result<Option<&str>, FilterPatternError> {
            let Some(inner) = pattern.strip_prefix(open) else {
                return Ok(None);
            };
            let inner = inner.strip_suffix(close);
            inner.map(Some).ok_or(FilterPatternError::Unclosed { open, close })
        };
        if let Some(condition) = inner('{', '}')? {
            return Ok(Self(Pattern::Json(Condition::parse(condition)?)));
        }
        if let Some(fields) = inner('[', ']')? {
            return Ok(Self(Pattern::Fields(Fields::parse(fields)?)));
        }
        Ok(Self(Pattern::Words(Words::parse(pattern)?)))
    }

    /// What a message of so many bytes costs.
    pub(super) fn steps(&self, length: usize) -> usize {
        let weight = match &self.0 {
            Pattern::Words(words) => words.weight(),
            // Reading JSON costs some steps a byte.
            Pattern::Json(condition) => 4 + condition.weight(),
            Pattern::Fields(fields) => 2 + fields.weight(),
        };
        length.saturating_mul(weight)
    }

    /// Whether a message is of that pattern.
    #[must_use]
    pub fn matches(&self, message: &str) -> bool {
        if self.steps(message.len()) > MAX_STEPS {
            return false;
        }
        match &self.0 {
            Pattern::Words(words) => words.matches(message),
            Pattern::Json(condition) => condition.matches(message),
            Pattern::Fields(fields) => fields.matches(message),
        }
    }
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterPatternError {
    /// A pattern that is of no form.
    #[error("Invalid filter pattern")]
    Malformed,
    /// Something other than letters, digits and `_` in a word without quotes.
    #[error("Invalid character(s) in term '{0}'")]
    InvalidCharacters(String),
    /// A first parenthesis without its counterpart at the end.
    #[error("If a filter pattern starts with '{open}' it must end with '{close}'")]
    Unclosed {
        /// The one at the start.
        open: char,
        /// The one that is missing.
        close: char,
    },
}

/// Reads a pattern's parts from its start to its end.
struct Reader<'p> {
    rest: &'p str,
    depth: usize,
    /// What is left for compiled regular expressions, in bytes.
    regex_room: usize,
}

impl<'p> Reader<'p> {
    fn new(rest: &'p str) -> Self {
        Self {
            rest: rest.trim_start(),
            depth: 0,
            regex_room: REGEX_ROOM,
        }
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes a mark and the blanks after it, when it comes next.
    fn take(&mut self, mark: &str) -> bool {
        let found = self.rest.strip_prefix(mark);
        if let Some(rest) = found {
            self.rest = rest.trim_start();
        }
        found.is_some()
    }

    /// Takes a word in any case, when it comes next and ends there.
    fn take_word(&mut self, word: &str) -> bool {
        let Some((own, rest)) = self.rest.split_at_checked(word.len()) else {
            return false;
        };
        let found = own.eq_ignore_ascii_case(word) && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if found {
            self.rest = rest.trim_start();
        }
        found
    }

    /// Takes all up to the first character that is not wanted, and the blanks after it.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'p str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest.trim_start();
        taken
    }

    /// A text in quotes, when one comes next. A backslash takes the meaning from a quote or a backslash.
    fn quoted(&mut self) -> Result<Option<String>, FilterPatternError> {
        let Some(rest) = self.rest.strip_prefix('"') else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut characters = rest.chars();
        loop {
            match characters.next().ok_or(FilterPatternError::Malformed)? {
                '"' => break,
                '\\' => match characters.next().ok_or(FilterPatternError::Malformed)? {
                    escaped @ ('"' | '\\') => text.push(escaped),
                    other => text.extend(['\\', other]),
                },
                other => text.push(other),
            }
        }
        self.rest = characters.as_str().trim_start();
        Ok(Some(text))
    }

    /// A regular expression between percent signs, when one comes next.
    fn regex(&mut self) -> Result<Option<WeighedRegex>, FilterPatternError> {
        let Some(rest) = self.rest.strip_prefix('%') else {
            return Ok(None);
        };
        let (pattern, rest) = rest.split_once('%').ok_or(FilterPatternError::Malformed)?;
        self.rest = rest.trim_start();
        WeighedRegex::compile(pattern, &mut self.regex_room)
            .map(Some)
            .map_err(|_| FilterPatternError::Malformed)
    }

    /// A comparison's operator, when one comes next.
    fn operator(&mut self) -> Option<Operator> {
        [
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=", Operator::Equal),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ]
        .into_iter()
        .find(|(mark, _)| self.take(mark))
        .map(|(_, operator)| operator)
    }

    /// The right side of a comparison.
    fn value(&mut self) -> Result<Operand, FilterPatternError> {
        if let Some(text) = self.quoted()? {
            return Ok(Operand::Text(text));
        }
        if let Some(regex) = self.regex()? {
            return Ok(Operand::Regex(regex));
        }
        let text = self.take_while(|c| !c.is_whitespace() && !matches!(c, '&' | '|' | '(' | ')' | ',' | '"' | '%'));
        if text.is_empty() {
            return Err(FilterPatternError::Malformed);
        }
        Ok(match text.parse() {
            Ok(number) if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
                Operand::Number(number, text.to_owned())
            }
            _ => Operand::Text(text.to_owned()),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What something is compared with.
#[derive(Clone, Debug)]
enum Operand {
    /// With `*` for any text.
    Text(String),
    /// A number, and as what it was written.
    Number(f64, String),
    Regex(WeighedRegex),
}

impl Operand {
    /// What comparing a character with it costs.
    fn weight(&self) -> usize {
        match self {
            Self::Text(_) | Self::Number(..) => 1,
            Self::Regex(regex) => regex.steps(1),
        }
    }
}

impl Operator {
    /// Whether a text, which may look like a number, compares so. Only numbers are less or greater.
    fn holds(self, text: &str, value: &Operand) -> bool {
        let equal = || match value {
            Operand::Text(pattern) => wildcard::matches(pattern, text),
            Operand::Number(number, written) => written == text || text.parse() == Ok(*number),
            Operand::Regex(regex) => regex.is_match(text),
        };
        let order = || match (text.parse::<f64>(), value) {
            (Ok(one), Operand::Number(two, _)) => one.partial_cmp(two),
            _ => None,
        };
        match self {
            Self::Equal => equal(),
            Self::NotEqual => !equal(),
            Self::Less => order().is_some_and(|order| order.is_lt()),
            Self::LessOrEqual => order().is_some_and(|order| order.is_le()),
            Self::Greater => order().is_some_and(|order| order.is_gt()),
            Self::GreaterOrEqual => order().is_some_and(|order| order.is_ge()),
        }
    }
}

#[cfg(test)]
mod tests;
