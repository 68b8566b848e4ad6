//! What stands in pasted texts, part by part, for who answers from all of it together.
//!
//! [`import`](super::import) wants a denial and refuses the whole where a part cannot be read. Here each part stands for
//! itself: what is read is told, what is not is left out and said, and the lines that are no artifact remain for those who know
//! the words of clients and logs.

use std::sync::LazyLock;

use regex::Regex;

use super::Artifact;
use super::ArtifactKind;
use super::Finding;
use super::Severity;
use super::errors;
use super::facts::Facts;
use super::facts::Reader;
use super::paste;
use super::paste::Form;
use super::paste::Piece;
use crate::aws::aws_host::is_region;
use crate::cluster::eks::settings::is_cluster_name;
use crate::cluster::mapping::aws_auth::AwsAuth;
use crate::value::arn::CanonicalArn;
use crate::value::log::Record;

/// Each is looked for in the text.
const MOST_ITEMS: usize = 500;

/// A part of a text that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Part {
    pub(in crate::scenario) kind: ArtifactKind,
    pub(in crate::scenario) file: String,
    /// Its first line, from 1.
    pub(in crate::scenario) first: usize,
    /// Its last line.
    pub(in crate::scenario) last: usize,
}

/// A YAML or JSON document, whether or not it is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Document {
    pub(in crate::scenario) file: String,
    /// Without what stood around it.
    pub(in crate::scenario) text: String,
    /// Where each of its lines stood: the line, and how many characters were taken off it.
    places: Vec<(usize, usize)>,
}

impl Document {
    /// The place, as it came, of a line and column (both from 1) of its text.
    pub(in crate::scenario) fn place(&self, line: usize, column: usize) -> (usize, usize) {
        let found = self.places.get(line.saturating_sub(1)).or(self.places.last());
        let (line, taken) = found.copied().unwrap_or_default();
        (line, taken.saturating_add(column))
    }
}

/// A principal that a text names as the one who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Named {
    /// As it stands there.
    pub(in crate::scenario) arn: String,
    pub(in crate::scenario) file: String,
    pub(in crate::scenario) line: usize,
}

/// A denial in the authenticator's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Denied {
    pub(in crate::scenario) record: Record,
    pub(in crate::scenario) file: String,
    pub(in crate::scenario) line: usize,
}

/// An item of aws-auth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct MappedBy {
    pub(in crate::scenario) arn: String,
    pub(in crate::scenario) username: String,
    pub(in crate::scenario) groups: Vec<String>,
    pub(in crate::scenario) file: String,
    pub(in crate::scenario) line: usize,
}

/// As which role a node asks, or by which instance profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct NodeOf {
    /// Empty where it is not known.
    pub(in crate::scenario) role: String,
    /// Empty where it is not known.
    pub(in crate::scenario) profile: String,
    pub(in crate::scenario) file: String,
    pub(in crate::scenario) line: usize,
}

/// A text without the artifacts in it. Its lines are those of the text as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scenario) struct Rest {
    pub(in crate::scenario) file: String,
    pub(in crate::scenario) text: String,
}

/// What the texts hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::scenario) struct Recognised {
    pub(in crate::scenario) parts: Vec<Part>,
    pub(in crate::scenario) documents: Vec<Document>,
    /// One for each text.
    pub(in crate::scenario) rests: Vec<Rest>,
    /// The texts with something in them that can be imported, without what cannot be read.
    pub(in crate::scenario) readable: Vec<Artifact>,
    pub(in crate::scenario) callers: Vec<Named>,
    pub(in crate::scenario) denials: Vec<Denied>,
    /// The authentication mode, as the cluster's description says it.
    pub(in crate::scenario) mode: Option<String>,
    /// Whether all access entries are known.
    pub(in crate::scenario) entries_listed: bool,
    /// The same by the file of another tool.
    form_mode: Option<String>,
    /// Whether files of other tools say who is mapped.
    pub(in crate::scenario) has_form: bool,
    /// Whether the ConfigMap itself is there.
    pub(in crate::scenario) has_aws_auth: bool,
    /// Who is in aws-auth, whether by itself or by the file of another tool.
    pub(in crate::scenario) mapped: Vec<MappedBy>,
    /// Principals of entries that EKS refuses.
    pub(in crate::scenario) refused_entries: Vec<Named>,
    /// As which roles nodes ask.
    pub(in crate::scenario) node_roles: Vec<NodeOf>,
    /// The cluster's name and region, empty where no text says them.
    pub(in crate::scenario) cluster: (String, String),
    /// What could not be read, and what was said of the rest.
    pub(in crate::scenario) findings: Vec<Finding>,
}

impl Recognised {
    /// Whether something was left out, so that what is not in the rest may be in it.
    pub(in crate::scenario) fn is_partial(&self) -> bool {
        errors(&self.findings) > 0
    }

    pub(in crate::scenario) fn has(&self, kind: ArtifactKind) -> bool {
        self.parts.iter().any(|part| part.kind == kind)
    }

    /// The denial that counts: the newest of the caller that was given, else the newest that names somebody.
    pub(in crate::scenario) fn denial(&self) -> Option<&Denied> {
        let given = self.callers.last().and_then(|caller| canonical(&caller.arn));
        let of_given = self
            .denials
            .iter()
            .rfind(|denied| given.is_some() && denied.record.arn() == given.as_deref());
        of_given
            .or_else(|| self.denials.iter().rfind(|denied| denied.record.arn().is_some()))
            .or(self.denials.last())
    }
}

/// A principal as the authenticator's log names it.
#[must_use]
pub(in crate::scenario) fn canonical(arn: &str) -> Option<String> {
    let canonical = CanonicalArn::parse(arn).ok()?.arn;
    let (before, path) = canonical.split_once(":role/").unwrap_or((&canonical, ""));
    let name = path.rsplit('/').next().unwrap_or_default();
    Some(if name.is_empty() {
        canonical.clone()
    } else {
        format!("{before}:role/{name}")
    })
}

/// Reads texts, each part by itself.
#[must_use]
pub(in crate::scenario) fn recognise(artifacts: &[Artifact]) -> Recognised {
    let mut recognised = Recognised::default();
    for artifact in artifacts {
        read(artifact, &mut recognised);
    }
    if recognised.mode.is_none() {
        recognised.mode = recognised.form_mode.take();
    }
    if let Some(refusal) = forbidden(&recognised.rests, &recognised.readable) {
        recognised.readable.push(refusal);
    }
    recognised
}

fn read(artifact: &Artifact, recognised: &mut Recognised) {
    let file = artifact.file.as_str();
    let mut rest: Vec<String> = vec![String::new(); artifact.text.split('\n').count()];
    for line in paste::lines(&artifact.text) {
        if let Some(slot) = rest.get_mut(line.origin.line.saturating_sub(1)) {
            *slot = line.text;
        }
    }
    let mut findings = Vec::new();
    let pieces = paste::pieces(file, &artifact.text, &mut findings);
    let mut unreadable: Vec<(usize, usize)> = Vec::new();
    let parts_before = recognised.parts.len();
    for piece in &pieces {
        let mut facts = Facts::default();
        let mut found = Vec::new();
        let mut reader = Reader {
            file,
            facts: &mut facts,
            findings: &mut found,
        };
        reader.read(piece);
        let (first, last) = ends(piece);
        if errors(&found) > 0 {
            unreadable.push((first, last));
        }
        findings.append(&mut found);
        take(piece, file, facts, recognised);
        let known = recognised.parts.get(parts_before..).unwrap_or_default();
        let is_artifact = known
            .iter()
            .any(|part| part.first == first && !matches!(part.kind, ArtifactKind::ClientError | ArtifactKind::Log));
        if is_artifact {
            let lines = last.saturating_sub(first).saturating_add(1);
            for slot in rest.iter_mut().skip(first.saturating_sub(1)).take(lines) {
                slot.clear();
            }
        }
    }
    recognised.findings.append(&mut findings);
    let parts = recognised.parts.get(parts_before..).unwrap_or_default();
    if let Some(kind) = artifact
        .kind
        .filter(|kind| !parts.iter().any(|part| part.kind == *kind))
    {
        recognised.findings.push(Finding {
            file: file.to_owned(),
            line: 1,
            column: 1,
            severity: Severity::Warning,
            message: format!("no {kind} is in it"),
            fix: "give what the commands of docs/import.md print, in full".to_owned(),
        });
    }
    if !parts.is_empty() {
        recognised.readable.push(Artifact {
            file: file.to_owned(),
            text: without(&artifact.text, &unreadable),
            kind: None,
        });
    }
    recognised.rests.push(Rest {
        file: file.to_owned(),
        text: rest.join("\n"),
    });
}

fn ends(piece: &Piece) -> (usize, usize) {
    let first = piece.lines.first().map(|line| line.origin.line).unwrap_or_default();
    let last = piece.lines.last().map(|line| line.origin.line).unwrap_or(first);
    (first, last)
}

/// Keeps what a piece says.
fn take(piece: &Piece, file: &str, facts: Facts, recognised: &mut Recognised) {
    let (first, last) = ends(piece);
    let mut kinds: Vec<ArtifactKind> = Vec::new();
    for kind in facts.kinds {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.contains(&ArtifactKind::AwsAuth) && !facts.has_form {
        recognised.has_aws_auth = true;
    }
    if let Some(aws_auth) = &facts.aws_auth {
        recognised.mapped.extend(mapped(piece, file, &aws_auth.value.parsed()));
    }
    recognised
        .refused_entries
        .extend(facts.refused_entries.into_iter().map(|found| Named {
            arn: found.value,
            file: found.place.file,
            line: found.place.line,
        }));
    recognised
        .node_roles
        .extend(facts.node_roles.into_iter().map(|found| NodeOf {
            role: found.value.arn,
            profile: found.value.profile,
            file: found.place.file,
            line: found.place.line,
        }));
    if let Some(mode) = facts.form_mode {
        recognised.form_mode = Some(mode.value);
    }
    if matches!(piece.form, Form::Hcl | Form::Json | Form::MappingTable | Form::Yaml) {
        let places = piece.lines.iter().map(|line| (line.origin.line, line.origin.taken));
        recognised.documents.push(Document {
            file: file.to_owned(),
            text: piece.text(),
            places: places.collect(),
        });
    }
    recognised.parts.extend(kinds.into_iter().map(|kind| Part {
        kind,
        file: file.to_owned(),
        first,
        last,
    }));
    recognised.callers.extend(facts.callers.into_iter().map(|found| Named {
        arn: found.value.arn,
        file: found.place.file,
        line: found.place.line,
    }));
    let denials = facts.records.into_iter().filter(|found| found.value.denial().is_some());
    recognised.denials.extend(denials.map(|found| Denied {
        record: found.value,
        file: found.place.file,
        line: found.place.line,
    }));
    recognised.entries_listed |= facts.entries_listed;
    recognised.has_form |= facts.has_form;
    if let Some(mode) = facts.mode {
        recognised.mode = Some(mode.value);
    }
    // They stand in commands that others run, so that they are names and nothing else.
    for found in facts.cluster_names {
        let (name, region) = &mut recognised.cluster;
        if name.is_empty() && is_cluster_name(&found.value.name) {
            *name = found.value.name;
        }
        if region.is_empty() && is_region(&found.value.region) {
            *region = found.value.region;
        }
    }
}

/// The items of an aws-auth, each with the line that has its ARN.
fn mapped(piece: &Piece, file: &str, aws_auth: &AwsAuth) -> Vec<MappedBy> {
    let line_of = |arn: &str| {
        let line = piece
            .lines
            .iter()
            .find(|line| !arn.is_empty() && line.text.contains(arn));
        line.or(piece.lines.first())
            .map(|line| line.origin.line)
            .unwrap_or_default()
    };
    let items = aws_auth.roles().iter().chain(aws_auth.users()).take(MOST_ITEMS);
    items
        .map(|item| MappedBy {
            arn: item.arn.clone(),
            username: item.username.clone(),
            groups: item.groups.clone(),
            file: file.to_owned(),
            line: line_of(&item.arn),
        })
        .collect()
}

/// A text with empty lines in place of what cannot be read.
fn without(text: &str, unreadable: &[(usize, usize)]) -> String {
    if unreadable.is_empty() {
        return text.to_owned();
    }
    let lines = (1_usize..).zip(text.split('\n')).map(|(at, line)| {
        let is_out = unreadable.iter().any(|(first, last)| (*first..=*last).contains(&at));
        if is_out { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A refusal of RBAC in another client's words, as kubectl prints it: `import` knows kubectl's. The last of them, and only
/// where kubectl's own is not there.
fn forbidden(rests: &[Rest], readable: &[Artifact]) -> Option<Artifact> {
    static REFUSED: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"User "[^"]+" cannot \w+ resource "[^"]+" in API group "[^"]*""#).ok());
    const KUBECTL: &str = "Error from server (Forbidden):";
    if readable.iter().any(|artifact| artifact.text.contains(KUBECTL)) {
        return None;
    }
    let refused = REFUSED.as_ref()?;
    rests.iter().rev().find_map(|rest| {
        let lines: Vec<&str> = rest.text.split('\n').collect();
        let at = lines
            .iter()
            .rposition(|line| line.contains(" cannot ") && refused.is_match(&line.replace("\\\"", "\"")))?;
        let said = lines.get(at)?.replace("\\\"", "\"");
        Some(Artifact {
            file: rest.file.clone(),
            text: format!("{}{KUBECTL} {said}", "\n".repeat(at)),
            kind: None,
        })
    })
}
