//! What the artifacts say, each fact with its place.

mod exports;
mod form;
mod instance;
mod rbac;
mod table;
mod tree;

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use self::exports::csv_messages;
use self::exports::json_messages;
use super::ArtifactKind;
use super::Finding;
use super::Severity;
use super::paste::Form;
use super::paste::Piece;
use crate::cluster::mapping::aws_auth;
use crate::explain::AuditEvent;
use crate::explain::lint;
use crate::explain::lint::tree::Broken;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Source;
use crate::value::arn::Arn;
use crate::value::log::Record;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A place in one of the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    pub(super) fn finding(&self, severity: Severity, message: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding {
            file: self.file.clone(),
            line: self.line,
            column: self.column,
            severity,
            message: message.into(),
            fix: fix.into(),
        }
    }
}

/// Who asks, as `get-caller-identity` or a bare ARN says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) arn: String,
    /// `AIDA…`, or `AROA…:SESSION`.
    pub(super) user_id: String,
}

/// An access entry, or its name alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ListedEntry {
    pub(super) arn: String,
    /// Nothing where only the principal is known.
    pub(super) details: Option<EntryDetails>,
}

/// What `describe-access-entry` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EntryDetails {
    pub(super) entry_type: String,
    pub(super) username: String,
    pub(super) groups: Vec<String>,
    pub(super) created: String,
}

/// A policy of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) principal: String,
    pub(super) arn: String,
    pub(super) namespaces: Vec<String>,
}

/// The ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AwsAuth {
    pub(super) data: BTreeMap<String, String>,
    /// The document as it was pasted, where it is a whole ConfigMap.
    pub(super) verbatim: Option<String>,
}

impl AwsAuth {
    /// The data as the authenticator reads it.
    pub(super) fn parsed(&self) -> aws_auth::AwsAuth {
        aws_auth::AwsAuth::from_config_map(&json!({"data": self.data}))
    }
}

/// As which role a node asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeRole {
    /// The role's; empty where only the instance profile is known.
    pub(super) arn: String,
    /// The name of the instance profile; empty where it is not known.
    pub(super) profile: String,
}

/// A name of the cluster, its region and its account, as far as a text says them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClusterName {
    pub(super) name: String,
    pub(super) region: String,
    pub(super) account: String,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) callers: Vec<Found<Caller>>,
    pub(super) entries: Vec<Found<ListedEntry>>,
    /// Where each is among them, by its principal.
    entry_places: BTreeMap<String, usize>,
    /// Whether the entries' list is known, even if nothing is in it.
    pub(super) entries_listed: bool,
    pub(super) policies: Vec<Found<Policy>>,
    pub(super) aws_auth: Option<Found<AwsAuth>>,
    /// Whether it is what other tools' files say, and not the cluster's own.
    pub(super) aws_auth_is_form: bool,
    /// Whether other tools' files say anything.
    pub(super) has_form: bool,
    /// The authentication mode by such a file.
    pub(super) form_mode: Option<Found<String>>,
    /// Principals of entries in such files that EKS refuses.
    pub(super) refused_entries: Vec<Found<String>>,
    pub(super) node_roles: Vec<Found<NodeRole>>,
    pub(super) cluster_names: Vec<Found<ClusterName>>,
    pub(super) mode: Option<Found<String>>,
    pub(super) version: Option<String>,
    pub(super) records: Vec<Found<Record>>,
    pub(super) client_errors: Vec<Found<String>>,
    /// Roles and bindings as manifests.
    pub(super) rbac: Vec<Found<Value>>,
    rbac_asked: rbac::Asked,
    /// Of which kinds something was read.
    pub(super) kinds: Vec<ArtifactKind>,
}

/// What people's editors make a tab of.
const TAB_WIDTHS: [usize; 4] = [2, 4, 8, 1];

fn read(piece: &Piece) -> Result<Vec<Node>, Broken> {
    let text = piece.text();
    Source::new(&text).documents(&text)
}

impl Facts {
    /// Whether `aws-auth` is there as the cluster has it, and not an excerpt or what another tool makes of it.
    pub(super) fn has_whole_aws_auth(&self) -> bool {
        self.aws_auth
            .as_ref()
            .is_some_and(|found| found.value.verbatim.is_some())
    }
}

/// Reads the facts of one text.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) facts: &'a mut Facts,
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Reader<'_> {
    pub(super) fn read(&mut self, piece: &Piece) {
        match piece.form {
            Form::Arn => self.arn(piece),
            Form::AwsTable => self.table(piece),
            Form::ClientError => {
                self.facts.kinds.push(ArtifactKind::ClientError);
                let value = piece.text();
                self.facts.client_errors.push(Found {
                    value,
                    place: self.place(piece, 1, 1),
                });
            }
            Form::Command => self.command(piece),
            Form::Csv => {
                let messages = csv_messages(&piece.text());
                self.messages(piece, messages);
            }
            Form::Described => self.described(piece),
            Form::Hcl | Form::MappingTable => self.mapping_text(piece),
            Form::Json | Form::Yaml => self.documents(piece),
            Form::Rbac => self.rbac_text(piece),
            Form::Log => {
                let messages = (1_usize..)
                    .zip(&piece.lines)
                    .map(|(at, line)| (at, line.text.clone()))
                    .collect();
                self.messages(piece, messages);
            }
        }
    }

    fn place(&self, piece: &Piece, line: usize, column: usize) -> Place {
        let (line, column) = piece.place(line, column);
        Place {
            file: self.file.to_owned(),
            line,
            column,
        }
    }

    fn arn(&mut self, piece: &Piece) {
        let Some(line) = piece.lines.first() else { return };
        let text = line.text.trim().trim_end_matches([',', ';', '.']);
        let parsed = Arn::parse(text).ok();
        if let Some(name) = parsed
            .as_ref()
            .and_then(|arn| arn.resource.strip_prefix(instance::PROFILE))
        {
            self.facts.kinds.push(ArtifactKind::NodeRole);
            let value = NodeRole {
                arn: String::new(),
                profile: name.rsplit('/').next().unwrap_or_default().to_owned(),
            };
            let place = self.place(piece, 1, 1);
            self.facts.node_roles.push(Found { value, place });
        } else if parsed.is_some_and(|arn| arn.service == "sts" || arn.service == "iam") {
            let indent = line.text.chars().take_while(|c| c.is_whitespace()).count();
            let place = self.place(piece, 1, indent.saturating_add(1));
            self.facts.kinds.push(ArtifactKind::CallerIdentity);
            let caller = Caller {
                arn: text.to_owned(),
                user_id: String::new(),
            };
            self.facts.callers.push(Found { value: caller, place });
        }
    }

    /// The cluster that a typed command names.
    fn command(&mut self, piece: &Piece) {
        let text = piece.text();
        let words: Vec<&str> = text
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .collect();
        self.rbac_asked(&words);
        let option = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at.saturating_add(1)).map(|word| (*word).to_owned())
        };
        if words.first() != Some(&"aws") || !words.contains(&"eks") {
            return;
        }
        let name = option("--cluster-name")
            .or_else(|| option("--name"))
            .unwrap_or_default();
        let region = option("--region").unwrap_or_default();
        if name.is_empty() && region.is_empty() || name.starts_with('$') {
            return;
        }
        let value = ClusterName {
            name,
            region,
            account: String::new(),
        };
        self.facts.cluster_names.push(Found {
            value,
            place: self.place(piece, 1, 1),
        });
    }

    /// The lines of a log. `messages` are lines of the piece with their texts.
    fn messages(&mut self, piece: &Piece, messages: Vec<(usize, String)>) {
        for (line, text) in messages {
            let Some(record) = Record::parse(&text) else { continue };
            let place = self.place(piece, line, 1);
            self.facts.kinds.push(ArtifactKind::Log);
            if record.is_cut {
                self.findings.push(place.finding(
                    Severity::Warning,
                    "the line is cut off within a value",
                    "paste the whole line: what is missing may be the reason",
                ));
            }
            self.facts.records.push(Found { value: record, place });
        }
    }

    /// What `kubectl describe configmap` prints: `KEY:`, dashes, the value, an empty line.
    fn described(&mut self, piece: &Piece) {
        let mut data: BTreeMap<String, String> = BTreeMap::new();
        let mut key: Option<String> = None;
        let mut in_data = false;
        let mut lines = piece.lines.iter().map(|line| line.text.as_str()).peekable();
        while let Some(line) = lines.next() {
            let is_key = lines.peek().is_some_and(|next| next.starts_with("----"));
            if line == "Data" {
                in_data = true;
            } else if !in_data || line.starts_with("====") || (line.starts_with("----") && key.is_some()) {
            } else if line == "BinaryData" || line.starts_with("Events:") {
                in_data = false;
                key = None;
            } else if let Some(name) = line.strip_suffix(':').filter(|_| is_key) {
                data.insert(name.to_owned(), String::new());
                key = Some(name.to_owned());
            } else if let Some(value) = key.as_ref().and_then(|key| data.get_mut(key)) {
                value.push_str(line);
                value.push('\n');
            }
        }
        for value in data.values_mut() {
            let text = value.trim_end().to_owned();
            *value = if text.is_empty() { text } else { format!("{text}\n") };
        }
        self.aws_auth(AwsAuth { data, verbatim: None }, self.place(piece, 1, 1));
    }

    fn aws_auth(&mut self, value: AwsAuth, place: Place) {
        self.facts.kinds.push(ArtifactKind::AwsAuth);
        if let Some(earlier) = &self.facts.aws_auth
            && !self.facts.aws_auth_is_form
            && earlier.value.data != value.data
        {
            let message = format!(
                "this aws-auth is another one than that of {}:{}",
                earlier.place.file, earlier.place.line
            );
            self.findings.push(place.finding(
                Severity::Warning,
                message,
                "give the one that was there when the caller was denied; the last is used",
            ));
        }
        self.facts.aws_auth_is_form = false;
        self.facts.aws_auth = Some(Found { value, place });
    }

    fn documents(&mut self, piece: &Piece) {
        let broken = match read(piece) {
            Ok(documents) => {
                self.each(piece, &documents);
                return;
            }
            Err(broken) => broken,
        };
        let place = self.place(piece, broken.place.line, broken.place.column);
        if !broken.is_tab {
            self.findings.push(place.finding(
                Severity::Warning,
                format!("neither YAML nor JSON, so that it is passed over: {}", broken.message),
                "fix the text here or just before, or paste the whole of what the command prints",
            ));
            return;
        }
        // No API server has a document that tabs indent: an editor made them of the spaces.
        for width in TAB_WIDTHS {
            let spaced = piece.without_tabs(width);
            let Ok(documents) = read(&spaced) else { continue };
            self.findings.push(place.finding(
                Severity::Note,
                format!("a tab indents the line; tabs are read as {width} spaces"),
                "",
            ));
            self.each(&spaced, &documents);
            return;
        }
        self.findings.push(place.finding(
            Severity::Warning,
            "a tab indents the line, and with spaces in its place it is no YAML either, so that it is passed over",
            "paste the text with its own spaces: `kubectl get configmap aws-auth -n kube-system -o yaml` prints no tabs",
        ));
    }

    /// Each document by what it is: those of other tools, and those that are read here.
    fn each(&mut self, piece: &Piece, documents: &[Node]) {
        let source = Source::new(&piece.text());
        for node in documents {
            // An event may hold anything that somebody applied.
            let is_event =
                AuditEvent::read(node).is_some() || ["events", "results"].iter().any(|key| node.entry(key).is_some());
            let form = (!is_event && node.text_at("kind") != Some("EventList"))
                .then(|| lint::form_of_document(node, &source))
                .flatten();
            match form {
                Some(form) => self.mapping_document(piece, node, &form),
                None => self.document(piece, node),
            }
        }
    }

    fn messages_of(&mut self, piece: &Piece, node: &Node) {
        for (place, message) in json_messages(node) {
            if message.trim_start().starts_with('{') && message.contains("audit.k8s.io") {
                let place = self.place(piece, place.line, place.column);
                let events = Source::new(message).documents(message).unwrap_or_default();
                for event in events.iter().filter_map(AuditEvent::read) {
                    self.audit_event(&event, &place);
                }
            } else if let Some(record) = Record::parse(message) {
                self.facts.kinds.push(ArtifactKind::Log);
                let place = self.place(piece, place.line, place.column);
                self.facts.records.push(Found { value: record, place });
            }
        }
    }
}
