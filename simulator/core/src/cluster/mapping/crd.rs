//! The CRD mapper: `IAMIdentityMapping` objects of `iamauthenticator.k8s.aws/v1alpha1`.
//!
//! Source: `pkg/mapper/crd` of aws-iam-authenticator 0.7.

use std::collections::BTreeMap;

use serde_json::Value;

use super::item::MappedArn;
use crate::go;
use crate::kube::object::ObjectStore;
use crate::value::arn::CanonicalArn;

/// The resource of the mappings, which are cluster-scoped.
pub const RESOURCE: &str = "iamidentitymappings.iamauthenticator.k8s.aws";

/// The mappings by canonical ARN in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityMappings(BTreeMap<String, MappedArn>);

impl IdentityMappings {
    /// Reads all objects; of several with an ARN the first by name counts. One whose ARN names no principal maps nobody.
    #[must_use]
    pub fn build(objects: &ObjectStore) -> Self {
        let mut mappings = BTreeMap::new();
        for (_, object) in objects.list(RESOURCE, None) {
            let text = |pointer: &str| {
                object
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let groups = object.pointer("/spec/groups").and_then(Value::as_array);
            let item = MappedArn {
                arn: text("/spec/arn"),
                username: text("/spec/username"),
                groups: groups
                    .into_iter()
                    .flatten()
                    .filter_map(|group| group.as_str().map(str::to_owned))
                    .collect(),
                ..MappedArn::default()
            };
            if let Ok(canonical) = CanonicalArn::parse(&go::text::to_lower(&item.arn)) {
                mappings.entry(canonical.arn).or_insert(item);
            }
        }
        Self(mappings)
    }

    /// The mapping of a canonical ARN in lower case.
    #[must_use]
    pub fn find(&self, canonical_arn: &str) -> Option<&MappedArn> {
        self.0.get(canonical_arn)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kube::object::ObjectKey;
    use crate::value::id::IdGenerator;
    use crate::value::instant::Timestamp;

    #[test]
    fn objects_map_by_their_canonical_arn() {
        let mut objects = ObjectStore::default();
        let mut ids = IdGenerator::new(1);
        for (name, spec) in [
            (
                "a",
                json!({"arn": "arn:aws:sts::111122223333:assumed-role/Admin/s", "username": "u", "groups": ["g", 1]}),
            ),
            (
                "b",
                json!({"arn": "arn:aws:iam::111122223333:role/admin", "username": "later"}),
            ),
            ("c", json!({"arn": "nonsense", "username": "nobody"})),
        ] {
            let key = ObjectKey::new(RESOURCE, "", name);
            objects
                .create(key, json!({"spec": spec}), &mut ids, Timestamp::UNIX_EPOCH)
                .unwrap();
        }
        let mappings = IdentityMappings::build(&objects);
        let found = mappings.find("arn:aws:iam::111122223333:role/admin").unwrap();
        assert_eq!(
            (found.username.as_str(), &found.groups[..]),
            ("u", &["g".to_owned()][..])
        );
        assert!(mappings.find("nonsense").is_none());
    }
}
