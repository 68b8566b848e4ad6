//! YAML, and JSON as part of it, with the place of every value.
//!
//! `aws-auth` holds YAML inside a YAML string. [`Source::inner`] reads that and gives places in the outer text: to the
//! character for block, folded, quoted and plain scalars; where the outer text cannot be followed, the scalar's start.

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::Span;
use serde_json::Value;

use crate::go::yaml;

/// Aliases may multiply; a ConfigMap holds 1 MiB at most, so a larger tree is an attack.
const NODE_LIMIT: usize = 1_000_000;
/// Deeper nesting is no mapping.
const DEPTH_LIMIT: usize = 100;

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
    style: ScalarStyle,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    List(Vec<Node>),
    Map(Vec<Entry>),
    Null,
    /// A number or boolean, as YAML 1.1 reads it, and as it is written.
    Other(Value, String),
    Text(String),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
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
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
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
        }
    }

    fn size(&self) -> usize {
        let children = match &self.shape {
            Shape::List(nodes) => nodes.iter().map(Self::size).fold(0, usize::saturating_add),
            Shape::Map(entries) => {
                let sizes = entries.iter().map(|entry| entry.value.size());
                sizes.fold(0, usize::saturating_add)
            }
            _ => 0,
        };
        children.saturating_add(1)
    }
}

/// Text that the parser does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) place: Place,
    pub(crate) message: String,
    /// A tab is what breaks it.
    pub(crate) is_tab: bool,
}

/// The text that the user gave.
pub(crate) struct Source {
    lines: Vec<Vec<char>>,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        Self { lines: lines_of(text) }
    }

    /// The documents of the text. JSON objects one after the other count as documents too.
    pub(crate) fn documents(&self, text: &str) -> Result<Vec<Node>, Broken> {
        let broken = match load(text, &|line, column| (line, column)) {
            Ok(documents) => return Ok(documents),
            Err(broken) => broken,
        };
        if !text.trim_start().starts_with('{') {
            return Err(broken);
        }
        let mut documents = Vec::new();
        let mut piece = String::new();
        let mut first = 1_usize;
        for (at, line) in (1_usize..).zip(text.lines()) {
            if line.starts_with('{') && piece.trim_end().ends_with('}') {
                documents.extend(
                    load(&piece, &|line, column| {
                        (line.saturating_add(first).saturating_sub(1), column)
                    })
                    .map_err(|_| broken.clone())?,
                );
                piece.clear();
                first = at;
            }
            piece.push_str(line);
            piece.push('\n');
        }
        documents.extend(
            load(&piece, &|line, column| {
                (line.saturating_add(first).saturating_sub(1), column)
            })
            .map_err(|_| broken)?,
        );
        Ok(documents)
    }

    /// The first document inside a string.
    pub(crate) fn inner(&self, node: &Node) -> Result<Option<Node>, Broken> {
        let text = node.text().unwrap_or_default();
        let marks = self.marks(node, text);
        let mut by_line: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
        for (character, mark) in text.chars().zip(&marks) {
            if let Some(line) = by_line.last_mut() {
                line.push(*mark);
            }
            if character == '\n' {
                by_line.push(Vec::new());
            }
        }
        let start = (node.place.line, node.place.column);
        let place = |line: usize, column: usize| {
            let marks = by_line.get(line.saturating_sub(1)).filter(|marks| !marks.is_empty());
            match marks.and_then(|marks| marks.get(column.saturating_sub(1))) {
                Some(mark) => *mark,
                // Behind the last character of the line, or of the text.
                None => marks
                    .or_else(|| by_line.iter().rev().find(|marks| !marks.is_empty()))
                    .and_then(|marks| marks.last())
                    .map_or(start, |(line, column)| (*line, column.saturating_add(1))),
            }
        };
        load(text, &place).map(|documents| documents.into_iter().next())
    }

    /// The place of each character of a scalar's value.
    fn marks(&self, node: &Node, value: &str) -> Vec<(usize, usize)> {
        self.follow(node, value)
            .unwrap_or_else(|| vec![(node.place.line, node.place.column); value.chars().count()])
    }

    fn follow(&self, node: &Node, value: &str) -> Option<Vec<(usize, usize)>> {
        let block = matches!(node.style, ScalarStyle::Literal | ScalarStyle::Folded);
        let mut cursor = Cursor {
            lines: &self.lines,
            line: node.place.line.checked_sub(1)?,
            column: node.place.column.saturating_sub(1),
            indent: None,
        };
        if block {
            // The parser begins a block at its first line with text, though blank ones before it count.
            let blanks = value.chars().take_while(|character| *character == '\n').count();
            cursor.line = cursor.line.checked_sub(blanks)?;
            // What the parser took off each line: the first line with text shows it.
            let first = self.lines.iter().skip(cursor.line).find(|line| !is_blank(line))?;
            let own = value.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            cursor.indent = Some(leading_spaces(first.iter().copied()).saturating_sub(leading_spaces(own.chars())));
            cursor.column = 0;
            cursor.skip_indent();
        } else if node.style != ScalarStyle::Plain {
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

    fn take(&mut self, wanted: char, style: ScalarStyle) -> Option<(usize, usize)> {
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
                (ScalarStyle::DoubleQuoted, '\\', None) => {
                    self.next_line();
                    continue;
                }
                (ScalarStyle::DoubleQuoted, '\\', Some('x')) => 4,
                (ScalarStyle::DoubleQuoted, '\\', Some('u')) => 6,
                (ScalarStyle::DoubleQuoted, '\\', Some('U')) => 10,
                (ScalarStyle::DoubleQuoted, '\\', Some(_)) => 2,
                (ScalarStyle::SingleQuoted, '\'', Some('\'')) if wanted == '\'' => 2,
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

/// A list or map that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(String, Place)>,
}

struct Loader<'a> {
    place: &'a dyn Fn(usize, usize) -> (usize, usize),
    open: Vec<Open>,
    anchors: Vec<(usize, Node)>,
    documents: Vec<Node>,
    nodes: usize,
}

fn load(text: &str, place: &dyn Fn(usize, usize) -> (usize, usize)) -> Result<Vec<Node>, Broken> {
    let mut loader = Loader {
        place,
        open: Vec::new(),
        anchors: Vec::new(),
        documents: Vec::new(),
        nodes: 0,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => loader.event(event, &span)?,
            Err(error) => {
                let marker = error.marker();
                let (line, column) = place(marker.line(), marker.col().saturating_add(1));
                let broken = Broken {
                    place: Place {
                        line,
                        column,
                        length: 1,
                    },
                    message: error.info().to_owned(),
                    is_tab: false,
                };
                return Err(tab_of(text, place).unwrap_or(broken));
            }
        }
    }
    Ok(loader.documents)
}

/// The first tab that indents a line. Inside brackets tabs are fine.
fn tab_of(text: &str, place: &dyn Fn(usize, usize) -> (usize, usize)) -> Option<Broken> {
    if text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let found = (1_usize..).zip(text.lines()).find_map(|(at, line)| {
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            return None;
        }
        let column = line.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')?;
        Some((at, column.saturating_add(1)))
    })?;
    let (line, column) = place(found.0, found.1);
    Some(Broken {
        place: Place {
            line,
            column,
            length: 1,
        },
        message: "a tab indents the line".to_owned(),
        is_tab: true,
    })
}

impl Loader<'_> {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Broken> {
        let place = self.place_of(span);
        let node = |shape| Node {
            place,
            shape,
            style: ScalarStyle::Plain,
        };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.suffix.clone());
                let shape = match yaml::scalar(&text, style == ScalarStyle::Plain, tag.as_deref()) {
                    Value::Null => Shape::Null,
                    Value::String(text) => Shape::Text(text),
                    other => Shape::Other(other, text.into_owned()),
                };
                self.value(Node { place, shape, style }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.open(node(Shape::List(Vec::new())), anchor),
            Event::MappingStart(anchor, _) => self.open(node(Shape::Map(Vec::new())), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.value(open.node, open.anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let known = self.anchors.iter().rev().find(|(id, _)| *id == anchor);
                match known.map(|(_, node)| node.shape.clone()) {
                    Some(shape) => {
                        let node = node(shape);
                        self.nodes = self.nodes.saturating_add(node.size());
                        self.value(node, 0)
                    }
                    None => Err(refused(place, "an alias inside of what it names")),
                }
            }
            _ => Ok(()),
        }
    }

    fn place_of(&self, span: &Span) -> Place {
        let (line, column) = (self.place)(span.start.line(), span.start.col().saturating_add(1));
        let (end_line, end_column) = (self.place)(span.end.line(), span.end.col().saturating_add(1));
        let length = if span.start.line() == span.end.line() && line == end_line {
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

    fn open(&mut self, node: Node, anchor: usize) -> Result<(), Broken> {
        if self.open.len() >= DEPTH_LIMIT {
            return Err(refused(node.place, "nested too deep"));
        }
        self.open.push(Open {
            node,
            anchor,
            key: None,
        });
        Ok(())
    }

    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Broken> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > NODE_LIMIT {
            return Err(refused(node.place, "too many values"));
        }
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut open.node.shape {
            Shape::List(nodes) => nodes.push(node),
            Shape::Map(entries) => match open.key.take() {
                None => {
                    let key = match node.shape {
                        Shape::Text(text) => text,
                        Shape::Null => "null".to_owned(),
                        Shape::Other(value, _) => value.to_string(),
                        Shape::List(_) | Shape::Map(_) => return Err(refused(node.place, "a key that is no string")),
                    };
                    open.key = Some((key, node.place));
                }
                Some((key, _)) if key == "<<" && matches!(node.shape, Shape::Map(_)) => {
                    for merged in node.entries() {
                        if entries.iter().all(|entry| entry.key != merged.key) {
                            entries.push(merged.clone());
                        }
                    }
                }
                Some((key, place)) => entries.push(Entry {
                    key,
                    place,
                    value: node,
                }),
            },
            _ => {}
        }
        Ok(())
    }
}

fn refused(place: Place, message: &str) -> Broken {
    Broken {
        place,
        message: message.to_owned(),
        is_tab: false,
    }
}
