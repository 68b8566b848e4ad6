//! The `aws-auth` ConfigMap, parsed as aws-iam-authenticator does.
//!
//! Source: `pkg/mapper/configmap/configmap.go` and `pkg/config/mapper.go` of 0.7.

use std::collections::BTreeMap;

use serde_json::Value;

use super::yaml;
use crate::arn::Partition;
use crate::go_text;

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
        let arn = go_text::fold(canonical_arn);
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
        .map(|(at, item)| (go_text::fold(&item.arn), at))
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
    let decoded: Vec<(MappedArn, Option<SsoMatcher>)> = list.iter().map(|item| decoder.item(item, item_type)).collect();
    errors.extend(decoder.first_error);
    let mut good = Vec::new();
    for (item, sso) in decoded {
        match (item.arn.is_empty(), &sso) {
            (true, None) => errors.push(item_type.missing.to_owned()),
            (false, Some(_)) => errors.push("only one of rolearn or SSO can be supplied".to_owned()),
            (true, Some(sso)) => match sso.fault() {
                Some(fault) => errors.push(fault),
                // The SSO matcher stands behind a feature gate that EKS has not opened: such an item matches nobody.
                None => good.push(item),
            },
            (false, None) => good.push(item),
        }
    }
    good
}

/// The roles of a permission set, in place of an ARN.
#[derive(Default)]
struct SsoMatcher {
    permission_set_name: String,
    account_id: String,
    partition: String,
}

impl SsoMatcher {
    fn fault(&self) -> Option<String> {
        let Self {
            permission_set_name,
            account_id,
            partition,
        } = self;
        if account_id.len() != 12 || !account_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(format!("AccountID '{account_id}' is not a valid AWS Account ID"));
        }
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if !(1..=32).contains(&permission_set_name.len()) || !permission_set_name.bytes().all(good) {
            return Some(format!(
                "PermissionSetName '{permission_set_name}' is not a valid AWS SSO PermissionSet Name"
            ));
        }
        if !partition.is_empty() && Partition::from_name(partition).is_none() {
            return Some(format!("partition '{partition}' is not a valid AWS partition"));
        }
        None
    }
}

/// Go's `json.Unmarshal`: a field of the wrong type stays as it is, the first such error is told, and decoding goes on.
struct Decoder {
    type_name: &'static str,
    first_error: Option<String>,
}

impl Decoder {
    fn item(&mut self, value: &Value, item_type: &ItemType) -> (MappedArn, Option<SsoMatcher>) {
        let mut item = MappedArn {
            arn: String::new(),
            username: String::new(),
            groups: Vec::new(),
        };
        let mut sso = None;
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                for (name, value) in fields {
                    match go_text::fold(name).as_str() {
                        name if name == item_type.arn_field => self.text(value, item_type.arn_field, &mut item.arn),
                        "username" => self.text(value, "username", &mut item.username),
                        "groups" => self.groups(value, &mut item.groups),
                        // It must be a string, but this mapper does not look at it.
                        "userid" => self.text(value, "userid", &mut String::new()),
                        "sso" if item_type.has_sso => self.sso(value, &mut sso),
                        _ => {}
                    }
                }
            }
            other => self.fail(other, "Go value", &format!("config.{}", item_type.name)),
        }
        (item, sso)
    }

    fn sso(&mut self, value: &Value, slot: &mut Option<SsoMatcher>) {
        if value.is_null() {
            *slot = None;
            return;
        }
        // It is there even if nothing fits in.
        let sso = slot.get_or_insert_default();
        let Value::Object(fields) = value else {
            let place = self.field("sso");
            self.fail(value, &place, "config.SSOARNMatcher");
            return;
        };
        for (name, value) in fields {
            let (field, slot) = match go_text::fold(name).as_str() {
                "permissionsetname" => ("permissionSetName", &mut sso.permission_set_name),
                "accountid" => ("accountID", &mut sso.account_id),
                "partition" => ("partition", &mut sso.partition),
                _ => continue,
            };
            self.text_at(value, &format!("Go struct field SSOARNMatcher.sso.{field}"), slot);
        }
    }

    fn field(&self, name: &str) -> String {
        format!("Go struct field {}.{name}", self.type_name)
    }

    fn text(&mut self, value: &Value, field: &str, slot: &mut String) {
        let place = self.field(field);
        self.text_at(value, &place, slot);
    }

    fn text_at(&mut self, value: &Value, place: &str, slot: &mut String) {
        match value {
            Value::String(text) => text.clone_into(slot),
            Value::Null => {}
            other => self.fail(other, place, "string"),
        }
    }

    /// A second list is read over the first: an element that does not fit stays what it was.
    fn groups(&mut self, value: &Value, slot: &mut Vec<String>) {
        let place = self.field("groups");
        match value {
            Value::Array(values) => {
                slot.resize(values.len(), String::new());
                for (value, group) in values.iter().zip(slot) {
                    self.text_at(value, &place, group);
                }
            }
            Value::Null => slot.clear(),
            other => self.fail(other, &place, "[]string"),
        }
    }

    fn fail(&mut self, value: &Value, place: &str, wanted: &str) {
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
