//! Pods, and the kinds that make pods.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use super::Errors;
use super::core::port_number;
use super::entries;
use super::go_text_map;
use super::items;
use super::metadata;
use super::name;
use super::text;
use crate::kube::object::job::CONTROLLER_UID;
use crate::kube::object::job::JOB_NAME;
use crate::kube::object::job::LEGACY_CONTROLLER_UID;
use crate::kube::object::job::LEGACY_JOB_NAME;
use crate::kube::object::job::has_manual_selector;
use crate::value::log::go_quote;

pub(in crate::kube) fn pod(errors: &mut Errors, old: Option<&Value>, object: &Value) {
    let Some(old) = old else {
        pod_spec(errors, "spec", object.get("spec").unwrap_or(&Value::Null));
        return;
    };
    // Only images, deadlines and tolerations of a pod may change.
    let fixed = |pod: &Value| {
        let mut spec = pod.get("spec").cloned().unwrap_or_default();
        if let Some(spec) = spec.as_object_mut() {
            for field in [
                "activeDeadlineSeconds",
                "terminationGracePeriodSeconds",
                "tolerations",
                "ephemeralContainers",
                "nodeName",
                "schedulingGates",
            ] {
                spec.remove(field);
            }
            for field in ["containers", "initContainers"] {
                let list = spec.get_mut(field).and_then(Value::as_array_mut);
                for container in list.into_iter().flatten().filter_map(Value::as_object_mut) {
                    container.remove("image");
                }
            }
        }
        spec
    };
    if fixed(old) != fixed(object) {
        errors.forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        );
    }
}

fn pod_spec(errors: &mut Errors, path: &str, spec: &Value) {
    const RESTARTS: [&str; 3] = ["Always", "OnFailure", "Never"];
    const DNS: [&str; 4] = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    let containers = items(spec, "/containers");
    if containers.is_empty() {
        errors.required(&format!("{path}.containers"), "");
    }
    let mut names = BTreeSet::new();
    for field in ["containers", "initContainers"] {
        for (at, one) in items(spec, &format!("/{field}")).iter().enumerate() {
            let path = format!("{path}.{field}[{at}]");
            container(errors, &path, one);
            let own = text(one, "/name");
            if !own.is_empty() && !names.insert(own) {
                errors.duplicate(&format!("{path}.name"), &go_quote(own));
            }
        }
    }
    let restart = text(spec, "/restartPolicy");
    if !RESTARTS.contains(&restart) {
        errors.not_supported(&format!("{path}.restartPolicy"), restart, &RESTARTS);
    }
    let dns = text(spec, "/dnsPolicy");
    if !DNS.contains(&dns) {
        errors.not_supported(&format!("{path}.dnsPolicy"), dns, &DNS);
    }
    metadata::labels(errors, &format!("{path}.nodeSelector"), spec.get("nodeSelector"));
    for field in ["serviceAccountName", "nodeName"] {
        let value = text(spec, &format!("/{field}"));
        if !value.is_empty() {
            errors.invalid_text(&format!("{path}.{field}"), value, name::subdomain(value));
        }
    }
    let volumes: BTreeSet<&str> = items(spec, "/volumes")
        .iter()
        .map(|volume| text(volume, "/name"))
        .collect();
    for field in ["containers", "initContainers"] {
        for (at, one) in items(spec, &format!("/{field}")).iter().enumerate() {
            for (mount_at, mount) in items(one, "/volumeMounts").iter().enumerate() {
                let own = text(mount, "/name");
                if !volumes.contains(own) {
                    let path = format!("{path}.{field}[{at}].volumeMounts[{mount_at}].name");
                    errors.push(super::FieldErrorKind::NotFound, &path, go_quote(own));
                }
            }
        }
    }
}

fn container(errors: &mut Errors, path: &str, container: &Value) {
    const PULLS: [&str; 3] = ["Always", "IfNotPresent", "Never"];
    const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
    let own = text(container, "/name");
    if own.is_empty() {
        errors.required(&format!("{path}.name"), "");
    } else {
        errors.invalid_text(&format!("{path}.name"), own, name::label(own));
    }
    if text(container, "/image").is_empty() {
        errors.required(&format!("{path}.image"), "");
    }
    for (at, port) in items(container, "/ports").iter().enumerate() {
        let path = format!("{path}.ports[{at}]");
        match port.get("containerPort").and_then(Value::as_i64).unwrap_or_default() {
            0 => errors.required(&format!("{path}.containerPort"), ""),
            number => port_number(errors, &format!("{path}.containerPort"), number),
        }
        let protocol = text(port, "/protocol");
        if !PROTOCOLS.contains(&protocol) {
            errors.not_supported(&format!("{path}.protocol"), protocol, &PROTOCOLS);
        }
    }
    for (at, variable) in items(container, "/env").iter().enumerate() {
        if text(variable, "/name").is_empty() {
            errors.required(&format!("{path}.env[{at}].name"), "");
        }
    }
    let pull = text(container, "/imagePullPolicy");
    if !PULLS.contains(&pull) {
        errors.not_supported(&format!("{path}.imagePullPolicy"), pull, &PULLS);
    }
}

fn template(errors: &mut Errors, path: &str, owner: &Value) {
    let template = owner.get("template").unwrap_or(&Value::Null);
    let labels = template.pointer("/metadata/labels");
    metadata::labels(errors, &format!("{path}.labels"), labels);
    pod_spec(
        errors,
        &format!("{path}.spec"),
        template.get("spec").unwrap_or(&Value::Null),
    );
}

fn count(errors: &mut Errors, path: &str, value: Option<&Value>) {
    if let Some(number) = value.and_then(Value::as_i64).filter(|number| *number < 0) {
        errors.invalid(path, &number.to_string(), "must be greater than or equal to 0");
    }
}

pub(in crate::kube) fn replication_controller(errors: &mut Errors, object: &Value) {
    count(errors, "spec.replicas", object.pointer("/spec/replicas"));
    let selector = object.pointer("/spec/selector");
    if selector
        .and_then(Value::as_object)
        .is_none_or(serde_json::Map::is_empty)
    {
        errors.required("spec.selector", "");
    } else if !entries(object, "/spec/selector").all(|(key, value)| template_label(object, key) == Some(value)) {
        mismatch(errors, object);
    }
    template(errors, "spec.template", object.get("spec").unwrap_or(&Value::Null));
}

fn template_label<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    object.pointer("/spec/template/metadata/labels")?.get(key)
}

fn mismatch(errors: &mut Errors, object: &Value) {
    let labels = object.pointer("/spec/template/metadata/labels");
    errors.invalid(
        "spec.template.metadata.labels",
        &go_text_map(labels),
        "`selector` does not match template `labels`",
    );
}

pub(in crate::kube) fn apps(errors: &mut Errors, kind: &str, old: Option<&Value>, object: &Value) {
    count(errors, "spec.replicas", object.pointer("/spec/replicas"));
    let selector = object.pointer("/spec/selector").filter(|selector| !selector.is_null());
    match selector {
        None => errors.required("spec.selector", ""),
        Some(selector) => {
            metadata::labels(errors, "spec.selector.matchLabels", selector.get("matchLabels"));
            let empty = entries(selector, "/matchLabels").next().is_none();
            if empty && items(selector, "/matchExpressions").is_empty() {
                let what = match kind {
                    "DaemonSet" => "daemonset",
                    "StatefulSet" => "statefulset",
                    _ => "deployment",
                };
                let why = format!("empty selector is invalid for {what}");
                errors.invalid("spec.selector", &go_selector(selector), &why);
            } else if !selects(selector, object) {
                mismatch(errors, object);
            }
        }
    }
    template(errors, "spec.template", object.get("spec").unwrap_or(&Value::Null));
    let restart = text(object, "/spec/template/spec/restartPolicy");
    if restart != "Always" {
        errors.not_supported("spec.template.spec.restartPolicy", restart, &["Always"]);
    }
    for field in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        count(
            errors,
            &format!("spec.{field}"),
            object.pointer(&format!("/spec/{field}")),
        );
    }
    let Some(old) = old else { return };
    if kind == "StatefulSet" {
        let fixed = |object: &Value| {
            let mut spec = object.get("spec").cloned().unwrap_or_default();
            if let Some(spec) = spec.as_object_mut() {
                for field in [
                    "replicas",
                    "ordinals",
                    "template",
                    "updateStrategy",
                    "persistentVolumeClaimRetentionPolicy",
                    "minReadySeconds",
                ] {
                    spec.remove(field);
                }
            }
            spec
        };
        if fixed(old) != fixed(object) {
            errors.forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            );
        }
    } else if let Some(selector) = selector.filter(|selector| old.pointer("/spec/selector") != Some(*selector)) {
        errors.invalid("spec.selector", &go_selector(selector), "field is immutable");
    }
}

/// Whether a selector selects the labels of the template.
fn selects(selector: &Value, object: &Value) -> bool {
    selects_labels(selector, |key| template_label(object, key).and_then(Value::as_str))
}

/// Whether a selector selects what has these labels.
fn selects_labels<'a>(selector: &Value, label: impl Fn(&str) -> Option<&'a str>) -> bool {
    entries(selector, "/matchLabels").all(|(key, value)| label(key) == value.as_str())
        && items(selector, "/matchExpressions").iter().all(|expression| {
            let found = label(text(expression, "/key"));
            let among = items(expression, "/values").iter().any(|value| value.as_str() == found);
            match text(expression, "/operator") {
                "In" => found.is_some() && among,
                "NotIn" => !among,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}

/// A LabelSelector as Go prints it with `%#v`.
fn go_selector(selector: &Value) -> String {
    let expressions: Vec<String> = items(selector, "/matchExpressions")
        .iter()
        .map(|expression| {
            let values = items(expression, "/values");
            let values = if values.is_empty() {
                "[]string(nil)".to_owned()
            } else {
                super::go_text_list(values)
            };
            format!(
                "v1.LabelSelectorRequirement{{Key:{}, Operator:{}, Values:{values}}}",
                go_quote(text(expression, "/key")),
                go_quote(text(expression, "/operator"))
            )
        })
        .collect();
    let expressions = if expressions.is_empty() {
        "[]v1.LabelSelectorRequirement(nil)".to_owned()
    } else {
        format!("[]v1.LabelSelectorRequirement{{{}}}", expressions.join(", "))
    };
    let labels = go_text_map(selector.get("matchLabels"));
    format!("v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:{expressions}}}")
}

/// FIDELITY: a forbidden change of a Job shows the new value as JSON, where the real server prints it in Go's form.
pub(in crate::kube) fn job(errors: &mut Errors, old: Option<&Value>, object: &Value) {
    let nothing = Value::Null;
    let spec = object.get("spec").unwrap_or(&nothing);
    let before = old.map(|old| old.get("spec").unwrap_or(&nothing));
    // One that was stored without a selector, before Jobs had them here, may go on.
    let is_new = before != Some(spec);
    if is_new && !has_manual_selector(object) && !spec.pointer("/selector").is_none_or(Value::is_null) {
        generated_selector(errors, old, object);
    }
    job_spec(errors, "spec", spec);
    if is_new {
        match spec.get("selector").filter(|selector| !selector.is_null()) {
            None => errors.required("spec.selector", ""),
            Some(selector) => {
                metadata::labels(errors, "spec.selector.matchLabels", selector.get("matchLabels"));
                if !selects(selector, object) {
                    mismatch(errors, object);
                }
            }
        }
    }
    if let Some(before) = before {
        job_change(errors, old.unwrap_or(&nothing), before, spec);
    }
}

/// The labels and the selector are those that the server makes (`validateGeneratedSelector`).
fn generated_selector(errors: &mut Errors, old: Option<&Value>, object: &Value) {
    let [name, uid] = ["/metadata/name", "/metadata/uid"].map(|pointer| text(object, pointer));
    if uid.is_empty() {
        errors.required("metadata.uid", "");
    }
    // Jobs from before 1.27 have no labels with prefixes.
    let had = |label: &str| old.is_none_or(|old| template_label(old, label).is_some());
    let mut expected = vec![(LEGACY_CONTROLLER_UID, uid), (LEGACY_JOB_NAME, name)];
    if had(JOB_NAME) && had(CONTROLLER_UID) {
        expected.extend([(CONTROLLER_UID, uid), (JOB_NAME, name)]);
    }
    for (label, wanted) in &expected {
        let field = format!("spec.template.metadata.labels[{label}]");
        match template_label(object, label) {
            None => errors.required(&field, &format!("must be '{wanted}'")),
            Some(found) if found != wanted => {
                let labels = go_text_map(object.pointer("/spec/template/metadata/labels"));
                errors.invalid(&field, &labels, &format!("must be '{wanted}'"));
            }
            Some(_) => {}
        }
    }
    let selector = object.pointer("/spec/selector").unwrap_or(&Value::Null);
    let label = |key: &str| expected.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    if !selects_labels(selector, label) {
        errors.invalid("spec.selector", &go_selector(selector), "`selector` not auto-generated");
    }
}

/// What of a Job never changes (`ValidateJobSpecUpdate`).
fn job_change(errors: &mut Errors, old: &Value, before: &Value, spec: &Value) {
    let is_indexed = text(spec, "/completionMode") == "Indexed";
    let field = |spec: &Value, field: &str| spec.get(field).cloned().unwrap_or_default();
    let shown = |value: &Value| value.to_string();
    let completions = field(spec, "completions");
    if completions != field(before, "completions") {
        if !is_indexed {
            errors.invalid("spec.completions", &shown(&completions), "field is immutable");
        } else if !completions.is_null() && completions != field(spec, "parallelism") {
            let why = "can only be modified in tandem with spec.parallelism";
            errors.invalid("spec.completions", &shown(&completions), why);
        }
    }
    let selector = field(spec, "selector");
    if selector != field(before, "selector") {
        let shown = if selector.is_null() {
            "null".to_owned()
        } else {
            go_selector(&selector)
        };
        errors.invalid("spec.selector", &shown, "field is immutable");
    }
    // Where a Job that is suspended runs may change before it has started.
    let is_suspended = before.get("suspend") == Some(&Value::Bool(true));
    let may_move = is_suspended && old.pointer("/status/startTime").is_none_or(Value::is_null);
    let fixed = |spec: &Value| {
        let mut template = field(spec, "template");
        if may_move {
            for (owner, fields) in [
                ("/metadata", &["annotations", "labels"][..]),
                ("/spec", &["nodeSelector", "schedulingGates", "tolerations"]),
                ("/spec/affinity", &["nodeAffinity"]),
            ] {
                let Some(owner) = template.pointer_mut(owner).and_then(Value::as_object_mut) else {
                    continue;
                };
                fields.iter().for_each(|field| drop(owner.remove(*field)));
            }
            let pod = template.get_mut("spec").and_then(Value::as_object_mut);
            if let Some(pod) = pod.filter(|pod| pod.get("affinity") == Some(&Value::Object(Map::new()))) {
                pod.remove("affinity");
            }
        }
        template
    };
    if fixed(before) != fixed(spec) {
        let template = field(spec, "template");
        errors.invalid("spec.template", &shown(&template), "field is immutable");
    }
    for name in [
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        let value = field(spec, name);
        if value != field(before, name) {
            errors.invalid(&format!("spec.{name}"), &shown(&value), "field is immutable");
        }
    }
}

fn job_spec(errors: &mut Errors, path: &str, spec: &Value) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ] {
        count(errors, &format!("{path}.{field}"), spec.get(field));
    }
    template(errors, &format!("{path}.template"), spec);
    let restart = text(spec, "/template/spec/restartPolicy");
    if restart == "Always" || restart.is_empty() {
        // Of a job, what the default is for pods cannot be.
        let path = format!("{path}.template.spec.restartPolicy");
        errors.push(
            super::FieldErrorKind::Required,
            &path,
            "valid values: \"OnFailure\", \"Never\"".to_owned(),
        );
    }
}

pub(in crate::kube) fn cron_job(errors: &mut Errors, object: &Value) {
    const POLICIES: [&str; 3] = ["Allow", "Forbid", "Replace"];
    let schedule = text(object, "/spec/schedule");
    if schedule.is_empty() {
        errors.required("spec.schedule", "");
    } else {
        let fields = schedule.split_whitespace().count();
        if !schedule.starts_with('@') && fields != 5 {
            let why = format!(
                "expected exactly 5 fields, found {fields}: [{}]",
                schedule.split_whitespace().collect::<Vec<_>>().join(" ")
            );
            errors.invalid("spec.schedule", &go_quote(schedule), &why);
        }
        if schedule.contains("TZ") {
            let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
            errors.invalid("spec.schedule", &go_quote(schedule), why);
        }
    }
    let policy = text(object, "/spec/concurrencyPolicy");
    if !POLICIES.contains(&policy) {
        errors.not_supported("spec.concurrencyPolicy", policy, &POLICIES);
    }
    let template = object.pointer("/spec/jobTemplate/spec").unwrap_or(&Value::Null);
    job_spec(errors, "spec.jobTemplate.spec", template);
    if let Some(selector) = template.get("selector").filter(|selector| !selector.is_null()) {
        let why = "`selector` will be auto-generated";
        errors.invalid("spec.jobTemplate.spec.selector", &go_selector(selector), why);
    }
    if template.get("manualSelector") == Some(&Value::Bool(true)) {
        let field = "spec.jobTemplate.spec.manualSelector";
        let detail = "true: supported values: \"nil\", \"false\"".to_owned();
        errors.push(super::FieldErrorKind::NotSupported, field, detail);
    }
    for field in [
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
    ] {
        count(
            errors,
            &format!("spec.{field}"),
            object.pointer(&format!("/spec/{field}")),
        );
    }
}
