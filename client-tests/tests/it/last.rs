//! `explain --last` after what real clients have seen: each kind of refusal, and that it is over.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

const CLIENTS: [Client; 2] = [Client::Aws, Client::Kubectl];
const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: delegate
        - name: viewer
        - name: stranger
        - name: outsider
          policies: [CloudWatchLogsReadOnlyAccess]
      roles:
        - {name: closed, trusted: []}
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      authentication_mode: API
      access_entries:
        - principal: user/delegate
          policies: [{policy: AmazonEKSAdminPolicy}]
        - principal: user/viewer
          username: viewer
  profiles:
    - {name: default, user: creator}
    - {name: delegate, user: delegate}
    - {name: viewer, user: viewer}
    - {name: stranger, user: stranger}
    - {name: outsider, user: outsider}
    - {name: closed, role: closed, source_profile: viewer}
"#;

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

    fn aws(&self, words: &str, profile: &str) -> Ran {
        self.simulator.run(&self.clients[0], words, Some(profile))
    }

    fn kubectl(&self, words: &str, profile: &str) -> Ran {
        self.simulator.run(&self.clients[1], words, Some(profile))
    }

    /// kubectl with a kubeconfig whose user is this.
    fn kubectl_as(&self, user: &str, words: &str) -> Ran {
        let kubeconfig = self.simulator.folder().join("own.kubeconfig");
        let (server, authority) = (
            self.simulator.ready("/clusters/0/endpoint"),
            self.simulator.ready("/ca_bundle"),
        );
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{server: \"{server}\", certificate-authority: \"{authority}\"}}}}]\n\
             users: [{{name: u, user: {user}}}]\n"
        );
        fs::write(&kubeconfig, text).unwrap();
        let mut command = self.simulator.command(&self.clients[1]);
        command.env("KUBECONFIG", kubeconfig).args(words.split(' '));
        Simulator::run_command(&mut command)
    }

    fn last(&self) -> Value {
        let told = self.simulator.own("explain --last --output json").good();
        serde_json::from_str(&told).unwrap()
    }

    /// What was seen last has that cause; a part of its sentence, and of its fix.
    #[track_caller]
    fn check(&self, cause: &str, sentence: &str, fix: &str) {
        let last = self.last();
        let text = |member: &str| last[member].as_str().unwrap_or_default().to_owned();
        assert_eq!(text("cause"), cause, "{last:#}");
        assert!(text("sentence").contains(sentence), "{last:#}");
        assert!(text("fix").contains(fix), "{last:#}");
        if cause == "granted" {
            assert_eq!(text("fix"), "", "{last:#}");
        }
    }
}

#[test]
fn each_refusal_is_told_as_what_it_is_and_a_success_after_it_as_one() {
    let Some(fixture) = Fixture::new("each_refusal_is_told_as_what_it_is_and_a_success_after_it_as_one") else {
        return;
    };
    let bind = "create rolebinding team-test --clusterrole=view --user=x";
    let refused = fixture.kubectl(bind, "delegate");
    assert!(refused.stderr.contains("not currently held"), "{}", refused.stderr);
    fixture.check(
        "rbac-escalation",
        "ClusterRole view has rules",
        "a principal with the access policy AmazonEKSClusterAdminPolicy",
    );
    let evidence = fixture.last()["evidence"].to_string();
    assert!(evidence.contains("AmazonEKSAdminPolicy"), "{evidence}");
    assert!(evidence.contains("lacking: {APIGroups:"), "{evidence}");
    let _ = fixture.kubectl(bind, "default").good();
    fixture.check("granted", "create rolebindings", "");

    let refused = fixture.kubectl("delete namespace default", "default").complaint();
    assert!(refused.ends_with("this namespace may not be deleted"), "{refused}");
    fixture.check("admission-refused", "not by RBAC", "");

    assert_eq!(fixture.kubectl("auth can-i list secrets", "viewer").stdout, "no\n");
    fixture.check("no-binding", "asked about list secrets", "bind a role");
    assert_eq!(fixture.kubectl("auth can-i list secrets", "default").stdout, "yes\n");
    fixture.check("granted", "list secrets", "");

    let missing = fixture.kubectl("get pods web", "default").complaint();
    assert_eq!(missing, "Error from server (NotFound): pods \"web\" not found");
    fixture.check("granted", "the request failed otherwise: 404 NotFound", "");

    // Of two kinds, the first is refused.
    let _ = fixture
        .kubectl("create role services --verb=list --resource=services", "default")
        .good();
    let _ = fixture
        .kubectl("create rolebinding services --role=services --user=viewer", "default")
        .good();
    let both = fixture.kubectl("get pods,services", "viewer");
    assert!(both.stderr.contains("pods is forbidden"), "{}", both.stderr);
    fixture.check("not-authorized", "viewer is known", "");
    // What there is, everybody may know.
    let _ = fixture.kubectl("api-versions", "default").good();
    fixture.check("not-authorized", "viewer is known", "");
    let _ = fixture.kubectl("get services", "viewer").good();
    fixture.check("granted", "list services", "");

    let refused = fixture.kubectl("get services", "stranger").complaint();
    assert!(refused.contains("You must be logged in to the server"), "{refused}");
    // This shell has profiles that would be let in.
    fixture.check(
        "wrong-profile",
        "the client acts with profile stranger",
        "act with profile ",
    );
    let nobody = fixture.kubectl_as(
        "{username: a, password: b}",
        "get --raw /api/v1/namespaces/default/pods",
    );
    assert!(nobody.complaint().contains("You must be logged in to the server"));
    fixture.check("anonymous", "without a token", "exec");
    let _ = fixture.kubectl("get services", "viewer").good();
    fixture.check("granted", "list services", "");
}

#[test]
fn what_aws_refuses_is_told_with_the_policy_that_does_it() {
    let Some(fixture) = Fixture::new("what_aws_refuses_is_told_with_the_policy_that_does_it") else {
        return;
    };
    let describe = "eks describe-cluster --name my-cluster --query cluster.name --output text";
    let refused = fixture.aws(describe, "outsider").complaint();
    assert!(refused.contains("AccessDeniedException"), "{refused}");
    fixture.check(
        "iam-not-allowed",
        "no identity-based policy of user outsider allows eks:DescribeCluster",
        "aws iam put-user-policy --user-name outsider",
    );
    let last = fixture.last();
    let (_, command) = last["fix"].as_str().unwrap().split_once("aws iam ").unwrap();
    let _ = fixture
        .aws(&format!("iam {}", command.replace('\'', "")), "default")
        .good();
    assert_eq!(fixture.aws(describe, "outsider").good(), "my-cluster\n");
    fixture.check("granted", "AWS has answered DescribeCluster", "");

    let refused = fixture.kubectl("get services", "closed");
    assert!(
        refused.stderr.contains("when calling the AssumeRole operation"),
        "{}",
        refused.stderr
    );
    fixture.check(
        "assume-role-denied",
        "a statement of the trust policy of role closed denies the caller explicitly",
        "take that statement away",
    );
    let _ = fixture.kubectl("get services", "default").good();
    fixture.check("granted", "list services", "");
}

#[test]
fn a_token_with_groups_of_before_is_told_to_be_one() {
    let Some(fixture) = Fixture::new("a_token_with_groups_of_before_is_told_to_be_one") else {
        return;
    };
    let credential = fixture.aws("eks get-token --cluster-name my-cluster", "viewer").good();
    let credential: Value = serde_json::from_str(&credential).unwrap();
    let user = format!("{{token: {}}}", credential["status"]["token"].as_str().unwrap());
    let list = || fixture.kubectl_as(&user, "get --raw /api/v1/namespaces/default/pods");
    let _ = fixture
        .kubectl(
            "create clusterrolebinding readers --clusterrole=view --group=readers",
            "default",
        )
        .good();
    assert!(list().complaint().contains("Forbidden"));
    fixture.check("no-binding", "viewer is known, but nothing is bound to it", "");
    let entry = "eks update-access-entry --cluster-name my-cluster --principal-arn arn:aws:iam::111122223333:user/viewer \
                 --kubernetes-groups readers";
    let _ = fixture.aws(entry, "default").good();
    assert!(list().complaint().contains("Forbidden"));
    fixture.check(
        "refused-from-cache",
        "the mapping of now would allow this",
        "or make a new token",
    );
    let _ = fixture.simulator.own("ctl clock advance 2m").good();
    let _ = list().good();
    fixture.check("granted", "list pods", "");
}
