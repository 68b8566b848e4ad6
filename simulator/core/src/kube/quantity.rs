//! Amounts of resources, such as `100m` or `2Gi`, as Kubernetes reads and writes them.
//!
//! Source: `apimachinery/pkg/api/resource` of Kubernetes 1.32. FIDELITY: amounts beyond 10^29 are refused; the real type
//! has no bound.

use std::fmt;

/// An amount in billionths, and how it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// `12Mi`
    Binary,
    /// `12M`
    Decimal,
    /// `12e6`
    Exponent,
}

/// What is no quantity, in the words of the real type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a number with a suffix.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// The number is none, or too large.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// The suffix is none that is known.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

const NANO: i128 = 1_000_000_000;
const DECIMAL: [(&str, u32); 10] = [
    ("n", 0),
    ("u", 3),
    ("m", 6),
    ("", 9),
    ("k", 12),
    ("M", 15),
    ("G", 18),
    ("T", 21),
    ("P", 24),
    ("E", 27),
];
const BINARY: [(&str, u32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

impl Quantity {
    /// Reads a quantity; less than a billionth is rounded up.
    ///
    /// # Errors
    /// [`QuantityError`].
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let number_end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, suffix) = rest.split_at_checked(number_end).ok_or(QuantityError::Format)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let letters = suffix.trim_end_matches(|c: char| c.is_ascii_digit());
        let letters = letters.strip_suffix(['-', '+']).unwrap_or(letters);
        if number.is_empty() || fraction.contains('.') || !letters.chars().all(|c| "eEinumkKMGTP".contains(c)) {
            return Err(QuantityError::Format);
        }
        let (format, shift, exponent) = interpret(suffix).ok_or(QuantityError::Suffix)?;
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let mut value: i128 = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_| QuantityError::Number)?
        };
        value = 1_i128
            .checked_shl(shift)
            .and_then(|factor| value.checked_mul(factor))
            .ok_or(QuantityError::Number)?;
        let places = i64::try_from(fraction.len()).map_err(|_| QuantityError::Number)?;
        let power = exponent.saturating_add(9).saturating_sub(places);
        let scale = u32::try_from(power.unsigned_abs().min(60)).map_err(|_| QuantityError::Number)?;
        let factor = 10_i128.checked_pow(scale);
        let nanos = match (value, factor) {
            (0, _) => 0,
            (value, Some(factor)) if power >= 0 => value.checked_mul(factor).ok_or(QuantityError::Number)?,
            (_, None) if power >= 0 => return Err(QuantityError::Number),
            (value, Some(factor)) => value / factor + i128::from(value % factor != 0),
            (_, None) => 1,
        };
        Ok(Self {
            nanos: if negative { -nanos } else { nanos },
            format,
        })
    }

    /// Less, equal to or more than nothing.
    #[must_use]
    pub fn signum(self) -> i128 {
        self.nanos.signum()
    }

    /// In billionths.
    #[must_use]
    pub fn nanos(self) -> i128 {
        self.nanos
    }
}

/// Format, power of two and power of ten of a suffix.
fn interpret(suffix: &str) -> Option<(Format, u32, i64)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::Decimal, 0, i64::from(*power) - 9));
    }
    if let Some((_, power)) = BINARY.iter().find(|(name, _)| *name == suffix) {
        return Some((Format::Binary, *power, 0));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    Some((Format::Exponent, 0, exponent.parse().ok()?))
}

/// The canonical form: no fraction, and the largest suffix with which that can be.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.nanos / NANO;
        if self.format == Format::Binary && whole.abs() >= 1024 && self.nanos % NANO == 0 {
            let (mut value, mut suffix) = (whole, "");
            for (name, _) in BINARY {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = name;
            }
            return write!(f, "{value}{suffix}");
        }
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let (mut value, mut power) = (self.nanos, 0_u32);
        let last = if self.format == Format::Exponent { u32::MAX } else { 27 };
        while value % 1000 == 0 && power < last {
            value /= 1000;
            power += 3;
        }
        if self.format == Format::Exponent {
            return match i64::from(power) - 9 {
                0 => write!(f, "{value}"),
                exponent => write!(f, "{value}e{exponent}"),
            };
        }
        let suffix = DECIMAL.iter().find(|(_, at)| *at == power).map_or("", |(name, _)| name);
        write!(f, "{value}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantities_are_written_in_their_canonical_form() {
        for (text, wanted) in [
            ("0", "0"),
            ("100m", "100m"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1024Ki", "1Mi"),
            ("2Gi", "2Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1000", "1k"),
            ("12e6", "12e6"),
            ("1e3", "1e3"),
            ("-1.5", "-1500m"),
            ("+7", "7"),
            ("0.0000000001", "1n"),
            ("1.", "1"),
            (".5", "500m"),
            ("100E", "100E"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused_in_the_real_words() {
        for (text, wanted) in [
            ("", QuantityError::Format),
            ("abc", QuantityError::Format),
            ("1 Gi", QuantityError::Format),
            ("1.2.3", QuantityError::Format),
            ("1Kib", QuantityError::Format),
            ("1ki", QuantityError::Suffix),
            ("1e", QuantityError::Suffix),
            ("1m5", QuantityError::Suffix),
        ] {
            assert_eq!(Quantity::parse(text).unwrap_err(), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_stands_for_the_same_amount(text in "[+-]?[0-9]{1,12}(\\.[0-9]{0,4})?(n|u|m|k|M|G|Ki|Mi|Gi|Ti|e[0-9])?") {
            let once = Quantity::parse(&text).unwrap();
            let again = Quantity::parse(&once.to_string()).unwrap();
            prop_assert_eq!(once.nanos(), again.nanos());
            prop_assert_eq!(once.to_string(), again.to_string());
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,12}") {
            let _ = Quantity::parse(&text);
        }
    }
}
