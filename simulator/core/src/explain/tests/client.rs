//! What the client's configuration adds.

use super::*;

const ADMIN: &str = "arn:aws:iam::111122223333:role/ops/admin";

fn profile(fixture: &Fixture, name: &str) -> ClientProfile {
    ClientProfile {
        name: name.to_owned(),
        access_key_id: Some(fixture.key_of(name).id),
        ..ClientProfile::default()
    }
}

fn with_role(name: &str, role_arn: &str) -> ClientProfile {
    ClientProfile {
        name: name.to_owned(),
        role_arn: Some(role_arn.to_owned()),
        source_profile: Some("testuser".to_owned()),
        ..ClientProfile::default()
    }
}

/// Profiles named after their users, and one for the role.
fn client(fixture: &Fixture, users: &[&str]) -> ClientContext {
    let mut profiles: Vec<ClientProfile> = users.iter().map(|name| profile(fixture, name)).collect();
    profiles.push(with_role("admin", ADMIN));
    ClientContext {
        profiles,
        ..ClientContext::default()
    }
}

fn view<'a>(fixture: &'a Fixture, client: &'a ClientContext) -> ClientView<'a> {
    ClientView {
        client,
        cluster: fixture.cluster(),
        world: &fixture.world,
        now: now(),
    }
}

#[track_caller]
fn explained(fixture: &Fixture, key: &AccessKey, client: &ClientContext) -> Explanation {
    let authentication = fixture.judge(&fixture.token(key));
    let plain = explain(&authentication, fixture.cluster(), &fixture.world);
    let explanation = explain_client(plain.clone(), &key.id, None, view(fixture, client));
    assert!(explanation.sentence.starts_with(&plain.sentence));
    assert!(explanation.evidence.starts_with(&plain.evidence));
    assert!(!explanation.render_text().contains(key.secret.expose()));
    explanation
}

#[test]
fn wrong_profile() {
    let fixture = Fixture::new();
    let key = fixture.key_of("nobody");
    let found = explained(&fixture, &key, &client(&fixture, &["nobody", "testuser"]));
    assert_eq!(found.cause, Cause::WrongProfile, "{}", found.render_text());
    assert!(
        found
            .sentence
            .ends_with("the client acts with profile nobody, and profile testuser would be let in")
    );
    assert!(
        found
            .fix
            .starts_with("act with profile testuser: `export AWS_PROFILE=testuser` and `aws eks update-kubeconfig ")
    );
    assert!(
        found
            .fix
            .contains("; or, to stay who you are: if that is who you mean to be, add `userarn: ")
    );
    let facts = &found.evidence[found.evidence.len() - 3..];
    assert_eq!(
        facts,
        [
            format!("profile nobody holds the key that signed, {}", key.id),
            "profile testuser would be let in".to_owned(),
            "profile admin would be let in".to_owned(),
        ]
    );
}

#[test]
fn no_other_profile_is_let_in() {
    let fixture = Fixture::new();
    let client = ClientContext {
        profiles: vec![
            profile(&fixture, "nobody"),
            profile(&fixture, "walker"),
            profile(&fixture, "gone"),
            with_role("ghost", "arn:aws:iam::111122223333:role/ghost"),
            ClientProfile::default(),
        ],
        ..ClientContext::default()
    };
    let found = explained(&fixture, &fixture.key_of("nobody"), &client);
    assert_eq!(found.cause, Cause::IdentityNotMapped);
    assert!(!found.evidence.iter().any(|fact| fact.contains("would be let in")));
}

#[test]
fn a_more_specific_cause_stays_and_a_role_that_was_assumed_is_meant() {
    let mut fixture = Fixture::new();
    let client = client(&fixture, &["gone", "testuser"]);
    let found = explained(&fixture, &fixture.key_of("gone"), &client);
    assert_eq!(found.cause, Cause::KeyOfDeletedPrincipal);
    assert!(found.evidence.contains(&"profile testuser would be let in".to_owned()));
    map_roles(&mut fixture, "");
    let session = fixture.session_of("admin", "s");
    let found = explained(&fixture, &session, &client);
    assert_eq!(found.cause, Cause::IdentityNotMapped);
    let fact = format!(
        "the key that signed, {}, is of a session of the role of profile admin",
        session.id
    );
    assert!(found.evidence.contains(&fact), "{}", found.render_text());
}

#[test]
fn environment_overrides_profile() {
    let fixture = Fixture::new();
    let key = fixture.key_of("nobody");
    let mut client = client(&fixture, &["testuser", "walker"]);
    client.environment_key = Some(key.id.clone());
    client.chosen_profile = Some("testuser".to_owned());
    let found = explained(&fixture, &key, &client);
    assert_eq!(found.cause, Cause::EnvironmentOverridesProfile);
    assert!(found.fix.starts_with("`unset AWS_ACCESS_KEY_ID "));
    let fact = format!(
        "AWS_ACCESS_KEY_ID in this environment is the key that signed, {}",
        key.id
    );
    assert!(found.evidence.contains(&fact));
    // The profile would not be let in either, or none is named, or a key is not what is wrong.
    client.chosen_profile = Some("walker".to_owned());
    assert_eq!(explained(&fixture, &key, &client).cause, Cause::IdentityNotMapped);
    client.chosen_profile = None;
    assert_eq!(explained(&fixture, &key, &client).cause, Cause::IdentityNotMapped);
    let mut late = Fixture::new();
    late.signed_at = now().plus_seconds(-16 * 60);
    client.chosen_profile = Some("testuser".to_owned());
    assert_eq!(
        explained(&late, &late.key_of("nobody"), &client).cause,
        Cause::TokenExpired
    );
}

#[test]
fn a_key_from_elsewhere_is_reported_and_who_is_let_in_is_left_alone() {
    let fixture = Fixture::new();
    let key = fixture.key_of("nobody");
    let found = explained(&fixture, &key, &ClientContext::default());
    assert_eq!(
        found.evidence.last().unwrap(),
        &format!(
            "neither this environment nor a profile of its AWS files holds the key that signed, {}",
            key.id
        )
    );
    let client = client(&fixture, &["testuser"]);
    let found = explained(&fixture, &fixture.key_of("testuser"), &client);
    assert_eq!((found.cause, found.evidence.len()), (Cause::Granted, 0));
}

/// The profiles beside the one that signs that would be let in, and may do what was asked.
fn proposed(fixture: &Fixture, client: &ClientContext, asked: Option<&Attributes>) -> Vec<String> {
    let key = fixture.key_of("nobody");
    let authentication = fixture.judge(&fixture.token(&key));
    let plain = explain(&authentication, fixture.cluster(), &fixture.world);
    let found = explain_client(plain, &key.id, asked, view(fixture, client));
    let proposed = found.evidence.iter().filter_map(|fact| {
        let (name, rest) = fact.strip_prefix("profile ")?.split_once(' ')?;
        rest.starts_with("would be let in").then(|| name.to_owned())
    });
    proposed.collect()
}

#[test]
fn a_profile_is_proposed_only_where_its_credentials_are_good_and_its_role_may_be_assumed() {
    let mut fixture = Fixture::new();
    let all = client(&fixture, &["nobody", "testuser"]);
    assert_eq!(proposed(&fixture, &all, None), ["testuser", "admin"]);
    // The role's source is somebody whom it does not trust, is not there, goes round, or is not told.
    for source in [Some("nobody"), Some("none"), Some("admin"), None] {
        let mut client = all.clone();
        client.profiles.last_mut().unwrap().source_profile = source.map(str::to_owned);
        assert_eq!(proposed(&fixture, &client, None), ["testuser"], "{source:?}");
    }
    let mut mfa = all.clone();
    mfa.profiles.last_mut().unwrap().wants_mfa = true;
    assert_eq!(proposed(&fixture, &mfa, None), ["testuser"]);
    // A session that has ended.
    let session = fixture.session_of("admin", "s");
    let mut kept = all.clone();
    kept.profiles = vec![ClientProfile {
        name: "kept".to_owned(),
        access_key_id: Some(session.id),
        ..ClientProfile::default()
    }];
    assert_eq!(proposed(&fixture, &kept, None), ["kept"]);
    let key = fixture.key_of("nobody");
    let authentication = fixture.judge(&fixture.token(&key));
    let plain = explain(&authentication, fixture.cluster(), &fixture.world);
    let late = ClientView {
        now: now().plus_seconds(3600),
        ..view(&fixture, &kept)
    };
    let found = explain_client(plain, &key.id, None, late);
    assert!(
        !found.render_text().contains("would be let in"),
        "{}",
        found.render_text()
    );
    // A key that was made inactive, which is the role's source as well.
    let user = fixture.key_of("testuser");
    let directory = &mut fixture.world.directory;
    directory
        .set_key_status(&account(), "testuser", &user.id, KeyStatus::Inactive)
        .unwrap();
    assert!(proposed(&fixture, &all, None).is_empty());
}

#[test]
fn a_profile_is_proposed_for_a_request_only_where_it_may_make_it() {
    let mut fixture = Fixture::new();
    map_roles(
        &mut fixture,
        "- rolearn: arn:aws:iam::111122223333:role/admin\n  username: u\n",
    );
    // Who may do nothing is no better off.
    let client = client(&fixture, &["nobody", "testuser"]);
    let secrets = Attributes::resource("list", "", "v1", "secrets", "", "default", "");
    // map_roles leaves mapUsers out, so that the user is not mapped any more.
    assert!(proposed(&fixture, &client, None).is_empty());
    assert!(proposed(&fixture, &client, Some(&secrets)).is_empty());
    map_roles(
        &mut fixture,
        "- rolearn: arn:aws:iam::111122223333:role/admin\n  username: u\n  groups: [system:masters]\n",
    );
    assert_eq!(proposed(&fixture, &client, Some(&secrets)), ["admin"]);
}
