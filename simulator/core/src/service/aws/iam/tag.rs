//! Tags of anything.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::input::Input;
use crate::aws::iam::Tagged;
use crate::aws::iam::Tags;
use crate::aws::iam::input;
use crate::aws::iam::input::Rule;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;

/// A kind of thing that has tags.
pub(super) trait Taggable {
    /// The parameter that names it.
    const PARAMETER: &'static str;
    /// What that may be.
    const RULE: Rule = input::NAME;

    fn named(name: &str) -> Tagged<'_>;
}

macro_rules! taggable {
    ($kind:ident, $parameter:literal, $rule:expr) => {
        pub(super) struct $kind;

        impl Taggable for $kind {
            const PARAMETER: &'static str = $parameter;
            const RULE: Rule = $rule;

            fn named(name: &str) -> Tagged<'_> {
                Tagged::$kind(name)
            }
        }
    };
}

taggable!(InstanceProfile, "InstanceProfileName", input::NAME);
taggable!(MfaDevice, "SerialNumber", input::SERIAL_NUMBER);
taggable!(OidcProvider, "OpenIDConnectProviderArn", input::ARN);
taggable!(Policy, "PolicyArn", input::ARN);
taggable!(Role, "RoleName", input::NAME);
taggable!(User, "UserName", input::NAME);

pub(super) fn add<T: Taggable>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required(T::PARAMETER, T::RULE);
    let tags = input.tags();
    input.check()?;
    change(call, |account, directory, _| {
        directory.edit_tags(account, T::named(name), |known| known.add(&tags))
    })?;
    Ok(Value::Null)
}

pub(super) fn remove<T: Taggable>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required(T::PARAMETER, T::RULE);
    let keys = input.list("TagKeys", input::TAG_KEY);
    input.check()?;
    change(call, |account, directory, _| {
        directory.edit_tags(account, T::named(name), |known| {
            known.remove(&keys);
            Ok(())
        })
    })?;
    Ok(Value::Null)
}

pub(super) fn list<T: Taggable>(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let name = input.required(T::PARAMETER, T::RULE);
    let page = input.page();
    input.check()?;
    let tags = call.base.world().directory.tags(call.account()?, T::named(name))?;
    let tags = tags.iter().map(|tag| (tag.0.to_lowercase(), field(tag)));
    page.of("Tags", tags.collect())
}

fn field((key, value): (&str, &str)) -> Value {
    json!({"Key": key, "Value": value})
}

/// The member `Tags` of something, which is absent where it has none.
pub(super) fn fields(tags: &Tags) -> Value {
    let tags: Vec<Value> = tags.iter().map(field).collect();
    if tags.is_empty() { Value::Null } else { json!(tags) }
}
