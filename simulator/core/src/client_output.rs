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

/// Output with its messages as sentences: without the prefixes of the AWS CLI 2, and with
/// `An error occurred (CODE): MESSAGE` as a further line behind an error that was printed as fields.
#[must_use]
pub fn sentences(printed: &str) -> String {
    let mut text = String::with_capacity(printed.len());
    let mut code: Option<(usize, String)> = None;
    let mut said: Option<(usize, String)> = None;
    for (at, line) in printed.lines().enumerate() {
        let line = message(line);
        text.push_str(line);
        text.push('\n');
        match field(line) {
            Some(Field::Code(value)) => code = Some((at, value)),
            Some(Field::Message(value)) => said = Some((at, value)),
            Some(Field::Both(first, second)) => (code, said) = (Some((at, first)), Some((at, second))),
            None => continue,
        }
        if let (Some((code_at, code_text)), Some((said_at, said_text))) = (&code, &said)
            && code_at.abs_diff(*said_at) <= ERROR_LINES
        {
            text.push_str(&format!("An error occurred ({code_text}): {said_text}\n"));
            (code, said) = (None, None);
        }
    }
    text
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
        fn whatever_is_printed_is_kept(printed in "([ -~\t]{0,20}\n){0,6}") {
            let text = sentences(&printed);
            for line in printed.lines() {
                proptest::prop_assert!(text.lines().any(|kept| kept == message(line)));
            }
        }
    }
}
