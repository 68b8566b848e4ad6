//! Objects as the server-side tables that kubectl prints: what [`crate::kube::printer`] says of each, in one Table.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::kube::printer;
use crate::kube::resource::ResourceType;
use crate::value::instant::Timestamp;

/// What a row shows of its object besides the cells.
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
        conditions: resource.printer.conditions(object),
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
        return printer::custom_table(added, objects, now);
    }
    let printer = &resource.printer;
    (
        printer.columns(),
        objects.iter().map(|object| printer.cells(object, now)).collect(),
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

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
