//! Objects: get, list, create, update, patch and delete.
//!
//! Source of texts: `apiserver/pkg/endpoints/handlers` and `apiserver/pkg/registry/generic/registry/store.go` of
//! Kubernetes 1.32. FIDELITY: there is no watch, no server-side apply and no managedFields yet.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eks_auth_core::eks::Cluster;
use eks_auth_core::eks::is_aws_auth;
use eks_auth_core::id::IdGenerator;
use eks_auth_core::instant::Timestamp;
use eks_auth_core::log::LogLine;
use eks_auth_core::log::go_quote;
use eks_auth_core::mapping::watch_messages;
use eks_auth_core::object::ObjectKey;
use eks_auth_core::object::StoreError;
use eks_auth_core::request_info::Attributes;
use eks_auth_core::selector::FieldSelector;
use eks_auth_core::selector::LabelSelector;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::body;
use super::json_response;
use super::patch::PatchError;
use super::patch::PatchKind;
use super::resources::Access;
use super::resources::ResourceType;
use super::reviews;
use super::status;
use super::status::Failure;
use super::table;
use super::table::IncludeObject;
use super::validation;
use super::validation::DecodeError;
use super::validation::FieldValidation;
use crate::http::Response;
use crate::journal::EventKind;

/// `generateName` adds so many characters, of these (`apimachinery/pkg/util/rand`).
const SUFFIX_LENGTH: usize = 5;
const SUFFIX_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

pub(super) fn answer(context: &Context<'_>, attributes: &Attributes) -> Result<Response, Failure> {
    let resource = ResourceType::find(&attributes.api_group, &attributes.api_version, &attributes.resource)
        .filter(|_| attributes.subresource.is_empty())
        .ok_or_else(Failure::path_not_found)?;
    let in_namespace = !attributes.namespace.is_empty() && attributes.resource != "namespaces";
    if in_namespace && !resource.namespaced {
        return Err(Failure::path_not_found());
    }
    let verb = attributes.verb.as_str();
    let one = !matches!(verb, "list" | "watch" | "create" | "deletecollection");
    if resource.namespaced && !in_namespace && one {
        return Err(Failure::path_not_found());
    }
    if !resource.access.verbs().contains(&verb) || (verb == "create" && resource.namespaced && !in_namespace) {
        return Err(Failure::method_not_allowed());
    }
    if resource.access == Access::Create {
        return reviews::answer(context, resource);
    }
    let namespace = if resource.namespaced {
        attributes.namespace.as_str()
    } else {
        ""
    };
    let key = ObjectKey::new(&resource.qualified(), namespace, &attributes.name);
    match verb {
        "get" => get(context, resource, &key),
        "list" => list(context, resource, namespace),
        "create" => create(context, resource, namespace),
        "update" => update(context, resource, &key),
        "patch" => patch(context, resource, &key),
        "delete" => delete(context, resource, &key),
        _ => Err(Failure::method_not_allowed()),
    }
}

fn get(context: &Context<'_>, resource: &ResourceType, key: &ObjectKey) -> Result<Response, Failure> {
    let object = existing(&context.cluster, resource, key)?;
    if wants_table(context) {
        let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
        return Ok(table_response(
            context,
            resource,
            &[Arc::clone(object)],
            json!({"resourceVersion": version}),
        ));
    }
    Ok(json_response(context.request, 200, &**object, false))
}

fn list(context: &Context<'_>, resource: &ResourceType, namespace: &str) -> Result<Response, Failure> {
    let request = context.request;
    let query = |name: &str| request.query_value(name).unwrap_or_default();
    let labels =
        LabelSelector::parse(&query("labelSelector")).map_err(|error| Failure::bad_request(error.to_string()))?;
    let fields =
        FieldSelector::parse(&query("fieldSelector")).map_err(|error| Failure::bad_request(error.to_string()))?;
    for term in fields.terms() {
        if field_pointer(resource, &term.field).is_none() {
            return Err(Failure::bad_request(format!(
                "Unable to find {} that match label selector {}, field selector {}: field label not supported: {}",
                go_quote(&format!("{}, Resource={}", resource.group_version(), resource.plural)),
                go_quote(&query("labelSelector")),
                go_quote(&query("fieldSelector")),
                term.field
            )));
        }
    }
    let start = match query("continue").as_str() {
        "" => None,
        token => Some(Continue::parse(token).ok_or_else(|| Failure::bad_request("continue key is not valid"))?),
    };
    let limit = query("limit").parse::<usize>().ok().filter(|limit| *limit > 0);

    let store = context.cluster.objects();
    let qualified = resource.qualified();
    let everywhere = Some(namespace).filter(|namespace| !namespace.is_empty());
    let mut found = store
        .list(&qualified, everywhere)
        .filter(|(key, _)| start.as_ref().is_none_or(|start| start.is_before(key)))
        .filter(|(_, object)| {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
            let own_labels = object.pointer("/metadata/labels");
            labels.matches(|key| own_labels?.get(key)?.as_str())
                && fields.matches(|field| text(field_pointer(resource, field)?))
        });
    let mut last = None;
    let mut page: Vec<Arc<Value>> = Vec::new();
    for (key, object) in found.by_ref().take(limit.unwrap_or(usize::MAX)) {
        last = Some(key);
        page.push(Arc::clone(object));
    }
    let mut metadata = json!({"resourceVersion": store.revision().to_string()});
    let remaining = found.count();
    if let (Some(last), 1.., Some(metadata)) = (last, remaining, metadata.as_object_mut()) {
        metadata.insert("continue".to_owned(), json!(Continue::after(last).render()));
        metadata.insert("remainingItemCount".to_owned(), json!(remaining));
    }
    if wants_table(context) {
        return Ok(table_response(context, resource, &page, metadata));
    }
    let items: Vec<Value> = page.iter().map(|object| without_type(object)).collect();
    let list = json!({
        "kind": format!("{}List", resource.kind),
        "apiVersion": resource.api_version(),
        "metadata": metadata,
        "items": items,
    });
    Ok(json_response(request, 200, &list, false))
}

fn create(context: &Context<'_>, resource: &ResourceType, namespace: &str) -> Result<Response, Failure> {
    let mut object = body::object(context.request, resource)?;
    let warnings = decode(context, resource, &mut object)?;
    set_namespace(&mut object, namespace)?;
    let stored = change(context, |cluster, ids, now| {
        if resource.namespaced
            && cluster
                .objects()
                .find(&ObjectKey::new("namespaces", "", namespace))
                .is_none()
        {
            let namespaces = ResourceType::find("", "v1", "namespaces").ok_or_else(Failure::path_not_found)?;
            return Err(Failure::not_found(namespaces, namespace));
        }
        let name = name_or_generate(&mut object, ids);
        validation::validate(resource, None, &object)?;
        let key = ObjectKey::new(&resource.qualified(), namespace, &name);
        cluster
            .create_object(key.clone(), object, ids, now)
            .map(|stored| (key, stored))
            .map_err(|error| store_failure(error, resource, &name))
    })?;
    Ok(stored_response(context, 201, &stored, warnings))
}

fn update(context: &Context<'_>, resource: &ResourceType, key: &ObjectKey) -> Result<Response, Failure> {
    let mut object = body::object(context.request, resource)?;
    let warnings = decode(context, resource, &mut object)?;
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
    let stored = change(context, |cluster, _, _| {
        let old = existing(cluster, resource, key)?;
        validation::validate(resource, Some(old), &object)?;
        replace(cluster, resource, key, object)
    })?;
    Ok(stored_response(context, 200, &stored, warnings))
}

fn patch(context: &Context<'_>, resource: &ResourceType, key: &ObjectKey) -> Result<Response, Failure> {
    let kind = PatchKind::of(body::media_type(context.request)).ok_or_else(Failure::unsupported_patch_type)?;
    let body = &context.request.body;
    let mut warnings = Vec::new();
    let stored = change(context, |cluster, _, _| {
        let old = existing(cluster, resource, key)?;
        let mut object = kind.apply(old, body).map_err(|error| match error {
            PatchError::Malformed(_) => Failure::bad_request(error.to_string()),
            PatchError::Unapplicable(why) => Failure::unprocessable(&why),
        })?;
        warnings = validation::decode(resource, &mut object, field_validation(context))
            .map_err(|DecodeError(why)| Failure::invalid_patch(&String::from_utf8_lossy(body), &why))?;
        for (field, wanted) in [("name", &key.name), ("namespace", &key.namespace)] {
            let found = object.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
            if found.unwrap_or_default() != wanted {
                let shown = go_quote(found.unwrap_or_default());
                let cause = format!("Invalid value: {shown}: field is immutable");
                let causes = [("FieldValueInvalid", cause, format!("metadata.{field}"))];
                return Err(Failure::invalid(resource, &key.name, &causes));
            }
        }
        validation::validate(resource, Some(old), &object)?;
        replace(cluster, resource, key, object)
    })?;
    Ok(stored_response(context, 200, &stored, warnings))
}

fn delete(context: &Context<'_>, resource: &ResourceType, key: &ObjectKey) -> Result<Response, Failure> {
    let options = body::delete_options(context.request)?;
    let wanted = |field: &str| {
        options
            .pointer(&format!("/preconditions/{field}"))
            .and_then(Value::as_str)
    };
    let removed = change_or_try(context, is_dry_run(&options), |cluster, _, _| {
        let stored = existing(cluster, resource, key)?;
        for (field, name) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
            let found = stored.pointer(&format!("/metadata/{field}")).and_then(Value::as_str);
            if let Some(wanted) = wanted(field).filter(|wanted| Some(*wanted) != found) {
                let found = found.unwrap_or_default();
                let why =
                    format!("Precondition failed: {name} in precondition: {wanted}, {name} in object meta: {found}");
                return Err(Failure::conflict(resource, &key.name, &why));
            }
        }
        cluster
            .delete_object(key)
            .map(|removed| (key.clone(), removed))
            .map_err(|error| store_failure(error, resource, &key.name))
    })?;
    let uid = removed
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Ok(status::deleted(context.request, resource, &key.name, uid))
}

/// Makes one change of the cluster, unless the request asks for a dry run. A change of `aws-auth` is what the
/// authenticator's watch sees: it writes to its log.
fn change(
    context: &Context<'_>,
    change: impl FnOnce(&mut Cluster, &mut IdGenerator, Timestamp) -> Result<(ObjectKey, Arc<Value>), Failure>,
) -> Result<Arc<Value>, Failure> {
    let dry_run = match context.request.query_value("dryRun").as_deref() {
        None => false,
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

fn change_or_try(
    context: &Context<'_>,
    dry_run: bool,
    change: impl FnOnce(&mut Cluster, &mut IdGenerator, Timestamp) -> Result<(ObjectKey, Arc<Value>), Failure>,
) -> Result<Arc<Value>, Failure> {
    let now = context.state.now();
    let name = context.cluster_name;
    if dry_run {
        let mut world = (*context.state.snapshot()).clone();
        let (cluster, ids) = world.cluster_mut(name).ok_or_else(Failure::path_not_found)?;
        return change(cluster, ids, now).map(|(_, stored)| stored);
    }
    let (stored, messages) = context.state.change(|world| {
        let (cluster, ids) = world.cluster_mut(name).ok_or_else(Failure::path_not_found)?;
        let before = cluster.objects().revision();
        let (key, stored) = change(cluster, ids, now)?;
        let seen = is_aws_auth(&key) && cluster.objects().revision() != before;
        let there = cluster.objects().find(&key).map(|_| cluster.aws_auth());
        let messages = if seen { watch_messages(there) } else { Vec::new() };
        Ok((stored, messages))
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
        context.state.log(&context.cluster, &lines, now);
        let cluster = name.to_owned();
        context
            .state
            .journal()
            .record(now, EventKind::AwsAuthChange { cluster, log: lines });
    }
    Ok(stored)
}

/// The object as it was stored, with what is to be said of the request.
fn stored_response(context: &Context<'_>, status: u16, stored: &Value, warnings: Vec<String>) -> Response {
    let response = json_response(context.request, status, stored, false);
    warnings.into_iter().fold(response, |response, warning| {
        response.with_header("warning", format!("299 - {}", go_quote(&warning)))
    })
}

/// The object of that key, or 404.
fn existing<'a>(cluster: &'a Cluster, resource: &ResourceType, key: &ObjectKey) -> Result<&'a Arc<Value>, Failure> {
    cluster
        .objects()
        .find(key)
        .ok_or_else(|| Failure::not_found(resource, &key.name))
}

fn replace(
    cluster: &mut Cluster,
    resource: &ResourceType,
    key: &ObjectKey,
    object: Value,
) -> Result<(ObjectKey, Arc<Value>), Failure> {
    cluster
        .update_object(key, object)
        .map(|stored| (key.clone(), stored))
        .map_err(|error| store_failure(error, resource, &key.name))
}

fn store_failure(error: StoreError, resource: &ResourceType, name: &str) -> Failure {
    match error {
        StoreError::AlreadyExists => Failure::already_exists(resource, name),
        StoreError::Conflict => Failure::modified(resource, name),
        StoreError::NotFound => Failure::not_found(resource, name),
    }
}

fn decode(context: &Context<'_>, resource: &ResourceType, object: &mut Value) -> Result<Vec<String>, Failure> {
    validation::decode(resource, object, field_validation(context)).map_err(|DecodeError(why)| {
        Failure::bad_request(format!(
            "{kind} in version {version} cannot be handled as a {kind}: {why}",
            kind = resource.kind,
            version = go_quote(resource.version)
        ))
    })
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

/// The object's name, made from `generateName` where there is none.
fn name_or_generate(object: &mut Value, ids: &mut IdGenerator) -> String {
    let text = |object: &Value, pointer: &str| {
        let value = object.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let name = text(object, "/metadata/name");
    let prefix = text(object, "/metadata/generateName");
    if !name.is_empty() || prefix.is_empty() {
        return name;
    }
    let suffix: String = ids
        .uuid()
        .bytes()
        .filter_map(|byte| SUFFIX_ALPHABET.get(usize::from(byte) % SUFFIX_ALPHABET.len()))
        .take(SUFFIX_LENGTH)
        .map(|byte| char::from(*byte))
        .collect();
    let name = prefix + &suffix;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), json!(name));
    }
    name
}

fn is_dry_run(options: &Value) -> bool {
    let list = options.get("dryRun").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|entry| entry == "All"))
}

fn wants_table(context: &Context<'_>) -> bool {
    let accept = context.request.header("accept").unwrap_or_default();
    accept.contains("as=Table") && accept.contains("g=meta.k8s.io")
}

fn table_response(context: &Context<'_>, resource: &ResourceType, objects: &[Arc<Value>], metadata: Value) -> Response {
    let include = IncludeObject::parse(context.request.query_value("includeObject").as_deref());
    let table = table::render(resource, objects, metadata, include, context.state.now());
    json_response(context.request, 200, &table, false)
}

/// An item of a list, which says its type once for all.
fn without_type(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("apiVersion");
        map.remove("kind");
    }
    object
}

/// Where a selectable field stands (`selectableFields` of each kind's strategy).
fn field_pointer(resource: &ResourceType, field: &str) -> Option<&'static str> {
    const EVENT: [(&str, &str); 11] = [
        ("involvedObject.kind", "/involvedObject/kind"),
        ("involvedObject.namespace", "/involvedObject/namespace"),
        ("involvedObject.name", "/involvedObject/name"),
        ("involvedObject.uid", "/involvedObject/uid"),
        ("involvedObject.apiVersion", "/involvedObject/apiVersion"),
        ("involvedObject.resourceVersion", "/involvedObject/resourceVersion"),
        ("involvedObject.fieldPath", "/involvedObject/fieldPath"),
        ("reason", "/reason"),
        ("reportingComponent", "/reportingComponent"),
        ("source", "/source/component"),
        ("type", "/type"),
    ];
    const POD: [(&str, &str); 7] = [
        ("spec.nodeName", "/spec/nodeName"),
        ("spec.restartPolicy", "/spec/restartPolicy"),
        ("spec.schedulerName", "/spec/schedulerName"),
        ("spec.serviceAccountName", "/spec/serviceAccountName"),
        ("status.nominatedNodeName", "/status/nominatedNodeName"),
        ("status.phase", "/status/phase"),
        ("status.podIP", "/status/podIP"),
    ];
    const SERVICE: [(&str, &str); 2] = [("spec.clusterIP", "/spec/clusterIP"), ("spec.type", "/spec/type")];
    const NAMESPACE: [(&str, &str); 1] = [("status.phase", "/status/phase")];
    const SECRET: [(&str, &str); 1] = [("type", "/type")];
    let own: &[(&str, &'static str)] = match resource.kind {
        "Event" => &EVENT,
        "Namespace" => &NAMESPACE,
        "Pod" => &POD,
        "Secret" => &SECRET,
        "Service" => &SERVICE,
        _ => &[],
    };
    match field {
        "metadata.name" => Some("/metadata/name"),
        "metadata.namespace" if resource.namespaced => Some("/metadata/namespace"),
        _ => own.iter().find(|(name, _)| *name == field).map(|(_, pointer)| *pointer),
    }
}

/// Where the next page of a list begins. FIDELITY: the page shows the objects of now, not those of the first page's time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Continue {
    namespace: String,
    name: String,
}

impl Continue {
    fn after(key: &ObjectKey) -> Self {
        Self {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        }
    }

    fn parse(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let value: Value = serde_json::from_str(&text).ok()?;
        let (namespace, name) = value.get("start")?.as_str()?.split_once('/')?;
        Some(Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    fn render(&self) -> String {
        let value = json!({"v": "meta.k8s.io/v1", "start": format!("{}/{}", self.namespace, self.name)});
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    fn is_before(&self, key: &ObjectKey) -> bool {
        (self.namespace.as_str(), self.name.as_str()) < (key.namespace.as_str(), key.name.as_str())
    }
}
