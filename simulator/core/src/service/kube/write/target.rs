//! What a request writes or reads, and how the store's refusals of it are answered.

use std::sync::Arc;

use serde_json::Value;

use super::super::status::Failure;
use crate::cluster::eks::Cluster;
use crate::kube::object::ObjectKey;
use crate::kube::object::StoreError;
use crate::kube::resource::ResourceType;
use crate::kube::schema::Kind;

/// What a request writes or reads.
#[derive(Clone, Debug)]
pub(in super::super) struct Target<'a> {
    pub(in super::super) resource: &'a ResourceType,
    /// For a creation, without a name.
    pub(in super::super) key: ObjectKey,
}

impl<'a> Target<'a> {
    pub(in super::super) fn new(resource: &'a ResourceType, namespace: &str, name: &str) -> Self {
        Self {
            resource,
            key: ObjectKey::new(&resource.stored_as(), namespace, name),
        }
    }

    pub(in super::super) fn kind(&self) -> Kind {
        self.resource.to_kind()
    }

    pub(super) fn is_custom(&self) -> bool {
        self.resource.custom.is_some()
    }

    pub(super) fn not_found(&self) -> Failure {
        Failure::not_found(self.resource, &self.key.name)
    }

    pub(super) fn refused(&self, error: StoreError) -> Failure {
        let (resource, name) = (self.resource, self.key.name.as_str());
        match error {
            StoreError::AlreadyExists => Failure::already_exists(resource, name),
            StoreError::BeingDeleted => Failure::still_being_deleted(resource, name),
            StoreError::Conflict => Failure::modified(resource, name),
            StoreError::NotFound => self.not_found(),
            StoreError::OtherUid { presented, stored } => {
                let ResourceType { group, plural, .. } = resource;
                let mut path = vec!["/registry"];
                if self.is_custom() {
                    path.push(group);
                }
                path.push(match resource.registry {
                    "" => plural,
                    registry => registry,
                });
                path.extend(
                    [self.key.namespace.as_str(), name]
                        .iter()
                        .filter(|part| !part.is_empty()),
                );
                let why = format!(
                    "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {presented}, UID in object meta: {stored}",
                    path.join("/")
                );
                Failure::conflict(resource, name, &why)
            }
            StoreError::Precondition { field, wanted, found } => {
                let why =
                    format!("Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {found}");
                Failure::conflict(resource, name, &why)
            }
            StoreError::TooLarge | StoreError::NoSpace => Failure::unexpected(&error.to_string()),
            StoreError::Immortal => Failure::refused(resource, name, &StoreError::Immortal.to_string()),
        }
    }
}

/// The object as it is stored, or 404.
pub(in super::super) fn existing<'a>(cluster: &'a Cluster, target: &Target<'_>) -> Result<&'a Arc<Value>, Failure> {
    cluster.objects().find(&target.key).ok_or_else(|| target.not_found())
}
