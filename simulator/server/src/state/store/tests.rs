use eks_auth_core::kube::object::ObjectKey;
use eks_auth_core::scenario;
use eks_auth_core::value::instant::Timestamp;
use redb::Database;
use serde_json::json;

use super::*;
use crate::net::tls::Authority;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn records_of(world: &World) -> Vec<Change> {
    let mut records = store::changes(None, world).unwrap();
    records.sort_by(|a, b| a.key.cmp(&b.key));
    records
}

fn changed(world: &World, name: &str, length: usize) -> World {
    let mut world = world.clone();
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let object = json!({"data": {"a": "b".repeat(length)}});
    let key = ObjectKey::new("configmaps", "default", name);
    cluster.create_object(key, object, ids, NOW).unwrap();
    world
}

fn begin(store: &Store) -> World {
    assert!(store.load().unwrap().is_none());
    let staging = scenario::stage(scenario::ARTICLE_WORLD, NOW).unwrap();
    let authority = Authority::new().unwrap().keep();
    let kept = Kept::new(scenario::ARTICLE_WORLD, &staging.profiles, authority);
    store.begin(&kept, &staging.world).unwrap();
    staging.world
}

/// A directory with a World and logs, and the Worlds that were kept in turn.
fn kept_in(directory: &Path) -> [World; 2] {
    let store = Store::open(directory).unwrap();
    let begun = begin(&store);
    let changed = changed(&begun, "x", 10_000);
    store.commit(&begun, &changed).unwrap();
    LogDatabase::open(directory).unwrap();
    [begun, changed]
}

/// The World that the directory has. Nothing is taken for a new one.
fn world_in(directory: &Path) -> Result<World, StoreError> {
    let kept = Store::open(directory)?.load()?;
    Ok(kept.expect("no new World").1)
}

fn logs_in(directory: &Path) -> Result<LogStore, StoreError> {
    Ok(LogDatabase::open(directory)?.load()?.store().clone())
}

#[track_caller]
fn refused<T>(opened: Result<T, StoreError>, file: &Path, wanted: &str) {
    let error = opened.err().expect("a refusal").to_string();
    assert!(error.contains(&format!("`{}`", file.display())), "{error}");
    assert!(error.contains(wanted) && error.contains("; fix: "), "{wanted}: {error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

/// What is done to a file's bytes, and what is said of it.
type Damage = (fn(&mut Vec<u8>), &'static str);

const DAMAGES: [Damage; 5] = [
    (Vec::clear, "it is empty"),
    (|bytes| bytes.fill(0), "is damaged"),
    (|bytes| bytes[..9].copy_from_slice(b"SQLite fo"), "is damaged"),
    (|bytes| *bytes = b"no database".repeat(4_000), "is damaged"),
    (
        // Each page but the header's.
        |bytes| bytes.chunks_mut(4096).skip(1).for_each(|page| page.fill(0x5A)),
        "is damaged",
    ),
];

#[test]
fn damage_is_an_error_that_names_the_file_what_is_lost_and_the_fix() {
    let directory = tempfile::tempdir().unwrap();
    kept_in(directory.path());
    for (damage, wanted) in DAMAGES {
        for (name, lost) in [
            (
                "state.redb",
                "the World, the certificate authority and the ports are lost",
            ),
            ("logs.redb", "the logs are lost with it, the World is not"),
        ] {
            let file = directory.path().join(name);
            let sound = fs::read(&file).unwrap();
            let mut bytes = sound.clone();
            damage(&mut bytes);
            fs::write(&file, bytes).unwrap();
            for wanted in [wanted, lost] {
                match name {
                    "state.redb" => refused(world_in(directory.path()), &file, wanted),
                    _ => refused(logs_in(directory.path()), &file, wanted),
                }
            }
            fs::write(&file, sound).unwrap();
        }
    }
    world_in(directory.path()).unwrap();
    logs_in(directory.path()).unwrap();
}

#[test]
fn a_file_cut_short_anywhere_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    kept_in(directory.path());
    for name in ["state.redb", "logs.redb"] {
        let file = directory.path().join(name);
        let sound = fs::read(&file).unwrap();
        let lengths = [0, 1, 8, 9, 10, 63, 64, 191, 319, 320, 4_095, 4_096, 4_097, 8_192];
        let pages = (0..sound.len()).step_by((sound.len() / 40).next_multiple_of(512));
        for length in lengths.into_iter().chain(pages).chain([sound.len() - 1]) {
            fs::write(&file, &sound[..length]).unwrap();
            match name {
                "state.redb" => refused(world_in(directory.path()), &file, "is damaged"),
                _ => refused(logs_in(directory.path()), &file, "is damaged"),
            }
        }
        fs::write(&file, sound).unwrap();
    }
}

#[test]
fn a_flipped_byte_is_found_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let worlds = kept_in(directory.path()).map(|world| records_of(&world));
    let file = directory.path().join("state.redb");
    let sound = fs::read(&file).unwrap();
    let header = (0..320).step_by(3);
    let pages = (320..sound.len()).step_by(sound.len() / 150 + 1);
    for at in header.chain(pages) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0xFF;
        fs::write(&file, bytes).unwrap();
        match world_in(directory.path()) {
            // A commit whose mark in the header is broken never was, as after a crash.
            Ok(world) => assert!(worlds.contains(&records_of(&world)), "byte {at}"),
            Err(error) => refused(Err::<(), _>(error), &file, ""),
        }
    }
}

#[test]
fn what_redb_reads_and_no_simulator_wrote_is_damaged() {
    type Write = fn(&WriteTransaction) -> Result<(), redb::Error>;
    let cases: [(Write, &str); 5] = [
        (
            |transaction| {
                transaction.open_table(WORLD)?.insert("world", &b"{}"[..])?;
                Ok(())
            },
            "is damaged: record `world`: ",
        ),
        (
            |transaction| {
                transaction.open_table(WORLD)?.insert("planet/earth", &b"{}"[..])?;
                Ok(())
            },
            "is damaged: record `planet/earth`: ",
        ),
        (
            |transaction| {
                transaction
                    .open_table(SIMULATOR)?
                    .insert(KEPT, &b"{\"format\": 9}"[..])?;
                Ok(())
            },
            "has format 9, and this release reads format 1: nothing is lost",
        ),
        (
            |transaction| {
                transaction
                    .open_table(SIMULATOR)?
                    .insert(KEPT, &b"{\"format\": 1}"[..])?;
                Ok(())
            },
            "is damaged: missing field `scenario`",
        ),
        (
            |transaction| {
                transaction.delete_table(WORLD)?;
                Ok(())
            },
            "is damaged: it holds no World",
        ),
    ];
    for (write, wanted) in cases {
        let directory = tempfile::tempdir().unwrap();
        kept_in(directory.path());
        let file = directory.path().join("state.redb");
        let database = Database::create(&file).unwrap();
        let transaction = database.begin_write().unwrap();
        write(&transaction).unwrap();
        transaction.commit().unwrap();
        drop(database);
        refused(world_in(directory.path()), &file, wanted);
    }
}

#[test]
fn one_file_is_not_taken_for_the_other() {
    let directory = tempfile::tempdir().unwrap();
    kept_in(directory.path());
    let [world, logs] = ["state.redb", "logs.redb"].map(|name| directory.path().join(name));
    let sound = fs::read(&logs).unwrap();
    fs::copy(&world, &logs).unwrap();
    refused(logs_in(directory.path()), &logs, "it is a database of something else");
    fs::write(&world, sound).unwrap();
    refused(world_in(directory.path()), &world, "it holds no World");
}

#[test]
fn a_world_that_is_gone_is_not_begun_anew() {
    for beside in LEFT_BEHIND {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.redb");
        // What others keep in the directory says nothing.
        fs::write(directory.path().join("config.yaml"), "").unwrap();
        assert!(Store::open(directory.path()).unwrap().load().unwrap().is_none());
        fs::remove_file(directory.path().join("state.redb.new")).unwrap();
        fs::write(directory.path().join(beside), "").unwrap();
        refused(Store::open(directory.path()), &file, beside);
        fs::create_dir(&file).unwrap();
        refused(Store::open(directory.path()), &file, "move the directory away");
    }
}

#[test]
fn a_first_start_that_was_cut_short_begins_again() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("state.redb.new");
    // As `kill -9` leaves it: half of a header, and the files that are written before anybody is told.
    fs::write(&unfinished, &b"redb\x1A\x0A"[..]).unwrap();
    for left in LEFT_BEHIND.iter().filter(|left| !left.ends_with(".redb")) {
        fs::write(directory.path().join(left), "").unwrap();
    }
    LogDatabase::open(directory.path()).unwrap();
    drop(Store::open(directory.path()).unwrap());
    assert!(unfinished.exists());
    let begun = begin(&Store::open(directory.path()).unwrap());
    assert!(!unfinished.exists());
    // One that is left beside a World does not excuse the loss of it.
    fs::write(&unfinished, "").unwrap();
    assert_eq!(records_of(&world_in(directory.path()).unwrap()), records_of(&begun));
    assert!(!unfinished.exists());
}

#[test]
fn a_full_disk_keeps_all_that_was_acknowledged_and_nothing_that_was_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let mut world = begin(&store);
    let length = fs::metadata(store.path()).unwrap().len();
    let mut refusals = 0;
    for (number, room) in (0..2 * length)
        .step_by(usize::try_from(length / 8).unwrap())
        .enumerate()
    {
        store.set_room(room);
        let large = changed(&world, &format!("large-{number}"), 100_000);
        match store.commit(&world, &large) {
            Ok(()) => world = large,
            Err(error) => {
                refused(Err::<(), _>(error), &store.path(), "free space");
                refusals += 1;
            }
        }
        store.set_room(u64::MAX);
        let small = changed(&world, &format!("small-{number}"), 10);
        store.commit(&world, &small).unwrap();
        world = small;
        let copy = tempfile::tempdir().unwrap();
        fs::copy(store.path(), copy.path().join("state.redb")).unwrap();
        assert_eq!(
            records_of(&world_in(copy.path()).unwrap()),
            records_of(&world),
            "{room}"
        );
    }
    assert!(refusals > 3, "{refusals}");
    drop(store);
    assert_eq!(records_of(&world_in(directory.path()).unwrap()), records_of(&world));
}
