//! One story of access, told by clients that others made: who am I, refused, mapped, allowed, a watch, and why.
//!
//! A role that nothing maps is refused; an access entry maps it, and it is known but may do nothing; a binding lets it
//! in. Each client goes by its own way, with nothing set but the variables of the simulator's environment and a profile.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;
use serde_json::Value;
use serde_json::json;

use crate::scenarios::path_with;
use crate::terminal::Terminal;

/// The cluster judges each token by itself: two within one second are the same one. A reader may make token reviews as well:
/// kr8s asks who it is by one.
const WORLD: &str = r#"world:
  accounts:
    - id: "111122223333"
      users: [{name: creator}, {name: testuser}]
      roles: [{name: dev, trusted: [user/testuser]}, {name: my-cluster-node-role, trusted: []}]
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      authentication_mode: API
      token_cache_seconds: 0
      objects:
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, data: {a: "0"}}
        - apiVersion: rbac.authorization.k8s.io/v1
          kind: ClusterRole
          metadata: {name: readers}
          rules:
            - {apiGroups: [""], resources: [configmaps, nodes, pods], verbs: [get, list, watch]}
            - {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}
  profiles:
    - {name: default, user: testuser}
    - {name: creator, user: creator}
    - {name: dev, role: dev, source_profile: default}
"#;
const DEV: &str = "arn:aws:iam::111122223333:role/dev";
const FORBIDDEN: &str = "configmaps is forbidden: User \"dev\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"";
/// How long a client may take to say the next thing, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// The simulator in the story's world, its administrator's clients, and the programs or folders of the client that tells.
pub(crate) struct Fixture {
    pub(crate) simulator: Simulator,
    pub(crate) found: Vec<PathBuf>,
    aws: PathBuf,
    kubectl: PathBuf,
    _folder: tempfile::TempDir,
}

impl Fixture {
    pub(crate) fn new(test: &str, clients: &[Client]) -> Option<Self> {
        let found = need(test, clients)?;
        let own = need(test, &[Client::Aws, Client::Kubectl])?;
        let folder = tempfile::tempdir().unwrap();
        let world = folder.path().join("world.yaml");
        fs::write(&world, WORLD).unwrap();
        Some(Self {
            simulator: Simulator::start_with(&["--scenario", world.to_str().unwrap()]),
            found,
            aws: own[0].clone(),
            kubectl: own[1].clone(),
            _folder: folder,
        })
    }

    /// Runs kubectl as the cluster's administrator.
    #[track_caller]
    pub(crate) fn administer(&self, words: &str) -> String {
        self.simulator.run(&self.kubectl, words, Some("creator")).good()
    }

    /// Gives the role an access entry.
    #[track_caller]
    pub(crate) fn map(&self) {
        let words = format!(
            "eks create-access-entry --cluster-name my-cluster --principal-arn {DEV} --username dev --kubernetes-groups readers"
        );
        let _ = self.simulator.run(&self.aws, &words, Some("creator")).good();
    }

    /// Lets its group read.
    #[track_caller]
    pub(crate) fn allow(&self) {
        let _ = self.administer("create clusterrolebinding readers --clusterrole readers --group readers");
    }

    /// Makes a ConfigMap, changes it, and takes it away.
    #[track_caller]
    pub(crate) fn change(&self) {
        let _ = self.administer("create configmap color --from-literal a=1");
        let _ = self.administer("patch configmap color -p {\"data\":{\"a\":\"2\"}}");
        let _ = self.administer("delete configmap color");
    }

    /// Why the newest token's bearer was refused: the cause.
    #[track_caller]
    pub(crate) fn cause(&self) -> String {
        let explained = self.simulator.own("explain --last --output json");
        let explained: Value = serde_json::from_str(&explained.stdout).unwrap();
        explained["cause"].as_str().unwrap_or_default().to_owned()
    }

    /// A client as the role.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.simulator.command(program);
        command.env("AWS_PROFILE", "dev");
        command
    }
}

/// A client that tells as it goes, ended when dropped.
pub(crate) struct Telling {
    child: Child,
    lines: Receiver<String>,
    complaints: PathBuf,
}

impl Telling {
    pub(crate) fn start(simulator: &Simulator, command: &mut Command) -> Self {
        let complaints = simulator.folder().join("complaints");
        let file = File::create(&complaints).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            complaints,
        }
    }

    /// The next line.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let complaints = fs::read_to_string(&self.complaints).unwrap_or_default();
            panic!("the client told nothing more: {error}: {complaints}")
        })
    }

    /// The next line that has this in it.
    #[track_caller]
    pub(crate) fn line_with(&self, text: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(text) {
                return line;
            }
        }
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A library whose program tells who it is and which ConfigMaps it finds, or how it is refused; and if it is not, which
/// nodes there are, whether there are pods, and what a watch of ConfigMaps shows until one is deleted.
///
/// What `mapped` holds is told otherwise while nothing is bound to the user.
#[track_caller]
fn check(test: &str, client: Client, program: impl Fn(&Path) -> (PathBuf, Vec<PathBuf>), mapped: &Value) {
    let Some(fixture) = Fixture::new(test, &[client]) else {
        return;
    };
    let (program, arguments) = program(&fixture.found[0]);
    let tell = || Telling::start(&fixture.simulator, fixture.command(&program).args(&arguments));
    let unauthorized = json!({"code": 401, "message": "Unauthorized"});
    assert_eq!(tell().json(), json!({"user": unauthorized, "found": unauthorized}));
    assert_eq!(fixture.cause(), "identity-not-mapped");

    fixture.map();
    let mut wanted = json!({"user": "dev", "found": {"code": 403, "message": FORBIDDEN}});
    for (name, value) in mapped.as_object().unwrap() {
        wanted[name] = value.clone();
    }
    assert_eq!(tell().json(), wanted);
    assert_eq!(fixture.cause(), "no-binding");

    fixture.allow();
    let version = fixture.administer("get nodes -o jsonpath={.items[*].status.nodeInfo.kubeletVersion}");
    let nodes: Vec<&str> = version.split_whitespace().collect();
    let telling = tell();
    assert_eq!(
        telling.json(),
        json!({"user": "dev", "found": ["kube-root-ca.crt", "settings"], "nodes": nodes, "pods": true})
    );
    fixture.change();
    for (kind, value) in [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")] {
        assert_eq!(
            telling.json(),
            json!({"type": kind, "name": "color", "data": {"a": value}})
        );
    }
}

#[track_caller]
fn check_python(test: &str, story: &str, mapped: &Value) {
    let program = |python: &Path| {
        let story = source("python/access").join(story);
        (python.to_owned(), vec![story])
    };
    check(test, Client::PythonAccess, program, mapped);
}

#[test]
fn the_newest_client_for_python_tells_of_its_access() {
    let test = "the_newest_client_for_python_tells_of_its_access";
    check_python(test, "kubernetes_story.py", &json!({}));
}

#[test]
fn kubernetes_asyncio_tells_of_its_access() {
    let test = "kubernetes_asyncio_tells_of_its_access";
    check_python(test, "kubernetes_asyncio_story.py", &json!({}));
}

#[test]
fn lightkube_tells_of_its_access() {
    check_python("lightkube_tells_of_its_access", "lightkube_story.py", &json!({}));
}

#[test]
fn kr8s_tells_of_its_access() {
    // It asks by a TokenReview.
    let asked = "tokenreviews.authentication.k8s.io is forbidden: User \"dev\" cannot create resource \"tokenreviews\" in \
                 API group \"authentication.k8s.io\" at the cluster scope";
    check_python(
        "kr8s_tells_of_its_access",
        "kr8s_story.py",
        &json!({"user": {"code": 403, "message": asked}}),
    );
}

#[test]
fn the_client_for_java_tells_of_its_access() {
    let program = |archives: &Path| {
        let arguments = vec!["-cp".into(), archives.join("*"), source("java/access/Access.java")];
        ("java".into(), arguments)
    };
    let test = "the_client_for_java_tells_of_its_access";
    check(test, Client::JavaKubernetes, program, &json!({}));
}

/// kubectl, told of by its words after `kubectl`.
#[track_caller]
fn check_kubectl(fixture: &Fixture, kubectl: impl Fn(&str) -> Command) {
    let run = |words: &str| Simulator::run_command(&mut kubectl(words));
    let refused = run("get configmaps").complaint();
    assert!(
        refused.starts_with("error: You must be logged in to the server ("),
        "{refused}"
    );
    assert_eq!(fixture.cause(), "identity-not-mapped");

    fixture.map();
    let whoami = run("auth whoami -o jsonpath={.status.userInfo.username}");
    assert_eq!(whoami.good(), "dev");
    assert_eq!(
        run("get configmaps").complaint(),
        format!("Error from server (Forbidden): {FORBIDDEN}")
    );
    assert_eq!(fixture.cause(), "no-binding");

    fixture.allow();
    let found = run("get configmaps -o name").good();
    assert_eq!(found, "configmap/kube-root-ca.crt\nconfigmap/settings\n");
    let watch =
        r#"get configmaps -w --output-watch-events -o jsonpath={.type}:{.object.metadata.name}:{.object.data.a}{"\n"}"#;
    let watch = Telling::start(&fixture.simulator, &mut kubectl(watch));
    // It begins with those that are there.
    assert_eq!(watch.line(), "ADDED:kube-root-ca.crt:");
    assert_eq!(watch.line(), "ADDED:settings:0");
    fixture.change();
    for line in ["ADDED:color:1", "MODIFIED:color:2", "DELETED:color:2"] {
        assert_eq!(watch.line(), line);
    }
}

/// A kubectl whose credentials come from the AWS CLI 2.
#[track_caller]
fn check_release(test: &str, kubectl: Client) {
    let Some(fixture) = Fixture::new(test, &[kubectl, Client::Aws2]) else {
        return;
    };
    let path = path_with(&fixture.found[1..]);
    check_kubectl(&fixture, |words| {
        let mut command = fixture.command(&fixture.found[0]);
        command.args(words.split(' ')).env("PATH", &path);
        command
    });
}

#[test]
fn the_newest_kubectl_tells_of_its_access() {
    check_release("the_newest_kubectl_tells_of_its_access", Client::KubectlNewest);
}

#[test]
fn the_oldest_kubectl_tells_of_its_access() {
    check_release("the_oldest_kubectl_tells_of_its_access", Client::KubectlOldest);
}

#[test]
fn kubectl_has_its_token_of_aws_iam_authenticator() {
    let test = "kubectl_has_its_token_of_aws_iam_authenticator";
    let Some(fixture) = Fixture::new(test, &[Client::IamAuthenticator]) else {
        return;
    };
    let kubeconfig = fixture.simulator.folder().join("kubeconfig");
    let text = fs::read_to_string(&fixture.simulator.env()["KUBECONFIG"]).unwrap();
    let (clusters, _) = text.split_once("\n    exec:\n").unwrap();
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": fixture.found[0],
        "args": ["token", "-i", "my-cluster"],
    });
    fs::write(&kubeconfig, format!("{clusters}\n    exec: {exec}\n")).unwrap();
    check_kubectl(&fixture, |words| {
        let mut command = fixture.command(&fixture.kubectl);
        command.args(words.split(' ')).env("KUBECONFIG", &kubeconfig);
        command
    });
}

#[test]
fn aws_vault_lends_kubectl_its_keys() {
    let Some(fixture) = Fixture::new("aws_vault_lends_kubectl_its_keys", &[Client::AwsVault]) else {
        return;
    };
    let vault = |words: &[&str]| {
        // It asks the real hosts, whatever the settings say.
        let mut command = fixture.simulator.command(&fixture.found[0]);
        command
            .args(words)
            .env("AWS_VAULT_BACKEND", "file")
            .env("AWS_VAULT_FILE_DIR", fixture.simulator.folder().join("vault"))
            .env("AWS_VAULT_FILE_PASSPHRASE", "open")
            .env("HTTPS_PROXY", fixture.simulator.ready("/proxy"))
            .env("SSL_CERT_FILE", fixture.simulator.ready("/ca_bundle"));
        command
    };
    let setting = |name: &str| {
        let ran = fixture
            .simulator
            .run(&fixture.aws, &format!("configure get {name}"), None);
        ran.good().trim().to_owned()
    };
    let mut add = vault(&["add", "--env", "default"]);
    add.env("AWS_ACCESS_KEY_ID", setting("aws_access_key_id"))
        .env("AWS_SECRET_ACCESS_KEY", setting("aws_secret_access_key"));
    assert_eq!(
        Simulator::run_command(&mut add).good(),
        "Added credentials to profile \"default\" in vault\n"
    );
    let kubectl = fixture.kubectl.display().to_string();
    check_kubectl(&fixture, |words| {
        let mut all = vec!["exec", "dev", "--", kubectl.as_str()];
        all.extend(words.split(' '));
        vault(&all)
    });
}

/// helm lists its releases, which are ConfigMaps here.
#[track_caller]
fn check_helm(test: &str, helm: Client, unreachable: &str) {
    let Some(fixture) = Fixture::new(test, &[helm]) else {
        return;
    };
    let list = || {
        let mut command = fixture.command(&fixture.found[0]);
        Simulator::run_command(command.arg("list").env("HELM_DRIVER", "configmap"))
    };
    assert_eq!(
        list().complaint(),
        format!("Error: {unreachable}: the server has asked for the client to provide credentials")
    );
    assert_eq!(fixture.cause(), "identity-not-mapped");
    fixture.map();
    assert_eq!(list().complaint(), format!("Error: {FORBIDDEN}"));
    assert_eq!(fixture.cause(), "no-binding");
    fixture.allow();
    let listed = list().good();
    assert!(listed.starts_with("NAME") && listed.lines().count() == 1, "{listed}");
}

#[test]
fn helm_3_tells_of_its_access() {
    let test = "helm_3_tells_of_its_access";
    check_helm(test, Client::Helm3, "Kubernetes cluster unreachable");
}

#[test]
fn helm_4_tells_of_its_access() {
    let test = "helm_4_tells_of_its_access";
    check_helm(test, Client::Helm4, "kubernetes cluster unreachable");
}

#[test]
fn terraform_tells_of_its_access() {
    let test = "terraform_tells_of_its_access";
    let Some(fixture) = Fixture::new(test, &[Client::Terraform, Client::TerraformProvider]) else {
        return;
    };
    let folder = fixture.simulator.folder();
    let settings = folder.join("terraform.rc");
    let provider = fixture.found[1].parent().unwrap().display();
    let overridden = format!("dev_overrides {{ \"hashicorp/kubernetes\" = \"{provider}\" }}");
    fs::write(&settings, format!("provider_installation {{ {overridden} }}")).unwrap();
    let terraform = |what: &str, command: &str, profile: &str| {
        let work = folder.join(what);
        // What it makes, and where it notes that, is beside what it reads.
        fs::create_dir_all(&work).unwrap();
        fs::copy(source("terraform").join(what).join("main.tf"), work.join("main.tf")).unwrap();
        let mut run = fixture.simulator.command(&fixture.found[0]);
        run.arg(source("terraform/terraform.py"))
            .arg(&work)
            .arg(command)
            .env("AWS_PROFILE", profile)
            .env("TF_CLI_CONFIG_FILE", &settings);
        Simulator::run_command(&mut run)
    };
    let failed = |ran: Ran| {
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        ran.stderr
    };
    let refused = failed(terraform("read", "apply", "dev"));
    assert!(refused.contains("Error: Unauthorized\n"), "{refused}");
    assert_eq!(fixture.cause(), "identity-not-mapped");
    fixture.map();
    let refused = failed(terraform("read", "apply", "dev"));
    let forbidden = FORBIDDEN
        .replace("configmaps is", "configmaps \"settings\" is")
        .replace("list", "get");
    assert!(refused.contains(&format!("Error: {forbidden}\n")), "{refused}");
    assert_eq!(fixture.cause(), "no-binding");
    fixture.allow();
    let read = terraform("read", "apply", "dev").good();
    assert!(read.contains("Apply complete!") && read.contains("a = \"0\""), "{read}");

    let made = terraform("job", "apply", "creator").good();
    assert!(made.contains("Apply complete! Resources: 1 added"), "{made}");
    let job = fixture.administer("get job once -o jsonpath={.spec.selector.matchLabels}");
    assert!(job.contains("batch.kubernetes.io/controller-uid"), "{job}");
    let gone = terraform("job", "destroy", "creator").good();
    assert!(gone.contains("Destroy complete! Resources: 1 destroyed."), "{gone}");
}

#[test]
fn ansible_tells_of_its_access() {
    let Some(fixture) = Fixture::new("ansible_tells_of_its_access", &[Client::Ansible]) else {
        return;
    };
    let venv = &fixture.found[0];
    let play = || {
        let mut python = OsString::from("ansible_python_interpreter=");
        python.push(venv.join("bin/python"));
        let mut command = fixture.command(venv.join("bin/ansible-playbook"));
        command
            .args(["-i", "localhost,", "-c", "local", "-e"])
            .arg(python)
            .arg(source("ansible/access.yaml"))
            .env("ANSIBLE_COLLECTIONS_PATH", venv)
            // The client's cache of what the server has is there.
            .env("TMPDIR", fixture.simulator.folder());
        Simulator::run_command(&mut command)
    };
    let failed = |ran: Ran| {
        assert_eq!(ran.code, Some(2), "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    let refused = failed(play());
    assert!(refused.contains("401\\nReason: Unauthorized\\n"), "{refused}");
    assert_eq!(fixture.cause(), "identity-not-mapped");
    fixture.map();
    let refused = failed(play());
    assert!(refused.contains("configmaps is forbidden: User"), "{refused}");
    assert_eq!(fixture.cause(), "no-binding");
    fixture.allow();
    let found = play().good();
    assert!(
        found.contains("\"kube-root-ca.crt\",\n        \"settings\"\n"),
        "{found}"
    );
}

#[test]
fn k9s_shows_its_access() {
    let Some(fixture) = Fixture::new("k9s_shows_its_access", &[Client::K9s, Client::Tmux]) else {
        return;
    };
    let open = || {
        Terminal::start(&fixture.found[1], |tmux, folder| {
            // It would ask its makers for newer releases.
            fs::write(folder.join("config.yaml"), "k9s: {skipLatestRevCheck: true}\n").unwrap();
            let command = fixture.command(&fixture.found[0]);
            for (name, value) in command.get_envs() {
                match value {
                    Some(value) => tmux.env(name, value),
                    None => tmux.env_remove(name),
                };
            }
            let words = "-c configmaps -n default --logFile \"$K9S_CONFIG_DIR/log\"; echo ended; read _";
            tmux.env("K9S_CONFIG_DIR", folder)
                .arg(format!("'{}' {words}", fixture.found[0].display()));
        })
    };
    let log = |terminal: &Terminal| fs::read_to_string(terminal.folder().join("log")).unwrap();
    // Without a connection it shows contexts, and its log why.
    let terminal = open();
    let screen = terminal.wait("contexts(all)[1]");
    assert!(screen.contains("K8s Rev: n/a"), "{screen}");
    let told = log(&terminal);
    assert!(
        told.contains("the server has asked for the client to provide credentials"),
        "{told}"
    );
    assert_eq!(fixture.cause(), "identity-not-mapped");

    fixture.map();
    // It asks by SelfSubjectAccessReviews, and lists nothing.
    let terminal = open();
    let screen = terminal.wait("contexts(all)[1]");
    assert!(screen.contains("K8s Rev: v1."), "{screen}");
    let told = log(&terminal);
    let denied = "(list) access denied for user on resource \\\"\\\":v1/configmaps in namespace \\\"default\\\"";
    assert!(told.contains(denied), "{told}");
    // A review that was answered is no denial; asking for the list itself is one.
    let refused = fixture.simulator.run(&fixture.kubectl, "get configmaps", Some("dev"));
    assert!(refused.complaint().ends_with(FORBIDDEN));
    assert_eq!(fixture.cause(), "no-binding");

    fixture.allow();
    let terminal = open();
    let screen = terminal.wait("configmaps(default)[2]");
    assert!(screen.contains(" settings "), "{screen}");
    let _ = fixture.administer("create configmap color --from-literal a=1");
    let _ = terminal.wait(" color ");
}
