//! The functions of expressions.
//!
//! Source: the User Guide's page on operations and functions. Left out: jsonParse, jsonStringify, split and what else makes
//! or accepts lists and maps, which are refused as unknown.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::period::Period;
use super::run::MAX_TEXT;
use super::run::Run;
use super::value::FieldValue;
use super::value::number_as_millis;

/// A function and what it is called with beside its arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Abs,
    Ceil,
    Floor,
    Round,
    Log,
    Sqrt,
    Greatest,
    Least,
    DateFloor(Period),
    DateCeil(Period),
    FromMillis,
    ToMillis,
    Now,
    IsPresent,
    IsEmpty,
    IsBlank,
    Coalesce,
    If,
    Concat,
    Trim,
    TrimStart,
    TrimEnd,
    Length,
    Upper,
    Lower,
    Substring,
    Replace,
    Contains,
    StartsWith,
    EndsWith,
    IsValidIp,
    IsValidIpv4,
    IsValidIpv6,
    IsIpInSubnet,
}

const MANY: usize = usize::MAX;

/// Names in small letters, and how many arguments there must be at least and at most.
const FUNCTIONS: [(&str, Function, usize, usize); 34] = [
    ("abs", Function::Abs, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("floor", Function::Floor, 1, 1),
    ("round", Function::Round, 1, 1),
    ("log", Function::Log, 1, 1),
    ("sqrt", Function::Sqrt, 1, 1),
    ("greatest", Function::Greatest, 1, MANY),
    ("least", Function::Least, 1, MANY),
    ("frommillis", Function::FromMillis, 1, 1),
    ("tomillis", Function::ToMillis, 1, 1),
    ("now", Function::Now, 0, 0),
    ("ispresent", Function::IsPresent, 1, 1),
    ("isempty", Function::IsEmpty, 1, 1),
    ("isblank", Function::IsBlank, 1, 1),
    ("coalesce", Function::Coalesce, 1, MANY),
    ("if", Function::If, 2, 3),
    ("concat", Function::Concat, 1, MANY),
    ("trim", Function::Trim, 1, 2),
    ("ltrim", Function::TrimStart, 1, 2),
    ("rtrim", Function::TrimEnd, 1, 2),
    ("strlen", Function::Length, 1, 1),
    ("toupper", Function::Upper, 1, 1),
    ("tolower", Function::Lower, 1, 1),
    ("substr", Function::Substring, 2, 3),
    ("replace", Function::Replace, 3, 3),
    ("strcontains", Function::Contains, 2, 3),
    ("startswith", Function::StartsWith, 2, 2),
    ("endswith", Function::EndsWith, 2, 2),
    ("isvalidip", Function::IsValidIp, 1, 1),
    ("isvalidipv4", Function::IsValidIpv4, 1, 1),
    ("isvalidipv6", Function::IsValidIpv6, 1, 1),
    ("isipinsubnet", Function::IsIpInSubnet, 2, 2),
    ("isipv4insubnet", Function::IsIpInSubnet, 2, 2),
    ("isipv6insubnet", Function::IsIpInSubnet, 2, 2),
];

impl Function {
    /// The function of that name, in capital or small letters, and how many arguments it accepts, from and to. Those that
    /// take a period are not among them.
    pub(super) fn named(name: &str) -> Option<(Self, usize, usize)> {
        FUNCTIONS
            .into_iter()
            .find(|(own, ..)| own.eq_ignore_ascii_case(name))
            .map(|(_, function, least, most)| (function, least, most))
    }

    /// What the function makes of its arguments, which are worked out only as far as they are needed.
    pub(super) fn call<'a>(self, mut arguments: impl Iterator<Item = FieldValue<'a>>, run: &Run<'a>) -> FieldValue<'a> {
        let mut next = || arguments.next().unwrap_or(FieldValue::Missing);
        match self {
            Self::Abs => number(&next(), f64::abs),
            Self::Ceil => number(&next(), f64::ceil),
            Self::Floor => number(&next(), f64::floor),
            Self::Round => number(&next(), f64::round),
            Self::Log => number(&next(), f64::ln),
            Self::Sqrt => number(&next(), f64::sqrt),
            Self::Greatest => arguments
                .filter_map(|value| value.number())
                .reduce(f64::max)
                .map_or(FieldValue::Missing, FieldValue::Number),
            Self::Least => arguments
                .filter_map(|value| value.number())
                .reduce(f64::min)
                .map_or(FieldValue::Missing, FieldValue::Number),
            Self::DateFloor(period) => time(&next(), |millis| period.floor(millis)),
            Self::DateCeil(period) => time(&next(), |millis| period.ceil(millis)),
            Self::FromMillis => time(&next(), |millis| millis),
            Self::ToMillis => number(&next(), |millis| millis),
            Self::Now => FieldValue::Number(super::value::millis_as_number(run.now_ms.div_euclid(1000))),
            Self::IsPresent => FieldValue::Bool(!next().is_missing()),
            Self::IsEmpty => truth(next().render().is_none_or(|text| text.is_empty())),
            Self::IsBlank => truth(next().render().is_none_or(|text| text.trim().is_empty())),
            Self::Coalesce => arguments
                .find(|value| !value.is_missing())
                .unwrap_or(FieldValue::Missing),
            Self::If => {
                let condition = next().is_true();
                let yes = next();
                if condition { yes } else { next() }
            }
            Self::Concat => {
                // One after the other, so that the parts are never all there beside the whole.
                let mut whole: Option<String> = None;
                for value in arguments {
                    let Some(text) = value.render() else { continue };
                    let whole = whole.get_or_insert_default();
                    if whole.len() + text.len() > MAX_TEXT {
                        return FieldValue::Missing;
                    }
                    whole.push_str(&text);
                }
                whole.map_or(FieldValue::Missing, |whole| run.make(whole.len(), || whole))
            }
            Self::Trim | Self::TrimStart | Self::TrimEnd => self.trim(next(), &next(), run),
            Self::Length => with_text(&next(), |text| {
                u32::try_from(text.chars().count())
                    .map_or(FieldValue::Missing, |count| FieldValue::Number(f64::from(count)))
            }),
            Self::Upper => with_text(&next(), |text| run.make(text.len(), || text.to_uppercase())),
            Self::Lower => with_text(&next(), |text| run.make(text.len(), || text.to_lowercase())),
            Self::Substring => {
                let (value, from, length) = (next(), next(), next());
                let Some(from) = from.number().map(as_count) else {
                    return FieldValue::Missing;
                };
                let length = length.number().map_or(usize::MAX, as_count);
                part(value, run, |text| {
                    let rest = skip_chars(text, from);
                    let end = rest.len() - skip_chars(rest, length).len();
                    rest.get(..end).unwrap_or_default()
                })
            }
            Self::Replace => {
                let (value, search, by) = (next(), next(), next());
                let (Some(text), Some(search)) = (value.render(), search.render()) else {
                    return FieldValue::Missing;
                };
                let by = by.render().unwrap_or_default();
                if search.is_empty() {
                    return run.make(text.len(), || text.clone().into_owned());
                }
                let times = text.matches(&*search).count();
                let length = (text.len() - times * search.len()).saturating_add(times.saturating_mul(by.len()));
                run.make(length, || text.replace(&*search, &by))
            }
            Self::Contains => two_texts(&next(), &next(), |text, part| text.contains(part)),
            Self::StartsWith => two_texts(&next(), &next(), |text, part| text.starts_with(part)),
            Self::EndsWith => two_texts(&next(), &next(), |text, part| text.ends_with(part)),
            Self::IsValidIp => truth(address(&next()).is_some()),
            Self::IsValidIpv4 => truth(address(&next()).is_some_and(|address| address.is_ipv4())),
            Self::IsValidIpv6 => truth(address(&next()).is_some_and(|address| address.is_ipv6())),
            Self::IsIpInSubnet => two_texts(&next(), &next(), |address, subnet| {
                is_in_subnet(address, subnet).unwrap_or(false)
            }),
        }
    }

    /// The value without what is at its ends: blanks, or the characters of the second argument.
    fn trim<'a>(self, value: FieldValue<'a>, characters: &FieldValue<'a>, run: &Run<'a>) -> FieldValue<'a> {
        let characters = characters.render();
        let characters: Option<BTreeSet<char>> = characters.map(|characters| characters.chars().collect());
        let unwanted = |c: char| match &characters {
            Some(characters) => characters.contains(&c),
            None => c.is_whitespace(),
        };
        part(value, run, |text| match self {
            Self::TrimStart => text.trim_start_matches(unwanted),
            Self::TrimEnd => text.trim_end_matches(unwanted),
            _ => text.trim_matches(unwanted),
        })
    }
}

fn number<'a>(value: &FieldValue<'a>, of: impl FnOnce(f64) -> f64) -> FieldValue<'a> {
    value
        .number()
        .map_or(FieldValue::Missing, |number| FieldValue::finite(of(number)))
}

fn time<'a>(value: &FieldValue<'a>, of: impl FnOnce(i64) -> i64) -> FieldValue<'a> {
    let millis = match value {
        FieldValue::Time(millis) => Some(*millis),
        other => other.number().map(number_as_millis),
    };
    millis.map_or(FieldValue::Missing, |millis| FieldValue::Time(of(millis)))
}

/// 1 or 0, which is what these functions are documented to return.
fn truth<'a>(value: bool) -> FieldValue<'a> {
    FieldValue::Number(if value { 1.0 } else { 0.0 })
}

fn with_text<'a>(value: &FieldValue<'a>, of: impl FnOnce(&str) -> FieldValue<'a>) -> FieldValue<'a> {
    value.render().map_or(FieldValue::Missing, |text| of(&text))
}

/// A part of the value's text, borrowed where the text is.
fn part<'a>(value: FieldValue<'a>, run: &Run<'a>, of: impl FnOnce(&str) -> &str + Copy) -> FieldValue<'a> {
    if let FieldValue::Text(Cow::Borrowed(text)) = value {
        return FieldValue::text(of(text));
    }
    with_text(&value, |text| {
        let part = of(text);
        run.make(part.len(), || part.to_owned())
    })
}

fn two_texts<'a>(one: &FieldValue<'a>, two: &FieldValue<'a>, of: impl FnOnce(&str, &str) -> bool) -> FieldValue<'a> {
    match (one.render(), two.render()) {
        (Some(one), Some(two)) => truth(of(&one, &two)),
        _ => truth(false),
    }
}

/// A count of characters; what is negative is none.
fn as_count(number: f64) -> usize {
    usize::try_from(number_as_millis(number)).unwrap_or(0)
}

fn skip_chars(text: &str, count: usize) -> &str {
    text.char_indices()
        .nth(count)
        .and_then(|(at, _)| text.get(at..))
        .unwrap_or_default()
}

fn address(value: &FieldValue<'_>) -> Option<IpAddr> {
    value.render()?.parse().ok()
}

/// Whether an address is in a block such as `10.0.0.0/8`, or [`None`] when one is malformed.
fn is_in_subnet(address: &str, subnet: &str) -> Option<bool> {
    let (network, length) = subnet.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match (address.parse().ok()?, network.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let other = 32_u32.checked_sub(length)?;
            Some(u32::from(address).checked_shr(other) == u32::from(network).checked_shr(other))
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let other = 128_u32.checked_sub(length)?;
            Some(u128::from(address).checked_shr(other) == u128::from(network).checked_shr(other))
        }
        _ => Some(false),
    }
}
