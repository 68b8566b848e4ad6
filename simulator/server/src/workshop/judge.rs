//! Whether a step of the proof went as it must: by what the learner's client printed, and by what the seat's own world saw.
//!
//! What a client printed could be made up. What the world saw could not: that a caller was let in takes a signature that
//! holds, and that a request was allowed takes the right to it, which is the mend.

use eks_auth_core::scenario::Action;
use eks_auth_core::scenario::Exit;
use eks_auth_core::scenario::Step;

use crate::journal::Event;
use crate::journal::EventKind;
use crate::kube;
use crate::runner::Outcome;
use crate::runner::Rigour;
use crate::runner::callers;
use crate::runner::faults;
use crate::state::State;

/// What is not as the step says, after the events that came since it began.
pub(super) fn judge(step: &Step, outcome: &Outcome, state: &State, events: &[Event]) -> Vec<String> {
    let mut faults = faults(step, outcome, &[], Rigour::AnyMend);
    if let Some(wanted) = &step.caller {
        let callers = callers(events);
        if !callers.contains(wanted) {
            let found = match &*callers {
                [] => "nobody".to_owned(),
                callers => callers.join(", "),
            };
            faults.push(format!("the cluster let in {found}, not `{wanted}`"));
        }
    }
    if faults.is_empty()
        && let Some(missing) = unseen(step, state, events)
    {
        faults.push(missing);
    }
    faults
}

/// What a command that went well must have left in the journal, and did not.
fn unseen(step: &Step, state: &State, events: &[Event]) -> Option<String> {
    let Action::Run(command) = &step.action else {
        return None;
    };
    let succeeds = matches!(step.exit, Exit::Code(0));
    let words = shlex::split(command.as_written()).unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["kubectl", "get" | "describe", what, ..] if succeeds && !what.starts_with('-') => {
            let word = what.split([',', '/']).next().unwrap_or_default();
            let world = state.snapshot();
            let plural = world
                .clusters
                .values()
                .find_map(|cluster| kube::plural_of(cluster, word))?;
            let users = users(events, step.caller.as_deref());
            let seen = events.iter().any(|event| match &event.kind {
                EventKind::Authorization {
                    username,
                    request,
                    allowed: true,
                    ..
                } => {
                    let mut request = request.split([' ', '/']);
                    users.contains(&username.as_str())
                        && matches!(request.next(), Some("get" | "list" | "watch"))
                        && request.next() == Some(&plural)
                }
                _ => false,
            });
            (!seen).then(|| format!("the cluster has answered no such request for {plural}"))
        }
        ["aws", "sts" | "iam" | "eks", operation, ..]
            if operation != "get-token" && operation != "update-kubeconfig" =>
        {
            let wanted = camel_case(operation);
            let seen = events.iter().any(|event| match &event.kind {
                EventKind::AwsCall { action, status, .. } => *action == wanted && (*status < 300) == succeeds,
                _ => false,
            });
            (!seen).then(|| format!("AWS has answered no such {wanted}"))
        }
        _ => None,
    }
}

/// The names under which a caller, or anybody, was let in.
fn users<'a>(events: &'a [Event], caller: Option<&str>) -> Vec<&'a str> {
    let is_caller = |arn: &str| caller.is_none_or(|caller| caller == arn);
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Authentication { authentication, .. } => {
                let identity = authentication.identity.as_ref()?;
                let user = authentication.outcome.as_ref().ok()?;
                is_caller(&identity.canonical_arn).then_some(&*user.username)
            }
            EventKind::CachedAuthentication { identity, user, .. } => {
                is_caller(&identity.canonical_arn).then_some(&*user.username)
            }
            EventKind::ServiceAccountToken { username, .. } => username.as_deref().filter(|_| caller.is_none()),
            _ => None,
        })
        .collect()
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
    use eks_auth_core::instant::Timestamp;
    use eks_auth_core::mapping::Identity;
    use eks_auth_core::scenario::Scenario;
    use eks_auth_core::trace::Trace;
    use eks_auth_core::user::UserInfo;

    use super::*;
    use crate::clock::SystemClock;

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

    #[test]
    fn operations_are_named_as_the_api_names_them() {
        assert_eq!(camel_case("get-caller-identity"), "GetCallerIdentity");
        assert_eq!(camel_case("list"), "List");
    }
}
