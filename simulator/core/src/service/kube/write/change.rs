//! One change of a cluster, made or tried.

use std::sync::Arc;

use super::super::Context;
use super::super::status::Failure;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::aws_auth_key;
use crate::cluster::mapping::watch_messages;
use crate::service::event::EventKind;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;
use crate::value::log::LogLine;
use crate::value::log::go_quote;

/// Makes one change of the cluster, unless the request asks for a dry run.
pub(in super::super) fn change<R>(
    context: &Context<'_>,
    change: impl FnOnce(&mut Cluster, &mut IdGenerator, Timestamp) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let dry_run = match context.request.query_value("dryRun").as_deref() {
        None | Some("") => false,
        Some("All") => true,
        Some(other) => {
            return Err(Failure::bad_request(format!(
                "invalid dry run value {}: supported values: \"All\"",
                go_quote(other)
            )));
        }
    };
    change_or_try(context, dry_run, change)
}

/// Makes one change of the cluster, or tries it on a copy. A change of `aws-auth` is what the authenticator's watch sees:
/// it writes to its log.
pub(in super::super) fn change_or_try<R>(
    context: &Context<'_>,
    dry_run: bool,
    change: impl FnOnce(&mut Cluster, &mut IdGenerator, Timestamp) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let now = context.base.now();
    let name = context.cluster_name;
    if dry_run {
        let mut world = (*context.base.world()).clone();
        let (cluster, ids) = world.cluster_mut(name).ok_or_else(Failure::path_not_found)?;
        return change(cluster, ids, now);
    }
    let (result, messages) = context.base.change(|world| {
        let (cluster, ids) = world.cluster_mut(name).ok_or_else(Failure::path_not_found)?;
        let version = |cluster: &Cluster| cluster.objects().find(&aws_auth_key()).cloned();
        let before = version(cluster);
        let result = change(cluster, ids, now)?;
        let after = version(cluster);
        let same = match (&before, &after) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after),
            (before, after) => before.is_none() && after.is_none(),
        };
        let messages = if same {
            Vec::new()
        } else {
            watch_messages(after.map(|_| cluster.aws_auth()))
        };
        Ok((result, messages))
    })?;
    if !messages.is_empty() {
        let lines: Vec<LogLine> = messages
            .into_iter()
            .map(|(level, msg)| LogLine {
                time: now,
                level,
                msg,
                fields: Vec::new(),
            })
            .collect();
        context.base.log(&context.cluster, lines.clone());
        let cluster = name.to_owned();
        context
            .base
            .record(now, EventKind::AwsAuthChange { cluster, log: lines });
    }
    Ok(result)
}
