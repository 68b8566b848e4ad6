//! Values that were hidden before a text was passed on: nothing can be said of them.

/// What stands for the rest of a value, or for all of it.
const ELLIPSES: [&str; 3] = ["...", "…", "••"];
/// Words in the place of a value. `kubectl config view` writes the first two.
const WORDS: [&str; 11] = [
    "omitted",
    "redacted",
    "censored",
    "hidden",
    "masked",
    "removed",
    "sanitized",
    "scrubbed",
    "secret",
    "snip",
    "snipped",
];
/// Brackets around what stands for a value.
const BRACKETS: [(char, char); 4] = [('<', '>'), ('[', ']'), ('(', ')'), ('{', '}')];

/// Whether a certificate, a key or a token is hidden, in whole or in part: no base64 and no token has such characters.
pub(super) fn is_one(value: &str) -> bool {
    let text = value.trim();
    let letters = text.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let mut characters = text.chars();
    let (first, last) = (characters.next(), characters.next_back());
    let is_bracketed = BRACKETS
        .iter()
        .any(|(open, close)| first == Some(*open) && last == Some(*close));
    let is_run = text.chars().count() >= 3
        && first.is_some_and(|first| "xX-_.#".contains(first) && text.chars().all(|letter| letter == first));
    text.contains('*')
        || is_bracketed
        || is_run
        || ELLIPSES.iter().any(|ellipsis| text.contains(ellipsis))
        || WORDS.contains(&letters.as_str())
        || text.contains("REDACTED")
        || text.contains("OMITTED")
}

#[cfg(test)]
mod tests {
    use super::is_one;

    #[test]
    fn what_is_hidden_is_told_from_what_is_wrong() {
        for hidden in [
            "***",
            "L*==",
            "DATA+OMITTED",
            "REDACTED",
            "redacted",
            "<redacted>",
            "<base64>",
            "[REDACTED]",
            "LS0tLS1CRUdJTi...",
            "LS0tLS1CRUdJTi…",
            "eyJhbGci...c2ln",
            "...",
            "... ...",
            "xxxxxxxx",
            "-----",
            "[snip]",
        ] {
            assert!(is_one(hidden), "{hidden}");
        }
        for value in [
            "",
            "x",
            "Q0E=",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
            "-----BEGIN CERTIFICATE-----",
            "k8s-aws-v1.aHR0cHM6Ly9zdHM",
            "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
            "certificate",
        ] {
            assert!(!is_one(value), "{value}");
        }
    }
}
