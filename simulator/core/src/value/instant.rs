//! Instants in UTC and the textual forms that AWS, Go and Kubernetes give them.
//!
//! Nothing here asks a clock: a [`Timestamp`] is a value that the caller passes in.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use time::OffsetDateTime;

/// A point in time in UTC with nanosecond resolution.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(OffsetDateTime);

/// As seconds since the Unix epoch and nanoseconds of the second.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.0.unix_timestamp(), self.0.nanosecond()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (seconds, nanoseconds) = Deserialize::deserialize(from)?;
        Ok(Self::from_unix_seconds(seconds).plus_nanoseconds(nanoseconds))
    }
}

impl Timestamp {
    /// The start of 1970 in UTC.
    pub const UNIX_EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// The instant `seconds` after the Unix epoch; values outside the years 0 to 9999 are clamped.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        const FIRST: i64 = -62_167_219_200; // 0000-01-01T00:00:00Z
        const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
        Self(OffsetDateTime::from_unix_timestamp(seconds.clamp(FIRST, LAST)).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// The instant `millis` milliseconds after the Unix epoch, clamped like [`Timestamp::from_unix_seconds`].
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        let whole = Self::from_unix_seconds(millis.div_euclid(1000));
        Self(
            whole
                .0
                .saturating_add(time::Duration::milliseconds(millis.rem_euclid(1000))),
        )
    }

    /// Whole seconds since the Unix epoch.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0
            .unix_timestamp()
            .saturating_mul(1000)
            .saturating_add(i64::from(self.0.millisecond()))
    }

    /// This instant moved by `seconds`, which may be negative.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(time::Duration::seconds(seconds)))
    }

    /// This instant moved by `millis` milliseconds, which may be negative.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(time::Duration::milliseconds(millis)))
    }

    /// This instant moved forward by `nanoseconds`.
    #[must_use]
    pub fn plus_nanoseconds(self, nanoseconds: u32) -> Self {
        Self(
            self.0
                .saturating_add(time::Duration::nanoseconds(i64::from(nanoseconds))),
        )
    }

    /// Seconds from `earlier` to this instant; negative when this one comes first.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).whole_seconds()
    }

    /// Reads the basic ISO 8601 form that SigV4 uses, `20060102T150405Z`.
    ///
    /// # Errors
    /// [`TimestampError`] when the text has another shape or names no real date.
    pub fn parse_amz(text: &str) -> Result<Self, TimestampError> {
        let malformed = || TimestampError {
            got: text.to_owned(),
            expected: "YYYYMMDDTHHMMSSZ",
        };
        let digits: Vec<u8> = text.bytes().collect();
        let [y1, y2, y3, y4, mo1, mo2, d1, d2, b'T', h1, h2, mi1, mi2, s1, s2, b'Z'] = digits[..] else {
            return Err(malformed());
        };
        let number = |parts: &[u8]| {
            parts.iter().try_fold(0_i32, |sum, byte| {
                byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0'))
            })
        };
        Self::from_parts(
            number(&[y1, y2, y3, y4]),
            [
                number(&[mo1, mo2]),
                number(&[d1, d2]),
                number(&[h1, h2]),
                number(&[mi1, mi2]),
                number(&[s1, s2]),
            ],
        )
        .ok_or_else(malformed)
    }

    /// Reads RFC 3339 in UTC with whole seconds, `2006-01-02T15:04:05Z`.
    ///
    /// # Errors
    /// [`TimestampError`] when the text has another shape or names no real date.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimestampError> {
        let basic: String = text
            .char_indices()
            .filter(|(at, c)| !matches!((at, c), (4 | 7, '-') | (13 | 16, ':')))
            .map(|(_, c)| c)
            .collect();
        let error = TimestampError {
            got: text.to_owned(),
            expected: "YYYY-MM-DDTHH:MM:SSZ",
        };
        if text.len() != 20 {
            return Err(error);
        }
        Self::parse_amz(&basic).map_err(|_| error)
    }

    fn from_parts(year: Option<i32>, [month, day, hour, minute, second]: [Option<i32>; 5]) -> Option<Self> {
        let small = |value: Option<i32>| value.and_then(|value| u8::try_from(value).ok());
        let month = time::Month::try_from(small(month)?).ok()?;
        let date = time::Date::from_calendar_date(year?, month, small(day)?).ok()?;
        let time = time::Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
        Some(Self(time::PrimitiveDateTime::new(date, time).assume_utc()))
    }

    /// The basic ISO 8601 form that SigV4 uses, such as `20261124T004457Z`.
    #[must_use]
    pub fn render_amz(self) -> String {
        let t = self.0;
        format!(
            "{}T{:02}{:02}{:02}Z",
            self.render_amz_date(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    /// The day as a credential scope has it, such as `20261124`.
    #[must_use]
    pub fn render_amz_date(self) -> String {
        let t = self.0;
        format!("{:04}{:02}{:02}", t.year(), u8::from(t.month()), t.day())
    }

    /// RFC 3339 with whole seconds, such as `2026-11-24T00:44:57Z`.
    #[must_use]
    pub fn render_rfc3339(self) -> String {
        let t = self.0;
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }

    /// The form in which Go prints a `time.Time` in UTC, such as `2026-11-24 00:29:02 +0000 UTC`; a fraction of a second
    /// is shown without its last zeros.
    #[must_use]
    pub fn render_go(self) -> String {
        let t = self.0;
        let fraction = match t.nanosecond() {
            0 => String::new(),
            nanoseconds => format!(".{nanoseconds:09}").trim_end_matches('0').to_owned(),
        };
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}{fraction} +0000 UTC",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render_rfc3339())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render_rfc3339())
    }
}

/// Text that is no timestamp of the expected form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("timestamp `{got}` is not of the form {expected}")]
pub struct TimestampError {
    /// The text as it came.
    pub got: String,
    /// The form that was wanted.
    pub expected: &'static str,
}

/// Reads `90s`, `16m`, `2h`, `1d`, or plain seconds; negative ones too.
#[must_use]
pub fn duration_seconds(text: &str) -> Option<i64> {
    let (number, factor) = match text.trim_end_matches(['s', 'm', 'h', 'd']) {
        number if number == text => (number, 1),
        number => match text.strip_prefix(number)? {
            "s" => (number, 1),
            "m" => (number, 60),
            "h" => (number, 3_600),
            "d" => (number, 86_400),
            _ => return None,
        },
    };
    number.parse::<i64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amz_form_is_read_and_written() {
        let t = Timestamp::parse_amz("20261124T004457Z").unwrap();
        assert_eq!(t.render_amz(), "20261124T004457Z");
        assert_eq!(t.render_rfc3339(), "2026-11-24T00:44:57Z");
        assert_eq!(t.render_go(), "2026-11-24 00:44:57 +0000 UTC");
        assert_eq!(t.unix_seconds(), 1_795_481_097);
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "20260230T000000Z",
            "20261301T000000Z",
            "20261124T240000Z",
            "2026112T004457Z",
            "",
            "20261124T004457z",
            "é0261124T00445Z",
        ] {
            assert!(Timestamp::parse_amz(text).is_err(), "{text}");
        }
        assert!(Timestamp::parse_rfc3339("2026-11-24 00:44:57Z").is_err());
    }

    proptest! {
        #[test]
        fn every_second_survives_both_forms(seconds in 0_i64..253_402_300_799) {
            let t = Timestamp::from_unix_seconds(seconds);
            prop_assert_eq!(Timestamp::parse_amz(&t.render_amz()).unwrap(), t);
            prop_assert_eq!(Timestamp::parse_rfc3339(&t.render_rfc3339()).unwrap(), t);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,24}") {
            let _ = Timestamp::parse_amz(&text);
            let _ = Timestamp::parse_rfc3339(&text);
        }
    }

    #[test]
    fn durations_have_one_unit() {
        for (text, wanted) in [("90", 90), ("90s", 90), ("16m", 960), ("-2h", -7_200), ("1d", 86_400)] {
            assert_eq!(duration_seconds(text), Some(wanted), "{text}");
        }
        for text in ["", "m", "1w", "1h30m", "1.5h", "99999999999999999d"] {
            assert_eq!(duration_seconds(text), None, "{text}");
        }
    }
}
