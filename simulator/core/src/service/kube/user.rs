//! Users as reviews show them.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::value::user::UserInfo;

/// A user as reviews show it; empty parts are left out.
pub(super) fn user_info_json(user: &UserInfo) -> Value {
    let mut info = Map::new();
    if !user.username.is_empty() {
        info.insert("username".to_owned(), json!(user.username));
    }
    if !user.uid.is_empty() {
        info.insert("uid".to_owned(), json!(user.uid));
    }
    if !user.groups.is_empty() {
        info.insert("groups".to_owned(), json!(user.groups));
    }
    if !user.extra.is_empty() {
        info.insert("extra".to_owned(), json!(user.extra));
    }
    info.into()
}
