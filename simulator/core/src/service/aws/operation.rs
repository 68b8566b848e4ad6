//! The operations that are served: one table a service, from which requests are routed, and which `eks-auth-sim operations`
//! prints.

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Service;
use super::error::AwsError;
use super::protocol::Parameters;
use crate::aws::iam_policy::ConditionKeys;
use crate::aws::iam_policy::authorize::PrincipalPolicies;
use crate::aws::sigv4::VerifiedCaller;
use crate::service::call::Call;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;

/// An operation of a service's model.
pub(super) struct Operation {
    /// Its name in the model, which is also that of the action in policies.
    pub(super) name: &'static str,
    /// Method and path of a REST service, such as `GET /clusters/{name}`; empty for the other protocols.
    pub(super) route: &'static str,
    /// Who may call it.
    pub(super) access: Access,
    /// What it does.
    pub(super) answer: Work,
}

/// Who may call an operation.
#[derive(Clone, Copy)]
pub(super) enum Access {
    /// Anyone; the request is not signed.
    Anonymous,
    /// Every caller whose signature holds; what else is wanted, the operation itself looks at.
    Caller,
    /// A caller whose policies allow the action on the resource with this ARN (`*` where the action has none).
    Permission(fn(&Context<'_>) -> String),
}

/// How an operation answers.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// With the members of the output shape, which the service's protocol renders.
    Members(fn(&Context<'_>) -> Result<Value, AwsError>),
    /// With an answer of its own form, such as an event stream.
    Whole(fn(&Context<'_>) -> Result<Response, AwsError>),
}

/// A call to an operation.
pub(super) struct Context<'a> {
    /// The call, with the World in which it is answered.
    pub(super) base: &'a Call,
    /// The service that is called.
    pub(super) service: Service,
    /// The request as it came.
    pub(super) request: &'a Request,
    /// The parameters of the query and, for the query protocol, of the form.
    pub(super) parameters: &'a Parameters,
    /// Who calls; nobody where [`Access::Anonymous`] lets an unsigned call through.
    pub(super) caller: Option<&'a VerifiedCaller>,
    /// The labels in the path of a REST service, decoded, in order.
    pub(super) labels: Vec<String>,
    /// The region of the host or, without one, of the credential scope.
    pub(super) region: String,
    /// Whether the host is one of AWS without a region.
    pub(super) is_global: bool,
    /// When.
    pub(super) now: Timestamp,
}

impl Context<'_> {
    /// Who calls.
    ///
    /// # Errors
    /// When nobody does, as the service answers it.
    pub(super) fn caller(&self) -> Result<&VerifiedCaller, AwsError> {
        self.caller.ok_or_else(|| {
            super::error::of_signature(self.service, &crate::aws::sigv4::SigV4Error::MissingAuthenticationToken)
        })
    }

    /// The caller's account.
    ///
    /// # Errors
    /// As of [`Context::caller`].
    pub(super) fn account(&self) -> Result<&AccountId, AwsError> {
        Ok(&self.caller()?.identity().account)
    }

    /// What decides whether the caller may do something: the policies that it acts under, and the condition keys of the
    /// call.
    ///
    /// # Errors
    /// As of [`Context::caller`].
    pub(super) fn permissions(&self) -> Result<(PrincipalPolicies, ConditionKeys), AwsError> {
        let (policies, keys) = self.own_permissions()?;
        Ok((policies, self.request_keys(keys)))
    }

    /// The policies that the caller acts under, and the condition keys that it has whatever it calls.
    ///
    /// # Errors
    /// As of [`Context::caller`].
    pub(super) fn own_permissions(&self) -> Result<(PrincipalPolicies, ConditionKeys), AwsError> {
        let world = self.base.world();
        let caller = self.caller()?;
        let key = world.directory.access_key(&caller.scope().access_key_id);
        let mut keys = world.directory.condition_keys(caller.identity(), self.now);
        // Long-lived keys have no such key in their context.
        if let Some(session) = key.and_then(|key| key.session.as_ref()) {
            keys = keys.with("aws:MultiFactorAuthPresent", &session.facts.has_mfa.to_string());
        }
        Ok((
            key.map(|key| world.directory.policies_of(key)).unwrap_or_default(),
            keys,
        ))
    }

    /// The condition keys of whoever calls, with what the request tells of itself.
    pub(super) fn request_keys(&self, keys: ConditionKeys) -> ConditionKeys {
        let mut keys = keys.with("aws:SourceIp", &self.request.peer.ip().to_string());
        // Of a call that is not signed, the simulator's own address does not tell the region.
        if !self.region.is_empty() {
            keys = keys.with("aws:RequestedRegion", &self.region);
        }
        match self.request.header("user-agent") {
            Some(agent) => keys.with("aws:UserAgent", agent),
            None => keys,
        }
    }

    /// A label of the path, empty where the route has fewer.
    pub(super) fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", String::as_str)
    }

    /// The JSON body; an absent one has no members.
    ///
    /// # Errors
    /// SerializationException.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        let body = &self.request.body;
        let bytes: &[u8] = if body.is_empty() { b"{}" } else { body };
        serde_json::from_slice(bytes).map_err(|error| AwsError::new("SerializationException", 400, error.to_string()))
    }
}

/// The operation that a name or a request stands for, with the labels of its path.
pub(super) fn route<'a>(
    operations: &'a [Operation],
    name: &str,
    request: &Request,
) -> Option<(&'a Operation, Vec<String>)> {
    operations.iter().find_map(|operation| {
        if operation.route.is_empty() {
            return (operation.name == name).then(|| (operation, Vec::new()));
        }
        let (method, path) = operation.route.split_once(' ')?;
        let labels = (method == request.method).then(|| labels(path, &request.path))??;
        Some((operation, labels))
    })
}

/// The decoded labels of a path that has the pattern's form.
fn labels(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (pattern, path) = (pattern.trim_matches('/').split('/'), path.trim_matches('/').split('/'));
    if pattern.clone().count() != path.clone().count() {
        return None;
    }
    let mut labels = Vec::new();
    for (wanted, got) in pattern.zip(path) {
        if wanted.starts_with('{') {
            labels.push(percent_decode_str(got).decode_utf8_lossy().into_owned());
        } else if wanted != got {
            return None;
        }
    }
    Some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_stands_in_braces() {
        for (pattern, path, wanted) in [
            ("/clusters", "/clusters", Some(vec![])),
            ("/clusters", "/clusters/", Some(vec![])),
            ("/clusters", "/clusters/a", None),
            ("/clusters/{name}", "/clusters/a%2Fb", Some(vec!["a/b"])),
            (
                "/clusters/{name}/updates/{id}",
                "/clusters/a/updates/b",
                Some(vec!["a", "b"]),
            ),
            ("/clusters/{name}/updates/{id}", "/clusters/a/upgrades/b", None),
        ] {
            let wanted: Option<Vec<String>> =
                wanted.map(|labels: Vec<&str>| labels.into_iter().map(str::to_owned).collect());
            assert_eq!(labels(pattern, path), wanted, "{pattern} {path}");
        }
    }
}
