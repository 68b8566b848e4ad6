//! Filters of the Describe operations.
//!
//! Source: EC2 User Guide, "Filter your resources": filters are joined by and, their values by or; values are compared with
//! regard to case; `*` stands for any text and `?` for one character.

use std::collections::BTreeMap;

use crate::value::wildcard::Symbol;
use crate::value::wildcard::like;

/// Values of all filters of one call.
const VALUES: usize = 200;

/// What filters are asked of.
pub struct Subject<'a> {
    /// What each filter looks at, by its name.
    pub fields: Vec<(&'static str, Vec<String>)>,
    /// The tags.
    pub tags: &'a BTreeMap<String, String>,
}

/// A filter.
#[derive(Clone, Debug)]
pub struct Filter {
    name: String,
    values: Vec<Vec<Symbol>>,
}

/// Filters that EC2 refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Too many values.
    #[error("The maximum number of filter values specified on a single call is {VALUES}")]
    TooMany,
    /// A filter that the operation has not.
    #[error("The filter '{name}' is invalid")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A filter without values.
    #[error("The filter '{name}' has no values")]
    NoValues {
        /// Its name.
        name: String,
    },
}

impl Filter {
    /// Reads filters; `known` are the names that the operation has beside those of tags.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn read(asked: Vec<(String, Vec<&str>)>, known: &[&str]) -> Result<Vec<Self>, FilterError> {
        if asked.iter().map(|(_, values)| values.len().max(1)).sum::<usize>() > VALUES {
            return Err(FilterError::TooMany);
        }
        let read = |(name, values): (String, Vec<&str>)| {
            let is_of_tags = name == "tag-key" || name.starts_with("tag:");
            if !is_of_tags && !known.contains(&name.as_str()) {
                return Err(FilterError::Unknown { name });
            }
            if values.is_empty() {
                return Err(FilterError::NoValues { name });
            }
            Ok(Self {
                values: values.into_iter().map(symbols).collect(),
                name,
            })
        };
        asked.into_iter().map(read).collect()
    }

    /// Whether it lets something through.
    #[must_use]
    pub fn takes(&self, subject: &Subject<'_>) -> bool {
        let has = |text: &str| self.values.iter().any(|value| like(value, text));
        if let Some(key) = self.name.strip_prefix("tag:") {
            return subject.tags.get(key).is_some_and(|value| has(value));
        }
        if self.name == "tag-key" {
            return subject.tags.keys().any(|key| has(key));
        }
        let mut fields = subject.fields.iter().filter(|(name, _)| *name == self.name);
        fields.any(|(_, texts)| texts.iter().any(|text| has(text)))
    }
}

/// The symbols of a value, in which a backslash takes the meaning from what follows.
fn symbols(value: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        symbols.push(match c {
            '\\' => Symbol::Exactly(rest.next().unwrap_or('\\')),
            c => Symbol::of(c),
        });
    }
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_joined_by_and_their_values_by_or() {
        let tags = BTreeMap::from([("kubernetes.io/cluster/a*b".to_owned(), "owned".to_owned())]);
        let subject = Subject {
            fields: vec![
                ("vpc-id", vec!["vpc-1".to_owned()]),
                ("group-id", vec!["sg-1".to_owned(), "sg-2".to_owned()]),
            ],
            tags: &tags,
        };
        let takes = |asked: &[(&str, &[&str])]| {
            let asked = asked.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec()));
            let filters = Filter::read(asked.collect(), &["vpc-id", "group-id", "owner-id"]).unwrap();
            filters.iter().all(|filter| filter.takes(&subject))
        };
        assert!(takes(&[]));
        assert!(takes(&[("vpc-id", &["vpc-2", "vpc-1"]), ("group-id", &["sg-2"])]));
        assert!(!takes(&[("vpc-id", &["vpc-1"]), ("group-id", &["sg-3"])]));
        assert!(takes(&[("vpc-id", &["vpc-?"])]));
        assert!(takes(&[("vpc-id", &["*-1"])]));
        assert!(!takes(&[("vpc-id", &["VPC-1"])]));
        assert!(!takes(&[("owner-id", &["*"])]));
        assert!(takes(&[("tag:kubernetes.io/cluster/a*b", &["owned", "shared"])]));
        assert!(takes(&[("tag-key", &[r"kubernetes.io/cluster/a\*b"])]));
        assert!(!takes(&[("tag-key", &[r"kubernetes.io/\*"])]));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let refusal = |name: &str, values: Vec<&str>| Filter::read(vec![(name.to_owned(), values)], &["a"]).err();
        assert_eq!(
            refusal("b", vec!["x"]).map(|error| error.to_string()).as_deref(),
            Some("The filter 'b' is invalid")
        );
        assert_eq!(refusal("a", vec!["x"; 200]), None);
        assert_eq!(refusal("a", vec!["x"; 201]), Some(FilterError::TooMany));
        assert!(matches!(refusal("a", vec![]), Some(FilterError::NoValues { .. })));
    }
}
