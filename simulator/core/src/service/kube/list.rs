//! get and list: objects, pages of objects, and tables of them.
//!
//! Source of texts: `apiserver/pkg/endpoints/handlers/get.go`, `apiserver/pkg/storage/{errors,continue}.go`,
//! `apiserver/pkg/storage/etcd3/store.go` and `apimachinery/pkg/apis/meta/internalversion/validation` of Kubernetes 1.32.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::json_response;
use super::selection::Selection;
use super::status::Failure;
use super::table;
use super::table::IncludeObject;
use crate::kube::object::ObjectKey;
use crate::kube::object::ObjectStore;
use crate::kube::resource::ResourceType;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::value::log::go_quote;

/// One object, of a state that is as new as the request demands.
pub(super) fn get(context: &Context<'_>, resource: &ResourceType, object: &Arc<Value>) -> Result<Response, Failure> {
    if let Some(wanted) = version(context.request)? {
        not_too_large(wanted, context.cluster.objects())?;
    }
    Ok(show(context, 200, resource, object))
}

/// One object as the client wants to see it.
pub(super) fn show(context: &Context<'_>, status: u16, resource: &ResourceType, object: &Arc<Value>) -> Response {
    match Encoding::of(context.request) {
        Encoding::Table => {
            let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
            let metadata = json!({"resourceVersion": version});
            table_response(context, resource, std::slice::from_ref(object), metadata)
        }
        encoding => json_response(context.request, status, &Shown::new(resource, object, encoding), false),
    }
}

/// The objects of one namespace, or of all where it is empty.
pub(super) fn list(context: &Context<'_>, resource: &ResourceType, namespace: &str) -> Result<Response, Failure> {
    let request = context.request;
    let query = |name: &str| request.query_value(name).unwrap_or_default();
    let selection = Selection::of(request, resource)?;
    check_options(request, false)?;
    let limit = query("limit").parse::<usize>().ok().filter(|limit| *limit > 0);
    let page = Page::asked(context, limit)?;
    let (store, start) = (&*page.store, &page.start);

    let qualified = resource.stored_as();
    let everywhere = Some(namespace).filter(|namespace| !namespace.is_empty());
    let after = match start {
        Some((namespace, name)) => ObjectKey::new(&qualified, namespace, name),
        None => ObjectKey::new(&qualified, everywhere.unwrap_or_default(), ""),
    };
    let mut candidates = store.list_after(&qualified, everywhere, &after);
    let mut found: Vec<Arc<Value>> = Vec::new();
    let mut last = None;
    for (key, object) in candidates.by_ref() {
        if selection.matches(object) {
            found.push(Arc::clone(object));
            last = Some(key);
            if limit.is_some_and(|limit| found.len() >= limit) {
                break;
            }
        }
    }
    let mut metadata = json!({"resourceVersion": store.revision().to_string()});
    if let (Some(last), Some(metadata)) = (last, metadata.as_object_mut()) {
        let remaining = if selection.is_empty() {
            candidates.count()
        } else {
            candidates
                .filter(|(_, object)| selection.matches(object))
                .take(1)
                .count()
        };
        if remaining > 0 {
            metadata.insert("continue".to_owned(), json!(page.next(last)));
            if selection.is_empty() {
                metadata.insert("remainingItemCount".to_owned(), json!(remaining));
            }
        }
    }
    Ok(render(context, resource, &found, metadata))
}

/// A list as the client wants to see it.
pub(super) fn render(context: &Context<'_>, resource: &ResourceType, page: &[Arc<Value>], metadata: Value) -> Response {
    let encoding = Encoding::of(context.request);
    if encoding == Encoding::Table {
        return table_response(context, resource, page, metadata);
    }
    let (kind, api_version) = match encoding {
        Encoding::Metadata => ("PartialObjectMetadataList", Cow::Borrowed("meta.k8s.io/v1")),
        _ => (&*resource.list_kind, Cow::Owned(resource.api_version())),
    };
    let list = List {
        kind,
        api_version: &api_version,
        metadata,
        items: page
            .iter()
            .map(|object| Shown {
                is_item: true,
                ..Shown::new(resource, object, encoding)
            })
            .collect(),
    };
    json_response(context.request, 200, &list, false)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    kind: &'a str,
    api_version: &'a str,
    metadata: Value,
    items: Vec<Shown<'a>>,
}

/// What a client wants to see of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Their metadata only.
    Metadata,
    /// They themselves.
    Object,
    /// Rows.
    Table,
}

impl Encoding {
    /// The first of what the client accepts; all of it is JSON.
    pub(super) fn of(request: &Request) -> Self {
        let accept = request.header("accept").unwrap_or_default();
        let found = accept.split(',').find_map(|kind| {
            let mut parts = kind.split(';').map(str::trim);
            if !matches!(parts.next(), Some("application/json" | "*/*" | "application/*")) {
                return None;
            }
            Some(match parts.find_map(|part| part.strip_prefix("as=")) {
                Some("Table") => Self::Table,
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Self::Metadata,
                _ => Self::Object,
            })
        });
        found.unwrap_or(Self::Object)
    }
}

/// An object as it goes to a client, without a copy but where its version is not the stored one.
pub(super) struct Shown<'a> {
    object: Cow<'a, Value>,
    encoding: Encoding,
    /// The version that is asked for, where it may not be the stored one.
    api_version: Option<String>,
    /// Items of built-in kinds do not say their type.
    is_item: bool,
    is_custom: bool,
}

impl<'a> Shown<'a> {
    pub(super) fn new(resource: &ResourceType, object: &'a Value, encoding: Encoding) -> Self {
        Self {
            object: match encoding {
                // The metadata is the same in every version, but for annotations that stand for what a version lacks.
                Encoding::Object | Encoding::Metadata => resource.shown(object),
                Encoding::Table => Cow::Borrowed(object),
            },
            encoding,
            api_version: resource.custom.is_some().then(|| resource.api_version()),
            is_item: false,
            is_custom: resource.custom.is_some(),
        }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(object) = &*self.object else {
            return self.object.serialize(serializer);
        };
        let mut map = serializer.serialize_map(None)?;
        if self.encoding == Encoding::Metadata {
            map.serialize_entry("kind", "PartialObjectMetadata")?;
            map.serialize_entry("apiVersion", "meta.k8s.io/v1")?;
            map.serialize_entry("metadata", &object.get("metadata"))?;
            return map.end();
        }
        for (key, value) in object {
            match (key.as_str(), &self.api_version) {
                ("apiVersion" | "kind", _) if self.is_item && !self.is_custom => {}
                ("apiVersion", Some(version)) => map.serialize_entry(key, version)?,
                _ => map.serialize_entry(key, value)?,
            }
        }
        map.end()
    }
}

fn table_response(context: &Context<'_>, resource: &ResourceType, objects: &[Arc<Value>], metadata: Value) -> Response {
    let include = IncludeObject::parse(context.request.query_value("includeObject").as_deref());
    let table = table::render(resource, objects, metadata, include, context.base.now());
    json_response(context.request, 200, &table, false)
}

/// The query's resourceVersion; nothing where any will do.
pub(super) fn version(request: &Request) -> Result<Option<u64>, Failure> {
    let text = request.query_value("resourceVersion").unwrap_or_default();
    match text.as_str() {
        "" | "0" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            let why = format!(
                "Invalid value: {0}: strconv.ParseUint: parsing {0}: invalid syntax",
                go_quote(text)
            );
            Failure::bad_request(format!("resourceVersion: {why}"))
        }),
    }
}

fn not_too_large(wanted: u64, store: &ObjectStore) -> Result<(), Failure> {
    if wanted > store.revision() {
        return Err(Failure::too_large_version(wanted, store.revision()));
    }
    Ok(())
}

/// Which options of a list or a watch go together.
pub(super) fn check_options(request: &Request, is_watch: bool) -> Result<(), Failure> {
    const FIELD: &str = "resourceVersionMatch";
    let query = |name: &str| request.query_value(name).unwrap_or_default();
    let forbidden = |field: &str, why: &str| {
        let why = format!("Forbidden: {why}");
        let causes = [("FieldValueForbidden", why, field.to_owned())];
        Err(Failure::invalid_options("ListOptions", &causes))
    };
    let matching = query(FIELD);
    let sends_initial_events = request.query_value("sendInitialEvents").is_some();
    let has_version = !query("resourceVersion").is_empty();
    if sends_initial_events && !is_watch {
        return forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if is_watch && sends_initial_events && matching != "NotOlderThan" {
        return forbidden(
            FIELD,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        );
    }
    if matching.is_empty() || sends_initial_events {
        return Ok(());
    }
    if is_watch {
        return forbidden(
            FIELD,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        );
    }
    if !has_version {
        return forbidden(
            FIELD,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        );
    }
    if !query("continue").is_empty() {
        return forbidden(FIELD, "resourceVersionMatch is forbidden if continue is provided");
    }
    match matching.as_str() {
        "NotOlderThan" => Ok(()),
        "Exact" if query("resourceVersion") == "0" => forbidden(
            FIELD,
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        "Exact" => Ok(()),
        other => {
            let why = format!(
                "Unsupported value: {}: supported values: \"Exact\", \"NotOlderThan\", \"\"",
                go_quote(other)
            );
            Err(Failure::invalid_options(
                "ListOptions",
                &[("FieldValueNotSupported", why, FIELD.to_owned())],
            ))
        }
    }
}

/// Where a list begins, and in which state of the objects.
struct Page<'a> {
    store: Cow<'a, ObjectStore>,
    /// Namespace and name behind which it begins.
    start: Option<(String, String)>,
    /// The pages show one state after another, since the first one's is forgotten.
    is_inconsistent: bool,
}

impl<'a> Page<'a> {
    fn asked(context: &'a Context<'_>, limit: Option<usize>) -> Result<Self, Failure> {
        let request = context.request;
        let store = context.cluster.objects();
        let now = |start, is_inconsistent| Self {
            store: Cow::Borrowed(store),
            start,
            is_inconsistent,
        };
        let token = request.query_value("continue").unwrap_or_default();
        if !token.is_empty() {
            if !request.query_value("resourceVersion").unwrap_or_default().is_empty() {
                return Err(Failure::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let (revision, start) = parse_continue(&token)
                .ok_or_else(|| Failure::bad_request("continue key is not valid: the token is none of this server"))?;
            let Some(revision) = revision else {
                return Ok(now(Some(start), true));
            };
            let found = store.at(revision).filter(|found| found.revision() == revision);
            return match found {
                Some(store) => Ok(Self {
                    store,
                    start: Some(start),
                    is_inconsistent: false,
                }),
                None => Err(Failure::continue_expired(render_continue(None, &start))),
            };
        }
        let Some(wanted) = version(request)? else {
            return Ok(now(None, false));
        };
        not_too_large(wanted, store)?;
        // As before there was resourceVersionMatch, a page of a version is a page of that version exactly.
        let is_exact = match request.query_value("resourceVersionMatch").as_deref() {
            Some("Exact") => true,
            Some("NotOlderThan") => false,
            _ => limit.is_some(),
        };
        if !is_exact {
            return Ok(now(None, false));
        }
        let store = store
            .at(wanted)
            .ok_or_else(|| Failure::expired("The resourceVersion for the provided list is too old."))?;
        Ok(Self {
            store,
            start: None,
            is_inconsistent: false,
        })
    }

    /// The token for what comes behind `last`.
    fn next(&self, last: &ObjectKey) -> String {
        let revision = (!self.is_inconsistent).then(|| self.store.revision());
        render_continue(revision, &(last.namespace.clone(), last.name.clone()))
    }
}

fn parse_continue(token: &str) -> Option<(Option<u64>, (String, String))> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    let (namespace, name) = value.get("start")?.as_str()?.split_once('/')?;
    let revision = match value.get("rv")?.as_i64()? {
        -1 => None,
        revision => Some(u64::try_from(revision).ok()?),
    };
    Some((revision, (namespace.to_owned(), name.trim_end_matches('\0').to_owned())))
}

fn render_continue(revision: Option<u64>, (namespace, name): &(String, String)) -> String {
    let revision = revision.map_or_else(|| json!(-1), |revision| json!(revision));
    let value = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{namespace}/{name}\0")});
    URL_SAFE_NO_PAD.encode(value.to_string())
}
