//! Answers that go on: what comes next, as a function of the newest World or the newest logs. When it is asked for, and how
//! it gets to the client, is the listener's business.

use std::fmt;
use std::time::Duration;

use crate::logs::cloudwatch_logs::LogStore;
use crate::value::instant::Timestamp;
use crate::world::World;

/// An answer that goes on.
pub trait Stream: fmt::Debug + Send {
    /// When it is to be asked.
    fn pace(&self) -> Pace;

    /// What it has to say now.
    fn step(&mut self, seen: Seen<'_>) -> Step;

    /// What it says between changes, each time that its pace names.
    fn mark(&mut self, now: Timestamp) -> Option<Vec<u8>>;
}

/// When a stream is asked what it has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Each time that so long has passed.
    Every(Duration),
    /// At once, and whenever the World has changed.
    OnChange {
        /// How long between two marks.
        marks: Duration,
        /// How long it lasts.
        time: Duration,
    },
}

/// What a stream sees.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The World as it is.
    pub world: &'a World,
    /// The logs as they are.
    pub logs: &'a LogStore,
    /// The time in the World.
    pub now: Timestamp,
}

/// What a stream has to say now.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// This, and perhaps more at once.
    Chunk(Vec<u8>),
    /// Nothing until its pace comes round.
    Idle,
    /// This, which may be empty, and nothing more.
    End(Vec<u8>),
}
