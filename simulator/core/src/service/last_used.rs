//! When access keys and roles were last used.

use imbl::HashMap;

use crate::value::instant::Timestamp;

/// A use of a key or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub when: Timestamp,
    /// The region that the request was signed for.
    pub region: String,
    /// The service that was called, such as `sts`.
    pub service: &'static str,
}

/// The last uses, by the key's id or the role's unique id. Apart from the World, so that a request that changes nothing
/// leaves the World as it is. A clone shares structure.
#[derive(Clone, Debug, Default)]
pub struct LastUsed(HashMap<String, LastUse>);

impl LastUsed {
    /// The last use of a key or a role.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<&LastUse> {
        self.0.get(id)
    }

    /// Notes a use.
    pub fn note(&mut self, id: &str, last: LastUse) {
        self.0.insert(id.to_owned(), last);
    }
}
