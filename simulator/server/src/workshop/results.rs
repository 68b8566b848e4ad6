//! The results as a table: a row for each scenario that somebody began, and how it went.

use eks_auth_core::value::printable;

use super::class::Class;
use super::class::Desk;
use super::class::Progress;

/// The columns.
const HEAD: &str = "seat,name,joined,scenario,state,seconds,hints,checks,resets,last_error";

/// In words for programs.
pub(super) fn state_of(progress: &Progress) -> &'static str {
    match (progress.solved, progress.skipped) {
        (Some(_), _) => "solved",
        (None, true) => "skipped",
        (None, false) => "working",
    }
}

/// The results as CSV (RFC 4180).
pub(super) fn csv(class: &Class) -> String {
    let mut text = format!("{HEAD}\r\n");
    for seat in class.seats() {
        let mut desk = seat.desk();
        let last_error = desk.last_denial().unwrap_or_default().to_owned();
        let Desk { at, progress, .. } = &*desk;
        for (index, (progress, scenario)) in progress.iter().zip(&class.scenarios).enumerate() {
            let cells = [
                seat.number.to_string(),
                seat.name.clone(),
                seat.joined.render_rfc3339(),
                scenario.id.clone(),
                state_of(progress).to_owned(),
                progress.seconds().to_string(),
                progress.hints.to_string(),
                progress.checks.to_string(),
                progress.resets.to_string(),
                if index == *at {
                    last_error.clone()
                } else {
                    String::new()
                },
            ];
            text.push_str(&cells.map(|text| cell(&text)).join(","));
            text.push_str("\r\n");
        }
    }
    text
}

/// A cell. What a spreadsheet would take for a formula is made text by an apostrophe (OWASP, "CSV Injection").
/// What a terminal would obey is shown by its number: `ctl` prints the results.
fn cell(text: &str) -> String {
    let text = &*printable::line(text);
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r', ';', '\'']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_a_row() {
        for (text, wanted) in [
            ("jane", "jane"),
            ("김민지", "김민지"),
            ("=1+1", "\"'=1+1\""),
            ("+82", "\"'+82\""),
            ("-1", "\"'-1\""),
            ("@x", "\"'@x\""),
            ("＝1", "\"'＝1\""),
            ("a\"b,c", "\"a\"\"b,c\""),
            ("=\"a\",b", "\"'=\"\"a\"\",b\""),
            ("a\u{1b}[2J\r\nb", "a\\u{1b}[2J\\r\\nb"),
            ("", ""),
        ] {
            assert_eq!(cell(text), wanted);
        }
    }
}
