//! Reads what Go clients post as `application/vnd.kubernetes.protobuf` into the JSON form of the same object.
//!
//! client-go of 0.32 and later sends its typed requests so, with no fallback to JSON. Known are the kinds that such
//! clients post to a cluster of the simulator; field numbers are those of the `generated.proto` files of `k8s.io/api`
//! and `k8s.io/apimachinery` v0.32. Answers are always JSON, so nothing is written in this form.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use eks_auth_core::instant::Timestamp;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// Reads an enveloped object. What Go's zero values stand for is absent from the result, save where a field is a
/// pointer in Go, so that zero means something. `metadata` and `spec` are there even when they are empty.
///
/// # Errors
/// [`ProtobufError`].
pub(super) fn decode(body: &[u8]) -> Result<Value, ProtobufError> {
    let envelope = body.strip_prefix(MAGIC).ok_or(ProtobufError::NoMagic)?;
    let mut raw: &[u8] = &[];
    let mut type_meta = Map::new();
    let mut reader = Reader(envelope);
    while let Some((number, payload)) = reader.next_field()? {
        match number {
            1 => merge(&mut type_meta, TYPE_META, payload.bytes(number)?)?,
            2 => raw = payload.bytes(number)?,
            _ => {}
        }
    }
    let part = |name: &str| type_meta.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (part("apiVersion"), part("kind"));
    let fields = fields_of(api_version, kind).ok_or_else(|| ProtobufError::UnsupportedKind {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
    })?;
    let mut object = type_meta;
    merge(&mut object, fields, raw)?;
    Ok(Value::Object(object))
}

/// Every enveloped message starts so.
const MAGIC: &[u8] = b"k8s\0";

/// A body that is no object in protobuf, or not one that is known here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProtobufError {
    #[error("the bytes of `{field}` are no JSON")]
    FieldsNotJson { field: &'static str },
    #[error("body does not start with the bytes of `k8s` and a zero")]
    NoMagic,
    #[error("the text of `{field}` is not UTF-8")]
    NotUtf8 { field: &'static str },
    #[error("a group ends that did not start")]
    StrayGroupEnd,
    #[error("message is truncated")]
    Truncated,
    #[error("field number {got} is outside of 1 to 536870911")]
    FieldNumber { got: u64 },
    #[error("kind `{kind}` of version `{api_version}` is not read in protobuf")]
    UnsupportedKind { api_version: String, kind: String },
    #[error("varint is longer than 64 bits")]
    VarintOverflow,
    #[error("wire type {got} is unknown")]
    WireType { got: u64 },
    #[error("field {number} is of another wire type than its schema says")]
    WireTypeOfField { number: u32 },
}

// INVARIANT: the schema is a finite tree of constants, so the recursion below is as deep as that tree at most, whatever
// the input is. Each step consumes input, and each field costs constant time, so decoding is linear.
fn merge(object: &mut Map<String, Value>, message: &[Field], body: &[u8]) -> Result<(), ProtobufError> {
    let mut reader = Reader(body);
    while let Some((number, payload)) = reader.next_field()? {
        if let Some(field) = message.iter().find(|field| field.number == number) {
            field.merge(object, payload)?;
        }
    }
    for field in message.iter().filter(|field| field.presence == Presence::Always) {
        object.entry(field.name).or_insert_with(|| json!({}));
    }
    Ok(())
}

/// A field of a message and its name in JSON.
#[derive(Clone, Copy)]
struct Field {
    number: u32,
    name: &'static str,
    kind: Kind,
    presence: Presence,
}

#[derive(Clone, Copy)]
enum Kind {
    Bool,
    /// A map to bytes, which are base64 in JSON.
    BytesMap,
    /// A managed field set: its one field holds JSON.
    FieldsV1,
    Int,
    IntOrString,
    Message(&'static [Field]),
    Messages(&'static [Field]),
    MicroTime,
    Text,
    TextMap,
    Texts,
    /// A map to lists of text, each wrapped in a message.
    TextsMap,
    Time,
}

/// When a field is in the JSON form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Even when it is not on the wire; only for messages.
    Always,
    /// Unless it is the zero value: Go writes such fields always.
    NotZero,
    /// Whenever it is on the wire: a pointer in Go.
    Pointer,
}

impl Field {
    const fn new(number: u32, name: &'static str, kind: Kind) -> Self {
        Self {
            number,
            name,
            kind,
            presence: Presence::NotZero,
        }
    }

    const fn pointer(self) -> Self {
        Self {
            presence: Presence::Pointer,
            ..self
        }
    }

    const fn always(self) -> Self {
        Self {
            presence: Presence::Always,
            ..self
        }
    }

    /// Takes one occurrence of the field in: the last scalar wins, messages merge, lists and maps grow.
    fn merge(&self, object: &mut Map<String, Value>, payload: Payload<'_>) -> Result<(), ProtobufError> {
        match self.kind {
            Kind::Bool => {
                let value = payload.varint(self.number)? != 0;
                self.put(object, !value, value.into());
            }
            Kind::Int => {
                let value = payload.varint(self.number)?.cast_signed();
                self.put(object, value == 0, value.into());
            }
            Kind::Text => {
                let value = self.text(payload)?;
                self.put(object, value.is_empty(), value.into());
            }
            Kind::Texts => {
                let value = self.text(payload)?;
                self.push(object, value.into());
            }
            Kind::Message(fields) => {
                let mut value = match object.remove(self.name) {
                    Some(Value::Object(earlier)) => earlier,
                    _ => Map::new(),
                };
                merge(&mut value, fields, payload.bytes(self.number)?)?;
                self.put(object, value.is_empty(), value.into());
            }
            Kind::Messages(fields) => {
                let mut value = Map::new();
                merge(&mut value, fields, payload.bytes(self.number)?)?;
                self.push(object, value.into());
            }
            Kind::TextMap | Kind::BytesMap | Kind::TextsMap => {
                let (key, value) = self.map_entry(payload)?;
                if let Some(map) = object.entry(self.name).or_insert_with(|| json!({})).as_object_mut() {
                    map.insert(key, value);
                }
            }
            Kind::Time | Kind::MicroTime => match self.time(payload)? {
                Some(time) => self.put(object, false, time.into()),
                None => drop(object.remove(self.name)),
            },
            Kind::IntOrString => {
                let value = int_or_string(payload.bytes(self.number)?)?;
                let zero = value == json!(0) || value == json!("");
                self.put(object, zero, value);
            }
            Kind::FieldsV1 => {
                if let Some(raw) = last_bytes(payload.bytes(self.number)?)? {
                    let value =
                        serde_json::from_slice(raw).map_err(|_| ProtobufError::FieldsNotJson { field: self.name })?;
                    self.put(object, false, value);
                }
            }
        }
        Ok(())
    }

    fn put(&self, object: &mut Map<String, Value>, zero: bool, value: Value) {
        if zero && self.presence == Presence::NotZero {
            object.remove(self.name);
        } else {
            object.insert(self.name.to_owned(), value);
        }
    }

    fn push(&self, object: &mut Map<String, Value>, value: Value) {
        if let Some(list) = object.entry(self.name).or_insert_with(|| json!([])).as_array_mut() {
            list.push(value);
        }
    }

    fn text<'a>(&self, payload: Payload<'a>) -> Result<&'a str, ProtobufError> {
        self.utf8(payload.bytes(self.number)?)
    }

    fn utf8<'a>(&self, bytes: &'a [u8]) -> Result<&'a str, ProtobufError> {
        str::from_utf8(bytes).map_err(|_| ProtobufError::NotUtf8 { field: self.name })
    }

    /// A map is a list of messages of key (1) and value (2).
    fn map_entry(&self, payload: Payload<'_>) -> Result<(String, Value), ProtobufError> {
        let mut key: &[u8] = &[];
        let mut value: &[u8] = &[];
        let mut reader = Reader(payload.bytes(self.number)?);
        while let Some((number, payload)) = reader.next_field()? {
            match number {
                1 => key = payload.bytes(number)?,
                2 => value = payload.bytes(number)?,
                _ => {}
            }
        }
        let value = match self.kind {
            Kind::BytesMap => BASE64_STANDARD.encode(value).into(),
            Kind::TextsMap => self.wrapped_texts(value)?,
            _ => self.utf8(value)?.into(),
        };
        Ok((self.utf8(key)?.to_owned(), value))
    }

    fn wrapped_texts(&self, body: &[u8]) -> Result<Value, ProtobufError> {
        let mut texts = Vec::new();
        let mut reader = Reader(body);
        while let Some((number, payload)) = reader.next_field()? {
            if number == 1 {
                texts.push(Value::from(self.utf8(payload.bytes(number)?)?));
            }
        }
        Ok(texts.into())
    }

    /// Nothing for Go's zero time, which has no bytes; the Unix epoch has some. As in Go, seconds are all that counts
    /// in a Time, and microseconds in a MicroTime.
    fn time(&self, payload: Payload<'_>) -> Result<Option<String>, ProtobufError> {
        let body = payload.bytes(self.number)?;
        if body.is_empty() {
            return Ok(None);
        }
        let (mut seconds, mut nanos) = (0_i64, 0_i64);
        let mut reader = Reader(body);
        while let Some((number, payload)) = reader.next_field()? {
            match number {
                1 => seconds = payload.varint(number)?.cast_signed(),
                2 => nanos = payload.varint(number)?.cast_signed(),
                _ => {}
            }
        }
        if matches!(self.kind, Kind::Time) {
            return Ok(Some(Timestamp::from_unix_seconds(seconds).render_rfc3339()));
        }
        let whole = seconds.saturating_add(nanos.div_euclid(NANOS_PER_SECOND));
        let micros = nanos.rem_euclid(NANOS_PER_SECOND) / 1000;
        let text = Timestamp::from_unix_seconds(whole).render_rfc3339();
        Ok(Some(format!("{}.{micros:06}Z", text.trim_end_matches('Z'))))
    }
}

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A message of type (1: zero is a number), number (2) and text (3).
fn int_or_string(body: &[u8]) -> Result<Value, ProtobufError> {
    const FIELDS: &[Field] = &[int(1, "type"), int(2, "intVal"), text(3, "strVal")];
    let mut parts = Map::new();
    merge(&mut parts, FIELDS, body)?;
    Ok(if parts.contains_key("type") {
        parts.remove("strVal").unwrap_or_else(|| json!(""))
    } else {
        parts.remove("intVal").unwrap_or_else(|| json!(0))
    })
}

/// The last field 1, unless it is empty.
fn last_bytes(body: &[u8]) -> Result<Option<&[u8]>, ProtobufError> {
    let mut found = None;
    let mut reader = Reader(body);
    while let Some((number, payload)) = reader.next_field()? {
        if number == 1 {
            found = Some(payload.bytes(number)?);
        }
    }
    Ok(found.filter(|raw| !raw.is_empty()))
}

/// What is left to read of a message.
struct Reader<'a>(&'a [u8]);

/// A field's value as it is on the wire.
enum Payload<'a> {
    Bytes(&'a [u8]),
    Varint(u64),
    /// A fixed-size number or a group: no field of the schema is one, so these are only skipped.
    Other,
}

impl<'a> Payload<'a> {
    fn bytes(self, number: u32) -> Result<&'a [u8], ProtobufError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Varint(_) | Self::Other => Err(ProtobufError::WireTypeOfField { number }),
        }
    }

    fn varint(self, number: u32) -> Result<u64, ProtobufError> {
        match self {
            Self::Varint(value) => Ok(value),
            Self::Bytes(_) | Self::Other => Err(ProtobufError::WireTypeOfField { number }),
        }
    }
}

impl<'a> Reader<'a> {
    fn next_field(&mut self) -> Result<Option<(u32, Payload<'a>)>, ProtobufError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let payload = match wire_type {
            START_GROUP => {
                self.skip_group()?;
                Payload::Other
            }
            END_GROUP => return Err(ProtobufError::StrayGroupEnd),
            wire_type => self.payload(wire_type)?,
        };
        Ok(Some((number, payload)))
    }

    fn tag(&mut self) -> Result<(u32, u64), ProtobufError> {
        const LAST: u32 = (1 << 29) - 1;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3)
            .ok()
            .filter(|number| (1..=LAST).contains(number))
            .ok_or(ProtobufError::FieldNumber { got: tag >> 3 })?;
        Ok((number, tag & 7))
    }

    /// Counts instead of recursing, so that nested groups cannot exhaust the stack.
    fn skip_group(&mut self) -> Result<(), ProtobufError> {
        let mut open = 1_usize;
        while open > 0 {
            match self.tag()?.1 {
                START_GROUP => open += 1,
                END_GROUP => open -= 1,
                wire_type => {
                    self.payload(wire_type)?;
                }
            }
        }
        Ok(())
    }

    fn payload(&mut self, wire_type: u64) -> Result<Payload<'a>, ProtobufError> {
        match wire_type {
            0 => self.varint().map(Payload::Varint),
            1 => self.take(8).map(|_| Payload::Other),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| ProtobufError::Truncated)?;
                self.take(length).map(Payload::Bytes)
            }
            5 => self.take(4).map(|_| Payload::Other),
            got => Err(ProtobufError::WireType { got }),
        }
    }

    fn varint(&mut self) -> Result<u64, ProtobufError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or(ProtobufError::Truncated)?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(ProtobufError::VarintOverflow);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(ProtobufError::VarintOverflow)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], ProtobufError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ProtobufError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

const START_GROUP: u64 = 3;
const END_GROUP: u64 = 4;

/// The fields of a kind. Every group has DeleteOptions, and names it with its own version.
fn fields_of(api_version: &str, kind: &str) -> Option<&'static [Field]> {
    if kind == "DeleteOptions" {
        return Some(DELETE_OPTIONS);
    }
    KINDS
        .iter()
        .find(|(version, name, _)| *version == api_version && *name == kind)
        .map(|(_, _, fields)| *fields)
}

const fn boolean(number: u32, name: &'static str) -> Field {
    Field::new(number, name, Kind::Bool)
}

const fn int(number: u32, name: &'static str) -> Field {
    Field::new(number, name, Kind::Int)
}

const fn text(number: u32, name: &'static str) -> Field {
    Field::new(number, name, Kind::Text)
}

const fn texts(number: u32, name: &'static str) -> Field {
    Field::new(number, name, Kind::Texts)
}

const fn text_map(number: u32, name: &'static str) -> Field {
    Field::new(number, name, Kind::TextMap)
}

const fn time(number: u32, name: &'static str) -> Field {
    Field::new(number, name, Kind::Time)
}

const fn message(number: u32, name: &'static str, fields: &'static [Field]) -> Field {
    Field::new(number, name, Kind::Message(fields))
}

const fn messages(number: u32, name: &'static str, fields: &'static [Field]) -> Field {
    Field::new(number, name, Kind::Messages(fields))
}

const fn spec(fields: &'static [Field]) -> Field {
    message(2, "spec", fields).always()
}

const AUTHENTICATION: &str = "authentication.k8s.io/v1";
const AUTHORIZATION: &str = "authorization.k8s.io/v1";
const RBAC: &str = "rbac.authorization.k8s.io/v1";

/// apiVersion, kind and fields of what is read.
const KINDS: &[(&str, &str, &[Field])] = &[
    ("v1", "ConfigMap", CONFIG_MAP),
    ("v1", "Event", EVENT),
    ("v1", "Namespace", NAMESPACE),
    ("v1", "Secret", SECRET),
    ("v1", "Service", SERVICE),
    ("v1", "ServiceAccount", SERVICE_ACCOUNT),
    (AUTHENTICATION, "SelfSubjectReview", SELF_SUBJECT_REVIEW),
    (AUTHENTICATION, "TokenRequest", TOKEN_REQUEST),
    (AUTHENTICATION, "TokenReview", TOKEN_REVIEW),
    (AUTHORIZATION, "LocalSubjectAccessReview", SUBJECT_ACCESS_REVIEW),
    (AUTHORIZATION, "SelfSubjectAccessReview", SELF_SUBJECT_ACCESS_REVIEW),
    (AUTHORIZATION, "SelfSubjectRulesReview", SELF_SUBJECT_RULES_REVIEW),
    (AUTHORIZATION, "SubjectAccessReview", SUBJECT_ACCESS_REVIEW),
    (RBAC, "ClusterRole", CLUSTER_ROLE),
    (RBAC, "ClusterRoleBinding", ROLE_BINDING),
    (RBAC, "Role", ROLE),
    (RBAC, "RoleBinding", ROLE_BINDING),
];

const TYPE_META: &[Field] = &[text(1, "apiVersion"), text(2, "kind")];

const METADATA: Field = message(1, "metadata", OBJECT_META).always();

const OBJECT_META: &[Field] = &[
    text(1, "name"),
    text(2, "generateName"),
    text(3, "namespace"),
    text(4, "selfLink"),
    text(5, "uid"),
    text(6, "resourceVersion"),
    int(7, "generation"),
    time(8, "creationTimestamp"),
    time(9, "deletionTimestamp"),
    int(10, "deletionGracePeriodSeconds").pointer(),
    text_map(11, "labels"),
    text_map(12, "annotations"),
    messages(13, "ownerReferences", OWNER_REFERENCE),
    texts(14, "finalizers"),
    messages(17, "managedFields", MANAGED_FIELDS_ENTRY),
];

const OWNER_REFERENCE: &[Field] = &[
    text(1, "kind"),
    text(3, "name"),
    text(4, "uid"),
    text(5, "apiVersion"),
    boolean(6, "controller").pointer(),
    boolean(7, "blockOwnerDeletion").pointer(),
];

const MANAGED_FIELDS_ENTRY: &[Field] = &[
    text(1, "manager"),
    text(2, "operation"),
    text(3, "apiVersion"),
    time(4, "time"),
    text(6, "fieldsType"),
    Field::new(7, "fieldsV1", Kind::FieldsV1).pointer(),
    text(8, "subresource"),
];

const CONDITION: &[Field] = &[
    text(1, "type"),
    text(2, "status"),
    int(3, "observedGeneration"),
    time(4, "lastTransitionTime"),
    text(5, "reason"),
    text(6, "message"),
];

const LABEL_SELECTOR: &[Field] = &[
    text_map(1, "matchLabels"),
    messages(2, "matchExpressions", SELECTOR_REQUIREMENT),
];

const SELECTOR_REQUIREMENT: &[Field] = &[text(1, "key"), text(2, "operator"), texts(3, "values")];

const DELETE_OPTIONS: &[Field] = &[
    int(1, "gracePeriodSeconds").pointer(),
    message(2, "preconditions", PRECONDITIONS).pointer(),
    boolean(3, "orphanDependents").pointer(),
    text(4, "propagationPolicy").pointer(),
    texts(5, "dryRun"),
    boolean(6, "ignoreStoreReadErrorWithClusterBreakingPotential").pointer(),
];

const PRECONDITIONS: &[Field] = &[text(1, "uid").pointer(), text(2, "resourceVersion").pointer()];

const CONFIG_MAP: &[Field] = &[
    METADATA,
    text_map(2, "data"),
    Field::new(3, "binaryData", Kind::BytesMap),
    boolean(4, "immutable").pointer(),
];

const SECRET: &[Field] = &[
    METADATA,
    Field::new(2, "data", Kind::BytesMap),
    text(3, "type"),
    text_map(4, "stringData"),
    boolean(5, "immutable").pointer(),
];

const NAMESPACE: &[Field] = &[
    METADATA,
    spec(&[texts(1, "finalizers")]),
    message(
        3,
        "status",
        &[text(1, "phase"), messages(2, "conditions", NAMESPACE_CONDITION)],
    ),
];

/// Numbered otherwise than other conditions.
const NAMESPACE_CONDITION: &[Field] = &[
    text(1, "type"),
    text(2, "status"),
    time(4, "lastTransitionTime"),
    text(5, "reason"),
    text(6, "message"),
];

const SERVICE_ACCOUNT: &[Field] = &[
    METADATA,
    messages(2, "secrets", OBJECT_REFERENCE),
    messages(3, "imagePullSecrets", &[text(1, "name")]),
    boolean(4, "automountServiceAccountToken").pointer(),
];

const OBJECT_REFERENCE: &[Field] = &[
    text(1, "kind"),
    text(2, "namespace"),
    text(3, "name"),
    text(4, "uid"),
    text(5, "apiVersion"),
    text(6, "resourceVersion"),
    text(7, "fieldPath"),
];

const EVENT: &[Field] = &[
    METADATA,
    message(2, "involvedObject", OBJECT_REFERENCE),
    text(3, "reason"),
    text(4, "message"),
    message(5, "source", &[text(1, "component"), text(2, "host")]),
    time(6, "firstTimestamp"),
    time(7, "lastTimestamp"),
    int(8, "count"),
    text(9, "type"),
    Field::new(10, "eventTime", Kind::MicroTime),
    message(11, "series", EVENT_SERIES).pointer(),
    text(12, "action"),
    message(13, "related", OBJECT_REFERENCE).pointer(),
    text(14, "reportingComponent"),
    text(15, "reportingInstance"),
];

const EVENT_SERIES: &[Field] = &[int(1, "count"), Field::new(2, "lastObservedTime", Kind::MicroTime)];

const SERVICE: &[Field] = &[METADATA, spec(SERVICE_SPEC), message(3, "status", SERVICE_STATUS)];

const SERVICE_SPEC: &[Field] = &[
    messages(1, "ports", SERVICE_PORT),
    text_map(2, "selector"),
    text(3, "clusterIP"),
    text(4, "type"),
    texts(5, "externalIPs"),
    text(7, "sessionAffinity"),
    text(8, "loadBalancerIP"),
    texts(9, "loadBalancerSourceRanges"),
    text(10, "externalName"),
    text(11, "externalTrafficPolicy"),
    int(12, "healthCheckNodePort"),
    boolean(13, "publishNotReadyAddresses"),
    message(14, "sessionAffinityConfig", SESSION_AFFINITY_CONFIG).pointer(),
    text(17, "ipFamilyPolicy").pointer(),
    texts(18, "clusterIPs"),
    texts(19, "ipFamilies"),
    boolean(20, "allocateLoadBalancerNodePorts").pointer(),
    text(21, "loadBalancerClass").pointer(),
    text(22, "internalTrafficPolicy").pointer(),
    text(23, "trafficDistribution").pointer(),
];

const SERVICE_PORT: &[Field] = &[
    text(1, "name"),
    text(2, "protocol"),
    int(3, "port"),
    Field::new(4, "targetPort", Kind::IntOrString),
    int(5, "nodePort"),
    text(6, "appProtocol").pointer(),
];

const SESSION_AFFINITY_CONFIG: &[Field] = &[message(1, "clientIP", &[int(1, "timeoutSeconds").pointer()]).pointer()];

const SERVICE_STATUS: &[Field] = &[
    message(1, "loadBalancer", &[messages(1, "ingress", LOAD_BALANCER_INGRESS)]),
    messages(2, "conditions", CONDITION),
];

const LOAD_BALANCER_INGRESS: &[Field] = &[
    text(1, "ip"),
    text(2, "hostname"),
    text(3, "ipMode").pointer(),
    messages(4, "ports", PORT_STATUS),
];

const PORT_STATUS: &[Field] = &[int(1, "port"), text(2, "protocol"), text(3, "error").pointer()];

const ROLE: &[Field] = &[METADATA, messages(2, "rules", POLICY_RULE)];

const CLUSTER_ROLE: &[Field] = &[
    METADATA,
    messages(2, "rules", POLICY_RULE),
    message(
        3,
        "aggregationRule",
        &[messages(1, "clusterRoleSelectors", LABEL_SELECTOR)],
    )
    .pointer(),
];

const POLICY_RULE: &[Field] = &[
    texts(1, "verbs"),
    texts(2, "apiGroups"),
    texts(3, "resources"),
    texts(4, "resourceNames"),
    texts(5, "nonResourceURLs"),
];

const ROLE_BINDING: &[Field] = &[
    METADATA,
    messages(2, "subjects", SUBJECT),
    message(3, "roleRef", &[text(1, "apiGroup"), text(2, "kind"), text(3, "name")]),
];

const SUBJECT: &[Field] = &[
    text(1, "kind"),
    text(2, "apiGroup"),
    text(3, "name"),
    text(4, "namespace"),
];

const SELF_SUBJECT_ACCESS_REVIEW: &[Field] = &[
    METADATA,
    spec(&[
        message(1, "resourceAttributes", RESOURCE_ATTRIBUTES).pointer(),
        message(2, "nonResourceAttributes", NON_RESOURCE_ATTRIBUTES).pointer(),
    ]),
    message(3, "status", SUBJECT_ACCESS_REVIEW_STATUS),
];

/// Of LocalSubjectAccessReview too.
const SUBJECT_ACCESS_REVIEW: &[Field] = &[
    METADATA,
    spec(&[
        message(1, "resourceAttributes", RESOURCE_ATTRIBUTES).pointer(),
        message(2, "nonResourceAttributes", NON_RESOURCE_ATTRIBUTES).pointer(),
        text(3, "user"),
        texts(4, "groups"),
        Field::new(5, "extra", Kind::TextsMap),
        text(6, "uid"),
    ]),
    message(3, "status", SUBJECT_ACCESS_REVIEW_STATUS),
];

const RESOURCE_ATTRIBUTES: &[Field] = &[
    text(1, "namespace"),
    text(2, "verb"),
    text(3, "group"),
    text(4, "version"),
    text(5, "resource"),
    text(6, "subresource"),
    text(7, "name"),
    message(8, "fieldSelector", SELECTOR_ATTRIBUTES).pointer(),
    message(9, "labelSelector", SELECTOR_ATTRIBUTES).pointer(),
];

const SELECTOR_ATTRIBUTES: &[Field] = &[
    text(1, "rawSelector"),
    messages(2, "requirements", SELECTOR_REQUIREMENT),
];

const NON_RESOURCE_ATTRIBUTES: &[Field] = &[text(1, "path"), text(2, "verb")];

const SUBJECT_ACCESS_REVIEW_STATUS: &[Field] = &[
    boolean(1, "allowed"),
    text(2, "reason"),
    text(3, "evaluationError"),
    boolean(4, "denied"),
];

const SELF_SUBJECT_RULES_REVIEW: &[Field] = &[
    METADATA,
    spec(&[text(1, "namespace")]),
    message(
        3,
        "status",
        &[
            messages(1, "resourceRules", RESOURCE_RULE),
            messages(2, "nonResourceRules", &[texts(1, "verbs"), texts(2, "nonResourceURLs")]),
            boolean(3, "incomplete"),
            text(4, "evaluationError"),
        ],
    ),
];

const RESOURCE_RULE: &[Field] = &[
    texts(1, "verbs"),
    texts(2, "apiGroups"),
    texts(3, "resources"),
    texts(4, "resourceNames"),
];

const SELF_SUBJECT_REVIEW: &[Field] = &[METADATA, message(2, "status", &[message(1, "userInfo", USER_INFO)])];

const USER_INFO: &[Field] = &[
    text(1, "username"),
    text(2, "uid"),
    texts(3, "groups"),
    Field::new(4, "extra", Kind::TextsMap),
];

const TOKEN_REQUEST: &[Field] = &[
    METADATA,
    spec(&[
        texts(1, "audiences"),
        message(3, "boundObjectRef", BOUND_OBJECT_REFERENCE).pointer(),
        int(4, "expirationSeconds").pointer(),
    ]),
    message(3, "status", &[text(1, "token"), time(2, "expirationTimestamp")]),
];

const BOUND_OBJECT_REFERENCE: &[Field] = &[text(1, "kind"), text(2, "apiVersion"), text(3, "name"), text(4, "uid")];

const TOKEN_REVIEW: &[Field] = &[
    METADATA,
    spec(&[text(1, "token"), texts(2, "audiences")]),
    message(
        3,
        "status",
        &[
            boolean(1, "authenticated"),
            message(2, "user", USER_INFO),
            text(3, "error"),
            texts(4, "audiences"),
        ],
    ),
];

#[cfg(test)]
mod tests;
