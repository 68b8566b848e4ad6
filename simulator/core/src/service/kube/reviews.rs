//! Reviews: questions about oneself, others and tokens that are posted, answered and never stored.
//!
//! Source: `pkg/registry/{authentication,authorization}` and `pkg/apis/authorization/validation` of Kubernetes 1.32, and
//! what its API server answers.
//!
//! FIDELITY: answers have no `managedFields`, and a message on metadata shows JSON where the real one shows Go's structs.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Context;
use super::body;
use super::journal;
use super::json_response;
use super::status::Failure;
use super::token_review;
use super::user::user_info_json;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::kube::request_info::Attributes;
use crate::kube::resource::ResourceType;
use crate::kube::selector::FieldSelector;
use crate::kube::selector::LabelSelector;
use crate::service::http::Response;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;

/// EKS has a webhook among its authorizers, which cannot list rules; kubectl warns with this text.
const INCOMPLETE: &str = "webhook authorizer does not support user rule resolution";

/// Reason, message and field, as [`Failure::invalid_review`] expects them.
type Causes = Vec<(&'static str, String, String)>;

/// Answers a review; `namespace` is that of the request.
pub(super) fn answer(context: &Context<'_>, resource: &ResourceType, namespace: &str) -> Result<Response, Failure> {
    let (mut review, _) = body::object(context.request, resource)?;
    let spec = review.get("spec").cloned().unwrap_or_default();
    let mut metadata = json!({"creationTimestamp": null});
    let (spec, status) = match &*resource.plural {
        "selfsubjectreviews" => {
            metadata = json!({"creationTimestamp": context.base.now().render_rfc3339()});
            (None, json!({"userInfo": user_info_json(context.user)}))
        }
        "selfsubjectrulesreviews" => (Some(json!({})), rules_review(context, &spec)?),
        "tokenreviews" => {
            let status = token_review::status(context, &spec)?;
            (Some(spec), status)
        }
        plural => {
            let is_self = plural == "selfsubjectaccessreviews";
            let is_local = plural == "localsubjectaccessreviews";
            if is_local {
                // The namespace of the request is that of the object, where the object says none.
                default_namespace(&mut review, namespace)?;
                metadata = json!({"namespace": namespace, "creationTimestamp": null});
            }
            let mut causes = spec_causes(&spec, !is_self);
            causes.extend(metadata_cause(&review, is_local));
            if is_local {
                causes.extend(local_causes(&spec, namespace));
            }
            if !causes.is_empty() {
                return Err(Failure::invalid_review(&resource.group, &causes));
            }
            let other = (!is_self).then(|| user_of(&spec));
            let (status, attributes, allowed) = access_review(context, other.as_ref().unwrap_or(context.user), &spec);
            // What is answered about others, such as to an API server that delegates, none of them has seen.
            if is_self {
                journal::reviewed(
                    context.base,
                    &context.cluster,
                    context.request,
                    context.user,
                    &attributes,
                    allowed,
                );
            }
            (Some(spec), status)
        }
    };
    if let Some(review) = review.as_object_mut() {
        review.insert("metadata".to_owned(), metadata);
        review.remove("spec");
        if let Some(spec) = spec {
            review.insert("spec".to_owned(), spec);
        }
        review.insert("status".to_owned(), status);
    }
    Ok(json_response(context.request, 201, &review, false))
}

/// The text of a field, or nothing.
fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn texts(object: &Value, field: &str) -> Vec<String> {
    let list = object.get(field).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect()
}

fn part<'a>(spec: &'a Value, name: &str) -> Option<&'a Value> {
    spec.get(name).filter(|value| value.is_object())
}

/// The user that a SubjectAccessReview asks about.
fn user_of(spec: &Value) -> UserInfo {
    let extra = part(spec, "extra").and_then(Value::as_object);
    UserInfo {
        username: text(spec, "user").to_owned(),
        uid: text(spec, "uid").to_owned(),
        groups: texts(spec, "groups"),
        extra: extra
            .into_iter()
            .flatten()
            .map(|(key, values)| {
                let values = values.as_array().into_iter().flatten();
                let values = values.filter_map(|value| value.as_str().map(str::to_owned)).collect();
                (key.clone(), values)
            })
            .collect::<BTreeMap<String, Vec<String>>>(),
    }
}

fn default_namespace(review: &mut Value, namespace: &str) -> Result<(), Failure> {
    let Some(review) = review.as_object_mut() else {
        return Ok(());
    };
    let metadata = review.entry("metadata").or_insert_with(|| json!({}));
    if !text(metadata, "namespace").is_empty() && text(metadata, "namespace") != namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    Ok(())
}

fn invalid(field: &str, shown: &str, why: &str) -> (&'static str, String, String) {
    (
        "FieldValueInvalid",
        format!("Invalid value: {shown}: {why}"),
        field.to_owned(),
    )
}

fn required(field: String, why: &str) -> (&'static str, String, String) {
    ("FieldValueRequired", format!("Required value: {why}"), field)
}

/// As Go prints the struct.
fn non_resource_shown(asked: &Value) -> String {
    format!(
        "authorization.NonResourceAttributes{{Path:{}, Verb:{}}}",
        go_quote(text(asked, "path")),
        go_quote(text(asked, "verb"))
    )
}

/// `ValidateSubjectAccessReviewSpec`, or that of a self review, which names no user.
fn spec_causes(spec: &Value, names_user: bool) -> Causes {
    let mut causes = Vec::new();
    match (part(spec, "resourceAttributes"), part(spec, "nonResourceAttributes")) {
        (Some(_), Some(asked)) => causes.push(invalid(
            "spec.nonResourceAttributes",
            &non_resource_shown(asked),
            "cannot be specified in combination with resourceAttributes",
        )),
        (None, None) => causes.push(invalid(
            "spec.resourceAttributes",
            "\"null\"",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        _ => {}
    }
    if names_user && text(spec, "user").is_empty() && texts(spec, "groups").is_empty() {
        causes.push(invalid(
            "spec.user",
            "\"\"",
            "at least one of user or group must be specified",
        ));
    }
    for name in ["fieldSelector", "labelSelector"] {
        let selector = part(spec, "resourceAttributes").and_then(|asked| part(asked, name));
        causes.extend(
            selector
                .map(|selector| selector_causes(name, selector))
                .unwrap_or_default(),
        );
    }
    causes
}

fn selector_causes(name: &str, selector: &Value) -> Causes {
    let place = format!("spec.resourceAttributes.{name}");
    let raw = text(selector, "rawSelector");
    let requirements = requirements(selector);
    let mut causes = Vec::new();
    if !raw.is_empty() && !requirements.is_empty() {
        causes.push(invalid(
            &format!("{place}.rawSelector"),
            &go_quote(raw),
            "may not specified at the same time as requirements",
        ));
    }
    if raw.is_empty() && requirements.is_empty() {
        causes.push(required(
            format!("{place}.requirements"),
            &format!("when {place} is specified, requirements or rawSelector is required"),
        ));
    }
    for (at, requirement) in requirements.iter().enumerate() {
        let has_values = !texts(requirement, "values").is_empty();
        let place = format!("{place}.requirements[{at}].values");
        match text(requirement, "operator") {
            "In" | "NotIn" if !has_values => {
                causes.push(required(place, "must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if has_values => causes.push((
                "FieldValueForbidden",
                "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'".to_owned(),
                place,
            )),
            _ => {}
        }
    }
    causes
}

fn requirements(selector: &Value) -> &[Value] {
    let list = selector.get("requirements").and_then(Value::as_array);
    list.map_or(&[][..], Vec::as_slice)
}

fn metadata_cause(review: &Value, is_local: bool) -> Option<(&'static str, String, String)> {
    let metadata = review.get("metadata")?;
    let allowed = ["creationTimestamp", "managedFields"];
    let is_empty = metadata.as_object()?.iter().all(|(field, value)| {
        allowed.contains(&field.as_str()) || (is_local && field == "namespace") || value.is_null() || value == ""
    });
    let why = if is_local {
        "must be empty except for namespace"
    } else {
        "must be empty"
    };
    (!is_empty).then(|| invalid("metadata", &metadata.to_string(), why))
}

fn local_causes(spec: &Value, namespace: &str) -> Causes {
    let mut causes = Vec::new();
    if let Some(asked) = part(spec, "resourceAttributes")
        && text(asked, "namespace") != namespace
    {
        causes.push(invalid(
            "spec.resourceAttributes.namespace",
            &go_quote(text(asked, "namespace")),
            "must match metadata.namespace",
        ));
    }
    if let Some(asked) = part(spec, "nonResourceAttributes") {
        causes.push(invalid(
            "spec.nonResourceAttributes",
            &non_resource_shown(asked),
            "disallowed on this kind of request",
        ));
    }
    causes
}

/// The status of a review of access, what was asked, and whether it is allowed; its spec is valid.
fn access_review(context: &Context<'_>, user: &UserInfo, spec: &Value) -> (Value, Attributes, bool) {
    let mut evaluation = Vec::new();
    let attributes = match (part(spec, "resourceAttributes"), part(spec, "nonResourceAttributes")) {
        (Some(asked), _) => {
            evaluation.extend(selector_error("fieldSelector", asked, |raw| {
                FieldSelector::parse(raw).is_ok()
            }));
            evaluation.extend(selector_error("labelSelector", asked, |raw| {
                LabelSelector::parse(raw).is_ok()
            }));
            let version = Some(text(asked, "version")).filter(|version| !version.is_empty());
            Attributes::resource(
                text(asked, "verb"),
                text(asked, "group"),
                version.unwrap_or("*"),
                text(asked, "resource"),
                text(asked, "subresource"),
                text(asked, "namespace"),
                text(asked, "name"),
            )
        }
        (None, asked) => {
            let asked = asked.unwrap_or(&Value::Null);
            Attributes::non_resource(text(asked, "verb"), text(asked, "path"))
        }
    };
    let authorization = authorize(user, &attributes, &context.cluster);
    let allowed = authorization.decision == Decision::Allow;
    let mut status = Map::new();
    status.insert("allowed".to_owned(), json!(allowed));
    if !authorization.reason.is_empty() {
        status.insert("reason".to_owned(), json!(authorization.reason));
    }
    if !evaluation.is_empty() {
        status.insert("evaluationError".to_owned(), json!(evaluation.join("; ")));
    }
    (status.into(), attributes, allowed)
}

/// What is said of a selector that is not understood: no authorizer here looks at it, but RBAC would not either.
fn selector_error(name: &str, asked: &Value, parses: impl Fn(&str) -> bool) -> Option<String> {
    let selector = part(asked, name)?;
    let is_field = name == "fieldSelector";
    let is_good = |requirement: &Value| {
        let count = texts(requirement, "values").len();
        match text(requirement, "operator") {
            "In" | "NotIn" => !is_field || count == 1,
            "Exists" | "DoesNotExist" => !is_field,
            _ => false,
        }
    };
    let raw = text(selector, "rawSelector");
    let requirements = requirements(selector);
    let bad = requirements.iter().filter(|requirement| !is_good(requirement)).count();
    let how = match (bad, raw) {
        (0, "") => return None,
        (0, raw) if parses(raw) => return None,
        (bad, _) if bad > 0 && bad < requirements.len() => "partially ignored",
        _ => "ignored",
    };
    Some(format!("spec.resourceAttributes.{name} {how} due to parse error"))
}

/// The status of a TokenReview, which a client posts to the API server.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages are those of kube-apiserver 1.32.13.
    #[track_caller]
    fn check(spec: Value, names_user: bool, wanted: &[&str]) {
        let found: Vec<String> = spec_causes(&spec, names_user)
            .into_iter()
            .map(|(_, message, field)| format!("{field}: {message}"))
            .collect();
        assert_eq!(found, wanted, "{spec}");
    }

    #[test]
    fn a_review_that_asks_nothing_sensible_is_invalid() {
        const ONE: &str = r#"spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified"#;
        const USER: &str = r#"spec.user: Invalid value: "": at least one of user or group must be specified"#;
        check(json!({}), false, &[ONE]);
        check(json!({}), true, &[ONE, USER]);
        check(json!({"user": "jane"}), true, &[ONE]);
        check(json!({"groups": ["devs"], "nonResourceAttributes": {}}), true, &[]);
        check(
            json!({"resourceAttributes": {}, "nonResourceAttributes": {"path": "/x", "verb": "get"}}),
            false,
            &[
                r#"spec.nonResourceAttributes: Invalid value: authorization.NonResourceAttributes{Path:"/x", Verb:"get"}: cannot be specified in combination with resourceAttributes"#,
            ],
        );
        check(
            json!({"resourceAttributes": {
                "fieldSelector": {},
                "labelSelector": {"rawSelector": "a=b", "requirements": [{"key": "a", "operator": "In"}]},
            }}),
            false,
            &[
                "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
                r#"spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements"#,
                "spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            ],
        );
    }

    #[test]
    fn the_namespace_of_a_local_review_is_its_own() {
        let causes = |spec: Value| -> Vec<String> {
            let found = local_causes(&spec, "default").into_iter();
            found.map(|(_, message, field)| format!("{field}: {message}")).collect()
        };
        assert!(causes(json!({"resourceAttributes": {"namespace": "default"}})).is_empty());
        assert_eq!(
            causes(json!({"resourceAttributes": {"namespace": "x"}})),
            [r#"spec.resourceAttributes.namespace: Invalid value: "x": must match metadata.namespace"#]
        );
        assert_eq!(
            causes(json!({"nonResourceAttributes": {"path": "/", "verb": "get"}})),
            [
                r#"spec.nonResourceAttributes: Invalid value: authorization.NonResourceAttributes{Path:"/", Verb:"get"}: disallowed on this kind of request"#
            ]
        );
        assert!(
            metadata_cause(
                &json!({"metadata": {"namespace": "x", "creationTimestamp": null}}),
                true
            )
            .is_none()
        );
        assert!(metadata_cause(&json!({"metadata": {"namespace": "x"}}), false).is_some());
        assert!(metadata_cause(&json!({"metadata": {"name": "x"}}), true).is_some());
    }

    #[test]
    fn a_selector_that_is_not_understood_is_ignored_and_told() {
        let said = |name: &str, selector: Value| selector_error(name, &json!({name: selector}), |raw| raw != "bad");
        let told = |name: &str, how: &str| Some(format!("spec.resourceAttributes.{name} {how} due to parse error"));
        assert_eq!(said("fieldSelector", json!({"rawSelector": "a=b"})), None);
        assert_eq!(
            said("fieldSelector", json!({"rawSelector": "bad"})),
            told("fieldSelector", "ignored")
        );
        let some_bad = json!({"requirements": [{"key": "a", "operator": "Foo"}, {"key": "b", "operator": "Exists"}]});
        assert_eq!(
            said("labelSelector", some_bad.clone()),
            told("labelSelector", "partially ignored")
        );
        assert_eq!(said("fieldSelector", some_bad), told("fieldSelector", "ignored"));
    }
}
