//! eks-auth-sim as a library: all I/O around the pure decisions of `eks-auth-core`.
//!
//! A request goes one way: listener ([`http`]) → plain value → core decides on a snapshot ([`state`]) → one renderer
//! words the answer ([`aws`], [`kube`]) → the event goes to the [`journal`] and the authenticator's log.

pub mod cli;
pub mod simulator;

pub mod aws;
pub mod control;
pub mod kube;
pub mod proxy;
pub mod webhook;

pub mod catalogue;
pub mod client;
mod client_certificate;
pub mod clients;
pub mod environment;
pub mod profile;
pub mod runner;

pub mod clock;
pub mod http;
pub mod journal;
mod last_used;
mod listeners;
pub mod logs;
mod metrics;
pub mod state;
mod store;
pub mod tls;
mod token_issuer;
mod unserved;
mod websocket;
pub mod workshop;
