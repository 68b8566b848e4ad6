//! What kubectl prints of each kind: the columns of its table, and what fills them.
//!
//! Columns and cells are those of `pkg/printers/internalversion/printers.go` of Kubernetes 1.32, always with the ones
//! of `-o wide`; types without a printer get the default convertor's (`apiserver/pkg/registry/rest/table.go`). kubectl
//! upper-cases the headers, adds the namespace, and prints a cell as it is, so that ages are worded here.
//!
//! FIDELITY: quantities are printed as they were written, where the real server prints them in their canonical form.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use self::columns::Column;
use super::object::items;
use super::object::text;
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

/// The table of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Printer {
    columns: &'static [Column],
    cells: fn(&View<'_>) -> Vec<Value>,
    /// The `conditions` of an object's row.
    conditions: fn(&Value) -> Option<Value>,
}

impl Printer {
    const fn new(columns: &'static [Column], cells: fn(&View<'_>) -> Vec<Value>) -> Self {
        Self {
            columns,
            cells,
            conditions: |_| None,
        }
    }

    /// The columns' definitions.
    #[must_use]
    pub fn columns(&self) -> Vec<Value> {
        self.columns.iter().map(Column::render).collect()
    }

    /// An object's cells as of `now`, one for each column.
    #[must_use]
    pub fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        (self.cells)(&View { object, now })
    }

    /// The `conditions` of an object's row, where it has any.
    #[must_use]
    pub fn conditions(&self, object: &Value) -> Option<Value> {
        (self.conditions)(object)
    }
}

/// The columns that a custom resource's definition adds, and the cells of each object as of `now`.
#[must_use]
pub fn custom_table(added: &[Value], objects: &[Arc<Value>], now: Timestamp) -> (Vec<Value>, Vec<Vec<Value>>) {
    custom::table(added, objects, now)
}

/// Of `ConfigMap`.
pub const CONFIG_MAP: Printer = Printer::new(columns::CONFIG_MAP, core::config_map);
/// Of `Endpoints`.
pub const ENDPOINTS: Printer = Printer::new(columns::ENDPOINTS, networking::endpoints);
/// Of `Event`.
pub const EVENT: Printer = Printer::new(columns::EVENT, core::event);
/// Of `Namespace`.
pub const NAMESPACE: Printer = Printer::new(columns::NAMESPACE, core::namespace);
/// Of `Node`.
pub const NODE: Printer = Printer::new(columns::NODE, core::node);
/// Of `PersistentVolumeClaim`.
pub const PERSISTENT_VOLUME_CLAIM: Printer =
    Printer::new(columns::PERSISTENT_VOLUME_CLAIM, storage::persistent_volume_claim);
/// Of `PersistentVolume`.
pub const PERSISTENT_VOLUME: Printer = Printer::new(columns::PERSISTENT_VOLUME, storage::persistent_volume);
/// Of `Pod`.
pub const POD: Printer = Printer {
    conditions: pod::conditions,
    ..Printer::new(columns::POD, pod::pod)
};
/// Of `PodTemplate`.
pub const POD_TEMPLATE: Printer = Printer::new(columns::POD_TEMPLATE, core::pod_template);
/// Of `ReplicationController`.
pub const REPLICATION_CONTROLLER: Printer = Printer::new(columns::REPLICATION_CONTROLLER, apps::replication_controller);
/// Of `ResourceQuota`.
pub const RESOURCE_QUOTA: Printer = Printer::new(columns::RESOURCE_QUOTA, core::resource_quota);
/// Of `Secret`.
pub const SECRET: Printer = Printer::new(columns::SECRET, core::secret);
/// Of `ServiceAccount`.
pub const SERVICE_ACCOUNT: Printer = Printer::new(columns::SERVICE_ACCOUNT, core::service_account);
/// Of `Service`.
pub const SERVICE: Printer = Printer::new(columns::SERVICE, networking::service);
/// Of the two kinds of webhook configurations.
pub const WEBHOOK_CONFIGURATION: Printer = Printer::new(columns::WEBHOOK_CONFIGURATION, others::webhook_configuration);
/// Of `APIService`.
pub const API_SERVICE: Printer = Printer::new(columns::API_SERVICE, others::api_service);
/// Of `ControllerRevision`.
pub const CONTROLLER_REVISION: Printer = Printer::new(columns::CONTROLLER_REVISION, apps::controller_revision);
/// Of `DaemonSet`.
pub const DAEMON_SET: Printer = Printer::new(columns::DAEMON_SET, apps::daemon_set);
/// Of `Deployment`.
pub const DEPLOYMENT: Printer = Printer::new(columns::DEPLOYMENT, apps::deployment);
/// Of `ReplicaSet`.
pub const REPLICA_SET: Printer = Printer::new(columns::REPLICA_SET, apps::replica_set);
/// Of `StatefulSet`.
pub const STATEFUL_SET: Printer = Printer::new(columns::STATEFUL_SET, apps::stateful_set);
/// Of `Scale`.
pub const SCALE: Printer = Printer::new(columns::SCALE, apps::scale);
/// Of `HorizontalPodAutoscaler`.
pub const HORIZONTAL_POD_AUTOSCALER: Printer =
    Printer::new(columns::HORIZONTAL_POD_AUTOSCALER, apps::horizontal_pod_autoscaler);
/// Of `CronJob`.
pub const CRON_JOB: Printer = Printer::new(columns::CRON_JOB, apps::cron_job);
/// Of `Job`.
pub const JOB: Printer = Printer::new(columns::JOB, apps::job);
/// Of `CertificateSigningRequest`.
pub const CERTIFICATE_SIGNING_REQUEST: Printer = Printer::new(
    columns::CERTIFICATE_SIGNING_REQUEST,
    others::certificate_signing_request,
);
/// Of `Lease`.
pub const LEASE: Printer = Printer::new(columns::LEASE, others::lease);
/// Of `EndpointSlice`.
pub const ENDPOINT_SLICE: Printer = Printer::new(columns::ENDPOINT_SLICE, networking::endpoint_slice);
/// Of `IngressClass`.
pub const INGRESS_CLASS: Printer = Printer::new(columns::INGRESS_CLASS, networking::ingress_class);
/// Of `Ingress`.
pub const INGRESS: Printer = Printer::new(columns::INGRESS, networking::ingress);
/// Of `NetworkPolicy`.
pub const NETWORK_POLICY: Printer = Printer::new(columns::NETWORK_POLICY, networking::network_policy);
/// Of `RuntimeClass`.
pub const RUNTIME_CLASS: Printer = Printer::new(columns::RUNTIME_CLASS, others::runtime_class);
/// Of `PodDisruptionBudget`.
pub const POD_DISRUPTION_BUDGET: Printer = Printer::new(columns::POD_DISRUPTION_BUDGET, apps::pod_disruption_budget);
/// Of `ClusterRoleBinding`.
pub const CLUSTER_ROLE_BINDING: Printer = Printer::new(columns::CLUSTER_ROLE_BINDING, rbac::role_binding);
/// Of `RoleBinding`.
pub const ROLE_BINDING: Printer = Printer::new(columns::ROLE_BINDING, rbac::role_binding);
/// Of `PriorityClass`.
pub const PRIORITY_CLASS: Printer = Printer::new(columns::PRIORITY_CLASS, others::priority_class);
/// Of `CSIDriver`.
pub const CSI_DRIVER: Printer = Printer::new(columns::CSI_DRIVER, storage::csi_driver);
/// Of `CSINode`.
pub const CSI_NODE: Printer = Printer::new(columns::CSI_NODE, storage::csi_node);
/// Of `StorageClass`.
pub const STORAGE_CLASS: Printer = Printer::new(columns::STORAGE_CLASS, storage::storage_class);
/// Of `VolumeAttachment`.
pub const VOLUME_ATTACHMENT: Printer = Printer::new(columns::VOLUME_ATTACHMENT, storage::volume_attachment);
/// Of the kinds that have no columns of their own.
pub const DEFAULT: Printer = Printer::new(columns::DEFAULT, default_cells);
/// Of custom resources that define no columns.
pub const CUSTOM: Printer = Printer::new(columns::CUSTOM, custom::age);

/// A duration as Kubernetes prints it, with two or three figures (`apimachinery/pkg/util/duration`, `HumanDuration`).
pub(crate) fn human_duration(seconds: i64) -> String {
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

/// An object and the time that ages are counted to.
struct View<'a> {
    object: &'a Value,
    now: Timestamp,
}

impl<'a> View<'a> {
    fn text(&self, pointer: &str) -> &'a str {
        text(self.object, pointer)
    }

    /// The text there, or what the server assumes in its place.
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
