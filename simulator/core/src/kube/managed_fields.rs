//! Managed fields: who owns which field of an object, and server-side apply, which goes by that.
//!
//! [`after_update`] follows every write that is no apply; [`apply`] is the apply. Both are functions of the object as it
//! is stored, the object or the configuration of the request, the manager's name and the time.
//!
//! Source: `apimachinery/pkg/util/managedfields/internal` of Kubernetes 1.32 and `merge/update.go` of
//! structured-merge-diff v4.4.2.
//!
//! FIDELITY: versions of one kind are not converted into each other: what a manager owns in another version of the
//! kind is taken as if it were of this one. Causes of a conflict are in the order of the managers; upstream's are in
//! none. `fieldsV1` is in the order of JSON's other keys, by text, where upstream orders numbers as such.

mod atom;
mod managers;
mod merge;
mod path;
mod set;
#[cfg(test)]
mod tests;
mod typed;
mod value;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use self::atom::Type;
use self::atom::Types;
use self::managers::Identity;
use self::managers::Managers;
use self::managers::Owned;
pub use self::path::PathElement;
pub use self::path::Scalar;
pub use self::set::FieldSet;
use self::typed::Comparison;
use crate::kube::schema::Kind;
use crate::kube::schema::Schema;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

/// Managers have no longer names, in bytes.
pub const MAX_MANAGER_LENGTH: usize = 128;

/// The annotation in which `kubectl apply` keeps what it applied.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The bytes of all annotations of an object (`apimachinery/pkg/api/validation`).
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// The type of what is written to, as far as it decides who owns what.
#[derive(Clone, Copy, Debug)]
pub struct ManagedType<'a> {
    /// The types; of a kind that is not among them nothing is known.
    pub schema: &'a Schema,
    /// The kind of the object.
    pub kind: &'a Kind,
    /// Such as `status`; empty for the object itself.
    pub subresource: &'a str,
    /// Whether the kind has a `status` subresource: what is written to one does not own the fields of the other.
    pub has_status: bool,
    /// Whether it is a custom resource.
    pub custom: bool,
}

impl<'a> ManagedType<'a> {
    fn types(&self) -> Types<'a> {
        Types { schema: self.schema }
    }

    fn root(&self) -> Type<'a> {
        self.schema.kind(self.kind).map_or(Type::Deduced, Type::Object)
    }

    fn api_version(&self) -> String {
        self.kind.api_version()
    }

    /// What a write to this resets, so that it does not own it (`GetResetFields` of each kind's strategy).
    fn reset(&self) -> FieldSet {
        let kind = (self.kind.group.as_str(), self.kind.kind.as_str());
        let fields: &[&[&str]] = match (self.subresource, kind) {
            _ if !self.has_status => &[],
            ("", ("certificates.k8s.io", "CertificateSigningRequest")) => &[&["spec"], &["status"]],
            ("" | "finalize", _) => &[&["status"]],
            ("status", ("", "Pod")) => &[
                &["spec"],
                &["metadata", "deletionTimestamp"],
                &["metadata", "ownerReferences"],
            ],
            ("status", ("apps", "Deployment")) => &[&["spec"], &["metadata", "labels"]],
            ("status", ("certificates.k8s.io", _)) => &[&["spec"], &["status", "conditions"]],
            ("approval", ("certificates.k8s.io", _)) => &[&["spec"], &["status", "certificate"]],
            (
                "status",
                (
                    "apiextensions.k8s.io"
                    | "flowcontrol.apiserver.k8s.io"
                    | "admissionregistration.k8s.io"
                    | "storage.k8s.io",
                    _,
                ),
            ) => &[&["spec"], &["metadata"]],
            ("status", _) => &[&["spec"]],
            _ => &[],
        };
        FieldSet::of_fields(fields)
    }

    /// The object as Go's types hold it; custom resources have none.
    fn filled(&self, object: &Value) -> Value {
        if self.custom {
            object.clone()
        } else {
            self.types().filled(self.root(), object)
        }
    }
}

/// A configuration that is not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Its `apiVersion` or `kind` are not those of the request's path, or it has managed fields: 400.
    #[error("{0}")]
    BadRequest(String),
    /// Others own fields that it changes: 409.
    #[error("{}", conflict_message(.0))]
    Conflict(Vec<Conflict>),
    /// It does not fit its type: 500, as upstream has it.
    #[error("{0}")]
    Typed(String),
}

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Such as `"kubectl-client-side-apply" using v1`.
    pub manager: String,
    /// Such as `.data.a`.
    pub path: String,
    key: String,
    elements: Vec<PathElement>,
}

fn conflict_message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!(
            "Apply failed with 1 conflict: conflict with {}: {}",
            one.manager, one.path
        );
    }
    let mut lines = Vec::new();
    let mut last = None;
    for conflict in conflicts {
        if last.replace(&conflict.key) != Some(&conflict.key) {
            lines.push(format!("conflicts with {}:", conflict.manager));
        }
        lines.push(format!("- {}", conflict.path));
    }
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
}

/// The manager's name where the request gives none: the client's, up to the first `/`.
#[must_use]
pub fn manager_of_user_agent(user_agent: &str) -> String {
    let mut name = String::new();
    for character in user_agent.split('/').next().unwrap_or_default().chars() {
        if character.is_control() {
            continue;
        }
        if name.len() + character.len_utf8() > MAX_MANAGER_LENGTH {
            break;
        }
        name.push(character);
    }
    name
}

/// Writes into `new` who owns its fields, after a write that is no apply: `manager` owns what it changed. `live` is the
/// object as it is stored, `None` when it is made. The managed fields of `new` count where they can be read, so that
/// clients may change them; an empty list, or one with an empty item, ends the tracking.
pub fn after_update(target: &ManagedType<'_>, live: Option<&Value>, new: &mut Value, manager: &str, now: Timestamp) {
    if new.get("metadata").is_none_or(|metadata| !metadata.is_object()) {
        return;
    }
    let given = take_managed_fields(new);
    let live_fields = || {
        let entries = live.and_then(|live| live.pointer("/metadata/managedFields"));
        Managers::read(entries).unwrap_or_default()
    };
    let mut managers = if target.subresource.is_empty() {
        match &given {
            Some(Value::Array(entries)) if is_reset(entries) => Managers::default(),
            given => match Managers::read(given.as_ref()) {
                Ok(managers) if !managers.owned.is_empty() => managers,
                _ => live_fields(),
            },
        }
    } else {
        live_fields()
    };
    // Objects whose fields nobody tracks are not tracked from an update on.
    if !managers.owned.is_empty() || live.is_none() {
        let live = without_managed_fields(live);
        track_update(target, &live, new, &mut managers, manager, now);
        managers.cap();
    }
    set(new, managers.write());
}

/// The object after `applied` was applied to it, with its managed fields. `live` is the object as it is stored, `None`
/// when it is made. Where nothing changes, the result is `live`, though its managed fields may differ.
///
/// # Errors
/// [`ApplyError`].
pub fn apply(
    target: &ManagedType<'_>,
    live: Option<&Value>,
    applied: &Value,
    manager: &str,
    force: bool,
    now: Timestamp,
) -> Result<Value, ApplyError> {
    let entries = live.and_then(|live| live.pointer("/metadata/managedFields"));
    let managers =
        Managers::read(entries).map_err(|why| ApplyError::Typed(format!("failed to decode managed fields: {why}")))?;
    check_kind(target, applied)?;
    let stripped = without_managed_fields(live);
    let write = Apply {
        target,
        live: &stripped,
        live_filled: target.filled(&stripped),
        applied,
        manager,
        now,
    };

    let mut managers = managers;
    if managers.owned.is_empty() && live.is_some() {
        let empty = json!({});
        track_update(target, &empty, &stripped, &mut managers, "before-first-apply", now);
        managers.cap();
    }
    let done = match write.run(managers.clone(), force) {
        // What `kubectl apply` set before it was server-side is the same person's.
        Err(ApplyError::Conflict(conflicts)) if manager == "kubectl" => match write.owned_by_last_applied() {
            None => Err(ApplyError::Conflict(conflicts)),
            Some(owned) => {
                let left: Vec<Conflict> = conflicts
                    .into_iter()
                    .filter(|conflict| !owned.has(&conflict.elements))
                    .collect();
                if left.is_empty() {
                    write.run(managers, true)
                } else {
                    Err(ApplyError::Conflict(left))
                }
            }
        },
        done => done,
    };
    let (mut object, managers) = done?;
    if manager == "kubectl" {
        refresh_last_applied(&mut object, applied);
    }
    set(&mut object, managers.write());
    Ok(object)
}

/// Puts the times of managed fields back where nothing but times differs, so that a write that changes nothing is none.
///
/// Source: `IgnoreManagedFieldsTimestampsTransformer` in `apiserver/pkg/endpoints/handlers/fieldmanager/equality.go`.
pub fn keep_times(stored: &Value, new: &mut Value) {
    fn without_times(object: &Value) -> Value {
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("resourceVersion");
            let entries = metadata.get_mut("managedFields").and_then(Value::as_array_mut);
            for entry in entries.into_iter().flatten().filter_map(Value::as_object_mut) {
                entry.remove("time");
            }
        }
        object
    }
    let entries = |object: &Value| object.pointer("/metadata/managedFields").cloned();
    let (old, given) = (entries(stored), entries(new));
    if old.is_some() && given.is_some() && old != given && without_times(stored) == without_times(new) {
        set(new, old);
    }
}

fn check_kind(target: &ManagedType<'_>, applied: &Value) -> Result<(), ApplyError> {
    let text = |field: &str| applied.get(field).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version != target.api_version() || kind != target.kind.kind {
        let group_version = if api_version.contains('/') {
            api_version.to_owned()
        } else {
            format!("/{api_version}")
        };
        return Err(ApplyError::BadRequest(format!(
            "invalid object type: {group_version}, Kind={kind}"
        )));
    }
    let managed_fields = applied.pointer("/metadata/managedFields");
    if managed_fields.is_some_and(Value::is_array) {
        return Err(ApplyError::BadRequest("metadata.managedFields must be nil".to_owned()));
    }
    Ok(())
}

/// Non-nil but empty, or one empty entry.
fn is_reset(entries: &[Value]) -> bool {
    match entries {
        [] => true,
        [Value::Object(entry)] => entry
            .values()
            .all(|value| value.is_null() || value.as_str() == Some("")),
        _ => false,
    }
}

fn take_managed_fields(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

fn without_managed_fields(object: Option<&Value>) -> Value {
    let mut object = object.cloned().unwrap_or_else(|| json!({}));
    take_managed_fields(&mut object);
    object
}

/// Gives an object these managed fields, or none.
pub fn set(object: &mut Value, entries: Option<Value>) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        match entries {
            Some(entries) => metadata.insert("managedFields".to_owned(), entries),
            None => metadata.remove("managedFields"),
        };
    }
}

/// Fields that nobody owns.
fn never_owned() -> FieldSet {
    FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
}

/// Gives `manager` what differs between `live` and `new`, and takes it from the others.
fn track_update(
    target: &ManagedType<'_>,
    live: &Value,
    new: &Value,
    managers: &mut Managers,
    manager: &str,
    now: Timestamp,
) {
    reconcile(target, managers);
    let (live, new) = (target.filled(live), target.filled(new));
    let compared = target
        .types()
        .compare(target.root(), &live, &new)
        .without(&target.reset());
    hand_over(target, managers, &compared, None);
    let fields = compared.changed().difference(&never_owned());
    if fields.is_empty() {
        return;
    }
    let api_version = target.api_version();
    let identity = Identity::new(manager, false, &api_version, target.subresource);
    let key = identity.key();
    let owned = managers.owned.entry(key.clone()).or_insert_with(|| Owned {
        identity,
        api_version: api_version.clone(),
        fields: FieldSet::default(),
    });
    owned.fields = owned.fields.union(&fields);
    owned.api_version = api_version;
    managers.set_time(&key, now);
}

/// Drops managers of kinds that are no more, and takes the sets of the others as the types are today.
fn reconcile(target: &ManagedType<'_>, managers: &mut Managers) {
    managers
        .owned
        .retain(|_, owned| is_known_version(target, &owned.api_version));
    for owned in managers.owned.values_mut() {
        owned.fields = target.types().reconciled(target.root(), &owned.fields);
    }
}

fn is_known_version(target: &ManagedType<'_>, api_version: &str) -> bool {
    if api_version == target.api_version() {
        return true;
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    if group != target.kind.group {
        // Such as what was written of an Event of core/v1 as one of events.k8s.io.
        return false;
    }
    let kind = Kind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: target.kind.kind.clone(),
    };
    target.schema.kind(&kind).is_some()
}

/// Takes what was changed or removed from all managers but the one of key `keeps`.
fn hand_over(target: &ManagedType<'_>, managers: &mut Managers, compared: &Comparison, keeps: Option<&str>) {
    let changed = compared.changed();
    for (key, owned) in &mut managers.owned {
        if keeps != Some(key.as_str()) {
            owned.fields = owned
                .fields
                .difference(&owned.fields.intersection(&changed))
                .difference(&compared.removed);
        }
    }
    managers
        .owned
        .retain(|_, owned| !owned.fields.is_empty() && is_known_version(target, &owned.api_version));
}

/// One apply.
struct Apply<'a> {
    target: &'a ManagedType<'a>,
    live: &'a Value,
    /// The same as Go's types hold it.
    live_filled: Value,
    applied: &'a Value,
    manager: &'a str,
    now: Timestamp,
}

impl Apply<'_> {
    fn run(&self, mut managers: Managers, force: bool) -> Result<(Value, Managers), ApplyError> {
        let target = self.target;
        let (types, root) = (target.types(), target.root());
        let errors = types.validate(root, self.applied, false);
        if !errors.is_empty() {
            return Err(self.typed_error(&errors));
        }
        reconcile(target, &mut managers);
        let mut merged = types
            .merge(root, Some(&self.live_filled), Some(self.applied))
            .unwrap_or_default();
        let api_version = target.api_version();
        let identity = Identity::new(self.manager, true, &api_version, target.subresource);
        let key = identity.key();
        let last = managers.owned.get(&key).map(|owned| owned.fields.clone());
        let fields = types
            .field_set(root, self.applied)
            .recursive_difference(&target.reset());
        managers.owned.insert(
            key.clone(),
            Owned {
                identity,
                api_version,
                fields,
            },
        );
        if let Some(last) = last.filter(|last| !last.is_empty()) {
            merged = self.pruned(&merged, &managers, &last);
        }

        let compared = types.compare(root, &self.live_filled, &merged).without(&target.reset());
        if !force {
            let conflicts = conflicts(&managers, &compared, &key);
            if !conflicts.is_empty() {
                return Err(ApplyError::Conflict(conflicts));
            }
        }
        hand_over(target, &mut managers, &compared, Some(&key));
        if let Some(owned) = managers.owned.get_mut(&key) {
            owned.fields = owned.fields.difference(&never_owned());
            if owned.fields.is_empty() {
                managers.owned.remove(&key);
            }
        }
        if value::equal(&self.live_filled, &merged) {
            return Ok((self.live.clone(), managers));
        }
        managers.set_time(&key, self.now);
        Ok((target.filled(&merged), managers))
    }

    fn typed_error(&self, errors: &[(String, String)]) -> ApplyError {
        let text = |pointer: &str| {
            self.applied
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let kind = self.target.kind;
        ApplyError::Typed(format!(
            "failed to create typed patch object ({}/{}; {}/{}, Kind={}): {}",
            text("/metadata/namespace"),
            text("/metadata/name"),
            kind.group,
            kind.version,
            kind.kind,
            joined(errors)
        ))
    }

    /// `merged` without what the manager applied last time and does not apply now, unless somebody else owns it.
    fn pruned(&self, merged: &Value, managers: &Managers, last: &FieldSet) -> Value {
        let (types, root) = (self.target.types(), self.target.root());
        let named = |set: &FieldSet| set.with_declared_parents(types, Some(types.atom(root)));
        let (last, merged_set) = (named(last), named(&types.field_set(root, merged)));
        let mut owned = FieldSet::default();
        for manager in managers.owned.values() {
            owned = owned.union(&manager.fields);
        }
        let first = types.remove(root, merged, &last);
        let kept = named(&types.field_set(root, &first)).union(&named(&owned));
        let second = types.remove(root, merged, &merged_set.difference(&kept));
        let kept = named(&types.field_set(root, &second));
        types.remove(root, merged, &merged_set.difference(&kept).intersection(&last))
    }

    /// What `kubectl apply` applied last and is still as it was.
    fn owned_by_last_applied(&self) -> Option<FieldSet> {
        let target = self.target;
        let annotations = self.live.pointer("/metadata/annotations")?;
        let last: Value = serde_json::from_str(annotations.get(LAST_APPLIED)?.as_str()?).ok()?;
        if last.get("apiVersion")?.as_str()? != target.api_version() {
            return None;
        }
        let (types, root) = (target.types(), target.root());
        if !types.validate(root, &last, false).is_empty() || !types.validate(root, self.live, false).is_empty() {
            return None;
        }
        let compared = types.compare(root, &last, &self.live_filled);
        let set = types.field_set(root, &last);
        Some(
            set.difference(&compared.modified)
                .difference(&compared.added)
                .difference(&compared.removed),
        )
    }
}

fn joined(errors: &[(String, String)]) -> String {
    let shown = |(path, why): &(String, String)| {
        if path.is_empty() {
            why.clone()
        } else {
            format!("{path}: {why}")
        }
    };
    match errors {
        [one] => shown(one),
        many => {
            let lines: Vec<String> = many.iter().map(|error| format!("  {}", shown(error))).collect();
            format!("errors:\n{}", lines.join("\n"))
        }
    }
}

fn conflicts(managers: &Managers, compared: &Comparison, own_key: &str) -> Vec<Conflict> {
    let changed = compared.changed();
    let mut conflicts = Vec::new();
    for (key, owned) in managers.owned.iter().filter(|(key, _)| *key != own_key) {
        for elements in owned.fields.intersection(&changed).paths() {
            conflicts.push(Conflict {
                manager: shown_manager(&owned.identity),
                path: elements.iter().map(ToString::to_string).collect(),
                key: key.clone(),
                elements,
            });
        }
    }
    conflicts
}

fn shown_manager(identity: &Identity) -> String {
    let mut shown = go_quote(&identity.manager);
    if !identity.subresource.is_empty() {
        shown = format!("{shown} with subresource {}", go_quote(&identity.subresource));
    }
    if !identity.applies {
        shown = format!("{shown} using {}", identity.api_version);
    }
    shown
}

/// Keeps the annotation of a client-side apply in step, where there is one.
fn refresh_last_applied(object: &mut Value, applied: &Value) {
    let pointer = "/metadata/annotations";
    let Some(annotations) = object.pointer_mut(pointer).and_then(Value::as_object_mut) else {
        return;
    };
    if annotations
        .get(LAST_APPLIED)
        .and_then(Value::as_str)
        .is_none_or(str::is_empty)
    {
        return;
    }
    let mut applied = applied.clone();
    if let Some(own) = applied.pointer_mut(pointer).and_then(Value::as_object_mut) {
        own.remove(LAST_APPLIED);
    }
    annotations.insert(
        LAST_APPLIED.to_owned(),
        json!(format!("{}\n", value::go_json(&applied))),
    );
    if size(annotations) > MAX_ANNOTATIONS {
        annotations.remove(LAST_APPLIED);
    }
}

fn size(annotations: &Map<String, Value>) -> usize {
    annotations
        .iter()
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len))
        .sum()
}
