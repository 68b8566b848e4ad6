use serde_json::json as json_value;

use super::*;
use crate::kube::schema::Kind;

/// Compares with what upstream made of the same patches; the differing lines.
fn check_file(text: &str) -> Vec<String> {
    let mut differences = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (object, patch) = (&case["object"], &case["patch"]);
        let given = match case["type"].as_str().unwrap() {
            "json" => json(object, patch),
            "merge" => merge(object, patch),
            _ => {
                let text = |name: &str| case[name].as_str().unwrap();
                let kind = Kind::new(text("group"), text("version"), text("kind"));
                let schema = Schema::builtin();
                strategic_merge(schema, schema.kind(&kind).unwrap(), object, patch)
            }
        };
        let same = match (&given, case.get("error").and_then(Value::as_str)) {
            (Ok(given), None) => *given == case["result"],
            (Err(error), Some(wanted)) => error.to_string() == wanted,
            _ => false,
        };
        if !same {
            differences.push(format!(
                "line {}\n object {object}\n patch  {patch}\n given  {}\n wanted {}",
                number + 1,
                given.map_or_else(|error| error.to_string(), |object| object.to_string()),
                case.get("error").unwrap_or(&case["result"])
            ));
        }
    }
    differences
}

/// Each line is a patch with what upstream's libraries of Kubernetes 1.32 made of it.
#[test]
fn patches_do_what_upstream_has_them_do() {
    let differences = check_file(include_str!("../../../testdata/patch.jsonl"));
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn media_types_name_kinds() {
    for kind in PatchKind::allowed(false) {
        assert_eq!(PatchKind::of(kind.media_type()), Some(*kind));
    }
    for other in ["", "application/json", "application/apply-patch+cbor"] {
        assert_eq!(PatchKind::of(other), None);
    }
    assert!(!PatchKind::allowed(true).contains(&PatchKind::StrategicMerge));
}

#[test]
fn what_is_no_patch_is_refused() {
    let object = json_value!({"a": 1});
    let malformed = |result: Result<Value, PatchError>, wanted: &str| {
        assert_eq!(result.unwrap_err(), PatchError::Malformed(wanted.to_owned()));
    };
    malformed(
        json(&object, &json_value!({})),
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
    malformed(
        json(&object, &json_value!([{"op": 1}])),
        "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
    );
    malformed(
        merge(&object, &json_value!([])),
        "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
    let schema = Schema::builtin();
    let config_map = schema.kind(&Kind::new("", "v1", "ConfigMap")).unwrap();
    malformed(
        strategic_merge(schema, config_map, &object, &json_value!("x")),
        "json: cannot unmarshal string into Go value of type map[string]interface {}",
    );
    let many = vec![json_value!({"op": "test", "path": "/a", "value": 1}); 10_001];
    assert_eq!(
        json(&object, &Value::Array(many)).unwrap_err().to_string(),
        "Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
}

#[test]
fn an_operation_that_is_not_done_says_why() {
    let object = json_value!({"a": [1]});
    let refused = |operation: Value| json(&object, &json_value!([operation])).unwrap_err();
    let step = |operation, path: &str, error| {
        PatchError::from(OperationError::Step {
            operation,
            member: "path",
            path: path.to_owned(),
            error,
        })
    };
    for (operation, wanted) in [
        (
            json_value!({"op": "swap"}),
            OperationError::UnknownKind("swap".to_owned()).into(),
        ),
        (
            json_value!({"op": "move", "path": "/b"}),
            OperationError::NoPath {
                operation: "move",
                member: "from",
                why: "operation, missing from field: missing value",
            }
            .into(),
        ),
        (
            json_value!({"op": "copy", "from": "/b/c", "path": "/b"}),
            OperationError::NoPlace {
                operation: "copy",
                what: "doc is missing from path",
                path: "/b/c".to_owned(),
            }
            .into(),
        ),
        (
            json_value!({"op": "add", "path": "/a/x", "value": 1}),
            step("add", "/a/x", StepError::NoNumberToAdd("x".to_owned())),
        ),
        (
            json_value!({"op": "test", "path": "/a/x", "value": 1}),
            step("test", "/a/x", StepError::NoNumber("x".to_owned())),
        ),
        (
            json_value!({"op": "remove", "path": "/a/7"}),
            step("remove", "/a/7", StepError::NoIndex(7)),
        ),
        (
            json_value!({"op": "remove", "path": "/b"}),
            step("remove", "/b", StepError::NoKey("b".to_owned())),
        ),
        (
            json_value!({"op": "copy", "from": "/a", "path": "/a/7"}),
            OperationError::Copy(StepError::NoIndex(7)).into(),
        ),
        (
            json_value!({"op": "test", "path": "/a/0", "value": 2}),
            OperationError::TestFailed("/a/0".to_owned()).into(),
        ),
    ] {
        assert_eq!(refused(operation.clone()), wanted, "{operation}");
    }
}

proptest::proptest! {
    #[test]
    fn an_empty_patch_changes_nothing(keys in proptest::collection::btree_map("[a-z]{1,3}", "[a-z]{0,3}", 0..5)) {
        let object = json_value!({"data": keys, "metadata": {"finalizers": ["x"]}});
        let schema = Schema::builtin();
        let config_map = schema.kind(&Kind::new("", "v1", "ConfigMap")).unwrap();
        let empty = json_value!({});
        proptest::prop_assert_eq!(strategic_merge(schema, config_map, &object, &empty).unwrap(), object.clone());
        proptest::prop_assert_eq!(merge(&object, &empty).unwrap(), object);
    }
}

#[test]
fn copies_make_no_more_than_the_servers_limit() {
    let doubled = |times: usize| {
        let mut operations = vec![json_value!({"op": "add", "path": "/data", "value": {"a": "x"}})];
        operations
            .extend((0..times).map(|at| json_value!({"op": "copy", "from": "/data", "path": format!("/data/c{at}")})));
        json(&json_value!({"metadata": {"name": "m"}}), &Value::from(operations))
    };
    assert!(doubled(10).is_ok());
    let Err(PatchError::Unapplicable(Unapplicable::Operation(error))) = doubled(40) else {
        panic!("forty copies of what there is are far too much");
    };
    let OperationError::CopiesTooMuch(made) = error else {
        panic!("{error}");
    };
    assert!(made < 2 * 3 * 1024 * 1024, "{made}");
    assert_eq!(
        error.to_string(),
        format!(
            "Unable to complete the copy, the accumulated size increase of copy is {made}, exceeding the limit 3145728"
        )
    );
}

fn refused(object: &Value, operations: Vec<Value>) -> OperationError {
    match json(object, &Value::from(operations)) {
        Err(PatchError::Unapplicable(Unapplicable::Operation(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn operations_nest_no_deeper_than_everything_that_reads_an_object_can_descend() {
    let object = json_value!({"metadata": {"name": "m"}, "data": {"x": "y"}});
    // Each copy of what there is, into its deepest map, doubles the levels.
    let copies = (0..12).map(|times| {
        let path = "/data".repeat((1 << times) + 1);
        json_value!({"op": "copy", "from": "/data", "path": path})
    });
    let copies = copies.collect();
    assert_eq!(refused(&object, copies), OperationError::TooDeep);
    // Each pair of moves puts all that there is one level deeper.
    let mut moves = vec![json_value!({"op": "add", "path": "/a", "value": {}})];
    for at in 0..4_000 {
        let (from, to) = if at % 2 == 0 { ("/a", "/b") } else { ("/b", "/a") };
        moves.push(json_value!({"op": "add", "path": to, "value": {}}));
        moves.push(json_value!({"op": "move", "from": from, "path": format!("{to}/x")}));
    }
    assert_eq!(refused(&object, moves), OperationError::TooDeep);
    // Moves that nest nothing are never too many.
    let labels = json_value!({"metadata": {"labels": {"a": {"b": {"c": "d"}}}}});
    let there_and_back = (0..5_000).flat_map(|_| {
        [("a", "z"), ("z", "a")].map(|(from, to)| {
            json_value!({"op": "move", "from": format!("/metadata/labels/{from}"), "path": format!("/metadata/labels/{to}")})
        })
    });
    assert_eq!(json(&labels, &there_and_back.collect()).unwrap(), labels);
}

/// It took minutes: each insertion at the front moves all that stands behind.
#[test]
fn insertions_into_a_long_list_have_a_bound() {
    let object = json_value!({"items": vec![0; 600_000]});
    let insert = json_value!({"op": "add", "path": "/items/0", "value": 1});
    assert!(json(&object, &Value::from(vec![insert.clone(); 100])).is_ok());
    let error = refused(&object, vec![insert; 10_000]);
    assert!(
        error.to_string().ends_with("more than 100000000 items of lists"),
        "{error}"
    );
}

/// It was quadratic: minutes for each of these.
#[test]
fn long_lists_are_merged_by_their_keys() {
    let pod = Schema::builtin().kind(&Kind::new("", "v1", "Pod")).unwrap();
    let merged = |object: &Value, patch: &Value| strategic_merge(Schema::builtin(), pod, object, patch).unwrap();
    let containers = |from: usize, image: &str| -> Value {
        let names = from..from + 20_000;
        names
            .map(|at| json_value!({"name": format!("c{at}"), "image": image}))
            .collect()
    };
    let of = |containers: Value| json_value!({"spec": {"containers": containers}});
    let both = merged(&of(containers(0, "old")), &of(containers(10_000, "new")));
    let found = both["spec"]["containers"].as_array().unwrap();
    assert_eq!(found.len(), 30_000);
    let new = found.iter().filter(|container| container["image"] == "new").count();
    assert_eq!(new, 20_000);
    let gone: Value = (0..20_000)
        .map(|at| json_value!({"name": format!("c{at}"), "$patch": "delete"}))
        .collect();
    let left = merged(&both, &of(gone));
    assert_eq!(left["spec"]["containers"].as_array().unwrap().len(), 10_000);
    let finalizers = |from: usize| -> Value { (from..from + 20_000).map(|at| format!("example.com/f{at}")).collect() };
    let of = |finalizers: Value| json_value!({"metadata": {"finalizers": finalizers}});
    let both = merged(&of(finalizers(0)), &of(finalizers(10_000)));
    assert_eq!(both["metadata"]["finalizers"].as_array().unwrap().len(), 30_000);
    let some = json_value!({"metadata": {"$deleteFromPrimitiveList/finalizers": finalizers(0)}});
    let left = merged(&both, &some);
    assert_eq!(left["metadata"]["finalizers"].as_array().unwrap().len(), 10_000);
}

#[test]
fn no_operation_nests_an_object_without_end() {
    let too_deep = PatchError::from(OperationError::TooDeep);
    // Each copy into its own innermost map is twice as deep.
    let doubled = |times: u32| {
        let mut operations = vec![json_value!({"op": "add", "path": "/a", "value": {}})];
        operations.extend(
            (0..times).map(|time| json_value!({"op": "copy", "from": "/a", "path": "/a".repeat((1 << time) + 1)})),
        );
        json(&json_value!({}), &Value::from(operations))
    };
    assert!(doubled(6).is_ok());
    assert_eq!(doubled(20).unwrap_err(), too_deep);
    // One level with each operation.
    let added = |levels: usize| {
        let operations = (1..=levels).map(|level| json_value!({"op": "add", "path": "/a".repeat(level), "value": {}}));
        json(&json_value!({}), &operations.collect::<Value>())
    };
    assert!(added(99).is_ok());
    assert_eq!(added(100).unwrap_err(), too_deep);
    let inner = added(60).unwrap()["a"].clone();
    for operation in [
        json_value!({"op": "move", "from": "/b", "path": format!("{}/b", "/a".repeat(60))}),
        json_value!({"op": "replace", "path": "/a".repeat(60), "value": &inner}),
    ] {
        let object = json_value!({"a": &inner, "b": &inner});
        assert_eq!(
            json(&object, &json_value!([&operation])).unwrap_err(),
            too_deep,
            "{operation}"
        );
    }
}
