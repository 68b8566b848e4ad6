//! `lint`: what is wrong with an `aws-auth` ConfigMap, access entries or a kubeconfig, and with the forms of other tools.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use clap::Args;
use clap::ValueEnum;
use eks_auth_core::explain::lint;
use eks_auth_core::explain::lint::Context;
use eks_auth_core::explain::lint::Finding;
use eks_auth_core::explain::lint::Rule;
use eks_auth_core::explain::lint::Severity;
use eks_auth_core::value::arn::AccountId;
use eks_auth_core::value::arn::Partition;
use eks_auth_core::value::printable;
use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::Output;
use super::excerpt;
use super::excerpt::Lines;
use super::terminal;

/// So many findings of a file are printed for people. A program gets all of them.
const PRINTED: usize = 1000;
/// So many characters before and behind a value are shown of its line: more than a terminal has.
const AROUND: usize = 500;

/// Find mistakes in an aws-auth ConfigMap, access entries or a kubeconfig
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kubectl get configmap aws-auth -n kube-system -o yaml | eks-auth-sim lint -\n  \
                  eks-auth-sim lint ~/.kube/config aws-auth.yaml main.tf cluster.yaml\n\n\
                  The exit code is 1 where there is a finding of level error, 2 where a file cannot be read."
)]
pub(super) struct Lint {
    /// The files to read; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "rules")]
    files: Vec<String>,
    /// What the files are [default: found out from their content]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The account of the cluster, to tell nodes of other accounts
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<AccountId>,
    /// The region of the cluster, to tell ARNs of other partitions
    #[arg(long)]
    region: Option<String>,
    /// Print the rules instead
    #[arg(long, conflicts_with_all = ["files", "kind", "account", "region"])]
    rules: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The aws-auth ConfigMap, or a part of it
    AwsAuth,
    /// What `aws eks describe-access-entry` and its like print
    AccessEntries,
    /// A kubeconfig
    Kubeconfig,
}

impl From<Kind> for lint::FileKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::AwsAuth => Self::AwsAuth,
            Kind::AccessEntries => Self::AccessEntries,
            Kind::Kubeconfig => Self::Kubeconfig,
        }
    }
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|error| error.to_string())
}

impl Lint {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let mut out = terminal::out();
        if self.rules {
            match self.output {
                Output::Json => out.json(format_args!("{:#}", rules_value()))?,
                Output::Text => write!(out, "{}", rules_text())?,
            }
            return Ok(ExitCode::SUCCESS);
        }
        let context = Context {
            kind: self.kind.map(Into::into),
            account: self.account,
            partition: self.region.as_deref().map(Partition::of_region),
        };
        let renderer = terminal::renderer();
        let (mut values, mut unread, mut has_error) = (Vec::new(), Vec::new(), false);
        for file in &self.files {
            let text = match read(file) {
                Ok(text) => text,
                Err(error) => {
                    unread.push(format!("cannot read `{file}`: {error}"));
                    continue;
                }
            };
            let findings = lint::lint(&text, &context);
            has_error |= findings.iter().any(|finding| finding.severity == Severity::Error);
            match self.output {
                Output::Json => values.extend(findings.iter().map(|finding| value(file, finding))),
                Output::Text => {
                    let print = |shown: &str| out.verbatim(shown.as_bytes());
                    print_findings(print, file, &text, &findings, &renderer)?;
                }
            }
        }
        if self.output == Output::Json {
            out.json(format_args!("{:#}", Value::from(values)))?;
        }
        if !unread.is_empty() {
            return Err(Failure::usage(unread.join("; ")));
        }
        Ok(ExitCode::from(u8::from(has_error)))
    }
}

fn read(file: &str) -> io::Result<String> {
    let bytes = super::read_file(file, "it is larger than 16 MiB")?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

fn rules_value() -> Value {
    let rule =
        |rule: &Rule| json!({"rule": rule.id(), "severity": rule.severity().to_string(), "sentence": rule.sentence()});
    Rule::ALL.iter().map(rule).collect()
}

fn rules_text() -> String {
    let mut text = String::new();
    let width = Rule::ALL.iter().map(|rule| rule.id().len()).max().unwrap_or_default();
    for rule in Rule::ALL {
        let severity = rule.severity().to_string();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:width$}  {severity:7}  {}", rule.id(), rule.sentence());
    }
    text
}

fn value(file: &str, finding: &Finding) -> Value {
    json!({
        "file": file,
        "line": finding.line,
        "column": finding.column,
        "rule": finding.rule.id(),
        "severity": finding.severity.to_string(),
        "message": finding.message,
        "fix": finding.fix,
    })
}

fn print_findings(
    mut print: impl FnMut(&str) -> io::Result<()>,
    file: &str,
    text: &str,
    findings: &[Finding],
    renderer: &Renderer,
) -> io::Result<()> {
    let mut excerpts = Excerpts::new(text);
    for finding in findings.iter().take(PRINTED) {
        print(&(render(file, &mut excerpts, finding, renderer) + "\n"))?;
    }
    match findings.len().saturating_sub(PRINTED) {
        0 => Ok(()),
        more => {
            let file = printable::line(file);
            print(&format!("{file}: {more} more findings; `--output json` prints all\n"))
        }
    }
}

/// The lines of a text as they may be shown, in the order of its findings. Several findings of one line share it.
struct Excerpts<'a> {
    lines: Lines<'a>,
    line: usize,
    shown: Vec<char>,
}

impl<'a> Excerpts<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: Lines::new(text),
            line: 0,
            shown: Vec::new(),
        }
    }

    /// A finding's line, or what is around its value of a long one, and in which column of that it is.
    fn around(&mut self, finding: &Finding) -> (String, usize) {
        if self.line != finding.line {
            self.line = finding.line;
            let source = masked(self.lines.find(finding.line));
            self.shown = printable::in_place(&source).chars().collect();
        }
        let before = finding.column.saturating_sub(1);
        let from = before.saturating_sub(AROUND);
        let source = self.shown.iter().skip(from).take(2 * AROUND);
        (source.collect(), finding.column.saturating_sub(from))
    }
}

/// A finding with its line, a marker beneath the value, and the fix.
fn render(file: &str, excerpts: &mut Excerpts<'_>, finding: &Finding, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let Finding {
        line, column, length, ..
    } = *finding;
    let head = format!(
        "{}:{line}:{column}: {}[{}]: {}",
        printable::line(file),
        finding.severity,
        finding.rule.id(),
        printable::line(&finding.message)
    );
    // A finding at the end of the text has no line to show.
    let (source, column) = excerpts.around(finding);
    let snippet = excerpt::snippet(&source, line, column, length);
    let fix = Level::HELP.with_name("fix").message(printable::line(&finding.fix));
    let group = Group::with_level(level).element(snippet).element(fix);
    format!("{head}\n{}\n", renderer.render(&[group]))
}

/// A line with `*` for each character of what looks like a secret: a kubeconfig has some, and findings end up in logs.
fn masked(line: &str) -> String {
    const SECRET_KEYS: [&str; 5] = ["bearerToken", "client-key-data", "id-token", "password", "token"];
    // Secret access keys have 40 characters, session tokens and keys more.
    const SHORTEST: usize = 40;
    let is_end = |character: char| character.is_whitespace() || "\"'`,{}[]()".contains(character);
    let base64 = |character: char| character.is_ascii_alphanumeric() || "+/=_-".contains(character);
    let (mut safe, mut is_value) = (String::new(), false);
    for piece in line.split_inclusive(is_end) {
        let word = piece.trim_end_matches(is_end);
        let secret = is_value
            || word.starts_with("k8s-aws-v1.")
            || (word.len() >= SHORTEST && (word.chars().all(base64) || word.starts_with("eyJ")));
        if !word.is_empty() && word != ":" {
            is_value = SECRET_KEYS.contains(&word.trim_end_matches(':'));
        }
        if secret {
            let mask = piece.chars().map(|character| {
                if is_end(character) || character == ':' {
                    character
                } else {
                    '*'
                }
            });
            safe.extend(mask);
        } else {
            safe.push_str(piece);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rendered(text: &str) -> String {
        let findings = lint::lint(text, &Context::default());
        let renderer = Renderer::plain();
        let mut excerpts = Excerpts::new(text);
        let texts: Vec<String> = findings
            .iter()
            .map(|found| render("x.yaml", &mut excerpts, found, &renderer))
            .collect();
        texts.join("\n")
    }

    /// By size: a line was gone through for each of its findings, and shown whole. These would be 2 GB.
    #[test]
    fn a_line_with_many_findings_is_gone_through_once() {
        let items = "\"x\", ".repeat(20_000);
        let text = format!("[{{\"rolearn\": \"\"}}, {items}7]");
        let findings = lint::lint(&text, &Context::default());
        assert!(findings.len() > 20_000);
        let mut out = String::new();
        let print = |shown: &str| {
            out.push_str(shown);
            Ok(())
        };
        print_findings(print, "x.json", &text, &findings, &Renderer::plain()).unwrap();
        assert!(out.len() < 2_000_000);
        let more = findings.len() - PRINTED;
        assert!(out.ends_with(&format!("x.json: {more} more findings; `--output json` prints all\n")));
    }

    #[test]
    fn the_marker_of_a_long_line_is_beneath_its_value() {
        let text = format!(
            "[{}{{\"rolearn\": \"arn:aws:iam::111122223333:root\"}}]",
            "{\"sso\": {}}, ".repeat(400)
        );
        let findings = lint::lint(&text, &Context::default());
        let root = findings.iter().find(|found| found.rule == Rule::AuthRoot).unwrap();
        let shown = render("x", &mut Excerpts::new(&text), root, &Renderer::plain());
        let mut lines = shown.lines().skip_while(|line| !line.contains("111122223333"));
        let (source, marks) = (lines.next().unwrap(), lines.next().unwrap());
        assert_eq!(source.find("\"arn:"), marks.find('^'), "{shown}");
    }

    #[test]
    fn a_finding_shows_its_line_with_a_marker() {
        let text = "- rolearn: arn:aws:iam::111122223333:role/team/dev\n  username: dev\n  groups: [dev]\n";
        assert_eq!(
            rendered(text),
            "x.yaml:1:12: error[aws-auth/role-with-path]: STS shows this role as \
             `arn:aws:iam::111122223333:role/dev`, so the item matches nobody
  |
1 | - rolearn: arn:aws:iam::111122223333:role/team/dev
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = fix: write `arn:aws:iam::111122223333:role/dev`
"
        );
    }

    #[test]
    fn a_finding_at_the_end_of_the_text_is_shown() {
        for text in ["", "\n", "a: [\n", "a: [", "é: \"", "\u{feff}a: [\r\n"] {
            assert!(rendered(text).contains("fix: "), "{text:?}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        for (line, wanted) in [
            ("token: k8s-aws-v1.aHR0", "token: ***************"),
            ("{\"token\": \"abc\", \"x\": 1}", "{\"token\": \"***\", \"x\": 1}"),
            ("{\"token\" : \"abc\"}", "{\"token\" : \"***\"}"),
            ("{\"bearerToken\": \"abc\"}", "{\"bearerToken\": \"***\"}"),
            (
                "- rolearn: arn:aws:iam::111122223333:role/a-role-with-a-very-long-name-in-it",
                "",
            ),
            ("    - token", ""),
        ] {
            assert_eq!(masked(line), if wanted.is_empty() { line } else { wanted });
        }
        assert!(!masked(&format!("  - {{name: AWS_SECRET_ACCESS_KEY, value: {secret}}}")).contains(secret));
    }

    #[test]
    fn a_finding_says_nothing_to_the_terminal() {
        let text = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [\"a,\\e[2J\\n\"]\n";
        let text = rendered(text);
        assert!(text.contains(r"`a,\u{1b}[2J\n` is one group"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    proptest! {
        #[test]
        fn any_line_is_shown(line in any::<String>(), at in 1_usize..40, length in 1_usize..40) {
            let finding = Finding {
                rule: Rule::InputBroken,
                severity: Severity::Error,
                line: 1,
                column: at,
                length,
                message: line.clone(),
                fix: line.clone(),
            };
            let shown = render(&line, &mut Excerpts::new(&line), &finding, &Renderer::plain());
            prop_assert!(!shown.is_empty());
            prop_assert!(!shown.chars().any(|c| printable::is_hidden(c) && c != '\n'), "{:?}", shown);
            prop_assert_eq!(masked(&line).chars().count(), line.chars().count());
        }
    }

    #[test]
    fn json_has_the_place_and_the_fix() {
        let text = "- rolearn: arn:aws:iam::111122223333:root\n  username: dev\n  groups: [dev]\n";
        let findings = lint::lint(text, &Context::default());
        let values: Vec<Value> = findings.iter().map(|found| value("-", found)).collect();
        let wanted = json!([{
            "file": "-",
            "line": 1,
            "column": 12,
            "rule": "aws-auth/root",
            "severity": "warning",
            "message": "this is the account's root user alone, not its principals",
            "fix": "map a role instead",
        }]);
        assert_eq!(Value::from(values), wanted);
    }

    #[test]
    fn the_rules_are_one_a_line() {
        let text = rules_text();
        assert_eq!(text.lines().count(), Rule::ALL.len());
        assert!(text.lines().any(|line| line.starts_with("input/broken ")));
    }
}
