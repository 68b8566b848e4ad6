//! Parameters, and pages.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::aws::iam::input;
use crate::aws::iam::input::Faults;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::input::page_of;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::Parameters;

/// The model's default of every MaxItems.
const PAGE: u32 = 100;
/// Its bound.
const LONGEST_PAGE: u32 = 1000;

/// The parameters of a call, as they are read: what is wrong is noted and reported by [`Input::check`].
pub(super) struct Input<'a> {
    parameters: &'a Parameters,
    faults: Faults,
}

impl<'a> Input<'a> {
    pub(super) fn of(call: &Context<'a>) -> Self {
        Self {
            parameters: call.parameters,
            faults: Faults::default(),
        }
    }

    pub(super) fn optional(&mut self, name: &str, rule: Rule) -> Option<&'a str> {
        let value = self.parameters.get(name)?;
        self.faults.text(&member(name), value, rule);
        Some(value)
    }

    /// A parameter that must be there; empty where it is not.
    pub(super) fn required(&mut self, name: &str, rule: Rule) -> &'a str {
        self.optional(name, rule).unwrap_or_else(|| {
            self.faults.missing(&member(name));
            ""
        })
    }

    pub(super) fn path(&mut self) -> &'a str {
        self.optional("Path", input::PATH).unwrap_or("/")
    }

    pub(super) fn path_prefix(&mut self) -> &'a str {
        self.optional("PathPrefix", input::PATH_PREFIX).unwrap_or("/")
    }

    pub(super) fn list(&mut self, name: &str, rule: Rule) -> Vec<String> {
        let values = self.parameters.list(name);
        for (at, value) in (1..).zip(&values) {
            self.faults.text(&format!("{}.{at}.member", member(name)), value, rule);
        }
        values.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn tags(&mut self) -> Vec<(String, String)> {
        let mut tags = Vec::new();
        for at in 1.. {
            let part = |part| self.parameters.get(&format!("Tags.member.{at}.{part}"));
            let (key, value) = (part("Key"), part("Value"));
            if key.is_none() && value.is_none() {
                break;
            }
            for (name, text, rule) in [("key", key, input::TAG_KEY), ("value", value, input::TAG_VALUE)] {
                let field = format!("tags.{at}.member.{name}");
                match text {
                    Some(text) => self.faults.text(&field, text, rule),
                    None => self.faults.missing(&field),
                }
            }
            tags.push((key.unwrap_or_default().to_owned(), value.unwrap_or_default().to_owned()));
        }
        tags
    }

    pub(super) fn number(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let value = self.parameters.get(name)?;
        Some(self.faults.number(&member(name), value, least, most))
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.optional(name, Rule::one_of(&["true", "false"])) == Some("true")
    }

    pub(super) fn page(&mut self) -> Page<'a> {
        let limit = self.number("MaxItems", 1, LONGEST_PAGE).unwrap_or(PAGE);
        Page {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            marker: self.optional("Marker", input::MARKER),
        }
    }

    /// Whether all was well.
    pub(super) fn check(self) -> Result<(), AwsError> {
        Ok(self.faults.check()?)
    }
}

/// A parameter's name in messages.
fn member(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// Which page of a list is wanted.
pub(super) struct Page<'a> {
    limit: usize,
    marker: Option<&'a str>,
}

impl Page<'_> {
    /// The page of these items, each with the key that a marker can name and by which they are ordered, as the member
    /// `list`.
    pub(super) fn of(&self, list: &str, items: Vec<(String, Value)>) -> Result<Value, AwsError> {
        let mut answer = page_of(list, items, self.limit, self.marker)
            .ok_or_else(|| AwsError::new("ValidationError", 400, "Invalid Marker."))?;
        if let Some(members) = answer.as_object_mut() {
            let marker = members.remove("nextToken");
            members.insert("IsTruncated".to_owned(), json!(marker.is_some()));
            members.extend(marker.map(|marker| ("Marker".to_owned(), marker)));
        }
        Ok(answer)
    }

    /// The same for items of several lists, of which each has its name; in the order of `lists`.
    pub(super) fn of_lists(
        &self,
        lists: &[&'static str],
        items: Vec<(&'static str, String, Value)>,
    ) -> Result<Value, AwsError> {
        let mut ordered: Vec<(String, Value)> = Vec::new();
        for (at, list) in lists.iter().enumerate() {
            let of_list = items.iter().filter(|(name, ..)| name == list);
            ordered.extend(of_list.map(|(_, key, value)| (format!("{at}{key}"), json!([list, value]))));
        }
        ordered.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut answer = self.of("All", ordered)?;
        let all = answer.get_mut("All").map(Value::take);
        let mut members = answer.as_object().cloned().unwrap_or_default();
        members.remove("All");
        let of_list = |list: &str| -> Vec<Value> {
            let all = all.iter().filter_map(Value::as_array).flatten();
            all.filter(|item| item.get(0).and_then(Value::as_str) == Some(list))
                .filter_map(|item| item.get(1).cloned())
                .collect()
        };
        let lists: Map<String, Value> = lists
            .iter()
            .map(|list| ((*list).to_owned(), json!(of_list(list))))
            .collect();
        members.extend(lists);
        Ok(members.into())
    }
}
