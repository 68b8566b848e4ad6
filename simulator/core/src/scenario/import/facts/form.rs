//! What other tools' files say of who is mapped, as if it stood in `aws-auth` and in access entries.
//!
//! It is what should be in the cluster, and what is there counts: a ConfigMap that was given comes before it, and nobody is
//! said to be without a mapping because no such file has one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::ArtifactKind;
use super::AwsAuth;
use super::Caller;
use super::ClusterName;
use super::EntryDetails;
use super::Found;
use super::ListedEntry;
use super::Place;
use super::Policy;
use super::Reader;
use super::Severity;
use crate::cluster::eks::parameter::EntryType;
use crate::explain::lint;
use crate::explain::lint::FoundForm;
use crate::explain::lint::FoundKind;
use crate::explain::lint::FoundMapping;
use crate::explain::lint::FoundText;
use crate::explain::lint::tree::Node;
use crate::scenario::import::paste::Piece;
use crate::scenario::import::yaml;

/// What no group of an entry may begin with.
const RESERVED: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

impl Reader<'_> {
    /// Terraform, or the table of eksctl. Of one that maps nobody nothing is said.
    pub(super) fn mapping_text(&mut self, piece: &Piece) {
        static NAME: LazyLock<Option<Regex>> =
            LazyLock::new(|| Regex::new(r#"(?m)^\s*cluster_name\s*=\s*"([A-Za-z0-9][A-Za-z0-9_-]*)""#).ok());
        let text = piece.text();
        let Some(form) = lint::form_of_text(&text) else {
            return;
        };
        if !self.form(piece, &form) {
            return;
        }
        let name = NAME.as_ref().and_then(|name| name.captures(&text)?.get(1));
        if let Some(name) = name {
            let before = text.get(..name.start()).unwrap_or_default();
            let value = ClusterName {
                name: name.as_str().to_owned(),
                ..ClusterName::default()
            };
            let place = self.place(piece, before.matches('\n').count().saturating_add(1), 1);
            self.facts.cluster_names.push(Found { value, place });
        }
    }

    /// A document of eksctl, CloudFormation, Argo CD, Terraform or helm.
    pub(super) fn mapping_document(&mut self, piece: &Piece, node: &Node, form: &FoundForm) {
        self.form(piece, form);
        let metadata = node.get("metadata");
        if let Some(metadata) = metadata.filter(|_| node.text_at("kind") == Some("ClusterConfig")) {
            self.facts.kinds.push(ArtifactKind::Cluster);
            let text = |key| metadata.text_at(key).unwrap_or_default().to_owned();
            let value = ClusterName {
                name: text("name"),
                region: text("region"),
                account: String::new(),
            };
            let place = self.place(piece, metadata.place.line, metadata.place.column);
            self.facts.cluster_names.push(Found { value, place });
        }
    }

    /// Whether it says anything.
    fn form(&mut self, piece: &Piece, form: &FoundForm) -> bool {
        let before = self.facts.kinds.len();
        let mut data: BTreeMap<String, String> = BTreeMap::new();
        let mut first: Option<Place> = None;
        for mapping in &form.mappings {
            match mapping.kind {
                FoundKind::Account | FoundKind::Role | FoundKind::User => {
                    let Some((key, item)) = item(mapping) else { continue };
                    data.entry(key.to_owned()).or_default().push_str(&item);
                    first.get_or_insert_with(|| self.place(piece, mapping.line, mapping.column));
                }
                FoundKind::Entry => self.entry_of_form(piece, mapping),
                FoundKind::Policies => self.policies_of_form(piece, mapping),
            }
        }
        if form.has_lists {
            self.facts.kinds.push(ArtifactKind::AwsAuth);
        }
        if let Some(place) = first {
            self.aws_auth_of_form(data, place);
        }
        for connection in &form.connections {
            self.facts.kinds.push(ArtifactKind::Kubeconfig);
            if let Some(cluster) = &connection.cluster {
                let value = ClusterName {
                    name: cluster.text.clone(),
                    ..ClusterName::default()
                };
                let place = self.place_of(piece, cluster);
                self.facts.cluster_names.push(Found { value, place });
            }
            if let Some(role) = &connection.role {
                let place = self.place_of(piece, role);
                self.findings.push(place.finding(
                    Severity::Note,
                    format!("Argo CD assumes {}: that role is who asks", role.text),
                    String::new(),
                ));
                let value = Caller {
                    arn: role.text.clone(),
                    user_id: String::new(),
                };
                self.facts.callers.push(Found { value, place });
            }
        }
        if let Some(mode) = &form.mode {
            if self.facts.kinds.len() == before {
                self.facts.kinds.push(ArtifactKind::Cluster);
            }
            self.facts.form_mode = Some(Found {
                value: mode.text.clone(),
                place: self.place_of(piece, mode),
            });
        }
        let says = self.facts.kinds.len() > before;
        self.facts.has_form |= says;
        says
    }

    fn place_of(&self, piece: &Piece, text: &FoundText) -> Place {
        self.place(piece, text.line, text.column)
    }

    /// What forms map is added up; what the cluster has counts.
    fn aws_auth_of_form(&mut self, data: BTreeMap<String, String>, place: Place) {
        let facts = &mut *self.facts;
        match &mut facts.aws_auth {
            Some(known) if facts.aws_auth_is_form => {
                for (key, text) in data {
                    known.value.data.entry(key).or_default().push_str(&text);
                }
            }
            Some(_) => {}
            None => {
                facts.aws_auth_is_form = true;
                facts.aws_auth = Some(Found {
                    value: AwsAuth { data, verbatim: None },
                    place,
                });
            }
        }
    }

    fn entry_of_form(&mut self, piece: &Piece, mapping: &FoundMapping) {
        self.facts.kinds.push(ArtifactKind::AccessEntries);
        let Some(principal) = &mapping.principal else {
            return;
        };
        let text = |text: &Option<FoundText>| text.as_ref().map(|text| text.text.clone()).unwrap_or_default();
        let entry_type = text(&mapping.entry_type);
        let is_standard = entry_type.is_empty() || entry_type == EntryType::default().as_str();
        let groups: Vec<String> = mapping.groups.iter().map(|group| group.text.clone()).collect();
        let is_reserved = |group: &String| RESERVED.iter().any(|begin| group.starts_with(begin));
        let place = self.place_of(piece, principal);
        // EKS refuses it, so that the cluster has no such entry.
        if is_standard && groups.iter().any(is_reserved) {
            self.facts.refused_entries.push(Found {
                value: principal.text.clone(),
                place,
            });
            return;
        }
        let details = EntryDetails {
            entry_type,
            username: text(&mapping.username),
            groups,
            created: String::new(),
        };
        let arn = principal.text.clone();
        self.add_entry(
            ListedEntry {
                arn,
                details: Some(details),
            },
            place,
        );
        self.policies_of_form(piece, mapping);
    }

    fn policies_of_form(&mut self, piece: &Piece, mapping: &FoundMapping) {
        self.facts.kinds.push(ArtifactKind::AccessEntries);
        let Some(principal) = &mapping.principal else {
            return;
        };
        for policy in &mapping.policies {
            let Some(arn) = &policy.arn else { continue };
            let namespaces = policy.namespaces.iter().map(|namespace| namespace.text.clone());
            let value = Policy {
                principal: principal.text.clone(),
                arn: arn.text.clone(),
                namespaces: namespaces.collect(),
            };
            let place = self.place_of(piece, arn);
            self.facts.policies.push(Found { value, place });
        }
    }
}

/// The key and the item of `aws-auth` that become of a mapping; nothing where only the tool knows whom it maps.
fn item(mapping: &FoundMapping) -> Option<(&'static str, String)> {
    let principal = yaml::quoted(&mapping.principal.as_ref()?.text);
    let (key, field) = match mapping.kind {
        FoundKind::Account => return Some(("mapAccounts", format!("- {principal}\n"))),
        FoundKind::User => ("mapUsers", "userarn"),
        FoundKind::Entry | FoundKind::Policies | FoundKind::Role => ("mapRoles", "rolearn"),
    };
    let mut item = format!("- {field}: {principal}\n");
    if let Some(username) = &mapping.username {
        item.push_str(&format!("  username: {}\n", yaml::quoted(&username.text)));
    }
    if !mapping.groups.is_empty() {
        let groups: Vec<String> = mapping.groups.iter().map(|group| yaml::quoted(&group.text)).collect();
        item.push_str(&format!("  groups: [{}]\n", groups.join(", ")));
    }
    Some((key, item))
}
