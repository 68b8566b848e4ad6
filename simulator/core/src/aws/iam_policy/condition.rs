//! The conditions of a statement.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".
//!
//! FIDELITY: BinaryEquals is read and never evaluated. What a value that is not of its operator's type does is not
//! published: here it fails closed, so that an Allow does not apply and a Deny does.

use std::net::IpAddr;

use super::ConditionKeys;
use super::pattern::Pattern;
use crate::value::instant::Timestamp;
use serde::Deserialize;
use serde::Serialize;

/// What a test comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    No,
    /// It cannot be evaluated.
    Unknown,
    Yes,
}

impl Holds {
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }

    /// No if one is, else Unknown if one is.
    pub(super) fn all(tests: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for test in tests {
            match test {
                Self::No => return Self::No,
                Self::Unknown => all = Self::Unknown,
                Self::Yes => {}
            }
        }
        all
    }

    /// Yes if one is, else Unknown if one is.
    fn any(tests: impl IntoIterator<Item = Self>) -> Self {
        Self::all(tests.into_iter().map(Self::not)).not()
    }
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// One key under one operator.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Condition {
    operator: Operator,
    key: String,
    wanted: Vec<Pattern>,
}

/// An operator with what stands before and after its name.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Operator {
    quantifier: Quantifier,
    test: Test,
    if_exists: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Quantifier {
    AllValues,
    AnyValue,
    None,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Test {
    Compares { comparison: Comparison, negated: bool },
    Null,
    Unmodelled,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Comparison {
    Arn,
    Bool,
    Date(Order),
    Ip,
    Numeric(Order),
    Text,
    TextIgnoringCase,
    TextLike,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Order {
    Equals,
    GreaterThan,
    GreaterThanEquals,
    LessThan,
    LessThanEquals,
}

impl Operator {
    /// The operator of that name, if IAM has it.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::AllValues, name),
            Some(("ForAnyValue", name)) => (Quantifier::AnyValue, name),
            Some(_) => return None,
            None => (Quantifier::None, name),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let compares = |comparison, negated| Test::Compares { comparison, negated };
        let test = match name {
            "ArnEquals" | "ArnLike" => compares(Comparison::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => compares(Comparison::Arn, true),
            "BinaryEquals" => Test::Unmodelled,
            "Bool" => compares(Comparison::Bool, false),
            "IpAddress" => compares(Comparison::Ip, false),
            "NotIpAddress" => compares(Comparison::Ip, true),
            "Null" if !if_exists => Test::Null,
            "StringEquals" => compares(Comparison::Text, false),
            "StringEqualsIgnoreCase" => compares(Comparison::TextIgnoringCase, false),
            "StringLike" => compares(Comparison::TextLike, false),
            "StringNotEquals" => compares(Comparison::Text, true),
            "StringNotEqualsIgnoreCase" => compares(Comparison::TextIgnoringCase, true),
            "StringNotLike" => compares(Comparison::TextLike, true),
            _ => {
                let (comparison, order): (fn(Order) -> Comparison, &str) = match name.strip_prefix("Date") {
                    Some(order) => (Comparison::Date, order),
                    None => (Comparison::Numeric, name.strip_prefix("Numeric")?),
                };
                let (order, negated) = match order {
                    "Equals" => (Order::Equals, false),
                    "GreaterThan" => (Order::GreaterThan, false),
                    "GreaterThanEquals" => (Order::GreaterThanEquals, false),
                    "LessThan" => (Order::LessThan, false),
                    "LessThanEquals" => (Order::LessThanEquals, false),
                    "NotEquals" => (Order::Equals, true),
                    _ => return None,
                };
                compares(comparison(order), negated)
            }
        };
        Some(Self {
            quantifier,
            test,
            if_exists,
        })
    }

    /// Whether its values must be dates.
    pub(super) fn is_of_dates(self) -> bool {
        let Test::Compares { comparison, .. } = self.test else {
            return false;
        };
        matches!(comparison, Comparison::Date(_))
    }
}

impl Condition {
    /// `key` in any case, and the values that the policy names.
    pub(super) fn new(operator: Operator, key: &str, wanted: &[String], variables: bool) -> Self {
        let Operator { test, .. } = operator;
        let wildcards = matches!(
            test,
            Test::Compares {
                comparison: Comparison::Arn | Comparison::TextLike,
                ..
            }
        );
        let pattern = |text: &String| {
            if wildcards {
                Pattern::with_wildcards(text, variables)
            } else {
                Pattern::literal(text, variables)
            }
        };
        Self {
            operator,
            key: key.to_lowercase(),
            wanted: wanted.iter().map(pattern).collect(),
        }
    }

    /// The key in small letters, and the values as the policy has them.
    pub(super) fn entry(&self) -> (&str, impl Iterator<Item = &str>) {
        (&self.key, self.wanted.iter().map(Pattern::source))
    }

    pub(super) fn holds(&self, keys: &ConditionKeys) -> Holds {
        let got = keys.values(&self.key);
        let Operator {
            quantifier,
            test,
            if_exists,
        } = self.operator;
        let (comparison, negated) = match test {
            Test::Compares { comparison, negated } => (comparison, negated),
            Test::Null => return self.is_null(got.is_empty(), keys),
            Test::Unmodelled => return Holds::Unknown,
        };
        if got.is_empty() {
            return Holds::from(
                if_exists
                    || match quantifier {
                        Quantifier::AllValues => true,
                        Quantifier::AnyValue => false,
                        Quantifier::None => negated,
                    },
            );
        }
        let equals = |got: &String| Holds::any(self.wanted.iter().map(|wanted| comparison.test(wanted, got, keys)));
        let test = |got: &String| if negated { equals(got).not() } else { equals(got) };
        match quantifier {
            Quantifier::AllValues => Holds::all(got.iter().map(test)),
            Quantifier::AnyValue => Holds::any(got.iter().map(test)),
            Quantifier::None if negated => Holds::any(got.iter().map(equals)).not(),
            Quantifier::None => Holds::any(got.iter().map(equals)),
        }
    }

    /// `true` asks that the key be absent, `false` that it be there.
    fn is_null(&self, absent: bool, keys: &ConditionKeys) -> Holds {
        Holds::any(
            self.wanted
                .iter()
                .map(|wanted| match wanted.text(keys).as_deref().and_then(parse_bool) {
                    Some(wanted) => (wanted == absent).into(),
                    None => Holds::Unknown,
                }),
        )
    }
}

impl Comparison {
    fn test(self, wanted: &Pattern, got: &str, keys: &ConditionKeys) -> Holds {
        match self {
            Self::Arn => return wanted.matches_arn(got, keys).into(),
            Self::Text | Self::TextLike => return wanted.matches(got, keys).into(),
            Self::Bool | Self::Date(_) | Self::Ip | Self::Numeric(_) | Self::TextIgnoringCase => {}
        }
        let Some(wanted) = wanted.text(keys) else {
            return Holds::No;
        };
        let held = match self {
            Self::Bool => parse_bool(&wanted)
                .zip(parse_bool(got))
                .map(|(wanted, got)| wanted == got),
            Self::Date(order) => parse_date(&wanted)
                .zip(parse_date(got))
                .map(|(wanted, got)| order.holds(&got, &wanted)),
            Self::Ip => is_within(got, &wanted),
            Self::Numeric(order) => parse_number(&wanted)
                .zip(parse_number(got))
                .map(|(wanted, got)| order.holds(&got, &wanted)),
            Self::Arn | Self::Text | Self::TextIgnoringCase | Self::TextLike => {
                Some(wanted.to_lowercase() == got.to_lowercase())
            }
        };
        held.map_or(Holds::Unknown, Holds::from)
    }
}

impl Order {
    fn holds<T: PartialOrd>(self, got: &T, wanted: &T) -> bool {
        match self {
            Self::Equals => got == wanted,
            Self::GreaterThan => got > wanted,
            Self::GreaterThanEquals => got >= wanted,
            Self::LessThan => got < wanted,
            Self::LessThanEquals => got <= wanted,
        }
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// An integer or a decimal fraction.
fn parse_number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether an address is in a block, `ADDRESS` or `ADDRESS/LENGTH`; nothing where one of them is none.
fn is_within(address: &str, block: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let (network, length) = match block.split_once('/') {
        Some((network, length)) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            (network, Some(length.parse::<u32>().ok()?))
        }
        Some(_) => return None,
        None => (block, None),
    };
    // The bits above the ones that a block leaves free.
    let same = |address: u128, network: u128, width: u32| {
        let free = width.checked_sub(length.unwrap_or(width))?;
        Some((address ^ network).checked_shr(free).unwrap_or(0) == 0)
    };
    match (address, network.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            same(u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => same(address.to_bits(), network.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Some(false),
    }
}

/// Milliseconds since 1970 of a date in the W3C's profile of ISO 8601, or of a count of seconds since then.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    if !text.contains('-') && !text.contains('T') {
        let seconds: i64 = text.parse().ok()?;
        return seconds.checked_mul(1000);
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00Z"));
    let date = match date.matches('-').count() {
        0 => format!("{date}-01-01"),
        1 => format!("{date}-01"),
        _ => date.to_owned(),
    };
    let (time, ahead) = match time.strip_suffix('Z') {
        Some(time) => (time, 0),
        None => {
            let (time, offset) = time.rsplit_once(['+', '-'])?;
            let (hours, minutes) = offset.split_once(':')?;
            let minutes = small(hours, 2)? * 60 + small(minutes, 2)?;
            (
                time,
                if text.rfind('+') > text.rfind('-') {
                    minutes
                } else {
                    -minutes
                },
            )
        }
    };
    let (time, millis) = match time.split_once('.') {
        Some((time, fraction)) => {
            let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
            small(fraction, fraction.len())?;
            (time, small(&digits, 3)?)
        }
        None => (time, 0),
    };
    let seconds = if time.matches(':').count() == 1 { ":00" } else { "" };
    let instant = Timestamp::parse_rfc3339(&format!("{date}T{time}{seconds}Z")).ok()?;
    Some(instant.unix_millis() + millis - ahead * 60_000)
}

/// A number of so many digits.
fn small(text: &str, digits: usize) -> Option<i64> {
    let good = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| good)
}
