//! What stands around authentication: the metrics of the authenticator and of API servers, and client certificates.

pub(crate) mod api_metrics;
pub(crate) mod client_certificate;
pub(crate) mod metrics;
