//! Who knows the words of clients and of logs.

use super::Basis;
use super::Fact;
use super::Judgement;
use super::import::Denied;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Diagnosis;
use crate::explain::LogExplanation;
use crate::explain::diagnose_client_text;
use crate::explain::diagnose_log_text;
use crate::explain::explain_record;

/// What clients said, the likeliest root first.
pub(super) fn client(text: &str) -> Vec<Diagnosis> {
    diagnose_client_text(text)
}

/// What logs say, the most telling first.
pub(super) fn logs(text: &str) -> Vec<Diagnosis> {
    diagnose_log_text(text)
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
