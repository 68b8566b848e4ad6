//! What lint calls readable, the authenticator reads, and the reverse.
//!
//! The errors are those that aws-iam-authenticator v0.7.18 logs; `mapping/tests.rs` has more that were recorded from it.

use super::*;
use crate::go::yaml;

const ARN: &str = "arn:aws:iam::111122223333:role/x";
/// The keys of `aws-auth`, with what each item of theirs must have.
const LISTS: [&str; 3] = ["mapRoles", "mapUsers", "mapAccounts"];

/// The rules for a string whose whole content is lost.
const UNREADABLE: [Rule; 3] = [Rule::AuthBrokenYaml, Rule::AuthTab, Rule::AuthNotAList];

fn unreadable(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|found| UNREADABLE.contains(&found.rule))
}

/// A ConfigMap with that key, as JSON and as YAML.
fn forms(key: &str, text: &str) -> [String; 2] {
    let object = json!({
        "kind": "ConfigMap",
        "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {key: text},
    });
    // JSON has these as they are; they break lines in YAML.
    let breaks = [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    let quoted = breaks
        .into_iter()
        .fold(json!(text).to_string(), |text, (c, escape)| text.replace(c, escape));
    let yaml =
        format!("kind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\ndata:\n  {key}: {quoted}\n");
    [object.to_string(), yaml]
}

/// The error with which the authenticator loses the whole content.
fn refusal(key: &str, text: &str) -> Option<String> {
    let aws_auth = AwsAuth::from_config_map(&json!({"data": {key: text}}));
    let is_whole = |error: &&String| {
        if error.starts_with("yaml: unmarshal errors:") {
            error.contains(" into []string")
        } else if error.starts_with("json: cannot unmarshal ") {
            error.contains(" into Go value of type []config.")
        } else {
            !error.contains(" must be supplied") && !error.contains("SSO") && !error.contains(" is not a valid ")
        }
    };
    aws_auth.errors().iter().find(is_whole).cloned()
}

#[track_caller]
fn agrees(key: &str, text: &str) {
    let refused = refusal(key, text);
    for form in forms(key, text) {
        let findings = lint(&form, &Context::default());
        // The stand-in of a blot is another text.
        if findings.iter().any(|found| found.rule == Rule::InputBlot) {
            continue;
        }
        assert!(
            findings.iter().all(|found| !found.rule.id().starts_with("input/")),
            "{text:?}\n{findings:#?}"
        );
        match (unreadable(&findings), &refused) {
            (None, None) => {}
            (Some(found), Some(error)) => {
                let is_reported = found.rule == Rule::AuthNotAList || found.message.ends_with(error.as_str());
                assert!(is_reported, "{text:?}\n{error}\n{found:#?}");
                assert_eq!(found.severity, Severity::Error);
                assert!(!found.fix.is_empty(), "{found:#?}");
            }
            (found, error) => panic!("{key} {text:?}\nlint: {found:#?}\nauthenticator: {error:?}"),
        }
    }
}

/// A text with `§` where it is refused, the authenticator's error, and the text once the finding's advice was followed.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "- {rolearn: ARN, username: who§?me, groups: [a]}\n",
        "yaml: did not find expected ',' or '}'",
        "- {rolearn: ARN, username: 'who?me', groups: [a]}\n",
    ),
    (
        "- {rolearn: ARN, username: x, groups: [a§{b]}\n",
        "yaml: did not find expected ',' or ']'",
        "- {rolearn: ARN, username: x, groups: ['a{b']}\n",
    ),
    (
        "- {rolearn: ARN, username: adm:§{{SessionName}}}\n",
        "yaml: did not find expected ',' or '}'",
        "- {rolearn: ARN, username: 'adm:{{SessionName}}'}\n",
    ),
    (
        "- rolearn: ARN\n  username: {§{SessionName}}\n",
        r#"yaml: invalid map key: map[interface {}]interface {}{"SessionName":interface {}(nil)}"#,
        "- rolearn: ARN\n  username: '{{SessionName}}'\n",
    ),
    (
        "- rolearn: \"arn:aws:iam::111122223333:role§\\/x\"\n  username: a\n  groups: [b]\n",
        "yaml: found unknown escape character",
        "- rolearn: \"arn:aws:iam::111122223333:role/x\"\n  username: a\n  groups: [b]\n",
    ),
    (
        "- rolearn: ARN\n  username: \"DOM§\\dev\"\n",
        "yaml: line 2: found unknown escape character",
        "- rolearn: ARN\n  username: 'DOM\\dev'\n",
    ),
    (
        "- rolearn: ARN\n  username: \"a\\x§zz\"\n",
        "yaml: line 2: did not find expected hexdecimal number",
        "- rolearn: ARN\n  username: 'a\\xzz'\n",
    ),
    (
        "- rolearn: ARN\n  username: &a§.b c\n  groups: [*a.b]\n",
        "yaml: line 2: did not find expected alphabetic or numeric character",
        "- rolearn: ARN\n  username: &a_b c\n  groups: [*a_b]\n",
    ),
    (
        "- rolearn: ARN\n  username: *§/admin\n",
        "yaml: line 2: did not find expected alphabetic or numeric character",
        "- rolearn: ARN\n  username: '*/admin'\n",
    ),
    (
        "- rolearn: ARN\n  username: §*admin\n",
        "yaml: unknown anchor 'admin' referenced",
        "- rolearn: ARN\n  username: '*admin'\n",
    ),
    (
        "§%YAML 1.2\n---\n- rolearn: ARN\n  username: a\n",
        "yaml: found incompatible YAML document",
        "---\n- rolearn: ARN\n  username: a\n",
    ),
    (
        "%ROLES§ 2\n---\n- rolearn: ARN\n",
        "yaml: found unknown directive name",
        "- rolearn: ARN\n",
    ),
    (
        "- rolearn: ARN\n§\tusername: a\n",
        "yaml: line 2: found a tab character that violates indentation",
        "- rolearn: ARN\n  username: a\n",
    ),
    (
        "- rolearn: 'ARN'\n§\tusername: a\n",
        "yaml: line 2: found character that cannot start any token",
        "- rolearn: 'ARN'\n  username: a\n",
    ),
    (
        "-§\trolearn: ARN\n",
        "yaml: found character that cannot start any token",
        "- rolearn: ARN\n",
    ),
    (
        "- rolearn: ARN\n  username: §@admin\n",
        "yaml: line 2: found character that cannot start any token",
        "- rolearn: ARN\n  username: '@admin'\n",
    ),
    (
        "- rolearn: ARN\n  username: §`admin`\n",
        "yaml: line 2: found character that cannot start any token",
        "- rolearn: ARN\n  username: '`admin`'\n",
    ),
    (
        "- rolearn: ARN\n  username: §%admin\n",
        "yaml: line 2: found character that cannot start any token",
        "- rolearn: ARN\n  username: '%admin'\n",
    ),
    (
        "- rolearn: ARN\n  username: admin§: all\n",
        "yaml: line 2: mapping values are not allowed in this context",
        "- rolearn: ARN\n  username: 'admin: all'\n",
    ),
    (
        "- rolearn: ARN\n  §username\n  groups: [a]\n",
        "yaml: line 3: could not find expected ':'",
        "- rolearn: ARN\n  username: \n  groups: [a]\n",
    ),
    (
        "- rolearn: ARN\n  username: §'a\n  groups: [b]\n",
        "yaml: line 4: found unexpected end of stream",
        "- rolearn: ARN\n  username: 'a'\n  groups: [b]\n",
    ),
    (
        "- rolearn: ARN\n  username: §!x!a b\n",
        "yaml: line 1: found undefined tag handle",
        "- rolearn: ARN\n  username: '!x!a b'\n",
    ),
    (
        "- rolearn: ARN\n  username: !!int §admin\n",
        "yaml: cannot decode !!str `admin` as a !!int",
        "- rolearn: ARN\n  username: admin\n",
    ),
    (
        "- rolearn: ARN\n  <<: §admin\n",
        "yaml: map merge requires map or sequence of maps as the value",
        "- rolearn: ARN\n  '<<': admin\n",
    ),
    (
        "- &a\n  rolearn: ARN\n  groups: [§*a]\n",
        "yaml: anchor 'a' value contains itself",
        "- rolearn: ARN\n  groups: [a]\n",
    ),
    (
        "- rolearn: ARN\n  username: §.nan\n",
        "json: unsupported value: NaN",
        "- rolearn: ARN\n  username: '.nan'\n",
    ),
    (
        "- rolearn: ARN\n  §~: a\n",
        r#"unsupported map key of type: %!s(<nil>), key: <nil>, value: "a""#,
        "- rolearn: ARN\n  '~': a\n",
    ),
    (
        "- rolearn: ARN\n §username: a\n",
        "yaml: line 1: did not find expected '-' indicator",
        "- rolearn: ARN\n  username: a\n",
    ),
    (
        "{§rolearn: ARN}\n",
        "invalid character 'r' looking for beginning of object key string",
        "- {rolearn: ARN}\n",
    ),
    (
        "{\"rolearn\": §ARN}\n",
        "invalid character in JSON",
        "- {\"rolearn\": ARN}\n",
    ),
];

#[test]
fn what_the_authenticator_refuses_is_an_error_at_its_place_with_a_fix_that_works() {
    for (marked, error, fixed) in REFUSED {
        let (marked, fixed) = (marked.replace("ARN", ARN), fixed.replace("ARN", ARN));
        let (text, _) = unmark(&marked);
        assert_eq!(refusal("mapRoles", &text).as_deref(), Some(*error), "{text}");
        agrees("mapRoles", &text);
        let (config_map, places) = unmark(&config_map(&format!("mapRoles: |\n{}", indent(&marked, 2))));
        let findings = lint(&config_map, &Context::default());
        let found = unreadable(&findings).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(vec![(found.line, found.column)], places, "{config_map}\n{found:#?}");
        assert!(found.message.ends_with(error), "{found:#?}");

        assert_eq!(refusal("mapRoles", &fixed), None, "{fixed}");
        agrees("mapRoles", &fixed);
        let aws_auth = AwsAuth::from_config_map(&json!({"data": {"mapRoles": fixed}}));
        assert_eq!(aws_auth.roles().len(), 1, "{fixed}");
    }
}

#[test]
fn the_fix_is_reported_in_words_of_the_cause() {
    for (text, wanted) in [
        ("- {rolearn: r, username: who?me}\n", "put the text in quotes"),
        ("- rolearn: \"a\\/b\"\n", "write `/` without the backslash"),
        ("- rolearn: &a.b c\n", "name the anchor with letters"),
        ("%YAML 1.2\n---\n- rolearn: r\n", "remove the `%YAML` line"),
        ("- rolearn: r\n\tusername: a\n", "indent with spaces"),
        ("- rolearn: r\u{7}\n", "remove the character U+0007"),
        ("- [a\n", "close the bracket"),
        ("- rolearn: {{x}}\n", "put the text in quotes"),
        ("{\"rolearn\": \"r\"", "begin each item with `- `"),
    ] {
        for form in forms("mapRoles", text) {
            let findings = lint(&form, &Context::default());
            let fix = unreadable(&findings).map(|found| found.fix.as_str());
            assert!(fix.is_some_and(|fix| fix.starts_with(wanted)), "{text:?}\n{fix:?}");
        }
    }
}

/// Texts that look odd, and that the authenticator reads.
#[test]
fn what_the_authenticator_reads_is_not_called_broken() {
    for text in [
        "",
        "~",
        "\u{feff}- rolearn: r\n",
        "- rolearn: r\r\n  username: a\r\n",
        "%YAML 1.1\n---\n- rolearn: r\n",
        "--- # roles\n- rolearn: r\n...\n",
        "- rolearn:\tr\n  username: a\t# a tab between\n",
        "- rolearn: &a-b_1 r\n  username: *a-b_1\n",
        "- ? rolearn\n  : r\n",
        "- {? rolearn : r, ? username : a}\n",
        "- {\"rolearn\":r, username: \"\\x41\\u00e9\"}\n",
        "- !!map {rolearn: !!str 012, username: !local a}\n",
        "- &base {username: a, groups: [g]}\n- {<<: *base, rolearn: r}\n- {<<: [*base, {rolearn: q}]}\n",
        "- rolearn: r\n  rolearn: q\n",
        "- {rolearn: r, username: yes, groups: [012, 0x1f, 1:30, 1_000, ~, null, .inf.]}\n",
        "- [[[[[[a]]]]]]\n",
        "- rolearn: r\n  username: |\n\n    a\n  groups:\n  - >-\n    b\n    c\n",
        "- rolearn: r\n  username: a\n   b\n   \tc\n",
        "- rolearn: r\n# \t comment\n\n  \n  username: a\n",
        "- a\u{85}- b\u{2028}",
        "- !!binary aGk=\n- 2026-11-30\n- =\n- <<\n",
        "- a\n---\n- b: [\n",
    ] {
        for key in LISTS {
            assert_eq!(refusal(key, text), None, "{text:?}");
            agrees(key, text);
        }
    }
}

/// The items of mapAccounts are not decoded, so that what is in them breaks nothing.
#[test]
fn accounts_are_read_as_strings() {
    for text in [
        "- {{a}: b}\n",
        "- &a [*a]\n",
        "- {~: a, <<: b}\n",
        "{a: b}",
        "{\"a\": \"b\"}",
        "- !!int x\n",
        "- .nan\n- 012345678901\n- 1111_2222_3333\n",
        "x",
        "- 'a\n",
    ] {
        agrees("mapAccounts", text);
    }
    // The zero stays, an underscore too.
    check_marked(
        &[Rule::AuthAccountGroups, Rule::AuthAccountInvalid],
        &accounts("- §'111122223333'\n- §1111_2222_3333\n"),
    );
    let text = accounts("- 012345678901\n");
    let object = yaml::to_json(&text).unwrap();
    assert_eq!(AwsAuth::from_config_map(&object).accounts(), ["012345678901"]);
    let findings = lint(&text, &Context::default());
    assert!(findings.iter().all(|found| found.severity != Severity::Error));
}

#[test]
fn what_follows_the_first_document_is_reported() {
    for (marked, read) in [
        (format!("- rolearn: {ARN}\n---\n§- rolearn: {ARN}2\n"), 1),
        (format!("- rolearn: {ARN}\n...\n§- rolearn: {ARN}2\n"), 1),
        (format!("[{{rolearn: {ARN}}}]\n§- rolearn: {ARN}2\n"), 1),
        (format!("---\n# nobody\n---\n§- rolearn: {ARN}2\n"), 0),
        (format!("- rolearn: {ARN}\n---\n# no more\n...\n"), 1),
    ] {
        let (text, _) = unmark(&marked);
        let aws_auth = AwsAuth::from_config_map(&json!({"data": {"mapRoles": text}}));
        assert_eq!((aws_auth.roles().len(), aws_auth.errors().len()), (read, 0), "{text}");
        let (config_map, places) = unmark(&config_map(&format!("mapRoles: |\n{}", indent(&marked, 2))));
        let findings = lint(&config_map, &Context::default());
        let found = findings
            .iter()
            .filter(|found| found.rule == Rule::AuthMoreDocuments)
            .map(|found| (found.line, found.column));
        assert_eq!(found.collect::<Vec<_>>(), places, "{config_map}\n{findings:#?}");
    }
}

/// Later pairs win over merged ones, merged ones over earlier pairs, and the first merged map over the next.
#[test]
fn merged_pairs_count_as_the_authenticator_counts_them() {
    let base = "- &a {rolearn: A, username: a, groups: [g]}\n- &b {rolearn: B, username: b, groups: [g]}\n";
    for (item, wanted) in [
        ("- {<<: *a, rolearn: R}\n", "R a"),
        ("- {<<: [*a, *b], rolearn: R}\n", "R a"),
        ("- {rolearn: R, <<: *a}\n", "A a"),
        ("- {<<: *a, <<: *b, rolearn: R}\n", "R b"),
    ] {
        let role = |letter: char| format!("arn:aws:iam::111122223333:role/{letter}");
        let text = format!("{base}{item}");
        let text = ['A', 'B', 'R'].into_iter().fold(text, |text, letter| {
            text.replace(&format!("rolearn: {letter}"), &format!("rolearn: {}", role(letter)))
        });
        let aws_auth = AwsAuth::from_config_map(&json!({"data": {"mapRoles": text}}));
        let last = aws_auth.roles().last().unwrap();
        let arn = last.arn.rsplit('/').next().unwrap();
        assert_eq!(format!("{arn} {}", last.username), wanted, "{item}");
        let findings = lint(&roles(&text), &Context::default());
        // Only where a pair is lost that is written out.
        let is_reported = findings.iter().any(|found| found.rule == Rule::AuthDuplicateKey);
        assert_eq!(is_reported, item.starts_with("- {rolearn"), "{item}\n{findings:#?}");
    }
}

/// kubectl takes a file apart at its separators, and reads what begins with a brace as JSON.
#[test]
fn files_are_read_as_kubectl_reads_them() {
    for (rule, text) in [
        ("input/broken", "§%YAML 1.2\n---\ndata: {mapRoles: '[]'}\n"),
        ("input/broken", "§--- {mapRoles: '[]'}\n"),
        ("input/broken", "kind: {§{x}}\ndata: {mapRoles: '[]'}\n"),
        ("input/broken", "mapRoles: \"a§\\/b\"\n"),
        ("input/broken", "metadata: &a§.b {}\n"),
        ("input/broken", "{\"mapRoles\": \"[]\"} §x\n"),
        ("input/broken", "a: b\n---\n{\"a\": §@}\n"),
        ("input/broken", "a: b\n--- # c\nc: §'d\n"),
        ("input/tab-indentation", "a: b\n---\nc: 'd'\n§\te: f\n"),
    ] {
        let (text, marks) = unmark(text);
        let wanted: Vec<_> = marks.into_iter().map(|(line, column)| (rule, line, column)).collect();
        check(&text, &wanted);
    }
    // JSON has escapes of its own.
    let text = r#"{"kind": "ConfigMap", "metadata": {"name": "aws-auth", "namespace": "kube-system"}, "data": {
      "mapRoles": "- {rolearn: 'arn:aws:iam::111122223333:role\/nodes', username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:bootstrappers', 'system:nodes']}\n- {rolearn: §'arn:aws:iam::111122223333:role\/\ud83d\ude00', username: a, groups: [b]}"
    }}"#;
    check_marked(&[Rule::AuthNotAscii], text);
    let list = format!("# a\n---\n{GOOD_AUTH}---\n# b\n---\n{}\n", as_json(GOOD_AUTH));
    check(&list, &[]);
}

/// Each of these takes minutes, or all memory, where nothing bounds it.
#[test]
fn hostile_texts_are_judged_at_once() {
    let mut bomb = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let alias = format!("*a{}, ", level - 1).repeat(9);
        bomb.push_str(&format!("- &a{level} [{alias}x]\n"));
    }
    let mut merges = "- &a0 {a: b, c: d}\n".to_owned();
    for level in 1..30 {
        let last = level - 1;
        merges.push_str(&format!("- &a{level} {{<<: [*a{last}, *a{last}]}}\n"));
    }
    let mut deep = "- &a0 {a: b}\n".to_owned();
    for level in 1..=500 {
        deep.push_str(&format!("- &a{level} {{a: *a{}}}\n", level - 1));
        if level == 495 {
            agrees("mapRoles", &deep);
        }
    }
    for text in [
        deep,
        bomb,
        merges,
        format!("- &a {}\n- [{}]\n", "x".repeat(200_000), "*a,".repeat(20_000)),
        "[".repeat(500_000),
        "- ".repeat(250_000),
        "{\"a\":".repeat(100_000),
        format!("- {{{}}}\n", "userarn: a, ".repeat(10_000)),
        format!("- {{{}}}\n", "rolearn: a, ".repeat(10_000)),
        "- &a b\n- *a\n".repeat(10_000),
        "- \"\\\n".repeat(100_000),
        "\t".repeat(500_000),
        "- a\n---\n".repeat(50_000),
        "? ".repeat(250_000),
    ] {
        for key in ["mapRoles", "mapAccounts"] {
            agrees(key, &text);
        }
        let _ = lint(&text, &Context::default());
    }
    let keys: String = (0..20_000).map(|at| format!("  k{}: x\n", at % 10_000)).collect();
    let _ = lint(&format!("data:\n  mapRoles: '[]'\n{keys}"), &Context::default());
}

/// Lists as they are written, and the things that break them.
fn nearly_good() -> impl Strategy<Value = String> {
    let good = prop::sample::select(vec![
        NODE.to_owned(),
        format!("- rolearn: {ARN}\n  username: &a-b \"admin:{{{{SessionName}}}}\"\n  groups:\n  - *a-b\n  - 'b'\n"),
        format!("[{{\"rolearn\":\"{ARN}\",\"username\":\"a\",\"groups\":[\"b\"]}}]"),
        format!("- &m\n  rolearn: {ARN}\n  username: |-\n    a\n- <<: *m\n  groups: [a, b]\n"),
        "---\n- userarn: u # a user\n  username: >\n    a\n    b\n\n- {userarn: v, username: w}\n".to_owned(),
        "- \"111122223333\"\n- 012345678901\n- 444455556666\n".to_owned(),
    ]);
    let piece = prop::sample::select(vec![
        "&a.b ",
        "&a ",
        "*a",
        "*m",
        "?",
        "? ",
        "\\/",
        "\\",
        "\\x4",
        "\\u00e9",
        "%YAML 1.2\n",
        "%YAML 1.1\n---\n",
        "---\n",
        "...\n",
        "\t",
        "\n\t",
        "\n",
        "\n ",
        "\r",
        "\r\n",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "\u{7}",
        "é",
        "😀",
        "<<: *m\n",
        "<<: a\n",
        "!!int ",
        "!!str ",
        "!!binary ",
        "!x!y ",
        "! ",
        "!<a> ",
        "012",
        "yes",
        "~",
        ".nan",
        "1e3",
        "{{",
        "}}",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        ": ",
        " #",
        "#",
        "'",
        "\"",
        "|",
        "|2",
        ">-",
        "@",
        "`",
        "- ",
        "-",
        " ",
        "  ",
        "a",
        "a: b\n",
        "",
        "",
    ])
    .prop_map(str::to_owned);
    let splice = (any::<prop::sample::Index>(), 0..5_usize, piece);
    (good, prop::collection::vec(splice, 0..4)).prop_map(|(good, splices)| {
        let mut text: Vec<char> = good.chars().collect();
        for (at, cut, piece) in splices {
            let at = at.index(text.len() + 1);
            let end = (at + cut).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn lint_and_the_authenticator_refuse_the_same_texts(text in nearly_good()) {
        for key in LISTS {
            agrees(key, &text);
        }
    }

    #[test]
    fn lint_and_kubectl_refuse_the_same_files(text in mutated()) {
        prop_assume!(!text.contains("---") && !text.starts_with('{'));
        let is_read = yaml::document(&text).is_ok_and(|document| document.rest.is_none());
        let findings = lint(&text, &Context::default());
        let is_broken = findings.iter().any(|found| matches!(found.rule, Rule::InputBroken | Rule::InputTab));
        prop_assert_eq!(is_read, !is_broken, "{}\n{:#?}", text, findings);
    }
}
