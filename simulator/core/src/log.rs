//! The authenticator's log in logrus text form.

use crate::instant::Timestamp;

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub time: Timestamp,
    /// `info`, `warning`, `error`.
    pub level: Level,
    /// The message.
    pub msg: String,
    /// Further fields; printed in alphabetical order.
    pub fields: Vec<(&'static str, String)>,
}

/// A logrus level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `error`.
    Error,
    /// `info`.
    Info,
    /// `warning`.
    Warning,
}
