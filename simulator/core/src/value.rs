//! Plain values that everything else is made of: ARNs, times, ids, users, records, log lines, traces.

pub mod arn;
pub(crate) mod blots;
pub mod constraint;
pub mod id;
pub mod instant;
pub mod log;
pub mod printable;
pub mod record;
pub(crate) mod spelling;
pub mod trace;
pub mod user;
pub(crate) mod wildcard;
