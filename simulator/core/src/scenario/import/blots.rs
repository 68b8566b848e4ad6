//! Artifacts with blots in them: read with stand-ins, answered with the customer's own blots.
//!
//! What stands in for what is a note. A blot hides an account: that two accounts differ is not concluded from one.

use super::Artifact;
use super::Finding;
use super::Import;
use super::Mapped;
use super::PrincipalExplanation;
use crate::explain::Cause;
use crate::explain::Explanation;
use crate::explain::fix_with_blots;
use crate::explain::fix_without_patch;
use crate::explain::lint::Severity;
use crate::value::arn::Arn;
use crate::value::blots::Blots;
use crate::value::blots::StandIn;

/// Artifacts without their blots.
pub(super) struct Blotted {
    pub(super) artifacts: Vec<Artifact>,
    files: Vec<String>,
    /// How long each line of them is, in characters.
    lengths: Vec<Vec<usize>>,
    blots: Blots,
}

impl Blotted {
    /// `asked` is an ARN that is asked about besides.
    pub(super) fn new(artifacts: &[Artifact], asked: &str) -> Self {
        let mut texts: Vec<&str> = artifacts
            .iter()
            .map(|artifact| artifact.text.strip_prefix('\u{feff}').unwrap_or(&artifact.text))
            .collect();
        texts.push(asked);
        let blots = Blots::of(&texts, &[], true);
        let cleared = (0_usize..).zip(artifacts).map(|(at, artifact)| {
            let mark = if artifact.text.starts_with('\u{feff}') {
                "\u{feff}"
            } else {
                ""
            };
            Artifact {
                text: format!("{mark}{}", blots.text(at)),
                ..artifact.clone()
            }
        });
        Self {
            artifacts: cleared.collect(),
            files: artifacts.iter().map(|artifact| artifact.file.clone()).collect(),
            lengths: artifacts.iter().map(|artifact| lengths(&artifact.text)).collect(),
            blots,
        }
    }

    /// The ARN that is asked about, without blots.
    pub(super) fn asked(&self) -> &str {
        self.blots.text(self.artifacts.len())
    }

    /// Findings at the places of the texts as they were given, in their own words, and one for each blot.
    pub(super) fn findings(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let mut shown: Vec<Finding> = findings.into_iter().map(|finding| self.finding(finding)).collect();
        let notes = self.blots.all().iter().map(|blot| {
            let (at, line, column) = blot.place;
            let file = self.files.get(at);
            let what = match blot.text.as_str() {
                "" => "the account of an ARN is left out".to_owned(),
                text => format!("`{text}` is blotted out"),
            };
            let (message, fix) = match blot.kind {
                StandIn::Account => (
                    format!(
                        "{what}: {} stands in for it, the same wherever it stands",
                        blot.stand_in
                    ),
                    "where it stands so in the cluster, write the twelve digits: nothing is replaced there",
                ),
                StandIn::TheAccount => (
                    format!(
                        "{what}: it is taken for {}, the only account that is named",
                        blot.stand_in
                    ),
                    "if it hides another account, put other digits in its place",
                ),
                StandIn::Name => (format!("{what}: {} stands in for it", blot.stand_in), ""),
            };
            Finding {
                file: file.cloned().unwrap_or_default(),
                line: if file.is_some() { line } else { 0 },
                column: if file.is_some() { column } else { 0 },
                severity: Severity::Note,
                message,
                fix: fix.to_owned(),
            }
        });
        shown.extend(notes);
        shown
    }

    fn finding(&self, finding: Finding) -> Finding {
        let at = self.files.iter().position(|file| *file == finding.file);
        Finding {
            column: match at {
                Some(at) if finding.line > 0 => {
                    // What stood in a line that was joined to this one is at its end.
                    let length = self
                        .lengths
                        .get(at)
                        .and_then(|lengths| lengths.get(finding.line.saturating_sub(1)));
                    let end = length.map_or(usize::MAX, |length| length.saturating_add(1));
                    self.blots.column(at, finding.line, finding.column).min(end)
                }
                _ => finding.column,
            },
            message: self.blots.shown(&finding.message),
            fix: fix_with_blots(&finding.fix, &self.blots),
            ..finding
        }
    }

    /// What is said of an import. Its files keep the stand-ins: an account there has twelve digits.
    pub(super) fn import(&self, import: Import) -> Import {
        let (explanation, doubt) = self.explanation(import.explanation, &import.caller);
        let mut findings = import.findings;
        findings.extend(doubt.map(|message| {
            Finding {
                file: String::new(),
                line: 0,
                column: 0,
                severity: Severity::Warning,
                message,
                fix: "put the same digits in place of each account, other ones for other accounts, and import again"
                    .to_owned(),
            }
        }));
        Import {
            explanation,
            caller: self.blots.shown(&import.caller),
            findings,
            ..import
        }
    }

    /// What is said of a principal.
    pub(super) fn principal(&self, mut explained: PrincipalExplanation) -> PrincipalExplanation {
        for answer in &mut explained.answers {
            let (explanation, doubt) = self.explanation(answer.explanation.clone(), self.asked());
            answer.explanation = explanation;
            if let Some(doubt) = doubt {
                explained.not_known.push(doubt);
                answer.mapped = Mapped::NotKnown;
                explained.mapped = Mapped::NotKnown;
            }
        }
        explained.not_known.dedup();
        explained.cluster = self.blots.shown(&explained.cluster);
        for fact in &mut explained.not_known {
            *fact = self.blots.shown(fact);
        }
        explained
    }

    /// The explanation in the customer's words, and what is open in it where it hangs on what a blot hides.
    fn explanation(&self, mut explanation: Explanation, caller: &str) -> (Explanation, Option<String>) {
        let doubt = self.doubt(&mut explanation, caller);
        let shown = |text: &str| self.blots.shown(text);
        let explanation = Explanation {
            cause: explanation.cause,
            sentence: shown(&explanation.sentence),
            evidence: explanation.evidence.iter().map(|fact| shown(fact)).collect(),
            // What is blotted out is nothing to be written into a cluster.
            fix: match fix_with_blots(&explanation.fix, &self.blots) {
                fix if fix == explanation.fix => fix,
                fix => fix_without_patch(&fix),
            },
            trace: explanation.trace.reworded(shown),
        };
        (explanation, doubt)
    }

    /// Takes back that a mapping is of another account, where it may not be.
    fn doubt(&self, explanation: &mut Explanation, caller: &str) -> Option<String> {
        if explanation.cause != Cause::MappedInOtherAccount {
            return None;
        }
        // near_miss.rs says which mapping it found: `PLACE has ARN`.
        let mapped = explanation.evidence.iter().find_map(|fact| fact.rsplit_once(" has "));
        let mapped = Arn::parse(mapped?.1).ok()?.account_id;
        let caller = Arn::parse(caller).ok()?.account_id;
        if !self.blots.may_be_one(&caller, &mapped) || !self.is_blot(&caller) && !self.is_blot(&mapped) {
            return None;
        }
        explanation.cause = Cause::IdentityNotMapped;
        let what = explanation.sentence.split("; ").next().unwrap_or_default();
        explanation.sentence = format!(
            "{what} by what can be read; a mapping has that name in an account that may be another: one of the two is blotted \
             out"
        );
        explanation.fix = format!(
            "compare the accounts of the two ARNs; if they differ, {}",
            explanation.fix
        );
        Some(
            "whether the two accounts, of which one is blotted out, are the same: then the caller is mapped by this, and what \
             denied it is another or an earlier state"
                .to_owned(),
        )
    }

    fn is_blot(&self, account: &str) -> bool {
        self.blots.all().iter().any(|blot| blot.stand_in == account)
    }
}

fn lengths(text: &str) -> Vec<usize> {
    text.split('\n').map(|line| line.chars().count()).collect()
}
