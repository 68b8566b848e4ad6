//! Label and field selectors, as they stand in a query.
//!
//! Source: `apimachinery/pkg/labels/selector.go` and `apimachinery/pkg/fields/selector.go` of Kubernetes 1.32.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::kube::object::items;
use crate::kube::object::text;
use crate::value::log::go_quote;

/// A conjunction of requirements on labels. The empty one matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: LabelOperator,
    /// In order.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LabelOperator {
    Exists,
    DoesNotExist,
    In,
    NotIn,
    GreaterThan,
    LessThan,
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (x,y),f notin (z),g,!h,i gt 1,j<2`.
    ///
    /// # Errors
    /// [`SelectorError`], in the API server's words, where the text is no such list.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let requirements = Parser::new(text).requirements()?;
        Ok(Self { requirements })
    }

    /// Whether an object with such labels is selected; `label` gives the value of a key.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| {
            let found = label(&requirement.key);
            let is_listed = |found: &str| {
                let found = requirement.values.binary_search_by(|value| value.as_str().cmp(found));
                found.is_ok()
            };
            let listed = found.is_some_and(is_listed);
            let compared = || {
                let found: i64 = found?.parse().ok()?;
                let limit: i64 = requirement.values.first()?.parse().ok()?;
                Some(found.cmp(&limit))
            };
            match requirement.operator {
                LabelOperator::Exists => found.is_some(),
                LabelOperator::DoesNotExist => found.is_none(),
                LabelOperator::In => listed,
                LabelOperator::NotIn => !listed,
                LabelOperator::GreaterThan => compared() == Some(Ordering::Greater),
                LabelOperator::LessThan => compared() == Some(Ordering::Less),
            }
        })
    }
}

/// A word or a sign of a label selector, with its text; the end has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Close,
    Comma,
    DoesNotExist,
    End,
    Equal,
    Error,
    Greater,
    Identifier,
    In,
    Less,
    NotEqual,
    NotIn,
    Open,
}

/// Reads tokens with one token of foresight, as `labels.Parser` does.
struct Parser<'a> {
    tokens: Vec<(Token, &'a str)>,
    next: usize,
}

/// Whether `in` and `notin` are operators there, or names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Operator,
    Value,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let is_sign = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        let mut tokens = Vec::new();
        let mut rest = text.trim_start_matches(is_space);
        while let Some(first) = rest.chars().next() {
            let (token, length) = if is_sign(first) {
                sign(rest)
            } else {
                let length = rest.find(|c| is_sign(c) || is_space(c)).unwrap_or(rest.len());
                match rest.get(..length) {
                    Some("in") => (Token::In, length),
                    Some("notin") => (Token::NotIn, length),
                    Some("gt") => (Token::Greater, length),
                    Some("lt") => (Token::Less, length),
                    _ => (Token::Identifier, length),
                }
            };
            let Some((literal, after)) = rest.split_at_checked(length) else {
                break;
            };
            tokens.push((token, literal));
            rest = after.trim_start_matches(is_space);
        }
        Self { tokens, next: 0 }
    }

    fn look_ahead(&self, place: Place) -> (Token, &'a str) {
        let (token, literal) = self.tokens.get(self.next).copied().unwrap_or((Token::End, ""));
        match token {
            Token::In | Token::NotIn if place == Place::Value => (Token::Identifier, literal),
            token => (token, literal),
        }
    }

    fn consume(&mut self, place: Place) -> (Token, &'a str) {
        let found = self.look_ahead(place);
        self.next += 1;
        found
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let unexpected = |found: &str, expected| SelectorError::Unexpected {
            found: found.to_owned(),
            expected,
        };
        let mut requirements = Vec::new();
        loop {
            match self.look_ahead(Place::Value) {
                (Token::Identifier | Token::DoesNotExist, _) => {
                    requirements.push(self.requirement()?);
                    match self.consume(Place::Value) {
                        (Token::End, _) => return Ok(requirements),
                        (Token::Comma, _) => match self.look_ahead(Place::Value) {
                            (Token::Identifier | Token::DoesNotExist, _) => {}
                            (_, found) => return Err(unexpected(found, "identifier after ','")),
                        },
                        (_, found) => return Err(unexpected(found, "',' or 'end of string'")),
                    }
                }
                (Token::End, _) => return Ok(requirements),
                (_, found) => return Err(unexpected(found, "!, identifier, or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, RequirementError> {
        let (mut token, mut key) = self.consume(Place::Value);
        let negated = token == Token::DoesNotExist;
        if negated {
            (token, key) = self.consume(Place::Value);
        }
        if token != Token::Identifier {
            return Err(RequirementError::unexpected(key, "identifier"));
        }
        if !is_label_key(key) {
            return Err(RequirementError::Key(key.to_owned()));
        }
        let ends = matches!(self.look_ahead(Place::Value).0, Token::End | Token::Comma);
        let made = |operator, values: Vec<String>| Requirement {
            key: key.to_owned(),
            operator,
            values,
        };
        if negated {
            return Ok(made(LabelOperator::DoesNotExist, Vec::new()));
        }
        if ends {
            return Ok(made(LabelOperator::Exists, Vec::new()));
        }
        let (operator, values) = match self.consume(Place::Operator) {
            (Token::In, _) => (LabelOperator::In, self.values()?),
            (Token::NotIn, _) => (LabelOperator::NotIn, self.values()?),
            (Token::Equal, _) => (LabelOperator::In, self.exact_value()?),
            (Token::NotEqual, _) => (LabelOperator::NotIn, self.exact_value()?),
            (Token::Greater, _) => (LabelOperator::GreaterThan, self.exact_value()?),
            (Token::Less, _) => (LabelOperator::LessThan, self.exact_value()?),
            (_, found) => return Err(RequirementError::unexpected(found, "in, notin, =, ==, !=, gt, lt")),
        };
        let compares = matches!(operator, LabelOperator::GreaterThan | LabelOperator::LessThan);
        let mut errors = Vec::new();
        for value in values.iter().filter(|value| compares && value.parse::<i64>().is_err()) {
            errors.push(ValueError::NoInteger(value.clone()));
        }
        for (index, value) in values.iter().enumerate().filter(|(_, value)| !is_label_value(value)) {
            errors.push(ValueError::NoLabel {
                index,
                key: key.to_owned(),
                value: value.clone(),
            });
        }
        if !errors.is_empty() {
            return Err(RequirementError::Values(errors));
        }
        Ok(made(operator, values))
    }

    fn exact_value(&mut self) -> Result<Vec<String>, RequirementError> {
        if matches!(self.look_ahead(Place::Value).0, Token::End | Token::Comma) {
            return Ok(vec![String::new()]);
        }
        match self.consume(Place::Value) {
            (Token::Identifier, value) => Ok(vec![value.to_owned()]),
            (_, found) => Err(RequirementError::unexpected(found, "identifier")),
        }
    }

    /// What stands in parentheses; nothing between two commas is the empty value.
    fn values(&mut self) -> Result<Vec<String>, RequirementError> {
        let (token, found) = self.consume(Place::Value);
        if token != Token::Open {
            return Err(RequirementError::NoList(found.to_owned()));
        }
        let mut values = BTreeSet::new();
        match self.look_ahead(Place::Value) {
            (Token::Close, _) => {
                self.consume(Place::Value);
                return Ok(vec![String::new()]);
            }
            (Token::Identifier | Token::Comma, _) => {}
            (_, found) => return Err(RequirementError::unexpected(found, "',', ')' or identifier")),
        }
        loop {
            match self.consume(Place::Value) {
                (Token::Identifier, value) => {
                    values.insert(value.to_owned());
                    match self.look_ahead(Place::Value) {
                        (Token::Comma, _) => {}
                        (Token::Close, _) => break,
                        (_, found) => return Err(RequirementError::unexpected(found, "',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.insert(String::new());
                    }
                    match self.look_ahead(Place::Value).0 {
                        Token::Close => {
                            values.insert(String::new());
                            break;
                        }
                        Token::Comma => {
                            self.consume(Place::Value);
                            values.insert(String::new());
                        }
                        _ => {}
                    }
                }
                (_, found) => return Err(RequirementError::unexpected(found, "',', or identifier")),
            }
        }
        self.consume(Place::Value);
        Ok(values.into_iter().collect())
    }
}

/// The longest sign that the text begins with, and its length.
fn sign(text: &str) -> (Token, usize) {
    const SIGNS: [(&str, Token); 9] = [
        ("==", Token::Equal),
        ("!=", Token::NotEqual),
        ("=", Token::Equal),
        ("!", Token::DoesNotExist),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
        (">", Token::Greater),
        ("<", Token::Less),
    ];
    SIGNS
        .iter()
        .find(|(sign, _)| text.starts_with(sign))
        .map_or((Token::Error, 1), |(sign, token)| (*token, sign.len()))
}

const NO_INTEGER: &str = "for 'Gt', 'Lt' operators, the value must be an integer";

const BAD_NAME: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const BAD_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// A qualified name: an optional prefix and a slash, then a name.
fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let good_prefix = prefix.is_none_or(|prefix| {
        !prefix.is_empty()
            && prefix.len() <= 253
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
        field_terms(text).map(|terms| Self { terms })
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

fn field_terms(selector: &str) -> Result<Vec<FieldTerm>, SelectorError> {
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
                    None => {
                        let selector = selector.to_owned();
                        return Err(SelectorError::NoComparison { selector, term: field });
                    }
                }
                if next.is_none() {
                    return Ok(terms);
                }
            }
            (Some('='), None) => {
                characters.next_if_eq(&'=');
                operator = Some(FieldOperator::Equal);
            }
            (Some('!'), None) if characters.next_if_eq(&'=').is_some() => operator = Some(FieldOperator::NotEqual),
            (Some('\\'), Some(_)) => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => value.push(escaped),
                other => return Err(SelectorError::Escape(other.into_iter().collect())),
            },
            // A bare `=` in a value must be escaped.
            (Some('='), Some(_)) => return Err(SelectorError::BareEqualSign),
            (Some(other), None) => field.push(other),
            (Some(other), Some(_)) => value.push(other),
        }
    }
}

/// Why a text is no selector, as the API server says it.
///
/// FIDELITY: of a label's key that is wrong the name is blamed, also where it is the prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A value of a field has an equal sign without a backslash.
    #[error("invalid field selector: unescaped character in value: 61")]
    BareEqualSign,
    /// In a value of a field, what follows a backslash needs none.
    #[error("invalid field selector: invalid escape sequence: \\{0}")]
    Escape(String),
    /// A term compares no field with anything.
    #[error("invalid selector: '{selector}'; can't understand '{term}'")]
    NoComparison {
        /// The whole.
        selector: String,
        /// The term.
        term: String,
    },
    /// A requirement on labels is none.
    #[error("unable to parse requirement: {0}")]
    Requirement(#[from] RequirementError),
    /// Something else stands between the requirements on labels.
    #[error("found '{found}', expected: {expected}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
}

/// Why a text is no requirement on a label, as the API server says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// It is no key of a label.
    #[error("<nil>: Invalid value: {}: {BAD_NAME}", go_quote(.0))]
    Key(String),
    /// No parenthesis opens a list of values.
    #[error("found '{0}' expected: '('")]
    NoList(String),
    /// Something else stands in it.
    #[error("found '{found}', expected: {expected}")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// Its values are none.
    #[error("{}", listed(.0))]
    Values(Vec<ValueError>),
}

/// Why a text is no value of a label, as the API server says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// It is to be compared by size.
    #[error("values[0]: Invalid value: {}: {NO_INTEGER}", go_quote(.0))]
    NoInteger(String),
    /// No label has such a value.
    #[error("values[{index}][{key}]: Invalid value: {}: {BAD_VALUE}", go_quote(.value))]
    NoLabel {
        /// Its place among the values.
        index: usize,
        /// The label's key.
        key: String,
        /// The value.
        value: String,
    },
}

impl RequirementError {
    fn unexpected(found: &str, expected: &'static str) -> Self {
        Self::Unexpected {
            found: found.to_owned(),
            expected,
        }
    }
}

/// Several errors as apimachinery's aggregate prints them.
fn listed(errors: &[ValueError]) -> String {
    let texts: Vec<String> = errors.iter().map(ValueError::to_string).collect();
    match texts.as_slice() {
        [only] => only.clone(),
        texts => format!("[{}]", texts.join(", ")),
    }
}

/// Whether a selector that stands in an object (`metav1.LabelSelectorAsSelector`) selects another object by its labels. One
/// that is malformed selects nothing.
pub(crate) fn selects(selector: &Value, object: &Value) -> bool {
    let label = |key: &str| {
        let labels = object.pointer("/metadata/labels");
        labels.and_then(|labels| labels.get(key)).and_then(Value::as_str)
    };
    let by_labels = match selector.get("matchLabels") {
        None | Some(Value::Null) => true,
        Some(Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| value.is_string() && label(key) == value.as_str()),
        Some(_) => false,
    };
    let by_expression = |expression: &Value| {
        let found = label(text(expression, "/key"));
        let values = items(expression, "/values");
        let listed = found.is_some_and(|found| values.iter().any(|value| value == found));
        match text(expression, "/operator") {
            "In" => listed,
            "NotIn" => !values.is_empty() && !listed,
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            _ => false,
        }
    };
    let by_expressions = match selector.get("matchExpressions") {
        None | Some(Value::Null) => true,
        Some(Value::Array(expressions)) => expressions.iter().all(by_expression),
        Some(_) => false,
    };
    selector.is_object() && by_labels && by_expressions
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(selector: &str, labels: &[(&'static str, &'static str)], expected: bool) {
        let selector = LabelSelector::parse(selector).unwrap();
        let label = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        assert_eq!(selector.matches(label), expected, "{selector:?}");
    }

    #[test]
    fn selectors_match_as_label_selectors_do() {
        let object = json!({"metadata": {"labels": {"a": "1", "b": "2"}}});
        let by = |expression: Value| json!({"matchExpressions": [expression]});
        for (selector, matches) in [
            (json!({}), true),
            (json!({"matchLabels": {"a": "1"}}), true),
            (json!({"matchLabels": {"a": "1", "b": "3"}}), false),
            (json!({"matchLabels": {"c": null}}), false),
            (by(json!({"key": "a", "operator": "In", "values": ["0", "1"]})), true),
            (by(json!({"key": "a", "operator": "NotIn", "values": ["1"]})), false),
            (by(json!({"key": "c", "operator": "NotIn", "values": ["1"]})), true),
            (by(json!({"key": "b", "operator": "Exists"})), true),
            (by(json!({"key": "b", "operator": "DoesNotExist"})), false),
            (by(json!({"key": "b", "operator": "Near"})), false),
            (json!(null), false),
            (json!({"matchLabels": 1}), false),
        ] {
            assert_eq!(selects(&selector, &object), matches, "{selector}");
        }
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
        check("a.io/x gt 0,a.io/x<2", &labels, true);
        check("a.io/x>1", &labels, false);
        check("app gt 0", &labels, false);
        check("tier in (,a)", &labels, true);
        check("in=in", &[("in", "in")], true);
        let many: Vec<String> = (0..1_000).rev().map(|at| format!("v{at}")).collect();
        check(&format!("app in ({})", many.join(",")), &[("app", "v500")], true);
        check(&format!("app in ({})", many.join(",")), &[("app", "w")], false);
    }

    #[test]
    fn a_prefix_is_no_longer_than_a_domain() {
        let selector = |length: usize| LabelSelector::parse(&format!("{}/a=b", "p".repeat(length)));
        assert!(selector(253).is_ok());
        assert!(selector(254).is_err());
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        // The words of kube-apiserver 1.32.13.
        let no_value = "a valid label must be an empty string or consist of alphanumeric characters";
        for (text, expected) in [
            ("=a", "found '=', expected: !, identifier, or 'end of string'"),
            (")", "found ')', expected: !, identifier, or 'end of string'"),
            ("a=b,", "found '', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("!=a", "found '!=', expected: !, identifier, or 'end of string'"),
            (
                "a b",
                "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
            ),
            (
                "a!b",
                "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt",
            ),
            ("a===b", "unable to parse requirement: found '=', expected: identifier"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
            (
                "a in (b c)",
                "unable to parse requirement: found 'c', expected: ',' or ')'",
            ),
            (
                "a~b",
                "unable to parse requirement: <nil>: Invalid value: \"a~b\": name part must consist of",
            ),
            (
                "a.b/-",
                "unable to parse requirement: <nil>: Invalid value: \"a.b/-\": name part must consist of",
            ),
            (
                "a=-",
                &format!("unable to parse requirement: values[0][a]: Invalid value: \"-\": {no_value}"),
            ),
            (
                "a>-b",
                &format!(
                    "unable to parse requirement: [values[0]: Invalid value: \"-b\": for 'Gt', 'Lt' operators, the value must be an integer, values[0][a]: Invalid value: \"-b\": {no_value}"
                ),
            ),
        ] {
            let error = LabelSelector::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
        for (text, expected) in [
            ("a", "invalid selector: 'a'; can't understand 'a'"),
            ("a=b=c", "invalid field selector: unescaped character in value: 61"),
            ("a=\\x", "invalid field selector: invalid escape sequence: \\x"),
        ] {
            assert_eq!(FieldSelector::parse(text).unwrap_err().to_string(), expected, "{text}");
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
