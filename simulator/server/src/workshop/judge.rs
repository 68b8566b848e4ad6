//! Whether a step of the proof went as it must: by what the learner's client printed, and by what the seat's own world saw.
//!
//! What a client printed could be made up. What the world saw could not: that a caller was let in takes a signature that
//! holds, and that a request was allowed takes the right to it, which is the fix. The seat's page knows no client, and goes
//! by what the world saw alone.

use eks_auth_core::cluster::authorize::Decision;
use eks_auth_core::cluster::authorize::authorize;
use eks_auth_core::cluster::eks::Cluster;
use eks_auth_core::kube::request_info::Attributes;
use eks_auth_core::scenario::Action;
use eks_auth_core::scenario::Exit;
use eks_auth_core::scenario::Step;
use eks_auth_core::value::user::UserInfo;

use crate::runner::Outcome;
use crate::runner::Rigour;
use crate::runner::faults;
use crate::runner::unexpected_caller;
use crate::state::State;
use crate::state::journal::Event;
use crate::state::journal::EventKind;
use eks_auth_core::service::kube;

/// What is not as the step says, after the events that came since it began.
pub(super) fn judge(step: &Step, outcome: &Outcome, state: &State, events: &[Event]) -> Vec<String> {
    let mut faults = faults(step, outcome, &[], Rigour::AnyFix);
    faults.extend(unexpected_caller(step, events));
    if faults.is_empty() {
        faults.extend(unseen(step, state, events));
    }
    faults
}

/// Whether the world alone tells that a proof would go well: every step is a question to the cluster by a caller that is
/// known.
pub(super) fn is_observable(proof: &[Step]) -> bool {
    let asks = |step: &Step| {
        let succeeds = matches!(step.exit, Exit::Code(0)) && step.caller.is_some();
        succeeds && matches!(asked(&words(step)), Some(Asked::Read { .. } | Asked::CanI { .. }))
    };
    !proof.is_empty() && proof.iter().all(asks)
}

/// The steps of a proof that the world has not seen go well, and why not. Of a caller it matters what came after the last
/// time that the caller was refused.
pub(super) fn observe<'a>(proof: &'a [Step], state: &State, events: &[Event]) -> Vec<(&'a Step, String)> {
    let lacking = |step: &'a Step| {
        let refused = events.iter().rposition(|event| match &event.kind {
            EventKind::Authentication { authentication, .. } => {
                let identity = authentication.identity.as_ref();
                let arn = identity.map(|identity| &identity.canonical_arn);
                authentication.outcome.is_err() && arn == step.caller.as_ref()
            }
            _ => false,
        });
        let newer = events.get(refused.map_or(0, |at| at + 1)..).unwrap_or_default();
        let why = unexpected_caller(step, newer).or_else(|| unseen(step, state, newer))?;
        Some((step, why))
    };
    proof.iter().filter_map(lacking).collect()
}

/// What a command asks for, as far as that shows in the journal or follows from it.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    /// To read a resource, as another user perhaps. Without a namespace in all, or of the cluster.
    Read {
        word: &'a str,
        namespace: &'a str,
        user: Option<&'a str>,
    },
    /// Whether the caller may do something.
    CanI {
        verb: &'a str,
        word: &'a str,
        subresource: &'a str,
        namespace: &'a str,
    },
    /// An operation of AWS.
    Aws { operation: &'a str },
}

/// What the words of a command ask for. Nothing where that is not known.
fn asked<'a>(words: &[&'a str]) -> Option<Asked<'a>> {
    match *words {
        ["kubectl", "auth", "can-i", verb, word, ref rest @ ..] => {
            let flags = Flags::of(rest);
            (flags.user.is_none() && !word.starts_with('/')).then_some(Asked::CanI {
                verb,
                word,
                subresource: flags.subresource,
                namespace: flags.namespace,
            })
        }
        ["kubectl", "get" | "describe", what, ref rest @ ..] if !what.starts_with('-') => {
            let flags = Flags::of(rest);
            Some(Asked::Read {
                word: what.split([',', '/']).next().unwrap_or_default(),
                namespace: flags.namespace,
                user: flags.user,
            })
        }
        ["aws", "sts" | "iam" | "eks", operation, ..]
            if operation != "get-token" && operation != "update-kubeconfig" =>
        {
            Some(Asked::Aws { operation })
        }
        _ => None,
    }
}

/// The options of kubectl that change what is asked for.
#[derive(Default)]
struct Flags<'a> {
    namespace: &'a str,
    subresource: &'a str,
    user: Option<&'a str>,
}

impl<'a> Flags<'a> {
    fn of(words: &[&'a str]) -> Self {
        let mut flags = Self {
            namespace: "default",
            ..Self::default()
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (name, value) = word
                .split_once('=')
                .map_or((*word, None), |(name, value)| (name, Some(value)));
            let mut value = || value.or_else(|| words.next().copied()).unwrap_or_default();
            match name {
                "-A" | "--all-namespaces" => flags.namespace = "",
                "-n" | "--namespace" => flags.namespace = value(),
                "--subresource" => flags.subresource = value(),
                "--as" => flags.user = Some(value()),
                _ => {}
            }
        }
        flags
    }
}

fn words(step: &Step) -> Vec<&str> {
    match &step.action {
        // Quotes in the words of a proof hold no blanks: `"*"`.
        Action::Run(command) => {
            let words = command.as_written().split_whitespace();
            words.map(|word| word.trim_matches(['"', '\''])).collect()
        }
        _ => Vec::new(),
    }
}

/// What a command that went well must have left in the journal, or have been answered, and was not.
fn unseen(step: &Step, state: &State, events: &[Event]) -> Option<String> {
    let succeeds = matches!(step.exit, Exit::Code(0));
    let world = state.snapshot();
    match asked(&words(step))? {
        Asked::Read { word, namespace, user } if succeeds => {
            let clusters = &mut world.clusters.values();
            let (_, plural) = clusters.find_map(|cluster| kube::resource_of(cluster, word))?;
            let users = user.map_or_else(|| users(events, step.caller.as_deref()), |user| vec![user]);
            let newest = events.iter().rev().find_map(|event| match &event.kind {
                EventKind::Authorization {
                    username,
                    request,
                    allowed,
                    ..
                } if users.contains(&username.as_str()) && reads(request, &plural, namespace) => Some(*allowed),
                _ => None,
            });
            (newest != Some(true)).then(|| format!("the cluster has answered no such request for {plural}"))
        }
        Asked::CanI {
            verb,
            word,
            subresource,
            namespace,
        } if succeeds => {
            let (cluster, user) = *let_in(events, step.caller.as_deref()?).last()?;
            let cluster = world.clusters.get(cluster)?;
            let attributes = attributes(cluster, verb, word, subresource, namespace)?;
            let is_allowed = authorize(user, &attributes, cluster).decision == Decision::Allow;
            let part = if subresource.is_empty() { "" } else { "/" };
            (!is_allowed).then(|| {
                format!(
                    "the cluster does not let `{}` {verb} {word}{part}{subresource}",
                    user.username
                )
            })
        }
        Asked::Aws { operation } => {
            let wanted = camel_case(operation);
            let seen = events.iter().any(|event| match &event.kind {
                EventKind::AwsCall { action, status, .. } => *action == wanted && (*status < 300) == succeeds,
                _ => false,
            });
            (!seen).then(|| format!("AWS has answered no such {wanted}"))
        }
        Asked::Read { .. } | Asked::CanI { .. } => None,
    }
}

/// Whether a request, as the journal describes it, reads that resource there.
fn reads(request: &str, plural: &str, namespace: &str) -> bool {
    let (what, place) = request.rsplit_once(" in ").unwrap_or((request, ""));
    let mut parts = what.split([' ', '/']);
    matches!(parts.next(), Some("get" | "list" | "watch"))
        && parts.next() == Some(plural)
        // What is of the cluster has no place.
        && (place == namespace || place.is_empty())
}

/// What `kubectl auth can-i` asks the cluster.
fn attributes(cluster: &Cluster, verb: &str, word: &str, subresource: &str, namespace: &str) -> Option<Attributes> {
    let (group, plural) = match word {
        "*" => (String::new(), "*".to_owned()),
        word => kube::resource_of(cluster, word)?,
    };
    Some(Attributes::resource(
        verb,
        &group,
        "*",
        &plural,
        subresource,
        namespace,
        "",
    ))
}

/// The names under which a caller, or anybody, was let in.
fn users<'a>(events: &'a [Event], caller: Option<&str>) -> Vec<&'a str> {
    match caller {
        Some(caller) => let_in(events, caller)
            .into_iter()
            .map(|(_, user)| &*user.username)
            .collect(),
        None => events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::ServiceAccountToken { username, .. } => username.as_deref(),
                kind => Some(&*entrance(kind)?.2.username),
            })
            .collect(),
    }
}

/// As whom a caller was let in, and where.
fn let_in<'a>(events: &'a [Event], caller: &str) -> Vec<(&'a str, &'a UserInfo)> {
    let entrances = events.iter().filter_map(|event| entrance(&event.kind));
    entrances
        .filter(|(_, arn, _)| *arn == caller)
        .map(|(cluster, _, user)| (cluster, user))
        .collect()
}

/// The cluster that let somebody in, who signed, and as whom.
fn entrance(kind: &EventKind) -> Option<(&str, &str, &UserInfo)> {
    match kind {
        EventKind::Authentication {
            cluster,
            authentication,
            ..
        } => {
            let identity = authentication.identity.as_ref()?;
            Some((cluster, &identity.canonical_arn, authentication.outcome.as_ref().ok()?))
        }
        EventKind::CachedAuthentication {
            cluster,
            identity,
            user,
            ..
        } => Some((cluster, &identity.canonical_arn, user)),
        _ => None,
    }
}

/// An operation as the API names it: `get-caller-identity` is `GetCallerIdentity`.
fn camel_case(operation: &str) -> String {
    operation
        .split('-')
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use eks_auth_core::cluster::mapping::Identity;
    use eks_auth_core::scenario::Scenario;
    use eks_auth_core::service::event::Requester;
    use eks_auth_core::value::instant::Timestamp;
    use eks_auth_core::value::trace::Trace;

    use super::*;
    use crate::state::clock::SystemClock;

    const TEXT: &str = include_str!("../../../../scenarios/unmapped-role/scenario.yaml");
    const ROLE: &str = "arn:aws:iam::111122223333:role/admin-test-role";
    const TABLE: &str =
        "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nkubernetes ClusterIP 10.100.0.1 <none> 443/TCP 77d\n";

    fn let_in(arn: &str, username: &str) -> EventKind {
        EventKind::CachedAuthentication {
            cluster: "my-cluster".to_owned(),
            identity: Identity {
                arn: arn.to_owned(),
                canonical_arn: arn.to_owned(),
                account_id: "111122223333".to_owned(),
                user_id: "AROA".to_owned(),
                session_name: String::new(),
                access_key_id: "ASIA".to_owned(),
            },
            user: UserInfo {
                username: username.to_owned(),
                ..UserInfo::default()
            },
            age_seconds: 1,
        }
    }

    fn judged(username: &str, request: &str, allowed: bool) -> EventKind {
        EventKind::Authorization {
            cluster: "my-cluster".to_owned(),
            username: username.to_owned(),
            request: request.to_owned(),
            allowed,
            reason: String::new(),
            explanation: None,
            requester: Requester::default(),
            trace: Trace::default(),
        }
    }

    #[track_caller]
    fn check(kinds: Vec<EventKind>, wanted: &[&str]) {
        let scenario = Scenario::parse(TEXT).unwrap();
        let step = scenario.proof.first().unwrap();
        let world = scenario.stage(Timestamp::UNIX_EPOCH).world;
        let state = State::new(world, Box::new(SystemClock), Box::new(|_| {})).unwrap();
        for kind in kinds {
            state.journal().record(Timestamp::UNIX_EPOCH, kind);
        }
        let outcome = Outcome {
            output: TABLE.to_owned(),
            stdout: TABLE.to_owned(),
            stderr: String::new(),
            exit_code: Some(0),
        };
        assert_eq!(judge(step, &outcome, &state, &state.journal().since(0)), wanted);
    }

    #[test]
    fn printed_words_alone_prove_nothing() {
        let nobody = "the cluster let in nobody, not `arn:aws:iam::111122223333:role/admin-test-role`";
        check(vec![], &[nobody]);
        let other = "arn:aws:iam::111122223333:user/creator";
        check(
            vec![
                let_in(other, "kubernetes-admin"),
                judged("kubernetes-admin", "list services in default", true),
            ],
            &[
                "the cluster let in arn:aws:iam::111122223333:user/creator, not `arn:aws:iam::111122223333:role/admin-test-role`",
            ],
        );
        let no_services = "the cluster has answered no such request for services";
        check(vec![let_in(ROLE, "jane")], &[no_services]);
        check(
            vec![let_in(ROLE, "jane"), judged("jane", "list pods in default", true)],
            &[no_services],
        );
        check(
            vec![let_in(ROLE, "jane"), judged("jane", "list services in default", false)],
            &[no_services],
        );
        check(
            vec![let_in(ROLE, "jane"), judged("joe", "list services in default", true)],
            &[no_services],
        );
        check(
            vec![let_in(ROLE, "jane"), judged("jane", "list services in default", true)],
            &[],
        );
    }

    /// What the world has not seen of the proof `command` by [`ROLE`], after these events.
    fn lacking(command: &str, kinds: Vec<EventKind>) -> Vec<String> {
        let text = TEXT.replace("kubectl get svc", command);
        let scenario = Scenario::parse(&text).unwrap();
        assert!(is_observable(&scenario.proof), "{command}");
        let staged = scenario.stage(Timestamp::UNIX_EPOCH).world;
        let state = State::new(staged, Box::new(SystemClock), Box::new(|_| {})).unwrap();
        for kind in kinds {
            state.journal().record(Timestamp::UNIX_EPOCH, kind);
        }
        let seen = observe(&scenario.proof, &state, &state.journal().since(0));
        seen.into_iter().map(|(_, why)| why).collect()
    }

    #[test]
    fn a_page_goes_by_the_newest_that_the_cluster_saw() {
        let command = "kubectl get pods -n shop";
        let none = "the cluster has answered no such request for pods";
        for (requests, wanted) in [
            (vec![("list pods in shop", true)], vec![]),
            (vec![("list pods", true)], vec![]),
            (vec![("list pods in team", true)], vec![none]),
            (
                vec![("list pods in shop", true), ("list pods in shop", false)],
                vec![none],
            ),
            (
                vec![("list pods in shop", false), ("get pods web in shop", true)],
                vec![],
            ),
        ] {
            let mut kinds = vec![let_in(ROLE, "jane")];
            kinds.extend(
                requests
                    .iter()
                    .map(|(request, allowed)| judged("jane", request, *allowed)),
            );
            assert_eq!(lacking(command, kinds), wanted, "{requests:?}");
        }
        let other = "kubectl get pods --as joe";
        let events = || vec![let_in(ROLE, "jane"), judged("joe", "list pods in default", true)];
        assert_eq!(lacking(other, events()), Vec::<String>::new());
        assert_eq!(lacking("kubectl get pods", events()), vec![none]);
    }

    #[test]
    fn who_may_is_asked_of_the_cluster_itself() {
        let command = "kubectl auth can-i delete deployments.apps -n team";
        let nobody = format!("the cluster let in nobody, not `{ROLE}`");
        assert_eq!(lacking(command, vec![]), vec![nobody]);
        let powerless = "the cluster does not let `jane` delete deployments.apps";
        assert_eq!(lacking(command, vec![let_in(ROLE, "jane")]), vec![powerless]);
        assert_eq!(
            lacking(
                "kubectl auth can-i get pods --subresource=log",
                vec![let_in(ROLE, "jane")]
            ),
            vec!["the cluster does not let `jane` get pods/log"]
        );
        let mut master = let_in(ROLE, "jane");
        if let EventKind::CachedAuthentication { user, .. } = &mut master {
            user.groups.push("system:masters".to_owned());
        }
        assert_eq!(lacking(command, vec![master.clone()]), Vec::<String>::new());
        assert_eq!(
            lacking("kubectl auth can-i '*' '*' -A", vec![master]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn operations_are_named_as_the_api_names_them() {
        assert_eq!(camel_case("get-caller-identity"), "GetCallerIdentity");
        assert_eq!(camel_case("list"), "List");
    }
}
