//! Clusters that are made, and what they have.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::Cluster;
use super::ClusterOwner;
use super::Creator;
use super::access_entry::Principal;
use super::addon::AddonChange;
use super::error::EksError;
use super::error::EksErrorKind;
use super::nodegroup::NewNodegroup;
use super::nodegroup::NodegroupChange;
use super::nodegroup::Taint;
use super::parameter::AccessConfig;
use super::parameter::AuthenticationMode;
use super::pod_identity::AssociationChange;
use super::settings::ClusterRequest;
use super::settings::VpcChange;
use crate::kube::object::ObjectKey;
use crate::scenario;
use crate::value::arn::AccountId;
use crate::value::instant::Timestamp;
use crate::world::World;

const CREATOR: &str = "arn:aws:iam::111122223333:user/creator";
const NODE_ROLE: &str = "arn:aws:iam::111122223333:role/my-cluster-node-role";

fn world() -> World {
    let staging = scenario::stage(scenario::ARTICLE_WORLD, Timestamp::UNIX_EPOCH).unwrap();
    staging.world
}

fn request(mode: AuthenticationMode) -> ClusterRequest {
    ClusterRequest {
        name: "two".to_owned(),
        role_arn: "arn:aws:iam::111122223333:role/eks".to_owned(),
        vpc: VpcChange {
            subnet_ids: Some(vec!["subnet-1".to_owned(), "subnet-2".to_owned()]),
            ..VpcChange::default()
        },
        access: AccessConfig {
            authentication_mode: mode,
            bootstrap_creator_admin: true,
        },
        bootstrap_self_managed_addons: true,
        ..ClusterRequest::default()
    }
}

fn owner(world: &World) -> ClusterOwner {
    ClusterOwner {
        region: "us-west-2".to_owned(),
        account: AccountId::parse("111122223333").unwrap(),
        creator: Some(Creator {
            canonical_arn: CREATOR.to_owned(),
        }),
        principal: Principal::find(CREATOR, &world.directory),
    }
}

fn made(request: ClusterRequest) -> World {
    let mut world = world();
    let owner = owner(&world);
    world
        .create_cluster(request, owner, String::new(), String::new(), Timestamp::UNIX_EPOCH)
        .unwrap();
    world
}

#[test]
fn what_a_request_may_not_say_is_refused_in_order() {
    let subnets = |count: usize| Some(vec!["subnet-1".to_owned(); count]);
    type Change = fn(&mut ClusterRequest);
    let changes: [(Change, EksError); 8] = [
        (|request| request.name.clear(), EksError::InvalidClusterName),
        (|request| request.name = "-a".to_owned(), EksError::InvalidClusterName),
        (|request| request.name = "a".repeat(101), EksError::InvalidClusterName),
        (
            |request| request.version = Some("1.12".to_owned()),
            EksError::UnsupportedVersion,
        ),
        (
            |request| request.role_arn = CREATOR.to_owned(),
            EksError::InvalidRoleArn,
        ),
        (|request| request.vpc.subnet_ids = None, EksError::TooFewSubnets),
        (
            |request| {
                let tags = (0..51).map(|at| (at.to_string(), String::new()));
                request.tags = tags.collect();
            },
            EksError::TooManyTags,
        ),
        (
            |request| request.access.bootstrap_creator_admin = false,
            EksError::CreatorNotAdmin,
        ),
    ];
    // Each request has the mistakes behind its own as well.
    let mut wrong = request(AuthenticationMode::ConfigMap);
    for (change, error) in changes.into_iter().rev() {
        change(&mut wrong);
        assert_eq!(wrong.check_shape(), Err(error));
    }
    let mut good = request(AuthenticationMode::ConfigMap);
    for name in ["a", "9", "A-b_c", &"a".repeat(100)] {
        good.name = name.to_owned();
        assert_eq!(good.check_shape(), Ok(()), "{name}");
    }
    good.vpc.subnet_ids = subnets(1);
    assert_eq!(good.check_shape(), Err(EksError::TooFewSubnets));
}

#[test]
fn a_new_cluster_lets_in_its_creator_and_has_no_nodes() {
    for (mode, entries) in [
        (AuthenticationMode::ConfigMap, 0),
        (AuthenticationMode::ApiAndConfigMap, 1),
        (AuthenticationMode::Api, 1),
    ] {
        let mut request = request(mode);
        request.service_ipv4_cidr = Some("172.20.0.0/16".to_owned());
        let world = made(request);
        let cluster = world.cluster("two").unwrap();
        assert_eq!(cluster.access_entries().len(), entries, "{mode:?}");
        assert_eq!(cluster.creator.as_ref().unwrap().canonical_arn, CREATOR);
        assert_eq!(cluster.version, "1.32");
        let count = |resource| cluster.objects().list(resource, None).count();
        assert_eq!((count("namespaces"), count("nodes"), count("pods")), (4, 0, 2));
        let service = ObjectKey::new("services", "default", "kubernetes");
        let service = cluster.objects().find(&service).unwrap();
        assert_eq!(service["spec"]["clusterIP"], "172.20.0.1");
        assert!(count("clusterroles.rbac.authorization.k8s.io") > 20);
    }
    let mut bare = request(AuthenticationMode::Api);
    bare.bootstrap_self_managed_addons = false;
    let world = made(bare);
    assert_eq!(world.cluster("two").unwrap().objects().list("pods", None).count(), 0);
}

#[test]
fn a_name_is_taken_until_its_cluster_is_deleted() {
    let mut world = made(request(AuthenticationMode::Api));
    let again = |world: &mut World| {
        let owner = owner(world);
        let request = request(AuthenticationMode::Api);
        world
            .create_cluster(request, owner, String::new(), String::new(), Timestamp::UNIX_EPOCH)
            .map(|_| ())
    };
    let taken = again(&mut world).unwrap_err();
    assert_eq!(taken.to_string(), "Cluster already exists with name: two");
    world.cluster_creation_seconds = 600;
    world.delete_cluster("two").unwrap();
    assert_eq!(
        world.delete_cluster("two").unwrap_err(),
        EksError::NoSuchCluster { name: "two".to_owned() }
    );
    again(&mut world).unwrap();
    let cluster = world.cluster("two").unwrap();
    for (seconds, status) in [(0, "CREATING"), (599, "CREATING"), (600, "ACTIVE")] {
        assert_eq!(cluster.status(Timestamp::from_unix_seconds(seconds)), status);
    }
}

#[test]
fn a_cluster_with_node_groups_or_protection_is_not_deleted() {
    let mut world = world();
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(
        world.delete_cluster("my-cluster").unwrap_err(),
        EksError::ClusterHasNodegroups
    );
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    assert_eq!(cluster.objects().list("nodes", None).count(), 2);
    cluster.delete_nodegroup("workers").unwrap();
    assert!(cluster.delete_nodegroup("workers").is_err());
    assert_eq!(cluster.objects().list("nodes", None).count(), 0);
    assert_eq!(cluster.objects().list("pods", None).count(), 0);
    assert!(cluster.instances.is_empty());
    cluster.update_deletion_protection(true, ids, now);
    assert!(matches!(
        world.delete_cluster("my-cluster").unwrap_err(),
        EksError::DeletionProtected { .. }
    ));
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    cluster.update_deletion_protection(false, ids, now);
    world.delete_cluster("my-cluster").unwrap();
}

fn scaling(desired: u64) -> BTreeMap<String, Value> {
    BTreeMap::from([("scalingConfig".to_owned(), json!({"desiredSize": desired}))])
}

#[test]
fn a_node_group_brings_nodes_and_a_way_in_for_them() {
    for mode in AuthenticationMode::ALL {
        let mut world = made(request(mode));
        let now = Timestamp::UNIX_EPOCH;
        let spec = |name: &str, desired| NewNodegroup {
            name: name.to_owned(),
            node_role: NODE_ROLE.to_owned(),
            others: scaling(desired),
            ..NewNodegroup::default()
        };
        let (cluster, directory, ids) = world.cluster_and_directory_mut("two").unwrap();
        let first = cluster.create_nodegroup(spec("a", 3), directory, ids, now).unwrap();
        assert!(
            first
                .arn
                .starts_with("arn:aws:eks:us-west-2:111122223333:nodegroup/two/a/"),
            "{}",
            first.arn
        );
        cluster.create_nodegroup(spec("b", 1), directory, ids, now).unwrap();
        let taken = cluster.create_nodegroup(spec("b", 1), directory, ids, now).unwrap_err();
        assert_eq!(
            taken.to_string(),
            "NodeGroup already exists with name b and cluster name two"
        );
        assert_eq!(cluster.objects().list("nodes", None).count(), 4);
        assert_eq!(cluster.instances.len(), 4);
        let entry = cluster.access_entries().get(NODE_ROLE);
        assert_eq!(entry.is_some(), mode.has_access_entries(), "{mode:?}");
        assert_eq!(
            cluster.aws_auth().find(NODE_ROLE).is_some(),
            !mode.has_access_entries(),
            "{mode:?}"
        );
        cluster.delete_nodegroup("a").unwrap();
        let nodes: Vec<&Value> = cluster
            .objects()
            .list("nodes", None)
            .map(|(_, node)| node.as_ref())
            .collect();
        assert_eq!(nodes.len(), 1);
        assert_eq!(nodes[0]["metadata"]["labels"]["eks.amazonaws.com/nodegroup"], "b");
        assert_eq!(cluster.instances.len(), 1);

        // Names that are free again are taken, and those that are not are passed over.
        cluster.create_nodegroup(spec("c", 5), directory, ids, now).unwrap();
        assert_eq!(cluster.objects().list("nodes", None).count(), 6);
        assert_eq!(cluster.instances.len(), 6);
        let pods = cluster.objects().list("pods", Some("kube-system"));
        let running = pods.filter(|(_, pod)| pod.pointer("/spec/nodeName").is_some());
        assert_eq!(running.count(), 12);
    }
}

#[test]
fn what_is_made_up_of_nodes_is_their_own_and_the_same_each_time() {
    let ids = |world: &World| -> Vec<String> {
        let clusters = world.clusters.values();
        let nodes = clusters.flat_map(|cluster| cluster.objects().list("nodes", None));
        let fields =
            ["nodeInfo/bootID", "nodeInfo/machineID", "nodeInfo/systemUUID"].map(|field| format!("/status/{field}"));
        nodes
            .flat_map(|(_, node)| {
                let provider = node.pointer("/spec/providerID").cloned();
                let found = fields.iter().filter_map(|field| node.pointer(field).cloned());
                found.chain(provider).collect::<Vec<Value>>()
            })
            .map(|id| id.as_str().unwrap().to_owned())
            .collect()
    };
    let two = || {
        let mut world = made(request(AuthenticationMode::Api));
        let (cluster, directory, ids) = world.cluster_and_directory_mut("two").unwrap();
        let spec = NewNodegroup {
            name: "workers".to_owned(),
            node_role: NODE_ROLE.to_owned(),
            ..NewNodegroup::default()
        };
        cluster
            .create_nodegroup(spec, directory, ids, Timestamp::UNIX_EPOCH)
            .unwrap();
        world
    };
    let found = ids(&two());
    assert_eq!(found.len(), 16);
    assert!(found.iter().all(|id| !id.is_empty()));
    assert_eq!(found, ids(&two()));
    let mut unique = found;
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 16);
}

#[test]
fn the_api_says_where_it_answers_and_keeps_to_it() {
    use super::objects::of_the_api;

    let address = |url: &str| of_the_api(url).map(|[_, (_, slice)]| slice["endpoints"][0]["addresses"][0].clone());
    assert_eq!(address("https://localhost:6443"), Some(json!("127.0.0.1")));
    assert_eq!(address("https://[::1]:6443"), Some(json!("::1")));
    for other in ["", "https://10.0.0.1", "https://seat.example.com:6443"] {
        assert_eq!(address(other), None, "{other}");
    }
    let mut world = world();
    let now = Timestamp::UNIX_EPOCH;
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let [endpoints, slice] =
        ["endpoints", "endpointslices.discovery.k8s.io"].map(|name| ObjectKey::new(name, "default", "kubernetes"));
    for url in ["https://127.0.0.1:1", "https://127.0.0.1:2"] {
        cluster.set_api(url.to_owned(), "PEM".to_owned(), ids, now);
    }
    let found = |cluster: &super::Cluster| {
        let [endpoints, slice] = [&endpoints, &slice].map(|key| cluster.objects().find(key).unwrap().clone());
        let port = endpoints["subsets"][0]["ports"][0]["port"].clone();
        (
            port,
            slice["ports"][0]["port"].clone(),
            slice["metadata"]["generation"].clone(),
        )
    };
    assert_eq!(found(cluster), (json!(2), json!(2), json!(2)));
    let mut other = (**cluster.objects().find(&endpoints).unwrap()).clone();
    other["subsets"] = json!([]);
    other["metadata"]["labels"] = json!({"mine": "1"});
    cluster.replace_object(&endpoints, other, ids, now).unwrap();
    cluster
        .erase_object(&slice, &super::DeleteOptions::default(), ids, now)
        .unwrap();
    assert_eq!(found(cluster), (json!(2), json!(2), json!(1)));
    let labels = &cluster.objects().find(&endpoints).unwrap()["metadata"]["labels"];
    assert_eq!(*labels, json!({"mine": "1"}));
}

#[test]
fn releases_go_up_one_step_at_a_time() {
    let mut world = world();
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let now = Timestamp::UNIX_EPOCH;
    for (to, error) in [
        ("1.32", "Unsupported Kubernetes minor version update from 1.32 to 1.32"),
        ("1.31", "Unsupported Kubernetes minor version update from 1.32 to 1.31"),
        ("1.34", "Unsupported Kubernetes minor version update from 1.32 to 1.34"),
        ("1.99", "unsupported Kubernetes version"),
    ] {
        assert_eq!(cluster.update_version(to, ids, now).unwrap_err().to_string(), error);
    }
    cluster.update_version("1.33", ids, now).unwrap();
    assert_eq!(cluster.version, "1.33");
    let update = cluster.updates().next_back().unwrap();
    assert_eq!(
        (update.type_name(), update.params()),
        ("VersionUpdate", vec![("Version", "1.33".to_owned())])
    );
}

#[test]
fn a_network_is_changed_or_the_request_is_refused() {
    let mut world = world();
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let mut change = VpcChange {
        endpoint_public_access: Some(true),
        ..VpcChange::default()
    };
    assert_eq!(
        cluster.update_vpc(change.clone(), ids, now).unwrap_err().to_string(),
        "Cluster is already at the desired configuration with endpointPrivateAccess: false , endpointPublicAccess: true, \
         and Public Endpoint Restrictions: [0.0.0.0/0]"
    );
    change.endpoint_private_access = Some(true);
    cluster.update_vpc(change, ids, now).unwrap();
    let update = cluster.updates().next_back().unwrap().clone();
    assert_eq!(update.type_name(), "EndpointAccessUpdate");
    assert_eq!(update.params()[2], ("PublicAccessCidrs", r#"["0.0.0.0/0"]"#.to_owned()));
    let subnets = |names: &[&str]| VpcChange {
        subnet_ids: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..VpcChange::default()
    };
    assert_eq!(
        cluster.update_vpc(subnets(&["a"]), ids, now),
        Err(EksError::TooFewSubnets)
    );
    cluster.update_vpc(subnets(&["a", "b"]), ids, now).unwrap();
    assert_eq!(cluster.updates().next_back().unwrap().type_name(), "VpcConfigUpdate");
    assert!(cluster.settings().vpc.endpoint_private_access);
}

#[test]
fn add_ons_and_associations_are_kept_and_tagged() {
    let mut world = world();
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let names: Vec<&str> = cluster.addons().map(|addon| addon.name.as_str()).collect();
    assert_eq!(names, ["coredns", "kube-proxy", "vpc-cni"]);
    let create = |cluster: &mut super::Cluster, ids: &mut _, name: &str, version: Option<&str>| {
        let spec = AddonChange {
            version: version.map(str::to_owned),
            ..AddonChange::default()
        };
        cluster.create_addon(name, spec, Default::default(), ids, now)
    };
    assert_eq!(create(cluster, ids, "none", None), Err(EksError::UnknownAddon));
    assert_eq!(
        create(cluster, ids, "metrics-server", Some("v9")),
        Err(EksError::UnknownAddon)
    );
    assert_eq!(create(cluster, ids, "coredns", None), Err(EksError::AddonExists));
    let addon = create(cluster, ids, "metrics-server", None).unwrap();
    let to = AddonChange {
        version: Some("v0.7.2-eksbuild.1".to_owned()),
        ..AddonChange::default()
    };
    cluster.update_addon("metrics-server", to, ids, now).unwrap();
    assert_eq!(cluster.addon("metrics-server").unwrap().version, "v0.7.2-eksbuild.1");
    assert_eq!(cluster.updates().next_back().unwrap().addon(), Some("metrics-server"));

    let spec = AssociationChange {
        role_arn: Some(NODE_ROLE.to_owned()),
        ..AssociationChange::default()
    };
    let associate = |cluster: &mut super::Cluster, ids: &mut _| {
        let (namespace, account) = ("default".to_owned(), "app".to_owned());
        cluster.create_pod_identity_association(namespace, account, spec.clone(), Default::default(), ids, now)
    };
    let association = associate(cluster, ids).unwrap();
    assert_eq!(
        associate(cluster, ids),
        Err(EksError::AssociationExists {
            id: association.id.clone()
        })
    );

    let nodegroup = cluster.nodegroup("workers").unwrap().arn.clone();
    for arn in [cluster.arn(), addon.arn.clone(), association.arn.clone(), nodegroup] {
        cluster
            .change_tags(&arn, |tags| {
                tags.insert("a".to_owned(), "b".to_owned());
            })
            .unwrap();
        assert_eq!(json!(cluster.tags_of(&arn)), json!({"a": "b"}), "{arn}");
        let many = |tags: &mut std::collections::BTreeMap<_, _>| {
            tags.extend((0..50).map(|at| (at.to_string(), String::new())));
        };
        assert_eq!(cluster.change_tags(&arn, many), Err(EksError::TooManyTags));
        assert_eq!(json!(cluster.tags_of(&arn)), json!({"a": "b"}), "{arn}");
    }
    assert_eq!(cluster.tags_of("arn:aws:eks:us-west-2:111122223333:cluster/none"), None);
    cluster.delete_addon("metrics-server").unwrap();
    assert!(cluster.addon("metrics-server").is_err());
    cluster.delete_pod_identity_association(&association.id).unwrap();
    assert!(cluster.pod_identity_association(&association.id).is_err());
}

#[test]
fn a_changed_node_group_has_other_nodes_labels_and_taints() {
    let mut world = world();
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let now = Timestamp::from_unix_seconds(1_795_481_097);
    let node_labels = |cluster: &Cluster| -> Vec<Value> {
        let nodes = cluster.objects().list("nodes", None);
        nodes
            .map(|(_, node)| node["metadata"]["labels"]["team"].clone())
            .collect()
    };
    let taint = Taint {
        effect: "NO_SCHEDULE".to_owned(),
        value: None,
        key: "gpu".to_owned(),
    };
    let change = NodegroupChange {
        labels_to_add: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
        taints_to_add: vec![taint.clone()],
        scaling: BTreeMap::from([("desiredSize".to_owned(), 4), ("maxSize".to_owned(), 5)]),
        ..NodegroupChange::default()
    };
    cluster.update_nodegroup("workers", change, ids, now).unwrap();
    assert_eq!(node_labels(cluster), vec![json!("a"); 4]);
    assert_eq!(cluster.instances.len(), 4);
    let (_, node) = cluster.objects().list("nodes", None).next().unwrap();
    assert_eq!(node["spec"]["taints"], json!([{"key": "gpu", "effect": "NoSchedule"}]));
    assert_eq!(cluster.nodegroup("workers").unwrap().modified, Some(now));
    let update = cluster.updates().next_back().unwrap();
    assert_eq!(
        (update.nodegroup(), update.type_name()),
        (Some("workers"), "ConfigUpdate")
    );
    assert_eq!(
        update.params(),
        [
            ("LabelsToAdd", r#"{"team":"a"}"#.to_owned()),
            ("TaintsToAdd", r#"[{"effect":"NO_SCHEDULE","key":"gpu"}]"#.to_owned()),
            ("MaxSize", "5".to_owned()),
            ("DesiredSize", "4".to_owned()),
        ]
    );
    let change = NodegroupChange {
        labels_to_remove: vec!["team".to_owned()],
        taints_to_remove: vec![taint],
        scaling: BTreeMap::from([("desiredSize".to_owned(), 1)]),
        ..NodegroupChange::default()
    };
    cluster.update_nodegroup("workers", change, ids, now).unwrap();
    assert_eq!(node_labels(cluster), [Value::Null]);
    assert_eq!(cluster.instances.len(), 1);
    let (_, node) = cluster.objects().list("nodes", None).next().unwrap();
    assert_eq!(node["spec"].get("taints"), None);
    let mut refusal = |change| {
        let refused = cluster.update_nodegroup("workers", change, ids, now);
        refused.unwrap_err().to_string()
    };
    let scaled = |member: &str, size| NodegroupChange {
        scaling: BTreeMap::from([(member.to_owned(), size)]),
        ..NodegroupChange::default()
    };
    assert_eq!(
        refusal(scaled("minSize", 3)),
        "Minimum capacity 3 can't be greater than desired size 1"
    );
    assert_eq!(
        refusal(scaled("desiredSize", 9)),
        "desired capacity 9 can't be greater than max size 5"
    );
    assert_eq!(
        refusal(NodegroupChange {
            labels_to_add: BTreeMap::from([("node.kubernetes.io/a".to_owned(), String::new())]),
            ..NodegroupChange::default()
        }),
        "Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/, eks.amazonaws.com/]"
    );
    assert_eq!(
        refusal(NodegroupChange::default()),
        "No changes needed for the node group config provided"
    );
    assert!(
        cluster
            .update_nodegroup("x", NodegroupChange::default(), ids, now)
            .is_err()
    );
}

#[test]
fn new_nodes_have_addresses_and_zones_of_their_subnets() {
    let mut world = made(request(AuthenticationMode::Api));
    let now = Timestamp::UNIX_EPOCH;
    let (cluster, directory, ids) = world.cluster_and_directory_mut("two").unwrap();
    let subnets = cluster.subnets();
    let third = "subnet-0123456789abcdef0".to_owned();
    for (name, named) in [("a", subnets[1].id.clone()), ("b", third.clone())] {
        let spec = NewNodegroup {
            name: name.to_owned(),
            node_role: NODE_ROLE.to_owned(),
            subnets: vec![named],
            others: scaling(2),
            ..NewNodegroup::default()
        };
        cluster.create_nodegroup(spec, directory, ids, now).unwrap();
    }
    let known: Vec<String> = cluster.subnets().into_iter().map(|subnet| subnet.id).collect();
    assert_eq!(known, [subnets[0].id.clone(), subnets[1].id.clone(), third]);
    let names: Vec<&str> = cluster.instances.values().map(String::as_str).collect();
    for ip in ["192-168-64-10", "192-168-64-11", "192-168-128-10", "192-168-128-11"] {
        let name = format!("ip-{ip}.us-west-2.compute.internal");
        assert!(names.contains(&&*name), "{name}: {names:?}");
    }
    // A subnet keeps its addresses when it is named no more.
    cluster.delete_nodegroup("a").unwrap();
    let change = VpcChange {
        subnet_ids: Some(vec!["subnet-8".to_owned(), "subnet-9".to_owned()]),
        ..VpcChange::default()
    };
    let before = cluster.subnets();
    cluster.update_vpc(change, ids, now).unwrap();
    assert_eq!(cluster.subnets()[..3], before);
    assert_eq!(cluster.subnets().len(), 5);
}

#[test]
fn labels_and_taints_that_no_node_can_have_are_refused() {
    let mut world = world();
    let (cluster, ids) = world.cluster_mut("my-cluster").unwrap();
    let before = cluster.nodegroup("workers").unwrap().clone();
    let taint = |key: &str, effect: &str| NodegroupChange {
        taints_to_add: vec![Taint {
            effect: effect.to_owned(),
            value: None,
            key: key.to_owned(),
        }],
        ..NodegroupChange::default()
    };
    let labels = |keys: Vec<String>| NodegroupChange {
        labels_to_add: keys.into_iter().map(|key| (key, "a".to_owned())).collect(),
        ..NodegroupChange::default()
    };
    for change in [
        taint("", "NO_SCHEDULE"),
        taint("a", "BOGUS"),
        labels(vec!["bad key!!\n".to_owned()]),
        labels(vec!["a".repeat(64)]),
        labels((0..51).map(|at| format!("a{at}")).collect()),
    ] {
        let refused = cluster.update_nodegroup("workers", change, ids, Timestamp::UNIX_EPOCH);
        assert_eq!(refused.unwrap_err().kind(), EksErrorKind::InvalidParameter);
    }
    assert_eq!(*cluster.nodegroup("workers").unwrap(), before);
}
