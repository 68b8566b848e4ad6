//! The shell around the services: gives each call its snapshot, keeps what it changes, and carries out its effects.
//!
//! A service is a function of what it is given. Where somebody else has changed the World meanwhile, it is asked once more
//! with the newest one, while nobody else can change it. Making keys and waiting for the disk happen on threads that may
//! block, never on those that serve connections; so do requests that may cost much, few of them at once, so that they hold up
//! one another only.

mod stream;

use std::io;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use eks_auth_core::service;
use eks_auth_core::service::Endpoint;
use eks_auth_core::service::call;
use eks_auth_core::service::call::Call;
use eks_auth_core::service::call::Effect;
use eks_auth_core::service::call::Given;
use eks_auth_core::service::call::Need;
use eks_auth_core::service::call::Outcome;
use eks_auth_core::service::refusal::Refusal;
use eks_auth_core::service::weight::Weight;
use eks_auth_core::service::weight::weight;
use serde_json::json;
use tokio::time::timeout;

use crate::authenticator::api_metrics::OpenRequest;
use crate::authenticator::client_certificate;
use crate::net::http::Answering;
use crate::net::http::Arrived;
use crate::net::http::Handler;
use crate::net::http::Request;
use crate::net::http::Response;
use crate::state::BoundListener;
use crate::state::State;
use crate::state::clock::Stopwatch;
use crate::state::store::StoreError;

/// A call on its way through the shell.
struct Passage {
    stopwatch: Stopwatch,
    given: Given,
    /// Of the logs in `given`.
    logs_version: u64,
    /// The listener in `given`, where one was bound.
    bound: Option<BoundListener>,
}

/// What is still to be done of a call whose changes are kept.
struct Kept {
    effects: Vec<Effect>,
    /// By how much the response is late.
    delay: Duration,
}

/// Why an answer is not there yet.
enum Again {
    /// Something that was lacking is there now.
    Supplied,
    /// What is lacking cannot be had: a sentence.
    Failed(String),
    /// The disk does not take what was changed.
    NotKept(StoreError),
}

/// How long a costly request waits for its turn, and for its answer then: a quarter of kube-apiserver's `--request-timeout`,
/// which it gives to waiting (`priority-and-fairness.go` in `apiserver/pkg/server/filters`), and the whole of it.
const TURN_TIME: Duration = Duration::from_secs(15);
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// What answers the requests to an endpoint, as long as the state is there.
#[must_use]
pub(crate) fn handler(state: Weak<State>, endpoint: Endpoint) -> Handler {
    let endpoint = Arc::new(endpoint);
    Arc::new(move |arrived| answering(Weak::clone(&state), Arc::clone(&endpoint), arrived))
}

fn answering(state: Weak<State>, endpoint: Arc<Endpoint>, arrived: Arrived) -> Answering {
    Box::pin(async move {
        let (response, delay) = answer(state, endpoint, arrived).await;
        // What the simulator is made of is let go of meanwhile.
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        response
    })
}

/// Answers a request, and reports by how much the response is late.
async fn answer(state: Weak<State>, endpoint: Arc<Endpoint>, arrived: Arrived) -> (Response, Duration) {
    let Some(state) = state.upgrade() else {
        return (
            Response::new(503, "text/plain", "the simulator has stopped\n"),
            Duration::ZERO,
        );
    };
    let request = match arrived {
        Arrived::Whole(request) => request,
        Arrived::TooLarge { request, limit } => return refuse(&state, &endpoint, &request, Refusal::TooLarge(limit)),
    };
    if service::is_too_complex(&request.body) {
        return refuse(&state, &endpoint, &request, Refusal::TooComplex(service::MOST_VALUES));
    }
    let stopwatch = Stopwatch::start();
    if weight(&endpoint, &request, &state.snapshot()) == Weight::Heavy {
        return answer_heavy(state, endpoint, request, stopwatch).await;
    }
    let passage = Passage::begin(&state, &endpoint, Some(&request), stopwatch);
    let first = service::answer(&endpoint, &request, passage.given.clone());
    let outcome = &first.outcome;
    let is_change = outcome.world.is_some() || outcome.logs.is_some();
    if outcome.need.is_none() && !(is_change && state.has_disk()) {
        finish(&state, &endpoint, &request, passage, first)
    } else {
        let blocking = tokio::task::spawn_blocking(move || finish(&state, &endpoint, &request, passage, first));
        blocking.await.unwrap_or_else(|_| ended())
    }
}

/// Answers a request that may cost much: on a thread that may block, when it is its turn.
async fn answer_heavy(
    state: Arc<State>,
    endpoint: Arc<Endpoint>,
    request: Request,
    stopwatch: Stopwatch,
) -> (Response, Duration) {
    let request = Arc::new(request);
    let Some(place) = state.costly().place(TURN_TIME).await else {
        return refuse(&state, &endpoint, &request, Refusal::Overloaded);
    };
    let answering = {
        let (state, endpoint, request) = (Arc::clone(&state), Arc::clone(&endpoint), Arc::clone(&request));
        move || {
            let passage = Passage::begin(&state, &endpoint, Some(&request), stopwatch);
            let first = service::answer(&endpoint, &request, passage.given.clone());
            finish(&state, &endpoint, &request, passage, first)
        }
    };
    let Some(answering) = state.costly().run(place, answering) else {
        return ended();
    };
    match timeout(ANSWER_TIME, answering).await {
        Ok(answered) => answered.unwrap_or_else(|_| ended()),
        Err(_) => refuse(&state, &endpoint, &request, Refusal::TimedOut),
    }
}

/// The runtime ends, or a handler has panicked.
fn ended() -> (Response, Duration) {
    let response = Response::new(500, "text/plain", "Internal Server Error\n");
    (response, Duration::ZERO)
}

/// Answers a request that no service looks at.
fn refuse(state: &Arc<State>, endpoint: &Endpoint, request: &Request, refusal: Refusal) -> (Response, Duration) {
    let request_id = state.new_ids().uuid();
    let response = service::refuse(endpoint, request, refusal, &request_id);
    (outgoing(state, response, None), Duration::ZERO)
}

/// Runs a part of a handler as a call of its own.
///
/// # Errors
/// Where what it changes cannot be kept. Nothing is changed then.
pub(crate) fn call<R>(state: &State, run: impl Fn(&Call) -> R) -> Result<R, StoreError> {
    let mut passage = Passage::begin(state, &Endpoint::Aws, None, Stopwatch::start());
    let run = |given| {
        let call = Call::new(given);
        let result = run(&call);
        (result, call.finish())
    };
    let mut so_far = run(passage.given.clone());
    loop {
        match passage.keep(state, so_far, &run) {
            Ok((result, kept)) => {
                passage.write_logs(state, &kept.effects);
                for effect in &kept.effects {
                    carry_out(state, effect, &passage);
                }
                return Ok(result);
            }
            // What a part of a handler lacks it goes without.
            Err((last, Again::Failed(_))) => return Ok(last),
            Err((_, Again::NotKept(error))) => return Err(error),
            Err((_, Again::Supplied)) => so_far = run(passage.given.clone()),
        }
    }
}

/// Takes an answer to its end: what it lacks is supplied, what it changes is kept, and what it asks for is done. Tells by how
/// much the response is late as well.
fn finish(
    state: &Arc<State>,
    endpoint: &Endpoint,
    request: &Request,
    mut passage: Passage,
    first: service::Answer,
) -> (Response, Duration) {
    let run = |given| {
        let service::Answer { response, outcome } = service::answer(endpoint, request, given);
        (response, outcome)
    };
    let mut so_far = (first.response, first.outcome);
    loop {
        match passage.keep(state, so_far, &run) {
            Ok((response, Kept { effects, delay })) => {
                return (passage.send(state, request, response, effects), delay);
            }
            Err((_, Again::Failed(why))) => return (server_exception(&why), Duration::ZERO),
            // The log says why, and what to do.
            Err((_, Again::NotKept(_))) => {
                let service::Answer { response, outcome } = service::not_kept(endpoint, request, passage.given.clone());
                return (passage.send(state, request, response, outcome.effects), Duration::ZERO);
            }
            Err((_, Again::Supplied)) => so_far = run(passage.given.clone()),
        }
    }
}

impl Passage {
    fn begin(state: &State, endpoint: &Endpoint, request: Option<&Request>, stopwatch: Stopwatch) -> Self {
        let world = state.snapshot();
        let now = world.clock.now(state.clients_now());
        // No API server reads them.
        let (logs, logs_version) = match endpoint {
            Endpoint::Aws => state.logs().version(),
            Endpoint::Cluster(_) | Endpoint::Webhook(_) => Default::default(),
        };
        let listeners = state.listeners();
        let certificate = match (listeners, request.map(|request| request.peer.certificates())) {
            (Some(listeners), Some(shown @ [_, ..])) => client_certificate::user(listeners.authority(), shown, now),
            _ => Ok(None),
        };
        Self {
            stopwatch,
            given: Given {
                logs,
                ids: state.new_ids(),
                token_cache: state.token_cache(),
                last_used: state.last_used(),
                certificate,
                listener: match listeners {
                    Some(_) => call::Listener::OnDemand,
                    None => call::Listener::None,
                },
                ..Given::new(world, now)
            },
            logs_version,
            bound: None,
        }
    }

    /// Keeps what was changed, running again where that was made of what is no longer the newest.
    fn keep<T>(
        &mut self,
        state: &State,
        (mut result, mut outcome): (T, Outcome),
        run: &impl Fn(Given) -> (T, Outcome),
    ) -> Result<(T, Kept), (T, Again)> {
        if outcome.need.is_some() || (outcome.world.is_none() && outcome.logs.is_none()) {
            return self.kept(state, result, outcome);
        }
        let writer = state.begin_change();
        let newest = state.snapshot();
        if !Arc::ptr_eq(&newest, &self.given.world) {
            self.given.world = newest;
            (result, outcome) = run(self.given.clone());
        }
        if outcome.need.is_some() {
            drop(writer);
            return self.kept(state, result, outcome);
        }
        if let Some(logs) = outcome.logs.take() {
            if let Err(error) = state.logs().check() {
                return Err((result, Again::NotKept(error)));
            }
            let mut again = None;
            state.logs().replace(self.logs_version, logs, |logs| {
                self.given.logs = logs.clone();
                let (result, mut outcome) = run(self.given.clone());
                // What lacks something is run again, so that none of it is kept.
                let logs = outcome.logs.take().filter(|_| outcome.need.is_none());
                again = Some((result, outcome));
                logs
            });
            if let Some(ran) = again {
                (result, outcome) = ran;
            }
            if outcome.world.is_none() {
                // Others need not wait for the disk that the logs are on.
                drop(writer);
                return match state.logs().flush() {
                    Ok(()) => self.kept(state, result, outcome),
                    Err(error) => Err((result, Again::NotKept(error))),
                };
            }
            if let Err(error) = state.logs().flush() {
                return Err((result, Again::NotKept(error)));
            }
        }
        if let (None, Some(world)) = (&outcome.need, outcome.world.take())
            && let Err(error) = state.publish(&writer, world)
        {
            return Err((result, Again::NotKept(error)));
        }
        drop(writer);
        self.kept(state, result, outcome)
    }

    /// What was kept, unless something is lacking, which is supplied.
    fn kept<T>(&mut self, state: &State, result: T, outcome: Outcome) -> Result<(T, Kept), (T, Again)> {
        match outcome.need {
            None => Ok((
                result,
                Kept {
                    effects: outcome.effects,
                    delay: outcome.delay,
                },
            )),
            Some(need) => Err((
                result,
                self.supply(state, need)
                    .map_or_else(Again::Failed, |()| Again::Supplied),
            )),
        }
    }

    /// Gets what a handler cannot go on without.
    ///
    /// # Errors
    /// A sentence.
    fn supply(&mut self, state: &State, need: Need) -> Result<(), String> {
        match need {
            Need::Listener => {
                let listeners = state.listeners().ok_or("eks-auth-sim has no listeners here")?;
                let bound = listeners.bind().map_err(|error| cannot_listen(&error))?;
                self.given.listener = call::Listener::Bound {
                    endpoint: bound.endpoint.clone(),
                    certificate_authority: bound.certificate_authority.clone(),
                };
                self.bound = Some(bound);
            }
            Need::SigningKey(cluster) => {
                let key = state.signing_key(&cluster);
                self.given.signing_key = Some(key.map_err(|why| format!("eks-auth-sim cannot make a key: {why}"))?);
            }
        }
        Ok(())
    }

    /// Writes to CloudWatch Logs what of the effects belongs there, together.
    fn write_logs(&self, state: &State, effects: &[Effect]) {
        if effects.iter().any(Effect::has_logs) {
            let now = self.given.now;
            state
                .logs()
                .change(|store| effects.iter().for_each(|effect| effect.write_logs(store, now)));
        }
    }

    /// Carries out what was asked for, and makes the answer ready to be sent.
    fn send(
        mut self,
        state: &Arc<State>,
        request: &Request,
        mut response: service::http::Response,
        effects: Vec<Effect>,
    ) -> Response {
        let mut open_request = None;
        let mut failure = None;
        self.write_logs(state, &effects);
        for effect in &effects {
            match effect {
                Effect::Counted(counted) => open_request = state.count(request, counted, &response, self.stopwatch),
                Effect::ShowMetrics => response.body = state.metrics().render(),
                Effect::ShowApiMetrics(cluster) => {
                    if let Some(metrics) = state.api_metrics(cluster) {
                        response.body = metrics.render(cluster);
                    }
                }
                Effect::Open(cluster) => {
                    if let (Some(listeners), Some(bound)) = (state.listeners(), self.bound.take())
                        && let Err(error) = listeners.open(cluster, bound)
                    {
                        failure = Some(cannot_listen(&error));
                    }
                }
                Effect::Close(cluster) => {
                    if let Some(Err(error)) = state.listeners().map(|listeners| listeners.close(cluster)) {
                        failure = Some(format!("eks-auth-sim cannot write its files: {error}"));
                    }
                }
                other => carry_out(state, other, &self),
            }
        }
        match failure {
            Some(why) => server_exception(&why),
            None => outgoing(state, response, open_request),
        }
    }
}

/// Carries out what concerns no response.
fn carry_out(state: &State, effect: &Effect, passage: &Passage) {
    match effect {
        Effect::Record(time, kind) => {
            state.journal().record(*time, kind.clone());
        }
        Effect::AuthenticatorLog(_, lines) => {
            for line in lines {
                state.write_line(line);
            }
        }
        Effect::OwnLog(line) => state.write_line(line),
        Effect::Used(id, last) => state.note_use(id, last.clone()),
        Effect::KeepJudgement {
            cluster,
            token,
            judgement,
        } => state.keep_judgement(cluster, token.expose(), judgement.clone()),
        Effect::ForgetJudgements => state.forget_judgements(),
        Effect::Judged(authentication) => state.metrics().judged(authentication, passage.stopwatch.seconds()),
        Effect::Malformed => state.metrics().malformed(passage.stopwatch.seconds()),
        Effect::ResetApiMetrics(cluster) => {
            if let Some(metrics) = state.api_metrics(cluster) {
                metrics.reset();
            }
        }
        // Those of logs are written together, the others concern a response.
        Effect::ControlPlaneLog(..)
        | Effect::BeginLogs(_)
        | Effect::OpenLogs(_)
        | Effect::KeepQuery(_)
        | Effect::Counted(_)
        | Effect::ShowMetrics
        | Effect::ShowApiMetrics(_)
        | Effect::Open(_)
        | Effect::Close(_) => {}
    }
}

/// The answer as a listener sends it.
fn outgoing(state: &Arc<State>, response: service::http::Response, open_request: Option<OpenRequest>) -> Response {
    let started = response
        .delivery
        .try_map(|stream| stream::start(state, stream, open_request));
    match started {
        Ok(delivery) => Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
            delivery,
        },
        Err(why) => server_exception(&why),
    }
}

fn cannot_listen(error: &io::Error) -> String {
    format!("eks-auth-sim cannot listen: {error}")
}

/// What the simulator itself cannot do: as a service of AWS says it.
fn server_exception(why: &str) -> Response {
    let body = json!({"message": why}).to_string();
    Response::new(500, "application/json", body).with_header("x-amzn-errortype", "ServerException")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::thread;

    use eks_auth_core::cluster::eks::parameter::LogType;
    use eks_auth_core::scenario;
    use eks_auth_core::value::instant::Timestamp;
    use eks_auth_core::value::log::Level;

    use super::*;
    use crate::state::clock::ManualClock;

    const CLUSTER: &str = "my-cluster";

    fn state() -> State {
        let now = Timestamp::UNIX_EPOCH;
        let world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
        State::new(world, Box::new(ManualClock::new(now)), Box::new(|_| {})).unwrap()
    }

    #[test]
    fn a_line_comes_to_the_log_group_too() {
        let state = state();
        call(&state, |call| {
            call.log_now(CLUSTER, Level::Error, "hello".to_owned(), Vec::new());
        })
        .unwrap();
        let world = state.snapshot();
        let cluster = world.cluster(CLUSTER).unwrap();
        let logs = state.logs().snapshot();
        let name = cluster.log_stream(LogType::Authenticator).unwrap();
        let group = logs.group(&cluster.log_group()).unwrap();
        let (_, stream) = group.streams().find(|(stream, _)| **stream == *name).unwrap();
        let last = stream.events().last().unwrap();
        assert!(last.message.contains("msg=hello"), "{}", last.message);
    }

    #[test]
    fn a_call_whose_world_is_no_longer_the_newest_runs_again() {
        let state = state();
        let runs = Cell::new(0);
        let ids = call(&state, |call| {
            runs.set(runs.get() + 1);
            if runs.get() == 1 {
                state.change(|world| world.cluster_creation_seconds = 7).unwrap();
            }
            call.change(|world| {
                let seen = world.cluster_creation_seconds;
                world.own_hosts.push(seen.to_string());
                seen
            })
        })
        .unwrap();
        assert_eq!((ids, runs.get()), (7, 2));
        let world = state.snapshot();
        assert_eq!(world.cluster_creation_seconds, 7);
        assert_eq!(world.own_hosts, ["7"]);
    }

    #[test]
    fn a_clusters_key_is_made_once_whoever_asks() {
        let state = state();
        let keys = thread::scope(|scope| {
            let asking: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| state.signing_key(CLUSTER).unwrap()))
                .collect();
            asking
                .into_iter()
                .map(|asked| asked.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(keys.windows(2).all(|pair| Arc::ptr_eq(&pair[0], &pair[1])));
    }
}
