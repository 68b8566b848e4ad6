//! What happened, in order: every decision with its evidence, kept in memory for `explain --last`, `ctl events` and tests.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;

pub use eks_auth_core::service::event::Event;
pub use eks_auth_core::service::event::EventKind;
use eks_auth_core::value::instant::Timestamp;

/// Events kept; older ones are dropped, so that a long-lived simulator does not grow without bound.
const CAPACITY: usize = 10_000;

/// A bounded list of events.
#[derive(Debug)]
pub struct Journal {
    // A std Mutex: held for a push or a copy, never across an await.
    events: Mutex<(u64, VecDeque<Event>)>,
    capacity: usize,
}

impl Default for Journal {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Journal {
    /// A journal that keeps so many events, one at least.
    #[must_use]
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            events: Mutex::default(),
            capacity: capacity.max(1),
        }
    }

    /// Forgets every event; sequence numbers go on.
    pub(crate) fn clear(&self) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }

    /// Adds an event and returns its sequence number.
    pub fn record(&self, time: Timestamp, kind: EventKind) -> u64 {
        let mut guard = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, events) = &mut *guard;
        *last += 1;
        if events.len() >= self.capacity {
            events.pop_front();
        }
        events.push_back(Event {
            sequence: *last,
            time,
            kind,
        });
        *last
    }

    /// The events after `sequence`, oldest first.
    #[must_use]
    pub fn since(&self, sequence: u64) -> Vec<Event> {
        let guard = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        guard
            .1
            .iter()
            .filter(|event| event.sequence > sequence)
            .cloned()
            .collect()
    }

    /// The sequence number of the newest event; 0 where there is none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// The newest event that `wanted` picks.
    pub fn last(&self, wanted: impl Fn(&EventKind) -> bool) -> Option<Event> {
        let guard = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        guard.1.iter().rev().find(|event| wanted(&event.kind)).cloned()
    }
}
