//! The fixes that need no understanding of what a text is.

use std::collections::BTreeMap;

use super::super::Finding;
use super::super::Severity;
use super::Line;
use super::Origin;
use super::prefix;
use crate::explain::client_output;

/// The lines of a text; `None` separates artifacts.
pub(super) struct Lines<'a> {
    file: &'a str,
    lines: Vec<Option<Line>>,
    findings: &'a mut Vec<Finding>,
}

/// Fewer lines that begin with a number are no listing.
const NUMBERED_LINES: usize = 3;

impl<'a> Lines<'a> {
    pub(super) fn new(file: &'a str, text: &str, findings: &'a mut Vec<Finding>) -> Self {
        let (text, has_mark) = match text.strip_prefix('\u{feff}') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let lines = (1_usize..).zip(text.split('\n')).map(|(number, text)| {
            Some(Line {
                text: text.to_owned(),
                origin: Origin {
                    line: number,
                    ..Origin::default()
                },
            })
        });
        let mut lines = Self {
            file,
            lines: lines.collect(),
            findings,
        };
        if has_mark {
            lines.note(1, "the mark of its encoding (BOM) before the text is passed over");
        }
        lines
    }

    pub(super) fn into_lines(self) -> Vec<Option<Line>> {
        self.lines
    }

    pub(super) fn fix(&mut self) {
        self.each("lines of Windows (CRLF) are read as lines", strip_end);
        self.each("the codes of colours are passed over", strip_colours);
        self.each("HTML entities are read as what they stand for", |line| {
            replace(
                line,
                &[
                    ("&quot;", "\""),
                    ("&#34;", "\""),
                    ("&#39;", "'"),
                    ("&lt;", "<"),
                    ("&gt;", ">"),
                    ("&nbsp;", " "),
                    ("&amp;", "&"),
                ],
            )
        });
        self.each("spaces of other kinds are read as spaces", |line| {
            replace(
                line,
                &[
                    ("\u{a0}", " "),
                    ("\u{2007}", " "),
                    ("\u{202f}", " "),
                    ("\u{200b}", ""),
                    ("\u{feff}", ""),
                ],
            )
        });
        self.each("the quoting `>` of mails and tickets is taken off", strip_quoting);
        self.each(
            "what a runner or builder puts before each line is taken off",
            strip_prefix,
        );
        self.services();
        self.numbers();
        self.fences();
        self.each("prompts are taken off", strip_prompt);
        self.each("the AWS CLI's `aws: [ERROR]:` is taken off", strip_error_prefix);
        self.errors();
        self.each("quotes of a word processor are read as quotes", |line| {
            // In YAML they may be what is wrong.
            if !line
                .text
                .trim_start()
                .starts_with(['{', '}', '"', '\u{201c}', '\u{201d}'])
                && !line.text.contains("level=")
            {
                return false;
            }
            replace(
                line,
                &[
                    ("\u{201c}", "\""),
                    ("\u{201d}", "\""),
                    ("\u{201e}", "\""),
                    ("\u{2018}", "'"),
                    ("\u{2019}", "'"),
                ],
            )
        });
    }

    /// Puts the sentence in place of an error that the AWS CLI printed as fields, between artifacts of its own.
    fn errors(&mut self) {
        let texts: Vec<&str> = self
            .lines
            .iter()
            .map(|line| line.as_ref().map_or("", |line| line.text.as_str()))
            .collect();
        let errors = client_output::printed_errors(&texts);
        let mut first = None;
        // From the last; tables may touch.
        let mut end = self.lines.len();
        let mut replaced = Vec::new();
        for error in errors.into_iter().rev() {
            let Some(origin) = self
                .lines
                .get(error.first)
                .and_then(Option::as_ref)
                .map(|line| line.origin)
            else {
                continue;
            };
            if error.last >= end {
                continue;
            }
            end = error.first;
            first = Some(origin.line);
            replaced.push((error, origin));
        }
        let mut replaced = replaced.into_iter().rev().peekable();
        let mut lines = Vec::with_capacity(self.lines.len());
        for (at, line) in std::mem::take(&mut self.lines).into_iter().enumerate() {
            let is_of_error = replaced.peek().is_some_and(|(error, _)| error.first <= at);
            if !is_of_error {
                lines.push(line);
            } else if let Some((error, origin)) = replaced.next_if(|(error, _)| error.last == at) {
                let text = error.sentence;
                lines.extend([None, Some(Line { text, origin }), None]);
            }
        }
        self.lines = lines;
        if let Some(line) = first {
            self.note(
                line,
                "the fields of an error that the AWS CLI printed are read as its sentence",
            );
        }
    }

    fn note(&mut self, line: usize, message: &str) {
        self.findings.push(Finding {
            file: self.file.to_owned(),
            line,
            column: 1,
            severity: Severity::Note,
            message: message.to_owned(),
            fix: String::new(),
        });
    }

    /// Fixes every line, and notes the first that needed it.
    fn each(&mut self, message: &str, mut fix: impl FnMut(&mut Line) -> bool) {
        let mut first = None;
        for line in self.lines.iter_mut().flatten() {
            if fix(line) {
                first = first.or(Some(line.origin.line));
            }
        }
        if let Some(line) = first {
            self.note(line, message);
        }
    }

    /// Takes numbers off lines that are numbered one after the other.
    fn numbers(&mut self) {
        let numbers: Vec<Option<(usize, usize)>> = self
            .lines
            .iter()
            .map(|line| line.as_ref().and_then(|line| numbered(&line.text)))
            .collect();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut start = 0_usize;
        let mut previous: Option<usize> = None;
        for (at, number) in numbers
            .iter()
            .map(|found| found.map(|(number, _)| number))
            .chain([None])
            .enumerate()
        {
            let follows =
                matches!((previous, number), (Some(previous), Some(number)) if number == previous.saturating_add(1));
            if !follows {
                if at.saturating_sub(start) >= NUMBERED_LINES && previous.is_some() {
                    runs.push((start, at));
                }
                start = at;
            }
            previous = number;
        }
        for (start, end) in runs {
            let first = start.saturating_add(1);
            for (line, number) in self.lines.iter_mut().zip(&numbers).take(end).skip(start) {
                if let (Some(line), Some((_, width))) = (line, number) {
                    line.take(*width);
                }
            }
            self.note(first, "line numbers are taken off");
        }
    }

    /// Takes off the service that docker compose names before each line; one line alone may be a table's.
    fn services(&mut self) {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for line in self.lines.iter().flatten() {
            if let Some((name, _)) = prefix::service(&line.text) {
                let seen = times.entry(name.to_owned()).or_default();
                *seen = seen.saturating_add(1);
            }
        }
        times.retain(|_, seen| *seen > 1);
        if times.is_empty() {
            return;
        }
        self.each(
            "the services before the lines are taken off",
            |line| match prefix::service(&line.text) {
                Some((name, width)) if times.contains_key(name) => {
                    line.take(width);
                    true
                }
                _ => false,
            },
        );
    }

    /// Fences of Markdown and of Jira separate artifacts. Chats write the text into the same line.
    fn fences(&mut self) {
        let mut first = None;
        for slot in &mut self.lines {
            let Some(line) = slot else { continue };
            let Some(kept) = prefix::unfenced(&line.text).map(str::to_owned) else {
                continue;
            };
            first = first.or(Some(line.origin.line));
            if kept.is_empty() {
                *slot = None;
                continue;
            }
            let before = line.text.find(&kept).and_then(|at| line.text.get(..at));
            let taken = before.map_or(0, |before| before.chars().count());
            line.take(taken);
            line.text = kept;
        }
        if let Some(line) = first {
            self.note(line, "fences around code are passed over");
        }
    }
}

fn strip_end(line: &mut Line) -> bool {
    let is_windows = line.text.ends_with('\r');
    if is_windows {
        line.text.pop();
    }
    is_windows
}

/// The number at the beginning of a line, and how many characters it takes with what separates it.
fn numbered(text: &str) -> Option<(usize, usize)> {
    const DIGITS: usize = 5;
    let blanks = text.chars().take_while(|c| *c == ' ').count();
    let digits: String = text.chars().skip(blanks).take_while(char::is_ascii_digit).collect();
    if digits.is_empty() || digits.len() > DIGITS {
        return None;
    }
    let behind = blanks.saturating_add(digits.len());
    let width = match text.chars().nth(behind) {
        None => behind,
        Some('\t') => behind.saturating_add(1),
        Some(':' | '|' | '→') => {
            let space = text.chars().nth(behind.saturating_add(1)) == Some(' ');
            behind.saturating_add(if space { 2 } else { 1 })
        }
        Some(' ') => behind.saturating_add(1),
        Some(_) => return None,
    };
    Some((digits.parse().ok()?, width))
}

fn replace(line: &mut Line, texts: &[(&str, &str)]) -> bool {
    let mut changed = false;
    for (from, to) in texts {
        if line.text.contains(from) {
            line.text = line.text.replace(from, to);
            changed = true;
        }
    }
    changed
}

/// What sets colours: ESC, a bracket, numbers, a letter.
fn strip_colours(line: &mut Line) -> bool {
    if !line.text.contains('\u{1b}') {
        return false;
    }
    let mut plain = String::new();
    let mut pieces = line.text.split('\u{1b}');
    plain.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let rest = piece
            .strip_prefix('[')
            .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        let mut rest = rest.unwrap_or(piece).chars();
        rest.next();
        plain.push_str(rest.as_str());
    }
    line.text = plain;
    true
}

fn strip_quoting(line: &mut Line) -> bool {
    let mut taken = 0_usize;
    let mut rest = line.text.as_str();
    loop {
        let behind = rest.trim_start_matches(' ');
        let blanks = rest.len().saturating_sub(behind.len());
        let Some(quoted) = behind.strip_prefix('>').filter(|_| blanks <= 3) else {
            break;
        };
        rest = quoted.strip_prefix(' ').unwrap_or(quoted);
        let space = quoted.len().saturating_sub(rest.len());
        taken = taken.saturating_add(blanks).saturating_add(1).saturating_add(space);
    }
    if taken > 0 {
        line.take(taken);
    }
    taken > 0
}

/// What runners and builders put before each line, and the backticks that a chat puts around one.
fn strip_prefix(line: &mut Line) -> bool {
    let mut taken = prefix::width(&line.text);
    if taken > 0 {
        line.take(taken);
    }
    let quoted = line.text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    if let Some(quoted) = quoted.filter(|quoted| !quoted.is_empty() && !quoted.contains('`')) {
        line.text = quoted.to_owned();
        line.origin.taken = line.origin.taken.saturating_add(1);
        taken = taken.saturating_add(1);
    }
    taken > 0
}

/// What the AWS CLI 2 puts before its messages.
fn strip_error_prefix(line: &mut Line) -> bool {
    let message = client_output::message(&line.text);
    let taken = line.text.chars().count().saturating_sub(message.chars().count());
    if taken == 0 {
        return false;
    }
    line.take(taken);
    true
}

/// `$ `, `% ` or `# ` before a command, alone or behind a host's name, or as the whole line.
fn strip_prompt(line: &mut Line) -> bool {
    let text = line.text.trim();
    if matches!(text, "$" | "%") {
        line.text.clear();
        return true;
    }
    let Some(at) = ["$ ", "% ", "# ", "❯ ", "➜ "]
        .iter()
        .filter_map(|prompt| line.text.find(prompt))
        .min()
    else {
        return false;
    };
    let before = line.text.get(..at).unwrap_or_default();
    let behind = line.text.get(at..).unwrap_or_default();
    let behind = behind.trim_start_matches(['$', '%', '#', '❯', '➜', '~', ' ']);
    let is_host = before.trim().is_empty()
        || (before.len() < 80 && before.contains(['@', '~', ']', ':']) && !before.contains('='));
    if is_host && super::is_command(behind) {
        let taken = line.text.chars().count().saturating_sub(behind.chars().count());
        line.take(taken);
        return true;
    }
    false
}
