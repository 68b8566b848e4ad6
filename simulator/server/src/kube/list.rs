//! get and list: objects, pages of objects, and tables of them.
//!
//! Source of texts: `apiserver/pkg/endpoints/handlers/get.go` and `apiserver/pkg/registry/generic/registry/store.go` of
//! Kubernetes 1.32.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eks_auth_core::log::go_quote;
use eks_auth_core::object::ObjectKey;
use eks_auth_core::selector::FieldSelector;
use eks_auth_core::selector::LabelSelector;
use eks_auth_core::selector::SelectorError;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::json_response;
use super::resources::ResourceType;
use super::status::Failure;
use super::table;
use super::table::IncludeObject;
use crate::http::Response;

/// One object.
pub(super) fn get(context: &Context<'_>, resource: &ResourceType, object: &Arc<Value>) -> Response {
    if wants_table(context) {
        let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
        return table_response(
            context,
            resource,
            &[Arc::clone(object)],
            json!({"resourceVersion": version}),
        );
    }
    json_response(context.request, 200, &**object, false)
}

/// The objects of one namespace, or of all where it is empty.
pub(super) fn list(context: &Context<'_>, resource: &ResourceType, namespace: &str) -> Result<Response, Failure> {
    let request = context.request;
    let query = |name: &str| request.query_value(name).unwrap_or_default();
    let selection = Selection::of(context, resource)?;
    let start = match query("continue").as_str() {
        "" => None,
        token => Some(Continue::parse(token).ok_or_else(|| Failure::bad_request("continue key is not valid"))?),
    };
    let limit = query("limit").parse::<usize>().ok().filter(|limit| *limit > 0);

    let store = context.cluster.objects();
    let qualified = resource.qualified();
    let everywhere = Some(namespace).filter(|namespace| !namespace.is_empty());
    let mut found = store
        .list(&qualified, everywhere)
        .filter(|(key, _)| start.as_ref().is_none_or(|start| start.is_before(key)))
        .filter(|(_, object)| selection.matches(object));
    let mut last = None;
    let mut page: Vec<Arc<Value>> = Vec::new();
    for (key, object) in found.by_ref().take(limit.unwrap_or(usize::MAX)) {
        last = Some(key);
        page.push(Arc::clone(object));
    }
    let mut metadata = json!({"resourceVersion": store.revision().to_string()});
    let remaining = found.count();
    if let (Some(last), 1.., Some(metadata)) = (last, remaining, metadata.as_object_mut()) {
        metadata.insert("continue".to_owned(), json!(Continue::after(last).render()));
        metadata.insert("remainingItemCount".to_owned(), json!(remaining));
    }
    Ok(render(context, resource, &page, metadata))
}

/// A list, or a table of it.
pub(super) fn render(context: &Context<'_>, resource: &ResourceType, page: &[Arc<Value>], metadata: Value) -> Response {
    if wants_table(context) {
        return table_response(context, resource, page, metadata);
    }
    let items: Vec<Value> = page.iter().map(|object| without_type(object)).collect();
    let list = json!({
        "kind": resource.list_kind,
        "apiVersion": resource.api_version(),
        "metadata": metadata,
        "items": items,
    });
    json_response(context.request, 200, &list, false)
}

/// Which objects a request picks.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
    /// Where each field of `fields` stands.
    pointers: Vec<(String, String)>,
}

impl Selection {
    /// Reads `labelSelector` and `fieldSelector`.
    pub(super) fn of(context: &Context<'_>, resource: &ResourceType) -> Result<Self, Failure> {
        let query = |name: &str| context.request.query_value(name).unwrap_or_default();
        let bad = |error: SelectorError| Failure::bad_request(error.to_string());
        let labels = LabelSelector::parse(&query("labelSelector")).map_err(bad)?;
        let fields = FieldSelector::parse(&query("fieldSelector")).map_err(bad)?;
        let mut pointers = Vec::new();
        for term in fields.terms() {
            let Some(pointer) = field_pointer(resource, &term.field) else {
                return Err(Failure::bad_request(unknown_field(resource, &term.field)));
            };
            pointers.push((term.field.clone(), pointer.to_owned()));
        }
        Ok(Self {
            labels,
            fields,
            pointers,
        })
    }

    /// Whether the object is picked.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let own_labels = object.pointer("/metadata/labels");
        let field = |name: &str| {
            let (_, pointer) = self.pointers.iter().find(|(field, _)| field == name)?;
            object.pointer(pointer)?.as_str()
        };
        self.labels.matches(|key| own_labels?.get(key)?.as_str()) && self.fields.matches(field)
    }
}

fn wants_table(context: &Context<'_>) -> bool {
    let accept = context.request.header("accept").unwrap_or_default();
    accept.contains("as=Table") && accept.contains("g=meta.k8s.io")
}

fn table_response(context: &Context<'_>, resource: &ResourceType, objects: &[Arc<Value>], metadata: Value) -> Response {
    let include = IncludeObject::parse(context.request.query_value("includeObject").as_deref());
    let table = table::render(resource, objects, metadata, include, context.state.now());
    json_response(context.request, 200, &table, false)
}

/// An item of a list, which says its type once for all.
fn without_type(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    object
}

/// What a field is called that cannot be selected by; the kinds with fields of their own have words of their own.
fn unknown_field(resource: &ResourceType, field: &str) -> String {
    match (&*resource.group, &*resource.plural) {
        ("", "events" | "namespaces" | "nodes" | "pods" | "replicationcontrollers" | "secrets" | "services")
        | ("certificates.k8s.io", "certificatesigningrequests") => format!("field label not supported: {field}"),
        _ if resource.custom.is_some() => format!("field label not supported: {field}"),
        ("batch", "jobs") => format!("field label {} not supported for Job", go_quote(field)),
        _ => format!(
            "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
            go_quote(field)
        ),
    }
}

/// Where a selectable field stands (`selectableFields` of each kind's strategy).
fn field_pointer(resource: &ResourceType, field: &str) -> Option<&'static str> {
    const EVENT: [(&str, &str); 11] = [
        ("involvedObject.kind", "/involvedObject/kind"),
        ("involvedObject.namespace", "/involvedObject/namespace"),
        ("involvedObject.name", "/involvedObject/name"),
        ("involvedObject.uid", "/involvedObject/uid"),
        ("involvedObject.apiVersion", "/involvedObject/apiVersion"),
        ("involvedObject.resourceVersion", "/involvedObject/resourceVersion"),
        ("involvedObject.fieldPath", "/involvedObject/fieldPath"),
        ("reason", "/reason"),
        ("reportingComponent", "/reportingComponent"),
        ("source", "/source/component"),
        ("type", "/type"),
    ];
    const POD: [(&str, &str); 7] = [
        ("spec.nodeName", "/spec/nodeName"),
        ("spec.restartPolicy", "/spec/restartPolicy"),
        ("spec.schedulerName", "/spec/schedulerName"),
        ("spec.serviceAccountName", "/spec/serviceAccountName"),
        ("status.nominatedNodeName", "/status/nominatedNodeName"),
        ("status.phase", "/status/phase"),
        ("status.podIP", "/status/podIP"),
    ];
    const SERVICE: [(&str, &str); 2] = [("spec.clusterIP", "/spec/clusterIP"), ("spec.type", "/spec/type")];
    const NAMESPACE: [(&str, &str); 1] = [("status.phase", "/status/phase")];
    const SECRET: [(&str, &str); 1] = [("type", "/type")];
    let own: &[(&str, &'static str)] = match &*resource.kind {
        "Event" => &EVENT,
        "Namespace" => &NAMESPACE,
        "Pod" => &POD,
        "Secret" => &SECRET,
        "Service" => &SERVICE,
        _ => &[],
    };
    match field {
        "metadata.name" => Some("/metadata/name"),
        "metadata.namespace" if resource.namespaced => Some("/metadata/namespace"),
        _ => own.iter().find(|(name, _)| *name == field).map(|(_, pointer)| *pointer),
    }
}

/// Where the next page of a list begins. FIDELITY: the page shows the objects of now, not those of the first page's time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Continue {
    namespace: String,
    name: String,
}

impl Continue {
    fn after(key: &ObjectKey) -> Self {
        Self {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        }
    }

    fn parse(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let (namespace, name) = value.get("start")?.as_str()?.split_once('/')?;
        Some(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    fn render(&self) -> String {
        let value = json!({"v": "meta.k8s.io/v1", "start": format!("{}/{}", self.namespace, self.name)});
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn is_before(&self, key: &ObjectKey) -> bool {
        (self.namespace.as_str(), self.name.as_str()) < (key.namespace.as_str(), key.name.as_str())
    }
}
