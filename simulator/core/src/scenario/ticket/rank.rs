//! Which of several diagnoses counts.

mod node;

use std::collections::BTreeSet;

use super::Answer;
use super::Basis;
use super::Fact;
use super::Finding;
use super::Judgement;
use super::ReadPart;
use super::import;
use super::import::ArtifactKind;
use super::import::Mapped;
use super::import::Options;
use super::import::PrincipalExplanation;
use super::import::Recognised;
use super::kind_name;
use super::lint;
use super::lint::Linted;
use super::lint::Symptom;
use super::sources;
use crate::explain::Cause;
use crate::explain::Certainty;
use crate::explain::Explanation;
use crate::explain::lint::Rule;
use crate::explain::lint::Severity;

/// So many lines that name the caller are shown of the files that map people.
const SHOWN_MAPPINGS: usize = 3;
/// What advices ask for, by a word of each.
const ACCESS_ENTRIES: &str = "access-entries";
const AWS_AUTH: &str = "aws-auth";
const CALLER: &str = "get-caller-identity";
const CLUSTER: &str = "describe-cluster";
const LOG: &str = "authenticator";
const TOPICS: [&str; 5] = [ACCESS_ENTRIES, AWS_AUTH, CALLER, CLUSTER, LOG];

/// So many characters are shown of a line.
const SHOWN_CHARACTERS: usize = 1000;

pub(super) fn answer(read: &Recognised) -> Answer {
    let case = Case::new(read);
    let mut findings = read.findings.clone();
    findings.retain(|finding| finding.severity != Severity::Note);
    let mut main = case.main(&mut findings);
    case.with_refused_entry(&mut main);
    main.evidence.dedup();
    for fact in &mut main.evidence {
        if fact.text.chars().count() > SHOWN_CHARACTERS {
            fact.text = fact.text.chars().take(SHOWN_CHARACTERS).chain(['…']).collect();
        }
    }
    if matches!(main.certainty, Certainty::Named(_) | Certainty::NotAccess) {
        main.look_at.clear();
    }
    let others = case.others(&main);
    findings.extend(case.linted.into_iter().map(|linted| linted.finding));
    let mut seen = BTreeSet::new();
    findings.retain(|finding| {
        let place = (finding.file.clone(), finding.line, finding.column);
        seen.insert((place, finding.message.clone()))
    });
    Answer {
        main,
        others,
        read: parts(read),
        findings,
    }
}

/// The parts in order; lines of a log that follow each other are one.
fn parts(read: &Recognised) -> Vec<ReadPart> {
    let mut parts: Vec<ReadPart> = Vec::new();
    for part in &read.parts {
        let kind = kind_name(part.kind);
        match parts.last_mut() {
            Some(last)
                if last.kind == kind && last.file == part.file && part.first <= last.last_line.saturating_add(1) =>
            {
                last.last_line = last.last_line.max(part.last);
            }
            _ => parts.push(ReadPart {
                kind,
                file: part.file.clone(),
                first_line: part.first,
                last_line: part.last,
            }),
        }
    }
    parts
}

/// All that is known.
struct Case<'a> {
    read: &'a Recognised,
    client: Vec<Judgement>,
    logs: Vec<Judgement>,
    linted: Vec<Linted>,
    symptom: Symptom,
}

impl<'a> Case<'a> {
    fn new(read: &'a Recognised) -> Self {
        let (mut client, mut logs) = (Vec::new(), Vec::new());
        for rest in &read.rests {
            for diagnosis in sources::client(&rest.text) {
                client.push(Judgement::of(&rest.file, Basis::Text, diagnosis));
            }
            for diagnosis in sources::logs(&rest.text) {
                logs.push(Judgement::of(&rest.file, Basis::Log, diagnosis));
            }
        }
        Self {
            symptom: symptom(read),
            linted: lint::lint(read),
            read,
            client,
            logs,
        }
    }

    fn said(&self) -> impl Iterator<Item = &Judgement> {
        self.client.iter().chain(&self.logs)
    }

    /// The judgement that counts.
    fn main(&self, findings: &mut Vec<Finding>) -> Judgement {
        if let Some(denied) = self.read.denial() {
            self.contradiction(denied.record.arn(), findings);
            let mut line = sources::authenticator(denied);
            if let (Some(text), [fact, ..]) = (self.line_at(&denied.file, denied.line), line.evidence.as_mut_slice()) {
                text.clone_into(&mut fact.text);
            }
            return match line.certainty.cause().filter(|cause| is_of_mapping(*cause)) {
                Some(_) if self.has_mappings() => self.staged(&line, findings).unwrap_or_else(|| self.open(line)),
                _ => self.open(line),
            };
        }
        if let Some(before) = self.before_any_server() {
            return before;
        }
        if self.symptom == Symptom::Forbidden
            && let Some(refused) = self.forbidden(findings)
        {
            return refused;
        }
        if let Some(node) = self.node() {
            return node;
        }
        if let Some(nameless) = self.nameless() {
            return nameless;
        }
        let by_files = self.by_files();
        if let Some(proven) = by_files.as_ref().filter(|found| is_named(found)) {
            return proven.clone();
        }
        if let Some(named) = self.agreed(is_named) {
            return named;
        }
        self.likeliest(by_files)
    }

    /// A line as it stands in the text.
    fn line_at(&self, file: &str, line: usize) -> Option<&str> {
        let rest = self.read.rests.iter().find(|rest| rest.file == file)?;
        let text = rest.text.split('\n').nth(line.checked_sub(1)?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// What failed before a server could decide; also what AWS's own services refused.
    fn before_any_server(&self) -> Option<Judgement> {
        let is_before = |judgement: &Judgement| {
            judgement.certainty.cause().is_some_and(|cause| !is_of_cluster(cause))
                // The plugin failed, and why is not in the text.
                || (judgement.certainty == Certainty::NotKnown
                    && judgement.evidence.iter().any(|fact| fact.text.contains("getting credentials")))
        };
        let named = self.agreed(|judgement| is_before(judgement) && is_named(judgement));
        named.or_else(|| self.said().find(|judgement| is_before(judgement)).cloned())
    }

    /// The first that fits. Where a text of another kind names another cause, and none is proven, it is the likeliest of both.
    fn agreed(&self, fits: impl Fn(&Judgement) -> bool) -> Option<Judgement> {
        let mut first = self.said().find(|judgement| fits(judgement))?.clone();
        let other = self
            .said()
            .find(|judgement| fits(judgement) && judgement.basis != first.basis)
            .and_then(|judgement| judgement.certainty.cause());
        if let (Certainty::Named(cause), Some(other)) = (&first.certainty, other)
            && *cause != other
        {
            let cause = *cause;
            first.certainty = Certainty::Likeliest {
                cause,
                of: vec![cause, other],
            };
            first.look_at = self.missing();
        }
        Some(first)
    }

    /// Nothing names a cause: what is likeliest, or what would settle it.
    fn likeliest(&self, by_files: Option<Judgement>) -> Judgement {
        let is_bare_text = |judgement: &Judgement| {
            judgement.basis == Basis::Text
                && matches!(&judgement.certainty, Certainty::Likeliest { of, .. } if of.len() > 2)
        };
        // Files that let the caller in leave little of what a bare 401 may mean.
        let is_let_in = by_files
            .as_ref()
            .is_some_and(|found| found.certainty == Certainty::NotKnown);
        let best: Option<Judgement> = by_files
            .iter()
            .chain(&self.logs)
            .chain(&self.client)
            .find(|judgement| judgement.certainty.cause().is_some() && !(is_let_in && is_bare_text(judgement)))
            .cloned();
        let is_bare = best.as_ref().is_none_or(is_bare_text);
        // Files that map the caller have no such mistake for it.
        let lint = lint::likeliest(&self.linted, self.symptom).filter(|_| is_bare && by_files.is_none());
        if let Some(mut lint) = lint {
            if let (Certainty::Likeliest { of, .. }, Some(Certainty::Likeliest { of: bare, .. })) =
                (&mut lint.certainty, best.as_ref().map(|best| &best.certainty))
            {
                let further: Vec<Cause> = bare.iter().filter(|cause| !of.contains(cause)).copied().collect();
                of.extend(further);
            }
            if let Some(seen) = best.as_ref().or(self.client.first()).or(self.logs.first()) {
                lint.evidence.extend(seen.evidence.iter().cloned());
            }
            lint.look_at = self.missing();
            return lint;
        }
        if let Some(best) = best {
            return self.open(best);
        }
        let all: Vec<&Judgement> = self.said().collect();
        let is_other = |judgement: &&Judgement| judgement.certainty == Certainty::NotAccess;
        if let Some(other) = all.first().filter(|_| by_files.is_none() && all.iter().all(is_other)) {
            return (*other).clone();
        }
        let seen = by_files.or_else(|| {
            all.iter()
                .find(|judgement| judgement.certainty == Certainty::NotKnown)
                .map(|judgement| (*judgement).clone())
        });
        self.open(seen.unwrap_or_else(|| self.nothing()))
    }

    /// No text says anything of a failure.
    fn nothing(&self) -> Judgement {
        let sentence = if self.read.parts.is_empty() {
            "nothing in this text is known here: paste what the client printed when it failed, the authenticator's log line \
             with `access denied`, or what `aws sts get-caller-identity` and `kubectl get configmap aws-auth -n kube-system -o \
             yaml` print"
        } else if self.read.callers.is_empty() {
            "who is denied, and with what words, is not in these texts: add what the client printed when it failed, or what `aws \
             sts get-caller-identity` prints in the same shell"
        } else {
            "what maps the caller is not in these texts: add aws-auth or the access entries, or what the client printed when it \
             failed"
        };
        Judgement {
            certainty: Certainty::NotKnown,
            basis: Basis::Text,
            sentence: sentence.to_owned(),
            evidence: Vec::new(),
            fix: String::new(),
            look_at: Vec::new(),
        }
    }

    /// A judgement with what would settle it.
    fn open(&self, mut judgement: Judgement) -> Judgement {
        if matches!(judgement.certainty, Certainty::Named(_) | Certainty::NotAccess) {
            return judgement;
        }
        let missing = self.missing();
        // The line of that second is narrower than all of them.
        let is_of_second = |look: &String| look.contains("--start-time");
        let has_second = judgement.look_at.iter().any(is_of_second);
        let is_asked = |topic: &str| missing.iter().any(|missing| missing.contains(topic));
        judgement.look_at.retain(|look| {
            let mut topics = TOPICS.iter().filter(|topic| look.contains(**topic)).peekable();
            // What the texts have, or what is asked with the cluster's own name below, needs no second word.
            is_of_second(look)
                || topics.peek().is_none()
                || !topics.all(|topic| is_asked(topic) || self.is_given(topic))
        });
        for missing in missing {
            let is_told = judgement.look_at.contains(&missing) || (has_second && missing.contains("filter-log-events"));
            if !is_told {
                judgement.look_at.push(missing);
            }
        }
        judgement
    }

    /// Whether the texts have what such an advice would show, or nothing reads it.
    fn is_given(&self, topic: &str) -> bool {
        let read = self.read;
        let mode = read.mode.as_deref();
        match topic {
            ACCESS_ENTRIES => read.entries_listed || mode == Some("CONFIG_MAP"),
            AWS_AUTH => read.has_aws_auth || mode == Some("API"),
            CALLER => !read.callers.is_empty(),
            CLUSTER => mode.is_some(),
            _ => !read.denials.is_empty(),
        }
    }

    /// Whoever is mapped without a username, and is refused by an aggregated API only.
    fn nameless(&self) -> Option<Judgement> {
        if self.symptom != Symptom::Unauthorized || self.said().any(is_named) {
            return None;
        }
        let linted = self.linted.iter().find(|linted| linted.rule == Rule::AuthNoUsername)?;
        // Of a caller who is known, its own item counts.
        let caller = self
            .read
            .callers
            .last()
            .and_then(|caller| import::canonical(&caller.arn));
        if let Some(caller) = &caller {
            let is_own = |arn: &str| arn.eq_ignore_ascii_case(caller);
            let mut own = self.read.mapped.iter().filter(|item| is_own(&item.arn));
            if !own.next_back().is_some_and(|item| item.username.is_empty()) {
                return None;
            }
        }
        let seen = self
            .said()
            .find(|judgement| judgement.certainty == Certainty::NotKnown)?;
        let is_aggregated = self.read.rests.iter().any(|rest| {
            ["kubectl top", "metrics.k8s.io", "metrics-server"]
                .iter()
                .any(|word| rest.text.contains(word))
        });
        // Of nobody in particular, all that is wrong is told together.
        if caller.is_none() && !is_aggregated {
            return None;
        }
        let has_name = |item: &import::MappedBy| !item.username.is_empty();
        let is_one = caller.is_some() || !self.read.mapped.iter().any(has_name);
        let cause = Cause::UsernameMissing;
        let mut evidence = seen.evidence.clone();
        evidence.push(Fact {
            file: linted.finding.file.clone(),
            line: Some(linted.finding.line),
            text: linted.finding.message.clone(),
        });
        let other = if caller.is_some() {
            Cause::WrongProfile
        } else {
            Cause::IdentityNotMapped
        };
        let judgement = Judgement {
            certainty: if is_aggregated && is_one {
                Certainty::Named(cause)
            } else {
                Certainty::Likeliest {
                    cause,
                    of: vec![cause, other],
                }
            },
            basis: Basis::Files,
            sentence: "the mapping gives no username: the API server itself lets such a user in, but passes an empty name on to an \
                       aggregated API, such as that of metrics-server, which answers 401"
                .to_owned(),
            evidence,
            fix: "give the mapping's item a `username`, such as the role's name; then kubectl top works as well".to_owned(),
            look_at: vec![
                "whether kubectl get ns works in that shell, and only kubectl top or another aggregated API says Unauthorized"
                    .to_owned(),
            ],
        };
        Some(self.open(judgement))
    }

    /// A file has an entry for the caller that EKS refuses, so that the cluster has none.
    fn with_refused_entry(&self, judgement: &mut Judgement) {
        if judgement.certainty.cause() != Some(Cause::IdentityNotMapped) {
            return;
        }
        let denied = self.read.denial().and_then(|denied| denied.record.arn());
        let given = self.read.callers.last().map(|caller| caller.arn.as_str());
        let Some(caller) = denied.or(given).and_then(import::canonical) else {
            return;
        };
        let mut entries = self.read.refused_entries.iter();
        let Some(entry) = entries.find(|entry| import::canonical(&entry.arn).as_ref() == Some(&caller)) else {
            return;
        };
        let cause = Cause::EntryGroupReserved;
        let linted = self.linted.iter().find(|linted| {
            linted.cause == Some(cause) && linted.finding.file == entry.file && linted.finding.line >= entry.line
        });
        judgement.certainty = Certainty::Likeliest {
            cause,
            of: vec![cause, Cause::IdentityNotMapped],
        };
        judgement.sentence = format!(
            "{}; the file's entry for it has a group of Kubernetes' own, which EKS refuses, so that there is no such entry",
            judgement.sentence
        );
        judgement.evidence.push(Fact {
            file: entry.file.clone(),
            line: Some(entry.line),
            text: entry.arn.clone(),
        });
        if let Some(linted) = linted {
            judgement.fix.clone_from(&linted.finding.fix);
        }
    }

    fn has_mappings(&self) -> bool {
        self.read.has(ArtifactKind::AwsAuth) || self.read.has(ArtifactKind::AccessEntries)
    }

    /// Whether bindings of RBAC are in the texts.
    fn has_bindings(&self) -> bool {
        let documents = &self.read.documents;
        documents.iter().any(|document| document.text.contains("RoleBinding"))
    }

    /// Whether nothing that could map a caller is missing.
    fn is_complete(&self) -> bool {
        let read = self.read;
        let (reads_aws_auth, reads_entries) = match read.mode.as_deref() {
            Some("CONFIG_MAP") => (true, false),
            Some("API") => (false, true),
            _ => (true, true),
        };
        !read.is_partial() && (!reads_aws_auth || read.has_aws_auth) && (!reads_entries || read.entries_listed)
    }

    /// Which artifacts would settle what is open.
    fn missing(&self) -> Vec<String> {
        let read = self.read;
        let name = or(&read.cluster.0, "CLUSTER");
        let region = or(&read.cluster.1, "REGION");
        let mut missing = Vec::new();
        if self.symptom == Symptom::Forbidden {
            if !read.has(ArtifactKind::CallerIdentity) {
                missing.push("aws sts get-caller-identity   # in the shell in which the client was refused".to_owned());
            }
            missing.push(
                "kubectl get clusterrolebindings,rolebindings -A -o wide   # what is bound to the user and its groups"
                    .to_owned(),
            );
            return missing;
        }
        if read.denials.is_empty() {
            missing.push(format!(
                "aws logs filter-log-events --log-group-name /aws/eks/{name}/cluster --log-stream-name-prefix authenticator \
                 --filter-pattern '\"access denied\"' --region {region}   # the authenticator's line of that second"
            ));
        }
        if read.callers.is_empty() {
            missing.push("aws sts get-caller-identity   # in the shell in which the client was refused".to_owned());
        }
        if read.mode.is_none() {
            missing.push(format!(
                "aws eks describe-cluster --name {name} --region {region}   # its authentication mode"
            ));
        }
        if read.mode.as_deref() != Some("API") && !read.has_aws_auth {
            missing.push("kubectl get configmap aws-auth -n kube-system -o yaml".to_owned());
        }
        if read.mode.as_deref() != Some("CONFIG_MAP") && !read.entries_listed {
            missing.push(format!(
                "aws eks list-access-entries --cluster-name {name} --region {region}   # and describe-access-entry of the caller's"
            ));
        }
        missing
    }

    /// The log's denial, staged again with what the files say.
    fn staged(&self, line: &Judgement, findings: &mut Vec<Finding>) -> Option<Judgement> {
        let imported = self.imported(findings)?;
        let cause = imported.explanation.cause;
        // An entry in the file of another tool need not be in the cluster yet, so that there is nothing of an earlier principal.
        if self.read.has_form && cause == Cause::AccessEntryOfRecreatedPrincipal {
            return None;
        }
        let mut judgement = self.shown(&imported.explanation, line.evidence.clone(), &imported.caller);
        let of_line = match &line.certainty {
            Certainty::Likeliest { of, .. } => of.clone(),
            _ => Vec::new(),
        };
        // What is not in the files may deny for another reason than that nobody knows the caller.
        let is_guess = match cause {
            Cause::IdentityNotMapped | Cause::NodeRoleNotMapped => !self.is_complete(),
            Cause::AwsAuthIgnored => self.read.mode.is_none() || self.read.has_form,
            _ => false,
        };
        if is_guess {
            let keeps = |other: &Cause| {
                *other == cause
                    || match other {
                        Cause::AccessEntryOfRecreatedPrincipal => {
                            self.read.mode.as_deref() != Some("CONFIG_MAP") && !self.read.entries_listed
                        }
                        Cause::IdentityNotMapped => cause != Cause::NodeRoleNotMapped,
                        // Those show in aws-auth.
                        _ => !self.read.has_aws_auth || self.read.is_partial(),
                    }
            };
            let mut of = vec![cause];
            of.extend(of_line.iter().filter(|other| **other != cause && keeps(other)));
            judgement.certainty = if of.len() > 1 {
                Certainty::Likeliest { cause, of }
            } else {
                Certainty::Named(cause)
            };
            judgement = self.open(judgement);
        }
        Some(judgement)
    }

    /// What RBAC refused: by the files, where they show the same user, else by the text.
    fn forbidden(&self, findings: &mut Vec<Finding>) -> Option<Judgement> {
        let text = self
            .said()
            .find(|judgement| is_named(judgement))
            .or_else(|| self.said().find(|judgement| judgement.certainty.cause().is_some()))
            .or_else(|| self.said().find(|judgement| judgement.certainty == Certainty::NotKnown));
        let evidence = text.map(|text| text.evidence.clone()).unwrap_or_default();
        let before = findings.len();
        let imported = self.imported(findings).filter(|_| self.has_mappings());
        let said = findings.get(before..).unwrap_or_default();
        // Another user than the files make of the caller was refused.
        let is_other_user = said
            .iter()
            .any(|finding| finding.message.starts_with("kubectl says that the user is"));
        match imported.filter(|_| !is_other_user) {
            Some(imported) => {
                let mut judgement = self.shown(&imported.explanation, evidence, &imported.caller);
                let cause = imported.explanation.cause;
                let is_of_bindings = matches!(cause, Cause::NoBinding | Cause::NotAuthorized);
                // What is bound in the cluster is not in the files that map people.
                if is_of_bindings && !self.has_bindings() {
                    judgement.certainty = Certainty::Likeliest {
                        cause,
                        of: vec![
                            cause,
                            if cause == Cause::NoBinding {
                                Cause::NotAuthorized
                            } else {
                                Cause::NoBinding
                            },
                        ],
                    };
                    judgement = self.open(judgement);
                }
                Some(judgement)
            }
            None => text.cloned().map(|text| self.open(text)),
        }
    }

    fn imported(&self, findings: &mut Vec<Finding>) -> Option<import::Import> {
        let options = Options {
            id: "ticket".to_owned(),
            anonymise: None,
        };
        let (imported, said) = match import::import(&self.read.readable, &options) {
            Ok(imported) => {
                let said = imported.findings.clone();
                (Some(imported), said)
            }
            Err(refusal) => (None, refusal.findings),
        };
        // Errors of the import itself are about a scenario, which nobody wants here.
        findings.extend(said.into_iter().filter(|finding| {
            finding.severity == Severity::Warning
                || (finding.severity == Severity::Error && finding.message.starts_with("contradictory"))
        }));
        imported
    }

    /// Who was given is not who was denied.
    fn contradiction(&self, denied: Option<&str>, findings: &mut Vec<Finding>) {
        let (Some(denied), Some(given)) = (denied, self.read.callers.last()) else {
            return;
        };
        // `import` says the same where it has what it wants.
        if self.has_mappings() || import::canonical(&given.arn).as_deref() == Some(denied) {
            return;
        }
        findings.push(Finding {
            file: given.file.clone(),
            line: given.line,
            column: 1,
            severity: Severity::Warning,
            message: format!(
                "contradictory: this caller is {}, but the log's denial is of {denied}, which is used",
                given.arn
            ),
            fix: "check which profile the client uses (AWS_PROFILE, and kubectl config view --minify), or give the line of \
                  this caller"
                .to_owned(),
        });
    }

    /// Whether the files map the caller.
    fn by_files(&self) -> Option<Judgement> {
        let caller = self.read.callers.last()?;
        if !self.has_mappings() {
            return None;
        }
        let mut evidence = vec![Fact {
            file: caller.file.clone(),
            line: Some(caller.line),
            text: caller.arn.clone(),
        }];
        if let Some(seen) = self
            .said()
            .find(|judgement| judgement.certainty != Certainty::NotAccess)
        {
            evidence.extend(seen.evidence.iter().cloned());
        }
        self.judged(&caller.arn, evidence)
    }

    /// Whether the files map this principal.
    fn judged(&self, arn: &str, evidence: Vec<Fact>) -> Option<Judgement> {
        let explained = import::explain_principal(arn, &self.read.readable).ok()?;
        let is_let_in = explained
            .answers
            .iter()
            .any(|answer| answer.explanation.cause == Cause::Granted);
        if is_let_in && self.symptom != Symptom::Nothing {
            return Some(self.let_in(&explained, evidence, arn));
        }
        let mut judgement = match explained.verdict() {
            Some(verdict) => self.shown(verdict, evidence, arn),
            None => {
                let mut of: Vec<Cause> = Vec::new();
                for answer in &explained.answers {
                    if !of.contains(&answer.explanation.cause) {
                        of.push(answer.explanation.cause);
                    }
                }
                let is_near = |cause: &Cause| {
                    !matches!(
                        cause,
                        Cause::Granted | Cause::IdentityNotMapped | Cause::NodeRoleNotMapped
                    )
                };
                let nearest = of.iter().copied().find(is_near).or(of.first().copied())?;
                let cause = if is_let_in { Cause::Granted } else { nearest };
                let answer = explained
                    .answers
                    .iter()
                    .find(|answer| answer.explanation.cause == cause)?;
                let mut judgement = self.shown(&answer.explanation, evidence, arn);
                let is_absent = !is_near(&cause);
                if is_absent && !of.contains(&Cause::AccessEntryOfRecreatedPrincipal) && cause != Cause::Granted {
                    of.push(Cause::AccessEntryOfRecreatedPrincipal);
                }
                of.retain(|other| *other != cause);
                of.insert(0, cause);
                judgement.certainty = Certainty::Likeliest { cause, of };
                judgement
            }
        };
        // What other tools' files should make need not be all that is there.
        let is_open = self.read.is_partial() || !self.is_complete();
        if is_open
            && let Certainty::Named(cause @ (Cause::IdentityNotMapped | Cause::NodeRoleNotMapped)) = judgement.certainty
        {
            judgement.certainty = Certainty::Likeliest {
                cause,
                of: vec![
                    cause,
                    if self.read.is_partial() {
                        Cause::AwsAuthBroken
                    } else {
                        Cause::AccessEntryOfRecreatedPrincipal
                    },
                ],
            };
        }
        judgement.look_at = explained.not_known;
        Some(judgement)
    }

    /// The files let the caller in, and the client was refused: they are no verdict.
    fn let_in(&self, explained: &PrincipalExplanation, evidence: Vec<Fact>, caller: &str) -> Judgement {
        let granted = explained
            .answers
            .iter()
            .find(|answer| answer.explanation.cause == Cause::Granted);
        let how = granted.map_or("", |answer| answer.explanation.sentence.as_str());
        let seen = if self.symptom == Symptom::Forbidden {
            "403"
        } else {
            "401"
        };
        let has_no_username = self.linted.iter().any(|linted| linted.rule == Rule::AuthNoUsername);
        let fix = if self.symptom == Symptom::Unauthorized && has_no_username {
            "if only an aggregated API answers 401 (kubectl top), give the caller's item a `username`: without one, the API \
             server names nobody to the server behind it"
        } else {
            ""
        };
        let of_all = if explained.mapped == Mapped::Yes {
            ""
        } else {
            " unless the mode is another"
        };
        let mut judgement = Judgement {
            certainty: Certainty::NotKnown,
            basis: Basis::Files,
            sentence: format!(
                "by these files the caller is let in{of_all} ({how}), so that they do not show why the client saw {seen}: another \
                 principal may have asked, with other credentials or another cluster's token, or the files are younger"
            ),
            evidence,
            fix: fix.to_owned(),
            look_at: Vec::new(),
        };
        judgement.evidence.extend(self.mapping_lines(caller));
        judgement
    }

    /// An explanation by files, with the lines that show it.
    fn shown(&self, explanation: &Explanation, mut evidence: Vec<Fact>, caller: &str) -> Judgement {
        evidence.extend(self.mapping_lines(caller));
        evidence.extend(explanation.evidence.iter().map(|fact| Fact {
            file: String::new(),
            line: None,
            text: fact.clone(),
        }));
        Judgement {
            certainty: Certainty::Named(explanation.cause),
            basis: Basis::Files,
            sentence: explanation.sentence.clone(),
            evidence,
            fix: explanation.fix.clone(),
            look_at: Vec::new(),
        }
    }

    /// The lines of the files that have the caller's name.
    fn mapping_lines(&self, caller: &str) -> Vec<Fact> {
        let canonical = import::canonical(caller).unwrap_or_default();
        let name = canonical.rsplit('/').next().unwrap_or_default();
        if name.is_empty() {
            return Vec::new();
        }
        // The same permission set under another suffix is what one looks for as well.
        let name = match name
            .strip_prefix("AWSReservedSSO_")
            .and_then(|rest| rest.rsplit_once('_'))
        {
            Some((set, _)) => format!("AWSReservedSSO_{set}_"),
            None => format!("/{name}"),
        };
        let mut facts = Vec::new();
        for document in &self.read.documents {
            let is_mapping = self.read.parts.iter().any(|part| {
                matches!(part.kind, ArtifactKind::AwsAuth | ArtifactKind::AccessEntries)
                    && part.file == document.file
                    && part.first == document.place(1, 1).0
            });
            if !is_mapping {
                continue;
            }
            for (at, line) in (1_usize..).zip(document.text.lines()) {
                if line.contains(&name) && facts.len() < SHOWN_MAPPINGS {
                    facts.push(Fact {
                        file: document.file.clone(),
                        line: Some(document.place(at, 1).0),
                        text: line.trim().to_owned(),
                    });
                }
            }
        }
        facts
    }

    /// What else the texts name, each cause once.
    fn others(&self, main: &Judgement) -> Vec<Judgement> {
        let mut told: Vec<Option<Cause>> = vec![main.certainty.cause()];
        let mut others = Vec::new();
        for judgement in self.said() {
            let cause = judgement.certainty.cause();
            // A line that the main judgement rests on says no more.
            let is_same = judgement.evidence.iter().any(|fact| {
                fact.line.is_some()
                    && main
                        .evidence
                        .iter()
                        .any(|known| known.line == fact.line && known.file == fact.file)
            });
            if cause.is_none() || told.contains(&cause) || is_same {
                continue;
            }
            told.push(cause);
            others.push(judgement.clone());
        }
        others
    }
}

fn or<'a>(text: &'a str, placeholder: &'a str) -> &'a str {
    if text.is_empty() { placeholder } else { text }
}

fn is_named(judgement: &Judgement) -> bool {
    matches!(judgement.certainty, Certainty::Named(_))
}

/// What a client saw, by the words that all of them have.
fn symptom(read: &Recognised) -> Symptom {
    let has = |words: &[&str]| {
        read.rests
            .iter()
            .any(|rest| words.iter().any(|word| rest.text.contains(word)))
    };
    if has(&["(Forbidden)", " is forbidden: User ", "is forbidden: user "]) {
        Symptom::Forbidden
    } else if has(&[
        "You must be logged in to the server",
        "the server has asked for the client to provide credentials",
        "Unauthorized",
        "401 ",
    ]) {
        Symptom::Unauthorized
    } else {
        Symptom::Nothing
    }
}

/// Whether the authenticator's mappers deny for this cause, so that files can show it.
fn is_of_mapping(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::AccessEntryOfRecreatedPrincipal
            | Cause::AccessEntryWithOtherPath
            | Cause::AwsAuthBroken
            | Cause::AwsAuthIgnored
            | Cause::AwsAuthKeyMisspelled
            | Cause::CreatorDeleted
            | Cause::FederatedUserNotMapped
            | Cause::IdentityNotMapped
            | Cause::MappedAsOtherKind
            | Cause::MappedAsSession
            | Cause::MappedInOtherAccount
            | Cause::MappedInOtherPartition
            | Cause::MappedWithOtherSsoSuffix
            | Cause::MappedWithPath
            | Cause::MappedWithSsoPath
            | Cause::MappedWithWhiteSpace
            | Cause::NodeRoleNotMapped
            | Cause::RootNotMapped
            | Cause::SsoMappingGated
            | Cause::TemplateUnrenderable
            | Cause::UsernameReserved
    )
}

/// Whether a cluster decided. Everything else failed before, or was refused by AWS's own services.
fn is_of_cluster(cause: Cause) -> bool {
    is_of_mapping(cause)
        || matches!(
            cause,
            Cause::AccessEntryShadowsAwsAuth
                | Cause::AccountMappedWithoutGroups
                | Cause::AdmissionRefused
                | Cause::AggregationLabelMissing
                | Cause::Anonymous
                | Cause::BindingInOtherNamespace
                | Cause::ClockAhead
                | Cause::DuplicateShadowsMapping
                | Cause::EnvironmentOverridesProfile
                | Cause::Granted
                | Cause::GrantedFromCache
                | Cause::GroupsNotAList
                | Cause::IdentityUnusable
                | Cause::KeyInactive
                | Cause::KeyOfDeletedPrincipal
                | Cause::KeyUnknown
                | Cause::NoBinding
                | Cause::NodeNameDiffers
                | Cause::NotAuthorized
                | Cause::RbacEscalation
                | Cause::RefusedFromCache
                | Cause::RoleNotFound
                | Cause::ServiceAccountInsteadOfIam
                | Cause::SessionNameRewritten
                | Cause::SessionTokenWrong
                | Cause::SignatureMismatch
                | Cause::StsThrottled
                | Cause::StsUnavailable
                | Cause::SubjectHoldsTemplate
                | Cause::SubjectKindWrong
                | Cause::SubjectMisspelled
                | Cause::TokenExpired
                | Cause::TokenForNoCluster
                | Cause::TokenForOtherCluster
                | Cause::TokenMalformed
                | Cause::TokenWrongHost
                | Cause::UsernameMissing
                | Cause::WrongDateOrScope
                | Cause::WrongProfile
        )
}
