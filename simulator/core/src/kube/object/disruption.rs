//! Evictions: whether the disruption budgets let a pod go, and what is written of it.
//!
//! Source: `pkg/registry/core/pod/storage/eviction.go` and `component-helpers/apps/poddisruptionbudget` of Kubernetes 1.32.
//!
//! FIDELITY: no controller counts pods, so that a budget's status is what somebody wrote into it. As on a real cluster
//! whose controllers stand still, a new budget lets no pod go that runs.

use serde_json::Value;
use serde_json::json;

use super::ObjectKey;
use super::ObjectStore;
use super::items;
use super::text;
use crate::kube::selector::selects;
use crate::value::instant::Timestamp;

/// The store's name for budgets.
const BUDGETS: &str = "poddisruptionbudgets.policy";
/// So many evictions may wait for the controller (`MaxDisruptedPodSize`).
const MOST_DISRUPTED: usize = 2000;
/// What a budget's condition is called that says whether it allows any disruption.
const ALLOWED: &str = "DisruptionAllowed";

/// Why a pod may not be evicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisruptionError {
    /// The budget allows no disruption.
    Exhausted {
        /// The budget's name.
        budget: String,
        /// How many healthy pods it wants.
        desired: i64,
        /// How many it has seen.
        current: i64,
    },
    /// The budget's status allows fewer than none.
    Negative {
        /// The budget's name.
        budget: String,
    },
    /// More than one budget selects the pod.
    Several,
    /// The budget's status does not speak of its present generation.
    StillProcessed {
        /// The budget's name.
        budget: String,
    },
    /// Too many evictions wait to be confirmed.
    TooManyDisrupted {
        /// The budget's name.
        budget: String,
    },
}

/// What an eviction of `pod` writes into its budget: the key and the new state, or nothing where no budget is touched.
///
/// # Errors
/// [`DisruptionError`].
pub fn evict(
    objects: &ObjectStore,
    pod: &Value,
    now: Timestamp,
) -> Result<Option<(ObjectKey, Value)>, DisruptionError> {
    let is_ending = pod
        .pointer("/metadata/deletionTimestamp")
        .is_some_and(|found| !found.is_null());
    if is_ending || matches!(text(pod, "/status/phase"), "Succeeded" | "Failed" | "Pending") {
        return Ok(None);
    }
    let namespace = text(pod, "/metadata/namespace");
    let mut budgets = objects
        .list(BUDGETS, Some(namespace))
        .filter(|(_, budget)| selects(budget.pointer("/spec/selector").unwrap_or(&Value::Null), pod));
    let Some((key, budget)) = budgets.next() else {
        return Ok(None);
    };
    if budgets.next().is_some() {
        return Err(DisruptionError::Several);
    }
    let status = |field: &str| {
        let found = budget.pointer(&format!("/status/{field}")).and_then(Value::as_i64);
        found.unwrap_or_default()
    };
    if !is_ready(pod) {
        let (current, desired) = (status("currentHealthy"), status("desiredHealthy"));
        let always = text(budget, "/spec/unhealthyPodEvictionPolicy") == "AlwaysAllow";
        if always || (current >= desired && desired > 0) {
            return Ok(None);
        }
    }
    let name = key.name.clone();
    let generation = budget.pointer("/metadata/generation").and_then(Value::as_i64);
    if status("observedGeneration") < generation.unwrap_or_default() {
        return Err(DisruptionError::StillProcessed { budget: name });
    }
    let allowed = status("disruptionsAllowed");
    if allowed < 0 {
        return Err(DisruptionError::Negative { budget: name });
    }
    let disrupted = budget.pointer("/status/disruptedPods").and_then(Value::as_object);
    if disrupted.is_some_and(|pods| pods.len() > MOST_DISRUPTED) {
        return Err(DisruptionError::TooManyDisrupted { budget: name });
    }
    if allowed == 0 {
        return Err(DisruptionError::Exhausted {
            budget: name,
            desired: status("desiredHealthy"),
            current: status("currentHealthy"),
        });
    }
    let mut taken = (**budget).clone();
    if let Some(status) = taken.get_mut("status").and_then(Value::as_object_mut) {
        status.insert("disruptionsAllowed".to_owned(), json!(allowed - 1));
        let pods = status.entry("disruptedPods").or_insert_with(|| json!({}));
        if let Some(pods) = pods.as_object_mut() {
            pods.insert(text(pod, "/metadata/name").to_owned(), json!(now.render_rfc3339()));
        }
    }
    if allowed == 1 {
        tell_exhausted(&mut taken, now);
    }
    Ok(Some((key.clone(), taken)))
}

/// A pod that is about to be evicted says so.
pub fn mark_evicted(pod: &mut Value, now: Timestamp) {
    let condition = json!({
        "lastProbeTime": null,
        "lastTransitionTime": now.render_rfc3339(),
        "message": "Eviction API: evicting",
        "reason": "EvictionByEvictionAPI",
        "status": "True",
        "type": "DisruptionTarget",
    });
    set_condition(pod, "DisruptionTarget", condition);
}

fn is_ready(pod: &Value) -> bool {
    items(pod, "/status/conditions")
        .iter()
        .any(|condition| text(condition, "/type") == "Ready" && text(condition, "/status") == "True")
}

fn tell_exhausted(budget: &mut Value, now: Timestamp) {
    let stored = items(budget, "/status/conditions").iter();
    let mut stored = stored.filter(|condition| text(condition, "/type") == ALLOWED);
    let since = stored.find(|condition| text(condition, "/status") == "False");
    let since = since.and_then(|condition| condition.get("lastTransitionTime")).cloned();
    let observed = budget.pointer("/status/observedGeneration").cloned();
    let mut condition = json!({
        "lastTransitionTime": since.unwrap_or_else(|| json!(now.render_rfc3339())),
        "message": "",
        "reason": "InsufficientPods",
        "status": "False",
        "type": ALLOWED,
    });
    if let (Some(observed), Some(condition)) = (observed, condition.as_object_mut()) {
        condition.insert("observedGeneration".to_owned(), observed);
    }
    set_condition(budget, ALLOWED, condition);
}

/// Writes a condition in place of the one of that type, or behind the others.
fn set_condition(object: &mut Value, kind: &str, condition: Value) {
    let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) else {
        return;
    };
    let list = status.entry("conditions").or_insert_with(|| json!([]));
    if list.is_null() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else { return };
    match list.iter_mut().find(|found| text(found, "/type") == kind) {
        Some(found) => *found = condition,
        None => list.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::id::IdGenerator;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn pod(status: Value) -> Value {
        json!({"metadata": {"name": "p", "namespace": "n", "labels": {"app": "web"}}, "status": status})
    }

    fn running() -> Value {
        pod(json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}))
    }

    fn store(budgets: &[(&str, Value)]) -> ObjectStore {
        let mut objects = ObjectStore::default();
        for (name, status) in budgets {
            let budget = json!({
                "metadata": {"generation": 1},
                "spec": {"selector": {"matchLabels": {"app": "web"}}},
                "status": status,
            });
            let key = ObjectKey::new(BUDGETS, "n", name);
            objects.create(key, budget, &mut IdGenerator::new(1), NOW).unwrap();
        }
        objects
    }

    #[track_caller]
    fn refused(status: Value, expected: &DisruptionError) {
        let objects = store(&[("web", status)]);
        assert_eq!(evict(&objects, &running(), NOW).as_ref(), Err(expected));
    }

    #[test]
    fn a_budget_that_allows_none_keeps_a_pod() {
        let budget = || "web".to_owned();
        refused(
            json!({"disruptionsAllowed": 1}),
            &DisruptionError::StillProcessed { budget: budget() },
        );
        refused(
            json!({"observedGeneration": 1, "disruptionsAllowed": 0, "desiredHealthy": 2, "currentHealthy": 1}),
            &DisruptionError::Exhausted {
                budget: budget(),
                desired: 2,
                current: 1,
            },
        );
        refused(
            json!({"observedGeneration": 1, "disruptionsAllowed": -1}),
            &DisruptionError::Negative { budget: budget() },
        );
        let allows = json!({"observedGeneration": 1, "disruptionsAllowed": 1});
        let objects = store(&[("a", allows.clone()), ("b", allows)]);
        assert_eq!(evict(&objects, &running(), NOW), Err(DisruptionError::Several));
    }

    #[test]
    fn a_pod_that_does_not_count_goes_whatever_the_budget_says() {
        let objects = store(&[(
            "web",
            json!({"observedGeneration": 1, "desiredHealthy": 1, "currentHealthy": 1}),
        )]);
        for status in [
            json!({"phase": "Pending"}),
            json!({"phase": "Failed"}),
            json!({"phase": "Running"}),
        ] {
            assert_eq!(evict(&objects, &pod(status.clone()), NOW), Ok(None), "{status}");
        }
        let mut other = running();
        other["metadata"]["labels"]["app"] = json!("api");
        assert_eq!(evict(&objects, &other, NOW), Ok(None));
        other["metadata"]["labels"]["app"] = json!("web");
        assert!(evict(&objects, &other, NOW).is_err());
        other["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(evict(&objects, &other, NOW), Ok(None));
    }

    #[test]
    fn the_last_allowed_disruption_is_reported() {
        let objects = store(&[("web", json!({"observedGeneration": 1, "disruptionsAllowed": 2}))]);
        let (key, taken) = evict(&objects, &running(), NOW).unwrap().unwrap();
        assert_eq!(key.name, "web");
        assert_eq!(
            taken["status"],
            json!({"observedGeneration": 1, "disruptionsAllowed": 1, "disruptedPods": {"p": "1970-01-01T00:00:00Z"}})
        );
        let objects = store(&[("web", taken["status"].clone())]);
        let (_, taken) = evict(&objects, &running(), NOW).unwrap().unwrap();
        assert_eq!(taken["status"]["disruptionsAllowed"], 0);
        assert_eq!(
            taken["status"]["conditions"],
            json!([{
                "lastTransitionTime": "1970-01-01T00:00:00Z",
                "message": "",
                "observedGeneration": 1,
                "reason": "InsufficientPods",
                "status": "False",
                "type": "DisruptionAllowed",
            }])
        );
    }

    #[test]
    fn an_evicted_pod_says_why_it_goes() {
        let mut pod = running();
        mark_evicted(&mut pod, NOW);
        mark_evicted(&mut pod, NOW);
        assert_eq!(pod["status"]["conditions"].as_array().unwrap().len(), 2);
        assert_eq!(pod["status"]["conditions"][1]["reason"], "EvictionByEvictionAPI");
    }
}
