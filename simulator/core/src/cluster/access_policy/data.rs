//! The rules of the managed access policies.
//!
//! Source: "Review access policy permissions" of the Amazon EKS User Guide, as of November 2025.
//!
//! FIDELITY: the guide gives rules for Admin, AdminView, ClusterAdmin, Edit, Hybrid, SecretReader and View. The others
//! it describes in prose or not at all; they can be associated but allow nothing.

use super::AccessPolicy;
use crate::kube::rbac::PolicyRule;

/// Verbs, API group and resources, the lists separated by spaces.
struct Rule(&'static str, &'static str, &'static str);

const READ: &str = "get list watch";
const WRITE: &str = "create delete deletecollection patch update";

/// In the order of the policies' names.
pub(super) fn policies() -> Vec<AccessPolicy> {
    [
        ("AmazonAIOpsAssistantPolicy", Vec::new()),
        ("AmazonARCRegionSwitchScalingPolicy", Vec::new()),
        ("AmazonEKSAdminPolicy", rules(&[VIEW, EDIT, ADMIN])),
        ("AmazonEKSAdminViewPolicy", rules(&[&[Rule(READ, "*", "*")]])),
        ("AmazonEKSAutoNodePolicy", Vec::new()),
        ("AmazonEKSBlockStorageClusterPolicy", Vec::new()),
        ("AmazonEKSBlockStoragePolicy", Vec::new()),
        ("AmazonEKSClusterAdminPolicy", cluster_admin()),
        ("AmazonEKSClusterInsightsPolicy", Vec::new()),
        ("AmazonEKSComputeClusterPolicy", Vec::new()),
        ("AmazonEKSComputePolicy", Vec::new()),
        ("AmazonEKSEditPolicy", rules(&[VIEW, EDIT])),
        ("AmazonEKSHybridPolicy", rules(&[&[Rule("list", "*", "nodes")]])),
        ("AmazonEKSLoadBalancingClusterPolicy", Vec::new()),
        ("AmazonEKSLoadBalancingPolicy", Vec::new()),
        ("AmazonEKSNetworkingClusterPolicy", Vec::new()),
        ("AmazonEKSNetworkingPolicy", Vec::new()),
        ("AmazonEKSSecretReaderPolicy", rules(&[&[Rule(READ, "", "secrets")]])),
        ("AmazonEKSViewPolicy", rules(&[VIEW])),
    ]
    .map(|(name, rules)| AccessPolicy { name, rules })
    .into()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn rules(parts: &[&[Rule]]) -> Vec<PolicyRule> {
    parts
        .iter()
        .copied()
        .flatten()
        .map(|Rule(verbs, group, resources)| PolicyRule {
            verbs: words(verbs),
            api_groups: vec![(*group).to_owned()],
            resources: words(resources),
            ..PolicyRule::default()
        })
        .collect()
}

fn cluster_admin() -> Vec<PolicyRule> {
    let mut all = rules(&[&[Rule("*", "*", "*")]]);
    all.push(PolicyRule {
        verbs: words("*"),
        non_resource_urls: words("*"),
        ..PolicyRule::default()
    });
    all
}

const VIEW: &[Rule] = &[
    Rule(
        READ,
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets \
         replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status",
    ),
    Rule(
        READ,
        "autoscaling",
        "horizontalpodautoscalers horizontalpodautoscalers/status",
    ),
    Rule(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    Rule(READ, "discovery.k8s.io", "endpointslices"),
    Rule(
        READ,
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status \
         networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale",
    ),
    Rule(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    Rule(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    Rule(
        READ,
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers \
         replicationcontrollers/scale serviceaccounts services services/status",
    ),
    Rule(
        READ,
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status \
         resourcequotas resourcequotas/status",
    ),
    Rule(READ, "", "namespaces"),
];

/// Beside [`VIEW`].
const EDIT: &[Rule] = &[
    Rule(
        WRITE,
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets \
         statefulsets/scale",
    ),
    Rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
    Rule(WRITE, "batch", "cronjobs jobs"),
    Rule(
        WRITE,
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets \
         replicasets/scale replicationcontrollers/scale",
    ),
    Rule(WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    Rule(WRITE, "policy", "poddisruptionbudgets"),
    Rule(
        READ,
        "",
        "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy",
    ),
    Rule("impersonate", "", "serviceaccounts"),
    Rule(WRITE, "", "pods pods/attach pods/exec pods/portforward pods/proxy"),
    Rule(
        WRITE,
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets \
         serviceaccounts services services/proxy",
    ),
];

/// Beside [`VIEW`] and [`EDIT`].
const ADMIN: &[Rule] = &[
    Rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
    Rule(READ, "rbac.authorization.k8s.io", "rolebindings roles"),
    Rule(WRITE, "rbac.authorization.k8s.io", "rolebindings roles"),
];
