//! AWS apart from any cluster: hosts, signatures, principals, policies, Identity Center.

pub mod aws_host;
pub mod iam;
pub mod iam_policy;
pub mod identity_center;
pub mod jwt;
pub mod principal;
pub mod sigv4;
pub mod totp;
