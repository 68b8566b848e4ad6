//! Patterns of lines: `*` stands for any text, any white space for any white space.

use crate::wildcard;

/// Whether a whole line is of that form. White space at the ends does not count.
#[must_use]
pub fn line_matches(pattern: &str, line: &str) -> bool {
    let pattern = pattern.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    wildcard::matches(&pattern, &line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_stand_for_any_text_and_blanks_for_any_blanks() {
        for (pattern, line, expected) in [
            ("NAME TYPE", "NAME         TYPE  ", true),
            ("NAME TYPE", "NAME TYPE AGE", false),
            ("error: * (*)", "error: you must log in (Unauthorized)", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("a*", "a", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("*context x in *", "Updated context x in y", true),
        ] {
            assert_eq!(line_matches(pattern, line), expected, "{pattern:?} {line:?}");
        }
    }

    proptest! {
        #[test]
        fn a_line_matches_itself_cut_by_a_star(head in "[a-z]{0,8}", middle in "[a-z ]{0,8}", tail in "[a-z]{0,8}") {
            let line = format!("x{head}{middle}{tail}y");
            let pattern = format!("x{head}*{tail}y");
            prop_assert!(line_matches(&pattern, &line), "{:?} {:?}", pattern, line);
        }
    }
}
