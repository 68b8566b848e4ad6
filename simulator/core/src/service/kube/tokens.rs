//! `serviceaccounts/NAME/token`: TokenRequest, by which service accounts get their tokens.

#[cfg(test)]
mod tests;

use serde_json::Value;
use serde_json::json;

use super::Context;
use super::body;
use super::json_response;
use super::status::Failure;
use super::write::target::Target;
use crate::cluster::service_account::TokenRequest;
use crate::cluster::service_account::TokenRequestError;
use crate::kube::kinds;
use crate::kube::resource::Subresource;
use crate::service::http::Response;
use crate::value::log::go_quote;

/// Answers a request for a token.
pub(super) fn answer(context: &Context<'_>, target: &Target<'_>, part: &Subresource) -> Result<Response, Failure> {
    let (now, account) = (context.base.now(), &target.key);
    let api_version = format!("{}/{}", part.group, part.version);
    let object = Value::from(body::of_kind(context.request, &api_version, &part.kind)?);
    let jti = context.base.request_id();
    let issued = TokenRequest::from_object(&object)
        .and_then(|request| request.issue(&context.cluster, (&account.namespace, &account.name), &jti, now))
        .map_err(|error| failure(error, part))?;
    let key = context
        .base
        .signing_key(context.cluster_name)
        .ok_or_else(|| Failure::internal("failed to generate token: no key"))?;
    let token = key
        .sign(&issued.claims)
        .map_err(|error| Failure::internal(&format!("failed to generate token: {error}")))?;
    let answer = json!({
        "kind": part.kind,
        "apiVersion": api_version,
        "metadata": {
            "name": account.name,
            "namespace": account.namespace,
            "creationTimestamp": now.render_rfc3339(),
        },
        "spec": issued.spec,
        "status": {"token": token, "expirationTimestamp": issued.expires.render_rfc3339()},
    });
    let response = json_response(context.request, 201, &answer, false);
    Ok(match issued.warning {
        Some(warning) => response.with_header("warning", format!("299 - {}", go_quote(&warning))),
        None => response,
    })
}

fn failure(error: TokenRequestError, part: &Subresource) -> Failure {
    let message = error.to_string();
    match error {
        // Go names the kind where others name the resource.
        TokenRequestError::BoundUid { kind, name, .. } => Failure::conflict_of(&kind, &name, &message),
        TokenRequestError::Invalid {
            name,
            field,
            shown,
            why,
        } => {
            let cause = format!("Invalid value: {shown}: {why}");
            Failure::invalid_kind(
                (&part.group, &part.kind),
                &name,
                &[("FieldValueInvalid", cause, field.to_owned())],
            )
        }
        TokenRequestError::NotFound { resource, name } => match kinds::find("", "v1", resource) {
            Some(resource) => Failure::not_found(resource, &name),
            None => Failure::path_not_found(),
        },
        TokenRequestError::OtherServiceAccount { .. } | TokenRequestError::Unbindable(_) => {
            Failure::bad_request(message)
        }
        TokenRequestError::WrongType(why) => Failure::bad_request(format!(
            "{kind} in version {} cannot be handled as a {kind}: {why}",
            go_quote(&part.version),
            kind = part.kind
        )),
    }
}
