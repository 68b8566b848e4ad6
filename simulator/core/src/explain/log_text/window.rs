//! When a line was written, and the authenticator's lines of that time.

use std::sync::LazyLock;

use regex::Captures;
use regex::Regex;

use crate::explain::node::Target;
use crate::value::instant::Timestamp;

/// How long before and behind a line the authenticator's own is looked for, in seconds.
const AROUND: i64 = 60;

/// When a line was written, as far as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// As a person reads it; klog writes no year, and no zone.
    pub(super) shown: String,
    /// Since 1970, where the line says the year.
    pub(super) seconds: Option<i64>,
}

impl When {
    pub(super) fn at(time: Timestamp) -> Self {
        Self {
            shown: time.render_rfc3339(),
            seconds: Some(time.unix_seconds()),
        }
    }

    /// What stands before the message of a line: CloudWatch's or the container runtime's time, else klog's.
    pub(super) fn of(line: &str) -> Option<Self> {
        static FULL: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d+)?(?:([+-])(\d\d):?(\d\d))?").ok()
        });
        let klog = HEADER.as_ref().and_then(|header| header.captures(line));
        let start = klog.as_ref().and_then(|found| found.get(0)).map(|found| found.start());
        let full = FULL.as_ref().and_then(|full| full.captures(line));
        // A time within the message is that of something else.
        let full = full.filter(|found| {
            let at = found.get(0).map(|found| found.start());
            at.zip(start).is_none_or(|(at, start)| at < start)
        });
        if let Some(time) = full.as_ref().and_then(timestamp) {
            return Some(Self::at(time));
        }
        let part = |at: usize| klog.as_ref()?.get(at).map(|part| part.as_str());
        Some(Self {
            shown: format!("{}-{} {}", part(1)?, part(2)?, part(3)?),
            seconds: None,
        })
    }
}

fn timestamp(found: &Captures<'_>) -> Option<Timestamp> {
    let part = |at: usize| found.get(at).map(|part| part.as_str());
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(1)?,
        part(2)?,
        part(3)?,
        part(4)?,
        part(5)?,
        part(6)?
    );
    let time = Timestamp::parse_rfc3339(&text).ok()?;
    let minutes = |at: usize| part(at).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let offset = minutes(8)
        .saturating_mul(3600)
        .saturating_add(minutes(9).saturating_mul(60));
    Some(match part(7) {
        Some("+") => time.plus_seconds(offset.saturating_neg()),
        Some(_) => time.plus_seconds(offset),
        None => time,
    })
}

/// What klog puts before a message: level, month, day, time, thread, file and line.
///
/// Source: `formatHeader` of k8s.io/klog/v2.
pub(super) static HEADER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d)\.\d{3,9} +\d+ [A-Za-z0-9_.-]+\.go:\d+\]").ok());

/// How to find what the authenticator wrote at that time.
pub(super) fn authenticator_lines(target: &Target, when: Option<&When>) -> Vec<String> {
    let Target { cluster, region } = target;
    let (window, of) = match when {
        Some(When {
            seconds: Some(seconds),
            shown,
        }) => (
            format!(
                "--start-time {} --end-time {}",
                seconds.saturating_sub(AROUND),
                seconds.saturating_add(AROUND)
            ),
            format!("   # the authenticator's line of {shown}"),
        ),
        Some(When { shown, .. }) => (
            "--start-time START --end-time END".to_owned(),
            format!(
                "   # START and END: seconds since 1970, a minute before and behind {shown} (in UTC; a node may write another zone's time)"
            ),
        ),
        None => (
            "--start-time START --end-time END".to_owned(),
            "   # START and END: seconds since 1970, around the time of the failure".to_owned(),
        ),
    };
    vec![
        format!(
            "aws logs start-query --log-group-name /aws/eks/{cluster}/cluster --region {region} {window} --query-string 'fields \
             @timestamp, @message | filter @logStream like /authenticator/ | filter @message like /access denied/ | sort @timestamp \
             desc'{of}"
        ),
        format!("aws logs get-query-results --region {region} --query-id ID   # the id that start-query prints"),
        format!(
            "where there is no such log: aws eks update-cluster-config --name {cluster} --region {region} --logging \
             '{{\"clusterLogging\":[{{\"types\":[\"authenticator\",\"audit\"],\"enabled\":true}}]}}', and let it fail again"
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        for (line, shown, seconds) in [
            (
                "2024-02-03 23:07:15.000,E0203 23:07:15.496759       1 webhook.go:107] x",
                "2024-02-03T23:07:15Z",
                Some(1_707_001_635),
            ),
            (
                "E0203 23:07:15.496759       1 webhook.go:107] current time 2023-01-01T00:00:00Z is",
                "02-03 23:07:15",
                None,
            ),
            (
                "2024-02-03T23:07:15.1+09:00 stdout F x",
                "2024-02-03T14:07:15Z",
                Some(1_706_969_235),
            ),
            (
                "| 2024-02-03 23:07:15.123 | time",
                "2024-02-03T23:07:15Z",
                Some(1_707_001_635),
            ),
        ] {
            let when = When::of(line).unwrap();
            assert_eq!((when.shown.as_str(), when.seconds), (shown, seconds), "{line}");
        }
        assert_eq!(When::of("no time at all"), None);
    }
}
