use super::*;

#[test]
fn nodes_are_told_from_people_and_from_who_looks_after_nodes() {
    for name in [
        "eksctl-prod-nodegroup-ng-1-NodeInstanceRole-1ABCDEF",
        "eksctl-admin-nodegroup-ng-1-NodeInstanceRole-1ABCDEF",
        "KarpenterNodeRole-prod",
        "karpenter-node-beta-cluster",
        "eks_node_group_role",
        "general-eks-node-group-20240101000000000000000001",
        "my-cluster-node-role",
        "AmazonEKSFargatePodExecutionRole",
        "AmazonEKSAutoNodeRole",
        "HybridNodesRole",
        "eks-nodes",
    ] {
        assert!(is_role_name(name), "{name}");
    }
    for name in [
        "KarpenterControllerRole-prod",
        "karpenter-node-controller",
        "nodegroup-admin",
        "cluster-autoscaler-nodegroup",
        "developers",
        "NodeJsDeployer",
        "admin",
        "",
    ] {
        assert!(!is_role_name(name), "{name}");
    }
    for session in [
        "i-0123456789abcdef0",
        "i-0a1b2c3d",
        "mi-0123456789abcdef0",
        "fargate-ip-10-0-0-1.ec2.internal",
    ] {
        assert!(is_session(session), "{session}");
    }
    for session in [
        "i-",
        "i-am-me",
        "i-0123456",
        "i-0123456789ABCDEF0",
        "me",
        "i-0123456789abcdef012",
    ] {
        assert!(!is_session(session), "{session}");
    }
}

#[test]
fn each_kind_of_node_has_its_own_mapping() {
    const ARN: &str = "arn:aws:iam::111122223333:role/x";
    let target = Target::default();
    for (role, session, wanted, username, last_group) in [
        (
            "NodeInstanceRole",
            "i-0123456789abcdef0",
            "EC2_LINUX",
            "{{EC2PrivateDNSName}}",
            NODES,
        ),
        (
            "windows-node-role",
            "",
            "EC2_WINDOWS",
            "{{EC2PrivateDNSName}}",
            "eks:kube-proxy-windows",
        ),
        (
            "AmazonEKSFargatePodExecutionRole",
            "",
            "FARGATE_LINUX",
            "{{SessionName}}",
            "system:node-proxier",
        ),
        (
            "x",
            "fargate-ip-10-0-0-1.ec2.internal",
            "FARGATE_LINUX",
            "{{SessionName}}",
            "system:node-proxier",
        ),
        ("x", "mi-0123456789abcdef0", "HYBRID_LINUX", "{{SessionName}}", NODES),
        ("AmazonEKSAutoNodeRole", "", "EC2", "{{EC2PrivateDNSName}}", NODES),
    ] {
        let kind = NodeKind::of(role, session);
        let create = target.create(ARN, kind);
        let command = format!(
            "`aws eks create-access-entry --cluster-name CLUSTER --region REGION --principal-arn {ARN} --type {wanted}`"
        );
        assert!(
            create == command || create.starts_with(&format!("{command} and ")),
            "{create}"
        );
        let item = item(ARN, kind);
        assert!(item.contains(&format!("system:node:{username}")), "{item}");
        assert!(item.ends_with(&format!(" and {last_group}")), "{item}");
        assert!(item.contains(BOOTSTRAPPERS), "{item}");
        assert!(
            target
                .replace(ARN, kind)
                .starts_with("`aws eks delete-access-entry --cluster-name CLUSTER")
        );
    }
}

#[test]
fn a_node_is_found_by_its_session_or_else_by_its_role() {
    const ROLE: &str = "arn:aws-cn:iam::111122223333:role/workers";
    let session = |arn: &str, session: &str| NodeArn::find(arn, session).map(|node| (node.role_arn, node.session));
    let wanted = Some((ROLE.to_owned(), "i-0123456789abcdef0".to_owned()));
    assert_eq!(
        session(
            "arn:aws-cn:sts::111122223333:assumed-role/workers/i-0123456789abcdef0",
            ""
        ),
        wanted
    );
    assert_eq!(session(ROLE, "i-0123456789abcdef0"), wanted);
    assert_eq!(session(ROLE, ""), None);
    assert_eq!(session(ROLE, "me"), None);
    assert_eq!(session("arn:aws:iam::111122223333:role/my-node-role", "me"), None);
    assert!(NodeArn::find("arn:aws:iam::111122223333:role/my-node-role", "").is_some());
    assert_eq!(NodeArn::find("arn:aws:iam::111122223333:user/node-role", ""), None);
    assert_eq!(NodeArn::find("no arn", "i-0123456789abcdef0"), None);
    assert_eq!(
        session_in_username("arn:aws:sts::111122223333:assumed-role/workers/i-0123456789abcdef0"),
        Some("i-0123456789abcdef0")
    );
    assert_eq!(session_in_username("system:node:i-0123456789abcdef0"), None);
    assert_eq!(session_in_username("dev"), None);
}

#[test]
fn the_node_authorizer_is_quoted() {
    let asks = |verb: &str, group: &str, resource: &str, namespace: &str, name: &str| {
        words(
            "a",
            &Attributes::resource(verb, group, "v1", resource, "", namespace, name),
        )
    };
    for (asked, wanted) in [
        (asks("get", "", "nodes", "", "a"), None),
        (asks("create", "", "nodes", "", ""), None),
        (
            asks("get", "", "nodes", "", "b"),
            Some("node 'a' cannot read 'b', only its own Node object"),
        ),
        (
            asks("list", "", "nodes", "", ""),
            Some("node 'a' cannot read all nodes, only its own Node object"),
        ),
        (
            asks("patch", "", "nodes", "", "b"),
            Some("node \"a\" is not allowed to modify node \"b\""),
        ),
        (
            asks("get", "coordination.k8s.io", "leases", "kube-node-lease", "a"),
            None,
        ),
        (
            asks("get", "coordination.k8s.io", "leases", "kube-node-lease", "b"),
            Some("can only access node lease with the same name as the requesting node"),
        ),
        (
            asks("get", "coordination.k8s.io", "leases", "default", "a"),
            Some("can only access leases in the \"kube-node-lease\" system namespace"),
        ),
        (
            asks("list", "coordination.k8s.io", "leases", "kube-node-lease", ""),
            Some("can only get, create, update, patch, or delete a node lease"),
        ),
        (
            asks("get", "storage.k8s.io", "csinodes", "", "b"),
            Some("can only access CSINode with the same name as the requesting node"),
        ),
        (
            asks("list", "", "pods", "default", ""),
            Some("can only list/watch pods with spec.nodeName field selector"),
        ),
        (
            asks("get", "", "secrets", "default", "s"),
            Some("no relationship found between node 'a' and this object"),
        ),
    ] {
        assert_eq!(asked.as_deref(), wanted);
    }
}
