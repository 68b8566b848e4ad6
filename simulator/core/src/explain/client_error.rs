//! Causes that show in what clients print: what fails before any server is asked, what AWS's APIs refuse, and what a cluster's
//! answer says by itself.
//!
//! A text is read message by message ([`statement`]), each by the families of failures in turn. The first family that knows a
//! message has it, so that the words of one failure are not taken for another's: an x509 error of a webhook is no trouble with
//! the cluster's certificate.

mod connection;
mod context;
mod credentials;
mod forbidden;
mod iam;
mod marks;
mod other;
mod plugin;
mod refusal;
mod statement;
mod symptom;
#[cfg(test)]
mod tests;
mod unauthorized;

use self::context::Context;
use self::statement::Statement;
use self::symptom::Rank;
use self::symptom::Reading;
use super::Certainty;
use super::Diagnosis;
use super::Explanation;
use super::Finding;
use crate::value::printable;
use crate::value::trace::Trace;

/// More failures than this are not told of one text.
const MAX_DIAGNOSES: usize = 16;

/// Each failure that a text holds, the likeliest root first: what kept the client from credentials comes before the plugin's
/// exit status, and both before what a server answered.
///
/// The text may be whatever a client, a CI system or a log has around the message. Only its beginning and its end are read where
/// it is very long.
#[must_use]
pub fn diagnose_client_text(text: &str) -> Vec<Diagnosis> {
    let statements = Statement::all(text);
    let context = Context::of(&statements, text.contains('│'));
    let whole: Statement;
    let mut found: Vec<(Reading, &Statement)> = statements
        .iter()
        .filter_map(|statement| read(statement, &context).map(|reading| (reading, statement)))
        .collect();
    // Wrapped in the middle of everything, by a mail program or a narrow terminal.
    if statements.len() > 1 && found.is_empty() {
        whole = Statement::whole(text);
        if let Some(reading) = read_wrapped(&whole, &context) {
            found.push((reading, &whole));
        }
    }
    found.sort_by_key(|(reading, _)| reading.rank);
    // A 401 or 403 that says nothing is the header of one that says more.
    let has_named = found
        .iter()
        .any(|(reading, _)| reading.rank == Rank::Forbidden && reading.certainty.cause().is_some());
    found.retain(|(reading, _)| !(has_named && reading.rank == Rank::Forbidden && reading.certainty.cause().is_none()));
    if found.iter().any(|(reading, _)| reading.rank != Rank::Vague) {
        found.retain(|(reading, _)| reading.rank != Rank::Vague);
    }
    let mut diagnoses: Vec<Diagnosis> = Vec::new();
    for (reading, statement) in found {
        let evidence = statement.evidence(reading.at);
        let is_same =
            |known: &&mut Diagnosis| known.certainty == reading.certainty && known.sentence == reading.sentence;
        if let Some(known) = diagnoses.iter_mut().find(is_same) {
            if known.evidence.len() < MAX_DIAGNOSES && !known.evidence.contains(&evidence) {
                known.evidence.push(evidence);
            }
            continue;
        }
        if diagnoses.len() < MAX_DIAGNOSES {
            diagnoses.push(Diagnosis {
                certainty: reading.certainty,
                sentence: reading.sentence,
                evidence: vec![evidence],
                fix: reading.fix,
                look_at: reading.look_at,
            });
        }
    }
    diagnoses
}

/// What one message says, of EKS or of another provider's cluster.
fn read(statement: &Statement, context: &Context) -> Option<Reading> {
    of_family(statement, context).map(|reading| other::at_home(reading, context))
}

/// What one message says, by the first family that knows it.
fn of_family(statement: &Statement, context: &Context) -> Option<Reading> {
    // What only a plugin, AWS or RBAC says is so wherever it stands.
    credentials::read(statement, context)
        .filter(|reading| reading.certainty.cause().is_some())
        .filter(|_| !is_of_registry(statement))
        .or_else(|| other::read(statement))
        .or_else(|| plugin::read(statement, context))
        .or_else(|| refusal::read(statement, context))
        .or_else(|| iam::read(statement, context))
        .or_else(|| other::kubelet(statement))
        .or_else(|| forbidden::read(statement, context))
        .or_else(|| other::program(statement))
        .or_else(|| connection::read(statement, context))
        .or_else(|| credentials::read(statement, context))
        .or_else(|| unauthorized::read(statement, context))
        .or_else(|| other::refusal(statement))
}

/// What a whole text says as one message: only by words that nobody else has, as any other message may stand beside them.
fn read_wrapped(whole: &Statement, context: &Context) -> Option<Reading> {
    credentials::read(whole, context)
        .filter(|reading| reading.certainty.cause().is_some() && !is_of_registry(whole))
        .or_else(|| plugin::read(whole, context))
        .or_else(|| refusal::read(whole, context))
        .map(|reading| other::at_home(reading, context))
}

/// An image's registry has tokens that end, too.
fn is_of_registry(statement: &Statement) -> bool {
    statement.says(&["docker", ".dkr.ecr.", "failed to pull"])
}

/// Explains what a client printed, where that alone names the cause. What a server decided about a token or a request is
/// explained by its decision.
#[must_use]
pub fn explain_client_error(printed: &str) -> Option<Explanation> {
    let found = diagnose_client_text(printed)
        .into_iter()
        .find(|found| matches!(found.certainty, Certainty::Named(_)))?;
    let mut finding = Finding::new(found.certainty.cause()?, found.sentence, found.fix);
    for evidence in &found.evidence {
        // It may hold what steers a terminal, and goes into JSON as well.
        finding = finding.with(printable::line(evidence.text.trim()));
    }
    Some(finding.explained(Trace::new()))
}

/// What to look at next where [`explain_client_error`] has nothing to say of what a client printed.
#[must_use]
pub fn unexplained_client_error(printed: &str) -> &'static str {
    if printed.contains("Unable to determine service/operation name to be authorized")
        || printed.contains("eks-auth-sim does not serve")
    {
        return "no policy is at fault: AWS answers so where it does not know an operation, and the simulator where it does not serve \
                one (`eks-auth-sim operations` lists what it serves)";
    }
    let statements = Statement::all(printed);
    let context = Context::of(&statements, printed.contains('│'));
    let first = statements
        .iter()
        .filter_map(|statement| read(statement, &context))
        .min_by_key(|reading| reading.rank);
    match first.map(|reading| reading.rank) {
        Some(Rank::Unauthorized | Rank::Forbidden) => {
            "the client's message does not say: a server decided, so ask it (explain --last, or the authenticator's log)"
        }
        Some(Rank::Consequence | Rank::Plugin) => {
            "not known: no server decided anything; run the plugin's command by hand in the same environment (aws eks \
             get-token --cluster-name CLUSTER): what it prints names the cause"
        }
        Some(Rank::Other) => "this is not about access to a cluster: another program or an admission policy refused",
        _ => {
            "not known: these words name no cause that is known here; where a cluster refused the caller, ask it (explain --last, or \
             the authenticator's log), else see what the client itself says with `--debug` or `-v=6`"
        }
    }
}
