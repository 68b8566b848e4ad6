//! kubectl's ways to change an object, and who owns its fields afterwards.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;

const CLIENTS: [Client; 2] = [Client::Aws, Client::Kubectl];

/// What kubectl prints of each manager.
const MANAGERS: &str = "jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{\"\\n\"}{end}";

struct Cluster {
    simulator: Simulator,
    kubectl: PathBuf,
}

impl Cluster {
    fn start(clients: &[PathBuf]) -> Self {
        Self {
            simulator: Simulator::start(),
            kubectl: clients[1].clone(),
        }
    }

    fn run(&self, words: &[&str]) -> Ran {
        Simulator::run_command(self.simulator.command(&self.kubectl).args(words))
    }

    fn words(&self, words: &str) -> Ran {
        self.run(&words.split(' ').collect::<Vec<_>>())
    }

    fn manifest(&self, data: &str) -> String {
        let path = self.simulator.folder().join("c1.yaml");
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c1\ndata: {data}\n");
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// By name: the API server lists them by operation and time.
    fn managers(&self) -> Vec<String> {
        let shown = self.run(&["get", "configmap", "c1", "--show-managed-fields", "-o", MANAGERS]);
        let mut lines: Vec<String> = shown.good().lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    }
}

#[test]
fn a_server_side_apply_conflicts_until_it_is_forced() {
    let Some(clients) = need("a_server_side_apply_conflicts_until_it_is_forced", &CLIENTS) else {
        return;
    };
    let cluster = Cluster::start(&clients);
    let manifest = cluster.manifest("{a: '1', b: '1'}");
    let apply = |options: &str| cluster.words(&format!("apply -f {manifest}{options}"));
    assert_eq!(apply("").good(), "configmap/c1 created\n");
    assert_eq!(apply("").good(), "configmap/c1 unchanged\n");
    assert_eq!(
        cluster.managers(),
        [
            r#"kubectl-client-side-apply Update {"f:data":{".":{},"f:a":{},"f:b":{}},"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}}}}"#
        ]
    );
    assert_eq!(
        cluster.words("apply view-last-applied configmap c1 -o json").good(),
        "{\n  \"apiVersion\": \"v1\",\n  \"data\": {\n    \"a\": \"1\",\n    \"b\": \"1\"\n  },\n  \"kind\": \"ConfigMap\",\n  \"metadata\": {\n    \"annotations\": {},\n    \"name\": \"c1\",\n    \"namespace\": \"default\"\n  }\n}\n"
    );
    let shown = cluster.words("get configmap c1 -o yaml").good();
    assert!(!shown.contains("managedFields"), "{shown}");

    cluster.manifest("{a: '2', b: '1'}");
    let refused = apply(" --server-side --field-manager=alice");
    let complaint =
        "error: Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using v1: .data.a\n";
    assert!(refused.stderr.starts_with(complaint), "{}", refused.stderr);
    assert_eq!(refused.code, Some(1));
    let forced = apply(" --server-side --field-manager=alice --force-conflicts");
    assert_eq!(forced.good(), "configmap/c1 serverside-applied\n");
    assert_eq!(cluster.words("get configmap c1 -o jsonpath={.data.a}").good(), "2");
    cluster.manifest("{a: '2'}");
    assert_eq!(
        apply(" --server-side --field-manager=alice").good(),
        "configmap/c1 serverside-applied\n"
    );
    assert_eq!(
        cluster.words("get configmap c1 -o jsonpath={.data}").good(),
        "{\"a\":\"2\"}"
    );
    assert_eq!(
        apply(" --server-side --field-manager=").complaint(),
        "The PatchOptions \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
    cluster.manifest("{a: 2}");
    assert_eq!(
        apply(" --server-side").complaint(),
        "Error from server: failed to create typed patch object (default/c1; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:2}"
    );
}

#[test]
fn a_client_side_apply_becomes_a_server_side_one() {
    let Some(clients) = need("a_client_side_apply_becomes_a_server_side_one", &CLIENTS) else {
        return;
    };
    let cluster = Cluster::start(&clients);
    let manifest = cluster.manifest("{a: '1', b: '1'}");
    let apply = |options: &str| cluster.words(&format!("apply -f {manifest}{options}")).good();
    assert_eq!(apply(""), "configmap/c1 created\n");
    cluster.manifest("{a: '2'}");
    assert_eq!(apply(" --server-side"), "configmap/c1 serverside-applied\n");
    // kubectl hands over what it owned, so that what it no longer applies goes.
    assert_eq!(
        cluster.words("get configmap c1 -o jsonpath={.data}").good(),
        "{\"a\":\"2\"}"
    );
    assert_eq!(
        cluster.managers(),
        [
            r#"kubectl Apply {"f:data":{"f:a":{}}}"#,
            r#"kubectl-last-applied Apply {"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/last-applied-configuration":{}}}}"#,
        ]
    );
    // The annotation of a server-side apply lacks the empty annotations that kubectl writes into its own.
    assert_eq!(apply(""), "configmap/c1 configured\n");
    assert_eq!(apply(""), "configmap/c1 unchanged\n");
}

#[test]
fn each_command_owns_what_it_changes() {
    let Some(clients) = need("each_command_owns_what_it_changes", &CLIENTS) else {
        return;
    };
    let cluster = Cluster::start(&clients);
    let manifest = cluster.manifest("{a: '1'}");
    let created = cluster.words(&format!("create -f {manifest}"));
    assert_eq!(created.good(), "configmap/c1 created\n");
    assert_eq!(
        cluster.words("label configmap c1 team=x").good(),
        "configmap/c1 labeled\n"
    );
    assert_eq!(
        cluster.words("annotate configmap c1 note=y").good(),
        "configmap/c1 annotated\n"
    );
    for (kind, patch) in [
        ("strategic", r#"{"data":{"b":"2","c":"3"}}"#),
        ("merge", r#"{"data":{"b":null}}"#),
        ("json", r#"[{"op":"add","path":"/data/d","value":"4"}]"#),
    ] {
        let patched = cluster.run(&["patch", "configmap", "c1", "--type", kind, "-p", patch]);
        assert_eq!(patched.good(), "configmap/c1 patched\n");
    }
    let nothing = cluster.run(&[
        "patch",
        "configmap",
        "c1",
        "--type",
        "merge",
        "-p",
        r#"{"data":{"d":"4"}}"#,
    ]);
    assert_eq!(nothing.good(), "configmap/c1 patched (no change)\n");
    let failed = r#"[{"op":"test","path":"/data/a","value":"9"}]"#;
    assert_eq!(
        cluster
            .run(&["patch", "configmap", "c1", "--type", "json", "-p", failed])
            .complaint(),
        "The request is invalid: the server rejected our request due to an error in our request"
    );
    let editor = cluster.simulator.folder().join("editor.sh");
    fs::write(
        &editor,
        "sed -e 's/c: \"3\"/c: \"5\"/' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n",
    )
    .unwrap();
    let mut edit = cluster.simulator.command(&cluster.kubectl);
    edit.args(["edit", "configmap", "c1"])
        .env("EDITOR", format!("sh {}", editor.display()));
    assert_eq!(Simulator::run_command(&mut edit).good(), "configmap/c1 edited\n");
    assert_eq!(
        cluster.managers(),
        [
            r#"kubectl-annotate Update {"f:metadata":{"f:annotations":{".":{},"f:note":{}}}}"#,
            r#"kubectl-create Update {"f:data":{".":{},"f:a":{}}}"#,
            r#"kubectl-edit Update {"f:data":{"f:c":{}}}"#,
            r#"kubectl-label Update {"f:metadata":{"f:labels":{".":{},"f:team":{}}}}"#,
            r#"kubectl-patch Update {"f:data":{"f:d":{}}}"#,
        ]
    );

    let diff = cluster.words(&format!("diff -f {manifest} --server-side"));
    assert_eq!((diff.code, diff.stdout.as_str()), (Some(0), ""));
    cluster.manifest("{a: '1', e: '6'}");
    let diff = cluster.words(&format!("diff -f {manifest} --server-side"));
    let changed: Vec<&str> = diff
        .stdout
        .lines()
        .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("---") && !line.starts_with("+++"))
        .collect();
    assert_eq!((diff.code, &changed[..]), (Some(1), &["+  e: \"6\""][..]));
    assert_eq!(
        cluster.words(&format!("replace -f {manifest}")).good(),
        "configmap/c1 replaced\n"
    );
    let data = cluster.words("get configmap c1 -o jsonpath={.data}").good();
    assert_eq!(data, "{\"a\":\"1\",\"e\":\"6\"}");
    assert_eq!(
        cluster.managers(),
        [
            r#"kubectl-create Update {"f:data":{".":{},"f:a":{}}}"#,
            r#"kubectl-replace Update {"f:data":{"f:e":{}}}"#,
        ]
    );
}
