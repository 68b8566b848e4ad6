//! The `aws-auth` ConfigMap, parsed as aws-iam-authenticator does.
//!
//! Source: `pkg/mapper/configmap/configmap.go` and `pkg/config/mapper.go` of 0.7.

use std::collections::BTreeMap;

use serde_json::Value;

use super::yaml;

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

/// One item of mapRoles or mapUsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedArn {
    /// `rolearn` or `userarn` as written.
    pub arn: String,
    /// A template.
    pub username: String,
    /// Templates.
    pub groups: Vec<String>,
}

impl AwsAuth {
    /// Parses the `data` of a ConfigMap object. What is broken is left out and told in [`AwsAuth::errors`].
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
        let accounts = text("mapAccounts").map_or_else(Vec::new, |text| account_ids(text, &mut errors));
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
    #[must_use]
    pub fn find(&self, canonical_arn: &str) -> Option<&MappedArn> {
        let arn = canonical_arn.to_lowercase();
        let role = self.role_index.get(&arn).and_then(|at| self.roles.get(*at));
        role.or_else(|| self.user_index.get(&arn).and_then(|at| self.users.get(*at)))
    }
}

fn is_skippable(text: &str) -> bool {
    matches!(text.trim(), "" | "``" | "\"\"" | "''")
}

fn index(items: &[MappedArn]) -> BTreeMap<String, usize> {
    items
        .iter()
        .enumerate()
        .filter(|(_, item)| !item.arn.is_empty())
        .map(|(at, item)| (item.arn.to_lowercase(), at))
        .collect()
}

/// The Go type that an item is decoded into.
struct ItemType {
    name: &'static str,
    arn_field: &'static str,
    missing: &'static str,
    has_sso: bool,
}

const ROLE: ItemType = ItemType {
    name: "RoleMapping",
    arn_field: "rolearn",
    missing: "one of rolearn or SSO must be supplied",
    has_sso: true,
};
const USER: ItemType = ItemType {
    name: "UserMapping",
    arn_field: "userarn",
    missing: "value for userarn must be supplied",
    has_sso: false,
};

fn items(text: &str, item_type: &ItemType, errors: &mut Vec<String>) -> Vec<MappedArn> {
    let list = match yaml::to_json(text) {
        Ok(Value::Array(list)) => list,
        Ok(Value::Null) => return Vec::new(),
        Ok(other) => {
            errors.push(format!(
                "json: cannot unmarshal {} into Go value of type []config.{}",
                go_kind(&other),
                item_type.name
            ));
            return Vec::new();
        }
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    let mut decoder = Decoder {
        type_name: item_type.name,
        first_error: None,
    };
    let decoded: Vec<(MappedArn, bool)> = list.iter().map(|item| decoder.item(item, item_type)).collect();
    errors.extend(decoder.first_error);
    let mut good = Vec::new();
    for (item, sso) in decoded {
        match (item.arn.is_empty(), sso) {
            (true, false) => errors.push(item_type.missing.to_owned()),
            (false, true) => errors.push("only one of rolearn or SSO can be supplied".to_owned()),
            // The SSO matcher stands behind a feature gate that EKS has not opened: such an item matches nobody.
            _ => good.push(item),
        }
    }
    good
}

/// Go's `json.Unmarshal`: a field of the wrong type stays empty, the first such error is told, and decoding goes on.
struct Decoder {
    type_name: &'static str,
    first_error: Option<String>,
}

impl Decoder {
    fn item(&mut self, value: &Value, item_type: &ItemType) -> (MappedArn, bool) {
        let mut item = MappedArn {
            arn: String::new(),
            username: String::new(),
            groups: Vec::new(),
        };
        let mut sso = false;
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                for (name, value) in fields {
                    match name.to_lowercase().as_str() {
                        name if name == item_type.arn_field => self.text(value, item_type.arn_field, &mut item.arn),
                        "username" => self.text(value, "username", &mut item.username),
                        "groups" => self.groups(value, &mut item.groups),
                        "sso" if item_type.has_sso => match value {
                            Value::Object(_) => sso = true,
                            Value::Null => {}
                            other => self.fail(other, ".sso", "config.SSOARNMatcher"),
                        },
                        _ => {}
                    }
                }
            }
            other => self.fail(other, "", &format!("config.{}", item_type.name)),
        }
        (item, sso)
    }

    fn text(&mut self, value: &Value, field: &str, slot: &mut String) {
        match value {
            Value::String(text) => text.clone_into(slot),
            Value::Null => {}
            other => self.fail(other, &format!(".{field}"), "string"),
        }
    }

    fn groups(&mut self, value: &Value, slot: &mut Vec<String>) {
        match value {
            Value::Array(values) => {
                *slot = values
                    .iter()
                    .map(|value| {
                        let mut group = String::new();
                        self.text(value, "groups", &mut group);
                        group
                    })
                    .collect();
            }
            Value::Null => slot.clear(),
            other => self.fail(other, ".groups", "[]string"),
        }
    }

    fn fail(&mut self, value: &Value, field: &str, wanted: &str) {
        let place = if field.is_empty() {
            "Go value".to_owned()
        } else {
            format!("Go struct field {}{field}", self.type_name)
        };
        self.first_error.get_or_insert_with(|| {
            format!(
                "json: cannot unmarshal {} into {place} of type {wanted}",
                go_kind(value)
            )
        });
    }
}

fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Account ids; numbers count as their digits.
fn account_ids(text: &str, errors: &mut Vec<String>) -> Vec<String> {
    let wrong = |value: &Value, wanted: &str| {
        format!(
            "error unmarshaling JSON: json: cannot unmarshal {} into Go value of type {wanted}",
            go_kind(value)
        )
    };
    match yaml::to_json(text) {
        Ok(Value::Array(values)) => values
            .iter()
            .filter_map(|value| match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Null => None,
                other => {
                    errors.push(wrong(other, "string"));
                    None
                }
            })
            .collect(),
        Ok(Value::Null) => Vec::new(),
        Ok(other) => {
            errors.push(wrong(&other, "[]string"));
            Vec::new()
        }
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    }
}
