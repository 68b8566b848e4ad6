//! The one place where failures become Status bodies.
//!
//! Source: `apimachinery/pkg/api/errors/errors.go`, Kubernetes 1.32.

use serde::Serialize;
use serde_json::Value;

use super::json_response;
use crate::cluster::authorize::escape_html;
use crate::cluster::authorize::forbidden_message;
use crate::explain::Granting;
use crate::explain::Refuser;
use crate::kube::managed_fields::ApplyError;
use crate::kube::object::disruption::DisruptionError;
use crate::kube::patch::PatchError;
use crate::kube::patch::PatchKind;
use crate::kube::request_info::Attributes;
use crate::kube::resource::ResourceType;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::value::log::go_quote;
use crate::value::user::UserInfo;

/// A request that is not served, as the API server words it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Box<Details>>,
    /// Plain text, no Status.
    is_plain: bool,
    /// Where a list can go on, of one that cannot as it was.
    continue_token: String,
    /// Whether browsers are told to take the type of the answer as it stands.
    nosniff: bool,
    /// What refuses the request, where that is it: for those who ask why, not for the client.
    refuser: Option<Box<Refuser>>,
}

/// A Status, in the order in which Go writes its fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    kind: &'static str,
    api_version: &'static str,
    metadata: Metadata<'a>,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
}

#[derive(Default, Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    r#continue: &'a str,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<Cause>,
    #[serde(skip_serializing_if = "is_zero")]
    retry_after_seconds: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Cause {
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

impl Cause {
    fn of((reason, message, field): &(&str, String, String)) -> Self {
        Self {
            reason: (*reason).to_owned(),
            message: message.clone(),
            field: field.clone(),
        }
    }
}

/// Causes as the message of the whole lists them.
fn listed(causes: &[(&str, String, String)]) -> String {
    let texts: Vec<String> = causes
        .iter()
        .map(|(_, message, field)| format!("{field}: {message}"))
        .collect();
    match &texts[..] {
        [one] => one.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            is_plain: false,
            continue_token: String::new(),
            nosniff: false,
            refuser: None,
        }
    }

    /// The HTTP status.
    pub(super) fn code(&self) -> u16 {
        self.code
    }

    /// The Status's reason; empty where it has none.
    pub(super) fn reason(&self) -> &'static str {
        self.reason
    }

    /// The Status's message.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// What refuses the request; nothing where it fails otherwise.
    pub(super) fn refuser(&self) -> Option<&Refuser> {
        self.refuser.as_deref()
    }

    fn about(mut self, resource: &ResourceType, name: &str) -> Self {
        self.details = Some(Box::new(details(name, &resource.group, &resource.plural)));
        self
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn forbidden(user: &UserInfo, attributes: &Attributes, reason: &str) -> Self {
        let mut failure = Self::new(403, "Forbidden", forbidden_message(user, attributes, reason));
        failure.details = Some(Box::new(if attributes.is_resource {
            details(&attributes.name, &attributes.api_group, &attributes.resource)
        } else {
            Details::default()
        }));
        failure.nosniff = true;
        failure.refuser = Some(Box::new(Refuser::Authorizer(attributes.clone())));
        failure
    }

    /// A role or a binding that the user may not write, for it does not hold what it would give.
    pub(super) fn escalation(resource: &ResourceType, name: &str, why: &str, granting: Granting) -> Self {
        let about = match name {
            "" => format!("{} is forbidden: {why}", resource.qualified()),
            name => format!("{} {} is forbidden: {why}", resource.qualified(), go_quote(name)),
        };
        let mut failure = Self::new(403, "Forbidden", about).about(resource, name);
        failure.refuser = Some(Box::new(Refuser::Escalation(granting)));
        failure
    }

    /// What a filter before the handlers answers to what makes no sense: plain text, no Status.
    pub(super) fn filter_failed(request: &Request, why: &str) -> Self {
        let text = format!("Internal Server Error: {}: {why}", go_quote(&request.uri()));
        let mut failure = Self::new(500, "", format!("{}\n", escape_html(&text)));
        failure.is_plain = true;
        failure.nosniff = true;
        failure
    }

    pub(super) fn not_found(resource: &ResourceType, name: &str) -> Self {
        let message = format!("{} {} not found", resource.qualified(), go_quote(name));
        Self::new(404, "NotFound", message).about(resource, name)
    }

    pub(super) fn already_exists(resource: &ResourceType, name: &str) -> Self {
        let message = format!("{} {} already exists", resource.qualified(), go_quote(name));
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// The object of that name is there, and about to go.
    pub(super) fn still_being_deleted(resource: &ResourceType, name: &str) -> Self {
        let mut failure = Self::already_exists(resource, name);
        failure.message = format!("object is being deleted: {}", failure.message);
        failure
    }

    /// Whether it is the name that is taken.
    pub(super) fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// [`Failure::already_exists`] of a name that the server has made up (`NewGenerateNameConflict`).
    pub(super) fn with_generated_name(mut self) -> Self {
        self.message
            .push_str(", the server was not able to generate a unique name for the object");
        if let Some(details) = &mut self.details {
            details.retry_after_seconds = 1;
        }
        self
    }

    /// What an admission plugin refuses.
    pub(super) fn refused(resource: &ResourceType, name: &str, why: &str) -> Self {
        let message = format!("{} {} is forbidden: {why}", resource.qualified(), go_quote(name));
        let mut failure = Self::new(403, "Forbidden", message).about(resource, name);
        failure.refuser = Some(Box::new(Refuser::Admission));
        failure
    }

    /// Something new in a namespace that is about to go.
    pub(super) fn namespace_terminating(resource: &ResourceType, name: &str, namespace: &str) -> Self {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut failure = Self::refused(resource, name, &why);
        if let Some(details) = &mut failure.details {
            details.causes.push(Cause {
                reason: "NamespaceTerminating".to_owned(),
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace".to_owned(),
            });
        }
        failure
    }

    /// An eviction that a disruption budget does not let pass.
    pub(super) fn of_disruption(error: &DisruptionError) -> Self {
        const WHY: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
        let exhausted = |message: String, retry_after_seconds| {
            let mut failure = Self::new(429, "TooManyRequests", WHY);
            failure.details = Some(Box::new(Details {
                retry_after_seconds,
                ..of_cause("DisruptionBudget", &message, "")
            }));
            failure
        };
        let forbidden = |budget: &str, why: &str| {
            let resource = "poddisruptionbudget.policy";
            let mut failure = Self::new(
                403,
                "Forbidden",
                format!("{resource} {} is forbidden: {why}", go_quote(budget)),
            );
            failure.details = Some(Box::new(details(budget, "policy", "poddisruptionbudget")));
            failure.refuser = Some(Box::new(Refuser::Admission));
            failure
        };
        match error {
            DisruptionError::Exhausted {
                budget,
                desired,
                current,
            } => exhausted(
                format!("The disruption budget {budget} needs {desired} healthy pods and has {current} currently"),
                0,
            ),
            DisruptionError::StillProcessed { budget } => exhausted(
                format!("The disruption budget {budget} is still being processed by the server."),
                10,
            ),
            DisruptionError::Negative { budget } => forbidden(budget, "pdb disruptions allowed is negative"),
            DisruptionError::TooManyDisrupted { budget } => forbidden(
                budget,
                "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
            ),
            DisruptionError::Several => Self::new(
                500,
                "",
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ),
        }
    }

    /// A version that was forgotten.
    pub(super) fn expired(why: &str) -> Self {
        Self::new(410, "Expired", why)
    }

    /// A page whose list was forgotten; `token` goes on with the present one.
    pub(super) fn continue_expired(token: String) -> Self {
        let mut failure = Self::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        );
        failure.continue_token = token;
        failure
    }

    /// A version that is still to come.
    pub(super) fn too_large_version(wanted: u64, present: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {wanted}, current: {present}");
        let mut failure = Self::new(504, "Timeout", message);
        let mut about = of_cause("ResourceVersionTooLarge", "Too large resource version", "");
        about.retry_after_seconds = 1;
        failure.details = Some(Box::new(about));
        failure
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }

    pub(super) fn conflict(resource: &ResourceType, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {}: {why}",
            resource.qualified(),
            go_quote(name)
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// A conflict that is reported of a kind.
    pub(super) fn conflict_of(kind: &str, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {kind} {}: {why}", go_quote(name));
        let mut failure = Self::new(409, "Conflict", message);
        failure.details = Some(Box::new(details(name, "", kind)));
        failure
    }

    pub(super) fn modified(resource: &ResourceType, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A body that goes beyond that limit (`NewRequestEntityTooLargeError` in `apimachinery/pkg/api/errors`).
    pub(super) fn too_large(limit: &str) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    /// An answer that was not there in time (`WithTimeoutForNonLongRunningRequests` in
    /// `apiserver/pkg/server/filters/timeout.go`).
    pub(super) fn timed_out() -> Self {
        let message = "Timeout: request did not complete within the allotted timeout";
        let mut failure = Self::new(504, "Timeout", message);
        failure.details = Some(Box::default());
        failure
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut failure = Self::new(405, "MethodNotAllowed", message);
        failure.details = Some(Box::default());
        failure
    }

    /// What ought not to happen.
    pub(super) fn internal(why: &str) -> Self {
        let mut failure = Self::new(500, "InternalError", format!("Internal error occurred: {why}"));
        failure.details = Some(Box::new(Details {
            causes: vec![Cause {
                reason: String::new(),
                message: why.to_owned(),
                field: String::new(),
            }],
            ..Details::default()
        }));
        failure
    }

    /// What etcd answers where its disk or its quota is full, which kube-apiserver passes on without a reason and details.
    ///
    /// Source: `ErrorToAPIStatus` in `apiserver/pkg/endpoints/handlers/responsewriters/status.go` for an error that is no
    /// Status; the text as kubernetes/kops#4005 shows it.
    pub(super) fn no_space() -> Self {
        Self::new(500, "", "etcdserver: mvcc: database space exceeded")
    }

    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    pub(super) fn unsupported_media_type() -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf",
        )
    }

    /// Nothing that the client accepts can be answered.
    pub(super) fn not_acceptable() -> Self {
        Self::new(
            406,
            "NotAcceptable",
            "only the following media types are accepted: application/json",
        )
    }

    /// `taken` are the kinds of patch that the resource accepts.
    pub(super) fn unsupported_patch_type(taken: &[PatchKind]) -> Self {
        let types: Vec<&str> = taken.iter().map(|kind| kind.media_type()).collect();
        Self::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: {}",
                types.join(", ")
            ),
        )
    }

    pub(super) fn of_patch(error: &PatchError) -> Self {
        match error {
            PatchError::Malformed(why) => Self::bad_request(why),
            PatchError::TooLarge(why) => Self::new(413, "RequestEntityTooLarge", why),
            PatchError::Unapplicable(_) => Self::unprocessable(),
            PatchError::Unexpected(why) => Self::unexpected(why),
        }
    }

    pub(super) fn of_apply(error: &ApplyError) -> Self {
        match error {
            ApplyError::BadRequest(why) => Self::bad_request(why),
            ApplyError::Typed(why) => Self::unexpected(why),
            ApplyError::Conflict(conflicts) => {
                let mut failure = Self::new(409, "Conflict", error.to_string());
                let causes = conflicts.iter().map(|conflict| Cause {
                    reason: "FieldManagerConflict".to_owned(),
                    message: format!("conflict with {}", conflict.manager),
                    field: conflict.path.clone(),
                });
                failure.details = Some(Box::new(Details {
                    causes: causes.collect(),
                    ..Details::default()
                }));
                failure
            }
        }
    }

    /// What upstream has no reason for, such as an error of etcd (`ErrorToAPIStatus` in
    /// `apiserver/pkg/endpoints/handlers/responsewriters/status.go`).
    pub(super) fn unexpected(message: &str) -> Self {
        Self::new(500, "", message)
    }

    /// A patch that does not fit the object; why, upstream does not say.
    fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        let mut failure = Self::new(422, "Invalid", message);
        failure.details = Some(Box::default());
        failure
    }

    /// A patch after which the object is none of its kind.
    pub(super) fn invalid_patch(patch: &str, why: &str) -> Self {
        let cause = format!("Invalid value: {}: {why}", go_quote(patch));
        let mut failure = Self::new(422, "Invalid", format!(" \"\" is invalid: patch: {cause}"));
        failure.details = Some(Box::new(of_cause("FieldValueInvalid", &cause, "patch")));
        failure
    }

    /// `causes` are reason, message and field.
    pub(super) fn invalid(resource: &ResourceType, name: &str, causes: &[(&str, String, String)]) -> Self {
        Self::invalid_kind((&resource.group, &resource.kind), name, causes)
    }

    /// Options of a request, such as `PatchOptions`; `causes` are reason, message and field.
    pub(super) fn invalid_options(kind: &str, causes: &[(&str, String, String)]) -> Self {
        Self::invalid_kind(("meta.k8s.io", kind), "", causes)
    }

    /// The same for what is of a kind that no resource has.
    pub(super) fn invalid_kind((group, kind): (&str, &str), name: &str, causes: &[(&str, String, String)]) -> Self {
        let list = listed(causes);
        let qualified = match group {
            "" => kind.to_owned(),
            group => format!("{kind}.{group}"),
        };
        let message = format!("{qualified} {} is invalid: {list}", go_quote(name));
        let mut failure = Self::new(422, "Invalid", message);
        let mut about = details(name, group, kind);
        about.causes = causes.iter().map(Cause::of).collect();
        failure.details = Some(Box::new(about));
        failure
    }

    /// A review that is not valid: the API server has its kind no more when it says so.
    pub(super) fn invalid_review(group: &str, causes: &[(&str, String, String)]) -> Self {
        let mut failure = Self::new(422, "Invalid", format!(".{group} \"\" is invalid: {}", listed(causes)));
        let mut about = details("", group, "");
        about.causes = causes.iter().map(Cause::of).collect();
        failure.details = Some(Box::new(about));
        failure
    }

    /// A path that nothing is at, within a group and version of the API server's own.
    pub(super) fn no_route() -> Self {
        let mut failure = Self::new(404, "NotFound", "the server could not find the requested resource");
        failure.details = Some(Box::default());
        failure
    }

    /// A path that nothing is at: plain text, no Status.
    pub(super) fn path_not_found() -> Self {
        let mut failure = Self::new(404, "", "404 page not found\n");
        failure.is_plain = true;
        failure.nosniff = true;
        failure
    }

    pub(super) fn render(&self, request: &Request) -> Response {
        let response = if self.is_plain {
            Response::new(self.code, "text/plain; charset=utf-8", self.message.clone())
        } else {
            json_response(request, self.code, &self.status(), false)
        };
        let response = match self.details.as_deref() {
            Some(Details {
                retry_after_seconds: seconds @ 1..,
                ..
            }) => response.with_header("retry-after", seconds.to_string()),
            _ => response,
        };
        if self.nosniff {
            response.with_header("x-content-type-options", "nosniff")
        } else {
            response
        }
    }

    /// The Status as a value, for the audit log.
    pub(super) fn value(&self) -> Value {
        // What is rendered here has text keys only, so that it always serialises.
        serde_json::to_value(self.status()).unwrap_or_default()
    }

    fn status(&self) -> Status<'_> {
        Status {
            kind: "Status",
            api_version: "v1",
            metadata: Metadata {
                r#continue: &self.continue_token,
            },
            status: "Failure",
            message: &self.message,
            reason: self.reason,
            details: self.details.as_deref(),
            code: Some(self.code),
        }
    }
}

/// What a deletion answers.
pub(super) fn deleted(request: &Request, resource: &ResourceType, name: &str, uid: &str) -> Response {
    let mut about = details(name, &resource.group, &resource.plural);
    uid.clone_into(&mut about.uid);
    done(request, 200, Some(&about))
}

/// What an eviction and a binding answer.
pub(super) fn success(request: &Request, code: u16) -> Response {
    done(request, code, None)
}

/// The Status of what was done; only one without details has its code.
fn done(request: &Request, code: u16, details: Option<&Details>) -> Response {
    let status = Status {
        kind: "Status",
        api_version: "v1",
        metadata: Metadata::default(),
        status: "Success",
        message: "",
        reason: "",
        details,
        code: details.is_none().then_some(code),
    };
    json_response(request, code, &status, false)
}

fn details(name: &str, group: &str, kind: &str) -> Details {
    Details {
        name: name.to_owned(),
        group: group.to_owned(),
        kind: kind.to_owned(),
        ..Details::default()
    }
}

fn of_cause(reason: &str, message: &str, field: &str) -> Details {
    let cause = Cause {
        reason: reason.to_owned(),
        message: message.to_owned(),
        field: field.to_owned(),
    };
    Details {
        causes: vec![cause],
        ..Details::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::kinds;

    fn rendered(failure: &Failure) -> Response {
        failure.render(&Request {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        })
    }

    #[track_caller]
    fn check(failure: &Failure, wanted: &str) {
        assert_eq!(
            String::from_utf8(rendered(failure).body).unwrap(),
            format!("{wanted}\n")
        );
    }

    #[test]
    fn an_eviction_that_a_budget_refuses_says_when_to_try_again() {
        let budget = || "web".to_owned();
        let waits = Failure::of_disruption(&DisruptionError::StillProcessed { budget: budget() });
        check(
            &waits,
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Cannot evict pod as it would violate the pod's disruption budget.","reason":"TooManyRequests","details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget web is still being processed by the server."}],"retryAfterSeconds":10},"code":429}"#,
        );
        let exhausted = Failure::of_disruption(&DisruptionError::Exhausted {
            budget: budget(),
            desired: 2,
            current: 1,
        });
        check(
            &exhausted,
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Cannot evict pod as it would violate the pod's disruption budget.","reason":"TooManyRequests","details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget web needs 2 healthy pods and has 1 currently"}]},"code":429}"#,
        );
        let retry_after = |failure: &Failure| {
            let headers = rendered(failure).headers;
            headers
                .into_iter()
                .find(|(name, _)| *name == "retry-after")
                .map(|(_, value)| value)
        };
        assert_eq!(retry_after(&waits).as_deref(), Some("10"));
        assert_eq!(retry_after(&exhausted), None);
        check(
            &Failure::of_disruption(&DisruptionError::Negative { budget: budget() }),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"poddisruptionbudget.policy \"web\" is forbidden: pdb disruptions allowed is negative","reason":"Forbidden","details":{"name":"web","group":"policy","kind":"poddisruptionbudget"},"code":403}"#,
        );
    }

    #[test]
    fn bodies_are_those_of_a_real_api_server_to_the_byte() {
        check(
            &Failure::unauthorized(),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#,
        );
        let user = UserInfo {
            username: "u".to_owned(),
            ..UserInfo::default()
        };
        let pods = Attributes::resource("list", "", "v1", "pods", "", "default", "");
        check(
            &Failure::forbidden(&user, &pods, ""),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods is forbidden: User \"u\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#,
        );
        check(
            &Failure::forbidden(&user, &Attributes::non_resource("get", "/metrics"), ""),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden: User \"u\" cannot get path \"/metrics\"","reason":"Forbidden","details":{},"code":403}"#,
        );
        let config_maps = kinds::find("", "v1", "configmaps").unwrap();
        check(
            &Failure::not_found(config_maps, "x"),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"configmaps \"x\" not found","reason":"NotFound","details":{"name":"x","kind":"configmaps"},"code":404}"#,
        );
        check(
            &Failure::modified(config_maps, "aws-auth"),
            r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Operation cannot be fulfilled on configmaps \"aws-auth\": the object has been modified; please apply your changes to the latest version and try again","reason":"Conflict","details":{"name":"aws-auth","kind":"configmaps"},"code":409}"#,
        );
    }
}
