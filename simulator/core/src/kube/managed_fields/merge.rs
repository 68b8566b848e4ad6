//! What an object becomes when a configuration is applied to it.
//!
//! Source: `typed/merge.go` of structured-merge-diff v4.4.2.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use super::atom::Atom;
use super::atom::ListAtom;
use super::atom::Type;
use super::atom::Types;
use super::path::PathElement;
use super::typed::same_kind;
use super::typed::scalar_error;
use crate::kube::schema::ListKind;

impl<'a> Types<'a> {
    /// `live` with what `applied` says. Nothing is removed; the order of lists is that of `applied`.
    pub(super) fn merge(self, of: Type<'a>, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
        let live_atom = live.map(|value| self.atom_of(of, value));
        let applied_atom = applied.map(|value| self.atom_of(of, value));
        let atom = match (live_atom, applied_atom) {
            (Some(live_atom), Some(applied_atom)) if same_kind(live_atom, applied_atom) => applied_atom,
            // What is of another kind than before goes whole, so that only the new one decides.
            (_, Some(applied_atom)) => applied_atom,
            (Some(live_atom), None) => live_atom,
            (None, None) => return None,
        };
        self.merge_atom(atom, live, applied)
    }

    fn merge_atom(self, atom: Atom<'a>, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
        let leaf = || applied.or(live).cloned();
        if let Some(map) = atom.map {
            let (live, applied) = (live.and_then(Value::as_object), applied.and_then(Value::as_object));
            if map.atomic || (live.is_none_or(Map::is_empty) && applied.is_none_or(Map::is_empty)) {
                return leaf();
            }
            let empty = Map::new();
            let (live, applied) = (live.unwrap_or(&empty), applied.unwrap_or(&empty));
            let names: BTreeSet<&String> = live.keys().chain(applied.keys()).collect();
            let mut merged = Map::new();
            for name in names {
                if let Some(value) = self.merge(map.any_field(name), live.get(name), applied.get(name)) {
                    merged.insert(name.clone(), value);
                }
            }
            (!merged.is_empty()).then_some(Value::Object(merged))
        } else if let Some(kind) = atom.scalar {
            let fits = |value: Option<&Value>| value.is_none_or(|value| scalar_error(kind, value).is_none());
            if fits(live) || fits(applied) { leaf() } else { None }
        } else if let Some(list) = atom.list {
            let (live, applied) = (live.and_then(Value::as_array), applied.and_then(Value::as_array));
            if *list.kind == ListKind::Atomic || (live.is_none_or(Vec::is_empty) && applied.is_none_or(Vec::is_empty)) {
                return leaf();
            }
            let merged = self.merge_lists(
                list,
                live.map_or(&[], Vec::as_slice),
                applied.map_or(&[], Vec::as_slice),
            );
            (!merged.is_empty()).then_some(Value::Array(merged))
        } else {
            None
        }
    }

    /// The items of both lists: those of `live` that are not applied keep their place among the others.
    fn merge_lists(self, list: ListAtom<'a>, live: &[Value], applied: &[Value]) -> Vec<Value> {
        let (live, live_by) = self.indexed(list, live);
        let (applied, applied_by) = self.indexed(list, applied);
        let mut shared = applied
            .iter()
            .map(|(element, _)| element)
            .filter(|element| live_by.contains_key(*element));
        let mut next_shared = shared.next();
        let mut merged = BTreeSet::new();
        let mut out = Vec::new();
        let (mut at_live, mut at_applied) = (0, 0);
        loop {
            match (live.get(at_live), applied.get(at_applied)) {
                (None, None) => return out,
                (Some((element, _)), Some((other, _))) if element == other => {
                    merged.insert(element);
                    let known = live_by.get(element).copied();
                    out.extend(self.merge(list.items, known, applied_by.get(element).copied()));
                    at_live += 1;
                    at_applied += 1;
                    next_shared = shared.next();
                    continue;
                }
                // Shared, but its turn is later or was before.
                (Some((element, _)), Some(_))
                    if applied_by.contains_key(element) && next_shared.is_some_and(|next| next != element) =>
                {
                    at_live += 1;
                    continue;
                }
                _ => {}
            }
            if let Some((element, item)) = live.get(at_live) {
                if !applied_by.contains_key(element) {
                    out.extend(self.merge(list.items, Some(item), None));
                    at_live += 1;
                    continue;
                }
                if merged.contains(element) {
                    at_live += 1;
                }
            }
            if let Some((element, _)) = applied.get(at_applied) {
                merged.insert(element);
                let known = live_by.get(element).copied();
                out.extend(self.merge(list.items, known, applied_by.get(element).copied()));
                at_applied += 1;
                if next_shared == Some(element) {
                    next_shared = shared.next();
                }
            }
        }
    }

    /// The items with their names, and by them. Of items of one name none is merged: they are as if they were null.
    fn indexed<'v>(
        self,
        list: ListAtom<'a>,
        items: &'v [Value],
    ) -> (Vec<(PathElement, &'v Value)>, BTreeMap<PathElement, &'v Value>) {
        let named: Vec<(PathElement, &Value)> = items
            .iter()
            .filter_map(|item| Some((self.item(list, item).ok()?, item)))
            .collect();
        let mut by_element = BTreeMap::new();
        for (element, item) in &named {
            by_element
                .entry(element.clone())
                .and_modify(|known| *known = &Value::Null)
                .or_insert(*item);
        }
        (named, by_element)
    }
}
