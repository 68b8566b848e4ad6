//! Trust policies: who may assume a role.
//!
//! IAM keeps the unique id of each user and role that a trust policy names, so that another principal of the same name
//! is not trusted, and shows the id where the principal is gone (IAM User Guide, "AWS JSON policy elements: Principal").
//!
//! FIDELITY: principals of accounts that the World has not are kept as they are and trust nobody. Providers and services
//! are compared as text; that they exist is not asked. A trust policy that shows ids is rendered again, without the
//! blanks of the original.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ConditionKeys;
use super::Effect;
use super::PolicyDocument;
use super::PolicyError;
use super::PolicyKind;
use super::RequestContext;
use super::authorize;
use super::authorize::Denied;
use super::authorize::Layer;
use super::authorize::PrincipalPolicies;
use super::document::Principals;
use super::document::TrustFile;
use crate::aws::principal::CallerIdentity;
use crate::value::arn::AccountId;
use crate::value::arn::Arn;
use serde::Deserialize;
use serde::Serialize;

/// What a directory knows of an ARN that names a user or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its unique id.
    Id(String),
    /// The account has no such user or role.
    Nobody,
    /// There is no such account.
    UnknownAccount,
}

/// A role's trust policy as IAM keeps it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TrustPolicy {
    text: String,
    document: Arc<PolicyDocument>,
    /// The unique ids of the users and roles that it names, by the ARNs as the text has them.
    principals: BTreeMap<String, String>,
}

impl TrustPolicy {
    /// Reads a trust policy that is to be kept, with the ids that its principals have at this moment.
    ///
    /// # Errors
    /// [`PolicyError`]; [`PolicyError::InvalidPrincipal`] for a user or role that is not there.
    pub fn save(text: &str, find: impl Fn(&str) -> Found) -> Result<Self, PolicyError> {
        Self::resolve(text, |arn| match find(arn) {
            Found::Nobody => Err(invalid_principal(arn)),
            found => Ok(found),
        })
    }

    /// The same where principals may be absent: `gone` gives the id that such a one had.
    ///
    /// # Errors
    /// [`PolicyError`]; [`PolicyError::InvalidPrincipal`] for what cannot name a principal.
    pub fn save_with_absent(
        text: &str,
        find: impl Fn(&str) -> Found,
        mut gone: impl FnMut(&str) -> String,
    ) -> Result<Self, PolicyError> {
        Self::resolve(text, |arn| {
            Ok(match find(arn) {
                Found::Nobody => Found::Id(gone(arn)),
                found => found,
            })
        })
    }

    fn resolve(text: &str, mut find: impl FnMut(&str) -> Result<Found, PolicyError>) -> Result<Self, PolicyError> {
        let document = PolicyDocument::parse(text, PolicyKind::Trust)?;
        let mut principals = BTreeMap::new();
        for name in document
            .statements
            .iter()
            .flat_map(|statement| &statement.principals.aws)
        {
            match AwsPrincipal::parse(name) {
                Some(AwsPrincipal::Entity { .. }) => {
                    if let Found::Id(id) = find(name)? {
                        principals.insert(name.clone(), id);
                    }
                }
                Some(
                    AwsPrincipal::Account { .. } | AwsPrincipal::Anyone | AwsPrincipal::Id | AwsPrincipal::Session,
                ) => {}
                None => return Err(invalid_principal(name)),
            }
        }
        Ok(Self {
            text: text.to_owned(),
            document: Arc::new(document),
            principals,
        })
    }

    /// The document as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document as GetRole answers it: as it was given, but a user or role that is gone, or has been recreated
    /// since, is shown by its unique id. `find` knows who is there now.
    #[must_use]
    pub fn render(&self, find: impl Fn(&str) -> Found) -> String {
        let gone = |arn: &str| {
            let id = self.principals.get(arn)?;
            (find(arn) != Found::Id(id.clone())).then(|| id.clone())
        };
        if !self.principals.keys().any(|arn| gone(arn).is_some()) {
            return self.text.clone();
        }
        TrustFile::parse(&self.text).map_or_else(|_| self.text.clone(), |file| file.render(gone))
    }

    /// Whether a service such as `ec2.amazonaws.com` is named in a statement that allows.
    #[must_use]
    pub fn names_service(&self, service: &str) -> bool {
        self.document.statements.iter().any(|statement| {
            statement.effect == Effect::Allow && statement.principals.service.iter().any(|name| name == service)
        })
    }

    /// What the policy says of a request by `requester`: `action` is `sts:AssumeRole` or a relative of it.
    #[must_use]
    pub fn decide(&self, action: &str, requester: Requester<'_>, keys: &ConditionKeys) -> TrustDecision {
        let lower = action.to_lowercase();
        let request = RequestContext {
            action,
            resource: "*",
            keys,
        };
        let mut trusted: Option<Grant> = None;
        for statement in &self.document.statements {
            let Some(grant) = self.grant(&statement.principals, requester) else {
                continue;
            };
            if !statement.covers(&lower, &request) {
                continue;
            }
            match statement.effect {
                Effect::Deny => return TrustDecision::Denied,
                Effect::Allow => trusted = trusted.max(Some(grant)),
            }
        }
        trusted.map_or(TrustDecision::NotTrusted, TrustDecision::Trusted)
    }

    /// The strongest way in which the requester is named.
    fn grant(&self, principals: &Principals, requester: Requester<'_>) -> Option<Grant> {
        let caller = match requester {
            Requester::Federated { provider } => {
                let named = principals.federated.iter().any(|name| name == provider);
                return named.then_some(Grant::Itself);
            }
            Requester::Service { name } => {
                return principals
                    .service
                    .iter()
                    .any(|wanted| wanted == name)
                    .then_some(Grant::Itself);
            }
            Requester::Caller(caller) => caller,
        };
        let id = caller.user_id.split(':').next().unwrap_or_default();
        let partition = caller.arn.split(':').nth(1).unwrap_or_default();
        let named_as = |name: &String| match AwsPrincipal::parse(name)? {
            AwsPrincipal::Account {
                account,
                partition: wanted,
            } => (account == caller.account.as_str() && wanted.is_none_or(|wanted| wanted == partition))
                .then_some(Grant::Account),
            AwsPrincipal::Anyone => Some(Grant::Itself),
            AwsPrincipal::Entity { role } => {
                let grant = if role { Grant::Role } else { Grant::Itself };
                (self.principals.get(name).is_some_and(|wanted| wanted == id)).then_some(grant)
            }
            AwsPrincipal::Id => {
                let grant = if name.starts_with("AROA") {
                    Grant::Role
                } else {
                    Grant::Itself
                };
                (name == id).then_some(grant)
            }
            AwsPrincipal::Session => (*name == caller.arn).then_some(Grant::Itself),
        };
        principals.aws.iter().filter_map(named_as).max()
    }
}

/// Whether a text is a trust policy that IAM would take if its principals were there.
///
/// # Errors
/// [`PolicyError`].
pub fn check(text: &str) -> Result<(), PolicyError> {
    TrustPolicy::save(text, |_| Found::UnknownAccount).map(|_| ())
}

/// Whether a text may stand under `"AWS"`: `*`, an account, or the ARN of a user, a role or a session.
#[must_use]
pub fn is_aws_principal(text: &str) -> bool {
    AwsPrincipal::parse(text).is_some()
}

fn invalid_principal(value: &str) -> PolicyError {
    PolicyError::InvalidPrincipal {
        kind: "AWS".to_owned(),
        value: value.to_owned(),
    }
}

/// What a text under `"AWS"` names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AwsPrincipal<'a> {
    /// An account, by its number or by its root.
    Account {
        account: &'a str,
        partition: Option<&'a str>,
    },
    Anyone,
    /// A user or a role, by its ARN.
    Entity {
        role: bool,
    },
    /// A user or a role, by its unique id.
    Id,
    /// A session of a role or of a federated user.
    Session,
}

impl<'a> AwsPrincipal<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        if name == "*" {
            return Some(Self::Anyone);
        }
        if AccountId::parse(name).is_ok() {
            return Some(Self::Account {
                account: name,
                partition: None,
            });
        }
        if (name.starts_with("AIDA") || name.starts_with("AROA")) && name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Some(Self::Id);
        }
        let arn = Arn::parse(name).ok()?;
        // No wildcard stands for a part of a name.
        if !arn.region.is_empty() || AccountId::parse(&arn.account_id).is_err() || name.contains(['*', '?']) {
            return None;
        }
        let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
        match (arn.service.as_str(), kind, rest.is_empty()) {
            ("iam", "root", true) => {
                let mut sections = name.split(':');
                Some(Self::Account {
                    partition: sections.nth(1),
                    account: sections.nth(2)?,
                })
            }
            ("iam", "role", false) => Some(Self::Entity { role: true }),
            ("iam", "user", false) => Some(Self::Entity { role: false }),
            ("sts", "assumed-role" | "federated-user", false) => Some(Self::Session),
            _ => None,
        }
    }
}

/// Who wants to assume the role.
#[derive(Clone, Copy, Debug)]
pub enum Requester<'a> {
    /// A principal that signs its request.
    Caller(&'a CallerIdentity),
    /// Somebody whom an identity provider vouches for.
    Federated {
        /// The ARN of the provider, or its name where it has none.
        provider: &'a str,
    },
    /// A service of AWS.
    Service {
        /// Such as `ec2.amazonaws.com`.
        name: &'a str,
    },
}

/// How a trust policy names somebody, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// By its account, which leaves the decision to the policies of the principal.
    Account,
    /// As the role that it is a session of.
    Role,
    /// As the user, the session, the provider or the service that it is, or as anyone.
    Itself,
}

/// What a trust policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustDecision {
    /// A statement denies it.
    Denied,
    /// No statement names the requester, or none of those that do holds.
    NotTrusted,
    /// It is trusted, as so named.
    Trusted(Grant),
}

/// Why a caller may not assume a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssumeRefusal {
    /// A policy of the caller denies it, or none allows what the trust policy leaves to them.
    Policies(Denied),
    /// The trust policy does not trust it.
    Trust,
}

/// Whether a caller may assume a role of `role_account`. In its own account it is enough that the trust policy names
/// the user or the session; a role that is named must not be kept from it by boundary or session policy; where the
/// account is named, and in any other account, the caller's own policies must allow it too.
///
/// # Errors
/// [`AssumeRefusal`]; a denial by the caller's own policies comes first.
pub fn check_assume_role(
    trust: &TrustPolicy,
    role_account: &AccountId,
    caller: &CallerIdentity,
    policies: &PrincipalPolicies,
    request: &RequestContext<'_>,
) -> Result<(), AssumeRefusal> {
    let decision = trust.decide(request.action, Requester::Caller(caller), request.keys);
    let needed: &[Layer] = match decision {
        TrustDecision::Trusted(grant) if *role_account == caller.account => match grant {
            Grant::Account => &[Layer::Identity, Layer::Boundary, Layer::Session],
            Grant::Role => &[Layer::Boundary, Layer::Session],
            Grant::Itself => &[],
        },
        TrustDecision::Trusted(_) => &[Layer::Identity, Layer::Boundary, Layer::Session],
        // What the caller lacks beside the trust is not told.
        TrustDecision::Denied | TrustDecision::NotTrusted => &[],
    };
    if let Some(refusal) = authorize::refusal(caller, policies, request, needed) {
        return Err(AssumeRefusal::Policies(authorize::denied(caller, request, refusal)));
    }
    match decision {
        TrustDecision::Trusted(_) => Ok(()),
        TrustDecision::Denied | TrustDecision::NotTrusted => Err(AssumeRefusal::Trust),
    }
}
