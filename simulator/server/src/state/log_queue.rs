//! The log that goes with the process, on its way to a reader who may be slow or may not read at all.
//!
//! Who writes a line never waits: lines stand in a bounded queue, and a thread of its own writes them. What does not fit is
//! counted, and the loss is said in the log, where it happened.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread;
use std::time::Duration;

use eks_auth_core::value::log::Level;
use eks_auth_core::value::log::LogLine;

use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// What the lines that wait take together.
const BYTES: usize = 1024 * 1024;
/// What is said in place of lines that did not fit.
const LOST: &str = "log lines lost: they are read too slowly";

/// A queue of lines, and the thread that writes them. Clones share both.
#[derive(Clone, Debug)]
pub(crate) struct LogQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    // A std Mutex: held to push or to take lines, never while they are written.
    queue: Mutex<Queue>,
    /// Lines came, or were written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<String>,
    bytes: usize,
    /// Lines that did not fit since the last one that did.
    lost: u64,
    /// The thread writes what it has taken.
    is_writing: bool,
}

impl Queue {
    fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.lines.push_back(line);
    }

    /// Says what was lost, where something was.
    fn report_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            let line = LogLine {
                time: SystemClock.now(),
                level: Level::Warning,
                msg: LOST.to_owned(),
                fields: vec![("lines", lost.to_string())],
            };
            self.push(line.render());
        }
    }
}

impl LogQueue {
    /// A queue whose lines `write` gets one by one, which may block.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(crate) fn start(write: impl FnMut(&str) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let queue = Self(Arc::clone(&shared));
        // It ends with the process.
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_lines(&shared, write))?;
        Ok(queue)
    }

    /// Puts a line at the end.
    pub(crate) fn push(&self, line: &str) {
        let mut queue = self.0.lock();
        if queue.bytes + line.len() > BYTES {
            queue.lost += 1;
            return;
        }
        queue.report_lost();
        queue.push(line.to_owned());
        drop(queue);
        self.0.changed.notify_all();
    }

    /// Waits until every line is written, but no longer than `time`.
    pub(crate) fn flush(&self, time: Duration) {
        let queue = self.0.lock();
        let has_work = |queue: &mut Queue| queue.is_writing || queue.lost > 0 || !queue.lines.is_empty();
        let _ = self.0.changed.wait_timeout_while(queue, time, has_work);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_lines(shared: &Shared, mut write: impl FnMut(&str)) {
    loop {
        let mut queue = shared.lock();
        queue.is_writing = false;
        if queue.lines.is_empty() {
            queue.report_lost();
        }
        if queue.lines.is_empty() {
            shared.changed.notify_all();
            let is_idle = |queue: &mut Queue| queue.lines.is_empty() && queue.lost == 0;
            let woken = shared.changed.wait_while(queue, is_idle);
            drop(woken);
            continue;
        }
        let lines = std::mem::take(&mut queue.lines);
        queue.is_writing = true;
        drop(queue);
        // They count until they are written, so that no more than twice as much is there.
        for line in &lines {
            write(line);
        }
        let mut queue = shared.lock();
        queue.bytes = queue.bytes.saturating_sub(lines.iter().map(String::len).sum());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn who_writes_never_waits_and_what_is_lost_is_said() {
        let (written, lines) = mpsc::channel();
        let (permit, permits) = mpsc::channel::<()>();
        let log = LogQueue::start(move |line| {
            // Nobody reads until somebody does.
            let _ = permits.recv();
            let _ = written.send(line.to_owned());
        })
        .unwrap();
        let line = "x".repeat(1000);
        for at in 0..5000 {
            log.push(&format!("{at} {line}"));
        }
        // Nothing can be written: that is not waited for.
        log.flush(Duration::from_millis(1));
        drop(permit);
        log.flush(LONG);
        log.push("the last");
        log.flush(LONG);
        let lines: Vec<String> = lines.try_iter().collect();
        let (lost, kept): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.contains(LOST));
        assert_eq!(lost.len(), 1, "{lost:?}");
        let count: usize = lost[0].split("lines=").nth(1).unwrap().trim().parse().unwrap();
        assert_eq!(count + kept.len(), 5001);
        assert!(kept.len() > 900, "{}", kept.len());
        assert_eq!(kept.last().unwrap().as_str(), "the last");
        assert!(
            kept.windows(2)
                .take(900)
                .all(|pair| pair[0] < pair[1] || pair[0].len() < pair[1].len())
        );
    }
}
