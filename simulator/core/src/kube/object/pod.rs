//! What the API server gives every new pod: a priority, tolerations, and a first status.
//!
//! Source: the admission plugins Priority and DefaultTolerationSeconds, `pkg/registry/core/pod/strategy.go` and
//! `pkg/apis/core/helper/qos` of Kubernetes 1.32.
//!
//! FIDELITY: of priority classes only the two that every cluster has are known here; a pod of another class has no
//! priority. A class that is the default of all is not looked for.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::kube::quantity::Quantity;

/// How long a pod stays on a node that is not ready, in seconds.
const TOLERATED_SECONDS: i64 = 300;

/// What a pod's condition says where gates hold it back.
const GATED: &str = "Scheduling is blocked due to non-empty scheduling gates";

/// Fills in priority and tolerations.
pub(in crate::kube) fn admit(pod: &mut Value) {
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    let class = spec.get("priorityClassName").and_then(Value::as_str);
    let priority = match class.unwrap_or_default() {
        "" => Some(0),
        "system-cluster-critical" => Some(2_000_000_000),
        "system-node-critical" => Some(2_000_001_000),
        _ => None,
    };
    if let Some(priority) = priority {
        spec.entry("priority").or_insert_with(|| json!(priority));
        spec.entry("preemptionPolicy")
            .or_insert_with(|| json!("PreemptLowerPriority"));
    }
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Some(tolerations) = tolerations.as_array_mut() else {
        return;
    };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let is_one_of = |toleration: &Value, field: &str, values: [&str; 2]| {
            let found = toleration.get(field).and_then(Value::as_str).unwrap_or_default();
            values.contains(&found)
        };
        let tolerated = tolerations.iter().any(|toleration| {
            is_one_of(toleration, "key", ["", key]) && is_one_of(toleration, "effect", ["", "NoExecute"])
        });
        if !tolerated {
            tolerations.push(json!({
                "effect": "NoExecute",
                "key": key,
                "operator": "Exists",
                "tolerationSeconds": TOLERATED_SECONDS,
            }));
        }
    }
}

/// The status of a new pod.
pub(in crate::kube) fn first_status(pod: &Value) -> Value {
    let mut status = json!({"phase": "Pending", "qosClass": quality_of_service(pod)});
    let gates = pod.pointer("/spec/schedulingGates").and_then(Value::as_array);
    if let (Some(map), true) = (status.as_object_mut(), gates.is_some_and(|gates| !gates.is_empty())) {
        let condition = json!({
            "lastProbeTime": null,
            "lastTransitionTime": null,
            "message": GATED,
            "reason": "SchedulingGated",
            "status": "False",
            "type": "PodScheduled",
        });
        map.insert("conditions".to_owned(), json!([condition]));
    }
    status
}

/// `Guaranteed` where every container has limits of CPU and memory that are what it requests, `BestEffort` where none says
/// anything of either, `Burstable` between them.
fn quality_of_service(pod: &Value) -> &'static str {
    let lists = ["/spec/containers", "/spec/initContainers"];
    let containers: Vec<&Value> = lists
        .iter()
        .filter_map(|list| pod.pointer(list)?.as_array())
        .flatten()
        .collect();
    let amount = |container: &Value, field: &str, name: &str| -> Option<i128> {
        let amounts: &Map<String, Value> = container.pointer(&format!("/resources/{field}"))?.as_object()?;
        let nanos = Quantity::parse(amounts.get(name)?.as_str()?).ok()?.nanos();
        (nanos > 0).then_some(nanos)
    };
    let mut says_nothing = true;
    let mut is_guaranteed = true;
    for container in containers {
        for name in ["cpu", "memory"] {
            let request = amount(container, "requests", name);
            let limit = amount(container, "limits", name);
            says_nothing &= request.is_none() && limit.is_none();
            is_guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (says_nothing, is_guaranteed) {
        (true, _) => "BestEffort",
        (false, true) => "Guaranteed",
        (false, false) => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_of_service_follows_requests_and_limits() {
        for (resources, wanted) in [
            (json!([{}]), "BestEffort"),
            (json!([{"requests": {"cpu": "0"}}]), "BestEffort"),
            (json!([{"requests": {"example.com/gpu": "1"}}]), "BestEffort"),
            (json!([{"requests": {"cpu": "1"}}]), "Burstable"),
            (
                json!([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}}]),
                "Guaranteed",
            ),
            (
                json!([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}, {}]),
                "Burstable",
            ),
            (
                json!([{"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2", "memory": "1Gi"}}]),
                "Burstable",
            ),
        ] {
            let containers: Vec<Value> = resources
                .as_array()
                .unwrap()
                .iter()
                .map(|resources| json!({"resources": resources}))
                .collect();
            let pod = json!({"spec": {"containers": containers}});
            assert_eq!(quality_of_service(&pod), wanted, "{resources}");
        }
    }

    #[test]
    fn a_pod_tolerates_bad_nodes_for_a_while_where_it_does_not_say() {
        let mut pod = json!({"spec": {"tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}]}});
        admit(&mut pod);
        let tolerations = pod["spec"]["tolerations"].as_array().unwrap();
        assert_eq!(tolerations.len(), 2);
        assert_eq!(tolerations[1]["key"], "node.kubernetes.io/unreachable");
        assert_eq!(pod["spec"]["priority"], 0);
        let mut all =
            json!({"spec": {"tolerations": [{"operator": "Exists"}], "priorityClassName": "system-node-critical"}});
        admit(&mut all);
        assert_eq!(all["spec"]["tolerations"].as_array().unwrap().len(), 1);
        assert_eq!(all["spec"]["priority"], 2_000_001_000);
    }

    #[test]
    fn gates_hold_a_pod_back() {
        let pod = json!({"spec": {"schedulingGates": [{"name": "example.com/wait"}]}});
        assert_eq!(first_status(&pod)["conditions"][0]["reason"], "SchedulingGated");
        assert_eq!(
            first_status(&json!({"spec": {}})),
            json!({"phase": "Pending", "qosClass": "BestEffort"})
        );
    }
}
