//! Strategic merge patches.
//!
//! FIDELITY: the selector of a PodDisruptionBudget is merged, where its type asks upstream for `replace`; fields are looked up
//! by their names as written, where Go accepts them in any case.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;

use serde_json::Map;
use serde_json::Value;

use super::PatchError;
use super::Unapplicable;
use crate::go;
use crate::kube::schema::Field;
use crate::kube::schema::ObjectType;
use crate::kube::schema::Schema;
use crate::kube::schema::Shape;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";

const BAD_PRIMITIVE_LIST: &str = "invalid patch format of primitive list";
const BAD_RETAIN_KEYS: &str = "invalid patch format of retainKeys";
const BAD_SET_ORDER: &str = "invalid patch format of setElementOrder list";

type Fields = Map<String, Value>;

pub(super) fn apply(schema: &Schema, of: &ObjectType, object: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Value::Object(patch) = patch else {
        return Err(malformed(&format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            go::json::kind(patch)
        )));
    };
    let object = object.as_object().cloned().unwrap_or_default();
    let merged = Merge { schema }.maps(object, patch.clone(), Place::Object(of))?;
    Ok(Value::Object(merged))
}

fn malformed(why: &str) -> PatchError {
    PatchError::Malformed(why.to_owned())
}

fn unexpected(why: String) -> PatchError {
    PatchError::Unexpected(why)
}

fn no_merge_key(item: &Fields, key: &str) -> PatchError {
    let shown = go::json::printed(&Value::Object(item.clone()));
    unexpected(format!("map: {shown} does not contain declared merge key: {key}"))
}

fn wrong_type(expected: &str, found: &Value) -> PatchError {
    unexpected(format!("expected a {expected}, but received a {}", go_type(found)))
}

const MAP_TYPE: &str = "map[string]interface {}";
const LIST_TYPE: &str = "[]interface {}";

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "%!s(<nil>)",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => LIST_TYPE,
        Value::Object(_) => MAP_TYPE,
    }
}

/// Where in the types a merge is.
#[derive(Clone, Copy)]
enum Place<'a> {
    Object(&'a ObjectType),
    Shape(&'a Shape),
}

/// How a list is merged.
#[derive(Clone, Copy)]
struct ListMerge<'a> {
    items: Place<'a>,
    merges: bool,
    /// None for scalars.
    key: Option<&'a str>,
}

struct Merge<'a> {
    schema: &'a Schema,
}

impl<'a> Merge<'a> {
    fn object(&self, place: Place<'a>) -> Option<&'a ObjectType> {
        match place {
            Place::Object(object) => Some(object),
            Place::Shape(Shape::Object(name)) => self.schema.object(name),
            Place::Shape(_) => None,
        }
    }

    fn field(&self, place: Place<'a>, name: &str) -> Result<&'a Field, PatchError> {
        let Some(object) = self.object(place) else {
            return Err(unexpected(format!(
                "merging an object in json but data type is not struct, instead is: {}",
                self.go_kind(place)
            )));
        };
        object.fields.get(name).ok_or_else(|| {
            let go_name = object.name.rsplit('.').next().unwrap_or_default();
            unexpected(format!(
                "unable to find api field in struct {go_name} for the json field {}",
                crate::value::log::go_quote(name)
            ))
        })
    }

    fn list(&self, place: Place<'a>, name: &str) -> Result<ListMerge<'a>, PatchError> {
        let field = self.field(place, name)?;
        let Shape::List(list) = &field.shape else {
            return Err(unexpected("expected slice or array type, but got: struct".to_owned()));
        };
        if matches!(list.items, Shape::List(_)) {
            return Err(unexpected("unexpected slice of slice".to_owned()));
        }
        let (merges, key) = match &field.patch.merge {
            None => (false, None),
            Some(key) => (true, key.as_deref()),
        };
        Ok(ListMerge {
            items: Place::Shape(&list.items),
            merges,
            key,
        })
    }

    fn go_kind(&self, place: Place<'a>) -> &'static str {
        match place {
            Place::Shape(Shape::Map(_)) => "map",
            Place::Shape(Shape::List(_) | Shape::Bytes) => "slice",
            Place::Shape(Shape::Boolean) => "bool",
            Place::Shape(Shape::Int32) => "int32",
            Place::Shape(Shape::Int64) => "int64",
            Place::Shape(Shape::Double) => "float64",
            Place::Shape(Shape::String) => "string",
            Place::Shape(Shape::Any) => "interface",
            _ => "struct",
        }
    }

    fn maps(&self, mut original: Fields, mut patch: Fields, place: Place<'a>) -> Result<Fields, PatchError> {
        if let Some(directive) = patch.get(DIRECTIVE).cloned() {
            return match directive.as_str() {
                Some("replace") => {
                    patch.remove(DIRECTIVE);
                    Ok(patch)
                }
                Some("delete") => Ok(Map::new()),
                _ => Err(bad_directive(&directive, &patch)),
            };
        }
        retain_keys(&mut original, &mut patch)?;
        self.ordered_lists(&mut original, &mut patch, place)?;
        for (key, patch) in patch {
            let deleted_from = match key.strip_prefix(DELETE_FROM) {
                None => None,
                Some(rest) => Some(rest.strip_prefix('/').ok_or_else(|| malformed(BAD_PRIMITIVE_LIST))?),
            };
            let key = deleted_from.unwrap_or(&key);
            if patch.is_null() {
                original.remove(key);
                continue;
            }
            let merged = match (original.remove(key), patch) {
                (known, patch) if deleted_from.is_some() => match (known, patch) {
                    (Some(Value::Array(original)), Value::Array(patch)) => {
                        let list = self.list(place, key)?;
                        Some(Value::Array(self.lists(original, patch, list, true)?))
                    }
                    (known, _) => known,
                },
                (Some(Value::Object(original)), Value::Object(patch)) => {
                    let field = self.field(place, key)?;
                    Some(Value::Object(self.maps(original, patch, Place::Shape(&field.shape))?))
                }
                (Some(Value::Array(original)), Value::Array(patch)) => {
                    let list = self.list(place, key)?;
                    Some(Value::Array(self.lists_or_replace(original, patch, list)?))
                }
                (_, patch) => without_directives(without_nulls(patch)),
            };
            if let Some(merged) = merged {
                original.insert(key.to_owned(), merged);
            }
        }
        Ok(original)
    }

    /// The lists for which the patch gives an order.
    fn ordered_lists(&self, original: &mut Fields, patch: &mut Fields, place: Place<'a>) -> Result<(), PatchError> {
        let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
        for directive in directives {
            let order = match patch.remove(&directive) {
                Some(Value::Array(order)) => order,
                other => return Err(wrong_type(LIST_TYPE, &other.unwrap_or_default())),
            };
            let key = directive
                .strip_prefix(SET_ORDER)
                .and_then(|rest| rest.strip_prefix('/'))
                .ok_or_else(|| malformed(BAD_SET_ORDER))?;
            let list_of = |fields: &Fields| match fields.get(key) {
                None => Ok(None),
                Some(Value::Array(items)) => Ok(Some(items.clone())),
                Some(other) => Err(wrong_type(LIST_TYPE, other)),
            };
            let (known, patched) = (list_of(original)?, list_of(patch)?);
            let list = self.list(place, key)?;
            check_order(patched.as_deref().unwrap_or_default(), &order, list.key)?;
            let merged = match (known.clone(), patched.clone()) {
                (None, None) => continue,
                (Some(known), None) => known,
                (None, Some(patched)) => match without_directives(Value::Array(patched)) {
                    Some(Value::Array(items)) => items,
                    _ => continue,
                },
                (Some(known), Some(patched)) => self.lists_or_replace(known, patched, list)?,
            };
            let known = known.unwrap_or_default();
            let (in_order, others) = partition(merged, &order, list.key)?;
            let maps = holds_maps(&[&known, &patched.unwrap_or_default()])?;
            original.insert(
                key.to_owned(),
                Value::Array(ordered(in_order, others, &order, &known, list.key, maps)?),
            );
            patch.remove(key);
        }
        Ok(())
    }

    fn lists_or_replace(
        &self,
        original: Vec<Value>,
        patch: Vec<Value>,
        list: ListMerge<'a>,
    ) -> Result<Vec<Value>, PatchError> {
        if list.merges {
            self.lists(original, patch, list, false)
        } else {
            Ok(patch)
        }
    }

    fn lists(
        &self,
        original: Vec<Value>,
        patch: Vec<Value>,
        list: ListMerge<'a>,
        delete: bool,
    ) -> Result<Vec<Value>, PatchError> {
        if original.is_empty() && patch.is_empty() {
            return Ok(original);
        }
        if !holds_maps(&[&original, &patch])? {
            if delete {
                let gone: BTreeSet<String> = patch.iter().map(identity).collect();
                let kept = original.into_iter().filter(|item| !gone.contains(&identity(item)));
                return Ok(kept.collect());
            }
            let mut seen = BTreeSet::new();
            let all = original.iter().chain(&patch);
            let merged = all.filter(|item| seen.insert(identity(item))).cloned().collect();
            let (in_order, others) = partition(merged, &patch, list.key)?;
            return ordered(in_order, others, &patch, &original, list.key, false);
        }
        let Some(key) = list.key else {
            return Err(unexpected(format!(
                "cannot merge lists without merge key for {}",
                self.go_kind(list.items)
            )));
        };
        let (original, patch) = special_items(original, patch, key)?;
        let merged = self.keyed(original.clone(), &patch, key, list.items)?;
        let (in_order, others) = partition(merged, &patch, list.key)?;
        ordered(in_order, others, &patch, &original, list.key, true)
    }

    fn keyed(
        &self,
        mut original: Vec<Value>,
        patch: &[Value],
        key: &str,
        items: Place<'a>,
    ) -> Result<Vec<Value>, PatchError> {
        let mut positions = Positions::of(&original, key);
        for item in patch {
            let Value::Object(fields) = item else {
                return Err(wrong_type(MAP_TYPE, item));
            };
            let wanted = fields.get(key).ok_or_else(|| no_merge_key(fields, key))?;
            let at = positions.first(wanted)?;
            match at.and_then(|at| original.get_mut(at)) {
                Some(Value::Object(found)) => {
                    *found = self.maps(std::mem::take(found), fields.clone(), items)?;
                    if found.get(key) != Some(wanted) {
                        positions.forget_first(wanted);
                    }
                }
                _ => {
                    positions.add(wanted, original.len());
                    original.push(item.clone());
                }
            }
        }
        Ok(original)
    }
}

fn bad_directive(directive: &Value, item: &Fields) -> PatchError {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => format!("%!s({}={})", go_type(other), go::json::printed(other)),
    };
    unexpected(format!(
        "unknown patch type: {} in map: {}",
        shown(directive),
        go::json::printed(&Value::Object(item.clone()))
    ))
}

/// `$retainKeys`: keys that it does not name go, and the patch may set none but those.
fn retain_keys(original: &mut Fields, patch: &mut Fields) -> Result<(), PatchError> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let Value::Array(retained) = retained else {
        return Err(malformed(BAD_RETAIN_KEYS));
    };
    let retained: BTreeSet<&str> = retained.iter().filter_map(Value::as_str).collect();
    let is_retained = |key: &String| retained.contains(key.as_str());
    let is_exempt =
        |key: &str, value: &Value| value.is_null() || key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
    if patch
        .iter()
        .any(|(key, value)| !is_exempt(key, value) && !is_retained(key))
    {
        return Err(malformed(BAD_RETAIN_KEYS));
    }
    original.retain(|key, _| is_retained(key));
    Ok(())
}

/// Items of the patch that say what becomes of the list, and what is left of both lists then.
fn special_items(original: Vec<Value>, patch: Vec<Value>, key: &str) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let mut plain = Vec::new();
    let mut deleted = BTreeSet::new();
    let mut replace = false;
    for item in patch {
        let Some(fields) = item.as_object() else {
            return Err(wrong_type(MAP_TYPE, &item));
        };
        let Some(directive) = fields.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let wanted = fields.get(key).ok_or_else(|| no_merge_key(fields, key))?;
                deleted.insert(identity(wanted));
            }
            Some("replace") => replace = true,
            Some("merge") => {
                return Err(unexpected(
                    "merging lists cannot yet be specified in the patch".to_owned(),
                ));
            }
            _ => return Err(bad_directive(directive, fields)),
        }
    }
    if replace {
        return Ok((plain, Vec::new()));
    }
    let is_deleted = |item: &Value| item.get(key).is_some_and(|found| deleted.contains(&identity(found)));
    let left = original.into_iter().filter(|item| !is_deleted(item)).collect();
    Ok((left, plain))
}

/// A text that equal values share and others do not, so that items are found by it and not one by one: a list may have
/// tens of thousands.
fn identity(value: &Value) -> String {
    value.to_string()
}

/// Where in a list of maps the items are that have a value as their merge key.
struct Positions {
    by_value: BTreeMap<String, VecDeque<usize>>,
    /// The first item that is no map. What stands behind it is not found.
    no_map: Option<usize>,
}

impl Positions {
    fn of(items: &[Value], key: &str) -> Self {
        let mut positions = Self {
            by_value: BTreeMap::new(),
            no_map: items.iter().position(|item| !item.is_object()),
        };
        let until = positions.no_map.unwrap_or(items.len());
        for (at, item) in items.iter().enumerate().take(until) {
            if let Some(found) = item.get(key) {
                positions.add(found, at);
            }
        }
        positions
    }

    fn first(&self, wanted: &Value) -> Result<Option<usize>, PatchError> {
        let found = self.by_value.get(&identity(wanted)).and_then(VecDeque::front);
        match (found, self.no_map) {
            (None, Some(at)) => Err(unexpected(format!("value for key {at} is not a map"))),
            (found, _) => Ok(found.copied()),
        }
    }

    /// An item at the end of the list.
    fn add(&mut self, value: &Value, at: usize) {
        self.by_value.entry(identity(value)).or_default().push_back(at);
    }

    /// The first item of that value has another one now.
    fn forget_first(&mut self, value: &Value) {
        if let Some(positions) = self.by_value.get_mut(&identity(value)) {
            positions.pop_front();
        }
    }
}

/// Whether the lists are of maps; they must be of one type, and not of lists.
fn holds_maps(lists: &[&[Value]]) -> Result<bool, PatchError> {
    let mut items = lists.iter().flat_map(|list| list.iter());
    let Some(first) = items.next() else {
        return Err(unexpected("no elements in any of the given slices".to_owned()));
    };
    if first.is_array() {
        return Err(Unapplicable::ListsOfLists.into());
    }
    if items.any(|item| go_type(item) != go_type(first)) {
        let lists = lists
            .iter()
            .map(|list| go::json::printed(&Value::Array(list.to_vec())))
            .collect::<Vec<_>>()
            .join(" ");
        return Err(unexpected(format!("list element types are not identical: [{lists}]")));
    }
    Ok(first.is_object())
}

/// The order must name the items of the patch, in their order.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    if patch.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut kept = Vec::new();
    for item in patch {
        match (key, item) {
            (Some(_), Value::Object(fields)) if fields.get(DIRECTIVE).and_then(Value::as_str) == Some("delete") => {}
            (Some(_), item) if !item.is_object() => return Err(wrong_type(MAP_TYPE, item)),
            (_, item) => kept.push(item),
        }
    }
    let (mut at, mut at_order) = (0, 0);
    while let (Some(item), Some(ordered)) = (kept.get(at), order.get(at_order)) {
        if item.get(DIRECTIVE).is_some() {
            at += 1;
            continue;
        }
        if same_key(item, ordered, key)? {
            at += 1;
        }
        at_order += 1;
    }
    if at < kept.len() {
        return Err(unexpected(format!(
            "The order in patch list:\n{}\n doesn't match {SET_ORDER} list:\n{}\n",
            go::json::printed(&Value::Array(patch.to_vec())),
            go::json::printed(&Value::Array(order.to_vec()))
        )));
    }
    Ok(())
}

fn same_key(one: &Value, other: &Value, key: Option<&str>) -> Result<bool, PatchError> {
    let Some(key) = key else {
        return Ok(one == other);
    };
    let of = |item: &Value| match item {
        Value::Object(fields) => fields.get(key).cloned().ok_or_else(|| no_merge_key(fields, key)),
        other => Err(wrong_type(MAP_TYPE, other)),
    };
    Ok(of(one)? == of(other)?)
}

/// The items that `by` has, and the others.
fn partition(items: Vec<Value>, by: &[Value], key: Option<&str>) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let (mut found, mut others) = (Vec::new(), Vec::new());
    let values: BTreeSet<String> = match key {
        None => by.iter().map(identity).collect(),
        Some(_) => BTreeSet::new(),
    };
    let positions = key.map(|key| Positions::of(by, key));
    for item in items {
        let is_there = match (key, &positions) {
            (Some(key), Some(positions)) => {
                let Value::Object(fields) = &item else {
                    return Err(wrong_type(MAP_TYPE, &item));
                };
                let wanted = fields.get(key).ok_or_else(|| no_merge_key(fields, key))?;
                positions.first(wanted)?.is_some()
            }
            _ => values.contains(&identity(&item)),
        };
        if is_there { found.push(item) } else { others.push(item) }
    }
    Ok((found, others))
}

/// Both lists in one: `in_order` by `order`, `others` by the order of the server, each before what stood behind it.
fn ordered(
    in_order: Vec<Value>,
    others: Vec<Value>,
    order: &[Value],
    server_order: &[Value],
    key: Option<&str>,
    maps: bool,
) -> Result<Vec<Value>, PatchError> {
    let in_order = sorted(in_order, order, key, maps)?;
    let others = sorted(others, server_order, key, maps)?;
    let places = Places::new(server_order, key, maps);
    let mut all = Vec::new();
    let mut rest = others.into_iter().peekable();
    for item in in_order {
        let place = places.of(&item);
        while rest
            .peek()
            .is_some_and(|other| matches!((places.of(other), place), (Some(other), Some(item)) if other < item))
        {
            all.extend(rest.next());
        }
        all.push(item);
    }
    all.extend(rest);
    Ok(all)
}

/// Where items stand in a list, the first time.
struct Places<'a> {
    by: BTreeMap<String, usize>,
    key: Option<&'a str>,
    maps: bool,
}

impl<'a> Places<'a> {
    fn new(list: &[Value], key: Option<&'a str>, maps: bool) -> Self {
        let mut places = Self {
            by: BTreeMap::new(),
            key,
            maps,
        };
        for (at, item) in list.iter().enumerate() {
            let name = places.name(item);
            places.by.entry(name).or_insert(at);
        }
        places
    }

    fn name(&self, item: &Value) -> String {
        match self.key.filter(|_| self.maps) {
            Some(key) => identity(item.get(key).unwrap_or(&Value::Null)),
            None => identity(item),
        }
    }

    fn of(&self, item: &Value) -> Option<usize> {
        self.by.get(&self.name(item)).copied()
    }
}

fn sorted(items: Vec<Value>, order: &[Value], key: Option<&str>, maps: bool) -> Result<Vec<Value>, PatchError> {
    let (mut items, mut deleted) = (items, Vec::new());
    if let Some(key) = key.filter(|_| maps) {
        for item in items.iter().chain(order) {
            match item {
                Value::Object(fields) if fields.contains_key(key) => {}
                Value::Object(fields) => return Err(no_merge_key(fields, key)),
                other => return Err(wrong_type(MAP_TYPE, other)),
            }
        }
        (deleted, items) = items
            .into_iter()
            .partition(|item| item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete"));
    }
    let places = Places::new(order, key, maps);
    // Every item stands in the order, or none does.
    items.sort_by_key(|item| places.of(item).unwrap_or_default());
    items.append(&mut deleted);
    Ok(items)
}

/// Without the keys of maps that are null, in lists too.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

/// Without the maps that are directives; nothing where the value is one.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let kept = fields
                .into_iter()
                .filter_map(|(key, value)| Some((key, without_directives(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}
