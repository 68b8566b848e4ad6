//! kubectl: the article's commands, changes of ConfigMaps, and refusals.

use std::fs;
use std::path::Path;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

const CLIENTS: [Client; 2] = [Client::Aws, Client::Kubectl];

fn kubectl(simulator: &Simulator, clients: &[std::path::PathBuf], words: &str, profile: Option<&str>) -> Ran {
    simulator.run(&clients[1], words, profile)
}

/// A shell script that stands for a person at an editor; `script` is run with the file as `$1`.
fn editor(folder: &Path, script: &str) -> String {
    let path = folder.join("editor.sh");
    fs::write(&path, script).unwrap();
    format!("sh {}", path.display())
}

#[test]
fn the_articles_table_is_printed() {
    let Some(clients) = need("the_articles_table_is_printed", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    assert_eq!(
        kubectl(&simulator, &clients, "get svc", None).good(),
        "NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\n\
         kubernetes   ClusterIP   10.100.0.1   <none>        443/TCP   77d\n"
    );
    let described = kubectl(&simulator, &clients, "describe configmap aws-auth -n kube-system", None).good();
    for line in [
        "mapRoles:",
        "- rolearn: arn:aws:iam::111122223333:role/my-cluster-node-role",
        "mapUsers:",
        "- userarn: arn:aws:iam::111122223333:user/testuser",
    ] {
        assert!(described.lines().any(|found| found == line), "{line}: {described}");
    }
    // The article's slip, one dash before `namespace`, means the namespace `amespace`, as on AWS.
    assert_eq!(
        kubectl(
            &simulator,
            &clients,
            "edit configmap aws-auth -namespace kube-system",
            None
        )
        .complaint(),
        "Error from server (NotFound): namespaces \"amespace\" not found"
    );
    let pods = kubectl(&simulator, &clients, "get pods -A -o wide", None).good();
    assert_eq!(pods.lines().count(), 7, "{pods}");
    assert!(
        kubectl(&simulator, &clients, "get nodes", None)
            .good()
            .contains("Ready    <none>   77d   v1.32")
    );
}

#[test]
fn a_role_that_is_not_mapped_is_let_in_as_soon_as_it_is() {
    let Some(clients) = need("a_role_that_is_not_mapped_is_let_in_as_soon_as_it_is", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let whoami = || kubectl(&simulator, &clients, "auth whoami", Some("admin-test-role"));
    assert_eq!(
        whoami().complaint(),
        "error: You must be logged in to the server (Unauthorized)"
    );
    let denied = simulator.log().pop().unwrap();
    let (_, denied) = denied.split_once(' ').unwrap();
    let (before, after) = denied.split_once("client=\"127.0.0.1:").unwrap();
    let (port, after) = after.split_once('"').unwrap();
    assert!(port.parse::<u16>().is_ok(), "{port}");
    assert_eq!(
        (before, after),
        (
            "level=warning msg=\"access denied\" arn=\"arn:aws:iam::111122223333:role/admin-test-role\" ",
            " error=\"identity is not mapped\" method=POST path=/authenticate"
        )
    );
    let explained = simulator.own("explain --last").good();
    assert!(explained.contains("cause: identity-not-mapped"), "{explained}");

    let script = "printf '    - rolearn: arn:aws:iam::111122223333:role/admin-test-role\\n      username: testrole\\n      groups:\\n      - system:masters\\n' > \"$1.new\"\n\
                  sed -i \"/mapRoles: |/r $1.new\" \"$1\"\n";
    let mut command = simulator.command(&clients[1]);
    command
        .args(["edit", "configmap", "aws-auth", "-n", "kube-system"])
        .env("AWS_PROFILE", "creator")
        .env("EDITOR", editor(simulator.folder(), script));
    assert_eq!(
        Simulator::run_command(&mut command).good(),
        "configmap/aws-auth edited\n"
    );
    let whoami = whoami().good();
    assert!(
        whoami.contains("testrole") && whoami.contains("[system:masters system:authenticated]"),
        "{whoami}"
    );
    let log = simulator.log();
    assert!(
        log.iter()
            .any(|line| line.ends_with("level=info msg=\"Received aws-auth watch event\"")),
        "{log:?}"
    );
}

#[test]
fn config_maps_are_created_changed_and_deleted() {
    let Some(clients) = need("config_maps_are_created_changed_and_deleted", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| kubectl(&simulator, &clients, words, None);
    let manifest = simulator.folder().join("c1.yaml");
    let manifest_path = manifest.display().to_string();
    // Posted as protobuf.
    assert_eq!(
        run("create configmap c0 --from-literal=a=b").good(),
        "configmap/c0 created\n"
    );
    assert_eq!(
        run("create configmap c0 --from-literal=a=b").complaint(),
        "error: failed to create configmap: configmaps \"c0\" already exists"
    );
    fs::write(
        &manifest,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c1\ndata:\n  a: '1'\n",
    )
    .unwrap();
    assert_eq!(
        run(&format!("apply -f {manifest_path}")).good(),
        "configmap/c1 created\n"
    );
    assert_eq!(
        run(&format!("apply -f {manifest_path}")).good(),
        "configmap/c1 unchanged\n"
    );
    fs::write(
        &manifest,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c1\ndata:\n  b: '2'\n",
    )
    .unwrap();
    assert_eq!(
        run(&format!("apply -f {manifest_path}")).good(),
        "configmap/c1 configured\n"
    );
    let data = |name: &str| -> Value {
        serde_json::from_str(&run(&format!("get configmap {name} -o jsonpath={{.data}}")).good()).unwrap()
    };
    assert_eq!(data("c1"), serde_json::json!({"b": "2"}));
    for (kind, patch) in [
        ("strategic", r#"{"data":{"c":"3"}}"#),
        ("merge", r#"{"data":{"b":null}}"#),
        ("json", r#"[{"op":"add","path":"/data/d","value":"4"}]"#),
    ] {
        assert_eq!(
            run(&format!("patch configmap c1 --type {kind} -p {patch}")).good(),
            "configmap/c1 patched\n"
        );
    }
    assert_eq!(data("c1"), serde_json::json!({"c": "3", "d": "4"}));
    assert_eq!(run("label configmap c1 team=x").good(), "configmap/c1 labeled\n");
    assert_eq!(run("get configmaps -l team=x -o name").good(), "configmap/c1\n");
    assert_eq!(
        run("get configmaps --field-selector metadata.name=c0 -o name").good(),
        "configmap/c0\n"
    );
    assert_eq!(
        run("get configmaps --chunk-size=1 -o name").good(),
        "configmap/c0\nconfigmap/c1\nconfigmap/kube-root-ca.crt\n"
    );

    fs::write(
        &manifest,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c2\ndta:\n  a: '1'\n",
    )
    .unwrap();
    let refused = run(&format!("apply -f {manifest_path}")).complaint();
    assert!(
        refused.ends_with("strict decoding error: unknown field \"dta\""),
        "{refused}"
    );
    fs::write(
        &manifest,
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c2\ndata:\n  mapRoles:\n  - x\n",
    )
    .unwrap();
    let refused = run(&format!("create -f {manifest_path}")).complaint();
    assert!(
        refused.ends_with("json: cannot unmarshal array into Go struct field ConfigMap.data of type string"),
        "{refused}"
    );
    assert_eq!(run("delete configmap c1").good(), "configmap \"c1\" deleted\n");
    assert_eq!(
        run("get configmap c1").complaint(),
        "Error from server (NotFound): configmaps \"c1\" not found"
    );
}

#[test]
fn who_is_mapped_without_a_role_is_known_but_forbidden() {
    let Some(clients) = need("who_is_mapped_without_a_role_is_known_but_forbidden", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let patch = r#"{"data":{"mapUsers":"- {userarn: 'arn:aws:iam::111122223333:user/testuser', username: dev}"}}"#;
    let mut command = simulator.command(&clients[1]);
    command
        .args(["patch", "configmap", "aws-auth", "-n", "kube-system", "-p", patch])
        .env("AWS_PROFILE", "creator");
    assert_eq!(
        Simulator::run_command(&mut command).good(),
        "configmap/aws-auth patched\n"
    );
    assert_eq!(
        kubectl(&simulator, &clients, "get svc", None).complaint(),
        "Error from server (Forbidden): services is forbidden: User \"dev\" cannot list resource \"services\" in API group \"\" in the namespace \"default\""
    );
    let answer = kubectl(&simulator, &clients, "auth can-i list pods", None);
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(1), "no\n"));
    let answer = kubectl(
        &simulator,
        &clients,
        "auth can-i create selfsubjectreviews.authentication.k8s.io",
        None,
    );
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(0), "yes\n"));
    let rules = kubectl(&simulator, &clients, "auth can-i --list", None).good();
    assert!(
        rules.contains("selfsubjectaccessreviews.authorization.k8s.io"),
        "{rules}"
    );
}

#[test]
fn the_schema_of_a_config_map_is_explained() {
    let Some(clients) = need("the_schema_of_a_config_map_is_explained", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let explained = kubectl(&simulator, &clients, "explain configmap.data", None).good();
    assert!(explained.contains("FIELD: data <map[string]string>"), "{explained}");
    assert_eq!(
        kubectl(&simulator, &clients, "get foo", None).complaint(),
        "error: the server doesn't have a resource type \"foo\""
    );
    let version = kubectl(&simulator, &clients, "version", None).good();
    assert!(version.contains("Server Version: v1.32."), "{version}");
}
