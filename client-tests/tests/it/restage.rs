//! `ctl reset`, `snapshot` and `restore`: what real clients see of a World that another one took the place of.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use client_tests::Client;
use client_tests::Simulator;
use client_tests::need;
use serde_json::Value;

/// What the ready file says now.
fn announced(simulator: &Simulator) -> Vec<String> {
    let text = fs::read_to_string(simulator.ready("/env/EKS_AUTH_SIM_READY_FILE")).unwrap();
    let ready: Value = serde_json::from_str(&text).unwrap();
    let clusters = ready["clusters"].as_array().unwrap().iter();
    clusters
        .map(|cluster| cluster["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Deletes the cluster of the article with all that it has.
fn delete_cluster(aws: impl Fn(&str) -> String) {
    let nodes = aws("eks list-nodegroups --cluster-name my-cluster --query nodegroups --output text");
    for nodes in nodes.split_whitespace() {
        aws(&format!(
            "eks delete-nodegroup --cluster-name my-cluster --nodegroup-name {nodes}"
        ));
    }
    aws("eks delete-cluster --name my-cluster");
}

#[test]
fn reset_brings_back_what_was_staged_and_nothing_else() {
    let Some(clients) = need(
        "reset_brings_back_what_was_staged_and_nothing_else",
        &[Client::Aws, Client::Kubectl],
    ) else {
        return;
    };
    let simulator = Simulator::start();
    let aws = |words: &str| simulator.run(&clients[0], words, Some("creator")).good();
    let kubectl = |profile: &str, words: &str| simulator.run(&clients[1], words, Some(profile));
    let testuser = |words: &str| kubectl("default", words);
    let mapped = "get configmap aws-auth -n kube-system -o jsonpath={.data}";
    let data = testuser(mapped).good();

    // The same cluster, otherwise: nobody is mapped, somebody is new, time is another.
    let endpoint = aws("eks describe-cluster --name my-cluster --query cluster.endpoint --output text");
    let _ = kubectl("creator", "create configmap made").good();
    let _ = kubectl("creator", "delete configmap aws-auth -n kube-system").good();
    let _ = aws("iam create-user --user-name made");
    let _ = aws(
        "eks create-cluster --name made --role-arn arn:aws:iam::111122223333:role/eks \
         --resources-vpc-config subnetIds=subnet-1,subnet-2",
    );
    let _ = simulator.own("ctl fault add throttle --service iam --count 100").good();
    let _ = simulator.own("ctl clock advance 8m").good();
    assert_eq!(announced(&simulator), ["made", "my-cluster"]);
    let version = |words: &str| -> u64 { kubectl("creator", words).good().trim().parse().unwrap() };
    let latest = "get --raw /api/v1/namespaces/default/configmaps?limit=1";
    let list: Value = serde_json::from_str(&kubectl("creator", latest).good()).unwrap();
    let before: u64 = list["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(testuser("get svc").complaint().contains("Unauthorized"));

    assert_eq!(simulator.own("ctl reset").good(), "reset: my-cluster\n");
    assert_eq!(announced(&simulator), ["my-cluster"]);
    assert_eq!(
        aws("eks describe-cluster --name my-cluster --query cluster.endpoint --output text"),
        endpoint
    );
    assert_eq!(testuser(mapped).good(), data);
    assert!(testuser("get svc").good().contains("10.100.0.1"));
    assert!(testuser("get configmap made").complaint().contains("not found"));
    assert!(!aws("iam list-users").contains("made"));
    assert_eq!(simulator.own("ctl fault list").good(), "");
    assert!(simulator.own("ctl clock").good().ends_with(" (+0 s)\n"));
    // Versions never go back, so that no client that knows a later one waits for it.
    let after = version("get configmap aws-auth -n kube-system -o jsonpath={.metadata.resourceVersion}");
    assert!(after > 0);
    let list: Value = serde_json::from_str(&testuser(latest).good()).unwrap();
    let listed: u64 = list["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
    assert!(listed > before, "{listed} {before}");
    // What happened is forgotten, and the logs begin again.
    let events = simulator.own("ctl events").good();
    assert!(!events.contains("CreateCluster"), "{events}");
    let groups = aws("logs describe-log-groups --query logGroups[].logGroupName --output text");
    assert_eq!(groups.trim(), "/aws/eks/my-cluster/cluster");

    // A cluster that was deleted is back, and the kubeconfig of the environment leads to it.
    delete_cluster(aws);
    assert!(announced(&simulator).is_empty());
    assert!(kubectl("creator", "get svc").complaint().contains("was refused"));
    assert_eq!(simulator.own("ctl reset").good(), "reset: my-cluster\n");
    assert_eq!(announced(&simulator), ["my-cluster"]);
    assert!(testuser("get svc").good().contains("10.100.0.1"));
    let slices = testuser("get endpointslices -o jsonpath={.items[*].ports[*].port}").good();
    let endpoint = aws("eks describe-cluster --name my-cluster --query cluster.endpoint --output text");
    assert!(endpoint.trim().ends_with(slices.trim()), "{slices} {endpoint}");
}

#[test]
fn a_snapshot_is_put_back_whole() {
    let Some(clients) = need("a_snapshot_is_put_back_whole", &[Client::Aws, Client::Kubectl]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let arguments = ["--state-dir", state.to_str().unwrap()];
    let simulator = Simulator::start_with(&arguments);
    let file = folder.path().join("before.json");
    let file = file.to_str().unwrap();
    let kubectl = |simulator: &Simulator, profile: &str, words: &str| simulator.run(&clients[1], words, Some(profile));
    let _ = kubectl(&simulator, "creator", "create configmap kept --from-literal=a=b").good();
    let _ = simulator.own("ctl clock advance 2m").good();
    assert_eq!(simulator.own(&format!("ctl snapshot {file}")).good(), "");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);

    let _ = kubectl(&simulator, "creator", "delete configmap kept").good();
    let _ = kubectl(&simulator, "creator", "delete configmap aws-auth -n kube-system").good();
    delete_cluster(|words| simulator.run(&clients[0], words, Some("creator")).good());
    let _ = simulator.own("ctl clock reset").good();
    assert_eq!(
        simulator.own(&format!("ctl restore {file}")).good(),
        "restored: my-cluster\n"
    );
    let kept = "get configmap kept -o jsonpath={.data.a}";
    assert_eq!(kubectl(&simulator, "default", kept).good(), "b");
    assert!(simulator.own("ctl clock").good().contains("(+120 s)"));
    let log = simulator.run(
        &clients[0],
        "logs describe-log-streams --log-group-name /aws/eks/my-cluster/cluster",
        None,
    );
    assert!(log.good().contains("authenticator"));
    // A World that was put back is on the disk like any other.
    simulator.kill();
    drop(simulator);
    let simulator = Simulator::start_with(&arguments);
    assert_eq!(kubectl(&simulator, "default", kept).good(), "b");
    assert!(simulator.own("ctl clock").good().contains("(+120 s)"));
}

#[test]
fn a_restore_that_is_refused_changes_nothing() {
    let simulator = Simulator::start();
    let snapshot = || simulator.own("ctl snapshot -").good();
    let before = snapshot();
    let file = simulator.folder().join("snapshot.json");
    let file = file.to_str().unwrap();
    let other = before.replacen("\"scenario\":\"", "\"scenario\":\"# another\\n", 1);
    let half: String = before.chars().take(before.len() / 2).collect();
    let large = " ".repeat(48 * 1024 * 1024 + 1);
    for (text, wanted) in [
        ("", "this is no snapshot: EOF while parsing a value at line 1 column 0"),
        ("[]", "this is no snapshot: invalid"),
        (&half, "this is no snapshot: EOF"),
        (
            &before.replacen("\"format\":1", "\"format\":7", 1),
            "the snapshot has format 7, and this release reads format 1",
        ),
        (&other, "the snapshot is of another scenario"),
        (&large, "a file of this size is no snapshot"),
    ] {
        fs::write(file, text).unwrap();
        let refused = simulator.own(&format!("ctl restore {file}"));
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
        assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    }
    assert_eq!(simulator.own("ctl restore nowhere").code, Some(2));
    assert_eq!(snapshot(), before);
    assert_eq!(announced(&simulator), ["my-cluster"]);
    fs::write(file, &before).unwrap();
    let _ = simulator.own(&format!("ctl restore {file}")).good();
    // Beside the versions of objects, which never go back, it is the same World.
    assert_ne!(snapshot(), before);
    let members = |text: &str| -> Value {
        let mut value: Value = serde_json::from_str(text).unwrap();
        let records = value["records"].as_object_mut().unwrap();
        let _ = records.remove("cluster/my%2Dcluster").unwrap();
        value
    };
    assert_eq!(members(&snapshot()), members(&before));
}
