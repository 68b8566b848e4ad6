use serde_json::Value;

use super::*;
use crate::kube::custom;

/// Compares with what upstream's field manager made of the same writes, case by case.
fn check_file(text: &str) -> Vec<String> {
    let mut differences = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let case: Value = serde_json::from_str(line).unwrap();
        differences.extend(check_case(&case).map(|difference| format!("line {}: {difference}", number + 1)));
    }
    differences
}

fn check_case(case: &Value) -> Option<String> {
    let text = |name: &str| case[name].as_str().unwrap();
    let kind = Kind::new(text("group"), text("version"), text("kind"));
    let widget = widget_schema(&kind);
    let custom = kind.group == "example.com";
    let schema = if custom { &widget } else { Schema::builtin() };
    let now = Timestamp::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
    let mut live: Option<Value> = None;
    for (number, step) in case["steps"].as_array().unwrap().iter().enumerate() {
        let target = ManagedType {
            schema,
            kind: &kind,
            subresource: step["subresource"].as_str().unwrap_or_default(),
            has_status: case["hasStatus"] == true,
            custom,
        };
        let manager = step["manager"].as_str().unwrap();
        let result = if step["op"] == "apply" {
            apply(
                &target,
                live.as_ref(),
                &step["body"],
                manager,
                step["force"] == true,
                now,
            )
        } else {
            let mut new = step["body"].clone();
            after_update(&target, live.as_ref(), &mut new, manager, now);
            Ok(new)
        };
        let given = match &result {
            Ok(object) => (Some(normal(object, &target)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let wanted = match step.get("error") {
            Some(error) => (None, Some(error.as_str().unwrap().to_owned())),
            None => (Some(normal(&step["result"], &target)), None),
        };
        if !same(&given, &wanted) {
            return Some(format!(
                "step {number} {}\n live   {}\n given  {}\n wanted {}",
                serde_json::json!({"op": step["op"], "manager": manager, "force": step["force"], "subresource": step["subresource"], "body": step["body"]}),
                live.unwrap_or_default(),
                shown(&given),
                shown(&wanted),
            ));
        }
        if let Some(result) = step.get("result") {
            let mut stored = result.clone();
            stored["metadata"]["uid"] = "u1".into();
            stored["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
            live = Some(stored);
        }
    }
    None
}

type Outcome = (Option<Value>, Option<String>);

fn shown((object, error): &Outcome) -> String {
    match error {
        Some(error) => error.clone(),
        None => object.clone().unwrap().to_string(),
    }
}

/// Upstream lists conflicts and errors in the order of its maps, which is none.
fn same(given: &Outcome, wanted: &Outcome) -> bool {
    let lines = |error: &Option<String>| {
        let mut lines: Vec<String> = error
            .iter()
            .flat_map(|error| error.lines())
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    };
    given.0 == wanted.0 && lines(&given.1) == lines(&wanted.1)
}

/// The object as Go's types hold it, and its managed fields apart.
fn normal(object: &Value, target: &ManagedType<'_>) -> Value {
    let mut object = object.clone();
    let mut managed = take_managed_fields(&mut object);
    // Whatever is written in one run is written at one time, later than what was there.
    for entry in managed.iter_mut().flat_map(|entries| entries.as_array_mut().unwrap()) {
        if let Some(time) = entry.get_mut("time") {
            *time = "2026-01-01T00:00:00Z".into();
        }
    }
    let mut object = without_nulls(target.filled(&object));
    set(&mut object, managed);
    object
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn widget_schema(kind: &Kind) -> Schema {
    let text = json!({"type": "string"});
    let part = json!({
        "type": "object",
        "required": ["name"],
        "properties": {"name": text, "count": {"type": "integer"}},
    });
    let spec = json!({
        "size": {"type": "integer"},
        "tags": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
        "parts": {
            "type": "array",
            "items": part,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        "notes": {"type": "array", "items": text},
        "labels": {"type": "object", "additionalProperties": text},
        "pin": {"type": "object", "properties": {"a": text, "b": text}, "x-kubernetes-map-type": "atomic"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    });
    let openapi = json!({
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": spec},
            "status": {"type": "object", "properties": {"phase": text}},
        },
    });
    custom::types(kind, &openapi)
}

/// Each line is a history of writes to one object, as upstream's field manager of Kubernetes 1.32 went through it.
#[test]
fn histories_end_as_upstream_has_them() {
    let differences = check_file(include_str!("../../../testdata/managed_fields.jsonl"));
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

fn config_map() -> (Kind, Timestamp) {
    (
        Kind::new("", "v1", "ConfigMap"),
        Timestamp::parse_rfc3339("2026-11-24T00:00:00Z").unwrap(),
    )
}

fn target(kind: &Kind) -> ManagedType<'_> {
    ManagedType {
        schema: Schema::builtin(),
        kind,
        subresource: "",
        has_status: false,
        custom: false,
    }
}

fn object(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}, "data": data})
}

fn created(data: &Value, manager: &str) -> Value {
    let (kind, now) = config_map();
    let mut new = object(data);
    after_update(&target(&kind), None, &mut new, manager, now);
    new
}

#[test]
fn a_new_object_belongs_to_who_made_it() {
    assert_eq!(
        created(&json!({"a": "1"}), "kubectl-create")["metadata"]["managedFields"],
        json!([{
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:a": {}}},
            "manager": "kubectl-create",
            "operation": "Update",
            "time": "2026-11-24T00:00:00Z",
        }])
    );
    assert_eq!(
        created(&json!({"a": "1"}), "")["metadata"]["managedFields"][0]["manager"],
        "unknown"
    );
}

#[test]
fn conflicts_name_the_manager_and_the_fields() {
    let (kind, now) = config_map();
    let live = created(&json!({"a": "1", "b": "1"}), "kubectl-client-side-apply");
    let apply = |data: Value, force| apply(&target(&kind), Some(&live), &object(&data), "alice", force, now);
    assert_eq!(
        apply(json!({"a": "2"}), false).unwrap_err().to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.a"
    );
    assert_eq!(
        apply(json!({"a": "2", "b": "2"}), false).unwrap_err().to_string(),
        "Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using v1:\n- .data.a\n- .data.b"
    );
    let forced = apply(json!({"a": "2", "b": "1"}), true).unwrap();
    assert_eq!(forced["data"], json!({"a": "2", "b": "1"}));
    assert_eq!(
        forced["metadata"]["managedFields"],
        json!([
            {
                "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
                "manager": "alice",
                "operation": "Apply",
                "time": "2026-11-24T00:00:00Z",
            },
            {
                "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": {".": {}, "f:b": {}}},
                "manager": "kubectl-client-side-apply",
                "operation": "Update",
                "time": "2026-11-24T00:00:00Z",
            },
        ])
    );
}

#[test]
fn what_is_no_longer_applied_goes_unless_somebody_else_owns_it() {
    let (kind, now) = config_map();
    let target = target(&kind);
    let first = apply(
        &target,
        None,
        &object(&json!({"a": "1", "b": "1", "c": "1"})),
        "alice",
        false,
        now,
    )
    .unwrap();
    let second = apply(&target, Some(&first), &object(&json!({"b": "1"})), "bob", false, now).unwrap();
    let third = apply(&target, Some(&second), &object(&json!({"a": "1"})), "alice", false, now).unwrap();
    assert_eq!(third["data"], json!({"a": "1", "b": "1"}));
}

#[test]
fn a_configuration_of_another_kind_is_refused() {
    let (kind, now) = config_map();
    for (path, value, wanted) in [
        ("/kind", json!("Secret"), "invalid object type: /v1, Kind=Secret"),
        (
            "/apiVersion",
            json!("apps/v1"),
            "invalid object type: apps/v1, Kind=ConfigMap",
        ),
        (
            "/data",
            json!("text"),
            "failed to create typed patch object (default/x; /v1, Kind=ConfigMap): .data: expected map, got &{text}",
        ),
        (
            "/data",
            json!({"a": 1}),
            "failed to create typed patch object (default/x; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}",
        ),
        (
            "/metadata",
            json!({"managedFields": []}),
            "metadata.managedFields must be nil",
        ),
    ] {
        let mut applied = object(&json!({}));
        *applied.pointer_mut(path).unwrap() = value;
        let error = apply(&target(&kind), None, &applied, "alice", false, now).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn managed_fields_can_be_cleared_but_not_forgotten() {
    let (kind, now) = config_map();
    let live = created(&json!({"a": "1"}), "alice");
    let update = |managed: Option<Value>| {
        let mut new = object(&json!({"a": "1"}));
        set(&mut new, managed);
        after_update(&target(&kind), Some(&live), &mut new, "bob", now);
        new["metadata"].get("managedFields").cloned()
    };
    let kept = live["metadata"].get("managedFields").cloned();
    assert_eq!(update(None), kept);
    assert_eq!(update(Some(json!([{"operation": "Bad"}]))), kept);
    assert_eq!(update(Some(json!([]))), None);
    assert_eq!(update(Some(json!([{}]))), None);
}

#[test]
fn the_same_object_keeps_its_times() {
    let (kind, now) = config_map();
    let live = created(&json!({"a": "1"}), "alice");
    let mut again = live.clone();
    let later = now.plus_seconds(60);
    after_update(&target(&kind), Some(&live), &mut again, "alice", later);
    assert_eq!(again, live);
    // Written anew to the same value in between, as a normalised field is.
    let mut again = live.clone();
    again["metadata"]["managedFields"][0]["time"] = "2026-11-24T00:01:00Z".into();
    let mut other = again.clone();
    keep_times(&live, &mut again);
    assert_eq!(again, live);
    other["data"]["a"] = "2".into();
    let changed = other.clone();
    keep_times(&live, &mut other);
    assert_eq!(other, changed);
}

#[test]
fn user_agents_name_managers() {
    for (user_agent, wanted) in [
        ("kubectl/v1.32.4 (linux/amd64) kubernetes/59526cd", "kubectl"),
        ("", ""),
        ("a\u{7}b c", "ab c"),
        (&"x".repeat(200), &"x".repeat(128)),
    ] {
        assert_eq!(manager_of_user_agent(user_agent), wanted);
    }
}

#[test]
fn path_elements_are_read_as_they_are_written() {
    for (text, shown) in [
        ("f:a.b/c", ".a.b/c"),
        (
            r#"k:{"containerPort":80,"protocol":"TCP"}"#,
            r#"[containerPort=80,protocol="TCP"]"#,
        ),
        (r#"v:"\u003ca""#, r#"[="<a"]"#),
        ("v:true", "[=true]"),
        ("i:3", "[3]"),
    ] {
        let element = PathElement::parse(text).unwrap().unwrap();
        assert_eq!(element.render(), text);
        assert_eq!(element.to_string(), shown);
    }
    assert_eq!(PathElement::parse("x:y").unwrap(), None);
    assert_eq!(PathElement::parse("xy").unwrap_err(), "missing colon: xy");
    assert_eq!(PathElement::parse("f").unwrap_err(), "key must be 2 characters long:");
    assert!(PathElement::parse("v:{").is_err());
}

mod sets {
    use proptest::prelude::*;

    use super::*;

    fn path() -> impl Strategy<Value = Vec<PathElement>> {
        let element = prop_oneof![
            "[abc]".prop_map(PathElement::Field),
            (0..3i64).prop_map(|number| PathElement::Value(Scalar(json!(number)))),
            "[xy]".prop_map(|name| PathElement::Key(vec![("name".to_owned(), Scalar(json!(name)))])),
        ];
        prop::collection::vec(element, 1..4)
    }

    fn set_of(paths: &[Vec<PathElement>]) -> FieldSet {
        let mut set = FieldSet::default();
        for path in paths {
            set.insert(path);
        }
        set
    }

    proptest! {
        #[test]
        fn sets_are_sets(
            one in prop::collection::vec(path(), 0..8),
            other in prop::collection::vec(path(), 0..8),
        ) {
            let (left, right) = (set_of(&one), set_of(&other));
            for path in one.iter().chain(&other) {
                let (in_left, in_right) = (one.contains(path), other.contains(path));
                prop_assert_eq!(left.union(&right).has(path), in_left || in_right);
                prop_assert_eq!(left.intersection(&right).has(path), in_left && in_right);
                prop_assert_eq!(left.difference(&right).has(path), in_left && !in_right);
                let below = (1..=path.len()).any(|length| other.iter().any(|other| path[..length] == other[..]));
                prop_assert_eq!(left.recursive_difference(&right).has(path), in_left && !below);
            }
            prop_assert_eq!(FieldSet::from_json(&left.to_json()).unwrap(), left.clone());
            let mut paths = left.paths();
            paths.sort();
            let mut wanted = one;
            wanted.sort();
            wanted.dedup();
            prop_assert_eq!(paths, wanted);
        }

        #[test]
        fn an_apply_that_changes_nothing_keeps_the_object(data in prop::collection::btree_map("[a-c]", "[a-c]{0,2}", 0..4)) {
            let (kind, now) = config_map();
            let target = target(&kind);
            let config = object(&json!(data));
            let live = apply(&target, None, &config, "alice", false, now).unwrap();
            let mut again = apply(&target, Some(&live), &config, "alice", false, now.plus_seconds(9)).unwrap();
            // Go drops an empty map from what it stores, so that applying it is a change that leaves no trace.
            keep_times(&live, &mut again);
            prop_assert_eq!(again, live);
        }
    }
}
