//! Items of mapRoles and mapUsers, decoded as Go's `json.Unmarshal` decodes them into `config.RoleMapping` and
//! `config.UserMapping`.
//!
//! Source: `pkg/config/types.go` and `pkg/config/mapper.go` of aws-iam-authenticator 0.7.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::go;
use crate::value::arn::Partition;

/// One item of mapRoles or mapUsers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct MappedArn {
    /// `rolearn` or `userarn` as written; empty where the item has `sso`.
    pub arn: String,
    /// The roles of a permission set, in place of `rolearn`.
    pub sso: Option<SsoMatcher>,
    /// A template.
    pub username: String,
    /// Templates.
    pub groups: Vec<String>,
    /// `userid`: the principal's unique id, which only the DynamicFile mapper looks at.
    pub user_id: String,
}

impl MappedArn {
    /// What `Validate` upstream says of the item, if anything.
    pub(super) fn fault(&self, item_type: &ItemType) -> Option<String> {
        match (self.arn.is_empty(), &self.sso) {
            (true, None) => Some(item_type.missing.to_owned()),
            (false, Some(_)) => Some("only one of rolearn or SSO can be supplied".to_owned()),
            (true, Some(sso)) => sso.fault(),
            (false, None) => None,
        }
    }
}

/// The Go type that an item is decoded into.
pub(super) struct ItemType {
    name: &'static str,
    pub(super) arn_field: &'static str,
    missing: &'static str,
    has_sso: bool,
}

pub(super) const ROLE: ItemType = ItemType {
    name: "RoleMapping",
    arn_field: "rolearn",
    missing: "one of rolearn or SSO must be supplied",
    has_sso: true,
};
pub(super) const USER: ItemType = ItemType {
    name: "UserMapping",
    arn_field: "userarn",
    missing: "value for userarn must be supplied",
    has_sso: false,
};

/// The items of a list, each with what fits, and the first thing that did not.
pub(super) fn decode_list(value: &Value, item_type: &ItemType) -> (Vec<MappedArn>, Option<String>) {
    match value {
        Value::Array(list) => {
            let mut decoder = ItemDecoder {
                type_name: item_type.name,
                first_error: None,
            };
            let items = list.iter().map(|item| decoder.item(item, item_type)).collect();
            (items, decoder.first_error)
        }
        Value::Null => (Vec::new(), None),
        other => {
            let error = format!(
                "json: cannot unmarshal {} into Go value of type []config.{}",
                go::json::kind(other),
                item_type.name
            );
            (Vec::new(), Some(error))
        }
    }
}

/// The roles of a permission set of IAM Identity Center, whatever their random suffix (feature gate SSORoleMatch, which EKS
/// has not opened).
#[derive(Clone, Debug, Deserialize, Serialize, Default, PartialEq, Eq)]
pub struct SsoMatcher {
    /// `permissionSetName`.
    pub permission_set_name: String,
    /// `accountID`.
    pub account_id: String,
    /// `partition`; upstream's matcher loses it, so that an item that has it matches nobody.
    pub partition: String,
}

impl SsoMatcher {
    /// Whether a canonical ARN, lower-cased, is one of these roles (`SSOArnLike`).
    #[must_use]
    pub fn matches(&self, canonical_arn: &str) -> bool {
        let prefix = format!(
            "arn:{}:iam::{}:role/awsreservedsso_{}_",
            if self.partition.is_empty() { "aws" } else { "" },
            self.account_id,
            go::text::to_lower(&self.permission_set_name)
        );
        canonical_arn.starts_with(&prefix)
    }

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

/// Go's `json.Unmarshal`: a field of the wrong type stays as it is, the first such error is reported, and decoding goes on.
struct ItemDecoder {
    type_name: &'static str,
    first_error: Option<String>,
}

impl ItemDecoder {
    fn item(&mut self, value: &Value, item_type: &ItemType) -> MappedArn {
        let mut item = MappedArn::default();
        match value {
            Value::Null => {}
            Value::Object(fields) => {
                for (name, value) in fields {
                    match go::text::fold(name).as_str() {
                        name if name == item_type.arn_field => self.text(value, item_type.arn_field, &mut item.arn),
                        "username" => self.text(value, "username", &mut item.username),
                        "groups" => self.groups(value, &mut item.groups),
                        "userid" => self.text(value, "userid", &mut item.user_id),
                        "sso" if item_type.has_sso => self.sso(value, &mut item.sso),
                        _ => {}
                    }
                }
            }
            other => self.fail(other, "Go value", &format!("config.{}", item_type.name)),
        }
        item
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
            let (field, slot) = match go::text::fold(name).as_str() {
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
                go::json::kind(value)
            )
        });
    }
}
