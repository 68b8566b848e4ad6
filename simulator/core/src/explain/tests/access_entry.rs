//! One test for each cause that has to do with access entries.

use super::*;
use crate::cluster::authorize::authorize;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::cluster::eks::parameter::AccessConfig;
use crate::kube::request_info::Attributes;
use crate::value::instant::Timestamp;

const ADMIN: &str = "arn:aws:iam::111122223333:role/ops/admin";

/// The fixture's cluster in that mode.
fn fixture(mode: AuthenticationMode) -> Fixture {
    let mut fixture = Fixture::new();
    let (cluster, _, ids) = fixture.world.cluster_and_directory_mut("my-cluster").unwrap();
    let config = AccessConfig {
        authentication_mode: mode,
        bootstrap_creator_admin: true,
    };
    cluster.begin_access(config, None, ids, now()).unwrap();
    fixture
}

pub(super) fn entry(fixture: &mut Fixture, principal_arn: &str, groups: &[&str], id: Option<&str>) {
    let (cluster, directory, ids) = fixture.world.cluster_and_directory_mut("my-cluster").unwrap();
    let spec = NewAccessEntry {
        principal_arn: principal_arn.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..NewAccessEntry::default()
    };
    match id {
        None => cluster.create_access_entry(spec, directory, ids, now()),
        Some(id) => cluster.create_access_entry_for(id.to_owned(), spec, ids, now()),
    }
    .unwrap();
}

#[track_caller]
fn check_session(fixture: &mut Fixture, role: &str, cause: Cause, sentence: &str) -> Explanation {
    let key = fixture.session_of(role, "s");
    let token = fixture.token(&key);
    check(fixture, &token, cause, Some("mapping.result"), sentence)
}

#[test]
fn access_entry_of_recreated_principal() {
    let mut fixture = fixture(AuthenticationMode::Api);
    entry(&mut fixture, ADMIN, &[], Some("AROAEARLIERROLE000000"));
    let explanation = check_session(
        &mut fixture,
        "admin",
        Cause::AccessEntryOfRecreatedPrincipal,
        "arn:aws:iam::111122223333:role/ops/admin was recreated since its access entry was made",
    );
    assert!(explanation.evidence[0].contains("AROAEARLIERROLE000000"));
    assert!(explanation.fix.contains(
        "`aws eks delete-access-entry --cluster-name my-cluster --region us-west-2 --principal-arn \
         arn:aws:iam::111122223333:role/ops/admin`"
    ));
    let by_arn = explain_arn(ADMIN, fixture.cluster(), &fixture.world);
    assert_eq!(by_arn.cause, Cause::AccessEntryOfRecreatedPrincipal);
}

#[test]
fn access_entry_with_other_path() {
    for entry_arn in [
        "arn:aws:iam::111122223333:role/admin",
        "arn:aws:iam::111122223333:role/dev/admin",
    ] {
        let mut fixture = fixture(AuthenticationMode::ApiAndConfigMap);
        map_roles(&mut fixture, "[]");
        entry(&mut fixture, entry_arn, &[], Some("AROAEARLIERROLE000000"));
        check_session(
            &mut fixture,
            "admin",
            Cause::AccessEntryWithOtherPath,
            &format!("the access entry is for {entry_arn}, and the caller is {ADMIN}"),
        );
    }
    let mut fixture = fixture(AuthenticationMode::Api);
    entry(
        &mut fixture,
        "arn:aws:iam::111122223333:user/walker",
        &[],
        Some("AIDAEARLIERUSER000000"),
    );
    let token = fixture.token(&fixture.key_of("walker"));
    check(
        &fixture,
        &token,
        Cause::AccessEntryWithOtherPath,
        Some("mapping.result"),
        "the caller is arn:aws:iam::111122223333:user/team/walker",
    );
}

#[test]
fn aws_auth_ignored() {
    let mut fixture = fixture(AuthenticationMode::Api);
    let explanation = check_session(
        &mut fixture,
        "admin",
        Cause::AwsAuthIgnored,
        "arn:aws:iam::111122223333:role/admin is in aws-auth only, which authentication mode API ignores",
    );
    let target =
        "--cluster-name my-cluster --region us-west-2 --principal-arn arn:aws:iam::111122223333:role/ops/admin";
    assert_eq!(
        fix_commands(&explanation.fix),
        [
            format!("aws eks create-access-entry {target} --kubernetes-groups 'a b'"),
            format!(
                "aws eks associate-access-policy {target} --policy-arn \
                 arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy --access-scope type=cluster"
            ),
        ]
    );
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let object = json!({"data": {"mapAccounts": "['111122223333']"}});
    fixture.cluster_mut().update_object(&key, object).unwrap();
    check_session(
        &mut fixture,
        "stranger",
        Cause::AwsAuthIgnored,
        "which authentication mode API ignores",
    );
}

#[test]
fn not_mapped_where_entries_are_in_use() {
    let mut fixture = fixture(AuthenticationMode::ApiAndConfigMap);
    let explanation = check_session(
        &mut fixture,
        "stranger",
        Cause::IdentityNotMapped,
        "is not mapped in cluster",
    );
    assert!(
        explanation.fix.contains("aws eks create-access-entry"),
        "{}",
        explanation.fix
    );
    let by_arn = explain_arn(
        "arn:aws:iam::111122223333:user/creator",
        fixture.cluster(),
        &fixture.world,
    );
    assert_eq!(by_arn.cause, Cause::IdentityNotMapped);
    // Near misses in aws-auth count where aws-auth is read.
    map_roles(&mut fixture, &format!("- {{rolearn: '{ADMIN}', username: u}}"));
    check_session(
        &mut fixture,
        "admin",
        Cause::MappedWithPath,
        "has the role with its path",
    );
}

fn user(fixture: &mut Fixture, role: &str) -> UserInfo {
    let key = fixture.session_of(role, "s");
    let token = fixture.token(&key);
    fixture.judge(&token).outcome.unwrap().authenticated()
}

#[test]
fn access_entry_shadows_aws_auth() {
    let nodes = Attributes::resource("list", "", "v1", "nodes", "", "", "");
    let mut fixture = fixture(AuthenticationMode::ApiAndConfigMap);
    entry(&mut fixture, ADMIN, &["viewers"], None);
    let user = user(&mut fixture, "admin");
    assert_eq!(user.username, "arn:aws:sts::111122223333:assumed-role/admin/s");
    let explanation = explain_request(&user, &nodes, fixture.cluster());
    assert_eq!(
        explanation.cause,
        Cause::AccessEntryShadowsAwsAuth,
        "{}",
        explanation.render_text()
    );
    assert_eq!(explanation.trace.failed().unwrap().id, "authz.rbac");
    assert!(
        explanation
            .sentence
            .contains("whose groups [system:masters a b] would allow this")
    );
    assert_eq!(
        fix_commands(&explanation.fix),
        [
            "aws eks associate-access-policy --cluster-name my-cluster --region us-west-2 --principal-arn \
             arn:aws:iam::111122223333:role/ops/admin --policy-arn \
             arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy --access-scope type=cluster"
        ]
    );
    // The fix fixes it.
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    let scope = crate::cluster::eks::parameter::AccessScope::Cluster;
    fixture
        .cluster_mut()
        .associate_access_policy(ADMIN, policy, scope, Timestamp::UNIX_EPOCH)
        .unwrap();
    assert_eq!(explain_request(&user, &nodes, fixture.cluster()).cause, Cause::Granted);
    assert_eq!(authorize(&user, &nodes, fixture.cluster()).decision, Decision::Allow);
}

#[test]
fn no_binding() {
    let secrets = Attributes::resource("get", "", "v1", "secrets", "", "default", "s");
    for mode in [AuthenticationMode::Api, AuthenticationMode::ApiAndConfigMap] {
        let mut fixture = fixture(mode);
        entry(
            &mut fixture,
            "arn:aws:iam::111122223333:role/stranger",
            &["viewers"],
            None,
        );
        let user = user(&mut fixture, "stranger");
        let explanation = explain_request(&user, &secrets, fixture.cluster());
        assert_eq!(explanation.cause, Cause::NoBinding, "{}", explanation.render_text());
        assert_eq!(explanation.evidence[0], "the groups are [viewers system:authenticated]");
        assert_eq!(
            explanation.evidence[1],
            r#"secrets "s" is forbidden: User "arn:aws:sts::111122223333:assumed-role/stranger/s" cannot get resource "secrets" in API group "" in the namespace "default""#
        );
    }
}
