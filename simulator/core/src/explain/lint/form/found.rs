//! What the forms say of who is mapped, for whoever wants more than the linter's findings.

use super::Form;
use super::Lists;
use super::hcl_in;
use super::of_document;
use super::of_text;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Reading;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundText {
    /// What is written.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// What kind of mapping it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundKind {
    /// An account of mapAccounts.
    Account,
    /// An access entry.
    Entry,
    /// Policies of a principal whose entry stands elsewhere.
    Policies,
    /// An item of mapRoles.
    Role,
    /// An item of mapUsers.
    User,
}

/// A policy that is associated with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPolicy {
    /// Its ARN, where it is written out.
    pub arn: Option<FoundText>,
    /// The namespaces of its scope; none is the whole cluster.
    pub namespaces: Vec<FoundText>,
}

/// Somebody who is mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMapping {
    /// What kind.
    pub kind: FoundKind,
    /// The line where it begins, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The ARN, or the account's id. Nothing where it is not there, or only the tool knows it.
    pub principal: Option<FoundText>,
    /// The username, where one is written.
    pub username: Option<FoundText>,
    /// The groups that are written out.
    pub groups: Vec<FoundText>,
    /// The type of an entry, where one is written.
    pub entry_type: Option<FoundText>,
    /// The policies of an entry.
    pub policies: Vec<FoundPolicy>,
    /// Whether a part of it is only known to the tool, as a reference of Terraform's.
    pub has_unknown: bool,
}

/// Who is mapped by a text of Terraform, eksctl, CloudFormation or helm. Of any other text, and of one that cannot be read, it
/// is nobody.
#[must_use]
pub fn mapping_forms(text: &str) -> Vec<FoundMapping> {
    let given = text.strip_prefix('\u{feff}').unwrap_or(text);
    let embedded = hcl_in(given);
    let text = embedded.as_deref().unwrap_or(given);
    let source = Source::new(text);
    let forms: Vec<Form> = match of_text(text, &source) {
        Some(form) => form.into_iter().collect(),
        None => {
            let documents = source.documents(text).unwrap_or_default();
            let forms = documents.iter().filter_map(|document| of_document(document, &source));
            forms.collect()
        }
    };
    forms
        .iter()
        .flat_map(|form| found_form(form, &source).mappings)
        .collect()
}

/// What Argo CD connects to a cluster with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundConnection {
    /// The name that its tokens are for.
    pub(crate) cluster: Option<FoundText>,
    /// The role that it assumes.
    pub(crate) role: Option<FoundText>,
}

/// All that a form says of access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundForm {
    /// Who is mapped.
    pub(crate) mappings: Vec<FoundMapping>,
    /// The authentication mode.
    pub(crate) mode: Option<FoundText>,
    /// Whether it has lists that end in `aws-auth`, though only the tool may know what is in them.
    pub(crate) has_lists: bool,
    /// Of Argo CD.
    pub(crate) connections: Vec<FoundConnection>,
}

/// What a text says that is neither YAML nor JSON; nothing where it is of no form, or cannot be read.
pub(crate) fn form_of_text(text: &str) -> Option<FoundForm> {
    let embedded = hcl_in(text);
    let text = embedded.as_deref().unwrap_or(text);
    let source = Source::new(text);
    let form = of_text(text, &source)?.ok()?;
    Some(found_form(&form, &source))
}

pub(in crate::explain::lint) fn found_form(form: &Form, source: &Source) -> FoundForm {
    let mut found = Vec::new();
    for lists in &form.lists {
        read_lists(&mut found, source, lists);
    }
    read_entries(&mut found, &form.entries);
    FoundForm {
        mappings: found,
        mode: form.authentication_mode.as_ref().and_then(found_text),
        has_lists: !form.lists.is_empty(),
        connections: form.connections.iter().map(connection).collect(),
    }
}

fn connection(node: &Node) -> FoundConnection {
    if let Some(config) = node.get("awsAuthConfig") {
        return FoundConnection {
            cluster: config.get("clusterName").and_then(found_text),
            role: config.get("roleARN").and_then(found_text),
        };
    }
    let exec = node.get("execProviderConfig");
    let args = exec.and_then(|exec| exec.get("args")).map_or(&[][..], Node::list);
    let option = |names: &[&str]| {
        let at = args
            .iter()
            .position(|word| word.text().is_some_and(|word| names.contains(&word)))?;
        args.get(at.saturating_add(1)).and_then(found_text)
    };
    FoundConnection {
        cluster: option(&["--cluster-name", "--cluster-id", "-i"]),
        role: option(&["--role-arn", "--aws-role-arn", "-r"]),
    }
}

fn read_lists(found: &mut Vec<FoundMapping>, source: &Source, lists: &Lists) {
    for (entry, kind, key) in [
        (&lists.roles, FoundKind::Role, "rolearn"),
        (&lists.users, FoundKind::User, "userarn"),
    ] {
        for item in items_of(source, entry.as_ref(), Reading::Items) {
            let field = |wanted: &str| {
                let fields = item.entries().iter().rev();
                let mut fields = fields.filter(|field| field.key.eq_ignore_ascii_case(wanted));
                fields.next().map(|field| &field.value)
            };
            if matches!(item.shape, Shape::Map(_)) {
                let mapping = mapping(kind, &item, [field(key), field("username"), field("groups"), None]);
                found.push(mapping);
            }
        }
    }
    for item in items_of(source, lists.accounts.as_ref(), Reading::Strings) {
        if matches!(item.shape, Shape::Text(_) | Shape::Other(..)) {
            found.push(mapping(FoundKind::Account, &item, [Some(&item), None, None, None]));
        }
    }
}

fn items_of(source: &Source, entry: Option<&MapEntry>, reading: Reading) -> Vec<Node> {
    let Some(entry) = entry else {
        return Vec::new();
    };
    let root = match &entry.value.shape {
        Shape::Text(_) => source.inner(&entry.value, reading).ok().and_then(|inner| inner.root),
        _ => Some(entry.value.clone()),
    };
    root.map_or_else(Vec::new, |root| root.list().to_vec())
}

/// One with its principal, username, groups and type.
fn mapping(kind: FoundKind, node: &Node, fields: [Option<&Node>; 4]) -> FoundMapping {
    let [principal, username, groups, entry_type] = fields;
    let list = groups.map_or(&[][..], Node::list);
    let has_unknown = fields.into_iter().flatten().chain(list).any(Node::is_unknown);
    FoundMapping {
        kind,
        line: node.place.line,
        column: node.place.column,
        principal: principal.and_then(found_text),
        username: username.and_then(found_text),
        groups: list.iter().filter_map(found_text).collect(),
        entry_type: entry_type.and_then(found_text),
        policies: Vec::new(),
        has_unknown,
    }
}

fn found_text(node: &Node) -> Option<FoundText> {
    match &node.shape {
        Shape::Text(text) | Shape::Other(_, text) => Some(FoundText {
            text: text.clone(),
            line: node.place.line,
            column: node.place.column,
        }),
        _ => None,
    }
}

fn read_entries(found: &mut Vec<FoundMapping>, entries: &[Node]) {
    for node in entries {
        let principal = node.get("principalArn");
        let Some(policies) = node.get("associatedAccessPolicies") else {
            let fields = [
                principal,
                node.get("username"),
                node.get("kubernetesGroups"),
                node.get("type"),
            ];
            found.push(mapping(FoundKind::Entry, node, fields));
            continue;
        };
        let policies: Vec<FoundPolicy> = policies.list().iter().map(found_policy).collect();
        // Those of an entry stand right behind it.
        let owner = found.last_mut().filter(|last| {
            last.kind == FoundKind::Entry && (last.line, last.column) == (node.place.line, node.place.column)
        });
        if let Some(owner) = owner {
            owner.policies = policies;
        } else {
            let mut mapping = mapping(FoundKind::Policies, node, [principal, None, None, None]);
            mapping.policies = policies;
            found.push(mapping);
        }
    }
}

fn found_policy(node: &Node) -> FoundPolicy {
    let scope = node.get("accessScope");
    let namespaces = scope.and_then(|scope| scope.get("namespaces"));
    FoundPolicy {
        arn: node.get("policyArn").and_then(found_text),
        namespaces: namespaces
            .map_or(&[][..], Node::list)
            .iter()
            .filter_map(found_text)
            .collect(),
    }
}
