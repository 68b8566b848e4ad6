use std::io;
use std::sync::Arc;

use eks_auth_core::cluster::mapping::Identity;
use eks_auth_core::explain::ClientProfile;
use eks_auth_core::scenario;
use eks_auth_core::scenario::ProfileSource;
use eks_auth_core::service::event::Requester;
use eks_auth_core::value::log::Level;
use eks_auth_core::value::log::LogLine;
use eks_auth_core::value::trace::Trace;
use eks_auth_core::value::user::UserInfo;
use serde_json::json;

use crate::environment::profile::Credentials;
use crate::net::tls::Authority;
use crate::state::BoundListener;
use crate::state::ClusterListeners;
use crate::state::Origin;
use crate::state::clock::ManualClock;

use super::*;

#[test]
fn an_explanation_tells_which_profile_would_be_let_in() {
    const STRANGER: &str = "        - name: testuser\n        - name: stranger\n";
    let world = scenario::ARTICLE_WORLD.replacen("        - name: testuser\n", STRANGER, 1)
        + "    - {name: stranger, user: stranger}\n";
    let now = Timestamp::parse_rfc3339("2026-11-24T00:44:57Z").unwrap();
    let staging = scenario::stage(&world, now).unwrap();
    let mut client = ClientContext::default();
    let mut token = String::new();
    for profile in &staging.profiles {
        let mut seen = ClientProfile {
            name: profile.name.clone(),
            ..ClientProfile::default()
        };
        match &profile.source {
            ProfileSource::AccessKey { id, secret, .. } => {
                seen.access_key_id = Some(id.clone());
                let credentials = Credentials {
                    access_key_id: id.clone(),
                    secret: secret.clone(),
                    session_token: None,
                };
                // The last one is the stranger's.
                token = credentials.bearer_token("us-west-2", None, "my-cluster", now);
            }
            ProfileSource::AssumeRole { role_arn, .. } => seen.role_arn = Some(role_arn.clone()),
            ProfileSource::Sso { .. } => {}
        }
        client.profiles.push(seen);
    }
    assert_eq!(ClientContext::from(api::Client::from(client.clone())), client);
    let explain = |client| explain_in(&staging.world, now, Subject::Token(&token), None, client).unwrap();
    assert_eq!(explain(None).parts.cause, "identity-not-mapped");
    let explanation = explain(Some(&client));
    assert_eq!(explanation.parts.cause, "wrong-profile");
    let text = &explanation.text;
    assert!(text.contains("profile default would be let in"), "{text}");
    assert!(text.contains("profile creator would be let in"), "{text}");
    assert!(!text.contains("profile admin-test-role would be let in"), "{text}");
}

const NOW: &str = "2026-11-24T00:44:57Z";
const HOST: &str = "127.0.0.1:1";

fn send(state: &State, method: &str, target: &str, body: &str) -> Response {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("host".to_owned(), HOST.to_owned())],
        body: body.as_bytes().to_vec(),
        peer: ([127, 0, 0, 1], 1).into(),
    };
    handle(state, &[HOST.to_owned()], &request)
}

fn clock_answer(state: &State, body: Option<Value>) -> (u16, Value) {
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let response = send(state, method, "/v1/clock", &body);
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

#[test]
fn the_clock_moves_stands_still_and_runs_on() {
    let machine = Timestamp::parse_rfc3339("2026-11-24T00:44:57Z").unwrap();
    let clock = Arc::new(ManualClock::new(machine));
    let world = scenario::stage(scenario::ARTICLE_WORLD, machine).unwrap().world;
    let state = State::new(world, Box::new(Arc::clone(&clock)), Box::new(|_| {})).unwrap();
    // What is asked, and what the clock shows then; the machine's goes on by a minute each time.
    for (body, now, offset, frozen) in [
        (None, "2026-11-24T00:44:57Z", 0, false),
        (
            Some(json!({"advance_seconds": 960})),
            "2026-11-24T01:01:57Z",
            960,
            false,
        ),
        (None, "2026-11-24T01:02:57Z", 960, false),
        (Some(json!({"freeze": true})), "2026-11-24T01:03:57Z", 960, true),
        (None, "2026-11-24T01:03:57Z", 900, true),
        (Some(json!({"advance_seconds": -57})), "2026-11-24T01:03:00Z", 783, true),
        (
            Some(json!({"set": "2026-11-24T00:00:00Z"})),
            "2026-11-24T00:00:00Z",
            -3057,
            true,
        ),
        (Some(json!({"thaw": true})), "2026-11-24T00:00:00Z", -3117, false),
        (None, "2026-11-24T00:01:00Z", -3117, false),
        (
            Some(json!({"freeze": "2026-01-01T00:00:00Z"})),
            "2026-01-01T00:00:00Z",
            -28_256_037,
            true,
        ),
        (Some(json!({"reset": true})), "2026-11-24T00:54:57Z", 0, false),
    ] {
        let wanted = json!({"now": now, "offset_seconds": offset, "frozen": frozen});
        assert_eq!(clock_answer(&state, body.clone()), (200, wanted), "{body:?}");
        assert_eq!(state.now().render_rfc3339(), now);
        clock.advance(60);
    }
    for (body, error) in [
        (json!({}), "the body must have"),
        (json!({"freeze": false}), "the body must have"),
        (json!({"set": "now"}), "YYYY-MM-DDTHH:MM:SSZ"),
        (json!({"freeze": "now"}), "YYYY-MM-DDTHH:MM:SSZ"),
        (json!({"advance_seconds": i64::MAX}), "a hundred years"),
    ] {
        let (status, answer) = clock_answer(&state, Some(body.clone()));
        let message = answer["error"].as_str().unwrap();
        assert!(status == 400 && message.contains(error), "{body}: {message}");
    }
    assert_eq!(state.clock_ahead_ms(), 0);
}

/// What a simulator has around its state, without sockets.
struct Offline {
    authority: Authority,
    origin: Origin,
}

impl ClusterListeners for Offline {
    fn bind(&self) -> io::Result<BoundListener> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn authority(&self) -> &Authority {
        &self.authority
    }

    fn origin(&self) -> Option<&Origin> {
        Some(&self.origin)
    }

    fn restage(&self, state: &State, world: World) -> io::Result<()> {
        state.change(|now| *now = world).map_err(io::Error::other)
    }

    fn open(&self, _: &Cluster, _: BoundListener) -> io::Result<()> {
        Ok(())
    }

    fn close(&self, _: &Cluster) -> io::Result<()> {
        Ok(())
    }
}

/// The state of the article's World at [`NOW`], and a token of its testuser.
fn article() -> (State, String) {
    let now = Timestamp::parse_rfc3339(NOW).unwrap();
    let staging = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap();
    let key = staging.profiles.iter().find_map(|profile| match &profile.source {
        ProfileSource::AccessKey { id, secret, .. } if profile.name == "default" => Some((id, secret)),
        _ => None,
    });
    let (id, secret) = key.unwrap();
    let credentials = Credentials {
        access_key_id: id.clone(),
        secret: secret.clone(),
        session_token: None,
    };
    let token = credentials.bearer_token("us-west-2", None, "my-cluster", now);
    let state = State::new(staging.world, Box::new(ManualClock::new(now)), Box::new(|_| {})).unwrap();
    state.set_listeners(Arc::new(Offline {
        authority: Authority::new().unwrap(),
        origin: Origin {
            scenario: scenario::ARTICLE_WORLD.to_owned(),
            webhook: None,
        },
    }));
    (state, token)
}

/// Texts that have tests of their own, and secrets, become `…`.
fn masked(value: &mut Value) {
    const MASKED: [&str; 8] = [
        "certificate",
        "expected",
        "fix",
        "got",
        "key",
        "rule",
        "sentence",
        "text",
    ];
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if MASKED.contains(&name.as_str()) => "…".clone_into(text),
                    Value::Array(_) if ["commands", "evidence"].contains(&name.as_str()) => *value = json!("…"),
                    Value::Array(checks) if name == "checks" => {
                        checks.truncate(1);
                        checks.iter_mut().for_each(masked);
                    }
                    other => masked(other),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(masked),
        _ => {}
    }
}

/// Each request gets its answer to the byte, but for what is [`masked`].
#[track_caller]
fn check(state: &State, exchanges: &[(&str, u16, &str)]) {
    let mut differences = String::new();
    for (request, status, wanted) in exchanges {
        let mut words = request.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let response = send(state, word(), word(), word());
        let text = String::from_utf8(response.body).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        // Compact, the members in alphabetical order, and a line end.
        assert_eq!(text, format!("{value}\n"), "{request}");
        masked(&mut value);
        let got = (response.status, value.to_string());
        if got != (*status, (*wanted).to_owned()) {
            differences.push_str(&format!(
                "{request}\n  got    {} {}\n  wanted {status} {wanted}\n",
                got.0, got.1
            ));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn answers_of_clock_faults_and_sign_ins_are_as_recorded() {
    let (state, _) = article();
    check(
        &state,
        &[
            (
                "GET /v1/clock",
                200,
                r#"{"frozen":false,"now":"2026-11-24T00:44:57Z","offset_seconds":0}"#,
            ),
            (
                "POST /v1/clock {}",
                400,
                r#"{"error":"the body must have `advance_seconds`, `set`, `freeze`, `thaw` or `reset`"}"#,
            ),
            (
                "POST /v1/clock",
                400,
                r#"{"error":"the body is not JSON: EOF while parsing a value at line 1 column 0"}"#,
            ),
            ("GET /v1/faults", 200, r#"{"faults":[]}"#),
            (
                r#"POST /v1/faults {"effect":"throttle","service":"sts","count":2,"code":null}"#,
                200,
                r#"{"id":1}"#,
            ),
            (
                r#"POST /v1/faults {"effect":"error","code":"C","status":503,"message":"m","action":"A*","principal":"*","rate":0.2}"#,
                200,
                r#"{"id":2}"#,
            ),
            (
                r#"POST /v1/faults {"effect":"latency","milliseconds":1500}"#,
                200,
                r#"{"id":3}"#,
            ),
            (
                "GET /v1/faults",
                200,
                r#"{"faults":[{"count":2,"effect":"throttle","id":1,"service":"sts"},{"action":"A*","code":"C","effect":"error","id":2,"message":"m","principal":"*","rate":0.2,"status":503},{"effect":"latency","id":3,"milliseconds":1500}]}"#,
            ),
            (
                r#"POST /v1/faults {"effect":"explode"}"#,
                400,
                r#"{"error":"no effect `explode`: throttle, error, latency, timeout or drop"}"#,
            ),
            (
                r#"POST /v1/faults {"effect":"drop","part":1}"#,
                400,
                r#"{"error":"unknown field `part`, expected one of `service`, `action`, `principal`, `effect`, `code`, `status`, `message`, `milliseconds`, `count`, `rate`"}"#,
            ),
            ("POST /v1/faults {}", 400, r#"{"error":"missing field `effect`"}"#),
            ("DELETE /v1/faults?id=2", 200, r#"{"cleared":1}"#),
            (
                "DELETE /v1/faults?id=two",
                400,
                r#"{"error":"the query is `id`, the number of a fault, or nothing"}"#,
            ),
            ("DELETE /v1/faults", 200, r#"{"cleared":2}"#),
            ("GET /v1/sso", 200, r#"{"sign_ins":[]}"#),
            (
                r#"POST /v1/sso/approve {"user_code":"ABCD-EFGH","user":null}"#,
                404,
                r#"{"error":"this world has no identity_center"}"#,
            ),
        ],
    );
}

#[test]
fn answers_of_verify_and_explain_are_as_recorded() {
    let (state, token) = article();
    let asked = |path: &str, body: Value| format!("POST /v1/{path} {body}");
    let verify = |token: &str| asked("verify", json!({"token": token, "cluster": "any"}));
    check(
        &state,
        &[
            (
                &asked("verify", json!({"token": token, "cluster": "my-cluster"})),
                200,
                r#"{"ARN":"arn:aws:iam::111122223333:user/testuser","AccessKeyID":"AKIALOCIC7SKZ4WIRSHW","AccountID":"111122223333","CanonicalARN":"arn:aws:iam::111122223333:user/testuser","STSEndpoint":"sts.us-west-2.amazonaws.com","SessionName":"","UserID":"AIDA3FQEGLQ4OQB7CHSAX"}"#,
            ),
            (
                &verify("t"),
                200,
                r#"{"refused":"input token was not properly formatted: token is missing expected \"k8s-aws-v1.\" prefix"}"#,
            ),
            (
                &asked(
                    "explain",
                    json!({"token": token, "arn": null, "last": false, "cluster": null, "client": null}),
                ),
                200,
                r#"{"cause":"granted","checks":[{"expected":null,"got":"…","id":"token.size","rule":"…","verdict":"passed"}],"cluster":"my-cluster","commands":"…","evidence":"…","fix":"…","sentence":"…","text":"…"}"#,
            ),
            (
                &asked(
                    "explain",
                    json!({"arn": "arn:aws:iam::111122223333:role/admin-test-role"}),
                ),
                200,
                r#"{"cause":"identity-not-mapped","checks":[{"expected":"…","got":"…","id":"mapping.creator","rule":"…","verdict":"missed"}],"cluster":"my-cluster","commands":"…","evidence":"…","fix":"…","sentence":"…","text":"…"}"#,
            ),
            (
                &asked("explain", json!({"arn": "a", "cluster": "none"})),
                404,
                r#"{"error":"no cluster `none`; there is my-cluster"}"#,
            ),
            (
                &asked("explain", json!({"arn": "a", "token": "t"})),
                400,
                r#"{"error":"the body must have one of `token`, `arn`, `last`"}"#,
            ),
            (
                &asked("explain", json!({"last": true})),
                404,
                r#"{"error":"no token has come in yet, or the cluster is gone"}"#,
            ),
        ],
    );
}

/// An event of each kind, masked.
const EVENTS: &str = concat!(
    r#"{"events":["#,
    r#"{"cluster":"my-cluster","error":"input token was not properly formatted: token is missing expected \"k8s-aws-v1.\" prefix","explanation":{"cause":"token-malformed","checks":[{"expected":null,"got":"…","id":"token.size","rule":"…","verdict":"passed"}],"cluster":"my-cluster","commands":"…","evidence":"…","fix":"…","sentence":"…","text":"…"},"kind":"authentication","log":["time=\"2026-11-24T00:44:57Z\" level=warning msg=\"access denied\" client= error=\"input token was not properly formatted: token is missing expected \\\"k8s-aws-v1.\\\" prefix\" method=POST path=/authenticate"],"sequence":1,"time":"2026-11-24T00:44:57Z","username":null},"#,
    r#"{"cluster":"gone","error":null,"explanation":null,"kind":"authentication","log":["time=\"2026-11-24T00:44:57Z\" level=info msg=\"STS response\" accesskeyid=AKIALOCIC7SKZ4WIRSHW accountid=111122223333 arn=\"arn:aws:iam::111122223333:user/testuser\" client= method=POST path=/authenticate session= stsendpoint=sts.us-west-2.amazonaws.com userid=AIDA3FQEGLQ4OQB7CHSAX","time=\"2026-11-24T00:44:57Z\" level=info msg=\"access granted\" arn=\"arn:aws:iam::111122223333:user/testuser\" client= groups=\"[system:masters]\" method=POST path=/authenticate stsendpoint=sts.us-west-2.amazonaws.com uid=\"aws-iam-authenticator:111122223333:AIDA3FQEGLQ4OQB7CHSAX\" username=testuser"],"sequence":2,"time":"2026-11-24T00:44:57Z","username":"testuser"},"#,
    r#"{"age_seconds":7,"arn":"a","cluster":"my-cluster","kind":"cached-authentication","sequence":3,"time":"2026-11-24T00:44:57Z","username":"jane"},"#,
    r#"{"cluster":"my-cluster","error":null,"kind":"service-account-token","sequence":4,"time":"2026-11-24T00:44:57Z","username":"system:serviceaccount:default:app"},"#,
    r#"{"allowed":false,"checks":[{"expected":"…","got":null,"id":"a.b","rule":"…","verdict":"missed"}],"cluster":"my-cluster","explanation":{"cause":"token-malformed","checks":[{"expected":null,"got":"…","id":"token.size","rule":"…","verdict":"passed"}],"cluster":"my-cluster","commands":"…","evidence":"…","fix":"…","sentence":"…","text":"…"},"kind":"authorization","reason":"","request":"list pods","sequence":5,"time":"2026-11-24T00:44:57Z","username":"jane"},"#,
    r#"{"cluster":"my-cluster","kind":"aws-auth-change","log":["time=\"2026-11-24T00:44:57Z\" level=info msg=hello"],"sequence":6,"time":"2026-11-24T00:44:57Z"},"#,
    r#"{"action":"AssumeRole","caller":null,"checks":[{"expected":"…","got":null,"id":"a.b","rule":"…","verdict":"missed"}],"error":"AccessDenied","explanation":null,"kind":"aws-call","sequence":7,"service":"sts","status":403,"time":"2026-11-24T00:44:57Z","unserved":null},"#,
    r#"{"allowed":false,"cluster":"my-cluster","explanation":{"cause":"token-malformed","checks":[{"expected":null,"got":"…","id":"token.size","rule":"…","verdict":"passed"}],"cluster":"my-cluster","commands":"…","evidence":"…","fix":"…","sentence":"…","text":"…"},"kind":"access-review","request":"list pods","sequence":8,"time":"2026-11-24T00:44:57Z","username":"jane"},"#,
    r#"{"cluster":"my-cluster","code":404,"explanation":null,"kind":"request-failure","message":"no pod","reason":"NotFound","request":"get pods web","sequence":9,"time":"2026-11-24T00:44:57Z","username":"jane"}"#,
    "]}"
);

#[test]
fn events_are_as_recorded() {
    let (state, token) = article();
    let (world, now) = (state.snapshot(), state.now());
    let cluster = || "my-cluster".to_owned();
    let request = AuthenticationRequest {
        token: "t",
        client: "",
        sts_request_id: NO_REQUEST_ID,
    };
    let denied = authenticate(request, world.cluster("my-cluster").unwrap(), &world, now);
    let request = AuthenticationRequest {
        token: &token,
        ..request
    };
    let granted = authenticate(request, world.cluster("my-cluster").unwrap(), &world, now);
    let explanation = explain::explain(&denied, world.cluster("my-cluster").unwrap(), &world);
    let identity = Identity {
        arn: "a".to_owned(),
        canonical_arn: "c".to_owned(),
        account_id: "1".to_owned(),
        user_id: "u".to_owned(),
        session_name: String::new(),
        access_key_id: "k".to_owned(),
    };
    let user = UserInfo {
        username: "jane".to_owned(),
        ..UserInfo::default()
    };
    let mut trace = Trace::new();
    trace.missed("a.b", "asks", "wanted".to_owned(), None);
    let authentication = |cluster: &str, authentication: Authentication| EventKind::Authentication {
        cluster: cluster.to_owned(),
        world: Arc::clone(&world),
        authentication: Arc::new(authentication),
    };
    for kind in [
        authentication("my-cluster", denied),
        authentication("gone", granted),
        EventKind::CachedAuthentication {
            cluster: cluster(),
            identity,
            user,
            age_seconds: 7,
        },
        EventKind::ServiceAccountToken {
            cluster: cluster(),
            username: Some("system:serviceaccount:default:app".to_owned()),
            error: None,
        },
        EventKind::Authorization {
            cluster: cluster(),
            username: "jane".to_owned(),
            request: "list pods".to_owned(),
            allowed: false,
            reason: String::new(),
            explanation: Some(Arc::new(explanation.clone())),
            requester: Requester::default(),
            trace: trace.clone(),
        },
        EventKind::AwsAuthChange {
            cluster: cluster(),
            log: vec![LogLine {
                time: now,
                level: Level::Info,
                msg: "hello".to_owned(),
                fields: Vec::new(),
            }],
        },
        EventKind::AwsCall {
            service: "sts".to_owned(),
            action: "AssumeRole".to_owned(),
            caller: None,
            status: 403,
            error: Some("AccessDenied".to_owned()),
            unserved: None,
            explanation: None,
            trace,
        },
        EventKind::AccessReview {
            cluster: cluster(),
            username: "jane".to_owned(),
            request: "list pods".to_owned(),
            connection: None,
            explanation: Some(Arc::new(explanation)),
        },
        EventKind::RequestFailure {
            cluster: cluster(),
            username: "jane".to_owned(),
            request: "get pods web".to_owned(),
            connection: None,
            code: 404,
            reason: "NotFound".to_owned(),
            message: "no pod".to_owned(),
            explanation: None,
        },
    ] {
        state.journal().record(now, kind);
    }
    check(
        &state,
        &[
            ("GET /v1/events?since=0", 200, EVENTS),
            ("GET /v1/events?since=9", 200, r#"{"events":[]}"#),
            ("GET /v1/audit-events", 200, r#"{"events":[]}"#),
        ],
    );
    // Whoever reads them has all that they say.
    let answer = String::from_utf8(send(&state, "GET", "/v1/events", "").body).unwrap();
    let events: api::Events = serde_json::from_str(&answer).unwrap();
    assert_eq!(api::text(&events) + "\n", answer);
}

#[test]
fn certificates_the_world_and_refusals_are_as_recorded() {
    let (state, _) = article();
    check(
        &state,
        &[
            (
                r#"POST /v1/client-certificate {"groups":[]}"#,
                400,
                r#"{"error":"name the user"}"#,
            ),
            (
                r#"POST /v1/client-certificate {"user":"jane","groups":"a"}"#,
                400,
                r#"{"error":"invalid type: string \"a\", expected a sequence"}"#,
            ),
            (
                r#"POST /v1/client-certificate {"user":"jane","groups":["a","b","c"]}"#,
                400,
                r#"{"error":"a certificate has room for 2 groups"}"#,
            ),
            (
                r#"POST /v1/client-certificate {"user":"jane","groups":["a"],"seconds":null}"#,
                200,
                r#"{"certificate":"…","clusters":[{"certificate_authority":"","endpoint":"","name":"my-cluster"}],"key":"…"}"#,
            ),
            ("POST /v1/reset", 200, r#"{"clusters":["my-cluster"]}"#),
            (
                "POST /v1/restore []",
                400,
                r#"{"error":"this is no snapshot: invalid length 0, expected struct Head with 2 elements at line 1 column 2"}"#,
            ),
            ("GET /v1/reset", 405, r#"{"error":"method not allowed"}"#),
            ("GET /v1/nothing", 404, r#"{"error":"no such path"}"#),
        ],
    );
    let snapshot = send(&state, "GET", "/v1/snapshot", "");
    let document = String::from_utf8(snapshot.body).unwrap();
    check(
        &state,
        &[(
            &format!("POST /v1/restore {document}"),
            200,
            r#"{"clusters":["my-cluster"]}"#,
        )],
    );
    let other = handle(
        &state,
        &[],
        &Request {
            method: "GET".to_owned(),
            path: "/v1/clock".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        },
    );
    assert_eq!(
        (other.status, String::from_utf8(other.body).unwrap().as_str()),
        (403, "{\"error\":\"the control interface answers local tools only\"}\n")
    );
}

#[test]
fn requests_of_browsers_are_refused() {
    let (state, _) = article();
    for (host, origin, wanted) in [
        (HOST, None, 200),
        (HOST, Some("http://127.0.0.1:1"), 403),
        (HOST, Some("null"), 403),
        ("localhost:1", None, 403),
        ("evil.example", None, 403),
        ("", None, 403),
    ] {
        let origin = origin.map(|origin| ("origin".to_owned(), origin.to_owned()));
        let request = Request {
            method: "GET".to_owned(),
            path: "/v1/clock".to_owned(),
            query: String::new(),
            headers: [("host".to_owned(), host.to_owned())]
                .into_iter()
                .chain(origin)
                .collect(),
            body: Vec::new(),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        let answer = handle(&state, &[HOST.to_owned()], &request);
        assert_eq!(answer.status, wanted, "{:?}", request.headers);
    }
}
