//! What all the policies of a caller come to, and how AWS words a refusal.
//!
//! FIDELITY: there are no organizations, so no service or resource control policies, and no policies of resources but
//! roles' trust. The root user of an account may do anything.

use std::fmt;
use std::sync::Arc;

use super::Decision;
use super::PolicyDocument;
use super::RequestContext;
use super::StatementRef;
use super::evaluate;
use super::managed;
use crate::aws::principal::CallerIdentity;

/// The policies of a caller. What is allowed must be allowed by each kind that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrincipalPolicies {
    /// Those of the user with its groups, or of the role: attached and inline.
    pub identity: Vec<Arc<PolicyDocument>>,
    /// The permissions boundary.
    pub boundary: Option<Arc<PolicyDocument>>,
    /// That of the session; several are [joined](PolicyDocument::join).
    pub session: Option<Arc<PolicyDocument>>,
}

impl PrincipalPolicies {
    /// Those of an administrator: AdministratorAccess alone.
    #[must_use]
    pub fn administrator() -> Self {
        Self {
            identity: vec![managed::administrator_access()],
            ..Self::default()
        }
    }

    /// The document that a refusal points at.
    #[must_use]
    pub fn document(&self, layer: Layer, index: usize) -> Option<&Arc<PolicyDocument>> {
        self.layer(layer).get(index)
    }

    fn layer(&self, layer: Layer) -> &[Arc<PolicyDocument>] {
        match layer {
            Layer::Identity => &self.identity,
            Layer::Boundary => self.boundary.as_slice(),
            Layer::Session => self.session.as_slice(),
        }
    }
}

/// A kind of policy that a caller has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Identity-based policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// The session policy.
    Session,
}

impl Layer {
    /// In the order in which they are asked.
    const ALL: [Self; 3] = [Self::Identity, Self::Boundary, Self::Session];
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
        })
    }
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A statement of that kind of policy denies it.
    Explicit(Layer, StatementRef),
    /// No statement of that kind of policy allows it.
    Implicit(Layer),
}

/// A request that a caller may not make. Displays as AWS's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "User: {caller} is not authorized to perform: {action} on resource: {resource} {}",
    words(refusal, action)
)]
pub struct Denied {
    /// The caller's ARN.
    pub caller: String,
    /// The action as AWS spells it.
    pub action: String,
    /// The ARN, or `*`.
    pub resource: String,
    /// Why.
    pub refusal: Refusal,
}

impl Denied {
    /// The message of services that name no resource.
    #[must_use]
    pub fn without_resource(&self) -> String {
        let Self { caller, action, .. } = self;
        let words = words(&self.refusal, action);
        format!("User: {caller} is not authorized to perform: {action} {words}")
    }
}

/// Source: IAM User Guide, "Troubleshoot access denied error messages".
fn words(refusal: &Refusal, action: &str) -> String {
    match refusal {
        Refusal::Explicit(layer @ Layer::Identity, _) => format!("with an explicit deny in an {layer}"),
        Refusal::Explicit(layer, _) => format!("with an explicit deny in a {layer}"),
        Refusal::Implicit(layer) => format!("because no {layer} allows the {action} action"),
    }
}

/// Whether a caller with these policies may do it.
///
/// # Errors
/// [`Denied`], with an explicit denial before any other.
pub fn check(
    caller: &CallerIdentity,
    policies: &PrincipalPolicies,
    request: &RequestContext<'_>,
) -> Result<(), Denied> {
    match refusal(caller, policies, request, &Layer::ALL) {
        None => Ok(()),
        Some(refusal) => Err(denied(caller, request, refusal)),
    }
}

pub(super) fn denied(caller: &CallerIdentity, request: &RequestContext<'_>, refusal: Refusal) -> Denied {
    Denied {
        caller: caller.arn.clone(),
        action: request.action.to_owned(),
        resource: request.resource.to_owned(),
        refusal,
    }
}

/// Why not: a denial by any kind of policy, or else the first kind of `needed` that does not allow it.
pub(super) fn refusal(
    caller: &CallerIdentity,
    policies: &PrincipalPolicies,
    request: &RequestContext<'_>,
    needed: &[Layer],
) -> Option<Refusal> {
    if caller.arn.ends_with(":root") {
        return None;
    }
    let mut implicit = None;
    for layer in Layer::ALL {
        let documents = policies.layer(layer);
        // A boundary or a session policy that is not there allows everything.
        if documents.is_empty() && layer != Layer::Identity {
            continue;
        }
        match evaluate(documents, request) {
            Decision::Allow(_) => {}
            Decision::ExplicitDeny(statement) => return Some(Refusal::Explicit(layer, statement)),
            Decision::ImplicitDeny => {
                if needed.contains(&layer) {
                    implicit = implicit.or(Some(Refusal::Implicit(layer)));
                }
            }
        }
    }
    implicit
}
