use super::*;

#[track_caller]
fn refused(text: &str, line: u64, message: &str) {
    let error = stage(text, Timestamp::UNIX_EPOCH).unwrap_err();
    assert_eq!(error.line, line, "{error}");
    assert!(error.message.contains(message), "{error}");
}

fn article_with(from: &str, to: &str) -> (String, u64) {
    assert!(ARTICLE_WORLD.contains(from));
    let text = ARTICLE_WORLD.replacen(from, to, 1);
    let changed = to.lines().next().unwrap();
    let line = text.lines().position(|line| line.contains(changed)).unwrap() + 1;
    (text, line as u64)
}

#[test]
fn what_is_unknown_or_inconsistent_is_refused_where_it_stands() {
    for (from, to, message) in [
        (
            "creator: user/creator",
            "creator: user/nobody",
            "no `user/nobody` in account 111122223333",
        ),
        ("region: us-west-2", "regio: us-west-2", "regio"),
        (
            "account: \"111122223333\"",
            "account: \"444455556666\"",
            "no account `444455556666`",
        ),
        (
            "source_profile: default",
            "source_profile: defualt",
            "no earlier profile `defualt`",
        ),
        (
            "{name: creator, user: creator}",
            "{name: default, user: creator}",
            "two profiles are named `default`",
        ),
        (
            "id: \"111122223333\"",
            "id: \"1111\"",
            "`1111` is not a 12-digit account id",
        ),
        ("user: testuser}", "user: tester}", "no user `tester`"),
        (
            "name: my-cluster\n",
            "name: ../my-cluster\n",
            "`../my-cluster` is no name of a cluster",
        ),
        ("name: my-cluster\n", "name: a/b\n", "`a/b` is no name of a cluster"),
        ("name: my-cluster\n", "name: \"\"\n", "`` is no name of a cluster"),
        (
            "      users:",
            "      disabled_regions: [us-west-2, west]\n      users:",
            "`west` is no region",
        ),
    ] {
        let (text, line) = article_with(from, to);
        refused(&text, line, message);
    }
    refused("world: 7", 1, "");
    refused("wordl: {}", 1, "");
}

#[test]
fn the_articles_world_is_staged_the_same_each_time() {
    let stage = || stage(ARTICLE_WORLD, Timestamp::from_unix_seconds(1_795_481_097)).unwrap();
    let (first, second) = (stage(), stage());
    let key = |staging: &Staging| match &staging.profiles[0].source {
        ProfileSource::AccessKey { id, .. } => id.clone(),
        ProfileSource::AssumeRole { .. } | ProfileSource::Sso { .. } => String::new(),
    };
    assert_eq!(key(&first), key(&second));
    assert!(key(&first).starts_with("AKIA"));
    let cluster = first.world.cluster("my-cluster").unwrap();
    assert_eq!(cluster.aws_auth().users()[0].username, "testuser");
    assert_eq!(cluster.objects().list("pods", None).count(), 6);
    assert_eq!(cluster.objects().list("services", Some("default")).count(), 1);
    let names: Vec<&str> = first.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["default", "creator", "admin-test-role"]);
}

const ENTRIES: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: gone
          path: /team/
          deleted: true
      roles:
        - name: dev
          path: /ops/
        - name: node
    - id: "444455556666"
      roles:
        - name: partner
  clusters:
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
      authentication_mode: API_AND_CONFIG_MAP
      bootstrap_creator_admin: true
      access_entries:
        - principal: role/dev
          username: dev:{{SessionName}}
          groups: [viewers]
          policies:
            - {policy: AmazonEKSViewPolicy}
            - {policy: AmazonEKSEditPolicy, namespaces: [team, dev-*]}
          recreated: true
        - principal: role/node
          type: EC2_LINUX
        - principal: user/gone
        - principal: arn:aws:iam::444455556666:role/partner
  profiles:
    - {name: default, user: creator}
"#;

#[test]
fn access_entries_are_staged() {
    let world = stage(ENTRIES, Timestamp::from_unix_seconds(1_795_481_097))
        .unwrap()
        .world;
    let cluster = world.cluster("my-cluster").unwrap();
    let shown: Vec<String> = cluster
        .access_entries()
        .iter()
        .map(|entry| {
            let policies: Vec<String> = entry
                .policies
                .iter()
                .map(|associated| {
                    let namespaces = associated.scope.namespaces().join(" ");
                    format!("{} in [{namespaces}]", associated.policy.name)
                })
                .collect();
            format!(
                "{} {} {} [{}] {}",
                entry.principal_arn,
                entry.entry_type.as_str(),
                entry.username,
                entry.groups.join(" "),
                policies.join(", ")
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "arn:aws:iam::111122223333:role/node EC2_LINUX system:node:{{EC2PrivateDNSName}} [system:nodes] ",
            "arn:aws:iam::111122223333:role/ops/dev STANDARD dev:{{SessionName}} [viewers] \
             AmazonEKSEditPolicy in [team dev-*], AmazonEKSViewPolicy in []",
            "arn:aws:iam::111122223333:user/creator STANDARD arn:aws:iam::111122223333:user/creator [] \
             AmazonEKSClusterAdminPolicy in []",
            "arn:aws:iam::111122223333:user/team/gone STANDARD arn:aws:iam::111122223333:user/team/gone [] ",
            "arn:aws:iam::444455556666:role/partner STANDARD \
             arn:aws:sts::444455556666:assumed-role/partner/{{SessionName}} [] ",
        ]
    );
    let id = |arn: &str| cluster.access_entries().get(arn).unwrap().principal_id.clone();
    let account = world
        .directory
        .account(&crate::value::arn::AccountId::parse("111122223333").unwrap())
        .unwrap();
    assert_eq!(
        id("arn:aws:iam::111122223333:role/node"),
        account.role("node").unwrap().id
    );
    let dev = id("arn:aws:iam::111122223333:role/ops/dev");
    assert_ne!(dev, account.role("dev").unwrap().id);
    assert!(dev.starts_with("AROA"));
    assert!(id("arn:aws:iam::111122223333:user/team/gone").starts_with("AIDA"));
}

#[test]
fn access_that_is_inconsistent_is_refused_where_it_stands() {
    for (from, to, message) in [
        ("API_AND_CONFIG_MAP", "BOTH", "no authentication mode `BOTH`"),
        (
            "authentication_mode: API_AND_CONFIG_MAP\n      bootstrap_creator_admin: true",
            "bootstrap_creator_admin: false",
            "bootstrapClusterCreatorAdminPermissions must be true",
        ),
        (
            "principal: role/dev",
            "principal: role/nobody",
            "no `role/nobody` in this world",
        ),
        ("principal: role/dev", "principal: dev", "no `dev` in this world"),
        (
            "principal: arn:aws:iam::444455556666:role/partner",
            "principal: arn:aws:iam::111122223333:role/dev",
            "no `arn:aws:iam::111122223333:role/dev` in this world",
        ),
        (
            "principal: user/gone",
            "principal: user/creator",
            "has an access entry already",
        ),
        (
            "principal: user/gone",
            "principal: role/node",
            "`arn:aws:iam::111122223333:role/node` has an access entry already",
        ),
        (
            "type: EC2_LINUX",
            "type: EC2_LINUKS",
            "The specified type is invalid: EC2_LINUKS",
        ),
        (
            "type: EC2_LINUX",
            "type: EC2_LINUX\n          groups: [x]",
            "setting kubernetesGroups is not allowed when the type is \"EC2_LINUX\"",
        ),
        (
            "username: dev:",
            "username: system:",
            "The username must not begin with system:",
        ),
        (
            "groups: [viewers]",
            "groups: [viewers, system:masters]",
            "The kubernetes group name system:masters is invalid",
        ),
        (
            "policy: AmazonEKSViewPolicy",
            "policy: AmazonEKSViewPolicies",
            "no access policy `AmazonEKSViewPolicies`",
        ),
        (
            "policy: AmazonEKSEditPolicy",
            "policy: AmazonEKSViewPolicy, namespaces: [x]}\n            - {policy: AmazonEKSViewPolicy",
            "`AmazonEKSViewPolicy` is there twice",
        ),
        (
            "type: EC2_LINUX",
            "type: EC2_LINUX\n          policies: [{policy: AmazonEKSViewPolicy}]",
            "This operation can only be performed on Access Entries with a type of \"STANDARD\".",
        ),
        ("recreated: true", "recreate: true", "recreate"),
    ] {
        assert!(ENTRIES.contains(from), "{from}");
        let text = ENTRIES.replacen(from, to, 1);
        let error = stage(&text, Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(error.message.contains(message), "{to}: {error}");
        let changed = text
            .lines()
            .zip(ENTRIES.lines())
            .position(|(new, old)| new != old)
            .unwrap() as u64
            + 1;
        assert!((changed..=changed + 1).contains(&error.line), "{to}: {error}");
    }
    let text = ENTRIES.replacen("      authentication_mode: API_AND_CONFIG_MAP\n", "", 1);
    let error = stage(&text, Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(
        error.message.contains("access entries want authentication_mode"),
        "{error}"
    );
}

const TRUST: &str = r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: here
          path: /team/
        - name: gone
          deleted: true
      roles:
        - name: dev
          trusted: [user/here, role/ops, user/gone, user/ghost, "444455556666"]
        - name: ops
          path: /ops/
          trusted: []
        - name: nodes
          trust_policy: '{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}'
  clusters: []
  profiles: []
"#;

#[test]
fn roles_trust_whom_the_world_says() {
    let world = stage(TRUST, Timestamp::UNIX_EPOCH).unwrap().world;
    let account = crate::value::arn::AccountId::parse("111122223333").unwrap();
    let account = world.directory.account(&account).unwrap();
    let shown = |name: &str| -> serde_json::Value {
        let text = world.directory.render_trust_policy(account.role(name).unwrap());
        serde_json::from_str(&text).unwrap()
    };
    let dev = shown("dev");
    let names: Vec<&str> = dev["Statement"][0]["Principal"]["AWS"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 5);
    assert_eq!(
        names[..2],
        [
            "arn:aws:iam::111122223333:user/team/here",
            "arn:aws:iam::111122223333:role/ops/ops"
        ]
    );
    // Those who are not there are shown by the ids that they had.
    for name in &names[2..4] {
        assert!(name.starts_with("AIDA") && name.len() == 21, "{name}");
    }
    assert_eq!(names[4], "444455556666");
    assert_eq!(shown("ops")["Statement"][0]["Effect"], "Deny");
    assert!(
        account
            .role("nodes")
            .unwrap()
            .trust_policy
            .names_service("ec2.amazonaws.com")
    );
}

#[test]
fn trust_in_what_is_no_principal_is_refused_where_it_stands() {
    for (from, to, line, message) in [
        ("role/ops", "ops", 11, "`ops` under trusted is no principal"),
        ("user/ghost", "user/*", 11, "`user/*` under trusted is no principal"),
        (
            r#""Action":"sts:AssumeRole"}"#,
            r#""Action":"*"}"#,
            17,
            "trust_policy: AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            "'{\"Statement\"",
            "'{Statement\"",
            17,
            "trust_policy: This policy contains invalid Json",
        ),
    ] {
        assert!(TRUST.contains(from), "{from}");
        refused(&TRUST.replacen(from, to, 1), line, message);
    }
}

#[test]
fn every_log_is_written_unless_the_world_says_which() {
    for (logging, wanted) in [
        ("", Ok(5)),
        ("      logging: []\n", Ok(0)),
        ("      logging: [audit, authenticator]\n", Ok(2)),
        ("      logging: [kubelet]\n", Err(())),
    ] {
        let text = ENTRIES.replace(
            "      creator: user/creator\n",
            &format!("      creator: user/creator\n{logging}"),
        );
        let staged = stage(&text, Timestamp::UNIX_EPOCH).map_err(|error| {
            assert!(
                error.to_string().contains("no log type `kubelet`: api, audit"),
                "{error}"
            );
        });
        let logs = staged.map(|staging| staging.world.cluster("my-cluster").unwrap().logging().len());
        assert_eq!(logs, wanted);
    }
}

const CENTER: &str = "    - {name: sso, sso: {account: \"111122223333\", permission_set: Admin}}
  identity_center:
    region: us-west-2
    users: [{name: jane}]
    permission_sets: [{name: Admin}]
    assignments: [{user: jane, account: \"111122223333\", permission_set: Admin}]
";

#[test]
fn a_permission_set_is_a_role_of_its_account() {
    let text = format!("{}{CENTER}", ARTICLE_WORLD.trim_end().to_owned() + "\n");
    let staging = stage(&text, Timestamp::UNIX_EPOCH).unwrap();
    let center = staging.world.identity_center.unwrap();
    let account = staging.world.directory.accounts().next().unwrap();
    let role = account.role(&center.assignments[0].role_name).unwrap();
    assert_eq!(role.path, "/aws-reserved/sso.amazonaws.com/us-west-2/");
    assert!(role.name.starts_with("AWSReservedSSO_Admin_"), "{}", role.name);
    assert!(matches!(
        staging.profiles.last().map(|profile| &profile.source),
        Some(ProfileSource::Sso { .. })
    ));
    for (from, to, message) in [
        ("users: [{name: jane}]", "users: [{name: j/}]", "2 to 64 letters"),
        ("users: [{name: jane}]", "users: [{name: joe}]", "no user `jane`"),
        (
            "sets: [{name: Admin}]",
            "sets: [{name: Other}]",
            "no permission set `Admin`",
        ),
        (
            "sets: [{name: Admin}]",
            "sets: [{name: Admin, suffix: x}]",
            "16 hexadecimal",
        ),
        (
            "region: us-west-2\n    users",
            "region: west\n    users",
            "`west` is no region",
        ),
        (
            "permission_set: Admin}}",
            "permission_set: Other}}",
            "nobody is assigned permission set `Other`",
        ),
        (
            "{name: sso, sso",
            "{name: sso, user: testuser, sso",
            "one of `user`, `role`, `root`, `instance_identity` and `sso`",
        ),
        (
            "{name: sso, sso",
            "{name: ec2, instance_identity: i-1}\n    - {name: sso, sso",
            "`i-1` is no instance",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = stage(&text.replacen(from, to, 1), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(error.message.contains(message) && error.line > 0, "{error}");
    }
}

const GRANTS: &str = r#"
world:
  accounts:
    - id: "111122223333"
      groups: [{name: devs, policies: [ReadOnlyAccess]}]
      users:
        - name: nobody
          policies: []
        - name: member
          groups: [devs]
          policies: [IAMReadOnlyAccess]
          mfa_seed: GEZDGNBV
          tags: {team: sdk}
        - name: gone
          deleted: true
      roles:
        - name: admin
          max_session_duration: 7200
        - service_linked: eks.amazonaws.com
        - name: former
          deleted: true
  clusters: []
  profiles: []
"#;

#[test]
fn principals_may_what_the_world_says_or_everything() {
    let world = stage(GRANTS, Timestamp::UNIX_EPOCH).unwrap().world;
    let account = crate::value::arn::AccountId::parse("111122223333").unwrap();
    let attached = |holder| -> Vec<String> {
        let policies = world.directory.policies(&account, holder).unwrap();
        policies
            .attached()
            .map(|arn| arn.rsplit('/').next().unwrap().to_owned())
            .collect()
    };
    use crate::aws::iam::Holder;
    assert_eq!(attached(Holder::user("nobody")), Vec::<String>::new());
    assert_eq!(attached(Holder::user("member")), ["IAMReadOnlyAccess"]);
    assert_eq!(attached(Holder::role("admin")), ["AdministratorAccess"]);
    let service_role = Holder::role("AWSServiceRoleForAmazonEKS");
    assert_eq!(attached(service_role), ["AmazonEKSServiceRolePolicy"]);
    let member = world.directory.find_user(&account, "member").unwrap();
    assert_eq!(world.directory.groups_of(&account, member).count(), 1);
    assert_eq!(world.directory.mfa_devices_of(&account, member).count(), 1);
    assert!(world.directory.find_user(&account, "gone").is_err());
    let role = world.directory.account(&account).unwrap().role("admin").unwrap();
    assert_eq!(role.max_session_duration, 7200);
    assert!(world.directory.account(&account).unwrap().role("former").is_none());
    for (from, to, line, message) in [
        ("[IAMReadOnlyAccess]", "[None]", 11, "no managed policy `None`"),
        ("[devs]", "[ops]", 10, "no group `ops`"),
        ("GEZDGNBV", "1", 12, "mfa_seed is base32"),
        ("7200", "60", 18, "max_session_duration is 3600 to 43200"),
        (
            "service_linked: eks.",
            "service_linked: none.",
            19,
            "There is no service-linked role",
        ),
    ] {
        assert!(GRANTS.contains(from), "{from}");
        let error = stage(&GRANTS.replacen(from, to, 1), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(error.message.contains(message) && error.line == line, "{error}");
    }
}

#[test]
fn a_clock_begins_where_the_world_says() {
    let machine = Timestamp::parse_rfc3339("2026-11-24T00:44:57Z").unwrap();
    let world = |clock: &str| ARTICLE_WORLD.replacen("world:\n", &format!("world:\n  clock: {clock}\n"), 1);
    for (clock, now, a_minute_later) in [
        ("{}", "2026-11-24T00:44:57Z", "2026-11-24T00:45:57Z"),
        ("{offset: -20m}", "2026-11-24T00:24:57Z", "2026-11-24T00:25:57Z"),
        (
            "{at: \"2026-01-02T03:04:05Z\"}",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:05:05Z",
        ),
        (
            "{at: \"2026-01-02T03:04:05Z\", frozen: true}",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05Z",
        ),
        (
            "{offset: 1d, frozen: true}",
            "2026-11-25T00:44:57Z",
            "2026-11-25T00:44:57Z",
        ),
        ("{frozen: true}", "2026-11-24T00:44:57Z", "2026-11-24T00:44:57Z"),
    ] {
        let staged = stage(&world(clock), machine).unwrap().world;
        assert_eq!(staged.clock.now(machine).to_string(), now, "{clock}");
        assert_eq!(
            staged.clock.now(machine.plus_seconds(60)).to_string(),
            a_minute_later,
            "{clock}"
        );
        // The cluster is as old as the world says by its own clock.
        let age = staged
            .clock
            .now(machine)
            .seconds_since(staged.cluster("my-cluster").unwrap().created);
        assert_eq!(age % 86_400, 0, "{clock}");
    }
    for (clock, message) in [
        ("{at: \"2026-01-02T03:04:05Z\", offset: 1m}", "not both"),
        ("{at: yesterday}", "YYYY-MM-DDTHH:MM:SSZ"),
        ("{at: \"1500-01-02T03:04:05Z\"}", "between 1970 and 2100"),
        ("{offset: soon}", "offset is a duration"),
        ("{offset: 36501d}", "a hundred years"),
        ("{thaw: true}", "unknown field"),
    ] {
        let error = stage(&world(clock), machine).unwrap_err();
        assert!(error.message.contains(message) && error.line > 0, "{clock}: {error}");
    }
}

/// A whole scenario with one text in place of another, and the line on which that stands.
fn scenario_with(from: &str, to: &str) -> (String, u64) {
    const TEXT: &str = include_str!("../../../../scenarios/unmapped-role/scenario.yaml");
    assert!(TEXT.contains(from), "{from}");
    let text = TEXT.replacen(from, to, 1);
    let (before, _) = TEXT.split_once(from).unwrap();
    let line = before.split('\n').count() as u64;
    (text, line)
}

#[test]
fn steps_that_are_inconsistent_are_refused_where_they_stand() {
    const RUN: &str = "  - run: aws sts get-caller-identity\n";
    for (to, message) in [
        ("  - run: helm list\n", "begins with one of aws, eks-auth-sim, kubectl"),
        ("  - {clock: soon}\n  - run: aws x\n", "`clock` is"),
        (
            "  - {clock: advance 20m, clear_faults: true}\n  - run: aws x\n",
            "a step has one of",
        ),
        ("  - run: aws @{endpoint nowhere}\n", "no cluster `nowhere`"),
        ("  - run: aws @{token nobody}\n", "no profile `nobody` with a key"),
        (
            "  - run: aws @{token admin-test-role}\n",
            "no profile `admin-test-role` with a key",
        ),
        ("  - run: aws @{saved x}\n", "no earlier step saves `x`"),
        ("  - run: aws @{nothing}\n", "is no place"),
        (
            "  - {file: {path: ../x, text: y}}\n  - run: aws x\n",
            "no path inside the home",
        ),
        ("  - {file: {path: x, from: y}}\n  - run: aws x\n", "no file `y` beside"),
        ("  - {file: {path: x}}\n  - run: aws x\n", "a file has one of"),
        (
            "  - {run: aws x, fails: true, exit: 1}\n  - run: aws x\n",
            "either `fails` or `exit`",
        ),
        ("  - {run: aws x, edit: {after: y}}\n  - run: aws x\n", "an edit has"),
        (
            "  - {run: aws x, prints: {regex: \"(\"}}\n  - run: aws x\n",
            "no regular expression",
        ),
        (
            "  - {run: aws x, caller: user/nobody}\n  - run: aws x\n",
            "no `user/nobody`",
        ),
        ("  - {sign_in: jane}\n  - run: aws x\n", "no user `jane`"),
        (
            "  - {clock: advance 1m, prints: x}\n  - run: aws x\n",
            "only a command prints",
        ),
        ("  - {fault: {effect: nothing}}\n  - run: aws x\n", "nothing"),
        ("  - {run: aws x, unknown: 1}\n  - run: aws x\n", "unknown"),
    ] {
        let (text, line) = scenario_with(RUN, to);
        let error = Scenario::parse(&text).unwrap_err();
        assert!(error.message.contains(message), "{to}: {error}");
        assert_eq!(error.line, line, "{to}: {error}");
    }
}

#[test]
fn files_beside_a_scenario_are_objects_and_aws_auth() {
    let (text, _) = scenario_with(
        "      aws_auth:\n",
        "      aws_auth_from: a.yaml\n      objects: [{apiVersion: v1, kind: Namespace, metadata: {name: team}}]\n      \
         objects_from: [b.yaml]\n      instances: {}\n      access_entries: []\n      aws_auth_unused:\n",
    );
    let (before, rest) = text.split_once("      aws_auth_unused:").unwrap();
    let (_, after) = rest.split_once("  profiles:").unwrap();
    let text = format!(
        "{before}  profiles:{after}\nfiles:\n  a.yaml: |\n    apiVersion: v1\n    kind: ConfigMap\n    data:\n      \
         mapUsers: \"[]\"\n  b.yaml: |\n    apiVersion: rbac.authorization.k8s.io/v1\n    kind: RoleBinding\n    metadata: \
         {{name: dev, namespace: team}}\n    ---\n    apiVersion: v1\n    kind: Secret\n    metadata: {{name: s}}\n"
    );
    let staging = Scenario::parse(&text).unwrap().stage(Timestamp::UNIX_EPOCH);
    let cluster = staging.world.cluster("my-cluster").unwrap();
    let find = |resource: &str, namespace: &str, name: &str| {
        let found = cluster
            .objects()
            .find(&crate::kube::object::ObjectKey::new(resource, namespace, name));
        found.unwrap_or_else(|| panic!("no {resource} {name}")).clone()
    };
    assert_eq!(find("configmaps", "kube-system", "aws-auth")["data"]["mapUsers"], "[]");
    find("namespaces", "", "team");
    find("rolebindings.rbac.authorization.k8s.io", "team", "dev");
    find("secrets", "default", "s");
}

#[test]
fn profiles_hold_what_the_world_says() {
    let (text, _) = scenario_with(
        "    - {name: creator, user: creator}\n",
        "    - {name: creator, user: creator}\n    - {name: off, user: testuser, key: inactive}\n    \
         - {name: root, root: \"111122223333\"}\n    - {name: typo, user: creator, key: wrong-secret, region: eu-west-1}\n    \
         - {name: old, role: admin-test-role, session: {name: jane, age: 13h, lasts: 12h}}\n    \
         - {name: bob, user: creator, federated: Bob, session: {}}\n    \
         - {name: instance, instance_identity: i-0123456789abcdef0}\n",
    );
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    let staging = Scenario::parse(&text).unwrap().stage(now);
    let key = |name: &str| {
        let profile = staging.profiles.iter().find(|profile| profile.name == name).unwrap();
        let ProfileSource::AccessKey { id, secret, .. } = &profile.source else {
            panic!("{name} has no key");
        };
        (staging.world.directory.access_key(id).unwrap(), secret)
    };
    assert_eq!(key("off").0.status, crate::aws::iam::KeyStatus::Inactive);
    let arn = |name: &str| staging.world.directory.caller_identity(key(name).0).unwrap().arn;
    assert_eq!(arn("root"), "arn:aws:iam::111122223333:root");
    assert_eq!(arn("bob"), "arn:aws:sts::111122223333:federated-user/Bob");
    assert_eq!(
        arn("instance"),
        "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0123456789abcdef0"
    );
    assert_eq!(
        arn("old"),
        "arn:aws:sts::111122223333:assumed-role/admin-test-role/jane"
    );
    let expires = key("old").0.session.as_ref().unwrap().expires;
    assert_eq!(now.seconds_since(expires), 3600);
    let (typo, secret) = key("typo");
    assert_eq!(typo.id, key("creator").0.id);
    assert_ne!(typo.secret.expose(), secret.expose());
}

/// What the loader refuses for an unknown key, the schema refuses too: both name the same keys.
#[test]
fn the_schema_is_closed_and_described() {
    fn walk(schema: &serde_json::Value, path: &str) {
        if let Some(properties) = schema.get("properties").and_then(serde_json::Value::as_object) {
            assert_eq!(schema["additionalProperties"], false, "{path}");
            for (name, property) in properties {
                walk(property, &format!("{path}/{name}"));
            }
        }
        for key in ["items", "anyOf", "oneOf", "additionalProperties"] {
            match schema.get(key) {
                Some(serde_json::Value::Array(schemas)) => {
                    for schema in schemas {
                        walk(schema, path);
                    }
                }
                Some(inner) => walk(inner, path),
                None => {}
            }
        }
    }
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    walk(&schema, "");
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        walk(definition, name);
    }
}

/// As much of JSON Schema as our own uses; what is wrong, with its place.
fn violations(
    schema: &serde_json::Value,
    root: &serde_json::Value,
    value: &serde_json::Value,
    at: &str,
) -> Vec<String> {
    use serde_json::Value;
    let mut found = Vec::new();
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.strip_prefix('#').unwrap()).unwrap();
        found.extend(violations(target, root, value, at));
    }
    if let Some(types) = schema.get("type") {
        let is = |name: &str| match name {
            "array" => value.is_array(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "null" => value.is_null(),
            "number" => value.is_number(),
            "object" => value.is_object(),
            "string" => value.is_string(),
            other => panic!("type {other}"),
        };
        let fits = match types {
            Value::String(name) => is(name),
            other => other.as_array().unwrap().iter().any(|name| is(name.as_str().unwrap())),
        };
        if !fits {
            found.push(format!("{at}: {value} is not {types}"));
        }
    }
    if let Some(known) = schema.get("enum").and_then(Value::as_array)
        && !known.contains(value)
    {
        found.push(format!("{at}: {value} is none of {known:?}"));
    }
    if let Some(wanted) = schema.get("const")
        && wanted != value
    {
        found.push(format!("{at}: {value} is not {wanted}"));
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(ways) = schema.get(key).and_then(Value::as_array)
            && !ways.iter().any(|way| violations(way, root, value, at).is_empty())
        {
            found.push(format!("{at}: fits none of {key}"));
        }
    }
    if let Some(object) = value.as_object() {
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                found.push(format!("{at}: no {name}"));
            }
        }
        for (name, value) in object {
            let at = format!("{at}/{name}");
            match (
                schema.get("properties").and_then(|known| known.get(name)),
                schema.get("additionalProperties"),
            ) {
                (Some(property), _) => found.extend(violations(property, root, value, &at)),
                (None, Some(Value::Bool(false))) => found.push(format!("{at}: unknown")),
                (None, Some(other)) => found.extend(violations(other, root, value, &at)),
                (None, None) => {}
            }
        }
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            found.extend(violations(items, root, value, &format!("{at}/{index}")));
        }
    }
    found
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test may read the catalogue that it is about"
)]
fn the_schema_takes_the_catalogue_and_refuses_unknown_keys_as_the_loader_does() {
    let schema = schema();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut texts = vec![include_str!("../../../server/src/cli/scenario/skeleton.yaml").to_owned()];
    for entry in std::fs::read_dir(folder).unwrap() {
        texts.push(std::fs::read_to_string(entry.unwrap().path().join("scenario.yaml")).unwrap());
    }
    assert!(texts.len() > 3);
    for text in &texts {
        let value: serde_json::Value = serde_saphyr::from_str(text).unwrap();
        assert_eq!(violations(&schema, &schema, &value, ""), Vec::<String>::new());
    }
    // Behind each of these, so far in, a key is unknown.
    for (place, indent) in [
        ("id: unmapped-role\n", 0),
        ("title:\n", 2),
        ("world:\n", 2),
        ("    - id: \"111122223333\"\n", 6),
        ("        - name: creator\n", 10),
        ("        - name: admin-test-role\n", 10),
        ("    - name: my-cluster\n", 6),
        ("  - run: aws sts get-caller-identity\n", 4),
        ("    edit:\n", 6),
        ("learned:\n", 2),
    ] {
        let (text, _) = scenario_with(place, &format!("{place}{}unknown: 1\n", " ".repeat(indent)));
        let value: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert!(!violations(&schema, &schema, &value, "").is_empty(), "{place}");
        let error = Scenario::parse(&text).unwrap_err();
        assert!(error.message.contains("unknown"), "{place}: {error}");
    }
}

#[test]
fn a_world_has_an_audit_policy_of_its_own() {
    let staged = |policy: &str| {
        let text = ARTICLE_WORLD.replacen(
            "      creator: user/creator\n",
            &format!("      creator: user/creator\n      audit_policy: {policy}\n"),
            1,
        );
        stage(&text, Timestamp::UNIX_EPOCH)
    };
    let own = staged("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: None}]}").unwrap();
    assert!(own.world.cluster("my-cluster").unwrap().audit_policy.is_some());
    let refused = staged("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Everything}]}").unwrap_err();
    assert!(
        refused.to_string().contains("unknown variant `Everything`"),
        "{refused}"
    );
}
