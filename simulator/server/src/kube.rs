//! A cluster's listener: the Kubernetes API and the authentication webhook.
//!
//! A request is authenticated, then authorized, then served; each step may end it with a Status. Source of shapes and
//! texts: `k8s.io/apiserver` of Kubernetes 1.32 and what kubectl 1.32 sends.

mod audit;
pub(crate) mod authn;
mod body;
mod discovery;
mod list;
mod objects;
mod openapi;
mod patch;
mod protobuf;
mod resources;
mod reviews;
mod selection;
mod status;
mod subresources;
mod table;
pub(crate) mod token_cache;
mod validation;
mod watch;
mod write;

use std::sync::Arc;

use eks_auth_core::authorize::Decision;
use eks_auth_core::authorize::authorize;
use eks_auth_core::eks::Cluster;
use eks_auth_core::explain::explain_request;
use eks_auth_core::request_info::Attributes;
use eks_auth_core::request_info::attributes;
use eks_auth_core::user::UserInfo;
use serde::Serialize;
use serde_json::json;

use self::audit::Answered;
use self::audit::Known;
use self::status::Failure;
use crate::http::Request;
use crate::http::Response;
use crate::journal::EventKind;
use crate::state::State;
use crate::webhook;

/// What a request is served with.
struct Context<'a> {
    state: &'a State,
    cluster_name: &'a str,
    cluster: Arc<Cluster>,
    user: &'a UserInfo,
    request: &'a Request,
}

/// Answers a request to the listener of `cluster`.
#[must_use]
pub fn handle(state: &State, cluster: &str, request: &Request) -> Response {
    let path = request.path.as_str();
    if path == "/authenticate" {
        return webhook::authenticate(state, cluster, request);
    }
    let audit_id = request
        .header("audit-id")
        .map_or_else(|| state.request_id(), str::to_owned);
    let response = match path {
        "/healthz" | "/livez" | "/readyz" => Response::new(200, "text/plain; charset=utf-8", "ok"),
        _ => {
            let received = state.now();
            let attributes = attributes(&request.method, path, &request.query);
            let mut known = Known::default();
            let answer = answer(state, cluster, request, &attributes, &mut known);
            let failure = answer.as_ref().err().map(Failure::value);
            let response = answer.unwrap_or_else(|failure| failure.render(request));
            audit::record(
                state,
                cluster,
                &Answered {
                    request,
                    attributes: &attributes,
                    known: &known,
                    audit_id: &audit_id,
                    received,
                    code: response.status,
                    failure,
                },
            );
            response
        }
    };
    response
        .with_header("audit-id", audit_id)
        .with_header("cache-control", "no-cache, private")
}

/// Authenticates, authorizes and serves; `known` tells how far it came.
fn answer(
    state: &State,
    cluster_name: &str,
    request: &Request,
    attributes: &Attributes,
    known: &mut Known,
) -> Result<Response, Failure> {
    let user = known.user.insert(authn::authenticate(state, cluster_name, request)?);
    if let Some((name, _)) = request
        .headers
        .iter()
        .find(|(name, _)| name.starts_with("impersonate-"))
    {
        return Err(Failure::not_implemented(format!(
            "eks-auth-sim does not serve impersonation (header {name}) yet"
        )));
    }
    let world = state.snapshot();
    let cluster = world.cluster(cluster_name).ok_or_else(Failure::path_not_found)?;
    let authorization = authorize(user, attributes, cluster);
    let allowed = authorization.decision == Decision::Allow;
    known.decision = Some((allowed, authorization.reason.clone()));
    let denied = (!allowed).then(|| Failure::forbidden(user, attributes, &authorization.reason));
    state.journal().record(
        state.now(),
        EventKind::Authorization {
            cluster: cluster_name.to_owned(),
            username: user.username.clone(),
            request: describe(attributes),
            allowed,
            reason: authorization.reason,
            explanation: (!allowed).then(|| Arc::new(explain_request(user, attributes, cluster))),
            trace: authorization.trace,
        },
    );
    if let Some(failure) = denied {
        return Err(failure);
    }
    let context = Context {
        state,
        cluster_name,
        cluster: Arc::clone(cluster),
        user,
        request,
    };
    if attributes.is_resource {
        return objects::answer(&context, attributes);
    }
    match request.path.trim_end_matches('/') {
        "/version" => Ok(version(&context)),
        path if path.starts_with("/openapi/v3") => openapi::answer(&context, path),
        path => discovery::answer(&context, path),
    }
}

/// Such as `list pods in kube-system`.
fn describe(attributes: &Attributes) -> String {
    if !attributes.is_resource {
        return format!("{} {}", attributes.verb, attributes.path);
    }
    let mut text = format!("{} {}", attributes.verb, attributes.resource);
    for (before, part) in [
        ("/", &attributes.subresource),
        (" ", &attributes.name),
        (" in ", &attributes.namespace),
    ] {
        if !part.is_empty() {
            text.push_str(before);
            text.push_str(part);
        }
    }
    text
}

fn version(context: &Context<'_>) -> Response {
    let version = &context.cluster.version;
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    let value = json!({
        "major": major,
        "minor": format!("{minor}+"),
        "gitVersion": format!("v{version}.5-eks-5d4a308"),
        "gitCommit": "7d59aa5a2cae4ca3be7cbb8a5a3e5d5a2a5f5f5a",
        "gitTreeState": "clean",
        "buildDate": "2025-05-21T09:22:09Z",
        "goVersion": "go1.23.8",
        "compiler": "gc",
        "platform": "linux/amd64",
    });
    json_response(context.request, 200, &value, true)
}

/// A JSON answer: indented where `pretty`, or where the client is one that people read.
fn json_response(request: &Request, status: u16, value: &impl Serialize, pretty: bool) -> Response {
    let agent = request.header("user-agent").unwrap_or_default();
    let pretty = match request.query_value("pretty").as_deref() {
        Some(wanted) => matches!(wanted, "true" | "1"),
        None => {
            pretty
                || ["curl", "Wget", "Mozilla/5.0"]
                    .iter()
                    .any(|prefix| agent.starts_with(prefix))
        }
    };
    // What is rendered here has text keys only, so that it always serialises.
    let body = if pretty {
        serde_json::to_string_pretty(value).unwrap_or_default()
    } else {
        serde_json::to_string(value).unwrap_or_default() + "\n"
    };
    Response::new(status, "application/json", body)
}
