//! What pasted logs say, whichever program of a cluster wrote them: the authenticator, kube-apiserver, the kubelet, audit events,
//! CloudTrail records, and CloudWatch's tables, CSV and JSON of all of these.
//!
//! A line of the authenticator says why. What kube-apiserver and the kubelet write says no more than that there was a 401:
//! of that nothing is guessed, and where the authenticator's line of that second stands is said. What a kubelet itself refuses,
//! by its own API, is told apart. Lines of programs that are none of these say nothing here, whatever words they use.
//!
//! INVARIANT: each line is read a bounded number of times, so that the work grows with the text alone.

mod audit;
mod authenticator;
mod cloudtrail;
mod document;
mod forbidden;
mod klog;
mod kubelet;
#[cfg(test)]
mod tests;
mod window;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

pub(crate) use self::audit::AuditEvent;
pub(crate) use self::klog::NODE_401;
pub(super) use self::kubelet::kubelet_refusal;
use self::window::When;
use super::Cause;
use super::Certainty;
use super::Diagnosis;
use super::Evidence;
use super::node;
use super::node::Target;

/// Reads logs, line by line and document by document. What names a cause comes first, and the newest of these; what is the
/// same as another is reported once, with its newest line.
#[must_use]
pub fn diagnose_log_text(text: &str) -> Vec<Diagnosis> {
    let target = target(text);
    let (documents, covered) = document::find(text);
    let mut found = Found::default();
    let mut authenticator = authenticator::Reader::of(text);
    let threads = klog::kubelet_threads(text);
    for (number, line) in (1_usize..).zip(text.lines()) {
        if covered.contains(&number) {
            continue;
        }
        let read = authenticator.read(number, line, &target);
        let read = read
            .or_else(|| kubelet_refusal(number, line, &target).map(|refused| (refused, When::of(line))))
            .or_else(|| klog::read(number, line, &target, &threads));
        if let Some((diagnosis, when)) = read {
            found.add(diagnosis, when.as_ref(), number);
        }
    }
    for document in &documents {
        let read = match document {
            document::Document::Audit(number, line, event) => event.diagnose(*number, line, &target),
            document::Document::Trail(number, line, record) => record.diagnose(*number, line, &target),
        };
        if let Some((diagnosis, when)) = read {
            let number = diagnosis.evidence.first().and_then(|evidence| evidence.line);
            found.add(diagnosis, when.as_ref(), number.unwrap_or_default());
        }
    }
    let mut ranked = found.ranked();
    add_instance_profile(text, &mut ranked, &target);
    ranked
}

/// A diagnosis, and when what it is about happened.
type Read = (Diagnosis, Option<When>);

/// The diagnoses so far, by what they say.
#[derive(Default)]
struct Found {
    order: BTreeMap<(String, String), usize>,
    list: Vec<Entry>,
}

struct Entry {
    diagnosis: Diagnosis,
    key: Key,
    times: usize,
}

/// What comes first: how sure it is, then how new.
type Key = (u8, Reverse<i64>, Reverse<usize>);

impl Found {
    fn add(&mut self, diagnosis: Diagnosis, when: Option<&When>, line: usize) {
        let rank = match &diagnosis.certainty {
            Certainty::Named(Cause::Granted)
            | Certainty::Likeliest {
                cause: Cause::Granted, ..
            } => 3,
            Certainty::Named(_) => 0,
            Certainty::Likeliest { .. } => 1,
            Certainty::NotKnown => 2,
            Certainty::NotAccess => 4,
        };
        let seconds = when.and_then(|when| when.seconds).unwrap_or(i64::MIN);
        let key = (rank, Reverse(seconds), Reverse(line));
        let same = (diagnosis.sentence.clone(), diagnosis.fix.clone());
        let known = self.order.get(&same).and_then(|at| self.list.get_mut(*at));
        match known {
            Some(entry) => {
                entry.times = entry.times.saturating_add(1);
                if key < entry.key {
                    entry.key = key;
                    entry.diagnosis = diagnosis;
                }
            }
            None => {
                self.order.insert(same, self.list.len());
                self.list.push(Entry {
                    diagnosis,
                    key,
                    times: 1,
                });
            }
        }
    }

    fn ranked(mut self) -> Vec<Diagnosis> {
        self.list.sort_by_key(|entry| entry.key);
        let diagnoses = self.list.into_iter().map(|mut entry| {
            if entry.times > 1 {
                let text = format!("{} places say so; the newest is shown", entry.times);
                entry.diagnosis.evidence.push(Evidence { line: None, text });
            }
            entry.diagnosis
        });
        diagnoses.collect()
    }
}

/// How much of a line is shown as evidence, in characters: an audit event may have a whole object in it.
const SHOWN: usize = 1000;

/// A diagnosis with one line as its evidence.
fn of_line(certainty: Certainty, sentence: impl Into<String>, number: usize, line: &str) -> Diagnosis {
    Diagnosis {
        certainty,
        sentence: sentence.into(),
        evidence: vec![Evidence {
            line: Some(number),
            text: line.trim().chars().take(SHOWN).collect(),
        }],
        fix: String::new(),
        look_at: Vec::new(),
    }
}

/// A 401 of which nobody said why: what was refused, and where the reason stands.
fn unauthorized(
    sentence: impl Into<String>,
    number: usize,
    line: &str,
    when: Option<&When>,
    target: &Target,
) -> Diagnosis {
    let mut diagnosis = of_line(Certainty::NotKnown, sentence, number, line);
    diagnosis.look_at = window::authenticator_lines(target, when);
    diagnosis
}

/// The cluster and the region that the text names anywhere, or placeholders.
fn target(text: &str) -> Target {
    static CLUSTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"/aws/eks/([A-Za-z0-9][A-Za-z0-9_-]*)/cluster|--cluster-name[ =]+"?([A-Za-z0-9][A-Za-z0-9_-]*)|arn:aws[a-z-]*:eks:[a-z0-9-]*:\d*:cluster/([A-Za-z0-9][A-Za-z0-9_-]*)|"clusterName\\*":\s*\\*"([A-Za-z0-9][A-Za-z0-9_-]*)"#,
        )
        .ok()
    });
    static REGION: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"--region[ =]+"?([a-z]{2,4}(?:-[a-z]+)+-\d)|arn:aws[a-z-]*:eks:([a-z]{2,4}(?:-[a-z]+)+-\d):|"awsRegion\\*":\s*\\*"([a-z]{2,4}(?:-[a-z]+)+-\d)|\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.eks\.amazonaws\.com|\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.compute\.internal| on ([a-z]{2,4}(?:-[a-z]+)+-\d) endpoint"#,
        )
        .ok()
    });
    let first = |pattern: &LazyLock<Option<Regex>>| {
        let found = pattern.as_ref()?.captures(text)?;
        found
            .iter()
            .skip(1)
            .flatten()
            .next()
            .map(|group| group.as_str().to_owned())
    };
    Target::of_names(first(&CLUSTER).as_deref(), first(&REGION).as_deref())
}

/// A node that got a 401, its instance profile, and an `aws-auth` in which no role looks like one of nodes.
///
/// A profile's name need not be its role's: IAM says which role it holds.
fn add_instance_profile(text: &str, diagnoses: &mut [Diagnosis], target: &Target) {
    static PROFILE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"arn:aws[a-z-]*:iam::[^:\s]*:instance-profile/([A-Za-z0-9_+=,.@/-]+)").ok());
    static ROLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"rolearn["']?:\s*["']?(arn:[^\s"']+)"#).ok());
    let (Some(profile), Some(role)) = (PROFILE.as_ref(), ROLE.as_ref()) else {
        return;
    };
    let Some(found) = profile.captures(text) else { return };
    let arn = found.get(0).map_or("", |arn| arn.as_str());
    let name = found.get(1).map_or("", |name| name.as_str());
    let name = name.rsplit('/').next().unwrap_or_default();
    let line = (1_usize..).zip(text.lines()).find(|(_, line)| line.contains(arn));
    let Some(diagnosis) = diagnoses
        .iter_mut()
        .find(|diagnosis| diagnosis.certainty == Certainty::NotKnown && diagnosis.sentence.starts_with(NODE_401))
    else {
        return;
    };
    let show = format!(
        "aws iam get-instance-profile --instance-profile-name {name} --query 'InstanceProfile.Roles[].Arn'   # the role that the node acts as"
    );
    diagnosis.look_at.retain(|other| !other.contains(klog::UNKNOWN_PROFILE));
    diagnosis.look_at.insert(0, show);
    if let Some((number, line)) = line {
        diagnosis.evidence.push(Evidence {
            line: Some(number),
            text: line.trim().chars().take(SHOWN).collect(),
        });
    }
    let mut mapped = role.captures_iter(text).filter_map(|found| found.get(1)).peekable();
    let name_of = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let is_some = mapped.peek().is_some();
    if !is_some || mapped.any(|role| node::is_role_name(&name_of(role.as_str()))) {
        return;
    }
    let kind = node::NodeKind::of(name, "");
    diagnosis.certainty = Certainty::Likeliest {
        cause: Cause::NodeRoleNotMapped,
        of: vec![
            Cause::NodeRoleNotMapped,
            Cause::AwsAuthBroken,
            Cause::MappedWithPath,
            Cause::TokenExpired,
            Cause::ClockAhead,
        ],
    };
    diagnosis.sentence = format!(
        "a node got a 401, and none of the roles in aws-auth is by its name one of nodes: most likely the role of the instance \
         profile {name} is not mapped"
    );
    diagnosis.fix = format!(
        "with the role that the instance profile {name} holds as ROLE_ARN: {}",
        node::either(target, "ROLE_ARN", kind)
    );
}
