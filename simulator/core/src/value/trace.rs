//! The evidence of a decision: each check in order, with what was expected and what was found.
//!
//! The log line, `explain` and the tests all read the same trace. A trace never holds a secret key,
//! a session token or a whole bearer token.

/// One rule that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A stable name such as `token.prefix`; the part before the dot is the stage.
    pub id: &'static str,
    /// What the rule asks, as one sentence without a period.
    pub rule: &'static str,
    /// How it went.
    pub verdict: Verdict,
    /// What the rule wanted, where that says more than the rule.
    pub expected: Option<String>,
    /// What was found.
    pub got: Option<String>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds, or the candidate matched.
    Passed,
    /// The rule is broken and ended the decision.
    Failed,
    /// The candidate did not match, and the decision went on to the next one.
    Missed,
}

/// Checks in the order in which they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    checks: Vec<Check>,
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty trace with room for so many checks.
    pub(crate) fn with_capacity(checks: usize) -> Self {
        Self {
            checks: Vec::with_capacity(checks),
        }
    }

    /// All checks, first to last.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size(&self) -> usize {
        let texts = self.checks.iter().flat_map(|check| [&check.expected, &check.got]);
        let texts: usize = texts.flatten().map(String::len).sum();
        self.checks.len() * size_of::<Check>() + texts
    }

    /// The check that ended the decision, if one failed.
    #[must_use]
    pub fn failed(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.verdict == Verdict::Failed)
    }

    /// Records a rule that holds.
    pub fn passed(&mut self, id: &'static str, rule: &'static str, got: impl Into<Option<String>>) {
        self.push(id, rule, Verdict::Passed, None, got.into());
    }

    /// Records the rule that ended the decision.
    pub fn failed_on(
        &mut self,
        id: &'static str,
        rule: &'static str,
        expected: impl Into<Option<String>>,
        got: impl Into<Option<String>>,
    ) {
        self.push(id, rule, Verdict::Failed, expected.into(), got.into());
    }

    /// Records a candidate that did not match.
    pub fn missed(
        &mut self,
        id: &'static str,
        rule: &'static str,
        expected: impl Into<Option<String>>,
        got: impl Into<Option<String>>,
    ) {
        self.push(id, rule, Verdict::Missed, expected.into(), got.into());
    }

    /// The same checks, with what was wanted and got in other words.
    #[must_use]
    pub(crate) fn reworded(mut self, reword: impl Fn(&str) -> String) -> Self {
        for check in &mut self.checks {
            for text in [&mut check.expected, &mut check.got].into_iter().flatten() {
                *text = reword(text);
            }
        }
        self
    }

    /// Adds the checks of a later stage.
    pub fn extend(&mut self, later: Self) {
        self.checks.extend(later.checks);
    }

    fn push(
        &mut self,
        id: &'static str,
        rule: &'static str,
        verdict: Verdict,
        expected: Option<String>,
        got: Option<String>,
    ) {
        self.checks.push(Check {
            id,
            rule,
            verdict,
            expected,
            got,
        });
    }
}
