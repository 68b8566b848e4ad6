//! Text that somebody else wrote, as people are shown it: nothing in it is obeyed by a terminal, hidden from the eye, or taken
//! for the end of our own line.
//!
//! A terminal obeys control characters: `ESC` begins what clears the screen, changes its title or types an answer, and C1 has
//! the same in one character (ECMA-48, sections 5.2 to 5.4). Bidirectional controls let a text be read in another order than
//! it has ("Trojan Source", CVE-2021-42574), and characters without width make two names look like one. Each is shown by its
//! number, as `\u{1b}`. There is no way back from what is shown, since a backslash stays as it is: what programs read is JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character does something else than to be seen: controls (C0, DEL, C1), bidirectional controls, and characters
/// without width.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    let is_invisible = matches!(
        character,
        // Zero-width space, non-joiner and joiner, and the marks of a direction.
        '\u{200b}'..='\u{200f}'
        // Ends of lines that are no control characters.
        | '\u{2028}' | '\u{2029}'
        | '\u{202a}'..='\u{202e}'
        // Word joiner, and operators that nobody sees.
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}'
        | '\u{61c}'
        | '\u{feff}'
        // Tags: a whole alphabet that nobody sees.
        | '\u{e0000}'..='\u{e007f}'
    );
    character.is_control() || is_invisible
}

/// A field that stands in one line. An end of a line is escaped too, lest what follows passes for a line of ours.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_, _| false)
}

/// A text of several lines. Ends of lines and tabs stay; so does a carriage return before the end of a line, which does
/// nothing there.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character, next| match character {
        '\n' | '\t' => true,
        '\r' => next == Some('\n'),
        _ => false,
    })
}

/// A line with U+FFFD in place of each hidden character but tabs, so that columns stay where they are.
#[must_use]
pub fn in_place(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\t' => '\t',
            character if is_hidden(character) => '\u{fffd}',
            character => character,
        })
        .collect()
}

/// A JSON document, which stays the same to whoever parses it: serde escapes C0 alone. Outside of strings JSON has no
/// character that is hidden, but for ends of lines and tabs.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    let stays = |character| matches!(character, '\n' | '\r' | '\t') || !is_hidden(character);
    if document.chars().all(stays) {
        return Cow::Borrowed(document);
    }
    let mut escaped = String::with_capacity(document.len());
    for character in document.chars() {
        if stays(character) {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

/// `text` with each hidden character by its number, but for those that `stays` says of, given the next one.
fn escaped(text: &str, stays: fn(char, Option<char>) -> bool) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if is_hidden(character) && !stays(character, characters.peek().copied()) {
            match character {
                '\t' | '\r' | '\n' => shown.extend(character.escape_default()),
                _ => shown.extend(character.escape_unicode()),
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (text, in_a_line, in_lines) in [
            ("", "", ""),
            ("role/dev", "role/dev", "role/dev"),
            ("김민지 é ✓ 🙂", "김민지 é ✓ 🙂", "김민지 é ✓ 🙂"),
            ("a\\u{1b}", "a\\u{1b}", "a\\u{1b}"),
            ("\u{1b}[2J", r"\u{1b}[2J", r"\u{1b}[2J"),
            ("\u{7}\u{8}\0", r"\u{7}\u{8}\u{0}", r"\u{7}\u{8}\u{0}"),
            ("\u{7f}\u{9b}31m", r"\u{7f}\u{9b}31m", r"\u{7f}\u{9b}31m"),
            ("a\n\tb", r"a\n\tb", "a\n\tb"),
            ("a\r\nb\rc", r"a\r\nb\rc", "a\r\nb\\rc"),
            ("user\u{202e}nimda", r"user\u{202e}nimda", r"user\u{202e}nimda"),
            ("a\u{2066}b\u{2069}", r"a\u{2066}b\u{2069}", r"a\u{2066}b\u{2069}"),
            ("ja\u{200b}ne\u{feff}", r"ja\u{200b}ne\u{feff}", r"ja\u{200b}ne\u{feff}"),
            ("a\u{2028}b\u{e0041}", r"a\u{2028}b\u{e0041}", r"a\u{2028}b\u{e0041}"),
        ] {
            assert_eq!(line(text), in_a_line, "{text:?}");
            assert_eq!(lines(text), in_lines, "{text:?}");
        }
        assert_eq!(in_place("a\u{1b}\u{202e}\tb"), "a\u{fffd}\u{fffd}\tb");
    }

    #[test]
    fn json_stays_json() {
        let value = serde_json::json!({"a\u{202e}": "\u{1b}[2J\u{9b}\u{7f}\u{e0041}\n"});
        let document = format!("{value:#}");
        let shown = json(&document);
        assert_eq!(
            shown,
            "{\n  \"a\\u202e\": \"\\u001b[2J\\u009b\\u007f\\udb40\\udc41\\n\"\n}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_shown(text in any::<String>()) {
            prop_assert!(!line(&text).chars().any(is_hidden));
            let lines = lines(&text).replace("\r\n", "\n");
            prop_assert!(!lines.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\t')));
            prop_assert_eq!(in_place(&text).chars().count(), text.chars().count());
            prop_assert!(!in_place(&text).chars().any(|c| is_hidden(c) && c != '\t'));
            let value = serde_json::Value::from(text);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json(&value.to_string())).unwrap(), value);
        }

        #[test]
        fn what_is_shown_stays_as_it_is(text in any::<String>()) {
            let shown = line(&text).into_owned();
            prop_assert_eq!(line(&shown), shown.as_str());
        }
    }
}
