//! Parts of objects with a path of their own: status, scale, eviction and the rest.
//!
//! FIDELITY: there is no kubelet, so logs, exec, attach, port-forward and proxy end with a Status that says so, once the
//! request is authorized and the object is there.

use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

use super::Context;
use super::body;
use super::json_response;
use super::list;
use super::options::Write;
use super::patch::Patch;
use super::resources::Resources;
use super::status;
use super::status::Failure;
use super::tokens;
use super::write;
use super::write::change::change;
use super::write::change::change_or_try;
use super::write::deletion;
use super::write::pipeline::Pipeline;
use super::write::target::Target;
use super::write::target::existing;
use super::write::writer::Writer;
use crate::kube::object::disruption;
use crate::kube::object::strategy::Part;
use crate::kube::object::text;
use crate::kube::patch::PatchKind;
use crate::kube::printer;
use crate::kube::resource::ResourceType;
use crate::kube::resource::Subresource;
use crate::kube::schema::Kind;
use crate::service::http::Response;

pub(super) fn answer(
    context: &Context<'_>,
    target: &Target<'_>,
    part: &Subresource,
    verb: &str,
) -> Result<Response, Failure> {
    let written = match &*part.name {
        "status" | "approval" => Part::Status,
        "finalize" => Part::Finalizers,
        "ephemeralcontainers" => Part::Whole,
        "scale" => return scale(context, target, part, verb),
        "eviction" => return evict(context, target, part),
        "binding" => return bind(context, target, part),
        "token" => return tokens::answer(context, target, part),
        _ => {
            existing(&context.cluster, target)?;
            return Err(Failure::not_implemented(format!(
                "eks-auth-sim runs no kubelet, so that nothing answers for {}/{}",
                target.resource.plural, part.name
            )));
        }
    };
    match verb {
        "get" => list::get(context, target.resource, existing(&context.cluster, target)?),
        "patch" => write::patch_part(context, target, written, &part.name),
        _ => {
            let (object, warnings) = body::object(context.request, target.resource)?;
            write::replace(context, target, written, &part.name, object, warnings)
        }
    }
}

/// Where a kind keeps what its Scale shows.
struct ScalePaths {
    wanted: String,
    is: String,
    selector: String,
}

fn scale_paths(resource: &ResourceType) -> ScalePaths {
    let own = resource
        .custom
        .as_ref()
        .and_then(|custom| custom.version.pointer("/subresources/scale"));
    let path = |field: &str, default: &str| {
        let written = own.and_then(|own| own.get(field)).and_then(Value::as_str);
        written.map_or_else(|| default.to_owned(), |path| path.replace('.', "/"))
    };
    ScalePaths {
        wanted: path("specReplicasPath", "/spec/replicas"),
        is: path("statusReplicasPath", "/status/replicas"),
        selector: path("labelSelectorPath", "/spec/selector"),
    }
}

/// The Scale of an object (`autoscaling/v1`).
fn scale_of(resource: &ResourceType, object: &Value) -> Value {
    let paths = scale_paths(resource);
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    let mut metadata = json!({});
    if let Some(metadata) = metadata.as_object_mut() {
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
                metadata.insert(field.to_owned(), value.clone());
            }
        }
    }
    let mut spec = json!({});
    if let (1.., Some(spec)) = (number(&paths.wanted), spec.as_object_mut()) {
        spec.insert("replicas".to_owned(), json!(number(&paths.wanted)));
    }
    let mut status = json!({"replicas": number(&paths.is)});
    let selector = object.pointer(&paths.selector).map(selector_text).unwrap_or_default();
    if let (false, Some(status)) = (selector.is_empty(), status.as_object_mut()) {
        status.insert("selector".to_owned(), json!(selector));
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status})
}

/// A selector as text; of `matchExpressions` only the operators that a query knows.
fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.to_owned();
    }
    let labels = selector
        .get("matchLabels")
        .or(Some(selector))
        .and_then(Value::as_object);
    let mut terms: Vec<String> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    for expression in expressions.into_iter().flatten() {
        let key = text(expression, "/key");
        let values = expression.get("values").and_then(Value::as_array);
        let values: Vec<&str> = values.into_iter().flatten().filter_map(Value::as_str).collect();
        let values = values.join(",");
        terms.push(match text(expression, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    terms.join(",")
}

fn scale(context: &Context<'_>, target: &Target<'_>, part: &Subresource, verb: &str) -> Result<Response, Failure> {
    let shown = |object: &Value| json_response(context.request, 200, &scale_of(target.resource, object), false);
    if verb == "get" {
        let scale = Arc::new(scale_of(target.resource, existing(&context.cluster, target)?));
        // Its table is its own, whatever it scales.
        let mut shown_as = target.resource.clone();
        shown_as.custom = None;
        shown_as.printer = printer::SCALE;
        return list::get(context, &shown_as, &scale);
    }
    let api_version = format!("{}/{}", part.group, part.version);
    let write = if verb == "patch" { Write::Patch } else { Write::Update };
    let writer = Writer::of(context, write, &part.name)?;
    let sent = match verb {
        "patch" => None,
        _ => Some(Value::from(body::of_kind(context.request, &api_version, &part.kind)?)),
    };
    let paths = scale_paths(target.resource);
    let stored = change(context, |cluster, ids, now| {
        Pipeline::of(target, (cluster, ids, now)).by(&writer).update(|old| {
            let scale = match sent {
                Some(sent) => sent,
                None => patched_scale(context, &scale_of(target.resource, old))?,
            };
            let replicas = scale
                .pointer("/spec/replicas")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            if replicas < 0 {
                let cause = format!("Invalid value: {replicas}: must be greater than or equal to 0");
                let causes = [("FieldValueInvalid", cause, "spec.replicas".to_owned())];
                return Err(Failure::invalid(target.resource, &target.key.name, &causes));
            }
            let mut object = (**old).clone();
            if let Some(version) = scale
                .pointer("/metadata/resourceVersion")
                .filter(|version| *version != "")
            {
                set(&mut object, "/metadata/resourceVersion", version.clone());
            }
            set(&mut object, &paths.wanted, json!(replicas));
            Ok(object)
        })
    })?;
    Ok(shown(&stored))
}

/// FIDELITY: a Scale is not applied server-side.
fn patched_scale(context: &Context<'_>, scale: &Value) -> Result<Value, Failure> {
    let patch = Patch::read(context.request, false)?;
    if patch.kind == PatchKind::Apply {
        return Err(Failure::not_implemented("eks-auth-sim does not apply a Scale"));
    }
    patch.of(&Kind::new("autoscaling", "v1", "Scale"), scale)
}

/// Sets the value at a pointer of names; maps that are missing are made.
fn set(object: &mut Value, pointer: &str, value: Value) {
    let mut at = object;
    for name in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = json!({});
        }
        let Value::Object(map) = at else { return };
        at = map.entry(name).or_insert(Value::Null);
    }
    *at = value;
}

fn evict(context: &Context<'_>, target: &Target<'_>, part: &Subresource) -> Result<Response, Failure> {
    let api_version = format!("{}/{}", part.group, part.version);
    let eviction = Value::from(body::of_kind(context.request, &api_version, &part.kind)?);
    let name = text(&eviction, "/metadata/name");
    if !name.is_empty() && name != target.key.name {
        return Err(Failure::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    let sent = eviction.get("deleteOptions").cloned().unwrap_or_else(|| json!({}));
    let options = deletion::delete_options(&sent)?;
    let dry_run = deletion::is_dry_run(&sent) || context.request.query_value("dryRun").as_deref() == Some("All");
    change_or_try(context, dry_run, |cluster, ids, now| {
        let pod = Arc::clone(existing(cluster, target)?);
        let taken = disruption::evict(cluster.objects(), &pod, now).map_err(|error| Failure::of_disruption(&error))?;
        if let Some((key, budget)) = taken {
            let budgets = Resources::of(cluster)
                .find("policy", "v1", "poddisruptionbudgets")
                .ok_or_else(Failure::path_not_found)?;
            let budgets = Target::new(&budgets, &key.namespace, &key.name);
            Pipeline::of(&budgets, (&mut *cluster, &mut *ids, now))
                .part(Part::Status)
                .update(|_| Ok(budget))?;
        }
        // Where the options name a version of the pod, it must still have that one.
        if options.resource_version.is_none() {
            let pipeline = Pipeline::of(target, (&mut *cluster, &mut *ids, now)).part(Part::Status);
            pipeline.update(|pod| {
                let mut pod = (**pod).clone();
                disruption::mark_evicted(&mut pod, now);
                Ok(pod)
            })?;
        }
        deletion::delete_in(cluster, target, &options, ids, now)
    })?;
    Ok(status::success(context.request, 201))
}

fn bind(context: &Context<'_>, target: &Target<'_>, part: &Subresource) -> Result<Response, Failure> {
    let binding = Value::from(body::of_kind(context.request, &part.version, &part.kind)?);
    let node = text(&binding, "/target/name").to_owned();
    change(context, |cluster, ids, now| {
        let strategy_free = |old: &Arc<Value>| {
            let assigned = text(old, "/spec/nodeName");
            if !assigned.is_empty() {
                let why = format!("pod {} is already assigned to node {assigned:?}", target.key.name);
                return Err(Failure::conflict(target.resource, &target.key.name, &why));
            }
            let mut object = (**old).clone();
            set(&mut object, "/spec/nodeName", json!(node));
            Ok(object)
        };
        Pipeline::of(target, (cluster, ids, now)).update(strategy_free)
    })?;
    Ok(status::success(context.request, 201))
}
