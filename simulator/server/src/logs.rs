//! The logs of CloudWatch Logs, beside the World: lines come by the thousand, and no decision reads them.

use std::sync::Mutex;
use std::sync::PoisonError;

use eks_auth_core::cloudwatch_logs::LogStore;

/// The one store of logs.
#[derive(Debug, Default)]
pub struct Logs {
    // A std Mutex: held to push an event, to make one change or to clone what shares its structure, never across an await.
    store: Mutex<LogStore>,
}

impl Logs {
    /// The logs as they are now; what comes later does not show in them.
    #[must_use]
    pub fn snapshot(&self) -> LogStore {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes one change. `change` must leave the store valid when it returns an error of its own, as every operation of
    /// the core does.
    pub fn change<R>(&self, change: impl FnOnce(&mut LogStore) -> R) -> R {
        change(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
