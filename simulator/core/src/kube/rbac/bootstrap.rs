//! The roles and bindings that every cluster is born with: those of
//! `plugin/pkg/auth/authorizer/rbac/bootstrappolicy` of Kubernetes 1.32 with its default feature gates, and what EKS adds.
//!
//! FIDELITY: every cluster has those of 1.32, whatever its version. A real API server fixes them when it starts; here
//! what somebody changes stays changed. The Node authorizer, which lets a node write its own node and pods, is not there:
//! nodes have what RBAC gives their groups.

mod cluster_roles;
mod controllers;
mod eks;
mod namespaced;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use serde_json::Value;
use serde_json::json;

use crate::kube::object::ObjectKey;

use super::CLUSTER_ROLE_BINDINGS;
use super::CLUSTER_ROLES;
use super::GROUP;
use super::PolicyRule;
use super::ROLE_BINDINGS;
use super::ROLES;
use super::rules_of;

const READ: &str = "get list watch";
const WRITE: &str = "create delete deletecollection patch update";
const READ_WRITE: &str = "create delete deletecollection get list patch update watch";
const EVENTS: Rule = on("core events.k8s.io", "events", "create patch update");

/// Words are separated by blanks; `core` stands for the group whose name is empty.
struct Rule {
    groups: &'static str,
    resources: &'static str,
    names: &'static str,
    urls: &'static str,
    verbs: &'static str,
}

struct Role {
    name: &'static str,
    /// The aggregated role that this one is a part of, or empty.
    part_of: &'static str,
    rules: Rules,
}

enum Rules {
    Own(&'static [Rule]),
    /// The union of the roles that are a part of this one.
    Aggregated,
}

const fn on(groups: &'static str, resources: &'static str, verbs: &'static str) -> Rule {
    Rule {
        groups,
        resources,
        names: "",
        urls: "",
        verbs,
    }
}

const fn get(urls: &'static str) -> Rule {
    Rule {
        urls,
        ..on("", "", "get")
    }
}

const fn own(name: &'static str, rules: &'static [Rule]) -> Role {
    part("", name, rules)
}

const fn part(part_of: &'static str, name: &'static str, rules: &'static [Rule]) -> Role {
    Role {
        name,
        part_of,
        rules: Rules::Own(rules),
    }
}

const fn aggregated(name: &'static str, part_of: &'static str) -> Role {
    Role {
        name,
        part_of,
        rules: Rules::Aggregated,
    }
}

/// A bootstrap object as all clusters share it.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Where it stands.
    pub(crate) key: ObjectKey,
    /// The object with its name and its namespace, without uid, times and version.
    pub(crate) base: Arc<Value>,
    /// The rules of a role.
    pub(crate) rules: Arc<[PolicyRule]>,
}

/// The bootstrap objects as all clusters share them, in the order in which a cluster gets them.
pub(crate) fn shared() -> &'static [Shared] {
    static SHARED: LazyLock<Vec<Shared>> = LazyLock::new(|| {
        let named = |(key, mut object): (ObjectKey, Value)| {
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("name".to_owned(), json!(key.name));
                if !key.namespace.is_empty() {
                    metadata.insert("namespace".to_owned(), json!(key.namespace));
                }
            }
            Shared {
                rules: rules_of(&object).into(),
                base: Arc::new(object),
                key,
            }
        };
        objects().into_iter().map(named).collect()
    });
    &SHARED
}

/// The rules of a role that is as all clusters have it; nothing where `base` is none of [`shared`].
pub(crate) fn shared_rules(key: &ObjectKey, base: &Arc<Value>) -> Option<&'static Arc<[PolicyRule]>> {
    static BY_KEY: LazyLock<BTreeMap<&ObjectKey, &Shared>> =
        LazyLock::new(|| shared().iter().map(|one| (&one.key, one)).collect());
    let found = BY_KEY.get(key)?;
    Arc::ptr_eq(&found.base, base).then_some(&found.rules)
}

/// The bootstrap objects with their keys. The roles that aggregate others have no rules yet: `super::aggregation`
/// writes them.
#[must_use]
pub fn objects() -> Vec<(ObjectKey, Value)> {
    let mut objects = Vec::new();
    for role in cluster_roles::ROLES {
        objects.push(stored(CLUSTER_ROLES, "", role.name, cluster_role(role)));
    }
    for (name, subjects) in cluster_roles::BINDINGS {
        let object = binding("ClusterRoleBinding", ("ClusterRole", name), subjects);
        objects.push(stored(CLUSTER_ROLE_BINDINGS, "", name, object));
    }
    for role in controllers::ROLES {
        let (name, subject) = (
            format!("system:controller:{}", role.name),
            format!("ServiceAccount kube-system/{}", role.name),
        );
        let object = binding("ClusterRoleBinding", ("ClusterRole", &name), &subject);
        objects.push(stored(CLUSTER_ROLES, "", &name, cluster_role(role)));
        objects.push(stored(CLUSTER_ROLE_BINDINGS, "", &name, object));
    }
    for (namespace, role) in namespaced::ROLES {
        objects.push(stored(ROLES, namespace, role.name, object("Role", "", role)));
    }
    for (namespace, name, role, subjects) in namespaced::BINDINGS {
        let object = binding("RoleBinding", ("Role", role), subjects);
        objects.push(stored(ROLE_BINDINGS, namespace, name, object));
    }
    for object in &mut objects {
        label(&mut object.1, "kubernetes.io/bootstrapping", "rbac-defaults");
        annotate(&mut object.1);
    }
    objects.extend(eks::objects());
    objects
}

fn stored(resource: &str, namespace: &str, name: &str, object: Value) -> (ObjectKey, Value) {
    (ObjectKey::new(resource, namespace, name), object)
}

fn cluster_role(role: &Role) -> Value {
    object("ClusterRole", role.part_of, role)
}

fn object(kind: &str, part_of: &str, role: &Role) -> Value {
    let mut object = json!({"apiVersion": format!("{GROUP}/v1"), "kind": kind, "metadata": {}});
    if !part_of.is_empty() {
        label(&mut object, &aggregation_label(part_of), "true");
    }
    let (field, value) = match role.rules {
        Rules::Own(rules) => ("rules", rules.iter().map(policy_rule).collect()),
        Rules::Aggregated => (
            "aggregationRule",
            json!({"clusterRoleSelectors": [{"matchLabels": {aggregation_label(role.name): "true"}}]}),
        ),
    };
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
    object
}

/// `subjects` are `KIND NAME`, separated by commas; a service account is named by `NAMESPACE/NAME`.
fn binding(kind: &str, (role_kind, role): (&str, &str), subjects: &str) -> Value {
    let mut object = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": kind,
        "metadata": {},
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role},
    });
    let subjects: Vec<Value> = subjects
        .split(", ")
        .filter_map(|subject| subject.split_once(' '))
        .map(|(kind, name)| match name.split_once('/') {
            Some((namespace, name)) => json!({"kind": kind, "name": name, "namespace": namespace}),
            None => json!({"apiGroup": GROUP, "kind": kind, "name": name}),
        })
        .collect();
    if let (false, Some(fields)) = (subjects.is_empty(), object.as_object_mut()) {
        fields.insert("subjects".to_owned(), subjects.into());
    }
    object
}

fn policy_rule(rule: &Rule) -> Value {
    let fields = [
        ("apiGroups", rule.groups),
        ("resources", rule.resources),
        ("resourceNames", rule.names),
        ("nonResourceURLs", rule.urls),
        ("verbs", rule.verbs),
    ];
    let words = |text: &'static str| -> Value {
        text.split_whitespace()
            .map(|word| if word == "core" { "" } else { word })
            .collect()
    };
    fields
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(field, text)| (field, words(text)))
        .collect()
}

fn metadata(object: &mut Value, field: &str, name: &str, value: &str) {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    let slot = metadata.map(|metadata| metadata.entry(field).or_insert_with(|| json!({})));
    if let Some(names) = slot.and_then(Value::as_object_mut) {
        names.insert(name.to_owned(), json!(value));
    }
}

fn label(object: &mut Value, name: &str, value: &str) {
    metadata(object, "labels", name, value);
}

/// Has an API server that starts fix the object.
fn annotate(object: &mut Value) {
    metadata(
        object,
        "annotations",
        "rbac.authorization.kubernetes.io/autoupdate",
        "true",
    );
}

fn aggregation_label(role: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{role}")
}
