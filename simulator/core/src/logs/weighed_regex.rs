//! Regular expressions of queries and filter patterns, with what a match costs.
//!
//! A match of the `regex` crate takes time linear in the text, times up to the places of the expression that can be
//! active at once: `[ab]*a[ab]{500}` has five hundred. [`WeighedRegex::steps`] says so before the match is tried.

use regex::Captures;
use regex::Regex;
use regex::RegexBuilder;

/// How much memory a compiled expression may take, in bytes, tried from the first: it is counted as the one that is enough.
const SIZES: [usize; 4] = [1 << 14, 1 << 16, 1 << 18, 1 << 20];
/// How much the engine may remember of an expression while it looks for it, in bytes; large ones need more.
const MAX_MEMORY: usize = 1 << 18;
/// How deep groups and repetitions may nest.
const MAX_NESTING: u32 = 50;

/// A compiled expression.
#[derive(Clone, Debug)]
pub(super) struct WeighedRegex {
    regex: Regex,
    /// At most so many places of it are active at once.
    weight: usize,
}

impl WeighedRegex {
    /// Compiles a pattern, and takes its size from `room`, in bytes, which is what all of a query may have.
    ///
    /// # Errors
    /// The engine's.
    pub(super) fn compile(pattern: &str, room: &mut usize) -> Result<Self, regex::Error> {
        let mut refusal = regex::Error::CompiledTooBig(*room);
        for size in SIZES.into_iter().filter(|size| *size <= *room) {
            let compiled = RegexBuilder::new(pattern)
                .size_limit(size)
                .dfa_size_limit(size.max(MAX_MEMORY))
                .nest_limit(MAX_NESTING)
                .build();
            match compiled {
                Ok(regex) => {
                    *room -= size;
                    return Ok(Self {
                        regex,
                        weight: weight(pattern),
                    });
                }
                Err(error @ regex::Error::CompiledTooBig(_)) => refusal = error,
                Err(error) => return Err(error),
            }
        }
        Err(refusal)
    }

    /// What looking for it in a text of so many bytes may cost.
    pub(super) fn steps(&self, length: usize) -> usize {
        length.saturating_mul(self.weight)
    }

    /// What [`WeighedRegex::captures`] may cost: places are kept for each group.
    pub(super) fn capture_steps(&self, length: usize) -> usize {
        self.steps(length)
            .saturating_mul(self.regex.captures_len().div_ceil(8).max(1))
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex.captures(text)
    }

    /// How many groups it has, the whole match counted.
    pub(super) fn captures_len(&self) -> usize {
        self.regex.captures_len()
    }

    /// The names of its groups, from the whole match on.
    pub(super) fn capture_names(&self) -> impl Iterator<Item = Option<&str>> {
        self.regex.capture_names()
    }
}

/// How many characters a match has to look for, each repetition counted as often as it may stand there. A pattern without
/// operators is found as a text is.
fn weight(pattern: &str) -> usize {
    const OPERATORS: &str = "\\.+*?()|[]{}^$";
    if !pattern.contains(|c| OPERATORS.contains(c)) {
        return 1;
    }
    // What each open group has so far, and its last part.
    let mut groups: Vec<usize> = Vec::new();
    let (mut here, mut last) = (0_usize, 0_usize);
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '(' => {
                groups.push(here);
                (here, last) = (0, 0);
            }
            ')' => {
                last = here;
                here = groups.pop().unwrap_or_default().saturating_add(last);
            }
            '{' => {
                let (numbers, behind) = rest.as_str().split_once('}').unwrap_or_default();
                let times = times(numbers);
                rest = behind.chars();
                here = here.saturating_add(last.saturating_mul(times.saturating_sub(1)));
                last = last.saturating_mul(times);
            }
            '*' | '+' | '?' | '|' | '^' | '$' => {}
            _ => {
                match c {
                    '\\' => {
                        rest.next();
                    }
                    '[' => skip_class(&mut rest),
                    _ => {}
                }
                last = 1;
                here = here.saturating_add(1);
            }
        }
    }
    groups.into_iter().fold(here, usize::saturating_add).max(1)
}

/// The greatest number of `n`, `n,` and `n,m`; 1 where it is none of these.
fn times(inside: &str) -> usize {
    let numbers = inside.split(',').map(|number| number.trim().parse::<usize>().ok());
    numbers.flatten().max().unwrap_or(1).max(1)
}

/// Goes behind the bracket that closes a class; classes stand inside of classes.
fn skip_class(rest: &mut std::str::Chars<'_>) {
    let mut depth = 1_usize;
    // A bracket that comes first is one of the class's own characters.
    let mut is_first = true;
    while depth > 0 {
        match rest.next() {
            None => return,
            Some('^') if is_first => continue,
            Some('\\') => {
                rest.next();
            }
            Some('[') => {
                depth = depth.saturating_add(1);
                is_first = true;
                continue;
            }
            Some(']') if !is_first => depth = depth.saturating_sub(1),
            Some(_) => {}
        }
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_weighs_what_its_repetitions_come_to() {
        for (pattern, wanted) in [
            ("", 1),
            ("kube-apiserver", 1),
            ("user=.", 6),
            ("[ab]*a[ab]{500}", 502),
            ("(a{10}b){20}", 220),
            ("(a(b[])^x]){3}){2,5}", 35),
            (r"\d{2,}x", 3),
            ("[[:alpha:]]{3}", 3),
        ] {
            assert_eq!(weight(pattern), wanted, "{pattern}");
        }
    }

    #[test]
    fn the_expressions_of_a_query_share_one_room() {
        let mut room = 3 << 14;
        for _ in 0..3 {
            assert!(WeighedRegex::compile("a.", &mut room).is_ok());
        }
        assert!(matches!(
            WeighedRegex::compile("a.", &mut room),
            Err(regex::Error::CompiledTooBig(0))
        ));
        assert!(matches!(
            WeighedRegex::compile("(", &mut (1 << 20)),
            Err(regex::Error::Syntax(_))
        ));
    }
}
