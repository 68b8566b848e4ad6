//! The shapes of Kubernetes objects: which fields a type has, and how writes treat them.
//!
//! One schema serves everything that asks about types: decoding (protobuf, unknown fields, wrong types), defaults,
//! strategic merge, server-side apply, custom resources, and the OpenAPI documents that clients read. The built-in types
//! stand in `schema/types/*.txt`, a line a field; their facts (names, protobuf numbers, merge keys, list types, defaults)
//! are those of the `types.go` files of `k8s.io/api`, `apimachinery`, `apiextensions-apiserver` and `kube-aggregator`
//! v0.32 and of `api/openapi-spec/v3` of Kubernetes 1.32. `table.rs` says how such a line is read.

pub mod decode;
pub mod defaults;
pub mod openapi;
mod table;
pub mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use serde_json::Value;

/// Object types by name, and the kinds among them.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    objects: BTreeMap<Arc<str>, ObjectType>,
    kinds: BTreeMap<Kind, Arc<str>>,
}

/// A kind of a group and version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Such as `ConfigMap`.
    pub kind: String,
}

/// What has named fields.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectType {
    /// Such as `io.k8s.api.core.v1.PodSpec`, as OpenAPI names it.
    pub name: Arc<str>,
    /// By the name in JSON.
    pub fields: BTreeMap<Arc<str>, Field>,
    /// Fields that are not named here are kept as they are (`x-kubernetes-preserve-unknown-fields`).
    pub preserves_unknown: bool,
    /// Server-side apply owns it whole (`x-kubernetes-map-type: atomic`).
    pub atomic: bool,
    /// What `kubectl explain` says of it; may be empty.
    pub description: Arc<str>,
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it holds.
    pub shape: Shape,
    /// Its number in the protobuf message; none where the type is never sent as protobuf.
    pub number: Option<u32>,
    /// The number of the message that the field sits in on the wire, where JSON has it one level higher: Go's embedded
    /// structs, such as `VolumeSource` in `Volume`.
    pub embedded: Option<u32>,
    /// What becomes of a zero value when Go writes the object as JSON.
    pub zero: Zero,
    /// Go's name of the type, as errors of its decoder give it, where the shape alone does not tell: `v1.PullPolicy`.
    pub go_type: Option<Arc<str>>,
    /// Whether OpenAPI lists it as required.
    pub required: bool,
    /// What OpenAPI says that it is where it is absent.
    pub default: Option<Value>,
    /// What a strategic merge patch does to it.
    pub patch: PatchStrategy,
    /// What `kubectl explain` says of it; may be empty.
    pub description: Arc<str>,
}

/// What becomes of `""`, `0`, `false`, and lists and maps without items, when Go writes an object as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zero {
    /// They are left out (`omitempty`).
    #[default]
    Omitted,
    /// They are written, even where nobody gave them (no `omitempty`, and every struct that is no pointer).
    Written,
    /// They are written where somebody gave them (a pointer with `omitempty`).
    Kept,
    /// They are written where somebody gave them, and null where nobody did (a pointer without `omitempty`).
    Null,
}

/// What a value may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Any JSON at all.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A whole number of 32 bits, signed.
    Int32,
    /// A whole number of 64 bits, signed.
    Int64,
    /// A floating-point number.
    Double,
    /// Text.
    String,
    /// Base64 in JSON, bytes in protobuf.
    Bytes,
    /// RFC 3339 with seconds (`metav1.Time`); null is allowed.
    Time,
    /// RFC 3339 with microseconds (`metav1.MicroTime`); null is allowed.
    MicroTime,
    /// A Go duration such as `1m0s` (`metav1.Duration`).
    Duration,
    /// A whole number or text (`intstr.IntOrString`).
    IntOrString,
    /// Text such as `100m` or `2Gi`, or a number (`resource.Quantity`).
    Quantity,
    /// An object of [`Schema::object`] of that name; named, since types may hold themselves.
    Object(Arc<str>),
    /// Keys of any name, all of one shape.
    Map(Arc<MapShape>),
    /// A list.
    List(Arc<ListShape>),
    /// A `JSONSchemaProps`, or something simpler in its place.
    SchemaOr(SchemaAlternative),
}

/// What may stand in the place of a `JSONSchemaProps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaAlternative {
    /// `true` or `false`.
    Boolean,
    /// A list of schemas.
    Schemas,
    /// A list of field names.
    Names,
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapShape {
    /// What each value is.
    pub values: Shape,
    /// Server-side apply owns it whole.
    pub atomic: bool,
}

/// A list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListShape {
    /// What each item is.
    pub items: Shape,
    /// How server-side apply tells items apart.
    pub kind: ListKind,
}

/// `x-kubernetes-list-type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Owned whole; the default.
    Atomic,
    /// Scalars, each once.
    Set,
    /// Objects, told apart by these fields (`x-kubernetes-list-map-keys`).
    Map(Vec<Arc<str>>),
}

/// `x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    /// Lists are merged, not replaced: by this key, or as a set of scalars where it is `None`.
    pub merge: Option<Option<Arc<str>>>,
    /// Keys that the patch does not name under `$retainKeys` go (`retainKeys`).
    pub retain_keys: bool,
}

static BUILTIN: LazyLock<Schema> = LazyLock::new(|| table::parse(table::FILES).unwrap_or_default());

impl Schema {
    /// Every kind that an API server has without custom resources, as far as the simulator serves it.
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// The type of that kind.
    #[must_use]
    pub fn kind(&self, kind: &Kind) -> Option<&ObjectType> {
        self.object(self.kinds.get(kind)?)
    }

    /// The type of that name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&ObjectType> {
        self.objects.get(name)
    }

    /// Every kind, with the name of its type.
    pub fn kinds(&self) -> impl Iterator<Item = (&Kind, &Arc<str>)> {
        self.kinds.iter()
    }

    /// Adds a type; one of the same name goes.
    pub fn insert(&mut self, object: ObjectType) {
        self.objects.insert(Arc::clone(&object.name), object);
    }

    /// Makes a type the one of a kind.
    pub fn insert_kind(&mut self, kind: Kind, object: &str) {
        self.kinds.insert(kind, Arc::from(object));
    }
}

impl Kind {
    /// The kind of that group (empty for the core group), version and name.
    #[must_use]
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// The kind that an object's `apiVersion` and `kind` name.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::new(group, version, kind)
    }

    /// Group and version as in an object: `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }
}

impl ObjectType {
    /// A type without fields.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: Arc::from(name),
            fields: BTreeMap::new(),
            preserves_unknown: false,
            atomic: false,
            description: Arc::from(""),
        }
    }

    /// The name without its package: `PodSpec`.
    #[must_use]
    pub fn short_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }
}

impl Field {
    /// An optional field of that shape.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            number: None,
            embedded: None,
            zero: Zero::default(),
            go_type: None,
            required: false,
            default: None,
            patch: PatchStrategy::default(),
            description: Arc::from(""),
        }
    }
}
