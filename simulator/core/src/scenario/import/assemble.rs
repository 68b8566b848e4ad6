//! Facts to a scenario: who is denied, in which world, and what fixes it.
//!
//! A scenario is written, staged and asked: only where the caller gets the recorded error from the same cause is it given
//! out. What AWS does not show (an entry's unique id, the creator) is chosen so that the denial comes out.

mod case;
mod principal;
mod rbac;
mod text;
mod world;

use self::case::Case;
use self::case::Denial;
pub(super) use self::principal::explain as explain_principal;
use self::text::Story;
use self::world::MADE_UP_REGION;
use self::world::World;
use self::world::parse;
use super::Finding;
use super::Import;
use super::Options;
use super::facts::Facts;
use super::facts::Place;
use super::yaml;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::mapping;
use crate::explain::Cause;
use crate::explain::Explanation;
use crate::explain::explain_arn;
use crate::explain::explain_request;
use crate::explain::fix_without_patch;
use crate::explain::identity_of;
use crate::explain::least_rights;
use crate::explain::lint::Severity;
use crate::scenario::Scenario;
use crate::scenario::Staging;
use crate::value::arn::CanonicalArn;
use crate::value::instant::Timestamp;
use crate::value::user::UserInfo;
use crate::world::authenticate::extra;

/// The file of the ConfigMap beside scenario.yaml.
pub(super) const AWS_AUTH_FILE: &str = "aws-auth.yaml";
/// A fixed ConfigMap beside it.
pub(super) const FIXED_FILE: &str = "aws-auth-fixed.yaml";

/// What a staged world says of the caller.
struct Verdict {
    explanation: Explanation,
    /// The text of the log's `error`; nothing where the caller is let in.
    error: Option<String>,
    username: String,
    /// What lets the caller do what it was refused.
    commands: Vec<String>,
}

pub(super) fn build(facts: &Facts, options: &Options, findings: &mut Vec<Finding>) -> Option<Import> {
    let case = Case::find(facts, findings)?;
    let mut world = World::build(facts, &case, findings)?;
    let verdict = settle(facts, &case, &mut world, findings)?;
    compare(facts, &case, &verdict, findings);
    let cause = match &case.denial {
        Denial::Forbidden(_) | Denial::Mapping => verdict.explanation.cause,
        Denial::Key(cause) | Denial::Token(cause) => *cause,
    };
    let explanation = match &case.denial {
        Denial::Forbidden(_) | Denial::Mapping => verdict.explanation.clone(),
        Denial::Key(_) | Denial::Token(_) => case.line_explanation()?,
    };
    let explanation = without_made_up_names(explanation, facts, &world);
    let story = Story {
        id: &options.id,
        case: &case,
        world: &world,
        cause,
        explanation: &explanation,
        error: verdict.error.as_deref(),
        commands: &verdict.commands,
    };
    let scenario = story.render();
    let mut files = vec![("scenario.yaml", scenario)];
    files.extend(world.aws_auth_file().map(|text| (AWS_AUTH_FILE, text)));
    if let Some(fixed) = story.fixed() {
        files.push((FIXED_FILE, fixed));
        if let Some(found) = facts
            .aws_auth
            .as_ref()
            .filter(|found| !parse(&found.value).errors().is_empty())
        {
            findings.push(found.place.finding(
                Severity::Note,
                format!("a part of this aws-auth cannot be read, and is not in {FIXED_FILE}"),
                format!("write it into {FIXED_FILE}, so that the fix takes nobody's access"),
            ));
        }
    }
    if let Err(error) = Scenario::parse(&with_files(&files)) {
        findings.push(Place::default().finding(
            Severity::Error,
            format!("the scenario that comes of it is refused: {error}"),
            "fix what the message names in the artifacts",
        ));
        return None;
    }
    Some(Import {
        files,
        findings: Vec::new(),
        explanation,
        caller: case.caller.arn.clone(),
    })
}

/// A name or region of the cluster that no artifact says is made up for the staged world, and no advice; nor is a list of `aws-auth` of
/// which only a part may be known.
fn without_made_up_names(mut explanation: Explanation, facts: &Facts, world: &World) -> Explanation {
    if !facts.has_whole_aws_auth() {
        explanation.fix = fix_without_patch(&explanation.fix);
    }
    let mut names = facts.cluster_names.iter().map(|found| &found.value);
    if names.clone().all(|name| name.name.is_empty()) {
        let made_up = format!("--cluster-name {} ", world.name);
        explanation.fix = explanation.fix.replace(&made_up, "--cluster-name CLUSTER ");
    }
    if names.all(|name| name.region.is_empty()) && world.region == MADE_UP_REGION {
        let made_up = format!("--region {} ", world.region);
        explanation.fix = explanation.fix.replace(&made_up, "--region REGION ");
    }
    explanation
}

/// The text of scenario.yaml with the files beside it.
pub(super) fn with_files(files: &[(&str, String)]) -> String {
    let mut parts = files.iter();
    let mut text = parts.next().map(|(_, text)| text.clone()).unwrap_or_default();
    let mut parts = parts.peekable();
    if parts.peek().is_some() {
        text.push_str("files:\n");
    }
    for (name, content) in parts {
        text.push_str(&format!("  {name}: {}\n", yaml::quoted(content)));
    }
    text
}

/// Stages the world; where the caller is let in although it was denied, chooses what is not known so that it is not.
fn settle(facts: &Facts, case: &Case, world: &mut World, findings: &mut Vec<Finding>) -> Option<Verdict> {
    let mut verdict = ask(case, world, findings)?;
    let is_in = |verdict: &Verdict| verdict.error.is_none();
    match &case.denial {
        Denial::Key(_) | Denial::Token(_) => {
            if !is_in(&verdict) {
                world.creator = Some(case.caller.arn.clone());
                findings.push(case.caller.place.finding(
                    Severity::Note,
                    format!("nothing maps {}: it is taken for the cluster's creator, so that nothing but its credentials denies it", case.caller.arn),
                    "",
                ));
                verdict = ask(case, world, findings)?;
            }
            return Some(verdict);
        }
        Denial::Forbidden(_) => {
            if is_in(&verdict) {
                return Some(verdict);
            }
            let message = format!(
                "kubectl was forbidden, so the caller was let in; but by these artifacts {} is not mapped",
                case.caller.arn
            );
            findings.push(case.place.finding(
                Severity::Error,
                message,
                "give the aws-auth or the access entries as they were then",
            ));
            return None;
        }
        Denial::Mapping => {}
    }
    if !is_in(&verdict) {
        return Some(verdict);
    }
    let entry = world.entry_of(&case.caller.canonical);
    let is_younger = entry.is_some_and(|entry| younger(&entry.created, case.time));
    if let Some(entry) = world.entry_of_mut(&case.caller.canonical).filter(|_| !is_younger) {
        entry.recreated = true;
        let place = entry.place.clone();
        let again = ask(case, world, findings)?;
        if !is_in(&again) {
            findings.push(place.finding(
                Severity::Note,
                format!("{} has this access entry and was denied all the same: it is taken for a principal that was recreated since, whose id is not the entry's", case.caller.arn),
                "check it: aws iam get-role --role-name NAME shows when the principal was made; CloudTrail shows when the entry was",
            ));
            return Some(again);
        }
        if let Some(entry) = world.entry_of_mut(&case.caller.canonical) {
            entry.recreated = false;
        }
    }
    if facts.mode.is_none() && world.mode != AuthenticationMode::Api && entry_free(world, case) {
        let before = world.mode;
        world.mode = AuthenticationMode::Api;
        let again = ask(case, world, findings)?;
        if !is_in(&again) {
            let place = facts
                .aws_auth
                .as_ref()
                .map(|found| found.place.clone())
                .unwrap_or_default();
            findings.push(place.finding(
                Severity::Warning,
                "aws-auth maps the caller, which was denied all the same: the authentication mode is taken for API, in which aws-auth is not read",
                "give `aws eks describe-cluster` too, which says the mode",
            ));
            return Some(again);
        }
        world.mode = before;
    }
    verdict = ask(case, world, findings)?;
    let (place, what) = granting(facts, case, world);
    let fix = if is_younger {
        "the entry is younger than the denial: take a line of the log from after it was made".to_owned()
    } else {
        "give aws-auth, access entries and the cluster's mode as they were when the caller was denied, or a newer line of the log".to_owned()
    };
    findings.push(place.finding(
        Severity::Error,
        format!(
            "contradictory: the caller was denied, but {what}, so that {} is let in as {}",
            case.caller.arn, verdict.username
        ),
        fix,
    ));
    None
}

fn entry_free(world: &World, case: &Case) -> bool {
    world.entry_of(&case.caller.canonical).is_none()
}

/// Whether something made at `created` (as the AWS CLI shows it) came after the denial.
fn younger(created: &str, denial: Option<Timestamp>) -> bool {
    let Some(denial) = denial else { return false };
    Timestamp::parse_rfc3339(created).is_ok_and(|created| created > denial) || {
        // The AWS CLI shows an offset and fractions of seconds; days will do.
        let day = created.get(..10).unwrap_or_default();
        day.len() == 10 && *day > *denial.render_rfc3339().get(..10).unwrap_or_default()
    }
}

/// Which artifact lets the caller in.
fn granting(facts: &Facts, case: &Case, world: &World) -> (Place, String) {
    if let Some(entry) = world.entry_of(&case.caller.canonical) {
        return (entry.place.clone(), "it has an access entry".to_owned());
    }
    let place = facts
        .aws_auth
        .as_ref()
        .map(|found| found.place.clone())
        .unwrap_or_default();
    (place, "aws-auth maps it".to_owned())
}

fn ask(case: &Case, world: &World, findings: &mut Vec<Finding>) -> Option<Verdict> {
    let machine = case.time.unwrap_or(Timestamp::from_unix_seconds(1_767_225_600));
    let staging = staged(world, machine, findings)?;
    let world = &staging.world;
    let cluster = world.clusters.values().next()?;
    let caller = &case.caller;
    let canonical = CanonicalArn::parse(&caller.arn).map_or_else(|_| caller.arn.clone(), |canonical| canonical.arn);
    let identity = identity_of(&caller.sts_arn(), canonical, world);
    let resolution = mapping::resolve(&identity, cluster);
    let explanation = explain_arn(&caller.sts_arn(), cluster, world);
    Some(match resolution.outcome {
        Err(error) => Verdict {
            explanation,
            error: Some(error.to_string()),
            username: String::new(),
            commands: Vec::new(),
        },
        Ok(user) => {
            let (explanation, commands) =
                forbidden(case, &user, &identity, cluster).unwrap_or((explanation, Vec::new()));
            Verdict {
                explanation,
                error: None,
                username: user.username,
                commands,
            }
        }
    })
}

/// The world as a scenario begins with it; a finding where it is refused.
fn staged(world: &World, machine: Timestamp, findings: &mut Vec<Finding>) -> Option<Staging> {
    let mut files = vec![("scenario.yaml", world.render())];
    files.extend(world.aws_auth_file().map(|text| (AWS_AUTH_FILE, text)));
    match crate::scenario::stage(&with_files(&files), machine) {
        Ok(staging) => Some(staging),
        Err(error) => {
            findings.push(Place::default().finding(
                Severity::Error,
                format!("the world that comes of it is refused: {}", error.message),
                "fix what the message names in the artifacts",
            ));
            None
        }
    }
}

/// What the API server says to the user, and what changes it.
fn forbidden(
    case: &Case,
    user: &mapping::MappedUser,
    identity: &mapping::Identity,
    cluster: &Cluster,
) -> Option<(Explanation, Vec<String>)> {
    let Denial::Forbidden(request) = &case.denial else {
        return None;
    };
    let user = UserInfo {
        username: user.username.clone(),
        groups: user
            .groups
            .iter()
            .cloned()
            .chain(["system:authenticated".to_owned()])
            .collect(),
        // By these its access entry, and the policies of it, are found.
        extra: extra(identity),
        ..UserInfo::default()
    };
    let attributes = request.attributes();
    let commands = least_rights(&user, &attributes, cluster);
    Some((explain_request(&user, &attributes, cluster), commands))
}

/// Says where the artifacts and what was recorded differ.
fn compare(facts: &Facts, case: &Case, verdict: &Verdict, findings: &mut Vec<Finding>) {
    if let Denial::Forbidden(request) = &case.denial {
        if request.user != verdict.username {
            findings.push(case.place.finding(
                Severity::Warning,
                format!(
                    "kubectl says that the user is `{}`; these artifacts make it `{}`",
                    request.user, verdict.username
                ),
                "give the aws-auth or the access entries as they were then",
            ));
        }
        if verdict.explanation.cause == Cause::Granted {
            findings.push(case.place.finding(
                Severity::Error,
                format!(
                    "contradictory: kubectl was forbidden, but by these artifacts {} may do it",
                    verdict.username
                ),
                "give the groups and policies as they were then",
            ));
        }
        return;
    }
    if let (Some(recorded), Some(staged), Denial::Mapping) = (&case.error, &verdict.error, &case.denial) {
        let recorded_class = crate::explain::explain_log_line(recorded).map(|found| found.possible);
        let staged_class = crate::explain::explain_log_line(staged).map(|found| found.possible);
        if recorded_class != staged_class && !recorded.is_empty() {
            findings.push(case.place.finding(
                Severity::Error,
                format!("contradictory: the log says `{recorded}`; by these artifacts it would say `{staged}`"),
                "give aws-auth and the access entries as they were when the line was written",
            ));
        }
    }
    for record in &facts.records {
        let is_caller = record.value.arn() == Some(case.caller.canonical.as_str());
        if record.value.is_grant() && is_caller && record.value.time >= case.time && case.time.is_some() {
            findings.push(record.place.finding(
                Severity::Warning,
                "the caller was let in here, after it was denied",
                "give the artifacts of the time of the denial: what fixed it may be in them",
            ));
        }
    }
}
