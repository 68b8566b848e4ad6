//! What the AWS CLI prints with `--output table` and `--output text`, written anew as the YAML that it would print.
//!
//! A table has as many bars at the left as its data is deep, the key of what is inside as a title, and rows of two cells
//! for scalars; lists of objects have a row of keys first. Text has the scalars of an object in the order of their keys, behind
//! the key of the object in capitals: which is which shows by their form. Source: `awscli/formatter.py`, `awscli/table.py`
//! and `awscli/text.py` of aws-cli v2.

use super::Reader;
use super::Severity;
use super::read;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::eks::parameter::EntryType;
use crate::scenario::import::paste::Form;
use crate::scenario::import::paste::Line;
use crate::scenario::import::paste::Piece;
use crate::scenario::import::yaml;

/// No data of the commands that are read here is deeper.
const DEEPEST: usize = 8;

impl Reader<'_> {
    pub(super) fn table(&mut self, piece: &Piece) {
        let is_table = piece
            .lines
            .iter()
            .any(|line| line.text.trim_start().starts_with(['|', '+']));
        let lines = if is_table { of_table(piece) } else { of_text(piece) };
        let written = Piece {
            form: Form::Yaml,
            lines,
        };
        let documents = read(&written).unwrap_or_default();
        let before = self.facts.kinds.len();
        for node in &documents {
            self.document(&written, node);
        }
        if documents.is_empty() && self.facts.kinds.len() == before {
            self.findings.push(self.place(piece, 1, 1).finding(
                Severity::Warning,
                "what this output of the AWS CLI says is not known here, so that it is passed over",
                "run the command again with `--output json`",
            ));
        }
    }
}

/// The lines of the YAML so far.
#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
}

impl Writer {
    /// `KEY: "VALUE"`, or an item where there is no key. `at` is the column of the value in the line as it was pasted.
    fn scalar(&mut self, of: &Line, level: usize, key: &str, value: &str, at: usize) {
        let begin = match key {
            "" => "- ".to_owned(),
            key => format!("{key}: "),
        };
        let begin = format!("{}{begin}", "  ".repeat(level));
        let mut origin = of.origin;
        // A place is that of the value.
        let column = begin.chars().count().saturating_add(1);
        origin.taken = origin.taken.saturating_add(at.saturating_sub(column));
        origin.added = origin.added.saturating_add(column.saturating_sub(at));
        self.lines.push(Line {
            text: format!("{begin}{}", yaml::quoted(value)),
            origin,
        });
    }

    /// The same of a word, where there is one.
    fn word(&mut self, of: &Line, level: usize, key: &str, word: Option<Word<'_>>) {
        if let Some((column, value)) = word {
            self.scalar(of, level, key, value, column);
        }
    }

    /// `KEY:`, with what is below.
    fn key(&mut self, of: &Line, level: usize, key: &str) {
        self.lines.push(Line {
            text: format!("{}{key}:", "  ".repeat(level)),
            origin: of.origin,
        });
    }

    /// The first of the fields that follow, which is one of an item.
    fn item(&mut self, from: usize, level: usize) {
        if let Some(first) = self.lines.get_mut(from) {
            let behind = first.text.trim_start().to_owned();
            first.text = format!("{}- {behind}", "  ".repeat(level.saturating_sub(1)));
        }
    }
}

/// A row of a table.
struct Row<'a> {
    depth: usize,
    /// Each with its column, from 1.
    cells: Vec<(usize, &'a str)>,
}

impl<'a> Row<'a> {
    /// Nothing for a frame and for what is no row.
    fn of(line: &'a str) -> Option<Self> {
        let text = line.trim();
        let depth = text.chars().take_while(|character| *character == '|').count();
        let is_frame = text.chars().all(|character| matches!(character, '|' | '+' | '-'));
        if depth == 0 || depth > DEEPEST || is_frame {
            return None;
        }
        let mut column = line.chars().take_while(|character| character.is_whitespace()).count();
        let mut cells = Vec::new();
        for cell in text.split('|') {
            let blanks = cell.chars().take_while(|character| character.is_whitespace()).count();
            let value = cell.trim();
            cells.push((column.saturating_add(blanks).saturating_add(1), value));
            column = column.saturating_add(cell.chars().count()).saturating_add(1);
        }
        // What is before the first bars and behind the last is empty.
        let inner = cells.get(depth..cells.len().saturating_sub(depth))?;
        Some(Self {
            depth,
            cells: inner.to_vec(),
        })
    }
}

/// What the row before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Item,
    Nothing,
    Title(usize),
}

fn of_table(piece: &Piece) -> Vec<Line> {
    let mut writer = Writer::default();
    let mut before = Before::Nothing;
    let mut is_framed = true;
    // The keys of a list of objects, and how deep it is.
    let mut keys: Vec<&str> = Vec::new();
    let mut list: Option<usize> = None;
    let (mut last_title, mut list_title) = ("", "");
    for line in &piece.lines {
        let Some(row) = Row::of(&line.text) else {
            is_framed = true;
            continue;
        };
        if list.is_some_and(|depth| row.depth < depth) {
            list = None;
        }
        let inside = usize::from(list.is_some_and(|depth| row.depth > depth));
        let title_level = row.depth.saturating_sub(2).saturating_add(inside);
        let level = row.depth.saturating_sub(1).saturating_add(inside);
        match row.cells.as_slice() {
            [(column, value)] => {
                let is_item = value.starts_with("arn:")
                    || before == Before::Title(row.depth)
                    || (!is_framed && before == Before::Item);
                if is_item && row.depth > 1 {
                    // The title of the list itself may be left out.
                    if before == Before::Title(1) && last_title.eq_ignore_ascii_case("ListAccessEntries") {
                        writer.key(line, 0, "accessEntries");
                    }
                    writer.scalar(line, level, "", value, *column);
                    before = Before::Item;
                } else {
                    // It is printed again before each object of a list.
                    let is_same = list == Some(row.depth) && list_title == *value;
                    if row.depth > 1 && is_key(value) && !is_same {
                        writer.key(line, title_level, value);
                    }
                    list = list.filter(|depth| is_same || row.depth > *depth);
                    keys.clear();
                    last_title = *value;
                    before = Before::Title(row.depth);
                }
            }
            // Keys of a list of objects stand in a frame of their own; two cells are mostly a key and its value.
            [(_, key), (column, value)] if keys.is_empty() => {
                if is_key(key) {
                    writer.scalar(line, level, key, value, *column);
                }
                before = Before::Item;
            }
            cells if keys.is_empty() => {
                keys = cells.iter().map(|(_, key)| *key).collect();
                list_title = last_title;
                before = Before::Item;
            }
            cells => {
                let from = writer.lines.len();
                for (key, (column, value)) in keys.iter().zip(cells).filter(|(key, _)| is_key(key)) {
                    writer.scalar(line, level.saturating_add(1), key, value, *column);
                }
                writer.item(from, level.saturating_add(1));
                list = Some(row.depth);
                before = Before::Item;
            }
        }
        is_framed = false;
    }
    writer.lines
}

fn is_key(text: &str) -> bool {
    let of_key = |character: char| character.is_ascii_alphanumeric() || "-_./:".contains(character);
    !text.is_empty() && text.chars().all(of_key) && !text.ends_with(':')
}

/// A word of a line of text, with its column.
type Word<'a> = (usize, &'a str);

fn words(line: &str) -> Vec<Word<'_>> {
    let mut column = 1_usize;
    let mut words = Vec::new();
    for word in line.split('\t') {
        let blanks = word.chars().take_while(|character| character.is_whitespace()).count();
        words.push((column.saturating_add(blanks), word.trim()));
        column = column.saturating_add(word.chars().count()).saturating_add(1);
    }
    words
}

fn of_text(piece: &Piece) -> Vec<Line> {
    let mut writer = Writer::default();
    // Of which list the items come next.
    let mut open = "";
    for line in &piece.lines {
        let words = words(&line.text);
        let Some(((_, first), rest)) = words.split_first() else {
            continue;
        };
        let find = |is: &dyn Fn(&str) -> bool| rest.iter().find(|(_, word)| is(word)).copied();
        let is_principal = |word: &str| word.starts_with("arn:") && (word.contains(":iam:") || word.contains(":sts:"));
        let is_type = |word: &str| EntryType::parse(word).is_ok();
        match *first {
            "ACCESSENTRIES" => {
                if open != "accessEntries" {
                    writer.key(line, 0, "accessEntries");
                    open = "accessEntries";
                }
                for (column, value) in rest.iter().filter(|(_, word)| !word.is_empty()) {
                    writer.scalar(line, 1, "", value, *column);
                }
            }
            "ACCESSENTRY" => {
                writer.key(line, 0, "accessEntry");
                open = "accessEntry";
                writer.word(line, 1, "accessEntryArn", find(&|word| word.contains(":access-entry/")));
                writer.word(line, 1, "principalArn", find(&is_principal));
                writer.word(line, 1, "type", find(&is_type));
                let at = rest.iter().position(|(_, word)| is_type(word));
                let username = at.and_then(|at| rest.get(at.saturating_add(1)).copied());
                writer.word(line, 1, "username", username);
            }
            "KUBERNETESGROUPS" if open == "accessEntry" || open == "groups" => {
                if open == "accessEntry" {
                    writer.key(line, 1, "kubernetesGroups");
                    open = "groups";
                }
                for (column, value) in rest {
                    writer.scalar(line, 2, "", value, *column);
                }
            }
            "CLUSTER" => {
                writer.key(line, 0, "cluster");
                open = "cluster";
                let arn = find(&|word| word.starts_with("arn:") && word.contains(":cluster/"));
                let name = arn.and_then(|(column, arn)| Some((column, arn.split_once(":cluster/")?.1)));
                let is_version = |word: &str| {
                    word.split_once('.')
                        .is_some_and(|(major, minor)| major == "1" && minor.parse::<u8>().is_ok())
                };
                writer.word(line, 1, "arn", arn);
                writer.word(line, 1, "name", name);
                writer.word(line, 1, "version", find(&is_version));
            }
            "ACCESSCONFIG" if open == "cluster" => {
                writer.key(line, 1, "accessConfig");
                let mode = find(&|word| AuthenticationMode::from_name(word).is_some());
                writer.word(line, 2, "authenticationMode", mode);
            }
            "ASSOCIATEDACCESSPOLICIES" => {
                if open != "policies" {
                    writer.key(line, 0, "associatedAccessPolicies");
                    open = "policies";
                }
                if let Some((column, value)) = find(&|word| word.contains(":cluster-access-policy/")) {
                    let from = writer.lines.len();
                    writer.scalar(line, 2, "policyArn", value, column);
                    writer.item(from, 2);
                }
            }
            "ACCESSSCOPE" if open == "policies" => {
                writer.key(line, 2, "accessScope");
                writer.word(line, 3, "type", rest.first().copied());
            }
            "NAMESPACES" if open == "policies" => {
                // Each stands in a line of its own.
                let is_first = writer
                    .lines
                    .last()
                    .is_none_or(|last| !last.text.starts_with("        - "));
                if is_first {
                    writer.key(line, 3, "namespaces");
                }
                for (column, value) in rest {
                    writer.scalar(line, 4, "", value, *column);
                }
            }
            // The scalars of the whole, in the order of their keys: Account, Arn, UserId; clusterName, principalArn.
            name => {
                let mut rest = rest.iter().copied().filter(|(_, word)| !word.is_empty());
                let (arn, id) = (rest.next(), rest.next());
                if !arn.is_some_and(|(_, arn)| is_principal(arn)) {
                    continue;
                }
                if id.is_some() {
                    writer.word(line, 0, "Account", Some((1, name)));
                    writer.word(line, 0, "Arn", arn);
                    writer.word(line, 0, "UserId", id);
                } else {
                    writer.word(line, 0, "clusterName", Some((1, name)));
                    writer.word(line, 0, "principalArn", arn);
                }
            }
        }
    }
    writer.lines
}
