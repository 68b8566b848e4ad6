//! The state directory's databases: the World with what a simulator must find again when it starts again, and the logs.
//!
//! Each change is one transaction, synchronised to the disk before it is acknowledged, so that neither `kill -9` nor a power
//! cut loses one.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::net::tls::KeptAuthority;
use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::logs::cloudwatch_logs::store::Kept as KeptLogs;
use eks_auth_core::scenario::Profile;
use eks_auth_core::scenario::Staging;
use eks_auth_core::value::record::Change;
use eks_auth_core::value::record::RecordError;
use eks_auth_core::world::World;
use eks_auth_core::world::store;
use redb::Database;
use redb::ReadTransaction;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::TableDefinition;
use redb::WriteTransaction;
use serde::Deserialize;
use serde::Serialize;

/// The World's file in the state directory.
const FILE: &str = "state.redb";
/// The logs' file, apart, so that lines and changes of the World do not wait for one another.
const LOGS_FILE: &str = "logs.redb";
/// How much of the logs' file is kept in memory, where the logs themselves are.
const LOGS_CACHE_BYTES: usize = 8 * 1024 * 1024;
/// A process that was killed holds its lock until the last of its threads is gone, so one that starts right after it waits.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// What the records are, so that a later release can tell.
const FORMAT: u32 = 1;
const WORLD: TableDefinition<&str, &[u8]> = TableDefinition::new("world");
const SIMULATOR: TableDefinition<&str, &[u8]> = TableDefinition::new("simulator");
const LOGS: TableDefinition<&str, &[u8]> = TableDefinition::new("logs");
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
    pub(crate) clusters: std::collections::BTreeMap<String, u16>,
}

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another simulator has it open.
    #[error("another eks-auth-sim uses the state directory `{0}`")]
    InUse(PathBuf),
    /// It was made from another scenario.
    #[error(
        "the state directory `{0}` was made from another scenario: leave --scenario out, or use an empty directory"
    )]
    OtherScenario(PathBuf),
    /// It was made by another release.
    #[error("the state directory has format {0}, and this release reads format {FORMAT}")]
    Format(u32),
    /// A record cannot be read.
    #[error("the state directory is damaged: {0}")]
    Record(#[from] RecordError),
    /// The database says so.
    #[error("the state directory's database: {0}")]
    Database(#[from] redb::Error),
    /// What is kept beside the World cannot be read or written.
    #[error("the state directory is damaged: {0}")]
    Kept(#[from] serde_json::Error),
}

/// Ends the process, which cannot keep what it would have to acknowledge.
pub(crate) fn give_up(error: &StoreError) -> ! {
    let _ = writeln!(io::stderr(), "eks-auth-sim: a change cannot be kept: {error}");
    std::process::exit(1);
}

/// Opens a database of a state directory, made where it is absent.
fn open(directory: &Path, file: &str, builder: &redb::Builder) -> Result<Database, StoreError> {
    let path = directory.join(file);
    // Made first, so that its content is never readable by others.
    if !path.exists() {
        crate::state::private_file::write_private(&path, "")
            .map_err(|error| redb::Error::Io(io::Error::other(error)))?;
    }
    let mut patience = LOCK_TRIES;
    loop {
        match builder.create(&path) {
            Ok(database) => return Ok(database),
            Err(redb::DatabaseError::DatabaseAlreadyOpen) if patience > 0 => {
                patience -= 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(redb::DatabaseError::DatabaseAlreadyOpen) => return Err(StoreError::InUse(directory.to_owned())),
            Err(error) => return Err(redb::Error::from(error).into()),
        }
    }
}

type Table = TableDefinition<'static, &'static str, &'static [u8]>;

/// The records of a table; none where there is no such table.
fn records(transaction: &ReadTransaction, table: Table) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
    let table = match transaction.open_table(table) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        table => table?,
    };
    let mut records = Vec::new();
    for record in table.iter()? {
        let (key, value) = record?;
        records.push((key.value().to_owned(), value.value().to_vec()));
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

/// The open database of a state directory's logs.
#[derive(Debug)]
pub(crate) struct LogDatabase(Database);

impl LogDatabase {
    /// Opens it, made where it is absent.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let mut builder = Database::builder();
        builder.set_cache_size(LOGS_CACHE_BYTES);
        open(directory, LOGS_FILE, &builder).map(Self)
    }

    /// What it holds.
    pub(crate) fn load(&self) -> Result<KeptLogs, StoreError> {
        let read = || records(&self.0.begin_read()?, LOGS);
        Ok(KeptLogs::load(read().map_err(StoreError::Database)?)?)
    }

    /// Makes it hold `new` in place of what it holds, in one transaction.
    pub(crate) fn commit(&self, kept: &mut KeptLogs, new: &LogStore) -> Result<(), StoreError> {
        let changes = kept.change_to(new)?;
        if changes.is_empty() {
            return Ok(());
        }
        let write = || {
            let transaction = self.0.begin_write()?;
            change(&transaction, LOGS, changes)?;
            Ok(transaction.commit()?)
        };
        write().map_err(StoreError::Database)
    }
}

/// The open database of a state directory's World.
pub(crate) struct Store(Database);

impl Store {
    /// Opens it, made where it is absent.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        open(directory, FILE, &Database::builder()).map(Self)
    }

    /// What was kept, if anything was, with its World.
    pub(crate) fn load(&self) -> Result<Option<(Kept, World)>, StoreError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let records = self.records().map_err(StoreError::Database)?;
        let Some((kept, records)) = records else {
            return Ok(None);
        };
        let Format { format } = serde_json::from_slice(&kept)?;
        if format != FORMAT {
            return Err(StoreError::Format(format));
        }
        Ok(Some((serde_json::from_slice(&kept)?, store::load(records)?)))
    }

    #[expect(clippy::type_complexity, reason = "the record of SIMULATOR, then those of WORLD")]
    fn records(&self) -> Result<Option<(Vec<u8>, Vec<(String, Vec<u8>)>)>, redb::Error> {
        let transaction = self.0.begin_read()?;
        let simulator = match transaction.open_table(SIMULATOR) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            simulator => simulator?,
        };
        let Some(kept) = simulator.get(KEPT)?.map(|kept| kept.value().to_vec()) else {
            return Ok(None);
        };
        Ok(Some((kept, records(&transaction, WORLD)?)))
    }

    /// Keeps a simulator that begins, in one transaction.
    pub(crate) fn begin(&self, kept: &Kept, world: &World) -> Result<(), StoreError> {
        let changes = store::changes(None, world)?;
        self.write(Some(serde_json::to_vec(kept)?), changes)
            .map_err(StoreError::Database)
    }

    /// Keeps a change of the World.
    pub(crate) fn commit(&self, old: &World, new: &World) -> Result<(), StoreError> {
        let changes = store::changes(Some(old), new)?;
        if changes.is_empty() {
            return Ok(());
        }
        self.write(None, changes).map_err(StoreError::Database)
    }

    fn write(&self, kept: Option<Vec<u8>>, changes: Vec<Change>) -> Result<(), redb::Error> {
        let transaction = self.0.begin_write()?;
        if let Some(kept) = kept {
            transaction.open_table(SIMULATOR)?.insert(KEPT, kept.as_slice())?;
        }
        change(&transaction, WORLD, changes)?;
        transaction.commit()?;
        Ok(())
    }
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
