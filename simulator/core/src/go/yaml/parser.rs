//! Tokens to the nodes of the first document.

use std::collections::BTreeMap;

use super::scanner::Mark;
use super::scanner::Scanner;
use super::scanner::Token;
use super::scanner::TokenKind;
use super::scanner::located;

/// FIDELITY: goyaml nests 10,000 deep; no mapping needs this much, and our stack is smaller.
const DEPTH_LIMIT: usize = 100;
const TAG_PREFIX: &str = "tag:yaml.org,2002:";

/// The nodes of a document. An alias refers to its node, so that a node may contain itself.
#[derive(Debug, Default)]
pub(super) struct Document {
    nodes: Vec<Node>,
    pub(super) root: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Node {
    /// From 0.
    pub(super) line: usize,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
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
    },
    Sequence(Vec<usize>),
}

impl Document {
    /// Reads the first document of a text; what follows it is not looked at.
    ///
    /// # Errors
    /// goyaml's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser {
            scanner: Scanner::new(text)?,
            document: Self::default(),
            anchors: BTreeMap::new(),
            tags: BTreeMap::new(),
            depth: 0,
        };
        parser.document()?;
        Ok(parser.document)
    }

    /// The node of that number.
    pub(super) fn node(&self, at: usize) -> Option<&Node> {
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
    fn document(&mut self) -> Result<(), String> {
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
        self.scanner.peek()?;
        Ok(())
    }

    fn directives(&mut self) -> Result<(), String> {
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

    fn add(&mut self, mark: Mark, kind: NodeKind) -> usize {
        self.document.nodes.push(Node { line: mark.line, kind });
        self.document.nodes.len() - 1
    }

    fn empty_scalar(&mut self, mark: Mark) -> usize {
        self.add(
            mark,
            NodeKind::Scalar {
                value: String::new(),
                tag: String::new(),
                implicit: true,
            },
        )
    }

    fn fill(&mut self, at: usize, kind: NodeKind) {
        if let Some(node) = self.document.nodes.get_mut(at) {
            node.kind = kind;
        }
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<usize, String> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(format!("yaml: exceeded max depth of {DEPTH_LIMIT}"));
        }
        let node = self.node_inside(block, indentless);
        self.depth -= 1;
        node
    }

    fn node_inside(&mut self, block: bool, indentless: bool) -> Result<usize, String> {
        let mut token = self.scanner.peek()?;
        if let TokenKind::Alias(name) = token.kind {
            let Some(target) = self.anchors.get(&name).copied() else {
                return Err(format!("yaml: unknown anchor '{name}' referenced"));
            };
            self.scanner.skip();
            return Ok(self.add(token.start, NodeKind::Alias { name, target }));
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
        // An anchor is known inside its own node.
        let mut open = |parser: &mut Self, kind| {
            let at = parser.add(start, kind);
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
            TokenKind::Scalar { value, plain } => {
                let implicit = (plain && tag.is_empty()) || tag == "!";
                let at = open(self, NodeKind::Scalar { value, tag, implicit });
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
                let value = String::new();
                let at = self.add(start, NodeKind::Scalar { value, tag, implicit });
                if let Some(name) = anchor {
                    self.anchors.insert(name, at);
                }
                Ok(at)
            }
        }
    }

    fn block_sequence(&mut self, at: usize, start: Mark) -> Result<(), String> {
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
    fn indentless_sequence(&mut self, at: usize) -> Result<(), String> {
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

    fn block_mapping(&mut self, at: usize, start: Mark) -> Result<(), String> {
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

    fn block_mapping_part(&mut self, mark: Mark) -> Result<usize, String> {
        match self.scanner.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty_scalar(mark)),
            _ => self.node(true, true),
        }
    }

    fn flow_sequence(&mut self, at: usize, start: Mark) -> Result<(), String> {
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
    fn single_pair(&mut self, key: &Token) -> Result<usize, String> {
        let at = self.add(key.start, NodeKind::Mapping(Vec::new()));
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

    fn flow_mapping(&mut self, at: usize, start: Mark) -> Result<(), String> {
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

fn error<T>(problem: &str, at: Mark, context: Mark) -> Result<T, String> {
    Err(located(problem, at, context, false))
}
