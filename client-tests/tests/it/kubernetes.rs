//! The Kubernetes API as clients use it all day: watches, deletions, namespaces.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Stdio;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;

#[test]
fn kubectl_watches_what_it_changes() {
    let Some(clients) = need("kubectl_watches_what_it_changes", &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&clients[1], words, None);
    let _ = run("create namespace demo").good();
    let _ = run("create configmap a -n demo --from-literal=x=1").good();
    let mut watch = simulator
        .command(&clients[1])
        .args("get configmaps -n demo -l !skip -w --no-headers --output-watch-events".split(' '))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        words.join(" ")
    };
    assert_eq!(next(), "ADDED a 1");
    assert_eq!(next(), "ADDED kube-root-ca.crt 1");
    let _ = run("patch configmap a -n demo -p {\"data\":{\"y\":\"2\"}}").good();
    assert_eq!(next(), "MODIFIED a 2");
    let _ = run("label configmap a -n demo skip=").good();
    assert_eq!(next(), "DELETED a 2");
    let _ = run("label configmap a -n demo skip-").good();
    assert_eq!(next(), "ADDED a 2");
    // kubectl waits until it is gone, with all that is in it.
    assert_eq!(run("delete namespace demo").good(), "namespace \"demo\" deleted\n");
    let mut gone = [next(), next()];
    gone.sort();
    assert_eq!(gone, ["DELETED a 2", "DELETED kube-root-ca.crt 1"]);
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert_eq!(
        run("create configmap b -n demo").complaint(),
        "error: failed to create configmap: namespaces \"demo\" not found"
    );
    assert_eq!(
        run("delete namespace default").complaint(),
        "Error from server (Forbidden): namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[test]
fn pods_are_deleted_and_have_no_kubelet() {
    let Some(clients) = need("pods_are_deleted_and_have_no_kubelet", &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&clients[1], words, None);
    let names = run("get pods -n kube-system -l k8s-app=kube-dns -o jsonpath={.items[0].metadata.name}").good();
    let name = names.trim();
    assert_eq!(
        run(&format!("logs -n kube-system {name} -c coredns")).complaint(),
        "Error from server (NotImplemented): eks-auth-sim runs no kubelet, so that nothing answers for pods/log"
    );
    assert_eq!(
        run(&format!("delete pod -n kube-system {name}")).good(),
        format!("pod \"{name}\" deleted\n")
    );
    let complaint = run(&format!("get pod -n kube-system {name}")).complaint();
    assert_eq!(
        complaint,
        format!("Error from server (NotFound): pods \"{name}\" not found")
    );
}

#[test]
fn an_informer_of_client_go_is_told_of_changes() {
    let test = "an_informer_of_client_go_is_told_of_changes";
    let Some(clients) = need(test, &[Client::Aws, Client::GoInformer]) else {
        return;
    };
    let simulator = Simulator::start();
    let told = simulator.run(&clients[1], "", None).good();
    let lines: Vec<String> = told
        .lines()
        .map(|line| {
            let words = line
                .split(' ')
                .map(|word| if word.starts_with("informed-") { "NAME" } else { word });
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(
        lines,
        ["synced with 1", "added NAME 1", "updated NAME 2", "deleted NAME 2"]
    );
}

#[test]
fn an_api_server_tells_its_metrics_to_whom_rbac_lets() {
    let test = "an_api_server_tells_its_metrics_to_whom_rbac_lets";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&clients[1], words, None);
    let asked = "get --raw /metrics --as jane";
    assert_eq!(
        run(asked).complaint(),
        "Error from server (Forbidden): forbidden: User \"jane\" cannot get path \"/metrics\""
    );
    assert!(run("get --raw /").good().contains("\"/metrics\""));
    let _ = run("create clusterrole metrics-reader --verb=get --non-resource-url=/metrics").good();
    let _ = run("create clusterrolebinding metrics --clusterrole=metrics-reader --user=jane").good();
    for _ in 0..3 {
        let _ = run("get --raw /api/v1/namespaces/kube-public/configmaps").good();
    }
    let metrics = run(asked).good();
    let counted = "apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"configmaps\",scope=\"namespace\",subresource=\"\",verb=\"LIST\",version=\"v1\"} 3";
    assert!(metrics.lines().any(|line| line == counted), "{metrics}");
    let refused = "authorization_attempts_total{result=\"no-opinion\"} 1";
    assert!(metrics.lines().any(|line| line == refused), "{metrics}");
}

#[test]
fn the_endpoints_of_the_api_stay_where_it_answers() {
    let test = "the_endpoints_of_the_api_stay_where_it_answers";
    let Some(clients) = need(test, &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&clients[1], words, None);
    let endpoint = simulator.ready("/clusters/0/endpoint").trim_start_matches("https://");
    let said = || {
        let endpoints =
            "get endpoints kubernetes -o jsonpath={.subsets[0].addresses[0].ip}:{.subsets[0].ports[0].port}";
        let slice = "get endpointslice kubernetes -o jsonpath={.endpoints[0].addresses[0]}:{.ports[0].port}";
        [run(endpoints).good(), run(slice).good()]
    };
    assert_eq!(said(), [endpoint, endpoint]);
    let _ = run("patch endpoints kubernetes --type=merge -p {\"subsets\":[{\"addresses\":[{\"ip\":\"10.0.0.1\"}]}]}")
        .good();
    let _ = run("delete endpointslice kubernetes").good();
    assert_eq!(said(), [endpoint, endpoint]);
}
