//! DELETE, of one object and of a collection.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::super::Context;
use super::super::body;
use super::super::json_response;
use super::super::list;
use super::super::selection::Selection;
use super::super::status;
use super::super::status::Failure;
use super::change::change_or_try;
use super::target::Target;
use crate::cluster::eks::Cluster;
use crate::kube::object::ObjectKey;
use crate::kube::object::deletion::DeleteOptions;
use crate::kube::object::deletion::Deleted;
use crate::kube::object::deletion::Propagation;
use crate::kube::object::text;
use crate::kube::resource::ResourceType;
use crate::service::http::Response;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::log::go_quote;

pub(in super::super) fn delete(context: &Context<'_>, target: &Target<'_>) -> Result<Response, Failure> {
    let sent = body::delete_options(context.request)?;
    let options = delete_options(&sent)?;
    let deleted = change_or_try(context, is_dry_run(&sent), |cluster, ids, now| {
        delete_in(cluster, target, &options, ids, now)
    })?;
    match deleted {
        Deleted::Gone(last) if !target.resource.strategy.shows_deleted => {
            let uid = text(&last, "/metadata/uid");
            Ok(status::deleted(context.request, target.resource, &target.key.name, uid))
        }
        Deleted::Gone(object) | Deleted::Marked(object) => {
            let shown = target.resource.shown(&object);
            Ok(json_response(context.request, 200, &*shown, false))
        }
    }
}

/// The pipeline for a deletion.
pub(in super::super) fn delete_in(
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
pub(in super::super) fn delete_options(sent: &Value) -> Result<DeleteOptions, Failure> {
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
pub(in super::super) fn delete_collection(
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

/// Whether the options of a deletion ask for a dry run.
pub(in super::super) fn is_dry_run(options: &Value) -> bool {
    let list = options.get("dryRun").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|entry| entry == "All"))
}
