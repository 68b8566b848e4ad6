//! Periods such as `5m`, and the start of the one that a time is in.
//!
//! Source: the units and their abbreviations in the User Guide's page on `stats`.

use time::Date;
use time::Month;
use time::OffsetDateTime;

/// A number of units of time, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    count: i64,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// So many milliseconds, counted from 1970.
    Millis(i64),
    /// Seven days, counted from a Monday.
    Week,
    /// So many months, counted from year 0.
    Months(i64),
}

const SECOND: i64 = 1000;
const DAY: i64 = 86_400 * SECOND;
/// The first Monday of 1970.
const MONDAY: i64 = 4 * DAY;

impl Period {
    /// Reads a number and a unit, such as `5` and `m`; units of more than one letter can have an `s` at their end.
    pub(super) fn parse(count: &str, unit: &str) -> Option<Self> {
        let count = count.parse().ok().filter(|count| (1..=1_000_000_000).contains(count))?;
        let unit = unit.to_ascii_lowercase();
        let singular = match unit.strip_suffix('s') {
            Some(singular) if singular.len() > 1 => singular,
            _ => &unit,
        };
        let unit = match singular {
            "millisecond" | "ms" | "msec" => Unit::Millis(1),
            "second" | "s" | "sec" => Unit::Millis(SECOND),
            "minute" | "m" | "min" => Unit::Millis(60 * SECOND),
            "hour" | "h" | "hr" => Unit::Millis(3600 * SECOND),
            "day" | "d" => Unit::Millis(DAY),
            "week" | "w" => Unit::Week,
            "month" | "mo" | "mon" => Unit::Months(1),
            "quarter" | "q" | "qtr" => Unit::Months(3),
            "year" | "y" | "yr" => Unit::Months(12),
            _ => return None,
        };
        Some(Self { count, unit })
    }

    /// The start of the period that `millis` is in, in milliseconds of Unix time.
    pub(super) fn floor(self, millis: i64) -> i64 {
        let every = |length: i64, from: i64| {
            let length = length.saturating_mul(self.count).max(1);
            let since = millis.saturating_sub(from);
            since.saturating_sub(since.rem_euclid(length)).saturating_add(from)
        };
        match self.unit {
            Unit::Millis(length) => every(length, 0),
            Unit::Week => every(7 * DAY, MONDAY),
            Unit::Months(months) => {
                let month = month_of(millis);
                start_of_month(month - month.rem_euclid(months.saturating_mul(self.count).max(1)))
            }
        }
    }

    /// The start of the first period that is not before `millis`.
    pub(super) fn ceil(self, millis: i64) -> i64 {
        let floor = self.floor(millis);
        if floor == millis {
            return floor;
        }
        match self.unit {
            Unit::Millis(length) => floor.saturating_add(length.saturating_mul(self.count)),
            Unit::Week => floor.saturating_add((7 * DAY).saturating_mul(self.count)),
            Unit::Months(months) => start_of_month(month_of(floor).saturating_add(months.saturating_mul(self.count))),
        }
    }
}

/// The month of a time, counted from January of year 0.
fn month_of(millis: i64) -> i64 {
    let date = OffsetDateTime::from_unix_timestamp(millis.div_euclid(SECOND)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1
}

fn start_of_month(month: i64) -> i64 {
    let start = || {
        let year = i32::try_from(month.div_euclid(12)).ok()?;
        let month = Month::try_from(u8::try_from(month.rem_euclid(12) + 1).ok()?).ok()?;
        let date = Date::from_calendar_date(year, month, 1).ok()?;
        Some(date.midnight().assume_utc().unix_timestamp() * SECOND)
    };
    start().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::instant::Timestamp;

    #[track_caller]
    fn check(count: &str, unit: &str, time: &str, floor: &str, ceil: &str) {
        let millis = |text: &str| Timestamp::parse_rfc3339(text).unwrap().unix_millis();
        let period = Period::parse(count, unit).unwrap();
        assert_eq!(period.floor(millis(time)), millis(floor));
        assert_eq!(period.ceil(millis(time)), millis(ceil));
    }

    #[test]
    fn times_go_to_the_start_of_their_period() {
        let time = "2026-11-24T13:57:16Z";
        check("5", "m", time, "2026-11-24T13:55:00Z", "2026-11-24T14:00:00Z");
        check("1", "hour", time, "2026-11-24T13:00:00Z", "2026-11-24T14:00:00Z");
        check("30", "secs", time, "2026-11-24T13:57:00Z", "2026-11-24T13:57:30Z");
        check("1", "d", time, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
        check("1", "w", time, "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z");
        check("1", "mo", time, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
        check("1", "qtrs", time, "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check("1", "years", time, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check(
            "1",
            "d",
            "2026-11-24T00:00:00Z",
            "2026-11-24T00:00:00Z",
            "2026-11-24T00:00:00Z",
        );
    }

    #[test]
    fn units_are_those_of_the_guide() {
        for (count, unit) in [
            ("0", "m"),
            ("1", "x"),
            ("1.5", "h"),
            ("1", "hss"),
            ("9999999999", "y"),
            ("", "s"),
        ] {
            assert_eq!(Period::parse(count, unit), None, "{count}{unit}");
        }
        assert_eq!(Period::parse("1", "ms"), Period::parse("1", "milliseconds"));
    }

    proptest! {
        #[test]
        fn a_time_is_between_floor_and_ceil(millis in -1_000_000_000_000_i64..4_000_000_000_000, count in 1_i64..500, unit in 0..9_usize) {
            let unit = ["ms", "s", "m", "h", "d", "w", "mo", "q", "y"][unit];
            let period = Period::parse(&count.to_string(), unit).unwrap();
            let (floor, ceil) = (period.floor(millis), period.ceil(millis));
            prop_assert!(floor <= millis && millis <= ceil, "{floor} {millis} {ceil}");
            prop_assert_eq!(period.floor(floor), floor);
        }

        #[test]
        fn no_time_panics(millis: i64, count in 1_i64..=1_000_000_000, unit in 0..9_usize) {
            let unit = ["ms", "s", "m", "h", "d", "w", "mo", "q", "y"][unit];
            let period = Period::parse(&count.to_string(), unit).unwrap();
            let _ = (period.floor(millis), period.ceil(millis));
        }
    }
}
