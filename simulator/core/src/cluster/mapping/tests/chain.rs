//! Authenticators that their operator configures. The words are those of aws-iam-authenticator 0.7.18.

use crate::cluster::mapping::Identity;
use crate::cluster::mapping::resolve;
use crate::kube::object::ObjectKey;
use crate::scenario::stage;
use crate::value::instant::Timestamp;
use crate::world::World;

const ROLE: &str = "arn:aws:iam::111122223333:role/Admin";

fn world(config: &str, dynamic_file: &str) -> World {
    let indent = |text: &str| text.replace('\n', "\n          ");
    let text = format!(
        r#"
world:
  accounts: [{{id: "111122223333"}}]
  clusters:
    - name: c
      region: us-west-2
      account: "111122223333"
      instances: {{i-0123456789abcdef0: node-1}}
      authenticator:
        config: |
          {}
        dynamic_file: |
          {}
      aws_auth:
        mapRoles: |
          - {{rolearn: "{ROLE}", username: from-aws-auth}}
          - {{rolearn: "arn:aws:iam::111122223333:role/node", username: "system:node:{{{{EC2PrivateDNSName}}}}"}}
  profiles: []
"#,
        indent(config),
        indent(dynamic_file)
    );
    stage(&text, Timestamp::UNIX_EPOCH).unwrap().world
}

fn identity(arn: &str, session: &str) -> Identity {
    Identity {
        arn: arn.to_owned(),
        canonical_arn: arn.to_owned(),
        account_id: "111122223333".to_owned(),
        user_id: "AROA1".to_owned(),
        session_name: session.to_owned(),
        access_key_id: "ASIA1".to_owned(),
    }
}

/// `wanted` is `USERNAME [GROUPS]`, or the error.
#[track_caller]
fn check(config: &str, dynamic_file: &str, who: (&str, &str), wanted: Result<&str, &str>) {
    let world = world(config, dynamic_file);
    let outcome = resolve(&identity(who.0, who.1), world.cluster("c").unwrap()).outcome;
    let found = outcome
        .map(|user| format!("{} [{}]", user.username, user.groups.join(" ")))
        .map_err(|error| error.to_string());
    assert_eq!(found, wanted.map(str::to_owned).map_err(str::to_owned), "{config}");
}

const ADMIN: (&str, &str) = (ROLE, "me@x");
const NOT_MAPPED: Result<&str, &str> = Err("identity is not mapped");

#[test]
fn backends_are_asked_in_their_order() {
    const MOUNTED: &str = "server:\n  mapRoles: [{rolearn: 'arn:aws:iam::111122223333:role/Admin', username: 'm:{{SessionName}}', groups: [g]}]\n";
    let modes = |modes: &str| format!("{MOUNTED}  backendMode: [{modes}]\n");
    check(MOUNTED, "{}", ADMIN, Ok("m:me-x [g]"));
    check(&modes("MountedFile, EKSConfigMap"), "{}", ADMIN, Ok("m:me-x [g]"));
    check(&modes("EKSConfigMap, MountedFile"), "{}", ADMIN, Ok("from-aws-auth []"));
    check(&modes("CRD"), "{}", ADMIN, NOT_MAPPED);
    check(&modes("ConfigMap"), "{}", ADMIN, Ok("from-aws-auth []"));
    check("", "{}", ADMIN, NOT_MAPPED);
}

const DYNAMIC: &str =
    "server:\n  backendMode: [DynamicFile, EKSConfigMap]\n  dynamicfilepath: f\n  dynamicfileUserIDStrict: true\n";

#[test]
fn a_mismatch_of_ids_is_reported_only_where_nobody_else_knows_the_caller() {
    let file = |arn: &str| format!(r#"{{"mapRoles": [{{"rolearn": "{arn}", "username": "d", "userid": "AROA1"}}]}}"#);
    let right = file("arn:aws:iam::111122223333:role/team/admin");
    let wrong = file("arn:aws:iam::111122223333:role/other");
    check(DYNAMIC, &right, ADMIN, Ok("d []"));
    check(DYNAMIC, &wrong, ADMIN, Ok("from-aws-auth []"));
    let nobody = ("arn:aws:iam::111122223333:role/nobody", "s");
    check(
        DYNAMIC,
        &wrong,
        nobody,
        Err("mapper DynamicFile Map error: ARN does not match User ID"),
    );
}

#[test]
fn accounts_are_let_in_by_the_mapper_that_lists_them() {
    let stranger = ("arn:aws:iam::111122223333:user/u", "");
    let wanted = Ok("arn:aws:iam::111122223333:user/u []");
    check("server: {mapAccounts: ['111122223333']}", "{}", stranger, wanted);
    check(DYNAMIC, r#"{"mapAccounts": ["111122223333"]}"#, stranger, wanted);
    // The account of the first mapper comes before the item of the second.
    check(
        DYNAMIC,
        r#"{"mapAccounts": ["111122223333"]}"#,
        ADMIN,
        Ok("arn:aws:iam::111122223333:role/Admin []"),
    );
    check("server: {mapAccounts: ['444455556666']}", "{}", stranger, NOT_MAPPED);
}

#[test]
fn instances_have_names_and_usernames_can_be_reserved() {
    let config = "server:\n  backendMode: [EKSConfigMap]\n";
    let node = "arn:aws:iam::111122223333:role/node";
    check(config, "{}", (node, "i-0123456789abcdef0"), Ok("system:node:node-1 []"));
    check(
        config,
        "{}",
        (node, "i-0123456789abcdef1"),
        Err(
            "mapper EKSConfigMap renderTemplates error: error rendering username template \"system:node:{{EC2PrivateDNSName}}\": failed to find node i-0123456789abcdef1 ",
        ),
    );
    let reserved = format!(
        "{config}  reservedPrefixConfig: [{{backendmode: EKSConfigMap, usernamePrefixReserveList: ['system:', 'eks:']}}]\n"
    );
    check(
        &reserved,
        "{}",
        (node, "i-0123456789abcdef0"),
        Err(
            "invalid username 'system:node:node-1' for mapper EKSConfigMap: username must not begin with with the following prefixes: [system: eks:]",
        ),
    );
    check(&reserved, "{}", ADMIN, Ok("from-aws-auth []"));
}

#[test]
fn identity_mappings_are_objects_of_the_cluster() {
    let mut world = world("server: {backendMode: [CRD]}", "{}");
    let (cluster, ids) = world.cluster_mut("c").unwrap();
    let object = serde_json::json!({"spec": {"arn": ROLE, "username": "crd", "groups": ["g"]}});
    let key = ObjectKey::new(crate::cluster::mapping::crd::RESOURCE, "", "admin");
    cluster
        .create_object(key.clone(), object, ids, Timestamp::UNIX_EPOCH)
        .unwrap();
    let user = |world: &World| resolve(&identity(ROLE, "s"), world.cluster("c").unwrap()).outcome.ok();
    assert_eq!(user(&world).unwrap().username, "crd");
    world.cluster_mut("c").unwrap().0.delete_object(&key).unwrap();
    assert_eq!(user(&world), None);
}
