//! The kinds that are built in, one row each: names and verbs, what the server fills in, checks and writes into the
//! objects, by what they are selected, and the table that kubectl prints of them.
//!
//! Source of names, short names, categories and verbs: discovery of Kubernetes 1.32 (`pkg/registry/*/*/storage` and the
//! `ShortNames` and `Categories` there).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use serde_json::Value;
use serde_json::json;

use super::conversion;
use super::object::job;
use super::object::pod;
use super::object::service;
use super::object::strategy;
use super::object::strategy::Strategy;
use super::printer;
use super::resource::CONNECT;
use super::resource::PART;
use super::resource::PROXY;
use super::resource::ResourceType;
use super::schema::Kind;
use super::schema::defaults;
use super::selectable::SelectableFields;
use super::validation::Checks;
use super::validation::Errors;
use super::validation::autoscaling;
use super::validation::core;
use super::validation::definition;
use super::validation::event;
use super::validation::name;
use super::validation::rbac;
use super::validation::workload;

/// A group in one version, and the two priorities which say how early it stands in discovery
/// (`DefaultGenericAPIServicePriorities` in `pkg/controlplane/apiserver/aggregator.go`, `apiVersionPriorities` in
/// `cmd/kube-apiserver/app`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupVersion {
    /// Empty for the core group.
    pub group: &'static str,
    /// Such as `v1`.
    pub version: &'static str,
    /// `groupPriorityMinimum`.
    pub minimum: u32,
    /// `versionPriority`.
    pub priority: u32,
}

impl GroupVersion {
    const fn new(group: &'static str, version: &'static str, minimum: u32, priority: u32) -> Self {
        Self {
            group,
            version,
            minimum,
            priority,
        }
    }

    fn namespaced(self, plural: &str, kind: &str) -> ResourceType {
        ResourceType::new(self.group, self.version, (plural, kind), true)
    }

    fn cluster(self, plural: &str, kind: &str) -> ResourceType {
        ResourceType::new(self.group, self.version, (plural, kind), false)
    }
}

const CORE: GroupVersion = GroupVersion::new("", "v1", 18000, 1);
const REGISTRATION: GroupVersion = GroupVersion::new("apiregistration.k8s.io", "v1", 18000, 18);
const APPS: GroupVersion = GroupVersion::new("apps", "v1", 17800, 15);
const EVENTS: GroupVersion = GroupVersion::new("events.k8s.io", "v1", 17750, 15);
const AUTHENTICATION: GroupVersion = GroupVersion::new("authentication.k8s.io", "v1", 17700, 15);
const AUTHORIZATION: GroupVersion = GroupVersion::new("authorization.k8s.io", "v1", 17600, 15);
const AUTOSCALING_V2: GroupVersion = GroupVersion::new("autoscaling", "v2", 17500, 30);
const AUTOSCALING_V1: GroupVersion = GroupVersion::new("autoscaling", "v1", 17500, 15);
const BATCH: GroupVersion = GroupVersion::new("batch", "v1", 17400, 15);
const CERTIFICATES: GroupVersion = GroupVersion::new("certificates.k8s.io", "v1", 17300, 15);
const NETWORKING: GroupVersion = GroupVersion::new("networking.k8s.io", "v1", 17200, 15);
const POLICY: GroupVersion = GroupVersion::new("policy", "v1", 17100, 15);
const RBAC: GroupVersion = GroupVersion::new("rbac.authorization.k8s.io", "v1", 17000, 15);
const STORAGE: GroupVersion = GroupVersion::new("storage.k8s.io", "v1", 16800, 15);
const ADMISSION: GroupVersion = GroupVersion::new("admissionregistration.k8s.io", "v1", 16700, 15);
const EXTENSIONS: GroupVersion = GroupVersion::new("apiextensions.k8s.io", "v1", 16700, 15);
const SCHEDULING: GroupVersion = GroupVersion::new("scheduling.k8s.io", "v1", 16600, 15);
const COORDINATION: GroupVersion = GroupVersion::new("coordination.k8s.io", "v1", 16500, 15);
const DISCOVERY: GroupVersion = GroupVersion::new("discovery.k8s.io", "v1", 16200, 15);

/// What the server itself serves, the best first.
pub const GROUP_VERSIONS: [GroupVersion; 19] = [
    CORE,
    REGISTRATION,
    APPS,
    EVENTS,
    AUTHENTICATION,
    AUTHORIZATION,
    AUTOSCALING_V2,
    AUTOSCALING_V1,
    BATCH,
    CERTIFICATES,
    NETWORKING,
    POLICY,
    RBAC,
    STORAGE,
    ADMISSION,
    EXTENSIONS,
    SCHEDULING,
    COORDINATION,
    DISCOVERY,
];

/// Sorts the built-in groups and versions into the order of discovery.
fn rank(row: &ResourceType) -> impl Ord + use<'_> {
    let found = GROUP_VERSIONS
        .iter()
        .find(|one| *one.group == *row.group && *one.version == *row.version);
    let (minimum, priority) = found.map_or((0, 0), |one| (one.minimum, one.priority));
    (Reverse(minimum), &*row.group, Reverse(priority))
}

struct BuiltIn {
    rows: Vec<Arc<ResourceType>>,
    by_plural: BTreeMap<Arc<str>, Vec<Arc<ResourceType>>>,
}

static BUILT_IN: LazyLock<BuiltIn> = LazyLock::new(|| {
    let mut rows = core_group();
    rows.extend(workloads());
    rows.extend(cluster_services());
    // Stable, so that the rows of a group and version stay as they stand here.
    rows.sort_by(|one, other| rank(one).cmp(&rank(other)));
    let rows: Vec<Arc<ResourceType>> = rows.into_iter().map(Arc::new).collect();
    let mut by_plural: BTreeMap<Arc<str>, Vec<Arc<ResourceType>>> = BTreeMap::new();
    for row in &rows {
        by_plural
            .entry(Arc::clone(&row.plural))
            .or_default()
            .push(Arc::clone(row));
    }
    BuiltIn { rows, by_plural }
});

/// Every built-in resource, each group and version in one piece, in the order of discovery.
#[must_use]
pub fn built_in() -> &'static [Arc<ResourceType>] {
    &BUILT_IN.rows
}

/// The built-in resource of that group, version and plural.
#[must_use]
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Arc<ResourceType>> {
    // One map a group and version would be no quicker: there are a few rows of the same plural at most.
    BUILT_IN
        .by_plural
        .get(plural)?
        .iter()
        .find(|row| *row.group == *group && *row.version == *version)
}

/// The built-in resource whose objects are of that kind.
#[must_use]
pub fn of_kind(kind: &Kind) -> Option<&'static Arc<ResourceType>> {
    BUILT_IN
        .rows
        .iter()
        .find(|row| *row.kind == *kind.kind && *row.group == *kind.group && *row.version == *kind.version)
}

/// Fills in what an object of that kind leaves open; of other kinds than the built-in ones nothing.
pub fn set_defaults(kind: &Kind, object: &mut Value) {
    if let Some(row) = of_kind(kind) {
        row.set_defaults(object);
    }
}

fn core_group() -> Vec<ResourceType> {
    let mut namespaces = CORE
        .cluster("namespaces", "Namespace")
        .short(&["ns"])
        .part("finalize", &["update"])
        .status()
        .defaults(defaults::namespace)
        .strategy(Strategy {
            shows_deleted: true,
            decoded: strategy::label_namespace,
            creating: strategy::finalize_namespace,
            first_status: |_, _| Some(json!({"phase": "Active"})),
            updating: strategy::keep_spec,
            ..Strategy::PLAIN
        })
        .checks(Checks {
            name: name::label,
            ..Checks::METADATA
        })
        .selectable(SelectableFields::NAMESPACE)
        .printer(printer::NAMESPACE);
    namespaces.verbs.retain(|verb| *verb != "deletecollection");
    vec![
        CORE.namespaced("configmaps", "ConfigMap")
            .short(&["cm"])
            .checks(Checks {
                rest: core::config_map,
                ..Checks::METADATA
            })
            .printer(printer::CONFIG_MAP),
        CORE.namespaced("endpoints", "Endpoints")
            .short(&["ep"])
            .defaults(defaults::endpoints)
            .strategy(Strategy {
                creates_on_update: true,
                ..Strategy::PLAIN
            })
            .printer(printer::ENDPOINTS),
        CORE.namespaced("events", "Event")
            .short(&["ev"])
            .strategy(Strategy {
                creates_on_update: true,
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, _, object| event::check(errors, "reportingComponent", object),
                ..Checks::METADATA
            })
            .selectable(SelectableFields::EVENT)
            .printer(printer::EVENT),
        CORE.namespaced("limitranges", "LimitRange")
            .short(&["limits"])
            .defaults(defaults::limit_range)
            .strategy(Strategy {
                creates_on_update: true,
                ..Strategy::PLAIN
            }),
        namespaces,
        CORE.cluster("nodes", "Node")
            .short(&["no"])
            .part_of("proxy", ("", "v1", "NodeProxyOptions"), &PROXY)
            .status()
            .defaults(defaults::node)
            .strategy(Strategy {
                creating: strategy::taint,
                // A kubelet brings its node's status along.
                first_status: |node, _| Some(node.get("status").cloned().unwrap_or_else(|| json!({}))),
                ..Strategy::PLAIN
            })
            .selectable(SelectableFields::NODE)
            .printer(printer::NODE),
        CORE.namespaced("persistentvolumeclaims", "PersistentVolumeClaim")
            .short(&["pvc"])
            .status()
            .defaults(defaults::claim)
            .strategy(Strategy {
                shows_deleted: true,
                creating: strategy::name_data_source,
                first_status: |_, _| Some(json!({"phase": "Pending"})),
                updating: |_, claim| strategy::name_data_source(claim),
                ..Strategy::PLAIN
            })
            .printer(printer::PERSISTENT_VOLUME_CLAIM),
        CORE.cluster("persistentvolumes", "PersistentVolume")
            .short(&["pv"])
            .status()
            .defaults(defaults::persistent_volume)
            .strategy(Strategy {
                shows_deleted: true,
                first_status: |_, now| {
                    Some(json!({"lastPhaseTransitionTime": now.render_rfc3339(), "phase": "Pending"}))
                },
                ..Strategy::PLAIN
            })
            .printer(printer::PERSISTENT_VOLUME),
        CORE.namespaced("pods", "Pod")
            .short(&["po"])
            .category("all")
            .part_of("attach", ("", "v1", "PodAttachOptions"), &CONNECT)
            .part_of("binding", ("", "v1", "Binding"), &["create"])
            .part("ephemeralcontainers", &PART)
            .part_of("eviction", ("policy", "v1", "Eviction"), &["create"])
            .part_of("exec", ("", "v1", "PodExecOptions"), &CONNECT)
            .part("log", &["get"])
            .part_of("portforward", ("", "v1", "PodPortForwardOptions"), &CONNECT)
            .part_of("proxy", ("", "v1", "PodProxyOptions"), &PROXY)
            .status()
            .defaults(defaults::pod)
            .strategy(Strategy {
                shows_deleted: true,
                creating: pod::admit,
                first_status: |pod, _| Some(pod::first_status(pod)),
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: workload::pod,
                ..Checks::METADATA
            })
            .selectable(SelectableFields::POD)
            .printer(printer::POD),
        CORE.namespaced("podtemplates", "PodTemplate")
            .generations()
            .defaults(defaults::template)
            .strategy(Strategy {
                shows_deleted: true,
                ..Strategy::PLAIN
            })
            .printer(printer::POD_TEMPLATE),
        CORE.namespaced("replicationcontrollers", "ReplicationController")
            .short(&["rc"])
            .category("all")
            .generations()
            .scale()
            .status()
            .defaults(defaults::replication_controller)
            .strategy(Strategy {
                first_status: |_, _| Some(json!({"replicas": 0})),
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, _, object| workload::replication_controller(errors, object),
                ..Checks::METADATA
            })
            .selectable(SelectableFields::REPLICAS)
            .printer(printer::REPLICATION_CONTROLLER),
        CORE.namespaced("resourcequotas", "ResourceQuota")
            .short(&["quota"])
            .status()
            .strategy(Strategy {
                shows_deleted: true,
                ..EMPTY_STATUS
            })
            .printer(printer::RESOURCE_QUOTA),
        CORE.namespaced("secrets", "Secret")
            .defaults(defaults::secret)
            .strategy(Strategy {
                decoded: strategy::fold_string_data,
                updating: |_, secret| strategy::fold_string_data(secret),
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: core::secret,
                ..Checks::METADATA
            })
            .selectable(SelectableFields::SECRET)
            .printer(printer::SECRET),
        CORE.namespaced("serviceaccounts", "ServiceAccount")
            .short(&["sa"])
            .part_of("token", ("authentication.k8s.io", "v1", "TokenRequest"), &["create"])
            .strategy(Strategy {
                shows_deleted: true,
                creating: strategy::clean_secret_references,
                updating: |_, account| strategy::clean_secret_references(account),
                ..Strategy::PLAIN
            })
            .printer(printer::SERVICE_ACCOUNT),
        CORE.namespaced("services", "Service")
            .short(&["svc"])
            .category("all")
            .part_of("proxy", ("", "v1", "ServiceProxyOptions"), &PROXY)
            .status()
            .registry("services/specs")
            .defaults(defaults::service)
            .strategy(Strategy {
                creates_on_update: true,
                shows_deleted: true,
                allocate: Some(service::allocate),
                ..BALANCED
            })
            .checks(Checks {
                name: name::label_1035,
                rest: |errors, _, object| core::service(errors, object),
                ..Checks::METADATA
            })
            .selectable(SelectableFields::SERVICE)
            .printer(printer::SERVICE),
    ]
}

/// Of kinds whose status begins as nothing.
const EMPTY_STATUS: Strategy = Strategy {
    first_status: |_, _| Some(json!({})),
    ..Strategy::PLAIN
};

/// Of kinds that a load balancer answers for.
const BALANCED: Strategy = Strategy {
    first_status: |_, _| Some(json!({"loadBalancer": {}})),
    ..Strategy::PLAIN
};

fn workloads() -> Vec<ResourceType> {
    let workload = |group: GroupVersion, plural: &str, kind: &str, short: &[&str]| {
        group
            .namespaced(plural, kind)
            .short(short)
            .category("all")
            .generations()
    };
    let autoscaler = |group: GroupVersion| {
        group
            .namespaced("horizontalpodautoscalers", "HorizontalPodAutoscaler")
            .short(&["hpa"])
            .category("all")
            .status()
            .strategy(Strategy {
                first_status: |_, _| Some(json!({"currentMetrics": null, "desiredReplicas": 0})),
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, _, object| autoscaling::check(errors, object),
                ..Checks::METADATA
            })
            .printer(printer::HORIZONTAL_POD_AUTOSCALER)
    };
    vec![
        APPS.namespaced("controllerrevisions", "ControllerRevision")
            .printer(printer::CONTROLLER_REVISION),
        workload(APPS, "daemonsets", "DaemonSet", &["ds"])
            .status()
            .defaults(defaults::daemon_set)
            .strategy(Strategy {
                decoded: strategy::decode_daemon_set,
                creating: strategy::create_daemon_set,
                first_status: |_, _| {
                    Some(json!({
                        "currentNumberScheduled": 0,
                        "desiredNumberScheduled": 0,
                        "numberMisscheduled": 0,
                        "numberReady": 0,
                    }))
                },
                updating: strategy::update_daemon_set,
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, old, object| workload::apps(errors, "DaemonSet", old, object),
                ..Checks::METADATA
            })
            .printer(printer::DAEMON_SET),
        workload(APPS, "deployments", "Deployment", &["deploy"])
            .scale()
            .status()
            .defaults(defaults::deployment)
            .strategy(Strategy {
                wants_another: strategy::wants_another_deployment,
                ..EMPTY_STATUS
            })
            .checks(Checks {
                rest: |errors, old, object| workload::apps(errors, "Deployment", old, object),
                ..Checks::METADATA
            })
            .printer(printer::DEPLOYMENT),
        workload(APPS, "replicasets", "ReplicaSet", &["rs"])
            .scale()
            .status()
            .defaults(defaults::replica_set)
            .strategy(Strategy {
                first_status: |_, _| Some(json!({"replicas": 0})),
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, old, object| workload::apps(errors, "ReplicaSet", old, object),
                ..Checks::METADATA
            })
            .selectable(SelectableFields::REPLICAS)
            .printer(printer::REPLICA_SET),
        workload(APPS, "statefulsets", "StatefulSet", &["sts"])
            .scale()
            .status()
            .defaults(defaults::stateful_set)
            .strategy(Strategy {
                first_status: |_, _| Some(json!({"availableReplicas": 0, "replicas": 0})),
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, old, object| workload::apps(errors, "StatefulSet", old, object),
                ..Checks::METADATA
            })
            .printer(printer::STATEFUL_SET),
        workload(BATCH, "cronjobs", "CronJob", &["cj"])
            .status()
            .defaults(defaults::cron_job)
            .strategy(EMPTY_STATUS)
            .checks(Checks {
                name: name::of_cron_job,
                rest: |errors, _, object| workload::cron_job(errors, object),
                ..Checks::METADATA
            })
            .printer(printer::CRON_JOB),
        workload(BATCH, "jobs", "Job", &[])
            .status()
            .defaults(defaults::job)
            .strategy(Strategy {
                creating: job::generate_selector,
                staged: job::generate_selector,
                ..EMPTY_STATUS
            })
            .checks(Checks {
                rest: workload::job,
                ..Checks::METADATA
            })
            .selectable(SelectableFields::JOB)
            .printer(printer::JOB),
        autoscaler(AUTOSCALING_V2).defaults(defaults::autoscaler_v2),
        autoscaler(AUTOSCALING_V1)
            .defaults(defaults::autoscaler)
            .converted(conversion::AUTOSCALER),
    ]
}

/// A role or a binding.
fn role(row: ResourceType, rest: fn(&mut Errors, Option<&Value>, &Value)) -> ResourceType {
    row.strategy(Strategy {
        creates_on_update: true,
        ..Strategy::PLAIN
    })
    .checks(Checks {
        name: name::path_segment,
        rest,
        ..Checks::METADATA
    })
}

fn cluster_services() -> Vec<ResourceType> {
    let extension = |row: ResourceType| row.category("api-extensions").generations();
    let versioned = Strategy {
        updates_unconditionally: false,
        ..Strategy::PLAIN
    };
    let mut api_services = REGISTRATION
        .cluster("apiservices", "APIService")
        .category("api-extensions")
        .status()
        .defaults(defaults::api_service)
        .strategy(EMPTY_STATUS)
        .printer(printer::API_SERVICE);
    api_services.strategy.counts_generations = false;
    vec![
        extension(ADMISSION.cluster("mutatingwebhookconfigurations", "MutatingWebhookConfiguration"))
            .defaults(defaults::mutating_webhooks)
            .strategy(versioned)
            .printer(printer::WEBHOOK_CONFIGURATION),
        extension(ADMISSION.cluster("validatingwebhookconfigurations", "ValidatingWebhookConfiguration"))
            .defaults(defaults::validating_webhooks)
            .strategy(versioned)
            .printer(printer::WEBHOOK_CONFIGURATION),
        extension(EXTENSIONS.cluster("customresourcedefinitions", "CustomResourceDefinition"))
            .short(&["crd", "crds"])
            .status()
            .defaults(defaults::custom_resource_definition)
            .strategy(Strategy {
                controlled: strategy::establish,
                ..versioned
            })
            .checks(Checks {
                whole_name: definition::whole_name,
                finalizers_have_domains: false,
                rest: definition::check,
                ..Checks::METADATA
            }),
        api_services,
        AUTHENTICATION
            .cluster("selfsubjectreviews", "SelfSubjectReview")
            .review(),
        AUTHENTICATION.cluster("tokenreviews", "TokenReview").review(),
        AUTHORIZATION
            .namespaced("localsubjectaccessreviews", "LocalSubjectAccessReview")
            .review(),
        AUTHORIZATION
            .cluster("selfsubjectaccessreviews", "SelfSubjectAccessReview")
            .review(),
        AUTHORIZATION
            .cluster("selfsubjectrulesreviews", "SelfSubjectRulesReview")
            .review(),
        AUTHORIZATION
            .cluster("subjectaccessreviews", "SubjectAccessReview")
            .review(),
        CERTIFICATES
            .cluster("certificatesigningrequests", "CertificateSigningRequest")
            .short(&["csr"])
            .part("approval", &PART)
            .status()
            .strategy(Strategy {
                sign: Some(strategy::sign_request),
                updating: strategy::keep_spec,
                ..EMPTY_STATUS
            })
            .selectable(SelectableFields::CERTIFICATE_SIGNING_REQUEST)
            .printer(printer::CERTIFICATE_SIGNING_REQUEST),
        COORDINATION
            .namespaced("leases", "Lease")
            .strategy(Strategy {
                creates_on_update: true,
                ..versioned
            })
            .checks(Checks {
                rest: |errors, _, object| core::lease(errors, object),
                ..Checks::METADATA
            })
            .printer(printer::LEASE),
        DISCOVERY
            .namespaced("endpointslices", "EndpointSlice")
            .generations()
            .defaults(defaults::endpoint_slice)
            .strategy(Strategy {
                wants_another: strategy::wants_another_endpoint_slice,
                ..Strategy::PLAIN
            })
            .printer(printer::ENDPOINT_SLICE),
        EVENTS
            .namespaced("events", "Event")
            .short(&["ev"])
            .converted(conversion::EVENT)
            .stored_as_of("events")
            .strategy(Strategy {
                creates_on_update: true,
                ..Strategy::PLAIN
            })
            .checks(Checks {
                rest: |errors, old, object| {
                    event::check(errors, "reportingController", object);
                    match old {
                        None => event::strictly(errors, object),
                        Some(old) => event::unchanged(errors, old, object),
                    }
                },
                ..Checks::METADATA
            })
            .selectable(SelectableFields::NEW_EVENT)
            .printer(printer::EVENT),
        NETWORKING
            .cluster("ingressclasses", "IngressClass")
            .generations()
            .defaults(defaults::ingress_class)
            .printer(printer::INGRESS_CLASS),
        NETWORKING
            .namespaced("ingresses", "Ingress")
            .short(&["ing"])
            .generations()
            .status()
            .strategy(BALANCED)
            .printer(printer::INGRESS),
        NETWORKING
            .namespaced("networkpolicies", "NetworkPolicy")
            .short(&["netpol"])
            .generations()
            .defaults(defaults::network_policy)
            .printer(printer::NETWORK_POLICY),
        POLICY
            .namespaced("poddisruptionbudgets", "PodDisruptionBudget")
            .short(&["pdb"])
            .generations()
            .status()
            .strategy(Strategy {
                first_status: |_, _| {
                    Some(json!({
                        "currentHealthy": 0,
                        "desiredHealthy": 0,
                        "disruptionsAllowed": 0,
                        "expectedPods": 0,
                    }))
                },
                ..versioned
            })
            .printer(printer::POD_DISRUPTION_BUDGET),
        role(
            RBAC.cluster("clusterrolebindings", "ClusterRoleBinding"),
            |errors, old, object| {
                rbac::check(errors, "ClusterRoleBinding", old, object);
            },
        )
        .defaults(defaults::binding)
        .printer(printer::CLUSTER_ROLE_BINDING),
        role(RBAC.cluster("clusterroles", "ClusterRole"), |errors, old, object| {
            rbac::check(errors, "ClusterRole", old, object);
        }),
        role(RBAC.namespaced("rolebindings", "RoleBinding"), |errors, old, object| {
            rbac::check(errors, "RoleBinding", old, object);
        })
        .defaults(defaults::binding)
        .printer(printer::ROLE_BINDING),
        role(RBAC.namespaced("roles", "Role"), |errors, old, object| {
            rbac::check(errors, "Role", old, object);
        }),
        SCHEDULING
            .cluster("priorityclasses", "PriorityClass")
            .short(&["pc"])
            .generations()
            .defaults(defaults::priority_class)
            .strategy(Strategy {
                // Its generation is that of the first day (`priorityClassStrategy`).
                wants_another: |_, _, _| false,
                ..Strategy::PLAIN
            })
            .printer(printer::PRIORITY_CLASS),
        STORAGE
            .cluster("storageclasses", "StorageClass")
            .short(&["sc"])
            .defaults(defaults::storage_class)
            .strategy(Strategy {
                shows_deleted: true,
                ..Strategy::PLAIN
            })
            .printer(printer::STORAGE_CLASS),
    ]
}
