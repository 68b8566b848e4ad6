use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::kube::kinds;

/// What all objects here were made an hour and a half before.
fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap()
}

/// The row of that resource; of what is not served, one with its printer.
pub(super) fn resource(group: &str, plural: &str) -> ResourceType {
    if let Some(row) = kinds::built_in()
        .iter()
        .find(|row| *row.group == *group && *row.plural == *plural)
    {
        return (**row).clone();
    }
    let printer = match plural {
        "csidrivers" => printer::CSI_DRIVER,
        "csinodes" => printer::CSI_NODE,
        "runtimeclasses" => printer::RUNTIME_CLASS,
        "scale" => printer::SCALE,
        "volumeattachments" => printer::VOLUME_ATTACHMENT,
        _ => printer::DEFAULT,
    };
    let mut resource = ResourceType::new(group, "v1", (plural, "Kind"), true);
    resource.printer = printer;
    resource
}

fn table(group: &'static str, plural: &'static str, object: Value) -> Value {
    let metadata = json!({"resourceVersion": "7"});
    json!(render(
        &resource(group, plural),
        &[Arc::new(object)],
        metadata,
        IncludeObject::Metadata,
        now(),
    ))
}

/// The cells of an object of those parts, named `x` and made at 10:30.
fn cells(group: &'static str, plural: &'static str, mut object: Value) -> Value {
    object["metadata"]["name"] = json!("x");
    object["metadata"]["creationTimestamp"] = json!("2026-11-24T10:30:00Z");
    let mut table = table(group, plural, object);
    let (columns, cells) = (&table["columnDefinitions"], &table["rows"][0]["cells"]);
    assert_eq!(columns.as_array().unwrap().len(), cells.as_array().unwrap().len());
    table["rows"][0]["cells"].take()
}

#[track_caller]
fn check(group: &'static str, plural: &'static str, object: Value, expected: Value) {
    assert_eq!(cells(group, plural, object), expected);
}

#[test]
fn durations_have_the_figures_that_go_prints() {
    // Printed by k8s.io/apimachinery v0.32.4.
    for (seconds, expected) in [
        (-86400, "<invalid>"),
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (1, "1s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (180, "3m"),
        (599, "9m59s"),
        (600, "10m"),
        (601, "10m"),
        (10799, "179m"),
        (10800, "3h"),
        (10859, "3h"),
        (10860, "3h1m"),
        (28799, "7h59m"),
        (28800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_399, "2d"),
        (176_400, "2d1h"),
        (691_199, "7d23h"),
        (691_200, "8d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (94_608_000, "3y"),
        (252_287_999, "7y364d"),
        (252_288_000, "8y"),
        (1 << 31, "68y"),
    ] {
        assert_eq!(printer::human_duration(seconds), expected, "{seconds}");
    }
}

#[test]
fn table_has_the_envelope_that_kubectl_asks_for() {
    let table = table(
        "",
        "configmaps",
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "uid": "u"}, "data": {"k": "v"}}),
    );
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(table["metadata"], json!({"resourceVersion": "7"}));
    assert_eq!(
        table["rows"],
        json!([{
            "cells": ["a", 1, "<unknown>"],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {"name": "a", "uid": "u"},
            },
        }])
    );
    assert_eq!(
        table["columnDefinitions"][1],
        json!({
            "name": "Data",
            "type": "string",
            "format": "",
            "description": "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
            "priority": 0,
        })
    );
    assert_eq!(table["columnDefinitions"][0]["format"], "name");
}

#[test]
fn columns_are_those_of_the_printers() {
    // An asterisk marks what only `-o wide` shows, a colon the type where it is no string.
    for (group, plural, expected) in [
        ("", "configmaps", "Name Data Age"),
        (
            "",
            "events",
            "Last-Seen Type Reason Object Subobject* Source* Message First-Seen* Count* Name*",
        ),
        ("", "namespaces", "Name Status Age"),
        (
            "",
            "nodes",
            "Name Status Roles Age Version Internal-IP* External-IP* OS-Image* Kernel-Version* Container-Runtime*",
        ),
        (
            "",
            "pods",
            "Name Ready Status Restarts Age IP* Node* Nominated-Node* Readiness-Gates*",
        ),
        ("", "secrets", "Name Type Data Age"),
        ("", "serviceaccounts", "Name Secrets Age"),
        ("", "services", "Name Type Cluster-IP External-IP Port(s) Age Selector*"),
        (
            "apps",
            "deployments",
            "Name Ready Up-to-date Available Age Containers* Images* Selector*",
        ),
        (
            "discovery.k8s.io",
            "endpointslices",
            "Name AddressType Ports Endpoints Age",
        ),
        (
            "rbac.authorization.k8s.io",
            "rolebindings",
            "Name Role Age Users* Groups* ServiceAccounts*",
        ),
        (
            "rbac.authorization.k8s.io",
            "clusterrolebindings",
            "Name Role Age Users* Groups* ServiceAccounts*",
        ),
        ("rbac.authorization.k8s.io", "roles", "Name Created-At:date"),
        ("rbac.authorization.k8s.io", "clusterroles", "Name Created-At:date"),
        ("example.com", "pods", "Name Created-At:date"),
    ] {
        let table = table(group, plural, json!({}));
        let columns: Vec<String> = table["columnDefinitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| {
                let mut text = column["name"].as_str().unwrap().replace(' ', "-");
                if column["type"] != "string" {
                    text = format!("{text}:{}", column["type"].as_str().unwrap());
                }
                if column["priority"] == 1 { text + "*" } else { text }
            })
            .collect();
        assert_eq!(columns.join(" "), expected, "{plural}");
    }
}

#[test]
fn rows_include_what_was_asked_for() {
    for (asked, expected) in [
        (None, IncludeObject::Metadata),
        (Some(""), IncludeObject::Metadata),
        (Some("Metadata"), IncludeObject::Metadata),
        (Some("Object"), IncludeObject::Object),
        (Some("None"), IncludeObject::None),
    ] {
        assert_eq!(IncludeObject::parse(asked), expected);
    }
    let object = json!({"kind": "Role", "metadata": {"name": "a"}, "rules": []});
    let included = |include| {
        let roles = resource("rbac.authorization.k8s.io", "roles");
        json!(render(&roles, &[Arc::new(object.clone())], json!({}), include, now()))["rows"][0]["object"].clone()
    };
    assert_eq!(included(IncludeObject::Object), object);
    assert_eq!(included(IncludeObject::None), Value::Null);
    assert_eq!(included(IncludeObject::Metadata)["metadata"], json!({"name": "a"}));
}

#[test]
fn types_without_a_printer_have_name_and_creation() {
    check(
        "rbac.authorization.k8s.io",
        "roles",
        json!({}),
        json!(["x", "2026-11-24T10:30:00Z"]),
    );
    let bare = table("coordination.k8s.io", "whatever", json!({}));
    assert_eq!(bare["rows"][0]["cells"], json!(["", "0001-01-01T00:00:00Z"]));
}

#[test]
fn simple_types() {
    check(
        "",
        "configmaps",
        json!({"data": {"a": "", "b": ""}, "binaryData": {"c": ""}}),
        json!(["x", 3, "90m"]),
    );
    check(
        "",
        "secrets",
        json!({"data": {"a": ""}}),
        json!(["x", "Opaque", 1, "90m"]),
    );
    check(
        "",
        "secrets",
        json!({"type": "kubernetes.io/tls"}),
        json!(["x", "kubernetes.io/tls", 0, "90m"]),
    );
    check(
        "",
        "serviceaccounts",
        json!({"secrets": [{}, {}]}),
        json!(["x", 2, "90m"]),
    );
    check("", "namespaces", json!({}), json!(["x", "Active", "90m"]));
    check(
        "",
        "namespaces",
        json!({"status": {"phase": "Terminating"}}),
        json!(["x", "Terminating", "90m"]),
    );
}

#[test]
fn services() {
    check(
        "",
        "services",
        json!({"spec": {
            "type": "ClusterIP",
            "clusterIP": "10.100.0.1",
            "clusterIPs": ["10.100.0.1", "fd00::1"],
            "ports": [{"port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "nodePort": 0}],
            "selector": {"b": "2", "a": "1"},
        }}),
        json!([
            "x",
            "ClusterIP",
            "10.100.0.1",
            "<none>",
            "443/TCP,53/UDP",
            "90m",
            "a=1,b=2"
        ]),
    );
    check(
        "",
        "services",
        json!({"spec": {"clusterIP": "None", "externalIPs": ["1.2.3.4", "1.1.1.1"]}}),
        json!(["x", "ClusterIP", "None", "1.2.3.4,1.1.1.1", "<none>", "90m", "<none>"]),
    );
    check(
        "",
        "services",
        json!({"spec": {"type": "NodePort", "clusterIPs": ["10.0.0.2"], "ports": [{"port": 80, "nodePort": 30080}]}}),
        json!(["x", "NodePort", "10.0.0.2", "<none>", "80:30080/TCP", "90m", "<none>"]),
    );
    check(
        "",
        "services",
        json!({"spec": {"type": "ExternalName", "externalName": "db.example"}}),
        json!(["x", "ExternalName", "<none>", "db.example", "<none>", "90m", "<none>"]),
    );
}

#[test]
fn load_balancers_wait_or_list_their_ingress_in_order() {
    let external = |spec: Value, ingress: Value| {
        let mut spec = spec;
        spec["type"] = json!("LoadBalancer");
        cells(
            "",
            "services",
            json!({"spec": spec, "status": {"loadBalancer": {"ingress": ingress}}}),
        )[3]
        .take()
    };
    assert_eq!(external(json!({}), json!(null)), "<pending>");
    assert_eq!(
        external(
            json!({}),
            json!([{"hostname": "b.elb.amazonaws.com"}, {"ip": "1.2.3.4", "hostname": "ignored"}])
        ),
        "1.2.3.4,b.elb.amazonaws.com"
    );
    assert_eq!(
        external(json!({"externalIPs": ["1.1.1.1"]}), json!([{"ip": "9.9.9.9"}])),
        "9.9.9.9,1.1.1.1"
    );
    assert_eq!(external(json!({"externalIPs": ["1.1.1.1"]}), json!([])), "1.1.1.1");
}

#[test]
fn nodes() {
    check(
        "",
        "nodes",
        json!({
            "metadata": {"labels": {
                "node-role.kubernetes.io/worker": "",
                "node-role.kubernetes.io/": "",
                "kubernetes.io/role": "edge",
                "kubernetes.io/os": "linux",
            }},
            "spec": {"unschedulable": true},
            "status": {
                "addresses": [
                    {"type": "Hostname", "address": "h"},
                    {"type": "InternalIP", "address": "10.0.0.1"},
                    {"type": "InternalIP", "address": "10.0.0.2"},
                    {"type": "ExternalIP", "address": "54.0.0.1"},
                ],
                "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
                "nodeInfo": {
                    "kubeletVersion": "v1.32.3-eks-473151a",
                    "osImage": "Amazon Linux 2023.7",
                    "kernelVersion": "6.1.134",
                    "containerRuntimeVersion": "containerd://1.7.27",
                },
            },
        }),
        json!([
            "x",
            "Ready,SchedulingDisabled",
            "edge,worker",
            "90m",
            "v1.32.3-eks-473151a",
            "10.0.0.1",
            "54.0.0.1",
            "Amazon Linux 2023.7",
            "6.1.134",
            "containerd://1.7.27"
        ]),
    );
    let bare = ["90m", "", "<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"];
    let [age, rest @ ..] = bare;
    for (conditions, status) in [
        (json!(null), "Unknown"),
        (json!([{"type": "Ready", "status": "False"}]), "NotReady"),
        (json!([{"type": "Ready", "status": "Unknown"}]), "NotReady"),
    ] {
        let expected: Vec<&str> = ["x", status, "<none>", age].into_iter().chain(rest).collect();
        check(
            "",
            "nodes",
            json!({"status": {"conditions": conditions}}),
            json!(expected),
        );
    }
}

#[test]
fn events() {
    check(
        "",
        "events",
        json!({
            "firstTimestamp": "2026-11-24T11:00:00Z",
            "lastTimestamp": "2026-11-24T11:55:00Z",
            "count": 4,
            "type": "Warning",
            "reason": "BackOff",
            "message": " Back-off restarting\n",
            "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec.containers{app}"},
            "source": {"component": "kubelet", "host": "node-1"},
        }),
        json!([
            "5m",
            "Warning",
            "BackOff",
            "pod/p",
            "spec.containers{app}",
            "kubelet, node-1",
            "Back-off restarting",
            "60m",
            4,
            "x"
        ]),
    );
    check(
        "",
        "events",
        json!({
            "firstTimestamp": null,
            "eventTime": "2026-11-24T11:59:00.123456Z",
            "involvedObject": {"kind": "Node"},
            "reportingComponent": "scheduler",
        }),
        json!(["59s", "", "", "node", "", "scheduler", "", "59s", 1, "x"]),
    );
    check(
        "",
        "events",
        json!({
            "eventTime": "2026-11-24T11:00:00.000000Z",
            "lastTimestamp": "2026-11-24T11:01:00Z",
            "series": {"count": 9, "lastObservedTime": "2026-11-24T11:50:00.000000Z"},
            "reportingComponent": "a",
            "reportingInstance": "b",
        }),
        json!(["10m", "", "", "", "", "a, b", "", "60m", 9, "x"]),
    );
}

#[test]
fn deployments() {
    check(
        "apps",
        "deployments",
        json!({
            "spec": {
                "replicas": 3,
                // As k8s.io/apimachinery v0.32.4 prints this selector.
                "selector": {
                    "matchLabels": {"d": "1", "a": "2", "e": ""},
                    "matchExpressions": [
                        {"key": "c", "operator": "In", "values": ["z", "y"]},
                        {"key": "b", "operator": "NotIn", "values": ["q"]},
                        {"key": "f", "operator": "Exists"},
                        {"key": "g", "operator": "DoesNotExist"},
                    ],
                },
                "template": {"spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:2"}]}},
            },
            "status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1},
        }),
        json!([
            "x",
            "2/3",
            3,
            1,
            "90m",
            "a,b",
            "a:1,b:2",
            "a=2,b notin (q),c in (y,z),d=1,e=,f,!g"
        ]),
    );
    check(
        "apps",
        "deployments",
        json!({}),
        json!(["x", "0/1", 0, 0, "90m", "", "", ""]),
    );
    check(
        "apps",
        "deployments",
        json!({"spec": {"replicas": 0, "selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}}),
        json!(["x", "0/0", 0, 0, "90m", "", "", "<invalid>"]),
    );
}

#[test]
fn bindings() {
    for plural in ["rolebindings", "clusterrolebindings"] {
        check(
            "rbac.authorization.k8s.io",
            plural,
            json!({
                "roleRef": {"kind": "ClusterRole", "name": "view"},
                "subjects": [
                    {"kind": "User", "name": "alice"},
                    {"kind": "Group", "name": "viewers"},
                    {"kind": "User", "name": "bob"},
                    {"kind": "ServiceAccount", "name": "bot", "namespace": "dev"},
                    {"kind": "Robot", "name": "ignored"},
                ],
            }),
            json!(["x", "ClusterRole/view", "90m", "alice, bob", "viewers", "dev/bot"]),
        );
    }
}

#[test]
fn endpoint_slices() {
    check(
        "discovery.k8s.io",
        "endpointslices",
        json!({
            "addressType": "IPv4",
            "ports": [{"port": 443}, {"name": "dns"}, {}],
            "endpoints": [{"addresses": ["10.0.0.1", "10.0.0.2"]}, {"addresses": ["10.0.0.3", "10.0.0.4", "10.0.0.5"]}],
        }),
        json!([
            "x",
            "IPv4",
            "443,dns,*",
            "10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...",
            "90m"
        ]),
    );
    check(
        "discovery.k8s.io",
        "endpointslices",
        json!({"addressType": "IPv6", "ports": null}),
        json!(["x", "IPv6", "<unset>", "<unset>", "90m"]),
    );
}

/// Ready, status and restarts of a pod.
#[track_caller]
fn check_pod(pod: Value, expected: [&str; 3]) {
    let cells = cells("", "pods", pod);
    assert_eq!([&cells[1], &cells[2], &cells[3]], expected);
}

#[test]
fn pod_with_all_its_cells() {
    check(
        "",
        "pods",
        json!({
            "spec": {
                "containers": [{"name": "a"}],
                "nodeName": "node-1",
                "readinessGates": [{"conditionType": "g"}, {"conditionType": "h"}],
            },
            "status": {
                "phase": "Running",
                "podIP": "10.0.0.9",
                "nominatedNodeName": "node-2",
                "conditions": [{"type": "g", "status": "True"}, {"type": "h", "status": "False"}],
                "containerStatuses": [{"ready": true, "restartCount": 0, "state": {"running": {}}}],
            },
        }),
        json!(["x", "1/1", "Running", "0", "90m", "10.0.0.9", "node-1", "node-2", "1/2"]),
    );
    check(
        "",
        "pods",
        json!({"status": {"podIPs": [{"ip": "10.0.0.8"}]}}),
        json!(["x", "0/0", "", "0", "90m", "10.0.0.8", "<none>", "<none>", "<none>"]),
    );
}

#[test]
fn pod_status_is_phase_then_reason_then_gate() {
    let pod = |status: Value| json!({"spec": {"containers": [{}]}, "status": status});
    check_pod(pod(json!({"phase": "Pending"})), ["0/1", "Pending", "0"]);
    check_pod(
        pod(json!({"phase": "Failed", "reason": "Evicted"})),
        ["0/1", "Evicted", "0"],
    );
    check_pod(
        pod(json!({
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
        })),
        ["0/1", "SchedulingGated", "0"],
    );
}

#[test]
fn pod_status_follows_its_containers() {
    let pod = |containers: Value, conditions: Value| {
        json!({
            "spec": {"containers": [{}, {}]},
            "status": {"phase": "Running", "containerStatuses": containers, "conditions": conditions},
        })
    };
    let running = json!({"ready": true, "restartCount": 1, "state": {"running": {}}});
    let crashed = json!({
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"finishedAt": "2026-11-24T11:55:00Z"}},
    });
    let ended = |terminated: Value| json!({"state": {"terminated": terminated}});
    let ready = json!([{"type": "Ready", "status": "True"}]);
    check_pod(
        pod(json!([running, crashed]), json!([])),
        ["1/2", "CrashLoopBackOff", "4 (5m ago)"],
    );
    check_pod(pod(json!([running, running]), ready.clone()), ["2/2", "Running", "2"]);
    let completed = ended(json!({"reason": "Completed", "exitCode": 0}));
    check_pod(pod(json!([completed, completed]), json!([])), ["0/2", "Completed", "0"]);
    check_pod(pod(json!([completed, running]), ready), ["1/2", "Running", "1"]);
    check_pod(pod(json!([completed, running]), json!([])), ["1/2", "NotReady", "1"]);
    // The first container has the last word.
    check_pod(
        pod(json!([ended(json!({"exitCode": 2})), crashed]), json!([])),
        ["0/2", "ExitCode:2", "3 (5m ago)"],
    );
    check_pod(
        pod(json!([ended(json!({"signal": 9, "exitCode": 137}))]), json!([])),
        ["0/2", "Signal:9", "0"],
    );
    check_pod(
        pod(
            json!([{"ready": true, "state": {"running": null, "terminated": null, "waiting": {}}}]),
            json!([]),
        ),
        ["0/2", "Running", "0"],
    );
}

#[test]
fn pod_status_follows_its_init_containers() {
    let pod = |statuses: Value, conditions: Value| {
        json!({
            "spec": {"containers": [{}], "initContainers": [{"name": "i"}, {"name": "j"}]},
            "status": {
                "phase": "Pending",
                "initContainerStatuses": statuses,
                "containerStatuses": [{"restartCount": 5, "state": {"waiting": {"reason": "PodInitializing"}}}],
                "conditions": conditions,
            },
        })
    };
    let done = json!({"name": "i", "restartCount": 2, "state": {"terminated": {"exitCode": 0}}});
    let second = |state: Value| json!({"name": "j", "restartCount": 1, "state": state});
    for (state, status) in [
        (json!({"running": {}}), "Init:1/2"),
        (json!({"waiting": {"reason": "PodInitializing"}}), "Init:1/2"),
        (
            json!({"waiting": {"reason": "ImagePullBackOff"}}),
            "Init:ImagePullBackOff",
        ),
        (json!({"terminated": {"exitCode": 1, "reason": "Error"}}), "Init:Error"),
        (json!({"terminated": {"exitCode": 3}}), "Init:ExitCode:3"),
        (json!({"terminated": {"exitCode": 137, "signal": 9}}), "Init:Signal:9"),
    ] {
        check_pod(pod(json!([done, second(state)]), json!([])), ["0/1", status, "3"]);
    }
    // Once all are done, their restarts no longer count.
    check_pod(pod(json!([done, done]), json!([])), ["0/1", "PodInitializing", "5"]);
    check_pod(
        pod(
            json!([done, second(json!({"running": {}}))]),
            json!([{"type": "Initialized", "status": "True"}]),
        ),
        ["0/1", "PodInitializing", "5"],
    );
}

#[test]
fn sidecars_count_as_containers() {
    let pod = |started: bool, ready: bool| {
        json!({
            "spec": {"containers": [{}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]},
            "status": {
                "phase": "Running",
                "initContainerStatuses": [{
                    "name": "s",
                    "started": started,
                    "ready": ready,
                    "restartCount": 2,
                    "state": {"running": {}},
                    "lastState": {"terminated": {"finishedAt": "2026-11-24T11:00:00Z"}},
                }],
                "containerStatuses": [{"ready": true, "restartCount": 0, "state": {"running": {}}}],
            },
        })
    };
    check_pod(pod(true, true), ["2/2", "Running", "2 (60m ago)"]);
    check_pod(pod(true, false), ["1/2", "Running", "2 (60m ago)"]);
    check_pod(pod(false, false), ["0/2", "Init:0/1", "2 (60m ago)"]);
}

#[test]
fn deleted_pods_are_terminating_unless_they_have_ended() {
    let pod = |status: Value| {
        json!({
            "metadata": {"deletionTimestamp": "2026-11-24T11:59:00Z"},
            "spec": {"containers": [{}]},
            "status": status,
        })
    };
    check_pod(pod(json!({"phase": "Running"})), ["0/1", "Terminating", "0"]);
    check_pod(
        pod(json!({"phase": "Running", "reason": "NodeLost"})),
        ["0/1", "Unknown", "0"],
    );
    check_pod(pod(json!({"phase": "Succeeded"})), ["0/1", "Succeeded", "0"]);
}

#[test]
fn rows_of_ended_pods_are_marked() {
    let conditions = |phase: &str| {
        table("", "pods", json!({"status": {"phase": phase}}))["rows"][0]
            .get("conditions")
            .cloned()
    };
    assert_eq!(conditions("Running"), None);
    assert_eq!(
        conditions("Succeeded"),
        Some(json!([{
            "type": "Completed",
            "status": "True",
            "reason": "Succeeded",
            "message": "The pod has completed successfully.",
        }]))
    );
    assert_eq!(conditions("Failed").unwrap()[0]["message"], "The pod failed.");
}

/// JSON of the keys that printers look at, in places where they belong and where they do not.
fn any_json() -> impl Strategy<Value = Value> {
    const KEYS: &[&str] = &[
        "metadata",
        "name",
        "creationTimestamp",
        "deletionTimestamp",
        "labels",
        "spec",
        "status",
        "type",
        "ports",
        "port",
        "containers",
        "initContainers",
        "restartPolicy",
        "containerStatuses",
        "initContainerStatuses",
        "restartCount",
        "state",
        "lastState",
        "terminated",
        "finishedAt",
        "waiting",
        "reason",
        "conditions",
        "replicas",
        "selector",
        "matchLabels",
        "matchExpressions",
        "subjects",
        "roleRef",
        "kind",
        "addresses",
        "endpoints",
        "series",
        "count",
        "data",
        "externalIPs",
        "loadBalancer",
        "ingress",
        "readinessGates",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(json!(i64::MAX)),
        Just(json!(1.5)),
        Just(json!("2026-11-24T11:00:00Z")),
        Just(json!("9999-12-31T23:59:59.999999Z")),
        ".{0,24}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(KEYS), inner), 0..8).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn rendering_never_panics(object in any_json()) {
        for resource in kinds::built_in() {
            let objects = [Arc::new(object.clone())];
            let table = json!(render(resource, &objects, json!({}), IncludeObject::Metadata, now()));
            prop_assert_eq!(table["rows"].as_array().map(Vec::len), Some(1));
        }
    }

    #[test]
    fn durations_never_panic(seconds in any::<i64>()) {
        let _ = printer::human_duration(seconds);
    }
}
