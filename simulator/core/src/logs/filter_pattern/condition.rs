//! Patterns for messages of JSON.

use serde_json::Value as Json;

use super::FilterPatternError;
use super::MAX_DEPTH;
use super::Operand;
use super::Operator;
use super::Reader;

/// What a message of JSON must be like.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Compare(Vec<Step>, Operator, Operand),
    Is(Vec<Step>, State),
}

/// A part of a selector such as `$.a[0].*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Item(usize),
    /// Any member, or any item.
    Each,
}

/// What a field can be other than equal to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Null,
    Absent,
    Bool(bool),
}

impl Condition {
    pub(super) fn parse(pattern: &str) -> Result<Self, FilterPatternError> {
        let mut reader = Reader::new(pattern);
        let condition = any(&mut reader)?;
        if reader.is_at_end() {
            Ok(condition)
        } else {
            Err(FilterPatternError::Malformed)
        }
    }

    /// What its comparisons cost, in steps a byte.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().map(Self::weight).fold(0, usize::saturating_add),
            Self::Compare(_, _, value) => value.weight(),
            Self::Is(..) => 1,
        }
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        message.trim_start().starts_with('{')
            && serde_json::from_str(message).is_ok_and(|message: Json| self.holds(&message))
    }

    fn holds(&self, message: &Json) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.holds(message)),
            Self::All(parts) => parts.iter().all(|part| part.holds(message)),
            Self::Compare(path, operator, value) => some(message, path, &|found| compare(found, *operator, value)),
            Self::Is(path, State::Absent) => !some(message, path, &|_| true),
            Self::Is(path, State::Null) => some(message, path, &Json::is_null),
            Self::Is(path, State::Bool(wanted)) => some(message, path, &|found| found.as_bool() == Some(*wanted)),
        }
    }
}

/// Whether one of the values that the steps lead to is as wanted.
fn some(json: &Json, path: &[Step], wanted: &dyn Fn(&Json) -> bool) -> bool {
    let Some((step, rest)) = path.split_first() else {
        return wanted(json);
    };
    match (step, json) {
        (Step::Member(name), Json::Object(members)) => members.get(name).is_some_and(|json| some(json, rest, wanted)),
        (Step::Item(place), Json::Array(items)) => items.get(*place).is_some_and(|json| some(json, rest, wanted)),
        (Step::Each, Json::Object(members)) => members.values().any(|json| some(json, rest, wanted)),
        (Step::Each, Json::Array(items)) => items.iter().any(|json| some(json, rest, wanted)),
        _ => false,
    }
}

fn compare(json: &Json, operator: Operator, value: &Operand) -> bool {
    match json {
        Json::String(text) => operator.holds(text, value),
        Json::Number(number) => operator.holds(&number.to_string(), value),
        Json::Bool(flag) => operator.holds(if *flag { "true" } else { "false" }, value),
        Json::Null | Json::Array(_) | Json::Object(_) => false,
    }
}

fn any(reader: &mut Reader<'_>) -> Result<Condition, FilterPatternError> {
    let mut parts = vec![all(reader)?];
    while reader.take("||") {
        parts.push(all(reader)?);
    }
    Ok(Condition::Any(parts))
}

fn all(reader: &mut Reader<'_>) -> Result<Condition, FilterPatternError> {
    let mut parts = vec![one(reader)?];
    while reader.take("&&") {
        parts.push(one(reader)?);
    }
    Ok(Condition::All(parts))
}

fn one(reader: &mut Reader<'_>) -> Result<Condition, FilterPatternError> {
    if reader.take("(") {
        if reader.depth == MAX_DEPTH {
            return Err(FilterPatternError::Malformed);
        }
        reader.depth += 1;
        let inner = any(reader)?;
        reader.depth -= 1;
        return if reader.take(")") {
            Ok(inner)
        } else {
            Err(FilterPatternError::Malformed)
        };
    }
    let path = selector(reader)?;
    if reader.take_word("NOT") {
        return if reader.take_word("EXISTS") {
            Ok(Condition::Is(path, State::Absent))
        } else {
            Err(FilterPatternError::Malformed)
        };
    }
    if reader.take_word("IS") {
        let states = [
            ("NULL", State::Null),
            ("TRUE", State::Bool(true)),
            ("FALSE", State::Bool(false)),
        ];
        let state = states.into_iter().find(|(word, _)| reader.take_word(word));
        return state
            .map(|(_, state)| Condition::Is(path, state))
            .ok_or(FilterPatternError::Malformed);
    }
    let operator = reader.operator().ok_or(FilterPatternError::Malformed)?;
    Ok(Condition::Compare(path, operator, reader.value()?))
}

/// A selector: `$` and steps such as `.name`, `.*`, `[0]`, `[*]` and `["name"]`.
fn selector(reader: &mut Reader<'_>) -> Result<Vec<Step>, FilterPatternError> {
    if !reader.take("$") {
        return Err(FilterPatternError::Malformed);
    }
    let mut path = Vec::new();
    loop {
        if reader.rest.starts_with(".\"") {
            return Err(FilterPatternError::InvalidCharacters("$.\"".to_owned()));
        }
        if reader.take(".") {
            let is_name = |c: char| !c.is_whitespace() && !"=!<>&|()[].,\"%".contains(c);
            match reader.take_while(is_name) {
                "" => return Err(FilterPatternError::Malformed),
                "*" => path.push(Step::Each),
                name => path.push(Step::Member(name.to_owned())),
            }
        } else if reader.take("[") {
            path.push(if let Some(name) = reader.quoted()? {
                Step::Member(name)
            } else if reader.take("*") {
                Step::Each
            } else {
                let place = reader.take_while(|c| c.is_ascii_digit());
                Step::Item(place.parse().map_err(|_| FilterPatternError::Malformed)?)
            });
            if !reader.take("]") {
                return Err(FilterPatternError::Malformed);
            }
        } else if path.is_empty() {
            return Err(FilterPatternError::Malformed);
        } else {
            return Ok(path);
        }
    }
}
