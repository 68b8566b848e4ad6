//! What values of a type own, how two differ, and what is left of one without some fields.
//!
//! Source: `typed` of structured-merge-diff v4.4.2.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use super::atom::Atom;
use super::atom::ListAtom;
use super::atom::MapAtom;
use super::atom::ScalarKind;
use super::atom::Type;
use super::atom::Types;
use super::path::PathElement;
use super::set::FieldSet;
use super::value;
use crate::go;
use crate::kube::schema::ListKind;

/// How an object differs from what it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    pub(super) removed: FieldSet,
    pub(super) modified: FieldSet,
    pub(super) added: FieldSet,
}

impl Comparison {
    /// Without the fields of `ignored` and what is below them.
    pub(super) fn without(&self, ignored: &FieldSet) -> Self {
        Self {
            removed: self.removed.recursive_difference(ignored),
            modified: self.modified.recursive_difference(ignored),
            added: self.added.recursive_difference(ignored),
        }
    }

    pub(super) fn changed(&self) -> FieldSet {
        self.modified.union(&self.added)
    }
}

/// Lists and maps that are empty or null are owned as they are.
fn is_empty(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(fields)) => fields.is_empty(),
        _ => true,
    }
}

impl<'a> Types<'a> {
    pub(super) fn compare(self, of: Type<'a>, old: &Value, new: &Value) -> Comparison {
        let mut walk = Compare {
            types: self,
            path: Vec::new(),
            found: Comparison::default(),
        };
        walk.compare(of, Some(old), Some(new));
        walk.found
    }

    /// The fields that the value sets, and its items.
    pub(super) fn field_set(self, of: Type<'a>, value: &Value) -> FieldSet {
        let mut set = FieldSet::default();
        self.collect(of, value, &mut Vec::new(), &mut set);
        set
    }

    fn collect(self, of: Type<'a>, value: &Value, path: &mut Vec<PathElement>, set: &mut FieldSet) {
        match self.atom_of(of, value) {
            Atom { map: Some(map), .. } => match value {
                _ if map.atomic => set.insert(path),
                Value::Object(fields) => {
                    for (name, value) in fields {
                        let (below, declared) = map.field(name).unwrap_or((Type::Deduced, false));
                        path.push(PathElement::Field(name.clone()));
                        self.collect(below, value, path, set);
                        let empty = value.is_null() || matches!(value, Value::Object(fields) if fields.is_empty());
                        if empty || !declared {
                            set.insert(path);
                        }
                        path.pop();
                    }
                }
                _ => {}
            },
            Atom { scalar: Some(_), .. } => set.insert(path),
            Atom { list: Some(list), .. } => match value {
                _ if *list.kind == ListKind::Atomic => set.insert(path),
                Value::Array(items) => {
                    for (element, items) in self.by_element(list, items) {
                        path.push(element);
                        set.insert(path);
                        if let [item] = &items[..] {
                            self.collect(list.items, item, path, set);
                        }
                        path.pop();
                    }
                }
                _ => {}
            },
            Atom { .. } => {}
        }
    }

    /// The items of a list with their names, in their order; items that have none are left out.
    fn by_element<'v>(self, list: ListAtom<'_>, items: &'v [Value]) -> Vec<(PathElement, Vec<&'v Value>)> {
        let mut found: Vec<(PathElement, Vec<&Value>)> = Vec::new();
        let mut places = BTreeMap::new();
        for item in items {
            let Ok(element) = self.item(list, item) else {
                continue;
            };
            let place = *places.entry(element.clone()).or_insert(found.len());
            match found.get_mut(place) {
                Some((_, same)) => same.push(item),
                None => found.push((element, vec![item])),
            }
        }
        found
    }

    /// The value without the items and fields of `gone`; null where nothing is left of it.
    pub(super) fn remove(self, of: Type<'a>, value: &Value, gone: &FieldSet) -> Value {
        match (self.atom_of(of, value), value) {
            (Atom { map: Some(map), .. }, value) => {
                let Value::Object(fields) = value else {
                    return Value::Null;
                };
                if map.atomic {
                    return Value::Null;
                }
                let mut left = Map::new();
                for (name, value) in fields {
                    let element = PathElement::Field(name.clone());
                    if gone.has_member(&element) {
                        continue;
                    }
                    let value = match gone.below(&element) {
                        Some(below) => self.remove(map.any_field(name), value, below),
                        None => value.clone(),
                    };
                    left.insert(name.clone(), value);
                }
                if left.is_empty() {
                    Value::Null
                } else {
                    Value::Object(left)
                }
            }
            (Atom { scalar: Some(_), .. }, value) => value.clone(),
            (Atom { list: Some(list), .. }, Value::Array(items)) if *list.kind != ListKind::Atomic => {
                let mut left = Vec::new();
                for item in items {
                    let element = self.item(list, item).ok();
                    if element.as_ref().is_some_and(|element| gone.has_member(element)) {
                        continue;
                    }
                    left.push(match element.as_ref().and_then(|element| gone.below(element)) {
                        Some(below) => self.remove(list.items, item, below),
                        None => item.clone(),
                    });
                }
                if left.is_empty() {
                    Value::Null
                } else {
                    Value::Array(left)
                }
            }
            _ => Value::Null,
        }
    }

    /// What does not fit the type: path and reason.
    pub(super) fn validate(self, of: Type<'a>, value: &Value, allow_duplicates: bool) -> Vec<(String, String)> {
        let mut errors = Vec::new();
        self.collect_errors(of, value, allow_duplicates, "", &mut errors);
        errors
    }

    fn collect_errors(
        self,
        of: Type<'a>,
        value: &Value,
        allow_duplicates: bool,
        path: &str,
        errors: &mut Vec<(String, String)>,
    ) {
        let mut report = |path: &str, why: String| errors.push((path.to_owned(), why));
        match self.atom_of(of, value) {
            Atom { map: Some(map), .. } => match value {
                Value::Null => {}
                Value::Object(fields) => self.collect_map_errors(map, fields, allow_duplicates, path, errors),
                other => report(path, format!("expected map, got &{{{}}}", go::json::printed(other))),
            },
            Atom { scalar: Some(kind), .. } => {
                if let Some(why) = scalar_error(kind, value) {
                    report(path, why);
                }
            }
            Atom { list: Some(list), .. } => match value {
                Value::Null => {}
                Value::Array(items) => {
                    let mut seen = BTreeSet::new();
                    for (index, item) in items.iter().enumerate() {
                        let element = if *list.kind == ListKind::Atomic {
                            PathElement::Index(i64::try_from(index).unwrap_or(i64::MAX))
                        } else {
                            match self.item(list, item) {
                                Ok(element) => element,
                                Err(why) => {
                                    errors.push((path.to_owned(), format!("element {index}: {why}")));
                                    return;
                                }
                            }
                        };
                        if *list.kind != ListKind::Atomic && !seen.insert(element.clone()) && !allow_duplicates {
                            errors.push((path.to_owned(), format!("duplicate entries for key {element}")));
                        }
                        self.collect_errors(list.items, item, allow_duplicates, &format!("{path}{element}"), errors);
                    }
                }
                other => report(path, format!("expected list, got &{{{}}}", go::json::printed(other))),
            },
            Atom { .. } => {}
        }
    }

    fn collect_map_errors(
        self,
        map: MapAtom<'a>,
        fields: &Map<String, Value>,
        allow_duplicates: bool,
        path: &str,
        errors: &mut Vec<(String, String)>,
    ) {
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            let Some((below, _)) = map.field(name) else {
                errors.push((path, "field not declared in schema".to_owned()));
                return;
            };
            self.collect_errors(below, value, allow_duplicates, &path, errors);
        }
    }

    /// The set as the types have it today: what became atomic is owned whole.
    pub(super) fn reconciled(self, of: Type<'a>, set: &FieldSet) -> FieldSet {
        let mut whole = FieldSet::default();
        self.collect_whole(of, Some(set), false, &mut Vec::new(), &mut whole);
        if whole.is_empty() {
            set.clone()
        } else {
            set.recursive_difference(&whole).union(&whole)
        }
    }

    fn collect_whole(
        self,
        of: Type<'a>,
        set: Option<&FieldSet>,
        owned_whole: bool,
        path: &mut Vec<PathElement>,
        whole: &mut FieldSet,
    ) {
        let Some(set) = set else {
            return;
        };
        let atom = self.atom(of);
        let atomic = match atom {
            Atom { map: Some(map), .. } if map.is_deduced() => return,
            Atom { map: Some(map), .. } => map.atomic && !set.is_empty(),
            Atom { scalar: Some(_), .. } => return,
            Atom { list: Some(list), .. } => *list.kind == ListKind::Atomic,
            Atom { .. } => return,
        };
        if atomic {
            if !owned_whole {
                whole.insert(path);
            }
            return;
        }
        for (element, is_member) in set.elements() {
            let below = match (element, atom.map, atom.list) {
                (PathElement::Field(name), Some(map), _) => map.field(name).map(|(below, _)| below),
                (_, None, Some(list)) => Some(list.items),
                _ => None,
            };
            let Some(below) = below else {
                continue;
            };
            let child = set.child(element);
            path.push(element.clone());
            self.collect_whole(below, child, is_member && child.is_none(), path, whole);
            path.pop();
        }
    }
}

pub(super) fn scalar_error(kind: ScalarKind, value: &Value) -> Option<String> {
    let fits = match (kind, value) {
        (_, Value::Null) => true,
        (ScalarKind::Numeric, value) => value.is_number(),
        (ScalarKind::String, value) => value.is_string(),
        (ScalarKind::Boolean, value) => value.is_boolean(),
        (ScalarKind::Untyped, value) => !value.is_array() && !value.is_object(),
    };
    (!fits).then(|| match kind {
        ScalarKind::Numeric => format!("expected numeric (int or float), got {}", value::go_type(value)),
        ScalarKind::String => {
            format!(
                "expected string, got &value.valueUnstructured{{Value:{}}}",
                value::go_syntax(value)
            )
        }
        ScalarKind::Boolean => format!("expected boolean, got &{{{}}}", go::json::printed(value)),
        ScalarKind::Untyped => format!("expected any scalar, got &{{{}}}", go::json::printed(value)),
    })
}

struct Compare<'a> {
    types: Types<'a>,
    path: Vec<PathElement>,
    found: Comparison,
}

impl<'a> Compare<'a> {
    fn compare(&mut self, of: Type<'a>, old: Option<&Value>, new: Option<&Value>) {
        let old_atom = old.map(|value| self.types.atom_of(of, value));
        let new_atom = new.map(|value| self.types.atom_of(of, value));
        let was_leaf = match (old_atom, new_atom) {
            (Some(old_atom), None) => self.atom(old_atom, old, new),
            (None, Some(new_atom)) => self.atom(new_atom, old, new),
            (Some(old_atom), Some(new_atom)) => {
                if !same_kind(old_atom, new_atom) {
                    self.atom(old_atom, old, new);
                }
                self.atom(new_atom, old, new)
            }
            (None, None) => return,
        };
        if !was_leaf {
            if old.is_none() {
                self.found.added.insert(&self.path);
            } else if new.is_none() {
                self.found.removed.insert(&self.path);
            }
        }
    }

    /// Whether the value was compared whole.
    fn atom(&mut self, atom: Atom<'a>, old: Option<&Value>, new: Option<&Value>) -> bool {
        if let Some(map) = atom.map {
            let (old_map, new_map) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            let both_empty = is_empty(old.filter(|_| old_map.is_some())) && is_empty(new.filter(|_| new_map.is_some()));
            if map.atomic || both_empty {
                return self.leaf(old, new);
            }
            let empty = Map::new();
            let (old, new) = (old_map.unwrap_or(&empty), new_map.unwrap_or(&empty));
            for (name, value) in old {
                self.below(
                    PathElement::Field(name.clone()),
                    map.any_field(name),
                    Some(value),
                    new.get(name),
                );
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                self.below(PathElement::Field(name.clone()), map.any_field(name), None, Some(value));
            }
            false
        } else if let Some(kind) = atom.scalar {
            let fits = |value: Option<&Value>| value.is_none_or(|value| scalar_error(kind, value).is_none());
            if fits(old) || fits(new) {
                return self.leaf(old, new);
            }
            false
        } else if let Some(list) = atom.list {
            let (old_list, new_list) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
            let both_empty =
                is_empty(old.filter(|_| old_list.is_some())) && is_empty(new.filter(|_| new_list.is_some()));
            if *list.kind == ListKind::Atomic || both_empty {
                return self.leaf(old, new);
            }
            self.lists(
                list,
                old_list.map_or(&[], Vec::as_slice),
                new_list.map_or(&[], Vec::as_slice),
            );
            false
        } else {
            false
        }
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.found.added.insert(&self.path),
            (_, None) => self.found.removed.insert(&self.path),
            (Some(old), Some(new)) => {
                if !value::equal(old, new) {
                    self.found.modified.insert(&self.path);
                }
            }
        }
        true
    }

    fn below(&mut self, element: PathElement, of: Type<'a>, old: Option<&Value>, new: Option<&Value>) {
        self.path.push(element);
        self.compare(of, old, new);
        self.path.pop();
    }

    fn lists(&mut self, list: ListAtom<'a>, old: &[Value], new: &[Value]) {
        let old = self.types.by_element(list, old);
        let new: BTreeMap<PathElement, Vec<&Value>> = self.types.by_element(list, new).into_iter().collect();
        for (element, old) in &old {
            let new = new.get(element).map_or(&[][..], Vec::as_slice);
            match (&old[..], new) {
                ([old], [] | [_]) => self.below(element.clone(), list.items, Some(old), new.first().copied()),
                // Items of one name are compared together.
                ([_, _, ..], [_, _, ..]) => {
                    let same = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| value::equal(old, new));
                    if !same {
                        self.at(element, |found| &mut found.modified);
                    }
                }
                ([_, _, ..], [new]) => {
                    self.below(element.clone(), list.items, None, Some(new));
                    self.at(element, |found| &mut found.removed);
                }
                ([_, _, ..], []) => self.at(element, |found| &mut found.removed),
                ([old], _) => {
                    self.below(element.clone(), list.items, Some(old), None);
                    self.at(element, |found| &mut found.added);
                }
                ([], _) => {}
            }
        }
        let known: BTreeSet<&PathElement> = old.iter().map(|(element, _)| element).collect();
        for (element, new) in new.iter().filter(|(element, _)| !known.contains(*element)) {
            match &new[..] {
                [one] => self.below(element.clone(), list.items, None, Some(one)),
                _ => self.at(element, |found| &mut found.added),
            }
        }
    }

    fn at(&mut self, element: &PathElement, set: impl Fn(&mut Comparison) -> &mut FieldSet) {
        let mut path = self.path.clone();
        path.push(element.clone());
        set(&mut self.found).insert(&path);
    }
}

/// Whether two values of one type were taken for the same of what it may be.
pub(super) fn same_kind(one: Atom<'_>, other: Atom<'_>) -> bool {
    one.scalar.is_some() == other.scalar.is_some()
        && one.list.is_some() == other.list.is_some()
        && one.map.is_some() == other.map.is_some()
}
