//! Transcripts for people and for programs.

use std::fmt::Write as _;

use eks_auth_core::scenario::Edit;
use eks_auth_core::scenario::Text;
use eks_auth_core::value::printable;
use serde_json::Value;
use serde_json::json;

use super::PlayedStep;
use super::ScenarioStage;
use super::Transcript;

/// The language of what people read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// The text in this language.
    #[must_use]
    pub fn of(self, text: &Text) -> &str {
        match self {
            Self::English => &text.en,
            Self::Korean => &text.ko,
        }
    }

    /// That of two texts which is in this language.
    pub(crate) fn pick(self, english: &'static str, korean: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::Korean => korean,
        }
    }
}

/// The transcript as text.
#[must_use]
pub fn text(transcript: &Transcript, language: Language) -> String {
    let scenario = &transcript.scenario;
    let title = printable::line(language.of(&scenario.title).trim_end());
    let mut text = format!("━━ {} · {title}\n\n", scenario.id);
    indent(&mut text, "   ", language.of(&scenario.story));
    for (stage, heading) in [
        (ScenarioStage::Symptom, language.pick("SYMPTOM", "증상")),
        (ScenarioStage::Fix, language.pick("FIX", "해결")),
        (ScenarioStage::Proof, language.pick("PROOF", "확인")),
    ] {
        let mut steps = transcript
            .played
            .iter()
            .filter(|played| played.stage == stage)
            .peekable();
        if steps.peek().is_none() {
            continue;
        }
        let _ = write!(text, "\n{heading}\n");
        for played in steps {
            write_step(&mut text, played, language);
        }
        if let (ScenarioStage::Symptom, Some(explanation)) = (stage, &transcript.explanation) {
            let heading = language.pick("CAUSE", "원인");
            let _ = write!(text, "\n{heading}  {}\n", explanation.cause.id());
            indent(&mut text, "   ", &explanation.sentence);
            for fact in &explanation.evidence {
                indent(&mut text, "   · ", fact);
            }
            indent(&mut text, "   → ", &explanation.fix);
        }
    }
    text.push('\n');
    for mutation in &transcript.mutations {
        let _ = writeln!(text, "✔ {}: {mutation}", scenario.id);
    }
    for untried in &transcript.untried {
        let _ = writeln!(text, "– {}: {untried}", scenario.id);
    }
    if let Some(reason) = &transcript.skipped {
        let _ = writeln!(text, "– {}: {reason}", scenario.id);
    } else if transcript.is_reproduced() {
        let verdict = language.pick("reproduced, explained, fixed", "재현, 원인 파악, 해결 완료");
        let _ = writeln!(text, "✔ {}: {verdict} ({:.1} s)", scenario.id, transcript.seconds);
    } else {
        for fault in &transcript.faults {
            let _ = writeln!(text, "✘ {}: {fault}", scenario.id);
        }
    }
    text
}

pub(super) fn write_step(text: &mut String, played: &PlayedStep, language: Language) {
    let profile = played
        .step
        .profile
        .as_ref()
        .map(|profile| format!("AWS_PROFILE={profile} "))
        .unwrap_or_default();
    let stand_in = if played.real {
        ""
    } else {
        language.pick("   (by the built-in client)", "   (내장 클라이언트로 실행)")
    };
    let command = played.step.command();
    let mut lines = command.lines();
    let first = lines.next().unwrap_or_default();
    let prompt = if command.starts_with('(') { "·" } else { "$" };
    let _ = writeln!(text, "   {prompt} {profile}{first}{stand_in}");
    for line in lines {
        let _ = writeln!(text, "   > {line}");
    }
    match &played.step.edit {
        Some(Edit::Insert { after, lines }) => {
            let told = language.pick("in the editor, behind", "편집기에서 다음 줄 뒤에 추가");
            let _ = writeln!(text, "   ┆ {told} `{after}`:");
            indent(text, "   ┆ ", lines);
        }
        Some(Edit::Replace { line, with }) => {
            let told = language.pick("in the editor, in place of", "편집기에서 다음 줄을 교체");
            let _ = writeln!(text, "   ┆ {told} `{line}`:");
            indent(text, "   ┆ ", with);
        }
        None => {}
    }
    indent(text, "   │ ", &brief(&played.output));
    if let Some(profile) = &played.step.save_key_as {
        let note = language.pick("the new key goes into profile", "새 액세스 키를 저장한 프로필:");
        let _ = writeln!(text, "   ┆ {note} {profile}");
    }
    if played.exit_code != Some(0) {
        let code = played.exit_code.map_or_else(|| "–".to_owned(), |code| code.to_string());
        let _ = writeln!(text, "   ┆ {} {code}", language.pick("exit code", "종료 코드"));
    }
    if !played.step.log.is_empty() {
        let _ = writeln!(text, "   ┆ {}", language.pick("authenticator log", "인증자 로그"));
        if let Some(line) = played.log.last() {
            let _ = writeln!(text, "   ┆ {line}");
        }
    }
}

/// Output in which lines that kubectl repeats while discovery fails stand once, with their number.
fn brief(output: &str) -> String {
    // Such lines differ only in time and process, which stand before the bracket.
    let gist = |line: &str| line.split_once("] ").map(|(_, rest)| rest.to_owned());
    let mut lines: Vec<(&str, usize)> = Vec::new();
    for line in output.lines() {
        match lines.last_mut() {
            Some((last, count)) if gist(last).is_some() && gist(last) == gist(line) => *count += 1,
            _ => lines.push((line, 1)),
        }
    }
    let lines: Vec<String> = lines
        .into_iter()
        .map(|(line, count)| match count {
            1 => line.to_owned(),
            count => format!("{line}  (×{count})"),
        })
        .collect();
    lines.join("\n")
}

pub(super) fn indent(text: &mut String, prefix: &str, block: &str) {
    for line in block.trim_end().lines() {
        let _ = writeln!(text, "{prefix}{line}");
    }
}

/// The transcript as JSON.
#[must_use]
pub fn json(transcript: &Transcript) -> Value {
    let steps: Vec<Value> = transcript
        .played
        .iter()
        .map(|played| {
            json!({
                "stage": match played.stage {
                    ScenarioStage::Symptom => "symptom",
                    ScenarioStage::Fix => "fix",
                    ScenarioStage::Proof => "proof",
                },
                "run": played.step.command(),
                "profile": played.step.profile,
                "real_client": played.real,
                "output": played.output,
                "exit_code": played.exit_code,
                "log": played.log,
            })
        })
        .collect();
    json!({
        "scenario": transcript.scenario.id,
        "reproduced": transcript.is_reproduced(),
        "skipped": transcript.skipped,
        "seconds": transcript.seconds,
        "cause": transcript.explanation.as_ref().map(|explanation| explanation.cause.id()),
        "fix": transcript.explanation.as_ref().map(|explanation| &explanation.fix),
        "mutations": transcript.mutations,
        "untried": transcript.untried,
        "steps": steps,
        "faults": transcript.faults,
    })
}

/// The transcripts as JUnit XML: a suite, and a case for each scenario.
#[must_use]
pub fn junit(transcripts: &[Transcript]) -> String {
    let count = |wanted: fn(&Transcript) -> bool| transcripts.iter().filter(|transcript| wanted(transcript)).count();
    let seconds: f64 = transcripts.iter().map(|transcript| transcript.seconds).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites><testsuite name=\"eks-auth-sim scenarios\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\">",
        transcripts.len(),
        count(|transcript| !transcript.faults.is_empty()),
        count(|transcript| transcript.skipped.is_some()),
    );
    for transcript in transcripts {
        let _ = writeln!(
            xml,
            "<testcase classname=\"scenarios\" name=\"{}\" time=\"{:.3}\">",
            transcript.scenario.id, transcript.seconds
        );
        if !transcript.faults.is_empty() {
            let faults = escape(&transcript.faults.join("\n"));
            let _ = writeln!(
                xml,
                "<failure message=\"{}\">{faults}</failure>",
                faults.replace('\n', "&#10;")
            );
        }
        if let Some(reason) = &transcript.skipped {
            let _ = writeln!(xml, "<skipped message=\"{}\"/>", escape(reason));
        }
        let _ = writeln!(
            xml,
            "<system-out>{}</system-out>\n</testcase>",
            escape(&text(transcript, Language::English))
        );
    }
    xml.push_str("</testsuite></testsuites>\n");
    xml
}

/// Text inside XML. Characters that XML has not, such as those that colour a terminal, are left out.
fn escape(text: &str) -> String {
    let is_in_xml = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    let text: String = text.chars().filter(|c| is_in_xml(*c)).collect();
    quick_xml::escape::escape(&*text).into_owned()
}

/// The transcripts as a Markdown document.
#[must_use]
pub fn markdown(transcripts: &[Transcript], language: Language) -> String {
    let mut document = format!("# {}\n", language.pick("Scenarios", "시나리오"));
    for transcript in transcripts {
        let scenario = &transcript.scenario;
        let mark = match (&transcript.skipped, transcript.is_reproduced()) {
            (Some(_), _) => "–",
            (None, true) => "✔",
            (None, false) => "✘",
        };
        let _ = write!(
            document,
            "\n## {mark} {} · {}\n\n{}\n",
            scenario.id,
            printable::line(language.of(&scenario.title).trim_end()),
            language.of(&scenario.story).trim_end()
        );
        if let Some(explanation) = &transcript.explanation {
            let heading = language.pick("Cause", "원인");
            let _ = write!(
                document,
                "\n**{heading}:** `{}`: {}\n",
                explanation.cause.id(),
                explanation.sentence
            );
        }
        // A fence that no line of a transcript is as long as.
        let transcript_text = text(transcript, language);
        let _ = write!(document, "\n````text\n{}````\n", transcript_text);
        if let Some(learned) = &scenario.learned {
            let _ = write!(
                document,
                "\n> {}\n",
                language.of(learned).trim_end().replace('\n', "\n> ")
            );
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_discovery_errors_are_told_once() {
        let line = |time: &str| format!("E1124 {time}    7 memcache.go:265] \"Unhandled Error\" err=\"no\"");
        let output = format!("{}\n{}\n{}\nerror: no\n", line("1"), line("2"), line("3"));
        assert_eq!(brief(&output), format!("{}  (×3)\nerror: no", line("1")));
    }
}
