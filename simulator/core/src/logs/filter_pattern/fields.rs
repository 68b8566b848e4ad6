//! Patterns for messages of fields with blanks between.

use super::FilterPatternError;
use super::Operand;
use super::Operator;
use super::Reader;

/// What the fields of a message must be like, from the first to the last.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    before: Vec<Field>,
    /// The fields after `...`, which stands for any number of them.
    after: Option<Vec<Field>>,
}

/// Conditions on one field: one list of several must hold, wholly.
#[derive(Clone, Debug, Default)]
struct Field(Vec<Vec<(Operator, Operand)>>);

impl Fields {
    pub(super) fn parse(pattern: &str) -> Result<Self, FilterPatternError> {
        let mut reader = Reader::new(pattern);
        let mut before = Vec::new();
        let mut after: Option<Vec<Field>> = None;
        loop {
            if reader.take("...") {
                if after.replace(Vec::new()).is_some() {
                    return Err(FilterPatternError::Malformed);
                }
            } else {
                let field = field(&mut reader)?;
                after.as_mut().unwrap_or(&mut before).push(field);
            }
            if reader.is_at_end() {
                return Ok(Self { before, after });
            }
            if !reader.take(",") {
                return Err(FilterPatternError::Malformed);
            }
        }
    }

    /// What its comparisons cost, in steps a byte.
    pub(super) fn weight(&self) -> usize {
        let fields = self.before.iter().chain(self.after.iter().flatten());
        let comparisons = fields.flat_map(|field| field.0.iter().flatten());
        comparisons.fold(0, |weight, (_, value)| weight.saturating_add(value.weight()))
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let found = split(message);
        let after = self.after.as_deref().unwrap_or_default();
        let wanted = self.before.len() + after.len();
        let fits = if self.after.is_some() {
            found.len() >= wanted
        } else {
            found.len() == wanted
        };
        let hold = |fields: &[Field], texts: &[&str]| fields.iter().zip(texts).all(|(field, text)| field.holds(text));
        let last = found.get(found.len().saturating_sub(after.len())..).unwrap_or_default();
        fits && hold(&self.before, &found) && hold(after, last)
    }
}

impl Field {
    fn holds(&self, text: &str) -> bool {
        let all = |conditions: &Vec<(Operator, Operand)>| {
            conditions.iter().all(|(operator, value)| operator.holds(text, value))
        };
        self.0.is_empty() || self.0.iter().any(all)
    }
}

/// A name, or conditions with the name before each.
fn field(reader: &mut Reader<'_>) -> Result<Field, FilterPatternError> {
    let mut field = Field::default();
    let mut own_name = None;
    loop {
        let name = reader.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$'));
        if name.is_empty() || *own_name.get_or_insert(name) != name {
            return Err(FilterPatternError::Malformed);
        }
        let Some(operator) = reader.operator() else {
            return if field.0.is_empty() {
                Ok(field)
            } else {
                Err(FilterPatternError::Malformed)
            };
        };
        let condition = (operator, reader.value()?);
        match field.0.last_mut() {
            Some(conditions) => conditions.push(condition),
            None => field.0.push(vec![condition]),
        }
        if reader.take("||") {
            field.0.push(Vec::new());
        } else if !reader.take("&&") {
            return Ok(field);
        }
    }
}

/// The fields of a message; what is in quotes or square brackets is one field, without them.
fn split(message: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = message.trim();
    while !rest.is_empty() {
        let close = match rest.chars().next() {
            Some('"') => Some('"'),
            Some('[') => Some(']'),
            _ => None,
        };
        let enclosed = close.and_then(|close| rest.get(1..)?.split_once(close));
        let (field, after) = enclosed
            .or_else(|| rest.split_once(char::is_whitespace))
            .unwrap_or((rest, ""));
        found.push(field);
        rest = after.trim_start();
    }
    found
}
