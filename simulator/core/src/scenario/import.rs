//! A customer's artifacts to a scenario that shows the same denial.
//!
//! `paste.rs` takes apart what was pasted, `facts.rs` reads what the pieces say, `assemble.rs` makes a scenario of it and
//! stages it, to see that the same caller gets the same error. What was fixed, is missing or contradicts itself is said as
//! [`Finding`]s; what cannot be shown is refused with the line to fix. `anonymise.rs` puts other names in place of the
//! customer's before anything is read, and `blots.rs` ids in place of those that were blotted out.
//!
//! FIDELITY: who created a cluster, and the unique ids that access entries hold, are not in what AWS shows; they are made
//! up so that the denial comes out, and findings say so.

mod anonymise;
mod assemble;
mod blots;
mod facts;
mod paste;
mod principal;
mod recognise;
#[cfg(test)]
mod tests;
mod yaml;

use std::fmt;

use self::blots::Blotted;
use self::facts::Facts;
use self::facts::Reader;
pub use self::principal::ByMode;
pub use self::principal::Mapped;
pub use self::principal::PrincipalExplanation;
pub(super) use self::recognise::Denied;
pub(super) use self::recognise::MappedBy;
pub(super) use self::recognise::Recognised;
pub(super) use self::recognise::canonical;
pub(super) use self::recognise::recognise;
use crate::explain::Explanation;
use crate::explain::LogExplanation;
use crate::explain::explain_record;
use crate::explain::lint::Severity;
use crate::value::printable;

/// Words of log lines, by which it shows how a wrapped line is to be joined.
const KNOWN_WORDS: [&str; 14] = [
    "access denied",
    "access granted",
    "STS response",
    "identity is not mapped",
    "Identity is not mapped",
    "ARN is not mapped",
    "input token was not properly formatted",
    "X-Amz-Date parameter is expired",
    "sts getCallerIdentity failed",
    "sts getCallerIdentity was throttled",
    "error from AWS (expected 200, got",
    "system:masters",
    "renderTemplates error",
    "SignatureDoesNotMatch",
];

/// What an artifact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtifactKind {
    /// `list-access-entries`, `describe-access-entry`, `list-associated-access-policies`.
    AccessEntries,
    /// The ConfigMap aws-auth.
    AwsAuth,
    /// `get-caller-identity`.
    CallerIdentity,
    /// What a client printed when it failed.
    ClientError,
    /// `describe-cluster`.
    Cluster,
    /// A kubeconfig.
    Kubeconfig,
    /// Lines of the authenticator's log, or an export of them.
    Log,
    /// As which role nodes ask: `get-instance-profile`, `describe-nodegroup`, an instance's `iam/info`, a launch template.
    NodeRole,
    /// Roles, ClusterRoles and their bindings.
    Rbac,
}

impl fmt::Display for ArtifactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessEntries => "access entry",
            Self::AwsAuth => "aws-auth",
            Self::CallerIdentity => "caller identity",
            Self::ClientError => "client's error",
            Self::Cluster => "cluster's description",
            Self::Kubeconfig => "kubeconfig",
            Self::Log => "line of the authenticator's log",
            Self::NodeRole => "role of nodes",
            Self::Rbac => "role or binding",
        })
    }
}

/// A text that the customer gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// What findings call it, such as its path.
    pub file: String,
    /// As it was pasted.
    pub text: String,
    /// What must be in it; found out from it where it is not given.
    pub kind: Option<ArtifactKind>,
}

/// How to import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The scenario's id: lower-case letters, digits and dashes.
    pub id: String,
    /// Whether names, ids and addresses are replaced, and by what seed.
    pub anonymise: Option<u64>,
}

/// Something that was fixed, is missing, or is contradictory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which artifact; empty where it is about all of them.
    pub file: String,
    /// From 1; 0 where it has no place.
    pub line: usize,
    /// From 1; 0 where it has no place.
    pub column: usize,
    /// An error refuses the import.
    pub severity: Severity,
    /// What it is.
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            let file = printable::line(&self.file);
            write!(f, "{file}:{}:{}: ", self.line, self.column)?;
        }
        write!(f, "{}: {}", self.severity, printable::line(&self.message))?;
        if !self.fix.is_empty() {
            write!(f, "\n  fix: {}", printable::line(&self.fix))?;
        }
        Ok(())
    }
}

/// A scenario, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The files of the scenario's folder, `scenario.yaml` first.
    pub files: Vec<(&'static str, String)>,
    /// By place; none is an error.
    pub findings: Vec<Finding>,
    /// What `explain` says of the denial in the scenario.
    pub explanation: Explanation,
    /// Who is denied.
    pub caller: String,
}

/// Why there is no scenario: the findings, of which at least one is an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be imported", one_or_many(findings.iter().filter(|finding| finding.severity == Severity::Error).count()))]
pub struct Refusal {
    /// By place.
    pub findings: Vec<Finding>,
}

fn one_or_many(errors: usize) -> String {
    if errors == 1 {
        "one error: this".to_owned()
    } else {
        format!("{errors} errors: this")
    }
}

/// Makes a scenario of artifacts.
///
/// # Errors
/// [`Refusal`] where nothing of the artifacts can be read, nobody is denied in them, or the denial does not come out.
pub fn import(artifacts: &[Artifact], options: &Options) -> Result<Import, Refusal> {
    let replaced;
    let artifacts = match options.anonymise {
        Some(seed) => {
            replaced = anonymise::anonymise(artifacts, seed);
            &replaced
        }
        None => artifacts,
    };
    let blotted = Blotted::new(artifacts, "");
    let mut findings = Vec::new();
    let facts = read(&blotted.artifacts, &mut findings);
    let built = if errors(&findings) == 0 {
        assemble::build(&facts, options, &mut findings)
    } else {
        None
    };
    let mut findings = blotted.findings(findings);
    match built {
        Some(import) if errors(&findings) == 0 => {
            let mut import = blotted.import(import);
            import.findings.append(&mut findings);
            sort(&mut import.findings, artifacts);
            Ok(import)
        }
        _ => {
            sort(&mut findings, artifacts);
            Err(Refusal { findings })
        }
    }
}

/// What the artifacts say, and what is to be said of them.
fn read(artifacts: &[Artifact], findings: &mut Vec<Finding>) -> Facts {
    let mut facts = Facts::default();
    let mut lacks = Vec::new();
    for artifact in artifacts {
        let read_before = facts.kinds.len();
        let pieces = paste::pieces(&artifact.file, &artifact.text, findings);
        let mut reader = Reader {
            file: &artifact.file,
            facts: &mut facts,
            findings,
        };
        for piece in &pieces {
            reader.read(piece);
        }
        let read = facts.kinds.get(read_before..).unwrap_or_default();
        let missing = match artifact.kind {
            Some(kind) => (!read.contains(&kind)).then(|| format!("no {kind} is in it")),
            None => read
                .is_empty()
                .then(|| "nothing that is known here is in it".to_owned()),
        };
        if let Some(message) = missing {
            lacks.push(findings.len());
            findings.push(Finding {
                file: artifact.file.clone(),
                line: 1,
                column: 1,
                severity: Severity::Warning,
                message,
                fix: "give what the commands of docs/import.md print, in full".to_owned(),
            });
        }
    }
    // What the cluster itself says counts.
    if facts.mode.is_none() {
        facts.mode = facts.form_mode.take();
    }
    // The rest is used, where there is some.
    if facts.kinds.is_empty() {
        for at in lacks {
            if let Some(finding) = findings.get_mut(at) {
                finding.severity = Severity::Error;
            }
        }
    }
    facts
}

/// Explains from artifacts alone whether a principal is mapped, given as any ARN that AWS shows: aws-auth, access entries, the
/// cluster's description, as far as they are there.
///
/// # Errors
/// [`Refusal`] where nothing of the artifacts can be read, or the ARN is no principal's.
pub fn explain_principal(arn: &str, artifacts: &[Artifact]) -> Result<PrincipalExplanation, Refusal> {
    let blotted = Blotted::new(artifacts, arn);
    let mut findings = Vec::new();
    let facts = read(&blotted.artifacts, &mut findings);
    let explained = if errors(&findings) == 0 {
        assemble::explain_principal(blotted.asked(), &facts, &mut findings)
    } else {
        None
    };
    let mut findings = blotted.findings(findings);
    sort(&mut findings, artifacts);
    match explained {
        Some(explained) if errors(&findings) == 0 => {
            let mut explained = blotted.principal(explained);
            explained.findings = findings;
            Ok(explained)
        }
        _ => Err(Refusal { findings }),
    }
}

/// What the newest denial of a pasted log tells, its wrapped lines joined; nothing where there is no denial.
#[must_use]
pub fn newest_denial(log: &str) -> Option<LogExplanation> {
    let mut findings = Vec::new();
    let mut facts = Facts::default();
    let pieces = paste::pieces("", log, &mut findings);
    let mut reader = Reader {
        file: "",
        facts: &mut facts,
        findings: &mut findings,
    };
    for piece in &pieces {
        reader.read(piece);
    }
    let denied = facts.records.iter().rfind(|record| record.value.denial().is_some())?;
    Some(explain_record(&denied.value))
}

fn errors(findings: &[Finding]) -> usize {
    findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .count()
}

fn sort(findings: &mut Vec<Finding>, artifacts: &[Artifact]) {
    let order = |file: &str| {
        artifacts
            .iter()
            .position(|artifact| artifact.file == file)
            .unwrap_or(artifacts.len())
    };
    findings.sort_by_key(|finding| (order(&finding.file), finding.line, finding.column));
    findings.dedup();
}
