//! Terraform's language within other text, and in what `terraform plan` prints.
//!
//! What comes of it is HCL with every word where it stood: prose is left out, line by line, and of a plan the state that is to
//! be remains: marks become spaces, lines that go are left out, of `old -> new` the new value stays. A block that is cut off
//! at the end of the text is closed.
//!
//! Source: `internal/command/jsonformat` of Terraform, which writes the marks `+`, `-`, `~`, `-/+`, `+/-` and `<=` before a line, and
//! within a text of several lines a column of marks two characters behind that of its `EOT`; releases before 1.4 write it in the
//! column of `EOT`.

use super::hcl;

/// Longer than what people paste.
const BYTES: usize = 512 * 1024;
/// So often the text is gone through at most.
const READINGS: usize = 8;
/// What Terraform writes for a value that it does not show.
const NOT_SHOWN: [&str; 4] = [
    "(config refers to values not yet known)",
    "(known after apply)",
    "(sensitive value)",
    "(sensitive)",
];
/// A value of HCL that is not written out.
const SOME_VALUE: &str = "known";
const ARROW: [char; 4] = [' ', '-', '>', ' '];

/// The HCL in a text that is more than HCL; nothing where there is none, or where the text is nothing else.
pub(super) fn hcl_in(text: &str) -> Option<String> {
    if text.len() > BYTES || text.trim_start().starts_with(['{', '[']) || hcl::is_too_much(text) {
        return None;
    }
    let lines: Vec<&str> = text.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    if !lines.iter().any(|line| begins(line)) || hcl::is_whole(text) {
        return None;
    }
    let is_first = lines
        .iter()
        .find(|line| is_written(line))
        .is_some_and(|line| begins(line) && unmark(line).0.is_none());
    let mut left = text.len().saturating_mul(READINGS);
    let mut kept: Vec<String> = vec![String::new(); lines.len()];
    let (mut at, mut covered) = (0_usize, 0_usize);
    let (mut is_found, mut has_prose) = (false, false);
    while let Some(line) = lines.get(at) {
        let rest = lines.get(at..).unwrap_or_default();
        let region = begins(line).then(|| Region::read(rest, &mut left)).flatten();
        if let Some(region) = &region {
            covered = covered.max(at.saturating_add(region.lines.len()));
        }
        // A file that is cut off is not repaired: it is Terraform's to say what is wrong with it.
        let region = region.filter(|region| region.open.is_empty() || !is_first);
        let Some(region) = region.filter(Region::is_whole) else {
            has_prose |= at >= covered && is_written(line);
            at = at.saturating_add(1);
            continue;
        };
        is_found = true;
        let behind = at.saturating_add(region.height());
        if kept.len() < behind {
            kept.resize(behind, String::new());
        }
        for (slot, line) in kept.iter_mut().skip(at).zip(region.all_lines()) {
            *slot = line;
        }
        at = behind;
    }
    (is_found && (has_prose || !is_first)).then(|| kept.join("\n"))
}

/// Whether a line has more than a comment.
fn is_written(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#') && !line.starts_with("//")
}

/// Whether a block, or a list of mappings, begins with a line, marked or not.
fn begins(line: &str) -> bool {
    if !line.contains(['=', '{']) {
        return false;
    }
    let (mark, text) = unmark(line);
    let text = unquoted(&text);
    let text = text.trim_start();
    mark != Some(Mark::Gone) && (hcl::begins_block(text) || hcl::assigns(text))
}

/// What a plan says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// `~`: some of it becomes another.
    Changed,
    /// `-`
    Gone,
    /// `+`, or one of the others.
    New,
}

/// A line with spaces in place of its mark.
fn unmark(line: &str) -> (Option<Mark>, String) {
    const MARKS: [(&str, Mark); 6] = [
        ("-/+", Mark::New),
        ("+/-", Mark::New),
        ("<=", Mark::New),
        ("+", Mark::New),
        ("~", Mark::Changed),
        ("-", Mark::Gone),
    ];
    let text = line.trim_start_matches(' ');
    let found = MARKS.into_iter().find_map(|(written, mark)| {
        let rest = text.strip_prefix(written)?;
        rest.starts_with(' ').then_some((mark, rest))
    });
    let Some((mark, rest)) = found else {
        return (None, line.to_owned());
    };
    let indentation = line.len().saturating_sub(rest.len());
    (Some(mark), format!("{}{rest}", " ".repeat(indentation)))
}

/// The same with spaces for the quotes around its key: a key at the top has none.
fn unquoted(line: &str) -> String {
    let text = line.trim_start();
    let indentation = line.len().saturating_sub(text.len());
    match text.strip_prefix('"').and_then(|text| text.split_once('"')) {
        Some((key, rest)) => format!("{} {key} {rest}", " ".repeat(indentation)),
        None => line.to_owned(),
    }
}

/// A block or an assignment.
struct Region {
    lines: Vec<String>,
    /// The brackets that are open at its end.
    open: Vec<char>,
}

impl Region {
    /// Reads the one that begins with the first line.
    fn read(lines: &[&str], left: &mut usize) -> Option<Self> {
        let mut region = Self {
            lines: Vec::new(),
            open: Vec::new(),
        };
        // How many brackets are open of what goes.
        let mut going: Option<Vec<char>> = None;
        let mut rest = lines;
        while let Some((line, behind)) = rest.split_first() {
            *left = left.checked_sub(line.len().saturating_add(1))?;
            if line.trim_start().starts_with("```") {
                return Some(region);
            }
            rest = behind;
            let is_first = region.lines.is_empty();
            let (mark, text) = unmark(line);
            if let Some(open) = &mut going {
                scan(&text, open);
                if open.is_empty() {
                    going = None;
                }
                region.lines.push(String::new());
                continue;
            }
            let text = if is_first { unquoted(&text) } else { text };
            let text = settled(&text);
            if mark == Some(Mark::Gone) {
                let mut open = Vec::new();
                scan(&text, &mut open);
                going = Some(open).filter(|open| !open.is_empty());
                region.lines.push(String::new());
                if let Some(tag) = heredoc_tag(&text) {
                    let (height, _) = heredoc_end(rest, tag)?;
                    rest = rest.get(height..)?;
                    region
                        .lines
                        .resize(region.lines.len().saturating_add(height), String::new());
                }
                continue;
            }
            if is_gap(&text) {
                region.lines.push(String::new());
                continue;
            }
            let tag = heredoc_tag(&text).map(str::to_owned);
            scan(&text, &mut region.open);
            region.lines.push(text.replace("<<~", "<<-"));
            if let Some(tag) = tag {
                let (height, column) = heredoc_end(rest, &tag)?;
                let body = rest.get(..height.checked_sub(1)?)?;
                *left = left.checked_sub(body.iter().map(|line| line.len()).sum::<usize>())?;
                region.heredoc(body, column, mark == Some(Mark::Changed));
                region.lines.push(format!("{}{tag}", " ".repeat(column)));
                rest = rest.get(height..)?;
            }
            if region.open.is_empty() {
                return Some(region);
            }
        }
        Some(region)
    }

    /// The lines of a text of several lines, without what goes.
    fn heredoc(&mut self, body: &[&str], column: usize, is_changed: bool) {
        let columns = [column.saturating_add(2), column];
        let marks = columns
            .into_iter()
            .find(|column| is_changed && has_marks(body, *column));
        for line in body {
            let mark = marks.and_then(|column| line.chars().nth(column));
            self.lines.push(match (marks, mark) {
                (Some(_), Some('-')) => String::new(),
                (Some(column), Some('+')) => {
                    let behind: String = line.chars().skip(column.saturating_add(1)).collect();
                    format!("{}{behind}", " ".repeat(column.saturating_add(1)))
                }
                _ => (*line).to_owned(),
            });
        }
    }

    /// What closes it.
    fn closing(&self) -> impl Iterator<Item = String> {
        self.open.iter().rev().map(|open| match open {
            '{' => "}".to_owned(),
            '[' => "]".to_owned(),
            _ => ")".to_owned(),
        })
    }

    fn all_lines(&self) -> impl Iterator<Item = String> {
        self.lines.iter().cloned().chain(self.closing())
    }

    fn height(&self) -> usize {
        self.lines.len().saturating_add(self.open.len())
    }

    fn is_whole(&self) -> bool {
        let lines: Vec<String> = self.all_lines().collect();
        hcl::is_whole(&format!("{}\n", lines.join("\n")))
    }
}

/// Whether each line has a mark or a space there, with a space behind, and some line a mark.
fn has_marks(body: &[&str], column: usize) -> bool {
    let mut has_mark = false;
    let is_right = body.iter().filter(|line| !line.trim().is_empty()).all(|line| {
        let mut letters = line.chars();
        let is_free = letters.by_ref().take(column).all(|letter| letter == ' ');
        let (mark, behind) = (letters.next(), letters.next());
        has_mark |= matches!(mark, Some('+' | '-'));
        is_free && matches!(mark, Some('+' | '-' | ' ')) && matches!(behind, None | Some(' '))
    });
    is_right && has_mark
}

/// The letters of a line that stand in no string, each with its place.
fn outside_strings(line: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut in_string, mut escaped) = (false, false);
    line.chars().enumerate().filter(move |(_, letter)| {
        let is_outside = !in_string && *letter != '"';
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = in_string,
            '"' => in_string = !in_string,
            _ => {}
        }
        is_outside
    })
}

/// Opens and closes the brackets of a line that stand in no string and no comment.
fn scan(line: &str, open: &mut Vec<char>) {
    let mut letters = outside_strings(line).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '#' => return,
            '/' if letters.peek() == Some(&(at.saturating_add(1), '/')) => return,
            '{' | '[' | '(' => open.push(letter),
            '}' | ']' | ')' => {
                open.pop();
            }
            _ => {}
        }
    }
}

/// The word that ends the text of several lines that begins at the end of a line.
fn heredoc_tag(line: &str) -> Option<&str> {
    let (_, tag) = line.trim_end().rsplit_once("<<")?;
    let tag = tag.strip_prefix(['-', '~']).unwrap_or(tag);
    let is_tag = !tag.is_empty()
        && tag
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_tag.then_some(tag)
}

/// How many lines it takes, with that of its end, and the column of that.
fn heredoc_end(lines: &[&str], tag: &str) -> Option<(usize, usize)> {
    let (at, line) = (1_usize..)
        .zip(lines)
        .find(|(_, line)| line.split_whitespace().next() == Some(tag))?;
    let column = line.len().saturating_sub(line.trim_start().len());
    Some((at, column))
}

/// Of `old -> new` the new value, and some value where none is shown; as long as it was.
fn settled(line: &str) -> String {
    let letters: Vec<char> = line.chars().collect();
    let (mut value, mut arrow) = (None, None);
    for (at, letter) in outside_strings(line) {
        match letter {
            '=' if value.is_none() => value = Some(at.saturating_add(1)),
            ' ' if letters.get(at..at.saturating_add(ARROW.len())) == Some(ARROW.as_slice()) => {
                arrow = Some(at);
                break;
            }
            _ => {}
        }
    }
    let mut text = line.to_owned();
    if let Some(arrow) = arrow {
        let indentation = letters.iter().take_while(|letter| **letter == ' ').count();
        let start = value.unwrap_or(indentation);
        let is_end = letters.get(indentation).is_some_and(|letter| "}])".contains(*letter));
        let behind = arrow.saturating_add(ARROW.len());
        text = if is_end {
            letters.iter().take(arrow).collect()
        } else {
            let spaces = std::iter::repeat_n(' ', behind.saturating_sub(start));
            let old = letters.iter().take(start).copied();
            old.chain(spaces).chain(letters.iter().skip(behind).copied()).collect()
        };
    }
    for words in NOT_SHOWN {
        if text.contains(words) {
            text = text.replace(words, &format!("{SOME_VALUE:<width$}", width = words.len()));
        }
    }
    text
}

/// Whether a line only says that something was left out.
fn is_gap(line: &str) -> bool {
    let text = line.trim();
    (text.contains("...") || text.contains('…')) && text.chars().all(|letter| " .…[]<>()".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_plan_what_is_to_be_remains() {
        const PLAN: &str = "Terraform will do this:

  # module.eks.x will be updated in-place
  ~ resource \"kubernetes_config_map_v1_data\" \"aws_auth\" {
        id   = \"kube-system/aws-auth\"
      ~ data = {
          - \"mapUsers\" = \"[]\" -> null
          ~ \"mapRoles\" = <<-EOT
                - rolearn: a
              -   username: old
              +   username: new
              + - rolearn: b
            EOT
        }
        # (2 unchanged attributes hidden)
      ~ force = false -> true
    }

Plan: 0 to add";
        let found = hcl_in(PLAN).unwrap();
        let wanted = "


    resource \"kubernetes_config_map_v1_data\" \"aws_auth\" {
        id   = \"kube-system/aws-auth\"
        data = {

            \"mapRoles\" = <<-EOT
                - rolearn: a

                  username: new
                - rolearn: b
            EOT
        }
        # (2 unchanged attributes hidden)
        force =          true
    }

";
        assert_eq!(found, wanted);
        for (line, wanted) in [
            ("a = (known after apply)", format!("a = known{}", " ".repeat(14))),
            (
                "a = \"-> b\" -> (sensitive value)",
                format!("a ={}known{}", " ".repeat(11), " ".repeat(12)),
            ),
            ("  \"a\" -> \"b\",", format!("  {}\"b\",", " ".repeat(7))),
            ("  } -> null", "  }".to_owned()),
            ("a = b # c", "a = b # c".to_owned()),
        ] {
            assert_eq!(settled(line), wanted, "{line}");
        }
    }

    #[test]
    fn prose_is_left_out_and_what_is_cut_off_is_closed() {
        for (text, wanted) in [
            (
                "We have this:\n\nlocals {\n  map_roles = []\n}\nand no more",
                "\n\nlocals {\n  map_roles = []\n}\n",
            ),
            (
                "We have this:\n  map_roles = [\n    {\n...",
                "\n  map_roles = [\n    {\n\n}\n]",
            ),
            (
                "it says `map_roles = x` here\nmap_roles = local.x\nso",
                "\nmap_roles = local.x\n",
            ),
            // Of the old and the new mark, only one fits.
            (
                "so\n  ~ \"mapRoles\" = <<~EOT\n      + - a\n        - b\n      - - c\n      EOT\n",
                "\n     mapRoles  = <<-EOT\n        - a\n        - b\n\n      EOT\n",
            ),
        ] {
            assert_eq!(hcl_in(text).as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_hcl_or_none_is_left_as_it_is() {
        for text in [
            "",
            "no HCL at all",
            "locals {\n  map_roles = []\n}\n",
            // Broken files are the parser's to judge.
            "locals {\n  map_roles = [\n}\n",
            "locals {\n  map_roles = []\n",
            "we said: module \"x\" { and more {",
            "- module \"x\" {\n",
            "{\"map_roles\": []}",
        ] {
            assert_eq!(hcl_in(text), None, "{text}");
        }
    }
}
