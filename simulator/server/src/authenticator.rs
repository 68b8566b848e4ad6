//! The authenticator's webhook and what stands around it: its metrics, the cache of tokens, client certificates.

pub(crate) mod client_certificate;
pub(crate) mod metrics;
pub(crate) mod token_cache;
pub mod webhook;
