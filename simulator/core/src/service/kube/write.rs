//! Writes: create, update, patch and delete, all through one pipeline.
//!
//! decode (types, unknown fields) → managed fields (who owns what) → strategy (what the server itself writes, and what
//! this path may not) → validate → store. A dry run goes the whole way on a copy of the World.
//!
//! Source of texts: `apiserver/pkg/endpoints/handlers/{create,update,patch,delete}.go` and
//! `apiserver/pkg/registry/generic/registry/store.go` of Kubernetes 1.32.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::Context;
use super::body;
use super::guard;
use super::json_response;
use super::list;
use super::options::Write;
use super::options::WriteOptions;
use super::patch::Patch;
use super::resources::ResourceType;
use super::selection::Selection;
use super::status;
use super::status::Failure;
use super::validation;
use super::validation::DecodeError;
use super::validation::FieldValidation;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::aws_auth_key;
use crate::cluster::mapping::watch_messages;
use crate::go::json::printed;
use crate::kube::custom;
use crate::kube::managed_fields;
use crate::kube::object::DEFINITIONS;
use crate::kube::object::ObjectKey;
use crate::kube::object::StoreError;
use crate::kube::object::deletion::DeleteOptions;
use crate::kube::object::deletion::Deleted;
use crate::kube::object::deletion::Propagation;
use crate::kube::object::identify;
use crate::kube::object::service;
use crate::kube::object::service::ServiceError;
use crate::kube::object::strategy::Part;
use crate::kube::object::strategy::Strategy;
use crate::kube::object::text;
use crate::kube::patch::PatchKind;
use crate::kube::request_info::Attributes;
use crate::kube::schema::Kind;
use crate::kube::schema::Schema;
use crate::service::event::EventKind;
use crate::service::http::Response;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::log::LogLine;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;

/// `generateName` adds so many characters (`apiserver/pkg/storage/names`).
const SUFFIX_LENGTH: usize = 5;
/// No more than so much of `generateName` is in a name.
const PREFIX_LENGTH: usize = 63 - SUFFIX_LENGTH;
/// So many names are tried where those that are made up are taken (`maxNameGenerationCreateAttempts` in
/// `apiserver/pkg/registry/generic/registry/store.go`, since 1.32).
const NAME_ATTEMPTS: usize = 8;

/// What a request writes or reads.
#[derive(Clone, Debug)]
pub(super) struct Target<'a> {
    pub(super) resource: &'a ResourceType,
    /// For a creation, without a name.
    pub(super) key: ObjectKey,
}

impl<'a> Target<'a> {
    pub(super) fn new(resource: &'a ResourceType, namespace: &str, name: &str) -> Self {
        Self {
            resource,
            key: ObjectKey::new(&resource.stored_as(), namespace, name),
        }
    }

    fn strategy(&self) -> Strategy<'_> {
        Strategy {
            resource: &self.key.resource,
            has_status: self.resource.has_status(),
            counts_generations: self.resource.counts_generations,
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.resource.to_kind()
    }

    fn is_custom(&self) -> bool {
        self.resource.custom.is_some()
    }

    fn not_found(&self) -> Failure {
        Failure::not_found(self.resource, &self.key.name)
    }

    fn refused(&self, error: StoreError) -> Failure {
        let (resource, name) = (self.resource, self.key.name.as_str());
        match error {
            StoreError::AlreadyExists => Failure::already_exists(resource, name),
            StoreError::BeingDeleted => Failure::still_being_deleted(resource, name),
            StoreError::Conflict => Failure::modified(resource, name),
            StoreError::NotFound => self.not_found(),
            StoreError::OtherUid { presented, stored } => {
                let ResourceType { group, plural, .. } = resource;
                let mut path = vec!["/registry"];
                if self.is_custom() {
                    path.push(group);
                }
                path.push(if self.key.resource == "services" {
                    "services/specs"
                } else {
                    plural
                });
                path.extend(
                    [self.key.namespace.as_str(), name]
                        .iter()
                        .filter(|part| !part.is_empty()),
                );
                let why = format!(
                    "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {presented}, UID in object meta: {stored}",
                    path.join("/")
                );
                Failure::conflict(resource, name, &why)
            }
            StoreError::Precondition { field, wanted, found } => {
                let why =
                    format!("Precondition failed: {field} in precondition: {wanted}, {field} in object meta: {found}");
                Failure::conflict(resource, name, &why)
            }
            StoreError::Immortal => Failure::refused(resource, name, &StoreError::Immortal.to_string()),
        }
    }
}

/// Who writes, as managed fields name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) options: WriteOptions,
    /// Empty for the object itself.
    pub(super) subresource: String,
}

impl Writer {
    pub(super) fn of(context: &Context<'_>, write: Write, subresource: &str) -> Result<Self, Failure> {
        Ok(Self {
            options: WriteOptions::of(context.request, write)?,
            subresource: subresource.to_owned(),
        })
    }

    /// Gives the writer what differs between `live` and `object`.
    fn track(&self, target: &Target<'_>, live: Option<&Value>, object: &mut Value, now: Timestamp) {
        let after_update = |live: Option<&Value>, object: &mut Value| {
            self.with(target, |fields| {
                managed_fields::after_update(fields, live, object, &self.options.manager, now);
            });
        };
        let resource = target.resource;
        if !resource.is_converted {
            return after_update(live, object);
        }
        // Fields are owned as the version of the request names them.
        let live = live.map(|live| resource.shown(live));
        let mut shown = resource.shown(object).into_owned();
        after_update(live.as_deref(), &mut shown);
        managed_fields::set(object, shown.pointer("/metadata/managedFields").cloned());
    }

    /// What `applied` makes of `live`, with its managed fields.
    fn apply(
        &self,
        target: &Target<'_>,
        live: Option<&Value>,
        applied: &Value,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let WriteOptions { manager, force } = &self.options;
        self.with(target, |fields| {
            managed_fields::apply(fields, live, applied, manager, *force, now)
        })
        .map_err(|error| Failure::of_apply(&error))
    }

    fn with<R>(&self, target: &Target<'_>, run: impl FnOnce(&managed_fields::Target<'_>) -> R) -> R {
        let kind = target.kind();
        let custom = target.resource.custom.as_ref();
        let own = custom.map(|custom| custom::types(&kind, custom.schema()));
        run(&managed_fields::Target {
            schema: own.as_ref().unwrap_or_else(|| Schema::builtin()),
            kind: &kind,
            subresource: &self.subresource,
            has_status: target.resource.has_status(),
            custom: target.is_custom(),
        })
    }
}

/// The object as it is stored, or 404.
pub(super) fn existing<'a>(cluster: &'a Cluster, target: &Target<'_>) -> Result<&'a Arc<Value>, Failure> {
    cluster.objects().find(&target.key).ok_or_else(|| target.not_found())
}

pub(super) fn create(context: &Context<'_>, target: &Target<'_>) -> Result<Response, Failure> {
    let writer = Writer::of(context, Write::Create, "")?;
    let (mut object, warnings) = body::object(context.request, target.resource)?;
    if target.key.resource == "certificatesigningrequests.certificates.k8s.io" {
        sign_in(&mut object, context.user);
    }
    guard::check(context, target.resource, None, &object)?;
    let stored = change(context, |cluster, ids, now| {
        create_in(cluster, target, object, Some(&writer), ids, now)
    })?;
    Ok(written(context, target, 201, &stored, warnings))
}

/// Writes into a request for a certificate who makes it, whatever it says (`pkg/registry/certificates` of Kubernetes).
fn sign_in(request: &mut Value, user: &UserInfo) {
    let Some(spec) = request.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    for (field, value, is_there) in [
        ("username", json!(user.username), !user.username.is_empty()),
        ("uid", json!(user.uid), !user.uid.is_empty()),
        ("groups", json!(user.groups), !user.groups.is_empty()),
        ("extra", json!(user.extra), !user.extra.is_empty()),
    ] {
        if is_there {
            spec.insert(field.to_owned(), value);
        } else {
            spec.remove(field);
        }
    }
}

/// The pipeline for a new, decoded object; without a writer, its managed fields are as they shall be.
pub(super) fn create_in(
    cluster: &mut Cluster,
    target: &Target<'_>,
    object: Value,
    writer: Option<&Writer>,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<Arc<Value>, Failure> {
    if generates_name(&object) {
        for _ in 1..NAME_ATTEMPTS {
            match create_once(cluster, target, object.clone(), writer, ids, now) {
                Err(failure) if failure.is_already_exists() => {}
                done => return done,
            }
        }
    }
    create_once(cluster, target, object, writer, ids, now)
}

/// [`create_in`] under one name, which may be taken.
fn create_once(
    cluster: &mut Cluster,
    target: &Target<'_>,
    mut object: Value,
    writer: Option<&Writer>,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<Arc<Value>, Failure> {
    object = target.resource.to_stored(object);
    set_namespace(&mut object, &target.key.namespace)?;
    let mut target = target.clone();
    target.key.name = name_or_generate(&mut object, ids);
    if target.resource.namespaced {
        check_namespace(cluster, &target)?;
    }
    if let Some(writer) = writer {
        target.strategy().default(&mut object);
        writer.track(&target, None, &mut object, now);
    }
    identify(&mut object, ids);
    target.strategy().before_create(&mut object, now);
    if target.key.resource == "services" {
        allocate(cluster, &target, None, &mut object, ids)?;
    }
    validation::validate(target.resource, None, &object)?;
    let has_prefix = !text(&object, "/metadata/generateName").is_empty();
    cluster
        .create_object(target.key.clone(), object, ids, now)
        .map_err(|error| {
            let failure = target.refused(error);
            if has_prefix && failure.is_already_exists() {
                failure.with_generated_name()
            } else {
                failure
            }
        })
}

/// The namespace must be there, and not about to go (the admission plugin NamespaceLifecycle).
fn check_namespace(cluster: &Cluster, target: &Target<'_>) -> Result<(), Failure> {
    let name = &target.key.namespace;
    let Some(namespace) = cluster.objects().find(&ObjectKey::new("namespaces", "", name)) else {
        let namespaces = ResourceType::find("", "v1", "namespaces").ok_or_else(Failure::path_not_found)?;
        return Err(Failure::not_found(namespaces, name));
    };
    if text(namespace, "/metadata/deletionTimestamp").is_empty() {
        return Ok(());
    }
    Err(Failure::namespace_terminating(target.resource, &target.key.name, name))
}

/// Gives a Service its address and ports.
fn allocate(
    cluster: &Cluster,
    target: &Target<'_>,
    stored: Option<&Value>,
    object: &mut Value,
    ids: &mut IdGenerator,
) -> Result<(), Failure> {
    let cidr = &cluster.settings().service_ipv4_cidr;
    service::allocate(cluster.objects(), stored, object, cidr, ids).map_err(|ServiceError { field, message }| {
        Failure::invalid(
            target.resource,
            &target.key.name,
            &[("FieldValueInvalid", message, field)],
        )
    })
}

pub(super) fn update(context: &Context<'_>, target: &Target<'_>) -> Result<Response, Failure> {
    let (object, warnings) = body::object(context.request, target.resource)?;
    replace(context, target, Part::Whole, "", object, warnings)
}

/// PUT of a whole object or of one part of it.
pub(super) fn replace(
    context: &Context<'_>,
    target: &Target<'_>,
    part: Part,
    subresource: &str,
    mut object: Value,
    warnings: Vec<String>,
) -> Result<Response, Failure> {
    let writer = Writer::of(context, Write::Update, subresource)?;
    let key = &target.key;
    set_namespace(&mut object, &key.namespace)?;
    let name = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if name != key.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            key.name
        )));
    }
    let mut status = 200;
    let stored = change(context, |cluster, ids, now| {
        if part == Part::Whole && creates_on_update(&key.resource) && cluster.objects().find(key).is_none() {
            status = 201;
            guard::check(context, target.resource, None, &object)?;
            return create_in(cluster, target, object, Some(&writer), ids, now);
        }
        update_in(cluster, target, part, Some(&writer), (ids, now), |old| {
            guard::check(context, target.resource, Some(old), &object)?;
            let (presented, stored) = (text(&object, "/metadata/uid"), text(old, "/metadata/uid"));
            if presented.is_empty() || presented == stored {
                return Ok(object);
            }
            let (presented, stored) = (presented.to_owned(), stored.to_owned());
            Err(target.refused(StoreError::OtherUid { presented, stored }))
        })
    })?;
    Ok(written(context, target, status, &stored, warnings))
}

/// The pipeline for an object that is there; `make` gives its decoded new state. Without a writer, its managed fields are
/// as they shall be.
pub(super) fn update_in(
    cluster: &mut Cluster,
    target: &Target<'_>,
    part: Part,
    writer: Option<&Writer>,
    (ids, now): (&mut IdGenerator, Timestamp),
    make: impl FnOnce(&Arc<Value>) -> Result<Value, Failure>,
) -> Result<Arc<Value>, Failure> {
    let old = &Arc::clone(existing(cluster, target)?);
    let mut object = target.resource.to_stored(make(&target.resource.shown_shared(old))?);
    if must_say_version(target) && text(&object, "/metadata/resourceVersion").is_empty() {
        let cause = "Invalid value: 0x0: must be specified for an update".to_owned();
        let causes = [("FieldValueInvalid", cause, "metadata.resourceVersion".to_owned())];
        return Err(Failure::invalid(target.resource, &target.key.name, &causes));
    }
    if let Some(writer) = writer {
        target.strategy().default(&mut object);
        writer.track(target, Some(old), &mut object, now);
    }
    let managed = object.pointer("/metadata/managedFields").cloned();
    target.strategy().before_update(part, old, &mut object, now);
    if target.key.resource == "services" && part == Part::Whole {
        allocate(cluster, target, Some(old), &mut object, ids)?;
    }
    refuse_new_finalizers(target, old, &object)?;
    managed_fields::set(&mut object, managed);
    managed_fields::keep_times(old, &mut object);
    validation::validate(target.resource, Some(old), &object)?;
    cluster
        .replace_object(&target.key, object, ids, now)
        .map_err(|error| target.refused(error))
}

pub(super) fn patch(context: &Context<'_>, target: &Target<'_>) -> Result<Response, Failure> {
    patch_part(context, target, Part::Whole, "")
}

/// PATCH of a whole object or of one part of it.
pub(super) fn patch_part(
    context: &Context<'_>,
    target: &Target<'_>,
    part: Part,
    subresource: &str,
) -> Result<Response, Failure> {
    let patch = Patch::read(context.request, target.is_custom())?;
    if patch.kind == PatchKind::Apply {
        return apply(context, target, part, subresource, &patch.body);
    }
    let writer = Writer::of(context, Write::Patch, subresource)?;
    let mut warnings = Vec::new();
    let stored = change(context, |cluster, ids, now| {
        update_in(cluster, target, part, Some(&writer), (ids, now), |old| {
            let mut object = patch.of(&target.kind(), old)?;
            let kept = (patch.kind == PatchKind::StrategicMerge).then(|| typed(old, &mut object));
            warnings = validation::decode_as(target.resource, &mut object, field_validation(context)).map_err(
                |DecodeError { why, converted }| match kept {
                    Some(()) => Failure::invalid_patch(&printed(&patch.body), &converted),
                    None => Failure::invalid_patch(&object.to_string(), &why),
                },
            )?;
            check_name(target, &mut object)?;
            guard::check(context, target.resource, Some(old), &object)?;
            Ok(object)
        })
    })?;
    Ok(written(context, target, 200, &stored, warnings))
}

/// Gives an object the version and the kind of another one: what is typed already is of no other kind.
fn typed(of: &Value, object: &mut Value) {
    for field in ["apiVersion", "kind"] {
        if let (Some(value), Some(map)) = (of.get(field), object.as_object_mut()) {
            map.insert(field.to_owned(), value.clone());
        }
    }
}

/// Server-side apply: changes the object, or makes it.
fn apply(
    context: &Context<'_>,
    target: &Target<'_>,
    part: Part,
    subresource: &str,
    applied: &Value,
) -> Result<Response, Failure> {
    let writer = Writer::of(context, Write::Apply, subresource)?;
    let mut status = 200;
    let stored = change(context, |cluster, ids, now| {
        let live = cluster.objects().find(&target.key);
        let live = live.map(|live| target.resource.shown_shared(live));
        if live.is_none() && part != Part::Whole {
            return Err(target.not_found());
        }
        let mut object = writer.apply(target, live.as_deref(), applied, now)?;
        validation::decode(target.resource, &mut object, field_validation(context))
            .map_err(|error| validation::undecodable(&target.resource.kind, &target.resource.version, &error))?;
        if live.is_none() {
            let uid = text(&object, "/metadata/uid");
            if !uid.is_empty() {
                let why =
                    format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
                return Err(Failure::conflict(target.resource, &target.key.name, &why));
            }
        }
        check_name(target, &mut object)?;
        guard::check(context, target.resource, live.as_deref(), &object)?;
        if live.is_some() {
            return update_in(cluster, target, part, None, (ids, now), |_| Ok(object));
        }
        may_create(context, target)?;
        status = 201;
        create_in(cluster, target, object, None, ids, now)
    })?;
    Ok(written(context, target, status, &stored, Vec::new()))
}

/// An apply that makes an object is a creation too.
fn may_create(context: &Context<'_>, target: &Target<'_>) -> Result<(), Failure> {
    let ResourceType {
        group, version, plural, ..
    } = target.resource;
    let ObjectKey { namespace, name, .. } = &target.key;
    let attributes = Attributes::resource("create", group, version, plural, "", namespace, name);
    let authorization = authorize(context.user, &attributes, &context.cluster);
    if authorization.decision == Decision::Allow {
        Ok(())
    } else {
        Err(Failure::forbidden(context.user, &attributes, &authorization.reason))
    }
}

/// What a patch leaves must be the object of the URL.
fn check_name(target: &Target<'_>, object: &mut Value) -> Result<(), Failure> {
    set_namespace(object, &target.key.namespace)?;
    let wanted = &target.key.name;
    match text(object, "/metadata/name") {
        "" => Err(Failure::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        ))),
        name if name == wanted => Ok(()),
        name => Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({wanted})"
        ))),
    }
}

/// An object that is to go takes no new finalizers (`ValidateObjectMetaAccessorUpdate`).
fn refuse_new_finalizers(target: &Target<'_>, old: &Value, object: &Value) -> Result<(), Failure> {
    if text(old, "/metadata/deletionTimestamp").is_empty() {
        return Ok(());
    }
    let finalizers = |object: &Value| -> Vec<String> {
        let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let before = finalizers(old);
    let new: Vec<String> = finalizers(object)
        .into_iter()
        .filter(|finalizer| !before.contains(finalizer))
        .map(|finalizer| go_quote(&finalizer))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let cause = format!(
        "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        new.join(", ")
    );
    let causes = [("FieldValueForbidden", cause, "metadata.finalizers".to_owned())];
    Err(Failure::invalid(target.resource, &target.key.name, &causes))
}

pub(super) fn delete(context: &Context<'_>, target: &Target<'_>) -> Result<Response, Failure> {
    let sent = body::delete_options(context.request)?;
    let options = delete_options(&sent)?;
    let deleted = change_or_try(context, is_dry_run(&sent), |cluster, ids, now| {
        delete_in(cluster, target, &options, ids, now)
    })?;
    match deleted {
        Deleted::Gone(last) if !shows_deleted(&target.key.resource) => {
            let uid = text(&last, "/metadata/uid");
            Ok(status::deleted(context.request, target.resource, &target.key.name, uid))
        }
        Deleted::Gone(object) | Deleted::Marked(object) => {
            let shown = target.resource.shown(&object);
            Ok(json_response(context.request, 200, &*shown, false))
        }
    }
}

/// Kinds whose deletion answers the object in place of a Status (`ReturnDeletedObject` in their storages).
fn shows_deleted(resource: &str) -> bool {
    matches!(
        resource,
        "namespaces"
            | "persistentvolumeclaims"
            | "persistentvolumes"
            | "pods"
            | "podtemplates"
            | "resourcequotas"
            | "serviceaccounts"
            | "services"
            | "storageclasses.storage.k8s.io"
    )
}

/// The pipeline for a deletion.
pub(super) fn delete_in(
    cluster: &mut Cluster,
    target: &Target<'_>,
    options: &DeleteOptions,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<Deleted, Failure> {
    cluster
        .erase_object(&target.key, options, ids, now)
        .map_err(|error| target.refused(error))
}

/// Reads DeleteOptions (`ValidateDeleteOptions` in `apimachinery/pkg/apis/meta/v1/validation`).
pub(super) fn delete_options(sent: &Value) -> Result<DeleteOptions, Failure> {
    let precondition = |field: &str| {
        let found = sent.pointer(&format!("/preconditions/{field}")).and_then(Value::as_str);
        found.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let orphans = sent.get("orphanDependents").and_then(Value::as_bool);
    let propagation = match (text(sent, "/propagationPolicy"), orphans) {
        ("", None) => None,
        ("", Some(true)) => Some(Propagation::Orphan),
        ("", Some(false)) | ("Background", None) => Some(Propagation::Background),
        ("Foreground", None) => Some(Propagation::Foreground),
        ("Orphan", None) => Some(Propagation::Orphan),
        (_, Some(_)) => {
            return Err(Failure::invalid_options(
                "DeleteOptions",
                &[(
                    "FieldValueInvalid",
                    format!(
                        "Invalid value: {}: orphanDependents and deletionPropagation cannot be both set",
                        go_quote(text(sent, "/propagationPolicy"))
                    ),
                    "propagationPolicy".to_owned(),
                )],
            ));
        }
        (other, None) => {
            return Err(Failure::invalid_options(
                "DeleteOptions",
                &[(
                    "FieldValueNotSupported",
                    format!(
                        "Unsupported value: {}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
                        go_quote(other)
                    ),
                    "propagationPolicy".to_owned(),
                )],
            ));
        }
    };
    Ok(DeleteOptions {
        uid: precondition("uid"),
        resource_version: precondition("resourceVersion"),
        grace_seconds: sent.get("gracePeriodSeconds").and_then(Value::as_i64),
        propagation,
    })
}

/// Deletes what a list with the same selectors would show, and answers that list.
pub(super) fn delete_collection(
    context: &Context<'_>,
    resource: &ResourceType,
    namespace: &str,
) -> Result<Response, Failure> {
    let sent = body::delete_options(context.request)?;
    let options = delete_options(&sent)?;
    let selection = Selection::of(context.request, resource)?;
    let (removed, revision) = change_or_try(context, is_dry_run(&sent), |cluster, ids, now| {
        let qualified = resource.stored_as();
        let found: Vec<(ObjectKey, Arc<Value>)> = cluster
            .objects()
            .list(&qualified, Some(namespace).filter(|namespace| !namespace.is_empty()))
            .filter(|(_, object)| selection.matches(object))
            .map(|(key, object)| (key.clone(), Arc::clone(object)))
            .collect();
        let mut removed = Vec::new();
        for (key, object) in found {
            match delete_in(cluster, &Target { resource, key }, &options, ids, now) {
                // It went with another one.
                Err(failure) if failure.is_not_found() => removed.push(object),
                deleted => removed.push(Arc::clone(deleted?.object())),
            }
        }
        Ok((removed, cluster.objects().revision().to_string()))
    })?;
    let metadata = json!({"resourceVersion": revision});
    Ok(list::render(context, resource, &removed, metadata))
}

/// Makes one change of the cluster, unless the request asks for a dry run.
pub(super) fn change<R>(
    context: &Context<'_>,
    change: impl FnOnce(&mut Cluster, &mut IdGenerator, Timestamp) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let dry_run = match context.request.query_value("dryRun").as_deref() {
        None | Some("") => false,
        Some("All") => true,
        Some(other) => {
            return Err(Failure::bad_request(format!(
                "invalid dry run value {}: supported values: \"All\"",
                go_quote(other)
            )));
        }
    };
    change_or_try(context, dry_run, change)
}

/// Makes one change of the cluster, or tries it on a copy. A change of `aws-auth` is what the authenticator's watch sees:
/// it writes to its log.
pub(super) fn change_or_try<R>(
    context: &Context<'_>,
    dry_run: bool,
    change: impl FnOnce(&mut Cluster, &mut IdGenerator, Timestamp) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let now = context.base.now();
    let name = context.cluster_name;
    if dry_run {
        let mut world = (*context.base.world()).clone();
        let (cluster, ids) = world.cluster_mut(name).ok_or_else(Failure::path_not_found)?;
        return change(cluster, ids, now);
    }
    let (result, messages) = context.base.change(|world| {
        let (cluster, ids) = world.cluster_mut(name).ok_or_else(Failure::path_not_found)?;
        let version = |cluster: &Cluster| cluster.objects().find(&aws_auth_key()).cloned();
        let before = version(cluster);
        let result = change(cluster, ids, now)?;
        let after = version(cluster);
        let same = match (&before, &after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        let messages = if same {
            Vec::new()
        } else {
            watch_messages(after.map(|_| cluster.aws_auth()))
        };
        Ok((result, messages))
    })?;
    if !messages.is_empty() {
        let lines: Vec<LogLine> = messages
            .into_iter()
            .map(|(level, msg)| LogLine {
                time: now,
                level,
                msg,
                fields: Vec::new(),
            })
            .collect();
        context.base.log(&context.cluster, lines.clone());
        let cluster = name.to_owned();
        context
            .base
            .record(now, EventKind::AwsAuthChange { cluster, log: lines });
    }
    Ok(result)
}

/// The object as it was stored, with what is to be said of the request. After a dry run it has the version that is still
/// stored, or none (`apiserver/pkg/registry/generic/registry/dryrun.go`).
fn written(
    context: &Context<'_>,
    target: &Target<'_>,
    status: u16,
    stored: &Arc<Value>,
    warnings: Vec<String>,
) -> Response {
    let mut stored = Arc::clone(stored);
    if context.request.query_value("dryRun").as_deref() == Some("All") {
        let before = context.cluster.objects().find(&target.key);
        let version = before
            .and_then(|object| object.pointer("/metadata/resourceVersion"))
            .cloned();
        let metadata = Arc::make_mut(&mut stored)
            .get_mut("metadata")
            .and_then(Value::as_object_mut);
        match (metadata, version) {
            (Some(metadata), Some(version)) => metadata.insert("resourceVersion".to_owned(), version),
            (Some(metadata), None) => metadata.remove("resourceVersion"),
            (None, _) => None,
        };
    }
    let shown = target.resource.shown(&stored);
    let response = json_response(context.request, status, &*shown, false);
    warnings.into_iter().fold(response, |response, warning| {
        response.with_header("warning", format!("299 - {}", go_quote(&warning)))
    })
}

/// Kinds of which a PUT makes a new object (`AllowCreateOnUpdate` in their strategies).
fn creates_on_update(resource: &str) -> bool {
    matches!(
        resource,
        "endpoints"
            | "events"
            | "limitranges"
            | "services"
            | "leases.coordination.k8s.io"
            | "clusterrolebindings.rbac.authorization.k8s.io"
            | "clusterroles.rbac.authorization.k8s.io"
            | "rolebindings.rbac.authorization.k8s.io"
            | "roles.rbac.authorization.k8s.io"
    )
}

/// Kinds of which an update must name the version that it changes (no `AllowUnconditionalUpdate`).
fn must_say_version(target: &Target<'_>) -> bool {
    target.resource.custom.is_some()
        || matches!(
            target.key.resource.as_str(),
            DEFINITIONS
                | "leases.coordination.k8s.io"
                | "mutatingwebhookconfigurations.admissionregistration.k8s.io"
                | "poddisruptionbudgets.policy"
                | "validatingwebhookconfigurations.admissionregistration.k8s.io"
        )
}

fn field_validation(context: &Context<'_>) -> FieldValidation {
    FieldValidation::parse(context.request.query_value("fieldValidation").as_deref())
}

/// The namespace of the URL; an object that names another one is refused.
fn set_namespace(object: &mut Value, namespace: &str) -> Result<(), Failure> {
    let metadata = object
        .as_object_mut()
        .map(|object| object.entry("metadata").or_insert_with(|| json!({})));
    let Some(metadata) = metadata.and_then(Value::as_object_mut) else {
        return Ok(());
    };
    match metadata.get("namespace").and_then(Value::as_str).unwrap_or_default() {
        "" => {
            if !namespace.is_empty() {
                metadata.insert("namespace".to_owned(), json!(namespace));
            }
            Ok(())
        }
        found if found == namespace => Ok(()),
        _ => Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        )),
    }
}

/// Whether an object leaves it to the server to make up the end of its name.
fn generates_name(object: &Value) -> bool {
    text(object, "/metadata/name").is_empty() && !text(object, "/metadata/generateName").is_empty()
}

/// The object's name, made from `generateName` where there is none.
fn name_or_generate(object: &mut Value, ids: &mut IdGenerator) -> String {
    if !generates_name(object) {
        return text(object, "/metadata/name").to_owned();
    }
    let prefix = text(object, "/metadata/generateName");
    let prefix = prefix
        .get(..prefix.floor_char_boundary(PREFIX_LENGTH))
        .unwrap_or_default();
    let name = format!("{prefix}{}", ids.name_suffix(SUFFIX_LENGTH));
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), json!(name));
    }
    name
}

/// Whether the options of a deletion ask for a dry run.
pub(super) fn is_dry_run(options: &Value) -> bool {
    let list = options.get("dryRun").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|entry| entry == "All"))
}

#[cfg(test)]
mod tests;
