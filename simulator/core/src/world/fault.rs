//! Faults that a World's AWS services have: which calls they strike, how, and until when.
//!
//! Choosing is pure: [`Faults::step`] says what strikes a call, and what the faults are after it.

use imbl::Vector;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::value::id::IdGenerator;
use crate::value::wildcard;

/// The longest that an answer can be kept back, in milliseconds; a call that is never answered waits as long.
pub const LONGEST_MS: u64 = 600_000;

/// A fault as it is written down, in a World's file or for `ctl fault add`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Fault")]
pub struct FaultSpec {
    /// Such as `sts`; `*` for all.
    #[serde(default)]
    pub service: Option<String>,
    /// Such as `AssumeRole`, with `*` for any text; every operation where absent.
    #[serde(default)]
    pub action: Option<String>,
    /// The caller's ARN, with `*` for any text; everyone where absent.
    #[serde(default)]
    pub principal: Option<String>,
    /// `throttle`, `error`, `latency`, `timeout` or `drop`.
    pub effect: String,
    /// Of `error`: its code, InternalFailure where absent.
    #[serde(default)]
    pub code: Option<String>,
    /// Of `error`: its HTTP status, 500 where absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// Of `error`: its message.
    #[serde(default)]
    pub message: Option<String>,
    /// Of `latency`: how long the answer is kept back.
    #[serde(default)]
    pub milliseconds: Option<u64>,
    /// How many calls it strikes.
    #[serde(default)]
    pub count: Option<u64>,
    /// Which part of the calls it strikes, above 0 and up to 1.
    #[serde(default)]
    pub rate: Option<f64>,
}

/// What a fault does to a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// The connection ends without an answer.
    Drop,
    /// The service answers an error.
    Error {
        /// Such as `InternalFailure`.
        code: String,
        /// The HTTP status.
        status: u16,
        /// The text.
        message: String,
    },
    /// The answer comes late, by so many milliseconds.
    Latency(u64),
    /// The service answers that it has had too many requests.
    Throttle,
    /// No answer comes for [`LONGEST_MS`].
    Timeout,
}

/// A fault.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Fault {
    /// Its number, from 1.
    pub id: u64,
    /// As it was written down; the count goes down with each strike.
    pub spec: FaultSpec,
    /// What it does.
    pub effect: Effect,
}

/// A call that faults may strike.
#[derive(Clone, Copy, Debug)]
pub struct FaultTarget<'a> {
    /// Such as `sts`.
    pub service: &'a str,
    /// Such as `AssumeRole`.
    pub action: &'a str,
    /// The caller's ARN; nothing where nobody is known to call.
    pub principal: Option<&'a str>,
}

/// A strike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    /// The fault's number.
    pub fault: u64,
    /// What it does.
    pub effect: Effect,
}

/// The faults of a World, in the order in which they were added. The first that strikes counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Faults {
    list: Vector<Fault>,
    last_id: u64,
    draws: IdGenerator,
}

impl Faults {
    /// No faults; `seed` decides which calls a rate strikes.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            list: Vector::new(),
            last_id: 0,
            draws: IdGenerator::new(seed),
        }
    }

    /// Each fault.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.list.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a fault and returns its number.
    ///
    /// # Errors
    /// [`FaultError`] when it makes no sense.
    pub fn add(&mut self, spec: FaultSpec) -> Result<u64, FaultError> {
        let effect = spec.read()?;
        self.last_id += 1;
        self.list.push_back(Fault {
            id: self.last_id,
            spec,
            effect,
        });
        Ok(self.last_id)
    }

    /// Takes away the fault of that number, or all, and returns how many went.
    pub fn clear(&mut self, id: Option<u64>) -> usize {
        let before = self.list.len();
        self.list.retain(|fault| id.is_some_and(|id| id != fault.id));
        before - self.list.len()
    }

    /// What strikes a call, and the faults after it.
    #[must_use]
    pub fn step(&self, target: FaultTarget<'_>) -> (Option<Strike>, Self) {
        let mut after = self.clone();
        let mut strike = None;
        for at in 0..self.list.len() {
            let Some(fault) = after.list.get(at).filter(|fault| fault.concerns(target)) else {
                continue;
            };
            if let Some(rate) = fault.spec.rate
                && after.draws.fraction() >= rate
            {
                continue;
            }
            strike = Some(Strike {
                fault: fault.id,
                effect: fault.effect.clone(),
            });
            if let Some(fault) = after.list.get_mut(at)
                && let Some(count) = &mut fault.spec.count
            {
                *count -= 1;
                if *count == 0 {
                    after.list.remove(at);
                }
            }
            break;
        }
        (strike, after)
    }
}

impl Fault {
    fn concerns(&self, target: FaultTarget<'_>) -> bool {
        let matches = |wanted: &Option<String>, got: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wildcard::matches(&wanted.to_lowercase(), &got.to_lowercase()))
        };
        matches(&self.spec.service, target.service)
            && matches(&self.spec.action, target.action)
            && (self.spec.principal.is_none() || target.principal.is_some_and(|arn| matches(&self.spec.principal, arn)))
    }
}

impl FaultSpec {
    fn read(&self) -> Result<Effect, FaultError> {
        let has_error = self.code.is_some() || self.status.is_some() || self.message.is_some();
        if has_error && self.effect != "error" {
            return Err(FaultError::NoError);
        }
        if self.milliseconds.is_some() && self.effect != "latency" {
            return Err(FaultError::NoLatency);
        }
        if self.count == Some(0) {
            return Err(FaultError::Count);
        }
        if self.rate.is_some_and(|rate| !(rate > 0.0 && rate <= 1.0)) {
            return Err(FaultError::Rate);
        }
        match self.effect.as_str() {
            "drop" => Ok(Effect::Drop),
            "error" => {
                let status = self.status.unwrap_or(500);
                if !(400..600).contains(&status) {
                    return Err(FaultError::Status);
                }
                Ok(Effect::Error {
                    code: self.code.clone().unwrap_or_else(|| "InternalFailure".to_owned()),
                    status,
                    message: self.message.clone().unwrap_or_else(|| {
                        "The request processing has failed because of an unknown error, exception or failure."
                            .to_owned()
                    }),
                })
            }
            "latency" => match self.milliseconds {
                Some(milliseconds @ 1..=LONGEST_MS) => Ok(Effect::Latency(milliseconds)),
                _ => Err(FaultError::Milliseconds),
            },
            "throttle" => Ok(Effect::Throttle),
            "timeout" => Ok(Effect::Timeout),
            other => Err(FaultError::Effect(other.to_owned())),
        }
    }
}

/// Why a fault makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It is injected into no call.
    #[error("count is at least 1")]
    Count,
    /// There is no such effect.
    #[error("no effect `{0}`: throttle, error, latency, timeout or drop")]
    Effect(String),
    /// A latency of no time, or of too much.
    #[error("latency wants milliseconds from 1 to {LONGEST_MS}")]
    Milliseconds,
    /// It says of an error what has another effect.
    #[error("code, status and message belong to the effect `error`")]
    NoError,
    /// It has milliseconds, but another effect.
    #[error("milliseconds belong to the effect `latency`")]
    NoLatency,
    /// It is no part of the calls.
    #[error("rate is above 0 and at most 1")]
    Rate,
    /// The status is of no error.
    #[error("status is from 400 to 599")]
    Status,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "arn:aws:iam::111122223333:user/alice";

    fn spec(effect: &str) -> FaultSpec {
        FaultSpec {
            effect: effect.to_owned(),
            ..FaultSpec::default()
        }
    }

    fn target(service: &'static str, action: &'static str) -> FaultTarget<'static> {
        FaultTarget {
            service,
            action,
            principal: Some(ALICE),
        }
    }

    #[test]
    fn a_fault_strikes_what_it_names() {
        let named = |service: Option<&str>, action: Option<&str>, principal: Option<&str>| FaultSpec {
            service: service.map(str::to_owned),
            action: action.map(str::to_owned),
            principal: principal.map(str::to_owned),
            ..spec("throttle")
        };
        for (spec, wanted) in [
            (named(None, None, None), true),
            (named(Some("*"), Some("*"), None), true),
            (named(Some("sts"), None, None), true),
            (named(Some("eks"), None, None), false),
            (named(Some("sts"), Some("assume*"), None), true),
            (named(None, Some("GetCallerIdentity"), None), false),
            (named(None, None, Some(ALICE)), true),
            (named(None, None, Some("*:user/*")), true),
            (named(None, None, Some("*:role/*")), false),
        ] {
            let mut faults = Faults::new(1);
            faults.add(spec.clone()).unwrap();
            let (strike, after) = faults.step(target("sts", "AssumeRole"));
            assert_eq!(strike.is_some(), wanted, "{spec:?}");
            assert_eq!(after, faults);
        }
        let mut faults = Faults::new(1);
        faults.add(named(None, None, Some("*"))).unwrap();
        let nobody = FaultTarget {
            principal: None,
            ..target("sts", "AssumeRole")
        };
        assert_eq!(faults.step(nobody).0, None);
    }

    #[test]
    fn a_count_ends_and_the_next_fault_takes_over() {
        let mut faults = Faults::new(1);
        let counted = FaultSpec {
            count: Some(2),
            ..spec("throttle")
        };
        assert_eq!(faults.add(counted), Ok(1));
        assert_eq!(faults.add(spec("drop")), Ok(2));
        let mut struck = Vec::new();
        for _ in 0..3 {
            let (strike, after) = faults.step(target("eks", "ListClusters"));
            struck.push(strike.unwrap().fault);
            faults = after;
        }
        assert_eq!(struck, [1, 1, 2]);
        assert_eq!(faults.iter().count(), 1);
        assert_eq!(faults.clear(Some(7)), 0);
        assert_eq!(faults.clear(None), 1);
        assert!(faults.is_empty());
    }

    #[test]
    fn a_rate_strikes_its_part_and_always_the_same_calls() {
        let run = |seed| {
            let mut faults = Faults::new(seed);
            let rated = FaultSpec {
                rate: Some(0.25),
                ..spec("timeout")
            };
            faults.add(rated).unwrap();
            let mut struck = Vec::new();
            for _ in 0..1000 {
                let (strike, after) = faults.step(target("eks", "ListClusters"));
                struck.push(strike.is_some());
                faults = after;
            }
            struck
        };
        let struck = run(1).iter().filter(|struck| **struck).count();
        assert!((200..300).contains(&struck), "{struck}");
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused() {
        for (spec, error) in [
            (spec("explode"), FaultError::Effect("explode".to_owned())),
            (spec("latency"), FaultError::Milliseconds),
            (
                FaultSpec {
                    milliseconds: Some(5),
                    ..spec("drop")
                },
                FaultError::NoLatency,
            ),
            (
                FaultSpec {
                    status: Some(500),
                    ..spec("throttle")
                },
                FaultError::NoError,
            ),
            (
                FaultSpec {
                    status: Some(200),
                    ..spec("error")
                },
                FaultError::Status,
            ),
            (
                FaultSpec {
                    rate: Some(0.0),
                    ..spec("drop")
                },
                FaultError::Rate,
            ),
            (
                FaultSpec {
                    count: Some(0),
                    ..spec("drop")
                },
                FaultError::Count,
            ),
        ] {
            assert_eq!(Faults::new(1).add(spec).unwrap_err(), error);
        }
    }
}
