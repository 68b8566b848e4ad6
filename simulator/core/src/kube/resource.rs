//! A resource of the API: its names, its verbs, and all that the server does with its objects.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::conversion::Conversion;
use super::object::strategy::Strategy;
use super::printer;
use super::printer::Printer;
use super::schema::Kind;
use super::schema::defaults::Defaults;
use super::selectable::SelectableFields;
use super::validation::Checks;

/// A resource of one group and version, with the verbs that are really served.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// Empty for the core group.
    pub group: Arc<str>,
    /// Such as `v1`.
    pub version: Arc<str>,
    /// Such as `pods`.
    pub plural: Arc<str>,
    /// Such as `pod`.
    pub singular: Arc<str>,
    /// Such as `Pod`.
    pub kind: Arc<str>,
    /// Such as `ConfigMapList`.
    pub list_kind: Arc<str>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Such as `po`.
    pub short_names: Vec<Arc<str>>,
    /// Such as `all`.
    pub categories: Vec<Arc<str>>,
    /// In the order of discovery. Reviews have `create` only, and are never stored.
    pub verbs: Vec<&'static str>,
    /// What is below an object of it, such as `status`.
    pub subresources: Vec<Subresource>,
    /// What its definition says, where it is a custom one.
    pub custom: Option<CustomType>,
    /// What the server fills in where a client says nothing.
    pub(super) defaults: Defaults,
    /// How its objects are stored, where that is as another kind or version.
    pub conversion: Option<Conversion>,
    /// Under which name they are stored, where that is another resource's.
    pub(super) stored_as: Option<&'static str>,
    /// Where they stand in etcd, which some messages name; the plural where it is empty.
    pub registry: &'static str,
    /// What the server itself writes into them.
    pub strategy: Strategy,
    /// What is checked before they are stored.
    pub checks: Checks,
    /// By which of their fields they are selected.
    pub selectable: SelectableFields,
    /// The table that kubectl prints of them.
    pub printer: Printer,
}

/// A part of a resource with a path of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subresource {
    /// Such as `status`.
    pub name: Arc<str>,
    /// The group of `kind`.
    pub group: Arc<str>,
    /// The version of `kind`.
    pub version: Arc<str>,
    /// What is sent or answered, such as `Scale`.
    pub kind: Arc<str>,
    /// In the order of discovery.
    pub verbs: Vec<&'static str>,
}

/// What a CustomResourceDefinition says of one version.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomType {
    /// The entry of `spec.versions`: its schema, its printer columns, its selectable fields, its subresources.
    pub version: Value,
    /// `spec.versions[].name` of the version that is stored.
    pub storage_version: Arc<str>,
}

impl CustomType {
    /// Its `openAPIV3Schema`; null where it has none.
    pub fn schema(&self) -> &Value {
        const NONE: &Value = &Value::Null;
        self.version.pointer("/schema/openAPIV3Schema").unwrap_or(NONE)
    }
}

impl ResourceType {
    /// Plural and group, as in messages and in the store: `configmaps`, `roles.rbac.authorization.k8s.io`.
    pub fn qualified(&self) -> String {
        match &*self.group {
            "" => self.plural.to_string(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// The store's name for its objects: [`ResourceType::qualified`], but for Events of events.k8s.io.
    pub fn stored_as(&self) -> String {
        self.stored_as.map_or_else(|| self.qualified(), str::to_owned)
    }

    /// Its group, version and kind.
    pub fn to_kind(&self) -> Kind {
        Kind::new(&self.group, &self.version, &self.kind)
    }

    /// A stored object as this resource shows it.
    pub fn shown<'a>(&self, stored: &'a Value) -> Cow<'a, Value> {
        match self.conversion {
            Some(conversion) => conversion.from_stored(stored),
            None => Cow::Borrowed(stored),
        }
    }

    /// [`ResourceType::shown`], without a copy where none is needed.
    pub fn shown_shared(&self, stored: &Arc<Value>) -> Arc<Value> {
        match self.shown(stored) {
            Cow::Borrowed(_) => Arc::clone(stored),
            Cow::Owned(shown) => Arc::new(shown),
        }
    }

    /// An object of this resource as it is stored.
    pub fn to_stored(&self, object: Value) -> Value {
        match self.conversion {
            Some(conversion) => conversion.to_stored(object),
            None => object,
        }
    }

    /// `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        match &*self.group {
            "" => self.version.to_string(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Fills in what an object leaves open. What cannot be read is left as it is.
    pub fn set_defaults(&self, object: &mut Value) {
        if let Some(object) = object.as_object_mut() {
            (self.defaults)(object);
        }
    }

    /// The subresource of that name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|one| *one.name == *name)
    }

    /// Whether its status is written by a path of its own, and by that path only.
    pub fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }
}

/// To make the row of a resource.
impl ResourceType {
    /// A resource with every verb, about which nothing is special.
    pub(crate) fn new(group: &str, version: &str, (plural, kind): (&str, &str), namespaced: bool) -> Self {
        Self {
            group: Arc::from(group),
            version: Arc::from(version),
            plural: Arc::from(plural),
            singular: Arc::from(kind.to_lowercase()),
            kind: Arc::from(kind),
            list_kind: Arc::from(format!("{kind}List")),
            namespaced,
            short_names: Vec::new(),
            categories: Vec::new(),
            verbs: FULL.to_vec(),
            subresources: Vec::new(),
            custom: None,
            defaults: |_| {},
            conversion: None,
            stored_as: None,
            registry: "",
            strategy: Strategy::PLAIN,
            checks: Checks::METADATA,
            selectable: SelectableFields::METADATA,
            printer: printer::DEFAULT,
        }
    }

    /// Marks it as that of a definition.
    pub(crate) fn of_definition(self, custom: CustomType) -> Self {
        Self {
            custom: Some(custom),
            strategy: Strategy {
                counts_generations: true,
                updates_unconditionally: false,
                ..self.strategy
            },
            checks: Checks::CUSTOM,
            selectable: SelectableFields::CUSTOM,
            printer: printer::CUSTOM,
            ..self
        }
    }

    pub(super) fn short(mut self, names: &[&str]) -> Self {
        self.short_names = names.iter().map(|name| Arc::from(*name)).collect();
        self
    }

    pub(super) fn category(mut self, name: &str) -> Self {
        self.categories.push(Arc::from(name));
        self
    }

    pub(super) fn generations(mut self) -> Self {
        self.strategy.counts_generations = true;
        self
    }

    pub(crate) fn status(mut self) -> Self {
        self.strategy.has_status = true;
        self.part("status", &PART)
    }

    pub(crate) fn scale(self) -> Self {
        self.part_of("scale", ("autoscaling", "v1", "Scale"), &PART)
    }

    /// A subresource whose kind is the resource's own.
    pub(super) fn part(self, name: &str, verbs: &[&'static str]) -> Self {
        let (group, version, kind) = (self.group.to_string(), self.version.to_string(), self.kind.to_string());
        self.part_of(name, (&group, &version, &kind), verbs)
    }

    pub(super) fn part_of(
        mut self,
        name: &str,
        (group, version, kind): (&str, &str, &str),
        verbs: &[&'static str],
    ) -> Self {
        self.subresources.push(Subresource {
            name: Arc::from(name),
            group: Arc::from(group),
            version: Arc::from(version),
            kind: Arc::from(kind),
            verbs: verbs.to_vec(),
        });
        self
    }

    /// A review: it has `create` only, and is never stored.
    pub(super) fn review(mut self) -> Self {
        self.verbs = vec!["create"];
        self
    }

    pub(super) fn defaults(self, defaults: Defaults) -> Self {
        Self { defaults, ..self }
    }

    pub(super) fn converted(self, conversion: Conversion) -> Self {
        Self {
            conversion: Some(conversion),
            ..self
        }
    }

    pub(super) fn stored_as_of(self, resource: &'static str) -> Self {
        Self {
            stored_as: Some(resource),
            ..self
        }
    }

    pub(super) fn registry(self, registry: &'static str) -> Self {
        Self { registry, ..self }
    }

    /// What differs from the plain strategy; its status and its generations are as the row says so far.
    pub(super) fn strategy(self, own: Strategy) -> Self {
        let strategy = Strategy {
            has_status: self.strategy.has_status,
            counts_generations: self.strategy.counts_generations,
            ..own
        };
        Self { strategy, ..self }
    }

    pub(super) fn checks(self, checks: Checks) -> Self {
        Self { checks, ..self }
    }

    pub(super) fn selectable(self, selectable: SelectableFields) -> Self {
        Self { selectable, ..self }
    }

    pub(super) fn printer(self, printer: Printer) -> Self {
        Self { printer, ..self }
    }
}

const FULL: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
pub(super) const CONNECT: [&str; 2] = ["create", "get"];
pub(super) const PROXY: [&str; 5] = ["create", "delete", "get", "patch", "update"];
pub(super) const PART: [&str; 3] = ["get", "patch", "update"];
