//! The way of a decoded object into the store, the same for every write:
//! managed fields (who owns what) → strategy (what the server itself writes, and what this path may not) → validate → store.
//!
//! Source: `apiserver/pkg/registry/rest/{create,update}.go` and `apiserver/pkg/registry/generic/registry/store.go` of
//! Kubernetes 1.32.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::super::status::Failure;
use super::super::validation;
use super::target::Target;
use super::target::existing;
use super::writer::Writer;
use crate::cluster::eks::Cluster;
use crate::kube::kinds;
use crate::kube::managed_fields;
use crate::kube::object::ObjectKey;
use crate::kube::object::identify;
use crate::kube::object::service::ServiceError;
use crate::kube::object::strategy::Part;
use crate::kube::object::text;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

/// `generateName` adds so many characters (`apiserver/pkg/storage/names`).
pub(super) const SUFFIX_LENGTH: usize = 5;
/// No more than so much of `generateName` is in a name.
const PREFIX_LENGTH: usize = 63 - SUFFIX_LENGTH;
/// So many names are tried where those that are made up are taken (`maxNameGenerationCreateAttempts` in
/// `apiserver/pkg/registry/generic/registry/store.go`, since 1.32).
pub(super) const NAME_ATTEMPTS: usize = 8;

/// A write on its way.
pub(in super::super) struct Pipeline<'a> {
    cluster: &'a mut Cluster,
    ids: &'a mut IdGenerator,
    now: Timestamp,
    target: &'a Target<'a>,
    part: Part,
    writer: Option<&'a Writer>,
}

impl<'a> Pipeline<'a> {
    /// A write of the whole object, whose managed fields are as they shall be.
    pub(in super::super) fn of(
        target: &'a Target<'a>,
        (cluster, ids, now): (&'a mut Cluster, &'a mut IdGenerator, Timestamp),
    ) -> Self {
        Self {
            cluster,
            ids,
            now,
            target,
            part: Part::Whole,
            writer: None,
        }
    }

    /// Of that part only.
    pub(in super::super) fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// By that writer, who comes to own what it changes.
    pub(in super::super) fn by(self, writer: &'a Writer) -> Self {
        Self {
            writer: Some(writer),
            ..self
        }
    }

    /// Stores a new, decoded object, under a name that is free where the server makes the name up.
    pub(in super::super) fn create(self, object: Value) -> Result<Arc<Value>, Failure> {
        self.create_if(object, || Ok(()))
    }

    /// [`Pipeline::create`] for a request that was not authorized as a creation: `permit` is asked once the object is
    /// known to be valid (`createValidation` in `apiserver/pkg/registry/generic/registry/store.go`).
    pub(super) fn create_if(
        mut self,
        object: Value,
        permit: impl Fn() -> Result<(), Failure>,
    ) -> Result<Arc<Value>, Failure> {
        if generates_name(&object) {
            for _ in 1..NAME_ATTEMPTS {
                match self.create_once(object.clone(), &permit) {
                    Err(failure) if failure.is_already_exists() => {}
                    done => return done,
                }
            }
        }
        self.create_once(object, &permit)
    }

    /// [`Pipeline::create_if`] under one name, which may be in use.
    fn create_once(&mut self, object: Value, permit: &impl Fn() -> Result<(), Failure>) -> Result<Arc<Value>, Failure> {
        let resource = self.target.resource;
        let mut object = resource.to_stored(object);
        set_namespace(&mut object, &self.target.key.namespace)?;
        let mut target = self.target.clone();
        target.key.name = name_or_generate(&mut object, self.ids);
        if resource.namespaced {
            check_namespace(self.cluster, &target)?;
        }

        if let Some(writer) = self.writer {
            resource.strategy.decoded(&mut object);
            writer.track(&target, None, &mut object, self.now);
        }

        identify(&mut object, self.ids);
        resource.strategy.before_create(&mut object, self.now);
        self.allocate(&target, None, &mut object)?;

        validation::validate(resource, None, &object)?;
        permit()?;
        // `ErrResourceVersionSetOnCreate` in `apiserver/pkg/storage/errors.go`.
        if text(&object, "/metadata/resourceVersion")
            .parse::<u64>()
            .is_ok_and(|version| version != 0)
        {
            return Err(Failure::unexpected(
                "resourceVersion should not be set on objects to be created",
            ));
        }

        let has_prefix = !text(&object, "/metadata/generateName").is_empty();
        self.cluster
            .create_object(target.key.clone(), object, self.ids, self.now)
            .map_err(|error| {
                let failure = target.refused(error);
                if has_prefix && failure.is_already_exists() {
                    failure.with_generated_name()
                } else {
                    failure
                }
            })
    }

    /// Stores the new state of an object that is there; `make` gives it, decoded, from the old one.
    pub(in super::super) fn update(
        mut self,
        make: impl FnOnce(&Arc<Value>) -> Result<Value, Failure>,
    ) -> Result<Arc<Value>, Failure> {
        let (target, resource) = (self.target, self.target.resource);
        let old = &Arc::clone(existing(self.cluster, target)?);
        let mut object = resource.to_stored(make(&resource.shown_shared(old))?);
        // 0 is any version.
        if text(&object, "/metadata/resourceVersion") == "0"
            && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("resourceVersion");
        }
        let is_unversioned = text(&object, "/metadata/resourceVersion").is_empty();
        if is_unversioned && !resource.strategy.updates_unconditionally {
            let cause = "Invalid value: 0x0: must be specified for an update".to_owned();
            let causes = [("FieldValueInvalid", cause, "metadata.resourceVersion".to_owned())];
            return Err(Failure::invalid(resource, &target.key.name, &causes));
        }

        if let Some(writer) = self.writer {
            resource.strategy.decoded(&mut object);
            writer.track(target, Some(old), &mut object, self.now);
        }

        let managed = object.pointer("/metadata/managedFields").cloned();
        resource.strategy.before_update(self.part, old, &mut object, self.now);
        if self.part == Part::Whole {
            self.allocate(target, Some(old), &mut object)?;
        }
        refuse_new_finalizers(target, old, &object)?;
        managed_fields::set(&mut object, managed);
        managed_fields::keep_times(old, &mut object);

        validation::validate(resource, Some(old), &object)?;

        self.cluster
            .replace_object(&target.key, object, self.ids, self.now)
            .map_err(|error| target.refused(error))
    }

    /// Gives an object what the cluster has a limited number of, such as a Service's address.
    fn allocate(&mut self, target: &Target<'_>, stored: Option<&Value>, object: &mut Value) -> Result<(), Failure> {
        let cidr = &self.cluster.settings().service_ipv4_cidr;
        let strategy = &target.resource.strategy;
        strategy
            .allocate(self.cluster.objects(), stored, object, cidr, self.ids)
            .map_err(|ServiceError { field, message }| {
                let causes = [("FieldValueInvalid", message, field)];
                Failure::invalid(target.resource, &target.key.name, &causes)
            })
    }
}

/// The namespace must be there, and not about to go (the admission plugin NamespaceLifecycle).
fn check_namespace(cluster: &Cluster, target: &Target<'_>) -> Result<(), Failure> {
    let name = &target.key.namespace;
    let Some(namespace) = cluster.objects().find(&ObjectKey::new("namespaces", "", name)) else {
        let namespaces = kinds::find("", "v1", "namespaces").ok_or_else(Failure::path_not_found)?;
        return Err(Failure::not_found(namespaces, name));
    };
    if text(namespace, "/metadata/deletionTimestamp").is_empty() {
        return Ok(());
    }
    Err(Failure::namespace_terminating(target.resource, &target.key.name, name))
}

/// An object that is to go accepts no new finalizers (`ValidateObjectMetaAccessorUpdate`).
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

/// The namespace of the URL; an object that names another one is refused.
pub(super) fn set_namespace(object: &mut Value, namespace: &str) -> Result<(), Failure> {
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
