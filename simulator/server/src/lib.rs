//! eks-auth-sim as a library: all I/O around the pure decisions of `eks-auth-core`.
//!
//! A request goes one way: listener ([`http`]) → plain value → core decides on a snapshot ([`state`]) → one renderer
//! words the answer ([`aws`], [`kube`]) → the event goes to the [`journal`] and the authenticator's log.

pub mod clock;
pub mod http;
pub mod journal;
pub mod state;

pub mod aws;
pub mod kube;
