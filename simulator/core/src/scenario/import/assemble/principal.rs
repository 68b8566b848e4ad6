//! Whether a principal is mapped, by artifacts alone: `explain --arn` with files in place of a running simulator.
//!
//! What no artifact says is not guessed. The authentication mode is tried each way that is left; where a text is missing that
//! could change an answer, the answer is open, and what would settle it is said.

use std::collections::BTreeSet;

use super::super::Finding;
use super::super::facts::Facts;
use super::super::facts::Place;
use super::case::Caller;
use super::case::Case;
use super::case::Denial;
use super::staged;
use super::world::World;
use super::world::parse;
use crate::cluster::eks::AuthenticatorRelease;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::parameter::AuthenticationMode;
use crate::cluster::mapping;
use crate::cluster::mapping::is_instance_id;
use crate::explain::explain_arn;
use crate::explain::fix_without_patch;
use crate::explain::identity_of;
use crate::explain::lint::Severity;
use crate::scenario::import::ByMode;
use crate::scenario::import::Mapped;
use crate::scenario::import::PrincipalExplanation;
use crate::value::arn::CanonicalArn;
use crate::value::instant::Timestamp;
use crate::value::trace::Trace;

/// Stands for a cluster's name that no artifact says.
const NO_NAME: &str = "NAME";
/// Stands for the name of a role's session where the ARN is the role's own.
const SESSION: &str = "SESSION";

pub(in super::super) fn explain(arn: &str, facts: &Facts, findings: &mut Vec<Finding>) -> Option<PrincipalExplanation> {
    let refuse = |message: String| {
        Place::default().finding(
            Severity::Error,
            message,
            "give the Arn that `aws sts get-caller-identity` prints, or that of the user or role",
        )
    };
    let Some(caller) = Caller::new(arn, "", Place::default()) else {
        findings.push(refuse(format!("`{arn}` is no principal")));
        return None;
    };
    let case = Case {
        caller,
        denial: Denial::Mapping,
        place: Place::default(),
        time: None,
        error: None,
        release: AuthenticatorRelease::Current,
        mapping: None,
    };
    // What is said of the World as a whole is said below, in the terms of the question.
    let mut of_world = Vec::new();
    let world = World::build(facts, &case, &mut of_world);
    findings.extend(
        of_world
            .into_iter()
            .filter(|finding| finding.line > 0 || finding.severity == Severity::Error),
    );
    let mut world = world?;
    let mut not_known = Vec::new();
    if !facts.cluster_names.iter().any(|found| !found.value.name.is_empty()) {
        NO_NAME.clone_into(&mut world.name);
        not_known.push(format!(
            "the cluster's name, for which {NO_NAME} stands: give `aws eks describe-cluster`"
        ));
    }
    let mut answers = Vec::new();
    for mode in modes(facts, world.mode) {
        let answer = answer(arn, facts, &case, &mut world, mode, &mut not_known, findings)?;
        answers.push(answer);
    }
    if facts.mode.is_none() {
        not_known.push(format!(
            "the authentication mode, which may be {}: give `aws eks describe-cluster`",
            names(&modes(facts, world.mode))
        ));
    }
    let mut seen = BTreeSet::new();
    not_known.retain(|fact| seen.insert(fact.clone()));
    let mut verdicts = answers.iter().map(|answer| answer.mapped);
    let first = verdicts.next()?;
    Some(PrincipalExplanation {
        cluster: world.name,
        mapped: if verdicts.all(|other| other == first) {
            first
        } else {
            Mapped::NotKnown
        },
        answers,
        not_known,
        findings: Vec::new(),
    })
}

/// The modes that the cluster may be in.
fn modes(facts: &Facts, said: AuthenticationMode) -> Vec<AuthenticationMode> {
    if facts.mode.is_some() {
        return vec![said];
    }
    let all = [
        AuthenticationMode::ConfigMap,
        AuthenticationMode::ApiAndConfigMap,
        AuthenticationMode::Api,
    ];
    // EKS lists access entries in the other modes only, and no cluster goes back to CONFIG_MAP.
    let has_entries = facts.entries_listed || !facts.entries.is_empty();
    let may_be = |mode: &AuthenticationMode| mode.has_access_entries() || !has_entries;
    all.into_iter().filter(may_be).collect()
}

fn names(modes: &[AuthenticationMode]) -> String {
    let names: Vec<&str> = modes.iter().map(|mode| mode.as_str()).collect();
    names.join(" or ")
}

/// What the principal is in this mode.
fn answer(
    arn: &str,
    facts: &Facts,
    case: &Case,
    world: &mut World,
    mode: AuthenticationMode,
    not_known: &mut Vec<String>,
    findings: &mut Vec<Finding>,
) -> Option<ByMode> {
    world.mode = mode;
    let entries = if mode.has_access_entries() {
        Vec::new()
    } else {
        std::mem::take(&mut world.entries)
    };
    let staging = staged(world, Timestamp::from_unix_seconds(1_767_225_600), findings);
    world.entries.extend(entries);
    let staging = staging?;
    let mut cluster = Cluster::clone(staging.world.clusters.values().next()?);
    // The staged creator is made up. Its entry is in the way only where no artifact has it.
    let creator = cluster.creator.take().map(|creator| creator.canonical_arn);
    if let Some(creator) = creator.filter(|creator| world.entry_of(creator).is_none()) {
        let _ = cluster.delete_access_entry(&creator);
    }
    let canonical = CanonicalArn::parse(arn).ok()?.arn;
    let user = |arn: &str| mapping::resolve(&identity_of(arn, canonical.clone(), &staging.world), &cluster).outcome;
    let session = |name: &str| {
        let caller = &case.caller;
        format!(
            "arn:{}:sts::{}:assumed-role/{}/{name}",
            caller.partition, caller.account, caller.name
        )
    };
    let mut asked = arn.to_owned();
    // The ARN of a role names no session; where the mapping wants one, a word stands for it.
    if arn.contains(":role/") && user(arn).is_ok() && user(arn) != user(&session(SESSION)) {
        asked = session(SESSION);
        not_known.push(format!(
            "the session's name, for which {SESSION} stands: give the Arn that `aws sts get-caller-identity` prints"
        ));
    }
    let mut explanation = explain_arn(&asked, &cluster, &staging.world);
    if !facts.has_whole_aws_auth() {
        explanation.fix = fix_without_patch(&explanation.fix);
    }
    // The unique ids are made up: AWS shows them neither in entries nor in ARNs.
    let mut ids: Vec<&str> = cluster
        .access_entries()
        .iter()
        .map(|entry| entry.principal_id.as_str())
        .collect();
    let own_id = identity_of(&asked, canonical.clone(), &staging.world).user_id;
    ids.push(&own_id);
    explanation.trace = explanation.trace.reworded(|text| {
        ids.iter()
            .fold(text.to_owned(), |text, id| text.replace(&format!(" ({id})"), ""))
    });
    if mode.has_access_entries() && !facts.entries_listed {
        // How many there are is not known.
        explanation
            .evidence
            .retain(|fact| !fact.contains("principals have access entries"));
    }
    let granted = user(&asked);
    let entry = world
        .entry_of(&case.caller.canonical)
        .filter(|_| mode.has_access_entries());
    let mut missing = Vec::new();
    if mode.reads_aws_auth() && facts.aws_auth.is_none() && entry.is_none() {
        missing.push("aws-auth: give `kubectl get configmap aws-auth -n kube-system -o yaml`".to_owned());
    }
    if mode.has_access_entries() && entry.is_none() && !facts.entries_listed {
        missing.push(format!(
            "whether {} has an access entry: give `aws eks list-access-entries`, and `describe-access-entry` of it",
            case.caller.canonical
        ));
    }
    let mapped = match &granted {
        Ok(_) => Mapped::Yes,
        Err(_) if missing.is_empty() => Mapped::No,
        Err(_) => Mapped::NotKnown,
    };
    if mapped == Mapped::NotKnown {
        // Mappers that were not given were not asked.
        explanation.trace = Trace::new();
    }
    not_known.append(&mut missing);
    match (&granted, entry) {
        (Ok(user), Some(entry)) => {
            let described = facts.entries.iter().find(|found| found.value.arn == entry.arn);
            if described.is_some_and(|found| found.value.details.is_none()) {
                explanation.sentence = format!("{} has an access entry", case.caller.canonical);
                not_known
                    .push("the entry's username, groups and type: give `aws eks describe-access-entry`".to_owned());
            }
            if !facts.policies.iter().any(|found| found.value.principal == entry.arn) && user.groups.is_empty() {
                not_known
                    .push("the entry's access policies: give `aws eks list-associated-access-policies`".to_owned());
            }
            not_known.push(format!(
                "whether {} was deleted and recreated since its entry was made, which denies it: compare CreateDate of `aws \
                 iam get-{}` with the entry's createdAt",
                entry.arn,
                if entry.arn.contains(":role/") { "role" } else { "user" }
            ));
        }
        (Ok(_), None) => {}
        (Err(_), _) if mode == AuthenticationMode::ConfigMap => not_known.push(format!(
            "who created the cluster: if {} did, it is let in by a mapping that AWS does not show",
            case.caller.canonical
        )),
        (Err(_), _) => {
            if arn.contains(":assumed-role/") && world.principal_arn(&case.caller) == case.caller.canonical {
                not_known.push(format!(
                    "the path of the role, which the principal of an access entry has: give Arn of `aws iam get-role \
                     --role-name {}`",
                    case.caller.name
                ));
            }
        }
    }
    if granted.is_ok_and(|user| user.username.contains("ip-10-0-0-1.")) && is_instance_id(&case.caller.session) {
        not_known.push("the instance's private DNS name, for which ip-10-0-0-1 stands".to_owned());
    }
    if let Some(found) = &facts.aws_auth
        && mode.reads_aws_auth()
        && let errors = parse(&found.value).errors()
        && !errors.is_empty()
        && mapped != Mapped::Yes
    {
        findings.push(found.place.finding(
            Severity::Warning,
            format!("a part of this aws-auth cannot be read: {}", errors.join("; ")),
            "see `eks-auth-sim lint`",
        ));
    }
    Some(ByMode {
        mode,
        mapped,
        explanation,
    })
}
