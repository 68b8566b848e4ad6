//! A shell for tests: what there is between two calls, in memory.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::Endpoint;
use super::answer;
use super::call::Call;
use super::call::Effect;
use super::call::Given;
use super::call::Need;
use super::call::Outcome;
use super::event::Event;
use super::event::EventKind;
use super::http::Request;
use super::http::Response;
use super::stream::Seen;
use super::stream::Step;
use super::stream::Stream;
use crate::aws::jwt::testing::key;
use crate::value::instant::Timestamp;
use crate::value::log::LogLine;
use crate::world::World;

/// What stands between two calls; its clock stands still.
pub(super) struct State {
    given: RefCell<Given>,
    machine: Timestamp,
    events: RefCell<Vec<Event>>,
    lines: RefCell<Vec<String>>,
}

/// What was recorded.
pub(super) struct Journal(Vec<Event>);

impl Journal {
    pub(super) fn last(&self, wanted: impl Fn(&EventKind) -> bool) -> Option<Event> {
        self.0.iter().rev().find(|event| wanted(&event.kind)).cloned()
    }
}

impl State {
    pub(super) fn new(world: World, machine: Timestamp) -> Self {
        let given = Given::new(Arc::new(world), machine);
        let state = Self {
            given: RefCell::new(given),
            machine,
            events: RefCell::default(),
            lines: RefCell::default(),
        };
        for cluster in state.snapshot().clusters.values() {
            state.carry_out(&Effect::BeginLogs(Arc::clone(cluster)));
        }
        state
    }

    pub(super) fn snapshot(&self) -> Arc<World> {
        Arc::clone(&self.given.borrow().world)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.snapshot().clock.now(self.machine)
    }

    /// What a stream has to say now.
    pub(super) fn step(&self, stream: &mut dyn Stream) -> Step {
        let now = self.now();
        let given = self.given.borrow();
        stream.step(Seen {
            world: &given.world,
            logs: &given.logs,
            now,
        })
    }

    pub(super) fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        change(Arc::make_mut(&mut self.given.borrow_mut().world))
    }

    pub(super) fn journal(&self) -> Journal {
        Journal(self.events.borrow().clone())
    }

    /// The newest line of every log, which is forgotten.
    pub(super) fn take_line(&self) -> Option<String> {
        self.lines.borrow_mut().pop()
    }

    pub(super) fn aws(&self, request: &Request) -> Response {
        self.answer(&Endpoint::Aws, request)
    }

    pub(super) fn kube(&self, cluster: &str, request: &Request) -> Response {
        self.answer(&Endpoint::Cluster(cluster.to_owned()), request)
    }

    /// By how much the answer of the AWS endpoint is late; nothing else comes of it.
    pub(super) fn delay_of(&self, request: &Request) -> Duration {
        answer(&Endpoint::Aws, request, self.given()).outcome.delay
    }

    fn answer(&self, endpoint: &Endpoint, request: &Request) -> Response {
        loop {
            let answer = answer(endpoint, request, self.given());
            if self.take(answer.outcome) {
                return answer.response;
            }
        }
    }

    /// Runs a part of a handler.
    pub(super) fn call<R>(&self, run: impl Fn(&Call) -> R) -> R {
        loop {
            let call = Call::new(self.given());
            let result = run(&call);
            if self.take(call.finish()) {
                return result;
            }
        }
    }

    fn given(&self) -> Given {
        let now = self.now();
        let mut given = self.given.borrow_mut();
        given.now = now;
        let id = given.ids.uuid();
        Given {
            ids: given.ids.fork(&id),
            ..given.clone()
        }
    }

    /// Takes over what became of a call, where nothing was lacking.
    fn take(&self, outcome: Outcome) -> bool {
        match outcome.need {
            Some(Need::SigningKey(_)) => {
                self.given.borrow_mut().signing_key = Some(Arc::new(key().clone()));
                return false;
            }
            Some(Need::Listener) => panic!("there are no listeners"),
            None => {}
        }
        if let Some(world) = outcome.world {
            self.given.borrow_mut().world = world;
        }
        if let Some(logs) = outcome.logs {
            self.given.borrow_mut().logs = logs;
        }
        for effect in &outcome.effects {
            self.carry_out(effect);
        }
        true
    }

    fn carry_out(&self, effect: &Effect) {
        let mut given = self.given.borrow_mut();
        let now = given.now;
        effect.write_logs(&mut given.logs, now);
        match effect {
            Effect::Record(time, kind) => {
                let mut events = self.events.borrow_mut();
                let sequence = events.len() as u64 + 1;
                events.push(Event {
                    sequence,
                    time: *time,
                    kind: kind.clone(),
                });
            }
            Effect::AuthenticatorLog(_, lines) => self.lines.borrow_mut().extend(lines.iter().map(LogLine::render)),
            Effect::OwnLog(line) => self.lines.borrow_mut().push(line.render()),
            Effect::Used(id, last) => given.last_used.note(id, last.clone()),
            Effect::KeepJudgement {
                cluster,
                token,
                judgement,
            } => given.token_cache.keep(cluster, token.expose(), judgement.clone()),
            Effect::ForgetJudgements => given.token_cache.clear(),
            _ => {}
        }
    }
}
