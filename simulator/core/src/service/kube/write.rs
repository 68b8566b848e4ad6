//! Writes: create, update, patch and apply. Here an object is decoded (types, unknown fields); the rest of its way into the
//! store is the [`pipeline`]. A dry run goes the whole way on a copy of the World.
//!
//! Source of texts: `apiserver/pkg/endpoints/handlers/{create,update,patch}.go` of Kubernetes 1.32.

pub(super) mod change;
pub(super) mod deletion;
pub(super) mod pipeline;
pub(super) mod target;
pub(super) mod writer;

use std::sync::Arc;

use serde_json::Value;

use self::change::change;
use self::pipeline::Pipeline;
use self::pipeline::set_namespace;
use self::target::Target;
use self::writer::Writer;
use super::Context;
use super::body;
use super::guard;
use super::json_response;
use super::options::Write;
use super::patch::Patch;
use super::status::Failure;
use super::validation;
use super::validation::DecodeError;
use super::validation::FieldValidation;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::go::json::printed;
use crate::kube::object::ObjectKey;
use crate::kube::object::StoreError;
use crate::kube::object::strategy::Part;
use crate::kube::object::text;
use crate::kube::patch::PatchKind;
use crate::kube::request_info::Attributes;
use crate::kube::resource::ResourceType;
use crate::service::http::Response;
use crate::value::log::go_quote;

pub(super) fn create(context: &Context<'_>, target: &Target<'_>) -> Result<Response, Failure> {
    let writer = Writer::of(context, Write::Create, "")?;
    let (mut object, warnings) = body::object(context.request, target.resource)?;
    target.resource.strategy.sign(&mut object, context.user);
    guard::check(context, target.resource, None, &object)?;
    let stored = change(context, |cluster, ids, now| {
        Pipeline::of(target, (cluster, ids, now)).by(&writer).create(object)
    })?;
    Ok(written(context, target, 201, &stored, warnings))
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
        let creates = part == Part::Whole && target.resource.strategy.creates_on_update;
        let is_new = creates && cluster.objects().find(key).is_none();
        let pipeline = Pipeline::of(target, (cluster, ids, now)).part(part).by(&writer);
        if is_new {
            status = 201;
            guard::check(context, target.resource, None, &object)?;
            return pipeline.create_if(object, || may_create(context, target));
        }
        pipeline.update(|old| {
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
        let pipeline = Pipeline::of(target, (cluster, ids, now)).part(part).by(&writer);
        pipeline.update(|old| {
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
        // The apply has written the managed fields.
        let is_new = live.is_none();
        let pipeline = Pipeline::of(target, (cluster, ids, now)).part(part);
        if !is_new {
            return pipeline.update(|_| Ok(object));
        }
        status = 201;
        pipeline.create_if(object, || may_create(context, target))
    })?;
    Ok(written(context, target, status, &stored, Vec::new()))
}

/// An apply or an update that makes an object is a creation too (`withAuthorization` in
/// `apiserver/pkg/endpoints/handlers/update.go`).
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

fn field_validation(context: &Context<'_>) -> FieldValidation {
    FieldValidation::parse(context.request.query_value("fieldValidation").as_deref())
}

#[cfg(test)]
mod tests;
