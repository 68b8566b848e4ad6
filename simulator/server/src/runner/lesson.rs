//! A scenario as a lesson: what the commands of a learner's shell do.
//!
//! Whether it is solved shows by acting: the proof is run with the real clients, in the learner's home and with the variables
//! of the learner's shell. So every right fix counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use eks_auth_core::explain::Explanation;
use eks_auth_core::scenario::Scenario;
use eks_auth_core::value::printable;

use super::Clients;
use super::Language;
use super::PlayedStep;
use super::RunError;
use super::ScenarioStage;
use super::Theatre;
use super::executor::Executor;
use super::executor::Rigour;
use super::explanation_of;
use super::render;
use crate::state::clock::Stopwatch;

/// What a learner can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Check,
    Explain,
    GiveUp,
    Hint,
    Reset,
    Story,
}

impl Request {
    /// Each, with the name of its command.
    pub(crate) const ALL: [(&str, Self); 6] = [
        ("check", Self::Check),
        ("explain", Self::Explain),
        ("give-up", Self::GiveUp),
        ("hint", Self::Hint),
        ("reset", Self::Reset),
        ("story", Self::Story),
    ];

    /// That of a command.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, request)| *request)
    }
}

/// A scenario that is being learnt.
pub(crate) struct Lesson<'a> {
    theatre: &'a Theatre,
    clients: &'a Clients,
    scenario: Scenario,
    text: String,
    language: Language,
    executor: Executor<'a>,
    watch: Stopwatch,
    /// What was seen when the scenario was staged.
    symptom: Vec<PlayedStep>,
    hints_used: usize,
    is_solved: bool,
    was_given_up: bool,
}

impl<'a> Lesson<'a> {
    /// Stages the scenario: its symptom is played, for what else happens in it is what breaks it.
    ///
    /// # Errors
    /// [`RunError`], also when the symptom is not seen.
    pub(crate) fn begin(
        theatre: &'a Theatre,
        clients: &'a Clients,
        scenario: Scenario,
        text: String,
        language: Language,
    ) -> Result<Self, RunError> {
        let executor = theatre.executor(&scenario, clients)?;
        let mut lesson = Self {
            theatre,
            clients,
            scenario,
            text,
            language,
            executor,
            watch: Stopwatch::start(),
            symptom: Vec::new(),
            hints_used: 0,
            is_solved: false,
            was_given_up: false,
        };
        lesson.stage()?;
        lesson.watch = Stopwatch::start();
        Ok(lesson)
    }

    /// Whether the learner, or a proof for the learner, has solved it.
    pub(crate) fn is_solved(&self) -> bool {
        self.is_solved
    }

    /// The variables of the learner's shell.
    ///
    /// # Errors
    /// [`RunError`] when PATH cannot be made.
    pub(crate) fn shell_env(&mut self) -> Result<BTreeMap<String, String>, RunError> {
        self.executor.home().shell_env()
    }

    /// Where the learner is.
    pub(crate) fn home(&mut self) -> std::path::PathBuf {
        self.executor.home().folder().to_owned()
    }

    /// Where the learner's commands are.
    pub(crate) fn bin(&mut self) -> std::path::PathBuf {
        self.executor.home().bin().to_owned()
    }

    fn stage(&mut self) -> Result<(), RunError> {
        self.symptom.clear();
        for step in self.scenario.symptom.clone() {
            let (played, faults) = self.executor.run(ScenarioStage::Symptom, step, Rigour::Whole)?;
            self.symptom.push(played);
            if let Some(fault) = faults.into_iter().next() {
                return Err(RunError::Symptom(fault));
            }
        }
        Ok(())
    }

    fn restage(&mut self) -> Result<(), RunError> {
        self.theatre.running.restage(&self.text)?;
        self.executor = self.theatre.executor(&self.scenario, self.clients)?;
        self.stage()
    }

    /// Answers a request; `env` are the variables of the learner's shell, `tell` shows text as it comes. Whether the thing
    /// asked is so.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be done.
    pub(crate) fn answer(
        &mut self,
        request: Request,
        env: BTreeMap<String, String>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<bool, RunError> {
        match request {
            Request::Check => {
                self.executor.home().adopt_env(env);
                self.check(tell)
            }
            Request::Explain => {
                self.executor.home().adopt_env(env);
                self.explain(tell)
            }
            Request::GiveUp => self.give_up(tell),
            Request::Hint => {
                tell(&self.hint());
                Ok(true)
            }
            Request::Reset => {
                tell(self.pick("Resetting …\n", "처음 상태로 되돌리는 중 …\n"));
                self.restage()?;
                self.is_solved = false;
                tell(self.pick(
                    "All is as at the beginning. Variables that you set in this shell stay as they are.\n",
                    "처음 상태로 되돌렸습니다. 이 셸에서 설정한 변수는 그대로 남아 있습니다.\n",
                ));
                Ok(true)
            }
            Request::Story => {
                tell(&self.story());
                Ok(true)
            }
        }
    }

    fn pick(&self, english: &'static str, korean: &'static str) -> &'static str {
        self.language.pick(english, korean)
    }

    /// The story, what was seen, and what can be done.
    pub(crate) fn story(&self) -> String {
        let language = self.language;
        let mut text = format!(
            "━━ {} · {}\n\n",
            self.scenario.id,
            printable::line(language.of(&self.scenario.title).trim_end())
        );
        render::indent(&mut text, "   ", language.of(&self.scenario.story));
        let _ = write!(text, "\n{}\n", self.pick("WHAT WAS SEEN", "관찰된 증상"));
        for played in &self.symptom {
            render::write_step(&mut text, played, language);
        }
        let profiles = self.scenario.profile_names();
        let _ = write!(
            text,
            "\n{}\n{}: {}\n\n{}",
            self.pick("YOUR SHELL", "셸 안내"),
            self.pick("   Profiles of the AWS CLI", "   AWS CLI 프로필"),
            profiles.join(", "),
            self.pick(
                "   Fix it with aws, kubectl and an editor, as you would at work. Commands:\n   \
                 check    is it fixed? The commands of the proof are run\n   \
                 hint     the next hint\n   \
                 explain  why it fails now, with every check that was made\n   \
                 story    this text\n   \
                 reset    all as at the beginning\n   \
                 give-up  the recommended fix is made and shown\n   \
                 exit     leave; everything stops and is removed\n",
                "   평소처럼 aws, kubectl, 편집기로 문제를 해결하세요. 사용할 수 있는 명령:\n   \
                 check    해결되었는지 실제로 명령을 실행해 확인\n   \
                 hint     다음 힌트\n   \
                 explain  지금 실패하는 이유와 거친 검사를 모두 표시\n   \
                 story    이 안내를 다시 표시\n   \
                 reset    처음 상태로 되돌리기\n   \
                 give-up  권장 해결 방법을 적용하고 보여 주기\n   \
                 exit     나가기. 모든 것이 종료되고 삭제됩니다\n",
            )
        );
        text
    }

    fn hint(&mut self) -> String {
        let total = self.scenario.hints.len();
        let at = self.hints_used.min(total.saturating_sub(1));
        let Some(hint) = self.scenario.hints.get(at) else {
            return self.pick("There are no hints.\n", "힌트가 없습니다.\n").to_owned();
        };
        let hint = self.language.of(hint).trim_end();
        let mut text = format!("{} {}/{total}: {hint}\n", self.pick("Hint", "힌트"), at + 1);
        if self.hints_used >= total {
            text.push_str(self.pick(
                "That was the last one; `give-up` makes the fix and shows it.\n",
                "마지막 힌트였습니다. `give-up`을 실행하면 해결 방법을 적용해 보여 줍니다.\n",
            ));
        }
        self.hints_used = (self.hints_used + 1).min(total + 1);
        text
    }

    /// Runs the proof; the step that failed, and what was wrong with it.
    fn prove(&mut self, tell: &mut dyn FnMut(&str)) -> Result<Option<(PlayedStep, Vec<String>)>, RunError> {
        for step in self.scenario.proof.clone() {
            let (played, faults) = self.executor.run(ScenarioStage::Proof, step, Rigour::AnyFix)?;
            let mut text = String::new();
            render::write_step(&mut text, &played, self.language);
            tell(&text);
            if !faults.is_empty() {
                return Ok(Some((played, faults)));
            }
        }
        Ok(None)
    }

    fn check(&mut self, tell: &mut dyn FnMut(&str)) -> Result<bool, RunError> {
        match self.prove(tell)? {
            Some((played, faults)) => {
                self.is_solved = false;
                let mut text = format!("\n✘ {}\n", self.pick("Not fixed yet.", "아직 해결되지 않았습니다."));
                // What a command that failed did not print is no news.
                let told = if played.step.exit.is(played.exit_code) {
                    faults.len()
                } else {
                    1
                };
                for fault in faults.iter().take(told) {
                    let _ = writeln!(text, "   {fault}");
                }
                let explanation = explanation_of(std::slice::from_ref(&played));
                if let Some(explanation) = explanation.filter(|found| !found.cause.id().starts_with("granted")) {
                    let _ = writeln!(
                        text,
                        "   {} {}: {}",
                        self.pick("Still wrong:", "남은 문제:"),
                        explanation.cause.id(),
                        explanation.sentence
                    );
                }
                tell(&text);
                Ok(false)
            }
            None => {
                self.is_solved = true;
                tell(&self.conclusion());
                Ok(true)
            }
        }
    }

    /// What is printed at the end.
    fn conclusion(&self) -> String {
        let mut text = format!("\n✔ {}\n", self.pick("Fixed.", "해결되었습니다."));
        if let Some(learned) = &self.scenario.learned {
            let _ = writeln!(text, "\n{}", self.pick("LEARNED", "배운 점"));
            render::indent(&mut text, "   ", self.language.of(learned));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "nobody learns for longer than 2^64 seconds, or less than none"
        )]
        let seconds = self.watch.seconds() as u64;
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let hints = self.hints_used.min(self.scenario.hints.len());
        let total = self.scenario.hints.len();
        let _ = match self.language {
            Language::English => writeln!(text, "\n   time {minutes}:{seconds:02} · hints {hints} of {total}"),
            Language::Korean => writeln!(
                text,
                "\n   소요 시간 {minutes}분 {seconds:02}초 · 사용한 힌트 {total}개 중 {hints}개"
            ),
        };
        if self.was_given_up {
            text.push_str(self.pick("   The fix was shown.\n", "   해결 방법을 보고 마쳤습니다.\n"));
        }
        text
    }

    fn explain(&mut self, tell: &mut dyn FnMut(&str)) -> Result<bool, RunError> {
        let mut quiet = |_: &str| {};
        let failed = self.prove(&mut quiet)?;
        let explanation = failed
            .as_ref()
            .and_then(|(played, _)| explanation_of(std::slice::from_ref(played)))
            .map(Explanation::render_text);
        match (failed, explanation) {
            (None, _) => tell(self.pick(
                "Nothing fails: try `check`.\n",
                "실패하는 명령이 없습니다. `check`를 실행해 보세요.\n",
            )),
            (Some((played, _)), Some(text)) => tell(&format!("$ {}\n{text}", played.step.command())),
            (Some((played, faults)), None) => {
                tell(&format!(
                    "$ {}\n{}\n{}\n",
                    played.step.command(),
                    played.output,
                    faults.join("\n")
                ));
            }
        }
        Ok(true)
    }

    fn give_up(&mut self, tell: &mut dyn FnMut(&str)) -> Result<bool, RunError> {
        self.was_given_up = true;
        tell(self.pick(
            "From the beginning, with the recommended fix:\n\n",
            "처음 상태에서 권장 해결 방법을 적용합니다.\n\n",
        ));
        self.restage()?;
        for step in self.scenario.fix.clone() {
            let (played, _) = self.executor.run(ScenarioStage::Fix, step, Rigour::Whole)?;
            let mut text = String::new();
            render::write_step(&mut text, &played, self.language);
            tell(&text);
        }
        self.check(tell)
    }
}
