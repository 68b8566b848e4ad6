//! A run of a query: what is the same for all its rows, and the text that it may still make.

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
    /// How many bytes of text the query may still make.
    budget: Cell<usize>,
}

/// How much text a query may make of its rows; what goes beyond is missing.
const MAX_MADE_TEXT: usize = 256 << 20;
/// How long a text that a query makes can be: as long as a log event.
const MAX_TEXT: usize = 1 << 20;

impl<'a> Run<'a> {
    pub(super) fn new(names: &'a BTreeMap<String, Slot>, now_ms: i64) -> Self {
        Self {
            names,
            now_ms,
            budget: Cell::new(MAX_MADE_TEXT),
        }
    }

    /// A text of `length` bytes or more, made only where there is room for it.
    pub(super) fn make(&self, length: usize, text: impl FnOnce() -> String) -> FieldValue<'a> {
        if length > MAX_TEXT || length > self.budget.get() {
            return FieldValue::Missing;
        }
        let text = text();
        self.budget.set(self.budget.get().saturating_sub(text.len()));
        FieldValue::Text(Cow::Owned(text))
    }
}
