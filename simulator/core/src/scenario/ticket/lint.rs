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
use crate::explain::node;

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
    // Who gives an entry the groups of nodes means nodes.
    let is_of_nodes = finding.rule == Rule::EntryReservedGroup
        && [node::NODES, node::BOOTSTRAPPERS]
            .iter()
            .any(|group| finding.message.contains(group));
    Linted {
        rule: finding.rule,
        cause: if is_of_nodes {
            Some(Cause::NodeRoleNotMapped)
        } else {
            cause(finding.rule)
        },
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
        Rule::AuthNodeTemplateForUser | Rule::AuthNodeTemplateForPeople => Cause::TemplateUnrenderable,
        Rule::AuthGroupsNotAList => Cause::GroupsNotAList,
        Rule::AuthOtherPartition | Rule::AuthTwoPartitions => Cause::MappedInOtherPartition,
        Rule::AuthMode => Cause::AwsAuthIgnored,
        Rule::AuthNoUsername => Cause::UsernameMissing,
        Rule::AuthPeopleAsNodes => Cause::UsernameReserved,
        Rule::AuthDuplicateArn | Rule::AuthDuplicateByCase | Rule::AuthDuplicateAcrossLists => {
            Cause::DuplicateShadowsMapping
        }
        Rule::AuthNotAString
        | Rule::AuthBrokenYaml
        | Rule::AuthTab
        | Rule::AuthMoreDocuments
        | Rule::AuthNotAList
        | Rule::AuthMissingArn
        | Rule::AuthMisspelledItemKey
        | Rule::AuthItemInWrongList
        | Rule::AuthItemNotAMap
        | Rule::AuthWrongType
        | Rule::AuthDuplicateKey
        | Rule::AuthArnAndSso => Cause::AwsAuthBroken,
        Rule::AuthOutsideData
        | Rule::AuthWrongName
        | Rule::AuthWrongNamespace
        | Rule::AuthNoNamespace
        | Rule::AuthIamGroup
        | Rule::AuthNotAPrincipal
        | Rule::AuthMalformedArn
        | Rule::AuthUnknownPartition
        | Rule::AuthAccountId
        | Rule::AuthAccountInvalid
        | Rule::AuthRoot
        | Rule::AuthWildcard
        | Rule::AuthNotAscii
        | Rule::EntryMisspelledKey
        | Rule::EntryType
        | Rule::EntryGroupsNotAList => Cause::IdentityNotMapped,
        Rule::AuthInstanceProfile
        | Rule::AuthNodeWithoutNodes
        | Rule::AuthNodeUsername
        | Rule::EntryStandardForNodes
        | Rule::EntryNodeStandard
        | Rule::EntryNodeUser
        | Rule::EntryNodeAccount
        | Rule::EntryNodeSettings => Cause::NodeRoleNotMapped,
        Rule::AuthUnknownTemplate
        | Rule::AuthUnknownSystemGroup
        | Rule::AuthRoleNameAsGroup
        | Rule::AuthEmptyGroup
        | Rule::AuthSeveralGroups
        | Rule::EntryNothing
        | Rule::EntryPolicyArn
        | Rule::EntryPolicyUnknown
        | Rule::EntryScopeType
        | Rule::EntryScopeEmpty
        | Rule::EntryScopeNamespaces => Cause::NoBinding,
        Rule::EntryReservedGroup => Cause::EntryGroupReserved,
        Rule::EntryReservedUsername => Cause::UsernameReserved,
        Rule::EntryUnknownTemplate | Rule::EntrySessionName => Cause::TemplateUnrenderable,
        Rule::EntryNotAnEntry | Rule::EntrySessionArn | Rule::EntryPrincipal | Rule::EntryStrippedSsoPath => {
            Cause::EntryPrincipalInvalid
        }
        Rule::EntryServiceLinkedRole => Cause::EntryOfServiceLinkedRole,
        Rule::EntryDuplicate => Cause::EntryExists,
        Rule::EntryPolicyOrphan => Cause::EntryNotFound,
        Rule::EntryMode => Cause::EntriesNotInMode,
        Rule::ConfigV1Alpha1 | Rule::ConfigExecVersion | Rule::ConfigAuthProvider => Cause::ExecApiVersionUnsupported,
        Rule::ConfigOutput => Cause::ExecOutputNotJson,
        Rule::ConfigInteractive | Rule::ConfigNoGetToken | Rule::ConfigEmptyArgument => Cause::ExecPluginFailed,
        Rule::ConfigSessionAsRole => Cause::AssumeRoleDenied,
        Rule::ConfigKeysAndProfile => Cause::EnvironmentOverridesProfile,
        Rule::ConfigTwoProfiles => Cause::WrongProfile,
        Rule::ConfigIrsaToken => Cause::TokenMalformed,
        Rule::ConfigOtherCluster => Cause::TokenForOtherCluster,
        Rule::ConfigNoClusterName => Cause::TokenForNoCluster,
        Rule::ConfigHttp | Rule::ConfigCertificateWins => Cause::Anonymous,
        Rule::ConfigStaticToken | Rule::ConfigTokenWins => Cause::TokenExpired,
        Rule::ConfigNoCa | Rule::ConfigCaNotPem => Cause::CertificateNotTrusted,
        Rule::ConfigUnknownContext
        | Rule::ConfigUnknownCluster
        | Rule::ConfigUnknownUser
        | Rule::ConfigNoServer
        | Rule::ConfigDuplicate
        | Rule::ConfigWrongType
        | Rule::ConfigCaAndInsecure
        | Rule::ConfigNoCurrentContext => Cause::KubeconfigMissing,
        _ => return None,
    })
}

/// Warnings that are trouble where nothing else is wrong.
const HARMFUL: [Rule; 5] = [
    Rule::AuthPeopleAsNodes,
    Rule::AuthNoUsername,
    Rule::AuthNodeTemplateForPeople,
    Rule::ConfigEmptyArgument,
    Rule::EntryNodeStandard,
];

/// Whether it lets the caller in, and denies it what it asks for.
fn lets_in(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::DuplicateShadowsMapping | Cause::GroupsNotAList | Cause::NoBinding
    )
}

/// Whether a client with this trouble has asked no server, or is a node.
fn asks_nobody(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::AssumeRoleDenied
            | Cause::CertificateNotTrusted
            | Cause::ExecApiVersionUnsupported
            | Cause::ExecOutputNotJson
            | Cause::ExecPluginFailed
            | Cause::KubeconfigMissing
            | Cause::NodeRoleNotMapped
    )
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
    let is_error = |linted: &&&Linted| linted.finding.severity == Severity::Error;
    let fits = |linted: &&Linted| {
        linted.cause.is_some_and(|cause| match symptom {
            Symptom::Forbidden => lets_in(cause),
            Symptom::Nothing => linted.finding.severity == Severity::Error || HARMFUL.contains(&linted.rule),
            Symptom::Unauthorized => !lets_in(cause) && !asks_nobody(cause),
        })
    };
    let fitting: Vec<&Linted> = found.iter().filter(fits).collect();
    // People with the names of nodes harm others as well; then what is an error comes first.
    let first = fitting
        .iter()
        .find(|linted| linted.rule == Rule::AuthPeopleAsNodes)
        .or_else(|| fitting.iter().find(is_error))
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
