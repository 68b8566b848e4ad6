use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(pattern: &str, message: &str, matches: bool) {
    let read = FilterPattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    assert_eq!(read.matches(message), matches, "{pattern} on {message}");
}

#[test]
fn words_are_searched_for() {
    let line = r#"time="2021-08-08T20:05:01Z" level=warning msg="access denied" method=POST"#;
    for (pattern, matches) in [
        ("", true),
        ("  ", true),
        ("warning", true),
        ("Warning", false),
        ("warning POST", true),
        ("warning GET", false),
        ("\"access denied\"", true),
        ("\"denied access\"", false),
        ("\"msg=\\\"access denied\\\"\"", true),
        ("?GET ?POST", true),
        ("?GET ?PUT", false),
        ("warning -GET", true),
        ("warning -POST", false),
        ("-\"access denied\"", false),
        ("?GET warning", true),
        ("%level=(warning|error)%", true),
        ("%level=(info|error)%", false),
        ("warning %POST$%", true),
    ] {
        check(pattern, line, matches);
    }
}

#[test]
fn json_is_looked_into() {
    let event = r#"{"verb":"get","user":{"username":"kubernetes-admin","groups":["system:masters","b"]},"responseStatus":{"code":401},
        "latency":1.5,"dryRun":true,"extra":null,"odd-name":"x","a.b":"dots"}"#;
    for (condition, matches) in [
        ("$.verb = \"get\"", true),
        ("$.verb=get", true),
        ("$.verb = GET", false),
        ("$.verb != \"list\"", true),
        ("$.nothing != \"list\"", false),
        ("$.verb = \"g*\"", true),
        ("$.verb = *t", true),
        ("$.verb = *", true),
        ("$.nothing = *", false),
        ("$.user.username = %^kube.*min$%", true),
        ("$.responseStatus.code = 401", true),
        ("$.responseStatus.code = 4*", true),
        ("$.responseStatus.code = \"401\"", true),
        ("$.responseStatus.code != 401", false),
        ("$.responseStatus.code = 4.01e2", true),
        ("$.responseStatus.code >= 401", true),
        ("$.responseStatus.code > 401", false),
        ("$.latency < 2 && $.latency <= 1.5", true),
        ("$.verb > 1", false),
        ("$.user.groups[0] = \"system:masters\"", true),
        ("$.user.groups[1] = \"system:masters\"", false),
        ("$.user.groups[*] = \"b\"", true),
        ("$.user.* = \"kubernetes-admin\"", true),
        ("$[\"a.b\"] = dots", true),
        ("$.odd-name = x", true),
        ("$.dryRun IS TRUE", true),
        ("$.dryRun is false", false),
        ("$.verb IS TRUE", false),
        ("$.dryRun = true", true),
        ("$.extra IS NULL", true),
        ("$.nothing IS NULL", false),
        ("$.nothing NOT EXISTS", true),
        ("$.extra NOT EXISTS", false),
        (
            "$.responseStatus.code = 401 && ($.verb = \"get\" || $.verb = \"list\")",
            true,
        ),
        ("$.verb = \"list\" || $.verb = \"get\" && $.dryRun IS FALSE", false),
        ("($.verb = list) || ($.verb = get)", true),
        ("$.user = \"kubernetes-admin\"", false),
    ] {
        check(&format!("{{ {condition} }}"), event, matches);
        check(&format!("{{{condition}}}"), "no JSON: get", false);
    }
}

#[test]
fn fields_are_told_apart_by_blanks() {
    let line = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    for (pattern, matches) in [
        ("[ip, id, user, timestamp, request, status, bytes]", true),
        ("[ip, id, user, timestamp, request, status]", false),
        ("[ip, ..., bytes]", true),
        ("[...]", true),
        (
            "[ip, id, user, timestamp, request = *.html*, status = 4*, bytes > 1000]",
            true,
        ),
        ("[..., status = 4*, bytes < 1000]", false),
        ("[ip=%127\\.0\\.0\\.[1-9]%, ...]", true),
        ("[ip, id, user=frank||user=\"mary\", ...]", true),
        ("[ip, id, user=frank && user!=fr*, ...]", false),
        ("[..., status!=404, bytes]", false),
        ("[a, b, c, d, e, f, g, ...]", true),
        ("[a, b, c, d, e, f, g, h, ...]", false),
    ] {
        check(pattern, line, matches);
    }
}

#[test]
fn broken_patterns_are_refused_with_the_services_words() {
    for (pattern, text) in [
        ("username=kubernetes-admin", "Invalid character(s) in term '='"),
        ("a (b", "Invalid character(s) in term '('"),
        ("\"\"", "Invalid character(s) in term '\"\"'"),
        ("{ $.\"detail-type\" = 1 }", "Invalid character(s) in term '$.\"'"),
        ("{ $.a = 1", "If a filter pattern starts with '{' it must end with '}'"),
        ("[a, b", "If a filter pattern starts with '[' it must end with ']'"),
        ("\"open", "Invalid filter pattern"),
        ("%[%", "Invalid filter pattern"),
        ("%open", "Invalid filter pattern"),
        ("?", "Invalid character(s) in term ''"),
        ("{ }", "Invalid filter pattern"),
        ("{ $.a }", "Invalid filter pattern"),
        ("{ $ = 1 }", "Invalid filter pattern"),
        ("{ $.a = }", "Invalid filter pattern"),
        ("{ $.a = 1 $.b = 2 }", "Invalid filter pattern"),
        ("{ $.a = 1 && }", "Invalid filter pattern"),
        ("{ ($.a = 1 }", "Invalid filter pattern"),
        ("{ $.a IS BLUE }", "Invalid filter pattern"),
        ("{ $.a NOT THERE }", "Invalid filter pattern"),
        ("{ $.a[x] = 1 }", "Invalid filter pattern"),
        ("{ a = 1 }", "Invalid filter pattern"),
        ("[]", "Invalid filter pattern"),
        ("[a b]", "Invalid filter pattern"),
        ("[..., a, ...]", "Invalid filter pattern"),
        ("[status = 4* && bytes > 1000]", "Invalid filter pattern"),
    ] {
        let error = FilterPattern::parse(pattern).expect_err(pattern);
        assert_eq!(error.to_string(), text, "{pattern}");
    }
    let nested = |depth| format!("{{ {}$.a = 1{} }}", "(".repeat(depth), ")".repeat(depth));
    assert!(FilterPattern::parse(&nested(MAX_DEPTH)).is_ok());
    assert!(FilterPattern::parse(&nested(MAX_DEPTH + 1)).is_err());
    assert!(FilterPattern::parse(&nested(100_000)).is_err());
}

/// By count: `[ab]*a[ab]{500}` costs 502 steps a byte, in a message of a megabyte more than there may be.
#[test]
fn a_message_that_would_cost_too_much_does_not_match() {
    let expression = "[ab]*a[ab]{500}";
    let message = "a".repeat(600);
    let whole = format!("{message}{}", "c".repeat(1 << 20));
    let json = |message: &str| format!(r#"{{"a":"{message}"}}"#);
    for (pattern, short, long) in [
        (format!("%{expression}%"), message.clone(), whole.clone()),
        (format!("{{ $.a = %{expression}% }}"), json(&message), json(&whole)),
        (format!("[a = %{expression}%]"), message.clone(), whole.clone()),
    ] {
        let pattern = FilterPattern::parse(&pattern).unwrap();
        assert!(pattern.matches(&short));
        assert!(!pattern.matches(&long));
    }
    // Plain words are found in any message.
    assert!(FilterPattern::parse("aa ?b -d").unwrap().matches(&whole));
}

proptest! {
    #[test]
    fn nothing_panics(pattern in ".{0,40}", json in "\\{[ $.a\\[\\]0*=!<>&|()\"%IS NULL]{0,24}\\}", fields in "\\[[a-c=*<>&|., \"%]{0,24}\\]", message in ".{0,40}") {
        for pattern in [pattern, json, fields] {
            if let Ok(pattern) = FilterPattern::parse(&pattern) {
                let _ = pattern.matches(&message);
                let _ = pattern.matches("{\"a\":[{\"a\":1}]}");
            }
        }
    }

    #[test]
    fn a_phrase_of_the_message_is_found(before in "[a-z \"\\\\]{0,9}", phrase in "[a-z \"\\\\]{1,9}", after in "[a-z \"\\\\]{0,9}") {
        let phrase_pattern = format!("\"{}\"", phrase.replace('\\', "\\\\").replace('"', "\\\""));
        let without = format!("-{phrase_pattern}");
        let message = format!("{before}{phrase}{after}");
        prop_assert!(FilterPattern::parse(&phrase_pattern).unwrap().matches(&message));
        prop_assert!(!FilterPattern::parse(&without).unwrap().matches(&message));
    }
}
