//! Access entries and access policies: the AWS CLI gives, kubectl shows what was given.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;
use serde_json::json;

const CLIENTS: [Client; 2] = [Client::Aws, Client::Kubectl];
/// Two calls in one second sign the same token, so that nothing is kept here.
const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: testuser
      roles:
        - {name: dev, path: /ops/, trusted: [user/testuser]}
        - {name: node}
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      token_cache_seconds: 0
      aws_auth:
        mapUsers: |
          - userarn: arn:aws:iam::111122223333:user/testuser
            username: testuser
            groups: [system:masters]
  profiles:
    - {name: default, user: testuser}
    - {name: creator, user: creator}
    - {name: dev, role: dev, source_profile: default, role_session_name: me}
"#;
const DEV: &str = "arn:aws:iam::111122223333:role/ops/dev";
const UNAUTHORIZED: &str = "error: You must be logged in to the server (Unauthorized)";

struct Fixture {
    simulator: Simulator,
    clients: Vec<PathBuf>,
    _folder: tempfile::TempDir,
}

impl Fixture {
    fn new(test: &str) -> Option<Self> {
        let clients = need(test, &CLIENTS)?;
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().join("world.yaml");
        fs::write(&world, WORLD).unwrap();
        Some(Self {
            simulator: Simulator::start_with(&["--scenario", world.to_str().unwrap()]),
            clients,
            _folder: folder,
        })
    }

    fn eks(&self, words: &str) -> Ran {
        self.simulator.run(&self.clients[0], &format!("eks {words}"), None)
    }

    #[track_caller]
    fn eks_json(&self, words: &str) -> Value {
        serde_json::from_str(&self.eks(words).good()).unwrap()
    }

    fn kubectl(&self, words: &str, profile: Option<&str>) -> Ran {
        self.simulator.run(&self.clients[1], words, profile)
    }

    #[track_caller]
    fn set_mode(&self, mode: &str) {
        let words = format!("update-cluster-config --name my-cluster --access-config authenticationMode={mode}");
        let id = self.eks_json(&words)["update"]["id"].as_str().unwrap().to_owned();
        let update = self.eks_json(&format!("describe-update --name my-cluster --update-id {id}"));
        assert_eq!(update["update"]["status"], "Successful");
    }
}

#[test]
fn a_cluster_moves_from_aws_auth_to_access_entries() {
    let Some(fixture) = Fixture::new("a_cluster_moves_from_aws_auth_to_access_entries") else {
        return;
    };
    let create = |arn: &str| {
        fixture.eks(&format!(
            "create-access-entry --cluster-name my-cluster --principal-arn {arn}"
        ))
    };
    assert_eq!(
        create(DEV).complaint(),
        "An error occurred (InvalidRequestException) when calling the CreateAccessEntry operation: The cluster's \
         authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
    );
    let whoami = |profile| fixture.kubectl("auth whoami -o jsonpath={.status.userInfo.username}", profile);
    assert_eq!(whoami(Some("creator")).good(), "kubernetes-admin");

    fixture.set_mode("API_AND_CONFIG_MAP");
    assert_eq!(
        fixture.eks_json("list-access-entries --cluster-name my-cluster"),
        json!({"accessEntries": ["arn:aws:iam::111122223333:user/creator"]})
    );
    assert_eq!(whoami(Some("creator")).good(), "arn:aws:iam::111122223333:user/creator");
    assert!(fixture.kubectl("get nodes", Some("creator")).good().contains("Ready"));
    assert_eq!(whoami(None).good(), "testuser");

    fixture.set_mode("API");
    assert_eq!(whoami(None).complaint(), UNAUTHORIZED);
    let explained = fixture.simulator.own("explain --last").good();
    assert!(explained.contains("cause: aws-auth-ignored"), "{explained}");
    let made: Value = serde_json::from_str(&create("arn:aws:iam::111122223333:user/testuser").good()).unwrap();
    assert_eq!(made["accessEntry"]["type"], "STANDARD");
    assert_eq!(whoami(None).good(), "arn:aws:iam::111122223333:user/testuser");
    assert!(
        fixture
            .eks("update-cluster-config --name my-cluster --access-config authenticationMode=API_AND_CONFIG_MAP")
            .complaint()
            .ends_with("Unsupported authentication mode update from API to API_AND_CONFIG_MAP")
    );
}

#[test]
fn policies_reach_as_far_as_their_scope() {
    let Some(fixture) = Fixture::new("policies_reach_as_far_as_their_scope") else {
        return;
    };
    fixture.set_mode("API_AND_CONFIG_MAP");
    let dev = Some("dev");
    assert_eq!(fixture.kubectl("auth whoami", dev).complaint(), UNAUTHORIZED);
    let target = format!("--cluster-name my-cluster --principal-arn {DEV}");
    let entry = fixture.eks_json(&format!("create-access-entry {target} --tags team=ops"));
    assert_eq!(
        entry["accessEntry"]["username"],
        "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}"
    );
    let forbidden = |what: &str, place: &str| {
        format!(
            "Error from server (Forbidden): {what} is forbidden: User \"arn:aws:sts::111122223333:assumed-role/dev/me\" \
             cannot list resource \"{what}\" in API group \"\" {place}"
        )
    };
    assert_eq!(
        fixture.kubectl("get pods -n kube-system", dev).complaint(),
        forbidden("pods", "in the namespace \"kube-system\"")
    );
    let policy = |name: &str| format!("{target} --policy-arn arn:aws:eks::aws:cluster-access-policy/{name}");
    let scope = "--access-scope type=namespace,namespaces=kube-*";
    let associated = fixture.eks_json(&format!(
        "associate-access-policy {} {scope}",
        policy("AmazonEKSViewPolicy")
    ));
    assert_eq!(
        associated["associatedAccessPolicy"]["accessScope"],
        json!({"type": "namespace", "namespaces": ["kube-*"]})
    );
    let pods = fixture.kubectl("get pods -n kube-system", dev).good();
    assert!(pods.contains("coredns-"), "{pods}");
    assert_eq!(
        fixture.kubectl("get svc", dev).complaint(),
        forbidden("services", "in the namespace \"default\"")
    );
    assert_eq!(
        fixture.kubectl("get nodes", dev).complaint(),
        forbidden("nodes", "at the cluster scope")
    );
    fixture.eks_json(&format!(
        "associate-access-policy {} --access-scope type=cluster",
        policy("AmazonEKSAdminViewPolicy")
    ));
    assert!(fixture.kubectl("get nodes", dev).good().contains("Ready"));
    let _ = fixture
        .eks(&format!(
            "disassociate-access-policy {}",
            policy("AmazonEKSAdminViewPolicy")
        ))
        .good();
    assert_eq!(
        fixture.kubectl("get nodes", dev).complaint(),
        forbidden("nodes", "at the cluster scope")
    );
    let listed = fixture.eks_json(&format!("list-associated-access-policies {target}"));
    assert_eq!(listed["associatedAccessPolicies"].as_array().map(Vec::len), Some(1));
}

#[test]
fn an_entry_does_not_follow_a_role_that_is_recreated() {
    let Some(fixture) = Fixture::new("an_entry_does_not_follow_a_role_that_is_recreated") else {
        return;
    };
    fixture.set_mode("API_AND_CONFIG_MAP");
    let target = format!("--cluster-name my-cluster --principal-arn {DEV}");
    let create = || fixture.eks_json(&format!("create-access-entry {target}"));
    create();
    let whoami = || fixture.kubectl("auth whoami -o jsonpath={.status.userInfo.username}", Some("dev"));
    assert_eq!(whoami().good(), "arn:aws:sts::111122223333:assumed-role/dev/me");
    let iam = |words: &str| {
        fixture
            .simulator
            .run(&fixture.clients[0], &format!("iam {words}"), None)
    };
    let _ = iam("detach-role-policy --role-name dev --policy-arn arn:aws:iam::aws:policy/AdministratorAccess").good();
    let _ = iam("delete-role --role-name dev").good();
    let policy = fixture.simulator.folder().join("trust.json");
    fs::write(
        &policy,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/testuser"},"Action":"sts:AssumeRole"}]}"#,
    )
    .unwrap();
    let _ = iam(&format!(
        "create-role --role-name dev --path /ops/ --assume-role-policy-document file://{}",
        policy.display()
    ))
    .good();
    // The CLI keeps the session of the role that is gone.
    fs::remove_dir_all(fixture.simulator.folder().join("home/.aws/cli/cache")).unwrap();
    assert_eq!(whoami().complaint(), UNAUTHORIZED);
    let explained = fixture.simulator.own("explain --last").good();
    assert!(
        explained.contains("cause: access-entry-of-recreated-principal"),
        "{explained}"
    );
    let _ = fixture.eks(&format!("delete-access-entry {target}")).good();
    create();
    assert_eq!(whoami().good(), "arn:aws:sts::111122223333:assumed-role/dev/me");
}
