//! The authenticator's lines inside what CloudWatch Logs exports.

use crate::explain::lint::tree::Node;
use crate::explain::lint::tree::Place;

/// The messages of a CSV export, each with its line. Quotes inside a value are doubled, and a value may go over lines.
pub(super) fn csv_messages(text: &str) -> Vec<(usize, String)> {
    let mut rows = rows(text).into_iter();
    let Some((_, header)) = rows.next() else {
        return Vec::new();
    };
    let column = header
        .iter()
        .position(|name| name.trim().trim_start_matches('@').eq_ignore_ascii_case("message"));
    let Some(column) = column else {
        return Vec::new();
    };
    rows.filter_map(|(line, row)| {
        // A message that was not quoted has its commas as separators.
        let message = row.get(column..)?.join(",");
        Some((line, message))
    })
    .collect()
}

fn rows(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut rows: Vec<(usize, Vec<String>)> = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut value = String::new();
    let (mut quoted, mut line, mut first) = (false, 1_usize, 1_usize);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                value.push('"');
            }
            // A quote inside a value without quotes is its own.
            '"' if quoted || value.is_empty() => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut value)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut value));
                rows.push((first, std::mem::take(&mut row)));
                line = line.saturating_add(1);
                first = line;
            }
            '\n' => {
                line = line.saturating_add(1);
                value.push(' ');
            }
            _ => value.push(character),
        }
    }
    if !value.is_empty() || !row.is_empty() {
        row.push(value);
        rows.push((first, row));
    }
    rows
}

/// The messages of `filter-log-events`, `get-log-events` or `get-query-results`.
pub(super) fn json_messages(node: &Node) -> Vec<(Place, &str)> {
    let event = |node: &'_ Node| -> bool { node.entry("message").is_some() || node.entry("@message").is_some() };
    let mut found = Vec::new();
    let lists = ["events", "results"].into_iter().filter_map(|key| node.get(key));
    for list in lists.chain((!node.list().is_empty()).then_some(node)) {
        for item in list.list() {
            if event(item) {
                let message = item.get("message").or_else(|| item.get("@message"));
                found.extend(message.and_then(|node| Some((node.place, node.text()?))));
            }
            for field in item.list() {
                if field.text_at("field") == Some("@message") {
                    found.extend(field.get("value").and_then(|node| Some((node.place, node.text()?))));
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_and_without_quotes() {
        for (text, wanted) in [
            ("timestamp,message\n1,\"a \"\"b\"\", c\"\n", vec![(2, "a \"b\", c")]),
            ("timestamp,message\n1,a \"b\", c\n", vec![(2, "a \"b\", c")]),
            (
                "@timestamp,@message,x\n1,\"a\nb\",\n2,c,\n",
                vec![(2, "a b,"), (4, "c,")],
            ),
            ("timestamp\n1\n", vec![]),
            ("", vec![]),
        ] {
            let wanted: Vec<(usize, String)> = wanted.into_iter().map(|(line, text)| (line, text.to_owned())).collect();
            assert_eq!(csv_messages(text), wanted, "{text}");
        }
    }
}
