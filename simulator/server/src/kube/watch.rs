//! watch: what changes, as it changes.
//!
//! A watch follows the snapshots of the World: whenever one is published, it tells the changes since the last one that it
//! told. So no writer waits for a watch, and a slow client costs nobody but itself.
//!
//! Source: `apiserver/pkg/endpoints/handlers/watch.go`, `apiserver/pkg/storage/cacher/cacher.go` and
//! `apiserver/pkg/endpoints/handlers/response.go` of Kubernetes 1.32. FIDELITY: a watch is authorized once, as upstream, and
//! lasts 45 minutes where the client does not say, upstream 30 to 60.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::kube::object::history::Change;
use eks_auth_core::kube::object::history::Told;
use eks_auth_core::kube::websocket;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::world::World;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;
use tokio::time::interval;
use tokio::time::sleep;

use super::Context;
use super::list;
use super::list::Encoding;
use super::list::Shown;
use super::metrics::OpenRequest;
use super::resources::ResourceType;
use super::selection::Selection;
use super::status::Failure;
use super::table;
use super::table::IncludeObject;
use crate::net::http::Delivery;
use crate::net::http::Response;
use crate::state::clock::Stopwatch;

/// Where the client does not say.
const DEFAULT_TIME: Duration = Duration::from_secs(45 * 60);
/// Between bookmarks, for clients that want them.
const BOOKMARK_TIME: Duration = Duration::from_secs(60);
/// Chunks that may wait for a client.
const BACKLOG: usize = 4;
/// Events in a chunk.
const BATCH: usize = 250;
/// What a bookmark carries once the state at the beginning was told (`metav1.InitialEventsAnnotationKey`).
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// A watch that goes on.
struct Watch {
    cluster: String,
    /// Tells the cluster from a later one of the same name.
    created: Timestamp,
    endpoint: String,
    resource: Arc<ResourceType>,
    qualified: String,
    namespace: String,
    selection: Selection,
    encoding: Encoding,
    include: IncludeObject,
    wants_bookmarks: bool,
    /// Up to where it has been told.
    revision: u64,
    has_columns: bool,
    /// Ages in tables are told from here, and from what has passed since.
    now: Timestamp,
    watched: Stopwatch,
    /// Counts it when it ends.
    _open: Option<OpenRequest>,
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
    let watch = Watch {
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
        now: context.state.now(),
        watched: Stopwatch::start(),
        _open: OpenRequest::begin(context),
    };
    let runtime = Handle::try_current().map_err(|error| Failure::not_implemented(format!("no watch: {error}")))?;
    let (sender, chunks) = mpsc::channel(BACKLOG);
    let worlds = context.state.subscribe();
    let first = Arc::clone(&context.cluster);
    runtime.spawn(async move {
        // Whoever is told no more has ended the watch.
        let _ = watch.run(beginning, first, worlds, sender, time).await;
    });
    if websocket::is_asked(&request.headers) {
        return Ok(Response {
            status: 101,
            headers: Vec::new(),
            body: Vec::new(),
            delivery: Delivery::WebSocket(chunks),
        });
    }
    Ok(Response::new(200, "application/json", Vec::new()).delivered(Delivery::Streamed(chunks)))
}

/// The client is gone.
struct Gone;

impl Watch {
    async fn run(
        mut self,
        beginning: Beginning,
        first: Arc<Cluster>,
        mut worlds: Receiver<Arc<World>>,
        sender: mpsc::Sender<Vec<u8>>,
        time: Duration,
    ) -> Result<(), Gone> {
        let mut end = pin!(sleep(time));
        match beginning {
            Beginning::After(revision) => self.revision = revision,
            Beginning::State | Beginning::StateAndBookmark => {
                let namespace = Some(self.namespace.clone()).filter(|namespace| !namespace.is_empty());
                let qualified = self.qualified.clone();
                let mut chunk = Vec::new();
                let listed = first.objects().list(&qualified, namespace.as_deref());
                let found: Vec<Arc<Value>> = listed
                    .filter(|(_, object)| self.selection.matches(object))
                    .map(|(_, object)| Arc::clone(object))
                    .collect();
                for batch in found.chunks(BATCH) {
                    for object in batch {
                        self.event(&mut chunk, Told::Added.name(), object);
                    }
                    send(&sender, &mut chunk).await?;
                }
                if beginning == Beginning::StateAndBookmark && self.wants_bookmarks {
                    self.bookmark(&mut chunk, true);
                    send(&sender, &mut chunk).await?;
                }
            }
        }
        drop(first);
        let mut bookmarks = interval(BOOKMARK_TIME);
        // The first is at once.
        bookmarks.tick().await;
        loop {
            let world = Arc::clone(&worlds.borrow_and_update());
            let Some(cluster) = world
                .cluster(&self.cluster)
                .filter(|cluster| cluster.created == self.created && cluster.endpoint == self.endpoint)
            else {
                return Ok(());
            };
            let Some(changes) = self.new_changes(cluster) else {
                let oldest = cluster.objects().revision();
                let why = format!("too old resource version: {} ({oldest})", self.revision);
                let error = json!({"type": "ERROR", "object": Failure::expired(&why).value()});
                return sender.send(format!("{error}\n").into_bytes()).await.map_err(|_| Gone);
            };
            let revision = cluster.objects().revision();
            drop(world);
            let mut chunk = Vec::new();
            for batch in changes.chunks(BATCH) {
                for change in batch {
                    let told = change.tell(|object| self.selection.matches(object));
                    if let Some((told, object)) = told {
                        self.event(&mut chunk, told.name(), &object);
                    }
                }
                send(&sender, &mut chunk).await?;
            }
            // A version that is still to come is not gone back from.
            self.revision = self.revision.max(revision);
            tokio::select! {
                changed = worlds.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
                () = sender.closed() => return Err(Gone),
                () = &mut end => return Ok(()),
                _ = bookmarks.tick(), if self.wants_bookmarks => {
                    self.bookmark(&mut chunk, false);
                    send(&sender, &mut chunk).await?;
                }
            }
        }
    }

    /// The changes of its resource and namespace that were not told yet; nothing where some are forgotten.
    fn new_changes(&self, cluster: &Cluster) -> Option<Vec<Arc<Change>>> {
        let changes = cluster.objects().changes_after(self.revision)?;
        let mine = changes.filter(|change| {
            change.key.resource == self.qualified
                && (self.namespace.is_empty() || change.key.namespace == self.namespace)
        });
        Some(mine.map(Arc::clone).collect())
    }

    fn event(&mut self, chunk: &mut Vec<u8>, kind: &str, object: &Arc<Value>) {
        if self.encoding == Encoding::Table {
            let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
            let metadata = json!({"resourceVersion": version});
            let objects = std::slice::from_ref(object);
            let passed = self.watched.elapsed().as_secs();
            let now = self.now.plus_seconds(i64::try_from(passed).unwrap_or_default());
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

    /// Says up to where everything was told.
    fn bookmark(&mut self, chunk: &mut Vec<u8>, ends_initial_events: bool) {
        let mut metadata = json!({"creationTimestamp": null, "resourceVersion": self.revision.to_string()});
        if let (true, Some(metadata)) = (ends_initial_events, metadata.as_object_mut()) {
            metadata.insert("annotations".to_owned(), json!({INITIAL_EVENTS_END: "true"}));
        }
        let object = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.api_version(),
            "metadata": metadata,
        });
        self.event(chunk, "BOOKMARK", &Arc::new(object));
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

/// Sends what there is and leaves the chunk empty.
async fn send(sender: &mpsc::Sender<Vec<u8>>, chunk: &mut Vec<u8>) -> Result<(), Gone> {
    if chunk.is_empty() {
        return Ok(());
    }
    sender.send(std::mem::take(chunk)).await.map_err(|_| Gone)
}

#[cfg(test)]
mod tests;
