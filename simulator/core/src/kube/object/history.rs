//! What happened to the objects lately, so that watches can follow, and lists can show how it was.
//!
//! Source of what a watch reports: `convertToWatchEvent` in `apiserver/pkg/storage/cacher/cacher.go` of Kubernetes 1.32.

use std::borrow::Cow;
use std::sync::Arc;

use imbl::Vector;
use serde_json::Value;
use serde_json::json;

use super::ObjectKey;
use super::ObjectStore;
use super::kept::Kept;
use super::metadata_mut;

/// Changes that are remembered; a watch from before them must begin again. kube-apiserver remembers 100 to 102,400 for
/// each resource.
pub const HISTORY: usize = 10_000;

/// What the remembered changes take together, in bytes of memory by [`size`](super::kept::size): few large objects are as many as small ones.
/// kube-apiserver counts changes only.
const HISTORY_BYTES: usize = 32 * 1024 * 1024;

/// The last changes, each of which raised the revision by one.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    // INVARIANT: revisions rise by one from entry to entry, up to the store's.
    changes: Vector<Arc<Change>>,
    /// Of all changes.
    bytes: usize,
}

/// One change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The store's revision after it.
    pub revision: u64,
    /// Whose.
    pub key: ObjectKey,
    before: Option<Arc<Value>>,
    after: Option<Arc<Value>>,
    /// The object after it; of one that was deleted, its last state with the version of the deletion.
    latest: Arc<Value>,
    /// What it takes of memory beside the changes around it.
    bytes: usize,
}

/// What a watch reports of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The object came into the selection.
    Added,
    /// It stayed in it.
    Modified,
    /// It left it.
    Deleted,
}

impl ChangeKind {
    /// As it stands in a watch event.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

impl History {
    /// Remembers a change, whose latest state comes with its size.
    pub(super) fn record(
        &mut self,
        revision: u64,
        key: ObjectKey,
        before: Option<Arc<Value>>,
        after: Option<Arc<Value>>,
        (latest, bytes): (Arc<Value>, usize),
    ) {
        // What was there before is the latest of an earlier change.
        self.bytes += bytes;
        self.changes.push_back(Arc::new(Change {
            revision,
            key,
            before,
            after,
            latest,
            bytes,
        }));
        while self.changes.len() > HISTORY || (self.bytes > HISTORY_BYTES && self.changes.len() > 1) {
            let Some(forgotten) = self.changes.pop_front() else {
                break;
            };
            self.bytes -= forgotten.bytes;
        }
    }
}

impl Change {
    /// Whether the object was not there before.
    #[must_use]
    pub fn is_creation(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the object is not there after it.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        self.after.is_none()
    }

    /// What a watch of the objects that `selects` picks reports of it.
    pub fn seen(&self, selects: impl Fn(&Value) -> bool) -> Option<(ChangeKind, Arc<Value>)> {
        let before = self.before.as_ref().filter(|object| selects(object));
        let after = self.after.as_ref().filter(|object| selects(object));
        match (before, after) {
            (None, None) => None,
            (None, Some(after)) => Some((ChangeKind::Added, Arc::clone(after))),
            (Some(_), Some(after)) => Some((ChangeKind::Modified, Arc::clone(after))),
            (Some(_), None) if self.after.is_none() => Some((ChangeKind::Deleted, Arc::clone(&self.latest))),
            (Some(before), None) => {
                // It is still there, so the watch shows what it was when it was last selected.
                let mut last = (**before).clone();
                metadata_mut(&mut last).insert("resourceVersion".to_owned(), json!(self.revision.to_string()));
                Some((ChangeKind::Deleted, Arc::new(last)))
            }
        }
    }
}

impl ObjectStore {
    /// The changes after `revision`, oldest first; nothing where some of them are forgotten. None came after a revision
    /// that is still to come.
    pub fn changes_after(&self, revision: u64) -> Option<impl Iterator<Item = &Arc<Change>>> {
        let changes = &self.history.changes;
        let newer = usize::try_from(self.revision.saturating_sub(revision)).ok()?;
        let from = changes.len().checked_sub(newer)?;
        // Not by `skip`, which goes through all that it leaves out.
        Some((from..changes.len()).filter_map(|at| changes.get(at)))
    }

    /// The objects as they were at `revision`, which is not after the store's own; nothing where that is forgotten.
    #[must_use]
    pub fn at(&self, revision: u64) -> Option<Cow<'_, Self>> {
        if revision == self.revision {
            return Some(Cow::Borrowed(self));
        }
        let changes: Vec<Arc<Change>> = self.changes_after(revision)?.map(Arc::clone).collect();
        let mut then = self.clone();
        for change in changes.into_iter().rev() {
            match &change.before {
                Some(before) => {
                    let before = Kept::made(Arc::clone(before));
                    then.objects.insert(change.key.clone(), Arc::new(before))
                }
                None => then.objects.remove(&change.key),
            };
        }
        // What else the store knows is of now, and nobody asks a past one for it.
        then.revision = revision;
        Some(Cow::Owned(then))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::value::id::IdGenerator;
    use crate::value::instant::Timestamp;

    fn map(name: &str) -> ObjectKey {
        ObjectKey::new("configmaps", "n", name)
    }

    fn is_red(object: &Value) -> bool {
        object["metadata"]["labels"]["color"] == "red"
    }

    fn labelled(color: &str, number: usize) -> Value {
        json!({"metadata": {"labels": {"color": color}}, "data": {"number": number.to_string()}})
    }

    #[test]
    fn objects_enter_and_leave_a_selection() {
        let mut store = ObjectStore::default();
        let mut ids = IdGenerator::new(1);
        store
            .create(map("a"), labelled("blue", 0), &mut ids, Timestamp::UNIX_EPOCH)
            .unwrap();
        store.update(&map("a"), labelled("red", 1)).unwrap();
        store.update(&map("a"), labelled("red", 2)).unwrap();
        store.update(&map("a"), labelled("blue", 3)).unwrap();
        store.update(&map("a"), labelled("red", 4)).unwrap();
        store.remove(&map("a")).unwrap();
        let told: Vec<(ChangeKind, String, String)> = store
            .changes_after(0)
            .unwrap()
            .filter_map(|change| change.seen(is_red))
            .map(|(told, object)| {
                let text = |pointer: &str| object.pointer(pointer).unwrap().as_str().unwrap().to_owned();
                (told, text("/data/number"), text("/metadata/resourceVersion"))
            })
            .collect();
        let wanted = [
            (ChangeKind::Added, "1", "2"),
            (ChangeKind::Modified, "2", "3"),
            // As it was when it was selected last, with the version at which it left.
            (ChangeKind::Deleted, "2", "4"),
            (ChangeKind::Added, "4", "5"),
            (ChangeKind::Deleted, "4", "6"),
        ]
        .map(|(told, number, version)| (told, number.to_owned(), version.to_owned()));
        assert_eq!(told, wanted);
    }

    #[test]
    fn what_is_too_long_ago_is_forgotten() {
        let mut store = ObjectStore::default();
        let mut ids = IdGenerator::new(1);
        for at in 0..HISTORY + 2 {
            store
                .create(map(&at.to_string()), json!({}), &mut ids, Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        assert!(store.changes_after(1).is_none());
        assert!(store.at(1).is_none());
        assert_eq!(store.changes_after(2).unwrap().count(), HISTORY);
        assert_eq!(store.at(2).unwrap().list("configmaps", None).count(), 2);
        let restored: ObjectStore = serde_json::from_value(serde_json::to_value(&store).unwrap()).unwrap();
        assert_eq!(restored.revision(), store.revision());
        assert!(restored.changes_after(restored.revision() - 1).is_none());
        assert_eq!(restored.changes_after(restored.revision()).unwrap().count(), 0);
    }

    #[test]
    fn large_objects_are_forgotten_sooner() {
        let mut store = ObjectStore::default();
        let mut ids = IdGenerator::new(1);
        let large = |at: usize| json!({"data": {"a": at.to_string().repeat(500_000)}});
        store
            .create(map("a"), large(0), &mut ids, Timestamp::UNIX_EPOCH)
            .unwrap();
        for at in 0..200 {
            store.update(&map("a"), large(at % 7 + 1)).unwrap();
        }
        let bytes: usize = store.history.changes.iter().map(|change| change.bytes).sum();
        assert_eq!(store.history.bytes, bytes);
        assert!(bytes <= HISTORY_BYTES, "{bytes}");
        assert!(store.changes_after(store.revision() - 20).is_some());
        assert!(store.changes_after(store.revision() - 100).is_none());
    }

    proptest! {
        /// What a client does that lists once and then watches.
        #[test]
        fn replaying_a_watch_onto_the_list_of_any_revision_gives_the_present_list(
            steps in prop::collection::vec((0_usize..4, 0_usize..3), 1..60),
            selects_red in any::<bool>(),
        ) {
            let mut store = ObjectStore::default();
            let mut ids = IdGenerator::new(1);
            let selects = |object: &Value| !selects_red || is_red(object);
            let list = |store: &ObjectStore| -> BTreeMap<ObjectKey, Value> {
                let selected = store.list("configmaps", None).filter(|(_, object)| selects(object));
                selected.map(|(key, object)| (key.clone(), (**object).clone())).collect()
            };
            let mut lists = vec![(0, list(&store))];
            for (at, (name, step)) in steps.into_iter().enumerate() {
                let key = map(&name.to_string());
                let color = ["red", "blue"][at % 2];
                match step {
                    0 => drop(store.create(key, labelled(color, at), &mut ids, Timestamp::UNIX_EPOCH)),
                    1 => drop(store.update(&key, labelled(color, at))),
                    _ => drop(store.remove(&key)),
                }
                lists.push((store.revision(), list(&store)));
            }
            let present = list(&store);
            for (revision, listed) in lists {
                let past = store.at(revision).unwrap();
                prop_assert_eq!(list(&past), listed.clone(), "list at {}", revision);
                let mut replayed = listed;
                for change in store.changes_after(revision).unwrap() {
                    match change.seen(selects) {
                        Some((ChangeKind::Deleted, _)) => prop_assert!(replayed.remove(&change.key).is_some()),
                        Some((ChangeKind::Added, object)) => prop_assert!(replayed.insert(change.key.clone(), (*object).clone()).is_none()),
                        Some((ChangeKind::Modified, object)) => prop_assert!(replayed.insert(change.key.clone(), (*object).clone()).is_some()),
                        None => {}
                    }
                }
                prop_assert_eq!(&replayed, &present, "replay from {}", revision);
            }
        }
    }
}
