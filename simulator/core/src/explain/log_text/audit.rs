//! Audit events of the Kubernetes API server.
//!
//! Sources: `audit.k8s.io/v1` Event of k8s.io/apiserver 0.35 (`pkg/apis/audit/v1/types.go`), the annotations of
//! `pkg/endpoints/filters/authorization.go`, and the `extra` that the authenticator gives a user.

use super::Read;
use super::Target;
use super::When;
use super::forbidden;
use super::forbidden::Forbidden;
use super::of_line;
use super::unauthorized;
use crate::cluster::authorize::forbidden_message;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::Evidence;
use crate::explain::fix::word;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;
use crate::explain::rbac_fix;
use crate::kube::request_info::Attributes;
use crate::kube::request_info::attributes;
use crate::value::user::SYSTEM_ANONYMOUS;
use crate::value::user::SYSTEM_AUTHENTICATED;
use crate::value::user::UserInfo;

/// An event in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuditEvent {
    /// As whom the request was judged: whoever is impersonated, where somebody is.
    pub(crate) user: UserInfo,
    /// Whether somebody else asked for that user.
    is_impersonated: bool,
    /// The session's or user's ARN, as STS gave it.
    pub(crate) arn: String,
    /// `AIDA…`, or `AROA…:SESSION`.
    pub(crate) user_id: String,
    /// What was asked for.
    pub(crate) attributes: Attributes,
    /// The HTTP status; 0 where there is none yet.
    pub(crate) code: i64,
    message: String,
    decision: String,
    reason: String,
    agent: String,
    when: Option<When>,
}

impl AuditEvent {
    /// Nothing where the document is none.
    pub(crate) fn read(node: &Node) -> Option<Self> {
        let is_one = node.text_at("kind") == Some("Event")
            && node
                .text_at("apiVersion")
                .is_some_and(|version| version.starts_with("audit.k8s.io/"));
        if !is_one {
            return None;
        }
        let asked = node.get("user");
        let impersonated = node.get("impersonatedUser");
        let user = impersonated.or(asked).map(user_info).unwrap_or_default();
        let fact = |name: &str| first_extra(asked?, name);
        let arn = fact("arn").unwrap_or_default();
        let session = fact("sessionName").unwrap_or_default();
        let id = fact("principalId").unwrap_or_default();
        let status = node.get("responseStatus");
        let annotation = |name: &str| {
            let text = node
                .get("annotations")
                .and_then(|annotations| annotations.text_at(name));
            text.unwrap_or_default().to_owned()
        };
        let text = |name: &str| node.text_at(name).unwrap_or_default().to_owned();
        let time = ["stageTimestamp", "requestReceivedTimestamp"]
            .into_iter()
            .find_map(|name| When::of(node.text_at(name)?));
        Some(Self {
            user,
            is_impersonated: impersonated.is_some(),
            user_id: if session.is_empty() || id.is_empty() {
                id
            } else {
                format!("{id}:{session}")
            },
            arn,
            attributes: asked_for(node),
            code: status
                .and_then(|status| number(status.get("code")?))
                .unwrap_or_default(),
            message: status
                .and_then(|status| status.text_at("message"))
                .unwrap_or_default()
                .to_owned(),
            decision: annotation("authorization.k8s.io/decision"),
            reason: annotation("authorization.k8s.io/reason"),
            agent: text("userAgent"),
            when: time,
        })
    }

    /// What the client was answered, as kubectl prints it; nothing where it was not refused.
    pub(crate) fn client_error(&self) -> Option<String> {
        match self.code {
            401 => Some("error: You must be logged in to the server (Unauthorized)".to_owned()),
            403 => Some(format!("Error from server (Forbidden): {}", self.forbidden_message())),
            _ => None,
        }
    }

    fn forbidden_message(&self) -> String {
        if self.message.is_empty() {
            forbidden_message(&self.user, &self.attributes, &self.reason)
        } else {
            self.message.clone()
        }
    }

    pub(super) fn diagnose(&self, number: usize, line: &str, target: &Target) -> Option<Read> {
        let mut diagnosis = match self.code {
            401 => unauthorized(
                "an audit event of a 401: the API server let the caller in by no token and no certificate, and does not say why",
                number,
                line,
                self.when.as_ref(),
                target,
            ),
            403 => self.refused(number, line, target),
            _ => return None,
        };
        let facts = [
            ("user", self.user.username.as_str()),
            ("arn", self.arn.as_str()),
            ("user agent", self.agent.as_str()),
            ("authorization.k8s.io/decision", self.decision.as_str()),
            ("authorization.k8s.io/reason", self.reason.as_str()),
        ];
        for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
            diagnosis.evidence.push(Evidence {
                line: None,
                text: format!("audit event: {name} {value}"),
            });
        }
        if self.is_impersonated {
            diagnosis.evidence.push(Evidence {
                line: None,
                text: format!(
                    "the request was judged as that of {}, whom another user impersonated",
                    self.user.username
                ),
            });
        }
        Some((diagnosis, self.when.clone()))
    }

    fn refused(&self, number: usize, line: &str, target: &Target) -> Diagnosis {
        let message = self.forbidden_message();
        if self.user.username == SYSTEM_ANONYMOUS {
            return forbidden::anonymous(number, line, target);
        }
        let parsed = Forbidden::find(&message);
        if let Some(diagnosis) = parsed.and_then(|parsed| parsed.of_node(&self.arn, number, line, target)) {
            return diagnosis;
        }
        if message.contains("is attempting to grant RBAC permissions") {
            let sentence = "a role or binding would grant more than the caller holds, and the caller lacks the verb `bind` or `escalate` on \
                            the role";
            let mut diagnosis = of_line(Certainty::Named(Cause::RbacEscalation), sentence, number, line);
            diagnosis.fix = "grant a smaller role, or have it done by somebody who holds all of it".to_owned();
            return diagnosis;
        }
        if self.decision == "allow" {
            let sentence = format!(
                "the request of {} was authorized, and what comes behind refused it: {message}",
                self.user.username
            );
            let mut diagnosis = of_line(Certainty::NotKnown, sentence, number, line);
            diagnosis.look_at = vec![
                "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,validatingadmissionpolicies   # who may \
                 refuse it"
                    .to_owned(),
            ];
            return diagnosis;
        }
        let is_bare = self.user.groups.iter().all(|group| group == SYSTEM_AUTHENTICATED);
        let (cause, other) = if is_bare {
            (Cause::NoBinding, Cause::NotAuthorized)
        } else {
            (Cause::NotAuthorized, Cause::NoBinding)
        };
        let certainty = Certainty::Likeliest {
            cause,
            of: vec![cause, other],
        };
        let sentence = format!(
            "forbidden: {} in the groups [{}] was let in, and no access policy and no binding allows it to {}",
            self.user.username,
            self.user.groups.join(" "),
            self.wanted()
        );
        let mut diagnosis = of_line(certainty, sentence, number, line);
        diagnosis.fix = self.least_fix();
        diagnosis.look_at = vec![
            format!(
                "kubectl auth can-i --list --as {}{}",
                word(&self.user.username),
                self.user
                    .groups
                    .iter()
                    .map(|group| format!(" --as-group {}", word(group)))
                    .collect::<String>()
            ),
            "kubectl get clusterrolebindings,rolebindings -A -o wide".to_owned(),
        ];
        diagnosis
    }

    fn wanted(&self) -> String {
        let wanted = &self.attributes;
        if !wanted.is_resource {
            return format!("{} {}", wanted.verb, wanted.path);
        }
        let place = match wanted.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in namespace {namespace}"),
        };
        format!("{} {} {place}", wanted.verb, typed(wanted))
    }

    /// A role with that one rule, bound to that one user, or to a group where the next session has another name.
    fn least_fix(&self) -> String {
        let user = &self.user;
        let session = match self.arn.split_once(":assumed-role/") {
            Some((_, rest)) => rest.rsplit('/').next().unwrap_or_default(),
            None => "",
        };
        let own_group = user.groups.iter().find(|group| !group.starts_with("system:"));
        let subject = match own_group {
            Some(group) if rbac_fix::names_session(&user.username, session) => format!("--group={}", word(group)),
            _ => rbac_fix::subject_of(&user.username),
        };
        format!(
            "as an administrator of the cluster: {}",
            rbac_fix::grant_by_name(&subject, &self.attributes)
        )
    }
}

/// `pods`, `deployments.apps`, `deployments.apps/scale`.
fn typed(attributes: &Attributes) -> String {
    let dot = if attributes.api_group.is_empty() { "" } else { "." };
    let slash = if attributes.subresource.is_empty() { "" } else { "/" };
    format!(
        "{}{dot}{}{slash}{}",
        attributes.resource, attributes.api_group, attributes.subresource
    )
}

fn asked_for(node: &Node) -> Attributes {
    let verb = node.text_at("verb").unwrap_or_default();
    let uri = node.text_at("requestURI").unwrap_or_default();
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let Some(object) = node.get("objectRef") else {
        return Attributes {
            verb: verb.to_owned(),
            ..attributes("GET", path, query)
        };
    };
    let text = |name: &str| object.text_at(name).unwrap_or_default();
    Attributes::resource(
        verb,
        text("apiGroup"),
        text("apiVersion"),
        text("resource"),
        text("subresource"),
        text("namespace"),
        text("name"),
    )
}

fn user_info(node: &Node) -> UserInfo {
    let text = |name: &str| node.text_at(name).unwrap_or_default().to_owned();
    let groups = node.get("groups").map_or(&[][..], Node::list);
    UserInfo {
        username: text("username"),
        uid: text("uid"),
        groups: groups.iter().filter_map(Node::text).map(str::to_owned).collect(),
        ..UserInfo::default()
    }
}

fn first_extra(user: &Node, name: &str) -> Option<String> {
    let values = user.get("extra")?.get(name)?;
    values.list().first()?.text().map(str::to_owned)
}

fn number(node: &Node) -> Option<i64> {
    match &node.shape {
        Shape::Other(value, _) => value.as_i64(),
        Shape::Text(text) => text.parse().ok(),
        _ => None,
    }
}
