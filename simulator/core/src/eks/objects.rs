//! The objects that an EKS cluster has: a new one, and one with nodes.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::Value;
use serde_json::json;

use super::network::Subnet;
use crate::instant::Timestamp;
use crate::object::ObjectKey;

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
            let object = json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"labels": {"k8s-app": "kube-dns"}},
                "spec": {
                    "containers": [{"name": "coredns", "image": "eks/coredns:latest"}],
                    "restartPolicy": "Always",
                    "serviceAccountName": account_of("kube-dns"),
                },
                "status": {"conditions": [], "phase": "Pending"},
            });
            (ObjectKey::new("pods", "kube-system", &coredns_name(suffix)), object)
        })
        .collect()
}

fn coredns_name(suffix: &str) -> String {
    format!("coredns-5d78c9869d-{suffix}")
}

/// What [`of_a_new_cluster`] has, and two nodes with the pods of kube-system.
pub(crate) fn of_a_small_cluster(region: &str, version: &str, created: Timestamp) -> Vec<(ObjectKey, Value)> {
    let mut objects = of_a_new_cluster(SERVICE_CIDR);
    for (at, (ip, zone)) in [("192.168.12.41", "a"), ("192.168.64.107", "b")].iter().enumerate() {
        let name = node_name(ip, region);
        let suffix = SUFFIXES.get(at).copied().unwrap_or_default();
        objects.push(node(&name, ip, region, zone, version, NODEGROUP, created));
        objects.extend(daemon_pods(suffix, &name, ip, created));
        let pod_ip = format!("192.168.{}.{}", 12 + at * 52, 66 + at);
        objects.push(pod(
            &coredns_name(suffix),
            "kube-dns",
            &["coredns"],
            &name,
            ip,
            &pod_ip,
            created,
        ));
    }
    objects
}

/// New nodes of a node group, with the pods that run on every node: in each of the subnets in turn, with addresses of it.
/// Names for which `is_taken` are passed over.
pub(super) fn of_a_nodegroup(
    nodegroup: &str,
    count: u8,
    subnets: &[Subnet],
    is_taken: impl Fn(&str) -> bool,
    region: &str,
    version: &str,
    created: Timestamp,
) -> Vec<(ObjectKey, Value)> {
    let mut objects = Vec::new();
    let mut free: Vec<_> = subnets
        .iter()
        .map(|subnet| {
            let addresses = (FIRST_NODE..subnet.capacity()).map(|host| subnet.base.to_bits() + host);
            let named = addresses.map(|bits| (bits, node_name(&Ipv4Addr::from_bits(bits).to_string(), region)));
            (subnet, named.filter(|(_, name)| !is_taken(name)))
        })
        .collect();
    for at in 0..usize::from(count) {
        let place = at.checked_rem(free.len()).and_then(|place| free.get_mut(place));
        let Some((zone, (bits, name))) = place.and_then(|(subnet, names)| Some((subnet.zone_letter(), names.next()?)))
        else {
            break;
        };
        let ip = Ipv4Addr::from_bits(bits).to_string();
        objects.push(node(&name, &ip, region, zone, version, nodegroup, created));
        objects.extend(daemon_pods(&format!("{bits:x}"), &name, &ip, created));
    }
    objects
}

/// The first address of a subnet that a node gets.
const FIRST_NODE: u32 = 10;

fn node_name(ip: &str, region: &str) -> String {
    format!("ip-{}.{region}.compute.internal", ip.replace('.', "-"))
}

fn daemon_pods(suffix: &str, node: &str, ip: &str, created: Timestamp) -> [(ObjectKey, Value); 2] {
    [
        ("aws-node", &["aws-node", "aws-eks-nodeagent"][..]),
        ("kube-proxy", &["kube-proxy"][..]),
    ]
    .map(|(app, containers)| pod(&format!("{app}-{suffix}"), app, containers, node, ip, ip, created))
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

fn node(
    name: &str,
    ip: &str,
    region: &str,
    zone: &str,
    version: &str,
    nodegroup: &str,
    created: Timestamp,
) -> (ObjectKey, Value) {
    let instance = ip.parse::<Ipv4Addr>().map_or(0, |address| u64::from(address.to_bits()));
    let zone = format!("{region}{zone}");
    let object = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "eks.amazonaws.com/capacityType": "ON_DEMAND",
            "eks.amazonaws.com/nodegroup": nodegroup,
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": "t3.medium",
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zone,
        }},
        "spec": {"providerID": format!("aws:///{zone}/i-0{instance:016x}")},
        "status": {
            "addresses": [
                {"address": ip, "type": "InternalIP"},
                {"address": name, "type": "InternalDNS"},
                {"address": name, "type": "Hostname"},
            ],
            "allocatable": {"cpu": "1930m", "memory": "3388360Ki", "pods": "17"},
            "capacity": {"cpu": "2", "memory": "3943368Ki", "pods": "17"},
            "conditions": [{
                "lastHeartbeatTime": created.render_rfc3339(),
                "lastTransitionTime": created.render_rfc3339(),
                "message": "kubelet is posting ready status",
                "reason": "KubeletReady",
                "status": "True",
                "type": "Ready",
            }],
            "nodeInfo": {
                "architecture": "amd64",
                "containerRuntimeVersion": "containerd://1.7.27",
                "kernelVersion": "6.1.141-155.222.amzn2023.x86_64",
                "kubeProxyVersion": format!("v{version}.5-eks-473151a"),
                "kubeletVersion": format!("v{version}.5-eks-473151a"),
                "operatingSystem": "linux",
                "osImage": "Amazon Linux 2023.7.20250623",
            },
        },
    });
    (ObjectKey::new("nodes", "", name), object)
}

fn pod(
    name: &str,
    app: &str,
    containers: &[&str],
    node: &str,
    host_ip: &str,
    pod_ip: &str,
    created: Timestamp,
) -> (ObjectKey, Value) {
    let started = created.render_rfc3339();
    let specs: Vec<Value> = containers
        .iter()
        .map(|name| json!({"name": name, "image": format!("eks/{name}:latest")}))
        .collect();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|name| {
            json!({
                "name": name,
                "image": format!("eks/{name}:latest"),
                "ready": true,
                "restartCount": 0,
                "started": true,
                "state": {"running": {"startedAt": started}},
            })
        })
        .collect();
    let object = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": {"k8s-app": app}},
        "spec": {
            "containers": specs,
            "nodeName": node,
            "restartPolicy": "Always",
            "serviceAccountName": account_of(app),
        },
        "status": {
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": started}],
            "containerStatuses": statuses,
            "hostIP": host_ip,
            "phase": "Running",
            "podIP": pod_ip,
            "podIPs": [{"ip": pod_ip}],
            "startTime": started,
        },
    });
    (ObjectKey::new("pods", "kube-system", name), object)
}
