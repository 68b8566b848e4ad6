//! Deletion: preconditions, finalizers, owners and what they own, namespaces and what is in them.
//!
//! Source: `apiserver/pkg/registry/rest/delete.go`, `apiserver/pkg/registry/generic/registry/store.go`,
//! `pkg/controller/garbagecollector` and `pkg/controller/namespace/deletion` of Kubernetes 1.32.
//!
//! FIDELITY: what controllers and kubelets do some time later happens within the request: what belongs to an owner goes
//! with it, what is in a namespace goes with the namespace, custom resources go with their definition, and a pod on a node
//! is marked and then gone, as if its kubelet had stopped it at once. Owners that foreground deletion would have wait for
//! each other in a circle do not. An object that names only owners that are not there is left alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::DEFINITIONS;
use super::ObjectKey;
use super::ObjectStore;
use super::StoreError;
use super::index::owner_uids;
use super::items;
use super::metadata_mut;
use super::text;
use crate::value::instant::Timestamp;

/// Namespaces that are never deleted (`kubeapiserver/admission`, the lifecycle plugin).
const IMMORTAL: [&str; 3] = ["default", "kube-public", "kube-system"];
const NAMESPACES: &str = "namespaces";
/// On an owner that waits for what it owns.
const FOREGROUND: &str = "foregroundDeletion";
/// On a definition that waits for its objects.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";
/// A pod's where it does not say (`DefaultTerminationGracePeriodSeconds`).
const GRACE_SECONDS: i64 = 30;

/// How an object is to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// The uid that it must have.
    pub uid: Option<String>,
    /// The version that it must have.
    pub resource_version: Option<String>,
    /// Seconds that a pod may take to end; its own where absent.
    pub grace_seconds: Option<i64>,
    /// What becomes of what it owns; as its kind has it where absent.
    pub propagation: Option<Propagation>,
}

/// What becomes of what a deleted object owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// It goes after its owner.
    Background,
    /// It goes first.
    Foreground,
    /// It stays.
    Orphan,
}

/// What became of an object that was to be deleted.
#[derive(Clone, Debug, PartialEq)]
pub enum Deleted {
    /// It is gone; this it was last.
    Gone(Arc<Value>),
    /// It is marked, and something is still to be done before it goes.
    Marked(Arc<Value>),
}

impl Deleted {
    /// The object in its last or its present state.
    #[must_use]
    pub fn object(&self) -> &Arc<Value> {
        match self {
            Self::Gone(object) | Self::Marked(object) => object,
        }
    }
}

/// What is still to be done of a deletion.
#[derive(Debug)]
enum Task {
    /// Delete an object.
    Delete(ObjectKey, Propagation),
    /// Remove an object that waited for others, if it need not wait any longer.
    Finish(ObjectKey),
    /// Deal with what names a removed object as its owner.
    Collect(String),
}

impl ObjectStore {
    /// Deletes an object with all that follows from it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Precondition`], [`StoreError::Immortal`].
    pub fn delete(&mut self, key: &ObjectKey, options: &DeleteOptions, now: Timestamp) -> Result<Deleted, StoreError> {
        let stored = Arc::clone(self.find(key).ok_or(StoreError::NotFound)?);
        for (field, pointer, wanted) in [
            ("UID", "/metadata/uid", &options.uid),
            (
                "ResourceVersion",
                "/metadata/resourceVersion",
                &options.resource_version,
            ),
        ] {
            let found = text(&stored, pointer);
            if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
                return Err(StoreError::Precondition {
                    field,
                    wanted: wanted.to_owned(),
                    found: found.to_owned(),
                });
            }
        }
        if key.resource == NAMESPACES && IMMORTAL.contains(&key.name.as_str()) {
            return Err(StoreError::Immortal);
        }
        let grace = (key.resource == "pods").then(|| grace_of(&stored, options)).flatten();
        let stored = match grace {
            Some(seconds) => self.mark_pod(key, &stored, seconds, now),
            None => stored,
        };
        let propagation = options
            .propagation
            .unwrap_or_else(|| default_propagation(&key.resource));
        self.work(vec![Task::Delete(key.clone(), propagation)], now);
        Ok(match self.find(key) {
            Some(marked) => Deleted::Marked(Arc::clone(marked)),
            None => Deleted::Gone(stored),
        })
    }

    /// [`ObjectStore::update`], after which an object that waited only for what the update took away is gone. Returns it
    /// as it is, or was last.
    ///
    /// # Errors
    /// Those of [`ObjectStore::update`].
    pub fn replace(&mut self, key: &ObjectKey, mut object: Value, now: Timestamp) -> Result<Arc<Value>, StoreError> {
        let stored = Arc::clone(self.find(key).ok_or(StoreError::NotFound)?);
        if !self.prepare_update(&stored, &mut object)? {
            return Ok(stored);
        }
        let object = self.put_checked(key.clone(), object)?;
        if is_done(key, &object) {
            let mut tasks = Vec::new();
            self.take(key, &mut tasks);
            self.work(tasks, now);
        }
        Ok(object)
    }

    /// The resources of which there are objects.
    fn resources(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut next = self.objects.range(ObjectKey::new("", "", "")..).next();
        while let Some((key, _)) = next {
            found.push(key.resource.clone());
            // The least text that is greater than every key of this resource.
            let after = format!("{}\0", key.resource);
            next = self.objects.range(ObjectKey::new(&after, "", "")..).next();
        }
        found
    }

    /// Whether anything is in a namespace.
    fn contents(&self, namespace: &str) -> Vec<ObjectKey> {
        let resources = self.resources();
        let keys = resources
            .iter()
            .flat_map(|resource| self.list(resource, Some(namespace)).map(|(key, _)| key.clone()));
        keys.collect()
    }

    fn work(&mut self, mut tasks: Vec<Task>, now: Timestamp) {
        // Namespaces and definitions are looked at once, after all else.
        let mut containers = BTreeSet::new();
        loop {
            match tasks.pop() {
                Some(Task::Delete(key, propagation)) => self.delete_one(&key, propagation, &mut tasks, now),
                Some(Task::Collect(uid)) => self.collect(&uid, &mut tasks),
                Some(Task::Finish(key)) if key.resource == NAMESPACES || key.resource == DEFINITIONS => {
                    containers.insert(key);
                }
                Some(Task::Finish(key)) => self.finish_owner(&key, &mut tasks),
                None => match containers.pop_first() {
                    Some(key) => self.finish_container(&key, &mut tasks),
                    None => return,
                },
            }
        }
    }

    fn delete_one(&mut self, key: &ObjectKey, propagation: Propagation, tasks: &mut Vec<Task>, now: Timestamp) {
        let Some(stored) = self.find(key).cloned() else {
            return;
        };
        let uid = text(&stored, "/metadata/uid").to_owned();
        let owned = self.index.owned(&uid);
        let is_container = key.resource == NAMESPACES || key.resource == DEFINITIONS;
        if propagation == Propagation::Orphan {
            for owned in &owned {
                self.disown(owned, &uid);
            }
        }
        let waits_for_owned = propagation == Propagation::Foreground && !owned.is_empty();
        let is_marked = !text(&stored, "/metadata/deletionTimestamp").is_empty();
        if is_marked && (is_container || has_finalizer(&stored, FOREGROUND)) {
            return;
        }
        let has_finalizers = !items(&stored, "/metadata/finalizers").is_empty();
        if !(has_finalizers || waits_for_owned || is_container) {
            self.take(key, tasks);
            return;
        }
        if !is_marked || waits_for_owned {
            self.mark(key, &stored, waits_for_owned, now);
        }
        if waits_for_owned {
            tasks.push(Task::Finish(key.clone()));
            tasks.extend(owned.into_iter().map(|key| Task::Delete(key, Propagation::Foreground)));
        }
        if is_container {
            tasks.push(Task::Finish(key.clone()));
            let contents = match key.resource.as_str() {
                NAMESPACES => self.contents(&key.name),
                _ => self.list(&key.name, None).map(|(key, _)| key.clone()).collect(),
            };
            tasks.extend(
                contents
                    .into_iter()
                    .map(|key| Task::Delete(key, Propagation::Background)),
            );
        }
    }

    /// Says when an object is to go, and that it waits for what it owns.
    fn mark(&mut self, key: &ObjectKey, stored: &Value, waits_for_owned: bool, now: Timestamp) {
        let mut object = stored.clone();
        let metadata = metadata_mut(&mut object);
        if !metadata.contains_key("deletionTimestamp") {
            metadata.insert("deletionTimestamp".to_owned(), json!(now.render_rfc3339()));
            metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(0));
            count_generation(metadata);
        }
        if key.resource == NAMESPACES {
            // A namespace has no grace period.
            metadata.remove("deletionGracePeriodSeconds");
        }
        let waits_for_objects = key.resource == DEFINITIONS;
        for (waits, finalizer) in [(waits_for_owned, FOREGROUND), (waits_for_objects, CLEANUP)] {
            let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
            if let (true, Some(finalizers)) = (waits, finalizers.as_array_mut()) {
                finalizers.push(json!(finalizer));
            }
        }
        drop_empty_finalizers(metadata);
        if let (NAMESPACES, Some(map)) = (key.resource.as_str(), object.as_object_mut()) {
            map.insert("status".to_owned(), json!({"phase": "Terminating"}));
        }
        self.put(key.clone(), object);
    }

    /// The first half of a pod's deletion: it is told to end.
    fn mark_pod(&mut self, key: &ObjectKey, stored: &Value, seconds: i64, now: Timestamp) -> Arc<Value> {
        let mut object = stored.clone();
        let metadata = metadata_mut(&mut object);
        let end = now.plus_seconds(seconds).render_rfc3339();
        metadata.insert("deletionTimestamp".to_owned(), json!(end));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(seconds));
        count_generation(metadata);
        self.put(key.clone(), object)
    }

    /// Removes an object; what follows from that are tasks.
    fn take(&mut self, key: &ObjectKey, tasks: &mut Vec<Task>) {
        let Ok(removed) = self.remove(key) else {
            return;
        };
        if !key.namespace.is_empty() {
            self.wake(ObjectKey::new(NAMESPACES, "", &key.namespace), tasks);
        }
        if key.resource.contains('.') {
            self.wake(ObjectKey::new(DEFINITIONS, "", &key.resource), tasks);
        }
        for owner in owner_uids(&removed) {
            if let Some(owner) = self.index.find(&owner) {
                tasks.push(Task::Finish(owner.clone()));
            }
        }
        let uid = text(&removed, "/metadata/uid").to_owned();
        if !self.index.owned(&uid).is_empty() {
            tasks.push(Task::Collect(uid));
        }
    }

    /// Has a namespace or a definition looked at, if it waits.
    fn wake(&self, key: ObjectKey, tasks: &mut Vec<Task>) {
        let waits = self
            .find(&key)
            .is_some_and(|found| !text(found, "/metadata/deletionTimestamp").is_empty());
        if waits {
            tasks.push(Task::Finish(key));
        }
    }

    /// Deletes what only an owner had that is gone; others forget it.
    fn collect(&mut self, uid: &str, tasks: &mut Vec<Task>) {
        for key in self.index.owned(uid) {
            let Some(object) = self.find(&key) else { continue };
            let has_another = owner_uids(object).iter().any(|owner| self.index.find(owner).is_some());
            if has_another {
                self.disown(&key, uid);
            } else {
                tasks.push(Task::Delete(key, Propagation::Background));
            }
        }
    }

    /// Takes an owner out of an object.
    fn disown(&mut self, key: &ObjectKey, uid: &str) {
        let Some(stored) = self.find(key) else { return };
        let mut object = (**stored).clone();
        let metadata = metadata_mut(&mut object);
        if let Some(references) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) {
            references.retain(|reference| text(reference, "/uid") != uid);
            if references.is_empty() {
                metadata.remove("ownerReferences");
            }
        }
        self.put(key.clone(), object);
    }

    /// Lets an owner go that waited for what it owns, if nothing holds it any longer.
    fn finish_owner(&mut self, key: &ObjectKey, tasks: &mut Vec<Task>) {
        let Some(stored) = self.find(key).cloned() else {
            return;
        };
        let uid = text(&stored, "/metadata/uid");
        if text(&stored, "/metadata/deletionTimestamp").is_empty() || !has_finalizer(&stored, FOREGROUND) {
            return;
        }
        let holds = |owned: &ObjectKey| {
            self.find(owned).is_some_and(|object| {
                let references = items(object, "/metadata/ownerReferences").iter();
                let mut blocking = references.filter(|reference| {
                    text(reference, "/uid") == uid && reference.get("blockOwnerDeletion") == Some(&Value::Bool(true))
                });
                // One that waits itself may wait for this one.
                blocking.next().is_some() && !has_finalizer(object, FOREGROUND)
            })
        };
        if self.index.owned(uid).iter().any(holds) {
            return;
        }
        let mut object = (*stored).clone();
        remove_finalizer(metadata_mut(&mut object), FOREGROUND);
        let object = self.put(key.clone(), object);
        if is_done(key, &object) {
            self.take(key, tasks);
        }
    }

    /// Lets a namespace or a definition go that was emptied, or says what it waits for.
    fn finish_container(&mut self, key: &ObjectKey, tasks: &mut Vec<Task>) {
        let Some(stored) = self.find(key).cloned() else {
            return;
        };
        if text(&stored, "/metadata/deletionTimestamp").is_empty() {
            return;
        }
        let is_namespace = key.resource == NAMESPACES;
        let contents = if is_namespace {
            self.contents(&key.name)
        } else {
            self.list(&key.name, None).map(|(key, _)| key.clone()).collect()
        };
        let mut object = (*stored).clone();
        if !contents.is_empty() {
            if is_namespace {
                self.tell_remaining(&mut object, &contents);
                if object != *stored {
                    self.put(key.clone(), object);
                }
            }
            return;
        }
        if let Some(finalizers) = object.pointer_mut("/spec/finalizers").and_then(Value::as_array_mut) {
            finalizers.retain(|finalizer| finalizer != "kubernetes");
        }
        remove_finalizer(metadata_mut(&mut object), CLEANUP);
        if is_done(key, &object) {
            self.take(key, tasks);
        } else if object != *stored {
            self.put(key.clone(), object);
        }
    }

    /// Writes into a namespace's status what is still in it.
    fn tell_remaining(&self, namespace: &mut Value, contents: &[ObjectKey]) {
        let mut resources: Vec<(String, usize)> = Vec::new();
        let mut finalizers: Vec<(String, usize)> = Vec::new();
        let count = |list: &mut Vec<(String, usize)>, name: &str| match list.iter_mut().find(|(found, _)| found == name)
        {
            Some((_, count)) => *count += 1,
            None => list.push((name.to_owned(), 1)),
        };
        for key in contents {
            let (plural, group) = key.resource.split_once('.').unwrap_or((&key.resource, ""));
            count(&mut resources, &format!("{plural}.{group}"));
            let found = self.find(key).map(|object| items(object, "/metadata/finalizers"));
            for finalizer in found.into_iter().flatten().filter_map(Value::as_str) {
                count(&mut finalizers, finalizer);
            }
        }
        let told = |list: &mut Vec<(String, usize)>, verb: &str| {
            list.sort();
            let texts: Vec<String> = list
                .iter()
                .map(|(name, count)| format!("{name} {verb} {count} resource instances"))
                .collect();
            texts.join(", ")
        };
        let time = text(namespace, "/metadata/deletionTimestamp").to_owned();
        let condition = |name: &str, reason: &str, message: String| json!({"lastTransitionTime": time, "message": message, "reason": reason, "status": "True", "type": name});
        let mut conditions = vec![condition(
            "NamespaceContentRemaining",
            "SomeResourcesRemain",
            format!("Some resources are remaining: {}", told(&mut resources, "has")),
        )];
        if !finalizers.is_empty() {
            conditions.push(condition(
                "NamespaceFinalizersRemaining",
                "SomeFinalizersRemain",
                format!(
                    "Some content in the namespace has finalizers remaining: {}",
                    told(&mut finalizers, "in")
                ),
            ));
        }
        if let Some(status) = namespace.get_mut("status").and_then(Value::as_object_mut) {
            status.insert("conditions".to_owned(), json!(conditions));
        }
    }
}

/// The kinds whose owned objects stay where nothing is said, as they did before there was a garbage collector.
fn default_propagation(resource: &str) -> Propagation {
    match resource {
        "jobs.batch" | "replicationcontrollers" => Propagation::Orphan,
        _ => Propagation::Background,
    }
}

/// Seconds for which a kubelet would let a pod end; nothing where there is none to ask, or nothing to end.
fn grace_of(pod: &Value, options: &DeleteOptions) -> Option<i64> {
    let own = pod
        .pointer("/spec/terminationGracePeriodSeconds")
        .and_then(Value::as_i64);
    let seconds = options.grace_seconds.or(own).unwrap_or(GRACE_SECONDS);
    let ends = !text(pod, "/spec/nodeName").is_empty()
        && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
        && text(pod, "/metadata/deletionTimestamp").is_empty();
    (ends && seconds > 0).then_some(seconds)
}

fn count_generation(metadata: &mut Map<String, Value>) {
    if let Some(generation) = metadata
        .get("generation")
        .and_then(Value::as_i64)
        .filter(|number| *number > 0)
    {
        metadata.insert("generation".to_owned(), json!(generation + 1));
    }
}

fn remove_finalizer(metadata: &mut Map<String, Value>, finalizer: &str) {
    if let Some(finalizers) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
        finalizers.retain(|found| found != finalizer);
    }
    drop_empty_finalizers(metadata);
}

fn drop_empty_finalizers(metadata: &mut Map<String, Value>) {
    if metadata
        .get("finalizers")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty)
    {
        metadata.remove("finalizers");
    }
}

fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    items(object, "/metadata/finalizers")
        .iter()
        .any(|found| found == finalizer)
}

/// Whether an object is to go and nothing holds it.
fn is_done(key: &ObjectKey, object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
        && items(object, "/metadata/finalizers").is_empty()
        && (key.resource != NAMESPACES || items(object, "/spec/finalizers").is_empty())
}

#[cfg(test)]
mod tests;
