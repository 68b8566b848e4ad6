//! Audit events and CloudTrail records, in whatever a text wraps them: JSON over many lines or in one, a list of them, the
//! `message` of CloudWatch's JSON, a cell of its tables and CSV.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use super::SHOWN;
use super::audit::AuditEvent;
use super::cloudtrail::TrailRecord;
use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Shape;
use crate::explain::lint::tree::Source;

/// What was found, with the number and the text of the line that tells most of it.
pub(super) enum Document {
    /// Of Kubernetes.
    Audit(usize, String, Box<AuditEvent>),
    /// Of AWS.
    Trail(usize, String, Box<TrailRecord>),
}

/// Texts without which a JSON document is neither.
const MARKS: [&str; 2] = ["audit.k8s.io", "eventSource"];
/// The members whose strings may be documents themselves.
const WRAPPERS: [&str; 4] = ["@message", "CloudTrailEvent", "message", "value"];
/// How deep documents are looked for: results of a query, of rows, of fields, of a list of events.
const DEPTH: usize = 8;
/// How often the text is read at most in search of the ends of documents that have none.
const READINGS: usize = 16;

/// The documents, and the lines that they take.
pub(super) fn find(text: &str) -> (Vec<Document>, BTreeSet<usize>) {
    let mut next = 0_usize;
    let lines: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .map(|line| {
            let start = next;
            next = next.saturating_add(line.len());
            (start, line)
        })
        .collect();
    let mut search = Search {
        lines: &lines,
        found: Vec::new(),
        covered: BTreeSet::new(),
    };
    let mut left = text.len().saturating_mul(READINGS);
    let mut at = 0_usize;
    while let Some((start, line)) = lines.get(at) {
        let trimmed = line.trim_start();
        let mut behind = at.saturating_add(1);
        let begin = start.saturating_add(line.len()).saturating_sub(trimmed.len());
        let whole = trimmed
            .starts_with(['{', '['])
            .then(|| document(text, begin, &mut left))
            .flatten();
        if let Some(document) = whole {
            let height = document.matches('\n').count();
            behind = at.saturating_add(height).saturating_add(1);
            search.read(document, at, behind);
        } else if is_marked(line) {
            search.read_cell(line, at);
        }
        at = behind;
    }
    (search.found, search.covered)
}

fn is_marked(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
}

/// The JSON that begins there.
fn document<'a>(text: &'a str, begin: usize, left: &mut usize) -> Option<&'a str> {
    let rest = text.get(begin..).filter(|_| *left > 0)?;
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
    let outcome = stream.next()?;
    let end = stream.byte_offset();
    match outcome {
        Ok(_) => {
            *left = left.saturating_sub(end);
            rest.get(..end)
        }
        Err(error) => {
            if error.line() > 1 {
                *left = left.saturating_sub(rest.len());
            }
            None
        }
    }
}

struct Search<'a> {
    /// Where each begins, and itself.
    lines: &'a [(usize, &'a str)],
    found: Vec<Document>,
    covered: BTreeSet<usize>,
}

impl Search<'_> {
    /// Reads a document of the lines from `at` up to `behind`, counted from 0.
    fn read(&mut self, document: &str, at: usize, behind: usize) {
        if !is_marked(document) {
            return;
        }
        let before = self.found.len();
        for node in nodes(document) {
            self.descend(&node, &|node| at.saturating_add(node.place.line), DEPTH);
        }
        if self.found.len() > before {
            self.covered.extend(at.saturating_add(1)..=behind);
        }
    }

    /// Reads the document within a line, whose quotes CSV may have doubled or JSON escaped.
    fn read_cell(&mut self, line: &str, at: usize) {
        let json = line
            .find('{')
            .zip(line.rfind('}'))
            .and_then(|(begin, end)| line.get(begin..=end));
        let Some(json) = json else { return };
        let json = if json.starts_with("{\"\"") {
            json.replace("\"\"", "\"")
        } else if json.starts_with("{\\\"") {
            json.replace("\\\"", "\"").replace("\\\\", "\\")
        } else {
            json.to_owned()
        };
        let before = self.found.len();
        let number = at.saturating_add(1);
        for node in nodes(&json) {
            self.descend(&node, &|_| number, DEPTH);
        }
        if self.found.len() > before {
            self.covered.insert(number);
        }
    }

    fn descend(&mut self, node: &Node, number: &dyn Fn(&Node) -> usize, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if let Some(event) = AuditEvent::read(node) {
            let number = number(event_place(node));
            let line = self.line(number);
            return self.found.push(Document::Audit(number, line, Box::new(event)));
        }
        if let Some(record) = TrailRecord::read(node) {
            let number = number(
                node.get("errorMessage")
                    .or_else(|| node.get("eventName"))
                    .unwrap_or(node),
            );
            let line = self.line(number);
            return self.found.push(Document::Trail(number, line, Box::new(record)));
        }
        match &node.shape {
            Shape::List(items) => {
                for item in items {
                    self.descend(item, number, depth);
                }
            }
            Shape::Map(entries) => {
                for entry in entries {
                    match &entry.value.shape {
                        Shape::Text(text) if WRAPPERS.contains(&entry.key.as_str()) && is_marked(text) => {
                            let outer = number(&entry.value);
                            for inner in nodes(text) {
                                self.descend(&inner, &|_| outer, depth);
                            }
                        }
                        Shape::List(_) | Shape::Map(_) => self.descend(&entry.value, number, depth),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn line(&self, number: usize) -> String {
        // A line may hold thousands of events.
        let line = self.lines.get(number.saturating_sub(1));
        line.map(|(_, line)| line.trim().chars().take(SHOWN).collect())
            .unwrap_or_default()
    }
}

/// What tells most of an event.
fn event_place(node: &Node) -> &Node {
    let status = node.get("responseStatus");
    status
        .and_then(|status| status.get("message"))
        .or(status)
        .unwrap_or(node)
}

fn nodes(json: &str) -> Vec<Node> {
    Source::new(json).documents(json).unwrap_or_default()
}
