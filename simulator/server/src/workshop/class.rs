//! The class: who sits where, how far each is, and what they ask for. Everything but HTTP.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::RwLock;

use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;
use eks_auth_core::value::instant::Timestamp;
use eks_auth_core::value::printable;
use subtle::ConstantTimeEq;

use super::archive;
use super::judge::is_observable;
use super::judge::judge;
use super::judge::observe;
use super::script;
use super::script::Welcome;
use super::seat::Bundle;
use super::seat::Ground;
use super::seat::SeatError;
use super::seat::SeatWorld;
use crate::control;
use crate::runner::Language;
use crate::runner::Outcome;
use crate::runner::apply_action;
use crate::simulator::StartError;
use crate::state::clock::Clock;
use crate::state::clock::SystemClock;

/// Longer names would break the projector's table.
const LONGEST_NAME: usize = 40;

/// A secret word of a URL. It is compared in constant time and not printed by accident.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// 128 bits from the system.
    pub(super) fn new() -> Result<Self, StartError> {
        Ok(Self(format!("{:016x}{:016x}", random()?, random()?)))
    }

    /// Whether this is it.
    pub(super) fn is(&self, given: &str) -> bool {
        bool::from(self.0.as_bytes().ct_eq(given.as_bytes()))
    }

    /// That of a code that people type.
    pub(super) fn of_code(code: &str) -> Self {
        Self(plain(code))
    }

    /// Whether this is what somebody typed, whatever its case, its dashes and its blanks.
    pub(super) fn is_code(&self, typed: &str) -> bool {
        self.is(&plain(typed))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// A code as it is compared.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// 64 bits from the system.
pub(super) fn random() -> Result<u64, StartError> {
    getrandom::u64().map_err(|error| StartError::Io(std::io::Error::other(error.to_string())))
}

/// A code that people type: eight letters and digits, without those that look alike.
pub(super) fn join_code() -> Result<String, StartError> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bits = random()?;
    let mut code = String::new();
    for at in 0..8 {
        if at == 4 {
            code.push('-');
        }
        let letter = LETTERS.get(usize::try_from(bits % 32).unwrap_or_default());
        code.push(char::from(letter.copied().unwrap_or(b'A')));
        bits /= 32;
    }
    Ok(code)
}

const ALL_DONE: Refusal = Refusal::NotNow("every scenario is done");

/// The class.
pub(super) struct Class {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) capacity: usize,
    pub(super) ground: Ground,
    // A std lock: held to look somebody up or to seat somebody, never across an await.
    seats: RwLock<Vec<Arc<Seat>>>,
    /// Held by whoever is being seated, which takes milliseconds; nobody else waits for it.
    joining: Mutex<()>,
}

/// One learner's place.
pub(super) struct Seat {
    /// From 1.
    pub(super) number: usize,
    /// As the learner typed it: data, not markup.
    pub(super) name: String,
    pub(super) token: Token,
    pub(super) language: Language,
    pub(super) joined: Timestamp,
    // A std lock: held for one request, which does not wait.
    desk: Mutex<Desk>,
}

/// What changes at a seat.
pub(super) struct Desk {
    pub(super) world: SeatWorld,
    /// The scenario at which the learner is; that behind the last one when all are done.
    pub(super) at: usize,
    /// One for each scenario that was begun.
    pub(super) progress: Vec<Progress>,
    check: Option<Check>,
    /// What the last check said, and whether it went well.
    pub(super) verdict: Option<(bool, String)>,
    last_denial: Option<(u64, String)>,
    /// The journal's number when the symptom had been shown: what came before it shows no fix.
    staged_at: u64,
    /// Whether the presenter began this scenario again.
    pub(super) was_reset_by_presenter: bool,
}

/// How far somebody is with one scenario.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) began: Timestamp,
    pub(super) solved: Option<Timestamp>,
    pub(super) skipped: bool,
    pub(super) hints: usize,
    pub(super) checks: usize,
    pub(super) resets: usize,
    symptom_seen: bool,
}

impl Progress {
    fn begin() -> Self {
        Self {
            began: SystemClock.now(),
            solved: None,
            skipped: false,
            hints: 0,
            checks: 0,
            resets: 0,
            symptom_seen: false,
        }
    }

    /// Seconds until it was solved, or until now.
    pub(super) fn seconds(&self) -> i64 {
        self.solved
            .unwrap_or_else(|| SystemClock.now())
            .seconds_since(self.began)
    }
}

/// A check that goes on.
struct Check {
    id: u64,
    /// The step that is next.
    step: usize,
    /// The journal's number when it began.
    since: u64,
}

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0}")]
    Name(&'static str),
    #[error("every seat is taken")]
    Full,
    #[error("somebody of that name has a seat already")]
    NameTaken,
    #[error("not now: {0}")]
    NotNow(&'static str),
    #[error("{0}")]
    Start(#[from] StartError),
    #[error(transparent)]
    Seat(#[from] SeatError),
}

impl Class {
    pub(super) fn new(scenarios: Vec<Scenario>, capacity: usize, ground: Ground) -> Self {
        Self {
            scenarios,
            capacity,
            ground,
            seats: RwLock::default(),
            joining: Mutex::default(),
        }
    }

    /// The scenario at that place.
    fn scenario(&self, at: usize) -> Result<&Scenario, Refusal> {
        self.scenarios.get(at).ok_or(ALL_DONE)
    }

    /// Everybody, in the order in which they came.
    pub(super) fn seats(&self) -> Vec<Arc<Seat>> {
        self.seats.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The seat of that number.
    pub(super) fn seat(&self, number: usize) -> Option<Arc<Seat>> {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        seats.get(number.checked_sub(1)?).cloned()
    }

    /// The seat that `NUMBER-TOKEN` opens.
    pub(super) fn open(&self, key: &str) -> Option<Arc<Seat>> {
        let (number, token) = key.split_once('-')?;
        let seat = self.seat(number.parse().ok()?)?;
        seat.token.is(token).then_some(seat)
    }

    /// Gives somebody a seat, whose world is staged now.
    pub(super) fn join(&self, name: &str, language: Language) -> Result<Arc<Seat>, Refusal> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(printable::is_hidden) {
            return Err(Refusal::Name("a name has 1 to 40 characters, each of which is seen"));
        }
        let first = self.scenarios.first().ok_or(Refusal::NotNow("there is no scenario"))?;
        let _joining = self.joining.lock().unwrap_or_else(PoisonError::into_inner);
        let seats = self.seats();
        if seats.iter().any(|seat| seat.name == name) {
            return Err(Refusal::NameTaken);
        }
        if seats.len() >= self.capacity {
            return Err(Refusal::Full);
        }
        let number = seats.len() + 1;
        let world = SeatWorld::start(&self.ground, number, random()?, first)?;
        let seat = Arc::new(Seat {
            number,
            name: name.to_owned(),
            token: Token::new()?,
            language,
            joined: SystemClock.now(),
            desk: Mutex::new(Desk {
                world,
                at: 0,
                progress: vec![Progress::begin()],
                check: None,
                verdict: None,
                last_denial: None,
                staged_at: 0,
                was_reset_by_presenter: false,
            }),
        });
        let mut seats = self.seats.write().unwrap_or_else(PoisonError::into_inner);
        seats.push(Arc::clone(&seat));
        Ok(seat)
    }
}

impl Seat {
    /// `NUMBER-TOKEN`, which [`Class::open`] reads.
    pub(super) fn key(&self) -> String {
        format!("{}-{}", self.number, self.token.expose())
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pick(&self, english: &'static str, korean: &'static str) -> &'static str {
        self.language.pick(english, korean)
    }

    /// The story, and what can be done, as text.
    pub(super) fn story(&self, class: &Class) -> String {
        let desk = self.desk();
        let Some(scenario) = class.scenarios.get(desk.at) else {
            return self
                .pick("Every scenario is done.\n", "모든 시나리오를 마쳤습니다.\n")
                .to_owned();
        };
        format!(
            "\n━━ {}/{} · {}\n\n{}\n\n{}\n",
            desk.at + 1,
            class.scenarios.len(),
            self.language.of(&scenario.title).trim_end(),
            self.language.of(&scenario.story).trim_end(),
            self.pick(
                "check    is it fixed? The commands of the proof are run here, and the cluster says whom it let in\n\
                 hint     the next hint\n\
                 symptom  what was seen in the beginning, once more\n\
                 story    this text\n\
                 reset    all as at the beginning\n\
                 next     the next scenario, once this one is solved; `skip` goes on without\n\
                 leave    this shell is as it was",
                "check    해결되었는지 확인합니다. 이 셸에서 명령을 실행하고, 클러스터가 누구를 들여보냈는지 확인합니다\n\
                 hint     다음 힌트\n\
                 symptom  처음에 관찰된 증상을 다시 확인\n\
                 story    이 안내를 다시 표시\n\
                 reset    처음 상태로 되돌리기\n\
                 next     해결한 뒤 다음 시나리오로 이동. 그냥 넘어가려면 `skip`\n\
                 leave    셸을 원래 상태로 되돌리기",
            )
        )
    }

    /// The script that the learner's shell reads in.
    pub(super) fn environment(&self, class: &Class, url: &str) -> Result<String, Refusal> {
        let (welcome, bundle) = self.welcome(class, url)?;
        Ok(script::environment(&welcome, &bundle))
    }

    /// The same as an archive, for machines that cannot read the script.
    pub(super) fn archive(&self, class: &Class, url: &str) -> Result<Vec<u8>, Refusal> {
        let (welcome, bundle) = self.welcome(class, url)?;
        Ok(archive::archive(&welcome, &bundle, SystemClock.now()).map_err(SeatError::File)?)
    }

    fn welcome<'a>(&self, class: &Class, url: &'a str) -> Result<(Welcome<'a>, Bundle), Refusal> {
        let desk = self.desk();
        let scenario = class.scenarios.get(desk.at).or(class.scenarios.last());
        let scenario = scenario.ok_or(Refusal::NotNow("there is no scenario"))?;
        let bundle = desk.world.bundle(scenario)?;
        let progress = desk.progress.get(desk.at);
        let welcome = Welcome {
            number: self.number,
            url,
            language: self.language,
            shows_symptom: progress.is_some_and(|progress| !progress.symptom_seen),
        };
        Ok((welcome, bundle))
    }

    /// The next hint, counted.
    pub(super) fn hint(&self, class: &Class) -> Result<String, Refusal> {
        let mut desk = self.desk();
        let at = desk.at;
        let hints = class.scenarios.get(at).map(|scenario| &*scenario.hints);
        let (Some(hints), Some(progress)) = (hints, desk.progress.get_mut(at)) else {
            return Err(ALL_DONE);
        };
        if hints.is_empty() {
            return Ok(self.pick("There are no hints.\n", "힌트가 없습니다.\n").to_owned());
        }
        // After it is solved they cost nothing.
        if progress.solved.is_none() {
            progress.hints = (progress.hints + 1).min(hints.len());
        }
        let number = progress.hints.clamp(1, hints.len());
        let hint = hints
            .get(number - 1)
            .map_or("", |hint| self.language.of(hint).trim_end());
        Ok(format!(
            "{} {number}/{}: {hint}\n",
            self.pick("Hint", "힌트"),
            hints.len()
        ))
    }

    /// The script that shows the symptom.
    pub(super) fn symptom(&self, class: &Class, url: &str) -> Result<String, Refusal> {
        let desk = self.desk();
        let scenario = class.scenario(desk.at)?;
        Ok(script::steps(
            &desk.world,
            &scenario.symptom,
            &format!("{url}/symptom"),
        )?)
    }

    /// A step of the symptom begins: what happens to the world does so the first time only.
    pub(super) fn symptom_begins(&self, class: &Class, step: usize) -> Result<(), Refusal> {
        let desk = self.desk();
        let steps = class.scenarios.get(desk.at).map(|scenario| &scenario.symptom);
        let step = steps
            .and_then(|steps| steps.get(step))
            .ok_or(Refusal::NotNow("no such step"))?;
        if desk
            .progress
            .get(desk.at)
            .is_some_and(|progress| !progress.symptom_seen)
        {
            apply_action(desk.world.state(), &step.action)?;
        }
        Ok(())
    }

    /// A step of the symptom is over.
    pub(super) fn symptom_ends(&self, class: &Class, step: usize) {
        let mut desk = self.desk();
        let at = desk.at;
        let count = class.scenarios.get(at).map_or(0, |scenario| scenario.symptom.len());
        let now = desk.world.state().journal().sequence();
        if let (Some(progress), true) = (desk.progress.get_mut(at), step + 1 == count)
            && !progress.symptom_seen
        {
            progress.symptom_seen = true;
            desk.staged_at = now;
        }
    }

    /// Begins a check: the script that runs the proof.
    pub(super) fn check(&self, class: &Class, url: &str) -> Result<String, Refusal> {
        let mut desk = self.desk();
        let at = desk.at;
        let scenario = class.scenario(at)?;
        let id = random()?;
        let script = script::steps(&desk.world, &scenario.proof, &format!("{url}/check/{id}"))?;
        desk.check = Some(Check { id, step: 0, since: 0 });
        if let Some(progress) = desk.progress.get_mut(at) {
            progress.checks += 1;
        }
        Ok(script)
    }

    /// A step of the check begins.
    pub(super) fn step_begins(&self, class: &Class, id: u64, step: usize) -> Result<(), Refusal> {
        let mut desk = self.desk();
        let proof = proof(class, &desk, step)?.clone();
        let since = desk.world.state().journal().sequence();
        let check = desk.check.as_mut().filter(|check| check.id == id && check.step == step);
        check.ok_or(Refusal::NotNow("another check was begun"))?.since = since;
        apply_action(desk.world.state(), &proof.action)?;
        Ok(())
    }

    /// A step of the check is over. Whether the check goes on, and what to tell.
    pub(super) fn step_ends(
        &self,
        class: &Class,
        id: u64,
        step: usize,
        outcome: &Outcome,
    ) -> Result<(bool, String), Refusal> {
        let mut desk = self.desk();
        let proof = proof(class, &desk, step)?.clone();
        let check = desk.check.as_mut().filter(|check| check.id == id && check.step == step);
        let check = check.ok_or(Refusal::NotNow("another check was begun"))?;
        let since = check.since;
        check.step += 1;
        let state = Arc::clone(desk.world.state());
        let faults = if proof.action.is_command() {
            judge(&proof, outcome, &state, &state.journal().since(since))
        } else {
            Vec::new()
        };
        let at = desk.at;
        let scenario = class.scenario(at)?;
        if !faults.is_empty() {
            desk.check = None;
            // What a command that failed did not print is no news.
            let told = if proof.exit.is(outcome.exit_code) {
                faults.len()
            } else {
                1
            };
            let faults = faults.into_iter().take(told);
            return Ok((false, self.tell_unsolved(&mut desk, faults, since)));
        }
        if step + 1 < scenario.proof.len() {
            return Ok((true, String::new()));
        }
        desk.check = None;
        Ok((true, self.tell_solved(class, &mut desk)?))
    }

    /// Whether the page has a check of its own for the scenario at which a desk is.
    pub(super) fn page_checks(class: &Class, desk: &Desk) -> bool {
        let proof = class.scenarios.get(desk.at).map(|scenario| &scenario.proof);
        proof.is_some_and(|proof| is_observable(proof))
    }

    /// The page's check: whether the seat's world has seen the proof go well, whoever typed it and where.
    pub(super) fn look(&self, class: &Class) -> Result<String, Refusal> {
        let mut desk = self.desk();
        let at = desk.at;
        let scenario = class.scenario(at)?;
        if !Self::page_checks(class, &desk) {
            return Err(Refusal::NotNow("only `check` in the shell can tell"));
        }
        let state = Arc::clone(desk.world.state());
        let since = desk.staged_at;
        let progress = desk.progress.get_mut(at).ok_or(Refusal::NotNow("nothing was begun"))?;
        progress.checks += 1;
        if !progress.symptom_seen && !script::only_looks(&scenario.symptom) {
            let unseen = self.pick(
                "Run `symptom` first: it shows what went wrong, and lets it go wrong.",
                "먼저 `symptom`을 실행하세요. 문제 상황을 재현하고 증상을 보여 줍니다.",
            );
            return Ok(self.tell_unsolved(&mut desk, [unseen.to_owned()], since));
        }
        let lacking = observe(&scenario.proof, &state, &state.journal().since(since));
        if lacking.is_empty() {
            return self.tell_solved(class, &mut desk);
        }
        let mut faults = Vec::new();
        for (step, why) in lacking {
            let profile = step.profile.as_ref();
            let profile = profile.map_or_else(String::new, |profile| format!("AWS_PROFILE={profile} "));
            faults.push(format!("{profile}{}: {why}", step.command()));
        }
        let mut text = self.tell_unsolved(&mut desk, faults, since);
        text.push_str(self.pick(
            "   This page goes by what your cluster has seen: run that in your terminal, and check again.\n",
            "   이 페이지는 클러스터가 처리한 요청을 보고 판정합니다. 위 명령을 터미널에서 실행한 뒤 다시 확인하세요.\n",
        ));
        desk.verdict = Some((false, text.clone()));
        Ok(text)
    }

    /// A verdict: these are wrong, and what the newest refusal behind event `since` means.
    fn tell_unsolved(&self, desk: &mut Desk, faults: impl IntoIterator<Item = String>, since: u64) -> String {
        let mut text = format!("✘ {}\n", self.pick("Not fixed yet.", "아직 해결되지 않았습니다."));
        for fault in faults {
            text.push_str(&format!("   {fault}\n"));
        }
        if let Some((_, explanation)) = control::explain_denial(desk.world.state(), since) {
            text.push_str(&format!(
                "   {} {}: {}\n",
                self.pick("Still wrong:", "남은 문제:"),
                explanation.cause.id(),
                explanation.sentence
            ));
        }
        desk.verdict = Some((false, text.clone()));
        text
    }

    /// A verdict: it is solved, and what was learned.
    fn tell_solved(&self, class: &Class, desk: &mut Desk) -> Result<String, Refusal> {
        let at = desk.at;
        let scenario = class.scenario(at)?;
        let progress = desk.progress.get_mut(at).ok_or(Refusal::NotNow("nothing was begun"))?;
        progress.solved.get_or_insert_with(|| SystemClock.now());
        let (seconds, hints) = (progress.seconds(), progress.hints);
        let mut text = format!("✔ {}\n", self.pick("Fixed.", "해결되었습니다."));
        if let Some(learned) = &scenario.learned {
            text.push_str(&format!("   {}\n", self.language.of(learned).trim_end()));
        }
        let (minutes, seconds, total) = (seconds / 60, seconds % 60, scenario.hints.len());
        text.push_str(&match self.language {
            Language::English => format!("   time {minutes}:{seconds:02} · hints {hints} of {total}\n"),
            Language::Korean => {
                format!("   소요 시간 {minutes}분 {seconds:02}초 · 사용한 힌트 {total}개 중 {hints}개\n")
            }
        });
        if at + 1 < class.scenarios.len() {
            text.push_str(self.pick("   Go on with `next`.\n", "   `next`로 다음 시나리오를 시작하세요.\n"));
        }
        desk.verdict = Some((true, text.clone()));
        Ok(text)
    }

    /// Goes on to the next scenario, or goes past this one.
    pub(super) fn next(&self, class: &Class, skips: bool) -> Result<String, Refusal> {
        let mut desk = self.desk();
        let at = desk.at;
        let progress = desk.progress.get_mut(at).ok_or(ALL_DONE)?;
        match (progress.solved, skips) {
            (None, false) => {
                return Err(Refusal::NotNow(
                    "`check` has not found it fixed; `skip` goes on without",
                ));
            }
            (None, true) => progress.skipped = true,
            (Some(_), _) => {}
        }
        let next = class.scenarios.get(at + 1);
        if let Some(scenario) = next {
            desk.world.restage(scenario)?;
            desk.progress.push(Progress::begin());
        }
        desk.at = at + 1;
        desk.clear();
        let done = self.pick(
            "That was the last one. Well done.\n",
            "마지막 시나리오였습니다. 수고하셨습니다.\n",
        );
        Ok(if next.is_some() { String::new() } else { done.to_owned() })
    }

    /// Begins the scenario again. Its time and its hints go on.
    pub(super) fn reset(&self, class: &Class, by_presenter: bool) -> Result<String, Refusal> {
        let mut desk = self.desk();
        let at = desk.at;
        let scenario = class.scenario(at)?;
        desk.world.restage(scenario)?;
        if let Some(progress) = desk.progress.get_mut(at) {
            progress.resets += 1;
            progress.solved = None;
            progress.symptom_seen = false;
        }
        desk.clear();
        desk.was_reset_by_presenter = by_presenter;
        Ok(self
            .pick("All is as at the beginning.\n", "처음 상태로 되돌렸습니다.\n")
            .to_owned())
    }
}

impl Desk {
    fn clear(&mut self) {
        self.check = None;
        self.verdict = None;
        self.last_denial = None;
        self.staged_at = 0;
        self.was_reset_by_presenter = false;
    }

    /// Why the seat's cluster refused somebody last: the cause, and a sentence.
    pub(super) fn last_denial(&mut self) -> Option<&str> {
        let known = self.last_denial.as_ref().map_or(0, |(sequence, _)| *sequence);
        if self.world.state().journal().sequence() > known
            && let Some((sequence, explanation)) = control::explain_denial(self.world.state(), known)
        {
            let text = format!("{}: {}", explanation.cause.id(), explanation.sentence);
            self.last_denial = Some((sequence, text));
        }
        self.last_denial.as_ref().map(|(_, text)| text.as_str())
    }
}

/// A step of the proof of the scenario at which a desk is.
fn proof<'a>(class: &'a Class, desk: &Desk, step: usize) -> Result<&'a Step, Refusal> {
    let steps = class.scenarios.get(desk.at).map(|scenario| &scenario.proof);
    steps
        .and_then(|steps| steps.get(step))
        .ok_or(Refusal::NotNow("no such step"))
}
