//! Kubernetes apart from any cluster: objects and their versions, schemas, patches, validation, selectors, RBAC.

pub mod audit;
pub mod conversion;
pub mod custom;
pub mod kinds;
pub mod managed_fields;
pub mod object;
pub mod patch;
pub mod printer;
pub mod quantity;
pub mod rbac;
pub mod request_info;
pub mod resource;
pub mod schema;
pub mod selectable;
pub mod selector;
pub mod validation;
pub mod websocket;
