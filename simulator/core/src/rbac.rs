//! Kubernetes RBAC: roles and bindings, indexed by subject.

pub mod bootstrap;

use crate::object::ObjectStore;

/// What the resource names of RBAC objects end in.
pub const RESOURCE_SUFFIX: &str = ".rbac.authorization.k8s.io";

/// Roles and bindings by subject.
#[derive(Clone, Debug, Default)]
pub struct RbacIndex {}

impl RbacIndex {
    /// Reads all roles and bindings.
    #[must_use]
    pub fn build(objects: &ObjectStore) -> Self {
        let _ = objects;
        Self::default()
    }
}
