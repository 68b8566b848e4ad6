//! The World's clock: what it shows when the machine's clock shows this or that.
//!
//! Nothing here asks a clock either: what the machine's clock shows is a parameter, called `machine`.

use serde::Deserialize;
use serde::Serialize;

use crate::value::instant::Timestamp;

/// How far the World's clock may be from the machine's, in either direction: a hundred years.
pub const RANGE_SECONDS: i64 = 100 * 365 * 86_400;

/// How the World's time follows from the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum WorldClock {
    /// It runs as the machine's does.
    Running {
        /// Milliseconds by which it is ahead; negative where it is behind.
        ahead_ms: i64,
    },
    /// It stands still.
    Frozen {
        /// What it shows.
        at: Timestamp,
    },
}

/// A place that a clock does not go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock moves by a hundred years at most")]
pub struct TooFar;

impl Default for WorldClock {
    /// The machine's time.
    fn default() -> Self {
        Self::Running { ahead_ms: 0 }
    }
}

impl WorldClock {
    /// What it shows.
    #[must_use]
    pub fn now(self, machine: Timestamp) -> Timestamp {
        match self {
            Self::Running { ahead_ms } => machine.plus_millis(ahead_ms),
            Self::Frozen { at } => at,
        }
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_frozen(self) -> bool {
        matches!(self, Self::Frozen { .. })
    }

    /// The same clock moved by `seconds`, which may be negative. One that stands still goes on standing still.
    ///
    /// # Errors
    /// [`TooFar`].
    pub fn advanced(self, seconds: i64, machine: Timestamp) -> Result<Self, TooFar> {
        if seconds.checked_abs().is_none_or(|seconds| seconds > 2 * RANGE_SECONDS) {
            return Err(TooFar);
        }
        self.set(self.now(machine).plus_seconds(seconds), machine)
    }

    /// The same clock, showing `at`. One that stands still goes on standing still.
    ///
    /// # Errors
    /// [`TooFar`].
    pub fn set(self, at: Timestamp, machine: Timestamp) -> Result<Self, TooFar> {
        if at.seconds_since(machine).abs() > RANGE_SECONDS {
            return Err(TooFar);
        }
        Ok(match self {
            Self::Running { .. } => Self::Running {
                ahead_ms: at.unix_millis().saturating_sub(machine.unix_millis()),
            },
            Self::Frozen { .. } => Self::Frozen { at },
        })
    }

    /// A clock that stands still at what this one shows.
    #[must_use]
    pub fn frozen(self, machine: Timestamp) -> Self {
        Self::Frozen { at: self.now(machine) }
    }

    /// A clock that runs on from what this one shows.
    #[must_use]
    pub fn thawed(self, machine: Timestamp) -> Self {
        Self::Running {
            ahead_ms: self.now(machine).unix_millis().saturating_sub(machine.unix_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn each_movement_shows_at_once_and_a_second_later() {
        let machine = at("2026-11-24T00:00:00Z");
        let running = WorldClock::default();
        let behind = running.advanced(-1200, machine).unwrap();
        let frozen = running.frozen(machine);
        let later = machine.plus_seconds(3600);
        for (clock, now, a_second_later) in [
            (running, "2026-11-24T00:00:00Z", "2026-11-24T00:00:01Z"),
            (behind, "2026-11-23T23:40:00Z", "2026-11-23T23:40:01Z"),
            (
                running.set(at("2001-02-03T04:05:06Z"), machine).unwrap(),
                "2001-02-03T04:05:06Z",
                "2001-02-03T04:05:07Z",
            ),
            (frozen, "2026-11-24T00:00:00Z", "2026-11-24T00:00:00Z"),
            (
                frozen.advanced(960, machine).unwrap(),
                "2026-11-24T00:16:00Z",
                "2026-11-24T00:16:00Z",
            ),
            (
                frozen.set(at("2030-01-01T00:00:00Z"), machine).unwrap(),
                "2030-01-01T00:00:00Z",
                "2030-01-01T00:00:00Z",
            ),
            (behind.frozen(machine), "2026-11-23T23:40:00Z", "2026-11-23T23:40:00Z"),
            (frozen.thawed(machine), "2026-11-24T00:00:00Z", "2026-11-24T00:00:01Z"),
            (behind.thawed(machine), "2026-11-23T23:40:00Z", "2026-11-23T23:40:01Z"),
        ] {
            assert_eq!(clock.now(machine), at(now), "{clock:?}");
            assert_eq!(clock.now(machine.plus_seconds(1)), at(a_second_later), "{clock:?}");
            assert_eq!(clock.is_frozen(), now == a_second_later);
        }
        // What is thawed an hour later goes on where it stood.
        let thawed = frozen.thawed(later);
        assert_eq!(thawed, WorldClock::Running { ahead_ms: -3_600_000 });
        assert_eq!(thawed.now(later), machine);
    }

    #[test]
    fn thawing_loses_no_millisecond() {
        let machine = at("2026-11-24T00:00:00Z").plus_millis(999);
        let frozen = WorldClock::Running { ahead_ms: -1_501 }.frozen(machine);
        let later = machine.plus_millis(1_234);
        assert_eq!(frozen.thawed(later).now(later), machine.plus_millis(-1_501));
    }

    #[test]
    fn a_clock_goes_no_farther_than_a_hundred_years() {
        let machine = at("2026-11-24T00:00:00Z");
        for clock in [WorldClock::default(), WorldClock::default().frozen(machine)] {
            for sign in [-1, 1] {
                let farthest = clock.advanced(sign * RANGE_SECONDS, machine).unwrap();
                assert_eq!(farthest.advanced(sign, machine), Err(TooFar));
                assert!(farthest.advanced(-2 * sign * RANGE_SECONDS, machine).is_ok());
            }
            assert_eq!(clock.advanced(i64::MIN, machine), Err(TooFar));
            assert_eq!(clock.advanced(i64::MAX, machine), Err(TooFar));
            assert_eq!(clock.set(at("1900-01-01T00:00:00Z"), machine), Err(TooFar));
        }
    }
}
