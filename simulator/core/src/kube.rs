//! Kubernetes apart from any cluster: objects and their versions, schemas, patches, validation, selectors, RBAC.

pub mod audit;
pub mod conversion;
pub mod custom;
pub mod managed_fields;
pub mod object;
pub mod patch;
pub mod quantity;
pub mod rbac;
pub mod request_info;
pub mod schema;
pub mod selector;
pub mod validation;
pub mod websocket;
