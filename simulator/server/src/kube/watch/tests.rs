use std::io::Write;

use eks_auth_core::kube::object::ObjectKey;
use eks_auth_core::kube::request_info::Attributes;
use eks_auth_core::scenario;
use eks_auth_core::value::user::UserInfo;

use super::*;
use crate::net::http::Request;
use crate::state::State;
use crate::state::clock::ManualClock;

const CLUSTER: &str = "my-cluster";

fn state() -> State {
    let now = Timestamp::UNIX_EPOCH;
    let world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
    State::new(world, Box::new(ManualClock::new(now)), Box::new(|_| {})).unwrap()
}

/// Begins a watch of the ConfigMaps of the namespace `default`.
fn watch(state: &State, query: &str) -> Result<mpsc::Receiver<Vec<u8>>, Failure> {
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
    let context = Context {
        state,
        cluster_name: CLUSTER,
        cluster: Arc::clone(state.snapshot().cluster(CLUSTER).unwrap()),
        user: &user,
        attributes: &attributes,
        request: &request,
    };
    let maps = ResourceType::find("", "v1", "configmaps").unwrap();
    match start(&context, maps, "default", "")?.delivery {
        Delivery::Streamed(chunks) => Ok(chunks),
        other => panic!("{other:?}"),
    }
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

/// The next chunk's events: type, name and what the object is to be told by.
async fn next(chunks: &mut mpsc::Receiver<Vec<u8>>) -> Vec<String> {
    let chunk = chunks.recv().await.unwrap();
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

#[tokio::test]
async fn a_watch_begins_where_it_is_asked_to() {
    let state = state();
    put(&state, "old", "1");
    let version = revision(&state);
    put(&state, "new", "1");
    let begin = |query: &str| watch(&state, query).unwrap();
    for query in ["", "resourceVersion=0"] {
        let mut chunks = begin(query);
        assert_eq!(next(&mut chunks).await, ["ADDED new 1", "ADDED old 1"], "{query}");
    }
    let mut after = begin(&format!("resourceVersion={version}"));
    assert_eq!(next(&mut after).await, ["ADDED new 1"]);
    let mut listed = begin("allowWatchBookmarks=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
    assert_eq!(next(&mut listed).await, ["ADDED new 1", "ADDED old 1"]);
    let bookmark: Value = serde_json::from_slice(&listed.recv().await.unwrap()).unwrap();
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
    assert_eq!(next(&mut listed).await, ["MODIFIED old 2"]);
    assert_eq!(next(&mut after).await, ["MODIFIED old 2"]);
    for query in [
        "sendInitialEvents=true",
        "resourceVersionMatch=Exact&resourceVersion=1",
        "resourceVersion=x",
    ] {
        assert!(watch(&state, query).is_err(), "{query}");
    }
}

#[tokio::test]
async fn a_watch_ends_with_its_cluster_and_when_its_past_is_forgotten() {
    let state = state();
    let mut chunks = watch(&state, &format!("resourceVersion={}", revision(&state))).unwrap();
    for at in 0..=eks_auth_core::kube::object::history::HISTORY {
        put(&state, "a", &at.to_string());
    }
    let version = revision(&state);
    let mut late = watch(&state, "resourceVersion=1").unwrap();
    assert_eq!(
        next(&mut late).await,
        [format!("ERROR too old resource version: 1 ({version})")]
    );
    assert_eq!(late.recv().await, None);
    state.change(|world| world.clusters.remove(CLUSTER));
    while chunks.recv().await.is_some() {}
}

/// Prints what it measures: `cargo test -p eks-auth-sim --lib watchers -- --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_reaches_two_hundred_watchers_among_ten_thousand_objects() {
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
    put(&state, "first", "1");
    for chunks in &mut watchers {
        assert_eq!(next(chunks).await, ["ADDED first 1"]);
    }
    let stopwatch = Stopwatch::start();
    put(&state, "second", "2");
    let changed = stopwatch.seconds();
    for chunks in &mut watchers {
        assert_eq!(next(chunks).await, ["ADDED second 2"]);
    }
    let told = stopwatch.seconds();
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = memory
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap_or_default()
        .to_owned();
    let _ = writeln!(
        std::io::stderr(),
        "changed after {changed:.4} s, told to all after {told:.4} s; {memory}"
    );
    assert!(told < 10.0, "{told}");
}
