//! Answers that go on: what comes next, as a function of the newest World or the newest logs. When it is asked for, and how
//! it gets to the client, is the listener's business.

use super::aws::LiveTail;
use super::kube::Watch;

/// An answer that goes on.
#[derive(Debug)]
pub enum Stream {
    /// A session of CloudWatch Logs' live tail.
    LiveTail(LiveTail),
    /// A watch of a cluster's objects.
    Watch(Watch),
}

/// What a stream has to say now.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// This, and perhaps more at once.
    Chunk(Vec<u8>),
    /// Nothing until something changes.
    Idle,
    /// This, which may be empty, and nothing more.
    End(Vec<u8>),
}
