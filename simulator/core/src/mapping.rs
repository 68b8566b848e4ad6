//! From a verified identity to a Kubernetes user.

pub mod aws_auth;
