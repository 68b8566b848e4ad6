//! Requests for objects: which resource, which verb, which part.

use super::Context;
use super::list;
use super::resources::Resources;
use super::reviews;
use super::status::Failure;
use super::subresources;
use super::watch;
use super::write;
use super::write::deletion;
use super::write::target::Target;
use super::write::target::existing;
use crate::kube::request_info::Attributes;
use crate::service::http::Response;

pub(super) fn answer(context: &Context<'_>, attributes: &Attributes) -> Result<Response, Failure> {
    let resource = Resources::of(&context.cluster)
        .find(&attributes.api_group, &attributes.api_version, &attributes.resource)
        .ok_or_else(Failure::path_not_found)?;
    let in_namespace = !attributes.namespace.is_empty() && attributes.resource != "namespaces";
    if in_namespace && !resource.namespaced {
        return Err(Failure::path_not_found());
    }
    let verb = attributes.verb.as_str();
    let namespace = if resource.namespaced {
        attributes.namespace.as_str()
    } else {
        ""
    };
    if !attributes.subresource.is_empty() {
        if resource.namespaced && !in_namespace {
            return Err(Failure::path_not_found());
        }
        let part = resource
            .subresource(&attributes.subresource)
            .ok_or_else(|| match &resource.custom {
                Some(_) => Failure::path_not_found(),
                None => Failure::no_route(),
            })?;
        if !part.verbs.contains(&verb) {
            return Err(Failure::method_not_allowed());
        }
        let target = Target::new(&resource, namespace, &attributes.name);
        return subresources::answer(context, &target, part, verb);
    }
    let one = matches!(verb, "get" | "update" | "patch" | "delete");
    if resource.namespaced && !in_namespace && one {
        return Err(Failure::path_not_found());
    }
    let wants_namespace = matches!(verb, "create" | "deletecollection");
    if !resource.verbs.contains(&verb) || (wants_namespace && resource.namespaced && !in_namespace) {
        return Err(Failure::method_not_allowed());
    }
    if !resource.verbs.contains(&"get") {
        return reviews::answer(context, &resource, namespace);
    }
    let target = Target::new(&resource, namespace, &attributes.name);
    match verb {
        "get" => list::get(context, &resource, existing(&context.cluster, &target)?),
        "list" => list::list(context, &resource, namespace),
        "watch" => watch::start(context, &resource, namespace, &attributes.name),
        "create" => write::create(context, &target),
        "update" => write::update(context, &target),
        "patch" => write::patch(context, &target),
        "delete" => deletion::delete(context, &target),
        "deletecollection" => deletion::delete_collection(context, &resource, namespace),
        _ => Err(Failure::method_not_allowed()),
    }
}
