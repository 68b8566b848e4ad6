//! The answer to what was pasted, as `explain` and `import` print it.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use eks_auth_core::explain::Cause;
use eks_auth_core::explain::Certainty;
use eks_auth_core::explain::fix_commands;
use eks_auth_core::scenario::import::Artifact;
use eks_auth_core::scenario::import::Finding;
use eks_auth_core::scenario::ticket;
use eks_auth_core::scenario::ticket::Answer;
use eks_auth_core::scenario::ticket::Basis;
use eks_auth_core::scenario::ticket::Fact;
use eks_auth_core::scenario::ticket::Judgement;
use eks_auth_core::value::printable;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use super::read_file_within;
use super::terminal;
use crate::runner::Language;

/// A ticket may have a log of hours in it; more is no excerpt.
const TICKET_LIMIT: u64 = 64 << 20;
/// So many findings are printed for people. A program gets all of them.
const PRINTED: usize = 20;

/// Reads texts by their files; `-` is standard input.
pub(super) fn read_texts(files: &[String], texts: &mut Vec<Artifact>) -> Result<(), Failure> {
    for file in files {
        let text = read_file_within(
            TICKET_LIMIT,
            file,
            "it is larger than 64 MiB: cut the log down to the time of the denial",
        )
        .and_then(decoded)
        .map_err(|error| Failure::usage(format!("cannot read `{file}`: {error}")))?;
        texts.push(Artifact {
            file: if file == "-" { "stdin".to_owned() } else { file.clone() },
            text,
            kind: None,
        });
    }
    Ok(())
}

/// Bytes as text: UTF-8, what Windows writes as UTF-16, and what is in other encodings, of which ARNs and messages are ASCII.
pub(super) fn decoded(bytes: Vec<u8>) -> io::Result<String> {
    let not_text = || io::Error::other("it is no text");
    let units = |rest: &[u8], of: fn([u8; 2]) -> u16| -> Vec<u16> {
        rest.chunks_exact(2)
            .map(|pair| {
                of([
                    pair.first().copied().unwrap_or_default(),
                    pair.last().copied().unwrap_or_default(),
                ])
            })
            .collect()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => String::from_utf16(&units(rest, u16::from_le_bytes)).map_err(|_| not_text()),
        [0xfe, 0xff, rest @ ..] => String::from_utf16(&units(rest, u16::from_be_bytes)).map_err(|_| not_text()),
        bytes if bytes.contains(&0) => Err(not_text()),
        bytes => Ok(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Prints an answer. The exit code is 1 where the cause is not known.
pub(super) fn print(answer: &Answer, output: Output, language: Language) -> Result<ExitCode, Failure> {
    let mut out = terminal::out();
    match output {
        Output::Json => out.json(format_args!("{:#}", value(answer, language)))?,
        Output::Text => write!(out, "{}", text(answer, language))?,
    }
    Ok(match answer.main.certainty {
        Certainty::NotKnown => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// For people. What others wrote is in it, and ends none of its lines.
fn text(answer: &Answer, language: Language) -> String {
    let main = &answer.main;
    let cause = language.pick("cause", "원인");
    let mut text = format!("{cause}: {}\n", verdict(main, language));
    for sentence in sentences(main, language) {
        let _ = writeln!(text, "{}", printable::line(&sentence));
    }
    if !main.evidence.is_empty() {
        let _ = writeln!(text, "\n{}:", language.pick("evidence", "근거"));
        for fact in &main.evidence {
            let _ = writeln!(text, "  {}", shown(fact));
        }
    }
    let fix = language.pick("fix", "해결");
    match (korean_fix(main, language), main.fix.is_empty()) {
        (Some(summary), true) => {
            let _ = writeln!(text, "{fix}: {summary}");
        }
        (Some(summary), false) => {
            let _ = writeln!(text, "{fix}: {summary}\n  {}", printable::line(&main.fix));
        }
        (None, false) => {
            let _ = writeln!(text, "{fix}: {}", printable::line(&main.fix));
        }
        (None, true) => {}
    }
    if !main.look_at.is_empty() {
        let _ = writeln!(text, "{}:", language.pick("to settle it", "확정하려면"));
        for look in &main.look_at {
            let _ = writeln!(text, "  {}", printable::line(look));
        }
    }
    if !answer.read.is_empty() {
        let parts = answer.read.iter().map(|part| {
            let lines = if part.first_line == part.last_line {
                part.first_line.to_string()
            } else {
                format!("{}-{}", part.first_line, part.last_line)
            };
            format!("{} ({}:{lines})", part.kind, printable::line(&part.file))
        });
        let read = language.pick("read", "읽은 자료");
        let _ = writeln!(text, "{read}: {}", parts.collect::<Vec<_>>().join(", "));
    }
    if !answer.others.is_empty() {
        let _ = writeln!(text, "\n{}:", language.pick("also", "그 밖에"));
        for other in &answer.others {
            let _ = writeln!(text, "  {}", verdict(other, language));
            for sentence in sentences(other, language) {
                let _ = writeln!(text, "    {}", printable::line(&sentence));
            }
            for fact in &other.evidence {
                let _ = writeln!(text, "    {}", shown(fact));
            }
        }
    }
    if !answer.findings.is_empty() {
        let _ = writeln!(text, "\n{}:", language.pick("notes", "참고"));
        for finding in answer.findings.iter().take(PRINTED) {
            let _ = writeln!(text, "  - {}", finding.to_string().replace('\n', "\n    "));
        }
        let more = answer.findings.len().saturating_sub(PRINTED);
        if more > 0 {
            let _ = writeln!(text, "  {more} more; `--output json` has all");
        }
    }
    text
}

/// The cause, and how sure it is.
fn verdict(judgement: &Judgement, language: Language) -> String {
    match &judgement.certainty {
        Certainty::Named(cause) => format!("{} ({})", cause.id(), named_by(judgement.basis, language)),
        Certainty::Likeliest { cause, of } => {
            let others: Vec<&str> = of
                .iter()
                .filter(|other| *other != cause)
                .map(|other| other.id())
                .collect();
            let (id, count, others) = (cause.id(), of.len(), others.join(", "));
            match language {
                Language::English if others.is_empty() => format!("{id} (likely)"),
                Language::Korean if others.is_empty() => format!("{id} (유력)"),
                Language::English => format!("{id} (likeliest of {count}: or {others})"),
                Language::Korean => format!("{id} (후보 {count}개 중 가장 유력: 또는 {others})"),
            }
        }
        Certainty::NotKnown => language.pick("not known", "알 수 없음").to_owned(),
        Certainty::NotAccess => language.pick("not EKS access", "EKS 접근 문제가 아님").to_owned(),
    }
}

fn named_by(basis: Basis, language: Language) -> &'static str {
    match basis {
        Basis::Files => language.pick("named by the files", "자료로 확인됨"),
        Basis::Lint => language.pick("named by the configuration", "설정으로 확인됨"),
        Basis::Log => language.pick("named by the log", "로그로 확인됨"),
        Basis::Text => language.pick("named by the text", "텍스트로 확인됨"),
    }
}

/// In Korean the cause's own words, then those that have the names.
fn sentences(judgement: &Judgement, language: Language) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(korean) = korean_sentence(judgement, language) {
        sentences.push(korean.to_owned());
    }
    if !judgement.sentence.is_empty() {
        sentences.push(judgement.sentence.clone());
    }
    sentences
}

fn korean_sentence(judgement: &Judgement, language: Language) -> Option<&'static str> {
    if language == Language::English {
        return None;
    }
    match &judgement.certainty {
        Certainty::Named(cause) | Certainty::Likeliest { cause, .. } => {
            ticket::korean(*cause).map(|korean| korean.sentence)
        }
        Certainty::NotKnown => Some("이 텍스트만으로는 원인을 알 수 없습니다."),
        Certainty::NotAccess => Some("EKS 접근과 관계없는 오류입니다."),
    }
}

fn korean_fix(judgement: &Judgement, language: Language) -> Option<&'static str> {
    let cause = judgement.certainty.cause().filter(|_| language == Language::Korean)?;
    ticket::korean(cause).map(|korean| korean.fix)
}

fn shown(fact: &Fact) -> String {
    let text = printable::line(fact.text.trim());
    match fact.line {
        Some(line) => format!("{}:{line}: {text}", printable::line(&fact.file)),
        None => text.into_owned(),
    }
}

/// For programs. docs/explain.md has the members.
fn value(answer: &Answer, language: Language) -> Value {
    let mut whole = judgement_value(&answer.main, language);
    let more = json!({
        "read": answer.read.iter().map(|part| json!({
            "kind": part.kind,
            "file": part.file,
            "first_line": part.first_line,
            "last_line": part.last_line,
        })).collect::<Vec<_>>(),
        "others": answer.others.iter().map(|other| judgement_value(other, language)).collect::<Vec<_>>(),
        "findings": answer.findings.iter().map(finding_value).collect::<Vec<_>>(),
    });
    if let (Value::Object(whole), Value::Object(more)) = (&mut whole, more) {
        whole.extend(more);
    }
    whole
}

fn judgement_value(judgement: &Judgement, language: Language) -> Value {
    let (certainty, possible): (&str, Vec<&str>) = match &judgement.certainty {
        Certainty::Named(cause) => ("named", vec![cause.id()]),
        Certainty::Likeliest { of, .. } => ("likeliest", of.iter().map(|cause| cause.id()).collect()),
        Certainty::NotKnown => ("not-known", Vec::new()),
        Certainty::NotAccess => ("not-eks-access", Vec::new()),
    };
    let evidence = judgement.evidence.iter().map(|fact| {
        json!({
            "file": fact.file,
            "line": fact.line,
            "text": fact.text,
        })
    });
    let mut value = json!({
        "cause": judgement.certainty.cause().map(Cause::id),
        "certainty": certainty,
        "basis": judgement.basis.as_str(),
        "possible": possible,
        "sentence": judgement.sentence,
        "evidence": evidence.collect::<Vec<_>>(),
        "fix": judgement.fix,
        "commands": fix_commands(&judgement.fix),
        "look_at": judgement.look_at,
    });
    if let (Value::Object(members), Language::Korean) = (&mut value, language) {
        members.insert("sentence_ko".to_owned(), json!(korean_sentence(judgement, language)));
        members.insert("fix_ko".to_owned(), json!(korean_fix(judgement, language)));
    }
    value
}

/// A finding as JSON has it.
pub(super) fn finding_value(finding: &Finding) -> Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity.to_string(),
        "message": finding.message,
        "fix": finding.fix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        ticket::answer(&[Artifact {
            file: "ticket.txt".to_owned(),
            text: text.to_owned(),
            kind: None,
        }])
    }

    #[test]
    fn a_named_cause_has_its_line_and_its_fix() {
        let answer = answer(
            "Hi,\n\nUnable to locate credentials. You can configure credentials by running \"aws configure\".\n",
        );
        let english = text(&answer, Language::English);
        assert!(
            english.starts_with("cause: credentials-missing (named by the text)\n"),
            "{english}"
        );
        assert!(
            english.contains("\nevidence:\n  ticket.txt:3: Unable to locate"),
            "{english}"
        );
        assert!(english.contains("\nfix: "), "{english}");
        let korean = text(&answer, Language::Korean);
        for label in ["원인: credentials-missing", "근거:", "해결:"] {
            assert!(korean.contains(label), "{korean}");
        }
        let json = value(&answer, Language::Korean);
        assert_eq!(json["certainty"], "named");
        assert_eq!(json["evidence"][0]["line"], 3);
        assert!(json["sentence_ko"].is_string());
    }

    #[test]
    fn what_is_not_known_says_what_would_settle_it() {
        let english = text(
            &answer("error: You must be logged in to the server (Unauthorized)\n"),
            Language::English,
        );
        assert!(english.contains("\nto settle it:\n"), "{english}");
        assert!(english.contains("aws sts get-caller-identity"), "{english}");
    }

    #[test]
    fn nothing_in_a_ticket_steers_the_terminal() {
        let english = text(
            &answer("\u{1b}]0;x\u{7}Unable to locate credentials\u{1b}[2J\n"),
            Language::English,
        );
        assert!(
            !english.chars().any(|c| c != '\n' && printable::is_hidden(c)),
            "{english:?}"
        );
    }
}
