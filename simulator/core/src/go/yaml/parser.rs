//! Tokens to the nodes of the first document.

use std::collections::BTreeMap;
use std::ops::Range;

use super::scanner::Escapes;
use super::scanner::Mark;
use super::scanner::Refusal;
use super::scanner::Scanner;
use super::scanner::Style;
use super::scanner::Token;
use super::scanner::TokenKind;
use super::scanner::located;

/// FIDELITY: goyaml nests 10,000 deep; no mapping needs this much, and our stack is smaller.
const DEPTH_LIMIT: usize = 100;
/// FIDELITY: goyaml reads as many as there are; each takes some hundred bytes of memory, and `aws-auth` has room for a tenth.
const NODE_LIMIT: usize = 500_000;
const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// The nodes of a document. An alias refers to its node, so that a node may contain itself.
#[derive(Debug, Default)]
pub(crate) struct Document {
    nodes: Vec<Node>,
    pub(crate) root: Option<usize>,
    /// The character at which something follows that is not read: another document.
    pub(crate) rest: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Node {
    /// From 0; that of its anchor or tag, where it has one.
    pub(super) line: usize,
    /// Its characters, from 0, behind anchor and tag. Of a collection, those of its first token.
    pub(crate) place: Range<usize>,
    pub(crate) kind: NodeKind,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    Alias {
        name: String,
        target: usize,
    },
    /// Keys and values.
    Mapping(Vec<(usize, usize)>),
    Scalar {
        value: String,
        /// In full, or `!`, or empty.
        tag: String,
        /// Neither quoted nor tagged.
        implicit: bool,
        style: Style,
    },
    Sequence(Vec<usize>),
}

impl Document {
    /// Reads the first document of a text; what follows it is not looked at.
    ///
    /// # Errors
    /// goyaml's text.
    pub(super) fn parse(text: &str, escapes: Escapes) -> Result<Self, Refusal> {
        let mut parser = Parser {
            scanner: Scanner::new(text, escapes)?,
            document: Self::default(),
            anchors: BTreeMap::new(),
            tags: BTreeMap::new(),
            depth: 0,
        };
        parser.document()?;
        Ok(parser.document)
    }

    /// A mapping without pairs, in place of what is read otherwise.
    pub(super) fn empty_mapping(at: usize) -> Self {
        Self {
            nodes: vec![Node {
                line: 0,
                place: at..at + 1,
                kind: NodeKind::Mapping(Vec::new()),
            }],
            root: Some(0),
            rest: None,
        }
    }

    /// The node of that number.
    pub(crate) fn node(&self, at: usize) -> Option<&Node> {
        self.nodes.get(at)
    }
}

struct Parser {
    scanner: Scanner,
    document: Document,
    anchors: BTreeMap<String, usize>,
    tags: BTreeMap<String, String>,
    depth: usize,
}

impl Parser {
    fn document(&mut self) -> Result<(), Refusal> {
        let explicit = matches!(
            self.scanner.peek()?.kind,
            TokenKind::VersionDirective { .. } | TokenKind::TagDirective { .. } | TokenKind::DocumentStart
        );
        let first = self.scanner.peek()?;
        if first.kind == TokenKind::StreamEnd {
            return Ok(());
        }
        self.directives()?;
        let mut content = self.scanner.peek()?;
        if explicit {
            if content.kind != TokenKind::DocumentStart {
                return error("did not find expected <document start>", content.start, Mark::default());
            }
            self.scanner.skip();
            content = self.scanner.peek()?;
        }
        let is_empty = explicit
            && matches!(
                content.kind,
                TokenKind::VersionDirective { .. }
                    | TokenKind::TagDirective { .. }
                    | TokenKind::DocumentStart
                    | TokenKind::DocumentEnd
                    | TokenKind::StreamEnd
            );
        let root = if is_empty {
            self.empty_scalar(content.start)
        } else {
            self.node(true, false)?
        };
        self.document.root = Some(root);
        // The end of the document is found by the token behind it, which may be no token.
        let mut next = self.scanner.peek()?;
        while matches!(next.kind, TokenKind::DocumentEnd | TokenKind::DocumentStart) {
            self.scanner.skip();
            // What cannot be read behind the end is not looked at.
            match self.scanner.peek() {
                Ok(token) => next = token,
                Err(refusal) => {
                    self.document.rest = Some(refusal.at);
                    return Ok(());
                }
            }
        }
        if next.kind != TokenKind::StreamEnd {
            self.document.rest = Some(next.start.index);
        }
        Ok(())
    }

    fn directives(&mut self) -> Result<(), Refusal> {
        let mut has_version = false;
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                TokenKind::VersionDirective { .. } if has_version => {
                    return error("found duplicate %YAML directive", token.start, Mark::default());
                }
                TokenKind::VersionDirective { major: 1, minor: 1 } => has_version = true,
                TokenKind::VersionDirective { .. } => {
                    return error("found incompatible YAML document", token.start, Mark::default());
                }
                TokenKind::TagDirective { handle, prefix } => {
                    if self.tags.insert(handle, prefix).is_some() {
                        return error("found duplicate %TAG directive", token.start, Mark::default());
                    }
                }
                _ => break,
            }
            self.scanner.skip();
        }
        for (handle, prefix) in [("!", "!"), ("!!", TAG_PREFIX)] {
            self.tags.entry(handle.to_owned()).or_insert_with(|| prefix.to_owned());
        }
        Ok(())
    }

    fn add(&mut self, line: usize, place: Range<usize>, kind: NodeKind) -> usize {
        self.document.nodes.push(Node { line, place, kind });
        self.document.nodes.len() - 1
    }

    fn empty_scalar(&mut self, mark: Mark) -> usize {
        self.add(
            mark.line,
            mark.index..mark.index,
            NodeKind::Scalar {
                value: String::new(),
                tag: String::new(),
                implicit: true,
                style: Style::Plain,
            },
        )
    }

    fn fill(&mut self, at: usize, kind: NodeKind) {
        if let Some(node) = self.document.nodes.get_mut(at) {
            node.kind = kind;
        }
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<usize, Refusal> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(Refusal {
                message: format!("yaml: exceeded max depth of {DEPTH_LIMIT}"),
                at: self.scanner.here(),
            });
        }
        if self.document.nodes.len() > NODE_LIMIT {
            return Err(Refusal {
                message: format!("yaml: document has more than {NODE_LIMIT} nodes"),
                at: self.scanner.here(),
            });
        }
        let node = self.node_inside(block, indentless);
        self.depth -= 1;
        node
    }

    fn node_inside(&mut self, block: bool, indentless: bool) -> Result<usize, Refusal> {
        let mut token = self.scanner.peek()?;
        let place = token.place();
        if let TokenKind::Alias(name) = token.kind {
            let Some(target) = self.anchors.get(&name).copied() else {
                return Err(Refusal {
                    message: format!("yaml: unknown anchor '{name}' referenced"),
                    at: token.start.index,
                });
            };
            self.scanner.skip();
            return Ok(self.add(token.start.line, place, NodeKind::Alias { name, target }));
        }
        let start = token.start;
        let (mut anchor, mut tag) = (None, None);
        loop {
            match token.kind {
                TokenKind::Anchor(name) if anchor.is_none() => anchor = Some(name),
                TokenKind::Tag { handle, suffix } if tag.is_none() => tag = Some((handle, suffix, token.start)),
                _ => break,
            }
            self.scanner.skip();
            token = self.scanner.peek()?;
        }
        let tag = match tag {
            None => String::new(),
            Some((handle, suffix, _)) if handle.is_empty() => suffix,
            Some((handle, suffix, mark)) => match self.tags.get(&handle) {
                Some(prefix) => format!("{prefix}{suffix}"),
                None => return error("found undefined tag handle", mark, start),
            },
        };
        let place = token.place();
        // An anchor is known inside its own node.
        let mut open = |parser: &mut Self, kind| {
            let at = parser.add(start.line, place.clone(), kind);
            if let Some(name) = anchor.take() {
                parser.anchors.insert(name, at);
            }
            at
        };
        let is_decorated = !tag.is_empty();
        match token.kind {
            TokenKind::BlockEntry if indentless => {
                let at = open(self, NodeKind::Sequence(Vec::new()));
                self.indentless_sequence(at)?;
                Ok(at)
            }
            TokenKind::Scalar { value, style } => {
                let implicit = (style == Style::Plain && tag.is_empty()) || tag == "!";
                let kind = NodeKind::Scalar {
                    value,
                    tag,
                    implicit,
                    style,
                };
                let at = open(self, kind);
                self.scanner.skip();
                Ok(at)
            }
            TokenKind::FlowSequenceStart => {
                let at = open(self, NodeKind::Sequence(Vec::new()));
                self.flow_sequence(at, token.start)?;
                Ok(at)
            }
            TokenKind::FlowMappingStart => {
                let at = open(self, NodeKind::Mapping(Vec::new()));
                self.flow_mapping(at, token.start)?;
                Ok(at)
            }
            TokenKind::BlockSequenceStart if block => {
                let at = open(self, NodeKind::Sequence(Vec::new()));
                self.block_sequence(at, token.start)?;
                Ok(at)
            }
            TokenKind::BlockMappingStart if block => {
                let at = open(self, NodeKind::Mapping(Vec::new()));
                self.block_mapping(at, token.start)?;
                Ok(at)
            }
            _ => {
                let implicit = !is_decorated;
                if implicit && anchor.is_none() {
                    return error("did not find expected node content", token.start, start);
                }
                let kind = NodeKind::Scalar {
                    value: String::new(),
                    tag,
                    implicit,
                    style: Style::Plain,
                };
                // goyaml has it where its anchor or tag is.
                let at = self.add(start.line, start.index..start.index, kind);
                if let Some(name) = anchor {
                    self.anchors.insert(name, at);
                }
                Ok(at)
            }
        }
    }

    fn block_sequence(&mut self, at: usize, start: Mark) -> Result<(), Refusal> {
        self.scanner.skip();
        let mut children = Vec::new();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                TokenKind::BlockEntry => {}
                TokenKind::BlockEnd => break,
                _ => return error("did not find expected '-' indicator", token.start, start),
            }
            self.scanner.skip();
            let next = self.scanner.peek()?;
            children.push(match next.kind {
                TokenKind::BlockEntry | TokenKind::BlockEnd => self.empty_scalar(token.end),
                _ => self.node(true, false)?,
            });
        }
        self.scanner.skip();
        self.fill(at, NodeKind::Sequence(children));
        Ok(())
    }

    /// A sequence that is no deeper than the key whose value it is.
    fn indentless_sequence(&mut self, at: usize) -> Result<(), Refusal> {
        let mut children = Vec::new();
        loop {
            let token = self.scanner.peek()?;
            if token.kind != TokenKind::BlockEntry {
                break;
            }
            self.scanner.skip();
            let next = self.scanner.peek()?;
            children.push(match next.kind {
                TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                    self.empty_scalar(token.end)
                }
                _ => self.node(true, false)?,
            });
        }
        self.fill(at, NodeKind::Sequence(children));
        Ok(())
    }

    fn block_mapping(&mut self, at: usize, start: Mark) -> Result<(), Refusal> {
        self.scanner.skip();
        let mut children = Vec::new();
        loop {
            let token = self.scanner.peek()?;
            match token.kind {
                TokenKind::Key => {}
                TokenKind::BlockEnd => break,
                _ => return error("did not find expected key", token.start, start),
            }
            self.scanner.skip();
            let key = self.block_mapping_part(token.end)?;
            let token = self.scanner.peek()?;
            let value = if token.kind == TokenKind::Value {
                self.scanner.skip();
                self.block_mapping_part(token.end)?
            } else {
                self.empty_scalar(token.start)
            };
            children.push((key, value));
        }
        self.scanner.skip();
        self.fill(at, NodeKind::Mapping(children));
        Ok(())
    }

    fn block_mapping_part(&mut self, mark: Mark) -> Result<usize, Refusal> {
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty_scalar(mark)),
            _ => self.node(true, true),
        }
    }

    fn flow_sequence(&mut self, at: usize, start: Mark) -> Result<(), Refusal> {
        self.scanner.skip();
        let mut children = Vec::new();
        loop {
            let mut token = self.scanner.peek()?;
            if token.kind == TokenKind::FlowSequenceEnd {
                break;
            }
            if !children.is_empty() {
                if token.kind != TokenKind::FlowEntry {
                    return error("did not find expected ',' or ']'", token.start, start);
                }
                self.scanner.skip();
                token = self.scanner.peek()?;
            }
            match token.kind {
                TokenKind::FlowSequenceEnd => break,
                TokenKind::Key => children.push(self.single_pair(&token)?),
                _ => children.push(self.node(false, false)?),
            }
        }
        self.scanner.skip();
        self.fill(at, NodeKind::Sequence(children));
        Ok(())
    }

    /// A mapping of one pair, without braces, in a flow sequence.
    fn single_pair(&mut self, key: &Token) -> Result<usize, Refusal> {
        let at = self.add(key.start.line, key.place(), NodeKind::Mapping(Vec::new()));
        self.scanner.skip();
        let token = self.scanner.peek()?;
        let key = match token.kind {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                // libyaml takes the token here that it needs below.
                self.scanner.skip();
                self.empty_scalar(token.end)
            }
            _ => self.node(false, false)?,
        };
        let mut token = self.scanner.peek()?;
        let value = if token.kind == TokenKind::Value {
            self.scanner.skip();
            token = self.scanner.peek()?;
            match token.kind {
                TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => self.empty_scalar(token.start),
                _ => self.node(false, false)?,
            }
        } else {
            self.empty_scalar(token.start)
        };
        self.scanner.peek()?;
        self.fill(at, NodeKind::Mapping(vec![(key, value)]));
        Ok(at)
    }

    fn flow_mapping(&mut self, at: usize, start: Mark) -> Result<(), Refusal> {
        self.scanner.skip();
        let mut children = Vec::new();
        loop {
            let mut token = self.scanner.peek()?;
            if token.kind == TokenKind::FlowMappingEnd {
                break;
            }
            if !children.is_empty() {
                if token.kind != TokenKind::FlowEntry {
                    return error("did not find expected ',' or '}'", token.start, start);
                }
                self.scanner.skip();
                token = self.scanner.peek()?;
            }
            match token.kind {
                TokenKind::FlowMappingEnd => break,
                TokenKind::Key => {
                    self.scanner.skip();
                    let token = self.scanner.peek()?;
                    let key = match token.kind {
                        TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                            self.empty_scalar(token.start)
                        }
                        _ => self.node(false, false)?,
                    };
                    let mut token = self.scanner.peek()?;
                    let mut is_empty = true;
                    if token.kind == TokenKind::Value {
                        self.scanner.skip();
                        token = self.scanner.peek()?;
                        is_empty = matches!(token.kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd);
                    }
                    let value = if is_empty {
                        self.empty_scalar(token.start)
                    } else {
                        self.node(false, false)?
                    };
                    children.push((key, value));
                }
                _ => {
                    let key = self.node(false, false)?;
                    let token = self.scanner.peek()?;
                    let value = self.empty_scalar(token.start);
                    children.push((key, value));
                }
            }
        }
        self.scanner.skip();
        self.fill(at, NodeKind::Mapping(children));
        Ok(())
    }
}

fn error<T>(problem: &str, at: Mark, context: Mark) -> Result<T, Refusal> {
    Err(Refusal {
        message: located(problem, at, context, false),
        at: at.index,
    })
}
