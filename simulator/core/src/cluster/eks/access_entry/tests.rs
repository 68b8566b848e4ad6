//! Each refusal in its place, the life of an entry, and the indices.

use proptest::prelude::*;

use super::*;
use crate::cluster::eks::error::EksErrorKind;
use crate::scenario;
use crate::world::World;

const WORLD: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: alice
          path: /team/
        - name: gone
          deleted: true
      roles:
        - name: dev
          path: /ops/
        - name: node
        - name: plain
    - id: "444455556666"
      roles:
        - name: other
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      authentication_mode: API_AND_CONFIG_MAP
    - name: old
      region: us-west-2
      account: "111122223333"
      creator: user/creator
  profiles:
    - {name: default, user: alice}
"#;

const ALICE: &str = "arn:aws:iam::111122223333:user/team/alice";
const CREATOR: &str = "arn:aws:iam::111122223333:user/creator";
const DEV: &str = "arn:aws:iam::111122223333:role/ops/dev";
const NODE: &str = "arn:aws:iam::111122223333:role/node";
const OTHER: &str = "arn:aws:iam::444455556666:role/other";
const VIEW: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
const EDIT: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_795_481_097 + seconds)
}

fn world() -> World {
    scenario::stage(WORLD, at(0)).unwrap().world
}

fn spec(principal_arn: &str) -> NewAccessEntry {
    NewAccessEntry {
        principal_arn: principal_arn.to_owned(),
        ..NewAccessEntry::default()
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn create(world: &mut World, cluster: &str, spec: NewAccessEntry) -> Result<Arc<AccessEntry>, EksError> {
    let (cluster, directory, ids) = world.cluster_and_directory_mut(cluster).unwrap();
    cluster.create_access_entry(spec, directory, ids, at(0))
}

fn cluster<'a>(world: &'a mut World, name: &str) -> &'a mut Cluster {
    world.cluster_mut(name).unwrap().0
}

#[track_caller]
fn refused(spec: NewAccessEntry, kind: EksErrorKind, message: &str) {
    let mut world = world();
    let error = create(&mut world, "my-cluster", spec).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    assert_eq!(cluster(&mut world, "my-cluster").access_entries().len(), 1);
}

#[test]
fn principals_that_cannot_have_an_entry() {
    for arn in [
        "arn:aws:iam::111122223333:role/nobody",
        "arn:aws:iam::111122223333:user/gone",
        // The path is missing, wrong, or of another case.
        "arn:aws:iam::111122223333:role/dev",
        "arn:aws:iam::111122223333:role/other/dev",
        "arn:aws:iam::111122223333:role/ops/DEV",
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::999900001111:role/plain",
        "arn:aws-cn:iam::111122223333:role/node",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:sts::111122223333:assumed-role/node/s",
        "arn:aws:sts::111122223333:federated-user/f",
        "node",
        "",
    ] {
        refused(
            spec(arn),
            EksErrorKind::InvalidParameter,
            "The specified principalArn is invalid: invalid principal.",
        );
    }
    refused(
        spec("arn:aws:iam::111122223333:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
        EksErrorKind::InvalidParameter,
        "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
    );
}

#[test]
fn reserved_prefixes_are_refused_and_no_others() {
    for prefix in ["system:", "eks:", "aws:", "amazon:", "iam:"] {
        refused(
            NewAccessEntry {
                username: Some(format!("{prefix}x")),
                ..spec(NODE)
            },
            EksErrorKind::InvalidParameter,
            &format!("The username must not begin with {prefix}"),
        );
        refused(
            NewAccessEntry {
                groups: vec!["good".to_owned(), format!("{prefix}masters")],
                ..spec(NODE)
            },
            EksErrorKind::InvalidParameter,
            &format!("The kubernetes group name {prefix}masters is invalid, it cannot start with {prefix}"),
        );
    }
    for name in ["sts:x", "x-system:y", "systems", "arn:aws:iam::1:role/r", "System:x"] {
        let good = NewAccessEntry {
            username: Some(name.to_owned()),
            groups: texts(&[name]),
            ..spec(NODE)
        };
        let entry = create(&mut world(), "my-cluster", good).unwrap();
        assert_eq!(
            (entry.username.as_str(), &entry.groups[..]),
            (name, &texts(&[name])[..])
        );
    }
}

#[test]
fn node_types_take_no_names_and_only_roles_of_the_account() {
    for entry_type in EntryType::ALL {
        if entry_type == EntryType::Standard {
            continue;
        }
        let name = entry_type.as_str();
        let node = |arn: &str| NewAccessEntry {
            entry_type,
            ..spec(arn)
        };
        refused(
            NewAccessEntry {
                username: Some("me".to_owned()),
                ..node(NODE)
            },
            EksErrorKind::InvalidParameter,
            &format!("The specified username is invalid: setting username is not allowed when the type is \"{name}\""),
        );
        refused(
            NewAccessEntry {
                groups: texts(&["g"]),
                ..node(NODE)
            },
            EksErrorKind::InvalidParameter,
            &format!(
                "The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed when the type is \"{name}\""
            ),
        );
        if entry_type == EntryType::HyperpodLinux {
            continue;
        }
        refused(
            node(ALICE),
            EksErrorKind::InvalidParameter,
            "AccessEntry principalArn must be IAM role when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]",
        );
        refused(
            node(OTHER),
            EksErrorKind::InvalidParameter,
            "AccessEntry principalArn must be from the same account as the cluster when using types [EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]",
        );
    }
    assert!(create(&mut world(), "my-cluster", spec(OTHER)).is_ok());
    assert_eq!(
        EntryType::parse("STANDART").unwrap_err().to_string(),
        "The specified type is invalid: STANDART"
    );
}

#[test]
fn a_session_name_wants_a_colon_before_it() {
    for (username, good) in [
        ("john{{SessionName}}", false),
        ("{{SessionName}}:x", false),
        ("john{{SessionNameRaw}}", false),
        ("a{{SessionNameRaw}}:{{SessionName}}", false),
        (":john{{SessionName}}", true),
        ("jo:hn{{SessionName}}", true),
        ("jo:hn{{SessionNameRaw}}", true),
        ("john{{AccountID}}", true),
        ("john", true),
    ] {
        let spec = NewAccessEntry {
            username: Some(username.to_owned()),
            ..spec(NODE)
        };
        let result = spec.check_shape();
        assert_eq!(result.is_ok(), good, "{username}: {result:?}");
    }
    assert_eq!(
        EksError::SessionNameWithoutColon.to_string(),
        "The specified username is invalid: it must contain a colon before {{SessionName}}"
    );
}

#[test]
fn of_several_faults_the_first_in_order_is_reported() {
    let worst = NewAccessEntry {
        principal_arn: OTHER.replace("role/other", "user/x"),
        entry_type: EntryType::Ec2Linux,
        username: Some("system:{{SessionName}}".to_owned()),
        groups: texts(&["iam:x"]),
        tags: (0..51).map(|n| (n.to_string(), String::new())).collect(),
    };
    let mut world = world();
    let mut spec = NewAccessEntry {
        principal_arn: "arn:aws:iam::1:role/aws-service-role/x".to_owned(),
        ..worst
    };
    let mut step = |change: &dyn Fn(&mut NewAccessEntry), wanted: EksError| {
        assert_eq!(create(&mut world, "my-cluster", spec.clone()).unwrap_err(), wanted);
        change(&mut spec);
    };
    let entry_type = EntryType::Ec2Linux;
    step(
        &|spec| spec.principal_arn = OTHER.replace("role/other", "user/x"),
        EksError::ServiceLinkedRole,
    );
    step(
        &|spec| spec.username = Some("x{{SessionName}}".to_owned()),
        EksError::UsernamePrefix { prefix: "system:" },
    );
    step(
        &|spec| spec.groups = texts(&["x"]),
        EksError::GroupPrefix {
            group: "iam:x".to_owned(),
            prefix: "iam:",
        },
    );
    step(
        &|spec| spec.username = None,
        EksError::UsernameNotAllowed { entry_type },
    );
    step(&|spec| spec.groups.clear(), EksError::GroupsNotAllowed { entry_type });
    step(
        &|spec| spec.principal_arn = "arn:aws:iam::444455556666:role/nobody".to_owned(),
        EksError::PrincipalNotRole,
    );
    step(&|spec| spec.tags.clear(), EksError::TooManyTags);
    step(
        &|spec| spec.principal_arn = "arn:aws:iam::111122223333:role/nobody".to_owned(),
        EksError::PrincipalInOtherAccount,
    );
    step(&|spec| spec.principal_arn = NODE.to_owned(), EksError::InvalidPrincipal);
    let made = create(&mut world, "my-cluster", spec.clone()).unwrap();
    assert_eq!(made.entry_type, entry_type);
    assert_eq!(
        create(&mut world, "my-cluster", spec).unwrap_err().to_string(),
        "The specified access entry resource is already in use on this cluster."
    );
    // The shape comes before the mode of the cluster, that before the principal.
    let bad = NewAccessEntry {
        username: Some("eks:x".to_owned()),
        ..self::spec(NODE)
    };
    assert_eq!(
        create(&mut world, "old", bad).unwrap_err(),
        EksError::UsernamePrefix { prefix: "eks:" }
    );
    let absent = self::spec("arn:aws:iam::111122223333:role/nobody");
    assert_eq!(
        create(&mut world, "old", absent).unwrap_err(),
        EksError::ModeWithoutAccessEntries
    );
}

#[test]
fn each_type_has_its_names() {
    let mut world = world();
    for (arn, entry_type, username, groups) in [
        (ALICE, EntryType::Standard, ALICE, vec![]),
        (
            DEV,
            EntryType::Standard,
            "arn:aws:sts::111122223333:assumed-role/dev/{{SessionName}}",
            vec![],
        ),
        (
            NODE,
            EntryType::Ec2Linux,
            "system:node:{{EC2PrivateDNSName}}",
            vec!["system:nodes"],
        ),
        (
            NODE,
            EntryType::Ec2Windows,
            "system:node:{{EC2PrivateDNSName}}",
            vec!["system:nodes", "eks:kube-proxy-windows"],
        ),
        (
            NODE,
            EntryType::FargateLinux,
            "system:node:{{SessionName}}",
            vec!["system:bootstrappers", "system:nodes", "system:node-proxier"],
        ),
        (
            NODE,
            EntryType::HybridLinux,
            "system:node:{{SessionName}}",
            vec!["system:nodes"],
        ),
        (
            NODE,
            EntryType::Ec2,
            "system:node:{{EC2PrivateDNSName}}",
            vec!["system:nodes"],
        ),
    ] {
        let spec = NewAccessEntry {
            entry_type,
            username: Some(String::new()),
            ..spec(arn)
        };
        let entry = create(&mut world, "my-cluster", spec).unwrap();
        assert_eq!(
            (entry.username.as_str(), entry.groups.as_slice()),
            (username, &texts(&groups)[..])
        );
        let (kind, name) = match arn {
            ALICE => ("user", "alice"),
            DEV => ("role", "dev"),
            _ => ("role", "node"),
        };
        let head = format!("arn:aws:eks:us-west-2:111122223333:access-entry/my-cluster/{kind}/111122223333/{name}/");
        assert_eq!(entry.arn.strip_prefix(&head).map(str::len), Some(36), "{}", entry.arn);
        cluster(&mut world, "my-cluster").delete_access_entry(arn).unwrap();
    }
}

#[test]
fn entries_are_described_changed_and_deleted() {
    let mut world = world();
    create(&mut world, "my-cluster", spec(DEV)).unwrap();
    let node = NewAccessEntry {
        entry_type: EntryType::Ec2Linux,
        ..spec(NODE)
    };
    create(&mut world, "my-cluster", node).unwrap();
    let cluster = cluster(&mut world, "my-cluster");
    let arns: Vec<&str> = cluster
        .list_access_entries(None)
        .unwrap()
        .iter()
        .map(|entry| entry.principal_arn.as_str())
        .collect();
    assert_eq!(arns, [NODE, DEV, CREATOR]);
    let change = |username: Option<&str>, groups: Option<&[&str]>| AccessEntryChange {
        username: username.map(str::to_owned),
        groups: groups.map(texts),
    };
    let changed = cluster
        .update_access_entry(DEV, change(Some("me"), None), at(5))
        .unwrap();
    assert_eq!(
        (changed.username.as_str(), changed.created, changed.modified),
        ("me", at(0), at(5))
    );
    let changed = cluster
        .update_access_entry(DEV, change(None, Some(&["g"])), at(6))
        .unwrap();
    assert_eq!(
        (changed.username.as_str(), &changed.groups[..]),
        ("me", &texts(&["g"])[..])
    );
    let changed = cluster
        .update_access_entry(DEV, change(None, Some(&[])), at(7))
        .unwrap();
    assert!(changed.groups.is_empty());
    for (arn, change, message) in [
        (
            DEV,
            change(Some("system:x"), None),
            "The username must not begin with system:",
        ),
        (
            DEV,
            change(None, Some(&["system:masters"])),
            "The kubernetes group name system:masters is invalid, it cannot start with system:",
        ),
        (
            NODE,
            change(Some("x"), None),
            "This operation can only be performed on Access Entries with a type of \"STANDARD\".",
        ),
        (
            ALICE,
            change(Some("x"), None),
            "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
        ),
    ] {
        let error = cluster.update_access_entry(arn, change, at(8)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    cluster.delete_access_entry(DEV).unwrap();
    for error in [
        cluster.delete_access_entry(DEV).unwrap_err(),
        cluster.access_entry(DEV).unwrap_err(),
        cluster.disassociate_access_policy(DEV, VIEW).unwrap_err(),
        cluster
            .associate_access_policy(DEV, VIEW, AccessScope::Cluster, at(0))
            .unwrap_err(),
    ] {
        assert_eq!(
            (error.kind(), &error),
            (EksErrorKind::ResourceNotFound, &EksError::NoAccessEntry)
        );
    }
}

#[test]
fn policies_are_associated_rescoped_and_disassociated() {
    let mut world = world();
    create(&mut world, "my-cluster", spec(DEV)).unwrap();
    let node = NewAccessEntry {
        entry_type: EntryType::Ec2Linux,
        ..spec(NODE)
    };
    create(&mut world, "my-cluster", node).unwrap();
    let cluster = cluster(&mut world, "my-cluster");
    let namespaces = AccessScope::new("namespace", texts(&["dev"])).unwrap();
    cluster
        .associate_access_policy(DEV, VIEW, AccessScope::Cluster, at(1))
        .unwrap();
    cluster
        .associate_access_policy(DEV, EDIT, AccessScope::Cluster, at(2))
        .unwrap();
    let again = cluster
        .associate_access_policy(DEV, VIEW, namespaces.clone(), at(3))
        .unwrap();
    assert_eq!(
        (again.associated, again.modified, &again.scope),
        (at(1), at(3), &namespaces)
    );
    let names = |cluster: &Cluster| -> Vec<&str> {
        let entry = cluster.access_entry(DEV).unwrap();
        entry.policies.iter().map(|associated| associated.policy.name).collect()
    };
    assert_eq!(names(cluster), ["AmazonEKSEditPolicy", "AmazonEKSViewPolicy"]);
    assert_eq!(cluster.list_access_entries(Some(VIEW)).unwrap().len(), 1);
    cluster.disassociate_access_policy(DEV, EDIT).unwrap();
    assert_eq!(names(cluster), ["AmazonEKSViewPolicy"]);
    assert_eq!(
        cluster.disassociate_access_policy(DEV, EDIT).unwrap_err(),
        EksError::PolicyNotAssociated
    );
    for (arn, policy, wanted) in [
        (DEV, "AmazonEKSViewPolicy", EksError::PolicyArnFormat),
        (
            DEV,
            "arn:aws:iam::aws:policy/AdministratorAccess",
            EksError::PolicyArnFormat,
        ),
        (
            DEV,
            "arn:aws:eks::aws:cluster-access-policy/",
            EksError::PolicyArnFormat,
        ),
        (
            DEV,
            "arn:aws:eks::aws:cluster-access-policy/AmazonEKSNoPolicy",
            EksError::PolicyNotFound,
        ),
        (
            DEV,
            "arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            EksError::PolicyNotFound,
        ),
        (NODE, VIEW, EksError::NotStandard),
        (ALICE, VIEW, EksError::NoAccessEntry),
    ] {
        let error = cluster.associate_access_policy(arn, policy, AccessScope::Cluster, at(4));
        assert_eq!(error.unwrap_err(), wanted, "{arn} {policy}");
    }
}

#[test]
fn a_scope_has_namespaces_if_it_is_one_of_namespaces() {
    for (kind, namespaces, wanted) in [
        ("cluster", vec![], Ok(AccessScope::Cluster)),
        (
            "cluster",
            texts(&["x"]),
            Err("accessScope should not include namespaces if the type is not set as namespace"),
        ),
        (
            "namespace",
            vec![],
            Err("At least 1 namespace must be provided if the type is set as namespace"),
        ),
        ("namespace", texts(&["x"]), Ok(AccessScope::Namespaces(texts(&["x"])))),
        ("all", vec![], Err("The accessScope type is invalid: all")),
    ] {
        let got = AccessScope::new(kind, namespaces).map_err(|error| error.to_string());
        assert_eq!(
            got.as_ref().map_err(String::as_str),
            wanted.as_ref().map_err(|text| *text)
        );
    }
}

#[test]
fn a_cluster_of_mode_config_map_has_no_entries() {
    let mut world = world();
    let cluster = cluster(&mut world, "old");
    for error in [
        cluster.list_access_entries(None).unwrap_err(),
        cluster.access_entry(NODE).unwrap_err(),
        cluster.delete_access_entry(NODE).unwrap_err(),
        cluster
            .update_access_entry(NODE, AccessEntryChange::default(), at(0))
            .unwrap_err(),
        cluster
            .associate_access_policy(NODE, VIEW, AccessScope::Cluster, at(0))
            .unwrap_err(),
        cluster.disassociate_access_policy(NODE, VIEW).unwrap_err(),
    ] {
        assert_eq!(error.kind(), EksErrorKind::InvalidRequest);
        assert_eq!(
            error.to_string(),
            "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
        );
    }
}

#[test]
fn modes_change_in_one_direction_one_step_at_a_time() {
    for from in AuthenticationMode::ALL {
        for to in AuthenticationMode::ALL {
            let mut world = world();
            let (cluster, directory, ids) = world.cluster_and_directory_mut("old").unwrap();
            let config = AccessConfig {
                authentication_mode: from,
                bootstrap_creator_admin: true,
            };
            cluster.begin_access(config, None, ids, at(0)).unwrap();
            let good = matches!(
                (from, to),
                (AuthenticationMode::ConfigMap, AuthenticationMode::ApiAndConfigMap)
                    | (AuthenticationMode::ApiAndConfigMap, AuthenticationMode::Api)
            );
            let result = cluster.update_authentication_mode(to, directory, ids, at(1));
            if good {
                result.unwrap();
                assert_eq!(cluster.authentication_mode(), to);
                let update = cluster.updates().next().unwrap();
                assert_eq!(update.params(), [("AuthenticationMode", to.as_str().to_owned())]);
            } else {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), EksErrorKind::InvalidParameter);
                assert_eq!(
                    error.to_string(),
                    format!(
                        "Unsupported authentication mode update from {} to {}",
                        from.as_str(),
                        to.as_str()
                    )
                );
                assert_eq!((cluster.authentication_mode(), cluster.updates().count()), (from, 0));
            }
        }
    }
}

#[test]
fn the_creator_has_an_entry_where_entries_are_in_use() {
    let mut world = world();
    let policies = |cluster: &Cluster| -> Vec<(&str, AccessScope)> {
        let entry = cluster.access_entry(CREATOR).unwrap();
        let policies = entry.policies.iter();
        policies
            .map(|associated| (associated.policy.name, associated.scope.clone()))
            .collect()
    };
    let wanted = [("AmazonEKSClusterAdminPolicy", AccessScope::Cluster)];
    assert_eq!(policies(cluster(&mut world, "my-cluster")), wanted);
    let (old, directory, ids) = world.cluster_and_directory_mut("old").unwrap();
    old.update_authentication_mode(AuthenticationMode::ApiAndConfigMap, directory, ids, at(1))
        .unwrap();
    assert_eq!(policies(old), wanted);
    let entry = old.access_entry(CREATOR).unwrap();
    assert_eq!((entry.username.as_str(), entry.groups.len()), (CREATOR, 0));
    old.delete_access_entry(CREATOR).unwrap();
    assert!(old.access_entries().is_empty());

    let config = |authentication_mode| AccessConfig {
        authentication_mode,
        bootstrap_creator_admin: false,
    };
    assert!(config(AuthenticationMode::Api).check().is_ok());
    assert_eq!(
        config(AuthenticationMode::ConfigMap).check().unwrap_err().to_string(),
        "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP"
    );
}

#[test]
fn namespaces_are_named_with_stars() {
    for (pattern, namespace, wanted) in [
        ("dev", "dev", true),
        ("dev", "dev-1", false),
        ("dev-*", "dev-1", true),
        ("dev-*", "dev-", true),
        ("dev-*", "dev", false),
        ("*-dev", "a-dev", true),
        ("*", "anything", true),
        ("a*b*c", "axbyc", true),
        ("a*b*c", "acb", false),
        ("a*a", "a", false),
        ("Dev", "dev", false),
    ] {
        assert_eq!(wildcard::matches(pattern, namespace), wanted, "{pattern} {namespace}");
    }
}

/// One step in the life of a cluster's entries.
#[derive(Clone, Debug)]
enum Step {
    Insert(usize, usize),
    Remove(usize),
}

fn arn(n: usize) -> String {
    format!("arn:aws:iam::111122223333:role/p/r{n}")
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // An id belongs to one principal for all time: its number times ten, plus its generation.
    let step = prop_oneof![
        (0_usize..6, 0_usize..3).prop_map(|(n, generation)| Step::Insert(n, n * 10 + generation)),
        (0_usize..6).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_index_finds_what_a_walk_finds(steps in steps()) {
        let mut world = world();
        let (cluster, _, ids) = world.cluster_and_directory_mut("my-cluster").unwrap();
        for step in steps {
            match step {
                Step::Insert(n, id) => {
                    let _ = cluster.create_access_entry_for(format!("AROA{id}"), spec(&arn(n)), ids, at(0));
                }
                Step::Remove(n) => {
                    let _ = cluster.delete_access_entry(&arn(n));
                }
            }
            let entries = cluster.access_entries();
            for n in 0..6 {
                for generation in 0..3 {
                    let (id, canonical) = (format!("AROA{}", n * 10 + generation), format!("arn:aws:iam::111122223333:role/R{n}"));
                    let walked = entries
                        .iter()
                        .find(|entry| entry.principal_id == id && entry.canonical_arn().eq_ignore_ascii_case(&canonical));
                    let found = match entries.find(&id, &canonical) {
                        EntryMatch::Found(entry) => Some(entry),
                        EntryMatch::Missing | EntryMatch::OtherArn(_) => None,
                    };
                    prop_assert_eq!(found.map(|entry| &entry.arn), walked.map(|entry| &entry.arn));
                }
            }
        }
    }

    #[test]
    fn a_canonical_arn_is_its_own(path in "(/[a-z]{1,3}){0,3}/", name in "[a-zA-Z]{1,5}") {
        let role = canonical(&format!("arn:aws:iam::111122223333:role{path}{name}"));
        prop_assert_eq!(&role, &format!("arn:aws:iam::111122223333:role/{name}"));
        prop_assert_eq!(&canonical(&role), &role);
        let user = format!("arn:aws:iam::111122223333:user{path}{name}");
        prop_assert_eq!(canonical(&user), user);
    }

    #[test]
    fn no_text_makes_the_checks_panic(arn in ".{0,40}", username in ".{0,20}", group in ".{0,20}") {
        let spec = NewAccessEntry { principal_arn: arn.clone(), username: Some(username), groups: vec![group], ..NewAccessEntry::default() };
        let _ = spec.check_shape();
        let _ = policy_name(&arn);
        let _ = wildcard::matches(&arn, "default");
    }
}
