//! Sets of fields: which parts of an object somebody owns.
//!
//! Source: `fieldpath` of structured-merge-diff v4.4.2.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use super::atom::Atom;
use super::atom::Types;
use super::path::PathElement;

/// Fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    members: BTreeSet<PathElement>,
    /// Never empty sets, unless they were read so.
    children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// The set of those paths of field names.
    #[must_use]
    pub fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<PathElement> = path.iter().map(|name| PathElement::Field((*name).to_owned())).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds the field at `path`, without the fields above it. The whole object is nobody's.
    pub fn insert(&mut self, path: &[PathElement]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether the field at `path` is in the set.
    #[must_use]
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|child| child.has(rest)),
        }
    }

    pub(super) fn has_member(&self, element: &PathElement) -> bool {
        self.members.contains(element)
    }

    /// What of the set is below `element`.
    pub(super) fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element).filter(|child| !child.is_empty())
    }

    pub(super) fn child(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element)
    }

    /// Members first, then what only has something below it.
    pub(super) fn elements(&self) -> impl Iterator<Item = (&PathElement, bool)> {
        let inner = self
            .children
            .keys()
            .filter(|key| !self.members.contains(*key))
            .map(|key| (key, false));
        inner.chain(self.members.iter().map(|key| (key, true)))
    }

    /// Whether it has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut children = self.children.clone();
        for (element, child) in &other.children {
            match children.get_mut(element) {
                Some(own) => *own = own.union(child),
                None => {
                    children.insert(element.clone(), child.clone());
                }
            }
        }
        Self {
            members: self.members.union(&other.members).cloned().collect(),
            children,
        }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(element, child)| {
            let both = child.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self {
            members: self.members.intersection(&other.members).cloned().collect(),
            children: children.collect(),
        }
    }

    /// What is in this one only. A field stays when only fields below it go, and goes without what is below it.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(element, child)| {
            let Some(gone) = other.children.get(element) else {
                return Some((element.clone(), child.clone()));
            };
            let left = child.difference(gone);
            (!left.is_empty()).then(|| (element.clone(), left))
        });
        Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: children.collect(),
        }
    }

    /// What is in this one only; a field goes with all that is below it.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        let children = self.children.iter().filter_map(|(element, child)| {
            if other.members.contains(element) {
                return None;
            }
            let Some(gone) = other.children.get(element) else {
                return Some((element.clone(), child.clone()));
            };
            let left = child.recursive_difference(gone);
            (!left.is_empty()).then(|| (element.clone(), left))
        });
        Self {
            members: self.members.difference(&other.members).cloned().collect(),
            children: children.collect(),
        }
    }

    /// Every field of the set, those above before those below.
    #[must_use]
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths = Vec::new();
        self.collect_paths(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect_paths(&self, prefix: &mut Vec<PathElement>, paths: &mut Vec<Vec<PathElement>>) {
        for element in &self.members {
            let mut path = prefix.clone();
            path.push(element.clone());
            paths.push(path);
        }
        for (element, child) in &self.children {
            prefix.push(element.clone());
            child.collect_paths(prefix, paths);
            prefix.pop();
        }
    }

    /// The set with every declared field above its fields: those of objects, not the keys of maps.
    pub(super) fn with_declared_parents(&self, types: Types<'_>, atom: Option<Atom<'_>>) -> Self {
        let map = atom.and_then(|atom| atom.map);
        let list = atom.and_then(|atom| atom.list);
        let mut members = self.members.clone();
        let mut children = BTreeMap::new();
        for (element, child) in &self.children {
            let below = match element {
                PathElement::Field(name) => map.and_then(|map| map.field(name)).map(|(below, declared)| {
                    if declared {
                        members.insert(element.clone());
                    }
                    below
                }),
                PathElement::Key(_) => list.map(|list| list.items),
                PathElement::Value(_) | PathElement::Index(_) => None,
            };
            let below = below.map(|below| types.atom(below));
            children.insert(element.clone(), child.with_declared_parents(types, below));
        }
        Self { members, children }
    }

    /// `fieldsV1`, in the order of its elements (where the map keeps one).
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        let elements: BTreeSet<&PathElement> = self.members.iter().chain(self.children.keys()).collect();
        for element in elements {
            let mut below = Map::new();
            if let Some(child) = self.children.get(element) {
                if self.members.contains(element) && !(child.members.is_empty() && child.children.is_empty()) {
                    below.insert(".".to_owned(), Value::Object(Map::new()));
                }
                if let Value::Object(inner) = child.to_json() {
                    below.extend(inner);
                }
            }
            fields.insert(element.render(), Value::Object(below));
        }
        Value::Object(fields)
    }

    /// The set of that `fieldsV1`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_json(fields: &Value) -> Result<Self, String> {
        Ok(read(fields)?.0.unwrap_or_default())
    }
}

/// What is below, if anything is, and whether the field itself is in the set.
fn read(fields: &Value) -> Result<(Option<FieldSet>, bool), String> {
    let fields = match fields {
        Value::Object(fields) => fields,
        Value::Null => return Ok((None, true)),
        other => return Err(format!("expected an object: {other}")),
    };
    let mut is_member = false;
    let mut found: Option<FieldSet> = None;
    for (key, value) in fields {
        if key == "." {
            is_member = true;
            continue;
        }
        let Some(element) = PathElement::parse(key)? else {
            continue;
        };
        let (below, child_is_member) = read(value)?;
        let set = found.get_or_insert_default();
        if child_is_member {
            set.members.insert(element.clone());
        }
        if let Some(below) = below {
            set.children.insert(element, below);
        }
    }
    let is_member = is_member || found.is_none();
    Ok((found, is_member))
}
