//! Mappings and access entries in the forms of other tools, brought into the form of `aws-auth` and of the EKS API.
//!
//! What a text is, its content says; one file a tool reads it: [`hcl`] and [`terraform`], with [`embedded`] for what stands
//! within prose or a plan, [`eksctl`], [`cloud_formation`], [`argo`], [`own`]; the lists of modules and of helm values are found by their names in [`lists`]. Each value keeps its place, so
//! that the rules of the linter find it where it stands. What only the tool knows, such as a reference, is
//! [`Shape::Unknown`], and nothing is said of it.

mod argo;
mod cloud_formation;
mod eksctl;
mod embedded;
mod entry;
mod found;
mod hcl;
mod lists;
mod own;
mod terraform;

pub(crate) use self::eksctl::is_header as is_mapping_table;
pub(crate) use self::found::FoundForm;
pub use self::found::FoundKind;
pub use self::found::FoundMapping;
pub use self::found::FoundPolicy;
pub use self::found::FoundText;
pub(crate) use self::found::form_of_text;
pub(super) use self::found::found_form;
pub use self::found::mapping_forms;
pub(crate) use self::hcl::begins as begins_hcl;
pub(crate) use self::lists::is_name as is_list_name;
use super::FileKind;
use super::Rule;
use super::tree::MapEntry;
use super::tree::Node;
use super::tree::Place;
use super::tree::Reading;
use super::tree::Shape;
use super::tree::Source;
use crate::cluster::eks::parameter::AuthenticationMode;

/// What a text says of a form.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) kind: FileKind,
    /// Lists that end in `aws-auth`, those that belong together in one.
    pub(super) lists: Vec<Lists>,
    /// Entries and policies under the names of the EKS API.
    pub(super) entries: Vec<Node>,
    /// What Argo CD connects to clusters with.
    pub(super) connections: Vec<Node>,
    /// What is wrong with the form itself.
    pub(super) faults: Vec<Fault>,
    /// The authentication mode, where it is one.
    pub(super) authentication_mode: Option<Node>,
}

/// mapRoles, mapUsers and mapAccounts, whatever they are called there. Each is a list, or the text of one.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) roles: Option<MapEntry>,
    pub(super) users: Option<MapEntry>,
    pub(super) accounts: Option<MapEntry>,
}

impl Lists {
    fn is_empty(&self) -> bool {
        self.roles.is_none() && self.users.is_none() && self.accounts.is_none()
    }
}

/// A finding that the reading itself makes.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) fix: String,
}

impl Form {
    fn new(kind: FileKind) -> Self {
        Self {
            kind,
            lists: Vec::new(),
            entries: Vec::new(),
            connections: Vec::new(),
            faults: Vec::new(),
            authentication_mode: None,
        }
    }

    /// Whether nothing in it is of anybody's access.
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty() && self.entries.is_empty() && self.connections.is_empty() && self.faults.is_empty()
    }

    fn fault(&mut self, rule: Rule, place: Place, message: impl Into<String>, fix: impl Into<String>) {
        self.faults.push(Fault {
            rule,
            place,
            message: message.into(),
            fix: fix.into(),
        });
    }

    fn push(&mut self, lists: Lists) {
        if !lists.is_empty() {
            self.lists.push(lists);
        }
    }

    /// Whether what is mapped is read at all in an authentication mode.
    ///
    /// Source: `AccessConfig` of the EKS API, whose modes are CONFIG_MAP, API_AND_CONFIG_MAP and API.
    fn mode(&mut self, mode: &Node, has_entries: bool, has_lists: bool) {
        let Some(name) = mode.text() else {
            return;
        };
        let known = AuthenticationMode::from_name(name);
        if known.is_some() {
            self.authentication_mode = Some(mode.clone());
        }
        match known {
            None => self.fault(
                Rule::EntryMode,
                mode.place,
                format!("`{name}` is no authentication mode"),
                "write API, API_AND_CONFIG_MAP or CONFIG_MAP",
            ),
            Some(AuthenticationMode::ConfigMap) if has_entries => self.fault(
                Rule::EntryMode,
                mode.place,
                "the mode CONFIG_MAP has no access entries: EKS refuses each of them",
                "write API_AND_CONFIG_MAP; there is no way back from it",
            ),
            Some(AuthenticationMode::Api) if has_lists => self.fault(
                Rule::AuthMode,
                mode.place,
                "the mode API does not look at aws-auth, so its mappings do nothing",
                "make access entries of them",
            ),
            Some(_) => {}
        }
    }
}

/// Why a text that is of a form cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) rule: Rule,
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) fix: String,
}

/// The HCL within prose or in a plan, each word where it stood, in place of the whole text.
pub(super) fn hcl_in(text: &str) -> Option<String> {
    embedded::hcl_in(text)
}

/// A text that is neither YAML nor JSON.
pub(super) fn of_text(text: &str, source: &Source) -> Option<Result<Form, Unreadable>> {
    if hcl::is_one(text) {
        return Some(hcl::read(text, source));
    }
    eksctl::table(text, source).map(Ok)
}

/// A document that is neither aws-auth nor access entries nor a kubeconfig as such.
pub(super) fn of_document(node: &Node, source: &Source) -> Option<Form> {
    if eksctl::is_one(node) {
        return Some(eksctl::read(node));
    }
    if cloud_formation::is_one(node) {
        return Some(cloud_formation::read(node));
    }
    if argo::is_one(node) {
        return Some(argo::read(node, source));
    }
    if own::is_one(node) {
        return Some(own::read(node));
    }
    if terraform::is_one(node) {
        return Some(terraform::read(node, source));
    }
    // What aws-auth itself says is looked at as such.
    if matches!(node.text_at("kind"), Some("ConfigMap" | "List")) {
        return None;
    }
    let mut form = Form::new(FileKind::HelmValues);
    lists::collect(&mut form, source, node.entries());
    (!form.is_empty()).then_some(form)
}

/// An entry of a map that is not written there.
fn member(key: &str, value: Node) -> MapEntry {
    MapEntry {
        key: key.to_owned(),
        place: value.place,
        value,
    }
}

/// What a text of a ConfigMap holds, where some of it is not known; otherwise the text itself.
fn resolve(value: &Node, source: &Source, reading: Reading) -> Node {
    if !value.is_foreign || value.text().is_none() {
        return closed(value);
    }
    // What stands for the references may well be what breaks it.
    let root = source.inner(value, reading).ok().and_then(|inner| inner.root);
    root.map_or_else(
        || Node::made(value.place, Shape::Unknown),
        |root| without_references(&root),
    )
}

/// The same, with items of which not all keys are known as unknown ones.
fn closed(value: &Node) -> Node {
    match &value.shape {
        Shape::Text(text) if is_reference(text) => Node::made(value.place, Shape::Unknown),
        Shape::List(items) => {
            let items = items.iter().map(|item| {
                if entry::is_open(item) {
                    Node::made(item.place, Shape::Unknown)
                } else {
                    without_references(item)
                }
            });
            Node::made(value.place, Shape::List(items.collect()))
        }
        _ => value.clone(),
    }
}

/// The same with each text that holds a reference unknown.
fn without_references(node: &Node) -> Node {
    let shape = match &node.shape {
        Shape::Text(text) if is_reference(text) => Shape::Unknown,
        _ => node.with_values(without_references),
    };
    Node::made(node.place, shape)
}

/// Whether a text holds what Terraform or helm puts in. `{{SessionName}}` and its like are the authenticator's.
fn is_reference(text: &str) -> bool {
    let helm = ["{{ .", "{{.", "{{-", "{{ include", "{{ $", "{{ template", "{{ tpl"];
    text.contains("${") || text.contains("%{") || helm.into_iter().any(|begin| text.contains(begin))
}
