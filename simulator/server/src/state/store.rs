//! The state directory's databases: the World with what a simulator must find again when it starts again, and the logs.
//!
//! Each change is one transaction, synchronised to the disk before it is acknowledged, so that neither `kill -9` nor a power
//! cut loses one.

mod database;
mod error;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::logs::cloudwatch_logs::store::Kept as KeptLogs;
use eks_auth_core::scenario::Profile;
use eks_auth_core::scenario::Staging;
use eks_auth_core::value::record::Change;
use eks_auth_core::world::World;
use eks_auth_core::world::store;
use redb::ReadTransaction;
use redb::ReadableTable;
use redb::TableDefinition;
use redb::TableHandle;
use redb::WriteTransaction;
use serde::Deserialize;
use serde::Serialize;

use self::database::StateDatabase;
use self::error::Holds;
use self::error::StateFile;
pub(crate) use self::error::StoreError;
pub(crate) use self::error::fix_of;
use crate::net::tls::KeptAuthority;

/// How much of the World's file is kept in memory, where the World itself is.
const CACHE_BYTES: usize = 64 * 1024 * 1024;
/// How much of the logs' file is kept in memory, where the logs themselves are. They have a file apart, so that lines and
/// changes of the World do not wait for one another.
const LOGS_CACHE_BYTES: usize = 8 * 1024 * 1024;
/// What a simulator leaves in a directory beside its World.
const LEFT_BEHIND: [&str; 5] = ["logs.redb", "ca.pem", "aws-config", "aws-credentials", "kubeconfig"];
/// What the records are, so that a later release can tell.
const FORMAT: u32 = 1;
const WORLD: TableDefinition<&str, &[u8]> = TableDefinition::new("world");
const SIMULATOR: TableDefinition<&str, &[u8]> = TableDefinition::new("simulator");
const LOGS: TableDefinition<&str, &[u8]> = TableDefinition::new("logs");
/// The record in [`WORLD`] that every World has.
const WORLD_ITSELF: &str = "world";
/// The one record of [`SIMULATOR`].
const KEPT: &str = "kept";

/// What a simulator keeps beside the World.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Kept {
    format: u32,
    /// The text of the scenario that it began with.
    pub(crate) scenario: String,
    /// The profiles of the clients' configuration.
    pub(crate) profiles: Vec<Profile>,
    /// The certificate authority.
    pub(crate) authority: KeptAuthority,
    /// The ports of the listeners.
    pub(crate) ports: Ports,
}

/// Ports, 0 for any.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Ports {
    pub(crate) aws: u16,
    pub(crate) aws_tls: u16,
    pub(crate) control: u16,
    pub(crate) proxy: u16,
    /// By the cluster's name.
    pub(crate) clusters: BTreeMap<String, u16>,
}

type Table = TableDefinition<'static, &'static str, &'static [u8]>;

/// The records of a table; none where there is no such table.
fn records(transaction: &ReadTransaction, table: Table) -> Result<BTreeMap<String, Vec<u8>>, redb::Error> {
    let table = match transaction.open_table(table) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(BTreeMap::new()),
        table => table?,
    };
    let mut records = BTreeMap::new();
    for record in table.iter()? {
        let (key, value) = record?;
        records.insert(key.value().to_owned(), value.value().to_vec());
    }
    Ok(records)
}

fn change(transaction: &WriteTransaction, table: Table, changes: Vec<Change>) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(table)?;
    for Change { key, value } in changes {
        match value {
            Some(value) => drop(table.insert(key.as_str(), value.as_slice())?),
            None => drop(table.remove(key.as_str())?),
        }
    }
    Ok(())
}

/// The database of a state directory's logs.
#[derive(Debug)]
pub(crate) struct LogDatabase {
    database: StateDatabase,
    is_new: bool,
}

impl LogDatabase {
    /// Opens it, made where it is absent.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let file = StateFile::new(directory, Holds::Logs);
        if is_there(&file)? {
            let database = StateDatabase::open(file, LOGS_CACHE_BYTES)?;
            return Ok(Self {
                database,
                is_new: false,
            });
        }
        let database = StateDatabase::create(file, LOGS_CACHE_BYTES)?;
        database.write(|transaction| change(transaction, LOGS, Vec::new()))?;
        database.finish()?;
        Ok(Self { database, is_new: true })
    }

    /// Whether it was made just now.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Its file.
    pub(crate) fn path(&self) -> PathBuf {
        self.database.file().path()
    }

    /// What it holds.
    pub(crate) fn load(&self) -> Result<KeptLogs, StoreError> {
        let read = |transaction: &ReadTransaction| {
            let is_other = transaction.list_tables()?.any(|table| table.name() != LOGS.name());
            Ok((!is_other).then_some(records(transaction, LOGS)?))
        };
        let damaged = |problem: &dyn Display| self.database.file().damaged(problem);
        let records = self.database.read(read)?;
        let records = records.ok_or_else(|| damaged(&"it is a database of something else"))?;
        KeptLogs::load(records).map_err(|error| damaged(&error))
    }

    /// Makes it hold `new` in place of what it holds, in one transaction. Where that fails, `kept` is no more what it holds,
    /// and is read again before the next one.
    pub(crate) fn commit(&self, kept: &mut KeptLogs, new: &LogStore) -> Result<(), StoreError> {
        let is_behind = self.database.recover()?;
        if is_behind {
            *kept = self.load()?;
        }
        let changes = kept.change_to(new).map_err(|error| unwritable(&self.database, error))?;
        if changes.is_empty() && !is_behind {
            return Ok(());
        }
        self.database.write(|transaction| change(transaction, LOGS, changes))
    }

    /// Lets its file become no larger, as a full disk does.
    #[cfg(test)]
    pub(crate) fn set_room(&self, bytes: u64) {
        self.database.set_room(bytes);
    }
}

/// The files of a state directory: names and contents, the World's first.
pub(crate) type BackupFiles = [(&'static str, Vec<u8>); 2];

/// The database of a state directory's World, which has the directory as long as it is there.
#[derive(Debug)]
pub(crate) struct Store {
    database: StateDatabase,
    is_new: bool,
    /// The record of [`SIMULATOR`].
    kept: OnceLock<Vec<u8>>,
    _lock: File,
}

impl Store {
    /// Opens it. It is made in a directory where no simulator has kept a World yet: not even one whose first start was cut
    /// short, which has left an unfinished file, and which nobody was told of.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let lock = database::lock(directory)?;
        let file = StateFile::new(directory, Holds::World);
        let unfinished = file.unfinished();
        let is_new = !is_there(&file)?;
        let database = if is_new {
            let kept = LEFT_BEHIND.iter().map(|name| directory.join(name));
            if let (false, Some(beside)) = (unfinished.exists(), kept.into_iter().find(|left| left.exists())) {
                let file = file.path();
                return Err(StoreError::Gone { file, beside });
            }
            StateDatabase::create(file, CACHE_BYTES)?
        } else {
            let database = StateDatabase::open(file, CACHE_BYTES)?;
            // It would say that the first start was cut short, were the World's file lost later.
            match fs::remove_file(&unfinished) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(database.file().io(error)),
                _ => database,
            }
        };
        Ok(Self {
            database,
            is_new,
            kept: OnceLock::new(),
            _lock: lock,
        })
    }

    /// What was kept, if anything was, with its World.
    pub(crate) fn load(&self) -> Result<Option<(Kept, World)>, StoreError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        if self.is_new {
            return Ok(None);
        }
        let (kept, records) = self.database.read(|transaction| {
            let kept = match transaction.open_table(SIMULATOR) {
                Err(redb::TableError::TableDoesNotExist(_)) => None,
                simulator => simulator?.get(KEPT)?.map(|kept| kept.value().to_vec()),
            };
            Ok((kept, records(transaction, WORLD)?))
        })?;
        // A World without its record would be an empty one.
        let (Some(kept), true) = (kept, records.contains_key(WORLD_ITSELF)) else {
            return Err(self.damaged("it holds no World"));
        };
        let format: Format = serde_json::from_slice(&kept).map_err(|error| self.damaged(error))?;
        if format.format != FORMAT {
            return Err(StoreError::Format {
                file: self.database.file().path(),
                found: format.format,
                known: FORMAT,
            });
        }
        let record = self.kept.get_or_init(|| kept);
        let kept = serde_json::from_slice(record).map_err(|error| self.damaged(error))?;
        let world = store::load(records).map_err(|error| self.damaged(error))?;
        Ok(Some((kept, world)))
    }

    /// That its file is not what a simulator has written.
    pub(crate) fn damaged(&self, problem: impl Display) -> StoreError {
        self.database.file().damaged(problem)
    }

    /// Its file.
    pub(crate) fn path(&self) -> PathBuf {
        self.database.file().path()
    }

    /// Keeps a simulator that begins: from now on the directory has a World.
    pub(crate) fn begin(&self, kept: &Kept, world: &World) -> Result<(), StoreError> {
        let kept = serde_json::to_vec(kept).map_err(|error| unwritable(&self.database, error))?;
        let kept = self.kept.get_or_init(|| kept);
        let changes = store::changes(None, world).map_err(|error| unwritable(&self.database, error))?;
        self.database.write(|transaction| {
            transaction.open_table(SIMULATOR)?.insert(KEPT, kept.as_slice())?;
            change(transaction, WORLD, changes)
        })?;
        self.database.finish()
    }

    /// The files of a state directory that has this World and these logs: names and contents. No disk is asked for them.
    pub(crate) fn backup(&self, world: &World, logs: &LogStore) -> Result<BackupFiles, StoreError> {
        let failed = |error| self.database.file().redb(error);
        let kept = self.kept.get().map(Vec::as_slice).unwrap_or_default();
        let records = store::changes(None, world).map_err(|error| unwritable(&self.database, error))?;
        let lines = KeptLogs::default().change_to(logs);
        let lines = lines.map_err(|error| unwritable(&self.database, error))?;
        let world_image = database::image(|transaction| {
            transaction.open_table(SIMULATOR)?.insert(KEPT, kept)?;
            change(transaction, WORLD, records)
        });
        let logs_image = database::image(|transaction| change(transaction, LOGS, lines));
        Ok([
            (Holds::World.name(), world_image.map_err(failed)?),
            (Holds::Logs.name(), logs_image.map_err(failed)?),
        ])
    }

    /// Keeps a change of the World. After one that failed, whatever of it is in the file is put right as well.
    pub(crate) fn commit(&self, old: &World, new: &World) -> Result<(), StoreError> {
        let is_behind = self.database.recover()?;
        let old = Some(old).filter(|_| !is_behind);
        let mut changes = store::changes(old, new).map_err(|error| unwritable(&self.database, error))?;
        if is_behind {
            let present = self.database.read(|transaction| records(transaction, WORLD))?;
            changes = differences(present, changes);
        } else if changes.is_empty() {
            return Ok(());
        }
        self.database.write(|transaction| change(transaction, WORLD, changes))
    }

    /// Lets its file become no larger, as a full disk does.
    #[cfg(test)]
    pub(crate) fn set_room(&self, bytes: u64) {
        self.database.set_room(bytes);
    }
}

/// Whether there is anything under a file's name.
fn is_there(file: &StateFile) -> Result<bool, StoreError> {
    match fs::symlink_metadata(file.path()) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file.io(error)),
    }
}

/// What JSON cannot say, which nothing that is kept is.
fn unwritable(database: &StateDatabase, error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    database.file().io(io::Error::other(error))
}

/// What is to be changed so that records become `wanted`.
fn differences(mut present: BTreeMap<String, Vec<u8>>, wanted: Vec<Change>) -> Vec<Change> {
    let mut changes: Vec<Change> = wanted
        .into_iter()
        .filter(|change| present.remove(&change.key) != change.value)
        .collect();
    changes.extend(present.into_keys().map(|key| Change { key, value: None }));
    changes
}

impl Kept {
    /// What a simulator of this scenario keeps.
    pub(crate) fn new(scenario: &str, profiles: &[Profile], authority: KeptAuthority) -> Self {
        Self {
            format: FORMAT,
            scenario: scenario.to_owned(),
            profiles: profiles.to_vec(),
            authority,
            ports: Ports::default(),
        }
    }

    /// The staging that goes on from here.
    pub(crate) fn staging(&self, world: World) -> Staging {
        Staging {
            world,
            profiles: self.profiles.clone(),
        }
    }
}
