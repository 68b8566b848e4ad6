//! Writes over the API's handler, past authentication: statuses, bodies, and who owns what afterwards.

use serde_json::Value;
use serde_json::json;

use super::pipeline::NAME_ATTEMPTS;
use super::pipeline::SUFFIX_LENGTH;
use super::*;
use crate::kube::kinds;
use crate::kube::request_info::attributes;
use crate::scenario;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::kube::Context;
use crate::service::kube::objects;
use crate::service::testing::State;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::user::SYSTEM_MASTERS;
use crate::value::user::UserInfo;
use crate::world::store;

const CLUSTER: &str = "my-cluster";
const APPLY: &str = "application/apply-patch+yaml";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

struct Api(State);

impl Api {
    fn new() -> Self {
        let now = Timestamp::parse_rfc3339("2026-11-24T00:00:00Z").unwrap();
        let staging = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap();
        Self(State::new(staging.world, now))
    }

    fn send_as(&self, groups: &[&str], line: &str, media_type: &str, body: &str) -> Response {
        let (method, url) = line.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![
                ("content-type".to_owned(), media_type.to_owned()),
                ("user-agent".to_owned(), "tester/1.0 (x)".to_owned()),
            ],
            body: body.as_bytes().to_vec(),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        let user = UserInfo {
            username: "u".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..UserInfo::default()
        };
        let world = self.0.snapshot();
        let attributes = attributes(method, path, query);
        self.0.call(|base| {
            let context = Context {
                base,
                cluster_name: CLUSTER,
                cluster: Arc::clone(world.cluster(CLUSTER).unwrap()),
                user: &user,
                request: &request,
                attributes: &attributes,
            };
            objects::answer(&context, &attributes).unwrap_or_else(|failure| failure.render(&request))
        })
    }

    fn send(&self, line: &str, media_type: &str, body: &Value) -> (u16, Value) {
        let response = self.send_as(&[SYSTEM_MASTERS], line, media_type, &body.to_string());
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    #[track_caller]
    fn good(&self, line: &str, media_type: &str, body: &Value) -> Value {
        let (status, answer) = self.send(line, media_type, body);
        assert!((200..300).contains(&status), "{line}: {status} {answer}");
        answer
    }

    /// Code, reason and message of a Status.
    #[track_caller]
    fn refused(&self, line: &str, media_type: &str, body: &Value, wanted: (u16, &str, &str)) -> Value {
        let (status, answer) = self.send(line, media_type, body);
        let found = (
            status,
            answer["reason"].as_str().unwrap_or_default(),
            answer["message"].as_str().unwrap_or_default(),
        );
        assert_eq!(found, wanted, "{line}");
        answer["details"].clone()
    }
}

fn map(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data})
}

/// Managers with operation, subresource and fields.
fn owners(object: &Value) -> Vec<(String, Value)> {
    let entries = object["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    entries
        .iter()
        .map(|entry| {
            let words = [
                text(entry, "manager"),
                text(entry, "operation"),
                text(entry, "subresource"),
            ];
            (words.join(" ").trim_end().to_owned(), entry["fieldsV1"].clone())
        })
        .collect()
}

#[test]
fn an_apply_makes_an_object_and_changes_it() {
    let api = Api::new();
    let line = format!("PATCH {MAPS}/c?fieldManager=alice");
    let (status, made) = api.send(&line, APPLY, &map(&json!({"a": "1", "b": "1"})));
    assert_eq!(status, 201);
    assert_eq!(made["metadata"]["namespace"], "default");
    let wanted = json!({"f:data": {"f:a": {}, "f:b": {}}});
    assert_eq!(owners(&made), [("alice Apply".to_owned(), wanted)]);
    let (status, again) = api.send(&line, APPLY, &map(&json!({"a": "1", "b": "1"})));
    assert_eq!((status, &again), (200, &made));
    // YAML, as the media type says.
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: '2'\n";
    let response = api.send_as(&[SYSTEM_MASTERS], &line, APPLY, yaml);
    let changed: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(changed["data"], json!({"a": "2"}));
}

#[test]
fn a_conflict_is_a_status_with_causes() {
    let api = Api::new();
    api.good(
        &format!("POST {MAPS}"),
        "application/json",
        &map(&json!({"a": "1", "b": "1"})),
    );
    let line = format!("PATCH {MAPS}/c?fieldManager=alice");
    let details = api.refused(
        &line,
        APPLY,
        &map(&json!({"a": "2", "b": "2"})),
        (
            409,
            "Conflict",
            "Apply failed with 2 conflicts: conflicts with \"tester\" using v1:\n- .data.a\n- .data.b",
        ),
    );
    let cause = |field: &str| json!({"reason": "FieldManagerConflict", "message": "conflict with \"tester\" using v1", "field": field});
    assert_eq!(details, json!({"causes": [cause(".data.a"), cause(".data.b")]}));
    let forced = api.good(&format!("{line}&force=true"), APPLY, &map(&json!({"a": "2", "b": "2"})));
    assert_eq!(forced["data"], json!({"a": "2", "b": "2"}));
    let fields = json!({"f:data": {"f:a": {}, "f:b": {}}});
    assert_eq!(
        owners(&forced),
        [
            ("alice Apply".to_owned(), fields),
            ("tester Update".to_owned(), json!({"f:data": {}})),
        ]
    );
}

#[test]
fn options_that_a_patch_does_not_take_are_refused() {
    let api = Api::new();
    let invalid = |query: &str, media_type: &str, message: &str| {
        let line = format!("PATCH {MAPS}/c{query}");
        let message = format!("PatchOptions.meta.k8s.io \"\" is invalid: {message}");
        let details = api.refused(&line, media_type, &map(&json!({})), (422, "Invalid", &message));
        assert_eq!(
            (&details["group"], &details["kind"]),
            (&json!("meta.k8s.io"), &json!("PatchOptions"))
        );
    };
    invalid("", APPLY, "fieldManager: Required value: is required for apply patch");
    invalid(
        "?force=true",
        MERGE,
        "force: Forbidden: may not be specified for non-apply patch",
    );
    invalid(
        "?fieldManager=a%07b&dryRun=x&fieldValidation=y",
        MERGE,
        "[fieldManager: Invalid value: \"a\\ab\": invalid character U+0007 (at position 1), dryRun: Unsupported value: []string{\"x\"}: supported values: \"All\", fieldValidation: Unsupported value: \"y\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]",
    );
    invalid(
        &format!("?fieldManager={}", "m".repeat(129)),
        APPLY,
        "fieldManager: Too long: may not be more than 128 bytes",
    );
}

#[test]
fn a_configuration_must_be_that_of_the_url() {
    let api = Api::new();
    let line = format!("PATCH {MAPS}/c?fieldManager=alice");
    let refused = |metadata: Value, code, reason, message: &str| {
        let mut applied = map(&json!({"a": "1"}));
        applied["metadata"] = metadata;
        api.refused(&line, APPLY, &applied, (code, reason, message));
    };
    refused(
        json!({"name": "d"}),
        400,
        "BadRequest",
        "the name of the object (d) does not match the name on the URL (c)",
    );
    refused(
        json!({}),
        400,
        "BadRequest",
        "the name of the object (c based on URL) was undeterminable: name must be provided",
    );
    refused(
        json!({"name": "c", "namespace": "kube-system"}),
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    );
    refused(
        json!({"name": "c", "uid": "1"}),
        409,
        "Conflict",
        "Operation cannot be fulfilled on configmaps \"c\": uid mismatch: the provided object specified uid 1, and no existing object was found",
    );
    refused(
        json!({"name": "c", "managedFields": []}),
        400,
        "BadRequest",
        "metadata.managedFields must be nil",
    );
    refused(
        json!({"name": "c", "labels": {"a": 1}}),
        500,
        "",
        "failed to create typed patch object (/c; /v1, Kind=ConfigMap): .metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}",
    );
    api.good(&line, APPLY, &map(&json!({"a": "1"})));
    refused(
        json!({"name": "c", "resourceVersion": "1"}),
        409,
        "Conflict",
        "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to the latest version and try again",
    );
}

#[test]
fn patches_of_kinds_that_are_not_taken_are_refused() {
    let api = Api::new();
    let accepted = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";
    for media_type in ["", "application/json", "application/apply-patch+cbor"] {
        let line = format!("PATCH {MAPS}/c?fieldManager=alice");
        api.refused(&line, media_type, &json!({}), (415, "UnsupportedMediaType", accepted));
    }
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                        "spec": {"type": "object", "properties": {
                            "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                        }},
                        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
                    },
                }},
            }],
        },
    });
    api.good(
        "POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "application/json",
        &definition,
    );
    let widgets = "/apis/example.com/v1/namespaces/default/widgets";
    let widget = |tags: &[&str]| json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"tags": tags}});
    let apply =
        |manager: &str, body: &Value| api.good(&format!("PATCH {widgets}/w?fieldManager={manager}"), APPLY, body);
    apply("alice", &widget(&["a"]));
    assert_eq!(apply("bob", &widget(&["b"]))["spec"]["tags"], json!(["a", "b"]));
    assert_eq!(apply("alice", &widget(&[]))["spec"]["tags"], json!(["b"]));
    let accepted = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    let line = format!("PATCH {widgets}/w");
    api.refused(&line, STRATEGIC, &json!({}), (415, "UnsupportedMediaType", accepted));
    let status = api.good(
        &format!("PATCH {widgets}/w/status"),
        MERGE,
        &json!({"status": {"phase": "on"}}),
    );
    let wanted = (
        "tester Update status".to_owned(),
        json!({"f:status": {".": {}, "f:phase": {}}}),
    );
    assert!(owners(&status).contains(&wanted), "{status}");
}

#[test]
fn a_patch_that_does_not_fit_says_why() {
    let api = Api::new();
    api.good(&format!("POST {MAPS}"), "application/json", &map(&json!({"a": "1"})));
    let line = format!("PATCH {MAPS}/c");
    let message = "the server rejected our request due to an error in our request";
    let body = json!([{"op": "test", "path": "/data/a", "value": "2"}]);
    let details = api.refused(&line, JSON_PATCH, &body, (422, "Invalid", message));
    // Upstream keeps the reason, `testing value /data/a failed: test failed`, to itself.
    assert_eq!(details, json!({}));
    let body = json!({"metadata": {"ownerReferences": [{"name": "x"}]}});
    api.good(
        &line,
        STRATEGIC,
        &json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "uid": "1", "name": "y"}]}}),
    );
    api.refused(
        &line,
        STRATEGIC,
        &body,
        (500, "", "map: map[name:x] does not contain declared merge key: uid"),
    );
}

#[test]
fn every_write_is_its_managers() {
    let api = Api::new();
    let post = format!("POST {MAPS}?fieldManager=maker");
    let made = api.good(&post, "application/json", &map(&json!({"a": "1"})));
    let all = json!({"f:data": {".": {}, "f:a": {}}});
    assert_eq!(owners(&made), [("maker Update".to_owned(), all.clone())]);
    let patched = api.good(&format!("PATCH {MAPS}/c"), MERGE, &json!({"data": {"b": "2"}}));
    let own = json!({"f:data": {"f:b": {}}});
    assert_eq!(
        owners(&patched),
        [
            ("maker Update".to_owned(), all.clone()),
            ("tester Update".to_owned(), own)
        ]
    );
    // A client that knows nothing of managed fields does not end them.
    let put = api.good(&format!("PUT {MAPS}/c"), "application/json", &map(&json!({"a": "1"})));
    assert_eq!(owners(&put), [("maker Update".to_owned(), all)]);
    // The upgrade of `kubectl apply --server-side` rewrites them by a JSON patch.
    let upgraded = json!([{
        "op": "replace",
        "path": "/metadata/managedFields",
        "value": [{
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:a": {}}},
            "manager": "kubectl",
            "operation": "Apply",
        }],
    }, {
        "op": "replace",
        "path": "/metadata/resourceVersion",
        "value": put["metadata"]["resourceVersion"],
    }]);
    let upgraded = api.good(&format!("PATCH {MAPS}/c"), JSON_PATCH, &upgraded);
    assert_eq!(
        owners(&upgraded),
        [("kubectl Apply".to_owned(), json!({"f:data": {"f:a": {}}}))]
    );
    let cleared = api.good(
        &format!("PATCH {MAPS}/c"),
        MERGE,
        &json!({"metadata": {"managedFields": [{}]}}),
    );
    assert_eq!(owners(&cleared), []);
}

#[test]
fn a_deployments_containers_are_merged_by_name() {
    let api = Api::new();
    let path = "/apis/apps/v1/namespaces/default/deployments";
    let container = |name: &str, image: &str| json!({"name": name, "image": image});
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container("main", "i:1")]},
            },
        },
    });
    api.good(&format!("POST {path}"), "application/json", &deployment);
    let patch = json!({"spec": {"template": {"spec": {"containers": [container("side", "s:1")]}}}});
    let patched = api.good(&format!("PATCH {path}/web"), STRATEGIC, &patch);
    let containers = patched
        .pointer("/spec/template/spec/containers")
        .unwrap()
        .as_array()
        .unwrap();
    let names: Vec<&str> = containers
        .iter()
        .map(|container| container["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["side", "main"]);
    let scaled = json!({"spec": {"replicas": 3}});
    api.good(&format!("PATCH {path}/web/scale?fieldManager=scaler"), MERGE, &scaled);
    let stored = api.good(&format!("PATCH {path}/web"), MERGE, &json!({}));
    let wanted = ("scaler Update scale".to_owned(), json!({"f:spec": {"f:replicas": {}}}));
    assert!(owners(&stored).contains(&wanted), "{stored}");
}

#[test]
fn a_dry_run_shows_the_version_that_is_stored() {
    let api = Api::new();
    let post = format!("POST {MAPS}?dryRun=All");
    let tried = api.good(&post, "application/json", &map(&json!({"a": "1"})));
    assert_eq!(tried["metadata"].get("resourceVersion"), None);
    let made = api.good(&format!("POST {MAPS}"), "application/json", &map(&json!({"a": "1"})));
    let line = format!("PATCH {MAPS}/c?dryRun=All&fieldManager=alice");
    let tried = api.good(&line, APPLY, &map(&json!({"b": "1"})));
    assert_eq!(tried["data"], json!({"a": "1", "b": "1"}));
    assert_eq!(
        tried["metadata"]["resourceVersion"],
        made["metadata"]["resourceVersion"]
    );
    assert_eq!(api.good(&format!("GET {MAPS}/c"), "", &json!({})), made);
}

#[test]
fn to_make_an_object_by_apply_is_to_create_it() {
    let api = Api::new();
    let line = format!("PATCH {MAPS}/c?fieldManager=alice");
    let response = api.send_as(&[], &line, APPLY, &map(&json!({})).to_string());
    let status: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        (response.status, status["message"].as_str().unwrap()),
        (
            403,
            "configmaps \"c\" is forbidden: User \"u\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\""
        )
    );
}

#[test]
fn to_make_an_object_by_update_is_to_create_it() {
    let api = Api::new();
    for (path, body, name, group, place) in [
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases/x",
            json!({"metadata": {"name": "x"}}),
            "leases.coordination.k8s.io",
            "coordination.k8s.io",
            "in the namespace \"default\"",
        ),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/x",
            json!({"metadata": {"name": "x"}}),
            "clusterroles.rbac.authorization.k8s.io",
            "rbac.authorization.k8s.io",
            "at the cluster scope",
        ),
    ] {
        let line = format!("PUT {path}");
        let put = |groups: &[&str], line: &str, body: &Value| {
            let response = api.send_as(groups, line, "application/json", &body.to_string());
            let answer: Value = serde_json::from_slice(&response.body).unwrap();
            (
                response.status,
                answer["message"].as_str().unwrap_or_default().to_owned(),
            )
        };
        let (plural, _) = name.split_once('.').unwrap();
        let refused = format!(
            "{name} \"x\" is forbidden: User \"u\" cannot create resource \"{plural}\" in API group \"{group}\" {place}"
        );
        assert_eq!(put(&[], &line, &body), (403, refused.clone()));
        assert_eq!(put(&[], &format!("{line}?dryRun=All"), &body), (403, refused));
        let (status, _) = api.send(&format!("GET {path}"), "", &json!({}));
        assert_eq!(status, 404, "{path}");
        let (status, made) = api.send(&line, "application/json", &body);
        assert_eq!(status, 201, "{path}");
        // What is there is updated, for which the request was authorized before it came here.
        assert_eq!(put(&[], &line, &made).0, 200, "{path}");
    }
    // An object that is not valid is refused for that, whoever sends it.
    let lease = "PUT /apis/coordination.k8s.io/v1/namespaces/default/leases/y";
    let invalid = json!({"metadata": {"name": "y"}, "spec": {"leaseDurationSeconds": 0}});
    let response = api.send_as(&[], lease, "application/json", &invalid.to_string());
    assert_eq!(response.status, 422);
}

#[test]
fn a_request_for_a_certificate_says_who_makes_it() {
    let spec =
        json!({"request": "AA==", "signerName": "example.com/signer", "username": "somebody", "extra": {"a": ["b"]}});
    let request = json!({"metadata": {"name": "x"}, "spec": spec});
    let url = "POST /apis/certificates.k8s.io/v1/certificatesigningrequests";
    let (status, stored) = Api::new().send(url, "application/json", &request);
    assert_eq!(status, 201, "{stored}");
    assert_eq!(stored["spec"]["username"], "u");
    assert_eq!(stored["spec"]["groups"], json!([SYSTEM_MASTERS]));
    assert_eq!(stored["spec"]["extra"], Value::Null);
}

#[test]
fn a_strategic_merge_patch_that_fits_no_type_is_told_as_go_prints_it() {
    let api = Api::new();
    let (status, _) = api.send(
        &format!("POST {MAPS}"),
        "application/json",
        &json!({"metadata": {"name": "x"}}),
    );
    assert_eq!(status, 201);
    for (patch, wanted) in [
        (
            json!({"data": {"a": 3}}),
            "map[data:map[a:3]]\": cannot convert int64 to string",
        ),
        (
            json!({"data": {"a": ["b"]}}),
            "map[data:map[a:[b]]]\": unrecognized type: string",
        ),
        (json!({"data": "b"}), "map[data:b]\": cannot restore map from string"),
    ] {
        let (status, failure) = api.send(&format!("PATCH {MAPS}/x"), STRATEGIC, &patch);
        assert_eq!(status, 422, "{failure}");
        let message = failure["message"].as_str().unwrap();
        assert!(message.ends_with(wanted), "{message}");
    }
    let (status, failure) = api.send(&format!("GET {MAPS}/x/status"), "application/json", &Value::Null);
    assert_eq!((status, failure["details"].clone()), (404, json!({})));
}

#[test]
fn names_that_the_server_makes_up_do_not_run_out() {
    let api = Api::new();
    let body = json!({"metadata": {"generateName": "x-"}, "data": {}}).to_string();
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..12_000 {
        let response = api.send_as(&[SYSTEM_MASTERS], &format!("POST {MAPS}"), "application/json", &body);
        assert_eq!(response.status, 201, "{}", String::from_utf8_lossy(&response.body));
        let object: Value = serde_json::from_slice(&response.body).unwrap();
        names.insert(object["metadata"]["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(names.len(), 12_000);
    assert!(names.iter().all(|name| name.len() == 7), "{:?}", names.first());
}

#[test]
fn a_name_that_is_made_up_fits_and_is_tried_again() {
    let api = Api::new();
    let long = "a".repeat(70);
    let made = api.good(
        &format!("POST {MAPS}"),
        "",
        &json!({"metadata": {"generateName": long}}),
    );
    let name = made["metadata"]["name"].as_str().unwrap();
    assert!(name.len() == 63 && name.starts_with(&"a".repeat(58)), "{name}");
    // Whoever names both has chosen the name.
    let both = json!({"metadata": {"generateName": "a-", "name": "b"}});
    api.good(&format!("POST {MAPS}"), "", &both);
    let response = api.send_as(&[SYSTEM_MASTERS], &format!("POST {MAPS}"), "", &both.to_string());
    let status: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(
        (
            response.status,
            &status["message"],
            &status["details"]["retryAfterSeconds"]
        ),
        (
            409,
            &json!("configmaps \"b\" already exists, the server was not able to generate a unique name for the object"),
            &json!(1)
        )
    );

    // Seven of the next eight names are taken.
    let names = |count: usize| {
        let mut ids = api.0.snapshot().ids.clone();
        let next = |_| {
            let name = format!("y-{}", ids.name_suffix(SUFFIX_LENGTH));
            ids.uuid();
            name
        };
        (0..count).map(next).collect::<Vec<String>>()
    };
    let target = Target::new(kinds::find("", "v1", "configmaps").unwrap(), "default", "");
    let taken = names(NAME_ATTEMPTS);
    let try_with = |taken: &[String]| {
        let mut world = (*api.0.snapshot()).clone();
        let now = api.0.now();
        let (cluster, ids) = world.cluster_mut(CLUSTER).unwrap();
        for name in taken {
            let key = ObjectKey::new("configmaps", "default", name);
            cluster
                .create_object(key, json!({}), &mut IdGenerator::new(9), now)
                .unwrap();
        }
        let object = json!({"metadata": {"generateName": "y-"}});
        Pipeline::of(&target, (cluster, ids, now))
            .create(object)
            .map(|made| made["metadata"]["name"].clone())
    };
    assert_eq!(try_with(&taken[..7]).unwrap(), json!(taken[7]));
    assert!(try_with(&taken).unwrap_err().is_already_exists());
}

#[test]
fn what_clients_make_has_what_its_schema_requires() {
    let api = Api::new();
    let template = json!({
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let selector = json!({"matchLabels": {"a": "b"}});
    let mut once = template.clone();
    once["spec"]["restartPolicy"] = json!("Never");
    let apps = "/apis/apps/v1/namespaces/default";
    let batch = "/apis/batch/v1/namespaces/default";
    for (path, rest) in [
        ("/api/v1/nodes".to_owned(), json!({})),
        (
            "/api/v1/nodes".to_owned(),
            json!({"status": {"nodeInfo": {"kubeletVersion": "v1.32.0"}, "images": [{"sizeBytes": 1}]}}),
        ),
        (
            "/api/v1/namespaces/default/pods".to_owned(),
            json!({"spec": template["spec"]}),
        ),
        (
            format!("{apps}/deployments"),
            json!({"spec": {"selector": selector, "template": template}}),
        ),
        (
            format!("{apps}/daemonsets"),
            json!({"spec": {"selector": selector, "template": template}}),
        ),
        (
            format!("{apps}/statefulsets"),
            json!({"spec": {"selector": selector, "serviceName": "s", "template": template}}),
        ),
        (
            format!("{apps}/replicasets"),
            json!({"spec": {"selector": selector, "template": template}}),
        ),
        (format!("{batch}/jobs"), json!({"spec": {"template": once}})),
        (
            format!("{batch}/cronjobs"),
            json!({"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": once}}}}),
        ),
        (
            "/apis/policy/v1/namespaces/default/poddisruptionbudgets".to_owned(),
            json!({"spec": {"selector": selector}}),
        ),
        (
            "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers".to_owned(),
            json!({"spec": {"maxReplicas": 2, "scaleTargetRef": {"kind": "Deployment", "name": "d"}}}),
        ),
        (
            "/api/v1/namespaces/default/services".to_owned(),
            json!({"spec": {"ports": [{"port": 80}]}}),
        ),
        (
            "/api/v1/namespaces/default/persistentvolumeclaims".to_owned(),
            json!({"spec": {}}),
        ),
        ("/api/v1/namespaces".to_owned(), json!({})),
    ] {
        let mut object = rest;
        object["metadata"] = json!({"generateName": "made-"});
        let made = api.good(&format!("POST {path}"), "", &object);
        let world = api.0.snapshot();
        let cluster = world.cluster(CLUSTER).unwrap();
        crate::service::kube::openapi::tests::check_whole(cluster, &made);
        // The kubelet of a node, a controller and kubectl write a status by a patch.
        if made.get("status").is_some() {
            let name = made["metadata"]["name"].as_str().unwrap();
            let patch = json!({"status": {"observedGeneration": 1, "containerStatuses": [{"name": "c"}]}});
            let patched = api.good(&format!("PATCH {path}/{name}/status"), MERGE, &patch);
            crate::service::kube::openapi::tests::check_whole(cluster, &patched);
        }
    }
}

#[test]
fn a_job_selects_its_pods_by_its_uid() {
    let api = Api::new();
    let jobs = "/apis/batch/v1/namespaces/default/jobs";
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}});
    let body = json!({"metadata": {"name": "once"}, "spec": {"template": template}});
    let made = api.good(&format!("POST {jobs}?fieldManager=me"), "", &body);
    let uid = made["metadata"]["uid"].clone();
    assert_eq!(
        made["spec"]["selector"],
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    );
    assert_eq!(
        made["spec"]["template"]["metadata"]["labels"],
        json!({
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": "once",
            "controller-uid": uid,
            "job-name": "once",
        })
    );
    assert_eq!(
        made["metadata"]["labels"],
        made["spec"]["template"]["metadata"]["labels"]
    );
    let stored = api.good(&format!("GET {jobs}/once"), "", &Value::Null);
    assert_eq!(stored["metadata"]["uid"], uid);
    // The server's own fields belong to nobody.
    let owned = made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].to_string();
    assert!(
        !owned.contains("selector\"") && !owned.contains("controller-uid"),
        "{owned}"
    );
    let mut other = stored;
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("j");
    let (status, refused) = api.send(&format!("PUT {jobs}/once"), "", &other);
    assert_eq!(status, 422);
    assert_eq!(refused["details"]["causes"][0]["field"], "spec.template");
    // An applied one has its name in the URL.
    let applied = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "applied"}, "spec": {"template": template}});
    let url = format!("PATCH {jobs}/applied?fieldManager=me");
    for _ in 0..2 {
        let made = api.good(&url, APPLY, &applied);
        assert_eq!(
            made["spec"]["template"]["metadata"]["labels"]["controller-uid"],
            made["metadata"]["uid"]
        );
    }
    // It is not the client that gives a uid.
    let own = json!({"metadata": {"name": "own", "uid": "mine"}, "spec": {"template": template}});
    assert_ne!(api.good(&format!("POST {jobs}"), "", &own)["metadata"]["uid"], "mine");
}

/// What is kept in a state directory is read again at the next start, by a reader that gives up at 128 levels.
#[test]
fn no_object_nests_deeper_than_a_state_directory_is_read() {
    let api = Api::new();
    api.good(
        "POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "application/json",
        &json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com",
                "scope": "Namespaced",
                "names": {"plural": "widgets", "kind": "Widget"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }}}],
            },
        }),
    );
    let widget = |levels: usize| {
        let spec = (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec})
    };
    let line = "POST /apis/example.com/v1/namespaces/default/widgets";
    let (status, refused) = api.send(line, "application/json", &widget(100));
    assert_eq!(status, 400, "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.ends_with("exceeded max depth"), "{message}");
    api.good(line, "application/json", &widget(99));
    let world = api.0.snapshot();
    let kept = store::changes(None, &world).unwrap();
    let read = store::load(kept.into_iter().map(|change| (change.key, change.value.unwrap())));
    assert!(read.is_ok(), "{:?}", read.err());
}

#[test]
fn a_version_of_a_new_object_is_refused_and_0_is_any() {
    let api = Api::new();
    let map = |version: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "resourceVersion": version}});
    let post = format!("POST {MAPS}");
    let (status, answer) = api.send(&post, "application/json", &map("5"));
    assert_eq!(
        (status, answer["message"].as_str().unwrap()),
        (500, "resourceVersion should not be set on objects to be created")
    );
    api.good(&post, "application/json", &map("0"));
    let put = format!("PUT {MAPS}/m");
    let mut changed = map("0");
    changed["data"] = json!({"a": "b"});
    let stored = api.good(&put, "application/json", &changed);
    assert_eq!(stored["data"]["a"], "b");
    assert_ne!(stored["metadata"]["resourceVersion"], "0");
    assert_eq!(api.send(&put, "application/json", &map("1")).0, 409);
}

/// Each made a gigabyte of what is kept and compared of its fields.
#[test]
fn objects_of_too_many_parts_are_refused_before_they_are_compared() {
    let api = Api::new();
    let containers = |count: usize| -> Value {
        (0..count)
            .map(|at| json!({"name": format!("c{at}"), "image": "i"}))
            .collect()
    };
    let deployment = |count: usize| {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "d"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers(count)}},
            },
        })
    };
    let path = "/apis/apps/v1/namespaces/default/deployments";
    api.good(&format!("POST {path}"), "application/json", &deployment(100));
    let patch = json!({"spec": {"template": {"spec": {"containers": containers(10_001)}}}});
    for (line, media_type, body, wanted) in [
        (format!("POST {path}"), "application/json", deployment(10_001), 400),
        (format!("PATCH {path}/d"), STRATEGIC, patch.clone(), 422),
        (format!("PATCH {path}/d"), MERGE, patch, 422),
        (format!("PATCH {path}/d?fieldManager=x"), APPLY, deployment(10_001), 413),
    ] {
        let (status, answer) = api.send(&line, media_type, &body);
        assert_eq!(status, wanted, "{line} {media_type}: {answer}");
    }
}
