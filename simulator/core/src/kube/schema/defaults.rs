//! What the API server fills in where a client says nothing.
//!
//! Source: `pkg/apis/*/v1/defaults.go` of Kubernetes 1.32. FIDELITY: what admission fills in (a pod's service account and
//! token volume) is left out. What the API server's own strategies write is in `object/strategy.rs`.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

pub(in crate::kube) type Fields = Map<String, Value>;

const RBAC: &str = "rbac.authorization.k8s.io";

/// Fills in what a kind leaves open.
pub(in crate::kube) type Defaults = fn(&mut Fields);

pub(in crate::kube) fn secret(object: &mut Fields) {
    text(object, "type", "Opaque");
}

pub(in crate::kube) fn service(object: &mut Fields) {
    in_object(object, "spec", service_spec);
    let balanced = object
        .get("spec")
        .and_then(|spec| spec.get("type"))
        .is_some_and(|found| found == "LoadBalancer");
    if balanced {
        if_there(object, "status", |status| {
            if_there(status, "loadBalancer", ingress_mode);
        });
    }
}

pub(in crate::kube) fn endpoints(object: &mut Fields) {
    each(object, "subsets", |subset| {
        each(subset, "ports", |port| text(port, "protocol", "TCP"));
    });
}

pub(in crate::kube) fn persistent_volume(object: &mut Fields) {
    in_object(object, "spec", |spec| {
        text(spec, "persistentVolumeReclaimPolicy", "Retain");
        text(spec, "volumeMode", "Filesystem");
    });
}

pub(in crate::kube) fn limit_range(object: &mut Fields) {
    in_object(object, "spec", |spec| each(spec, "limits", limit));
}

pub(in crate::kube) fn node(object: &mut Fields) {
    if_there(object, "status", |status| {
        if let Some(capacity) = status.get("capacity").filter(|capacity| !capacity.is_null()).cloned() {
            set(status, "allocatable", capacity);
        }
    });
}

pub(in crate::kube) fn deployment(object: &mut Fields) {
    in_object(object, "spec", deployment_spec);
}

pub(in crate::kube) fn daemon_set(object: &mut Fields) {
    in_object(object, "spec", daemon_set_spec);
}

pub(in crate::kube) fn stateful_set(object: &mut Fields) {
    in_object(object, "spec", stateful_set_spec);
}

pub(in crate::kube) fn replica_set(object: &mut Fields) {
    in_object(object, "spec", |spec| {
        set(spec, "replicas", json!(1));
        template(spec);
    });
}

pub(in crate::kube) fn cron_job(object: &mut Fields) {
    in_object(object, "spec", cron_job_spec);
}

pub(in crate::kube) fn ingress_class(object: &mut Fields) {
    if_there(object, "spec", |spec| {
        if_there(spec, "parameters", |parameters| text(parameters, "scope", "Cluster"));
    });
}

pub(in crate::kube) fn network_policy(object: &mut Fields) {
    in_object(object, "spec", network_policy_spec);
}

pub(in crate::kube) fn endpoint_slice(object: &mut Fields) {
    each(object, "ports", |port| {
        set(port, "name", json!(""));
        text(port, "protocol", "TCP");
    });
}

/// Of both versions.
pub(in crate::kube) fn autoscaler(object: &mut Fields) {
    in_object(object, "spec", |spec| set(spec, "minReplicas", json!(1)));
}

/// Of the second version alone: the first one has neither metrics nor behavior.
pub(in crate::kube) fn autoscaler_v2(object: &mut Fields) {
    autoscaler(object);
    in_object(object, "spec", metrics_and_behavior);
}

pub(in crate::kube) fn storage_class(object: &mut Fields) {
    text(object, "reclaimPolicy", "Delete");
    text(object, "volumeBindingMode", "Immediate");
}

pub(in crate::kube) fn priority_class(object: &mut Fields) {
    text(object, "preemptionPolicy", "PreemptLowerPriority");
}

pub(in crate::kube) fn validating_webhooks(object: &mut Fields) {
    each(object, "webhooks", webhook);
}

pub(in crate::kube) fn mutating_webhooks(object: &mut Fields) {
    each(object, "webhooks", |hook| {
        webhook(hook);
        text(hook, "reinvocationPolicy", "Never");
    });
}

pub(in crate::kube) fn api_service(object: &mut Fields) {
    in_object(object, "spec", |spec| {
        if_there(spec, "service", |service| set(service, "port", json!(443)));
    });
}

pub(in crate::kube) fn custom_resource_definition(object: &mut Fields) {
    in_object(object, "spec", definition);
}

/// Sets a field that is absent or null.
fn set(map: &mut Fields, field: &str, value: Value) {
    if map.get(field).is_none_or(Value::is_null) {
        map.insert(field.to_owned(), value);
    }
}

/// Sets a text that is absent or empty.
fn text(map: &mut Fields, field: &str, value: &str) {
    if map.get(field).is_none_or(|found| found.is_null() || found == "") {
        map.insert(field.to_owned(), json!(value));
    }
}

/// Sets a map that is absent, null or empty.
fn set_empty(map: &mut Fields, field: &str, value: Value) {
    let found = map.get(field);
    if found.is_none_or(|found| found.is_null() || found.as_object().is_some_and(Fields::is_empty)) {
        map.insert(field.to_owned(), value);
    }
}

/// Works on an object that is there or is made.
fn in_object(map: &mut Fields, field: &str, work: impl FnOnce(&mut Fields)) {
    set(map, field, json!({}));
    if_there(map, field, work);
}

fn if_there(map: &mut Fields, field: &str, work: impl FnOnce(&mut Fields)) {
    if let Some(Value::Object(inner)) = map.get_mut(field) {
        work(inner);
    }
}

fn each(map: &mut Fields, field: &str, mut work: impl FnMut(&mut Fields)) {
    if let Some(Value::Array(items)) = map.get_mut(field) {
        items.iter_mut().filter_map(Value::as_object_mut).for_each(&mut work);
    }
}

fn is(map: &Fields, field: &str, value: &str) -> bool {
    map.get(field).is_some_and(|found| found == value)
}

pub(in crate::kube) fn namespace(object: &mut Fields) {
    let name = object
        .get("metadata")
        .and_then(|metadata| metadata.get("name"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if !name.is_empty() {
        in_object(object, "metadata", |metadata| {
            in_object(metadata, "labels", |labels| {
                labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
            });
        });
    }
}

pub(in crate::kube) fn pod(object: &mut Fields) {
    in_object(object, "spec", |spec| {
        pod_spec(spec);
        set(spec, "enableServiceLinks", json!(true));
        for field in ["containers", "initContainers"] {
            each(spec, field, |container| {
                if_there(container, "resources", |resources| {
                    let Some(Value::Object(limits)) = resources.get("limits").cloned() else {
                        return;
                    };
                    in_object(resources, "requests", |requests| {
                        for (name, limit) in limits {
                            set(requests, &name, limit);
                        }
                    });
                });
            });
        }
    });
}

/// What the second version of autoscaling says of metrics and behavior; the first one has neither.
fn metrics_and_behavior(spec: &mut Fields) {
    let has_metrics = spec
        .get("metrics")
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    if !has_metrics {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        spec.insert("metrics".to_owned(), json!([metric]));
    }
    if_there(spec, "behavior", |behavior| {
        let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
        in_object(behavior, "scaleUp", |rules| {
            set(rules, "stabilizationWindowSeconds", json!(0));
            set(rules, "selectPolicy", json!("Max"));
            let pods = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
            set(rules, "policies", json!([pods, percent]));
        });
        in_object(behavior, "scaleDown", |rules| {
            set(rules, "selectPolicy", json!("Max"));
            set(rules, "policies", json!([percent]));
        });
    });
}

pub(in crate::kube) fn template(owner: &mut Fields) {
    if_there(owner, "template", |template| {
        if_there(template, "spec", pod_spec);
    });
}

fn pod_spec(spec: &mut Fields) {
    text(spec, "dnsPolicy", "ClusterFirst");
    text(spec, "restartPolicy", "Always");
    text(spec, "schedulerName", "default-scheduler");
    set(spec, "securityContext", json!({}));
    set(spec, "terminationGracePeriodSeconds", json!(30));
    // The older name of the field goes with it (`Convert_core_PodSpec_To_v1_PodSpec`).
    let account = |name: &str| spec.get(name).filter(|value| *value != "").cloned();
    if let Some(account) = account("serviceAccountName").or_else(|| account("serviceAccount")) {
        spec.insert("serviceAccountName".to_owned(), account.clone());
        spec.insert("serviceAccount".to_owned(), account);
    }
    let host_network = spec.get("hostNetwork") == Some(&json!(true));
    for field in ["containers", "initContainers", "ephemeralContainers"] {
        each(spec, field, |one| container(one, host_network));
    }
    each(spec, "volumes", volume);
}

fn container(container: &mut Fields, host_network: bool) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let policy = if is_latest(image) { "Always" } else { "IfNotPresent" };
    text(container, "imagePullPolicy", policy);
    text(container, "terminationMessagePath", "/dev/termination-log");
    text(container, "terminationMessagePolicy", "File");
    each(container, "ports", |port| {
        text(port, "protocol", "TCP");
        if let (true, Some(number)) = (host_network, port.get("containerPort").cloned()) {
            set(port, "hostPort", number);
        }
    });
    each(container, "env", |variable| {
        if_there(variable, "valueFrom", field_ref);
    });
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if_there(container, field, |probe| {
            for (name, value) in [
                ("failureThreshold", 3),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("timeoutSeconds", 1),
            ] {
                set(probe, name, json!(value));
            }
            handler(probe);
        });
    }
    if_there(container, "lifecycle", |lifecycle| {
        for field in ["postStart", "preStop"] {
            if_there(lifecycle, field, handler);
        }
    });
}

fn handler(owner: &mut Fields) {
    if_there(owner, "httpGet", |get| {
        text(get, "path", "/");
        text(get, "scheme", "HTTP");
    });
    if_there(owner, "grpc", |grpc| set(grpc, "service", json!("")));
}

/// Whether an image names the tag `latest`, or neither tag nor digest.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn field_ref(source: &mut Fields) {
    if_there(source, "fieldRef", |field| text(field, "apiVersion", "v1"));
}

fn volume(volume: &mut Fields) {
    const MODE: i64 = 0o644;
    if volume.keys().all(|key| key == "name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for field in ["configMap", "downwardAPI", "projected", "secret"] {
        if_there(volume, field, |source| set(source, "defaultMode", json!(MODE)));
    }
    if_there(volume, "hostPath", |path| set(path, "type", json!("")));
    if_there(volume, "downwardAPI", |source| each(source, "items", field_ref));
    if_there(volume, "projected", |projected| {
        each(projected, "sources", |source| {
            if_there(source, "serviceAccountToken", |token| {
                set(token, "expirationSeconds", json!(3600));
            });
            if_there(source, "downwardAPI", |source| each(source, "items", field_ref));
        });
    });
    if_there(volume, "ephemeral", |ephemeral| {
        if_there(ephemeral, "volumeClaimTemplate", |template| {
            in_object(template, "spec", |spec| text(spec, "volumeMode", "Filesystem"));
        });
    });
}

fn service_spec(spec: &mut Fields) {
    text(spec, "sessionAffinity", "None");
    text(spec, "type", "ClusterIP");
    if is(spec, "sessionAffinity", "ClientIP") {
        in_object(spec, "sessionAffinityConfig", |config| {
            in_object(config, "clientIP", |client| set(client, "timeoutSeconds", json!(10800)));
        });
    }
    each(spec, "ports", |port| {
        text(port, "protocol", "TCP");
        let target = port.get("targetPort").cloned().unwrap_or_default();
        if target.is_null() || target == 0 || target == "" {
            let number = port.get("port").cloned().unwrap_or_default();
            port.insert("targetPort".to_owned(), number);
        }
    });
    let (balancer, node_port) = (is(spec, "type", "LoadBalancer"), is(spec, "type", "NodePort"));
    if balancer || node_port {
        text(spec, "externalTrafficPolicy", "Cluster");
    }
    if balancer || node_port || is(spec, "type", "ClusterIP") {
        text(spec, "internalTrafficPolicy", "Cluster");
    }
    if balancer {
        set(spec, "allocateLoadBalancerNodePorts", json!(true));
    }
}

/// An address of a load balancer takes packets for itself where it does not say.
fn ingress_mode(balancer: &mut Fields) {
    each(balancer, "ingress", |ingress| {
        if ingress
            .get("ip")
            .and_then(Value::as_str)
            .is_some_and(|ip| !ip.is_empty())
        {
            set(ingress, "ipMode", json!("VIP"));
        }
    });
}

/// What a LimitRange says of containers: limits are the maximum, requests the limits, or else the minimum.
fn limit(limit: &mut Fields) {
    if !is(limit, "type", "Container") {
        return;
    }
    for (field, from) in [
        ("default", "max"),
        ("defaultRequest", "default"),
        ("defaultRequest", "min"),
    ] {
        let Some(Value::Object(amounts)) = limit.get(from).cloned() else {
            continue;
        };
        in_object(limit, field, |filled| {
            for (name, amount) in amounts {
                set(filled, &name, amount);
            }
        });
    }
}

pub(in crate::kube) fn claim(object: &mut Fields) {
    in_object(object, "spec", |spec| text(spec, "volumeMode", "Filesystem"));
}

pub(in crate::kube) fn replication_controller(object: &mut Fields) {
    let labels = object
        .get("spec")
        .and_then(|spec| spec.pointer("/template/metadata/labels"))
        .cloned();
    in_object(object, "spec", |spec| {
        if let Some(labels) = &labels {
            set(spec, "selector", labels.clone());
        }
        set(spec, "replicas", json!(1));
        template(spec);
    });
    if let Some(labels) = labels {
        in_object(object, "metadata", |metadata| set_empty(metadata, "labels", labels));
    }
}

fn deployment_spec(spec: &mut Fields) {
    set(spec, "replicas", json!(1));
    set(spec, "revisionHistoryLimit", json!(10));
    set(spec, "progressDeadlineSeconds", json!(600));
    in_object(spec, "strategy", |strategy| {
        text(strategy, "type", "RollingUpdate");
        if is(strategy, "type", "RollingUpdate") {
            in_object(strategy, "rollingUpdate", |rolling| {
                set(rolling, "maxUnavailable", json!("25%"));
                set(rolling, "maxSurge", json!("25%"));
            });
        }
    });
    template(spec);
}

fn daemon_set_spec(spec: &mut Fields) {
    set(spec, "revisionHistoryLimit", json!(10));
    in_object(spec, "updateStrategy", |strategy| {
        text(strategy, "type", "RollingUpdate");
        if is(strategy, "type", "RollingUpdate") {
            in_object(strategy, "rollingUpdate", |rolling| {
                set(rolling, "maxUnavailable", json!(1));
                set(rolling, "maxSurge", json!(0));
            });
        }
    });
    template(spec);
}

fn stateful_set_spec(spec: &mut Fields) {
    set(spec, "replicas", json!(1));
    set(spec, "revisionHistoryLimit", json!(10));
    text(spec, "podManagementPolicy", "OrderedReady");
    in_object(spec, "updateStrategy", |strategy| {
        text(strategy, "type", "RollingUpdate");
        if is(strategy, "type", "RollingUpdate") {
            in_object(strategy, "rollingUpdate", |rolling| set(rolling, "partition", json!(0)));
        }
    });
    in_object(spec, "persistentVolumeClaimRetentionPolicy", |policy| {
        text(policy, "whenDeleted", "Retain");
        text(policy, "whenScaled", "Retain");
    });
    each(spec, "volumeClaimTemplates", |one| {
        claim(one);
        in_object(one, "status", |status| text(status, "phase", "Pending"));
    });
    template(spec);
}

pub(in crate::kube) fn job(object: &mut Fields) {
    let labels = object
        .get("spec")
        .and_then(|spec| spec.pointer("/template/metadata/labels"))
        .filter(|labels| labels.as_object().is_some_and(|labels| !labels.is_empty()))
        .cloned();
    if let Some(labels) = labels {
        in_object(object, "metadata", |metadata| set_empty(metadata, "labels", labels));
    }
    in_object(object, "spec", job_spec);
}

fn job_spec(spec: &mut Fields) {
    let open = |spec: &Fields, field: &str| spec.get(field).is_none_or(Value::is_null);
    if open(spec, "completions") && open(spec, "parallelism") {
        set(spec, "completions", json!(1));
    }
    set(spec, "parallelism", json!(1));
    let fails_per_index = !open(spec, "backoffLimitPerIndex");
    set(spec, "backoffLimit", json!(if fails_per_index { i32::MAX } else { 6 }));
    text(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", json!(false));
    if_there(spec, "podFailurePolicy", |policy| {
        each(policy, "rules", |rule| {
            each(rule, "onPodConditions", |pattern| text(pattern, "status", "True"));
        });
    });
    let replacement = if open(spec, "podFailurePolicy") {
        "TerminatingOrFailed"
    } else {
        "Failed"
    };
    text(spec, "podReplacementPolicy", replacement);
    set(spec, "manualSelector", json!(false));
    template(spec);
}

fn cron_job_spec(spec: &mut Fields) {
    text(spec, "concurrencyPolicy", "Allow");
    set(spec, "suspend", json!(false));
    set(spec, "successfulJobsHistoryLimit", json!(3));
    set(spec, "failedJobsHistoryLimit", json!(1));
    if_there(spec, "jobTemplate", |job| if_there(job, "spec", template));
}

pub(in crate::kube) fn binding(object: &mut Fields) {
    in_object(object, "roleRef", |role| text(role, "apiGroup", RBAC));
    each(object, "subjects", |subject| {
        if is(subject, "kind", "User") || is(subject, "kind", "Group") {
            text(subject, "apiGroup", RBAC);
        }
    });
}

fn network_policy_spec(spec: &mut Fields) {
    for field in ["ingress", "egress"] {
        each(spec, field, |rule| {
            each(rule, "ports", |port| text(port, "protocol", "TCP"));
        });
    }
    let types = spec.get("policyTypes").and_then(Value::as_array);
    if types.is_none_or(Vec::is_empty) {
        let egress = spec.get("egress").and_then(Value::as_array);
        let types = match egress {
            Some(rules) if !rules.is_empty() => json!(["Ingress", "Egress"]),
            _ => json!(["Ingress"]),
        };
        spec.insert("policyTypes".to_owned(), types);
    }
}

fn webhook(hook: &mut Fields) {
    text(hook, "failurePolicy", "Fail");
    text(hook, "matchPolicy", "Equivalent");
    set(hook, "namespaceSelector", json!({}));
    set(hook, "objectSelector", json!({}));
    set(hook, "timeoutSeconds", json!(10));
    each(hook, "rules", |rule| text(rule, "scope", "*"));
    if_there(hook, "clientConfig", |config| {
        if_there(config, "service", |service| set(service, "port", json!(443)));
    });
}

fn definition(spec: &mut Fields) {
    in_object(spec, "names", |names| {
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        text(names, "singular", &kind.to_lowercase());
        if !kind.is_empty() {
            text(names, "listKind", &format!("{kind}List"));
        }
    });
    in_object(spec, "conversion", |conversion| text(conversion, "strategy", "None"));
}

#[cfg(test)]
mod tests {
    use super::super::Schema;
    use super::super::decode::decode;
    use super::*;
    use crate::kube::kinds;
    use crate::kube::schema::Kind;

    #[track_caller]
    fn check(api_version: &str, kind: &str, mut object: Value, wanted: &[(&str, Value)]) {
        let kind = Kind::of(api_version, kind);
        kinds::set_defaults(&kind, &mut object);
        for (pointer, value) in wanted {
            assert_eq!(object.pointer(pointer), Some(value), "{pointer} of {object}");
        }
        let once = object.clone();
        kinds::set_defaults(&kind, &mut object);
        assert_eq!(object, once, "twice is once");
        let schema = Schema::builtin();
        let decoded = decode(schema, schema.kind(&kind).unwrap(), once.into()).unwrap();
        assert_eq!(decoded.findings, [], "what is filled in has a place in the type");
    }

    #[test]
    fn what_is_left_open_is_filled_in() {
        let container = |image: &str| json!({"name": "c", "image": image, "readinessProbe": {"httpGet": {"port": 80}}});
        let pod = json!({"spec": {"containers": [container("nginx"), container("r:5000/nginx:1.2"), container("a@sha256:0")], "volumes": [{"name": "v"}, {"name": "c", "configMap": {"name": "c"}}]}});
        check(
            "v1",
            "Pod",
            pod.clone(),
            &[
                ("/spec/containers/0/imagePullPolicy", json!("Always")),
                ("/spec/containers/1/imagePullPolicy", json!("IfNotPresent")),
                ("/spec/containers/2/imagePullPolicy", json!("IfNotPresent")),
                ("/spec/containers/0/readinessProbe/httpGet/scheme", json!("HTTP")),
                ("/spec/containers/0/readinessProbe/periodSeconds", json!(10)),
                ("/spec/restartPolicy", json!("Always")),
                ("/spec/terminationGracePeriodSeconds", json!(30)),
                ("/spec/volumes/0/emptyDir", json!({})),
                ("/spec/volumes/1/configMap/defaultMode", json!(420)),
            ],
        );
        check(
            "apps/v1",
            "Deployment",
            json!({"spec": {"template": pod}}),
            &[
                ("/spec/replicas", json!(1)),
                ("/spec/strategy/rollingUpdate/maxSurge", json!("25%")),
                ("/spec/template/spec/dnsPolicy", json!("ClusterFirst")),
            ],
        );
        check(
            "v1",
            "Service",
            json!({"spec": {"ports": [{"port": 80}, {"port": 81, "targetPort": "web"}]}}),
            &[
                ("/spec/type", json!("ClusterIP")),
                ("/spec/ports/0/targetPort", json!(80)),
                ("/spec/ports/1/targetPort", json!("web")),
                ("/spec/ports/0/protocol", json!("TCP")),
            ],
        );
        check(
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s"}]}),
            &[
                ("/roleRef/apiGroup", json!(RBAC)),
                ("/subjects/0/apiGroup", json!(RBAC)),
                ("/subjects/1", json!({"kind": "ServiceAccount", "name": "s"})),
            ],
        );
        check("v1", "Secret", json!({}), &[("/type", json!("Opaque"))]);
        check(
            "batch/v1",
            "Job",
            json!({}),
            &[
                ("/spec/backoffLimit", json!(6)),
                ("/spec/completions", json!(1)),
                ("/spec/manualSelector", json!(false)),
            ],
        );
        check(
            "batch/v1",
            "Job",
            json!({"spec": {"template": {"metadata": {"labels": {"app": "x"}}}}}),
            &[("/metadata/labels", json!({"app": "x"}))],
        );
        check(
            "v1",
            "LimitRange",
            json!({"spec": {"limits": [
                {"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1", "memory": "1Mi"}},
                {"type": "Pod", "max": {"cpu": "2"}},
            ]}}),
            &[
                ("/spec/limits/0/default", json!({"cpu": "2"})),
                ("/spec/limits/0/defaultRequest", json!({"cpu": "2", "memory": "1Mi"})),
                ("/spec/limits/1", json!({"type": "Pod", "max": {"cpu": "2"}})),
            ],
        );
        check(
            "v1",
            "Node",
            json!({"status": {"capacity": {"cpu": "2"}}}),
            &[("/status/allocatable", json!({"cpu": "2"}))],
        );
        check(
            "v1",
            "Service",
            json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}}),
            &[("/status/loadBalancer/ingress/0/ipMode", json!("VIP"))],
        );
        check(
            "batch/v1",
            "CronJob",
            json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {}}}}}}),
            &[
                ("/spec/concurrencyPolicy", json!("Allow")),
                ("/spec/jobTemplate/spec/template/spec/restartPolicy", json!("Always")),
            ],
        );
        check(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            json!({"spec": {"names": {"kind": "Widget"}}}),
            &[
                ("/spec/names/listKind", json!("WidgetList")),
                ("/spec/conversion/strategy", json!("None")),
            ],
        );
    }
}
