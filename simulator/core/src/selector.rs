//! Label and field selectors, as they stand in a query.
//!
//! Source: `apimachinery/pkg/labels/selector.go` and `apimachinery/pkg/fields/selector.go` of Kubernetes 1.32.

/// A conjunction of requirements on labels. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: LabelOperator,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LabelOperator {
    Exists,
    DoesNotExist,
    In,
    NotIn,
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (x,y),f notin (z),g,!h`.
    ///
    /// # Errors
    /// [`SelectorError`] where the text is no such list.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut requirements = Vec::new();
        for part in split_requirements(text) {
            let part = part.trim();
            if !part.is_empty() {
                requirements.push(requirement(part).ok_or_else(|| SelectorError {
                    selector: text.to_owned(),
                })?);
            }
        }
        Ok(Self { requirements })
    }

    /// Whether an object with such labels is selected; `label` gives the value of a key.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| {
            let found = label(&requirement.key);
            let listed = found.is_some_and(|found| requirement.values.iter().any(|value| value == found));
            match requirement.operator {
                LabelOperator::Exists => found.is_some(),
                LabelOperator::DoesNotExist => found.is_none(),
                LabelOperator::In => listed,
                LabelOperator::NotIn => !listed,
            }
        })
    }
}

/// Splits at the commas that stand in no parentheses.
fn split_requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let made = |key: &str, operator, values: Vec<String>| {
        let key = key.trim();
        is_label_key(key).then(|| Requirement {
            key: key.to_owned(),
            operator,
            values,
        })
    };
    let one = |value: &str| {
        let value = value.trim();
        is_label_value(value).then(|| vec![value.to_owned()])
    };
    if let Some(key) = text.strip_prefix('!') {
        return made(key, LabelOperator::DoesNotExist, Vec::new());
    }
    if let Some((key, value)) = text.split_once("!=") {
        return made(key, LabelOperator::NotIn, one(value)?);
    }
    if let Some((key, value)) = text.split_once('=') {
        return made(key, LabelOperator::In, one(value.strip_prefix('=').unwrap_or(value))?);
    }
    if let Some((head, values)) = text.split_once('(') {
        let (key, operator) = head.trim().rsplit_once(char::is_whitespace)?;
        let values = values.trim().strip_suffix(')')?;
        let values: Option<Vec<String>> = values
            .split(',')
            .map(str::trim)
            .map(|value| is_label_value(value).then(|| value.to_owned()))
            .collect();
        let operator = match operator {
            "in" => LabelOperator::In,
            "notin" => LabelOperator::NotIn,
            _ => return None,
        };
        return made(key, operator, values?);
    }
    made(text, LabelOperator::Exists, Vec::new())
}

/// A qualified name: an optional prefix and a slash, then a name.
fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let good_prefix = prefix.is_none_or(|prefix| {
        !prefix.is_empty()
            && prefix
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
    });
    good_prefix && !name.is_empty() && is_label_value(name)
}

fn is_label_value(value: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    value.is_empty()
        || (value.len() <= 63
            && value.chars().all(inner)
            && edge(value.chars().next())
            && edge(value.chars().next_back()))
}

/// A conjunction of comparisons of fields. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    terms: Vec<FieldTerm>,
}

/// One comparison of a field selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// Such as `metadata.name`.
    pub field: String,
    /// Whether the field must have the value or must not.
    pub operator: FieldOperator,
    /// Without escapes.
    pub value: String,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOperator {
    /// `=` or `==`.
    Equal,
    /// `!=`.
    NotEqual,
}

impl FieldSelector {
    /// Reads `a=b,c==d,e!=f`, in values `\,`, `\=` and `\\` standing for themselves.
    ///
    /// # Errors
    /// [`SelectorError`] where the text is no such list.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        field_terms(text)
            .map(|terms| Self { terms })
            .ok_or_else(|| SelectorError {
                selector: text.to_owned(),
            })
    }

    /// The comparisons in order.
    #[must_use]
    pub fn terms(&self) -> &[FieldTerm] {
        &self.terms
    }

    /// Whether an object with such fields is selected; a field that is not there is empty.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.terms.iter().all(|term| {
            let equal = field(&term.field).unwrap_or_default() == term.value;
            equal == (term.operator == FieldOperator::Equal)
        })
    }
}

fn field_terms(selector: &str) -> Option<Vec<FieldTerm>> {
    let mut terms = Vec::new();
    let mut field = String::new();
    let mut operator = None;
    let mut value = String::new();
    let mut characters = selector.chars().peekable();
    loop {
        let next = characters.next();
        match (next, &operator) {
            (Some(',') | None, _) => {
                match operator.take() {
                    Some(operator) => terms.push(FieldTerm {
                        field: std::mem::take(&mut field),
                        operator,
                        value: std::mem::take(&mut value),
                    }),
                    None if field.is_empty() => {}
                    None => return None,
                }
                if next.is_none() {
                    return Some(terms);
                }
            }
            (Some('='), None) => {
                characters.next_if_eq(&'=');
                operator = Some(FieldOperator::Equal);
            }
            (Some('!'), None) if characters.next_if_eq(&'=').is_some() => operator = Some(FieldOperator::NotEqual),
            (Some('\\'), Some(_)) => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => value.push(escaped),
                _ => return None,
            },
            // A bare `=` in a value must be escaped.
            (Some('='), Some(_)) => return None,
            (Some(other), None) => field.push(other),
            (Some(other), Some(_)) => value.push(other),
        }
    }
}

/// Text that is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse requirement: `{selector}` is no selector")]
pub struct SelectorError {
    /// The text as it came.
    pub selector: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: &[(&'static str, &'static str)], expected: bool) {
        let selector = LabelSelector::parse(selector).unwrap();
        let label = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        assert_eq!(selector.matches(label), expected, "{selector:?}");
    }

    #[test]
    fn labels_are_selected_as_the_api_server_selects_them() {
        let labels = [("app", "web"), ("tier", ""), ("a.io/x", "1")];
        check("", &labels, true);
        check("app=web", &labels, true);
        check("app==web,tier=", &labels, true);
        check("app = web", &labels, true);
        check("app!=web", &labels, false);
        check("missing!=web", &labels, true);
        check("app in (api, web)", &labels, true);
        check("app notin (api,web)", &labels, false);
        check("missing notin (x)", &labels, true);
        check("missing in (x)", &labels, false);
        check("a.io/x", &labels, true);
        check("!a.io/x", &labels, false);
        check("!missing,app", &labels, true);
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for text in [
            "=a",
            "a in x",
            "a in (x",
            "a~b",
            "-a=b",
            "a=b=c",
            "a like (x)",
            "A.io/x/y=1",
        ] {
            assert!(LabelSelector::parse(text).is_err(), "{text}");
        }
        for text in ["a", "a=b=c", "a=\\x"] {
            assert!(FieldSelector::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fields_are_compared_and_absent_ones_are_empty() {
        let field = |name: &str| (name == "metadata.name").then_some("a,b");
        for (text, expected) in [
            ("", true),
            (r"metadata.name=a\,b", true),
            (r"metadata.name==a\,b,other=", true),
            (r"metadata.name!=a\,b", false),
            ("other!=x", true),
        ] {
            assert_eq!(FieldSelector::parse(text).unwrap().matches(field), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".*") {
            let _ = LabelSelector::parse(&text);
            let _ = FieldSelector::parse(&text);
        }
    }
}
