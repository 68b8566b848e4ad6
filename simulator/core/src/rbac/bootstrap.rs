//! The roles and bindings that every cluster is born with, as `plugin/pkg/auth/authorizer/rbac/bootstrappolicy` has them.
//!
//! Those that only control plane components hold (`system:kube-scheduler`, `system:controller:*` and the like) are left
//! out: nobody here acts as one.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::object::ObjectKey;

use super::CLUSTER_ROLE_BINDINGS;
use super::CLUSTER_ROLES;

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

const fn approve(signer: &'static str) -> Rule {
    Rule {
        names: signer,
        ..on("certificates.k8s.io", "signers", "approve")
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

const ROLES: &[Role] = &[
    aggregated("admin", ""),
    aggregated("edit", "admin"),
    aggregated("view", "edit"),
    own("cluster-admin", &[on("*", "*", "*"), Rule { verbs: "*", ..get("*") }]),
    part(
        "admin",
        "system:aggregate-to-admin",
        &[
            on("authorization.k8s.io", "localsubjectaccessreviews", "create"),
            on("rbac.authorization.k8s.io", "rolebindings roles", READ_WRITE),
        ],
    ),
    part(
        "edit",
        "system:aggregate-to-edit",
        &[
            on(
                "core",
                "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
                READ,
            ),
            on("core", "serviceaccounts", "impersonate"),
            on("core", "pods pods/attach pods/exec pods/portforward pods/proxy", WRITE),
            on("core", "pods/eviction", "create"),
            on(
                "core",
                "configmaps endpoints events persistentvolumeclaims replicationcontrollers \
                 replicationcontrollers/scale secrets serviceaccounts services services/proxy",
                WRITE,
            ),
            on("core", "serviceaccounts/token", "create"),
            on(
                "apps",
                "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale \
                 statefulsets statefulsets/scale",
                WRITE,
            ),
            on("autoscaling", "horizontalpodautoscalers", WRITE),
            on("batch", "cronjobs jobs", WRITE),
            on(
                "extensions",
                "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets \
                 replicasets/scale replicationcontrollers/scale",
                WRITE,
            ),
            on("policy", "poddisruptionbudgets", WRITE),
            on("networking.k8s.io", "ingresses networkpolicies", WRITE),
            on("coordination.k8s.io", "leases", READ_WRITE),
        ],
    ),
    part(
        "view",
        "system:aggregate-to-view",
        &[
            on(
                "core",
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods \
                 replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
                READ,
            ),
            on(
                "core",
                "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status \
                 resourcequotas resourcequotas/status",
                READ,
            ),
            on("core", "namespaces", READ),
            on("discovery.k8s.io", "endpointslices", READ),
            on(
                "apps",
                "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status \
                 replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
                READ,
            ),
            on(
                "autoscaling",
                "horizontalpodautoscalers horizontalpodautoscalers/status",
                READ,
            ),
            on("batch", "cronjobs cronjobs/status jobs jobs/status", READ),
            on(
                "extensions",
                "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses \
                 ingresses/status networkpolicies replicasets replicasets/scale replicasets/status \
                 replicationcontrollers/scale",
                READ,
            ),
            on("policy", "poddisruptionbudgets poddisruptionbudgets/status", READ),
            on("networking.k8s.io", "ingresses ingresses/status networkpolicies", READ),
        ],
    ),
    own(
        "system:auth-delegator",
        &[
            on("authentication.k8s.io", "tokenreviews", "create"),
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
        ],
    ),
    own(
        "system:basic-user",
        &[
            on(
                "authorization.k8s.io",
                "selfsubjectaccessreviews selfsubjectrulesreviews",
                "create",
            ),
            on("authentication.k8s.io", "selfsubjectreviews", "create"),
        ],
    ),
    own(
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/nodeclient",
            "create",
        )],
    ),
    own(
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/selfnodeclient",
            "create",
        )],
    ),
    own(
        "system:certificates.k8s.io:kube-apiserver-client-approver",
        &[approve("kubernetes.io/kube-apiserver-client")],
    ),
    own(
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        &[approve("kubernetes.io/kube-apiserver-client-kubelet")],
    ),
    own(
        "system:certificates.k8s.io:kubelet-serving-approver",
        &[approve("kubernetes.io/kubelet-serving")],
    ),
    own(
        "system:certificates.k8s.io:legacy-unknown-approver",
        &[approve("kubernetes.io/legacy-unknown")],
    ),
    own(
        "system:discovery",
        &[get(
            "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/",
        )],
    ),
    own(
        "system:heapster",
        &[
            on("core", "events namespaces nodes pods", READ),
            on("extensions", "deployments", READ),
        ],
    ),
    own("system:kube-aggregator", &[on("core", "endpoints services", READ)]),
    own("system:kube-dns", &[on("core", "endpoints services", "list watch")]),
    own(
        "system:kubelet-api-admin",
        &[
            on("core", "nodes", READ),
            on("core", "nodes", "proxy"),
            on("core", "nodes/log nodes/metrics nodes/proxy nodes/stats", "*"),
        ],
    ),
    own(
        "system:monitoring",
        &[get(
            "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*",
        )],
    ),
    own(
        "system:node",
        &[
            on("authentication.k8s.io", "tokenreviews", "create"),
            on(
                "authorization.k8s.io",
                "localsubjectaccessreviews subjectaccessreviews",
                "create",
            ),
            on("core", "services", READ),
            on("core", "nodes", "create get list watch"),
            on("core", "nodes/status", "patch update"),
            on("core", "nodes", "patch update"),
            on("core", "events", "create patch update"),
            on("core", "pods", READ),
            on("core", "pods", "create delete"),
            on("core", "pods/status", "patch update"),
            on("core", "pods/eviction", "create"),
            on("core", "configmaps secrets", READ),
            on("core", "persistentvolumeclaims persistentvolumes", "get"),
            on("core", "endpoints", "get"),
            on(
                "certificates.k8s.io",
                "certificatesigningrequests",
                "create get list watch",
            ),
            on("coordination.k8s.io", "leases", "create delete get patch update"),
            on("storage.k8s.io", "volumeattachments", "get"),
            on("core", "serviceaccounts/token", "create"),
            on("core", "persistentvolumeclaims/status", "get patch update"),
            on("storage.k8s.io", "csidrivers", READ),
            on("storage.k8s.io", "csinodes", "create delete get patch update"),
            on("node.k8s.io", "runtimeclasses", READ),
        ],
    ),
    own(
        "system:node-bootstrapper",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests",
            "create get list watch",
        )],
    ),
    own(
        "system:node-problem-detector",
        &[on("core", "nodes", "get"), on("core", "nodes/status", "patch"), EVENTS],
    ),
    own(
        "system:node-proxier",
        &[
            on("core", "endpoints services", "list watch"),
            on("core", "nodes", READ),
            EVENTS,
            on("discovery.k8s.io", "endpointslices", "list watch"),
        ],
    ),
    own(
        "system:persistent-volume-provisioner",
        &[
            on("core", "persistentvolumes", "create delete get list watch"),
            on("core", "persistentvolumeclaims", "get list update watch"),
            on("storage.k8s.io", "storageclasses", READ),
            on("core", "events", "watch"),
            EVENTS,
        ],
    ),
    own(
        "system:public-info-viewer",
        &[get("/healthz /livez /readyz /version /version/")],
    ),
    own(
        "system:service-account-issuer-discovery",
        &[get(
            "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
        )],
    ),
    own(
        "system:volume-scheduler",
        &[
            on("core", "persistentvolumes", "get list patch update watch"),
            on("storage.k8s.io", "storageclasses", READ),
            on("core", "persistentvolumeclaims", "get list patch update watch"),
        ],
    ),
];

/// Each binding gives the ClusterRole of its own name; subjects are a kind and, separated by blanks, names.
const BINDINGS: &[(&str, &str, &str)] = &[
    ("cluster-admin", "Group", "system:masters"),
    ("system:basic-user", "Group", "system:authenticated"),
    ("system:discovery", "Group", "system:authenticated"),
    ("system:monitoring", "Group", "system:monitoring"),
    // Empty upstream: the Node authorizer speaks for nodes.
    ("system:node", "Group", ""),
    ("system:node-proxier", "User", "system:kube-proxy"),
    (
        "system:public-info-viewer",
        "Group",
        "system:authenticated system:unauthenticated",
    ),
    (
        "system:service-account-issuer-discovery",
        "Group",
        "system:serviceaccounts",
    ),
    ("system:volume-scheduler", "User", "system:kube-scheduler"),
];

/// The bootstrap objects with their keys.
///
/// The stored admin, edit and view have no rules of their own; [`super::RbacIndex`] gathers them.
#[must_use]
pub fn objects() -> Vec<(ObjectKey, Value)> {
    let roles = ROLES
        .iter()
        .map(|role| (ObjectKey::new(CLUSTER_ROLES, "", role.name), cluster_role(role)));
    let bindings = BINDINGS.iter().map(|(name, kind, subjects)| {
        (
            ObjectKey::new(CLUSTER_ROLE_BINDINGS, "", name),
            binding(name, kind, subjects),
        )
    });
    roles.chain(bindings).collect()
}

fn cluster_role(role: &Role) -> Value {
    let mut object = object("ClusterRole", role.name, role.part_of);
    match role.rules {
        Rules::Own(rules) => object.insert("rules".to_owned(), rules.iter().map(policy_rule).collect()),
        Rules::Aggregated => object.insert(
            "aggregationRule".to_owned(),
            json!({"clusterRoleSelectors": [{"matchLabels": {aggregation_label(role.name): "true"}}]}),
        ),
    };
    object.into()
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

fn binding(name: &str, kind: &str, subjects: &str) -> Value {
    const API_GROUP: &str = "rbac.authorization.k8s.io";
    let mut object = object("ClusterRoleBinding", name, "");
    object.insert(
        "roleRef".to_owned(),
        json!({"apiGroup": API_GROUP, "kind": "ClusterRole", "name": name}),
    );
    let subjects: Vec<Value> = subjects
        .split_whitespace()
        .map(|subject| json!({"apiGroup": API_GROUP, "kind": kind, "name": subject}))
        .collect();
    if !subjects.is_empty() {
        object.insert("subjects".to_owned(), subjects.into());
    }
    object.into()
}

fn object(kind: &str, name: &str, part_of: &str) -> Map<String, Value> {
    let mut labels = Map::new();
    labels.insert("kubernetes.io/bootstrapping".to_owned(), json!("rbac-defaults"));
    if !part_of.is_empty() {
        labels.insert(aggregation_label(part_of), json!("true"));
    }
    let metadata = json!({
        "name": name,
        "labels": labels,
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    });
    Map::from_iter([
        ("apiVersion".to_owned(), json!("rbac.authorization.k8s.io/v1")),
        ("kind".to_owned(), json!(kind)),
        ("metadata".to_owned(), metadata),
    ])
}

fn aggregation_label(role: &str) -> String {
    format!("rbac.authorization.k8s.io/aggregate-to-{role}")
}
