//! The signals that end a command, listened for from before it makes anything until it has taken everything away.
//!
//! At first a signal ends the process at once, with its temporary folders and the clients that it runs. A command that has
//! something to say or to wait for holds them back, and is told of each by [`EndSignals::wait`].

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rustix::process::Signal;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;

use crate::ending;

/// What asks a process to end: `kill`, a terminal, or the end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndSignal {
    /// SIGHUP.
    Hangup,
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGQUIT, Ctrl-\.
    Quit,
    /// SIGTERM.
    Terminate,
}

impl EndSignal {
    const ALL: [Self; 4] = [Self::Hangup, Self::Interrupt, Self::Quit, Self::Terminate];

    /// Such as `SIGTERM`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// As it is sent on.
    pub(super) fn signal(self) -> Signal {
        match self {
            Self::Hangup => Signal::HUP,
            Self::Interrupt => Signal::INT,
            Self::Quit => Signal::QUIT,
            Self::Terminate => Signal::TERM,
        }
    }

    /// Its number, which POSIX gives (`kill`, option `-signal_number`).
    fn number(self) -> u8 {
        match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Quit => 3,
            Self::Terminate => 15,
        }
    }

    /// The exit code of a process that it ended, as shells have it.
    pub(super) fn exit_code(self) -> u8 {
        128 + self.number()
    }

    fn kind(self) -> SignalKind {
        SignalKind::from_raw(self.number().into())
    }

    /// Whether `status`, which is `/proc/self/status`, says that the process began with it ignored.
    fn is_ignored(self, status: &str) -> bool {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.unwrap_or_default() & (1_u64 << (self.number() - 1)) != 0
    }
}

/// What becomes of Ctrl-C where the process was started with it ignored, as scripts start what they end with `&`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Background {
    /// It ends the process with its script.
    Ended,
    /// It spares the process.
    Spared,
}

/// Listens for [`EndSignal`]s until it is dropped.
pub(super) struct EndSignals {
    told: mpsc::UnboundedReceiver<EndSignal>,
    are_held: Arc<AtomicBool>,
    runtime: Option<Runtime>,
}

impl EndSignals {
    /// Listens from now on, with a thread of its own, so that nothing that the process does keeps a signal waiting. What
    /// `nohup` has the process ignore stays ignored.
    pub(super) fn listen(background: Background) -> io::Result<Self> {
        // Where there is no /proc, as on macOS, nothing is known to be ignored.
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stays_ignored = |signal: EndSignal| {
            signal.is_ignored(&status)
                && !matches!(
                    (signal, background),
                    (EndSignal::Terminate, _) | (EndSignal::Interrupt, Background::Ended)
                )
        };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
        let (sender, told) = mpsc::unbounded_channel();
        let are_held = Arc::new(AtomicBool::new(false));
        {
            let _entered = runtime.enter();
            for ends in EndSignal::ALL {
                if stays_ignored(ends) {
                    continue;
                }
                let mut signals = signal(ends.kind())?;
                let (sender, are_held) = (sender.clone(), Arc::clone(&are_held));
                runtime.spawn(async move {
                    while signals.recv().await.is_some() {
                        if !are_held.load(Ordering::SeqCst) {
                            ending::end_process(ends.exit_code());
                        }
                        if sender.send(ends).is_err() {
                            return;
                        }
                    }
                });
            }
        }
        Ok(Self {
            told,
            are_held,
            runtime: Some(runtime),
        })
    }

    /// From now on signals end nothing by themselves.
    pub(super) fn hold(&self) {
        self.are_held.store(true, Ordering::SeqCst);
    }

    /// From now on a signal ends the process again.
    pub(super) fn release(&self) {
        self.are_held.store(false, Ordering::SeqCst);
    }

    /// Waits for a signal, in any runtime.
    pub(super) async fn wait(&mut self) -> EndSignal {
        match self.told.recv().await {
            Some(signal) => signal,
            // The process ignores them all.
            None => std::future::pending().await,
        }
    }
}

impl Drop for EndSignals {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_began_with_ignored_is_known() {
        let ignored = |status: &str| EndSignal::ALL.map(|signal| signal.is_ignored(status));
        let all = |mask: &str| ignored(&format!("Name:\tx\nSigBlk:\tffff\nSigIgn:\t{mask}\nSigCgt:\tffff\n"));
        assert_eq!(all("0000000000000000"), [false; 4]);
        // SIGPIPE, which every program in Rust ignores.
        assert_eq!(all("0000000000001000"), [false; 4]);
        assert_eq!(all("0000000000001001"), [true, false, false, false]);
        assert_eq!(all("0000000000000006"), [false, true, true, false]);
        assert_eq!(all("0000000000004000"), [false, false, false, true]);
        assert_eq!(ignored(""), [false; 4]);
        assert_eq!(all("nonsense"), [false; 4]);
    }

    #[test]
    fn exit_codes_are_those_of_shells() {
        let codes = EndSignal::ALL.map(|signal| (signal.name(), signal.exit_code(), signal.signal().as_raw()));
        assert_eq!(
            codes,
            [
                ("SIGHUP", 129, 1),
                ("SIGINT", 130, 2),
                ("SIGQUIT", 131, 3),
                ("SIGTERM", 143, 15)
            ]
        );
    }
}
