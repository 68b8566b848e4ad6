//! A line of the authenticator's log back to its parts, as people paste it.
//!
//! Beside what logrus writes, lines are read that JSON or CSV quoted once more, that lost their time, that are cut off
//! within a value, or that are the text of the `error` field alone.

use crate::value::instant::Timestamp;

/// A line in its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When, where the line says it.
    pub time: Option<Timestamp>,
    /// What `msg` says.
    pub msg: String,
    /// The other fields, as they stand.
    pub fields: Vec<(String, String)>,
    /// Whether the line ends within a quoted value.
    pub is_cut: bool,
}

/// What the `error` field of a denial begins with, or, for errors with a name in front, has in it.
const ERRORS: [&str; 12] = [
    "identity is not mapped",
    "Identity is not mapped",
    "ARN is not mapped",
    "Map error: ",
    "invalid username '",
    "renderTemplates error: ",
    "failed mapping username: ",
    "failed mapping group: ",
    "input token was not properly formatted: ",
    "sts getCallerIdentity ",
    "arn '",
    "malformed UserID ",
];

impl Record {
    /// Reads a line; nothing where it is none of a log, nor an error that the authenticator knows.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let unescaped = unescape(line);
        let record = fields(&unescaped);
        let is_line = ["msg", "error", "level"]
            .iter()
            .any(|name| record.field(name).is_some())
            || !record.msg.is_empty();
        if is_line {
            return Some(record);
        }
        let error = line.trim_matches(['"', '\'', '`']).trim();
        // Other programs deny access in the same words, and say more.
        let is_bare = error == "access denied";
        let error = error
            .strip_prefix("access denied")
            .map_or(error, |rest| rest.trim_start_matches([':', ' ']));
        let is_error = ERRORS.iter().any(|known| error.contains(known));
        (is_error || is_bare).then(|| Self {
            msg: "access denied".to_owned(),
            fields: if is_error {
                vec![("error".to_owned(), error.to_owned())]
            } else {
                Vec::new()
            },
            ..Self::default()
        })
    }

    /// A field's value; an empty one is none.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Why nobody was let in, where it says so.
    #[must_use]
    pub fn denial(&self) -> Option<&str> {
        // What the releases before 0.3 say.
        if let Some(error) = self.msg.strip_prefix("access denied because ") {
            return Some(error);
        }
        let is_denial = self.msg == "access denied" || (self.msg.is_empty() && self.field("error").is_some());
        is_denial.then(|| self.field("error").unwrap_or_default())
    }

    /// Whether somebody was let in.
    #[must_use]
    pub fn is_grant(&self) -> bool {
        self.msg == "access granted"
    }

    /// Whom the line is about: the ARN of its field, or behind the error of releases before 0.5.
    #[must_use]
    pub fn arn(&self) -> Option<&str> {
        let in_error = || self.field("error")?.strip_prefix("ARN is not mapped: ");
        self.field("arn")
            .or_else(in_error)
            .filter(|arn| arn.starts_with("arn:"))
    }
}

/// Takes off the quoting of JSON or CSV, once or twice.
fn unescape(line: &str) -> String {
    let mut text = line.to_owned();
    for _ in 0..2 {
        if text.contains("=\\\"") || text.contains("=\\\\\\\"") {
            text = text
                .replace("\\\\", "\u{0}")
                .replace("\\\"", "\"")
                .replace('\u{0}', "\\");
        } else if text.contains("=\"\"") && text.contains("\"\" ") {
            text = text.replace("\"\"", "\"");
        } else {
            break;
        }
    }
    text
}

fn fields(line: &str) -> Record {
    let mut record = Record::default();
    let mut rest = line;
    while let Some((name, value)) = next_name(rest) {
        let (text, behind, is_cut) = match value.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let (text, behind) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
                (text.trim_end_matches(['"', ',', '\'']).to_owned(), behind, false)
            }
        };
        record.is_cut |= is_cut;
        rest = behind;
        match name {
            "time" => record.time = Timestamp::parse_rfc3339(&text).ok(),
            "msg" => record.msg = text,
            _ => record.fields.push((name.to_owned(), text)),
        }
    }
    record
}

/// The next `name=`, and what stands behind it.
fn next_name(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('=')?;
        let name = before
            .rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .next()
            .unwrap_or_default();
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Some((name, behind));
        }
        rest = behind;
    }
}

/// The value of what Go's `%q` quoted, up to its end, and what stands behind it.
fn unquote(text: &str) -> (String, &str, bool) {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return (value, characters.as_str(), false),
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('r') => value.push('\r'),
                Some('t') => value.push('\t'),
                Some('x') => value.extend(hexadecimal(&mut characters, 2)),
                Some('u') => value.extend(hexadecimal(&mut characters, 4)),
                Some('U') => value.extend(hexadecimal(&mut characters, 8)),
                Some(other) => value.push(other),
                None => {}
            },
            _ => value.push(character),
        }
    }
    (value, "", true)
}

fn hexadecimal(characters: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let text: String = characters.by_ref().take(digits).collect();
    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::log::Level;
    use crate::value::log::LogLine;

    const DENIED: &str = r#"time="2026-11-20T08:00:00Z" level=warning msg="access denied" arn="arn:aws:iam::111122223333:role/dev" client="127.0.0.1:40286" error="identity is not mapped" method=POST path=/authenticate"#;

    #[test]
    fn a_line_is_read_however_it_is_quoted() {
        let plain = Record::parse(DENIED).unwrap();
        assert_eq!(plain.denial(), Some("identity is not mapped"));
        assert_eq!(plain.arn(), Some("arn:aws:iam::111122223333:role/dev"));
        assert_eq!(plain.time.unwrap().render_rfc3339(), "2026-11-20T08:00:00Z");
        let escaped = DENIED.replace('"', "\\\"");
        for line in [
            format!("  {DENIED}\r\n"),
            escaped.clone(),
            format!("\"{escaped}\""),
            format!("\"message\": \"{escaped}\","),
            escaped.replace('\\', "\\\\").replace('"', "\\\""),
            format!("\"{}\"", DENIED.replace('"', "\"\"")),
            format!("2026-11-20T08:00:00Z authenticator-1 {DENIED}"),
        ] {
            assert_eq!(Record::parse(&line).as_ref(), Some(&plain), "{line}");
        }
    }

    #[test]
    fn a_line_in_part_is_read() {
        for (line, denial) in [
            (
                r#"level=warning msg="access denied" error="ARN is not mapped""#,
                "ARN is not mapped",
            ),
            (r#"error="identity is not mapped""#, "identity is not mapped"),
            ("identity is not mapped", "identity is not mapped"),
            ("'Identity is not mapped'", "Identity is not mapped"),
            ("access denied: ARN is not mapped", "ARN is not mapped"),
            (r#"msg="access denied" client="127.0.0.1:1"#, ""),
        ] {
            assert_eq!(Record::parse(line).unwrap().denial(), Some(denial), "{line}");
        }
        assert!(Record::parse(r#"msg="access denied" error="ident"#).unwrap().is_cut);
        for line in [
            "",
            "NAME  TYPE",
            "- rolearn: arn:aws:iam::111122223333:role/dev",
            "a = b",
        ] {
            assert_eq!(Record::parse(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in "[ -~\\n\\té]{1,40}", seconds in 0_i64..4_000_000_000) {
            let time = Timestamp::from_unix_seconds(seconds);
            let line = LogLine { time, level: Level::Warning, msg: "access denied".to_owned(), fields: vec![("error", value.clone())] };
            // What looks quoted twice is read so.
            prop_assume!(!value.contains(['"', '\\']));
            let record = Record::parse(&line.render()).unwrap();
            prop_assert_eq!(record.denial(), Some(value.as_str()));
            prop_assert_eq!(record.time, Some(time));
        }

        #[test]
        fn any_text_is_read(line in any::<String>()) {
            let _ = Record::parse(&line);
        }
    }
}
