//! The control interface: JSON over HTTP on loopback, for `ctl`, `explain` and test harnesses.
//!
//! Browsers are kept out: a request must name the listener's own address in Host and carry no Origin.

pub(crate) mod api;
mod restage;
#[cfg(test)]
mod tests;

use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::cluster::eks::parameter::LogType;
use eks_auth_core::explain;
use eks_auth_core::explain::ClientContext;
use eks_auth_core::explain::ClientProfile;
use eks_auth_core::explain::Explanation;
use eks_auth_core::service::aws::sign_in;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::log::LogLine;
use eks_auth_core::value::trace::Trace;
use eks_auth_core::value::trace::Verdict;
use eks_auth_core::value::user::SYSTEM_MASTERS;
use eks_auth_core::world::World;
use eks_auth_core::world::authenticate::Authentication;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::world::fault::FaultSpec;
use eks_auth_core::world::world_clock::WorldClock;
use serde_json::Value;
use serde_json::json;

use self::api::Restaged;
use self::restage::RestageError;
use crate::authenticator::client_certificate;
use crate::net::http::Request;
use crate::net::http::Response;
use crate::shell;
use crate::state::State;
use crate::state::journal::Event;
use crate::state::journal::EventKind;

/// Stands in errors of STS where nobody asked it.
const NO_REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Answers a request to the control interface, which is reached under `own_hosts`.
#[must_use]
pub fn handle(state: &State, own_hosts: &[String], request: &Request) -> Response {
    let host = request.header("host").unwrap_or_default();
    if !own_hosts.iter().any(|own| own == host) || request.header("origin").is_some() {
        return render(403, &json!({"error": "the control interface answers local tools only"}));
    }
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/v1/events") => {
            let since = request.query_value("since").and_then(|since| since.parse().ok());
            let events = state.journal().since(since.unwrap_or(0));
            Ok(json!({"events": events.iter().map(event_json).collect::<Vec<_>>()}))
        }
        ("GET", "/v1/audit-events") => Ok(audit_events(state)),
        ("POST", "/v1/client-certificate") => {
            body(request).and_then(|body| issue_certificate(state, &body).map_err(|why| ControlError::new(400, why)))
        }
        ("GET", "/v1/clock") => Ok(clock_json(state)),
        ("POST", "/v1/clock") => body(request).and_then(|body| move_clock(state, &body)),
        ("POST", "/v1/explain") => body(request).and_then(|body| explain_request(state, &body)),
        ("POST", "/v1/verify") => body(request).map(|body| {
            let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
            // That a token is not good is an answer like another.
            let verified = verify_in(&state.snapshot(), state.now(), text("token"), text("cluster"));
            verified.unwrap_or_else(|message| json!({"refused": message}))
        }),
        ("POST", "/v1/reset") => restaged(restage::reset(state)),
        ("GET", "/v1/snapshot") => match restage::snapshot(state) {
            Ok(document) => return Response::new(200, "application/json", document),
            Err(error) => Err(error.into()),
        },
        ("POST", "/v1/restore") => restaged(restage::restore(state, &request.body)),
        ("GET", "/v1/sso") => Ok(sign_ins_json(state)),
        ("POST", "/v1/sso/approve") => body(request).and_then(|body| {
            let text = |name: &str| body.get(name).and_then(Value::as_str);
            let approved = shell::call(state, |call| {
                sign_in::approve(call, text("user_code").unwrap_or_default(), text("user"))
            });
            approved
                .map(|user| json!({"user": user}))
                .map_err(|message| ControlError::new(404, message))
        }),
        ("GET", "/v1/faults") => Ok(faults_json(state)),
        ("POST", "/v1/faults") => body(request).and_then(|body| {
            let spec: FaultSpec =
                serde_json::from_value(body).map_err(|error| ControlError::new(400, error.to_string()))?;
            let added = state.change(|world| world.faults.add(spec));
            let id = added.map_err(|message| ControlError::new(400, message))?;
            Ok(json!({"id": id}))
        }),
        ("DELETE", "/v1/faults") => {
            let id = request.query_value("id").map(|id| id.parse()).transpose();
            let id = id.map_err(|_| ControlError::new(400, "id is the number of a fault"));
            id.map(|id| json!({"cleared": state.change(|world| world.faults.clear(id))}))
        }
        (
            _,
            "/v1/audit-events"
            | "/v1/client-certificate"
            | "/v1/clock"
            | "/v1/events"
            | "/v1/explain"
            | "/v1/faults"
            | "/v1/reset"
            | "/v1/restore"
            | "/v1/snapshot"
            | "/v1/sso"
            | "/v1/sso/approve"
            | "/v1/verify",
        ) => Err(ControlError::new(405, "method not allowed")),
        _ => Err(ControlError::new(404, "no such path")),
    };
    match answer {
        Ok(value) => render(200, &value),
        Err(error) => render(error.status, &json!({"error": error.message})),
    }
}

struct ControlError {
    status: u16,
    message: String,
}

impl ControlError {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

impl From<RestageError> for ControlError {
    fn from(error: RestageError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

fn issue_certificate(state: &State, wish: &Value) -> Result<Value, String> {
    let listeners = state.listeners().ok_or("nothing is served here")?;
    client_certificate::issue(listeners.authority(), &state.snapshot(), state.now(), wish)
}

fn restaged(restaged: Result<Restaged, RestageError>) -> Result<Value, ControlError> {
    Ok(json!(restaged?))
}

fn body(request: &Request) -> Result<Value, ControlError> {
    serde_json::from_slice(&request.body)
        .map_err(|error| ControlError::new(400, format!("the body is not JSON: {error}")))
}

fn render(status: u16, value: &Value) -> Response {
    Response::new(status, "application/json", format!("{value}\n"))
}

/// The audit events of all clusters, as their logs have them.
fn audit_events(state: &State) -> Value {
    let (world, logs) = (state.snapshot(), state.logs().snapshot());
    let mut lines = Vec::new();
    for cluster in world.clusters.values() {
        let stream = cluster.log_stream(LogType::Audit);
        let events = stream.and_then(|stream| logs.group(&cluster.log_group()).ok()?.stream(&stream).ok());
        for event in events.into_iter().flat_map(|stream| stream.events()) {
            lines.push(serde_json::from_str::<Value>(&event.message).unwrap_or_default());
        }
    }
    json!({"events": lines})
}

fn faults_json(state: &State) -> Value {
    let faults: Vec<Value> = state
        .snapshot()
        .faults
        .iter()
        .map(|fault| {
            let mut value = serde_json::to_value(&fault.spec).unwrap_or_default();
            if let Some(members) = value.as_object_mut() {
                members.retain(|_, value| !value.is_null());
                members.insert("id".to_owned(), json!(fault.id));
            }
            value
        })
        .collect();
    json!({"faults": faults})
}

fn clock_json(state: &State) -> Value {
    json!({
        "now": state.now().render_rfc3339(),
        // To the nearest second: a clock is set by whole ones.
        "offset_seconds": (state.clock_ahead_ms() + 500).div_euclid(1000),
        "frozen": state.snapshot().clock.is_frozen(),
    })
}

/// The sign-ins to Identity Center that wait for approval, the newest first.
fn sign_ins_json(state: &State) -> Value {
    let world = state.snapshot();
    let center = world.identity_center.as_ref();
    let pending: Vec<Value> = center
        .into_iter()
        .flat_map(|center| center.pending(state.now()))
        .map(|pending| json!({"user_code": pending.user_code, "expires": pending.expires.render_rfc3339()}))
        .collect();
    json!({"sign_ins": pending})
}

fn move_clock(state: &State, body: &Value) -> Result<Value, ControlError> {
    let is_asked = |name: &str| body.get(name).and_then(Value::as_bool) == Some(true);
    let instant = |name: &str| {
        let text = body.get(name).and_then(Value::as_str);
        text.map(Timestamp::parse_rfc3339)
            .transpose()
            .map_err(|error| ControlError::new(400, error.to_string()))
    };
    let moved = if let Some(seconds) = body.get("advance_seconds").and_then(Value::as_i64) {
        state.change_clock(|clock, machine| clock.advanced(seconds, machine))
    } else if let Some(at) = instant("set")? {
        state.change_clock(|clock, machine| clock.set(at, machine))
    } else if let Some(at) = instant("freeze")? {
        state.change_clock(|clock, machine| clock.frozen(machine).set(at, machine))
    } else if is_asked("freeze") {
        state.change_clock(|clock, machine| Ok(clock.frozen(machine)))
    } else if is_asked("thaw") {
        state.change_clock(|clock, machine| Ok(clock.thawed(machine)))
    } else if is_asked("reset") {
        state.change_clock(|_, _| Ok(WorldClock::default()))
    } else {
        return Err(ControlError::new(
            400,
            "the body must have `advance_seconds`, `set`, `freeze`, `thaw` or `reset`",
        ));
    };
    moved.map_err(|too_far| ControlError::new(400, too_far.to_string()))?;
    Ok(clock_json(state))
}

fn explain_request(state: &State, body: &Value) -> Result<Value, ControlError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let client = body
        .get("client")
        .filter(|client| client.is_object())
        .map(client_context);
    if body.get("last").and_then(Value::as_bool) == Some(true) {
        return explain_last(state, text("cluster"), client.as_ref());
    }
    let subject = match (text("token"), text("arn")) {
        (Some(token), None) => Subject::Token(token),
        (None, Some(arn)) => Subject::Arn(arn),
        _ => {
            return Err(ControlError::new(
                400,
                "the body must have one of `token`, `arn`, `last`",
            ));
        }
    };
    explain_in(
        &state.snapshot(),
        state.now(),
        subject,
        text("cluster"),
        client.as_ref(),
    )
    .map_err(|message| ControlError::new(404, message))
}

/// What is to be explained.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// What becomes of this bearer token.
    Token(&'a str),
    /// What becomes of this principal.
    Arn(&'a str),
}

/// Reads what [`client_json`] wrote.
fn client_context(value: &Value) -> ClientContext {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let profiles = value.get("profiles").and_then(Value::as_array);
    ClientContext {
        environment_key: text(value, "environment_key"),
        chosen_profile: text(value, "chosen_profile"),
        profiles: profiles
            .into_iter()
            .flatten()
            .map(|profile| ClientProfile {
                name: text(profile, "name").unwrap_or_default(),
                access_key_id: text(profile, "access_key_id"),
                role_arn: text(profile, "role_arn"),
            })
            .collect(),
    }
}

/// The client's configuration as `/v1/explain` takes it.
#[must_use]
pub fn client_json(client: &ClientContext) -> Value {
    let profiles = client.profiles.iter().map(|profile| {
        json!({
            "name": profile.name,
            "access_key_id": profile.access_key_id,
            "role_arn": profile.role_arn,
        })
    });
    json!({
        "environment_key": client.environment_key,
        "chosen_profile": client.chosen_profile,
        "profiles": profiles.collect::<Vec<_>>(),
    })
}

/// Explains in a World as of `now`, for `cluster` or the only one there is, with what the client's configuration adds.
/// Nothing is logged or journaled.
///
/// # Errors
/// A sentence when the cluster is not there or not named.
pub fn explain_in(
    world: &World,
    now: Timestamp,
    subject: Subject<'_>,
    cluster: Option<&str>,
    client: Option<&ClientContext>,
) -> Result<Value, String> {
    let cluster = match cluster {
        Some(name) => world
            .cluster(name)
            .ok_or_else(|| format!("no cluster `{name}`; there is {}", cluster_names(world)))?,
        None => match world.clusters.values().collect::<Vec<_>>()[..] {
            [only] => only,
            _ => return Err(format!("name the cluster with --cluster: {}", cluster_names(world))),
        },
    };
    let explanation = match subject {
        Subject::Arn(arn) => explain::explain_arn(arn, cluster, world),
        Subject::Token(token) => {
            let request = AuthenticationRequest {
                token,
                client: "",
                sts_request_id: NO_REQUEST_ID,
            };
            let authentication = authenticate(request, cluster, world, now);
            explain_to(client, &authentication, cluster, world)
        }
    };
    Ok(explanation_json(&cluster.name, &explanation))
}

/// Explains a judgement to a client, where its configuration is known.
fn explain_to(
    client: Option<&ClientContext>,
    authentication: &Authentication,
    cluster: &Cluster,
    world: &World,
) -> Explanation {
    let explanation = explain::explain(authentication, cluster, world);
    match (client, &authentication.token) {
        (Some(client), Some(token)) => {
            explain::explain_client(explanation, token.access_key_id(), client, cluster, world)
        }
        _ => explanation,
    }
}

fn cluster_names(world: &World) -> String {
    let names: Vec<&str> = world.clusters.keys().map(String::as_str).collect();
    names.join(", ")
}

fn explain_last(state: &State, cluster: Option<&str>, client: Option<&ClientContext>) -> Result<Value, ControlError> {
    explain_newest(state, cluster, client, 0)
        .map(|(cluster, explanation)| explanation_json(&cluster, &explanation))
        .ok_or_else(|| {
            let unserved = unserved_since(state, 0).map(|sentence| format!("; {sentence}"));
            let none = "no token has come in yet, or the cluster is gone";
            ControlError::new(404, format!("{none}{}", unserved.unwrap_or_default()))
        })
}

/// Explains the newest judgement of a token, or of a request that was forbidden, behind event `since`: the cluster's name,
/// and why. Nothing where none was made, or its cluster is gone.
pub(crate) fn explain_newest(
    state: &State,
    cluster: Option<&str>,
    client: Option<&ClientContext>,
    since: u64,
) -> Option<(String, Explanation)> {
    // A request that was forbidden comes behind its own authentication, which went well.
    let event = state.journal().last(|kind| match kind {
        EventKind::Authentication { cluster: seen, .. }
        | EventKind::Authorization {
            cluster: seen,
            explanation: Some(_),
            ..
        }
        | EventKind::CachedAuthentication { cluster: seen, .. } => cluster.is_none_or(|wanted| wanted == seen),
        _ => false,
    });
    let event = event.filter(|event| event.sequence > since)?;
    let allowed = allowed_since(state, event.sequence);
    let unserved = unserved_since(state, event.sequence);
    let (cluster, mut explanation) = explain_event(state, event, client)?;
    explanation.evidence.extend(
        allowed
            .filter(|(seen, _)| *seen == cluster)
            .map(|(_, sentence)| sentence),
    );
    explanation.evidence.extend(unserved);
    Some((cluster, explanation))
}

/// The newest call behind event `since` of something that the simulator does not serve: its answer reads like a denial.
fn unserved_since(state: &State, since: u64) -> Option<String> {
    let event = state
        .journal()
        .last(|kind| matches!(kind, EventKind::AwsCall { unserved: Some(_), .. }))
        .filter(|event| event.sequence > since)?;
    let EventKind::AwsCall { unserved, status, .. } = event.kind else {
        return None;
    };
    unserved.map(|sentence| format!("answered {status} since: {sentence}"))
}

/// The cluster of the newest request behind event `since` that was allowed, and what allowed it.
fn allowed_since(state: &State, since: u64) -> Option<(String, String)> {
    let event = state
        .journal()
        .last(|kind| matches!(kind, EventKind::Authorization { allowed: true, .. }))
        .filter(|event| event.sequence > since)?;
    let EventKind::Authorization {
        cluster,
        request,
        reason,
        ..
    } = event.kind
    else {
        return None;
    };
    let by = match reason.as_str() {
        "" => format!("who asked is a member of {SYSTEM_MASTERS}"),
        reason => reason.to_owned(),
    };
    Some((cluster, format!("allowed: {request}: {by}")))
}

/// Why the newest token that was refused, or request that was forbidden, behind event `since` was so: the event's number, and
/// the explanation.
pub(crate) fn explain_denial(state: &State, since: u64) -> Option<(u64, Explanation)> {
    let event = state.journal().last(|kind| match kind {
        EventKind::Authentication { authentication, .. } => authentication.outcome.is_err(),
        EventKind::Authorization { explanation, .. } => explanation.is_some(),
        _ => false,
    })?;
    let sequence = event.sequence;
    (sequence > since)
        .then(|| explain_event(state, event, None))?
        .map(|(_, explanation)| (sequence, explanation))
}

fn explain_event(state: &State, event: Event, client: Option<&ClientContext>) -> Option<(String, Explanation)> {
    match event.kind {
        EventKind::Authorization {
            cluster, explanation, ..
        } => Some((cluster, (*explanation?).clone())),
        EventKind::Authentication {
            cluster,
            world,
            authentication,
        } => {
            let explanation = explain_to(client, &authentication, world.cluster(&cluster)?, &world);
            Some((cluster, explanation))
        }
        EventKind::CachedAuthentication {
            cluster,
            identity,
            user,
            age_seconds,
        } => {
            let world = state.snapshot();
            let explanation = explain::explain_cached(&identity, &user, age_seconds, world.cluster(&cluster)?);
            Some((cluster, explanation))
        }
        EventKind::AwsAuthChange { .. } | EventKind::AwsCall { .. } | EventKind::ServiceAccountToken { .. } => None,
    }
}

/// Verifies a token for a cluster of any name, as upstream's `verify` does: form and signature, no mapping.
///
/// # Errors
/// Upstream's text.
pub fn verify_in(world: &World, now: Timestamp, token: &str, cluster: &str) -> Result<Value, String> {
    let request = AuthenticationRequest {
        token,
        client: "",
        sts_request_id: NO_REQUEST_ID,
    };
    let some = world.cluster(cluster).or_else(|| world.clusters.values().next());
    let mut verifier = (**some.ok_or("the world has no cluster")?).clone();
    cluster.clone_into(&mut verifier.name);
    let authentication = authenticate(request, &verifier, world, now);
    match (&authentication.identity, &authentication.token, &authentication.outcome) {
        (Some(identity), Some(token), _) => Ok(json!({
            "ARN": identity.arn,
            "CanonicalARN": identity.canonical_arn,
            "AccountID": identity.account_id,
            "UserID": identity.user_id,
            "SessionName": identity.session_name,
            "AccessKeyID": identity.access_key_id,
            "STSEndpoint": token.sts_host(),
        })),
        (.., Err(denial)) => Err(denial.message.clone()),
        (.., Ok(_)) => Err("the token names nobody".to_owned()),
    }
}

fn explain_judgement(
    cluster: &str,
    world: &World,
    authentication: &Authentication,
    client: Option<&ClientContext>,
) -> Value {
    match world.cluster(cluster) {
        Some(found) => explanation_json(cluster, &explain_to(client, authentication, found, world)),
        None => Value::Null,
    }
}

/// An explanation as `explain --output json` prints it.
#[must_use]
pub fn explanation_json(cluster: &str, explanation: &Explanation) -> Value {
    json!({
        "cluster": cluster,
        "cause": explanation.cause.id(),
        "sentence": explanation.sentence,
        "evidence": explanation.evidence,
        "fix": explanation.fix,
        "checks": trace_json(&explanation.trace),
        "text": explanation.render_text(),
    })
}

fn event_json(event: &Event) -> Value {
    let mut value = match &event.kind {
        EventKind::Authentication {
            cluster,
            world,
            authentication,
        } => json!({
            "kind": "authentication",
            "cluster": cluster,
            "username": authentication.outcome.as_ref().map(|user| &user.username).ok(),
            "error": authentication.outcome.as_ref().map_err(|denial| &denial.message).err(),
            "explanation": explain_judgement(cluster, world, authentication, None),
            "log": authentication.log.iter().map(LogLine::render).collect::<Vec<_>>(),
        }),
        EventKind::ServiceAccountToken {
            cluster,
            username,
            error,
        } => json!({
            "kind": "service-account-token",
            "cluster": cluster,
            "username": username,
            "error": error,
        }),
        EventKind::CachedAuthentication {
            cluster,
            identity,
            user,
            age_seconds,
        } => json!({
            "kind": "cached-authentication",
            "cluster": cluster,
            "arn": identity.arn,
            "username": user.username,
            "age_seconds": age_seconds,
        }),
        EventKind::Authorization {
            cluster,
            username,
            request,
            allowed,
            reason,
            explanation,
            trace,
        } => json!({
            "kind": "authorization",
            "cluster": cluster,
            "username": username,
            "request": request,
            "allowed": allowed,
            "reason": reason,
            "explanation": explanation.as_ref().map(|explanation| explanation_json(cluster, explanation)),
            "checks": trace_json(trace),
        }),
        EventKind::AwsAuthChange { cluster, log } => json!({
            "kind": "aws-auth-change",
            "cluster": cluster,
            "log": log.iter().map(LogLine::render).collect::<Vec<_>>(),
        }),
        EventKind::AwsCall {
            service,
            action,
            caller,
            status,
            error,
            unserved,
            trace,
        } => json!({
            "kind": "aws-call",
            "service": service,
            "action": action,
            "caller": caller,
            "status": status,
            "error": error,
            "unserved": unserved,
            "checks": trace_json(trace),
        }),
    };
    if let Value::Object(map) = &mut value {
        map.insert("sequence".to_owned(), json!(event.sequence));
        map.insert("time".to_owned(), json!(event.time.render_rfc3339()));
    }
    value
}

fn trace_json(trace: &Trace) -> Value {
    trace
        .checks()
        .iter()
        .map(|check| {
            json!({
                "id": check.id,
                "rule": check.rule,
                "verdict": match check.verdict {
                    Verdict::Passed => "passed",
                    Verdict::Failed => "failed",
                    Verdict::Missed => "missed",
                },
                "expected": check.expected,
                "got": check.got,
            })
        })
        .collect()
}
