//! Objects as the server-side tables that kubectl prints.
//!
//! Columns and cells are those of `pkg/printers/internalversion/printers.go` of Kubernetes 1.32, always with the ones
//! of `-o wide`; types without a printer get the default convertor's (`apiserver/pkg/registry/rest/table.go`). kubectl
//! upper-cases the headers, adds the namespace, and prints a cell as it is, so that ages are told here.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use eks_auth_core::instant::Timestamp;
use serde_json::Value;
use serde_json::json;

use super::resources::ResourceType;

/// What a row tells of its object besides the cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IncludeObject {
    /// A PartialObjectMetadata.
    #[default]
    Metadata,
    /// Nothing: null.
    None,
    /// The object itself; kubectl asks for it to sort.
    Object,
}

impl IncludeObject {
    /// Reads the query parameter `includeObject`. Other values than the three mean metadata, where the real server
    /// answers 400.
    pub(super) fn parse(value: Option<&str>) -> Self {
        match value {
            Some("None") => Self::None,
            Some("Object") => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// The table of `objects` of that type as of `now`. `list_metadata` is the list's own, or for a single object its
/// resourceVersion alone.
pub(super) fn render(
    resource: &ResourceType,
    objects: &[Arc<Value>],
    list_metadata: Value,
    include: IncludeObject,
    now: Timestamp,
) -> Value {
    let (columns, cells) = printer(resource);
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut row = json!({
                "cells": cells(&View { object, now }),
                "object": included(object, include),
            });
            if let (Some(conditions), Some(row)) = (row_conditions(resource, object), row.as_object_mut()) {
                row.insert("conditions".to_owned(), conditions);
            }
            row
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata,
        "columnDefinitions": columns.iter().map(Column::render).collect::<Vec<_>>(),
        "rows": rows,
    })
}

fn included(object: &Value, include: IncludeObject) -> Value {
    match include {
        IncludeObject::None => Value::Null,
        IncludeObject::Object => object.clone(),
        IncludeObject::Metadata => json!({
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({})),
        }),
    }
}

/// Pods that have ended are marked.
fn row_conditions(resource: &ResourceType, object: &Value) -> Option<Value> {
    if (&*resource.group, &*resource.plural) != ("", "pods") {
        return None;
    }
    let phase = text(object, "/status/phase");
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

/// A duration as Kubernetes prints it, with two or three figures (`apimachinery/pkg/util/duration`, `HumanDuration`).
pub(super) fn human_duration(seconds: i64) -> String {
    let pair = |whole: i64, unit: &str, rest: i64, smaller: &str| match rest {
        0 => format!("{whole}{unit}"),
        rest => format!("{whole}{unit}{rest}{smaller}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        // Two clocks may differ a little.
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => pair(days, "d", hours % 24, "h"),
        _ if days < 2 * 365 => format!("{days}d"),
        _ if days < 8 * 365 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// A column's definition.
struct Column {
    name: &'static str,
    format: &'static str,
    description: &'static str,
    /// Whether it is shown with `-o wide` only.
    wide: bool,
    date: bool,
}

impl Column {
    fn render(&self) -> Value {
        json!({
            "name": self.name,
            "type": if self.date { "date" } else { "string" },
            "format": self.format,
            "description": self.description,
            "priority": i32::from(self.wide),
        })
    }
}

const fn column(name: &'static str, description: &'static str) -> Column {
    Column {
        name,
        format: "",
        description,
        wide: false,
        date: false,
    }
}

const fn wide(name: &'static str, description: &'static str) -> Column {
    Column {
        wide: true,
        ..column(name, description)
    }
}

/// An object and the time that ages are told from.
struct View<'a> {
    object: &'a Value,
    now: Timestamp,
}

/// Makes the cells of an object.
type Cells = fn(&View<'_>) -> Vec<Value>;

fn printer(resource: &ResourceType) -> (&'static [Column], Cells) {
    match (&*resource.group, &*resource.plural) {
        ("", "configmaps") => (CONFIG_MAP, config_map),
        ("", "events") => (EVENT, event),
        ("", "namespaces") => (NAMESPACE, namespace),
        ("", "nodes") => (NODE, node),
        ("", "pods") => (POD, pod),
        ("", "secrets") => (SECRET, secret),
        ("", "serviceaccounts") => (SERVICE_ACCOUNT, service_account),
        ("", "services") => (SERVICE, service),
        ("apps", "deployments") => (DEPLOYMENT, deployment),
        ("discovery.k8s.io", "endpointslices") => (ENDPOINT_SLICE, endpoint_slice),
        ("rbac.authorization.k8s.io", "clusterrolebindings") => (CLUSTER_ROLE_BINDING, role_binding),
        ("rbac.authorization.k8s.io", "rolebindings") => (ROLE_BINDING, role_binding),
        _ => (DEFAULT, default_cells),
    }
}

impl View<'_> {
    fn text(&self, pointer: &str) -> &str {
        text(self.object, pointer)
    }

    /// The text there, or what the server takes in its place.
    fn text_or<'a>(&'a self, pointer: &str, default: &'a str) -> &'a str {
        non_empty(self.text(pointer)).unwrap_or(default)
    }

    fn number(&self, pointer: &str) -> i64 {
        number(self.object, pointer)
    }

    fn items(&self, pointer: &str) -> &[Value] {
        items(self.object, pointer)
    }

    /// How many entries the map or list there has.
    fn size(&self, pointer: &str) -> usize {
        match self.object.pointer(pointer) {
            Some(Value::Object(map)) => map.len(),
            Some(Value::Array(list)) => list.len(),
            _ => 0,
        }
    }

    fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    fn age(&self) -> String {
        self.since(instant(self.text("/metadata/creationTimestamp")))
    }

    fn since(&self, time: Option<Timestamp>) -> String {
        time.map_or_else(
            || "<unknown>".to_owned(),
            |time| human_duration(self.now.seconds_since(time)),
        )
    }
}

const DEFAULT: &[Column] = &[
    NAME,
    Column {
        date: true,
        ..column("Created At", CREATED)
    },
];

fn default_cells(view: &View<'_>) -> Vec<Value> {
    // Go's zero time is the first second of year 1.
    let created = view.text_or("/metadata/creationTimestamp", "0001-01-01T00:00:00Z");
    vec![json!(view.name()), json!(created)]
}

const CONFIG_MAP: &[Column] = &[NAME, column("Data", "Data contains the configuration data."), AGE];

fn config_map(view: &View<'_>) -> Vec<Value> {
    let size = view.size("/data") + view.size("/binaryData");
    vec![json!(view.name()), json!(size), json!(view.age())]
}

const SECRET: &[Column] = &[
    NAME,
    column("Type", "Used to facilitate programmatic handling of secret data."),
    column("Data", "Data contains the secret data."),
    AGE,
];

fn secret(view: &View<'_>) -> Vec<Value> {
    vec![
        json!(view.name()),
        json!(view.text_or("/type", "Opaque")),
        json!(view.size("/data")),
        json!(view.age()),
    ]
}

const SERVICE_ACCOUNT: &[Column] = &[
    NAME,
    column(
        "Secrets",
        "Secrets is a list of the secrets in the same namespace that pods running using this ServiceAccount are allowed to use.",
    ),
    AGE,
];

fn service_account(view: &View<'_>) -> Vec<Value> {
    vec![json!(view.name()), json!(view.size("/secrets")), json!(view.age())]
}

const NAMESPACE: &[Column] = &[NAME, column("Status", "The status of the namespace"), AGE];

fn namespace(view: &View<'_>) -> Vec<Value> {
    let phase = view.text_or("/status/phase", "Active");
    vec![json!(view.name()), json!(phase), json!(view.age())]
}

const NODE: &[Column] = &[
    NAME,
    column("Status", "The status of the node"),
    column("Roles", "The roles of the node"),
    AGE,
    column("Version", "Kubelet Version reported by the node."),
    wide("Internal-IP", "List of addresses reachable to the node."),
    wide("External-IP", "List of addresses reachable to the node."),
    wide(
        "OS-Image",
        "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).",
    ),
    wide(
        "Kernel-Version",
        "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64).",
    ),
    wide(
        "Container-Runtime",
        "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).",
    ),
];

fn node(view: &View<'_>) -> Vec<Value> {
    let mut status = match condition(view.object, "Ready") {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    }
    .to_owned();
    if flag(view.object, "/spec/unschedulable") {
        status.push_str(",SchedulingDisabled");
    }
    let address = |kind: &str| {
        view.items("/status/addresses")
            .iter()
            .find(|address| text(address, "/type") == kind)
            .map_or("<none>", |address| text(address, "/address"))
    };
    let info = |field: &str| {
        view.text_or(&format!("/status/nodeInfo/{field}"), "<unknown>")
            .to_owned()
    };
    vec![
        json!(view.name()),
        json!(status),
        json!(or_none(node_roles(view.object))),
        json!(view.age()),
        json!(view.text("/status/nodeInfo/kubeletVersion")),
        json!(address("InternalIP")),
        json!(address("ExternalIP")),
        json!(info("osImage")),
        json!(info("kernelVersion")),
        json!(info("containerRuntimeVersion")),
    ]
}

/// From the labels `node-role.kubernetes.io/ROLE` and `kubernetes.io/role=ROLE`.
fn node_roles(node: &Value) -> String {
    let roles: BTreeSet<&str> = texts(node, "/metadata/labels")
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => non_empty(role),
            None if key == "kubernetes.io/role" => non_empty(value),
            None => None,
        })
        .collect();
    join(roles, ",")
}

const EVENT: &[Column] = &[
    column(
        "Last Seen",
        "The time at which the most recent occurrence of this event was recorded.",
    ),
    column(
        "Type",
        "Type of this event (Normal, Warning), new types could be added in the future",
    ),
    column(
        "Reason",
        "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
    ),
    column("Object", "The object that this event is about."),
    wide(
        "Subobject",
        "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2].",
    ),
    wide(
        "Source",
        "The component reporting this event. Should be a short machine understandable string.",
    ),
    column(
        "Message",
        "A human-readable description of the status of this operation.",
    ),
    wide(
        "First Seen",
        "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
    ),
    wide("Count", "The number of times this event has occurred."),
    Column {
        format: "name",
        ..wide("Name", NAME_DESCRIPTION)
    },
];

fn event(view: &View<'_>) -> Vec<Value> {
    let at = |pointer: &str| instant(view.text(pointer));
    let first = view.since(at("/firstTimestamp").or_else(|| at("/eventTime")));
    let (last, count) = match view.object.get("series").filter(|series| !series.is_null()) {
        Some(series) => (
            view.since(instant(text(series, "/lastObservedTime"))),
            number(series, "/count"),
        ),
        None => {
            let last = at("/lastTimestamp").map_or_else(|| first.clone(), |last| view.since(Some(last)));
            // An event that came once has no count in the newer API.
            let count = match view.number("/count") {
                0 => 1,
                count => count,
            };
            (last, count)
        }
    };
    let mut object = view.text("/involvedObject/kind").to_lowercase();
    if let Some(name) = non_empty(view.text("/involvedObject/name")) {
        object.push('/');
        object.push_str(name);
    }
    let component = view.text_or("/source/component", view.text("/reportingComponent"));
    let source = match view.text_or("/source/host", view.text("/reportingInstance")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    vec![
        json!(last),
        json!(view.text("/type")),
        json!(view.text("/reason")),
        json!(object),
        json!(view.text("/involvedObject/fieldPath")),
        json!(source),
        json!(view.text("/message").trim()),
        json!(first),
        json!(count),
        json!(view.name()),
    ]
}

const SERVICE: &[Column] = &[
    NAME,
    column("Type", "type determines how the Service is exposed."),
    column(
        "Cluster-IP",
        "clusterIP is the IP address of the service and is usually assigned randomly.",
    ),
    column(
        "External-IP",
        "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.",
    ),
    column("Port(s)", "The list of ports that are exposed by this service."),
    AGE,
    wide(
        "Selector",
        "Route service traffic to pods with label keys and values matching this selector.",
    ),
];

fn service(view: &View<'_>) -> Vec<Value> {
    let kind = view.text_or("/spec/type", "ClusterIP");
    let cluster_ip = view
        .items("/spec/clusterIPs")
        .first()
        .and_then(Value::as_str)
        .unwrap_or_else(|| view.text_or("/spec/clusterIP", "<none>"));
    let ports = view.items("/spec/ports").iter().map(|port| {
        let protocol = non_empty(text(port, "/protocol")).unwrap_or("TCP");
        let number_of = |pointer| number(port, pointer);
        match number_of("/nodePort") {
            node_port @ 1.. => format!("{}:{node_port}/{protocol}", number_of("/port")),
            _ => format!("{}/{protocol}", number_of("/port")),
        }
    });
    vec![
        json!(view.name()),
        json!(kind),
        json!(cluster_ip),
        json!(external_ip(view, kind)),
        json!(or_none(join(ports, ","))),
        json!(view.age()),
        json!(or_none(labels(view.object, "/spec/selector"))),
    ]
}

fn external_ip(view: &View<'_>, kind: &str) -> String {
    let external = view.items("/spec/externalIPs").iter().filter_map(Value::as_str);
    match kind {
        "ClusterIP" | "NodePort" => or_none(join(external, ",")),
        "LoadBalancer" => {
            let ingress: BTreeSet<&str> = view
                .items("/status/loadBalancer/ingress")
                .iter()
                .filter_map(|point| non_empty(text(point, "/ip")).or_else(|| non_empty(text(point, "/hostname"))))
                .collect();
            match join(ingress.into_iter().chain(external), ",") {
                none if none.is_empty() => "<pending>".to_owned(),
                some => some,
            }
        }
        "ExternalName" => view.text("/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

const DEPLOYMENT: &[Column] = &[
    NAME,
    column("Ready", "Number of the pod with ready state"),
    column(
        "Up-to-date",
        "Total number of non-terminated pods targeted by this deployment that have the desired template spec.",
    ),
    column(
        "Available",
        "Total number of available pods (ready for at least minReadySeconds) targeted by this deployment.",
    ),
    AGE,
    wide("Containers", "Names of each container in the template."),
    wide("Images", "Images referenced by each container in the template."),
    wide("Selector", "Label selector for pods."),
];

fn deployment(view: &View<'_>) -> Vec<Value> {
    let wanted = match view.object.pointer("/spec/replicas") {
        None | Some(Value::Null) => 1,
        Some(_) => view.number("/spec/replicas"),
    };
    let of_containers = |pointer: &str| {
        let containers = view.items("/spec/template/spec/containers");
        join(containers.iter().map(|container| text(container, pointer)), ",")
    };
    vec![
        json!(view.name()),
        json!(format!("{}/{wanted}", view.number("/status/readyReplicas"))),
        json!(view.number("/status/updatedReplicas")),
        json!(view.number("/status/availableReplicas")),
        json!(view.age()),
        json!(of_containers("/name")),
        json!(of_containers("/image")),
        json!(label_selector(view.object)),
    ]
}

/// The selector in the form of a query: `a=b,c in (d,e),!f`, ordered by key.
fn label_selector(deployment: &Value) -> String {
    let mut requirements: Vec<(&str, String)> = texts(deployment, "/spec/selector/matchLabels")
        .map(|(key, value)| (key, format!("{key}={value}")))
        .collect();
    for expression in items(deployment, "/spec/selector/matchExpressions") {
        let key = text(expression, "/key");
        let values: BTreeSet<&str> = items(expression, "/values").iter().filter_map(Value::as_str).collect();
        let values = join(values, ",");
        let requirement = match text(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return "<invalid>".to_owned(),
        };
        requirements.push((key, requirement));
    }
    requirements.sort_by_key(|(key, _)| *key);
    join(requirements.into_iter().map(|(_, requirement)| requirement), ",")
}

const ENDPOINT_SLICE: &[Column] = &[
    NAME,
    column(
        "AddressType",
        "addressType specifies the type of address carried by this EndpointSlice.",
    ),
    column(
        "Ports",
        "ports specifies the list of network ports exposed by each endpoint in this slice.",
    ),
    column("Endpoints", "endpoints is a list of unique endpoints in this slice."),
    AGE,
];

fn endpoint_slice(view: &View<'_>) -> Vec<Value> {
    let ports = view
        .items("/ports")
        .iter()
        .map(|port| match port.get("port").and_then(Value::as_i64) {
            Some(number) => number.to_string(),
            None => port.get("name").and_then(Value::as_str).unwrap_or("*").to_owned(),
        })
        .collect();
    let addresses = view
        .items("/endpoints")
        .iter()
        .flat_map(|endpoint| items(endpoint, "/addresses"))
        .filter_map(|address| address.as_str().map(str::to_owned))
        .collect();
    vec![
        json!(view.name()),
        json!(view.text("/addressType")),
        json!(first_three(ports)),
        json!(first_three(addresses)),
        json!(view.age()),
    ]
}

/// The first three, and how many more there are.
fn first_three(list: Vec<String>) -> String {
    const SHOWN: usize = 3;
    let count = list.len();
    let shown = join(list.into_iter().take(SHOWN), ",");
    match count {
        _ if count > SHOWN => format!("{shown} + {} more...", count - SHOWN),
        _ if shown.is_empty() => "<unset>".to_owned(),
        _ => shown,
    }
}

const ROLE_BINDING: &[Column] = &[
    NAME,
    column(
        "Role",
        "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
    ),
    AGE,
    wide("Users", "Users in the roleBinding"),
    wide("Groups", "Groups in the roleBinding"),
    wide("ServiceAccounts", "ServiceAccounts in the roleBinding"),
];

const CLUSTER_ROLE_BINDING: &[Column] = &[
    NAME,
    column(
        "Role",
        "RoleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
    ),
    AGE,
    wide("Users", "Users in the clusterRoleBinding"),
    wide("Groups", "Groups in the clusterRoleBinding"),
    wide("ServiceAccounts", "ServiceAccounts in the clusterRoleBinding"),
];

fn role_binding(view: &View<'_>) -> Vec<Value> {
    let subjects = |kind: &str| {
        let subjects = view.items("/subjects").iter();
        let names = subjects
            .filter(|subject| text(subject, "/kind") == kind)
            .map(|subject| match kind {
                "ServiceAccount" => format!("{}/{}", text(subject, "/namespace"), text(subject, "/name")),
                _ => text(subject, "/name").to_owned(),
            });
        join(names, ", ")
    };
    vec![
        json!(view.name()),
        json!(format!("{}/{}", view.text("/roleRef/kind"), view.text("/roleRef/name"))),
        json!(view.age()),
        json!(subjects("User")),
        json!(subjects("Group")),
        json!(subjects("ServiceAccount")),
    ]
}

const POD: &[Column] = &[
    NAME,
    column(
        "Ready",
        "The aggregate readiness state of this pod for accepting traffic.",
    ),
    column("Status", "The aggregate status of the containers in this pod."),
    column(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.",
    ),
    AGE,
    wide("IP", "podIP address allocated to the pod."),
    wide("Node", "NodeName indicates in which node this pod is scheduled."),
    wide(
        "Nominated Node",
        "nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods.",
    ),
    wide(
        "Readiness Gates",
        "If specified, all readiness gates will be evaluated for pod readiness.",
    ),
];

fn pod(view: &View<'_>) -> Vec<Value> {
    let summary = PodSummary::new(view.object);
    let restarts = match summary.restarts {
        Restarts { count, last: Some(_) } if count != 0 => {
            format!("{count} ({} ago)", view.since(summary.restarts.last))
        }
        Restarts { count, .. } => count.to_string(),
    };
    let ip = view
        .items("/status/podIPs")
        .first()
        .map_or_else(|| view.text("/status/podIP"), |address| text(address, "/ip"));
    let gates = view.items("/spec/readinessGates");
    let open_gates = gates
        .iter()
        .filter(|gate| condition(view.object, text(gate, "/conditionType")) == Some("True"))
        .count();
    vec![
        json!(view.name()),
        json!(format!("{}/{}", summary.ready, summary.containers)),
        json!(summary.status),
        json!(restarts),
        json!(view.age()),
        json!(non_empty(ip).unwrap_or("<none>")),
        json!(view.text_or("/spec/nodeName", "<none>")),
        json!(view.text_or("/status/nominatedNodeName", "<none>")),
        json!(match gates.len() {
            0 => "<none>".to_owned(),
            all => format!("{open_gates}/{all}"),
        }),
    ]
}

/// What a pod's containers come to.
struct PodSummary {
    ready: usize,
    containers: usize,
    status: String,
    restarts: Restarts,
}

#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    /// When the container that restarted last had ended.
    last: Option<Timestamp>,
}

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.count = self.count.saturating_add(number(container, "/restartCount"));
        self.last = self
            .last
            .max(instant(text(container, "/lastState/terminated/finishedAt")));
    }
}

impl PodSummary {
    fn new(pod: &Value) -> Self {
        let init_containers = items(pod, "/spec/initContainers");
        let is_sidecar = |container: &Value| text(container, "/restartPolicy") == "Always";
        let sidecars: BTreeSet<&str> = init_containers
            .iter()
            .filter(|container| is_sidecar(container))
            .map(|container| text(container, "/name"))
            .collect();
        let mut summary = Self {
            ready: 0,
            containers: items(pod, "/spec/containers").len()
                + init_containers.iter().filter(|container| is_sidecar(container)).count(),
            status: non_empty(text(pod, "/status/reason"))
                .unwrap_or_else(|| text(pod, "/status/phase"))
                .to_owned(),
            restarts: Restarts::default(),
        };
        let gated = items(pod, "/status/conditions").iter().any(|condition| {
            text(condition, "/type") == "PodScheduled" && text(condition, "/reason") == "SchedulingGated"
        });
        if gated {
            "SchedulingGated".clone_into(&mut summary.status);
        }
        let (sidecar_restarts, initializing) = summary.read_init_containers(pod, &sidecars, init_containers.len());
        if !initializing || condition(pod, "Initialized") == Some("True") {
            summary.restarts = sidecar_restarts;
            summary.read_containers(pod);
        }
        if present(pod, "/metadata/deletionTimestamp").is_some() {
            if text(pod, "/status/reason") == "NodeLost" {
                "Unknown".clone_into(&mut summary.status);
            } else if !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut summary.status);
            }
        }
        summary
    }

    /// Goes up to the first init container that has not done its part. Returns the sidecars' restarts, and whether
    /// there is such a container.
    fn read_init_containers(&mut self, pod: &Value, sidecars: &BTreeSet<&str>, all: usize) -> (Restarts, bool) {
        let mut sidecar_restarts = Restarts::default();
        for (index, container) in items(pod, "/status/initContainerStatuses").iter().enumerate() {
            self.restarts.add(container);
            let sidecar = sidecars.contains(text(container, "/name"));
            if sidecar {
                sidecar_restarts.add(container);
            }
            let terminated = present(container, "/state/terminated");
            if terminated.is_some_and(|terminated| number(terminated, "/exitCode") == 0) {
                continue;
            }
            if sidecar && flag(container, "/started") {
                self.ready += usize::from(flag(container, "/ready"));
                continue;
            }
            self.status = match (terminated, text(container, "/state/waiting/reason")) {
                (Some(terminated), _) => format!("Init:{}", exit_reason(terminated)),
                (None, "" | "PodInitializing") => format!("Init:{index}/{all}"),
                (None, reason) => format!("Init:{reason}"),
            };
            return (sidecar_restarts, true);
        }
        (sidecar_restarts, false)
    }

    /// The first container's reason to wait or to have ended is the pod's status.
    fn read_containers(&mut self, pod: &Value) {
        let mut running = false;
        for container in items(pod, "/status/containerStatuses").iter().rev() {
            self.restarts.add(container);
            if let Some(reason) = non_empty(text(container, "/state/waiting/reason")) {
                reason.clone_into(&mut self.status);
            } else if let Some(terminated) = present(container, "/state/terminated") {
                self.status = exit_reason(terminated);
            } else if flag(container, "/ready") && present(container, "/state/running").is_some() {
                running = true;
                self.ready += 1;
            }
        }
        if self.status == "Completed" && running {
            let status = match condition(pod, "Ready") {
                Some("True") => "Running",
                _ => "NotReady",
            };
            status.clone_into(&mut self.status);
        }
    }
}

fn exit_reason(terminated: &Value) -> String {
    match (text(terminated, "/reason"), number(terminated, "/signal")) {
        ("", 0) => format!("ExitCode:{}", number(terminated, "/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The map of texts there.
fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// The value there, unless it is null.
fn present<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    value.pointer(pointer).filter(|found| !found.is_null())
}

/// The status of the condition of that type.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    items(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == kind)
        .map(|condition| text(condition, "/status"))
}

/// A Time or a MicroTime, to the millisecond; nothing where there is none.
fn instant(text: &str) -> Option<Timestamp> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return Timestamp::parse_rfc3339(text).ok();
    };
    let seconds = Timestamp::parse_rfc3339(&format!("{whole}Z")).ok()?.unix_seconds();
    let digits = fraction.strip_suffix('Z')?.chars().chain("000".chars());
    let millis: String = digits.take(3).collect();
    let millis: u16 = millis.parse().ok()?;
    Some(Timestamp::from_unix_millis(seconds * 1000 + i64::from(millis)))
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn or_none(text: String) -> String {
    if text.is_empty() { "<none>".to_owned() } else { text }
}

/// `a=b,c=d`, ordered by key.
fn labels(value: &Value, pointer: &str) -> String {
    let ordered: BTreeMap<&str, &str> = texts(value, pointer).collect();
    join(ordered.into_iter().map(|(key, value)| format!("{key}={value}")), ",")
}

fn join<T: AsRef<str>>(parts: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut joined = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(part.as_ref());
    }
    joined
}

const NAME: Column = Column {
    format: "name",
    ..column("Name", NAME_DESCRIPTION)
};

const AGE: Column = column("Age", CREATED);

// Descriptions are those of the API's documentation, long ones cut after a sentence: kubectl does not show them.
const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

const CREATED: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

#[cfg(test)]
mod tests;
