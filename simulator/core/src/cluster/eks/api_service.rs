//! APIServices: an object for each group and version that the API server serves.
//!
//! Source: `pkg/controlplane/apiserver/aggregator.go` (`DefaultGenericAPIServicePriorities`), `cmd/kube-apiserver/app`
//! (`apiVersionPriorities`), `pkg/controlplane/controller/crdregistration` and `kube-aggregator` of Kubernetes 1.32.
//!
//! FIDELITY: one that names a Service is stored, and nothing is asked of that Service: it is in no discovery document,
//! and no controller writes its status.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::Cluster;
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

/// What the server itself serves: group, version, and the two priorities, which say how early it stands in discovery.
const BUILT_IN: [(&str, &str, u32, u32); 19] = [
    ("", "v1", 18000, 1),
    ("apiregistration.k8s.io", "v1", 18000, 18),
    ("apps", "v1", 17800, 15),
    ("events.k8s.io", "v1", 17750, 15),
    ("authentication.k8s.io", "v1", 17700, 15),
    ("authorization.k8s.io", "v1", 17600, 15),
    ("autoscaling", "v2", 17500, 30),
    ("autoscaling", "v1", 17500, 15),
    ("batch", "v1", 17400, 15),
    ("certificates.k8s.io", "v1", 17300, 15),
    ("networking.k8s.io", "v1", 17200, 15),
    ("policy", "v1", 17100, 15),
    ("rbac.authorization.k8s.io", "v1", 17000, 15),
    ("storage.k8s.io", "v1", 16800, 15),
    ("admissionregistration.k8s.io", "v1", 16700, 15),
    ("apiextensions.k8s.io", "v1", 16700, 15),
    ("scheduling.k8s.io", "v1", 16600, 15),
    ("coordination.k8s.io", "v1", 16500, 15),
    ("discovery.k8s.io", "v1", 16200, 15),
];
/// The priorities of what a definition adds.
const CUSTOM: (u32, u32) = (1000, 100);

/// Sorts groups and versions into the order of discovery.
#[must_use]
pub fn rank<'a>(group: &'a str, version: &str) -> impl Ord + use<'a> {
    let found = BUILT_IN.iter().find(|row| (row.0, row.1) == (group, version));
    let (minimum, priority) = found.map_or(CUSTOM, |row| (row.2, row.3));
    (Reverse(minimum), group, Reverse(priority))
}

/// Those of the built-in groups, without apiregistration.k8s.io's own, which no server lists.
fn built_in(now: Timestamp) -> Vec<(ObjectKey, Value)> {
    let listed = BUILT_IN.iter().filter(|row| row.0 != "apiregistration.k8s.io");
    listed
        .map(|(group, version, minimum, priority)| api_service(group, version, (*minimum, *priority), "onstart", now))
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
