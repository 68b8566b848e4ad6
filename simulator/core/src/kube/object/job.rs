//! The selector of a Job, and the labels by which its pods are found.
//!
//! Source: `pkg/registry/batch/job/strategy.go` (`generateSelector`) of Kubernetes 1.32.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::text;

/// The label with the Job's uid, which its selector selects.
pub const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";
/// The label with the Job's name.
pub const JOB_NAME: &str = "batch.kubernetes.io/job-name";
/// [`CONTROLLER_UID`] as it was before labels had prefixes.
pub const LEGACY_CONTROLLER_UID: &str = "controller-uid";
/// [`JOB_NAME`] as it was before labels had prefixes.
pub const LEGACY_JOB_NAME: &str = "job-name";

/// Gives a new Job its selector, and its pods the labels that it selects, unless it has a selector of its own
/// (`manualSelector`). Labels that are there already stay: validation refuses wrong ones.
pub(in crate::kube) fn generate_selector(job: &mut Value) {
    if has_manual_selector(job) {
        return;
    }
    let [name, uid] = ["/metadata/name", "/metadata/uid"].map(|pointer| text(job, pointer).to_owned());
    let Some(spec) = object_in(job, "spec") else { return };
    if let Some(labels) = object_in_each(spec, &["template", "metadata", "labels"]) {
        for (label, value) in [
            (LEGACY_JOB_NAME, &name),
            (JOB_NAME, &name),
            (LEGACY_CONTROLLER_UID, &uid),
            (CONTROLLER_UID, &uid),
        ] {
            labels.entry(label).or_insert_with(|| json!(value));
        }
    }
    let labels = spec
        .get("template")
        .and_then(|template| template.pointer("/metadata/labels"));
    let labels = labels.cloned().unwrap_or_default();
    if let Some(selected) = object_in_each(spec, &["selector", "matchLabels"]) {
        selected.entry(CONTROLLER_UID).or_insert_with(|| json!(uid));
    }
    // What is read from etcd gets defaults too: a Job without labels has those of its pods (`SetDefaults_Job`).
    if let Some(own) = object_in(job, "metadata").and_then(|metadata| entry(metadata, "labels"))
        && own.is_empty()
        && let Value::Object(labels) = labels
    {
        *own = labels;
    }
}

/// Whether a Job says itself which pods are its own.
pub(crate) fn has_manual_selector(job: &Value) -> bool {
    job.pointer("/spec/manualSelector") == Some(&Value::Bool(true))
}

/// The object at a path of fields, which are made where they are absent or null.
fn object_in_each<'a>(mut map: &'a mut Map<String, Value>, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    for field in path {
        map = entry(map, field)?;
    }
    Some(map)
}

fn object_in<'a>(value: &'a mut Value, field: &str) -> Option<&'a mut Map<String, Value>> {
    entry(value.as_object_mut()?, field)
}

fn entry<'a>(map: &'a mut Map<String, Value>, field: &str) -> Option<&'a mut Map<String, Value>> {
    let slot = map.entry(field).or_insert_with(|| json!({}));
    if slot.is_null() {
        *slot = json!({});
    }
    slot.as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_selects_its_pods_by_its_uid() {
        let mut job = json!({
            "metadata": {"name": "once", "uid": "u-1"},
            "spec": {"selector": null, "template": {"metadata": {"labels": {"app": "x", "job-name": "mine"}}}},
        });
        generate_selector(&mut job);
        assert_eq!(
            job["spec"]["selector"],
            json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}})
        );
        assert_eq!(
            job["spec"]["template"]["metadata"]["labels"],
            json!({
                "app": "x",
                "batch.kubernetes.io/controller-uid": "u-1",
                "batch.kubernetes.io/job-name": "once",
                "controller-uid": "u-1",
                "job-name": "mine",
            })
        );
        assert_eq!(job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]);
        let manual = json!({"metadata": {"name": "once", "uid": "u-1"}, "spec": {"manualSelector": true}});
        let mut kept = manual.clone();
        generate_selector(&mut kept);
        assert_eq!(kept, manual);
    }
}
