//! Roles and bindings: manifests and lists, and what `kubectl describe` and `kubectl get -o wide` print of them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::ArtifactKind;
use super::Found;
use super::Place;
use super::Reader;
use super::Severity;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;
use crate::kube::rbac::GROUP;
use crate::scenario::import::paste::Piece;

const KINDS: [&str; 4] = ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];

/// What the last `kubectl get` or `kubectl describe` of the text was about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Nothing where it was of another kind, or of several.
    kind: Option<&'static str>,
    /// As `-n` says.
    namespace: Option<String>,
}

impl Reader<'_> {
    /// Reads the roles and bindings of a document or of the items of a list; whether there are any.
    pub(super) fn rbac(&mut self, piece: &Piece, node: &Node) -> bool {
        // The API's own lists have no kind in their items.
        let of_list = node.text_at("kind").and_then(|kind| kind.strip_suffix("List"));
        let items = node.get("items").map_or(&[][..], Node::list);
        let mut is_any = false;
        for item in items.iter().chain([node]) {
            let kind = item.text_at("kind").or(of_list);
            let Some(kind) = kind.and_then(|kind| KINDS.into_iter().find(|known| *known == kind)) else {
                continue;
            };
            let Some(metadata) = item.get("metadata") else { continue };
            let Some(name) = metadata.text_at("name") else { continue };
            let mut fields = Map::new();
            for field in ["rules", "aggregationRule", "roleRef", "subjects"] {
                if let Some(found) = item.get(field).filter(|found| !matches!(found.shape, Shape::Null)) {
                    fields.insert(field.to_owned(), value(found));
                }
            }
            let labels = metadata.get("labels").map(value);
            let place = self.place(piece, item.place.line, item.place.column);
            let namespace = metadata.text_at("namespace").map(str::to_owned);
            self.add_rbac((kind, namespace, name), labels, fields, place);
            is_any = true;
        }
        is_any
    }

    /// The later takes the place of the earlier.
    fn add_rbac(
        &mut self,
        (kind, namespace, name): (&str, Option<String>, &str),
        labels: Option<Value>,
        mut fields: Map<String, Value>,
        place: Place,
    ) {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(name));
        if let Some(namespace) = namespace.filter(|_| !kind.starts_with("Cluster")) {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        if let Some(labels) = labels.filter(Value::is_object) {
            metadata.insert("labels".to_owned(), labels);
        }
        fields.insert("apiVersion".to_owned(), json!(format!("{GROUP}/v1")));
        fields.insert("kind".to_owned(), json!(kind));
        fields.insert("metadata".to_owned(), metadata.into());
        let object = Value::Object(fields);
        let is_same = |other: &Value| {
            ["/kind", "/metadata/name", "/metadata/namespace"]
                .iter()
                .all(|field| other.pointer(field) == object.pointer(field))
        };
        self.facts.rbac.retain(|known| !is_same(&known.value));
        self.facts.rbac.push(Found { value: object, place });
        self.facts.kinds.push(ArtifactKind::Rbac);
    }

    /// Which roles or bindings a typed command asks for.
    pub(super) fn rbac_asked(&mut self, words: &[&str]) {
        let mut rest = words.iter().copied();
        if !matches!(rest.next(), Some("kubectl" | "k")) {
            return;
        }
        let mut asked = Asked::default();
        let mut resource = None;
        let mut is_read = false;
        while let Some(word) = rest.next() {
            match word {
                "get" | "describe" => is_read = true,
                "-n" | "--namespace" => asked.namespace = rest.next().map(str::to_owned),
                "-o" | "--output" | "--context" | "--kubeconfig" | "-l" => {
                    let _ = rest.next();
                }
                _ => match word.strip_prefix("--namespace=") {
                    Some(namespace) => asked.namespace = Some(namespace.to_owned()),
                    None if is_read && resource.is_none() && !word.starts_with('-') => resource = Some(word),
                    None => {}
                },
            }
        }
        let resource = resource
            .and_then(|resource| resource.split('/').next())
            .unwrap_or_default();
        asked.kind = match resource.split('.').next().unwrap_or_default() {
            "clusterrole" | "clusterroles" => Some("ClusterRole"),
            "clusterrolebinding" | "clusterrolebindings" => Some("ClusterRoleBinding"),
            "role" | "roles" => Some("Role"),
            "rolebinding" | "rolebindings" => Some("RoleBinding"),
            _ => None,
        };
        self.facts.rbac_asked = asked;
    }

    /// What `kubectl` prints for people.
    pub(super) fn rbac_text(&mut self, piece: &Piece) {
        let is_table = piece.lines.first().is_some_and(|line| line.text.starts_with("NAME"));
        if is_table {
            self.rbac_table(piece);
        } else {
            self.rbac_described(piece);
        }
    }

    /// `kubectl describe`. It says neither kind nor namespace; the command before it may.
    fn rbac_described(&mut self, piece: &Piece) {
        let (mut name, mut section) = (String::new(), String::new());
        let (mut role_ref, mut labels) = (Map::new(), Map::new());
        let (mut subjects, mut rules) = (Vec::new(), Vec::new());
        for line in &piece.lines {
            let text = line.text.as_str();
            let mut cells = text;
            if !text.starts_with([' ', '\t']) {
                let (key, behind) = text.split_once(':').unwrap_or((text, ""));
                key.clone_into(&mut section);
                if key == "Name" {
                    behind.trim().clone_into(&mut name);
                }
                cells = behind;
            }
            let words: Vec<&str> = cells.split_whitespace().collect();
            match (section.as_str(), words.as_slice()) {
                (_, [first, ..]) if first.starts_with("---") => {}
                ("Labels", [label]) => {
                    if let Some((key, value)) = label.split_once('=') {
                        labels.insert(key.to_owned(), json!(value));
                    }
                }
                ("Role", ["Kind:", kind]) => {
                    role_ref.insert("kind".to_owned(), json!(kind));
                }
                ("Role", ["Name:", role]) => {
                    role_ref.insert("name".to_owned(), json!(role));
                }
                ("Subjects", [kind @ ("User" | "Group" | "ServiceAccount"), subject, rest @ ..]) => {
                    subjects.push(self::subject(kind, subject, rest.first().copied()));
                }
                ("PolicyRule", _) => rules.extend(rule(cells)),
                _ => {}
            }
        }
        let asked = self.facts.rbac_asked.clone();
        let is_binding = !role_ref.is_empty();
        let of_kind = asked.kind.filter(|kind| kind.ends_with("Binding") == is_binding);
        let mut fields = Map::new();
        let kind = if is_binding {
            fields.insert("roleRef".to_owned(), role_ref.into());
            fields.insert("subjects".to_owned(), subjects.into());
            of_kind.unwrap_or("RoleBinding")
        } else {
            fields.insert("rules".to_owned(), rules.into());
            of_kind.unwrap_or("ClusterRole")
        };
        let place = self.place(piece, 1, 1);
        if of_kind.is_none() {
            self.findings.push(place.finding(
                Severity::Note,
                format!("whether {name} is of one namespace or of the cluster is not said: it is taken for a {kind}"),
                "give it with `-o yaml`",
            ));
        }
        let labels = (!labels.is_empty()).then_some(Value::Object(labels));
        self.add_rbac((kind, asked.namespace, &name), labels, fields, place);
    }

    /// `kubectl get rolebindings -o wide`.
    fn rbac_table(&mut self, piece: &Piece) {
        let Some((header, rows)) = piece.lines.split_first() else {
            return;
        };
        let columns = columns(&header.text);
        let has = |name: &str| columns.iter().any(|(known, _)| known == name);
        let place = self.place(piece, 1, 1);
        if !has("USERS") || !has("GROUPS") {
            self.findings.push(place.finding(
                Severity::Warning,
                "this table of bindings does not say to whom they are",
                "give it with `-o yaml`, or with `-o wide`",
            ));
            return;
        }
        let asked = self.facts.rbac_asked.clone();
        for (at, row) in (2_usize..).zip(rows) {
            let cell = |name: &str| cell(&row.text, &columns, name);
            let place = self.place(piece, at, 1);
            let (Some(typed), Some(role)) = (cell("NAME"), cell("ROLE")) else {
                continue;
            };
            let (prefix, name) = typed.rsplit_once('/').unwrap_or(("", &typed));
            let namespace = cell("NAMESPACE").filter(|namespace| !namespace.is_empty());
            let kind = match prefix.split('.').next().unwrap_or_default() {
                "rolebinding" => Some("RoleBinding"),
                "clusterrolebinding" => Some("ClusterRoleBinding"),
                _ if namespace.is_some() || role.starts_with("Role/") => Some("RoleBinding"),
                _ => asked.kind.filter(|kind| kind.ends_with("Binding")),
            };
            let (Some(kind), Some((role_kind, role_name))) = (kind, role.split_once('/')) else {
                self.findings.push(place.finding(
                    Severity::Warning,
                    "of which kind this binding is, or to what role, is not said: it is passed over",
                    "give it with `-o yaml`",
                ));
                continue;
            };
            let mut subjects = Vec::new();
            for (column, kind) in [
                ("USERS", "User"),
                ("GROUPS", "Group"),
                ("SERVICEACCOUNTS", "ServiceAccount"),
            ] {
                let listed = cell(column).unwrap_or_default();
                for subject in listed.split(',').map(str::trim).filter(|subject| !subject.is_empty()) {
                    let account = subject.split_once('/').filter(|_| kind == "ServiceAccount");
                    subjects.push(match account {
                        Some((namespace, name)) => self::subject(kind, name, Some(namespace)),
                        None => self::subject(kind, subject, None),
                    });
                }
            }
            let mut fields = Map::new();
            let role_ref = json!({"apiGroup": GROUP, "kind": role_kind, "name": role_name});
            fields.insert("roleRef".to_owned(), role_ref);
            fields.insert("subjects".to_owned(), subjects.into());
            let namespace = namespace.or_else(|| asked.namespace.clone());
            self.add_rbac((kind, namespace, name), None, fields, place);
        }
    }
}

fn subject(kind: &str, name: &str, namespace: Option<&str>) -> Value {
    match namespace {
        Some(namespace) if kind == "ServiceAccount" => json!({"kind": kind, "name": name, "namespace": namespace}),
        _ => json!({"kind": kind, "name": name}),
    }
}

/// A row of `PolicyRule`: the resource with its group, then three lists in brackets
/// (`DescribeClusterRole` and `CombineResourceGroup` of `kubectl/pkg/describe`).
fn rule(row: &str) -> Option<Value> {
    let (resource, mut rest) = row.split_once('[')?;
    let mut lists: Vec<Vec<&str>> = Vec::new();
    loop {
        let (list, behind) = rest.split_once(']')?;
        lists.push(list.split_whitespace().collect());
        match behind.split_once('[') {
            Some((_, next)) => rest = next,
            None => break,
        }
    }
    let [urls, names, verbs] = lists.as_slice() else {
        return None;
    };
    let resource = resource.trim();
    if resource.is_empty() {
        return Some(json!({"verbs": verbs, "nonResourceURLs": urls}));
    }
    let (typed, sub) = resource.split_once('/').unwrap_or((resource, ""));
    let (plural, group) = typed.split_once('.').unwrap_or((typed, ""));
    let resource = if sub.is_empty() {
        plural.to_owned()
    } else {
        format!("{plural}/{sub}")
    };
    let mut rule = json!({"verbs": verbs, "apiGroups": [group], "resources": [resource]});
    if let (false, Some(fields)) = (names.is_empty(), rule.as_object_mut()) {
        fields.insert("resourceNames".to_owned(), json!(names));
    }
    Some(rule)
}

/// The columns of a table with the character at which each begins.
fn columns(header: &str) -> Vec<(String, usize)> {
    let mut columns: Vec<(String, usize)> = Vec::new();
    let mut is_inside = false;
    for (at, character) in header.chars().enumerate() {
        if character.is_whitespace() {
            is_inside = false;
            continue;
        }
        match columns.last_mut().filter(|_| is_inside) {
            Some((name, _)) => name.push(character),
            None => columns.push((character.to_string(), at)),
        }
        is_inside = true;
    }
    columns
}

/// What a row has in a column; nothing where the row is not aligned to it.
fn cell(row: &str, columns: &[(String, usize)], name: &str) -> Option<String> {
    let at = columns.iter().position(|(known, _)| known == name)?;
    let (_, start) = columns.get(at)?;
    let end = columns.get(at.saturating_add(1)).map_or(usize::MAX, |(_, end)| *end);
    let is_aligned =
        |place: usize| place == 0 || row.chars().nth(place.saturating_sub(1)).is_none_or(char::is_whitespace);
    if !is_aligned(*start) || !is_aligned(end) {
        return None;
    }
    let text: String = row.chars().skip(*start).take(end.saturating_sub(*start)).collect();
    Some(text.trim().to_owned())
}

/// A value as the API server would read it. What is written as a number or boolean is a string in each field that is read.
fn value(node: &Node) -> Value {
    match &node.shape {
        Shape::List(items) => items.iter().map(value).collect(),
        Shape::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), value(&entry.value)))
            .collect(),
        Shape::Null | Shape::Unknown => Value::Null,
        Shape::Other(_, text) | Shape::Text(text) => Value::String(text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_described_rules_are_read() {
        for (row, wanted) in [
            (
                "  pods       []    []    [get list]",
                Some(json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]})),
            ),
            (
                "  deployments.apps/scale  []  [web]  [update]",
                Some(
                    json!({"verbs": ["update"], "apiGroups": ["apps"], "resources": ["deployments/scale"],
                            "resourceNames": ["web"]}),
                ),
            ),
            (
                "  *.*  []  []  [*]",
                Some(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})),
            ),
            (
                "       [/metrics]  []  [get]",
                Some(json!({"verbs": ["get"], "nonResourceURLs": ["/metrics"]})),
            ),
            ("  Resources  Non-Resource URLs  Resource Names  Verbs", None),
            ("  pods  []  [get", None),
        ] {
            assert_eq!(rule(row), wanted, "{row}");
        }
    }

    #[test]
    fn cells_are_found_by_their_column() {
        let columns = columns("NAME   ROLE               AGE   USERS   GROUPS");
        let row = "b      ClusterRole/view   10d           devs, ops";
        assert_eq!(cell(row, &columns, "ROLE").as_deref(), Some("ClusterRole/view"));
        assert_eq!(cell(row, &columns, "USERS").as_deref(), Some(""));
        assert_eq!(cell(row, &columns, "GROUPS").as_deref(), Some("devs, ops"));
        assert_eq!(cell("b ClusterRole/view 10d", &columns, "ROLE"), None);
        assert_eq!(cell(row, &columns, "SERVICEACCOUNTS"), None);
    }
}
