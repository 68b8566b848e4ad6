//! OpenID Connect identity providers.

use serde_json::Value;
use serde_json::json;

use super::change;
use super::input::Input;
use super::tag;
use crate::aws::iam::Tagged;
use crate::aws::iam::input;
use crate::service::aws::error::AwsError;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::time;

pub(super) fn create(call: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(call);
    let url = input.required("Url", input::PROVIDER_TEXT);
    let client_ids = input.list("ClientIDList", input::PROVIDER_TEXT);
    let thumbprints = input.list("ThumbprintList", input::THUMBPRINT);
    let tags = input.tags();
    input.check()?;
    let provider = change(call, |account, directory, _| {
        let made = directory.create_oidc_provider(account, url, client_ids, thumbprints, call.now)?;
        directory.edit_tags(account, Tagged::OidcProvider(&made.arn), |known| known.add(&tags))?;
        directory.oidc_provider(account, &made.arn).cloned()
    })?;
    Ok(json!({"OpenIDConnectProviderArn": provider.arn, "Tags": tag::fields(&provider.tags)}))
}

pub(super) fn get(call: &Context<'_>) -> Result<Value, AwsError> {
    let arn = arn(call)?;
    let world = call.base.world();
    let provider = world.directory.oidc_provider(call.account()?, arn)?;
    Ok(json!({
        "Url": provider.url,
        "ClientIDList": provider.client_ids,
        "ThumbprintList": provider.thumbprints,
        "CreateDate": time(call.service, provider.created),
        "Tags": tag::fields(&provider.tags),
    }))
}

pub(super) fn list(call: &Context<'_>) -> Result<Value, AwsError> {
    let world = call.base.world();
    let account = world.directory.account(call.account()?);
    let providers: Vec<Value> = account
        .into_iter()
        .flat_map(|account| account.oidc_providers())
        .map(|provider| json!({"Arn": provider.arn}))
        .collect();
    Ok(json!({"OpenIDConnectProviderList": providers}))
}

pub(super) fn delete(call: &Context<'_>) -> Result<Value, AwsError> {
    let arn = arn(call)?;
    change(call, |account, directory, _| {
        directory.delete_oidc_provider(account, arn)
    })?;
    Ok(Value::Null)
}

pub(super) fn add_client_id(call: &Context<'_>) -> Result<Value, AwsError> {
    let (arn, id) = (arn(call)?, client_id(call)?);
    change(call, |account, directory, _| {
        directory.edit_oidc_provider(account, arn, |provider| provider.add_client_id(id))
    })?;
    Ok(Value::Null)
}

pub(super) fn remove_client_id(call: &Context<'_>) -> Result<Value, AwsError> {
    let (arn, id) = (arn(call)?, client_id(call)?);
    change(call, |account, directory, _| {
        directory.edit_oidc_provider(account, arn, |provider| {
            provider.remove_client_id(id);
            Ok(())
        })
    })?;
    Ok(Value::Null)
}

pub(super) fn update_thumbprints(call: &Context<'_>) -> Result<Value, AwsError> {
    let arn = arn(call)?;
    let mut input = Input::of(call);
    let thumbprints = input.list("ThumbprintList", input::THUMBPRINT);
    input.check()?;
    change(call, |account, directory, _| {
        directory.edit_oidc_provider(account, arn, |provider| provider.set_thumbprints(thumbprints))
    })?;
    Ok(Value::Null)
}

fn arn<'a>(call: &Context<'a>) -> Result<&'a str, AwsError> {
    let mut input = Input::of(call);
    let arn = input.required("OpenIDConnectProviderArn", input::ARN);
    input.check()?;
    Ok(arn)
}

fn client_id<'a>(call: &Context<'a>) -> Result<&'a str, AwsError> {
    let mut input = Input::of(call);
    let id = input.required("ClientID", input::PROVIDER_TEXT);
    input.check()?;
    Ok(id)
}
