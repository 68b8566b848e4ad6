//! The decisions of EKS authentication, as pure functions of a snapshot, a request and a time.
//!
//! A bearer token goes from [`world::token`] (is it a presigned GetCallerIdentity URL?) through [`aws::sigv4`] (who signed
//! it?) and [`cluster::mapping`] (which Kubernetes user is that?); [`world::authenticate`] is the whole of it. What the user
//! may do then is [`cluster::authorize`]'s to say. Both return their evidence as a [`value::trace`], which [`explain`] puts
//! into words. [`service`] answers whole requests.
//!
//! The wings, each using only those before it: [`value`], [`go`], [`kube`], [`aws`], [`logs`], [`cluster`], [`world`],
//! [`explain`], [`service`], [`scenario`].
//!
//! INVARIANT: nothing here does I/O, reads a clock, the environment or randomness; `clippy.toml` beside the manifest
//! bans them.

pub mod aws;
pub mod cluster;
pub mod explain;
pub mod go;
pub mod kube;
pub mod logs;
pub mod scenario;
pub mod service;
pub mod value;
pub mod world;
