//! The shapes of Kubernetes objects: which fields a type has, and how writes treat them.
//!
//! One schema serves everything that asks about types: decoding (protobuf, unknown fields, wrong types), defaults,
//! strategic merge, server-side apply, custom resources, and the OpenAPI documents that clients read.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

/// Object types by name, and the kinds among them.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    objects: HashMap<Arc<str>, ObjectType>,
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
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// What it holds.
    pub shape: Shape,
    /// Its number in the protobuf message; none where the type is never sent as protobuf.
    pub number: Option<u32>,
    /// Whether OpenAPI lists it as required.
    pub required: bool,
    /// What OpenAPI says that it is where it is absent.
    pub default: Option<Value>,
    /// What a strategic merge patch does to it.
    pub patch: PatchStrategy,
    /// What `kubectl explain` says of it; may be empty.
    pub description: Arc<str>,
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

impl Schema {
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
