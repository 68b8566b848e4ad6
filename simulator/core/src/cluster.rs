//! What EKS adds to Kubernetes: clusters, access entries and policies, the mapping of principals, who may do what.

pub mod access_policy;
pub mod authorize;
pub mod eks;
pub mod impersonation;
pub mod mapping;
pub mod privilege;
pub mod service_account;
