//! What happened, in order: every decision with its evidence, kept in memory for `explain --last`, `ctl events` and tests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

pub use eks_auth_core::service::event::Event;
pub use eks_auth_core::service::event::EventKind;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::world::World;

/// Events kept; older ones are dropped, so that a long-lived simulator does not grow without bound.
const CAPACITY: usize = 10_000;
/// What the events that are kept take of memory, their Worlds included.
const BYTES: usize = 64 * 1024 * 1024;

/// A bounded list of events.
#[derive(Debug)]
pub struct Journal {
    // A std Mutex: held for a push or a copy, never across an await.
    events: Mutex<Events>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Events {
    /// The number of the newest event.
    last: u64,
    /// With the bytes that each takes.
    list: VecDeque<(Event, usize)>,
    bytes: usize,
    /// The World in which a token was judged last, whole and as it is remembered.
    remembered: Option<(Arc<World>, Arc<World>)>,
}

impl Events {
    /// The World as it is remembered, and how many bytes that takes which no event before took.
    fn remember(&mut self, world: &Arc<World>) -> (Arc<World>, usize) {
        if let Some((whole, slim)) = &self.remembered
            && Arc::ptr_eq(whole, world)
        {
            return (Arc::clone(slim), 0);
        }
        let (slim, bytes) = world.for_explaining();
        let slim = Arc::new(slim);
        self.remembered = Some((Arc::clone(world), Arc::clone(&slim)));
        (slim, bytes)
    }
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

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets every event; sequence numbers go on.
    pub(crate) fn clear(&self) {
        let mut events = self.events();
        *events = Events {
            last: events.last,
            ..Events::default()
        };
    }

    /// Adds an event and returns its sequence number.
    pub fn record(&self, time: Timestamp, mut kind: EventKind) -> u64 {
        let mut events = self.events();
        let mut bytes = kind.size();
        if let EventKind::Authentication { world, .. } = &mut kind {
            let (slim, of_world) = events.remember(world);
            *world = slim;
            bytes += of_world;
        }
        events.last += 1;
        let sequence = events.last;
        events.bytes += bytes;
        events.list.push_back((Event { sequence, time, kind }, bytes));
        while events.list.len() > self.capacity || (events.bytes > BYTES && events.list.len() > 1) {
            let Some((_, bytes)) = events.list.pop_front() else {
                break;
            };
            events.bytes -= bytes;
        }
        sequence
    }

    /// The events after `sequence`, oldest first.
    #[must_use]
    pub fn since(&self, sequence: u64) -> Vec<Event> {
        let events = self.events();
        let new = events.list.iter().filter(|(event, _)| event.sequence > sequence);
        new.map(|(event, _)| event.clone()).collect()
    }

    /// The sequence number of the newest event; 0 where there is none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.events().last
    }

    /// What `read` makes of the events after `sequence`, the oldest first. Nothing is recorded meanwhile.
    pub(crate) fn read<R>(&self, sequence: u64, read: impl FnOnce(&[&Event]) -> R) -> R {
        let events = self.events();
        let new = events.list.iter().map(|(event, _)| event);
        let new: Vec<&Event> = new.filter(|event| event.sequence > sequence).collect();
        read(&new)
    }

    /// The newest event that `wanted` picks.
    pub fn last(&self, wanted: impl Fn(&EventKind) -> bool) -> Option<Event> {
        let events = self.events();
        let found = events.list.iter().rev().find(|(event, _)| wanted(&event.kind));
        found.map(|(event, _)| event.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_bounded_in_number_and_in_bytes() {
        let journal = Journal::with_capacity(100);
        let change = |bytes: usize| EventKind::ServiceAccountToken {
            cluster: "c".to_owned(),
            username: None,
            error: Some("x".repeat(bytes)),
        };
        for _ in 0..150 {
            journal.record(Timestamp::UNIX_EPOCH, change(1));
        }
        assert_eq!(journal.since(0).len(), 100);
        for _ in 0..150 {
            journal.record(Timestamp::UNIX_EPOCH, change(4 * 1024 * 1024));
        }
        assert_eq!((journal.since(0).len(), journal.sequence()), (15, 300));
        journal.clear();
        assert_eq!((journal.since(0).len(), journal.sequence()), (0, 300));
    }
}
