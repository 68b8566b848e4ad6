//! A mapping, as the authenticator decodes an item of mapRoles or mapUsers.

use super::BOOTSTRAPPERS;
use super::List;
use super::NODES;
use crate::explain::lint::tree::Place;

/// An item as the authenticator decodes it.
pub(super) struct MappingItem<'a> {
    pub(super) list: List,
    pub(super) place: Place,
    pub(super) arn: Option<(&'a str, Place)>,
    pub(super) sso: Option<Place>,
    pub(super) username: Option<(&'a str, Place)>,
    pub(super) groups: Vec<(&'a str, Place)>,
    /// A field was of the wrong type or misspelled, so its absence is reported already.
    pub(super) lost: Vec<&'static str>,
}

impl MappingItem<'_> {
    pub(super) fn has_group(&self, wanted: &str) -> bool {
        self.groups.iter().any(|(group, _)| *group == wanted)
    }

    pub(super) fn is_for_nodes(&self) -> bool {
        self.has_group(NODES) || (self.is_called_as_node() && !self.is_for_people())
    }

    pub(super) fn is_called_as_node(&self) -> bool {
        self.username.is_some_and(|(name, _)| name.starts_with("system:node:"))
    }

    /// Whether it has groups, and none that nodes have.
    pub(super) fn is_for_people(&self) -> bool {
        !self.groups.is_empty() && !self.has_group(NODES) && !self.has_group(BOOTSTRAPPERS)
    }
}
