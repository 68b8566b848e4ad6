//! Text to tokens, by the rules and with the error texts of the YAML 1.1 scanner that goyaml.v2 has from libyaml.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::ops::Range;

/// Longer simple keys are none.
const SIMPLE_KEY_LIMIT: usize = 1024;
/// Deeper nesting is refused.
const LEVEL_LIMIT: usize = 10_000;

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// goyaml's text, as the authenticator logs it.
    pub(crate) message: String,
    /// The character of the text at which that shows, from 0. It is nearer to what is wrong than the line in the message.
    pub(crate) at: usize,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Behind `|` or `>`.
    Block,
    DoubleQuoted,
    Plain,
    SingleQuoted,
}

/// Whose escapes a text in double quotes may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// With `\/` and surrogate pairs, which YAML 1.1 has not.
    Json,
    Yaml,
}

/// A place in the text; all count from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// In characters.
    pub(super) index: usize,
    pub(super) line: usize,
    column: usize,
}

/// A token with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

impl Token {
    /// Its characters.
    pub(super) fn place(&self) -> Range<usize> {
        self.start.index..self.end.index
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Alias(String),
    Anchor(String),
    BlockEnd,
    BlockEntry,
    BlockMappingStart,
    BlockSequenceStart,
    DocumentEnd,
    DocumentStart,
    FlowEntry,
    FlowMappingEnd,
    FlowMappingStart,
    FlowSequenceEnd,
    FlowSequenceStart,
    Key,
    Scalar { value: String, style: Style },
    StreamEnd,
    Tag { handle: String, suffix: String },
    TagDirective { handle: String, prefix: String },
    Value,
    VersionDirective { major: u8, minor: u8 },
}

/// Where a key without a question mark may have begun.
#[derive(Clone, Copy, Debug, Default)]
struct SimpleKey {
    possible: bool,
    required: bool,
    token_number: usize,
    mark: Mark,
}

/// The error text of goyaml: it counts lines from 0 but for errors of the scanner, and leaves a line 0 out.
pub(super) fn located(problem: &str, at: Mark, context: Mark, by_scanner: bool) -> String {
    let line = if at.line == 0 {
        context.line
    } else {
        at.line + usize::from(by_scanner)
    };
    if line == 0 {
        format!("yaml: {problem}")
    } else {
        format!("yaml: line {line}: {problem}")
    }
}

pub(super) struct Scanner {
    text: Vec<char>,
    escapes: Escapes,
    mark: Mark,
    tokens: VecDeque<Token>,
    tokens_taken: usize,
    indent: isize,
    indents: Vec<isize>,
    simple_key_allowed: bool,
    /// One for the block context, and one for each open flow collection.
    simple_keys: Vec<SimpleKey>,
    /// By the number of its token, the place of a key in `simple_keys`. An empty flow collection forgets the key that it
    /// may be, so that `[]: x` is broken, as upstream.
    simple_keys_by_token: BTreeMap<usize, usize>,
}

impl Scanner {
    /// # Errors
    /// A character that YAML does not allow.
    pub(super) fn new(text: &str, escapes: Escapes) -> Result<Self, Refusal> {
        let allowed = |c: char| {
            matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
                // JSON allows more.
                || (escapes == Escapes::Json && c >= ' ')
        };
        // FIDELITY: goyaml reads 512 bytes at a time, so a syntax error well before such a character comes first there.
        if let Some(at) = text.chars().position(|c| !allowed(c)) {
            return Err(Refusal {
                message: "yaml: control characters are not allowed".to_owned(),
                at,
            });
        }
        // FIDELITY: behind a second byte order mark, goyaml passes over the first character of each line.
        let mark = Mark {
            index: usize::from(text.starts_with('\u{feff}')),
            ..Mark::default()
        };
        Ok(Self {
            text: text.chars().collect(),
            escapes,
            mark,
            tokens: VecDeque::new(),
            tokens_taken: 0,
            indent: -1,
            indents: Vec::new(),
            simple_key_allowed: true,
            simple_keys: vec![SimpleKey::default()],
            simple_keys_by_token: BTreeMap::new(),
        })
    }

    /// The next token, which stays. The last one is [`TokenKind::StreamEnd`].
    pub(super) fn peek(&mut self) -> Result<Token, Refusal> {
        loop {
            // A token that may turn out to begin a key must wait for the colon.
            let waits = match self.simple_keys_by_token.get(&self.tokens_taken).copied() {
                Some(at) if !self.tokens.is_empty() => self.is_valid(at)?,
                _ => false,
            };
            if let (Some(token), false) = (self.tokens.front(), waits) {
                return Ok(token.clone());
            }
            self.fetch()?;
        }
    }

    /// Takes the token that was peeked at.
    pub(super) fn skip(&mut self) {
        self.tokens.pop_front();
        self.tokens_taken += 1;
    }

    /// The character at which the next token begins, or the scanner is.
    pub(super) fn here(&self) -> usize {
        self.tokens.front().map_or(self.mark, |token| token.start).index
    }

    // What is ahead.

    /// The character `ahead` of the current one; NUL behind the end.
    fn at(&self, ahead: usize) -> char {
        self.text.get(self.mark.index + ahead).copied().unwrap_or('\0')
    }

    fn advance(&mut self) -> char {
        let c = self.at(0);
        self.mark.index += 1;
        self.mark.column += 1;
        c
    }

    /// Takes a line break: what it contributes to a scalar.
    fn take_break(&mut self) -> Option<char> {
        let c = self.at(0);
        if !is_break(c) {
            return None;
        }
        self.mark.index += if c == '\r' && self.at(1) == '\n' { 2 } else { 1 };
        self.mark.column = 0;
        self.mark.line += 1;
        Some(if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' })
    }

    fn is_document_indicator(&self, dash: char) -> bool {
        self.mark.column == 0 && (0..3).all(|ahead| self.at(ahead) == dash) && is_blank_or_end(self.at(3))
    }

    fn column(&self) -> isize {
        isize::try_from(self.mark.column).unwrap_or(isize::MAX)
    }

    fn in_flow(&self) -> bool {
        self.simple_keys.len() > 1
    }

    fn error<T>(&self, context: Mark, problem: &str) -> Result<T, Refusal> {
        Err(Refusal {
            message: located(problem, self.mark, context, true),
            at: self.mark.index,
        })
    }

    /// An error that comes up far from `start`, where what is wrong begins.
    fn error_since<T>(&self, start: Mark, problem: &str) -> Result<T, Refusal> {
        self.error(start, problem).map_err(|refusal: Refusal| Refusal {
            at: start.index,
            ..refusal
        })
    }

    // Simple keys and indentation.

    fn is_valid(&mut self, at: usize) -> Result<bool, Refusal> {
        let now = self.mark;
        let Some(key) = self.simple_keys.get_mut(at).filter(|key| key.possible) else {
            return Ok(false);
        };
        if key.mark.line < now.line || key.mark.index + SIMPLE_KEY_LIMIT < now.index {
            if key.required {
                let context = key.mark;
                return self.error_since(context, "could not find expected ':'");
            }
            key.possible = false;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_simple_key(&mut self) -> Result<(), Refusal> {
        if self.simple_key_allowed {
            let key = SimpleKey {
                possible: true,
                required: !self.in_flow() && self.indent == self.column(),
                token_number: self.tokens_taken + self.tokens.len(),
                mark: self.mark,
            };
            self.remove_simple_key()?;
            if let Some(last) = self.simple_keys.last_mut() {
                *last = key;
            }
            self.simple_keys_by_token
                .insert(key.token_number, self.simple_keys.len() - 1);
        }
        Ok(())
    }

    fn remove_simple_key(&mut self) -> Result<(), Refusal> {
        match self.simple_keys.last_mut() {
            Some(key) if key.possible && key.required => {
                let context = key.mark;
                self.error_since(context, "could not find expected ':'")
            }
            Some(key) => {
                if key.possible {
                    self.simple_keys_by_token.remove(&key.token_number);
                }
                key.possible = false;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Opens a block collection at `column` where it is deeper than the last one. Its token goes before the one with
    /// that number, or to the end.
    fn roll_indent(
        &mut self,
        column: isize,
        number: Option<usize>,
        kind: TokenKind,
        mark: Mark,
    ) -> Result<(), Refusal> {
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > LEVEL_LIMIT {
            return self.error(mark, "exceeded max depth of 10000");
        }
        self.insert(number, kind, mark);
        Ok(())
    }

    fn unroll_indent(&mut self, column: isize) {
        if self.in_flow() {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, self.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    /// Puts a token before the one with that number; to the end where that is taken already.
    fn insert(&mut self, number: Option<usize>, kind: TokenKind, mark: Mark) {
        let at = number
            .and_then(|number| number.checked_sub(self.tokens_taken))
            .unwrap_or(self.tokens.len());
        let token = Token {
            kind,
            start: mark,
            end: mark,
        };
        self.tokens.insert(at.min(self.tokens.len()), token);
    }

    /// A token from `start` to here.
    fn push(&mut self, kind: TokenKind, start: Mark) {
        self.tokens.push_back(Token {
            kind,
            start,
            end: self.mark,
        });
    }

    /// A token of so many characters from here.
    fn push_next(&mut self, kind: TokenKind, length: usize) {
        let start = self.mark;
        for _ in 0..length {
            self.advance();
        }
        self.push(kind, start);
    }

    // Tokens.

    fn fetch(&mut self) -> Result<(), Refusal> {
        self.skip_to_token();
        self.unroll_indent(self.column());
        let (c, next) = (self.at(0), self.at(1));
        let flow = self.in_flow();
        match c {
            '\0' => self.fetch_stream_end(),
            '%' if self.mark.column == 0 => {
                self.unroll_indent(-1);
                self.remove_simple_key()?;
                self.simple_key_allowed = false;
                self.fetch_directive()
            }
            '-' if self.is_document_indicator('-') => self.fetch_document_indicator(TokenKind::DocumentStart),
            '.' if self.is_document_indicator('.') => self.fetch_document_indicator(TokenKind::DocumentEnd),
            '[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            '{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            ']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            ',' => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.push_next(TokenKind::FlowEntry, 1);
                Ok(())
            }
            '-' if is_blank_or_end(next) => self.fetch_block_entry(),
            '?' if flow || is_blank_or_end(next) => self.fetch_key(),
            ':' if flow || is_blank_or_end(next) => self.fetch_value(),
            '*' | '&' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.fetch_anchor()
            }
            '!' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.fetch_tag()
            }
            '|' | '>' if !flow => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.fetch_block_scalar()
            }
            '\'' | '"' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.fetch_quoted_scalar()
            }
            _ => {
                let starts_plain = match c {
                    '-' => !is_blank(next),
                    '?' | ':' => !flow && !is_blank_or_end(next),
                    c => !is_blank_or_end(c) && !"#|>%@`".contains(c),
                };
                if !starts_plain {
                    return self.error(self.mark, "found character that cannot start any token");
                }
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.fetch_plain_scalar()
            }
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            // A tab may stand between tokens, but not where it would indent.
            while self.at(0) == ' ' || (self.at(0) == '\t' && (self.in_flow() || !self.simple_key_allowed)) {
                self.advance();
            }
            self.skip_comment();
            if self.take_break().is_none() {
                return;
            }
            if !self.in_flow() {
                self.simple_key_allowed = true;
            }
        }
    }

    fn skip_comment(&mut self) {
        if self.at(0) == '#' {
            while !is_break_or_end(self.at(0)) {
                self.advance();
            }
        }
    }

    fn skip_blanks(&mut self) {
        while is_blank(self.at(0)) {
            self.advance();
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Refusal> {
        if self.mark.column != 0 {
            self.mark.column = 0;
            self.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(TokenKind::StreamEnd, self.mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind) -> Result<(), Refusal> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push_next(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), Refusal> {
        self.save_simple_key()?;
        self.simple_keys.push(SimpleKey {
            token_number: self.tokens_taken + self.tokens.len(),
            ..SimpleKey::default()
        });
        if self.simple_keys.len() > LEVEL_LIMIT + 1 {
            return self.error(self.mark, "exceeded max depth of 10000");
        }
        self.simple_key_allowed = true;
        self.push_next(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), Refusal> {
        self.remove_simple_key()?;
        if self.in_flow()
            && let Some(key) = self.simple_keys.pop()
        {
            self.simple_keys_by_token.remove(&key.token_number);
        }
        self.simple_key_allowed = false;
        self.push_next(kind, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Refusal> {
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return self.error(self.mark, "block sequence entries are not allowed in this context");
            }
            self.roll_indent(self.column(), None, TokenKind::BlockSequenceStart, self.mark)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_next(TokenKind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Refusal> {
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return self.error(self.mark, "mapping keys are not allowed in this context");
            }
            self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = !self.in_flow();
        self.push_next(TokenKind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Refusal> {
        let last = self.simple_keys.len() - 1;
        if self.is_valid(last)? {
            let key = self.simple_keys.get(last).copied().unwrap_or_default();
            self.insert(Some(key.token_number), TokenKind::Key, key.mark);
            let column = isize::try_from(key.mark.column).unwrap_or(isize::MAX);
            self.roll_indent(column, Some(key.token_number), TokenKind::BlockMappingStart, key.mark)?;
            if let Some(key) = self.simple_keys.get_mut(last) {
                key.possible = false;
            }
            self.simple_keys_by_token.remove(&key.token_number);
            self.simple_key_allowed = false;
        } else {
            if !self.in_flow() {
                if !self.simple_key_allowed {
                    return self.error(self.mark, "mapping values are not allowed in this context");
                }
                self.roll_indent(self.column(), None, TokenKind::BlockMappingStart, self.mark)?;
            }
            self.simple_key_allowed = !self.in_flow();
        }
        self.push_next(TokenKind::Value, 1);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Refusal> {
        let start = self.mark;
        self.advance();
        let name = self.take_while(is_word);
        if name.is_empty() {
            return self.error(start, "could not find expected directive name");
        }
        if !is_blank_or_end(self.at(0)) {
            return self.error(start, "found unexpected non-alphabetical character");
        }
        let kind = match name.as_str() {
            "YAML" => {
                self.skip_blanks();
                let major = self.version_number(start)?;
                if self.at(0) != '.' {
                    return self.error(start, "did not find expected digit or '.' character");
                }
                self.advance();
                let minor = self.version_number(start)?;
                TokenKind::VersionDirective { major, minor }
            }
            "TAG" => {
                self.skip_blanks();
                let handle = self.tag_handle(true, start)?;
                if !is_blank(self.at(0)) {
                    return self.error(start, "did not find expected whitespace");
                }
                self.skip_blanks();
                let prefix = self.tag_uri(None, start)?;
                if !is_blank_or_end(self.at(0)) {
                    return self.error(start, "did not find expected whitespace or line break");
                }
                TokenKind::TagDirective { handle, prefix }
            }
            _ => return self.error(start, "found unknown directive name"),
        };
        self.push(kind, start);
        self.skip_blanks();
        self.skip_comment();
        if !is_break_or_end(self.at(0)) {
            return self.error(start, "did not find expected comment or line break");
        }
        self.take_break();
        Ok(())
    }

    fn version_number(&mut self, start: Mark) -> Result<u8, Refusal> {
        let mut digits = String::new();
        while self.at(0).is_ascii_digit() {
            if digits.len() == 2 {
                return self.error(start, "found extremely long version number");
            }
            digits.push(self.advance());
        }
        match digits.parse() {
            Ok(number) => Ok(number),
            Err(_) => self.error(start, "did not find expected version number"),
        }
    }

    fn fetch_anchor(&mut self) -> Result<(), Refusal> {
        let start = self.mark;
        let sign = self.advance();
        let name = self.take_while(is_word);
        let next = self.at(0);
        if name.is_empty() || !(is_blank_or_end(next) || "?:,]}%@`".contains(next)) {
            return self.error(start, "did not find expected alphabetic or numeric character");
        }
        let kind = if sign == '*' {
            TokenKind::Alias(name)
        } else {
            TokenKind::Anchor(name)
        };
        self.push(kind, start);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<(), Refusal> {
        let start = self.mark;
        let (mut handle, mut suffix);
        if self.at(1) == '<' {
            self.advance();
            self.advance();
            handle = String::new();
            suffix = self.tag_uri(None, start)?;
            if self.at(0) != '>' {
                return self.error(start, "did not find the expected '>'");
            }
            self.advance();
        } else {
            handle = self.tag_handle(false, start)?;
            if handle.len() > 1 && handle.ends_with('!') {
                suffix = self.tag_uri(None, start)?;
            } else {
                suffix = self.tag_uri(Some(&handle), start)?;
                "!".clone_into(&mut handle);
                if suffix.is_empty() {
                    std::mem::swap(&mut handle, &mut suffix);
                }
            }
        }
        if !is_blank_or_end(self.at(0)) {
            return self.error(start, "did not find expected whitespace or line break");
        }
        self.push(TokenKind::Tag { handle, suffix }, start);
        Ok(())
    }

    fn tag_handle(&mut self, directive: bool, start: Mark) -> Result<String, Refusal> {
        if self.at(0) != '!' {
            return self.error(start, "did not find expected '!'");
        }
        let mut handle = String::from(self.advance());
        handle.push_str(&self.take_while(is_word));
        if self.at(0) == '!' {
            handle.push(self.advance());
        } else if directive && handle != "!" {
            return self.error(start, "did not find expected '!'");
        }
        Ok(handle)
    }

    /// The URI of a tag, behind what was first taken for its handle.
    fn tag_uri(&mut self, head: Option<&str>, start: Mark) -> Result<String, Refusal> {
        let mut uri: Vec<u8> = Vec::new();
        uri.extend(head.unwrap_or_default().bytes().skip(1));
        let mut found = head.is_some_and(|head| !head.is_empty());
        while is_word(self.at(0)) || ";/?:@&=+$,.!~*'()[]%".contains(self.at(0)) {
            found = true;
            if self.at(0) != '%' {
                uri.extend(self.advance().to_string().bytes());
                continue;
            }
            let first = self.uri_octet(start)?;
            let more = match first {
                0..0x80 => 0,
                0xc0..0xe0 => 1,
                0xe0..0xf0 => 2,
                0xf0..0xf8 => 3,
                _ => return self.error(start, "found an incorrect leading UTF-8 octet"),
            };
            uri.push(self.take_uri_octet(first));
            for _ in 0..more {
                let octet = self.uri_octet(start)?;
                if octet & 0xc0 != 0x80 {
                    return self.error(start, "found an incorrect trailing UTF-8 octet");
                }
                uri.push(self.take_uri_octet(octet));
            }
        }
        if !found {
            return self.error(start, "did not find expected tag URI");
        }
        Ok(String::from_utf8_lossy(&uri).into_owned())
    }

    fn uri_octet(&self, start: Mark) -> Result<u8, Refusal> {
        let digit = |ahead| self.at(ahead).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (self.at(0), digit(1), digit(2)) {
            ('%', Some(high), Some(low)) => Ok(high << 4 | low),
            _ => self.error(start, "did not find URI escaped octet"),
        }
    }

    fn take_uri_octet(&mut self, octet: u8) -> u8 {
        for _ in 0..3 {
            self.advance();
        }
        octet
    }

    fn take_while(&mut self, wanted: fn(char) -> bool) -> String {
        let mut taken = String::new();
        while wanted(self.at(0)) {
            taken.push(self.advance());
        }
        taken
    }

    // Scalars.

    fn fetch_block_scalar(&mut self) -> Result<(), Refusal> {
        let start = self.mark;
        let literal = self.advance() == '|';
        let (mut chomping, mut increment) = (None, 0_isize);
        for _ in 0..2 {
            match self.at(0) {
                sign @ ('+' | '-') if chomping.is_none() => {
                    chomping = Some(sign);
                    self.advance();
                }
                '0' if increment == 0 => {
                    return self.error(start, "found an indentation indicator equal to 0");
                }
                digit @ '1'..='9' if increment == 0 => {
                    increment = isize::try_from(digit.to_digit(10).unwrap_or(1)).unwrap_or(1);
                    self.advance();
                }
                _ => break,
            }
        }
        self.skip_blanks();
        self.skip_comment();
        if !is_break_or_end(self.at(0)) {
            return self.error(start, "did not find expected comment or line break");
        }
        self.take_break();
        let mut indent = if increment > 0 {
            self.indent.max(0) + increment
        } else {
            0
        };
        let (mut value, mut leading_break, mut trailing_breaks) = (String::new(), String::new(), String::new());
        self.block_scalar_breaks(&mut indent, &mut trailing_breaks, start)?;
        let mut leading_blank = false;
        while self.column() == indent && self.at(0) != '\0' {
            let trailing_blank = is_blank(self.at(0));
            if !literal && leading_break.starts_with('\n') && !leading_blank && !trailing_blank {
                if trailing_breaks.is_empty() {
                    value.push(' ');
                }
            } else {
                value.push_str(&leading_break);
            }
            leading_break.clear();
            value.push_str(&trailing_breaks);
            trailing_breaks.clear();
            leading_blank = trailing_blank;
            while !is_break_or_end(self.at(0)) {
                value.push(self.advance());
            }
            leading_break.extend(self.take_break());
            self.block_scalar_breaks(&mut indent, &mut trailing_breaks, start)?;
        }
        if chomping != Some('-') {
            value.push_str(&leading_break);
        }
        if chomping == Some('+') {
            value.push_str(&trailing_breaks);
        }
        let style = Style::Block;
        self.push(TokenKind::Scalar { value, style }, start);
        Ok(())
    }

    /// Takes indentation and empty lines; an indentation of 0 is found out here.
    fn block_scalar_breaks(&mut self, indent: &mut isize, breaks: &mut String, start: Mark) -> Result<(), Refusal> {
        let mut widest = 0;
        loop {
            let is_indentation = |scanner: &Self| *indent == 0 || scanner.column() < *indent;
            while is_indentation(self) && self.at(0) == ' ' {
                self.advance();
            }
            widest = widest.max(self.column());
            if is_indentation(self) && self.at(0) == '\t' {
                return self.error(start, "found a tab character where an indentation space is expected");
            }
            match self.take_break() {
                Some(c) => breaks.push(c),
                None => break,
            }
        }
        if *indent == 0 {
            *indent = widest.max(self.indent + 1).max(1);
        }
        Ok(())
    }

    fn fetch_quoted_scalar(&mut self) -> Result<(), Refusal> {
        let start = self.mark;
        let quote = self.advance();
        let mut value = String::new();
        loop {
            if self.is_document_indicator('-') || self.is_document_indicator('.') {
                return self.error_since(start, "found unexpected document indicator");
            }
            if self.at(0) == '\0' {
                return self.error_since(start, "found unexpected end of stream");
            }
            let mut folding = Folding::default();
            while !is_blank_or_end(self.at(0)) || self.is_json_text(self.at(0)) {
                match (self.at(0), self.at(1)) {
                    ('\'', '\'') if quote == '\'' => {
                        self.advance();
                        value.push(self.advance());
                    }
                    (c, _) if c == quote => break,
                    ('\\', next) if quote == '"' && is_break(next) => {
                        self.advance();
                        self.take_break();
                        folding.leading_blanks = true;
                        break;
                    }
                    ('\\', _) if quote == '"' => value.push(self.escape(start)?),
                    _ => value.push(self.advance()),
                }
            }
            if self.at(0) == quote {
                break;
            }
            while (is_blank(self.at(0)) || is_break(self.at(0))) && !self.is_json_text(self.at(0)) {
                self.fold(&mut folding);
            }
            folding.finish(&mut value);
        }
        self.advance();
        let style = if quote == '"' {
            Style::DoubleQuoted
        } else {
            Style::SingleQuoted
        };
        self.push(TokenKind::Scalar { value, style }, start);
        Ok(())
    }

    /// Whether it breaks no line in JSON, though it does in YAML 1.1.
    fn is_json_text(&self, c: char) -> bool {
        self.escapes == Escapes::Json && matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
    }

    fn escape(&mut self, start: Mark) -> Result<char, Refusal> {
        let (character, length) = match self.at(1) {
            '0' => ('\0', 0),
            'a' => ('\x07', 0),
            'b' => ('\x08', 0),
            't' | '\t' => ('\t', 0),
            'n' => ('\n', 0),
            'v' => ('\x0b', 0),
            'f' => ('\x0c', 0),
            'r' => ('\r', 0),
            'e' => ('\x1b', 0),
            c @ (' ' | '"' | '\'' | '\\') => (c, 0),
            '/' if self.escapes == Escapes::Json => ('/', 0),
            'N' => ('\u{85}', 0),
            '_' => ('\u{a0}', 0),
            'L' => ('\u{2028}', 0),
            'P' => ('\u{2029}', 0),
            'x' => ('\0', 2),
            'u' => ('\0', 4),
            'U' => ('\0', 8),
            _ => return self.error(start, "found unknown escape character"),
        };
        self.advance();
        self.advance();
        if length == 0 {
            return Ok(character);
        }
        let code = self.hexadecimal(0, length, start)?;
        let pair = match code {
            0xd800..0xdc00 if self.escapes == Escapes::Json && (self.at(4), self.at(5)) == ('\\', 'u') => {
                Some(self.hexadecimal(6, 4, start)?)
            }
            _ => None,
        };
        let character = match pair {
            Some(low @ 0xdc00..0xe000) => char::from_u32(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)),
            _ => char::from_u32(code),
        };
        let Some(character) = character else {
            return self.error(start, "found invalid Unicode character escape code");
        };
        let length = if pair.is_some() { 10 } else { length };
        for _ in 0..length {
            self.advance();
        }
        Ok(character)
    }

    fn hexadecimal(&self, ahead: usize, length: usize, start: Mark) -> Result<u32, Refusal> {
        let mut code = 0_u32;
        for ahead in ahead..ahead + length {
            let Some(digit) = self.at(ahead).to_digit(16) else {
                return self.error(start, "did not find expected hexdecimal number");
            };
            code = code << 4 | digit;
        }
        Ok(code)
    }

    fn fetch_plain_scalar(&mut self) -> Result<(), Refusal> {
        let start = self.mark;
        let mut end = start;
        let indent = self.indent + 1;
        let mut value = String::new();
        let mut folding = Folding::default();
        loop {
            if self.is_document_indicator('-') || self.is_document_indicator('.') || self.at(0) == '#' {
                break;
            }
            while !is_blank_or_end(self.at(0)) {
                let c = self.at(0);
                if (c == ':' && is_blank_or_end(self.at(1))) || (self.in_flow() && ",?[]{}".contains(c)) {
                    break;
                }
                folding.finish(&mut value);
                value.push(self.advance());
                end = self.mark;
            }
            if !(is_blank(self.at(0)) || is_break(self.at(0))) {
                break;
            }
            while is_blank(self.at(0)) || is_break(self.at(0)) {
                if folding.leading_blanks && self.at(0) == '\t' && self.column() < indent {
                    return self.error(start, "found a tab character that violates indentation");
                }
                self.fold(&mut folding);
            }
            if !self.in_flow() && self.column() < indent {
                break;
            }
        }
        self.tokens.push_back(Token {
            kind: TokenKind::Scalar {
                value,
                style: Style::Plain,
            },
            start,
            end,
        });
        if folding.leading_blanks {
            self.simple_key_allowed = true;
        }
        Ok(())
    }

    /// Takes a blank or a line break between the words of a scalar.
    fn fold(&mut self, folding: &mut Folding) {
        match self.take_break() {
            None if folding.leading_blanks => {
                self.advance();
            }
            None => folding.whitespace.push(self.advance()),
            Some(c) if folding.leading_blanks => folding.trailing_breaks.push(c),
            Some(c) => {
                folding.whitespace.clear();
                folding.leading_break = Some(c);
                folding.leading_blanks = true;
            }
        }
    }
}

/// White space between the words of a scalar, before it is known what it folds to.
#[derive(Default)]
struct Folding {
    leading_blanks: bool,
    leading_break: Option<char>,
    trailing_breaks: String,
    whitespace: String,
}

impl Folding {
    fn finish(&mut self, value: &mut String) {
        if self.leading_blanks {
            match self.leading_break {
                Some('\n') if self.trailing_breaks.is_empty() => value.push(' '),
                Some('\n') => {}
                other => value.extend(other),
            }
            value.push_str(&self.trailing_breaks);
        } else {
            value.push_str(&self.whitespace);
        }
        *self = Self::default();
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_break_or_end(c: char) -> bool {
    is_break(c) || c == '\0'
}

fn is_blank_or_end(c: char) -> bool {
    is_blank(c) || is_break_or_end(c)
}
