//! Commands that change `aws-auth`, each tried before it is advised.
//!
//! `kubectl edit` wants somebody at a terminal, so a list is patched: the new text is the old one, in which only the item in
//! question is another. It stands in one line, as JSON between single quotes.

use std::fmt::Write as _;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::cluster::eks::Cluster;
use crate::cluster::eks::aws_auth_key;
use crate::cluster::mapping::Identity;
use crate::cluster::mapping::aws_auth::AwsAuth;
use crate::cluster::mapping::user_by_item;
use crate::go::yaml;
use crate::value::printable;

/// A mapping as it is to be.
pub(crate) struct NewItem<'a> {
    pub(crate) arn: &'a str,
    pub(crate) username: &'a str,
    pub(crate) groups: &'a [String],
}

/// The list of `aws-auth` for an ARN, and the field of its items that has it.
pub(crate) fn list_for(arn: &str) -> (&'static str, &'static str) {
    if arn.contains(":role/") {
        ("mapRoles", "rolearn")
    } else {
        ("mapUsers", "userarn")
    }
}

/// A username for a principal that never had one: its name.
pub(crate) fn username_for(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Whether an ARN stands in the text, and not as the beginning of a longer one.
pub(crate) fn names(text: &str, arn: &str) -> bool {
    text.match_indices(arn).any(|(at, found)| {
        let rest = text.get(at + found.len()..).unwrap_or_default();
        !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
    })
}

/// The command after which `aws-auth` has the item in place of those in whose text `replaced` finds something, or at the end
/// of the list; nothing where the identity would not be let in by it.
pub(crate) fn map(
    item: &NewItem<'_>,
    replaced: &dyn Fn(&str) -> bool,
    identity: &Identity,
    cluster: &Cluster,
) -> Option<String> {
    let (key, field) = list_for(item.arn);
    let mut list = List::read(written(cluster, key).unwrap_or_default())?;
    list.put(item, field, replaced);
    patch(&[(key, Some(list.text()))], identity, cluster)
}

/// The command after which the items of a list stand alike, as YAML wants it.
pub(crate) fn realign(key: &'static str, identity: &Identity, cluster: &Cluster) -> Option<String> {
    let mut list = List::read(written(cluster, key)?)?;
    for item in &mut list.items {
        *item = realigned(item);
    }
    patch(&[(key, Some(list.text()))], identity, cluster)
}

/// The command after which what stands under a key that nobody reads stands under another.
pub(crate) fn rename_key(from: &str, to: &'static str, identity: &Identity, cluster: &Cluster) -> Option<String> {
    let mut text = written(cluster, to).unwrap_or_default().to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(written(cluster, from)?);
    patch(&[(to, Some(text)), (from, None)], identity, cluster)
}

/// The command that gives keys of `aws-auth` these texts, or takes keys away.
fn patch(changes: &[(&str, Option<String>)], identity: &Identity, cluster: &Cluster) -> Option<String> {
    if !cluster.asks_aws_auth() {
        return None;
    }
    let object = cluster.objects().find(&aws_auth_key());
    let mut data = object
        .and_then(|object| object.get("data"))
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut patched = Map::new();
    for (key, text) in changes {
        let value = text.clone().map_or(Value::Null, Value::String);
        patched.insert((*key).to_owned(), value.clone());
        if value.is_null() {
            let _ = data.remove(*key);
        } else {
            data.insert((*key).to_owned(), value);
        }
    }
    let mapped = AwsAuth::from_config_map(&json!({ "data": data }));
    let _ = user_by_item(mapped.find(&identity.canonical_arn)?, identity, cluster)?;
    if object.is_some() {
        return Some(format!(
            "`kubectl patch configmap aws-auth -n kube-system --type merge --patch '{}'`",
            in_quotes(&json!({ "data": patched }))
        ));
    }
    // Refused where there is one after all, whose mappings it would not have. JSON is YAML, and stands in one line.
    let mut literals = String::new();
    for (key, text) in changes {
        let list = yaml::to_json(text.as_ref()?).ok()?;
        let _ = write!(literals, " --from-literal='{key}={}'", in_quotes(&list));
    }
    Some(format!("`kubectl create configmap aws-auth -n kube-system{literals}`"))
}

/// JSON that stands between single quotes, in a line, and in a fix.
fn in_quotes(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        if matches!(character, '\'' | '`') || printable::is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]).iter() {
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(character);
        }
    }
    text
}

fn written<'a>(cluster: &'a Cluster, key: &str) -> Option<&'a str> {
    let object = cluster.objects().find(&aws_auth_key())?;
    object.get("data")?.get(key)?.as_str()
}

/// A list of `aws-auth` as text, cut where its items begin.
#[derive(Debug)]
struct List {
    /// What stands before the first item.
    head: String,
    items: Vec<String>,
}

impl List {
    /// Nothing where the text has items, but not in block style.
    fn read(text: &str) -> Option<Self> {
        let mut list = Self {
            head: String::new(),
            items: Vec::new(),
        };
        for line in text.split_inclusive('\n') {
            if begins_item(line) {
                list.items.push(line.to_owned());
            } else if let Some(item) = list.items.last_mut() {
                item.push_str(line);
            } else {
                list.head.push_str(line);
            }
        }
        // A list without items has no place for one.
        if list.items.is_empty() && matches!(text.trim(), "[]" | "null" | "~") {
            list.head.clear();
        }
        let is_content = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let is_flow = list.items.is_empty() && list.head.lines().any(is_content);
        (!is_flow).then_some(list)
    }

    fn put(&mut self, item: &NewItem<'_>, field: &str, replaced: &dyn Fn(&str) -> bool) {
        let indentation: String = self
            .items
            .first()
            .map(|first| first.chars().take_while(|c| *c == ' ').collect())
            .unwrap_or_default();
        let place = self.items.iter().position(|text| replaced(text));
        self.items.retain(|text| !replaced(text));
        let rendered = render(item, field, &indentation);
        match place {
            // As many stay before it as were there, for it was the first that went.
            Some(place) => self.items.insert(place, rendered),
            None => self.items.push(rendered),
        }
    }

    fn text(&self) -> String {
        let mut text = self.head.clone();
        for item in &self.items {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(item);
        }
        text
    }
}

/// Whether an item of mappings begins in the line; groups are items too, but are no mappings.
fn begins_item(line: &str) -> bool {
    line.trim_start()
        .strip_prefix("- ")
        .map(str::trim_end)
        .is_some_and(|rest| rest.contains(": ") || rest.ends_with(':') || rest.starts_with('{'))
}

fn render(item: &NewItem<'_>, field: &str, indentation: &str) -> String {
    let mut text = format!("{indentation}- {field}: {}\n", scalar(item.arn));
    if !item.username.is_empty() {
        let _ = writeln!(text, "{indentation}  username: {}", scalar(item.username));
    }
    if !item.groups.is_empty() {
        let _ = writeln!(text, "{indentation}  groups:");
    }
    for group in item.groups {
        let _ = writeln!(text, "{indentation}  - {}", scalar(group));
    }
    text
}

/// YAML takes it for text as it is, or as JSON.
fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@+=:./-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    if begins && !is_word && !text.ends_with(':') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// An item of plain fields, each line where it belongs.
fn realigned(item: &str) -> String {
    let mut text = String::new();
    for (at, line) in item.lines().map(str::trim).enumerate() {
        if line.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}{line}", if at == 0 { "" } else { "  " });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = "- rolearn: arn:aws:iam::111122223333:role/nodes\n  username: n\n  groups:\n  - system:nodes\n";

    #[test]
    fn only_the_item_in_question_is_another() {
        let groups = ["system:masters".to_owned()];
        let item = NewItem {
            arn: "arn:aws:iam::111122223333:role/dev",
            username: "dev:{{SessionName}}",
            groups: &groups,
        };
        let rendered = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: \"dev:{{SessionName}}\"\n  groups:\n  - system:masters\n";
        for (before, after) in [
            (String::new(), rendered.to_owned()),
            ("# ours".to_owned(), format!("# ours\n{rendered}")),
            ("[]\n".to_owned(), rendered.to_owned()),
            (NODES.to_owned(), format!("{NODES}{rendered}")),
            (
                format!("- rolearn: arn:aws:iam::111122223333:role/x/dev # old\n{NODES}"),
                format!("{rendered}{NODES}"),
            ),
        ] {
            let mut list = List::read(&before).unwrap();
            list.put(&item, "rolearn", &|text| text.contains("role/x/dev"));
            assert_eq!(list.text(), after, "{before}");
        }
        assert!(List::read("[{rolearn: a}]").is_none());
    }

    #[test]
    fn an_arn_is_named_as_a_whole() {
        for (text, wanted) in [
            ("- rolearn: role/a", true),
            ("- rolearn: 'role/a'\n", true),
            ("- rolearn: role/ab\n", false),
            ("- rolearn: role/a/b\n- rolearn: role/a\n", true),
        ] {
            assert_eq!(names(text, "role/a"), wanted, "{text}");
        }
    }

    #[test]
    fn items_are_aligned() {
        let broken = "   - rolearn: a\n username: u\n     groups:\n  - g\n";
        assert_eq!(realigned(broken), "- rolearn: a\n  username: u\n  groups:\n  - g\n");
    }

    #[test]
    fn quotes_and_ends_of_lines_stay_inside() {
        let told = in_quotes(&json!({"a": "it's `x`\n\u{202e}"}));
        assert_eq!(told, r#"{"a":"it\u0027s \u0060x\u0060\n\u202e"}"#);
        let back: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(back, json!({"a": "it's `x`\n\u{202e}"}));
    }

    #[test]
    fn text_stays_text() {
        for (text, wanted) in [
            ("system:masters", "system:masters"),
            ("yes", "\"yes\""),
            ("123", "\"123\""),
            ("a b", "\"a b\""),
            ("{{SessionName}}", "\"{{SessionName}}\""),
        ] {
            assert_eq!(scalar(text), wanted);
        }
    }
}
