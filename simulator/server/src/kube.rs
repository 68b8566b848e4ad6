//! A cluster's listener: the Kubernetes API and the authentication webhook.
//!
//! A request is authenticated, then authorized, then served; each step may end it with a Status. Source of shapes and
//! texts: `k8s.io/apiserver` of Kubernetes 1.32 and what kubectl 1.32 sends.

mod audit;
pub(crate) mod authn;
mod body;
mod discovery;
mod guard;
mod health;
mod list;
pub(crate) mod metrics;
mod objects;
mod openapi;
mod options;
mod patch;
mod protobuf;
mod resources;
mod reviews;
mod selection;
mod service_account_token;
mod status;
mod subresources;
mod table;
pub(crate) mod token_issuer;
mod token_review;
mod tokens;
mod validation;
mod watch;
mod write;

use std::sync::Arc;

use eks_auth_core::cluster::authorize::Authorization;
use eks_auth_core::cluster::authorize::Decision;
use eks_auth_core::cluster::authorize::authorize;
use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::cluster::impersonation::Refusal;
use eks_auth_core::cluster::impersonation::impersonate;
use eks_auth_core::explain::explain_impersonation;
use eks_auth_core::explain::explain_request;
use eks_auth_core::kube::request_info::Attributes;
use eks_auth_core::kube::request_info::attributes;
use eks_auth_core::kube::websocket;
use eks_auth_core::kube::websocket::HandshakeError;
use eks_auth_core::value::user::UserInfo;
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use self::audit::Answered;
use self::audit::Known;
use self::status::Failure;
use crate::authenticator::webhook;
use crate::kube::token_issuer::CONFIGURATION_PATH;
use crate::net::http::Delivery;
use crate::net::http::Request;
use crate::net::http::Response;
use crate::state::State;
use crate::state::clock::Stopwatch;
use crate::state::journal::EventKind;

/// What a request is served with.
struct Context<'a> {
    state: &'a State,
    cluster_name: &'a str,
    cluster: Arc<Cluster>,
    user: &'a UserInfo,
    request: &'a Request,
    attributes: &'a Attributes,
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
    let received = state.now();
    let stopwatch = Stopwatch::start();
    let attributes = attributes(&request.method, path, &request.query);
    let mut known = Known::default();
    let answer = answer(state, cluster, request, &attributes, &mut known);
    let failure = answer.as_ref().err().map(Failure::value);
    let response = answer.unwrap_or_else(|failure| failure.render(request));
    measure(state, cluster, request, &attributes, &known, &response, stopwatch);
    audit::record(
        state,
        cluster,
        &Answered {
            request,
            attributes: &attributes,
            known: &known,
            audit_id: &audit_id,
            received,
            response: &response,
            failure,
        },
    );
    if let Delivery::WebSocket(lines) = response.delivery {
        return shake_hands(request, known.protocols.as_deref(), lines);
    }
    let response = response.with_header("audit-id", audit_id);
    if response.headers.iter().any(|(name, _)| *name == "cache-control") {
        return response;
    }
    response.with_header("cache-control", "no-cache, private")
}

/// Tells the metrics of a request that has its answer.
fn measure(
    state: &State,
    cluster: &str,
    request: &Request,
    attributes: &Attributes,
    known: &Known,
    response: &Response,
    stopwatch: Stopwatch,
) {
    let world = state.snapshot();
    let Some(cluster) = world.cluster(cluster) else { return };
    let Some(metrics) = state.api_metrics(cluster) else {
        return;
    };
    metrics.authenticated(known.user.as_ref().map(|user| user.username.as_str()));
    let Some((allowed, _)) = known.decision else { return };
    metrics.authorized(allowed);
    if allowed {
        metrics.answered(cluster, request, attributes, response, stopwatch.seconds());
    }
}

/// Authenticates, authorizes and serves; `known` tells how far it came.
fn answer(
    state: &State,
    cluster_name: &str,
    request: &Request,
    attributes: &Attributes,
    known: &mut Known,
) -> Result<Response, Failure> {
    let caller = authn::authenticate(state, cluster_name, request)?;
    known.protocols = caller.protocols;
    let caller = &*known.user.insert(caller.user);
    let world = state.snapshot();
    let cluster = world.cluster(cluster_name).ok_or_else(Failure::path_not_found)?;
    let impersonated = impersonate(caller, &request.headers, cluster).map_err(|refusal| match refusal {
        Refusal::NoUser(why) => Failure::filter_failed(request, &why),
        Refusal::Forbidden(wanted, authorization) => {
            let forbidden = Failure::forbidden(caller, &wanted, &authorization.reason);
            record(state, cluster, (caller, None), &wanted, authorization);
            forbidden
        }
    })?;
    let (user, behind) = match impersonated {
        Some(user) => (&*known.impersonated.insert(user), Some(caller)),
        None => (caller, None),
    };
    let authorization = authorize(user, attributes, cluster);
    let allowed = authorization.decision == Decision::Allow;
    known.decision = Some((allowed, authorization.reason.clone()));
    let denied = (!allowed).then(|| Failure::forbidden(user, attributes, &authorization.reason));
    record(state, cluster, (user, behind), attributes, authorization);
    if let Some(failure) = denied {
        return Err(failure);
    }
    let context = Context {
        state,
        cluster_name,
        cluster: Arc::clone(cluster),
        user,
        request,
        attributes,
    };
    if attributes.is_resource {
        return objects::answer(&context, attributes);
    }
    if let Some(answer) = health::answer(request) {
        return answer;
    }
    match request.path.trim_end_matches('/') {
        "/metrics" => metrics::answer(&context).ok_or_else(Failure::path_not_found),
        "/version" => Ok(version(&context)),
        CONFIGURATION_PATH if request.method == "GET" => Ok(token_issuer::internal_configuration(&context.cluster)),
        "/openid/v1/jwks" if request.method == "GET" => token_issuer::key(state, cluster_name)
            .map(|key| token_issuer::internal_keys(&key))
            .ok_or_else(Failure::path_not_found),
        path if path == "/openapi/v2" || path.starts_with("/openapi/v3") => openapi::answer(&context, path),
        path => discovery::answer(&context, path),
    }
}

/// The answer with which a watch goes on as a WebSocket, or why it does not. It has no headers but those of the handshake:
/// kube-apiserver has given the connection away by then, and has audited the request as answered with 101.
fn shake_hands(request: &Request, protocols: Option<&[String]>, lines: Receiver<Vec<u8>>) -> Response {
    let (status, headers, body, delivery) = match websocket::shake_hands(&request.method, &request.headers, protocols) {
        Ok(accepted) => {
            let mut headers = vec![
                ("upgrade", "websocket".to_owned()),
                ("connection", "Upgrade".to_owned()),
                ("sec-websocket-accept", accepted.accept),
            ];
            headers.extend(accepted.protocol.map(|protocol| ("sec-websocket-protocol", protocol)));
            (101, headers, String::new(), Delivery::WebSocket(lines))
        }
        Err(error) => {
            let mut headers = vec![("connection", "close".to_owned())];
            if error == HandshakeError::Version {
                headers.push(("sec-websocket-version", "13".to_owned()));
            }
            (error.status(), headers, error.to_string(), Delivery::Prompt)
        }
    };
    Response {
        status,
        headers,
        body: body.into_bytes(),
        delivery,
    }
}

/// Tells the journal of a decision about a user, behind whom there may be another who acts as this one.
fn record(
    state: &State,
    cluster: &Cluster,
    (user, caller): (&UserInfo, Option<&UserInfo>),
    attributes: &Attributes,
    authorization: Authorization,
) {
    let allowed = authorization.decision == Decision::Allow;
    let explain = || match caller {
        Some(caller) => explain_impersonation(caller, user, attributes, cluster),
        None => explain_request(user, attributes, cluster),
    };
    state.journal().record(
        state.now(),
        EventKind::Authorization {
            cluster: cluster.name.clone(),
            username: user.username.clone(),
            request: describe(attributes),
            allowed,
            reason: authorization.reason,
            explanation: (!allowed).then(|| Arc::new(explain())),
            trace: authorization.trace,
        },
    );
}

/// The group and the plural of the resource that kubectl would take a word for: a plural, a singular or a short name, with
/// its group or without.
pub(crate) fn resource_of(cluster: &Cluster, word: &str) -> Option<(String, String)> {
    let word = word.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let rows = resources::Resources::of(cluster).all();
    let found = rows.iter().find(|row| {
        *row.plural == *word || *row.singular == *word || row.short_names.iter().any(|name| **name == *word)
    });
    found.map(|row| (row.group.to_string(), row.plural.to_string()))
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
    let [major, minor, git_version, commit, state, date, go, compiler, platform] =
        build(&context.cluster.version).map(|(_, value)| value);
    let value = json!({
        "major": major,
        "minor": minor,
        "gitVersion": git_version,
        "gitCommit": commit,
        "gitTreeState": state,
        "buildDate": date,
        "goVersion": go,
        "compiler": compiler,
        "platform": platform,
    });
    json_response(context.request, 200, &value, true)
}

/// What is known of the build of a release, under the names that metrics have.
fn build(version: &str) -> [(&'static str, String); 9] {
    let (major, minor) = version.split_once('.').unwrap_or((version, ""));
    [
        ("major", major.to_owned()),
        ("minor", format!("{minor}+")),
        ("git_version", format!("v{version}.5-eks-5d4a308")),
        ("git_commit", "7d59aa5a2cae4ca3be7cbb8a5a3e5d5a2a5f5f5a".to_owned()),
        ("git_tree_state", "clean".to_owned()),
        ("build_date", "2025-05-21T09:22:09Z".to_owned()),
        ("go_version", "go1.23.8".to_owned()),
        ("compiler", "gc".to_owned()),
        ("platform", "linux/amd64".to_owned()),
    ]
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
