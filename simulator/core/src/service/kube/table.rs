//! Objects as the server-side tables that kubectl prints.
//!
//! Columns and cells are those of `pkg/printers/internalversion/printers.go` of Kubernetes 1.32, always with the ones
//! of `-o wide`; types without a printer get the default convertor's (`apiserver/pkg/registry/rest/table.go`). kubectl
//! upper-cases the headers, adds the namespace, and prints a cell as it is, so that ages are told here.
//!
//! FIDELITY: quantities are printed as they were written, where the real server prints them in their canonical form.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use self::columns::Column;
use super::resources::ResourceType;
use crate::kube::object::items;
use crate::kube::object::text;
use crate::value::instant::Timestamp;

mod apps;
mod columns;
mod core;
mod custom;
mod networking;
mod others;
mod pod;
mod rbac;
mod storage;

/// What a row tells of its object besides the cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum IncludeObject {
    /// A PartialObjectMetadata.
    #[default]
    Metadata,
    /// Nothing: null.
    None,
    /// The object itself; kubectl asks for it to sort.
    Object,
}

impl IncludeObject {
    /// Reads the query parameter `includeObject`. Other values than the three mean metadata, where the real server
    /// answers 400.
    pub(super) fn parse(value: Option<&str>) -> Self {
        match value {
            Some("None") => Self::None,
            Some("Object") => Self::Object,
            _ => Self::Metadata,
        }
    }
}

/// A Table of meta.k8s.io/v1. It borrows the objects: what a row says of its own is a copy of much of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Table<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: Value,
    /// In a watch, null behind the first event.
    pub(super) column_definitions: Option<Vec<Value>>,
    rows: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    cells: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<Value>,
    object: Included<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Included<'a> {
    Nothing(()),
    /// As the version that is asked for shows it.
    Object(Cow<'a, Value>),
    #[serde(rename_all = "camelCase")]
    Metadata {
        kind: &'static str,
        api_version: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<&'a Value>,
    },
}

/// The table of `objects` of that type as of `now`. `list_metadata` is the list's own, or for a single object its
/// resourceVersion alone.
pub(super) fn render<'a>(
    resource: &ResourceType,
    objects: &'a [Arc<Value>],
    list_metadata: Value,
    include: IncludeObject,
    now: Timestamp,
) -> Table<'a> {
    let (columns, cells) = fill(resource, objects, now);
    let rows = objects.iter().zip(cells).map(|(object, cells)| Row {
        cells,
        conditions: row_conditions(resource, object),
        object: included(resource, object, include),
    });
    Table {
        kind: "Table",
        api_version: "meta.k8s.io/v1",
        metadata: list_metadata,
        column_definitions: Some(columns),
        rows: rows.collect(),
    }
}

/// The columns' definitions, and each object's cells.
fn fill(resource: &ResourceType, objects: &[Arc<Value>], now: Timestamp) -> (Vec<Value>, Vec<Vec<Value>>) {
    let added = resource.custom.as_ref().and_then(|custom| {
        let columns = custom.version.get("additionalPrinterColumns");
        columns.and_then(Value::as_array)
    });
    if let Some(added) = added.filter(|added| !added.is_empty()) {
        return custom::table(added, objects, now);
    }
    let (columns, cells) = if resource.custom.is_some() {
        (columns::CUSTOM, custom::age as Cells)
    } else {
        printer(&resource.group, &resource.plural)
    };
    (
        columns.iter().map(Column::render).collect(),
        objects.iter().map(|object| cells(&View { object, now })).collect(),
    )
}

fn included<'a>(resource: &ResourceType, object: &'a Value, include: IncludeObject) -> Included<'a> {
    match include {
        IncludeObject::None => Included::Nothing(()),
        IncludeObject::Object => Included::Object(resource.shown(object)),
        IncludeObject::Metadata => Included::Metadata {
            kind: "PartialObjectMetadata",
            api_version: "meta.k8s.io/v1",
            metadata: object.get("metadata"),
        },
    }
}

/// Pods that have ended are marked.
fn row_conditions(resource: &ResourceType, object: &Value) -> Option<Value> {
    if (&*resource.group, &*resource.plural) != ("", "pods") {
        return None;
    }
    let phase = text(object, "/status/phase");
    let message = match phase {
        "Succeeded" => "The pod has completed successfully.",
        "Failed" => "The pod failed.",
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": phase, "message": message}]))
}

/// A duration as Kubernetes prints it, with two or three figures (`apimachinery/pkg/util/duration`, `HumanDuration`).
pub(super) fn human_duration(seconds: i64) -> String {
    let pair = |whole: i64, unit: &str, rest: i64, smaller: &str| match rest {
        0 => format!("{whole}{unit}"),
        rest => format!("{whole}{unit}{rest}{smaller}"),
    };
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        // Two clocks may differ a little.
        ..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => pair(days, "d", hours % 24, "h"),
        _ if days < 2 * 365 => format!("{days}d"),
        _ if days < 8 * 365 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// An object and the time that ages are told from.
struct View<'a> {
    object: &'a Value,
    now: Timestamp,
}

impl<'a> View<'a> {
    fn text(&self, pointer: &str) -> &'a str {
        text(self.object, pointer)
    }

    /// The text there, or what the server takes in its place.
    fn text_or(&self, pointer: &str, default: &'a str) -> &'a str {
        non_empty(self.text(pointer)).unwrap_or(default)
    }

    /// The text there, also if it is empty.
    fn given(&self, pointer: &str) -> Option<&'a str> {
        self.object.pointer(pointer).and_then(Value::as_str)
    }

    fn flag_or(&self, pointer: &str, default: bool) -> bool {
        self.object.pointer(pointer).and_then(Value::as_bool).unwrap_or(default)
    }

    fn number(&self, pointer: &str) -> i64 {
        number(self.object, pointer)
    }

    fn items(&self, pointer: &str) -> &'a [Value] {
        items(self.object, pointer)
    }

    /// How many entries the map or list there has.
    fn size(&self, pointer: &str) -> usize {
        match self.object.pointer(pointer) {
            Some(Value::Object(map)) => map.len(),
            Some(Value::Array(list)) => list.len(),
            _ => 0,
        }
    }

    fn name(&self) -> &'a str {
        self.text("/metadata/name")
    }

    /// Whether its deletion has begun.
    fn is_deleted(&self) -> bool {
        present(self.object, "/metadata/deletionTimestamp").is_some()
    }

    fn age(&self) -> String {
        self.since(instant(self.text("/metadata/creationTimestamp")))
    }

    fn since(&self, time: Option<Timestamp>) -> String {
        time.map_or_else(
            || "<unknown>".to_owned(),
            |time| human_duration(self.now.seconds_since(time)),
        )
    }
}

/// Makes the cells of an object.
type Cells = fn(&View<'_>) -> Vec<Value>;

/// The columns of a kind, and what fills them.
fn printer(group: &str, plural: &str) -> (&'static [Column], Cells) {
    match (group, plural) {
        ("", "configmaps") => (columns::CONFIG_MAP, core::config_map),
        ("", "endpoints") => (columns::ENDPOINTS, networking::endpoints),
        ("" | "events.k8s.io", "events") => (columns::EVENT, core::event),
        ("", "namespaces") => (columns::NAMESPACE, core::namespace),
        ("", "nodes") => (columns::NODE, core::node),
        ("", "persistentvolumeclaims") => (columns::PERSISTENT_VOLUME_CLAIM, storage::persistent_volume_claim),
        ("", "persistentvolumes") => (columns::PERSISTENT_VOLUME, storage::persistent_volume),
        ("", "pods") => (columns::POD, pod::pod),
        ("", "podtemplates") => (columns::POD_TEMPLATE, core::pod_template),
        ("", "replicationcontrollers") => (columns::REPLICATION_CONTROLLER, apps::replication_controller),
        ("", "resourcequotas") => (columns::RESOURCE_QUOTA, core::resource_quota),
        ("", "secrets") => (columns::SECRET, core::secret),
        ("", "serviceaccounts") => (columns::SERVICE_ACCOUNT, core::service_account),
        ("", "services") => (columns::SERVICE, networking::service),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") => {
            (columns::WEBHOOK_CONFIGURATION, others::webhook_configuration)
        }
        ("apiregistration.k8s.io", "apiservices") => (columns::API_SERVICE, others::api_service),
        ("apps", "controllerrevisions") => (columns::CONTROLLER_REVISION, apps::controller_revision),
        ("apps", "daemonsets") => (columns::DAEMON_SET, apps::daemon_set),
        ("apps", "deployments") => (columns::DEPLOYMENT, apps::deployment),
        ("apps", "replicasets") => (columns::REPLICA_SET, apps::replica_set),
        ("apps", "statefulsets") => (columns::STATEFUL_SET, apps::stateful_set),
        ("autoscaling", "scale") => (columns::SCALE, apps::scale),
        ("autoscaling", "horizontalpodautoscalers") => {
            (columns::HORIZONTAL_POD_AUTOSCALER, apps::horizontal_pod_autoscaler)
        }
        ("batch", "cronjobs") => (columns::CRON_JOB, apps::cron_job),
        ("batch", "jobs") => (columns::JOB, apps::job),
        ("certificates.k8s.io", "certificatesigningrequests") => (
            columns::CERTIFICATE_SIGNING_REQUEST,
            others::certificate_signing_request,
        ),
        ("coordination.k8s.io", "leases") => (columns::LEASE, others::lease),
        ("discovery.k8s.io", "endpointslices") => (columns::ENDPOINT_SLICE, networking::endpoint_slice),
        ("networking.k8s.io", "ingressclasses") => (columns::INGRESS_CLASS, networking::ingress_class),
        ("networking.k8s.io", "ingresses") => (columns::INGRESS, networking::ingress),
        ("networking.k8s.io", "networkpolicies") => (columns::NETWORK_POLICY, networking::network_policy),
        ("node.k8s.io", "runtimeclasses") => (columns::RUNTIME_CLASS, others::runtime_class),
        ("policy", "poddisruptionbudgets") => (columns::POD_DISRUPTION_BUDGET, apps::pod_disruption_budget),
        ("rbac.authorization.k8s.io", "clusterrolebindings") => (columns::CLUSTER_ROLE_BINDING, rbac::role_binding),
        ("rbac.authorization.k8s.io", "rolebindings") => (columns::ROLE_BINDING, rbac::role_binding),
        ("scheduling.k8s.io", "priorityclasses") => (columns::PRIORITY_CLASS, others::priority_class),
        ("storage.k8s.io", "csidrivers") => (columns::CSI_DRIVER, storage::csi_driver),
        ("storage.k8s.io", "csinodes") => (columns::CSI_NODE, storage::csi_node),
        ("storage.k8s.io", "storageclasses") => (columns::STORAGE_CLASS, storage::storage_class),
        ("storage.k8s.io", "volumeattachments") => (columns::VOLUME_ATTACHMENT, storage::volume_attachment),
        _ => (columns::DEFAULT, default_cells),
    }
}

fn default_cells(view: &View<'_>) -> Vec<Value> {
    // Go's zero time is the first second of year 1.
    let created = view.text_or("/metadata/creationTimestamp", "0001-01-01T00:00:00Z");
    vec![json!(view.name()), json!(created)]
}

fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The map of texts there.
fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

/// The value there, unless it is null.
fn present<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    value.pointer(pointer).filter(|found| !found.is_null())
}

/// The status of the condition of that type.
fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    items(object, "/status/conditions")
        .iter()
        .find(|condition| text(condition, "/type") == kind)
        .map(|condition| text(condition, "/status"))
}

/// A Time or a MicroTime, to the millisecond; nothing where there is none.
fn instant(text: &str) -> Option<Timestamp> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return Timestamp::parse_rfc3339(text).ok();
    };
    let seconds = Timestamp::parse_rfc3339(&format!("{whole}Z")).ok()?.unix_seconds();
    let digits = fraction.strip_suffix('Z')?.chars().chain("000".chars());
    let millis: String = digits.take(3).collect();
    let millis: u16 = millis.parse().ok()?;
    Some(Timestamp::from_unix_millis(seconds * 1000 + i64::from(millis)))
}

fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A quantity as it is written, `0` where there is none.
fn quantity(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => "0".to_owned(),
    }
}

/// A part of each container, such as its `/name`.
fn containers(object: &Value, pointer: &str, part: &str) -> String {
    join(
        items(object, pointer).iter().map(|container| text(container, part)),
        ",",
    )
}

fn or_none(text: String) -> String {
    if text.is_empty() { "<none>".to_owned() } else { text }
}

/// `a=b,c=d`, ordered by key.
fn labels_or_none(value: &Value, pointer: &str) -> String {
    let ordered: BTreeMap<&str, &str> = texts(value, pointer).collect();
    or_none(join(
        ordered.into_iter().map(|(key, value)| format!("{key}={value}")),
        ",",
    ))
}

fn selector_or_none(object: &Value, pointer: &str) -> String {
    label_selector(object, pointer).map_or_else(|| "<error>".to_owned(), or_none)
}

/// The selector in the form of a query: `a=b,c in (d,e),!f`, ordered by key. Nothing where an operator is unknown.
fn label_selector(object: &Value, pointer: &str) -> Option<String> {
    let mut requirements: Vec<(&str, String)> = texts(object, &format!("{pointer}/matchLabels"))
        .map(|(key, value)| (key, format!("{key}={value}")))
        .collect();
    for expression in items(object, &format!("{pointer}/matchExpressions")) {
        let key = text(expression, "/key");
        let values: BTreeSet<&str> = items(expression, "/values").iter().filter_map(Value::as_str).collect();
        let values = join(values, ",");
        let requirement = match text(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        };
        requirements.push((key, requirement));
    }
    requirements.sort_by_key(|(key, _)| *key);
    Some(join(requirements.into_iter().map(|(_, requirement)| requirement), ","))
}

fn join<T: AsRef<str>>(parts: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut joined = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        joined.push_str(part.as_ref());
    }
    joined
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
