//! eksctl, which makes access entries through CloudFormation.

use client_tests::Client;
use client_tests::Simulator;
use client_tests::eksctl;
use client_tests::need;

const TESTUSER: &str = "arn:aws:iam::111122223333:user/testuser";
const ROLE: &str = "arn:aws:iam::111122223333:role/admin-test-role";

#[test]
fn the_articles_commands_map_a_user() {
    let test = "the_articles_commands_map_a_user";
    let (Some(eksctl), Some(clients)) = (eksctl(test), need(test, &[Client::Kubectl])) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&eksctl, words, Some("creator"));
    let mapped = || run("get iamidentitymapping --cluster my-cluster").good();
    assert!(mapped().contains(TESTUSER));
    let delete = format!("delete iamidentitymapping --cluster my-cluster --region us-west-2 --arn {TESTUSER}");
    let _ = run(&delete).good();
    assert!(!mapped().contains(TESTUSER));
    let denied = simulator.run(&clients[0], "get svc", None).complaint();
    assert!(denied.starts_with("error: You must be logged in"), "{denied}");
    let create = format!(
        "create iamidentitymapping --cluster my-cluster --region us-west-2 --arn {TESTUSER} --group system:masters \
         --no-duplicate-arns --username admin-user1"
    );
    let _ = run(&create).good();
    let line = mapped()
        .lines()
        .find(|line| line.starts_with(TESTUSER))
        .map(str::to_owned);
    let words: Vec<String> = line.unwrap().split_whitespace().map(str::to_owned).collect();
    assert_eq!(words, [TESTUSER, "admin-user1", "system:masters"]);
    assert!(
        simulator
            .run(&clients[0], "get svc", None)
            .good()
            .contains("10.100.0.1")
    );
    let other = create.replace("admin-user1", "admin-user2");
    let refused = run(&other).complaint();
    assert!(
        refused.contains("found existing mapping with the same arn"),
        "{refused}"
    );
}

#[test]
fn access_entries_are_made_by_stacks() {
    let test = "access_entries_are_made_by_stacks";
    let (Some(eksctl), Some(clients)) = (eksctl(test), need(test, &[Client::Aws])) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&eksctl, words, Some("creator"));
    let aws = |words: &str| simulator.run(&clients[0], words, Some("creator"));
    let refused = run("get accessentry --cluster my-cluster").complaint();
    assert!(
        refused.contains("access entries API is not currently enabled"),
        "{refused}"
    );
    let migrate =
        "utils migrate-to-access-entry --cluster my-cluster --target-authentication-mode API_AND_CONFIG_MAP --approve";
    let _ = run(migrate).good();
    let policies = format!(
        "eks list-associated-access-policies --cluster-name my-cluster --principal-arn {TESTUSER} \
         --query associatedAccessPolicies[].policyArn --output text"
    );
    assert!(aws(&policies).good().contains("AmazonEKSClusterAdminPolicy"));

    let create = format!("create accessentry --cluster my-cluster --principal-arn {ROLE} --kubernetes-groups viewers");
    let _ = run(&create).good();
    let listed = run("get accessentry --cluster my-cluster").good();
    assert!(listed.contains(ROLE), "{listed}");
    let nobody = "create accessentry --cluster my-cluster --principal-arn arn:aws:iam::111122223333:role/nobody";
    let failed = run(nobody);
    assert_ne!(failed.code, Some(0));
    let said = format!("{}{}", failed.stdout, failed.stderr);
    assert!(
        said.contains("The specified principalArn is invalid: invalid principal."),
        "{said}"
    );
    let _ = run(&format!(
        "delete accessentry --cluster my-cluster --principal-arn {ROLE}"
    ))
    .good();
    let listed = run("get accessentry --cluster my-cluster").good();
    assert!(!listed.contains(ROLE), "{listed}");
    let statuses = aws("cloudformation list-stacks --query StackSummaries[].StackStatus --output text").good();
    let mut statuses: Vec<&str> = statuses.split_whitespace().collect();
    statuses.sort_unstable();
    // The role of the nodes is not there, so that its stack was rolled back, as was nobody's.
    assert!(
        statuses.contains(&"DELETE_COMPLETE") && statuses.contains(&"ROLLBACK_COMPLETE"),
        "{statuses:?}"
    );
}

#[test]
fn what_a_cluster_has_is_listed_and_a_kubeconfig_written() {
    let test = "what_a_cluster_has_is_listed_and_a_kubeconfig_written";
    let (Some(eksctl), Some(clients)) = (eksctl(test), need(test, &[Client::Aws, Client::Kubectl])) else {
        return;
    };
    let simulator = Simulator::start();
    let run = |words: &str| simulator.run(&eksctl, words, None).good();
    assert!(run("get cluster").contains("my-cluster"));
    assert!(run("get nodegroup --cluster my-cluster").contains("workers"));
    assert!(run("get addon --cluster my-cluster").contains("coredns"));
    let file = simulator.folder().join("eksctl-kubeconfig");
    let _ = run(&format!(
        "utils write-kubeconfig --cluster my-cluster --kubeconfig {}",
        file.display()
    ));
    let words = format!("--kubeconfig {} get svc", file.display());
    assert!(simulator.run(&clients[1], &words, None).good().contains("10.100.0.1"));
}
