//! eksctl's ClusterConfig, and the table of `eksctl get iamidentitymapping`.
//!
//! Source: `IAMIdentityMapping` and `AccessEntry` in `pkg/apis/eksctl.io/v1alpha5` of eksctl, which reads the file strictly, so that
//! a key that it does not know is refused; the columns of `pkg/ctl/get/iamidentitymapping.go`. Its JSON and YAML have roles and
//! users in one list, with the keys of `aws-auth`.

use std::ops::Range;

use super::Form;
use super::Lists;
use super::entry;
use super::entry::Names;
use super::entry::Policies;
use super::member;
use crate::explain::lint::FileKind;
use crate::explain::lint::Rule;
use crate::explain::lint::principal;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Place;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

const NAMES: Names = Names {
    principal: "principalARN",
    groups: "kubernetesGroups",
    kind: "type",
    username: "kubernetesUsername",
    cluster: "",
    policies: "accessPolicies",
    policy: "policyARN",
    scope: "accessScope",
    scope_kind: "type",
    namespaces: "namespaces",
    others: &["tags"],
    is_closed: false,
};

/// The keys of a mapping.
const KEYS: [&str; 7] = [
    "account",
    "arn",
    "groups",
    "namespace",
    "noDuplicateARNs",
    "serviceName",
    "username",
];

pub(super) fn is_one(node: &Node) -> bool {
    let is_own = |version: &str| version.starts_with("eksctl.io/");
    // A part of the file is pasted as often as the whole.
    let config = node.get("accessConfig");
    let is_part = node.entry("kind").is_none()
        && (node.entry("iamIdentityMappings").is_some()
            || config.is_some_and(|config| config.entry("accessEntries").is_some()));
    is_part || (node.text_at("kind") == Some("ClusterConfig") && node.text_at("apiVersion").is_none_or(is_own))
}

pub(super) fn read(node: &Node) -> Form {
    let mut form = Form::new(FileKind::Eksctl);
    let config = node.get("accessConfig");
    let entries = config.and_then(|config| config.get("accessEntries"));
    for entry in entries.map_or(&[][..], Node::list) {
        entry::add(&mut form, entry, &NAMES, Policies::Inside, None);
    }
    let mappings = node.get("iamIdentityMappings").map_or(&[][..], Node::list);
    if let Some(mode) = config.and_then(|config| config.get("authenticationMode")) {
        let has_entries = entries.is_some_and(|entries| !entries.list().is_empty());
        form.mode(mode, has_entries, !mappings.is_empty());
    }
    let mut sorted = Sorted::default();
    for mapping in mappings {
        let Shape::Map(fields) = &mapping.shape else {
            form.fault(
                Rule::AuthItemNotAMap,
                mapping.place,
                format!("the item is {}, which eksctl refuses", mapping.kind()),
                "write `- arn: ARN` with username and groups below",
            );
            continue;
        };
        // eksctl makes the mapping of a service itself.
        if mapping.entry("serviceName").is_some() {
            continue;
        }
        for field in fields.iter().filter(|field| !KEYS.contains(&field.key.as_str())) {
            unknown_key(&mut form, field);
        }
        if let Some(account) = mapping.get("account") {
            sorted.accounts.push(account.clone());
            continue;
        }
        sorted.add(mapping);
    }
    form.push(sorted.lists());
    form
}

fn unknown_key(form: &mut Form, field: &MapEntry) {
    const ARNS: [&str; 5] = ["rolearn", "role_arn", "userarn", "user_arn", "principalarn"];
    let lower = field.key.to_lowercase();
    let wanted = if ARNS.contains(&lower.as_str()) {
        Some("arn")
    } else {
        let names = ["groups", "username", "account", "arn"].into_iter();
        let mut near = names.filter(|name| *name == lower || (name.len() > 4 && principal::is_near(&lower, name)));
        near.next()
    };
    form.fault(
        Rule::AuthMisspelledItemKey,
        field.place,
        format!(
            "eksctl knows no field `{}` of a mapping, and refuses the file",
            field.key
        ),
        wanted.map_or_else(|| "remove it".to_owned(), |wanted| format!("write `{wanted}`")),
    );
}

/// Mappings by the lists that they end in.
#[derive(Default)]
struct Sorted {
    roles: Vec<Node>,
    users: Vec<Node>,
    accounts: Vec<Node>,
}

impl Sorted {
    /// Adds one with `arn`, `username` and `groups`. eksctl looks at the ARN for what it is.
    fn add(&mut self, mapping: &Node) {
        let is_user = mapping.text_at("arn").is_some_and(|arn| arn.contains(":user/"));
        let (list, key) = if is_user {
            (&mut self.users, "userarn")
        } else {
            (&mut self.roles, "rolearn")
        };
        let mut fields = Vec::new();
        let mut has_arn = false;
        for field in mapping.entries() {
            let name = match field.key.as_str() {
                "arn" => {
                    has_arn = true;
                    key
                }
                name @ ("groups" | "username") => name,
                _ => continue,
            };
            fields.push(MapEntry {
                key: name.to_owned(),
                place: field.place,
                value: field.value.clone(),
            });
        }
        // A key that is misspelled is reported already.
        let has_other = mapping
            .entries()
            .iter()
            .any(|field| !KEYS.contains(&field.key.as_str()));
        if !has_arn && has_other {
            fields.push(member(key, Node::made(mapping.place, Shape::Unknown)));
        }
        list.push(Node::made(mapping.place, Shape::Map(fields)));
    }

    fn lists(self) -> Lists {
        let list = |key: &str, items: Vec<Node>| {
            let place = items.first()?.place;
            Some(member(key, Node::made(place, Shape::List(items))))
        };
        Lists {
            roles: list("mapRoles", self.roles),
            users: list("mapUsers", self.users),
            accounts: list("mapAccounts", self.accounts),
        }
    }
}

/// The columns of a table: the characters with which they begin.
enum Columns {
    Accounts,
    Mappings {
        username: usize,
        groups: usize,
        account: Option<usize>,
    },
}

/// What `eksctl get iamidentitymapping` prints: above the table there may be a prompt and eksctl's own log.
pub(super) fn table(text: &str, source: &Source) -> Option<Form> {
    let (mut sorted, mut columns, mut start) = (Sorted::default(), None, 0_usize);
    for whole in text.split_inclusive('\n') {
        let begin = start;
        start = start.saturating_add(whole.chars().count());
        let line: Vec<char> = whole.trim_end().chars().collect();
        if line.is_empty() {
            continue;
        }
        if let Some(found) = header(whole) {
            columns = Some(found);
            continue;
        }
        if columns.is_some() && whole.starts_with(['$', '%', '#', '>']) {
            columns = None;
            continue;
        }
        let row = Row { line, begin, source };
        match &columns {
            None if !whole.starts_with(['2', '[', '$', '%', '#', '>']) => return None,
            None => {}
            Some(Columns::Accounts) => sorted.accounts.extend(row.text(0, usize::MAX)),
            Some(Columns::Mappings {
                username,
                groups,
                account,
            }) => row.read(&mut sorted, *username, *groups, *account),
        }
    }
    let mut form = Form::new(FileKind::Eksctl);
    form.push(sorted.lists());
    (!form.is_empty()).then_some(form)
}

/// Whether a line has the names of the columns.
pub(crate) fn is_header(line: &str) -> bool {
    header(line).is_some()
}

fn header(line: &str) -> Option<Columns> {
    let words: Vec<&str> = line.split_whitespace().collect();
    // Headers are ASCII, so that bytes are characters.
    let column = |word: &str| line.find(word);
    match words.as_slice() {
        ["ACCOUNTS"] => Some(Columns::Accounts),
        ["ARN", "USERNAME", "GROUPS", rest @ ..] if matches!(rest, [] | ["ACCOUNT"]) => Some(Columns::Mappings {
            username: column("USERNAME")?,
            groups: column("GROUPS")?,
            account: rest.first().and_then(|word| column(word)),
        }),
        _ => None,
    }
}

struct Row<'a> {
    line: Vec<char>,
    /// The character of the text with which the line begins.
    begin: usize,
    source: &'a Source,
}

impl Row<'_> {
    fn read(&self, sorted: &mut Sorted, username: usize, groups: usize, account: Option<usize>) {
        let is_blank = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| self.line.get(before));
            before.is_none_or(|character| character.is_whitespace())
        };
        let columns = [Some(username), Some(groups), account];
        let cells = if self.line.contains(&'\t') || !columns.into_iter().flatten().all(is_blank) {
            self.words()
        } else {
            let end = account.unwrap_or(usize::MAX);
            vec![0..username, username..groups, groups..end, end..usize::MAX]
        };
        let cell = |at: usize| cells.get(at).and_then(|cell| self.text(cell.start, cell.end));
        if let Some(account) = cell(3) {
            sorted.accounts.push(account);
        }
        let Some(arn) = cell(0) else {
            return;
        };
        let place = arn.place;
        let mut fields = vec![member("arn", arn)];
        fields.extend(cell(1).map(|username| member("username", username)));
        let groups = cells
            .get(2)
            .map_or_else(Vec::new, |cell| self.items(cell.start, cell.end));
        if !groups.is_empty() {
            fields.push(member("groups", Node::made(place, Shape::List(groups))));
        }
        sorted.add(&Node::made(place, Shape::Map(fields)));
    }

    /// The words of the line, where its columns do not stand below their names.
    fn words(&self) -> Vec<Range<usize>> {
        let mut words: Vec<Range<usize>> = Vec::new();
        for (at, character) in self.line.iter().enumerate() {
            let next = at.saturating_add(1);
            match words.last_mut() {
                _ if character.is_whitespace() => {}
                Some(word) if word.end == at => word.end = next,
                _ => words.push(at..next),
            }
        }
        words
    }

    fn stretch(&self, start: usize, end: usize) -> Place {
        let (start, end) = (self.begin.saturating_add(start), self.begin.saturating_add(end));
        self.source.stretch(&(start..end))
    }

    /// What stands between two characters of the line, without blanks around it.
    fn text(&self, start: usize, end: usize) -> Option<Node> {
        let end = end.min(self.line.len());
        let cell = self.line.get(start..end)?;
        let blanks = cell.iter().take_while(|character| character.is_whitespace()).count();
        let text: String = cell.iter().collect();
        let text = text.trim();
        let start = start.saturating_add(blanks);
        let end = start.saturating_add(text.chars().count());
        (!text.is_empty()).then(|| Node::made(self.stretch(start, end), Shape::Text(text.to_owned())))
    }

    /// The same, parted by commas.
    fn items(&self, start: usize, end: usize) -> Vec<Node> {
        let end = end.min(self.line.len());
        let mut items = Vec::new();
        let mut from = start;
        for at in start..end {
            if self.line.get(at) == Some(&',') {
                items.extend(self.text(from, at));
                from = at.saturating_add(1);
            }
        }
        items.extend(self.text(from, end));
        items
    }
}
