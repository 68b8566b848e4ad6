//! The decisions of EKS authentication, as pure functions of a snapshot, a request and a time.
//!
//! A bearer token goes from [`token`] (is it a presigned GetCallerIdentity URL?) through [`sigv4`] (who signed it?) and
//! [`mapping`] (which Kubernetes user is that?); [`authenticate`] is the whole of it. What the user may do then is
//! [`authorize`]'s to say. Both return their evidence as a [`trace`], which [`explain`] puts into words.
//!
//! INVARIANT: nothing here does I/O, reads a clock, the environment or randomness; `clippy.toml` beside the manifest
//! bans them.

pub mod arn;
pub mod aws_host;
pub mod constraint;
pub mod go_json;
mod go_text;
pub mod id;
pub mod instant;
pub mod jwt;
mod wildcard;

pub mod authenticate;
pub mod iam;
pub mod iam_policy;
pub mod identity_center;
pub mod mapping;
pub mod sigv4;
pub mod sts;
pub mod token;
pub mod token_review;
pub mod totp;

pub mod access_policy;
pub mod audit;
pub mod authorize;
pub mod conversion;
pub mod custom;
pub mod impersonation;
pub mod managed_fields;
pub mod object;
pub mod patch;
pub mod privilege;
pub mod quantity;
pub mod rbac;
pub mod request_info;
pub mod schema;
pub mod selector;
pub mod service_account;
pub mod user;
pub mod validation;
pub mod websocket;

pub mod cloudformation;
pub mod cloudwatch_logs;
pub mod ec2;
pub mod eks;
pub mod fault;
pub mod store;
pub mod world;
pub mod world_clock;

pub mod filter_pattern;
pub mod insights;

pub mod client_output;
pub mod explain;
pub mod import;
pub mod lint;
pub mod log;
pub mod scenario;
pub mod trace;
