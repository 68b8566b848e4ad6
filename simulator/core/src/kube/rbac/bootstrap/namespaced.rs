//! Roles in namespaces (`bootstrappolicy/namespace_policy.go`).

use super::EVENTS;
use super::READ;
use super::Role;
use super::Rule;
use super::on;
use super::own;

/// Roles by namespace.
pub(super) const ROLES: &[(&str, Role)] = &[
    (
        "kube-public",
        own(
            "system:controller:bootstrap-signer",
            &[
                on("core", "configmaps", READ),
                Rule {
                    names: "cluster-info",
                    ..on("core", "configmaps", "update")
                },
                EVENTS,
            ],
        ),
    ),
    (
        "kube-system",
        own(
            "extension-apiserver-authentication-reader",
            &[Rule {
                names: "extension-apiserver-authentication",
                ..on("core", "configmaps", READ)
            }],
        ),
    ),
    (
        "kube-system",
        own(
            "system::leader-locking-kube-controller-manager",
            &[
                on("core", "configmaps", "watch"),
                Rule {
                    names: "kube-controller-manager",
                    ..on("core", "configmaps", "get update")
                },
                on("coordination.k8s.io", "leases", "create get list update watch"),
                on("coordination.k8s.io", "leasecandidates", "create get list update watch"),
            ],
        ),
    ),
    (
        "kube-system",
        own(
            "system::leader-locking-kube-scheduler",
            &[
                on("core", "configmaps", "watch"),
                Rule {
                    names: "kube-scheduler",
                    ..on("core", "configmaps", "get update")
                },
                on("coordination.k8s.io", "leases", "create get list update watch"),
                on("coordination.k8s.io", "leasecandidates", "create get list update watch"),
            ],
        ),
    ),
    (
        "kube-system",
        own("system:controller:bootstrap-signer", &[on("core", "secrets", READ)]),
    ),
    (
        "kube-system",
        own(
            "system:controller:cloud-provider",
            &[on("core", "configmaps", "create get list watch")],
        ),
    ),
    (
        "kube-system",
        own(
            "system:controller:token-cleaner",
            &[on("core", "secrets", "delete get list watch"), EVENTS],
        ),
    ),
];

/// Namespace, name, role and subjects.
pub(super) const BINDINGS: &[(&str, &str, &str, &str)] = &[
    (
        "kube-public",
        "system:controller:bootstrap-signer",
        "system:controller:bootstrap-signer",
        "ServiceAccount kube-system/bootstrap-signer",
    ),
    (
        "kube-system",
        "system::extension-apiserver-authentication-reader",
        "extension-apiserver-authentication-reader",
        "User system:kube-controller-manager, User system:kube-scheduler",
    ),
    (
        "kube-system",
        "system::leader-locking-kube-controller-manager",
        "system::leader-locking-kube-controller-manager",
        "User system:kube-controller-manager, ServiceAccount kube-system/kube-controller-manager, ServiceAccount kube-system/leader-election-controller",
    ),
    (
        "kube-system",
        "system::leader-locking-kube-scheduler",
        "system::leader-locking-kube-scheduler",
        "User system:kube-scheduler, ServiceAccount kube-system/kube-scheduler",
    ),
    (
        "kube-system",
        "system:controller:bootstrap-signer",
        "system:controller:bootstrap-signer",
        "ServiceAccount kube-system/bootstrap-signer",
    ),
    (
        "kube-system",
        "system:controller:cloud-provider",
        "system:controller:cloud-provider",
        "ServiceAccount kube-system/cloud-provider",
    ),
    (
        "kube-system",
        "system:controller:token-cleaner",
        "system:controller:token-cleaner",
        "ServiceAccount kube-system/token-cleaner",
    ),
];
