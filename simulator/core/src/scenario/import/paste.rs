//! Text as people paste it, taken apart into the artifacts in it.
//!
//! Prompts, quoting of tickets, Markdown fences, line numbers, CRLF, HTML entities and the like are taken off, wrapped lines
//! are joined, and several artifacts in one text are told apart. What was fixed is said; every line keeps its place in the
//! text as it came. What the artifacts mean is read in `facts.rs`.

mod fix;
mod mapping;
mod prefix;
mod prose;
#[cfg(test)]
mod tests;

use self::fix::Lines;
use super::Finding;
use super::Severity;
use crate::explain::lint;
use crate::value::log::Record;

/// What a piece of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A bare ARN.
    Arn,
    /// What the AWS CLI prints with `--output table` or `text`.
    AwsTable,
    /// What a client printed when it failed.
    ClientError,
    /// A command that was typed.
    Command,
    /// An export of the CloudWatch console.
    Csv,
    /// What `kubectl describe configmap` prints.
    Described,
    /// Blocks of Terraform, or lists of mappings in its language.
    Hcl,
    /// A JSON document.
    Json,
    /// Lines of the authenticator's log.
    Log,
    /// What `eksctl get iamidentitymapping` prints.
    MappingTable,
    /// What `kubectl describe` and `kubectl get -o wide` print of roles and bindings.
    Rbac,
    /// A YAML document.
    Yaml,
}

/// Where a line of a piece stood in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// From 1.
    pub(super) line: usize,
    /// How many characters were taken off its beginning.
    pub(super) taken: usize,
    /// How many it has at its beginning that it had not in the text.
    pub(super) added: usize,
}

/// A line with its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl Line {
    fn indent(&self) -> usize {
        self.text.chars().take_while(|c| *c == ' ').count()
    }

    /// Takes characters off the beginning.
    fn take(&mut self, characters: usize) {
        self.text = self.text.chars().skip(characters).collect();
        self.origin.taken = self.origin.taken.saturating_add(characters);
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) form: Form,
    pub(super) lines: Vec<Line>,
}

impl Piece {
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        text
    }

    /// The place in the text as it came of a line and column (both from 1) of this piece.
    pub(super) fn place(&self, line: usize, column: usize) -> (usize, usize) {
        let found = self.lines.get(line.saturating_sub(1)).or(self.lines.last());
        let origin = found.map(|line| line.origin).unwrap_or_default();
        let column = origin.taken.saturating_add(column).saturating_sub(origin.added);
        (origin.line, column.max(1))
    }

    /// The same with so many spaces in place of each tab that indents a line.
    pub(super) fn without_tabs(&self, width: usize) -> Self {
        let lines = self.lines.iter().map(|line| {
            let behind = line.text.trim_start_matches([' ', '\t']);
            let indent = line
                .text
                .get(..line.text.len().saturating_sub(behind.len()))
                .unwrap_or_default();
            let tabs = indent.matches('\t').count();
            let mut origin = line.origin;
            origin.added = origin
                .added
                .saturating_add(tabs.saturating_mul(width.saturating_sub(1)));
            Line {
                text: format!("{}{behind}", indent.replace('\t', &" ".repeat(width))),
                origin,
            }
        });
        Self {
            form: self.form,
            lines: lines.collect(),
        }
    }
}

/// The lines of a text with what is around them taken off, each with its place. Fences are none.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut findings = Vec::new();
    let mut lines = Lines::new("", text, &mut findings);
    lines.fix();
    lines.into_lines().into_iter().flatten().collect()
}

/// So many blocks of Terraform may be without an end, until no more are looked for: each is looked through up to where its end
/// should be.
const ENDLESS_BLOCKS: usize = 8;

/// Takes a text apart. What was fixed, or cannot be, is added to `findings`.
pub(super) fn pieces(file: &str, text: &str, findings: &mut Vec<Finding>) -> Vec<Piece> {
    let mut lines = Lines::new(file, text, findings);
    lines.fix();
    let lines = lines.into_lines();
    let mut pieces = Vec::new();
    let mut endless = 0_usize;
    let mut rest = lines.as_slice();
    while let Some((line, behind)) = rest.split_first() {
        let Some(form) = line.as_ref().and_then(|line| form(line, behind)) else {
            rest = behind;
            continue;
        };
        let (piece, after) = match form {
            Form::Hcl => match Some(rest).filter(|_| endless < ENDLESS_BLOCKS).and_then(mapping::hcl) {
                Some((lines, after)) => (Some(Piece { form, lines }), after),
                None => {
                    endless = endless.saturating_add(1);
                    (None, behind)
                }
            },
            Form::Json => json(file, rest, findings),
            Form::MappingTable => {
                let (lines, after) = mapping::table(rest);
                (Some(Piece { form, lines }), after)
            }
            _ => until_next(form, rest),
        };
        if let Some(piece) = piece {
            pieces.push(piece);
        }
        rest = after;
    }
    for piece in &mut pieces {
        match piece.form {
            Form::Yaml | Form::Described | Form::Hcl | Form::Rbac => outdent(piece),
            Form::Log => join_log(file, piece, findings),
            _ => {}
        }
    }
    pieces
}

/// What begins with this line; `behind` are those that follow.
fn form(line: &Line, behind: &[Option<Line>]) -> Option<Form> {
    let text = line.text.trim();
    let after = behind.iter().flatten().next().map_or("", |line| line.text.trim());
    let begins = |texts: &[&str]| texts.iter().any(|begin| text.starts_with(begin));
    if is_command(text) {
        return Some(Form::Command);
    }
    if let Some(form) = mapping::begins(text) {
        return Some(form);
    }
    // A rule of RBAC as the escalation check prints it, and a Go struct, are no JSON.
    let is_go = begins(&["{APIGroups:", "{NonResourceURLs:", "{Resources:", "{Verbs:", "&{"]);
    if (text.starts_with('{') && !is_go)
        || text == "["
        || (text.starts_with('[') && begins(&["[{", "[\"", "[ {", "[ \""]))
    {
        return Some(Form::Json);
    }
    let header = text.to_lowercase().replace([' ', '"', '@'], "");
    if header.split(',').any(|name| name == "message") && header.split(',').any(|name| name == "timestamp") {
        return Some(Form::Csv);
    }
    if is_log(text) {
        return Some(Form::Log);
    }
    if text.starts_with("arn:") && !text.contains(char::is_whitespace) {
        return Some(Form::Arn);
    }
    if begins(&["Name:"]) && text.ends_with("aws-auth") {
        return Some(Form::Described);
    }
    if is_rbac(text, behind) {
        return Some(Form::Rbac);
    }
    if begins(&[
        "error:",
        "Error from server",
        "Unable to connect to the server",
        "An error occurred (",
        "Unable to locate credentials",
        "The config profile (",
        "Error loading SSO Token",
        "Token has expired and refresh failed",
        "Enter MFA code for",
    ]) || is_forbidden(text)
    {
        return Some(Form::ClientError);
    }
    // accountless lines of tables, of text output, and the AWS CLI's YAML.
    if begins(&[
        "+--",
        "|  ",
        "ACCESSENTR",
        "CLUSTER\t",
        "ASSOCIATEDACCESSPOLIC",
        "ACCESSCONFIG",
    ]) || (text.starts_with("---------") && after.starts_with('|'))
        || is_text_row(text)
    {
        return Some(Form::AwsTable);
    }
    // Files of eksctl, CloudFormation and helm, of which a part is pasted as often as the whole.
    let is_own_key = text.strip_suffix(':').is_some_and(|key| {
        ["Resources", "accessConfig", "iamIdentityMappings"].contains(&key) || lint::is_list_name(key)
    });
    if is_own_key || begins(&["AWSTemplateFormatVersion:"]) {
        return Some(Form::Yaml);
    }
    // The AWS CLI's YAML.
    if begins(&["accessEntries:", "accessEntry:", "associatedAccessPolicies:"])
        || (text.starts_with("cluster:") && after.contains(": ") && !after.starts_with("server"))
        || (text.starts_with("Account:") && after.starts_with("Arn:"))
        || (text.starts_with("Arn: arn:") && after.starts_with("UserId:"))
    {
        return Some(Form::Yaml);
    }
    let key = text.trim_start_matches("- ").split(':').next().unwrap_or_default();
    const KEYS: [&str; 13] = [
        "apiVersion",
        "clusters",
        "contexts",
        "current-context",
        "data",
        "items",
        "kind",
        "mapAccounts",
        "mapRoles",
        "mapUsers",
        "metadata",
        "rolearn",
        "userarn",
    ];
    (text.contains(':') && KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))).then_some(Form::Yaml)
}

/// Whether a line is `get-caller-identity` as text, or what stands before the policies of an entry.
fn is_text_row(text: &str) -> bool {
    let mut words = text.split('\t').map(str::trim);
    let (first, second, third) = (words.next(), words.next(), words.next());
    let is_name = first.is_some_and(|first| !first.is_empty() && !first.contains([' ', ':', '=']));
    is_name
        && second.is_some_and(|second| second.starts_with("arn:") && !second.contains(' '))
        && third.is_none_or(|third| !third.contains(' '))
        && words.next().is_none()
}

/// Whether a role or a binding is described, or a table of bindings begins.
fn is_rbac(text: &str, behind: &[Option<Line>]) -> bool {
    // Before them stand labels and annotations only.
    const LINES: usize = 40;
    let mut lines = behind.iter().map_while(Option::as_ref).take(LINES);
    let has = |word: &str| text.split_whitespace().any(|known| known == word);
    (text.starts_with("NAME") && has("ROLE") && has("AGE"))
        || (text.starts_with("Name:") && lines.any(|line| matches!(line.text.trim(), "Role:" | "PolicyRule:")))
}

/// Whether the API server's refusal of a request stands in the line, whatever a client put before it.
fn is_forbidden(text: &str) -> bool {
    let has = |texts: &[&str]| texts.iter().any(|known| text.contains(known));
    // A field of a document belongs to the document.
    !text.starts_with(['"', '\''])
        && !text.starts_with("message:")
        && has(&["User \"", "User \\\""])
        && text.contains(" cannot ")
        && has(&[" resource \"", " resource \\\"", " path \"", " path \\\""])
}

fn is_log(text: &str) -> bool {
    text.contains("level=") && (text.contains("msg=") || text.contains("time="))
        || text.starts_with("time=\"")
        || (text.starts_with("msg=") && Record::parse(text).is_some())
}

/// Whether a line, its prompt taken off, is a command of those who ask for help.
fn is_command(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (program, verb) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match program {
        "kubectl" | "k" => [
            "get", "describe", "auth", "config", "edit", "apply", "-n", "delete", "logs",
        ]
        .contains(&verb),
        "aws" => ["eks", "sts", "logs", "iam", "--profile", "--region"].contains(&verb),
        "cat" | "eksctl" | "export" => !verb.is_empty() && !text.contains(": "),
        _ => false,
    }
}

/// The lines of a piece up to where another begins, or a gap that separates.
fn until_next(form_here: Form, lines: &[Option<Line>]) -> (Option<Piece>, &[Option<Line>]) {
    let base = lines.first().and_then(Option::as_ref).map_or(0, Line::indent);
    let mut taken: Vec<Line> = Vec::new();
    let mut rest = lines;
    while let Some((line, behind)) = rest.split_first() {
        let Some(line) = line else { break };
        if !taken.is_empty() && ends(form_here, base, line, behind, taken.last()) {
            break;
        }
        taken.push(line.clone());
        rest = behind;
        if matches!(form_here, Form::Arn) || (form_here == Form::Command && !line.text.trim_end().ends_with('\\')) {
            break;
        }
    }
    while taken.last().is_some_and(Line::is_blank) {
        taken.pop();
    }
    (
        Some(Piece {
            form: form_here,
            lines: taken,
        }),
        rest,
    )
}

fn ends(form_here: Form, base: usize, line: &Line, behind: &[Option<Line>], last: Option<&Line>) -> bool {
    let next = form(line, behind);
    match form_here {
        Form::Command => false,
        // A document's own lines look like the beginning of one.
        Form::Yaml | Form::Described => {
            // Manifests one below the other begin with it, as kubectl prints them.
            let begins = line.text.trim_start().starts_with("apiVersion:") && last.is_some_and(Line::is_blank);
            line.text.trim() == "---"
                || (begins && line.indent() <= base && form_here == Form::Yaml)
                || (form_here == Form::Yaml && line.indent() <= base && prose::begins(line, behind, last))
                || (!line.is_blank()
                    && line.indent() <= base
                    && next.is_some_and(|next| next != Form::Yaml && next != Form::AwsTable))
        }
        Form::Rbac => line.is_blank() || (line.indent() <= base && next.is_some_and(|next| next != Form::Yaml)),
        Form::Csv => line.is_blank() || next.is_some_and(|next| !matches!(next, Form::Log | Form::Csv)),
        Form::Log => {
            line.is_blank() && !last.is_some_and(|last| Record::parse(&last.text).is_some_and(|record| record.is_cut))
                || next.is_some_and(|next| next != Form::Log && next != Form::Arn)
        }
        // A refusal may be wrapped before its user.
        Form::ClientError => line.is_blank() || (next.is_some() && !line.text.trim_start().starts_with("User ")),
        Form::AwsTable => line.is_blank() || next.is_some_and(|next| next != Form::AwsTable),
        _ => line.is_blank() || next.is_some(),
    }
}

/// A JSON document up to its last bracket. Lines that a terminal wrapped within a string are joined.
fn json<'a>(file: &str, lines: &'a [Option<Line>], findings: &mut Vec<Finding>) -> (Option<Piece>, &'a [Option<Line>]) {
    let mut taken: Vec<Line> = Vec::new();
    let mut open: Vec<(char, Origin)> = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    let mut comma: Option<(Origin, usize)> = None;
    let mut rest = lines;
    while let Some((line, behind)) = rest.split_first() {
        let Some(line) = line else { break };
        // A terminal that wraps a string makes no empty lines, and none that begin as the log's.
        if in_string && (line.is_blank() || line.text.starts_with("time=\"")) {
            break;
        }
        // Where a bracket is missing, the next artifact is not swallowed.
        let is_other = !in_string
            && !taken.is_empty()
            && form(line, behind)
                .is_some_and(|form| !matches!(form, Form::Json | Form::Arn | Form::AwsTable | Form::Csv))
            && !line.text.trim_start().starts_with(['"', '}', ']']);
        if is_other {
            break;
        }
        rest = behind;
        let was_in_string = in_string;
        for (at, character) in line.text.chars().enumerate() {
            if in_string {
                match character {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => in_string = false,
                    _ => {}
                }
                continue;
            }
            match character {
                '"' => in_string = true,
                '{' | '[' => open.push((character, line.origin)),
                '}' | ']' => {
                    open.pop();
                    if let Some((origin, at)) = comma {
                        findings.push(fixed(file, origin, at, "a comma too many is passed over"));
                    }
                }
                _ => {}
            }
            if character == ',' {
                comma = Some((line.origin, at));
            } else if !character.is_whitespace() {
                comma = None;
            }
        }
        match taken.last_mut().filter(|_| was_in_string) {
            Some(last) => {
                last.text.push_str(line.text.trim_start());
                findings.push(fixed(
                    file,
                    line.origin,
                    0,
                    "a wrapped line is joined to the one before",
                ));
            }
            None => taken.push(line.clone()),
        }
        if open.is_empty() {
            break;
        }
    }
    if let Some((bracket, origin)) = open.last() {
        let end = taken.iter().rfind(|line| !line.is_blank());
        let end = end.map(|line| line.origin).unwrap_or_default();
        findings.push(Finding {
            file: file.to_owned(),
            line: end.line,
            column: end.taken.saturating_add(1),
            severity: Severity::Warning,
            message: format!(
                "the JSON is cut off: the text ends within the `{bracket}` of line {}{}; what is whole before it is used",
                origin.line,
                if in_string { ", inside a string" } else { "" }
            ),
            fix: "paste the whole of what the command prints".to_owned(),
        });
        taken = whole_of(taken);
    }
    (
        Some(Piece {
            form: Form::Json,
            lines: taken,
        }),
        rest,
    )
}

/// What is whole of a JSON document that is cut off, with its brackets closed. A value that may go on is left out.
fn whole_of(mut lines: Vec<Line>) -> Vec<Line> {
    let mut open: Vec<char> = Vec::new();
    let (mut in_string, mut escaped) = (false, false);
    // Before the string that is open, and before what stands here.
    let (mut before_string, mut before) = (' ', ' ');
    // Up to which line and character all that is begun is whole, but for its brackets. Brackets that open or close make
    // such a place, so that those that are open there are those that are open at the end.
    let mut whole = (0_usize, 0_usize);
    for (at, line) in lines.iter().enumerate() {
        for (column, character) in (1_usize..).zip(line.text.chars()) {
            if in_string {
                match character {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => {
                        in_string = false;
                        before = '"';
                        let is_value = before_string == ':' || open.last() == Some(&'[');
                        if is_value {
                            whole = (at, column);
                        }
                    }
                    _ => {}
                }
                continue;
            }
            match character {
                '"' => {
                    in_string = true;
                    before_string = before;
                }
                '{' | '[' => {
                    open.push(character);
                    whole = (at, column);
                }
                '}' | ']' => {
                    open.pop();
                    whole = (at, column);
                }
                ',' if before != ',' => whole = (at, column.saturating_sub(1)),
                _ => {}
            }
            if !character.is_whitespace() {
                before = character;
            }
        }
    }
    lines.truncate(whole.0.saturating_add(1));
    if let Some(last) = lines.last_mut() {
        last.text = last.text.chars().take(whole.1).collect();
        let close = open.iter().rev().map(|bracket| if *bracket == '{' { '}' } else { ']' });
        last.text.extend(close);
    }
    lines
}

fn fixed(file: &str, origin: Origin, at: usize, message: &str) -> Finding {
    Finding {
        file: file.to_owned(),
        line: origin.line,
        column: origin.taken.saturating_add(at).saturating_add(1),
        severity: Severity::Note,
        message: message.to_owned(),
        fix: String::new(),
    }
}

/// Takes off the indentation that all lines have.
fn outdent(piece: &mut Piece) {
    let indents = piece.lines.iter().filter(|line| !line.is_blank()).map(Line::indent);
    let common = indents.min().unwrap_or_default();
    for line in &mut piece.lines {
        let taken = common.min(line.indent());
        line.take(taken);
    }
}

/// So many lines a terminal makes of one, at most; what follows is no part of it.
const WRAPPED_LINES: usize = 50;
/// No line of the authenticator's log is longer, in bytes.
const WRAPPED_BYTES: usize = 64 * 1024;

/// Joins what a terminal or a mailer wrapped: each line begins as the log's lines do.
fn join_log(file: &str, piece: &mut Piece, findings: &mut Vec<Finding>) {
    let mut joined: Vec<Line> = Vec::new();
    let mut wrapped = 0_usize;
    for line in std::mem::take(&mut piece.lines) {
        if line.is_blank() {
            continue;
        }
        // The escapes of the next line's own quotes count too.
        let begins =
            is_log(&line.text) && (line.text.contains("time=") || line.text.trim_start().starts_with("level="));
        let is_full = |last: &Line| wrapped >= WRAPPED_LINES || last.text.len() > WRAPPED_BYTES;
        match joined.last_mut().filter(|last| !begins && !is_full(last)) {
            Some(last) => {
                wrapped = wrapped.saturating_add(1);
                findings.push(fixed(
                    file,
                    line.origin,
                    0,
                    "a wrapped line is joined to the one before",
                ));
                last.text = join(&last.text, &line.text);
            }
            None => {
                wrapped = 0;
                joined.push(line);
            }
        }
    }
    piece.lines = joined;
}

/// With or without a space between them, as what comes of it tells.
fn join(first: &str, second: &str) -> String {
    let (head, tail) = (first.trim_end(), second.trim_start());
    let (spaced, tight) = (format!("{head} {tail}"), format!("{head}{tail}"));
    let Some(record) = Record::parse(head) else {
        return if first.ends_with(' ') || second.starts_with(' ') {
            spaced
        } else {
            tight
        };
    };
    // At either end of a quoted value.
    if tail.starts_with('"') || head.ends_with("=\"") {
        return tight;
    }
    if first.ends_with(' ') {
        return spaced;
    }
    if !record.is_cut {
        // Between two fields, or within a name or a value without quotes.
        let begins_name = tail
            .split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase()));
        let is_whole = head.ends_with('"') || head.rsplit(' ').next().is_some_and(|word| word.contains('='));
        return if (begins_name && is_whole) || second.starts_with(' ') {
            spaced
        } else {
            tight
        };
    }
    let name = head
        .rsplit_once("=\"")
        .and_then(|(before, _)| before.rsplit(' ').next());
    if !matches!(name, Some("msg" | "error" | "groups")) {
        return tight;
    }
    let known = |text: &str| {
        super::KNOWN_WORDS
            .iter()
            .any(|known| text.contains(known) && !head.contains(known))
    };
    if known(&tight) && !known(&spaced) {
        tight
    } else {
        spaced
    }
}
