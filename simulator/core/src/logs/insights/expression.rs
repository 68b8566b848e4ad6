//! Expressions and what they are for a row.
//!
//! FIDELITY: what is missing makes `=`, `<`, `like` and `in` false, and so `!=`, `not like` and `not in` true.

use std::cell::OnceCell;
use std::cmp::Ordering;

use super::Record;
use super::discover::Slot;
use super::discover::Slots;
use super::discover::discover;
use super::function::Function;
use super::run::EXPRESSION_STEPS;
use super::run::Run;
use super::value::FieldValue;
use crate::logs::weighed_regex::WeighedRegex;

/// What reading a message as JSON costs, in steps a byte.
const DISCOVERY_STEPS: usize = 2;

/// Something that has a value for each row.
///
/// Operators of one kind stand in one list, so that a query of many terms is not nested deeply.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    Field(Field),
    Text(String),
    Number(f64),
    Bool(bool),
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
    Compare(Box<Expression>, Comparison, Box<Expression>),
    Like(Box<Expression>, Matcher),
    In(Box<Expression>, Vec<Expression>),
    Negative(Box<Expression>),
    Arithmetic(Box<Expression>, Vec<(Operator, Expression)>),
    Call(Function, Vec<Expression>),
    /// The result of an aggregation, by its place in the list of the `stats` command.
    Aggregate(usize),
}

/// Where the value of a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    System(SystemField),
    Named(Slot),
}

/// A field that every log event has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SystemField {
    Message,
    Timestamp,
    IngestionTime,
    LogStream,
    Log,
    Ptr,
}

impl SystemField {
    const ALL: [(&'static str, Self); 6] = [
        ("@message", Self::Message),
        ("@timestamp", Self::Timestamp),
        ("@ingestionTime", Self::IngestionTime),
        ("@logStream", Self::LogStream),
        ("@log", Self::Log),
        ("@ptr", Self::Ptr),
    ];

    /// The field of that name, in capital or small letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, field)| field)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

/// The right side of `like`.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Contains(String),
    Regex(WeighedRegex),
}

/// A row on its way through the commands.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    /// The log event; none after `stats`.
    pub(super) record: Option<Record<'a>>,
    /// Set when a name is first asked for.
    slots: OnceCell<Slots<'a>>,
}

impl<'a> Row<'a> {
    pub(super) fn of(record: Record<'a>) -> Self {
        Self {
            record: Some(record),
            slots: OnceCell::new(),
        }
    }

    /// A row of results of `stats`.
    pub(super) fn of_slots(slots: Slots<'a>) -> Self {
        Self {
            record: None,
            slots: OnceCell::from(slots),
        }
    }

    fn slots(&self, run: &Run<'a>) -> &Slots<'a> {
        self.slots.get_or_init(|| {
            let Some(record) = &self.record else {
                return Slots::default();
            };
            // Each field is put among those that were found before it.
            if run.names.is_empty() || !run.spend(record.message.len().saturating_mul(DISCOVERY_STEPS)) {
                return Slots::default();
            }
            let found = discover(record.message, run.names);
            run.spend(found.len() * found.len());
            run.take(found.kept());
            found
        })
    }

    /// How many bytes the row takes.
    pub(super) fn kept(&self) -> usize {
        let pointer = self.record.as_ref().map_or(0, |record| record.ptr.len());
        size_of::<Self>() + pointer + self.slots.get().map_or(0, Slots::kept)
    }

    /// How many values it has.
    pub(super) fn len(&self) -> usize {
        self.slots.get().map_or(0, Slots::len)
    }

    pub(super) fn set(&mut self, run: &Run<'a>, slot: Slot, value: FieldValue<'a>) {
        self.slots(run);
        if let Some(slots) = self.slots.get_mut()
            && run.spend(slots.len())
            && run.take(Slots::ENTRY_BYTES + value.kept())
        {
            slots.set(slot, value);
        }
    }

    pub(super) fn field(&self, run: &Run<'a>, field: Field) -> FieldValue<'a> {
        let system = match field {
            Field::Named(slot) => return self.slots(run).get(slot).cloned().unwrap_or(FieldValue::Missing),
            Field::System(system) => system,
        };
        let Some(record) = &self.record else {
            return FieldValue::Missing;
        };
        match system {
            SystemField::Message => FieldValue::text(record.message),
            SystemField::Timestamp => FieldValue::Time(record.timestamp_ms),
            SystemField::IngestionTime => FieldValue::Time(record.ingestion_ms),
            SystemField::LogStream => FieldValue::text(record.log_stream),
            SystemField::Log => FieldValue::text(record.log),
            SystemField::Ptr => FieldValue::Text(record.ptr.clone()),
        }
    }
}

impl Expression {
    /// The value for a row; `aggregates` are the results that [`Expression::Aggregate`] points to.
    pub(super) fn value<'a>(&'a self, row: &Row<'a>, run: &Run<'a>, aggregates: &[FieldValue<'a>]) -> FieldValue<'a> {
        if !run.spend(EXPRESSION_STEPS) {
            return FieldValue::Missing;
        }
        // What a value is looked at for goes over all of its text, a few times at most.
        let of = |part: &'a Self| {
            let value = part.value(row, run, aggregates);
            run.spend(value.length());
            value
        };
        match self {
            Self::Field(field) => row.field(run, *field),
            Self::Text(text) => FieldValue::text(text),
            Self::Number(number) => FieldValue::Number(*number),
            Self::Bool(value) => FieldValue::Bool(*value),
            Self::Any(parts) => FieldValue::Bool(parts.iter().any(|part| of(part).is_true())),
            Self::All(parts) => FieldValue::Bool(parts.iter().all(|part| of(part).is_true())),
            Self::Not(part) => FieldValue::Bool(!of(part).is_true()),
            Self::Compare(one, comparison, two) => FieldValue::Bool(comparison.holds(of(one).compare(&of(two)))),
            Self::Like(part, matcher) => {
                let value = of(part);
                let text = value.render();
                FieldValue::Bool(
                    text.is_some_and(|text| run.spend(matcher.steps(text.len())) && matcher.matches(&text)),
                )
            }
            Self::In(part, list) => {
                let value = of(part);
                let equals = |item| run.spend(value.length()) && value.compare(&of(item)) == Some(Ordering::Equal);
                FieldValue::Bool(list.iter().any(equals))
            }
            Self::Negative(part) => of(part)
                .number()
                .map_or(FieldValue::Missing, |number| FieldValue::finite(-number)),
            Self::Arithmetic(first, rest) => {
                let Some(mut result) = of(first).number() else {
                    return FieldValue::Missing;
                };
                for (operator, part) in rest {
                    let Some(number) = of(part).number() else {
                        return FieldValue::Missing;
                    };
                    result = operator.apply(result, number);
                }
                FieldValue::finite(result)
            }
            Self::Call(function, arguments) => function.call(arguments.iter().map(of), run),
            Self::Aggregate(place) => aggregates.get(*place).cloned().unwrap_or(FieldValue::Missing),
        }
    }
}

impl Comparison {
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl Operator {
    fn apply(self, one: f64, two: f64) -> f64 {
        match self {
            Self::Add => one + two,
            Self::Subtract => one - two,
            Self::Multiply => one * two,
            Self::Divide => one / two,
            Self::Remainder => one % two,
            Self::Power => one.powf(two),
        }
    }
}

impl Matcher {
    /// What a text of so many bytes costs.
    fn steps(&self, length: usize) -> usize {
        match self {
            Self::Contains(_) => length,
            Self::Regex(regex) => regex.steps(length),
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}
