//! The `aws-auth` ConfigMap, parsed as aws-iam-authenticator does.
//!
//! Source: `pkg/mapper/configmap/configmap.go` and `pkg/config/mapper.go` of 0.7.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::item;
use super::item::ItemType;
pub use super::item::MappedArn;
use super::item::ROLE;
use super::item::USER;
use crate::go;
use crate::go::yaml;

/// The mappings of an `aws-auth` ConfigMap and what was wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsAuth {
    roles: Vec<MappedArn>,
    users: Vec<MappedArn>,
    accounts: Vec<String>,
    errors: Vec<String>,
    /// Lower-cased ARN to its place; the last of several wins.
    role_index: BTreeMap<String, usize>,
    user_index: BTreeMap<String, usize>,
}

impl AwsAuth {
    /// Parses the `data` of a ConfigMap object. What is broken is left out and reported in [`AwsAuth::errors`].
    #[must_use]
    pub fn from_config_map(object: &Value) -> Self {
        let text = |key: &str| {
            object
                .get("data")
                .and_then(|data| data.get(key))
                .and_then(Value::as_str)
                .filter(|text| !is_skippable(text))
        };
        let mut errors = Vec::new();
        let users = text("mapUsers").map_or_else(Vec::new, |text| items(text, &USER, &mut errors));
        let roles = text("mapRoles").map_or_else(Vec::new, |text| items(text, &ROLE, &mut errors));
        let accounts = text("mapAccounts").map_or_else(Vec::new, |text| {
            let (accounts, error) = yaml::to_strings(text);
            errors.extend(error);
            accounts
        });
        Self {
            role_index: index(&roles),
            user_index: index(&users),
            roles,
            users,
            accounts,
            errors,
        }
    }

    /// The good items of mapRoles, in order.
    #[must_use]
    pub fn roles(&self) -> &[MappedArn] {
        &self.roles
    }

    /// The good items of mapUsers, in order.
    #[must_use]
    pub fn users(&self) -> &[MappedArn] {
        &self.users
    }

    /// The accounts of mapAccounts.
    #[must_use]
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// What was wrong, in upstream's words.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    /// The item that maps a canonical ARN: roles first, then users; case does not count.
    ///
    /// FIDELITY: of users whose ARNs differ in case only, upstream takes one at random; we take the last.
    #[must_use]
    pub fn find(&self, canonical_arn: &str) -> Option<&MappedArn> {
        let arn = go::text::fold(canonical_arn);
        let role = self.role_index.get(&arn).and_then(|at| self.roles.get(*at));
        role.or_else(|| self.user_index.get(&arn).and_then(|at| self.users.get(*at)))
    }
}

impl AwsAuth {
    /// The item of a permission set that matches a canonical ARN in lower case, for authenticators whose feature gate is
    /// open.
    #[must_use]
    pub fn find_permission_set(&self, canonical_arn: &str) -> Option<&MappedArn> {
        let matches = |item: &&MappedArn| item.sso.as_ref().is_some_and(|sso| sso.matches(canonical_arn));
        self.roles.iter().find(matches)
    }
}

/// A list of the ConfigMap, in view of what did not make it into [`AwsAuth`].
pub(crate) struct Written<'a> {
    /// `mapRoles` or `mapUsers`.
    pub(crate) key: &'static str,
    /// Whether the whole list is lost.
    pub(crate) is_broken: bool,
    /// The text of the list where it is broken, else of each item that was dropped, as JSON.
    pub(crate) lost: Vec<Cow<'a, str>>,
}

/// What of the mappings by ARN was lost.
pub(crate) fn written(object: &Value) -> Vec<Written<'_>> {
    [("mapRoles", &ROLE), ("mapUsers", &USER)]
        .into_iter()
        .filter_map(|(key, item_type)| {
            let text = object
                .get("data")?
                .get(key)?
                .as_str()
                .filter(|text| !is_skippable(text))?;
            let (is_broken, lost) = match yaml::to_json(text) {
                Ok(Value::Array(items)) => (false, dropped(&items, item_type)),
                Ok(Value::Null) => (false, Vec::new()),
                Ok(_) | Err(_) => (true, vec![Cow::Borrowed(text)]),
            };
            Some(Written { key, is_broken, lost })
        })
        .collect()
}

fn dropped(items: &[Value], item_type: &ItemType) -> Vec<Cow<'static, str>> {
    let is_good = |item: &&Value| {
        let (decoded, _) = item::decode_list(&Value::Array(vec![(*item).clone()]), item_type);
        decoded.iter().all(|item| item.fault(item_type).is_none())
    };
    let bad = items.iter().filter(|item| !is_good(item));
    bad.map(|item| Cow::Owned(item.to_string())).collect()
}

/// The item of a list that is written for an ARN, before what does not fit was left out.
pub(crate) fn written_item(object: &Value, arn: &str) -> Option<Value> {
    let data = object.get("data")?;
    [("mapRoles", &ROLE), ("mapUsers", &USER)]
        .into_iter()
        .find_map(|(key, item_type)| {
            let Ok(Value::Array(items)) = yaml::to_json(data.get(key)?.as_str()?) else {
                return None;
            };
            items.into_iter().rev().find(|item| {
                let (decoded, _) = item::decode_list(&Value::Array(vec![item.clone()]), item_type);
                decoded.iter().any(|item| go::text::equal_fold(&item.arn, arn))
            })
        })
}

/// The keys that no authenticator reads, with their texts.
pub(crate) fn unread(object: &Value) -> Vec<(&str, &str)> {
    let data = object.get("data").and_then(Value::as_object);
    data.into_iter()
        .flatten()
        .filter(|(key, _)| !["mapRoles", "mapUsers", "mapAccounts"].contains(&key.as_str()))
        .filter_map(|(key, text)| Some((key.as_str(), text.as_str()?)))
        .collect()
}

/// A value that upstream passes over.
pub(crate) fn is_skippable(text: &str) -> bool {
    matches!(text.trim(), "" | "``" | "\"\"" | "''")
}

fn index(items: &[MappedArn]) -> BTreeMap<String, usize> {
    items
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.arn.is_empty())
        .map(|(at, item)| (go::text::fold(&item.arn), at))
        .collect()
}

fn items(text: &str, item_type: &ItemType, errors: &mut Vec<String>) -> Vec<MappedArn> {
    match yaml::to_json(text) {
        Ok(value) => {
            let (items, decode_error) = item::decode_list(&value, item_type);
            errors.extend(decode_error);
            items
                .into_iter()
                .filter_map(|item| match item.fault(item_type) {
                    None => Some(item),
                    Some(fault) => {
                        errors.push(fault);
                        None
                    }
                })
                .collect()
        }
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    }
}
