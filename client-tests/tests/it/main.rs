//! Real clients against the running simulator.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on should end at once"
)]

mod abuse;
mod access;
mod access_entries;
mod authorization;
mod aws_cli;
mod aws_cli_2;
mod command_line;
mod crash;
mod eksctl;
mod explain;
mod faults;
mod fixes;
mod helm;
mod iam;
mod import;
mod irsa;
mod kubectl;
mod kubectl_apply;
mod kubectl_recorded;
mod kubectl_schema;
mod kubernetes;
mod kubernetes_clients;
mod last;
mod logs;
mod models;
mod outbound;
mod play;
mod proxy;
mod restage;
mod scenarios;
mod sdks;
mod signals;
mod soak;
mod sso;
mod sts;
mod terminal;
mod tokens;
mod webhook;
mod websocket;
mod workshop;
