//! Signed calls through the whole AWS endpoint: shapes, refusals and their order, pages.

use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value;
use serde_json::json;

use crate::aws::sigv4::Receiver;
use crate::aws::sigv4::SignedRequest;
use crate::aws::sigv4::VerifiedCaller;
use crate::aws::sigv4::verify;
use crate::scenario;
use crate::service::aws::Protocol;
use crate::service::aws::Service;
use crate::service::aws::operation::Access;
use crate::service::aws::operation::Context;
use crate::service::aws::protocol::Parameters;
use crate::service::aws::testing::Key;
use crate::service::aws::testing::Unsigned;
use crate::service::http::Request;
use crate::service::testing::State;
use crate::value::instant::Timestamp;

const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: alice
          path: /team/
      roles:
        - {name: dev, path: /ops/}
        - name: node
    - id: "444455556666"
      users:
        - name: stranger
  clusters:
    - {name: new, region: us-west-2, account: "111122223333", creator: user/creator, authentication_mode: API_AND_CONFIG_MAP}
    - {name: old, region: us-west-2, account: "111122223333", creator: user/creator, logging: []}
  profiles:
    - {name: default, user: creator}
    - {name: stranger, user: stranger}
"#;
const DEV: &str = "arn:aws:iam::111122223333:role/ops/dev";
const NODE: &str = "arn:aws:iam::111122223333:role/node";
const CREATOR: &str = "arn:aws:iam::111122223333:user/creator";
const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

struct Fixture {
    state: State,
    keys: Vec<Key>,
    region: &'static str,
}

impl Fixture {
    fn new() -> Self {
        let now = Timestamp::from_unix_millis(1_795_481_097_836);
        let staging = scenario::stage(WORLD, now).unwrap();
        let keys = staging.profiles.iter().map(Key::of).collect();
        Self {
            state: State::new(staging.world, now),
            keys,
            region: "us-west-2",
        }
    }

    /// `POST /path?query`, in which `{}` stands for the encoded text.
    fn call(&self, line: &str, text: &str, body: &Value) -> (u16, String, Value) {
        self.call_as(0, line, text, body)
    }

    fn call_as(&self, profile: usize, line: &str, text: &str, body: &Value) -> (u16, String, Value) {
        let (method, rest) = line.split_once(' ').unwrap();
        let rest = rest.replace("{}", &utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        let (path, query) = rest.split_once('?').unwrap_or((&rest, ""));
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let unsigned = Unsigned {
            method,
            path,
            query,
            headers: &[],
            body,
        };
        let response = self.keys[profile].call(&self.state, ("eks", self.region), unsigned);
        let code = response
            .headers
            .iter()
            .find(|(name, _)| *name == "x-amzn-errortype")
            .map(|(_, code)| code.clone())
            .unwrap_or_default();
        (response.status, code, serde_json::from_slice(&response.body).unwrap())
    }

    /// The first profile's caller.
    fn caller(&self) -> VerifiedCaller {
        let scope = ("eks", self.region);
        let request = self.keys[0].sign(&self.state, scope, Unsigned::post(Vec::new()));
        let signed = SignedRequest {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
            body: &request.body,
        };
        let receiver = Receiver {
            service: "eks",
            region: None,
            skew_minutes: 5,
        };
        let verification = verify(signed, receiver, &self.state.snapshot().directory, self.state.now());
        verification.outcome.unwrap()
    }

    #[track_caller]
    fn good(&self, line: &str, text: &str, body: &Value) -> Value {
        let (status, code, answer) = self.call(line, text, body);
        assert_eq!((status, code.as_str()), (200, ""), "{line}: {answer}");
        answer
    }

    #[track_caller]
    fn refused(&self, line: &str, text: &str, body: &Value, status: u16, code: &str, message: &str) {
        let got = self.call(line, text, body);
        let wanted = (status, code.to_owned(), json!({"message": message}));
        assert_eq!(got, wanted, "{line} {body}");
    }
}

#[test]
fn an_entry_from_its_beginning_to_its_end() {
    let fixture = Fixture::new();
    let body = json!({"principalArn": DEV, "tags": {"team": "ops"}, "clientRequestToken": "x"});
    let made = fixture.good("POST /clusters/new/access-entries", "", &body);
    let entry = made["accessEntry"].clone();
    let arn = entry["accessEntryArn"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:eks:us-west-2:111122223333:access-entry/new/role/111122223333/dev/"));
    assert_eq!(
        entry,
        json!({
            "clusterName": "new", "principalArn": DEV, "kubernetesGroups": [], "accessEntryArn": arn,
            "createdAt": 1_795_481_097.836, "modifiedAt": 1_795_481_097.836, "tags": {"team": "ops"},
            "username": "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}", "type": "STANDARD",
        })
    );
    assert_eq!(
        fixture.good("GET /clusters/new/access-entries/{}", DEV, &Value::Null),
        made
    );
    assert_eq!(
        fixture.good("GET /clusters/new/access-entries", "", &Value::Null),
        json!({"accessEntries": [DEV, CREATOR]})
    );
    let change = json!({"kubernetesGroups": ["viewers"], "username": "dev"});
    let changed = fixture.good("POST /clusters/new/access-entries/{}", DEV, &change);
    assert_eq!(changed["accessEntry"]["username"], "dev");
    assert_eq!(changed["accessEntry"]["kubernetesGroups"], json!(["viewers"]));

    let scope = json!({"type": "namespace", "namespaces": ["team-*"]});
    let body = json!({"policyArn": VIEW, "accessScope": scope});
    let associated = json!({
        "policyArn": VIEW, "accessScope": scope, "associatedAt": 1_795_481_097.836, "modifiedAt": 1_795_481_097.836,
    });
    assert_eq!(
        fixture.good("POST /clusters/new/access-entries/{}/access-policies", DEV, &body),
        json!({"clusterName": "new", "principalArn": DEV, "associatedAccessPolicy": associated})
    );
    assert_eq!(
        fixture.good("GET /clusters/new/access-entries/{}/access-policies", DEV, &Value::Null),
        json!({"clusterName": "new", "principalArn": DEV, "associatedAccessPolicies": [associated]})
    );
    let by_policy = "GET /clusters/new/access-entries?associatedPolicyArn={}";
    assert_eq!(
        fixture.good(by_policy, VIEW, &Value::Null),
        json!({"accessEntries": [DEV]})
    );

    assert_eq!(
        fixture.good("POST /tags/{}", &arn, &json!({"tags": {"a": "b"}})),
        json!({})
    );
    assert_eq!(
        fixture.good("DELETE /tags/{}?tagKeys=team&tagKeys=x", &arn, &Value::Null),
        json!({})
    );
    assert_eq!(
        fixture.good("GET /tags/{}", &arn, &Value::Null),
        json!({"tags": {"a": "b"}})
    );

    let encoded = utf8_percent_encode(VIEW, NON_ALPHANUMERIC);
    let disassociate = format!("DELETE /clusters/new/access-entries/{{}}/access-policies/{encoded}");
    assert_eq!(fixture.good(&disassociate, DEV, &Value::Null), json!({}));
    fixture.refused(
        &disassociate,
        DEV,
        &Value::Null,
        404,
        "ResourceNotFoundException",
        "The specified policyArn is not associated with the access entry.",
    );
    assert_eq!(
        fixture.good("DELETE /clusters/new/access-entries/{}", DEV, &Value::Null),
        json!({})
    );
    for (line, body) in [
        ("GET /clusters/new/access-entries/{}", Value::Null),
        ("DELETE /clusters/new/access-entries/{}", Value::Null),
        ("POST /clusters/new/access-entries/{}", json!({})),
        ("GET /clusters/new/access-entries/{}/access-policies", Value::Null),
        (
            "POST /clusters/new/access-entries/{}/access-policies",
            json!({"policyArn": VIEW, "accessScope": {"type": "cluster"}}),
        ),
    ] {
        fixture.refused(
            line,
            DEV,
            &body,
            404,
            "ResourceNotFoundException",
            "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
        );
    }
    assert_eq!(fixture.call("GET /tags/{}", &arn, &Value::Null).1, "NotFoundException");
}

#[test]
fn the_shape_is_checked_before_the_cluster_and_that_before_its_mode() {
    let fixture = Fixture::new();
    let invalid = "InvalidParameterException";
    let create = |cluster: &str| format!("POST /clusters/{cluster}/access-entries");
    let shape = json!({"principalArn": DEV, "kubernetesGroups": ["system:masters"]});
    let message = "The kubernetes group name system:masters is invalid, it cannot start with system:";
    for cluster in ["none", "old", "new"] {
        fixture.refused(&create(cluster), "", &shape, 400, invalid, message);
    }
    let absent = json!({"principalArn": "arn:aws:iam::111122223333:role/none"});
    fixture.refused(
        &create("none"),
        "",
        &absent,
        404,
        "ResourceNotFoundException",
        "No cluster found for name: none.",
    );
    let mode =
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.";
    fixture.refused(&create("old"), "", &absent, 400, "InvalidRequestException", mode);
    fixture.refused(
        &create("new"),
        "",
        &absent,
        400,
        invalid,
        "The specified principalArn is invalid: invalid principal.",
    );
    let good = json!({"principalArn": NODE, "type": "EC2_LINUX"});
    fixture.good(&create("new"), "", &good);
    fixture.refused(
        &create("new"),
        "",
        &good,
        409,
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster.",
    );
    fixture.refused(
        "POST /clusters/new/access-entries/{}",
        NODE,
        &json!({"username": "me"}),
        400,
        invalid,
        "This operation can only be performed on Access Entries with a type of \"STANDARD\".",
    );
    for (body, message) in [
        (
            json!({"policyArn": "x", "accessScope": {"type": "cluster"}}),
            "The policyArn parameter format is not valid",
        ),
        (
            json!({"policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": []}}),
            "At least 1 namespace must be provided if the type is set as namespace",
        ),
        (
            json!({"policyArn": VIEW, "accessScope": {"type": "cluster", "namespaces": ["x"]}}),
            "accessScope should not include namespaces if the type is not set as namespace",
        ),
        (
            json!({"policyArn": VIEW}),
            "1 validation error detected: Value null at 'accessScope' failed to satisfy constraint: Member must not be null",
        ),
    ] {
        for cluster in ["none", "new"] {
            let line = format!("POST /clusters/{cluster}/access-entries/{{}}/access-policies");
            fixture.refused(&line, DEV, &body, 400, invalid, message);
        }
    }
    fixture.refused(
        "POST /clusters/new/access-entries/{}/access-policies",
        CREATOR,
        &json!({"policyArn": "arn:aws:eks::aws:cluster-access-policy/None", "accessScope": {"type": "cluster"}}),
        404,
        "ResourceNotFoundException",
        "The specified policyArn could not be found.",
    );
    let broken = fixture.call(&create("new"), "", &json!("text"));
    assert_eq!((broken.0, broken.1.as_str()), (400, "SerializationException"));
}

#[test]
fn the_mode_and_the_logging_of_a_cluster_are_updated() {
    let fixture = Fixture::new();
    let mode = |mode: &str| json!({"accessConfig": {"authenticationMode": mode}});
    let update = "POST /clusters/old/update-config";
    let invalid = "InvalidParameterException";
    for to in ["API", "CONFIG_MAP"] {
        let message = format!("Unsupported authentication mode update from CONFIG_MAP to {to}");
        fixture.refused(update, "", &mode(to), 400, invalid, &message);
    }
    let answer = fixture.good(update, "", &mode("API_AND_CONFIG_MAP"));
    let id = answer["update"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        answer,
        json!({"update": {
            "id": id, "status": "InProgress", "type": "AccessConfigUpdate", "createdAt": 1_795_481_097.836, "errors": [],
            "params": [{"type": "AuthenticationMode", "value": "API_AND_CONFIG_MAP"}],
        }})
    );
    let described = fixture.good("GET /clusters/old/updates/{}", &id, &Value::Null);
    assert_eq!(described["update"]["status"], "Successful");
    let cluster = fixture.good("GET /clusters/old", "", &Value::Null);
    assert_eq!(
        cluster["cluster"]["accessConfig"],
        json!({"authenticationMode": "API_AND_CONFIG_MAP"})
    );
    assert_eq!(
        fixture.good("GET /clusters/old/access-entries", "", &Value::Null),
        json!({"accessEntries": [CREATOR]})
    );
    fixture.good(update, "", &mode("API"));
    let logging = json!({"logging": {"clusterLogging": [{"types": ["api", "authenticator"], "enabled": true}]}});
    fixture.good(update, "", &logging);
    let message = "No changes needed for the logging config provided";
    fixture.refused(update, "", &logging, 400, invalid, message);
    let cluster = fixture.good("GET /clusters/old", "", &Value::Null);
    assert_eq!(
        cluster["cluster"]["logging"],
        json!({"clusterLogging": [
            {"types": ["api", "authenticator"], "enabled": true},
            {"types": ["audit", "controllerManager", "scheduler"], "enabled": false},
        ]})
    );
    let updates = fixture.good("GET /clusters/old/updates", "", &Value::Null);
    assert_eq!(updates["updateIds"].as_array().map(Vec::len), Some(3));
    assert_eq!(updates["updateIds"][0], json!(id));
    let of_addon = fixture.good("GET /clusters/old/updates?addonName=x", "", &Value::Null);
    assert_eq!(of_addon, json!({"updateIds": []}));
    assert_eq!(
        fixture.call("GET /clusters/old/updates/x", "", &Value::Null).1,
        "ResourceNotFoundException"
    );
    for (body, message) in [
        (json!({}), "The type for cluster update was not provided."),
        (
            json!({"resourcesVpcConfig": {"endpointPublicAccess": true}}),
            "Cluster is already at the desired configuration with endpointPrivateAccess: false , endpointPublicAccess: true, and Public Endpoint Restrictions: [0.0.0.0/0]",
        ),
        (
            json!({"deletionProtection": true, "upgradePolicy": {"supportType": "STANDARD"}}),
            "Only one type of update can be made at a time.",
        ),
        (
            json!({"upgradePolicy": {"supportType": "LONG"}}),
            "The support type is invalid: LONG",
        ),
        (mode("BOTH"), "The authentication mode is invalid: BOTH"),
        (
            json!({"logging": {"clusterLogging": [{"types": ["kubelet"], "enabled": true}]}}),
            "The log type is invalid: kubelet",
        ),
    ] {
        fixture.refused(update, "", &body, 400, invalid, message);
    }
}

#[test]
fn policies_are_listed_in_pages() {
    let fixture = Fixture::new();
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let line = format!("GET /access-policies?maxResults=7&nextToken={token}");
        let answer = fixture.good(&line, "", &Value::Null);
        let page = answer["accessPolicies"].as_array().unwrap();
        for policy in page {
            let name = policy["name"].as_str().unwrap();
            assert_eq!(policy["arn"], format!("arn:aws:eks::aws:cluster-access-policy/{name}"));
            names.push(name.to_owned());
        }
        match answer.get("nextToken") {
            Some(next) => token = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(names.len(), 19);
    assert!(names.is_sorted());
}

#[test]
fn another_account_or_region_sees_no_cluster() {
    let mut fixture = Fixture::new();
    let calls = [
        ("GET /clusters/new", Value::Null),
        ("GET /clusters/new/access-entries", Value::Null),
        ("DELETE /clusters/new/access-entries/{}", Value::Null),
        ("POST /clusters/new/access-entries", json!({"principalArn": DEV})),
        (
            "POST /clusters/new/update-config",
            json!({"accessConfig": {"authenticationMode": "API"}}),
        ),
    ];
    let check = |fixture: &Fixture, profile| {
        for (line, body) in &calls {
            let (status, code, answer) = fixture.call_as(profile, line, CREATOR, body);
            assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"), "{line}");
            assert_eq!(answer, json!({"message": "No cluster found for name: new."}));
        }
        let (_, _, clusters) = fixture.call_as(profile, "GET /clusters", "", &Value::Null);
        assert_eq!(clusters, json!({"clusters": []}));
    };
    check(&fixture, 1);
    fixture.region = "eu-west-1";
    check(&fixture, 0);
    fixture.region = "us-west-2";
    let clusters = fixture.good("GET /clusters", "", &Value::Null);
    assert_eq!(clusters, json!({"clusters": ["new", "old"]}));
}

fn new_cluster(name: &str) -> Value {
    json!({
        "name": name,
        "roleArn": "arn:aws:iam::111122223333:role/eks",
        "resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-2"]},
    })
}

#[test]
fn a_cluster_from_its_beginning_to_its_end() {
    let fixture = Fixture::new();
    let mut body = new_cluster("made");
    body["tags"] = json!({"team": "ops"});
    body["accessConfig"] = json!({"authenticationMode": "API"});
    body["encryptionConfig"] = json!([{"resources": ["secrets"], "provider": {"keyArn": "k"}}]);
    body["logging"] = json!({"clusterLogging": [{"types": ["audit"], "enabled": true}]});
    body["kubernetesNetworkConfig"] = json!({"serviceIpv4Cidr": "172.20.0.0/16"});
    let made = fixture.good("POST /clusters", "", &body)["cluster"].clone();
    assert_eq!(
        made,
        json!({
            "name": "made", "arn": "arn:aws:eks:us-west-2:111122223333:cluster/made", "createdAt": 1_795_481_097.836,
            "version": "1.32", "roleArn": "arn:aws:iam::111122223333:role/eks",
            "resourcesVpcConfig": {
                "subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": [],
                "clusterSecurityGroupId": made["resourcesVpcConfig"]["clusterSecurityGroupId"],
                "vpcId": made["resourcesVpcConfig"]["vpcId"],
                "endpointPublicAccess": true, "endpointPrivateAccess": false, "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "kubernetesNetworkConfig": {
                "serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4", "elasticLoadBalancing": {"enabled": false},
            },
            "logging": {"clusterLogging": [
                {"types": ["audit"], "enabled": true},
                {"types": ["api", "authenticator", "controllerManager", "scheduler"], "enabled": false},
            ]},
            "status": "CREATING", "certificateAuthority": {}, "platformVersion": "eks.10", "tags": {"team": "ops"},
            "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": "k"}}],
            "health": {"issues": []},
            "accessConfig": {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": true},
            "upgradePolicy": {"supportType": "EXTENDED"}, "deletionProtection": false,
        })
    );
    let described = fixture.good("GET /clusters/made", "", &Value::Null)["cluster"].clone();
    assert_eq!(described["status"], "ACTIVE");
    assert_eq!(described["accessConfig"], json!({"authenticationMode": "API"}));
    assert!(
        described["identity"]["oidc"]["issuer"]
            .as_str()
            .unwrap()
            .starts_with("https://oidc.eks.us-west-2")
    );
    assert_eq!(
        fixture.good("GET /clusters/made/access-entries", "", &Value::Null),
        json!({"accessEntries": [CREATOR]})
    );
    fixture.refused(
        "POST /clusters",
        "",
        &body,
        409,
        "ResourceInUseException",
        "Cluster already exists with name: made",
    );
    let arn = made["arn"].as_str().unwrap();
    fixture.good("POST /tags/{}", arn, &json!({"tags": {"a": "b"}}));
    fixture.good("DELETE /tags/{}?tagKeys=team", arn, &Value::Null);
    assert_eq!(
        fixture.good("GET /tags/{}", arn, &Value::Null),
        json!({"tags": {"a": "b"}})
    );
    fixture.good(
        "POST /clusters/made/update-config",
        "",
        &json!({"deletionProtection": true}),
    );
    let message = "Cluster made cannot be deleted because deletion protection is enabled";
    fixture.refused(
        "DELETE /clusters/made",
        "",
        &Value::Null,
        400,
        "InvalidRequestException",
        message,
    );
    fixture.good(
        "POST /clusters/made/update-config",
        "",
        &json!({"deletionProtection": false}),
    );
    let deleted = fixture.good("DELETE /clusters/made", "", &Value::Null);
    assert_eq!(deleted["cluster"]["status"], "DELETING");
    for line in ["GET /clusters/made", "DELETE /clusters/made"] {
        let message = "No cluster found for name: made.";
        fixture.refused(line, "", &Value::Null, 404, "ResourceNotFoundException", message);
    }
    assert_eq!(
        fixture.good("GET /clusters", "", &Value::Null),
        json!({"clusters": ["new", "old"]})
    );
    let message = "Cluster has nodegroups attached";
    fixture.refused(
        "DELETE /clusters/new",
        "",
        &Value::Null,
        409,
        "ResourceInUseException",
        message,
    );
}

#[test]
fn clusters_that_cannot_be_made_are_refused() {
    let fixture = Fixture::new();
    let null = |member: &str| {
        format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        )
    };
    let with = |member: &str, value: Value| {
        let mut body = new_cluster("made");
        body[member] = value;
        body
    };
    for (body, message) in [
        (json!({}), null("name")),
        (with("roleArn", Value::Null), null("roleArn")),
        (with("resourcesVpcConfig", Value::Null), null("resourcesVpcConfig")),
        (
            with("resourcesVpcConfig", json!({"subnetIds": ["subnet-1"]})),
            "Subnets specified must be in at least two different AZs".to_owned(),
        ),
        (
            with("version", json!("1.12")),
            "unsupported Kubernetes version".to_owned(),
        ),
        (
            with(
                "accessConfig",
                json!({"bootstrapClusterCreatorAdminPermissions": false}),
            ),
            "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP"
                .to_owned(),
        ),
        (
            with("accessConfig", json!({"authenticationMode": "BOTH"})),
            "The authentication mode is invalid: BOTH".to_owned(),
        ),
    ] {
        fixture.refused("POST /clusters", "", &body, 400, "InvalidParameterException", &message);
    }
    // A cluster of another account's has the name as well.
    let (status, code, _) = fixture.call_as(1, "POST /clusters", "", &new_cluster("new"));
    assert_eq!((status, code.as_str()), (409, "ResourceInUseException"));
}

#[test]
fn what_a_small_cluster_has_is_listed_and_changed() {
    let fixture = Fixture::new();
    let null = Value::Null;
    let good = |line: &str, body: &Value| fixture.good(line, "", body);
    for (list, wanted) in [
        (
            "GET /clusters/new/addons",
            json!({"addons": ["coredns", "kube-proxy", "vpc-cni"]}),
        ),
        ("GET /clusters/new/node-groups", json!({"nodegroups": ["workers"]})),
        ("GET /clusters/new/fargate-profiles", json!({"fargateProfileNames": []})),
        (
            "GET /clusters/new/identity-provider-configs",
            json!({"identityProviderConfigs": []}),
        ),
        (
            "GET /clusters/new/pod-identity-associations",
            json!({"associations": []}),
        ),
    ] {
        assert_eq!(good(list, &null), wanted);
        assert_eq!(
            fixture.call(&list.replace("new", "none"), "", &null).1,
            "ResourceNotFoundException"
        );
        assert_eq!(
            fixture.call(&format!("{list}?maxResults=101"), "", &null).1,
            "InvalidParameterException"
        );
    }
    let first = good("GET /clusters/new/addons?maxResults=2", &null);
    let next = format!(
        "GET /clusters/new/addons?nextToken={}",
        first["nextToken"].as_str().unwrap()
    );
    assert_eq!(good(&next, &null), json!({"addons": ["vpc-cni"]}));

    let addon = good("POST /clusters/new/addons", &json!({"addonName": "metrics-server"}))["addon"].clone();
    assert_eq!(
        (&addon["status"], &addon["clusterName"]),
        (&json!("CREATING"), &json!("new"))
    );
    let update = json!({"addonVersion": "v0.7.2-eksbuild.1"});
    let update = good("POST /clusters/new/addons/metrics-server/update", &update)["update"].clone();
    assert_eq!(update["type"], "AddonUpdate");
    assert_eq!(
        good("GET /clusters/new/updates?addonName=metrics-server", &null),
        json!({"updateIds": [update["id"]]})
    );
    assert_eq!(good("GET /clusters/new/updates", &null), json!({"updateIds": []}));
    let addon = good("GET /clusters/new/addons/metrics-server", &null)["addon"].clone();
    assert_eq!(
        (&addon["status"], &addon["addonVersion"]),
        (&json!("ACTIVE"), &json!("v0.7.2-eksbuild.1"))
    );
    good("DELETE /clusters/new/addons/metrics-server", &null);
    let message = "No addon: metrics-server found in cluster: new";
    let line = "GET /clusters/new/addons/metrics-server";
    fixture.refused(line, "", &null, 404, "ResourceNotFoundException", message);

    let body = json!({
        "nodegroupName": "more", "nodeRole": NODE, "subnets": ["subnet-1"], "scalingConfig": {"desiredSize": 1},
        "labels": {"a": "b"},
    });
    let made = good("POST /clusters/new/node-groups", &body)["nodegroup"].clone();
    assert_eq!(
        (&made["status"], &made["labels"]),
        (&json!("CREATING"), &json!({"a": "b"}))
    );
    let entry = fixture.good("GET /clusters/new/access-entries/{}", NODE, &null);
    assert_eq!(entry["accessEntry"]["type"], "EC2_LINUX");
    assert_eq!(
        good("GET /clusters/new/node-groups/more", &null)["nodegroup"]["status"],
        "ACTIVE"
    );
    assert_eq!(
        good("DELETE /clusters/new/node-groups/more", &null)["nodegroup"]["status"],
        "DELETING"
    );
    let message = "No node group found for name: more.";
    fixture.refused(
        "GET /clusters/new/node-groups/more",
        "",
        &null,
        404,
        "ResourceNotFoundException",
        message,
    );
    let message = "No Fargate Profile found with name: x.";
    fixture.refused(
        "GET /clusters/new/fargate-profiles/x",
        "",
        &null,
        404,
        "ResourceNotFoundException",
        message,
    );

    let body = json!({"namespace": "default", "serviceAccount": "app", "roleArn": DEV});
    let made = good("POST /clusters/new/pod-identity-associations", &body)["association"].clone();
    let id = made["associationId"].as_str().unwrap().to_owned();
    let line = "POST /clusters/new/pod-identity-associations/{}";
    let changed = fixture.good(line, &id, &json!({"roleArn": NODE, "disableSessionTags": true}));
    assert_eq!(changed["association"]["roleArn"], NODE);
    let line = "GET /clusters/new/pod-identity-associations/{}";
    assert_eq!(fixture.good(line, &id, &null), changed);
    for (query, count) in [
        ("", 1),
        ("?namespace=default", 1),
        ("?namespace=x", 0),
        ("?serviceAccount=x", 0),
    ] {
        let list = good(&format!("GET /clusters/new/pod-identity-associations{query}"), &null);
        assert_eq!(list["associations"].as_array().map(Vec::len), Some(count), "{query}");
    }
    let message = format!("Association already exists: {id}");
    let line = "POST /clusters/new/pod-identity-associations";
    fixture.refused(line, "", &body, 409, "ResourceInUseException", &message);
    fixture.good("DELETE /clusters/new/pod-identity-associations/{}", &id, &null);
}

#[test]
fn releases_are_listed_and_a_cluster_is_updated_to_the_next() {
    let fixture = Fixture::new();
    let versions = fixture.good("GET /cluster-versions", "", &Value::Null);
    let default = fixture.good("GET /cluster-versions?defaultOnly=true", "", &Value::Null);
    assert_eq!(default["clusterVersions"][0]["clusterVersion"], "1.32");
    assert_eq!(default["clusterVersions"].as_array().map(Vec::len), Some(1));
    assert!(versions["clusterVersions"].as_array().unwrap().len() > 3);
    let some = fixture.good(
        "GET /cluster-versions?clusterVersions=1.31&clusterVersions=1.33",
        "",
        &Value::Null,
    );
    assert_eq!(some["clusterVersions"].as_array().map(Vec::len), Some(2));
    let line = "POST /clusters/new/updates";
    let message = "Unsupported Kubernetes minor version update from 1.32 to 1.34";
    fixture.refused(
        line,
        "",
        &json!({"version": "1.34"}),
        400,
        "InvalidParameterException",
        message,
    );
    let update = fixture.good(line, "", &json!({"version": "1.33"}));
    assert_eq!(
        update["update"]["params"],
        json!([{"type": "Version", "value": "1.33"}])
    );
    assert_eq!(
        fixture.good("GET /clusters/new", "", &Value::Null)["cluster"]["version"],
        "1.33"
    );
    let addons = fixture.good(
        "GET /addons/supported-versions?kubernetesVersion=1.33&addonName=coredns",
        "",
        &Value::Null,
    );
    let compatible = &addons["addons"][0]["addonVersions"][0]["compatibilities"];
    assert_eq!(compatible[0]["clusterVersion"], "1.33");
}

#[test]
fn every_call_names_the_resource_that_policies_are_asked_about() {
    let fixture = Fixture::new();
    let arn = |rest: &str| format!("arn:aws:eks:us-west-2:111122223333:{rest}");
    let world = fixture.state.snapshot();
    let cluster = world.cluster("new").unwrap();
    let entry = cluster.access_entries().get(CREATOR).unwrap().arn.clone();
    let nodegroup = cluster.nodegroup("workers").unwrap().arn.clone();
    for (name, labels, wanted) in [
        ("ListClusters", vec![], "*".to_owned()),
        ("CreateCluster", vec![], arn("cluster/made")),
        ("DescribeCluster", vec!["x"], arn("cluster/x")),
        ("ListAccessEntries", vec!["new"], arn("cluster/new")),
        ("DeleteAccessEntry", vec!["new", CREATOR], entry),
        (
            "DeleteAccessEntry",
            vec!["new", DEV],
            arn("access-entry/new/role/111122223333/dev/*"),
        ),
        ("DescribeNodegroup", vec!["new", "workers"], nodegroup),
        ("DescribeNodegroup", vec!["x", "y"], arn("nodegroup/x/y/*")),
        (
            "DeletePodIdentityAssociation",
            vec!["x", "a-1"],
            arn("podidentityassociation/x/a-1"),
        ),
        ("TagResource", vec!["arn:x"], "arn:x".to_owned()),
    ] {
        let operation = super::OPERATIONS
            .iter()
            .find(|operation| operation.name == name)
            .unwrap();
        let Access::Permission(resource) = operation.access else {
            panic!("{name}");
        };
        let request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: new_cluster("made").to_string().into_bytes(),
            peer: ([127, 0, 0, 1], 1).into(),
        };
        let caller = fixture.caller();
        let got = fixture.state.call(|base| {
            resource(&Context {
                base,
                service: Service::Eks,
                request: &request,
                parameters: &Parameters::read(Protocol::RestJson, &request),
                caller: Some(&caller),
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                region: "us-west-2".to_owned(),
                is_global: false,
                now: fixture.state.now(),
            })
        });
        assert_eq!(got, wanted, "{name}");
    }
}
