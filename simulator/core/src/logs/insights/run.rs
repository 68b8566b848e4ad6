//! A run of a query: what is the same for all its rows, and what it may still do.
//!
//! FIDELITY: the service ends a query that has run for 60 minutes with the status Timeout. Here a query ends so that would
//! take more than some seconds or much memory; it is counted in steps, so that it ends at the same place on every machine,
//! and its results are none.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use super::discover::Slot;
use super::value::FieldValue;

/// What is the same for all rows of a run.
pub(super) struct Run<'a> {
    pub(super) names: &'a BTreeMap<String, Slot>,
    /// When the query was started, in milliseconds of Unix time.
    pub(super) now_ms: i64,
    /// How many steps the query may still take.
    steps: Cell<usize>,
    /// How many bytes it may still keep.
    room: Cell<usize>,
    /// Whether it wanted more of either.
    is_over: Cell<bool>,
}

/// How many steps a query may take: about as many bytes are looked at. That is some seconds, and enough for a regular
/// expression of thirty characters over a stream that is full.
const MAX_STEPS: usize = 1 << 31;
/// What an expression costs beside the texts that it looks at, in steps.
pub(super) const EXPRESSION_STEPS: usize = 16;
/// What a query may keep at once of rows, groups and results, in bytes: enough for the events of eight full streams.
const MAX_KEPT: usize = 256 << 20;
/// What a set or map takes for an entry beside its text, in bytes; about, and rather too much.
pub(super) const ENTRY_BYTES: usize = 64;
/// How long a text that a query makes can be: as long as a log event.
pub(super) const MAX_TEXT: usize = 1 << 20;

impl<'a> Run<'a> {
    pub(super) fn new(names: &'a BTreeMap<String, Slot>, now_ms: i64) -> Self {
        Self {
            names,
            now_ms,
            steps: Cell::new(MAX_STEPS),
            room: Cell::new(MAX_KEPT),
            is_over: Cell::new(false),
        }
    }

    /// Whether the query has wanted too much; nothing that it still finds counts.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Counts steps before they are taken, and says whether they may be.
    pub(super) fn spend(&self, steps: usize) -> bool {
        self.count(&self.steps, steps)
    }

    /// Counts bytes before they are kept, and says whether they may be.
    pub(super) fn take(&self, bytes: usize) -> bool {
        self.count(&self.room, bytes)
    }

    fn count(&self, left: &Cell<usize>, amount: usize) -> bool {
        match left.get().checked_sub(amount) {
            Some(rest) => left.set(rest),
            None => self.is_over.set(true),
        }
        !self.is_over.get()
    }

    /// How many bytes may still be kept.
    pub(super) fn room(&self) -> usize {
        self.room.get()
    }

    /// Forgets what was taken since there was so much room.
    pub(super) fn give_back_to(&self, room: usize) {
        self.room.set(room);
    }

    /// Counts bytes that are kept in place of others.
    pub(super) fn exchange(&self, old: usize, new: usize) {
        self.room.set(self.room.get().saturating_add(old));
        self.take(new);
    }

    /// Counts what is kept anew, once what was made on the way is gone.
    pub(super) fn keep_only(&self, bytes: usize) {
        self.room.set(MAX_KEPT);
        self.take(bytes);
    }

    /// A text of `length` bytes or more, made only where there is room for it.
    pub(super) fn make(&self, length: usize, text: impl FnOnce() -> String) -> FieldValue<'a> {
        if length > MAX_TEXT || !self.spend(length) || !self.take(length) {
            return FieldValue::Missing;
        }
        let text = text();
        self.take(text.len().saturating_sub(length));
        FieldValue::Text(Cow::Owned(text))
    }
}
