use proptest::prelude::*;

use super::*;

/// One case a line: name, base64 of the enveloped message, JSON. Written by Go with `k8s.io/api` v0.32.4 from one
/// object in both forms: with all fields set, with none, and with all pointers set to zero values. The lines named
/// kubectl and client-go hold what kubectl 1.32.4 and typed deletions of client-go 0.32.4 sent, and the JSON that Go
/// reads from it.
const RECORDED: &str = include_str!("recorded.tsv");

struct Recorded {
    name: String,
    body: Vec<u8>,
    json: Value,
}

fn recorded() -> Vec<Recorded> {
    RECORDED
        .lines()
        .map(|line| {
            let parts: Vec<&str> = line.split('\t').collect();
            let json: Value = serde_json::from_str(parts[2]).unwrap();
            Recorded {
                name: format!("{} {}", parts[0], json["kind"]),
                body: BASE64_STANDARD.decode(parts[1]).unwrap(),
                json,
            }
        })
        .collect()
}

#[test]
fn recorded_messages_decode_to_their_json() {
    let cases = recorded();
    assert!(cases.len() > 140, "{}", cases.len());
    for Recorded { name, body, json } in cases {
        assert_eq!(decode(&body), Ok(json), "{name}");
    }
}

#[test]
fn every_kind_is_recorded() {
    let cases = recorded();
    for (kind, _) in Schema::builtin().kinds().filter(|(kind, _)| kind.kind != "Status") {
        let found = cases.iter().any(|case| {
            case.name.starts_with("full")
                && case.json["apiVersion"] == kind.api_version()
                && case.json["kind"] == kind.kind
        });
        assert!(found, "{kind:?}");
    }
}

/// An enveloped message of that version and kind.
fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = [bytes_field(1, api_version.as_bytes()), bytes_field(2, kind.as_bytes())].concat();
    [b"k8s\0".to_vec(), bytes_field(1, &type_meta), bytes_field(2, raw)].concat()
}

fn bytes_field(number: u8, bytes: &[u8]) -> Vec<u8> {
    assert!(number < 16 && bytes.len() < 128);
    [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

#[track_caller]
fn check_config_map(raw: &[u8], expected: Result<Value, ProtobufError>) {
    let expected = expected.map(|mut rest| {
        rest["metadata"]
            .as_object_mut()
            .unwrap()
            .entry("creationTimestamp")
            .or_insert(Value::Null);
        rest["apiVersion"] = json!("v1");
        rest["kind"] = json!("ConfigMap");
        rest
    });
    assert_eq!(decode(&envelope("v1", "ConfigMap", raw)), expected);
}

#[test]
fn body_without_the_magic_is_refused() {
    assert_eq!(decode(b"{}"), Err(ProtobufError::NoMagic));
    assert_eq!(decode(b""), Err(ProtobufError::NoMagic));
    assert_eq!(
        decode(b"k8s\0"),
        Err(ProtobufError::UnsupportedKind {
            api_version: String::new(),
            kind: String::new()
        })
    );
}

#[test]
fn kind_that_is_not_known_is_named() {
    let error = decode(&envelope("apps/v1", "Deploy", b"")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "kind `Deploy` of version `apps/v1` is not read in protobuf"
    );
    assert!(decode(&envelope("v1", "Role", b"")).is_err());
}

#[test]
fn delete_options_are_read_in_every_version() {
    for version in ["v1", "rbac.authorization.k8s.io/v1", "meta.k8s.io/v1"] {
        let options = decode(&envelope(version, "DeleteOptions", &[0x08, 0, 0x18, 0])).unwrap();
        assert_eq!(
            options,
            json!({"apiVersion": version, "kind": "DeleteOptions", "gracePeriodSeconds": 0, "orphanDependents": false})
        );
    }
}

#[test]
fn metadata_and_spec_are_there_when_nothing_is_on_the_wire() {
    check_config_map(b"", Ok(json!({"metadata": {}})));
    let review = decode(&envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", b"")).unwrap();
    assert_eq!(review["spec"], json!({}));
    assert_eq!(review["status"], json!({"allowed": false}));
}

#[test]
fn unknown_fields_of_every_wire_type_are_skipped() {
    let group_in_group = [0x7b, 0x7b, 0x08, 1, 0x7c, 0x12, 1, b'x', 0x7c];
    let raw = [
        &[0x78, 0x80, 1, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4][..],
        &bytes_field(15, b"unknown"),
        &group_in_group,
        &[0x20, 1],
    ]
    .concat();
    check_config_map(&raw, Ok(json!({"metadata": {}, "immutable": true})));
}

#[test]
fn later_scalars_win_and_messages_merge() {
    let named = bytes_field(1, b"a");
    let in_namespace = bytes_field(3, b"b");
    let renamed = bytes_field(1, b"");
    let raw = [
        bytes_field(1, &named),
        bytes_field(1, &in_namespace),
        vec![0x20, 1, 0x20, 0],
    ]
    .concat();
    check_config_map(
        &raw,
        Ok(json!({"metadata": {"name": "a", "namespace": "b"}, "immutable": false})),
    );
    let raw = [bytes_field(1, &named), bytes_field(1, &renamed)].concat();
    check_config_map(&raw, Ok(json!({"metadata": {}})));
}

#[test]
fn map_entries_may_lack_key_or_value_and_repeat() {
    let raw = [
        bytes_field(2, b""),
        bytes_field(2, &bytes_field(1, b"a")),
        bytes_field(2, &[bytes_field(2, b"2"), bytes_field(1, b"b")].concat()),
        bytes_field(2, &[bytes_field(1, b"b"), bytes_field(2, b"3")].concat()),
    ]
    .concat();
    check_config_map(&raw, Ok(json!({"metadata": {}, "data": {"": "", "a": "", "b": "3"}})));
}

#[test]
fn zero_time_is_absent_and_the_epoch_is_not() {
    let zero = bytes_field(8, b"");
    check_config_map(&bytes_field(1, &zero), Ok(json!({"metadata": {}})));
    let epoch = bytes_field(8, &[0x08, 0, 0x10, 0]);
    check_config_map(
        &bytes_field(1, &epoch),
        Ok(json!({"metadata": {"creationTimestamp": "1970-01-01T00:00:00Z"}})),
    );
}

#[test]
fn micro_time_carries_nanoseconds_into_seconds() {
    let nanos_of_two_and_a_half_seconds = [0x08, 1, 0x10, 0x80, 0xf2, 0x8b, 0xa8, 0x09];
    let event = decode(&envelope(
        "v1",
        "Event",
        &bytes_field(10, &nanos_of_two_and_a_half_seconds),
    ))
    .unwrap();
    assert_eq!(event["eventTime"], "1970-01-01T00:00:03.500000Z");
    let minus_one_nano = [0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let event = decode(&envelope("v1", "Event", &bytes_field(10, &minus_one_nano))).unwrap();
    assert_eq!(event["eventTime"], "1969-12-31T23:59:59.999999Z");
}

#[test]
fn malformed_messages_are_refused_with_the_reason() {
    let truncated = Err(ProtobufError::Truncated);
    check_config_map(&[0x80], truncated.clone());
    check_config_map(&[0x0a], truncated.clone());
    check_config_map(&[0x0a, 2, 0], truncated.clone());
    check_config_map(&[0x79, 1, 2], truncated.clone());
    check_config_map(&[0x7b, 0x08, 1], truncated.clone());
    check_config_map(
        &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        truncated,
    );
    check_config_map(&[0x7c], Err(ProtobufError::StrayGroupEnd));
    check_config_map(&[0x7e], Err(ProtobufError::WireType { got: 6 }));
    check_config_map(&[0x02, 0], Err(ProtobufError::FieldNumber { got: 0 }));
    check_config_map(
        &[0x82, 0x80, 0x80, 0x80, 0x10, 0],
        Err(ProtobufError::FieldNumber { got: 1 << 29 }),
    );
    check_config_map(&[0x08, 1], Err(ProtobufError::WireTypeOfField { number: 1 }));
    check_config_map(&[0x22, 0], Err(ProtobufError::WireTypeOfField { number: 4 }));
    check_config_map(
        &[0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        Err(ProtobufError::VarintOverflow),
    );
    check_config_map(
        &[0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        Err(ProtobufError::VarintOverflow),
    );
    check_config_map(
        &bytes_field(1, &bytes_field(1, &[0xff])),
        Err(ProtobufError::NotUtf8 {
            field: "name".to_owned(),
        }),
    );
    check_config_map(
        &bytes_field(2, &bytes_field(1, &[0xff])),
        Err(ProtobufError::NotUtf8 {
            field: "data".to_owned(),
        }),
    );
}

#[test]
fn managed_fields_must_be_json() {
    // metadata.managedFields is field 17, so its tag takes two bytes.
    let managed = |raw: &[u8]| {
        let entry = bytes_field(7, &bytes_field(1, raw));
        bytes_field(
            1,
            &[&[0x8a, 1, u8::try_from(entry.len()).unwrap()], &entry[..]].concat(),
        )
    };
    check_config_map(
        &managed(b"{\"f:data\":{}}"),
        Ok(json!({"metadata": {"managedFields": [{"fieldsV1": {"f:data": {}}}]}})),
    );
    check_config_map(&managed(b""), Ok(json!({"metadata": {"managedFields": [{}]}})));
    check_config_map(
        &managed(b"{"),
        Err(ProtobufError::FieldsNotJson {
            field: "fieldsV1".to_owned(),
        }),
    );
}

#[test]
fn deep_groups_do_not_exhaust_the_stack() {
    let groups = [vec![0x7b; 1_000_000], vec![0x7c; 1_000_000]].concat();
    let body = [b"k8s\0".to_vec(), groups].concat();
    assert!(matches!(decode(&body), Err(ProtobufError::UnsupportedKind { .. })));
}

proptest! {
    #[test]
    fn decoding_never_panics(raw in proptest::collection::vec(any::<u8>(), 0..120), kind in any::<proptest::sample::Index>()) {
        let kinds: Vec<&Kind> = Schema::builtin().kinds().map(|(kind, _)| kind).collect();
        let kind = kind.get(&kinds);
        let _ = decode(&envelope(&kind.api_version(), &kind.kind, &raw));
        let _ = decode(&[b"k8s\0", &raw[..]].concat());
    }

    #[test]
    fn damaged_messages_never_panic(
        case in any::<proptest::sample::Index>(),
        at in any::<usize>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut body = case.get(&recorded()).body.clone();
        let at = at % body.len();
        body[at] = byte;
        if cut {
            body.truncate(at);
        }
        let _ = decode(&body);
    }
}
