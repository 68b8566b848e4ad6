//! The authenticator's log in logrus text form.
//!
//! Source: `TextFormatter` of logrus: time, level and msg first, then the other fields by name; a value is quoted as
//! Go's `%q` does unless it is made only of letters, digits and `-._/@^+`.

mod read;

use std::fmt::Write as _;

pub use self::read::Record;

use crate::value::instant::Timestamp;

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub time: Timestamp,
    /// How bad.
    pub level: Level,
    /// The message.
    pub msg: String,
    /// Further fields, in any order.
    pub fields: Vec<(&'static str, String)>,
}

/// A logrus level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `error`.
    Error,
    /// `info`.
    Info,
    /// `warning`.
    Warning,
}

impl Level {
    /// The level's name in a line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

impl LogLine {
    /// The line without its end.
    #[must_use]
    pub fn render(&self) -> String {
        let mut line = format!(
            "time={} level={}",
            value(&self.time.render_rfc3339()),
            self.level.as_str()
        );
        if !self.msg.is_empty() {
            let _ = write!(line, " msg={}", value(&self.msg));
        }
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.sort_by_key(|(name, _)| *name);
        for (name, text) in fields {
            let _ = write!(line, " {name}={}", value(text));
        }
        line
    }
}

/// A value as logrus prints it. An empty one is not quoted.
fn value(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        go_quote(text)
    }
}

/// `text` as Go's `%q` (`strconv.Quote`) gives it.
#[must_use]
pub fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        // Writing to a String cannot fail.
        let _ = match character {
            '"' | '\\' => write!(quoted, "\\{character}"),
            '\x07' => quoted.write_str("\\a"),
            '\x08' => quoted.write_str("\\b"),
            '\x0c' => quoted.write_str("\\f"),
            '\n' => quoted.write_str("\\n"),
            '\r' => quoted.write_str("\\r"),
            '\t' => quoted.write_str("\\t"),
            '\x0b' => quoted.write_str("\\v"),
            ' '..='~' => quoted.write_char(character),
            '\0'..='\x7f' => write!(quoted, "\\x{:02x}", u32::from(character)),
            _ if is_printable(character) => quoted.write_char(character),
            '\u{80}'..='\u{ffff}' => write!(quoted, "\\u{:04x}", u32::from(character)),
            _ => write!(quoted, "\\U{:08x}", u32::from(character)),
        };
    }
    quoted.push('"');
    quoted
}

/// Rust and Go take printability from the same Unicode categories.
///
/// FIDELITY: Rust's edition of Unicode is newer than Go's, so a few hundred characters print here that Go escapes.
///
/// The letter in front is for combining marks, which `escape_debug` escapes only where a string begins.
fn is_printable(character: char) -> bool {
    format!("a{character}").escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_article() {
        let time = |text| Timestamp::parse_rfc3339(text).unwrap();
        let granted = LogLine {
            time: time("2022-05-26T18:55:30Z"),
            level: Level::Info,
            msg: "access granted".to_owned(),
            fields: vec![
                ("username", "kubernetes-admin".to_owned()),
                ("uid", "aws-iam-authenticator:123456789000:AROAFFXXXXXXXXXX".to_owned()),
                ("path", "/authenticate".to_owned()),
                ("method", "POST".to_owned()),
                ("groups", "[system:masters]".to_owned()),
                ("client", "127.0.0.1:57586".to_owned()),
                ("arn", "arn:aws:iam::123456789000:user/testuser".to_owned()),
            ],
        };
        assert_eq!(
            granted.render(),
            r#"time="2022-05-26T18:55:30Z" level=info msg="access granted" arn="arn:aws:iam::123456789000:user/testuser" client="127.0.0.1:57586" groups="[system:masters]" method=POST path=/authenticate uid="aws-iam-authenticator:123456789000:AROAFFXXXXXXXXXX" username=kubernetes-admin"#
        );
    }

    #[test]
    fn fields_are_in_order_of_their_names_and_an_empty_message_is_left_out() {
        let line = |msg: &str, level, fields| LogLine {
            time: Timestamp::UNIX_EPOCH,
            level,
            msg: msg.to_owned(),
            fields,
        };
        for (line, wanted) in [
            (
                line("", Level::Info, vec![]),
                r#"time="1970-01-01T00:00:00Z" level=info"#,
            ),
            (
                line("m", Level::Warning, vec![("b", String::new()), ("a", "1,2".to_owned())]),
                r#"time="1970-01-01T00:00:00Z" level=warning msg=m a="1,2" b="#,
            ),
            (
                line("a=b", Level::Error, vec![("é", "[]".to_owned())]),
                r#"time="1970-01-01T00:00:00Z" level=error msg="a=b" é="[]""#,
            ),
        ] {
            assert_eq!(line.render(), wanted);
        }
    }

    #[test]
    fn quoting_is_gos() {
        for (text, wanted) in [
            ("", ""),
            ("plain-._/@^+", "plain-._/@^+"),
            ("a b", r#""a b""#),
            ("{\"Error\"}", r#""{\"Error\"}""#),
            ("a\nb\\", r#""a\nb\\""#),
            ("\x01\x7f", r#""\x01\x7f""#),
            ("한글", "\"한글\""),
            ("\u{a0}", r#""\u00a0""#),
        ] {
            assert_eq!(value(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn quoting_covers_all_of_unicode() {
        for (text, expected) in [
            ("pods", r#""pods""#),
            ("a\"b\\c'", r#""a\"b\\c'""#),
            ("\0\x07\n\x7f", r#""\x00\a\n\x7f""#),
            ("é한e\u{301}", "\"é한e\u{301}\""),
            ("\u{a0}\u{200b}\u{e0001}", r#""\u00a0\u200b\U000e0001""#),
        ] {
            assert_eq!(go_quote(text), expected);
        }
    }
}
