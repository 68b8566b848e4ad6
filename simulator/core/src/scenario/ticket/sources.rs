//! Who knows the words of clients and of logs.

use super::Basis;
use super::Fact;
use super::Judgement;
use super::import::Denied;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::Evidence;
use crate::explain::LogExplanation;
use crate::explain::explain_client_error;
use crate::explain::explain_log_line;
use crate::explain::explain_record;
use crate::explain::unexplained_client_error;

/// What clients said, the likeliest root first.
pub(super) fn client(text: &str) -> Vec<Diagnosis> {
    if let Some(explained) = explain_client_error(text) {
        let said = explained.evidence.first().cloned().unwrap_or_default();
        return vec![Diagnosis {
            certainty: Certainty::Named(explained.cause),
            sentence: explained.sentence,
            evidence: vec![Evidence {
                line: line_of(text, &said),
                text: said,
            }],
            fix: explained.fix,
            look_at: Vec::new(),
        }];
    }
    const REFUSED: [&str; 4] = [
        "You must be logged in to the server",
        "the server has asked for the client to provide credentials",
        "Unauthorized",
        "is forbidden: ",
    ];
    let refused = (1_usize..)
        .zip(text.lines())
        .find(|(_, line)| REFUSED.iter().any(|words| line.contains(words)));
    let Some((at, line)) = refused else { return Vec::new() };
    vec![Diagnosis {
        certainty: Certainty::NotKnown,
        sentence: unexplained_client_error(line).to_owned(),
        evidence: vec![Evidence {
            line: Some(at),
            text: line.trim().to_owned(),
        }],
        fix: String::new(),
        look_at: Vec::new(),
    }]
}

/// The line in which a message stands.
fn line_of(text: &str, said: &str) -> Option<usize> {
    let is_there = |line: &str| !said.is_empty() && line.contains(said);
    text.lines().position(is_there).map(|at| at.saturating_add(1))
}

/// What logs say, the newest first.
pub(super) fn logs(text: &str) -> Vec<Diagnosis> {
    let lines: Vec<(usize, &str)> = (1_usize..).zip(text.lines()).collect();
    let found = lines.iter().rev().find_map(|(at, line)| {
        // Most lines of a text are of no log.
        if !line.contains("access denied") {
            return None;
        }
        Some((*at, *line, explain_log_line(line)?))
    });
    let Some((at, line, explained)) = found else {
        return Vec::new();
    };
    let certainty = certainty(&explained);
    vec![Diagnosis {
        certainty,
        sentence: explained.explanation.sentence,
        evidence: vec![Evidence {
            line: Some(at),
            text: line.trim().to_owned(),
        }],
        fix: explained.explanation.fix,
        look_at: Vec::new(),
    }]
}

/// What the authenticator's own line says.
pub(super) fn authenticator(denied: &Denied) -> Judgement {
    let explained = explain_record(&denied.record);
    let certainty = certainty(&explained);
    let fields = explained.explanation.evidence;
    let said = denied.record.denial().unwrap_or_default();
    let arn = denied
        .record
        .arn()
        .map(|arn| format!("arn=\"{arn}\" "))
        .unwrap_or_default();
    Judgement {
        certainty,
        basis: Basis::Log,
        sentence: explained.explanation.sentence,
        evidence: vec![Fact {
            file: denied.file.clone(),
            line: Some(denied.line),
            text: if said.is_empty() {
                fields.join("; ")
            } else {
                format!("access denied {arn}error=\"{said}\"")
            },
        }],
        fix: explained.explanation.fix,
        look_at: Vec::new(),
    }
}

fn certainty(explained: &LogExplanation) -> Certainty {
    match explained.possible.as_slice() {
        [] => Certainty::NotKnown,
        [Cause::Granted, ..] => Certainty::NotKnown,
        [cause] => Certainty::Named(*cause),
        [cause, ..] => Certainty::Likeliest {
            cause: *cause,
            of: explained.possible.clone(),
        },
    }
}
