//! What tokens of service accounts say, who gets them, and whose they are then.

use serde_json::json;

use super::*;
use crate::aws::jwt::testing::key;
use crate::aws::jwt::testing::other_key;
use crate::scenario;
use crate::world::World;

fn now() -> Timestamp {
    Timestamp::parse_amz("20261124T004457Z").unwrap()
}

/// The World of the article, whose cluster has a key.
fn world() -> World {
    let mut world = scenario::stage(scenario::ARTICLE_WORLD, now()).unwrap().world;
    cluster_mut(&mut world).ensure_token_key(key().clone());
    world
}

fn cluster_mut(world: &mut World) -> &mut Cluster {
    world.cluster_mut("my-cluster").unwrap().0
}

fn cluster(world: &World) -> &Cluster {
    world.cluster("my-cluster").unwrap()
}

fn uid(world: &World, resource: &str, namespace: &str, name: &str) -> String {
    let object = cluster(world)
        .objects()
        .find(&ObjectKey::new(resource, namespace, name))
        .unwrap();
    object["metadata"]["uid"].as_str().unwrap().to_owned()
}

/// The first pod of aws-node, with its node.
fn pod(world: &World) -> (String, String) {
    let pods = cluster(world).objects().list("pods", Some("kube-system"));
    let mut found = pods.filter(|(key, _)| key.name.starts_with("aws-node"));
    let (key, pod) = found.next().unwrap();
    (key.name.clone(), pod["spec"]["nodeName"].as_str().unwrap().to_owned())
}

fn authenticate(token: &str, cluster: &Cluster, now: Timestamp) -> TokenVerdict {
    super::authenticate(token, &[API_AUDIENCE], cluster, now)
}

fn issue(world: &World, account: (&str, &str), spec: Value) -> Result<Issued, TokenRequestError> {
    TokenRequest::from_object(&json!({"spec": spec}))?.issue(cluster(world), account, "id", now())
}

fn token(world: &World, account: (&str, &str), spec: Value) -> String {
    key().sign(&issue(world, account, spec).unwrap().claims).unwrap()
}

#[test]
fn a_token_says_what_kube_apiserver_says() {
    let world = world();
    let issued = issue(&world, ("default", "default"), json!({})).unwrap();
    let issuer = cluster(&world).oidc_issuer();
    assert_eq!(
        issuer,
        format!(
            "https://oidc.eks.us-west-2.amazonaws.com/id/{}",
            cluster(&world).oidc_id()
        )
    );
    let at = now().unix_seconds();
    assert_eq!(
        issued.claims.to_string(),
        format!(
            r#"{{"aud":["https://kubernetes.default.svc"],"exp":{},"iat":{at},"iss":"{issuer}","jti":"id","kubernetes.io":{{"namespace":"default","serviceaccount":{{"name":"default","uid":"{}"}}}},"nbf":{at},"sub":"system:serviceaccount:default:default"}}"#,
            at + 3600,
            uid(&world, "serviceaccounts", "default", "default"),
        )
    );
    assert_eq!(
        issued.spec,
        json!({"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 3600, "boundObjectRef": null})
    );
    assert_eq!((issued.expires, issued.warning), (now().plus_seconds(3600), None));
}

#[test]
fn a_token_lasts_as_long_as_is_asked_and_no_longer_than_a_day() {
    let world = world();
    for (asked, wanted) in [
        (json!(null), Ok(3600)),
        (json!(600), Ok(600)),
        (json!(86_400), Ok(86_400)),
        (json!(86_401), Ok(86_400)),
        (json!(1_u64 << 32), Ok(86_400)),
        (
            json!(599),
            Err("spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes"),
        ),
        (
            json!(-1),
            Err("spec.expirationSeconds: Invalid value: -1: may not specify a duration less than 10 minutes"),
        ),
        (
            json!((1_u64 << 32) + 1),
            Err(
                "spec.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
            ),
        ),
        (
            json!("600"),
            Err("json: cannot unmarshal into Go struct field TokenRequestSpec.spec.expirationSeconds of type int64"),
        ),
    ] {
        let got = issue(&world, ("default", "default"), json!({"expirationSeconds": asked}));
        let got = got.map(|issued| {
            let asked = asked.as_i64().unwrap_or_default();
            let warning = format!("requested expiration of {asked} seconds shortened to 86400 seconds");
            assert_eq!(issued.warning, (asked > 86_400).then_some(warning));
            issued.expires.seconds_since(now())
        });
        assert_eq!(
            got.map_err(|error| error.to_string()),
            wanted.map_err(str::to_owned),
            "{asked}"
        );
    }
}

#[test]
fn a_token_is_bound_to_what_is_there_only() {
    let mut world = world();
    let (pod, node) = pod(&world);
    let secret = ObjectKey::new("secrets", "kube-system", "s");
    let (there, ids) = world.cluster_mut("my-cluster").unwrap();
    there.create_object(secret, json!({}), ids, now()).unwrap();
    let account = ("kube-system", "aws-node");
    let pod_uid = uid(&world, "pods", "kube-system", &pod);
    let node_uid = uid(&world, "nodes", "", &node);
    let secret_uid = uid(&world, "secrets", "kube-system", "s");
    for (reference, wanted) in [
        (
            json!({"kind": "Pod", "apiVersion": "v1", "name": pod, "uid": pod_uid}),
            json!({"pod": {"name": pod, "uid": pod_uid}, "node": {"name": node, "uid": node_uid}}),
        ),
        (
            json!({"kind": "Node", "apiVersion": "v1", "name": node}),
            json!({"node": {"name": node, "uid": node_uid}}),
        ),
        (
            json!({"kind": "Secret", "apiVersion": "v1", "name": "s"}),
            json!({"secret": {"name": "s", "uid": secret_uid}}),
        ),
    ] {
        let issued = issue(&world, account, json!({"boundObjectRef": reference})).unwrap();
        let mut claims = issued.claims[PRIVATE_CLAIM].as_object().unwrap().clone();
        claims.remove("namespace");
        claims.remove("serviceaccount");
        assert_eq!(Value::Object(claims), wanted);
        assert_eq!(issued.spec["boundObjectRef"], reference);
    }
    for (account, reference, wanted) in [
        (
            account,
            json!({"kind": "Pod", "apiVersion": "v1", "name": "x"}),
            r#"pods "x" not found"#.to_owned(),
        ),
        (
            ("kube-system", "coredns"),
            json!({"kind": "Pod", "apiVersion": "v1", "name": pod}),
            r#"cannot bind token for serviceaccount "coredns" to pod running with different serviceaccount name."#
                .to_owned(),
        ),
        (
            account,
            json!({"kind": "Pod", "apiVersion": "v1", "name": pod, "uid": "other"}),
            "the UID in the bound object reference (other) does not match the UID in record. The object might have been deleted and then recreated".to_owned(),
        ),
        (
            account,
            json!({"kind": "Deployment", "apiVersion": "apps/v1", "name": "x"}),
            "cannot bind token to object of type apps/v1, Kind=Deployment".to_owned(),
        ),
        (
            account,
            json!({"kind": "Pod", "apiVersion": "apps/v1", "name": pod}),
            "cannot bind token to object of type apps/v1, Kind=Pod".to_owned(),
        ),
        (
            ("kube-system", "nobody"),
            json!(null),
            r#"serviceaccounts "nobody" not found"#.to_owned(),
        ),
    ] {
        let error = issue(&world, account, json!({"boundObjectRef": reference})).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn the_body_names_the_service_account_of_the_path_or_none() {
    let world = world();
    for (metadata, wanted) in [
        (json!({"name": "default", "namespace": "default"}), None),
        (
            json!({"name": "x"}),
            Some(r#"metadata.name: Invalid value: "x": must match the service account name if specified"#),
        ),
        (
            json!({"namespace": "x"}),
            Some(r#"metadata.namespace: Invalid value: "x": must match the service account namespace if specified"#),
        ),
    ] {
        let request = TokenRequest::from_object(&json!({"metadata": metadata})).unwrap();
        let got = request.issue(cluster(&world), ("default", "default"), "id", now());
        assert_eq!(got.err().map(|error| error.to_string()).as_deref(), wanted);
    }
}

#[test]
fn a_token_that_kubelet_asks_for_lasts_longer_than_it_says() {
    let world = world();
    let (pod, _) = pod(&world);
    let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": pod});
    let at = now().unix_seconds();
    for (spec, lasts, warns) in [
        (
            json!({"expirationSeconds": 3607, "boundObjectRef": bound}),
            7_776_000,
            Some(3607),
        ),
        (json!({"expirationSeconds": 3607}), 3607, None),
        (json!({"expirationSeconds": 3600, "boundObjectRef": bound}), 3600, None),
        (
            json!({"expirationSeconds": 3607, "boundObjectRef": bound, "audiences": ["sts.amazonaws.com"]}),
            3607,
            None,
        ),
    ] {
        let issued = issue(&world, ("kube-system", "aws-node"), spec).unwrap();
        assert_eq!(issued.claims["exp"], at + lasts);
        assert_eq!(
            issued.claims[PRIVATE_CLAIM]["warnafter"].as_i64(),
            warns.map(|after| at + after)
        );
        assert!(issued.expires.seconds_since(now()) < 3608);
    }
}

#[test]
fn the_bearer_is_the_service_account() {
    let world = world();
    let (pod, node) = pod(&world);
    let bound = json!({"kind": "Pod", "apiVersion": "v1", "name": pod});
    let token = token(&world, ("kube-system", "aws-node"), json!({"boundObjectRef": bound}));
    let extra = [
        ("credential-id", "JTI=id".to_owned()),
        ("node-name", node.clone()),
        ("node-uid", uid(&world, "nodes", "", &node)),
        ("pod-name", pod.clone()),
        ("pod-uid", uid(&world, "pods", "kube-system", &pod)),
    ];
    let wanted = UserInfo {
        username: "system:serviceaccount:kube-system:aws-node".to_owned(),
        uid: uid(&world, "serviceaccounts", "kube-system", "aws-node"),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            "system:serviceaccounts:kube-system".to_owned(),
        ],
        extra: extra
            .into_iter()
            .map(|(key, value)| (format!("authentication.kubernetes.io/{key}"), vec![value]))
            .collect(),
    };
    assert_eq!(
        authenticate(&token, cluster(&world), now()),
        TokenVerdict::User {
            user: wanted,
            audiences: vec![API_AUDIENCE.to_owned()]
        }
    );
}

#[test]
fn a_token_of_somebody_else_is_left_to_somebody_else() {
    let world = world();
    let other = key()
        .sign(&json!({"iss": "https://oidc.eks.us-west-2.amazonaws.com/id/OTHER"}))
        .unwrap();
    for token in ["k8s-aws-v1.aHR0cHM6Ly9h", "", "a.b.c", &other] {
        assert_eq!(
            authenticate(token, cluster(&world), now()),
            TokenVerdict::NotOurs,
            "{token}"
        );
    }
}

#[test]
fn refusals_are_in_the_api_servers_words() {
    let world = world();
    let claims = |change: &dyn Fn(&mut Value)| {
        let mut claims = issue(&world, ("default", "default"), json!({})).unwrap().claims;
        change(&mut claims);
        claims
    };
    let at = now().unix_seconds();
    let account = uid(&world, "serviceaccounts", "default", "default");
    let private =
        |pointer: &'static str, value: Value| claims(&|claims| claims[PRIVATE_CLAIM][pointer] = value.clone());
    for (claims, wanted) in [
        (claims(&|claims| claims["exp"] = json!(at - 60)), None),
        (
            claims(&|claims| claims["exp"] = json!(at - 61)),
            Some("service account token has expired".to_owned()),
        ),
        (claims(&|claims| claims["nbf"] = json!(at + 60)), None),
        (
            claims(&|claims| claims["nbf"] = json!(at + 61)),
            Some("service account token is not valid yet".to_owned()),
        ),
        (
            claims(&|claims| claims["iat"] = json!(at + 61)),
            Some("service account token is issued in the future".to_owned()),
        ),
        (
            claims(&|claims| claims["aud"] = json!(["sts.amazonaws.com"])),
            Some(
                r#"token audiences ["sts.amazonaws.com"] is invalid for the target audiences ["https://kubernetes.default.svc"]"#
                    .to_owned(),
            ),
        ),
        (
            private("serviceaccount", json!({"name": "gone", "uid": account})),
            Some(r#"serviceaccounts "gone" not found"#.to_owned()),
        ),
        (
            private("serviceaccount", json!({"name": "default", "uid": "u"})),
            Some(format!("service account UID ({account}) does not match claim (u)")),
        ),
        (
            private("pod", json!({"name": "gone", "uid": "u"})),
            Some("service account token has been invalidated".to_owned()),
        ),
        (
            private("secret", json!({"name": "gone", "uid": "u"})),
            Some("service account token has been invalidated".to_owned()),
        ),
        (
            private("node", json!({"name": "gone", "uid": "u"})),
            Some("service account token has been invalidated".to_owned()),
        ),
    ] {
        let got = match authenticate(&key().sign(&claims).unwrap(), cluster(&world), now()) {
            TokenVerdict::NotOurs => panic!("{claims}"),
            TokenVerdict::User { .. } => None,
            TokenVerdict::Refused(fault) => Some(fault.to_string()),
        };
        assert_eq!(got, wanted, "{claims}");
    }
}

#[test]
fn another_key_signs_nothing_that_is_taken() {
    let world = world();
    let claims = issue(&world, ("default", "default"), json!({})).unwrap().claims;
    let forged = other_key().sign(&claims).unwrap();
    assert_eq!(
        authenticate(&forged, cluster(&world), now()),
        TokenVerdict::Refused(TokenFault::UnknownKey)
    );
    // Its own header, so that the key is found.
    let good = key().sign(&claims).unwrap();
    let header = good.split('.').next().unwrap();
    let (_, rest) = forged.split_once('.').unwrap();
    assert_eq!(
        authenticate(&format!("{header}.{rest}"), cluster(&world), now()),
        TokenVerdict::Refused(TokenFault::Signature)
    );
    let without_key = scenario::stage(scenario::ARTICLE_WORLD, now()).unwrap().world;
    assert_eq!(
        authenticate(&good, cluster(&without_key), now()),
        TokenVerdict::Refused(TokenFault::UnknownKey)
    );
}

#[test]
fn a_token_ends_with_its_service_account_also_where_one_of_that_name_is_recreated() {
    let mut world = world();
    let token = token(&world, ("default", "default"), json!({}));
    let account = ObjectKey::new("serviceaccounts", "default", "default");
    let old = uid(&world, "serviceaccounts", "default", "default");
    cluster_mut(&mut world).delete_object(&account).unwrap();
    assert_eq!(
        authenticate(&token, cluster(&world), now()),
        TokenVerdict::Refused(TokenFault::NoServiceAccount {
            name: "default".to_owned()
        })
    );
    let (there, ids) = world.cluster_mut("my-cluster").unwrap();
    there.create_object(account, json!({}), ids, now()).unwrap();
    assert_eq!(
        authenticate(&token, cluster(&world), now()),
        TokenVerdict::Refused(TokenFault::Uid {
            what: "service account",
            claim: "claim",
            found: uid(&world, "serviceaccounts", "default", "default"),
            claimed: old,
        })
    );
}

#[test]
fn what_is_being_deleted_counts_a_minute_longer() {
    let mut world = world();
    let token = token(&world, ("default", "default"), json!({}));
    let account = ObjectKey::new("serviceaccounts", "default", "default");
    let mut object = (**cluster(&world).objects().find(&account).unwrap()).clone();
    object["metadata"]["deletionTimestamp"] = json!(now().render_rfc3339());
    cluster_mut(&mut world).update_object(&account, object).unwrap();
    let judge = |seconds| authenticate(&token, cluster(&world), now().plus_seconds(seconds));
    assert!(matches!(judge(60), TokenVerdict::User { .. }));
    assert_eq!(
        judge(61),
        TokenVerdict::Refused(TokenFault::Deleted {
            namespace: "default".to_owned(),
            name: "default".to_owned()
        })
    );
}
