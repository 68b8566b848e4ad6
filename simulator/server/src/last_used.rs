//! When access keys and roles were last used.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use eks_auth_core::instant::Timestamp;

/// A use of a key or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastUse {
    pub(crate) when: Timestamp,
    pub(crate) region: String,
    pub(crate) service: &'static str,
}

/// The last uses, by the key's id or the role's unique id. Apart from the World, so that a request that changes nothing
/// leaves the World as it is.
#[derive(Debug, Default)]
pub(crate) struct LastUsed(Mutex<HashMap<String, LastUse>>);

impl LastUsed {
    /// The last use of a key or a role.
    pub(crate) fn of(&self, id: &str) -> Option<LastUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Forgets every use.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Notes a use.
    pub(crate) fn note(&self, id: &str, last: LastUse) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        uses.insert(id.to_owned(), last);
    }
}
