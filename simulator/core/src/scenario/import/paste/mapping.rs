//! Mappings in what is neither YAML nor JSON: where blocks of Terraform and a table of eksctl begin and end.

use super::Form;
use super::Line;
use super::is_command;
use super::is_log;
use crate::explain::lint;

/// Longer than what is read of Terraform.
const MOST_LINES: usize = 20_000;

/// What begins with this line.
pub(super) fn begins(text: &str) -> Option<Form> {
    if lint::is_mapping_table(text) {
        Some(Form::MappingTable)
    } else if lint::begins_hcl(text) {
        Some(Form::Hcl)
    } else {
        None
    }
}

/// A block, and those that follow it with nothing but comments between them; nothing where its end is not to be found. Where
/// the text is cut off, what is open is closed.
pub(super) fn hcl(lines: &[Option<Line>]) -> Option<(Vec<Line>, &[Option<Line>])> {
    let (mut taken, mut rest) = block(lines)?;
    loop {
        let is_gap = |line: &&Option<Line>| line.as_ref().is_some_and(is_gap);
        let gap = rest.iter().take_while(is_gap).count();
        let behind = rest.get(gap..).unwrap_or_default();
        let next = behind.first().and_then(Option::as_ref);
        if !next.is_some_and(|line| goes_on(line.text.trim())) {
            break;
        }
        let Some((more, after)) = block(behind) else {
            break;
        };
        taken.extend(rest.iter().take(gap).flatten().cloned());
        taken.extend(more);
        rest = after;
    }
    Some((taken, rest))
}

/// The names of the columns, and the rows below.
pub(super) fn table(lines: &[Option<Line>]) -> (Vec<Line>, &[Option<Line>]) {
    let is_row = |line: &&Option<Line>| {
        line.as_ref().is_some_and(|line| {
            let first = line.text.split_whitespace().next().unwrap_or_default();
            let is_account = !first.is_empty() && first.chars().all(|character| character.is_ascii_digit());
            first.starts_with("arn:") || is_account || lint::is_mapping_table(&line.text)
        })
    };
    let count = lines.iter().take_while(is_row).count();
    let taken = lines.iter().take(count).flatten().cloned().collect();
    (taken, lines.get(count..).unwrap_or_default())
}

fn is_gap(line: &Line) -> bool {
    let text = line.text.trim();
    text.is_empty() || text.starts_with('#') || text.starts_with("//")
}

/// A further block, or a value of the same file such as `authentication_mode = "API"`.
fn goes_on(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let assigns = text
        .split_once(" = ")
        .is_some_and(|(name, value)| is_name(name.trim_end()) && !value.trim().is_empty());
    assigns || lint::begins_hcl(text)
}

/// Whether a line within a block is no part of it, so that the block was cut off before.
fn is_other(text: &str) -> bool {
    let begins = |texts: &[&str]| texts.iter().any(|begin| text.starts_with(begin));
    is_log(text)
        || (is_command(text) && !text.contains(" = "))
        || begins(&["apiVersion:", "kind:", "error:", "Error: ", "Error from server"])
}

fn block(lines: &[Option<Line>]) -> Option<(Vec<Line>, &[Option<Line>])> {
    let mut scan = Scan::default();
    let mut count = 0_usize;
    for line in lines.iter().map_while(Option::as_ref) {
        if count >= MOST_LINES {
            return None;
        }
        if count > 0 && scan.heredoc.is_none() && is_other(line.text.trim()) {
            break;
        }
        scan.line(&line.text)?;
        count = count.saturating_add(1);
        if scan.is_closed() {
            break;
        }
    }
    let mut taken: Vec<Line> = lines.iter().take(count).flatten().cloned().collect();
    let origin = taken.last()?.origin;
    taken.extend(scan.closing().into_iter().map(|text| Line { text, origin }));
    Some((taken, lines.get(count..).unwrap_or_default()))
}

/// What is open at the end of a line.
///
/// Source: "Lexical Elements" and "Template Expressions" of the HCL syntax specification (`hclsyntax/spec.md`).
#[derive(Default)]
struct Scan {
    /// Brackets; `"` for a string, and `$` for what `${` or `%{` opens in one.
    open: Vec<char>,
    /// The word that ends a heredoc.
    heredoc: Option<String>,
    in_comment: bool,
}

impl Scan {
    fn is_closed(&self) -> bool {
        self.open.is_empty() && self.heredoc.is_none() && !self.in_comment
    }

    /// Nothing where a string does not end in its line, which no HCL has.
    fn line(&mut self, text: &str) -> Option<()> {
        if let Some(mark) = &self.heredoc {
            if text.trim() == mark {
                self.heredoc = None;
            }
            return Some(());
        }
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            let rest = text.get(at..).unwrap_or_default();
            if self.in_comment {
                if rest.starts_with("*/") {
                    self.in_comment = false;
                    characters.next();
                }
            } else if self.open.last() == Some(&'"') {
                let skipped = self.in_string(character, rest);
                for _ in 0..skipped {
                    characters.next();
                }
            } else if character == '#' || rest.starts_with("//") {
                break;
            } else if rest.starts_with("/*") {
                self.in_comment = true;
                characters.next();
            } else if let Some(mark) = heredoc(rest) {
                self.heredoc = Some(mark.to_owned());
                break;
            } else {
                match character {
                    '"' | '{' | '[' | '(' => self.open.push(character),
                    '}' | ']' | ')' => {
                        self.open.pop();
                    }
                    _ => {}
                }
            }
        }
        (self.open.last() != Some(&'"')).then_some(())
    }

    /// One character of a string, and how many of those behind belong to it.
    fn in_string(&mut self, character: char, rest: &str) -> usize {
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            return 2;
        }
        if rest.starts_with("${") || rest.starts_with("%{") {
            self.open.push('$');
            return 1;
        }
        if character == '"' {
            self.open.pop();
        }
        usize::from(character == '\\')
    }

    /// The lines that close what is open.
    fn closing(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.heredoc.iter().cloned().collect();
        if self.in_comment {
            lines.push("*/".to_owned());
        }
        let brackets = self.open.iter().rev().filter_map(|bracket| match bracket {
            '{' => Some("}"),
            '[' => Some("]"),
            '(' => Some(")"),
            _ => None,
        });
        lines.extend(brackets.map(str::to_owned));
        lines
    }
}

/// The word behind `<<` or `<<-` at the end of a line.
fn heredoc(rest: &str) -> Option<&str> {
    let mark = rest.strip_prefix("<<")?;
    let mark = mark.strip_prefix('-').unwrap_or(mark).trim();
    let is_word = !mark.is_empty() && mark.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word.then_some(mark)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Origin;
    use super::*;

    fn lines(text: &str) -> Vec<Option<Line>> {
        let lines = (1_usize..).zip(text.split('\n')).map(|(line, text)| {
            Some(Line {
                text: text.to_owned(),
                origin: Origin {
                    line,
                    ..Origin::default()
                },
            })
        });
        lines.collect()
    }

    #[test]
    fn blocks_end_where_their_last_bracket_closes() {
        for (text, taken) in [
            ("aws_auth_roles = [\n  { a = 1 },\n]\nThanks,\nJo", 3),
            ("aws_auth_roles = concat(local.a, [\n  { a = \"]\" }, # ]\n])\n", 3),
            ("locals {\n  a = <<-EOT\n    - }\n  EOT\n}\nbye", 5),
            ("locals {\n  a = \"x-${lookup(b, \"}\")}-$${\"\n}\nbye", 3),
            ("locals {\n  /* }\n  } */\n}\nbye", 4),
            // What follows is of the same file.
            ("locals {\n}\n\n# next\nmodule \"eks\" {\n}\n\nRegards", 6),
            ("access_entries = {}\nauthentication_mode = \"API\"\nbye", 2),
            // A reference alone.
            ("aws_auth_roles = local.roles\nbye", 1),
            // Cut off: the end of the text, and another artifact.
            ("module \"eks\" {\n  a = [", 4),
            ("module \"eks\" {\n  a = 1\nError: Unauthorized", 3),
        ] {
            let lines = lines(text);
            let (block, _) = hcl(&lines).unwrap();
            assert_eq!(block.len(), taken, "{text}\n{block:#?}");
        }
        assert!(hcl(&lines("locals {\n  a = \"never closed\n}")).is_none());
    }

    #[test]
    fn prose_and_errors_begin_no_block() {
        for text in [
            "resource \"pods\" in API group \"\" {",
            "on main.tf line 5, in resource \"kubernetes_config_map\" \"aws_auth\":",
            "data: {\"a\": 1}",
            "with module.eks.aws_eks_access_entry.this[\"ops\"],",
            "module eks {",
            "the terraform { block",
        ] {
            assert_eq!(begins(text), None, "{text}");
        }
        for text in [
            "resource \"aws_eks_access_entry\" \"ops\" {",
            "locals {",
            "aws_auth_roles = [",
            "access_entries = {",
        ] {
            assert_eq!(begins(text), Some(Form::Hcl), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_lines_are_cut(text in "(locals \\{\n|aws_auth_roles = \\[\n|[{}\\[\\]()\"$#/*<\\\\ a=\n-]){0,40}") {
            let lines = lines(&text);
            if let Some((_, rest)) = hcl(&lines) {
                prop_assert!(rest.len() < lines.len());
            }
        }
    }
}
