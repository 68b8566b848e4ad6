//! The objects that an EKS cluster has: a new one, and one with nodes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use super::network::Subnet;
use crate::kube::kinds::set_defaults;
use crate::kube::object::ObjectKey;
use crate::kube::schema::Kind;
use crate::kube::schema::decode::complete;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

/// The range of services where none is asked for.
pub(super) const SERVICE_CIDR: &str = "10.100.0.0/16";
/// The node group of a small cluster.
pub(super) const NODEGROUP: &str = "workers";
/// Ends of the names of a small cluster's pods.
const SUFFIXES: [&str; 2] = ["7k2qd", "x9f4w"];

/// The instances behind the nodes: ids with private DNS names.
pub(crate) fn instances(objects: &[(ObjectKey, Value)]) -> BTreeMap<String, String> {
    let nodes = objects.iter().filter(|(key, _)| key.resource == "nodes");
    nodes
        .filter_map(|(key, node)| {
            let provider_id = node.pointer("/spec/providerID")?.as_str()?;
            Some((provider_id.rsplit('/').next()?.to_owned(), key.name.clone()))
        })
        .collect()
}

/// The namespaces of a new cluster.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// Service accounts in kube-system beside `default`: those of the pods that EKS runs on nodes.
const SYSTEM_ACCOUNTS: [&str; 3] = ["aws-node", "coredns", "kube-proxy"];

/// What EKS itself puts into a new cluster: namespaces, the two services, whose addresses are in `service_cidr`, and
/// service accounts.
pub(super) fn of_a_new_cluster(service_cidr: &str) -> Vec<(ObjectKey, Value)> {
    let mut objects: Vec<(ObjectKey, Value)> = NAMESPACES
        .iter()
        .map(|name| {
            let object = json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            });
            (ObjectKey::new("namespaces", "", name), object)
        })
        .collect();
    objects.push(service(
        "default",
        "kubernetes",
        &address_in(service_cidr, 1),
        json!({"component": "apiserver", "provider": "kubernetes"}),
        Value::Null,
        json!([{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]),
    ));
    objects.push(service(
        "kube-system",
        "kube-dns",
        &address_in(service_cidr, 10),
        json!({
            "eks.amazonaws.com/component": "kube-dns",
            "k8s-app": "kube-dns",
            "kubernetes.io/cluster-service": "true",
            "kubernetes.io/name": "CoreDNS",
        }),
        json!({"k8s-app": "kube-dns"}),
        json!([
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
            {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        ]),
    ));
    objects.extend(NAMESPACES.map(|namespace| service_account(namespace, "default")));
    objects.extend(SYSTEM_ACCOUNTS.map(|name| service_account("kube-system", name)));
    objects
}

const DEFAULT_ACCOUNT: &str = "default";
const ROOT_AUTHORITY: &str = "kube-root-ca.crt";

/// What controllers put into every namespace.
pub(super) fn of_a_namespace(namespace: &str, certificate_authority: &str) -> [(ObjectKey, Value); 2] {
    let authority = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"annotations": {"kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."}},
        "data": {"ca.crt": certificate_authority},
    });
    [
        service_account(namespace, DEFAULT_ACCOUNT),
        (ObjectKey::new("configmaps", namespace, ROOT_AUTHORITY), authority),
    ]
}

/// Whether an object is one of [`of_a_namespace`].
pub(super) fn belongs_to_a_namespace(key: &ObjectKey) -> bool {
    match key.resource.as_str() {
        "serviceaccounts" => key.name == DEFAULT_ACCOUNT,
        "configmaps" => key.name == ROOT_AUTHORITY,
        _ => false,
    }
}

/// The name of the API server's Service, Endpoints and EndpointSlice, in the namespace `default`.
const API: &str = "kubernetes";
const ENDPOINTS: &str = "endpoints";
const ENDPOINT_SLICES: &str = "endpointslices.discovery.k8s.io";

/// Where the API server answers, as it says itself: the Endpoints and the EndpointSlice of the Service `kubernetes`.
/// Nothing where `url` names no address.
///
/// Source: `pkg/controlplane/reconcilers` of Kubernetes 1.32. The addresses are those at which this cluster is reached, on
/// EKS those of two network interfaces.
pub(super) fn of_the_api(url: &str) -> Option<[(ObjectKey, Value); 2]> {
    let (_, authority) = url.split_once("://")?;
    let (host, port) = authority.trim_end_matches('/').rsplit_once(':')?;
    let port: u16 = port.parse().ok()?;
    let address: IpAddr = match host.trim_matches(['[', ']']) {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => host.parse().ok()?,
    };
    let port = json!({"name": "https", "port": port, "protocol": "TCP"});
    let endpoints = json!({
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": address.to_string()}], "ports": [port]}],
    });
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"generation": 1, "labels": {"kubernetes.io/service-name": API}},
        "addressType": if address.is_ipv4() { "IPv4" } else { "IPv6" },
        "endpoints": [{"addresses": [address.to_string()], "conditions": {"ready": true}}],
        "ports": [port],
    });
    Some([
        (ObjectKey::new(ENDPOINTS, "default", API), endpoints),
        (ObjectKey::new(ENDPOINT_SLICES, "default", API), slice),
    ])
}

/// Whether an object is one of [`of_the_api`].
pub(super) fn belongs_to_the_api(key: &ObjectKey) -> bool {
    key.name == API && key.namespace == "default" && [ENDPOINTS, ENDPOINT_SLICES].contains(&key.resource.as_str())
}

/// Brings a stored object of [`of_the_api`] back to what it is to say; nothing where it says that.
pub(super) fn reconciled(stored: &Value, wanted: &Value) -> Option<Value> {
    let said = ["subsets", "addressType", "endpoints", "ports"];
    if said.iter().all(|field| stored.get(field) == wanted.get(field)) {
        return None;
    }
    let mut object = stored.clone();
    let map = object.as_object_mut()?;
    for field in said {
        match wanted.get(field) {
            Some(value) => map.insert(field.to_owned(), value.clone()),
            None => map.remove(field),
        };
    }
    if let Some(generation) = object.pointer_mut("/metadata/generation") {
        *generation = json!(generation.as_i64().unwrap_or_default() + 1);
    }
    Some(object)
}

fn service_account(namespace: &str, name: &str) -> (ObjectKey, Value) {
    let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {}});
    (ObjectKey::new("serviceaccounts", namespace, name), object)
}

/// The service account that the pods with this `k8s-app` label run as.
fn account_of(app: &str) -> &str {
    match app {
        "kube-dns" => "coredns",
        app => app,
    }
}

/// The address that is so many behind the first of an IPv4 range; the default range's for what is none.
fn address_in(cidr: &str, offset: u32) -> String {
    let base = cidr.split('/').next().and_then(|text| text.parse::<Ipv4Addr>().ok());
    let base = base.unwrap_or(Ipv4Addr::new(10, 100, 0, 0));
    Ipv4Addr::from_bits(base.to_bits().saturating_add(offset)).to_string()
}

/// The pods of CoreDNS that wait for a node.
pub(super) fn waiting_coredns() -> Vec<(ObjectKey, Value)> {
    SUFFIXES
        .iter()
        .map(|suffix| {
            let object = whole(json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"labels": {"k8s-app": "kube-dns"}},
                "spec": {
                    "containers": [{"name": "coredns", "image": image_of("coredns")}],
                    "serviceAccountName": account_of("kube-dns"),
                },
                "status": {"phase": "Pending", "qosClass": "BestEffort"},
            }));
            (ObjectKey::new("pods", "kube-system", &coredns_name(suffix)), object)
        })
        .collect()
}

fn coredns_name(suffix: &str) -> String {
    format!("coredns-5d78c9869d-{suffix}")
}

/// What [`of_a_new_cluster`] has, and two nodes with the pods of kube-system.
pub(crate) fn of_a_small_cluster(
    region: &str,
    version: &str,
    created: Timestamp,
    ids: IdGenerator,
) -> Vec<(ObjectKey, Value)> {
    let mut objects = of_a_new_cluster(SERVICE_CIDR);
    let mut maker = Maker {
        region,
        version,
        nodegroup: NODEGROUP,
        created,
        ids,
    };
    for (at, (ip, zone)) in [("192.168.12.41", "a"), ("192.168.64.107", "b")].iter().enumerate() {
        let name = node_name(ip, region);
        let suffix = SUFFIXES.get(at).copied().unwrap_or_default();
        objects.push(maker.node(&name, ip, zone));
        objects.extend(maker.daemon_pods(suffix, &name, ip));
        let pod_ip = format!("192.168.{}.{}", 12 + at * 52, 66 + at);
        let containers = ["coredns"];
        objects.push(maker.pod(&coredns_name(suffix), "kube-dns", &containers, (&name, ip), &pod_ip));
    }
    objects
}

/// What the new nodes of a node group are.
pub(super) struct Nodes<'a> {
    /// The node group.
    pub(super) nodegroup: &'a str,
    /// How many there are to be.
    pub(super) count: u8,
    /// Where they are: in each of these in turn, with addresses of it.
    pub(super) subnets: &'a [Subnet],
    /// See [`super::Cluster::region`].
    pub(super) region: &'a str,
    /// See [`super::Cluster::version`].
    pub(super) version: &'a str,
    /// When they are made.
    pub(super) created: Timestamp,
}

/// New nodes of a node group, with the pods that run on every node. Names for which `is_taken` are passed over.
pub(super) fn of_a_nodegroup(
    nodes: &Nodes<'_>,
    is_taken: impl Fn(&str) -> bool,
    ids: IdGenerator,
) -> Vec<(ObjectKey, Value)> {
    let Nodes { region, version, .. } = *nodes;
    let mut maker = Maker {
        region,
        version,
        nodegroup: nodes.nodegroup,
        created: nodes.created,
        ids,
    };
    let mut objects = Vec::new();
    let mut free: Vec<_> = nodes
        .subnets
        .iter()
        .map(|subnet| {
            let addresses = (FIRST_NODE..subnet.capacity()).map(|host| subnet.base.to_bits() + host);
            let named = addresses.map(|bits| (bits, node_name(&Ipv4Addr::from_bits(bits).to_string(), region)));
            (subnet, named.filter(|(_, name)| !is_taken(name)))
        })
        .collect();
    for at in 0..usize::from(nodes.count) {
        let place = at.checked_rem(free.len()).and_then(|place| free.get_mut(place));
        let Some((zone, (bits, name))) = place.and_then(|(subnet, names)| Some((subnet.zone_letter(), names.next()?)))
        else {
            break;
        };
        let ip = Ipv4Addr::from_bits(bits).to_string();
        objects.push(maker.node(&name, &ip, zone));
        objects.extend(maker.daemon_pods(&format!("{bits:x}"), &name, &ip));
    }
    objects
}

/// The first address of a subnet that a node gets.
const FIRST_NODE: u32 = 10;

fn node_name(ip: &str, region: &str) -> String {
    format!("ip-{}.{region}.compute.internal", ip.replace('.', "-"))
}

/// The image that a container of EKS's own runs.
fn image_of(container: &str) -> String {
    format!("eks/{container}:latest")
}

/// Gives an object of the simulator's own the defaults of its kind, and every field that its schema wants.
fn whole(mut object: Value) -> Value {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let kind = Kind::of(text("apiVersion"), text("kind"));
    set_defaults(&kind, &mut object);
    complete(&mut object);
    object
}

fn service(namespace: &str, name: &str, ip: &str, labels: Value, selector: Value, ports: Value) -> (ObjectKey, Value) {
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"labels": labels},
        "spec": {
            "clusterIP": ip,
            "clusterIPs": [ip],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": ports,
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    });
    if let (false, Some(spec)) = (
        selector.is_null(),
        object.get_mut("spec").and_then(Value::as_object_mut),
    ) {
        spec.insert("selector".to_owned(), selector);
    }
    (ObjectKey::new("services", namespace, name), object)
}

/// Makes nodes and what runs on them.
struct Maker<'a> {
    region: &'a str,
    version: &'a str,
    nodegroup: &'a str,
    created: Timestamp,
    ids: IdGenerator,
}

impl Maker<'_> {
    fn node(&mut self, name: &str, ip: &str, zone: &str) -> (ObjectKey, Value) {
        let (region, version) = (self.region, self.version);
        let zone = format!("{region}{zone}");
        // On an instance of EC2 the kubelet finds them in files: /etc/machine-id, which systemd makes at the first boot,
        // the firmware's UUID, which begins with `ec2`, and the kernel's boot_id.
        let system_uuid = self.ids.uuid();
        let system_uuid = format!("ec2{}", system_uuid.get(3..).unwrap_or_default());
        let created = self.created.render_rfc3339();
        let condition = |kind: &str, is: bool, reason: &str, message: &str| {
            json!({
                "lastHeartbeatTime": created,
                "lastTransitionTime": created,
                "message": message,
                "reason": reason,
                "status": if is { "True" } else { "False" },
                "type": kind,
            })
        };
        let object = whole(json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
                "eks.amazonaws.com/nodegroup": self.nodegroup,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "t3.medium",
                "topology.kubernetes.io/region": region,
                "topology.kubernetes.io/zone": zone,
            }},
            "spec": {"providerID": format!("aws:///{zone}/i-0{}", self.ids.hex(16))},
            "status": {
                "addresses": [
                    {"address": ip, "type": "InternalIP"},
                    {"address": name, "type": "InternalDNS"},
                    {"address": name, "type": "Hostname"},
                ],
                "allocatable": {"cpu": "1930m", "memory": "3388360Ki", "pods": "17"},
                "capacity": {"cpu": "2", "memory": "3943368Ki", "pods": "17"},
                "conditions": [
                    condition(
                        "MemoryPressure",
                        false,
                        "KubeletHasSufficientMemory",
                        "kubelet has sufficient memory available",
                    ),
                    condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                    condition("PIDPressure", false, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                    condition("Ready", true, "KubeletReady", "kubelet is posting ready status"),
                ],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
                "nodeInfo": {
                    "architecture": "amd64",
                    "bootID": self.ids.uuid(),
                    "containerRuntimeVersion": "containerd://1.7.27",
                    "kernelVersion": "6.1.141-155.222.amzn2023.x86_64",
                    "kubeProxyVersion": format!("v{version}.5-eks-473151a"),
                    "kubeletVersion": format!("v{version}.5-eks-473151a"),
                    "machineID": self.ids.hex(32),
                    "operatingSystem": "linux",
                    "osImage": "Amazon Linux 2023.7.20250623",
                    "systemUUID": system_uuid,
                },
            },
        }));
        (ObjectKey::new("nodes", "", name), object)
    }

    fn daemon_pods(&mut self, suffix: &str, node: &str, ip: &str) -> [(ObjectKey, Value); 2] {
        [
            ("aws-node", &["aws-node", "aws-eks-nodeagent"][..]),
            ("kube-proxy", &["kube-proxy"][..]),
        ]
        .map(|(app, containers)| self.pod(&format!("{app}-{suffix}"), app, containers, (node, ip), ip))
    }

    fn pod(
        &mut self,
        name: &str,
        app: &str,
        containers: &[&str],
        (node, host_ip): (&str, &str),
        pod_ip: &str,
    ) -> (ObjectKey, Value) {
        let started = self.created.render_rfc3339();
        let specs: Vec<Value> = containers
            .iter()
            .map(|name| json!({"name": name, "image": image_of(name)}))
            .collect();
        let statuses: Vec<Value> = containers
            .iter()
            .map(|name| {
                json!({
                    "containerID": format!("containerd://{}", self.ids.hex(64)),
                    "name": name,
                    "image": image_of(name),
                    "imageID": image_id(name),
                    "ready": true,
                    "restartCount": 0,
                    "started": true,
                    "state": {"running": {"startedAt": started}},
                })
            })
            .collect();
        let conditions = [
            "PodReadyToStartContainers",
            "Initialized",
            "Ready",
            "ContainersReady",
            "PodScheduled",
        ]
        .map(|kind| json!({"type": kind, "status": "True", "lastTransitionTime": started}));
        let object = whole(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"labels": {"k8s-app": app}},
            "spec": {
                "containers": specs,
                "nodeName": node,
                "serviceAccountName": account_of(app),
            },
            "status": {
                "conditions": conditions,
                "containerStatuses": statuses,
                "hostIP": host_ip,
                "hostIPs": [{"ip": host_ip}],
                "phase": "Running",
                "podIP": pod_ip,
                "podIPs": [{"ip": pod_ip}],
                "qosClass": "BestEffort",
                "startTime": started,
            },
        }));
        (ObjectKey::new("pods", "kube-system", name), object)
    }
}

/// The digest under which a container's image was pulled. It follows from the name: every node has the same.
fn image_id(container: &str) -> String {
    let image = image_of(container);
    let digest: String = Sha256::digest(image.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("eks/{container}@sha256:{digest}")
}
