//! The values of fields, how they compare, sort and print.
//!
//! FIDELITY: `true` and `false` of JSON print as 1 and 0. Texts that look like numbers compare as numbers. A number that is
//! no integer prints with up to four decimals. Users report the first; the others are inferred.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::value::instant::Timestamp;

/// The value of a field of one row.
#[derive(Clone, Debug)]
pub(super) enum FieldValue<'a> {
    /// The row has no such field.
    Missing,
    Text(Cow<'a, str>),
    /// A finite number.
    Number(f64),
    /// Milliseconds of Unix time.
    Time(i64),
    Bool(bool),
}

impl<'a> FieldValue<'a> {
    /// The number, or nothing where it is infinite or none.
    pub(super) fn finite(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Missing
        }
    }

    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// How long its text is, in bytes.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Missing | Self::Number(_) | Self::Time(_) | Self::Bool(_) => 0,
        }
    }

    /// How many bytes it has of its own, beside itself.
    pub(super) fn kept(&self) -> usize {
        match self {
            Self::Text(Cow::Owned(text)) => text.len(),
            _ => 0,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// The value as it is printed, or [`None`] when missing.
    pub(super) fn render(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Missing => None,
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(render_number(*number))),
            Self::Time(millis) => Some(Cow::Owned(render_time(*millis))),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "1" } else { "0" })),
        }
    }

    /// The value as a number, where it is one or looks like one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Missing => None,
            Self::Text(text) => number_of(text),
            Self::Number(number) => Some(*number),
            Self::Time(millis) => Some(millis_as_number(*millis)),
            Self::Bool(value) => Some(if *value { 1.0 } else { 0.0 }),
        }
    }

    /// Whether the value passes a filter that is no comparison.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Text(text) if &**text == "true" => true,
            other => other.number().is_some_and(|number| number != 0.0),
        }
    }

    /// How two values compare, or [`None`] when one is missing: as numbers when both are, else as texts.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if let (Self::Bool(value), Self::Text(text)) | (Self::Text(text), Self::Bool(value)) = (self, other)
            && let Ok(text) = text.parse::<bool>()
        {
            return Some(value.cmp(&text));
        }
        if let (Some(one), Some(two)) = (self.number(), other.number()) {
            return one.partial_cmp(&two);
        }
        Some(self.render()?.cmp(&other.render()?))
    }

    /// What a sort goes by.
    pub(super) fn into_sort_key(self) -> SortKey<'a> {
        match (self.number(), self) {
            (_, FieldValue::Missing) => SortKey::Missing,
            (Some(number), FieldValue::Text(text)) => SortKey::Number(number, text),
            (Some(number), _) => SortKey::Number(number, Cow::Borrowed("")),
            (None, FieldValue::Text(text)) => SortKey::Text(text),
            (None, _) => SortKey::Missing,
        }
    }
}

/// A value by which rows are sorted: what is missing, then texts, then numbers.
#[derive(Clone, Debug)]
pub(super) enum SortKey<'a> {
    Missing,
    Text(Cow<'a, str>),
    /// The number, and as what it was written.
    Number(f64, Cow<'a, str>),
}

impl Ord for SortKey<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Missing, Self::Missing) => Ordering::Equal,
            (Self::Missing, _) | (Self::Text(_), Self::Number(..)) => Ordering::Less,
            (_, Self::Missing) | (Self::Number(..), Self::Text(_)) => Ordering::Greater,
            (Self::Text(one), Self::Text(two)) => natural_order(one, two),
            // Adding zero makes -0 and 0 the same.
            (Self::Number(one, as_one), Self::Number(two, as_two)) => {
                (one + 0.0).total_cmp(&(two + 0.0)).then_with(|| as_one.cmp(as_two))
            }
        }
    }
}

impl PartialOrd for SortKey<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SortKey<'_> {}

/// The natural order of the User Guide's page on `sort`: runs of digits go by length, then by value; all else by Unicode.
fn natural_order(mut one: &str, mut two: &str) -> Ordering {
    loop {
        let ((first, rest_of_one), (second, rest_of_two)) = (chunk(one), chunk(two));
        if first.is_empty() || second.is_empty() {
            return first.cmp(second);
        }
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if digits(first) && digits(second) {
            first.len().cmp(&second.len()).then_with(|| first.cmp(second))
        } else {
            first.cmp(second)
        };
        if order.is_ne() {
            return order;
        }
        (one, two) = (rest_of_one, rest_of_two);
    }
}

/// The digits, or the other characters, at the start of a text, and the rest.
fn chunk(text: &str) -> (&str, &str) {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

/// The number that a text is, in decimal notation.
fn number_of(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[expect(clippy::cast_precision_loss, reason = "times of the years that logs have are exact")]
pub(super) fn millis_as_number(millis: i64) -> f64 {
    millis as f64
}

/// Milliseconds from a number; beyond the range of the type, its ends.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, which is what is wanted"
)]
pub(super) fn number_as_millis(number: f64) -> i64 {
    number as i64
}

fn render_number(number: f64) -> String {
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The form `2021-08-08 20:04:46.282`, in UTC.
pub(super) fn render_time(millis: i64) -> String {
    let seconds = Timestamp::from_unix_millis(millis).render_rfc3339().replace('T', " ");
    format!("{}.{:03}", seconds.trim_end_matches('Z'), millis.rem_euclid(1000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_guides_example_is_in_order() {
        let sorted = [
            "!",
            "#",
            "*%04",
            "0#",
            "5A",
            "111A",
            "2345_",
            "@",
            "@_",
            "A",
            "A9876fghj",
            "a12345hfh",
            "0",
            "01",
            "1",
            "2",
            "3",
        ];
        let mut keys: Vec<_> = sorted
            .iter()
            .rev()
            .map(|text| FieldValue::text(text).into_sort_key())
            .collect();
        keys.sort();
        let expected: Vec<_> = sorted
            .iter()
            .map(|text| FieldValue::text(text).into_sort_key())
            .collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn numbers_compare_as_numbers_and_texts_as_texts() {
        let text = |text| FieldValue::text(text);
        for (one, two, order) in [
            (text("401"), FieldValue::Number(401.0), Some(Ordering::Equal)),
            (text("9"), text("10"), Some(Ordering::Less)),
            (text("9a"), text("10a"), Some(Ordering::Greater)),
            (text("a"), FieldValue::Number(1.0), Some(Ordering::Greater)),
            (FieldValue::Bool(true), text("true"), Some(Ordering::Equal)),
            (FieldValue::Bool(false), FieldValue::Number(0.0), Some(Ordering::Equal)),
            (
                FieldValue::Time(1000),
                FieldValue::Number(999.0),
                Some(Ordering::Greater),
            ),
            (
                FieldValue::Time(0),
                text("1970-01-01 00:00:00.000"),
                Some(Ordering::Equal),
            ),
            (FieldValue::Missing, text("a"), None),
            (text("inf"), FieldValue::Number(1.0), Some(Ordering::Greater)),
        ] {
            assert_eq!(one.compare(&two), order, "{one:?} {two:?}");
            assert_eq!(two.compare(&one), order.map(Ordering::reverse), "{two:?} {one:?}");
        }
    }

    #[test]
    fn values_print_as_the_service_prints_them() {
        for (value, text) in [
            (FieldValue::Time(1_628_453_086_282), Some("2021-08-08 20:04:46.282")),
            (FieldValue::Time(-1), Some("1969-12-31 23:59:59.999")),
            (FieldValue::Number(3.0), Some("3")),
            (FieldValue::Number(1.0 / 3.0), Some("0.3333")),
            (FieldValue::Number(-0.0), Some("0")),
            (FieldValue::Number(1e15), Some("1000000000000000")),
            (FieldValue::Bool(true), Some("1")),
            (FieldValue::Missing, None),
        ] {
            assert_eq!(value.render().as_deref(), text);
        }
    }

    proptest! {
        #[test]
        fn the_natural_order_is_an_order(a in "[0-2ab.#]{0,5}", b in "[0-2ab.#]{0,5}", c in "[0-2ab.#]{0,5}") {
            let [a, b, c] = [&a, &b, &c].map(|text| FieldValue::text(text).into_sort_key());
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}
