//! What IAM refuses, in its words, and who a key is after its user has gone and come back.

use super::*;
use crate::aws::iam_policy::PolicyError;

const SECONDS: i64 = 1_795_481_097;

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn elsewhere() -> AccountId {
    AccountId::parse("444455556666").unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(SECONDS)
}

/// A directory with two accounts, and where its ids come from.
fn stage() -> (Directory, IdGenerator) {
    let mut directory = Directory::default();
    directory.add_account(account(), Partition::Aws);
    directory.add_account(elsewhere(), Partition::AwsUsGov);
    (directory, IdGenerator::new(1))
}

fn role(name: &str) -> NewRole<'_> {
    NewRole {
        name,
        path: "/",
        trust_policy: r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#,
        max_session_duration: 3600,
    }
}

#[track_caller]
fn check<T: std::fmt::Debug>(answer: Result<T, IamError>, wanted: IamError, message: &str) {
    assert_eq!(answer.unwrap_err(), wanted);
    assert_eq!(wanted.to_string(), message);
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(answer: Result<T, IamError>, message: &str) {
    check(answer, IamError::Invalid(message.to_owned()), message);
}

#[test]
fn a_user_or_role_has_its_path_in_its_arn() {
    let (mut directory, mut ids) = stage();
    let user = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    assert_eq!(user.arn, "arn:aws:iam::111122223333:user/jane");
    assert!(user.id.starts_with("AIDA") && user.id.len() == 21, "{}", user.id);
    assert_eq!(user.created, now());
    let user = directory.create_user(&elsewhere(), "jane", "/division/team/", &mut ids, now());
    assert_eq!(
        user.unwrap().arn,
        "arn:aws-us-gov:iam::444455556666:user/division/team/jane"
    );
    let new = NewRole {
        path: "/team/",
        max_session_duration: 7200,
        ..role("dev")
    };
    let role = directory.create_role(&account(), new, &mut ids, now()).unwrap();
    assert_eq!(role.arn, "arn:aws:iam::111122223333:role/team/dev");
    assert!(role.id.starts_with("AROA") && role.id.len() == 21, "{}", role.id);
    assert_eq!(role.max_session_duration, 7200);
}

#[test]
fn names_are_taken_without_regard_to_case() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "Jane", "/", &mut ids, now()).unwrap();
    directory.create_role(&account(), role("Dev"), &mut ids, now()).unwrap();
    check(
        directory.create_user(&account(), "jANE", "/team/", &mut ids, now()),
        IamError::UserExists {
            name: "jANE".to_owned(),
        },
        "User with name jANE already exists.",
    );
    check(
        directory.create_role(&account(), role("dEV"), &mut ids, now()),
        IamError::RoleExists { name: "dEV".to_owned() },
        "Role with name dEV already exists.",
    );
    // A user and a role may share a name, and so may users of two accounts.
    assert!(directory.create_user(&account(), "dev", "/", &mut ids, now()).is_ok());
    assert!(directory.create_role(&account(), role("jane"), &mut ids, now()).is_ok());
    assert!(
        directory
            .create_user(&elsewhere(), "jane", "/", &mut ids, now())
            .is_ok()
    );
}

#[test]
fn names_are_found_without_regard_to_case_of_ascii() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "Kim", "/", &mut ids, now()).unwrap();
    assert_eq!(directory.find_user(&account(), "kIM").unwrap().name, "Kim");
    // The Kelvin sign is a K in lower case elsewhere.
    assert!(directory.find_user(&account(), "\u{212a}im").is_err());
    directory.delete_user(&account(), "KIM").unwrap();
    assert!(directory.find_user(&account(), "Kim").is_err());
}

#[test]
fn names_that_iam_does_not_take_are_refused() {
    let (mut directory, mut ids) = stage();
    for name in ["a b", "a/b", "a:b", "jané", "a*"] {
        invalid(
            directory.create_user(&account(), name, "/", &mut ids, now()),
            "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
        );
        invalid(
            directory.create_role(&account(), role(name), &mut ids, now()),
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-",
        );
    }
    let longest = "x".repeat(64);
    for name in ["aZ09+=,.@_-", "a", &longest] {
        assert!(
            directory.create_user(&account(), name, "/", &mut ids, now()).is_ok(),
            "{name}"
        );
    }
    let long = format!("{longest}x");
    for (name, constraint) in [(&*long, "less than or equal to 64"), ("", "greater than or equal to 1")] {
        invalid(
            directory.create_user(&account(), name, "/", &mut ids, now()),
            &format!(
                "1 validation error detected: Value '{name}' at 'userName' failed to satisfy constraint: Member must \
                 have length {constraint}"
            ),
        );
    }
}

#[test]
fn paths_begin_and_end_with_a_slash() {
    let (mut directory, mut ids) = stage();
    let long = |length: usize| format!("/{}/", "x".repeat(length - 2));
    for (at, path) in ["/", "/a/", "/a/b/", "/!~/", &long(512)].into_iter().enumerate() {
        let user = directory.create_user(&account(), &format!("u{at}"), path, &mut ids, now());
        assert_eq!(user.unwrap().path, path);
    }
    for path in ["a", "/a", "a/", "//", "/a b/", "/ä/"] {
        invalid(
            directory.create_user(&account(), "u", path, &mut ids, now()),
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        );
    }
    for (path, constraint) in [
        (&*long(513), "less than or equal to 512"),
        ("", "greater than or equal to 1"),
    ] {
        invalid(
            directory.create_user(&account(), "u", path, &mut ids, now()),
            &format!(
                "1 validation error detected: Value '{path}' at 'path' failed to satisfy constraint: Member must have \
                 length {constraint}"
            ),
        );
    }
}

#[test]
fn who_is_not_there_cannot_be_found() {
    let (mut directory, mut ids) = stage();
    let no_user = || IamError::NoSuchUser {
        name: "Jane".to_owned(),
    };
    let message = "The user with name Jane cannot be found.";
    check(directory.find_user(&account(), "Jane").cloned(), no_user(), message);
    check(directory.delete_user(&account(), "Jane"), no_user(), message);
    let key = directory.create_access_key(&account(), "Jane", &mut ids, now());
    check(key, no_user(), message);
    check(
        directory.delete_access_key(&account(), "Jane", "AKIA"),
        no_user(),
        message,
    );
    let status = directory.set_key_status(&account(), "Jane", "AKIA", KeyStatus::Inactive);
    check(status, no_user(), message);
    check(
        directory.delete_role(&account(), "Dev"),
        IamError::NoSuchRole { name: "Dev".to_owned() },
        "The role with name Dev cannot be found.",
    );
    let nowhere = AccountId::parse("999999999999").unwrap();
    check(
        directory.create_user(&nowhere, "Jane", "/", &mut ids, now()),
        IamError::NoSuchAccount { id: nowhere.clone() },
        "account 999999999999 is not in this world",
    );
}

#[test]
fn a_user_has_two_keys_at_most_active_or_not() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    directory.create_user(&account(), "joe", "/", &mut ids, now()).unwrap();
    let mut create = |directory: &mut Directory, user| directory.create_access_key(&account(), user, &mut ids, now());
    let first = create(&mut directory, "jane").unwrap();
    let second = create(&mut directory, "JANE").unwrap();
    assert!(first.id.starts_with("AKIA") && first.id != second.id);
    let status = directory.set_key_status(&account(), "jane", &first.id, KeyStatus::Inactive);
    assert_eq!(status, Ok(()));
    check(
        create(&mut directory, "jane"),
        IamError::Quota {
            quota: "AccessKeysPerUser",
            most: 2,
        },
        "Cannot exceed quota for AccessKeysPerUser: 2",
    );
    assert!(create(&mut directory, "joe").is_ok());
    directory.delete_access_key(&account(), "jane", &first.id).unwrap();
    assert!(create(&mut directory, "jane").is_ok());
}

#[test]
fn sessions_do_not_count_as_keys() {
    let (mut directory, mut ids) = stage();
    let user = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let owner = KeyOwner::User {
        user_name: user.name.clone(),
        user_id: user.id.clone(),
    };
    for _ in 0..3 {
        directory.create_session(
            &account(),
            owner.clone(),
            now().plus_seconds(900),
            SessionFacts::default(),
            &mut ids,
            now(),
        );
    }
    assert_eq!(directory.access_keys_of(&account(), &user).count(), 0);
    assert!(directory.create_access_key(&account(), "jane", &mut ids, now()).is_ok());
}

#[test]
fn a_key_is_changed_only_by_its_users_name() {
    let (mut directory, mut ids) = stage();
    for user in ["jane", "joe"] {
        directory.create_user(&account(), user, "/", &mut ids, now()).unwrap();
    }
    let key = directory
        .create_access_key(&account(), "jane", &mut ids, now())
        .unwrap();
    for (user, id) in [("joe", &*key.id), ("jane", "AKIANOBODY")] {
        let missing = || IamError::NoSuchAccessKey { id: id.to_owned() };
        let message = format!("The Access Key with id {id} cannot be found.");
        check(directory.delete_access_key(&account(), user, id), missing(), &message);
        let status = directory.set_key_status(&account(), user, id, KeyStatus::Inactive);
        check(status, missing(), &message);
    }
    assert_eq!(directory.access_key(&key.id), Some(&*key));
    directory
        .set_key_status(&account(), "jane", &key.id, KeyStatus::Inactive)
        .unwrap();
    let inactive = AccessKey {
        status: KeyStatus::Inactive,
        ..(*key).clone()
    };
    assert_eq!(directory.access_key(&key.id), Some(&inactive));
}

#[test]
fn a_user_with_keys_is_not_deleted() {
    let (mut directory, mut ids) = stage();
    let user = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let key = directory
        .create_access_key(&account(), "jane", &mut ids, now())
        .unwrap();
    directory
        .set_key_status(&account(), "jane", &key.id, KeyStatus::Inactive)
        .unwrap();
    check(
        directory.delete_user(&account(), "jane"),
        IamError::MustGoFirst(Leftover::AccessKeys),
        "Cannot delete entity, must delete access keys first.",
    );
    assert_eq!(directory.find_user(&account(), "jane"), Ok(&user));
    directory.delete_access_key(&account(), "jane", &key.id).unwrap();
    assert_eq!(directory.access_key(&key.id), None);
    assert_eq!(directory.delete_user(&account(), "jane"), Ok(()));
}

#[test]
fn a_user_made_anew_is_another_one_and_earlier_credentials_stay_nobodys() {
    let (mut directory, mut ids) = stage();
    let first = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let key = directory
        .create_access_key(&account(), "jane", &mut ids, now())
        .unwrap();
    let session = directory.create_session(
        &account(),
        key.owner.clone(),
        now().plus_seconds(900),
        SessionFacts::default(),
        &mut ids,
        now(),
    );
    let jane = CallerIdentity {
        account: account(),
        arn: "arn:aws:iam::111122223333:user/jane".to_owned(),
        user_id: first.id.clone(),
    };
    assert_eq!(directory.caller_identity(&key), Some(jane.clone()));
    assert_eq!(directory.caller_identity(&session), Some(jane));

    directory.delete_access_key(&account(), "jane", &key.id).unwrap();
    directory.delete_user(&account(), "jane").unwrap();
    let second = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    assert_eq!(second.arn, first.arn);
    assert_ne!(second.id, first.id);
    assert_eq!(directory.access_key(&key.id), None);
    // Even a key that was put back under its old id is not the new user's.
    let key = directory.add_key((*key).clone());
    for credentials in [&key, &session] {
        assert_eq!(directory.caller_identity(credentials), None);
    }
    assert_eq!(directory.access_keys_of(&account(), &second).count(), 0);
}

#[test]
fn a_role_made_anew_is_another_one_and_earlier_sessions_stay_nobodys() {
    let (mut directory, mut ids) = stage();
    let first = directory.create_role(&account(), role("Dev"), &mut ids, now()).unwrap();
    let owner = KeyOwner::AssumedRole {
        role_name: "Dev".to_owned(),
        role_id: first.id.clone(),
        session_name: "jane".to_owned(),
    };
    let session = directory.create_session(
        &account(),
        owner,
        now().plus_seconds(900),
        SessionFacts::default(),
        &mut ids,
        now(),
    );
    let identity = CallerIdentity {
        account: account(),
        arn: "arn:aws:sts::111122223333:assumed-role/Dev/jane".to_owned(),
        user_id: format!("{}:jane", first.id),
    };
    assert_eq!(directory.caller_identity(&session), Some(identity));
    directory.delete_role(&account(), "dev").unwrap();
    assert_eq!(directory.caller_identity(&session), None);
    let second = directory.create_role(&account(), role("Dev"), &mut ids, now()).unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(directory.caller_identity(&session), None);
}

#[test]
fn the_root_user_is_its_account() {
    let (mut directory, mut ids) = stage();
    let key = directory.create_session(
        &elsewhere(),
        KeyOwner::Root,
        now(),
        SessionFacts::default(),
        &mut ids,
        now(),
    );
    let identity = CallerIdentity {
        account: elsewhere(),
        arn: "arn:aws-us-gov:iam::444455556666:root".to_owned(),
        user_id: "444455556666".to_owned(),
    };
    assert_eq!(directory.caller_identity(&key), Some(identity));
}

#[test]
fn an_account_that_is_there_keeps_its_users() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    directory.add_account(account(), Partition::AwsCn);
    assert_eq!(directory.account(&account()).unwrap().partition, Partition::Aws);
    assert!(directory.find_user(&account(), "jane").is_ok());
}

#[test]
fn secrets_do_not_print() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let key = directory
        .create_access_key(&account(), "jane", &mut ids, now())
        .unwrap();
    let session = directory.create_session(
        &account(),
        key.owner.clone(),
        now(),
        SessionFacts::default(),
        &mut ids,
        now(),
    );
    let text = format!("{directory:?}");
    let token = session.session.as_ref().unwrap().token.expose();
    for secret in [key.secret.expose(), session.secret.expose(), token] {
        assert!(!text.contains(secret));
    }
    assert!(text.contains("[redacted]"));
}

const TRUSTS_JANE: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/jane"},"Action":"sts:AssumeRole"}}"#;

#[test]
fn a_trust_policy_names_who_is_there_when_it_is_kept() {
    let (mut directory, mut ids) = stage();
    let trusting = NewRole {
        trust_policy: TRUSTS_JANE,
        ..role("Dev")
    };
    let nobody = || {
        IamError::from(PolicyError::InvalidPrincipal {
            kind: "AWS".to_owned(),
            value: "arn:aws:iam::111122223333:user/jane".to_owned(),
        })
    };
    let message = r#"Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/jane""#;
    check(
        directory.create_role(&account(), trusting, &mut ids, now()),
        nobody(),
        message,
    );
    assert!(directory.account(&account()).unwrap().role("Dev").is_none());
    directory.create_role(&account(), role("Dev"), &mut ids, now()).unwrap();
    check(
        directory.update_trust_policy(&account(), "Dev", TRUSTS_JANE),
        nobody(),
        message,
    );

    let jane = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    directory.update_trust_policy(&account(), "dev", TRUSTS_JANE).unwrap();
    let shown = |directory: &Directory| {
        let role = directory.account(&account()).unwrap().role("Dev").unwrap();
        directory.render_trust_policy(role)
    };
    assert_eq!(shown(&directory), TRUSTS_JANE);
    directory.delete_user(&account(), "jane").unwrap();
    let gone = TRUSTS_JANE.replace("arn:aws:iam::111122223333:user/jane", &jane.id);
    assert_eq!(shown(&directory), gone);
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    assert_eq!(shown(&directory), gone, "it is another jane");

    check(
        directory.update_trust_policy(&account(), "Dev", "{"),
        IamError::MalformedPolicy(PolicyError::InvalidJson),
        "This policy contains invalid Json",
    );
    check(
        directory.update_trust_policy(&account(), "nobody", TRUSTS_JANE),
        IamError::NoSuchRole {
            name: "nobody".to_owned(),
        },
        "The role with name nobody cannot be found.",
    );
}

#[test]
fn a_staged_trust_policy_may_name_who_comes_later_or_is_gone() {
    let (mut directory, mut ids) = stage();
    for (name, user) in [("by-jane", "jane"), ("by-gone", "gone"), ("by-ghost", "ghost")] {
        let trusting = NewRole {
            trust_policy: &TRUSTS_JANE.replace("jane", user),
            ..role(name)
        };
        directory.stage_role(&account(), trusting, &mut ids, now()).unwrap();
    }
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let gone = "arn:aws:iam::111122223333:user/gone".to_owned();
    directory.resolve_trust_policies(&[(gone, "AIDAGONE".to_owned())].into(), &mut ids);
    let shown = |name: &str| {
        let role = directory.account(&account()).unwrap().role(name).unwrap();
        directory.render_trust_policy(role)
    };
    assert_eq!(shown("by-jane"), TRUSTS_JANE);
    assert!(shown("by-gone").contains(r#"{"AWS":"AIDAGONE"}"#));
    let ghost = shown("by-ghost");
    assert!(
        ghost.contains(r#"{"AWS":"AIDA"#) && !ghost.contains("AIDAGONE"),
        "{ghost}"
    );
}

const RULES: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"eks:*","Resource":"*"}}"#;

#[test]
fn policies_come_from_the_user_its_groups_and_the_boundary() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    directory
        .create_group(&account(), "devs", "/", &mut ids, now())
        .unwrap();
    let key = directory
        .create_access_key(&account(), "jane", &mut ids, now())
        .unwrap();
    let count = |directory: &Directory| directory.policies_of(&key).identity.len();
    assert_eq!(count(&directory), 0);
    let jane = Holder::user("jane");
    let reader = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    directory.attach_policy(&account(), jane, reader).unwrap();
    directory.attach_policy(&account(), jane, reader).unwrap();
    assert_eq!(count(&directory), 1);
    directory.put_inline_policy(&account(), jane, "eks", RULES).unwrap();
    assert_eq!(count(&directory), 2);
    directory
        .attach_policy(&account(), Holder::group("devs"), reader)
        .unwrap();
    directory.add_user_to_group(&account(), "DEVS", "Jane").unwrap();
    assert_eq!(count(&directory), 3);
    assert_eq!(directory.policies_of(&key).boundary, None);
    directory.set_boundary(&account(), jane, Some(reader)).unwrap();
    assert!(directory.policies_of(&key).boundary.is_some());
    for (leftover, fix) in [
        (
            Leftover::AccessKeys,
            (|directory: &mut Directory, key: &str| directory.delete_access_key(&account(), "jane", key))
                as fn(&mut Directory, &str) -> Result<(), IamError>,
        ),
        (Leftover::AttachedPolicies, |directory, _| {
            directory.detach_policy(
                &account(),
                Holder::user("jane"),
                "arn:aws:iam::aws:policy/ReadOnlyAccess",
            )
        }),
        (Leftover::InlinePolicies, |directory, _| {
            directory.delete_inline_policy(&account(), Holder::user("jane"), "eks")
        }),
        (Leftover::Groups, |directory, _| {
            directory.remove_user_from_group(&account(), "devs", "jane")
        }),
    ] {
        assert_eq!(
            directory.delete_user(&account(), "jane"),
            Err(IamError::MustGoFirst(leftover))
        );
        fix(&mut directory, &key.id).unwrap();
    }
    directory.delete_user(&account(), "jane").unwrap();
    assert_eq!(directory.policies_of(&key), PrincipalPolicies::default());
}

#[test]
fn quotas_are_those_of_iam() {
    let (mut directory, mut ids) = stage();
    directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let new = |name: &'static str| NewPolicy {
        name,
        path: "/",
        document: RULES,
        description: None,
    };
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
    let mut last = Ok(());
    for name in names {
        let policy = directory.create_policy(&account(), new(name), &mut ids, now()).unwrap();
        last = directory.attach_policy(&account(), Holder::user("jane"), &policy.arn);
        directory.create_group(&account(), name, "/", &mut ids, now()).unwrap();
    }
    check(
        last,
        IamError::Quota {
            quota: "PoliciesPerUser",
            most: 10,
        },
        "Cannot exceed quota for PoliciesPerUser: 10",
    );
    let joined: Vec<_> = names
        .iter()
        .map(|group| directory.add_user_to_group(&account(), group, "jane"))
        .collect();
    assert_eq!(joined.iter().filter(|joined| joined.is_ok()).count(), 10);
    check(
        joined[10].clone(),
        IamError::Quota {
            quota: "GroupsPerUser",
            most: 10,
        },
        "Cannot exceed quota for GroupsPerUser: 10",
    );
    let long = RULES.replace("eks:*", &format!("eks:{}", "x".repeat(2048)));
    check(
        directory.put_inline_policy(&account(), Holder::user("jane"), "long", &long),
        IamError::PolicyTooLong {
            most: 2048,
            holder: "user",
            name: "jane".to_owned(),
        },
        "Maximum policy size of 2048 bytes exceeded for user jane",
    );
}

#[test]
fn versions_of_a_policy_are_numbered_and_five_at_most() {
    let (mut directory, mut ids) = stage();
    let new = NewPolicy {
        name: "p",
        path: "/",
        document: RULES,
        description: None,
    };
    let arn = directory
        .create_policy(&account(), new, &mut ids, now())
        .unwrap()
        .arn
        .clone();
    let add = |directory: &mut Directory, is_default| {
        directory.create_policy_version(&account(), &arn, RULES, is_default, now())
    };
    for number in 2..=5 {
        assert_eq!(add(&mut directory, number == 3), Ok(number));
    }
    assert_eq!(add(&mut directory, false), Err(IamError::TooManyPolicyVersions));
    assert_eq!(
        directory.delete_policy_version(&account(), &arn, "v3"),
        Err(IamError::DefaultPolicyVersion)
    );
    directory.delete_policy_version(&account(), &arn, "v5").unwrap();
    assert_eq!(add(&mut directory, false), Ok(6), "numbers are not used again");
    assert_eq!(
        directory.delete_policy(&account(), &arn),
        Err(IamError::PolicyVersionsLeft)
    );
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    assert!(matches!(
        directory.delete_policy(&account(), administrator),
        Err(IamError::AwsManaged { .. })
    ));
    for version in ["v1", "v2", "v4", "v6"] {
        directory.delete_policy_version(&account(), &arn, version).unwrap();
    }
    directory.delete_policy(&account(), &arn).unwrap();
    assert!(directory.managed_policy(&account(), &arn).is_err());
}

#[test]
fn a_code_of_a_device_is_taken_once_and_of_its_user_only() {
    let (mut directory, mut ids) = stage();
    let jane = directory.create_user(&account(), "jane", "/", &mut ids, now()).unwrap();
    let text = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let seed = Seed::from_base32(text);
    assert_eq!(seed.as_ref().map(Seed::expose).as_deref(), Some(text));
    assert!(!format!("{seed:?}").contains(text));
    let device = directory
        .create_mfa_device(&account(), "jane", "/", seed, &mut ids)
        .unwrap();
    let code = |seconds| {
        crate::aws::totp::code(
            b"12345678901234567890",
            crate::aws::totp::period(now().plus_seconds(seconds)),
        )
    };
    let enable = |directory: &mut Directory, first: i64, second: i64| {
        let codes = [&*code(first), &*code(second)];
        directory.enable_mfa_device(&account(), "jane", &device.serial, codes, now())
    };
    let wrong = Err(IamError::InvalidAuthenticationCode);
    assert_eq!(enable(&mut directory, 0, 0), wrong);
    assert_eq!(enable(&mut directory, 0, 30), Ok(()));
    assert_eq!(enable(&mut directory, 0, 30), Err(IamError::MfaDeviceExists));
    let take = |directory: &mut Directory, user: &str, seconds| {
        let now = now().plus_seconds(seconds);
        directory.use_mfa_code(&account(), user, &device.serial, &code(seconds), now)
    };
    assert_eq!(
        take(&mut directory, &jane.id, 30),
        wrong,
        "it was shown when it was enabled"
    );
    assert_eq!(take(&mut directory, &jane.id, 60), Ok(()));
    assert_eq!(take(&mut directory, &jane.id, 60), wrong);
    assert!(matches!(
        take(&mut directory, "AIDAOTHER", 90),
        Err(IamError::NoSuchMfaDevice { .. })
    ));
    assert_eq!(
        directory.delete_user(&account(), "jane"),
        Err(IamError::MustGoFirst(Leftover::MfaDevices))
    );
    assert_eq!(
        directory.delete_mfa_device(&account(), &device.serial),
        Err(IamError::MfaDeviceInUse)
    );
    directory
        .deactivate_mfa_device(&account(), "jane", &device.serial)
        .unwrap();
    directory.delete_mfa_device(&account(), &device.serial).unwrap();
    directory.delete_user(&account(), "jane").unwrap();
}
