//! What clients put around the messages that count, and how they are read without it.
//!
//! Since 2.34 (February 2026) the AWS CLI 2 begins the line of an error with `aws: [ERROR]: `, and prints the errors of
//! services in the form that `--cli-error-format` or `cli_error_format` names: `enhanced` (the default) and `legacy` are
//! sentences; `json`, `yaml`, `text` and `table` print the fields alone. Source: aws-cli v2, `awscli/errorformat.py` and
//! `awscli/errorhandler.py`.

/// How many lines apart the code and the message of one printed error may be: an error has few more fields.
const ERROR_LINES: usize = 8;

/// The message in a line of output: without `aws: [ERROR]: ` or `aws: [WARNING]: ` before it.
#[must_use]
pub fn message(line: &str) -> &str {
    let text = line.trim_start();
    ["aws: [ERROR]:", "aws: [WARNING]:"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .map_or(line, str::trim_start)
}

/// An error that was printed as fields, as YAML, text or a table: what it says, and from which line to which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintedError {
    /// The first of its lines, from 0.
    pub first: usize,
    /// The last.
    pub last: usize,
    /// `An error occurred (CODE): MESSAGE`.
    pub sentence: String,
}

/// The errors that stand as fields among these lines. Those in JSON are left to who reads JSON.
#[must_use]
pub fn printed_errors(lines: &[&str]) -> Vec<PrintedError> {
    let mut errors: Vec<PrintedError> = Vec::new();
    let mut pair = Pair::default();
    for (at, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with('"') {
            continue;
        }
        let Some((first, sentence)) = field(line).and_then(|field| pair.add(at, field)) else {
            continue;
        };
        // A table has a frame and a title, and botocore adds the message under its modeled name.
        let is_frame = |line: &&&str| {
            let line = line.trim();
            line.starts_with('|') || (line.len() > 2 && line.chars().all(|character| matches!(character, '-' | '+')))
        };
        let is_table = lines.get(at).is_some_and(|line| is_frame(&line));
        // No further than an error is long, so that a text of nothing but rows is read in one pass.
        let rows = |around: &[&str]| around.iter().take(ERROR_LINES).take_while(is_frame).count();
        let above = lines
            .get(..first)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(ERROR_LINES)
            .take_while(is_frame)
            .count();
        let behind = lines.get(at + 1..).unwrap_or_default();
        let again = |line: &&&str| line.trim_start().starts_with("message:");
        errors.push(PrintedError {
            first: if is_table { first - above } else { first },
            last: at
                + if is_table {
                    rows(behind)
                } else {
                    behind.iter().take_while(again).count()
                },
            sentence,
        });
    }
    errors
}

/// The code and the message of one error, as far as they were seen.
#[derive(Default)]
struct Pair {
    code: Option<(usize, String)>,
    said: Option<(usize, String)>,
}

impl Pair {
    /// Takes a field of line `at`; the error, with its first line, once it is whole.
    fn add(&mut self, at: usize, field: Field) -> Option<(usize, String)> {
        match field {
            Field::Code(value) => self.code = Some((at, value)),
            Field::Message(value) => self.said = Some((at, value)),
            Field::Both(code, said) => (self.code, self.said) = (Some((at, code)), Some((at, said))),
        }
        let ((code_at, code), (said_at, said)) = self.code.as_ref().zip(self.said.as_ref())?;
        if code_at.abs_diff(*said_at) > ERROR_LINES {
            return None;
        }
        let found = (*code_at.min(said_at), format!("An error occurred ({code}): {said}"));
        *self = Self::default();
        Some(found)
    }
}

/// Output with its messages as sentences: without the prefixes of the AWS CLI 2, and with
/// `An error occurred (CODE): MESSAGE` as a further line behind an error that was printed as fields.
#[must_use]
pub fn sentences(printed: &str) -> String {
    let mut text = String::with_capacity(printed.len());
    for (_, line) in numbered_sentences(printed) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The lines of [`sentences`], each with the number of the printed line that it comes from. From 1.
pub(crate) fn numbered_sentences(printed: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut pair = Pair::default();
    for (at, line) in printed.lines().enumerate() {
        let line = message(line);
        lines.push((at + 1, line.to_owned()));
        if let Some((_, sentence)) = field(line).and_then(|field| pair.add(at, field)) {
            lines.push((at + 1, sentence));
        }
    }
    lines
}

/// A field of an error that was printed as fields.
enum Field {
    Code(String),
    Message(String),
    Both(String, String),
}

fn field(line: &str) -> Option<Field> {
    let line = line.trim();
    // `--cli-error-format text`: the fields in one line, parted by tabs.
    if let Some((code, rest)) = line.split_once('\t') {
        let said = rest.split('\t').next().unwrap_or_default();
        let is_code = code.chars().all(|character| character.is_ascii_alphanumeric())
            && code.contains(|character: char| character.is_ascii_lowercase())
            && code.starts_with(|character: char| character.is_ascii_uppercase());
        return (is_code && said.contains(' ')).then(|| Field::Both(code.to_owned(), said.to_owned()));
    }
    // A row of `table`.
    if let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) {
        let (name, value) = row.split_once('|')?;
        return named(name.trim(), value.trim().to_owned());
    }
    let (name, value) = line.split_once(':')?;
    let value = value.trim();
    if let Some(name) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        let value = serde_json::from_str(value.trim_end_matches(',')).ok()?;
        return named(name, value);
    }
    // YAML's plain and quoted texts.
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote));
    let value = match (quoted('\''), quoted('"')) {
        (Some(single), _) => single.replace("''", "'"),
        (None, Some(double)) => double.replace("\\\"", "\""),
        (None, None) => value.to_owned(),
    };
    named(name, value)
}

fn named(name: &str, value: String) -> Option<Field> {
    match name {
        _ if value.is_empty() => None,
        "Code" => Some(Field::Code(value)),
        "Message" => Some(Field::Message(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_of_the_aws_cli_is_not_part_of_the_message() {
        for (line, wanted) in [
            (
                "aws: [ERROR]: The config profile (x) could not be found",
                "The config profile (x) could not be found",
            ),
            ("aws: [WARNING]: The file is open", "The file is open"),
            ("  aws: [ERROR]: x", "x"),
            ("aws: error: x", "aws: error: x"),
            ("  x", "  x"),
            ("see aws: [ERROR]: x", "see aws: [ERROR]: x"),
            ("", ""),
        ] {
            assert_eq!(message(line), wanted, "{line}");
        }
    }

    /// As the AWS CLI 2.38.5 prints them, run against this simulator.
    #[test]
    fn an_error_is_the_same_in_every_format() {
        const SENTENCE: &str = "An error occurred (ResourceNotFoundException)";
        const SAID: &str = "No cluster found for name: it's.";
        for printed in [
            "\naws: [ERROR]: An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No \
             cluster found for name: it's.\n",
            "{\n    \"Message\": \"No cluster found for name: it's.\",\n    \"Code\": \"ResourceNotFoundException\",\n    \
             \"message\": \"No cluster found for name: it's.\"\n}\n",
            "Code: ResourceNotFoundException\nMessage: 'No cluster found for name: it''s.'\nmessage: 'No cluster found for \
             name: it''s.'\n",
            "ResourceNotFoundException\tNo cluster found for name: it's.\tNo cluster found for name: it's.\n",
            "-------------------------------------------------\n|                     error                     |\n\
             +---------+-------------------------------------+\n|  Code   |  ResourceNotFoundException          |\n\
             |  Message|  No cluster found for name: it's.   |\n|  message|  No cluster found for name: it's.   |\n\
             +---------+-------------------------------------+\n",
        ] {
            let text = sentences(printed);
            let found = text
                .lines()
                .filter(|line| line.starts_with(SENTENCE) && line.ends_with(SAID))
                .count();
            assert_eq!(found, 1, "{text}");
        }
    }

    #[test]
    fn an_error_among_other_lines_is_found_with_its_frame() {
        for (printed, first, last) in [
            (
                "kind: ConfigMap\nCode: X\nMessage: 'a b'\nmessage: 'a b'\nkind: Pod",
                1,
                3,
            ),
            ("x\nNotFound\ta b\ta b\ny", 1, 1),
            (
                "x\n-----\n|  error  |\n+---+---+\n|  Code   |  X  |\n|  Message|  a b  |\n|  message|  a b  |\n+--+\ny",
                1,
                7,
            ),
        ] {
            let lines: Vec<&str> = printed.lines().collect();
            let found = printed_errors(&lines);
            assert_eq!(found.len(), 1, "{printed}");
            assert_eq!((found[0].first, found[0].last), (first, last), "{printed}");
            assert!(found[0].sentence.ends_with("): a b"), "{}", found[0].sentence);
        }
        assert_eq!(
            printed_errors(&["{", "\"Code\": \"X\",", "\"Message\": \"a b\"", "}"]),
            []
        );
    }

    #[test]
    fn fields_of_something_else_are_no_error() {
        for printed in [
            "Code: X\n",
            "Message: x\n",
            "NAME\tREADY STATUS\n",
            "Code: X\n\n\n\n\n\n\n\n\n\nMessage: x y\n",
            "| Code |\n",
            "kubernetes\n",
        ] {
            let text = sentences(printed);
            assert!(!text.contains("An error occurred"), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_error_has_lines_that_are_there(lines in proptest::collection::vec("(Code: x|Message: y z|X1a\ty z|[|+-]{1,3}|\\| Code \\| x \\||\\| Message \\| y \\||[ -~]{0,8})", 0..12)) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            for error in printed_errors(&lines) {
                proptest::prop_assert!(error.first <= error.last && error.last < lines.len());
            }
        }

        #[test]
        fn whatever_is_printed_is_kept(printed in "([ -~\t]{0,20}\n){0,6}") {
            let text = sentences(&printed);
            for line in printed.lines() {
                proptest::prop_assert!(text.lines().any(|kept| kept == message(line)));
            }
        }
    }
}
