use super::*;
use crate::kube::kinds;
use crate::kube::object::ObjectKey;
use crate::kube::request_info::Attributes;
use crate::scenario;
use crate::service::http::Request;
use crate::service::testing::State;
use crate::value::user::UserInfo;

const CLUSTER: &str = "my-cluster";

fn state() -> State {
    let now = Timestamp::UNIX_EPOCH;
    let world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
    State::new(world, now)
}

/// Begins a watch of the ConfigMaps of the namespace `default`.
fn watch(state: &State, query: &str) -> Result<Box<dyn Stream>, Failure> {
    let request = Request {
        method: "GET".to_owned(),
        path: String::new(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        peer: ([127, 0, 0, 1], 1).into(),
    };
    let user = UserInfo::default();
    let attributes = Attributes::resource("watch", "", "v1", "configmaps", "", "default", "");
    state.call(|base| {
        let context = Context {
            base,
            cluster_name: CLUSTER,
            cluster: Arc::clone(state.snapshot().cluster(CLUSTER).unwrap()),
            user: &user,
            attributes: &attributes,
            request: &request,
        };
        let maps = kinds::find("", "v1", "configmaps").unwrap();
        match start(&context, maps, "default", "")?.delivery {
            Delivery::Streamed(stream) => Ok(stream),
            other => panic!("{other:?}"),
        }
    })
}

fn put(state: &State, name: &str, data: &str) {
    let key = ObjectKey::new("configmaps", "default", name);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": data}});
    state.change(|world| {
        let (cluster, ids) = world.cluster_mut(CLUSTER).unwrap();
        if cluster.objects().find(&key).is_some() {
            cluster.update_object(&key, object).unwrap();
        } else {
            cluster.create_object(key, object, ids, Timestamp::UNIX_EPOCH).unwrap();
        }
    });
}

fn revision(state: &State) -> u64 {
    state.snapshot().cluster(CLUSTER).unwrap().objects().revision()
}

/// The chunk that comes next.
fn chunk(state: &State, watch: &mut Box<dyn Stream>) -> Vec<u8> {
    match state.step(&mut **watch) {
        Step::Chunk(chunk) | Step::End(chunk) => chunk,
        Step::Idle => panic!("nothing to tell"),
    }
}

/// The next chunk's events: type, name and what the object is to be told by.
fn next(state: &State, watch: &mut Box<dyn Stream>) -> Vec<String> {
    let chunk = chunk(state, watch);
    let lines = chunk.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let event: Value = serde_json::from_slice(line).unwrap();
            let text = |pointer: &str| {
                event
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let rest = ["/object/metadata/name", "/object/data/a", "/object/message"]
                .map(text)
                .join(" ");
            format!("{} {}", text("/type"), rest.trim())
        })
        .collect()
}

#[test]
fn a_watch_begins_where_it_is_asked_to() {
    let state = state();
    put(&state, "old", "1");
    let version = revision(&state);
    put(&state, "new", "1");
    let begin = |query: &str| watch(&state, query).unwrap();
    for query in ["", "resourceVersion=0"] {
        let mut chunks = begin(query);
        assert_eq!(next(&state, &mut chunks), ["ADDED new 1", "ADDED old 1"], "{query}");
    }
    let mut after = begin(&format!("resourceVersion={version}"));
    assert_eq!(next(&state, &mut after), ["ADDED new 1"]);
    let mut listed = begin("allowWatchBookmarks=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
    assert_eq!(next(&state, &mut listed), ["ADDED new 1", "ADDED old 1"]);
    let bookmark: Value = serde_json::from_slice(&chunk(&state, &mut listed)).unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(
        bookmark["object"]["metadata"]["annotations"][INITIAL_EVENTS_END],
        "true"
    );
    assert_eq!(
        bookmark["object"]["metadata"]["resourceVersion"],
        revision(&state).to_string()
    );
    put(&state, "old", "2");
    assert_eq!(next(&state, &mut listed), ["MODIFIED old 2"]);
    assert_eq!(next(&state, &mut after), ["MODIFIED old 2"]);
    for query in [
        "sendInitialEvents=true",
        "resourceVersionMatch=Exact&resourceVersion=1",
        "resourceVersion=x",
    ] {
        assert!(watch(&state, query).is_err(), "{query}");
    }
}

#[test]
fn a_watch_ends_with_its_cluster_and_when_its_past_is_forgotten() {
    let state = state();
    let mut chunks = watch(&state, &format!("resourceVersion={}", revision(&state))).unwrap();
    for at in 0..=crate::kube::object::history::HISTORY {
        put(&state, "a", &at.to_string());
    }
    let version = revision(&state);
    let mut late = watch(&state, "resourceVersion=1").unwrap();
    assert_eq!(
        next(&state, &mut late),
        [format!("ERROR too old resource version: 1 ({version})")]
    );
    state.change(|world| world.clusters.remove(CLUSTER));
    while let Step::Chunk(_) = state.step(&mut *chunks) {}
    assert_eq!(state.step(&mut *chunks), Step::End(Vec::new()));
}

#[test]
fn a_change_is_told_to_two_hundred_watchers_among_ten_thousand_objects() {
    let state = state();
    state.change(|world| {
        let (cluster, ids) = world.cluster_mut(CLUSTER).unwrap();
        let objects = (0..10_000).map(|at| {
            let object = json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"labels": {"app": "web", "number": at.to_string()}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}], "nodeName": "node"},
                "status": {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
            });
            (ObjectKey::new("pods", "default", &format!("pod-{at:05}")), object)
        });
        cluster.create_objects(objects.collect(), ids, Timestamp::UNIX_EPOCH);
    });
    let query = format!("resourceVersion={}", revision(&state));
    let mut watchers: Vec<_> = (0..200).map(|_| watch(&state, &query).unwrap()).collect();
    for (name, told) in [("first", "ADDED first 1"), ("second", "ADDED second 1")] {
        put(&state, name, "1");
        for watch in &mut watchers {
            assert_eq!(next(&state, watch), [told]);
            assert_eq!(state.step(&mut **watch), Step::Idle);
        }
    }
}
