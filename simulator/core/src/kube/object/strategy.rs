//! What the API server itself writes into an object before it is stored, whatever the client sent.
//!
//! Source: `apiserver/pkg/registry/rest/{create,update}.go` and the strategies in `pkg/registry` of Kubernetes 1.32.
//!
//! FIDELITY: the conditions of a CustomResourceDefinition are there at once, where the real server's controllers write
//! them a moment later, and its names never conflict with those of another.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::ObjectStore;
use super::metadata_mut;
use super::service::ServiceError;
use super::text;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::user::UserInfo;

/// Counts the changes of a DaemonSet's template (`pkg/apis/apps/v1/conversion.go`).
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// Which part of an object a request writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All but the status.
    Whole,
    /// The status alone.
    Status,
    /// A namespace's `spec.finalizers` alone.
    Finalizers,
}

/// What the server itself writes into the objects of a kind, and what of it a client may do (its `strategy.go`).
#[derive(Clone, Copy, Debug)]
pub struct Strategy {
    /// Whether the status is written by a path of its own only.
    pub has_status: bool,
    /// Whether `metadata.generation` counts the changes of what is wanted.
    pub counts_generations: bool,
    /// Whether a PUT makes an object that is not there (`AllowCreateOnUpdate`).
    pub creates_on_update: bool,
    /// Whether an update need not name the version that it changes (`AllowUnconditionalUpdate`).
    pub updates_unconditionally: bool,
    /// Whether a deletion answers the object in place of a Status (`ReturnDeletedObject` in its storage).
    pub shows_deleted: bool,
    /// Writes into a new object who asks for it, whatever it says.
    pub(in crate::kube) sign: Option<fn(&mut Value, &UserInfo)>,
    /// What decoding adds, so that it belongs to who sent the object.
    pub(in crate::kube) decoded: fn(&mut Value),
    /// Brings a new object into its first state, all but the status.
    pub(in crate::kube) creating: fn(&mut Value),
    /// The status of a new object; nothing where it has none yet.
    pub(in crate::kube) first_status: fn(&Value, Timestamp) -> Option<Value>,
    /// Keeps of what is stored (the first) what an update does not change, the status and the metadata aside.
    pub(in crate::kube) updating: fn(&Value, &mut Value),
    /// Whether an update, of the first to the second, wants something else.
    pub(in crate::kube) wants_another: fn(&Self, &Value, &Value) -> bool,
    /// What its controllers write at once after each write.
    pub(in crate::kube) controlled: fn(&mut Value, Timestamp),
    /// What an object that a world stages lacks, whatever its status.
    pub(in crate::kube) staged: fn(&mut Value),
    /// Gives an object what a cluster has a limited number of.
    pub(in crate::kube) allocate: Option<Allocate>,
}

/// Gives an object what is allocated from the cluster; the first value is what is stored of it, the text the range of
/// addresses of the cluster's Services.
pub(in crate::kube) type Allocate =
    fn(&ObjectStore, Option<&Value>, &mut Value, &str, &mut IdGenerator) -> Result<(), ServiceError>;

impl Strategy {
    /// Nothing is special.
    pub const PLAIN: Self = Self {
        has_status: false,
        counts_generations: false,
        creates_on_update: false,
        updates_unconditionally: true,
        shows_deleted: false,
        sign: None,
        decoded: |_| {},
        creating: |_| {},
        first_status: |_, _| None,
        updating: |_, _| {},
        wants_another,
        controlled: |_, _| {},
        staged: |_| {},
        allocate: None,
    };

    /// Writes into a new object who asks for it, where its kind keeps that.
    pub fn sign(&self, object: &mut Value, user: &UserInfo) {
        if let Some(sign) = self.sign {
            sign(object, user);
        }
    }

    /// What decoding adds to an object, so that it belongs to who sent the object.
    pub fn decoded(&self, object: &mut Value) {
        (self.decoded)(object);
    }

    /// Brings a new object, which has its name and uid, into its first state.
    pub fn before_create(&self, object: &mut Value, now: Timestamp) {
        let metadata = metadata_mut(object);
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
        ] {
            metadata.remove(field);
        }
        if self.counts_generations {
            metadata.insert("generation".to_owned(), json!(1));
        }
        (self.creating)(object);
        if self.has_status {
            let status = (self.first_status)(object, now);
            if let Some(map) = object.as_object_mut() {
                match status {
                    Some(status) => map.insert("status".to_owned(), status),
                    None => map.remove("status"),
                };
            }
        }
        (self.controlled)(object, now);
        (self.decoded)(object);
    }

    /// Keeps what `part` does not write as it is stored, and counts generations.
    pub fn before_update(&self, part: Part, stored: &Value, object: &mut Value, now: Timestamp) {
        match part {
            Part::Whole => self.before_whole_update(stored, object, now),
            Part::Status => {
                let status = object.get("status").cloned();
                only(stored, object, |kept| match status {
                    Some(status) => kept.insert("status".to_owned(), status),
                    None => kept.remove("status"),
                });
            }
            Part::Finalizers => {
                let finalizers = object.pointer("/spec/finalizers").cloned();
                only(stored, object, |kept| {
                    kept.insert(
                        "spec".to_owned(),
                        finalizers.map_or_else(|| json!({}), |list| json!({"finalizers": list})),
                    )
                });
            }
        }
    }

    fn before_whole_update(&self, stored: &Value, object: &mut Value, now: Timestamp) {
        if let (true, Some(map)) = (self.has_status, object.as_object_mut()) {
            match stored.get("status") {
                Some(status) => map.insert("status".to_owned(), status.clone()),
                None => map.remove("status"),
            };
        }
        (self.updating)(stored, object);
        let kept = |field: &str| stored.pointer(&format!("/metadata/{field}")).cloned();
        let metadata = metadata_mut(object);
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation"] {
            match kept(field) {
                Some(value) => metadata.insert(field.to_owned(), value),
                None => metadata.remove(field),
            };
        }
        if self.counts_generations && (self.wants_another)(self, stored, object) {
            let generation = kept("generation").as_ref().and_then(Value::as_i64).unwrap_or_default();
            metadata_mut(object).insert("generation".to_owned(), json!(generation + 1));
        }
        (self.controlled)(object, now);
    }

    /// Gives an object what its kind is allocated from the cluster.
    ///
    /// # Errors
    /// [`ServiceError`] where it asks for what it cannot have.
    pub fn allocate(
        &self,
        store: &ObjectStore,
        stored: Option<&Value>,
        object: &mut Value,
        cidr: &str,
        ids: &mut IdGenerator,
    ) -> Result<(), ServiceError> {
        self.allocate
            .map_or(Ok(()), |allocate| allocate(store, stored, object, cidr, ids))
    }
}

/// What an object wants: all but the metadata, and the status where it is apart.
fn wishes(has_status: bool, value: &Value) -> Map<String, Value> {
    let mut map = value.as_object().cloned().unwrap_or_default();
    map.remove("metadata");
    if has_status {
        map.remove("status");
    }
    map
}

fn differs(stored: &Value, object: &Value, pointer: &str) -> bool {
    stored.pointer(pointer) != object.pointer(pointer)
}

fn wants_another(strategy: &Strategy, stored: &Value, object: &Value) -> bool {
    wishes(strategy.has_status, stored) != wishes(strategy.has_status, object)
}

/// Annotations go on to its ReplicaSets (`deploymentStrategy`).
pub(in crate::kube) fn wants_another_deployment(_: &Strategy, stored: &Value, object: &Value) -> bool {
    differs(stored, object, "/spec") || differs(stored, object, "/metadata/annotations")
}

pub(in crate::kube) fn wants_another_endpoint_slice(strategy: &Strategy, stored: &Value, object: &Value) -> bool {
    wants_another(strategy, stored, object) || differs(stored, object, "/metadata/labels")
}

/// What was asked for, and by whom, stays what it was.
pub(in crate::kube) fn keep_spec(stored: &Value, object: &mut Value) {
    if let (Some(spec), Some(map)) = (stored.get("spec"), object.as_object_mut()) {
        map.insert("spec".to_owned(), spec.clone());
    }
}

/// The label by which selectors find a namespace.
pub(in crate::kube) fn label_namespace(object: &mut Value) {
    let metadata = metadata_mut(object);
    let name = metadata.get("name").cloned().unwrap_or_default();
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name);
    }
}

/// A namespace goes only once what is in it is gone.
pub(in crate::kube) fn finalize_namespace(object: &mut Value) {
    const OWN: &str = "kubernetes";
    let finalizers = object.pointer("/spec/finalizers").and_then(Value::as_array);
    let mut finalizers = finalizers.cloned().unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == OWN) {
        finalizers.push(json!(OWN));
    }
    if let Some(map) = object.as_object_mut() {
        map.insert("spec".to_owned(), json!({"finalizers": finalizers}));
    }
}

pub(in crate::kube) fn decode_daemon_set(object: &mut Value) {
    let count = template_generation(object);
    set_template_generation(object, count);
}

pub(in crate::kube) fn create_daemon_set(object: &mut Value) {
    let count = template_generation(object);
    set_template_generation(object, count.max(1));
}

pub(in crate::kube) fn update_daemon_set(stored: &Value, object: &mut Value) {
    let is_other = differs(stored, object, "/spec/template");
    set_template_generation(object, template_generation(stored) + i64::from(is_other));
}

/// Writes into a request for a certificate who makes it, whatever it says (`pkg/registry/certificates`).
pub(in crate::kube) fn sign_request(request: &mut Value, user: &UserInfo) {
    let Some(spec) = request.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    for (field, value, is_there) in [
        ("username", json!(user.username), !user.username.is_empty()),
        ("uid", json!(user.uid), !user.uid.is_empty()),
        ("groups", json!(user.groups), !user.groups.is_empty()),
        ("extra", json!(user.extra), !user.extra.is_empty()),
    ] {
        if is_there {
            spec.insert(field.to_owned(), value);
        } else {
            spec.remove(field);
        }
    }
}

/// Makes `object` the stored one, but for what `change` takes from it, and for the resourceVersion and the uid that it
/// names.
fn only<R>(stored: &Value, object: &mut Value, change: impl FnOnce(&mut Map<String, Value>) -> R) {
    let mut kept = stored.as_object().cloned().unwrap_or_default();
    change(&mut kept);
    let mut kept = Value::Object(kept);
    for field in ["resourceVersion", "uid", "managedFields"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            metadata_mut(&mut kept).insert(field.to_owned(), value.clone());
        }
    }
    *object = kept;
}

/// Nothing runs on a new node until it is ready (the admission plugin TaintNodesByCondition).
pub(in crate::kube) fn taint(node: &mut Value) {
    const NOT_READY: &str = "node.kubernetes.io/not-ready";
    let spec = node
        .as_object_mut()
        .map(|node| node.entry("spec").or_insert_with(|| json!({})));
    let Some(spec) = spec.and_then(Value::as_object_mut) else {
        return;
    };
    let taints = spec.entry("taints").or_insert_with(|| json!([]));
    if let Some(taints) = taints.as_array_mut()
        && !taints
            .iter()
            .any(|taint| taint.get("key").is_some_and(|key| key == NOT_READY))
    {
        taints.push(json!({"effect": "NoSchedule", "key": NOT_READY}));
    }
}

/// What a DaemonSet says of the changes of its template; 0 where it says nothing.
fn template_generation(daemon_set: &Value) -> i64 {
    let annotations = daemon_set.pointer("/metadata/annotations");
    let said = annotations.and_then(|annotations| annotations.get(TEMPLATE_GENERATION)?.as_str());
    said.and_then(|count| count.parse().ok()).unwrap_or_default()
}

fn set_template_generation(daemon_set: &mut Value, count: i64) {
    let annotations = metadata_mut(daemon_set)
        .entry("annotations")
        .or_insert_with(|| json!({}));
    if annotations.is_null() {
        *annotations = json!({});
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(TEMPLATE_GENERATION.to_owned(), json!(count.to_string()));
    }
}

/// Of the Secrets of a ServiceAccount only the names count (`cleanSecretReferences`).
pub(in crate::kube) fn clean_secret_references(account: &mut Value) {
    let secrets = account.get_mut("secrets").and_then(Value::as_array_mut);
    for secret in secrets.into_iter().flatten().filter_map(Value::as_object_mut) {
        secret.retain(|field, _| field == "name");
    }
}

/// A claim's `dataSource` and `dataSourceRef` say the same where one of them is left out (`NormalizeDataSources` in
/// `pkg/api/persistentvolumeclaim`).
pub(in crate::kube) fn name_data_source(claim: &mut Value) {
    let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    let [old, new] =
        ["dataSource", "dataSourceRef"].map(|field| spec.get(field).filter(|source| !source.is_null()).cloned());
    match (old, new) {
        (Some(old), None) => {
            spec.insert("dataSourceRef".to_owned(), old);
        }
        (None, Some(new)) if text(&new, "/namespace").is_empty() => {
            spec.insert("dataSource".to_owned(), new);
        }
        _ => {}
    }
}

/// What stands in `stringData` goes into `data`, encoded; nothing in it is ever shown.
pub(in crate::kube) fn fold_string_data(secret: &mut Value) {
    let Some(map) = secret.as_object_mut() else {
        return;
    };
    let written = map.remove("stringData");
    if let Some(written) = written.as_ref().and_then(Value::as_object) {
        let data = map.entry("data").or_insert_with(|| json!({}));
        if data.is_null() {
            *data = json!({});
        }
        if let Some(data) = data.as_object_mut() {
            for (key, value) in written {
                data.insert(key.clone(), json!(STANDARD.encode(value.as_str().unwrap_or_default())));
            }
        }
    }
    let is_untyped = map.get("type").and_then(Value::as_str).unwrap_or_default().is_empty();
    if is_untyped {
        map.insert("type".to_owned(), json!("Opaque"));
    }
}

/// Accepts the names of a definition and calls it established.
pub(in crate::kube) fn establish(definition: &mut Value, now: Timestamp) {
    let text = |value: &Value, pointer: &str| {
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let kind = text(definition, "/spec/names/kind");
    for (field, default) in [("singular", kind.to_lowercase()), ("listKind", format!("{kind}List"))] {
        if let Some(names) = definition.pointer_mut("/spec/names").and_then(Value::as_object_mut) {
            let name = names.entry(field).or_insert_with(|| json!(default));
            if name.as_str().is_none_or(str::is_empty) {
                *name = json!(default);
            }
        }
    }
    let names = definition.pointer("/spec/names").cloned().unwrap_or_default();
    let versions = definition.pointer("/spec/versions").and_then(Value::as_array);
    let storage = versions
        .into_iter()
        .flatten()
        .find(|version| version.get("storage") == Some(&Value::Bool(true)))
        .and_then(|version| version.get("name"))
        .cloned();
    let mut stored_versions = definition
        .pointer("/status/storedVersions")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    if let Some(storage) = storage.filter(|storage| !stored_versions.contains(storage)) {
        stored_versions.push(storage);
    }
    let kept = definition
        .pointer("/status/conditions")
        .filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
    let conditions = kept.cloned().unwrap_or_else(|| {
        let condition = |name: &str, reason: &str, message: &str| {
            json!({
                "lastTransitionTime": now.render_rfc3339(),
                "message": message,
                "reason": reason,
                "status": "True",
                "type": name,
            })
        };
        json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition(
                "Established",
                "InitialNamesAccepted",
                "the initial names have been accepted"
            ),
        ])
    });
    if let Some(map) = definition.as_object_mut() {
        map.insert(
            "status".to_owned(),
            json!({"acceptedNames": names, "conditions": conditions, "storedVersions": stored_versions}),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::kinds;
    use crate::kube::object::DEFINITIONS;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// The strategy of the resource that is stored under that name.
    fn strategy(resource: &str, has_status: bool, counts_generations: bool) -> Strategy {
        let row = kinds::built_in().iter().find(|row| row.stored_as() == resource);
        Strategy {
            has_status,
            counts_generations,
            ..row.unwrap().strategy
        }
    }

    fn updated(part: Part, stored: &Value, mut object: Value) -> Value {
        strategy("deployments.apps", true, true).before_update(part, stored, &mut object, NOW);
        object
    }

    #[test]
    fn each_path_writes_its_own_part_and_generations_count_what_is_wanted() {
        let mut stored = json!({"metadata": {"name": "d", "generation": 7, "deletionTimestamp": "x"}, "spec": {"replicas": 1}, "status": {"replicas": 9}});
        strategy("deployments.apps", true, true).before_create(&mut stored, NOW);
        assert_eq!(
            stored,
            json!({"metadata": {"name": "d", "generation": 1}, "spec": {"replicas": 1}, "status": {}})
        );
        let sent = json!({"metadata": {"labels": {"a": "b"}, "resourceVersion": "4"}, "spec": {"replicas": 2}, "status": {"replicas": 3}});
        assert_eq!(
            updated(Part::Whole, &stored, sent.clone()),
            json!({"metadata": {"labels": {"a": "b"}, "resourceVersion": "4", "generation": 2}, "spec": {"replicas": 2}, "status": {}})
        );
        assert_eq!(
            updated(Part::Status, &stored, sent),
            json!({"metadata": {"name": "d", "generation": 1, "resourceVersion": "4"}, "spec": {"replicas": 1}, "status": {"replicas": 3}})
        );
        let relabelled = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 1}});
        assert_eq!(updated(Part::Whole, &stored, relabelled)["metadata"]["generation"], 1);
    }

    #[test]
    fn a_namespace_and_a_definition_are_there_at_once() {
        let strategy = |resource| strategy(resource, true, false);
        let mut namespace = json!({"metadata": {"name": "n"}, "spec": {"finalizers": ["mine"]}});
        strategy("namespaces").before_create(&mut namespace, NOW);
        assert_eq!(
            namespace,
            json!({
                "metadata": {"name": "n", "labels": {"kubernetes.io/metadata.name": "n"}},
                "spec": {"finalizers": ["mine", "kubernetes"]},
                "status": {"phase": "Active"},
            })
        );
        let mut definition =
            json!({"spec": {"names": {"kind": "CronTab"}, "versions": [{"name": "v1", "storage": true}]}});
        strategy(DEFINITIONS).before_create(&mut definition, NOW);
        assert_eq!(definition["status"]["acceptedNames"]["singular"], "crontab");
        assert_eq!(definition["status"]["conditions"][1]["type"], "Established");
        assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
    }

    #[test]
    fn each_kind_counts_what_it_counts() {
        let updated = |resource: &'static str, change: &dyn Fn(&mut Value)| {
            let strategy = strategy(resource, true, true);
            let mut stored = json!({"metadata": {"name": "a", "uid": "u"}, "spec": {"template": {}}, "value": 1});
            strategy.before_create(&mut stored, NOW);
            let mut object = stored.clone();
            change(&mut object);
            strategy.before_update(Part::Whole, &stored, &mut object, NOW);
            object["metadata"].clone()
        };
        let annotate = |object: &mut Value| object["metadata"]["annotations"] = json!({"a": "b"});
        let label = |object: &mut Value| object["metadata"]["labels"] = json!({"a": "b"});
        let change = |object: &mut Value| object["value"] = json!(2);
        let template = |object: &mut Value| object["spec"]["template"] = json!({"spec": {}});
        let generation = |resource, change: &dyn Fn(&mut Value)| updated(resource, change)["generation"].clone();
        assert_eq!(generation("deployments.apps", &annotate), 2);
        assert_eq!(generation("deployments.apps", &label), 1);
        assert_eq!(generation("statefulsets.apps", &annotate), 1);
        assert_eq!(generation("endpointslices.discovery.k8s.io", &label), 2);
        assert_eq!(generation("priorityclasses.scheduling.k8s.io", &change), 1);
        let forge = |object: &mut Value| object["spec"]["username"] = json!("admin");
        let strategy = strategy("certificatesigningrequests.certificates.k8s.io", true, false);
        let stored = json!({"metadata": {}, "spec": {"username": "jane"}});
        let mut forged = stored.clone();
        forge(&mut forged);
        strategy.before_update(Part::Whole, &stored, &mut forged, NOW);
        assert_eq!(forged, stored);
        let counted = |change: &dyn Fn(&mut Value)| updated("daemonsets.apps", change)["annotations"].clone();
        assert_eq!(counted(&annotate), json!({"a": "b", TEMPLATE_GENERATION: "1"}));
        assert_eq!(counted(&template), json!({TEMPLATE_GENERATION: "2"}));
    }

    #[test]
    fn what_the_server_writes_into_claims_volumes_and_accounts() {
        let made = |resource: &'static str, mut object: Value| {
            let strategy = strategy(resource, resource != "serviceaccounts", false);
            strategy.before_create(&mut object, NOW);
            object
        };
        let source = json!({"kind": "PersistentVolumeClaim", "name": "old"});
        for field in ["dataSource", "dataSourceRef"] {
            let claim = made(
                "persistentvolumeclaims",
                json!({"metadata": {}, "spec": {field: source}}),
            );
            assert_eq!(claim["spec"], json!({"dataSource": source, "dataSourceRef": source}));
        }
        let far = json!({"kind": "PersistentVolumeClaim", "name": "old", "namespace": "far"});
        let claim = made(
            "persistentvolumeclaims",
            json!({"metadata": {}, "spec": {"dataSourceRef": far}}),
        );
        assert_eq!(claim["spec"].get("dataSource"), None);
        let volume = made("persistentvolumes", json!({"metadata": {}}));
        assert_eq!(volume["status"]["lastPhaseTransitionTime"], NOW.render_rfc3339());
        let account = made(
            "serviceaccounts",
            json!({"metadata": {}, "secrets": [{"name": "s", "kind": "Secret"}]}),
        );
        assert_eq!(account["secrets"], json!([{"name": "s"}]));
    }

    #[test]
    fn string_data_is_written_and_never_read() {
        let mut secret = json!({"data": {"a": "eA==", "b": "eA=="}, "stringData": {"b": "y"}});
        fold_string_data(&mut secret);
        assert_eq!(secret, json!({"data": {"a": "eA==", "b": "eQ=="}, "type": "Opaque"}));
    }
}
