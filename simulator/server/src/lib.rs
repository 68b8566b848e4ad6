//! eks-auth-sim as a library: all I/O around the pure decisions of `eks-auth-core`.
//!
//! A request goes one way: listener ([`net::http`]) → plain value → the services of the core answer on a snapshot of the
//! [`state`] → the [`shell`] keeps what they change, and carries out what they ask for: events in the [`state::journal`], lines
//! in logs, streams.

pub mod authenticator;
pub mod cli;
pub mod control;
mod ending;
pub mod environment;
pub mod net;
pub mod runner;
pub mod shell;
pub mod simulator;
pub mod state;
pub mod workshop;
