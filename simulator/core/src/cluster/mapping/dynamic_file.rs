//! The DynamicFile mapper: a JSON file that is read again whenever it changes, by ARN or by unique id.
//!
//! Source: `pkg/mapper/dynamicfile` of aws-iam-authenticator 0.7.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::Identity;
use super::item;
use super::item::ItemType;
use super::item::MappedArn;
use super::item::ROLE;
use super::item::USER;
use crate::go;
use crate::go::json::field;
use crate::value::arn::Arn;
use crate::value::arn::CanonicalArn;
use crate::value::arn::Partition;

/// How a caller is looked up.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub enum DynamicFileKey {
    /// By canonical ARN.
    #[default]
    Arn,
    /// By unique id; where the item also has an ARN, that must agree (`dynamicfileUserIDStrict`).
    UserId,
}

/// The mappings by ARN in lower case, or by unique id.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct DynamicFile {
    key: DynamicFileKey,
    roles: BTreeMap<String, MappedArn>,
    users: BTreeMap<String, MappedArn>,
    accounts: BTreeSet<String>,
}

/// A unique id was found whose item names another ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ARN does not match User ID")]
pub struct ArnMismatch;

impl DynamicFile {
    /// Reads the file.
    ///
    /// # Errors
    /// Upstream's text; it then goes on with what the file said before.
    pub fn parse(text: &str, key: DynamicFileKey) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let (roles, role_error) = item::decode_list(field(&value, "mapRoles"), &ROLE);
        let (users, user_error) = item::decode_list(field(&value, "mapUsers"), &USER);
        if let Some(error) = role_error.or(user_error) {
            return Err(error);
        }
        let mut file = Self { key, ..Self::default() };
        let mut errors = Vec::new();
        // Users first: so upstream lists what is wrong.
        for (items, item_type, into) in [(users, &USER, &mut file.users), (roles, &ROLE, &mut file.roles)] {
            for item in items {
                match key_of(key, &item) {
                    Some(found) => {
                        into.insert(found, item);
                    }
                    None => errors.push(missing(item_type)),
                }
            }
        }
        if !errors.is_empty() {
            return Err(format!("error parsing dynamic file: [{}]", errors.join(" ")));
        }
        let accounts = field(&value, "mapAccounts").as_array();
        file.accounts = accounts
            .into_iter()
            .flatten()
            .filter_map(|account| account.as_str().map(str::to_owned))
            .collect();
        Ok(file)
    }

    /// The item of a caller: roles first, then users.
    ///
    /// # Errors
    /// [`ArnMismatch`], when looked up by unique id.
    pub fn find(&self, identity: &Identity) -> Result<Option<&MappedArn>, ArnMismatch> {
        let arn = go::text::to_lower(&identity.canonical_arn);
        let key = match self.key {
            DynamicFileKey::Arn => &arn,
            DynamicFileKey::UserId => &identity.user_id,
        };
        let Some(item) = self.roles.get(key).or_else(|| self.users.get(key)) else {
            return Ok(None);
        };
        if self.key == DynamicFileKey::Arn || item.arn.is_empty() {
            return Ok(Some(item));
        }
        match without_path(&item.arn) {
            Some(wanted) if go::text::to_lower(&wanted) == arn => Ok(Some(item)),
            _ => Err(ArnMismatch),
        }
    }

    /// Whether everyone of the account is let in.
    #[must_use]
    pub fn is_account_allowed(&self, account_id: &str) -> bool {
        self.accounts.contains(account_id)
    }
}

fn key_of(key: DynamicFileKey, item: &MappedArn) -> Option<String> {
    match key {
        DynamicFileKey::UserId if item.user_id.is_empty() => None,
        DynamicFileKey::UserId => Some(item.user_id.clone()),
        DynamicFileKey::Arn if item.arn.is_empty() => None,
        // An ARN that names no principal gets the empty key, which nobody has.
        DynamicFileKey::Arn => {
            let canonical = CanonicalArn::parse(&go::text::to_lower(&item.arn));
            Some(canonical.map(|canonical| canonical.arn).unwrap_or_default())
        }
    }
}

fn missing(item_type: &ItemType) -> String {
    format!(
        "value for {} or userid(if dynamicfileUserIDStrict = true) must be supplied",
        item_type.arn_field
    )
}

/// A role's ARN without its path, any other as it is (`StripPath`); nothing where it is no ARN.
fn without_path(arn: &str) -> Option<String> {
    let parsed = Arn::parse(arn).ok()?;
    Partition::from_name(&parsed.partition)?;
    match parsed.resource.split('/').collect::<Vec<_>>()[..] {
        ["role", _, .., name] => Some(format!(
            "arn:{}:iam::{}:role/{name}",
            parsed.partition, parsed.account_id
        )),
        _ => Some(arn.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(arn: &str, user_id: &str) -> Identity {
        Identity {
            arn: arn.to_owned(),
            canonical_arn: arn.to_owned(),
            account_id: "111122223333".to_owned(),
            user_id: user_id.to_owned(),
            session_name: String::new(),
            access_key_id: String::new(),
        }
    }

    const FILE: &str = r#"{
      "Version": "1", "LastUpdatedDateTime": "12345678", "MAPROLES": [
        {"RoleARN": "arn:aws:iam::111122223333:role/team/Admin", "username": "admin", "groups": ["g"], "userid": "AROA1"},
        {"rolearn": "arn:aws:iam::111122223333:role/plain", "username": "plain", "userid": "AROA2"},
        {"rolearn": "x", "username": "no arn", "userid": "AROA4"},
        {"username": "id only", "userid": "AROA3"}],
      "mapUsers": [{"userarn": "arn:aws:iam::111122223333:user/team/jane", "username": "jane", "userid": "AIDA1"}],
      "mapAccounts": ["444455556666"]}"#;

    #[track_caller]
    fn by_id(arn: &str, id: &str, wanted: Result<Option<&str>, ArnMismatch>) {
        let file = DynamicFile::parse(FILE, DynamicFileKey::UserId).unwrap();
        let found = file.find(&identity(arn, id));
        assert_eq!(found.map(|item| item.map(|item| item.username.as_str())), wanted);
    }

    #[test]
    fn by_unique_id_the_arn_must_agree_too() {
        by_id("arn:aws:iam::111122223333:role/Admin", "AROA1", Ok(Some("admin")));
        by_id("arn:aws:iam::111122223333:role/Other", "AROA1", Err(ArnMismatch));
        by_id("arn:aws:iam::111122223333:role/Admin", "AROA9", Ok(None));
        by_id("arn:aws:iam::111122223333:role/any", "AROA3", Ok(Some("id only")));
        by_id("arn:aws:iam::111122223333:role/any", "AROA4", Err(ArnMismatch));
        // A user's path is part of its ARN.
        by_id("arn:aws:iam::111122223333:user/team/jane", "AIDA1", Ok(Some("jane")));
        by_id("arn:aws:iam::111122223333:user/jane", "AIDA1", Err(ArnMismatch));
    }

    #[test]
    fn by_arn_the_path_of_a_role_never_matches() {
        let text = FILE.replace(
            r#", "userid": "AROA3""#,
            r#", "rolearn": "arn:aws:iam::111122223333:role/r""#,
        );
        let file = DynamicFile::parse(&text, DynamicFileKey::Arn).unwrap();
        let find = |arn: &str| {
            file.find(&identity(arn, ""))
                .unwrap()
                .map(|item| item.username.as_str())
        };
        assert_eq!(find("arn:aws:iam::111122223333:role/Plain"), Some("plain"));
        assert_eq!(find("arn:aws:iam::111122223333:role/Admin"), None);
        assert!(file.is_account_allowed("444455556666"));
    }

    #[test]
    fn a_file_with_a_bad_item_is_refused_whole() {
        for (text, key, wanted) in [
            (
                FILE,
                DynamicFileKey::Arn,
                "error parsing dynamic file: [value for rolearn or userid(if dynamicfileUserIDStrict = true) must be supplied]",
            ),
            (
                r#"{"mapUsers": [{}]}"#,
                DynamicFileKey::UserId,
                "error parsing dynamic file: [value for userarn or userid(if dynamicfileUserIDStrict = true) must be supplied]",
            ),
            (
                r#"{"mapRoles": {}}"#,
                DynamicFileKey::Arn,
                "json: cannot unmarshal object into Go value of type []config.RoleMapping",
            ),
        ] {
            assert_eq!(DynamicFile::parse(text, key).unwrap_err(), wanted);
        }
        assert!(DynamicFile::parse("{", DynamicFileKey::Arn).is_err());
    }
}
