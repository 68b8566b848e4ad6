//! What EKS adds to a cluster.
//!
//! Sources: public listings of clusters' RBAC objects; the manifests of the VPC CNI (1.19) and CoreDNS; AWS's article on
//! kubelets' serving certificates, which shows `eks:node-bootstrapper`.
//!
//! FIDELITY: EKS has some 25 further roles for its own components (`eks:addon-manager`, `eks:certificate-controller`,
//! `eks:cloud-controller-manager`, `eks:fargate-manager`, `eks:k8s-metrics`, `eks:node-manager`,
//! `eks:service-operations`, `vpc-resource-controller-role` and others). Their rules are not published; nobody here acts
//! as one of those components, so they are left out.

use serde_json::Value;

use super::READ;
use super::Role;
use super::Rule;
use super::annotate;
use super::binding;
use super::cluster_role;
use super::label;
use super::on;
use super::own;
use super::stored;
use crate::kube::object::ObjectKey;
use crate::kube::rbac::CLUSTER_ROLE_BINDINGS;
use crate::kube::rbac::CLUSTER_ROLES;

const AWS_NODE: &[Rule] = &[
    on("crd.k8s.amazonaws.com", "eniconfigs", READ),
    on("core", "namespaces", READ),
    on("core", "pods", READ),
    on("core", "nodes", READ),
    on("core events.k8s.io", "events", "create list patch"),
    on("networking.k8s.aws", "policyendpoints", READ),
    on("networking.k8s.aws", "policyendpoints/status", "get"),
    on("vpcresources.k8s.aws", "cninodes", "get list patch watch"),
];

const ROLES: &[Role] = &[
    own("aws-node", AWS_NODE),
    own(
        "eks:node-bootstrapper",
        &[on(
            "certificates.k8s.io",
            "certificatesigningrequests/selfnodeserver",
            "create",
        )],
    ),
    own(
        "system:coredns",
        &[
            on("core", "endpoints services pods namespaces", "list watch"),
            on("discovery.k8s.io", "endpointslices", "list watch"),
        ],
    ),
];

/// Name, role and subjects.
const BINDINGS: &[(&str, &str, &str)] = &[
    ("aws-node", "aws-node", "ServiceAccount kube-system/aws-node"),
    ("eks:addon-cluster-admin", "cluster-admin", "User eks:addon-manager"),
    (
        "eks:kube-proxy",
        "system:node-proxier",
        "ServiceAccount kube-system/kube-proxy",
    ),
    (
        "eks:kube-proxy-fargate",
        "system:node-proxier",
        "Group system:node-proxier",
    ),
    (
        "eks:kube-proxy-windows",
        "system:node-proxier",
        "Group eks:kube-proxy-windows",
    ),
    (
        "eks:node-bootstrapper",
        "eks:node-bootstrapper",
        "Group system:bootstrappers, Group system:nodes",
    ),
    ("system:coredns", "system:coredns", "ServiceAccount kube-system/coredns"),
];

/// The roles and bindings with their keys.
pub(super) fn objects() -> Vec<(ObjectKey, Value)> {
    let roles = ROLES
        .iter()
        .map(|role| stored(CLUSTER_ROLES, "", role.name, cluster_role(role)));
    let bindings = BINDINGS.iter().map(|(name, role, subjects)| {
        let object = binding("ClusterRoleBinding", ("ClusterRole", role), subjects);
        stored(CLUSTER_ROLE_BINDINGS, "", name, object)
    });
    let mut objects: Vec<(ObjectKey, Value)> = roles.chain(bindings).collect();
    for (key, object) in &mut objects {
        match key.name.as_str() {
            "system:coredns" => {
                label(object, "eks.amazonaws.com/component", "coredns");
                label(object, "k8s-app", "kube-dns");
                label(object, "kubernetes.io/bootstrapping", "rbac-defaults");
                if key.resource == CLUSTER_ROLE_BINDINGS {
                    annotate(object);
                }
            }
            "aws-node" => {
                label(object, "app.kubernetes.io/instance", "aws-vpc-cni");
                label(object, "app.kubernetes.io/name", "aws-node");
                label(object, "k8s-app", "aws-node");
            }
            "eks:node-bootstrapper" => label(object, "eks.amazonaws.com/component", "node"),
            name if name.starts_with("eks:kube-proxy") => {
                label(object, "eks.amazonaws.com/component", "kube-proxy");
                label(object, "k8s-app", "kube-proxy");
            }
            _ => {}
        }
    }
    objects
}
