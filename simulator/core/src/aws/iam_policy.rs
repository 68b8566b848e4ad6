//! IAM policy documents, parsed and evaluated: what a request may do, and why.
//!
//! A document is parsed once ([`PolicyDocument::parse`]) and kept. [`evaluate`] tells what a set of documents says of a
//! request, [`authorize`] what all the policies of a caller come to and how AWS words a refusal, [`trust`] who may
//! assume a role. No names are looked up here: the caller brings the policies and the condition keys.
//!
//! What cannot be evaluated fails closed: an Allow with such a condition does not apply, a Deny does.
//!
//! Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy reference".

pub mod authorize;
mod condition;
mod document;
mod error;
pub mod managed;
pub mod message;
mod pattern;
#[cfg(test)]
mod tests;
pub mod trust;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use document::Effect;
pub use document::PolicyDocument;
pub use document::PolicyKind;
pub use error::PolicyError;

use self::condition::Holds;
use self::document::Element;
use self::document::Statement;
use crate::aws::principal::CallerIdentity;
use crate::value::instant::Timestamp;

/// What a request tells of itself under the names of condition keys. Names are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionKeys(BTreeMap<String, Vec<String>>);

impl ConditionKeys {
    /// What is known of every request that a principal signs: `aws:PrincipalArn`, `aws:PrincipalAccount`,
    /// `aws:PrincipalType`, `aws:userid`, `aws:CurrentTime`, `aws:EpochTime`, and `aws:username` for a user.
    ///
    /// `principal_arn` is the caller's ARN or, for the session of a role, the role's ARN with its path.
    ///
    /// `aws:MultiFactorAuthPresent` is false for the session of a role, unless the caller of this knows better, and absent
    /// else, as it is for long-lived keys.
    #[must_use]
    pub fn of_caller(caller: &CallerIdentity, principal_arn: &str, now: Timestamp) -> Self {
        let resource = caller.arn.splitn(6, ':').nth(5).unwrap_or_default();
        let kind = match resource.split('/').next() {
            Some("assumed-role") => "AssumedRole",
            Some("federated-user") => "FederatedUser",
            Some("root") => "Account",
            _ => "User",
        };
        let mut keys = Self::at(now)
            .with("aws:PrincipalArn", principal_arn)
            .with("aws:PrincipalAccount", caller.account.as_str())
            .with("aws:PrincipalType", kind)
            .with("aws:userid", &caller.user_id);
        if kind == "User" {
            keys = keys.with("aws:username", resource.rsplit('/').next().unwrap_or_default());
        }
        if kind == "AssumedRole" {
            keys = keys.with("aws:MultiFactorAuthPresent", "false");
        }
        keys
    }

    /// `aws:CurrentTime` and `aws:EpochTime` only, for a request that nobody signs.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self::default()
            .with("aws:CurrentTime", &now.render_rfc3339())
            .with("aws:EpochTime", &now.unix_seconds().to_string())
    }

    /// The same with one value for `key`, in place of what it had.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        self.with_values(key, [value.to_owned()])
    }

    /// The same with several values for `key`, in place of what it had.
    #[must_use]
    pub fn with_values(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.0.insert(key.to_lowercase(), values.into_iter().collect());
        self
    }

    /// The values of a key, by its name in small letters; none where it is absent.
    fn values(&self, key: &str) -> &[String] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// All keys, by name.
    fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

/// A request as policies see it.
#[derive(Clone, Copy, Debug)]
pub struct RequestContext<'a> {
    /// Such as `eks:DescribeCluster`.
    pub action: &'a str,
    /// The ARN of what is acted on, or `*` where the action is on nothing in particular.
    pub resource: &'a str,
    /// The condition keys.
    pub keys: &'a ConditionKeys,
}

/// Where a statement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRef {
    /// The place of its document among those that were evaluated, from 0.
    pub policy: usize,
    /// Its place in the document, from 0.
    pub statement: usize,
    /// Its Sid, where it has one.
    pub sid: Option<String>,
}

/// What a set of policies says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This statement allows it and none denies it.
    Allow(StatementRef),
    /// This statement denies it.
    ExplicitDeny(StatementRef),
    /// No statement allows it.
    ImplicitDeny,
}

/// What the policies say: a Deny wins over any Allow, and of several statements the first is named. Principals are not
/// asked for, so this is for identity policies; [`trust`] evaluates trust policies.
#[must_use]
pub fn evaluate(policies: &[Arc<PolicyDocument>], request: &RequestContext<'_>) -> Decision {
    let action = request.action.to_lowercase();
    let mut allow = None;
    for (policy, document) in policies.iter().enumerate() {
        for (index, statement) in document.statements.iter().enumerate() {
            let here = || StatementRef {
                policy,
                statement: index,
                sid: statement.sid.clone(),
            };
            if statement.effect == Effect::Allow && allow.is_some() {
                continue;
            }
            match (statement.effect, statement.covers(&action, request)) {
                (Effect::Deny, true) => return Decision::ExplicitDeny(here()),
                (Effect::Allow, true) => allow = Some(here()),
                (Effect::Allow | Effect::Deny, false) => {}
            }
        }
    }
    allow.map_or(Decision::ImplicitDeny, Decision::Allow)
}

impl Statement {
    /// Whether the statement applies to a request, whoever makes it; `action` is in small letters.
    fn covers(&self, action: &str, request: &RequestContext<'_>) -> bool {
        let RequestContext { resource, keys, .. } = request;
        if !self.actions.includes(|pattern| pattern.matches(action, keys))
            || !self
                .resources
                .includes(|pattern| pattern.matches_resource(resource, keys))
        {
            return false;
        }
        match Holds::all(self.conditions.iter().map(|condition| condition.holds(keys))) {
            Holds::No => false,
            Holds::Unknown => self.effect == Effect::Deny,
            Holds::Yes => true,
        }
    }
}

impl Element {
    fn includes(&self, matches: impl Fn(&pattern::Pattern) -> bool) -> bool {
        match self {
            Self::AnyOf(patterns) => patterns.iter().any(matches),
            Self::NoneOf(patterns) => !patterns.iter().any(matches),
        }
    }

    fn sources(&self) -> impl Iterator<Item = &str> {
        let (Self::AnyOf(patterns) | Self::NoneOf(patterns)) = self;
        patterns.iter().map(pattern::Pattern::source)
    }
}
