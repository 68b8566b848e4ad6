use serde_json::json;

use super::*;
use crate::kube::kinds;
use crate::kube::schema::Kind;

fn checks(kind: &Kind) -> &'static Checks {
    &kinds::of_kind(kind).unwrap().checks
}

#[track_caller]
fn check_update(api_version: &str, kind: &str, old: Option<&Value>, object: &Value, wanted: &[&str]) {
    let kind = Kind::of(api_version, kind);
    let cluster = kind.kind.starts_with("Cluster") || ["Namespace", "CustomResourceDefinition"].contains(&&*kind.kind);
    let scope = if cluster { Scope::Cluster } else { Scope::Namespaced };
    let errors = validate(checks(&kind), scope, old, object);
    let texts: Vec<String> = errors.iter().map(|error| format!("{}: {error}", error.field)).collect();
    assert_eq!(texts, wanted, "{object}");
}

/// Checks an object with its defaults, in namespace `n` where it has one.
#[track_caller]
fn check(api_version: &str, kind: &str, mut object: Value, wanted: &[&str]) {
    kinds::set_defaults(&Kind::of(api_version, kind), &mut object);
    check_update(api_version, kind, None, &object, wanted);
}

fn named(rest: Value) -> Value {
    let mut object = rest;
    object["metadata"] = json!({"name": "a", "namespace": "n"});
    object
}

#[test]
fn names_follow_the_rules_of_their_kinds() {
    let of = |name: &str| json!({"metadata": {"name": name, "namespace": "n"}});
    check("v1", "ConfigMap", of("a.b-1"), &[]);
    check(
        "v1",
        "ConfigMap",
        of("A"),
        &[
            r#"metadata.name: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#,
        ],
    );
    check(
        "v1",
        "Namespace",
        json!({"metadata": {"name": "a_b"}}),
        &[
            r#"metadata.name: Invalid value: "a_b": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"#,
        ],
    );
    check(
        "v1",
        "ConfigMap",
        json!({"metadata": {"namespace": "n"}}),
        &["metadata.name: Required value: name or generateName is required"],
    );
    check("rbac.authorization.k8s.io/v1", "Role", of("system:x Y"), &[]);
    check(
        "rbac.authorization.k8s.io/v1",
        "Role",
        of("a/b"),
        &[r#"metadata.name: Invalid value: "a/b": may not contain '/'"#],
    );
    check(
        "v1",
        "ConfigMap",
        json!({"metadata": {"name": "a"}}),
        &["metadata.namespace: Required value"],
    );
    check(
        "rbac.authorization.k8s.io/v1",
        "ClusterRole",
        of("a"),
        &["metadata.namespace: Forbidden: not allowed on this type"],
    );
}

#[test]
fn labels_and_annotations_follow_their_rules() {
    let object = json!({"metadata": {"name": "a", "namespace": "n", "labels": {"x": "a b"}, "annotations": {"": "x"}}});
    check(
        "v1",
        "ConfigMap",
        object,
        &[
            r#"metadata.labels: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"#,
            r#"metadata.annotations: Invalid value: "": name part must be non-empty"#,
            r#"metadata.annotations: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#,
        ],
    );
    let full =
        |length: usize| json!({"metadata": {"name": "a", "namespace": "n", "annotations": {"a": "x".repeat(length)}}});
    check("v1", "ConfigMap", full(256 * 1024 - 1), &[]);
    check(
        "v1",
        "ConfigMap",
        full(256 * 1024),
        &["metadata.annotations: Too long: may not be more than 262144 bytes"],
    );
}

#[test]
fn role_bindings_are_checked_whole() {
    const BINDING: (&str, &str) = ("rbac.authorization.k8s.io/v1", "RoleBinding");
    let role = json!({"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"});
    check(
        BINDING.0,
        BINDING.1,
        named(
            json!({"roleRef": {"kind": "Rolle"}, "subjects": [{"kind": "User"}, {"kind": "Person", "name": "p"}, {"kind": "ServiceAccount", "name": "s", "apiGroup": "x"}]}),
        ),
        &[
            r#"roleRef.kind: Unsupported value: "Rolle": supported values: "Role", "ClusterRole""#,
            "roleRef.name: Required value",
            "subjects[0].name: Required value",
            r#"subjects[1].kind: Unsupported value: "Person": supported values: "ServiceAccount", "User", "Group""#,
            r#"subjects[2].apiGroup: Unsupported value: "x": supported values: """#,
        ],
    );
    let old = named(json!({"roleRef": role}));
    let mut new = old.clone();
    new["roleRef"]["name"] = json!("other");
    check_update(BINDING.0, BINDING.1, Some(&old), &old, &[]);
    check_update(
        BINDING.0,
        BINDING.1,
        Some(&old),
        &new,
        &[
            r#"roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"other"}: cannot change roleRef"#,
        ],
    );
}

#[test]
fn rules_must_say_what_they_allow() {
    let role = named(
        json!({"rules": [{"verbs": [], "resources": ["pods"]}, {"verbs": ["get"], "nonResourceURLs": ["/healthz"], "resources": ["pods"]}]}),
    );
    check(
        "rbac.authorization.k8s.io/v1",
        "Role",
        role,
        &[
            "rules[0].verbs: Required value: verbs must contain at least one value",
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
            r#"rules[1].nonResourceURLs: Invalid value: []string{"/healthz"}: namespaced rules cannot apply to non-resource URLs"#,
            r#"rules[1].nonResourceURLs: Invalid value: []string{"/healthz"}: rules cannot apply to both regular resources and non-resource URLs"#,
        ],
    );
}

#[test]
fn workloads_select_what_they_make_and_keep_to_it() {
    let deployment = |selector: &str, label: &str| {
        let mut object = named(json!({"spec": {
            "selector": {"matchLabels": {"app": selector}},
            "template": {"metadata": {"labels": {"app": label}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
        }}));
        kinds::set_defaults(&Kind::of("apps/v1", "Deployment"), &mut object);
        object
    };
    check("apps/v1", "Deployment", deployment("x", "x"), &[]);
    check(
        "apps/v1",
        "Deployment",
        deployment("x", "y"),
        &[
            r#"spec.template.metadata.labels: Invalid value: map[string]string{"app":"y"}: `selector` does not match template `labels`"#,
        ],
    );
    check_update(
        "apps/v1",
        "Deployment",
        Some(&deployment("x", "x")),
        &deployment("y", "y"),
        &[
            r#"spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"y"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"#,
        ],
    );
    check(
        "v1",
        "Pod",
        named(json!({"spec": {"containers": [{"name": "C", "image": ""}]}})),
        &[
            r#"spec.containers[0].name: Invalid value: "C": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"#,
            "spec.containers[0].image: Required value",
        ],
    );
    check(
        "v1",
        "Pod",
        named(json!({"spec": {}})),
        &["spec.containers: Required value"],
    );
    check(
        "batch/v1",
        "Job",
        named(json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}})),
        &[
            r#"spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never""#,
            "spec.selector: Required value",
        ],
    );
}

/// The Job `a` as the server makes it.
fn job() -> Value {
    let labels = json!({
        "batch.kubernetes.io/controller-uid": "u-1",
        "batch.kubernetes.io/job-name": "a",
        "controller-uid": "u-1",
        "job-name": "a",
    });
    let mut object = json!({
        "metadata": {"name": "a", "namespace": "n", "uid": "u-1"},
        "spec": {
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"},
            },
        },
    });
    kinds::set_defaults(&Kind::of("batch/v1", "Job"), &mut object);
    object
}

#[test]
fn a_job_has_the_selector_and_the_labels_that_are_made_for_it() {
    let changed = |pointer: &str, value: Value| {
        let mut object = job();
        *object.pointer_mut(pointer).unwrap() = value;
        object
    };
    let label = "/spec/template/metadata/labels/controller-uid";
    check("batch/v1", "Job", job(), &[]);
    check(
        "batch/v1",
        "Job",
        changed(label, json!("mine")),
        &[
            r#"spec.template.metadata.labels[controller-uid]: Invalid value: map[string]string{"batch.kubernetes.io/controller-uid":"u-1", "batch.kubernetes.io/job-name":"a", "controller-uid":"mine", "job-name":"a"}: must be 'u-1'"#,
        ],
    );
    let selector = json!({"matchLabels": {"app": "x", "batch.kubernetes.io/controller-uid": "u-1"}});
    check(
        "batch/v1",
        "Job",
        changed("/spec/selector", selector),
        &[
            r#"spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"x", "batch.kubernetes.io/controller-uid":"u-1"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` not auto-generated"#,
            r#"spec.template.metadata.labels: Invalid value: map[string]string{"batch.kubernetes.io/controller-uid":"u-1", "batch.kubernetes.io/job-name":"a", "controller-uid":"u-1", "job-name":"a"}: `selector` does not match template `labels`"#,
        ],
    );
    let mut manual = changed("/spec/selector", json!({"matchLabels": {"job-name": "a"}}));
    manual["spec"]["manualSelector"] = json!(true);
    check("batch/v1", "Job", manual.clone(), &[]);
    manual["spec"]["selector"] = Value::Null;
    check("batch/v1", "Job", manual, &["spec.selector: Required value"]);
    let cron = named(json!({"spec": {"schedule": "@daily", "jobTemplate": {"spec": {
        "manualSelector": true,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}},
    }}}}));
    check(
        "batch/v1",
        "CronJob",
        cron,
        &[
            r#"spec.jobTemplate.spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"a":"b"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: `selector` will be auto-generated"#,
            r#"spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false""#,
        ],
    );
}

#[test]
fn most_of_a_job_never_changes() {
    let update = |old: &Value, change: &dyn Fn(&mut Value), wanted: &[&str]| {
        let mut new = old.clone();
        change(&mut new);
        check_update("batch/v1", "Job", Some(old), &new, wanted);
    };
    let affinity = |job: &mut Value| job["spec"]["template"]["spec"]["affinity"] = json!({"nodeAffinity": {}});
    let label = |job: &mut Value| job["spec"]["template"]["metadata"]["labels"]["a"] = json!("b");
    update(&job(), &|job| job["spec"]["parallelism"] = json!(2), &[]);
    update(&job(), &|job| job["spec"]["suspend"] = json!(true), &[]);
    update(
        &job(),
        &|job| job["spec"]["completions"] = json!(2),
        &["spec.completions: Invalid value: 2: field is immutable"],
    );
    update(
        &job(),
        &|job| job["spec"]["completionMode"] = json!("Indexed"),
        &[r#"spec.completionMode: Invalid value: "Indexed": field is immutable"#],
    );
    let mut suspended = job();
    suspended["spec"]["suspend"] = json!(true);
    for change in [&affinity as &dyn Fn(&mut Value), &label] {
        update(&suspended, change, &[]);
        let (mut new, mut started) = (job(), suspended.clone());
        started["status"] = json!({"startTime": "2026-11-24T00:00:00Z"});
        for old in [job(), started] {
            change(&mut new);
            let errors = validate(
                checks(&Kind::of("batch/v1", "Job")),
                Scope::Namespaced,
                Some(&old),
                &new,
            );
            let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, ["spec.template"]);
        }
    }
    // One that was stored when Jobs had no selectors here goes on.
    let mut old = job();
    old["spec"]["selector"] = Value::Null;
    update(&old, &|job| job["metadata"]["labels"] = json!({"a": "b"}), &[]);
}

#[test]
fn config_maps_secrets_and_services_are_checked() {
    check(
        "v1",
        "ConfigMap",
        named(json!({"data": {"a b": "x", "c": "1"}, "binaryData": {"c": "AA=="}})),
        &[
            r#"data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"#,
            r#"data[c]: Invalid value: "c": duplicate of key present in binaryData"#,
        ],
    );
    let old = named(json!({"immutable": true, "data": {"a": "1"}}));
    let new = named(json!({"immutable": true, "data": {"a": "2"}}));
    let wanted = ["data: Forbidden: field is immutable when `immutable` is set"];
    check_update("v1", "ConfigMap", Some(&old), &new, &wanted);
    check_update("v1", "Secret", Some(&old), &new, &wanted);
    let of_type = |name: &str| named(json!({"type": name}));
    check_update(
        "v1",
        "Secret",
        Some(&of_type("Opaque")),
        &of_type("example.com/other"),
        &[r#"type: Invalid value: "example.com/other": field is immutable"#],
    );
    check(
        "v1",
        "Secret",
        named(json!({"type": "kubernetes.io/tls", "data": {"tls.crt": ""}})),
        &["data[tls.key]: Required value"],
    );
    check(
        "v1",
        "Service",
        named(json!({"spec": {"type": "Cluster", "ports": [{"port": 0}, {"name": "b", "port": 80}]}})),
        &[
            "spec.ports[0].name: Required value",
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
            r#"spec.type: Unsupported value: "Cluster": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort""#,
        ],
    );
}

#[test]
fn an_update_keeps_the_uid() {
    let of = |uid: &str| json!({"metadata": {"name": "a", "namespace": "n", "uid": uid}});
    let wanted = [r#"metadata.uid: Invalid value: "x": field is immutable"#];
    check_update("v1", "ConfigMap", Some(&of("u")), &of("x"), &wanted);
    check_update("v1", "ConfigMap", Some(&of("u")), &of("u"), &[]);
    check_update("v1", "ConfigMap", Some(&of("u")), &of(""), &[]);
}

#[test]
fn finalizers_of_built_in_kinds_have_a_domain() {
    let with = |finalizer: &str| json!({"metadata": {"name": "a", "namespace": "n", "finalizers": [finalizer]}});
    let wanted = [
        r#"metadata.finalizers[0]: Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified"#,
    ];
    check("v1", "ConfigMap", with("hold"), &wanted);
    check("v1", "ConfigMap", with("example.com/hold"), &[]);
    check("v1", "ConfigMap", with("foregroundDeletion"), &[]);
}

#[test]
fn definitions_must_be_structural() {
    let mut object = json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}}}],
        },
    });
    check(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        object.clone(),
        &[],
    );
    object["metadata"]["name"] = json!("widget.example.com");
    object["spec"]["versions"][0]["storage"] = json!(false);
    object["spec"]["versions"][0]["schema"]["openAPIV3Schema"] =
        json!({"properties": {"a": {}, "b": {"type": "array"}, "c": {"type": "text"}}});
    check(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        object,
        &[
            r#"metadata.name: Invalid value: "widget.example.com": must be spec.names.plural+"."+spec.group"#,
            "spec.versions[0].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields",
            "spec.versions[0].schema.openAPIV3Schema.properties[b].items: Required value: must be specified",
            r#"spec.versions[0].schema.openAPIV3Schema.properties[c].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string""#,
            "spec.versions[0].schema.openAPIV3Schema.type: Required value: must not be empty at the root",
            "spec.versions: Invalid value: []apiextensions.CustomResourceDefinitionVersion{...}: must have exactly one version marked as storage version",
        ],
    );
}

#[test]
fn autoscalers_and_events_are_refused_in_the_servers_words() {
    let words = |kind: &Kind, old: Option<&Value>, object: Value| -> Vec<String> {
        let errors = validate(checks(kind), Scope::Namespaced, old, &object);
        errors.iter().map(|error| format!("{}: {error}", error.field)).collect()
    };
    let metadata = json!({"name": "x", "namespace": "default"});
    let autoscaler = Kind::new("autoscaling", "v1", "HorizontalPodAutoscaler");
    let bad = json!({"metadata": metadata, "spec": {"minReplicas": 0, "maxReplicas": 0}});
    assert_eq!(
        words(&autoscaler, None, bad),
        [
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.scaleTargetRef.kind: Required value",
            "spec.scaleTargetRef.name: Required value",
            "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
        ]
    );
    let event = Kind::new("events.k8s.io", "v1", "Event");
    let involved = json!({"kind": "Pod", "name": "p", "namespace": "default"});
    let bad = json!({"metadata": metadata, "involvedObject": involved, "count": 3, "type": "Odd", "eventTime": null});
    assert_eq!(
        words(&event, None, bad.clone()),
        [
            "eventTime: Required value",
            "type: Invalid value: \"\": has invalid value: Odd",
            "count: Invalid value: \"\": needs to be unset",
        ]
    );
    assert_eq!(words(&Kind::new("", "v1", "Event"), None, bad.clone()), [""; 0]);
    let mut elsewhere = bad;
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    assert_eq!(
        words(&Kind::new("", "v1", "Event"), None, elsewhere),
        ["involvedObject.namespace: Invalid value: \"default\": does not match event.namespace"]
    );
    let good = json!({
        "metadata": metadata,
        "involvedObject": involved,
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingComponent": "example.com/c",
        "reportingInstance": "c-1",
        "action": "Doing",
        "reason": "Done",
        "message": "it is done",
        "type": "Normal",
    });
    assert_eq!(words(&event, None, good.clone()), [""; 0]);
    let mut changed = good.clone();
    changed["message"] = json!("y");
    changed["involvedObject"]["name"] = json!("q");
    assert_eq!(
        words(&event, Some(&good), changed),
        [
            "involvedObject: Invalid value: core.ObjectReference{Kind:\"Pod\", Namespace:\"default\", Name:\"q\", UID:\"\", APIVersion:\"\", ResourceVersion:\"\", FieldPath:\"\"}: field is immutable",
            "message: Invalid value: \"y\": field is immutable",
        ]
    );
    let mut bare = good;
    for field in ["reportingInstance", "action"] {
        bare.as_object_mut().unwrap().remove(field);
    }
    assert_eq!(
        words(&event, None, bare),
        ["reportingInstance: Required value", "action: Required value"]
    );
}

#[test]
fn values_of_a_config_map_are_a_mebibyte_at_most() {
    let of = |length: usize| named(json!({"data": {"a": "x".repeat(length), "b": "y"}}));
    check("v1", "ConfigMap", of(1024 * 1024 - 1), &[]);
    check(
        "v1",
        "ConfigMap",
        of(1024 * 1024),
        &["[]: Too long: may not be more than 1048576 bytes"],
    );
}
