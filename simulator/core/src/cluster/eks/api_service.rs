//! APIServices: an object for each group and version that the API server serves.
//!
//! Source: `pkg/controlplane/controller/crdregistration` and `kube-aggregator` of Kubernetes 1.32.
//!
//! FIDELITY: one that names a Service is stored, and nothing is asked of that Service: it is in no discovery document,
//! and no controller writes its status.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Cluster;
use crate::kube::kinds::GROUP_VERSIONS;
use crate::kube::object::DEFINITIONS;
use crate::kube::object::ObjectKey;
use crate::kube::object::items;
use crate::kube::object::text;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// The store's name for APIServices.
const RESOURCE: &str = "apiservices.apiregistration.k8s.io";
/// On those that the server itself writes: `onstart`, or `true` where they follow a definition.
const AUTOMANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";

/// The priorities of what a definition adds.
const CUSTOM: (u32, u32) = (1000, 100);

/// Those of the built-in groups, without apiregistration.k8s.io's own, which no server lists.
fn built_in(now: Timestamp) -> Vec<(ObjectKey, Value)> {
    let listed = GROUP_VERSIONS
        .iter()
        .filter(|one| one.group != "apiregistration.k8s.io");
    listed
        .map(|one| api_service(one.group, one.version, (one.minimum, one.priority), "onstart", now))
        .collect()
}

fn api_service(
    group: &str,
    version: &str,
    (minimum, priority): (u32, u32),
    automanaged: &str,
    now: Timestamp,
) -> (ObjectKey, Value) {
    let mut spec = json!({"groupPriorityMinimum": minimum, "version": version, "versionPriority": priority});
    if let (false, Some(spec)) = (group.is_empty(), spec.as_object_mut()) {
        spec.insert("group".to_owned(), json!(group));
    }
    let object = json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"labels": {AUTOMANAGED: automanaged}},
        "spec": spec,
        "status": {"conditions": [{
            "lastTransitionTime": now.render_rfc3339(),
            "message": "Local APIServices are always available",
            "reason": "Local",
            "status": "True",
            "type": "Available",
        }]},
    });
    (ObjectKey::new(RESOURCE, "", &format!("{version}.{group}")), object)
}

impl Cluster {
    /// Writes the APIServices that a server writes when it starts. Their identifiers follow from the cluster's ARN.
    pub(crate) fn begin_api_services(&mut self, now: Timestamp) {
        let digest = Sha256::digest(format!("{} {RESOURCE}", self.arn()).as_bytes());
        let seed = digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let mut ids = IdGenerator::new(seed);
        for (key, object) in built_in(now) {
            // What a world has of its own stays as it is.
            let _ = self.objects.create(key, object, &mut ids, now);
        }
        self.follow_definitions(&mut ids, now);
    }

    /// Brings the APIServices of custom groups up to date with the definitions.
    pub(super) fn follow_definitions(&mut self, ids: &mut IdGenerator, now: Timestamp) {
        let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
        for (_, definition) in self.objects.list(DEFINITIONS, None) {
            let group = text(definition, "/spec/group");
            let served = items(definition, "/spec/versions").iter();
            let served = served.filter(|version| version.get("served") == Some(&Value::Bool(true)));
            wanted.extend(served.map(|version| (group.to_owned(), text(version, "/name").to_owned())));
        }
        let gone: Vec<ObjectKey> = self
            .objects
            .list(RESOURCE, None)
            .filter(|(_, object)| {
                let labels = object.pointer("/metadata/labels");
                let of = (
                    text(object, "/spec/group").to_owned(),
                    text(object, "/spec/version").to_owned(),
                );
                labels
                    .and_then(|labels| labels.get(AUTOMANAGED))
                    .is_some_and(|found| found == "true")
                    && !wanted.contains(&of)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            // It was there a moment ago.
            let _ = self.objects.remove(&key);
        }
        for (group, version) in wanted {
            let (key, object) = api_service(&group, &version, CUSTOM, "true", now);
            if self.objects.find(&key).is_none() {
                let _ = self.objects.create(key, object, ids, now);
            }
        }
    }
}
