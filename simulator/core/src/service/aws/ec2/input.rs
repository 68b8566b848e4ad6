//! What the Describe operations are asked for, and pages.
//!
//! Source: botocore's model of 2016-11-15 for names and bounds; the messages are those that users of the API quote.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::Owner;
use crate::service::aws::error::AwsError;
use crate::service::aws::input::page_of;
use crate::service::aws::operation::Context;
use crate::world::ec2::Filter;
use crate::world::ec2::FilterError;
use crate::world::ec2::Subject;

/// Items of an answer: the most that may be asked for, and all that there are where nothing is said.
const PAGE: usize = 1000;
/// The fewest that may be asked for.
const SHORTEST_PAGE: usize = 5;
/// Ids of one call.
const IDS: usize = 1000;

/// A kind of things that can be described.
pub(super) struct Resource<T> {
    /// The list in the answer.
    pub(super) list: &'static str,
    /// The parameter with ids.
    pub(super) ids: &'static str,
    /// What ids begin with.
    pub(super) prefix: &'static str,
    /// What a kind is called where one is not there, such as `instance ID`.
    pub(super) noun: &'static str,
    /// The code of an id that is not there.
    pub(super) not_found: &'static str,
    /// The code of a text that is no id.
    pub(super) malformed: &'static str,
    /// The words for ids together with a page.
    pub(super) ids_with_page: &'static str,
    /// The filters, beside those of tags.
    pub(super) filters: &'static [&'static str],
    /// What filters look at.
    pub(super) subject: for<'a> fn(&'a T, &Owner<'_>) -> Subject<'a>,
    /// The name by which GroupName asks, where the kind has one.
    pub(super) name: Option<fn(&T) -> &str>,
    /// As it is answered.
    pub(super) render: fn(&T, &Owner<'_>) -> Value,
}

/// What is asked for.
pub(super) struct Input<'a> {
    ids: Vec<&'a str>,
    names: Vec<&'a str>,
    filters: Vec<Filter>,
    limit: usize,
    token: Option<&'a str>,
}

fn invalid(message: String) -> AwsError {
    AwsError::new("InvalidParameterValue", 400, message)
}

impl<'a> Input<'a> {
    pub(super) fn read<T>(call: &Context<'a>, resource: &Resource<T>) -> Result<Self, AwsError> {
        let parameters = call.parameters;
        if parameters.get("DryRun") == Some("true") {
            let message = "Request would have succeeded, but DryRun flag is set.";
            return Err(AwsError::new("DryRunOperation", 412, message));
        }
        let ids = parameters.numbered(resource.ids);
        if ids.len() > IDS {
            return Err(invalid(format!("At most {IDS} IDs may be specified.")));
        }
        let names = match resource.name {
            Some(_) => parameters.numbered("GroupName"),
            None => Vec::new(),
        };
        if let Some(id) = ids.iter().find(|id| !is_id(id, resource.prefix)) {
            return Err(AwsError::new(resource.malformed, 400, format!("Invalid id: \"{id}\"")));
        }
        let limit = parameters.get("MaxResults");
        if limit.is_some() && !(ids.is_empty() && names.is_empty()) {
            return Err(AwsError::new(
                "InvalidParameterCombination",
                400,
                resource.ids_with_page,
            ));
        }
        let limit = match limit {
            None => PAGE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (SHORTEST_PAGE..=PAGE).contains(limit))
                .ok_or_else(|| {
                    invalid(format!(
                        "Value ( {text} ) for parameter maxResults is invalid. Expecting a value between {SHORTEST_PAGE} and {PAGE}."
                    ))
                })?,
        };
        let asked = parameters
            .numbered_structures("Filter", "Name")
            .map(|(prefix, name)| (name.to_owned(), parameters.numbered(&format!("{prefix}.Value"))));
        let filters = Filter::read(asked.collect(), resource.filters).map_err(|error| match &error {
            FilterError::TooMany => AwsError::new("FilterLimitExceeded", 400, error.to_string()),
            FilterError::NoValues { .. } => invalid(error.to_string()),
            FilterError::Unknown { name } => {
                let sentence = format!("eks-auth-sim does not serve the filter {name} here");
                invalid(error.to_string()).unserved(sentence)
            }
        })?;
        Ok(Self {
            ids,
            names,
            filters,
            limit,
            token: parameters.get("NextToken").filter(|token| !token.is_empty()),
        })
    }

    /// The page of what is asked for.
    pub(super) fn page<T>(
        &self,
        resource: &Resource<T>,
        all: &BTreeMap<String, T>,
        owner: &Owner<'_>,
    ) -> Result<Value, AwsError> {
        self.check_ids(resource, all)?;
        let is_named = |item: &T| match resource.name {
            Some(name) if !self.names.is_empty() => self.names.contains(&name(item)),
            _ => true,
        };
        let items = all
            .iter()
            .filter(|(id, item)| (self.ids.is_empty() || self.ids.contains(&id.as_str())) && is_named(item))
            .filter(|(_, item)| {
                let subject = (resource.subject)(item, owner);
                self.filters.iter().all(|filter| filter.takes(&subject))
            })
            .map(|(id, item)| (id.clone(), (resource.render)(item, owner)))
            .collect();
        page_of(resource.list, items, self.limit, self.token)
            .ok_or_else(|| invalid("Invalid value for 'nextToken'".to_owned()))
    }

    fn check_ids<T>(&self, resource: &Resource<T>, all: &BTreeMap<String, T>) -> Result<(), AwsError> {
        let not_found = |message| Err(AwsError::new(resource.not_found, 400, message));
        let missing: Vec<&str> = self.ids.iter().filter(|id| !all.contains_key(**id)).copied().collect();
        let noun = resource.noun;
        match missing.as_slice() {
            [] => {}
            [id] => return not_found(format!("The {noun} '{id}' does not exist")),
            ids => return not_found(format!("The {noun}s '{}' do not exist", ids.join(", "))),
        }
        let Some(name_of) = resource.name else {
            return Ok(());
        };
        let missing = self
            .names
            .iter()
            .find(|name| !all.values().any(|item| name_of(item) == **name));
        match missing {
            Some(name) => not_found(format!("The security group '{name}' does not exist")),
            None => Ok(()),
        }
    }
}

/// Whether a text has the form of an id: a prefix, and 8 or 17 hexadecimal digits, or what the World calls its own.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// A list of tags as EC2 has it.
pub(super) fn tag_set(tags: &BTreeMap<String, String>) -> Value {
    tags.iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect()
}
