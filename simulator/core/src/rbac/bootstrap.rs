//! The roles and bindings that every cluster is born with.
//!
//! Source: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`, Kubernetes 1.32. FIDELITY: the roles of the
//! control plane's own controllers (`system:controller:*`, the scheduler and their like) are left out.

use serde_json::Value;
use serde_json::json;

use crate::object::ObjectKey;

const READ: &str = "get list watch";
const WRITE: &str = "create delete deletecollection patch update";
const BOTH: &str = "create delete deletecollection get list patch update watch";
const DISCOVERY_URLS: &str = "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/";
const INFO_URLS: &str = "/healthz /livez /readyz /version /version/";

/// A rule: verbs, group, resources (both lists parted by spaces); a group of `URL` makes it one for URLs.
type Rule = (&'static str, &'static str, &'static str);

const APPS_READ: Rule = (
    READ,
    "apps",
    "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets \
     replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
);

const VIEW: &[Rule] = &[
    (
        READ,
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers \
         replicationcontrollers/scale serviceaccounts services services/status",
    ),
    (
        READ,
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status \
         resourcequotas resourcequotas/status",
    ),
    (READ, "", "namespaces"),
    (READ, "discovery.k8s.io", "endpointslices"),
    APPS_READ,
    (
        READ,
        "autoscaling",
        "horizontalpodautoscalers horizontalpodautoscalers/status",
    ),
    (READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    (
        READ,
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status \
         networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
    ),
    (READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    (READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
];

const EDIT: &[Rule] = &[
    (
        READ,
        "",
        "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
    ),
    ("impersonate", "", "serviceaccounts"),
    (WRITE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
    ("create", "", "pods/eviction"),
    (
        WRITE,
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets \
         serviceaccounts services services/proxy",
    ),
    ("create", "", "serviceaccounts/token"),
    (
        WRITE,
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets \
         statefulsets/scale",
    ),
    (WRITE, "autoscaling", "horizontalpodautoscalers"),
    (WRITE, "batch", "cronjobs jobs"),
    (
        WRITE,
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets \
         replicasets/scale replicationcontrollers/scale",
    ),
    (WRITE, "policy", "poddisruptionbudgets"),
    (WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    (BOTH, "coordination.k8s.io", "leases"),
];

const ADMIN: &[Rule] = &[
    ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
    (BOTH, "rbac.authorization.k8s.io", "rolebindings roles"),
];

const NODE: &[Rule] = &[
    ("create", "authentication.k8s.io", "tokenreviews"),
    (
        "create",
        "authorization.k8s.io",
        "localsubjectaccessreviews subjectaccessreviews",
    ),
    (READ, "", "services"),
    ("create get list watch", "", "nodes"),
    ("patch update", "", "nodes nodes/status"),
    ("create patch update", "", "events"),
    (READ, "", "pods"),
    ("create delete", "", "pods"),
    ("patch update", "", "pods/status"),
    ("create", "", "pods/eviction"),
    (READ, "", "configmaps secrets"),
    ("get", "", "persistentvolumeclaims persistentvolumes endpoints"),
    (
        "create get list watch",
        "certificates.k8s.io",
        "certificatesigningrequests",
    ),
    ("create delete get patch update", "coordination.k8s.io", "leases"),
    ("get", "storage.k8s.io", "volumeattachments"),
    ("create", "", "serviceaccounts/token"),
    ("get patch update", "", "persistentvolumeclaims/status"),
    (READ, "storage.k8s.io", "csidrivers"),
    ("create delete get patch update", "storage.k8s.io", "csinodes"),
    (READ, "node.k8s.io", "runtimeclasses"),
];

/// The bootstrap objects with their keys.
#[must_use]
pub fn objects() -> Vec<(ObjectKey, Value)> {
    const TO: &str = "rbac.authorization.k8s.io/aggregate-to-";
    let mut objects = vec![
        role("cluster-admin", &[("*", "*", "*"), ("*", "URL", "*")], None),
        aggregated_role("admin", None),
        aggregated_role("edit", Some("admin")),
        aggregated_role("view", Some("edit")),
        role("system:aggregate-to-admin", ADMIN, Some(&format!("{TO}admin"))),
        role("system:aggregate-to-edit", EDIT, Some(&format!("{TO}edit"))),
        role("system:aggregate-to-view", VIEW, Some(&format!("{TO}view"))),
        role(
            "system:auth-delegator",
            &[
                ("create", "authentication.k8s.io", "tokenreviews"),
                ("create", "authorization.k8s.io", "subjectaccessreviews"),
            ],
            None,
        ),
        role(
            "system:basic-user",
            &[
                (
                    "create",
                    "authorization.k8s.io",
                    "selfsubjectaccessreviews selfsubjectrulesreviews",
                ),
                ("create", "authentication.k8s.io", "selfsubjectreviews"),
            ],
            None,
        ),
        role("system:discovery", &[("get", "URL", DISCOVERY_URLS)], None),
        role(
            "system:monitoring",
            &[(
                "get",
                "URL",
                "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*",
            )],
            None,
        ),
        role("system:node", NODE, None),
        role("system:public-info-viewer", &[("get", "URL", INFO_URLS)], None),
        binding("cluster-admin", &["system:masters"]),
        binding("system:basic-user", &["system:authenticated"]),
        binding("system:discovery", &["system:authenticated"]),
        binding("system:monitoring", &["system:monitoring"]),
        binding(
            "system:public-info-viewer",
            &["system:authenticated", "system:unauthenticated"],
        ),
    ];
    let mut node = binding("system:node", &[]);
    if let Some(object) = node.1.as_object_mut() {
        object.remove("subjects");
    }
    objects.push(node);
    objects
}

fn metadata() -> Value {
    json!({
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
    })
}

fn role(name: &str, rules: &[Rule], label: Option<&str>) -> (ObjectKey, Value) {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rules: Vec<Value> = rules
        .iter()
        .map(|(verbs, group, items)| match *group {
            "URL" => json!({"nonResourceURLs": words(items), "verbs": words(verbs)}),
            group => json!({"apiGroups": [group], "resources": words(items), "verbs": words(verbs)}),
        })
        .collect();
    let mut metadata = metadata();
    if let (Some(label), Some(labels)) = (label, metadata.get_mut("labels").and_then(Value::as_object_mut)) {
        labels.insert(label.to_owned(), json!("true"));
    }
    object(
        "clusterroles",
        name,
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}),
    )
}

/// A role made of all roles that carry its label; `for_role` names the role that it is a part of itself.
fn aggregated_role(name: &str, part_of: Option<&str>) -> (ObjectKey, Value) {
    let label = part_of.map(|role| format!("rbac.authorization.k8s.io/aggregate-to-{role}"));
    // What the aggregation controller writes into the role, nested roles included.
    let rules: Vec<Rule> = match name {
        "admin" => [ADMIN, EDIT, VIEW].concat(),
        "edit" => [EDIT, VIEW].concat(),
        _ => VIEW.to_vec(),
    };
    let (key, mut value) = role(name, &rules, label.as_deref());
    if let Some(object) = value.as_object_mut() {
        object.insert(
            "aggregationRule".to_owned(),
            json!({"clusterRoleSelectors": [
                {"matchLabels": {format!("rbac.authorization.k8s.io/aggregate-to-{name}"): "true"}}
            ]}),
        );
    }
    (key, value)
}

fn binding(role: &str, groups: &[&str]) -> (ObjectKey, Value) {
    let subjects: Vec<Value> = groups
        .iter()
        .map(|group| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}))
        .collect();
    object(
        "clusterrolebindings",
        role,
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": metadata(),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": subjects,
        }),
    )
}

fn object(plural: &str, name: &str, value: Value) -> (ObjectKey, Value) {
    let resource = format!("{plural}{}", super::RESOURCE_SUFFIX);
    (ObjectKey::new(&resource, "", name), value)
}
