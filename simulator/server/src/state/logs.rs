//! The logs of CloudWatch Logs, beside the World: lines come by the thousand, and no decision reads them.
//!
//! With a state directory what a client changes is on the disk before it is answered. Lines that the simulator writes
//! itself follow soon after, so that no call waits for them.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::logs::cloudwatch_logs::store::Kept;

use crate::state::store;
use crate::state::store::LogDatabase;
use crate::state::store::StoreError;

/// How long lines gather before they are written to the disk together.
const GATHERING: Duration = Duration::from_millis(100);

/// The one store of logs.
#[derive(Debug, Default)]
pub struct Logs {
    // A std Mutex: held to push an event, to make one change or to clone what shares its structure, never across an await.
    store: Mutex<Versioned>,
    keeper: Option<Keeper>,
}

/// The logs, and how often they were changed.
#[derive(Debug, Default)]
struct Versioned {
    store: LogStore,
    version: u64,
}

/// What keeps the logs in a state directory.
#[derive(Debug)]
struct Keeper {
    // Held while the disk is written, and only taken without the store's, so that nobody waits for a disk to read or append.
    disk: Mutex<Disk>,
    /// Wakes the thread that writes what gathered.
    wake: mpsc::SyncSender<()>,
}

#[derive(Debug)]
struct Disk {
    database: LogDatabase,
    kept: Kept,
}

impl Logs {
    /// The logs that a database holds, which from now on holds what becomes of them.
    ///
    /// # Errors
    /// When it cannot be read, or no thread can be started.
    pub(crate) fn keep_in(database: LogDatabase) -> Result<Arc<Self>, StoreError> {
        let kept = database.load()?;
        // One word is enough: who is woken writes everything.
        let (wake, woken) = mpsc::sync_channel(1);
        let logs = Arc::new(Self {
            store: Mutex::new(Versioned {
                store: kept.store().clone(),
                version: 0,
            }),
            keeper: Some(Keeper {
                disk: Mutex::new(Disk { database, kept }),
                wake,
            }),
        });
        let weak = Arc::downgrade(&logs);
        thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || write_what_gathers(&weak, &woken))
            .map_err(|error| StoreError::Database(redb::Error::Io(error)))?;
        Ok(logs)
    }

    fn lock(&self) -> MutexGuard<'_, Versioned> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logs as they are now; what comes later does not show in them.
    #[must_use]
    pub fn snapshot(&self) -> LogStore {
        self.lock().store.clone()
    }

    /// The same, and which version it is.
    pub(crate) fn version(&self) -> (LogStore, u64) {
        let now = self.lock();
        (now.store.clone(), now.version)
    }

    /// Makes one change, which comes to the disk soon. `change` must leave the store valid when it returns an error of its
    /// own, as every operation of the core does.
    pub fn change<R>(&self, change: impl FnOnce(&mut LogStore) -> R) -> R {
        let mut now = self.lock();
        now.version += 1;
        let result = change(&mut now.store);
        drop(now);
        if let Some(keeper) = &self.keeper {
            // That it is full says that the thread knows.
            let _ = keeper.wake.try_send(());
        }
        result
    }

    /// Takes over `new` where the logs are still of that version, else what `again` makes of them as they are. Others may see
    /// it before it is on the disk: [`Logs::flush`].
    pub(crate) fn replace(&self, version: u64, new: LogStore, again: impl FnOnce(&LogStore) -> Option<LogStore>) {
        let mut now = self.lock();
        let new = if now.version == version {
            Some(new)
        } else {
            again(&now.store)
        };
        if let Some(new) = new {
            now.version += 1;
            now.store = new;
        }
    }

    /// Makes one change, which is on the disk when this returns. Others may see it before.
    pub fn commit<R>(&self, change: impl FnOnce(&mut LogStore) -> R) -> R {
        let result = self.change(change);
        self.flush();
        result
    }

    /// Writes to the disk what is not there yet. Where that fails, the process ends rather than acknowledge what it would
    /// lose.
    pub(crate) fn flush(&self) {
        let Some(keeper) = &self.keeper else {
            return;
        };
        let mut disk = keeper.disk.lock().unwrap_or_else(PoisonError::into_inner);
        // Those who waited for the lock meanwhile find their change written, and write nothing.
        let new = self.snapshot();
        let Disk { database, kept } = &mut *disk;
        if let Err(error) = database.commit(kept, &new) {
            store::give_up(&error);
        }
    }
}

/// Writes what gathers, until the logs are gone.
fn write_what_gathers(logs: &Weak<Logs>, woken: &mpsc::Receiver<()>) {
    while woken.recv().is_ok() {
        thread::sleep(GATHERING);
        match logs.upgrade() {
            Some(logs) => logs.flush(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use eks_auth_core::logs::cloudwatch_logs::GroupKey;
    use eks_auth_core::logs::cloudwatch_logs::NewEvent;
    use eks_auth_core::value::arn::AccountId;
    use eks_auth_core::value::instant::Timestamp;

    use super::*;
    use crate::state::clock::Stopwatch;

    fn append(store: &mut LogStore, message: &str) {
        let key = GroupKey {
            account: AccountId::parse("111122223333").unwrap(),
            region: "us-west-2".to_owned(),
            name: "g".to_owned(),
        };
        let event = NewEvent {
            timestamp_ms: 1,
            message: message.into(),
        };
        store.append(&key, "s", [event], Timestamp::UNIX_EPOCH);
    }

    /// What another process would find after `kill -9`: the file as it is now.
    fn on_disk(folder: &std::path::Path) -> u64 {
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(folder.join("logs.redb"), copy.path().join("logs.redb")).unwrap();
        let database = LogDatabase::open(copy.path()).unwrap();
        database.load().unwrap().store().last_sequence()
    }

    #[test]
    fn a_commit_is_on_the_disk_and_lines_come_soon() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::keep_in(LogDatabase::open(folder.path()).unwrap()).unwrap();
        logs.commit(|store| append(store, "a"));
        assert_eq!(on_disk(folder.path()), 1);
        logs.change(|store| append(store, "b"));
        logs.change(|store| append(store, "c"));
        let begun = Stopwatch::start();
        while logs
            .keeper
            .as_ref()
            .unwrap()
            .disk
            .lock()
            .unwrap()
            .kept
            .store()
            .last_sequence()
            < 3
        {
            assert!(begun.seconds() < 30.0, "nobody writes");
            thread::yield_now();
        }
        assert_eq!(on_disk(folder.path()), 3);
        drop(logs);
        // The thread lets go of the file.
        let logs = Logs::keep_in(LogDatabase::open(folder.path()).unwrap()).unwrap();
        assert_eq!(logs.snapshot().last_sequence(), 3);
    }
}
