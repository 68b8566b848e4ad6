//! Where a mail goes on behind a YAML document that was pasted into it.

use super::Line;

/// Keys that stand at the beginning of a line of the documents that people paste.
const KEYS: [&str; 24] = [
    "aggregationRule",
    "apiVersion",
    "binaryData",
    "clusters",
    "contexts",
    "current-context",
    "data",
    "groups",
    "immutable",
    "items",
    "kind",
    "mapAccounts",
    "mapRoles",
    "mapUsers",
    "metadata",
    "preferences",
    "roleRef",
    "rolearn",
    "rules",
    "spec",
    "status",
    "subjects",
    "userarn",
    "users",
];

/// No paragraph of a mail is longer, in lines; and each of a long text's lines asks for those behind it.
const PARAGRAPH: usize = 50;

/// Whether a line as far to the left as a document's keys is no part of it. A line that a mailer wrapped is: more of the
/// document follows it, and a document that is silently cut would map others than it does.
pub(super) fn begins(line: &Line, behind: &[Option<Line>], last: Option<&Line>) -> bool {
    let Some(last) = last.filter(|_| !line.is_blank()) else {
        return false;
    };
    let follows_gap = last.is_blank();
    if !is_prose(&line.text, follows_gap) {
        return false;
    }
    let paragraph = || {
        behind
            .iter()
            .take(PARAGRAPH)
            .map_while(Option::as_ref)
            .take_while(|line| !line.is_blank())
    };
    follows_gap || paragraph().all(|line| is_prose(&line.text, false))
}

fn is_prose(text: &str, follows_gap: bool) -> bool {
    let text = text.trim();
    if text.starts_with("-- ") || text == "--" {
        return true;
    }
    if text.starts_with("- ") || text == "-" {
        return false;
    }
    // Comments, flow collections, quoted keys, anchors, the ends of documents.
    if text.starts_with([
        '#', '{', '}', '[', ']', '"', '\'', '&', '*', '!', '|', '>', '%', '.', '-', '?',
    ]) {
        return false;
    }
    let first = text.split([':', ' ']).next().unwrap_or_default();
    // `mapRoles |` lacks its colon; `Kind regards` is no key.
    let has_colon = text.get(first.len()..).is_some_and(|rest| rest.starts_with(':'));
    if KEYS
        .iter()
        .any(|key| *key == first || (has_colon && key.eq_ignore_ascii_case(first)))
    {
        return false;
    }
    let Some((key, value)) = text.split_once(':') else {
        return true;
    };
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    // `Note: it worked yesterday`; no key of such a document begins with a capital letter.
    let is_remark = follows_gap && key.starts_with(|c: char| c.is_ascii_uppercase()) && value.trim().contains(' ');
    !is_key || is_remark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_end_a_document_and_its_own_lines_do_not() {
        for (text, follows_gap, wanted) in [
            ("Best regards,", false, true),
            ("감사합니다", false, true),
            ("Kind regards", true, true),
            ("-- ", true, true),
            ("Note: it worked until yesterday", true, true),
            ("오류: 접근 거부", false, true),
            ("kind: ConfigMap", true, false),
            ("mapRoles |", false, false),
            ("- rolearn: x", true, false),
            ("# a comment", true, false),
            ("note: x y", true, false),
            ("}", false, false),
        ] {
            assert_eq!(is_prose(text, follows_gap), wanted, "{text}");
        }
    }
}
