//! Patterns of words.

use super::FilterPatternError;
use super::Reader;
use crate::logs::weighed_regex::WeighedRegex;

/// Words that must be there, of which one must be there, and that must not.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    all: Vec<Word>,
    any: Vec<Word>,
    none: Vec<Word>,
}

#[derive(Clone, Debug)]
enum Word {
    Text(String),
    Regex(WeighedRegex),
}

impl Words {
    pub(super) fn parse(pattern: &str) -> Result<Self, FilterPatternError> {
        let mut words = Self::default();
        let mut reader = Reader::new(pattern);
        while !reader.is_at_end() {
            let list = if reader.take("?") {
                &mut words.any
            } else if reader.take("-") {
                &mut words.none
            } else {
                &mut words.all
            };
            list.push(word(&mut reader)?);
        }
        Ok(words)
    }

    /// What looking for all of them costs, in steps a byte.
    pub(super) fn weight(&self) -> usize {
        let words = self.all.iter().chain(&self.any).chain(&self.none);
        let weight = |word: &Word| match word {
            Word::Text(_) => 1,
            Word::Regex(regex) => regex.steps(1),
        };
        words.map(weight).fold(0, usize::saturating_add)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let is_there = |word: &Word| match word {
            Word::Text(text) => message.contains(text.as_str()),
            Word::Regex(regex) => regex.is_match(message),
        };
        let is_mixed = !self.all.is_empty() || !self.none.is_empty();
        self.all.iter().all(is_there)
            && !self.none.iter().any(is_there)
            && (is_mixed || self.any.is_empty() || self.any.iter().any(is_there))
    }
}

fn word(reader: &mut Reader<'_>) -> Result<Word, FilterPatternError> {
    if let Some(text) = reader.quoted()? {
        return if text.is_empty() {
            Err(FilterPatternError::InvalidCharacters("\"\"".to_owned()))
        } else {
            Ok(Word::Text(text))
        };
    }
    if let Some(regex) = reader.regex()? {
        return Ok(Word::Regex(regex));
    }
    let text = reader.take_while(|c| !c.is_whitespace());
    let is_plain = |c: char| c.is_alphanumeric() || c == '_';
    let odd: String = text
        .chars()
        .skip_while(|c| is_plain(*c))
        .take_while(|c| !is_plain(*c))
        .collect();
    if odd.is_empty() && !text.is_empty() {
        Ok(Word::Text(text.to_owned()))
    } else {
        Err(FilterPatternError::InvalidCharacters(odd))
    }
}
