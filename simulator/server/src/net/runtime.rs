//! The threads of a simulator.

use std::io;

use tokio::runtime::Builder;
use tokio::runtime::Runtime;

/// The stack of a thread: what nests as deep as it may is read, compared and dropped by functions that call themselves, with
/// room to spare. Only what is used of it takes memory.
pub(crate) const STACK: usize = 8 * 1024 * 1024;
/// Threads for what blocks: keys, the disk, a workshop's pages. Further work waits.
const MOST_BLOCKING: usize = 64;

/// A runtime with so many workers, or as many as there are processors.
///
/// # Errors
/// When no thread can be started.
pub(crate) fn build(workers: Option<usize>) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = workers {
        builder.worker_threads(workers);
    }
    builder
        .thread_stack_size(STACK)
        .max_blocking_threads(MOST_BLOCKING)
        .enable_all()
        .build()
}
