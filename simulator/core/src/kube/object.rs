//! Kubernetes objects as the API server stores them: JSON under a resource, a namespace and a name.
//!
//! The store knows nothing of HTTP. It stamps uid, resourceVersion and creationTimestamp, and refuses stale writes.

pub mod deletion;
pub mod disruption;
pub mod history;
mod index;
pub mod job;
pub(crate) mod kept;
pub(super) mod pod;
pub mod service;
pub mod staging;
pub mod strategy;

use std::io;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use self::history::History;
use self::index::Index;
use self::kept::Kept;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// The resource of CustomResourceDefinitions.
pub const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// An object has no more bytes of JSON (etcd's `--max-request-bytes`; it counts the encoded request).
const OBJECT_BYTES: usize = 1_572_864;

/// And takes no more bytes of memory, by [`kept::size`]: a map of one field takes a hundred times its text. FIDELITY: etcd knows
/// no such limit.
const OBJECT_MEMORY: usize = 48 * 1024 * 1024;

/// All objects of a cluster take no more bytes of memory, by [`kept::size`]. FIDELITY: etcd counts what it has on its disk,
/// 8 GiB in EKS, with all versions that are not compacted yet.
const STORE_BYTES: usize = 512 * 1024 * 1024;

/// Where an object stands. Ordered so that a list is one range of the map, by namespace and then by name, as etcd's is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Plural and group, such as `configmaps` or `rolebindings.rbac.authorization.k8s.io`.
    pub resource: String,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    /// The object's name.
    pub name: String,
}

impl ObjectKey {
    /// The key of those three parts.
    #[must_use]
    pub fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self {
            resource: resource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// All objects of a cluster.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ObjectStore {
    #[serde(skip)]
    objects: OrdMap<ObjectKey, Arc<Kept>>,
    revision: u64,
    #[serde(skip)]
    history: History,
    #[serde(skip)]
    index: Index,
    // INVARIANT: the sizes of all that is kept, together.
    #[serde(skip)]
    bytes: usize,
}

impl ObjectStore {
    /// The number of the last change; a list's resourceVersion.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Goes on after another store's revision, and remembers no change before: a watch that saw that store must begin
    /// again. So etcd restores a backup with `--bump-revision` and `--mark-compacted` (`etcdutl snapshot restore`).
    pub(crate) fn go_on_after(&mut self, revision: u64) {
        self.revision = self.revision.max(revision).saturating_add(1);
        self.history = History::default();
    }

    /// The object at `key`.
    #[must_use]
    pub fn find(&self, key: &ObjectKey) -> Option<&Arc<Value>> {
        self.objects.get(key).map(|kept| kept.value())
    }

    /// The objects of a resource, in one namespace or (with `None`) in all, ordered by namespace and name.
    pub fn list<'a>(
        &'a self,
        resource: &'a str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Value>)> {
        let first = ObjectKey::new(resource, namespace.unwrap_or_default(), "");
        let listed = self.range(Bound::Included(first), resource, namespace);
        listed.map(|(key, kept)| (key, kept.value()))
    }

    /// Those of a resource and a namespace, or of all namespaces, from a key on.
    fn range<'a>(
        &'a self,
        from: Bound<ObjectKey>,
        resource: &'a str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Kept)> {
        let listed = self
            .objects
            .range((from, Bound::Unbounded))
            .take_while(move |(key, _)| {
                key.resource == resource && namespace.is_none_or(|wanted| key.namespace == wanted)
            });
        listed.map(|(key, kept)| (key, &**kept))
    }

    /// The objects of a resource, by namespace and name, as they are kept: [`Kept::peek`] makes none.
    pub(crate) fn kept<'a>(&'a self, resource: &'a str) -> impl Iterator<Item = (&'a ObjectKey, &'a Kept)> {
        self.range(Bound::Included(ObjectKey::new(resource, "", "")), resource, None)
    }

    /// [`ObjectStore::list`], from behind `after` on.
    pub fn list_after<'a>(
        &'a self,
        resource: &'a str,
        namespace: Option<&'a str>,
        after: &'a ObjectKey,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Value>)> {
        let listed = self.range(Bound::Excluded(after.clone()), resource, namespace);
        listed.map(|(key, kept)| (key, kept.value()))
    }

    /// Stores what clusters share, which has its name and its namespace but no uid, as a new object. It is made when somebody
    /// looks at it. What came before is remembered no more, so that this is for stores that begin.
    pub(crate) fn create_shared(&mut self, key: ObjectKey, base: Arc<Value>, ids: &mut IdGenerator, now: Timestamp) {
        if self.objects.contains_key(&key) {
            return;
        }
        let uid = ids.uuid();
        self.revision += 1;
        self.history = History::default();
        self.index.add(&uid, &key);
        let kept = Kept::shared(base, uid, now, self.revision);
        self.bytes += kept.size();
        self.objects.insert(key, Arc::new(kept));
    }

    /// Stores a new object and returns it as stored. Without a uid it gets one (see [`identify`]).
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`]; [`StoreError::TooLarge`] and [`StoreError::NoSpace`].
    pub fn create(
        &mut self,
        key: ObjectKey,
        mut object: Value,
        ids: &mut IdGenerator,
        now: Timestamp,
    ) -> Result<Arc<Value>, StoreError> {
        if let Some(found) = self.find(&key) {
            return Err(if text(found, "/metadata/deletionTimestamp").is_empty() {
                StoreError::AlreadyExists
            } else {
                StoreError::BeingDeleted
            });
        }
        let metadata = metadata_mut(&mut object);
        metadata.insert("name".to_owned(), json!(key.name));
        if !key.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), json!(key.namespace));
        }
        metadata.insert("creationTimestamp".to_owned(), json!(now.render_rfc3339()));
        if text(&object, "/metadata/uid").is_empty() {
            identify(&mut object, ids);
        }
        self.put_checked(key, object)
    }

    /// Replaces an object and returns it as stored. uid and creationTimestamp stay; a resourceVersion in the new object
    /// must be the stored one. An object that says the same as before is not written, so its resourceVersion stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] and [`StoreError::OtherUid`] when resourceVersion or uid differ
    /// from the stored ones; [`StoreError::TooLarge`] and [`StoreError::NoSpace`].
    pub fn update(&mut self, key: &ObjectKey, mut object: Value) -> Result<Arc<Value>, StoreError> {
        let stored = Arc::clone(self.find(key).ok_or(StoreError::NotFound)?);
        if !self.prepare_update(&stored, &mut object)? {
            return Ok(stored);
        }
        self.put_checked(key.clone(), object)
    }

    /// Checks the version that `object` names and gives it what no update changes; whether it then says something new.
    fn prepare_update(&self, stored: &Value, object: &mut Value) -> Result<bool, StoreError> {
        let kept = stored.get("metadata").cloned().unwrap_or_default();
        let metadata = metadata_mut(object);
        let differs = |field: &str| {
            let presented = metadata.get(field).and_then(Value::as_str).unwrap_or_default();
            let is_other = !presented.is_empty() && Some(presented) != kept.get(field).and_then(Value::as_str);
            is_other.then(|| presented.to_owned())
        };
        if let Some(presented) = differs("uid") {
            let stored = text(stored, "/metadata/uid").to_owned();
            return Err(StoreError::OtherUid { presented, stored });
        }
        if differs("resourceVersion").is_some() {
            return Err(StoreError::Conflict);
        }
        for field in ["uid", "creationTimestamp", "resourceVersion"] {
            if let Some(value) = kept.get(field) {
                metadata.insert(field.to_owned(), value.clone());
            }
        }
        Ok(*object != *stored)
    }

    /// Removes an object, whatever it says of finalizers and whatever belongs to it, and returns it as it was last.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn remove(&mut self, key: &ObjectKey) -> Result<Arc<Value>, StoreError> {
        let kept = self.objects.remove(key).ok_or(StoreError::NotFound)?;
        let removed = Arc::clone(kept.value());
        self.revision += 1;
        // The last state carries the version of the deletion, so that a watch can go on from it.
        let mut last = (*removed).clone();
        metadata_mut(&mut last).insert("resourceVersion".to_owned(), json!(self.revision.to_string()));
        self.index.change(key, Some(&removed), None);
        self.bytes -= kept.size();
        self.history.record(
            self.revision,
            key.clone(),
            Some(Arc::clone(&removed)),
            None,
            (Arc::new(last), kept.size()),
        );
        Ok(removed)
    }

    /// Puts an object back as it was stored.
    pub(crate) fn restore(&mut self, key: ObjectKey, object: Arc<Value>) {
        self.restore_kept(key, Arc::new(Kept::made(object)));
    }

    fn restore_kept(&mut self, key: ObjectKey, kept: Arc<Kept>) {
        self.index.change(&key, None, Some(kept.value()));
        self.bytes += kept.size();
        self.objects.insert(key, kept);
    }

    /// A store of that object only, which remembers no change.
    pub(crate) fn only(&self, key: &ObjectKey) -> Self {
        let mut only = Self {
            revision: self.revision,
            ..Self::default()
        };
        if let Some(kept) = self.objects.get(key) {
            only.restore_kept(key.clone(), Arc::clone(kept));
        }
        only
    }

    /// About how many bytes of memory all objects take.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Every object.
    pub(crate) fn all(&self) -> &OrdMap<ObjectKey, Arc<Kept>> {
        &self.objects
    }

    /// Puts an object in its place, unless it is too large, or makes all of them too large together.
    fn put_checked(&mut self, key: ObjectKey, object: Value) -> Result<Arc<Value>, StoreError> {
        if !has_at_most(OBJECT_BYTES, &object) {
            return Err(StoreError::TooLarge);
        }
        let kept = self.next(object);
        if kept.size() > OBJECT_MEMORY {
            return Err(StoreError::TooLarge);
        }
        let bytes = self.bytes_with(&key, &kept);
        // Who makes an object smaller frees space.
        if bytes > STORE_BYTES && bytes > self.bytes {
            return Err(StoreError::NoSpace);
        }
        Ok(self.put_kept(key, kept))
    }

    /// Puts an object in its place, however large it is.
    fn put(&mut self, key: ObjectKey, object: Value) -> Arc<Value> {
        let kept = self.next(object);
        self.put_kept(key, kept)
    }

    /// An object as it is kept by the next change.
    fn next(&self, mut object: Value) -> Kept {
        let version = self.revision + 1;
        metadata_mut(&mut object).insert("resourceVersion".to_owned(), json!(version.to_string()));
        Kept::made(Arc::new(object))
    }

    /// What all objects take once `kept` stands at `key`.
    fn bytes_with(&self, key: &ObjectKey, kept: &Kept) -> usize {
        let before = self.objects.get(key).map_or(0, |before| before.size());
        self.bytes - before + kept.size()
    }

    fn put_kept(&mut self, key: ObjectKey, kept: Kept) -> Arc<Value> {
        self.bytes = self.bytes_with(&key, &kept);
        self.revision += 1;
        let (object, size) = (Arc::clone(kept.value()), kept.size());
        let before = self.objects.insert(key.clone(), Arc::new(kept));
        let before = before.map(|before| Arc::clone(before.value()));
        self.index.change(&key, before.as_deref(), Some(&object));
        let latest = Arc::clone(&object);
        self.history
            .record(self.revision, key, before, Some(Arc::clone(&object)), (latest, size));
        object
    }
}

/// Whether a value has no more bytes of JSON.
fn has_at_most(limit: usize, value: &Value) -> bool {
    /// Room for so many bytes more.
    struct Room(usize);

    impl io::Write for Room {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::WriteZero)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    serde_json::to_writer(Room(limit), value).is_ok()
}

/// Gives an object a uid of its own, whatever its metadata says. What the API server makes of a new object may depend on
/// it, so that a uid comes first (`FillObjectMetaSystemFields` in `apiserver/pkg/registry/rest`).
pub fn identify(object: &mut Value, ids: &mut IdGenerator) {
    metadata_mut(object).insert("uid".to_owned(), json!(ids.uuid()));
}

/// The text at a pointer, empty where there is none.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a pointer, empty where there is none.
#[must_use]
pub fn items<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The object's metadata, made where it is absent or no map.
fn metadata_mut(object: &mut Value) -> &mut serde_json::Map<String, Value> {
    if !object.is_object() {
        *object = json!({});
    }
    let slot = match object {
        Value::Object(map) => map.entry("metadata").or_insert_with(|| json!({})),
        other => other,
    };
    if !slot.is_object() {
        *slot = json!({});
    }
    match slot {
        Value::Object(map) => map,
        _ => metadata_mut(slot),
    }
}

/// A write that the store refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// An object is there already.
    #[error("object already exists")]
    AlreadyExists,
    /// An object is there, and waits for its finalizers.
    #[error("object is being deleted")]
    BeingDeleted,
    /// The object was changed since it was read.
    #[error("object has been modified")]
    Conflict,
    /// There is no such object.
    #[error("object not found")]
    NotFound,
    /// Another object of the same name is there.
    #[error("uid is `{presented}`, stored is `{stored}`")]
    OtherUid {
        /// The uid that the request names.
        presented: String,
        /// The uid of the stored object.
        stored: String,
    },
    /// The object is there, but not as the request demands.
    #[error("{field} in precondition is `{wanted}`, in the object `{found}`")]
    Precondition {
        /// `UID` or `ResourceVersion`.
        field: &'static str,
        /// What is demanded.
        wanted: String,
        /// What is there.
        found: String,
    },
    /// The namespace must not be deleted.
    #[error("this namespace may not be deleted")]
    Immortal,
    /// The object has too many bytes (`ErrRequestTooLarge` in `etcd/api/v3rpc/rpctypes`).
    #[error("etcdserver: request is too large")]
    TooLarge,
    /// All objects together have too many bytes (`ErrNoSpace` there).
    #[error("etcdserver: mvcc: database space exceeded")]
    NoSpace,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store_with(names: &[(&str, &str)]) -> ObjectStore {
        let mut store = ObjectStore::default();
        let mut ids = IdGenerator::new(1);
        for (namespace, name) in names {
            store
                .create(
                    ObjectKey::new("configmaps", namespace, name),
                    json!({"data": {"a": "1"}}),
                    &mut ids,
                    Timestamp::UNIX_EPOCH,
                )
                .unwrap();
        }
        store
    }

    #[test]
    fn what_an_object_and_all_of_them_take_is_bounded() {
        let mut store = ObjectStore::default();
        let mut ids = IdGenerator::new(1);
        let many: Value = (0..100_000).map(|at| json!({"a": at})).collect();
        let key = ObjectKey::new("things.example.com", "a", "many");
        let many = json!({"spec": many});
        assert!(has_at_most(OBJECT_BYTES, &many));
        let refused = store.create(key, many, &mut ids, Timestamp::UNIX_EPOCH);
        assert_eq!(refused.unwrap_err(), StoreError::TooLarge);
        let mut create = |store: &mut ObjectStore, name: &str, bytes: usize| {
            let key = ObjectKey::new("configmaps", "a", name);
            let object = json!({"data": {"a": "x".repeat(bytes)}});
            store.create(key, object, &mut ids, Timestamp::UNIX_EPOCH)
        };
        assert_eq!(
            create(&mut store, "large", OBJECT_BYTES).unwrap_err(),
            StoreError::TooLarge
        );
        assert_eq!((store.revision(), store.bytes()), (0, 0));
        create(&mut store, "fits", OBJECT_BYTES - 1000).unwrap();
        let of_one = store.bytes();
        // As if there were as many as it takes.
        store.bytes = STORE_BYTES - 10;
        assert_eq!(create(&mut store, "more", 10).unwrap_err(), StoreError::NoSpace);
        let key = ObjectKey::new("configmaps", "a", "fits");
        let large = json!({"data": {"a": "x".repeat(OBJECT_BYTES)}});
        assert_eq!(store.update(&key, large.clone()).unwrap_err(), StoreError::TooLarge);
        assert_eq!(
            store.replace(&key, large, Timestamp::UNIX_EPOCH).unwrap_err(),
            StoreError::TooLarge
        );
        store.update(&key, json!({"data": {"a": "x"}})).unwrap();
        assert!(store.bytes() < STORE_BYTES - 1_000_000);
        create(&mut store, "more", 10).unwrap();
        let restored = store.only(&key);
        assert!(restored.bytes() < of_one && restored.find(&key).is_some());
    }

    #[test]
    fn list_keeps_to_its_resource_and_namespace() {
        let mut store = store_with(&[("b", "y"), ("a", "z"), ("b", "x")]);
        store
            .create(
                ObjectKey::new("configmapsx", "b", "q"),
                json!({}),
                &mut IdGenerator::new(2),
                Timestamp::UNIX_EPOCH,
            )
            .unwrap();
        let names = |namespace| -> Vec<String> {
            store
                .list("configmaps", namespace)
                .map(|(key, _)| key.name.clone())
                .collect()
        };
        assert_eq!(names(None), ["z", "x", "y"]);
        assert_eq!(names(Some("b")), ["x", "y"]);
        assert_eq!(names(Some("c")), Vec::<String>::new());
    }

    #[test]
    fn stale_write_is_refused_and_equal_write_keeps_its_version() {
        let mut store = store_with(&[("a", "x")]);
        let key = ObjectKey::new("configmaps", "a", "x");
        let first = (**store.find(&key).unwrap()).clone();
        assert_eq!(
            store.update(&key, first.clone()).unwrap()["metadata"]["resourceVersion"],
            "1"
        );
        let mut changed = first.clone();
        changed["data"]["a"] = json!("2");
        assert_eq!(
            store.update(&key, changed.clone()).unwrap()["metadata"]["resourceVersion"],
            "2"
        );
        assert_eq!(store.update(&key, changed).unwrap_err(), StoreError::Conflict);
        assert_eq!(store.find(&key).unwrap()["metadata"]["uid"], first["metadata"]["uid"]);
    }
}
