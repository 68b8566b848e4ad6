//! The connections of a listener: a bounded number of them, of which the one that was not used for longest makes room for a
//! new one. So connections on which nothing happens shut nobody out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;

/// The open connections of a listener.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Rises with each use of any of them.
    uses: Arc<AtomicU64>,
    // A std Mutex: held to open, close or pick one, never across an await.
    open: Mutex<BTreeMap<u64, Arc<Connection>>>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    uses: Arc<AtomicU64>,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// Which use its last one was.
    last: AtomicU64,
    end: Notify,
}

/// A connection that is open until this is dropped.
#[derive(Debug)]
pub(crate) struct Opened {
    connections: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
}

/// A request on a connection, from when it was read until its answer is gone.
#[derive(Debug)]
pub(crate) struct Activity(Arc<Connection>);

impl Connections {
    /// Counts a new connection.
    pub(crate) fn open(self: &Arc<Self>) -> Opened {
        let number = self.uses.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            uses: Arc::clone(&self.uses),
            busy: AtomicUsize::new(0),
            last: AtomicU64::new(number),
            end: Notify::new(),
        });
        self.lock().insert(number, Arc::clone(&connection));
        Opened {
            connections: Arc::clone(self),
            number,
            connection,
        }
    }

    /// Ends the connection on which no request is being answered, and none was for longest. Nothing where all are busy.
    pub(crate) fn end_idlest(&self) {
        let open = self.lock();
        let idle = open
            .values()
            .filter(|connection| connection.busy.load(Ordering::Relaxed) == 0);
        if let Some(idlest) = idle.min_by_key(|connection| connection.last.load(Ordering::Relaxed)) {
            // It is not picked again while it ends.
            idlest.last.store(u64::MAX, Ordering::Relaxed);
            idlest.end.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Waits until it is to make room for another one.
    pub(crate) async fn ended(&self) {
        self.end.notified().await;
    }

    /// It is used until what this returns is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Activity {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Activity(Arc::clone(self))
    }
}

impl Opened {
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.connections.lock().remove(&self.number);
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        let use_of_all = self.0.uses.fetch_add(1, Ordering::Relaxed);
        self.0.last.store(use_of_all, Ordering::Relaxed);
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_is_idle_for_longest_makes_room() {
        let connections = Arc::new(Connections::default());
        let [first, second, third] = [(); 3].map(|()| connections.open());
        let is_ended = |opened: &Opened| opened.connection().last.load(Ordering::Relaxed) == u64::MAX;
        let activity = first.connection().begin();
        drop(second.connection().begin());
        connections.end_idlest();
        assert_eq!([&first, &second, &third].map(is_ended), [false, false, true]);
        connections.end_idlest();
        assert_eq!([&first, &second, &third].map(is_ended), [false, true, true]);
        drop(second);
        drop(third);
        // The other one is busy.
        connections.end_idlest();
        assert!(!is_ended(&first));
        drop(activity);
        connections.end_idlest();
        assert!(is_ended(&first));
        drop(first);
        assert!(connections.lock().is_empty());
    }
}
