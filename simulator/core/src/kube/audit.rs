//! Audit events of a cluster's API server, as `audit.k8s.io/v1` JSON.
//!
//! Source of the fields and their order: `apiserver/pkg/apis/audit/v1/types.go` and `apiserver/pkg/audit/request.go` of
//! Kubernetes 1.32.
//!
//! FIDELITY: EKS's policy is not published; the one here is that of AWS's EKS Best Practices Guide (Auditing and
//! logging). Objects are written as they came, without defaults. The token of a TokenReview is never written, whatever
//! the policy says.

mod policy;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

pub use self::policy::AuditConfig;
pub use self::policy::AuditPolicy;
pub use self::policy::AuditStage;
pub use self::policy::Level;
use crate::go;
use crate::kube::request_info::Attributes;
use crate::value::instant::Timestamp;
use crate::value::user::UserInfo;

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
    /// As whom, where that is somebody else.
    pub impersonated: Option<&'a UserInfo>,
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
    /// Whether the answer goes on for long, as a watch does.
    pub is_long: bool,
    /// The object that was sent, or the patch.
    pub request_object: Option<&'a Value>,
    /// The answer's body, which is read only where the policy wants the object in it.
    pub response_body: &'a [u8],
    /// When it came.
    pub received: Timestamp,
    /// When it was answered.
    pub answered: Timestamp,
}

impl AuditedRequest<'_> {
    /// The events, one a line, that the policy wants written.
    #[must_use]
    pub fn render(&self, policy: &AuditPolicy) -> Vec<String> {
        let config = policy.evaluate(self.user, self.attributes);
        if config.level == Level::None {
            return Vec::new();
        }
        // The filter that audits failed authentications has its own stage (`authn_audit.go`).
        let stages: &[AuditStage] = match (self.user.is_some(), self.is_long) {
            (false, _) => &[AuditStage::ResponseStarted],
            (true, false) => &[AuditStage::RequestReceived, AuditStage::ResponseComplete],
            (true, true) => &[
                AuditStage::RequestReceived,
                AuditStage::ResponseStarted,
                AuditStage::ResponseComplete,
            ],
        };
        let objects = Objects::of(self, &config);
        stages
            .iter()
            .filter(|stage| !config.omit_stages.contains(stage))
            .map(|stage| go::json::render(&self.event(*stage, config.level, &objects)))
            .collect()
    }

    fn event<'a>(&'a self, stage: AuditStage, level: Level, objects: &'a Objects) -> Event<'a> {
        let is_answered = stage != AuditStage::RequestReceived;
        let failure = self.failure.map(|status| {
            let text = |name: &str| status.get(name).and_then(Value::as_str).unwrap_or_default();
            (text("message"), text("reason"), status.get("details"))
        });
        let annotations = self.decision.filter(|_| is_answered).map(|(is_allowed, reason)| {
            BTreeMap::from([
                (
                    "authorization.k8s.io/decision",
                    if is_allowed { "allow" } else { "forbid" },
                ),
                ("authorization.k8s.io/reason", reason),
            ])
        });
        let object = self.request_object.filter(|_| is_answered);
        Event {
            kind: "Event",
            api_version: "audit.k8s.io/v1",
            level: level.as_str(),
            audit_id: self.audit_id,
            stage: stage.as_str(),
            request_uri: self.request_uri,
            verb: &self.attributes.verb,
            user: self.user.map(User::of).unwrap_or_default(),
            impersonated_user: self.impersonated.filter(|_| is_answered).map(User::of),
            source_ips: [self.source_ip],
            user_agent: self.user_agent,
            object_ref: self
                .attributes
                .is_resource
                .then(|| ObjectRef::of(self.attributes, object)),
            response_status: is_answered.then(|| Status {
                metadata: Metadata {},
                status: failure.map_or("", |_| "Failure"),
                message: failure.map_or("", |(message, _, _)| message),
                reason: failure.map_or("", |(_, reason, _)| reason),
                details: failure.and_then(|(_, _, details)| details),
                code: self.code,
            }),
            request_object: objects.request.as_ref().filter(|_| is_answered),
            response_object: objects
                .response
                .as_ref()
                .filter(|_| stage == AuditStage::ResponseComplete),
            request_received_timestamp: render_micros(self.received),
            stage_timestamp: render_micros(if is_answered { self.answered } else { self.received }),
            annotations,
        }
    }
}

/// The objects that the level has written.
#[derive(Default)]
struct Objects {
    request: Option<Value>,
    response: Option<Value>,
}

impl Objects {
    fn of(request: &AuditedRequest<'_>, config: &AuditConfig) -> Self {
        let shown = |mut object: Value| {
            if config.omit_managed_fields {
                drop_managed_fields(&mut object);
            }
            if request.attributes.resource == "tokenreviews"
                && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
            {
                spec.remove("token");
            }
            object
        };
        Self {
            request: request
                .request_object
                .filter(|_| config.level >= Level::Request)
                .cloned()
                .map(shown),
            response: (config.level >= Level::RequestResponse)
                .then(|| serde_json::from_slice(request.response_body).ok())
                .flatten()
                .map(shown),
        }
    }
}

/// Of an object, or of each of a list.
fn drop_managed_fields(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    let items = object.get_mut("items").and_then(Value::as_array_mut);
    items.into_iter().flatten().for_each(drop_managed_fields);
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
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonated_user: Option<User<'a>>,
    #[serde(rename = "sourceIPs")]
    source_ips: [&'a str; 1],
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_ref: Option<ObjectRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_object: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_object: Option<&'a Value>,
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
    uid: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    api_group: &'a str,
    api_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    resource_version: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    subresource: &'a str,
}

impl<'a> ObjectRef<'a> {
    /// What the path does not say, the object that was sent does.
    fn of(attributes: &'a Attributes, object: Option<&'a Value>) -> Self {
        let said = |field: &str| {
            let metadata = object.and_then(|object| object.get("metadata"));
            metadata
                .and_then(|metadata| metadata.get(field)?.as_str())
                .unwrap_or_default()
        };
        let or_said = |text: &'a str, field: &str| if text.is_empty() { said(field) } else { text };
        Self {
            resource: &attributes.resource,
            namespace: or_said(&attributes.namespace, "namespace"),
            name: or_said(&attributes.name, "name"),
            uid: said("uid"),
            api_group: &attributes.api_group,
            api_version: &attributes.api_version,
            resource_version: said("resourceVersion"),
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
    use crate::kube::request_info::attributes;

    /// Of a user who is allowed, or of nobody where there is a failure.
    #[track_caller]
    fn check(method: &str, uri: &str, failure: Option<&Value>, wanted: &str) {
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
            impersonated: None,
            is_long: false,
            request_object: None,
            response_body: b"",
            received,
            answered: received.plus_nanoseconds(2_000_000),
        };
        assert_eq!(request.render(&AuditPolicy::eks()), [wanted]);
    }

    #[test]
    fn a_granted_request_names_its_user_and_the_decision() {
        check(
            "GET",
            "/api/v1/namespaces/default/services?limit=500",
            None,
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"a-1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/services?limit=500","verb":"list","user":{"username":"kubernetes-admin","uid":"aws-iam-authenticator:111122223333:AIDAEXAMPLE","groups":["system:masters","system:authenticated"],"extra":{"sessionName":[""]}},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.32.0","objectRef":{"resource":"services","namespace":"default","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"2026-11-24T00:44:57.123000Z","stageTimestamp":"2026-11-24T00:44:57.125000Z","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}"#,
        );
    }

    #[test]
    fn a_request_of_nobody_has_an_empty_user_and_no_decision() {
        let status = json!({"status": "Failure", "message": "Unauthorized", "reason": "Unauthorized", "code": 401});
        check(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            Some(&status),
            r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"a-1","stage":"ResponseStarted","requestURI":"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews","verb":"create","user":{},"sourceIPs":["127.0.0.1"],"userAgent":"kubectl/v1.32.0","objectRef":{"resource":"selfsubjectaccessreviews","apiGroup":"authorization.k8s.io","apiVersion":"v1"},"responseStatus":{"metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401},"requestReceivedTimestamp":"2026-11-24T00:44:57.123000Z","stageTimestamp":"2026-11-24T00:44:57.125000Z"}"#,
        );
    }

    #[test]
    fn a_policy_says_how_much_is_written() {
        let object = json!({
            "metadata": {"name": "c", "uid": "u-1", "managedFields": []},
            "spec": {"token": "k8s-aws-v1.secret"},
        });
        let body = serde_json::to_vec(&object).unwrap();
        let events = |method: &str, path: &str, rule: Value, is_long: bool| {
            let policy = json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [rule]});
            let user = UserInfo::anonymous();
            let request = AuditedRequest {
                audit_id: "a-1",
                request_uri: path,
                attributes: &attributes(method, path, ""),
                user: Some(&user),
                impersonated: Some(&user),
                source_ip: "127.0.0.1",
                user_agent: "",
                decision: Some((true, "because")),
                code: 201,
                failure: None,
                is_long,
                request_object: Some(&object),
                response_body: &body,
                received: Timestamp::UNIX_EPOCH,
                answered: Timestamp::UNIX_EPOCH.plus_seconds(1),
            };
            let lines = request.render(&AuditPolicy::parse(policy).unwrap());
            lines
                .iter()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect::<Vec<Value>>()
        };
        let path = "/api/v1/namespaces/x/configmaps";
        assert!(events("POST", path, json!({"level": "None"}), false).is_empty());
        let metadata = events("POST", path, json!({"level": "Metadata"}), false);
        assert_eq!(metadata.len(), 2);
        assert_eq!(metadata[0]["stage"], "RequestReceived");
        for absent in ["responseStatus", "annotations", "impersonatedUser", "requestObject"] {
            assert!(metadata[0].get(absent).is_none(), "{absent}");
        }
        assert_eq!(metadata[0]["objectRef"].get("name"), None);
        assert_eq!(metadata[1]["objectRef"]["name"], "c");
        assert_eq!(metadata[1]["objectRef"]["uid"], "u-1");
        assert_eq!(metadata[1]["impersonatedUser"]["username"], "system:anonymous");
        assert_eq!(metadata[1].get("requestObject"), None);
        let request = events(
            "POST",
            path,
            json!({"level": "Request", "omitStages": ["RequestReceived"]}),
            false,
        );
        assert_eq!(request.len(), 1);
        assert_eq!(request[0]["requestObject"], object);
        assert_eq!(request[0].get("responseObject"), None);
        let whole = json!({"level": "RequestResponse", "omitManagedFields": true});
        let whole = events("POST", path, whole, true);
        let stages: Vec<&Value> = whole.iter().map(|event| &event["stage"]).collect();
        assert_eq!(stages, ["RequestReceived", "ResponseStarted", "ResponseComplete"]);
        assert_eq!(
            whole[2]["responseObject"]["metadata"],
            json!({"name": "c", "uid": "u-1"})
        );
        assert_eq!(whole[1].get("responseObject"), None);
        let review = events(
            "POST",
            "/apis/authentication.k8s.io/v1/tokenreviews",
            json!({"level": "RequestResponse"}),
            false,
        );
        assert_eq!(review[1]["requestObject"]["spec"], json!({}));
        assert_eq!(review[1]["responseObject"]["spec"], json!({}));
    }
}
