//! The logs of CloudWatch Logs, beside the World: lines come by the thousand, and no decision reads them.
//!
//! With a state directory what a client changes is on the disk before it is answered. Lines that the simulator writes
//! itself follow soon after, so that no call waits for them. While the disk takes nothing, lines gather in memory.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::logs::cloudwatch_logs::store::Kept;

use crate::state::store::LogDatabase;
use crate::state::store::StoreError;

/// How long lines gather before they are written to the disk together.
const GATHERING: Duration = Duration::from_millis(100);
/// How long it is waited until what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Hears what becomes of writing: why it fails, or nothing where it succeeds again.
type Reporter = Box<dyn Fn(Option<&StoreError>) + Send + Sync>;

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
struct Keeper {
    // Held while the disk is written, and only taken without the store's, so that nobody waits for a disk to read or append.
    disk: Mutex<Disk>,
    /// Wakes the thread that writes what gathered.
    wake: mpsc::SyncSender<()>,
    /// Whether the last write has failed.
    is_failing: AtomicBool,
    reporter: OnceLock<Reporter>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper")
            .field("disk", &self.disk)
            .finish_non_exhaustive()
    }
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
    /// When no thread can be started.
    pub(crate) fn keep_in(database: LogDatabase, kept: Kept) -> io::Result<Arc<Self>> {
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
                is_failing: AtomicBool::new(false),
                reporter: OnceLock::new(),
            }),
        });
        let weak = Arc::downgrade(&logs);
        thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || write_what_gathers(&weak, &woken))?;
        Ok(logs)
    }

    /// Says who is told when writing fails, and when it succeeds again. It is said once.
    pub(crate) fn report_to(&self, reporter: impl Fn(Option<&StoreError>) + Send + Sync + 'static) {
        if let Some(keeper) = &self.keeper {
            let _ = keeper.reporter.set(Box::new(reporter));
        }
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
    ///
    /// # Errors
    /// As those of `flush`.
    pub fn commit<R>(&self, change: impl FnOnce(&mut LogStore) -> R) -> Result<R, StoreError> {
        self.check()?;
        let result = self.change(change);
        self.flush()?;
        Ok(result)
    }

    /// Whether what is changed now can be expected to come to the disk: where the last write failed, it is tried again, so that
    /// a change that cannot be kept is refused before anybody sees it.
    ///
    /// # Errors
    /// Those of [`Logs::flush`].
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.keeper {
            Some(keeper) if keeper.is_failing.load(Ordering::Acquire) => self.flush(),
            _ => Ok(()),
        }
    }

    /// Writes to the disk what is not there yet.
    ///
    /// # Errors
    /// [`StoreError`] where the disk does not take it. It stays in memory, and is written with what comes next.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let Some(keeper) = &self.keeper else {
            return Ok(());
        };
        let mut disk = keeper.disk.lock().unwrap_or_else(PoisonError::into_inner);
        // Those who waited for the lock meanwhile find their change written, and write nothing.
        let new = self.snapshot();
        let Disk { database, kept } = &mut *disk;
        let written = database.commit(kept, &new);
        let was_failing = keeper.is_failing.swap(written.is_err(), Ordering::AcqRel);
        drop(disk);
        // The first failure is told, and the end of them.
        if was_failing != written.is_err()
            && let Some(report) = keeper.reporter.get()
        {
            report(written.as_ref().err());
        }
        written
    }
}

/// Writes what gathers, until the logs are gone.
fn write_what_gathers(logs: &Weak<Logs>, woken: &mpsc::Receiver<()>) {
    while woken.recv().is_ok() {
        let mut pause = GATHERING;
        loop {
            thread::sleep(pause);
            let Some(logs) = logs.upgrade() else { return };
            if logs.flush().is_ok() {
                break;
            }
            pause = RETRY;
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

    fn keep_in(folder: &std::path::Path) -> Arc<Logs> {
        let database = LogDatabase::open(folder).unwrap();
        let kept = database.load().unwrap();
        Logs::keep_in(database, kept).unwrap()
    }

    #[test]
    fn a_commit_is_on_the_disk_and_lines_come_soon() {
        let folder = tempfile::tempdir().unwrap();
        let logs = keep_in(folder.path());
        logs.commit(|store| append(store, "a")).unwrap();
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
        let logs = keep_in(folder.path());
        assert_eq!(logs.snapshot().last_sequence(), 3);
    }

    #[test]
    fn a_full_disk_refuses_changes_and_loses_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let logs = keep_in(folder.path());
        let told = Arc::new(Mutex::new(Vec::new()));
        logs.report_to({
            let told = Arc::clone(&told);
            move |error: Option<&StoreError>| told.lock().unwrap().push(error.map(ToString::to_string))
        });
        logs.commit(|store| append(store, "kept")).unwrap();
        let set_room = |bytes| {
            let disk = logs.keeper.as_ref().unwrap().disk.lock().unwrap();
            disk.database.set_room(bytes);
        };
        set_room(0);
        let error = logs.commit(|store| append(store, "full")).unwrap_err().to_string();
        assert!(
            error.contains("logs.redb") && error.contains("fix: free space"),
            "{error}"
        );
        // The first may have been seen by others before it was refused, the second was not made.
        logs.commit(|store| append(store, "refused")).unwrap_err();
        assert_eq!(logs.snapshot().last_sequence(), 2);
        logs.change(|store| append(store, "a line"));
        set_room(u64::MAX);
        logs.commit(|store| append(store, "again")).unwrap();
        assert_eq!(logs.snapshot().last_sequence(), 4);
        assert_eq!(on_disk(folder.path()), 4);
        assert_eq!(*told.lock().unwrap(), [Some(error), None]);
    }
}
