//! The state directory's database: the World, and what a simulator must find again when it starts anew.
//!
//! Each change is one transaction, synchronised to the disk before it is acknowledged, so that neither `kill -9` nor a power
//! cut loses one.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use eks_auth_core::scenario::Profile;
use eks_auth_core::scenario::Staging;
use eks_auth_core::store;
use eks_auth_core::store::Change;
use eks_auth_core::world::World;
use redb::Database;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::TableDefinition;
use serde::Deserialize;
use serde::Serialize;

/// The database's file in the state directory.
const FILE: &str = "state.redb";
/// A process that was killed holds its lock until the last of its threads is gone, so one that starts right after it waits.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// What the records are, so that a later release can tell.
const FORMAT: u32 = 1;
const WORLD: TableDefinition<&str, &[u8]> = TableDefinition::new("world");
const SIMULATOR: TableDefinition<&str, &[u8]> = TableDefinition::new("simulator");
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

/// A certificate authority as PEM.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct KeptAuthority {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl std::fmt::Debug for KeptAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptAuthority([redacted])")
    }
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
        "the state directory `{0}` was made from another scenario: leave --scenario out, or take an empty directory"
    )]
    OtherScenario(PathBuf),
    /// It was made by another release.
    #[error("the state directory has format {0}, and this release reads format {FORMAT}")]
    Format(u32),
    /// A record cannot be read.
    #[error("the state directory is damaged: {0}")]
    Record(#[from] store::StoreError),
    /// The database says so.
    #[error("the state directory's database: {0}")]
    Database(#[from] redb::Error),
    /// What is kept beside the World cannot be read or written.
    #[error("the state directory is damaged: {0}")]
    Kept(#[from] serde_json::Error),
}

/// The open database of a state directory.
pub(crate) struct Store(Database);

impl Store {
    /// Opens the database of a state directory, made where it is absent.
    pub(crate) fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        // Made first, so that its content is never readable by others.
        if !path.exists() {
            crate::environment::write_private(&path, "").map_err(|error| redb::Error::Io(io::Error::other(error)))?;
        }
        let mut patience = LOCK_TRIES;
        loop {
            match Database::create(&path) {
                Ok(database) => return Ok(Self(database)),
                Err(redb::DatabaseError::DatabaseAlreadyOpen) if patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(redb::DatabaseError::DatabaseAlreadyOpen) => return Err(StoreError::InUse(directory.to_owned())),
                Err(error) => return Err(redb::Error::from(error).into()),
            }
        }
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
        let mut records = Vec::new();
        for record in transaction.open_table(WORLD)?.iter()? {
            let (key, value) = record?;
            records.push((key.value().to_owned(), value.value().to_vec()));
        }
        Ok(Some((kept, records)))
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
        {
            if let Some(kept) = kept {
                transaction.open_table(SIMULATOR)?.insert(KEPT, kept.as_slice())?;
            }
            let mut world = transaction.open_table(WORLD)?;
            for Change { key, value } in changes {
                match value {
                    Some(value) => drop(world.insert(key.as_str(), value.as_slice())?),
                    None => drop(world.remove(key.as_str())?),
                }
            }
        }
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
