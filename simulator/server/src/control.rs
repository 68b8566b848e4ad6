//! The control interface: JSON over HTTP on loopback, for `ctl`, `explain` and test harnesses.
//!
//! Browsers are kept out: a request must name the listener's own address in Host and carry no Origin.

pub(crate) mod api;
mod backup;
mod event;
mod restage;
#[cfg(test)]
mod tests;

use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::cluster::eks::parameter::LogType;
use eks_auth_core::explain;
use eks_auth_core::explain::Cause;
use eks_auth_core::explain::ClientContext;
use eks_auth_core::explain::ClientView;
use eks_auth_core::explain::Explanation;
use eks_auth_core::service::aws::sign_in;
use eks_auth_core::service::aws::sign_in::ApproveError;
use eks_auth_core::service::event::Asked;
use eks_auth_core::service::last_seen::LastSeen;
use eks_auth_core::service::last_seen::Success;
use eks_auth_core::service::last_seen::is_refusal;
use eks_auth_core::service::last_seen::last_seen;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::instant::TimestampError;
use eks_auth_core::value::trace::Trace;
use eks_auth_core::value::user::SYSTEM_MASTERS;
use eks_auth_core::world::World;
use eks_auth_core::world::authenticate::Authentication;
use eks_auth_core::world::authenticate::AuthenticationRequest;
use eks_auth_core::world::authenticate::authenticate;
use eks_auth_core::world::fault::FaultError;
use eks_auth_core::world::fault::FaultSpec;
use eks_auth_core::world::world_clock::TooFar;
use eks_auth_core::world::world_clock::WorldClock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::api::Ask;
use self::api::FaultIdError;
use self::api::Freeze;
use self::api::Operation;
use self::api::RouteError;
use self::api::Signer;
use self::api::Verified;
use self::backup::BackupError;
use self::restage::RestageError;
use crate::authenticator::client_certificate;
use crate::authenticator::client_certificate::IssueError;
use crate::net::http::Request;
use crate::net::http::Response;
use crate::shell;
use crate::state::State;
use crate::state::journal::Event;
use crate::state::journal::EventKind;
use crate::state::store::StoreError;

/// Stands in errors of STS where nobody asked it.
const NO_REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Answers a request to the control interface, which is reached under `own_hosts`.
#[must_use]
pub fn handle(state: &State, own_hosts: &[String], request: &Request) -> Response {
    answer(state, own_hosts, request).unwrap_or_else(|error| {
        let refusal = api::Refusal {
            error: error.to_string(),
        };
        render(error.status(), &refusal)
    })
}

fn answer(state: &State, own_hosts: &[String], request: &Request) -> Result<Response, ControlError> {
    let host = request.header("host").unwrap_or_default();
    if !own_hosts.iter().any(|own| own == host) || request.header("origin").is_some() {
        return Err(ControlError::NotLocal);
    }
    match Operation::of(&request.method, &request.path)? {
        Operation::AddFault => asked(request, |spec: FaultSpec| {
            let id = state.change(|world| world.faults.add(spec))??;
            Ok(api::FaultAdded { id })
        }),
        Operation::ApproveSignIn => asked(request, |asked: api::ApproveSignIn| approve(state, &asked)),
        Operation::Backup => Ok(Response::new(200, "application/gzip", backup::backup(state)?)),
        Operation::ClearFaults => {
            let api::ClearFaults { id } = api::ClearFaults::of(request)?;
            let cleared = state.change(|world| world.faults.clear(id))?;
            reply::<api::ClearFaults>(&api::FaultsCleared { cleared })
        }
        Operation::Explain => asked(request, |asked| explain_request(state, asked)),
        Operation::IssueCertificate => asked(request, |asked: api::IssueCertificate| issue_certificate(state, &asked)),
        Operation::ListAuditEvents => reply::<api::ListAuditEvents>(&audit_events(state)),
        Operation::ListEvents => {
            let events = state.journal().since(api::ListEvents::of(request).since);
            reply::<api::ListEvents>(&api::Events {
                events: events.iter().map(event::render).collect(),
            })
        }
        Operation::ListFaults => reply::<api::ListFaults>(&api::Faults {
            faults: state.snapshot().faults.iter().map(api::Fault::from).collect(),
        }),
        Operation::ListSignIns => reply::<api::ListSignIns>(&sign_ins(state)),
        Operation::MoveClock => asked(request, |asked| move_clock(state, asked)),
        Operation::ReadClock => reply::<api::ReadClock>(&clock(state)),
        Operation::Reset => reply::<api::Reset>(&restage::reset(state)?),
        Operation::Restore => reply::<api::Restore>(&restage::restore(state, &request.body)?),
        Operation::Snapshot => Ok(Response::new(200, "application/json", restage::snapshot(state)?)),
        Operation::Verify => asked(request, |api::Verify { token, cluster }| {
            let verified = verify_in(&state.snapshot(), state.now(), &token, &cluster);
            Ok(verified.map_or_else(|refused| Verified::Bad { refused }, Verified::Good))
        }),
    }
}

/// Answers what the body asks.
fn asked<A: Ask + DeserializeOwned>(
    request: &Request,
    answer: impl FnOnce(A) -> Result<A::Answer, ControlError>,
) -> Result<Response, ControlError> {
    let body: Value = serde_json::from_slice(&request.body).map_err(ControlError::NoJson)?;
    let asked = serde_json::from_value(body).map_err(ControlError::Body)?;
    reply::<A>(&answer(asked)?)
}

/// The answer to what was asked.
fn reply<A: Ask>(answer: &A::Answer) -> Result<Response, ControlError> {
    Ok(render(200, answer))
}

fn render(status: u16, body: &impl Serialize) -> Response {
    Response::new(status, "application/json", api::text(body) + "\n")
}

/// Why the control interface does not do what it is asked.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    /// A browser asks, or somebody who came by another name.
    #[error("the control interface answers local tools only")]
    NotLocal,
    /// The request is for no operation.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The body is no JSON.
    #[error("the body is not JSON: {0}")]
    NoJson(#[source] serde_json::Error),
    /// The body is not what the operation is asked.
    #[error("{0}")]
    Body(#[source] serde_json::Error),
    /// Nothing is asked of the clock.
    #[error("the body must have `advance_seconds`, `set`, `freeze`, `thaw` or `reset`")]
    NoMove,
    /// A text is no instant.
    #[error(transparent)]
    Instant(#[from] TimestampError),
    /// The clock does not go there.
    #[error(transparent)]
    TooFar(#[from] TooFar),
    /// There is no such fault.
    #[error(transparent)]
    FaultId(#[from] FaultIdError),
    /// The fault makes no sense.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A state without a simulator around it has no authority.
    #[error("nothing is served here")]
    NotServed,
    /// No such certificate can be made.
    #[error(transparent)]
    Certificate(#[from] IssueError),
    /// There is not one thing to be explained.
    #[error("the body must have one of `token`, `arn`, `last`")]
    NoSubject,
    /// What is to be explained is not there.
    #[error(transparent)]
    Explain(#[from] ExplainError),
    /// No such sign-in can be approved.
    #[error(transparent)]
    SignIn(#[from] ApproveError),
    /// There is no backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The World stays as it is.
    #[error(transparent)]
    Restage(#[from] RestageError),
    /// The disk does not take what would change.
    #[error(transparent)]
    NotKept(#[from] StoreError),
}

impl ControlError {
    /// The HTTP status that says it.
    fn status(&self) -> u16 {
        match self {
            Self::NoJson(_)
            | Self::Body(_)
            | Self::NoMove
            | Self::Instant(_)
            | Self::TooFar(_)
            | Self::FaultId(_)
            | Self::Fault(_)
            | Self::NotServed
            | Self::Certificate(_)
            | Self::NoSubject => 400,
            Self::NotLocal => 403,
            Self::Route(RouteError::Path) | Self::Explain(_) | Self::SignIn(_) => 404,
            Self::Route(RouteError::Method) => 405,
            Self::NotKept(_) => 500,
            Self::Backup(error) => error.status(),
            Self::Restage(error) => error.status(),
        }
    }
}

fn issue_certificate(state: &State, asked: &api::IssueCertificate) -> Result<api::IssuedCertificate, ControlError> {
    let listeners = state.listeners().ok_or(ControlError::NotServed)?;
    let api::IssueCertificate { user, groups, seconds } = asked;
    let (certificate, key) = client_certificate::issue(listeners.authority(), state.now(), user, groups, *seconds)?;
    let world = state.snapshot();
    let clusters = world.clusters.values().map(|cluster| api::CertificateCluster {
        name: cluster.name.clone(),
        endpoint: cluster.endpoint.clone(),
        certificate_authority: cluster.certificate_authority.clone(),
    });
    Ok(api::IssuedCertificate {
        certificate,
        key,
        clusters: clusters.collect(),
    })
}

fn approve(state: &State, asked: &api::ApproveSignIn) -> Result<api::Approved, ControlError> {
    let approved = shell::call(state, |call| {
        sign_in::approve(call, &asked.user_code, asked.user.as_deref())
    });
    Ok(api::Approved { user: approved?? })
}

/// The audit events of all clusters, as their logs have them.
fn audit_events(state: &State) -> api::AuditEvents {
    let (world, logs) = (state.snapshot(), state.logs().snapshot());
    let mut lines = Vec::new();
    for cluster in world.clusters.values() {
        let stream = cluster.log_stream(LogType::Audit);
        let events = stream.and_then(|stream| logs.group(&cluster.log_group()).ok()?.stream(&stream).ok());
        for event in events.into_iter().flat_map(|stream| stream.events()) {
            lines.push(serde_json::from_str(&event.message).unwrap_or_default());
        }
    }
    api::AuditEvents { events: lines }
}

fn clock(state: &State) -> api::Clock {
    api::Clock {
        now: state.now().render_rfc3339(),
        offset_seconds: (state.clock_ahead_ms() + 500).div_euclid(1000),
        frozen: state.snapshot().clock.is_frozen(),
    }
}

fn sign_ins(state: &State) -> api::SignIns {
    let world = state.snapshot();
    let center = world.identity_center.as_ref();
    let pending = center.into_iter().flat_map(|center| center.pending(state.now()));
    let sign_ins = pending.map(|pending| api::SignIn {
        user_code: pending.user_code,
        expires: pending.expires.render_rfc3339(),
    });
    api::SignIns {
        sign_ins: sign_ins.collect(),
    }
}

fn move_clock(state: &State, asked: api::MoveClock) -> Result<api::Clock, ControlError> {
    let moved = match asked {
        api::MoveClock {
            advance_seconds: Some(seconds),
            ..
        } => state.change_clock(|clock, machine| clock.advanced(seconds, machine)),
        api::MoveClock { set: Some(at), .. } => {
            let at = Timestamp::parse_rfc3339(&at)?;
            state.change_clock(|clock, machine| clock.set(at, machine))
        }
        api::MoveClock {
            freeze: Some(Freeze::At(at)),
            ..
        } => {
            let at = Timestamp::parse_rfc3339(&at)?;
            state.change_clock(|clock, machine| clock.frozen(machine).set(at, machine))
        }
        api::MoveClock {
            freeze: Some(Freeze::Here(true)),
            ..
        } => state.change_clock(|clock, machine| Ok(clock.frozen(machine))),
        api::MoveClock { thaw: Some(true), .. } => state.change_clock(|clock, machine| Ok(clock.thawed(machine))),
        api::MoveClock { reset: Some(true), .. } => state.change_clock(|_, _| Ok(WorldClock::default())),
        _ => return Err(ControlError::NoMove),
    };
    moved??;
    Ok(clock(state))
}

fn explain_request(state: &State, asked: api::Explain) -> Result<api::Explanation, ControlError> {
    let client = asked.client.map(ClientContext::from);
    let cluster = asked.cluster.as_deref();
    if asked.last {
        return Ok(explain_last(state, cluster, client.as_ref())?);
    }
    let subject = match (&asked.token, &asked.arn) {
        (Some(token), None) => Subject::Token(token),
        (None, Some(arn)) => Subject::Arn(arn),
        _ => return Err(ControlError::NoSubject),
    };
    let explained = explain_in(&state.snapshot(), state.now(), subject, cluster, client.as_ref());
    Ok(explained?)
}

/// What is to be explained.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// What becomes of this bearer token.
    Token(&'a str),
    /// What becomes of this principal.
    Arn(&'a str),
}

/// Why there is nothing to be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExplainError {
    /// The World has no such cluster.
    #[error("no cluster `{name}`; there is {known}")]
    NoCluster {
        /// The name that was asked for.
        name: String,
        /// The names of those that there are.
        known: String,
    },
    /// The World has not one cluster only.
    #[error("name the cluster with --cluster: {known}")]
    WhichCluster {
        /// The names of those that there are.
        known: String,
    },
    /// Nothing was judged that could still be explained.
    #[error("no token has come in yet, or the cluster is gone{}", behind_semicolon(.unserved.as_deref()))]
    NothingJudged {
        /// A call of something that the simulator does not serve.
        unserved: Option<String>,
    },
}

fn behind_semicolon(sentence: Option<&str>) -> String {
    sentence.map(|sentence| format!("; {sentence}")).unwrap_or_default()
}

/// Explains in a World as of `now`, for `cluster` or the only one there is, with what the client's configuration adds.
/// Nothing is logged or journaled.
///
/// # Errors
/// [`ExplainError`] when the cluster is not there or not named.
pub(crate) fn explain_in(
    world: &World,
    now: Timestamp,
    subject: Subject<'_>,
    cluster: Option<&str>,
    client: Option<&ClientContext>,
) -> Result<api::Explanation, ExplainError> {
    let known = || cluster_names(world);
    let cluster = match cluster {
        Some(name) => world.cluster(name).ok_or_else(|| ExplainError::NoCluster {
            name: name.to_owned(),
            known: known(),
        })?,
        None => match world.clusters.values().collect::<Vec<_>>()[..] {
            [only] => only,
            _ => return Err(ExplainError::WhichCluster { known: known() }),
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
            explain_to(client, &authentication, cluster, world, now)
        }
    };
    Ok(api::Explanation::of(&cluster.name, &explanation))
}

/// Explains a judgement to a client, where its configuration is known.
fn explain_to(
    client: Option<&ClientContext>,
    authentication: &Authentication,
    cluster: &Cluster,
    world: &World,
    now: Timestamp,
) -> Explanation {
    let explanation = explain::explain(authentication, cluster, world);
    match (client, &authentication.token) {
        (Some(client), Some(token)) => {
            let view = ClientView {
                client,
                cluster,
                world,
                now,
            };
            explain::explain_client(explanation, token.access_key_id(), None, view)
        }
        _ => explanation,
    }
}

fn cluster_names(world: &World) -> String {
    let names: Vec<&str> = world.clusters.keys().map(String::as_str).collect();
    names.join(", ")
}

fn explain_last(
    state: &State,
    cluster: Option<&str>,
    client: Option<&ClientContext>,
) -> Result<api::Explanation, ExplainError> {
    explain_newest(state, cluster, client, 0)
        .map(|(cluster, explanation)| api::Explanation::of(&cluster, &explanation))
        .ok_or_else(|| ExplainError::NothingJudged {
            unserved: unserved_since(state, 0),
        })
}

/// Explains what a person has seen last, behind event `since`: the cluster's name, and why. Nothing where nothing was judged, or
/// its cluster is gone.
pub(crate) fn explain_newest(
    state: &State,
    cluster: Option<&str>,
    client: Option<&ClientContext>,
    since: u64,
) -> Option<(String, Explanation)> {
    let seen = state.journal().read(since, |events| last_seen(events, cluster))?;
    let (sequence, (cluster, mut explanation)) = match seen {
        LastSeen::Refusal(event) => {
            let sequence = event.sequence;
            let (cluster, mut explanation) = explain_event(state, *event, client)?;
            if let Some(error) = refused_service_account(state, sequence) {
                explain_service_account(&mut explanation, &error);
            }
            (sequence, (cluster, explanation))
        }
        LastSeen::Success(success) => {
            let newest = [&success.authentication, &success.request];
            let sequence = newest.into_iter().flatten().map(|event| event.sequence).max()?;
            (sequence, explain_success(state, *success)?)
        }
    };
    explanation.evidence.extend(unserved_since(state, sequence));
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

/// What was wrong with a token of the cluster's own issuer, which was shown to the authenticator afterwards, by event
/// `sequence`.
fn refused_service_account(state: &State, sequence: u64) -> Option<String> {
    state.journal().read(sequence.saturating_sub(2), |events| {
        events.iter().find_map(|event| match &event.kind {
            EventKind::ServiceAccountToken { error: Some(error), .. } if event.sequence < sequence => {
                Some(error.clone())
            }
            _ => None,
        })
    })
}

/// A service account's token has not the form of those that the authenticator judges, and that is not what is wrong with it.
fn explain_service_account(explanation: &mut Explanation, error: &str) {
    if explanation.cause != Cause::TokenMalformed {
        return;
    }
    if error.contains("expired") {
        explanation.cause = Cause::TokenExpired;
    }
    explanation.sentence =
        format!("access denied: the API server does not accept the service account's token: {error}");
    explanation.fix =
        "get a new token: kubectl create token SERVICEACCOUNT -n NAMESPACE; in a pod, read the file of the token \
                       anew, which the kubelet renews"
            .to_owned();
}

/// Why the newest token that was refused, or request that was, behind event `since` was so: the event's number, and the
/// explanation. What is answered to whoever asks what they may do is none, nor what AWS refuses.
pub(crate) fn explain_denial(state: &State, since: u64) -> Option<(u64, Explanation)> {
    let event = state.journal().last(|kind| {
        let is_question = matches!(kind, EventKind::AccessReview { .. } | EventKind::AwsCall { .. });
        is_refusal(kind) && !is_question
    })?;
    let sequence = event.sequence;
    (sequence > since)
        .then(|| explain_event(state, event, None))?
        .map(|(_, explanation)| (sequence, explanation))
}

/// Explains a refusal, or how somebody was let in.
fn explain_event(state: &State, event: Event, client: Option<&ClientContext>) -> Option<(String, Explanation)> {
    match event.kind {
        EventKind::Authorization {
            cluster,
            explanation,
            requester,
            ..
        } => {
            let explanation = (*explanation?).clone();
            Some(match (client, requester.asked) {
                (Some(client), Some(asked)) => explain_asked(state, explanation, client, &asked, cluster),
                _ => (cluster, explanation),
            })
        }
        EventKind::AccessReview {
            cluster,
            request,
            explanation,
            ..
        } => {
            let mut explanation = (*explanation?).clone();
            explanation.sentence = format!("asked about {request}, the answer is no: {}", explanation.sentence);
            Some((cluster, explanation))
        }
        EventKind::RequestFailure {
            cluster, explanation, ..
        } => Some((cluster, (*explanation?).clone())),
        EventKind::AwsCall { explanation, .. } => Some((String::new(), (*explanation?).clone())),
        EventKind::Authentication {
            cluster,
            world,
            authentication,
        } => {
            let explanation = explain_to(client, &authentication, world.cluster(&cluster)?, &world, event.time);
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
        EventKind::AwsAuthChange { .. } | EventKind::ServiceAccountToken { .. } => None,
    }
}

/// Adds what the client's configuration shows to the explanation of a request that was forbidden: as the World is now.
fn explain_asked(
    state: &State,
    explanation: Explanation,
    client: &ClientContext,
    asked: &Asked,
    cluster: String,
) -> (String, Explanation) {
    let world = state.snapshot();
    let key = asked.user.extra.get("accessKeyId").and_then(|ids| ids.first());
    let explanation = match (key, world.cluster(&cluster)) {
        (Some(key), Some(found)) => {
            let view = ClientView {
                client,
                cluster: found,
                world: &world,
                now: state.now(),
            };
            explain::explain_client(explanation, key, Some(&asked.attributes), view)
        }
        _ => explanation,
    };
    (cluster, explanation)
}

/// Explains that all is well: who was let in, what was allowed, and how the request failed all the same.
fn explain_success(state: &State, success: Success) -> Option<(String, Explanation)> {
    let Success {
        authentication,
        request,
        failure,
        before,
    } = success;
    let let_in = authentication.and_then(|event| explain_event(state, event, None));
    let seen = request.and_then(explain_allowed);
    let (cluster, mut explanation) = match (let_in, seen) {
        (Some((cluster, mut explanation)), Some((of_request, allowed))) => {
            if of_request == cluster {
                explanation.sentence = format!("{}; {}", explanation.sentence, allowed.sentence);
                explanation.evidence.extend(allowed.evidence);
            }
            (cluster, explanation)
        }
        (Some(explained), None) | (None, Some(explained)) => explained,
        (None, None) => return None,
    };
    if let Some(EventKind::RequestFailure {
        code, reason, message, ..
    }) = failure.map(|event| event.kind)
    {
        let reason = Some(reason).filter(|reason| !reason.is_empty());
        let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        explanation.sentence = format!(
            "{}; access was granted, and the request failed otherwise: {code}{reason}",
            explanation.sentence
        );
        explanation.evidence.push(format!("answered {code}{reason}: {message}"));
    }
    if let Some((_, earlier)) = before.and_then(|event| explain_event(state, event, None)) {
        explanation.evidence.push(format!(
            "refused before that: {} ({})",
            earlier.sentence,
            earlier.cause.id()
        ));
    }
    Some((cluster, explanation))
}

/// What a request that went well says by itself.
fn explain_allowed(event: Event) -> Option<(String, Explanation)> {
    let granted = |sentence: String, evidence: String, trace| Explanation {
        cause: Cause::Granted,
        sentence,
        evidence: vec![evidence],
        fix: String::new(),
        trace,
    };
    match event.kind {
        EventKind::Authorization {
            cluster,
            username,
            request,
            reason,
            trace,
            ..
        } => {
            let by = match reason.as_str() {
                "" => format!("who asked is a member of {SYSTEM_MASTERS}"),
                reason => reason.to_owned(),
            };
            let evidence = format!("allowed: {request}: {by}");
            Some((cluster, granted(format!("{username} may {request}"), evidence, trace)))
        }
        EventKind::AccessReview {
            cluster,
            username,
            request,
            ..
        } => {
            let evidence = format!("asked about {request}, the answer is yes");
            Some((
                cluster,
                granted(format!("{username} may {request}"), evidence, Trace::new()),
            ))
        }
        EventKind::AwsCall {
            service,
            action,
            caller,
            trace,
            ..
        } => {
            let caller = caller.unwrap_or_else(|| "the caller".to_owned());
            let evidence = format!("answered: {service} {action}");
            let sentence = format!("AWS has answered {action} to {caller}");
            Some((String::new(), granted(sentence, evidence, trace)))
        }
        _ => None,
    }
}

/// Verifies a token for a cluster of any name, as upstream's `verify` does: form and signature, no mapping.
///
/// # Errors
/// Upstream's text.
pub(crate) fn verify_in(world: &World, now: Timestamp, token: &str, cluster: &str) -> Result<Signer, String> {
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
        (Some(identity), Some(token), _) => Ok(Signer {
            arn: identity.arn.clone(),
            canonical_arn: identity.canonical_arn.clone(),
            account_id: identity.account_id.clone(),
            user_id: identity.user_id.clone(),
            session_name: identity.session_name.clone(),
            access_key_id: identity.access_key_id.clone(),
            sts_endpoint: token.sts_host().to_owned(),
        }),
        (.., Err(denial)) => Err(denial.message.clone()),
        (.., Ok(_)) => Err("the token names nobody".to_owned()),
    }
}
