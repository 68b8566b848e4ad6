//! Whether a scenario shows anything: without the fix its proof must fail, with it its symptom must, every other right fix
//! must do as well, and no mistake may.

use eks_auth_core::scenario::Scenario;
use eks_auth_core::scenario::Step;

use super::Clients;
use super::RunError;
use super::ScenarioStage;
use super::Theatre;
use super::Transcript;
use super::executor::Executor;
use super::executor::Rigour;
use super::explanation_of;

/// Adds to the transcript of a scenario that was reproduced what mutations of it show. What the built-in client cannot do
/// in place of a missing one is reported as not tried.
///
/// # Errors
/// [`RunError`] when a simulator does not start or a client cannot be run.
pub fn mutate(transcript: &mut Transcript, text: &str, clients: &Clients) -> Result<(), RunError> {
    let scenario = transcript.scenario.clone();
    let theatre = Theatre::open(text)?;
    let mut executor = theatre.executor(&scenario, clients)?;
    let mut report = Report { transcript };
    executor.goes_well(ScenarioStage::Symptom, &scenario.symptom, Rigour::Whole)?;
    let unfixed = executor
        .goes_well(ScenarioStage::Proof, &scenario.proof, Rigour::AnyFix)?
        .is_none();
    report.tell(
        !unfixed,
        "without the fix the proof fails",
        "the proof goes well without the fix",
    );
    executor.goes_well(ScenarioStage::Fix, &scenario.fix, Rigour::Whole)?;
    let fault = executor.goes_well(ScenarioStage::Proof, &scenario.proof, Rigour::AnyFix)?;
    report.tell(
        fault.is_none(),
        "with the fix the proof goes well, after it has failed once",
        "with the fix the proof fails, after it has failed once",
    );
    // What happens in the symptom beside commands is what breaks it.
    let commands: Vec<Step> = scenario
        .symptom
        .iter()
        .filter(|step| step.action.is_command())
        .cloned()
        .collect();
    let seen = executor
        .goes_well(ScenarioStage::Symptom, &commands, Rigour::Whole)?
        .is_none();
    report.tell(
        !seen,
        "with the fix the symptom is gone",
        "the symptom is still seen with the fix",
    );
    for repair in &scenario.alternatives {
        let title = &repair.title.en;
        let Some((fault, _)) = after(&scenario, &repair.fix, text, clients)? else {
            report.leave(&format!("the alternative `{title}` was not tried"));
            continue;
        };
        report.tell(
            fault.is_none(),
            &format!("the alternative `{title}` fixes it"),
            &format!(
                "the alternative `{title}` does not fix it: {}",
                fault.as_deref().unwrap_or_default()
            ),
        );
    }
    for mistake in &scenario.mistakes {
        let (title, still) = (&mistake.title.en, mistake.still.id());
        let Some((fault, cause)) = after(&scenario, &mistake.fix, text, clients)? else {
            report.leave(&format!("the mistake `{title}` was not tried"));
            continue;
        };
        let cause = cause.unwrap_or("nothing");
        report.tell(
            fault.is_some() && cause == still,
            &format!("the mistake `{title}` does not fix it: {still}"),
            &match fault {
                Some(_) => format!("after the mistake `{title}` the cause is `{cause}`, not `{still}`"),
                None => format!("the mistake `{title}` fixes it"),
            },
        );
    }
    Ok(())
}

/// What a proof shows: the first fault, and the cause that explains it.
type Shown = (Option<String>, Option<&'static str>);

/// What a proof shows after the symptom and another fix; nothing where the built-in client does not know a command of the
/// fix.
fn after(scenario: &Scenario, fix: &[Step], text: &str, clients: &Clients) -> Result<Option<Shown>, RunError> {
    let theatre = Theatre::open(text)?;
    let mut executor = theatre.executor(scenario, clients)?;
    executor.goes_well(ScenarioStage::Symptom, &scenario.symptom, Rigour::Whole)?;
    match executor.goes_well(ScenarioStage::Fix, fix, Rigour::Whole) {
        Ok(None) => {}
        Ok(Some((fault, _))) => return Ok(Some((Some(fault), None))),
        Err(RunError::NotBuiltIn) => return Ok(None),
        Err(error) => return Err(error),
    }
    Ok(Some(
        match executor.goes_well(ScenarioStage::Proof, &scenario.proof, Rigour::AnyFix)? {
            Some((fault, cause)) => (Some(fault), cause),
            None => (None, None),
        },
    ))
}

impl Executor<'_> {
    /// Does steps up to the first that goes otherwise than it says; that fault, and the cause that explains it.
    fn goes_well(
        &mut self,
        stage: ScenarioStage,
        steps: &[Step],
        rigour: Rigour,
    ) -> Result<Option<(String, Option<&'static str>)>, RunError> {
        for step in steps {
            let (played, faults) = self.run(stage, step.clone(), rigour)?;
            if let Some(fault) = faults.into_iter().next() {
                let cause = explanation_of(&[played]).map(|explanation| explanation.cause.id());
                return Ok(Some((fault, cause)));
            }
        }
        Ok(None)
    }
}

struct Report<'a> {
    transcript: &'a mut Transcript,
}

impl Report<'_> {
    fn leave(&mut self, what: &str) {
        let reason = RunError::NotBuiltIn;
        self.transcript.untried.push(format!("{what}: {reason}"));
    }

    fn tell(&mut self, is_so: bool, good: &str, bad: &str) {
        if is_so {
            self.transcript.mutations.push(good.to_owned());
        } else {
            self.transcript.faults.push(bad.to_owned());
        }
    }
}
