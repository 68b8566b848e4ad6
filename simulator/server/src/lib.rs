//! eks-auth-sim as a library: all I/O around the pure decisions of `eks-auth-core`.
//!
//! A request goes one way: listener ([`net::http`]) → plain value → core decides on a snapshot ([`state`]) → one renderer
//! words the answer ([`aws`], [`kube`]) → the event goes to the [`state::journal`] and the authenticator's log.

pub mod authenticator;
pub mod aws;
pub mod cli;
pub mod control;
pub mod environment;
pub mod kube;
pub mod net;
pub mod runner;
pub mod simulator;
pub mod state;
pub mod workshop;
