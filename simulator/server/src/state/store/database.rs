//! A database of a state directory on its disk: opened with every page checked, made whole or not at all, and opened again
//! after a write that failed.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::ops::Bound;
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use redb::BackendError;
use redb::Database;
use redb::ReadTransaction;
use redb::ReadableDatabase;
use redb::StorageBackend;
use redb::WriteTransaction;
use redb::backends::FileBackend;
use redb::backends::InMemoryBackend;

use super::error::StateFile;
use super::error::StoreError;
use super::error::fix_of;

/// Locked as long as a simulator has the directory, also while a database in it is closed and opened again.
const LOCK_FILE: &str = "state.lock";
/// A process that was killed holds its lock until the last of its threads is gone, so one that starts right after it waits.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Locks a state directory, until what is returned is dropped.
pub(super) fn lock(directory: &Path) -> Result<File, StoreError> {
    let file = directory.join(LOCK_FILE);
    let failed = |source: io::Error| StoreError::Io {
        file: file.clone(),
        fix: fix_of(&source),
        source,
    };
    let mut options = File::options();
    options.write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(&file).map_err(failed)?;
    let mut patience = LOCK_TRIES;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if patience > 0 => {
                patience -= 1;
                thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    directory: directory.to_owned(),
                    file,
                });
            }
            // redb, too, goes without where a file system has no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// An open database of a state directory.
#[derive(Debug)]
pub(super) struct StateDatabase {
    file: StateFile,
    cache_bytes: usize,
    /// Whether the disk has failed to synchronise what it took.
    unconfirmed: Arc<AtomicBool>,
    // Held while the disk is read or written, by one thread: the World's writer, or who writes the logs.
    open: Mutex<Open>,
    #[cfg(test)]
    room: Arc<std::sync::atomic::AtomicU64>,
}

#[derive(Debug)]
struct Open {
    /// Closed after a write that failed, as redb asks for: it accepts no further one then (`StorageError::PreviousIo`).
    database: Option<Database>,
    /// Whether a write has failed since the last that did not: what it wrote may be there or not.
    is_behind: bool,
}

impl StateDatabase {
    /// Opens one that is there. Every page is checked, so that damage is an error and nothing is read past it.
    pub(super) fn open(file: StateFile, cache_bytes: usize) -> Result<Self, StoreError> {
        let database = Self::closed(file, cache_bytes);
        let opened = database.open_file()?;
        database.lock().database = Some(opened);
        Ok(database)
    }

    /// Makes one, which has its name after [`StateDatabase::finish`] only. The directory must be locked: what an unfinished
    /// one holds, of a start that was cut short, is thrown away.
    pub(super) fn create(file: StateFile, cache_bytes: usize) -> Result<Self, StoreError> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let opened = options.open(file.unfinished()).map_err(|error| file.io(error))?;
        let database = Self::closed(file, cache_bytes);
        let made = database.start_redb(opened)?;
        database.lock().database = Some(made);
        Ok(database)
    }

    fn closed(file: StateFile, cache_bytes: usize) -> Self {
        Self {
            file,
            cache_bytes,
            unconfirmed: Arc::default(),
            open: Mutex::new(Open {
                database: None,
                is_behind: false,
            }),
            #[cfg(test)]
            room: Arc::new(std::sync::atomic::AtomicU64::new(u64::MAX)),
        }
    }

    /// Gives it its name, for good.
    pub(super) fn finish(&self) -> Result<(), StoreError> {
        let finish = || {
            fs::rename(self.file.unfinished(), self.file.path())?;
            File::open(self.file.directory())?.sync_all()
        };
        finish().map_err(|error| self.file.io(error))
    }

    /// The file.
    pub(super) fn file(&self) -> &StateFile {
        &self.file
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_file(&self) -> Result<Database, StoreError> {
        let failed = |error| self.file.io(error);
        let mut patience = LOCK_TRIES;
        loop {
            let mut options = File::options();
            let opened = options.read(true).write(true).open(self.file.path()).map_err(failed)?;
            // redb would begin an empty one anew.
            if opened.metadata().map_err(failed)?.len() == 0 {
                return Err(self.file.damaged("it is empty"));
            }
            match self.start_redb(opened) {
                Err(StoreError::InUse { .. }) if patience > 0 => {
                    patience -= 1;
                    thread::sleep(LOCK_PAUSE);
                }
                result => return result,
            }
        }
    }

    fn start_redb(&self, file: File) -> Result<Database, StoreError> {
        self.guarded(|| {
            let disk = Disk {
                file: FileBackend::new(file)?,
                unconfirmed: Arc::clone(&self.unconfirmed),
                #[cfg(test)]
                room: Arc::clone(&self.room),
            };
            let mut builder = Database::builder();
            builder
                .set_cache_size(self.cache_bytes)
                .set_check_integrity_on_open(true);
            Ok(builder.create_with_backend(disk)?)
        })
    }

    /// Runs redb on a file that may be damaged. redb promises an error rather than a panic where it checks the whole file, but
    /// for what its debug builds assert (`StorageError::unreachable`); whatever panics is damage as well. What the panic leaves
    /// behind is not used again.
    fn guarded<R>(&self, work: impl FnOnce() -> Result<R, redb::Error>) -> Result<R, StoreError> {
        match panic::catch_unwind(AssertUnwindSafe(work)) {
            Ok(result) => result.map_err(|error| self.file.redb(error)),
            Err(_) => Err(self.file.damaged("redb cannot read it")),
        }
    }

    /// Opens it again where a write has failed. Says whether it is behind: then what it holds is to be read again, since a write
    /// that failed may be in it or not.
    pub(super) fn recover(&self) -> Result<bool, StoreError> {
        let mut open = self.lock();
        if open.database.is_none() {
            // What the system still shows of such a write may never reach the disk, so that nothing is built on it.
            if self.unconfirmed.load(Ordering::Acquire) {
                return Err(StoreError::Unconfirmed(self.file.path()));
            }
            open.database = Some(self.open_file()?);
        }
        Ok(open.is_behind)
    }

    /// Reads it.
    pub(super) fn read<R>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<R, redb::Error>,
    ) -> Result<R, StoreError> {
        let open = self.lock();
        self.guarded(|| {
            let database = open.database.as_ref().ok_or(redb::Error::DatabaseClosed)?;
            work(&database.begin_read()?)
        })
    }

    /// Writes to it in one transaction, which is on the disk when this returns.
    pub(super) fn write(
        &self,
        work: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let mut open = self.lock();
        let database = open.database.as_ref();
        let write = || {
            let transaction = database.ok_or(redb::Error::DatabaseClosed)?.begin_write()?;
            work(&transaction)?;
            transaction.commit()?;
            Ok(())
        };
        let written: Result<(), redb::Error> = write();
        let written = written.map_err(|error| self.file.redb(error));
        open.is_behind = written.is_err();
        if open.is_behind {
            open.database = None;
        }
        match written {
            Err(_) if self.unconfirmed.load(Ordering::Acquire) => Err(StoreError::Unconfirmed(self.file.path())),
            written => written,
        }
    }

    /// Lets the file become no larger, as a full disk does.
    #[cfg(test)]
    pub(super) fn set_room(&self, bytes: u64) {
        self.room.store(bytes, Ordering::Release);
    }
}

/// The bytes of a file with a new database, in which `work` has written.
pub(super) fn image(work: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>) -> Result<Vec<u8>, redb::Error> {
    let memory = Memory(Arc::new(InMemoryBackend::new()));
    let database = Database::builder().create_with_backend(memory.clone())?;
    let transaction = database.begin_write()?;
    work(&transaction)?;
    transaction.commit()?;
    database.close()?;
    let length = usize::try_from(memory.len()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    memory.read(0, &mut bytes)?;
    Ok(bytes)
}

/// A database's bytes in memory, which are there when it is closed.
#[derive(Clone, Debug)]
struct Memory(Arc<InMemoryBackend>);

impl StorageBackend for Memory {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }
}

/// The file of a database, which notices when the disk does not synchronise what it took.
#[derive(Debug)]
struct Disk {
    file: FileBackend,
    unconfirmed: Arc<AtomicBool>,
    #[cfg(test)]
    room: Arc<std::sync::atomic::AtomicU64>,
}

impl Disk {
    #[cfg(test)]
    fn has_room(&self, end: u64) -> io::Result<()> {
        if end > self.room.load(Ordering::Acquire) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        #[cfg(test)]
        self.has_room(len)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        let synced = self.file.sync_data();
        if synced.is_err() {
            self.unconfirmed.store(true, Ordering::Release);
        }
        synced
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        #[cfg(test)]
        self.has_room(offset.saturating_add(data.len() as u64))?;
        self.file.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
