//! ClusterRoles for everyone and for the control plane (`bootstrappolicy/policy.go`).

use super::EVENTS;
use super::READ;
use super::READ_WRITE;
use super::Role;
use super::Rule;
use super::WRITE;
use super::aggregated;
use super::get;
use super::on;
use super::own;
use super::part;

pub(super) const ROLES: &[Role] = &[
    aggregated("admin", ""),
    own("cluster-admin", &[on("*", "*", "*"), Rule { verbs: "*", ..get("*") }]),
    aggregated("edit", "admin"),
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
                "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy",
                WRITE,
            ),
            on("core", "serviceaccounts/token", "create"),
            on(
                "apps",
                "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale",
                WRITE,
            ),
            on("autoscaling", "horizontalpodautoscalers", WRITE),
            on("batch", "cronjobs jobs", WRITE),
            on(
                "extensions",
                "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale",
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
                "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
                READ,
            ),
            on(
                "core",
                "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status",
                READ,
            ),
            on("core", "namespaces", READ),
            on("discovery.k8s.io", "endpointslices", READ),
            on(
                "apps",
                "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
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
                "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
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
        &[Rule {
            names: "kubernetes.io/kube-apiserver-client",
            ..on("certificates.k8s.io", "signers", "approve")
        }],
    ),
    own(
        "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver",
        &[Rule {
            names: "kubernetes.io/kube-apiserver-client-kubelet",
            ..on("certificates.k8s.io", "signers", "approve")
        }],
    ),
    own(
        "system:certificates.k8s.io:kubelet-serving-approver",
        &[Rule {
            names: "kubernetes.io/kubelet-serving",
            ..on("certificates.k8s.io", "signers", "approve")
        }],
    ),
    own(
        "system:certificates.k8s.io:legacy-unknown-approver",
        &[Rule {
            names: "kubernetes.io/legacy-unknown",
            ..on("certificates.k8s.io", "signers", "approve")
        }],
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
    own(
        "system:kube-controller-manager",
        &[
            EVENTS,
            on("coordination.k8s.io", "leases", "create"),
            Rule {
                names: "kube-controller-manager",
                ..on("coordination.k8s.io", "leases", "get update")
            },
            on("core", "secrets serviceaccounts", "create"),
            on("core", "secrets", "delete"),
            on("core", "configmaps namespaces secrets serviceaccounts", "get"),
            on("core", "secrets serviceaccounts", "update"),
            on("authentication.k8s.io", "tokenreviews", "create"),
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
            on("*", "*", "list watch"),
            on("core", "serviceaccounts/token", "create"),
        ],
    ),
    own("system:kube-dns", &[on("core", "endpoints services", "list watch")]),
    own(
        "system:kube-scheduler",
        &[
            EVENTS,
            on("coordination.k8s.io", "leases", "create"),
            Rule {
                names: "kube-scheduler",
                ..on("coordination.k8s.io", "leases", "get list update watch")
            },
            on("coordination.k8s.io", "leasecandidates", READ_WRITE),
            on("core", "nodes", READ),
            on("core", "pods", "delete get list watch"),
            on("core", "bindings pods/binding", "create"),
            on("core", "pods/status", "patch update"),
            on("core", "replicationcontrollers services", READ),
            on("apps extensions", "replicasets", READ),
            on("apps", "statefulsets", READ),
            on("policy", "poddisruptionbudgets", READ),
            on("core", "persistentvolumeclaims persistentvolumes", READ),
            on("authentication.k8s.io", "tokenreviews", "create"),
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
            on("storage.k8s.io", "csinodes", READ),
            on("storage.k8s.io", "volumeattachments", READ),
            on("core", "namespaces", READ),
            on("storage.k8s.io", "csidrivers", READ),
            on("storage.k8s.io", "csistoragecapacities", READ),
        ],
    ),
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
    aggregated("view", "edit"),
];

/// Each binding gives the ClusterRole of its own name. That of `system:node` is empty: the Node authorizer speaks for
/// nodes.
pub(super) const BINDINGS: &[(&str, &str)] = &[
    ("cluster-admin", "Group system:masters"),
    ("system:basic-user", "Group system:authenticated"),
    ("system:discovery", "Group system:authenticated"),
    ("system:kube-controller-manager", "User system:kube-controller-manager"),
    ("system:kube-dns", "ServiceAccount kube-system/kube-dns"),
    ("system:kube-scheduler", "User system:kube-scheduler"),
    ("system:monitoring", "Group system:monitoring"),
    ("system:node", ""),
    ("system:node-proxier", "User system:kube-proxy"),
    (
        "system:public-info-viewer",
        "Group system:authenticated, Group system:unauthenticated",
    ),
    (
        "system:service-account-issuer-discovery",
        "Group system:serviceaccounts",
    ),
    ("system:volume-scheduler", "User system:kube-scheduler"),
];
