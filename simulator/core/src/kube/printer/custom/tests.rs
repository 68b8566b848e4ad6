use super::*;

fn object() -> Value {
    json!({
        "metadata": {"name": "x", "annotations": {"example.com/a.b": "dotted"}},
        "spec": {
            "size": 3, "part": 2.5, "on": true, "nothing": null, "map": {"b": 1, "a": [true]},
            "list": [{"kind": "a", "n": 1}, {"kind": "b", "n": 2}],
        },
        "when": "2026-11-24T11:00:00Z",
    })
}

fn cell(kind: &str, path: &str) -> Value {
    let column = json!({"name": "C", "type": kind, "jsonPath": path});
    let object = object();
    let now = Timestamp::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
    Column::new(&column).cell(&View { object: &object, now })
}

#[test]
fn paths_find_what_client_go_finds() {
    for (kind, path, expected) in [
        ("string", ".metadata.name", json!("x")),
        ("string", "metadata.name", json!("x")),
        ("string", "$.metadata.name", json!("x")),
        ("string", r".metadata.annotations.example\.com/a\.b", json!("dotted")),
        (
            "string",
            r"['metadata']['annotations']['example\.com/a\.b']",
            json!("dotted"),
        ),
        ("integer", ".spec.list[1].n", json!(2)),
        ("integer", ".spec.list[-1].n", json!(2)),
        ("integer", ".spec.list[9].n", Value::Null),
        ("integer", ".spec.list[*].n", json!(1)),
        ("integer", ".spec.list[?(@.kind==\"b\")].n", json!(2)),
        ("integer", ".spec.list[?(@.kind=='b')].n", json!(2)),
        ("integer", ".spec.list[?(@.kind != 'a')].n", json!(2)),
        ("integer", ".spec.list[?(@.n==2)].n", json!(2)),
        ("string", ".spec.list[?(@.kind=='c')].n", Value::Null),
        ("string", ".nothing.here", Value::Null),
        ("string", ".spec.list[", Value::Null),
    ] {
        assert_eq!(cell(kind, path), expected, "{path}");
    }
}

#[test]
fn cells_are_of_their_columns_type() {
    for (kind, path, expected) in [
        ("string", ".spec.size", json!("3")),
        ("string", ".spec.part", json!("2.5")),
        ("string", ".spec.on", json!("true")),
        ("string", ".spec.nothing", json!("<no value>")),
        ("string", ".spec.map", json!(r#"{"a":[true],"b":1}"#)),
        ("integer", ".spec.part", json!(2)),
        ("integer", ".metadata.name", Value::Null),
        ("number", ".spec.part", json!(2.5)),
        ("boolean", ".spec.on", json!(true)),
        ("boolean", ".spec.size", Value::Null),
        ("date", ".when", json!("60m")),
        ("date", ".metadata.name", json!("<invalid>")),
        ("date", ".spec.size", Value::Null),
    ] {
        assert_eq!(cell(kind, path), expected, "{kind} {path}");
    }
}

#[test]
fn a_column_without_a_description_shows_its_path() {
    let column = json!({"name": "C", "type": "string", "jsonPath": ".spec.x"});
    assert_eq!(
        Column::new(&column).render(),
        json!({
            "name": "C", "type": "string", "format": "", "priority": 0,
            "description": "Custom resource definition column (in JSONPath format): .spec.x",
        })
    );
}

proptest::proptest! {
    #[test]
    fn reading_a_path_never_panics(text in ".{0,40}") {
        if let Some(path) = parse(&text) {
            let _ = first(&object(), &path);
        }
    }
}
