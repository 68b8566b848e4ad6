//! Which objects a list, a watch or a deletion of many picks.

use serde_json::Value;

use super::status::Failure;
use crate::kube::resource::ResourceType;
use crate::kube::selector::FieldOperator;
use crate::kube::selector::FieldSelector;
use crate::kube::selector::LabelSelector;
use crate::kube::selector::SelectorError;
use crate::service::http::Request;

/// What `labelSelector` and `fieldSelector` of a request pick.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    labels: LabelSelector,
    fields: Vec<FieldTest>,
    has_labels: bool,
}

#[derive(Clone, Debug)]
struct FieldTest {
    pointer: String,
    /// What the field is where it is absent.
    default: &'static str,
    value: String,
    wants_equal: bool,
}

impl Selection {
    pub(super) fn of(request: &Request, resource: &ResourceType) -> Result<Self, Failure> {
        let query = |name: &str| request.query_value(name).unwrap_or_default();
        let bad = |error: SelectorError| Failure::bad_request(error.to_string());
        let labels = query("labelSelector");
        let fields = FieldSelector::parse(&query("fieldSelector")).map_err(bad)?;
        let mut tests = Vec::new();
        for term in fields.terms() {
            let Some((pointer, default)) = field(resource, &term.field) else {
                return Err(Failure::bad_request(resource.selectable.refusal(&term.field)));
            };
            tests.push(FieldTest {
                pointer,
                default,
                value: term.value.clone(),
                wants_equal: term.operator == FieldOperator::Equal,
            });
        }
        Ok(Self {
            labels: LabelSelector::parse(&labels).map_err(bad)?,
            fields: tests,
            has_labels: !labels.is_empty(),
        })
    }

    /// This, narrowed to the object of that name.
    pub(super) fn named(mut self, name: &str) -> Self {
        self.fields.push(FieldTest {
            pointer: "/metadata/name".to_owned(),
            default: "",
            value: name.to_owned(),
            wants_equal: true,
        });
        self
    }

    /// Whether it picks everything.
    pub(super) fn is_empty(&self) -> bool {
        !self.has_labels && self.fields.is_empty()
    }

    /// Whether the object is picked.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let fields = self.fields.iter().all(|test| {
            let is_equal = match object.pointer(&test.pointer) {
                Some(Value::String(found)) => *found == test.value,
                Some(Value::Bool(found)) => test.value == if *found { "true" } else { "false" },
                Some(Value::Number(found)) => found.as_i64().is_some_and(|found| test.value.parse() == Ok(found)),
                _ => test.default == test.value,
            };
            is_equal == test.wants_equal
        });
        if !fields || !self.has_labels {
            return fields;
        }
        let labels = object.pointer("/metadata/labels");
        self.labels.matches(|key| labels?.get(key)?.as_str())
    }
}

/// Where a selectable field stands, and what it is where it is absent.
fn field(resource: &ResourceType, name: &str) -> Option<(String, &'static str)> {
    match name {
        "metadata.name" => return Some(("/metadata/name".to_owned(), "")),
        "metadata.namespace" if resource.namespaced => return Some(("/metadata/namespace".to_owned(), "")),
        _ => {}
    }
    if let Some((pointer, default)) = resource.selectable.find(name) {
        return Some((pointer.to_owned(), default));
    }
    let declared = resource.custom.as_ref()?.version.get("selectableFields")?.as_array()?;
    let path = format!(".{name}");
    let is_declared = declared
        .iter()
        .any(|field| field.get("jsonPath").is_some_and(|found| *found == *path));
    is_declared.then(|| (path.replace('.', "/"), ""))
}
