//! What counts as seen last, by tables of events.

use std::sync::Arc;

use super::*;
use crate::cluster::mapping::Identity;
use crate::explain::Cause;
use crate::explain::Explanation;
use crate::service::event::Requester;
use crate::value::instant::Timestamp;
use crate::value::trace::Trace;
use crate::value::user::UserInfo;
use crate::world::authenticate::tests::Fixture;

const CLUSTER: &str = "my-cluster";

fn because(is_refused: bool) -> Option<Arc<Explanation>> {
    is_refused.then(|| {
        Arc::new(Explanation {
            cause: Cause::NotAuthorized,
            sentence: String::new(),
            evidence: Vec::new(),
            fix: String::new(),
            trace: Trace::new(),
        })
    })
}

fn address(port: u16) -> Option<SocketAddr> {
    Some(([127, 0, 0, 1], port).into())
}

/// A request of `dev`, over the connection from that port.
fn request(port: u16, request: &str, allowed: bool) -> EventKind {
    EventKind::Authorization {
        cluster: CLUSTER.to_owned(),
        username: "dev".to_owned(),
        request: request.to_owned(),
        allowed,
        reason: String::new(),
        explanation: because(!allowed),
        requester: Requester {
            connection: address(port),
            ..Requester::default()
        },
        trace: Trace::new(),
    }
}

fn failure(port: u16, request: &str, code: u16, is_refused: bool) -> EventKind {
    EventKind::RequestFailure {
        cluster: CLUSTER.to_owned(),
        username: "dev".to_owned(),
        request: request.to_owned(),
        connection: address(port),
        code,
        reason: String::new(),
        message: String::new(),
        explanation: because(is_refused),
    }
}

fn review(port: u16, request: &str, allowed: bool) -> EventKind {
    EventKind::AccessReview {
        cluster: CLUSTER.to_owned(),
        username: "dev".to_owned(),
        request: request.to_owned(),
        connection: address(port),
        explanation: because(!allowed),
    }
}

fn aws(action: &str, status: u16) -> EventKind {
    EventKind::AwsCall {
        service: "sts".to_owned(),
        action: action.to_owned(),
        caller: None,
        status,
        error: None,
        unserved: None,
        explanation: because(status == 403),
        trace: Trace::new(),
    }
}

fn cached(username: &str) -> EventKind {
    EventKind::CachedAuthentication {
        cluster: CLUSTER.to_owned(),
        identity: Identity {
            arn: String::new(),
            canonical_arn: String::new(),
            account_id: String::new(),
            user_id: String::new(),
            session_name: String::new(),
            access_key_id: String::new(),
        },
        user: UserInfo {
            username: username.to_owned(),
            ..UserInfo::default()
        },
        age_seconds: 1,
    }
}

fn judged(token: &str) -> EventKind {
    let fixture = Fixture::new();
    EventKind::Authentication {
        cluster: CLUSTER.to_owned(),
        authentication: Arc::new(fixture.judge(token)),
        world: Arc::new(fixture.world),
    }
}

fn bad_token() -> EventKind {
    judged("t")
}

fn numbered(kinds: Vec<EventKind>) -> Vec<Event> {
    let events = kinds.into_iter().zip(1..).map(|(kind, sequence)| Event {
        sequence,
        time: Timestamp::UNIX_EPOCH,
        kind,
    });
    events.collect()
}

fn seen(kinds: Vec<EventKind>) -> Option<LastSeen> {
    let events = numbered(kinds);
    let events: Vec<&Event> = events.iter().collect();
    last_seen(&events, Some(CLUSTER))
}

/// The number of the event that is the refusal which was seen last; nothing where all is well.
#[track_caller]
fn check(kinds: Vec<EventKind>, wanted: Option<u64>) {
    let told = format!("{kinds:?}");
    let found = match seen(kinds) {
        Some(LastSeen::Refusal(event)) => Some(event.sequence),
        Some(LastSeen::Success(_)) => None,
        None => panic!("nothing was seen of {told}"),
    };
    assert_eq!(found, wanted, "{told}");
}

#[test]
fn what_a_command_asks_on_its_way_hides_no_refusal() {
    let found_out = || request(1, "get /api", true);
    check(vec![found_out(), request(1, "list pods in a", false)], Some(2));
    check(vec![request(1, "list pods in a", false), found_out()], Some(1));
    // Another run, which has only found out what there is.
    for path in [
        "get /",
        "get /api/v1",
        "get /apis/apps/v1",
        "get /openapi/v3",
        "get /version",
        "get /healthz",
    ] {
        check(
            vec![request(1, "list pods in a", false), request(2, path, true)],
            Some(1),
        );
    }
    check(
        vec![request(1, "list pods in a", false), request(2, "get /metrics", true)],
        None,
    );
    check(
        vec![request(1, "list pods in a", false), request(2, "get /apix", true)],
        None,
    );
}

#[test]
fn a_success_hides_the_refusal_of_another_run_and_of_the_same_request_only() {
    let refused = || request(1, "list pods in a", false);
    check(vec![refused(), request(2, "list services in a", true)], None);
    check(vec![refused(), request(1, "list pods in a", true)], None);
    // `kubectl get pods,services`.
    check(vec![refused(), request(1, "list services in a", true)], Some(1));
    check(vec![request(2, "list services in a", true), refused()], Some(2));
}

#[test]
fn what_refuses_behind_authorization_is_seen() {
    check(
        vec![
            request(1, "create rolebindings in a", true),
            failure(1, "create rolebindings in a", 403, true),
        ],
        Some(2),
    );
    // It is tried again, and goes well.
    check(
        vec![
            request(1, "create rolebindings in a", true),
            failure(1, "create rolebindings in a", 403, true),
            request(2, "create rolebindings in a", true),
        ],
        None,
    );
}

#[test]
fn a_request_that_failed_otherwise_was_let_in() {
    let found = seen(vec![
        cached("dev"),
        request(1, "get pods web in a", true),
        failure(1, "get pods web in a", 404, false),
    ]);
    let Some(LastSeen::Success(success)) = found else {
        panic!("{found:?}");
    };
    let number = |event: &Option<Event>| event.as_ref().map(|event| event.sequence);
    assert_eq!(number(&success.authentication), Some(1));
    assert_eq!(number(&success.request), Some(2));
    assert_eq!(number(&success.failure), Some(3));
    // What went on after it failed no more.
    let found = seen(vec![
        request(1, "get pods web in a", true),
        failure(1, "get pods web in a", 404, false),
        request(1, "create pods in a", true),
    ]);
    let Some(LastSeen::Success(success)) = found else {
        panic!("{found:?}");
    };
    assert_eq!((number(&success.request), number(&success.failure)), (Some(3), None));
}

#[test]
fn an_answer_of_no_is_a_refusal_and_one_of_yes_is_none() {
    let asks = || request(1, "create selfsubjectaccessreviews", true);
    check(vec![asks(), review(1, "list pods in a", false)], Some(2));
    check(
        vec![
            asks(),
            review(1, "list pods in a", false),
            asks(),
            review(2, "list pods in a", true),
        ],
        None,
    );
    // To ask shows nothing by itself.
    check(
        vec![
            request(1, "list pods in a", false),
            request(2, "create selfsubjectaccessreviews", true),
        ],
        Some(1),
    );
}

#[test]
fn nobody_known_is_over_once_somebody_is() {
    check(vec![cached("dev"), bad_token()], Some(2));
    check(vec![bad_token(), aws("GetCallerIdentity", 200)], Some(1));
    check(vec![bad_token(), cached("dev")], None);
    check(vec![bad_token(), request(1, "get /api", true)], None);
    // Without a token.
    check(vec![failure(1, "list pods in a", 401, true)], Some(1));
    check(vec![failure(1, "list pods in a", 401, true), cached("dev")], None);
}

#[test]
fn what_aws_refuses_is_seen_until_it_answers_or_a_cluster_does() {
    let refused = || aws("AssumeRole", 403);
    check(vec![request(1, "list pods in a", true), refused()], Some(2));
    check(vec![refused(), aws("GetCallerIdentity", 200)], Some(1));
    check(vec![refused(), aws("AssumeRole", 200)], None);
    check(vec![refused(), request(1, "list pods in a", true)], None);
    check(vec![refused(), request(1, "get /api", true)], Some(1));
    // Other errors are none of access.
    check(vec![request(1, "list pods in a", true), aws("AssumeRole", 400)], None);
}

#[test]
fn how_a_caller_came_in_goes_by_the_name_of_who_asked() {
    let authentication = |kinds| match seen(kinds) {
        Some(LastSeen::Success(success)) => success.authentication.map(|event| event.sequence),
        _ => None,
    };
    let as_jane = || match request(1, "list pods in a", true) {
        EventKind::Authorization {
            cluster,
            request,
            requester,
            trace,
            ..
        } => EventKind::Authorization {
            cluster,
            username: "jane".to_owned(),
            request,
            allowed: true,
            reason: String::new(),
            explanation: None,
            requester: Requester {
                behind: Some("dev".to_owned()),
                ..requester
            },
            trace,
        },
        other => other,
    };
    assert_eq!(
        authentication(vec![cached("dev"), cached("other"), request(1, "list pods in a", true)]),
        Some(1)
    );
    assert_eq!(authentication(vec![cached("dev"), as_jane()]), Some(1));
    // By a client certificate.
    assert_eq!(
        authentication(vec![cached("other"), request(1, "list pods in a", true)]),
        None
    );
    // To an authenticator alone no request comes.
    assert_eq!(
        authentication(vec![request(1, "list pods in a", true), cached("other")]),
        Some(2)
    );
}

#[test]
fn other_clusters_are_none_of_it() {
    let events = numbered(vec![request(1, "list pods in a", false), aws("AssumeRole", 403)]);
    let events: Vec<&Event> = events.iter().collect();
    let number = |cluster| match last_seen(&events, cluster) {
        Some(LastSeen::Refusal(event)) => Some(event.sequence),
        _ => None,
    };
    assert_eq!(number(Some("other")), Some(2));
    assert_eq!(number(None), Some(2));
    let events: Vec<&Event> = events.into_iter().take(1).collect();
    assert!(last_seen(&events, Some("other")).is_none());
    assert!(last_seen(&[], None).is_none());
}
