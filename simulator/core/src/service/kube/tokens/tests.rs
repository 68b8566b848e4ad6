//! From a request for a token to what its bearer may do.

use serde_json::Value;
use serde_json::json;

use crate::aws::jwt::Jwt;
use crate::cluster::eks::parameter::LogType;
use crate::cluster::service_account;
use crate::kube::object::ObjectKey;
use crate::scenario;
use crate::service::event::EventKind;
use crate::service::http::Request;
use crate::service::http::Response;
use crate::service::testing::State;
use crate::value::instant::Timestamp;

const CLUSTER: &str = "my-cluster";

/// The World of the article, in which the service accounts of kube-system may do anything.
fn state() -> State {
    let now = Timestamp::parse_amz("20261124T004457Z").unwrap();
    let mut world = scenario::stage(scenario::ARTICLE_WORLD, now).unwrap().world;
    let (cluster, ids) = world.cluster_mut(CLUSTER).unwrap();
    let key = ObjectKey::new("clusterrolebindings.rbac.authorization.k8s.io", "", "admins");
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:serviceaccounts:kube-system"}],
    });
    cluster.create_object(key, binding, ids, now).unwrap();
    State::new(world, now)
}

fn send(state: &State, token: &str, method: &str, path: &str, body: &Value) -> Response {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ],
        body: if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        },
        peer: ([127, 0, 0, 1], 1).into(),
    };
    state.kube(CLUSTER, &request)
}

fn json_of(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

/// A token that the issuer signs past the API.
fn signed(state: &State, namespace: &str, name: &str) -> String {
    let request = service_account::TokenRequest::from_object(&json!({})).unwrap();
    let world = state.snapshot();
    let cluster = world.cluster(CLUSTER).unwrap();
    let issued = request.issue(cluster, (namespace, name), "id", state.now()).unwrap();
    state
        .call(|call| call.signing_key(CLUSTER))
        .unwrap()
        .sign(&issued.claims)
        .unwrap()
}

fn path_of(namespace: &str, name: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token")
}

fn who(state: &State, token: &str) -> Response {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    send(
        state,
        token,
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        &review,
    )
}

#[test]
fn a_token_is_answered_and_then_taken() {
    let state = state();
    let admin = signed(&state, "kube-system", "default");
    let body = json!({"spec": {"audiences": null, "expirationSeconds": 90_000, "boundObjectRef": null}});
    let answer = send(&state, &admin, "POST", &path_of("default", "default"), &body);
    assert_eq!(answer.status, 201);
    let warning = r#"299 - "requested expiration of 90000 seconds shortened to 86400 seconds""#;
    assert!(answer.headers.contains(&("warning", warning.to_owned())));
    let mut request = json_of(&answer);
    let token = request["status"]["token"].take();
    assert_eq!(
        request,
        json!({
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": "default", "namespace": "default", "creationTimestamp": "2026-11-24T00:44:57Z"},
            "spec": {
                "audiences": ["https://kubernetes.default.svc"],
                "expirationSeconds": 86_400,
                "boundObjectRef": null,
            },
            "status": {"token": null, "expirationTimestamp": "2026-11-25T00:44:57Z"},
        })
    );
    let token = token.as_str().unwrap();
    let jti = Jwt::parse(token).unwrap().text("jti").to_owned();
    let info = &json_of(&who(&state, token))["status"]["userInfo"];
    assert_eq!(info["username"], "system:serviceaccount:default:default");
    assert_eq!(
        info["groups"],
        json!([
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated"
        ])
    );
    assert_eq!(
        info["extra"],
        json!({"authentication.kubernetes.io/credential-id": [format!("JTI={jti}")]})
    );
}

#[test]
fn refusals_are_those_of_a_real_api_server() {
    let state = state();
    let admin = signed(&state, "kube-system", "default");
    let default = path_of("default", "default");
    for (token, method, path, body, status, message) in [
        (
            &admin,
            "POST",
            default.clone(),
            json!({"spec": {"expirationSeconds": 60}}),
            422,
            r#"TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"#,
        ),
        (
            &admin,
            "POST",
            default.clone(),
            json!({"metadata": {"name": "x"}}),
            422,
            r#"TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "x": must match the service account name if specified"#,
        ),
        (
            &admin,
            "POST",
            path_of("default", "x"),
            json!({}),
            404,
            r#"serviceaccounts "x" not found"#,
        ),
        (
            &admin,
            "POST",
            default.clone(),
            json!({"spec": {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "x"}}}),
            404,
            r#"pods "x" not found"#,
        ),
        (
            &admin,
            "GET",
            default.clone(),
            Value::Null,
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            &signed(&state, "default", "default"),
            "POST",
            default,
            json!({}),
            403,
            r#"serviceaccounts "default" is forbidden: User "system:serviceaccount:default:default" cannot create resource "serviceaccounts/token" in API group "" in the namespace "default""#,
        ),
    ] {
        let answer = send(&state, token, method, &path, &body);
        assert_eq!(
            (answer.status, json_of(&answer)["message"].as_str()),
            (status, Some(message))
        );
    }
}

#[test]
fn a_token_that_does_not_hold_is_told_of_in_the_log_and_in_the_events() {
    let state = state();
    let token = signed(&state, "default", "default");
    let now = state.now();
    state.change(|world| world.clock = world.clock.advanced(7200, now).unwrap());
    let answer = who(&state, &token);
    assert_eq!(
        (answer.status, json_of(&answer)["message"].as_str()),
        (401, Some("Unauthorized"))
    );
    let seen = state
        .journal()
        .last(|kind| matches!(kind, EventKind::ServiceAccountToken { .. }));
    let EventKind::ServiceAccountToken { username, error, .. } = seen.unwrap().kind else {
        panic!("another event");
    };
    assert_eq!(
        (username, error.as_deref()),
        (None, Some("service account token has expired"))
    );
    // The webhook is asked too.
    let judged = state
        .journal()
        .last(|kind| matches!(kind, EventKind::Authentication { .. }));
    assert!(judged.is_some());
    let world = state.snapshot();
    let cluster = world.cluster(CLUSTER).unwrap();
    assert!(cluster.logging().contains(&LogType::Api));
}

#[test]
fn service_accounts_alone_may_read_the_issuers_documents() {
    let state = state();
    let token = signed(&state, "default", "default");
    let configuration = send(&state, &token, "GET", "/.well-known/openid-configuration", &Value::Null);
    let id = state.snapshot().cluster(CLUSTER).unwrap().oidc_id();
    let body = json_of(&configuration);
    assert_eq!(
        body["issuer"],
        format!("https://oidc.eks.us-west-2.amazonaws.com/id/{id}")
    );
    let jwks = body["jwks_uri"].as_str().unwrap();
    assert!(
        jwks.starts_with("https://ip-172-16-") && jwks.ends_with(".us-west-2.compute.internal:443/openid/v1/jwks"),
        "{jwks}"
    );
    let keys = send(&state, &token, "GET", "/openid/v1/jwks", &Value::Null);
    let key = state.call(|call| call.signing_key(CLUSTER)).unwrap();
    assert_eq!(
        String::from_utf8(keys.body).unwrap(),
        format!(
            r#"{{"keys":[{{"use":"sig","kty":"RSA","kid":"{}","alg":"RS256","n":"{}","e":"AQAB"}}]}}"#,
            key.id(),
            key.public().modulus
        )
    );
    let cache: Vec<&str> = keys
        .headers
        .iter()
        .filter(|(name, _)| *name == "cache-control")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(cache, ["public, max-age=3600"]);
}

#[test]
fn a_review_tells_whose_a_token_is_and_for_whom() {
    let state = state();
    let admin = signed(&state, "kube-system", "default");
    let body = json!({"spec": {"audiences": ["vault", "sts.amazonaws.com"]}});
    let answer = send(&state, &admin, "POST", &path_of("default", "default"), &body);
    let token = json_of(&answer)["status"]["token"].clone();
    let review = |token: &Value, audiences: Value| {
        let spec = json!({"token": token, "audiences": audiences});
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec});
        let path = "/apis/authentication.k8s.io/v1/tokenreviews";
        let answer = send(&state, &admin, "POST", path, &body);
        (answer.status, json_of(&answer))
    };
    let (status, good) = review(&token, json!(["vault"]));
    assert_eq!((status, &good["status"]["authenticated"]), (201, &json!(true)));
    assert_eq!(good["status"]["audiences"], json!(["vault"]));
    assert_eq!(
        good["status"]["user"]["username"],
        "system:serviceaccount:default:default"
    );
    for (token, error) in [
        (
            &token,
            r#"[invalid bearer token, token audiences ["vault" "sts.amazonaws.com"] is invalid for the target audiences ["https://kubernetes.default.svc"], unknown]"#,
        ),
        (&json!("x"), "[invalid bearer token, unknown]"),
    ] {
        let (status, bad) = review(token, Value::Null);
        assert_eq!((status, &bad["status"]), (201, &json!({"user": {}, "error": error})));
    }
    let (status, empty) = review(&json!(""), Value::Null);
    assert_eq!(
        (status, empty["message"].as_str()),
        (400, Some("token is required for TokenReview in authentication"))
    );
}
