//! The objects that a small EKS cluster has.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use crate::instant::Timestamp;
use crate::object::ObjectKey;

/// The instances behind the nodes: ids with private DNS names.
pub(super) fn instances(objects: &[(ObjectKey, Value)]) -> BTreeMap<String, String> {
    let nodes = objects.iter().filter(|(key, _)| key.resource == "nodes");
    nodes
        .filter_map(|(key, node)| {
            let provider_id = node.pointer("/spec/providerID")?.as_str()?;
            Some((provider_id.rsplit('/').next()?.to_owned(), key.name.clone()))
        })
        .collect()
}

/// Namespaces, the two services, two nodes, and the pods of kube-system.
pub(super) fn of_a_small_cluster(region: &str, version: &str, created: Timestamp) -> Vec<(ObjectKey, Value)> {
    let mut objects: Vec<(ObjectKey, Value)> = ["default", "kube-node-lease", "kube-public", "kube-system"]
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
        "10.100.0.1",
        json!({"component": "apiserver", "provider": "kubernetes"}),
        Value::Null,
        json!([{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}]),
    ));
    objects.push(service(
        "kube-system",
        "kube-dns",
        "10.100.0.10",
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
    let nodes = [("192.168.12.41", "a"), ("192.168.64.107", "b")].map(|(ip, zone)| {
        let name = format!("ip-{}.{region}.compute.internal", ip.replace('.', "-"));
        objects.push(node(&name, ip, region, zone, version, created));
        (name, ip)
    });
    for (at, (node, ip)) in nodes.iter().enumerate() {
        let suffix = ["7k2qd", "x9f4w"].get(at).copied().unwrap_or_default();
        for (app, containers) in [
            ("aws-node", &["aws-node", "aws-eks-nodeagent"][..]),
            ("kube-proxy", &["kube-proxy"][..]),
        ] {
            objects.push(pod(&format!("{app}-{suffix}"), app, containers, node, ip, ip, created));
        }
        let name = format!("coredns-5d78c9869d-{suffix}");
        let pod_ip = format!("192.168.{}.{}", 12 + at * 52, 66 + at);
        objects.push(pod(&name, "kube-dns", &["coredns"], node, ip, &pod_ip, created));
    }
    objects
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

fn node(name: &str, ip: &str, region: &str, zone: &str, version: &str, created: Timestamp) -> (ObjectKey, Value) {
    let zone = format!("{region}{zone}");
    let object = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"labels": {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "eks.amazonaws.com/capacityType": "ON_DEMAND",
            "eks.amazonaws.com/nodegroup": "workers",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": "t3.medium",
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zone,
        }},
        "spec": {"providerID": format!("aws:///{zone}/i-0{:016x}", u64::from(ip.len() as u32) + 0xabcd)},
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
        "spec": {"containers": specs, "nodeName": node, "restartPolicy": "Always"},
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
