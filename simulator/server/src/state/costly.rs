//! Costly requests: so many at once, on threads of their own.
//!
//! What they take while they are answered stays with the threads that took it: allocators keep memory for each thread, so that
//! costly work all over a pool leaves as much behind as there are threads in it.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::runtime::Handle;
use tokio::runtime::Runtime;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::net::runtime::STACK;

/// So many are answered at once: one a processor of a small machine. Further ones wait, and those that wait for nothing go past
/// them.
const PLACES: usize = 2;
/// So many may wait.
const MOST_WAITING: usize = 64;
/// How long a thread without work stays: for good, or its successor would take memory of its own.
const STAYS: Duration = Duration::from_secs(24 * 60 * 60);

/// The threads, and who is on them.
#[derive(Debug)]
pub(crate) struct Costly {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Nothing runs on it but what blocks. Nothing where the machine refuses what threads need.
    threads: OnceLock<Option<Runtime>>,
}

impl Costly {
    /// No thread is started before there is work for it.
    pub(crate) fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
            waiting: AtomicUsize::new(0),
            threads: OnceLock::new(),
        }
    }

    fn threads(&self) -> Option<&Runtime> {
        let build = || {
            Builder::new_current_thread()
                .thread_name("costly")
                .thread_stack_size(STACK)
                .max_blocking_threads(PLACES)
                .thread_keep_alive(STAYS)
                .build()
                .ok()
        };
        self.threads.get_or_init(build).as_ref()
    }

    /// A place, when it is this request's turn; nothing where too many wait, or its turn does not come in time.
    pub(crate) async fn place(&self, time: Duration) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        let waiting = Waiting::begin(&self.waiting)?;
        let place = tokio::time::timeout(time, Arc::clone(&self.places).acquire_owned()).await;
        drop(waiting);
        place.ok()?.ok()
    }

    /// Does the work of who has a place, which is given back with its end even where nobody waits for it any more. What the work
    /// spawns runs where this was called. Nothing where there is no thread for it.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        place: OwnedSemaphorePermit,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<JoinHandle<R>> {
        let caller = Handle::try_current().ok()?;
        let threads = self.threads()?;
        Some(threads.spawn_blocking(move || {
            let _place = place;
            let _entered = caller.enter();
            work()
        }))
    }
}

impl Drop for Costly {
    fn drop(&mut self) {
        // It may be a task that lets go of the last request, where a runtime must not wait for its threads.
        if let Some(threads) = self.threads.take().flatten() {
            threads.shutdown_background();
        }
    }
}

/// One that waits for its turn.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// Nothing where there are enough.
    fn begin(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    #[test]
    fn the_same_few_threads_do_it_all() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let costly = Costly::new();
        let threads = runtime.block_on(async {
            let mut threads = BTreeSet::new();
            for _ in 0..50 {
                let place = costly.place(Duration::from_secs(60)).await.unwrap();
                let done = costly.run(place, || format!("{:?}", thread::current().id())).unwrap();
                threads.insert(done.await.unwrap());
            }
            threads
        });
        assert!(threads.len() <= PLACES, "{threads:?}");
    }

    #[test]
    fn who_finds_no_place_in_time_has_none_and_a_panic_gives_its_own_back() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let costly = Costly::new();
        runtime.block_on(async {
            let first = costly.place(Duration::ZERO).await.unwrap();
            let second = costly.place(Duration::ZERO).await.unwrap();
            assert!(costly.place(Duration::from_millis(1)).await.is_none());
            drop(first);
            let failing = costly.run(second, || panic!("on purpose")).unwrap();
            assert!(failing.await.is_err());
            let first = costly.place(Duration::from_secs(60)).await;
            let second = costly.place(Duration::from_secs(60)).await;
            assert!(first.is_some() && second.is_some());
        });
    }

    #[test]
    fn what_the_work_spawns_runs_where_it_was_asked_for() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let costly = Costly::new();
        let answer = runtime.block_on(async {
            let place = costly.place(Duration::ZERO).await.unwrap();
            let spawned = costly.run(place, || tokio::spawn(async { 7 })).unwrap();
            spawned.await.unwrap().await.unwrap()
        });
        assert_eq!(answer, 7);
    }
}
