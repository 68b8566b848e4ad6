//! helm, with a chart of ours. The texts are those that helm 3.20 printed before a real kube-apiserver 1.32.13.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::helm;
use client_tests::need;
use client_tests::source;

struct Cluster {
    simulator: Simulator,
    helm: PathBuf,
    kubectl: PathBuf,
}

impl Cluster {
    fn start(test: &str) -> Option<Self> {
        // The kubeconfig's credentials come from the AWS CLI.
        let (Some(helm), Some(clients)) = (helm(test), need(test, &[Client::Kubectl, Client::Aws])) else {
            return None;
        };
        Some(Self {
            simulator: Simulator::start(),
            helm,
            kubectl: clients[0].clone(),
        })
    }

    /// Runs helm as the cluster's administrator; `CHART` stands for the chart.
    fn helm(&self, words: &str) -> Ran {
        let chart = source("helm/access").display().to_string();
        self.simulator
            .run(&self.helm, &words.replace("CHART", &chart), Some("creator"))
    }

    fn kubectl(&self, words: &str) -> Ran {
        self.simulator.run(&self.kubectl, words, Some("creator"))
    }

    fn color(&self) -> String {
        self.kubectl("get configmap web-settings -o jsonpath={.data.color}")
            .good()
    }

    /// The revision, the status and the description of each revision.
    fn history(&self) -> Vec<[String; 3]> {
        let history = self.helm("history web -o json").good();
        let history: serde_json::Value = serde_json::from_str(&history).unwrap();
        let of = |revision: &serde_json::Value| {
            ["revision", "status", "description"].map(|field| revision[field].to_string().replace('"', ""))
        };
        history.as_array().unwrap().iter().map(of).collect()
    }
}

/// The lines that begin otherwise than with the time of the deployment.
fn without_time(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("LAST DEPLOYED: "));
    lines.map(|line| format!("{line}\n")).collect()
}

fn deployed(revision: u32, color: &str) -> String {
    format!(
        "NAME: web\nNAMESPACE: default\nSTATUS: deployed\nREVISION: {revision}\nTEST SUITE: None\nNOTES:\nweb is {color}.\n"
    )
}

#[test]
fn a_release_goes_through_its_life() {
    let Some(cluster) = Cluster::start("a_release_goes_through_its_life") else {
        return;
    };
    assert_eq!(
        without_time(&cluster.helm("install web CHART").good()),
        deployed(1, "blue")
    );
    let listed = cluster.helm("list").good();
    let words: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((words[0], words[1], words[2]), ("web", "default", "1"), "{listed}");
    assert!(listed.contains("deployed\taccess-0.1.0\t1"), "{listed}");
    assert_eq!(without_time(&cluster.helm("status web").good()), deployed(1, "blue"));
    let kinds = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix("kind: "));
        lines.map(str::to_owned).collect()
    };
    let manifest = cluster.helm("get manifest web").good();
    let wanted = [
        "ServiceAccount",
        "Secret",
        "ConfigMap",
        "Role",
        "RoleBinding",
        "Service",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Color",
    ];
    assert_eq!(kinds(&manifest), wanted);
    assert_eq!(kinds(&cluster.helm("get hooks web").good()), ["ConfigMap"]);
    // The hook ran: it stands outside of the release.
    assert_eq!(
        cluster
            .kubectl("get configmap web-installed -o jsonpath={.data.revision}")
            .good(),
        "1"
    );
    let reader = "auth can-i list configmaps --as system:serviceaccount:default:web";
    assert_eq!(cluster.kubectl(reader).good(), "yes\n");

    let upgraded = cluster.helm("upgrade web CHART --set color=green,replicas=2").good();
    let wanted = format!(
        "Release \"web\" has been upgraded. Happy Helming!\n{}",
        deployed(2, "green")
    );
    assert_eq!(without_time(&upgraded), wanted);
    assert_eq!(cluster.color(), "green");
    assert_eq!(
        cluster
            .kubectl("get deployment web -o jsonpath={.spec.replicas}")
            .good(),
        "2"
    );
    assert_eq!(
        cluster.helm("get values web").good(),
        "USER-SUPPLIED VALUES:\ncolor: green\nreplicas: 2\n"
    );
    assert_eq!(
        cluster.helm("rollback web 1").good(),
        "Rollback was a success! Happy Helming!\n"
    );
    assert_eq!(cluster.color(), "blue");
    assert_eq!(
        cluster.history(),
        [
            ["1", "superseded", "Install complete"],
            ["2", "superseded", "Upgrade complete"],
            ["3", "deployed", "Rollback to 1"],
        ]
    );
    let releases = cluster.kubectl("get secrets -l owner=helm -o name").good();
    assert_eq!(
        releases,
        "secret/sh.helm.release.v1.web.v1\nsecret/sh.helm.release.v1.web.v2\nsecret/sh.helm.release.v1.web.v3\n"
    );

    assert_eq!(cluster.helm("uninstall web").good(), "release \"web\" uninstalled\n");
    assert_eq!(cluster.helm("status web").complaint(), "Error: release: not found");
    let left = cluster
        .kubectl("get deployment,hpa,service,secret,role,rolebinding,color -o name")
        .good();
    assert_eq!(left, "service/kubernetes\n");
    // Neither hooks nor definitions go with the release.
    let left = cluster
        .kubectl("get configmap/web-installed crd/colors.example.com -o name")
        .good();
    assert_eq!(
        left,
        "configmap/web-installed\ncustomresourcedefinition.apiextensions.k8s.io/colors.example.com\n"
    );
}

#[test]
fn what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes() {
    let Some(cluster) = Cluster::start("what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes") else {
        return;
    };
    let complaint = |words: &str| cluster.helm(words).complaint();
    assert_eq!(
        complaint("upgrade nosuch CHART"),
        "Error: UPGRADE FAILED: \"nosuch\" has no deployed releases"
    );
    assert_eq!(
        complaint("uninstall nosuch"),
        "Error: uninstall: Release not loaded: nosuch: release: not found"
    );
    assert_eq!(
        complaint("install web CHART -n nosuch"),
        "Error: INSTALLATION FAILED: create: failed to create: namespaces \"nosuch\" not found"
    );
    let tried = cluster.helm("install web CHART --dry-run=server").good();
    assert!(tried.contains("STATUS: pending-install"), "{tried}");
    // No kubelet makes the Deployment's pods ready.
    assert_eq!(
        complaint("install web CHART --wait --timeout 3s"),
        "Error: INSTALLATION FAILED: context deadline exceeded"
    );
    assert_eq!(
        complaint("install web CHART"),
        "Error: INSTALLATION FAILED: cannot re-use a name that is still in use"
    );
    let made = cluster.helm("install web CHART -n made --create-namespace").good();
    assert!(made.contains("NAMESPACE: made\nSTATUS: deployed\n"), "{made}");
}

#[test]
fn a_template_is_applied_by_kubectl() {
    let Some(cluster) = Cluster::start("a_template_is_applied_by_kubectl") else {
        return;
    };
    let rendered = cluster.helm("template other CHART --include-crds").good();
    let file = cluster.simulator.folder().join("rendered.yaml");
    fs::write(&file, rendered).unwrap();
    // kubectl asks once what kinds there are, so that the definition goes first.
    let definition = source("helm/access/crds/colors.yaml");
    let _ = cluster.kubectl(&format!("apply -f {}", definition.display())).good();
    let apply = format!("apply -f {}", file.display());
    assert_eq!(
        cluster.kubectl(&apply).good(),
        "customresourcedefinition.apiextensions.k8s.io/colors.example.com unchanged\n\
         serviceaccount/other created\n\
         secret/other-password created\n\
         configmap/other-settings created\n\
         role.rbac.authorization.k8s.io/other-reader created\n\
         rolebinding.rbac.authorization.k8s.io/other-reader created\n\
         service/other created\n\
         deployment.apps/other created\n\
         horizontalpodautoscaler.autoscaling/other created\n\
         color.example.com/other created\n\
         configmap/other-installed created\n"
    );
    let again = cluster.kubectl(&apply).good();
    // What kubectl applied last has stringData, which no Secret shows: it always finds something to write.
    let written: Vec<&str> = again.lines().filter(|line| !line.ends_with(" unchanged")).collect();
    assert_eq!(written, ["secret/other-password configured"]);
}

#[test]
fn a_user_may_install_what_its_roles_allow() {
    let Some(cluster) = Cluster::start("a_user_may_install_what_its_roles_allow") else {
        return;
    };
    let kubectl = |words: &str| cluster.kubectl(words).good();
    let jane = |words: &str| cluster.helm(&format!("{words} -n team --kube-as-user jane"));
    let _ = kubectl("create namespace team");
    let definition = "customresourcedefinitions.apiextensions.k8s.io is forbidden: User \"jane\" cannot create resource \
                      \"customresourcedefinitions\" in API group \"apiextensions.k8s.io\" at the cluster scope";
    assert_eq!(
        jane("install web CHART").stderr,
        format!(
            "Error: INSTALLATION FAILED: failed to install CRD crds/colors.yaml: 1 error occurred:\n\t* {definition}\n\n\n"
        )
    );
    assert_eq!(
        jane("list").complaint(),
        "Error: list: failed to list: secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" \
         in the namespace \"team\""
    );
    let file = source("helm/access/crds/colors.yaml");
    let _ = kubectl(&format!("create -f {}", file.display()));
    let install = "install web CHART --skip-crds";
    let looked_up = |what: &str, resource: &str, group: &str| {
        let name = what.split_once(' ').map(|(_, name)| name).unwrap_or_default();
        format!(
            "Error: INSTALLATION FAILED: Unable to continue with install: could not get information about the resource \
             {what} in namespace \"team\": {resource}.{group} {name} is forbidden: User \"jane\" cannot get resource \
             \"{resource}\" in API group \"{group}\" in the namespace \"team\""
        )
    };
    let bind = |role: &str| {
        let _ = kubectl(&format!(
            "create rolebinding jane-{role} --clusterrole {role} --user jane -n team"
        ));
    };
    bind("edit");
    assert_eq!(
        jane(install).complaint(),
        looked_up("Role \"web-reader\"", "roles", "rbac.authorization.k8s.io")
    );
    bind("admin");
    assert_eq!(
        jane(install).complaint(),
        looked_up("Color \"web\"", "colors", "example.com")
    );
    let _ = kubectl("create role colors -n team --verb * --resource colors.example.com");
    let _ = kubectl("create rolebinding jane-colors --role colors --user jane -n team");
    let installed = jane(install).good();
    assert!(installed.contains("NAMESPACE: team\nSTATUS: deployed\n"), "{installed}");
    assert_eq!(jane("uninstall web").good(), "release \"web\" uninstalled\n");
}
