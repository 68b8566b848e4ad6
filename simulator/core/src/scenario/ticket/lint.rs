//! What is wrong with the configuration in a ticket: notes beside the cause, or the likeliest cause where nothing names one.

use super::Basis;
use super::Fact;
use super::Finding;
use super::Judgement;
use super::import::Recognised;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::lint;
use crate::explain::lint::Context;
use crate::explain::lint::Rule;
use crate::explain::lint::Severity;

/// A finding with its place in the text as it came, and the cause that it has where it lets nobody in.
pub(super) struct Linted {
    pub(super) finding: Finding,
    pub(super) rule: Rule,
    pub(super) cause: Option<Cause>,
}

/// No configuration is larger: a ConfigMap holds 1 MiB at most. Exports of logs are.
const LARGEST: usize = 4 << 20;

/// All findings that are more than notes, text by text.
pub(super) fn lint(read: &Recognised) -> Vec<Linted> {
    let mut found = Vec::new();
    for document in read.documents.iter().filter(|document| document.text.len() <= LARGEST) {
        let findings = lint::lint(&document.text, &Context::default());
        if findings.iter().any(|finding| is_other(finding.rule)) {
            continue;
        }
        for finding in findings {
            let (line, column) = document.place(finding.line, finding.column);
            found.push(linted(&document.file, finding, line, column));
        }
    }
    // Configuration in other languages is no document of YAML or JSON: a file that holds nothing else.
    for rest in &read.rests {
        let is_read = read.documents.iter().any(|document| document.file == rest.file);
        if is_read || rest.text.len() > LARGEST || rest.text.trim().is_empty() {
            continue;
        }
        let findings = lint::lint(&rest.text, &Context::default());
        if findings.iter().any(|finding| is_other(finding.rule)) {
            continue;
        }
        for finding in findings {
            let (line, column) = (finding.line, finding.column);
            found.push(linted(&rest.file, finding, line, column));
        }
    }
    found.retain(|linted| linted.finding.severity != Severity::Note);
    found
}

/// The text is none that lint knows, or is reported as unreadable already.
fn is_other(rule: Rule) -> bool {
    matches!(rule, Rule::InputUnknown | Rule::InputBroken | Rule::InputTab)
}

fn linted(file: &str, finding: lint::Finding, line: usize, column: usize) -> Linted {
    Linted {
        rule: finding.rule,
        cause: cause(finding.rule),
        finding: Finding {
            file: file.to_owned(),
            line,
            column,
            severity: finding.severity,
            message: format!("{} [{}]", finding.message, finding.rule.id()),
            fix: finding.fix,
        },
    }
}

/// The cause of who is denied for this mistake; nothing where a mistake denies nobody.
fn cause(rule: Rule) -> Option<Cause> {
    Some(match rule {
        Rule::AuthRoleWithPath => Cause::MappedWithPath,
        Rule::AuthSsoPath => Cause::MappedWithSsoPath,
        Rule::AuthSessionArn => Cause::MappedAsSession,
        Rule::AuthWhiteSpace => Cause::MappedWithWhiteSpace,
        Rule::AuthMisspelledKey => Cause::AwsAuthKeyMisspelled,
        Rule::AuthSsoItem => Cause::SsoMappingGated,
        Rule::AuthNodeTemplateForUser => Cause::TemplateUnrenderable,
        Rule::AuthGroupsNotAList => Cause::GroupsNotAList,
        Rule::AuthNotAString
        | Rule::AuthBrokenYaml
        | Rule::AuthTab
        | Rule::AuthNotAList
        | Rule::AuthMissingArn
        | Rule::AuthMisspelledItemKey
        | Rule::AuthItemInWrongList
        | Rule::AuthItemNotAMap
        | Rule::AuthArnAndSso => Cause::AwsAuthBroken,
        Rule::AuthOutsideData
        | Rule::AuthWrongName
        | Rule::AuthWrongNamespace
        | Rule::AuthInstanceProfile
        | Rule::AuthIamGroup
        | Rule::AuthNotAPrincipal
        | Rule::AuthMalformedArn
        | Rule::AuthUnknownPartition
        | Rule::AuthAccountId
        | Rule::AuthWildcard
        | Rule::AuthNotAscii => Cause::IdentityNotMapped,
        Rule::EntryReservedGroup => Cause::EntryGroupReserved,
        Rule::EntrySessionArn | Rule::EntryPrincipal | Rule::EntryStrippedSsoPath => Cause::EntryPrincipalInvalid,
        Rule::EntryServiceLinkedRole => Cause::EntryOfServiceLinkedRole,
        Rule::ConfigV1Alpha1 | Rule::ConfigExecVersion => Cause::ExecApiVersionUnsupported,
        Rule::ConfigOtherCluster => Cause::TokenForOtherCluster,
        Rule::ConfigNoClusterName => Cause::TokenForNoCluster,
        Rule::ConfigHttp => Cause::Anonymous,
        Rule::ConfigStaticToken => Cause::TokenExpired,
        Rule::ConfigUnknownContext | Rule::ConfigUnknownCluster | Rule::ConfigUnknownUser => Cause::KubeconfigMissing,
        _ => return None,
    })
}

/// What a client saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symptom {
    /// 403.
    Forbidden,
    /// No refusal is in the texts.
    Nothing,
    /// 401.
    Unauthorized,
}

/// The likeliest cause by configuration alone: the first mistake that can be seen as `symptom`.
pub(super) fn likeliest(found: &[Linted], symptom: Symptom) -> Option<Judgement> {
    let fits = |linted: &&Linted| {
        let lets_in = linted.cause == Some(Cause::GroupsNotAList);
        linted.cause.is_some()
            && match symptom {
                Symptom::Forbidden => lets_in,
                Symptom::Nothing => linted.finding.severity == Severity::Error,
                Symptom::Unauthorized => !lets_in,
            }
    };
    let fitting: Vec<&Linted> = found.iter().filter(fits).collect();
    // What is an error comes first.
    let first = fitting
        .iter()
        .find(|linted| linted.finding.severity == Severity::Error)
        .or(fitting.first())?;
    let cause = first.cause?;
    let mut of = vec![cause];
    for other in fitting.iter().filter_map(|linted| linted.cause) {
        if !of.contains(&other) {
            of.push(other);
        }
    }
    if symptom == Symptom::Unauthorized && !of.contains(&Cause::IdentityNotMapped) {
        of.push(Cause::IdentityNotMapped);
    }
    let finding = &first.finding;
    Some(Judgement {
        certainty: Certainty::Likeliest { cause, of },
        basis: Basis::Lint,
        sentence: format!(
            "{} Whether that is what was seen, the texts do not say",
            first.rule.sentence()
        ),
        evidence: vec![Fact {
            file: finding.file.clone(),
            line: Some(finding.line),
            text: finding.message.clone(),
        }],
        fix: finding.fix.clone(),
        look_at: Vec::new(),
    })
}
