//! Every reason to refuse a signature, in both forms: its text, its check, and which comes first.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;

use super::canonical::encode;
use super::*;
use crate::aws::iam::KeyOwner;
use crate::aws::iam::SecretKey;
use crate::aws::iam::Session;
use crate::aws::iam::SessionFacts;
use crate::aws::iam::SessionToken;
use crate::value::arn::AccountId;
use crate::value::arn::Partition;
use crate::value::id::IdGenerator;
use crate::value::trace::Verdict;

const DATE: &str = "20261124T004457Z";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2Vj//with+every/awkward=character==";
const LONG_LIVED: &str = "AKIDEXAMPLE";
const TEMPORARY: &str = "ASIAEXAMPLE";
const INACTIVE: &str = "AKIDINACTIVE";
const OWNERLESS: &str = "AKIDOWNERLESS";
/// How long the temporary key lasts from `DATE` on.
const SESSION_SECONDS: i64 = 600;

const STS: Receiver<'static> = Receiver {
    service: "sts",
    region: Some("us-west-2"),
    skew_minutes: 15,
};

fn date() -> Timestamp {
    Timestamp::parse_amz(DATE).unwrap()
}

fn directory() -> Directory {
    let account = AccountId::parse("111122223333").unwrap();
    let mut directory = Directory::default();
    directory.add_account(account.clone(), Partition::Aws);
    let user = directory
        .create_user(&account, "jane", "/", &mut IdGenerator::new(1), date())
        .unwrap();
    let owner = |user_id: &str| KeyOwner::User {
        user_name: user.name.clone(),
        user_id: user_id.to_owned(),
    };
    let key = AccessKey {
        id: LONG_LIVED.to_owned(),
        secret: SecretKey::new(SECRET.to_owned()),
        account,
        owner: owner(&user.id),
        status: KeyStatus::Active,
        created: date(),
        session: None,
    };
    directory.add_key(AccessKey {
        id: INACTIVE.to_owned(),
        status: KeyStatus::Inactive,
        ..key.clone()
    });
    directory.add_key(AccessKey {
        id: OWNERLESS.to_owned(),
        owner: owner("AIDAOFANEARLIERJANE00"),
        ..key.clone()
    });
    directory.add_key(AccessKey {
        id: TEMPORARY.to_owned(),
        session: Some(Session {
            token: SessionToken::new(TOKEN.to_owned()),
            expires: date().plus_seconds(SESSION_SECONDS),
            facts: SessionFacts::default(),
        }),
        ..key.clone()
    });
    directory.add_key(key);
    directory
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Header,
    Query,
}

const FORMS: [Form; 2] = [Form::Header, Form::Query];

/// A signature taken apart, so that a test may bend any piece of it.
#[derive(Clone, Debug)]
struct Parts {
    algorithm: String,
    credential: Option<String>,
    signed_headers: Option<String>,
    signature: Option<String>,
    date: Option<String>,
    token: Option<String>,
    /// Stands at the end of the Authorization header.
    stray: &'static str,
}

impl Parts {
    /// A good signature of `GET /`, with which each test begins.
    fn signed(form: Form, access_key_id: &str) -> Self {
        let secret = SecretKey::new(SECRET.to_owned());
        let token = (access_key_id == TEMPORARY).then(|| SessionToken::new(TOKEN.to_owned()));
        let signer = Signer {
            access_key_id,
            secret: &secret,
            session_token: token.as_ref(),
            region: "us-west-2",
            service: "sts",
            now: date(),
        };
        let headers = [("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())];
        let signed = match form {
            Form::Header => {
                let request = SignedRequest {
                    method: "GET",
                    path: "/",
                    query: "",
                    headers: &headers,
                    body: b"",
                };
                signer.sign_header(&request).pop().unwrap().1
            }
            Form::Query => signer.presign(&Presign {
                method: "GET",
                path: "/",
                query: "",
                headers: &headers,
                expires: 60,
            }),
        };
        // Both forms name these three alike.
        let part = |name: &str| {
            let (_, rest) = signed.split_once(&format!("{name}=")).unwrap();
            let value = rest.split([',', '&']).next().unwrap();
            Some(percent_decode_str(value).decode_utf8().unwrap().into_owned())
        };
        Self {
            algorithm: ALGORITHM.to_owned(),
            credential: part("Credential"),
            signed_headers: part("SignedHeaders"),
            signature: part("Signature"),
            date: Some(DATE.to_owned()),
            token: token.map(|token| token.expose().to_owned()),
            stray: "",
        }
    }

    fn authorization(&self) -> String {
        let pairs: Vec<String> = [
            ("Credential", &self.credential),
            ("SignedHeaders", &self.signed_headers),
            ("Signature", &self.signature),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")))
        .collect();
        format!("{} {}{}", self.algorithm, pairs.join(", "), self.stray)
    }

    fn query(&self) -> String {
        let pairs: Vec<String> = [
            ("X-Amz-Algorithm", Some(&self.algorithm)),
            ("X-Amz-Credential", self.credential.as_ref()),
            ("X-Amz-Date", self.date.as_ref()),
            ("X-Amz-Expires", Some(&"60".to_owned())),
            ("X-Amz-SignedHeaders", self.signed_headers.as_ref()),
            ("X-Amz-Security-Token", self.token.as_ref()),
            ("X-Amz-Signature", self.signature.as_ref()),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={}", encode(value))))
        .collect();
        pairs.join("&")
    }

    fn verify(&self, form: Form, receiver: Receiver<'_>, now: Timestamp) -> Verification {
        let mut headers = vec![("host".to_owned(), "sts.us-west-2.amazonaws.com".to_owned())];
        let mut query = String::new();
        match form {
            Form::Header => {
                headers.push(("authorization".to_owned(), self.authorization()));
                for (name, value) in [("x-amz-date", &self.date), ("x-amz-security-token", &self.token)] {
                    headers.extend(value.clone().map(|value| (name.to_owned(), value)));
                }
            }
            Form::Query => query = self.query(),
        }
        let request = SignedRequest {
            method: "GET",
            path: "/",
            query: &query,
            headers: &headers,
            body: b"",
        };
        verify(request, receiver, &directory(), now)
    }

    fn replace_in_credential(&mut self, from: &str, to: &str) {
        let credential = self.credential.take().unwrap_or_default();
        assert!(credential.contains(from), "{credential}");
        self.credential = Some(credential.replace(from, to));
    }
}

/// `GET /` with these headers and this query.
fn verify_bare(headers: &[(&str, &str)], query: &str) -> Verification {
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let request = SignedRequest {
        method: "GET",
        path: "/",
        query,
        headers: &headers,
        body: b"",
    };
    verify(request, STS, &directory(), date())
}

#[track_caller]
fn check_refusal(verification: &Verification, wanted: &SigV4Error, check: &str, message: &str) {
    assert_eq!(verification.outcome.as_ref().unwrap_err(), wanted);
    assert_eq!(wanted.to_string(), message);
    let last = verification.trace.checks().last().unwrap();
    assert_eq!((last.id, last.verdict), (check, Verdict::Failed));
    assert_eq!(last.rule, wanted.rule());
    assert_eq!(last.got, wanted.got());
}

/// Bends a good signature of `key` in each of `forms` and looks at the refusal.
#[track_caller]
fn check(forms: &[Form], key: &str, bend: impl Fn(&mut Parts), wanted: &SigV4Error, check: &str, message: &str) {
    for form in forms {
        let mut parts = Parts::signed(*form, key);
        bend(&mut parts);
        check_refusal(&parts.verify(*form, STS, date()), wanted, check, message);
    }
}

#[test]
fn good_signatures_are_their_keys_owners() {
    for form in FORMS {
        for key in [LONG_LIVED, TEMPORARY] {
            let verification = Parts::signed(form, key).verify(form, STS, date());
            let caller = verification.outcome.unwrap();
            assert_eq!(caller.identity().arn, "arn:aws:iam::111122223333:user/jane");
            assert_eq!(caller.scope().to_string(), "20261124/us-west-2/sts/aws4_request");
            assert_eq!(caller.scope().access_key_id, key);
            let ids: Vec<&str> = verification.trace.checks().iter().map(|check| check.id).collect();
            let wanted = [
                "sigv4.parts",
                "sigv4.date",
                "sigv4.scope",
                "sigv4.key",
                "sigv4.session",
                "sigv4.signature",
            ];
            assert_eq!(ids, wanted);
        }
    }
}

#[test]
fn without_a_signature_the_token_is_missing() {
    check_refusal(
        &verify_bare(&[("host", "h"), ("x-amz-date", DATE)], "Action=GetCallerIdentity"),
        &SigV4Error::MissingAuthenticationToken,
        "sigv4.parts",
        "Request is missing Authentication Token",
    );
}

#[test]
fn two_signatures_are_refused_without_a_word() {
    let query = Parts::signed(Form::Query, LONG_LIVED).query();
    let authorization = Parts::signed(Form::Header, LONG_LIVED).authorization();
    check_refusal(
        &verify_bare(&[("host", "h"), ("authorization", &authorization)], &query),
        &SigV4Error::TwoSignatures,
        "sigv4.parts",
        "",
    );
}

#[test]
fn another_algorithm_is_unsupported_in_a_header_and_no_signature_in_a_query() {
    let got = "AWS4-HMAC-SHA1".to_owned();
    check(
        &[Form::Header],
        LONG_LIVED,
        |parts| parts.algorithm.clone_from(&got),
        &SigV4Error::HeaderAlgorithm { got: got.clone() },
        "sigv4.parts",
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.",
    );
    check(
        &[Form::Query],
        LONG_LIVED,
        |parts| parts.algorithm.clone_from(&got),
        &SigV4Error::QueryAlgorithm { got: got.clone() },
        "sigv4.parts",
        "Request is missing Authentication Token",
    );
    check_refusal(
        &verify_bare(&[("host", "h"), ("authorization", "Bearer")], ""),
        &SigV4Error::HeaderAlgorithm {
            got: "Bearer".to_owned(),
        },
        "sigv4.parts",
        "Unsupported AWS 'algorithm': 'Bearer'.",
    );
}

#[test]
fn a_space_in_the_key_id_leaves_a_part_without_an_equal_sign() {
    let authorization = "AWS4-HMAC-SHA256 Credential= AKIDEXAMPLE/20261124/us-west-2/sts/aws4_request, \
                         SignedHeaders=host;x-amz-date, Signature=00";
    check_refusal(
        &verify_bare(&[("host", "h"), ("authorization", authorization)], ""),
        &SigV4Error::NotKeyValue {
            got: "AKIDEXAMPLE/20261124/us-west-2/sts/aws4_request".to_owned(),
            authorization: authorization.to_owned(),
        },
        "sigv4.parts",
        "'AKIDEXAMPLE/20261124/us-west-2/sts/aws4_request' not a valid key=value pair (missing equal-sign) in \
         Authorization header: 'AWS4-HMAC-SHA256 Credential= AKIDEXAMPLE/20261124/us-west-2/sts/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=00'.",
    );
}

#[test]
fn all_missing_parts_of_a_header_are_told_at_once() {
    check_refusal(
        &verify_bare(&[("host", "h"), ("authorization", "AWS4-HMAC-SHA256")], ""),
        &SigV4Error::HeaderParts {
            missing: vec!["Credential", "Signature", "SignedHeaders"],
            date_missing: true,
        },
        "sigv4.parts",
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a \
         'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
    );
    check(
        &[Form::Header],
        LONG_LIVED,
        |parts| parts.signature = None,
        &SigV4Error::HeaderParts {
            missing: vec!["Signature"],
            date_missing: false,
        },
        "sigv4.parts",
        "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256",
    );
    check(
        &[Form::Header],
        LONG_LIVED,
        |parts| parts.date = None,
        &SigV4Error::HeaderParts {
            missing: vec![],
            date_missing: true,
        },
        "sigv4.parts",
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. \
         Authorization=AWS4-HMAC-SHA256",
    );
}

#[test]
fn all_missing_parameters_of_a_query_are_told_at_once() {
    check_refusal(
        &verify_bare(&[("host", "h")], "X-Amz-Algorithm=AWS4-HMAC-SHA256"),
        &SigV4Error::QueryParts {
            missing: vec![
                "X-Amz-Credential",
                "X-Amz-Signature",
                "X-Amz-SignedHeaders",
                "X-Amz-Date",
            ],
        },
        "sigv4.parts",
        "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include \
         'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string \
         parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    );
    check(
        &[Form::Query],
        LONG_LIVED,
        |parts| parts.date = None,
        &SigV4Error::QueryParts {
            missing: vec!["X-Amz-Date"],
        },
        "sigv4.parts",
        "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.",
    );
}

#[test]
fn an_unsigned_host_is_refused() {
    check(
        &FORMS,
        LONG_LIVED,
        |parts| parts.signed_headers = Some("x-amz-date;x-host".to_owned()),
        &SigV4Error::HostNotSigned {
            signed_headers: "x-amz-date;x-host".to_owned(),
        },
        "sigv4.signed_headers",
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    );
}

#[test]
fn a_date_of_another_form_is_refused() {
    check(
        &FORMS,
        LONG_LIVED,
        |parts| parts.date = Some("2026-11-24T00:44:57Z".to_owned()),
        &SigV4Error::DateFormat {
            got: "2026-11-24T00:44:57Z".to_owned(),
        },
        "sigv4.date",
        "Date must be in ISO-8601 'basic format'. Got '2026-11-24T00:44:57Z'. \
         See http://en.wikipedia.org/wiki/ISO_8601",
    );
}

#[test]
fn the_date_header_stands_in_for_x_amz_date() {
    let authorization = Parts::signed(Form::Header, LONG_LIVED).authorization();
    let verification = verify_bare(&[("authorization", &authorization), ("date", "yesterday")], "");
    let wanted = SigV4Error::DateFormat {
        got: "yesterday".to_owned(),
    };
    assert_eq!(verification.outcome.unwrap_err(), wanted);
    let both = [
        ("authorization", &*authorization),
        ("date", "yesterday"),
        ("x-amz-date", "today"),
    ];
    let wanted = SigV4Error::DateFormat {
        got: "today".to_owned(),
    };
    assert_eq!(verify_bare(&both, "").outcome.unwrap_err(), wanted);
}

#[test]
fn signatures_hold_for_exactly_the_services_minutes_in_both_directions() {
    for (skew_minutes, seconds) in [(15, 900), (5, 300)] {
        let receiver = Receiver { skew_minutes, ..STS };
        for form in FORMS {
            let parts = Parts::signed(form, LONG_LIVED);
            let verify_after = |after: i64| parts.verify(form, receiver, date().plus_seconds(after));
            for after in [-seconds, 1 - seconds, 0, seconds - 1, seconds] {
                assert!(verify_after(after).outcome.is_ok(), "{form:?} {after}");
            }
            let expired = verify_after(seconds + 1).outcome.unwrap_err();
            assert_eq!(
                (expired.check(), expired.rule()),
                ("sigv4.date", "the signature is neither too old nor too early")
            );
            assert!(matches!(expired, SigV4Error::Expired { .. }), "{expired}");
            let early = verify_after(-seconds - 1).outcome.unwrap_err();
            assert_eq!(early.check(), "sigv4.date");
            assert!(matches!(early, SigV4Error::NotYetCurrent { .. }), "{early}");
        }
    }
}

#[test]
fn a_signature_of_another_time_is_refused_with_the_windows_edge() {
    for form in FORMS {
        let parts = Parts::signed(form, LONG_LIVED);
        let now = date().plus_seconds(901);
        check_refusal(
            &parts.verify(form, STS, now),
            &SigV4Error::Expired {
                date: date(),
                now,
                minutes: 15,
            },
            "sigv4.date",
            "Signature expired: 20261124T004457Z is now earlier than 20261124T004458Z (20261124T005958Z - 15 min.)",
        );
        let now = date().plus_seconds(-301);
        check_refusal(
            &parts.verify(form, Receiver { skew_minutes: 5, ..STS }, now),
            &SigV4Error::NotYetCurrent {
                date: date(),
                now,
                minutes: 5,
            },
            "sigv4.date",
            "Signature not yet current: 20261124T004457Z is still later than 20261124T004456Z (20261124T003956Z + 5 min.)",
        );
    }
}

#[test]
fn a_credential_has_five_parts() {
    for got in [
        "AKIDEXAMPLE",
        "",
        "AKIDEXAMPLE/20261124/us-west-2/sts",
        "AKIDEXAMPLE/20261124/us-west-2/sts/aws4_request/",
        "AKID/EXAMPLE/20261124/us-west-2/sts/aws4_request",
    ] {
        check(
            &FORMS,
            LONG_LIVED,
            |parts| parts.credential = Some(got.to_owned()),
            &SigV4Error::CredentialShape { got: got.to_owned() },
            "sigv4.scope",
            &format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{got}'"
            ),
        );
    }
}

#[test]
fn each_fault_of_a_scope_has_its_words() {
    let region = ScopeFault::Region {
        expected: Some("us-west-2".to_owned()),
        got: "us-east-1".to_owned(),
    };
    let service = ScopeFault::Service {
        expected: "sts".to_owned(),
        got: "eks".to_owned(),
    };
    let terminator = ScopeFault::Terminator {
        got: "aws3_request".to_owned(),
    };
    let day = ScopeFault::Date {
        scope: "20261123".to_owned(),
        date_time: DATE.to_owned(),
    };
    check_scope_refusal(
        &[("us-west-2", "us-east-1")],
        vec![region.clone()],
        "Credential should be scoped to a valid region, not 'us-east-1'.",
    );
    check_scope_refusal(
        &[("/sts/", "/eks/")],
        vec![service.clone()],
        "Credential should be scoped to correct service: 'sts'.",
    );
    check_scope_refusal(
        &[("aws4_request", "aws3_request")],
        vec![terminator.clone()],
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3_request'.",
    );
    check_scope_refusal(
        &[("20261124", "20261123")],
        vec![day.clone()],
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
         '20261123' != '20261124', from '20261124T004457Z'.",
    );
    check_scope_refusal(
        &[
            ("us-west-2", "us-east-1"),
            ("/sts/", "/eks/"),
            ("aws4_request", "aws3_request"),
            ("20261124", "20261123"),
        ],
        vec![region, service, terminator, day],
        "Credential should be scoped to a valid region, not 'us-east-1'. Credential should be scoped to correct \
         service: 'sts'. Credential should be scoped with a valid terminator: 'aws4_request', not 'aws3_request'. \
         Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261123' != \
         '20261124', from '20261124T004457Z'.",
    );
}

#[track_caller]
fn check_scope_refusal(changes: &[(&str, &str)], faults: Vec<ScopeFault>, message: &str) {
    let bend = |parts: &mut Parts| {
        for (from, to) in changes {
            parts.replace_in_credential(from, to);
        }
    };
    let wanted = SigV4Error::Scope { faults };
    check(&FORMS, LONG_LIVED, bend, &wanted, "sigv4.scope", message);
}

#[test]
fn a_receiver_without_a_region_takes_any() {
    for form in FORMS {
        let parts = Parts::signed(form, LONG_LIVED);
        assert!(
            parts
                .verify(form, Receiver { region: None, ..STS }, date())
                .outcome
                .is_ok()
        );
    }
}

#[test]
fn a_receiver_of_any_region_takes_nothing_that_is_no_region() {
    for (got, is_good) in [
        ("us-west-2", true),
        ("us-gov-east-1", true),
        ("cn-north-1", true),
        ("eusc-de-east-1", true),
        ("", false),
        ("US-WEST-2", false),
        ("us-west-2 ", false),
        ("us-west-2a", false),
        ("us-west", false),
        ("us--2", false),
        ("aws-global", false),
        ("*", false),
    ] {
        for form in FORMS {
            let mut parts = Parts::signed(form, LONG_LIVED);
            parts.replace_in_credential("/us-west-2/", &format!("/{got}/"));
            let error = parts
                .verify(form, Receiver { region: None, ..STS }, date())
                .outcome
                .err();
            // White space ends a part of the header.
            if got.ends_with(' ') && form == Form::Header {
                assert!(matches!(error, Some(SigV4Error::NotKeyValue { .. })), "{error:?}");
                continue;
            }
            let wanted = (!is_good).then(|| SigV4Error::Scope {
                faults: vec![ScopeFault::Region {
                    expected: None,
                    got: got.to_owned(),
                }],
            });
            // What names another region than the one that was signed for gets as far as the signature.
            let error = error.filter(|error| !matches!(error, SigV4Error::SignatureMismatch { .. }));
            assert_eq!(error, wanted, "{form:?} {got}");
        }
    }
}

#[test]
fn signed_headers_are_written_in_order_in_small_letters_and_once() {
    for (form, good) in [(Form::Header, "host;x-amz-date"), (Form::Query, "host")] {
        let parts = Parts::signed(form, LONG_LIVED);
        assert_eq!(parts.signed_headers.as_deref(), Some(good));
        for written in [
            "x-amz-date;host",
            "host;host;x-amz-date",
            "host;host",
            "host;X-Amz-Date",
            "host;",
            ";host",
            "host;;x-amz-date",
        ] {
            let parts = Parts {
                signed_headers: Some(written.to_owned()),
                ..parts.clone()
            };
            let error = parts.verify(form, STS, date()).outcome.unwrap_err();
            assert!(
                matches!(error, SigV4Error::SignatureMismatch { .. }),
                "{written}: {error}"
            );
        }
        for written in ["", "Host", ";", "hosts", "x-amz-date"] {
            let parts = Parts {
                signed_headers: Some(written.to_owned()),
                ..parts.clone()
            };
            let error = parts.verify(form, STS, date()).outcome.unwrap_err();
            assert!(matches!(error, SigV4Error::HostNotSigned { .. }), "{written}: {error}");
        }
    }
    // The canonical request itself is in order, so that a signature over another order cannot hold.
    let request = SignedRequest {
        method: "GET",
        path: "/",
        query: "",
        headers: &[("host".to_owned(), "h".to_owned()), ("x-b".to_owned(), "1".to_owned())],
        body: b"",
    };
    let canonical = CanonicalRequest::new(&request, "x-b;Host;x-b", "").to_string();
    assert_eq!(canonical, "GET\n/\n\nhost:h\nx-b:1\n\nhost;x-b\n");
}

#[test]
fn headers_of_aws_are_signed_but_for_those_that_clients_leave_out() {
    for (name, is_refused) in [
        ("x-amz-target", true),
        ("x-amz-api-version", true),
        ("x-amz-", true),
        ("x-amz-content-sha256", false),
        ("x-amz-date", false),
        ("x-amz-user-agent", false),
        ("x-amzn-trace-id", false),
        ("amz-sdk-invocation-id", false),
        ("x-forwarded-for", false),
    ] {
        for form in FORMS {
            let signed = Wire {
                form,
                method: "GET".to_owned(),
                path: "/".to_owned(),
                query: String::new(),
                headers: vec![("host".to_owned(), "h".to_owned())],
                body: Vec::new(),
            }
            .signed();
            let mut more = signed.clone();
            more.headers.push((name.to_owned(), "1".to_owned()));
            // A second date is part of the signature where the first one is.
            if (name, form) == ("x-amz-date", Form::Header) {
                continue;
            }
            let error = verify(more.request(), STS, &directory(), date()).outcome.err();
            let wanted = is_refused.then(|| SigV4Error::HeaderNotSigned { name: name.to_owned() });
            assert_eq!(error, wanted, "{form:?} {name}");
        }
    }
    // A session token that is added after signing belongs to its key all the same.
    let mut parts = Parts::signed(Form::Header, LONG_LIVED);
    parts.replace_in_credential(LONG_LIVED, TEMPORARY);
    parts.token = Some(TOKEN.to_owned());
    assert!(parts.verify(Form::Header, STS, date()).outcome.is_ok());
}

#[test]
fn of_what_comes_twice_one_counts() {
    let good = Parts::signed(Form::Header, LONG_LIVED).authorization();
    let good = good.as_str();
    let host = ("host", "sts.us-west-2.amazonaws.com");
    let with = |headers: &[(&str, &str)]| {
        let mut all = vec![host, ("x-amz-date", DATE)];
        all.extend_from_slice(headers);
        verify_bare(&all, "").outcome.err()
    };
    // Of Authorization headers the first.
    for other in ["Basic eDp5", "AWS4-HMAC-SHA256 Credential=x", ""] {
        assert_eq!(with(&[("authorization", good), ("authorization", other)]), None);
        let error = with(&[("authorization", other), ("authorization", good)]);
        assert!(error.is_some(), "{other}");
    }
    // Of the parts of one the last.
    let nobody = "AKIDNOBODY/20261124/us-west-2/sts/aws4_request";
    let unknown = Some(SigV4Error::UnknownKey {
        id: "AKIDNOBODY".to_owned(),
    });
    let later = format!("{good}, Credential={nobody}");
    assert_eq!(with(&[("authorization", later.as_str())]), unknown);
    for earlier in [
        format!("Credential={nobody}"),
        "SignedHeaders=x".to_owned(),
        "Signature=00".to_owned(),
    ] {
        let earlier = good.replacen(' ', &format!(" {earlier}, "), 1);
        assert_eq!(with(&[("authorization", earlier.as_str())]), None, "{earlier}");
    }
    // Of query parameters the first, and every one is part of what is signed.
    let good = Parts::signed(Form::Query, LONG_LIVED).query();
    let query = |query: &str| verify_bare(&[host], query).outcome.err();
    assert_eq!(query(&good), None);
    let nobody = format!("X-Amz-Credential={}", encode(nobody));
    assert_eq!(query(&format!("{nobody}&{good}")), unknown);
    for name in ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders"] {
        let error = query(&format!("{good}&X-Amz-{name}=x")).unwrap();
        assert!(matches!(error, SigV4Error::SignatureMismatch { .. }), "{name}: {error}");
    }
}

#[test]
fn how_long_a_presigned_url_says_it_lasts_is_not_looked_at() {
    let headers = [("host".to_owned(), "h".to_owned())];
    let secret = SecretKey::new(SECRET.to_owned());
    let signer = Signer {
        access_key_id: LONG_LIVED,
        secret: &secret,
        session_token: None,
        region: "us-west-2",
        service: "sts",
        now: date(),
    };
    let check = |query: &str| {
        for (after, is_good) in [(0, true), (900, true), (901, false)] {
            let request = SignedRequest {
                method: "GET",
                path: "/",
                query,
                headers: &headers,
                body: b"",
            };
            let outcome = verify(request, STS, &directory(), date().plus_seconds(after)).outcome;
            assert_eq!(outcome.is_ok(), is_good, "{query} {after}");
        }
    };
    for (query, expires) in [
        ("", 0),
        ("", 1),
        ("", 60),
        ("", 604_801),
        ("X-Amz-Expires=abc", 60),
        ("X-Amz-Expires=-1", 60),
        ("X-Amz-Expires=", 60),
    ] {
        check(&signer.presign(&Presign {
            method: "GET",
            path: "/",
            query,
            headers: &headers,
            expires,
        }));
    }
}

#[test]
fn keys_that_are_nobodys_read_alike_and_are_told_apart_in_the_trace() {
    let message = "The security token included in the request is invalid.";
    let nobody = "AKIDNOBODY";
    let nothing = |_: &mut Parts| {};
    let id = || nobody.to_owned();
    check(
        &FORMS,
        nobody,
        nothing,
        &SigV4Error::UnknownKey { id: id() },
        "sigv4.key",
        message,
    );
    let id = || INACTIVE.to_owned();
    check(
        &FORMS,
        INACTIVE,
        nothing,
        &SigV4Error::InactiveKey { id: id() },
        "sigv4.key",
        message,
    );
    let id = || OWNERLESS.to_owned();
    check(
        &FORMS,
        OWNERLESS,
        nothing,
        &SigV4Error::OwnerGone { id: id() },
        "sigv4.key",
        message,
    );
    // Key ids are compared to the letter.
    let lower = LONG_LIVED.to_lowercase();
    check(
        &FORMS,
        &lower,
        nothing,
        &SigV4Error::UnknownKey { id: lower.clone() },
        "sigv4.key",
        message,
    );
}

#[test]
fn a_session_token_belongs_to_its_key() {
    let temporary = || TEMPORARY.to_owned();
    check(
        &FORMS,
        TEMPORARY,
        |parts| parts.token = None,
        &SigV4Error::MissingSessionToken { id: temporary() },
        "sigv4.session",
        "The security token included in the request is invalid.",
    );
    check(
        &FORMS,
        LONG_LIVED,
        |parts| parts.token = Some(TOKEN.to_owned()),
        &SigV4Error::UnexpectedSessionToken {
            id: LONG_LIVED.to_owned(),
        },
        "sigv4.session",
        "The security token included in the request is invalid.",
    );
    for wrong in ["", &TOKEN.to_lowercase(), &format!("{TOKEN}=")] {
        check(
            &FORMS,
            TEMPORARY,
            |parts| parts.token = Some(wrong.to_owned()),
            &SigV4Error::WrongSessionToken { id: temporary() },
            "sigv4.session",
            "The security token included in the request is invalid",
        );
    }
}

#[test]
fn a_session_ends_in_the_second_it_names() {
    for form in FORMS {
        let parts = Parts::signed(form, TEMPORARY);
        let last = date().plus_seconds(SESSION_SECONDS - 1);
        assert!(parts.verify(form, STS, last).outcome.is_ok());
        let expired = date().plus_seconds(SESSION_SECONDS);
        check_refusal(
            &parts.verify(form, STS, expired),
            &SigV4Error::SessionExpired { expired, now: expired },
            "sigv4.session",
            "The security token included in the request is expired",
        );
    }
}

#[test]
fn another_signature_does_not_match() {
    for form in FORMS {
        let good = Parts::signed(form, LONG_LIVED);
        let signature = good.signature.clone().unwrap();
        for wrong in ["", &signature.to_uppercase(), &format!("{signature}0")] {
            let parts = Parts {
                signature: Some(wrong.to_owned()),
                ..good.clone()
            };
            let verification = parts.verify(form, STS, date());
            let error = verification.outcome.clone().unwrap_err();
            assert!(matches!(error, SigV4Error::SignatureMismatch { .. }), "{error}");
            check_refusal(
                &verification,
                &error,
                "sigv4.signature",
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details.",
            );
        }
    }
}

/// One way to break a signature of the temporary key, and whether an error reports it.
struct Fault {
    name: &'static str,
    bend: fn(&mut Parts),
    /// Seconds from the signing to the verification.
    after: i64,
    tells: fn(&SigV4Error) -> bool,
}

/// In the order in which AWS checks.
const FAULTS: [Fault; 9] = [
    Fault {
        name: "part missing",
        bend: |parts| parts.signature = None,
        after: 0,
        tells: |error| matches!(error, SigV4Error::HeaderParts { .. } | SigV4Error::QueryParts { .. }),
    },
    Fault {
        name: "host not signed",
        bend: |parts| parts.signed_headers = Some("x-amz-date".to_owned()),
        after: 0,
        tells: |error| matches!(error, SigV4Error::HostNotSigned { .. }),
    },
    Fault {
        name: "date format",
        bend: |parts| parts.date = Some("today".to_owned()),
        after: 0,
        tells: |error| matches!(error, SigV4Error::DateFormat { .. }),
    },
    Fault {
        name: "expired",
        bend: |_| {},
        after: 901,
        tells: |error| matches!(error, SigV4Error::Expired { .. }),
    },
    Fault {
        name: "credential shape",
        bend: |parts| parts.replace_in_credential("aws4_request", "aws4_request/more"),
        after: 0,
        tells: |error| matches!(error, SigV4Error::CredentialShape { .. }),
    },
    Fault {
        name: "scope",
        bend: |parts| parts.replace_in_credential("/sts/", "/eks/"),
        after: 0,
        tells: |error| matches!(error, SigV4Error::Scope { .. }),
    },
    Fault {
        name: "unknown key",
        bend: |parts| parts.replace_in_credential(TEMPORARY, "ASIANOBODY"),
        after: 0,
        tells: |error| matches!(error, SigV4Error::UnknownKey { .. }),
    },
    Fault {
        name: "session expired",
        bend: |_| {},
        after: SESSION_SECONDS,
        tells: |error| matches!(error, SigV4Error::SessionExpired { .. }),
    },
    Fault {
        name: "signature",
        bend: |parts| {
            if let Some(signature) = &mut parts.signature {
                signature.replace_range(..1, "x");
            }
        },
        after: 0,
        tells: |error| matches!(error, SigV4Error::SignatureMismatch { .. }),
    },
];

#[test]
fn of_any_two_faults_the_one_that_is_checked_first_is_reported() {
    for form in FORMS {
        for (at, first) in FAULTS.iter().enumerate() {
            for second in &FAULTS[at + 1..] {
                let mut parts = Parts::signed(form, TEMPORARY);
                (second.bend)(&mut parts);
                (first.bend)(&mut parts);
                let now = date().plus_seconds(first.after.max(second.after));
                let error = parts.verify(form, STS, now).outcome.unwrap_err();
                assert!(
                    (first.tells)(&error),
                    "{form:?}: {} and {}: {error}",
                    first.name,
                    second.name
                );
            }
        }
    }
}

#[test]
fn a_wrong_token_is_reported_before_the_end_of_the_session() {
    for form in FORMS {
        let mut parts = Parts::signed(form, TEMPORARY);
        parts.token = Some("another".to_owned());
        let error = parts.verify(form, STS, date().plus_seconds(SESSION_SECONDS)).outcome;
        assert!(matches!(error, Err(SigV4Error::WrongSessionToken { .. })));
    }
}

#[test]
fn faults_of_form_come_before_missing_parts() {
    let stray = Parts {
        stray: ", stray",
        signature: None,
        date: None,
        ..Parts::signed(Form::Header, LONG_LIVED)
    };
    let error = stray.verify(Form::Header, STS, date()).outcome.unwrap_err();
    assert!(
        matches!(&error, SigV4Error::NotKeyValue { got, .. } if got == "stray"),
        "{error}"
    );
    let unsupported = Parts {
        algorithm: "AWS3".to_owned(),
        ..stray
    };
    let error = unsupported.verify(Form::Header, STS, date()).outcome.unwrap_err();
    assert!(matches!(error, SigV4Error::HeaderAlgorithm { .. }), "{error}");
    let error = unsupported.verify(Form::Query, STS, date()).outcome.unwrap_err();
    assert!(matches!(error, SigV4Error::QueryAlgorithm { .. }), "{error}");
}

#[test]
fn only_white_space_of_ascii_is_trimmed_from_a_header() {
    let value = |text: &str| {
        let request = SignedRequest {
            method: "GET",
            path: "/",
            query: "",
            headers: &[("x".to_owned(), text.to_owned())],
            body: b"",
        };
        let canonical = CanonicalRequest::new(&request, "x", "").to_string();
        canonical.split('\n').nth(3).unwrap().to_owned()
    };
    assert_eq!(value("  a \t b  "), "x:a b");
    assert_eq!(value("\u{a0}a\u{3000}b"), "x:\u{a0}a\u{3000}b");
}

#[test]
fn a_signed_header_that_is_not_sent_counts_as_an_empty_one() {
    let signed = Wire {
        form: Form::Query,
        method: "GET".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: vec![
            ("host".to_owned(), "h".to_owned()),
            ("x-k8s-aws-id".to_owned(), "prod".to_owned()),
        ],
        body: Vec::new(),
    }
    .signed();
    let without = Wire {
        headers: signed.headers[..1].to_vec(),
        ..signed.clone()
    };
    assert!(verify(signed.request(), STS, &directory(), date()).outcome.is_ok());
    let error = verify(without.request(), STS, &directory(), date())
        .outcome
        .unwrap_err();
    assert!(matches!(error, SigV4Error::SignatureMismatch { .. }), "{error}");
}

#[test]
fn the_body_is_hashed_whatever_the_client_says_of_it() {
    for said in ["UNSIGNED-PAYLOAD", &canonical::sha256_hex(b"Action=GetCallerIdentity")] {
        let signed = Wire {
            form: Form::Header,
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: vec![
                ("host".to_owned(), "h".to_owned()),
                ("x-amz-content-sha256".to_owned(), said.to_owned()),
            ],
            body: b"Action=GetCallerIdentity".to_vec(),
        }
        .signed();
        let changed = Wire {
            body: b"Action=AssumeRole".to_vec(),
            ..signed.clone()
        };
        assert!(verify(signed.request(), STS, &directory(), date()).outcome.is_ok());
        let error = verify(changed.request(), STS, &directory(), date())
            .outcome
            .unwrap_err();
        assert!(matches!(error, SigV4Error::SignatureMismatch { .. }), "{error}");
    }
}

#[test]
fn a_query_is_signed_as_it_is_meant_however_it_is_written() {
    let canonical = |query: &str| {
        let request = SignedRequest {
            method: "GET",
            path: "/",
            query,
            headers: &[],
            body: b"",
        };
        let canonical = CanonicalRequest::new(&request, "host", "").to_string();
        canonical.split('\n').nth(2).unwrap().to_owned()
    };
    assert_eq!(canonical("a+b=c%20d&%41=%2f&&x=1=2:3"), "A=%2F&a%20b=c%20d&x=1%3D2%3A3");
    assert_eq!(canonical("k=%zz&l=%"), "k=%25zz&l=%25");
    assert_eq!(canonical("k=%FF&X-Amz-Signature=00"), "k=%FF");
}

/// A request that is signed by the long-lived key.
#[derive(Clone, Debug)]
struct Wire {
    form: Form,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Wire {
    fn signed(&self) -> Self {
        let secret = SecretKey::new(SECRET.to_owned());
        let signer = Signer {
            access_key_id: LONG_LIVED,
            secret: &secret,
            session_token: None,
            region: "us-west-2",
            service: "sts",
            now: date(),
        };
        let mut signed = self.clone();
        match self.form {
            Form::Header => signed.headers.extend(signer.sign_header(&self.request())),
            Form::Query => {
                signed.query = signer.presign(&Presign {
                    method: &self.method,
                    path: &self.path,
                    query: &self.query,
                    headers: &self.headers,
                    expires: 60,
                });
            }
        }
        signed
    }

    fn request(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }

    /// Replaces `from` in the signature's own parts, wherever they stand.
    fn replace(&mut self, from: &str, to: &str) {
        let before = self.clone();
        match self.form {
            Form::Header => {
                for (name, value) in &mut self.headers {
                    if name == "authorization" || name == "x-amz-date" {
                        *value = value.replace(from, to);
                    }
                }
            }
            Form::Query => {
                let (unsigned, signature) = self.query.split_once("X-Amz-Algorithm").unwrap();
                self.query = format!(
                    "{unsigned}X-Amz-Algorithm{}",
                    signature.replace(&encode(from), &encode(to))
                );
            }
        }
        assert_ne!((&before.headers, &before.query), (&self.headers, &self.query), "{from}");
    }
}

fn any_wire() -> impl Strategy<Value = Wire> {
    (
        prop::sample::select(FORMS.to_vec()),
        prop::sample::select(vec!["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]),
        r"(/[a-z.ö%~:@ ]{0,4}){1,4}",
        r"([a-zA-Z.+%=ö -]{0,4}&?){0,4}",
        prop::collection::vec((r"x-[a-z0-9-]{1,6}", r"[ -~\t]{0,8}"), 1..4),
        prop::collection::vec(any::<u8>(), 0..16),
    )
        .prop_map(|(form, method, path, query, mut headers, body)| {
            headers.push(("host".to_owned(), "example.com".to_owned()));
            Wire {
                form,
                method: method.to_owned(),
                path,
                query,
                headers,
                // Nothing signs the body of a presigned URL, which is sent without.
                body: if form == Form::Query { Vec::new() } else { body },
            }
        })
}

/// What is changed on the way.
#[derive(Clone, Copy, Debug)]
enum Change {
    Body,
    Date,
    Day,
    Header,
    HeaderAdded,
    Method,
    Path,
    QueryAdded,
    QueryValue,
    Region,
    Service,
    SignatureDigit,
}

const CHANGES: [Change; 12] = [
    Change::Body,
    Change::Date,
    Change::Day,
    Change::Header,
    Change::HeaderAdded,
    Change::Method,
    Change::Path,
    Change::QueryAdded,
    Change::QueryValue,
    Change::Region,
    Change::Service,
    Change::SignatureDigit,
];

proptest! {
    #[test]
    fn what_we_sign_we_verify(wire in any_wire()) {
        let verification = verify(wire.signed().request(), STS, &directory(), date());
        prop_assert!(verification.outcome.is_ok(), "{:?}", verification.outcome);
    }

    #[test]
    fn a_change_of_any_signed_part_is_a_mismatch(
        wire in any_wire(),
        change in prop::sample::select(CHANGES.to_vec()),
        place in any::<prop::sample::Index>(),
    ) {
        let wire = Wire {
            query: if wire.query.is_empty() { "k=v".to_owned() } else { format!("{}&k=v", wire.query) },
            ..wire
        };
        let mut wire = wire.signed();
        let (mut receiver, mut now) = (Receiver { region: None, ..STS }, date());
        match change {
            Change::Body if wire.body.is_empty() => wire.body.push(0),
            Change::Body => *place.get_mut(&mut wire.body) ^= 1,
            Change::Date => wire.replace(DATE, "20261124T004458Z"),
            Change::Day => {
                wire.replace("20261124", "20261125");
                now = now.plus_seconds(24 * 3600);
            }
            Change::Header => wire.headers[0].1.push('x'),
            Change::HeaderAdded => {
                let name = wire.headers[0].0.clone();
                wire.headers.push((name, "x".to_owned()));
            }
            Change::Method => wire.method.push('X'),
            Change::Path => wire.path.push_str("/x"),
            Change::QueryAdded => wire.query.push_str("&added"),
            Change::QueryValue => wire.query = wire.query.replacen("k=v", "k=w", 1),
            Change::Region => wire.replace("/us-west-2/", "/us-east-1/"),
            Change::Service => {
                wire.replace("/sts/", "/eks/");
                receiver.service = "eks";
            }
            Change::SignatureDigit => {
                let text = match wire.form {
                    Form::Header => &mut wire.headers.last_mut().unwrap().1,
                    Form::Query => &mut wire.query,
                };
                let at = text.len() - 1 - place.index(64);
                let other = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
                text.replace_range(at..=at, other);
            }
        }
        let error = verify(wire.request(), receiver, &directory(), now).outcome.unwrap_err();
        prop_assert!(matches!(error, SigV4Error::SignatureMismatch { .. }), "{change:?}: {error}");
    }

    #[test]
    fn a_canonical_request_is_canonical(wire in any_wire()) {
        let names = sign::names(&wire.headers);
        let once = CanonicalRequest::new(&wire.request(), &names, "").to_string();
        let lines: Vec<&str> = once.split('\n').collect();
        let canonical = Wire {
            // A path is encoded once more each time, so one encoding is taken off.
            path: percent_decode_str(lines[1]).decode_utf8().unwrap().into_owned(),
            query: lines[2].to_owned(),
            headers: lines[3..lines.len() - 3]
                .iter()
                .map(|line| line.split_once(':').unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            ..wire
        };
        prop_assert_eq!(CanonicalRequest::new(&canonical.request(), &names, "").to_string(), once);
    }

    #[test]
    fn the_order_of_parameters_and_of_headers_with_other_names_is_not_signed(wire in any_wire()) {
        let names = sign::names(&wire.headers);
        let once = CanonicalRequest::new(&wire.request(), &names, "");
        let mut turned = wire.clone();
        turned.query = wire.query.split('&').rev().collect::<Vec<_>>().join("&");
        turned.headers.sort_by(|(one, _), (other, _)| other.cmp(one));
        prop_assert_eq!(CanonicalRequest::new(&turned.request(), &names, ""), once);
    }

    #[test]
    fn verifying_never_panics(
        method in ".{0,4}",
        path in ".{0,16}",
        query in r"(X-Amz-(Algorithm=AWS4-HMAC-SHA256|Credential=|Date=|SignedHeaders=|Signature=|Security-Token=)?.{0,8}&?){0,6}",
        authorization in r"(AWS4-HMAC-SHA256 )?((Credential|Signature|SignedHeaders)=.{0,12},? ?){0,4}.{0,8}",
        amz_date in r"(20261124T00445[0-9]Z|.{0,16})",
        body in prop::collection::vec(any::<u8>(), 0..8),
        unix_seconds in any::<i64>(),
        skew_minutes in 0_i64..1000,
        in_header in any::<bool>(),
    ) {
        let mut headers = vec![("x-amz-date".to_owned(), amz_date)];
        if in_header {
            headers.push(("authorization".to_owned(), authorization));
        }
        let request = SignedRequest { method: &method, path: &path, query: &query, headers: &headers, body: &body };
        let receiver = Receiver { skew_minutes, ..STS };
        let verification = verify(request, receiver, &directory(), Timestamp::from_unix_seconds(unix_seconds));
        prop_assert!(verification.outcome.is_err());
        prop_assert!(verification.trace.failed().is_some());
    }
}
