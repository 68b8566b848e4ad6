//! What to do about a text that the reader refuses.
//!
//! The reader's errors are those of goyaml, which tell what the grammar wanted and not what the writer got wrong.

use crate::go::yaml::Refusal;

/// The tab that is to blame, where one is: it stands at the refusal, or indents its line.
pub(super) fn tab(refusal: &Refusal, text: &str) -> Option<usize> {
    let before: Vec<char> = text.chars().take(refusal.at.saturating_add(1)).collect();
    if before.get(refusal.at) == Some(&'\t') {
        return Some(refusal.at);
    }
    // Inside brackets tabs are fine.
    if text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let start = before
        .iter()
        .rposition(|c| *c == '\n')
        .map_or(0, |at| at.saturating_add(1));
    let mut indentation = (start..)
        .zip(before.iter().skip(start))
        .take_while(|(_, c)| c.is_whitespace());
    indentation.find(|(_, c)| **c == '\t').map(|(at, _)| at)
}

/// The fix.
pub(super) fn fix(refusal: &Refusal, text: &str) -> String {
    let mut found = text.chars().skip(refusal.at);
    let (found, next) = (found.next(), found.next());
    let problem = problem(&refusal.message);
    let quotes = |what: &str| format!("put the text in quotes: {what}");
    match problem {
        "found unknown escape character" if next == Some('/') => "write `/` without the backslash".to_owned(),
        "found unknown escape character"
        | "did not find expected hexdecimal number"
        | "found invalid Unicode character escape code" => {
            "write the backslash twice, or put the text in single quotes".to_owned()
        }
        "did not find expected alphabetic or numeric character" => {
            "name the anchor with letters, digits, `-` and `_` only; put the text in quotes where no anchor is meant".to_owned()
        }
        "found incompatible YAML document" => "remove the `%YAML` line: the reader knows YAML 1.1 only".to_owned(),
        "control characters are not allowed" => {
            found.map_or_else(String::new, |c| format!("remove the character U+{:04X}", u32::from(c)))
        }
        "found character that cannot start any token" => found.map_or_else(String::new, |c| {
            quotes(&format!("no value without them begins with `{c}`"))
        }),
        "mapping values are not allowed in this context" => {
            "put the text in quotes where `: ` is part of it, or begin the key on a line of its own, indented as its neighbors"
                .to_owned()
        }
        "could not find expected ':'" => {
            "write the key with a colon and a space behind it, or put the text in quotes".to_owned()
        }
        "found unexpected end of stream" | "found unexpected document indicator" => {
            "close the quote that opens here".to_owned()
        }
        "did not find expected ',' or ']'" | "did not find expected ',' or '}'" => match found {
            Some(c @ ('?' | '[' | ']' | '{' | '}')) => {
                quotes(&format!("inside brackets, a `{c}` ends it, or close the bracket before this"))
            }
            Some(_) => "write a comma between the values, or close the bracket before this".to_owned(),
            None => "close the bracket".to_owned(),
        },
        "did not find expected comment or line break" => {
            "begin the text on the line below, or put it in quotes".to_owned()
        }
        "map merge requires map or sequence of maps as the value" => {
            "give `<<` the alias of a map, or put it in quotes".to_owned()
        }
        "document contains excessive aliasing" => "write out what the aliases stand for".to_owned(),
        "!!binary value contains invalid base64 data" => "remove `!!binary`, or write base64 behind it".to_owned(),
        "unexpected end of JSON input" => JSON.to_owned(),
        _ if problem.starts_with("invalid character ") => JSON.to_owned(),
        _ if problem.starts_with("unknown anchor ") => {
            "name an anchor that stands further up, or put the text in quotes where no alias is meant".to_owned()
        }
        _ if problem.ends_with(" value contains itself") => "write out what the alias stands for".to_owned(),
        _ if problem.starts_with("exceeded max depth") => "nest less deep".to_owned(),
        _ if problem.starts_with("invalid map key: ") => {
            quotes("a `{` or `[` at its beginning makes a map or a list of it")
        }
        _ if problem.starts_with("unsupported map key ") || problem.starts_with("json: unsupported value: ") => {
            quotes("without them it is null or a number")
        }
        _ if problem.starts_with("cannot decode !!") => "remove the tag, or write a value of that type".to_owned(),
        _ if problem.contains("directive") || problem.contains("<document start>") => {
            "remove the line that begins with `%`".to_owned()
        }
        _ if problem.contains(" tag ") || found == Some('!') => quotes("a `!` at its beginning makes a tag of it"),
        _ => "fix the indentation, the quotes or the colon here or just before".to_owned(),
    }
}

const JSON: &str = "begin each item with `- `; what begins with a brace is read as JSON, and holds no list";

/// The message without the line, which is not always the one in the file.
fn problem(message: &str) -> &str {
    let message = message.strip_prefix("yaml: ").unwrap_or(message);
    let behind = message.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    match behind {
        Some((number, problem)) if number.bytes().all(|byte| byte.is_ascii_digit()) => problem,
        _ => message,
    }
}
