//! The World as records, so that a store of bytes can keep it: which records a change touches, and the World again.
//!
//! What changes often, or there is much of, has a record of its own: users, roles, keys, objects, access entries, stacks.
//! The rest of an account or a cluster is one record. Unchanged parts are told by the structure that snapshots share, so
//! that a change costs what it touches. Indices are not kept; they are rebuilt.

pub mod snapshot;

use std::borrow::Cow;
use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::iam::Account;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::AccessEntry;
use crate::kube::object::ObjectKey;
use crate::kube::object::kept::Kept;
use crate::value::record::Change;
use crate::value::record::RecordError;
use crate::value::record::RecordProblem;
use crate::value::record::join;
use crate::value::record::split;
use crate::world::World;

/// The record of what belongs to the World itself.
const WORLD: &str = "world";
const ACCOUNT: &str = "account";
const CLUSTER: &str = "cluster";
const ENTRY: &str = "entry";
const IDENTITY_CENTER: &str = "identity-center";
const KEY: &str = "key";
const OBJECT: &str = "object";
const ROLE: &str = "role";
const STACK: &str = "stack";
const TOKEN_KEY: &str = "token-key";
const USER: &str = "user";

/// What belongs to the World itself. The addresses under which it is reached are its listeners' matter.
#[derive(Deserialize, Serialize)]
struct WorldRecord<'a> {
    ids: Cow<'a, crate::value::id::IdGenerator>,
    clock: crate::world::world_clock::WorldClock,
    faults: Cow<'a, crate::world::fault::Faults>,
    cluster_creation_seconds: u32,
}

/// The records that differ between two Worlds; all of the new one without an old one.
///
/// # Errors
/// [`RecordError`] for what JSON cannot say, which nothing in a World is.
pub fn changes(old: Option<&World>, new: &World) -> Result<Vec<Change>, RecordError> {
    let mut out = Changes(Vec::new());
    out.value(&[WORLD], old.map(world_record).as_ref(), Some(&world_record(new)))?;
    let center = old.and_then(|old| old.identity_center.as_ref());
    out.value(&[IDENTITY_CENTER], center, new.identity_center.as_ref())?;
    let (keys, accounts) = (
        old.map(|old| old.directory.keys_by_id()),
        old.map(|old| old.directory.accounts_by_id()),
    );
    out.map(&[KEY], keys, Some(new.directory.keys_by_id()), |id| vec![id])?;
    for (id, old, new) in changed(accounts, new.directory.accounts_by_id()) {
        let id = id.as_str();
        let (old_users, new_users) = (old.map(Account::users_by_name), new.map(Account::users_by_name));
        out.map(&[ACCOUNT, id, USER], old_users, new_users, |name| vec![name])?;
        let (old_roles, new_roles) = (old.map(Account::roles_by_name), new.map(Account::roles_by_name));
        out.map(&[ACCOUNT, id, ROLE], old_roles, new_roles, |name| vec![name])?;
        out.value(&[ACCOUNT, id], old, new)?;
    }
    out.map(&[STACK], old.map(|old| &old.stacks), Some(&new.stacks), |number| {
        vec![number]
    })?;
    for (name, old, new) in changed(old.map(|old| &old.clusters), &new.clusters) {
        let (old_objects, new_objects) = (old.map(objects), new.map(objects));
        out.map(&[CLUSTER, name, OBJECT], old_objects, new_objects, |key| {
            vec![&key.resource, &key.namespace, &key.name]
        })?;
        let (old_entries, new_entries) = (old.map(entries), new.map(entries));
        out.map(&[CLUSTER, name, ENTRY], old_entries, new_entries, |arn| vec![arn])?;
        let (old_key, new_key) = (old.and_then(Cluster::token_key), new.and_then(Cluster::token_key));
        if !old_key.is_some_and(|old| new_key.is_some_and(|new| Arc::ptr_eq(old, new))) {
            let path = [CLUSTER, name, TOKEN_KEY];
            out.value(&path, old_key.map(Arc::as_ref), new_key.map(Arc::as_ref))?;
        }
        out.value(&[CLUSTER, name], old, new)?;
    }
    Ok(out.0)
}

fn world_record(world: &World) -> WorldRecord<'_> {
    let World {
        directory: _,
        clusters: _,
        stacks: _,
        ids,
        clock,
        own_hosts: _,
        identity_center: _,
        faults,
        cluster_creation_seconds,
    } = world;
    WorldRecord {
        ids: Cow::Borrowed(ids),
        clock: *clock,
        faults: Cow::Borrowed(faults),
        cluster_creation_seconds: *cluster_creation_seconds,
    }
}

fn objects(cluster: &Cluster) -> &OrdMap<ObjectKey, Arc<Kept>> {
    cluster.objects().all()
}

fn entries(cluster: &Cluster) -> &OrdMap<String, Arc<AccessEntry>> {
    cluster.access_entries().by_arn()
}

/// A key with the values of two maps.
type Pair<'a, K, V> = (&'a K, Option<&'a V>, Option<&'a V>);

/// The keys of either map whose values are not one and the same.
fn changed<'a, K: Ord + Clone, V>(
    old: Option<&'a OrdMap<K, Arc<V>>>,
    new: &'a OrdMap<K, Arc<V>>,
) -> Vec<Pair<'a, K, V>> {
    let gone = old
        .into_iter()
        .flat_map(OrdMap::iter)
        .filter(|(key, _)| !new.contains_key(*key))
        .map(|(key, value)| (key, Some(value.as_ref()), None));
    let here = new.iter().filter_map(|(key, value)| {
        let before = old.and_then(|old| old.get(key));
        let is_same = before.is_some_and(|before| Arc::ptr_eq(before, value));
        (!is_same).then(|| (key, before.map(Arc::as_ref), Some(value.as_ref())))
    });
    gone.chain(here).collect()
}

struct Changes(Vec<Change>);

impl Changes {
    /// A value that is a record.
    fn value<T: Serialize>(&mut self, path: &[&str], old: Option<&T>, new: Option<&T>) -> Result<(), RecordError> {
        let key = join(path);
        let write = |value: Option<&T>| value.map(serde_json::to_vec).transpose();
        let both = write(old).and_then(|old| Ok((old, write(new)?)));
        let (old, new) = both.map_err(|error| RecordError {
            key: key.clone(),
            problem: error.into(),
        })?;
        if old != new {
            self.0.push(Change { key, value: new });
        }
        Ok(())
    }

    /// A map whose values are records.
    fn map<'a, K, V>(
        &mut self,
        path: &[&'a str],
        old: Option<&'a OrdMap<K, Arc<V>>>,
        new: Option<&'a OrdMap<K, Arc<V>>>,
        words: fn(&K) -> Vec<&str>,
    ) -> Result<(), RecordError>
    where
        K: Ord + Clone,
        V: PartialEq + Serialize,
    {
        let empty = OrdMap::new();
        let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
        for item in old.diff(new) {
            let (key, old, new) = match item {
                DiffItem::Add(key, new) => (key, None, Some(new)),
                DiffItem::Remove(key, old) => (key, Some(old), None),
                DiffItem::Update {
                    old: (key, old),
                    new: (_, new),
                } => (key, Some(old), Some(new)),
            };
            self.value(&[path, &words(key)].concat(), old, new)?;
        }
        Ok(())
    }
}

/// The World of these records, in any order.
///
/// # Errors
/// [`RecordError`] with the first record that cannot be read.
pub fn load(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<World, RecordError> {
    let mut records: Vec<(String, Vec<u8>)> = records.into_iter().collect();
    // An account or a cluster comes before what is in it.
    records.sort_by_cached_key(|(key, _)| (key.matches('/').count(), key.clone()));
    let mut world = World::new(0);
    for (key, value) in &records {
        let words = split(key);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        load_record(&mut world, &words, value).map_err(|problem| RecordError {
            key: key.clone(),
            problem,
        })?;
    }
    let names: Vec<String> = world.clusters.keys().cloned().collect();
    for name in names {
        if let Some((cluster, _)) = world.cluster_mut(&name) {
            cluster.reindex_all();
        }
    }
    Ok(world)
}

fn load_record(world: &mut World, words: &[&str], value: &[u8]) -> Result<(), RecordProblem> {
    match words {
        [WORLD] => {
            let record: WorldRecord<'_> = read(value)?;
            world.ids = record.ids.into_owned();
            world.clock = record.clock;
            world.faults = record.faults.into_owned();
            world.cluster_creation_seconds = record.cluster_creation_seconds;
        }
        [IDENTITY_CENTER] => world.identity_center = Some(read(value)?),
        [KEY, _] => {
            world.directory.add_key(read(value)?);
        }
        [STACK, number] => {
            world.stacks.insert((*number).to_owned(), read(value)?);
        }
        [ACCOUNT, _] => world.directory.restore_account(read(value)?),
        [ACCOUNT, id, USER, _] => world.directory.restore_user(id, read(value)?),
        [ACCOUNT, id, ROLE, _] => world.directory.restore_role(id, read(value)?),
        [CLUSTER, name] => {
            let cluster: Cluster = read(value)?;
            world.clusters.insert((*name).to_owned(), Arc::new(cluster));
        }
        [CLUSTER, name, TOKEN_KEY] => {
            let (cluster, _) = world.cluster_mut(name).ok_or(RecordProblem::Cluster)?;
            cluster.ensure_token_key(read(value)?);
        }
        [CLUSTER, name, OBJECT, resource, namespace, object] => {
            let value: Value = read(value)?;
            let (cluster, _) = world.cluster_mut(name).ok_or(RecordProblem::Cluster)?;
            cluster.restore_object(ObjectKey::new(resource, namespace, object), value);
        }
        [CLUSTER, name, ENTRY, _] => {
            let (cluster, _) = world.cluster_mut(name).ok_or(RecordProblem::Cluster)?;
            cluster.restore_access_entry(read(value)?);
        }
        _ => return Err(RecordProblem::Kind),
    }
    Ok(())
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Result<T, RecordProblem> {
    Ok(serde_json::from_slice(value)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::aws::iam::KeyStatus;
    use crate::scenario;
    use crate::value::arn::AccountId;
    use crate::value::instant::Timestamp;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn apply(kept: &mut BTreeMap<String, Vec<u8>>, changes: Vec<Change>) {
        for Change { key, value } in changes {
            match value {
                Some(value) => kept.insert(key, value),
                None => kept.remove(&key),
            };
        }
    }

    fn records(world: &World) -> BTreeMap<String, Vec<u8>> {
        let mut kept = BTreeMap::new();
        apply(&mut kept, changes(None, world).unwrap());
        kept
    }

    #[test]
    fn every_built_in_world_comes_back_as_it_was() {
        for text in [
            scenario::ARTICLE_WORLD,
            include_str!("../../../../scenarios/deleted-creator/scenario.yaml"),
            include_str!("../../../../scenarios/unmapped-role/scenario.yaml"),
        ] {
            let world = scenario::stage(text, NOW).unwrap().world;
            let kept = records(&world);
            let loaded = load(kept.clone()).unwrap();
            assert_eq!(records(&loaded), kept);
            let (name, cluster) = world.clusters.iter().next().unwrap();
            let again = loaded.cluster(name).unwrap();
            assert_eq!(format!("{:?}", again.aws_auth()), format!("{:?}", cluster.aws_auth()));
            assert_eq!(format!("{:?}", again.rbac()), format!("{:?}", cluster.rbac()));
        }
    }

    #[test]
    fn an_identity_center_comes_back_with_its_sign_ins_and_sessions() {
        let text = format!(
            "{}\n  identity_center:\n    region: us-west-2\n    users: [{{name: jane}}]\n    permission_sets: [{{name: Admin}}]\n    assignments: [{{user: jane, account: \"111122223333\", permission_set: Admin}}]\n",
            scenario::ARTICLE_WORLD.trim_end()
        );
        let mut world = scenario::stage(&text, NOW).unwrap().world;
        let mut kept = records(&world);
        let old = world.clone();
        let registration = crate::aws::identity_center::Registration {
            client_type: "public".to_owned(),
            ..Default::default()
        };
        let mut center = world.identity_center.take().unwrap();
        let client = center.register(registration, &mut world.ids, NOW).unwrap();
        world.identity_center = Some(center);
        let account = AccountId::parse("111122223333").unwrap();
        world
            .directory
            .set_disabled_regions(&account, vec!["us-west-2".to_owned()])
            .unwrap();
        let owner = crate::aws::iam::KeyOwner::FederatedUser {
            name: "bob".to_owned(),
            issuer: None,
        };
        let facts = crate::aws::iam::SessionFacts {
            is_global: true,
            tags: vec![("team".to_owned(), "a".to_owned())],
            ..Default::default()
        };
        let key = world
            .directory
            .create_session(&account, owner, NOW, facts, &mut world.ids, NOW);
        apply(&mut kept, changes(Some(&old), &world).unwrap());
        let mut loaded = load(kept.clone()).unwrap();
        assert_eq!(records(&loaded), kept);
        assert_eq!(loaded.directory.access_key(&key.id), Some(&*key));
        let center = loaded.identity_center.as_mut().unwrap();
        let url = center.start_url.clone();
        let started = center.start_device(&client.id, client.secret.expose(), &url, &mut loaded.ids, NOW);
        assert!(started.is_ok(), "{started:?}");
    }

    #[test]
    fn a_key_that_signs_tokens_is_kept_until_its_cluster_is_gone() {
        let mut world = scenario::stage(scenario::ARTICLE_WORLD, NOW).unwrap().world;
        let mut kept = records(&world);
        let old = world.clone();
        let key = crate::aws::jwt::testing::key();
        let (cluster, _) = world.cluster_mut("my-cluster").unwrap();
        cluster.ensure_token_key(key.clone());
        cluster.ensure_token_key(crate::aws::jwt::testing::other_key().clone());
        let touched = changes(Some(&old), &world).unwrap();
        let keys: Vec<&str> = touched.iter().map(|change| change.key.as_str()).collect();
        assert_eq!(keys, ["cluster/my%2Dcluster/token%2Dkey"]);
        apply(&mut kept, touched);
        let mut loaded = load(kept.clone()).unwrap();
        assert_eq!(records(&loaded), kept);
        let found = loaded.cluster("my-cluster").unwrap().token_key().unwrap();
        assert_eq!(found.public(), key.public());
        let old = loaded.clone();
        loaded.clusters.remove("my-cluster");
        apply(&mut kept, changes(Some(&old), &loaded).unwrap());
        assert_eq!(records(&loaded), kept);
    }

    #[test]
    fn a_change_costs_what_it_touches() {
        let old = scenario::stage(scenario::ARTICLE_WORLD, NOW).unwrap().world;
        assert_eq!(changes(Some(&old), &old.clone()).unwrap(), []);
        let mut new = old.clone();
        let (cluster, ids) = new.cluster_mut("my-cluster").unwrap();
        let key = ObjectKey::new("configmaps", "default", "a/b %");
        cluster.create_object(key, json!({"data": {}}), ids, NOW).unwrap();
        let touched: Vec<String> = changes(Some(&old), &new)
            .unwrap()
            .into_iter()
            .map(|change| change.key)
            .collect();
        assert_eq!(
            touched,
            [
                "world",
                "cluster/my%2Dcluster/object/configmaps/default/a%2Fb%20%25",
                "cluster/my%2Dcluster"
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let mut kept = records(&scenario::stage(scenario::ARTICLE_WORLD, NOW).unwrap().world);
        kept.insert("cluster/other/object/a/b/c".to_owned(), b"{}".to_vec());
        assert_eq!(
            load(kept.clone()).unwrap_err().to_string(),
            "record `cluster/other/object/a/b/c`: its cluster is not there"
        );
        kept.insert("planet/earth".to_owned(), b"{}".to_vec());
        assert_eq!(
            load(kept).unwrap_err().to_string(),
            "record `planet/earth`: no such kind of record"
        );
    }

    proptest! {
        #[test]
        fn whatever_is_done_the_changes_lead_to_the_same_world(steps in prop::collection::vec((0..8_u8, 0..4_u8), 1..40)) {
            let account = AccountId::parse("111122223333").unwrap();
            let mut world = scenario::stage(scenario::ARTICLE_WORLD, NOW).unwrap().world;
            let mut kept = records(&world);
            for (step, at) in steps {
                let old = world.clone();
                let name = format!("n{at}");
                let World { directory, ids, .. } = &mut world;
                match step {
                    0 => drop(directory.create_user(&account, &name, "/", ids, NOW)),
                    1 => drop(directory.delete_user(&account, &name)),
                    2 => drop(directory.create_access_key(&account, &name, ids, NOW)),
                    3 => {
                        let user = directory.find_user(&account, &name).cloned();
                        let key = user.ok().and_then(|user| Some(directory.access_keys_of(&account, &user).next()?.id.clone()));
                        let key = key.unwrap_or_default();
                        drop(directory.set_key_status(&account, &name, &key, KeyStatus::Inactive));
                        drop(directory.delete_access_key(&account, &name, &key));
                    }
                    4..=6 => {
                        let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
                        let key = ObjectKey::new("configmaps", "default", &name);
                        match step {
                            4 => drop(cluster.create_object(key, json!({"data": {"a": "b"}}), ids, NOW)),
                            5 => drop(cluster.update_object(&key, json!({"data": {"a": name}}))),
                            _ => drop(cluster.delete_object(&key)),
                        }
                    }
                    _ if at % 2 == 0 => world.clock = world.clock.frozen(NOW),
                    _ => world.clock = world.clock.thawed(NOW).advanced(i64::from(at), NOW).unwrap(),
                }
                apply(&mut kept, changes(Some(&old), &world).unwrap());
            }
            prop_assert_eq!(&records(&world), &kept);
            prop_assert_eq!(&records(&load(kept.clone()).unwrap()), &kept);
        }
    }
}
