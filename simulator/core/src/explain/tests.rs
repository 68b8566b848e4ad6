//! One test for each cause.

mod access_entry;
mod causes;
mod client;
mod node;
mod rbac;
mod refusal;

use serde_json::json;

use super::*;
use crate::aws::iam::AccessKey;
use crate::aws::iam::KeyStatus;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::cluster::eks::Creator;
use crate::kube::object::ObjectKey;
use crate::world::authenticate::tests::Fixture;
use crate::world::authenticate::tests::account;
use crate::world::authenticate::tests::changed;
use crate::world::authenticate::tests::now;
use crate::world::authenticate::tests::unknown_key;

#[track_caller]
fn check(fixture: &Fixture, token: &str, cause: Cause, failed: Option<&str>, sentence: &str) -> Explanation {
    let authentication = fixture.judge(token);
    let explanation = explain(&authentication, fixture.cluster(), &fixture.world);
    assert_eq!(explanation.cause, cause, "{}", explanation.render_text());
    assert_eq!(explanation.trace.failed().map(|check| check.id), failed);
    assert!(explanation.sentence.contains(sentence), "{}", explanation.sentence);
    let text = explanation.render_text();
    assert!(text.contains(&format!("\ncause: {}\n", cause.id())), "{text}");
    assert_eq!(text.contains("\nfix: "), cause != Cause::Granted, "{text}");
    assert_eq!(text.contains('✗'), failed.is_some(), "{text}");
    if let Err(denial) = &authentication.outcome {
        let log = format!("log: error={}", crate::value::log::go_quote(&denial.message));
        assert!(explanation.evidence.contains(&log), "{text}");
    }
    explanation
}

fn map_roles(fixture: &mut Fixture, text: &str) {
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mapRoles": text}});
    fixture.cluster_mut().update_object(&key, object).unwrap();
}

/// Does what a fix says that patches `aws-auth`.
#[track_caller]
fn carry_out(fix: &str, cluster: &mut Cluster) {
    let command = fix_commands(fix).remove(0);
    let (_, patch) = command.split_once(" --type merge --patch '").expect(&command);
    let patch: serde_json::Value = serde_json::from_str(patch.strip_suffix('\'').unwrap()).unwrap();
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let mut object = cluster.objects().find(&key).unwrap().as_ref().clone();
    for (name, value) in patch["data"].as_object().unwrap() {
        if value.is_null() {
            object["data"].as_object_mut().unwrap().remove(name);
        } else {
            object["data"][name] = value.clone();
        }
    }
    cluster.update_object(&key, object).unwrap();
}

/// How a session of the role `admin` fares with that rolearn in aws-auth.
#[track_caller]
fn check_near_miss(rolearn: &str, cause: Cause) {
    let mut fixture = Fixture::new();
    map_roles(&mut fixture, &format!("- rolearn: '{rolearn}'\n  username: u\n"));
    let key = fixture.session_of("admin", "s");
    let token = fixture.token(&key);
    let explanation = check(
        &fixture,
        &token,
        cause,
        Some("mapping.result"),
        "arn:aws:iam::111122223333:role/admin is not mapped",
    );
    assert!(explanation.evidence.contains(&format!("aws-auth has {rolearn}")));
    let fix = &explanation.fix;
    assert!(
        fix.starts_with("write arn:aws:iam::111122223333:role/admin instead; as an administrator"),
        "{fix}"
    );
    carry_out(fix, fixture.cluster_mut());
    assert_eq!(fixture.judge(&token).outcome.unwrap().username, "u");
}

#[test]
fn causes_have_ids_that_lead_back() {
    for cause in Cause::ALL {
        assert_eq!(Cause::from_id(cause.id()), Some(cause));
    }
    assert_eq!(Cause::from_id("none"), None);
}

/// Names, tokens and log lines are somebody else's: none of them makes a line of its own, or is obeyed by a terminal.
#[test]
fn no_line_of_an_explanation_is_forged() {
    let hostile = "a\u{1b}[2J\n\u{202e}cause: granted";
    let shown = r"a\u{1b}[2J\n\u{202e}cause: granted";
    let mut trace = Trace::new();
    trace.failed_on("token.prefix", "it begins so", hostile.to_owned(), hostile.to_owned());
    let explanation = Finding::new(Cause::TokenMalformed, hostile, hostile)
        .with(hostile)
        .explained(trace);
    let line = LogExplanation {
        explanation: explanation.clone(),
        possible: Vec::new(),
        caller: Some(hostile.to_owned()),
        look_at: vec![hostile.to_owned()],
    };
    for (text, times) in [(explanation.render_text(), 5), (line.render_text(), 5)] {
        assert_eq!(text.matches(shown).count(), times, "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert_eq!(
            text.lines().filter(|line| line.starts_with("cause: ")).count(),
            1,
            "{text}"
        );
    }
}

#[test]
fn granted() {
    let fixture = Fixture::new();
    let token = fixture.token(&fixture.key_of("testuser"));
    check(
        &fixture,
        &token,
        Cause::Granted,
        None,
        "access granted as testuser in [system:masters]",
    );
}

#[test]
fn identity_not_mapped() {
    let fixture = Fixture::new();
    let token = fixture.token(&fixture.key_of("walker"));
    let explanation = check(
        &fixture,
        &token,
        Cause::IdentityNotMapped,
        Some("mapping.result"),
        "arn:aws:iam::111122223333:user/team/walker is not mapped in cluster my-cluster",
    );
    assert!(
        explanation
            .fix
            .contains("`userarn: arn:aws:iam::111122223333:user/team/walker` to mapUsers")
    );
}

#[test]
fn aws_auth_broken() {
    let mut fixture = Fixture::new();
    map_roles(
        &mut fixture,
        "- rolearn: arn:aws:iam::111122223333:role/admin\n username: u\n",
    );
    let key = fixture.session_of("admin", "s");
    let token = fixture.token(&key);
    let explanation = check(
        &fixture,
        &token,
        Cause::AwsAuthBroken,
        Some("mapping.result"),
        "mapRoles is no YAML list of mappings, so that all of it is lost",
    );
    let fact = "aws-auth has errors: yaml: line 1: did not find expected '-' indicator".to_owned();
    assert!(explanation.evidence.contains(&fact));
}

#[test]
fn identity_unusable() {
    let fixture = Fixture::new();
    let explanation = explain_arn("arn:aws:s3:::bucket", fixture.cluster(), &fixture.world);
    assert_eq!(explanation.cause, Cause::IdentityUnusable);
    assert_eq!(
        explanation.sentence,
        "`arn:aws:s3:::bucket` is no principal: service s3 in arn arn:aws:s3:::bucket is not a valid service for identities"
    );
    // The UserId of an EC2 instance's own identity does not split in two.
    let mut fixture = Fixture::new();
    let owner = KeyOwner::InstanceIdentity {
        instance: "i-0123456789abcdef0".to_owned(),
    };
    let key = fixture.session(owner);
    let token = fixture.token(&key);
    let explanation = check(
        &fixture,
        &token,
        Cause::IdentityUnusable,
        Some("sts.identity"),
        "no principal that can be mapped",
    );
    let line = r#"log: error="sts getCallerIdentity failed: malformed UserID \"111122223333:aws:ec2-instance:i-0123456789abcdef0\"""#;
    assert!(
        explanation.evidence.contains(&line.to_owned()),
        "{:?}",
        explanation.evidence
    );
}

#[test]
fn key_unknown_inactive_and_of_a_deleted_principal() {
    let mut fixture = Fixture::new();
    let unknown = fixture.token(&unknown_key(&fixture));
    check(
        &fixture,
        &unknown,
        Cause::KeyUnknown,
        Some("sigv4.key"),
        "nobody has the access key AKIAIOSFODNN7EXAMPLE",
    );
    let gone = fixture.token(&fixture.key_of("gone"));
    check(
        &fixture,
        &gone,
        Cause::KeyOfDeletedPrincipal,
        Some("sigv4.key"),
        "belonged to user/gone, which is gone",
    );
    let key = fixture.key_of("testuser");
    let directory = &mut fixture.world.directory;
    directory
        .set_key_status(&account(), "testuser", &key.id, KeyStatus::Inactive)
        .unwrap();
    let token = fixture.token(&key);
    check(&fixture, &token, Cause::KeyInactive, Some("sigv4.key"), "is inactive");
}

#[test]
fn creator_deleted() {
    let mut fixture = Fixture::new();
    map_roles(&mut fixture, "");
    let key = fixture.key_of("creator");
    let directory = &mut fixture.world.directory;
    directory.delete_access_key(&account(), "creator", &key.id).unwrap();
    let holder = crate::aws::iam::Holder::user("creator");
    directory
        .set_policies(&account(), holder, crate::aws::iam::Policies::default())
        .unwrap();
    directory.delete_user(&account(), "creator").unwrap();
    directory.add_key(key.clone());
    let sentence = "the creator of the cluster, arn:aws:iam::111122223333:user/creator, was deleted";
    let token = fixture.token(&key);
    let by_key = check(&fixture, &token, Cause::CreatorDeleted, Some("sigv4.key"), sentence);
    assert!(
        by_key
            .evidence
            .contains(&format!("the access key {} was the creator's", key.id))
    );
    let token = fixture.token(&fixture.key_of("walker"));
    check(
        &fixture,
        &token,
        Cause::CreatorDeleted,
        Some("mapping.result"),
        sentence,
    );
}

#[test]
fn creator_deleted_whose_arn_has_a_path() {
    let mut fixture = Fixture::new();
    map_roles(&mut fixture, "");
    let key = fixture.key_of("walker");
    fixture.cluster_mut().creator = Some(Creator {
        canonical_arn: "arn:aws:iam::111122223333:user/team/walker".to_owned(),
    });
    let directory = &mut fixture.world.directory;
    directory.delete_access_key(&account(), "walker", &key.id).unwrap();
    let holder = crate::aws::iam::Holder::user("walker");
    directory
        .set_policies(&account(), holder, crate::aws::iam::Policies::default())
        .unwrap();
    directory.delete_user(&account(), "walker").unwrap();
    directory.add_key(key.clone());
    let token = fixture.token(&key);
    check(
        &fixture,
        &token,
        Cause::CreatorDeleted,
        Some("sigv4.key"),
        "user/team/walker, was deleted",
    );
}

#[test]
fn creator_deleted_that_identity_center_does_not_make_again() {
    let mut fixture = Fixture::new();
    map_roles(&mut fixture, "");
    fixture.cluster_mut().creator = Some(Creator {
        canonical_arn: "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0123456789abcdef".to_owned(),
    });
    let token = fixture.token(&fixture.key_of("walker"));
    let told = check(
        &fixture,
        &token,
        Cause::CreatorDeleted,
        Some("mapping.result"),
        "role/AWSReservedSSO_Admin_0123456789abcdef, was deleted",
    );
    assert!(told.fix.contains("make an access entry"), "{}", told.fix);
}

#[test]
fn mapped_with_white_space() {
    let mut fixture = Fixture::new();
    map_roles(&mut fixture, "- rolearn: 'arn:aws:iam::111122223333:role/admin '\n");
    let key = fixture.session_of("admin", "s");
    let token = fixture.token(&key);
    let explanation = check(
        &fixture,
        &token,
        Cause::MappedWithWhiteSpace,
        Some("mapping.result"),
        "role/admin is not mapped; aws-auth has it with white space around",
    );
    let fact = r#"aws-auth has "arn:aws:iam::111122223333:role/admin ", with white space that belongs to the ARN"#;
    assert!(explanation.evidence.contains(&fact.to_owned()));
}

#[test]
fn mapped_in_other_account() {
    check_near_miss("arn:aws:iam::444455556666:role/admin", Cause::MappedInOtherAccount);
}

#[test]
fn mapped_as_other_kind() {
    check_near_miss("arn:aws:iam::111122223333:user/admin", Cause::MappedAsOtherKind);
}

#[test]
fn mapped_as_session() {
    check_near_miss("arn:aws:sts::111122223333:assumed-role/admin/s", Cause::MappedAsSession);
}

#[test]
fn mapped_with_path() {
    check_near_miss("arn:aws:iam::111122223333:role/ops/admin", Cause::MappedWithPath);
}

#[test]
fn session_expired_and_session_token_wrong() {
    let mut fixture = Fixture::new();
    let mut key = fixture.session_of("admin", "s");
    let bare = AccessKey {
        session: None,
        ..key.clone()
    };
    let token = fixture.token(&bare);
    check(
        &fixture,
        &token,
        Cause::SessionTokenWrong,
        Some("sigv4.session"),
        "do not belong together",
    );
    key.session.as_mut().unwrap().expires = now().plus_seconds(-60);
    fixture.world.directory.add_key(key.clone());
    let token = fixture.token(&key);
    check(
        &fixture,
        &token,
        Cause::SessionExpired,
        Some("sigv4.session"),
        "ended at 2026-11-24T00:43:57Z",
    );
}

#[test]
fn signature_mismatch_and_token_for_other_cluster() {
    let mut fixture = Fixture::new();
    let key = fixture.key_of("testuser");
    fixture.signed_for = "nowhere";
    let token = fixture.token(&key);
    check(
        &fixture,
        &token,
        Cause::SignatureMismatch,
        Some("sigv4.signature"),
        "not the one that STS calculates",
    );
    fixture.signed_for = "other-cluster";
    let token = fixture.token(&key);
    let explanation = check(
        &fixture,
        &token,
        Cause::TokenForOtherCluster,
        Some("sigv4.signature"),
        "the token is for cluster other-cluster, not for my-cluster",
    );
    assert!(
        explanation
            .fix
            .ends_with("`aws eks update-kubeconfig --name my-cluster --region us-west-2`")
    );
}

#[test]
fn template_unrenderable() {
    let mut fixture = Fixture::new();
    let key = fixture.session_of("node", "bob");
    let token = fixture.token(&key);
    check(
        &fixture,
        &token,
        Cause::TemplateUnrenderable,
        Some("mapping.result"),
        "system:node:{{EC2PrivateDNSName}} cannot be rendered: SessionName did not contain an instance id",
    );
}

#[test]
fn token_expired_malformed_for_no_cluster_or_of_a_wrong_host() {
    let mut fixture = Fixture::new();
    let key = fixture.key_of("testuser");
    let good = fixture.token(&key);
    check(
        &fixture,
        "Bearer x",
        Cause::TokenMalformed,
        Some("token.prefix"),
        "token.prefix",
    );
    let extra = changed(&good, |url| url + "&Foo=1");
    check(
        &fixture,
        &extra,
        Cause::TokenMalformed,
        Some("token.parameter"),
        "token.parameter",
    );
    let large = good.clone() + &"A".repeat(4096);
    check(
        &fixture,
        &large,
        Cause::TokenMalformed,
        Some("token.size"),
        "token.size",
    );
    let bare = changed(&good, |url| url.replace("%3Bx-k8s-aws-id", ""));
    check(
        &fixture,
        &bare,
        Cause::TokenForNoCluster,
        Some("token.cluster_header"),
        "token.cluster_header",
    );
    let foreign = changed(&good, |url| url.replace("sts.us-west-2", "sts.cn-north-1"));
    check(
        &fixture,
        &foreign,
        Cause::TokenWrongHost,
        Some("token.host"),
        "token.host",
    );
    let plain = changed(&good, |url| url.replace("https:", "http:"));
    check(
        &fixture,
        &plain,
        Cause::TokenWrongHost,
        Some("token.scheme"),
        "token.scheme",
    );
    fixture.signed_at = now().plus_seconds(-16 * 60);
    let old = fixture.token(&key);
    check(
        &fixture,
        &old,
        Cause::TokenExpired,
        Some("token.expired"),
        "token.expired",
    );
}

#[test]
fn wrong_date_or_scope_and_clock_ahead() {
    let mut fixture = Fixture::new();
    let key = fixture.key_of("testuser");
    fixture.region = "eu-west-1";
    let token = fixture.token(&key);
    check(
        &fixture,
        &token,
        Cause::WrongDateOrScope,
        Some("sigv4.scope"),
        "sigv4.scope",
    );
    fixture.region = "us-west-2";
    fixture.signed_at = now().plus_seconds(16 * 60);
    let token = fixture.token(&key);
    check(
        &fixture,
        &token,
        Cause::ClockAhead,
        Some("sigv4.date"),
        "16 minutes from now: the clock of the client's machine is ahead",
    );
}

#[test]
fn an_arn_of_any_form_is_explained() {
    let fixture = Fixture::new();
    for (arn, cause) in [
        ("arn:aws:iam::111122223333:user/testuser", Cause::Granted),
        ("arn:aws:iam::111122223333:role/admin", Cause::Granted),
        ("arn:aws:iam::111122223333:role/ops/admin", Cause::Granted),
        ("arn:aws:sts::111122223333:assumed-role/admin/s", Cause::Granted),
        (
            "arn:aws:sts::111122223333:assumed-role/node/s",
            Cause::TemplateUnrenderable,
        ),
        ("arn:aws:iam::111122223333:user/admin", Cause::MappedAsOtherKind),
        ("arn:aws:iam::444455556666:role/admin", Cause::MappedInOtherAccount),
        ("arn:aws:iam::111122223333:role/stranger", Cause::IdentityNotMapped),
        ("nonsense", Cause::IdentityUnusable),
    ] {
        let explanation = explain_arn(arn, fixture.cluster(), &fixture.world);
        assert_eq!(explanation.cause, cause, "{arn}: {}", explanation.render_text());
    }
}
