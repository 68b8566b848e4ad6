//! kubectl on who may do what: impersonation, `auth`, escalation, client certificates, anonymous requests, audit.
//!
//! What is expected of RBAC and of impersonation was printed by kubectl 1.32 against kube-apiserver 1.32.13.

use std::fs;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

use crate::abuse;

const CLIENTS: [Client; 2] = [Client::Aws, Client::Kubectl];

struct Kubectl<'a> {
    simulator: &'a Simulator,
    program: &'a std::path::Path,
}

impl Kubectl<'_> {
    fn run(&self, words: &str) -> Ran {
        self.simulator.run(self.program, words, None)
    }

    /// What must go well, whatever it prints.
    #[track_caller]
    fn does(&self, words: &str) {
        let _ = self.run(words).good();
    }

    /// With a kubeconfig of its own.
    fn run_with(&self, kubeconfig: &std::path::Path, words: &str) -> Ran {
        let mut command = self.simulator.command(self.program);
        command.env("KUBECONFIG", kubeconfig).args(words.split(' '));
        Simulator::run_command(&mut command)
    }

    #[track_caller]
    fn answers(&self, words: &str, code: i32, stdout: &str) {
        let ran = self.run(words);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(code), stdout),
            "{words}: {}",
            ran.stderr
        );
    }

    #[track_caller]
    fn complains(&self, words: &str, complaint: &str) {
        let ran = self.run(words);
        assert_eq!((ran.code, ran.stderr.trim_end()), (Some(1), complaint), "{words}");
    }
}

#[test]
fn who_acts_as_somebody_else_has_that_ones_rights() {
    let Some(clients) = need("who_acts_as_somebody_else_has_that_ones_rights", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let kubectl = Kubectl {
        simulator: &simulator,
        program: &clients[1],
    };
    kubectl.complains(
        "get pods --as jane",
        "Error from server (Forbidden): pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"",
    );
    let explained = simulator.own("explain --last").good();
    assert!(
        explained.contains("acts as jane in the groups [system:authenticated]"),
        "{explained}"
    );
    kubectl.does("create rolebinding jane-view --clusterrole=view --user=jane");
    for (words, code, answer) in [
        ("list pods", 0, "yes\n"),
        ("delete pods", 1, "no\n"),
        ("get pods --subresource=log", 0, "yes\n"),
        ("get pods --subresource=exec", 1, "no\n"),
        ("get secrets/a", 1, "no\n"),
        ("list nodes", 1, "no\n"),
        ("list pods -n kube-system", 1, "no\n"),
        ("get /healthz", 0, "yes\n"),
        ("get /metrics", 1, "no\n"),
    ] {
        kubectl.answers(&format!("auth can-i {words} --as jane"), code, answer);
    }
    kubectl.does("get pods --as jane");
    let explained = simulator.own("explain --last").good();
    let allowed = "allowed: list pods in default: RBAC: allowed by RoleBinding \"jane-view/default\" of ClusterRole \"view\" to User \"jane\"";
    assert!(explained.contains(allowed), "{explained}");
    kubectl.answers(
        "auth whoami --as jane --as-group devs --as-uid 7",
        0,
        "ATTRIBUTE   VALUE\nUsername    jane\nUID         7\nGroups      [devs system:authenticated]\n",
    );
    kubectl.answers(
        "auth whoami --as system:serviceaccount:default:default -o jsonpath={.status.userInfo.groups}",
        0,
        r#"["system:serviceaccounts","system:serviceaccounts:default","system:authenticated"]"#,
    );
    kubectl.does("create clusterrolebinding edit --clusterrole=edit --user=ed");
    // Whoever edits may act as a service account, and as nobody else.
    let folder = simulator.folder().join("ed");
    let made = simulator.own(&format!("ctl client-certificate --user ed -o {}", folder.display()));
    let _ = made.good();
    let as_ed = |words: &str| kubectl.run_with(&folder.join("client.kubeconfig"), words);
    let whoami = as_ed("auth whoami -o jsonpath={.status.userInfo.username}").good();
    assert_eq!(whoami, "ed");
    let whoami = "auth whoami -o jsonpath={.status.userInfo.username} --as system:serviceaccount:default:default";
    assert_eq!(as_ed(whoami).good(), "system:serviceaccount:default:default");
    assert_eq!(
        as_ed("get pods --as jane").complaint(),
        "Error from server (Forbidden): users \"jane\" is forbidden: User \"ed\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
    );

    let audit: Vec<Value> = simulator
        .own("ctl events --audit")
        .good()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let acted = audit
        .iter()
        .find(|event| event["impersonatedUser"]["username"] == "jane" && event["objectRef"]["resource"] == "pods")
        .unwrap();
    assert_eq!(acted["annotations"]["authorization.k8s.io/decision"], "forbid");
    assert_eq!(acted["stage"], "ResponseComplete");
    assert_eq!(acted["responseStatus"]["code"], 403);
}

#[test]
fn nobody_grants_what_it_does_not_hold() {
    let Some(clients) = need("nobody_grants_what_it_does_not_hold", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let kubectl = Kubectl {
        simulator: &simulator,
        program: &clients[1],
    };
    kubectl.does("create rolebinding joe-admin --clusterrole=admin --user=joe");
    const NOT_HELD: &str = "user \"joe\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n";
    kubectl.complains(
        "create role r --verb=get,list --resource=nodes --as joe",
        &format!(
            "Error from server (Forbidden): roles.rbac.authorization.k8s.io \"r\" is forbidden: {NOT_HELD}{{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\"]}}"
        ),
    );
    kubectl.answers(
        "create role r --verb=get --resource=pods --as joe",
        0,
        "role.rbac.authorization.k8s.io/r created\n",
    );
    kubectl.complains(
        "create rolebinding b --clusterrole=cluster-admin --user=x --as joe",
        &format!(
            "error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: {NOT_HELD}{{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}}\n{{NonResourceURLs:[\"*\"], Verbs:[\"*\"]}}"
        ),
    );
    kubectl.complains(
        "create rolebinding b --clusterrole=gone --user=x --as joe",
        "error: failed to create rolebinding: rolebindings.rbac.authorization.k8s.io \"gone\" not found",
    );
    kubectl.answers(
        "create rolebinding b --clusterrole=view --user=x --as joe",
        0,
        "rolebinding.rbac.authorization.k8s.io/b created\n",
    );
    // A binding works at once.
    kubectl.answers("auth can-i get pods --as x", 0, "yes\n");
    kubectl.complains(
        r#"patch role r --type json -p [{"op":"add","path":"/rules/0/verbs/-","value":"escalate"}] --as joe"#,
        &format!(
            "Error from server (Forbidden): roles.rbac.authorization.k8s.io \"r\" is forbidden: {NOT_HELD}{{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"escalate\"]}}"
        ),
    );
    kubectl.answers(
        "annotate role r a=b --as joe",
        0,
        "role.rbac.authorization.k8s.io/r annotated\n",
    );
    // What a labelled role adds is written into the role that aggregates it.
    let manifest = simulator.folder().join("crontabs.yaml");
    fs::write(
        &manifest,
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: crontabs\n  labels: {rbac.authorization.k8s.io/aggregate-to-view: 'true'}\nrules:\n- {apiGroups: [stable.example.com], resources: [crontabs], verbs: [get]}\n",
    )
    .unwrap();
    kubectl.does(&format!("apply -f {}", manifest.display()));
    let admin = kubectl.run("get clusterrole admin -o yaml").good();
    assert!(admin.contains("- crontabs") && admin.contains("- secrets"), "{admin}");
}

#[test]
fn roles_are_reconciled() {
    let Some(clients) = need("roles_are_reconciled", &CLIENTS) else {
        return;
    };
    let simulator = Simulator::start();
    let kubectl = Kubectl {
        simulator: &simulator,
        program: &clients[1],
    };
    let manifest = simulator.folder().join("team.yaml");
    let write = |verb: &str| {
        let text = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: team, namespace: default}}\nrules:\n- {{apiGroups: [''], resources: [pods], verbs: [{verb}]}}\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: team, namespace: default}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: team}}\nsubjects:\n- {{apiGroup: rbac.authorization.k8s.io, kind: Group, name: team}}\n"
        );
        fs::write(&manifest, text).unwrap();
    };
    let reconcile = format!("auth reconcile -f {}", manifest.display());
    write("get");
    let reconciles = |words: &str, stdout: &str, stderr: &str| {
        let ran = kubectl.run(words);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (stdout, stderr), "{words}");
    };
    const BOTH: &str =
        "role.rbac.authorization.k8s.io/team reconciled\nrolebinding.rbac.authorization.k8s.io/team reconciled\n";
    let rule = |verb: &str| {
        format!("\t\t{{Verbs:[{verb}] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}}\n")
    };
    let created = format!(
        "\treconciliation required create\n\tmissing rules added:\n{}\treconciliation required create\n\tmissing subjects added:\n\t\t{{Kind:Group APIGroup:rbac.authorization.k8s.io Name:team Namespace:}}\n",
        rule("get")
    );
    reconciles(&reconcile, BOTH, &created);
    write("list");
    let updated = format!(
        "\treconciliation required update\n\tmissing rules added:\n{}",
        rule("list")
    );
    reconciles(&reconcile, BOTH, &updated);
    let narrowed = format!(
        "\treconciliation required update\n\textra rules removed:\n{}",
        rule("get")
    );
    reconciles(&format!("{reconcile} --remove-extra-permissions"), BOTH, &narrowed);
}

#[test]
fn a_certificate_holds_by_the_worlds_clock_and_nobody_sees_the_health_only() {
    let Some(clients) = need(
        "a_certificate_holds_by_the_worlds_clock_and_nobody_sees_the_health_only",
        &CLIENTS,
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let kubectl = Kubectl {
        simulator: &simulator,
        program: &clients[1],
    };
    let folder = simulator.folder().join("jane");
    let _ = simulator
        .own(&format!(
            "ctl client-certificate --user jane --group devs --group ops --duration 1h -o {}",
            folder.display()
        ))
        .good();
    let kubeconfig = folder.join("client.kubeconfig");
    let whoami = kubectl.run_with(&kubeconfig, "auth whoami").good();
    for line in [
        "Username    ",
        "jane",
        "[devs ops system:authenticated]",
        "[X509SHA256=",
    ] {
        assert!(whoami.contains(line), "{line}: {whoami}");
    }
    let _ = simulator.own("ctl clock advance 2h").good();
    assert_eq!(
        kubectl.run_with(&kubeconfig, "auth whoami").complaint(),
        "error: You must be logged in to the server (Unauthorized)"
    );

    // kubectl asks for a name where a kubeconfig has no credentials, so that nobody is played by hand.
    for (path, wanted) in [
        ("/livez?verbose", "HTTP/1.1 200 OK"),
        ("/readyz", "HTTP/1.1 200 OK"),
        ("/livez/ping", "HTTP/1.1 401 Unauthorized"),
        ("/version", "HTTP/1.1 401 Unauthorized"),
        ("/api/v1/pods", "HTTP/1.1 401 Unauthorized"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").into_bytes();
        let status = abuse::status(&mut *abuse::open(&simulator, true), [request].into_iter());
        assert_eq!(status, wanted, "{path}");
    }
}
