//! The authenticator's own lines, told from those of other programs that deny access in the same words.

use std::collections::BTreeMap;

use super::Read;
use super::Target;
use super::When;
use super::of_line;
use super::window;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Evidence;
use crate::explain::explain_record;
use crate::value::arn::CanonicalArn;
use crate::value::log::Record;

/// What only the authenticator says, whatever stands around it.
const OWN_WORDS: [&str; 11] = [
    "identity is not mapped",
    "Identity is not mapped",
    "ARN is not mapped",
    "input token was not properly formatted",
    "sts getCallerIdentity failed",
    "sts getCallerIdentity was throttled",
    "renderTemplates error: ",
    " Map error: ",
    "failed mapping username: ",
    "failed mapping group: ",
    "username must not begin with with the following prefixes",
];
/// What it says of `aws-auth` itself.
const BROKEN: [&str; 3] = [
    "error parsing config map",
    "error parsing the config maps",
    "Errors parsing configmap",
];

/// Reads line after line: a session's name stands in another line than the denial.
#[derive(Default)]
pub(super) struct Reader {
    /// By the client's address and the caller's ARN.
    sessions: BTreeMap<(String, String), String>,
}

impl Reader {
    /// Nothing where the line is not the authenticator's, or says nothing of access.
    pub(super) fn read(&mut self, number: usize, line: &str, target: &Target) -> Option<Read> {
        let is_candidate = line.contains("msg=") || line.contains("access denied") || has_own_words(line);
        let mut record = is_candidate.then(|| Record::parse(line)).flatten()?;
        let when = record.time.map(When::at).or_else(|| When::of(line));
        if BROKEN.iter().any(|known| record.msg.contains(known)) {
            let sentence =
                "the authenticator cannot read aws-auth, or a part of it, and leaves out what it cannot read";
            let mut diagnosis = of_line(Certainty::Named(Cause::AwsAuthBroken), sentence, number, line);
            diagnosis.fix = "fix what the message names, as somebody who is still let in: \
                             `kubectl edit configmap aws-auth -n kube-system` (eks-auth-sim lint shows the place)"
                .to_owned();
            return Some((diagnosis, when));
        }
        if record.msg == "STS response" {
            self.remember(&record);
            return None;
        }
        if !is_own(&record, line) {
            return None;
        }
        if record.field("session").is_none()
            && let Some(session) = self.session(&record)
        {
            record.fields.push(("session".to_owned(), session));
        }
        let explained = explain_record(&record);
        let certainty = match explained.possible.as_slice() {
            [] => Certainty::NotKnown,
            [one] => Certainty::Named(*one),
            [first, ..] => Certainty::Likeliest {
                cause: *first,
                of: explained.possible.clone(),
            },
        };
        let explanation = explained.explanation;
        let mut diagnosis = of_line(certainty, explanation.sentence, number, line);
        let facts = explanation
            .evidence
            .into_iter()
            .map(|text| Evidence { line: None, text });
        diagnosis.evidence.extend(facts);
        diagnosis.fix = target.fill(&explanation.fix);
        if !matches!(diagnosis.certainty, Certainty::Named(_)) {
            diagnosis.look_at = explained.look_at.iter().map(|text| target.fill(text)).collect();
            if diagnosis.look_at.is_empty() {
                diagnosis.look_at = window::authenticator_lines(target, when.as_ref());
            }
        }
        Some((diagnosis, when))
    }

    fn remember(&mut self, record: &Record) {
        let arn = record.field("arn").unwrap_or_default();
        let arn = CanonicalArn::parse(arn).map_or_else(|_| arn.to_owned(), |canonical| canonical.arn);
        if let Some(session) = record.field("session") {
            let client = record.field("client").unwrap_or_default().to_owned();
            self.sessions.insert((client, arn), session.to_owned());
        }
    }

    fn session(&self, record: &Record) -> Option<String> {
        let client = record.field("client").unwrap_or_default().to_owned();
        let arn = record.arn()?.to_owned();
        self.sessions.get(&(client, arn)).cloned()
    }
}

fn has_own_words(text: &str) -> bool {
    OWN_WORDS.iter().any(|known| text.contains(known))
}

/// Whether a record is of the authenticator: by words that nobody else has, or by the fields that its server gives each request.
fn is_own(record: &Record, line: &str) -> bool {
    let is_of_request = record.field("path") == Some("/authenticate")
        || (record.arn().is_some() && (record.field("client").is_some() || record.field("method").is_some()));
    match record.msg.as_str() {
        "access denied" | "access granted" => is_of_request || has_own_words(line),
        "" => has_own_words(line),
        msg => msg.starts_with("access denied because ARN is not mapped"),
    }
}
