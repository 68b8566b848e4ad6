//! Which of access entries, `aws-auth` and the hidden creator lets whom in.

use super::*;
use crate::cluster::eks::access_entry::AccessEntryChange;
use crate::cluster::eks::access_entry::NewAccessEntry;
use crate::scenario;
use crate::world::World;

const ROLE: &str = "arn:aws:iam::111122223333:role/ops/dev";
const CANONICAL: &str = "arn:aws:iam::111122223333:role/dev";

/// A cluster of that mode, with an entry for the role (of an earlier role of that name where `recreated`) and with an
/// item in aws-auth.
fn world(mode: &str, entry: Option<&str>, aws_auth: bool) -> World {
    let entry = entry.map_or(String::new(), |recreated| {
        format!(
            "      access_entries:\n        - {{principal: role/dev, username: 'entry:{{{{SessionName}}}}', groups: [viewers], \
             recreated: {recreated}}}\n"
        )
    });
    let item = if aws_auth {
        "      aws_auth:\n        mapRoles: |\n          - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: auth, groups: [editors]}\n"
    } else {
        ""
    };
    let text = format!(
        "world:\n  accounts:\n    - id: '111122223333'\n      users:\n        - name: creator\n      roles:\n        - {{name: dev, path: /ops/}}\n  \
         clusters:\n    - name: c\n      region: us-west-2\n      account: '111122223333'\n      creator: user/creator\n      \
         authentication_mode: {mode}\n{entry}{item}  profiles: []\n"
    );
    scenario::stage(&text, Timestamp::UNIX_EPOCH)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
        .world
}

fn dev(world: &World) -> Identity {
    let account = AccountId::parse("111122223333").unwrap();
    let role = world.directory.account(&account).unwrap().role("dev").unwrap();
    Identity {
        user_id: role.id.clone(),
        ..identity(CANONICAL, "s@x")
    }
}

fn who_is(identity: &Identity, world: &World) -> Result<String, String> {
    let resolution = resolve(identity, world.cluster("c").unwrap());
    let user = resolution.outcome.map_err(|error| error.to_string())?;
    Ok(format!("{} [{}]", user.username, user.groups.join(" ")))
}

#[test]
fn precedence_follows_from_the_mode() {
    const ENTRY: Result<&str, &str> = Ok("entry:s-x [viewers]");
    const AUTH: Result<&str, &str> = Ok("auth [editors]");
    const NOBODY: Result<&str, &str> = Err("identity is not mapped");
    for (mode, entry, aws_auth, wanted, by) in [
        ("CONFIG_MAP", None, false, NOBODY, "mapping.result"),
        ("CONFIG_MAP", None, true, AUTH, "mapping.aws_auth"),
        ("API_AND_CONFIG_MAP", None, false, NOBODY, "mapping.result"),
        ("API_AND_CONFIG_MAP", None, true, AUTH, "mapping.aws_auth"),
        (
            "API_AND_CONFIG_MAP",
            Some("false"),
            false,
            ENTRY,
            "mapping.access_entry",
        ),
        ("API_AND_CONFIG_MAP", Some("false"), true, ENTRY, "mapping.access_entry"),
        ("API_AND_CONFIG_MAP", Some("true"), false, NOBODY, "mapping.result"),
        ("API_AND_CONFIG_MAP", Some("true"), true, AUTH, "mapping.aws_auth"),
        ("API", None, false, NOBODY, "mapping.result"),
        ("API", None, true, NOBODY, "mapping.result"),
        ("API", Some("false"), false, ENTRY, "mapping.access_entry"),
        ("API", Some("false"), true, ENTRY, "mapping.access_entry"),
        ("API", Some("true"), false, NOBODY, "mapping.result"),
        ("API", Some("true"), true, NOBODY, "mapping.result"),
    ] {
        let world = world(mode, entry, aws_auth);
        let got = who_is(&dev(&world), &world);
        let case = format!("{mode} {entry:?} {aws_auth}");
        assert_eq!(
            got.as_ref().map(String::as_str).map_err(String::as_str),
            wanted,
            "{case}"
        );
        let trace = resolve(&dev(&world), world.cluster("c").unwrap()).trace;
        assert_eq!(trace.checks().last().unwrap().id, by, "{case}");
        let asked = |id| trace.checks().iter().any(|check| check.id == id);
        assert_eq!(asked("mapping.creator"), mode == "CONFIG_MAP", "{case}");
        assert_eq!(asked("mapping.access_entry"), mode != "CONFIG_MAP", "{case}");
        assert!(mode != "API" || !asked("mapping.aws_auth"), "{case}");
    }
}

#[test]
fn the_creator_is_let_in_by_its_hidden_mapping_or_by_its_entry() {
    let creator = "arn:aws:iam::111122223333:user/creator";
    for (mode, wanted, recreated) in [
        ("CONFIG_MAP", "kubernetes-admin [system:masters]", true),
        ("API_AND_CONFIG_MAP", "arn:aws:iam::111122223333:user/creator []", false),
        ("API", "arn:aws:iam::111122223333:user/creator []", false),
    ] {
        let mut world = world(mode, None, false);
        let account = AccountId::parse("111122223333").unwrap();
        let find = |world: &World| Identity {
            user_id: world.directory.find_user(&account, "creator").unwrap().id.clone(),
            ..identity(creator, "")
        };
        assert_eq!(who_is(&find(&world), &world), Ok(wanted.to_owned()));
        for key in world
            .directory
            .access_keys_of(
                &account,
                &world.directory.find_user(&account, "creator").unwrap().clone(),
            )
            .map(|key| key.id.clone())
            .collect::<Vec<_>>()
        {
            world.directory.delete_access_key(&account, "creator", &key).unwrap();
        }
        let holder = crate::aws::iam::Holder::user("creator");
        world
            .directory
            .set_policies(&account, holder, crate::aws::iam::Policies::default())
            .unwrap();
        world.directory.delete_user(&account, "creator").unwrap();
        world
            .directory
            .create_user(&account, "creator", "/", &mut world.ids, Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(who_is(&find(&world), &world).is_ok(), recreated, "{mode}");
    }
}

#[test]
fn templates_of_entries_are_rendered() {
    let mut world = world("API_AND_CONFIG_MAP", Some("false"), true);
    for (username, wanted) in [
        ("a:{{SessionName}}", Ok("a:s-x [viewers]")),
        ("a:{{SessionNameRaw}}", Ok("a:s@x [viewers]")),
        ("{{AccountID}}", Ok("111122223333 [viewers]")),
        // What cannot be rendered ends it: the next mapper is not asked.
        (
            "{{EC2PrivateDNSName}}",
            Err(
                "mapper DynamicFile renderTemplates error: error rendering username template \"{{EC2PrivateDNSName}}\": SessionName did not contain an instance id",
            ),
        ),
    ] {
        let identity = dev(&world);
        let cluster = world.cluster_mut("c").unwrap().0;
        let change = AccessEntryChange {
            username: Some(username.to_owned()),
            groups: None,
        };
        cluster
            .update_access_entry(ROLE, change, Timestamp::UNIX_EPOCH)
            .unwrap();
        assert_eq!(
            who_is(&identity, &world),
            wanted.map(str::to_owned).map_err(str::to_owned)
        );
    }
}

#[test]
fn the_arn_must_agree_with_the_id() {
    let world = world("API", Some("false"), false);
    let upper = Identity {
        canonical_arn: CANONICAL.replace("dev", "DEV"),
        ..dev(&world)
    };
    assert!(who_is(&upper, &world).is_ok());
    let renamed = Identity {
        canonical_arn: CANONICAL.replace("dev", "ops"),
        ..dev(&world)
    };
    assert_eq!(
        who_is(&renamed, &world),
        Err("mapper DynamicFile Map error: ARN does not match User ID".to_owned())
    );
}

#[test]
fn a_users_path_counts_and_a_roles_does_not() {
    for (principal, canonical, good) in [
        ("role/a/b/r", "role/r", true),
        ("role/a/b/r", "role/a/b/r", false),
        ("user/a/u", "user/a/u", true),
        ("user/a/u", "user/u", false),
    ] {
        let mut world = world("API", None, false);
        let (cluster, _, ids) = world.cluster_and_directory_mut("c").unwrap();
        let arn = |resource: &str| format!("arn:aws:iam::111122223333:{resource}");
        let spec = NewAccessEntry {
            principal_arn: arn(principal),
            ..NewAccessEntry::default()
        };
        cluster
            .create_access_entry_for("X1".to_owned(), spec, ids, Timestamp::UNIX_EPOCH)
            .unwrap();
        let caller = Identity {
            user_id: "X1".to_owned(),
            ..identity(&arn(canonical), "s")
        };
        assert_eq!(who_is(&caller, &world).is_ok(), good, "{principal} {canonical}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_entry_for_another_principal_takes_no_access_away(
        others in prop::collection::vec(("[a-f]{1,3}", 0_u8..40, any::<bool>()), 1..12),
        has_entry in any::<bool>(),
        has_item in any::<bool>(),
        mode in prop_oneof![Just("API"), Just("API_AND_CONFIG_MAP")],
    ) {
        let mut world = world(mode, has_entry.then_some("false"), has_item);
        let identity = dev(&world);
        let before = who_is(&identity, &world);
        let (cluster, _, ids) = world.cluster_and_directory_mut("c").unwrap();
        for (name, id, deleted) in others {
            let arn = format!("arn:aws:iam::111122223333:role/{name}");
            let spec = NewAccessEntry { principal_arn: arn.clone(), ..NewAccessEntry::default() };
            let _ = cluster.create_access_entry_for(format!("AROA{id}"), spec, ids, Timestamp::UNIX_EPOCH);
            if deleted {
                let _ = cluster.delete_access_entry(&arn);
            }
        }
        prop_assert_eq!(who_is(&identity, &world), before);
    }
}
