//! The deep one: from a bearer token to a Kubernetes user, with all the evidence.
//!
//! Source: `authenticateEndpoint` in `pkg/server/server.go` and `Verify` in `pkg/token/token.go` upstream. Where upstream
//! asks STS over the network, the signature is verified here.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::aws::principal::CallerIdentity;
use crate::aws::sigv4;
use crate::aws::sigv4::Receiver;
use crate::aws::sigv4::SigV4Error;
use crate::aws::sigv4::SignedRequest;
use crate::cluster::eks::AuthenticatorRelease;
use crate::cluster::eks::Cluster;
use crate::cluster::mapping;
use crate::cluster::mapping::Identity;
use crate::cluster::mapping::MappedUser;
use crate::cluster::mapping::MappingError;
use crate::value::arn::CanonicalArn;
use crate::value::arn::PrincipalKind;
use crate::value::instant::Timestamp;
use crate::value::log::Level;
use crate::value::log::LogLine;
use crate::value::trace::Trace;
use crate::value::user::UserInfo;
use crate::world::World;
use crate::world::fault::Effect;
use crate::world::fault::FaultTarget;
use crate::world::sts;
use crate::world::token::CLUSTER_ID_HEADER;
use crate::world::token::PresignedToken;
use crate::world::token::TokenError;
use crate::world::token::Verifier;

/// What the authenticator asks of STS, as faults see it.
pub const GET_CALLER_IDENTITY: FaultTarget<'static> = FaultTarget {
    service: "sts",
    action: "GetCallerIdentity",
    principal: None,
};

/// How long the authenticator waits for STS (`Timeout` of the client in `pkg/token/token.go` of 0.7.18).
const CLIENT_TIMEOUT_MS: u64 = 10_000;
/// STS accepts presigned requests for this long.
const STS_SKEW_MINUTES: i64 = 15;

/// What an authentication came to.
#[derive(Clone, Debug)]
pub struct Authentication {
    /// The user, or why there is none.
    pub outcome: Result<UserInfo, Denial>,
    /// Who signed, once that is known.
    pub identity: Option<Identity>,
    /// The host and the key that the token names, once it has the form of one.
    pub token: Option<PresignedToken>,
    /// The caller whose question to STS a fault of the World struck; the World's faults are to make a step then.
    pub struck: Option<String>,
    /// By how many milliseconds STS's answer is late.
    pub late_ms: u64,
    /// Each check in order.
    pub trace: Trace,
    /// What the authenticator writes to its log, in order.
    pub log: Vec<LogLine>,
}

/// Why nobody was let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Denial {
    /// The stage that said no, and its reason.
    pub reason: DenialReason,
    /// The text of the log's `error` field.
    pub message: String,
    /// Whether the webhook answers 429 instead of 403.
    pub throttled: bool,
}

/// The stage that said no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// The identity is no principal that can be mapped.
    Identity,
    /// No mapping.
    Mapping(MappingError),
    /// STS refused the signature.
    Sts(SigV4Error),
    /// STS answers an error that is not the caller's doing, or nothing.
    StsFault,
    /// STS has had too many requests.
    StsThrottled,
    /// The token is malformed.
    Token(TokenError),
}

/// One request to the authenticator.
#[derive(Clone, Copy, Debug)]
pub struct AuthenticationRequest<'a> {
    /// The bearer token.
    pub token: &'a str,
    /// `HOST:PORT` of the caller, for the log.
    pub client: &'a str,
    /// The id that STS gives its answer, as it appears in error bodies.
    pub sts_request_id: &'a str,
}

/// As many checks as a good token has.
const CHECKS: usize = 28;

/// Decides who the bearer of a token is.
#[must_use]
pub fn authenticate(
    request: AuthenticationRequest<'_>,
    cluster: &Cluster,
    world: &World,
    now: Timestamp,
) -> Authentication {
    let mut authentication = Authentication {
        struck: None,
        late_ms: 0,
        // Nobody is let in until every check has passed.
        outcome: Err(Denial {
            reason: DenialReason::Identity,
            message: String::new(),
            throttled: false,
        }),
        identity: None,
        token: None,
        trace: Trace::with_capacity(CHECKS),
        log: Vec::with_capacity(2),
    };
    let outcome = authenticate_into(&mut authentication, request, cluster, world, now);
    let arn = authentication
        .identity
        .as_ref()
        .filter(|identity| is_loggable(identity, cluster))
        .map(|identity| &identity.canonical_arn);
    let mut fields: Vec<(&'static str, String)> = arn.map(|arn| ("arn", arn.clone())).into_iter().collect();
    fields.extend(endpoint_fields(request.client));
    let (level, msg) = match &outcome {
        Ok(user) => {
            fields.push(("groups", format!("[{}]", user.groups.join(" "))));
            fields.push(("uid", user.uid.clone()));
            fields.push(("username", user.username.clone()));
            if let (AuthenticatorRelease::Current | AuthenticatorRelease::Y2024, Some(token)) =
                (cluster.authenticator_release, &authentication.token)
            {
                fields.push(("stsendpoint", token.sts_host().to_owned()));
            }
            (Level::Info, "access granted")
        }
        Err(denial) => {
            fields.push(("error", denial.message.clone()));
            (Level::Warning, "access denied")
        }
    };
    authentication.log.push(LogLine {
        time: now,
        level,
        msg: msg.to_owned(),
        fields,
    });
    authentication.outcome = outcome;
    authentication
}

fn authenticate_into(
    so_far: &mut Authentication,
    request: AuthenticationRequest<'_>,
    cluster: &Cluster,
    world: &World,
    now: Timestamp,
) -> Result<UserInfo, Denial> {
    let verifier = Verifier {
        partition: cluster
            .authenticator
            .as_ref()
            .map_or_else(|| cluster.partition(), |config| config.partition),
        region: &cluster.region,
        own_hosts: if cluster.strict_hosts { &[] } else { &world.own_hosts },
    };
    let token = PresignedToken::parse(request.token, verifier, now, &mut so_far.trace).map_err(|error| Denial {
        message: error.to_string(),
        reason: DenialReason::Token(error),
        throttled: false,
    })?;
    so_far.token = Some(token.clone());
    let caller = ask_sts(&token, &cluster.name, world, now, &mut so_far.trace)
        .map_err(|error| sts_denial(error, &token, cluster.authenticator_release, request.sts_request_id))?;
    let (strike, _) = world.faults.step(FaultTarget {
        principal: Some(&caller.arn),
        ..GET_CALLER_IDENTITY
    });
    if let Some(strike) = strike {
        so_far.struck = Some(caller.arn.clone());
        let late_ms = match strike.effect {
            Effect::Latency(milliseconds) => milliseconds.min(CLIENT_TIMEOUT_MS),
            Effect::Timeout => CLIENT_TIMEOUT_MS,
            Effect::Drop | Effect::Error { .. } | Effect::Throttle => 0,
        };
        so_far.late_ms = late_ms;
        let is_only_late = matches!(strike.effect, Effect::Latency(_)) && late_ms < CLIENT_TIMEOUT_MS;
        if !is_only_late {
            let denial = fault_denial(&strike.effect, &token, cluster, request.sts_request_id);
            let (check, rule) = match strike.effect {
                Effect::Throttle => ("sts.rate", "STS accepts one more request"),
                _ => ("sts.answer", "STS answers"),
            };
            so_far.trace.failed_on(check, rule, None, denial.got);
            return Err(denial.denial);
        }
    }
    let identity = identify(&caller, token.access_key_id());
    let identity = identity.map_err(|message| {
        so_far
            .trace
            .failed_on("sts.identity", "the caller is a principal", None, message.clone());
        Denial {
            reason: DenialReason::Identity,
            message: format!("sts getCallerIdentity failed: {message}"),
            throttled: false,
        }
    })?;
    so_far
        .trace
        .passed("sts.identity", "the caller is a principal", identity.arn.clone());
    if cluster.authenticator_release != AuthenticatorRelease::Y2022 && is_loggable(&identity, cluster) {
        so_far
            .log
            .push(sts_response_line(&identity, &token, request.client, now));
    }
    let resolution = mapping::resolve(&identity, cluster);
    so_far.trace.extend(resolution.trace);
    let user = resolution.outcome.map(|user| user_info(user, &identity, cluster));
    so_far.identity = Some(identity);
    user.map_err(|error| Denial {
        message: error.to_string(),
        reason: DenialReason::Mapping(error),
        throttled: false,
    })
}

/// What the authenticator tells of somebody whom it has mapped.
pub(crate) fn user_info(user: MappedUser, identity: &Identity, cluster: &Cluster) -> UserInfo {
    let (uid, extra) = if is_loggable(identity, cluster) {
        let uid = format!("aws-iam-authenticator:{}:{}", identity.account_id, identity.user_id);
        (uid, extra(identity))
    } else {
        let uid = format!("aws-iam-authenticator:administrative:{}", user.username);
        (uid, BTreeMap::new())
    };
    UserInfo {
        username: user.username,
        uid,
        groups: user.groups,
        extra,
    }
}

/// What STS would say to the request that the real authenticator sends: the presigned URL with the verifier's own
/// cluster name.
pub(crate) fn ask_sts(
    token: &PresignedToken,
    cluster_name: &str,
    world: &World,
    now: Timestamp,
    trace: &mut Trace,
) -> Result<CallerIdentity, SigV4Error> {
    // The headers that Go's client sends; a token may have signed any of them.
    let mut headers: Vec<(String, String)> = [
        ("host", token.host()),
        (CLUSTER_ID_HEADER, cluster_name),
        ("accept", "application/json"),
        ("user-agent", "Go-http-client/1.1"),
        ("accept-encoding", "gzip"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    if let Some(user) = token.user() {
        headers.push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(user))));
    }
    let verification = sigv4::verify(
        SignedRequest {
            method: "GET",
            path: token.path(),
            query: token.query(),
            headers: &headers,
            body: b"",
        },
        Receiver {
            service: "sts",
            region: token.receiver_region(),
            skew_minutes: STS_SKEW_MINUTES,
        },
        &world.directory,
        now,
    );
    trace.extend(verification.trace);
    verification.outcome.map(|caller| caller.identity().clone())
}

fn sts_denial(error: SigV4Error, token: &PresignedToken, release: AuthenticatorRelease, request_id: &str) -> Denial {
    let wire = sts::wire_error(&error);
    let body = sts::render_error_json(&wire, request_id);
    let message = sts_failure(wire.status, &body, token, release);
    Denial {
        reason: DenialReason::Sts(error),
        message,
        throttled: false,
    }
}

/// A denial by a fault, with what was got of STS.
struct FaultDenial {
    denial: Denial,
    got: String,
}

/// Texts of connections that end are those of Go's net/http, with the time limit of ten seconds that the authenticator has.
fn fault_denial(effect: &Effect, token: &PresignedToken, cluster: &Cluster, request_id: &str) -> FaultDenial {
    let release = cluster.authenticator_release;
    let during_get = |error: &str| {
        let place = sts_place(token, release);
        let message = format!("sts getCallerIdentity failed: error during GET: {error}{place}");
        FaultDenial {
            denial: Denial {
                reason: DenialReason::StsFault,
                message,
                throttled: false,
            },
            got: error.to_owned(),
        }
    };
    match effect {
        Effect::Drop => during_get("EOF"),
        Effect::Timeout | Effect::Latency(_) => {
            during_get("context deadline exceeded (Client.Timeout exceeded while awaiting headers)")
        }
        Effect::Error { code, status, message } => {
            let body = sts::render_error(code, *status, message, request_id);
            FaultDenial {
                denial: Denial {
                    reason: DenialReason::StsFault,
                    message: sts_failure(*status, &body, token, release),
                    throttled: false,
                },
                got: format!("{status} {code}"),
            }
        }
        Effect::Throttle => FaultDenial {
            denial: throttled_denial(token, release, request_id),
            got: sts::throttling().message,
        },
    }
}

/// The authenticator looks for `Throttling` in the body since aws-iam-authenticator#630 (2023); before, it was an answer
/// like another.
fn throttled_denial(token: &PresignedToken, release: AuthenticatorRelease, request_id: &str) -> Denial {
    let wire = sts::throttling();
    let body = sts::render_error_json(&wire, request_id);
    let (message, throttled) = match release {
        AuthenticatorRelease::Y2022 => (sts_failure(wire.status, &body, token, release), false),
        AuthenticatorRelease::Current | AuthenticatorRelease::Y2024 => {
            (format!("sts getCallerIdentity was throttled: {body}"), true)
        }
    };
    Denial {
        reason: DenialReason::StsThrottled,
        message,
        throttled,
    }
}

/// Where STS was asked, as messages end since 2024.
fn sts_place(token: &PresignedToken, release: AuthenticatorRelease) -> String {
    match release {
        AuthenticatorRelease::Y2022 => String::new(),
        AuthenticatorRelease::Current | AuthenticatorRelease::Y2024 => {
            format!(" on {} endpoint", token.sts_region())
        }
    }
}

fn sts_failure(status: u16, body: &str, token: &PresignedToken, release: AuthenticatorRelease) -> String {
    let place = sts_place(token, release);
    format!("sts getCallerIdentity failed: error from AWS (expected 200, got {status}){place}. Body: {body}")
}

/// An authenticator can be told to keep the principals of some accounts out of its log and out of what it passes on.
fn is_loggable(identity: &Identity, cluster: &Cluster) -> bool {
    let config = cluster.authenticator.as_ref();
    config.is_none_or(|config| config.is_loggable(&identity.account_id))
}

/// Splits what STS answers into the terms of mappings (`getIdentityFromSTSResponse`).
fn identify(caller: &CallerIdentity, access_key_id: &str) -> Result<Identity, String> {
    let canonical = CanonicalArn::parse(&caller.arn).map_err(|error| error.to_string())?;
    let (user_id, session_name) = match canonical.kind {
        PrincipalKind::FederatedUser | PrincipalKind::Root | PrincipalKind::User => (caller.user_id.as_str(), ""),
        PrincipalKind::AssumedRole | PrincipalKind::Role => match caller.user_id.split(':').collect::<Vec<_>>()[..] {
            [id, session] => (id, session),
            _ => {
                return Err(format!(
                    "malformed UserID {}",
                    crate::value::log::go_quote(&caller.user_id)
                ));
            }
        },
    };
    Ok(Identity {
        arn: caller.arn.clone(),
        canonical_arn: canonical.arn,
        account_id: caller.account.to_string(),
        user_id: user_id.to_owned(),
        session_name: session_name.to_owned(),
        access_key_id: access_key_id.to_owned(),
    })
}

/// What the authenticator says of a caller beside its name and groups.
pub(crate) fn extra(identity: &Identity) -> BTreeMap<String, Vec<String>> {
    [
        ("accessKeyId", &identity.access_key_id),
        ("arn", &identity.arn),
        ("canonicalArn", &identity.canonical_arn),
        ("principalId", &identity.user_id),
        ("sessionName", &identity.session_name),
        ("sigs.k8s.io/aws-iam-authenticator/principalId", &identity.user_id),
    ]
    .map(|(name, value)| (name.to_owned(), vec![value.clone()]))
    .into()
}

fn endpoint_fields(client: &str) -> [(&'static str, String); 3] {
    [
        ("client", client.to_owned()),
        ("method", "POST".to_owned()),
        ("path", "/authenticate".to_owned()),
    ]
}

fn sts_response_line(identity: &Identity, token: &PresignedToken, client: &str, now: Timestamp) -> LogLine {
    let mut fields = vec![
        ("accesskeyid", identity.access_key_id.clone()),
        ("accountid", identity.account_id.clone()),
        ("arn", identity.arn.clone()),
        ("session", identity.session_name.clone()),
        ("stsendpoint", token.sts_host().to_owned()),
        ("userid", identity.user_id.clone()),
    ];
    fields.extend(endpoint_fields(client));
    LogLine {
        time: now,
        level: Level::Info,
        msg: "STS response".to_owned(),
        fields,
    }
}
