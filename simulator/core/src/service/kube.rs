//! A cluster's listener: the Kubernetes API and the authentication webhook.
//!
//! A request is authenticated, then authorized, then served; each step may end it with a Status. Source of shapes and
//! texts: `k8s.io/apiserver` of Kubernetes 1.32 and what kubectl 1.32 sends.

mod audit;
pub(crate) mod authn;
mod bearer;
mod body;
mod discovery;
mod guard;
mod health;
mod journal;
mod list;
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
mod user;
mod validation;
mod watch;
mod write;

use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use self::audit::Answered;
use self::audit::Known;
pub use self::body::media_type;
pub use self::health::is_health_path;
use self::journal::Asking;
pub use self::resources::Resources;
use self::status::Failure;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::cluster::impersonation::Refusal;
use crate::cluster::impersonation::impersonate;
use crate::kube::request_info::Attributes;
use crate::kube::request_info::attributes;
use crate::kube::websocket;
use crate::kube::websocket::HandshakeError;
use crate::service::call::Call;
use crate::service::call::Counted;
use crate::service::call::Effect;
use crate::service::http::Delivery;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::kube::token_issuer::CONFIGURATION_PATH;
use crate::service::refusal;
use crate::service::stream::Stream;
use crate::service::webhook;
use crate::value::user::UserInfo;

/// What a request is served with.
struct Context<'a> {
    base: &'a Call,
    cluster_name: &'a str,
    cluster: Arc<Cluster>,
    user: &'a UserInfo,
    request: &'a Request,
    attributes: &'a Attributes,
}

/// Answers a request to the listener of `cluster`.
#[must_use]
pub fn handle(call: &Call, cluster: &str, request: &Request) -> Response {
    let path = request.path.as_str();
    if path == "/authenticate" {
        return webhook::authenticate(call, cluster, request);
    }
    let audit_id = audit_id(call, request);
    let received = call.now();
    let attributes = attributes(&request.method, path, &request.query);
    let mut known = Known::default();
    let answer = answer(call, cluster, request, &attributes, &mut known);
    if let Err(failure) = &answer {
        tell_failure(call, cluster, request, &attributes, &known, failure);
    }
    let failure = answer.as_ref().err().map(Failure::value);
    let response = answer.unwrap_or_else(|failure| failure.render(request));
    count(call, cluster, &attributes, &known);
    audit::record(
        call,
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
    if let Delivery::WebSocket(stream) = response.delivery {
        return shake_hands(request, known.protocols.as_deref(), stream);
    }
    let response = response.with_header("audit-id", audit_id);
    if response.headers.iter().any(|(name, _)| *name == "cache-control") {
        return response;
    }
    response.with_header("cache-control", "no-cache, private")
}

/// Tells the journal of a request that failed, unless it has its denial already.
fn tell_failure(
    call: &Call,
    cluster: &str,
    request: &Request,
    attributes: &Attributes,
    known: &Known,
    failure: &Failure,
) {
    let user = known.impersonated.as_ref().or(known.user.as_ref());
    let is_telling = match (user, &known.decision) {
        (Some(_), Some((allowed, _))) => *allowed,
        (Some(_), None) => false,
        (None, _) => journal::is_without_credentials(call, request),
    };
    if is_telling {
        journal::failed(call, cluster, request, attributes, user, failure);
    }
}

/// The client's, of any length, or one that is made up (`WithAuditInit` in `apiserver/pkg/endpoints/filters/audit_init.go`).
fn audit_id(call: &Call, request: &Request) -> String {
    let given = request.header("audit-id").filter(|id| !id.is_empty());
    given.map_or_else(|| call.request_id(), str::to_owned)
}

/// What a client gets whose request no handler looks at.
pub(super) fn refuse(request: &Request, why: refusal::Refusal) -> Response {
    let failure = match why {
        refusal::Refusal::TooLarge(limit) => Failure::too_large(&limit.to_string()),
        refusal::Refusal::TooComplex(limit) => Failure::too_large(&format!("{limit} maps and lists")),
        refusal::Refusal::Overloaded => {
            // `tooManyRequests` in `apiserver/pkg/server/filters/priority-and-fairness.go`.
            let body = "Too many requests, please try again later.\n";
            return Response::new(429, "text/plain; charset=utf-8", body)
                .with_header("retry-after", "1")
                .with_header("x-content-type-options", "nosniff");
        }
        refusal::Refusal::TimedOut => Failure::timed_out(),
    };
    failure.render(request)
}

/// Answers a request whose change cannot be kept. There is no audit event of it: nothing is known of its caller here.
#[must_use]
pub fn not_kept(call: &Call, request: &Request) -> Response {
    if request.path == "/authenticate" {
        return webhook::not_kept();
    }
    Failure::no_space()
        .render(request)
        .with_header("audit-id", audit_id(call, request))
        .with_header("cache-control", "no-cache, private")
}

/// Has the metrics count a request that has its answer.
fn count(call: &Call, cluster: &str, attributes: &Attributes, known: &Known) {
    let world = call.world();
    let Some(cluster) = world.cluster(cluster) else { return };
    call.effect(Effect::Counted(Box::new(Counted {
        cluster: Arc::clone(cluster),
        attributes: attributes.clone(),
        username: known.user.as_ref().map(|user| user.username.clone()),
        allowed: known.decision.as_ref().map(|(allowed, _)| *allowed),
    })));
}

/// The answer at `/metrics`: the metrics, or by DELETE that they are forgotten.
fn metrics(context: &Context<'_>) -> Response {
    let cluster = Arc::clone(&context.cluster);
    if context.request.method == "DELETE" {
        context.base.effect(Effect::ResetApiMetrics(cluster));
        return Response::new(200, "text/plain; charset=utf-8", "metrics reset\n");
    }
    context.base.effect(Effect::ShowApiMetrics(cluster));
    Response::new(200, "text/plain; version=0.0.4; charset=utf-8", "")
}

/// Authenticates, authorizes and serves; `known` tells how far it came.
fn answer(
    call: &Call,
    cluster_name: &str,
    request: &Request,
    attributes: &Attributes,
    known: &mut Known,
) -> Result<Response, Failure> {
    let caller = authn::authenticate(call, cluster_name, request)?;
    known.protocols = caller.protocols;
    let cached_seconds = caller.cached_seconds;
    let caller = &*known.user.insert(caller.user);
    let world = call.world();
    let cluster = world.cluster(cluster_name).ok_or_else(Failure::path_not_found)?;
    let impersonated = impersonate(caller, &request.headers, cluster).map_err(|refusal| match refusal {
        Refusal::NoUser(why) => Failure::filter_failed(request, &why),
        Refusal::Forbidden(wanted, authorization) => {
            let forbidden = Failure::forbidden(caller, &wanted, &authorization.reason);
            let asking = Asking {
                request,
                user: caller,
                behind: None,
                cached_seconds,
            };
            journal::authorized(call, cluster, &asking, &wanted, authorization);
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
    let asking = Asking {
        request,
        user,
        behind,
        cached_seconds,
    };
    journal::authorized(call, cluster, &asking, attributes, authorization);
    if let Some(failure) = denied {
        return Err(failure);
    }
    let context = Context {
        base: call,
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
        "/metrics" => Ok(metrics(&context)),
        "/version" => Ok(version(&context)),
        CONFIGURATION_PATH if request.method == "GET" => Ok(token_issuer::internal_configuration(&context.cluster)),
        "/openid/v1/jwks" if request.method == "GET" => call
            .signing_key(cluster_name)
            .map(|key| token_issuer::internal_keys(&key))
            .ok_or_else(Failure::path_not_found),
        path if path == "/openapi/v2" || path.starts_with("/openapi/v3") => openapi::answer(&context, path),
        path => discovery::answer(&context, path),
    }
}

/// The answer with which a watch goes on as a WebSocket, or why it does not. It has no headers but those of the handshake:
/// kube-apiserver has given the connection away by then, and has audited the request as answered with 101.
fn shake_hands(request: &Request, protocols: Option<&[String]>, stream: Box<dyn Stream>) -> Response {
    let (status, headers, body, delivery) = match websocket::shake_hands(&request.method, &request.headers, protocols) {
        Ok(accepted) => {
            let mut headers = vec![
                ("upgrade", "websocket".to_owned()),
                ("connection", "Upgrade".to_owned()),
                ("sec-websocket-accept", accepted.accept),
            ];
            headers.extend(accepted.protocol.map(|protocol| ("sec-websocket-protocol", protocol)));
            (101, headers, String::new(), Delivery::WebSocket(stream))
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

/// The group and the plural of the resource that kubectl would take a word for: a plural, a singular or a short name, with
/// its group or without.
#[must_use]
pub fn resource_of(cluster: &Cluster, word: &str) -> Option<(String, String)> {
    let word = word.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let rows = resources::Resources::of(cluster).all();
    let found = rows.iter().find(|row| {
        *row.plural == *word || *row.singular == *word || row.short_names.iter().any(|name| **name == *word)
    });
    found.map(|row| (row.group.to_string(), row.plural.to_string()))
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
#[must_use]
pub fn build(version: &str) -> [(&'static str, String); 9] {
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
