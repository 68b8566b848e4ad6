//! Terraform's own language.
//!
//! The parser is `hcl-edit`, which bounds the depth of what it reads; what it takes longer for than its length, many keys in
//! one object, is bounded here. Values that are not written out are [`Shape::Unknown`]: references, conditions, `for`, templates
//! and calls of functions, but for those that pass on what they are given.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::expr::FuncCall;
use hcl_edit::expr::Object;
use hcl_edit::expr::ObjectKey;
use hcl_edit::parser;
use hcl_edit::structure::Block;
use hcl_edit::structure::Body;
use hcl_edit::structure::Structure;
use serde_json::Value;

use super::Form;
use super::Unreadable;
use super::entry::OPEN;
use super::lists;
use super::member;
use super::terraform;
use crate::explain::lint::FileKind;
use crate::explain::lint::Rule;
use crate::explain::lint::tree::MapEntry;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Place;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

/// Longer than any file that people write.
const BYTES: usize = 512 * 1024;
/// So many `=` and `:` may stand in it: each key of an object is compared with all before it.
const ASSIGNMENTS: usize = 10_000;
/// So many of its first lines say what a text is.
const LINES: usize = 5_000;
/// What a block of Terraform begins with.
const BLOCKS: [&str; 9] = [
    "data",
    "locals",
    "module",
    "moved",
    "output",
    "provider",
    "resource",
    "terraform",
    "variable",
];

/// Whether a text is HCL: a block of Terraform begins a line, or one of the lists is assigned to.
pub(super) fn is_one(text: &str) -> bool {
    if text.trim_start().starts_with(['{', '[']) {
        return false;
    }
    let is_written = |line: &&str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("//")
    };
    let first = text.lines().find(is_written).unwrap_or_default().trim_start();
    let begins = |line: &str| {
        let line = line.trim_start();
        begins_block(line) || assigns(line)
    };
    assigns(first) || (may_begin(first) && text.lines().take(LINES).any(begins))
}

/// Whether a line may be the first of a file: an assignment, a block, or a comment. Prose is none.
fn may_begin(line: &str) -> bool {
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
    };
    let is_assignment = line.split_once('=').is_some_and(|(name, _)| is_name(name.trim_end()));
    let is_block = line.split_once('{').is_some_and(|(head, _)| {
        let mut words = head.split_whitespace();
        words.next().is_some_and(is_name) && words.all(|label| label.starts_with('"'))
    });
    is_assignment || is_block || line.starts_with("/*")
}

/// Whether all of a text is HCL.
pub(super) fn is_whole(text: &str) -> bool {
    parser::parse_body(text).is_ok()
}

/// Whether a text has more than is read.
pub(super) fn is_too_much(text: &str) -> bool {
    let assignments = text.bytes().filter(|byte| matches!(byte, b'=' | b':')).count();
    text.len() > BYTES || assignments > ASSIGNMENTS
}

/// Whether a block of Terraform begins with a line.
pub(super) fn begins_block(line: &str) -> bool {
    let end = line
        .find(|letter: char| !letter.is_ascii_lowercase())
        .unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or_default();
    let rest = rest.trim_start();
    BLOCKS.contains(&word) && (rest.starts_with('{') || (rest.starts_with('"') && rest.contains('{')))
}

/// Whether a line, without what indents it, begins a block of Terraform or assigns one of the lists. Stricter than what is a
/// file of Terraform as a whole: prose may stand around it.
pub(crate) fn begins(line: &str) -> bool {
    if assigns(line) {
        return true;
    }
    let Some((head, _)) = line.split_once('{') else {
        return false;
    };
    let mut words = head.split_whitespace();
    let labels = match words.next() {
        Some("locals" | "moved" | "terraform") => 0,
        Some("module" | "output" | "provider" | "variable") => 1,
        Some("data" | "resource") => 2,
        _ => return false,
    };
    let labels_there: Vec<&str> = words.collect();
    let is_label = |word: &&str| {
        let inside = word.strip_prefix('"').and_then(|word| word.strip_suffix('"'));
        inside
            .is_some_and(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)))
    };
    labels_there.len() == labels && labels_there.iter().all(is_label)
}

/// Whether a line assigns to a list of mappings.
pub(super) fn assigns(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, value)| {
        let name = name.trim_end();
        !value.starts_with('=') && (lists::is_name(name) || name == "inputs")
    })
}

pub(super) fn read(text: &str, source: &Source) -> Result<Form, Unreadable> {
    let reader = Reader::new(text, source);
    if is_too_much(text) {
        return Err(Unreadable {
            rule: Rule::InputTooLarge,
            place: reader.place(Some(0..0)),
            message: format!("more than {BYTES} bytes or {ASSIGNMENTS} assignments of HCL are not read"),
            fix: "give the blocks that map somebody alone".to_owned(),
        });
    }
    let body = parser::parse_body(text).map_err(|error| {
        let at = error.location().offset();
        Unreadable {
            rule: Rule::InputBroken,
            place: reader.place(Some(at..at)),
            message: format!("this is no HCL: {}", error.message().replace('\n', "; ")),
            fix: "run `terraform validate`, which says more of it".to_owned(),
        }
    })?;
    let mut form = Form::new(FileKind::Terraform);
    reader.collect(&mut form, &body);
    Ok(form)
}

struct Reader<'a> {
    text: &'a str,
    source: &'a Source,
    /// Which character each byte belongs to.
    characters: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, source: &'a Source) -> Self {
        let mut characters = Vec::new();
        // What is longer is not read.
        if text.len() <= BYTES {
            for (at, character) in text.chars().enumerate() {
                characters.extend(std::iter::repeat_n(at, character.len_utf8()));
            }
            characters.push(characters.last().map_or(0, |last| last.saturating_add(1)));
        }
        Self {
            text,
            source,
            characters,
        }
    }

    fn place(&self, span: Option<Range<usize>>) -> Place {
        let span = span.unwrap_or_default();
        let last = self.characters.last().copied().unwrap_or_default();
        let at = |byte: usize| self.characters.get(byte).copied().unwrap_or(last);
        self.source.stretch(&(at(span.start)..at(span.end)))
    }

    fn collect(&self, form: &mut Form, body: &Body) {
        let top: Vec<MapEntry> = body
            .attributes()
            .map(|attribute| self.attribute(attribute.key.value().as_str(), attribute.key.span(), &attribute.value))
            .collect();
        lists::collect(form, self.source, &top);
        for block in body.blocks() {
            self.block(form, block);
        }
    }

    fn block(&self, form: &mut Form, block: &Block) {
        let label = block.labels.first().map(|label| label.as_str()).unwrap_or_default();
        match block.ident.value().as_str() {
            "data" | "moved" | "output" | "provider" | "terraform" => {}
            "resource" => {
                let place = self.place(block.ident.span());
                let values = Node::made(place, Shape::Map(self.body(&block.body)));
                terraform::resource(form, self.source, label, &values);
            }
            "variable" => {
                if let Some(default) = block.body.get_attribute("default") {
                    let entry = self.attribute(label, default.key.span(), &default.value);
                    lists::named(form, self.source, &entry);
                }
            }
            _ => lists::collect(form, self.source, &self.body(&block.body)),
        }
    }

    fn attribute(&self, key: &str, span: Option<Range<usize>>, value: &Expression) -> MapEntry {
        MapEntry {
            key: key.to_owned(),
            place: self.place(span),
            value: self.node(value),
        }
    }

    /// Attributes and blocks without labels.
    fn body(&self, body: &Body) -> Vec<MapEntry> {
        body.iter()
            .filter_map(|structure| match structure {
                Structure::Attribute(attribute) => {
                    let key = attribute.key.value().as_str();
                    Some(self.attribute(key, attribute.key.span(), &attribute.value))
                }
                Structure::Block(block) if block.labels.is_empty() => {
                    let place = self.place(block.ident.span());
                    let inside = Node::made(place, Shape::Map(self.body(&block.body)));
                    Some(member(block.ident.value().as_str(), inside))
                }
                Structure::Block(_) => None,
            })
            .collect()
    }

    fn node(&self, expression: &Expression) -> Node {
        let span = expression.span();
        let place = self.place(span.clone());
        let shape = match expression {
            Expression::Null(_) => Shape::Null,
            Expression::Bool(value) => Shape::Other(Value::Bool(*value.value()), value.value().to_string()),
            Expression::Number(_) => {
                let written = self.slice(span);
                Shape::Other(
                    serde_json::from_str(written).unwrap_or(Value::from(0)),
                    written.to_owned(),
                )
            }
            Expression::String(text) => return Node::quoted(place, text.value().clone()),
            Expression::Array(items) => Shape::List(items.iter().map(|item| self.node(item)).collect()),
            Expression::Object(object) => Shape::Map(self.entries(object)),
            Expression::HeredocTemplate(_) => return heredoc(place, self.slice(span)),
            Expression::Parenthesis(inner) => return self.node(inner.inner()),
            Expression::FuncCall(call) => return self.call(place, call),
            _ => Shape::Unknown,
        };
        Node::made(place, shape)
    }

    fn slice(&self, span: Option<Range<usize>>) -> &'a str {
        self.text.get(span.unwrap_or_default()).unwrap_or_default()
    }

    fn entries(&self, object: &Object) -> Vec<MapEntry> {
        object
            .iter()
            .map(|(key, value)| {
                let name = match key {
                    ObjectKey::Ident(name) => name.value().as_str(),
                    ObjectKey::Expression(Expression::String(name)) => name.value().as_str(),
                    ObjectKey::Expression(_) => OPEN,
                };
                self.attribute(name, key.span(), value.expr())
            })
            .collect()
    }

    /// What a function makes of its arguments, where it passes them on.
    fn call(&self, place: Place, call: &FuncCall) -> Node {
        let unknown = || Node::made(place, Shape::Unknown);
        if call.name.is_namespaced() {
            return unknown();
        }
        let mut arguments = call.args.iter().map(|argument| self.node(argument));
        match call.name.name.value().as_str() {
            "chomp" | "jsonencode" | "tomap" | "tostring" | "trimspace" | "yamlencode" => {
                arguments.next().unwrap_or_else(unknown)
            }
            "compact" | "concat" | "distinct" | "flatten" | "setunion" | "tolist" | "toset" => {
                let items = arguments.flat_map(|argument| match argument.shape {
                    Shape::List(items) => items,
                    _ => vec![unknown()],
                });
                // `flatten` opens lists in lists; of the others, no list of mappings has any.
                let items = items.flat_map(|item| match item.shape {
                    Shape::List(items) => items,
                    _ => vec![item],
                });
                Node::made(place, Shape::List(items.collect()))
            }
            "merge" => {
                let mut entries = Vec::new();
                for argument in arguments {
                    match argument.shape {
                        Shape::Map(more) => entries.extend(more),
                        _ => entries.push(member(OPEN, unknown())),
                    }
                }
                Node::made(place, Shape::Map(entries))
            }
            _ => unknown(),
        }
    }
}

/// A heredoc that begins at `place`, as it is written. With `<<-` it loses the indentation that all its lines have.
fn heredoc(place: Place, written: &str) -> Node {
    let is_indented = written.starts_with("<<-");
    let mut lines: Vec<&str> = written.lines().skip(1).collect();
    // What ends it.
    lines.pop();
    if written.contains("%{") {
        return Node::made(place, Shape::Unknown);
    }
    let indentation = |line: &&str| line.bytes().take_while(|byte| *byte == b' ').count();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let common = if is_indented {
        filled.map(indentation).min().unwrap_or_default()
    } else {
        0
    };
    let mut text = String::with_capacity(written.len());
    for line in lines {
        text.push_str(line.get(common..).unwrap_or_default());
        text.push('\n');
    }
    let mut node = Node::block(place, text);
    node.is_foreign = written.contains("${");
    node
}
