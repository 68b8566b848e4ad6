//! The causes of `Unauthorized` and `Forbidden` that people report, by the number under which they were collected: each
//! that reaches the server is staged, made to happen, and named; the others say why not.

use super::access_entry::entry;
use super::*;
use crate::kube::request_info::Attributes;

/// How a cause fares here.
enum Case {
    /// What happens, and what must be named.
    Explained(Cause, fn() -> Explanation),
    /// It ends on the client's machine or in an answer of an AWS API, or there is no such feature.
    Elsewhere(&'static str),
}
use Case::Elsewhere;
use Case::Explained;

const SSO_ROLE: &str = "AWSReservedSSO_Admin_0123456789abcdef";
const NODE_SESSION: &str = "i-0123456789abcdef0";

/// Number, what it is, and how it fares. A number may come several times.
const CASES: &[(u8, &str, Case)] = &[
    (
        1,
        "another profile's credentials",
        Explained(Cause::IdentityNotMapped, || unmapped().of_user("stranger")),
    ),
    (
        2,
        "keys in the environment before AWS_PROFILE",
        Explained(Cause::IdentityNotMapped, || unmapped().of_user("stranger")),
    ),
    (
        3,
        "not mapped",
        Explained(Cause::IdentityNotMapped, || unmapped().of_session("dev", "s")),
    ),
    (4, "creator deleted", Explained(Cause::CreatorDeleted, creator_deleted)),
    (
        5,
        "role with its path",
        Explained(Cause::MappedWithPath, || {
            with_role("role/team/dev").of_session("dev", "s")
        }),
    ),
    (
        6,
        "SSO role with its path",
        Explained(Cause::MappedWithSsoPath, || {
            with_role("role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Admin_0123456789abcdef")
                .of_session(SSO_ROLE, "s")
        }),
    ),
    (
        7,
        "SSO role with its former suffix",
        Explained(Cause::MappedWithOtherSsoSuffix, || {
            with_role("role/AWSReservedSSO_Admin_fedcba9876543210").of_session(SSO_ROLE, "s")
        }),
    ),
    (
        7,
        "the same in an access entry",
        Explained(Cause::MappedWithOtherSsoSuffix, entry_with_other_suffix),
    ),
    (
        7,
        "mapping by permission set, gate closed",
        Explained(Cause::SsoMappingGated, || {
            with_map_roles("- sso: {permissionSetName: Admin, accountID: '111122223333'}\n  username: u\n")
                .of_session(SSO_ROLE, "s")
        }),
    ),
    (
        8,
        "assumed-role ARN",
        Explained(Cause::MappedAsSession, || {
            with_map_roles("- rolearn: arn:aws:sts::111122223333:assumed-role/dev/s\n").of_session("dev", "s")
        }),
    ),
    (
        9,
        "system: groups in an access entry",
        Elsewhere("refused by the EKS API, whose answer says so"),
    ),
    (
        10,
        "an access entry wanted on a CONFIG_MAP cluster",
        Explained(Cause::IdentityNotMapped, || unmapped().of_session("dev", "s")),
    ),
    (
        11,
        "mode API ignores aws-auth",
        Explained(Cause::AwsAuthIgnored, || {
            let extra = format!("      authentication_mode: API\n{}", map_roles_yaml(DEV));
            Scene::new(&extra).of_session("dev", "s")
        }),
    ),
    (
        12,
        "access entry before aws-auth",
        Explained(Cause::AccessEntryShadowsAwsAuth, entry_shadows),
    ),
    (
        13,
        "role recreated",
        Explained(Cause::AccessEntryOfRecreatedPrincipal, recreated),
    ),
    (
        14,
        "aws-auth is broken YAML",
        Explained(Cause::AwsAuthBroken, || {
            with_map_roles("- rolearn: arn:aws:iam::111122223333:role/dev\n username: u\n").of_session("dev", "s")
        }),
    ),
    (
        14,
        "an item is no mapping for a typo in its key",
        Explained(Cause::AwsAuthBroken, || {
            with_map_roles("- role: arn:aws:iam::111122223333:role/dev\n  username: u\n").of_session("dev", "s")
        }),
    ),
    (
        14,
        "mapRoles is no list for want of a dash",
        Explained(Cause::AwsAuthBroken, || {
            with_map_roles("rolearn: arn:aws:iam::111122223333:role/dev\nusername: u\n").of_session("dev", "s")
        }),
    ),
    (
        14,
        "groups are text",
        Explained(Cause::GroupsNotAList, || {
            with_map_roles("- rolearn: arn:aws:iam::111122223333:role/dev\n  username: u\n  groups: system:masters\n")
                .pods_as_session("dev", "s")
        }),
    ),
    (
        14,
        "white space behind the ARN",
        Explained(Cause::MappedWithWhiteSpace, || {
            with_map_roles("- rolearn: 'arn:aws:iam::111122223333:role/dev '\n").of_session("dev", "s")
        }),
    ),
    (
        14,
        "key with a capital letter",
        Explained(Cause::AwsAuthKeyMisspelled, || {
            Scene::new(&map_roles_yaml(DEV).replace("mapRoles", "MapRoles")).of_session("dev", "s")
        }),
    ),
    (
        15,
        "no | behind mapRoles",
        Elsewhere("refused by the client or the Kubernetes API; aws-auth stays as it was"),
    ),
    (
        16,
        "the nodes' role is lost",
        Explained(Cause::NodeRoleNotMapped, || {
            unmapped().of_session("workers", NODE_SESSION)
        }),
    ),
    (
        17,
        "the nodes' template for a person",
        Explained(Cause::TemplateUnrenderable, || {
            with_map_roles(
                "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: system:node:{{EC2PrivateDNSName}}\n",
            )
            .of_session("dev", "me")
        }),
    ),
    (
        18,
        "@ became -",
        Explained(Cause::SessionNameRewritten, session_name_rewritten),
    ),
    (19, "reserved username", Explained(Cause::UsernameReserved, reserved)),
    (20, "session ended", Explained(Cause::SessionExpired, session_expired)),
    (
        21,
        "old token",
        Explained(Cause::TokenExpired, || signed_after(-16 * 60)),
    ),
    (
        22,
        "clock behind",
        Explained(Cause::TokenExpired, || signed_after(-3600)),
    ),
    (
        22,
        "clock ahead",
        Explained(Cause::ClockAhead, || signed_after(16 * 60)),
    ),
    (
        23,
        "wrong secret or cluster name",
        Explained(Cause::SignatureMismatch, || signed_for("nowhere")),
    ),
    (
        23,
        "token for another cluster",
        Explained(Cause::TokenForOtherCluster, || signed_for("other-cluster")),
    ),
    (
        23,
        "token for no cluster",
        Explained(Cause::TokenForNoCluster, token_for_no_cluster),
    ),
    (24, "key deleted", Explained(Cause::KeyUnknown, key_unknown)),
    (24, "key inactive", Explained(Cause::KeyInactive, key_inactive)),
    (
        24,
        "key of a deleted user",
        Explained(Cause::KeyOfDeletedPrincipal, || unmapped().of_user("gone")),
    ),
    (
        25,
        "endpoint of another partition",
        Explained(Cause::TokenWrongHost, token_of_other_partition),
    ),
    (
        25,
        "STS not activated in the region",
        // Seen by others: aws-sdk-go-v2#2846.
        Elsewhere("such a region gives out no credentials, but GetCallerIdentity answers there"),
    ),
    (
        26,
        "v1alpha1 in the kubeconfig",
        Elsewhere("kubectl refuses it before it asks anybody"),
    ),
    (27, "STS throttles", Explained(Cause::StsThrottled, sts_throttled)),
    (
        28,
        "the role cannot be assumed",
        Elsewhere("STS refuses AssumeRole, so that there is no token to explain"),
    ),
    (
        29,
        "role of another account",
        Explained(Cause::MappedInOtherAccount, || {
            with_map_roles("- rolearn: arn:aws:iam::444455556666:role/dev\n").of_session("dev", "s")
        }),
    ),
    (
        29,
        "mapAccounts gives no groups",
        Explained(Cause::AccountMappedWithoutGroups, || {
            Scene::new("      aws_auth:\n        mapAccounts: |\n          - '111122223333'\n")
                .pods_as_session("dev", "s")
        }),
    ),
    (
        30,
        "root",
        Explained(Cause::RootNotMapped, || {
            unmapped().of_arn("arn:aws:iam::111122223333:root")
        }),
    ),
    (
        31,
        "federated user",
        Explained(Cause::FederatedUserNotMapped, || {
            unmapped().of_arn("arn:aws:sts::111122223333:federated-user/Bob")
        }),
    ),
    (
        32,
        "MFA is required",
        Elsewhere("AssumeRole fails at the client; where it goes on as somebody else, it is as 1"),
    ),
    (
        33,
        "mapped, nothing bound",
        Explained(Cause::NoBinding, || with_map_roles(DEV).pods_as_session("dev", "s")),
    ),
    (
        34,
        "the role does not cover it",
        Explained(Cause::NotAuthorized, role_too_narrow),
    ),
    (
        34,
        "the policy does not cover it",
        Explained(Cause::NotAuthorized, policy_too_narrow),
    ),
    (
        34,
        "the role is bound in another namespace",
        Explained(Cause::BindingInOtherNamespace, || {
            with_map_roles(DEV)
                .bind("view", "Group", "devs", "team")
                .pods_as_session("dev", "s")
        }),
    ),
    (
        34,
        "the role is not there",
        Explained(Cause::RoleNotFound, role_not_found),
    ),
    (35, "no token", Explained(Cause::Anonymous, anonymous)),
    (
        36,
        "policy without an entry",
        Elsewhere("refused by the EKS API, whose answer says so"),
    ),
    (
        37,
        "shadowed by a duplicate",
        Explained(Cause::DuplicateShadowsMapping, duplicate),
    ),
    (
        38,
        "upper and lower case",
        Explained(Cause::Granted, || {
            with_map_roles("- rolearn: ARN:AWS:IAM::111122223333:Role/DEV\n  username: u\n").of_session("dev", "s")
        }),
    ),
    (
        39,
        "no exec binary",
        Elsewhere("the client finds no `aws` on its PATH and asks nobody"),
    ),
];

const DEV: &str = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev:{{SessionName}}\n  groups: [devs]\n";

#[test]
fn every_reported_cause_is_named() {
    for (number, what, case) in CASES {
        match case {
            Explained(cause, happen) => {
                let explanation = happen();
                let text = explanation.render_text();
                assert_eq!(explanation.cause, *cause, "{number} {what}: {text}");
                let fix = &explanation.fix;
                assert_eq!(fix.matches('`').count() % 2, 0, "{number} {what}: {fix}");
                // Where a World was asked, it knows its cluster.
                let has_world = explanation.trace.checks().iter().next().is_some();
                for command in fix_commands(fix) {
                    let is_open = |word: &str| ["CLUSTER", "NAME", "REGION"].contains(&word);
                    assert!(!has_world || !command.split(' ').any(is_open), "{number} {what}: {fix}");
                    assert!(!command.contains('…'), "{number} {what}: {fix}");
                    let is_cut = command.starts_with("aws eks ") && !command.contains(" --region ");
                    assert!(!is_cut, "{number} {what}: {fix}");
                }
                assert_eq!(
                    explanation.fix.is_empty(),
                    *cause == Cause::Granted,
                    "{number} {what}: {text}"
                );
            }
            Elsewhere(why) => assert!(!why.is_empty(), "{number} {what}"),
        }
    }
    let mut numbers: Vec<u8> = CASES.iter().map(|(number, ..)| *number).collect();
    assert!(numbers.is_sorted());
    numbers.dedup();
    assert_eq!(numbers, (1..=39).collect::<Vec<u8>>());
}

#[test]
fn what_is_lost_in_aws_auth_is_found_only_where_it_was_lost() {
    let of = |text: &str| with_map_roles(text).of_session("dev", "s");
    // By its name, in the list of its kind.
    let broken = of("- rolearn: arn:aws:iam::111122223333:role/ops/dev\n username: u\n");
    assert_eq!(broken.cause, Cause::AwsAuthBroken);
    assert!(broken.fix.contains("indent all items alike"), "{}", broken.fix);
    let other = of("- rolearn: arn:aws:iam::111122223333:role/developers\n username: u\n");
    assert_eq!(other.cause, Cause::IdentityNotMapped);
    assert!(
        other.evidence[0].starts_with("aws-auth has errors: yaml: "),
        "{:?}",
        other.evidence
    );
    let commented = of("# rolearn: arn:aws:iam::111122223333:role/dev\n- rolearn: a\n username: u\n");
    assert_eq!(commented.cause, Cause::IdentityNotMapped);
    let users = Scene::new(&map_roles_yaml("- userarn: role/dev\n username: u\n").replace("mapRoles", "mapUsers"));
    assert_eq!(users.of_session("dev", "s").cause, Cause::IdentityNotMapped);
    // An item among good ones.
    let item = of("- rolearn: a\n- {role: 'arn:aws:iam::111122223333:role/dev', username: u}\n");
    assert_eq!(item.cause, Cause::AwsAuthBroken);
    let fact = r#"the item is {"role":"arn:aws:iam::111122223333:role/dev","username":"u"}"#;
    assert!(item.evidence.contains(&fact.to_owned()), "{:?}", item.evidence);
    let fact = "aws-auth has errors: one of rolearn or SSO must be supplied";
    assert!(item.evidence.contains(&fact.to_owned()), "{:?}", item.evidence);
}

#[test]
fn the_more_specific_near_miss_is_reported() {
    let of = |text: &str| with_map_roles(text).of_session("dev", "s").cause;
    let other_account = "- rolearn: arn:aws:iam::444455556666:role/dev\n";
    let user = "- rolearn: arn:aws:iam::111122223333:user/dev\n";
    let session = "- rolearn: arn:aws:sts::111122223333:assumed-role/dev/s\n";
    let path = "- rolearn: arn:aws:iam::111122223333:role/team/dev\n";
    let space = "- rolearn: ' arn:aws:iam::111122223333:role/dev'\n";
    let mut items = String::new();
    for (item, cause) in [
        (other_account, Cause::MappedInOtherAccount),
        (user, Cause::MappedAsOtherKind),
        (session, Cause::MappedAsSession),
        (path, Cause::MappedWithPath),
        (space, Cause::MappedWithWhiteSpace),
    ] {
        items += item;
        assert_eq!(of(&items), cause, "{items}");
    }
}

#[test]
fn an_authenticator_of_its_own_is_explained_by_its_own_mappings() {
    let authenticator = |config: &str| {
        let mut extra = "      authenticator:\n        config: |\n".to_owned();
        for line in config.lines() {
            extra += &format!("          {line}\n");
        }
        extra
    };
    let file = authenticator(
        "server:\n  mapRoles:\n  - rolearn: arn:aws:iam::444455556666:role/dev\n    username: u\n  - sso: {permissionSetName: Admin, accountID: '111122223333'}\n    username: u\n",
    );
    // aws-auth is not read.
    let with_aws_auth = format!(
        "{file}{}",
        map_roles_yaml("- rolearn: arn:aws:iam::111122223333:role/team/dev\n")
    );
    let found = Scene::new(&with_aws_auth).of_session("dev", "s");
    assert_eq!(found.cause, Cause::MappedInOtherAccount, "{}", found.render_text());
    assert!(
        found
            .sentence
            .contains("the authenticator's configuration has that name in another account")
    );
    let gated = Scene::new(&file).of_session(SSO_ROLE, "s");
    assert_eq!(gated.cause, Cause::SsoMappingGated);
    assert!(gated.fix.starts_with("open the feature gate SSORoleMatch"));
    let open = authenticator(
        "feature-gates: {SSORoleMatch: true}\nserver:\n  mapRoles:\n  - sso: {permissionSetName: Admin, accountID: '111122223333'}\n    username: u\n",
    );
    assert_eq!(Scene::new(&open).of_session(SSO_ROLE, "s").cause, Cause::Granted);
}

#[test]
fn nodes_are_told_by_their_session_or_their_role() {
    let workers = "arn:aws:iam::111122223333:role/workers";
    assert_eq!(unmapped().of_arn(workers).cause, Cause::IdentityNotMapped);
    assert_eq!(unmapped().of_session("workers", "me").cause, Cause::IdentityNotMapped);
    let by_entry = Scene::new("      authentication_mode: API").of_session("workers", NODE_SESSION);
    assert_eq!(by_entry.cause, Cause::NodeRoleNotMapped);
    assert!(by_entry.fix.ends_with("--type EC2_LINUX`"), "{}", by_entry.fix);
    let mut scene = unmapped();
    let article = crate::scenario::stage(crate::scenario::ARTICLE_WORLD, now())
        .unwrap()
        .world;
    scene.0.world.directory = article.directory;
    let node = scene.of_arn("arn:aws:iam::111122223333:role/my-cluster-node-role");
    assert_eq!(node.cause, Cause::NodeRoleNotMapped);
    assert!(
        node.evidence
            .contains(&"by its name it is the role of nodes".to_owned())
    );
}

/// A World for one broken scenario.
struct Scene(Fixture);

impl Scene {
    /// With these lines in the cluster.
    fn new(cluster: &str) -> Self {
        Self(Fixture::of_world(&format!(
            r#"
world:
  accounts:
    - id: "111122223333"
      users:
        - name: creator
        - name: stranger
        - name: gone
          deleted: true
      roles:
        - {{name: dev, trusted: []}}
        - {{name: workers, trusted: []}}
        - {{name: {SSO_ROLE}, path: /aws-reserved/sso.amazonaws.com/us-west-2/, trusted: []}}
  clusters:
    - name: other-cluster
      region: us-west-2
      account: "111122223333"
    - name: my-cluster
      region: us-west-2
      account: "111122223333"
      creator: user/creator
{cluster}
  profiles:
    - {{name: default, user: stranger}}
    - {{name: gone, user: gone}}
"#
        )))
    }

    fn of_token(&self, token: &str) -> Explanation {
        explain(&self.0.judge(token), self.0.cluster(), &self.0.world)
    }

    fn of_user(&self, name: &str) -> Explanation {
        self.of_token(&self.0.token(&self.0.key_of(name)))
    }

    fn of_session(mut self, role: &str, session: &str) -> Explanation {
        let key = self.0.session_of(role, session);
        self.of_token(&self.0.token(&key))
    }

    fn of_arn(&self, arn: &str) -> Explanation {
        explain_arn(arn, self.0.cluster(), &self.0.world)
    }

    fn request_as_session(mut self, role: &str, session: &str, attributes: &Attributes) -> Explanation {
        let key = self.0.session_of(role, session);
        let user = self.0.judge(&self.0.token(&key)).outcome.unwrap();
        explain_request(&user.authenticated(), attributes, self.0.cluster())
    }

    fn pods_as_session(self, role: &str, session: &str) -> Explanation {
        self.request_as_session(role, session, &pods())
    }

    /// Binds a ClusterRole in the namespace `team`, or in the cluster where there is none.
    fn bind(mut self, role: &str, kind: &str, subject: &str, namespace: &str) -> Self {
        let resource = if namespace.is_empty() {
            "clusterrolebindings.rbac.authorization.k8s.io"
        } else {
            "rolebindings.rbac.authorization.k8s.io"
        };
        let object = json!({
            "metadata": {"name": "b", "namespace": namespace},
            "roleRef": {"kind": "ClusterRole", "name": role},
            "subjects": [{"kind": kind, "name": subject}],
        });
        let (cluster, ids) = self.0.world.cluster_mut("my-cluster").unwrap();
        let key = ObjectKey::new(resource, namespace, "b");
        cluster.create_object(key, object, ids, now()).unwrap();
        self
    }
}

fn pods() -> Attributes {
    Attributes::resource("list", "", "v1", "pods", "", "default", "")
}

fn map_roles_yaml(text: &str) -> String {
    let mut yaml = "      aws_auth:\n        mapRoles: |\n".to_owned();
    for line in text.lines() {
        yaml += &format!("          {line}\n");
    }
    yaml
}

fn with_map_roles(text: &str) -> Scene {
    Scene::new(&map_roles_yaml(text))
}

fn with_role(resource: &str) -> Scene {
    with_map_roles(&format!("- rolearn: arn:aws:iam::111122223333:{resource}\n"))
}

fn unmapped() -> Scene {
    Scene::new("")
}

fn creator_deleted() -> Explanation {
    let mut scene = unmapped();
    let key = scene.0.key_of("creator");
    let directory = &mut scene.0.world.directory;
    directory.delete_access_key(&account(), "creator", &key.id).unwrap();
    let holder = crate::aws::iam::Holder::user("creator");
    directory
        .set_policies(&account(), holder, crate::aws::iam::Policies::default())
        .unwrap();
    directory.delete_user(&account(), "creator").unwrap();
    scene.of_user("stranger")
}

fn entry_with_other_suffix() -> Explanation {
    let mut scene = Scene::new("      authentication_mode: API");
    let former =
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/us-west-2/AWSReservedSSO_Admin_fedcba9876543210";
    entry(&mut scene.0, former, &[], Some("AROAFORMERROLE0000000"));
    scene.of_session(SSO_ROLE, "s")
}

fn entry_shadows() -> Explanation {
    let extra = "      authentication_mode: API_AND_CONFIG_MAP\n      access_entries:\n        - principal: role/dev\n";
    let masters = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: u\n  groups: [system:masters]\n";
    Scene::new(&format!("{extra}{}", map_roles_yaml(masters))).pods_as_session("dev", "s")
}

fn recreated() -> Explanation {
    let extra = "      authentication_mode: API\n      access_entries:\n        - principal: role/dev\n          recreated: true\n";
    Scene::new(extra).of_session("dev", "s")
}

fn session_name_rewritten() -> Explanation {
    with_map_roles(DEV)
        .bind("view", "User", "dev:me@example.com", "default")
        .pods_as_session("dev", "me@example.com")
}

fn reserved() -> Explanation {
    let config = "server:\n  backendMode: [EKSConfigMap]\n  reservedPrefixConfig:\n  - backendMode: EKSConfigMap\n    usernamePrefixReserveList: ['system:']\n";
    let mut extra = "      authenticator:\n        config: |\n".to_owned();
    for line in config.lines() {
        extra += &format!("          {line}\n");
    }
    let item = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: system:dev\n";
    Scene::new(&format!("{extra}{}", map_roles_yaml(item))).of_session("dev", "s")
}

fn session_expired() -> Explanation {
    let mut scene = with_map_roles(DEV);
    let mut key = scene.0.session_of("dev", "s");
    key.session.as_mut().unwrap().expires = now().plus_seconds(-60);
    scene.0.world.directory.add_key(key.clone());
    scene.of_token(&scene.0.token(&key))
}

fn signed_after(seconds: i64) -> Explanation {
    let mut scene = unmapped();
    scene.0.signed_at = now().plus_seconds(seconds);
    let explanation = scene.of_user("creator");
    assert!(explanation.fix.contains("clock"), "{}", explanation.fix);
    explanation
}

fn signed_for(cluster: &'static str) -> Explanation {
    let mut scene = unmapped();
    scene.0.signed_for = cluster;
    scene.of_user("creator")
}

fn token_for_no_cluster() -> Explanation {
    let scene = unmapped();
    let token = scene.0.token(&scene.0.key_of("creator"));
    scene.of_token(&changed(&token, |url| url.replace("%3Bx-k8s-aws-id", "")))
}

fn key_unknown() -> Explanation {
    let scene = unmapped();
    scene.of_token(&scene.0.token(&unknown_key(&Fixture::new())))
}

fn sts_throttled() -> Explanation {
    let mut scene = unmapped();
    let throttle = crate::world::fault::FaultSpec {
        service: Some("sts".to_owned()),
        effect: "throttle".to_owned(),
        ..Default::default()
    };
    scene.0.world.faults.add(throttle).unwrap();
    scene.of_user("creator")
}

fn key_inactive() -> Explanation {
    let mut scene = unmapped();
    let key = scene.0.key_of("creator");
    let directory = &mut scene.0.world.directory;
    directory
        .set_key_status(&account(), "creator", &key.id, KeyStatus::Inactive)
        .unwrap();
    scene.of_token(&scene.0.token(&key))
}

fn token_of_other_partition() -> Explanation {
    let mut scene = unmapped();
    scene.0.endpoint = "https://sts.cn-north-1.amazonaws.com.cn";
    scene.of_user("creator")
}

fn nearest_of(explanation: &Explanation) -> &str {
    let mut facts = explanation.evidence.iter();
    facts.find(|fact| fact.starts_with("the nearest rule: ")).unwrap()
}

fn role_too_narrow() -> Explanation {
    let secrets = Attributes::resource("get", "", "v1", "secrets", "", "default", "s");
    let other_resource = with_map_roles(DEV)
        .bind("view", "Group", "devs", "")
        .request_as_session("dev", "s", &secrets);
    for (attributes, lacks) in [
        (
            Attributes::resource("delete", "", "v1", "pods", "", "default", "p"),
            ", but not the verb delete",
        ),
        (
            Attributes::resource("get", "", "v1", "pods", "exec", "default", "p"),
            ", but not the subresource pods/exec, which must be named itself",
        ),
        (
            Attributes::resource("get", "stable.example.com", "v1", "pods", "", "default", "p"),
            r#", but not the API group "stable.example.com""#,
        ),
    ] {
        let narrow = with_map_roles(DEV)
            .bind("view", "Group", "devs", "")
            .request_as_session("dev", "s", &attributes);
        let nearest = nearest_of(&narrow);
        assert!(nearest.contains(lacks), "{nearest}");
    }
    other_resource
}

fn role_not_found() -> Explanation {
    let dangling = with_map_roles(DEV)
        .bind("nothing", "Group", "devs", "")
        .pods_as_session("dev", "s");
    let mut facts = dangling.evidence.iter();
    assert!(facts.any(|fact| fact.contains(r#""nothing" not found"#)));
    dangling
}

fn policy_too_narrow() -> Explanation {
    let extra = "      authentication_mode: API\n      access_entries:\n        - principal: role/dev\n          policies: [{policy: AmazonEKSViewPolicy, namespaces: [team]}]\n";
    let explanation = Scene::new(extra).pods_as_session("dev", "s");
    let nearest = nearest_of(&explanation);
    assert!(
        nearest.starts_with("the nearest rule: access policy AmazonEKSViewPolicy allows ")
            && nearest.ends_with("in namespaces team only"),
        "{nearest}"
    );
    let monitors = Attributes::resource("get", "monitoring.coreos.com", "v1", "servicemonitors", "", "team", "x");
    let custom = Scene::new(extra).request_as_session("dev", "s", &monitors);
    assert!(custom.fix.contains("no access policy covers custom resources"));
    assert_eq!(custom.cause, explanation.cause);
    explanation
}

fn anonymous() -> Explanation {
    explain_request(&UserInfo::anonymous(), &pods(), unmapped().0.cluster())
}

fn duplicate() -> Explanation {
    let items = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: u\n  groups: [system:masters]\n- rolearn: arn:aws:iam::111122223333:role/DEV\n  username: u\n";
    with_map_roles(items).pods_as_session("dev", "s")
}
