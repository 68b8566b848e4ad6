use proptest::prelude::*;

use super::*;
use crate::value::id::IdGenerator;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

struct Fixture {
    store: ObjectStore,
    ids: IdGenerator,
}

impl Fixture {
    fn new() -> Self {
        Self {
            store: ObjectStore::default(),
            ids: IdGenerator::new(1),
        }
    }

    /// Adds an object that `owners`, names of objects of the same resource and namespace, own and block; the uid.
    fn add(&mut self, resource: &str, namespace: &str, name: &str, owners: &[&str], finalizers: &[&str]) -> String {
        let references: Vec<Value> = owners
            .iter()
            .map(|owner| {
                let owner = self.store.find(&ObjectKey::new(resource, namespace, owner)).unwrap();
                json!({"uid": owner["metadata"]["uid"], "blockOwnerDeletion": true})
            })
            .collect();
        let object = json!({"metadata": {"ownerReferences": references, "finalizers": finalizers}});
        let key = ObjectKey::new(resource, namespace, name);
        let stored = self.store.create(key, object, &mut self.ids, NOW).unwrap();
        stored["metadata"]["uid"].as_str().unwrap().to_owned()
    }

    fn delete(&mut self, key: &ObjectKey, propagation: Propagation) -> Deleted {
        let options = DeleteOptions {
            propagation: Some(propagation),
            ..DeleteOptions::default()
        };
        self.store.delete(key, &options, NOW).unwrap()
    }

    fn names<'a>(&'a self, resource: &'a str) -> Vec<&'a str> {
        self.store
            .list(resource, None)
            .map(|(key, _)| key.name.as_str())
            .collect()
    }

    /// Takes an object's finalizers away.
    fn release(&mut self, key: &ObjectKey) {
        let mut object = (**self.store.find(key).unwrap()).clone();
        object["metadata"]["finalizers"] = json!([]);
        self.store.replace(key, object, NOW).unwrap();
    }
}

fn map(name: &str) -> ObjectKey {
    ObjectKey::new("configmaps", "n", name)
}

#[test]
fn what_is_owned_goes_with_the_last_owner_or_stays() {
    for (propagation, left) in [
        (Propagation::Background, vec!["b", "shared"]),
        (Propagation::Foreground, vec!["b"]),
        (Propagation::Orphan, vec!["b", "child", "grandchild", "shared"]),
    ] {
        let mut fixture = Fixture::new();
        fixture.add("configmaps", "n", "a", &[], &[]);
        fixture.add("configmaps", "n", "b", &[], &[]);
        fixture.add("configmaps", "n", "child", &["a"], &[]);
        fixture.add("configmaps", "n", "grandchild", &["child"], &[]);
        fixture.add("configmaps", "n", "shared", &["a", "b"], &[]);
        let deleted = fixture.delete(&map("a"), propagation);
        assert!(matches!(deleted, Deleted::Gone(_)), "{propagation:?}");
        assert_eq!(fixture.names("configmaps"), left, "{propagation:?}");
        for (_, object) in fixture.store.list("configmaps", None) {
            for owner in owner_uids(object) {
                assert!(fixture.store.index.find(&owner).is_some(), "{propagation:?} {object}");
            }
        }
    }
}

#[test]
fn an_owner_in_the_foreground_waits_for_what_it_owns() {
    let mut fixture = Fixture::new();
    fixture.add("configmaps", "n", "a", &[], &[]);
    fixture.add("configmaps", "n", "child", &["a"], &["x.io/y"]);
    let deleted = fixture.delete(&map("a"), Propagation::Foreground);
    assert_eq!(
        deleted.object()["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    assert_eq!(fixture.names("configmaps"), ["a", "child"]);
    fixture.release(&map("child"));
    assert_eq!(fixture.names("configmaps"), Vec::<&str>::new());
}

#[test]
fn finalizers_hold_an_object_until_they_are_gone() {
    let mut fixture = Fixture::new();
    fixture.add("configmaps", "n", "a", &[], &["x.io/y"]);
    let deleted = fixture.delete(&map("a"), Propagation::Background);
    assert!(
        matches!(&deleted, Deleted::Marked(object) if object["metadata"]["deletionTimestamp"] == "1970-01-01T00:00:00Z")
    );
    let error = fixture
        .store
        .create(map("a"), json!({}), &mut fixture.ids, NOW)
        .unwrap_err();
    assert_eq!(error, StoreError::BeingDeleted);
    let version = fixture.store.revision();
    fixture.delete(&map("a"), Propagation::Background);
    assert_eq!(fixture.store.revision(), version);
    fixture.release(&map("a"));
    assert_eq!(fixture.names("configmaps"), Vec::<&str>::new());
}

#[test]
fn a_namespace_goes_with_what_is_in_it_and_waits_for_finalizers() {
    let mut fixture = Fixture::new();
    let namespace = ObjectKey::new("namespaces", "", "n");
    let object = json!({"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}});
    fixture
        .store
        .create(namespace.clone(), object, &mut fixture.ids, NOW)
        .unwrap();
    fixture.add("configmaps", "n", "held", &[], &["x.io/y"]);
    fixture.add("configmaps", "n", "free", &[], &[]);
    fixture.add("configmaps", "other", "stays", &[], &[]);
    fixture.add("secrets", "n", "s", &[], &[]);
    let deleted = fixture.delete(&namespace, Propagation::Background);
    let status = &deleted.object()["status"];
    assert_eq!(status["phase"], "Terminating");
    assert_eq!(
        status["conditions"][1]["message"],
        "Some content in the namespace has finalizers remaining: x.io/y in 1 resource instances"
    );
    assert_eq!(
        (fixture.names("configmaps"), fixture.names("secrets")),
        (vec!["held", "stays"], vec![])
    );
    fixture.release(&map("held"));
    assert_eq!(
        (fixture.names("configmaps"), fixture.names("namespaces")),
        (vec!["stays"], vec![])
    );
    let default = ObjectKey::new("namespaces", "", "default");
    fixture
        .store
        .create(default.clone(), json!({}), &mut fixture.ids, NOW)
        .unwrap();
    let error = fixture
        .store
        .delete(&default, &DeleteOptions::default(), NOW)
        .unwrap_err();
    assert_eq!(error, StoreError::Immortal);
}

#[test]
fn a_definition_goes_with_its_objects() {
    let mut fixture = Fixture::new();
    let definition = ObjectKey::new(DEFINITIONS, "", "crontabs.example.com");
    fixture
        .store
        .create(definition.clone(), json!({}), &mut fixture.ids, NOW)
        .unwrap();
    fixture.add("crontabs.example.com", "n", "held", &[], &["x.io/y"]);
    fixture.delete(&definition, Propagation::Background);
    assert_eq!(fixture.names(DEFINITIONS).len(), 1);
    fixture.release(&ObjectKey::new("crontabs.example.com", "n", "held"));
    assert_eq!(fixture.store.all().len(), 0);
}

#[test]
fn a_pod_on_a_node_is_told_to_end_and_then_gone() {
    let mut fixture = Fixture::new();
    let key = ObjectKey::new("pods", "n", "p");
    for (pod, options, changes) in [
        (json!({"spec": {"nodeName": "x"}}), DeleteOptions::default(), 2),
        (json!({"spec": {}}), DeleteOptions::default(), 1),
        (
            json!({"spec": {"nodeName": "x"}, "status": {"phase": "Failed"}}),
            DeleteOptions::default(),
            1,
        ),
        (
            json!({"spec": {"nodeName": "x"}}),
            DeleteOptions {
                grace_seconds: Some(0),
                ..DeleteOptions::default()
            },
            1,
        ),
    ] {
        fixture
            .store
            .create(key.clone(), pod.clone(), &mut fixture.ids, NOW)
            .unwrap();
        let before = fixture.store.revision();
        let deleted = fixture.store.delete(&key, &options, NOW).unwrap();
        assert!(matches!(deleted, Deleted::Gone(_)), "{pod}");
        assert_eq!(fixture.store.revision() - before, changes, "{pod}");
    }
}

#[test]
fn preconditions_are_held() {
    let mut fixture = Fixture::new();
    let uid = fixture.add("configmaps", "n", "a", &[], &[]);
    let options = DeleteOptions {
        uid: Some("other".to_owned()),
        ..DeleteOptions::default()
    };
    let error = fixture.store.delete(&map("a"), &options, NOW).unwrap_err();
    let wanted = StoreError::Precondition {
        field: "UID",
        wanted: "other".to_owned(),
        found: uid,
    };
    assert_eq!(error, wanted);
}

proptest! {
    /// Any graph of owners, circles included.
    #[test]
    fn deletion_ends_and_leaves_no_marked_object_without_a_reason(
        edges in prop::collection::vec((0_usize..8, 0_usize..8), 0..20),
        first in 0_usize..8,
        propagation in prop::sample::select(vec![Propagation::Background, Propagation::Foreground, Propagation::Orphan]),
    ) {
        let mut fixture = Fixture::new();
        let uids: Vec<String> = (0..8).map(|at| fixture.add("configmaps", "n", &at.to_string(), &[], &[])).collect();
        for (owner, owned) in edges {
            let key = map(&owned.to_string());
            let mut object = (**fixture.store.find(&key).unwrap()).clone();
            let reference = json!({"uid": uids[owner], "blockOwnerDeletion": true});
            object["metadata"]["ownerReferences"].as_array_mut().unwrap().push(reference);
            fixture.store.update(&key, object).unwrap();
        }
        fixture.delete(&map(&first.to_string()), propagation);
        prop_assert!(!fixture.names("configmaps").contains(&first.to_string().as_str()));
        for (_, object) in fixture.store.list("configmaps", None) {
            prop_assert!(text(object, "/metadata/deletionTimestamp").is_empty(), "{object}");
        }
    }
}
