//! helm, with a chart of ours. The texts are those that helm 3.20 printed before a real kube-apiserver 1.32.13.

use std::fs;
use std::path::PathBuf;

use client_tests::Client;
use client_tests::Ran;
use client_tests::Simulator;
use client_tests::need;
use client_tests::source;

struct Cluster {
    simulator: Simulator,
    release: Client,
    helm: PathBuf,
    kubectl: PathBuf,
}

impl Cluster {
    fn start(test: &str, helm: Client) -> Option<Self> {
        // The kubeconfig's credentials come from the AWS CLI.
        let clients = need(test, &[helm, Client::Kubectl, Client::Aws])?;
        Some(Self {
            simulator: Simulator::start(),
            release: helm,
            helm: clients[0].clone(),
            kubectl: clients[1].clone(),
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

    /// What helm 3 says, or what helm 4 says.
    fn words<'a>(&self, three: &'a str, four: &'a str) -> &'a str {
        match self.release {
            Client::Helm4 => four,
            _ => three,
        }
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

/// The lines that begin otherwise than with the time of the deployment, or with helm 4's description of it.
fn without_time(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("LAST DEPLOYED: ") && !line.starts_with("DESCRIPTION: "));
    lines.map(|line| format!("{line}\n")).collect()
}

fn deployed(revision: u32, color: &str) -> String {
    format!(
        "NAME: web\nNAMESPACE: default\nSTATUS: deployed\nREVISION: {revision}\nTEST SUITE: None\nNOTES:\nweb is {color}.\n"
    )
}

fn a_release_goes_through_its_life(cluster: &Cluster) {
    assert_eq!(
        without_time(&cluster.helm("install web CHART").good()),
        deployed(1, "blue")
    );
    let listed = cluster.helm("list").good();
    let words: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((words[0], words[1], words[2]), ("web", "default", "1"), "{listed}");
    assert!(listed.contains("deployed\taccess-0.1.0\t1"), "{listed}");
    let status = without_time(&cluster.helm("status web").good());
    // helm 4 tells the state of each resource as well.
    let (head, rest) = status.split_once("RESOURCES:\n").unwrap_or((&status, ""));
    let notes = rest.find("TEST SUITE: ").map_or("", |at| &rest[at..]);
    assert_eq!(format!("{head}{notes}"), deployed(1, "blue"));
    assert_eq!(
        rest.contains("==> v1/Deployment\n"),
        cluster.release == Client::Helm4,
        "{rest}"
    );
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

fn what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes(cluster: &Cluster) {
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
        cluster.words(
            "Error: INSTALLATION FAILED: context deadline exceeded",
            "context deadline exceeded"
        )
    );
    assert_eq!(
        complaint("install web CHART"),
        cluster.words(
            "Error: INSTALLATION FAILED: cannot re-use a name that is still in use",
            "Error: INSTALLATION FAILED: release name check failed: cannot reuse a name that is still in use"
        )
    );
    let made = cluster.helm("install web CHART -n made --create-namespace").good();
    assert!(made.contains("NAMESPACE: made\nSTATUS: deployed\n"), "{made}");
}

fn a_template_is_applied_by_kubectl(cluster: &Cluster) {
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

fn a_user_may_install_what_its_roles_allow(cluster: &Cluster) {
    let kubectl = |words: &str| cluster.kubectl(words).good();
    let jane = |words: &str| cluster.helm(&format!("{words} -n team --kube-as-user jane"));
    let _ = kubectl("create namespace team");
    let definitions = "customresourcedefinitions.apiextensions.k8s.io";
    let may_not = |verb: &str| {
        format!(
            "is forbidden: User \"jane\" cannot {verb} resource \"customresourcedefinitions\" in API group \
             \"apiextensions.k8s.io\" at the cluster scope"
        )
    };
    // helm 4 applies on the server's side.
    let refused = match cluster.release {
        Client::Helm4 => format!(
            "server-side apply failed for object /colors.example.com apiextensions.k8s.io/v1, \
             Kind=CustomResourceDefinition: {definitions} \"colors.example.com\" {}\n",
            may_not("patch")
        ),
        _ => format!("1 error occurred:\n\t* {definitions} {}\n\n\n", may_not("create")),
    };
    assert_eq!(
        jane("install web CHART").stderr,
        format!("Error: INSTALLATION FAILED: failed to install CRD crds/colors.yaml: {refused}")
    );
    assert_eq!(
        jane("list").complaint(),
        "Error: list: failed to list: secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" \
         in the namespace \"team\""
    );
    let file = source("helm/access/crds/colors.yaml");
    let _ = kubectl(&format!("create -f {}", file.display()));
    let install = "install web CHART --skip-crds";
    let unable = cluster.words("Unable", "unable");
    let looked_up = |what: &str, resource: &str, group: &str| {
        let name = what.split_once(' ').map(|(_, name)| name).unwrap_or_default();
        format!(
            "Error: INSTALLATION FAILED: {unable} to continue with install: could not get information about the resource \
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

#[test]
fn a_release_goes_through_its_life_with_helm_3() {
    let test = "a_release_goes_through_its_life_with_helm_3";
    if let Some(cluster) = Cluster::start(test, Client::Helm3) {
        a_release_goes_through_its_life(&cluster);
    }
}

#[test]
fn a_release_goes_through_its_life_with_helm_4() {
    let test = "a_release_goes_through_its_life_with_helm_4";
    if let Some(cluster) = Cluster::start(test, Client::Helm4) {
        a_release_goes_through_its_life(&cluster);
    }
}

#[test]
fn what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes_with_helm_3() {
    let test = "what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes_with_helm_3";
    if let Some(cluster) = Cluster::start(test, Client::Helm3) {
        what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes(&cluster);
    }
}

#[test]
fn what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes_with_helm_4() {
    let test = "what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes_with_helm_4";
    if let Some(cluster) = Cluster::start(test, Client::Helm4) {
        what_is_not_there_or_never_ready_fails_as_on_a_cluster_without_nodes(&cluster);
    }
}

#[test]
fn a_template_is_applied_by_kubectl_with_helm_3() {
    let test = "a_template_is_applied_by_kubectl_with_helm_3";
    if let Some(cluster) = Cluster::start(test, Client::Helm3) {
        a_template_is_applied_by_kubectl(&cluster);
    }
}

#[test]
fn a_template_is_applied_by_kubectl_with_helm_4() {
    let test = "a_template_is_applied_by_kubectl_with_helm_4";
    if let Some(cluster) = Cluster::start(test, Client::Helm4) {
        a_template_is_applied_by_kubectl(&cluster);
    }
}

#[test]
fn a_user_may_install_what_its_roles_allow_with_helm_3() {
    let test = "a_user_may_install_what_its_roles_allow_with_helm_3";
    if let Some(cluster) = Cluster::start(test, Client::Helm3) {
        a_user_may_install_what_its_roles_allow(&cluster);
    }
}

#[test]
fn a_user_may_install_what_its_roles_allow_with_helm_4() {
    let test = "a_user_may_install_what_its_roles_allow_with_helm_4";
    if let Some(cluster) = Cluster::start(test, Client::Helm4) {
        a_user_may_install_what_its_roles_allow(&cluster);
    }
}
