//! Reviews: questions about oneself that are posted, answered and never stored.
//!
//! Source: `pkg/registry/authentication/selfsubjectreview` and `pkg/registry/authorization` of Kubernetes 1.32.

use eks_auth_core::authorize::Decision;
use eks_auth_core::authorize::authorize;
use eks_auth_core::request_info::Attributes;
use eks_auth_core::user::UserInfo;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::body;
use super::json_response;
use super::resources::ResourceType;
use super::status::Failure;
use crate::http::Response;

/// EKS has a webhook among its authorizers, which cannot list rules; kubectl warns with this text.
const INCOMPLETE: &str = "webhook authorizer does not support user rule resolution";

pub(super) fn answer(context: &Context<'_>, resource: &ResourceType) -> Result<Response, Failure> {
    let (mut review, _) = body::object(context.request, resource)?;
    let spec = review.get("spec").cloned().unwrap_or_default();
    let mut created = Value::Null;
    let (spec, status) = match &*resource.plural {
        "selfsubjectaccessreviews" => {
            let status = access_review(context, resource, &spec)?;
            (Some(spec), status)
        }
        "selfsubjectrulesreviews" => (Some(json!({})), rules_review(context, &spec)?),
        "selfsubjectreviews" => {
            created = json!(context.state.now().render_rfc3339());
            (None, json!({"userInfo": user_info_json(context.user)}))
        }
        other => {
            return Err(Failure::not_implemented(format!(
                "eks-auth-sim does not serve {other} yet"
            )));
        }
    };
    if let Some(review) = review.as_object_mut() {
        review.insert("metadata".to_owned(), json!({"creationTimestamp": created}));
        review.remove("spec");
        if let Some(spec) = spec {
            review.insert("spec".to_owned(), spec);
        }
        review.insert("status".to_owned(), status);
    }
    Ok(json_response(context.request, 201, &review, false))
}

/// A user as reviews show it; empty parts are left out.
fn user_info_json(user: &UserInfo) -> Value {
    let mut info = Map::new();
    info.insert("username".to_owned(), json!(user.username));
    if !user.uid.is_empty() {
        info.insert("uid".to_owned(), json!(user.uid));
    }
    if !user.groups.is_empty() {
        info.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        info.insert("extra".to_owned(), json!(user.extra));
    }
    info.into()
}

fn access_review(context: &Context<'_>, resource: &ResourceType, spec: &Value) -> Result<Value, Failure> {
    let invalid = |why: &str| {
        let cause = format!("Invalid value: null: {why}");
        Failure::invalid(
            resource,
            "",
            &[("FieldValueInvalid", cause, "spec.resourceAttributes".to_owned())],
        )
    };
    let part = |name: &str| spec.get(name).filter(|value| value.is_object());
    let attributes = match (part("resourceAttributes"), part("nonResourceAttributes")) {
        (Some(asked), None) => {
            let text = |field: &str| asked.get(field).and_then(Value::as_str).unwrap_or_default();
            Attributes::resource(
                text("verb"),
                text("group"),
                text("version"),
                text("resource"),
                text("subresource"),
                text("namespace"),
                text("name"),
            )
        }
        (None, Some(asked)) => {
            let text = |field: &str| asked.get(field).and_then(Value::as_str).unwrap_or_default();
            Attributes::non_resource(text("verb"), text("path"))
        }
        (Some(_), Some(_)) => {
            return Err(invalid("cannot be specified in combination with nonResourceAttributes"));
        }
        (None, None) => {
            return Err(invalid(
                "exactly one of nonResourceAttributes or resourceAttributes must be specified",
            ));
        }
    };
    let authorization = authorize(context.user, &attributes, &context.cluster);
    let mut status = Map::new();
    status.insert("allowed".to_owned(), json!(authorization.decision == Decision::Allow));
    if !authorization.reason.is_empty() {
        status.insert("reason".to_owned(), json!(authorization.reason));
    }
    Ok(status.into())
}

fn rules_review(context: &Context<'_>, spec: &Value) -> Result<Value, Failure> {
    let namespace = spec.get("namespace").and_then(Value::as_str).unwrap_or_default();
    if namespace.is_empty() {
        return Err(Failure::bad_request("no namespace on request"));
    }
    let found = context.cluster.rbac().rules_for(context.user, namespace);
    let mut resource_rules = Vec::new();
    let mut non_resource_rules = Vec::new();
    for rule in found.rules {
        if !rule.resources.is_empty() {
            let mut value = json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources});
            if let (false, Some(value)) = (rule.resource_names.is_empty(), value.as_object_mut()) {
                value.insert("resourceNames".to_owned(), json!(rule.resource_names));
            }
            resource_rules.push(value);
        }
        if !rule.non_resource_urls.is_empty() {
            non_resource_rules.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}));
        }
    }
    let mut errors = found.errors;
    errors.push(INCOMPLETE.to_owned());
    Ok(json!({
        "resourceRules": resource_rules,
        "nonResourceRules": non_resource_rules,
        "incomplete": true,
        "evaluationError": errors.join(", "),
    }))
}
