//! YAML, and JSON as part of it, with the place of every value.
//!
//! All is read by the reader that the authenticator's mappings are read by ([`yaml`]), so that what is called readable here
//! is read there. kubectl reads the text around them by the same grammar.
//!
//! `aws-auth` holds YAML inside a YAML string. [`Source::inner`] reads that and gives places in the outer text: to the
//! character for block, folded, quoted and plain scalars; where the outer text cannot be followed, the scalar's start.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::refusal;
use crate::go::yaml;
use crate::go::yaml::Document;
use crate::go::yaml::NodeKind;
use crate::go::yaml::Refusal;
use crate::go::yaml::Style;

/// So many characters before a value its tag begins, or is not looked for.
const TAG_REACH: usize = 120;
/// What stands between documents.
const SEPARATOR: &str = "---";

/// A stretch of one line. Lines and columns begin with 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Characters on that line, at least 1.
    pub(crate) length: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) shape: Shape,
    /// YAML alone does not say what it is: it has a tag of CloudFormation's, or it is a text with references of Terraform's.
    pub(crate) is_foreign: bool,
    style: Style,
    /// Where its text is written: of an alias, not where that stands.
    written: (usize, usize),
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    List(Vec<Node>),
    Map(Vec<MapEntry>),
    Null,
    /// A number or boolean, as YAML 1.1 reads it, and as it is written.
    Other(Value, String),
    Text(String),
    /// What only a tool knows, such as a reference to another resource.
    Unknown,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct MapEntry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

impl Node {
    /// A value that is not read from YAML.
    pub(crate) fn made(place: Place, shape: Shape) -> Self {
        Self {
            place,
            shape,
            is_foreign: false,
            style: Style::Plain,
            written: (place.line, place.column),
        }
    }

    /// Its shape with each value in it made anew; a shape without values as it is.
    pub(crate) fn with_values(&self, make: impl Fn(&Self) -> Self) -> Shape {
        match &self.shape {
            Shape::List(items) => Shape::List(items.iter().map(make).collect()),
            Shape::Map(entries) => Shape::Map(
                entries
                    .iter()
                    .map(|entry| MapEntry {
                        key: entry.key.clone(),
                        place: entry.place,
                        value: make(&entry.value),
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }

    /// A text in double quotes.
    pub(crate) fn quoted(place: Place, text: String) -> Self {
        Self {
            style: Style::DoubleQuoted,
            ..Self::made(place, Shape::Text(text))
        }
    }

    /// A text whose lines stand below where it begins, as those of a heredoc.
    pub(crate) fn block(place: Place, text: String) -> Self {
        Self {
            style: Style::Block,
            ..Self::made(place, Shape::Text(text))
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.shape, Shape::Unknown)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[MapEntry] {
        match &self.shape {
            Shape::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn list(&self) -> &[Self] {
        match &self.shape {
            Shape::List(nodes) => nodes,
            _ => &[],
        }
    }

    /// The last entry of that key: decoders let it win.
    pub(crate) fn entry(&self, key: &str) -> Option<&MapEntry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::text)
    }

    /// What kind of value it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.shape {
            Shape::List(_) => "a list",
            Shape::Map(_) => "a map",
            Shape::Null => "null",
            Shape::Other(Value::Bool(_), _) => "a boolean",
            Shape::Other(..) => "a number",
            Shape::Text(_) => "a string",
            Shape::Unknown => "not known",
        }
    }
}

/// Text that the reader refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) place: Place,
    /// The reader's own, which the authenticator logs.
    pub(crate) message: String,
    /// A tab is what breaks it.
    pub(crate) is_tab: bool,
    /// What to do.
    pub(crate) fix: String,
}

/// How the authenticator reads a string of `aws-auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As mapRoles and mapUsers: by way of JSON.
    Items,
    /// As JSON or YAML of any kind, which is none of `aws-auth`.
    Object,
    /// As mapAccounts: into a list of strings.
    Strings,
}

/// What stands in a string.
#[derive(Debug)]
pub(crate) struct Inner {
    /// The first document, if there is one.
    pub(crate) root: Option<Node>,
    /// Where further ones begin, which nobody reads.
    pub(crate) rest: Option<Place>,
}

/// The text that the user gave.
pub(crate) struct Source {
    lines: Vec<Vec<char>>,
    /// The character with which each line begins.
    starts: Vec<usize>,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let lines = text.split('\n');
        let starts = lines.scan(0_usize, |next, line| {
            let start = *next;
            *next = next.saturating_add(line.chars().count()).saturating_add(1);
            Some(start)
        });
        Self {
            starts: starts.collect(),
            lines: lines_of(text),
        }
    }

    /// Line and column of a character.
    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, at.saturating_sub(start).saturating_add(1))
    }

    /// The documents of the text. JSON objects one after the other count as documents too.
    ///
    /// Source: `YAMLReader` in `pkg/util/yaml/decoder.go` of k8s.io/apimachinery, by which kubectl takes files apart.
    pub(crate) fn documents(&self, text: &str) -> Result<Vec<Node>, Broken> {
        let mut documents = Vec::new();
        let mut piece = String::new();
        let mut start = 0;
        let mut next = 0_usize;
        for line in text.split_inclusive('\n') {
            let here = next;
            next = next.saturating_add(line.chars().count());
            if let Some(behind) = line.strip_prefix(SEPARATOR) {
                let behind = behind.trim();
                if !behind.is_empty() && !behind.starts_with('#') {
                    let place = self.place_at(here);
                    let message = format!("invalid Yaml document separator: {behind}");
                    let fix = "write the document below its `---`";
                    return Err(broken(place, message, fix));
                }
                if !piece.is_empty() {
                    self.document(&piece, start, &mut documents)?;
                    piece.clear();
                    start = next;
                    continue;
                }
            }
            piece.push_str(line);
        }
        self.document(&piece, start, &mut documents)?;
        Ok(documents)
    }

    /// Reads a document that begins with the character `start`, or JSON objects one after the other.
    fn document(&self, text: &str, start: usize, documents: &mut Vec<Node>) -> Result<(), Broken> {
        let whole = match self.whole(text, start) {
            Ok(document) => {
                documents.extend(document);
                return Ok(());
            }
            Err(broken) => broken,
        };
        if !text.trim_start().starts_with('{') {
            return Err(whole);
        }
        let mut pieces: Vec<(usize, String)> = vec![(start, String::new())];
        let mut next = start;
        for line in text.split_inclusive('\n') {
            match pieces.last_mut() {
                Some((_, piece)) if !(line.starts_with('{') && piece.trim_end().ends_with('}')) => piece.push_str(line),
                _ => pieces.push((next, line.to_owned())),
            }
            next = next.saturating_add(line.chars().count());
        }
        for (start, piece) in pieces {
            documents.extend(self.whole(&piece, start).map_err(|_| whole.clone())?);
        }
        Ok(())
    }

    fn whole(&self, text: &str, start: usize) -> Result<Option<Node>, Broken> {
        let position = |at: usize| self.position(start.saturating_add(at));
        let document = yaml::document_of_file(text).map_err(|refusal| refused(&refusal, text, &position))?;
        if let Some(rest) = document.rest {
            return Err(broken(
                self.place_at(start.saturating_add(rest)),
                "the document ends before this, and what follows is not read".to_owned(),
                "write `---` on a line of its own before the next document, or close the first one behind this",
            ));
        }
        Ok(Tree::new(&document, text, &position).root(usize::MAX))
    }

    fn place_at(&self, at: usize) -> Place {
        let (line, column) = self.position(at);
        Place {
            line,
            column,
            length: 1,
        }
    }

    /// The place of some characters of the text.
    pub(crate) fn stretch(&self, range: &Range<usize>) -> Place {
        let (line, column) = self.position(range.start);
        let (end_line, end) = self.position(range.end);
        Place {
            line,
            column,
            length: if end_line == line {
                end.saturating_sub(column).max(1)
            } else {
                1
            },
        }
    }

    /// What stands in a string, as the authenticator reads it.
    pub(crate) fn inner(&self, node: &Node, reading: Reading) -> Result<Inner, Broken> {
        let text = node.text().unwrap_or_default();
        let marks = self.marks(node, text);
        // Behind the last character of the text.
        let end = text
            .chars()
            .zip(&marks)
            .filter(|(character, _)| *character != '\n')
            .last()
            .map_or(node.written, |(_, (line, column))| (*line, column.saturating_add(1)));
        let position = |at: usize| marks.get(at).copied().unwrap_or(end);
        let (document, depth) = match reading {
            Reading::Items => (yaml::document(text), usize::MAX),
            Reading::Object => (yaml::document_of_object(text), usize::MAX),
            // What is inside of its items is not decoded.
            Reading::Strings => (yaml::document_of_strings(text), 1),
        };
        let document = document.map_err(|refusal| refused(&refusal, text, &position))?;
        let rest = document.rest.map(|at| {
            let (line, column) = position(at);
            Place {
                line,
                column,
                length: 1,
            }
        });
        Ok(Inner {
            root: Tree::new(&document, text, &position).root(depth),
            rest,
        })
    }

    /// The place of each character of a scalar's value.
    fn marks(&self, node: &Node, value: &str) -> Vec<(usize, usize)> {
        self.follow(node, value)
            .unwrap_or_else(|| vec![node.written; value.chars().count()])
    }

    fn follow(&self, node: &Node, value: &str) -> Option<Vec<(usize, usize)>> {
        let (line, column) = node.written;
        let mut cursor = Cursor {
            lines: &self.lines,
            line: line.checked_sub(1)?,
            column: column.saturating_sub(1),
            indent: None,
        };
        if node.style == Style::Block {
            cursor.line = cursor.line.saturating_add(1);
            // What the parser took off each line: the first line with text shows it.
            let first = self.lines.iter().skip(cursor.line).find(|line| !is_blank(line))?;
            let own = value.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            cursor.indent = Some(leading_spaces(first.iter().copied()).saturating_sub(leading_spaces(own.chars())));
            cursor.column = 0;
            cursor.skip_indent();
        } else if node.style != Style::Plain {
            cursor.column = cursor.column.saturating_add(1);
        }
        value
            .chars()
            .map(|character| cursor.take(character, node.style))
            .collect()
    }
}

/// Walks the outer text along a scalar's value.
struct Cursor<'a> {
    lines: &'a [Vec<char>],
    line: usize,
    column: usize,
    /// What belongs to the block at the start of each line; without it, all leading white space.
    indent: Option<usize>,
}

impl Cursor<'_> {
    fn rest(&self) -> Option<&[char]> {
        self.lines.get(self.line)?.get(self.column..)
    }

    fn skip_indent(&mut self) {
        let blanks = |line: &Vec<char>| line.iter().take_while(|c| matches!(c, ' ' | '\t')).count();
        let blank = self.lines.get(self.line).map_or(0, blanks);
        self.column = self.indent.map_or(blank, |indent| blank.min(indent));
    }

    fn next_line(&mut self) {
        self.line = self.line.saturating_add(1);
        self.skip_indent();
    }

    fn take(&mut self, wanted: char, style: Style) -> Option<(usize, usize)> {
        loop {
            let mark = (self.line.saturating_add(1), self.column.saturating_add(1));
            let rest = self.rest()?;
            let Some(first) = rest.first().copied() else {
                self.next_line();
                if wanted == '\n' || wanted == ' ' {
                    return Some(mark);
                }
                continue;
            };
            let width = match (style, first, rest.get(1)) {
                (Style::DoubleQuoted, '\\', None) => {
                    self.next_line();
                    continue;
                }
                (Style::DoubleQuoted, '\\', Some('x')) => 4,
                (Style::DoubleQuoted, '\\', Some('u')) if wanted > '\u{ffff}' => 12,
                (Style::DoubleQuoted, '\\', Some('u')) => 6,
                (Style::DoubleQuoted, '\\', Some('U')) => 10,
                (Style::DoubleQuoted, '\\', Some(_)) => 2,
                (Style::SingleQuoted, '\'', Some('\'')) if wanted == '\'' => 2,
                _ if first == wanted => 1,
                // Folding drops the blanks at a line's end.
                _ if is_blank(rest) => {
                    self.column = self.column.saturating_add(rest.len());
                    continue;
                }
                _ => return None,
            };
            self.column = self.column.saturating_add(width);
            return Some(mark);
        }
    }
}

fn lines_of(text: &str) -> Vec<Vec<char>> {
    text.split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line).chars().collect())
        .collect()
}

fn is_blank(line: &[char]) -> bool {
    line.iter().all(|character| character.is_whitespace())
}

fn leading_spaces(line: impl Iterator<Item = char>) -> usize {
    line.take_while(|character| *character == ' ').count()
}

/// A document that the reader has read, as nodes with their places. Aliases are followed; that they neither multiply nor
/// lead back to themselves, the reader has seen to.
struct Tree<'a> {
    document: &'a Document,
    text: Vec<char>,
    position: &'a dyn Fn(usize) -> (usize, usize),
}

impl<'a> Tree<'a> {
    fn new(document: &'a Document, text: &str, position: &'a dyn Fn(usize) -> (usize, usize)) -> Self {
        Self {
            document,
            text: text.chars().collect(),
            position,
        }
    }

    /// The root, and what is in it down to `depth`.
    fn root(&self, depth: usize) -> Option<Node> {
        self.node(self.document.root?, depth)
    }

    fn place(&self, range: &Range<usize>) -> Place {
        let (line, column) = (self.position)(range.start);
        let (end_line, end_column) = (self.position)(range.end);
        let is_one_line = line == end_line && self.text.get(range.clone()).is_some_and(|text| !text.contains(&'\n'));
        let length = if is_one_line {
            end_column.saturating_sub(column)
        } else {
            1
        };
        Place {
            line,
            column,
            length: length.max(1),
        }
    }

    /// Whether the word before a value is a tag that is not YAML's own, such as `!Ref`.
    fn has_foreign_tag(&self, start: usize) -> bool {
        let before = self
            .text
            .get(start.saturating_sub(TAG_REACH)..start)
            .unwrap_or_default();
        let mut word: Vec<char> = before
            .iter()
            .rev()
            .skip_while(|character| character.is_whitespace())
            .take_while(|character| !character.is_whitespace())
            .copied()
            .collect();
        word.reverse();
        matches!(word.as_slice(), ['!', first, ..] if first.is_ascii_alphabetic())
    }

    /// The node behind an alias.
    fn behind(&self, at: usize) -> Option<&'a yaml::Node> {
        let node = self.document.node(at)?;
        match &node.kind {
            NodeKind::Alias { target, .. } => self.document.node(*target),
            _ => Some(node),
        }
    }

    fn node(&self, at: usize, depth: usize) -> Option<Node> {
        let place = self.place(&self.document.node(at)?.place);
        let node = self.behind(at)?;
        let mut node_style = Style::Plain;
        let below = depth.checked_sub(1);
        let shape = match &node.kind {
            NodeKind::Scalar {
                value,
                tag,
                implicit,
                style,
            } => {
                node_style = *style;
                match yaml::scalar(value, tag, *implicit) {
                    Value::Null => Shape::Null,
                    Value::String(text) => Shape::Text(text),
                    other => Shape::Other(other, value.clone()),
                }
            }
            NodeKind::Sequence(children) => {
                let children = below.map_or(&[][..], |_| children);
                let nodes = children.iter().filter_map(|child| self.node(*child, below?));
                Shape::List(nodes.collect())
            }
            NodeKind::Mapping(pairs) => Shape::Map(below.map_or_else(Vec::new, |below| self.entries(pairs, below))),
            // An alias names no alias.
            NodeKind::Alias { .. } => Shape::Null,
        };
        Some(Node {
            place,
            shape,
            is_foreign: self.has_foreign_tag(node.place.start),
            style: node_style,
            written: (self.position)(node.place.start),
        })
    }

    /// The entries of a mapping, of which the last of a key counts. Merged ones stand where goyaml sets them: they give way
    /// to what comes later, and take the place of what came before.
    fn entries(&self, pairs: &[(usize, usize)], depth: usize) -> Vec<MapEntry> {
        let mut entries: Vec<Option<MapEntry>> = Vec::new();
        // That a merged entry is replaced is what merging is for, so it is taken out.
        let mut merged: BTreeMap<String, usize> = BTreeMap::new();
        for (key, value) in pairs {
            let is_merge = self.document.is_merge(*key);
            let new = if is_merge {
                self.merged(*value, depth)
            } else {
                self.entry(*key, *value, depth).into_iter().collect()
            };
            for entry in new {
                let replaced = merged.remove(&entry.key);
                if let Some(slot) = replaced.and_then(|at| entries.get_mut(at)) {
                    *slot = None;
                }
                if is_merge {
                    merged.insert(entry.key.clone(), entries.len());
                }
                entries.push(Some(entry));
            }
        }
        entries.into_iter().flatten().collect()
    }

    fn entry(&self, key: usize, value: usize, depth: usize) -> Option<MapEntry> {
        let key = self.node(key, depth)?;
        Some(MapEntry {
            place: key.place,
            key: match key.shape {
                Shape::Text(text) => text,
                Shape::Null => "null".to_owned(),
                Shape::Other(value, _) => value.to_string(),
                // The reader refuses them.
                Shape::List(_) | Shape::Map(_) | Shape::Unknown => return None,
            },
            value: self.node(value, depth)?,
        })
    }

    /// The entries of a mapping that is merged, or of several, of which the first wins.
    fn merged(&self, at: usize, depth: usize) -> Vec<MapEntry> {
        match self.document.node(at).map(|node| &node.kind) {
            Some(NodeKind::Sequence(children)) => {
                let children = children.iter().rev();
                children.flat_map(|child| self.pairs_of(*child, depth)).collect()
            }
            _ => self.pairs_of(at, depth),
        }
    }

    fn pairs_of(&self, at: usize, depth: usize) -> Vec<MapEntry> {
        match self.behind(at).map(|node| &node.kind) {
            Some(NodeKind::Mapping(pairs)) => self.entries(pairs, depth),
            _ => Vec::new(),
        }
    }
}

fn refused(refusal: &Refusal, text: &str, position: &dyn Fn(usize) -> (usize, usize)) -> Broken {
    let (at, is_tab) = match refusal::tab(refusal, text) {
        Some(tab) => (tab, true),
        None => (refusal.at, false),
    };
    let (line, column) = position(at);
    let place = Place {
        line,
        column,
        length: 1,
    };
    Broken {
        is_tab,
        ..broken(place, refusal.message.clone(), refusal::fix(refusal, text))
    }
}

fn broken(place: Place, message: String, fix: impl Into<String>) -> Broken {
    Broken {
        place,
        message,
        is_tab: false,
        fix: fix.into(),
    }
}
