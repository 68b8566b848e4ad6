//! What is wrong with an `aws-auth` ConfigMap, access entries or a kubeconfig, before a client finds out; and with the same in the
//! forms of Terraform, eksctl, CloudFormation, Argo CD and helm.
//!
//! The rules follow the authenticator's own reading ([`crate::cluster::mapping::aws_auth`]): items match in any case, the last
//! duplicate wins, a field of the wrong type is lost, a misspelled key is passed over. The text is read by its own reader,
//! in `tree.rs`. [`lint`] is the way in; the rules with their sentences are [`Rule`], and one file a kind of input finds
//! them.

mod access_entry;
mod aws_auth;
mod elided;
mod form;
mod kubeconfig;
mod principal;
mod refusal;
mod rule;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

use std::fmt;

use self::form::Form;
pub(crate) use self::form::FoundForm;
pub use self::form::FoundKind;
pub use self::form::FoundMapping;
pub use self::form::FoundPolicy;
pub use self::form::FoundText;
pub(crate) use self::form::begins_hcl;
pub(crate) use self::form::form_of_text;
pub(crate) use self::form::is_list_name;
pub(crate) use self::form::is_mapping_table;
pub use self::form::mapping_forms;
pub use self::rule::Rule;
use self::tree::Node;
use self::tree::Place;
use self::tree::Shape;
use self::tree::Source;
use crate::explain::fix::fix_with_blots;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::blots::Blot;
use crate::value::blots::Blots;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// What `aws eks describe-access-entry` and its like print.
    AccessEntries,
    /// Argo CD's Secret of a cluster.
    ArgoCluster,
    /// The `aws-auth` ConfigMap, a list that holds it, its data, or one of its values.
    AwsAuth,
    /// A template of CloudFormation, which is also what the CDK renders.
    CloudFormation,
    /// eksctl's ClusterConfig, or the table of `eksctl get iamidentitymapping`.
    Eksctl,
    /// Values of a chart with lists of mappings in them.
    HelmValues,
    /// Objects of the authenticator's own CRD.
    IamIdentityMapping,
    /// A kubeconfig.
    Kubeconfig,
    /// Terraform's language, its plan or its state.
    Terraform,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AccessEntries => "access-entries",
            Self::ArgoCluster => "a cluster of Argo CD",
            Self::AwsAuth => "aws-auth",
            Self::CloudFormation => "CloudFormation",
            Self::Eksctl => "eksctl",
            Self::HelmValues => "helm values",
            Self::IamIdentityMapping => "IAMIdentityMapping",
            Self::Kubeconfig => "kubeconfig",
            Self::Terraform => "Terraform",
        })
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It does not do what it is written for.
    Error,
    /// It does something, but hardly what is wanted.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// What is known apart from the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The kind of the text; found out from it where it is not given.
    pub kind: Option<FileKind>,
    /// The cluster's account; read from the ARNs of access entries where it is not given.
    pub account: Option<AccountId>,
    /// The cluster's partition, where it is known.
    pub partition: Option<Partition>,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: Rule,
    /// How bad.
    pub severity: Severity,
    /// The line of the value in the text, from 1.
    pub line: usize,
    /// Its column, from 1, in characters.
    pub column: usize,
    /// How many characters of the line it takes, at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

/// Reads `text` and returns what is wrong, by position.
///
/// A value inside the string of a ConfigMap has its place in `text` itself. Where an escape or folding hides it, that
/// of the string as a whole.
#[must_use]
pub fn lint(text: &str, context: &Context) -> Vec<Finding> {
    let given = text.strip_prefix('\u{feff}').unwrap_or(text);
    let known = context.account.as_ref().map(AccountId::as_str);
    // A file may list several accounts, so that a blot is none of those that stand in it.
    let mut blots = Blots::of(&[given], known.as_slice(), false);
    let (mut found, is_form) = judge(&blots, context);
    // Tools write references so, and put the value in.
    if is_form && blots.all().iter().any(Blot::is_reference) {
        blots = Blots::none(given);
        (found, _) = judge(&blots, context);
    }
    let mut findings: Vec<Finding> = found.into_iter().map(|found| as_given(found, &blots)).collect();
    findings.extend(blots.all().iter().map(of_blot));
    findings.sort_by(|a, b| (a.line, a.column, a.rule, &a.message).cmp(&(b.line, b.column, b.rule, &b.message)));
    // An anchor's values are read wherever an alias names it.
    findings.dedup();
    findings
}

/// What is wrong with a text whose blots have stand-ins, and whether it is in a form of another tool.
fn judge(blots: &Blots, context: &Context) -> (Vec<Finding>, bool) {
    let given = blots.text(0);
    let embedded = form::hcl_in(given);
    let text = embedded.as_deref().unwrap_or(given);
    let source = Source::new(text);
    let mut report = Report {
        source: &source,
        blots: blots.all(),
        partition: None,
        is_form: false,
        findings: Vec::new(),
    };
    match form::of_text(text, &source) {
        Some(Ok(form)) => lint_form(&mut report, &form, START, context),
        Some(Err(unreadable)) => report.add(unreadable.rule, unreadable.place, unreadable.message, unreadable.fix),
        None => match source.documents(text) {
            Ok(documents) => lint_documents(&mut report, documents, context),
            Err(broken) if broken.is_tab => report.add(
                Rule::InputTab,
                broken.place,
                format!("a tab indents the line: {}", broken.message),
                "indent with spaces",
            ),
            Err(broken) => report.add(Rule::InputBroken, broken.place, broken.message, broken.fix),
        },
    }
    (report.findings, report.is_form)
}

/// At its place in the text as it was given, in whose words it is.
fn as_given(found: Finding, blots: &Blots) -> Finding {
    let column = blots.column(0, found.line, found.column);
    let end = blots.column(0, found.line, found.column.saturating_add(found.length));
    Finding {
        column,
        length: end.saturating_sub(column).max(1),
        message: blots.shown(&found.message),
        fix: fix_with_blots(&found.fix, blots),
        ..found
    }
}

fn of_blot(blot: &Blot) -> Finding {
    let (_, line, column) = blot.place;
    let what = match blot.text.as_str() {
        "" => "the ARN has no account".to_owned(),
        text => format!("`{text}` stands where an id or a name should"),
    };
    Finding {
        rule: Rule::InputBlot,
        severity: Rule::InputBlot.severity(),
        line,
        column,
        length: blot.text.chars().count().max(1),
        message: format!("{what}; it is judged as one that is there, the same wherever it stands"),
        fix: "if it stands so in the cluster, write the real one: nothing is replaced in an ARN".to_owned(),
    }
}

fn lint_documents(report: &mut Report<'_>, documents: Vec<Node>, context: &Context) {
    let Some(first) = documents.iter().find(|node| !matches!(node.shape, Shape::Null)) else {
        return report.unknown(START, "the text is empty".to_owned());
    };
    let start = first.place;
    let is_form = |node: &Node| {
        sniff(node)
            .is_none()
            .then(|| form::of_document(node, report.source))
            .flatten()
    };
    let forms: Vec<(Place, Form)> = documents
        .iter()
        .filter_map(|node| Some((node.place, is_form(node)?)))
        .collect();
    for (place, form) in &forms {
        lint_form(report, form, *place, context);
    }
    let sniffed = documents.iter().find_map(sniff);
    if !forms.is_empty() && sniffed.is_none() {
        return;
    }
    let Some(kind) = context.kind.or(sniffed) else {
        return report.unknown(
            start,
            "neither mapRoles, mapUsers, mapAccounts nor an access entry nor a kubeconfig is in it".to_owned(),
        );
    };
    if let Some(sniffed) = sniffed.filter(|sniffed| *sniffed != kind) {
        return report.unknown(start, format!("this looks like {sniffed}, not {kind}"));
    }
    // What is of a form has been looked at.
    let is_own = |node: &Node| forms.iter().all(|(place, _)| *place != node.place);
    let own: Vec<Node> = documents.into_iter().filter(is_own).collect();
    match kind {
        FileKind::AwsAuth => aws_auth::lint(report, &own, context.partition),
        FileKind::AccessEntries => access_entry::lint(report, &own, context.account.as_ref()),
        FileKind::Kubeconfig => own.iter().for_each(|document| kubeconfig::lint(report, document)),
        // Nothing else is of these kinds.
        FileKind::ArgoCluster
        | FileKind::CloudFormation
        | FileKind::Eksctl
        | FileKind::HelmValues
        | FileKind::IamIdentityMapping
        | FileKind::Terraform => report.unknown(start, format!("this is not {kind}")),
    }
}

/// What a document says that is of a form of another tool, and of no other kind.
pub(crate) fn form_of_document(node: &Node, source: &Source) -> Option<FoundForm> {
    if sniff(node).is_some() {
        return None;
    }
    let form = form::of_document(node, source)?;
    // No cluster of EKS has those.
    (form.kind != FileKind::IamIdentityMapping).then(|| form::found_form(&form, source))
}

/// What a form holds, by the rules for what becomes of it.
fn lint_form(report: &mut Report<'_>, form: &Form, start: Place, context: &Context) {
    report.is_form = true;
    if let Some(kind) = context.kind.filter(|kind| *kind != form.kind) {
        return report.unknown(start, format!("this looks like {}, not {kind}", form.kind));
    }
    // Argo CD connects by other means, too, and most clusters of eksctl are without a mapping of their own.
    if form.is_empty() && !matches!(form.kind, FileKind::ArgoCluster | FileKind::Eksctl) {
        return report.unknown(start, format!("this is {}, but it maps nobody", form.kind));
    }
    for fault in &form.faults {
        report.add(fault.rule, fault.place, &*fault.message, &*fault.fix);
    }
    for lists in &form.lists {
        aws_auth::lint_lists(report, lists);
    }
    if !form.entries.is_empty() {
        access_entry::lint(report, &form.entries, context.account.as_ref());
    }
    for connection in &form.connections {
        kubeconfig::lint_connection(report, connection);
    }
}

fn sniff(node: &Node) -> Option<FileKind> {
    if kubeconfig::is_one(node) {
        Some(FileKind::Kubeconfig)
    } else if access_entry::is_one(node) {
        Some(FileKind::AccessEntries)
    } else if aws_auth::is_one(node) {
        Some(FileKind::AwsAuth)
    } else {
        None
    }
}

const START: Place = Place {
    line: 1,
    column: 1,
    length: 1,
};

/// The findings so far.
struct Report<'a> {
    source: &'a Source,
    /// What stands in for what was blotted out.
    blots: &'a [Blot],
    partition: Option<Partition>,
    is_form: bool,
    findings: Vec<Finding>,
}

impl Report<'_> {
    fn add(&mut self, rule: Rule, place: Place, message: impl Into<String>, fix: impl Into<String>) {
        self.findings.push(Finding {
            rule,
            severity: rule.severity(),
            line: place.line,
            column: place.column,
            length: place.length,
            message: message.into(),
            fix: fix.into(),
        });
    }

    /// Whether a certificate or a token was hidden before the text was passed on, which is noted.
    fn is_hidden(&mut self, value: &str, place: Place, fix: &str) -> bool {
        // What has a stand-in is noted as a blot.
        if self.blots.iter().any(|blot| blot.stand_in == value) {
            return true;
        }
        let is_hidden = elided::is_one(value);
        if is_hidden {
            self.add(
                Rule::InputBlot,
                place,
                "the value is hidden, so that it is not judged",
                fix,
            );
        }
        is_hidden
    }

    fn unknown(&mut self, place: Place, message: String) {
        self.add(
            Rule::InputUnknown,
            place,
            message,
            "give what `kubectl get configmap aws-auth -n kube-system -o yaml`, `aws eks describe-access-entry` or \
             `kubectl config view --raw` prints, or the file of Terraform, eksctl or CloudFormation that maps somebody",
        );
    }
}
