//! May this user do this? `system:masters` first, then RBAC.
//!
//! Source: Kubernetes' authorizer chain on EKS without its access policies.

use crate::eks::Cluster;
use crate::log::go_quote;
use crate::rbac::RbacDecision;
use crate::request_info::Attributes;
use crate::trace::Trace;
use crate::user::SYSTEM_MASTERS;
use crate::user::UserInfo;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Allow,
    /// Nobody said yes, which is a no.
    NoOpinion,
}

/// An answer with its evidence.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The answer.
    pub decision: Decision,
    /// As in a SubjectAccessReview's status: `RBAC: allowed by …`; on a denial usually empty.
    pub reason: String,
    /// Each authorizer that was asked; ids begin with `authz.`.
    pub trace: Trace,
}

/// Decides.
#[must_use]
pub fn authorize(user: &UserInfo, attributes: &Attributes, cluster: &Cluster) -> Authorization {
    const MASTERS: &str = "the user is in system:masters";
    const RBAC: &str = "some RBAC rule allows it";
    let mut trace = Trace::new();
    if user.groups.iter().any(|group| group == SYSTEM_MASTERS) {
        trace.passed("authz.masters", MASTERS, None);
        return Authorization {
            decision: Decision::Allow,
            reason: String::new(),
            trace,
        };
    }
    trace.missed("authz.masters", MASTERS, None, format!("[{}]", user.groups.join(" ")));
    let (decision, reason) = match cluster.rbac().authorize(user, attributes) {
        RbacDecision::Allowed { reason } => {
            trace.passed("authz.rbac", RBAC, reason.clone());
            (Decision::Allow, reason)
        }
        RbacDecision::NoOpinion { reason } => {
            trace.failed_on("authz.rbac", RBAC, None, denial_message(user, attributes, &reason));
            (Decision::NoOpinion, reason)
        }
    };
    Authorization {
        decision,
        reason,
        trace,
    }
}

/// What the API server says of a denial, without the prefix that names the object.
#[must_use]
pub fn denial_message(user: &UserInfo, attributes: &Attributes, reason: &str) -> String {
    let user = go_quote(&user.username);
    let verb = &attributes.verb;
    let mut message = if attributes.is_resource {
        let resource = match attributes.subresource.as_str() {
            "" => attributes.resource.clone(),
            subresource => format!("{}/{subresource}", attributes.resource),
        };
        let scope = match attributes.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {}", go_quote(namespace)),
        };
        format!(
            "User {user} cannot {verb} resource {} in API group {} {scope}",
            go_quote(&resource),
            go_quote(&attributes.api_group)
        )
    } else {
        format!("User {user} cannot {verb} path {}", go_quote(&attributes.path))
    };
    if !reason.is_empty() {
        message.push_str(": ");
        message.push_str(reason);
    }
    // `responsewriters.Forbidden` escapes what a browser might take for markup.
    message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The whole message of a 403 Status.
#[must_use]
pub fn forbidden_message(user: &UserInfo, attributes: &Attributes, reason: &str) -> String {
    let what = if attributes.is_resource {
        let resource = match attributes.api_group.as_str() {
            "" => attributes.resource.clone(),
            group => format!("{}.{group}", attributes.resource),
        };
        match attributes.name.as_str() {
            "" => format!("{resource} is forbidden"),
            name => format!("{resource} {} is forbidden", go_quote(name)),
        }
    } else {
        "forbidden".to_owned()
    };
    format!("{what}: {}", denial_message(user, attributes, reason))
}
