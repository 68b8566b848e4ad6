//! Pods: what their containers come to.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::View;
use super::condition;
use super::flag;
use super::instant;
use super::items;
use super::non_empty;
use super::number;
use super::present;
use super::text;
use crate::value::instant::Timestamp;

/// Pods that have ended are marked.
pub(super) fn conditions(object: &Value) -> Option<Value> {
    let phase = text(object, "/status/phase");
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

pub(super) fn pod(view: &View<'_>) -> Vec<Value> {
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
