//! Nobody gives what it does not hold: the check before a role or a binding is written.

use serde_json::Value;

use super::Context;
use super::status::Failure;
use crate::cluster::privilege::Refusal;
use crate::cluster::privilege::check_write;
use crate::explain::Granting;
use crate::kube::resource::ResourceType;

/// Refuses a role or a binding by which the user would give more than it holds. Of other resources nothing is refused.
pub(super) fn check(
    context: &Context<'_>,
    resource: &ResourceType,
    old: Option<&Value>,
    new: &Value,
) -> Result<(), Failure> {
    let name = new
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    check_write(context.user, context.attributes, new, old, &context.cluster).map_err(|refusal| match refusal {
        Refusal::Forbidden(why) => Failure::escalation(resource, name, &why, granting(new)),
        // The storage looks the role up under the resource of the request, and names that.
        Refusal::NoRole(name) => Failure::not_found(resource, &name),
    })
}

/// How an object would grant something: a binding has a reference to a role.
fn granting(object: &Value) -> Granting {
    let text = |field: &str| object.pointer(field).and_then(Value::as_str).map(str::to_owned);
    match (text("/roleRef/kind"), text("/roleRef/name")) {
        (Some(kind), Some(name)) => Granting::Binding { kind, name },
        _ => Granting::Rules,
    }
}
