//! From the text of a query to its words.
//!
//! The reader asks for one word at a time, because only it knows where a `/` starts a regular expression.

use super::error::QueryError;
use super::error::QueryProblem;
use super::period::Period;

/// A word of the query and where it stands, in characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name; one in backticks is never a keyword.
    Name { text: String, quoted: bool },
    /// A text in quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// A number with a unit of time.
    Period(Period),
    /// An operator or a mark.
    Symbol(&'static str),
    /// The end of the query.
    End,
}

/// Longer ones first, so that the first that fits is the right one.
const SYMBOLS: [&str; 21] = [
    "==", "=~", "!=", "<=", ">=", "=", "<", ">", "|", ",", "(", ")", "[", "]", "+", "-", "*", "/", "^", "%", ";",
];

/// Reads words from the start of a query to its end.
pub(super) struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    pub(super) fn new(query: &str) -> Self {
        Self {
            chars: query.chars().collect(),
            at: 0,
        }
    }

    /// Where the next word is looked for.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Looks for the next word from there.
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The text between two places.
    pub(super) fn text(&self, start: usize, end: usize) -> String {
        self.chars.get(start..end).unwrap_or_default().iter().collect()
    }

    /// The line, from 1, and the place in it, from 0.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.chars.get(..at).unwrap_or(&self.chars);
        let line = before.iter().filter(|c| **c == '\n').count() + 1;
        let column = before.iter().rev().take_while(|c| **c != '\n').count();
        (line, column)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.chars.get(self.at..).unwrap_or_default();
        let taken: String = rest.iter().copied().take_while(|c| wanted(*c)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn skip_blanks(&mut self) {
        loop {
            self.take_while(char::is_whitespace);
            if self.peek() != Some('#') {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn unrecognized(&self, start: usize) -> QueryError {
        let end = self.at.max(start + 1).min(self.chars.len());
        QueryError {
            problem: QueryProblem::Unrecognized(self.text(start, end)),
            start,
            end,
        }
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Token, QueryError> {
        self.skip_blanks();
        let start = self.at;
        let kind = match self.peek() {
            None => TokenKind::End,
            Some(quote @ ('"' | '\'')) => TokenKind::Text(self.quoted(quote)?),
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) if starts_name(c) => self.name()?,
            Some(_) => {
                let rest = self.chars.get(start..).unwrap_or_default();
                let symbol = SYMBOLS
                    .into_iter()
                    .find(|symbol| symbol.chars().eq(rest.iter().copied().take(symbol.len())))
                    .ok_or_else(|| self.unrecognized(start))?;
                self.at += symbol.len();
                TokenKind::Symbol(symbol)
            }
        };
        Ok(Token {
            kind,
            start,
            end: self.at,
        })
    }

    /// A regular expression between slashes, when one comes next. `\/` stands for a slash.
    pub(super) fn regex(&mut self) -> Result<Option<String>, QueryError> {
        self.skip_blanks();
        let start = self.at;
        if self.peek() != Some('/') {
            return Ok(None);
        }
        self.at += 1;
        let mut pattern = String::new();
        loop {
            pattern.push_str(&self.take_while(|c| !matches!(c, '/' | '\\' | '\n')));
            match self.peek() {
                Some('/') => {
                    self.at += 1;
                    return Ok(Some(pattern));
                }
                Some('\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some('/') => pattern.push('/'),
                        Some(other) => pattern.extend(['\\', other]),
                        None => return Err(self.unrecognized(start)),
                    }
                    self.at += 1;
                }
                Some(newline) => {
                    self.at += 1;
                    pattern.push(newline);
                }
                None => return Err(self.unrecognized(start)),
            }
        }
    }

    /// The text up to the closing quote. A backslash takes the meaning from a quote or a backslash, and makes newlines and
    /// tabs; before anything else it stands for itself.
    fn quoted(&mut self, quote: char) -> Result<String, QueryError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == quote {
                return Ok(text);
            }
            if c != '\\' {
                text.push(c);
                continue;
            }
            match self.peek() {
                Some(escaped @ ('"' | '\'' | '\\')) => text.push(escaped),
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(other) => text.extend(['\\', other]),
                None => break,
            }
            self.at += 1;
        }
        Err(self.unrecognized(start))
    }

    fn number(&mut self) -> Result<TokenKind, QueryError> {
        let start = self.at;
        let mut digits = self.take_while(|c| c.is_ascii_digit());
        let decimal = self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit);
        if self.peek() == Some('.') && decimal {
            self.at += 1;
            digits.push('.');
            digits.push_str(&self.take_while(|c| c.is_ascii_digit()));
        }
        let unit = self.take_while(|c| c.is_ascii_alphabetic());
        if unit.is_empty() {
            let number: f64 = digits.parse().unwrap_or(f64::INFINITY);
            return if number.is_finite() {
                Ok(TokenKind::Number(number))
            } else {
                Err(self.unrecognized(start))
            };
        }
        let period = Period::parse(&digits, &unit).ok_or_else(|| QueryError {
            problem: QueryProblem::InvalidPeriod(format!("{digits}{unit}")),
            start,
            end: self.at,
        })?;
        Ok(TokenKind::Period(period))
    }

    /// A name of parts joined by dots, each plain or in backticks.
    fn name(&mut self) -> Result<TokenKind, QueryError> {
        let start = self.at;
        let mut text = String::new();
        let mut quoted = false;
        loop {
            if self.peek() == Some('`') && (text.is_empty() || text.ends_with('.')) {
                quoted = true;
                self.at += 1;
                text.push_str(&self.take_while(|c| c != '`' && c != '\n'));
                if self.peek() != Some('`') {
                    return Err(self.unrecognized(start));
                }
                self.at += 1;
                if self.peek() != Some('.') {
                    break;
                }
            }
            let part = self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '.'));
            text.push_str(&part);
            if self.peek() != Some('`') || part.is_empty() || !text.ends_with('.') {
                break;
            }
        }
        Ok(TokenKind::Name { text, quoted })
    }
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '`')
}
