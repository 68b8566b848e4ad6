//! What the controllers of kube-controller-manager may do, by the names of their service accounts in `kube-system`
//! (`bootstrappolicy/controller_policy.go`).

use super::EVENTS;
use super::READ;
use super::Role;
use super::Rule;
use super::on;
use super::own;

pub(super) const ROLES: &[Role] = &[
    own(
        "attachdetach-controller",
        &[
            on("core", "persistentvolumeclaims persistentvolumes", "list watch"),
            on("core", "nodes", READ),
            on("core", "nodes/status", "patch update"),
            on("core", "pods", "list watch"),
            EVENTS,
            on("storage.k8s.io", "volumeattachments", "create delete get list watch"),
            on("storage.k8s.io", "csidrivers", READ),
            on("storage.k8s.io", "csinodes", READ),
        ],
    ),
    own(
        "certificate-controller",
        &[
            on(
                "certificates.k8s.io",
                "certificatesigningrequests",
                "delete get list watch",
            ),
            on(
                "certificates.k8s.io",
                "certificatesigningrequests/approval certificatesigningrequests/status",
                "update",
            ),
            Rule {
                names: "kubernetes.io/kube-apiserver-client-kubelet",
                ..on("certificates.k8s.io", "signers", "approve")
            },
            Rule {
                names: "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown",
                ..on("certificates.k8s.io", "signers", "sign")
            },
            on("authorization.k8s.io", "subjectaccessreviews", "create"),
            EVENTS,
        ],
    ),
    own(
        "clusterrole-aggregation-controller",
        &[on(
            "rbac.authorization.k8s.io",
            "clusterroles",
            "escalate get list patch update watch",
        )],
    ),
    own(
        "cronjob-controller",
        &[
            on("batch", "cronjobs", "get list update watch"),
            on("batch", "jobs", "create delete get list patch update watch"),
            on("batch", "cronjobs/status", "update"),
            on("batch", "cronjobs/finalizers", "update"),
            on("core", "pods", "delete list watch"),
            EVENTS,
        ],
    ),
    own(
        "daemon-set-controller",
        &[
            on("apps extensions", "daemonsets", READ),
            on("apps extensions", "daemonsets/status", "update"),
            on("apps extensions", "daemonsets/finalizers", "update"),
            on("core", "nodes", "list watch"),
            on("core", "pods", "create delete list patch watch"),
            on("core", "pods/binding", "create"),
            on(
                "apps",
                "controllerrevisions",
                "create delete get list patch update watch",
            ),
            EVENTS,
        ],
    ),
    own(
        "deployment-controller",
        &[
            on("apps extensions", "deployments", "get list update watch"),
            on("apps extensions", "deployments/status", "update"),
            on("apps extensions", "deployments/finalizers", "update"),
            on(
                "apps extensions",
                "replicasets",
                "create delete get list patch update watch",
            ),
            on("core", "pods", "get list update watch"),
            EVENTS,
        ],
    ),
    own(
        "disruption-controller",
        &[
            on("apps extensions", "deployments", READ),
            on("apps extensions", "replicasets", READ),
            on("core", "replicationcontrollers", READ),
            on("policy", "poddisruptionbudgets", READ),
            on("apps", "statefulsets", READ),
            on("policy", "poddisruptionbudgets/status", "update"),
            on("core", "pods/status", "patch update"),
            on("*", "*/scale", "get"),
            EVENTS,
        ],
    ),
    own(
        "endpoint-controller",
        &[
            on("core", "pods services", READ),
            on("core", "endpoints", "create delete get list update watch"),
            on("core", "endpoints/restricted", "create"),
            EVENTS,
        ],
    ),
    own(
        "endpointslice-controller",
        &[
            on("core", "nodes pods services", READ),
            on("core", "services/finalizers", "update"),
            on(
                "discovery.k8s.io",
                "endpointslices",
                "create delete get list update watch",
            ),
            EVENTS,
        ],
    ),
    own(
        "endpointslicemirroring-controller",
        &[
            on("core", "endpoints services", READ),
            on("core", "services/finalizers", "update"),
            on("core", "endpoints/finalizers", "update"),
            on(
                "discovery.k8s.io",
                "endpointslices",
                "create delete get list update watch",
            ),
            EVENTS,
        ],
    ),
    own(
        "ephemeral-volume-controller",
        &[
            on("core", "pods", READ),
            on("core", "pods/finalizers", "update"),
            on("core", "persistentvolumeclaims", "create get list watch"),
            EVENTS,
        ],
    ),
    own(
        "expand-controller",
        &[
            on("core", "persistentvolumes", "get list patch update watch"),
            on("core", "persistentvolumeclaims/status", "patch update"),
            on("core", "persistentvolumeclaims", READ),
            EVENTS,
            on("core", "services", "get"),
        ],
    ),
    own(
        "generic-garbage-collector",
        &[on("*", "*", "delete get list patch update watch"), EVENTS],
    ),
    own(
        "horizontal-pod-autoscaler",
        &[
            on("autoscaling", "horizontalpodautoscalers", READ),
            on("autoscaling", "horizontalpodautoscalers/status", "update"),
            on("*", "*/scale", "get update"),
            on("core", "pods", "list watch"),
            on("metrics.k8s.io", "pods", "list watch"),
            on("custom.metrics.k8s.io", "*", READ),
            on("external.metrics.k8s.io", "*", READ),
            EVENTS,
        ],
    ),
    own(
        "job-controller",
        &[
            on("batch", "jobs", "get list patch update watch"),
            on("batch", "jobs/status", "update"),
            on("batch", "jobs/finalizers", "update"),
            on("core", "pods", "create delete list patch watch"),
            EVENTS,
        ],
    ),
    own(
        "legacy-service-account-token-cleaner",
        &[
            Rule {
                names: "kube-apiserver-legacy-service-account-token-tracking",
                ..on("core", "configmaps", "get")
            },
            on("core", "secrets", "delete patch"),
        ],
    ),
    own(
        "namespace-controller",
        &[
            on("core", "namespaces", "delete get list watch"),
            on("core", "namespaces/finalize namespaces/status", "update"),
            on("*", "*", "delete deletecollection get list watch"),
        ],
    ),
    own(
        "node-controller",
        &[
            on("core", "nodes", "delete get list patch update watch"),
            on("core", "nodes/status", "patch update"),
            on("core", "pods/status", "patch update"),
            on("core", "pods", "delete get list watch"),
            EVENTS,
        ],
    ),
    own(
        "persistent-volume-binder",
        &[
            on("core", "persistentvolumes", "create delete get list update watch"),
            on("core", "persistentvolumes/status", "update"),
            on("core", "persistentvolumeclaims", "get list update watch"),
            on("core", "persistentvolumeclaims/status", "update"),
            on("core", "pods", "create delete get list watch"),
            on("storage.k8s.io", "storageclasses", READ),
            on("core", "nodes", "list watch"),
            EVENTS,
            on("core", "events", "watch"),
            on("core", "services", "get"),
        ],
    ),
    own(
        "pod-garbage-collector",
        &[
            on("core", "pods", "delete list watch"),
            on("core", "nodes", READ),
            on("core", "pods/status", "patch"),
        ],
    ),
    own(
        "pv-protection-controller",
        &[on("core", "persistentvolumes", "get list update watch"), EVENTS],
    ),
    own(
        "pvc-protection-controller",
        &[
            on("core", "persistentvolumeclaims", "get list update watch"),
            on("core", "pods", READ),
            EVENTS,
        ],
    ),
    own(
        "replicaset-controller",
        &[
            on("apps extensions", "replicasets", "get list update watch"),
            on("apps extensions", "replicasets/status", "update"),
            on("apps extensions", "replicasets/finalizers", "update"),
            on("core", "pods", "create delete list patch watch"),
            EVENTS,
        ],
    ),
    own(
        "replication-controller",
        &[
            on("core", "replicationcontrollers", "get list update watch"),
            on("core", "replicationcontrollers/status", "update"),
            on("core", "replicationcontrollers/finalizers", "update"),
            on("core", "pods", "create delete list patch watch"),
            EVENTS,
        ],
    ),
    own(
        "resourcequota-controller",
        &[
            on("*", "*", "list watch"),
            on("core", "resourcequotas/status", "update"),
            EVENTS,
        ],
    ),
    own(
        "root-ca-cert-publisher",
        &[on("core", "configmaps", "create update"), EVENTS],
    ),
    own(
        "route-controller",
        &[
            on("core", "nodes", "list watch"),
            on("core", "nodes/status", "patch"),
            EVENTS,
        ],
    ),
    own(
        "service-account-controller",
        &[on("core", "serviceaccounts", "create"), EVENTS],
    ),
    own(
        "service-controller",
        &[
            on("core", "services", READ),
            on("core", "services/status", "patch update"),
            on("core", "nodes", "list watch"),
            EVENTS,
        ],
    ),
    own(
        "statefulset-controller",
        &[
            on("core", "pods", "list watch"),
            on("apps", "statefulsets", READ),
            on("apps", "statefulsets/status", "update"),
            on("apps", "statefulsets/finalizers", "update"),
            on("core", "pods", "create delete get patch update"),
            on(
                "apps",
                "controllerrevisions",
                "create delete get list patch update watch",
            ),
            on("core", "persistentvolumeclaims", "create get list watch"),
            EVENTS,
            on("core", "persistentvolumeclaims", "delete update"),
            on("core", "pods/finalizers", "update"),
        ],
    ),
    own(
        "ttl-after-finished-controller",
        &[on("batch", "jobs", "delete get list watch"), EVENTS],
    ),
    own(
        "ttl-controller",
        &[on("core", "nodes", "list patch update watch"), EVENTS],
    ),
    own(
        "validatingadmissionpolicy-status-controller",
        &[
            on("admissionregistration.k8s.io", "validatingadmissionpolicies", READ),
            on(
                "admissionregistration.k8s.io",
                "validatingadmissionpolicies/status",
                "get patch update",
            ),
            EVENTS,
        ],
    ),
];
