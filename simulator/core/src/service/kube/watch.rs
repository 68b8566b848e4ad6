//! watch: what changes, as it changes.
//!
//! A watch follows the snapshots of the World: whenever one is published, it sends the changes since the last one that it
//! sent. So no writer waits for a watch, and a slow client costs nobody but itself.
//!
//! Source: `apiserver/pkg/endpoints/handlers/watch.go`, `apiserver/pkg/storage/cacher/cacher.go` and
//! `apiserver/pkg/endpoints/handlers/response.go` of Kubernetes 1.32. FIDELITY: a watch is authorized once, as upstream, and
//! lasts 45 minutes where the client does not say, upstream 30 to 60.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::list;
use super::list::Encoding;
use super::list::Shown;
use super::selection::Selection;
use super::status::Failure;
use super::table;
use super::table::IncludeObject;
use crate::cluster::eks::Cluster;
use crate::kube::object::history::Change;
use crate::kube::object::history::ChangeKind;
use crate::kube::resource::ResourceType;
use crate::kube::websocket;
use crate::service::http::Delivery;
use crate::service::http::Response;
use crate::service::stream::Pace;
use crate::service::stream::Seen;
use crate::service::stream::Step;
use crate::service::stream::Stream;
use crate::value::instant::Timestamp;

/// Where the client does not say.
const DEFAULT_TIME: Duration = Duration::from_secs(45 * 60);
/// Between bookmarks, for clients that want them.
const BOOKMARK_TIME: Duration = Duration::from_secs(60);
/// Events in a chunk.
const BATCH: usize = 250;
/// A chunk that has as many bytes gets no further event: a client that reads slowly keeps no more of our memory than one
/// of them, and one event beyond it.
const CHUNK_BYTES: usize = 64 * 1024;
/// What a bookmark carries once the state at the beginning was sent (`metav1.InitialEventsAnnotationKey`).
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// A watch that goes on.
#[derive(Debug)]
struct Watch {
    cluster: String,
    /// Distinguishes the cluster from a later one of the same name.
    created: Timestamp,
    endpoint: String,
    resource: Arc<ResourceType>,
    qualified: String,
    namespace: String,
    selection: Selection,
    encoding: Encoding,
    include: IncludeObject,
    wants_bookmarks: bool,
    /// Up to where changes were sent.
    revision: u64,
    has_columns: bool,
    /// What was there at the beginning and is still to be sent.
    first: VecDeque<Arc<Value>>,
    /// Whether a bookmark is to follow it.
    marks_first: bool,
    /// The changes that are still to be sent, up to `reached`.
    changes: VecDeque<Arc<Change>>,
    reached: u64,
    time: Duration,
}

/// How a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// With what is there.
    State,
    /// With what is there, and a bookmark behind it.
    StateAndBookmark,
    /// With what came after a version.
    After(u64),
}

/// Begins a watch of the objects of one namespace, or of all where it is empty; of one object where there is a name.
pub(super) fn start(
    context: &Context<'_>,
    resource: &Arc<ResourceType>,
    namespace: &str,
    name: &str,
) -> Result<Response, Failure> {
    let request = context.request;
    let query = |name: &str| request.query_value(name).unwrap_or_default();
    let selection = Selection::of(request, resource)?;
    list::check_options(request, true)?;
    let is_set = |name: &str| {
        let value = request.query_value(name);
        value.is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    };
    let version = list::version(request)?;
    let present = context.cluster.objects().revision();
    let beginning = match (version, request.query_value("sendInitialEvents")) {
        (Some(version), None) => Beginning::After(version),
        (None, None) => Beginning::State,
        (Some(version), Some(_)) if is_set("sendInitialEvents") && version > present => {
            return Err(Failure::too_large_version(version, present));
        }
        (_, Some(_)) if is_set("sendInitialEvents") => Beginning::StateAndBookmark,
        (version, Some(_)) => Beginning::After(version.unwrap_or(present)),
    };
    let time = query("timeoutSeconds").parse().ok().filter(|seconds| *seconds > 0);
    let time = time.map_or(DEFAULT_TIME, Duration::from_secs);
    let mut watch = Watch {
        cluster: context.cluster_name.to_owned(),
        created: context.cluster.created,
        endpoint: context.cluster.endpoint.clone(),
        resource: Arc::clone(resource),
        qualified: resource.stored_as(),
        namespace: namespace.to_owned(),
        selection: if name.is_empty() {
            selection
        } else {
            selection.named(name)
        },
        encoding: Encoding::of(request),
        include: IncludeObject::parse(request.query_value("includeObject").as_deref()),
        wants_bookmarks: is_set("allowWatchBookmarks"),
        revision: present,
        has_columns: false,
        first: VecDeque::new(),
        marks_first: false,
        changes: VecDeque::new(),
        reached: 0,
        time,
    };
    match beginning {
        Beginning::After(revision) => watch.revision = revision,
        Beginning::State | Beginning::StateAndBookmark => {
            let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
            let listed = context.cluster.objects().list(&watch.qualified, namespace);
            watch.first = listed
                .filter(|(_, object)| watch.selection.matches(object))
                .map(|(_, object)| Arc::clone(object))
                .collect();
            watch.marks_first = beginning == Beginning::StateAndBookmark && watch.wants_bookmarks;
        }
    }
    let stream = Box::new(watch);
    if websocket::is_asked(&request.headers) {
        return Ok(Response {
            status: 101,
            headers: Vec::new(),
            body: Vec::new(),
            delivery: Delivery::WebSocket(stream),
        });
    }
    Ok(Response::new(200, "application/json", Vec::new()).delivered(Delivery::Streamed(stream)))
}

impl Stream for Watch {
    fn pace(&self) -> Pace {
        Pace::OnChange {
            marks: BOOKMARK_TIME,
            time: self.time,
        }
    }

    fn step(&mut self, Seen { world, now, .. }: Seen<'_>) -> Step {
        let mut chunk = Vec::new();
        if !self.first.is_empty() {
            for _ in 0..BATCH {
                let Some(object) = self.first.pop_front() else { break };
                self.event(&mut chunk, ChangeKind::Added.name(), &object, now);
                if chunk.len() >= CHUNK_BYTES {
                    break;
                }
            }
            return Step::Chunk(chunk);
        }
        if std::mem::take(&mut self.marks_first) {
            self.bookmark(&mut chunk, true, now);
            return Step::Chunk(chunk);
        }
        loop {
            if self.changes.is_empty() {
                // A version that is still to come is not gone back from.
                self.revision = self.revision.max(self.reached);
                let Some(cluster) = world
                    .cluster(&self.cluster)
                    .filter(|cluster| cluster.created == self.created && cluster.endpoint == self.endpoint)
                else {
                    return Step::End(Vec::new());
                };
                let Some((changes, reached)) = self.new_changes(cluster) else {
                    let oldest = cluster.objects().revision();
                    let why = format!("too old resource version: {} ({oldest})", self.revision);
                    let error = json!({"type": "ERROR", "object": Failure::expired(&why).value()});
                    return Step::End(format!("{error}\n").into_bytes());
                };
                self.reached = reached;
                self.changes = changes;
                if self.changes.is_empty() {
                    self.revision = self.revision.max(self.reached);
                    return Step::Idle;
                }
            }
            for _ in 0..BATCH {
                let Some(change) = self.changes.pop_front() else { break };
                if let Some((kind, object)) = change.seen(|object| self.selection.matches(object)) {
                    self.event(&mut chunk, kind.name(), &object, now);
                }
                if chunk.len() >= CHUNK_BYTES {
                    break;
                }
            }
            if !chunk.is_empty() {
                return Step::Chunk(chunk);
            }
        }
    }

    fn mark(&mut self, now: Timestamp) -> Option<Vec<u8>> {
        let mut chunk = Vec::new();
        self.wants_bookmarks.then(|| {
            self.bookmark(&mut chunk, false, now);
            chunk
        })
    }
}

impl Watch {
    /// The first changes of its resource and namespace that were not sent yet, and the revision up to which they are all;
    /// nothing where some are forgotten. Further ones are left to the store, which forgets them for a client that is too slow.
    fn new_changes(&self, cluster: &Cluster) -> Option<(VecDeque<Arc<Change>>, u64)> {
        let mut mine = VecDeque::new();
        let mut reached = self.revision;
        for change in cluster.objects().changes_after(self.revision)? {
            if mine.len() >= BATCH {
                return Some((mine, reached));
            }
            reached = change.revision;
            if change.key.resource == self.qualified
                && (self.namespace.is_empty() || change.key.namespace == self.namespace)
            {
                mine.push_back(Arc::clone(change));
            }
        }
        Some((mine, cluster.objects().revision()))
    }

    fn event(&mut self, chunk: &mut Vec<u8>, kind: &str, object: &Arc<Value>, now: Timestamp) {
        if self.encoding == Encoding::Table {
            let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
            let metadata = json!({"resourceVersion": version});
            let objects = std::slice::from_ref(object);
            let mut table = table::render(&self.resource, objects, metadata, self.include, now);
            if self.has_columns {
                table.column_definitions = None;
            }
            self.has_columns = true;
            write_event(chunk, kind, &table);
        } else {
            write_event(chunk, kind, &Shown::new(&self.resource, object, self.encoding));
        }
    }

    /// Says up to where everything was sent.
    fn bookmark(&mut self, chunk: &mut Vec<u8>, ends_initial_events: bool, now: Timestamp) {
        let mut metadata = json!({"creationTimestamp": null, "resourceVersion": self.revision.to_string()});
        if let (true, Some(metadata)) = (ends_initial_events, metadata.as_object_mut()) {
            metadata.insert("annotations".to_owned(), json!({INITIAL_EVENTS_END: "true"}));
        }
        let object = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.api_version(),
            "metadata": metadata,
        });
        self.event(chunk, "BOOKMARK", &Arc::new(object), now);
    }
}

#[derive(Serialize)]
struct Event<'a, T> {
    r#type: &'a str,
    object: &'a T,
}

fn write_event(chunk: &mut Vec<u8>, kind: &str, object: &impl Serialize) {
    let event = Event { r#type: kind, object };
    // Writing text keys to memory does not fail.
    let _ = serde_json::to_writer(&mut *chunk, &event);
    chunk.push(b'\n');
}

#[cfg(test)]
mod tests;
