//! Audit events of a cluster's API server, as `audit.k8s.io/v1` JSON.
//!
//! Source of the fields and their order: `apiserver/pkg/apis/audit/v1/types.go` of Kubernetes 1.32; of what is written:
//! the audit policy in AWS's EKS Best Practices Guide (Auditing and logging).
//!
//! FIDELITY: of that policy, the rules for the control plane's own users are left out, since nobody plays them here, and
//! no event holds the objects that were sent, so that what EKS writes with level RequestResponse has level Metadata.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::instant::Timestamp;
use crate::request_info::Attributes;
use crate::user::UserInfo;

/// A request that was answered.
#[derive(Clone, Debug)]
pub struct AuditedRequest<'a> {
    /// What the answer's `Audit-Id` header says.
    pub audit_id: &'a str,
    /// Path and query as they came.
    pub request_uri: &'a str,
    /// What was asked for.
    pub attributes: &'a Attributes,
    /// Who asked, once that is known.
    pub user: Option<&'a UserInfo>,
    /// Where from.
    pub source_ip: &'a str,
    /// The client's `User-Agent`.
    pub user_agent: &'a str,
    /// Whether it was allowed, and the authorizer's reason, once that is known.
    pub decision: Option<(bool, &'a str)>,
    /// The answer's HTTP status.
    pub code: u16,
    /// The Status that was answered, where the request failed.
    pub failure: Option<&'a Value>,
    /// When it came.
    pub received: Timestamp,
    /// When it was answered.
    pub answered: Timestamp,
}

/// The level of a request's event; nothing where the policy has it not written at all.
#[must_use]
pub fn level(attributes: &Attributes) -> Option<&'static str> {
    if !attributes.is_resource {
        let path = attributes.path.as_str();
        let is_quiet = path.starts_with("/healthz") || path == "/version" || path.starts_with("/swagger");
        return (!is_quiet).then_some("Metadata");
    }
    if attributes.resource == "events" && attributes.api_group.is_empty() {
        return None;
    }
    let is_secret = match attributes.api_group.as_str() {
        "" => matches!(attributes.resource.as_str(), "secrets" | "configmaps"),
        "authentication.k8s.io" => attributes.resource == "tokenreviews",
        _ => false,
    };
    let is_read = matches!(attributes.verb.as_str(), "get" | "list" | "watch");
    Some(if is_read && !is_secret { "Request" } else { "Metadata" })
}

impl AuditedRequest<'_> {
    /// The event, or nothing where the policy has it not written.
    #[must_use]
    pub fn render(&self) -> Option<String> {
        let level = level(self.attributes)?;
        let failure = self.failure.map(|status| {
            let text = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or_default();
            (text("message"), text("reason"), status.get("details"))
        });
        let annotations = self.decision.map(|(is_allowed, reason)| {
            BTreeMap::from([
                (
                    "authorization.k8s.io/decision",
                    if is_allowed { "allow" } else { "forbid" },
                ),
                ("authorization.k8s.io/reason", reason),
            ])
        });
        let event = Event {
            kind: "Event",
            api_version: "audit.k8s.io/v1",
            level,
            audit_id: self.audit_id,
            // The filter that audits failed authentications has its own stage (`authn_audit.go`).
            stage: if self.user.is_some() {
                "ResponseComplete"
            } else {
                "ResponseStarted"
            },
            request_uri: self.request_uri,
            verb: &self.attributes.verb,
            user: self.user.map(User::of).unwrap_or_default(),
            source_ips: [self.source_ip],
            user_agent: self.user_agent,
            object_ref: self.attributes.is_resource.then(|| ObjectRef::of(self.attributes)),
            response_status: Status {
                metadata: Metadata {},
                status: failure.map_or("", |_| "Failure"),
                message: failure.map_or("", |(message, _, _)| message),
                reason: failure.map_or("", |(_, reason, _)| reason),
                details: failure.and_then(|(_, _, details)| details),
                code: self.code,
            },
            request_received_timestamp: render_micros(self.received),
            stage_timestamp: render_micros(self.answered),
            annotations,
        };
        // Texts and numbers always serialise.
        serde_json::to_string(&event).ok()
    }
}

/// RFC 3339 with microseconds, as Kubernetes' `MicroTime` has it.
fn render_micros(time: Timestamp) -> String {
    let whole = time.render_rfc3339();
    let millis = time.unix_millis().rem_euclid(1000);
    format!("{}.{millis:03}000Z", whole.trim_end_matches('Z'))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    kind: &'static str,
    api_version: &'static str,
    level: &'static str,
    #[serde(rename = "auditID")]
    audit_id: &'a str,
    stage: &'static str,
    #[serde(rename = "requestURI")]
    request_uri: &'a str,
    verb: &'a str,
    user: User<'a>,
    #[serde(rename = "sourceIPs")]
    source_ips: [&'a str; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_ref: Option<ObjectRef<'a>>,
    response_status: Status<'a>,
    request_received_timestamp: String,
    stage_timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<&'static str, &'a str>>,
}

#[derive(Default, Serialize)]
struct User<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    username: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    groups: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a BTreeMap<String, Vec<String>>>,
}

impl<'a> User<'a> {
    fn of(user: &'a UserInfo) -> Self {
        Self {
            username: &user.username,
            uid: &user.uid,
            groups: &user.groups,
            extra: Some(&user.extra).filter(|extra| !extra.is_empty()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectRef<'a> {
    resource: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_group: &'a str,
    api_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'a str,
}

impl<'a> ObjectRef<'a> {
    fn of(attributes: &'a Attributes) -> Self {
        Self {
            resource: &attributes.resource,
            namespace: &attributes.namespace,
            name: &attributes.name,
            api_group: &attributes.api_group,
            api_version: &attributes.api_version,
            subresource: &attributes.subresource,
        }
    }
}

#[derive(Serialize)]
struct Status<'a> {
    metadata: Metadata,
    #[serde(skip_serializing_if = "str::is_empty")]
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
    code: u16,
}

#[derive(Serialize)]
struct Metadata {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request_info::attributes;

    /// Of a user who is allowed, or of nobody where there is a failure.
    #[track_caller]
    fn check(method: &str, uri: &str, failure: Option<&Value>, wanted: Option<&str>) {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let attributes = attributes(method, path, query);
        let user = UserInfo {
            username: "kubernetes-admin".to_owned(),
            uid: "aws-iam-authenticator:111122223333:AIDAEXAMPLE".to_owned(),
            groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
            extra: BTreeMap::from([("sessionName".to_owned(), vec![String::new()])]),
        };
        let received = Timestamp::from_unix_millis(1_795_481_097_123);
        let request = AuditedRequest {
            audit_id: "a-1",
            request_uri: uri,
            attributes: &attributes,
            user: failure.is_none().then_some(&user),
            source_ip: "127.0.0.1",
            user_agent: "kubectl/v1.32.0",
            decision: failure.is_none().then_some((true, "")),
            code: if failure.is_some() { 401 } else { 200 },
            failure,
            received,
            answered: received.plus_nanoseconds(2_000_000),
        };
        assert_eq!(request.render().as_deref(), wanted);
    }

    #[test]
    fn a_granted_request_names_its_user_and_the_decision() {
        check(
            "GET",
            "/api/v1/namespaces/default/services?limit=500",
            None,
            Some(
                r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"a-1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/services?limit=500","verb":"list","user":{"username":"kubernetes-admin","uid":"aws-iam-authenticator:111122223333:AIDAEXAMPLE","groups":["system:masters","system:authenticated"],"extra":{"sessionName":[""]}},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.32.0","objectRef":{"resource":"services","namespace":"default","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-24T00:44:57.123000Z","stageTimestamp":"2026-11-24T00:44:57.125000Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}"#,
            ),
        );
    }

    #[test]
    fn a_request_of_nobody_has_an_empty_user_and_no_decision() {
        let status = json!({"status": "Failure", "message": "Unauthorized", "reason": "Unauthorized", "code": 401});
        check(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            Some(&status),
            Some(
                r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a-1","stage":"ResponseStarted","requestURI":"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews","verb":"create","user":{},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.32.0","objectRef":{"resource":"selfsubjectaccessreviews","apiGroup":"authorization.k8s.io","apiVersion":"v1"},"responseStatus":{"metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401},"requestReceivedTimestamp":"2026-11-24T00:44:57.123000Z","stageTimestamp":"2026-11-24T00:44:57.125000Z"}"#,
            ),
        );
    }

    #[test]
    fn levels_are_those_of_the_policy() {
        for (method, path, wanted) in [
            ("GET", "/healthz/etcd", None),
            ("GET", "/version", None),
            ("GET", "/apis", Some("Metadata")),
            ("GET", "/api/v1/pods", Some("Request")),
            ("GET", "/api/v1/secrets", Some("Metadata")),
            ("GET", "/api/v1/namespaces/a/configmaps/b", Some("Metadata")),
            ("GET", "/api/v1/events", None),
            ("POST", "/api/v1/namespaces/a/pods", Some("Metadata")),
            ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", Some("Metadata")),
        ] {
            assert_eq!(level(&attributes(method, path, "")), wanted, "{path}");
        }
    }
}
