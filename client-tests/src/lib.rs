//! What the tests with real clients share: the built simulator as a process, and where the clients are found.
//!
//! A client that is not there is a visible skip; with `CI=true` it fails the run.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this crate is a test harness: a broken machine should end the test at once"
)]

mod clients;
mod simulator;
pub mod soak;

pub use self::clients::Client;
pub use self::clients::clients_folder;
pub use self::clients::eksctl;
pub use self::clients::need;
pub use self::clients::source;
pub use self::simulator::Ran;
pub use self::simulator::Simulator;
pub use self::simulator::binary;
