//! Who writes, and so owns what is written.

use serde_json::Value;

use super::super::Context;
use super::super::options::Write;
use super::super::options::WriteOptions;
use super::super::status::Failure;
use super::target::Target;
use crate::kube::custom;
use crate::kube::managed_fields;
use crate::kube::schema::Schema;
use crate::value::instant::Timestamp;

/// Who writes, as managed fields name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Writer {
    options: WriteOptions,
    /// Empty for the object itself.
    subresource: String,
}

impl Writer {
    pub(in super::super) fn of(context: &Context<'_>, write: Write, subresource: &str) -> Result<Self, Failure> {
        Ok(Self {
            options: WriteOptions::of(context.request, write)?,
            subresource: subresource.to_owned(),
        })
    }

    /// Gives the writer what differs between `live` and `object`.
    pub(super) fn track(&self, target: &Target<'_>, live: Option<&Value>, object: &mut Value, now: Timestamp) {
        let after_update = |live: Option<&Value>, object: &mut Value| {
            self.with(target, |fields| {
                managed_fields::after_update(fields, live, object, &self.options.manager, now);
            });
        };
        let resource = target.resource;
        if resource.conversion.is_none() {
            return after_update(live, object);
        }
        // Fields are owned as the version of the request names them.
        let live = live.map(|live| resource.shown(live));
        let mut shown = resource.shown(object).into_owned();
        after_update(live.as_deref(), &mut shown);
        managed_fields::set(object, shown.pointer("/metadata/managedFields").cloned());
    }

    /// What `applied` makes of `live`, with its managed fields.
    pub(super) fn apply(
        &self,
        target: &Target<'_>,
        live: Option<&Value>,
        applied: &Value,
        now: Timestamp,
    ) -> Result<Value, Failure> {
        let WriteOptions { manager, force } = &self.options;
        self.with(target, |fields| {
            managed_fields::apply(fields, live, applied, manager, *force, now)
        })
        .map_err(|error| Failure::of_apply(&error))
    }

    fn with<R>(&self, target: &Target<'_>, run: impl FnOnce(&managed_fields::ManagedType<'_>) -> R) -> R {
        let kind = target.kind();
        let custom = target.resource.custom.as_ref();
        let own = custom.map(|custom| custom::types(&kind, custom.schema()));
        run(&managed_fields::ManagedType {
            schema: own.as_ref().unwrap_or_else(|| Schema::builtin()),
            kind: &kind,
            subresource: &self.subresource,
            has_status: target.resource.has_status(),
            custom: target.is_custom(),
        })
    }
}
