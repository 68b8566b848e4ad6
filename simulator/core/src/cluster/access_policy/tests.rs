//! What each policy allows, and where.

use proptest::prelude::*;

use super::*;
use crate::cluster::authorize::Decision;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::Cluster;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::cluster::eks::parameter::AccessScope;
use crate::kube::request_info::Attributes;
use crate::scenario;
use crate::value::instant::Timestamp;
use crate::value::user::UserInfo;

const ROLE: &str = "arn:aws:iam::111122223333:role/dev";
const CLUSTER_ADMIN: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// A cluster of mode API, and the user that came in by an entry with these policies.
fn staged(policies: &[(&str, AccessScope)]) -> (Cluster, UserInfo) {
    const WORLD: &str = "world:\n  accounts:\n    - id: '111122223333'\n      roles:\n        - name: dev\n  clusters:\n    - \
                         {name: c, region: us-west-2, account: '111122223333', authentication_mode: API}\n  profiles: []\n";
    let mut world = scenario::stage(WORLD, Timestamp::UNIX_EPOCH).unwrap().world;
    let (cluster, _, ids) = world.cluster_and_directory_mut("c").unwrap();
    let spec = NewAccessEntry {
        principal_arn: ROLE.to_owned(),
        ..NewAccessEntry::default()
    };
    cluster
        .create_access_entry_for("AROADEV".to_owned(), spec, ids, Timestamp::UNIX_EPOCH)
        .unwrap();
    for (name, scope) in policies {
        let arn = AccessPolicy::from_name(name).unwrap().arn(Partition::Aws);
        cluster
            .associate_access_policy(ROLE, &arn, scope.clone(), Timestamp::UNIX_EPOCH)
            .unwrap();
    }
    let mut user = UserInfo {
        username: "someone".to_owned(),
        ..UserInfo::default()
    };
    for (name, value) in [("principalId", "AROADEV"), ("canonicalArn", ROLE)] {
        user.extra.insert(name.to_owned(), vec![value.to_owned()]);
    }
    (cluster.clone(), user.authenticated())
}

fn namespaces(names: &[&str]) -> AccessScope {
    AccessScope::Namespaces(names.iter().map(|name| (*name).to_owned()).collect())
}

/// `verb group resource[/subresource] namespace` with `-` for empty, or `verb /path`.
fn request(text: &str) -> Attributes {
    let words: Vec<&str> = text
        .split(' ')
        .map(|word| if word == "-" { "" } else { word })
        .collect();
    match words[..] {
        [verb, path] => Attributes::non_resource(verb, path),
        [verb, group, resource, namespace] => {
            let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
            Attributes::resource(verb, group, "v1", resource, subresource, namespace, "")
        }
        _ => panic!("not a request: {text}"),
    }
}

#[test]
fn policies_are_sorted_and_found_by_name_and_arn() {
    let names: Vec<&str> = AccessPolicy::all().iter().map(|policy| policy.name).collect();
    assert!(names.is_sorted());
    assert_eq!(names.len(), 19);
    for policy in AccessPolicy::all() {
        assert_eq!(AccessPolicy::from_name(policy.name).unwrap().name, policy.name);
        for partition in Partition::ALL {
            let found = AccessPolicy::from_arn(&policy.arn(partition), partition);
            assert_eq!(found.unwrap().name, policy.name);
        }
    }
    assert!(AccessPolicy::from_name("AmazonEKSNoPolicy").is_none());
    assert_eq!(
        AccessPolicy::from_name("AmazonEKSClusterAdminPolicy")
            .unwrap()
            .arn(Partition::Aws),
        CLUSTER_ADMIN
    );
    assert!(AccessPolicy::from_arn(CLUSTER_ADMIN, Partition::AwsCn).is_none());
}

#[test]
fn each_policy_allows_what_the_user_guide_says() {
    const POLICIES: [&str; 7] = [
        "AmazonEKSClusterAdminPolicy",
        "AmazonEKSAdminPolicy",
        "AmazonEKSEditPolicy",
        "AmazonEKSViewPolicy",
        "AmazonEKSAdminViewPolicy",
        "AmazonEKSSecretReaderPolicy",
        "AmazonEKSHybridPolicy",
    ];
    // One letter a policy, in that order; a dash where it does not allow.
    for (text, wanted) in [
        ("get - pods x", "CAEVW--"),
        ("list - pods -", "CAEVW--"),
        ("watch - pods/log x", "CAEVW--"),
        ("create - pods x", "CAE----"),
        ("create - pods/exec x", "CAE----"),
        ("get - pods/exec x", "CAE-W--"),
        ("create - pods/eviction x", "C------"),
        ("get - secrets x", "CAE-WS-"),
        ("list - secrets -", "CAE-WS-"),
        ("update - secrets x", "CAE----"),
        ("deletecollection - configmaps x", "CAE----"),
        ("impersonate - serviceaccounts x", "CAE----"),
        ("impersonate - users -", "C------"),
        ("get - namespaces x", "CAEVW--"),
        ("create - namespaces -", "C------"),
        ("list - nodes -", "C---W-H"),
        ("get - nodes -", "C---W--"),
        ("list metrics.k8s.io nodes -", "C---W-H"),
        ("list - persistentvolumes -", "C---W--"),
        ("get apps deployments x", "CAEVW--"),
        ("patch apps deployments x", "CAE----"),
        ("update apps deployments/scale x", "CAE----"),
        ("create apps controllerrevisions x", "C------"),
        ("list autoscaling horizontalpodautoscalers x", "CAEVW--"),
        ("create batch cronjobs x", "CAE----"),
        ("watch discovery.k8s.io endpointslices x", "CAEVW--"),
        ("list networking.k8s.io ingresses x", "CAEVW--"),
        ("delete networking.k8s.io networkpolicies x", "CAE----"),
        ("list networking.k8s.io ingressclasses -", "C---W--"),
        ("get policy poddisruptionbudgets x", "CAEVW--"),
        ("create authorization.k8s.io localsubjectaccessreviews x", "CA-----"),
        ("get rbac.authorization.k8s.io roles x", "CA--W--"),
        ("create rbac.authorization.k8s.io rolebindings x", "CA-----"),
        ("bind rbac.authorization.k8s.io roles x", "C------"),
        ("get rbac.authorization.k8s.io clusterroles -", "C---W--"),
        ("list monitoring.coreos.com servicemonitors x", "C---W--"),
        ("get /metrics", "C------"),
    ] {
        let allowed: String = POLICIES
            .iter()
            .zip("CAEVWSH".chars())
            .map(|(name, letter)| {
                let (cluster, user) = staged(&[(name, AccessScope::Cluster)]);
                let decision = authorize(&user, &request(text), &cluster).decision;
                if decision == Decision::Allow { letter } else { '-' }
            })
            .collect();
        assert_eq!(allowed, wanted, "{text}");
    }
}

#[test]
fn a_scope_of_namespaces_reaches_into_these_only() {
    let scope = namespaces(&["team", "dev-*"]);
    let (cluster, user) = staged(&[("AmazonEKSClusterAdminPolicy", scope)]);
    for (text, allowed) in [
        ("create - pods team", true),
        ("create - pods dev-1", true),
        ("get - secrets dev-", true),
        ("create - pods dev", false),
        ("create - pods teams", false),
        ("list - pods -", false),
        ("list - nodes -", false),
        ("get - namespaces team", true),
        ("list - namespaces -", false),
        ("get /metrics", false),
    ] {
        let decision = authorize(&user, &request(text), &cluster).decision;
        assert_eq!(decision == Decision::Allow, allowed, "{text}");
    }
}

#[test]
fn reasons_are_those_of_audit_events() {
    let (cluster, user) = staged(&[
        ("AmazonEKSClusterAdminPolicy", AccessScope::Cluster),
        ("AmazonEKSAdminViewPolicy", namespaces(&["x"])),
    ]);
    let reason = |text: &str| authorize(&user, &request(text), &cluster).reason;
    assert_eq!(
        reason("list - namespaces -"),
        r#"EKS Access Policy: allowed by ClusterRoleBinding "arn:aws:iam::111122223333:role/dev+arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy" of ClusterRole "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy" to User "AROADEV""#
    );
    assert_eq!(
        reason("get - pods x"),
        r#"EKS Access Policy: allowed by RoleBinding "arn:aws:iam::111122223333:role/dev+arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy/x" of ClusterRole "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy" to User "AROADEV""#
    );
}

#[test]
fn policies_stand_between_masters_and_rbac() {
    let (cluster, mut user) = staged(&[("AmazonEKSViewPolicy", AccessScope::Cluster)]);
    let ids = |user: &UserInfo, text: &str| -> Vec<&'static str> {
        let trace = authorize(user, &request(text), &cluster).trace;
        trace.checks().iter().map(|check| check.id).collect()
    };
    assert_eq!(ids(&user, "get - pods x"), ["authz.masters", "authz.access_policy"]);
    assert_eq!(
        ids(&user, "get /api"),
        ["authz.masters", "authz.access_policy", "authz.rbac"]
    );
    assert_eq!(
        authorize(&user, &request("get /api"), &cluster).decision,
        Decision::Allow
    );
    user.groups.push("system:masters".to_owned());
    assert_eq!(ids(&user, "get - pods x"), ["authz.masters"]);
}

#[test]
fn whoever_came_in_by_no_entry_has_no_policies() {
    let (cluster, user) = staged(&[("AmazonEKSClusterAdminPolicy", AccessScope::Cluster)]);
    let nodes = request("list - nodes -");
    assert_eq!(authorize(&user, &nodes, &cluster).decision, Decision::Allow);
    let impersonated = UserInfo {
        extra: std::collections::BTreeMap::new(),
        ..user.clone()
    };
    assert_eq!(authorize(&impersonated, &nodes, &cluster).decision, Decision::NoOpinion);
    for (name, value) in [
        ("principalId", "AROAOTHER"),
        ("canonicalArn", "arn:aws:iam::111122223333:role/other"),
    ] {
        let mut other = user.clone();
        other.extra.insert(name.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            authorize(&other, &nodes, &cluster).decision,
            Decision::NoOpinion,
            "{name}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_further_policy_never_takes_an_allowance_away(
        first in 0_usize..19,
        second in 0_usize..19,
        wide in any::<bool>(),
        verb in "(get|list|create|delete|impersonate)",
        resource in "(pods|secrets|nodes|roles)",
        namespace in "(|x|y)",
    ) {
        let scope = if wide { AccessScope::Cluster } else { namespaces(&["x"]) };
        let all = AccessPolicy::all();
        let (first, second) = (all[first].name, all[second].name);
        prop_assume!(first != second);
        let attributes = Attributes::resource(&verb, "", "v1", &resource, "", &namespace, "");
        let decide = |policies: &[(&str, AccessScope)]| {
            let (cluster, user) = staged(policies);
            authorize(&user, &attributes, &cluster).decision
        };
        if decide(&[(first, scope.clone())]) == Decision::Allow {
            prop_assert_eq!(decide(&[(first, scope), (second, AccessScope::Cluster)]), Decision::Allow);
        }
    }
}
