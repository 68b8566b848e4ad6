//! How `aws-auth` is read and whom it makes of whom.
//!
//! The tables were recorded from aws-iam-authenticator v0.7.18 built with Go 1.26; errors are as it logs them.

mod access_entry;
mod chain;

use proptest::prelude::*;
use serde_json::json;

use super::aws_auth::AwsAuth;
use super::aws_auth::MappedArn;
use super::*;
use crate::cluster::eks::AWS_AUTH_NAME;
use crate::cluster::eks::AWS_AUTH_NAMESPACE;
use crate::cluster::eks::Creator;
use crate::cluster::eks::NewCluster;
use crate::kube::object::ObjectKey;
use crate::value::arn::AccountId;
use crate::value::id::IdGenerator;
use crate::value::instant::Timestamp;

fn parse(key: &str, text: &str) -> AwsAuth {
    AwsAuth::from_config_map(&json!({"data": {key: text}}))
}

fn errors(aws_auth: &AwsAuth) -> String {
    if aws_auth.errors().is_empty() {
        return String::new();
    }
    format!("[{}]", aws_auth.errors().join(" "))
}

fn shown(items: &[MappedArn]) -> String {
    let item = |item: &MappedArn| {
        let groups = if item.groups.is_empty() {
            String::new()
        } else {
            format!(" [{}]", item.groups.join(" "))
        };
        format!("{} = {}{groups}", item.arn, item.username)
    };
    items.iter().map(item).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check(key: &str, text: &str, wanted: &str, wanted_errors: &str) {
    let parsed = parse(key, text);
    let got = match key {
        "mapRoles" => shown(parsed.roles()),
        "mapUsers" => shown(parsed.users()),
        _ => parsed.accounts().join("; "),
    };
    assert_eq!(
        (got.as_str(), errors(&parsed).as_str()),
        (wanted, wanted_errors),
        "{text:?}"
    );
}

#[test]
fn scalars_are_those_of_yaml_1_1() {
    for (text, username, wanted) in USERNAMES {
        let wanted_item = username.map(|username| format!("r = {username}")).unwrap_or_default();
        let document = format!("- rolearn: r\n  username: {text}\n");
        check("mapRoles", &document, &wanted_item, wanted);
    }
}

#[test]
fn roles_are_read_as_upstream_does() {
    for (text, wanted, wanted_errors) in ROLES {
        check("mapRoles", text, wanted, wanted_errors);
    }
}

#[test]
fn users_are_read_as_upstream_does() {
    for (text, wanted, wanted_errors) in USERS {
        check("mapUsers", text, wanted, wanted_errors);
    }
}

#[test]
fn accounts_are_read_as_upstream_does() {
    for (text, wanted, wanted_errors) in ACCOUNTS {
        check("mapAccounts", text, &wanted.join("; "), wanted_errors);
    }
}

#[test]
fn broken_json_has_a_general_error() {
    // Upstream names the place in words of its own.
    check("mapRoles", r#"{"a" b}"#, "", "[invalid character in JSON]");
    check("mapRoles", r#"{"a": "#, "", "[unexpected end of JSON input]");
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let error = "[yaml: exceeded max depth of 100]";
    check("mapRoles", &"[".repeat(5000), "", error);
    check("mapRoles", &"- ".repeat(5000), "", error);
    check("mapAccounts", &"[".repeat(5000), "", error);
}

#[test]
fn aliases_may_not_multiply_without_bound() {
    let mut text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let alias = format!("*a{}, ", level - 1).repeat(9);
        text.push_str(&format!("- &a{level} [{alias}x]\n"));
    }
    check("mapRoles", &text, "", "[yaml: document contains excessive aliasing]");
}

#[test]
fn aliases_may_not_stand_for_more_text_than_memory_holds() {
    let (long, aliases) = ("x".repeat(500_000), "*a,".repeat(100_000));
    let error = "[yaml: document contains excessive aliasing]";
    for key in ["mapRoles", "mapAccounts"] {
        let parsed = parse(key, &format!("- &a {long}\n{}", "- *a\n".repeat(100_000)));
        assert_eq!(errors(&parsed), error);
    }
    let parsed = parse("mapUsers", &format!("- &a {long}\n- [{aliases}]\n"));
    assert_eq!(errors(&parsed), error);
}

#[test]
fn one_broken_key_loses_only_itself() {
    let parsed = AwsAuth::from_config_map(&json!({"data": {
        "mapRoles": "- rolearn: r\n username: u\n",
        "mapUsers": "- userarn: u\n",
        "mapAccounts": "- '1'\n",
    }}));
    assert_eq!(shown(parsed.users()), "u = ");
    assert_eq!(parsed.accounts(), ["1"]);
    assert_eq!(parsed.roles(), []);
    assert_eq!(errors(&parsed), "[yaml: line 1: did not find expected '-' indicator]");
}

#[test]
fn errors_come_users_first_then_roles_then_accounts() {
    let parsed = AwsAuth::from_config_map(&json!({"data": {
        "mapRoles": "- username: r\n",
        "mapUsers": "- username: u\n",
        "mapAccounts": "x: y\n",
    }}));
    let wanted = "[value for userarn must be supplied one of rolearn or SSO must be supplied \
                  yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into []string]";
    assert_eq!(errors(&parsed), wanted);
    let messages: Vec<String> = watch_messages(Some(&parsed))
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(
        messages,
        [
            "Received aws-auth watch event".to_owned(),
            format!("Errors parsing configmap: {wanted}"),
            format!(
                "There was an error parsing the config maps.  Only saving data that was good, \
                 error parsing config map: {wanted}"
            ),
            format!("error parsing config map: {wanted}"),
        ]
    );
    assert_eq!(
        watch_messages(None),
        [(Level::Info, "Resetting configmap on delete".to_owned())]
    );
    assert_eq!(watch_messages(Some(&AwsAuth::default())).len(), 1);
}

#[test]
fn keys_of_the_config_map_count_to_the_letter() {
    for key in ["MapRoles", "maproles", "mapRoles ", "mapUser"] {
        let parsed = parse(key, "- rolearn: r\n");
        assert_eq!(parsed, AwsAuth::default(), "{key}");
    }
    for object in [
        json!({}),
        json!({"data": null}),
        json!({"data": {"mapRoles": ["r"]}}),
        json!({"binaryData": {"mapRoles": "LQ=="}}),
    ] {
        assert_eq!(AwsAuth::from_config_map(&object), AwsAuth::default(), "{object}");
    }
}

fn cluster(data: &[(&str, &str)], creator: Option<&str>, release: AuthenticatorRelease) -> Cluster {
    let spec = NewCluster {
        name: "c".to_owned(),
        region: "us-west-2".to_owned(),
        account: AccountId::parse("111122223333").unwrap(),
        version: "1.32".to_owned(),
        creator: creator.map(|arn| Creator {
            canonical_arn: arn.to_owned(),
        }),
        authenticator_release: release,
        strict_hosts: false,
        token_cache_seconds: 0,
    };
    let mut cluster = Cluster::new(spec, Timestamp::UNIX_EPOCH);
    let data: serde_json::Map<_, _> = data
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect();
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data});
    cluster
        .create_object(key, object, &mut IdGenerator::new(1), Timestamp::UNIX_EPOCH)
        .unwrap();
    cluster
}

fn identity(canonical_arn: &str, session_name: &str) -> Identity {
    Identity {
        arn: String::new(),
        canonical_arn: canonical_arn.to_owned(),
        account_id: canonical_arn.split(':').nth(4).unwrap_or_default().to_owned(),
        user_id: "AROA".to_owned(),
        session_name: session_name.to_owned(),
        access_key_id: "AKIA".to_owned(),
    }
}

fn who(canonical_arn: &str, session_name: &str, cluster: &Cluster) -> Result<String, String> {
    let resolution = resolve(&identity(canonical_arn, session_name), cluster);
    assert_eq!(resolution.outcome.is_err(), resolution.trace.failed().is_some());
    let user = resolution.outcome.map_err(|error| error.to_string())?;
    let groups = if user.groups.is_empty() {
        String::new()
    } else {
        format!(" [{}]", user.groups.join(" "))
    };
    Ok(format!("{}{groups}", user.username))
}

#[test]
fn principals_are_mapped_as_upstream_does() {
    let cluster = cluster(&WHO_DATA, None, AuthenticatorRelease::Current);
    for (arn, session, wanted) in WHO {
        let got = who(arn, session, &cluster);
        assert_eq!(
            got.as_ref().map(String::as_str).map_err(String::as_str),
            *wanted,
            "{arn} {session:?}"
        );
    }
}

#[test]
fn the_hidden_creator_comes_before_aws_auth() {
    let arn = "arn:aws:iam::111122223333:role/dev";
    let mapped = cluster(&WHO_DATA, Some(arn), AuthenticatorRelease::Current);
    let wanted = Ok("kubernetes-admin [system:masters]".to_owned());
    assert_eq!(who(arn, "s", &mapped), wanted);
    assert_eq!(who(&arn.to_uppercase(), "s", &mapped), wanted);
    let bare = cluster(&[], Some(arn), AuthenticatorRelease::Current);
    assert_eq!(who(arn, "s", &bare), wanted);
    assert!(who("arn:aws:iam::111122223333:user/dev", "", &bare).is_err());
}

#[test]
fn each_release_has_its_own_words() {
    use AuthenticatorRelease::Current;
    use AuthenticatorRelease::Y2022;
    use AuthenticatorRelease::Y2024;
    let template = "mapper EKSConfigMap renderTemplates error: error rendering";
    for (release, not_mapped, username, group) in [
        (
            Current,
            "identity is not mapped",
            format!(r#"{template} username template "system:node:{{{{EC2PrivateDNSName}}}}""#),
            format!(r#"{template} group template "{{{{EC2PrivateDNSName}}}}""#),
        ),
        (
            Y2024,
            "Identity is not mapped",
            format!(r#"{template} username template "system:node:{{{{EC2PrivateDNSName}}}}""#),
            format!(r#"{template} group template "{{{{EC2PrivateDNSName}}}}""#),
        ),
        // As clusters of 2022 logged it, though no public release of that year has these words.
        (
            Y2022,
            "ARN is not mapped",
            "failed mapping username".to_owned(),
            "failed mapping group".to_owned(),
        ),
    ] {
        let cluster = cluster(&WHO_DATA, None, release);
        let error = |name: &str| who(&format!("arn:aws:iam::111122223333:role/{name}"), "s", &cluster).unwrap_err();
        let fault = "SessionName did not contain an instance id";
        assert_eq!(error("nobody"), not_mapped);
        assert_eq!(error("t2"), format!("{username}: {fault}"));
        assert_eq!(error("t3"), format!("{group}: {fault}"));
    }
}

#[test]
fn the_trace_tells_which_mapper_knew() {
    let cluster = cluster(&WHO_DATA, None, AuthenticatorRelease::Current);
    for (arn, wanted) in [
        ("arn:aws:iam::111122223333:role/dev", "mapping.aws_auth"),
        ("arn:aws:iam::444455556666:role/dev", "mapping.accounts"),
        ("arn:aws:iam::111122223333:role/nobody", "mapping.result"),
    ] {
        let resolution = resolve(&identity(arn, "s"), &cluster);
        assert_eq!(resolution.trace.checks().last().unwrap().id, wanted);
    }
}

#[test]
fn aws_auth_works_as_soon_as_it_is_changed_or_deleted() {
    let arn = "arn:aws:iam::111122223333:role/dev";
    let mut cluster = cluster(&WHO_DATA, None, AuthenticatorRelease::Current);
    let key = ObjectKey::new("configmaps", AWS_AUTH_NAMESPACE, AWS_AUTH_NAME);
    let object = json!({"data": {"mapRoles": format!("- rolearn: {arn}\n  username: new\n")}});
    cluster.update_object(&key, object).unwrap();
    assert_eq!(who(arn, "s", &cluster), Ok("new".to_owned()));
    cluster.delete_object(&key).unwrap();
    assert_eq!(who(arn, "s", &cluster), Err("identity is not mapped".to_owned()));
}

/// One of few ARNs, so that they meet.
fn arn() -> impl Strategy<Value = String> {
    "(arn:aws:iam::11112222333[34]:(role|user)/[ab]|ARN:aws:iam::111122223333:role/[AB])"
}

fn item(field: &str, (arn, name): &(String, String)) -> String {
    format!("- {field}: {arn}\n  username: {name}\n")
}

fn list(field: &str, items: &[(String, String)]) -> String {
    items.iter().map(|pair| item(field, pair)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn parsing_never_panics_on_text(text in "\\PC{0,60}") {
        for key in ["mapRoles", "mapUsers", "mapAccounts"] {
            let _ = parse(key, &text);
        }
    }

    #[test]
    fn parsing_never_panics_on_what_is_nearly_yaml(text in r#"([ \n\t:\-#'"\[\]{},&*!|>%@`?a0~\\.<=+]|- a: |\r\n){0,30}"#) {
        for key in ["mapRoles", "mapUsers", "mapAccounts"] {
            let _ = parse(key, &text);
        }
    }

    #[test]
    fn a_damaged_config_map_never_panics(at in any::<prop::sample::Index>(), with in "[ \\n\\t:'\\[{,&*|>-]{0,3}") {
        let (_, roles) = WHO_DATA[0];
        let mut damaged: Vec<char> = roles.chars().collect();
        let at = at.index(damaged.len());
        damaged.splice(at..=at, with.chars());
        let damaged: String = damaged.into_iter().collect();
        let _ = parse("mapRoles", &damaged);
    }

    #[test]
    fn the_index_finds_what_a_walk_finds(
        roles in proptest::collection::vec((arn(), "[a-z]{1,4}"), 0..8),
        users in proptest::collection::vec((arn(), "[a-z]{1,4}"), 0..8),
        wanted in arn(),
    ) {
        let parsed = AwsAuth::from_config_map(&json!({"data": {
            "mapRoles": list("rolearn", &roles),
            "mapUsers": list("userarn", &users),
        }}));
        let last = |items: &[MappedArn]| {
            items.iter().rev().find(|item| item.arn.eq_ignore_ascii_case(&wanted)).cloned()
        };
        let walked = last(parsed.roles()).or_else(|| last(parsed.users()));
        prop_assert_eq!(parsed.find(&wanted).cloned(), walked);
    }

    #[test]
    fn a_mapping_for_another_arn_takes_no_access_away(
        roles in proptest::collection::vec((arn(), "[a-z]{1,4}"), 0..8),
        added in arn(),
        wanted in arn(),
    ) {
        prop_assume!(!added.eq_ignore_ascii_case(&wanted));
        let before = list("rolearn", &roles);
        let after = format!("{before}{}", item("rolearn", &(added, "other".to_owned())));
        let found = |text: &str| parse("mapRoles", text).find(&wanted).cloned();
        prop_assert_eq!(found(&before), found(&after));
    }
}

/// A username as written, as read (none where the item is lost), and the errors.
const USERNAMES: &[(&str, Option<&str>, &str)] = &[
    ("u", Some("u"), ""),
    (
        "yes",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    (
        "No",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    (
        "on",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    (
        "OFF",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    (
        "y",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    (
        "N",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    (
        "True",
        Some(""),
        "[json: cannot unmarshal bool into Go struct field RoleMapping.username of type string]",
    ),
    ("tRUE", Some("tRUE"), ""),
    ("null", Some(""), ""),
    ("~", Some(""), ""),
    ("", Some(""), ""),
    (
        "0",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "-1",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "012",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "0o12",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "0x1F",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "0b101",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "1_000",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "08",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "1e3",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "1.5",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        ".5",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    (
        "5.",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    ("e3", Some("e3"), ""),
    (".inf", None, "[json: unsupported value: +Inf]"),
    ("-.Inf", None, "[json: unsupported value: -Inf]"),
    (".NaN", None, "[json: unsupported value: NaN]"),
    ("infinity", Some("infinity"), ""),
    ("2026-11-24", Some("2026-11-24"), ""),
    ("2026-11-24T00:00:00Z", Some("2026-11-24T00:00:00Z"), ""),
    ("12:30:45", Some("12:30:45"), ""),
    ("'yes'", Some("yes"), ""),
    (r#""1""#, Some("1"), ""),
    ("!!str yes", Some("yes"), ""),
    (
        r#"!!int "3""#,
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    ("!!int abc", None, "[yaml: cannot decode !!str `abc` as a !!int]"),
    (
        "!!float 1",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    ("!!binary aGk=", Some("hi"), ""),
    (
        "!!binary '@'",
        None,
        "[yaml: !!binary value contains invalid base64 data]",
    ),
    ("!foo 1", Some("1"), ""),
    ("! 1", Some("1"), ""),
    (
        "!!timestamp x",
        None,
        "[yaml: cannot decode !!str `x` as a !!timestamp]",
    ),
    ("|-\n    a\n    b", Some("a\nb"), ""),
    (">-\n    a\n    b", Some("a b"), ""),
    ("a\n    b", Some("a b"), ""),
    ("'it''s'", Some("it's"), ""),
    (r#""a\tb\u00e9""#, Some("a\tbé"), ""),
    (r#""\/""#, None, "[yaml: line 2: found unknown escape character]"),
    (
        "a: b",
        None,
        "[yaml: line 2: mapping values are not allowed in this context]",
    ),
    ("a:b", Some("a:b"), ""),
    ("a #c", Some("a"), ""),
    ("a#c", Some("a#c"), ""),
    (
        "[a]",
        Some(""),
        "[json: cannot unmarshal array into Go struct field RoleMapping.username of type string]",
    ),
    (
        "{a: b}",
        Some(""),
        "[json: cannot unmarshal object into Go struct field RoleMapping.username of type string]",
    ),
    (
        "{{SessionName}}",
        None,
        r#"[yaml: invalid map key: map[interface {}]interface {}{"SessionName":interface {}(nil)}]"#,
    ),
    ("x{{SessionName}}", Some("x{{SessionName}}"), ""),
    ("'{{SessionName}}'", Some("{{SessionName}}"), ""),
    (
        "system:node:{{EC2PrivateDNSName}}",
        Some("system:node:{{EC2PrivateDNSName}}"),
        "",
    ),
    ("*a", None, "[yaml: unknown anchor 'a' referenced]"),
    ("&a u", Some("u"), ""),
    (
        "@x",
        None,
        "[yaml: line 2: found character that cannot start any token]",
    ),
    (
        "`x",
        None,
        "[yaml: line 2: found character that cannot start any token]",
    ),
    (
        "%x",
        None,
        "[yaml: line 2: found character that cannot start any token]",
    ),
    ("'abc", None, "[yaml: line 3: found unexpected end of stream]"),
    (r#""abc"#, None, "[yaml: line 3: found unexpected end of stream]"),
    (
        "-",
        None,
        "[yaml: line 2: block sequence entries are not allowed in this context]",
    ),
    (
        "9223372036854775808",
        Some(""),
        "[json: cannot unmarshal number into Go struct field RoleMapping.username of type string]",
    ),
    ("1e400", Some("1e400"), ""),
    ("a\tb", Some("a\tb"), ""),
    ("\ta", Some("a"), ""),
];

/// A mapRoles, the items read from it, and the errors.
const ROLES: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("``", "", ""),
    (r#" "" "#, "", ""),
    ("''", "", ""),
    ("\n \t\n", "", ""),
    ("` `", "", "[yaml: found character that cannot start any token]"),
    ("null", "", ""),
    ("~", "", ""),
    (
        "x",
        "",
        "[json: cannot unmarshal string into Go value of type []config.RoleMapping]",
    ),
    (
        "1",
        "",
        "[json: cannot unmarshal number into Go value of type []config.RoleMapping]",
    ),
    (
        "{}",
        "",
        "[json: cannot unmarshal object into Go value of type []config.RoleMapping]",
    ),
    ("[]", "", ""),
    (
        r#"{"rolearn": "r"}"#,
        "",
        "[json: cannot unmarshal object into Go value of type []config.RoleMapping]",
    ),
    (
        "{a: b}",
        "",
        "[invalid character 'a' looking for beginning of object key string]",
    ),
    (
        "{{x}}",
        "",
        "[invalid character '{' looking for beginning of object key string]",
    ),
    ("[{rolearn: r, username: u}]", "r = u", ""),
    (r#"[{"rolearn":"r","groups":["a"]}]"#, "r =  [a]", ""),
    ("- ", "", "[one of rolearn or SSO must be supplied]"),
    ("- null", "", "[one of rolearn or SSO must be supplied]"),
    (
        "- x\n- rolearn: r",
        "r = ",
        "[json: cannot unmarshal string into Go value of type config.RoleMapping one of rolearn or SSO must be supplied]",
    ),
    (
        "- 1\n- rolearn: r",
        "r = ",
        "[json: cannot unmarshal number into Go value of type config.RoleMapping one of rolearn or SSO must be supplied]",
    ),
    (
        "- [rolearn, r]",
        "",
        "[json: cannot unmarshal array into Go value of type config.RoleMapping one of rolearn or SSO must be supplied]",
    ),
    ("\u{feff}- rolearn: r\n  username: u\n  groups: [g]\n", "r = u [g]", ""),
    ("---\n- rolearn: r\n  username: u\n  groups: [g]\n", "r = u [g]", ""),
    (
        "- rolearn: r\n  username: u\n  groups: [g]\n---\n- rolearn: q\n",
        "r = u [g]",
        "",
    ),
    ("- rolearn: r\n  username: u\n  groups: [g]\n...\n[", "r = u [g]", ""),
    ("- rolearn: r\n  username: u\n  groups: [g]\n---\n[", "r = u [g]", ""),
    ("- rolearn: r\r\n  username: u\r\n  groups: [g]\r\n", "r = u [g]", ""),
    ("- rolearn: r\r  username: u\r  groups: [g]\r", "r = u [g]", ""),
    (
        "%YAML 1.1\n---\n- rolearn: r\n  username: u\n  groups: [g]\n",
        "r = u [g]",
        "",
    ),
    (
        "%YAML 1.2\n---\n- rolearn: r\n  username: u\n  groups: [g]\n",
        "",
        "[yaml: found incompatible YAML document]",
    ),
    (
        "%FOO\n---\n- rolearn: r\n  username: u\n  groups: [g]\n",
        "",
        "[yaml: found unknown directive name]",
    ),
    ("# c\n- rolearn: r\n  username: u\n  groups: [g]\n# c", "r = u [g]", ""),
    (
        "\t- rolearn: r\n  username: u\n  groups: [g]\n",
        "",
        "[yaml: found character that cannot start any token]",
    ),
    (
        "- rolearn: r\n  username: u\n  groups: [g]\n\t",
        "",
        "[yaml: line 4: found character that cannot start any token]",
    ),
    ("- rolearn: r\n  username: u\n  groups: [g]\n \n", "r = u [g]", ""),
    (
        "- rolearn: r\n\tusername: u\n",
        "",
        "[yaml: line 2: found a tab character that violates indentation]",
    ),
    ("- rolearn:\tr\n", "r = ", ""),
    (
        "- rolearn: r\n  groups:\n  - \ta\n",
        "",
        "[yaml: line 3: found character that cannot start any token]",
    ),
    (
        "- rolearn: r\n  username: u\n groups: [g]\n",
        "",
        "[yaml: line 2: did not find expected '-' indicator]",
    ),
    (
        "- rolearn: r\n   username: u\n",
        "",
        "[yaml: line 2: mapping values are not allowed in this context]",
    ),
    (
        "- rolearn: r\nusername: u\n",
        "",
        "[yaml: line 1: did not find expected '-' indicator]",
    ),
    (
        "rolearn: r\nusername: u\n",
        "",
        "[json: cannot unmarshal object into Go value of type []config.RoleMapping]",
    ),
    (" - rolearn: r\n- rolearn: q\n", "r = ", ""),
    (
        "- rolearn: r\n - rolearn: q\n",
        "",
        "[yaml: line 1: did not find expected '-' indicator]",
    ),
    (
        "- rolearn: r\n  groups:\n    - a\n   - b\n",
        "",
        "[yaml: line 3: did not find expected key]",
    ),
    (
        "- rolearn: r\n  groups:\n    - a\n    b\n",
        "",
        "[yaml: line 5: could not find expected ':']",
    ),
    (
        "- rolearn: r\n  groups:\n    - a\n  username u\n",
        "",
        "[yaml: line 5: could not find expected ':']",
    ),
    (
        "- rolearn r\n  username: u\n",
        "",
        "[yaml: line 2: mapping values are not allowed in this context]",
    ),
    (
        "- rolearn:r\n  username: u\n",
        "",
        "[yaml: line 2: mapping values are not allowed in this context]",
    ),
    (
        "- rolearn: r\n- rolearn\n",
        "r = ",
        "[json: cannot unmarshal string into Go value of type config.RoleMapping one of rolearn or SSO must be supplied]",
    ),
    (
        "-rolearn: r\n  username: u\n",
        "",
        "[yaml: line 2: mapping values are not allowed in this context]",
    ),
    (
        "- rolearn: r: q\n",
        "",
        "[yaml: mapping values are not allowed in this context]",
    ),
    (
        "- rolearn: \"r\n  username: u\n",
        "",
        "[yaml: line 3: found unexpected end of stream]",
    ),
    (
        "- rolearn: r\n  groups: [a\n  username: u\n",
        "",
        "[yaml: line 2: did not find expected ',' or ']']",
    ),
    (
        "- {rolearn: r username: u}\n",
        "",
        "[yaml: did not find expected ',' or '}']",
    ),
    (
        "- {rolearn: r\n",
        "",
        "[yaml: line 1: did not find expected ',' or '}']",
    ),
    ("- {rolearn: r,\nusername: u}\n", "r = u", ""),
    ("- ]\n", "", "[yaml: did not find expected node content]"),
    ("- ,\n", "", "[yaml: did not find expected node content]"),
    ("- 'a' b\n", "", "[yaml: did not find expected '-' indicator]"),
    (
        "mapRoles: |\n  - rolearn: r\n",
        "",
        "[json: cannot unmarshal object into Go value of type []config.RoleMapping]",
    ),
    (
        "| - rolearn: r\n",
        "",
        "[yaml: did not find expected comment or line break]",
    ),
    (
        "- [a, [b, c]\n- rolearn: r\n",
        "",
        "[yaml: line 1: did not find expected ',' or ']']",
    ),
    ("- rolearn: r\n  rolearn: q\n", "q = ", ""),
    ("- rolearn: r\n  RoleARN: q\n", "r = ", ""),
    ("- rOlEaRn: r\n  USERNAME: u\n  Groups: [a]\n", "r = u [a]", ""),
    ("- groupſ: [a]\n  rolearn: r\n", "r =  [a]", ""),
    ("- GROUPS: [a, b]\n  groups: [~, c]\n  rolearn: r\n", "r =  [a c]", ""),
    (
        "- GROUPS: [a, b]\n  groups: [c, 1]\n  rolearn: r\n",
        "r =  [c b]",
        "[json: cannot unmarshal number into Go struct field RoleMapping.groups of type string]",
    ),
    (
        "- GROUPS: [a]\n  groups: x\n  rolearn: r\n",
        "r =  [a]",
        "[json: cannot unmarshal string into Go struct field RoleMapping.groups of type []string]",
    ),
    ("- GROUPS: [a]\n  groups: ~\n  rolearn: r\n", "r = ", ""),
    (
        "- rolearn: r\n  groups: system:masters\n",
        "r = ",
        "[json: cannot unmarshal string into Go struct field RoleMapping.groups of type []string]",
    ),
    (
        "- rolearn: r\n  groups:\n  - system:masters\n  -system:x\n",
        "",
        "[yaml: line 5: could not find expected ':']",
    ),
    (
        "- rolearn: r\n  groups:\n  - a: b\n  - c\n",
        "r =  [ c]",
        "[json: cannot unmarshal object into Go struct field RoleMapping.groups of type string]",
    ),
    ("- rolearn: r\n  groups:\n  -\n  - c\n", "r =  [ c]", ""),
    (
        "- rolearn: r\n  username: [u]\n  groups: {a: b}\n",
        "r = ",
        "[json: cannot unmarshal object into Go struct field RoleMapping.groups of type []string]",
    ),
    (
        "- rolearn: 1\n  username: 2\n- rolearn: [4]\n",
        "",
        "[json: cannot unmarshal number into Go struct field RoleMapping.rolearn of type string one of rolearn or SSO must be supplied one of rolearn or SSO must be supplied]",
    ),
    (
        "- rolearn: r\n  userid: 7\n",
        "r = ",
        "[json: cannot unmarshal number into Go struct field RoleMapping.userid of type string]",
    ),
    ("- rolearn: r\n  other: 7\n", "r = ", ""),
    ("- userarn: x\n", "", "[one of rolearn or SSO must be supplied]"),
    (
        "- username: u\n- rolearn: r\n",
        "r = ",
        "[one of rolearn or SSO must be supplied]",
    ),
    ("- rolearn: ''\n", "", "[one of rolearn or SSO must be supplied]"),
    ("- rolearn: ' '\n", "  = ", ""),
    ("- rolearn: 'r '\n", "r  = ", ""),
    ("- rolearn: r \n", "r = ", ""),
    (
        "- rolearn: r\n  sso: {}\n",
        "",
        "[only one of rolearn or SSO can be supplied]",
    ),
    (
        "- sso: {permissionSetName: P, accountID: \"111122223333\"}\n",
        " = ",
        "",
    ),
    (
        "- sso: {permissionSetName: P, accountID: 111122223333}\n",
        "",
        "[json: cannot unmarshal number into Go struct field SSOARNMatcher.sso.accountID of type string AccountID '' is not a valid AWS Account ID]",
    ),
    (
        "- sso: {permissionSetName: \"a b\", accountID: \"111122223333\"}\n",
        "",
        "[PermissionSetName 'a b' is not a valid AWS SSO PermissionSet Name]",
    ),
    (
        "- SSO: {PERMISSIONSETNAME: P, ACCOUNTID: \"111122223333\", partition: x}\n",
        "",
        "[partition 'x' is not a valid AWS partition]",
    ),
    (
        "- sso: yes\n",
        "",
        "[json: cannot unmarshal bool into Go struct field RoleMapping.sso of type config.SSOARNMatcher AccountID '' is not a valid AWS Account ID]",
    ),
    ("- sso: ~\n", "", "[one of rolearn or SSO must be supplied]"),
    ("- SSO: {}\n  sso: ~\n", "", "[one of rolearn or SSO must be supplied]"),
    ("- &a {rolearn: r, username: u}\n- *a\n", "r = u; r = u", ""),
    ("- rolearn: &a r\n  username: *a\n", "r = r", ""),
    (
        "- rolearn: r\n  username: *b\n",
        "",
        "[yaml: unknown anchor 'b' referenced]",
    ),
    ("- &a\n  rolearn: r\n- <<: *a\n  username: v\n", "r = ; r = v", ""),
    (
        "- &a {rolearn: r, username: u}\n- username: v\n  <<: *a\n",
        "r = u; r = u",
        "",
    ),
    (
        "- &a {rolearn: r}\n- &b {username: u, rolearn: z}\n- <<: [*a, *b]\n",
        "r = ; z = u; r = u",
        "",
    ),
    (
        "- <<: x\n  rolearn: r\n",
        "",
        "[yaml: map merge requires map or sequence of maps as the value]",
    ),
    ("- '<<': {rolearn: r}\n", "", "[one of rolearn or SSO must be supplied]"),
    ("- &a [*a]\n", "", "[yaml: anchor 'a' value contains itself]"),
    (
        "- ~: x\n  rolearn: r\n",
        "",
        r#"[unsupported map key of type: %!s(<nil>), key: <nil>, value: "x"]"#,
    ),
    (
        "- 18446744073709551615: x\n",
        "",
        r#"[unsupported map key of type: uint64, key: 0xffffffffffffffff, value: "x"]"#,
    ),
    ("- 1: x\n  rolearn: r\n", "r = ", ""),
    (
        "- ? [a]\n  : b\n",
        "",
        r#"[yaml: invalid map key: []interface {}{"a"}]"#,
    ),
    ("- []: b\n", "", "[yaml: did not find expected '-' indicator]"),
    ("- rolearn: r\n  x: .nan\n", "", "[json: unsupported value: NaN]"),
    ("- rolearn: r\u{0}\n", "", "[yaml: control characters are not allowed]"),
    ("- rolearn: r\u{7}\n", "", "[yaml: control characters are not allowed]"),
    (
        "- rolearn: r\u{85}q\n",
        "",
        "[yaml: line 3: could not find expected ':']",
    ),
    ("- rolearn: \"a\u{2028}b\"\n", "a\u{2028}b = ", ""),
    (
        "- rolearn: \"\\uZZZZ\"\n",
        "",
        "[yaml: did not find expected hexdecimal number]",
    ),
    (
        "- rolearn: \"\\ud800\"\n",
        "",
        "[yaml: found invalid Unicode character escape code]",
    ),
    (
        "- rolearn: |0\n",
        "",
        "[yaml: found an indentation indicator equal to 0]",
    ),
    (
        "- rolearn: |x\n",
        "",
        "[yaml: did not find expected comment or line break]",
    ),
    ("- rolearn: |2-\n     a\n    b\n", " a\nb = ", ""),
    (
        "- rolearn: |\n\ta\n",
        "",
        "[yaml: line 2: found a tab character where an indentation space is expected]",
    ),
    (
        "- rolearn: \"a\n...\n",
        "",
        "[yaml: line 2: found unexpected document indicator]",
    ),
    ("- !x!y z\n", "", "[yaml: found undefined tag handle]"),
    ("- !<x\n", "", "[yaml: did not find the expected '>']"),
    (
        "- & x\n",
        "",
        "[yaml: did not find expected alphabetic or numeric character]",
    ),
    ("- rolearn: r\n  ? username\n  : u\n", "r = u", ""),
    ("- ? rolearn\n", "", "[one of rolearn or SSO must be supplied]"),
];

/// A mapUsers, the items read from it, and the errors.
const USERS: &[(&str, &str, &str)] = &[
    ("- userarn: a\n  username: u\n  groups: [g]\n", "a = u [g]", ""),
    ("- rolearn: a\n", "", "[value for userarn must be supplied]"),
    ("- UserArn: a\n  userid: x\n", "a = ", ""),
    ("- userarn: a\n  sso: yes\n", "a = ", ""),
    (
        "- userarn: 1\n  username: u\n",
        "",
        "[json: cannot unmarshal number into Go struct field UserMapping.userarn of type string value for userarn must be supplied]",
    ),
    (
        "- x\n",
        "",
        "[json: cannot unmarshal string into Go value of type config.UserMapping value for userarn must be supplied]",
    ),
    (
        "x",
        "",
        "[json: cannot unmarshal string into Go value of type []config.UserMapping]",
    ),
    (
        "- userarn: a\n  groups: [1, b]\n",
        "a =  [ b]",
        "[json: cannot unmarshal number into Go struct field UserMapping.groups of type string]",
    ),
    (
        "{}",
        "",
        "[json: cannot unmarshal object into Go value of type []config.UserMapping]",
    ),
];

/// A mapAccounts, the ids read from it, and the errors.
const ACCOUNTS: &[(&str, &[&str], &str)] = &[
    (
        "- 111122223333\n- \"444455556666\"\n",
        &["111122223333", "444455556666"],
        "",
    ),
    ("- 012345678901\n", &["012345678901"], ""),
    ("- yes\n- 1.50\n- 0x1F\n", &["yes", "1.50", "0x1F"], ""),
    ("- ~\n- a\n", &["", "a"], ""),
    (
        "- [a]\n- b\n- {c: d}\n",
        &["b"],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seq into string\n  line 3: cannot unmarshal !!map into string]",
    ),
    (
        "- {{x}}\n",
        &[],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into string]",
    ),
    (
        "- !!int 1.5\n- z\n",
        &["", ""],
        "[yaml: cannot decode !!float `1.5` as a !!int]",
    ),
    (
        "- a\n- !!int x\n- z\n",
        &["a", "", ""],
        "[yaml: cannot decode !!str `x` as a !!int]",
    ),
    ("- !!binary aGk=\n", &["hi"], ""),
    (
        "111122223333\n",
        &[],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!int `1111222...` into []string]",
    ),
    (
        "x: y\n",
        &[],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!map into []string]",
    ),
    ("[1, 2]", &["1", "2"], ""),
    ("- &a '1'\n- *a\n", &["1", "1"], ""),
    ("- *a\n", &[], "[yaml: unknown anchor 'a' referenced]"),
    ("- a\n b\n", &["a b"], ""),
    ("- 'a\n", &[], "[yaml: line 2: found unexpected end of stream]"),
    ("", &[], ""),
    ("~", &[], ""),
    (
        "!!seq a",
        &[],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!seqa into []string]",
    ),
    (
        "abcdefghijk",
        &[],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str `abcdefg...` into []string]",
    ),
    ("- a\n---\n- b\n", &["a"], ""),
    (
        "2026-11-24",
        &[],
        "[yaml: unmarshal errors:\n  line 1: cannot unmarshal !!timestamp `2026-11-24` into []string]",
    ),
];

/// A canonical ARN, the session's name, and who that is.
const WHO: &[(&str, &str, Result<&str, &str>)] = &[
    ("arn:aws:iam::111122223333:role/dev", "s", Ok("dev [d]")),
    ("arn:aws:iam::111122223333:role/DEV", "s", Ok("dev [d]")),
    ("ARN:AWS:IAM::111122223333:ROLE/DEV", "s", Ok("dev [d]")),
    ("arn:aws:iam::111122223333:role/mixed", "s", Ok("mixed")),
    ("arn:aws:iam::111122223333:role/Mixed", "s", Ok("mixed")),
    ("arn:aws:iam::111122223333:role/loud", "s", Ok("loud")),
    ("arn:aws:iam::111122223333:role/twice", "s", Ok("second")),
    (
        "arn:aws:iam::111122223333:role/path",
        "s",
        Err("identity is not mapped"),
    ),
    ("arn:aws:iam::111122223333:role/team/path", "s", Ok("path")),
    (
        "arn:aws:iam::111122223333:role/session",
        "s",
        Err("identity is not mapped"),
    ),
    ("arn:aws:sts::111122223333:assumed-role/session/s", "s", Ok("session")),
    (
        "arn:aws:iam::111122223333:role/trail",
        "s",
        Err("identity is not mapped"),
    ),
    ("arn:aws:iam::111122223333:role/trail ", "s", Ok("trail")),
    ("arn:aws:iam::111122223333:user/both", "", Ok("role-side")),
    ("arn:aws:iam::111122223333:user/bob", "", Err("identity is not mapped")),
    ("arn:aws:iam::111122223333:user/team/bob", "", Ok("bob")),
    ("arn:aws:iam::111122223333:root", "", Ok("root")),
    ("arn:aws:sts::111122223333:federated-user/fed", "", Ok("fed")),
    (
        "arn:aws:iam::111122223333:role/AWSReservedSSO_P_0123",
        "s",
        Err("identity is not mapped"),
    ),
    (
        "arn:aws:iam::111122223333:role/dev2",
        "s",
        Err("identity is not mapped"),
    ),
    ("arn:aws:iam::111122223333:role/de", "s", Err("identity is not mapped")),
    (
        "arn:aws-cn:iam::111122223333:role/dev",
        "s",
        Err("identity is not mapped"),
    ),
    (
        "arn:aws:iam::444455556666:role/Any",
        "s",
        Ok("arn:aws:iam::444455556666:role/Any"),
    ),
    (
        "arn:aws:iam::444455556666:user/Any",
        "",
        Ok("arn:aws:iam::444455556666:user/Any"),
    ),
    ("", "", Err("identity is not mapped")),
    (
        "arn:aws:iam::111122223333:role/t1",
        "a@b",
        Ok("111122223333:a-b:a@b:AKIA [g:a-b 111122223333]"),
    ),
    (
        "arn:aws:iam::111122223333:role/t1",
        "@@",
        Ok("111122223333:--:@@:AKIA [g:-- 111122223333]"),
    ),
    (
        "arn:aws:iam::111122223333:role/t1",
        "",
        Ok("111122223333:::AKIA [g: 111122223333]"),
    ),
    (
        "arn:aws:iam::111122223333:role/t1",
        "{{SessionNameRaw}}",
        Ok("111122223333:{{SessionNameRaw}}:{{SessionNameRaw}}:AKIA [g:{{SessionNameRaw}} 111122223333]"),
    ),
    (
        "arn:aws:iam::111122223333:role/t1",
        "{{AccessKeyID}}",
        Ok("111122223333:AKIA:AKIA:AKIA [g:AKIA 111122223333]"),
    ),
    (
        "arn:aws:iam::111122223333:role/t1",
        "{{AccountID}}",
        Ok("111122223333:{{AccountID}}:{{AccountID}}:AKIA [g:{{AccountID}} 111122223333]"),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "bob",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-0123456789abcdef0",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": failed to find node i-0123456789abcdef0 "#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-01234567",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": failed to find node i-01234567 "#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-0123456",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-012345678",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-0123_567",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": failed to find node i-0123_567 "#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-0123-567",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "I-01234567",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-é123456",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t2",
        "i-01234567\n",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering username template "system:node:{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t3",
        "s",
        Err(
            r#"mapper EKSConfigMap renderTemplates error: error rendering group template "{{EC2PrivateDNSName}}": SessionName did not contain an instance id"#,
        ),
    ),
    (
        "arn:aws:iam::111122223333:role/t4",
        "s",
        Ok("{{ SessionName }} {{sessionName}} {{Other}}"),
    ),
    ("arn:aws:iam::111122223333:role/t5", "s", Ok("")),
    (
        "arn:aws:iam::111122223333:role/Kelvin",
        "s",
        Err("identity is not mapped"),
    ),
];

const WHO_DATA: [(&str, &str); 3] = [
    (
        "mapRoles",
        r#"- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [d]
- rolearn: arn:aws:iam::111122223333:role/Mixed
  username: mixed
- rolearn: ARN:AWS:IAM::111122223333:ROLE/LOUD
  username: loud
- rolearn: arn:aws:iam::111122223333:role/twice
  username: first
- rolearn: arn:aws:iam::111122223333:ROLE/twice
  username: second
- rolearn: arn:aws:iam::111122223333:role/team/path
  username: path
- rolearn: 'arn:aws:sts::111122223333:assumed-role/session/s'
  username: session
- rolearn: 'arn:aws:iam::111122223333:role/trail '
  username: trail
- rolearn: arn:aws:iam::111122223333:user/both
  username: role-side
- rolearn: arn:aws:iam::111122223333:role/t1
  username: "{{AccountID}}:{{SessionName}}:{{SessionNameRaw}}:{{AccessKeyID}}"
  groups: ["g:{{SessionName}}", "{{AccountID}}"]
- rolearn: arn:aws:iam::111122223333:role/t2
  username: "system:node:{{EC2PrivateDNSName}}"
- rolearn: arn:aws:iam::111122223333:role/t3
  username: ok
  groups: [a, "{{EC2PrivateDNSName}}"]
- rolearn: arn:aws:iam::111122223333:role/t4
  username: "{{ SessionName }} {{sessionName}} {{Other}}"
- rolearn: arn:aws:iam::111122223333:role/t5
  username: ""
- sso: {permissionSetName: P, accountID: "111122223333"}
  username: sso
"#,
    ),
    (
        "mapUsers",
        r#"- userarn: arn:aws:iam::111122223333:user/both
  username: user-side
- userarn: arn:aws:iam::111122223333:user/team/bob
  username: bob
- userarn: arn:aws:iam::111122223333:root
  username: root
- userarn: arn:aws:sts::111122223333:federated-user/fed
  username: fed
"#,
    ),
    (
        "mapAccounts",
        r#"- '444455556666'
"#,
    ),
];
