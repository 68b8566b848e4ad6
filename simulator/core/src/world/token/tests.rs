//! The checks of a token's form, in order and with upstream's words.
//!
//! The tables were recorded from aws-iam-authenticator v0.7.18 built with Go 1.26. An empty refusal means that upstream
//! went on to ask STS.

use proptest::prelude::*;

use super::*;
use crate::aws::iam::SecretKey;
use crate::scenario;
use crate::scenario::ProfileSource;
use crate::scenario::Staging;
use crate::world::authenticate::AuthenticationRequest;
use crate::world::authenticate::authenticate;

const NOW: &str = "2026-11-24T00:44:57Z";
const GOOD: &str = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261124%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20261124T004457Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=00";
const AWS: Verifier<'_> = Verifier {
    partition: Partition::Aws,
    region: "us-west-2",
    own_hosts: &[],
};

fn now() -> Timestamp {
    Timestamp::parse_rfc3339(NOW).unwrap()
}

fn token(url: impl AsRef<[u8]>) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}

/// The refusal without its beginning, which is always the same; empty where there is none.
fn refusal(token: &str, verifier: Verifier<'_>, now: Timestamp) -> String {
    match PresignedToken::parse(token, verifier, now, &mut Trace::new()) {
        Ok(_) => String::new(),
        Err(error) => error
            .to_string()
            .strip_prefix("input token was not properly formatted: ")
            .unwrap()
            .to_owned(),
    }
}

#[track_caller]
fn check(token: &str, verifier: Verifier<'_>, wanted: &str) {
    assert_eq!(refusal(token, verifier, now()), wanted, "{token}");
}

#[test]
fn tokens_over_4096_bytes_are_too_large() {
    let of = |bytes: usize| format!("{PREFIX}{}", "A".repeat(bytes - PREFIX.len()));
    check(&of(4096), AWS, "illegal base64 data at input byte 4084");
    check(&of(4097), AWS, "token is too large");
    // Bytes count, not characters, and the size comes before the prefix.
    check(&"é".repeat(2049), AWS, "token is too large");
    check(
        &"é".repeat(2048),
        AWS,
        r#"token is missing expected "k8s-aws-v1." prefix"#,
    );
}

#[test]
fn the_prefix_must_be_there_to_the_letter() {
    for (text, wanted) in PREFIXES {
        check(text, AWS, wanted);
    }
}

#[test]
fn base64_is_decoded_as_go_does() {
    for (text, offset) in BASE64 {
        assert_eq!(parse::decode_base64(text).err(), *offset, "{text:?}");
    }
    check("k8s-aws-v1.AA==", AWS, "illegal base64 data at input byte 2");
    check(&token(GOOD).replace("aHR0", "aHR0\r\n"), AWS, "");
}

#[test]
fn urls_are_parsed_as_go_does() {
    for (url, wanted) in URLS {
        check(&token(url), AWS, wanted);
    }
}

#[test]
fn bytes_that_are_not_utf_8_fail_at_the_same_check_as_upstream() {
    let with = |at: &str| {
        let position = GOOD.find(at).unwrap();
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes.insert(position, 0xff);
        PresignedToken::parse(&token(bytes), AWS, now(), &mut Trace::new())
            .unwrap_err()
            .check()
    };
    assert_eq!(with("https"), "token.url");
    assert_eq!(with("sts."), "token.host");
    assert_eq!(with("Action"), "token.parameter");
    assert_eq!(with("GetCaller"), "token.action");
    assert_eq!(with("20261124T"), "token.date_format");
}

#[test]
fn hosts_are_those_of_sts_in_the_verifiers_partition() {
    for (partition, region, host, wanted) in HOSTS {
        let verifier = Verifier {
            partition: Partition::from_name(partition).unwrap(),
            region,
            own_hosts: &[],
        };
        let url = GOOD.replace("sts.us-west-2.amazonaws.com", host);
        check(&token(url), verifier, &wanted.replace("{}", host));
    }
}

#[test]
fn a_second_label_global_lets_no_foreign_host_in() {
    for host in ["sts.global.amazonaws.com", "sts.global.example.org"] {
        let url = GOOD.replace("sts.us-west-2.amazonaws.com", host);
        check(
            &token(url),
            AWS,
            &format!("unexpected hostname \"{host}\" in pre-signed URL"),
        );
    }
}

#[test]
fn each_change_is_refused_in_upstreams_words() {
    check(&token(GOOD), AWS, "");
    for (from, to, wanted) in EDITS {
        assert!(GOOD.contains(from), "{from}");
        check(&token(GOOD.replacen(from, to, 1)), AWS, wanted);
    }
}

#[test]
fn with_several_strange_parameters_the_first_in_the_url_is_named() {
    // Upstream walks them in random order.
    check(
        &token(format!("{GOOD}&b=1&a=2&a=3")),
        AWS,
        r#"non-whitelisted query parameter "b""#,
    );
    check(
        &token(format!("{GOOD}&VERSION=1&ACTION=2")),
        AWS,
        r#"duplicate query parameter found: "VERSION""#,
    );
}

#[test]
fn a_token_lives_for_fifteen_minutes_to_the_second() {
    let url = token(GOOD);
    let date = "X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:44:57 +0000 UTC";
    assert_eq!(refusal(&url, AWS, now().plus_seconds(900)), "");
    assert_eq!(refusal(&url, AWS, now().plus_seconds(901)), date);
    assert_eq!(refusal(&url, AWS, now().plus_seconds(900).plus_nanoseconds(1)), date);
    // A token from the future passes here; STS refuses it.
    assert_eq!(refusal(&url, AWS, now().plus_seconds(-86_400)), "");
}

#[test]
fn a_token_that_is_wrong_in_every_way_fails_at_each_check_in_turn() {
    let mut edits = vec![
        ("token.scheme", "https:", "http:"),
        ("token.host", "us-west-2.amazonaws", "us-west-2.amazon"),
        ("token.path", ".com/?", ".com/x?"),
        ("token.query", "Signature=00", "Signature=%zz"),
        ("token.duplicate", "Version=", "action=1&Version="),
        ("token.parameter", "Version=", "Foo=1&Version="),
        ("token.values", "Version=", "Version=1&Version="),
        ("token.action", "Action=Get", "Action=get"),
        ("token.cluster_header", "%3Bx-k8s-aws-id", ""),
        ("token.expires", "Expires=60", "Expires=901"),
        ("token.date_format", "20261124T004457Z", "2026"),
    ];
    while let Some((wanted, ..)) = edits.first() {
        let url = edits
            .iter()
            .fold(GOOD.to_owned(), |url, (_, from, to)| url.replacen(from, to, 1));
        let mut trace = Trace::new();
        let error = PresignedToken::parse(&token(url), AWS, now(), &mut trace).unwrap_err();
        assert_eq!(error.check(), *wanted);
        assert_eq!(trace.failed().unwrap().id, *wanted);
        assert_eq!(trace.checks().last().unwrap().id, *wanted);
        edits.remove(0);
    }
}

#[test]
fn the_trace_of_a_good_token_names_all_checks_in_order() {
    let mut trace = Trace::new();
    PresignedToken::parse(&token(GOOD), AWS, now(), &mut trace).unwrap();
    let ids: Vec<&str> = trace.checks().iter().map(|check| check.id).collect();
    assert_eq!(
        ids,
        [
            "token.size",
            "token.prefix",
            "token.base64",
            "token.url",
            "token.scheme",
            "token.host",
            "token.path",
            "token.query",
            "token.duplicate",
            "token.parameter",
            "token.values",
            "token.action",
            "token.cluster_header",
            "token.expires",
            "token.date_present",
            "token.date_format",
            "token.expired",
        ]
    );
}

#[test]
fn the_parts_of_a_token_are_those_of_its_url() {
    let parse = |url: &str| PresignedToken::parse(&token(url), AWS, now(), &mut Trace::new()).unwrap();
    let regional = parse(GOOD);
    assert_eq!(regional.access_key_id(), "AKIA");
    assert_eq!(regional.host(), "sts.us-west-2.amazonaws.com");
    assert_eq!(regional.sts_host(), "sts.us-west-2.amazonaws.com");
    assert_eq!(regional.sts_region(), "us-west-2");
    assert_eq!(regional.receiver_region(), Some("us-west-2"));
    assert_eq!(regional.signed_headers(), ["host", "x-k8s-aws-id"]);
    assert_eq!(regional.path(), "/");
    assert!(GOOD.ends_with(regional.query()));
    let global = parse(&GOOD.replace("sts.us-west-2.", "sts."));
    assert_eq!(global.sts_region(), "global");
    assert_eq!(global.receiver_region(), Some("us-east-1"));
    assert_eq!(parse(&GOOD.replace("AKIA%2F", "")).access_key_id(), "20261124");
}

#[test]
fn the_simulators_own_hosts_stand_for_the_regional_endpoint() {
    let own = ["127.0.0.1:4566".to_owned(), "Aws.test".to_owned()];
    let lenient = Verifier { own_hosts: &own, ..AWS };
    let refused = |origin: &str, verifier| {
        let url = GOOD.replace("https://sts.us-west-2.amazonaws.com/", origin);
        refusal(&token(url), verifier, now())
    };
    for origin in [
        "http://127.0.0.1:4566/",
        "https://127.0.0.1:4566/",
        "HTTP://127.0.0.1:4566/",
        "http://127.0.0.1:4566/aws/sts/",
        "http://127.0.0.1:4566",
        "https://aws.TEST/",
    ] {
        assert_eq!(refused(origin, lenient), "", "{origin}");
    }
    for (origin, wanted) in [
        (
            "http://127.0.0.1:4567/",
            r#"unexpected scheme "http" in pre-signed URL"#,
        ),
        ("http://127.0.0.1/", r#"unexpected scheme "http" in pre-signed URL"#),
        (
            "https://127.0.0.1:4567/",
            r#"unexpected hostname "127.0.0.1:4567" in pre-signed URL"#,
        ),
        ("ftp://127.0.0.1:4566/", r#"unexpected scheme "ftp" in pre-signed URL"#),
        (
            "https://aws.test:443/",
            "could not parse region for pre-signed URL aws.test:443, invalid host format: aws.test:443",
        ),
    ] {
        assert_eq!(refused(origin, lenient), wanted, "{origin}");
    }
    assert_eq!(
        refused("http://127.0.0.1:4566/", AWS),
        r#"unexpected scheme "http" in pre-signed URL"#
    );
    assert_eq!(
        refused("https://127.0.0.1:4566/", AWS),
        r#"unexpected hostname "127.0.0.1:4566" in pre-signed URL"#
    );
}

#[test]
fn a_token_for_an_own_host_names_the_endpoint_of_its_scope() {
    let own = ["localhost:4566".to_owned()];
    let lenient = Verifier { own_hosts: &own, ..AWS };
    let url = GOOD
        .replace("sts.us-west-2.amazonaws.com/", "localhost:4566/sts")
        .replace("us-west-2", "cn-north-1");
    let parsed = PresignedToken::parse(&token(url), lenient, now(), &mut Trace::new()).unwrap();
    assert_eq!(parsed.sts_host(), "sts.cn-north-1.amazonaws.com.cn");
    assert_eq!(parsed.sts_region(), "cn-north-1");
    assert_eq!(parsed.receiver_region(), None);
    assert_eq!(parsed.host(), "localhost:4566");
    assert_eq!(parsed.path(), "/sts");
}

#[test]
fn the_schemes_own_port_is_no_part_of_the_signed_host() {
    for (scheme, host, wanted) in [
        ("http", "h:80", "h"),
        ("https", "h:443", "h"),
        ("http", "h:443", "h:443"),
        ("https", "h:80", "h:80"),
        ("https", "h:4430", "h:4430"),
        ("http", "h", "h"),
        ("http", "[::1]:80", "[::1]"),
    ] {
        assert_eq!(signed_host(scheme, host), wanted, "{scheme} {host}");
    }
}

struct Caller {
    staging: Staging,
    token: String,
}

/// Who testuser is in the article's World, with a fresh token.
fn caller() -> Caller {
    let staging = scenario::stage(scenario::ARTICLE_WORLD, now()).unwrap();
    let ProfileSource::AccessKey { id, secret, .. } = &staging.profiles[0].source else {
        panic!("the first profile has an access key");
    };
    let token = sign(&signer(id, secret), "https://sts.us-west-2.amazonaws.com", "my-cluster");
    Caller { staging, token }
}

fn signer<'a>(id: &'a str, secret: &'a SecretKey) -> Signer<'a> {
    Signer {
        access_key_id: id,
        secret,
        session_token: None,
        region: "us-west-2",
        service: "sts",
        now: now(),
    }
}

/// The ARN that the bearer has, if the token holds.
fn bearer(staging: &Staging, token: &str) -> Option<String> {
    let cluster = staging.world.cluster("my-cluster").unwrap();
    let request = AuthenticationRequest {
        token,
        client: "127.0.0.1:1",
        sts_request_id: "r",
    };
    let authentication = authenticate(request, cluster, &staging.world, now());
    authentication
        .outcome
        .is_ok()
        .then(|| authentication.identity.unwrap().arn)
}

#[test]
fn every_single_changed_byte_is_refused_or_changes_nothing() {
    let Caller { staging, token: good } = caller();
    let arn = bearer(&staging, &good).unwrap();
    let url = URL_SAFE_NO_PAD.decode(good.strip_prefix(PREFIX).unwrap()).unwrap();
    let mut held = Vec::new();
    for at in 0..url.len() {
        let mut changed = url.clone();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        if let Some(other) = bearer(&staging, &token(changed)) {
            assert_eq!(other, arn);
            held.push(at);
        }
    }
    assert_eq!(held, Vec::<usize>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parsing_never_panics_on_text(text in "\\PC{0,80}") {
        let _ = refusal(&text, AWS, now());
        let _ = refusal(&format!("{PREFIX}{text}"), AWS, now());
    }

    #[test]
    fn parsing_never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = refusal(&token(&bytes), AWS, now());
        let _ = refusal(&token([b"https://sts.us-west-2.amazonaws.com/?".as_slice(), &bytes].concat()), AWS, now());
    }

    #[test]
    fn parsing_never_panics_on_what_is_nearly_a_url(text in r"https?://[\[\]a%:@.-]{0,12}/?[?=&;%a1#]{0,12}") {
        let _ = refusal(&token(text), AWS, now());
    }

    #[test]
    fn what_is_signed_is_granted_for_its_cluster_and_its_quarter_of_an_hour(
        cluster in prop_oneof![Just("my-cluster".to_owned()), "[a-zA-Z0-9-]{1,40}"],
        age in -1000_i64..1000,
    ) {
        let Caller { staging, .. } = caller();
        let ProfileSource::AccessKey { id, secret, .. } = &staging.profiles[0].source else {
            panic!("the first profile has an access key");
        };
        let signer = Signer { now: now().plus_seconds(-age), ..signer(id, secret) };
        let signed = sign(&signer, "https://sts.us-west-2.amazonaws.com", &cluster);
        let holds = cluster == "my-cluster" && (-900..=900).contains(&age);
        prop_assert_eq!(bearer(&staging, &signed).is_some(), holds);
    }

    #[test]
    fn a_changed_token_is_refused_or_names_the_same_bearer(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        insert in any::<bool>(),
    ) {
        let Caller { staging, token: good } = caller();
        let arn = bearer(&staging, &good).unwrap();
        let mut url = URL_SAFE_NO_PAD.decode(good.strip_prefix(PREFIX).unwrap()).unwrap();
        let at = at.index(url.len());
        if insert {
            url.insert(at, byte);
        } else {
            url[at] = byte;
        }
        if let Some(other) = bearer(&staging, &token(url)) {
            prop_assert_eq!(other, arn);
        }
    }
}

/// Prefixes. The empty rest is an empty URL.
const PREFIXES: &[(&str, &str)] = &[
    ("", r#"token is missing expected "k8s-aws-v1." prefix"#),
    ("k8s-aws-v1", r#"token is missing expected "k8s-aws-v1." prefix"#),
    ("k8s-aws-v1.", r#"unexpected scheme "" in pre-signed URL"#),
    ("K8S-AWS-V1.AAAA", r#"token is missing expected "k8s-aws-v1." prefix"#),
    ("k8s-aws-v2.AAAA", r#"token is missing expected "k8s-aws-v1." prefix"#),
    (
        "Bearer k8s-aws-v1.AAAA",
        r#"token is missing expected "k8s-aws-v1." prefix"#,
    ),
    (" k8s-aws-v1.AAAA", r#"token is missing expected "k8s-aws-v1." prefix"#),
];

/// What follows the prefix, and the byte at which Go's decoder stops; none where it does not.
const BASE64: &[(&str, Option<usize>)] = &[
    ("A", Some(0)),
    ("AA", None),
    ("AAA", None),
    ("AAAAA", Some(4)),
    ("AA==", Some(2)),
    ("AAA=", Some(3)),
    ("=", Some(0)),
    ("A=", Some(1)),
    ("AAAA=", Some(4)),
    ("AA\n==", Some(3)),
    ("A\nA", None),
    ("A\n", Some(1)),
    ("\n", None),
    ("\r\n", None),
    ("AAAAA\n", Some(5)),
    ("AAAA\nA", Some(5)),
    ("AAAA\r\nA\r\n", Some(8)),
    ("A+A", Some(1)),
    ("AA/A", Some(2)),
    ("AA A", Some(2)),
    ("AA\tA", Some(2)),
    ("AAé", Some(2)),
    ("AA%3D", Some(2)),
    ("AAAAAAAA+", Some(8)),
    ("AAAAAAAAAAAA+AAA", Some(12)),
    ("AAAAAAAAA+AAAAAAAA", Some(9)),
    ("AAAAAAAAAAAAAAAAA\n", Some(17)),
];

/// Text that decodes to a URL or to none: Go's text, or that of the next check that fails.
const URLS: &[(&str, &str)] = &[
    ("https", r#"unexpected scheme "" in pre-signed URL"#),
    ("https:", "could not parse region for pre-signed URL , host is empty"),
    ("https:/", "could not parse region for pre-signed URL , host is empty"),
    ("https://", "could not parse region for pre-signed URL , host is empty"),
    ("https:///", "could not parse region for pre-signed URL , host is empty"),
    (
        "//sts.us-west-2.amazonaws.com/",
        r#"unexpected scheme "" in pre-signed URL"#,
    ),
    ("/x", r#"unexpected scheme "" in pre-signed URL"#),
    ("x", r#"unexpected scheme "" in pre-signed URL"#),
    ("*", r#"unexpected scheme "" in pre-signed URL"#),
    ("x:y", r#"unexpected scheme "x" in pre-signed URL"#),
    ("HTTPS:x", "could not parse region for pre-signed URL , host is empty"),
    ("mailto:x", r#"unexpected scheme "mailto" in pre-signed URL"#),
    ("://", r#"parse "://": missing protocol scheme"#),
    (":x", r#"parse ":x": missing protocol scheme"#),
    (
        "1x://h",
        r#"parse "1x://h": first path segment in URL cannot contain colon"#,
    ),
    (
        "x y://h",
        r#"parse "x y://h": first path segment in URL cannot contain colon"#,
    ),
    (
        "é://h",
        r#"parse "é://h": first path segment in URL cannot contain colon"#,
    ),
    ("a/b:c", r#"unexpected scheme "" in pre-signed URL"#),
    ("a:b/c", r#"unexpected scheme "a" in pre-signed URL"#),
    ("?a:b", r#"unexpected scheme "" in pre-signed URL"#),
    (
        "https://h\u{7f}/",
        r#"parse "https://h\x7f/": net/url: invalid control character in URL"#,
    ),
    (
        "https://h/\n",
        r#"parse "https://h/\n": net/url: invalid control character in URL"#,
    ),
    ("https://h/%", r#"parse "https://h/%": invalid URL escape "%""#),
    ("https://h/%2", r#"parse "https://h/%2": invalid URL escape "%2""#),
    ("https://h/%zz", r#"parse "https://h/%zz": invalid URL escape "%zz""#),
    ("https://h/%é", r#"parse "https://h/%é": invalid URL escape "%é""#),
    ("https://h%/", r#"parse "https://h%/": invalid URL escape "%""#),
    ("https://%41/", r#"parse "https://%41/": invalid URL escape "%41""#),
    (
        "https://%25/",
        "could not parse region for pre-signed URL %, invalid host format: %",
    ),
    (
        "https://%c3%a9/",
        "could not parse region for pre-signed URL é, invalid host format: é",
    ),
    (
        "https://a b/",
        r#"parse "https://a b/": invalid character " " in host name"#,
    ),
    (
        "https://a^b/",
        r#"parse "https://a^b/": invalid character "^" in host name"#,
    ),
    (
        r"https://a\b/",
        r#"parse "https://a\\b/": invalid character "\\" in host name"#,
    ),
    (
        "https://<>/",
        "could not parse region for pre-signed URL <>, invalid host format: <>",
    ),
    (
        "https://é/",
        "could not parse region for pre-signed URL é, invalid host format: é",
    ),
    (
        "https://h:80/",
        "could not parse region for pre-signed URL h:80, invalid host format: h:80",
    ),
    (
        "https://h:/",
        "could not parse region for pre-signed URL h:, invalid host format: h:",
    ),
    ("https://h:x/", r#"parse "https://h:x/": invalid port ":x" after host"#),
    (
        "https://h:80:90/",
        r#"parse "https://h:80:90/": invalid port ":80:90" after host"#,
    ),
    ("https://::1/", r#"parse "https://::1/": invalid port "::1" after host"#),
    (
        "https://[::1]/",
        "could not parse region for pre-signed URL [::1], invalid host format: [::1]",
    ),
    (
        "https://[::1]:80/",
        "could not parse region for pre-signed URL [::1]:80, invalid host format: [::1]:80",
    ),
    (
        "https://[::1]:x/",
        r#"parse "https://[::1]:x/": invalid port ":x" after host"#,
    ),
    (
        "https://[::1]x/",
        r#"parse "https://[::1]x/": invalid port "x" after host"#,
    ),
    ("https://[::1/", r#"parse "https://[::1/": missing ']' in host"#),
    ("https://a[b/", r#"parse "https://a[b/": invalid IP-literal"#),
    (
        "https://a]/",
        "could not parse region for pre-signed URL a], invalid host format: a]",
    ),
    (
        "https://[zz]/",
        r#"parse "https://[zz]/": invalid host: ParseAddr("zz"): unable to parse IP"#,
    ),
    (
        "https://[]/",
        r#"parse "https://[]/": invalid host: ParseAddr(""): unable to parse IP"#,
    ),
    (
        "https://[1.2.3.4]/",
        r#"parse "https://[1.2.3.4]/": invalid IP-literal"#,
    ),
    (
        "https://[v1.x]/",
        r#"parse "https://[v1.x]/": invalid host: ParseAddr("v1.x"): unexpected character (at "v1.x")"#,
    ),
    (
        "https://[fe80::1%25en0]/",
        "could not parse region for pre-signed URL [fe80::1%en0], invalid host format: [fe80::1%en0]",
    ),
    (
        "https://[fe80::1%25%41]/",
        "could not parse region for pre-signed URL [fe80::1%A], invalid host format: [fe80::1%A]",
    ),
    (
        "https://[fe80::1%25]/",
        r#"parse "https://[fe80::1%25]/": invalid host: ParseAddr("fe80::1%"): zone must be a non-empty string"#,
    ),
    (
        "https://[fe80::1%en0]/",
        r#"parse "https://[fe80::1%en0]/": invalid URL escape "%en""#,
    ),
    (
        "https://[%25]/",
        r#"parse "https://[%25]/": invalid host: ParseAddr("%"): missing IPv6 address"#,
    ),
    (
        "https://u@h/",
        "could not parse region for pre-signed URL h, invalid host format: h",
    ),
    (
        "https://u:p@h/",
        "could not parse region for pre-signed URL h, invalid host format: h",
    ),
    (
        "https://u%zz@h/",
        r#"parse "https://u%zz@h/": invalid URL escape "%zz""#,
    ),
    (
        "https://u:%zz@h/",
        r#"parse "https://u:%zz@h/": invalid URL escape "%zz""#,
    ),
    ("https://u v@h/", r#"parse "https://u v@h/": net/url: invalid userinfo"#),
    ("https://u[@h/", r#"parse "https://u[@h/": net/url: invalid userinfo"#),
    (
        "https://u@v@h/",
        "could not parse region for pre-signed URL h, invalid host format: h",
    ),
    ("https://h/#%zz", r#"parse "https://h/#%zz": invalid URL escape "%zz""#),
    (
        "https://h#f",
        "could not parse region for pre-signed URL h, invalid host format: h",
    ),
    (
        "https://h/?%zz#f",
        "could not parse region for pre-signed URL h, invalid host format: h",
    ),
    (
        "https://h?a",
        "could not parse region for pre-signed URL h, invalid host format: h",
    ),
    ("http:///h", r#"unexpected scheme "http" in pre-signed URL"#),
];

/// Partition and region of the verifier, host, and the refusal, in which `{}` is the host.
const HOSTS: &[(&str, &str, &str, &str)] = &[
    ("aws", "us-west-2", "sts.us-west-2.amazonaws.com", ""),
    ("aws", "us-west-2", "sts-fips.us-west-2.amazonaws.com", ""),
    ("aws", "us-west-2", "sts.us-west-2.api.aws", ""),
    ("aws", "us-west-2", "sts-fips.us-west-2.api.aws", ""),
    ("aws", "us-west-2", "sts.amazonaws.com", ""),
    (
        "aws",
        "us-west-2",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws} does not support hostname {}",
    ),
    (
        "aws",
        "us-west-2",
        "sts.cn-north-1.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws", "us-west-2", "sts.xx-new-1.amazonaws.com", ""),
    ("aws-cn", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn", ""),
    ("aws-cn", "cn-north-1", "sts-fips.cn-north-1.amazonaws.com.cn", ""),
    (
        "aws-cn",
        "cn-north-1",
        "sts.cn-north-1.api.amazonwebservices.com.cn",
        "",
    ),
    (
        "aws-cn",
        "cn-north-1",
        "sts-fips.cn-north-1.api.amazonwebservices.com.cn",
        "",
    ),
    (
        "aws-cn",
        "cn-north-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-cn",
    ),
    (
        "aws-cn",
        "cn-north-1",
        "sts.us-west-2.amazonaws.com",
        "partition {aws-cn} does not support hostname {}",
    ),
    (
        "aws-cn",
        "cn-north-1",
        "sts.us-west-2.amazonaws.com.cn",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-cn",
        "cn-north-1",
        "sts.xx-new-1.amazonaws.com.cn",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-us-gov", "us-gov-west-1", "sts.us-gov-west-1.amazonaws.com", ""),
    (
        "aws-us-gov",
        "us-gov-west-1",
        "sts-fips.us-gov-west-1.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-us-gov", "us-gov-west-1", "sts.us-gov-west-1.api.aws", ""),
    ("aws-us-gov", "us-gov-west-1", "sts-fips.us-gov-west-1.api.aws", ""),
    (
        "aws-us-gov",
        "us-gov-west-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-us-gov",
    ),
    (
        "aws-us-gov",
        "us-gov-west-1",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws-us-gov} does not support hostname {}",
    ),
    (
        "aws-us-gov",
        "us-gov-west-1",
        "sts.cn-north-1.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-us-gov", "us-gov-west-1", "sts.xx-new-1.amazonaws.com", ""),
    ("aws-iso", "us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov", ""),
    ("aws-iso", "us-iso-east-1", "sts-fips.us-iso-east-1.c2s.ic.gov", ""),
    (
        "aws-iso",
        "us-iso-east-1",
        "sts.us-iso-east-1.api.aws.ic.gov",
        "partition {aws-iso} does not support hostname {}",
    ),
    (
        "aws-iso",
        "us-iso-east-1",
        "sts-fips.us-iso-east-1.api.aws.ic.gov",
        "partition {aws-iso} does not support hostname {}",
    ),
    (
        "aws-iso",
        "us-iso-east-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-iso",
    ),
    (
        "aws-iso",
        "us-iso-east-1",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws-iso} does not support hostname {}",
    ),
    (
        "aws-iso",
        "us-iso-east-1",
        "sts.cn-north-1.c2s.ic.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-iso",
        "us-iso-east-1",
        "sts.xx-new-1.c2s.ic.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-iso-b", "us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov", ""),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts-fips.us-isob-east-1.sc2s.sgov.gov",
        "",
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts.us-isob-east-1.api.aws.scloud",
        "partition {aws-iso-b} does not support hostname {}",
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts-fips.us-isob-east-1.api.aws.scloud",
        "partition {aws-iso-b} does not support hostname {}",
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-iso-b",
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws-iso-b} does not support hostname {}",
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts.cn-north-1.sc2s.sgov.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-iso-b",
        "us-isob-east-1",
        "sts.xx-new-1.sc2s.sgov.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-iso-e", "eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk", ""),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts-fips.eu-isoe-west-1.cloud.adc-e.uk",
        "",
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
        "partition {aws-iso-e} does not support hostname {}",
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
        "partition {aws-iso-e} does not support hostname {}",
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-iso-e",
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws-iso-e} does not support hostname {}",
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts.cn-north-1.cloud.adc-e.uk",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-iso-e",
        "eu-isoe-west-1",
        "sts.xx-new-1.cloud.adc-e.uk",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-iso-f", "us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov", ""),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts-fips.us-isof-south-1.csp.hci.ic.gov",
        "",
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts.us-isof-south-1.api.aws.hci.ic.gov",
        "partition {aws-iso-f} does not support hostname {}",
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts-fips.us-isof-south-1.api.aws.hci.ic.gov",
        "partition {aws-iso-f} does not support hostname {}",
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-iso-f",
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws-iso-f} does not support hostname {}",
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts.cn-north-1.csp.hci.ic.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-iso-f",
        "us-isof-south-1",
        "sts.xx-new-1.csp.hci.ic.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-eusc", "eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu", ""),
    ("aws-eusc", "eusc-de-east-1", "sts-fips.eusc-de-east-1.amazonaws.eu", ""),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.eusc-de-east-1.api.amazonwebservices.eu",
        "",
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts-fips.eusc-de-east-1.api.amazonwebservices.eu",
        "",
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.amazonaws.com",
        "global endpoint unsupported in partition aws-eusc",
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.cn-north-1.amazonaws.com.cn",
        "partition {aws-eusc} does not support hostname {}",
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.cn-north-1.amazonaws.eu",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.xx-new-1.amazonaws.eu",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws", "us-west-2", "sts.us-gov-west-1.amazonaws.com", ""),
    ("aws-us-gov", "us-gov-west-1", "sts.us-west-2.amazonaws.com", ""),
    ("aws", "xx-new-1", "sts.xx-new-1.amazonaws.com", ""),
    ("aws-cn", "xx-new-1", "sts.xx-new-1.amazonaws.com.cn", ""),
    ("aws-cn", "xx-new-1", "sts.xx-new-1.api.amazonwebservices.com.cn", ""),
    (
        "aws-cn",
        "xx-new-1",
        "sts-fips.xx-new-1.amazonaws.com.cn",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-iso",
        "xx-new-1",
        "sts.xx-new-1.api.aws.ic.gov",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-cn",
        "",
        "sts.cn-new.amazonaws.com.cn",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "sts.aws-global.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws", "us-west-2", "sts-fips.aws-global.amazonaws.com", ""),
    ("aws", "us-west-2", "sts.aws-global.api.aws", ""),
    ("aws-cn", "cn-north-1", "sts.aws-cn-global.amazonaws.com.cn", ""),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.aws-eusc-global.amazonaws.eu",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws-eusc",
        "eusc-de-east-1",
        "sts.eusc-fr-east-1.amazonaws.eu",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws-us-gov", "us-gov-west-1", "sts.us-gov-new.amazonaws.com", ""),
    ("aws-us-gov", "us-gov-west-1", "sts-fips.us-gov-new.amazonaws.com", ""),
    (
        "aws-cn",
        "cn-north-1",
        "sts.global.amazonaws.com.cn",
        "global endpoint unsupported in partition aws-cn",
    ),
    (
        "aws",
        "us-west-2",
        "sts.us-west-2.amazonaws.com:443",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "sts.us-west-2.amazonaws.com.",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "STS.us-west-2.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    ("aws", "us-west-2", "sts.US-WEST-2.amazonaws.com", ""),
    ("aws", "us-west-2", "sts.not-a-region.amazonaws.com", ""),
    (
        "aws",
        "us-west-2",
        "sts.us-west-2.amazonaws.com.example.org",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "ec2.us-west-2.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "xsts.us-west-2.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "sts-fips.amazonaws.com",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "sts.api.aws",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
    (
        "aws",
        "us-west-2",
        "localhost",
        "could not parse region for pre-signed URL {}, invalid host format: {}",
    ),
    (
        "aws",
        "us-west-2",
        "a.b",
        "could not parse region for pre-signed URL {}, invalid host format: {}",
    ),
    ("aws", "us-west-2", "..", "invalid region identifier format provided: "),
    (
        "aws",
        "us-west-2",
        "a..c",
        "invalid region identifier format provided: ",
    ),
    (
        "aws",
        "us-west-2",
        "a.-b.c",
        "invalid region identifier format provided: -b",
    ),
    (
        "aws",
        "us-west-2",
        "a.b-.c",
        "invalid region identifier format provided: b-",
    ),
    (
        "aws",
        "us-west-2",
        "a.b_c.d",
        "invalid region identifier format provided: b_c",
    ),
    (
        "aws",
        "us-west-2",
        "a.é.c",
        "invalid region identifier format provided: é",
    ),
    (
        "aws",
        "us-west-2",
        "127.0.0.1",
        r#"unexpected hostname "{}" in pre-signed URL"#,
    ),
];

/// A change to a good token's URL, and the refusal.
const EDITS: &[(&str, &str, &str)] = &[
    ("https:", "http:", r#"unexpected scheme "http" in pre-signed URL"#),
    ("https:", "ftp:", r#"unexpected scheme "ftp" in pre-signed URL"#),
    ("https:", "HTTPS:", ""),
    ("https:", "", r#"unexpected scheme "" in pre-signed URL"#),
    (".com/?", ".com?", "unexpected path in pre-signed URL"),
    (".com/?", ".com//?", "unexpected path in pre-signed URL"),
    (".com/?", ".com/x?", "unexpected path in pre-signed URL"),
    (".com/?", ".com/%2F?", "unexpected path in pre-signed URL"),
    (".com/?", ".com/.?", "unexpected path in pre-signed URL"),
    (
        ".com/?",
        ".com%2F?",
        r#"parse "https://sts.us-west-2.amazonaws.com%2F?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261124%2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20261124T004457Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=00": invalid URL escape "%2F""#,
    ),
    (".com/?", ".com/%20?", "unexpected path in pre-signed URL"),
    ("=00", "=00;", "malformed query parameter"),
    ("=00", "=%zz", "malformed query parameter"),
    ("=00", "=%", "malformed query parameter"),
    ("=00", "=00&%=1", "malformed query parameter"),
    ("=00", "=00&&&", ""),
    ("=00", "=00#f", ""),
    ("=00", "=00&=", r#"non-whitelisted query parameter """#),
    ("=00", "=00&a", r#"non-whitelisted query parameter "a""#),
    ("=00", "=00&a=b=c", r#"non-whitelisted query parameter "a""#),
    (
        "=00",
        "=00&X-Amz-Foo=1",
        r#"non-whitelisted query parameter "X-Amz-Foo""#,
    ),
    ("=00", "=00&x-amz-foo", r#"non-whitelisted query parameter "x-amz-foo""#),
    ("=00", "=00&é=1", r#"non-whitelisted query parameter "é""#),
    ("=00", "=00&%22=1", r#"non-whitelisted query parameter "\"""#),
    ("=00", "=00&%0a=1", r#"non-whitelisted query parameter "\n""#),
    ("=00", "=00&Action%20=1", r#"non-whitelisted query parameter "Action ""#),
    ("=00", "=00&x-amz-security-token=t", ""),
    ("=00", "=00&X-AMZ-SECURITY-TOKEN=t", ""),
    (
        "=00",
        "=00&X-Amz-Security-Token=a&X-Amz-Security-Token=b",
        "query parameter with multiple values not supported",
    ),
    (
        "=00",
        "=00&Action=GetCallerIdentity",
        "query parameter with multiple values not supported",
    ),
    ("=00", "=00&X-Amz-Security-ToKen=t", ""),
    ("=00", "=00&Verſion=2", r#"non-whitelisted query parameter "Verſion""#),
    ("=00", "=00&Foo=1&Foo=2", r#"non-whitelisted query parameter "Foo""#),
    ("X-Amz-Signature=00", "x-amz-signature", ""),
    (
        "Action=GetCallerIdentity&",
        "",
        "unexpected action parameter in pre-signed URL",
    ),
    (
        "Action=GetCallerIdentity",
        "Action=",
        "unexpected action parameter in pre-signed URL",
    ),
    (
        "Action=GetCallerIdentity",
        "Action=getcalleridentity",
        "unexpected action parameter in pre-signed URL",
    ),
    (
        "Action=GetCallerIdentity",
        "Action=GetCallerIdentity%20",
        "unexpected action parameter in pre-signed URL",
    ),
    (
        "Action=GetCallerIdentity",
        "Action=AssumeRole",
        "unexpected action parameter in pre-signed URL",
    ),
    ("Action=GetCallerIdentity", "aCTION=GetCaller%49dentity", ""),
    ("Version=2011-06-15&", "", ""),
    ("Version=2011-06-15", "Version=x", ""),
    ("X-Amz-Algorithm=AWS4-HMAC-SHA256&", "", ""),
    (
        "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&",
        "",
        "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ),
    (
        "host%3Bx-k8s-aws-id",
        "",
        "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ),
    (
        "host%3Bx-k8s-aws-id",
        "host",
        "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ),
    (
        "host%3Bx-k8s-aws-id",
        "host,x-k8s-aws-id",
        "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ),
    (
        "host%3Bx-k8s-aws-id",
        "host%3B%20x-k8s-aws-id",
        "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ),
    (
        "host%3Bx-k8s-aws-id",
        "host%3Bx-k8s-aws-id2",
        "client did not sign the x-k8s-aws-id header in the pre-signed URL",
    ),
    ("host%3Bx-k8s-aws-id", "X-K8S-AWS-ID", ""),
    ("host%3Bx-k8s-aws-id", "a%3Bx-k8s-aws-id%3Bz", ""),
    ("host%3Bx-k8s-aws-id", "host;x-k8s-aws-id", "malformed query parameter"),
    ("host%3Bx-k8s-aws-id", "x-K8s-aws-id", ""),
    (
        "X-Amz-Expires=60&",
        "",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    ("Expires=60", "Expires=0", ""),
    ("Expires=60", "Expires=-0", ""),
    (
        "Expires=60",
        "Expires=+60",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    ("Expires=60", "Expires=%2B60", ""),
    (
        "Expires=60",
        "Expires=%2060",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=60%20",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=-1",
        "invalid X-Amz-Expires parameter in pre-signed URL: -1",
    ),
    ("Expires=60", "Expires=1", ""),
    ("Expires=60", "Expires=899", ""),
    ("Expires=60", "Expires=900", ""),
    (
        "Expires=60",
        "Expires=901",
        "invalid X-Amz-Expires parameter in pre-signed URL: 901",
    ),
    ("Expires=60", "Expires=00900", ""),
    (
        "Expires=60",
        "Expires=abc",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=60.0",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=1e2",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=0x10",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=1_0",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=-",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=%2B",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=²",
        "invalid X-Amz-Expires parameter in pre-signed URL: 0",
    ),
    (
        "Expires=60",
        "Expires=9223372036854775807",
        "invalid X-Amz-Expires parameter in pre-signed URL: 9223372036854775807",
    ),
    (
        "Expires=60",
        "Expires=9223372036854775808",
        "invalid X-Amz-Expires parameter in pre-signed URL: 9223372036854775807",
    ),
    (
        "Expires=60",
        "Expires=9999999999999999999",
        "invalid X-Amz-Expires parameter in pre-signed URL: 9223372036854775807",
    ),
    (
        "Expires=60",
        "Expires=-9999999999999999999",
        "invalid X-Amz-Expires parameter in pre-signed URL: -9223372036854775808",
    ),
    (
        "X-Amz-Date=20261124T004457Z&",
        "",
        "X-Amz-Date parameter must be present in pre-signed URL",
    ),
    (
        "Date=20261124T004457Z",
        "Date=",
        "X-Amz-Date parameter must be present in pre-signed URL",
    ),
    ("Date=20261124T004457Z", "Date=20261124T002957Z", ""),
    (
        "Date=20261124T004457Z",
        "Date=20261124T002956Z",
        "X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:29:56 +0000 UTC",
    ),
    ("Date=20261124T004457Z", "Date=20261124T002957.1Z", ""),
    (
        "Date=20261124T004457Z",
        "Date=20261124T002956.999Z",
        "X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:29:56.999 +0000 UTC",
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T002956,5Z",
        "X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:29:56.5 +0000 UTC",
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T002956.0000000001Z",
        "X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:29:56 +0000 UTC",
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T002956.000000001Z",
        "X-Amz-Date parameter is expired (15 minute expiration) 2026-11-24 00:29:56.000000001 +0000 UTC",
    ),
    ("Date=20261124T004457Z", "Date=20261125T004457Z", ""),
    ("Date=20261124T004457Z", "Date=99991231T235959Z", ""),
    (
        "Date=20261124T004457Z",
        "Date=00000101T000000Z",
        "X-Amz-Date parameter is expired (15 minute expiration) 0000-01-01 00:00:00 +0000 UTC",
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457",
        r#"error parsing X-Amz-Date parameter 20261124T004457 into format 20060102T150405Z: parsing time "20261124T004457" as "20060102T150405Z": cannot parse "" as "Z""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457z",
        r#"error parsing X-Amz-Date parameter 20261124T004457z into format 20060102T150405Z: parsing time "20261124T004457z" as "20060102T150405Z": cannot parse "z" as "Z""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457ZZ",
        r#"error parsing X-Amz-Date parameter 20261124T004457ZZ into format 20060102T150405Z: parsing time "20261124T004457ZZ": extra text: "Z""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457Z%20",
        r#"error parsing X-Amz-Date parameter 20261124T004457Z  into format 20060102T150405Z: parsing time "20261124T004457Z ": extra text: " ""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=%2020261124T004457Z",
        r#"error parsing X-Amz-Date parameter  20261124T004457Z into format 20060102T150405Z: parsing time " 20261124T004457Z" as "20060102T150405Z": cannot parse " 20261124T004457Z" as "2006""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=2026-11-24T00:44:57Z",
        r#"error parsing X-Amz-Date parameter 2026-11-24T00:44:57Z into format 20060102T150405Z: parsing time "2026-11-24T00:44:57Z" as "20060102T150405Z": cannot parse "-11-24T00:44:57Z" as "01""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124 004457Z",
        r#"error parsing X-Amz-Date parameter 20261124 004457Z into format 20060102T150405Z: parsing time "20261124 004457Z" as "20060102T150405Z": cannot parse " 004457Z" as "T""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T44457Z",
        r#"error parsing X-Amz-Date parameter 20261124T44457Z into format 20060102T150405Z: parsing time "20261124T44457Z": hour out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T4:457Z",
        r#"error parsing X-Amz-Date parameter 20261124T4:457Z into format 20060102T150405Z: parsing time "20261124T4:457Z" as "20060102T150405Z": cannot parse ":457Z" as "04""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261324T004457Z",
        r#"error parsing X-Amz-Date parameter 20261324T004457Z into format 20060102T150405Z: parsing time "20261324T004457Z": month out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20260024T004457Z",
        r#"error parsing X-Amz-Date parameter 20260024T004457Z into format 20060102T150405Z: parsing time "20260024T004457Z": month out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261100T004457Z",
        r#"error parsing X-Amz-Date parameter 20261100T004457Z into format 20060102T150405Z: parsing time "20261100T004457Z": day out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261131T004457Z",
        r#"error parsing X-Amz-Date parameter 20261131T004457Z into format 20060102T150405Z: parsing time "20261131T004457Z": day out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261132T004457Z",
        r#"error parsing X-Amz-Date parameter 20261132T004457Z into format 20060102T150405Z: parsing time "20261132T004457Z": day out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20260229T004457Z",
        r#"error parsing X-Amz-Date parameter 20260229T004457Z into format 20060102T150405Z: parsing time "20260229T004457Z": day out of range"#,
    ),
    ("Date=20261124T004457Z", "Date=20280229T004457Z", ""),
    (
        "Date=20261124T004457Z",
        "Date=20261124T244457Z",
        r#"error parsing X-Amz-Date parameter 20261124T244457Z into format 20060102T150405Z: parsing time "20261124T244457Z": hour out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T006057Z",
        r#"error parsing X-Amz-Date parameter 20261124T006057Z into format 20060102T150405Z: parsing time "20261124T006057Z": minute out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004460Z",
        r#"error parsing X-Amz-Date parameter 20261124T004460Z into format 20060102T150405Z: parsing time "20261124T004460Z": second out of range"#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=2026",
        r#"error parsing X-Amz-Date parameter 2026 into format 20060102T150405Z: parsing time "2026" as "20060102T150405Z": cannot parse "" as "01""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124",
        r#"error parsing X-Amz-Date parameter 20261124 into format 20060102T150405Z: parsing time "20261124" as "20060102T150405Z": cannot parse "" as "T""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T",
        r#"error parsing X-Amz-Date parameter 20261124T into format 20060102T150405Z: parsing time "20261124T" as "20060102T150405Z": cannot parse "" as "15""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T00",
        r#"error parsing X-Amz-Date parameter 20261124T00 into format 20060102T150405Z: parsing time "20261124T00" as "20060102T150405Z": cannot parse "" as "04""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T0044",
        r#"error parsing X-Amz-Date parameter 20261124T0044 into format 20060102T150405Z: parsing time "20261124T0044" as "20060102T150405Z": cannot parse "" as "05""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457%2B0000",
        r#"error parsing X-Amz-Date parameter 20261124T004457+0000 into format 20060102T150405Z: parsing time "20261124T004457+0000" as "20060102T150405Z": cannot parse "+0000" as "Z""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=é",
        r#"error parsing X-Amz-Date parameter é into format 20060102T150405Z: parsing time "\xc3\xa9" as "20060102T150405Z": cannot parse "\xc3\xa9" as "2006""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=%22",
        r#"error parsing X-Amz-Date parameter " into format 20060102T150405Z: parsing time "\"" as "20060102T150405Z": cannot parse "\"" as "2006""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=%5C",
        r#"error parsing X-Amz-Date parameter \ into format 20060102T150405Z: parsing time "\\" as "20060102T150405Z": cannot parse "\\" as "2006""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=%0A",
        "error parsing X-Amz-Date parameter \n into format 20060102T150405Z: parsing time \"\\x0a\" as \"20060102T150405Z\": cannot parse \"\\x0a\" as \"2006\"",
    ),
    (
        "Date=20261124T004457Z",
        "Date=%7F",
        "error parsing X-Amz-Date parameter \u{7f} into format 20060102T150405Z: parsing time \"\u{7f}\" as \"20060102T150405Z\": cannot parse \"\u{7f}\" as \"2006\"",
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457.Z",
        r#"error parsing X-Amz-Date parameter 20261124T004457.Z into format 20060102T150405Z: parsing time "20261124T004457.Z" as "20060102T150405Z": cannot parse ".Z" as "Z""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T004457.x",
        r#"error parsing X-Amz-Date parameter 20261124T004457.x into format 20060102T150405Z: parsing time "20261124T004457.x" as "20060102T150405Z": cannot parse ".x" as "Z""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=a0261124T004457Z",
        r#"error parsing X-Amz-Date parameter a0261124T004457Z into format 20060102T150405Z: parsing time "a0261124T004457Z" as "20060102T150405Z": cannot parse "a0261124T004457Z" as "2006""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=-2026124T004457Z",
        r#"error parsing X-Amz-Date parameter -2026124T004457Z into format 20060102T150405Z: parsing time "-2026124T004457Z" as "20060102T150405Z": cannot parse "-2026124T004457Z" as "2006""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T00445aZ",
        r#"error parsing X-Amz-Date parameter 20261124T00445aZ into format 20060102T150405Z: parsing time "20261124T00445aZ" as "20060102T150405Z": cannot parse "5aZ" as "05""#,
    ),
    (
        "Date=20261124T004457Z",
        "Date=20261124T9",
        r#"error parsing X-Amz-Date parameter 20261124T9 into format 20060102T150405Z: parsing time "20261124T9" as "20060102T150405Z": cannot parse "" as "04""#,
    ),
    (
        "X-Amz-Credential=AKIA%2F20261124%2Fus-west-2%2Fsts%2Faws4_request&",
        "",
        "",
    ),
    ("us-west-2%2Fsts", "eu-west-1%2Fs3", ""),
];
