//! What programs put before each line that they pass on: runners, image builders, docker compose, Terraform's frame.
//!
//! Sources: GitHub's runner writes times with seven digits and `##[error]`; GitLab's runner `section_start:TIME:NAME` and, with
//! FF_TIMESTAMPS, a time with six digits and the stream (`00O`); Jenkins' Timestamper `[TIME]`; BuildKit's plain progress
//! `#STEP SECONDS`; `kubectl logs --prefix` `[pod/NAME/CONTAINER]`; docker compose `SERVICE | `.

use std::sync::LazyLock;

use regex::Regex;

/// One prefix may stand behind another, such as a marker behind a time.
const MOST: usize = 4;

/// How many characters of a line are such prefixes.
pub(super) fn width(text: &str) -> usize {
    static PREFIX: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^(?:",
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}Z (?:\d\d[OE][ +])?",
            r"|section_(?:start|end):\d+:[\w.,=\[\]-]*\r?",
            r"|\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?\]\s?",
            r"|#\d+ \d+\.\d+ ",
            r"|\[pod/[^\]\s]+\] ",
            r"|##\[(?:error|warning|debug|group|command)\]",
            r"|\s?[│╷╵]\s?",
            r")"
        ))
        .ok()
    });
    let Some(prefix) = PREFIX.as_ref() else { return 0 };
    let mut rest = text;
    for _ in 0..MOST {
        let Some(found) = prefix.find(rest).filter(|found| !found.is_empty()) else {
            break;
        };
        rest = rest.get(found.end()..).unwrap_or_default();
    }
    text.chars().count().saturating_sub(rest.chars().count())
}

/// The service that docker compose names before a line, and how many characters that takes.
pub(super) fn service(text: &str) -> Option<(&str, usize)> {
    let (name, rest) = text.split_once('|')?;
    let word = name.trim_end();
    let is_name = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    // Without a space before it, a bar is something else.
    if !is_name || word.len() == name.len() {
        return None;
    }
    let space = usize::from(rest.starts_with(' '));
    Some((word, name.chars().count().saturating_add(1).saturating_add(space)))
}

/// What a line has besides a fence of Markdown, Slack or Jira; nothing where it is no fence.
pub(super) fn unfenced(text: &str) -> Option<&str> {
    let text = text.trim();
    for mark in ["```", "~~~"] {
        if let Some(rest) = text.strip_prefix(mark) {
            let rest = rest.strip_suffix(mark).unwrap_or(rest).trim();
            // A word alone names the language.
            return Some(if rest.contains(' ') { rest } else { "" });
        }
    }
    if let Some(rest) = text.strip_suffix("```") {
        return Some(rest);
    }
    for mark in ["{code", "{noformat", "{quote", "{panel"] {
        if let Some(rest) = text.strip_prefix(mark) {
            let (_, rest) = rest.split_once('}')?;
            let end = ["{code}", "{noformat}", "{quote}", "{panel}"];
            let end = end.iter().find_map(|end| rest.strip_suffix(*end));
            return Some(end.unwrap_or(rest).trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_runners_and_builders_are_as_wide_as_they_are() {
        for (text, rest) in [
            ("2026-11-30T08:00:00.1234567Z error: x", "error: x"),
            (
                "2026-11-30T08:00:00.1234567Z ##[error]Process completed",
                "Process completed",
            ),
            ("2026-11-30T08:00:00.123456Z 00O error: x", "error: x"),
            ("section_start:1560896352:step_script\rerror: x", "error: x"),
            ("[2026-11-30T08:00:00.123Z] error: x", "error: x"),
            ("#12 3.456 error: x", "error: x"),
            ("[pod/deployer-x/main] error: x", "error: x"),
            ("│ Error: x", "Error: x"),
            // What is no prefix stays.
            ("2026-11-30T08:00:00Z error: x", "2026-11-30T08:00:00Z error: x"),
            ("# a comment", "# a comment"),
            ("[Pipeline] sh", "[Pipeline] sh"),
            ("  mapRoles: |", "  mapRoles: |"),
            ("", ""),
        ] {
            let kept: String = text.chars().skip(width(text)).collect();
            assert_eq!(kept, rest, "{text}");
        }
    }

    #[test]
    fn services_of_docker_compose_are_names_before_a_bar() {
        assert_eq!(service("deploy-1  | error: x"), Some(("deploy-1", 12)));
        for text in ["  mapRoles: |", "|  Code  |", "1 | x", "a|b", "two words | x"] {
            assert_eq!(service(text), None, "{text}");
        }
    }

    #[test]
    fn what_stands_beside_a_fence_is_kept() {
        for (text, kept) in [
            ("```", Some("")),
            ("```console", Some("")),
            ("```error: a b```", Some("error: a b")),
            ("error: a b```", Some("error: a b")),
            ("{code:bash}", Some("")),
            ("{noformat}error: a{noformat}", Some("error: a")),
            ("{\"code\": 1}", None),
            ("text", None),
        ] {
            assert_eq!(unfenced(text), kept, "{text}");
        }
    }
}
