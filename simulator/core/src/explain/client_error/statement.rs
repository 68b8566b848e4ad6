//! A pasted text as the messages that stand in it: without what terminals, CI systems and Terraform put around them.

use crate::explain::client_output;
use crate::explain::diagnosis::Evidence;

/// So much is read of a text, from its beginning and from its end: no paste is longer, and the cost is bounded.
const HALF: usize = 128 * 1024;

/// So much is read of a line. A line of a log in JSON that holds a whole trace is shorter.
const MAX_LINE: usize = 16 * 1024;

/// A message is not wrapped into more lines.
const MAX_WRAPPED: usize = 10;

/// A line shorter than this was not wrapped for its length.
const MIN_WRAPPED: usize = 50;

/// Texts of one message stand no further apart: a name, an ARN or a URL is between them.
const MAX_GAP: usize = 400;

/// How a new message begins, so that it is not the rest of the one before.
const BEGINNINGS: &[&str] = &[
    "An error occurred",
    "Error",
    "ERROR",
    "FATA",
    "HTTP response",
    "Message:",
    "Reason:",
    "The connection to the server",
    "Traceback",
    "Unable to connect",
    "Warning",
    "aws:",
    "error:",
    "fatal:",
    "hint:",
    "warning:",
];

/// One message, in one line, and the lines in which it was printed.
pub(super) struct Statement {
    text: String,
    lower: String,
    parts: Vec<Part>,
}

struct Part {
    number: usize,
    /// Where it ends in the text of the statement.
    end: usize,
    printed: String,
}

struct Line {
    number: usize,
    text: String,
    printed: String,
    is_boxed: bool,
    is_indented: bool,
}

impl Statement {
    /// The messages of a text.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut statements: Vec<Self> = Vec::new();
        let mut before: Option<Line> = None;
        for line in lines(text) {
            if line.text.is_empty() {
                before = None;
                continue;
            }
            let goes_on = before.as_ref().is_some_and(|before| goes_on(before, &line));
            match statements
                .last_mut()
                .filter(|last| goes_on && last.parts.len() < MAX_WRAPPED)
            {
                Some(last) => last.add(&line),
                None => {
                    let mut statement = Self {
                        text: String::new(),
                        lower: String::new(),
                        parts: Vec::new(),
                    };
                    statement.add(&line);
                    statements.push(statement);
                }
            }
            before = Some(line);
        }
        statements
    }

    /// The whole text as one message: for what was wrapped in the middle of everything.
    pub(super) fn whole(text: &str) -> Self {
        let mut statement = Self {
            text: String::new(),
            lower: String::new(),
            parts: Vec::new(),
        };
        for line in lines(text).iter().filter(|line| !line.text.is_empty()) {
            statement.push(line);
        }
        statement.lower = statement.text.to_ascii_lowercase();
        statement
    }

    fn add(&mut self, line: &Line) {
        self.push(line);
        self.lower = self.text.to_ascii_lowercase();
    }

    fn push(&mut self, line: &Line) {
        // An ARN has no blank, and a terminal breaks one at its hyphens.
        let is_cut_arn = self.text.ends_with('-')
            && self
                .text
                .rsplit(' ')
                .next()
                .is_some_and(|word| word.contains("arn:aws"))
            && line.text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !self.text.is_empty() && !is_cut_arn {
            self.text.push(' ');
        }
        self.text.push_str(&line.text);
        self.parts.push(Part {
            number: line.number,
            end: self.text.len(),
            printed: line.printed.clone(),
        });
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where these texts stand, one behind the other; the place of the first.
    pub(super) fn find(&self, texts: &[&str]) -> Option<usize> {
        let mut first = None;
        let mut from = 0;
        for text in texts {
            let gap = self.text.get(from..)?.find(text)?;
            if first.is_some() && gap > MAX_GAP {
                return None;
            }
            let at = from + gap;
            first.get_or_insert(at);
            from = at + text.len();
        }
        first
    }

    /// Where this text, in lower case, stands in whatever case.
    pub(super) fn find_any_case(&self, text: &str) -> Option<usize> {
        self.lower.find(text)
    }

    /// Its words, in lower case.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.lower
            .split(|letter: char| !letter.is_alphanumeric())
            .filter(|word| !word.is_empty())
    }

    /// Whether one of these texts stands in it.
    pub(super) fn has(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.text.contains(text))
    }

    /// Whether one of these texts, in lower case, stands in it in whatever case.
    pub(super) fn says(&self, texts: &[&str]) -> bool {
        texts.iter().any(|text| self.lower.contains(text))
    }

    /// Whether it is of a Kubernetes API server, by what stands in it.
    pub(super) fn is_of_kubernetes(&self) -> bool {
        const SIGNS: &[&str] = &[
            ".eks.amazonaws.com",
            ".eks.amazonaws-",
            "/api/v1",
            "/apis/",
            "/openapi/v",
            "/version",
            "api group",
            "configmap",
            "argocd",
            "eksctl",
            "helm",
            "k8s",
            "k9s",
            "kube",
            "live state",
            "managed objects",
            "server api groups",
            "server resources",
            "service account",
            "serviceaccount",
            "the connection to the server",
            "unable to connect to the server",
        ];
        self.says(SIGNS)
    }

    /// The line that has the byte at `at`.
    pub(super) fn evidence(&self, at: usize) -> Evidence {
        let part = self.parts.iter().find(|part| at < part.end).or(self.parts.last());
        Evidence {
            line: part.map(|part| part.number),
            text: part.map_or_else(String::new, |part| part.printed.clone()),
        }
    }
}

/// What was printed, line by line, bounded, without colours, boxes and escapes.
fn lines(text: &str) -> Vec<Line> {
    let mut kept = String::new();
    let mut numbers = Vec::new();
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.len();
        if end <= HALF || at + HALF >= text.len() {
            kept.push_str(start(line.trim_end_matches(['\n', '\r']), MAX_LINE));
            kept.push('\n');
            numbers.push(index + 1);
        }
        at = end;
    }
    // One line that is longer than all that is read.
    if kept.is_empty() {
        kept.push_str(start(text, HALF));
        numbers.push(1);
    }
    let uncolored: String = kept
        .lines()
        .flat_map(|line| [without_colors(line), "\n".to_owned()])
        .collect();
    let mut found = Vec::new();
    for (index, line) in client_output::numbered_sentences(&uncolored) {
        let number = numbers.get(index.saturating_sub(1)).copied().unwrap_or(index);
        let inner = line.trim_start_matches(['│', '╷', '╵', '|', '>', ' ', '\t', '\u{feff}']);
        let is_boxed = line.trim_start().starts_with(['│', '|']);
        for part in unescaped(inner) {
            found.push(Line {
                number,
                text: part.trim().to_owned(),
                printed: line.trim().to_owned(),
                is_boxed,
                is_indented: line.starts_with([' ', '\t']),
            });
        }
    }
    found
}

/// At most so many bytes of the beginning.
fn start(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// Without the sequences that color a terminal (ECMA-48, CSI).
fn without_colors(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            text.push(character);
        } else if characters.clone().next() == Some('[') {
            characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        }
    }
    text
}

/// A message within a quoted text of a log in JSON or logfmt, or in an HTML page: its own quotes, and each of its lines.
fn unescaped(line: &str) -> Vec<String> {
    if !line.contains('\\') && !line.contains('&') {
        return vec![line.to_owned()];
    }
    let is_quoted = line.contains("\\\"") || line.starts_with('{') || line.contains("=\"") || line.contains("\": \"");
    let line = line.replace("&#34;", "\"").replace("&quot;", "\"");
    let mut parts = Vec::new();
    let mut text = String::with_capacity(line.len());
    let mut slashes: usize = 0;
    for character in line.chars() {
        match character {
            '\\' => slashes += 1,
            '"' if slashes > 0 => {
                slashes = 0;
                text.push('"');
            }
            'n' if slashes > 0 && is_quoted => {
                slashes = 0;
                parts.push(std::mem::take(&mut text));
            }
            other => {
                text.extend(std::iter::repeat_n('\\', slashes));
                slashes = 0;
                text.push(other);
            }
        }
    }
    parts.push(text);
    parts
}

/// Whether a line is the rest of the message in the one before.
fn goes_on(before: &Line, line: &Line) -> bool {
    if before.number == line.number || BEGINNINGS.iter().any(|start| line.text.starts_with(start)) {
        return false;
    }
    if line.is_boxed && before.is_boxed {
        return true;
    }
    // fabric8 puts the server's message last, and mails break the line before it.
    if before.text.ends_with(" Message:") {
        return true;
    }
    let first_word = line.text.split(' ').next().unwrap_or_default();
    let is_inner = line
        .text
        .starts_with(|first: char| first.is_ascii_lowercase() || matches!(first, '(' | '"' | '/'));
    let is_wrapped = is_inner
        && before.text.len() >= MIN_WRAPPED
        && !before.text.ends_with(['.', '!', ';', '}'])
        && !first_word.contains('=');
    is_wrapped || (line.is_indented && before.text.ends_with([':', ',']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, wanted: &[&str]) {
        let found: Vec<String> = Statement::all(text)
            .into_iter()
            .map(|statement| statement.text)
            .collect();
        assert_eq!(found, wanted, "{text}");
    }

    #[test]
    fn what_stands_around_a_message_is_no_part_of_it() {
        check(
            "\u{1b}[31m│\u{1b}[0m \u{1b}[1mError: x\u{1b}[0m\n│ \n│   with a.b,\n",
            &["Error: x", "with a.b,"],
        );
        check("aws: [ERROR]: The config\n> quoted\n", &["The config", "quoted"]);
        check(
            r#"{"msg":"User \"a\" cannot\nget"}"#,
            &[r#"{"msg":"User "a" cannot"#, r#"get"}"#],
        );
        check(r#"{"msg":"User \\\"a\\\" x"}"#, &[r#"{"msg":"User "a" x"}"#]);
        check(r"fork/exec C:\new\aws.exe", &[r"fork/exec C:\new\aws.exe"]);
        check("", &[]);
    }

    #[test]
    fn a_wrapped_message_is_one() {
        check(
            "│ Error: Kubernetes cluster unreachable: the server has asked for the\n│ client to provide credentials\n",
            &["Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials"],
        );
        check(
            "User: arn:aws:iam::111122223333:user/dev is not authorized to\nperform: sts:AssumeRole\nUnable to connect",
            &[
                "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: sts:AssumeRole",
                "Unable to connect",
            ],
        );
        check("short\nlines", &["short", "lines"]);
        check(
            "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/shop-core-\neks-deployer/ci is not authorized",
            &[
                "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/shop-core-eks-deployer/ci is not authorized",
            ],
        );
        check(
            "Failure executing: GET at: https://x/api. Message:\nUnauthorized! Token",
            &["Failure executing: GET at: https://x/api. Message: Unauthorized! Token"],
        );
        check("no Message:here\nUnauthorized", &["no Message:here", "Unauthorized"]);
    }

    #[test]
    fn evidence_is_the_line_of_the_place() {
        let found = Statement::all("a\n\n│ Error: one two three four\n│ five\n");
        let last = &found[1];
        let at = last.find(&["five"]).unwrap();
        assert_eq!(last.evidence(at).line, Some(4));
        assert_eq!(last.evidence(0).text, "│ Error: one two three four");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_pasted_is_read(text in "([ -~│\u{1b}\\\\\"]{0,30}\n?){0,8}") {
            let count = text.split_inclusive('\n').count().max(1);
            for statement in Statement::all(&text) {
                let line = statement.evidence(0).line.unwrap();
                proptest::prop_assert!((1..=count).contains(&line));
            }
        }
    }
}
